//! Commands that were read together.

use crate::command::{Args, Span, Words};

/// So many words of an incomplete command change hands with their buffer: a command of a
/// million words must not be copied for each piece that it comes in.
const MANY: usize = 64;

/// Complete commands in the order in which they came, their words still in the buffer
/// that they were read into.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// The words of all commands, one command after the other; of a command that is
    /// still being read too, at the end.
    pub(super) spans: Vec<Span>,
    commands: Vec<Bounds>,
}

/// Where a command ends; the next one begins there.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    /// In `spans`.
    words: usize,
    /// In the buffer.
    bytes: usize,
}

impl Batch {
    /// How many commands there are.
    pub(crate) fn len(&self) -> usize {
        self.commands.len()
    }

    /// Adds the words of all commands, which are in the buffer that was parsed.
    #[inline]
    pub(crate) fn add_words<'a>(&self, words: &mut Words<'a>, buffer: &'a [u8]) {
        Span::add_words(words, &self.spans, buffer);
    }

    /// The commands in their order, whose [words](Batch::add_words) these are, and how many bytes each
    /// took, the first one's header left out.
    pub(crate) fn commands<'a>(
        &'a self,
        words: &'a [&'a [u8]],
    ) -> impl ExactSizeIterator<Item = (Args<'a>, usize)> + Clone {
        let first = self.spans.first().map_or(0, |word| word.start);
        let (mut rest, mut begin) = (words, Bounds { words: 0, bytes: first });
        self.commands.iter().map(move |end| {
            let begin = std::mem::replace(&mut begin, *end);
            let (own, behind) = rest.split_at(end.words - begin.words);
            rest = behind;
            (Args::new(own), end.bytes - begin.bytes)
        })
    }

    /// Where the bytes of command `i` end.
    pub(crate) fn end(&self, i: usize) -> usize {
        self.commands[i].bytes
    }

    /// Forgets all commands and keeps the room for as many as are usual.
    pub(crate) fn clear(&mut self) {
        /// Words that a batch may keep room for.
        const USUAL: usize = 4096;
        self.spans.clear();
        self.spans.shrink_to(USUAL);
        self.commands.clear();
        self.commands.shrink_to(USUAL);
    }

    /// Makes the words behind the last command a command.
    pub(super) fn complete(&mut self, bytes: usize) {
        self.commands.push(Bounds { words: self.spans.len(), bytes });
    }

    /// Puts back the words of a command that was not complete; the batch is empty.
    pub(super) fn put_partial(&mut self, partial: &mut Vec<Span>) {
        if partial.len() >= MANY {
            self.spans = std::mem::take(partial);
        } else {
            self.spans.append(partial);
        }
    }

    /// Takes the words of the command that is not complete.
    pub(super) fn take_partial(&mut self, partial: &mut Vec<Span>) {
        let first = self.first_word(self.commands.len());
        if first == 0 && self.spans.len() >= MANY {
            *partial = std::mem::take(&mut self.spans);
        } else if first < self.spans.len() {
            partial.extend(self.spans.drain(first..));
        }
    }

    /// Takes the commands from `first` on, `bytes` having left the front of the buffer.
    pub(crate) fn take_from(&mut self, first: usize, bytes: usize) -> Batch {
        let word = self.first_word(first);
        let mut rest =
            Batch { spans: self.spans.split_off(word), commands: self.commands.split_off(first) };
        shift(&mut rest.spans, bytes);
        for command in &mut rest.commands {
            command.words -= word;
            command.bytes -= bytes;
        }
        rest
    }

    fn first_word(&self, i: usize) -> usize {
        i.checked_sub(1).map_or(0, |before| self.commands[before].words)
    }
}

/// Moves words along with their buffer, of which `bytes` at the front have gone.
pub(super) fn shift(spans: &mut [Span], bytes: usize) {
    for span in spans {
        span.start -= bytes;
        span.end -= bytes;
    }
}
