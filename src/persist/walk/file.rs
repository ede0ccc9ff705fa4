//! The file that comes of a walk, put together from keys as they are made.

use std::io::Write;

use super::{Failure, Form, PIECE, Records, Taking, Written};
use crate::keyspace::{CutSize, Keyspace};

/// A file as it is written.
pub(super) struct File<'w, F> {
    form: &'w F,
    writer: &'w mut dyn Write,
    buffer: Vec<u8>,
    /// The database that keys belong to.
    selected: Option<u32>,
    /// Whether a database's size was told.
    begun: Vec<bool>,
    sizes: Vec<CutSize>,
    written: Written,
}

impl<'w, F: Form> File<'w, F> {
    /// A file with what stands before all keys.
    pub(super) fn begin(
        keyspace: &Keyspace,
        form: &'w F,
        writer: &'w mut dyn Write,
        sizes: Vec<CutSize>,
    ) -> File<'w, F> {
        let mut file = File {
            form,
            writer,
            buffer: Vec::new(),
            selected: None,
            begun: vec![false; sizes.len()],
            sizes,
            written: Written::default(),
        };
        form.begin(keyspace, &mut file.buffer);
        file
    }

    /// How many keys it is to have.
    pub(super) fn keys(&self) -> u64 {
        self.sizes.iter().map(|size| size.keys as u64).sum()
    }

    /// Adds keys of a database, and leaves none of them there.
    pub(super) fn add(&mut self, db: u32, records: &mut Records) -> Result<(), Failure> {
        if records.keys == 0 {
            return Ok(());
        }
        if self.selected != Some(db) {
            self.selected = Some(db);
            let first = !std::mem::replace(&mut self.begun[db as usize], true);
            let size = first.then(|| self.sizes[db as usize]);
            self.form.select(db, size, &mut self.buffer);
        }
        self.written.keys += std::mem::take(&mut records.keys);
        if records.bytes.len() > PIECE {
            self.flush()?;
            self.give(&records.bytes)?;
            records.bytes.clear();
            return Ok(());
        }
        self.buffer.append(&mut records.bytes);
        if self.buffer.len() > PIECE { self.flush() } else { Ok(()) }
    }

    /// Adds what was left before the walk came by.
    pub(super) fn add_left(&mut self, taking: &Taking<F>) -> Result<(), Failure> {
        for db in 0..self.sizes.len() {
            let mut records = {
                let left = &mut taking.left.lock().records[db];
                if left.keys == 0 {
                    continue;
                }
                std::mem::take(left)
            };
            self.add(db as u32, &mut records)?;
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<Written, Failure> {
        self.form.end(&mut self.buffer);
        self.flush()?;
        Ok(self.written)
    }

    fn flush(&mut self) -> Result<(), Failure> {
        let mut bytes = std::mem::take(&mut self.buffer);
        let result = self.give(&bytes);
        bytes.clear();
        self.buffer = bytes;
        result
    }

    fn give(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.written.bytes += bytes.len() as u64;
        self.writer.write_all(bytes).map_err(Failure::Io)
    }
}
