//! The words of one command, wherever they lie.

use std::ops::Index;

use smallvec::SmallVec;

#[cfg(feature = "network")]
use crate::pubsub::frame;

/// Where one word of a command lies in the buffer it was read into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset past the last byte.
    pub end: usize,
}

/// The words of some commands, one after the other, where a buffer has them.
pub(crate) type Words<'a> = SmallVec<[&'a [u8]; FEW_WORDS]>;

/// How many words take no allocation: those of a window of commands of four words each.
const FEW_WORDS: usize = 128;

impl Span {
    /// Adds the words that lie at `spans` in `buffer`.
    ///
    /// # Panics
    /// When they lie elsewhere.
    #[inline]
    pub(crate) fn add_words<'a>(words: &mut Words<'a>, spans: &[Span], buffer: &'a [u8]) {
        words.extend(spans.iter().map(|span| &buffer[span.start..span.end]));
    }
}

/// The words of one command, the command's name first; never empty.
///
/// Words read from a connection stay in its buffer; words of an in-process call
/// stay with the caller. Cheap to copy.
#[derive(Debug, Clone, Copy)]
pub struct Args<'a> {
    words: &'a [&'a [u8]],
}

impl<'a> Args<'a> {
    /// These words.
    #[inline]
    pub fn new(words: &'a [&'a [u8]]) -> Args<'a> {
        Args { words }
    }

    /// How many words, the name included.
    #[expect(clippy::len_without_is_empty, reason = "a command has a name: it is never empty")]
    #[inline]
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Bytes of a request of these words, as RESP spells it.
    #[cfg(feature = "network")]
    pub(crate) fn request_size(&self) -> usize {
        let words = self.words.iter().map(|word| frame::bulk_size(word.len()));
        frame::header_size(self.len()) + words.sum::<usize>()
    }

    /// Word `i`, if there is one; word 0 is the command's name.
    #[inline]
    pub fn get(&self, i: usize) -> Option<&'a [u8]> {
        self.words.get(i).copied()
    }

    /// The words from `from` on.
    pub fn iter_from(&self, from: usize) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let args = *self;
        (from..args.len()).map(move |i| args.at(i))
    }

    /// Word `i`.
    ///
    /// # Panics
    /// When there is no such word; the command table checks arity before a handler runs.
    #[inline]
    pub fn at(&self, i: usize) -> &'a [u8] {
        self.words[i]
    }
}

impl Index<usize> for Args<'_> {
    type Output = [u8];

    fn index(&self, i: usize) -> &[u8] {
        self.at(i)
    }
}
