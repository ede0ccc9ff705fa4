//! Parts of strings: STRLEN, GETRANGE, SUBSTR, SETRANGE, APPEND.

use crate::api::byte_range;
use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::parse;
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::error::{Error, Result};
use crate::value::string::Digits;

pub(super) const STRLEN: Command = Command::new("strlen", 2, strlen)
    .group(Group::String)
    .flags(&[Flags::READONLY, Flags::FAST])
    .categories(&[Categories::STRING])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO])])
    .since("2.2.0")
    .summary("Tells the length of the string at a key.")
    .args(&[Arg::key("key", 0)]);

fn strlen(ctx: &mut Context<'_, '_>) -> Result<()> {
    let len = ctx.tx.string(ctx.key())?.map_or(0, |string| string.len());
    ctx.count(len)
}

pub(super) const GETRANGE: Command = Command::new("getrange", 4, getrange)
    .group(Group::String)
    .flags(&[Flags::READONLY])
    .categories(&[Categories::STRING])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .since("2.4.0")
    .complexity("O(N) where N is the length of what is returned")
    .summary("Returns a part of the string at a key.")
    .args(&[Arg::key("key", 0), Arg::integer("start"), Arg::integer("end")]);

fn getrange(ctx: &mut Context<'_, '_>) -> Result<()> {
    let start = parse::integer(&ctx.args[2])?;
    let end = parse::integer(&ctx.args[3])?;
    let mut digits = Digits::new();
    let bytes = match ctx.tx.string(ctx.key())? {
        Some(string) => string.bytes(&mut digits),
        None => b"",
    };
    ctx.reply.bulk(&bytes[byte_range(bytes.len(), start, end)]);
    Ok(())
}

/// The old name of GETRANGE.
pub(super) const SUBSTR: Command = Command::new("substr", 4, getrange)
    .group(Group::String)
    .flags(&[Flags::READONLY])
    .categories(&[Categories::STRING])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .complexity("O(N) where N is the length of what is returned")
    .summary("Returns a part of the string at a key.")
    .deprecated("2.0.0", "`GETRANGE`")
    .args(&[Arg::key("key", 0), Arg::integer("start"), Arg::integer("end")]);

pub(super) const SETRANGE: Command = Command::new("setrange", 4, setrange)
    .group(Group::String)
    .flags(&[Flags::WRITE, Flags::DENYOOM])
    .categories(&[Categories::STRING])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::UPDATE])])
    .since("2.2.0")
    .complexity("O(N) where N is the length of what is written")
    .summary("Overwrites a part of the string at a key.")
    .args(&[Arg::key("key", 0), Arg::integer("offset"), Arg::string("value")]);

fn setrange(ctx: &mut Context<'_, '_>) -> Result<()> {
    let offset = parse::integer(&ctx.args[2])?;
    let offset = usize::try_from(offset).map_err(|_| Error::OffsetOutOfRange)?;
    let len = ctx.tx.set_range(ctx.key(), offset, ctx.args.at(3))?;
    ctx.count(len)
}

pub(super) const APPEND: Command = Command::new("append", 3, append)
    .group(Group::String)
    .flags(&[Flags::WRITE, Flags::DENYOOM, Flags::FAST])
    .categories(&[Categories::STRING])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::INSERT])])
    .since("2.0.0")
    .complexity("O(N) where N is the length of what is added")
    .summary("Adds to the end of the string at a key.")
    .args(&[Arg::key("key", 0), Arg::string("value")]);

fn append(ctx: &mut Context<'_, '_>) -> Result<()> {
    let len = ctx.tx.append(ctx.key(), ctx.args.at(2))?;
    ctx.count(len)
}
