//! `features.md` against the command table and the typed API: it lists what there is, no more
//! and no less.
//!
//! Its tables of commands are made from the command table: which there are, since when, with which subcommands, and in what
//! order. What a command is called in typed code, and what is said of it, is kept as it stands on the page.
//! `DANIO_BLESS=1 cargo test --all-features --test features` writes them anew.

#![allow(clippy::unwrap_used, reason = "a test says by failing what is wrong")]

#[cfg(all(feature = "snapshot", feature = "aof"))]
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use danio::Db;
use danio::command::Value;

/// The rows of the page: the command and the typed methods beside it.
fn rows() -> Vec<(String, Vec<String>)> {
    let page = fs::read_to_string(root().join("features.md")).unwrap();
    page.lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| `")?.split('|');
            let command = cells.next()?.trim().trim_matches('`').to_owned();
            // The features of the crate are in lower case.
            if command.starts_with(|c: char| c.is_lowercase()) {
                return None;
            }
            if !cfg!(feature = "snapshot")
                && matches!(&*command, "BGSAVE" | "DUMP" | "LASTSAVE" | "RESTORE" | "SAVE")
            {
                return None;
            }
            if !cfg!(feature = "aof") && command == "BGREWRITEAOF" {
                return None;
            }
            // Behind the version that it is there since.
            let typed =
                cells.nth(1)?.split(',').map(|cell| cell.trim().trim_matches('`').to_owned());
            Some((command, typed.filter(|method| !method.is_empty()).collect()))
        })
        .collect()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The page with its tables of commands as the command table has them.
#[cfg(all(feature = "snapshot", feature = "aof"))]
fn regenerated(page: &str) -> String {
    const SUBCOMMANDS: &str = "## Subcommands";
    let docs = docs();
    let cells = |line: &str| -> Vec<String> {
        line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
    };
    let is_command = |line: &&str| line.starts_with("| `") && docs.contains_key(&name_in(line));
    // Which group's commands stand in which table, by the table's first line.
    let mut of_group: BTreeMap<String, Vec<(usize, usize)>> = BTreeMap::new();
    let mut listed = BTreeSet::new();
    let lines: Vec<&str> = page.lines().take_while(|line| *line != SUBCOMMANDS).collect();
    let mut table = 0;
    for (at, line) in lines.iter().enumerate() {
        if line.starts_with("| command |") {
            table = at;
        } else if is_command(line) {
            listed.insert(name_in(line));
            let counts = of_group.entry(docs[&name_in(line)].group.clone()).or_default();
            match counts.iter_mut().find(|(_, there)| *there == table) {
                Some((count, _)) => *count += 1,
                None => counts.push((1, table)),
            }
        }
    }
    let mut new: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for (name, doc) in docs.iter().filter(|(name, _)| !listed.contains(*name)) {
        let tables = of_group.get(&doc.group).expect("each group has a table");
        let (_, table) = tables.iter().max().expect("of some commands");
        new.entry(*table).or_default().push(format!("| `{name}` | {} | | |", doc.since));
    }
    let mut out = String::new();
    let mut rest = lines.iter().copied().enumerate().peekable();
    while let Some((at, line)) = rest.next() {
        if !line.starts_with("| command |") {
            out += &format!("{line}\n");
            continue;
        }
        out += "| command | since | typed | notes |\n|---|---|---|---|\n";
        let mut rows = new.remove(&at).unwrap_or_default();
        while let Some((_, line)) = rest.next_if(|(_, line)| line.starts_with('|')) {
            if let Some(doc) = docs.get(&name_in(line)) {
                let cells = cells(line);
                let [.., typed, notes] = &cells[..] else { panic!("{line}") };
                let row = format!("| `{}` | {} | {typed} | {notes} |", name_in(line), doc.since);
                rows.push(row.replace("|  |", "| |").replace("|  |", "| |"));
            }
        }
        rows.sort_by_key(|row| name_in(row));
        out += &format!("{}\n", rows.join("\n"));
    }
    if !out.ends_with("\n\n") {
        out.push('\n');
    }
    out += &format!("{SUBCOMMANDS}\n\n| of | there are |\n|---|---|\n");
    for (name, doc) in docs.iter().filter(|(_, doc)| !doc.subcommands.is_empty()) {
        let all: Vec<&str> = doc.subcommands.iter().map(String::as_str).collect();
        out += &format!("| {name} | {} |\n", all.join(" "));
    }
    out
}

/// The command that a row is about.
#[cfg(all(feature = "snapshot", feature = "aof"))]
fn name_in(line: &str) -> String {
    line.split('`').nth(1).unwrap_or_default().to_owned()
}

/// What the command table says of a command.
#[cfg(all(feature = "snapshot", feature = "aof"))]
#[derive(Default)]
struct Doc {
    group: String,
    since: String,
    subcommands: BTreeSet<String>,
}

#[cfg(all(feature = "snapshot", feature = "aof"))]
fn docs() -> BTreeMap<String, Doc> {
    let text = |value: &Value| String::from_utf8_lossy(value.as_bytes().unwrap()).into_owned();
    let Value::Map(commands) = Db::in_memory().execute(["COMMAND", "DOCS"]).unwrap() else {
        panic!("COMMAND DOCS is a map");
    };
    let of = |(name, doc): (Value, Value)| {
        let Value::Map(fields) = doc else { panic!("what is said of {name:?} is a map") };
        let mut doc = Doc::default();
        for (field, value) in fields {
            match (&*text(&field), value) {
                ("group", value) => doc.group = text(&value),
                ("since", value) => doc.since = text(&value),
                ("subcommands", Value::Map(all)) => {
                    let names = all.iter().map(|(name, _)| text(name).to_uppercase());
                    doc.subcommands =
                        names.map(|name| name.rsplit('|').next().unwrap().to_owned()).collect();
                }
                _ => {}
            }
        }
        (text(&name).to_uppercase(), doc)
    };
    commands.into_iter().map(of).collect()
}

#[test]
#[cfg(all(feature = "snapshot", feature = "aof"))]
fn the_page_is_what_the_command_table_makes_of_it() {
    let path = root().join("features.md");
    let page = fs::read_to_string(&path).unwrap();
    let made = regenerated(&page);
    assert_eq!(regenerated(&made), made, "it is made in one go");
    if std::env::var_os("DANIO_BLESS").is_some() {
        fs::write(path, made).unwrap();
    } else if made != page {
        let differ = made.lines().zip(page.lines()).find(|(made, there)| made != there);
        panic!("features.md is not what DANIO_BLESS=1 makes of it, first at {differ:?}");
    }
}

#[test]
fn every_command_is_listed_and_nothing_else() {
    let Value::Array(names) = Db::in_memory().execute(["COMMAND", "LIST"]).unwrap() else {
        panic!("COMMAND LIST is a list");
    };
    let there: BTreeSet<String> = names
        .iter()
        .map(|name| String::from_utf8_lossy(name.as_bytes().unwrap()).to_uppercase())
        .filter(|name| !name.contains('|'))
        .collect();
    let listed: BTreeSet<String> = rows().into_iter().map(|(command, _)| command).collect();
    let missing: Vec<_> = there.difference(&listed).collect();
    let surplus: Vec<_> = listed.difference(&there).collect();
    assert!(
        missing.is_empty() && surplus.is_empty(),
        "not listed: {missing:?}; not there: {surplus:?}"
    );
}

#[test]
fn every_typed_method_that_is_listed_exists() {
    let mut sources = String::new();
    read(&root().join("src/api"), &mut sources);
    read(&root().join("src/command"), &mut sources);
    read(&root().join("src/pubsub"), &mut sources);
    // Some types that the typed face returns are the values' own.
    read(&root().join("src/value"), &mut sources);
    for (command, typed) in rows() {
        for method in typed {
            let name = method.rsplit("::").next().unwrap();
            let found = sources.contains(&format!("pub fn {name}("))
                || sources.contains(&format!("pub fn {name}<"));
            assert!(found || method == "Config", "{command}: there is no {method}");
        }
    }
}

/// A method whose documentation begins with the command that it is, as `(`PTTL`, …)`, is named beside that command.
#[test]
fn every_typed_method_of_a_command_is_listed() {
    // What these set is an option of a command.
    const OPTIONS: [&str; 3] = ["previous", "of_type", "is_shard"];
    let rows = rows();
    let listed: BTreeSet<&str> = rows
        .iter()
        .flat_map(|(_, typed)| typed)
        .filter_map(|method| method.rsplit("::").next())
        .collect();
    let commands: BTreeSet<&str> = rows.iter().map(|(command, _)| &**command).collect();
    let mut sources = String::new();
    read(&root().join("src/api"), &mut sources);
    read(&root().join("src/pubsub"), &mut sources);
    let (mut documentation, mut seen, mut missing) = (String::new(), 0, Vec::new());
    for line in sources.lines().map(str::trim_start) {
        if let Some(text) = line.strip_prefix("///") {
            documentation.push_str(text);
            continue;
        }
        if let Some(name) = line.strip_prefix("pub fn ").or(line.strip_prefix("pub async fn ")) {
            let name = name.split(['(', '<']).next().unwrap();
            let first = documentation.split(". ").next().unwrap();
            let named = first.split("(`").nth(1).and_then(|rest| rest.split(['`', ' ']).next());
            if named.is_some_and(|command| commands.contains(command)) {
                seen += 1;
                if !listed.contains(name) && !OPTIONS.contains(&name) {
                    missing.push(format!("{name} ({})", named.unwrap()));
                }
            }
        }
        if !line.starts_with("#[") {
            documentation.clear();
        }
    }
    assert!(seen > 150, "{seen} methods name their command");
    assert!(missing.is_empty(), "features.md does not name {missing:?}");
}

fn read(folder: &Path, into: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(&path, into);
        } else {
            into.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}
