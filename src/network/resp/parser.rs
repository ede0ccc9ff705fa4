//! Reading requests in place: a state machine that never looks at a byte twice.

use super::batch::{Batch, shift};
use super::inline;
use crate::command::Span;
use crate::text::int;

/// The longest inline request, and the longest line that announces a length.
const MAX_LINE: usize = 64 * 1024;
/// What a client may send before it has authenticated: so many words,
const UNAUTHENTICATED_WORDS: usize = 10;
/// and so many bytes in each.
const UNAUTHENTICATED_BYTES: usize = 16 * 1024;

/// Why a client is cut off: what it sent is not RESP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ProtocolError {
    #[error("ERR Protocol error: too big inline request")]
    BigInline,
    #[error("ERR Protocol error: unbalanced quotes in request")]
    UnbalancedQuotes,
    #[error("ERR Protocol error: too big mbulk count string")]
    BigMultibulkLine,
    #[error("ERR Protocol error: invalid multibulk length")]
    MultibulkLength,
    #[error("ERR Protocol error: unauthenticated multibulk length")]
    UnauthenticatedMultibulk,
    #[error("ERR Protocol error: too big bulk count string")]
    BigBulkLine,
    #[error("ERR Protocol error: expected '$', got something else")]
    ExpectedBulk(u8),
    #[error("ERR Protocol error: invalid bulk length")]
    BulkLength,
    #[error("ERR Protocol error: unauthenticated bulk length")]
    UnauthenticatedBulk,
}

impl ProtocolError {
    /// Appends the reply that the client gets before it is cut off.
    pub(crate) fn write(self, out: &mut Vec<u8>) {
        match self {
            // The byte may be any, so this is no text.
            ProtocolError::ExpectedBulk(got) => {
                let got = if matches!(got, b'\r' | b'\n') { b' ' } else { got };
                out.extend_from_slice(b"-ERR Protocol error: expected '$', got '");
                out.extend_from_slice(&[got, b'\'', b'\r', b'\n']);
            }
            _ => out.extend_from_slice(format!("-{self}\r\n").as_bytes()),
        }
    }
}

/// What a request may not exceed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// The longest word (`proto-max-bulk-len`).
    pub(crate) max_bulk: usize,
    /// Whether the client has yet to authenticate.
    pub(crate) unauthenticated: bool,
    /// How many commands to read at most.
    pub(crate) commands: usize,
}

/// How far the requests of one connection have been read.
///
/// Positions are offsets in the connection's buffer, whose front may be cut off between
/// calls ([`Parser::discard`]) and which grows at its end.
#[derive(Debug, Default)]
pub(crate) struct Parser {
    /// Everything before has been parsed.
    at: usize,
    /// No line ends between `at` and here.
    searched: usize,
    /// Words that the command under way still lacks; 0 between commands.
    missing: usize,
    /// The length of the word under way, once its header has been read.
    bulk: Option<usize>,
    /// The words of the command under way.
    partial: Vec<Span>,
}

impl Parser {
    /// Reads what `buffer` holds of complete commands into `batch`.
    ///
    /// # Errors
    /// The first breach of the protocol; the commands before it are in the batch, and
    /// nothing behind it can be read.
    pub(crate) fn parse(
        &mut self,
        buffer: &mut [u8],
        limits: Limits,
        batch: &mut Batch,
    ) -> Result<(), ProtocolError> {
        batch.put_partial(&mut self.partial);
        let result = self.run(buffer, limits, batch);
        batch.take_partial(&mut self.partial);
        result
    }

    /// Up to where the buffer is no longer needed once all commands read have run.
    pub(crate) fn needed_from(&self) -> usize {
        self.partial.first().map_or(self.at, |word| word.start)
    }

    /// How many bytes of `buffer_len` have not been parsed.
    pub(crate) fn unparsed(&self, buffer_len: usize) -> usize {
        buffer_len - self.at
    }

    /// How long the buffer must be to hold the word under way, if one is.
    pub(crate) fn wanted(&self) -> Option<usize> {
        self.bulk.map(|length| self.at + length + 2)
    }

    /// Notes that `bytes` have gone from the front of the buffer.
    pub(crate) fn discard(&mut self, bytes: usize) {
        self.at -= bytes;
        self.searched = self.searched.saturating_sub(bytes);
        shift(&mut self.partial, bytes);
    }

    fn run(
        &mut self,
        buffer: &mut [u8],
        limits: Limits,
        batch: &mut Batch,
    ) -> Result<(), ProtocolError> {
        loop {
            if self.bulk.is_none() {
                self.short_commands(buffer, limits, batch);
            }
            if self.missing == 0 {
                if batch.len() >= limits.commands {
                    return Ok(());
                }
                let complete = match buffer.get(self.at) {
                    None => return Ok(()),
                    Some(b'*') => self.multibulk_header(buffer, limits)?,
                    Some(_) => self.inline_command(buffer, batch)?,
                };
                if !complete {
                    return Ok(());
                }
                continue;
            }
            if !self.words(buffer, limits, &mut batch.spans)? {
                return Ok(());
            }
            batch.complete(self.at);
        }
    }

    /// Reads what is most of all traffic: commands of up to nine words of less than 100
    /// bytes, all there. Stops in front of anything else, an error too.
    #[inline]
    fn short_commands(&mut self, buffer: &[u8], limits: Limits, batch: &mut Batch) {
        // No header that is all there, with what follows it, has fewer bytes behind its start.
        let head = |at: usize| buffer.get(at..)?.first_chunk::<5>();
        let (mut at, mut missing) = (self.at, self.missing);
        loop {
            if missing == 0 {
                match head(at) {
                    Some([b'*', words @ b'1'..=b'9', b'\r', ..])
                        if batch.len() < limits.commands =>
                    {
                        missing = usize::from(words - b'0');
                        at += 4;
                    }
                    _ => break,
                }
            }
            let (start, length) = match head(at) {
                Some([b'$', ones @ b'0'..=b'9', b'\r', ..]) => (at + 4, usize::from(ones - b'0')),
                Some([b'$', tens @ b'1'..=b'9', ones @ b'0'..=b'9', b'\r', _]) => {
                    (at + 5, usize::from(tens - b'0') * 10 + usize::from(ones - b'0'))
                }
                _ => break,
            };
            let end = start + length;
            if end + 2 > buffer.len() || length > limits.max_bulk {
                break;
            }
            batch.spans.push(Span { start, end });
            at = end + 2;
            missing -= 1;
            if missing == 0 {
                batch.complete(at);
            }
        }
        (self.at, self.missing) = (at, missing);
    }

    /// Reads `*<words>`; false if the line is not complete.
    fn multibulk_header(&mut self, buffer: &[u8], limits: Limits) -> Result<bool, ProtocolError> {
        let Some((count, next)) = self.header(buffer, ProtocolError::BigMultibulkLine)? else {
            return Ok(false);
        };
        let count =
            count.filter(|n| *n <= i64::from(i32::MAX)).ok_or(ProtocolError::MultibulkLength)?;
        // Nothing to do, and nothing to answer, for an empty or negative count.
        let words = usize::try_from(count).unwrap_or(0);
        if limits.unauthenticated && words > UNAUTHENTICATED_WORDS {
            return Err(ProtocolError::UnauthenticatedMultibulk);
        }
        self.missing = words;
        self.at = next;
        Ok(true)
    }

    /// Reads the words of the command under way; false if there are more to come.
    fn words(
        &mut self,
        buffer: &[u8],
        limits: Limits,
        spans: &mut Vec<Span>,
    ) -> Result<bool, ProtocolError> {
        while self.missing > 0 {
            let length = match self.bulk {
                Some(length) => length,
                None => match self.bulk_header(buffer, limits)? {
                    Some(length) => length,
                    None => return Ok(false),
                },
            };
            let end = self.at + length;
            if buffer.len() < end + 2 {
                self.bulk = Some(length);
                return Ok(false);
            }
            spans.push(Span { start: self.at, end });
            self.bulk = None;
            self.missing -= 1;
            self.at = end + 2;
        }
        Ok(true)
    }

    /// Reads `$<bytes>`; `None` if the line is not complete.
    fn bulk_header(
        &mut self,
        buffer: &[u8],
        limits: Limits,
    ) -> Result<Option<usize>, ProtocolError> {
        let Some((length, next)) = self.header(buffer, ProtocolError::BigBulkLine)? else {
            return Ok(None);
        };
        match buffer[self.at] {
            b'$' => {}
            other => return Err(ProtocolError::ExpectedBulk(other)),
        }
        let length = length.and_then(|n| usize::try_from(n).ok()).filter(|n| *n <= limits.max_bulk);
        let length = length.ok_or(ProtocolError::BulkLength)?;
        if limits.unauthenticated && length > UNAUTHENTICATED_BYTES {
            return Err(ProtocolError::UnauthenticatedBulk);
        }
        self.at = next;
        Ok(Some(length))
    }

    /// Reads a marker, a number and a line's end; gives the number, if it is one, and
    /// where the next line starts. The byte behind the CR is taken for the LF, as in Redis.
    fn header(
        &mut self,
        buffer: &[u8],
        too_long: ProtocolError,
    ) -> Result<Option<(Option<i64>, usize)>, ProtocolError> {
        let from = self.searched.max(self.at);
        match memchr::memchr(b'\r', &buffer[from..]) {
            None if buffer.len() - self.at > MAX_LINE => Err(too_long),
            None => {
                self.searched = buffer.len();
                Ok(None)
            }
            Some(n) if from + n + 1 == buffer.len() => {
                self.searched = from + n;
                Ok(None)
            }
            Some(n) => {
                let number = buffer.get(self.at + 1..from + n).and_then(int::parse_i64);
                Ok(Some((number, from + n + 2)))
            }
        }
    }

    /// Reads a line of words; false if it is not complete.
    fn inline_command(
        &mut self,
        buffer: &mut [u8],
        batch: &mut Batch,
    ) -> Result<bool, ProtocolError> {
        let from = self.searched.max(self.at);
        let Some(newline) = memchr::memchr(b'\n', &buffer[from..]) else {
            if buffer.len() - self.at > MAX_LINE {
                return Err(ProtocolError::BigInline);
            }
            self.searched = buffer.len();
            return Ok(false);
        };
        let newline = from + newline;
        let end =
            if newline > self.at && buffer[newline - 1] == b'\r' { newline - 1 } else { newline };
        let before = batch.spans.len();
        inline::split(buffer, self.at, end, &mut batch.spans)
            .ok_or(ProtocolError::UnbalancedQuotes)?;
        self.at = newline + 1;
        if batch.spans.len() > before {
            batch.complete(self.at);
        }
        Ok(true)
    }
}
