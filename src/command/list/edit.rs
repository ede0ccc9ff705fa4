//! LSET, LINSERT, LREM, LTRIM.

use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::parse;
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::error::{Error, Result};

pub(super) const LSET: Command = Command::new("lset", 4, lset)
    .group(Group::List)
    .flags(&[Flags::WRITE, Flags::DENYOOM])
    .categories(&[Categories::LIST])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::UPDATE])])
    .complexity(
        "O(N) where N is the number of nodes between the element and the nearer end, by 128",
    )
    .summary("Puts another element in the place of one with an index.")
    .args(&[Arg::key("key", 0), Arg::integer("index"), Arg::string("element")]);

fn lset(ctx: &mut Context<'_, '_>) -> Result<()> {
    // What the key holds is complained of before the index.
    if ctx.tx.peek_list(ctx.key())?.is_none() {
        return Err(Error::NoSuchKey);
    }
    let index = parse::integer(&ctx.args[2])?;
    ctx.tx.list_set(ctx.key(), index, ctx.args.at(3))?;
    ctx.ok()
}

pub(super) const LINSERT: Command = Command::new("linsert", 5, linsert)
    .group(Group::List)
    .flags(&[Flags::WRITE, Flags::DENYOOM])
    .categories(&[Categories::LIST])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::INSERT])])
    .since("2.2.0")
    .complexity("O(N) where N is the number of elements up to the pivot")
    .summary("Adds an element before or after another one of a list.")
    .args(&[
        Arg::key("key", 0),
        Arg::one_of("where", &[Arg::word("before", "BEFORE"), Arg::word("after", "AFTER")]),
        Arg::string("pivot"),
        Arg::string("element"),
    ]);

fn linsert(ctx: &mut Context<'_, '_>) -> Result<()> {
    let after = match &ctx.args[2] {
        side if parse::is(side, "after") => true,
        side if parse::is(side, "before") => false,
        _ => return Err(Error::Syntax),
    };
    match ctx.tx.list_insert(ctx.key(), after, ctx.args.at(3), ctx.args.at(4))? {
        Some(len) => ctx.count(len),
        None => ctx.integer(-1),
    }
}

pub(super) const LREM: Command = Command::new("lrem", 4, lrem)
    .group(Group::List)
    .flags(&[Flags::WRITE])
    .categories(&[Categories::LIST])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::DELETE])])
    .complexity("O(N) where N is the number of elements")
    .summary("Removes elements that are equal to one from a list.")
    .args(&[Arg::key("key", 0), Arg::integer("count"), Arg::string("element")]);

fn lrem(ctx: &mut Context<'_, '_>) -> Result<()> {
    let (from, limit) = super::signed(&ctx.args[2])?;
    let limit = usize::try_from(limit).ok().filter(|limit| *limit > 0);
    let removed = ctx.tx.list_remove(ctx.key(), ctx.args.at(3), from, limit)?;
    ctx.count(removed)
}

pub(super) const LTRIM: Command = Command::new("ltrim", 4, ltrim)
    .group(Group::List)
    .flags(&[Flags::WRITE])
    .categories(&[Categories::LIST])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::DELETE])])
    .complexity("O(N) where N is the number of elements removed")
    .summary("Removes all elements of a list but those between two indexes.")
    .args(&[Arg::key("key", 0), Arg::integer("start"), Arg::integer("stop")]);

fn ltrim(ctx: &mut Context<'_, '_>) -> Result<()> {
    let start = parse::integer(&ctx.args[2])?;
    let stop = parse::integer(&ctx.args[3])?;
    ctx.tx.list_trim(ctx.key(), start..=stop)?;
    ctx.ok()
}
