//! HTTL, HPTTL, HEXPIRETIME, HPEXPIRETIME.

use super::options::only_fields;
use crate::command::context::Context;
use crate::command::keys::seconds;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::error::{Error, Result};

/// How many fields follow; Valkey counts it to the key's spec.
pub(super) const NUMFIELDS: Arg = Arg { key_spec: Some(0), ..Arg::integer("numfields") };

pub(super) const FIELDS: Arg =
    Arg::block("fields", &[NUMFIELDS, Arg::string("field").multiple()]).token("FIELDS");

pub(super) const HTTL: Command = Command::new("httl", -5, httl)
    .group(Group::Hash)
    .flags(&[Flags::READONLY, Flags::FAST])
    .categories(&[Categories::HASH])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .since("7.4.0")
    .complexity("O(N) where N is the number of fields")
    .summary("Tells in how many seconds fields of a hash expire.")
    .args(&[Arg::key("key", 0), FIELDS]);

fn httl(ctx: &mut Context<'_, '_>) -> Result<()> {
    let now = ctx.tx.now().0;
    answer(ctx, |at| seconds(at.saturating_sub(now).max(0)))
}

pub(super) const HPTTL: Command = Command::new("hpttl", -5, hpttl)
    .group(Group::Hash)
    .flags(&[Flags::READONLY, Flags::FAST])
    .categories(&[Categories::HASH])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .since("7.4.0")
    .complexity("O(N) where N is the number of fields")
    .summary("Tells in how many milliseconds fields of a hash expire.")
    .args(&[Arg::key("key", 0), FIELDS]);

fn hpttl(ctx: &mut Context<'_, '_>) -> Result<()> {
    let now = ctx.tx.now().0;
    answer(ctx, |at| at.saturating_sub(now).max(0))
}

pub(super) const HEXPIRETIME: Command = Command::new("hexpiretime", -5, hexpiretime)
    .group(Group::Hash)
    .flags(&[Flags::READONLY, Flags::FAST])
    .categories(&[Categories::HASH])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .since("7.4.0")
    .complexity("O(N) where N is the number of fields")
    .summary("Tells at which second fields of a hash expire.")
    .args(&[Arg::key("key", 0), FIELDS]);

fn hexpiretime(ctx: &mut Context<'_, '_>) -> Result<()> {
    answer(ctx, seconds)
}

pub(super) const HPEXPIRETIME: Command = Command::new("hpexpiretime", -5, hpexpiretime)
    .group(Group::Hash)
    .flags(&[Flags::READONLY, Flags::FAST])
    .categories(&[Categories::HASH])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .since("7.4.0")
    .complexity("O(N) where N is the number of fields")
    .summary("Tells at which millisecond fields of a hash expire.")
    .args(&[Arg::key("key", 0), FIELDS]);

fn hpexpiretime(ctx: &mut Context<'_, '_>) -> Result<()> {
    answer(ctx, |at| at)
}

/// Answers for each field with what `show` makes of its expiry: -2 for no field, -1 for no expiry.
fn answer(ctx: &mut Context<'_, '_>, show: impl Fn(i64) -> i64) -> Result<()> {
    // Redis has other words for the rest, but the number is read first.
    let fields = only_fields(ctx.args).map_err(|error| match error {
        Error::Reply(_) => Error::Syntax,
        other => other,
    })?;
    let hash = ctx.tx.hash(ctx.key())?;
    ctx.reply.array(fields.iter().count());
    for field in fields.iter() {
        ctx.reply.integer(match hash.and_then(|hash| hash.find(field)) {
            None => -2,
            Some((_, None)) => -1,
            Some((_, Some(at))) => show(at.0),
        });
    }
    Ok(())
}
