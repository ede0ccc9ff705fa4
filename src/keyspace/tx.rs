//! The transaction scope: which stripes are locked, what time it is, what is to be told.
//!
//! Every operation of every face runs inside one. Stripes are locked once, up front, in
//! ascending order (conservative two-phase locking): no deadlock, and what runs at the same
//! time is as if it had run one after the other.

use std::cell::Cell;
use std::ops::AddAssign;
use std::sync::atomic::Ordering;

use super::entry::Entry;
use super::event::MISSED;
use super::held::Held;
use super::observer::{Committed, KeyEvent, Touch, wants};
use super::pending::Pending;
use super::stripe::{Stripe, StripeData};
use super::{Key, Keyspace, access};
use crate::clock::{Millis, Seconds};
use crate::ds::table::{Spot, Step};
use crate::error::{Error, Result};

/// How stripes are locked: with others who read, or alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Shared,
    Exclusive,
}

/// The time of a transaction: read from the clock when first asked for, the same ever after.
///
/// Asked for under the locks, so that times rise in the order of transactions.
pub(super) struct TxTime<'k> {
    keyspace: &'k Keyspace,
    now: Cell<Option<Millis>>,
    /// Whether a look-up met a key whose time was over.
    met_past: Cell<bool>,
}

impl TxTime<'_> {
    #[inline]
    pub(super) fn now(&self) -> Millis {
        self.now.get().unwrap_or_else(|| {
            let now = self.keyspace.clock.now();
            self.now.set(Some(now));
            now
        })
    }

    /// The time that expiries are compared with: now, or, while a log is replayed, before all of them.
    #[inline]
    pub(super) fn of_expiries(&self) -> Millis {
        let replaying = self.keyspace.settings.replaying.load(Ordering::Relaxed);
        if replaying { Millis(i64::MIN) } else { self.now() }
    }

    /// Has the time asked for anew: a transaction may have taken long.
    pub(super) fn forget(&self) {
        self.now.set(None);
    }

    /// Whether a key's time is over.
    #[inline(always)]
    pub(super) fn is_past(&self, entry: &Entry) -> bool {
        let past = entry.may_be_past() && entry.is_past(self.of_expiries());
        if past {
            self.met_past.set(true);
        }
        past
    }
}

/// Look-ups for reading that found their key, and that did not.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Looks {
    pub(crate) hits: u64,
    pub(crate) misses: u64,
}

impl AddAssign for Looks {
    #[inline]
    fn add_assign(&mut self, more: Looks) {
        self.hits += more.hits;
        self.misses += more.misses;
    }
}

/// A scope of work on the keys; see the [module](self).
///
/// When it is dropped, who waits for what it changed is served, observers are told what was done, and
/// then its locks are released. One that [keeps undo](Tx::keep_undo) is undone first, unless it was settled.
pub(crate) struct Tx<'k> {
    pub(super) keyspace: &'k Keyspace,
    pub(super) time: TxTime<'k>,
    /// The database that keys belong to.
    pub(super) db: u32,
    /// The client that it is for; 0 if it is for none.
    by: u64,
    /// Whether look-ups count as uses of the key (off by `CLIENT NO-TOUCH`).
    pub(super) touches: bool,
    /// Look-ups for reading that found their key, and that did not; added to the statistics of
    /// the stripe `home` at the end.
    hits: Cell<u32>,
    misses: Cell<u32>,
    home: &'k Stripe,
    pub(super) held: Held<'k>,
    /// What is left to its end. Behind `held`: what is freed with it, is after the locks are released.
    pub(super) pending: Cell<Pending>,
}

impl Keyspace {
    #[inline(always)]
    fn tx<'k>(&'k self, db: u32, home: &'k Stripe, held: Held<'k>) -> Tx<'k> {
        debug_assert!(db < self.databases);
        let time = TxTime { keyspace: self, now: Cell::new(None), met_past: Cell::new(false) };
        Tx {
            keyspace: self,
            time,
            db,
            by: 0,
            touches: true,
            hits: Cell::new(0),
            misses: Cell::new(0),
            home,
            held,
            pending: Cell::default(),
        }
    }

    /// A scope over no key, or over stripes one at a time: `SCAN`, `DBSIZE`, `PING`.
    #[inline]
    pub(crate) fn begin_none(&self, db: u32) -> Tx<'_> {
        self.tx(db, &self.stripes[0], Held::None)
    }

    /// A scope over one key.
    #[inline(always)]
    pub(crate) fn begin_one(&self, db: u32, key: Key<'_>, access: Access) -> Tx<'_> {
        let stripe = key.stripe;
        let home = &self.stripes[stripe];
        // Each way makes the whole scope, and nothing can fail behind the lock, so that what is locked is written once,
        // and not copied there.
        match access {
            Access::Shared => self.tx(db, home, Held::Shared(stripe, self.lock_shared(stripe))),
            Access::Exclusive => {
                let guard = self.lock_exclusive(stripe);
                if guard.reaches_out() {
                    drop(guard);
                    return self.begin_reaching(db, stripe);
                }
                self.tx(db, home, Held::Exclusive(stripe, guard))
            }
        }
    }

    /// A scope over one stripe, and over others too, as who waits there cannot be served without.
    #[cold]
    fn begin_reaching(&self, db: u32, stripe: usize) -> Tx<'_> {
        let held = self.lock_many(std::iter::once(stripe), Access::Exclusive);
        self.tx(db, &self.stripes[stripe], held)
    }

    /// A scope over one stripe.
    pub(super) fn begin_stripe(&self, stripe: usize, access: Access) -> Tx<'_> {
        let held = Held::one(stripe, self.lock(stripe, access));
        let mut tx = self.tx(0, &self.stripes[stripe], held);
        // What is done here is done by nobody who uses the key.
        tx.touches = false;
        tx
    }

    /// A scope over several keys, of any database.
    pub(crate) fn begin_many(&self, db: u32, keys: &[Key<'_>], access: Access) -> Tx<'_> {
        let stripes = keys.iter().map(|key| key.stripe);
        let home = keys.first().map_or(0, |key| key.stripe);
        self.tx(db, &self.stripes[home], self.lock_many(stripes, access))
    }

    /// A scope over everything.
    pub(crate) fn begin_all(&self, db: u32, access: Access) -> Tx<'_> {
        self.tx(db, &self.stripes[0], self.lock_many(0..self.stripes.len(), access))
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

    /// Says which client it is for.
    pub(crate) fn set_by(&mut self, client: u64) {
        self.by = client;
    }

    /// Notes that the client which it is for has read a key, and wants to know what becomes of it
    /// from here on: what was done before is not told, what is done behind it in this transaction is.
    pub(crate) fn note_read(&mut self, key: Key<'_>) {
        if self.keyspace.observers.want(wants::KEYS) {
            self.pending.get_mut().told().touched.push(Touch::Read(key.bytes.into()));
        }
    }

    /// Decides whether look-ups count as uses of the key.
    pub(crate) fn set_touches(&mut self, touches: bool) {
        self.touches = touches;
    }

    /// The look-ups for reading so far, which the caller is to count now.
    #[inline]
    pub(crate) fn take_looks(&mut self) -> Looks {
        Looks { hits: self.hits.take().into(), misses: self.misses.take().into() }
    }

    /// Has events of the changes so far told before something else is, for those whom the order
    /// concerns. Not for a transaction that may be rolled back.
    pub(crate) fn announce(&mut self) {
        let pending = self.pending.get_mut();
        debug_assert!(!pending.keeps_undo(), "what is announced cannot be taken back");
        if pending.is_some() {
            self.settle_misses();
            if let Some(told) = self.pending.get_mut().told_so_far() {
                self.keyspace.observers.announce(told);
            }
        }
    }

    /// Notes that a key was looked up in vain.
    #[cold]
    fn note_miss(&self, key: Key<'_>) {
        let mut pending = self.pending.take();
        pending.miss(KeyEvent { db: self.db, key: key.bytes.into(), event: MISSED });
        self.pending.set(pending);
    }

    /// Puts look-ups in vain before what was changed since the last announcement.
    fn settle_misses(&mut self) {
        let pending = self.pending.get_mut();
        let missed = pending.take_missed();
        if !missed.is_empty() {
            let told = pending.told();
            told.events.splice(told.announced..told.announced, missed);
        }
    }

    /// Takes the look-ups in vain, which are to be told when what has expired is reclaimed.
    pub(crate) fn take_missed(&mut self) -> Option<Committed> {
        let events = self.pending.get_mut().take_missed();
        (!events.is_empty()).then(|| Committed { events, ..Committed::default() })
    }

    /// The time of the transaction.
    pub(crate) fn now(&self) -> Millis {
        self.time.now()
    }

    /// The time that expiries are compared with: that of the transaction, or, while a log is replayed, before all of them. What
    /// the log did when a key was there is done again though its time is over by now; that it went is in the
    /// log too, or is seen when all is replayed.
    pub(crate) fn time_of_expiries(&self) -> Millis {
        self.time.of_expiries()
    }

    /// Whether a look-up met a key whose time was over.
    #[inline(always)]
    pub(crate) fn met_past(&self) -> bool {
        self.time.met_past.get()
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

    /// The locked stripe of a key.
    #[inline(always)]
    pub(super) fn stripe(&self, key: Key<'_>) -> Result<&StripeData> {
        // The error is made only where it is returned: to drop one is a call.
        match self.held.get(key.stripe) {
            Some(data) => Ok(data),
            None => Err(Error::UndeclaredKey),
        }
    }

    /// What a change needs at once: the exclusively locked stripe of a key, its number, and the
    /// parts of the transaction beside it.
    #[inline(always)]
    pub(super) fn parts(&mut self, stripe: usize) -> Result<Parts<'_, 'k>> {
        match self.held.get_mut(stripe) {
            Some(data) => Ok(Parts {
                keyspace: self.keyspace,
                data,
                time: &self.time,
                pending: self.pending.get_mut(),
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
        match (&self.held, self.held.get(stripe)) {
            (_, Some(data)) => Ok(look(data)),
            (Held::None, None) => Ok(look(&self.keyspace.lock_shared(stripe))),
            (_, None) => Err(Error::UndeclaredKey),
        }
    }

    /// Calls `look` with a key's live entry, in a transaction that holds all stripes or none.
    pub(crate) fn with_key<R>(
        &self,
        key: Key<'_>,
        look: impl FnOnce(&Entry) -> R,
    ) -> Result<Option<R>> {
        self.with_stripe(key.stripe, |data| {
            let found = data.space(self.db)?.table.find(key.hash, |entry| entry.has_key(key.bytes));
            found.filter(|entry| !self.time.is_past(entry)).map(look)
        })
    }

    /// Whether stripes are locked one at a time, as they are visited.
    pub(super) fn holds_none(&self) -> bool {
        matches!(self.held, Held::None)
    }

    /// The stripes that are held, ascending.
    pub(super) fn held_stripes(&self) -> Vec<usize> {
        self.held.stripes()
    }

    /// Where a key is, if it is; `None` if there is no table for it.
    #[inline(always)]
    pub(super) fn spot(&self, key: Key<'_>) -> Result<Option<Spot<'_, Entry>>> {
        Ok(self.stripe(key)?.space(self.db).and_then(|space| space.table.spot(key.hash)))
    }

    /// The live entry of a key at its place.
    #[inline(always)]
    fn find<'t>(&self, spot: Option<Spot<'t, Entry>>, key: Key<'_>) -> Option<&'t Entry> {
        let found = spot?.find(|entry| entry.has_key(key.bytes));
        found.filter(|entry| !self.time.is_past(entry))
    }

    /// As [`look`](Tx::look), at the key's place.
    #[inline(always)]
    pub(super) fn look_at<'t>(
        &self,
        spot: Option<Spot<'t, Entry>>,
        key: Key<'_>,
    ) -> Option<&'t Entry> {
        let found = self.find(spot, key);
        let count = if found.is_some() { &self.hits } else { &self.misses };
        count.set(count.get() + 1);
        if found.is_none() && self.keyspace.observers.want(wants::MISSES) {
            self.note_miss(key);
        }
        found
    }

    /// The live entry of a key, without counting the look-up as a use.
    #[inline(always)]
    pub(crate) fn peek(&self, key: Key<'_>) -> Result<Option<&Entry>> {
        Ok(self.find(self.spot(key)?, key))
    }

    /// The live entry of a key; counts as a hit or a miss, but not as a use of it.
    #[inline(always)]
    pub(crate) fn look(&self, key: Key<'_>) -> Result<Option<&Entry>> {
        Ok(self.look_at(self.spot(key)?, key))
    }

    /// The live entry of a key; counts as a use of it, and as a hit or a miss.
    #[inline(always)]
    pub(crate) fn read(&self, key: Key<'_>) -> Result<Option<&Entry>> {
        let Some(spot) = self.spot(key)? else { return Ok(self.look_at(None, key)) };
        spot.fetch(Step::Bucket, |_| {});
        // Asked for while the bucket is on its way. Processors look some hundred instructions ahead of memory that they
        // wait for: the fewer there are behind the entry, the likelier the next call's bucket is fetched beside this one's entry.
        let second = self.keyspace.clock.second();
        let found = self.look_at(Some(spot), key);
        if let Some(entry) = found {
            self.touch_at(entry, second);
        }
        Ok(found)
    }

    /// Counts as a use of the key.
    #[inline(always)]
    pub(crate) fn touch(&self, entry: &Entry) {
        self.touch_at(entry, self.keyspace.clock.second());
    }

    #[inline(always)]
    fn touch_at(&self, entry: &Entry, second: Seconds) {
        if self.touches {
            self.keyspace.touch(entry, second);
        }
    }
}

impl Keyspace {
    /// Counts a use of the key.
    #[inline(always)]
    pub(super) fn touch(&self, entry: &Entry, second: Seconds) {
        let old = entry.access();
        let new = access::touched(old, &self.settings, second, &self.rng, &self.age);
        if new != old {
            entry.set_access(new);
        }
    }
}

/// The parts of a transaction that a change works with.
pub(super) struct Parts<'t, 'k> {
    pub(super) keyspace: &'k Keyspace,
    pub(super) data: &'t mut StripeData,
    pub(super) time: &'t TxTime<'k>,
    pub(super) pending: &'t mut Pending,
    pub(super) db: u32,
}

impl Drop for Tx<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.pending.get_mut().is_some() {
            self.conclude();
        }
        let looks = self.take_looks();
        self.home.count(looks);
    }
}

impl Tx<'_> {
    /// Ends it as dropping it does, unless something was left to the end. Returns whether it did: then it is to be forgotten. For
    /// the scope of one key, which this ends where it is called, without a call.
    #[inline(always)]
    pub(crate) fn end(&mut self) -> bool {
        if self.pending.get_mut().is_some() {
            return false;
        }
        let looks = self.take_looks();
        self.home.count(looks);
        self.held.release();
        true
    }

    /// Does what was left to the end and needs the locks.
    #[cold]
    fn conclude(&mut self) {
        if self.pending.get_mut().keeps_undo() {
            self.roll_back();
        }
        self.serve_waiters();
        self.settle_misses();
        if let Some(mut told) = self.pending.get_mut().take_told() {
            told.by = self.by;
            self.keyspace.observers.committed(&told);
            self.pending.get_mut().put_away(told);
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
