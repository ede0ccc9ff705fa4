//! A folder of a test's own.

// Each test that includes this file uses a part of it.
#![allow(dead_code, reason = "shared by tests")]

use std::ops::Deref;
use std::path::{Path, PathBuf};

/// An empty folder, which is removed with all that is in it when it is dropped.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// Makes one, whose name tells what it is for.
    pub(crate) fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("danio-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("a folder");
        Folder(std::fs::canonicalize(path).expect("it was made"))
    }

    /// Its path, as a server's option has it.
    pub(crate) fn text(&self) -> &str {
        self.to_str().expect("text")
    }

    /// The path of something in it, likewise.
    pub(crate) fn at(&self, name: &str) -> String {
        self.join(name).to_str().expect("text").to_owned()
    }
}

impl Deref for Folder {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl AsRef<Path> for Folder {
    fn as_ref(&self) -> &Path {
        self
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
