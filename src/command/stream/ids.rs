//! Ids as words, and what is common to the replies.

use crate::api::{Delivered, NewId, StreamEntry};
use crate::command::reply::Reply;
use crate::ds::stream_log::{Fields, IdText, StreamId};
use crate::error::{Error, Result};
use crate::text::int;
use crate::value::string::Digits;

/// The longest word that may be an id.
const LONGEST: usize = 127;

/// An id, its sequence number `seq` where the word gives none.
pub(super) fn id(word: &[u8], seq: u64) -> Result<StreamId> {
    match read(word, seq) {
        Some(NewId::Given(id)) => Ok(id),
        _ => Err(Error::invalid_stream_id()),
    }
}

/// An id, or `-` for the least and `+` for the greatest.
pub(super) fn id_or_end(word: &[u8], seq: u64) -> Result<StreamId> {
    match until_nul(word) {
        b"-" if word.len() <= LONGEST => Ok(StreamId::MIN),
        b"+" if word.len() <= LONGEST => Ok(StreamId::MAX),
        _ => id(word, seq),
    }
}

/// The id of an entry to be added: also `ms-*`.
pub(super) fn new_id(word: &[u8]) -> Result<NewId> {
    read(word, 0).ok_or_else(Error::invalid_stream_id)
}

/// Where a range begins; `(` leaves out the id itself.
pub(super) fn range_start(word: &[u8]) -> Result<StreamId> {
    match word {
        [b'(', rest @ ..] if !rest.is_empty() => {
            id(rest, 0)?.next().ok_or(Error::reply("ERR invalid start ID for the interval"))
        }
        _ => id_or_end(word, 0),
    }
}

/// Where a range ends; `(` leaves out the id itself.
pub(super) fn range_end(word: &[u8]) -> Result<StreamId> {
    match word {
        [b'(', rest @ ..] if !rest.is_empty() => {
            id(rest, u64::MAX)?.prev().ok_or(Error::reply("ERR invalid end ID for the interval"))
        }
        _ => id_or_end(word, u64::MAX),
    }
}

fn read(word: &[u8], missing: u64) -> Option<NewId> {
    if word.len() > LONGEST {
        return None;
    }
    let word = until_nul(word);
    let Some(dash) = memchr::memchr(b'-', word) else {
        return number(word).map(|ms| NewId::Given(StreamId::new(ms, missing)));
    };
    let ms = number(&word[..dash])?;
    match &word[dash + 1..] {
        b"*" => Some(NewId::Within(ms)),
        seq => Some(NewId::Given(StreamId::new(ms, number(seq)?))),
    }
}

fn until_nul(word: &[u8]) -> &[u8] {
    &word[..memchr::memchr(0, word).unwrap_or(word.len())]
}

/// A number as Redis reads the parts of an id: the canonical form, or what C's `strtoull` takes
/// whole: blanks, a sign (a minus counts down from 2^64), leading zeros.
fn number(text: &[u8]) -> Option<u64> {
    if let Some(number) = int::parse_i64(text) {
        return u64::try_from(number).ok();
    }
    let blank = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0x0B;
    let start = text.iter().position(|byte| !blank(byte)).unwrap_or(text.len());
    match &text[start..] {
        [b'-', digits @ ..] if digits.first().is_some_and(u8::is_ascii_digit) => {
            int::parse_u64(digits).map(u64::wrapping_neg)
        }
        digits => int::parse_u64(digits),
    }
}

/// Writes an id.
pub(super) fn write_id(reply: &mut dyn Reply, id: StreamId) {
    reply.bulk(id.format(&mut IdText::new()));
}

/// Writes fields and values, all in one array.
pub(super) fn write_fields(reply: &mut dyn Reply, fields: Fields<'_>) {
    reply.array(fields.len() * 2);
    let mut digits = Digits::new();
    for (field, value) in fields {
        reply.bulk(field.bytes(&mut digits));
        reply.bulk(value.bytes(&mut digits));
    }
}

/// Writes an entry: its id, and its fields.
pub(super) fn write_entry(reply: &mut dyn Reply, id: StreamId, fields: Fields<'_>) {
    reply.array(2);
    write_id(reply, id);
    write_fields(reply, fields);
}

/// Writes entries that were delivered or claimed.
pub(super) fn write_delivered(reply: &mut dyn Reply, entries: Vec<Delivered<'_>>) {
    reply.array(entries.len());
    for Delivered { id, fields, claimed } in entries {
        reply.array(if claimed.is_some() { 4 } else { 2 });
        write_id(reply, id);
        match fields {
            Some(fields) => write_fields(reply, fields),
            None => reply.null_array(),
        }
        write_share(reply, claimed);
    }
}

/// Writes a delivered entry that was copied.
pub(super) fn write_copy(
    reply: &mut dyn Reply,
    id: StreamId,
    entry: Option<StreamEntry>,
    claimed: Option<(i64, i64)>,
) {
    reply.array(if claimed.is_some() { 4 } else { 2 });
    write_id(reply, id);
    match entry {
        Some(entry) => {
            reply.array(entry.fields.len() * 2);
            for (field, value) in entry.fields {
                reply.bulk(&field);
                reply.bulk(&value);
            }
        }
        None => reply.null_array(),
    }
    write_share(reply, claimed);
}

/// What earlier deliveries there were, if that is told.
fn write_share(reply: &mut dyn Reply, claimed: Option<(i64, i64)>) {
    if let Some((idle, deliveries)) = claimed {
        reply.integer(idle.max(0));
        reply.integer(deliveries);
    }
}

/// Writes ids.
pub(super) fn write_ids(reply: &mut dyn Reply, ids: impl ExactSizeIterator<Item = StreamId>) {
    reply.array(ids.len());
    ids.for_each(|id| write_id(reply, id));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_as_redis_reads_them() {
        let max = u64::MAX;
        for (word, wanted) in [
            ("5", Some((5, 9))),
            ("5-6", Some((5, 6))),
            ("05-06", Some((5, 6))),
            (" 5-+6", Some((5, 6))),
            ("1-0\0x", Some((1, 0))),
            ("18446744073709551615-18446744073709551615", Some((max, max))),
            ("1--01", Some((1, max))),
            ("", None),
            ("-", None),
            ("-1", None),
            ("1--1", None),
            ("1-", None),
            ("1-2-3", None),
            ("1-*", None),
            ("a", None),
            ("1 -1", None),
            ("18446744073709551616", None),
            ("1--", None),
        ] {
            let read = id(word.as_bytes(), 9).ok().map(|id| (id.ms, id.seq));
            assert_eq!(read, wanted, "{word:?}");
        }
        assert_eq!(id(&[b'0'; 128], 0), Err(Error::invalid_stream_id()));
        assert_eq!(new_id(b"7-*"), Ok(NewId::Within(7)));
        assert_eq!(id_or_end(b"+", 0), Ok(StreamId::MAX));
        assert_eq!(range_start(b"(5"), Ok(StreamId::new(5, 1)));
        assert_eq!(range_end(b"(5-0"), Ok(StreamId::new(4, max)));
        assert!(range_end(b"(0-0").is_err() && range_start(b"(-").is_err());
    }
}
