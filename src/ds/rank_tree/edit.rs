//! Putting members in, and changing scores.

use smallvec::SmallVec;

use super::index::{self, tag};
use super::inner::Inner;
use super::run::{NONE, Run};
use super::{Place, RankTree};

/// A separator's bytes, copied.
pub(super) type Bytes = SmallVec<[u8; 64]>;

impl RankTree {
    /// Adds a member, which must not be there; `hash` is its hash.
    pub(crate) fn insert(&mut self, hash: u64, score: f64, member: &[u8]) -> Place {
        let place = self.insert_leaf(hash, score, member);
        index::add(&mut self.index, hash, place.leaf);
        self.len += 1;
        place
    }

    /// Gives the member at a place another score; `hash` is its hash.
    pub(crate) fn set_score(&mut self, hash: u64, place: Place, score: f64) {
        let leaf = self.leaf(place.leaf);
        let at = place.at as usize;
        let member = leaf.member(at);
        // Most changes are small: the member stays between its neighbours.
        let after = |i: usize| (leaf.score(i), leaf.member(i)) < (score, member);
        let before = |i: usize| (score, member) < (leaf.score(i), leaf.member(i));
        if (at > 0 && after(at - 1) || leaf.prev() == NONE && at == 0)
            && (at + 1 < leaf.len() && before(at + 1)
                || leaf.next() == NONE && at + 1 == leaf.len())
        {
            return self.edit_leaf(place.leaf, |leaf| leaf.set_score(at, score));
        }
        let member = Bytes::from_slice(member);
        self.take(place.leaf, at..at + 1);
        let new = self.insert_leaf(hash, score, &member);
        index::moved(&mut self.index, hash, place.leaf, new.leaf);
    }

    /// Adds a member to its leaf, and not to the index.
    fn insert_leaf(&mut self, hash: u64, score: f64, member: &[u8]) -> Place {
        if self.root == NONE {
            let leaf = self.add_leaf(Run::new());
            (self.root, self.first, self.last) = (leaf, leaf, leaf);
        }
        let mut place = self.cut(|run| run.cut(score, member, true)).place;
        while !self.leaf(place.leaf).fits(member.len()) {
            place = self.split_leaf(place, score, member);
        }
        self.edit_leaf(place.leaf, |run| run.insert(place.at as usize, score, member, tag(hash)));
        self.count_up(place.leaf, 1);
        place
    }

    /// Splits a leaf at which a member is to be inserted; returns where it goes now.
    fn split_leaf(&mut self, place: Place, score: f64, member: &[u8]) -> Place {
        let left = place.leaf;
        let (at, len) = (place.at as usize, self.leaf(left).len());
        let middle = if at == len && left == self.last { len } else { len / 2 };
        let stays = at <= middle && middle < len;

        // A separator above what stays on the left, the new member perhaps, and no longer than it must be.
        let run = self.leaf(left);
        let of = |i: usize| (run.score(i), run.member(i));
        let last_left = if stays && at == middle { (score, member) } else { of(middle - 1) };
        let first_right = if middle == len { (score, member) } else { of(middle) };
        let separator = separate(last_left, first_right);

        let hashes = self.hashes(run, middle..len);
        let run = self.edit_leaf(left, |run| run.split_off(middle));
        let right = self.add_leaf(run);
        for hash in hashes {
            index::moved(&mut self.index, hash, left, right);
        }
        self.link_beside(left, right);
        let (left_count, right_count) = (middle, len - middle);
        self.add_child(0, left, left_count, right, right_count, separator);
        if stays { place } else { Place { leaf: right, at: (at - middle) as u32 } }
    }

    /// Puts the leaf `right` into the list of leaves, after `left`.
    fn link_beside(&mut self, left: u32, right: u32) {
        let next = self.leaf(left).next();
        self.edit_leaf(left, |run| run.set_next(right));
        self.edit_leaf(right, |run| {
            run.set_prev(left);
            run.set_next(next);
        });
        if next == NONE {
            self.last = right;
        } else {
            self.edit_leaf(next, |run| run.set_prev(right));
        }
    }

    /// Makes `right` the next child after `left`, of which it was split, in the parent of `left`. Both
    /// are leaves if `level` is 0.
    fn add_child(
        &mut self,
        level: usize,
        left: u32,
        left_count: usize,
        right: u32,
        right_count: usize,
        separator: (f64, Bytes),
    ) {
        if self.parent(level, left) == NONE {
            let root = self.add_inner(Inner::new(left, left_count));
            self.set_parent(level, left, root);
            self.root = root;
            self.height += 1;
        }
        while self.inner(self.parent(level, left)).is_full(&separator.1) {
            self.split_inner(level + 1, self.parent(level, left), left);
        }
        let parent = self.parent(level, left);
        self.edit_inner(parent, |inner| {
            let slot = inner.slot(left);
            inner.set_count(slot, left_count);
            inner.insert(slot + 1, right, right_count, (separator.0, &separator.1));
        });
        self.set_parent(level, right, parent);
    }

    /// Splits an inner node on that level into which a child after `child` is to come.
    fn split_inner(&mut self, level: usize, left: u32, child: u32) {
        let inner = self.inner(left);
        let len = inner.len();
        let middle = if inner.slot(child) == len - 1 { len - 1 } else { len / 2 };
        let (right, separator) = self.edit_inner(left, |inner| {
            let right = inner.split_off(middle);
            let last = inner.separators.len() - 1;
            let (score, bytes) = (inner.separators.score(last), inner.separators.member(last));
            let separator = (score, Bytes::from_slice(bytes));
            inner.separators.remove(last..last + 1);
            (right, separator)
        });
        let (left_count, right_count) = (self.inner(left).total(), right.total());
        let children: SmallVec<[u32; 64]> = right.children().into();
        let right = self.add_inner(right);
        for child in children {
            self.set_parent(level - 1, child, right);
        }
        self.add_child(level, left, left_count, right, right_count, separator);
    }

    /// Adds to the counts of the nodes above a leaf.
    #[inline]
    pub(super) fn count_up(&mut self, leaf: u32, change: isize) {
        let (mut node, mut parent) = (leaf, self.leaf(leaf).parent());
        while parent != NONE {
            let inner = self.inner_mut(parent);
            let slot = inner.slot(node);
            inner.set_count(slot, inner.count(slot).wrapping_add_signed(change));
            (node, parent) = (parent, inner.parent);
        }
    }

    fn parent(&self, level: usize, node: u32) -> u32 {
        if level == 0 { self.leaf(node).parent() } else { self.inner(node).parent }
    }

    pub(super) fn set_parent(&mut self, level: usize, node: u32, parent: u32) {
        if level == 0 {
            self.edit_leaf(node, |run| run.set_parent(parent));
        } else {
            self.inner_mut(node).parent = parent;
        }
    }

    /// Changes a leaf, and counts what it allocates.
    #[inline(always)]
    pub(super) fn edit_leaf<R>(&mut self, number: u32, edit: impl FnOnce(&mut Run) -> R) -> R {
        let run = self.leaves[number as usize].as_mut().expect("a leaf referred to is there");
        let (bytes, effort) = (run.heap_size(), run.effort());
        let result = edit(run);
        self.run_bytes = self.run_bytes + run.heap_size() - bytes;
        self.effort = self.effort + run.effort() - effort;
        result
    }

    /// Changes an inner node, and counts what its separators allocate.
    pub(super) fn edit_inner<R>(&mut self, number: u32, edit: impl FnOnce(&mut Inner) -> R) -> R {
        let inner = self.inners[number as usize].as_mut().expect("a node referred to is there");
        let before = inner.separators.heap_size();
        let result = edit(inner);
        self.run_bytes = self.run_bytes + inner.separators.heap_size() - before;
        result
    }

    fn add_leaf(&mut self, run: Run) -> u32 {
        self.run_bytes += run.heap_size();
        self.effort += run.effort();
        put(&mut self.leaves, &mut self.free_leaves, run)
    }

    fn add_inner(&mut self, inner: Box<Inner>) -> u32 {
        self.run_bytes += inner.separators.heap_size();
        put(&mut self.inners, &mut self.free_inners, inner)
    }
}

/// Puts a node where a number is free.
fn put<T>(nodes: &mut Vec<Option<T>>, free: &mut Vec<u32>, node: T) -> u32 {
    if let Some(number) = free.pop() {
        nodes[number as usize] = Some(node);
        return number;
    }
    nodes.push(Some(node));
    u32::try_from(nodes.len() - 1).ok().filter(|n| *n != NONE).expect("fewer than 2^32 nodes")
}

/// The shortest border that is above `left` and not above `right`, which is after it.
fn separate(left: (f64, &[u8]), right: (f64, &[u8])) -> (f64, Bytes) {
    if left.0 < right.0 {
        return (right.0, Bytes::new());
    }
    let common = left.1.iter().zip(right.1).take_while(|(a, b)| a == b).count();
    (right.0, Bytes::from_slice(&right.1[..common + 1]))
}
