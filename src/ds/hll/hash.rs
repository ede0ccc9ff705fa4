//! The hash that Redis's sketches are made with, and what of it a sketch keeps.

use super::P;

/// Where an element goes: the register, and the rank that it must have at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rank {
    pub(super) register: usize,
    /// 1 to 51.
    pub(super) rank: u8,
}

impl Rank {
    pub(crate) fn of(element: &[u8]) -> Rank {
        let hash = murmur(element, 0xadc8_3b19);
        let register = (hash & ((1 << P) - 1)) as usize;
        // A one bit above the rest, so that there is a lowest.
        let rest = hash >> P | 1 << (64 - P);
        Rank { register, rank: rest.trailing_zeros() as u8 + 1 }
    }
}

/// MurmurHash64A (Austin Appleby, public domain), reading words as little-endian everywhere.
fn murmur(bytes: &[u8], seed: u64) -> u64 {
    const M: u64 = 0xc6a4_a793_5bd1_e995;
    const R: u32 = 47;
    let mut hash = seed ^ (bytes.len() as u64).wrapping_mul(M);
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        let mut k = u64::from_le_bytes(*word).wrapping_mul(M);
        k = (k ^ k >> R).wrapping_mul(M);
        hash = (hash ^ k).wrapping_mul(M);
    }
    if !rest.is_empty() {
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        hash = (hash ^ u64::from_le_bytes(last)).wrapping_mul(M);
    }
    hash = (hash ^ hash >> R).wrapping_mul(M);
    hash ^ hash >> R
}
