//! PING, ECHO, SELECT, QUIT, RESET.

use std::sync::atomic::Ordering::Relaxed;

use crate::command::client::Mark;
use crate::command::context::Context;
use crate::command::parse;
use crate::command::reply::Protocol;
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::command::session::Replies;
use crate::error::{Error, Result};

pub(super) const PING: Command = Command::new("ping", -1, ping)
    .group(Group::Connection)
    .flags(&[Flags::FAST])
    .categories(&[Categories::CONNECTION])
    .summary("Answers PONG, or the message it is given.")
    .tips(&["request_policy:all_shards", "response_policy:all_succeeded"])
    .args(&[Arg::string("message").optional()]);

fn ping(ctx: &mut Context<'_, '_>) -> Result<()> {
    if ctx.args.len() == 1 && !ctx.session.only_listens() {
        ctx.reply.simple("PONG");
        return Ok(());
    }
    ping_at_length(ctx)
}

#[inline(never)]
fn ping_at_length(ctx: &mut Context<'_, '_>) -> Result<()> {
    match (ctx.args.len(), ctx.args.get(1)) {
        (1 | 2, message) if ctx.session.only_listens() => {
            ctx.reply.array(2);
            ctx.reply.bulk(b"pong");
            ctx.reply.bulk(message.unwrap_or_default());
        }
        (2, Some(message)) => ctx.reply.bulk(message),
        _ => return Err(Error::WrongArity("ping".into())),
    }
    Ok(())
}

pub(super) const ECHO: Command = Command::new("echo", 2, echo)
    .group(Group::Connection)
    .flags(&[Flags::LOADING, Flags::STALE, Flags::FAST])
    .categories(&[Categories::CONNECTION])
    .summary("Returns the message it is given.")
    .args(&[Arg::string("message")]);

fn echo(ctx: &mut Context<'_, '_>) -> Result<()> {
    ctx.reply.bulk(&ctx.args[1]);
    Ok(())
}

pub(super) const SELECT: Command = Command::new("select", 2, select)
    .group(Group::Connection)
    .flags(&[Flags::LOADING, Flags::STALE, Flags::FAST])
    .categories(&[Categories::CONNECTION])
    .summary("Makes the connection use another database.")
    .args(&[Arg::integer("index")]);

fn select(ctx: &mut Context<'_, '_>) -> Result<()> {
    let db = parse::database(&ctx.args[1], ctx.engine, None)?;
    ctx.session.set_db(db);
    ctx.tx.select(db);
    ctx.ok()
}

pub(super) const QUIT: Command = Command::new("quit", -1, quit)
    .group(Group::Connection)
    .flags(&[
        Flags::AT_ONCE,
        Flags::ALLOW_BUSY,
        Flags::NOSCRIPT,
        Flags::LOADING,
        Flags::STALE,
        Flags::FAST,
        Flags::NO_AUTH,
    ])
    .categories(&[Categories::CONNECTION])
    .summary("Ends the connection.")
    .deprecated("7.2.0", "just closing the connection");

fn quit(ctx: &mut Context<'_, '_>) -> Result<()> {
    ctx.session.closing = true;
    ctx.session.client.leave();
    ctx.ok()
}

pub(super) const RESET: Command = Command::new("reset", 1, reset)
    .group(Group::Connection)
    .flags(&[
        Flags::NOSCRIPT,
        Flags::LOADING,
        Flags::STALE,
        Flags::FAST,
        Flags::NO_AUTH,
        Flags::AT_ONCE,
        Flags::ALLOW_BUSY,
    ])
    .categories(&[Categories::CONNECTION])
    .since("6.2.0")
    .summary("Puts the connection back into the state it began in.");

fn reset(ctx: &mut Context<'_, '_>) -> Result<()> {
    let session = &mut *ctx.session;
    session.end_subscriptions(ctx.engine.hub());
    // What was said until then comes before the answer, and in the old version.
    let reply = &mut *ctx.reply;
    session.client.mailbox.take(usize::MAX, |push| reply.pushed(push));
    ctx.instance.monitors.remove(&session.client);
    ctx.instance.tracking.disable(&session.client, ctx.engine.keyspace());
    session.set_db(0);
    session.set_protocol(Protocol::Resp2);
    session.replies = Replies::On;
    session.queue = None;
    session.show_queue();
    session.watched.clear(ctx.engine.keyspace());
    // A caller in this process needs no password.
    session.authenticated = session.client.origin.trusted || !ctx.instance.password.is_needed();
    session.client.no_evict.store(false, Relaxed);
    session.client.mark(Mark::NO_TOUCH, false);
    session.client.names.lock().name.clear();
    ctx.tx.select(0);
    ctx.reply.set_protocol(Protocol::Resp2);
    ctx.reply.simple("RESET");
    Ok(())
}
