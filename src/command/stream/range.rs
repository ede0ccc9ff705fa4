//! XLEN, XRANGE, XREVRANGE.

use super::ids::{range_end, range_start, write_entry};
use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::parse::{self, is};
use crate::command::reply::Reply;
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::ds::stream_log::Entry;
use crate::error::{Error, Result};

pub(super) const XLEN: Command = Command::new("xlen", 2, xlen)
    .group(Group::Stream)
    .flags(&[Flags::READONLY, Flags::FAST])
    .categories(&[Categories::STREAM])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO])])
    .since("5.0.0")
    .summary("Counts a stream's entries.")
    .args(&[Arg::key("key", 0)]);

fn xlen(ctx: &mut Context<'_, '_>) -> Result<()> {
    let len = ctx.tx.stream(ctx.key())?.map_or(0, |stream| stream.len());
    ctx.count(len)
}

pub(super) const XRANGE: Command = Command::new("xrange", -4, xrange)
    .group(Group::Stream)
    .flags(&[Flags::READONLY])
    .categories(&[Categories::STREAM])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .since("5.0.0")
    .complexity("O(log(N) + M) for M of N entries")
    .summary("Returns a stream's entries within a range of ids.")
    .history(&[("6.2.0", "Exclusive ranges.")])
    .args(&[
        Arg::key("key", 0),
        Arg::string("start"),
        Arg::string("end"),
        Arg::integer("count").token("COUNT").optional(),
    ]);

fn xrange(ctx: &mut Context<'_, '_>) -> Result<()> {
    range(ctx, false)
}

pub(super) const XREVRANGE: Command = Command::new("xrevrange", -4, xrevrange)
    .group(Group::Stream)
    .flags(&[Flags::READONLY])
    .categories(&[Categories::STREAM])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .since("5.0.0")
    .complexity("O(log(N) + M) for M of N entries")
    .summary("Returns a stream's entries within a range of ids, the last one first.")
    .history(&[("6.2.0", "Exclusive ranges.")])
    .args(&[
        Arg::key("key", 0),
        Arg::string("end"),
        Arg::string("start"),
        Arg::integer("count").token("COUNT").optional(),
    ]);

fn xrevrange(ctx: &mut Context<'_, '_>) -> Result<()> {
    range(ctx, true)
}

fn range(ctx: &mut Context<'_, '_>, back: bool) -> Result<()> {
    let (start, end) = if back { (3, 2) } else { (2, 3) };
    let (from, to) = (range_start(&ctx.args[start])?, range_end(&ctx.args[end])?);
    let mut limit = usize::MAX;
    let mut at = 4;
    while let Some(word) = ctx.args.get(at) {
        let count = ctx.args.get(at + 1).filter(|_| is(word, "count")).ok_or(Error::Syntax)?;
        limit = usize::try_from(parse::integer(count)?).unwrap_or(0);
        at += 2;
    }
    let Some(stream) = ctx.tx.stream(ctx.key())? else {
        ctx.reply.array(0);
        return Ok(());
    };
    if limit == 0 {
        ctx.reply.null_array();
    } else if back {
        write_entries(ctx.reply, stream.log().range_back(from, to), limit);
    } else {
        write_entries(ctx.reply, stream.log().range(from, to), limit);
    }
    Ok(())
}

/// Writes the first `limit` entries; they are counted first, which costs little.
pub(super) fn write_entries<'a>(
    reply: &mut dyn Reply,
    entries: impl Iterator<Item = Entry<'a>> + Clone,
    limit: usize,
) {
    reply.array(entries.clone().take(limit).count());
    entries.take(limit).for_each(|entry| write_entry(reply, entry.id, entry.fields));
}
