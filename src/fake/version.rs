//! What the servers that a fake imitates know.

use std::fmt;
use std::str::FromStr;

use super::known::{COMMANDS, Known, PARAMETERS};

/// A server to imitate: commands and options that it lacks are refused in its words, and `HELLO`, `INFO` and
/// `COMMAND` say what it says of itself. `CONFIG` has the parameters that it has.
///
/// What commands do, and what `COMMAND DOCS` says of their arguments, is otherwise Danio's, which is that of the
/// newest ones.
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
    /// Redis 8.6.
    Redis8_6,
    /// Redis 8.8.
    Redis8_8,
    /// Redis 8.10.
    Redis8_10,
    /// Valkey 8.1.
    Valkey8,
    /// Valkey 9.1.
    Valkey9,
}

impl Version {
    /// All there are, oldest first, Redis's before Valkey's.
    pub const ALL: [Version; 11] = [
        Version::Redis7_0,
        Version::Redis7_2,
        Version::Redis7_4,
        Version::Redis8_0,
        Version::Redis8_2,
        Version::Redis8_4,
        Version::Redis8_6,
        Version::Redis8_8,
        Version::Redis8_10,
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
            Version::Redis8_6 => "redis-8.6",
            Version::Redis8_8 => "redis-8.8",
            Version::Redis8_10 => "redis-8.10",
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
            Version::Redis8_6 => "8.6.0",
            Version::Redis8_8 => "8.8.0",
            Version::Redis8_10 => "8.10.0",
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

    pub(super) fn knows(self, what: Known) -> bool {
        let (since, own) = match self {
            Version::Redis7_0 => (what.redis, (7, 0)),
            Version::Redis7_2 => (what.redis, (7, 2)),
            Version::Redis7_4 => (what.redis, (7, 4)),
            Version::Redis8_0 => (what.redis, (8, 0)),
            Version::Redis8_2 => (what.redis, (8, 2)),
            Version::Redis8_4 => (what.redis, (8, 4)),
            Version::Redis8_6 => (what.redis, (8, 6)),
            Version::Redis8_8 => (what.redis, (8, 8)),
            Version::Redis8_10 => (what.redis, (8, 10)),
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

    /// The parameters of `CONFIG` that it has not.
    pub(super) fn unknown_parameters(self) -> impl Iterator<Item = &'static str> {
        let unknown = PARAMETERS.iter().filter(move |(_, since)| !self.knows(*since));
        unknown.map(|(name, _)| *name)
    }
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
