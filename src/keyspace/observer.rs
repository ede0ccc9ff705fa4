//! Who is told about changes: the journal, events, client-side caches, snapshots, waiters.
//!
//! The keyspace knows nobody of these. Each registers as an [`Observer`], says what it wants, and
//! is called by the one door that all changes pass (`change.rs`). With nobody registered
//! a change costs one load of a flag.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use super::detached::Detached;
use super::entry::Entry;
use super::event::Event;
use super::record::Record;
use crate::sync::{LANES, RwLock, RwLockReadGuard, RwLockWriteGuard, lane};

/// What an observer wants to be told; combined with `|`.
pub(crate) mod wants {
    /// [`Observer::before`](super::Observer::before).
    pub(crate) const PRE_IMAGES: u8 = 1;
    /// `Committed::events`.
    pub(crate) const EVENTS: u8 = 2;
    /// `Committed::record`.
    pub(crate) const RECORDS: u8 = 4;
    /// Look-ups in vain, among `Committed::events`.
    pub(crate) const MISSES: u8 = 8;
    /// `Committed::touched`.
    pub(crate) const KEYS: u8 = 16;
    /// [`Observer::appeared`](super::Observer::appeared).
    pub(crate) const NEW_KEYS: u8 = 32;
}

/// A change to one key, as observers see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyEvent {
    pub(crate) db: u32,
    pub(crate) key: Box<[u8]>,
    pub(crate) event: Event,
}

/// What became of a key, for those who keep copies of what keys hold.
///
/// Whatever marks a watched key is one of these, so that none can be forgotten: both have one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Touch {
    /// Whoever the transaction is for changed it.
    Changed(Box<[u8]>),
    /// It is gone through nobody's doing: its time is over.
    Gone(Box<[u8]>),
    /// Whoever the transaction is for has read it, and wants to know what becomes of it from now on.
    Read(Box<[u8]>),
    /// All keys of a database may have changed.
    Everything,
}

/// All that one transaction did.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Committed {
    pub(crate) events: Vec<KeyEvent>,
    /// How many of them [`Observer::announce`] was told of already.
    pub(crate) announced: usize,
    pub(crate) record: Record,
    /// In the order in which it happened.
    pub(crate) touched: Vec<Touch>,
    /// The client that the transaction is for; 0 if it is for none.
    pub(crate) by: u64,
}

impl Committed {
    /// Has it hold nothing, and keep its memory if that is little.
    pub(crate) fn clear(&mut self) {
        const FEW: usize = 64;
        self.announced = 0;
        self.by = 0;
        self.record.clear();
        self.events.clear();
        self.events.shrink_to(FEW);
        self.touched.clear();
        self.touched.shrink_to(FEW);
    }
}

/// Somebody who follows changes. Called while the stripes concerned are locked: it must be quick,
/// must not wait, and must not use the keyspace.
pub(crate) trait Observer: Send + Sync {
    /// What to be told: bits of [`wants`].
    fn wants(&self) -> u8;
    /// `entry`, of a database and a stripe, is about to be changed or removed, and may yet turn out to stay
    /// as it is.
    fn before(&self, _db: u32, _stripe: usize, _entry: &Entry) {}
    /// A key that was not there is there now.
    fn appeared(&self, _db: u32, _stripe: usize, _key: &[u8]) {}
    /// All that a stripe held of a database was taken away at once, and is changed by nobody any more. For
    /// those who want pre-images.
    fn emptied(&self, _db: u32, _stripe: usize, _what: &Arc<Detached>) {}
    /// These events of a transaction took place, and it goes on; it is not one that is rolled back.
    fn announce(&self, _events: &[KeyEvent]) {}
    /// Two databases change places, every stripe being held.
    fn swapped(&self, _a: u32, _b: u32) {}
    /// A transaction took place. Calls about the same key come in the order of its changes.
    fn committed(&self, _what: &Committed) {}
}

/// How many threads may read the list of observers without a word to each other; one where the model checker would
/// try the orders of all.
const LISTS: usize = if cfg!(shuttle) { 1 } else { LANES };

type List = Vec<Arc<dyn Observer>>;

/// The registered observers.
#[derive(Default)]
pub(crate) struct Observers {
    /// What any of them wants.
    wants: AtomicU8,
    /// The same list in each. Who reads it locks that of its thread, and who changes it all of them: one lock that every
    /// write takes would pass from core to core.
    lanes: [Lane; LISTS],
}

#[derive(Default)]
#[repr(align(128))]
struct Lane(RwLock<List>);

impl Observers {
    /// Whether anybody wants one of these.
    #[inline(always)]
    pub(crate) fn want(&self, what: u8) -> bool {
        self.wants.load(Ordering::Acquire) & what != 0
    }

    /// Adds an observer. Who wants whole transactions has every stripe held meanwhile, so that none is
    /// told halfway.
    pub(crate) fn add(&self, observer: Arc<dyn Observer>) {
        let mut lists = self.lists();
        lists.iter_mut().for_each(|list| list.push(observer.clone()));
        self.refresh(&lists[0]);
    }

    /// Removes an observer.
    pub(crate) fn remove(&self, observer: &Arc<dyn Observer>) {
        let mut lists = self.lists();
        lists.iter_mut().for_each(|list| list.retain(|o| !Arc::ptr_eq(o, observer)));
        self.refresh(&lists[0]);
    }

    /// Asks all observers anew what they want.
    pub(crate) fn reconsider(&self) {
        self.refresh(&self.lists()[0]);
    }

    /// All lanes, in one order.
    fn lists(&self) -> Vec<RwLockWriteGuard<'_, List>> {
        self.lanes.iter().map(|lane| lane.0.write()).collect()
    }

    /// The list for this thread to read.
    #[inline]
    fn list(&self) -> RwLockReadGuard<'_, List> {
        self.lanes[lane() % LISTS].0.read()
    }

    fn refresh(&self, list: &[Arc<dyn Observer>]) {
        self.wants.store(list.iter().fold(0, |all, o| all | o.wants()), Ordering::Release);
    }

    pub(crate) fn before(&self, db: u32, stripe: usize, entry: &Entry) {
        self.each(wants::PRE_IMAGES, |o| o.before(db, stripe, entry));
    }

    #[cold]
    pub(crate) fn appeared(&self, db: u32, stripe: usize, key: &[u8]) {
        self.each(wants::NEW_KEYS, |o| o.appeared(db, stripe, key));
    }

    pub(crate) fn emptied(&self, db: u32, stripe: usize, what: &Arc<Detached>) {
        self.each(wants::PRE_IMAGES, |o| o.emptied(db, stripe, what));
    }

    /// Calls `tell` with those who want this.
    fn each(&self, what: u8, tell: impl FnMut(&Arc<dyn Observer>)) {
        self.list().iter().filter(|o| o.wants() & what != 0).for_each(tell);
    }

    /// Has observers told of what happened so far.
    pub(crate) fn announce(&self, what: &mut Committed) {
        let news = &what.events[what.announced..];
        if !news.is_empty() {
            self.list().iter().for_each(|o| o.announce(news));
            what.announced = what.events.len();
        }
    }

    pub(crate) fn swapped(&self, a: u32, b: u32) {
        self.list().iter().for_each(|o| o.swapped(a, b));
    }

    pub(crate) fn committed(&self, what: &Committed) {
        self.list().iter().for_each(|o| o.committed(what));
    }
}

impl std::fmt::Debug for Observers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Observers").field("wants", &self.wants).finish_non_exhaustive()
    }
}
