//! Keys that are put together aside, and then take the place of all there are.

use std::sync::atomic::Ordering;

use super::Keyspace;
use super::change::tell;
use super::entry::Entry;
use super::event::FLUSHED_ALL;
use super::observer::wants;
use super::stripe::{Space, StripeData};
use super::tx::Access;

/// Keys that nobody sees yet.
pub(crate) struct Loading<'k> {
    keyspace: &'k Keyspace,
    /// By stripe.
    stripes: Vec<StripeData>,
    /// The engine's stamp before the first was made.
    stamp: u8,
}

impl<'k> Loading<'k> {
    pub(crate) fn new(keyspace: &'k Keyspace) -> Loading<'k> {
        let stripes = keyspace.stripes.iter().map(|_| StripeData::default()).collect();
        let stamp = keyspace.settings.stamp.load(Ordering::Relaxed);
        Loading { keyspace, stripes, stamp }
    }

    /// Adds a key to a database, which must be one. Returns whether it is the first of its name.
    pub(crate) fn insert(&mut self, db: u32, entry: Entry) -> bool {
        let hash = self.keyspace.hash(entry.key());
        let space = self.stripes[self.keyspace.stripe_of(hash)].space_mut(db);
        space.insert(hash, entry, self.keyspace)
    }

    /// Puts the keys in the place of all there are. O(stripes), locks everything for that long; watchers
    /// are marked of keys that were there or are now. If changes are recorded, `payload` spells each value.
    pub(crate) fn commit(self, payload: impl Fn(&Entry) -> Vec<u8>) {
        let keyspace = self.keyspace;
        let mut tx = keyspace.begin_all(0, Access::Exclusive);
        let observers = &keyspace.observers;
        let records = observers.want(wants::RECORDS);
        if observers.want(wants::EVENTS | wants::RECORDS) {
            tell(&mut tx.told, observers, 0, b"", &[FLUSHED_ALL], |effect| {
                effect.command(&[b"FLUSHALL"]);
            });
        }
        tx.touch_everything();
        let stamp = keyspace.settings.stamp.load(Ordering::Relaxed);
        for (stripe, loaded) in self.stripes.into_iter().enumerate() {
            let mut parts = tx.parts(stripe).expect("every stripe is held");
            let databases = parts.data.spaces.len().max(loaded.spaces.len());
            let empty = std::iter::repeat_with(Space::default);
            let mut emptied = Vec::new();
            for (db, space) in (0..).zip(loaded.spaces.into_iter().chain(empty).take(databases)) {
                if stamp != self.stamp {
                    // They were made before a cut began, and are of after it.
                    space.table.for_each(|entry| entry.set_stamp(stamp));
                }
                if records {
                    space.table.for_each(|entry| {
                        let value = payload(entry);
                        tell(parts.told, observers, db, b"", &[], |effect| {
                            effect.restore(entry.key(), entry.expiry(), &value);
                        });
                    });
                }
                emptied.push(parts.exchange(db, stripe, space));
            }
            parts.publish(stripe);
            tx.emptied.extend(emptied);
        }
    }
}

impl std::fmt::Debug for Loading<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Loading").field("stripes", &self.stripes.len()).finish_non_exhaustive()
    }
}
