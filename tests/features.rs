//! `features.md` against the command table and the typed API: it lists what there is, no more
//! and no less.

#![allow(clippy::unwrap_used, reason = "a test says by failing what is wrong")]

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
            let typed =
                cells.next()?.split(',').map(|cell| cell.trim().trim_matches('`').to_owned());
            Some((command, typed.filter(|method| !method.is_empty()).collect()))
        })
        .collect()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
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
