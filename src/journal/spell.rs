//! Records as bytes: commands in RESP.

use crate::keyspace::record::Record;

/// A spelled buffer that is larger is given back.
const SPARE: usize = 1 << 20;

/// The commands of one record, without the SELECT that may have to stand before them.
#[derive(Debug)]
pub(super) struct Spelled {
    pub(super) bytes: Vec<u8>,
    /// The database that must be selected before.
    pub(super) first: u32,
    /// The one that is selected behind.
    pub(super) last: u32,
}

impl Spelled {
    pub(super) const fn new() -> Spelled {
        Spelled { bytes: Vec::new(), first: 0, last: 0 }
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        if self.bytes.capacity() > SPARE {
            self.bytes = Vec::new();
        }
    }

    /// Spells a record that is not empty; several commands are one transaction.
    pub(super) fn spell(&mut self, record: &Record) {
        let whole = record.len() > 1;
        let bytes = &mut self.bytes;
        if whole {
            command(bytes, 1, [&b"MULTI"[..]].into_iter());
        }
        let mut selected = None;
        for (db, words) in record.commands() {
            match selected {
                None => self.first = db,
                Some(selected) if selected != db => select(bytes, db),
                Some(_) => {}
            }
            selected = Some(db);
            command(bytes, words.len(), words);
        }
        self.last = selected.unwrap_or_default();
        if whole {
            command(bytes, 1, [&b"EXEC"[..]].into_iter());
        }
    }
}

/// Spells a command of `count` words.
pub(crate) fn command<'w>(to: &mut Vec<u8>, count: usize, words: impl Iterator<Item = &'w [u8]>) {
    begin(to, count);
    words.for_each(|of| word(to, of));
}

/// Begins a command of `count` [words](word).
pub(crate) fn begin(to: &mut Vec<u8>, count: usize) {
    head(to, b'*', count);
}

/// Adds a word.
pub(crate) fn word(to: &mut Vec<u8>, bytes: &[u8]) {
    head(to, b'$', bytes.len());
    to.extend_from_slice(bytes);
    to.extend_from_slice(b"\r\n");
}

pub(crate) fn select(to: &mut Vec<u8>, db: u32) {
    let mut number = itoa::Buffer::new();
    command(to, 2, [b"SELECT", number.format(db).as_bytes()].into_iter());
}

/// A line that says what time it was.
pub(crate) fn timestamp(to: &mut Vec<u8>, second: i64) {
    to.extend_from_slice(b"#TS:");
    to.extend_from_slice(itoa::Buffer::new().format(second).as_bytes());
    to.extend_from_slice(b"\r\n");
}

fn head(to: &mut Vec<u8>, sign: u8, count: usize) {
    to.push(sign);
    to.extend_from_slice(itoa::Buffer::new().format(count).as_bytes());
    to.extend_from_slice(b"\r\n");
}
