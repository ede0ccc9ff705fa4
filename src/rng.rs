//! The engine's one source of chance.

use std::fmt;
use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};

/// A generator that threads share without a lock: SplitMix64 (Steele, Lea, Flood 2014) over an
/// atomic counter. Which thread gets which number depends on their order; with one thread
/// and a fixed seed the numbers are always the same.
#[derive(Debug)]
pub(crate) struct Rng {
    state: AtomicU64,
}

const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

impl Rng {
    pub(crate) fn new(seed: u64) -> Rng {
        Rng { state: AtomicU64::new(seed) }
    }

    /// A number out of all of `u64`.
    pub(crate) fn next(&self) -> u64 {
        let mut z = self.state.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A hasher that whoever does not know the seed cannot foretell.
    pub(crate) fn hasher(&self) -> ahash::RandomState {
        ahash::RandomState::with_seeds(self.next(), self.next(), self.next(), self.next())
    }

    /// A number below `bound`, which is at least 1 (Lemire 2019, without the rejection: the bias
    /// is below 2^-32 for any bound that fits memory).
    pub(crate) fn below(&self, bound: usize) -> usize {
        debug_assert!(bound > 0);
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }
}

/// How the members of big sets and the fields of big hashes are hashed: each table keeps the hasher it
/// was made with.
#[derive(Clone)]
pub(crate) struct FieldHasher(ahash::RandomState);

impl FieldHasher {
    /// A hasher that whoever does not know these numbers cannot foretell.
    pub(crate) fn new(keys: [u64; 4]) -> FieldHasher {
        let [a, b, c, d] = keys;
        FieldHasher(ahash::RandomState::with_seeds(a, b, c, d))
    }

    #[inline(always)]
    pub(crate) fn hash(&self, field: &[u8]) -> u64 {
        let mut hasher = self.0.build_hasher();
        hasher.write(field);
        hasher.finish()
    }
}

impl BuildHasher for FieldHasher {
    type Hasher = ahash::AHasher;

    fn build_hasher(&self) -> ahash::AHasher {
        self.0.build_hasher()
    }
}

impl fmt::Debug for FieldHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FieldHasher")
    }
}

#[cfg(test)]
mod tests {
    use super::Rng;

    #[test]
    fn a_seed_decides_every_number() {
        let (a, b, c) = (Rng::new(1), Rng::new(1), Rng::new(2));
        let numbers = |r: &Rng| (0..100).map(|_| r.next()).collect::<Vec<_>>();
        let first = numbers(&a);
        assert_eq!(first, numbers(&b));
        assert_ne!(first, numbers(&c));
    }

    #[test]
    fn below_stays_below_and_reaches_everything() {
        let rng = Rng::new(7);
        let mut seen = [false; 10];
        (0..1000).for_each(|_| seen[rng.below(10)] = true);
        assert_eq!(seen, [true; 10]);
        assert_eq!(rng.below(1), 0);
    }
}
