//! What SCAN, SSCAN, HSCAN and ZSCAN share: the cursor, the options, and the answer's frame.

use super::args::Args;
use super::parse::{self, is};
use super::reply::Reply;
use crate::error::{Error, Result};
use crate::text::{glob, int};

/// How many items a call looks at unless it is told.
const COUNT: usize = 10;

/// What a key can hold, by Redis's names.
const TYPES: [&str; 6] = ["string", "list", "set", "zset", "hash", "stream"];

/// What is gone through; it decides which options there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scanned {
    /// Keys: `TYPE`.
    Keys,
    /// Members of a set.
    Members,
    /// Fields of a hash: `NOVALUES`.
    Fields,
    /// Members of a sorted set: `NOSCORES`.
    Scores,
}

/// The options as they were given.
#[derive(Debug)]
pub(super) struct ScanWords<'a> {
    pub(super) count: usize,
    pattern: Option<&'a [u8]>,
    /// `TYPE`: only keys of the type of this name.
    pub(super) kind: Option<&'static str>,
    /// `NOVALUES` or `NOSCORES`: only what the values or scores belong to.
    pub(super) bare: bool,
}

/// Reads a cursor.
///
/// # Errors
/// Redis's words for what is none.
pub(super) fn cursor(word: &[u8]) -> Result<u64> {
    int::parse_u64(word).ok_or(Error::reply("ERR invalid cursor"))
}

impl<'a> ScanWords<'a> {
    /// Reads the words from `from` on.
    ///
    /// # Errors
    /// `Syntax`, `NotInteger`, or Redis's words for an option of another command or a type that
    /// is none.
    pub(super) fn parse(args: Args<'a>, from: usize, scanned: Scanned) -> Result<ScanWords<'a>> {
        let mut read = ScanWords { count: COUNT, pattern: None, kind: None, bare: false };
        let mut words = args.iter_from(from);
        while let Some(option) = words.next() {
            let foreign = |command| Err(Error::reply(command));
            if is(option, "novalues") {
                if scanned != Scanned::Fields {
                    return foreign("ERR NOVALUES option can only be used in HSCAN");
                }
                read.bare = true;
                continue;
            }
            if is(option, "noscores") {
                if scanned != Scanned::Scores {
                    return foreign("ERR NOSCORES option can only be used in ZSCAN");
                }
                read.bare = true;
                continue;
            }
            let value = words.next().ok_or(Error::Syntax)?;
            if is(option, "match") {
                read.pattern = Some(value).filter(|pattern| *pattern != b"*");
            } else if is(option, "count") {
                let least = parse::integer(value)?;
                let count = usize::try_from(least).ok().filter(|count| *count > 0);
                read.count = count.ok_or(Error::Syntax)?;
            } else if is(option, "type") && scanned == Scanned::Keys {
                let known = TYPES.into_iter().find(|known| is(value, known));
                let unknown = || Error::echo("ERR unknown type name '", value, "'");
                read.kind = Some(known.ok_or_else(unknown)?);
            } else {
                return Err(Error::Syntax);
            }
        }
        Ok(read)
    }

    /// Whether what is named so is asked for.
    #[inline]
    pub(super) fn takes(&self, name: &[u8]) -> bool {
        self.pattern.is_none_or(|pattern| glob::matches(pattern, name))
    }
}

/// Begins the answer: the next cursor, and that `len` items follow.
pub(super) fn begin(reply: &mut dyn Reply, next: u64, len: usize) {
    reply.array(2);
    reply.bulk(itoa::Buffer::new().format(next).as_bytes());
    reply.array(len);
}
