//! A key and what it holds, behind one thin pointer, in one allocation.
//!
//! ```text
//! Entry -> [ access u32 | form u8 | flags u8 | key length u8 | value length u8 ]
//!          [ expiry i64                    ]  only with EXPIRES
//!          [ key length u32 | value length u32 ]  only with LONG: the u8 lengths are 0 then
//!          [ number i64, or Blob, or box (2 words) ]  unless the value lies behind the key
//!          [ key ........................ ][ value ......... ][ pad to 8 ]
//! ```
//!
//! A key of 16 bytes with a value of 32 takes 56 bytes, 64 with an expiry; with a number, 32.
//! Short strings and small collections lie behind their key, so that they cost no second
//! allocation and a look at them no second wait for memory.
//! The access word is atomic because readers, who share the stripe's lock, write it; everything
//! else changes only through `&mut Entry`.
//!
//! Invariants: the layout follows from the header alone (`shape.rs`), so that the size of the
//! allocation is known to whoever frees it; a string is Inline iff it is a byte string of at
//! most `INLINE_MAX` bytes.
#![allow(unsafe_code)]

mod collection;
mod shape;
mod string;
#[cfg(test)]
mod tests;

use std::alloc::{alloc, dealloc, handle_alloc_error, realloc};
use std::fmt;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};

use shape::{EXPIRES, Form, LONG, Shape, TIMED};

use crate::clock::Millis;
use crate::ds::blob::Blob;
use crate::ds::blocks::block_size;
use crate::ds::prefetch::prefetch_read;
#[cfg(feature = "snapshot")]
use crate::ds::prefetch::{prefetch_bytes, prefetch_whole};
use crate::ds::same::same;
use crate::value::string::{StringRef, bytes_encoding};
use crate::value::{Big, Encoding, StoredRef, Type};

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
const _: () = assert!(HEADER == WORD, "a form is one byte");

/// The owner of a key and its value; see the [module](self).
pub(crate) struct Entry(NonNull<Header>);

// SAFETY: an entry owns its bytes and its Blob or box, which are Send.
unsafe impl Send for Entry {}
// SAFETY: `&Entry` reads, and writes only the atomic access word.
unsafe impl Sync for Entry {}

impl Entry {
    /// Memory of this shape with header, lengths, expiry and key written; what the value needs, the
    /// bytes behind the key or the words, is the caller's to write, before the entry is used or
    /// dropped.
    fn allocate(shape: Shape, key: &[u8], expiry: Option<Millis>, access: u32) -> Entry {
        let layout = shape.layout();
        // SAFETY: the size is that of a header at least.
        let memory = unsafe { alloc(layout) };
        let Some(header) = NonNull::new(memory.cast::<Header>()) else {
            handle_alloc_error(layout)
        };
        let narrow = |len: usize| {
            if shape.has(LONG) { 0 } else { u8::try_from(len).expect("a short shape") }
        };
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
        if shape.has(LONG) {
            entry.write_lengths(shape);
        }
        if let Some(expiry) = expiry {
            entry.write_word(HEADER, expiry.0);
        }
        entry.write(shape.key_at(), key);
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
        const { assert!(size_of::<T>().is_multiple_of(WORD) && align_of::<T>() <= WORD) };
        // SAFETY: the shape left the words at this offset, which is a multiple of 8.
        unsafe { self.at::<T>(offset).write(word) };
    }

    fn write_lengths(&mut self, shape: Shape) {
        let wide = |len: usize| u32::try_from(len).expect("keys and values are at most 512 MB");
        self.write_word(shape.lengths_at(), [wide(shape.key_len), wide(shape.value_len)]);
    }

    /// Makes the entry one of another shape, whose value the caller writes, if that has the same places: where it lies,
    /// if the allocator has room behind it. Returns false, and has changed nothing, if the places differ, or if
    /// a smaller block would do.
    fn reshape(&mut self, new: Shape) -> bool {
        let old = self.shape();
        if !old.has_places_of(new) {
            return false;
        }
        if old.size() != new.size() {
            if new.size() < old.size() && block_size(new.size()) != block_size(old.size()) {
                return false;
            }
            // SAFETY: allocated with this layout; a shape's size is that of a header at least.
            let memory = unsafe { realloc(self.0.as_ptr().cast(), old.layout(), new.size()) };
            let Some(header) = NonNull::new(memory.cast::<Header>()) else {
                handle_alloc_error(new.layout())
            };
            self.0 = header;
        }
        // SAFETY: `&mut self` is the only access to the header.
        let header = unsafe { self.0.as_mut() };
        header.form = new.form;
        header.flags = new.flags;
        if new.has(LONG) {
            self.write_lengths(new);
        } else {
            header.value_len = new.value_len as u8;
        }
        true
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

    /// Whether this is its key.
    #[inline(always)]
    pub(crate) fn has_key(&self, key: &[u8]) -> bool {
        // Where the value is, is told by the first line; what is likely the second is fetched beside it, not behind it.
        prefetch_read(self.0.as_ptr().wrapping_byte_add(48));
        same(self.key(), key)
    }

    /// The bytes behind the key, `shape` being the entry's own.
    #[inline(always)]
    fn value_bytes(&self, shape: Shape) -> &[u8] {
        // SAFETY: `value_len` bytes were written here when the value was.
        unsafe { std::slice::from_raw_parts(self.at(shape.value_at()).as_ptr(), shape.value_len) }
    }

    /// When the key expires, if it does.
    #[inline(always)]
    pub(crate) fn expiry(&self) -> Option<Millis> {
        // SAFETY: the flag says that the word behind the header is the expiry.
        (self.header().flags & EXPIRES != 0)
            .then(|| Millis(unsafe { self.at::<i64>(HEADER).read() }))
    }

    /// Whether the value is a hash with fields that expire.
    #[inline(always)]
    pub(crate) fn is_timed(&self) -> bool {
        self.header().flags & TIMED != 0
    }

    /// Whether the key or any of its fields has a time.
    #[inline(always)]
    pub(crate) fn may_be_past(&self) -> bool {
        self.header().flags & (EXPIRES | TIMED) != 0
    }

    /// What of the header tells lengths, expiry and form: two entries of the same are as large, but for what
    /// lies apart. Nothing if the lengths do not fit the header.
    #[inline(always)]
    pub(crate) fn head(&self) -> Option<u32> {
        // SAFETY: the second half of the header: four bytes, all of them written.
        (self.header().flags & LONG == 0).then(|| unsafe { self.at::<u32>(HEADER / 2).read() })
    }

    /// The type of what the key holds.
    #[inline]
    pub(crate) fn kind(&self) -> Type {
        match self.header().form.kind() {
            Some(kind) => kind,
            None => self.big().expect("only big collections tell their own type").kind(),
        }
    }

    pub(crate) fn encoding(&self) -> Encoding {
        match (self.stored(), self.string()) {
            (Some(StoredRef::Packed(packing, _)), _) => packing.encoding(),
            (Some(StoredRef::Big(big)), _) => big.encoding(),
            (None, Ok(StringRef::Int(_))) => Encoding::Int,
            (None, Ok(StringRef::Bytes(bytes))) => bytes_encoding(bytes.len(), self.is_edited()),
            (None, _) => Encoding::Raw,
        }
    }

    /// Bytes allocated for the key and the value. O(1).
    #[inline(always)]
    pub(crate) fn heap_size(&self) -> usize {
        block_size(self.own_size()) + self.apart_size()
    }

    /// Bytes asked for, for all but what lies apart.
    #[inline(always)]
    pub(crate) fn own_size(&self) -> usize {
        self.shape().size()
    }

    /// Bytes allocated for what lies apart.
    #[inline(always)]
    pub(crate) fn apart_size(&self) -> usize {
        match self.header().form {
            Form::Inline | Form::Int | Form::Packed(_) => 0,
            Form::Long => self.string().map_or(0, |string| match string {
                StringRef::Long(blob) => blob.heap_size(),
                StringRef::Int(_) | StringRef::Bytes(_) => 0,
            }),
            Form::Big => self.big().map_or(0, Big::heap_size),
        }
    }

    /// About how many allocations are freed when the entry is dropped.
    pub(crate) fn effort(&self) -> usize {
        1 + self.big().map_or(0, Big::effort)
    }

    /// The big collection, if the key holds one.
    #[inline]
    pub(crate) fn big(&self) -> Option<&dyn Big> {
        // SAFETY: it is there, and the entry is borrowed for as long.
        self.big_place().map(|place| unsafe { place.as_ref() }.as_ref())
    }

    /// Where the owner of the big collection is, if the key holds one.
    #[inline(always)]
    fn big_place(&self) -> Option<NonNull<Box<dyn Big>>> {
        let header = self.header();
        // Where the words are follows from the flags: lengths need not be known.
        let shape = Shape { form: header.form, flags: header.flags, key_len: 0, value_len: 0 };
        (shape.form == Form::Big).then(|| self.at(shape.word_at()))
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

    /// Of which cut the entry is; see `keyspace/cut.rs`.
    #[cfg(feature = "snapshot")]
    pub(crate) fn stamp(&self) -> u8 {
        (self.access() >> 24) as u8
    }

    /// Sets the stamp; whoever calls this holds the stripe exclusively.
    #[cfg(feature = "snapshot")]
    pub(crate) fn set_stamp(&self, stamp: u8) {
        self.set_access(self.access() & 0x00FF_FFFF | u32::from(stamp) << 24);
    }

    /// Hints that the entry will be read soon: its first two cache lines, over which most lie.
    #[inline(always)]
    pub(crate) fn prefetch(&self) {
        let start = self.0.as_ptr().cast::<u8>();
        prefetch_read(start);
        prefetch_read(start.wrapping_add(56));
    }

    /// Hints that all that the key holds will be read soon: at step 0 the entry, then what it owns, a step deeper
    /// each time, when what the step before hinted at has come. Returns whether there is more.
    #[cfg(feature = "snapshot")]
    #[inline]
    pub(crate) fn fetch(&self, step: usize) -> bool {
        if step == 0 {
            self.prefetch();
            return true;
        }
        let shape = self.shape();
        match (shape.form, step) {
            (Form::Inline | Form::Packed(_), 1) => {
                prefetch_bytes(self.value_bytes(shape));
                false
            }
            (Form::Long, 1) => {
                // SAFETY: the form says that the word owns a Blob.
                prefetch_read(unsafe { self.at::<Blob>(shape.word_at()).as_ref() }.address());
                true
            }
            (Form::Long, 2) => {
                // SAFETY: as above.
                prefetch_bytes(unsafe { self.at::<Blob>(shape.word_at()).as_ref() });
                false
            }
            (Form::Big, 1) => {
                self.big().inspect(|big| prefetch_whole(*big));
                true
            }
            (Form::Big, _) => self.big().is_some_and(|big| big.fetch(step - 2)),
            _ => false,
        }
    }

    /// Sets, changes or removes the expiry; the value stays.
    pub(crate) fn set_expiry(&mut self, expiry: Option<Millis>) {
        match expiry {
            Some(at) if self.has_expiry() => self.write_word(HEADER, at.0),
            None if !self.has_expiry() => {}
            _ => {
                let new = self.moved_to(self.key(), expiry);
                std::mem::replace(self, new).forget_value();
            }
        }
    }

    /// The same value under another key. O(bytes that lie behind the key).
    pub(crate) fn rekeyed(self, key: &[u8], expiry: Option<Millis>) -> Entry {
        let new = self.moved_to(key, expiry);
        self.forget_value();
        new
    }

    /// A copy of the value under another key. A long string is shared until one of the two
    /// changes it; a collection is copied.
    pub(crate) fn copied(&self, key: &[u8], expiry: Option<Millis>) -> Entry {
        let mut copy = ManuallyDrop::new(self.moved_to(key, expiry));
        let at = copy.shape().word_at();
        match (self.string(), self.big()) {
            (Ok(StringRef::Long(blob)), _) => copy.write_word(at, blob.clone()),
            (_, Some(big)) => copy.write_word(at, big.duplicate()),
            _ => {}
        }
        ManuallyDrop::into_inner(copy)
    }

    /// An entry with the same value, words and all: what they own belongs to both until one of the
    /// two [forgets](Entry::forget_value) it.
    fn moved_to(&self, key: &[u8], expiry: Option<Millis>) -> Entry {
        let old = self.shape();
        let edited = self.is_edited();
        let mut new = Shape::new(old.form, expiry.is_some(), edited, key.len(), old.value_len);
        new.flags |= old.flags & TIMED;
        let mut entry = Entry::allocate(new, key, expiry, self.access());
        entry.write(new.value_at(), self.value_bytes(old));
        // SAFETY: both have the same form, and so as many words between these places.
        unsafe {
            let (from, to) = (self.at::<u8>(old.word_at()), entry.at::<u8>(new.word_at()));
            to.copy_from_nonoverlapping(from, old.key_at() - old.word_at());
        }
        entry
    }

    /// Frees the entry, but not what its words own.
    fn forget_value(self) {
        let entry = ManuallyDrop::new(self);
        // SAFETY: allocated with this layout, and forgotten.
        unsafe { dealloc(entry.0.as_ptr().cast(), entry.shape().layout()) };
    }
}

impl Clone for Entry {
    /// A copy, as [`copied`](Entry::copied).
    fn clone(&self) -> Entry {
        self.copied(self.key(), self.expiry())
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let shape = self.shape();
        // SAFETY: the form says what the words own; nobody reads them after this.
        unsafe {
            match shape.form {
                Form::Long => self.at::<Blob>(shape.word_at()).drop_in_place(),
                Form::Big => self.at::<Box<dyn Big>>(shape.word_at()).drop_in_place(),
                Form::Inline | Form::Int | Form::Packed(_) => {}
            }
        }
        // SAFETY: allocated with this layout, which the header still tells.
        unsafe { dealloc(self.0.as_ptr().cast(), shape.layout()) };
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut entry = f.debug_struct("Entry");
        entry.field("key", &self.key().escape_ascii().to_string());
        match self.stored() {
            Some(stored) => entry.field("value", &stored),
            None => entry.field("value", &self.string()),
        };
        entry.field("expiry", &self.expiry()).finish()
    }
}
