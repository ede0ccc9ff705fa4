//! SET and the older commands that it replaced.

use super::get::optional;
use super::options::{Expiry, Options, Taker, Unit};
use crate::api::{Compare, SetArgs};
use crate::command::args::Args;
use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::parse::is;
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::error::Result;
use crate::keyspace::Tx;
use crate::value::SetExpiry;

pub(super) const SET: Command = Command::new("set", -3, set)
    .group(Group::String)
    .flags(&[Flags::WRITE, Flags::DENYOOM])
    .categories(&[Categories::STRING])
    .keys(&[KeySpec::one(
        1,
        &[KeyFlags::RW, KeyFlags::ACCESS, KeyFlags::UPDATE, KeyFlags::VARIABLE_FLAGS],
    )
    .notes("The old value is read with `GET` and with comparisons only.")
    .refined(key_flags)])
    .summary("Stores a string at a key, whatever was there.")
    .history(&[
        ("2.6.12", "Options `EX`, `PX`, `NX` and `XX`."),
        ("6.0.0", "Option `KEEPTTL`."),
        ("6.2.0", "Options `GET`, `EXAT` and `PXAT`."),
        ("7.0.0", "`NX` and `GET` together."),
        ("8.4.0", "Options `IFEQ`, `IFNE`, `IFDEQ` and `IFDNE`."),
    ])
    .args(&[
        Arg::key("key", 0),
        Arg::string("value"),
        Arg::one_of(
            "condition",
            &[
                Arg::word("nx", "NX"),
                Arg::word("xx", "XX"),
                Arg::string("ifeq-value").token("IFEQ").since("8.4.0"),
                Arg::string("ifne-value").token("IFNE").since("8.4.0"),
                Arg::string("ifdeq-digest").token("IFDEQ").since("8.4.0"),
                Arg::string("ifdne-digest").token("IFDNE").since("8.4.0"),
            ],
        )
        .optional()
        .since("2.6.12"),
        Arg::word("get", "GET").optional().since("6.2.0"),
        Arg::one_of(
            "expiration",
            &[
                Arg::integer("seconds").token("EX").since("2.6.12"),
                Arg::integer("milliseconds").token("PX").since("2.6.12"),
                Arg::unix_time("unix-time-seconds").token("EXAT").since("6.2.0"),
                Arg::unix_time("unix-time-milliseconds").token("PXAT").since("6.2.0"),
                Arg::word("keepttl", "KEEPTTL").since("6.0.0"),
            ],
        )
        .optional(),
    ]);

/// What SET does with its key: to compare it or to return it is to read it.
fn key_flags(args: &Args<'_>) -> KeyFlags {
    const READING: [&str; 5] = ["get", "ifeq", "ifne", "ifdeq", "ifdne"];
    let reads = args.iter_from(3).any(|word| READING.iter().any(|option| is(word, option)));
    if reads {
        KeyFlags::RW | KeyFlags::ACCESS | KeyFlags::UPDATE
    } else {
        KeyFlags::OW | KeyFlags::UPDATE
    }
}

fn set(ctx: &mut Context<'_, '_>) -> Result<()> {
    let (key, value) = (ctx.key(), ctx.args.at(2));
    if ctx.args.len() == 3 {
        ctx.tx.set(key, value, &SetArgs::default())?;
        return ctx.ok();
    }
    let options = Options::parse(ctx.args, 3, Taker::Set)?;
    let expiry = set_expiry(options.expiry, ctx.tx, "set")?;
    let args = SetArgs { expiry, condition: options.condition, previous: options.get };
    let outcome = ctx.tx.set(key, value, &args)?;
    match (options.get, outcome.set) {
        (true, _) => optional(ctx.reply, outcome.previous),
        (false, true) => ctx.reply.simple("OK"),
        (false, false) => ctx.reply.null(),
    }
    Ok(())
}

/// What the options of `command` do to the expiry of a key that is set.
pub(super) fn set_expiry(
    expiry: Expiry<'_>,
    tx: &Tx<'_>,
    command: &'static str,
) -> Result<SetExpiry> {
    match expiry {
        Expiry::Given(unit, word) => unit.read(word, tx, command).map(SetExpiry::At),
        Expiry::Keep => Ok(SetExpiry::Keep),
        Expiry::Unsaid | Expiry::Persist => Ok(SetExpiry::Clear),
    }
}

pub(super) const SETEX: Command = Command::new("setex", 4, setex)
    .group(Group::String)
    .flags(&[Flags::WRITE, Flags::DENYOOM])
    .categories(&[Categories::STRING])
    .keys(&[KeySpec::one(1, &[KeyFlags::OW, KeyFlags::UPDATE])])
    .since("2.0.0")
    .summary("Stores a string that expires after so many seconds.")
    .deprecated("2.6.12", "`SET` with the `EX` argument")
    .args(&[Arg::key("key", 0), Arg::integer("seconds"), Arg::string("value")]);

fn setex(ctx: &mut Context<'_, '_>) -> Result<()> {
    set_until(ctx, Unit::Ex, "setex")
}

pub(super) const PSETEX: Command = Command::new("psetex", 4, psetex)
    .group(Group::String)
    .flags(&[Flags::WRITE, Flags::DENYOOM])
    .categories(&[Categories::STRING])
    .keys(&[KeySpec::one(1, &[KeyFlags::OW, KeyFlags::UPDATE])])
    .since("2.6.0")
    .summary("Stores a string that expires after so many milliseconds.")
    .deprecated("2.6.12", "`SET` with the `PX` argument")
    .args(&[Arg::key("key", 0), Arg::integer("milliseconds"), Arg::string("value")]);

fn psetex(ctx: &mut Context<'_, '_>) -> Result<()> {
    set_until(ctx, Unit::Px, "psetex")
}

fn set_until(ctx: &mut Context<'_, '_>, unit: Unit, command: &'static str) -> Result<()> {
    let expiry = SetExpiry::At(unit.read(&ctx.args[2], ctx.tx, command)?);
    ctx.tx.set(ctx.key(), ctx.args.at(3), &SetArgs { expiry, ..SetArgs::default() })?;
    ctx.ok()
}

pub(super) const SETNX: Command = Command::new("setnx", 3, setnx)
    .group(Group::String)
    .flags(&[Flags::WRITE, Flags::DENYOOM, Flags::FAST])
    .categories(&[Categories::STRING])
    .keys(&[KeySpec::one(1, &[KeyFlags::OW, KeyFlags::INSERT])])
    .summary("Stores a string only where there is no key.")
    .deprecated("2.6.12", "`SET` with the `NX` argument")
    .args(&[Arg::key("key", 0), Arg::string("value")]);

fn setnx(ctx: &mut Context<'_, '_>) -> Result<()> {
    let args = SetArgs { condition: Compare::Absent, ..SetArgs::default() };
    let outcome = ctx.tx.set(ctx.key(), ctx.args.at(2), &args)?;
    ctx.integer(i64::from(outcome.set))
}

pub(super) const GETSET: Command = Command::new("getset", 3, getset)
    .group(Group::String)
    .flags(&[Flags::WRITE, Flags::DENYOOM, Flags::FAST])
    .categories(&[Categories::STRING])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::ACCESS, KeyFlags::UPDATE])])
    .summary("Stores a string and returns the one it replaces.")
    .deprecated("6.2.0", "`SET` with the `!GET` argument")
    .args(&[Arg::key("key", 0), Arg::string("value")]);

fn getset(ctx: &mut Context<'_, '_>) -> Result<()> {
    let args = SetArgs { previous: true, ..SetArgs::default() };
    let outcome = ctx.tx.set(ctx.key(), ctx.args.at(2), &args)?;
    optional(ctx.reply, outcome.previous);
    Ok(())
}
