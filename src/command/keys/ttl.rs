//! TTL, PTTL, EXPIRETIME, PEXPIRETIME.

use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::error::Result;

pub(super) const TTL: Command = Command::new("ttl", 2, ttl)
    .group(Group::Generic)
    .flags(&[Flags::READONLY, Flags::FAST])
    .categories(&[Categories::KEYSPACE])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .summary("Tells in how many seconds a key expires.")
    .history(&[("2.8.0", "A missing key is told from one that does not expire.")])
    .tips(&["nondeterministic_output"])
    .args(&[Arg::key("key", 0)]);

fn ttl(ctx: &mut Context<'_, '_>) -> Result<()> {
    let now = ctx.tx.now().0;
    answer(ctx, |at| seconds((at - now).max(0)))
}

pub(super) const PTTL: Command = Command::new("pttl", 2, pttl)
    .group(Group::Generic)
    .flags(&[Flags::READONLY, Flags::FAST])
    .categories(&[Categories::KEYSPACE])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .since("2.6.0")
    .summary("Tells in how many milliseconds a key expires.")
    .history(&[("2.8.0", "A missing key is told from one that does not expire.")])
    .tips(&["nondeterministic_output"])
    .args(&[Arg::key("key", 0)]);

fn pttl(ctx: &mut Context<'_, '_>) -> Result<()> {
    let now = ctx.tx.now().0;
    answer(ctx, |at| (at - now).max(0))
}

pub(super) const EXPIRETIME: Command = Command::new("expiretime", 2, expiretime)
    .group(Group::Generic)
    .flags(&[Flags::READONLY, Flags::FAST])
    .categories(&[Categories::KEYSPACE])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .since("7.0.0")
    .summary("Tells at which second a key expires.")
    .args(&[Arg::key("key", 0)]);

fn expiretime(ctx: &mut Context<'_, '_>) -> Result<()> {
    answer(ctx, seconds)
}

pub(super) const PEXPIRETIME: Command = Command::new("pexpiretime", 2, pexpiretime)
    .group(Group::Generic)
    .flags(&[Flags::READONLY, Flags::FAST])
    .categories(&[Categories::KEYSPACE])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .since("7.0.0")
    .summary("Tells at which millisecond a key expires.")
    .args(&[Arg::key("key", 0)]);

fn pexpiretime(ctx: &mut Context<'_, '_>) -> Result<()> {
    answer(ctx, |at| at)
}

/// Answers with what `show` makes of the expiry: -2 for no key, -1 for no expiry.
fn answer(ctx: &mut Context<'_, '_>, show: impl FnOnce(i64) -> i64) -> Result<()> {
    let number = match ctx.tx.expiry(ctx.key())? {
        None => -2,
        Some(None) => -1,
        Some(Some(at)) => show(at.0),
    };
    ctx.integer(number)
}

/// Milliseconds as seconds, a half or more counting as a whole.
pub(in crate::command) fn seconds(millis: i64) -> i64 {
    millis / 1000 + i64::from(millis % 1000 >= 500)
}
