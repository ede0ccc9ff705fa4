//! The big form: a rank tree.

use crate::ds::rank_tree::RankTree;
use crate::value::{Big, Encoding, Type};

/// A big sorted set.
#[derive(Debug, Clone)]
pub(crate) struct BigZSet {
    pub(super) tree: RankTree,
    /// Whether it is still what Redis would keep packed: beyond a few hundred bytes a tree is
    /// quicker, whatever the thresholds say.
    pub(super) small: bool,
}

impl Big for BigZSet {
    fn kind(&self) -> Type {
        Type::SortedSet
    }

    fn encoding(&self) -> Encoding {
        if self.small { Encoding::Listpack } else { Encoding::Skiplist }
    }

    fn heap_size(&self) -> usize {
        size_of::<BigZSet>() + self.tree.heap_size()
    }

    fn effort(&self) -> usize {
        1 + self.tree.effort()
    }

    fn duplicate(&self) -> Box<dyn Big> {
        Box::new(self.clone())
    }

    fn prefetch(&self, name: &[u8], near: bool) {
        let hash = self.tree.hash(name);
        if near {
            self.tree.prefetch_leaf(hash);
        } else {
            self.tree.prefetch(hash);
        }
    }
}
