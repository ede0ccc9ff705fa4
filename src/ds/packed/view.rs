//! Reading a packed sequence, wherever its bytes lie.

use super::element::{self, Item};
use super::{COUNT, UNCOUNTED};

/// A packed sequence's bytes, read; see the [module](super).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct PackedRef<'a>(&'a [u8]);

impl<'a> PackedRef<'a> {
    /// Reads bytes that [`Packed::as_bytes`](super::Packed::as_bytes) gave.
    #[inline]
    pub(crate) fn new(bytes: &'a [u8]) -> PackedRef<'a> {
        PackedRef(bytes)
    }

    /// Reads bytes that come from elsewhere; `None` unless each element is whole, spelled as it
    /// would be here, and counted.
    #[cfg_attr(
        not(any(test, fuzzing)),
        expect(dead_code, reason = "files bring such bytes, later; the tests are the first")
    )]
    pub(crate) fn checked(bytes: &'a [u8]) -> Option<PackedRef<'a>> {
        if bytes.is_empty() {
            return Some(PackedRef(bytes));
        }
        let counted = u16::from_le_bytes(*bytes.first_chunk()?);
        let (mut at, mut count) = (COUNT, 0_usize);
        while at < bytes.len() {
            at += element::check(&bytes[at..])?;
            count += 1;
        }
        (usize::from(counted) == count.min(UNCOUNTED.into())).then_some(PackedRef(bytes))
    }

    /// The bytes, as they are to be kept.
    #[inline]
    pub(crate) fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// The elements' bytes, end to end.
    #[cfg(feature = "snapshot")]
    #[inline]
    pub(crate) fn elements(self) -> &'a [u8] {
        self.0.get(COUNT..).unwrap_or_default()
    }

    /// The elements as they are spelled.
    #[cfg(feature = "snapshot")]
    pub(crate) fn spelled(self) -> Spelled<'a> {
        Spelled(self.elements())
    }

    /// How many elements. O(1) below 65,535 of them, then O(elements).
    #[inline]
    pub(crate) fn len(self) -> usize {
        match self.0.first_chunk().map(|count| u16::from_le_bytes(*count)) {
            None => 0,
            Some(UNCOUNTED) => self.iter().count(),
            Some(count) => count.into(),
        }
    }

    #[inline]
    pub(crate) fn is_empty(self) -> bool {
        self.0.len() <= COUNT
    }

    /// The position of the first element, or [`end`](Self::end).
    #[inline]
    pub(crate) fn start(self) -> usize {
        COUNT
    }

    /// The position behind the last element.
    #[inline]
    pub(crate) fn end(self) -> usize {
        self.0.len().max(COUNT)
    }

    /// The element at a position, and the position behind it; `None` at the end.
    #[inline]
    pub(crate) fn read(self, pos: usize) -> Option<(Item<'a>, usize)> {
        let bytes = self.0.get(pos..).filter(|bytes| !bytes.is_empty())?;
        let (item, size) = element::read(bytes);
        Some((item, pos + size))
    }

    /// The element at a position; `None` at the end.
    #[inline]
    pub(crate) fn at(self, pos: usize) -> Option<Item<'a>> {
        self.read(pos).map(|(item, _)| item)
    }

    /// The position `n` elements behind `pos`, the end if there are not as many.
    #[inline]
    pub(crate) fn advance(self, pos: usize, n: usize) -> usize {
        let mut pos = pos;
        for _ in 0..n {
            match self.0.get(pos..) {
                Some(bytes) if !bytes.is_empty() => pos += element::skip(bytes),
                _ => break,
            }
        }
        pos
    }

    /// The position of the element with this index; `None` if there are not as many.
    #[inline]
    pub(crate) fn nth(self, index: usize) -> Option<usize> {
        let pos = self.advance(self.start(), index);
        (pos < self.end()).then_some(pos)
    }

    /// The elements with their positions, first to last.
    #[inline]
    pub(crate) fn iter(self) -> Iter<'a> {
        self.iter_from(self.start())
    }

    /// The elements from a position on.
    #[inline]
    pub(crate) fn iter_from(self, pos: usize) -> Iter<'a> {
        Iter { bytes: self.0, pos }
    }

    /// The position of the first element that is `wanted`, among those that remain when `skip`
    /// elements are passed over after each that is looked at: 1 looks at the fields of
    /// fields and values.
    #[inline]
    pub(crate) fn find(self, wanted: Item<'_>, skip: usize) -> Option<usize> {
        self.find_from(self.start(), wanted, skip)
    }

    /// As [`find`](Self::find), from a position on.
    #[inline]
    pub(crate) fn find_from(self, pos: usize, wanted: Item<'_>, skip: usize) -> Option<usize> {
        let mut pos = pos;
        while let Some((item, next)) = self.read(pos) {
            if item == wanted {
                return Some(pos);
            }
            pos = self.advance(next, skip);
        }
        None
    }
}

/// The elements of a packed sequence with their positions.
#[derive(Debug, Clone)]
pub(crate) struct Iter<'a> {
    bytes: &'a [u8],
    pos: usize,
}

impl<'a> Iterator for Iter<'a> {
    type Item = (usize, Item<'a>);

    #[inline]
    fn next(&mut self) -> Option<(usize, Item<'a>)> {
        let pos = self.pos;
        let (item, next) = PackedRef(self.bytes).read(pos)?;
        self.pos = next;
        Some((pos, item))
    }

    fn count(self) -> usize {
        let (mut pos, mut count) = (self.pos, 0);
        while let Some(bytes) = self.bytes.get(pos..).filter(|bytes| !bytes.is_empty()) {
            pos += element::skip(bytes);
            count += 1;
        }
        count
    }
}

/// The elements of a packed sequence as they are spelled.
#[cfg(feature = "snapshot")]
#[derive(Debug, Clone)]
pub(crate) struct Spelled<'a>(&'a [u8]);

#[cfg(feature = "snapshot")]
impl<'a> Iterator for Spelled<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        if self.0.is_empty() {
            return None;
        }
        let (element, rest) = self.0.split_at(element::skip(self.0));
        self.0 = rest;
        Some(element)
    }
}
