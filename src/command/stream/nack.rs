//! XNACK.

use super::ids::id;
use super::remove::{IDS, counted_ids};
use crate::api::{Nack, NackMode};
use crate::command::args::Args;
use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::parse::{self, is};
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::ds::stream_log::StreamId;
use crate::error::{Error, Result};

pub(super) const XNACK: Command = Command::new("xnack", -7, xnack)
    .group(Group::Stream)
    .flags(&[Flags::WRITE, Flags::FAST])
    .categories(&[Categories::STREAM])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::UPDATE])])
    .since("8.8.0")
    .complexity("O(log(N)) for each entry")
    .summary("Gives pending entries back to their group, to be claimed by anybody at once.")
    .args(&[
        Arg::key("key", 0),
        Arg::string("group"),
        Arg::one_of(
            "mode",
            &[
                Arg::word("silent", "SILENT"),
                Arg::word("fail", "FAIL"),
                Arg::word("fatal", "FATAL"),
            ],
        ),
        IDS,
        Arg::integer("count").token("RETRYCOUNT").optional(),
        Arg::word("force", "FORCE").optional(),
    ]);

fn xnack(ctx: &mut Context<'_, '_>) -> Result<()> {
    let (ids, how) = parse(ctx.args)?;
    // The key is looked up as that of a claim is.
    ctx.tx.stream_group(ctx.key(), ctx.args.at(2))?;
    let given_back = ctx.tx.xnack(ctx.key(), ctx.args.at(2), &ids, &how)?;
    ctx.count(given_back)
}

/// # Errors
/// The words that Redis is known to use, in those of XACKDEL and XCLAIM where they are not known.
fn parse(words: Args<'_>) -> Result<(Vec<StreamId>, Nack)> {
    let mut how = Nack::of(match words.at(3) {
        word if is(word, "silent") => NackMode::Silent,
        word if is(word, "fail") => NackMode::Fail,
        word if is(word, "fatal") => NackMode::Fatal,
        _ => return Err(Error::reply("ERR mode must be SILENT, FAIL, or FATAL")),
    });
    let mut ids = None;
    let mut at = 4;
    while let Some(word) = words.get(at) {
        at += 1;
        match words.get(at) {
            Some(_) if is(word, "ids") && ids.is_none() => {
                let found = counted_ids(words, at)?;
                at = found.end;
                ids = Some(found);
            }
            Some(value) if is(word, "retrycount") => {
                let bad = || Error::reply("ERR Invalid RETRYCOUNT option argument for XNACK");
                let count = parse::integer_or(value, bad())?;
                how.count = Some(count).filter(|count| *count >= 0);
                how.count.ok_or_else(bad)?;
                at += 1;
            }
            _ if is(word, "force") => how.force = true,
            _ => return Err(Error::Syntax),
        }
    }
    let ids = ids.ok_or(Error::Syntax)?;
    Ok((ids.map(|at| id(words.at(at), 0)).collect::<Result<_>>()?, how))
}
