//! CLIENT: what a connection says of itself and does to others.

use std::sync::atomic::Ordering::Relaxed;

use bytes::Bytes;

use super::filter::{self, Filter};
use super::hello::valid_name;
use super::{pause, tracking};
use crate::command::client::Mark;
use crate::command::context::Context;
use crate::command::parse::{self, is};
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::command::session::Replies;
use crate::command::{errors, help};
use crate::error::{Error, Result};

pub(super) const CLIENT: Command = Command::new("client", -2, help::container)
    .group(Group::Connection)
    .since("2.4.0")
    .complexity("That of the subcommand")
    .summary("Holds the commands about connections.")
    .subcommands(&[
        ID,
        INFO,
        LIST,
        KILL,
        GETNAME,
        SETNAME,
        SETINFO,
        REPLY,
        NO_EVICT,
        NO_TOUCH,
        CAPA,
        tracking::TRACKING,
        tracking::CACHING,
        tracking::TRACKINGINFO,
        tracking::GETREDIR,
        UNBLOCK,
        pause::PAUSE,
        pause::UNPAUSE,
        HELP,
    ]);

const ID: Command = Command::new("id", 2, id)
    .group(Group::Connection)
    .flags(&[Flags::NOSCRIPT, Flags::LOADING, Flags::STALE])
    .categories(&[Categories::CONNECTION])
    .since("5.0.0")
    .summary("Tells the connection's number.");

fn id(ctx: &mut Context<'_, '_>) -> Result<()> {
    ctx.integer(i64::try_from(ctx.session.client.id).unwrap_or(i64::MAX))
}

const INFO: Command = Command::new("info", 2, info)
    .group(Group::Connection)
    .flags(&[Flags::NOSCRIPT, Flags::LOADING, Flags::STALE])
    .categories(&[Categories::CONNECTION])
    .since("6.2.0")
    .summary("Describes this connection.")
    .tips(&["nondeterministic_output"]);

fn info(ctx: &mut Context<'_, '_>) -> Result<()> {
    let mut line = ctx.session.client.describe(ctx.engine.clock().recent());
    line.push(b'\n');
    text(ctx, &line)
}

const LIST: Command = Command::new("list", -2, list)
    .group(Group::Connection)
    .flags(&[Flags::ADMIN, Flags::NOSCRIPT, Flags::LOADING, Flags::STALE])
    .categories(&[Categories::CONNECTION])
    .since("2.4.0")
    .complexity("O(N) where N is the number of connections")
    .summary("Describes every connection, or those that are asked for.")
    .history(&[
        ("2.8.12", "Field `id`."),
        ("5.0.0", "Filter `TYPE`."),
        ("6.0.0", "Field `user`."),
        ("6.2.0", "Filter `ID`; fields `argv-mem`, `tot-mem`, `laddr` and `redir`."),
        ("7.0.0", "Fields `resp`, `multi-mem`, `rbs` and `rbp`."),
        ("7.0.3", "Field `ssub`."),
        ("7.2.0", "Fields `lib-name` and `lib-ver`."),
        ("7.4.0", "Field `watch`."),
        ("8.0.0", "Field `io-thread`."),
    ])
    .tips(&["nondeterministic_output"])
    .args(filter::ARGUMENTS);

fn list(ctx: &mut Context<'_, '_>) -> Result<()> {
    let filter = Filter::for_list(ctx.args, ctx.engine.databases())?;
    let now = ctx.engine.clock().recent();
    let mut lines = Vec::new();
    for client in ctx.instance.clients.all() {
        if filter.chooses(&client, &ctx.session.client, now) {
            lines.extend_from_slice(&client.describe(now));
            lines.push(b'\n');
        }
    }
    text(ctx, &lines)
}

/// Answers with text for people; names in it may be any bytes.
fn text(ctx: &mut Context<'_, '_>, bytes: &[u8]) -> Result<()> {
    ctx.reply.verbatim("txt", &String::from_utf8_lossy(bytes));
    Ok(())
}

const KILL: Command = Command::new("kill", -3, kill)
    .group(Group::Connection)
    .flags(&[Flags::ADMIN, Flags::NOSCRIPT, Flags::LOADING, Flags::STALE])
    .categories(&[Categories::CONNECTION])
    .since("2.4.0")
    .complexity("O(N) where N is the number of connections")
    .summary("Ends other connections, chosen by a filter.")
    .history(&[
        ("2.8.12", "Filters as options, and the filter `ID`."),
        ("3.2.0", "Type `master`."),
        ("5.0.0", "Type `replica` for `slave`, which still works."),
        ("6.2.0", "Filter `LADDR`."),
        ("7.4.0", "Filter `MAXAGE`."),
    ])
    .args(&[Arg::one_of(
        "filter",
        &[Arg::string("old-format"), Arg::one_of("new-format", filter::ARGUMENTS).multiple()],
    )]);

fn kill(ctx: &mut Context<'_, '_>) -> Result<()> {
    let own = ctx.session.client.clone();
    let now = ctx.engine.clock().recent();
    if ctx.args.len() == 3 {
        // The old form: one address.
        let addr = ctx.args.at(2);
        let clients = ctx.instance.clients.all();
        let found = clients.iter().find(|client| client.origin.addr.as_bytes() == addr);
        found.ok_or(Error::reply("ERR No such client"))?.kill();
        return ctx.ok();
    }
    let filter = Filter::for_kill(ctx.args, ctx.engine.databases())?;
    let clients = ctx.instance.clients.all();
    let chosen =
        clients.iter().filter(|client| !client.is_killed() && filter.chooses(client, &own, now));
    let killed = chosen.map(|client| client.kill()).count();
    ctx.count(killed)
}

const GETNAME: Command = Command::new("getname", 2, getname)
    .group(Group::Connection)
    .flags(&[Flags::NOSCRIPT, Flags::LOADING, Flags::STALE])
    .categories(&[Categories::CONNECTION])
    .since("2.6.9")
    .summary("Tells the connection's name.");

fn getname(ctx: &mut Context<'_, '_>) -> Result<()> {
    let name = ctx.session.client.names.lock().name.clone();
    if name.is_empty() {
        ctx.reply.null()
    } else {
        ctx.reply.bulk(&name)
    }
    Ok(())
}

const SETNAME: Command = Command::new("setname", 3, setname)
    .group(Group::Connection)
    .flags(&[Flags::NOSCRIPT, Flags::LOADING, Flags::STALE])
    .categories(&[Categories::CONNECTION])
    .since("2.6.9")
    .summary("Gives the connection a name.")
    .tips(&["request_policy:all_nodes", "response_policy:all_succeeded"])
    .args(&[Arg::string("connection-name")]);

fn setname(ctx: &mut Context<'_, '_>) -> Result<()> {
    valid_name(&ctx.args[2], "Client names")?;
    ctx.session.client.names.lock().name = Bytes::copy_from_slice(&ctx.args[2]);
    ctx.ok()
}

const SETINFO: Command = Command::new("setinfo", 4, setinfo)
    .group(Group::Connection)
    .flags(&[Flags::ALLOW_BUSY, Flags::NOSCRIPT, Flags::LOADING, Flags::STALE])
    .categories(&[Categories::CONNECTION])
    .since("7.2.0")
    .summary("Records which library the client uses.")
    .tips(&["request_policy:all_nodes", "response_policy:all_succeeded"])
    .args(&[Arg::one_of(
        "attr",
        &[Arg::string("libname").token("LIB-NAME"), Arg::string("libver").token("LIB-VER")],
    )]);

fn setinfo(ctx: &mut Context<'_, '_>) -> Result<()> {
    let (option, value) = (ctx.args.at(2), ctx.args.at(3));
    let is_name = is(option, "lib-name");
    if !is_name && !is(option, "lib-ver") {
        return Err(Error::echo("ERR Unrecognized option '", option, "'"));
    }
    // Redis repeats the option as it was written.
    valid_name(value, &String::from_utf8_lossy(option))?;
    let mut names = ctx.session.client.names.lock();
    let field = if is_name { &mut names.lib_name } else { &mut names.lib_ver };
    *field = Bytes::copy_from_slice(value);
    drop(names);
    ctx.ok()
}

/// Not between MULTI and EXEC, whose reply would lose items that it has announced.
const REPLY: Command = Command::new("reply", 3, reply)
    .group(Group::Connection)
    .flags(&[Flags::NOSCRIPT, Flags::LOADING, Flags::STALE, Flags::NO_MULTI, Flags::ALLOW_BUSY])
    .categories(&[Categories::CONNECTION])
    .since("3.2.0")
    .summary("Turns replies to this connection on or off, or skips the next.")
    .args(&[Arg::one_of(
        "action",
        &[Arg::word("on", "ON"), Arg::word("off", "OFF"), Arg::word("skip", "SKIP")],
    )]);

fn reply(ctx: &mut Context<'_, '_>) -> Result<()> {
    let session = &mut *ctx.session;
    match ctx.args.at(2) {
        word if is(word, "on") => {
            session.replies = Replies::On;
            ctx.ok()
        }
        word if is(word, "off") => {
            session.replies = Replies::Off;
            Ok(())
        }
        word if is(word, "skip") => {
            if session.replies != Replies::Off {
                session.replies = Replies::SkipNext;
            }
            Ok(())
        }
        _ => Err(Error::Syntax),
    }
}

const NO_EVICT: Command = Command::new("no-evict", 3, no_evict)
    .group(Group::Connection)
    .flags(&[Flags::ADMIN, Flags::NOSCRIPT, Flags::LOADING, Flags::STALE])
    .categories(&[Categories::CONNECTION])
    .since("7.0.0")
    .summary("Keeps this connection from being cut to save memory.")
    .args(&[Arg::one_of("enabled", &[Arg::word("on", "ON"), Arg::word("off", "OFF")])]);

fn no_evict(ctx: &mut Context<'_, '_>) -> Result<()> {
    let on = on_off(&ctx.args[2])?;
    ctx.session.client.no_evict.store(on, Relaxed);
    ctx.instance.clients.settle(&ctx.session.client);
    ctx.ok()
}

const NO_TOUCH: Command = Command::new("no-touch", 3, no_touch)
    .group(Group::Connection)
    .flags(&[Flags::ALLOW_BUSY, Flags::NOSCRIPT, Flags::LOADING, Flags::STALE])
    .categories(&[Categories::CONNECTION])
    .since("7.2.0")
    .summary("Keeps this connection's commands from counting as uses of keys.")
    .args(&[Arg::one_of("enabled", &[Arg::word("on", "ON"), Arg::word("off", "OFF")])]);

fn no_touch(ctx: &mut Context<'_, '_>) -> Result<()> {
    let on = on_off(&ctx.args[2])?;
    ctx.session.client.mark(Mark::NO_TOUCH, on);
    ctx.ok()
}

const CAPA: Command = Command::new("capa", -3, capa)
    .group(Group::Connection)
    .flags(&[Flags::ALLOW_BUSY, Flags::NOSCRIPT, Flags::LOADING, Flags::STALE])
    .categories(&[Categories::CONNECTION])
    .since("8.0.0")
    .summary("Says what this client can do.")
    .args(&[Arg::string("capability").multiple()]);

/// What there is to be able to, to follow a redirection to another server, is never asked of a client here.
fn capa(ctx: &mut Context<'_, '_>) -> Result<()> {
    ctx.ok()
}

fn on_off(word: &[u8]) -> Result<bool> {
    match word {
        word if is(word, "on") => Ok(true),
        word if is(word, "off") => Ok(false),
        _ => Err(Error::Syntax),
    }
}

const UNBLOCK: Command = Command::new("unblock", -3, unblock)
    .group(Group::Connection)
    .flags(&[Flags::ADMIN, Flags::NOSCRIPT, Flags::LOADING, Flags::STALE])
    .categories(&[Categories::CONNECTION])
    .since("5.0.0")
    .complexity("O(log N) where N is the number of connections")
    .summary("Ends the wait of another connection.")
    .args(&[
        Arg::integer("client-id"),
        Arg::one_of(
            "unblock-type",
            &[Arg::word("timeout", "TIMEOUT"), Arg::word("error", "ERROR")],
        )
        .optional(),
    ]);

fn unblock(ctx: &mut Context<'_, '_>) -> Result<()> {
    if ctx.args.len() > 4 {
        return Err(errors::refused_subcommand("client", ctx.args.at(1)));
    }
    let outcome = match ctx.args.get(3) {
        None => Ok(()),
        Some(word) if is(word, "timeout") => Ok(()),
        Some(word) if is(word, "error") => {
            Err(Error::reply("UNBLOCKED client unblocked via CLIENT UNBLOCK"))
        }
        Some(_) => {
            return Err(Error::reply("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR"));
        }
    };
    let id = u64::try_from(parse::integer(&ctx.args[2])?).unwrap_or(0);
    let client = ctx.instance.clients.get(id);
    let ended = client.is_some_and(|client| client.unblock(outcome));
    ctx.integer(ended.into())
}

const HELP: Command = Command::new("help", 2, help_text)
    .group(Group::Connection)
    .flags(&[Flags::LOADING, Flags::STALE])
    .categories(&[Categories::CONNECTION])
    .since("5.0.0")
    .summary("Explains the subcommands.");

fn help_text(ctx: &mut Context<'_, '_>) -> Result<()> {
    help::write(
        ctx,
        &[
            (
                "CACHING (YES|NO)",
                "Track what the next command reads, or do not: for OPTIN and OPTOUT.",
            ),
            ("CAPA <capability> [<capability> ...]", "Say what this client can do."),
            ("GETNAME", "Tell this connection's name."),
            ("GETREDIR", "Tell where this connection's invalidation messages go."),
            ("ID", "Tell this connection's number."),
            ("INFO", "Describe this connection."),
            ("KILL <ip:port>", "End the connection from that address."),
            (
                "KILL <option> <value> [<option> <value> [...]]",
                "End the connections that all options choose: those of LIST, and SKIPME for this one.",
            ),
            (
                "LIST [<option> <value> ...]",
                "Describe connections, one a line. Options: [NOT-]ID, TYPE, USER, ADDR, LADDR, IP, NAME, LIB-NAME, LIB-VER, FLAGS, DB, CAPA; MAXAGE, IDLE, SKIPME.",
            ),
            ("NO-EVICT (ON|OFF)", "Keep this connection from being cut to save memory."),
            ("NO-TOUCH (ON|OFF)", "Keep this connection's commands from counting as uses of keys."),
            (
                "PAUSE <timeout> [WRITE|ALL]",
                "Hold back commands of all connections for so many milliseconds.",
            ),
            ("REPLY (ON|OFF|SKIP)", "Turn replies to this connection on or off, or skip the next."),
            ("SETINFO <option> <value>", "Record the client library's LIB-NAME or LIB-VER."),
            ("SETNAME <name>", "Name this connection."),
            (
                "TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]] [OPTIN] [OPTOUT] [NOLOOP]",
                "Have this connection told when keys change that it may have cached.",
            ),
            ("TRACKINGINFO", "Tell what of this connection's reads is tracked, and how."),
            ("UNBLOCK <id> [TIMEOUT|ERROR]", "End the wait of another connection."),
            ("UNPAUSE", "End a pause early."),
        ],
    )
}
