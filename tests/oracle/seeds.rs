//! Sequences that once failed: `tests/seeds/*.txt`, one command a line, replayed in every run.
//!
//! Words are separated by spaces; what is not a printable ASCII character, a space and a
//! backslash are written as Rust writes them in a byte string; an empty word is `""`. Lines
//! that start with `#` are for the reader, but for the first, which names the protocol.

use std::fmt::Write;
use std::path::PathBuf;

use crate::dice::Dice;
use crate::episode::Mismatch;
use crate::words::Words;

pub(crate) struct Seed {
    pub name: String,
    pub protocol: u8,
    /// Whether notifications are compared.
    pub events: bool,
    pub sequence: Vec<Words>,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/seeds")
}

pub(crate) fn all() -> Vec<Seed> {
    let mut seeds: Vec<Seed> = std::fs::read_dir(folder())
        .map(|entries| entries.filter_map(|entry| read(entry.ok()?.path())).collect())
        .unwrap_or_default();
    seeds.sort_by(|a, b| a.name.cmp(&b.name));
    seeds
}

/// Writes a failure down and says where.
pub(crate) fn keep(
    against: &str,
    (protocol, events): (u8, bool),
    seed: u64,
    sequence: &[Words],
    mismatch: &Mismatch,
) -> PathBuf {
    let told = if events { " with events" } else { "" };
    let mut text = format!("# RESP{protocol}{told} against {against}, seed {seed}\n");
    for line in [format!("ours:   {}", mismatch.ours), format!("theirs: {}", mismatch.theirs)] {
        for line in line.lines() {
            writeln!(text, "# {line}").expect("a String takes all");
        }
    }
    for words in sequence {
        text.push_str(&line(words));
        text.push('\n');
    }
    let told = if events { "-events" } else { "" };
    let name = format!("{against}-resp{protocol}{told}-{:08x}.txt", Dice::new(seed).next() as u32);
    let path = folder().join(name);
    if let Err(e) = std::fs::create_dir_all(folder()).and_then(|()| std::fs::write(&path, text)) {
        eprintln!("the failing sequence could not be kept in {}: {e}", path.display());
    }
    path
}

/// One command as a line of a seed's file.
pub(crate) fn line(words: &Words) -> String {
    let words: Vec<String> = words
        .iter()
        .map(|word| match word.as_slice() {
            b"" => "\"\"".to_owned(),
            word => word.escape_ascii().to_string().replace(' ', "\\x20"),
        })
        .collect();
    words.join(" ")
}

fn read(path: PathBuf) -> Option<Seed> {
    let name = path.file_name()?.to_str()?.strip_suffix(".txt")?.to_owned();
    let text = std::fs::read_to_string(&path).ok()?;
    let protocol = if text.starts_with("# RESP3") { 3 } else { 2 };
    let events = text.lines().next().is_some_and(|line| line.contains(" with events "));
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    Some(Seed { name, protocol, events, sequence: lines.map(parse).collect() })
}

fn parse(line: &str) -> Words {
    line.split(' ')
        .map(|word| if word == "\"\"" { Vec::new() } else { unescape(word.as_bytes()) })
        .collect()
}

fn unescape(word: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = word;
    while let Some((&c, tail)) = rest.split_first() {
        rest = tail;
        if c != b'\\' {
            out.push(c);
            continue;
        }
        let (&escape, tail) =
            rest.split_first().expect("a backslash is followed by what it escapes");
        rest = tail;
        match escape {
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'x' => {
                let digits =
                    std::str::from_utf8(&rest[..2]).expect("two hexadecimal digits follow \\x");
                out.push(
                    u8::from_str_radix(digits, 16).expect("two hexadecimal digits follow \\x"),
                );
                rest = &rest[2..];
            }
            other => out.push(other),
        }
    }
    out
}

#[test]
fn a_line_reads_back_as_it_was_written() {
    let mut dice = Dice::new(1);
    for _ in 0..1000 {
        let words: Words = (0..1 + dice.below(5)).map(|_| crate::words::value(&mut dice)).collect();
        assert_eq!(parse(&line(&words)), words);
    }
}
