//! One cache line of the table: seven items and their tags, and a chain of more.
//!
//! ```text
//!  byte  0   1   2   3   4   5   6   7      8 .. 15        ...   56 .. 63
//!       tag tag tag tag tag tag tag flags   item 0         ...   item 6, or the
//!                                                                next bucket if a flag says so
//! ```
//!
//! A tag is `0x80 | seven bits of the hash`; a free slot's tag is 0. The layout is
//! that of Valkey's hashtable.c (BSD), with the presence bit inside the tag.
//!
//! The last bucket of a chain, unless it is the first too, may be half a line, of three items: many of the chains
//! that go beyond their first bucket do so by two or three items only.
#![allow(unsafe_code)]

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::mem::MaybeUninit;
use std::ptr::NonNull;

/// Items in a bucket of a whole line that is the last of its chain.
pub(super) const SLOTS: usize = 7;
/// Items in one of half a line.
const FEW: usize = 3;
/// With no more items than these, one of a whole line is put into half a line.
const SPARE: usize = FEW - 1;
/// The slot that holds the next bucket when there is one.
const LAST: usize = SLOTS - 1;
/// There is a next bucket.
const CHAINED: u64 = 1 << 56;
/// It is of a whole line.
const WHOLE: u64 = 1 << 57;
const ITEM_TAGS: u64 = 0x0080_8080_8080_8080;
const LOW_BITS: u64 = 0x0101_0101_0101_0101;
const HIGH_BITS: u64 = 0x8080_8080_8080_8080;

/// One word: an item, or the address of the next bucket of the chain.
pub(super) union Slot<T> {
    item: std::mem::ManuallyDrop<MaybeUninit<T>>,
    next: NonNull<u8>,
}

/// A bucket whose slots are `S`.
#[repr(C)]
pub(super) struct Slots<S: ?Sized> {
    /// Little-endian view of the tags; the top byte is the flags.
    tags: u64,
    /// `slots[i]` is initialised iff tag `i` is not 0; the last slot of a line is `next` iff chained.
    slots: S,
}

/// A bucket of a whole line or of half of one. Only one of a whole line is chained.
pub(super) type Bucket<T> = Slots<[Slot<T>]>;
/// A bucket of a whole line, as the first of each chain is.
pub(super) type Line<T> = Slots<[Slot<T>; SLOTS]>;
/// A bucket of half a line.
type Half<T> = Slots<[Slot<T>; FEW]>;

/// What a line takes, on a line of memory.
pub(super) const LINE: usize = 64;
/// What half a line takes, within one.
const HALF: usize = LINE / 2;

impl<T, const N: usize> Slots<[Slot<T>; N]> {
    const SIZE: usize = {
        assert!(size_of::<T>() == 8 && align_of::<T>() <= 8);
        assert!(size_of::<Line<T>>() == LINE && size_of::<Half<T>>() == HALF);
        size_of::<Self>()
    };

    pub(super) const EMPTY: Self = Slots {
        tags: 0,
        slots: [const { Slot { item: std::mem::ManuallyDrop::new(MaybeUninit::uninit()) } }; N],
    };

    /// Memory for so many, each of which lies in one line.
    pub(super) fn layout(count: usize) -> Layout {
        Layout::from_size_align(count * Self::SIZE, Self::SIZE).expect("at most a page")
    }

    /// A new one, for the end of a chain.
    fn allocate() -> NonNull<Self> {
        Self::try_allocate().unwrap_or_else(|| handle_alloc_error(Self::layout(1)))
    }

    /// As [`allocate`](Slots::allocate); `None` where there is no memory for it.
    fn try_allocate() -> Option<NonNull<Self>> {
        // SAFETY: the layout is of 32 bytes at least.
        let new = NonNull::new(unsafe { alloc(Self::layout(1)) }.cast::<Self>())?;
        // SAFETY: fresh memory of the layout of one.
        unsafe { new.write(Self::EMPTY) };
        Some(new)
    }

    /// Moves the items of a bucket that is over into the first slots of this one, which is empty and has enough.
    fn take_over(&mut self, old: &mut Bucket<T>) {
        for (to, from) in old.occupied().enumerate() {
            let (tag, item) = old.take(from);
            (self as &mut Bucket<T>).put(to, tag, item);
        }
    }
}

/// The tag that a hash leaves in its bucket.
#[inline(always)]
pub(super) fn tag_of(hash: u64) -> u8 {
    0x80 | (hash >> 40) as u8
}

/// The slots of a bucket as bits 7, 15, 23, …; walked lowest first.
#[derive(Clone, Copy, Default)]
pub(super) struct SlotSet(u64);

impl Iterator for SlotSet {
    type Item = usize;

    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        if self.0 == 0 {
            return None;
        }
        let slot = (self.0.trailing_zeros() >> 3) as usize;
        self.0 &= self.0 - 1;
        Some(slot)
    }
}

/// Where [`Bucket::push`] put an item.
pub(super) struct Pushed<T> {
    pub(super) bucket: NonNull<Bucket<T>>,
    pub(super) slot: usize,
    /// Buckets of the chain up to this one.
    pub(super) depth: usize,
    /// Bytes that the chain got for it.
    pub(super) grew: usize,
}

impl<T> Bucket<T> {
    /// Slots whose tag may be `tag`: every slot that has it, and rarely one that has not.
    #[inline(always)]
    pub(super) fn candidates(&self, tag: u8) -> SlotSet {
        let differing = self.tags ^ (u64::from(tag) * LOW_BITS);
        let zero_bytes = differing.wrapping_sub(LOW_BITS) & !differing & HIGH_BITS;
        // A borrow can mark the slot after a match, if it differs in the lowest bit only;
        // such a tag still has its high bit, so the slot is occupied.
        SlotSet(zero_bytes & self.tags & ITEM_TAGS)
    }

    /// The slots that hold an item.
    #[inline(always)]
    pub(super) fn occupied(&self) -> SlotSet {
        SlotSet(self.tags & ITEM_TAGS)
    }

    pub(super) fn count(&self) -> usize {
        (self.tags & ITEM_TAGS).count_ones() as usize
    }

    #[inline(always)]
    fn is_chained(&self) -> bool {
        self.tags & CHAINED != 0
    }

    fn free_slot(&self) -> Option<usize> {
        let slots = self.slots.len() - usize::from(self.is_chained());
        let free = !self.tags & ITEM_TAGS & ((1 << (slots * 8)) - 1);
        (free != 0).then(|| (free.trailing_zeros() >> 3) as usize)
    }

    #[inline(always)]
    pub(super) fn has(&self, slot: usize) -> bool {
        slot < SLOTS && self.tags >> (slot * 8) & 0x80 != 0
    }

    #[inline(always)]
    pub(super) fn item(&self, slot: usize) -> &T {
        debug_assert!(self.has(slot));
        // SAFETY: callers pass slots out of `candidates` or `occupied`, whose tags say
        // that the slot holds an initialised item.
        unsafe { self.slots.get_unchecked(slot).item.assume_init_ref() }
    }

    #[inline(always)]
    pub(super) fn item_mut(&mut self, slot: usize) -> &mut T {
        debug_assert!(self.has(slot));
        // SAFETY: as in `item`.
        unsafe { (*self.slots.get_unchecked_mut(slot).item).assume_init_mut() }
    }

    /// The next bucket of the chain, which this one owns.
    #[inline(always)]
    fn link(&self) -> Option<NonNull<Bucket<T>>> {
        if !self.is_chained() {
            return None;
        }
        // SAFETY: the flag says that this is a line, and that its last slot is an address.
        let next = unsafe { self.slots.get_unchecked(LAST).next };
        Some(if self.tags & WHOLE != 0 { next.cast::<Line<T>>() } else { next.cast::<Half<T>>() })
    }

    #[inline(always)]
    pub(super) fn next(&self) -> Option<&Bucket<T>> {
        // SAFETY: a bucket that is linked to is initialised, and we hold its owner.
        self.link().map(|next| unsafe { next.as_ref() })
    }

    #[inline(always)]
    pub(super) fn next_mut(&mut self) -> Option<&mut Bucket<T>> {
        // SAFETY: as in `next`; we hold the owner exclusively.
        self.link().map(|mut next| unsafe { next.as_mut() })
    }

    /// Makes `next`, which `flag` says the size of, the next bucket in place of what is there.
    fn set_next<N>(&mut self, next: NonNull<Slots<N>>, flag: u64) {
        self.slots[LAST] = Slot { next: next.cast() };
        self.tags = self.tags & !WHOLE | CHAINED | flag;
    }

    fn tag(&self, slot: usize) -> u8 {
        (self.tags >> (slot * 8)) as u8
    }

    fn put(&mut self, slot: usize, tag: u8, item: T) {
        debug_assert!(self.tag(slot) == 0 && tag & 0x80 != 0);
        self.slots[slot] = Slot { item: std::mem::ManuallyDrop::new(MaybeUninit::new(item)) };
        self.tags |= u64::from(tag) << (slot * 8);
    }

    /// Takes the item of an occupied slot out of this bucket, leaving a hole.
    pub(super) fn take(&mut self, slot: usize) -> (u8, T) {
        assert!(self.has(slot));
        let tag = self.tag(slot);
        self.tags &= !(0xff << (slot * 8));
        // SAFETY: the tag said that the slot was initialised; now that it is cleared
        // nobody reads the slot again, so the item is moved out once.
        (tag, unsafe { self.slots[slot].item.assume_init_read() })
    }

    /// Puts an item into the first free slot of the chain, making the chain longer if there
    /// is none.
    #[inline]
    pub(super) fn push(&mut self, tag: u8, item: T) -> Pushed<T> {
        let mut bucket = self;
        let (mut depth, mut grew) = (1, 0);
        loop {
            if let Some(slot) = bucket.free_slot() {
                bucket.put(slot, tag, item);
                return Pushed { bucket: NonNull::from(bucket), slot, depth, grew };
            }
            grew += bucket.make_room();
            depth += 1;
            bucket = bucket.next_mut().expect("there is room beyond a full bucket");
        }
    }

    /// Sees to it that there is room beyond this bucket, which is full. Returns how many bytes that took.
    fn make_room(&mut self) -> usize {
        let Some(next) = self.next() else {
            self.chain();
            return HALF;
        };
        if next.slots.len() == SLOTS || next.free_slot().is_some() {
            return 0;
        }
        self.replace_next(Line::<T>::allocate(), WHOLE);
        LINE - HALF
    }

    /// Appends a bucket of half a line; the item of the last slot moves into it.
    fn chain(&mut self) {
        let next = Half::<T>::allocate();
        let (tag, item) = self.take(LAST);
        self.set_next(next, 0);
        self.next_mut().expect("just chained").put(0, tag, item);
    }

    /// Puts the items of the next bucket, the last of the chain, into another one in its place.
    fn replace_next<const N: usize>(&mut self, mut new: NonNull<Slots<[Slot<T>; N]>>, flag: u64) {
        let old = self.next_mut().expect("there is a bucket to replace");
        // SAFETY: the new one was just made, and is nobody else's.
        unsafe { new.as_mut() }.take_over(old);
        self.unchain();
        self.set_next(new, flag);
    }

    /// Frees the next bucket of the chain, which must be empty and the last. Returns its bytes.
    fn unchain(&mut self) -> usize {
        debug_assert!(self.next().is_some_and(|n| n.tags == 0));
        let Some(next) = self.link() else { return 0 };
        let whole = self.tags & WHOLE != 0;
        let layout = if whole { Line::<T>::layout(1) } else { Half::<T>::layout(1) };
        // SAFETY: it was made by `allocate` with this layout; clearing the flag makes this
        // the last use of the address.
        unsafe { dealloc(next.as_ptr().cast(), layout) };
        self.tags &= !(CHAINED | WHOLE);
        layout.size()
    }

    /// Moves an item from the end of the chain into hole `slot` of this bucket, if this bucket
    /// is chained, and frees the last bucket once empty. Returns how many bytes it freed.
    pub(super) fn fill_hole(&mut self, slot: usize) -> usize {
        let Some((tag, item, freed)) = self.pop_beyond() else { return 0 };
        self.put(slot, tag, item);
        freed
    }

    /// Takes an item out of the last bucket of the chain after this one.
    fn pop_beyond(&mut self) -> Option<(u8, T, usize)> {
        let next = self.next_mut()?;
        if let Some(found) = next.pop_beyond() {
            return Some(found);
        }
        let slot = next.occupied().last().expect("no bucket of a chain but the first is empty");
        let (tag, item) = next.take(slot);
        let freed = if next.tags == 0 { self.unchain() } else { 0 };
        Some((tag, item, freed))
    }

    /// Takes out of the chain the items for which `which` says yes. Returns how many bytes
    /// of the chain it freed.
    pub(super) fn extract(
        &mut self,
        mut which: impl FnMut(&T) -> bool,
        mut give: impl FnMut(u8, T),
    ) -> usize {
        let mut freed = 0;
        let mut bucket = Some(&mut *self);
        while let Some(b) = bucket {
            for slot in b.occupied() {
                // The hole is filled from the end of the chain; what came is looked at too.
                while b.has(slot) && which(b.item(slot)) {
                    let (tag, item) = b.take(slot);
                    freed += b.fill_hole(slot);
                    give(tag, item);
                }
            }
            bucket = b.next_mut();
        }
        freed + self.trim()
    }

    /// Frees the last bucket of the chain that starts here, unless it is the first, if it is empty, or half of
    /// it if half is enough. Returns how many bytes it freed.
    pub(super) fn trim(&mut self) -> usize {
        match self.next_mut() {
            None => 0,
            Some(next) if next.is_chained() => next.trim(),
            Some(next) if next.tags == 0 => self.unchain(),
            Some(next) if next.slots.len() == SLOTS && next.count() <= SPARE => {
                // Without memory for the smaller one, the larger one stays.
                Half::<T>::try_allocate().map_or(0, |new| {
                    self.replace_next(new, 0);
                    LINE - HALF
                })
            }
            Some(_) => 0,
        }
    }
}
