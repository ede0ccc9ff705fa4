//! A key and what it holds, behind one thin pointer, in one allocation.
//!
//! ```text
//! Entry -> [ access u32 | form u8 | flags u8 | key length u8 | value length u8 ]
//!          [ expiry i64                    ]  only with EXPIRES
//!          [ key length u32 | value length u32 ]  only with LONG: the u8 lengths are 0 then
//!          [ number i64, or Blob pointer   ]  unless the value is Inline
//!          [ key ........................ ][ value ......... if Inline ][ pad to 8 ]
//! ```
//!
//! A key of 16 bytes with a value of 32 takes 56 bytes, 64 with an expiry; with a number, 32.
//! The access word is atomic because readers, who share the stripe's lock, write it; everything
//! else changes only through `&mut Entry`.
//!
//! Invariants: the layout follows from the header alone, so that the size of the allocation
//! is known to whoever frees it; a value is Inline iff it is a byte string of at most
//! [`INLINE_MAX`] bytes.
#![allow(unsafe_code)]

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::fmt;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::clock::Millis;
use crate::ds::blob::Blob;
use crate::ds::prefetch::prefetch_read;
use crate::error::Result;
use crate::value::string::{INLINE_MAX, StringRef, StringValue, bytes_encoding};
use crate::value::{Encoding, Type};

/// Where the value lies. The numbers are private to the process.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
enum Form {
    /// Bytes behind the key.
    Inline,
    /// A number in the word.
    Int,
    /// Bytes apart; the word owns a `Blob`.
    Long,
}

const EXPIRES: u8 = 1;
const LONG: u8 = 2;
/// The string is the result of an edit: `raw` however short.
const EDITED: u8 = 4;

#[repr(C, align(8))]
struct Header {
    access: AtomicU32,
    form: Form,
    flags: u8,
    key_len: u8,
    value_len: u8,
}

const HEADER: usize = size_of::<Header>();
const WORD: usize = 8;

/// The owner of a key and its value; see the [module](self).
pub(crate) struct Entry(NonNull<Header>);

// SAFETY: an entry owns its bytes and its Blob, which is Send.
unsafe impl Send for Entry {}
// SAFETY: `&Entry` reads, and writes only the atomic access word.
unsafe impl Sync for Entry {}

/// Everything that decides where things lie.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Shape {
    form: Form,
    flags: u8,
    key_len: usize,
    value_len: usize,
}

impl Shape {
    fn new(form: Form, expires: bool, edited: bool, key_len: usize, value_len: usize) -> Shape {
        let short = key_len <= u8::MAX.into() && value_len <= u8::MAX.into();
        let flags = if expires { EXPIRES } else { 0 }
            | if short { 0 } else { LONG }
            | if edited { EDITED } else { 0 };
        Shape { form, flags, key_len, value_len }
    }

    #[inline(always)]
    fn has(self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    #[inline(always)]
    fn lengths_at(self) -> usize {
        HEADER + if self.has(EXPIRES) { WORD } else { 0 }
    }

    #[inline(always)]
    fn word_at(self) -> usize {
        self.lengths_at() + if self.has(LONG) { WORD } else { 0 }
    }

    #[inline(always)]
    fn key_at(self) -> usize {
        self.word_at() + if self.form == Form::Inline { 0 } else { WORD }
    }

    #[inline(always)]
    fn size(self) -> usize {
        (self.key_at() + self.key_len + self.value_len).next_multiple_of(WORD)
    }

    fn layout(self) -> Layout {
        Layout::from_size_align(self.size(), WORD).expect("keys are far below isize::MAX")
    }
}

impl Entry {
    /// An entry of its own allocation.
    pub(crate) fn new(
        key: &[u8],
        value: StringValue<'_>,
        expiry: Option<Millis>,
        access: u32,
    ) -> Entry {
        let (form, edited, bytes): (Form, bool, &[u8]) = match &value {
            StringValue::Int(_) => (Form::Int, false, &[]),
            StringValue::Bytes(b) if b.len() <= INLINE_MAX => (Form::Inline, false, b),
            StringValue::Edited(b) if b.len() <= INLINE_MAX => (Form::Inline, true, b),
            StringValue::Bytes(_) | StringValue::Edited(_) => (Form::Long, false, &[]),
        };
        let shape = Shape::new(form, expiry.is_some(), edited, key.len(), bytes.len());
        let mut entry = Entry::allocate(shape, access);
        entry.write(shape.key_at(), key);
        entry.write(shape.key_at() + key.len(), bytes);
        if let Some(expiry) = expiry {
            entry.write_word(HEADER, expiry.0);
        }
        match value {
            StringValue::Int(number) => entry.write_word(shape.word_at(), number),
            StringValue::Bytes(b) | StringValue::Edited(b) if form == Form::Long => {
                entry.write_word(shape.word_at(), Blob::from(b))
            }
            _ => {}
        }
        entry
    }

    /// Memory of this shape with its header and lengths written; key, value, expiry and word are
    /// the caller's to write, before the entry is used or dropped.
    fn allocate(shape: Shape, access: u32) -> Entry {
        let layout = shape.layout();
        // SAFETY: the size is that of a header at least.
        let memory = unsafe { alloc(layout) };
        let Some(header) = NonNull::new(memory.cast::<Header>()) else {
            handle_alloc_error(layout)
        };
        let long = shape.has(LONG);
        let narrow = |len: usize| if long { 0 } else { u8::try_from(len).expect("a short shape") };
        let head = Header {
            access: AtomicU32::new(access),
            form: shape.form,
            flags: shape.flags,
            key_len: narrow(shape.key_len),
            value_len: narrow(shape.value_len),
        };
        // SAFETY: fresh memory of the header's alignment.
        unsafe { header.write(head) };
        let mut entry = Entry(header);
        if long {
            let wide = |len: usize| u32::try_from(len).expect("keys are at most 512 MB");
            entry.write_word(shape.lengths_at(), [wide(shape.key_len), wide(shape.value_len)]);
        }
        entry
    }

    #[inline(always)]
    fn header(&self) -> &Header {
        // SAFETY: the allocation starts with a header and lives as long as the entry.
        unsafe { self.0.as_ref() }
    }

    #[inline(always)]
    fn at<T>(&self, offset: usize) -> NonNull<T> {
        // SAFETY: offsets come from the shape, hence lie inside the allocation or at its end.
        unsafe { self.0.cast::<u8>().add(offset).cast() }
    }

    fn write(&mut self, offset: usize, bytes: &[u8]) {
        // SAFETY: the shape left room for the bytes at this offset; they are borrowed from
        // elsewhere, since the entry is borrowed mutably.
        unsafe {
            self.at::<u8>(offset).copy_from_nonoverlapping(NonNull::from(bytes).cast(), bytes.len())
        };
    }

    fn write_word<T>(&mut self, offset: usize, word: T) {
        const { assert!(size_of::<T>() == WORD && align_of::<T>() <= WORD) };
        // SAFETY: the shape left a word at this offset, which is a multiple of 8.
        unsafe { self.at::<T>(offset).write(word) };
    }

    #[inline(always)]
    fn shape(&self) -> Shape {
        let header = self.header();
        let mut shape = Shape {
            form: header.form,
            flags: header.flags,
            key_len: header.key_len.into(),
            value_len: header.value_len.into(),
        };
        if shape.has(LONG) {
            // SAFETY: `allocate` wrote both lengths here.
            let [key, value] = unsafe { self.at::<[u32; 2]>(shape.lengths_at()).read() };
            (shape.key_len, shape.value_len) = (key as usize, value as usize);
        }
        shape
    }

    #[inline(always)]
    pub(crate) fn key(&self) -> &[u8] {
        let shape = self.shape();
        // SAFETY: `key_len` bytes were written here when the entry was made.
        unsafe { std::slice::from_raw_parts(self.at(shape.key_at()).as_ptr(), shape.key_len) }
    }

    /// When the key expires, if it does.
    #[inline(always)]
    pub(crate) fn expiry(&self) -> Option<Millis> {
        // SAFETY: the flag says that the word behind the header is the expiry.
        (self.header().flags & EXPIRES != 0)
            .then(|| Millis(unsafe { self.at::<i64>(HEADER).read() }))
    }

    #[inline(always)]
    pub(crate) fn value(&self) -> StringRef<'_> {
        let shape = self.shape();
        // SAFETY: the form says what was written at the word, or behind the key.
        unsafe {
            match shape.form {
                Form::Inline => StringRef::Bytes(std::slice::from_raw_parts(
                    self.at(shape.key_at() + shape.key_len).as_ptr(),
                    shape.value_len,
                )),
                Form::Int => StringRef::Int(self.at::<i64>(shape.word_at()).read()),
                Form::Long => StringRef::Long(self.at::<Blob>(shape.word_at()).as_ref()),
            }
        }
    }

    pub(crate) fn kind(&self) -> Type {
        Type::String
    }

    /// The string that the key holds.
    ///
    /// # Errors
    /// `WrongType` if it holds something else.
    #[inline(always)]
    pub(crate) fn string(&self) -> Result<StringRef<'_>> {
        match self.kind() {
            Type::String => Ok(self.value()),
        }
    }

    pub(crate) fn encoding(&self) -> Encoding {
        match self.value() {
            StringRef::Int(_) => Encoding::Int,
            StringRef::Bytes(bytes) => {
                bytes_encoding(bytes.len(), self.header().flags & EDITED != 0)
            }
            StringRef::Long(_) => Encoding::Raw,
        }
    }

    /// Bytes allocated for the key and the value.
    #[inline(always)]
    pub(crate) fn heap_size(&self) -> usize {
        let blob = match self.value() {
            StringRef::Long(blob) => blob.heap_size(),
            StringRef::Int(_) | StringRef::Bytes(_) => 0,
        };
        self.shape().size() + blob
    }

    /// The access word: what eviction knows about the key's use.
    #[inline(always)]
    pub(crate) fn access(&self) -> u32 {
        self.header().access.load(Ordering::Relaxed)
    }

    #[inline(always)]
    pub(crate) fn set_access(&self, access: u32) {
        self.header().access.store(access, Ordering::Relaxed);
    }

    /// Hints that the entry will be read soon: its first two cache lines, over which most lie.
    #[inline(always)]
    pub(crate) fn prefetch(&self) {
        let start = self.0.as_ptr().cast::<u8>();
        prefetch_read(start);
        prefetch_read(start.wrapping_add(56));
    }

    /// Replaces value and expiry; in place where the new value needs no other room.
    #[inline]
    pub(crate) fn set(&mut self, value: StringValue<'_>, expiry: Option<Millis>) {
        let old = self.shape();
        let (form, bytes): (Form, &[u8]) = match &value {
            StringValue::Int(_) => (Form::Int, &[]),
            StringValue::Bytes(bytes) if bytes.len() <= INLINE_MAX => (Form::Inline, bytes),
            _ => return *self = Entry::new(self.key(), value, expiry, self.access()),
        };
        let new = Shape::new(form, expiry.is_some(), false, old.key_len, bytes.len());
        if old.form != form
            || new.size() != old.size()
            || (old.flags ^ new.flags) & (EXPIRES | LONG) != 0
        {
            return *self = Entry::new(self.key(), value, expiry, self.access());
        }
        // The same size and the same offsets: only the value, its length and the expiry differ.
        if let StringValue::Int(number) = value {
            self.write_word(new.word_at(), number);
        }
        self.write(new.key_at() + new.key_len, bytes);
        if new.has(LONG) {
            let wide = |len: usize| u32::try_from(len).expect("the lengths fitted before");
            self.write_word(new.lengths_at(), [wide(new.key_len), wide(new.value_len)]);
        }
        // SAFETY: `&mut self` is the only access to the header.
        let header = unsafe { self.0.as_mut() };
        header.flags = new.flags;
        if !new.has(LONG) {
            header.value_len = new.value_len as u8;
        }
        if let Some(expiry) = expiry {
            self.write_word(HEADER, expiry.0);
        }
    }

    /// Sets, changes or removes the expiry; the value stays.
    pub(crate) fn set_expiry(&mut self, expiry: Option<Millis>) {
        match expiry {
            Some(at) if self.header().flags & EXPIRES != 0 => self.write_word(HEADER, at.0),
            None if self.header().flags & EXPIRES == 0 => {}
            _ => *self = self.remade(None, expiry),
        }
    }

    /// The string's bytes, to be changed in place, as one that was edited: `raw`, and made `len`
    /// long first, by adding zeros or cutting the end.
    pub(crate) fn edit(&mut self, len: usize) -> &mut [u8] {
        self.make_long(len);
        let at = self.shape().word_at();
        // SAFETY: `make_long` left a Blob in the word.
        unsafe { self.at::<Blob>(at).as_mut() }.resized(len)
    }

    /// Adds bytes at the end of the string; amortised O(bytes).
    pub(crate) fn append(&mut self, bytes: &[u8]) {
        let len = self.value().len() + bytes.len();
        if len <= INLINE_MAX && !matches!(self.value(), StringRef::Long(_)) {
            let mut whole = Vec::with_capacity(len);
            whole.extend_from_slice(self.value().bytes(&mut itoa::Buffer::new()));
            whole.extend_from_slice(bytes);
            let expiry = self.expiry();
            return *self =
                Entry::new(self.key(), StringValue::Edited(&whole), expiry, self.access());
        }
        self.make_long(len);
        let at = self.shape().word_at();
        // SAFETY: as in `edit`.
        unsafe { self.at::<Blob>(at).as_mut() }.append(bytes);
    }

    /// Turns the string into one whose bytes lie apart, with room for `capacity` bytes.
    fn make_long(&mut self, capacity: usize) {
        if matches!(self.value(), StringRef::Long(_)) {
            return;
        }
        let mut blob = Blob::with_capacity(capacity.max(self.value().len()));
        blob.append(self.value().bytes(&mut itoa::Buffer::new()));
        let shape = Shape::new(Form::Long, self.expiry().is_some(), false, self.key().len(), 0);
        let mut entry = Entry::allocate(shape, self.access());
        entry.write(shape.key_at(), self.key());
        entry.write_word(shape.word_at(), blob);
        if let Some(expiry) = self.expiry() {
            entry.write_word(HEADER, expiry.0);
        }
        *self = entry;
    }

    /// The same value under another key, or with another expiry. A long value is shared.
    pub(crate) fn remade(&self, key: Option<&[u8]>, expiry: Option<Millis>) -> Entry {
        let key = key.unwrap_or(self.key());
        let old = self.shape();
        let shape =
            Shape::new(old.form, expiry.is_some(), old.has(EDITED), key.len(), old.value_len);
        let mut entry = Entry::allocate(shape, self.access());
        entry.write(shape.key_at(), key);
        match self.value() {
            StringRef::Int(number) => entry.write_word(shape.word_at(), number),
            StringRef::Bytes(bytes) => entry.write(shape.key_at() + key.len(), bytes),
            StringRef::Long(blob) => entry.write_word(shape.word_at(), blob.clone()),
        }
        if let Some(expiry) = expiry {
            entry.write_word(HEADER, expiry.0);
        }
        entry
    }
}

impl Clone for Entry {
    /// A copy; a long value is shared until one of the two changes it.
    fn clone(&self) -> Entry {
        self.remade(None, self.expiry())
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let shape = self.shape();
        if shape.form == Form::Long {
            // SAFETY: the word owns a Blob, and nobody reads it after this.
            unsafe { self.at::<Blob>(shape.word_at()).drop_in_place() };
        }
        // SAFETY: allocated with this layout, which the header still tells.
        unsafe { dealloc(self.0.as_ptr().cast(), shape.layout()) };
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("key", &self.key().escape_ascii().to_string())
            .field("value", &self.value())
            .field("expiry", &self.expiry())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone)]
    enum Step {
        Set(Vec<u8>, Option<i64>),
        SetInt(i64, Option<i64>),
        Expiry(Option<i64>),
        Append(Vec<u8>),
        Edit(usize),
        Rekey(Vec<u8>),
        Copy,
    }

    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let len = prop_oneof![
            0..60_usize,
            Just(44),
            Just(45),
            250..260_usize,
            Just(INLINE_MAX),
            Just(INLINE_MAX + 1),
            0..3000_usize
        ];
        len.prop_map(|n| (0..n).map(|i| i as u8).collect())
    }

    fn step() -> impl Strategy<Value = Step> {
        let expiry = || proptest::option::of(any::<i64>());
        prop_oneof![
            (bytes(), expiry()).prop_map(|(b, e)| Step::Set(b, e)),
            (any::<i64>(), expiry()).prop_map(|(n, e)| Step::SetInt(n, e)),
            expiry().prop_map(Step::Expiry),
            bytes().prop_map(Step::Append),
            (0..2000_usize).prop_map(Step::Edit),
            bytes().prop_map(Step::Rekey),
            Just(Step::Copy),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 4 } else { 400 }, ..ProptestConfig::default() })]

        #[test]
        fn holds_what_was_put_in(key in bytes(), steps in proptest::collection::vec(step(), 1..30)) {
            let mut key = key;
            let mut value = b"start".to_vec();
            let mut expiry = None;
            let mut entry = Entry::new(&key, StringValue::encode(&value), None, 77);
            for step in steps {
                let _old = entry.clone();
                match step {
                    Step::Set(v, e) => {
                        entry.set(StringValue::encode(&v), e.map(Millis));
                        (value, expiry) = (v, e);
                    }
                    Step::SetInt(n, e) => {
                        entry.set(StringValue::Int(n), e.map(Millis));
                        (value, expiry) = (n.to_string().into_bytes(), e);
                        prop_assert_eq!(entry.encoding(), Encoding::Int);
                    }
                    Step::Expiry(e) => {
                        entry.set_expiry(e.map(Millis));
                        expiry = e;
                    }
                    Step::Append(more) => {
                        entry.append(&more);
                        value.extend(more);
                        prop_assert_eq!(entry.encoding(), Encoding::Raw);
                    }
                    Step::Edit(len) => {
                        entry.edit(len).iter_mut().take(2).for_each(|b| *b ^= 1);
                        value.resize(len, 0);
                        value.iter_mut().take(2).for_each(|b| *b ^= 1);
                    }
                    Step::Rekey(k) => {
                        entry = entry.remade(Some(&k), entry.expiry());
                        key = k;
                    }
                    Step::Copy => entry = entry.clone(),
                }
                prop_assert_eq!(entry.key(), &key[..]);
                let mut digits = itoa::Buffer::new();
                prop_assert_eq!(entry.value().bytes(&mut digits), &value[..]);
                prop_assert_eq!(entry.expiry(), expiry.map(Millis));
                prop_assert_eq!(entry.access(), 77);
                prop_assert!(entry.heap_size() >= HEADER + key.len());
            }
        }
    }

    #[test]
    fn is_as_small_as_the_design_says() {
        let size = |value: &[u8], expiry| {
            Entry::new(&[b'k'; 16], StringValue::encode(value), expiry, 0).heap_size()
        };
        assert_eq!(size(&[b'v'; 32], None), 56);
        assert_eq!(size(&[b'v'; 32], Some(Millis(1))), 64);
        assert_eq!(size(b"123456", None), 32);
    }

    #[test]
    fn a_value_of_the_same_size_is_written_in_place() {
        let mut entry = Entry::new(b"key", StringValue::Bytes(b"12345678"), Some(Millis(5)), 0);
        let address = entry.0;
        entry.set(StringValue::Bytes(b"abcdefg"), Some(Millis(6)));
        assert_eq!((entry.0, entry.expiry()), (address, Some(Millis(6))));
        assert_eq!(entry.value().bytes(&mut itoa::Buffer::new()), b"abcdefg");
    }
}
