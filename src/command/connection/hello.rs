//! AUTH and HELLO.

use bytes::Bytes;

use crate::command::context::Context;
use crate::command::reply::Protocol;
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::error::{Error, Result};
use crate::text::int;

pub(super) const AUTH: Command = Command::new("auth", -2, auth)
    .group(Group::Connection)
    .flags(&[
        Flags::NOSCRIPT,
        Flags::LOADING,
        Flags::STALE,
        Flags::FAST,
        Flags::NO_AUTH,
        Flags::ALLOW_BUSY,
    ])
    .categories(&[Categories::CONNECTION])
    .summary("Proves who the connection is with a password.")
    .history(&[("6.0.0", "A user name may come before the password.")])
    .args(&[Arg::string("username").optional().since("6.0.0"), Arg::string("password")]);

/// The one user there is.
const DEFAULT_USER: &[u8] = b"default";

fn auth(ctx: &mut Context<'_, '_>) -> Result<()> {
    let (user, password) = match ctx.args.len() {
        2 if !ctx.instance.password.is_needed() => {
            return Err(Error::reply(
                "ERR AUTH <password> called without any password configured for the default user. Are you sure your \
                 configuration is correct?",
            ));
        }
        2 => (DEFAULT_USER, ctx.args.at(1)),
        3 => (ctx.args.at(1), ctx.args.at(2)),
        _ => return Err(Error::Syntax),
    };
    authenticate(ctx, user, password)?;
    ctx.ok()
}

fn authenticate(ctx: &mut Context<'_, '_>, user: &[u8], password: &[u8]) -> Result<()> {
    let accepted = !ctx.instance.password.is_needed() || ctx.instance.password.is(password);
    if user != DEFAULT_USER || !accepted {
        return Err(Error::reply("WRONGPASS invalid username-password pair or user is disabled."));
    }
    ctx.session.authenticated = true;
    Ok(())
}

pub(super) const HELLO: Command = Command::new("hello", -1, hello)
    .group(Group::Connection)
    .flags(&[
        Flags::NOSCRIPT,
        Flags::LOADING,
        Flags::STALE,
        Flags::FAST,
        Flags::NO_AUTH,
        Flags::ALLOW_BUSY,
    ])
    .categories(&[Categories::CONNECTION])
    .since("6.0.0")
    .summary("Chooses the RESP version and, if asked, authenticates and names the connection.")
    .history(&[("6.2.0", "The version may be left out.")])
    .args(&[Arg::block(
        "arguments",
        &[
            Arg::integer("protover"),
            Arg::block("auth", &[Arg::string("username"), Arg::string("password")])
                .token("AUTH")
                .optional(),
            Arg::string("clientname").token("SETNAME").optional(),
        ],
    )
    .optional()]);

fn hello(ctx: &mut Context<'_, '_>) -> Result<()> {
    let args = ctx.args;
    let mut protocol = None;
    if let Some(word) = args.get(1) {
        let version = int::parse_i64(word)
            .ok_or(Error::reply("ERR Protocol version is not an integer or out of range"))?;
        protocol = match version {
            2 => Some(Protocol::Resp2),
            3 => Some(Protocol::Resp3),
            _ => return Err(Error::reply("NOPROTO unsupported protocol version")),
        };
    }
    let mut login = None;
    let mut name = None;
    let mut at = 2;
    while let Some(option) = args.get(at) {
        let left = args.len() - at - 1;
        if option.eq_ignore_ascii_case(b"auth") && left >= 2 {
            login = Some((args.at(at + 1), args.at(at + 2)));
            at += 3;
        } else if option.eq_ignore_ascii_case(b"setname") && left >= 1 {
            name = Some(args.at(at + 1));
            valid_name(args.at(at + 1), "Client names")?;
            at += 2;
        } else {
            return Err(Error::echo("ERR Syntax error in HELLO option '", option, "'"));
        }
    }
    if let Some((user, password)) = login {
        authenticate(ctx, user, password)?;
    }
    if !ctx.session.authenticated {
        return Err(Error::reply(
            "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH \
             <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the \
             same time",
        ));
    }
    if let Some(name) = name {
        ctx.session.client.names.lock().name = Bytes::copy_from_slice(name);
    }
    if let Some(protocol) = protocol {
        ctx.session.set_protocol(protocol);
        ctx.reply.set_protocol(protocol);
    }
    let id = i64::try_from(ctx.session.client.id).unwrap_or(i64::MAX);
    let imitated = ctx.instance.parameters.text("imitated-version");
    let (server, version) = match ctx.instance.answers_as() {
        Some((server, version)) => (server, version.as_bytes()),
        None => ("redis", &imitated[..]),
    };
    let reply = &mut *ctx.reply;
    reply.map(7);
    reply.bulk(b"server");
    reply.bulk(server.as_bytes());
    reply.bulk(b"version");
    reply.bulk(version);
    reply.bulk(b"proto");
    reply.integer(if ctx.session.protocol == Protocol::Resp3 { 3 } else { 2 });
    reply.bulk(b"id");
    reply.integer(id);
    reply.bulk(b"mode");
    reply.bulk(b"standalone");
    reply.bulk(b"role");
    reply.bulk(b"master");
    reply.bulk(b"modules");
    reply.array(0);
    Ok(())
}

/// Refuses what would break the lines of `CLIENT LIST`.
pub(super) fn valid_name(name: &[u8], what: &str) -> Result<()> {
    if name.iter().all(|b| (b'!'..=b'~').contains(b)) {
        return Ok(());
    }
    Err(Error::reply(format!("ERR {what} cannot contain spaces, newlines or special characters.")))
}
