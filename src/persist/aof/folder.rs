//! The folder of the append-only file: names, the manifest in it, and what is of no more use.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::manifest::{Malformed, Manifest, Part};
use crate::disk::{Disk, Files, put_in_place};

/// The longest manifest that is read.
const LONGEST_MANIFEST: u64 = 1 << 20;

/// Where the files of an append-only file are.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    pub(crate) disk: Arc<dyn Disk>,
    /// `dir`.
    pub(crate) above: PathBuf,
    pub(crate) path: PathBuf,
    /// How all names begin.
    pub(crate) filename: String,
}

/// Why there is no manifest to go by.
#[derive(Debug)]
pub(crate) enum Unreadable {
    Malformed(Malformed),
    Io(io::Error),
}

impl Folder {
    pub(crate) fn new(files: &Files, dirname: &str, filename: &str) -> Folder {
        let above = files.dir();
        let path = above.join(dirname);
        Folder { disk: files.disk.clone(), above, path, filename: filename.into() }
    }

    pub(crate) fn file(&self, part: &Part) -> PathBuf {
        self.path.join(&part.name)
    }

    fn manifest_path(&self) -> PathBuf {
        self.path.join(format!("{}.manifest", self.filename))
    }

    /// The manifest; an empty one if there is none.
    ///
    /// # Errors
    /// Why there is one that cannot be used.
    pub(crate) fn manifest(&self) -> Result<Manifest, Unreadable> {
        match read(&*self.disk, &self.manifest_path(), LONGEST_MANIFEST) {
            Ok(bytes) => Manifest::parse(&bytes).map_err(Unreadable::Malformed),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Manifest::default()),
            Err(error) => Err(Unreadable::Io(error)),
        }
    }

    /// Puts a manifest in the place of the one that is there. It is safe when the folder has been [synced](Folder::sync).
    ///
    /// # Errors
    /// If that fails; the old one is there then.
    pub(crate) fn put_manifest(&self, manifest: &Manifest) -> io::Result<()> {
        let path = self.manifest_path();
        let beside = self.path.join(format!("temp-{}.manifest", self.filename));
        put_in_place(&*self.disk, &path, &beside, None, |to| to.write_all(&manifest.spell()))
    }

    /// Gives the folder a name under which nobody looks for it, and says which.
    ///
    /// # Errors
    /// If that fails; it is where it was then.
    pub(crate) fn set_aside(&self) -> io::Result<PathBuf> {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut number = 1;
        loop {
            let aside = self.above.join(format!("{name}.unreadable-{number}"));
            if self.disk.size(&aside)?.is_none() {
                self.disk.rename(&self.path, &aside)?;
                self.disk.sync_dir(&self.above)?;
                return Ok(aside);
            }
            number += 1;
        }
    }

    /// Makes the folder, and its name safe.
    pub(crate) fn make(&self) -> io::Result<()> {
        self.disk.create_dir(&self.path)?;
        self.disk.sync_dir(&self.above)
    }

    /// Makes the names in the folder safe.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.disk.sync_dir(&self.path)
    }

    /// Removes files of no more use, and has the manifest forget them. What cannot be removed now is another time.
    pub(crate) fn clean(&self, manifest: &mut Manifest) {
        let before = manifest.history.len();
        manifest.history.retain(|part| {
            tracing::info!("Removing the history file {} in the background", part.name);
            match self.disk.remove(&self.file(part)) {
                Ok(()) => false,
                Err(error) => error.kind() != io::ErrorKind::NotFound,
            }
        });
        if manifest.history.len() != before
            && let Err(error) = self.put_manifest(manifest).and_then(|()| self.sync())
        {
            // It names files that are not there, and are not looked for.
            tracing::warn!("The AOF manifest still names files that were removed: {error}");
        }
    }
}

/// Reads a file, up to a limit.
fn read(disk: &dyn Disk, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let file = disk.open(path)?;
    if file.len()? > limit {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let mut bytes = Vec::new();
    file.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}
