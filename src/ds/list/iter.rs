//! Walking a list from any element to either end.

use super::node::Items;
use super::spine::{At, Spine};
use crate::ds::packed::Item;

/// The elements behind a place of a list, and those before it: [`next`](Iterator::next) goes
/// forward from there, [`back`](Iter::back) backwards.
///
/// The two do not meet: each goes its own way from the start.
#[derive(Debug, Clone)]
pub(crate) struct Iter<'a> {
    spine: &'a Spine,
    ahead: Items<'a>,
    ahead_at: Option<At>,
    behind: Items<'a>,
    behind_at: Option<At>,
}

impl<'a> Iter<'a> {
    /// Starts in front of the element with this index, at the end if there is none.
    #[inline]
    pub(super) fn new(spine: &'a Spine, index: usize) -> Iter<'a> {
        let (at, (ahead, behind)) = match spine.locate(index) {
            Some((at, index)) => (Some(at), spine.get(at).items_from(index)),
            None => {
                let last = spine.back();
                let behind = last.map_or_else(Items::default, |at| spine.get(at).items());
                (last, (Items::default(), behind))
            }
        };
        Iter { spine, ahead, ahead_at: at, behind, behind_at: at }
    }

    /// The element before all that this has shown.
    #[inline]
    pub(crate) fn back(&mut self) -> Option<Item<'a>> {
        loop {
            if let Some(item) = self.behind.next_back() {
                return Some(item);
            }
            self.behind_at = self.spine.previous(self.behind_at?);
            self.behind = self.spine.get(self.behind_at?).items();
        }
    }
}

impl<'a> Iterator for Iter<'a> {
    type Item = Item<'a>;

    #[inline]
    fn next(&mut self) -> Option<Item<'a>> {
        loop {
            if let Some(item) = self.ahead.next() {
                return Some(item);
            }
            self.ahead_at = self.spine.next(self.ahead_at?);
            self.ahead = self.spine.get(self.ahead_at?).items();
        }
    }
}
