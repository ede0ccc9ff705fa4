//! BZPOPMIN, BZPOPMAX, BZMPOP: as ZPOPMIN and its kin, and wait where there is no sorted set.

use super::remove::{mpop_words, pairs};
use crate::api::{Popped, ZEnd, ZPopWant};
use crate::command::blocking;
use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::reply::Reply;
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::error::Result;

const POPPED: &[KeyFlags] = &[KeyFlags::RW, KeyFlags::ACCESS, KeyFlags::DELETE];
const DOUBLE: &[(&str, &str)] = &[("6.0.0", "The timeout may have a fraction.")];

pub(super) const BZPOPMIN: Command = Command::new("bzpopmin", -3, |ctx| pop(ctx, ZEnd::Min))
    .group(Group::SortedSet)
    .flags(&[Flags::WRITE, Flags::FAST, Flags::BLOCKING])
    .categories(&[Categories::SORTEDSET])
    .keys(&[KeySpec::range(1, -2, 1, POPPED)])
    .since("5.0.0")
    .complexity("O(K + log(N)) with K keys and N members")
    .summary("Removes the member with the lowest score of the first of several sorted sets that is there, and waits for one.")
    .history(DOUBLE)
    .args(&[Arg::key("key", 0).multiple(), Arg::double("timeout")]);

pub(super) const BZPOPMAX: Command = Command::new("bzpopmax", -3, |ctx| pop(ctx, ZEnd::Max))
    .group(Group::SortedSet)
    .flags(&[Flags::WRITE, Flags::FAST, Flags::BLOCKING])
    .categories(&[Categories::SORTEDSET])
    .keys(&[KeySpec::range(1, -2, 1, POPPED)])
    .since("5.0.0")
    .complexity("O(K + log(N)) with K keys and N members")
    .summary("Removes the member with the highest score of the first of several sorted sets that is there, and waits for one.")
    .history(DOUBLE)
    .args(&[Arg::key("key", 0).multiple(), Arg::double("timeout")]);

fn pop(ctx: &mut Context<'_, '_>, end: ZEnd) -> Result<()> {
    let limit = blocking::seconds(ctx, ctx.args.at(ctx.args.len() - 1))?;
    if let Some((place, popped)) = ctx.tx.zmpop(ctx.keys, end, 1)? {
        write_one(ctx.keys[place].bytes, &popped, ctx.reply);
        return Ok(());
    }
    if !ctx.may_wait() {
        ctx.reply.null_array();
        return Ok(());
    }
    let want = ZPopWant::new(ctx.keys, end, 1);
    ctx.wait(want, limit, |want, (place, popped), reply| write_one(want.key(place), &popped, reply))
}

fn write_one(key: &[u8], popped: &Popped, reply: &mut dyn Reply) {
    reply.array(3);
    reply.bulk(key);
    for (member, score) in popped {
        reply.bulk(member);
        reply.double(score.get());
    }
}

pub(super) const BZMPOP: Command = Command::new("bzmpop", -5, bzmpop)
    .group(Group::SortedSet)
    .flags(&[Flags::WRITE, Flags::BLOCKING])
    .categories(&[Categories::SORTEDSET])
    .keys(&[KeySpec::counted(2, 1, POPPED)])
    .since("7.0.0")
    .complexity("O(K)+O(M*log(N)) with K keys, N members and M of them popped")
    .summary("Pops from the first of several sorted sets that is there, and waits for one.")
    .args(&[
        Arg::double("timeout"),
        Arg::integer("numkeys"),
        Arg::key("key", 0).multiple(),
        Arg::one_of("where", &[Arg::word("min", "MIN"), Arg::word("max", "MAX")]),
        Arg::integer("count").token("COUNT").optional(),
    ]);

fn bzmpop(ctx: &mut Context<'_, '_>) -> Result<()> {
    let (end, count) = mpop_words(ctx.args, 2)?;
    let limit = blocking::seconds(ctx, ctx.args.at(1))?;
    if let Some((place, popped)) = ctx.tx.zmpop(ctx.keys, end, count)? {
        write_all(ctx.keys[place].bytes, &popped, ctx.reply);
        return Ok(());
    }
    if !ctx.may_wait() {
        ctx.reply.null_array();
        return Ok(());
    }
    let want = ZPopWant::new(ctx.keys, end, count);
    ctx.wait(want, limit, |want, (place, popped), reply| write_all(want.key(place), &popped, reply))
}

fn write_all(key: &[u8], popped: &Popped, reply: &mut dyn Reply) {
    reply.array(2);
    reply.bulk(key);
    pairs(reply, popped, true);
}
