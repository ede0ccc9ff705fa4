//! LZF, in which long strings are compressed.
//!
//! ```text
//! 000LLLLL                            the next L + 1 bytes as they are
//! LLLooooo oooooooo                   L + 2 bytes (L = 1 to 6) from o + 1 bytes back
//! 111ooooo LLLLLLLL oooooooo          L + 9 bytes from o + 1 bytes back
//! ```
//!
//! The format and the way of finding matches are those of Marc Lehmann's LibLZF (BSD), with the settings
//! of Valkey's `lzfP.h`: what comes out is what Redis writes, to the byte. There is no crate to rely
//! on: `lzf` is deprecated by its author.

use std::ops::Range;

/// Bits of a hash.
const HASH_BITS: u32 = 16;
/// The most bytes that are given as they are by one head.
const LITERALS: usize = 1 << 5;
/// Matches lie less than so many bytes back.
const WINDOW: usize = 1 << 13;
/// The most bytes that one match gives.
const LONGEST: usize = (1 << 8) + (1 << 3);

/// Bytes of room behind the most that may be written, so that a few may be too many while it is being written.
const SLACK: usize = 64;

/// What three bytes of a match become at the best: no input can say that it is more.
pub(super) const RATIO: usize = LONGEST.div_ceil(3);

/// Strings of so many bytes at most are looked at first, whether three bytes of them come twice. Where they do not, as in
/// most that are short, nothing can be compressed, and a table that stays in the nearest cache has told so.
const SHORT: usize = 64;
/// Bits of a hash in that table.
const SHORT_BITS: u32 = 13;

/// Where three bytes were seen last, by their hash. Kept from one string to the next: places count on, so that
/// those of earlier strings are known to be such. Nothing is allocated before there is something to compress.
#[derive(Default)]
pub(super) struct Compressor {
    seen: Box<[u32]>,
    /// Places of earlier strings are below.
    base: u32,
    /// By hash, the number of the last short string that had such three bytes.
    short: Box<[u16]>,
    /// The number of the last short string.
    shorts: u16,
}

impl Compressor {
    /// Adds the compressed form of `input` to `out`, and returns true, if it is by four bytes shorter at
    /// least; else leaves `out` as it is.
    pub(super) fn compress(&mut self, input: &[u8], out: &mut Vec<u8>) -> bool {
        let Ok(len) = u32::try_from(input.len()) else { return false };
        let Some(limit) = input.len().checked_sub(4).filter(|limit| *limit > 0) else {
            return false;
        };
        if input.len() <= SHORT && !self.may_repeat(input) {
            return false;
        }
        if self.seen.is_empty() {
            self.seen = vec![0; 1 << HASH_BITS].into();
        }
        if self.base.checked_add(len).is_none() {
            self.seen.fill(0);
            self.base = 0;
        }
        let from = out.len();
        out.resize(from + limit + SLACK, 0);
        let size = self.run(input, &mut out[from..], limit);
        self.base += len;
        out.truncate(from + size.unwrap_or(0));
        size.is_some()
    }

    /// Whether three bytes of a short string may come twice; if not, they do not.
    fn may_repeat(&mut self, input: &[u8]) -> bool {
        if self.short.is_empty() {
            self.short = vec![0; 1 << SHORT_BITS].into();
        }
        self.shorts = self.shorts.wrapping_add(1);
        if self.shorts == 0 {
            self.short.fill(0);
            self.shorts = 1;
        }
        let mut repeats = false;
        for three in input.windows(3) {
            let three = u32::from_le_bytes([three[0], three[1], three[2], 0]);
            let slot =
                &mut self.short[(three.wrapping_mul(0x9E37_79B1) >> (32 - SHORT_BITS)) as usize];
            // No early end: what a processor cannot guess costs more than a few bytes in vain.
            repeats |= *slot == self.shorts;
            *slot = self.shorts;
        }
        repeats
    }

    /// How many bytes were written to `out`; `None` if that would be more than `end`. `out` is a little longer.
    fn run(&mut self, input: &[u8], out: &mut [u8], end: usize) -> Option<usize> {
        let (len, base) = (input.len(), self.base);
        let seen = self.seen.first_chunk_mut::<{ 1 << HASH_BITS }>().expect("made before");
        // What lies between `from` and `at` is to be given as it is, once it is known how much that is.
        let (mut at, mut from, mut put) = (0, 0, 0);
        while at + 2 < len {
            let stop = from + most_literals(end.saturating_sub(put + 1));
            let places = at..stop.min(len - 2).max(at);
            let found =
                input[at..places.end + 2].windows(3).zip(places).find_map(|(three, place)| {
                    let slot = &mut seen[hash(three)];
                    // A place is that of the byte behind, so that 0 is none, as is the string's first byte to LibLZF.
                    let found = (*slot).checked_sub(base).map_or(0, |place| place as usize);
                    *slot = base + place as u32;
                    let is_match = found > 0
                        && place - found - 1 < WINDOW
                        && input[found..found + 3] == *three;
                    is_match.then_some((found, place))
                });
            let Some((found, place)) = found else {
                if stop < len - 2 {
                    return None;
                }
                at = len - 2;
                break;
            };
            at = place;
            let literals = at - from;
            if put + literals + literals.div_ceil(LITERALS) + 3 + 1 >= end {
                return None;
            }
            put = add_literals(input, from..at, out, put);
            let back = at - found - 1;
            // LibLZF leaves the last two bytes out, but where it compares many at a time.
            let most = match (len - at - 2).min(LONGEST) {
                few @ ..=16 => few.max(3),
                many => many.max(19),
            };
            let length = 3 + alike(&input[found + 3..], &input[at + 3..], most - 3);
            let code = length - 2;
            if code < 7 {
                out[put] = (back >> 8) as u8 + ((code as u8) << 5);
                out[put + 1] = back as u8;
                put += 2;
            } else {
                out[put] = (back >> 8) as u8 + (7 << 5);
                out[put + 1] = (code - 7) as u8;
                out[put + 2] = back as u8;
                put += 3;
            }
            at += length;
            from = at;
            if at + 2 >= len {
                break;
            }
            // The last two places within the match are remembered, and no others.
            for place in [at - 2, at - 1] {
                seen[hash(&input[place..])] = base + place as u32;
            }
        }
        let literals = at - from;
        if put + 1 + literals + literals / LITERALS + 3 > end {
            return None;
        }
        Some(add_literals(input, from..len, out, put))
    }
}

/// How many literals there are when they and their heads, the next one among them, take `room` bytes besides the first.
fn most_literals(room: usize) -> usize {
    LITERALS * (room / (LITERALS + 1)) + room % (LITERALS + 1)
}

/// Writes bytes of the input as they are, from `put` on. Returns where they end.
#[inline]
fn add_literals(input: &[u8], range: Range<usize>, out: &mut [u8], mut put: usize) -> usize {
    let mut at = range.start;
    while at < range.end {
        let size = (range.end - at).min(LITERALS);
        out[put] = (size - 1) as u8;
        put += 1;
        // A few too many are quicker than a call that copies just as many.
        match (input[at..].first_chunk::<16>(), out[put..].first_chunk_mut::<16>()) {
            (Some(bytes), Some(room)) if size <= 16 => *room = *bytes,
            _ => out[put..put + size].copy_from_slice(&input[at..at + size]),
        }
        put += size;
        at += size;
    }
    put
}

/// How many bytes at the starts of both are the same, `most` at most; both have as many.
#[inline]
fn alike(a: &[u8], b: &[u8], most: usize) -> usize {
    let mut same = 0;
    while same < most {
        let (Some(x), Some(y)) = (a[same..].first_chunk::<8>(), b[same..].first_chunk::<8>())
        else {
            let pairs = a[same..].iter().zip(&b[same..most]);
            return same + pairs.take_while(|(a, b)| a == b).count();
        };
        let differ = u64::from_le_bytes(*x) ^ u64::from_le_bytes(*y);
        if differ != 0 {
            return most.min(same + differ.trailing_zeros() as usize / 8);
        }
        same += 8;
    }
    most
}

fn hash(bytes: &[u8]) -> usize {
    let three = u32::from(bytes[0]) << 16 | u32::from(bytes[1]) << 8 | u32::from(bytes[2]);
    ((three >> (24 - HASH_BITS)).wrapping_sub(three.wrapping_mul(5)) & ((1 << HASH_BITS) - 1))
        as usize
}

/// What was compressed to `input`; `None` unless it is `len` bytes.
pub(super) fn decompress(input: &[u8], len: usize) -> Option<Vec<u8>> {
    if len / RATIO > input.len() {
        return None;
    }
    // With room for a few bytes too many, which are quicker than a call that copies just as many.
    let mut out = vec![0; len + LITERALS];
    let (mut rest, mut put) = (input, 0);
    while let Some((&head, behind)) = rest.split_first() {
        let head = usize::from(head);
        if head < LITERALS {
            let (literals, behind_them) = behind.split_at_checked(head + 1)?;
            if put + literals.len() > len {
                return None;
            }
            match (behind.first_chunk::<LITERALS>(), out[put..].first_chunk_mut::<LITERALS>()) {
                (Some(bytes), Some(room)) => *room = *bytes,
                _ => out[put..put + literals.len()].copy_from_slice(literals),
            }
            put += literals.len();
            rest = behind_them;
        } else {
            let (more, behind) = match head >> 5 {
                7 => behind.split_first().map(|(more, behind)| (usize::from(*more), behind))?,
                _ => (0, behind),
            };
            let (low, behind) = behind.split_first()?;
            let back = ((head & 0x1F) << 8 | usize::from(*low)) + 1;
            let length = (head >> 5) + more + 2;
            let from = put.checked_sub(back)?;
            if put + length > len {
                return None;
            }
            // What is copied may be what is being written.
            if back >= 16 {
                copy_by::<16>(&mut out, from, put, length);
            } else if back >= 8 {
                copy_by::<8>(&mut out, from, put, length);
            } else {
                (0..length).for_each(|i| out[put + i] = out[from + i]);
            }
            put += length;
            rest = behind;
        }
    }
    out.truncate(put);
    (put == len).then_some(out)
}

/// Copies at least `length` bytes within `out`, `N` at a time.
#[inline]
fn copy_by<const N: usize>(out: &mut [u8], from: usize, to: usize, length: usize) {
    for at in (0..length).step_by(N) {
        let bytes = *out[from + at..].first_chunk::<N>().expect("there is room behind the end");
        *out[to + at..].first_chunk_mut::<N>().expect("there is room behind the end") = bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_compressed_comes_back(
            strings in prop::collection::vec(prop::collection::vec(0_u8..4, 0..2000), 1..5),
        ) {
            let mut compressor = Compressor::default();
            for string in strings {
                let mut out = vec![1, 2, 3];
                if compressor.compress(&string, &mut out) {
                    prop_assert!(out.len() - 3 + 4 <= string.len());
                    prop_assert_eq!(decompress(&out[3..], string.len()), Some(string));
                } else {
                    prop_assert_eq!(&out, &[1, 2, 3]);
                }
            }
        }

        #[test]
        fn short_strings_are_compressed_as_others_are(
            strings in prop::collection::vec(prop::collection::vec(0_u8..16, 5..=SHORT), 1..50),
        ) {
            let mut compressor = Compressor::default();
            for string in strings {
                let (mut out, mut whole) = (Vec::new(), vec![0; string.len() + SLACK]);
                let compressed = compressor.compress(&string, &mut out);
                let mut fresh = Compressor { seen: vec![0; 1 << HASH_BITS].into(), ..Compressor::default() };
                let limit = string.len() - 4;
                let size = fresh.run(&string, &mut whole, limit);
                prop_assert_eq!(size.is_some(), compressed);
                prop_assert!(!compressed || out == whole[..size.expect("compressed")]);
            }
        }

        #[test]
        fn any_bytes_can_be_looked_at(
            bytes in prop::collection::vec(any::<u8>(), 0..300), len in 0_usize..5000,
        ) {
            if let Some(out) = decompress(&bytes, len) {
                prop_assert_eq!(out.len(), len);
            }
        }
    }

    #[test]
    fn long_runs_are_short() {
        let mut compressor = Compressor::default();
        for len in [10, 21, 100, 300, 5000, 100_000] {
            let string = vec![b'a'; len];
            let mut out = Vec::new();
            if compressor.compress(&string, &mut out) {
                assert_eq!(decompress(&out, len), Some(string));
            } else {
                assert!(len < 12);
            }
        }
    }
}
