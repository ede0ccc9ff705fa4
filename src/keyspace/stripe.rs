//! One part of the keyspace behind one lock.

use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, AtomicUsize, Ordering};

use super::entry::Entry;
use super::evict::{Pool, Resist};
use super::line::Lines;
use super::tx::Looks;
use super::watch::WatchSet;
use crate::clock::Millis;
use crate::ds::blocks::block_size;
#[cfg(feature = "snapshot")]
use crate::ds::table::{self, Rehash};
use crate::ds::table::{Summary, Table};
use crate::sync::RwLock;

/// The keys whose hashes start with the same bits, in every database.
///
/// On cache lines of its own, so that threads at work on neighbours do not slow each other.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Stripe {
    pub(crate) data: RwLock<StripeData>,
    /// How many wait for the lock, for who holds it long and can let it go early.
    pub(crate) waiting: AtomicU32,
    /// Bytes allocated for the keys, values and tables of this stripe; written by whoever holds
    /// the lock exclusively, read by anybody.
    pub(crate) bytes: AtomicUsize,
    /// What `bytes` was when the account last took it (`account.rs`).
    pub(crate) reported: AtomicUsize,
    /// Keys of this stripe, in all databases; as `bytes`.
    pub(crate) keys: AtomicUsize,
    /// Changes to keys of this stripe; as `bytes`.
    pub(crate) changes: AtomicU64,
    /// No key of this stripe expires before this time; as `bytes`.
    pub(crate) due: Due,
    /// Look-ups for reading that found their key, and that did not.
    pub(crate) hits: AtomicU64,
    pub(crate) misses: AtomicU64,
}

impl Stripe {
    /// Counts changes; for whoever holds the lock exclusively.
    #[inline]
    pub(crate) fn count_changes(&self, changes: u64) {
        self.changes.store(self.changes.load(Ordering::Relaxed) + changes, Ordering::Relaxed);
    }

    /// Notes that a key came or went; for whoever holds the lock exclusively.
    #[inline]
    pub(crate) fn count_keys(&self, was_there: bool, is_there: bool) {
        let keys = self.keys.load(Ordering::Relaxed);
        self.keys.store(keys + usize::from(is_there) - usize::from(was_there), Ordering::Relaxed);
    }
}

/// An atomic lower bound of expiry times.
#[derive(Debug)]
pub(crate) struct Due(AtomicI64);

impl Default for Due {
    fn default() -> Due {
        Due(AtomicI64::new(Millis::NEVER.0))
    }
}

impl Due {
    pub(crate) fn get(&self) -> Millis {
        Millis(self.0.load(Ordering::Acquire))
    }

    pub(crate) fn set(&self, at: Millis) {
        self.0.store(at.0, Ordering::Release);
    }
}

/// What the lock protects.
#[derive(Debug, Default)]
pub(crate) struct StripeData {
    /// By database number; databases that were never written to may be missing.
    pub(crate) spaces: Vec<Space>,
    pub(crate) watch: WatchSet,
    /// Who waits for keys of this stripe; nothing while nobody does.
    pub(crate) waiting: Option<Box<Lines>>,
    /// Bytes allocated for the spaces, their tables and entries, and what eviction remembers of those.
    pub(crate) bytes: usize,
}

/// A bound for the keys of one table segment: none expires before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct DueFrom(pub(crate) Millis);

impl Default for DueFrom {
    fn default() -> DueFrom {
        DueFrom(Millis::NEVER)
    }
}

impl Summary for DueFrom {
    fn absorb(&mut self, other: DueFrom) {
        *self = (*self).min(other);
    }
}

/// The keys of one database in one stripe.
#[derive(Debug)]
pub(crate) struct Space {
    pub(crate) table: Table<Entry, DueFrom>,
    /// Bytes allocated for the entries.
    pub(crate) entry_bytes: usize,
    /// Keys with an expiry.
    pub(crate) volatile: usize,
    /// Hashes with fields that expire.
    pub(crate) timed: usize,
    /// The segment where upkeep goes on.
    pub(crate) next_segment: usize,
    /// Where the walk of a cut goes on, if it has not been here.
    #[cfg(feature = "snapshot")]
    pub(crate) walk: Option<u64>,
    /// Keys that may be evicted soon; once there was need.
    pub(super) pool: Option<Box<Pool>>,
    /// What `allkeys-s3fifo` remembers; once it had reason to.
    pub(super) resist: Option<Box<Resist>>,
}

impl Default for Space {
    fn default() -> Space {
        Space {
            table: Table::new(),
            entry_bytes: 0,
            volatile: 0,
            timed: 0,
            next_segment: 0,
            #[cfg(feature = "snapshot")]
            walk: None,
            pool: None,
            resist: None,
        }
    }
}

impl Stripe {
    /// Adds to the statistics.
    #[inline]
    pub(super) fn count(&self, looks: Looks) {
        if looks.hits != 0 {
            self.hits.fetch_add(looks.hits, Ordering::Relaxed);
        }
        if looks.misses != 0 {
            self.misses.fetch_add(looks.misses, Ordering::Relaxed);
        }
    }
}

impl Space {
    /// Bytes allocated for the entries and beside them.
    pub(crate) fn weight(&self) -> usize {
        self.entry_bytes + self.overhead()
    }

    /// Adds a key that nobody sees yet; gives it back if it is not the first of its name.
    #[cfg(feature = "snapshot")]
    pub(crate) fn insert(
        &mut self,
        hash: u64,
        entry: Entry,
        rehash: &impl Rehash<Entry>,
    ) -> Result<(), Entry> {
        let place = match self.table.entry(hash, |other| other.key() == entry.key()) {
            table::Entry::Occupied(_) => return Err(entry),
            table::Entry::Vacant(place) => place,
        };
        self.entry_bytes += entry.heap_size();
        self.volatile += usize::from(entry.expiry().is_some());
        self.timed += usize::from(entry.is_timed());
        let due = entry.due();
        let mut place = place.insert(entry, rehash);
        if let Some(at) = due {
            let bound = place.summary_mut();
            *bound = (*bound).min(DueFrom(at));
        }
        Ok(())
    }

    /// Takes every entry out.
    #[cfg(feature = "snapshot")]
    pub(crate) fn drain(&mut self) -> Vec<Entry> {
        let mut all = Vec::with_capacity(self.table.len());
        (0..self.table.segments()).for_each(|i| self.table.extract_all(i, &mut all));
        all
    }

    /// Bytes allocated beside the entries.
    pub(crate) fn overhead(&self) -> usize {
        self.table.heap_size() + self.resist.as_ref().map_or(0, |resist| resist.heap_size())
    }
}

impl StripeData {
    /// The space of a database, made if there is none.
    #[inline(always)]
    pub(crate) fn space_mut(&mut self, db: u32) -> &mut Space {
        self.split(db).0
    }

    /// The space of a database, made if there is none, and the parts beside it.
    #[inline(always)]
    pub(crate) fn split(
        &mut self,
        db: u32,
    ) -> (&mut Space, &WatchSet, &mut Option<Box<Lines>>, &mut usize) {
        if db as usize >= self.spaces.len() {
            self.add_spaces(db as usize + 1);
        }
        (&mut self.spaces[db as usize], &self.watch, &mut self.waiting, &mut self.bytes)
    }

    #[cold]
    fn add_spaces(&mut self, count: usize) {
        let spaces = |count: usize| block_size(count * size_of::<Space>());
        let before = self.spaces.capacity();
        self.spaces.reserve_exact(count - self.spaces.len());
        self.spaces.resize_with(count, Space::default);
        self.bytes += spaces(self.spaces.capacity()) - spaces(before);
    }

    /// Whether somebody waits here whom only a holder of other stripes too can serve.
    #[inline(always)]
    pub(crate) fn reaches_out(&self) -> bool {
        self.waiting.as_ref().is_some_and(|lines| !lines.reaches().is_empty())
    }

    pub(crate) fn space(&self, db: u32) -> Option<&Space> {
        self.spaces.get(db as usize)
    }

    /// Counts anew what is kept count of.
    pub(crate) fn recount(&mut self) {
        for space in &mut self.spaces {
            let (mut bytes, mut volatile, mut timed) = (0, 0, 0);
            space.table.for_each(|entry| {
                bytes += entry.heap_size();
                volatile += usize::from(entry.expiry().is_some());
                timed += usize::from(entry.is_timed());
            });
            (space.entry_bytes, space.volatile, space.timed) = (bytes, volatile, timed);
        }
        self.bytes = self.count_bytes();
    }

    /// The bytes, counted anew.
    pub(crate) fn count_bytes(&self) -> usize {
        let spaces = self.spaces.iter().map(|space| {
            let mut bytes = space.overhead();
            space.table.for_each(|entry| bytes += entry.heap_size());
            bytes
        });
        block_size(self.spaces.capacity() * size_of::<Space>()) + spaces.sum::<usize>()
    }
}
