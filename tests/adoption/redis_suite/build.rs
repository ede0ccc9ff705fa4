//! Takes the tests of the redis crate from where Cargo keeps its source, and makes them tests of connections in
//! process: cases that are left out (`left_out.txt`) are cut out, what is written with the suite's own macro for
//! asynchronous cases is written without it, and `support` is ours but for what it says of versions.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// The files that are taken; the others are about clusters, sentinels, certificates, modules and parsing.
const FILES: [&str; 7] =
    ["async", "basic", "bignum", "digest_utils", "geospatial", "streams", "types"];

fn main() {
    println!("cargo::rerun-if-changed=left_out.txt");
    println!("cargo::rerun-if-changed=support.rs");
    let suite = source().join("tests");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("Cargo sets it"));
    let list = fs::read_to_string("left_out.txt").expect("the list is there");
    let mut unused: BTreeSet<(&str, &str)> = list.lines().filter_map(left_out).collect();
    for file in FILES {
        let mut text = read(&suite.join(format!("test_{file}.rs")));
        unused.retain(|(of, name)| {
            let cut = if *of == file { without(&text, name) } else { None };
            cut.map(|shorter| text = shorter).is_none()
        });
        write(&out.join(format!("test_{file}.rs")), &expanded(&text));
    }
    assert!(unused.is_empty(), "left_out.txt names what is not there: {unused:?}");
    let support = out.join("support");
    fs::create_dir_all(&support).expect("a folder can be made");
    for file in ["pubsub.rs", "util.rs", "version.rs"] {
        write(&support.join(file), &read(&suite.join("support").join(file)));
    }
    // What its cases with values of the protocol write these with.
    let theirs = read(&suite.join("support/mod.rs"));
    let lines: Vec<&str> = theirs.lines().collect();
    let mut ours = read(Path::new("support.rs"));
    for name in ["encode_iter", "encode_map", "encode_value"] {
        let lies = place(&lines, name).expect("the suite has it");
        ours += &lines[lies].join("\n");
        ours.push('\n');
    }
    write(&support.join("mod.rs"), &ours);
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

/// The folder of the redis crate that is locked.
fn source() -> PathBuf {
    let cargo = env::var_os("CARGO").expect("Cargo sets it");
    let target = env::var("TARGET").expect("Cargo sets it");
    let output = Command::new(cargo)
        .args(["metadata", "--format-version=1", "--locked", "--filter-platform", &target])
        .output()
        .expect("Cargo runs");
    let text = String::from_utf8(output.stdout).expect("JSON is UTF-8");
    let manifests =
        text.split("\"manifest_path\":\"").skip(1).filter_map(|rest| rest.split('"').next());
    let mut of_redis =
        manifests.filter_map(|manifest| Path::new(manifest).parent()).filter(|folder| {
            folder.file_name().is_some_and(|name| name.to_string_lossy().starts_with("redis-1."))
        });
    of_redis.next().expect("the redis crate's source is there").to_owned()
}

/// The file and the name of a case in a line of the list, whose rest says why.
fn left_out(line: &str) -> Option<(&str, &str)> {
    let (names, _reason) = line.split_once(": ").filter(|_| !line.starts_with('#'))?;
    names.split_once(' ')
}

/// The text without a function and what stands above it; nothing if it has no such function.
fn without(text: &str, name: &str) -> Option<String> {
    let lines: Vec<&str> = text.lines().collect();
    let lies = place(&lines, name)?;
    Some([&lines[..lies.start], &lines[lies.end..]].concat().join("\n"))
}

/// The lines of a function and of what stands above it.
fn place(lines: &[&str], name: &str) -> Option<Range<usize>> {
    let head = format!("fn {name}");
    let at = lines.iter().position(|line| {
        let rest = line.trim_start().trim_start_matches("pub ").trim_start_matches("async ");
        rest.strip_prefix(&head).is_some_and(|rest| rest.starts_with(['(', '<']))
    })?;
    let indent = lines[at].len() - lines[at].trim_start().len();
    let end = format!("{:indent$}}}", "");
    let last = at + lines[at..].iter().position(|line| *line == end)?;
    let above =
        |line: &&&str| line.trim_start().starts_with("#[") || line.trim_start().starts_with("//");
    Some(at - lines[..at].iter().rev().take_while(above).count()..last + 1)
}

/// The text without attributes of the file, which cannot stand where it is included, and with
/// `#[async_test]` written out: on both runtimes, on a connection where the case takes one.
fn expanded(text: &str) -> String {
    let mut out = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if line.starts_with("#![") {
            let mut line = line;
            while !line.ends_with(']') {
                line = lines.next().expect("an attribute ends");
            }
        } else if line.trim() == "#[async_test]" {
            // Attributes may stand above and below, and concern both functions.
            let above = out.lines().next_back().filter(|line| line.trim().starts_with("#["));
            let (mut attributes, mut head) = (above.unwrap_or_default().to_owned(), String::new());
            while !head.ends_with('{') {
                let line = lines.next().expect("a function has a body").trim();
                if line.starts_with("#[") { &mut attributes } else { &mut head }.push_str(line);
            }
            let signature = head.strip_prefix("async fn ").expect("a function is asynchronous");
            let (name, rest) = signature.split_once('(').expect("a function has parentheses");
            let case = match rest {
                _ if rest.starts_with(')') => format!("block_on_all({name}_internal(), runtime)"),
                _ if rest.contains(": bool") => format!(
                    "for is in [false, true] {{ block_on_all({name}_internal(is), runtime) }}"
                ),
                _ => format!("on_a_connection!({name}_internal, runtime)"),
            };
            write!(
                out,
                "#[test] {attributes} fn {name}() {{ for runtime in crate::support::RUNTIMES {{ {case}; }} }}\n\
                 {attributes} async fn {name}_internal({rest}\n"
            )
            .expect("a string grows");
        } else if line.trim() != "use test_macros::async_test;" {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}
