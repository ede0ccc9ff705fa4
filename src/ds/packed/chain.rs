//! Elements with their lengths behind them, so that they are walked from both ends: what lists
//! are made of.
//!
//! ```text
//! [ element | length ][ element | length ] ... [ element | length ]
//! ```

#[cfg(feature = "snapshot")]
use super::PackedRef;
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

/// Writes an element that is spelled already, and its length behind it, to the start of `out`, which has room for
/// both. Returns how many bytes they take.
#[cfg(feature = "snapshot")]
#[inline]
pub(crate) fn write_spelled(element: &[u8], out: &mut [u8]) -> usize {
    copy(element, element.len(), out);
    end(element.len(), out)
}

/// Writes the elements of a packed sequence to the start of `out`, each with its length behind it. Returns how many
/// bytes they take: twice as many as they are at most, for which `out` has room.
#[cfg(feature = "snapshot")]
pub(crate) fn write_sequence(sequence: PackedRef<'_>, out: &mut [u8]) -> usize {
    let mut rest = sequence.elements();
    let mut at = 0;
    while !rest.is_empty() {
        let size = element::skip(rest);
        copy(rest, size, &mut out[at..]);
        at += end(size, &mut out[at..]);
        rest = &rest[size..];
    }
    at
}

/// Writes the length behind an element of `size` bytes. Returns how many bytes both take.
#[cfg(feature = "snapshot")]
#[inline]
fn end(size: usize, out: &mut [u8]) -> usize {
    if size < 0x80 {
        out[size] = size as u8;
        return size + 1;
    }
    let end = size + element::back_len_size(size);
    element::write_back_len(size, &mut out[size..end]);
    end
}

/// Copies `size` bytes from the start of one slice to that of another; or more, if that is quicker and both have
/// them.
#[cfg(feature = "snapshot")]
#[inline]
fn copy(from: &[u8], size: usize, to: &mut [u8]) {
    if size <= 16
        && let (Some(bytes), Some(room)) = (from.first_chunk::<16>(), to.first_chunk_mut::<16>())
    {
        *room = *bytes;
    } else {
        to[..size].copy_from_slice(&from[..size]);
    }
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
