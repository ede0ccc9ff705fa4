//! How far something is that writes all keys, and how to end it.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// How far a snapshot is, for those who look on or want it to end.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// Keys written so far, and those that there are to write.
    pub(crate) keys: AtomicU64,
    pub(crate) total: AtomicU64,
    /// Nobody wants it any more.
    pub(crate) cancelled: AtomicBool,
    /// `rdb-key-save-delay`: microseconds to sleep for each key, for tests; if negative, one for so many keys.
    pub(crate) delay: AtomicI64,
}

impl Progress {
    /// Begins anew.
    pub(crate) fn begin(&self, total: u64) {
        self.keys.store(0, Relaxed);
        self.total.store(total, Relaxed);
    }

    /// So many more keys were written. Whoever calls this holds no lock.
    pub(crate) fn wrote(&self, keys: u64) {
        let before = self.keys.fetch_add(keys, Relaxed);
        let delay = self.delay.load(Relaxed);
        let micros = match delay {
            0 => return,
            1.. => delay.unsigned_abs().saturating_mul(keys),
            _ => {
                let every = delay.unsigned_abs();
                (before + keys) / every - before / every
            }
        };
        // Not longer than somebody may want it to end, or to be as slow as that.
        let mut left = Duration::from_micros(micros);
        while !left.is_zero() && !self.cancelled.load(Relaxed) && self.delay.load(Relaxed) == delay
        {
            let nap = left.min(Duration::from_millis(10));
            std::thread::sleep(nap);
            left -= nap;
        }
    }
}
