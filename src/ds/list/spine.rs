//! The nodes of a list in order: segments of them, so that neither finding an element by its index
//! nor adding a node in the middle takes long with millions of nodes.

use std::collections::VecDeque;

use super::node::Node;
use crate::ds::blocks::block_size;
#[cfg(feature = "snapshot")]
use crate::ds::prefetch::prefetch_whole;

/// Nodes of a segment.
const SEGMENT: usize = 128;

/// Where a node is. Void once a node is added or removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct At {
    segment: usize,
    node: usize,
}

#[derive(Debug, Clone, Default)]
struct Segment {
    /// Never empty.
    nodes: VecDeque<Node>,
    /// The elements of all nodes.
    count: usize,
}

/// The nodes; empty only between steps.
#[derive(Debug, Default)]
pub(super) struct Spine {
    segments: VecDeque<Segment>,
    /// The elements of all segments.
    count: usize,
    nodes: usize,
    /// Bytes that the nodes' contents have allocated.
    contents: usize,
    /// Places for nodes that the segments have allocated.
    places: usize,
}

impl Spine {
    pub(super) fn new(node: Node) -> Spine {
        let mut spine = Spine::default();
        spine.push_back(node);
        spine
    }

    #[inline]
    pub(super) fn count(&self) -> usize {
        self.count
    }

    #[inline]
    pub(super) fn nodes(&self) -> usize {
        self.nodes
    }

    /// Hints that it will be read from its start: at step 0 what it owns, then what that owns. Returns whether there
    /// is more.
    #[cfg(feature = "snapshot")]
    pub(super) fn fetch(&self, step: usize) -> bool {
        let Some(first) = self.segments.front() else { return false };
        if step == 0 {
            prefetch_whole(first);
            return true;
        }
        let Some(node) = first.nodes.front() else { return false };
        match step {
            1 => prefetch_whole(node),
            _ => node.fetch(),
        }
        step == 1
    }

    /// Bytes allocated.
    #[inline]
    pub(super) fn heap_size(&self) -> usize {
        self.contents
            + self.places * size_of::<Node>()
            + self.segments.capacity() * size_of::<Segment>()
    }

    pub(super) fn effort(&self) -> usize {
        self.nodes + self.segments.len()
    }

    #[inline]
    pub(super) fn front(&self) -> Option<At> {
        (self.nodes > 0).then_some(At { segment: 0, node: 0 })
    }

    #[inline]
    pub(super) fn back(&self) -> Option<At> {
        let segment = self.segments.len().checked_sub(1)?;
        Some(At { segment, node: self.segments[segment].nodes.len() - 1 })
    }

    #[inline]
    pub(super) fn get(&self, at: At) -> &Node {
        &self.segments[at.segment].nodes[at.node]
    }

    #[inline]
    pub(super) fn next(&self, at: At) -> Option<At> {
        if at.node + 1 < self.segments[at.segment].nodes.len() {
            return Some(At { node: at.node + 1, ..at });
        }
        (at.segment + 1 < self.segments.len()).then_some(At { segment: at.segment + 1, node: 0 })
    }

    #[inline]
    pub(super) fn previous(&self, at: At) -> Option<At> {
        if at.node > 0 {
            return Some(At { node: at.node - 1, ..at });
        }
        let segment = at.segment.checked_sub(1)?;
        Some(At { segment, node: self.segments[segment].nodes.len() - 1 })
    }

    /// The node with the element of this index, and its index there; `None` if there are not as
    /// many. Goes by segments, then by nodes, each from the nearer end.
    #[inline]
    pub(super) fn locate(&self, index: usize) -> Option<(At, usize)> {
        if index >= self.count {
            return None;
        }
        let (segment, index) = nearest(&self.segments, self.count, index, |s| s.count);
        let Segment { nodes, count } = &self.segments[segment];
        let (node, index) = nearest(nodes, *count, index, Node::count);
        Some((At { segment, node }, index))
    }

    /// The index of a node's first element.
    pub(super) fn index_of(&self, at: At) -> usize {
        let segments: usize = self.segments.iter().take(at.segment).map(|s| s.count).sum();
        let nodes = self.segments[at.segment].nodes.iter().take(at.node);
        segments + nodes.map(Node::count).sum::<usize>()
    }

    /// Changes a node; one that is empty afterwards must be removed at once.
    #[inline]
    pub(super) fn edit<R>(&mut self, at: At, change: impl FnOnce(&mut Node) -> R) -> R {
        let segment = &mut self.segments[at.segment];
        let node = &mut segment.nodes[at.node];
        let (count, room) = (node.count(), node.room());
        let result = change(node);
        let more = node.count();
        segment.count = segment.count + more - count;
        self.count = self.count + more - count;
        // Mostly it is the same, of a size that is not looked up.
        if node.room() != room {
            self.contents = self.contents + node.heap_size() - block_size(room);
        }
        result
    }

    pub(super) fn push_back(&mut self, node: Node) {
        match self.back() {
            Some(at) => {
                self.insert_after(at, node);
            }
            None => self.insert(At { segment: 0, node: 0 }, node),
        }
    }

    pub(super) fn push_front(&mut self, node: Node) {
        if self.segments.front().is_none_or(|first| first.nodes.len() >= SEGMENT) {
            self.segments.push_front(Segment::default());
        }
        self.insert(At { segment: 0, node: 0 }, node);
    }

    /// Adds a node in front of another; returns where it is.
    pub(super) fn insert_before(&mut self, at: At, node: Node) -> At {
        let at = self.make_room(at);
        self.insert(at, node);
        at
    }

    /// Adds a node behind another; returns where it is.
    pub(super) fn insert_after(&mut self, at: At, node: Node) -> At {
        let last = at.segment + 1 == self.segments.len();
        if last && at.node + 1 >= SEGMENT {
            let at = At { segment: at.segment + 1, node: 0 };
            self.segments.push_back(Segment::default());
            self.insert(at, node);
            return at;
        }
        let at = self.make_room(at);
        let at = At { node: at.node + 1, ..at };
        self.insert(at, node);
        at
    }

    /// Removes a node; returns where the one behind it is now.
    pub(super) fn remove(&mut self, at: At) -> (Node, Option<At>) {
        let segment = &mut self.segments[at.segment];
        let node = segment.nodes.remove(at.node).expect("a position is that of a node");
        segment.count -= node.count();
        self.count -= node.count();
        self.contents -= node.heap_size();
        self.nodes -= 1;
        let next = if segment.nodes.is_empty() {
            self.places -= segment.nodes.capacity();
            self.segments.remove(at.segment);
            (at.segment < self.segments.len()).then_some(At { node: 0, ..at })
        } else if at.node < segment.nodes.len() {
            Some(at)
        } else {
            let segment = at.segment + 1;
            (segment < self.segments.len()).then_some(At { segment, node: 0 })
        };
        if self.segments.len() < self.segments.capacity() / 4 {
            self.segments.shrink_to(self.segments.len() * 2);
        }
        (node, next)
    }

    /// Adds a node at a place in a segment that has room.
    fn insert(&mut self, at: At, node: Node) {
        if self.segments.is_empty() {
            self.segments.push_back(Segment::default());
        }
        let segment = &mut self.segments[at.segment];
        segment.count += node.count();
        self.count += node.count();
        self.contents += node.heap_size();
        self.nodes += 1;
        let places = segment.nodes.capacity();
        segment.nodes.insert(at.node, node);
        self.places = self.places + segment.nodes.capacity() - places;
    }

    /// Splits the node's segment if it is full; returns where the node is then.
    fn make_room(&mut self, at: At) -> At {
        let segment = &mut self.segments[at.segment];
        if segment.nodes.len() < SEGMENT {
            return at;
        }
        let places = segment.nodes.capacity();
        let nodes = segment.nodes.split_off(SEGMENT / 2);
        let count = nodes.iter().map(Node::count).sum();
        segment.count -= count;
        self.places = self.places + segment.nodes.capacity() + nodes.capacity() - places;
        self.segments.insert(at.segment + 1, Segment { nodes, count });
        match at.node.checked_sub(SEGMENT / 2) {
            Some(node) => At { segment: at.segment + 1, node },
            None => at,
        }
    }

    /// Adds up what the counters say, and compares.
    #[cfg(any(test, fuzzing))]
    pub(super) fn check(&self) {
        let nodes = || self.segments.iter().flat_map(|segment| &segment.nodes);
        assert_eq!(self.nodes, nodes().count());
        assert_eq!(self.count, nodes().map(Node::count).sum::<usize>());
        assert_eq!(self.contents, nodes().map(Node::heap_size).sum::<usize>());
        assert_eq!(self.places, self.segments.iter().map(|s| s.nodes.capacity()).sum::<usize>());
        for segment in &self.segments {
            assert_eq!(segment.count, segment.nodes.iter().map(Node::count).sum::<usize>());
            assert!((1..=SEGMENT).contains(&segment.nodes.len()));
            assert!(segment.nodes.iter().all(|node| node.count() == node.items().count()));
            assert!(segment.nodes.iter().all(|node| node.count() > 0));
        }
    }
}

impl Clone for Spine {
    fn clone(&self) -> Spine {
        let segments = self.segments.clone();
        let nodes = || segments.iter().flat_map(|segment: &Segment| &segment.nodes);
        let contents = nodes().map(Node::heap_size).sum();
        let places = segments.iter().map(|segment| segment.nodes.capacity()).sum();
        Spine { contents, places, segments, ..*self }
    }
}

/// Which of `parts` holds the item of this index, and its index there; they hold `count` in all.
#[inline]
fn nearest<T>(
    parts: &VecDeque<T>,
    count: usize,
    index: usize,
    count_of: impl Fn(&T) -> usize,
) -> (usize, usize) {
    if index <= count / 2 {
        let mut left = index;
        for (i, part) in parts.iter().enumerate() {
            let here = count_of(part);
            if left < here {
                return (i, left);
            }
            left -= here;
        }
    } else {
        let mut end = count;
        for (i, part) in parts.iter().enumerate().rev() {
            let start = end - count_of(part);
            if index >= start {
                return (i, index - start);
            }
            end = start;
        }
    }
    unreachable!("the index is below the count")
}
