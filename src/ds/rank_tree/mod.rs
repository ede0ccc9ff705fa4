//! Members in order of (score, bytes), with ranks: the structure of big sorted sets.
//!
//! A B+ tree whose leaves hold the data itself, and a hash table that knows the leaf of each member.
//!
//! ```text
//!   index: hash of member -> (leaf number, 32 bits of the hash)         `index.rs`
//!
//!                     [ separators | children | members below each ]    `inner.rs`
//!                    /                    |                        \
//!   [ scores ... members ] <-> [ scores ... members ] <-> [ scores ... members ]    `run.rs`
//! ```
//!
//! * **A member by its bytes**: one bucket of the index, one leaf, where a tag finds it.
//! * **A member's rank**: from its leaf upwards, the counts of the children before it.
//! * **The member at a rank, the first above a score or a text**: from the root downwards.
//! * **In order**: leaves are linked both ways.
//!
//! Costs: all of them O(log n), of which only the bucket and the leaf are likely cache misses: inner
//! nodes are one in fifty of the leaves. A member of 17 bytes costs about 31 bytes in its leaf
//! and 14 in the index.
//!
//! Nodes are known by number, so that a leaf may move in memory as it grows; a leaf grows in
//! steps of about a fifth. A leaf that overflows is split in the middle, but the last one at its
//! end, so that members that come in order fill leaves completely. When members move to another leaf,
//! their index items are written anew.
//!
//! Invariants: leaves ascend by (score, bytes); the separator between two children is above all
//! of the left one and not above any of the right one; each count is the number of members below
//! that child; the index has one item for each member, with its leaf.
//!
//! Order: by score, -0.0 being 0.0; then by bytes. There is no NaN.
//!
//! Rejected: a skip list beside a hash table, as Redis has it (two allocations and several pointers a
//! member, a cache miss a step); the place within the leaf in the index (each insertion would write
//! as many items as it moves members).

mod edit;
mod index;
mod inner;
mod remove;
mod run;
#[cfg(test)]
mod tests;
mod walk;

use std::ops::Range;

use super::blocks::block_size;
use super::table::{Dense, Step, Table};
use crate::rng::FieldHasher;
use index::Item;
use inner::Inner;
use run::{NONE, Run};
pub(crate) use walk::Walk;

/// The tree; see the [module](self).
pub(crate) struct RankTree {
    index: Table<Item, Dense>,
    hasher: FieldHasher,
    /// By leaf number; `None` where `free_leaves` has the number.
    leaves: Vec<Option<Run>>,
    free_leaves: Vec<u32>,
    inners: Vec<Option<Box<Inner>>>,
    free_inners: Vec<u32>,
    /// A leaf if `height` is 0, else an inner node; `NONE` if there are no members.
    root: u32,
    /// Inner nodes between the root and a leaf, the root included.
    height: usize,
    first: u32,
    last: u32,
    len: usize,
    /// Bytes that runs allocated, separators' runs included.
    run_bytes: usize,
    /// Allocations that dropping the leaves frees, roughly.
    effort: usize,
}

/// Where a member is; good until the next change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    leaf: u32,
    at: u32,
}

/// A place between members: before the one at `place`, and after `rank` members.
#[derive(Debug, Clone, Copy)]
struct Cut {
    place: Place,
    rank: usize,
}

/// A border in the order of members.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Border<'a> {
    /// Before all members.
    Start,
    /// Before the members of this score.
    Before(f64),
    /// After the members of this score.
    After(f64),
    /// Before this member, were it there with the score that all members have.
    BeforeMember(&'a [u8]),
    /// After this member, were it there with the score that all members have.
    AfterMember(&'a [u8]),
    /// After all members.
    End,
}

impl RankTree {
    /// An empty tree whose index hashes by `hasher`.
    pub(crate) fn new(hasher: FieldHasher) -> RankTree {
        RankTree {
            index: Table::new(),
            hasher,
            leaves: Vec::new(),
            free_leaves: Vec::new(),
            inners: Vec::new(),
            free_inners: Vec::new(),
            root: NONE,
            height: 0,
            first: NONE,
            last: NONE,
            len: 0,
            run_bytes: 0,
            effort: 0,
        }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Bytes allocated, O(1).
    #[inline]
    pub(crate) fn heap_size(&self) -> usize {
        self.index.heap_size()
            + self.leaves.capacity() * size_of::<Option<Run>>()
            + self.free_leaves.capacity() * size_of::<u32>()
            + self.inners.capacity() * size_of::<Option<Box<Inner>>>()
            + self.free_inners.capacity() * size_of::<u32>()
            + (self.inners.len() - self.free_inners.len()) * block_size(size_of::<Inner>())
            + self.run_bytes
    }

    /// About how many allocations dropping the tree frees.
    pub(crate) fn effort(&self) -> usize {
        self.effort + self.inners.len() * 2 + self.index.segments()
    }

    /// The hash by which the index knows a member.
    #[inline(always)]
    pub(crate) fn hash(&self, member: &[u8]) -> u64 {
        self.hasher.hash(member)
    }

    /// Hints that a member of this hash will be looked up soon, in the index and then in its leaf.
    #[inline]
    pub(crate) fn fetch(&self, hash: u64, step: Step) {
        self.index.fetch(hash, step, |item| {
            if item.hash == hash as u32 {
                self.leaf(item.leaf).prefetch();
            }
        });
    }

    /// Where a member is.
    #[inline]
    pub(crate) fn find(&self, hash: u64, member: &[u8]) -> Option<Place> {
        let mut at = 0;
        let item = self.index.find(hash, |item| {
            item.hash == hash as u32
                && self.leaf(item.leaf).find(index::tag(hash), member).map(|i| at = i).is_some()
        })?;
        Some(Place { leaf: item.leaf, at: at as u32 })
    }

    /// The score of the member at a place.
    #[inline]
    pub(crate) fn score(&self, place: Place) -> f64 {
        self.leaf(place.leaf).score(place.at as usize)
    }

    /// Score and bytes of the member at a place.
    pub(crate) fn get(&self, place: Place) -> (f64, &[u8]) {
        let leaf = self.leaf(place.leaf);
        (leaf.score(place.at as usize), leaf.member(place.at as usize))
    }

    /// The score of a member.
    #[inline]
    pub(crate) fn score_of(&self, member: &[u8]) -> Option<f64> {
        self.find(self.hash(member), member).map(|place| self.score(place))
    }

    /// How many members stand before the one at a place.
    pub(crate) fn rank(&self, place: Place) -> usize {
        let mut rank = place.at as usize;
        let (mut node, mut parent) = (place.leaf, self.leaf(place.leaf).parent());
        while parent != NONE {
            let inner = self.inner(parent);
            rank += inner.before(inner.slot(node));
            (node, parent) = (parent, inner.parent);
        }
        rank
    }

    /// Where the member of a rank is; the rank must be below `len`.
    pub(crate) fn at(&self, rank: usize) -> Place {
        assert!(rank < self.len);
        if rank == 0 {
            return Place { leaf: self.first, at: 0 };
        }
        let (mut node, mut rank) = (self.root, rank);
        for _ in 0..self.height {
            let inner = self.inner(node);
            let (slot, before) = inner.holding(rank);
            node = inner.child(slot);
            rank -= before;
        }
        Place { leaf: node, at: rank as u32 }
    }

    /// How many members stand before a border.
    pub(crate) fn rank_of(&self, border: Border<'_>) -> usize {
        match border {
            _ if self.len == 0 => 0,
            Border::Start => 0,
            Border::End => self.len,
            Border::Before(score) => self.cut(|run| run.cut_score(score, false)).rank,
            Border::After(score) => self.cut(|run| run.cut_score(score, true)).rank,
            Border::BeforeMember(member) => self.cut_member(member, false),
            Border::AfterMember(member) => self.cut_member(member, true),
        }
    }

    /// How many members do not stand behind (`score`, `member`).
    pub(crate) fn rank_after(&self, score: f64, member: &[u8]) -> usize {
        if self.len == 0 { 0 } else { self.cut(|run| run.cut(score, member, true)).rank }
    }

    fn cut_member(&self, member: &[u8], after: bool) -> usize {
        let score = self.leaf(self.first).score(0);
        self.cut(|run| run.cut(score, member, after)).rank
    }

    /// The members of the ranks in `range`, which must be in range, in order.
    #[inline]
    pub(crate) fn walk(&self, range: Range<usize>) -> Walk<'_> {
        Walk::forward(self, range)
    }

    /// The members of the ranks in `range`, which must be in range, the last first.
    #[inline]
    pub(crate) fn walk_back(&self, range: Range<usize>) -> Walk<'_> {
        Walk::backward(self, range)
    }

    /// The members from a border on, in order.
    #[inline]
    pub(crate) fn walk_from(&self, border: Border<'_>) -> Walk<'_> {
        match border {
            Border::Before(score) if self.len > 0 => {
                let cut = self.cut(|run| run.cut_score(score, false));
                Walk::onward(self, cut)
            }
            Border::After(score) if self.len > 0 => {
                let cut = self.cut(|run| run.cut_score(score, true));
                Walk::onward(self, cut)
            }
            border => self.walk(self.rank_of(border)..self.len),
        }
    }

    /// Shows the members of one bucket of the index; returns the next cursor, 0 at the end.
    ///
    /// Whatever is there from the first call to the last is shown at least once.
    pub(crate) fn scan(&self, cursor: u64, mut show: impl FnMut(f64, &[u8])) -> u64 {
        self.index.scan(cursor, |item| {
            let leaf = self.leaf(item.leaf);
            for i in leaf.tagged(index::tag(item.hash.into())) {
                let member = leaf.member(i);
                if self.hash(member) as u32 == item.hash {
                    show(leaf.score(i), member);
                }
            }
        })
    }

    /// Where a border is that each node's `cut` tells by the number of separators or members before it.
    /// There must be members.
    #[inline(always)]
    fn cut(&self, cut: impl Fn(&Run) -> usize) -> Cut {
        let (mut node, mut rank) = (self.root, 0);
        for _ in 0..self.height {
            let inner = self.inner(node);
            let slot = cut(&inner.separators);
            rank += inner.before(slot);
            node = inner.child(slot);
        }
        let at = cut(self.leaf(node));
        Cut { place: Place { leaf: node, at: at as u32 }, rank: rank + at }
    }

    #[inline(always)]
    fn leaf(&self, number: u32) -> &Run {
        self.leaves[number as usize].as_ref().expect("a leaf that is referred to is there")
    }

    #[inline(always)]
    fn inner(&self, number: u32) -> &Inner {
        self.inners[number as usize].as_ref().expect("a node that is referred to is there")
    }

    #[inline(always)]
    fn inner_mut(&mut self, number: u32) -> &mut Inner {
        self.inners[number as usize].as_mut().expect("a node that is referred to is there")
    }
}

impl Clone for RankTree {
    /// O(n): the copy's leaves are full.
    fn clone(&self) -> RankTree {
        let mut copy = RankTree::new(self.hasher.clone());
        for (score, member) in self.walk(0..self.len) {
            copy.insert(copy.hash(member), score, member);
        }
        copy
    }
}

impl std::fmt::Debug for RankTree {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map()
            .entries(self.walk(0..self.len).map(|(score, member)| (member, score)))
            .finish()
    }
}
