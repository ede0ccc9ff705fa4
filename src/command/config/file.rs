//! The configuration file, replaced as a whole.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::Parameters;

impl Parameters {
    /// Brings a configuration file up to date (`CONFIG REWRITE`). A reader, or a server that starts after a crash, finds
    /// the old text or the new one.
    ///
    /// # Errors
    /// What the system says; the file is as it was then.
    pub(in crate::command) fn rewrite_file(&self, path: &Path) -> io::Result<()> {
        // A link stays one: what it leads to is replaced.
        let path = fs::canonicalize(path).unwrap_or(path.to_path_buf());
        let old = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            read => read?,
        };
        let beside = beside(&path);
        put_in_place(&path, &beside, &self.rewrite(&old)).inspect_err(|_| {
            // That it cannot be removed either changes nothing: nobody reads it.
            let _ = fs::remove_file(&beside);
        })
    }
}

fn put_in_place(path: &Path, beside: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(beside)?;
    if let Ok(about) = fs::metadata(path) {
        // It may hold a password: who could not read it cannot read the new one.
        file.set_permissions(about.permissions())?;
    }
    file.write_all(text)?;
    file.sync_all()?;
    drop(file);
    fs::rename(beside, path)?;
    match path.parent().filter(|_| cfg!(unix)) {
        Some(folder) if folder.as_os_str().is_empty() => File::open(".")?.sync_all(),
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}-rewrite", std::process::id()));
    name.into()
}
