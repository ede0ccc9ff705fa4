//! ZADD, ZINCRBY.

use smallvec::SmallVec;

use crate::command::args::Args;
use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::parse::is;
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::error::{Error, Result};
use crate::text::double;
use crate::value::zset::How;
pub(super) const ZADD: Command = Command::new("zadd", -4, zadd)
    .group(Group::SortedSet)
    .flags(&[Flags::WRITE, Flags::DENYOOM, Flags::FAST])
    .categories(&[Categories::SORTEDSET])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::UPDATE])])
    .since("1.2.0")
    .complexity("O(log(N)) for each member, with N the number of members")
    .summary("Adds members to a sorted set, or changes their scores.")
    .history(&[
        ("2.4.0", "Several members at once."),
        ("3.0.2", "Options `XX`, `NX`, `CH` and `INCR`."),
        ("6.2.0", "Options `GT` and `LT`."),
    ])
    .args(&[
        Arg::key("key", 0),
        Arg::one_of("condition", &[Arg::word("nx", "NX"), Arg::word("xx", "XX")])
            .optional()
            .since("3.0.2"),
        Arg::one_of("comparison", &[Arg::word("gt", "GT"), Arg::word("lt", "LT")])
            .optional()
            .since("6.2.0"),
        Arg::word("change", "CH").optional().since("3.0.2"),
        Arg::word("increment", "INCR").optional().since("3.0.2"),
        Arg::block("data", &[Arg::double("score"), Arg::string("member")]).multiple(),
    ]);

/// Scores of one command.
type Scores = SmallVec<[f64; 8]>;

fn zadd(ctx: &mut Context<'_, '_>) -> Result<()> {
    let mut how = How::default();
    let (mut first, mut both) = (2, false);
    while let Some(word) = ctx.args.get(first) {
        match word {
            // Almost always a score is next.
            [b'0'..=b'9', ..] => break,
            word if is(word, "nx") => how.absent = true,
            word if is(word, "xx") => how.present = true,
            word if is(word, "gt") => how.greater = true,
            word if is(word, "lt") => how.less = true,
            word if is(word, "ch") => both = true,
            word if is(word, "incr") => how.increment = true,
            _ => break,
        }
        first += 1;
    }
    let words = ctx.args.len() - first;
    if words == 0 || words % 2 == 1 {
        return Err(Error::Syntax);
    }
    check(how, words / 2)?;
    let scores = scores(ctx.args, first, 2)?;
    add(ctx, how, &scores, |i| first + 2 * i + 1, both)
}

/// Refuses options that exclude one another.
fn check(how: How, pairs: usize) -> Result<()> {
    let How { absent, present, greater, less, increment } = how;
    if absent && present {
        let text = "ERR XX and NX options at the same time are not compatible";
        return Err(Error::reply(text));
    }
    if absent && (greater || less) || greater && less {
        let text = "ERR GT, LT, and/or NX options at the same time are not compatible";
        return Err(Error::reply(text));
    }
    if increment && pairs > 1 {
        let text = "ERR INCR option supports a single increment-element pair";
        return Err(Error::reply(text));
    }
    Ok(())
}

/// Every `step`th word from `first` on, as a number.
fn scores(args: Args<'_>, first: usize, step: usize) -> Result<Scores> {
    args.iter_from(first)
        .step_by(step)
        .map(|word| double::parse(word).ok_or(Error::NotFloat))
        .collect()
}

/// Adds members, number `i` being the word at `member(i)`; answers how many are new, or with the sum. Also GEOADD.
pub(in crate::command) fn add(
    ctx: &mut Context<'_, '_>,
    how: How,
    scores: &[f64],
    member: impl Fn(usize) -> usize + Copy,
    both: bool,
) -> Result<()> {
    let args = ctx.args;
    let pairs = scores.iter().enumerate().map(move |(i, score)| (*score, args.at(member(i))));
    let done = ctx.tx.zadd(ctx.key(), pairs, how)?;
    if !how.increment {
        return ctx.count(done.added + if both { done.changed } else { 0 });
    }
    match done.last {
        Some(sum) => ctx.reply.double(sum),
        None => ctx.reply.null(),
    }
    Ok(())
}

pub(super) const ZINCRBY: Command = Command::new("zincrby", 4, zincrby)
    .group(Group::SortedSet)
    .flags(&[Flags::WRITE, Flags::DENYOOM, Flags::FAST])
    .categories(&[Categories::SORTEDSET])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::ACCESS, KeyFlags::UPDATE])])
    .since("1.2.0")
    .complexity("O(log(N)) with N the number of members")
    .summary("Adds to the score of a member.")
    .args(&[Arg::key("key", 0), Arg::integer("increment"), Arg::string("member")]);

fn zincrby(ctx: &mut Context<'_, '_>) -> Result<()> {
    // ZADD's options are known here, too, and leave no pair of words.
    const OPTIONS: [&str; 6] = ["nx", "xx", "gt", "lt", "ch", "incr"];
    if OPTIONS.iter().any(|option| is(&ctx.args[2], option)) {
        return Err(Error::Syntax);
    }
    let by = double::parse(&ctx.args[2]).ok_or(Error::NotFloat)?;
    add(ctx, How { increment: true, ..How::default() }, &[by], |_| 3, false)
}
