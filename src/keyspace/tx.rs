//! The transaction scope: which stripes are locked, what time it is, what is to be told.
//!
//! Every operation of every face runs inside one. Stripes are locked once, up front, in
//! ascending order (conservative two-phase locking): no deadlock, and what runs at the same
//! time is as if it had run one after the other.

use std::cell::Cell;
use std::sync::atomic::Ordering;

use super::entry::Entry;
use super::observer::Committed;
use super::stripe::StripeData;
use super::{Key, Keyspace, access};
use crate::clock::{Clock, Millis};
use crate::config::MAX_STRIPES;
use crate::error::{Error, Result};
use crate::sync::{RwLockReadGuard, RwLockWriteGuard};

/// How stripes are locked: with others who read, or alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Shared,
    Exclusive,
}

enum Guard<'k> {
    Shared(RwLockReadGuard<'k, StripeData>),
    Exclusive(RwLockWriteGuard<'k, StripeData>),
}

/// The stripes that a transaction has locked.
enum Held<'k> {
    /// None: stripes are locked one at a time, as they are visited.
    None,
    One(usize, Guard<'k>),
    /// The guards of the stripes in the set, ascending.
    Many(Box<StripeSet>, Vec<Guard<'k>>),
}

/// A set of stripe numbers.
#[derive(Clone)]
struct StripeSet([u64; MAX_STRIPES / 64]);

impl StripeSet {
    fn insert(&mut self, stripe: usize) {
        self.0[stripe / 64] |= 1 << (stripe % 64);
    }

    /// How many members are smaller, if `stripe` is one.
    fn rank(&self, stripe: usize) -> Option<usize> {
        let (word, bit) = (stripe / 64, 1 << (stripe % 64));
        let below: u32 = self.0[..word].iter().map(|w| w.count_ones()).sum();
        (self.0[word] & bit != 0)
            .then(|| (below + (self.0[word] & (bit - 1)).count_ones()) as usize)
    }

    /// The members, ascending.
    fn iter(&self) -> impl Iterator<Item = usize> {
        self.0.iter().enumerate().flat_map(|(i, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                (left != 0).then(|| {
                    let bit = left.trailing_zeros() as usize;
                    left &= left - 1;
                    i * 64 + bit
                })
            })
        })
    }
}

/// The time of a transaction: read from the clock when first asked for, the same ever after.
///
/// Asked for under the locks, so that times rise in the order of transactions.
pub(super) struct TxTime<'k> {
    clock: &'k Clock,
    now: Cell<Option<Millis>>,
}

impl TxTime<'_> {
    #[inline]
    pub(super) fn now(&self) -> Millis {
        self.now.get().unwrap_or_else(|| {
            let now = self.clock.now();
            self.now.set(Some(now));
            now
        })
    }

    /// Whether a key's time is over.
    #[inline(always)]
    pub(super) fn is_past(&self, entry: &Entry) -> bool {
        entry.expiry().is_some_and(|at| at <= self.now())
    }
}

/// A scope of work on the keys; see the [module](self).
///
/// When it is dropped, observers are told what it did, and then its locks are released.
pub(crate) struct Tx<'k> {
    pub(super) keyspace: &'k Keyspace,
    pub(super) time: TxTime<'k>,
    /// The database that keys belong to.
    db: u32,
    /// Whether look-ups count as uses of the key (off by `CLIENT NO-TOUCH`).
    touches: bool,
    held: Held<'k>,
    /// What observers will be told; only if there are any.
    pub(super) told: Option<Box<Committed>>,
    /// What to put back, newest last, if the transaction may be rolled back.
    pub(super) undo: Option<Vec<super::change::Undo>>,
}

impl Keyspace {
    fn tx<'k>(&'k self, db: u32, held: Held<'k>) -> Tx<'k> {
        debug_assert!(db < self.databases);
        let time = TxTime { clock: &self.clock, now: Cell::new(None) };
        Tx { keyspace: self, time, db, touches: true, held, told: None, undo: None }
    }

    #[inline(always)]
    fn lock(&self, stripe: usize, access: Access) -> Guard<'_> {
        match access {
            Access::Shared => Guard::Shared(self.stripes[stripe].data.read()),
            Access::Exclusive => Guard::Exclusive(self.stripes[stripe].data.write()),
        }
    }

    fn lock_set(&self, set: Box<StripeSet>, access: Access) -> Held<'_> {
        let guards = set.iter().map(|stripe| self.lock(stripe, access)).collect();
        Held::Many(set, guards)
    }

    /// A scope over no key, or over stripes one at a time: `SCAN`, `DBSIZE`, `PING`.
    #[inline]
    pub(crate) fn begin_none(&self, db: u32) -> Tx<'_> {
        self.tx(db, Held::None)
    }

    /// A scope over one key.
    #[inline(always)]
    pub(crate) fn begin_one(&self, db: u32, key: Key<'_>, access: Access) -> Tx<'_> {
        let stripe = self.stripe_of(key.hash);
        self.tx(db, Held::One(stripe, self.lock(stripe, access)))
    }

    /// A scope over one stripe.
    pub(super) fn begin_stripe(&self, stripe: usize, access: Access) -> Tx<'_> {
        self.tx(0, Held::One(stripe, self.lock(stripe, access)))
    }

    /// A scope over several keys, of any database; their buckets are prefetched.
    pub(crate) fn begin_many<'a>(
        &self,
        db: u32,
        keys: impl Iterator<Item = Key<'a>> + Clone,
        access: Access,
    ) -> Tx<'_> {
        let mut set = Box::new(StripeSet([0; MAX_STRIPES / 64]));
        keys.clone().for_each(|key| set.insert(self.stripe_of(key.hash)));
        let tx = self.tx(db, self.lock_set(set, access));
        tx.prefetch(keys);
        tx
    }

    /// A scope over everything.
    pub(crate) fn begin_all(&self, db: u32, access: Access) -> Tx<'_> {
        let mut set = Box::new(StripeSet([0; MAX_STRIPES / 64]));
        (0..self.stripes.len()).for_each(|stripe| set.insert(stripe));
        self.tx(db, self.lock_set(set, access))
    }
}

impl<'k> Tx<'k> {
    pub(crate) fn keyspace(&self) -> &'k Keyspace {
        self.keyspace
    }

    /// The database that keys belong to.
    pub(crate) fn db(&self) -> u32 {
        self.db
    }

    /// Makes keys belong to another database, which must exist.
    pub(crate) fn select(&mut self, db: u32) {
        debug_assert!(db < self.keyspace.databases);
        self.db = db;
    }

    /// Decides whether look-ups count as uses of the key.
    pub(crate) fn set_touches(&mut self, touches: bool) {
        self.touches = touches;
    }

    /// The time of the transaction.
    pub(crate) fn now(&self) -> Millis {
        self.time.now()
    }

    /// Refuses a string that is longer than a key or value may be.
    ///
    /// # Errors
    /// `StringTooLong`.
    #[inline(always)]
    pub(crate) fn check_length(&self, len: usize) -> Result<()> {
        let limit = self.keyspace.settings.max_string.load(Ordering::Relaxed);
        if len > limit { Err(Error::StringTooLong) } else { Ok(()) }
    }

    /// Hashes a key.
    #[inline(always)]
    pub(crate) fn key<'a>(&self, bytes: &'a [u8]) -> Key<'a> {
        self.keyspace.key(bytes)
    }

    #[inline(always)]
    fn guard(&self, stripe: usize) -> Option<&Guard<'k>> {
        match &self.held {
            Held::One(held, guard) if *held == stripe => Some(guard),
            Held::Many(set, guards) => set.rank(stripe).map(|i| &guards[i]),
            _ => None,
        }
    }

    /// The locked stripe of a key.
    #[inline(always)]
    pub(super) fn stripe(&self, hash: u64) -> Result<&StripeData> {
        match self.guard(self.keyspace.stripe_of(hash)) {
            Some(Guard::Shared(guard)) => Ok(guard),
            Some(Guard::Exclusive(guard)) => Ok(guard),
            None => Err(Error::UndeclaredKey),
        }
    }

    /// What a change needs at once: the exclusively locked stripe of a key, its number, and the
    /// parts of the transaction beside it.
    #[inline(always)]
    pub(super) fn parts(&mut self, stripe: usize) -> Result<Parts<'_, 'k>> {
        let guard = match &mut self.held {
            Held::One(held, guard) if *held == stripe => Some(guard),
            Held::Many(set, guards) => set.rank(stripe).map(|i| &mut guards[i]),
            _ => None,
        };
        match guard {
            Some(Guard::Exclusive(data)) => Ok(Parts {
                keyspace: self.keyspace,
                data,
                time: &self.time,
                told: &mut self.told,
                undo: &mut self.undo,
                db: self.db,
            }),
            _ => Err(Error::UndeclaredKey),
        }
    }

    /// Calls `look` with a stripe: the one that is held, or else locked shared for the call.
    pub(super) fn with_stripe<R>(
        &self,
        stripe: usize,
        look: impl FnOnce(&StripeData) -> R,
    ) -> Result<R> {
        match (&self.held, self.guard(stripe)) {
            (_, Some(Guard::Shared(guard))) => Ok(look(guard)),
            (_, Some(Guard::Exclusive(guard))) => Ok(look(guard)),
            (Held::None, None) => Ok(look(&self.keyspace.stripes[stripe].data.read())),
            (_, None) => Err(Error::UndeclaredKey),
        }
    }

    /// Calls `look` with a key's live entry, in a transaction that holds all stripes or none.
    pub(crate) fn with_key<R>(
        &self,
        key: Key<'_>,
        look: impl FnOnce(&Entry) -> R,
    ) -> Result<Option<R>> {
        self.with_stripe(self.keyspace.stripe_of(key.hash), |data| {
            let found = data.space(self.db)?.table.find(key.hash, |entry| entry.key() == key.bytes);
            found.filter(|entry| !self.time.is_past(entry)).map(look)
        })
    }

    /// The stripes that are held, ascending.
    pub(super) fn held_stripes(&self) -> Vec<usize> {
        match &self.held {
            Held::None => Vec::new(),
            Held::One(stripe, _) => vec![*stripe],
            Held::Many(set, _) => set.iter().collect(),
        }
    }

    /// Hints at buckets, then at entries, of keys that will be looked up soon.
    fn prefetch<'a>(&self, keys: impl Iterator<Item = Key<'a>> + Clone) {
        let table = |key: Key<'_>| {
            self.stripe(key.hash)
                .ok()
                .and_then(|data| data.space(self.db))
                .map(|space| &space.table)
        };
        for key in keys.clone() {
            if let Some(table) = table(key) {
                table.prefetch(key.hash);
            }
        }
        for key in keys {
            if let Some(table) = table(key) {
                table.candidates(key.hash, Entry::prefetch);
            }
        }
    }

    /// The live entry of a key, without counting the look-up as a use.
    #[inline(always)]
    pub(crate) fn peek(&self, key: Key<'_>) -> Result<Option<&Entry>> {
        let Some(space) = self.stripe(key.hash)?.space(self.db) else { return Ok(None) };
        let found = space.table.find(key.hash, |entry| entry.key() == key.bytes);
        Ok(found.filter(|entry| !self.time.is_past(entry)))
    }

    /// The live entry of a key; counts as a use of it, and as a hit or a miss.
    #[inline(always)]
    pub(crate) fn read(&self, key: Key<'_>) -> Result<Option<&Entry>> {
        let found = self.peek(key)?;
        let stripe = &self.keyspace.stripes[self.keyspace.stripe_of(key.hash)];
        match found {
            Some(entry) => {
                stripe.hits.fetch_add(1, Ordering::Relaxed);
                self.touch(entry);
            }
            None => {
                stripe.misses.fetch_add(1, Ordering::Relaxed);
            }
        }
        Ok(found)
    }

    #[inline(always)]
    fn touch(&self, entry: &Entry) {
        if self.touches {
            let (settings, old) = (&self.keyspace.settings, entry.access());
            let new =
                access::touched(old, settings, self.keyspace.clock.recent(), &self.keyspace.rng);
            if new != old {
                entry.set_access(new);
            }
        }
    }
}

/// The parts of a transaction that a change works with.
pub(super) struct Parts<'t, 'k> {
    pub(super) keyspace: &'k Keyspace,
    pub(super) data: &'t mut StripeData,
    pub(super) time: &'t TxTime<'k>,
    pub(super) told: &'t mut Option<Box<Committed>>,
    pub(super) undo: &'t mut Option<Vec<super::change::Undo>>,
    pub(super) db: u32,
}

impl Drop for Tx<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Some(told) = self.told.take() {
            self.keyspace.observers.committed(&told);
        }
    }
}

impl std::fmt::Debug for Tx<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tx")
            .field("db", &self.db)
            .field("stripes", &self.held_stripes().len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_STRIPES, StripeSet};

    #[test]
    fn a_stripe_set_ranks_its_members() {
        let members = [0, 1, 63, 64, 200, 1023];
        let mut set = StripeSet([0; MAX_STRIPES / 64]);
        members.iter().rev().for_each(|m| set.insert(*m));
        assert_eq!(set.iter().collect::<Vec<_>>(), members);
        for (i, member) in members.into_iter().enumerate() {
            assert_eq!(set.rank(member), Some(i));
        }
        assert_eq!(set.rank(2), None);
    }
}
