//! Keys that somebody watches (`WATCH`): a mark that any change to them sets.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::tx::{Access, Tx};
use super::{Key, Keyspace};
use crate::error::Result;

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

/// A key of a database.
type Place = (u32, Box<[u8]>);

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
        self.parts(self.keyspace.stripe_of(key.hash))?.data.watch.add(db, key.bytes, watcher);
        Ok(is_there)
    }

    /// Ends what [`watch`](Tx::watch) began.
    pub(crate) fn unwatch(&mut self, db: u32, key: Key<'_>, watcher: &Arc<Watcher>) -> Result<()> {
        let parts = self.parts(self.keyspace.stripe_of(key.hash))?;
        parts.data.watch.remove(db, key.bytes, watcher);
        Ok(())
    }
}

impl Keyspace {
    /// As [`Tx::unwatch`], for one who holds no stripe.
    pub(crate) fn unwatch(&self, db: u32, key: &[u8], watcher: &Arc<Watcher>) {
        let key = self.key(key);
        let mut tx = self.begin_one(db, key, Access::Exclusive);
        tx.unwatch(db, key, watcher).expect("the stripe is held exclusively");
    }
}
