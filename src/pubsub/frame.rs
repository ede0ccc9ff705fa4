//! The form in which messages are sent to connections, written once for all who take them.
//!
//! RESP2 and RESP3 write the same strings and arrays; an out-of-band message differs in the one
//! byte that it begins with, which is put in its place when it is sent.

/// What an out-of-band message begins with in RESP3, where RESP2 has `*`.
pub(crate) const PUSH: u8 = b'>';

/// Writes a marker, a number and the line's end.
#[inline(always)]
pub(crate) fn header(out: &mut Vec<u8>, marker: u8, number: usize) {
    match number {
        0..10 => out.extend_from_slice(&[marker, b'0' + number as u8, b'\r', b'\n']),
        10..100 => {
            let digits = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
            out.extend_from_slice(&[marker, digits[0], digits[1], b'\r', b'\n']);
        }
        _ => long_header(out, marker, number),
    }
}

#[inline(never)]
fn long_header(out: &mut Vec<u8>, marker: u8, number: usize) {
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
    let digits = match number {
        0..10 => 1,
        10..100 => 2,
        _ => number.ilog10() as usize + 1,
    };
    1 + digits + 2
}

/// Bytes that a byte string of so many takes.
pub(crate) fn bulk_size(len: usize) -> usize {
    header_size(len) + len + 2
}
