//! A hash table of one-word items that grows and shrinks one bucket at a time.
//!
//! It serves the keyspace, and big sets, hashes and member indexes. What it gives that
//! a general-purpose map does not:
//!
//! * **No operation rehashes the table.** It is a *linear hashing* table (Litwin 1980):
//!   a bucket is split in two whenever the items outnumber [`Summary::FILL`] a bucket, in the fixed
//!   order 0, 1, 2, …, and merged back in the opposite order. Buckets lie in segments of
//!   64 (one page), so growth copies nothing but a directory of segments.
//! * **SCAN by cursor** with Redis's guarantee, however the table changes meanwhile.
//! * **Fair sampling**: every item is as likely as any other.
//! * **Prefetching**, so that a batch of look-ups costs one memory latency and not one each.
//! * **A summary for each segment**, which the keyspace uses to know where keys are due
//!   to expire without an index that costs memory per key.
//!
//! ```text
//! directory   [segment 0 | summary][segment 1 | summary] …
//!                  |
//!                  +-- 64 buckets of one cache line each (`bucket.rs`)
//!
//! buckets = mask + 1 + split         (mask + 1 is a power of two)
//! home(h) = h & (2*mask + 1), less its top bit when that bucket does not exist yet
//! ```
//!
//! Invariants: every item lies in the chain of its home bucket; `len` counts items,
//! `chained` the bytes of the buckets beyond the first of their chain; `longest` bounds the buckets of
//! any chain. Costs: a look-up reads the directory entry, one bucket (more where
//! chained: about one key in ten), and each item whose tag matches.
//!
//! Rejected: doubling with two tables (twice the memory while growing, and half-empty
//! after), open addressing over the whole table (no incremental resize, no stable cursor).
#![allow(unsafe_code)]

mod bucket;
mod entry;
mod iter;
mod sample;
mod scan;
mod spot;
#[cfg(test)]
mod tests;

use bucket::{Bucket, Line};
pub(crate) use entry::Entry;
pub(crate) use iter::Iter;
pub(crate) use spot::{Spot, Step};
use std::alloc::{alloc, dealloc, handle_alloc_error, realloc};
use std::fmt;
use std::ptr::NonNull;

use super::prefetch::prefetch_read;

/// Buckets in a segment: one page.
const SEGMENT: usize = 64;
const SEGMENT_BITS: u32 = SEGMENT.trailing_zeros();

/// How a table learns the hash of an item it already holds.
pub(crate) trait Rehash<T> {
    /// The hash that `item` was inserted with.
    fn rehash(&self, item: &T) -> u64;
    /// A hint that [`rehash`](Rehash::rehash) will be asked about `item` soon.
    fn prefetch(&self, _item: &T) {}
}

/// What a table remembers about the items of one segment: a bound that is right, if loose,
/// for each item of the segment. And, since it names the kind of table, how full that is.
pub(crate) trait Summary: Copy + Default {
    /// Items a bucket holds on average when the table grows.
    const FILL: usize = 5;
    /// Items a bucket holds on average when the table shrinks.
    const SPARSE: usize = 2;

    /// Loosens the bound so that it holds for what `other` covers too.
    fn absorb(&mut self, other: Self);
}

impl Summary for () {
    fn absorb(&mut self, (): ()) {}
}

/// Remembers nothing, and fills a table tighter than the keyspace's: 12.4 bytes an item in place of
/// 14.6, for look-ups that take 1.05 of the time (a million members of 17 bytes;
/// 8 items a bucket would save half a byte more and take 1.10).
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Dense;

impl Summary for Dense {
    const FILL: usize = 7;
    const SPARSE: usize = 3;

    fn absorb(&mut self, _: Dense) {}
}

struct Segment<T, S> {
    /// `SEGMENT` buckets, fewer in the first segment of a small table.
    buckets: NonNull<Line<T>>,
    summary: S,
}

/// The hash table; see the [module](self).
pub(crate) struct Table<T, S = ()> {
    segments: Vec<Segment<T, S>>,
    /// Buckets of the current level, less one; every bit below the level is set.
    mask: usize,
    /// Buckets of this level already split; below `mask + 1`.
    split: usize,
    /// Buckets that the first segment has room for; a power of two, 0 before the first item.
    first_room: usize,
    len: usize,
    chained: usize,
    /// At least the number of buckets in the longest chain.
    longest: usize,
}

// SAFETY: a table owns its items and buckets; nothing in it is tied to a thread.
unsafe impl<T: Send, S: Send> Send for Table<T, S> {}
// SAFETY: `&Table` gives out `&T` and copies of `S`, and changes nothing.
unsafe impl<T: Sync, S: Sync> Sync for Table<T, S> {}

impl<T, S: Summary> Table<T, S> {
    pub(crate) const fn new() -> Table<T, S> {
        Table {
            segments: Vec::new(),
            mask: 0,
            split: 0,
            first_room: 0,
            len: 0,
            chained: 0,
            longest: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Buckets, those of chains apart.
    pub(crate) fn buckets(&self) -> usize {
        if self.segments.is_empty() { 0 } else { self.mask + 1 + self.split }
    }

    /// Places for items in the buckets, those of chains apart.
    pub(crate) fn slots(&self) -> usize {
        self.buckets() * bucket::SLOTS
    }

    /// Bytes allocated for the directory and the buckets, both powers of two as a rule, which are blocks; what items own
    /// is not counted.
    pub(crate) fn heap_size(&self) -> usize {
        let full_segments = self.segments.len().saturating_sub(1);
        self.segments.capacity() * size_of::<Segment<T, S>>()
            + (self.first_room + full_segments * SEGMENT) * bucket::LINE
            + self.chained
    }

    /// The bucket where an item of this hash belongs. The table must have buckets.
    #[inline(always)]
    fn home(&self, hash: u64) -> usize {
        let wide = hash as usize & (self.mask << 1 | 1);
        if wide > self.mask + self.split { wide & self.mask } else { wide }
    }

    #[inline(always)]
    fn bucket(&self, index: usize) -> &Bucket<T> {
        debug_assert!(index < self.buckets());
        // SAFETY: callers pass indexes below `buckets()`, each of which lies in a segment of
        // the directory, and `&self` keeps the buckets from being changed.
        unsafe {
            self.segments
                .get_unchecked(index >> SEGMENT_BITS)
                .buckets
                .add(index & (SEGMENT - 1))
                .as_ref()
        }
    }

    #[inline(always)]
    fn bucket_mut(&mut self, index: usize) -> &mut Bucket<T> {
        debug_assert!(index < self.buckets());
        // SAFETY: as in `bucket`; `&mut self` is the only way to the buckets.
        unsafe {
            self.segments
                .get_unchecked_mut(index >> SEGMENT_BITS)
                .buckets
                .add(index & (SEGMENT - 1))
                .as_mut()
        }
    }

    /// The item of this hash for which `is` says yes.
    #[inline(always)]
    pub(crate) fn find(&self, hash: u64, is: impl FnMut(&T) -> bool) -> Option<&T> {
        self.spot(hash)?.find(is)
    }

    /// Hints that the bucket of this hash will be read soon.
    #[inline(always)]
    pub(crate) fn prefetch(&self, hash: u64) {
        self.fetch(hash, Step::Bucket, |_| {});
    }

    /// Hints that this hash will be looked up soon; see [`Spot::fetch`].
    #[inline(always)]
    pub(crate) fn fetch<'t>(&'t self, hash: u64, step: Step, show: impl FnMut(&'t T)) {
        if let Some(spot) = self.spot(hash) {
            spot.fetch(step, show);
        }
    }

    /// Calls `visit` with every item.
    pub(crate) fn for_each(&self, mut visit: impl FnMut(&T)) {
        for index in 0..self.buckets() {
            self.visit_chain(index, &mut visit);
        }
    }

    fn visit_chain<'t>(&'t self, index: usize, visit: &mut impl FnMut(&'t T)) {
        let mut bucket = Some(self.bucket(index));
        while let Some(b) = bucket {
            b.occupied().for_each(|slot| visit(b.item(slot)));
            bucket = b.next();
        }
    }

    /// How many segments there are.
    pub(crate) fn segments(&self) -> usize {
        self.segments.len()
    }

    /// Calls `visit` with every item of segment `i`.
    pub(crate) fn for_each_in<'t>(&'t self, i: usize, mut visit: impl FnMut(&'t T)) {
        let first = i << SEGMENT_BITS;
        for index in first..(first + SEGMENT).min(self.buckets()) {
            self.visit_chain(index, &mut visit);
        }
    }

    /// What is remembered about segment `i`.
    pub(crate) fn summary(&self, i: usize) -> S {
        self.segments[i].summary
    }

    /// Replaces what is remembered about segment `i`; it must hold for each item there.
    pub(crate) fn set_summary(&mut self, i: usize, summary: S) {
        self.segments[i].summary = summary;
    }

    /// Takes out of segment `i` the items for which `take` says yes, into `out`.
    ///
    /// The caller then calls [`shrink`](Table::shrink), which this does not do.
    pub(crate) fn extract(
        &mut self,
        i: usize,
        rehash: &impl Rehash<T>,
        mut take: impl FnMut(&T) -> bool,
        out: &mut Vec<T>,
    ) {
        let first = i << SEGMENT_BITS;
        let past = (first + SEGMENT).min(self.buckets());
        for index in first..past {
            for ahead in [index + 2, index + 1].into_iter().filter(|&a| a < past) {
                let bucket = self.bucket(ahead);
                prefetch_read(bucket);
                if ahead == index + 1 {
                    bucket.occupied().for_each(|slot| rehash.prefetch(bucket.item(slot)));
                }
            }
            let before = out.len();
            let freed = self.bucket_mut(index).extract(&mut take, |_, item| out.push(item));
            self.len -= out.len() - before;
            self.chained -= freed;
        }
    }

    /// Makes room for so many items in a table that is empty, so that none is moved as they come.
    #[cfg(feature = "snapshot")]
    pub(crate) fn reserve(&mut self, items: usize) {
        let buckets = items / S::FILL;
        if self.len > 0 || buckets <= self.buckets() {
            return;
        }
        (self.buckets()..buckets).for_each(|index| self.add_bucket(index));
        let whole = 1_usize << buckets.ilog2();
        (self.mask, self.split) = (whole - 1, buckets - whole);
        self.longest = self.longest.max(1);
    }

    /// Takes every item out of segment `i`, for a table that is then dropped.
    #[cfg(feature = "snapshot")]
    pub(crate) fn extract_all(&mut self, i: usize, out: &mut Vec<T>) {
        let first = i << SEGMENT_BITS;
        for index in first..(first + SEGMENT).min(self.buckets()) {
            let before = out.len();
            let freed = self.bucket_mut(index).extract(|_| true, |_, item| out.push(item));
            self.len -= out.len() - before;
            self.chained -= freed;
        }
    }

    /// Makes room for one more item: splits a bucket if the table is full.
    #[inline]
    fn grow(&mut self, rehash: &impl Rehash<T>) {
        if self.len >= self.buckets() * S::FILL {
            self.split_one(rehash);
        }
    }

    #[inline(never)]
    fn split_one(&mut self, rehash: &impl Rehash<T>) {
        let new = self.buckets();
        self.add_bucket(new);
        if new == 0 {
            self.longest = 1;
            return;
        }
        let old = self.split;
        let high_bit = self.mask + 1;
        self.split += 1;
        if self.split > self.mask {
            self.mask = self.mask << 1 | 1;
            self.split = 0;
        }
        let from = self.segments[old >> SEGMENT_BITS].summary;
        self.segments[new >> SEGMENT_BITS].summary.absorb(from);
        self.visit_chain(old, &mut |item| rehash.prefetch(item));

        self.move_items(old, new, |item| rehash.rehash(item) as usize & high_bit != 0);
    }

    /// Moves the items for which `which` says yes from one chain to another.
    fn move_items(&mut self, from: usize, to: usize, which: impl FnMut(&T) -> bool) {
        debug_assert!(from != to);
        let mut to = NonNull::from(self.bucket_mut(to));
        let (mut grown, mut longest) = (0, self.longest);
        let freed = self.bucket_mut(from).extract(which, |tag, item| {
            // SAFETY: two indexes are two chains, which share no bucket; the table is ours.
            let pushed = unsafe { to.as_mut() }.push(tag, item);
            grown += pushed.grew;
            longest = longest.max(pushed.depth);
        });
        self.chained = self.chained + grown - freed;
        self.longest = longest;
    }

    /// Allocates bucket `index`, the first that does not exist.
    fn add_bucket(&mut self, index: usize) {
        if index >= SEGMENT {
            if index & (SEGMENT - 1) == 0 {
                let buckets = allocate::<T>(SEGMENT);
                self.segments.push(Segment { buckets, summary: S::default() });
            }
        } else if index >= self.first_room {
            let room = (self.first_room * 2).max(1);
            if self.segments.is_empty() {
                self.segments.push(Segment { buckets: allocate::<T>(room), summary: S::default() });
            } else {
                self.segments[0].buckets =
                    reallocate(self.segments[0].buckets, self.first_room, room);
            }
            self.first_room = room;
        }
        // SAFETY: the segment has room for the bucket, and nobody has used it yet.
        unsafe {
            self.segments[index >> SEGMENT_BITS]
                .buckets
                .add(index & (SEGMENT - 1))
                .write(Line::EMPTY)
        };
    }

    /// Gives memory back after `removed` items were taken out: merges at most as many buckets.
    pub(crate) fn shrink(&mut self, removed: usize) {
        for _ in 0..removed {
            if self.buckets() <= 1 || self.len >= self.buckets() * S::SPARSE {
                break;
            }
            self.merge_one();
        }
        if self.len == 0 && self.buckets() == 1 {
            self.release_all();
        }
    }

    /// Moves the items of the last bucket into the one it was split from.
    fn merge_one(&mut self) {
        let last = self.buckets() - 1;
        let home = if self.split == 0 { self.mask >> 1 } else { self.split - 1 };
        self.move_items(last, home, |_| true);
        if self.split == 0 {
            self.mask >>= 1;
            self.split = self.mask + 1;
        }
        self.split -= 1;
        let from = self.segments[last >> SEGMENT_BITS].summary;
        self.segments[home >> SEGMENT_BITS].summary.absorb(from);
        if last >= SEGMENT && last & (SEGMENT - 1) == 0 {
            let gone = self.segments.pop().expect("the last bucket has a segment");
            release(gone.buckets, SEGMENT);
            if self.segments.len() * 4 < self.segments.capacity() {
                self.segments.shrink_to(self.segments.len() * 2);
            }
        } else if last < SEGMENT && last * 2 == self.first_room && self.first_room > 1 {
            self.segments[0].buckets = reallocate(self.segments[0].buckets, self.first_room, last);
            self.first_room = last;
        }
    }

    fn release_all(&mut self) {
        for (i, segment) in self.segments.drain(..).enumerate() {
            release(segment.buckets, if i == 0 { self.first_room } else { SEGMENT });
        }
        self.segments = Vec::new();
        (self.mask, self.split, self.first_room, self.chained, self.longest) = (0, 0, 0, 0, 0);
    }
}

impl<T, S> Drop for Table<T, S> {
    fn drop(&mut self) {
        let buckets = if self.segments.is_empty() { 0 } else { self.mask + 1 + self.split };
        for index in 0..buckets {
            // SAFETY: every bucket below the count is initialised and owned by the table.
            let bucket: &mut Bucket<T> = unsafe {
                self.segments[index >> SEGMENT_BITS].buckets.add(index & (SEGMENT - 1)).as_mut()
            };
            bucket.extract(|_| true, |_, item| drop(item));
        }
        for (i, segment) in self.segments.drain(..).enumerate() {
            release(segment.buckets, if i == 0 { self.first_room } else { SEGMENT });
        }
    }
}

impl<T, S: Summary> fmt::Debug for Table<T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("len", &self.len)
            .field("buckets", &self.buckets())
            .field("chained", &self.chained)
            .finish()
    }
}

fn allocate<T>(buckets: usize) -> NonNull<Line<T>> {
    let layout = Line::<T>::layout(buckets);
    // SAFETY: the layout is of one bucket at least.
    let memory = unsafe { alloc(layout) };
    NonNull::new(memory.cast()).unwrap_or_else(|| handle_alloc_error(layout))
}

fn reallocate<T>(old: NonNull<Line<T>>, from: usize, to: usize) -> NonNull<Line<T>> {
    let (from, to) = (Line::<T>::layout(from), Line::<T>::layout(to));
    // SAFETY: `old` was allocated with room for `from` buckets; both sizes are at most a page.
    let memory = unsafe { realloc(old.as_ptr().cast(), from, to.size()) };
    NonNull::new(memory.cast()).unwrap_or_else(|| handle_alloc_error(to))
}

fn release<T>(buckets: NonNull<Line<T>>, room: usize) {
    // SAFETY: made by `allocate` or `reallocate` with this room, and not used again.
    unsafe { dealloc(buckets.as_ptr().cast(), Line::<T>::layout(room)) };
}
