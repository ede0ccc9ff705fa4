//! What clients ask about replication. A server here is a master without replicas, and answers as one.

use crate::command::context::Context;
use crate::command::parse::{self, is};
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::error::{Error, Result};

pub(super) const ROLE: Command = Command::new("role", 1, role)
    .group(Group::Server)
    .flags(&[Flags::NOSCRIPT, Flags::LOADING, Flags::STALE, Flags::FAST])
    .categories(&[Categories::ADMIN, Categories::DANGEROUS])
    .since("2.8.12")
    .summary("Tells what the server is to others: a master, without replicas.");

fn role(ctx: &mut Context<'_, '_>) -> Result<()> {
    ctx.reply.array(3);
    ctx.reply.bulk(b"master");
    ctx.reply.integer(0);
    ctx.reply.array(0);
    Ok(())
}

pub(super) const REPLICAOF: Command =
    of_master("replicaof").since("5.0.0").summary("Makes the server a master, as it is.");

pub(super) const SLAVEOF: Command = of_master("slaveof")
    .summary("Makes the server a master, as it is.")
    .deprecated("5.0.0", "`REPLICAOF`");

const fn of_master(name: &'static str) -> Command {
    Command::new(name, 3, replicaof)
        .group(Group::Server)
        .flags(&[Flags::ADMIN, Flags::NOSCRIPT, Flags::STALE, Flags::NO_ASYNC_LOADING])
        .args(MASTER)
}

const MASTER: &[Arg] = &[Arg::one_of(
    "args",
    &[
        Arg::block("host-port", &[Arg::string("host"), Arg::integer("port")]),
        Arg::block("no-one", &[Arg::word("no", "NO"), Arg::word("one", "ONE")]),
    ],
)];

fn replicaof(ctx: &mut Context<'_, '_>) -> Result<()> {
    if is(ctx.args.at(1), "no") && is(ctx.args.at(2), "one") {
        return ctx.ok();
    }
    let no_port = Error::reply("ERR Invalid master port");
    if !(0..=65535).contains(&parse::integer_or(&ctx.args[2], no_port.clone())?) {
        return Err(no_port);
    }
    Err(Error::reply("ERR This instance has no replication: it is a master"))
}

pub(super) const FAILOVER: Command = Command::new("failover", -1, failover)
    .group(Group::Server)
    .flags(&[Flags::ADMIN, Flags::NOSCRIPT, Flags::STALE])
    .since("6.2.0")
    .summary("Hands over to a replica, of which there are none.")
    .args(&[
        Arg::block(
            "target",
            &[Arg::string("host"), Arg::integer("port"), Arg::word("force", "FORCE").optional()],
        )
        .token("TO")
        .optional(),
        Arg::word("abort", "ABORT").optional(),
        Arg::integer("milliseconds").token("TIMEOUT").optional(),
    ]);

fn failover(ctx: &mut Context<'_, '_>) -> Result<()> {
    let args = ctx.args;
    if args.len() == 2 && is(args.at(1), "abort") {
        return Err(Error::reply("ERR No failover in progress."));
    }
    let (mut timeout, mut target, mut force) = (false, false, false);
    let mut at = 1;
    while at < args.len() {
        let behind = args.len() - at - 1;
        match args.at(at) {
            word if is(word, "timeout") && behind >= 1 && !timeout => {
                if parse::integer(&args[at + 1])? <= 0 {
                    return Err(Error::reply("ERR FAILOVER timeout must be greater than 0"));
                }
                timeout = true;
                at += 2;
            }
            word if is(word, "to") && behind >= 2 && !target => {
                parse::integer(&args[at + 2])?;
                target = true;
                at += 3;
            }
            word if is(word, "force") && !force => {
                force = true;
                at += 1;
            }
            _ => return Err(Error::Syntax),
        }
    }
    Err(Error::reply("ERR FAILOVER requires connected replicas."))
}
