//! Lengths and strings as they are written; `input` tells their forms.

use std::cell::Cell;

use super::listpack::Writer;
use super::lzf::Compressor;
use crate::ds::packed::Item;
use crate::text::int;

/// The longest string that may spell a number to be written as one.
const NUMERIC: usize = 11;
/// The shortest string that is worth trying to compress is longer than this.
const INCOMPRESSIBLE: usize = 20;
/// What stands before a string that is compressed.
const COMPRESSED: u8 = 0xC3;

/// Bytes as they are written.
pub(super) struct Output<'o> {
    pub(super) bytes: &'o mut Vec<u8>,
    pub(super) scratch: &'o mut Scratch,
    /// Whether long strings are compressed.
    pub(super) compress: bool,
}

/// What is kept from value to value, to save work. It allocates nothing before it is needed.
#[derive(Default)]
pub(super) struct Scratch {
    compressor: Compressor,
    pack: Writer,
}

impl Scratch {
    /// Calls `work` with one that this thread keeps, a quarter of a megabyte at most: to make it takes longer than most
    /// values do.
    pub(super) fn with<R>(work: impl FnOnce(&mut Scratch) -> R) -> R {
        thread_local! {
            static KEPT: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
        }
        let mut scratch = KEPT.try_with(Cell::take).ok().flatten().unwrap_or_default();
        let result = work(&mut scratch);
        // This one grows with what is packed.
        scratch.pack = Writer::default();
        // A thread that ends keeps nothing.
        let _ = KEPT.try_with(|kept| kept.set(Some(scratch)));
        result
    }
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
        let (spelled, size) = spell(number);
        self.raw(&spelled[..size]);
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

    /// A string that is a listpack; `fill` adds its elements.
    pub(super) fn listpack(&mut self, fill: impl FnOnce(&mut Writer)) {
        let mut pack = std::mem::take(&mut self.scratch.pack);
        pack.begin();
        fill(&mut pack);
        self.string(pack.finish());
        pack.shrink();
        self.scratch.pack = pack;
    }

    /// Writes the string compressed, if that makes it shorter.
    fn compressed(&mut self, string: &[u8]) -> bool {
        if !self.compress {
            return false;
        }
        // The heads come first, and how long the first is depends on what follows. It is as long as if nothing had become
        // shorter, as a rule.
        let from = self.bytes.len();
        self.byte(COMPRESSED);
        self.count(string.len());
        let first = from + 1..self.bytes.len();
        self.count(string.len());
        let heads = self.bytes.len();
        if !self.scratch.compressor.compress(string, self.bytes) {
            self.bytes.truncate(from);
            return false;
        }
        let (head, size) = spell((self.bytes.len() - heads) as u64);
        if size == first.len() {
            self.bytes[first].copy_from_slice(&head[..size]);
        } else {
            self.bytes.splice(first, head[..size].iter().copied());
        }
        true
    }
}

/// How a number is spelled, and how many bytes of that count.
fn spell(number: u64) -> ([u8; 9], usize) {
    let mut bytes = [0; 9];
    let size = match number {
        0..0x40 => {
            bytes[0] = number as u8;
            1
        }
        0x40..0x4000 => {
            bytes[..2].copy_from_slice(&[0x40 | (number >> 8) as u8, number as u8]);
            2
        }
        _ => match u32::try_from(number) {
            Ok(number) => {
                bytes[0] = 0x80;
                bytes[1..5].copy_from_slice(&number.to_be_bytes());
                5
            }
            Err(_) => {
                bytes[0] = 0x81;
                bytes[1..].copy_from_slice(&number.to_be_bytes());
                9
            }
        },
    };
    (bytes, size)
}
