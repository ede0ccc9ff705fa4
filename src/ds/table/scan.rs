//! Reading a table bit by bit while it changes: the reverse-binary cursor of Pieter Noordhuis
//! (Valkey's dict.c explains it), here for linear hashing.
//!
//! The cursor counts with its bits reversed, so that the buckets that a bucket is split into
//! follow one another. Whatever is in the table from the first call to the last is shown at
//! least once; what moves because buckets merge may be shown twice.

#[cfg(feature = "snapshot")]
use super::prefetch_read;
use super::{Summary, Table};

impl<T, S: Summary> Table<T, S> {
    /// Shows every item of one bucket; returns the next cursor, 0 when the walk is over.
    ///
    /// Start with 0. Any number is safe as a cursor.
    pub(crate) fn scan<'t>(&'t self, cursor: u64, mut visit: impl FnMut(&'t T)) -> u64 {
        if self.segments.is_empty() {
            return 0;
        }
        self.visit_chain(self.home(cursor), &mut visit);
        self.after(cursor)
    }

    /// Hints at what [`scan`](Table::scan) will show soon: the items of this cursor's bucket, by `prefetch`, and the bucket
    /// behind. Returns the next cursor.
    #[cfg(feature = "snapshot")]
    pub(crate) fn hint(&self, cursor: u64, prefetch: impl Fn(&T)) -> u64 {
        if self.segments.is_empty() {
            return 0;
        }
        let bucket = self.bucket(self.home(cursor));
        bucket.occupied().for_each(|slot| prefetch(bucket.item(slot)));
        let next = self.after(cursor);
        prefetch_read(self.bucket(self.home(next)));
        next
    }

    fn after(&self, cursor: u64) -> u64 {
        let index = self.home(cursor);
        // A bucket that was split, or came of a split, is one of two; the others stand for both.
        let mask = if index & self.mask < self.split { self.mask << 1 | 1 } else { self.mask };
        (cursor | !(mask as u64)).reverse_bits().wrapping_add(1).reverse_bits()
    }
}
