//! OBJECT: how values are kept, and when they were used.

use std::sync::atomic::Ordering::Relaxed;

use crate::command::context::Context;
use crate::command::help;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::error::Result;
use crate::value::string::StringRef;

pub(super) const OBJECT: Command = Command::new("object", -2, help::container)
    .group(Group::Generic)
    .since("2.2.3")
    .complexity("That of the subcommand")
    .summary("Holds the commands about how values are kept.")
    .subcommands(&[ENCODING, FREQ, HELP, IDLETIME, REFCOUNT]);

const ENCODING: Command = Command::new("encoding", 3, encoding)
    .group(Group::Generic)
    .flags(&[Flags::READONLY])
    .categories(&[Categories::KEYSPACE])
    .keys(&[KeySpec::one(2, &[KeyFlags::RO])])
    .since("2.2.3")
    .summary("Tells how a value is kept.")
    .tips(&["nondeterministic_output"])
    .args(&[Arg::key("key", 0)]);

fn encoding(ctx: &mut Context<'_, '_>) -> Result<()> {
    match ctx.tx.encoding(ctx.key())? {
        Some(encoding) => ctx.reply.bulk(encoding.name().as_bytes()),
        None => ctx.reply.null(),
    }
    Ok(())
}

const FREQ: Command = Command::new("freq", 3, freq)
    .group(Group::Generic)
    .flags(&[Flags::READONLY])
    .categories(&[Categories::KEYSPACE])
    .keys(&[KeySpec::one(2, &[KeyFlags::RO])])
    .since("4.0.0")
    .summary("Tells how often a key is used, on a logarithmic scale.")
    .tips(&["nondeterministic_output"])
    .args(&[Arg::key("key", 0)]);

fn freq(ctx: &mut Context<'_, '_>) -> Result<()> {
    match ctx.tx.frequency(ctx.key())? {
        Some(frequency) => ctx.integer(i64::from(frequency)),
        None => null(ctx),
    }
}

const IDLETIME: Command = Command::new("idletime", 3, idletime)
    .group(Group::Generic)
    .flags(&[Flags::READONLY])
    .categories(&[Categories::KEYSPACE])
    .keys(&[KeySpec::one(2, &[KeyFlags::RO])])
    .since("2.2.3")
    .summary("Tells for how many seconds a key was not used.")
    .tips(&["nondeterministic_output"])
    .args(&[Arg::key("key", 0)]);

fn idletime(ctx: &mut Context<'_, '_>) -> Result<()> {
    match ctx.tx.idle_time(ctx.key())? {
        Some(idle) => ctx.integer(idle.as_secs().cast_signed()),
        None => null(ctx),
    }
}

const REFCOUNT: Command = Command::new("refcount", 3, refcount)
    .group(Group::Generic)
    .flags(&[Flags::READONLY])
    .categories(&[Categories::KEYSPACE])
    .keys(&[KeySpec::one(2, &[KeyFlags::RO])])
    .since("2.2.3")
    .summary("Tells how many refer to a value.")
    .tips(&["nondeterministic_output"])
    .args(&[Arg::key("key", 0)]);

/// What Redis says of an integer that all keys share.
const SHARED: i64 = i32::MAX as i64;

/// No value is shared, so each has one owner. Redis shares small integers unless eviction
/// has to know when each was used, and says so here: the answer is what it would say.
fn refcount(ctx: &mut Context<'_, '_>) -> Result<()> {
    let Some(entry) = ctx.tx.peek(ctx.key())? else { return null(ctx) };
    let settings = &ctx.engine.keyspace().settings;
    let policy = settings.policy();
    let orders_by_use = policy.goes_by_idle_time() || policy.goes_by_frequency();
    let shares = settings.maxmemory.load(Relaxed) == 0 || !orders_by_use;
    let small = matches!(entry.string(), Ok(StringRef::Int(0..10_000)));
    ctx.integer(if small && shares { SHARED } else { 1 })
}

fn null(ctx: &mut Context<'_, '_>) -> Result<()> {
    ctx.reply.null();
    Ok(())
}

const HELP: Command = Command::new("help", 2, help_text)
    .group(Group::Generic)
    .flags(&[Flags::LOADING, Flags::STALE])
    .categories(&[Categories::KEYSPACE])
    .since("6.2.0")
    .summary("Explains the subcommands.");

fn help_text(ctx: &mut Context<'_, '_>) -> Result<()> {
    help::write(
        ctx,
        &[
            ("ENCODING <key>", "Tell how a value is kept."),
            ("FREQ <key>", "Tell how often a key is used, on a logarithmic scale."),
            ("IDLETIME <key>", "Tell for how many seconds a key was not used."),
            ("REFCOUNT <key>", "Tell how many refer to a value."),
        ],
    )
}
