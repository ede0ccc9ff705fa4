//! Lengths and strings as they are written; `input` tells their forms.

use super::lzf::Compressor;
use crate::ds::packed::Item;
use crate::text::int;

/// The longest string that may spell a number to be written as one.
const NUMERIC: usize = 11;
/// The shortest string that is worth trying to compress is longer than this.
const INCOMPRESSIBLE: usize = 20;

/// Bytes as they are written.
pub(super) struct Output<'o> {
    pub(super) bytes: &'o mut Vec<u8>,
    /// Compresses long strings, if that is wanted.
    pub(super) compressor: Option<&'o mut Compressor>,
}

impl Output<'_> {
    pub(super) fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    /// Bytes as they are.
    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub(super) fn i64(&mut self, number: i64) {
        self.raw(&number.to_le_bytes());
    }

    /// A number, or a string's length.
    pub(super) fn number(&mut self, number: u64) {
        match number {
            0..0x40 => self.byte(number as u8),
            0x40..0x4000 => self.raw(&[0x40 | (number >> 8) as u8, number as u8]),
            _ => match u32::try_from(number) {
                Ok(number) => {
                    self.byte(0x80);
                    self.raw(&number.to_be_bytes());
                }
                Err(_) => {
                    self.byte(0x81);
                    self.raw(&number.to_be_bytes());
                }
            },
        }
    }

    pub(super) fn count(&mut self, count: usize) {
        self.number(count as u64);
    }

    /// A string that spells a number.
    pub(super) fn integer(&mut self, number: i64) {
        if let Ok(number) = i8::try_from(number) {
            self.raw(&[0xC0, number.to_le_bytes()[0]]);
        } else if let Ok(number) = i16::try_from(number) {
            self.byte(0xC1);
            self.raw(&number.to_le_bytes());
        } else if let Ok(number) = i32::try_from(number) {
            self.byte(0xC2);
            self.raw(&number.to_le_bytes());
        } else {
            let mut digits = itoa::Buffer::new();
            let digits = digits.format(number).as_bytes();
            self.count(digits.len());
            self.raw(digits);
        }
    }

    /// A string.
    pub(super) fn string(&mut self, string: &[u8]) {
        if string.len() <= NUMERIC
            && let Some(number) = int::parse_i64(string)
            && i32::try_from(number).is_ok()
        {
            return self.integer(number);
        }
        if string.len() > INCOMPRESSIBLE && self.compressed(string) {
            return;
        }
        self.count(string.len());
        self.raw(string);
    }

    /// An element of a packed sequence, as a string.
    pub(super) fn item(&mut self, item: Item<'_>) {
        match item {
            Item::Int(number) => self.integer(number),
            Item::Bytes(bytes) => self.string(bytes),
        }
    }

    /// Writes the string compressed, if that makes it shorter.
    fn compressed(&mut self, string: &[u8]) -> bool {
        let Some(compressor) = &mut self.compressor else { return false };
        // The heads come first, and are as long as what they tell: they are put in front afterwards.
        let from = self.bytes.len();
        if !compressor.compress(string, self.bytes) {
            return false;
        }
        let packed = self.bytes.len() - from;
        self.byte(0xC3);
        self.count(packed);
        self.count(string.len());
        self.bytes[from..].rotate_left(packed);
        true
    }
}
