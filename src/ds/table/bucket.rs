//! One cache line of the table: seven items and their tags, and a chain of more.
//!
//! ```text
//!  byte  0   1   2   3   4   5   6   7      8 .. 15        ...   56 .. 63
//!       tag tag tag tag tag tag tag flag    item 0         ...   item 6, or the
//!                                                                next bucket if flag
//! ```
//!
//! A tag is `0x80 | seven bits of the hash`; a free slot's tag is 0. The layout is
//! that of Valkey's hashtable.c (BSD), with the presence bit inside the tag.
#![allow(unsafe_code)]

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::mem::MaybeUninit;
use std::ptr::NonNull;

/// Items in a bucket that is the last of its chain.
pub(super) const SLOTS: usize = 7;
/// The slot that holds the next bucket when there is one.
const LAST: usize = SLOTS - 1;
const CHAINED: u64 = 1 << 56;
const ITEM_TAGS: u64 = 0x0080_8080_8080_8080;
const LOW_BITS: u64 = 0x0101_0101_0101_0101;
const HIGH_BITS: u64 = 0x8080_8080_8080_8080;

/// One word: an item, or the address of the next bucket of the chain.
union Slot<T> {
    item: std::mem::ManuallyDrop<MaybeUninit<T>>,
    next: NonNull<Bucket<T>>,
}

#[repr(C, align(64))]
pub(super) struct Bucket<T> {
    /// Little-endian view of the seven tags; the top byte is the chain flag.
    tags: u64,
    /// `slots[i]` is initialised iff tag `i` is not 0; the last slot is `next` iff chained.
    slots: [Slot<T>; SLOTS],
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
    /// Whether the chain got this bucket for it.
    pub(super) grew: bool,
}

impl<T> Bucket<T> {
    const ONE_LINE: () =
        assert!(size_of::<Bucket<T>>() == 64 && size_of::<T>() == 8 && align_of::<T>() <= 8);

    pub(super) const fn empty() -> Bucket<T> {
        let () = Self::ONE_LINE;
        Bucket {
            tags: 0,
            slots: [const { Slot { item: std::mem::ManuallyDrop::new(MaybeUninit::uninit()) } };
                SLOTS],
        }
    }

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
        let free = !self.tags & if self.is_chained() { ITEM_TAGS >> 8 } else { ITEM_TAGS };
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

    #[inline(always)]
    pub(super) fn next(&self) -> Option<&Bucket<T>> {
        // SAFETY: the flag says that the last slot holds a bucket this one owns.
        self.is_chained().then(|| unsafe { self.slots[LAST].next.as_ref() })
    }

    #[inline(always)]
    pub(super) fn next_mut(&mut self) -> Option<&mut Bucket<T>> {
        // SAFETY: as in `next`; we hold the owner exclusively.
        self.is_chained().then(|| unsafe { self.slots[LAST].next.as_mut() })
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
        let (mut depth, mut grew) = (1, false);
        loop {
            if let Some(slot) = bucket.free_slot() {
                bucket.put(slot, tag, item);
                return Pushed { bucket: NonNull::from(bucket), slot, depth, grew };
            }
            if !bucket.is_chained() {
                bucket.chain();
                grew = true;
            }
            depth += 1;
            bucket = bucket.next_mut().expect("a full bucket was just chained");
        }
    }

    /// Appends an empty bucket; the item of the last slot moves into it.
    fn chain(&mut self) {
        let layout = Layout::new::<Bucket<T>>();
        // SAFETY: a bucket is 64 bytes.
        let Some(next) = NonNull::new(unsafe { alloc(layout) }.cast::<Bucket<T>>()) else {
            handle_alloc_error(layout)
        };
        // SAFETY: fresh memory of a bucket's layout.
        unsafe { next.write(Bucket::empty()) };
        let (tag, item) = self.take(LAST);
        self.slots[LAST] = Slot { next };
        self.tags |= CHAINED;
        self.next_mut().expect("just chained").put(0, tag, item);
    }

    /// Frees the next bucket of the chain, which must be empty and the last.
    fn unchain(&mut self) {
        debug_assert!(self.next().is_some_and(|n| n.tags == 0));
        // SAFETY: the flag says that the slot is a bucket made by `chain`; clearing the
        // flag makes this the last use of the address.
        unsafe { dealloc(self.slots[LAST].next.as_ptr().cast(), Layout::new::<Bucket<T>>()) };
        self.tags &= !CHAINED;
    }

    /// Moves an item from the end of the chain into hole `slot` of this bucket, if this bucket
    /// is chained, and frees the last bucket once empty. Returns how many buckets it freed.
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
        let emptied = next.tags == 0;
        if emptied {
            self.unchain();
        }
        Some((tag, item, usize::from(emptied)))
    }

    /// Takes out of the chain the items for which `which` says yes. Returns how many buckets
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

    /// Frees the last bucket of the chain that starts here if it is empty and not the first.
    /// Returns how many buckets it freed.
    pub(super) fn trim(&mut self) -> usize {
        match self.next_mut() {
            None => 0,
            Some(next) if next.tags == 0 => {
                self.unchain();
                1
            }
            Some(next) => next.trim(),
        }
    }
}
