//! What is told of the append-only file (`INFO persistence`).

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64};

/// Counts and states that anybody may look at.
#[derive(Debug)]
pub(crate) struct Status {
    /// Bytes of all files.
    pub(crate) size: AtomicU64,
    /// Bytes of all files when they were rewritten last, or the base's.
    pub(crate) base_size: AtomicU64,
    /// A rewrite is to begin when what runs now has ended.
    pub(crate) scheduled: AtomicBool,
    /// Seconds that the last rewrite took, and, in microseconds since 1970, when the present one began; -1 for none.
    pub(crate) last_rewrite_seconds: AtomicI64,
    pub(crate) rewrite_began: AtomicI64,
    pub(crate) last_rewrite_ok: AtomicBool,
    pub(crate) rewrites: AtomicU64,
    pub(crate) failed_in_a_row: AtomicU64,
    /// How often a write had to wait for a sync.
    pub(crate) delayed: AtomicU64,
}

impl Default for Status {
    fn default() -> Status {
        Status {
            size: AtomicU64::new(0),
            base_size: AtomicU64::new(0),
            scheduled: AtomicBool::new(false),
            last_rewrite_seconds: AtomicI64::new(-1),
            rewrite_began: AtomicI64::new(-1),
            last_rewrite_ok: AtomicBool::new(true),
            rewrites: AtomicU64::new(0),
            failed_in_a_row: AtomicU64::new(0),
            delayed: AtomicU64::new(0),
        }
    }
}
