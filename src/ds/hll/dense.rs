//! Registers of six bits side by side: register 0 in the lowest six bits of the first byte.
//!
//! Unpacking is shifting and masking of words, four at a time, which is done in one vector where
//! there is AVX2: as for counting bits, one loop is written and compiled twice.
#![allow(unsafe_code)]

use super::{Histogram, REGISTERS, Rank};

/// Four words with the ranks of eight registers each come from three words of registers.
const GROUP: usize = 24;

/// The rank in one register.
pub(super) fn get(registers: &[u8], at: usize) -> u8 {
    let (byte, shift) = (at * 6 / 8, at * 6 % 8);
    let next = registers.get(byte + 1).copied().unwrap_or(0);
    (u16::from_le_bytes([registers[byte], next]) >> shift) as u8 & 63
}

/// Writes one register.
pub(super) fn set(registers: &mut [u8], at: usize, rank: u8) {
    let (byte, shift) = (at * 6 / 8, at * 6 % 8);
    let next = registers.get(byte + 1).copied().unwrap_or(0);
    let word = u16::from_le_bytes([registers[byte], next]) & !(63 << shift);
    let [low, high] = (word | u16::from(rank & 63) << shift).to_le_bytes();
    registers[byte] = low;
    if let Some(next) = registers.get_mut(byte + 1) {
        *next = high;
    }
}

/// Raises one register; true if it was lower.
pub(super) fn raise(registers: &mut [u8], rank: Rank) -> bool {
    let lower = get(registers, rank.register) < rank.rank;
    if lower {
        set(registers, rank.register, rank.rank);
    }
    lower
}

/// The ranks of 32 registers, eight in each word, the first in its lowest byte.
#[inline(always)]
fn unpack(group: &[u8; GROUP]) -> [u64; 4] {
    let (words, _) = group.as_chunks::<8>();
    let [a, b, c] = [0, 1, 2].map(|i| u64::from_le_bytes(words[i]));
    [a, a >> 48 | b << 16, b >> 32 | c << 32, c >> 16].map(spread)
}

/// Gives each of eight neighbouring six-bit numbers a byte of its own, in three steps of halving.
#[inline(always)]
fn spread(word: u64) -> u64 {
    let word = word & 0x0000_0000_00FF_FFFF | (word & 0x0000_FFFF_FF00_0000) << 8;
    let word = word & 0x0000_0FFF_0000_0FFF | (word & 0x00FF_F000_00FF_F000) << 4;
    word & 0x003F_003F_003F_003F | (word & 0x0FC0_0FC0_0FC0_0FC0) << 2
}

/// What [`spread`] undoes.
#[inline(always)]
fn gather(word: u64) -> u64 {
    let word = word & 0x003F_003F_003F_003F | (word & 0x3F00_3F00_3F00_3F00) >> 2;
    let word = word & 0x0000_0FFF_0000_0FFF | (word & 0x0FFF_0000_0FFF_0000) >> 4;
    word & 0x0000_0000_00FF_FFFF | (word & 0x00FF_FFFF_0000_0000) >> 8
}

/// How many registers hold each rank.
pub(super) fn histogram(registers: &[u8]) -> Histogram {
    let (groups, _) = registers.as_chunks::<GROUP>();
    count_ranks(groups.iter().flat_map(unpack).map(u64::to_le_bytes))
}

/// How often each rank is there.
pub(super) fn count_ranks(ranks: impl Iterator<Item = [u8; 8]>) -> Histogram {
    // Neighbours often have the same rank: with a count each, none waits for the other.
    let mut counts = [[0_u32; 64]; 8];
    ranks.for_each(|ranks| {
        for (counts, rank) in counts.iter_mut().zip(ranks) {
            counts[usize::from(rank & 63)] += 1;
        }
    });
    std::array::from_fn(|rank| counts.iter().map(|counts| counts[rank]).sum())
}

/// Raises `max` to the registers where these are higher.
pub(super) fn max_into(max: &mut [u8; REGISTERS], registers: &[u8]) {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has what the function is compiled for.
        return unsafe { max_into_avx2(max, registers) };
    }
    max_into_plain(max, registers);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn max_into_avx2(max: &mut [u8; REGISTERS], registers: &[u8]) {
    max_into_plain(max, registers);
}

#[inline(always)]
fn max_into_plain(max: &mut [u8; REGISTERS], registers: &[u8]) {
    let (groups, _) = registers.as_chunks::<GROUP>();
    let (targets, _) = max.as_chunks_mut::<32>();
    for (group, max) in groups.iter().zip(targets) {
        let mut ranks = [0; 32];
        let (words, _) = ranks.as_chunks_mut::<8>();
        for (ranks, word) in words.iter_mut().zip(unpack(group)) {
            *ranks = word.to_le_bytes();
        }
        for (max, rank) in max.iter_mut().zip(ranks) {
            *max = rank.max(*max);
        }
    }
}

/// Writes all registers.
pub(super) fn pack(registers: &mut [u8], ranks: &[u8; REGISTERS]) {
    let (groups, _) = registers.as_chunks_mut::<6>();
    let (ranks, _) = ranks.as_chunks::<8>();
    for (group, ranks) in groups.iter_mut().zip(ranks) {
        let word = gather(u64::from_le_bytes(*ranks)).to_le_bytes();
        group.copy_from_slice(&word[..6]);
    }
}
