//! The command table: what COMMAND INFO and COMMAND DOCS say of each command that Danio has,
//! against the real servers that have it too.
//!
//! Clients read arity, keys and flags from the table to route commands and to split them, so
//! each must be what at least one of the two servers says. Our own words (summaries,
//! complexities) and the order within sets are left out.

use std::collections::BTreeMap;

use crate::support::{Kind, Server};
use crate::wire::{Client, Tree};

/// Where Danio's row is neither Redis 7.0's nor Valkey 9.1's, with the reason.
const NEWER: &[(&str, &str)] = &[
    ("set", "Redis 8.4 compares values and digests: IFEQ, IFNE, IFDEQ, IFDNE"),
    ("bitop", "Redis 8.2 has DIFF, DIFF1, ANDOR and ONE"),
    ("msetex", "Redis 8.4's, which is not quite Valkey's"),
    ("client|kill", "Redis 8's: MAXAGE, but one id alone"),
    ("client|list", "Redis 8's: by type or by ids"),
    ("client|no-touch", "Redis 8's: not while a script is too long"),
    ("client|setinfo", "Redis 8's: not while a script is too long"),
    ("xadd", "Redis 8.2 minds what is pending: KEEPREF, DELREF, ACKED"),
    ("xtrim", "Redis 8.2 minds what is pending: KEEPREF, DELREF, ACKED"),
    ("xread", "Redis 8.10 bounds what it answers: MAXCOUNT, MAXSIZE"),
    (
        "xreadgroup",
        "Redis 8.4 claims while it reads, 8.10 bounds what it answers: CLAIM, MAXCOUNT, MAXSIZE",
    ),
    ("setex", "Redis has since deprecated it"),
    ("psetex", "Redis has since deprecated it"),
    ("setnx", "Redis has since deprecated it"),
    ("zunion", "Redis 8.8 aggregates by COUNT"),
    ("zinter", "Redis 8.8 aggregates by COUNT"),
    ("zunionstore", "Redis 8.8 aggregates by COUNT"),
    ("zinterstore", "Redis 8.8 aggregates by COUNT"),
    ("quit", "Redis has since deprecated it"),
    ("shutdown", "Redis 8's, written as Valkey writes it"),
];

/// Redis had these before Valkey, which says since which version of its own it has them.
const SINCE_REDIS: &[&str] = &[
    "hexpire",
    "hexpireat",
    "hexpiretime",
    "hgetdel",
    "hgetex",
    "hpersist",
    "hpexpire",
    "hpexpireat",
    "hpexpiretime",
    "hpttl",
    "hsetex",
    "httl",
];

/// What a server says of its commands, by name.
type Table = BTreeMap<String, BTreeMap<String, String>>;

#[test]
fn rows_are_those_of_a_real_server() {
    compare(&["COMMAND", "INFO"], |reply| {
        let mut table = Table::new();
        for row in reply.items().unwrap_or_default() {
            add_info(row, &mut table);
        }
        table
    });
}

#[test]
fn docs_are_those_of_a_real_server() {
    compare(&["COMMAND", "DOCS"], |reply| {
        let mut table = Table::new();
        for pair in reply.items().unwrap_or_default().chunks(2) {
            add_docs(pair, &mut table);
        }
        table
    });
}

fn compare(words: &[&str], read: fn(&Tree) -> Table) {
    let mut tables = Vec::new();
    for kind in [Kind::Danio, Kind::Redis, Kind::Valkey] {
        let Some(server) = kind.start_or_skip() else { return };
        tables.push(read(&ask(&server, words)));
    }
    let [ours, redis, valkey] = &tables[..] else { unreachable!("three servers were asked") };
    assert!(ours.len() > 80, "{} commands", ours.len());
    let mut wrong = Vec::new();
    for (name, fields) in ours {
        let theirs = [redis.get(name), valkey.get(name)];
        // Commands that none of the two has are held to their documentation (tests/documented.rs).
        if theirs == [None, None] || NEWER.iter().any(|(newer, _)| newer == name) {
            continue;
        }
        for (field, value) in fields {
            if field == "since" && SINCE_REDIS.contains(&name.as_str()) {
                continue;
            }
            let said = theirs.map(|row| row.and_then(|row| row.get(field)));
            if !said.contains(&Some(value)) {
                let [redis, valkey] = said.map(|said| said.map_or("-", String::as_str));
                wrong.push(format!(
                    "{name} {field}\n  ours   {value}\n  Redis  {redis}\n  Valkey {valkey}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} differences\n{}", wrong.len(), wrong.join("\n"));
}

fn ask(server: &Server, words: &[&str]) -> Tree {
    let mut client = Client::connect(server.address()).expect("a server that was started accepts");
    let mut ask = |words: &[&str]| {
        let words = words.iter().map(|word| word.as_bytes().to_vec()).collect();
        client.call(&words).expect("a server that was started answers").tree
    };
    ask(&["HELLO", "3"]);
    ask(words)
}

/// One row of COMMAND INFO and, of a container, those of its subcommands.
fn add_info(row: &Tree, table: &mut Table) {
    const FIELDS: [&str; 9] = [
        "name",
        "arity",
        "flags",
        "first key",
        "last key",
        "key step",
        "categories",
        "tips",
        "key specs",
    ];
    let Some(items) = row.items() else { return };
    let name = text(&items[0]);
    let fields = FIELDS
        .iter()
        .zip(items)
        .skip(1)
        .map(|(field, item)| ((*field).to_owned(), canonical(item)));
    table.insert(name, fields.collect());
    for row in items.get(9).and_then(Tree::items).unwrap_or_default() {
        add_info(row, table);
    }
}

/// One entry of COMMAND DOCS and, of a container, those of its subcommands.
fn add_docs(pair: &[Tree], table: &mut Table) {
    let [name, docs] = pair else { return };
    let mut fields = BTreeMap::new();
    for pair in docs.items().unwrap_or_default().chunks(2) {
        match text(&pair[0]).as_str() {
            // Our own words, and what happened in other servers' past.
            "summary" | "complexity" | "history" => {}
            // Valkey calls its own versions what Redis calls by another number.
            "subcommands" => {
                for pair in pair[1].items().unwrap_or_default().chunks(2) {
                    add_docs(pair, table);
                }
            }
            field => {
                fields.insert(field.to_owned(), canonical(&pair[1]));
            }
        }
    }
    table.insert(text(name), fields);
}

fn text(tree: &Tree) -> String {
    String::from_utf8_lossy(tree.text().unwrap_or_default()).into_owned()
}

/// A text for a reply in which the order within sets and maps, and since when an argument
/// exists, do not count.
fn canonical(tree: &Tree) -> String {
    match tree {
        Tree::List(b'%', Some(items)) => {
            let mut pairs: Vec<String> = items
                .chunks(2)
                .filter(|pair| text(&pair[0]) != "since" && text(&pair[0]) != "display_text")
                .map(|pair| format!("{}: {}", text(&pair[0]), canonical(&pair[1])))
                .collect();
            pairs.sort();
            format!("{{{}}}", pairs.join(", "))
        }
        Tree::List(kind, Some(items)) => {
            let mut items: Vec<String> = items.iter().map(canonical).collect();
            if *kind == b'~' {
                items.sort();
            }
            format!("[{}]", items.join(" "))
        }
        leaf => text(leaf),
    }
}
