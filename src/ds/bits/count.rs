//! How many bits are set.
//!
//! One loop, written once and compiled three times: with the instruction of AVX-512 that counts the
//! bits of eight words, with AVX2 (where compilers look nibbles up in a register), and for any
//! processor. Which one runs is decided when it runs. On a long string each is bound by memory.
#![allow(unsafe_code)]

/// Below this many bytes, choosing costs more than it gains.
#[cfg(target_arch = "x86_64")]
const SHORT: usize = 64;

/// How many bits are set.
#[inline]
pub(crate) fn count(bytes: &[u8]) -> u64 {
    #[cfg(target_arch = "x86_64")]
    if bytes.len() >= SHORT {
        if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vpopcntdq") {
            // SAFETY: the processor has what the function is compiled for.
            return unsafe { count_avx512(bytes) };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has what the function is compiled for.
            return unsafe { count_avx2(bytes) };
        }
    }
    plain(bytes)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vpopcntdq")]
fn count_avx512(bytes: &[u8]) -> u64 {
    plain(bytes)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn count_avx2(bytes: &[u8]) -> u64 {
    plain(bytes)
}

#[inline(always)]
fn plain(bytes: &[u8]) -> u64 {
    // Enough lanes that no sum waits for the one before.
    const LANES: usize = 32;
    let (blocks, rest) = bytes.as_chunks::<{ LANES * 8 }>();
    let mut lanes = [0_u64; LANES];
    for block in blocks {
        let (words, _) = block.as_chunks::<8>();
        for (lane, word) in lanes.iter_mut().zip(words) {
            *lane += u64::from(u64::from_ne_bytes(*word).count_ones());
        }
    }
    let (words, rest) = rest.as_chunks::<8>();
    let words: u64 = words.iter().map(|w| u64::from(u64::from_ne_bytes(*w).count_ones())).sum();
    let bytes: u64 = rest.iter().map(|byte| u64::from(byte.count_ones())).sum();
    lanes.iter().sum::<u64>() + words + bytes
}

/// How many bits are set from bit `first` to bit `last`, both of them within the string.
pub(crate) fn count_in(bytes: &[u8], first: u64, last: u64) -> u64 {
    let place = |bit: u64| usize::try_from(bit / 8).unwrap_or(usize::MAX);
    let Some(part) = bytes.get(place(first)..=place(last)) else { return 0 };
    let (Some(head), Some(tail)) = (part.first(), part.last()) else { return 0 };
    let before = head & !(0xFF >> (first % 8));
    let behind = tail & !(0xFF_u8 << (7 - last % 8));
    count(part) - u64::from(before.count_ones()) - u64::from(behind.count_ones())
}
