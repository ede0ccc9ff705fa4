//! Where requests are read to: the worker's buffer, or the connection's own while a
//! command is not complete.

use super::resp::Parser;

/// What one read asks for, and the least a connection's own buffer holds.
pub(super) const CHUNK: usize = 16 * 1024;
/// Towards what a long word needs, a connection's own buffer grows at least by this,
const STEP: usize = 1 << 20;
/// and at most to so many times what it holds: a length that is only announced costs little,
/// and one that comes true is copied little.
const GROWTH: usize = 8;
/// An own buffer below this is left alone while its connection is busy.
const KEEP: usize = 32 * 1024;

/// The bytes of commands that have not run.
#[derive(Debug, Default)]
pub(super) struct Query {
    /// How far they are parsed.
    pub(super) parser: Parser,
    /// Empty while the worker's buffer serves.
    pub(super) own: Vec<u8>,
    /// The most that `own` held since the last look.
    peak: usize,
}

impl Query {
    /// Makes room in `own` for the next read.
    pub(super) fn make_room(&mut self) {
        let (len, spare) = (self.own.len(), self.own.capacity() - self.own.len());
        let lacking = self.parser.wanted().map_or(0, |total| total.saturating_sub(len));
        if lacking > CHUNK {
            let more = lacking.min(((GROWTH - 1) * len).max(STEP));
            if spare < more {
                self.own.reserve_exact(more);
            }
        } else if spare == 0 {
            self.own.reserve(CHUNK);
        }
    }

    /// Keeps `bytes` of the worker's buffer, which a command not yet complete needs.
    pub(super) fn keep(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.own.reserve(CHUNK.max(bytes.len()));
            self.own.extend_from_slice(bytes);
            self.peak = self.peak.max(self.own.len());
        }
    }

    /// Drops `done` bytes of `own`, whose commands have run.
    pub(super) fn drop_front(&mut self, done: usize) {
        self.peak = self.peak.max(self.own.len());
        self.own.drain(..done);
        self.parser.discard(done);
    }

    /// Gives memory back: of an idle connection all that is free, else what it has not
    /// used since the last look.
    pub(super) fn shrink(&mut self, idle: bool) {
        let capacity = self.own.capacity();
        if idle {
            self.own.shrink_to_fit();
        } else if capacity > KEEP && capacity / 2 > self.peak && self.parser.wanted().is_none() {
            self.own.shrink_to(self.peak.max(CHUNK));
        }
        self.peak = self.own.len();
    }

    /// Bytes in `own`, and room for more.
    pub(super) fn sizes(&self) -> (usize, usize) {
        (self.own.len(), self.own.capacity() - self.own.len())
    }
}
