//! What the servers that a fake imitates know.

use std::fmt;
use std::str::FromStr;

use crate::command::Args;
use crate::error::Error;

/// A server to imitate: commands and options that it lacks are refused in its words, and `HELLO`, `INFO` and
/// `COMMAND` say what it says of itself.
///
/// What commands do is otherwise Danio's, which is that of the newest ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Version {
    /// Redis 7.0.
    Redis7_0,
    /// Redis 7.2.
    Redis7_2,
    /// Redis 7.4.
    Redis7_4,
    /// Redis 8.0.
    Redis8_0,
    /// Redis 8.2.
    Redis8_2,
    /// Redis 8.4.
    Redis8_4,
    /// Valkey 8.1.
    Valkey8,
    /// Valkey 9.1.
    Valkey9,
}

/// Since when the two know something; nothing if they do not.
#[derive(Debug, Clone, Copy)]
struct Known {
    redis: Option<(u8, u8)>,
    valkey: Option<(u8, u8)>,
}

/// Since which Redis, and which Valkey.
const fn known(redis: Option<(u8, u8)>, valkey: Option<(u8, u8)>) -> Known {
    Known { redis, valkey }
}

/// Only Redis, since a version.
const fn redis(major: u8, minor: u8) -> Known {
    known(Some((major, minor)), None)
}

/// Both, since one version each.
const fn both(redis: (u8, u8), valkey: (u8, u8)) -> Known {
    known(Some(redis), Some(valkey))
}

/// Every command, by its full name, that came after Redis 7.0.
const COMMANDS: &[(&str, Known)] = &[
    ("client|capa", known(None, Some((8, 0)))),
    ("client|no-touch", both((7, 2), (7, 2))),
    ("client|setinfo", both((7, 2), (7, 2))),
    ("commandlog", known(None, Some((8, 1)))),
    ("commandlog|get", known(None, Some((8, 1)))),
    ("commandlog|help", known(None, Some((8, 1)))),
    ("commandlog|len", known(None, Some((8, 1)))),
    ("commandlog|reset", known(None, Some((8, 1)))),
    ("delex", redis(8, 4)),
    ("delifeq", known(None, Some((9, 0)))),
    ("digest", redis(8, 4)),
    ("hexpire", both((7, 4), (9, 0))),
    ("hexpireat", both((7, 4), (9, 0))),
    ("hexpiretime", both((7, 4), (9, 0))),
    ("hgetdel", both((8, 0), (9, 1))),
    ("hgetex", both((8, 0), (9, 0))),
    ("hpersist", both((7, 4), (9, 0))),
    ("hpexpire", both((7, 4), (9, 0))),
    ("hpexpireat", both((7, 4), (9, 0))),
    ("hpexpiretime", both((7, 4), (9, 0))),
    ("hpttl", both((7, 4), (9, 0))),
    ("hsetex", both((8, 0), (9, 0))),
    ("httl", both((7, 4), (9, 0))),
    ("msetex", both((8, 4), (9, 1))),
    ("xackdel", redis(8, 2)),
    ("xcfgset", redis(8, 6)),
    ("xdelex", redis(8, 2)),
    ("xidmprecord", redis(8, 8)),
];

/// Every option that came later than its command: the command, from which word on it may stand, the option.
const OPTIONS: &[(&str, usize, &str, Known)] = &[
    ("set", 3, "IFEQ", both((8, 4), (8, 1))),
    ("set", 3, "IFNE", redis(8, 4)),
    ("set", 3, "IFDEQ", redis(8, 4)),
    ("set", 3, "IFDNE", redis(8, 4)),
    ("bitop", 1, "DIFF", redis(8, 2)),
    ("bitop", 1, "DIFF1", redis(8, 2)),
    ("bitop", 1, "ANDOR", redis(8, 2)),
    ("bitop", 1, "ONE", redis(8, 2)),
    ("geosearch", 2, "BYPOLYGON", known(None, Some((9, 0)))),
    ("geosearchstore", 3, "BYPOLYGON", known(None, Some((9, 0)))),
    ("client|list", 2, "MAXAGE", both((7, 4), (8, 0))),
    ("client|kill", 2, "MAXAGE", both((7, 4), (8, 0))),
    ("hscan", 3, "NOVALUES", both((7, 4), (8, 0))),
    ("xadd", 2, "KEEPREF", redis(8, 2)),
    ("xadd", 2, "DELREF", redis(8, 2)),
    ("xadd", 2, "ACKED", redis(8, 2)),
    ("xadd", 2, "IDMP", redis(8, 6)),
    ("xadd", 2, "IDMPAUTO", redis(8, 6)),
    ("xtrim", 2, "KEEPREF", redis(8, 2)),
    ("xtrim", 2, "DELREF", redis(8, 2)),
    ("xtrim", 2, "ACKED", redis(8, 2)),
    ("xreadgroup", 4, "CLAIM", redis(8, 4)),
];

impl Version {
    /// All there are, oldest first, Redis's before Valkey's.
    pub const ALL: [Version; 8] = [
        Version::Redis7_0,
        Version::Redis7_2,
        Version::Redis7_4,
        Version::Redis8_0,
        Version::Redis8_2,
        Version::Redis8_4,
        Version::Valkey8,
        Version::Valkey9,
    ];

    /// The name by which `danio-server --fake-version` knows it.
    ///
    /// ```
    /// use danio::fake::Version;
    /// assert_eq!(Version::Redis7_2.name(), "redis-7.2");
    /// assert_eq!("valkey-9".parse(), Ok(Version::Valkey9));
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Version::Redis7_0 => "redis-7.0",
            Version::Redis7_2 => "redis-7.2",
            Version::Redis7_4 => "redis-7.4",
            Version::Redis8_0 => "redis-8.0",
            Version::Redis8_2 => "redis-8.2",
            Version::Redis8_4 => "redis-8.4",
            Version::Valkey8 => "valkey-8",
            Version::Valkey9 => "valkey-9",
        }
    }

    /// What `redis_version` says in `INFO`: Valkey says the last Redis that it comes from.
    pub(super) fn redis_version(self) -> &'static str {
        match self {
            Version::Redis7_0 => "7.0.15",
            Version::Redis7_2 => "7.2.11",
            Version::Redis7_4 => "7.4.6",
            Version::Redis8_0 => "8.0.4",
            Version::Redis8_2 => "8.2.2",
            Version::Redis8_4 => "8.4.0",
            Version::Valkey8 | Version::Valkey9 => "7.2.4",
        }
    }

    /// The name and version of a server that is not Redis.
    pub(super) fn other(self) -> Option<(&'static str, &'static str)> {
        match self {
            Version::Valkey8 => Some(("valkey", "8.1.4")),
            Version::Valkey9 => Some(("valkey", "9.1.2")),
            _ => None,
        }
    }

    fn knows(self, what: Known) -> bool {
        let (since, own) = match self {
            Version::Redis7_0 => (what.redis, (7, 0)),
            Version::Redis7_2 => (what.redis, (7, 2)),
            Version::Redis7_4 => (what.redis, (7, 4)),
            Version::Redis8_0 => (what.redis, (8, 0)),
            Version::Redis8_2 => (what.redis, (8, 2)),
            Version::Redis8_4 => (what.redis, (8, 4)),
            Version::Valkey8 => (what.valkey, (8, 1)),
            Version::Valkey9 => (what.valkey, (9, 1)),
        };
        since.is_some_and(|since| since <= own)
    }

    /// Whether it has the command of that full name.
    pub(super) fn has(self, full_name: &str) -> bool {
        let newer = COMMANDS.binary_search_by_key(&full_name, |(name, _)| *name);
        newer.map_or(true, |at| self.knows(COMMANDS[at].1))
    }

    /// How it refuses a command that it has, but not with an option that is given.
    pub(super) fn refuses_option(self, full_name: &str, args: Args<'_>) -> Option<Error> {
        self.lacks_option(full_name, args).then(|| match full_name {
            // What is no option that it knows is the entry's id to it.
            "xadd" => Error::invalid_stream_id(),
            _ => Error::Syntax,
        })
    }

    fn lacks_option(self, full_name: &str, args: Args<'_>) -> bool {
        let options = OPTIONS.iter().filter(|(name, ..)| *name == full_name);
        options.filter(|(.., since)| !self.knows(*since)).any(|(_, from, token, _)| {
            let to = match full_name {
                // Its operation is one word.
                "bitop" => 2,
                "xadd" => id_of_xadd(args),
                _ => args.len(),
            };
            let mut words = (*from..to).map(|at| args.at(at));
            words.any(|word| word.eq_ignore_ascii_case(token.as_bytes()))
        })
    }
}

/// Where the id of an entry stands, behind which no options come.
fn id_of_xadd(args: Args<'_>) -> usize {
    let mut at = 2;
    while let Some(word) = args.get(at) {
        let is = |name: &str| word.eq_ignore_ascii_case(name.as_bytes());
        at += match () {
            () if is("MAXLEN") || is("MINID") => {
                let sign = args.get(at + 1).is_some_and(|sign| matches!(sign, b"=" | b"~"));
                2 + usize::from(sign)
            }
            () if is("LIMIT") || is("IDMPAUTO") => 2,
            () if is("IDMP") => 3,
            () if ["NOMKSTREAM", "KEEPREF", "DELREF", "ACKED"].into_iter().any(is) => 1,
            () => break,
        };
    }
    at.min(args.len())
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Version {
    type Err = String;

    fn from_str(name: &str) -> Result<Version, String> {
        Version::ALL.into_iter().find(|version| version.name() == name).ok_or_else(|| {
            let names: Vec<&str> = Version::ALL.iter().map(|version| version.name()).collect();
            format!("no version is called '{name}'; there are {}", names.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Table;

    #[test]
    fn every_command_that_came_later_is_listed() {
        assert!(COMMANDS.windows(2).all(|pair| pair[0].0 < pair[1].0), "sorted");
        for node in Table::get().iter().flat_map(|node| std::iter::once(node).chain(&node.children))
        {
            let later = node.row.since > "7.0.9";
            let listed = COMMANDS.iter().any(|(name, _)| *name == node.full_name);
            assert_eq!(later, listed, "{} came in {}", node.full_name, node.row.since);
        }
        for (name, ..) in OPTIONS {
            assert!(Table::get().find_full(name.as_bytes()).is_some(), "{name}");
        }
    }

    #[test]
    fn options_are_looked_for_where_they_may_stand() {
        let lacks =
            |name: &str, words: &[&[u8]]| Version::Redis7_0.lacks_option(name, Args::new(words));
        assert!(lacks("set", &[b"SET", b"k", b"v", b"ifeq", b"x"]));
        assert!(!lacks("set", &[b"SET", b"ifeq", b"ifeq"]));
        assert!(lacks("bitop", &[b"BITOP", b"one", b"d", b"k"]));
        assert!(lacks("xadd", &[b"XADD", b"x", b"MAXLEN", b"=", b"9", b"acked", b"*", b"f", b"v"]));
        assert!(!lacks("xadd", &[b"XADD", b"x", b"*", b"acked", b"v", b"f", b"v"]));
        assert!(!lacks("bitop", &[b"BITOP", b"and", b"one", b"one"]));
        assert!(
            !Version::Valkey8.lacks_option("set", Args::new(&[b"SET", b"k", b"v", b"IFEQ", b"x"]))
        );
    }
}
