//! Numbers in strings: INCR, DECR, INCRBY, DECRBY, INCRBYFLOAT.

use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::parse;
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::error::{Error, Result};
use crate::text::extended::Extended;

pub(super) const INCR: Command = Command::new("incr", 2, incr)
    .group(Group::String)
    .flags(&[Flags::WRITE, Flags::DENYOOM, Flags::FAST])
    .categories(&[Categories::STRING])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::ACCESS, KeyFlags::UPDATE])])
    .summary("Adds one to the integer at a key.")
    .args(&[Arg::key("key", 0)]);

fn incr(ctx: &mut Context<'_, '_>) -> Result<()> {
    add(ctx, 1)
}

fn add(ctx: &mut Context<'_, '_>, by: i64) -> Result<()> {
    let sum = ctx.tx.incr_by(ctx.key(), by)?;
    ctx.integer(sum)
}

pub(super) const DECR: Command = Command::new("decr", 2, decr)
    .group(Group::String)
    .flags(&[Flags::WRITE, Flags::DENYOOM, Flags::FAST])
    .categories(&[Categories::STRING])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::ACCESS, KeyFlags::UPDATE])])
    .summary("Subtracts one from the integer at a key.")
    .args(&[Arg::key("key", 0)]);

fn decr(ctx: &mut Context<'_, '_>) -> Result<()> {
    add(ctx, -1)
}

pub(super) const INCRBY: Command = Command::new("incrby", 3, incrby)
    .group(Group::String)
    .flags(&[Flags::WRITE, Flags::DENYOOM, Flags::FAST])
    .categories(&[Categories::STRING])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::ACCESS, KeyFlags::UPDATE])])
    .summary("Adds to the integer at a key.")
    .args(&[Arg::key("key", 0), Arg::integer("increment")]);

fn incrby(ctx: &mut Context<'_, '_>) -> Result<()> {
    add(ctx, parse::integer(&ctx.args[2])?)
}

pub(super) const DECRBY: Command = Command::new("decrby", 3, decrby)
    .group(Group::String)
    .flags(&[Flags::WRITE, Flags::DENYOOM, Flags::FAST])
    .categories(&[Categories::STRING])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::ACCESS, KeyFlags::UPDATE])])
    .summary("Subtracts from the integer at a key.")
    .args(&[Arg::key("key", 0), Arg::integer("decrement")]);

fn decrby(ctx: &mut Context<'_, '_>) -> Result<()> {
    let by = parse::integer(&ctx.args[2])?;
    add(ctx, by.checked_neg().ok_or(Error::reply("ERR decrement would overflow"))?)
}

pub(super) const INCRBYFLOAT: Command = Command::new("incrbyfloat", 3, incrbyfloat)
    .group(Group::String)
    .flags(&[Flags::WRITE, Flags::DENYOOM, Flags::FAST])
    .categories(&[Categories::STRING])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::ACCESS, KeyFlags::UPDATE])])
    .since("2.6.0")
    .summary("Adds to the floating-point number at a key.")
    .args(&[Arg::key("key", 0), Arg::double("increment")]);

fn incrbyfloat(ctx: &mut Context<'_, '_>) -> Result<()> {
    let Some(by) = Extended::parse(&ctx.args[2]) else {
        // The key's type comes before the number.
        ctx.tx.peek(ctx.key())?.map(|entry| entry.string()).transpose()?;
        return Err(Error::NotFloat);
    };
    let sum = ctx.tx.incr_by_float(ctx.key(), by)?;
    ctx.reply.bulk(&sum);
    Ok(())
}
