//! Keys that somebody watches (`WATCH`): a mark that any change to them sets.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::tx::{Access, Tx};
use super::{Key, Keyspace};
use crate::error::Result;
use crate::sync::Mutex;

/// Set once one of the keys that its owner watches has changed.
#[derive(Debug, Default)]
pub(crate) struct Watcher {
    changed: AtomicBool,
}

impl Watcher {
    pub(crate) fn has_changed(&self) -> bool {
        self.changed.load(Ordering::Acquire)
    }

    /// Forgets what has changed; its owner watches no key.
    pub(crate) fn reset(&self) {
        self.changed.store(false, Ordering::Release);
    }
}

/// The keys that one owner watches.
#[derive(Debug, Default)]
pub(crate) struct Watched {
    watcher: Arc<Watcher>,
    keys: Vec<WatchedKey>,
    /// Bytes of their names.
    names: usize,
}

#[derive(Debug)]
struct WatchedKey {
    db: u32,
    key: Box<[u8]>,
    /// Whether it was there when it came to be watched.
    was_there: bool,
}

impl Watched {
    /// No keys yet; `watcher` is marked when one changes.
    pub(crate) fn new(watcher: Arc<Watcher>) -> Watched {
        Watched { watcher, keys: Vec::new(), names: 0 }
    }

    /// Watches a key of the transaction's database, whose stripe it holds exclusively.
    pub(crate) fn add(&mut self, tx: &mut Tx<'_>, key: Key<'_>) -> Result<()> {
        let db = tx.db();
        if self.keys.iter().any(|watched| watched.db == db && *watched.key == *key.bytes) {
            return Ok(());
        }
        let was_there = tx.watch(key, &self.watcher)?;
        self.keys.push(WatchedKey { db, key: key.bytes.into(), was_there });
        self.names += key.bytes.len();
        Ok(())
    }

    /// How many keys there are.
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// About what they take, here and at their stripes. O(1).
    pub(crate) fn heap_size(&self) -> usize {
        2 * (self.keys.len() * size_of::<WatchedKey>() + self.names)
    }

    /// The keys, hashed.
    pub(crate) fn keys(&self, keyspace: &Keyspace) -> Vec<Key<'_>> {
        self.keys.iter().map(|watched| keyspace.key(&watched.key)).collect()
    }

    /// Whether one of the keys has changed, be it that its time is over; `tx` holds them.
    pub(crate) fn has_changed(&self, tx: &mut Tx<'_>) -> Result<bool> {
        let mut changed = self.watcher.has_changed();
        let db = tx.db();
        for watched in self.keys.iter().filter(|watched| watched.was_there) {
            tx.select(watched.db);
            changed |= tx.peek(tx.key(&watched.key))?.is_none();
        }
        tx.select(db);
        Ok(changed)
    }

    /// Forgets all keys; `tx` holds them.
    pub(crate) fn clear_in(&mut self, tx: &mut Tx<'_>) -> Result<()> {
        self.names = 0;
        for WatchedKey { db, key, .. } in std::mem::take(&mut self.keys) {
            tx.unwatch(db, tx.key(&key), &self.watcher)?;
        }
        self.watcher.reset();
        Ok(())
    }

    /// Forgets all keys; no stripe is held, but perhaps by a transaction that this thread is inside of:
    /// when that ends, the stripes forget the watcher.
    pub(crate) fn clear(&mut self, keyspace: &Keyspace) {
        let keys = std::mem::take(&mut self.keys);
        self.names = 0;
        if !keys.is_empty() && keyspace.is_inside() {
            let watcher = std::mem::take(&mut self.watcher);
            let places = keys.into_iter().map(|key| ((key.db, key.key), watcher.clone()));
            keyspace.unwatch_later.list.lock().extend(places);
            return keyspace.unwatch_later.any.store(true, Ordering::Release);
        }
        for WatchedKey { db, key, .. } in keys {
            keyspace.unwatch(db, &key, &self.watcher);
        }
        self.watcher.reset();
    }
}

/// A key of a database.
type Place = (u32, Box<[u8]>);

/// Watchers that stripes are to forget as soon as this can be done.
#[derive(Debug, Default)]
pub(super) struct UnwatchLater {
    /// Whether there may be any.
    any: AtomicBool,
    list: Mutex<Vec<(Place, Arc<Watcher>)>>,
}

/// The watched keys of one stripe. A key is watched whether it exists or not.
#[derive(Debug, Default)]
pub(crate) struct WatchSet {
    keys: HashMap<Place, Vec<Arc<Watcher>>>,
}

impl WatchSet {
    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    pub(crate) fn add(&mut self, db: u32, key: &[u8], watcher: &Arc<Watcher>) {
        self.keys.entry((db, key.into())).or_default().push(watcher.clone());
    }

    /// Forgets a watcher of a key, if it is one.
    pub(crate) fn remove(&mut self, db: u32, key: &[u8], watcher: &Arc<Watcher>) {
        let place = (db, Box::from(key));
        if let Some(list) = self.keys.get_mut(&place) {
            list.retain(|w| !Arc::ptr_eq(w, watcher));
            if list.is_empty() {
                self.keys.remove(&place);
            }
        }
    }

    /// Marks the watchers of a key that has changed.
    pub(crate) fn touch(&self, db: u32, key: &[u8]) {
        if let Some(list) = self.keys.get(&(db, Box::from(key))) {
            list.iter().for_each(|w| w.changed.store(true, Ordering::Release));
        }
    }

    /// The watched keys of a database.
    pub(crate) fn keys(&self, db: u32) -> impl Iterator<Item = &[u8]> {
        self.keys.keys().filter(move |(d, _)| *d == db).map(|(_, key)| &**key)
    }
}

impl Tx<'_> {
    /// Marks `watcher` when the key, whose stripe is held exclusively, changes from now on. Returns
    /// whether the key is there.
    pub(crate) fn watch(&mut self, key: Key<'_>, watcher: &Arc<Watcher>) -> Result<bool> {
        // A key past its time is reclaimed first: that is no change to come.
        let is_there = self.change(key, |slot| Ok(slot.unchanged(slot.entry().is_some())))?;
        let db = self.db();
        self.parts(key.stripe)?.data.watch.add(db, key.bytes, watcher);
        Ok(is_there)
    }

    /// Ends what [`watch`](Tx::watch) began.
    pub(crate) fn unwatch(&mut self, db: u32, key: Key<'_>, watcher: &Arc<Watcher>) -> Result<()> {
        let parts = self.parts(key.stripe)?;
        parts.data.watch.remove(db, key.bytes, watcher);
        Ok(())
    }
}

#[cfg(test)]
impl Keyspace {
    /// How many watchers the stripes know of, one counted for each of its keys.
    pub(crate) fn watchers(&self) -> usize {
        let of = |set: &WatchSet| set.keys.values().map(Vec::len).sum::<usize>();
        self.stripes.iter().map(|stripe| of(&stripe.data.read().watch)).sum()
    }
}

impl Keyspace {
    /// Ends what could not be ended while stripes were held.
    pub(super) fn unwatch_now(&self) {
        let any = &self.unwatch_later.any;
        if any.load(Ordering::Acquire) && any.swap(false, Ordering::AcqRel) {
            let list = std::mem::take(&mut *self.unwatch_later.list.lock());
            for ((db, key), watcher) in list {
                self.unwatch(db, &key, &watcher);
            }
        }
    }

    /// As [`Tx::unwatch`], for one who holds no stripe.
    pub(super) fn unwatch(&self, db: u32, key: &[u8], watcher: &Arc<Watcher>) {
        let key = self.key(key);
        let mut tx = self.begin_one(db, key, Access::Exclusive);
        tx.unwatch(db, key, watcher).expect("the stripe is held exclusively");
    }
}
