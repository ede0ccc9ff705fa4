//! HEXPIRE, HPEXPIRE, HEXPIREAT, HPEXPIREAT, HPERSIST.

use super::options::{only_fields, options_and_fields};
use super::ttl::FIELDS;
use crate::api::{FieldExpired, FieldPersisted};
use crate::clock::Millis;
use crate::command::context::Context;
use crate::command::keys::conditions;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::parse;
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::error::{Error, Result};

/// What HEXPIRE and its three kin take behind the time.
const CONDITION: Arg = Arg::one_of(
    "condition",
    &[Arg::word("nx", "NX"), Arg::word("xx", "XX"), Arg::word("gt", "GT"), Arg::word("lt", "LT")],
)
.optional();

/// The fields; Valkey describes those of HEXPIRE a little otherwise than its kin's.
const HEXPIRE_FIELDS: Arg =
    Arg::block("fields", &[Arg::integer("numfields"), Arg::string("field").multiple()])
        .token("FIELDS");

pub(super) const HEXPIRE: Command = Command::new("hexpire", -6, hexpire)
    .group(Group::Hash)
    .flags(&[Flags::WRITE, Flags::FAST])
    .categories(&[Categories::HASH])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::UPDATE])])
    .since("7.4.0")
    .complexity("O(N) where N is the number of fields")
    .summary("Sets in how many seconds fields of a hash expire.")
    .args(&[Arg::key("key", 0), Arg::integer("seconds"), CONDITION, HEXPIRE_FIELDS]);

fn hexpire(ctx: &mut Context<'_, '_>) -> Result<()> {
    let now = ctx.tx.now();
    set(ctx, 1000, now, "hexpire")
}

pub(super) const HPEXPIRE: Command = Command::new("hpexpire", -6, hpexpire)
    .group(Group::Hash)
    .flags(&[Flags::WRITE, Flags::FAST])
    .categories(&[Categories::HASH])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::UPDATE])])
    .since("7.4.0")
    .complexity("O(N) where N is the number of fields")
    .summary("Sets in how many milliseconds fields of a hash expire.")
    .args(&[Arg::key("key", 0), Arg::integer("milliseconds"), CONDITION, FIELDS]);

fn hpexpire(ctx: &mut Context<'_, '_>) -> Result<()> {
    let now = ctx.tx.now();
    set(ctx, 1, now, "hpexpire")
}

pub(super) const HEXPIREAT: Command = Command::new("hexpireat", -6, hexpireat)
    .group(Group::Hash)
    .flags(&[Flags::WRITE, Flags::FAST])
    .categories(&[Categories::HASH])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::UPDATE])])
    .since("7.4.0")
    .complexity("O(N) where N is the number of fields")
    .summary("Sets at which second fields of a hash expire.")
    .args(&[Arg::key("key", 0), Arg::integer("unix-time-seconds"), CONDITION, FIELDS]);

fn hexpireat(ctx: &mut Context<'_, '_>) -> Result<()> {
    set(ctx, 1000, Millis(0), "hexpireat")
}

pub(super) const HPEXPIREAT: Command = Command::new("hpexpireat", -6, hpexpireat)
    .group(Group::Hash)
    .flags(&[Flags::WRITE, Flags::FAST])
    .categories(&[Categories::HASH])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::UPDATE])])
    .since("7.4.0")
    .complexity("O(N) where N is the number of fields")
    .summary("Sets at which millisecond fields of a hash expire.")
    .args(&[Arg::key("key", 0), Arg::integer("unix-time-milliseconds"), CONDITION, FIELDS]);

fn hpexpireat(ctx: &mut Context<'_, '_>) -> Result<()> {
    set(ctx, 1, Millis(0), "hpexpireat")
}

/// Lets fields expire at word 2, in units of `unit` milliseconds since `base`.
fn set(ctx: &mut Context<'_, '_>, unit: i64, base: Millis, command: &'static str) -> Result<()> {
    let (conditions, fields) =
        options_and_fields(ctx.args, 3, 1, |words| conditions(words.iter()))?;
    let number = parse::integer(&ctx.args[2])?;
    let time = number.checked_mul(unit).and_then(|time| time.checked_add(base.0));
    let time = time.filter(|_| number >= 0).ok_or(Error::InvalidExpire(command))?;
    let outcomes = ctx.tx.hexpire_at(ctx.key(), Millis(time), fields.iter(), &conditions)?;
    ctx.reply.array(outcomes.len());
    for outcome in outcomes {
        ctx.reply.integer(match outcome {
            FieldExpired::Missing => -2,
            FieldExpired::Refused => 0,
            FieldExpired::Set => 1,
            FieldExpired::Removed => 2,
        });
    }
    Ok(())
}

pub(super) const HPERSIST: Command = Command::new("hpersist", -5, hpersist)
    .group(Group::Hash)
    .flags(&[Flags::WRITE, Flags::FAST])
    .categories(&[Categories::HASH])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::UPDATE])])
    .since("7.4.0")
    .complexity("O(N) where N is the number of fields")
    .summary("Lets fields of a hash live for ever.")
    .args(&[Arg::key("key", 0), FIELDS]);

fn hpersist(ctx: &mut Context<'_, '_>) -> Result<()> {
    let fields = only_fields(ctx.args)?;
    let outcomes = ctx.tx.hpersist(ctx.key(), fields.iter())?;
    ctx.reply.array(outcomes.len());
    for outcome in outcomes {
        ctx.reply.integer(match outcome {
            FieldPersisted::Missing => -2,
            FieldPersisted::Forever => -1,
            FieldPersisted::Set => 1,
        });
    }
    Ok(())
}
