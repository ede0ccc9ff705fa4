//! Keys that nearly had to go, kept from one eviction to the next.
//!
//! The worst of five keys is no very bad one; the worst of the five and of those that stood out
//! before is (Redis's eviction pool). Each database of a stripe has a pool of its own, so that a
//! victim is found and evicted under one lock. A key is known by its hash alone: keys that are gone,
//! or have been used meanwhile, are found out when their turn comes.

use crate::config::EvictionPolicy;

/// As many as in Redis.
const SIZE: usize = 16;

/// A key that may go, and how much it deserves to: the most goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) score: u64,
    pub(super) hash: u64,
}

/// Candidates of one database in one stripe.
#[derive(Debug)]
pub(in crate::keyspace) struct Pool {
    /// By what the scores were given.
    policy: EvictionPolicy,
    list: [Candidate; SIZE],
    len: usize,
}

impl Pool {
    pub(super) fn new(policy: EvictionPolicy) -> Pool {
        Pool { policy, list: [Candidate::default(); SIZE], len: 0 }
    }

    /// Forgets everything if the scores are those of another policy.
    pub(super) fn serve(&mut self, policy: EvictionPolicy) {
        if self.policy != policy {
            *self = Pool::new(policy);
        }
    }

    #[cfg(test)]
    fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether a candidate of this score would be taken.
    pub(super) fn wants(&self, score: u64) -> bool {
        self.len < SIZE || self.list.iter().any(|candidate| candidate.score < score)
    }

    /// Takes a candidate, for which the least one may have to give way.
    pub(super) fn offer(&mut self, candidate: Candidate) {
        if let Some(known) = self.list[..self.len].iter_mut().find(|c| c.hash == candidate.hash) {
            known.score = candidate.score;
        } else if self.len < SIZE {
            self.list[self.len] = candidate;
            self.len += 1;
        } else if let Some(least) = self.list.iter_mut().min_by_key(|c| c.score)
            && least.score < candidate.score
        {
            *least = candidate;
        }
    }

    /// Gives the candidate that deserves it most away; of several that do the one that has been known for
    /// longest, or else what has just come would always be the first to go.
    pub(super) fn take_worst(&mut self) -> Option<Candidate> {
        let worst = (0..self.len).rev().max_by_key(|&i| self.list[i].score)?;
        self.list[worst..self.len].rotate_left(1);
        self.len -= 1;
        Some(self.list[self.len])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_are_kept_and_given_in_their_order() {
        let mut pool = Pool::new(EvictionPolicy::AllKeysLru);
        for i in 0..1_000_u64 {
            let score = i.wrapping_mul(0x9E37_79B9_7F4A_7C15) % 1_009;
            assert!(pool.wants(score) || pool.len == SIZE);
            pool.offer(Candidate { score, hash: i });
            pool.offer(Candidate { score, hash: i });
        }
        let mut all: Vec<u64> =
            (0..1_000_u64).map(|i| i.wrapping_mul(0x9E37_79B9_7F4A_7C15) % 1_009).collect();
        all.sort_unstable_by(|a, b| b.cmp(a));
        for score in &all[..SIZE] {
            assert_eq!(pool.take_worst().map(|c| c.score), Some(*score));
        }
        assert!(pool.is_empty() && pool.take_worst().is_none());
    }

    #[test]
    fn of_equals_who_came_first_goes_first() {
        let mut pool = Pool::new(EvictionPolicy::AllKeysLru);
        for (hash, score) in [(1, 5), (2, 7), (3, 7), (4, 5), (5, 7)] {
            pool.offer(Candidate { score, hash });
        }
        let order: Vec<u64> = std::iter::from_fn(|| pool.take_worst().map(|c| c.hash)).collect();
        assert_eq!(order, [2, 3, 5, 1, 4]);
    }

    #[test]
    fn another_policy_starts_anew() {
        let mut pool = Pool::new(EvictionPolicy::AllKeysLru);
        pool.offer(Candidate { score: 1, hash: 1 });
        pool.serve(EvictionPolicy::AllKeysLru);
        assert!(!pool.is_empty());
        pool.serve(EvictionPolicy::AllKeysLfu);
        assert!(pool.is_empty());
    }
}
