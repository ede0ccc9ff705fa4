//! Ziplists: the packed sequences of Redis before 7.0.
//!
//! ```text
//! [ bytes u32 | offset of the last u32 | elements u16 ][ length of the one before | element ] ... [ 0xFF ]
//!
//! length of the one before: u8 below 254, else 0xFE u32
//! element: 00LLLLLL, 01LLLLLL u8 or 10______ u32 (big-endian), and a string
//!          0xC0 i16, 0xD0 i32, 0xE0 i64, 0xF0 i24, 0xFE i8, 0xF1 to 0xFD: 0 to 12
//! ```

use super::{Result, malformed};
use crate::ds::packed::Item;

const HEADER: usize = 10;
const END: u8 = 0xFF;
const UNCOUNTED: u16 = u16::MAX;
/// The first byte of a long length of the one before.
const LONG: u8 = 0xFE;

/// A ziplist, read from its first element on; each is checked when it comes.
#[derive(Debug)]
pub(super) struct Ziplist<'a> {
    bytes: &'a [u8],
    /// The offset of the next element, that of the end behind the last.
    at: usize,
    /// The size of the element before it.
    before: usize,
    /// The offset of the last element, as the header has it.
    last: usize,
    count: Option<usize>,
    read: usize,
}

impl<'a> Ziplist<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Result<Ziplist<'a>> {
        let Some(&[a, b, c, d, e, f, g, h, i, j]) = bytes.first_chunk::<HEADER>() else {
            return malformed("a ziplist is too short");
        };
        if u32::from_le_bytes([a, b, c, d]) as usize != bytes.len() {
            return malformed("a ziplist is not as long as it says");
        }
        if bytes.len() == HEADER || bytes.last() != Some(&END) {
            return malformed("a ziplist does not end");
        }
        let last = u32::from_le_bytes([e, f, g, h]) as usize;
        let count = match u16::from_le_bytes([i, j]) {
            UNCOUNTED => None,
            count => Some(count.into()),
        };
        Ok(Ziplist { bytes, at: HEADER, before: 0, last, count, read: 0 })
    }

    /// The next element; `None` behind the last.
    pub(super) fn next(&mut self) -> Result<Option<Item<'a>>> {
        let end = self.bytes.len() - 1;
        if self.at == end {
            if self.count.is_some_and(|count| count != self.read) {
                return malformed("a ziplist's elements are miscounted");
            }
            if self.last != self.at - self.before {
                return malformed("a ziplist's last element is elsewhere");
            }
            return Ok(None);
        }
        let Some((item, size)) = self.element(&self.bytes[self.at..end]) else {
            return malformed("an element of a ziplist is damaged");
        };
        self.at += size;
        self.before = size;
        self.read += 1;
        Ok(Some(item))
    }

    /// The element at the start of bytes, and its size.
    fn element(&self, bytes: &'a [u8]) -> Option<(Item<'a>, usize)> {
        let (before, head) = match bytes.first()? {
            &LONG => (u32::from_le_bytes(*bytes.get(1..)?.first_chunk()?) as usize, 5),
            &END => return None,
            short => (usize::from(*short), 1),
        };
        if before != self.before {
            return None;
        }
        let body = &bytes[head..];
        let (&first, rest) = body.split_first()?;
        let string = |at: usize, len: usize| {
            let end = at.checked_add(len)?;
            Some((Item::from(body.get(at..end)?), head + end))
        };
        let number = |width: usize| {
            let mut word = [0; 8];
            word[8 - width..].copy_from_slice(rest.get(..width)?);
            Some((Item::Int(i64::from_le_bytes(word) >> (64 - 8 * width)), head + 1 + width))
        };
        match first {
            0..0x40 => string(1, first.into()),
            0x40..0x80 => string(2, usize::from(first & 0x3F) << 8 | usize::from(*rest.first()?)),
            0x80..0xC0 => string(5, u32::from_be_bytes(*rest.first_chunk()?) as usize),
            0xC0 => number(2),
            0xD0 => number(4),
            0xE0 => number(8),
            0xF0 => number(3),
            0xFE => number(1),
            0xF1..=0xFD => Some((Item::Int(i64::from(first & 0x0F) - 1), head + 1)),
            _ => None,
        }
    }
}
