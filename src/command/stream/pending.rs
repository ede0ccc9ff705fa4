//! XACK and XPENDING.

use super::ids::{range_end, range_start, write_id};
use super::remove::ids_from;
use crate::command::args::Args;
use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::parse::{self, is};
use crate::command::reply::Reply;
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::ds::stream_log::StreamId;
use crate::error::{Error, Result};
use crate::value::stream;

pub(super) const XACK: Command = Command::new("xack", -4, xack)
    .group(Group::Stream)
    .flags(&[Flags::WRITE, Flags::FAST])
    .categories(&[Categories::STREAM])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::UPDATE])])
    .since("5.0.0")
    .complexity("O(log(N)) for each entry")
    .summary("Acknowledges entries for a group, and returns how many were pending.")
    .args(&[Arg::key("key", 0), Arg::string("group"), Arg::string("id").multiple()]);

fn xack(ctx: &mut Context<'_, '_>) -> Result<()> {
    let group = ctx.args.at(2);
    // Without a group the ids are not looked at.
    if ctx.tx.stream(ctx.key())?.and_then(|stream| stream.group(group)).is_none() {
        return ctx.count(0);
    }
    let ids = ids_from(ctx.args, 3)?;
    let acknowledged = ctx.tx.xack(ctx.key(), group, &ids)?;
    ctx.count(acknowledged)
}

pub(super) const XPENDING: Command = Command::new("xpending", -3, xpending)
    .group(Group::Stream)
    .flags(&[Flags::READONLY])
    .categories(&[Categories::STREAM])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .since("5.0.0")
    .complexity("O(log(N) + M) for M of N pending entries; of the summary, O(C) for C consumers")
    .summary("Tells what is pending in a group.")
    .history(&[("6.2.0", "Option `IDLE` and exclusive ranges.")])
    .tips(&["nondeterministic_output"])
    .args(&[
        Arg::key("key", 0),
        Arg::string("group"),
        Arg::block(
            "filters",
            &[
                Arg::integer("min-idle-time").token("IDLE").optional().since("6.2.0"),
                Arg::string("start"),
                Arg::string("end"),
                Arg::integer("count"),
                Arg::string("consumer").optional(),
            ],
        )
        .optional(),
    ]);

fn xpending(ctx: &mut Context<'_, '_>) -> Result<()> {
    let filter = Filter::parse(ctx.args)?;
    let group = ctx.tx.stream_group(ctx.key(), ctx.args.at(2))?;
    match filter {
        None => write_summary(ctx.reply, group),
        Some(filter) => filter.write(ctx.reply, group, ctx.tx.now()),
    }
    Ok(())
}

/// Which pending entries are asked for.
struct Filter<'a> {
    min_idle: i64,
    from: StreamId,
    to: StreamId,
    count: usize,
    consumer: Option<&'a [u8]>,
}

impl<'a> Filter<'a> {
    /// # Errors
    /// Redis's words, in its order.
    fn parse(words: Args<'a>) -> Result<Option<Filter<'a>>> {
        match words.len() {
            3 => return Ok(None),
            6..=9 => {}
            _ => return Err(Error::Syntax),
        }
        let mut at = 3;
        let mut min_idle = 0;
        if is(words.at(3), "idle") {
            min_idle = parse::integer(words.at(4))?;
            if words.len() < 8 {
                return Err(Error::Syntax);
            }
            at = 5;
        }
        let count = usize::try_from(parse::integer(words.at(at + 2))?).unwrap_or(0);
        let from = range_start(words.at(at))?;
        let to = range_end(words.at(at + 1))?;
        Ok(Some(Filter { min_idle, from, to, count, consumer: words.get(at + 3) }))
    }

    fn write(&self, reply: &mut dyn Reply, group: &stream::Group, now: crate::clock::Millis) {
        let pending = group.pending();
        let suits = |id: StreamId| {
            let found = pending.get(&id).expect("the group has what its consumers have");
            (self.min_idle == 0 || found.is_idle_for(self.min_idle, now)).then_some((id, found))
        };
        let found: Vec<_> = match self.consumer {
            None => {
                let range = pending.iter_from(pending.ceiling(&self.from));
                let range = range.take_while(|(id, _)| **id <= self.to);
                range.filter_map(|(id, _)| suits(*id)).take(self.count).collect()
            }
            Some(name) => match group.find_consumer(name) {
                None => Vec::new(),
                Some(consumer) => {
                    let range = group.consumer(consumer).pending_from(self.from);
                    let range = range.take_while(|id| *id <= self.to);
                    range.filter_map(suits).take(self.count).collect()
                }
            },
        };
        reply.array(found.len());
        for (id, pending) in found {
            reply.array(4);
            write_id(reply, id);
            reply.bulk(group.name_of(pending));
            // What was given back is idle for no time that could be told.
            reply.integer(pending.consumer.map_or(-1, |_| pending.idle(now).max(0)));
            reply.integer(pending.count);
        }
    }
}

fn write_summary(reply: &mut dyn Reply, group: &stream::Group) {
    let pending = group.pending();
    reply.array(4);
    reply.integer(i64::try_from(pending.len()).unwrap_or(i64::MAX));
    let id = |place| pending.at(place).map(|(id, _)| *id);
    let ends = pending.first().and_then(id).zip(pending.last().and_then(id));
    let Some((least, greatest)) = ends else {
        reply.null();
        reply.null();
        reply.null_array();
        return;
    };
    write_id(reply, least);
    write_id(reply, greatest);
    let busy = || group.consumers().filter(|consumer| consumer.pending() > 0);
    reply.array(busy().count());
    for consumer in busy() {
        reply.array(2);
        reply.bulk(consumer.name());
        reply.bulk(consumer.pending().to_string().as_bytes());
    }
}
