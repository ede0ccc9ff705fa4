//! Commands in RESP, whole ones, and what stands in the stream beside the commands of records.

pub(crate) use crate::keyspace::spell::{begin, word};

/// Spells a command of `count` words.
pub(crate) fn command<'w>(to: &mut Vec<u8>, count: usize, words: impl Iterator<Item = &'w [u8]>) {
    begin(to, count);
    words.for_each(|of| word(to, of));
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
