//! Which connections CLIENT LIST shows and CLIENT KILL ends.

use std::sync::atomic::Ordering::Relaxed;

use crate::clock::Millis;
use crate::command::args::Args;
use crate::command::client::Client;
use crate::command::parse::{self, is};
use crate::command::row::Arg;
use crate::error::{Error, Result};

/// The options as `COMMAND DOCS` shows them, those that Redis has first.
pub(super) const ARGUMENTS: &[Arg] = &[
    Arg::one_of("client-type", TYPES).token("TYPE").optional().since("5.0.0"),
    Arg::integer("client-id").token("ID").optional().multiple().since("6.2.0"),
    Arg::string("username").token("USER").optional(),
    Arg::string("addr").token("ADDR").optional(),
    Arg::string("laddr").token("LADDR").optional().since("6.2.0"),
    Arg::one_of("skipme", &[Arg::word("yes", "YES"), Arg::word("no", "NO")])
        .token("SKIPME")
        .optional(),
    Arg::integer("maxage").token("MAXAGE").optional().since("7.4.0"),
    Arg::string("name").token("NAME").optional(),
    Arg::integer("idle").token("IDLE").optional(),
    Arg::string("flags").token("FLAGS").optional(),
    Arg::string("lib-name").token("LIB-NAME").optional(),
    Arg::string("lib-ver").token("LIB-VER").optional(),
    Arg::integer("db").token("DB").optional(),
    Arg::string("capa").token("CAPA").optional(),
    Arg::string("ip").token("IP").optional(),
    Arg::one_of("not-client-type", TYPES).token("NOT-TYPE").optional(),
    Arg::integer("not-client-id").token("NOT-ID").optional().multiple(),
    Arg::string("not-username").token("NOT-USER").optional(),
    Arg::string("not-addr").token("NOT-ADDR").optional(),
    Arg::string("not-laddr").token("NOT-LADDR").optional(),
    Arg::string("not-name").token("NOT-NAME").optional(),
    Arg::string("not-flags").token("NOT-FLAGS").optional(),
    Arg::string("not-lib-name").token("NOT-LIB-NAME").optional(),
    Arg::string("not-lib-ver").token("NOT-LIB-VER").optional(),
    Arg::integer("not-db").token("NOT-DB").optional(),
    Arg::string("not-capa").token("NOT-CAPA").optional(),
    Arg::string("not-ip").token("NOT-IP").optional(),
];

const TYPES: &[Arg] = &[
    Arg::word("normal", "NORMAL"),
    Arg::word("master", "MASTER"),
    Arg::word("slave", "SLAVE"),
    Arg::word("replica", "REPLICA"),
    Arg::word("pubsub", "PUBSUB"),
];

/// A choice among connections: all conditions that are given must hold.
#[derive(Debug, Default)]
pub(super) struct Filter<'a> {
    /// Each with whether it has to hold; it has not to behind `NOT-`.
    conditions: Vec<(bool, Condition<'a>)>,
    skip_own: bool,
}

/// One condition.
#[derive(Debug)]
enum Condition<'a> {
    Ids(Vec<u64>),
    /// The peer's address with its port, or without.
    Addr(&'a [u8]),
    Ip(&'a [u8]),
    Laddr(&'a [u8]),
    Name(&'a [u8]),
    LibName(&'a [u8]),
    LibVer(&'a [u8]),
    /// All of these letters.
    Flags(&'a [u8]),
    Db(u32),
    /// At least so many seconds old, and idle.
    Age(i64),
    Idle(i64),
    /// Whether it listens to channels; `None` for a type that no connection is of.
    Type(Option<bool>),
    /// What holds for all connections, or for none: all belong to the user `default` and claim
    /// no capability.
    Any(bool),
}

/// Which command's options they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asker {
    List,
    Kill,
}

/// The names of options, without `NOT-`.
static OPTIONS: [&str; 15] = [
    "addr", "capa", "db", "flags", "id", "idle", "ip", "laddr", "lib-name", "lib-ver", "maxage",
    "name", "skipme", "type", "user",
];

/// The letters that `flags` can have, in Redis or Valkey.
const FLAGS: &[u8] = b"AbBcdeEiIMNOPrRStTuUx";

impl<'a> Filter<'a> {
    /// The options of `CLIENT LIST`; `databases` is how many there are.
    pub(super) fn for_list(args: Args<'a>, databases: u32) -> Result<Filter<'a>> {
        Filter::parse(args, Asker::List, databases)
    }

    /// The options of `CLIENT KILL` in its new form.
    pub(super) fn for_kill(args: Args<'a>, databases: u32) -> Result<Filter<'a>> {
        Filter::parse(args, Asker::Kill, databases)
    }

    fn parse(args: Args<'a>, asker: Asker, databases: u32) -> Result<Filter<'a>> {
        let mut filter = Filter { skip_own: asker == Asker::Kill, ..Filter::default() };
        let mut at = 2;
        while let Some(option) = args.get(at) {
            let value = args.get(at + 1).ok_or(Error::Syntax)?;
            at += 2;
            if is(option, "skipme") {
                filter.skip_own = match value {
                    value if is(value, "yes") => true,
                    value if is(value, "no") => false,
                    _ => return Err(Error::Syntax),
                };
                continue;
            }
            let (wanted, name) = bare(option);
            let condition = if is(name, "id") {
                let mut ids = vec![id(value, asker)?];
                while let Some(more) = args.get(at).filter(|word| is_one_of_several(word, asker)) {
                    ids.push(id(more, asker)?);
                    at += 1;
                }
                Condition::Ids(ids)
            } else {
                Condition::parse(name, value, databases)?
            };
            let absolute = matches!(condition, Condition::Age(_) | Condition::Idle(_));
            if absolute && !wanted {
                return Err(Error::Syntax);
            }
            filter.conditions.push((wanted, condition));
        }
        Ok(filter)
    }

    /// Whether `client` is one of those chosen by the connection `own`.
    pub(super) fn chooses(&self, client: &Client, own: &Client, now: Millis) -> bool {
        !(self.skip_own && client.id == own.id)
            && self
                .conditions
                .iter()
                .all(|(wanted, condition)| condition.holds(client, now) == *wanted)
    }
}

/// An option's name without `NOT-`, and whether it was without.
fn bare(option: &[u8]) -> (bool, &[u8]) {
    match option.get(..4) {
        Some(not) if is(not, "not-") => (false, &option[4..]),
        _ => (true, option),
    }
}

/// Whether a word behind an id is one more id. CLIENT KILL takes it for an option if it is
/// no number, and CLIENT LIST only if it is the name of one.
fn is_one_of_several(word: &[u8], asker: Asker) -> bool {
    let (_, name) = bare(word);
    let is_option = OPTIONS.iter().any(|option| is(name, option));
    parse::integer(word).is_ok() || (asker == Asker::List && !is_option)
}

fn id(word: &[u8], asker: Asker) -> Result<u64> {
    match asker {
        Asker::List => {
            let id = parse::integer_or(word, Error::reply("ERR Invalid client ID"))?;
            // No client has a negative id, nor the greatest one.
            Ok(id.try_into().unwrap_or(u64::MAX))
        }
        Asker::Kill => {
            let small = || Error::reply("ERR client-id should be greater than 0");
            let id = u64::try_from(parse::integer_or(word, small())?).ok();
            id.filter(|id| *id > 0).ok_or_else(small)
        }
    }
}

impl<'a> Condition<'a> {
    /// The condition `name` with its value.
    ///
    /// # Errors
    /// `Syntax` if there is none of that name; else Redis's or Valkey's words for the value.
    fn parse(name: &[u8], value: &'a [u8], databases: u32) -> Result<Condition<'a>> {
        Ok(match name {
            name if is(name, "addr") => Condition::Addr(value),
            name if is(name, "laddr") => Condition::Laddr(value),
            name if is(name, "ip") => Condition::Ip(value),
            name if is(name, "name") => Condition::Name(value),
            name if is(name, "lib-name") => Condition::LibName(value),
            name if is(name, "lib-ver") => Condition::LibVer(value),
            name if is(name, "type") => Condition::Type(client_type(value)?),
            name if is(name, "user") && value == b"default" => Condition::Any(true),
            name if is(name, "user") => return Err(Error::echo("ERR No such user '", value, "'")),
            name if is(name, "flags") => {
                if !value.iter().all(|letter| FLAGS.contains(letter)) {
                    let unknown = "ERR Unknown flags found in the provided filter: ";
                    return Err(Error::echo(unknown, value, ""));
                }
                Condition::Flags(value)
            }
            name if is(name, "capa") => {
                if value != b"r" {
                    let unknown = "ERR Unknown capa found in the provided filter: ";
                    return Err(Error::echo(unknown, value, ""));
                }
                Condition::Any(false)
            }
            name if is(name, "db") => {
                let bad = || Error::reply("ERR DB is not an integer or out of range");
                let last = databases.saturating_sub(1);
                let db = u32::try_from(parse::integer_or(value, bad())?).ok();
                Condition::Db(db.filter(|db| *db < databases).ok_or_else(|| {
                    Error::reply(format!("ERR DB number should be between 0 and {last}"))
                })?)
            }
            name if is(name, "maxage") => Condition::Age(positive(value, "maxage")?),
            name if is(name, "idle") => Condition::Idle(positive(value, "idle")?),
            _ => return Err(Error::Syntax),
        })
    }

    fn holds(&self, client: &Client, now: Millis) -> bool {
        let seconds = |since: Millis| (now.0 - since.0) / 1000;
        let addr = client.origin.addr.as_bytes();
        match self {
            Condition::Ids(ids) => ids.contains(&client.id),
            Condition::Addr(wanted) => addr == *wanted,
            Condition::Ip(wanted) => {
                let port = memchr::memrchr(b':', addr).unwrap_or(addr.len());
                addr[..port] == **wanted
            }
            Condition::Laddr(wanted) => client.origin.laddr.as_bytes() == *wanted,
            Condition::Name(wanted) => client.names.lock().name == **wanted,
            Condition::LibName(wanted) => client.names.lock().lib_name == **wanted,
            Condition::LibVer(wanted) => client.names.lock().lib_ver == **wanted,
            Condition::Flags(letters) => {
                let flags = client.flags();
                letters.iter().all(|letter| flags.as_bytes().contains(letter))
            }
            Condition::Db(db) => client.db.load(Relaxed) == *db,
            Condition::Age(least) => seconds(client.born) >= *least,
            Condition::Idle(least) => seconds(client.last_seen()) >= *least,
            Condition::Type(listens) => *listens == Some(client.is_subscriber()),
            Condition::Any(holds) => *holds,
        }
    }
}

/// Whether connections of that type listen to channels; `None` if there are none of it.
fn client_type(name: &[u8]) -> Result<Option<bool>> {
    match name {
        name if is(name, "normal") => Ok(Some(false)),
        name if is(name, "pubsub") => Ok(Some(true)),
        name if ["slave", "replica", "master", "primary"].iter().any(|kind| is(name, kind)) => {
            Ok(None)
        }
        _ => Err(Error::echo("ERR Unknown client type '", name, "'")),
    }
}

fn positive(word: &[u8], what: &str) -> Result<i64> {
    let bad = Error::reply(format!("ERR {what} is not an integer or out of range"));
    let value = parse::integer_or(word, bad)?;
    if value <= 0 {
        return Err(Error::reply(format!("ERR {what} should be greater than 0")));
    }
    Ok(value)
}
