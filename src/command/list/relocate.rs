//! LMOVE, LMOVEM, RPOPLPUSH, LMPOP: several lists at one moment.

use bytes::Bytes;

use super::ENDS;
use super::pop::pop_array;
use crate::api::MoveCount;
use crate::command::args::Args;
use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::parse;
use crate::command::reply::Reply;
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::error::{Error, Result};
use crate::value::list::End;

pub(super) const LMOVE: Command = Command::new("lmove", 5, lmove)
    .group(Group::List)
    .flags(&[Flags::WRITE, Flags::DENYOOM])
    .categories(&[Categories::LIST])
    .keys(&[
        KeySpec::one(1, &[KeyFlags::RW, KeyFlags::ACCESS, KeyFlags::DELETE]),
        KeySpec::one(2, &[KeyFlags::RW, KeyFlags::INSERT]),
    ])
    .since("6.2.0")
    .summary("Takes an element off one list and adds it to another.")
    .args(&[
        Arg::key("source", 0),
        Arg::key("destination", 1),
        Arg::one_of("wherefrom", ENDS),
        Arg::one_of("whereto", ENDS),
    ]);

fn lmove(ctx: &mut Context<'_, '_>) -> Result<()> {
    let (from, to) = (super::end(&ctx.args[3])?, super::end(&ctx.args[4])?);
    relocate(ctx, from, to)
}

/// How many elements, and how they come to lie.
pub(super) const HOW_MANY: Arg = Arg::block(
    "how-many",
    &[
        Arg::one_of(
            "selector",
            &[Arg::integer("count").token("COUNT"), Arg::integer("exactly").token("EXACTLY")],
        ),
        Arg::one_of("ordering", &[Arg::word("obo", "OBO"), Arg::word("bulk", "BULK")]),
    ],
)
.optional();

pub(super) const LMOVEM: Command = Command::new("lmovem", -5, lmovem)
    .group(Group::List)
    .flags(&[Flags::WRITE, Flags::DENYOOM])
    .categories(&[Categories::LIST])
    .keys(&[
        KeySpec::one(1, &[KeyFlags::RW, KeyFlags::ACCESS, KeyFlags::DELETE]),
        KeySpec::one(2, &[KeyFlags::RW, KeyFlags::INSERT]),
    ])
    .since("8.10.0")
    .complexity("O(N) where N is the number of elements moved")
    .summary("Takes elements off one list and adds them to another.")
    .args(&[
        Arg::key("source", 0),
        Arg::key("destination", 1),
        Arg::one_of("wherefrom", ENDS),
        Arg::one_of("whereto", ENDS),
        HOW_MANY,
    ]);

fn lmovem(ctx: &mut Context<'_, '_>) -> Result<()> {
    let ends = [super::end(&ctx.args[3])?, super::end(&ctx.args[4])?];
    let how = how_many(ctx.args, 5)?;
    let moved = ctx.tx.list_move_many(ctx.keys[0], ctx.keys[1], ends, how)?;
    elements(ctx.reply, moved);
    Ok(())
}

/// The words from one on that say how many.
pub(super) fn how_many(words: Args<'_>, at: usize) -> Result<MoveCount> {
    let words: Vec<&[u8]> = words.iter_from(at).collect();
    let [selector, count, ordering] = words[..] else {
        let one = MoveCount { count: 1, exactly: false, bulk: false };
        return if words.is_empty() { Ok(one) } else { Err(Error::Syntax) };
    };
    let (exactly, bad) = match selector {
        word if parse::is(word, "count") => (false, "ERR count should be greater than 0"),
        word if parse::is(word, "exactly") => (true, "ERR exactly should be greater than 0"),
        _ => return Err(Error::Syntax),
    };
    let bulk = parse::is(ordering, "bulk");
    if !bulk && !parse::is(ordering, "obo") {
        return Err(Error::Syntax);
    }
    match super::count(count, bad)? {
        0 => Err(Error::reply(bad)),
        count => Ok(MoveCount { count, exactly, bulk }),
    }
}

/// Answers with elements that were moved, if there were any.
pub(super) fn elements(reply: &mut dyn Reply, moved: Option<Vec<Bytes>>) {
    let Some(elements) = moved else {
        reply.null_array();
        return;
    };
    reply.array(elements.len());
    elements.iter().for_each(|element| reply.bulk(element));
}

pub(super) const RPOPLPUSH: Command =
    Command::new("rpoplpush", 3, |ctx| relocate(ctx, End::Back, End::Front))
        .group(Group::List)
        .flags(&[Flags::WRITE, Flags::DENYOOM])
        .categories(&[Categories::LIST])
        .keys(&[
            KeySpec::one(1, &[KeyFlags::RW, KeyFlags::ACCESS, KeyFlags::DELETE]),
            KeySpec::one(2, &[KeyFlags::RW, KeyFlags::INSERT]),
        ])
        .since("1.2.0")
        .summary("Takes the last element off one list and adds it in front of another.")
        .deprecated("6.2.0", "`LMOVE` with the `RIGHT` and `LEFT` arguments")
        .args(&[Arg::key("source", 0), Arg::key("destination", 1)]);

fn relocate(ctx: &mut Context<'_, '_>, from: End, to: End) -> Result<()> {
    let moved = ctx.tx.list_move(ctx.keys[0], ctx.keys[1], from, to)?;
    element(ctx.reply, moved);
    Ok(())
}

/// Answers with an element that was moved, if there was one.
pub(super) fn element(reply: &mut dyn Reply, moved: Option<Bytes>) {
    match moved {
        Some(element) => reply.bulk(&element),
        None => reply.null(),
    }
}

pub(super) const LMPOP: Command = Command::new("lmpop", -4, lmpop)
    .group(Group::List)
    .flags(&[Flags::WRITE])
    .categories(&[Categories::LIST])
    .keys(&[KeySpec::counted(1, 1, &[KeyFlags::RW, KeyFlags::ACCESS, KeyFlags::DELETE])])
    .since("7.0.0")
    .complexity("O(N+M) where N is the number of keys and M that of elements returned")
    .summary("Takes elements off the first of several lists that is there.")
    .args(&[
        Arg::integer("numkeys"),
        Arg::key("key", 0).multiple(),
        Arg::one_of("where", ENDS),
        Arg::integer("count").token("COUNT").optional(),
    ]);

fn lmpop(ctx: &mut Context<'_, '_>) -> Result<()> {
    let (end, count) = mpop_words(ctx.args, 1)?;
    let Some((key, len)) = ctx.tx.first_list(ctx.keys)? else {
        ctx.reply.null_array();
        return Ok(());
    };
    ctx.reply.array(2);
    ctx.reply.bulk(key.bytes);
    pop_array(ctx, end, key, count.min(len))
}

/// The end and the count in the words of LMPOP, from the number of keys on.
pub(super) fn mpop_words(words: Args<'_>, at: usize) -> Result<(End, usize)> {
    let keys = parse::positive(words.at(at), "ERR numkeys should be greater than 0")?;
    let end_at = keys.checked_add(at + 1).ok_or(Error::Syntax)?;
    let end = super::end(words.get(end_at).ok_or(Error::Syntax)?)?;
    let options: Vec<&[u8]> = words.iter_from(end_at + 1).collect();
    let count = match options[..] {
        [] => 1,
        [word, value, ref rest @ ..] if parse::is(word, "count") => {
            let count = parse::positive(value, "ERR count should be greater than 0")?;
            if !rest.is_empty() {
                return Err(Error::Syntax);
            }
            count
        }
        _ => return Err(Error::Syntax),
    };
    Ok((end, count))
}
