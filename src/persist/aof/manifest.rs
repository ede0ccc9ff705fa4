//! The manifest: which files the append-only file consists of.
//!
//! ```text
//! file appendonly.aof.2.base.rdb seq 2 type b
//! file appendonly.aof.1.incr.aof seq 1 type h
//! file appendonly.aof.3.incr.aof seq 3 type i
//! ```
//!
//! A base, files that add to it in the order of their numbers, and files that are of no more use and may
//! still be there. A name with other than plain characters is in quotes. Lines that begin with `#` say nothing,
//! and words that are not known are passed over. The format, and the words of its errors, are Redis's.

use std::fmt;

use crate::text::split::{quote_into, split_words};

/// The longest line, its end included.
const LONGEST_LINE: usize = 1024;

/// What the append-only file consists of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Manifest {
    pub(crate) base: Option<Part>,
    /// In the order in which they are read.
    pub(crate) increments: Vec<Part>,
    /// Of no more use.
    pub(crate) history: Vec<Part>,
    /// The highest numbers that were used.
    pub(crate) last_base: u64,
    pub(crate) last_increment: u64,
}

/// One file of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) number: u64,
}

/// Why a manifest cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Malformed {
    /// From 1; 0 if there is none.
    pub(crate) line: usize,
    pub(crate) text: String,
    pub(crate) reason: &'static str,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(self.reason),
            line => write!(f, "at line {line}, '{}': {}", self.text, self.reason),
        }
    }
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Manifest, Malformed> {
        let mut manifest = Manifest::default();
        if bytes.is_empty() {
            let (line, text) = (0, String::new());
            return Err(Malformed { line, text, reason: "Found an empty AOF manifest" });
        }
        for (number, line) in bytes.split_inclusive(|b| *b == b'\n').enumerate() {
            manifest.add_line(line).map_err(|reason| Malformed {
                line: number + 1,
                text: String::from_utf8_lossy(&line[..line.len().min(LONGEST_LINE)]).trim().into(),
                reason,
            })?;
        }
        Ok(manifest)
    }

    fn add_line(&mut self, line: &[u8]) -> Result<(), &'static str> {
        const FORMAT: &str = "Invalid AOF manifest file format";
        if line.first() == Some(&b'#') {
            return Ok(());
        }
        if !line.ends_with(b"\n") || line.len() > LONGEST_LINE {
            return Err("The AOF manifest file contains too long line");
        }
        let words = split_words(line).filter(|words| words.len() >= 6 && words.len() % 2 == 0);
        let words = words.ok_or(FORMAT)?;
        let (mut name, mut number, mut kind) = (None, 0, None);
        for pair in words.chunks_exact(2) {
            let value = &pair[1];
            if pair[0].eq_ignore_ascii_case(b"file") {
                if value.contains(&b'/') || value.contains(&b'\\') {
                    return Err("File can't be a path, just a filename");
                }
                name = Some(String::from_utf8(value.clone()).map_err(|_| FORMAT)?);
            } else if pair[0].eq_ignore_ascii_case(b"seq") {
                number = leading_number(value);
            } else if pair[0].eq_ignore_ascii_case(b"type") {
                kind = value.first().copied();
            }
        }
        let (Some(name), Some(kind)) = (name.filter(|name| !name.is_empty()), kind) else {
            return Err(FORMAT);
        };
        if number == 0 {
            return Err(FORMAT);
        }
        let part = Part { name, number };
        match kind {
            b'b' if self.base.is_some() => return Err("Found duplicate base file information"),
            b'b' => {
                self.last_base = number;
                self.base = Some(part);
            }
            b'h' => self.history.push(part),
            b'i' if number <= self.last_increment => {
                return Err("Found a non-monotonic sequence number");
            }
            b'i' => {
                self.last_increment = number;
                self.increments.push(part);
            }
            _ => return Err("Unknown AOF file type"),
        }
        Ok(())
    }

    /// Its bytes.
    pub(crate) fn spell(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let parts = (self.base.iter().map(|part| (part, 'b')))
            .chain(self.history.iter().map(|part| (part, 'h')))
            .chain(self.increments.iter().map(|part| (part, 'i')));
        for (Part { name, number }, kind) in parts {
            bytes.extend_from_slice(b"file ");
            match needs_quotes(name) {
                true => quote_into(name.as_bytes(), &mut bytes),
                false => bytes.extend_from_slice(name.as_bytes()),
            }
            bytes.extend_from_slice(format!(" seq {number} type {kind}\n").as_bytes());
        }
        bytes
    }

    /// Whether it names nothing that is read.
    pub(crate) fn is_empty(&self) -> bool {
        self.base.is_none() && self.increments.is_empty()
    }

    /// The same with a new file that adds to it.
    pub(crate) fn with_increment(&self, filename: &str) -> (Manifest, Part) {
        let mut next = self.clone();
        next.last_increment += 1;
        let number = next.last_increment;
        let part = Part { name: format!("{filename}.{number}.incr.aof"), number };
        next.increments.push(part.clone());
        (next, part)
    }

    /// The name of the next base.
    pub(crate) fn next_base(&self, filename: &str, rdb: bool) -> Part {
        let number = self.last_base + 1;
        let suffix = if rdb { "rdb" } else { "aof" };
        Part { name: format!("{filename}.{number}.base.{suffix}"), number }
    }

    /// The same with a new base, to which only the increments from number `first` on add; what it replaces is of no more use.
    pub(crate) fn with_base(&self, base: Part, first: u64) -> Manifest {
        let (old, kept) = self.increments.iter().cloned().partition(|part| part.number < first);
        let old: Vec<Part> = old;
        // The newest first, as Redis has them.
        let history = old.into_iter().rev().chain(self.base.clone());
        let history = history.chain(self.history.iter().cloned()).collect();
        Manifest { last_base: base.number, base: Some(base), increments: kept, history, ..*self }
    }
}

/// The digits that a word begins with, as C's `atoll` reads them; 0 for what is no such number.
fn leading_number(word: &[u8]) -> u64 {
    let digits = word.iter().take_while(|b| b.is_ascii_digit());
    let number = digits.fold(0, |n: u64, b| n.saturating_mul(10).saturating_add((b - b'0').into()));
    if number > i64::MAX as u64 { 0 } else { number }
}

fn needs_quotes(name: &str) -> bool {
    name.bytes().any(|b| !(b'!'..=b'~').contains(&b) || matches!(b, b'\\' | b'"' | b'\''))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(text: &str) -> &'static str {
        Manifest::parse(text.as_bytes()).expect_err("refused").reason
    }

    #[test]
    fn reads_what_it_writes() {
        let text = "file a.2.base.rdb seq 2 type b\nfile a.1.base.rdb seq 1 type h\n\
                    file \"a \\\"b\\\".1.incr.aof\" seq 1 type i\nfile a.3.incr.aof seq 3 type i\n";
        let manifest = Manifest::parse(text.as_bytes()).expect("sound");
        assert_eq!(String::from_utf8(manifest.spell()).expect("text"), text);
        assert_eq!((manifest.last_base, manifest.last_increment), (2, 3));
        assert_eq!(manifest.increments[0].name, "a \"b\".1.incr.aof");
        let more = "# says nothing\nFILE a seq 7 type b what ever\n";
        assert_eq!(Manifest::parse(more.as_bytes()).expect("sound").last_base, 7);
    }

    #[test]
    fn a_new_base_takes_the_place_of_what_it_holds() {
        let (one, first) = Manifest::default().with_increment("a");
        assert_eq!(first.name, "a.1.incr.aof");
        let (two, second) = one.with_increment("a");
        let base = two.next_base("a", true);
        assert_eq!(base.name, "a.1.base.rdb");
        let three = two.with_base(base.clone(), second.number);
        assert_eq!(three.increments, [second]);
        assert_eq!(three.history, [first]);
        let four = three.with_base(three.next_base("a", false), 2);
        assert_eq!(four.base.as_ref().map(|b| &*b.name), Some("a.2.base.aof"));
        assert_eq!(four.history.first(), Some(&base));
        assert_eq!(Manifest::parse(&four.spell()), Ok(four));
    }

    #[test]
    fn refuses_what_redis_refuses_in_its_words() {
        assert_eq!(reason(""), "Found an empty AOF manifest");
        let good = "file a seq 1 type i\n";
        for (line, words) in [
            ("\n", "Invalid AOF manifest file format"),
            ("file a seq 2\n", "Invalid AOF manifest file format"),
            ("file a seq 2 type i odd\n", "Invalid AOF manifest file format"),
            ("filx a seq 2 type i\n", "Invalid AOF manifest file format"),
            ("file a seq zwei type i\n", "Invalid AOF manifest file format"),
            ("file \"a seq 2 type i\n", "Invalid AOF manifest file format"),
            ("file d/a seq 2 type i\n", "File can't be a path, just a filename"),
            ("file a seq 1 type i\n", "Found a non-monotonic sequence number"),
            ("file a seq 1 type x\n", "Unknown AOF file type"),
            ("file a seq 1 type b\nfile b seq 2 type b\n", "Found duplicate base file information"),
            ("file a seq 2 type i", "The AOF manifest file contains too long line"),
        ] {
            assert_eq!(reason(&format!("{good}{line}")), words, "{line}");
        }
        let long = format!("file {} seq 2 type i\n", "a".repeat(1024));
        assert_eq!(reason(&long), "The AOF manifest file contains too long line");
        let told = Manifest::parse(b"file a seq 1 type i\nbad\n").expect_err("refused");
        assert_eq!(told.to_string(), "at line 2, 'bad': Invalid AOF manifest file format");
    }
}
