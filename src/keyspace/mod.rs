//! The keys: stripes, each with its lock, and the transaction scope through which all reading
//! and all changing goes.
//!
//! The only place that locks data. `docs/LOCKING.md` tells the order of locks.

pub(crate) mod access;
mod account;
mod batch;
pub(crate) mod change;
#[cfg(feature = "snapshot")]
mod checkpoint;
#[cfg(feature = "snapshot")]
mod cut;
mod detached;
mod discard;
pub(crate) mod entry;
pub(crate) mod event;
mod evict;
mod expire;
mod flush;
mod held;
mod inside;
mod key;
mod line;
#[cfg(feature = "snapshot")]
mod load;
pub(crate) mod observer;
mod pending;
pub(crate) mod record;
mod scan;
mod serve;
pub(crate) mod spell;
mod stripe;
#[cfg(test)]
mod tests;
mod tx;
mod undo;
mod watch;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub(crate) use batch::Soon;
pub(crate) use change::{Effect, Slot};
#[cfg(feature = "snapshot")]
pub(crate) use checkpoint::Checkpoint;
#[cfg(feature = "snapshot")]
pub(crate) use cut::{Cut, CutSize, Shown, Still};
#[cfg(feature = "snapshot")]
pub(crate) use detached::Detached;
pub(crate) use evict::Made;
pub(crate) use inside::Inside;
pub(crate) use key::{Key, OwnedKey};
pub(crate) use line::{Concern, Served, Waiter};
#[cfg(feature = "snapshot")]
pub(crate) use load::Loading;
pub(crate) use tx::{Access, Looks, Tx};
pub(crate) use watch::{Watched, Watcher};

use crate::clock::Clock;
use crate::config::{Config, Settings};
use crate::ds::blocks;
use crate::ds::table::Rehash;
use crate::rng::{FieldHasher, Rng};
use account::Account;
use discard::Discarded;
use entry::Entry;
use evict::{Age, Evictions};
use expire::UpkeepTime;
use inside::Later;
use line::Waiting;
use observer::Observers;
use stripe::Stripe;
use watch::UnwatchLater;

/// All keys of all databases.
#[derive(Debug)]
pub(crate) struct Keyspace {
    stripes: Box<[Stripe]>,
    /// A key's stripe is its hash shifted right by this: the top bits.
    shift: u32,
    hasher: ahash::RandomState,
    databases: u32,
    pub(crate) clock: Clock,
    pub(crate) rng: Rng,
    pub(crate) settings: Settings,
    pub(crate) observers: Observers,
    account: Account,
    /// Keys reclaimed because their time was over.
    pub(crate) expired: AtomicU64,
    /// Fields of hashes reclaimed because their time was over.
    pub(crate) expired_fields: AtomicU64,
    pub(crate) upkeep: UpkeepTime,
    pub(crate) evictions: Evictions,
    /// The time of `allkeys-s3fifo`.
    pub(crate) age: Age,
    discarded: Arc<Discarded>,
    /// Held as long as a cut is walked.
    #[cfg(feature = "snapshot")]
    cuts: crate::sync::Mutex<()>,
    /// Watchers that stripes are to forget when the transaction ends in which they were dropped.
    unwatch_later: UnwatchLater,
    /// Who waits for keys.
    waiting: Waiting,
    /// What is to be done when a transaction has ended.
    later: Later,
}

impl Keyspace {
    pub(crate) fn new(config: &Config, seed: u64) -> Keyspace {
        blocks::learn();
        let rng = Rng::new(seed);
        let mut settings = Settings::new(config);
        let hasher = rng.hasher();
        settings.limits.hasher = FieldHasher::new(std::array::from_fn(|_| rng.next()));
        Keyspace {
            stripes: (0..config.stripes).map(|_| Stripe::default()).collect(),
            // With one stripe a shift by 64 is out of range: `stripe_of` masks what is left.
            shift: (64 - config.stripes.trailing_zeros()).min(63),
            hasher,
            databases: config.databases,
            clock: config.clock.clone(),
            rng,
            settings,
            observers: Observers::default(),
            account: Account::new(config.maxmemory, config.stripes),
            expired: AtomicU64::new(0),
            expired_fields: AtomicU64::new(0),
            upkeep: UpkeepTime::default(),
            evictions: Evictions::default(),
            age: Age::default(),
            discarded: Arc::default(),
            #[cfg(feature = "snapshot")]
            cuts: crate::sync::Mutex::default(),
            unwatch_later: UnwatchLater::default(),
            waiting: Waiting::default(),
            later: Later::default(),
        }
    }

    pub(crate) fn databases(&self) -> u32 {
        self.databases
    }

    /// Hashes a key, for its stripe and its table.
    #[inline(always)]
    pub(crate) fn key<'a>(&self, bytes: &'a [u8]) -> Key<'a> {
        self.key_of(bytes, self.hash(bytes))
    }

    /// A key whose hash is known: that which [`key`](Keyspace::key) once gave it.
    #[inline(always)]
    pub(crate) fn key_of<'a>(&self, bytes: &'a [u8], hash: u64) -> Key<'a> {
        debug_assert_eq!(hash, self.hash(bytes));
        Key { bytes, hash, stripe: self.stripe_of(hash) }
    }

    #[inline(always)]
    fn hash(&self, bytes: &[u8]) -> u64 {
        use std::hash::{BuildHasher, Hasher};
        let mut hasher = self.hasher.build_hasher();
        hasher.write(bytes);
        hasher.finish()
    }

    /// The stripe of a hash; a [`Key`] knows its own.
    #[inline(always)]
    fn stripe_of(&self, hash: u64) -> usize {
        (hash >> self.shift) as usize & (self.stripes.len() - 1)
    }

    /// Bytes allocated for keys, values and tables. O(stripes), takes no lock.
    pub(crate) fn used_memory(&self) -> usize {
        self.stripes.iter().map(|s| s.bytes.load(Ordering::Relaxed)).sum()
    }

    /// Changes since the start, as Redis counts them for `rdb_changes_since_last_save`. O(stripes), takes no lock.
    pub(crate) fn changes(&self) -> u64 {
        self.stripes.iter().map(|s| s.changes.load(Ordering::Relaxed)).sum()
    }

    /// The look-ups of all transactions.
    pub(crate) fn looks(&self) -> Looks {
        let sum = |of: fn(&Stripe) -> &AtomicU64| {
            self.stripes.iter().map(|s| of(s).load(Ordering::Relaxed)).sum()
        };
        Looks { hits: sum(|s| &s.hits), misses: sum(|s| &s.misses) }
    }

    /// Counts look-ups that were [taken](Tx::take_looks) from transactions, many at a time.
    pub(crate) fn count(&self, looks: Looks) {
        self.stripes[0].count(looks);
    }

    /// Starts the statistics again (`CONFIG RESETSTAT`).
    pub(crate) fn reset_statistics(&self) {
        for stripe in &self.stripes {
            stripe.hits.store(0, Ordering::Relaxed);
            stripe.misses.store(0, Ordering::Relaxed);
        }
        self.expired.store(0, Ordering::Relaxed);
        self.expired_fields.store(0, Ordering::Relaxed);
        self.upkeep.nanos.store(0, Ordering::Relaxed);
        self.upkeep.cut_short.store(0, Ordering::Relaxed);
        self.evictions.reset();
        self.discarded.reset();
    }
}

impl Rehash<Entry> for Keyspace {
    fn rehash(&self, entry: &Entry) -> u64 {
        self.hash(entry.key())
    }

    fn prefetch(&self, entry: &Entry) {
        entry.prefetch();
    }
}
