//! Adding, removing, asking: SADD, SREM, SISMEMBER, SMISMEMBER, SMEMBERS, SCARD, SMOVE.

use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::error::Result;
use crate::value::set::SetRef;

pub(super) const SADD: Command = Command::new("sadd", -3, sadd)
    .group(Group::Set)
    .flags(&[Flags::WRITE, Flags::DENYOOM, Flags::FAST])
    .categories(&[Categories::SET])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::INSERT])])
    .complexity("O(1) for each member")
    .summary("Adds members to a set, which is made if it is missing.")
    .history(&[("2.4.0", "Several members.")])
    .args(&[Arg::key("key", 0), Arg::string("member").multiple()]);

fn sadd(ctx: &mut Context<'_, '_>) -> Result<()> {
    let words = ctx.args;
    let added = match words.len() {
        // One member, as nearly always: without a look through the words for each step.
        3 => ctx.tx.sadd(ctx.key(), std::iter::once(words.at(2)))?,
        _ => ctx.tx.sadd(ctx.key(), (2..words.len()).map(|i| words.at(i)))?,
    };
    ctx.count(added)
}

pub(super) const SREM: Command = Command::new("srem", -3, srem)
    .group(Group::Set)
    .flags(&[Flags::WRITE, Flags::FAST])
    .categories(&[Categories::SET])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::DELETE])])
    .complexity("O(1) for each member")
    .summary("Removes members from a set.")
    .history(&[("2.4.0", "Several members.")])
    .args(&[Arg::key("key", 0), Arg::string("member").multiple()]);

fn srem(ctx: &mut Context<'_, '_>) -> Result<()> {
    let words = ctx.args;
    let removed = ctx.tx.srem(ctx.key(), (2..words.len()).map(|i| words.at(i)))?;
    ctx.count(removed)
}

pub(super) const SISMEMBER: Command = Command::new("sismember", 3, sismember)
    .group(Group::Set)
    .flags(&[Flags::READONLY, Flags::FAST])
    .categories(&[Categories::SET])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO])])
    .summary("Tells whether a set has a member.")
    .args(&[Arg::key("key", 0), Arg::string("member")]);

fn sismember(ctx: &mut Context<'_, '_>) -> Result<()> {
    let is = ctx.tx.set_at(ctx.key())?.is_some_and(|set| set.contains(&ctx.args[2]));
    ctx.integer(is.into())
}

pub(super) const SMISMEMBER: Command = Command::new("smismember", -3, smismember)
    .group(Group::Set)
    .flags(&[Flags::READONLY, Flags::FAST])
    .categories(&[Categories::SET])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .since("6.2.0")
    .complexity("O(N) where N is the number of members asked for")
    .summary("Tells for each of several members whether a set has it.")
    .args(&[Arg::key("key", 0), Arg::string("member").multiple()]);

fn smismember(ctx: &mut Context<'_, '_>) -> Result<()> {
    let words = ctx.args;
    let set = ctx.tx.set_at(ctx.key())?.unwrap_or(SetRef::EMPTY);
    ctx.reply.array(words.len() - 2);
    let members = (2..words.len()).map(|i| words.at(i));
    set.contains_each(members).for_each(|is| ctx.reply.integer(is.into()));
    Ok(())
}

pub(super) const SMEMBERS: Command = Command::new("smembers", 2, smembers)
    .group(Group::Set)
    .flags(&[Flags::READONLY])
    .categories(&[Categories::SET])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .complexity("O(N) where N is the number of members")
    .summary("Returns all members of a set.")
    .tips(&["nondeterministic_output_order"])
    .args(&[Arg::key("key", 0)]);

fn smembers(ctx: &mut Context<'_, '_>) -> Result<()> {
    let set = ctx.tx.set_at(ctx.key())?.unwrap_or(SetRef::EMPTY);
    ctx.reply.set(set.len());
    super::write(ctx.reply, set.iter());
    Ok(())
}

pub(super) const SCARD: Command = Command::new("scard", 2, scard)
    .group(Group::Set)
    .flags(&[Flags::READONLY, Flags::FAST])
    .categories(&[Categories::SET])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO])])
    .summary("Counts the members of a set.")
    .args(&[Arg::key("key", 0)]);

fn scard(ctx: &mut Context<'_, '_>) -> Result<()> {
    let len = ctx.tx.set_at(ctx.key())?.map_or(0, SetRef::len);
    ctx.count(len)
}

pub(super) const SMOVE: Command = Command::new("smove", 4, smove)
    .group(Group::Set)
    .flags(&[Flags::WRITE, Flags::FAST])
    .categories(&[Categories::SET])
    .keys(&[
        KeySpec::one(1, &[KeyFlags::RW, KeyFlags::ACCESS, KeyFlags::DELETE]),
        KeySpec::one(2, &[KeyFlags::RW, KeyFlags::INSERT]),
    ])
    .summary("Moves a member from one set to another.")
    .args(&[Arg::key("source", 0), Arg::key("destination", 1), Arg::string("member")]);

fn smove(ctx: &mut Context<'_, '_>) -> Result<()> {
    let moved = ctx.tx.smove(ctx.keys[0], ctx.keys[1], &ctx.args[3])?;
    ctx.integer(moved.into())
}
