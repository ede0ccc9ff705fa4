//! Inner nodes: which child, and how many members each has below it.

use super::run::{NONE, Run};

/// Children that a node has room for.
pub(super) const CHILDREN: usize = super::run::CAPACITY;

/// One inner node.
#[derive(Clone)]
pub(super) struct Inner {
    pub(super) parent: u32,
    len: u32,
    /// Number `i` stands between children `i` and `i + 1`.
    pub(super) separators: Run,
    children: [u32; CHILDREN],
    /// Members below each child.
    counts: [u32; CHILDREN],
}

impl Inner {
    /// A node with one child.
    pub(super) fn new(child: u32, count: usize) -> Box<Inner> {
        let mut inner = Box::new(Inner {
            parent: NONE,
            len: 1,
            separators: Run::new(),
            children: [NONE; CHILDREN],
            counts: [0; CHILDREN],
        });
        inner.children[0] = child;
        inner.set_count(0, count);
        inner
    }

    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.len as usize
    }

    pub(super) fn is_full(&self, separator: &[u8]) -> bool {
        self.len() == CHILDREN || !self.separators.fits(separator.len())
    }

    #[inline(always)]
    pub(super) fn child(&self, slot: usize) -> u32 {
        self.children[slot]
    }

    pub(super) fn children(&self) -> &[u32] {
        &self.children[..self.len()]
    }

    #[inline]
    pub(super) fn count(&self, slot: usize) -> usize {
        self.counts[slot] as usize
    }

    pub(super) fn set_count(&mut self, slot: usize, count: usize) {
        self.counts[slot] = u32::try_from(count).expect("fewer than 2^32 members");
    }

    /// Where a child is.
    #[inline]
    pub(super) fn slot(&self, child: u32) -> usize {
        self.children().iter().position(|c| *c == child).expect("a child knows its parent")
    }

    /// Members below the children before `slot`.
    #[inline]
    pub(super) fn before(&self, slot: usize) -> usize {
        self.counts[..slot].iter().map(|count| u64::from(*count)).sum::<u64>() as usize
    }

    /// Members below the node.
    pub(super) fn total(&self) -> usize {
        self.before(self.len())
    }

    /// The child with the member that `rank` others below this node precede, and how many members are
    /// below the children before that child.
    #[inline]
    pub(super) fn holding(&self, rank: usize) -> (usize, usize) {
        let mut before = 0;
        for (slot, count) in self.counts[..self.len()].iter().enumerate() {
            let next = before + *count as usize;
            if rank < next {
                return (slot, before);
            }
            before = next;
        }
        unreachable!("a rank is below the count")
    }

    /// Puts a child at `slot`, which is not the first, with the separator before it.
    pub(super) fn insert(
        &mut self,
        slot: usize,
        child: u32,
        count: usize,
        separator: (f64, &[u8]),
    ) {
        let len = self.len();
        self.children.copy_within(slot..len, slot + 1);
        self.counts.copy_within(slot..len, slot + 1);
        self.children[slot] = child;
        self.len += 1;
        self.set_count(slot, count);
        self.separators.insert(slot - 1, separator.0, separator.1, 0);
    }

    /// Takes a child out, and the separator beside it.
    pub(super) fn remove(&mut self, slot: usize) {
        let len = self.len();
        self.children.copy_within(slot + 1..len, slot);
        self.counts.copy_within(slot + 1..len, slot);
        self.len -= 1;
        if self.separators.len() > 0 {
            let gone = slot.saturating_sub(1);
            self.separators.remove(gone..gone + 1);
        }
    }

    /// Takes the children from `at` on out, into a node of their own. The separator between the two
    /// nodes stays behind as the last one here.
    pub(super) fn split_off(&mut self, at: usize) -> Box<Inner> {
        let len = self.len();
        let mut right = Inner::new(self.children[at], self.count(at));
        right.separators = self.separators.split_off(at);
        right.children[..len - at].copy_from_slice(&self.children[at..len]);
        right.counts[..len - at].copy_from_slice(&self.counts[at..len]);
        right.len = (len - at) as u32;
        right.parent = self.parent;
        self.len = at as u32;
        right
    }

    /// Whether all children of the node to the right, with `separator` between, have room here.
    pub(super) fn fits_all(&self, right: &Inner, separator: &[u8]) -> bool {
        self.len() + right.len() <= CHILDREN * 3 / 4
            && self.separators.fits_all(&right.separators)
            && self.separators.fits(separator.len())
    }

    /// Moves all children of the node to the right to the end of this one.
    pub(super) fn append(&mut self, separator: (f64, &[u8]), mut right: Inner) {
        let (len, count) = (self.len(), right.len());
        self.children[len..len + count].copy_from_slice(right.children());
        self.counts[len..len + count].copy_from_slice(&right.counts[..count]);
        self.separators.insert(len - 1, separator.0, separator.1, 0);
        self.separators.append(std::mem::replace(&mut right.separators, Run::new()));
        self.len += count as u32;
    }
}
