//! What can be said about the append-only file.

use std::sync::atomic::{
    AtomicBool, AtomicU8, AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};

use crate::config::{AofConfig, AppendFsync};

/// The settings of an engine's append-only file, most of which may change while it is written.
#[derive(Debug)]
pub(crate) struct Settings {
    /// `appendfilename`, the beginning of all names.
    pub(crate) filename: String,
    /// `appenddirname`, below `dir`.
    pub(crate) dirname: String,
    fsync: AtomicU8,
    /// `no-appendfsync-on-rewrite`.
    pub(crate) no_sync_on_rewrite: AtomicBool,
    /// `auto-aof-rewrite-percentage`; 0 is never.
    pub(crate) rewrite_percentage: AtomicU64,
    /// `auto-aof-rewrite-min-size`, in bytes.
    pub(crate) rewrite_min_size: AtomicU64,
    /// `aof-disable-auto-gc`: whether files of no more use are kept, for tests.
    pub(crate) keep_history: AtomicBool,
    /// `DEBUG AOF-FLUSH-SLEEP`: microseconds to sleep before each write, for tests.
    pub(crate) flush_sleep: AtomicU64,
    /// `aof-use-rdb-preamble`.
    pub(crate) rdb_base: AtomicBool,
    /// `aof-load-truncated`.
    pub(crate) load_truncated: AtomicBool,
    /// `aof-fallback-to-rdb`.
    pub(crate) fallback: AtomicBool,
}

impl Settings {
    pub(super) fn new(config: &AofConfig) -> Settings {
        Settings {
            filename: config.filename.clone(),
            dirname: config.dirname.clone(),
            fsync: AtomicU8::new(config.fsync as u8),
            no_sync_on_rewrite: AtomicBool::new(config.no_sync_on_rewrite),
            rewrite_percentage: AtomicU64::new(config.rewrite_percentage.into()),
            rewrite_min_size: AtomicU64::new(config.rewrite_min_size),
            keep_history: AtomicBool::new(false),
            flush_sleep: AtomicU64::new(0),
            rdb_base: AtomicBool::new(config.rdb_base),
            load_truncated: AtomicBool::new(config.load_truncated),
            fallback: AtomicBool::new(config.fallback),
        }
    }

    /// `appendfsync`.
    #[inline]
    pub(crate) fn fsync(&self) -> AppendFsync {
        AppendFsync::of(self.fsync.load(Acquire))
    }

    pub(crate) fn set_fsync(&self, fsync: AppendFsync) {
        self.fsync.store(fsync as u8, Release);
    }

    pub(crate) fn is_rdb_base(&self) -> bool {
        self.rdb_base.load(Relaxed)
    }
}
