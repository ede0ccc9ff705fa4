//! LCS.

use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::parse::{self, is};
use crate::command::reply::Reply;
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::error::{Error, Result};
use crate::value::lcs::{LcsTable, Match};

pub(super) const LCS: Command = Command::new("lcs", -3, lcs)
    .group(Group::String)
    .flags(&[Flags::READONLY])
    .categories(&[Categories::STRING])
    .keys(&[KeySpec::range(1, 1, 1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .since("7.0.0")
    .complexity("O(N*M) where N and M are the lengths of the strings")
    .summary("Finds the longest common subsequence of two strings.")
    .args(&[
        Arg::key("key1", 0),
        Arg::key("key2", 0),
        Arg::word("len", "LEN").optional(),
        Arg::word("idx", "IDX").optional(),
        Arg::integer("min-match-len").token("MINMATCHLEN").optional(),
        Arg::word("withmatchlen", "WITHMATCHLEN").optional(),
    ]);

/// What LCS is asked for.
#[derive(Debug, Default)]
struct Options {
    len: bool,
    idx: bool,
    with_match_len: bool,
    min_match_len: usize,
}

impl Options {
    fn parse(ctx: &Context<'_, '_>) -> Result<Options> {
        let mut options = Options::default();
        let mut words = ctx.args.iter_from(3);
        while let Some(word) = words.next() {
            match word {
                word if is(word, "idx") => options.idx = true,
                word if is(word, "len") => options.len = true,
                word if is(word, "withmatchlen") => options.with_match_len = true,
                word if is(word, "minmatchlen") => {
                    let least = parse::integer(words.next().ok_or(Error::Syntax)?)?;
                    options.min_match_len = usize::try_from(least).unwrap_or(0);
                }
                _ => return Err(Error::Syntax),
            }
        }
        if options.len && options.idx {
            return Err(Error::reply(
                "ERR If you want both the length and indexes, please just use IDX.",
            ));
        }
        Ok(options)
    }
}

fn lcs(ctx: &mut Context<'_, '_>) -> Result<()> {
    // Redis looks at the keys before the options, and so at their types; at their lengths behind both.
    let options = Options::parse(ctx);
    let reply = &mut *ctx.reply;
    ctx.tx.lcs(ctx.keys[0], ctx.keys[1], options, |table, options| show(reply, table, &options))
}

fn show(reply: &mut dyn Reply, table: &LcsTable<'_>, options: &Options) {
    if options.len {
        reply.integer(number(table.len()));
        return;
    }
    let (bytes, matches) = table.walk();
    if !options.idx {
        reply.bulk(&bytes);
        return;
    }
    let matches: Vec<&Match> =
        matches.iter().filter(|m| m.len() >= options.min_match_len).collect();
    reply.map(2);
    reply.bulk(b"matches");
    reply.array(matches.len());
    for found in matches {
        reply.array(if options.with_match_len { 3 } else { 2 });
        for (first, last) in [found.a, found.b] {
            reply.array(2);
            reply.integer(number(first));
            reply.integer(number(last));
        }
        if options.with_match_len {
            reply.integer(number(found.len()));
        }
    }
    reply.bulk(b"len");
    reply.integer(number(table.len()));
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
