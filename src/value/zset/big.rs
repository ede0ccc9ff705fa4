//! The big form: a rank tree.

use std::ops::Range;

use crate::ds::blocks::block_size;
use crate::ds::rank_tree::{Place, RankTree};
use crate::ds::table::Step;
use crate::value::undo::UndoLog;
use crate::value::{Big, Encoding, Type};

/// A big sorted set.
#[derive(Debug)]
pub(crate) struct BigZSet {
    pub(super) tree: RankTree,
    /// Whether it is still what Redis would keep packed: beyond a few hundred bytes a tree is
    /// quicker, whatever the thresholds say.
    pub(super) small: bool,
    log: UndoLog<Change>,
}

/// A change that may be undone.
#[derive(Debug)]
enum Change {
    /// A member was added.
    Added(Box<[u8]>),
    /// A member was removed or changed, which had this score.
    Was(Box<[u8]>, f64),
    /// Redis would not keep it packed any more.
    Outgrew,
}

impl BigZSet {
    pub(super) fn new(tree: RankTree) -> BigZSet {
        BigZSet { tree, small: true, log: UndoLog::default() }
    }

    /// Notes whether Redis would keep it packed; it does not again what it did no longer.
    pub(super) fn set_small(&mut self, small: bool) {
        if self.small && !small {
            self.small = false;
            self.log.push(|| Change::Outgrew);
        }
    }

    /// Adds a member that is not there.
    pub(super) fn insert(&mut self, hash: u64, score: f64, member: &[u8]) {
        self.tree.insert(hash, score, member);
        self.log.push(|| Change::Added(member.into()));
    }

    /// Changes the score of a member that is at this place.
    pub(super) fn set_score(&mut self, hash: u64, place: Place, score: f64) {
        self.keep(place);
        self.tree.set_score(hash, place, score);
    }

    /// Removes a member that is at this place.
    pub(super) fn remove(&mut self, hash: u64, place: Place) {
        self.keep(place);
        self.tree.remove(hash, place);
    }

    /// Removes the members of these ranks, which must be in range.
    pub(super) fn remove_range(&mut self, ranks: Range<usize>) {
        if self.log.is_on() {
            for (score, member) in self.tree.walk(ranks.clone()) {
                self.log.push(|| Change::Was(member.into(), score));
            }
        }
        self.tree.remove_range(ranks);
    }

    #[inline(always)]
    fn keep(&mut self, place: Place) {
        if self.log.is_on() {
            let (score, member) = self.tree.get(place);
            self.log.push(|| Change::Was(member.into(), score));
        }
    }

    fn forget(&mut self, member: &[u8]) {
        let hash = self.tree.hash(member);
        if let Some(place) = self.tree.find(hash, member) {
            self.tree.remove(hash, place);
        }
    }
}

impl Clone for BigZSet {
    fn clone(&self) -> BigZSet {
        BigZSet { tree: self.tree.clone(), small: self.small, log: UndoLog::default() }
    }
}

impl Big for BigZSet {
    fn kind(&self) -> Type {
        Type::SortedSet
    }

    fn encoding(&self) -> Encoding {
        if self.small { Encoding::Listpack } else { Encoding::Skiplist }
    }

    fn heap_size(&self) -> usize {
        block_size(size_of::<BigZSet>()) + self.tree.heap_size()
    }

    fn effort(&self) -> usize {
        1 + self.tree.effort()
    }

    fn keep_undo(&mut self) -> bool {
        self.log.begin();
        true
    }

    fn keeps_undo(&self) -> bool {
        self.log.is_on()
    }

    fn undo(&mut self) {
        for change in self.log.end() {
            match change {
                Change::Added(member) => self.forget(&member),
                Change::Was(member, score) => {
                    self.forget(&member);
                    self.tree.insert(self.tree.hash(&member), score, &member);
                }
                Change::Outgrew => self.small = true,
            }
        }
    }

    fn settle(&mut self) {
        drop(self.log.end());
    }

    fn duplicate(&self) -> Box<dyn Big> {
        Box::new(self.clone())
    }

    fn hash_of(&self, name: &[u8]) -> u64 {
        self.tree.hash(name)
    }

    fn prefetch(&self, hashes: &[u64], step: Step) {
        hashes.iter().for_each(|hash| self.tree.fetch(*hash, step));
    }
}
