//! Looking at members: ZSCORE, ZCARD, ZCOUNT, ZRANDMEMBER, ZSCAN and their like.

use super::span::By;
use super::{begin, one};
use crate::api::Picks;
use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::parse::{self, is};
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::command::scan::{self, ScanWords, Scanned};
use crate::error::{Error, Result};
use crate::text::double;
use crate::value::Encoding;
use crate::value::string::Digits;
pub(super) const ZCARD: Command = Command::new("zcard", 2, zcard)
    .group(Group::SortedSet)
    .flags(&[Flags::READONLY, Flags::FAST])
    .categories(&[Categories::SORTEDSET])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO])])
    .since("1.2.0")
    .complexity("O(1)")
    .summary("Counts the members of a sorted set.")
    .args(&[Arg::key("key", 0)]);

fn zcard(ctx: &mut Context<'_, '_>) -> Result<()> {
    let len = ctx.tx.zset(ctx.key())?.map_or(0, |zset| zset.len());
    ctx.count(len)
}

pub(super) const ZSCORE: Command = Command::new("zscore", 3, zscore)
    .group(Group::SortedSet)
    .flags(&[Flags::READONLY, Flags::FAST])
    .categories(&[Categories::SORTEDSET])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .since("1.2.0")
    .complexity("O(1)")
    .summary("Returns the score of a member.")
    .args(&[Arg::key("key", 0), Arg::string("member")]);

fn zscore(ctx: &mut Context<'_, '_>) -> Result<()> {
    match ctx.tx.zset(ctx.key())?.and_then(|zset| zset.score(&ctx.args[2])) {
        Some(score) => ctx.reply.double(score),
        None => ctx.reply.null(),
    }
    Ok(())
}

pub(super) const ZMSCORE: Command = Command::new("zmscore", -3, zmscore)
    .group(Group::SortedSet)
    .flags(&[Flags::READONLY, Flags::FAST])
    .categories(&[Categories::SORTEDSET])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .since("6.2.0")
    .complexity("O(N) with N the number of members asked for")
    .summary("Returns the scores of several members.")
    .args(&[Arg::key("key", 0), Arg::string("member").multiple()]);

fn zmscore(ctx: &mut Context<'_, '_>) -> Result<()> {
    let zset = ctx.tx.zset(ctx.key())?;
    ctx.reply.array(ctx.args.len() - 2);
    for member in ctx.args.iter_from(2) {
        match zset.and_then(|zset| zset.score(member)) {
            Some(score) => ctx.reply.double(score),
            None => ctx.reply.null(),
        }
    }
    Ok(())
}

pub(super) const ZCOUNT: Command = Command::new("zcount", 4, zcount)
    .group(Group::SortedSet)
    .flags(&[Flags::READONLY, Flags::FAST])
    .categories(&[Categories::SORTEDSET])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .since("2.0.0")
    .complexity("O(log(N)) with N the number of members")
    .summary("Counts the members with scores in a range.")
    .args(&[Arg::key("key", 0), Arg::double("min"), Arg::double("max")]);

fn zcount(ctx: &mut Context<'_, '_>) -> Result<()> {
    count(ctx, By::Score)
}

pub(super) const ZLEXCOUNT: Command = Command::new("zlexcount", 4, zlexcount)
    .group(Group::SortedSet)
    .flags(&[Flags::READONLY, Flags::FAST])
    .categories(&[Categories::SORTEDSET])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .since("2.8.9")
    .complexity("O(log(N)) with N the number of members")
    .summary("Counts the members between two, by their bytes.")
    .args(&[Arg::key("key", 0), Arg::string("min"), Arg::string("max")]);

fn zlexcount(ctx: &mut Context<'_, '_>) -> Result<()> {
    count(ctx, By::Lex)
}

fn count(ctx: &mut Context<'_, '_>, by: By) -> Result<()> {
    let span = by.span(ctx.args.at(2), ctx.args.at(3))?;
    let count = ctx.tx.zset(ctx.key())?.map_or(0, |zset| zset.ranks(span).len());
    ctx.count(count)
}

pub(super) const ZRANDMEMBER: Command = Command::new("zrandmember", -2, zrandmember)
    .group(Group::SortedSet)
    .flags(&[Flags::READONLY])
    .categories(&[Categories::SORTEDSET])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .since("6.2.0")
    .complexity("O(N) with N the number returned")
    .summary("Returns members by chance.")
    .tips(&["nondeterministic_output"])
    .args(&[
        Arg::key("key", 0),
        Arg::block(
            "options",
            &[Arg::integer("count"), Arg::word("withscores", "WITHSCORES").optional()],
        )
        .optional(),
    ]);

fn zrandmember(ctx: &mut Context<'_, '_>) -> Result<()> {
    let Some(word) = ctx.args.get(2) else {
        let zset = ctx.tx.zset(ctx.key())?;
        let member = zset.and_then(|zset| {
            let rank = ctx.tx.zpick(zset, Picks::Any(1)).next()?;
            zset.members(rank..rank + 1, false).next()
        });
        match member {
            Some((member, _)) => ctx.reply.bulk(member.bytes(&mut Digits::new())),
            None => ctx.reply.null(),
        }
        return Ok(());
    };
    let count = parse::integer(word)?;
    if count == i64::MIN {
        let text = "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807";
        return Err(Error::reply(text));
    }
    let scores = match ctx.args.get(3) {
        None => false,
        Some(option) if ctx.args.len() == 4 && is(option, "withscores") => true,
        Some(_) => return Err(Error::Syntax),
    };
    if scores && count.unsigned_abs() > i64::MAX.unsigned_abs() / 2 {
        return Err(Error::reply("ERR value is out of range"));
    }
    let Some(zset) = ctx.tx.zset(ctx.key())? else {
        ctx.reply.array(0);
        return Ok(());
    };
    let many = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    let (picks, len) = match count {
        0.. => (Picks::Different(many), many.min(zset.len())),
        _ => (Picks::Any(many), many),
    };
    begin(ctx.reply, len, scores);
    let mut digits = Digits::new();
    for rank in ctx.tx.zpick(zset, picks) {
        for (member, score) in zset.members(rank..rank + 1, false) {
            one(ctx.reply, member.bytes(&mut digits), score, scores);
        }
    }
    Ok(())
}

pub(super) const ZSCAN: Command = Command::new("zscan", -3, zscan)
    .group(Group::SortedSet)
    .flags(&[Flags::READONLY])
    .categories(&[Categories::SORTEDSET])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .since("2.8.0")
    .complexity("O(1) for each call, O(N) for all members")
    .summary("Goes through the members of a sorted set step by step.")
    .history(&[("8.0.0", "Option `NOSCORES`.")])
    .tips(&["nondeterministic_output"])
    .args(&[
        Arg::key("key", 0),
        Arg::integer("cursor"),
        Arg::pattern("pattern").token("MATCH").optional(),
        Arg::integer("count").token("COUNT").optional(),
        Arg::word("noscores", "NOSCORES").optional(),
    ]);

fn zscan(ctx: &mut Context<'_, '_>) -> Result<()> {
    let cursor = scan::cursor(&ctx.args[2])?;
    let Some(zset) = ctx.tx.zset(ctx.key())? else {
        scan::begin(ctx.reply, 0, 0);
        return Ok(());
    };
    let words = ScanWords::parse(ctx.args, 3, Scanned::Scores)?;
    let mut found = Vec::new();
    let next = zset.scan(cursor, words.count, |member, score| {
        if words.takes(member) {
            found.push((member.to_vec(), score));
        }
    });
    // Servers print the scores of big sorted sets in full.
    let write = match zset.encoding() {
        Encoding::Listpack => double::write,
        _ => double::write_17,
    };
    scan::begin(ctx.reply, next, if words.bare { found.len() } else { 2 * found.len() });
    let mut text = Vec::new();
    for (member, score) in found {
        ctx.reply.bulk(&member);
        if !words.bare {
            text.clear();
            write(score, &mut text);
            ctx.reply.bulk(&text);
        }
    }
    Ok(())
}
