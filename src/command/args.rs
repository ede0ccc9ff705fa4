//! The words of one command, wherever they lie.

use std::ops::Index;

/// Where one word of a command lies in the buffer it was read into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset past the last byte.
    pub end: usize,
}

/// The words of one command, the command's name first; never empty.
///
/// Words read from a connection stay in its buffer; words of an in-process call
/// stay with the caller. Cheap to copy.
#[derive(Debug, Clone, Copy)]
pub struct Args<'a> {
    words: Words<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Words<'a> {
    Slices(&'a [&'a [u8]]),
    Spans { buffer: &'a [u8], spans: &'a [Span] },
}

impl<'a> Args<'a> {
    /// Words that lie apart.
    pub fn new(slices: &'a [&'a [u8]]) -> Args<'a> {
        Args { words: Words::Slices(slices) }
    }

    /// Words that lie in one buffer.
    pub fn in_buffer(buffer: &'a [u8], spans: &'a [Span]) -> Args<'a> {
        Args { words: Words::Spans { buffer, spans } }
    }

    /// How many words, the name included.
    #[expect(clippy::len_without_is_empty, reason = "a command has a name: it is never empty")]
    pub fn len(&self) -> usize {
        match self.words {
            Words::Slices(slices) => slices.len(),
            Words::Spans { spans, .. } => spans.len(),
        }
    }

    /// At least as many bytes as [`request_size`](Args::request_size), nearly for nothing if the words lie in a buffer.
    #[cfg(feature = "network")]
    #[inline]
    pub(crate) fn request_bound(&self) -> usize {
        /// Bytes of the two headers in front of the first word and of the line's end behind the last, at most.
        const HEADERS: usize = 2 * 23 + 2;
        match self.words {
            Words::Spans { spans: [first, .., last] | [first @ last], .. } => {
                HEADERS + last.end - first.start
            }
            _ => self.request_size(),
        }
    }

    /// Bytes of a request of these words, as RESP spells it.
    #[cfg(feature = "network")]
    pub(crate) fn request_size(&self) -> usize {
        let header = |n: usize| n.checked_ilog10().map_or(1, |more| more as usize + 1) + 3;
        let words = match self.words {
            Words::Slices(slices) => {
                slices.iter().map(|word| header(word.len()) + word.len() + 2).sum()
            }
            // The headers of all words but the first lie in between.
            Words::Spans { spans: [first, .., last] | [first @ last], .. } => {
                header(first.end - first.start) + last.end - first.start + 2
            }
            Words::Spans { .. } => 0,
        };
        header(self.len()) + words
    }

    /// Word `i`, if there is one; word 0 is the command's name.
    pub fn get(&self, i: usize) -> Option<&'a [u8]> {
        match self.words {
            Words::Slices(slices) => slices.get(i).copied(),
            Words::Spans { buffer, spans } => spans.get(i).map(|s| &buffer[s.start..s.end]),
        }
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
    pub fn at(&self, i: usize) -> &'a [u8] {
        match self.words {
            Words::Slices(slices) => slices[i],
            Words::Spans { buffer, spans } => &buffer[spans[i].start..spans[i].end],
        }
    }
}

impl Index<usize> for Args<'_> {
    type Output = [u8];

    fn index(&self, i: usize) -> &[u8] {
        self.at(i)
    }
}
