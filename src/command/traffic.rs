//! What a connection reads and writes, and what waits in its buffers.

use std::ops::{Add, Sub};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

/// What the network layer counts for one connection. One thread alone writes it.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    pub(super) received: AtomicU64,
    pub(super) sent: AtomicU64,
    reads: AtomicU64,
    writes: AtomicU64,
    pub(super) query_used: AtomicUsize,
    pub(super) query_free: AtomicUsize,
    pub(super) output: AtomicUsize,
}

/// Counts of bytes, and of how often they were read and written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Net {
    pub(super) received: u64,
    pub(super) sent: u64,
    pub(super) reads: u64,
    pub(super) writes: u64,
}

impl Traffic {
    /// Notes `received` bytes, and what the query buffer holds and has room for.
    #[cfg(feature = "network")]
    #[inline]
    pub(super) fn on_read(&self, received: usize, used: usize, free: usize) {
        bump(&self.received, received as u64);
        bump(&self.reads, 1);
        self.query_used.store(used, Relaxed);
        self.query_free.store(free, Relaxed);
    }

    /// Notes `sent` bytes, and how many more wait.
    #[cfg(feature = "network")]
    #[inline]
    pub(super) fn on_write(&self, sent: usize, waiting: usize) {
        bump(&self.sent, sent as u64);
        bump(&self.writes, 1);
        self.output.store(waiting, Relaxed);
    }

    pub(super) fn net(&self) -> Net {
        Net {
            received: self.received.load(Relaxed),
            sent: self.sent.load(Relaxed),
            reads: self.reads.load(Relaxed),
            writes: self.writes.load(Relaxed),
        }
    }
}

impl Add for Net {
    type Output = Net;

    fn add(self, other: Net) -> Net {
        Net {
            received: self.received + other.received,
            sent: self.sent + other.sent,
            reads: self.reads + other.reads,
            writes: self.writes + other.writes,
        }
    }
}

impl Sub for Net {
    type Output = Net;

    /// What has come since `other`; a connection that just left may not be counted for a moment.
    fn sub(self, other: Net) -> Net {
        Net {
            received: self.received.saturating_sub(other.received),
            sent: self.sent.saturating_sub(other.sent),
            reads: self.reads.saturating_sub(other.reads),
            writes: self.writes.saturating_sub(other.writes),
        }
    }
}

/// Adds to a counter that one thread alone writes: no read-modify-write is needed.
#[inline]
pub(super) fn bump(counter: &AtomicU64, by: u64) {
    counter.store(counter.load(Relaxed).wrapping_add(by), Relaxed);
}
