//! HINCRBY, HINCRBYFLOAT.

use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::parse;
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::error::{Error, Result};
use crate::text::extended::Extended;

pub(super) const HINCRBY: Command = Command::new("hincrby", 4, hincrby)
    .group(Group::Hash)
    .flags(&[Flags::WRITE, Flags::DENYOOM, Flags::FAST])
    .categories(&[Categories::HASH])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::ACCESS, KeyFlags::UPDATE])])
    .since("2.0.0")
    .summary("Adds to the integer in a hash's field.")
    .args(&[Arg::key("key", 0), Arg::string("field"), Arg::integer("increment")]);

fn hincrby(ctx: &mut Context<'_, '_>) -> Result<()> {
    let by = parse::integer(&ctx.args[3])?;
    let sum = ctx.tx.hincr_by(ctx.key(), ctx.args.at(2), by)?;
    ctx.integer(sum)
}

pub(super) const HINCRBYFLOAT: Command = Command::new("hincrbyfloat", 4, hincrbyfloat)
    .group(Group::Hash)
    .flags(&[Flags::WRITE, Flags::DENYOOM, Flags::FAST])
    .categories(&[Categories::HASH])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::ACCESS, KeyFlags::UPDATE])])
    .since("2.6.0")
    .summary("Adds to the floating-point number in a hash's field.")
    .args(&[Arg::key("key", 0), Arg::string("field"), Arg::double("increment")]);

fn hincrbyfloat(ctx: &mut Context<'_, '_>) -> Result<()> {
    let by = match Extended::parse(&ctx.args[3]).ok_or(Error::NotFloat)? {
        Extended::Infinite(_) => return Err(Error::reply("ERR value is NaN or Infinity")),
        by => by,
    };
    let sum = ctx.tx.hincr_by_float(ctx.key(), ctx.args.at(2), by)?;
    ctx.reply.bulk(&sum);
    Ok(())
}
