//! One element: a byte string or an integer, and how it is spelled.
//!
//! ```text
//! 0vvvvvvv                       0 to 127
//! 10llllll  bytes                up to 63 bytes
//! 110vvvvv vvvvvvvv              -4096 to 4095
//! 1110llll llllllll  bytes       up to 4095 bytes
//! 11110000 l l l l   bytes       more bytes (length little-endian)
//! 11110001 v v                   16 bits (values little-endian)
//! 11110010 v v v                 24 bits
//! 11110011 v v v v               32 bits
//! 11110100 v v v v v v v v       64 bits
//! ```
//!
//! The elements of Redis's listpack, without what surrounds them there. An element that is read
//! backwards carries its length behind it, seven bits a byte, the lowest last, and the high bit on
//! all but the first: [`write_back_len`], [`read_back_len`].

use crate::text::int;

/// An element, read or to be written.
///
/// Bytes that are an integer's canonical spelling are always `Int`: `From<&[u8]>` sees to it, and
/// so two items are equal exactly when their bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Item<'a> {
    Int(i64),
    Bytes(&'a [u8]),
}

impl<'a> Item<'a> {
    /// The bytes, written into `digits` if the element is a number.
    #[inline]
    pub(crate) fn bytes<'b>(self, digits: &'b mut itoa::Buffer) -> &'b [u8]
    where
        'a: 'b,
    {
        match self {
            Item::Int(number) => digits.format(number).as_bytes(),
            Item::Bytes(bytes) => bytes,
        }
    }

    /// The bytes, owned.
    pub(crate) fn to_vec(self) -> Vec<u8> {
        self.bytes(&mut itoa::Buffer::new()).to_vec()
    }

    /// How many bytes it is as a string.
    #[inline]
    pub(crate) fn len(self) -> usize {
        match self {
            Item::Int(_) => self.bytes(&mut itoa::Buffer::new()).len(),
            Item::Bytes(bytes) => bytes.len(),
        }
    }

    /// Bytes that the element takes, without a length behind it.
    #[inline]
    pub(crate) fn size(self) -> usize {
        match self {
            Item::Int(number) => int_size(number),
            Item::Bytes(bytes) => string_head(bytes.len()).len + bytes.len(),
        }
    }

    /// Writes the element at the end of `out`.
    #[inline]
    pub(in crate::ds) fn write(self, out: &mut Vec<u8>) {
        match self {
            Item::Int(number) => out.extend_from_slice(int_head(number).bytes()),
            Item::Bytes(bytes) => {
                out.extend_from_slice(string_head(bytes.len()).bytes());
                out.extend_from_slice(bytes);
            }
        }
    }

    /// Writes the element into `out`, which is [`size`](Item::size) long.
    #[inline]
    pub(super) fn write_into(self, out: &mut [u8]) {
        match self {
            Item::Int(number) => out.copy_from_slice(int_head(number).bytes()),
            Item::Bytes(bytes) => {
                let head = string_head(bytes.len());
                let (start, rest) = out.split_at_mut(head.len);
                start.copy_from_slice(head.bytes());
                rest.copy_from_slice(bytes);
            }
        }
    }
}

impl<'a> From<&'a [u8]> for Item<'a> {
    #[inline]
    fn from(bytes: &'a [u8]) -> Item<'a> {
        // Most strings are no number: length and first byte decide.
        let numeric =
            bytes.len() <= 20 && bytes.first().is_some_and(|b| b.is_ascii_digit() || *b == b'-');
        match numeric.then(|| int::parse_i64(bytes)).flatten() {
            Some(number) => Item::Int(number),
            None => Item::Bytes(bytes),
        }
    }
}

impl<'a> From<&'a Vec<u8>> for Item<'a> {
    fn from(bytes: &'a Vec<u8>) -> Item<'a> {
        Item::from(&bytes[..])
    }
}

impl From<i64> for Item<'_> {
    fn from(number: i64) -> Self {
        Item::Int(number)
    }
}

/// Reads the element at the start of `bytes`, and how many bytes it takes.
///
/// `bytes` were written by this module or passed [`check`]; others may panic.
#[inline]
pub(in crate::ds) fn read(bytes: &[u8]) -> (Item<'_>, usize) {
    let first = bytes[0];
    match first {
        0..0x80 => (Item::Int(first.into()), 1),
        0x80..0xC0 => {
            let end = 1 + usize::from(first & 0x3F);
            (Item::Bytes(&bytes[1..end]), end)
        }
        0xC0..0xE0 => {
            let raw = u16::from_be_bytes([first & 0x1F, bytes[1]]);
            // The sign is bit 12: bring it to the top and back.
            (Item::Int(i64::from((raw << 3) as i16 >> 3)), 2)
        }
        0xE0..0xF0 => {
            let end = 2 + usize::from(u16::from_be_bytes([first & 0x0F, bytes[1]]));
            (Item::Bytes(&bytes[2..end]), end)
        }
        0xF0 => {
            let end = 5 + little_endian::<4>(bytes) as u32 as usize;
            (Item::Bytes(&bytes[5..end]), end)
        }
        0xF1 => (Item::Int(little_endian::<2>(bytes)), 3),
        0xF2 => (Item::Int(little_endian::<3>(bytes)), 4),
        0xF3 => (Item::Int(little_endian::<4>(bytes)), 5),
        0xF4 => (Item::Int(little_endian::<8>(bytes)), 9),
        0xF5.. => unreachable!("no element starts with this byte"),
    }
}

/// The size of the element at the start of `bytes`, as in [`read`].
#[inline]
pub(in crate::ds) fn skip(bytes: &[u8]) -> usize {
    let first = bytes[0];
    match first {
        0..0x80 => 1,
        0x80..0xC0 => 1 + usize::from(first & 0x3F),
        0xC0..0xE0 => 2,
        0xE0..0xF0 => 2 + usize::from(u16::from_be_bytes([first & 0x0F, bytes[1]])),
        0xF0 => 5 + little_endian::<4>(bytes) as u32 as usize,
        0xF1 => 3,
        0xF2 => 4,
        0xF3 => 5,
        0xF4 => 9,
        0xF5.. => unreachable!("no element starts with this byte"),
    }
}

/// The size of the element at the start of bytes that come from elsewhere; `None` if they hold
/// none, or one that would be spelled otherwise here.
pub(super) fn check(bytes: &[u8]) -> Option<usize> {
    let fixed = match bytes.first()? {
        0..0xC0 => 1,
        0xC0..0xF0 => 2,
        0xF0 | 0xF3 => 5,
        0xF1 => 3,
        0xF2 => 4,
        0xF4 => 9,
        0xF5.. => return None,
    };
    if bytes.len() < fixed {
        return None;
    }
    let size = skip(bytes);
    let (item, _) = (size <= bytes.len()).then(|| read(bytes))?;
    let canonical = match item {
        Item::Int(number) => int_head(number).bytes() == &bytes[..size],
        Item::Bytes(text) => Item::from(text) == item && item.size() == size,
    };
    canonical.then_some(size)
}

/// Bytes that the length behind an element of `size` bytes takes.
#[inline]
pub(crate) fn back_len_size(size: usize) -> usize {
    match size {
        0..0x80 => 1,
        0x80..0x4000 => 2,
        0x4000..0x20_0000 => 3,
        0x20_0000..0x1000_0000 => 4,
        _ => 5,
    }
}

/// Writes the length of an element of `size` bytes into `out`, which has
/// [`back_len_size`] bytes.
#[inline]
pub(crate) fn write_back_len(size: usize, out: &mut [u8]) {
    let mut rest = size;
    for (i, byte) in out.iter_mut().enumerate().rev() {
        *byte = (rest & 0x7F) as u8 | if i == 0 { 0 } else { 0x80 };
        rest >>= 7;
    }
}

/// The size of the element that ends, its length included, at the end of `bytes`, and the bytes
/// of that length.
#[inline]
pub(in crate::ds) fn read_back_len(bytes: &[u8]) -> (usize, usize) {
    let (mut size, mut shift, mut at) = (0, 0, bytes.len());
    loop {
        at -= 1;
        size |= usize::from(bytes[at] & 0x7F) << shift;
        shift += 7;
        if bytes[at] & 0x80 == 0 {
            return (size, bytes.len() - at);
        }
    }
}

/// What stands before a string's bytes, or the whole of an integer.
struct Head {
    buffer: [u8; 9],
    len: usize,
}

impl Head {
    #[inline]
    fn new(code: u8, value: &[u8]) -> Head {
        let mut buffer = [code; 9];
        buffer[1..=value.len()].copy_from_slice(value);
        Head { buffer, len: 1 + value.len() }
    }

    #[inline]
    fn bytes(&self) -> &[u8] {
        &self.buffer[..self.len]
    }
}

#[inline]
fn string_head(len: usize) -> Head {
    match len {
        0..0x40 => Head::new(0x80 | len as u8, &[]),
        0x40..0x1000 => Head::new(0xE0 | (len >> 8) as u8, &[len as u8]),
        _ => {
            let len = u32::try_from(len).expect("strings are far below 4 GB");
            Head::new(0xF0, &len.to_le_bytes())
        }
    }
}

#[inline]
fn int_head(number: i64) -> Head {
    match int_size(number) {
        1 => Head::new(number as u8, &[]),
        2 => Head::new(0xC0 | (number >> 8) as u8 & 0x1F, &[number as u8]),
        3 => Head::new(0xF1, &number.to_le_bytes()[..2]),
        4 => Head::new(0xF2, &number.to_le_bytes()[..3]),
        5 => Head::new(0xF3, &number.to_le_bytes()[..4]),
        _ => Head::new(0xF4, &number.to_le_bytes()),
    }
}

#[inline]
fn int_size(number: i64) -> usize {
    match number {
        0..0x80 => 1,
        -0x1000..0x1000 => 2,
        -0x8000..0x8000 => 3,
        -0x80_0000..0x80_0000 => 4,
        -0x8000_0000..0x8000_0000 => 5,
        _ => 9,
    }
}

/// The signed number of `N` bytes behind the first.
#[inline]
fn little_endian<const N: usize>(bytes: &[u8]) -> i64 {
    let mut word = [0; 8];
    word[8 - N..].copy_from_slice(&bytes[1..=N]);
    i64::from_le_bytes(word) >> (64 - 8 * N)
}
