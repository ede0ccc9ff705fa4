//! Where the parts of an entry lie: it follows from the header alone.

use std::alloc::Layout;

use super::{HEADER, WORD};
use crate::value::{Packing, Type};

/// Where the value lies. The numbers are private to the process.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Form {
    /// A string's bytes behind the key.
    Inline,
    /// A number in the word.
    Int,
    /// A string's bytes apart; the word owns a `Blob`.
    Long,
    /// A small collection's bytes behind the key.
    Packed(Packing),
    /// A collection apart; two words own a `Box<dyn Big>`.
    Big,
}

impl Form {
    /// How many words lie before the key.
    #[inline(always)]
    fn words(self) -> usize {
        match self {
            Form::Inline | Form::Packed(_) => 0,
            Form::Int | Form::Long => 1,
            Form::Big => 2,
        }
    }

    /// The type of the value; that of a big collection is its own to tell.
    #[inline(always)]
    pub(super) fn kind(self) -> Option<Type> {
        match self {
            Form::Inline | Form::Int | Form::Long => Some(Type::String),
            Form::Packed(packing) => Some(packing.kind()),
            Form::Big => None,
        }
    }
}

/// The entry has an expiry.
pub(super) const EXPIRES: u8 = 1;
/// One of the lengths does not fit the header.
pub(super) const LONG: u8 = 2;
/// The string is the result of an edit: `raw` however short.
pub(super) const EDITED: u8 = 4;
/// The value is a hash with fields that expire.
pub(super) const TIMED: u8 = 8;

/// How many words lie before the key is counted in these bits, so that where the key is follows from the
/// flags by a mask and a shift.
const AHEAD: u8 = 7 << AHEAD_SHIFT;
const AHEAD_SHIFT: u32 = 4;

/// Everything that decides where things lie.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) form: Form,
    pub(super) flags: u8,
    pub(super) key_len: usize,
    /// Bytes of the value behind the key.
    pub(super) value_len: usize,
}

impl Shape {
    pub(super) fn new(
        form: Form,
        expires: bool,
        edited: bool,
        key_len: usize,
        value_len: usize,
    ) -> Shape {
        let short = key_len <= u8::MAX.into() && value_len <= u8::MAX.into();
        let ahead = u8::from(expires) + u8::from(!short) + form.words() as u8;
        let flags = ahead << AHEAD_SHIFT
            | if expires { EXPIRES } else { 0 }
            | if short { 0 } else { LONG }
            | if edited { EDITED } else { 0 }
            | if form == Form::Packed(Packing::TimedHash) { TIMED } else { 0 };
        Shape { form, flags, key_len, value_len }
    }

    #[inline(always)]
    pub(super) fn has(self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    #[inline(always)]
    pub(super) fn lengths_at(self) -> usize {
        HEADER + if self.has(EXPIRES) { WORD } else { 0 }
    }

    #[inline(always)]
    pub(super) fn word_at(self) -> usize {
        self.lengths_at() + if self.has(LONG) { WORD } else { 0 }
    }

    #[inline(always)]
    pub(super) fn key_at(self) -> usize {
        HEADER + (usize::from(self.flags & AHEAD) >> AHEAD_SHIFT) * WORD
    }

    #[inline(always)]
    pub(super) fn value_at(self) -> usize {
        self.key_at() + self.key_len
    }

    #[inline(always)]
    pub(super) fn size(self) -> usize {
        (self.value_at() + self.value_len).next_multiple_of(WORD)
    }

    pub(super) fn layout(self) -> Layout {
        Layout::from_size_align(self.size(), WORD).expect("keys are far below isize::MAX")
    }

    /// Whether the key, the words and the value lie where they do in the other.
    pub(super) fn has_places_of(self, other: Shape) -> bool {
        self.key_at() == other.key_at()
            && self.key_len == other.key_len
            && (self.flags ^ other.flags) & (EXPIRES | LONG) == 0
    }
}
