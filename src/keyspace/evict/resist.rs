//! `allkeys-s3fifo`: a policy for caches that scans must not empty.
//!
//! Most keys of a cache are asked for once. LRU keeps each of them as long as one that is asked for all the
//! time; LFU, once it is full of what was popular, lets nothing new in. Here, as in S3-FIFO (Yang
//! et al. 2023), new keys pass a small queue first, and what falls out of it leaves a ghost; as in W-TinyLFU
//! (Einziger et al. 2017), one that was used stays only if it was used more than the one that has to
//! go for it; or else, as in LIRS (Jiang, Zhang 2002), if that one was not used for longer than the newcomer
//! had been away: twice as long, and twice or half of that where eras are long or short. A rare key comes back soon by
//! chance now and then, and the steadier the popular keys are the more of those that come back are such.
//!
//! ```text
//!            +------- newcomers: a queue -------+  used more, sooner   +------- the others -------+
//! new key -> | oldest ................... newest|  -----------------> | the worst of a few goes   |
//!            +----------------------------------+  than that worst    +---------------------------+
//!                  | else                                                |
//!                  +--------> ghosts: how often it was used, when last, and whether it was let in
//! ```
//!
//! What is known of a key lies in its access word, by the time that `age.rs` has.
//!
//! A key that comes back has the frequency that its ghost remembers. The request that brings a
//! key in does not count as a use: in a loop over more keys than fit, that keeps those that are in,
//! and not those that come next, which is the best that can be done.
//!
//! The queue takes one key in 64. Where nobody is used while in it, as in a loop, it is only a loss,
//! and shrinks.
//!
//! Beside the words there are the queue, twelve bytes for each of its keys, and the ghosts (`ghosts.rs`), seven
//! for eight keys: two bytes for each key together at the most.

use std::sync::atomic::Ordering::Relaxed;

use super::age::{ERA_AT, MOST, NEWCOMER, Newcomer, TICKS, frequency, pace, settled, unused};
use super::ghosts::Ghosts;
use super::pool::{Candidate, Pool};
use crate::config::EvictionPolicy;
use crate::ds::blocks::block_size;
use crate::keyspace::Keyspace;
use crate::keyspace::entry::Entry;
use crate::keyspace::stripe::Space;
use crate::rng::Rng;

/// How many of a newcomer's ticks its ghost has left out, on an average.
const COARSE: u32 = 7;
/// Evictions between two looks at the requests.
const LOOK: u64 = 32;
/// The cache counts as full when but so small a part of it is free.
const FULL: usize = 128;
const STAMP: u32 = 0xff << 24;

/// What this policy remembers of a database in a stripe.
#[derive(Debug, Default)]
pub(in crate::keyspace) struct Resist(Ghosts);

impl Resist {
    pub(in crate::keyspace) fn heap_size(&self) -> usize {
        block_size(size_of::<Resist>()) + self.0.heap_size()
    }
}

/// A key that is to go, with its name and access word, and the frequency to remember.
pub(super) struct Victim {
    pub(super) candidate: Candidate,
    key: Box<[u8]>,
    word: u32,
    frequency: u32,
}

impl Keyspace {
    /// Takes a key in that has just come to be, its stripe being locked.
    #[inline(never)]
    pub(in crate::keyspace) fn admit(
        &self,
        resist: &mut Option<Box<Resist>>,
        db: u32,
        hash: u64,
        entry: &Entry,
    ) {
        let limit = self.settings.maxmemory.load(Relaxed);
        let now = self.age.now();
        let ghost = resist.as_mut().and_then(|resist| resist.0.take(hash, now & TICKS));
        if let Some(ghost) = ghost {
            self.age.pace.came_back(ghost.let_in);
        }
        let frequency = ghost.map_or(0, |ghost| ghost.frequency);
        let mut word = settled(frequency, now);
        // While there is room for all nobody has to queue.
        if limit != 0 && self.account.used() > limit - limit / FULL {
            let mut newcomers = self.age.newcomers.lock();
            // Many may come at once; what is beyond the queue's end is no newcomer.
            if newcomers.len() <= 4 * self.age.room() + 64
                && let Some(newcomer) = Newcomer::new(hash, db, ghost)
            {
                if newcomers.len() == newcomers.capacity() {
                    let more = newcomers.len() / 16 + 8;
                    newcomers.reserve_exact(more);
                }
                newcomers.push_back(newcomer);
                word |= NEWCOMER;
            }
        }
        entry.set_access(entry.access() & STAMP | word);
    }

    /// Evicts one key: the newcomer at the end of the queue, or one that is worse than it. Returns
    /// whether there was one.
    pub(super) fn evict_least_useful(&self, rng: &Rng) -> bool {
        self.grow_older();
        loop {
            let mut newcomers = self.age.newcomers.lock();
            let many = newcomers.len() > self.age.room() + self.age.slack();
            let oldest =
                if newcomers.len() > self.age.room() { newcomers.pop_front() } else { None };
            drop(newcomers);
            let Some(newcomer) = oldest else {
                return self.evict_one(EvictionPolicy::AllKeysS3Fifo, rng);
            };
            match self.judge(newcomer, many, rng) {
                Judgement::Gone => continue,
                Judgement::Useless => {
                    if self.evict_known(newcomer.db(), newcomer.hash()) {
                        return true;
                    }
                }
                Judgement::Replaces => return true,
            }
        }
    }

    /// Decides about a newcomer at the end of the queue. One of `many`, who waited while there was room,
    /// stays without a trial.
    fn judge(&self, newcomer: Newcomer, many: bool, rng: &Rng) -> Judgement {
        let (hash, db) = (newcomer.hash(), newcomer.db());
        let now = self.age.now();
        let found = self.with_entry(db, hash, |entry| {
            let word = entry.access();
            if word & NEWCOMER != 0 && many {
                entry.set_access(word & !NEWCOMER);
            }
            word
        });
        // It may have gone by itself, and come back.
        let Some(word) = found.filter(|word| word & NEWCOMER != 0 && !many) else {
            return Judgement::Gone;
        };
        let uses = frequency(word, now);
        // One that was used while it was in the queue was hardly away.
        let used_since = uses > newcomer.frequency();
        self.age.note_left(used_since);
        if uses == 0 {
            return Judgement::Useless;
        }
        let away = if used_since { 0 } else { newcomer.away() };
        let long = (away << pace(now) >> 1) + COARSE;
        let better = |other: u32| uses > frequency(other, now) || unused(other, now) > long;
        if !self.evict_if(better, rng) {
            return Judgement::Useless;
        }
        self.age.replace();
        self.with_entry(db, hash, |entry| {
            let word = entry.access();
            let used = settled(frequency(word, now) + 1, now & !TICKS | word & TICKS);
            entry.set_access(word & STAMP | used);
        });
        Judgement::Replaces
    }

    /// Calls `look` with the entry of a hash, its stripe being shared: it may write the access word.
    fn with_entry<R>(&self, db: u32, hash: u64, look: impl FnOnce(&Entry) -> R) -> Option<R> {
        let data = self.lock_shared(self.stripe_of(hash));
        let is = |entry: &Entry| self.hash(entry.key()) == hash;
        data.space(db)?.table.find(hash, is).map(look)
    }

    /// Evicts the worst key that is no newcomer, of those of some stripe, if its word makes it worse.
    fn evict_if(&self, worse: impl Fn(u32) -> bool, rng: &Rng) -> bool {
        let (stripe, _) = self.pick_stripe(EvictionPolicy::AllKeysS3Fifo, rng);
        self.evict_by(stripe, EvictionPolicy::AllKeysS3Fifo, rng, |space| {
            space.fit_ghosts();
            space.with_pool(EvictionPolicy::AllKeysS3Fifo, |space, pool| {
                let worst = self.worst_of_others(space, pool, rng)?;
                if worse(worst.word) {
                    return Some(self.remember(&mut space.resist, worst));
                }
                pool.offer(worst.candidate);
                None
            })
        })
    }

    /// The name of the worst key that is no newcomer; of any if there are no others.
    pub(super) fn least_useful(&self, space: &mut Space, rng: &Rng) -> Option<Box<[u8]>> {
        space.fit_ghosts();
        space.with_pool(EvictionPolicy::AllKeysS3Fifo, |space, pool| {
            let worst = self.worst_of_others(space, pool, rng).or_else(|| {
                let entry = space.table.sample(|n| rng.below(n))?;
                Some(self.victim(self.hash(entry.key()), entry, 1))
            });
            worst.map(|victim| self.remember(&mut space.resist, victim))
        })
    }

    /// Evicts the key of a hash, if it is still there.
    fn evict_known(&self, db: u32, hash: u64) -> bool {
        let stripe = self.stripe_of(hash);
        self.evict_from(stripe, |data| {
            data.space(db)?;
            data.with_overhead(db as usize, |space| {
                space.fit_ghosts();
                let entry = space.table.find(hash, |entry| self.hash(entry.key()) == hash)?;
                let frequency = frequency(entry.access(), self.age.now()) + 1;
                let victim = self.victim(hash, entry, frequency);
                Some((db, self.remember(&mut space.resist, victim)))
            })
        })
    }

    /// The worst of some keys that are no newcomers.
    pub(super) fn worst_of_others(
        &self,
        space: &Space,
        pool: &mut Pool,
        rng: &Rng,
    ) -> Option<Victim> {
        let now = self.age.now();
        for entry in self.sample(space, EvictionPolicy::AllKeysS3Fifo, rng) {
            if entry.access() & NEWCOMER == 0 {
                pool.offer(candidate(entry.access(), self.hash(entry.key()), now));
            }
        }
        while let Some(known) = pool.take_worst() {
            let is = |entry: &Entry| self.hash(entry.key()) == known.hash;
            let found = space.table.find(known.hash, is);
            let Some(entry) = found.filter(|entry| entry.access() & NEWCOMER == 0) else {
                continue;
            };
            let again = candidate(entry.access(), known.hash, now);
            if again.score >= known.score {
                let frequency = frequency(entry.access(), now);
                return Some(self.victim(known.hash, entry, frequency));
            }
            pool.offer(again);
        }
        None
    }

    fn victim(&self, hash: u64, entry: &Entry, frequency: u32) -> Victim {
        let word = entry.access();
        let candidate = candidate(word, hash, self.age.now());
        Victim { candidate, key: entry.key().into(), word, frequency }
    }

    /// Leaves a ghost of a key that goes. Returns its name.
    fn remember(&self, resist: &mut Option<Box<Resist>>, victim: Victim) -> Box<[u8]> {
        let let_in = victim.word & NEWCOMER == 0;
        self.age.pace.went(let_in);
        if let Some(resist) = resist {
            resist.0.put(victim.candidate.hash, victim.frequency, victim.word & TICKS, let_in);
        }
        victim.key
    }

    /// Moves the policy's time on with the requests there were. O(stripes), now and then.
    fn grow_older(&self) {
        let evicted = self.evictions.keys.load(Relaxed);
        if evicted.is_multiple_of(LOOK) {
            let keys = self.stripes.iter().map(|stripe| stripe.keys.load(Relaxed)).sum();
            let hits = self.looks().hits;
            self.age.note(hits, hits + evicted, keys);
        }
    }
}

/// What becomes of a newcomer.
enum Judgement {
    /// It is no newcomer any longer.
    Gone,
    /// It goes.
    Useless,
    /// It stays, and another went.
    Replaces,
}

impl Space {
    /// Adapts the ghosts to the number of keys.
    fn fit_ghosts(&mut self) {
        // The queue takes the rest of two bytes a key.
        let keys = self.table.len() - self.table.len() / 8;
        self.resist.get_or_insert_default().0.fit(keys);
    }
}

/// A key that may go: the least frequent first, and of those the longest unused.
fn candidate(word: u32, hash: u64, now: u32) -> Candidate {
    let score = u64::from(MOST - frequency(word, now)) << ERA_AT | u64::from(unused(word, now));
    Candidate { score, hash }
}
