//! One place of the table, found and held: look, change, take out, or put in.
#![allow(unsafe_code)]

use std::ptr::NonNull;

use super::bucket::{Bucket, tag_of};
use super::{Rehash, SEGMENT_BITS, Summary, Table};

/// What a look-up for writing found.
pub(crate) enum Entry<'t, T, S> {
    /// The item is there.
    Occupied(Occupied<'t, T, S>),
    /// It is not.
    Vacant(Vacant<'t, T, S>),
}

/// An item of the table, held exclusively.
pub(crate) struct Occupied<'t, T, S> {
    table: &'t mut Table<T, S>,
    /// The item's home: the first bucket of its chain.
    home: usize,
    hash: u64,
    /// The bucket of that chain that holds it.
    bucket: NonNull<Bucket<T>>,
    slot: usize,
}

/// The place where an item of this hash would go.
pub(crate) struct Vacant<'t, T, S> {
    table: &'t mut Table<T, S>,
    hash: u64,
}

impl<T, S: Summary> Table<T, S> {
    /// The item of this hash for which `is` says yes, or the place for it.
    #[inline(always)]
    pub(crate) fn entry(&mut self, hash: u64, mut is: impl FnMut(&T) -> bool) -> Entry<'_, T, S> {
        if !self.segments.is_empty() {
            let home = self.home(hash);
            let tag = tag_of(hash);
            let mut bucket = Some(self.bucket_mut(home));
            while let Some(b) = bucket {
                for slot in b.candidates(tag) {
                    if is(b.item(slot)) {
                        let bucket = NonNull::from(b);
                        return Entry::Occupied(Occupied { table: self, home, hash, bucket, slot });
                    }
                }
                bucket = b.next_mut();
            }
        }
        Entry::Vacant(Vacant { table: self, hash })
    }
}

impl<'t, T, S: Summary> Occupied<'t, T, S> {
    #[inline(always)]
    pub(crate) fn get(&self) -> &T {
        // SAFETY: the bucket belongs to the table that we hold exclusively, and nothing
        // has moved since the look-up put the item at this slot.
        unsafe { self.bucket.as_ref() }.item(self.slot)
    }

    #[inline(always)]
    pub(crate) fn get_mut(&mut self) -> &mut T {
        // SAFETY: as in `get`.
        unsafe { self.bucket.as_mut() }.item_mut(self.slot)
    }

    /// The summary of the item's segment, to be loosened when the item changes.
    #[inline(always)]
    pub(crate) fn summary_mut(&mut self) -> &mut S {
        &mut self.table.segments[self.home >> SEGMENT_BITS].summary
    }

    /// Takes the item out, and gives a bucket back if the table has become sparse.
    pub(crate) fn remove(mut self) -> (T, Vacant<'t, T, S>) {
        // SAFETY: as in `get`.
        let bucket = unsafe { self.bucket.as_mut() };
        let (_, item) = bucket.take(self.slot);
        let freed = bucket.fill_hole(self.slot) + self.table.bucket_mut(self.home).trim();
        self.table.chained -= freed;
        self.table.len -= 1;
        self.table.shrink(1);
        (item, Vacant { table: self.table, hash: self.hash })
    }
}

impl<'t, T, S: Summary> Vacant<'t, T, S> {
    /// Puts an item of this place's hash in; splits a bucket if the table is full.
    #[inline]
    pub(crate) fn insert(self, item: T, rehash: &impl Rehash<T>) -> Occupied<'t, T, S> {
        let table = self.table;
        table.grow(rehash);
        let home = table.home(self.hash);
        let pushed = table.bucket_mut(home).push(tag_of(self.hash), item);
        table.chained += pushed.grew;
        table.longest = table.longest.max(pushed.depth);
        table.len += 1;
        Occupied { table, home, hash: self.hash, bucket: pushed.bucket, slot: pushed.slot }
    }
}
