//! Removing members: ZREM, ZREMRANGEBYRANK and its kin, ZPOPMIN, ZPOPMAX, ZMPOP.

use bytes::Bytes;

use super::span::By;
use crate::api::ZEnd;
use crate::command::args::Args;
use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::parse::{self, is};
use crate::command::reply::{Protocol, Reply};
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::error::{Error, Result};
use crate::value::zset::Score;
pub(super) const ZREM: Command = Command::new("zrem", -3, zrem)
    .group(Group::SortedSet)
    .flags(&[Flags::WRITE, Flags::FAST])
    .categories(&[Categories::SORTEDSET])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::DELETE])])
    .since("1.2.0")
    .complexity("O(M*log(N)) with N the number of members and M the number removed")
    .summary("Removes members from a sorted set.")
    .history(&[("2.4.0", "Several members at once.")])
    .args(&[Arg::key("key", 0), Arg::string("member").multiple()]);

fn zrem(ctx: &mut Context<'_, '_>) -> Result<()> {
    let removed = ctx.tx.zrem(ctx.key(), Members(ctx.args, 2))?;
    ctx.count(removed)
}

/// The words from a place on.
#[derive(Clone)]
struct Members<'a>(Args<'a>, usize);

impl<'a> Iterator for Members<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        self.1 += 1;
        self.0.get(self.1 - 1)
    }
}

pub(super) const ZREMRANGEBYRANK: Command = Command::new("zremrangebyrank", 4, zremrangebyrank)
    .group(Group::SortedSet)
    .flags(&[Flags::WRITE])
    .categories(&[Categories::SORTEDSET])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::DELETE])])
    .since("2.0.0")
    .complexity("O(log(N)+M) with N the number of members and M the number removed")
    .summary("Removes the members of a range of ranks.")
    .args(&[Arg::key("key", 0), Arg::integer("start"), Arg::integer("stop")]);

fn zremrangebyrank(ctx: &mut Context<'_, '_>) -> Result<()> {
    remove_range(ctx, By::Rank)
}

pub(super) const ZREMRANGEBYSCORE: Command = Command::new("zremrangebyscore", 4, zremrangebyscore)
    .group(Group::SortedSet)
    .flags(&[Flags::WRITE])
    .categories(&[Categories::SORTEDSET])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::DELETE])])
    .since("1.2.0")
    .complexity("O(log(N)+M) with N the number of members and M the number removed")
    .summary("Removes the members with scores in a range.")
    .args(&[Arg::key("key", 0), Arg::double("min"), Arg::double("max")]);

fn zremrangebyscore(ctx: &mut Context<'_, '_>) -> Result<()> {
    remove_range(ctx, By::Score)
}

pub(super) const ZREMRANGEBYLEX: Command = Command::new("zremrangebylex", 4, zremrangebylex)
    .group(Group::SortedSet)
    .flags(&[Flags::WRITE])
    .categories(&[Categories::SORTEDSET])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::DELETE])])
    .since("2.8.9")
    .complexity("O(log(N)+M) with N the number of members and M the number removed")
    .summary("Removes the members between two, by their bytes.")
    .args(&[Arg::key("key", 0), Arg::string("min"), Arg::string("max")]);

fn zremrangebylex(ctx: &mut Context<'_, '_>) -> Result<()> {
    remove_range(ctx, By::Lex)
}

fn remove_range(ctx: &mut Context<'_, '_>, by: By) -> Result<()> {
    let span = by.span(ctx.args.at(2), ctx.args.at(3))?;
    let removed = ctx.tx.zrem_span(ctx.key(), span)?;
    ctx.count(removed)
}

pub(super) const ZPOPMIN: Command = Command::new("zpopmin", -2, zpopmin)
    .group(Group::SortedSet)
    .flags(&[Flags::WRITE, Flags::FAST])
    .categories(&[Categories::SORTEDSET])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::ACCESS, KeyFlags::DELETE])])
    .since("5.0.0")
    .complexity("O(log(N)+M) with N the number of members and M the number returned")
    .summary("Removes the members with the lowest scores and returns them.")
    .args(&[Arg::key("key", 0), Arg::integer("count").optional()]);

fn zpopmin(ctx: &mut Context<'_, '_>) -> Result<()> {
    pop(ctx, ZEnd::Min)
}

pub(super) const ZPOPMAX: Command = Command::new("zpopmax", -2, zpopmax)
    .group(Group::SortedSet)
    .flags(&[Flags::WRITE, Flags::FAST])
    .categories(&[Categories::SORTEDSET])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::ACCESS, KeyFlags::DELETE])])
    .since("5.0.0")
    .complexity("O(log(N)+M) with N the number of members and M the number returned")
    .summary("Removes the members with the highest scores and returns them.")
    .args(&[Arg::key("key", 0), Arg::integer("count").optional()]);

fn zpopmax(ctx: &mut Context<'_, '_>) -> Result<()> {
    pop(ctx, ZEnd::Max)
}

fn pop(ctx: &mut Context<'_, '_>, end: ZEnd) -> Result<()> {
    if ctx.args.len() > 3 {
        return Err(Error::Syntax);
    }
    let count = match ctx.args.get(2) {
        Some(word) => {
            let bad = || Error::reply("ERR value is out of range, must be positive");
            let count = parse::integer_or(word, bad())?;
            Some(usize::try_from(count).map_err(|_| bad())?)
        }
        None => None,
    };
    if count == Some(0) {
        ctx.tx.peek_zset(ctx.key())?;
    }
    let popped = ctx.tx.zpop(ctx.key(), end, count.unwrap_or(1))?;
    let nested = count.is_some() && ctx.reply.protocol() == Protocol::Resp3;
    pairs(ctx.reply, &popped, nested);
    Ok(())
}

pub(super) fn pairs(reply: &mut dyn Reply, popped: &[(Bytes, Score)], nested: bool) {
    reply.array(if nested { popped.len() } else { 2 * popped.len() });
    for (member, score) in popped {
        if nested {
            reply.array(2);
        }
        reply.bulk(member);
        reply.double(score.get());
    }
}

pub(super) const ZMPOP: Command = Command::new("zmpop", -4, zmpop)
    .group(Group::SortedSet)
    .flags(&[Flags::WRITE, Flags::MOVABLE_KEYS])
    .categories(&[Categories::SORTEDSET])
    .keys(&[KeySpec::counted(1, 1, &[KeyFlags::RW, KeyFlags::ACCESS, KeyFlags::DELETE])])
    .since("7.0.0")
    .complexity("O(K)+O(M*log(N)) with K keys, N members and M of them popped")
    .summary("Pops from the first of several sorted sets that is there.")
    .args(&[
        Arg::integer("numkeys"),
        Arg::key("key", 0).multiple(),
        Arg::one_of("where", &[Arg::word("min", "MIN"), Arg::word("max", "MAX")]),
        Arg::integer("count").token("COUNT").optional(),
    ]);

fn zmpop(ctx: &mut Context<'_, '_>) -> Result<()> {
    let (end, count) = mpop_words(ctx.args, 1)?;
    match ctx.tx.zmpop(ctx.keys, end, count)? {
        Some((key, popped)) => {
            ctx.reply.array(2);
            ctx.reply.bulk(ctx.keys[key].bytes);
            pairs(ctx.reply, &popped, true);
        }
        None => ctx.reply.null_array(),
    }
    Ok(())
}

/// The end and the count in the words of ZMPOP, from the number of keys on.
pub(super) fn mpop_words(args: Args<'_>, at: usize) -> Result<(ZEnd, usize)> {
    let keys = parse::positive(args.at(at), "ERR numkeys should be greater than 0")?;
    let at = keys.saturating_add(at + 1);
    let end = match args.get(at) {
        Some(word) if is(word, "min") => ZEnd::Min,
        Some(word) if is(word, "max") => ZEnd::Max,
        _ => return Err(Error::Syntax),
    };
    let mut count = None;
    let mut words = args.iter_from(at + 1);
    while let Some(word) = words.next() {
        let value = words.next().filter(|_| count.is_none() && is(word, "count"));
        let value = value.ok_or(Error::Syntax)?;
        count = Some(parse::positive(value, "ERR count should be greater than 0")?);
    }
    Ok((end, count.unwrap_or(1)))
}
