//! One generator a family of commands. A new family joins by one line in [`FAMILIES`].

mod bitmap;
mod connection;
mod dump;
mod expiry;
mod geo;
mod hashes;
mod hyperloglog;
mod keys;
mod lists;
mod sets;
mod sort;
mod streams;
mod strings;
mod transactions;
mod zsets;

use crate::dice::Dice;
use crate::words::{self, Words};

/// What the server that Danio is compared with understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Dialect {
    /// Redis 7.0.
    Redis7,
    /// Valkey 9.1: besides, IFEQ of SET, MSETEX, DELIFEQ, CLIENT SETINFO and NO-TOUCH.
    Valkey9,
}

/// Draws one command of a family.
pub(crate) type Generator = fn(&mut Dice, Dialect) -> Words;

/// The families, and how often each is drawn in a mixed sequence.
pub(crate) const FAMILIES: &[(&str, usize, Generator)] = &[
    ("strings", 45, strings::next),
    ("streams", 35, streams::next),
    ("keys", 30, keys::next),
    ("lists", 30, lists::next),
    ("hashes", 30, hashes::next),
    ("expiry", 20, expiry::next),
    ("connection", 8, connection::next),
    ("bitmap", 14, bitmap::next),
    ("hyperloglog", 12, hyperloglog::next),
    ("sets", 30, sets::next),
    ("sort", 14, sort::next),
    ("transactions", 12, transactions::next),
    ("zsets", 30, zsets::next),
    ("geo", 14, geo::next),
    ("dump", 8, dump::next),
];

/// Commands that are understood by the harness and not sent; see [`crate::episode`].
pub(crate) const WAIT: &[u8] = b"~WAIT";
pub(crate) const DUMP: &[u8] = b"~DUMP";
/// The words that follow are said by another connection.
pub(crate) const OTHER: &[u8] = b"~OTHER";

/// A sequence of about `length` commands.
pub(crate) fn sequence(seed: u64, length: usize, dialect: Dialect) -> Vec<Words> {
    let mut dice = Dice::new(seed);
    // Half the sequences stay in one family and so meet its rare states more often.
    let chosen = std::env::var("DANIO_ORACLE_FAMILY").ok();
    let chosen = FAMILIES.iter().find(|(name, ..)| Some(*name) == chosen.as_deref());
    let alone = match chosen {
        Some((.., next)) => Some(*next),
        None => dice.one_in(2).then(|| FAMILIES[dice.below(FAMILIES.len())].2),
    };
    let weights: Vec<(usize, Generator)> =
        FAMILIES.iter().map(|(_, weight, next)| (*weight, *next)).collect();
    let mut sequence = Vec::with_capacity(length);
    while sequence.len() < length {
        let next = alone.filter(|_| !dice.one_in(4)).unwrap_or_else(|| dice.weighted(&weights));
        let mut command = next(&mut dice, dialect);
        if dice.one_in(30) {
            spoil(&mut dice, &mut command);
        }
        if dice.one_in(1500) {
            sequence.extend(short_lived(&mut dice));
        }
        if dialect >= Dialect::Valkey9 && dice.one_in(2500) {
            sequence.extend(hashes::short_lived(&mut dice));
        }
        if dice.one_in(300) {
            sequence.push(vec![DUMP.to_vec()]);
        }
        sequence.push(command);
    }
    sequence
}

/// Makes a command wrong: a word lost, added, doubled, or replaced.
fn spoil(dice: &mut Dice, command: &mut Words) {
    if harmful(command) {
        return;
    }
    let at = 1 + dice.below(command.len());
    match dice.below(5) {
        0 if command.len() > 1 => {
            command.truncate(1 + dice.below(command.len() - 1));
        }
        1 => command.insert(at, words::value(dice)),
        2 if at < command.len() => command.insert(at, command[at].clone()),
        // Offsets, lengths and times are drawn with care, so a number is not put just anywhere.
        3 if at < command.len() => {
            command[at] =
                dice.pick(&["", "foo", "EX", "NX", "GET", "\x01", "*", "db"]).as_bytes().to_vec();
        }
        _ => command.push(b"extra".to_vec()),
    }
}

/// Commands that, spoilt, could take a server's time or its memory; HELLO, which Redis 7.0 carries
/// out in part, as it reads its options one by one; LSET and LREM, whose large numbers are not
/// taken alike; CONFIG, whose values end at a NUL in C; SPOP, which picks by chance unless it
/// takes everything.
fn harmful(command: &Words) -> bool {
    let name = command[0].to_ascii_uppercase();
    matches!(
        name.as_slice(),
        b"CONFIG"
            | OTHER
            | b"SPOP"
            | b"HELLO"
            | b"LSET"
            | b"LREM"
            | b"SETRANGE"
            | b"SETBIT"
            | b"BITFIELD"
            | b"DEBUG"
            | b"EXPIRE"
            | b"PEXPIRE"
            | b"GETEX"
            | b"SETEX"
            | b"PSETEX"
            | b"SET"
            | b"XADD"
            | b"MSETEX"
            | b"ZRANK"
            | b"ZREVRANK"
            | b"HEXPIRE"
            | b"HPEXPIRE"
            | b"HGETEX"
            | b"HSETEX"
            | b"HRANDFIELD"
    )
}

/// A key that falls due within the sequence, and the wait until it has.
fn short_lived(dice: &mut Dice) -> Vec<Words> {
    let key = words::key(dice);
    let ms = (1 + dice.below(20)).to_string();
    let set = match dice.below(3) {
        0 => vec![
            b"SET".to_vec(),
            key.clone(),
            b"soon gone".to_vec(),
            b"PX".to_vec(),
            ms.into_bytes(),
        ],
        1 => vec![b"PSETEX".to_vec(), key.clone(), ms.into_bytes(), b"soon gone".to_vec()],
        _ => vec![b"PEXPIRE".to_vec(), key.clone(), ms.into_bytes()],
    };
    vec![
        set,
        vec![WAIT.to_vec(), b"60".to_vec()],
        vec![b"PTTL".to_vec(), key.clone()],
        vec![b"GET".to_vec(), key],
    ]
}
