//! COMMAND: the command table, to be read by clients.

use super::{describe, docs, getkeys};
use crate::command::context::Context;
use crate::command::help;
use crate::command::parse::is;
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::command::table::{Node, Table};
use crate::error::{Error, Result};
use crate::text::glob;

pub(super) const COMMAND: Command = Command::new("command", -1, all)
    .group(Group::Server)
    .flags(&[Flags::LOADING, Flags::STALE])
    .categories(&[Categories::CONNECTION])
    .since("2.8.13")
    .complexity("O(N) where N is the number of commands")
    .summary("Describes every command.")
    .tips(&["nondeterministic_output_order"])
    .subcommands(&[
        COUNT,
        docs::DOCS,
        getkeys::GETKEYS,
        getkeys::GETKEYSANDFLAGS,
        INFO,
        LIST,
        HELP,
    ]);

fn all(ctx: &mut Context<'_, '_>) -> Result<()> {
    let instance = ctx.instance;
    let known = || Table::get().iter().filter(|node| !instance.lacks(node));
    ctx.reply.array(known().count());
    for node in known() {
        describe::write(ctx.reply, instance, node);
    }
    Ok(())
}

const COUNT: Command = Command::new("count", 2, count)
    .group(Group::Server)
    .flags(&[Flags::LOADING, Flags::STALE])
    .categories(&[Categories::CONNECTION])
    .since("2.8.13")
    .summary("Tells how many commands there are.");

fn count(ctx: &mut Context<'_, '_>) -> Result<()> {
    ctx.count(Table::get().iter().filter(|node| !ctx.instance.lacks(node)).count())
}

const INFO: Command = Command::new("info", -2, info)
    .group(Group::Server)
    .flags(&[Flags::LOADING, Flags::STALE])
    .categories(&[Categories::CONNECTION])
    .since("2.8.13")
    .complexity("O(N) where N is the number of commands to look up")
    .summary("Describes the commands that are named.")
    .history(&[(
        "7.0.0",
        "Subcommands may be asked for; without names, all commands are described.",
    )])
    .tips(&["nondeterministic_output_order"])
    .args(&[Arg::string("command-name").optional().multiple()]);

fn info(ctx: &mut Context<'_, '_>) -> Result<()> {
    if ctx.args.len() == 2 {
        return all(ctx);
    }
    ctx.reply.array(ctx.args.len() - 2);
    for name in ctx.args.iter_from(2) {
        match Table::get().find_full(name).filter(|node| !ctx.instance.lacks(node)) {
            Some(node) => describe::write(ctx.reply, ctx.instance, node),
            None => ctx.reply.null(),
        }
    }
    Ok(())
}

const LIST: Command = Command::new("list", -2, list)
    .group(Group::Server)
    .flags(&[Flags::LOADING, Flags::STALE])
    .categories(&[Categories::CONNECTION])
    .since("7.0.0")
    .complexity("O(N) where N is the number of commands")
    .summary("Lists the names of commands, all or filtered.")
    .tips(&["nondeterministic_output_order"])
    .args(&[Arg::one_of(
        "filterby",
        &[
            Arg::string("module-name").token("MODULE"),
            Arg::string("category").token("ACLCAT"),
            Arg::pattern("pattern").token("PATTERN"),
        ],
    )
    .token("FILTERBY")
    .optional()]);

fn list(ctx: &mut Context<'_, '_>) -> Result<()> {
    let fits = filter(ctx)?;
    let mut names = Vec::new();
    for node in Table::get().iter().flat_map(|node| std::iter::once(node).chain(&node.children)) {
        if fits(node) && !ctx.instance.lacks(node) {
            names.push(node.full_name);
        }
    }
    ctx.reply.array(names.len());
    names.iter().for_each(|name| ctx.reply.bulk(name.as_bytes()));
    Ok(())
}

/// Whether a command is to be listed.
type Test<'a> = Box<dyn Fn(&Node) -> bool + 'a>;

/// What `FILTERBY` asks for.
fn filter<'a>(ctx: &Context<'a, '_>) -> Result<Test<'a>> {
    let args = ctx.args;
    match (args.len(), args.get(2), args.get(3), args.get(4)) {
        (2, ..) => Ok(Box::new(|_| true)),
        (5, Some(word), Some(kind), Some(value)) if is(word, "filterby") => match kind {
            // There are no modules.
            kind if is(kind, "module") => Ok(Box::new(|_| false)),
            kind if is(kind, "aclcat") => {
                let category = Categories::named(value);
                Ok(Box::new(move |node| {
                    category.is_some_and(|c| node.row.all_categories().contains(c))
                }))
            }
            kind if is(kind, "pattern") => {
                Ok(Box::new(move |node| glob::matches_nocase(value, node.full_name.as_bytes())))
            }
            _ => Err(Error::Syntax),
        },
        _ => Err(Error::Syntax),
    }
}

const HELP: Command = Command::new("help", 2, help_text)
    .group(Group::Server)
    .flags(&[Flags::LOADING, Flags::STALE])
    .categories(&[Categories::CONNECTION])
    .since("5.0.0")
    .summary("Explains the subcommands.");

fn help_text(ctx: &mut Context<'_, '_>) -> Result<()> {
    help::write(
        ctx,
        &[
            ("(no subcommand)", "Describe every command."),
            ("COUNT", "Tell how many commands there are."),
            ("DOCS [<command-name> ...]", "Document the commands, or all of them."),
            ("GETKEYS <full-command>", "Find the keys in a command."),
            (
                "GETKEYSANDFLAGS <full-command>",
                "Find the keys in a command and what it does with each.",
            ),
            ("INFO [<command-name> ...]", "Describe the commands, or all of them."),
            (
                "LIST [FILTERBY (MODULE <name>|ACLCAT <category>|PATTERN <pattern>)]",
                "List the commands' names.",
            ),
        ],
    )
}
