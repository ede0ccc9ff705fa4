//! The form in which messages are sent to connections, written once for all who take them.
//!
//! RESP2 and RESP3 write the same strings and arrays; an out-of-band message differs in the one
//! byte that it begins with, which is put in its place when it is sent.

/// What an out-of-band message begins with in RESP3, where RESP2 has `*`.
pub(crate) const PUSH: u8 = b'>';

/// Writes a marker, a number and the line's end.
pub(crate) fn header(out: &mut Vec<u8>, marker: u8, number: usize) {
    out.push(marker);
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// Writes a byte string; gives the place of its bytes.
pub(crate) fn bulk(out: &mut Vec<u8>, bytes: &[u8]) -> std::ops::Range<usize> {
    header(out, b'$', bytes.len());
    let start = out.len();
    out.extend_from_slice(bytes);
    out.extend_from_slice(b"\r\n");
    start..start + bytes.len()
}

/// Bytes that a [`header`] takes.
pub(crate) fn header_size(number: usize) -> usize {
    let digits = number.checked_ilog10().map_or(1, |log| log as usize + 1);
    1 + digits + 2
}

/// Bytes that a byte string of so many takes.
pub(crate) fn bulk_size(len: usize) -> usize {
    header_size(len) + len + 2
}
