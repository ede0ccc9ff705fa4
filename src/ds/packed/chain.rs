//! Elements with their lengths behind them, so that they are walked from both ends: what lists
//! are made of.
//!
//! ```text
//! [ element | length ][ element | length ] ... [ element | length ]
//! ```

use super::element::{self, Item};

/// Bytes that an element takes in a chain.
#[inline]
pub(crate) fn size(item: Item<'_>) -> usize {
    let size = item.size();
    size + element::back_len_size(size)
}

/// Writes an element into `out`, which is [`size`] long.
#[inline]
pub(crate) fn write(item: Item<'_>, out: &mut [u8]) {
    let (body, back) = out.split_at_mut(item.size());
    item.write_into(body);
    element::write_back_len(body.len(), back);
}

/// A chain's bytes, read. An offset is where an element starts, or the end.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Chain<'a>(&'a [u8]);

impl<'a> Chain<'a> {
    /// Reads bytes that [`write()`] wrote, one element behind the other.
    #[inline]
    pub(crate) fn new(bytes: &'a [u8]) -> Chain<'a> {
        Chain(bytes)
    }

    /// The element at an offset, and the offset behind it; `None` at the end.
    #[inline]
    pub(crate) fn read(self, at: usize) -> Option<(Item<'a>, usize)> {
        let bytes = self.0.get(at..).filter(|bytes| !bytes.is_empty())?;
        let (item, size) = element::read(bytes);
        Some((item, at + size + element::back_len_size(size)))
    }

    /// The element that ends at an offset, and the offset of its start; `None` at the start.
    #[inline]
    pub(crate) fn read_back(self, end: usize) -> Option<(Item<'a>, usize)> {
        if end == 0 {
            return None;
        }
        let at = self.before(end);
        Some((element::read(&self.0[at..]).0, at))
    }

    /// The offset behind the element at `at`.
    #[inline]
    pub(crate) fn after(self, at: usize) -> usize {
        let size = element::skip(&self.0[at..]);
        at + size + element::back_len_size(size)
    }

    /// The offset of the element that ends at `end`.
    #[inline]
    pub(crate) fn before(self, end: usize) -> usize {
        let (size, back) = element::read_back_len(&self.0[..end]);
        end - size - back
    }

    /// The offset of the element with this index, from the nearer end of all `count`; the end for
    /// `count`.
    pub(crate) fn seek(self, index: usize, count: usize) -> usize {
        if index <= count / 2 {
            (0..index).fold(0, |at, _| self.after(at))
        } else {
            (index..count).fold(self.0.len(), |end, _| self.before(end))
        }
    }
}

/// A chain's elements, from the first on or from the last.
#[derive(Debug, Clone, Default)]
pub(crate) struct Links<'a> {
    /// What neither end has passed.
    rest: &'a [u8],
}

impl<'a> Links<'a> {
    #[inline]
    pub(crate) fn new(bytes: &'a [u8]) -> Links<'a> {
        Links { rest: bytes }
    }
}

impl<'a> Iterator for Links<'a> {
    type Item = Item<'a>;

    #[inline]
    fn next(&mut self) -> Option<Item<'a>> {
        let (item, next) = Chain(self.rest).read(0)?;
        self.rest = &self.rest[next..];
        Some(item)
    }
}

impl<'a> DoubleEndedIterator for Links<'a> {
    #[inline]
    fn next_back(&mut self) -> Option<Item<'a>> {
        let (item, at) = Chain(self.rest).read_back(self.rest.len())?;
        self.rest = &self.rest[..at];
        Some(item)
    }
}
