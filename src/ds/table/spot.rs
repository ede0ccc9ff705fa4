//! Where a hash belongs: found once, and then fetched and looked at in steps.

use super::bucket::{Bucket, tag_of};
use super::{Summary, Table};
use crate::ds::prefetch::prefetch_read;

/// How a look-up is fetched from memory ahead of time: each step reads what the one before fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// The first bucket.
    Bucket,
    /// The items there whose tag matches, and the next bucket where the chain has one: two chains in five
    /// of a [`Dense`](super::Dense) table have.
    Items,
    /// The items in that one. Few chains have a third bucket.
    Beyond,
}

impl Step {
    /// All, in their order.
    pub(crate) const ALL: [Step; 3] = [Step::Bucket, Step::Items, Step::Beyond];
}

/// The chain of buckets where the items of one hash are. Finding it reads the directory and none of
/// the buckets.
pub(crate) struct Spot<'t, T> {
    bucket: &'t Bucket<T>,
    tag: u8,
}

impl<T> Clone for Spot<'_, T> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Spot<'_, T> {}

impl<T, S: Summary> Table<T, S> {
    /// Where items of this hash are, if the table has any.
    #[inline(always)]
    pub(crate) fn spot(&self, hash: u64) -> Option<Spot<'_, T>> {
        (!self.segments.is_empty())
            .then(|| Spot { bucket: self.bucket(self.home(hash)), tag: tag_of(hash) })
    }
}

impl<'t, T> Spot<'t, T> {
    /// Fetches from memory what the look-up will read, as far as it can be known in this step; shows each
    /// item that may be the one, so that the caller may fetch what the item points to.
    #[inline(always)]
    pub(crate) fn fetch(self, step: Step, show: impl FnMut(&'t T)) {
        match step {
            Step::Bucket => prefetch_read(self.bucket),
            Step::Items => {
                self.candidates(show);
                if let Some(next) = self.bucket.next() {
                    prefetch_read(next);
                }
            }
            Step::Beyond => {
                if let Some(next) = self.bucket.next() {
                    Spot { bucket: next, tag: self.tag }.candidates(show);
                }
            }
        }
    }

    /// Shows each item of the first bucket whose tag matches.
    #[inline(always)]
    fn candidates(self, mut show: impl FnMut(&'t T)) {
        self.bucket.candidates(self.tag).for_each(|slot| show(self.bucket.item(slot)));
    }

    /// The item of this hash for which `is` says yes.
    #[inline(always)]
    pub(crate) fn find(self, mut is: impl FnMut(&T) -> bool) -> Option<&'t T> {
        let mut bucket = self.bucket;
        loop {
            for slot in bucket.candidates(self.tag) {
                let item = bucket.item(slot);
                if is(item) {
                    return Some(item);
                }
            }
            bucket = bucket.next()?;
        }
    }
}
