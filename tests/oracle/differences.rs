//! Where two servers answer differently and both are right: one row each, with the reason.
//!
//! Redis 7.0 and Valkey 9.1 differ in a few replies, since one is three years older. Danio
//! follows the newer of what Redis 8 and Valkey 9 say; what it does on purpose unlike both
//! is listed in `docs/DIFFERENCES.md` as well.

use crate::wire::Raw;
use crate::words::Words;

/// Who is compared with whom; the first is "ours".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pair {
    DanioRedis7,
    DanioValkey9,
    Valkey9Redis7,
}

/// A known difference.
struct Row {
    pairs: &'static [Pair],
    /// The first words of the command.
    command: &'static str,
    /// Why this is no mistake.
    #[expect(dead_code, reason = "for the reader of this table")]
    why: &'static str,
    /// True when our reply and theirs differ in this way and no other.
    applies: fn(&Raw, &Raw) -> bool,
}

impl Pair {
    /// True when the table has a row for this difference.
    pub(crate) fn known(self, words: &Words, ours: &Raw, theirs: &Raw) -> bool {
        ROWS.iter().any(|row| {
            let mut name = row.command.split(' ').zip(words);
            row.pairs.contains(&self)
                && name.all(|(name, word)| word.eq_ignore_ascii_case(name.as_bytes()))
                && (row.applies)(ours, theirs)
        })
    }
}

const WITH_VALKEY: &[Pair] = &[Pair::DanioValkey9, Pair::Valkey9Redis7];
const WITH_REDIS: &[Pair] = &[Pair::DanioRedis7, Pair::Valkey9Redis7];

const ROWS: &[Row] = &[
    Row {
        pairs: WITH_VALKEY,
        command: "OBJECT ENCODING",
        why: "Valkey 9 embeds what a cache line or two leave beside the key, Redis 44 bytes",
        applies: |ours, theirs| {
            let embedded = |raw: &Raw| raw.bytes == b"$6\r\nembstr\r\n";
            let apart = |raw: &Raw| raw.bytes == b"$3\r\nraw\r\n";
            embedded(ours) && apart(theirs) || apart(ours) && embedded(theirs)
        },
    },
    Row {
        pairs: WITH_VALKEY,
        command: "OBJECT REFCOUNT",
        why: "Valkey no longer shares small integers; Redis counts 2147483647 for a shared one",
        applies: |ours, theirs| ours.tree.integer().is_some() && theirs.tree.integer().is_some(),
    },
    Row {
        pairs: WITH_REDIS,
        command: "COMMAND GETKEYS",
        why: "Redis 7.0 wants an argument besides the name before it looks for keys",
        applies: |_, theirs| {
            theirs.starts_with("-ERR wrong number of arguments for 'command|getkeys")
        },
    },
    Row {
        pairs: WITH_REDIS,
        command: "COMMAND GETKEYSANDFLAGS",
        why: "Redis 7.0 wants an argument besides the name before it looks for keys",
        applies: |_, theirs| {
            theirs.starts_with("-ERR wrong number of arguments for 'command|getkeys")
        },
    },
    Row {
        pairs: WITH_REDIS,
        command: "SCAN",
        why: "Redis 7.0 takes any name for a type; newer ones refuse what is none",
        applies: |ours, _| ours.starts_with("-ERR unknown type name"),
    },
    Row {
        pairs: WITH_REDIS,
        command: "CLIENT UNBLOCK",
        why: "Redis 7.0 counts the arguments before it reads them",
        applies: |_, theirs| theirs.starts_with("-ERR unknown subcommand or wrong number"),
    },
    Row {
        pairs: WITH_REDIS,
        command: "CLIENT LIST",
        why: "newer servers call every bad filter a syntax error",
        applies: |ours, theirs| ours.is("-ERR syntax error") && theirs.is("-ERR Invalid client ID"),
    },
    Row {
        pairs: WITH_REDIS,
        command: "GETEX",
        why: "Redis 7.0 looks for the key before it looks at the time",
        applies: |ours, theirs| {
            ours.is("-ERR invalid expire time in 'getex' command") && theirs.tree.is_null()
        },
    },
    Row {
        pairs: WITH_REDIS,
        command: "GETEX",
        why: "Redis 7.0 looks for the key before it looks at the time",
        applies: |ours, theirs| {
            ours.is("-ERR value is not an integer or out of range") && theirs.tree.is_null()
        },
    },
    Row {
        pairs: WITH_REDIS,
        command: "SCAN",
        why: "Redis 7.0 takes an empty and a negative cursor and refuses one behind a space; Valkey 9 does the opposite",
        applies: |ours, theirs| ours.is("-ERR invalid cursor") != theirs.is("-ERR invalid cursor"),
    },
    Row {
        pairs: WITH_REDIS,
        command: "CLIENT LIST",
        why: "newer servers refuse an id that no client can have",
        applies: |ours, _| ours.is("-ERR client-id should be greater than 0"),
    },
    Row {
        pairs: WITH_REDIS,
        command: "CLIENT KILL",
        why: "newer servers call an empty id a syntax error",
        applies: |ours, theirs| {
            ours.is("-ERR syntax error") && theirs.is("-ERR client-id should be greater than 0")
        },
    },
    Row {
        pairs: WITH_VALKEY,
        command: "CLIENT SETNAME",
        why: "Valkey 9 ends a name at its first NUL byte",
        applies: |ours, theirs| ours.is("+OK") != theirs.is("+OK"),
    },
    Row {
        pairs: WITH_REDIS,
        command: "DBSIZE",
        why: "Redis 7.0 stores a key that SET says is past its time, and counts it until it meets it",
        applies: |ours, theirs| ours.tree.integer() < theirs.tree.integer(),
    },
    Row {
        pairs: WITH_REDIS,
        command: "CLIENT LIST",
        why: "newer servers read the filters one by one, Redis 7.0 counts the arguments first",
        applies: |ours, theirs| {
            ours.starts_with("-ERR Unknown client type") && theirs.is("-ERR syntax error")
        },
    },
    Row {
        pairs: WITH_VALKEY,
        command: "CLIENT GETNAME",
        why: "Valkey 9 takes a name with a NUL byte in it",
        applies: |ours, theirs| ours.bytes.contains(&0) != theirs.bytes.contains(&0),
    },
];
