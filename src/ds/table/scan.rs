//! Reading a table bit by bit while it changes: the reverse-binary cursor of Pieter Noordhuis
//! (Valkey's dict.c explains it), here for linear hashing.
//!
//! The cursor counts with its bits reversed, so that the buckets that a bucket is split into
//! follow one another. Whatever is in the table from the first call to the last is shown at
//! least once; what moves because buckets merge may be shown twice.

#[cfg(feature = "snapshot")]
use super::prefetch_read;
use super::{Summary, Table};

/// How many buckets before it is shown a bucket is fetched, then its items and the next of its chain, and then
/// the items of that one: each in time for the one behind, so that a walk waits for none of them.
#[cfg(feature = "snapshot")]
const BUCKETS_AHEAD: usize = 8;
#[cfg(feature = "snapshot")]
const ITEMS_AHEAD: usize = 6;
#[cfg(feature = "snapshot")]
const CHAINS_AHEAD: usize = 5;
/// What items own is fetched in so many steps, one a bucket.
#[cfg(feature = "snapshot")]
const STEPS: usize = 4;

/// What goes before a walk; made by [`Table::ahead`].
#[cfg(feature = "snapshot")]
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ahead {
    /// The cursors of the buckets that were fetched last, the one `n` buckets ahead of what is shown next at
    /// `(at + n) % BUCKETS_AHEAD`.
    cursors: [u64; BUCKETS_AHEAD],
    at: usize,
    next: u64,
    /// Whether the items of the bucket for which a step is due own more than the steps before have fetched.
    more: [bool; STEPS],
}

/// Hints that an item will be read, at step 0 the item itself, then what it owns, a step deeper each time. Returns
/// whether there is more.
#[cfg(feature = "snapshot")]
pub(crate) trait Fetch<T>: Fn(&T, usize) -> bool {}
#[cfg(feature = "snapshot")]
impl<T, F: Fn(&T, usize) -> bool> Fetch<T> for F {}

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
    pub(crate) fn ahead(&self, cursor: u64, fetch: impl Fetch<T>) -> Ahead {
        let mut ahead =
            Ahead { cursors: [cursor; BUCKETS_AHEAD], at: 0, next: cursor, more: [true; STEPS] };
        if !self.segments.is_empty() {
            (0..BUCKETS_AHEAD).for_each(|_| self.fetch_bucket(&mut ahead));
            let part = |n: usize, step: usize| {
                ahead.cursors[..n].iter().for_each(|cursor| _ = self.deeper(*cursor, step, &fetch));
            };
            ahead.cursors[..ITEMS_AHEAD].iter().for_each(|cursor| self.items(*cursor, &fetch));
            ahead.cursors[..CHAINS_AHEAD].iter().for_each(|cursor| self.chain(*cursor, &fetch));
            (1..=STEPS).for_each(|step| part(STEPS + 1 - step, step));
        }
        ahead
    }

    /// Hints at one bucket more, before the next is shown.
    #[cfg(feature = "snapshot")]
    pub(crate) fn hint(&self, ahead: &mut Ahead, fetch: impl Fetch<T>) {
        if self.segments.is_empty() {
            return;
        }
        self.fetch_bucket(ahead);
        let (cursors, at) = (ahead.cursors, ahead.at);
        let cursor = |n: usize| cursors[(at + n - 1) % BUCKETS_AHEAD];
        self.items(cursor(ITEMS_AHEAD), &fetch);
        self.chain(cursor(CHAINS_AHEAD), &fetch);
        // What a step leaves is the next step's, one bucket later.
        let mut more = true;
        for (step, due) in (1..).zip(&mut ahead.more) {
            let left = *due && self.deeper(cursor(STEPS + 1 - step), step, &fetch);
            *due = std::mem::replace(&mut more, left);
        }
    }

    /// Fetches one bucket more.
    #[cfg(feature = "snapshot")]
    fn fetch_bucket(&self, ahead: &mut Ahead) {
        prefetch_read(self.bucket(self.home(ahead.next)));
        ahead.cursors[ahead.at] = ahead.next;
        ahead.at = (ahead.at + 1) % BUCKETS_AHEAD;
        ahead.next = self.after(ahead.next);
    }

    #[cfg(feature = "snapshot")]
    fn items(&self, cursor: u64, fetch: &impl Fetch<T>) {
        let bucket = self.bucket(self.home(cursor));
        bucket.occupied().for_each(|slot| _ = fetch(bucket.item(slot), 0));
        if let Some(next) = bucket.next() {
            prefetch_read(next);
        }
    }

    #[cfg(feature = "snapshot")]
    fn chain(&self, cursor: u64, fetch: &impl Fetch<T>) {
        if let Some(next) = self.bucket(self.home(cursor)).next() {
            next.occupied().for_each(|slot| _ = fetch(next.item(slot), 0));
        }
    }

    /// Fetches what the items of a bucket own. Returns whether some own more.
    #[cfg(feature = "snapshot")]
    fn deeper(&self, cursor: u64, step: usize, fetch: &impl Fetch<T>) -> bool {
        let mut more = false;
        let bucket = self.bucket(self.home(cursor));
        for bucket in std::iter::once(bucket).chain(bucket.next()) {
            bucket.occupied().for_each(|slot| more |= fetch(bucket.item(slot), step));
        }
        more
    }

    fn after(&self, cursor: u64) -> u64 {
        let index = self.home(cursor);
        // A bucket that was split, or came of a split, is one of two; the others stand for both.
        let mask = if index & self.mask < self.split { self.mask << 1 | 1 } else { self.mask };
        (cursor | !(mask as u64)).reverse_bits().wrapping_add(1).reverse_bits()
    }
}
