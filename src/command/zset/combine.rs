//! Unions, intersections and differences: ZUNION, ZINTER, ZDIFF, their STORE forms, ZINTERCARD.

use super::{begin, one};
use crate::api::{Aggregate, Combined, Operation, ZSource};
use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::parse::{self, is};
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::error::{Error, Result};
use crate::text::double;

const HISTORY: &[(&str, &str)] = &[("8.8.0", "`AGGREGATE COUNT`.")];

const WEIGHTS: Arg = Arg::integer("weight").token("WEIGHTS").optional().multiple();

const AGGREGATE: Arg = Arg::one_of(
    "aggregate",
    &[
        Arg::word("sum", "SUM"),
        Arg::word("min", "MIN"),
        Arg::word("max", "MAX"),
        Arg::word("count", "COUNT").since("8.8.0"),
    ],
)
.token("AGGREGATE")
.optional();

/// Where a result goes, and what it is made of.
const STORE_KEYS: &[KeySpec] = &[
    KeySpec::one(1, &[KeyFlags::OW, KeyFlags::UPDATE]),
    KeySpec::counted(2, 1, &[KeyFlags::RO, KeyFlags::ACCESS]),
];

pub(super) const ZUNION: Command = Command::new("zunion", -3, zunion)
    .group(Group::SortedSet)
    .flags(&[Flags::READONLY, Flags::MOVABLE_KEYS])
    .categories(&[Categories::SORTEDSET])
    .keys(&[KeySpec::counted(1, 1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .since("6.2.0")
    .complexity("O(N)+O(M*log(M)) with N members in all and M in the result")
    .summary("Returns the union of several sorted sets.")
    .history(HISTORY)
    .args(&[
        Arg::integer("numkeys"),
        Arg::key("key", 0).multiple(),
        WEIGHTS,
        AGGREGATE,
        Arg::word("withscores", "WITHSCORES").optional(),
    ]);

fn zunion(ctx: &mut Context<'_, '_>) -> Result<()> {
    answer(ctx, Operation::Union)
}

pub(super) const ZINTER: Command = Command::new("zinter", -3, zinter)
    .group(Group::SortedSet)
    .flags(&[Flags::READONLY, Flags::MOVABLE_KEYS])
    .categories(&[Categories::SORTEDSET])
    .keys(&[KeySpec::counted(1, 1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .since("6.2.0")
    .complexity("O(N*K)+O(M*log(M)) with K keys, N members of the smallest and M in the result")
    .summary("Returns the intersection of several sorted sets.")
    .history(HISTORY)
    .args(&[
        Arg::integer("numkeys"),
        Arg::key("key", 0).multiple(),
        WEIGHTS,
        AGGREGATE,
        Arg::word("withscores", "WITHSCORES").optional(),
    ]);

fn zinter(ctx: &mut Context<'_, '_>) -> Result<()> {
    answer(ctx, Operation::Intersection)
}

pub(super) const ZDIFF: Command = Command::new("zdiff", -3, zdiff)
    .group(Group::SortedSet)
    .flags(&[Flags::READONLY, Flags::MOVABLE_KEYS])
    .categories(&[Categories::SORTEDSET])
    .keys(&[KeySpec::counted(1, 1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .since("6.2.0")
    .complexity("O(L + (N-K)*log(N)) with L members in all, N of the first and K in the result")
    .summary("Returns the members of the first of several sorted sets that no other has.")
    .args(&[
        Arg::integer("numkeys"),
        Arg::key("key", 0).multiple(),
        Arg::word("withscores", "WITHSCORES").optional(),
    ]);

fn zdiff(ctx: &mut Context<'_, '_>) -> Result<()> {
    answer(ctx, Operation::Difference)
}

/// Answers with a combination.
fn answer(ctx: &mut Context<'_, '_>, operation: Operation) -> Result<()> {
    let (combined, scores) = combine(ctx, 1, operation)?;
    begin(ctx.reply, combined.len(), scores);
    combined.iter().for_each(|(member, score)| one(ctx.reply, member, *score, scores));
    Ok(())
}

pub(super) const ZUNIONSTORE: Command = Command::new("zunionstore", -4, zunionstore)
    .group(Group::SortedSet)
    .flags(&[Flags::WRITE, Flags::DENYOOM, Flags::MOVABLE_KEYS])
    .categories(&[Categories::SORTEDSET])
    .keys(STORE_KEYS)
    .since("2.0.0")
    .complexity("O(N)+O(M*log(M)) with N members in all and M in the result")
    .summary("Stores the union of several sorted sets.")
    .history(HISTORY)
    .args(&[
        Arg::key("destination", 0),
        Arg::integer("numkeys"),
        Arg::key("key", 1).multiple(),
        WEIGHTS,
        AGGREGATE,
    ]);

fn zunionstore(ctx: &mut Context<'_, '_>) -> Result<()> {
    store(ctx, Operation::Union)
}

pub(super) const ZINTERSTORE: Command = Command::new("zinterstore", -4, zinterstore)
    .group(Group::SortedSet)
    .flags(&[Flags::WRITE, Flags::DENYOOM, Flags::MOVABLE_KEYS])
    .categories(&[Categories::SORTEDSET])
    .keys(STORE_KEYS)
    .since("2.0.0")
    .complexity("O(N*K)+O(M*log(M)) with K keys, N members of the smallest and M in the result")
    .summary("Stores the intersection of several sorted sets.")
    .history(HISTORY)
    .args(&[
        Arg::key("destination", 0),
        Arg::integer("numkeys"),
        Arg::key("key", 1).multiple(),
        WEIGHTS,
        AGGREGATE,
    ]);

fn zinterstore(ctx: &mut Context<'_, '_>) -> Result<()> {
    store(ctx, Operation::Intersection)
}

pub(super) const ZDIFFSTORE: Command = Command::new("zdiffstore", -4, zdiffstore)
    .group(Group::SortedSet)
    .flags(&[Flags::WRITE, Flags::DENYOOM, Flags::MOVABLE_KEYS])
    .categories(&[Categories::SORTEDSET])
    .keys(STORE_KEYS)
    .since("6.2.0")
    .complexity("O(L + (N-K)*log(N)) with L members in all, N of the first and K in the result")
    .summary("Stores the members of the first of several sorted sets that no other has.")
    .args(&[Arg::key("destination", 0), Arg::integer("numkeys"), Arg::key("key", 1).multiple()]);

fn zdiffstore(ctx: &mut Context<'_, '_>) -> Result<()> {
    store(ctx, Operation::Difference)
}

/// Stores a combination; answers how many members it has.
fn store(ctx: &mut Context<'_, '_>, operation: Operation) -> Result<()> {
    let (combined, _) = combine(ctx, 2, operation)?;
    let count = ctx.tx.zcombined_store(ctx.keys[0], combined, operation)?;
    ctx.count(count)
}

pub(super) const ZINTERCARD: Command = Command::new("zintercard", -3, zintercard)
    .group(Group::SortedSet)
    .flags(&[Flags::READONLY, Flags::MOVABLE_KEYS])
    .categories(&[Categories::SORTEDSET])
    .keys(&[KeySpec::counted(1, 1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .since("7.0.0")
    .complexity("O(N*K) with K keys and N members of the smallest")
    .summary("Counts the members that several sorted sets all have.")
    .args(&[
        Arg::integer("numkeys"),
        Arg::key("key", 0).multiple(),
        Arg::integer("limit").token("LIMIT").optional(),
    ]);

fn zintercard(ctx: &mut Context<'_, '_>) -> Result<()> {
    let keys = count_keys(ctx, 1)?;
    let sources = ctx.tx.zsources(ctx.keys)?;
    let mut limit = None;
    let mut words = ctx.args.iter_from(2 + keys);
    while let Some(word) = words.next() {
        let value = words.next().filter(|_| is(word, "limit")).ok_or(Error::Syntax)?;
        let bad = || Error::reply("ERR LIMIT can't be negative");
        let number = usize::try_from(parse::integer_or(value, bad())?).map_err(|_| bad())?;
        // No limit is spelled 0.
        limit = Some(number).filter(|limit| *limit > 0);
    }
    let count = ZSource::common(sources, limit);
    ctx.count(count)
}

/// How many keys there are, as word `at` says; they must be there.
fn count_keys(ctx: &Context<'_, '_>, at: usize) -> Result<usize> {
    let count = parse::integer(&ctx.args[at])?;
    if count < 1 {
        let name = ctx.node.full_name;
        let text = format!("ERR at least 1 input key is needed for '{name}' command");
        return Err(Error::reply(text));
    }
    let room = ctx.args.len() - at - 1;
    usize::try_from(count).ok().filter(|count| *count <= room).ok_or(Error::Syntax)
}

/// Reads a command whose number of keys is word `at`, and combines the keys. Returns whether scores are
/// asked for, too.
fn combine(ctx: &Context<'_, '_>, at: usize, operation: Operation) -> Result<(Combined, bool)> {
    let keys = count_keys(ctx, at)?;
    let stores = at > 1;
    // Types come before options.
    let sources = ctx.tx.zsources(&ctx.keys[at - 1..])?;
    let (mut weights, mut aggregate, mut scores) = (vec![1.0; keys], Aggregate::Sum, false);
    let mut at = at + 1 + keys;
    while let Some(word) = ctx.args.get(at) {
        let left = ctx.args.len() - at - 1;
        let weighs = operation != Operation::Difference;
        if weighs && left >= keys && is(word, "weights") {
            for (i, weight) in weights.iter_mut().enumerate() {
                let number = double::parse(&ctx.args[at + 1 + i]);
                *weight = number.ok_or(Error::reply("ERR weight value is not a float"))?;
            }
            at += keys;
        } else if weighs && left >= 1 && is(word, "aggregate") {
            aggregate = match ctx.args.at(at + 1) {
                word if is(word, "sum") => Aggregate::Sum,
                word if is(word, "min") => Aggregate::Min,
                word if is(word, "max") => Aggregate::Max,
                word if is(word, "count") => Aggregate::Count,
                _ => return Err(Error::Syntax),
            };
            at += 1;
        } else if !stores && is(word, "withscores") {
            scores = true;
        } else {
            return Err(Error::Syntax);
        }
        at += 1;
    }
    Ok((ZSource::combine(sources, operation, &weights, aggregate), scores))
}
