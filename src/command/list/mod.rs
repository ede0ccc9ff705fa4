//! Lists.

mod block;
mod edit;
mod pop;
mod push;
mod read;
mod relocate;

use super::parse;
use super::row::{Arg, Command};
use crate::error::{Error, Result};
use crate::value::list::End;

/// The family's rows.
pub(super) static ROWS: &[Command] = &[
    block::BLMOVE,
    block::BLMOVEM,
    block::BLMPOP,
    block::BLPOP,
    block::BRPOP,
    block::BRPOPLPUSH,
    read::LINDEX,
    edit::LINSERT,
    read::LLEN,
    relocate::LMOVE,
    relocate::LMOVEM,
    relocate::LMPOP,
    pop::LPOP,
    read::LPOS,
    push::LPUSH,
    push::LPUSHX,
    read::LRANGE,
    edit::LREM,
    edit::LSET,
    edit::LTRIM,
    pop::RPOP,
    relocate::RPOPLPUSH,
    push::RPUSH,
    push::RPUSHX,
];

/// The words for an end.
const ENDS: &[Arg] = &[Arg::word("left", "LEFT"), Arg::word("right", "RIGHT")];

/// An end: `LEFT` or `RIGHT`.
fn end(word: &[u8]) -> Result<End> {
    match word {
        word if parse::is(word, "left") => Ok(End::Front),
        word if parse::is(word, "right") => Ok(End::Back),
        _ => Err(Error::Syntax),
    }
}

/// A count that may not be negative; `error` says so.
fn count(word: &[u8], error: &'static str) -> Result<usize> {
    let count = parse::integer_or(word, Error::reply(error))?;
    usize::try_from(count).map_err(|_| Error::reply(error))
}

/// A number whose sign says from which end to count, and its size.
fn signed(word: &[u8]) -> Result<(End, u64)> {
    match parse::integer(word)? {
        i64::MIN => Err(Error::reply(
            "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
        )),
        number @ ..0 => Ok((End::Back, number.unsigned_abs())),
        number => Ok((End::Front, number.unsigned_abs())),
    }
}
