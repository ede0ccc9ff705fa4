//! COMMAND DOCS.

use super::describe::statuses;
use crate::command::context::Context;
use crate::command::instance::Instance;
use crate::command::reply::Reply;
use crate::command::row::{Arg, ArgKind, Categories, Command, Flags, Group};
use crate::command::table::{Node, Table};
use crate::error::Result;

pub(super) const DOCS: Command = Command::new("docs", -2, docs)
    .group(Group::Server)
    .flags(&[Flags::LOADING, Flags::STALE])
    .categories(&[Categories::CONNECTION])
    .since("7.0.0")
    .complexity("O(N) where N is the number of commands to look up")
    .summary("Documents commands for people.")
    .tips(&["nondeterministic_output_order"])
    .args(&[Arg::string("command-name").optional().multiple()]);

fn docs(ctx: &mut Context<'_, '_>) -> Result<()> {
    let table = Table::get();
    let mut nodes: Vec<&Node> = match ctx.args.len() {
        2 => table.iter().collect(),
        _ => ctx.args.iter_from(2).filter_map(|name| table.find_full(name)).collect(),
    };
    nodes.retain(|node| !ctx.instance.lacks(node));
    ctx.reply.map(nodes.len());
    for node in nodes {
        document(ctx.reply, ctx.instance, node);
    }
    Ok(())
}

fn document(reply: &mut dyn Reply, instance: &Instance, node: &Node) {
    let row = node.row;
    let children = || node.children.iter().filter(|child| !instance.lacks(child));
    let lists = [row.history.is_empty(), row.arguments.is_empty(), node.children.is_empty()];
    let fields = 4
        + lists.iter().filter(|empty| !**empty).count()
        + if row.deprecated.is_some() { 2 } else { 0 }
        + usize::from(row.deprecated.is_some() || row.internal);
    reply.bulk(node.full_name.as_bytes());
    reply.map(fields);
    for (name, text) in [
        ("summary", row.summary),
        ("since", row.since),
        ("group", row.group.name()),
        ("complexity", row.complexity),
    ] {
        pair(reply, name, text);
    }
    let flags = [(row.deprecated.is_some(), "deprecated"), (row.internal, "syscmd")];
    let flags = flags.iter().filter(|(on, _)| *on).map(|(_, name)| *name);
    if flags.clone().next().is_some() {
        reply.bulk(b"doc_flags");
        statuses(reply, flags);
    }
    if let Some((version, instead)) = row.deprecated {
        pair(reply, "deprecated_since", version);
        pair(reply, "replaced_by", instead);
    }
    if !row.history.is_empty() {
        reply.bulk(b"history");
        reply.set(row.history.len());
        for (version, change) in row.history {
            pair_in_array(reply, version, change);
        }
    }
    if !row.arguments.is_empty() {
        reply.bulk(b"arguments");
        arguments(reply, row.arguments);
    }
    if !node.children.is_empty() {
        reply.bulk(b"subcommands");
        reply.map(children().count());
        children().for_each(|child| document(reply, instance, child));
    }
}

fn pair(reply: &mut dyn Reply, name: &str, text: &str) {
    reply.bulk(name.as_bytes());
    reply.bulk(text.as_bytes());
}

fn pair_in_array(reply: &mut dyn Reply, first: &str, second: &str) {
    reply.array(2);
    pair(reply, first, second);
}

fn arguments(reply: &mut dyn Reply, arguments: &[Arg]) {
    reply.array(arguments.len());
    for arg in arguments {
        let flags = [
            (arg.optional, "optional"),
            (arg.multiple, "multiple"),
            (arg.multiple_token, "multiple_token"),
        ];
        let flags = flags.iter().filter(|(on, _)| *on).map(|(_, name)| *name);
        let nested = matches!(arg.kind, ArgKind::OneOf | ArgKind::Block);
        let optional = [
            arg.key_spec.is_some(),
            arg.token.is_some(),
            arg.since.is_some(),
            flags.clone().next().is_some(),
        ];
        reply.map(3 + optional.iter().filter(|there| **there).count());
        pair(reply, "name", arg.name);
        pair(reply, "type", arg.kind.name());
        if !nested {
            pair(reply, "display_text", arg.name);
        }
        if let Some(index) = arg.key_spec {
            reply.bulk(b"key_spec_index");
            reply.integer(i64::from(index));
        }
        if let Some(token) = arg.token {
            pair(reply, "token", token);
        }
        if let Some(version) = arg.since {
            pair(reply, "since", version);
        }
        if flags.clone().next().is_some() {
            reply.bulk(b"flags");
            statuses(reply, flags);
        }
        if nested {
            reply.bulk(b"arguments");
            self::arguments(reply, arg.arguments);
        }
    }
}
