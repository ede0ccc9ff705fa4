//! Faults: what goes wrong, for which commands, and how often.

use std::collections::HashMap;
use std::time::Duration;

use crate::command::{Args, Flags, Meeting, Node};
use crate::error::Error;
use crate::text::glob;

/// Something that goes wrong, by rule: made with one of the first functions, narrowed with the others, ordered with
/// [`Fake::inject`](super::Fake::inject).
///
/// The first rule that fits a command and is not used up decides.
///
/// ```
/// use danio::fake::{Fake, Fault};
///
/// let fake = Fake::start()?;
/// // The second and third write to a user fail.
/// fake.inject(Fault::oom().on("set").key("user:*").after(1).times(2));
/// let mut con = redis::Client::open(fake.url()).unwrap().get_connection().unwrap();
/// let mut set = |key: &str| redis::cmd("SET").arg(key).arg("x").exec(&mut con);
/// assert!(set("other").is_ok() && set("user:1").is_ok());
/// assert_eq!(set("user:2").unwrap_err().code(), Some("OOM"));
/// assert!(set("user:3").is_err() && set("user:4").is_ok());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Fault {
    what: What,
    /// Lower-case full names or names; all that [`What`] concerns if empty.
    commands: Vec<String>,
    keys: Option<Vec<u8>>,
    after: u64,
    times: Option<u64>,
    each: bool,
}

#[derive(Debug, Clone)]
enum What {
    Error(String),
    Delay(Duration),
    Disconnect,
    Refuse,
    OutOfMemory,
    Loading,
    ReadOnly,
}

/// A fault that was ordered, to be [removed](super::Fake::remove_fault).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FaultId(pub(super) u64);

impl FaultId {
    /// The number by which `FAKE FAULT` knows it.
    pub fn number(self) -> u64 {
        self.0
    }
}

impl Fault {
    fn new(what: What) -> Fault {
        Fault { what, commands: Vec::new(), keys: None, after: 0, times: None, each: false }
    }

    /// Answers with an error, in these words, the code first: `ERR something is wrong`. Without words it is `ERR`.
    pub fn error(words: impl Into<String>) -> Fault {
        let words: String = words.into();
        let words = words.replace(['\r', '\n'], " ");
        Fault::new(What::Error(if words.trim().is_empty() { "ERR".into() } else { words }))
    }

    /// Answers commands that need memory as when `maxmemory` is reached.
    pub fn oom() -> Fault {
        Fault::new(What::OutOfMemory)
    }

    /// Answers as while a file is being loaded, except what is allowed then.
    pub fn loading() -> Fault {
        Fault::new(What::Loading)
    }

    /// Answers commands that write as a replica does.
    pub fn read_only() -> Fault {
        Fault::new(What::ReadOnly)
    }

    /// Lets commands run later, by the real clock whatever the fake's is.
    pub fn delay(by: Duration) -> Fault {
        Fault::new(What::Delay(by))
    }

    /// Ends the connection in the place of an answer; the command does not run.
    pub fn disconnect() -> Fault {
        Fault::new(What::Disconnect)
    }

    /// Resets connections as they come; those that are there go on. Of the other rules only
    /// [`after`](Fault::after) and [`times`](Fault::times) mean something for it, and count connections.
    pub fn refuse_connections() -> Fault {
        Fault::new(What::Refuse)
    }

    /// Only for this command, or `container|subcommand`; may be said of several.
    pub fn on(mut self, command: impl AsRef<str>) -> Fault {
        self.commands.push(command.as_ref().to_ascii_lowercase().replace(' ', "|"));
        self
    }

    /// Only for commands that name a key that fits this pattern.
    pub fn key(mut self, pattern: impl AsRef<[u8]>) -> Fault {
        self.keys = Some(pattern.as_ref().to_vec());
        self
    }

    /// Not for the first `count` commands that it would be for.
    pub fn after(mut self, count: u64) -> Fault {
        self.after = count;
        self
    }

    /// Only for `count` commands, and then no more.
    pub fn times(mut self, count: u64) -> Fault {
        self.times = Some(count);
        self
    }

    /// Counts each connection's commands by themselves.
    pub fn per_connection(mut self) -> Fault {
        self.each = true;
        self
    }

    /// Whether it is a fault of connecting.
    pub(super) fn refuses(&self) -> bool {
        matches!(self.what, What::Refuse)
    }

    /// Whether it is for this command, counts aside.
    pub(super) fn fits(&self, node: Option<&Node>, args: Args<'_>) -> bool {
        let concerned = match self.what {
            What::Refuse => false,
            What::Error(_) | What::Delay(_) | What::Disconnect => true,
            _ if !self.commands.is_empty() => true,
            What::OutOfMemory => has(node, Flags::DENYOOM),
            What::ReadOnly => has(node, Flags::WRITE),
            What::Loading => !has(node, Flags::LOADING),
        };
        concerned && self.is_on(node, args) && self.names_key(node, args)
    }

    fn is_on(&self, node: Option<&Node>, args: Args<'_>) -> bool {
        self.commands.is_empty()
            || self.commands.iter().any(|name| {
                let same = |other: &[u8]| other.eq_ignore_ascii_case(name.as_bytes());
                same(args.at(0)) || node.is_some_and(|node| same(node.full_name.as_bytes()))
            })
    }

    fn names_key(&self, node: Option<&Node>, args: Args<'_>) -> bool {
        let Some(pattern) = &self.keys else { return true };
        node.is_some_and(|node| {
            node.row.accepts(args.len())
                && node.keys(&args).any(|at| glob::matches(pattern, args.at(at)))
        })
    }

    /// What it does to a command.
    pub(super) fn meeting(&self) -> Meeting {
        match &self.what {
            What::Error(words) => Meeting::Refuse(Error::reply(words.clone())),
            What::Delay(by) => Meeting::Delay(*by),
            What::Disconnect => Meeting::Drop,
            What::Refuse => Meeting::Pass,
            What::OutOfMemory => Meeting::Refuse(Error::OutOfMemory),
            What::Loading => {
                Meeting::Refuse(Error::reply("LOADING Redis is loading the dataset in memory"))
            }
            What::ReadOnly => Meeting::Refuse(Error::reply(
                "READONLY You can't write against a read only replica.",
            )),
        }
    }

    /// Reads what stands behind `FAKE FAULT ADD`: what goes wrong, and then where and how often.
    pub(super) fn parse(words: &[&[u8]]) -> Result<Fault, String> {
        let text = |word: &[u8]| String::from_utf8_lossy(word).into_owned();
        let number = |word: &[u8]| {
            text(word).parse::<u64>().map_err(|_| format!("'{}' is no number", text(word)))
        };
        let [what, rest @ ..] = words else { return Err("a fault is missing".into()) };
        let (mut fault, mut rest) = match (text(what).to_ascii_uppercase().as_str(), rest) {
            ("ERROR", [words, rest @ ..]) => (Fault::error(text(words)), rest),
            ("DELAY", [ms, rest @ ..]) => (Fault::delay(Duration::from_millis(number(ms)?)), rest),
            ("OOM", rest) => (Fault::oom(), rest),
            ("LOADING", rest) => (Fault::loading(), rest),
            ("READONLY", rest) => (Fault::read_only(), rest),
            ("DISCONNECT", rest) => (Fault::disconnect(), rest),
            ("REFUSE", rest) => (Fault::refuse_connections(), rest),
            (other, _) => return Err(format!("no fault is called '{other}', or it lacks a word")),
        };
        while let [option, tail @ ..] = rest {
            let option = text(option).to_ascii_uppercase();
            (fault, rest) = match (option.as_str(), tail) {
                ("ON", [command, tail @ ..]) => (fault.on(text(command)), tail),
                ("KEY", [pattern, tail @ ..]) => (fault.key(pattern), tail),
                ("AFTER", [count, tail @ ..]) => (fault.after(number(count)?), tail),
                ("TIMES", [count, tail @ ..]) => (fault.times(number(count)?), tail),
                ("PERCONNECTION", tail) => (fault.per_connection(), tail),
                _ => return Err(format!("'{option}' is no part of a fault, or lacks a word")),
            };
        }
        Ok(fault)
    }
}

fn has(node: Option<&Node>, flag: Flags) -> bool {
    node.is_some_and(|node| node.row.flags.contains(flag))
}

/// A fault that was ordered, and how often it was met.
#[derive(Debug)]
pub(super) struct Ordered {
    pub(super) id: FaultId,
    pub(super) fault: Fault,
    /// By connection, or all under 0.
    met: HashMap<u64, u64>,
    /// How often it struck.
    pub(super) struck: u64,
}

impl Ordered {
    pub(super) fn new(id: FaultId, fault: Fault) -> Ordered {
        Ordered { id, fault, met: HashMap::new(), struck: 0 }
    }

    /// Whether it strikes a command, or a connection, that it fits.
    pub(super) fn strikes(&mut self, client: u64) -> bool {
        let met = self.met.entry(if self.fault.each { client } else { 0 }).or_default();
        let place = *met;
        *met += 1;
        let strikes = place >= self.fault.after
            && self.fault.times.is_none_or(|times| place - self.fault.after < times);
        self.struck += u64::from(strikes);
        strikes
    }
}
