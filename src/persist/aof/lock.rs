//! One engine at a time writes the files.
//!
//! Two that do would each cut off and write behind what the other writes. So whoever is to read or write them holds a lock
//! on a file beside them, `appendonly.aof.lock`, from before they are read until they are closed; the system ends
//! it with the process, however that ends. The file stays: to remove it would take the lock from who has just opened it.
//! Redis, Valkey and their tools pass it over. A disk without locks guards nothing, which the log says.

use std::io;

use super::{Aof, Folder};

impl Aof {
    /// Keeps the files from other engines, of this process and of others, until they are [left](Aof::unlock).
    ///
    /// # Errors
    /// `ResourceBusy` if another has them.
    pub(crate) fn lock(&self) -> io::Result<()> {
        let folder = self.folder();
        let path = folder.path.join(format!("{}.lock", folder.filename));
        let mut held = self.lock.lock();
        if held.as_ref().is_some_and(|(of, _)| *of == path) {
            return Ok(());
        }
        // If it cannot be made, whoever needs it says so.
        let _ = folder.disk.create_dir(&folder.path);
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

    /// Leaves the files to whoever comes.
    pub(crate) fn unlock(&self) {
        *self.lock.lock() = None;
    }
}

/// The error for files that somebody else has.
fn in_use(folder: &Folder, holder: &io::Error) -> io::Error {
    let path = folder.path.display();
    let text = format!("the append-only file in {path} is in use by another engine ({holder})");
    io::Error::new(io::ErrorKind::ResourceBusy, text)
}
