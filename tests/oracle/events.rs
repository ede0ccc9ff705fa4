//! Keyspace notifications: a connection that listens beside the one that gives commands.

use std::io::Result;

use crate::differences::Pair;
use crate::families::OTHER;
use crate::support::Server;
use crate::wire::{Client, Raw, Tree};
use crate::words::Words;

/// Stands before a command's words where what it caused to be told is compared.
pub(crate) const EVENTS: &[u8] = b"~EVENTS";

/// A connection that listens.
#[derive(Debug)]
pub(crate) struct Ear(Client);

/// What is told when a server gets to it, and not by a command.
const AT_LEISURE: &[&str] = &["expired", "hexpired"];

impl Ear {
    pub(crate) fn open(server: &Server) -> Ear {
        let mut client =
            Client::connect(server.address()).expect("a server that was started accepts");
        client.call(&words(&["PSUBSCRIBE", "__key*__:*"])).expect("a confirmation");
        Ear(client)
    }

    /// All that was told until now: the database, the event and the key of each.
    pub(crate) fn listen(&mut self) -> Result<Raw> {
        self.0.send(&words(&["PING", "now"]))?;
        let mut told = Vec::new();
        loop {
            let raw = self.0.receive()?;
            match raw.tree.items() {
                Some([kind, _, channel, key]) if kind.text() == Some(b"pmessage") => {
                    let channel = String::from_utf8_lossy(channel.text().unwrap_or_default());
                    let name = channel.trim_start_matches("__keyevent@");
                    if !AT_LEISURE.iter().any(|late| name.ends_with(&format!("__:{late}"))) {
                        let line = [name.as_bytes(), b" ", key.text().unwrap_or_default()].concat();
                        told.push(Tree::Bulk(b'$', Some(line)));
                    }
                }
                _ => break,
            }
        }
        let tree = Tree::List(b'*', Some(told));
        Ok(Raw { bytes: tree.bytes(), tree })
    }
}

fn words(words: &[&str]) -> Words {
    words.iter().map(|word| word.as_bytes().to_vec()).collect()
}

/// Events that some commands cause here and not there.
struct Row {
    commands: &'static [&'static str],
    events: &'static [&'static str],
    /// Against whom; everybody, if it is left out.
    against: Option<Pair>,
    /// Why this is no mistake.
    #[expect(dead_code, reason = "for the reader of this table")]
    why: &'static str,
}

const ROWS: &[Row] = &[
    Row {
        commands: &["SORT", "SORT_RO"],
        events: &["keymiss"],
        against: None,
        why: "the order of a set's members is a server's own, and so is where SORT meets what is no number",
    },
    Row {
        commands: &["XREAD", "XREADGROUP"],
        events: &["keymiss"],
        against: None,
        why: "real servers look up twice each stream that is read",
    },
    Row {
        commands: &["SCAN", "KEYS", "RANDOMKEY"],
        events: &["keymiss"],
        against: None,
        why: "Redis 7.0 looks up what it meets to ask for its type, and tells of what has expired",
    },
    Row {
        commands: &["GETEX", "HGETEX"],
        events: &["keymiss"],
        against: None,
        why: "what is looked at first, the key or a time that is none, differs among servers",
    },
    Row {
        commands: &["BITPOS", "BITCOUNT", "HSCAN", "SSCAN", "ZSCAN"],
        events: &["keymiss"],
        against: Some(Pair::DanioRedis7),
        why: "Redis 7.0 looks for a key before it reads all words",
    },
    Row {
        commands: &["XREADGROUP", "XCLAIM", "XAUTOCLAIM", "XGROUP"],
        events: &["xgroup-createconsumer"],
        against: Some(Pair::DanioRedis7),
        why: "Redis 7.0 makes a consumer only when it gives it something, and does not tell",
    },
    Row {
        commands: &["SET"],
        events: &["del", "new", "set", "expire"],
        against: Some(Pair::DanioRedis7),
        why: "Redis 7.0 stores what expires at once, and has it expire",
    },
    Row {
        commands: &["EXPIRE", "EXPIREAT", "PEXPIRE", "PEXPIREAT", "SET", "GETEX"],
        events: &["del"],
        against: Some(Pair::DanioValkey9),
        why: "in Valkey 9 what is given a time that is past has expired; in Redis it is deleted",
    },
    Row {
        commands: &["MSETEX", "HSETEX"],
        events: &["del", "new", "set", "expire", "hset", "hexpire"],
        against: Some(Pair::DanioValkey9),
        why: "Valkey 9 stores what it is given a time for that is past, and has it expire",
    },
];

/// Whether what was told differs as is known.
pub(crate) fn same(pair: Pair, words: &[Vec<u8>], ours: &Raw, theirs: &Raw) -> bool {
    let words = if words[0] == OTHER { &words[1..] } else { words };
    let is = |name: &&str| words[0].eq_ignore_ascii_case(name.as_bytes());
    let rows = ROWS.iter().filter(|row| {
        row.against.is_none_or(|against| against == pair)
            && (row.commands.iter().any(is) || is(&"EXEC"))
    });
    let ignored: Vec<&str> = rows.flat_map(|row| row.events.iter().copied()).collect();
    let left = |raw: &Raw| -> Vec<Vec<u8>> {
        let lines = raw.tree.items().unwrap_or_default().iter().filter_map(Tree::text);
        lines.filter(|line| !ignored.contains(&event(line).as_str())).map(<[u8]>::to_vec).collect()
    };
    left(ours) == left(theirs)
}

/// The event's name in a line that [`Ear::listen`] made.
fn event(line: &[u8]) -> String {
    let line = String::from_utf8_lossy(line);
    let name = line.split_once("__:").map_or("", |(_, rest)| rest);
    name.split(' ').next().unwrap_or_default().to_owned()
}
