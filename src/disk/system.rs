//! The files of the operating system.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::thread;

use super::{Disk, DiskFile, Lock, ReadFile};

/// Bytes from which on a file is freed by another thread.
const LARGE: u64 = 1 << 20;

/// The operating system's files.
#[derive(Debug, Clone, Copy)]
pub(crate) struct System;

/// An empty path is the folder that the process is in.
fn folder(path: &Path) -> &Path {
    if path.as_os_str().is_empty() { Path::new(".") } else { path }
}

impl Disk for System {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        // Appending, so that a write after a cut goes to the end.
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        file.set_len(0)?;
        Ok(Box::new(Created { file, path: path.into(), syncing: Arc::default() }))
    }

    fn append(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(OpenOptions::new().create(true).append(true).open(path)?))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn ReadFile>> {
        Ok(Box::new(File::open(path)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        // As long as somebody has a large file open that is replaced, it is not freed, which takes milliseconds.
        let large = |file: &File| file.metadata().is_ok_and(|about| about.len() >= LARGE);
        let old = File::open(to).ok().filter(large);
        fs::rename(from, to)?;
        if let Some(old) = old {
            // If there can be no thread, it is closed here.
            let _ = thread::Builder::new().name("danio-free".into()).spawn(|| drop(old));
        }
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        match fs::create_dir(folder(path)) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ if fs::metadata(folder(path))?.is_dir() => Ok(()),
            _ => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        // Elsewhere a folder cannot be opened, and its names need no sync.
        if cfg!(unix) { File::open(folder(path))?.sync_all() } else { Ok(()) }
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn Lock>> {
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        match file.try_lock() {
            Ok(()) => {
                // For whoever comes: what it cannot read it does without.
                let _ = file.set_len(0);
                let _ = write!(file, "{}", std::process::id());
                Ok(Box::new(file))
            }
            Err(TryLockError::WouldBlock) => {
                let mut process = String::new();
                let _ = file.take(20).read_to_string(&mut process);
                let text = format!("process {}", process.trim());
                Err(io::Error::new(io::ErrorKind::ResourceBusy, text))
            }
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn size(&self, path: &Path) -> io::Result<Option<u64>> {
        match fs::metadata(path) {
            Ok(about) => Ok(Some(about.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Closing it lets go.
impl Lock for File {}

/// A file that was made anew.
#[derive(Debug)]
struct Created {
    file: File,
    path: PathBuf,
    /// Whether a thread has what was written brought to the disk.
    syncing: Arc<AtomicBool>,
}

impl DiskFile for Created {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Write::write(&mut self.file, bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn begin_sync(&mut self) {
        if self.syncing.swap(true, Acquire) {
            return;
        }
        // Opened by itself: an error that is told here is told once more to whoever syncs the other.
        let (path, syncing) = (self.path.clone(), self.syncing.clone());
        let run = move || {
            let _ = File::open(path).and_then(|file| file.sync_data());
            syncing.store(false, Release);
        };
        if thread::Builder::new().name("danio-sync".into()).spawn(run).is_err() {
            self.syncing.store(false, Release);
        }
    }
}

impl DiskFile for File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Write::write(self, bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        self.set_len(len)
    }
}

impl ReadFile for File {
    fn len(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn seek(&mut self, to: u64) -> io::Result<()> {
        Seek::seek(self, SeekFrom::Start(to)).map(drop)
    }

    fn system(&self) -> Option<&File> {
        Some(self)
    }
}
