//! Several sets: SINTER, SINTERCARD, SUNION, SDIFF, and those that store what they find.

use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::parse::{self, is};
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::error::{Error, Result};
use crate::value::set::Combination;

const SETS: &[KeySpec] = &[KeySpec::range(1, -1, 1, &[KeyFlags::RO, KeyFlags::ACCESS])];
const SET_WORDS: &[Arg] = &[Arg::key("key", 0).multiple()];
const STORED: &[KeySpec] = &[
    KeySpec::one(1, &[KeyFlags::OW, KeyFlags::UPDATE]),
    KeySpec::range(2, -1, 1, &[KeyFlags::RO, KeyFlags::ACCESS]),
];
const STORED_WORDS: &[Arg] = &[Arg::key("destination", 0), Arg::key("key", 1).multiple()];

/// A command that answers with what it finds.
const fn reading(
    name: &'static str,
    handler: fn(&mut Context<'_, '_>) -> Result<()>,
    complexity: &'static str,
    summary: &'static str,
) -> Command {
    Command::new(name, -2, handler)
        .group(Group::Set)
        .flags(&[Flags::READONLY])
        .categories(&[Categories::SET])
        .keys(SETS)
        .complexity(complexity)
        .summary(summary)
        .tips(&["nondeterministic_output_order"])
        .args(SET_WORDS)
}

/// A command that stores it under its first key.
const fn storing(
    name: &'static str,
    handler: fn(&mut Context<'_, '_>) -> Result<()>,
    complexity: &'static str,
    summary: &'static str,
) -> Command {
    Command::new(name, -3, handler)
        .group(Group::Set)
        .flags(&[Flags::WRITE, Flags::DENYOOM])
        .categories(&[Categories::SET])
        .keys(STORED)
        .complexity(complexity)
        .summary(summary)
        .args(STORED_WORDS)
}

const INTERSECTING: &str =
    "O(N*M) where N is the size of the smallest set and M the number of sets";
const ALL_MEMBERS: &str = "O(N) where N is the number of members of all sets";

pub(super) const SINTER: Command =
    reading("sinter", sinter, INTERSECTING, "Returns the members that all sets have.");

fn sinter(ctx: &mut Context<'_, '_>) -> Result<()> {
    answer(ctx, Combination::Intersection)
}

pub(super) const SUNION: Command =
    reading("sunion", sunion, ALL_MEMBERS, "Returns the members that any set has.");

fn sunion(ctx: &mut Context<'_, '_>) -> Result<()> {
    answer(ctx, Combination::Union)
}

pub(super) const SDIFF: Command = reading(
    "sdiff",
    sdiff,
    ALL_MEMBERS,
    "Returns the members that the first set has and no other.",
);

fn sdiff(ctx: &mut Context<'_, '_>) -> Result<()> {
    answer(ctx, Combination::Difference)
}

fn answer(ctx: &mut Context<'_, '_>, how: Combination) -> Result<()> {
    let members = ctx.tx.combine_sets(how, ctx.keys)?;
    ctx.reply.set(members.len());
    super::write(ctx.reply, members);
    Ok(())
}

pub(super) const SINTERSTORE: Command =
    storing("sinterstore", sinterstore, INTERSECTING, "Stores the members that all sets have.");

fn sinterstore(ctx: &mut Context<'_, '_>) -> Result<()> {
    store(ctx, Combination::Intersection)
}

pub(super) const SUNIONSTORE: Command =
    storing("sunionstore", sunionstore, ALL_MEMBERS, "Stores the members that any set has.");

fn sunionstore(ctx: &mut Context<'_, '_>) -> Result<()> {
    store(ctx, Combination::Union)
}

pub(super) const SDIFFSTORE: Command = storing(
    "sdiffstore",
    sdiffstore,
    ALL_MEMBERS,
    "Stores the members that the first set has and no other.",
);

fn sdiffstore(ctx: &mut Context<'_, '_>) -> Result<()> {
    store(ctx, Combination::Difference)
}

fn store(ctx: &mut Context<'_, '_>, how: Combination) -> Result<()> {
    let (destination, keys) = ctx.keys.split_first().expect("the row finds two keys at least");
    let count = ctx.tx.store_sets(how, *destination, keys)?;
    ctx.count(count)
}

const COUNTED: &[KeySpec] = &[KeySpec::counted(1, 1, &[KeyFlags::RO, KeyFlags::ACCESS])];
const NUMKEYS: Arg = Arg::integer("numkeys");
const KEYS: Arg = Arg::key("key", 0).multiple();
const LIMIT: Arg = Arg::integer("limit").token("LIMIT").optional();

/// A command that counts what it finds.
const fn counting(
    name: &'static str,
    handler: fn(&mut Context<'_, '_>) -> Result<()>,
    complexity: &'static str,
    summary: &'static str,
) -> Command {
    Command::new(name, -3, handler)
        .group(Group::Set)
        .flags(&[Flags::READONLY])
        .categories(&[Categories::SET])
        .keys(COUNTED)
        .complexity(complexity)
        .summary(summary)
        .args(&[NUMKEYS, KEYS, LIMIT])
}

pub(super) const SINTERCARD: Command =
    counting("sintercard", sintercard, INTERSECTING, "Counts the members that all sets have.")
        .since("7.0.0");

fn sintercard(ctx: &mut Context<'_, '_>) -> Result<()> {
    count(ctx, Combination::Intersection)
}

pub(super) const SUNIONCARD: Command =
    counting("sunioncard", sunioncard, ALL_MEMBERS, "Counts the members that any set has.")
        .since("8.10.0")
        .args(&[NUMKEYS, KEYS, Arg::word("approx", "APPROX").optional(), LIMIT]);

fn sunioncard(ctx: &mut Context<'_, '_>) -> Result<()> {
    count(ctx, Combination::Union)
}

pub(super) const SDIFFCARD: Command = counting(
    "sdiffcard",
    sdiffcard,
    ALL_MEMBERS,
    "Counts the members that the first set has and no other.",
)
.since("8.10.0");

fn sdiffcard(ctx: &mut Context<'_, '_>) -> Result<()> {
    count(ctx, Combination::Difference)
}

fn count(ctx: &mut Context<'_, '_>, how: Combination) -> Result<()> {
    let keys = parse::positive(&ctx.args[1], "ERR numkeys should be greater than 0")?;
    if keys > ctx.args.len() - 2 {
        return Err(Error::reply("ERR Number of keys can't be greater than number of args"));
    }
    let (mut limit, mut approximate) = (0, false);
    let mut words = ctx.args.iter_from(2 + keys);
    while let Some(word) = words.next() {
        if how == Combination::Union && is(word, "approx") {
            approximate = true;
            continue;
        }
        if !is(word, "limit") {
            return Err(Error::Syntax);
        }
        let value = parse::integer(words.next().ok_or(Error::Syntax)?).ok();
        let refused = Error::reply("ERR LIMIT can't be negative");
        limit = value.and_then(|limit| usize::try_from(limit).ok()).ok_or(refused)?;
    }
    let limit = if limit == 0 { usize::MAX } else { limit };
    let count = match approximate {
        true => usize::try_from(ctx.tx.estimate_union(ctx.keys)?).unwrap_or(limit).min(limit),
        false => ctx.tx.count_sets(how, ctx.keys, limit)?,
    };
    ctx.count(count)
}
