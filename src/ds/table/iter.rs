//! Walking over a whole table that does not change meanwhile.

use super::bucket::{Bucket, SlotSet};
use super::{Summary, Table};
use crate::ds::prefetch::prefetch_read;

/// Every item of a table, in no order; see [`Table::iter`].
pub(crate) struct Iter<'t, T, S> {
    table: &'t Table<T, S>,
    prefetch: fn(&T),
    /// The next bucket that is the first of its chain.
    next: usize,
    bucket: Option<&'t Bucket<T>>,
    slots: SlotSet,
    left: usize,
}

impl<T, S: Summary> Table<T, S> {
    /// Every item, in no order. `prefetch` is called with each some items ahead, to hint at the memory
    /// that it points to.
    pub(crate) fn iter(&self, prefetch: fn(&T)) -> Iter<'_, T, S> {
        let slots = SlotSet::default();
        Iter { table: self, prefetch, next: 0, bucket: None, slots, left: self.len() }
    }
}

impl<'t, T, S: Summary> Iter<'t, T, S> {
    /// Enters the next bucket; `None` after the last.
    fn enter(&mut self) -> Option<()> {
        let chained = self.bucket.and_then(Bucket::next);
        let bucket = match chained {
            Some(bucket) => bucket,
            None => {
                let index = self.next;
                if index >= self.table.buckets() {
                    return None;
                }
                self.next += 1;
                if index + 2 < self.table.buckets() {
                    prefetch_read(self.table.bucket(index + 2));
                }
                if index + 1 < self.table.buckets() {
                    let ahead = self.table.bucket(index + 1);
                    ahead.occupied().for_each(|slot| (self.prefetch)(ahead.item(slot)));
                }
                self.table.bucket(index)
            }
        };
        self.slots = bucket.occupied();
        self.bucket = Some(bucket);
        Some(())
    }
}

impl<'t, T, S: Summary> Iterator for Iter<'t, T, S> {
    type Item = &'t T;

    #[inline]
    fn next(&mut self) -> Option<&'t T> {
        loop {
            if let (Some(slot), Some(bucket)) = (self.slots.next(), self.bucket) {
                self.left -= 1;
                return Some(bucket.item(slot));
            }
            self.enter()?;
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<T, S: Summary> ExactSizeIterator for Iter<'_, T, S> {}
