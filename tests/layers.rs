//! The shape of the source tree, read from the sources themselves.
//!
//! * Imports point down the layers of `docs/ARCHITECTURE.md` and never up. A name that
//!   `lib.rs` re-exports counts as the module it comes from, so the crate root is no way round.
//! * Unsafe code stays in the files that may hold it.
//! * No file outgrows what one can read at a sitting.
//!
//! Exempt are comments (a link in documentation imports nothing), `lib.rs`, whose work is to
//! re-export, and `#[cfg(test)]` items: a test of a low layer may drive it from above.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Each top-level module and its layer, lowest first. A module may import its own layer and below.
const LAYERS: &[(&str, u8)] = &[
    ("clock", 0),
    ("config", 0),
    ("disk", 0),
    ("error", 0),
    ("priority", 0),
    ("rng", 0),
    ("sync", 0),
    ("text", 0),
    ("ds", 1),
    ("value", 2),
    ("keyspace", 3),
    ("blocking", 4),
    ("journal", 4),
    ("persist", 4),
    ("pubsub", 4),
    ("api", 5),
    ("command", 6),
    ("typed", 6),
    ("network", 7),
    ("recovery", 7),
    ("redis", 7),
    ("sessions", 7),
    ("cache", 7),
    ("bin", 8),
    ("fake", 8),
    ("fuzzing", 8),
    ("guide", 8),
    ("model", 8),
];

/// Where `unsafe` may be written, as prefixes of paths below `src/`.
const MAY_BE_UNSAFE: &[&str] = &["clock.rs", "ds/", "keyspace/entry/"];

/// Lines of code, without comments, blanks and tests, at which a file is refused.
const LONGEST_FILE: usize = 600;

/// One source file.
struct Source {
    /// The path below `src/`, with forward slashes.
    path: String,
    /// The module path: `["command", "table"]` for `command/table.rs`.
    module: Vec<String>,
    /// The text without comments, literals and test items; line breaks are kept.
    code: String,
}

#[test]
fn imports_point_down() {
    let sources = sources();
    let exports = exports(&sources);
    let mut wrong = Vec::new();
    for source in sources.iter().filter(|s| s.path != "lib.rs") {
        let own = layer(&source.module[0]).unwrap_or_else(|| {
            panic!("src/{}: no layer is known for it; add it to LAYERS", source.path)
        });
        for (line, target) in imports(source) {
            let target = exports.get(&target).unwrap_or(&target);
            match layer(target) {
                Some(theirs) if theirs > own => wrong.push(format!(
                    "src/{}:{line}: {} (layer {own}) uses {target} (layer {theirs})",
                    source.path, source.module[0]
                )),
                _ => {}
            }
        }
    }
    assert!(wrong.is_empty(), "imports that point up the layers:\n{}", wrong.join("\n"));
}

#[test]
fn unsafe_code_stays_where_it_may_be() {
    let wrong: Vec<String> = sources()
        .iter()
        .filter(|s| !MAY_BE_UNSAFE.iter().any(|prefix| s.path.starts_with(prefix)))
        .filter(|s| words(&s.code).any(|(_, word)| word == "unsafe"))
        .map(|s| format!("src/{}", s.path))
        .collect();
    assert!(wrong.is_empty(), "unsafe code outside {MAY_BE_UNSAFE:?}:\n{}", wrong.join("\n"));
}

#[test]
fn no_file_outgrows_a_sitting() {
    let wrong: Vec<String> = sources()
        .iter()
        .map(|s| (s, s.code.lines().filter(|line| !line.trim().is_empty()).count()))
        .filter(|(_, lines)| *lines > LONGEST_FILE)
        .map(|(s, lines)| format!("src/{}: {lines} lines of code", s.path))
        .collect();
    assert!(wrong.is_empty(), "files over {LONGEST_FILE} lines of code:\n{}", wrong.join("\n"));
}

#[test]
fn the_reader_of_imports_sees_each_form() {
    let source = Source {
        path: "keyspace/tx.rs".into(),
        module: vec!["keyspace".into(), "tx".into()],
        code: bare(
            "use crate::{error::Error, api::{Db, Engine}, Late as Later};\n\
             // use crate::network::Server;\n\
             fn f() { crate::command::run(\"crate::pubsub\"); }\n\
             use super::super::journal::Log; use super::entry::Entry;\n\
             #[cfg(test)]\nmod tests { use crate::bin::x; }\n",
        ),
    };
    let seen: Vec<String> = imports(&source).into_iter().map(|(_, target)| target).collect();
    assert_eq!(seen, ["error", "api", "Late", "command", "journal", "keyspace"]);
}

fn layer(module: &str) -> Option<u8> {
    LAYERS.iter().find(|(name, _)| *name == module).map(|(_, layer)| *layer)
}

/// Every `.rs` file below `src/`, tests' own files left out.
fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.sort();
    assert!(!files.is_empty(), "no sources below {}", root.display());
    files
        .into_iter()
        .filter_map(|file| {
            let path = file.strip_prefix(&root).ok()?.to_str()?.replace('\\', "/");
            if path.ends_with("/tests.rs") || path.contains("/tests/") {
                return None;
            }
            let stem = path.strip_suffix(".rs")?;
            let stem = stem.strip_suffix("/mod").unwrap_or(stem);
            let module = stem.split('/').map(str::to_owned).collect();
            let code = bare(&fs::read_to_string(&file).ok()?);
            Some(Source { path, module, code })
        })
        .collect()
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("src is readable") {
        let path = entry.expect("src is readable").path();
        if path.is_dir() {
            collect(&path, into);
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            into.push(path);
        }
    }
}

/// What `lib.rs` re-exports: the exported name, and the top-level module it comes from.
fn exports(sources: &[Source]) -> BTreeMap<String, String> {
    let root = sources.iter().find(|s| s.path == "lib.rs").expect("there is a lib.rs");
    let mut found = BTreeMap::new();
    for (_, statement) in use_statements(&root.code) {
        for path in flatten(&statement) {
            let path: Vec<&str> =
                path.split("::").filter(|p| !matches!(*p, "crate" | "self" | "")).collect();
            if let [module, .., name] = path[..] {
                let name = name.rsplit(" as ").next().unwrap_or(name);
                found.insert(name.trim().to_owned(), module.to_owned());
            }
        }
    }
    found
}

/// The top-level names that `source` reaches through `crate::` and `super::`, with their lines.
fn imports(source: &Source) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (line, path) in paths_from_root(&source.code) {
        for leaf in flatten(&path) {
            if let Some(target) = absolute(&source.module, &leaf) {
                let seen = (line, target);
                if found.last() != Some(&seen) {
                    found.push(seen);
                }
            }
        }
    }
    found
}

/// The first segment below the crate's root of a path that starts with `crate` or `super`.
fn absolute(module: &[String], path: &str) -> Option<String> {
    let mut segments = path.split("::").map(str::trim).peekable();
    let mut base: Vec<&str> = match *segments.peek()? {
        "crate" => Vec::new(),
        // A path may start inside an inline module, where `super` is the file itself; taking
        // `super` for the file's parent names the same top-level module at any depth but one.
        "super" => module.iter().map(String::as_str).collect(),
        _ => return None,
    };
    while matches!(segments.peek(), Some(&("crate" | "super"))) {
        if segments.next() == Some("super") {
            base.pop();
        }
    }
    let first = base.first().copied().or_else(|| segments.next())?;
    let first = first.split(" as ").next()?.trim();
    (!first.is_empty() && first != "*").then(|| first.to_owned())
}

/// Every path that begins at `crate::` or `super::`, up to and with its braces.
fn paths_from_root(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut end = 0;
    for (at, word) in words(code) {
        if at < end
            || !matches!(word, "crate" | "super")
            || !code[at + word.len()..].starts_with("::")
        {
            continue;
        }
        let (mut depth, mut stop) = (0_i32, code.len());
        for (i, c) in code[at..].char_indices() {
            match c {
                '{' if code[..at + i].ends_with("::") || depth > 0 => depth += 1,
                '}' if depth > 1 => depth -= 1,
                '}' if depth == 1 => {
                    stop = at + i + 1;
                    break;
                }
                _ if depth > 0 || c.is_alphanumeric() || matches!(c, '_' | ':') => {}
                _ => {
                    stop = at + i;
                    break;
                }
            }
        }
        end = stop;
        found.push((1 + code[..at].matches('\n').count(), code[at..stop].to_owned()));
    }
    found
}

fn use_statements(code: &str) -> Vec<(usize, String)> {
    words(code)
        .filter(|(_, word)| *word == "use")
        .map(|(at, _)| {
            let stop = code[at..].find(';').map_or(code.len(), |i| at + i);
            (at, code[at + 3..stop].trim().to_owned())
        })
        .collect()
}

/// Spells out a use tree: `a::{b, c::d}` is `a::b` and `a::c::d`.
fn flatten(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some(open) = tree.find('{') else { return vec![tree.to_owned()] };
    let prefix = &tree[..open];
    let inner = tree[open + 1..].rsplit_once('}').map_or("", |(inner, _)| inner);
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (i, c) in inner.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&inner[start..i]);
                start = i + 1;
            }
            _ => {}
        }
    }
    parts.push(&inner[start..]);
    parts
        .into_iter()
        .filter(|part| !part.trim().is_empty())
        .flat_map(|part| flatten(part).into_iter().map(|leaf| format!("{prefix}{leaf}")))
        .collect()
}

/// The identifiers of `code` with their offsets.
fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    code.split(move |c: char| !is_word(c))
        .filter(|word| !word.is_empty())
        .map(|word| (word.as_ptr() as usize - code.as_ptr() as usize, word))
}

/// Blanks out comments, literals and `#[cfg(test)]` items, keeping line breaks.
fn bare(text: &str) -> String {
    without_tests(&without_comments(text))
}

fn without_comments(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let mut i = 0;
    while i < bytes.len() {
        let rest = &text[i..];
        let skip = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(len) = raw_string(rest, i > 0 && bytes[i - 1].is_ascii_alphanumeric()) {
            len
        } else if rest.starts_with('"') {
            quoted(rest)
        } else {
            char_literal(rest)
        };
        if skip == 0 {
            let c = rest.chars().next().expect("i is inside the text");
            out.push(c);
            i += c.len_utf8();
        } else {
            out.extend(rest[..skip].chars().filter(|c| *c == '\n'));
            i += skip;
        }
    }
    out
}

/// The length of a raw string at the start of `rest`.
fn raw_string(rest: &str, inside_word: bool) -> Option<usize> {
    let body = rest.strip_prefix("br").or_else(|| rest.strip_prefix('r'))?;
    let hashes = body.len() - body.trim_start_matches('#').len();
    if inside_word || !body[hashes..].starts_with('"') {
        return None;
    }
    let close = format!("\"{}", "#".repeat(hashes));
    let from = rest.len() - body.len() + hashes + 1;
    Some(rest[from..].find(&close).map_or(rest.len(), |end| from + end + close.len()))
}

/// The length of a string literal at the start of `rest`.
fn quoted(rest: &str) -> usize {
    let mut escaped = false;
    for (i, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return i + 1,
            _ => {}
        }
    }
    rest.len()
}

/// The length of a character literal at the start of `rest`; 0 for a lifetime.
fn char_literal(rest: &str) -> usize {
    if rest.starts_with("'\\") {
        return rest[3..].find('\'').map_or(0, |end| end + 4);
    }
    let mut chars = rest.char_indices();
    match (chars.next(), chars.next(), chars.next()) {
        (Some((_, '\'')), Some(_), Some((end, '\''))) => end + 1,
        _ => 0,
    }
}

/// Drops each item that stands behind `#[cfg(test)]`.
fn without_tests(code: &str) -> String {
    let mut out = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(at) = rest.find("#[cfg(test)]") {
        out.push_str(&rest[..at]);
        let item = &rest[at..];
        let end = item_end(item);
        out.extend(item[..end].chars().filter(|c| *c == '\n'));
        rest = &item[end..];
    }
    out + rest
}

/// Where the item ends: at its `;`, or at the brace that closes its body.
fn item_end(item: &str) -> usize {
    let mut depth = 0;
    for (i, c) in item.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => {
                depth -= 1;
                if depth == 0 {
                    return i + 1;
                }
            }
            ';' if depth == 0 => return i + 1,
            _ => {}
        }
    }
    item.len()
}
