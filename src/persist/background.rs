//! What writes all keys in the background. One thing does at a time, as in Redis: the other is begun when that has ended.

use std::sync::atomic::{
    AtomicBool,
    Ordering::{Acquire, SeqCst},
};

/// What is under way, for those who would begin something.
#[derive(Debug, Default)]
pub(crate) struct Background {
    saving: AtomicBool,
    #[cfg(feature = "aof")]
    rewriting: AtomicBool,
}

impl Background {
    /// Whether a snapshot is saved.
    #[cfg_attr(not(feature = "aof"), expect(dead_code, reason = "only rewrites make way for it"))]
    pub(crate) fn is_saving(&self) -> bool {
        self.saving.load(Acquire)
    }

    pub(crate) fn set_saving(&self, yes: bool) {
        self.saving.store(yes, SeqCst);
    }

    /// Whether the append-only file is rewritten.
    pub(crate) fn is_rewriting(&self) -> bool {
        #[cfg(feature = "aof")]
        return self.rewriting.load(Acquire);
        #[cfg(not(feature = "aof"))]
        false
    }

    /// Returns whether it was before.
    #[cfg(feature = "aof")]
    pub(crate) fn set_rewriting(&self, yes: bool) -> bool {
        self.rewriting.swap(yes, SeqCst)
    }
}
