//! XINFO.

use super::ids::{write_entry, write_id};
use super::range::write_entries;
use crate::api::IdempotencyInfo;
use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::parse::{self, is};
use crate::command::reply::Reply;
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::command::{errors, help};
use crate::ds::stream_log::{Entry, StreamId};
use crate::error::{Error, Result};
use crate::value::stream::{self, Pending, Position, StreamRef};

pub(super) const XINFO: Command = Command::new("xinfo", -2, help::container)
    .group(Group::Stream)
    .since("5.0.0")
    .complexity("That of the subcommand")
    .summary("Holds the commands that tell about streams.")
    .subcommands(&[CONSUMERS, GROUPS, HELP, STREAM]);

const STREAM: Command = Command::new("stream", -3, stream_info)
    .group(Group::Stream)
    .flags(&[Flags::READONLY])
    .categories(&[Categories::STREAM])
    .keys(&[KeySpec::one(2, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .since("5.0.0")
    .summary("Tells about a stream.")
    .history(&[
        ("6.0.0", "Option `FULL`."),
        ("7.0.0", "What was deleted, added and read, and the lag of groups."),
        ("7.2.0", "When a consumer was active, apart from when it was seen."),
        ("8.6.0", "What is remembered of producers."),
        ("8.8.0", "How many entries of a group were given back."),
    ])
    .args(&[
        Arg::key("key", 0),
        Arg::block(
            "full-block",
            &[Arg::word("full", "FULL"), Arg::integer("count").token("COUNT").optional()],
        )
        .optional(),
    ]);

/// How many of each there are in XINFO STREAM FULL, if nothing is said.
const USUAL_COUNT: usize = 10;

fn stream_info(ctx: &mut Context<'_, '_>) -> Result<()> {
    let stream = ctx.tx.stream(ctx.key())?.ok_or(Error::NoSuchKey)?;
    let refused = || errors::refused_subcommand("xinfo", ctx.args.at(1));
    let full = match (ctx.args.len(), ctx.args.get(3), ctx.args.get(4), ctx.args.get(5)) {
        (3, ..) => None,
        (4, Some(full), ..) if is(full, "full") => Some(USUAL_COUNT),
        (6, Some(full), Some(count), Some(number)) if is(full, "full") && is(count, "count") => {
            Some(match parse::integer(number)? {
                0 => usize::MAX,
                number => usize::try_from(number).unwrap_or(USUAL_COUNT),
            })
        }
        _ => return Err(refused()),
    };
    let seen = stream.idempotency().map(|seen| IdempotencyInfo::of(seen, ctx.tx));
    let reply = &mut *ctx.reply;
    let fields = if full.is_some() { 9 } else { 10 };
    reply.map(fields + if seen.is_some() { 6 } else { 0 });
    write_position(reply, stream);
    if let Some(seen) = seen {
        let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        field(reply, "idmp-duration").integer(whole(seen.duration.as_secs()));
        field(reply, "idmp-maxsize").integer(count(seen.max_size));
        field(reply, "pids-tracked").integer(count(seen.producers));
        field(reply, "iids-tracked").integer(count(seen.messages));
        field(reply, "iids-added").integer(whole(seen.added));
        field(reply, "iids-duplicates").integer(whole(seen.duplicates));
    }
    match full {
        None => write_short(reply, stream),
        Some(count) => write_full(reply, stream, count),
    }
    Ok(())
}

fn write_position(reply: &mut dyn Reply, stream: StreamRef<'_>) {
    let position = stream.position();
    field(reply, "length").integer(count(stream.len()));
    let blocks = stream.log().blocks();
    field(reply, "radix-tree-keys").integer(count(blocks));
    field(reply, "radix-tree-nodes").integer(count(blocks + 1));
    write_id(field(reply, "last-generated-id"), position.last_id);
    write_id(field(reply, "max-deleted-entry-id"), position.max_deleted);
    field(reply, "entries-added").integer(position.entries_added);
    write_id(field(reply, "recorded-first-entry-id"), position.first_id);
}

fn write_short(reply: &mut dyn Reply, stream: StreamRef<'_>) {
    field(reply, "groups").integer(count(stream.group_count()));
    let (least, most) = (StreamId::MIN, StreamId::MAX);
    write_end(field(reply, "first-entry"), stream.log().range(least, most).next());
    write_end(field(reply, "last-entry"), stream.log().range_back(least, most).next());
}

fn write_end(reply: &mut dyn Reply, entry: Option<Entry<'_>>) {
    match entry {
        Some(entry) => write_entry(reply, entry.id, entry.fields),
        None => reply.null(),
    }
}

fn write_full(reply: &mut dyn Reply, stream: StreamRef<'_>, limit: usize) {
    let entries = stream.log().range(StreamId::MIN, StreamId::MAX);
    write_entries(field(reply, "entries"), entries, limit);
    field(reply, "groups").array(stream.group_count());
    for (name, group) in stream.groups() {
        // As of producers, this is told where there is something to tell.
        let given_back = group.given_back().len();
        reply.map(if given_back > 0 { 8 } else { 7 });
        field(reply, "name").bulk(name);
        write_id(field(reply, "last-delivered-id"), group.last_id);
        write_progress(reply, stream.position(), group);
        field(reply, "pel-count").integer(count(group.pending().len()));
        if given_back > 0 {
            field(reply, "nacked-count").integer(count(given_back));
        }
        field(reply, "pending").array(group.pending().len().min(limit));
        for (id, pending) in group.pending().iter().take(limit) {
            reply.array(4);
            write_id(reply, *id);
            reply.bulk(group.name_of(pending));
            write_delivery(reply, pending);
        }
        field(reply, "consumers").array(group.consumers().len());
        for consumer in group.consumers() {
            reply.map(5);
            field(reply, "name").bulk(consumer.name());
            field(reply, "seen-time").integer(consumer.seen.0);
            field(reply, "active-time").integer(consumer.active.map_or(-1, |at| at.0));
            field(reply, "pel-count").integer(count(consumer.pending()));
            field(reply, "pending").array(consumer.pending().min(limit));
            for id in consumer.pending_from(StreamId::MIN).take(limit) {
                reply.array(3);
                write_id(reply, id);
                let pending = group.pending().get(&id);
                write_delivery(reply, pending.expect("the group has what its consumers have"));
            }
        }
    }
}

fn write_delivery(reply: &mut dyn Reply, pending: &Pending) {
    reply.integer(pending.delivered.0);
    reply.integer(pending.count);
}

fn write_progress(reply: &mut dyn Reply, position: &Position, group: &stream::Group) {
    for (name, number) in [("entries-read", group.entries_read), ("lag", position.lag(group))] {
        match number {
            Some(number) => field(reply, name).integer(number),
            None => field(reply, name).null(),
        }
    }
}

const GROUPS: Command = Command::new("groups", 3, groups)
    .group(Group::Stream)
    .flags(&[Flags::READONLY])
    .categories(&[Categories::STREAM])
    .keys(&[KeySpec::one(2, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .since("5.0.0")
    .complexity("O(N) for N groups")
    .summary("Tells about a stream's consumer groups.")
    .history(&[("7.0.0", "How many entries were read, and the lag.")])
    .args(&[Arg::key("key", 0)]);

fn groups(ctx: &mut Context<'_, '_>) -> Result<()> {
    let stream = ctx.tx.stream(ctx.key())?.ok_or(Error::NoSuchKey)?;
    let reply = &mut *ctx.reply;
    reply.array(stream.group_count());
    for (name, group) in stream.groups() {
        reply.map(6);
        field(reply, "name").bulk(name);
        field(reply, "consumers").integer(count(group.consumers().len()));
        field(reply, "pending").integer(count(group.pending().len()));
        write_id(field(reply, "last-delivered-id"), group.last_id);
        write_progress(reply, stream.position(), group);
    }
    Ok(())
}

const CONSUMERS: Command = Command::new("consumers", 4, consumers)
    .group(Group::Stream)
    .flags(&[Flags::READONLY])
    .categories(&[Categories::STREAM])
    .keys(&[KeySpec::one(2, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .since("5.0.0")
    .complexity("O(N) for N consumers")
    .summary("Tells about a group's consumers.")
    .history(&[("7.2.0", "When they last tried, apart from when they were given something.")])
    .tips(&["nondeterministic_output"])
    .args(&[Arg::key("key", 0), Arg::string("group")]);

fn consumers(ctx: &mut Context<'_, '_>) -> Result<()> {
    let stream = ctx.tx.stream(ctx.key())?.ok_or(Error::NoSuchKey)?;
    let name = ctx.args.at(3);
    let missing = || Error::no_group_of_key(ctx.args.at(2), name);
    let group = stream.group(name).ok_or_else(missing)?;
    let now = ctx.tx.now();
    let reply = &mut *ctx.reply;
    reply.array(group.consumers().len());
    for consumer in group.consumers() {
        reply.map(4);
        field(reply, "name").bulk(consumer.name());
        field(reply, "pending").integer(count(consumer.pending()));
        field(reply, "idle").integer(now.0.saturating_sub(consumer.seen.0).max(0));
        let inactive = consumer.active.map_or(-1, |at| now.0.saturating_sub(at.0));
        field(reply, "inactive").integer(inactive);
    }
    Ok(())
}

const HELP: Command = Command::new("help", 2, help_text)
    .group(Group::Stream)
    .flags(&[Flags::LOADING, Flags::STALE])
    .categories(&[Categories::STREAM])
    .since("5.0.0")
    .summary("Lists the subcommands.");

fn help_text(ctx: &mut Context<'_, '_>) -> Result<()> {
    help::write(
        ctx,
        &[
            ("CONSUMERS <key> <group>", "Tell about a group's consumers."),
            ("GROUPS <key>", "Tell about a stream's groups."),
            ("STREAM <key> [FULL [COUNT <n>]]", "Tell about a stream."),
        ],
    )
}

/// Writes a field's name; its value is to follow.
fn field<'r>(reply: &'r mut dyn Reply, name: &str) -> &'r mut dyn Reply {
    reply.bulk(name.as_bytes());
    reply
}

fn count(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
