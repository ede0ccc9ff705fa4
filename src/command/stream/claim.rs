//! XCLAIM and XAUTOCLAIM.

use super::ids::{id, range_start, write_delivered, write_id, write_ids};
use crate::api::{AutoClaimArgs, ClaimArgs, Delivered};
use crate::clock::Millis;
use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::parse::{self, is};
use crate::command::reply::Reply;
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::ds::stream_log::StreamId;
use crate::error::{Error, Result};

pub(super) const XCLAIM: Command = Command::new("xclaim", -6, xclaim)
    .group(Group::Stream)
    .flags(&[Flags::WRITE, Flags::FAST])
    .categories(&[Categories::STREAM])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::UPDATE])])
    .since("5.0.0")
    .complexity("O(log(N)) for each entry")
    .summary("Gives a group's pending entries to a consumer, by id.")
    .tips(&["nondeterministic_output"])
    .args(&[
        Arg::key("key", 0),
        Arg::string("group"),
        Arg::string("consumer"),
        Arg::string("min-idle-time"),
        Arg::string("id").multiple(),
        Arg::integer("ms").token("IDLE").optional(),
        Arg::unix_time("unix-time-milliseconds").token("TIME").optional(),
        Arg::integer("count").token("RETRYCOUNT").optional(),
        Arg::word("force", "FORCE").optional(),
        Arg::word("justid", "JUSTID").optional(),
        Arg::string("lastid").token("LASTID").optional(),
    ]);

fn xclaim(ctx: &mut Context<'_, '_>) -> Result<()> {
    let words = ctx.args;
    ctx.tx.stream_group(ctx.key(), words.at(2))?;
    let number = |word: &[u8], option: &str| {
        let bad = format!("ERR Invalid {option} argument for XCLAIM");
        parse::integer_or(word, Error::reply(bad))
    };
    let min_idle = number(words.at(4), "min-idle-time")?.max(0);
    let mut at = 5;
    let mut ids: Vec<StreamId> = Vec::new();
    while let Some(id) = words.get(at).and_then(|word| id(word, 0).ok()) {
        ids.push(id);
        at += 1;
    }
    let mut args = ClaimArgs {
        group: words.at(2),
        consumer: words.at(3),
        min_idle,
        delivered: None,
        count: None,
        force: false,
        just_id: false,
        last_id: StreamId::MIN,
    };
    while let Some(word) = words.get(at) {
        let value = words.get(at + 1);
        at += 2;
        match (word, value) {
            (word, _) if is(word, "force") => {
                args.force = true;
                at -= 1;
            }
            (word, _) if is(word, "justid") => {
                args.just_id = true;
                at -= 1;
            }
            (word, Some(value)) if is(word, "idle") => {
                let idle = number(value, "IDLE option")?;
                args.delivered = Some(Millis(ctx.tx.now().0.wrapping_sub(idle)));
            }
            (word, Some(value)) if is(word, "time") => {
                args.delivered = Some(Millis(number(value, "TIME option")?));
            }
            (word, Some(value)) if is(word, "retrycount") => {
                args.count = Some(number(value, "RETRYCOUNT option")?).filter(|count| *count >= 0);
            }
            (word, Some(value)) if is(word, "lastid") => args.last_id = id(value, 0)?,
            _ => return Err(Error::echo("ERR Unrecognized XCLAIM option '", word, "'")),
        }
    }
    let reply = &mut *ctx.reply;
    ctx.tx.xclaim(ctx.keys[0], &ids, &args, |claimed| write_claimed(reply, claimed, args.just_id))
}

fn write_claimed(reply: &mut dyn Reply, claimed: Vec<Delivered<'_>>, just_id: bool) {
    if just_id {
        write_ids(reply, claimed.iter().map(|entry| entry.id));
    } else {
        write_delivered(reply, claimed);
    }
}

pub(super) const XAUTOCLAIM: Command = Command::new("xautoclaim", -6, xautoclaim)
    .group(Group::Stream)
    .flags(&[Flags::WRITE, Flags::FAST])
    .categories(&[Categories::STREAM])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::DELETE])])
    .since("6.2.0")
    .complexity("O(N log(P)) for N of P pending entries")
    .summary("Gives a consumer what was pending for long in its group.")
    .history(&[("7.0.0", "Returns the ids of entries that were deleted.")])
    .tips(&["nondeterministic_output"])
    .args(&[
        Arg::key("key", 0),
        Arg::string("group"),
        Arg::string("consumer"),
        Arg::string("min-idle-time"),
        Arg::string("start"),
        Arg::integer("count").token("COUNT").optional(),
        Arg::word("justid", "JUSTID").optional(),
    ]);

/// How many entries XAUTOCLAIM can be asked for.
const MOST: i64 = i64::MAX / 16;

fn xautoclaim(ctx: &mut Context<'_, '_>) -> Result<()> {
    let words = ctx.args;
    // The key is looked up before its words are read.
    ctx.tx.look(ctx.keys[0])?;
    let bad = Error::reply("ERR Invalid min-idle-time argument for XAUTOCLAIM");
    let min_idle = parse::integer_or(words.at(4), bad)?.max(0);
    let from = range_start(words.at(5))?;
    let mut args = AutoClaimArgs {
        group: words.at(2),
        consumer: words.at(3),
        min_idle,
        from,
        count: 100,
        just_id: false,
    };
    let mut at = 6;
    while let Some(word) = words.get(at) {
        at += 1;
        match words.get(at) {
            Some(value) if is(word, "count") => {
                let bad = || Error::reply("ERR COUNT must be > 0");
                let count = parse::integer_or(value, bad())?;
                let count = Some(count).filter(|count| (1..=MOST).contains(count));
                args.count = count.and_then(|count| usize::try_from(count).ok()).ok_or_else(bad)?;
                at += 1;
            }
            _ if is(word, "justid") => args.just_id = true,
            _ => return Err(Error::Syntax),
        }
    }
    let reply = &mut *ctx.reply;
    ctx.tx.xautoclaim(ctx.keys[0], &args, |next, claimed, deleted| {
        reply.array(3);
        write_id(reply, next);
        write_claimed(reply, claimed, args.just_id);
        write_ids(reply, deleted.iter().copied());
    })
}
