//! Strings: a number, short bytes inside the entry, or long bytes apart.

use bytes::Bytes;

use crate::ds::blob::Blob;
use crate::text::int;
use crate::value::Encoding;

/// The longest string that is stored beside its key, in the entry's own allocation.
pub(crate) const INLINE_MAX: usize = 1024;
/// The longest string that Redis calls `embstr`.
pub(crate) const EMBSTR_MAX: usize = 44;
/// The shortest string that a reader takes by reference: below, copying is cheaper.
const SHARE_MIN: usize = 16 * 1024;

/// Room for any 64-bit integer in decimal.
pub(crate) type Digits = itoa::Buffer;

/// A string to be stored.
#[derive(Debug)]
pub(crate) enum StringValue<'a> {
    Int(i64),
    /// Bytes that `OBJECT ENCODING` calls `embstr` if they are short enough.
    Bytes(&'a [u8]),
    /// Bytes that it calls `raw`: the result of an edit.
    Edited(&'a [u8]),
    /// A long result that was made where it is to stay; `raw` too.
    Apart(Blob),
}

impl<'a> StringValue<'a> {
    /// The form in which SET and its like store bytes: a number if they are one's canonical
    /// decimal form.
    #[inline]
    pub(crate) fn encode(bytes: &'a [u8]) -> StringValue<'a> {
        // Most strings are no number: the first byte decides.
        let numeric =
            bytes.len() <= 20 && bytes.first().is_some_and(|b| b.is_ascii_digit() || *b == b'-');
        match numeric.then(|| int::parse_i64(bytes)).flatten() {
            Some(number) => StringValue::Int(number),
            None => StringValue::Bytes(bytes),
        }
    }
}

/// A stored string, as a reader sees it while its stripe is locked.
#[derive(Debug, Clone, Copy)]
pub(crate) enum StringRef<'a> {
    Int(i64),
    Bytes(&'a [u8]),
    Long(&'a Blob),
}

impl<'a> StringRef<'a> {
    /// The bytes, written into `digits` if the string is stored as a number.
    #[inline]
    pub(crate) fn bytes<'b>(self, digits: &'b mut Digits) -> &'b [u8]
    where
        'a: 'b,
    {
        match self {
            StringRef::Int(number) => digits.format(number).as_bytes(),
            StringRef::Bytes(bytes) => bytes,
            StringRef::Long(blob) => blob,
        }
    }

    /// The bytes, to keep: a copy if they are few, else a reference.
    #[inline]
    pub(crate) fn to_bytes(self) -> Bytes {
        match self {
            StringRef::Long(blob) if blob.len() >= SHARE_MIN => Bytes::from_owner(blob.clone()),
            _ => Bytes::copy_from_slice(self.bytes(&mut Digits::new())),
        }
    }

    /// Length in bytes, of the decimal form if the string is stored as a number.
    pub(crate) fn len(self) -> usize {
        self.bytes(&mut Digits::new()).len()
    }

    /// The integer that the string is or spells.
    pub(crate) fn as_int(self) -> Option<i64> {
        match self {
            StringRef::Int(number) => Some(number),
            StringRef::Bytes(bytes) => int::parse_i64(bytes),
            // An edited string lies apart however short it is.
            StringRef::Long(blob) => int::parse_i64(blob),
        }
    }
}

/// What `OBJECT ENCODING` says of bytes that were set whole (`edited` false) or edited.
pub(crate) fn bytes_encoding(len: usize, edited: bool) -> Encoding {
    if edited || len > EMBSTR_MAX { Encoding::Raw } else { Encoding::Embstr }
}
