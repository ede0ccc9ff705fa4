//! DEBUG, as far as test suites need it. Its subcommands are no rows of the table, as in Redis.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::{digest, inspect};
use crate::api::{Compare, SetArgs};
use crate::command::context::Context;
use crate::command::parse::{self, is};
#[cfg(feature = "snapshot")]
use crate::command::persistence::After;
use crate::command::reply::Protocol;
use crate::command::row::{Command, Flags, Group};
use crate::command::{errors, help};
use crate::error::{Error, Result};
use crate::text::{double, glob, int, memory};

/// It holds every stripe, alone: while it sleeps, everything stands still.
pub(super) const DEBUG: Command = Command::new("debug", -2, debug)
    .group(Group::Server)
    .flags(&[Flags::ADMIN, Flags::NOSCRIPT, Flags::LOADING, Flags::STALE, Flags::PROTECTED])
    .complexity("That of the subcommand")
    .summary("Holds what test suites need.")
    .internal()
    .locks_all();

fn debug(ctx: &mut Context<'_, '_>) -> Result<()> {
    let args = ctx.args;
    match (args.at(1), args.len()) {
        (word, 3) if is(word, "sleep") => sleep(ctx),
        (word, 3) if is(word, "object") => inspect::object(ctx, true),
        (word, 4) if is(word, "object") => inspect::object(ctx, !is(args.at(3), "fast")),
        (word, 3..) if is(word, "htstats") => inspect::tables(ctx),
        (word, 3..) if is(word, "htstats-key") => inspect::table_of(ctx),
        (word, 3) if is(word, "listpack") => inspect::listpack(ctx),
        (word, 3 | 4) if is(word, "quicklist") => inspect::quicklist(ctx),
        (word, 3) if is(word, "sdslen") => inspect::lengths(ctx),
        (word, 2) if is(word, "digest") => digest::all(ctx),
        (word, 2..) if is(word, "digest-value") => digest::values(ctx),
        (word, 3..=5) if is(word, "populate") => populate(ctx),
        (word, 2) if is(word, "stringmatch-len") || is(word, "stringmatch-test") => {
            match_strings(ctx)
        }
        // There is no replication that would know the server by its id.
        (word, 2) if is(word, "change-repl-id") => ctx.ok(),
        (word, 3) if is(word, "set-active-expire") => {
            ctx.engine.keyspace().settings.active_expire.store(number(&args[2]) != 0, Relaxed);
            ctx.ok()
        }
        (word, 3) if is(word, "quicklist-packed-threshold") => packed_threshold(ctx),
        (word, 3) if is(word, "error") => Err(error_reply(&args[2])),
        (word, 3) if is(word, "log") => {
            tracing::warn!("DEBUG LOG: {}", String::from_utf8_lossy(&args[2]));
            ctx.ok()
        }
        (word, 3) if is(word, "protocol") => protocol(ctx),
        // There is nothing to dump, nothing that waits, and no table that is resized at once.
        (word, 2) if is(word, "jmap") => ctx.ok(),
        (word, 3) if is(word, "pause-cron") || is(word, "dict-resizing") => ctx.ok(),
        #[cfg(feature = "snapshot")]
        (word, 3) if is(word, "set-skip-checksum-validation") => {
            let skip = number(&args[2]) != 0;
            ctx.engine.keyspace().settings.skip_checksums.store(skip, Relaxed);
            ctx.ok()
        }
        #[cfg(feature = "snapshot")]
        (word, 2..) if is(word, "reload") => reload(ctx),
        #[cfg(feature = "aof")]
        (word, 2) if is(word, "loadaof") => load_aof(ctx),
        #[cfg(feature = "aof")]
        (word, 3) if is(word, "aof-flush-sleep") => {
            let micros = u64::try_from(number(&args[2])).unwrap_or(0);
            ctx.engine.aof().settings.flush_sleep.store(micros, Relaxed);
            ctx.ok()
        }
        (word, 2) if is(word, "help") => help_text(ctx),
        (word, _) => Err(errors::refused_subcommand("debug", word)),
    }
}

/// A number as C's `atoi` reads it, as far as anyone uses that: what is no number is zero.
fn number(word: &[u8]) -> i64 {
    int::parse_i64(word).unwrap_or(0)
}

fn sleep(ctx: &mut Context<'_, '_>) -> Result<()> {
    let seconds = double::parse(&ctx.args[2]).unwrap_or(0.0);
    if let Ok(time) = Duration::try_from_secs_f64(seconds) {
        std::thread::sleep(time);
    }
    ctx.ok()
}

/// Saves and reads again, when the locks that this holds are let go.
#[cfg(feature = "snapshot")]
fn reload(ctx: &mut Context<'_, '_>) -> Result<()> {
    let (mut save, mut flush, mut replaced) = (true, true, false);
    for word in ctx.args.iter_from(2) {
        match word {
            word if is(word, "nosave") => save = false,
            word if is(word, "noflush") => flush = false,
            word if is(word, "merge") => replaced = true,
            _ => {
                return Err(Error::reply(
                    "ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.",
                ));
            }
        }
    }
    if ctx.session.executing {
        return Err(Error::reply("ERR DEBUG RELOAD is not possible inside a transaction"));
    }
    ctx.session.after = Some(After::Reload { save, merged: !flush, replaced });
    Ok(())
}

/// Reads the append-only file again, when the locks that this holds are let go.
#[cfg(feature = "aof")]
fn load_aof(ctx: &mut Context<'_, '_>) -> Result<()> {
    if ctx.session.executing {
        return Err(Error::reply("ERR DEBUG LOADAOF is not possible inside a transaction"));
    }
    ctx.session.after = Some(After::LoadAof);
    Ok(())
}

/// Makes strings under `key:0`, `key:1`, …, unless there is something.
fn populate(ctx: &mut Context<'_, '_>) -> Result<()> {
    let positive = |word: &[u8]| {
        let refusal = Error::reply("ERR value is out of range, must be positive");
        let number = parse::integer_or(word, refusal.clone())?;
        u64::try_from(number).map_err(|_| refusal)
    };
    let count = positive(&ctx.args[2])?;
    let prefix = ctx.args.get(3).unwrap_or(b"key");
    let size = ctx.args.get(4).map(positive).transpose()?;
    let size = usize::try_from(size.unwrap_or(0)).map_err(|_| Error::NotInteger)?;
    ctx.tx.check_length(size)?;
    let absent = SetArgs { condition: Compare::Absent, ..SetArgs::default() };
    for i in 0..count {
        let key = [prefix, format!(":{i}").as_bytes()].concat();
        let mut value = format!("value:{i}").into_bytes();
        if size > 0 {
            value.resize(size, 0);
        }
        let key = ctx.tx.key(&key);
        ctx.tx.set(key, &value, &absent)?;
    }
    ctx.ok()
}

/// Matches random patterns with random texts: that it ends is what it shows.
fn match_strings(ctx: &mut Context<'_, '_>) -> Result<()> {
    let rng = &ctx.engine.keyspace().rng;
    let draw = |longest: usize| -> Vec<u8> {
        (0..rng.below(longest)).map(|_| b"ab*?[]^-\\\0"[rng.below(10)]).collect()
    };
    for _ in 0..100_000 {
        glob::matches(&draw(32), &draw(128));
    }
    ctx.reply.simple("Apparently Redis did not crash: test passed");
    Ok(())
}

fn packed_threshold(ctx: &mut Context<'_, '_>) -> Result<()> {
    match memory::parse_size(&ctx.args[2]) {
        Some(bytes @ 0..0x1_0000_0000) => {
            let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
            ctx.engine.keyspace().settings.limits.set_apart(bytes);
            ctx.ok()
        }
        _ => Err(Error::reply(
            "ERR argument must be a memory value bigger than 1 and smaller than 4gb",
        )),
    }
}

/// An error with the caller's words, on one line.
fn error_reply(words: &[u8]) -> Error {
    let words = String::from_utf8_lossy(words);
    Error::reply(words.replace(['\r', '\n'], " "))
}

/// A reply of every type, for clients to be tested with.
#[expect(clippy::approx_constant, reason = "the number is Redis's")]
fn protocol(ctx: &mut Context<'_, '_>) -> Result<()> {
    let reply = &mut *ctx.reply;
    match ctx.args.at(2) {
        word if is(word, "string") => reply.bulk(b"Hello World"),
        word if is(word, "integer") => reply.integer(12345),
        word if is(word, "double") => reply.double(3.141),
        word if is(word, "null") => reply.null(),
        word if is(word, "true") => reply.boolean(true),
        word if is(word, "false") => reply.boolean(false),
        word if is(word, "verbatim") => reply.verbatim("txt", "This is a verbatim\nstring"),
        word if is(word, "bignum") => reply.big_number("1234567999999999999999999999999999999"),
        word if is(word, "array") => {
            reply.array(3);
            (0..3).for_each(|i| reply.integer(i));
        }
        word if is(word, "set") => {
            reply.set(3);
            (0..3).for_each(|i| reply.integer(i));
        }
        word if is(word, "map") => {
            reply.map(3);
            for i in 0..3 {
                reply.integer(i);
                reply.boolean(i == 1);
            }
        }
        word if is(word, "attrib") => {
            if reply.attribute(1) {
                reply.bulk(b"key-popularity");
                reply.array(2);
                reply.bulk(b"key:123");
                reply.integer(90);
            }
            reply.bulk(b"Some real reply following the attribute");
        }
        word if is(word, "push") => {
            if reply.protocol() == Protocol::Resp2 {
                return Err(Error::reply("ERR RESP2 is not supported by this command"));
            }
            reply.bulk(b"Some real reply following the push reply");
            reply.push(2);
            reply.bulk(b"server-cpu-usage");
            reply.integer(42);
        }
        _ => {
            return Err(Error::reply(
                "ERR Wrong protocol type name. Please use one of the following: \
                 string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false",
            ));
        }
    }
    Ok(())
}

fn help_text(ctx: &mut Context<'_, '_>) -> Result<()> {
    help::write(
        ctx,
        &[
            ("AOF-FLUSH-SLEEP <microsec>", "Sleep before each write of the append-only file."),
            (
                "CHANGE-REPL-ID",
                "Accepted; there is no replication that would know the server by it.",
            ),
            ("DIGEST", "Show the digest of all data, the same as Redis's for the same data."),
            ("DIGEST-VALUE <key> [<key> ...]", "Show the digest of what each key holds."),
            ("ERROR <string>", "Answer with that error."),
            ("HTSTATS <dbid> [full]", "Tell how full a database's tables are."),
            ("HTSTATS-KEY <key> [full]", "Tell how full the table of a value is."),
            ("LISTPACK <key>", "Refuse a value that is not packed."),
            ("LOADAOF", "Make the append-only file safe, and load what it says."),
            ("LOG <message>", "Write a message to the log."),
            ("OBJECT <key> [fast]", "Tell how a value is kept."),
            ("POPULATE <count> [<prefix>] [<size>]", "Make as many strings."),
            ("PROTOCOL <type>", "Answer with a reply of that type."),
            ("QUICKLIST <key> [<0|1>]", "Refuse a value that is no list of nodes."),
            ("RELOAD [<NOSAVE|NOFLUSH|MERGE> ...]", "Save, and load what was saved."),
            ("SDSLEN <key>", "Tell how long a key and a string are."),
            ("SET-ACTIVE-EXPIRE <0|1>", "Stop or start the reclaiming of expired keys."),
            (
                "SET-SKIP-CHECKSUM-VALIDATION <0|1>",
                "Stop or start to look at checksums of payloads.",
            ),
            ("SLEEP <seconds>", "Stand still for that long."),
            ("STRINGMATCH-LEN", "Match random patterns with random texts."),
            (
                "JMAP, PAUSE-CRON, DICT-RESIZING, QUICKLIST-PACKED-THRESHOLD",
                "Accepted; there is nothing for them to act on.",
            ),
        ],
    )
}
