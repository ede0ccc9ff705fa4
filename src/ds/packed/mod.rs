//! The packed sequence: byte strings and integers end to end, for small collections.
//!
//! ```text
//! [ count u16 ][ element ][ element ] ... [ element ]
//! ```
//!
//! The elements are spelled as in Redis's listpack ([`element`]): a short string costs one byte
//! beyond its own, an integer of seven bits one byte in all. There are no lengths behind
//! them, hence no walking backwards, and no word for the size of the whole: whoever owns
//! the bytes knows. With those a hash of ten small fields would cost 24 bytes more. (Nodes of
//! lists, which are walked from both ends, use the same elements with lengths behind them.)
//!
//! A *position* is an offset into the bytes at which an element starts, or the end. Positions behind
//! a change are void.
//!
//! Invariants: no bytes at all, or a count and as many elements (65,535: count by walking); every
//! element in its one spelling, so that equal elements are equal bytes.
//!
//! Costs: reading, finding and counting to an index walk elements, O(n); a change moves the bytes
//! behind it. [`Packed`] owns its bytes; [`PackedRef`] reads them wherever they lie, inside an entry
//! say.

pub(crate) mod chain;
pub(crate) mod element;
#[cfg(test)]
mod tests;
mod view;

pub(crate) use element::Item;
pub(crate) use view::{Iter, PackedRef};

use super::blocks::block_size;

/// Bytes of the count.
const COUNT: usize = 2;
/// The count that says: count by walking.
const UNCOUNTED: u16 = u16::MAX;

/// A packed sequence that owns its bytes; see the [module](self).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Packed {
    /// Empty as long as nothing was ever put in.
    bytes: Vec<u8>,
}

/// Puts another element in the place of the one at `pos`, in the bytes of a sequence, if it takes as
/// much room. Returns whether it did.
///
/// # Panics
/// Unless there is an element at `pos`.
#[inline]
pub(crate) fn overwrite<'a>(bytes: &mut [u8], pos: usize, item: impl Into<Item<'a>>) -> bool {
    let item = item.into();
    let end = pos + element::skip(&bytes[pos..]);
    let fits = item.size() == end - pos;
    if fits {
        item.write_into(&mut bytes[pos..end]);
    }
    fits
}

impl Packed {
    /// An empty sequence; allocates nothing.
    pub(crate) fn new() -> Packed {
        Packed::default()
    }

    /// An empty sequence with room for elements of `size` bytes in all.
    pub(crate) fn with_capacity(size: usize) -> Packed {
        Packed { bytes: Vec::with_capacity(COUNT + size) }
    }

    /// The sequence whose bytes these are, of [`into_bytes`](Packed::into_bytes) or a copy of
    /// [`as_bytes`](Packed::as_bytes).
    #[inline]
    pub(crate) fn from_bytes(bytes: Vec<u8>) -> Packed {
        Packed { bytes }
    }

    /// The bytes, to be kept.
    #[inline]
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Reads it.
    #[inline]
    pub(crate) fn as_ref(&self) -> PackedRef<'_> {
        PackedRef::new(&self.bytes)
    }

    /// The bytes, as they are to be kept.
    #[inline]
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How many elements, as [`PackedRef::len`].
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.as_ref().len()
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.as_ref().is_empty()
    }

    /// Bytes allocated.
    #[inline]
    pub(crate) fn heap_size(&self) -> usize {
        block_size(self.bytes.capacity())
    }

    /// Adds an element at the end.
    #[inline]
    pub(crate) fn push<'a>(&mut self, item: impl Into<Item<'a>>) {
        let item = item.into();
        self.ensure_count();
        self.bytes.reserve(item.size());
        item.write(&mut self.bytes);
        self.count_up();
    }

    /// Adds an element in front of the one at `pos`; returns the position behind the new one.
    ///
    /// # Panics
    /// Unless `pos` is a position.
    pub(crate) fn insert<'a>(&mut self, pos: usize, item: impl Into<Item<'a>>) -> usize {
        let item = item.into();
        self.ensure_count();
        let end = self.open(pos, 0, item.size());
        item.write_into(&mut self.bytes[pos..end]);
        self.count_up();
        end
    }

    /// Puts another element in the place of the one at `pos`; returns the position behind it.
    ///
    /// # Panics
    /// Unless there is an element at `pos`.
    pub(crate) fn replace<'a>(&mut self, pos: usize, item: impl Into<Item<'a>>) -> usize {
        let item = item.into();
        let old = element::skip(&self.bytes[pos..]);
        let end = self.open(pos, old, item.size());
        item.write_into(&mut self.bytes[pos..end]);
        end
    }

    /// Removes `n` elements from `pos` on, or as many as there are; what follows them is at
    /// `pos` then. Returns how many.
    pub(crate) fn remove(&mut self, pos: usize, n: usize) -> usize {
        let view = self.as_ref();
        let (mut end, mut removed) = (pos, 0);
        while removed < n && end < view.end() {
            end = view.advance(end, 1);
            removed += 1;
        }
        if removed == 0 {
            return 0;
        }
        let count = self.stored_count();
        self.bytes.drain(pos..end);
        let count = match count {
            UNCOUNTED => self.as_ref().iter().count(),
            count => usize::from(count) - removed,
        };
        self.store_count(u16::try_from(count).unwrap_or(UNCOUNTED));
        removed
    }

    /// Makes `new` bytes of room at `pos`, where `old` were; returns where it ends.
    fn open(&mut self, pos: usize, old: usize, new: usize) -> usize {
        let len = self.bytes.len();
        if new > old {
            self.bytes.resize(len + new - old, 0);
        }
        self.bytes.copy_within(pos + old..len, pos + new);
        if new < old {
            self.bytes.truncate(len - (old - new));
        }
        pos + new
    }

    fn ensure_count(&mut self) {
        if self.bytes.is_empty() {
            self.bytes.extend_from_slice(&[0; COUNT]);
        }
    }

    fn stored_count(&self) -> u16 {
        u16::from_le_bytes([self.bytes[0], self.bytes[1]])
    }

    fn store_count(&mut self, count: u16) {
        self.bytes[..COUNT].copy_from_slice(&count.to_le_bytes());
    }

    fn count_up(&mut self) {
        self.store_count(self.stored_count().saturating_add(1));
    }
}

impl From<PackedRef<'_>> for Packed {
    /// A copy.
    fn from(view: PackedRef<'_>) -> Packed {
        Packed { bytes: view.as_bytes().to_vec() }
    }
}

impl<'a, T: Into<Item<'a>>> FromIterator<T> for Packed {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Packed {
        let mut packed = Packed::new();
        items.into_iter().for_each(|item| packed.push(item));
        packed
    }
}
