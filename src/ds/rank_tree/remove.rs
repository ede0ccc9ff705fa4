//! Taking members out, and giving back what they took.

use std::ops::Range;

use super::edit::Bytes;
use super::index;
use super::run::{CAPACITY, NONE};
use super::{Place, RankTree};

/// A node with fewer members or children joins a neighbour.
const SPARSE: usize = CAPACITY / 4;

impl RankTree {
    /// Removes the member at a place; `hash` is its hash.
    pub(crate) fn remove(&mut self, hash: u64, place: Place) {
        index::remove(&mut self.index, hash, place.leaf);
        self.len -= 1;
        self.take(place.leaf, place.at as usize..place.at as usize + 1);
    }

    /// Removes the members of the ranks in `range`, which must be in range, leaf by leaf.
    pub(crate) fn remove_range(&mut self, range: Range<usize>) {
        let mut left = range.len();
        while left > 0 {
            let Place { leaf, at } = self.at(range.start);
            let run = self.leaf(leaf);
            let at = at as usize;
            let count = left.min(run.len() - at);
            for hash in self.hashes(run, at..at + count) {
                index::remove(&mut self.index, hash, leaf);
            }
            self.len -= count;
            self.take(leaf, at..at + count);
            left -= count;
        }
    }

    /// Takes members out of a leaf, and not out of the index.
    pub(super) fn take(&mut self, leaf: u32, range: Range<usize>) {
        let count = range.len();
        self.edit_leaf(leaf, |run| run.remove(range));
        self.count_up(leaf, -(count as isize));
        if self.leaf(leaf).len() < SPARSE {
            self.settle_leaf(leaf);
        }
    }

    /// Joins a leaf that has few members with a neighbour, if there is one that has room.
    fn settle_leaf(&mut self, leaf: u32) {
        let (len, parent) = (self.leaf(leaf).len(), self.leaf(leaf).parent());
        if len == 0 {
            self.drop_leaf(leaf);
            if parent == NONE {
                self.root = NONE;
                return;
            }
            let slot = self.inner(parent).slot(leaf);
            return self.remove_child(1, parent, slot);
        }
        if parent == NONE {
            return;
        }
        let inner = self.inner(parent);
        let slot = inner.slot(leaf);
        for left in [slot, slot.wrapping_sub(1)] {
            if left < inner.len() - 1
                && let (a, b) = (inner.child(left), inner.child(left + 1))
                && self.leaf(a).fits_all(self.leaf(b))
            {
                return self.join_leaves(parent, left);
            }
        }
    }

    /// Moves all members of the child after `slot` into the child there.
    fn join_leaves(&mut self, parent: u32, slot: usize) {
        let inner = self.inner(parent);
        let (left, right) = (inner.child(slot), inner.child(slot + 1));
        let total = inner.count(slot) + inner.count(slot + 1);
        let run = self.leaf(right);
        for hash in self.hashes(run, 0..run.len()) {
            index::moved(&mut self.index, hash, right, left);
        }
        let run = self.drop_leaf(right);
        self.edit_leaf(left, |into| into.append(run));
        self.inner_mut(parent).set_count(slot, total);
        self.remove_child(1, parent, slot + 1);
    }

    /// Takes a leaf out of the list of leaves, and frees its number.
    fn drop_leaf(&mut self, leaf: u32) -> super::Run {
        let run = self.leaves[leaf as usize].take().expect("a leaf referred to is there");
        self.run_bytes -= run.heap_size();
        self.effort -= run.effort();
        let (prev, next) = (run.prev(), run.next());
        if prev == NONE {
            self.first = next;
        } else {
            self.edit_leaf(prev, |run| run.set_next(next));
        }
        if next == NONE {
            self.last = prev;
        } else {
            self.edit_leaf(next, |run| run.set_prev(prev));
        }
        free(&mut self.leaves, &mut self.free_leaves, leaf);
        run
    }

    fn drop_inner(&mut self, node: u32) -> super::Inner {
        let inner = self.inners[node as usize].take().expect("a node referred to is there");
        self.run_bytes -= inner.separators.heap_size();
        free(&mut self.inners, &mut self.free_inners, node);
        *inner
    }

    /// Forgets a child of an inner node on that level, and joins the node with another if it has
    /// few children left.
    fn remove_child(&mut self, level: usize, node: u32, slot: usize) {
        self.edit_inner(node, |inner| inner.remove(slot));
        let (len, parent) = (self.inner(node).len(), self.inner(node).parent);
        if parent == NONE {
            match len {
                0 => {
                    self.drop_inner(node);
                    (self.root, self.height) = (NONE, 0);
                }
                1 => self.lower_root(),
                _ => {}
            }
            return;
        }
        let slot = self.inner(parent).slot(node);
        if len == 0 {
            self.drop_inner(node);
            return self.remove_child(level + 1, parent, slot);
        }
        if len >= SPARSE {
            return;
        }
        let inner = self.inner(parent);
        for left in [slot, slot.wrapping_sub(1)] {
            if left < inner.len() - 1
                && let (a, b) = (inner.child(left), inner.child(left + 1))
                && self.inner(a).fits_all(self.inner(b), inner.separators.member(left))
            {
                return self.join_inners(level, parent, left);
            }
        }
    }

    /// Makes the only child of the root the root, as often as it is the only one.
    fn lower_root(&mut self) {
        while self.height > 0 && self.inner(self.root).len() == 1 {
            self.root = self.drop_inner(self.root).child(0);
            self.height -= 1;
            self.set_parent(self.height, self.root, NONE);
        }
    }

    /// Moves all children of the child after `slot`, an inner node on that level, into the one there.
    fn join_inners(&mut self, level: usize, parent: u32, slot: usize) {
        let inner = self.inner(parent);
        let (left, right) = (inner.child(slot), inner.child(slot + 1));
        let total = inner.count(slot) + inner.count(slot + 1);
        let separator = (inner.separators.score(slot), inner.separators.member(slot));
        let separator = (separator.0, Bytes::from_slice(separator.1));
        let gone = self.drop_inner(right);
        for &child in gone.children() {
            self.set_parent(level - 1, child, left);
        }
        self.edit_inner(left, |into| into.append((separator.0, &separator.1), gone));
        self.inner_mut(parent).set_count(slot, total);
        self.remove_child(level + 1, parent, slot + 1);
    }
}

/// Frees a node's number; gives memory back when most numbers are free.
fn free<T>(nodes: &mut Vec<Option<T>>, free: &mut Vec<u32>, number: u32) {
    free.push(number);
    if free.len() == nodes.len() {
        *nodes = Vec::new();
        *free = Vec::new();
    }
}
