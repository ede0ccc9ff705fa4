//! Which key of a database goes.

use smallvec::SmallVec;

use super::Look;
use super::pool::{Candidate, Pool};
use crate::clock::{Millis, Seconds};
use crate::config::EvictionPolicy;
use crate::keyspace::entry::Entry;
use crate::keyspace::stripe::Space;
use crate::keyspace::{Keyspace, access};
use crate::rng::Rng;

/// Keys that are passed, at most, in search of those that expire.
const PASSED: usize = 256;

impl Keyspace {
    /// The name of the key that goes, of a space of which one may.
    pub(super) fn find_victim(
        &self,
        space: &mut Space,
        policy: EvictionPolicy,
        look: Look,
        rng: &Rng,
    ) -> Option<Box<[u8]>> {
        if policy.is_random() {
            return self.any(space, policy, rng);
        }
        if policy == EvictionPolicy::AllKeysS3Fifo {
            return self.least_useful(space, rng);
        }
        // Of another policy.
        space.resist = None;
        space.with_pool(policy, |space, pool| {
            self.worst(space, pool, policy, look, rng).map(|(_, entry)| entry.key().into())
        })
    }

    /// How much the key that would go of a space deserves it.
    pub(super) fn worst_score(
        &self,
        space: &mut Space,
        policy: EvictionPolicy,
        look: Look,
        rng: &Rng,
    ) -> Option<u64> {
        space.with_pool(policy, |space, pool| {
            let worst = match policy {
                EvictionPolicy::AllKeysS3Fifo => self.worst_of_others(space, pool, rng)?.candidate,
                _ => self.worst(space, pool, policy, look, rng)?.0,
            };
            pool.offer(worst);
            Some(worst.score)
        })
    }

    /// One key that may go, as likely as any other of those.
    fn any(&self, space: &Space, policy: EvictionPolicy, rng: &Rng) -> Option<Box<[u8]>> {
        if !policy.only_volatile() {
            return space.table.sample(|n| rng.below(n)).map(|entry| entry.key().into());
        }
        let sample = self.sample(space, policy, rng);
        sample.get(rng.below(sample.len().max(1))).map(|entry| entry.key().into())
    }

    /// The worst of a few and of the pool; or of the pool alone.
    fn worst<'s>(
        &self,
        space: &'s Space,
        pool: &mut Pool,
        policy: EvictionPolicy,
        look: Look,
        rng: &Rng,
    ) -> Option<(Candidate, &'s Entry)> {
        let now = self.clock.second();
        if look == Look::Known
            && let Some(found) = self.worst_known(space, pool, policy, now)
        {
            return Some(found);
        }
        for entry in self.sample(space, policy, rng) {
            let score = self.score(policy, entry, now);
            if pool.wants(score) {
                pool.offer(Candidate { score, hash: self.hash(entry.key()) });
            }
        }
        self.worst_known(space, pool, policy, now)
    }

    /// The worst of the pool.
    fn worst_known<'s>(
        &self,
        space: &'s Space,
        pool: &mut Pool,
        policy: EvictionPolicy,
        now: Seconds,
    ) -> Option<(Candidate, &'s Entry)> {
        while let Some(candidate) = pool.take_worst() {
            let is = |entry: &Entry| self.hash(entry.key()) == candidate.hash;
            let Some(entry) = space.table.find(candidate.hash, is) else { continue };
            if policy.only_volatile() && entry.expiry().is_none() {
                continue;
            }
            let score = self.score(policy, entry, now);
            if score >= candidate.score {
                return Some((candidate, entry));
            }
            // It has been used since, and is weighed anew.
            pool.offer(Candidate { score, ..candidate });
        }
        None
    }

    /// Some keys that may go, as many as `maxmemory-samples` says and what lies with them.
    pub(super) fn sample<'s>(
        &self,
        space: &'s Space,
        policy: EvictionPolicy,
        rng: &Rng,
    ) -> SmallVec<[&'s Entry; 16]> {
        let wanted = self.settings.samples();
        let mut found = SmallVec::new();
        let (table, volatile) = (&space.table, policy.only_volatile());
        // Keys that do not expire have to be passed.
        let rare = if volatile { table.len().div_ceil(space.volatile.max(1)) } else { 1 };
        let passed = wanted.saturating_mul(rare).clamp(wanted, PASSED.max(wanted));
        let mut run = SmallVec::<[&Entry; 16]>::new();
        table.sample_run(
            passed,
            |n| rng.below(n),
            |entry| {
                entry.prefetch();
                run.push(entry);
            },
        );
        found.extend(run.into_iter().filter(|e| !volatile || e.expiry().is_some()));
        // Of equals the first is taken: that must not always be who stands first in a bucket.
        let many = found.len();
        found.rotate_left(rng.below(many.max(1)));
        if volatile && found.is_empty() {
            // Among many that do not expire, those that do are found by what the segments remember
            // of their times.
            let count = table.segments();
            let first = rng.below(count.max(1));
            for segment in (0..count).map(|i| (first + i) % count) {
                if found.is_empty() && table.summary(segment).0 < Millis::NEVER {
                    table.for_each_in(segment, |entry| {
                        if entry.expiry().is_some() {
                            found.push(entry);
                        }
                    });
                }
            }
        }
        found
    }

    /// How much a key deserves to be evicted.
    fn score(&self, policy: EvictionPolicy, entry: &Entry, now: Seconds) -> u64 {
        if policy.goes_by_idle_time() {
            access::idle(entry.access(), now).as_secs()
        } else if policy.goes_by_frequency() {
            u64::from(255 - access::lfu_counter(entry.access(), &self.settings, now))
        } else {
            u64::MAX - entry.expiry().map_or(u64::MAX, |at| at.0.max(0).unsigned_abs())
        }
    }
}

impl Space {
    /// Calls `work` with the space and its pool, emptied if it was another policy's.
    pub(super) fn with_pool<R>(
        &mut self,
        policy: EvictionPolicy,
        work: impl FnOnce(&mut Space, &mut Pool) -> R,
    ) -> R {
        let mut pool = self.pool.take().unwrap_or_else(|| Box::new(Pool::new(policy)));
        pool.serve(policy);
        let result = work(self, &mut pool);
        self.pool = Some(pool);
        result
    }
}
