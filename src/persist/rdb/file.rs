//! Snapshots in files: written beside, synced, renamed; and read.

use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use super::export::{Failure, Style, Written, export, export_still};
use crate::disk::{self, Disk};
use crate::keyspace::{Keyspace, Still};

/// Bytes after which a file is synced while it is being written, so that the end does not have to wait for all
/// of it, and others not for the disk.
const SYNC_EVERY: u64 = 4 << 20;

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
        // Not longer than somebody may want it to end.
        let mut left = Duration::from_micros(micros);
        while !left.is_zero() && !self.cancelled.load(Relaxed) {
            let nap = left.min(Duration::from_millis(10));
            std::thread::sleep(nap);
            left -= nap;
        }
    }
}

/// Where a snapshot is put.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'p> {
    pub(crate) disk: &'p dyn Disk,
    pub(crate) path: &'p Path,
    /// The name it has until it is whole, in the same folder.
    pub(crate) beside: &'p Path,
    /// `rdb-save-incremental-fsync`.
    pub(crate) sync_often: bool,
}

impl Place<'_> {
    fn fill<T>(
        self,
        fill: impl FnOnce(&mut dyn Write) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let every = self.sync_often.then_some(SYNC_EVERY);
        disk::replace_syncing(self.disk, self.path, self.beside, every, fill)
    }
}

/// Saves all keys as they are at the moment of the call, while others go on. `at_cut` is called at that moment,
/// under all locks.
pub(crate) fn save(
    keyspace: &Keyspace,
    place: Place<'_>,
    style: Style,
    at_cut: &mut dyn FnMut(),
    progress: &Progress,
) -> Result<Written, Failure> {
    place.fill(|writer| export(keyspace, writer, style, at_cut, progress))
}

/// Saves all keys while nothing moves.
pub(crate) fn save_still(
    still: &Still<'_>,
    place: Place<'_>,
    style: Style,
    progress: &Progress,
) -> Result<Written, Failure> {
    place.fill(|writer| export_still(still, writer, style, progress))
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::Io(error)
    }
}
