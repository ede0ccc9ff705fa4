//! The members of a big set, in a hash table.

use crate::ds::blocks::block_size;
use crate::ds::pair::Pair;
use crate::ds::table::{self, Dense, Step, Table};
use crate::rng::FieldHasher;
use crate::value::undo::UndoLog;
use crate::value::{Big, Encoding, Type};

/// Byte strings, each once. A member of 17 bytes takes 24 and its share of the table, 12.
#[derive(Debug)]
pub(crate) struct Members {
    table: Table<Pair, Dense>,
    hasher: FieldHasher,
    /// Bytes of the pairs.
    bytes: usize,
    log: UndoLog<Change>,
}

/// A change that may be undone.
#[derive(Debug)]
enum Change {
    Added(Box<[u8]>),
    Removed(Pair),
}

impl Members {
    pub(super) fn new(hasher: FieldHasher) -> Members {
        Members { table: Table::new(), hasher, bytes: 0, log: UndoLog::default() }
    }

    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    #[inline(always)]
    pub(super) fn hash(&self, member: &[u8]) -> u64 {
        self.hasher.hash(member)
    }

    #[inline]
    pub(crate) fn contains(&self, member: &[u8]) -> bool {
        self.contains_hashed(self.hash(member), member)
    }

    #[inline(always)]
    pub(super) fn contains_hashed(&self, hash: u64, member: &[u8]) -> bool {
        self.table.find(hash, |pair| pair.has_field(member)).is_some()
    }

    /// Hints that a member of this hash will be looked for.
    #[inline(always)]
    pub(super) fn fetch(&self, hash: u64, step: Step) {
        self.table.fetch(hash, step, Pair::prefetch);
    }

    /// Adds a member. Returns whether it is new.
    #[inline]
    pub(super) fn insert(&mut self, member: &[u8]) -> bool {
        let hash = self.hash(member);
        match self.table.entry(hash, |pair| pair.has_field(member)) {
            table::Entry::Occupied(_) => false,
            table::Entry::Vacant(place) => {
                let pair = Pair::new(member, None, None);
                self.bytes += pair.heap_size();
                place.insert(pair, &self.hasher);
                self.log.push(|| Change::Added(member.into()));
                true
            }
        }
    }

    /// Removes a member. Returns whether it was there.
    #[inline]
    pub(super) fn remove(&mut self, member: &[u8]) -> bool {
        let hash = self.hash(member);
        match self.table.entry(hash, |pair| pair.has_field(member)) {
            table::Entry::Occupied(place) => {
                let (pair, _) = place.remove();
                self.bytes -= pair.heap_size();
                self.log.push(|| Change::Removed(pair));
                true
            }
            table::Entry::Vacant(_) => false,
        }
    }

    pub(super) fn iter(&self) -> table::Iter<'_, Pair, Dense> {
        self.table.iter(Pair::prefetch)
    }

    pub(super) fn sample(&self, below: impl FnMut(usize) -> usize) -> Option<&Pair> {
        self.table.sample(below)
    }

    /// Shows about `count` members from `cursor` on; returns the next cursor, 0 at the end. Looks at no more
    /// than ten buckets for each member asked for.
    pub(super) fn scan(&self, cursor: u64, count: usize, mut visit: impl FnMut(&[u8])) -> u64 {
        let (mut cursor, mut shown, mut looked) = (cursor, 0, 0);
        loop {
            cursor = self.table.scan(cursor, |pair| {
                shown += 1;
                visit(pair.field());
            });
            looked += 1;
            if cursor == 0 || shown >= count || looked >= count.saturating_mul(10) {
                return cursor;
            }
        }
    }
}

impl Clone for Members {
    fn clone(&self) -> Members {
        let mut copy = Members::new(self.hasher.clone());
        self.iter().for_each(|pair| _ = copy.insert(pair.field()));
        copy
    }
}

impl Big for Members {
    fn kind(&self) -> Type {
        Type::Set
    }

    fn encoding(&self) -> Encoding {
        Encoding::Hashtable
    }

    fn heap_size(&self) -> usize {
        block_size(size_of::<Members>()) + self.table.heap_size() + self.bytes
    }

    fn effort(&self) -> usize {
        self.len()
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
                Change::Added(member) => self.remove(&member),
                Change::Removed(pair) => self.insert(pair.field()),
            };
        }
    }

    fn settle(&mut self) {
        drop(self.log.end());
    }

    fn duplicate(&self) -> Box<dyn Big> {
        Box::new(self.clone())
    }

    fn hash_of(&self, name: &[u8]) -> u64 {
        self.hash(name)
    }

    fn prefetch(&self, hashes: &[u64], step: Step) {
        hashes.iter().for_each(|hash| self.fetch(*hash, step));
    }
}
