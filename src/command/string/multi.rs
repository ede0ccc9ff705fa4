//! MGET, MSET, MSETNX, MSETEX: many keys at one moment.

use super::options::{Options, Taker};
use super::set::set_expiry;
use crate::api::{Compare, SetArgs};
use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::parse;
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::error::{Error, Result};
use crate::value::string::Digits;

pub(super) const MGET: Command = Command::new("mget", -2, mget)
    .group(Group::String)
    .flags(&[Flags::READONLY, Flags::FAST])
    .categories(&[Categories::STRING])
    .keys(&[KeySpec::range(1, -1, 1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .complexity("O(N) where N is the number of keys")
    .summary("Returns the strings at several keys at once.")
    .tips(&["request_policy:multi_shard"])
    .args(&[Arg::key("key", 0).multiple()]);

fn mget(ctx: &mut Context<'_, '_>) -> Result<()> {
    ctx.reply.array(ctx.keys.len());
    for string in ctx.tx.strings(ctx.keys)? {
        match string {
            Some(string) => ctx.reply.bulk(string.bytes(&mut Digits::new())),
            None => ctx.reply.null(),
        }
    }
    Ok(())
}

pub(super) const MSET: Command = Command::new("mset", -3, mset)
    .group(Group::String)
    .flags(&[Flags::WRITE, Flags::DENYOOM])
    .categories(&[Categories::STRING])
    .keys(&[KeySpec::range(1, -1, 2, &[KeyFlags::OW, KeyFlags::UPDATE])])
    .since("1.0.1")
    .complexity("O(N) where N is the number of keys")
    .summary("Stores several strings at once.")
    .tips(&["request_policy:multi_shard", "response_policy:all_succeeded"])
    .args(&[Arg::block("data", &[Arg::key("key", 0), Arg::string("value")]).multiple()]);

fn mset(ctx: &mut Context<'_, '_>) -> Result<()> {
    if ctx.args.len().is_multiple_of(2) {
        return Err(Error::WrongArity("mset".into()));
    }
    set_pairs(ctx, 2, &SetArgs::default())?;
    ctx.ok()
}

/// Sets the keys to the values beside them, the first value being word `first`.
fn set_pairs(ctx: &mut Context<'_, '_>, first: usize, args: &SetArgs<'_>) -> Result<bool> {
    let words = ctx.args;
    let values = (0..ctx.keys.len()).map(|i| words.at(first + 2 * i));
    ctx.tx.set_many(ctx.keys, values, args)
}

pub(super) const MSETNX: Command = Command::new("msetnx", -3, msetnx)
    .group(Group::String)
    .flags(&[Flags::WRITE, Flags::DENYOOM])
    .categories(&[Categories::STRING])
    .keys(&[KeySpec::range(1, -1, 2, &[KeyFlags::OW, KeyFlags::INSERT])])
    .since("1.0.1")
    .complexity("O(N) where N is the number of keys")
    .summary("Stores several strings at once if none of the keys exists.")
    .args(&[Arg::block("data", &[Arg::key("key", 0), Arg::string("value")]).multiple()]);

fn msetnx(ctx: &mut Context<'_, '_>) -> Result<()> {
    if ctx.args.len().is_multiple_of(2) {
        return Err(Error::WrongArity("msetnx".into()));
    }
    let set = set_pairs(ctx, 2, &SetArgs { condition: Compare::Absent, ..SetArgs::default() })?;
    ctx.integer(i64::from(set))
}

pub(super) const MSETEX: Command = Command::new("msetex", -4, msetex)
    .group(Group::String)
    .flags(&[Flags::WRITE, Flags::DENYOOM])
    .categories(&[Categories::STRING])
    .keys(&[KeySpec::counted(1, 2, &[KeyFlags::OW, KeyFlags::UPDATE])])
    .since("8.4.0")
    .complexity("O(N) where N is the number of keys")
    .summary("Stores several strings at once, on a condition and with one expiry.")
    .tips(&["request_policy:multi_shard", "response_policy:all_succeeded"])
    .args(&[
        Arg::integer("numkeys"),
        Arg::block("data", &[Arg::key("key", 0), Arg::string("value")]).multiple(),
        Arg::one_of("condition", &[Arg::word("nx", "NX"), Arg::word("xx", "XX")]).optional(),
        Arg::one_of(
            "expiration",
            &[
                Arg::integer("seconds").token("EX"),
                Arg::integer("milliseconds").token("PX"),
                Arg::unix_time("unix-time-seconds").token("EXAT"),
                Arg::unix_time("unix-time-milliseconds").token("PXAT"),
                Arg::word("keepttl", "KEEPTTL"),
            ],
        )
        .optional(),
    ]);

fn msetex(ctx: &mut Context<'_, '_>) -> Result<()> {
    let bad = || Error::reply("ERR invalid numkeys value or out of range");
    let pairs = parse::integer_or(&ctx.args[1], bad())?;
    let pairs = i32::try_from(pairs).ok().filter(|pairs| *pairs > 0).ok_or_else(bad)?.unsigned_abs()
        as usize;
    let options_at = 2 + 2 * pairs;
    if options_at > ctx.args.len() {
        return Err(Error::Syntax);
    }
    let options = Options::parse(ctx.args, options_at, Taker::MsetEx)?;
    let expiry = set_expiry(options.expiry, ctx.tx, "msetex")?;
    let set =
        set_pairs(ctx, 3, &SetArgs { expiry, condition: options.condition, previous: false })?;
    ctx.integer(i64::from(set))
}
