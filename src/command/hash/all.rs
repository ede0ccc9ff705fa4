//! Reading whole hashes: HGETALL, HKEYS, HVALS, HLEN.

use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::reply::Reply;
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::error::Result;
use crate::value::hash::Field;

pub(super) const HGETALL: Command = Command::new("hgetall", 2, hgetall)
    .group(Group::Hash)
    .flags(&[Flags::READONLY])
    .categories(&[Categories::HASH])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .since("2.0.0")
    .complexity("O(N) where N is the number of fields")
    .summary("Returns all of a hash's fields and their values.")
    .tips(&["nondeterministic_output_order"])
    .args(&[Arg::key("key", 0)]);

fn hgetall(ctx: &mut Context<'_, '_>) -> Result<()> {
    let hash = ctx.tx.hash(ctx.key())?;
    let reply = &mut *ctx.reply;
    reply.map(hash.map_or(0, |hash| hash.len()));
    for field in hash.into_iter().flat_map(|hash| hash.iter()) {
        name(reply, field);
        value(reply, field);
    }
    Ok(())
}

pub(super) fn name(reply: &mut dyn Reply, field: Field<'_>) {
    reply.bulk(field.name.bytes(&mut itoa::Buffer::new()));
}

pub(super) fn value(reply: &mut dyn Reply, field: Field<'_>) {
    reply.bulk(field.value.bytes(&mut itoa::Buffer::new()));
}

pub(super) const HKEYS: Command = Command::new("hkeys", 2, hkeys)
    .group(Group::Hash)
    .flags(&[Flags::READONLY])
    .categories(&[Categories::HASH])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .since("2.0.0")
    .complexity("O(N) where N is the number of fields")
    .summary("Returns the names of all of a hash's fields.")
    .tips(&["nondeterministic_output_order"])
    .args(&[Arg::key("key", 0)]);

fn hkeys(ctx: &mut Context<'_, '_>) -> Result<()> {
    list(ctx, name)
}

pub(super) const HVALS: Command = Command::new("hvals", 2, hvals)
    .group(Group::Hash)
    .flags(&[Flags::READONLY])
    .categories(&[Categories::HASH])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .since("2.0.0")
    .complexity("O(N) where N is the number of fields")
    .summary("Returns the values of all of a hash's fields.")
    .tips(&["nondeterministic_output_order"])
    .args(&[Arg::key("key", 0)]);

fn hvals(ctx: &mut Context<'_, '_>) -> Result<()> {
    list(ctx, value)
}

fn list(ctx: &mut Context<'_, '_>, show: fn(&mut dyn Reply, Field<'_>)) -> Result<()> {
    let hash = ctx.tx.hash(ctx.key())?;
    ctx.reply.array(hash.map_or(0, |hash| hash.len()));
    hash.into_iter().flat_map(|hash| hash.iter()).for_each(|field| show(ctx.reply, field));
    Ok(())
}

pub(super) const HLEN: Command = Command::new("hlen", 2, hlen)
    .group(Group::Hash)
    .flags(&[Flags::READONLY, Flags::FAST])
    .categories(&[Categories::HASH])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO])])
    .since("2.0.0")
    .summary("Counts the fields of a hash.")
    .args(&[Arg::key("key", 0)]);

fn hlen(ctx: &mut Context<'_, '_>) -> Result<()> {
    let len = ctx.tx.hash(ctx.key())?.map_or(0, |hash| hash.len());
    ctx.count(len)
}
