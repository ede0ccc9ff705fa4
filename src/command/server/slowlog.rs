//! SLOWLOG: which commands took long.

use crate::command::context::Context;
use crate::command::parse;
use crate::command::row::{Arg, Command, Flags, Group};
use crate::command::timing::Entry;
use crate::command::{errors, help};
use crate::error::{Error, Result};

pub(super) const SLOWLOG: Command = Command::new("slowlog", -2, help::container)
    .group(Group::Server)
    .since("2.2.12")
    .complexity("That of the subcommand")
    .summary("Holds the commands about slow commands.")
    .subcommands(&[GET, HELP, LEN, RESET]);

/// How many entries are shown unless said otherwise.
const USUAL: usize = 10;

const GET: Command = Command::new("get", -2, get)
    .group(Group::Server)
    .flags(&[Flags::ADMIN, Flags::LOADING, Flags::STALE])
    .since("2.2.12")
    .complexity("O(N) where N is the number of entries shown")
    .summary("Shows the newest slow commands.")
    .history(&[("4.0.0", "The client's address and name.")])
    .tips(&["request_policy:all_nodes", "nondeterministic_output"])
    .args(&[Arg::integer("count").optional()]);

/// How many entries are asked for; -1 is all.
///
/// # Errors
/// Redis's words for what is no such number.
pub(super) fn count(word: &[u8]) -> Result<usize> {
    let bad = Error::reply("ERR count should be greater than or equal to -1");
    match parse::integer_or(word, bad.clone())? {
        -1 => Ok(usize::MAX),
        count => usize::try_from(count).map_err(|_| bad),
    }
}

fn get(ctx: &mut Context<'_, '_>) -> Result<()> {
    let count = match (ctx.args.get(2), ctx.args.len()) {
        (None, _) => USUAL,
        (Some(word), 3) => count(word)?,
        _ => return Err(errors::refused_subcommand("slowlog", ctx.args.at(1))),
    };
    let entries = ctx.instance.timing.slow.newest(count);
    write(ctx, entries);
    Ok(())
}

pub(super) fn write(ctx: &mut Context<'_, '_>, entries: Vec<Entry>) {
    ctx.reply.array(entries.len());
    for entry in entries {
        ctx.reply.array(6);
        ctx.reply.integer(i64::try_from(entry.id).unwrap_or(i64::MAX));
        ctx.reply.integer(entry.at);
        ctx.reply.integer(i64::try_from(entry.took).unwrap_or(i64::MAX));
        ctx.reply.array(entry.words.len());
        entry.words.iter().for_each(|word| ctx.reply.bulk(word));
        ctx.reply.bulk(entry.from.as_bytes());
        ctx.reply.bulk(&entry.name);
    }
}

const LEN: Command = Command::new("len", 2, len)
    .group(Group::Server)
    .flags(&[Flags::ADMIN, Flags::LOADING, Flags::STALE])
    .since("2.2.12")
    .summary("Counts the slow commands that are kept.")
    .tips(&["request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output"]);

fn len(ctx: &mut Context<'_, '_>) -> Result<()> {
    ctx.count(ctx.instance.timing.slow.len())
}

const RESET: Command = Command::new("reset", 2, reset)
    .group(Group::Server)
    .flags(&[Flags::ADMIN, Flags::LOADING, Flags::STALE])
    .since("2.2.12")
    .complexity("O(N) where N is the number of entries")
    .summary("Forgets all slow commands.")
    .tips(&["request_policy:all_nodes", "response_policy:all_succeeded"]);

fn reset(ctx: &mut Context<'_, '_>) -> Result<()> {
    ctx.instance.timing.slow.clear();
    ctx.ok()
}

const HELP: Command = Command::new("help", 2, help_text)
    .group(Group::Server)
    .flags(&[Flags::LOADING, Flags::STALE])
    .since("6.2.0")
    .summary("Explains the subcommands.");

fn help_text(ctx: &mut Context<'_, '_>) -> Result<()> {
    help::write(
        ctx,
        &[
            ("GET [<count>]", "Show the newest slow commands, 10 unless said; -1 for all."),
            ("LEN", "Count the slow commands that are kept."),
            ("RESET", "Forget all slow commands."),
        ],
    )
}
