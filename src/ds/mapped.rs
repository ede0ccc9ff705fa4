//! Files that are mapped into memory, to be read.
//!
//! Whoever maps a file relies on nobody cutting it off meanwhile: Danio replaces its files and never
//! shortens them. Should another program do so, the system ends the process where it reads what is not
//! there any more.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;

use memmap2::Mmap;

/// The bytes of a file, without a copy of them.
#[derive(Debug)]
pub(crate) struct Mapped(Mmap);

impl Mapped {
    /// Maps all of a file.
    pub(crate) fn new(file: &File) -> io::Result<Mapped> {
        // SAFETY: the file is one that is replaced and not changed, as the module's documentation says; what
        // is read of it is never trusted, whatever it turns out to be.
        let map = unsafe { Mmap::map(file)? };
        // That it cannot be told makes it slower and nothing else.
        #[cfg(unix)]
        let _ = map.advise(memmap2::Advice::Sequential);
        Ok(Mapped(map))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}
