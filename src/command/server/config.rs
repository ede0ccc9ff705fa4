//! CONFIG: the parameter registry's commands.

use crate::command::config::Change;
use crate::command::context::Context;
use crate::command::help;
use crate::command::row::{Arg, Command, Flags, Group};
use crate::error::{Error, Result, words_of};

pub(super) const CONFIG: Command = Command::new("config", -2, help::container)
    .group(Group::Server)
    .since("2.0.0")
    .complexity("That of the subcommand")
    .summary("Holds the commands about configuration.")
    .subcommands(&[GET, SET, REWRITE, RESETSTAT, HELP]);

const GET: Command = Command::new("get", -3, get)
    .group(Group::Server)
    .flags(&[Flags::ADMIN, Flags::NOSCRIPT, Flags::LOADING, Flags::STALE])
    .since("2.0.0")
    .complexity("O(N) where N is the number of parameters")
    .summary("Shows the parameters that fit a pattern.")
    .history(&[("7.0.0", "Several patterns at once.")])
    .args(&[Arg::string("parameter").multiple()]);

fn get(ctx: &mut Context<'_, '_>) -> Result<()> {
    let found = ctx.instance.parameters.matching(ctx.args.iter_from(2));
    ctx.reply.map(found.len());
    for (name, value) in found {
        ctx.reply.bulk(&name);
        ctx.reply.bulk(&value);
    }
    Ok(())
}

const SET: Command = Command::new("set", -4, set)
    .group(Group::Server)
    .flags(&[Flags::ADMIN, Flags::NOSCRIPT, Flags::LOADING, Flags::STALE])
    .since("2.0.0")
    .complexity("O(N) where N is the number of parameters")
    .summary("Changes parameters, all or none.")
    .history(&[("7.0.0", "Several parameters at once.")])
    .tips(&["request_policy:all_nodes", "response_policy:all_succeeded"])
    .args(&[Arg::block("data", &[Arg::string("parameter"), Arg::string("value")]).multiple()]);

fn set(ctx: &mut Context<'_, '_>) -> Result<()> {
    let words: Vec<&[u8]> = ctx.args.iter_from(2).collect();
    if !words.len().is_multiple_of(2) {
        return Err(Error::Syntax);
    }
    let changes: Vec<Change<'_>> =
        words.chunks_exact(2).map(|pair| (pair[0], &pair[1..])).collect();
    ctx.instance.parameters.set(&changes)?;
    ctx.ok()
}

const REWRITE: Command = Command::new("rewrite", 2, rewrite)
    .group(Group::Server)
    .flags(&[Flags::ADMIN, Flags::NOSCRIPT, Flags::LOADING, Flags::STALE])
    .since("2.8.0")
    .complexity("O(N) where N is the number of parameters and lines")
    .summary("Writes the parameters to the configuration file.")
    .tips(&["request_policy:all_nodes", "response_policy:all_succeeded"]);

fn rewrite(ctx: &mut Context<'_, '_>) -> Result<()> {
    let Some(file) = ctx.instance.config_file.lock().clone() else {
        return Err(Error::reply("ERR The server is running without a config file"));
    };
    if let Err(error) = ctx.instance.parameters.rewrite_file(&file) {
        let words = words_of(&error);
        tracing::warn!("CONFIG REWRITE failed: {words}");
        return Err(Error::reply(format!("ERR Rewriting config file: {words}")));
    }
    tracing::info!("CONFIG REWRITE executed with success.");
    ctx.ok()
}

const RESETSTAT: Command = Command::new("resetstat", 2, resetstat)
    .group(Group::Server)
    .flags(&[Flags::ADMIN, Flags::NOSCRIPT, Flags::LOADING, Flags::STALE])
    .since("2.0.0")
    .summary("Starts the statistics again from zero.")
    .tips(&["request_policy:all_nodes", "response_policy:all_succeeded"]);

fn resetstat(ctx: &mut Context<'_, '_>) -> Result<()> {
    ctx.instance.stats.reset();
    ctx.engine.keyspace().reset_statistics();
    ctx.instance.clients.reset_statistics();
    #[cfg(feature = "snapshot")]
    ctx.engine.saves().reset_statistics();
    ctx.ok()
}

const HELP: Command = Command::new("help", 2, help_text)
    .group(Group::Server)
    .flags(&[Flags::LOADING, Flags::STALE])
    .since("5.0.0")
    .summary("Explains the subcommands.");

fn help_text(ctx: &mut Context<'_, '_>) -> Result<()> {
    help::write(
        ctx,
        &[
            ("GET <pattern> [<pattern> ...]", "Show the parameters whose names fit a pattern."),
            ("RESETSTAT", "Start the statistics again from zero."),
            ("REWRITE", "Write the parameters to the configuration file."),
            ("SET <name> <value> [<name> <value> ...]", "Change parameters, all or none."),
        ],
    )
}
