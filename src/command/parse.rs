//! Reading arguments, with Redis's words for what cannot be read.

use crate::api::Engine;
use crate::error::{Error, Result};
use crate::text::int;

/// A signed integer, canonical as Redis wants it.
#[inline]
pub(super) fn integer(word: &[u8]) -> Result<i64> {
    int::parse_i64(word).ok_or(Error::NotInteger)
}

/// A signed integer, with other words for anything else.
pub(super) fn integer_or(word: &[u8], error: Error) -> Result<i64> {
    int::parse_i64(word).ok_or(error)
}

/// How many there are of something, at least one, as of keys before the keys; `error` for all else.
pub(super) fn positive(word: &[u8], error: &'static str) -> Result<usize> {
    let count = int::parse_i64(word).and_then(|count| usize::try_from(count).ok());
    count.filter(|count| *count > 0).ok_or(Error::reply(error))
}

/// An integer of a C `int`; `error` replaces Redis's usual words for what is none.
pub(super) fn small_integer(word: &[u8], error: Option<Error>) -> Result<i32> {
    let Some(value) = int::parse_i64(word) else {
        return Err(error.unwrap_or(Error::NotInteger));
    };
    i32::try_from(value).map_err(|_| {
        error.unwrap_or(Error::reply(
            "ERR value is out of range, value must between -2147483648 and 2147483647",
        ))
    })
}

/// The number of a database that exists; `error` as for [`small_integer`].
pub(super) fn database(word: &[u8], engine: &Engine, error: Option<Error>) -> Result<u32> {
    let db = small_integer(word, error)?;
    let exists = u32::try_from(db).ok().filter(|db| *db < engine.databases());
    exists.ok_or(Error::DbOutOfRange)
}

/// Whether a word is this one, in any case.
#[inline]
pub(super) fn is(word: &[u8], expected: &str) -> bool {
    word.eq_ignore_ascii_case(expected.as_bytes())
}
