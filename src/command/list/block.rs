//! BLPOP, BRPOP, BLMPOP, BLMOVE, BLMOVEM, BRPOPLPUSH: as LPOP and its kin, and wait where there is no list.

use super::ENDS;
use super::relocate::{HOW_MANY, element, elements, how_many, mpop_words};
use crate::api::{Elements, MoveManyWant, MoveWant, PopWant};
use crate::command::blocking::{self, Limit};
use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::reply::Reply;
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::error::Result;
use crate::value::list::End;

const POPPED: &[KeyFlags] = &[KeyFlags::RW, KeyFlags::ACCESS, KeyFlags::DELETE];
const DOUBLE: &[(&str, &str)] = &[("6.0.0", "The timeout may have a fraction.")];

pub(super) const BLPOP: Command = Command::new("blpop", -3, |ctx| pop(ctx, End::Front))
    .group(Group::List)
    .flags(&[Flags::WRITE, Flags::BLOCKING])
    .categories(&[Categories::LIST])
    .keys(&[KeySpec::range(1, -2, 1, POPPED)])
    .since("2.0.0")
    .complexity("O(N) where N is the number of keys")
    .summary(
        "Takes the first element off the first of several lists that is there, and waits for one.",
    )
    .history(DOUBLE)
    .args(&[Arg::key("key", 0).multiple(), Arg::double("timeout")]);

pub(super) const BRPOP: Command = Command::new("brpop", -3, |ctx| pop(ctx, End::Back))
    .group(Group::List)
    .flags(&[Flags::WRITE, Flags::BLOCKING])
    .categories(&[Categories::LIST])
    .keys(&[KeySpec::range(1, -2, 1, POPPED)])
    .since("2.0.0")
    .complexity("O(N) where N is the number of keys")
    .summary(
        "Takes the last element off the first of several lists that is there, and waits for one.",
    )
    .history(DOUBLE)
    .args(&[Arg::key("key", 0).multiple(), Arg::double("timeout")]);

fn pop(ctx: &mut Context<'_, '_>, end: End) -> Result<()> {
    let limit = blocking::seconds(ctx, ctx.args.at(ctx.args.len() - 1))?;
    let places = ctx.keys.iter().copied().enumerate();
    if let Some((place, elements)) = ctx.tx.pop_first(places, end, 1)? {
        write_one(ctx.keys[place].bytes, &elements, ctx.reply);
        return Ok(());
    }
    if !ctx.may_wait() {
        ctx.reply.null_array();
        return Ok(());
    }
    let want = PopWant::new(ctx.keys, end, 1);
    ctx.wait(want, limit, |want, (place, elements), reply| {
        write_one(want.key(place), &elements, reply);
    })
}

fn write_one(key: &[u8], elements: &Elements, reply: &mut dyn Reply) {
    reply.array(2);
    reply.bulk(key);
    elements.iter().for_each(|element| reply.bulk(element));
}

pub(super) const BLMPOP: Command = Command::new("blmpop", -5, blmpop)
    .group(Group::List)
    .flags(&[Flags::WRITE, Flags::BLOCKING])
    .categories(&[Categories::LIST])
    .keys(&[KeySpec::counted(2, 1, POPPED)])
    .since("7.0.0")
    .complexity("O(N+M) where N is the number of keys and M that of elements returned")
    .summary("Takes elements off the first of several lists that is there, and waits for them.")
    .args(&[
        Arg::double("timeout"),
        Arg::integer("numkeys"),
        Arg::key("key", 0).multiple(),
        Arg::one_of("where", ENDS),
        Arg::integer("count").token("COUNT").optional(),
    ]);

fn blmpop(ctx: &mut Context<'_, '_>) -> Result<()> {
    let (end, count) = mpop_words(ctx.args, 2)?;
    let limit = blocking::seconds(ctx, ctx.args.at(1))?;
    let places = ctx.keys.iter().copied().enumerate();
    if let Some((place, elements)) = ctx.tx.pop_first(places, end, count)? {
        write_all(ctx.keys[place].bytes, &elements, ctx.reply);
        return Ok(());
    }
    if !ctx.may_wait() {
        ctx.reply.null_array();
        return Ok(());
    }
    let want = PopWant::new(ctx.keys, end, count);
    ctx.wait(want, limit, |want, (place, elements), reply| {
        write_all(want.key(place), &elements, reply);
    })
}

fn write_all(key: &[u8], elements: &Elements, reply: &mut dyn Reply) {
    reply.array(2);
    reply.bulk(key);
    reply.array(elements.len());
    elements.iter().for_each(|element| reply.bulk(element));
}

pub(super) const BLMOVE: Command = Command::new("blmove", 6, blmove)
    .group(Group::List)
    .flags(&[Flags::WRITE, Flags::DENYOOM, Flags::BLOCKING])
    .categories(&[Categories::LIST])
    .keys(&[KeySpec::one(1, POPPED), KeySpec::one(2, &[KeyFlags::RW, KeyFlags::INSERT])])
    .since("6.2.0")
    .summary("Takes an element off one list and adds it to another, and waits for one.")
    .args(&[
        Arg::key("source", 0),
        Arg::key("destination", 1),
        Arg::one_of("wherefrom", ENDS),
        Arg::one_of("whereto", ENDS),
        Arg::double("timeout"),
    ]);

fn blmove(ctx: &mut Context<'_, '_>) -> Result<()> {
    let (from, to) = (super::end(&ctx.args[3])?, super::end(&ctx.args[4])?);
    let limit = blocking::seconds(ctx, ctx.args.at(5))?;
    relocate(ctx, from, to, limit)
}

pub(super) const BLMOVEM: Command = Command::new("blmovem", -6, blmovem)
    .group(Group::List)
    .flags(&[Flags::WRITE, Flags::DENYOOM, Flags::BLOCKING])
    .categories(&[Categories::LIST])
    .keys(&[KeySpec::one(1, POPPED), KeySpec::one(2, &[KeyFlags::RW, KeyFlags::INSERT])])
    .since("8.10.0")
    .complexity("O(N) where N is the number of elements moved")
    .summary("Takes elements off one list and adds them to another, and waits for them.")
    .args(&[
        Arg::key("source", 0),
        Arg::key("destination", 1),
        Arg::one_of("wherefrom", ENDS),
        Arg::one_of("whereto", ENDS),
        Arg::double("timeout"),
        HOW_MANY,
    ]);

fn blmovem(ctx: &mut Context<'_, '_>) -> Result<()> {
    let [from, to] = [super::end(&ctx.args[3])?, super::end(&ctx.args[4])?];
    let limit = blocking::seconds(ctx, ctx.args.at(5))?;
    let how = how_many(ctx.args, 6)?;
    let (source, target) = (ctx.keys[0], ctx.keys[1]);
    let moved = ctx.tx.list_move_many(source, target, [from, to], how)?;
    if moved.is_some() || !ctx.may_wait() {
        elements(ctx.reply, moved);
        return Ok(());
    }
    let want = MoveManyWant::new(MoveWant::new(source, target, from, to), how);
    ctx.wait(want, limit, |_, moved, reply| elements(reply, Some(moved)))
}

pub(super) const BRPOPLPUSH: Command = Command::new("brpoplpush", 4, brpoplpush)
    .group(Group::List)
    .flags(&[Flags::WRITE, Flags::DENYOOM, Flags::BLOCKING])
    .categories(&[Categories::LIST])
    .keys(&[KeySpec::one(1, POPPED), KeySpec::one(2, &[KeyFlags::RW, KeyFlags::INSERT])])
    .since("2.2.0")
    .summary(
        "Takes the last element off one list and adds it in front of another, and waits for one.",
    )
    .deprecated("6.2.0", "`BLMOVE` with the `RIGHT` and `LEFT` arguments")
    .history(DOUBLE)
    .args(&[Arg::key("source", 0), Arg::key("destination", 1), Arg::double("timeout")]);

fn brpoplpush(ctx: &mut Context<'_, '_>) -> Result<()> {
    let limit = blocking::seconds(ctx, ctx.args.at(3))?;
    relocate(ctx, End::Back, End::Front, limit)
}

fn relocate(ctx: &mut Context<'_, '_>, from: End, to: End, limit: Limit) -> Result<()> {
    let (source, target) = (ctx.keys[0], ctx.keys[1]);
    let moved = ctx.tx.list_move(source, target, from, to)?;
    if moved.is_some() || !ctx.may_wait() {
        element(ctx.reply, moved);
        return Ok(());
    }
    let want = MoveWant::new(source, target, from, to);
    ctx.wait(want, limit, |_, element, reply| reply.bulk(&element))
}
