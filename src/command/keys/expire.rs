//! EXPIRE, PEXPIRE, EXPIREAT, PEXPIREAT, PERSIST.

use smallvec::SmallVec;

use crate::api::ExpireCondition;
use crate::clock::Millis;
use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::parse::{self, is};
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::error::{Error, Result};

/// What EXPIRE and its three kin take behind the time.
const CONDITION: Arg = Arg::one_of(
    "condition",
    &[Arg::word("nx", "NX"), Arg::word("xx", "XX"), Arg::word("gt", "GT"), Arg::word("lt", "LT")],
)
.optional()
.since("7.0.0");

const HISTORY: &[(&str, &str)] = &[("7.0.0", "Conditions `NX`, `XX`, `GT` and `LT`.")];

pub(super) const EXPIRE: Command = Command::new("expire", -3, expire)
    .group(Group::Generic)
    .flags(&[Flags::WRITE, Flags::FAST])
    .categories(&[Categories::KEYSPACE])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::UPDATE])])
    .summary("Sets in how many seconds a key expires.")
    .history(HISTORY)
    .args(&[Arg::key("key", 0), Arg::integer("seconds"), CONDITION]);

fn expire(ctx: &mut Context<'_, '_>) -> Result<()> {
    let now = ctx.tx.now();
    set(ctx, 1000, now, "expire")
}

pub(super) const PEXPIRE: Command = Command::new("pexpire", -3, pexpire)
    .group(Group::Generic)
    .flags(&[Flags::WRITE, Flags::FAST])
    .categories(&[Categories::KEYSPACE])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::UPDATE])])
    .since("2.6.0")
    .summary("Sets in how many milliseconds a key expires.")
    .history(HISTORY)
    .args(&[Arg::key("key", 0), Arg::integer("milliseconds"), CONDITION]);

fn pexpire(ctx: &mut Context<'_, '_>) -> Result<()> {
    let now = ctx.tx.now();
    set(ctx, 1, now, "pexpire")
}

pub(super) const EXPIREAT: Command = Command::new("expireat", -3, expireat)
    .group(Group::Generic)
    .flags(&[Flags::WRITE, Flags::FAST])
    .categories(&[Categories::KEYSPACE])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::UPDATE])])
    .since("1.2.0")
    .summary("Sets at which second a key expires.")
    .history(HISTORY)
    .args(&[Arg::key("key", 0), Arg::unix_time("unix-time-seconds"), CONDITION]);

fn expireat(ctx: &mut Context<'_, '_>) -> Result<()> {
    set(ctx, 1000, Millis(0), "expireat")
}

pub(super) const PEXPIREAT: Command = Command::new("pexpireat", -3, pexpireat)
    .group(Group::Generic)
    .flags(&[Flags::WRITE, Flags::FAST])
    .categories(&[Categories::KEYSPACE])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::UPDATE])])
    .since("2.6.0")
    .summary("Sets at which millisecond a key expires.")
    .history(HISTORY)
    .args(&[Arg::key("key", 0), Arg::unix_time("unix-time-milliseconds"), CONDITION]);

fn pexpireat(ctx: &mut Context<'_, '_>) -> Result<()> {
    set(ctx, 1, Millis(0), "pexpireat")
}

/// Sets the expiry to word 2, in units of `unit` milliseconds since `base`.
fn set(ctx: &mut Context<'_, '_>, unit: i64, base: Millis, command: &'static str) -> Result<()> {
    let conditions = conditions(ctx.args.iter_from(3))?;
    let time = parse::integer(&ctx.args[2])?;
    let at = time.checked_mul(unit).and_then(|time| time.checked_add(base.0));
    let at = at.ok_or(Error::InvalidExpire(command))?;
    let done = ctx.tx.expire_at(ctx.key(), Millis(at), &conditions)?;
    ctx.integer(i64::from(done))
}

/// `NX`, `XX`, `GT` and `LT`, as far as they go together.
///
/// # Errors
/// Redis's words for an option that is none, and for those that do not go together.
pub(in crate::command) fn conditions<'a>(
    words: impl Iterator<Item = &'a [u8]>,
) -> Result<SmallVec<[ExpireCondition; 2]>> {
    use ExpireCondition::{IfAny, IfEarlier, IfLater, IfNone};
    let mut conditions = SmallVec::new();
    for word in words {
        let condition = match word {
            word if is(word, "nx") => IfNone,
            word if is(word, "xx") => IfAny,
            word if is(word, "gt") => IfLater,
            word if is(word, "lt") => IfEarlier,
            _ => {
                return Err(Error::echo("ERR Unsupported option ", word, ""));
            }
        };
        if !conditions.contains(&condition) {
            conditions.push(condition);
        }
    }
    if conditions.contains(&IfNone) && conditions.len() > 1 {
        return Err(Error::reply(
            "ERR NX and XX, GT or LT options at the same time are not compatible",
        ));
    }
    if conditions.contains(&IfLater) && conditions.contains(&IfEarlier) {
        return Err(Error::reply("ERR GT and LT options at the same time are not compatible"));
    }
    Ok(conditions)
}

pub(super) const PERSIST: Command = Command::new("persist", 2, persist)
    .group(Group::Generic)
    .flags(&[Flags::WRITE, Flags::FAST])
    .categories(&[Categories::KEYSPACE])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::UPDATE])])
    .since("2.2.0")
    .summary("Lets a key live for ever.")
    .args(&[Arg::key("key", 0)]);

fn persist(ctx: &mut Context<'_, '_>) -> Result<()> {
    let persisted = ctx.tx.persist(ctx.key())?;
    ctx.integer(i64::from(persisted))
}
