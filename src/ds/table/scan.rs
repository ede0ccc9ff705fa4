//! Reading a table bit by bit while it changes: the reverse-binary cursor of Pieter Noordhuis
//! (Valkey's dict.c explains it), here for linear hashing.
//!
//! The cursor counts with its bits reversed, so that the buckets that a bucket is split into
//! follow one another. Whatever is in the table from the first call to the last is shown at
//! least once; what moves because buckets merge may be shown twice.

use super::{Summary, Table};

impl<T, S: Summary> Table<T, S> {
    /// Shows every item of one bucket; returns the next cursor, 0 when the walk is over.
    ///
    /// Start with 0. Any number is safe as a cursor.
    pub(crate) fn scan<'t>(&'t self, cursor: u64, mut visit: impl FnMut(&'t T)) -> u64 {
        if self.segments.is_empty() {
            return 0;
        }
        let index = self.home(cursor);
        self.visit_chain(index, &mut visit);
        // A bucket that was split, or came of a split, is one of two; the others stand for both.
        let mask = if index & self.mask < self.split { self.mask << 1 | 1 } else { self.mask };
        (cursor | !(mask as u64)).reverse_bits().wrapping_add(1).reverse_bits()
    }
}
