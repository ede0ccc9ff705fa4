//! DEBUG, as far as test suites need it. Its subcommands are no rows of the table, as in Redis.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use crate::command::context::Context;
use crate::command::help;
use crate::command::parse::is;
use crate::command::reply::Protocol;
use crate::command::row::{Command, Flags, Group};
use crate::error::{Error, Result};
use crate::keyspace::access;
use crate::text::{double, int, memory};
use crate::value::string::{Digits, StringRef};

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
        (word, 3) if is(word, "object") => object(ctx),
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
        (word, 2) if is(word, "help") => help_text(ctx),
        (word, _) => {
            let before = "ERR unknown subcommand or wrong number of arguments for '";
            Err(Error::echo(before, word, "'. Try DEBUG HELP."))
        }
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

fn object(ctx: &mut Context<'_, '_>) -> Result<()> {
    let key = ctx.tx.key(ctx.args.at(2));
    let entry = ctx.tx.peek(key)?.ok_or(Error::NoSuchKey)?;
    let idle = access::idle(entry.access(), ctx.tx.now()).as_secs();
    let text = format!(
        "Value at:{:p} refcount:1 encoding:{} serializedlength:{} lru:{} lru_seconds_idle:{idle}",
        entry,
        entry.encoding().name(),
        serialized_length(entry.string()?),
        entry.access(),
    );
    ctx.reply.simple(&text);
    Ok(())
}

/// How many bytes the value takes in an RDB file, uncompressed.
fn serialized_length(value: StringRef<'_>) -> usize {
    if let StringRef::Int(int) = value {
        if i8::try_from(int).is_ok() {
            return 2;
        } else if i16::try_from(int).is_ok() {
            return 3;
        } else if i32::try_from(int).is_ok() {
            return 5;
        }
    }
    let len = value.bytes(&mut Digits::new()).len();
    let prefix = match len {
        0..64 => 1,
        64..16384 => 2,
        16384..0x1_0000_0000 => 5,
        _ => 9,
    };
    prefix + len
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
            ("ERROR <string>", "Answer with that error."),
            ("LOG <message>", "Write a message to the log."),
            ("OBJECT <key>", "Tell how a value is kept."),
            ("PROTOCOL <type>", "Answer with a reply of that type."),
            ("SET-ACTIVE-EXPIRE <0|1>", "Stop or start the reclaiming of expired keys."),
            ("SLEEP <seconds>", "Stand still for that long."),
            (
                "JMAP, PAUSE-CRON, DICT-RESIZING, QUICKLIST-PACKED-THRESHOLD",
                "Accepted; there is nothing for them to act on.",
            ),
        ],
    )
}
