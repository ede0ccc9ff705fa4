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
use crate::ds::packed::{Item, PackedRef, chain};

const HEADER: usize = 6;
const END: u8 = 0xFF;
/// Bytes that one has room for from the start: most are smaller.
const ROOM: usize = 4096;
/// Bytes that are kept for the next at most.
const KEPT: usize = 1 << 20;
/// Bytes of the longest length behind an element.
const LONGEST_BACK: usize = 5;
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

    /// How many elements are left, if that is told, and how many bytes they take.
    pub(super) fn size(&self) -> (Option<usize>, usize) {
        (self.count.map(|count| count.saturating_sub(self.read)), self.rest.len())
    }

    /// All elements with their lengths behind them, and how many there are; `None` if some are not spelled as here.
    ///
    /// # Errors
    /// As [`next`](Listpack::next).
    pub(super) fn chain(&self) -> Result<Option<(&'a [u8], usize)>> {
        let mut each = Listpack { ..*self };
        let mut spelled = 0;
        while let Some(item) = each.next()? {
            spelled += chain::size(item);
        }
        // No other spelling is as short.
        Ok((spelled == self.rest.len()).then_some((self.rest, each.read)))
    }

    /// The next element; `None` behind the last, of which there must be as many as it says.
    #[inline]
    pub(super) fn next(&mut self) -> Result<Option<Item<'a>>> {
        // A short string that is no number, its length behind it.
        if let Some(&head @ 0x81..0xC0) = self.rest.first() {
            let end = 1 + usize::from(head & 0x3F);
            if let Some((element, rest)) = self.rest.split_at_checked(end + 1)
                && usize::from(element[end]) == end
                && !matches!(element[1], b'-' | b'0'..=b'9')
            {
                self.rest = rest;
                self.read += 1;
                return Ok(Some(Item::Bytes(&element[1..end])));
            }
        }
        self.next_of_any_kind()
    }

    fn next_of_any_kind(&mut self) -> Result<Option<Item<'a>>> {
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

/// A listpack that is being written. Its memory is used again for the next.
#[derive(Debug, Default)]
pub(super) struct Writer {
    /// What is written, and behind `end` room for more.
    bytes: Vec<u8>,
    end: usize,
    count: usize,
}

impl Writer {
    /// Begins a new one.
    pub(super) fn begin(&mut self) {
        (self.end, self.count) = (HEADER, 0);
        self.room(0);
    }

    /// Adds an element.
    #[inline]
    pub(super) fn push<'i>(&mut self, item: impl Into<Item<'i>>) {
        let item = item.into();
        let size = chain::size(item);
        chain::write(item, &mut self.room(size)[..size]);
        self.end += size;
        self.count += 1;
    }

    /// Adds an element that is spelled already.
    #[inline]
    pub(super) fn push_spelled(&mut self, element: &[u8]) {
        self.end += chain::write_spelled(element, self.room(element.len() + LONGEST_BACK));
        self.count += 1;
    }

    /// Adds a small number.
    #[inline]
    pub(super) fn push_small(&mut self, number: i64) {
        match number {
            0..0x80 => {
                self.room(2)[..2].copy_from_slice(&[number as u8, 1]);
                self.end += 2;
                self.count += 1;
            }
            _ => self.push(number),
        }
    }

    /// Adds all elements of a sequence.
    pub(super) fn push_sequence(&mut self, sequence: PackedRef<'_>) {
        self.end += chain::write_sequence(sequence, self.room(2 * sequence.elements().len()));
        self.count += sequence.len();
    }

    /// Adds `count` elements as they lie in a list, their lengths behind them.
    pub(super) fn push_chain(&mut self, elements: &[u8], count: usize) {
        self.room(elements.len())[..elements.len()].copy_from_slice(elements);
        self.end += elements.len();
        self.count += count;
    }

    /// The whole of it.
    pub(super) fn finish(&mut self) -> &[u8] {
        self.room(1)[0] = END;
        self.end += 1;
        let len = u32::try_from(self.end).expect("collections beyond 4 GB are not packed");
        let count = u16::try_from(self.count).unwrap_or(UNCOUNTED);
        self.bytes[..4].copy_from_slice(&len.to_le_bytes());
        self.bytes[4..HEADER].copy_from_slice(&count.to_le_bytes());
        &self.bytes[..self.end]
    }

    /// Room for so many bytes more, at least.
    #[inline]
    fn room(&mut self, more: usize) -> &mut [u8] {
        let needed = self.end + more;
        if self.bytes.len() < needed {
            self.bytes.resize((2 * needed).max(ROOM), 0);
        }
        &mut self.bytes[self.end..]
    }

    /// Gives back what a large one took.
    pub(super) fn shrink(&mut self) {
        if self.bytes.len() > KEPT {
            *self = Writer::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ds::packed::Packed;
    use proptest::prelude::*;

    fn element() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            prop::collection::vec(any::<u8>(), 0..30),
            prop::collection::vec(any::<u8>(), 50..200),
            any::<i64>().prop_map(|number| number.to_string().into_bytes()),
            (0..300_i64).prop_map(|number| number.to_string().into_bytes()),
            (0_usize..3).prop_map(|size| vec![b'x'; [4095, 4096, 20_000][size]]),
        ]
    }

    proptest! {
        #[test]
        fn all_ways_of_writing_give_the_same(elements in prop::collection::vec(element(), 0..40)) {
            let mut writer = Writer::default();
            let mut written = |fill: &dyn Fn(&mut Writer)| {
                writer.begin();
                fill(&mut writer);
                writer.finish().to_vec()
            };
            let one_by_one = written(&|writer| elements.iter().for_each(|element| writer.push(element)));
            let packed: Packed = elements.iter().collect();
            let packed = packed.as_ref();
            prop_assert_eq!(&written(&|writer| writer.push_sequence(packed)), &one_by_one);
            prop_assert_eq!(
                &written(&|writer| packed.spelled().for_each(|element| writer.push_spelled(element))),
                &one_by_one
            );
            let mut reader = Listpack::new(&one_by_one).expect("sound");
            for element in &elements {
                let item = reader.next().expect("sound").expect("as many as were written");
                prop_assert_eq!(&item.to_vec(), element);
            }
            prop_assert_eq!(reader.next().expect("sound"), None);
        }
    }
}
