//! COMMANDLOG: which commands took long, or had large requests or replies (Valkey 8.1).

use super::slowlog;
use crate::command::context::Context;
use crate::command::help;
use crate::command::parse::is;
use crate::command::row::{Arg, Command, Flags, Group};
use crate::command::timing::CommandLog;
use crate::error::{Error, Result};

pub(super) const COMMANDLOG: Command = Command::new("commandlog", -2, help::container)
    .group(Group::Server)
    .since("8.1.0")
    .complexity("That of the subcommand")
    .summary("Holds the commands about slow and large commands.")
    .subcommands(&[GET, HELP, LEN, RESET]);

const TYPE: Arg = Arg::one_of(
    "type",
    &[
        Arg::word("slow", "SLOW"),
        Arg::word("large-request", "LARGE-REQUEST"),
        Arg::word("large-reply", "LARGE-REPLY"),
    ],
);

/// The log that a word names.
fn log<'c>(ctx: &Context<'c, '_>, word: &[u8]) -> Result<&'c CommandLog> {
    let timing = &ctx.instance.timing;
    match () {
        () if is(word, "slow") => Ok(&timing.slow),
        () if is(word, "large-request") => Ok(&timing.requests),
        () if is(word, "large-reply") => Ok(&timing.replies),
        () => Err(Error::reply(
            "ERR type should be one of the following: slow, large-request, large-reply",
        )),
    }
}

const GET: Command = Command::new("get", 4, get)
    .group(Group::Server)
    .flags(&[Flags::ADMIN, Flags::LOADING, Flags::STALE])
    .since("8.1.0")
    .complexity("O(N) where N is the number of entries shown")
    .summary("Shows the newest commands of a log.")
    .tips(&["request_policy:all_nodes", "nondeterministic_output"])
    .args(&[Arg::integer("count"), TYPE]);

fn get(ctx: &mut Context<'_, '_>) -> Result<()> {
    let count = slowlog::count(ctx.args.at(2))?;
    let entries = log(ctx, ctx.args.at(3))?.newest(count);
    slowlog::write(ctx, entries);
    Ok(())
}

const LEN: Command = Command::new("len", 3, len)
    .group(Group::Server)
    .flags(&[Flags::ADMIN, Flags::LOADING, Flags::STALE])
    .since("8.1.0")
    .summary("Counts the commands that a log keeps.")
    .tips(&["request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output"])
    .args(&[TYPE]);

fn len(ctx: &mut Context<'_, '_>) -> Result<()> {
    let len = log(ctx, ctx.args.at(2))?.len();
    ctx.count(len)
}

const RESET: Command = Command::new("reset", 3, reset)
    .group(Group::Server)
    .flags(&[Flags::ADMIN, Flags::LOADING, Flags::STALE])
    .since("8.1.0")
    .complexity("O(N) where N is the number of entries")
    .summary("Forgets all commands of a log.")
    .tips(&["request_policy:all_nodes", "response_policy:all_succeeded"])
    .args(&[TYPE]);

fn reset(ctx: &mut Context<'_, '_>) -> Result<()> {
    log(ctx, ctx.args.at(2))?.clear();
    ctx.ok()
}

const HELP: Command = Command::new("help", 2, help_text)
    .group(Group::Server)
    .flags(&[Flags::LOADING, Flags::STALE])
    .since("8.1.0")
    .summary("Explains the subcommands.");

fn help_text(ctx: &mut Context<'_, '_>) -> Result<()> {
    help::write(
        ctx,
        &[
            (
                "GET <count> <type>",
                "Show the newest commands of a log (slow, large-request, large-reply); -1 for all.",
            ),
            ("LEN <type>", "Count the commands that a log keeps."),
            ("RESET <type>", "Forget all commands of a log."),
        ],
    )
}
