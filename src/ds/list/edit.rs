//! Changes in the middle of a list.

use super::node::{Node, Pack};
use super::spine::At;
use super::{ChunkedList, End};
use crate::ds::packed::Item;

/// Where an element goes, seen from one that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Before,
    After,
}

impl ChunkedList {
    /// Puts another element in the place of the one with this index; false if there is none.
    pub(crate) fn set(&mut self, index: usize, item: Item<'_>) -> bool {
        let Some((at, inside)) = self.spine.locate(index) else { return false };
        let large = self.fill.is_large(item.len());
        match self.spine.get(at) {
            Node::Pack(_) if !large => {
                self.edit_pack(at, |pack| {
                    let offset = pack.seek(inside);
                    pack.replace(offset, item);
                });
            }
            Node::Apart(_) if large => {
                self.spine.edit(at, |node| *node = Node::of(item, self.fill));
            }
            Node::Apart(_) => {
                self.insert_beside(at, 0, Side::After, item);
                let (at, _) = self.spine.locate(index).expect("it was there before");
                self.spine.remove(at);
            }
            Node::Pack(pack) => {
                // A large element in the place of a small one: it splits the node.
                let (count, fill) = (pack.count(), self.fill);
                if inside + 1 < count {
                    let rest = self.edit_pack(at, |pack| pack.split_off(inside + 1));
                    self.spine.insert_after(at, Node::Pack(rest));
                    // Adding a node may have moved the others.
                    let (at, _) = self.spine.locate(index).expect("it was there before");
                    self.put_behind(at, index, Node::of(item, fill));
                } else {
                    self.put_behind(at, index, Node::of(item, fill));
                }
            }
        }
        true
    }

    /// Adds a large element's node behind the node at `at`, whose last element, of this index, it
    /// replaces; then merges what is small around it.
    fn put_behind(&mut self, at: At, index: usize, node: Node) {
        self.spine.insert_after(at, node);
        let (at, _) = self.spine.locate(index).expect("it was there before");
        if self.spine.get(at).count() == 1 {
            self.spine.remove(at);
        } else {
            self.edit_pack(at, Pack::drop_back);
            self.spine.edit(at, Node::settle);
            let (at, _) = self.spine.locate(index).expect("the new one is in its place");
            self.merge_around(at);
        }
    }

    /// Adds an element in front of the one with this index, or behind it.
    pub(crate) fn insert(&mut self, index: usize, after: bool, item: Item<'_>) {
        let side = if after { Side::After } else { Side::Before };
        match self.spine.locate(index) {
            Some((at, inside)) => self.insert_beside(at, inside, side, item),
            None => self.push(End::Back, item),
        }
    }

    fn insert_beside(&mut self, at: At, inside: usize, side: Side, item: Item<'_>) {
        let (fill, len) = (self.fill, item.len());
        let count = self.spine.get(at).count();
        let edge = match side {
            Side::After => inside + 1 == count,
            Side::Before => inside == 0,
        };
        // The elements from here on come behind the new one.
        let cut = inside + usize::from(side == Side::After);
        if fill.is_large(len) {
            let node = Node::of(item, fill);
            if edge {
                self.add_node(at, side, node);
            } else {
                let rest = self.edit_pack(at, |pack| pack.split_off(cut));
                let at = self.spine.insert_after(at, node);
                self.spine.insert_after(at, Node::Pack(rest));
            }
            return;
        }
        if self.spine.get(at).admits(fill, len) {
            return self.edit_pack(at, |pack| {
                let offset = pack.seek(cut);
                pack.insert(offset, item);
            });
        }
        let max = fill.max_size();
        if !edge {
            let first = self.spine.index_of(at);
            let mut rest = self.edit_pack(at, |pack| pack.split_off(cut));
            // The new element joins the part that the old node does not keep.
            let center = match side {
                Side::After => {
                    rest.insert(0, item);
                    first
                }
                Side::Before => {
                    self.edit_pack(at, |pack| pack.push_back(item, max));
                    first + cut + 1
                }
            };
            self.spine.insert_after(at, Node::Pack(rest));
            return self.merge_around(self.spine.locate(center).expect("both parts have some").0);
        }
        let neighbour = match side {
            Side::After => self.spine.next(at),
            Side::Before => self.spine.previous(at),
        };
        match neighbour.filter(|&at| self.spine.get(at).admits(fill, len)) {
            Some(at) => self.edit_pack(at, |pack| {
                let offset = if side == Side::After { 0 } else { pack.bytes().len() };
                pack.insert(offset, item);
            }),
            None => self.add_node(at, side, Node::of(item, fill)),
        }
    }

    fn add_node(&mut self, at: At, side: Side, node: Node) {
        match side {
            Side::After => self.spine.insert_after(at, node),
            Side::Before => self.spine.insert_before(at, node),
        };
    }

    /// Merges neighbours around a node that are small enough together: the two before it, the two
    /// behind it, then itself with either.
    fn merge_around(&mut self, center: At) {
        let index = self.spine.index_of(center);
        let node = |list: &Self| list.spine.locate(index).expect("nothing is lost").0;
        let before = self.spine.previous(center);
        if let Some(before) = before
            && let Some(first) = self.spine.previous(before)
        {
            self.merge(first, before);
        }
        if let Some(next) = self.spine.next(node(self))
            && let Some(last) = self.spine.next(next)
        {
            self.merge(next, last);
        }
        if let Some(before) = self.spine.previous(node(self)) {
            self.merge(before, node(self));
        }
        if let Some(next) = self.spine.next(node(self)) {
            self.merge(node(self), next);
        }
    }

    /// Merges a node with the one behind it, if they are small enough.
    fn merge(&mut self, first: At, second: At) {
        let (Node::Pack(a), Node::Pack(b)) = (self.spine.get(first), self.spine.get(second)) else {
            return;
        };
        if self.fill.exceeded(a.size() + b.bytes().len(), a.count() + b.count()) {
            return;
        }
        if let (Node::Pack(second), _) = self.spine.remove(second) {
            // What is behind `first` was removed: `first` is where it was.
            self.edit_pack(first, |pack| pack.append(&second));
        }
    }

    /// Removes `n` elements from an index on, or as many as there are.
    pub(crate) fn remove_range(&mut self, index: usize, n: usize) {
        let Some((at, mut inside)) = self.spine.locate(index) else { return };
        let (mut at, mut left) = (Some(at), n);
        while let Some(here) = at.filter(|_| left > 0) {
            let count = self.spine.get(here).count();
            let gone = left.min(count - inside);
            if gone == count {
                at = self.spine.remove(here).1;
            } else {
                self.edit_pack(here, |pack| {
                    let (from, to) = (pack.seek(inside), pack.seek(inside + gone));
                    pack.remove(from, to, gone);
                    pack.settle();
                });
                at = self.spine.next(here);
            }
            (inside, left) = (0, left - gone);
        }
    }

    /// Removes elements that are `wanted`, at most `limit`, from an end on. Returns how many.
    pub(crate) fn remove_matches(&mut self, wanted: Item<'_>, from: End, limit: usize) -> usize {
        let (mut at, mut removed) = (self.end(from), 0);
        while let Some(here) = at.filter(|_| removed < limit) {
            let found = match self.spine.get(here) {
                Node::Pack(pack) => pack.find_all(wanted),
                Node::Apart(bytes) if Item::from(&bytes[..]) == wanted => vec![0],
                Node::Apart(_) => Vec::new(),
            };
            let most = found.len().min(limit - removed);
            let found = match from {
                End::Front => &found[..most],
                End::Back => &found[found.len() - most..],
            };
            removed += most;
            let before = self.spine.previous(here);
            let emptied = most == self.spine.get(here).count();
            let next = if emptied {
                self.spine.remove(here).1
            } else {
                if most > 0 {
                    self.edit_pack(here, |pack| {
                        pack.remove_each(found);
                        pack.settle();
                    });
                }
                self.spine.next(here)
            };
            at = match from {
                End::Front => next,
                // What is removed behind a node leaves it where it is.
                End::Back => before,
            };
        }
        removed
    }

    /// Changes a node that is known to be packed.
    fn edit_pack<R>(&mut self, at: At, change: impl FnOnce(&mut Pack) -> R) -> R {
        self.spine.edit(at, |node| match node {
            Node::Pack(pack) => change(pack),
            Node::Apart(_) => unreachable!("looked at by the caller"),
        })
    }
}
