//! COMMAND GETKEYS and GETKEYSANDFLAGS: the key specs at work.

use super::describe::{key_flags, statuses};
use crate::command::args::Args;
use crate::command::context::Context;
use crate::command::instance::Instance;
use crate::command::keyspec::KeyFlags;
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::command::table::Table;
use crate::error::{Error, Result};

pub(super) const GETKEYS: Command = Command::new("getkeys", -3, getkeys)
    .group(Group::Server)
    .flags(&[Flags::LOADING, Flags::STALE])
    .categories(&[Categories::CONNECTION])
    .since("2.8.13")
    .complexity("O(N) where N is the number of words")
    .summary("Finds the keys in a command.")
    .args(&[Arg::string("command"), Arg::string("arg").optional().multiple()]);

fn getkeys(ctx: &mut Context<'_, '_>) -> Result<()> {
    let words: Vec<&[u8]> = ctx.args.iter_from(2).collect();
    let keys = find(ctx.instance, Args::new(&words))?;
    ctx.reply.array(keys.len());
    keys.iter().for_each(|(at, _)| ctx.reply.bulk(words[*at]));
    Ok(())
}

pub(super) const GETKEYSANDFLAGS: Command = Command::new("getkeysandflags", -3, getkeysandflags)
    .group(Group::Server)
    .flags(&[Flags::LOADING, Flags::STALE])
    .categories(&[Categories::CONNECTION])
    .since("7.0.0")
    .complexity("O(N) where N is the number of words")
    .summary("Finds the keys in a command and what it does with each.")
    .args(&[Arg::string("command"), Arg::string("arg").optional().multiple()]);

fn getkeysandflags(ctx: &mut Context<'_, '_>) -> Result<()> {
    let words: Vec<&[u8]> = ctx.args.iter_from(2).collect();
    let keys = find(ctx.instance, Args::new(&words))?;
    ctx.reply.array(keys.len());
    for (at, flags) in keys {
        ctx.reply.array(2);
        ctx.reply.bulk(words[at]);
        statuses(ctx.reply, key_flags(flags));
    }
    Ok(())
}

/// Where the keys are among the words of a command, and what is done with them.
fn find(instance: &Instance, args: Args<'_>) -> Result<Vec<(usize, KeyFlags)>> {
    let refuse = |text| Err(Error::reply(text));
    let node = Table::get().find(args.at(0)).and_then(|node| match args.get(1) {
        Some(name) if !node.children.is_empty() => node.child(name),
        _ => Some(node),
    });
    let Some(node) = node.filter(|node| !instance.lacks(node)) else {
        return refuse("ERR Invalid command specified");
    };
    if !node.row.keys.iter().any(|spec| spec.is_of_keys()) {
        return refuse("ERR The command has no key arguments");
    }
    if !node.row.accepts(args.len()) {
        return refuse("ERR Invalid number of arguments specified for command");
    }
    let mut keys = Vec::new();
    for spec in node.row.keys {
        let Some(positions) = spec.positions(&args) else {
            if spec.is_optional() {
                continue;
            }
            return refuse("ERR Invalid arguments specified for command");
        };
        let flags = spec.flags_for(&args);
        keys.extend(positions.map(|at| (at, flags)));
    }
    Ok(keys)
}
