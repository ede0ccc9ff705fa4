//! Making room when `maxmemory` is reached.
//!
//! As in Redis, victims are chosen from samples: a few keys that lie together at a random place, of
//! which the one that the policy likes least goes. Room is made before a transaction
//! locks anything, so that a victim may be anywhere.

use std::sync::atomic::Ordering;

use super::Keyspace;
use super::access;
use super::entry::Entry;
use super::event::EVICTED;
use super::tx::Access;
use crate::clock::Millis;
use crate::config::EvictionPolicy;
use crate::error::{Error, Result};

/// Places looked at for one victim, before there seems to be none.
const PLACES: usize = 64;

/// A key that may go, and how much it deserves to: the most goes.
struct Victim {
    score: u64,
    db: u32,
    key: Box<[u8]>,
}

impl Keyspace {
    /// Makes room under `maxmemory`, if it is exceeded, by evicting keys as the policy says.
    /// O(stripes) if there is a limit, O(1) if there is none; no lock may be held.
    ///
    /// # Errors
    /// `OutOfMemory` if nothing may be evicted.
    #[inline]
    pub(crate) fn make_room(&self) -> Result<()> {
        match self.settings.maxmemory.load(Ordering::Relaxed) {
            0 => Ok(()),
            limit if self.used_memory() <= limit => Ok(()),
            limit => self.evict_down_to(limit),
        }
    }

    #[cold]
    fn evict_down_to(&self, limit: usize) -> Result<()> {
        let policy = self.settings.policy();
        if policy == EvictionPolicy::NoEviction {
            return Err(Error::OutOfMemory);
        }
        while self.used_memory() > limit {
            let victim = self.find_victim(policy).ok_or(Error::OutOfMemory)?;
            self.evict(&victim);
        }
        Ok(())
    }

    /// The worst key of a sample; `None` if the policy allows none of those looked at.
    fn find_victim(&self, policy: EvictionPolicy) -> Option<Victim> {
        let samples = self.settings.maxmemory_samples.load(Ordering::Relaxed).max(1);
        let now = self.clock.recent();
        let first = self.rng.below(self.stripes.len());
        let mut worst: Option<Victim> = None;
        for place in 0..PLACES.max(self.stripes.len()) {
            let data = self.lock_shared((first + place) % self.stripes.len());
            for (db, space) in data.spaces.iter().enumerate() {
                if policy.only_volatile() && space.volatile == 0 {
                    continue;
                }
                let db = db as u32;
                let below = |n| self.rng.below(n);
                space.table.sample_run(samples, below, |e| {
                    self.consider(policy, db, e, now, &mut worst);
                });
                // Among many that do not expire, those that do are found by what the segments
                // remember of their times.
                let count = space.table.segments();
                let first = below(count.max(1));
                for segment in (0..count).map(|i| (first + i) % count) {
                    if worst.is_some() {
                        break;
                    }
                    if space.table.summary(segment).0 < Millis::NEVER {
                        space.table.for_each_in(segment, |e| {
                            self.consider(policy, db, e, now, &mut worst);
                        });
                    }
                }
            }
            if worst.is_some() {
                break;
            }
        }
        worst
    }

    /// Makes an entry the victim if it may be and deserves it more than the one found before.
    fn consider(
        &self,
        policy: EvictionPolicy,
        db: u32,
        entry: &Entry,
        now: Millis,
        worst: &mut Option<Victim>,
    ) {
        if policy.only_volatile() && entry.expiry().is_none() {
            return;
        }
        let score = self.score(policy, entry, now);
        if worst.as_ref().is_none_or(|worst| score > worst.score) {
            *worst = Some(Victim { score, db, key: entry.key().into() });
        }
    }

    /// How much a key deserves to be evicted.
    fn score(&self, policy: EvictionPolicy, entry: &Entry, now: Millis) -> u64 {
        use EvictionPolicy::{AllKeysLfu, AllKeysLru, VolatileLfu, VolatileLru, VolatileTtl};
        match policy {
            AllKeysLru | VolatileLru => access::idle(entry.access(), now).as_secs(),
            AllKeysLfu | VolatileLfu => {
                u64::from(255 - access::frequency(entry.access(), &self.settings, now))
            }
            VolatileTtl => {
                u64::MAX - entry.expiry().map_or(u64::MAX, |at| at.0.max(0).unsigned_abs())
            }
            _ => self.rng.next(),
        }
    }

    fn evict(&self, victim: &Victim) {
        let key = self.key(&victim.key);
        let mut tx = self.begin_one(victim.db, key, Access::Exclusive);
        let evicted = tx.change(key, |slot| {
            // Somebody else may have removed it.
            if slot.entry().is_none() {
                return Ok(slot.unchanged(false));
            }
            slot.discard();
            Ok(slot.changed(true, &[EVICTED], |effect| effect.command(&[b"DEL", key.bytes])))
        });
        if evicted == Ok(true) {
            self.evicted.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::error::Error;
    use crate::{Config, Db, Engine, EvictionPolicy, ManualClock};

    const LIMIT: usize = 200_000;

    fn open(policy: EvictionPolicy) -> (Db, ManualClock) {
        let clock = ManualClock::new();
        let config = Config::new()
            .stripes(4)
            .seed(1)
            .clock(clock.clone())
            .maxmemory(LIMIT)
            .maxmemory_policy(policy);
        (Engine::open(config).expect("valid").db(0).expect("exists"), clock)
    }

    #[test]
    fn without_a_policy_what_grows_is_refused() {
        let (db, _clock) = open(EvictionPolicy::NoEviction);
        let error = (0..).find_map(|i| db.set(format!("k{i}"), [b'v'; 100]).err());
        assert_eq!(error, Some(Error::OutOfMemory));
        assert_eq!(db.append("k0", "more"), Err(Error::OutOfMemory));
        assert!(db.get("k0").expect("a string").is_some(), "reading goes on");
        assert!((0..100).all(|i| db.del(format!("k{i}"))), "and so does deleting");
        assert_eq!(db.set("k0", "v"), Ok(()));
    }

    #[test]
    fn memory_stays_under_the_limit() {
        for policy in EvictionPolicy::ALL.into_iter().filter(|p| *p != EvictionPolicy::NoEviction) {
            let (db, _clock) = open(policy);
            for i in 0..10_000 {
                db.set_ex(format!("k{i}"), Duration::from_secs(1000), [b'v'; 100])
                    .expect("room is made");
                assert!(db.engine().used_memory() < LIMIT + 5_000, "{policy:?}");
            }
            assert!(db.len() > 1_000, "{policy:?} keeps what fits: {}", db.len());
        }
    }

    #[test]
    fn keys_that_do_not_expire_stay_if_the_policy_says_so() {
        let (db, _clock) = open(EvictionPolicy::VolatileLru);
        (0..300).for_each(|i| db.set(format!("stays{i}"), [b'v'; 100]).expect("room"));
        (0..10_000).for_each(|i| {
            db.set_ex(format!("goes{i}"), Duration::from_secs(9), [b'v'; 100])
                .expect("room is made")
        });
        assert!((0..300).all(|i| db.exists(format!("stays{i}"))));
        let error = (300..).find_map(|i| db.set(format!("stays{i}"), [b'v'; 100]).err());
        assert_eq!(error, Some(Error::OutOfMemory), "once nothing is left that may go");
    }

    #[test]
    fn what_is_used_stays_longer_than_what_is_not() {
        for policy in [EvictionPolicy::AllKeysLru, EvictionPolicy::AllKeysLfu] {
            let (db, clock) = open(policy);
            let used = |i: usize| i.is_multiple_of(10);
            (0..1_000).for_each(|i| db.set(format!("k{i}"), [b'v'; 50]).expect("room"));
            for _ in 0..20 {
                clock.advance(Duration::from_secs(10));
                (0..1_000).filter(|i| used(*i)).for_each(|i| assert!(db.touch(format!("k{i}"))));
            }
            (0..2_000).for_each(|i| db.set(format!("new{i}"), [b'v'; 50]).expect("room is made"));
            let left = |which: &dyn Fn(usize) -> bool| {
                (0..1_000).filter(|i| which(*i) && db.exists(format!("k{i}"))).count()
            };
            let (kept, others) = (left(&used), left(&|i| !used(i)));
            assert!(
                kept > 75 && others < 500,
                "{policy:?}: {kept} of 100 used, {others} of 900 others"
            );
        }
    }

    #[test]
    fn the_soonest_to_expire_goes_first() {
        let (db, _clock) = open(EvictionPolicy::VolatileTtl);
        (0..1_000).for_each(|i| {
            db.set_ex(format!("k{i}"), Duration::from_secs(10 + i), [b'v'; 50]).expect("room")
        });
        (0..2_000).for_each(|i| {
            db.set_ex(format!("new{i}"), Duration::from_secs(100_000), [b'v'; 50])
                .expect("room is made")
        });
        let left = |from, to| (from..to).filter(|i| db.exists(format!("k{i}"))).count();
        assert!(
            left(800, 1_000) > 2 * left(0, 200),
            "{} late, {} soon",
            left(800, 1_000),
            left(0, 200)
        );
    }
}
