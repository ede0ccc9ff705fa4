//! Reading a table bit by bit while it changes: the reverse-binary cursor of Pieter Noordhuis
//! (Valkey's dict.c explains it), here for linear hashing.
//!
//! The cursor counts with its bits reversed, so that the buckets that a bucket is split into
//! follow one another. Whatever is in the table from the first call to the last is shown at
//! least once; what moves because buckets merge may be shown twice.

#[cfg(feature = "snapshot")]
use super::prefetch_read;
use super::{Summary, Table};

/// How many buckets before they are shown a bucket is fetched, then its items and the next of its chain, and then
/// the items of that one: each in time for the one behind, so that a walk waits for none of them.
#[cfg(feature = "snapshot")]
const BUCKETS_AHEAD: usize = 8;
#[cfg(feature = "snapshot")]
const ITEMS_AHEAD: usize = 3;
#[cfg(feature = "snapshot")]
const CHAINS_AHEAD: usize = 1;

/// Cursors that go before a walk; made by [`Table::ahead`].
#[cfg(feature = "snapshot")]
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ahead {
    bucket: u64,
    items: u64,
    chain: u64,
}

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

    /// Begins to hint at what [`scan`](Table::scan) will show from this cursor on.
    #[cfg(feature = "snapshot")]
    pub(crate) fn ahead(&self, cursor: u64, prefetch: impl Fn(&T)) -> Ahead {
        let mut ahead = Ahead { bucket: cursor, items: cursor, chain: cursor };
        if !self.segments.is_empty() {
            (0..BUCKETS_AHEAD).for_each(|_| self.hint_bucket(&mut ahead.bucket));
            (0..ITEMS_AHEAD).for_each(|_| self.hint_items(&mut ahead.items, &prefetch));
            (0..CHAINS_AHEAD).for_each(|_| self.hint_chain(&mut ahead.chain, &prefetch));
        }
        ahead
    }

    /// Hints at one bucket more, before the next is shown.
    #[cfg(feature = "snapshot")]
    pub(crate) fn hint(&self, ahead: &mut Ahead, prefetch: impl Fn(&T)) {
        if !self.segments.is_empty() {
            self.hint_bucket(&mut ahead.bucket);
            self.hint_items(&mut ahead.items, &prefetch);
            self.hint_chain(&mut ahead.chain, &prefetch);
        }
    }

    #[cfg(feature = "snapshot")]
    fn hint_bucket(&self, cursor: &mut u64) {
        prefetch_read(self.bucket(self.home(*cursor)));
        *cursor = self.after(*cursor);
    }

    #[cfg(feature = "snapshot")]
    fn hint_items(&self, cursor: &mut u64, prefetch: &impl Fn(&T)) {
        let bucket = self.bucket(self.home(*cursor));
        bucket.occupied().for_each(|slot| prefetch(bucket.item(slot)));
        if let Some(next) = bucket.next() {
            prefetch_read(next);
        }
        *cursor = self.after(*cursor);
    }

    #[cfg(feature = "snapshot")]
    fn hint_chain(&self, cursor: &mut u64, prefetch: &impl Fn(&T)) {
        if let Some(next) = self.bucket(self.home(*cursor)).next() {
            next.occupied().for_each(|slot| prefetch(next.item(slot)));
        }
        *cursor = self.after(*cursor);
    }

    fn after(&self, cursor: u64) -> u64 {
        let index = self.home(cursor);
        // A bucket that was split, or came of a split, is one of two; the others stand for both.
        let mask = if index & self.mask < self.split { self.mask << 1 | 1 } else { self.mask };
        (cursor | !(mask as u64)).reverse_bits().wrapping_add(1).reverse_bits()
    }
}
