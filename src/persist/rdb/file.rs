//! Snapshots in files: written beside, synced, renamed; and read.

use std::io::{self, Write};
use std::path::Path;
use std::sync::mpsc;

use super::export::{Style, export_still, sealed, unsealed};
use crate::disk::{self, Disk};
use crate::keyspace::{Keyspace, Still};
use crate::persist::{Failure, Progress, Written};

/// Bytes after which a file is synced while it is being written, so that the end does not have to wait for all
/// of it, and others not for the disk.
const SYNC_EVERY: u64 = 64 << 20;
/// Bytes that one thread hands to the other at a time, and how often before it waits.
const PIECE: usize = 1 << 20;
const PIECES: usize = 4;

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
    at_cut: &mut (dyn FnMut() + Send),
    progress: &Progress,
) -> Result<Written, Failure> {
    place.fill(|writer| {
        // The sum is made by who writes, which has more time.
        sealed(writer, style, |writer| {
            piped(writer, |pipe| unsealed(keyspace, pipe, style, at_cut, progress))
        })
    })
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

/// Has one thread write what another makes, so that neither waits for the other's work.
fn piped<T: Send>(
    writer: &mut dyn Write,
    make: impl FnOnce(&mut dyn Write) -> Result<T, Failure> + Send,
) -> Result<T, Failure> {
    let (give, take) = mpsc::sync_channel::<Vec<u8>>(PIECES);
    std::thread::scope(|scope| {
        let run = move || {
            let mut pipe = Pipe { give, buffer: Vec::with_capacity(PIECE) };
            let made = make(&mut pipe)?;
            pipe.flush()?;
            Ok(made)
        };
        let maker = std::thread::Builder::new().name("danio-export".into());
        let maker = maker.spawn_scoped(scope, run)?;
        // When this ends before all has come, whoever makes it is told so.
        let written = take.into_iter().try_for_each(|piece| writer.write_all(&piece));
        let made = maker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        written.map_err(Failure::Io).and(made)
    })
}

/// The end of a pipe into which is written.
struct Pipe {
    give: mpsc::SyncSender<Vec<u8>>,
    buffer: Vec<u8>,
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let piece = std::mem::replace(&mut self.buffer, Vec::with_capacity(PIECE));
        self.give.send(piece).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}
