//! A field with its value, or a member of a set, behind one thin pointer.
//!
//! ```text
//! Pair -> [ flags u8 ][ field length u8, u32 if WIDE_FIELD ]
//!         [ value length u8, u16 if WIDE_VALUE; or a Blob's pointer if APART ]  only with VALUE
//!         [ stamp i64 ]  only with STAMP
//!         [ field ....... ][ value ....... unless APART ][ pad to 8 ]
//! ```
//!
//! One allocation: the member of 17 bytes takes 24, the field of 16 with a value of 32 takes 56.
//! A value longer than [`INLINE_MAX`] lies apart in a `Blob`, which readers share, and which is
//! exchanged without touching the field. The stamp is a number that most pairs do not have and do
//! not pay for; hashes keep there when the field expires.
//!
//! Invariants: the layout follows from the flags and the lengths, so that whoever frees the
//! allocation knows its size; a value lies apart iff it is longer than [`INLINE_MAX`]. Nothing
//! behind the flags is aligned.
//!
//! Rejected: a `Box<[u8]>` each for field and value (two allocations and four words a slot).
#![allow(unsafe_code)]

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::fmt;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;

use super::blob::Blob;
use super::blocks::block_size;
use super::prefetch::prefetch_read;
use super::same::same;
use super::table::Rehash;
use crate::rng::FieldHasher;

/// The longest value that lies behind its field.
pub(crate) const INLINE_MAX: usize = 1024;

const VALUE: u8 = 1;
const STAMP: u8 = 2;
const WIDE_FIELD: u8 = 4;
const WIDE_VALUE: u8 = 8;
const APART: u8 = 16;

const STAMP_SIZE: usize = size_of::<i64>();
const UNIT: usize = 8;

/// The owner of a field and perhaps a value and a stamp; see the [module](self).
pub(crate) struct Pair(NonNull<u8>);

// SAFETY: a pair owns its bytes and its Blob, which is Send.
unsafe impl Send for Pair {}
// SAFETY: `&Pair` only reads.
unsafe impl Sync for Pair {}

/// Everything that decides where things lie.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Shape {
    flags: u8,
    field_len: usize,
    /// 0 if the value lies apart.
    value_len: usize,
}

impl Shape {
    #[inline]
    fn new(field_len: usize, value_len: Option<usize>, stamped: bool) -> Shape {
        let mut flags = 0;
        if field_len > u8::MAX.into() {
            flags |= WIDE_FIELD;
        }
        if stamped {
            flags |= STAMP;
        }
        let value_len = match value_len {
            None => 0,
            Some(len) if len > INLINE_MAX => {
                flags |= VALUE | APART;
                0
            }
            Some(len) => {
                flags |= if len > u8::MAX.into() { VALUE | WIDE_VALUE } else { VALUE };
                len
            }
        };
        Shape { flags, field_len, value_len }
    }

    #[inline(always)]
    fn has(self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// Where the value's length stands, or the pointer to the value.
    #[inline(always)]
    fn value_head(self) -> usize {
        if self.has(WIDE_FIELD) { 1 + size_of::<u32>() } else { 1 + size_of::<u8>() }
    }

    #[inline(always)]
    fn stamp_at(self) -> usize {
        let head = match self.flags & (VALUE | WIDE_VALUE | APART) {
            0 => 0,
            VALUE => size_of::<u8>(),
            flags if flags & APART != 0 => size_of::<Blob>(),
            _ => size_of::<u16>(),
        };
        self.value_head() + head
    }

    #[inline(always)]
    fn field_at(self) -> usize {
        self.stamp_at() + if self.has(STAMP) { STAMP_SIZE } else { 0 }
    }

    #[inline(always)]
    fn value_at(self) -> usize {
        self.field_at() + self.field_len
    }

    #[inline(always)]
    fn size(self) -> usize {
        (self.value_at() + self.value_len).next_multiple_of(UNIT)
    }

    fn layout(self) -> Layout {
        // Bytes: nothing in it is aligned, and mimalloc gives a block of 24 that is to be aligned to
        // a word out of its blocks of 32.
        Layout::array::<u8>(self.size()).expect("fields are far below isize::MAX")
    }
}

impl Pair {
    /// A pair of its own allocation; a set's member has no value.
    ///
    /// # Panics
    /// If the field is longer than `u32::MAX` bytes.
    #[inline]
    pub(crate) fn new(field: &[u8], value: Option<&[u8]>, stamp: Option<i64>) -> Pair {
        let shape = Shape::new(field.len(), value.map(<[u8]>::len), stamp.is_some());
        let mut pair = Pair::allocate(shape);
        pair.write(shape.field_at(), field);
        if let Some(stamp) = stamp {
            pair.put(shape.stamp_at(), stamp);
        }
        match value {
            Some(value) if shape.has(APART) => pair.put(shape.value_head(), Blob::from(value)),
            Some(value) => pair.write(shape.value_at(), value),
            None => {}
        }
        pair
    }

    /// Memory of this shape with its flags and lengths written; field, stamp and value are the
    /// caller's to write, before the pair is used or dropped.
    #[inline]
    fn allocate(shape: Shape) -> Pair {
        let layout = shape.layout();
        let wide = u32::try_from(shape.field_len).expect("fields are at most 512 MB");
        // SAFETY: the size is eight at least.
        let memory = unsafe { alloc(layout) };
        let Some(start) = NonNull::new(memory) else { handle_alloc_error(layout) };
        let mut pair = Pair(start);
        pair.put(0, shape.flags);
        if shape.has(WIDE_FIELD) {
            pair.put(1, wide);
        } else {
            pair.put(1, shape.field_len as u8);
        }
        pair.put_value_len(shape);
        pair
    }

    fn put_value_len(&mut self, shape: Shape) {
        match shape.flags & (VALUE | WIDE_VALUE | APART) {
            VALUE => self.put(shape.value_head(), shape.value_len as u8),
            flags if flags & WIDE_VALUE != 0 => {
                self.put(shape.value_head(), shape.value_len as u16)
            }
            _ => {}
        }
    }

    #[inline(always)]
    fn at<T>(&self, offset: usize) -> NonNull<T> {
        // SAFETY: offsets come from the shape, hence lie inside the allocation or at its end.
        unsafe { self.0.add(offset).cast() }
    }

    #[inline(always)]
    fn get<T>(&self, offset: usize) -> T {
        // SAFETY: the shape says that a `T` was written here; callers wrap what is not `Copy`.
        unsafe { self.at::<T>(offset).read_unaligned() }
    }

    #[inline(always)]
    fn put<T>(&mut self, offset: usize, word: T) {
        // SAFETY: the shape left room for a `T` at this offset.
        unsafe { self.at::<T>(offset).write_unaligned(word) };
    }

    #[inline(always)]
    fn write(&mut self, offset: usize, bytes: &[u8]) {
        // SAFETY: the shape left room for the bytes at this offset; they are borrowed from
        // elsewhere, since the pair is borrowed mutably.
        unsafe {
            self.at::<u8>(offset).copy_from_nonoverlapping(NonNull::from(bytes).cast(), bytes.len())
        };
    }

    #[inline(always)]
    fn bytes(&self, offset: usize, len: usize) -> &[u8] {
        // SAFETY: the shape says that so many bytes were written here.
        unsafe { std::slice::from_raw_parts(self.at(offset).as_ptr(), len) }
    }

    #[inline(always)]
    fn shape(&self) -> Shape {
        let flags = self.get::<u8>(0);
        let mut shape = Shape { flags, field_len: 0, value_len: 0 };
        shape.field_len = if shape.has(WIDE_FIELD) {
            self.get::<u32>(1) as usize
        } else {
            self.get::<u8>(1).into()
        };
        shape.value_len = match flags & (VALUE | WIDE_VALUE | APART) {
            VALUE => self.get::<u8>(shape.value_head()).into(),
            flags if flags & WIDE_VALUE != 0 => self.get::<u16>(shape.value_head()).into(),
            _ => 0,
        };
        shape
    }

    /// The field, or the set's member.
    #[inline(always)]
    pub(crate) fn field(&self) -> &[u8] {
        let shape = self.shape();
        self.bytes(shape.field_at(), shape.field_len)
    }

    /// Whether this is its field.
    #[inline(always)]
    pub(crate) fn has_field(&self, field: &[u8]) -> bool {
        same(self.field(), field)
    }

    /// The value; empty if there is none.
    #[inline(always)]
    pub(crate) fn value(&self) -> &[u8] {
        let shape = self.shape();
        if !shape.has(APART) {
            return self.bytes(shape.value_at(), shape.value_len);
        }
        let blob = self.get::<ManuallyDrop<Blob>>(shape.value_head());
        let bytes: NonNull<[u8]> = NonNull::from(&**blob);
        // SAFETY: the bytes belong to the Blob's allocation, which this pair owns, and do not
        // change while the pair is borrowed.
        unsafe { bytes.as_ref() }
    }

    /// The value, if it is long, as another reference to the same bytes.
    pub(crate) fn shared_value(&self) -> Option<Blob> {
        let shape = self.shape();
        shape.has(APART).then(|| (*self.get::<ManuallyDrop<Blob>>(shape.value_head())).clone())
    }

    /// The stamp, if there is one.
    #[inline(always)]
    pub(crate) fn stamp(&self) -> Option<i64> {
        let shape = self.shape();
        shape.has(STAMP).then(|| self.get(shape.stamp_at()))
    }

    /// Replaces value and stamp; the field is copied only where they need other room.
    pub(crate) fn set(&mut self, value: &[u8], stamp: Option<i64>) {
        let old = self.shape();
        let new = Shape::new(old.field_len, Some(value.len()), stamp.is_some());
        if new.flags != old.flags || new.size() != old.size() {
            *self = Pair::new(self.field(), Some(value), stamp);
            return;
        }
        // The same size and the same offsets.
        if new.has(APART) {
            drop(ManuallyDrop::into_inner(self.get::<ManuallyDrop<Blob>>(old.value_head())));
            self.put(new.value_head(), ManuallyDrop::new(Blob::from(value)));
        } else {
            self.put_value_len(new);
            self.write(new.value_at(), value);
        }
        if let Some(stamp) = stamp {
            self.put(new.stamp_at(), stamp);
        }
    }

    /// Sets, changes or removes the stamp; the value stays.
    pub(crate) fn set_stamp(&mut self, stamp: Option<i64>) {
        let old = self.shape();
        match stamp {
            Some(stamp) if old.has(STAMP) => self.put(old.stamp_at(), stamp),
            None if !old.has(STAMP) => {}
            _ => *self = self.remade(stamp),
        }
    }

    /// The same field and value with another stamp. A long value is shared.
    fn remade(&self, stamp: Option<i64>) -> Pair {
        let old = self.shape();
        let flags = if stamp.is_some() { old.flags | STAMP } else { old.flags & !STAMP };
        let shape = Shape { flags, ..old };
        let mut pair = Pair::allocate(shape);
        pair.write(shape.field_at(), self.bytes(old.field_at(), old.field_len + old.value_len));
        if let Some(blob) = self.shared_value() {
            pair.put(shape.value_head(), blob);
        }
        if let Some(stamp) = stamp {
            pair.put(shape.stamp_at(), stamp);
        }
        pair
    }

    /// Bytes allocated.
    #[inline(always)]
    pub(crate) fn heap_size(&self) -> usize {
        let shape = self.shape();
        let apart = if shape.has(APART) {
            self.get::<ManuallyDrop<Blob>>(shape.value_head()).heap_size()
        } else {
            0
        };
        block_size(shape.size()) + apart
    }

    /// Hints that the pair will be read soon.
    #[inline(always)]
    pub(crate) fn prefetch(&self) {
        prefetch_read(self.0.as_ptr());
    }
}

impl Clone for Pair {
    /// A copy; a long value is shared.
    fn clone(&self) -> Pair {
        self.remade(self.stamp())
    }
}

impl Drop for Pair {
    #[inline]
    fn drop(&mut self) {
        let shape = self.shape();
        if shape.has(APART) {
            drop(ManuallyDrop::into_inner(self.get::<ManuallyDrop<Blob>>(shape.value_head())));
        }
        // SAFETY: allocated with the layout of this shape, which edits in place keep; not used
        // again.
        unsafe { dealloc(self.0.as_ptr(), shape.layout()) };
    }
}

impl fmt::Debug for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pair")
            .field("field", &self.field().escape_ascii().to_string())
            .field("value_len", &self.value().len())
            .field("stamp", &self.stamp())
            .finish()
    }
}

impl Rehash<Pair> for FieldHasher {
    fn rehash(&self, pair: &Pair) -> u64 {
        self.hash(pair.field())
    }

    fn prefetch(&self, pair: &Pair) {
        pair.prefetch();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{FieldHasher, INLINE_MAX, Pair};
    use crate::ds::table::{Entry, Rehash, Table};

    /// Lengths around every border of the layout.
    fn length() -> impl Strategy<Value = usize> {
        prop_oneof![
            0..40_usize,
            250..260_usize,
            INLINE_MAX - 9..INLINE_MAX + 9,
            Just(5000),
            Just(70_000)
        ]
    }

    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        (length(), any::<u8>())
            .prop_map(|(n, seed)| (0..n).map(|i| (i as u8).wrapping_mul(31) ^ seed).collect())
    }

    #[derive(Debug, Clone)]
    enum Step {
        Set(Vec<u8>, Option<i64>),
        Stamp(Option<i64>),
        Clone,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            3 => (bytes(), any::<Option<i64>>()).prop_map(|(v, s)| Step::Set(v, s)),
            2 => any::<Option<i64>>().prop_map(Step::Stamp),
            1 => Just(Step::Clone),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 4 } else { 256 }, ..ProptestConfig::default() })]

        #[test]
        fn is_two_vecs_and_a_number(field in bytes(), value in bytes(), stamp: Option<i64>, steps in proptest::collection::vec(step(), 0..20)) {
            let mut pair = Pair::new(&field, Some(&value), stamp);
            let mut model = (value, stamp);
            let mut kept = Vec::new();
            for step in steps {
                match step {
                    Step::Set(value, stamp) => {
                        pair.set(&value, stamp);
                        model = (value, stamp);
                    }
                    Step::Stamp(stamp) => {
                        pair.set_stamp(stamp);
                        model.1 = stamp;
                    }
                    Step::Clone => kept.push((pair.clone(), model.clone())),
                }
                prop_assert_eq!(pair.field(), &field[..]);
                prop_assert_eq!((pair.value(), pair.stamp()), (&model.0[..], model.1));
                prop_assert_eq!(pair.shared_value().is_some(), model.0.len() > INLINE_MAX);
                prop_assert!(pair.heap_size() > field.len() + model.0.len());
                prop_assert!(pair.heap_size() < field.len() + model.0.len() + 64);
            }
            for (pair, then) in kept {
                prop_assert_eq!((pair.value(), pair.stamp()), (&then.0[..], then.1));
            }
        }

        #[test]
        fn members_have_no_value(field in bytes(), stamp: Option<i64>) {
            let member = Pair::new(&field, None, stamp).clone();
            prop_assert_eq!((member.field(), member.value(), member.stamp()), (&field[..], &[][..], stamp));
        }
    }

    #[test]
    fn is_small() {
        assert_eq!(size_of::<Option<Pair>>(), 8);
        assert_eq!(Pair::new(&[7; 17], None, None).heap_size(), 24);
        assert_eq!(Pair::new(&[7; 22], None, None).heap_size(), 24);
        assert_eq!(Pair::new(&[7; 16], Some(&[8; 32]), None).heap_size(), 56);
        assert_eq!(Pair::new(&[7; 16], Some(&[8; 32]), Some(1)).heap_size(), 64);
    }

    #[test]
    fn a_large_value_is_exchanged_without_its_field() {
        let mut pair = Pair::new(&[1; 4000], Some(&[2; 4000]), None);
        let place = pair.field().as_ptr();
        pair.set(&[3; 9000], None);
        assert_eq!(pair.field().as_ptr(), place);
        assert_eq!(pair.value(), &[3; 9000]);
    }

    #[test]
    fn fits_the_table() {
        let hasher = FieldHasher::new([1, 2, 3, 4]);
        let mut table = Table::<Pair>::new();
        for n in 0..500_u32 {
            let pair = Pair::new(&n.to_le_bytes(), None, None);
            let Entry::Vacant(place) =
                table.entry(hasher.rehash(&pair), |p| p.field() == pair.field())
            else {
                panic!("each field is another");
            };
            place.insert(pair, &hasher);
        }
        for n in 0..500_u32 {
            let field = n.to_le_bytes();
            assert!(table.find(hasher.hash(&field), |p| p.field() == field).is_some());
        }
    }
}
