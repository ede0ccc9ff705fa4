//! HSET, HMSET, HSETNX, HDEL.

use crate::command::args::Args;
use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::error::{Error, Result};

pub(super) const HSET: Command = Command::new("hset", -4, hset)
    .group(Group::Hash)
    .flags(&[Flags::WRITE, Flags::DENYOOM, Flags::FAST])
    .categories(&[Categories::HASH])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::UPDATE])])
    .since("2.0.0")
    .complexity("O(N) where N is the number of fields that are set")
    .summary("Sets fields of a hash.")
    .history(&[("4.0.0", "Several fields at once.")])
    .args(&[
        Arg::key("key", 0),
        Arg::block("data", &[Arg::string("field"), Arg::string("value")]).multiple(),
    ]);

fn hset(ctx: &mut Context<'_, '_>) -> Result<()> {
    let created = set(ctx, "hset")?;
    ctx.count(created)
}

fn set(ctx: &mut Context<'_, '_>, command: &'static str) -> Result<usize> {
    if ctx.args.len() % 2 == 1 {
        return Err(Error::WrongArity(command.into()));
    }
    let args = ctx.args;
    match args.len() {
        // One pair, as nearly always: without a look through the words for each step.
        4 => ctx.tx.hset(ctx.key(), std::iter::once((args.at(2), args.at(3)))),
        _ => ctx.tx.hset(ctx.key(), pairs(args, 2)),
    }
}

/// The words from `from` on, two and two.
pub(super) fn pairs<'a>(
    args: Args<'a>,
    from: usize,
) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + Clone {
    (from..args.len()).step_by(2).map(move |i| (args.at(i), args.at(i + 1)))
}

pub(super) const HMSET: Command = Command::new("hmset", -4, hmset)
    .group(Group::Hash)
    .flags(&[Flags::WRITE, Flags::DENYOOM, Flags::FAST])
    .categories(&[Categories::HASH])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::UPDATE])])
    .since("2.0.0")
    .complexity("O(N) where N is the number of fields that are set")
    .summary("Sets several fields of a hash.")
    .deprecated("4.0.0", "`HSET` with multiple field-value pairs")
    .args(&[
        Arg::key("key", 0),
        Arg::block("data", &[Arg::string("field"), Arg::string("value")]).multiple(),
    ]);

fn hmset(ctx: &mut Context<'_, '_>) -> Result<()> {
    set(ctx, "hmset")?;
    ctx.ok()
}

pub(super) const HSETNX: Command = Command::new("hsetnx", 4, hsetnx)
    .group(Group::Hash)
    .flags(&[Flags::WRITE, Flags::DENYOOM, Flags::FAST])
    .categories(&[Categories::HASH])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::INSERT])])
    .since("2.0.0")
    .summary("Sets a field of a hash only where there is none.")
    .args(&[Arg::key("key", 0), Arg::string("field"), Arg::string("value")]);

fn hsetnx(ctx: &mut Context<'_, '_>) -> Result<()> {
    let set = ctx.tx.hset_nx(ctx.key(), ctx.args.at(2), ctx.args.at(3))?;
    ctx.integer(i64::from(set))
}

pub(super) const HDEL: Command = Command::new("hdel", -3, hdel)
    .group(Group::Hash)
    .flags(&[Flags::WRITE, Flags::FAST])
    .categories(&[Categories::HASH])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::DELETE])])
    .since("2.0.0")
    .complexity("O(N) where N is the number of fields that are removed")
    .summary("Removes fields of a hash, and with the last one the key.")
    .history(&[("2.4.0", "Several fields at once.")])
    .args(&[Arg::key("key", 0), Arg::string("field").multiple()]);

fn hdel(ctx: &mut Context<'_, '_>) -> Result<()> {
    let args = ctx.args;
    let removed = ctx.tx.hdel(ctx.key(), (2..args.len()).map(|i| args.at(i)))?;
    ctx.count(removed)
}
