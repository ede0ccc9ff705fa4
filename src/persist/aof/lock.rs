//! One engine at a time writes the files.
//!
//! Two that do would each cut off and write behind what the other writes. So whoever is to read or write them holds a lock
//! on a file beside them, `appendonly.aof.lock`, from before they are read until they are closed; the system ends
//! it with the process, however that ends. The file stays: to remove it would take the lock from who has just opened it.
//! Redis, Valkey and their tools pass it over. A disk without locks guards nothing, which the log says.

use std::io;

use super::{Aof, Folder};
use crate::error::words_of;

impl Aof {
    /// Keeps the files from other engines, of this process and of others, until they are [left](Aof::unlock).
    ///
    /// # Errors
    /// `ResourceBusy` if another has them; and if the folder cannot be made.
    pub(crate) fn lock(&self) -> io::Result<()> {
        let folder = self.folder();
        let path = folder.path.join(format!("{}.lock", folder.filename));
        let mut held = self.lock.lock();
        if held.as_ref().is_some_and(|(of, _)| *of == path) {
            return Ok(());
        }
        folder.disk.create_dir(&folder.path).inspect_err(|error| cannot_be_made(&folder, error))?;
        match folder.disk.lock(&path) {
            Ok(lock) => *held = Some((path, lock)),
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {
                let error = in_use(&folder, &error);
                tracing::warn!("{error}");
                return Err(error);
            }
            Err(error) => tracing::warn!(
                "Nothing keeps other processes from the append only file: {} cannot be locked: {error}",
                path.display()
            ),
        }
        Ok(())
    }

    /// Makes sure, before somebody is told that files are being made, that they can be, and that nobody else writes them.
    ///
    /// # Errors
    /// Why they cannot be; what the folder holds is as before.
    pub(super) fn check_folder(&self) -> io::Result<()> {
        // Whoever is alone has found out.
        let Some(_alone) = self.alone.try_lock() else { return Ok(()) };
        let folder = self.folder();
        if !self.is_on() {
            self.lock()?;
        }
        let beside = folder.path.join(self.files.temporary("temp-rewriteaof-bg", "aof"));
        let made = folder.make().and_then(|()| folder.disk.create(&beside).map(drop));
        let made = made.and_then(|()| folder.disk.remove(&beside));
        if !self.is_on() {
            self.unlock();
        }
        made.inspect_err(|error| cannot_be_made(&folder, error))
    }

    /// Leaves the files to whoever comes.
    pub(crate) fn unlock(&self) {
        *self.lock.lock() = None;
    }
}

fn cannot_be_made(folder: &Folder, error: &io::Error) {
    let (path, words) = (folder.path.display(), words_of(error));
    tracing::warn!("Can't open or create append-only dir {path}: {words}");
}

/// The error for files that somebody else has.
fn in_use(folder: &Folder, holder: &io::Error) -> io::Error {
    let path = folder.path.display();
    let text = format!("the append-only file in {path} is in use by another engine ({holder})");
    io::Error::new(io::ErrorKind::ResourceBusy, text)
}
