//! Members in order.

use std::iter::FusedIterator;
use std::ops::Range;

use super::run::{NONE, Run};
use super::{Cut, Place, RankTree};

/// Scores and members, in order or the last first.
#[derive(Clone)]
pub(crate) struct Walk<'a> {
    tree: &'a RankTree,
    run: Option<&'a Run>,
    at: usize,
    left: usize,
    back: bool,
}

impl<'a> Walk<'a> {
    pub(super) fn forward(tree: &'a RankTree, range: Range<usize>) -> Walk<'a> {
        let start = (!range.is_empty()).then(|| tree.at(range.start));
        Walk::new(tree, start, range.len(), false)
    }

    pub(super) fn backward(tree: &'a RankTree, range: Range<usize>) -> Walk<'a> {
        let start = (!range.is_empty()).then(|| tree.at(range.end - 1));
        Walk::new(tree, start, range.len(), true)
    }

    /// From a border on.
    pub(super) fn onward(tree: &'a RankTree, cut: Cut) -> Walk<'a> {
        let mut walk = Walk::new(tree, Some(cut.place), tree.len() - cut.rank, false);
        walk.normalise();
        walk
    }

    fn new(tree: &'a RankTree, start: Option<Place>, left: usize, back: bool) -> Walk<'a> {
        let run = start.map(|place| tree.leaf(place.leaf));
        Walk { tree, run, at: start.map_or(0, |place| place.at as usize), left, back }
    }

    /// Goes on to the next leaf if the walk is at the end of one.
    #[inline]
    fn normalise(&mut self) {
        if let Some(run) = self.run
            && self.at >= run.len()
        {
            self.step_to(run.next());
            self.at = 0;
        }
    }

    fn step_to(&mut self, leaf: u32) {
        self.run = (leaf != NONE).then(|| self.tree.leaf(leaf));
        if let Some(run) = self.run {
            let ahead = if self.back { run.prev() } else { run.next() };
            if ahead != NONE && self.left > run.len() {
                self.tree.leaf(ahead).prefetch();
            }
        }
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = (f64, &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<(f64, &'a [u8])> {
        if self.left == 0 {
            return None;
        }
        let run = self.run?;
        let item = (run.score(self.at), run.member(self.at));
        self.left -= 1;
        if !self.back {
            self.at += 1;
            self.normalise();
        } else if self.at > 0 {
            self.at -= 1;
        } else {
            self.step_to(run.prev());
            self.at = self.run.map_or(0, |run| run.len() - 1);
        }
        Some(item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Walk<'_> {}
impl FusedIterator for Walk<'_> {}
