//! Ranges of members: ZRANGE, ZRANGESTORE, and the older commands that they replaced.

use super::members;
use super::span::By;
use crate::api::{Limit, Selection};
use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::parse::{self, is};
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::error::{Error, Result};

const LIMIT: Arg =
    Arg::block("limit", &[Arg::integer("offset"), Arg::integer("count")]).token("LIMIT").optional();

const WITHSCORES: Arg = Arg::word("withscores", "WITHSCORES").optional();

pub(super) const ZRANGE: Command = Command::new("zrange", -4, zrange)
    .group(Group::SortedSet)
    .flags(&[Flags::READONLY])
    .categories(&[Categories::SORTEDSET])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .since("1.2.0")
    .complexity("O(log(N)+M) with N the number of members and M the number returned")
    .summary("Returns a range of members.")
    .history(&[("6.2.0", "Options `REV`, `BYSCORE`, `BYLEX` and `LIMIT`.")])
    .args(&[
        Arg::key("key", 0),
        Arg::string("start"),
        Arg::string("stop"),
        Arg::one_of("sortby", &[Arg::word("byscore", "BYSCORE"), Arg::word("bylex", "BYLEX")])
            .optional()
            .since("6.2.0"),
        Arg::word("rev", "REV").optional().since("6.2.0"),
        LIMIT.since("6.2.0"),
        WITHSCORES,
    ]);

fn zrange(ctx: &mut Context<'_, '_>) -> Result<()> {
    range(ctx, None, None)
}

pub(super) const ZREVRANGE: Command = Command::new("zrevrange", -4, zrevrange)
    .group(Group::SortedSet)
    .flags(&[Flags::READONLY])
    .categories(&[Categories::SORTEDSET])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .since("1.2.0")
    .complexity("O(log(N)+M) with N the number of members and M the number returned")
    .summary("Returns members by rank, from the highest score.")
    .args(&[Arg::key("key", 0), Arg::integer("start"), Arg::integer("stop"), WITHSCORES]);

fn zrevrange(ctx: &mut Context<'_, '_>) -> Result<()> {
    range(ctx, Some(By::Rank), Some(true))
}

pub(super) const ZRANGEBYSCORE: Command = Command::new("zrangebyscore", -4, zrangebyscore)
    .group(Group::SortedSet)
    .flags(&[Flags::READONLY])
    .categories(&[Categories::SORTEDSET])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .since("1.0.5")
    .complexity("O(log(N)+M) with N the number of members and M the number returned")
    .summary("Returns the members with scores in a range.")
    .history(&[("2.0.0", "Option `WITHSCORES`.")])
    .args(&[
        Arg::key("key", 0),
        Arg::double("min"),
        Arg::double("max"),
        WITHSCORES.since("2.0.0"),
        LIMIT,
    ]);

fn zrangebyscore(ctx: &mut Context<'_, '_>) -> Result<()> {
    range(ctx, Some(By::Score), Some(false))
}

pub(super) const ZREVRANGEBYSCORE: Command = Command::new("zrevrangebyscore", -4, zrevrangebyscore)
    .group(Group::SortedSet)
    .flags(&[Flags::READONLY])
    .categories(&[Categories::SORTEDSET])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .since("2.2.0")
    .complexity("O(log(N)+M) with N the number of members and M the number returned")
    .summary("Returns the members with scores in a range, from the highest.")
    .history(&[("2.1.6", "The ends may be left open.")])
    .args(&[Arg::key("key", 0), Arg::double("max"), Arg::double("min"), WITHSCORES, LIMIT]);

fn zrevrangebyscore(ctx: &mut Context<'_, '_>) -> Result<()> {
    range(ctx, Some(By::Score), Some(true))
}

pub(super) const ZRANGEBYLEX: Command = Command::new("zrangebylex", -4, zrangebylex)
    .group(Group::SortedSet)
    .flags(&[Flags::READONLY])
    .categories(&[Categories::SORTEDSET])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .since("2.8.9")
    .complexity("O(log(N)+M) with N the number of members and M the number returned")
    .summary("Returns the members between two, by their bytes.")
    .args(&[Arg::key("key", 0), Arg::string("min"), Arg::string("max"), LIMIT]);

fn zrangebylex(ctx: &mut Context<'_, '_>) -> Result<()> {
    range(ctx, Some(By::Lex), Some(false))
}

pub(super) const ZREVRANGEBYLEX: Command = Command::new("zrevrangebylex", -4, zrevrangebylex)
    .group(Group::SortedSet)
    .flags(&[Flags::READONLY])
    .categories(&[Categories::SORTEDSET])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .since("2.8.9")
    .complexity("O(log(N)+M) with N the number of members and M the number returned")
    .summary("Returns the members between two, by their bytes, the last first.")
    .args(&[Arg::key("key", 0), Arg::string("max"), Arg::string("min"), LIMIT]);

fn zrevrangebylex(ctx: &mut Context<'_, '_>) -> Result<()> {
    range(ctx, Some(By::Lex), Some(true))
}

pub(super) const ZRANGESTORE: Command = Command::new("zrangestore", -5, zrangestore)
    .group(Group::SortedSet)
    .flags(&[Flags::WRITE, Flags::DENYOOM])
    .categories(&[Categories::SORTEDSET])
    .keys(&[
        KeySpec::one(1, &[KeyFlags::OW, KeyFlags::UPDATE]),
        KeySpec::one(2, &[KeyFlags::RO, KeyFlags::ACCESS]),
    ])
    .since("6.2.0")
    .complexity("O(log(N)+M) with N the number of members and M the number stored")
    .summary("Stores a range of members as another sorted set.")
    .args(&[
        Arg::key("dst", 0),
        Arg::key("src", 1),
        Arg::string("min"),
        Arg::string("max"),
        Arg::one_of("sortby", &[Arg::word("byscore", "BYSCORE"), Arg::word("bylex", "BYLEX")])
            .optional(),
        Arg::word("rev", "REV").optional(),
        LIMIT,
    ]);

fn zrangestore(ctx: &mut Context<'_, '_>) -> Result<()> {
    let (selection, _) = select(ctx, 2, None, None)?;
    let count = ctx.tx.zrange_store(ctx.keys[0], ctx.keys[1], &selection)?;
    ctx.count(count)
}

/// Answers with the members of a range; the older commands say by what, and in which direction.
fn range(ctx: &mut Context<'_, '_>, by: Option<By>, back: Option<bool>) -> Result<()> {
    let (selection, scores) = select(ctx, 1, by, back)?;
    match ctx.tx.zset(ctx.key())? {
        Some(zset) => members(ctx.reply, selection.of(zset), scores),
        None => ctx.reply.array(0),
    }
    Ok(())
}

/// Reads a range: the two ends behind word `key`, and options. Returns whether scores are asked for, too.
fn select<'a>(
    ctx: &Context<'a, '_>,
    key: usize,
    by: Option<By>,
    back: Option<bool>,
) -> Result<(Selection<'a>, bool)> {
    let (mut by_option, mut back_option) = (None, None);
    let (mut scores, mut limit) = (false, None);
    let stores = key > 1;
    let mut at = key + 3;
    while let Some(word) = ctx.args.get(at) {
        match word {
            word if !stores && is(word, "withscores") => scores = true,
            word if is(word, "limit") && at + 2 < ctx.args.len() => {
                limit =
                    Some((parse::integer(&ctx.args[at + 1])?, parse::integer(&ctx.args[at + 2])?));
                at += 2;
            }
            word if back.or(back_option).is_none() && is(word, "rev") => back_option = Some(true),
            word if by.or(by_option).is_none() && is(word, "bylex") => by_option = Some(By::Lex),
            word if by.or(by_option).is_none() && is(word, "byscore") => {
                by_option = Some(By::Score)
            }
            _ => return Err(Error::Syntax),
        }
        at += 1;
    }
    let by = by.or(by_option).unwrap_or(By::Rank);
    let back = back.or(back_option).unwrap_or(false);
    if by == By::Rank && limit.is_some_and(|(_, count)| count != -1) {
        let text =
            "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX";
        return Err(Error::reply(text));
    }
    if by == By::Lex && scores {
        let text = "ERR syntax error, WITHSCORES not supported in combination with BYLEX";
        return Err(Error::reply(text));
    }
    let (mut low, mut high) = (ctx.args.at(key + 1), ctx.args.at(key + 2));
    if back && by != By::Rank {
        (low, high) = (high, low);
    }
    let limit = match limit {
        Some((offset, count)) if by != By::Rank => match usize::try_from(offset) {
            Ok(offset) => Limit { offset, count: usize::try_from(count).unwrap_or(usize::MAX) },
            Err(_) => Limit::NOTHING,
        },
        _ => Limit::ALL,
    };
    Ok((Selection { span: by.span(low, high)?, back, limit }, scores))
}
