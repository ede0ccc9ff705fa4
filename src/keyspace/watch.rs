//! Keys that somebody watches (`WATCH`): a mark that any change to them sets.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Set once one of the keys that its owner watches has changed.
#[derive(Debug, Default)]
pub(crate) struct Watcher {
    changed: AtomicBool,
}

impl Watcher {
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "its users come with later families; the tests are the first")
    )]
    pub(crate) fn has_changed(&self) -> bool {
        self.changed.load(Ordering::Acquire)
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

    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "its users come with later families; the tests are the first")
    )]
    pub(crate) fn add(&mut self, db: u32, key: &[u8], watcher: &Arc<Watcher>) {
        self.keys.entry((db, key.into())).or_default().push(watcher.clone());
    }

    /// Forgets a watcher of a key, if it is one.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "its users come with later families; the tests are the first")
    )]
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
