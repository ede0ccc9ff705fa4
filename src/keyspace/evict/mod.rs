//! Making room when `maxmemory` is reached.
//!
//! Room is made before a transaction locks anything, so that a victim may be anywhere; one stripe
//! is locked at a time, and for one victim. As in Redis a victim is the worst of a few keys looked at,
//! and of those that were nearly bad enough before (`pool.rs`); `resist.rs` has the policy that
//! Redis has not.
//!
//! A call works for a bounded time (`maxmemory-eviction-tenacity`): a limit that is lowered by far
//! takes effect over many calls, and over the rounds of upkeep, and stalls nobody.

pub(super) mod age;
mod ghosts;
mod pace;
mod place;
mod pool;
mod resist;
mod score;

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use super::Keyspace;
use super::event::EVICTED;
use super::stripe::{Space, StripeData};
use super::tx::Access;
use crate::clock::{Clock, Millis, Stopwatch};
use crate::config::EvictionPolicy;
use crate::error::{Error, Result};
use crate::rng::Rng;
pub(crate) use age::Age;
use place::Look;
pub(super) use pool::Pool;
pub(super) use resist::Resist;

/// Victims between two looks at the time.
const VICTIMS_A_LOOK: u64 = 8;
/// Victims of one call while the limit is hardly exceeded: the account finds many keys at once that have come, which need
/// not all be paid for by who happens to call then.
const VICTIMS_A_CALL: u64 = 16;
/// By such a part of the limit it is hardly exceeded: twice as much as the account may be off.
const HARDLY: usize = 256;

/// What came of making room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Made {
    /// The limit is kept.
    Room,
    /// It is not, but the time is over.
    Some,
    /// It is not, and nothing may be evicted.
    Nothing,
}

/// What eviction tells of itself.
#[derive(Debug, Default)]
pub(crate) struct Evictions {
    /// Keys evicted because there was no room.
    pub(crate) keys: AtomicU64,
    /// Since when the limit is exceeded and could not be kept, in microseconds since 1970; 0 if it is kept.
    exceeded_since: AtomicI64,
    /// Microseconds for which it was, before.
    exceeded: AtomicI64,
    /// Until when nothing is evicted, in milliseconds since 1970 (`CLIENT PAUSE`).
    paused_until: AtomicI64,
}

impl Evictions {
    /// For how long the limit was exceeded, and is at present.
    pub(crate) fn exceeded(&self, clock: &Clock) -> (Duration, Duration) {
        let since = self.exceeded_since.load(Relaxed);
        let present = if since == 0 { 0 } else { clock.micros() - since };
        let micros = |n: i64| Duration::from_micros(n.max(0).unsigned_abs());
        (micros(self.exceeded.load(Relaxed) + present), micros(present))
    }

    /// Has nothing evicted, and nobody refused, until a time in milliseconds since 1970.
    pub(crate) fn pause_until(&self, millis: i64) {
        self.paused_until.store(millis, Relaxed);
    }

    /// Until when clients are paused.
    pub(crate) fn paused_until(&self) -> Millis {
        Millis(self.paused_until.load(Relaxed))
    }

    /// Starts the counts again (`CONFIG RESETSTAT`).
    pub(super) fn reset(&self) {
        self.keys.store(0, Relaxed);
        self.exceeded.store(0, Relaxed);
        self.exceeded_since.store(0, Relaxed);
    }

    fn note(&self, made: Made, clock: &Clock) {
        let since = self.exceeded_since.load(Relaxed);
        if made == Made::Room {
            if since != 0 && self.exceeded_since.swap(0, Relaxed) == since {
                self.exceeded.fetch_add(clock.micros() - since, Relaxed);
            }
        } else if since == 0 {
            self.exceeded_since.store(clock.micros(), Relaxed);
        }
    }
}

/// For how long a call may evict. With a clock that is set by hand a victim counts as a microsecond, so
/// that a run is the same each time.
struct Budget {
    watch: Option<Stopwatch>,
    allowed: Duration,
    victims: u64,
}

impl Budget {
    fn new(clock: &Clock, allowed: Duration) -> Budget {
        let watch = (!clock.is_manual()).then(Stopwatch::start);
        Budget { watch, allowed, victims: 0 }
    }

    /// Counts a victim. Returns whether the time is over.
    fn is_spent(&mut self) -> bool {
        self.victims += 1;
        self.victims.is_multiple_of(VICTIMS_A_LOOK)
            && self.allowed
                <= match &self.watch {
                    Some(watch) => watch.elapsed(),
                    None => Duration::from_micros(self.victims),
                }
    }
}

/// How long a call may evict, by `maxmemory-eviction-tenacity`: Redis's own scale.
fn allowed(tenacity: u32) -> Duration {
    match tenacity {
        0..=10 => Duration::from_micros(50 * u64::from(tenacity)),
        11..=99 => Duration::from_micros(500).mul_f64(1.15_f64.powi(tenacity as i32 - 10)),
        _ => Duration::MAX,
    }
}

impl Keyspace {
    /// Makes room under `maxmemory`, if it is exceeded, by evicting keys as the policy says, for a bounded
    /// time. O(1) if it is not exceeded; no lock may be held.
    ///
    /// # Errors
    /// `OutOfMemory` if nothing may be evicted.
    #[inline]
    pub(crate) fn make_room(&self) -> Result<()> {
        if self.has_room() {
            return Ok(());
        }
        let allowed = allowed(self.settings.tenacity.load(Relaxed));
        match self.evict(self.settings.maxmemory.load(Relaxed), allowed, VICTIMS_A_CALL) {
            Made::Room | Made::Some => Ok(()),
            Made::Nothing => Err(Error::OutOfMemory),
        }
    }

    /// Whether `maxmemory` is not exceeded, and was not when a call last looked.
    #[inline]
    pub(crate) fn has_room(&self) -> bool {
        match self.settings.maxmemory.load(Relaxed) {
            0 => true,
            limit => {
                self.account.used() <= limit && self.evictions.exceeded_since.load(Relaxed) == 0
            }
        }
    }

    /// As [`make_room`](Keyspace::make_room), for about `budget`: what upkeep does, so that a limit that
    /// was lowered takes effect even if nobody writes. Returns how many keys it evicted, and what came of it.
    pub(crate) fn make_room_for(&self, budget: Duration) -> (u64, Made) {
        let before = self.evictions.keys.load(Relaxed);
        let made = match self.settings.maxmemory.load(Relaxed) {
            0 => Made::Room,
            limit => self.evict(limit, budget, u64::MAX),
        };
        (self.evictions.keys.load(Relaxed).saturating_sub(before), made)
    }

    /// Evicts for a bounded time; no more than `enough` keys if the limit is hardly exceeded then.
    #[cold]
    fn evict(&self, limit: usize, allowed: Duration, enough: u64) -> Made {
        let made = self.evict_until(limit, allowed, enough);
        self.evictions.note(made, &self.clock);
        made
    }

    fn evict_until(&self, limit: usize, allowed: Duration, enough: u64) -> Made {
        let policy = self.settings.policy();
        if policy == EvictionPolicy::NoEviction {
            // Who is refused must know it exactly.
            return if self.used_memory() <= limit { Made::Room } else { Made::Nothing };
        }
        if self.account.used() <= limit {
            return Made::Room;
        }
        if self.clock.now().0 < self.evictions.paused_until.load(Relaxed) {
            return Made::Some;
        }
        let rng = Rng::new(self.rng.next());
        let mut budget = Budget::new(&self.clock, allowed);
        while self.account.used() > limit {
            if budget.victims >= enough && self.account.used() <= limit + limit / HARDLY {
                break;
            }
            let found = match policy {
                EvictionPolicy::AllKeysS3Fifo => self.evict_least_useful(&rng),
                _ => self.evict_one(policy, &rng),
            };
            if !found {
                return if self.used_memory() <= limit { Made::Room } else { Made::Nothing };
            }
            if budget.is_spent() {
                return if self.account.used() <= limit { Made::Room } else { Made::Some };
            }
        }
        Made::Room
    }

    /// Evicts one key. Returns whether there was one that may be.
    fn evict_one(&self, policy: EvictionPolicy, rng: &Rng) -> bool {
        let (first, look) = self.pick_stripe(policy, rng);
        if self.evict_in(first, policy, look, rng) {
            return true;
        }
        // Few stripes have a key that may go: look for one without keeping others out.
        let count = self.stripes.len();
        let others = (1..count).map(|i| (first + i) % count);
        others.into_iter().any(|stripe| {
            let may = self.stripes[stripe].keys.load(Relaxed) > 0
                && self.lock_shared(stripe).spaces.iter().any(|space| may_go(policy, space) > 0);
            may && self.evict_in(stripe, policy, Look::Fresh, rng)
        })
    }

    /// Evicts one key of a stripe. Returns whether there was one that may be.
    fn evict_in(&self, stripe: usize, policy: EvictionPolicy, look: Look, rng: &Rng) -> bool {
        self.evict_by(stripe, policy, rng, |space| self.find_victim(space, policy, look, rng))
    }

    /// Evicts the key of a stripe whose name `pick` gives, out of a database of those that have some that
    /// may go. Returns whether it gave one.
    fn evict_by(
        &self,
        stripe: usize,
        policy: EvictionPolicy,
        rng: &Rng,
        pick: impl FnOnce(&mut Space) -> Option<Box<[u8]>>,
    ) -> bool {
        self.evict_from(stripe, |data| {
            let total: usize = data.spaces.iter().map(|space| may_go(policy, space)).sum();
            if total == 0 {
                return None;
            }
            let mut place = rng.below(total);
            let db = data.spaces.iter().position(|space| {
                let here = may_go(policy, space);
                let found = place < here;
                place = place.saturating_sub(here);
                found
            })?;
            Some((db as u32, data.with_overhead(db, pick)?))
        })
    }

    /// Evicts the key that `choose` gives, by its database and name. Returns whether it gave one.
    fn evict_from(
        &self,
        stripe: usize,
        choose: impl FnOnce(&mut StripeData) -> Option<(u32, Box<[u8]>)>,
    ) -> bool {
        let mut tx = self.begin_stripe(stripe, Access::Exclusive);
        let parts = tx.parts(stripe).expect("begun with this stripe");
        let Some((db, key)) = choose(parts.data) else { return false };
        tx.select(db);
        let key = self.key(&key);
        let evicted = tx.change(key, |slot| {
            // Its time may be over: then it is gone already.
            if slot.entry().is_none() {
                return Ok(slot.unchanged(false));
            }
            slot.discard();
            Ok(slot.changed(true, &[EVICTED], |effect| effect.command(&[b"DEL", key.bytes])))
        });
        if evicted == Ok(true) {
            self.evictions.keys.fetch_add(1, Relaxed);
        }
        drop(tx);
        self.account.report_of(&self.stripes[stripe]);
        true
    }
}

impl StripeData {
    /// Calls `work` with a space, and counts what it allocates beside the entries.
    fn with_overhead<R>(&mut self, db: usize, work: impl FnOnce(&mut Space) -> R) -> R {
        let space = &mut self.spaces[db];
        let before = space.overhead();
        let result = work(space);
        self.bytes = self.bytes + space.overhead() - before;
        result
    }
}

/// How many keys of a space may be evicted.
fn may_go(policy: EvictionPolicy, space: &Space) -> usize {
    if policy.only_volatile() { space.volatile } else { space.table.len() }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering::Relaxed;
    use std::time::Duration;

    use super::VICTIMS_A_CALL;
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
    fn no_call_pays_for_all_that_the_account_finds_at_once() {
        let limit = 4 << 20;
        let config = Config::new().stripes(64).seed(1).clock(ManualClock::new()).maxmemory(limit);
        for policy in [EvictionPolicy::AllKeysLru, EvictionPolicy::AllKeysS3Fifo] {
            let config = config.clone().maxmemory_policy(policy);
            let db = Engine::open(config).expect("valid").db(0).expect("exists");
            let evicted = || db.engine().keyspace().evictions.keys.load(Relaxed);
            // Tables grow by pages, and `allkeys-s3fifo` needs room for what it remembers: that is paid for at once.
            let mut many = 0;
            for i in 0..100_000 {
                let before = evicted();
                db.set(format!("k{i}"), [b'v'; 50]).expect("room is made");
                many += usize::from(evicted() - before > VICTIMS_A_CALL);
            }
            assert!(evicted() > 40_000 && many < 100, "{policy:?}: {many} of {}", evicted());
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
