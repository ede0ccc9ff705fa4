//! Keys that are put together aside, and then take the place of all there are.

use std::sync::atomic::Ordering;

use super::Keyspace;
use super::change::tell;
use super::entry::Entry;
use super::event::FLUSHED_ALL;
use super::observer::wants;
use super::stripe::{DueFrom, Space, StripeData};
use super::tx::Access;
use crate::clock::Millis;
use crate::ds::table;

/// Keys that nobody sees yet.
pub(crate) struct Loading<'k> {
    keyspace: &'k Keyspace,
    /// By stripe.
    stripes: Vec<StripeData>,
}

impl<'k> Loading<'k> {
    pub(crate) fn new(keyspace: &'k Keyspace) -> Loading<'k> {
        let stripes = keyspace.stripes.iter().map(|_| StripeData::default()).collect();
        Loading { keyspace, stripes }
    }

    /// Adds a key to a database, which must be one. Returns whether it is the first of its name.
    pub(crate) fn insert(&mut self, db: u32, entry: Entry) -> bool {
        let hash = self.keyspace.hash(entry.key());
        let space = self.stripes[self.keyspace.stripe_of(hash)].space_mut(db);
        let place = match space.table.entry(hash, |other| other.key() == entry.key()) {
            table::Entry::Occupied(_) => return false,
            table::Entry::Vacant(place) => place,
        };
        space.entry_bytes += entry.heap_size();
        space.volatile += usize::from(entry.expiry().is_some());
        space.timed += usize::from(entry.is_timed());
        let due = entry.due();
        let mut place = place.insert(entry, self.keyspace);
        if let Some(at) = due {
            let bound = place.summary_mut();
            *bound = (*bound).min(DueFrom(at));
        }
        true
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
        for (stripe, mut loaded) in self.stripes.into_iter().enumerate() {
            let mut parts = tx.parts(stripe).expect("every stripe is held");
            let databases = parts.data.spaces.len().max(loaded.spaces.len()) as u32;
            if observers.want(wants::PRE_IMAGES) {
                for (db, space) in parts.data.spaces.iter().enumerate() {
                    space.table.for_each(|entry| observers.before(db as u32, entry));
                }
            }
            (0..databases).for_each(|db| parts.mark_watched(db));
            std::mem::swap(&mut parts.data.spaces, &mut loaded.spaces);
            (0..databases).for_each(|db| {
                parts.mark_watched(db);
                parts.note_all(db);
            });
            parts.data.bytes = parts.data.spaces.capacity() * size_of::<Space>()
                + parts
                    .data
                    .spaces
                    .iter()
                    .map(|space| space.entry_bytes + space.overhead())
                    .sum::<usize>();
            parts.publish(stripe);
            let stamp = keyspace.settings.stamp.load(Ordering::Relaxed);
            for (db, space) in parts.data.spaces.iter().enumerate() {
                // Those that were made while a cut began bear the stamp of before.
                space.table.for_each(|entry| {
                    entry.set_stamp(stamp);
                    if records {
                        let at = entry.expiry().unwrap_or(Millis(0)).0.to_string();
                        let value = payload(entry);
                        tell(parts.told, observers, db as u32, b"", &[], |effect| {
                            effect.command(&[
                                b"RESTORE",
                                entry.key(),
                                at.as_bytes(),
                                &value,
                                b"REPLACE",
                                b"ABSTTL",
                            ]);
                        });
                    }
                });
            }
            tx.emptied.extend(loaded.spaces);
        }
    }
}

impl std::fmt::Debug for Loading<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Loading").field("stripes", &self.stripes.len()).finish_non_exhaustive()
    }
}
