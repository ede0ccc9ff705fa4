//! Reclaiming keys whose time is over.
//!
//! A key past its time is absent to every reader at once; here its memory is given back. There is
//! no index of expiring keys. Each segment of a table (64 buckets, about 320 keys) keeps a
//! lower bound of its keys' times, and each stripe the lowest of those; upkeep visits the
//! segments that are due and nothing else, one segment under the lock at a time. A key that
//! expires costs no memory beyond the eight bytes of its time.
//!
//! A segment whose visit reclaimed little rests, three milliseconds for each key looked at in vain,
//! a second at most: what is past its time is then a small part of it, and upkeep stays cheap
//! however the times are spread.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::event::HEXPIRED;
use super::observer::wants;
use super::stripe::{DueFrom, Space};
use super::tx::{Access, Parts, Tx};
use super::{Key, Keyspace};
use crate::clock::{Millis, Stopwatch};
use crate::error::Result;
use crate::value::hash::Hash;

/// A visit that reclaims less than one key in this many is poor.
const POOR_YIELD: usize = 16;
/// How long a segment rests after a poor visit, in milliseconds: for each key that stays, and at most.
const REST_A_KEY: i64 = 3;
pub(super) const LONGEST_REST: i64 = 1000;

/// What a round of upkeep did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Reclaimed {
    /// Keys reclaimed.
    pub(crate) keys: usize,
    /// Whether the time was over before the work was.
    pub(crate) more: bool,
}

/// What rounds of upkeep took since the start, or since `CONFIG RESETSTAT`.
#[derive(Debug, Default)]
pub(crate) struct UpkeepTime {
    pub(crate) nanos: AtomicU64,
    /// Rounds whose time was over before the work was.
    pub(crate) cut_short: AtomicU64,
}

impl Keyspace {
    /// Reclaims expired keys for about `budget`, starting at stripe `from`; leaves in `from` where
    /// to go on. Each step locks one stripe for one segment: some ten microseconds.
    pub(crate) fn reclaim_expired(&self, from: &mut usize, budget: Duration) -> Reclaimed {
        let watch = Stopwatch::start();
        let done = self.reclaim_until(from, &watch, budget);
        let nanos = u64::try_from(watch.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.upkeep.nanos.fetch_add(nanos, Ordering::Relaxed);
        self.upkeep.cut_short.fetch_add(u64::from(done.more), Ordering::Relaxed);
        done
    }

    fn reclaim_until(&self, from: &mut usize, watch: &Stopwatch, budget: Duration) -> Reclaimed {
        let now = self.clock.now();
        let mut done = Reclaimed::default();
        if self.keeps_expired(now) {
            return done;
        }
        for step in 0..self.stripes.len() {
            let stripe = (*from + step) % self.stripes.len();
            while self.stripes[stripe].due.get() <= now {
                done.keys += self.reclaim_in(stripe);
                if watch.elapsed() >= budget {
                    *from = stripe;
                    done.more = true;
                    return done;
                }
            }
        }
        done
    }

    /// Reclaims those of some keys whose time is over: readers that met them hold their
    /// stripes shared, and leave it to this once they have let go.
    #[cold]
    pub(crate) fn reclaim_met(&self, db: u32, keys: &[Key<'_>]) -> Result<()> {
        if self.keeps_expired(self.clock.recent()) {
            return Ok(());
        }
        keys.iter().try_for_each(|key| {
            let mut tx = self.begin_one(db, *key, Access::Exclusive);
            tx.change(*key, |slot| Ok(slot.unchanged(())))
        })
    }

    /// Whether clients are paused: what is past its time is absent, and stays until they go on.
    fn keeps_expired(&self, now: Millis) -> bool {
        now.0 < self.settings.keep_expired_until.load(Ordering::Relaxed)
    }

    /// Visits one due segment of a stripe. Returns how many keys it reclaimed.
    fn reclaim_in(&self, stripe: usize) -> usize {
        let mut tx = self.begin_stripe(stripe, Access::Exclusive);
        let now = tx.now();
        let databases = tx.parts(stripe).expect("begun with this stripe").data.spaces.len();
        for db in 0..databases as u32 {
            tx.select(db);
            let mut parts = tx.parts(stripe).expect("begun with this stripe");
            if let Some(segment) = parts.space().due_segment(now) {
                let (keys, with_fields) = parts.reclaim_segment(stripe, segment, now);
                for key in with_fields {
                    tx.reclaim_fields(&key).expect("begun with this stripe");
                }
                tx.parts(stripe).expect("begun with this stripe").publish(stripe);
                return keys;
            }
        }
        // Nothing is due: the bound was loose.
        tx.parts(stripe).expect("begun with this stripe").publish(stripe);
        0
    }
}

impl Tx<'_> {
    /// Removes fields of a hash whose time is over: all of them, or some hundreds.
    fn reclaim_fields(&mut self, key: &[u8]) -> Result<()> {
        let (key, now) = (self.key(key), self.now());
        self.change(key, |slot| {
            let past = slot.edit::<Hash, _>(|hash| Ok(hash.reclaim(now)))?;
            if past.is_empty() {
                return Ok(slot.unchanged(()));
            }
            slot.count_expired_fields(past.len());
            Ok(slot.changed((), &[HEXPIRED], |effect| effect.expired_fields(key.bytes, &past)))
        })
    }
}

impl Space {
    /// A segment that may hold keys whose time is over, after the one visited last.
    fn due_segment(&self, now: Millis) -> Option<usize> {
        let count = self.table.segments();
        (0..count)
            .map(|i| (self.next_segment + i) % count)
            .find(|&i| self.table.summary(i).0 <= now)
    }

    /// No key of this space expires before this.
    fn due(&self) -> Millis {
        (0..self.table.segments()).map(|i| self.table.summary(i).0).min().unwrap_or(Millis::NEVER)
    }
}

impl Parts<'_, '_> {
    /// Reclaims the keys of a segment whose time is over. Returns how many, and the names of those with
    /// fields whose time is.
    fn reclaim_segment(
        &mut self,
        stripe: usize,
        segment: usize,
        now: Millis,
    ) -> (usize, Vec<Box<[u8]>>) {
        let (keyspace, db) = (self.keyspace, self.db);
        let pre_images = keyspace.observers.want(wants::PRE_IMAGES);
        let space = self.data.space_mut(db);
        let table_before = space.table.heap_size();
        let (mut due, mut kept, mut out) = (DueFrom::default(), 0, Vec::new());
        let (mut volatile, mut timed, mut with_fields) = (0, 0, Vec::new());
        space.table.extract(
            segment,
            keyspace,
            |entry| {
                let past = entry.may_be_past() && entry.is_past(now);
                if past {
                    volatile += usize::from(entry.expiry().is_some());
                    timed += usize::from(entry.is_timed());
                    if pre_images {
                        keyspace.observers.before(db, stripe, entry);
                    }
                    return true;
                }
                kept += 1;
                match entry.due() {
                    // Its bound is lowered again when its fields have been looked at.
                    Some(at) if at <= now => with_fields.push(entry.key().into()),
                    other => due = due.min(DueFrom(other.unwrap_or(Millis::NEVER))),
                }
                false
            },
            &mut out,
        );
        if out.len() * POOR_YIELD < kept && due.0 < Millis::NEVER {
            let rest = (kept as i64 * REST_A_KEY).min(LONGEST_REST);
            due = due.max(DueFrom(Millis(now.0.saturating_add(rest))));
        }
        space.table.set_summary(segment, due);
        space.next_segment = segment + 1;
        space.table.shrink(out.len());
        let gone: usize = out.iter().map(|entry| entry.heap_size()).sum();
        space.entry_bytes -= gone;
        space.volatile -= volatile;
        space.timed -= timed;
        let table_after = space.table.heap_size();
        self.data.bytes = self.data.bytes + table_after - table_before - gone;
        let count = out.len();
        for entry in out {
            self.announce_expired(&entry);
            keyspace.discard(entry);
        }
        (count, with_fields)
    }

    /// Shows the stripe's count of bytes and its due time to those without the lock.
    pub(super) fn publish(&mut self, stripe: usize) {
        let home = &self.keyspace.stripes[stripe];
        self.keyspace.account.settle(home, self.data.bytes);
        let keys = self.data.spaces.iter().map(|space| space.table.len()).sum();
        home.keys.store(keys, Ordering::Relaxed);
        home.due.set(self.data.spaces.iter().map(Space::due).min().unwrap_or(Millis::NEVER));
    }

    /// Removes one key whose time is over, met by a writer.
    pub(super) fn reclaim(&mut self, key: Key<'_>) {
        let (keyspace, db) = (self.keyspace, self.db);
        let space = self.data.space_mut(db);
        let table_before = space.table.heap_size();
        let crate::ds::table::Entry::Occupied(place) =
            space.table.entry(key.hash, |e| e.has_key(key.bytes))
        else {
            return;
        };
        if keyspace.observers.want(wants::PRE_IMAGES) {
            keyspace.observers.before(db, key.stripe, place.get());
        }
        let (entry, _) = place.remove();
        space.entry_bytes -= entry.heap_size();
        space.volatile -= usize::from(entry.expiry().is_some());
        space.timed -= usize::from(entry.is_timed());
        let table_after = space.table.heap_size();
        self.data.bytes = self.data.bytes + table_after - table_before - entry.heap_size();
        keyspace.stripes[key.stripe].count_keys(true, false);
        self.announce_expired(&entry);
        keyspace.discard(entry);
    }
}
