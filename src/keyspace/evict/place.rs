//! In which stripe a victim is looked for.
//!
//! The worst of many keys is a bad one; the worst of the few keys that a stripe of a small cache holds need not be.
//! Several stripes are looked at then, and the one whose worst key is the worst has to give it.
//!
//! For LFU keys are sampled in few of them: for each key that comes about as many are looked at as in Redis. Were
//! they sampled in all, it would be nearly exact, which serves it badly: hardly any new key would live until it is
//! used again, and what was popular once would stay for ever.

use std::sync::atomic::Ordering::Relaxed;

use super::may_go;
use crate::config::EvictionPolicy;
use crate::keyspace::Keyspace;
use crate::keyspace::tx::Access;
use crate::rng::Rng;

/// Keys are sampled in more than one stripe until those have so many, for LFU and for the other policies, ...
const AMONG_FEW: usize = 64;
const AMONG: usize = 256;
/// ... and in no more stripes than this.
const MOST_STRIPES: usize = 16;
/// Stripes that are looked at for LFU, at least, if they have no more keys than this.
const KNOWN_STRIPES: usize = 3;
const FEW: usize = 256;

/// Where in a stripe a victim is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// Among a few keys at a random place, and those known from before.
    Fresh,
    /// Among those known from before; at a random place only if there are none.
    Known,
}

impl Keyspace {
    /// A stripe to evict from, and where in it to look: any stripe, if they hold many keys; else that of several
    /// whose worst key is the worst, since the worst of a few keys is no bad one.
    pub(super) fn pick_stripe(&self, policy: EvictionPolicy, rng: &Rng) -> (usize, Look) {
        let first = self.any_stripe(rng);
        let here = self.stripes[first].keys.load(Relaxed).max(1);
        let counts = policy.goes_by_frequency();
        let among = if counts { AMONG_FEW } else { AMONG };
        let fresh = (among / here).clamp(1, MOST_STRIPES);
        let looks = if counts && here <= FEW { fresh.max(KNOWN_STRIPES) } else { fresh };
        let looks = looks.min(self.stripes.len());
        if looks == 1 || policy.is_random() {
            return (first, Look::Fresh);
        }
        let mut worst = (self.worst_in(first, policy, Look::Fresh, rng), first);
        for number in 1..looks {
            let stripe = self.any_stripe(rng);
            let look = if number < fresh { Look::Fresh } else { Look::Known };
            let here = self.worst_in(stripe, policy, look, rng);
            if here > worst.0 {
                worst = (here, stripe);
            }
        }
        (worst.1, if counts { Look::Known } else { Look::Fresh })
    }

    /// How much the key that would go of a stripe deserves it.
    fn worst_in(
        &self,
        stripe: usize,
        policy: EvictionPolicy,
        look: Look,
        rng: &Rng,
    ) -> Option<u64> {
        let mut tx = self.begin_stripe(stripe, Access::Exclusive);
        let data = tx.parts(stripe).ok()?.data;
        let databases = 0..data.spaces.len();
        databases
            .filter_map(|db| {
                (may_go(policy, &data.spaces[db]) > 0)
                    .then(|| {
                        data.with_overhead(db, |space| self.worst_score(space, policy, look, rng))
                    })
                    .flatten()
            })
            .max()
    }

    /// A stripe, such that all keys are as likely to be in it.
    fn any_stripe(&self, rng: &Rng) -> usize {
        let [a, b] = [(); 2].map(|()| rng.below(self.stripes.len()));
        let [in_a, in_b] = [a, b].map(|stripe| self.stripes[stripe].keys.load(Relaxed));
        if rng.below((in_a + in_b).max(1)) < in_a { a } else { b }
    }
}
