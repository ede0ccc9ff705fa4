//! Keys that are put together aside, and then take the place of all there are.

use std::sync::atomic::Ordering;

use super::Keyspace;
use super::change::tell;
use super::entry::Entry;
use super::event::FLUSHED_ALL;
use super::observer::wants;
use super::stripe::{Space, StripeData};
use super::tx::{Access, Tx};
use crate::sync::Mutex;

/// Keys that nobody sees yet.
pub(crate) struct Loading<'k> {
    keyspace: &'k Keyspace,
    /// By stripe.
    stripes: Vec<Mutex<StripeData>>,
    /// The engine's stamp before the first was made.
    stamp: u8,
}

impl<'k> Loading<'k> {
    pub(crate) fn new(keyspace: &'k Keyspace) -> Loading<'k> {
        let stripes = keyspace.stripes.iter().map(|_| Mutex::default()).collect();
        let stamp = keyspace.settings.stamp.load(Ordering::Relaxed);
        Loading { keyspace, stripes, stamp }
    }

    /// Makes room for keys of a database, which must be one, of which there will be so many.
    pub(crate) fn expect(&self, db: u32, keys: usize) {
        for stripe in &self.stripes {
            stripe.lock().space_mut(db).table.reserve(keys / self.stripes.len());
        }
    }

    /// Adds a key to a database, which must be one. Returns whether it is the first of its name.
    pub(crate) fn insert(&self, db: u32, entry: Entry) -> bool {
        let hash = self.keyspace.hash(entry.key());
        let mut stripe = self.stripes[self.keyspace.stripe_of(hash)].lock();
        stripe.space_mut(db).insert(hash, entry, self.keyspace).is_ok()
    }

    /// Adds keys, those of a stripe at a time. Returns the name of one that comes twice, if any does.
    pub(crate) fn insert_all(&self, entries: Vec<(u32, Entry)>) -> Option<Box<[u8]>> {
        let mut by_stripe: Vec<(usize, u64, u32, Entry)> = entries
            .into_iter()
            .map(|(db, entry)| {
                let hash = self.keyspace.hash(entry.key());
                (self.keyspace.stripe_of(hash), hash, db, entry)
            })
            .collect();
        by_stripe.sort_unstable_by_key(|(stripe, _, db, _)| (*stripe, *db));
        let mut rest = by_stripe.into_iter().peekable();
        let mut group = Vec::new();
        while let Some((stripe, hash, db, entry)) = rest.next() {
            group.push((hash, db, entry));
            if rest.peek().is_some_and(|next| next.0 == stripe) {
                continue;
            }
            let mut data = self.stripes[stripe].lock();
            for (hash, db, _) in &group {
                data.space_mut(*db).table.prefetch(*hash);
            }
            for (hash, db, entry) in group.drain(..) {
                if let Err(twice) = data.space_mut(db).insert(hash, entry, self.keyspace) {
                    return Some(twice.key().into());
                }
            }
        }
        None
    }

    /// Puts the keys in the place of all there are. O(stripes), locks everything for that long; watchers
    /// are marked of keys that were there or are now. If changes are recorded, `payload` spells each value.
    pub(crate) fn commit(self, payload: impl Fn(&Entry) -> Vec<u8>) {
        let mut tx = self.keyspace.begin_all(0, Access::Exclusive);
        self.commit_in(&mut tx, payload);
    }

    /// As [`commit`](Loading::commit), in a transaction that holds every stripe.
    pub(super) fn commit_in(self, tx: &mut Tx<'_>, payload: impl Fn(&Entry) -> Vec<u8>) {
        let keyspace = self.keyspace;
        let observers = &keyspace.observers;
        let records = observers.want(wants::RECORDS);
        if observers.want(wants::EVENTS | wants::RECORDS) {
            tell(tx.pending.get_mut().told(), observers, 0, b"", &[FLUSHED_ALL], |effect| {
                effect.command(&[b"FLUSHALL"]);
            });
        }
        tx.touch_everything();
        let stamp = keyspace.settings.stamp.load(Ordering::Relaxed);
        for (stripe, loaded) in self.stripes.into_iter().enumerate() {
            let loaded = loaded.into_inner();
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
                        tell(parts.pending.told(), observers, db, b"", &[], |effect| {
                            effect.restore(entry.key(), entry.expiry(), &value);
                        });
                    });
                }
                emptied.push(parts.exchange(db, stripe, space));
            }
            parts.publish(stripe);
            tx.pending.get_mut().emptied().extend(emptied);
        }
    }
}

impl Loading<'_> {
    /// Adds the keys to those that there are, in a transaction that holds every stripe. Returns the name of the
    /// first that was there before, unless such are to be `replaced`.
    pub(super) fn merge_in(self, tx: &mut Tx<'_>, replaced: bool) -> Option<Box<[u8]>> {
        let stripes = self.stripes.into_iter().map(Mutex::into_inner);
        let all = stripes.flat_map(|stripe| (0..).zip(stripe.spaces));
        for (db, mut space) in all {
            tx.select(db);
            for entry in space.drain() {
                let name: Box<[u8]> = entry.key().into();
                let key = tx.key(&name);
                let done = tx.change(key, |slot| {
                    if slot.entry().is_some() && !replaced {
                        return Ok(slot.unchanged(false));
                    }
                    slot.put(entry);
                    Ok(slot.changed(true, &[], |_| {}))
                });
                if !done.is_ok_and(|done| done) {
                    return Some(name);
                }
            }
        }
        None
    }
}

impl std::fmt::Debug for Loading<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Loading").field("stripes", &self.stripes.len()).finish_non_exhaustive()
    }
}
