//! A row as COMMAND INFO shows it.

use crate::command::instance::Instance;
use crate::command::keyspec::{Begin, Find, KeyFlags, KeySpec};
use crate::command::reply::Reply;
use crate::command::row::{Categories, Flags};
use crate::command::table::Node;

/// Writes a row and its subcommands, those that there are.
pub(super) fn write(reply: &mut dyn Reply, instance: &Instance, node: &Node) {
    let row = node.row;
    reply.array(10);
    reply.bulk(node.full_name.as_bytes());
    reply.integer(i64::from(row.arity));
    let mut flags = row.flags;
    flags.set(
        Flags::MOVABLE_KEYS,
        row.keys.iter().any(|spec| {
            matches!(spec.find, Find::Count { .. }) || !matches!(spec.begin, Begin::Index(_))
        }),
    );
    let shown = Flags::SHOWN.iter().filter(|(flag, _)| flags.contains(*flag));
    statuses(reply, shown.map(|(_, name)| *name));
    let (first, last, step) = range(row.keys);
    reply.integer(first);
    reply.integer(last);
    reply.integer(step);
    let all = row.all_categories();
    let names: Vec<String> = Categories::NAMED
        .iter()
        .filter(|(c, _)| all.contains(*c))
        .map(|(_, name)| format!("@{name}"))
        .collect();
    statuses(reply, names.iter().map(String::as_str));
    reply.set(row.tips.len());
    row.tips.iter().for_each(|tip| reply.bulk(tip.as_bytes()));
    reply.set(row.keys.len());
    row.keys.iter().for_each(|spec| key_spec(reply, spec));
    let children = || node.children.iter().filter(|child| !instance.lacks(child));
    reply.set(children().count());
    children().for_each(|child| write(reply, instance, child));
}

/// A set of statuses.
pub(super) fn statuses<'n>(reply: &mut dyn Reply, names: impl Iterator<Item = &'n str> + Clone) {
    reply.set(names.clone().count());
    names.for_each(|name| reply.simple(name));
}

/// The names of key flags, in their order.
pub(super) fn key_flags(flags: KeyFlags) -> impl Iterator<Item = &'static str> + Clone {
    KeyFlags::NAMED.iter().filter(move |(flag, _)| flags.contains(*flag)).map(|(_, name)| *name)
}

/// First key, last key and step, as clients knew them before there were key specs.
fn range(specs: &[KeySpec]) -> (i64, i64, i64) {
    let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let mut found: Option<(i64, i64, i64)> = None;
    for spec in specs {
        let (Begin::Index(start), Find::Range { last, step, .. }) = (spec.begin, spec.find) else {
            continue;
        };
        let (start, step) = (number(start), number(step));
        let last = if last < 0 { i64::from(last) } else { start + i64::from(last) };
        found = match found {
            None => Some((start, last, step)),
            // The keys of two specs in a row are one range.
            Some((first, before, step)) if before + 1 == start => Some((first, last, step)),
            other => other,
        };
    }
    found.unwrap_or_default()
}

fn key_spec(reply: &mut dyn Reply, spec: &KeySpec) {
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    reply.map(if spec.notes.is_empty() { 3 } else { 4 });
    if !spec.notes.is_empty() {
        reply.bulk(b"notes");
        reply.bulk(spec.notes.as_bytes());
    }
    reply.bulk(b"flags");
    statuses(reply, key_flags(spec.flags));
    reply.bulk(b"begin_search");
    match spec.begin {
        Begin::Index(start) => search(reply, "index", &[("index", count(start))]),
        Begin::Unknown(_) => search(reply, "unknown", &[]),
        Begin::Keyword { word, from } | Begin::Option { word, from } => {
            reply.map(2);
            reply.bulk(b"type");
            reply.bulk(b"keyword");
            reply.bulk(b"spec");
            reply.map(2);
            reply.bulk(b"keyword");
            reply.bulk(word.as_bytes());
            reply.bulk(b"startfrom");
            reply.integer(count(from));
        }
    }
    reply.bulk(b"find_keys");
    match spec.find {
        _ if matches!(spec.begin, Begin::Unknown(_)) => search(reply, "unknown", &[]),
        Find::Range { last, step, limit } => {
            let fields =
                [("lastkey", i64::from(last)), ("keystep", count(step)), ("limit", count(limit))];
            search(reply, "range", &fields);
        }
        Find::Count { count: number, first, step } => {
            let fields = [
                ("keynumidx", count(number)),
                ("firstkey", count(first)),
                ("keystep", count(step)),
            ];
            search(reply, "keynum", &fields);
        }
    }
}

fn search(reply: &mut dyn Reply, kind: &str, fields: &[(&str, i64)]) {
    reply.map(2);
    reply.bulk(b"type");
    reply.bulk(kind.as_bytes());
    reply.bulk(b"spec");
    reply.map(fields.len());
    for (name, value) in fields {
        reply.bulk(name.as_bytes());
        reply.integer(*value);
    }
}
