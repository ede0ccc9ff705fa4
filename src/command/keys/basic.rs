//! DEL, UNLINK, EXISTS, TOUCH, TYPE.

use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::error::Result;

pub(super) const DEL: Command = Command::new("del", -2, del)
    .group(Group::Generic)
    .flags(&[Flags::WRITE])
    .categories(&[Categories::KEYSPACE])
    .keys(&[KeySpec::range(1, -1, 1, &[KeyFlags::RM, KeyFlags::DELETE])])
    .complexity("O(N) where N is the number of keys, plus the elements of collections among them")
    .summary("Removes keys.")
    .tips(&["request_policy:multi_shard", "response_policy:agg_sum"])
    .args(&[Arg::key("key", 0).multiple()]);

/// Strings are freed at once, so DEL and UNLINK are the same.
fn del(ctx: &mut Context<'_, '_>) -> Result<()> {
    let removed = ctx.tx.remove_all(ctx.keys)?;
    ctx.count(removed)
}

pub(super) const UNLINK: Command = Command::new("unlink", -2, del)
    .group(Group::Generic)
    .flags(&[Flags::WRITE, Flags::FAST])
    .categories(&[Categories::KEYSPACE])
    .keys(&[KeySpec::range(1, -1, 1, &[KeyFlags::RM, KeyFlags::DELETE])])
    .since("4.0.0")
    .complexity("O(1) for each key; memory is given back in the background")
    .summary("Removes keys and frees their values in the background.")
    .tips(&["request_policy:multi_shard", "response_policy:agg_sum"])
    .args(&[Arg::key("key", 0).multiple()]);

pub(super) const EXISTS: Command = Command::new("exists", -2, exists)
    .group(Group::Generic)
    .flags(&[Flags::READONLY, Flags::FAST])
    .categories(&[Categories::KEYSPACE])
    .keys(&[KeySpec::range(1, -1, 1, &[KeyFlags::RO])])
    .complexity("O(N) where N is the number of keys")
    .summary("Counts how many of the keys exist.")
    .history(&[("3.0.3", "Several keys at once.")])
    .tips(&["request_policy:multi_shard", "response_policy:agg_sum"])
    .args(&[Arg::key("key", 0).multiple()]);

fn exists(ctx: &mut Context<'_, '_>) -> Result<()> {
    let there = ctx.tx.count(ctx.keys)?;
    ctx.count(there)
}

pub(super) const TOUCH: Command = Command::new("touch", -2, touch)
    .group(Group::Generic)
    .flags(&[Flags::READONLY, Flags::FAST])
    .categories(&[Categories::KEYSPACE])
    .keys(&[KeySpec::range(1, -1, 1, &[KeyFlags::RO])])
    .since("3.2.1")
    .complexity("O(N) where N is the number of keys")
    .summary("Counts as a use of the keys; tells how many exist.")
    .tips(&["request_policy:multi_shard", "response_policy:agg_sum"])
    .args(&[Arg::key("key", 0).multiple()]);

fn touch(ctx: &mut Context<'_, '_>) -> Result<()> {
    // CLIENT NO-TOUCH does not hold for this command, whose purpose it is.
    ctx.tx.set_touches(true);
    let there = ctx.tx.touch_all(ctx.keys)?;
    ctx.count(there)
}

pub(super) const TYPE: Command = Command::new("type", 2, kind)
    .group(Group::Generic)
    .flags(&[Flags::READONLY, Flags::FAST])
    .categories(&[Categories::KEYSPACE])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO])])
    .summary("Tells the type of the value at a key.")
    .args(&[Arg::key("key", 0)]);

fn kind(ctx: &mut Context<'_, '_>) -> Result<()> {
    let kind = ctx.tx.kind(ctx.key())?;
    ctx.reply.simple(kind.map_or("none", |kind| kind.name()));
    Ok(())
}
