//! XDEL, XDELEX, XACKDEL, XSETID.

use std::ops::Range;

use super::add::{REFERENCES, policy};
use super::ids::id;
use crate::command::args::Args;
use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::parse::{self, is};
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::ds::stream_log::StreamId;
use crate::error::{Error, Result};
use crate::value::stream::{Deletion, References};

pub(super) const XDEL: Command = Command::new("xdel", -3, xdel)
    .group(Group::Stream)
    .flags(&[Flags::WRITE, Flags::FAST])
    .categories(&[Categories::STREAM])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::DELETE])])
    .since("5.0.0")
    .complexity("O(log(N)) for each entry")
    .summary("Deletes a stream's entries by id, and returns how many there were.")
    .args(&[Arg::key("key", 0), Arg::string("id").multiple()]);

fn xdel(ctx: &mut Context<'_, '_>) -> Result<()> {
    // Without a stream the ids are not looked at.
    if ctx.tx.peek_stream(ctx.key())?.is_none() {
        return ctx.count(0);
    }
    let ids = ids_from(ctx.args, 2)?;
    let outcomes = ctx.tx.xdel(ctx.key(), &ids, References::Keep)?;
    ctx.count(outcomes.iter().filter(|outcome| **outcome == Deletion::Deleted).count())
}

/// The ids from word `at` on.
pub(super) fn ids_from(words: Args<'_>, at: usize) -> Result<Vec<StreamId>> {
    words.iter_from(at).map(|word| id(word, 0)).collect()
}

pub(super) const IDS: Arg =
    Arg::block("ids", &[Arg::integer("numids"), Arg::string("id").multiple()]).token("IDS");

pub(super) const XDELEX: Command = Command::new("xdelex", -5, xdelex)
    .group(Group::Stream)
    .flags(&[Flags::WRITE, Flags::FAST])
    .categories(&[Categories::STREAM])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::DELETE])])
    .since("8.2.0")
    .complexity("O(log(N)) for each entry and group")
    .summary(
        "Deletes a stream's entries by id, with what points to them or unless a group needs them.",
    )
    .args(&[Arg::key("key", 0), REFERENCES, IDS]);

fn xdelex(ctx: &mut Context<'_, '_>) -> Result<()> {
    let (references, ids) = references_and_ids(ctx.args, 2)?;
    let outcomes = ctx.tx.xdel(ctx.key(), &ids, references)?;
    write_outcomes(ctx, &outcomes);
    Ok(())
}

pub(super) const XACKDEL: Command = Command::new("xackdel", -6, xackdel)
    .group(Group::Stream)
    .flags(&[Flags::WRITE, Flags::FAST])
    .categories(&[Categories::STREAM])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::DELETE, KeyFlags::UPDATE])])
    .since("8.2.0")
    .complexity("O(log(N)) for each entry and group")
    .summary("Acknowledges entries for a group and deletes them, perhaps unless another group needs them.")
    .args(&[Arg::key("key", 0), Arg::string("group"), REFERENCES, IDS]);

fn xackdel(ctx: &mut Context<'_, '_>) -> Result<()> {
    let (references, ids) = references_and_ids(ctx.args, 3)?;
    let outcomes = ctx.tx.xackdel(ctx.key(), ctx.args.at(2), &ids, references)?;
    write_outcomes(ctx, &outcomes);
    Ok(())
}

/// What XDELEX and XACKDEL are told from word `at` on, in any order.
fn references_and_ids(words: Args<'_>, mut at: usize) -> Result<(References, Vec<StreamId>)> {
    let (mut references, mut ids) = (None, None);
    while let Some(word) = words.get(at) {
        at += 1;
        if let Some(policy) = policy(word) {
            if references.is_some() {
                return Err(Error::Syntax);
            }
            references = Some(policy);
        } else if is(word, "ids") && ids.is_none() {
            let found = counted_ids(words, at)?;
            at = found.end;
            ids = Some(found);
        } else {
            return Err(Error::Syntax);
        }
    }
    let ids = ids.ok_or(Error::Syntax)?;
    let ids = ids.map(|at| id(words.at(at), 0)).collect::<Result<_>>()?;
    Ok((references.unwrap_or_default(), ids))
}

/// Where the ids are behind the word that says how many there are, which is word `at`.
pub(super) fn counted_ids(words: Args<'_>, at: usize) -> Result<Range<usize>> {
    let bad = Error::reply("ERR Number of IDs must be a positive integer");
    let count = parse::integer_or(words.get(at).ok_or(Error::Syntax)?, bad.clone())?;
    let count = usize::try_from(count).ok().filter(|count| *count > 0).ok_or(bad)?;
    let first = at + 1;
    if count > words.len() - first {
        return Err(Error::reply("ERR The `numids` parameter must match the number of arguments"));
    }
    Ok(first..first + count)
}

fn write_outcomes(ctx: &mut Context<'_, '_>, outcomes: &[Deletion]) {
    ctx.reply.array(outcomes.len());
    for outcome in outcomes {
        ctx.reply.integer(match outcome {
            Deletion::Missing => -1,
            Deletion::Deleted => 1,
            Deletion::Kept => 2,
        });
    }
}

pub(super) const XSETID: Command = Command::new("xsetid", -3, xsetid)
    .group(Group::Stream)
    .flags(&[Flags::WRITE, Flags::DENYOOM, Flags::FAST])
    .categories(&[Categories::STREAM])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::UPDATE])])
    .since("5.0.0")
    .summary("Sets a stream's last id, and what it counts.")
    .history(&[("7.0.0", "The arguments `ENTRIESADDED` and `MAXDELETEDID`.")])
    .args(&[
        Arg::key("key", 0),
        Arg::string("last-id"),
        Arg::integer("entries-added").token("ENTRIESADDED").optional().since("7.0.0"),
        Arg::string("max-deleted-id").token("MAXDELETEDID").optional().since("7.0.0"),
    ]);

fn xsetid(ctx: &mut Context<'_, '_>) -> Result<()> {
    let last_id = id(&ctx.args[2], 0)?;
    let (mut added, mut max_deleted) = (None, None);
    let mut at = 3;
    while let Some(word) = ctx.args.get(at) {
        let value = ctx.args.get(at + 1).ok_or(Error::Syntax)?;
        if is(word, "entriesadded") {
            let number = parse::integer(value)?;
            if number < 0 {
                return Err(Error::reply("ERR entries_added must be positive"));
            }
            added = Some(number);
        } else if is(word, "maxdeletedid") {
            let deleted = id(value, 0)?;
            if last_id < deleted {
                return Err(Error::reply(
                    "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id",
                ));
            }
            // The least id is what no deleted entry had: as if nothing were said.
            max_deleted = Some(deleted).filter(|id| *id != StreamId::MIN);
        } else {
            return Err(Error::Syntax);
        }
        at += 2;
    }
    ctx.tx.xsetid(ctx.key(), last_id, added, max_deleted)?;
    ctx.ok()
}
