//! Reading fields that are named: HGET, HMGET, HEXISTS, HSTRLEN.

use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::reply::Reply;
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::error::Result;
use crate::value::hash::Value;

pub(super) const HGET: Command = Command::new("hget", 3, hget)
    .group(Group::Hash)
    .flags(&[Flags::READONLY, Flags::FAST])
    .categories(&[Categories::HASH])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .since("2.0.0")
    .summary("Returns the value of a hash's field.")
    .args(&[Arg::key("key", 0), Arg::string("field")]);

fn hget(ctx: &mut Context<'_, '_>) -> Result<()> {
    let value = ctx.tx.hash_field(ctx.key(), &ctx.args[2])?;
    optional(ctx.reply, value);
    Ok(())
}

/// Answers with a value that may be missing.
pub(super) fn optional(reply: &mut dyn Reply, value: Option<Value<'_>>) {
    match value {
        Some(value) => reply.bulk(value.bytes(&mut itoa::Buffer::new())),
        None => reply.null(),
    }
}

pub(super) const HMGET: Command = Command::new("hmget", -3, hmget)
    .group(Group::Hash)
    .flags(&[Flags::READONLY, Flags::FAST])
    .categories(&[Categories::HASH])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .since("2.0.0")
    .complexity("O(N) where N is the number of fields that are named")
    .summary("Returns the values of several of a hash's fields.")
    .args(&[Arg::key("key", 0), Arg::string("field").multiple()]);

fn hmget(ctx: &mut Context<'_, '_>) -> Result<()> {
    let hash = ctx.tx.hash(ctx.key())?;
    ctx.reply.array(ctx.args.len() - 2);
    for field in ctx.args.iter_from(2) {
        optional(ctx.reply, hash.and_then(|hash| hash.get(field)));
    }
    Ok(())
}

pub(super) const HEXISTS: Command = Command::new("hexists", 3, hexists)
    .group(Group::Hash)
    .flags(&[Flags::READONLY, Flags::FAST])
    .categories(&[Categories::HASH])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO])])
    .since("2.0.0")
    .summary("Tells whether a hash has a field.")
    .args(&[Arg::key("key", 0), Arg::string("field")]);

fn hexists(ctx: &mut Context<'_, '_>) -> Result<()> {
    let there = ctx.tx.hash_field(ctx.key(), &ctx.args[2])?.is_some();
    ctx.integer(i64::from(there))
}

pub(super) const HSTRLEN: Command = Command::new("hstrlen", 3, hstrlen)
    .group(Group::Hash)
    .flags(&[Flags::READONLY, Flags::FAST])
    .categories(&[Categories::HASH])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO])])
    .since("3.2.0")
    .summary("Tells how long the value of a hash's field is.")
    .args(&[Arg::key("key", 0), Arg::string("field")]);

fn hstrlen(ctx: &mut Context<'_, '_>) -> Result<()> {
    let len = ctx.tx.hash_field(ctx.key(), &ctx.args[2])?.map_or(0, Value::len);
    ctx.count(len)
}
