//! What the command table knows of a command: one row, written beside its handler.

use bitflags::bitflags;

use super::args::Args;
use super::context::Handler;
use super::keyspec::KeySpec;

bitflags! {
    /// What kind of command it is, under the names that `COMMAND INFO` gives.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Flags: u32 {
        /// May change data: its keys are locked exclusively.
        const WRITE = 1;
        /// Only reads data: its keys are locked shared.
        const READONLY = 1 << 1;
        /// Refused while memory is over `maxmemory`.
        const DENYOOM = 1 << 2;
        /// For administrators.
        const ADMIN = 1 << 3;
        /// Concerns channels.
        const PUBSUB = 1 << 4;
        /// Not for scripts.
        const NOSCRIPT = 1 << 5;
        /// May wait.
        const BLOCKING = 1 << 6;
        /// Allowed while a file is being loaded.
        const LOADING = 1 << 7;
        /// Allowed on a replica that lost its master.
        const STALE = 1 << 8;
        /// Not shown by MONITOR.
        const SKIP_MONITOR = 1 << 9;
        /// Not kept in the slow log.
        const SKIP_SLOWLOG = 1 << 10;
        /// Constant or logarithmic time.
        const FAST = 1 << 11;
        /// Allowed before a connection has authenticated.
        const NO_AUTH = 1 << 12;
        /// Its keys may be left out.
        const NO_MANDATORY_KEYS = 1 << 13;
        /// Refused unless the configuration allows it.
        const PROTECTED = 1 << 14;
        /// Not allowed while a replica loads beside its data.
        const NO_ASYNC_LOADING = 1 << 15;
        /// Not allowed inside MULTI.
        const NO_MULTI = 1 << 16;
        /// Where its keys are depends on its arguments.
        const MOVABLE_KEYS = 1 << 17;
        /// Allowed while a script runs too long.
        const ALLOW_BUSY = 1 << 18;
        /// Kept back by CLIENT PAUSE WRITE though it writes no key.
        const MAY_REPLICATE = 1 << 19;
        /// May meet keys that it does not name.
        const TOUCHES_ARBITRARY_KEYS = 1 << 20;
        /// Runs at once between MULTI and EXEC rather than waiting for EXEC.
        const AT_ONCE = 1 << 21;
    }
}

impl Flags {
    /// The flags that `COMMAND INFO` shows, in its order, with their names there.
    pub(super) const SHOWN: &[(Flags, &str)] = &[
        (Flags::WRITE, "write"),
        (Flags::READONLY, "readonly"),
        (Flags::DENYOOM, "denyoom"),
        (Flags::ADMIN, "admin"),
        (Flags::PUBSUB, "pubsub"),
        (Flags::NOSCRIPT, "noscript"),
        (Flags::BLOCKING, "blocking"),
        (Flags::LOADING, "loading"),
        (Flags::STALE, "stale"),
        (Flags::SKIP_MONITOR, "skip_monitor"),
        (Flags::SKIP_SLOWLOG, "skip_slowlog"),
        (Flags::FAST, "fast"),
        (Flags::NO_AUTH, "no_auth"),
        (Flags::NO_MANDATORY_KEYS, "no_mandatory_keys"),
        (Flags::NO_ASYNC_LOADING, "no_async_loading"),
        (Flags::NO_MULTI, "no_multi"),
        (Flags::MOVABLE_KEYS, "movablekeys"),
        (Flags::ALLOW_BUSY, "allow_busy"),
    ];
}

bitflags! {
    /// The ACL categories of a command.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Categories: u32 {
        /// `@keyspace`
        const KEYSPACE = 1;
        /// `@read`
        const READ = 1 << 1;
        /// `@write`
        const WRITE = 1 << 2;
        /// `@set`
        const SET = 1 << 3;
        /// `@sortedset`
        const SORTEDSET = 1 << 4;
        /// `@list`
        const LIST = 1 << 5;
        /// `@hash`
        const HASH = 1 << 6;
        /// `@string`
        const STRING = 1 << 7;
        /// `@bitmap`
        const BITMAP = 1 << 8;
        /// `@hyperloglog`
        const HYPERLOGLOG = 1 << 9;
        /// `@geo`
        const GEO = 1 << 10;
        /// `@stream`
        const STREAM = 1 << 11;
        /// `@pubsub`
        const PUBSUB = 1 << 12;
        /// `@admin`
        const ADMIN = 1 << 13;
        /// `@fast`
        const FAST = 1 << 14;
        /// `@slow`
        const SLOW = 1 << 15;
        /// `@blocking`
        const BLOCKING = 1 << 16;
        /// `@dangerous`
        const DANGEROUS = 1 << 17;
        /// `@connection`
        const CONNECTION = 1 << 18;
        /// `@transaction`
        const TRANSACTION = 1 << 19;
        /// `@scripting`
        const SCRIPTING = 1 << 20;
    }
}

impl Categories {
    /// Every category with its name, in the order in which Redis lists them.
    pub(super) const NAMED: &[(Categories, &str)] = &[
        (Categories::KEYSPACE, "keyspace"),
        (Categories::READ, "read"),
        (Categories::WRITE, "write"),
        (Categories::SET, "set"),
        (Categories::SORTEDSET, "sortedset"),
        (Categories::LIST, "list"),
        (Categories::HASH, "hash"),
        (Categories::STRING, "string"),
        (Categories::BITMAP, "bitmap"),
        (Categories::HYPERLOGLOG, "hyperloglog"),
        (Categories::GEO, "geo"),
        (Categories::STREAM, "stream"),
        (Categories::PUBSUB, "pubsub"),
        (Categories::ADMIN, "admin"),
        (Categories::FAST, "fast"),
        (Categories::SLOW, "slow"),
        (Categories::BLOCKING, "blocking"),
        (Categories::DANGEROUS, "dangerous"),
        (Categories::CONNECTION, "connection"),
        (Categories::TRANSACTION, "transaction"),
        (Categories::SCRIPTING, "scripting"),
    ];

    /// The category of that name (any case), if there is one.
    pub(super) fn named(name: &[u8]) -> Option<Categories> {
        Self::NAMED.iter().find(|(_, n)| n.as_bytes().eq_ignore_ascii_case(name)).map(|(c, _)| *c)
    }
}

/// The family a command belongs to, as `COMMAND DOCS` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Keys of any type.
    Generic,
    /// Strings.
    String,
    /// Strings as arrays of bits.
    Bitmap,
    /// Sketches that count different elements.
    HyperLogLog,
    /// The connection itself.
    Connection,
    /// The server.
    Server,
    /// Scripts and functions.
    Scripting,
    /// Lists.
    List,
    /// Sets.
    Set,
    /// Hashes.
    Hash,
    /// Sorted sets.
    SortedSet,
    /// Places.
    Geo,
    /// Streams.
    Stream,
    /// Transactions.
    Transactions,
    /// Channels.
    PubSub,
    /// Servers that share the keys.
    Cluster,
}

impl Group {
    /// The name in `COMMAND DOCS`.
    pub fn name(self) -> &'static str {
        match self {
            Group::Generic => "generic",
            Group::String => "string",
            Group::Bitmap => "bitmap",
            Group::HyperLogLog => "hyperloglog",
            Group::Connection => "connection",
            Group::Server => "server",
            Group::Scripting => "scripting",
            Group::List => "list",
            Group::Set => "set",
            Group::Hash => "hash",
            Group::SortedSet => "sorted-set",
            Group::Geo => "geo",
            Group::Stream => "stream",
            Group::Transactions => "transactions",
            Group::PubSub => "pubsub",
            Group::Cluster => "cluster",
        }
    }
}

/// What has to be locked while a command runs.
#[derive(Debug, Clone, Copy)]
pub enum Locks {
    /// The stripes of the keys that the key specs find.
    Keys,
    /// As `Keys`, exclusively though the command changes none of them.
    Alone,
    /// As `Alone` if the function says so of the words; else as `Keys`.
    AloneIf(fn(&Args<'_>) -> bool),
    /// What the commands of the session's queue lock.
    Queue,
    /// Every stripe: the command's keys are not known before it runs.
    All,
    /// Every stripe if the function says so of the words; else as [`Locks::Keys`].
    AllIf(fn(&Args<'_>) -> bool),
}

/// One command, or one subcommand.
///
/// Rows are constants, written with the builder methods below beside the
/// handler they name; [`Command::new`] gives a row that takes no keys.
#[derive(Debug, Clone, Copy)]
pub struct Command {
    /// Lower-case name; a subcommand's own name, without its container's.
    pub name: &'static str,
    /// How many words, the name (and the container's) included; `-n` means at least `n`.
    pub arity: i32,
    /// What kind of command it is.
    pub flags: Flags,
    /// Its explicit ACL categories; see [`Command::all_categories`].
    pub categories: Categories,
    /// Where its keys are.
    pub keys: &'static [KeySpec],
    /// What it locks.
    pub locks: Locks,
    /// The family.
    pub group: Group,
    /// The first Redis version that had it.
    pub since: &'static str,
    /// What it costs.
    pub complexity: &'static str,
    /// What it does, in one sentence.
    pub summary: &'static str,
    /// The version that deprecated it, and what to use in its place.
    pub deprecated: Option<(&'static str, &'static str)>,
    /// What changed, by version.
    pub history: &'static [(&'static str, &'static str)],
    /// Hints for cluster-aware clients.
    pub tips: &'static [&'static str],
    /// Its arguments.
    pub arguments: &'static [Arg],
    /// Whether it is for the system's own use.
    pub internal: bool,
    /// Its subcommands.
    pub subcommands: &'static [Command],
    /// What runs it.
    pub handler: Handler,
}

impl Command {
    /// A command of that name, arity and handler, and nothing else yet.
    pub const fn new(name: &'static str, arity: i32, handler: Handler) -> Command {
        Command {
            name,
            arity,
            flags: Flags::empty(),
            categories: Categories::empty(),
            keys: &[],
            locks: Locks::Keys,
            group: Group::Generic,
            since: "1.0.0",
            complexity: "O(1)",
            summary: "",
            deprecated: None,
            history: &[],
            tips: &[],
            arguments: &[],
            internal: false,
            subcommands: &[],
            handler,
        }
    }

    /// Sets the family.
    pub const fn group(mut self, group: Group) -> Command {
        self.group = group;
        self
    }

    /// Adds flags.
    pub const fn flags(mut self, flags: &[Flags]) -> Command {
        let mut i = 0;
        while i < flags.len() {
            self.flags = self.flags.union(flags[i]);
            i += 1;
        }
        self
    }

    /// Adds ACL categories that do not follow from the flags.
    pub const fn categories(mut self, categories: &[Categories]) -> Command {
        let mut i = 0;
        while i < categories.len() {
            self.categories = self.categories.union(categories[i]);
            i += 1;
        }
        self
    }

    /// Sets where the keys are.
    pub const fn keys(mut self, keys: &'static [KeySpec]) -> Command {
        self.keys = keys;
        self
    }

    /// Makes the command lock every stripe.
    pub const fn locks_all(mut self) -> Command {
        self.locks = Locks::All;
        self
    }

    /// Makes the command lock its keys exclusively, though it changes none of them.
    pub const fn locks_alone(mut self) -> Command {
        self.locks = Locks::Alone;
        self
    }

    /// Makes the command lock its keys exclusively if `alone` says so of its words.
    pub const fn locks_alone_if(mut self, alone: fn(&Args<'_>) -> bool) -> Command {
        self.locks = Locks::AloneIf(alone);
        self
    }

    /// Makes the command lock what the session's queue needs.
    pub const fn locks_queue(mut self) -> Command {
        self.locks = Locks::Queue;
        self
    }

    /// Makes the command lock every stripe if `reaches` says of its words that they name keys which are
    /// not known before it runs.
    pub const fn locks_all_if(mut self, reaches: fn(&Args<'_>) -> bool) -> Command {
        self.locks = Locks::AllIf(reaches);
        self
    }

    /// Sets the first version.
    pub const fn since(mut self, version: &'static str) -> Command {
        self.since = version;
        self
    }

    /// Sets the cost.
    pub const fn complexity(mut self, cost: &'static str) -> Command {
        self.complexity = cost;
        self
    }

    /// Sets the one-sentence description.
    pub const fn summary(mut self, text: &'static str) -> Command {
        self.summary = text;
        self
    }

    /// Marks the command as deprecated since `version` in favour of `instead`.
    pub const fn deprecated(mut self, version: &'static str, instead: &'static str) -> Command {
        self.deprecated = Some((version, instead));
        self
    }

    /// Sets what changed by version.
    pub const fn history(mut self, changes: &'static [(&'static str, &'static str)]) -> Command {
        self.history = changes;
        self
    }

    /// Sets the hints for cluster-aware clients.
    pub const fn tips(mut self, tips: &'static [&'static str]) -> Command {
        self.tips = tips;
        self
    }

    /// Sets the arguments.
    pub const fn args(mut self, arguments: &'static [Arg]) -> Command {
        self.arguments = arguments;
        self
    }

    /// Marks the command as one for the system's own use.
    pub const fn internal(mut self) -> Command {
        self.internal = true;
        self
    }

    /// Sets the subcommands.
    pub const fn subcommands(mut self, subcommands: &'static [Command]) -> Command {
        self.subcommands = subcommands;
        self
    }

    /// The explicit categories and those that follow from the flags.
    pub fn all_categories(&self) -> Categories {
        let mut all = self.categories;
        let implied = [
            (Flags::WRITE, Categories::WRITE),
            (Flags::ADMIN, Categories::ADMIN | Categories::DANGEROUS),
            (Flags::PUBSUB, Categories::PUBSUB),
            (Flags::FAST, Categories::FAST),
            (Flags::BLOCKING, Categories::BLOCKING),
        ];
        for (flag, category) in implied {
            if self.flags.contains(flag) {
                all |= category;
            }
        }
        if self.flags.contains(Flags::READONLY) && !all.contains(Categories::SCRIPTING) {
            all |= Categories::READ;
        }
        if !all.contains(Categories::FAST) {
            all |= Categories::SLOW;
        }
        all
    }

    /// Whether a call of `words` words has as many as the command takes.
    pub fn accepts(&self, words: usize) -> bool {
        let bound = self.arity.unsigned_abs() as usize;
        words == bound || self.arity < 0 && words > bound
    }
}

/// The kind of an argument, as `COMMAND DOCS` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArgKind {
    /// Any bytes.
    String,
    /// A decimal integer.
    Integer,
    /// A floating-point number.
    Double,
    /// A key.
    Key,
    /// A glob pattern.
    Pattern,
    /// A point in time.
    UnixTime,
    /// A word that stands for itself.
    PureToken,
    /// One of several.
    OneOf,
    /// Several in a row.
    Block,
}

impl ArgKind {
    /// The name in `COMMAND DOCS`.
    pub(super) fn name(self) -> &'static str {
        match self {
            ArgKind::String => "string",
            ArgKind::Integer => "integer",
            ArgKind::Double => "double",
            ArgKind::Key => "key",
            ArgKind::Pattern => "pattern",
            ArgKind::UnixTime => "unix-time",
            ArgKind::PureToken => "pure-token",
            ArgKind::OneOf => "oneof",
            ArgKind::Block => "block",
        }
    }
}

/// One argument of a command, as `COMMAND DOCS` describes it.
#[derive(Debug, Clone, Copy)]
pub struct Arg {
    /// Its name.
    pub name: &'static str,
    /// Its kind.
    pub kind: ArgKind,
    /// The word that introduces it.
    pub token: Option<&'static str>,
    /// Which of the command's key specs finds it.
    pub key_spec: Option<u8>,
    /// The first version that had it, when later than the command's own.
    pub since: Option<&'static str>,
    /// Whether it may be left out.
    pub optional: bool,
    /// Whether it may be repeated.
    pub multiple: bool,
    /// Whether the token is repeated with it.
    pub multiple_token: bool,
    /// What a block or a choice consists of.
    pub arguments: &'static [Arg],
}

impl Arg {
    const fn new(name: &'static str, kind: ArgKind) -> Arg {
        Arg {
            name,
            kind,
            token: None,
            key_spec: None,
            since: None,
            optional: false,
            multiple: false,
            multiple_token: false,
            arguments: &[],
        }
    }

    /// Any bytes.
    pub const fn string(name: &'static str) -> Arg {
        Arg::new(name, ArgKind::String)
    }

    /// A decimal integer.
    pub const fn integer(name: &'static str) -> Arg {
        Arg::new(name, ArgKind::Integer)
    }

    /// A floating-point number.
    pub const fn double(name: &'static str) -> Arg {
        Arg::new(name, ArgKind::Double)
    }

    /// A key that key spec number `spec` finds.
    pub const fn key(name: &'static str, spec: u8) -> Arg {
        let mut arg = Arg::new(name, ArgKind::Key);
        arg.key_spec = Some(spec);
        arg
    }

    /// A glob pattern.
    pub const fn pattern(name: &'static str) -> Arg {
        Arg::new(name, ArgKind::Pattern)
    }

    /// A point in time.
    pub const fn unix_time(name: &'static str) -> Arg {
        Arg::new(name, ArgKind::UnixTime)
    }

    /// The word `token`, which stands for itself.
    pub const fn word(name: &'static str, token: &'static str) -> Arg {
        Arg::new(name, ArgKind::PureToken).token(token)
    }

    /// One of `choices`.
    pub const fn one_of(name: &'static str, choices: &'static [Arg]) -> Arg {
        let mut arg = Arg::new(name, ArgKind::OneOf);
        arg.arguments = choices;
        arg
    }

    /// All of `parts`, in that order.
    pub const fn block(name: &'static str, parts: &'static [Arg]) -> Arg {
        let mut arg = Arg::new(name, ArgKind::Block);
        arg.arguments = parts;
        arg
    }

    /// Says which of the command's key specs finds the keys that the argument names.
    pub const fn key_spec(mut self, spec: u8) -> Arg {
        self.key_spec = Some(spec);
        self
    }

    /// Lets the argument be introduced by a word.
    pub const fn token(mut self, token: &'static str) -> Arg {
        self.token = Some(token);
        self
    }

    /// Lets the argument be left out.
    pub const fn optional(mut self) -> Arg {
        self.optional = true;
        self
    }

    /// Lets the argument be repeated.
    pub const fn multiple(mut self) -> Arg {
        self.multiple = true;
        self
    }

    /// Repeats the token with the argument.
    pub const fn multiple_token(mut self) -> Arg {
        self.multiple_token = true;
        self
    }

    /// Sets the first version that had the argument.
    pub const fn since(mut self, version: &'static str) -> Arg {
        self.since = Some(version);
        self
    }
}
