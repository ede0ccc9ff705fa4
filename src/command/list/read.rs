//! LLEN, LINDEX, LRANGE, LPOS.

use crate::api::{LposOptions, index_of, index_range};
use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::parse;
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::error::{Error, Result};
use crate::value::list::ListRef;
use crate::value::string::Digits;

pub(super) const LLEN: Command = Command::new("llen", 2, llen)
    .group(Group::List)
    .flags(&[Flags::READONLY, Flags::FAST])
    .categories(&[Categories::LIST])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO])])
    .summary("Counts the elements of a list.")
    .args(&[Arg::key("key", 0)]);

fn llen(ctx: &mut Context<'_, '_>) -> Result<()> {
    let len = ctx.tx.list(ctx.key())?.map_or(0, ListRef::len);
    ctx.count(len)
}

pub(super) const LINDEX: Command = Command::new("lindex", 3, lindex)
    .group(Group::List)
    .flags(&[Flags::READONLY])
    .categories(&[Categories::LIST])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .complexity(
        "O(N) where N is the number of nodes between the element and the nearer end, by 128",
    )
    .summary("Returns the element of a list with an index.")
    .args(&[Arg::key("key", 0), Arg::integer("index")]);

fn lindex(ctx: &mut Context<'_, '_>) -> Result<()> {
    let item = match ctx.tx.list(ctx.key())? {
        Some(list) => {
            let index = parse::integer(&ctx.args[2])?;
            index_of(index, list.len()).and_then(|index| list.get(index))
        }
        None => None,
    };
    match item {
        Some(item) => ctx.reply.bulk(item.bytes(&mut Digits::new())),
        None => ctx.reply.null(),
    }
    Ok(())
}

pub(super) const LRANGE: Command = Command::new("lrange", 4, lrange)
    .group(Group::List)
    .flags(&[Flags::READONLY])
    .categories(&[Categories::LIST])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .complexity("O(S+N) where S is the number of nodes in front, by 128, and N that of elements")
    .summary("Returns the elements of a list between two indexes.")
    .args(&[Arg::key("key", 0), Arg::integer("start"), Arg::integer("stop")]);

fn lrange(ctx: &mut Context<'_, '_>) -> Result<()> {
    let start = parse::integer(&ctx.args[2])?;
    let stop = parse::integer(&ctx.args[3])?;
    let Some(list) = ctx.tx.list(ctx.key())? else {
        ctx.reply.array(0);
        return Ok(());
    };
    let range = index_range(start..=stop, list.len());
    ctx.reply.array(range.len());
    for item in list.iter_from(range.start).take(range.len()) {
        ctx.reply.bulk(item.bytes(&mut Digits::new()));
    }
    Ok(())
}

pub(super) const LPOS: Command = Command::new("lpos", -3, lpos)
    .group(Group::List)
    .flags(&[Flags::READONLY])
    .categories(&[Categories::LIST])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .since("6.0.6")
    .complexity("O(N) where N is the number of elements compared")
    .summary("Finds the indexes of an element in a list.")
    .args(&[
        Arg::key("key", 0),
        Arg::string("element"),
        Arg::integer("rank").token("RANK").optional(),
        Arg::integer("num-matches").token("COUNT").optional(),
        Arg::integer("len").token("MAXLEN").optional(),
    ]);

fn lpos(ctx: &mut Context<'_, '_>) -> Result<()> {
    let (options, many) = lpos_options(ctx)?;
    let Some(list) = ctx.tx.list(ctx.key())? else {
        match many {
            true => ctx.reply.array(0),
            false => ctx.reply.null(),
        }
        return Ok(());
    };
    let mut found = Vec::new();
    options.search(list, ctx.args.at(2), |index| found.push(index));
    match (many, found.first()) {
        (true, _) => {
            ctx.reply.array(found.len());
            found.into_iter().try_for_each(|index| ctx.count(index))
        }
        (false, Some(&index)) => ctx.count(index),
        (false, None) => {
            ctx.reply.null();
            Ok(())
        }
    }
}

/// The options, and whether several matches are asked for.
fn lpos_options(ctx: &Context<'_, '_>) -> Result<(LposOptions, bool)> {
    let mut options = LposOptions::new().count(1);
    let mut many = false;
    let mut words = ctx.args.iter_from(3);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(Error::Syntax);
        if parse::is(word, "rank") {
            let (end, rank) = super::signed(value()?)?;
            let Some(skip) = rank.checked_sub(1) else {
                return Err(Error::reply(
                    "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list",
                ));
            };
            options.from = end;
            options = options.skip(skip);
        } else if parse::is(word, "count") {
            let count = super::count(value()?, "ERR COUNT can't be negative")?;
            options = options.count(count as u64);
            many = true;
        } else if parse::is(word, "maxlen") {
            let len = super::count(value()?, "ERR MAXLEN can't be negative")?;
            options = options.max_len(len as u64);
        } else {
            return Err(Error::Syntax);
        }
    }
    Ok((options, many))
}
