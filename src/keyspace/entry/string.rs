//! Entries that hold strings.

use super::shape::{EDITED, EXPIRES, Form, Shape};
use super::{Entry, HEADER};
use crate::clock::Millis;
use crate::ds::blob::Blob;
use crate::error::{Error, Result};
use crate::value::string::{INLINE_MAX, StringRef, StringValue};

/// Where a string lies, whether it counts as edited, and its bytes if that is behind the key.
#[inline(always)]
fn form_of<'v>(value: &StringValue<'v>) -> (Form, bool, &'v [u8]) {
    match *value {
        StringValue::Int(_) => (Form::Int, false, &[]),
        StringValue::Bytes(bytes) if bytes.len() <= INLINE_MAX => (Form::Inline, false, bytes),
        StringValue::Edited(bytes) if bytes.len() <= INLINE_MAX => (Form::Inline, true, bytes),
        StringValue::Bytes(_) | StringValue::Edited(_) | StringValue::Apart(_) => {
            (Form::Long, false, &[])
        }
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
        let (form, edited, bytes) = form_of(&value);
        let shape = Shape::new(form, expiry.is_some(), edited, key.len(), bytes.len());
        let mut entry = Entry::allocate(shape, key, expiry, access);
        entry.write(shape.value_at(), bytes);
        match value {
            StringValue::Int(number) => entry.write_word(shape.word_at(), number),
            StringValue::Bytes(b) | StringValue::Edited(b) if form == Form::Long => {
                entry.write_word(shape.word_at(), Blob::from(b))
            }
            StringValue::Apart(blob) => entry.write_word(shape.word_at(), blob),
            StringValue::Bytes(_) | StringValue::Edited(_) => {}
        }
        entry
    }

    /// The string that the key holds.
    ///
    /// # Errors
    /// `WrongType` if it holds something else.
    #[inline(always)]
    pub(crate) fn string(&self) -> Result<StringRef<'_>> {
        let shape = self.shape();
        if matches!(shape.form, Form::Inline) {
            return Ok(StringRef::Bytes(self.value_bytes(shape)));
        }
        self.string_elsewhere()
    }

    /// The string, if it does not lie behind the key. Apart: most do, and are found without a jump by a table so.
    #[inline(never)]
    fn string_elsewhere(&self) -> Result<StringRef<'_>> {
        let shape = self.shape();
        match shape.form {
            Form::Inline => Ok(StringRef::Bytes(self.value_bytes(shape))),
            // SAFETY: the form says what was written at the word.
            Form::Int => Ok(StringRef::Int(unsafe { self.at::<i64>(shape.word_at()).read() })),
            // SAFETY: as above.
            Form::Long => Ok(StringRef::Long(unsafe { self.at::<Blob>(shape.word_at()).as_ref() })),
            Form::Packed(_) | Form::Big => Err(Error::WrongType),
        }
    }

    /// Replaces value and expiry, whatever the key holds; in place where the new value needs no
    /// other room.
    #[inline]
    pub(crate) fn set(&mut self, value: StringValue<'_>, expiry: Option<Millis>) {
        let old = self.shape();
        let (form, edited, bytes) = form_of(&value);
        let new = Shape::new(form, expiry.is_some(), edited, old.key_len, bytes.len());
        if form == Form::Long || old.form != form || !self.reshape(new) {
            return *self = Entry::new(self.key(), value, expiry, self.access());
        }
        if let StringValue::Int(number) = value {
            self.write_word(new.word_at(), number);
        }
        self.write(new.value_at(), bytes);
        if let Some(expiry) = expiry {
            self.write_word(HEADER, expiry.0);
        }
    }

    /// The string's bytes, to be changed in place, as one that was edited: `raw`, and made `len`
    /// long first, by adding zeros or cutting the end. The key must hold a string. Growing is
    /// amortised for a long string; a short one is copied.
    pub(crate) fn edit(&mut self, len: usize) -> &mut [u8] {
        let old = self.string().expect("looked at by the caller");
        if len > INLINE_MAX || matches!(old, StringRef::Long(_)) {
            return self.long_string(len).resized(len);
        }
        if self.is_edited() && old.len() == len {
            return self.inline_mut();
        }
        let mut whole = vec![0; len];
        let mut digits = itoa::Buffer::new();
        let kept = old.bytes(&mut digits);
        let kept = &kept[..kept.len().min(len)];
        whole[..kept.len()].copy_from_slice(kept);
        self.set(StringValue::Edited(&whole), self.expiry());
        self.inline_mut()
    }

    /// The bytes of a string that lies behind the key.
    fn inline_mut(&mut self) -> &mut [u8] {
        let shape = self.shape();
        debug_assert!(shape.form == Form::Inline);
        // SAFETY: `value_len` bytes were written here when the value was, and `&mut self` is the
        // only access to them.
        unsafe {
            std::slice::from_raw_parts_mut(self.at(shape.value_at()).as_ptr(), shape.value_len)
        }
    }

    /// Adds bytes at the end of the string; amortised O(bytes). The key must hold a string.
    pub(crate) fn append(&mut self, bytes: &[u8]) {
        let old = self.string().expect("looked at by the caller");
        let len = old.len() + bytes.len();
        if len <= INLINE_MAX && !matches!(old, StringRef::Long(_)) {
            let mut whole = Vec::with_capacity(len);
            whole.extend_from_slice(old.bytes(&mut itoa::Buffer::new()));
            whole.extend_from_slice(bytes);
            return self.set(StringValue::Edited(&whole), self.expiry());
        }
        self.long_string(len).append(bytes);
    }

    /// The string as one whose bytes lie apart, with room for `capacity` bytes.
    fn long_string(&mut self, capacity: usize) -> &mut Blob {
        let old = self.string().expect("looked at by the caller");
        if !matches!(old, StringRef::Long(_)) {
            let mut blob = Blob::with_capacity(capacity.max(old.len()));
            blob.append(old.bytes(&mut itoa::Buffer::new()));
            let expires = self.expiry().is_some();
            let shape = Shape::new(Form::Long, expires, false, self.key().len(), 0);
            let mut entry = Entry::allocate(shape, self.key(), self.expiry(), self.access());
            entry.write_word(shape.word_at(), blob);
            *self = entry;
        }
        let at = self.shape().word_at();
        // SAFETY: the form is Long, made so above if it was not: the word owns a Blob.
        unsafe { self.at::<Blob>(at).as_mut() }
    }

    /// Whether the string is the result of an edit.
    pub(super) fn is_edited(&self) -> bool {
        self.header().flags & EDITED != 0
    }

    pub(super) fn has_expiry(&self) -> bool {
        self.header().flags & EXPIRES != 0
    }
}
