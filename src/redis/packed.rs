//! Commands as the crate packs them: arrays of byte strings, one after the other.

use ::redis::{ErrorKind, RedisError, RedisResult};

use crate::command::Span;
use crate::text::int;

/// Reads the command at `at` into `spans`; gives where it ends, and nothing at the bytes' end.
///
/// # Errors
/// If what is there is no packed command, or not all of one.
pub(super) fn next(bytes: &[u8], at: usize, spans: &mut Vec<Span>) -> RedisResult<Option<usize>> {
    spans.clear();
    if at >= bytes.len() {
        return Ok(None);
    }
    let (words, mut at) = header(bytes, at, b'*')?;
    for _ in 0..words {
        let (length, start) = header(bytes, at, b'$')?;
        let end = start.checked_add(length).ok_or_else(broken)?;
        if bytes.get(end..).is_none_or(|rest| !rest.starts_with(b"\r\n")) {
            return Err(broken());
        }
        spans.push(Span { start, end });
        at = end + 2;
    }
    if spans.is_empty() { Err(empty()) } else { Ok(Some(at)) }
}

/// Reads a marker and a number; gives the number and where the line ends.
fn header(bytes: &[u8], at: usize, marker: u8) -> RedisResult<(usize, usize)> {
    let rest = bytes.get(at..).and_then(|rest| rest.strip_prefix(&[marker])).ok_or_else(broken)?;
    let end = memchr::memchr(b'\r', rest).ok_or_else(broken)?;
    let number = int::parse_i64(&rest[..end]).and_then(|n| usize::try_from(n).ok());
    let next = at + 1 + end + 2;
    if rest.get(end + 1) != Some(&b'\n') {
        return Err(broken());
    }
    Ok((number.ok_or_else(broken)?, next))
}

fn broken() -> RedisError {
    RedisError::from((ErrorKind::Client, "these bytes are no packed commands"))
}

/// What the crate says of a command without words.
pub(super) fn empty() -> RedisError {
    RedisError::from((ErrorKind::Client, "empty command"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_crate_packs() {
        let mut pipe = ::redis::pipe();
        pipe.cmd("SET").arg("k").arg(vec![b'x'; 300]).cmd("PING").cmd("ECHO").arg("");
        let bytes = pipe.get_packed_pipeline();
        let (mut at, mut seen, mut spans) = (0, Vec::new(), Vec::new());
        while let Some(next) = next(&bytes, at, &mut spans).expect("packed") {
            seen.push(spans.iter().map(|s| bytes[s.start..s.end].to_vec()).collect::<Vec<_>>());
            at = next;
        }
        let long = vec![b'x'; 300];
        assert_eq!(
            seen,
            [
                vec![b"SET".to_vec(), b"k".to_vec(), long],
                vec![b"PING".to_vec()],
                vec![b"ECHO".to_vec(), vec![]]
            ]
        );
        for cut in 1..bytes.len() {
            let (mut at, mut spans) = (0, Vec::new());
            while let Ok(Some(next)) = next(&bytes[..cut], at, &mut spans) {
                at = next;
            }
            assert!(at <= cut);
        }
        for wrong in
            ["*0\r\n", "*-1\r\n", "*1\r\n$-1\r\n", "PING\r\n", "*1\r\n$99999999999999\r\nx"]
        {
            assert!(next(wrong.as_bytes(), 0, &mut spans).is_err(), "{wrong}");
        }
    }
}
