//! A sorted run of scored members in one allocation: what a leaf holds, and the separators of an
//! inner node.
//!
//! ```text
//! Run -> [ parent, prev, next u32 ][ len, size u16 ][ bytes apart u64 ]
//!        [ tag u8 x CAPACITY ][ end u16 x CAPACITY ]
//!        [ score f64 x len ] ->   free   <- [ record of the last member ] ... [ of the first ]
//! ```
//!
//! Scores grow from the front and records from the back, so that there is one gap, and so that a
//! search by score reads nothing else. Record `i` lies between `ends[i - 1]` and `ends[i]` bytes
//! from the end of the allocation. A member longer than [`INLINE_MAX`] lies in an allocation
//! of its own; its record is where and how long, and its end carries [`APART`]. A tag is eight bits
//! of a member's hash: one search among them finds a member whose score is not known.
//!
//! Invariants: members ascend by (score, bytes); the allocation is of `size` bytes; `apart` is the
//! bytes allocated for the members that lie apart.
#![allow(unsafe_code)]

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::ops::Range;
use std::ptr::{self, NonNull};

use crate::ds::blocks::block_size;
use crate::ds::prefetch::prefetch_read;

/// Members that a run has room for.
pub(super) const CAPACITY: usize = 64;
/// The longest member that lies in the run itself.
pub(super) const INLINE_MAX: usize = 256;
/// Beyond so many bytes of records a run takes no more, if it has a few members.
const FULL: usize = 4096;
/// What marks the end of a record that points elsewhere.
const APART: u16 = 0x8000;
/// Address and length of a member that lies apart.
const POINTER: usize = 16;
/// No node.
pub(super) const NONE: u32 = u32::MAX;

#[repr(C)]
struct Header {
    parent: u32,
    prev: u32,
    next: u32,
    len: u16,
    size: u16,
    apart: usize,
    tags: [u8; CAPACITY],
    ends: [u16; CAPACITY],
}

/// The run; see the [module](self).
pub(super) struct Run(NonNull<Header>);

// SAFETY: a run owns its bytes and those apart; nothing in it is tied to a thread.
unsafe impl Send for Run {}
// SAFETY: `&Run` only reads.
unsafe impl Sync for Run {}

impl Run {
    /// An empty run that no other is beside of.
    pub(super) fn new() -> Run {
        Run::with_size(rounded(size_of::<Header>() + 40))
    }

    fn with_size(size: usize) -> Run {
        // SAFETY: the layout has room for a header at least.
        let Some(memory) = NonNull::new(unsafe { alloc(layout(size)) }.cast::<Header>()) else {
            handle_alloc_error(layout(size))
        };
        let header = Header {
            parent: NONE,
            prev: NONE,
            next: NONE,
            len: 0,
            size: size as u16,
            apart: 0,
            tags: [0; CAPACITY],
            ends: [0; CAPACITY],
        };
        // SAFETY: fresh memory, aligned for a header.
        unsafe { memory.write(header) };
        Run(memory)
    }

    #[inline(always)]
    fn header(&self) -> &Header {
        // SAFETY: the run owns an initialised header.
        unsafe { self.0.as_ref() }
    }

    #[inline(always)]
    fn header_mut(&mut self) -> &mut Header {
        // SAFETY: as in `header`; `&mut self` is the only way to it.
        unsafe { self.0.as_mut() }
    }

    #[inline(always)]
    fn base(&self) -> *mut u8 {
        self.0.as_ptr().cast()
    }

    #[inline(always)]
    fn scores_start(&self) -> *mut f64 {
        // SAFETY: behind the header, within the allocation.
        unsafe { self.0.as_ptr().add(1).cast() }
    }

    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.header().len.into()
    }

    #[inline(always)]
    pub(super) fn parent(&self) -> u32 {
        self.header().parent
    }

    #[inline(always)]
    pub(super) fn next(&self) -> u32 {
        self.header().next
    }

    #[inline(always)]
    pub(super) fn prev(&self) -> u32 {
        self.header().prev
    }

    pub(super) fn set_parent(&mut self, parent: u32) {
        self.header_mut().parent = parent;
    }

    pub(super) fn set_next(&mut self, next: u32) {
        self.header_mut().next = next;
    }

    pub(super) fn set_prev(&mut self, prev: u32) {
        self.header_mut().prev = prev;
    }

    /// Bytes allocated for the run and the members apart.
    #[inline]
    pub(super) fn heap_size(&self) -> usize {
        usize::from(self.header().size) + self.header().apart
    }

    /// Allocations that dropping the run frees, roughly.
    pub(super) fn effort(&self) -> usize {
        1 + self.header().apart / INLINE_MAX
    }

    /// Hints that the run will be read soon.
    #[inline(always)]
    pub(super) fn prefetch(&self) {
        for line in 0..4 {
            prefetch_read(self.base().wrapping_add(line * 64));
        }
    }

    #[inline(always)]
    pub(super) fn scores(&self) -> &[f64] {
        // SAFETY: `len` scores were written behind the header.
        unsafe { std::slice::from_raw_parts(self.scores_start(), self.len()) }
    }

    #[inline(always)]
    pub(super) fn score(&self, i: usize) -> f64 {
        self.scores()[i]
    }

    pub(super) fn set_score(&mut self, i: usize, score: f64) {
        assert!(i < self.len());
        // SAFETY: one of the scores written.
        unsafe { self.scores_start().add(i).write(score) };
    }

    /// Where record `i` ends, from the end of the allocation; 0 for the one before the first.
    #[inline(always)]
    fn end(&self, past: usize) -> usize {
        if past == 0 { 0 } else { usize::from(self.header().ends[past - 1] & !APART) }
    }

    #[inline(always)]
    fn used(&self) -> usize {
        self.end(self.len())
    }

    #[inline(always)]
    fn is_apart(&self, i: usize) -> bool {
        self.header().ends[i] & APART != 0
    }

    #[inline(always)]
    fn record(&self, i: usize) -> &[u8] {
        assert!(i < self.len());
        let (start, end) = (self.end(i), self.end(i + 1));
        // SAFETY: the ends of records that are there lie within the allocation and ascend.
        unsafe {
            let at = self.base().add(usize::from(self.header().size) - end);
            std::slice::from_raw_parts(at, end - start)
        }
    }

    /// The bytes of member `i`.
    #[inline(always)]
    pub(super) fn member(&self, i: usize) -> &[u8] {
        let record = self.record(i);
        if self.is_apart(i) { apart(record) } else { record }
    }

    #[inline(always)]
    pub(super) fn tag(&self, i: usize) -> u8 {
        self.header().tags[i]
    }

    /// Where this member is, by its tag.
    #[inline]
    pub(super) fn find(&self, tag: u8, member: &[u8]) -> Option<usize> {
        self.tagged(tag).find(|&i| self.member(i) == member)
    }

    /// The members that have this tag.
    #[inline]
    pub(super) fn tagged(&self, tag: u8) -> impl Iterator<Item = usize> {
        let mut set = 0_u64;
        for (i, t) in self.header().tags.iter().enumerate() {
            set |= u64::from(*t == tag) << i;
        }
        if self.len() < CAPACITY {
            set &= (1 << self.len()) - 1;
        }
        std::iter::from_fn(move || {
            let i = set.trailing_zeros() as usize;
            set &= set.wrapping_sub(1);
            (i < CAPACITY).then_some(i)
        })
    }

    /// How many members have a score below `score`, or at most `score` if `after`.
    #[inline]
    pub(super) fn cut_score(&self, score: f64, after: bool) -> usize {
        if after {
            self.scores().partition_point(|s| *s <= score)
        } else {
            self.scores().partition_point(|s| *s < score)
        }
    }

    /// How many members stand before (`score`, `member`), that one included if `after`.
    #[inline]
    pub(super) fn cut(&self, score: f64, member: &[u8], after: bool) -> usize {
        let scores = self.scores();
        let mut low = scores.partition_point(|s| *s < score);
        if low == scores.len() || scores[low] > score {
            return low;
        }
        let mut high = low + 1;
        if high < scores.len() && scores[high] <= score {
            high += scores[high..].partition_point(|s| *s <= score);
        }
        while low < high {
            let middle = usize::midpoint(low, high);
            let before = match self.member(middle).cmp(member) {
                std::cmp::Ordering::Less => true,
                std::cmp::Ordering::Equal => after,
                std::cmp::Ordering::Greater => false,
            };
            if before { low = middle + 1 } else { high = middle }
        }
        low
    }

    /// Whether a member of so many bytes may be added.
    #[inline]
    pub(super) fn fits(&self, bytes: usize) -> bool {
        let bytes = if bytes > INLINE_MAX { POINTER } else { bytes };
        self.len() < CAPACITY && (self.used() + bytes <= FULL || self.len() < 4)
    }

    /// Whether all members of another run may be added.
    pub(super) fn fits_all(&self, other: &Run) -> bool {
        self.len() + other.len() <= CAPACITY * 3 / 4 && self.used() + other.used() <= FULL * 3 / 4
    }

    /// Puts a member at place `at`, which must be right by its order.
    pub(super) fn insert(&mut self, at: usize, score: f64, member: &[u8], tag: u8) {
        if member.len() <= INLINE_MAX {
            return self.insert_record(at, score, member, tag, 0);
        }
        let copy = Box::into_raw(Box::<[u8]>::from(member));
        let mut record = [0; POINTER];
        record[..8].copy_from_slice(&(copy.cast::<u8>().expose_provenance() as u64).to_ne_bytes());
        record[8..].copy_from_slice(&(member.len() as u64).to_ne_bytes());
        self.insert_record(at, score, &record, tag, APART);
        self.header_mut().apart += block_size(member.len());
    }

    fn insert_record(&mut self, at: usize, score: f64, record: &[u8], tag: u8, flag: u16) {
        let (len, used, add) = (self.len(), self.used(), record.len());
        assert!(at <= len && len < CAPACITY);
        self.fit(len + 1, used + add, false);
        let before = self.end(at);
        let header = self.header_mut();
        header.tags.copy_within(at..len, at + 1);
        header.tags[at] = tag;
        header.ends.copy_within(at..len, at + 1);
        header.ends[at] = (before + add) as u16 | flag;
        header.ends[at + 1..=len].iter_mut().for_each(|end| *end += add as u16);
        header.len += 1;
        let size = usize::from(header.size);
        // SAFETY: `fit` made room in the gap for one score more and for the record; what is moved
        // and written lies within the allocation.
        unsafe {
            let scores = self.scores_start();
            ptr::copy(scores.add(at), scores.add(at + 1), len - at);
            scores.add(at).write(score);
            let base = self.base();
            ptr::copy(base.add(size - used), base.add(size - used - add), used - before);
            ptr::copy_nonoverlapping(record.as_ptr(), base.add(size - before - add), add);
        }
    }

    /// Takes members out.
    pub(super) fn remove(&mut self, range: Range<usize>) {
        let (len, used) = (self.len(), self.used());
        assert!(range.start <= range.end && range.end <= len);
        if self.header().apart > 0 {
            for i in range.clone() {
                if self.is_apart(i) {
                    // SAFETY: the record is forgotten below.
                    let gone = unsafe { take_apart(self.record(i)) };
                    self.header_mut().apart -= block_size(gone.len());
                }
            }
        }
        let (from, to) = (self.end(range.start), self.end(range.end));
        let gone = to - from;
        let header = self.header_mut();
        header.tags.copy_within(range.end..len, range.start);
        header.ends.copy_within(range.end..len, range.start);
        let left = len - range.len();
        header.ends[range.start..left].iter_mut().for_each(|end| *end -= gone as u16);
        header.len = left as u16;
        let size = usize::from(header.size);
        // SAFETY: moves scores and records that are there over those that went.
        unsafe {
            let scores = self.scores_start();
            ptr::copy(scores.add(range.end), scores.add(range.start), len - range.end);
            let base = self.base();
            ptr::copy(base.add(size - used), base.add(size - used + gone), used - to);
        }
        self.fit(left, used - gone, true);
    }

    /// Takes the members from `at` on out, into a run of their own.
    pub(super) fn split_off(&mut self, at: usize) -> Run {
        let (len, used) = (self.len(), self.used());
        assert!(at <= len);
        let before = self.end(at);
        let (count, bytes) = (len - at, used - before);
        let mut right = Run::with_size(rounded(needed(count, bytes)));
        if self.header().apart > 0 {
            let moved = (at..len).filter(|&i| self.is_apart(i));
            let moved = moved.map(|i| block_size(self.member(i).len())).sum();
            right.header_mut().apart = moved;
            self.header_mut().apart -= moved;
        }
        let (left_header, header) = (self.header(), right.header_mut());
        header.len = count as u16;
        header.tags[..count].copy_from_slice(&left_header.tags[at..len]);
        for (end, old) in header.ends.iter_mut().zip(&left_header.ends[at..len]) {
            *end = old - before as u16;
        }
        // SAFETY: `right` was made with room for the scores and records; they do not overlap.
        unsafe {
            ptr::copy_nonoverlapping(self.scores_start().add(at), right.scores_start(), count);
            let from = self.base().add(usize::from(self.header().size) - used);
            let to = right.base().add(usize::from(right.header().size) - bytes);
            ptr::copy_nonoverlapping(from, to, bytes);
        }
        self.header_mut().len = at as u16;
        self.fit(at, before, true);
        right
    }

    /// Moves all members of `other`, which come after those here, to the end.
    pub(super) fn append(&mut self, mut other: Run) {
        let (len, used) = (self.len(), self.used());
        let (count, bytes) = (other.len(), other.used());
        assert!(len + count <= CAPACITY);
        self.fit(len + count, used + bytes, false);
        let header = self.header_mut();
        header.tags[len..len + count].copy_from_slice(&other.header().tags[..count]);
        for (end, old) in header.ends[len..].iter_mut().zip(&other.header().ends[..count]) {
            *end = old + used as u16;
        }
        header.len += count as u16;
        header.apart += other.header().apart;
        let size = usize::from(header.size);
        // SAFETY: `fit` made room for both, and the two allocations do not overlap.
        unsafe {
            ptr::copy_nonoverlapping(other.scores_start(), self.scores_start().add(len), count);
            let from = other.base().add(usize::from(other.header().size) - bytes);
            ptr::copy_nonoverlapping(from, self.base().add(size - used - bytes), bytes);
        }
        // The members apart have a new owner.
        other.header_mut().len = 0;
        other.header_mut().apart = 0;
    }

    /// Makes the allocation right for `len` members with `bytes` of records: larger if they do not
    /// fit, smaller if `may_shrink` and half of it would be idle.
    #[inline]
    fn fit(&mut self, len: usize, bytes: usize, may_shrink: bool) {
        let (size, needed) = (usize::from(self.header().size), needed(len, bytes));
        if needed > size || may_shrink && needed * 3 < size * 2 {
            self.resize(rounded(needed));
        }
    }

    #[inline(never)]
    fn resize(&mut self, size: usize) {
        let old = usize::from(self.header().size);
        if size == old {
            return;
        }
        let (len, used) = (self.len(), self.used());
        debug_assert!(needed(len, used) <= size && size <= u16::MAX.into());
        // SAFETY: both allocations have room for the header, the scores and the records; the old
        // one is freed once and not used again.
        unsafe {
            let Some(memory) = NonNull::new(alloc(layout(size)).cast::<Header>()) else {
                handle_alloc_error(layout(size))
            };
            let new = memory.as_ptr().cast::<u8>();
            let front = size_of::<Header>() + len * size_of::<f64>();
            ptr::copy_nonoverlapping(self.base(), new, front);
            ptr::copy_nonoverlapping(self.base().add(old - used), new.add(size - used), used);
            dealloc(self.base(), layout(old));
            self.0 = memory;
        }
        self.header_mut().size = size as u16;
    }
}

impl Clone for Run {
    fn clone(&self) -> Run {
        let mut copy = Run::with_size(rounded(needed(self.len(), self.used())));
        for i in 0..self.len() {
            copy.insert(i, self.score(i), self.member(i), self.tag(i));
        }
        let header = self.header();
        copy.set_parent(header.parent);
        copy.set_prev(header.prev);
        copy.set_next(header.next);
        copy
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if self.header().apart > 0 {
            for i in (0..self.len()).filter(|&i| self.is_apart(i)) {
                // SAFETY: nobody reads the record again.
                drop(unsafe { take_apart(self.record(i)) });
            }
        }
        // SAFETY: made with this size, and not used again.
        unsafe { dealloc(self.base(), layout(self.header().size.into())) };
    }
}

/// Bytes that a run of so many members with so many bytes of records takes.
fn needed(len: usize, bytes: usize) -> usize {
    size_of::<Header>() + len * size_of::<f64>() + bytes
}

/// The size, at least this, in which memory is asked for: four steps each time it doubles, which
/// are the size classes of common allocators.
fn rounded(size: usize) -> usize {
    let step = 1 << ((size - 1).ilog2() - 2);
    size.next_multiple_of(step)
}

fn layout(size: usize) -> Layout {
    Layout::from_size_align(size, align_of::<Header>()).expect("at most 64 KB")
}

/// Where a record of a member that lies apart points.
fn pointed(record: &[u8]) -> *mut [u8] {
    let word = |at: usize| {
        let bytes = record[at..at + 8].try_into().expect("eight bytes");
        u64::from_ne_bytes(bytes) as usize
    };
    ptr::slice_from_raw_parts_mut(ptr::with_exposed_provenance_mut(word(0)), word(8))
}

fn apart(record: &[u8]) -> &[u8] {
    // SAFETY: the record of a member that lies apart is the address and length of an allocation
    // that the run owns for as long as it has the record.
    unsafe { &*pointed(record) }
}

/// The member that a record points to.
///
/// # Safety
/// The record must be one of a member that lies apart, and not be read again.
unsafe fn take_apart(record: &[u8]) -> Box<[u8]> {
    // SAFETY: made by `Box::into_raw` in `insert`; the caller takes it once.
    unsafe { Box::from_raw(pointed(record)) }
}
