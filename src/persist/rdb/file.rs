//! Snapshots in files: written beside, synced, renamed; and read.

use std::io::Write;
use std::path::Path;

use super::export::{Style, export, export_still};
use crate::disk::{self, Disk};
use crate::keyspace::{Keyspace, Still};
use crate::persist::{Failure, Makers, Progress, Written};

/// Bytes after which a file is synced while it is being written, so that the end does not have to wait for all
/// of it, and others not for the disk.
const SYNC_EVERY: u64 = 64 << 20;

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
    makers: Makers,
    at_cut: &mut dyn FnMut(),
    progress: &Progress,
) -> Result<Written, Failure> {
    place.fill(|writer| export(keyspace, writer, style, makers, at_cut, progress))
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
