//! MEMORY: what data take.

use std::sync::atomic::Ordering::Relaxed;

use super::info::system;
use crate::command::context::Context;
use crate::command::help;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::parse::{self, is};
use crate::command::row::{Arg, Command, Flags, Group};
use crate::error::{Error, Result};

pub(super) const MEMORY: Command = Command::new("memory", -2, help::container)
    .group(Group::Server)
    .since("4.0.0")
    .complexity("That of the subcommand")
    .summary("Holds the commands about memory.")
    .subcommands(&[DOCTOR, HELP, MALLOC_STATS, PURGE, STATS, USAGE]);

const USAGE: Command = Command::new("usage", -3, usage)
    .group(Group::Server)
    .flags(&[Flags::READONLY])
    .keys(&[KeySpec::one(2, &[KeyFlags::RO])])
    .since("4.0.0")
    .complexity("O(1): every value knows its size")
    .summary("Tells how many bytes a key and its value take.")
    .args(&[Arg::key("key", 0), Arg::integer("count").token("SAMPLES").optional()]);

fn usage(ctx: &mut Context<'_, '_>) -> Result<()> {
    let mut words = ctx.args.iter_from(3);
    while let Some(word) = words.next() {
        // Sizes are exact, so that there is nothing to sample.
        let samples = words.next().filter(|_| is(word, "samples")).ok_or(Error::Syntax)?;
        if parse::integer(samples)? < 0 {
            return Err(Error::Syntax);
        }
    }
    match ctx.tx.memory_usage(ctx.key())? {
        Some(bytes) => ctx.count(bytes),
        None => {
            ctx.reply.null();
            Ok(())
        }
    }
}

const DOCTOR: Command = Command::new("doctor", 2, doctor)
    .group(Group::Server)
    .since("4.0.0")
    .summary("Tells what is wrong with the use of memory.")
    .tips(&["nondeterministic_output", "request_policy:all_shards", "response_policy:special"]);

/// Below this much data, ratios mean nothing.
const LITTLE: u64 = 5 << 20;

fn doctor(ctx: &mut Context<'_, '_>) -> Result<()> {
    let figures = Figures::of(ctx);
    let text = if figures.used < LITTLE {
        "There is too little data to judge by.".to_owned()
    } else {
        let mut troubles = Vec::new();
        if figures.peak as f64 / figures.used as f64 > 1.5 {
            troubles.push(
                "Peak: data once took half as much again as now. The system may still count what they took.",
            );
        }
        if figures.resident as f64 / figures.used as f64 > 1.4 {
            troubles.push(
                "Resident memory: the process holds much more than its data, whether to others in the process, to \
                 buffers, or to fragmentation.",
            );
        }
        match troubles.is_empty() {
            true => "Nothing is wrong with the use of memory.".to_owned(),
            false => troubles.join("\n"),
        }
    };
    ctx.reply.verbatim("txt", &text);
    Ok(())
}

const MALLOC_STATS: Command = Command::new("malloc-stats", 2, malloc_stats)
    .group(Group::Server)
    .since("4.0.0")
    .complexity("That of the allocator's own report")
    .summary("Shows what the allocator says of itself.")
    .tips(&["nondeterministic_output", "request_policy:all_shards", "response_policy:special"]);

/// The allocator belongs to the program, and is not ours to ask.
fn malloc_stats(ctx: &mut Context<'_, '_>) -> Result<()> {
    ctx.reply.verbatim("txt", "Stats not supported for the current allocator");
    Ok(())
}

const PURGE: Command = Command::new("purge", 2, purge)
    .group(Group::Server)
    .since("4.0.0")
    .complexity("That of the allocator")
    .summary("Asks the allocator to give back what it does not use.")
    .tips(&["request_policy:all_shards", "response_policy:all_succeeded"]);

/// Allocators give back by themselves.
fn purge(ctx: &mut Context<'_, '_>) -> Result<()> {
    ctx.ok()
}

const STATS: Command = Command::new("stats", 2, stats)
    .group(Group::Server)
    .since("4.0.0")
    .summary("Shows how much memory is used for what.")
    .tips(&["nondeterministic_output", "request_policy:all_shards", "response_policy:special"]);

/// Bytes of data now and at most, and of the process.
struct Figures {
    used: u64,
    peak: u64,
    resident: u64,
}

impl Figures {
    fn of(ctx: &Context<'_, '_>) -> Figures {
        let used = ctx.engine.keyspace().used_memory() as u64;
        let peak = ctx.instance.peak_memory.fetch_max(used, Relaxed).max(used);
        Figures { used, peak, resident: system::resident() }
    }
}

fn stats(ctx: &mut Context<'_, '_>) -> Result<()> {
    let Figures { used, peak, resident } = Figures::of(ctx);
    let (mut databases, mut keys) = (Vec::new(), 0);
    let selected = ctx.tx.db();
    for db in 0..ctx.engine.databases() {
        ctx.tx.select(db);
        let size = ctx.tx.size()?;
        if size.keys > 0 {
            keys += size.keys;
            databases.push((format!("db.{db}"), size.tables));
        }
    }
    ctx.tx.select(selected);
    let tables: usize = databases.iter().map(|(_, bytes)| bytes).sum();
    let data = used.saturating_sub(tables as u64);
    let each = if keys == 0 { 0 } else { used / keys as u64 };
    let share = |part: u64, whole: u64| {
        if whole == 0 { 0.0 } else { part as f64 / whole as f64 * 100.0 }
    };
    let before = [
        ("peak.allocated", peak),
        ("total.allocated", used),
        ("startup.allocated", 0),
        ("replication.backlog", 0),
        ("clients.slaves", 0),
        ("clients.normal", ctx.instance.clients.memory() as u64),
        ("cluster.links", 0),
        ("aof.buffer", 0),
        ("lua.caches", 0),
        ("functions.caches", 0),
    ];
    let behind = [
        ("overhead.total", tables as u64),
        ("keys.count", keys as u64),
        ("keys.bytes-per-key", each),
        ("dataset.bytes", data),
    ];
    ctx.reply.map(before.len() + databases.len() + behind.len() + 4);
    before.iter().for_each(|(name, value)| number(ctx, name, *value));
    for (name, bytes) in databases {
        ctx.reply.bulk(name.as_bytes());
        ctx.reply.map(2);
        number(ctx, "overhead.hashtable.main", bytes as u64);
        // Expiry has no table of its own.
        number(ctx, "overhead.hashtable.expires", 0);
    }
    behind.iter().for_each(|(name, value)| number(ctx, name, *value));
    number(ctx, "allocator.resident", resident);
    for (name, value) in [
        ("dataset.percentage", share(data, used)),
        ("peak.percentage", share(used, peak)),
        ("fragmentation", share(resident, used) / 100.0),
    ] {
        ctx.reply.bulk(name.as_bytes());
        ctx.reply.double(value);
    }
    Ok(())
}

fn number(ctx: &mut Context<'_, '_>, name: &str, value: u64) {
    ctx.reply.bulk(name.as_bytes());
    ctx.reply.integer(value.cast_signed());
}

const HELP: Command = Command::new("help", 2, help_text)
    .group(Group::Server)
    .flags(&[Flags::LOADING, Flags::STALE])
    .since("4.0.0")
    .summary("Explains the subcommands.");

fn help_text(ctx: &mut Context<'_, '_>) -> Result<()> {
    help::write(
        ctx,
        &[
            ("DOCTOR", "Tell what is wrong with the use of memory."),
            ("MALLOC-STATS", "Show what the allocator says of itself."),
            ("PURGE", "Ask the allocator to give back what it does not use."),
            ("STATS", "Show how much memory is used for what."),
            ("USAGE <key> [SAMPLES <count>]", "Tell how many bytes a key and its value take."),
        ],
    )
}
