//! Where two servers answer differently and both are right: one row each, with the reason.
//!
//! Redis 7.0 and Valkey 9.1 differ in a few replies, since one is three years older. Danio
//! follows the newer of what Redis 8 and Valkey 9 say; what it does on purpose unlike both
//! is listed in `docs/DIFFERENCES.md` as well.

use crate::compare::busy_consumers;
use crate::events::{self, EVENTS};
use crate::wire::{Raw, Tree};
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
    /// The first words of the command.
    command: &'static str,
    /// Why this is no mistake.
    #[expect(dead_code, reason = "for the reader of this table")]
    why: &'static str,
    /// Whom Danio follows.
    danio: Follows,
    /// True when Valkey's reply and Redis's differ in this way and no other.
    applies: fn(&Raw, &Raw) -> bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Follows {
    Redis,
    Valkey,
    /// It may differ from case to case.
    Either,
}

impl Pair {
    /// True when the table has a row for this difference.
    ///
    /// Where Redis and Valkey differ Danio may side with either, and then differs from the
    /// other in the same way.
    pub(crate) fn known(self, words: &Words, ours: &Raw, theirs: &Raw) -> bool {
        let (valkey, redis) = match self {
            Pair::DanioRedis7 | Pair::Valkey9Redis7 => (ours, theirs),
            Pair::DanioValkey9 => (theirs, ours),
        };
        if words[0] == EVENTS {
            return events::same(self, &words[1..], ours, theirs);
        }
        if self != Pair::Valkey9Redis7 && more_policies(words, ours, theirs) {
            return true;
        }
        if same_search(words, valkey, redis) {
            return true;
        }
        if self != Pair::DanioValkey9 && same_scores(words, ours, theirs) {
            return true;
        }
        ROWS.iter().any(|row| {
            let mut name = row.command.split(' ').zip(words);
            name.all(|(name, word)| word.eq_ignore_ascii_case(name.as_bytes()))
                && !(row.danio == Follows::Redis && self == Pair::DanioRedis7)
                && !(row.danio == Follows::Valkey && self == Pair::DanioValkey9)
                && (row.applies)(valkey, redis)
        })
    }
}

/// The commands that answer with scores.
const SCORES: &[&str] = &[
    "ZADD",
    "ZDIFF",
    "ZINCRBY",
    "ZINTER",
    "ZMPOP",
    "ZMSCORE",
    "ZPOPMAX",
    "ZPOPMIN",
    "ZRANGE",
    "ZRANGEBYSCORE",
    "ZRANK",
    "ZREVRANGE",
    "ZREVRANGEBYSCORE",
    "ZSCAN",
    "ZSCORE",
    "ZUNION",
];

/// The commands that search for places.
const SEARCHES: &[&str] = &[
    "GEOSEARCH",
    "GEOSEARCHSTORE",
    "GEORADIUS",
    "GEORADIUS_RO",
    "GEORADIUSBYMEMBER",
    "GEORADIUSBYMEMBER_RO",
];

/// Valkey 9 has polygons, which its words tell of, and other words for a member that is not there.
fn same_search(words: &Words, valkey: &Raw, redis: &Raw) -> bool {
    let is = |raw: &Raw, start: &str| raw.starts_with(start);
    SEARCHES.iter().any(|name| words[0].eq_ignore_ascii_case(name.as_bytes()))
        && (is(valkey, "-ERR value is not a valid float") && redis.tree.is_error()
            || is(valkey, "-ERR member ")
                && is(redis, "-ERR could not decode requested zset member")
            || is(valkey, "-ERR exactly one of BYRADIUS, BYBOX and BYPOLYGON")
                && is(redis, "-ERR exactly one of BYRADIUS and BYBOX"))
}

/// Danio has two policies of Redis 8.6 and one that no other server has, and names them among the choices.
fn more_policies(words: &Words, ours: &Raw, theirs: &Raw) -> bool {
    let text = |raw: &Raw| String::from_utf8_lossy(&raw.bytes).into_owned();
    words[0].eq_ignore_ascii_case(b"config")
        && text(ours).replacen(", volatile-lrm, allkeys-lrm, allkeys-s3fifo", "", 1) == text(theirs)
}

/// Redis 7.0 prints 17 digits of a score, newer servers as few as read back as the same; and it packs
/// the first members of many at once, by which a zero loses its sign.
fn same_scores(words: &Words, a: &Raw, b: &Raw) -> bool {
    SCORES.iter().any(|name| words[0].eq_ignore_ascii_case(name.as_bytes()))
        && same_numbers(&a.tree, &b.tree)
}

fn same_numbers(a: &Tree, b: &Tree) -> bool {
    if let (Some(a), Some(b)) = (a.items(), b.items()) {
        return a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_numbers(a, b));
    }
    let number = |tree: &Tree| std::str::from_utf8(tree.text()?).ok()?.parse::<f64>().ok();
    a == b || number(a).is_some_and(|a| number(b) == Some(a))
}

const ROWS: &[Row] = &[
    Row {
        command: "GEOSEARCH",
        danio: Follows::Redis,
        why: "Valkey 9.1 takes no hexadecimal number, and says so before it misses another word",
        applies: |valkey, redis| {
            valkey.starts_with("-ERR value is not a valid float")
                && redis.starts_with("-ERR syntax error")
        },
    },
    Row {
        command: "SORT",
        danio: Follows::Either,
        why: "C's strtod sets errno, and nobody clears it: a number out of range that a command before \
              has read makes any number none; Valkey 9.1 takes no empty string for 0",
        applies: |valkey, redis| {
            let refused = |raw: &Raw| raw.starts_with("-ERR One or more scores can't be converted");
            refused(valkey) != refused(redis) && valkey.tree.is_error() != redis.tree.is_error()
        },
    },
    Row {
        command: "SORT_RO",
        danio: Follows::Either,
        why: "C's strtod sets errno, and nobody clears it: a number out of range that a command before \
              has read makes any number none; Valkey 9.1 takes no empty string for 0",
        applies: |valkey, redis| {
            let refused = |raw: &Raw| raw.starts_with("-ERR One or more scores can't be converted");
            refused(valkey) != refused(redis) && valkey.tree.is_error() != redis.tree.is_error()
        },
    },
    Row {
        command: "OBJECT ENCODING",
        danio: Follows::Valkey,
        why: "Redis 7.0 keeps every list as a quicklist",
        applies: |valkey, redis| {
            valkey.bytes == b"$8\r\nlistpack\r\n" && redis.bytes == b"$9\r\nquicklist\r\n"
        },
    },
    Row {
        command: "LPOS",
        danio: Follows::Valkey,
        why: "Redis 7.0 takes the rank that has no opposite",
        applies: |valkey, _| {
            valkey
                .starts_with("-ERR value is out of range, value must between -9223372036854775807")
        },
    },
    Row {
        command: "OBJECT ENCODING",
        danio: Follows::Redis,
        why: "Valkey 9 embeds what a cache line or two leave beside the key, Redis 44 bytes",
        applies: |valkey, redis| {
            let embedded = |raw: &Raw| raw.bytes == b"$6\r\nembstr\r\n";
            let apart = |raw: &Raw| raw.bytes == b"$3\r\nraw\r\n";
            embedded(valkey) && apart(redis) || apart(valkey) && embedded(redis)
        },
    },
    Row {
        command: "OBJECT ENCODING",
        danio: Follows::Valkey,
        why: "Redis 7.0 packs no sets, and makes no table of integers because many are added at once",
        applies: |valkey, redis| {
            let of_set = |raw: &Raw, packed| {
                let names = [&b"$6\r\nintset\r\n"[..], b"$9\r\nhashtable\r\n"];
                names.contains(&&raw.bytes[..]) || packed && raw.bytes == b"$8\r\nlistpack\r\n"
            };
            of_set(valkey, true) && of_set(redis, false)
        },
    },
    Row {
        command: "OBJECT ENCODING",
        danio: Follows::Redis,
        why: "Redis packs small hashes with fields that expire; Valkey makes tables of them",
        applies: |valkey, redis| {
            valkey.bytes == b"$9\r\nhashtable\r\n" && redis.bytes == b"$10\r\nlistpackex\r\n"
        },
    },
    Row {
        command: "OBJECT ENCODING",
        danio: Follows::Valkey,
        why: "Redis 7.0 makes no table of a hash because many fields are set at once",
        applies: |valkey, redis| {
            valkey.bytes == b"$9\r\nhashtable\r\n" && redis.bytes == b"$8\r\nlistpack\r\n"
        },
    },
    Row {
        command: "HSCAN",
        danio: Follows::Either,
        why: "as of SCAN",
        applies: |valkey, redis| {
            valkey.is("-ERR invalid cursor") != redis.is("-ERR invalid cursor")
        },
    },
    Row {
        command: "HRANDFIELD",
        danio: Follows::Valkey,
        why: "Redis 7.0 reads the count of HRANDFIELD less strictly",
        applies: |valkey, _| valkey.starts_with("-ERR value is out of range"),
    },
    Row {
        command: "SSCAN",
        danio: Follows::Either,
        why: "as of SCAN",
        applies: |valkey, redis| {
            valkey.is("-ERR invalid cursor") != redis.is("-ERR invalid cursor")
        },
    },
    Row {
        command: "OBJECT ENCODING",
        danio: Follows::Valkey,
        why: "newer servers count the members that ZADD is given, the same ones twice, before they choose",
        applies: |valkey, redis| {
            valkey.bytes == b"$8\r\nskiplist\r\n" && redis.bytes == b"$8\r\nlistpack\r\n"
        },
    },
    Row {
        command: "DEBUG DIGEST-VALUE",
        danio: Follows::Valkey,
        why: "Redis 7.0 digests 17 digits of a score, newer servers as few as read back as the same",
        applies: |valkey, redis| !valkey.tree.is_error() && !redis.tree.is_error(),
    },
    Row {
        command: "ZRANK",
        danio: Follows::Valkey,
        why: "newer servers have WITHSCORE",
        applies: |_, redis| redis.starts_with("-ERR wrong number of arguments"),
    },
    Row {
        command: "ZREVRANK",
        danio: Follows::Valkey,
        why: "newer servers have WITHSCORE",
        applies: |_, redis| redis.starts_with("-ERR wrong number of arguments"),
    },
    Row {
        command: "ZSCAN",
        danio: Follows::Either,
        why: "Redis 7.0 takes an empty and a negative cursor and refuses one behind a space; Valkey 9 does the opposite",
        applies: |valkey, redis| {
            valkey.is("-ERR invalid cursor") != redis.is("-ERR invalid cursor")
        },
    },
    Row {
        command: "OBJECT REFCOUNT",
        danio: Follows::Either,
        why: "Danio and Valkey do not share small integers; Redis counts 2147483647 for a shared one",
        applies: |valkey, redis| valkey.tree.integer().is_some() && redis.tree.integer().is_some(),
    },
    Row {
        command: "COMMAND GETKEYS",
        danio: Follows::Either,
        why: "Redis 7.0 wants an argument besides the name before it looks for keys",
        applies: |_, redis| {
            redis.starts_with("-ERR wrong number of arguments for 'command|getkeys")
        },
    },
    Row {
        command: "COMMAND GETKEYSANDFLAGS",
        danio: Follows::Either,
        why: "Redis 7.0 wants an argument besides the name before it looks for keys",
        applies: |_, redis| {
            redis.starts_with("-ERR wrong number of arguments for 'command|getkeys")
        },
    },
    Row {
        command: "SCAN",
        danio: Follows::Either,
        why: "Redis 7.0 takes any name for a type; newer ones refuse what is none",
        applies: |valkey, _| valkey.starts_with("-ERR unknown type name"),
    },
    Row {
        command: "CLIENT UNBLOCK",
        danio: Follows::Either,
        why: "Redis 7.0 counts the arguments before it reads them",
        applies: |_, redis| redis.starts_with("-ERR unknown subcommand or wrong number"),
    },
    Row {
        command: "CLIENT LIST",
        danio: Follows::Either,
        why: "newer servers call every bad filter a syntax error",
        applies: |valkey, redis| {
            valkey.is("-ERR syntax error") && redis.is("-ERR Invalid client ID")
        },
    },
    Row {
        command: "GETEX",
        danio: Follows::Either,
        why: "Redis 7.0 looks for the key before it looks at the time",
        applies: |valkey, redis| {
            valkey.is("-ERR invalid expire time in 'getex' command")
                && (redis.tree.is_null() || redis.starts_with("-WRONGTYPE"))
        },
    },
    Row {
        command: "GETEX",
        danio: Follows::Either,
        why: "Redis 7.0 looks for the key before it looks at the time",
        applies: |valkey, redis| {
            valkey.is("-ERR value is not an integer or out of range")
                && (redis.tree.is_null() || redis.starts_with("-WRONGTYPE"))
        },
    },
    Row {
        command: "GETEX",
        danio: Follows::Either,
        why: "Redis 7.0 looks at the key's type before it looks at the time",
        applies: |valkey, redis| valkey.starts_with("-ERR") && redis.starts_with("-WRONGTYPE"),
    },
    Row {
        command: "SCAN",
        danio: Follows::Either,
        why: "Redis 7.0 takes an empty and a negative cursor and refuses one behind a space; Valkey 9 does the opposite",
        applies: |valkey, redis| {
            valkey.is("-ERR invalid cursor") != redis.is("-ERR invalid cursor")
        },
    },
    Row {
        command: "CLIENT LIST",
        danio: Follows::Either,
        why: "newer servers refuse an id that no client can have",
        applies: |valkey, _| valkey.is("-ERR client-id should be greater than 0"),
    },
    Row {
        command: "CLIENT KILL",
        danio: Follows::Either,
        why: "newer servers call an empty id a syntax error",
        applies: |valkey, redis| {
            valkey.is("-ERR syntax error") && redis.is("-ERR client-id should be greater than 0")
        },
    },
    Row {
        command: "CLIENT SETNAME",
        danio: Follows::Either,
        why: "Valkey 9 ends a name at its first NUL byte",
        applies: |valkey, redis| valkey.is("+OK") != redis.is("+OK"),
    },
    Row {
        command: "CLIENT LIST",
        danio: Follows::Either,
        why: "newer servers read the filters one by one, Redis 7.0 counts the arguments first",
        applies: |valkey, redis| {
            valkey.starts_with("-ERR Unknown client type") && redis.is("-ERR syntax error")
        },
    },
    Row {
        command: "CLIENT GETNAME",
        danio: Follows::Either,
        why: "Valkey 9 takes a name with a NUL byte in it",
        applies: |valkey, redis| valkey.bytes.contains(&0) != redis.bytes.contains(&0),
    },
    Row {
        command: "CLIENT UNBLOCK",
        danio: Follows::Either,
        why: "Redis 8 reads the reason before the id, Valkey 9 the id before the reason",
        applies: |_, redis| redis.is("-ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR"),
    },
    Row {
        command: "CLIENT SETINFO",
        danio: Follows::Either,
        why: "Valkey 9 ends a value at its first NUL byte",
        applies: |valkey, redis| valkey.is("+OK") != redis.is("+OK"),
    },
    Row {
        command: "BITCOUNT",
        danio: Follows::Valkey,
        why: "Redis 7.0 looks for the key before it reads the range, and reads the unit last",
        applies: |valkey, redis| {
            valkey.tree.is_error() && (redis.is(":0") || redis.tree.is_error())
        },
    },
    Row {
        command: "BITCOUNT",
        danio: Follows::Valkey,
        why: "Redis 7.0 wants an end with every start",
        applies: |_, redis| redis.is("-ERR syntax error"),
    },
    Row {
        command: "BITPOS",
        danio: Follows::Valkey,
        why: "Redis 7.0 looks for the key before it reads the range, and reads the unit last",
        applies: |valkey, redis| {
            valkey.tree.is_error() && (redis.is(":0") || redis.is(":-1") || redis.tree.is_error())
        },
    },
    Row {
        command: "CLIENT KILL",
        danio: Follows::Valkey,
        why: "Valkey 9 has more filters, and takes several ids",
        applies: |_, redis| redis.is("-ERR syntax error"),
    },
    Row {
        command: "CLIENT LIST",
        danio: Follows::Valkey,
        why: "Valkey 9 has more filters",
        applies: |_, redis| redis.is("-ERR syntax error"),
    },
    Row {
        command: "XINFO",
        danio: Follows::Valkey,
        why: "Redis 7.0 makes a consumer only when it gives it something",
        applies: |valkey, redis| {
            valkey.tree.items().is_some()
                && busy_consumers(&valkey.tree) == busy_consumers(&redis.tree)
        },
    },
    Row {
        command: "XGROUP CREATECONSUMER",
        danio: Follows::Valkey,
        why: "Redis 7.0 makes a consumer only when it gives it something",
        applies: |valkey, redis| valkey.is(":0") && redis.is(":1"),
    },
    Row {
        command: "XREAD",
        danio: Follows::Valkey,
        why: "Redis 7.0 has fewer words for a list of streams that does not come out even",
        applies: |valkey, redis| unbalanced(valkey, redis),
    },
    Row {
        command: "XREADGROUP",
        danio: Follows::Valkey,
        why: "Redis 7.0 has fewer words for a list of streams that does not come out even",
        applies: |valkey, redis| unbalanced(valkey, redis),
    },
    Row {
        command: "XREAD",
        danio: Follows::Valkey,
        why: "Redis 7.0 does not know the id +",
        applies: |valkey, redis| {
            redis.is("-ERR Invalid stream ID specified as stream command argument")
                && !valkey.is("-ERR Invalid stream ID specified as stream command argument")
        },
    },
    Row {
        command: "XREADGROUP",
        danio: Follows::Valkey,
        why: "Redis 7.0 does not know the id +",
        applies: |valkey, redis| {
            redis.is("-ERR Invalid stream ID specified as stream command argument")
                && valkey.starts_with("-ERR The + ID is meaningless")
        },
    },
];

fn unbalanced(valkey: &Raw, redis: &Raw) -> bool {
    [valkey, redis].iter().all(|raw| raw.starts_with("-ERR Unbalanced "))
}
