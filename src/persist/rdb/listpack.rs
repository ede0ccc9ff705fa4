//! Listpacks: Redis's packed sequences.
//!
//! ```text
//! [ bytes u32 | elements u16 ][ element | its length ] ... [ 0xFF ]
//! ```
//!
//! The number of elements is 65,535 if there are more. An element is spelled as in Danio's own packed
//! sequence (`ds/packed/element.rs`), and so is the length behind it, which is for walking
//! backwards. What comes from outside may be spelled in other ways, as with a string that spells a
//! number; reading it gives one spelling.

use super::{Fault, Result, malformed};
use crate::ds::packed::element::{back_len_size, write_back_len};
use crate::ds::packed::{Item, chain};

const HEADER: usize = 6;
const END: u8 = 0xFF;
/// Bytes that one has room for from the start: most are smaller.
const ROOM: usize = 512;
/// The count that says nothing.
const UNCOUNTED: u16 = u16::MAX;

/// A listpack, read from its first element on; each is checked when it comes.
#[derive(Debug)]
pub(super) struct Listpack<'a> {
    /// The elements, without the end.
    rest: &'a [u8],
    /// How many there should be, if that is told.
    count: Option<usize>,
    read: usize,
}

impl<'a> Listpack<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Result<Listpack<'a>> {
        let Some((header, rest)) = bytes.split_first_chunk::<HEADER>() else {
            return malformed("a listpack is too short");
        };
        let [a, b, c, d, e, f] = *header;
        if u32::from_le_bytes([a, b, c, d]) as usize != bytes.len() {
            return malformed("a listpack is not as long as it says");
        }
        let Some((&END, rest)) = rest.split_last() else {
            return malformed("a listpack does not end");
        };
        let count = match u16::from_le_bytes([e, f]) {
            UNCOUNTED => None,
            count => Some(count.into()),
        };
        Ok(Listpack { rest, count, read: 0 })
    }

    /// The next element; `None` behind the last, of which there must be as many as it says.
    pub(super) fn next(&mut self) -> Result<Option<Item<'a>>> {
        if self.rest.is_empty() {
            return match self.count {
                Some(count) if count != self.read => {
                    malformed("a listpack's elements are miscounted")
                }
                _ => Ok(None),
            };
        }
        let Some((item, size)) = element(self.rest) else {
            return malformed("an element of a listpack is damaged");
        };
        let back = back_len_size(size);
        let Some((behind, rest)) = self.rest[size..].split_at_checked(back) else {
            return malformed("an element of a listpack is cut off");
        };
        let mut length = [0; 5];
        write_back_len(size, &mut length[..back]);
        if length[..back] != *behind {
            return malformed("an element of a listpack has another length behind it");
        }
        self.rest = rest;
        self.read += 1;
        Ok(Some(item))
    }

    /// The next element, which must be there.
    pub(super) fn expect(&mut self) -> Result<Item<'a>> {
        self.next()?.ok_or(Fault::Malformed("a listpack has too few elements"))
    }

    /// The next element, which must be a number.
    pub(super) fn integer(&mut self) -> Result<i64> {
        match self.expect()? {
            Item::Int(number) => Ok(number),
            Item::Bytes(_) => malformed("a string where a listpack should have a number"),
        }
    }
}

/// The element at the start of bytes, and its size.
fn element(bytes: &[u8]) -> Option<(Item<'_>, usize)> {
    let (&first, rest) = bytes.split_first()?;
    let string = |head: usize, len: usize| {
        let end = head.checked_add(len)?;
        Some((Item::from(bytes.get(head..end)?), end))
    };
    let number = |width: usize| {
        let mut word = [0; 8];
        word[8 - width..].copy_from_slice(rest.get(..width)?);
        Some((Item::Int(i64::from_le_bytes(word) >> (64 - 8 * width)), 1 + width))
    };
    match first {
        0..0x80 => Some((Item::Int(first.into()), 1)),
        0x80..0xC0 => string(1, usize::from(first & 0x3F)),
        0xC0..0xE0 => {
            let raw = u16::from_be_bytes([first & 0x1F, *rest.first()?]);
            Some((Item::Int(i64::from((raw << 3) as i16 >> 3)), 2))
        }
        0xE0..0xF0 => string(2, usize::from(u16::from_be_bytes([first & 0x0F, *rest.first()?]))),
        0xF0 => string(5, u32::from_le_bytes(*rest.first_chunk()?) as usize),
        0xF1 => number(2),
        0xF2 => number(3),
        0xF3 => number(4),
        0xF4 => number(8),
        0xF5.. => None,
    }
}

/// A listpack that is being written.
#[derive(Debug)]
pub(super) struct Writer {
    bytes: Vec<u8>,
    count: usize,
}

impl Writer {
    pub(super) fn new() -> Writer {
        let mut bytes = Vec::with_capacity(ROOM);
        bytes.resize(HEADER, 0);
        Writer { bytes, count: 0 }
    }

    pub(super) fn push<'i>(&mut self, item: impl Into<Item<'i>>) {
        let item = item.into();
        let at = self.bytes.len();
        self.bytes.resize(at + chain::size(item), 0);
        chain::write(item, &mut self.bytes[at..]);
        self.count += 1;
    }

    /// Adds `count` elements as they lie in a list, their lengths behind them.
    pub(super) fn push_chain(&mut self, elements: &[u8], count: usize) {
        self.bytes.extend_from_slice(elements);
        self.count += count;
    }

    /// The whole of it.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.bytes.push(END);
        let len = u32::try_from(self.bytes.len()).expect("collections beyond 4 GB are not packed");
        let count = u16::try_from(self.count).unwrap_or(UNCOUNTED);
        self.bytes[..4].copy_from_slice(&len.to_le_bytes());
        self.bytes[4..HEADER].copy_from_slice(&count.to_le_bytes());
        self.bytes
    }
}
