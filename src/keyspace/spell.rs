//! Commands in RESP, as the append-only file has them.

/// Begins a command of `count` [words](word).
#[inline]
pub(crate) fn begin(to: &mut Vec<u8>, count: usize) {
    head(to, b'*', count);
}

/// Adds a word.
#[inline]
pub(crate) fn word(to: &mut Vec<u8>, bytes: &[u8]) {
    head(to, b'$', bytes.len());
    to.extend_from_slice(bytes);
    to.extend_from_slice(b"\r\n");
}

/// Nearly all numbers have one or two digits: these are written as one piece of known length.
#[inline]
fn head(to: &mut Vec<u8>, sign: u8, count: usize) {
    match count {
        0..10 => to.extend_from_slice(&[sign, digit(count), b'\r', b'\n']),
        10..100 => {
            to.extend_from_slice(&[sign, digit(count / 10), digit(count % 10), b'\r', b'\n']);
        }
        _ => long_head(to, sign, count),
    }
}

fn digit(of: usize) -> u8 {
    b'0' + of as u8
}

#[cold]
fn long_head(to: &mut Vec<u8>, sign: u8, count: usize) {
    to.push(sign);
    to.extend_from_slice(itoa::Buffer::new().format(count).as_bytes());
    to.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_any_length_are_spelled() {
        for count in [0, 1, 9, 10, 11, 99, 100, 101, 999, 1000, 123_456, usize::MAX] {
            let mut to = b"before".to_vec();
            begin(&mut to, count);
            assert_eq!(to, format!("before*{count}\r\n").as_bytes());
        }
        let mut to = Vec::new();
        let long = vec![b'x'; 100];
        begin(&mut to, 3);
        [&b""[..], b"0123456789", &long].iter().for_each(|of| word(&mut to, of));
        let told = format!("*3\r\n$0\r\n\r\n$10\r\n0123456789\r\n$100\r\n{}\r\n", "x".repeat(100));
        assert_eq!(to, told.as_bytes());
    }
}
