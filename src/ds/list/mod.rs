//! The chunked list: elements packed into nodes, nodes in segments.
//!
//! ```text
//! spine: [ segment ][ segment ] ...      up to 128 nodes each, and how many elements
//! segment: [ node ][ node ] ...          32 bytes each
//! node: a pack of elements, 8 KB as a rule; or one large element apart
//! ```
//!
//! A string of 17 bytes costs 19 and its share of the node: 19.2 in all. What is pushed and popped
//! at an end changes that node alone, whose room grows as a vector's does; a node that is no end has
//! none. An index is found in O(segments + 128 + elements of a node); whatever happens in the middle
//! moves bytes of one node, or of its neighbours when they merge.
//!
//! Where nodes begin and end is decided as in Redis's quicklist (the algorithm is that of
//! Valkey's `quicklist.c`: when a push opens a node, when an insertion splits one, which
//! neighbours are merged then), because `OBJECT ENCODING` lets clients see it. Apart from that: nodes
//! of a linked list would make LINDEX of a million elements wait for memory a thousand
//! times; packs there have no room to grow, so that each push moves the node.

mod edit;
mod fill;
mod iter;
mod node;
mod spine;
#[cfg(test)]
mod tests;

pub(crate) use fill::{FRAME, Fill};
pub(crate) use iter::Iter;
pub(crate) use node::Pack;

use crate::ds::packed::Item;
use node::Node;
use spine::{At, Spine};

/// An end of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Front,
    Back,
}

/// What one node holds.
#[cfg(feature = "snapshot")]
#[derive(Debug, Clone, Copy)]
pub(crate) enum Run<'a> {
    /// So many elements, a chain.
    Pack(&'a [u8], usize),
    /// One large element.
    Apart(&'a [u8]),
}

/// A list of byte strings; see the [module](self).
#[derive(Debug, Clone)]
pub(crate) struct ChunkedList {
    spine: Spine,
    fill: Fill,
}

impl ChunkedList {
    /// An empty list whose nodes are filled so.
    pub(crate) fn new(fill: Fill) -> ChunkedList {
        ChunkedList { spine: Spine::default(), fill }
    }

    /// A list of one node.
    pub(crate) fn from_pack(pack: Pack, fill: Fill) -> ChunkedList {
        let mut list = ChunkedList::new(fill);
        if pack.count() > 0 {
            list.spine = Spine::new(Node::Pack(pack));
        }
        list
    }

    /// How nodes are filled.
    pub(crate) fn fill(&self) -> Fill {
        self.fill
    }

    /// The only node, if there is but one and it is packed.
    pub(crate) fn single_pack(&self) -> Option<&Pack> {
        match self.spine.get(self.spine.front()?) {
            Node::Pack(pack) if self.spine.nodes() == 1 => Some(pack),
            _ => None,
        }
    }

    /// The only node, which [`single_pack`](Self::single_pack) has shown.
    pub(crate) fn take_pack(&mut self) -> Option<Pack> {
        self.single_pack()?;
        match self.spine.remove(self.spine.front()?).0 {
            Node::Pack(pack) => Some(pack),
            Node::Apart(_) => None,
        }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.spine.count()
    }

    /// Hints that it will be read from its start: at step 0 what it owns, then what that owns. Returns whether there
    /// is more.
    #[cfg(feature = "snapshot")]
    pub(crate) fn fetch(&self, step: usize) -> bool {
        self.spine.fetch(step)
    }

    /// How many nodes.
    pub(crate) fn nodes(&self) -> usize {
        self.spine.nodes()
    }

    /// The elements as they are kept, node by node.
    #[cfg(feature = "snapshot")]
    pub(crate) fn runs(&self) -> impl Iterator<Item = Run<'_>> {
        let nodes = std::iter::successors(self.spine.front(), |at| self.spine.next(*at));
        nodes.map(|at| match self.spine.get(at) {
            Node::Pack(pack) => Run::Pack(pack.bytes(), pack.count()),
            Node::Apart(bytes) => Run::Apart(bytes),
        })
    }

    /// Bytes allocated. O(1).
    #[inline]
    pub(crate) fn heap_size(&self) -> usize {
        self.spine.heap_size()
    }

    /// About how many allocations there are.
    pub(crate) fn effort(&self) -> usize {
        self.spine.effort()
    }

    /// Adds an element at an end. Amortised O(its bytes).
    #[inline]
    pub(crate) fn push(&mut self, end: End, item: Item<'_>) {
        let (fill, max) = (self.fill, self.fill.max_size() - FRAME);
        let Some(at) = self.end(end) else {
            return self.spine.push_back(Node::of(item, fill));
        };
        let pushed = self.spine.edit(at, |node| match node {
            Node::Pack(pack) if fill.admits(pack.size(), pack.count(), item.len()) => {
                match end {
                    End::Front => pack.push_front(item, max),
                    End::Back => pack.push_back(item, max),
                }
                true
            }
            _ => false,
        });
        if pushed {
            return;
        }
        // The node is an end no more: it keeps no room.
        self.spine.edit(at, Node::settle);
        match end {
            End::Front => self.spine.push_front(Node::of(item, fill)),
            End::Back => self.spine.push_back(Node::of(item, fill)),
        }
    }

    /// Adds an element behind the others, in a node of its own.
    #[cfg(feature = "snapshot")]
    pub(crate) fn push_node(&mut self, item: Item<'_>) {
        self.add(Node::of(item, self.fill));
    }

    /// Adds an element behind the others that is kept apart, however small it is.
    #[cfg(feature = "snapshot")]
    pub(crate) fn push_apart(&mut self, bytes: &[u8]) {
        self.add(Node::Apart(bytes.into()));
    }

    #[cfg(feature = "snapshot")]
    fn add(&mut self, node: Node) {
        if let Some(at) = self.spine.back() {
            self.spine.edit(at, Node::settle);
        }
        self.spine.push_back(node);
    }

    /// Adds a chain of `count` elements behind the others, as a node of its own, if one may be as large. Returns whether it
    /// may.
    #[cfg(feature = "snapshot")]
    pub(crate) fn push_chain(&mut self, elements: &[u8], count: usize) -> bool {
        if self.fill.exceeded(elements.len() + FRAME, count) || self.fill.is_large(elements.len()) {
            return false;
        }
        if count > 0 {
            self.add(Node::Pack(Pack::from_parts(elements.to_vec(), 0, count)));
        }
        true
    }

    /// Shows the element at an end and removes it. O(its bytes).
    #[inline]
    pub(crate) fn pop_with<R>(&mut self, end: End, show: impl FnOnce(Item<'_>) -> R) -> Option<R> {
        let at = self.end(end)?;
        let (result, empty) = self.spine.edit(at, |node| match node {
            Node::Pack(pack) => {
                let item = match end {
                    End::Front => pack.front(),
                    End::Back => pack.back(),
                };
                let result = show(item.expect("a node is never empty"));
                if pack.count() == 1 {
                    return (result, true);
                }
                match end {
                    End::Front => pack.drop_front(),
                    End::Back => pack.drop_back(),
                }
                (result, false)
            }
            Node::Apart(bytes) => (show(Item::from(&bytes[..])), true),
        });
        if empty {
            self.spine.remove(at);
        }
        Some(result)
    }

    /// Calls `read` with the element of this index.
    #[inline]
    pub(crate) fn get(&self, index: usize) -> Option<Item<'_>> {
        let (at, index) = self.spine.locate(index)?;
        self.spine.get(at).items_from(index).0.next()
    }

    /// The elements from the one with this index on.
    #[inline]
    pub(crate) fn iter_from(&self, index: usize) -> Iter<'_> {
        Iter::new(&self.spine, index)
    }

    #[inline]
    fn end(&self, end: End) -> Option<At> {
        match end {
            End::Front => self.spine.front(),
            End::Back => self.spine.back(),
        }
    }

    /// Panics unless the counters are those of the nodes.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn check(&self) {
        self.spine.check();
    }
}
