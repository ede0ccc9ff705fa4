//! Loading: while a server reads its files, most commands are answered that it does.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};

use crate::command::attention::{Attention, Cause};

/// Whether data are being loaded, and how far that is.
#[derive(Debug)]
pub struct Loading {
    /// Whether data are being loaded.
    attention: Arc<Attention>,
    /// Seconds since 1970.
    started: AtomicI64,
    total: AtomicU64,
    loaded: AtomicU64,
    used_memory: AtomicU64,
}

/// What INFO tells of it.
#[derive(Debug, Clone, Copy)]
pub(in crate::command) struct Told {
    pub(in crate::command) started: i64,
    pub(in crate::command) total: u64,
    pub(in crate::command) loaded: u64,
    pub(in crate::command) used_memory: u64,
}

impl Loading {
    pub(in crate::command) fn new(attention: Arc<Attention>) -> Loading {
        Loading {
            attention,
            started: AtomicI64::new(0),
            total: AtomicU64::new(0),
            loaded: AtomicU64::new(0),
            used_memory: AtomicU64::new(0),
        }
    }

    /// From now on, and until it [ends](Loading::end), commands are answered `LOADING` that do not say that they
    /// may run meanwhile.
    pub fn begin(&self, seconds: i64) {
        self.started.store(seconds, Relaxed);
        self.total.store(0, Relaxed);
        self.loaded.store(0, Relaxed);
        self.attention.set(Cause::Loading, true);
    }

    /// Says how many bytes there are, and how many were read.
    pub fn set_progress(&self, loaded: u64, total: u64) {
        self.loaded.store(loaded, Relaxed);
        self.total.store(total, Relaxed);
    }

    /// What the memory in use was when what is loaded was saved, as that says.
    pub fn set_used_memory(&self, bytes: u64) {
        self.used_memory.store(bytes, Relaxed);
    }

    /// All is there.
    pub fn end(&self) {
        self.attention.set(Cause::Loading, false);
    }

    /// Whether data are being loaded.
    #[inline]
    pub fn is_on(&self) -> bool {
        self.attention.holds(Cause::Loading)
    }

    pub(in crate::command) fn told(&self) -> Told {
        Told {
            started: self.started.load(Relaxed),
            total: self.total.load(Relaxed),
            loaded: self.loaded.load(Relaxed),
            used_memory: self.used_memory.load(Relaxed),
        }
    }
}
