//! The engine's one way to files.
//!
//! Whatever is kept outside memory goes through a [`Disk`]: the system's, or in tests one that is simulated
//! (`simulated.rs`), which fails when it is told to and shows what is left after a crash. Nothing else in the crate writes
//! files that data are kept in.
//!
//! What is promised is what POSIX promises: bytes are safe once [`DiskFile::sync`] has returned, names once
//! [`Disk::sync_dir`] has; before that a crash may leave any of them, or none.

#[cfg(any(test, shuttle))]
#[cfg_attr(not(test), expect(dead_code, reason = "the model checker's tests need less"))]
pub(crate) mod simulated;
mod system;
#[cfg(test)]
mod tests;

use std::fmt::Debug;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

pub(crate) use system::System;

use crate::sync::RwLock;

/// Where files are.
pub(crate) trait Disk: Debug + Send + Sync {
    /// Makes an empty file, in the place of one that is there.
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;
    /// Opens a file to write behind what it holds; makes it if there is none.
    fn append(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;
    /// Opens a file to read it from its beginning.
    fn open(&self, path: &Path) -> io::Result<Box<dyn ReadFile>>;
    /// Gives a file another name, in the place of one that has it.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes a folder, unless it is there.
    fn create_dir(&self, path: &Path) -> io::Result<()>;
    /// Makes the names in a folder safe.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;
    /// Keeps others, of this process and of any other, from locking the same file until what is returned is dropped or
    /// the process ends. Makes the file.
    ///
    /// # Errors
    /// `ResourceBusy`, with words that say who has it; any other error if there are no locks to be had.
    fn lock(&self, path: &Path) -> io::Result<Box<dyn Lock>>;
    /// How long a file is; nothing if there is none.
    fn size(&self, path: &Path) -> io::Result<Option<u64>>;
}

/// A lock that is held.
pub(crate) trait Lock: Debug + Send {}

/// A file that is written at its end.
pub(crate) trait DiskFile: Debug + Send {
    /// Writes some of these bytes at the end; returns how many, none only if there are none.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;
    /// Makes what was written safe.
    fn sync(&mut self) -> io::Result<()>;
    /// Hints that what was written will be synced, for the disk to begin. It promises nothing, and waits for nothing.
    fn begin_sync(&mut self) {}
    /// Cuts the file off; what is written next goes there.
    fn truncate(&mut self, len: u64) -> io::Result<()>;
}

/// A file that is read.
pub(crate) trait ReadFile: Read + Debug + Send {
    /// How long it is.
    fn len(&self) -> io::Result<u64>;
    /// Reads on from here.
    fn seek(&mut self, to: u64) -> io::Result<()>;
    /// The system's file, if it is one.
    fn system(&self) -> Option<&std::fs::File>;
}

/// Writes all of these bytes, and says how many it were if that fails.
pub(crate) fn write_all(file: &mut dyn DiskFile, bytes: &[u8]) -> Result<(), (usize, io::Error)> {
    let mut done = 0;
    while done < bytes.len() {
        match file.write(&bytes[done..]) {
            Ok(0) => return Err((done, io::ErrorKind::WriteZero.into())),
            Ok(n) => done += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err((done, error)),
        }
    }
    Ok(())
}

/// Bytes after which the disk is told to begin, where a file is synced before its end.
const BEGIN_EVERY: u64 = 16 << 20;

/// A file as a [`Write`], for who writes it once from its beginning to its end.
#[derive(Debug)]
struct Writing {
    file: Box<dyn DiskFile>,
    /// After how many bytes it is synced, if it is before its end.
    every: Option<u64>,
    unsynced: u64,
    /// Bytes that the disk was not told to begin with.
    unbegun: u64,
}

impl Write for Writing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.unsynced += written as u64;
        if self.every.is_some_and(|every| self.unsynced >= every) {
            self.file.sync()?;
            (self.unsynced, self.unbegun) = (0, 0);
        }
        self.unbegun += written as u64;
        if self.every.is_some() && self.unbegun >= BEGIN_EVERY {
            self.file.begin_sync();
            self.unbegun = 0;
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Puts a file in the place of another, whole or not at all: `fill` writes it beside, under the name `beside` in the
/// same folder; then it is synced and renamed, and the folder synced. If anything fails, what was there is there
/// as it was, and nothing lies beside it, as far as the disk lets it be removed. Should only the folder's sync fail,
/// the new one is in place, and a crash may yet bring back the old one.
#[cfg_attr(not(test), expect(dead_code, reason = "the simplest form, which the others refer to"))]
pub(crate) fn replace<T, E: From<io::Error>>(
    disk: &dyn Disk,
    path: &Path,
    beside: &Path,
    fill: impl FnOnce(&mut dyn Write) -> Result<T, E>,
) -> Result<T, E> {
    replace_syncing(disk, path, beside, None, fill)
}

/// As [`replace`], and the file is synced after so many bytes each, while it is being written: what is left to
/// do at its end is little.
pub(crate) fn replace_syncing<T, E: From<io::Error>>(
    disk: &dyn Disk,
    path: &Path,
    beside: &Path,
    every: Option<u64>,
    fill: impl FnOnce(&mut dyn Write) -> Result<T, E>,
) -> Result<T, E> {
    let result = put_in_place(disk, path, beside, every, fill)?;
    disk.sync_dir(path.parent().unwrap_or(Path::new("")))?;
    Ok(result)
}

/// As [`replace_syncing`], but for the folder's sync: until that is done, a crash may bring back what was there.
pub(crate) fn put_in_place<T, E: From<io::Error>>(
    disk: &dyn Disk,
    path: &Path,
    beside: &Path,
    every: Option<u64>,
    fill: impl FnOnce(&mut dyn Write) -> Result<T, E>,
) -> Result<T, E> {
    let write = || -> Result<T, E> {
        let mut writing = Writing { file: disk.create(beside)?, every, unsynced: 0, unbegun: 0 };
        let result = fill(&mut writing)?;
        writing.file.sync()?;
        drop(writing);
        disk.rename(beside, path)?;
        Ok(result)
    };
    write().inspect_err(|_| {
        // That it cannot be removed either changes nothing: nobody reads it.
        let _ = disk.remove(beside);
    })
}

/// Where an engine keeps its files.
#[derive(Debug)]
pub(crate) struct Files {
    pub(crate) disk: Arc<dyn Disk>,
    /// `dir`; empty is the folder that the process is in.
    dir: RwLock<PathBuf>,
    /// Which engine's they are, among all of this process.
    number: u64,
}

static ENGINES: AtomicU64 = AtomicU64::new(1);

impl Files {
    pub(crate) fn new(disk: Arc<dyn Disk>, dir: Option<PathBuf>) -> Files {
        let number = ENGINES.fetch_add(1, Relaxed);
        Files { disk, dir: RwLock::new(dir.unwrap_or_default()), number }
    }

    /// The name of a file that is not whole yet, which no other engine of this process uses: as Redis calls it, if there is only
    /// one.
    pub(crate) fn temporary(&self, begin: &str, end: &str) -> String {
        let process = std::process::id();
        match self.number {
            1 => format!("{begin}-{process}.{end}"),
            number => format!("{begin}-{process}-{number}.{end}"),
        }
    }

    /// The folder.
    pub(crate) fn dir(&self) -> PathBuf {
        self.dir.read().clone()
    }

    /// Has files kept in another folder from now on.
    pub(crate) fn set_dir(&self, dir: PathBuf) {
        *self.dir.write() = dir;
    }
}

/// The system's disk, for whoever is not told otherwise.
pub(crate) fn system() -> Arc<dyn Disk> {
    Arc::new(System)
}
