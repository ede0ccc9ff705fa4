//! One bit: SETBIT, GETBIT.

use crate::api::BIT_OFFSET;
use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::parse;
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::error::{Error, Result};

pub(super) const SETBIT: Command = Command::new("setbit", 4, setbit)
    .group(Group::Bitmap)
    .flags(&[Flags::WRITE, Flags::DENYOOM])
    .categories(&[Categories::BITMAP])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::ACCESS, KeyFlags::UPDATE])])
    .since("2.2.0")
    .summary("Sets or clears a bit of the string at a key, and tells what it was.")
    .args(&[Arg::key("key", 0), Arg::integer("offset"), Arg::integer("value")]);

fn setbit(ctx: &mut Context<'_, '_>) -> Result<()> {
    let at = offset(&ctx.args[2])?;
    if at / 8 >= ctx.tx.max_string() as u64 {
        return Err(BIT_OFFSET);
    }
    let not_a_bit = || Error::reply("ERR bit is not an integer or out of range");
    let on = match parse::integer_or(&ctx.args[3], not_a_bit())? {
        0 => false,
        1 => true,
        _ => return Err(not_a_bit()),
    };
    let was = ctx.tx.set_bit(ctx.key(), at, on)?;
    ctx.integer(i64::from(was))
}

/// A bit's number.
fn offset(word: &[u8]) -> Result<u64> {
    u64::try_from(parse::integer_or(word, BIT_OFFSET)?).map_err(|_| BIT_OFFSET)
}

pub(super) const GETBIT: Command = Command::new("getbit", 3, getbit)
    .group(Group::Bitmap)
    .flags(&[Flags::READONLY, Flags::FAST])
    .categories(&[Categories::BITMAP])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .since("2.2.0")
    .summary("Tells a bit of the string at a key.")
    .args(&[Arg::key("key", 0), Arg::integer("offset")]);

fn getbit(ctx: &mut Context<'_, '_>) -> Result<()> {
    let at = offset(&ctx.args[2])?;
    let bit = ctx.tx.get_bit(ctx.key(), at)?;
    ctx.integer(i64::from(bit))
}
