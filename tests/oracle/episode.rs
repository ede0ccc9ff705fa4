//! Plays one sequence on two servers, and makes one that they answer differently small.

use std::collections::BTreeMap;
use std::io::Result;
use std::time::Duration;

use crate::compare;
use crate::differences::Pair;
use crate::events::{EVENTS, Ear};
use crate::families::{DUMP, OTHER, WAIT};
use crate::seeds;
use crate::support::Server;
use crate::wire::{Client, Raw, Tree};
use crate::words::Words;

/// The first command that the two answered differently.
#[derive(Debug, Clone)]
pub(crate) struct Mismatch {
    /// The command's place in the sequence; its length for the look at all keys after the last.
    pub at: usize,
    pub ours: String,
    pub theirs: String,
}

/// Two servers that should not be told apart.
#[derive(Debug)]
pub(crate) struct Stage<'s> {
    pub ours: &'s Server,
    pub theirs: &'s Server,
    /// Which two they are, for the differences that are known.
    pub pair: Pair,
    /// 2 or 3.
    pub protocol: u8,
    /// Whether keyspace notifications are compared, too.
    pub events: bool,
}

impl Stage<'_> {
    /// Plays `sequence` from empty servers on new connections.
    pub(crate) fn play(&self, sequence: &[Words]) -> Option<Mismatch> {
        let mut ours = Player::enter(self.ours, self.protocol, self.events);
        let mut theirs = Player::enter(self.theirs, self.protocol, self.events);
        let dump = vec![DUMP.to_vec()];
        for (at, words) in sequence.iter().chain([&dump]).enumerate() {
            let (mut a, mut b) = (ours.step(words), theirs.step(words));
            if !self.same(&mut a, &mut b) {
                return Some(Mismatch { at, ours: shown(&a), theirs: shown(&b) });
            }
        }
        None
    }

    /// Compares the replies to one step; of those that differ, leaves what differs.
    fn same(&self, ours: &mut Result<Replies>, theirs: &mut Result<Replies>) -> bool {
        let (Ok(a), Ok(b)) = (ours, theirs) else { return false };
        if a.len() != b.len() {
            return false;
        }
        let same: Vec<bool> = (a.iter().zip(&*b))
            .map(|((asked, a), (also, b))| {
                asked == also && (compare::same(asked, a, b) || self.pair.known(asked, a, b))
            })
            .collect();
        let (mut left, mut right) = (same.iter(), same.iter());
        a.retain(|_| left.next() == Some(&false));
        b.retain(|_| right.next() == Some(&false));
        a.is_empty()
    }

    /// Drops commands as long as some difference stays.
    pub(crate) fn shrink(&self, sequence: &[Words], mismatch: Mismatch) -> (Vec<Words>, Mismatch) {
        let mut kept = sequence[..sequence.len().min(mismatch.at + 1)].to_vec();
        let mut found = mismatch;
        let mut size = kept.len().div_ceil(2);
        loop {
            let mut start = 0;
            while start < kept.len() {
                let mut fewer = kept.clone();
                fewer.drain(start..(start + size).min(kept.len()));
                match self.play(&fewer) {
                    Some(mismatch) => (kept, found) = (fewer, mismatch),
                    None => start += size,
                }
            }
            if size == 1 {
                kept.truncate(found.at + 1);
                return (kept, found);
            }
            size = size.div_ceil(2);
        }
    }
}

/// The thresholds of encodings that generators change, and what they are at first.
const THRESHOLDS: &[&str] = &[
    "list-max-listpack-size -2",
    "hash-max-listpack-entries 512",
    "hash-max-listpack-value 64",
    "set-max-intset-entries 512",
    "set-max-listpack-entries 128",
    "set-max-listpack-value 64",
    "zset-max-listpack-entries 128",
    "zset-max-listpack-value 64",
    "hll-sparse-max-bytes 3000",
    "stream-node-max-entries 100",
];

/// The command that reads all of a value, by its type.
fn reading(kind: &[u8]) -> &'static [&'static str] {
    match kind {
        b"list" => &["LRANGE", "0", "-1"],
        b"set" => &["SMEMBERS"],
        b"hash" => &["HGETALL"],
        b"zset" => &["ZRANGE", "0", "-1", "WITHSCORES"],
        b"stream" => &["XINFO", "STREAM", "FULL", "COUNT", "0"],
        _ => &["GET"],
    }
}

/// What was asked in one step and answered: most ask once; a dump asks about every key.
type Replies = Vec<(Words, Raw)>;

struct Player<'s> {
    server: &'s Server,
    client: Client,
    /// A connection that meddles, once there is one.
    other: Option<Client>,
    /// The commands that wait for EXEC.
    queued: Option<Vec<Words>>,
    /// A connection that listens to keyspace notifications.
    ear: Option<Ear>,
}

impl<'s> Player<'s> {
    fn enter(server: &'s Server, protocol: u8, events: bool) -> Player<'s> {
        let mut client =
            Client::connect(server.address()).expect("a server that was started accepts");
        let mut ask = |line: &str| {
            let words = line.split(' ').map(|word| word.as_bytes().to_vec()).collect();
            client.call(&words).expect("a server that was started answers")
        };
        ask("FLUSHALL");
        // What a sequence before may have changed. A server may not have all of them.
        for threshold in THRESHOLDS {
            ask(&format!("CONFIG SET {threshold}"));
        }
        if protocol == 3 {
            assert!(!ask("HELLO 3").tree.is_error(), "RESP3 is refused");
        }
        let ear = events.then(|| {
            let set = ["CONFIG", "SET", "notify-keyspace-events", "EAnm"];
            client.call(&set.map(|word| word.as_bytes().to_vec()).to_vec()).expect("an answer");
            Ear::open(server)
        });
        Player { server, client, other: None, queued: None, ear }
    }

    /// One step, and what was told of keys meanwhile.
    fn step(&mut self, words: &Words) -> Result<Replies> {
        let kills = words.len() > 1 && words[1].eq_ignore_ascii_case(b"KILL");
        if self.ear.is_some() && kills {
            // It could be the one that listens.
            return Ok(Vec::new());
        }
        let mut replies = self.play(words)?;
        let Some(ear) = &mut self.ear else { return Ok(replies) };
        let heard = ear.listen()?;
        // Keys expire when a server gets to it.
        if ![DUMP, WAIT].contains(&words[0].as_slice()) {
            let mut asked = vec![EVENTS.to_vec()];
            asked.extend(words.iter().cloned());
            replies.push((asked, heard));
        }
        Ok(replies)
    }

    fn play(&mut self, words: &Words) -> Result<Replies> {
        match words[0].as_slice() {
            WAIT => {
                let ms =
                    std::str::from_utf8(&words[1]).ok().and_then(|ms| ms.parse().ok()).unwrap_or(0);
                std::thread::sleep(Duration::from_millis(ms));
                Ok(Vec::new())
            }
            // Between MULTI and EXEC there is nothing to see.
            DUMP if self.queued.is_some() => Ok(Vec::new()),
            DUMP => self.dump(),
            OTHER => {
                let client = self.other.get_or_insert_with(|| {
                    Client::connect(self.server.address())
                        .expect("a server that was started accepts")
                });
                let words = words[1..].to_vec();
                let reply = client.call(&words)?;
                Ok(vec![(words, reply)])
            }
            _ if self.queued.is_some() => self.in_transaction(words),
            name if name.eq_ignore_ascii_case(b"MULTI") => {
                let reply = self.client.call(words)?;
                if !reply.tree.is_error() {
                    self.queued = Some(Vec::new());
                }
                Ok(vec![(words.clone(), reply)])
            }
            name if name.eq_ignore_ascii_case(b"SCAN") => self.scan(words, 1, 1),
            name if name.eq_ignore_ascii_case(b"SSCAN") => self.scan(words, 2, 1),
            // Fields go with their values, members with their scores, unless those are left out.
            name if name.eq_ignore_ascii_case(b"HSCAN") && words.len() > 2 => {
                let bare = words.iter().any(|word| word.eq_ignore_ascii_case(b"NOVALUES"));
                self.scan(words, 2, if bare { 1 } else { 2 })
            }
            name if name.eq_ignore_ascii_case(b"ZSCAN") && words.len() > 2 => {
                let bare = words.iter().any(|word| word.eq_ignore_ascii_case(b"NOSCORES"));
                self.scan(words, 2, if bare { 1 } else { 2 })
            }
            name if name.eq_ignore_ascii_case(b"DBSIZE") => {
                // Older servers store a key that is set with a time long past, and count it until
                // they meet it; a scan meets all.
                self.scan(
                    &[&b"SCAN"[..], b"0", b"COUNT", b"1000"].map(<[u8]>::to_vec).to_vec(),
                    1,
                    1,
                )?;
                Ok(vec![(words.clone(), self.client.call(words)?)])
            }
            name if is_sort(name) => {
                // Other servers take a number that an earlier command found out of range for one of
                // SORT's, since nobody clears C's errno; this does, and changes nothing.
                self.client
                    .call(&[&b"INCRBYFLOAT"[..], b"k", b"x"].map(<[u8]>::to_vec).to_vec())?;
                Ok(vec![(words.clone(), self.client.call(words)?)])
            }
            _ => Ok(vec![(words.clone(), self.client.call(words)?)]),
        }
    }

    /// One command between MULTI and EXEC, or the one that ends it: then each queued command with
    /// its own reply.
    fn in_transaction(&mut self, words: &Words) -> Result<Replies> {
        if !belongs(words) {
            return Ok(Vec::new());
        }
        let reply = self.client.call(words)?;
        let queued = self.queued.as_mut().expect("in a transaction");
        if reply.tree.text() == Some(b"QUEUED") {
            queued.push(words.clone());
        }
        if words[0].eq_ignore_ascii_case(b"EXEC")
            && let Some(items) = reply.tree.items()
            && items.len() == queued.len()
        {
            let raw = |tree: &Tree| Raw { bytes: tree.bytes(), tree: tree.clone() };
            let replies = queued.drain(..).zip(items.iter().map(raw)).collect();
            self.queued = None;
            return Ok(replies);
        }
        let ends =
            matches!(words[0].to_ascii_uppercase().as_slice(), b"EXEC" | b"DISCARD" | b"RESET");
        // A wrong number of words ends no transaction but EXEC's.
        if ends && (words.len() == 1 || words[0].eq_ignore_ascii_case(b"EXEC")) {
            self.queued = None;
        }
        Ok(vec![(words.clone(), reply)])
    }

    /// Follows the cursor to its end and answers with what was seen, in order and each once:
    /// the order, the cursors and repetitions are the server's own. The cursor is word `at`; so many
    /// items belong together.
    fn scan(&mut self, words: &Words, at: usize, together: usize) -> Result<Replies> {
        let asked = words;
        let mut words = words.clone();
        let mut seen = BTreeMap::new();
        loop {
            let reply = self.client.call(&words)?;
            let Some([cursor, Tree::List(_, Some(items))]) = reply.tree.items() else {
                return Ok(vec![(asked.clone(), reply)]);
            };
            for items in items.chunks(together) {
                let items = Tree::List(b'*', Some(items.to_vec()));
                seen.insert(format!("{items:?}"), items);
            }
            if cursor.text() == Some(b"0") {
                let tree = Tree::List(b'*', Some(seen.into_values().collect()));
                return Ok(vec![(
                    asked.clone(),
                    Raw { bytes: format!("{tree:?}").into_bytes(), tree },
                )]);
            }
            words[at] = cursor.text().unwrap_or_default().to_vec();
        }
    }

    /// Everything there is to see of the selected database.
    fn dump(&mut self) -> Result<Replies> {
        let mut replies = Vec::new();
        let all = self.client.call(&vec![b"KEYS".to_vec(), b"*".to_vec()])?;
        let mut keys: Vec<Vec<u8>> = all
            .tree
            .items()
            .unwrap_or_default()
            .iter()
            .filter_map(|key| key.text().map(<[u8]>::to_vec))
            .collect();
        keys.sort();
        for key in keys {
            let kind = self.client.call(&vec![b"TYPE".to_vec(), key.clone()])?;
            let read = reading(kind.tree.text().unwrap_or_default());
            for question in [&["TYPE"][..], read, &["OBJECT", "ENCODING"], &["PTTL"]] {
                let mut words: Words =
                    question.iter().map(|word| word.as_bytes().to_vec()).collect();
                let place = if ["OBJECT", "XINFO"].contains(&question[0]) { 2 } else { 1 };
                words.insert(place, key.clone());
                let mut reply = self.client.call(&words)?;
                // The time left is compared by its sign alone; PTTL itself is drawn often enough.
                if let (&["PTTL"], Some(left)) = (question, reply.tree.integer()) {
                    let sign = left.signum().to_string().into_bytes();
                    reply = Raw { bytes: sign.clone(), tree: Tree::Line(b':', sign) };
                }
                replies.push((words, reply));
            }
        }
        Ok(replies)
    }
}

/// Whether a command is played between MULTI and EXEC: there a difference that is known, such as an
/// arity that Redis and Valkey see differently, would decide whether the others run. Nor is one that
/// gives a key milliseconds to live: the wait until they are over would come before EXEC.
fn belongs(words: &Words) -> bool {
    let name = words[0].to_ascii_uppercase();
    let short = words.iter().any(|word| word.eq_ignore_ascii_case(b"PX"));
    !short
        && matches!(
            &*name,
            b"EXEC"
                | b"DISCARD"
                | b"UNWATCH"
                | b"RESET"
                | b"SELECT"
                | b"PING"
                | b"SET"
                | b"GET"
                | b"SETNX"
                | b"GETSET"
                | b"GETDEL"
                | b"MGET"
                | b"MSET"
                | b"MSETNX"
                | b"APPEND"
                | b"STRLEN"
                | b"GETRANGE"
                | b"SETRANGE"
                | b"INCR"
                | b"DECR"
                | b"INCRBY"
                | b"DECRBY"
                | b"INCRBYFLOAT"
                | b"DEL"
                | b"UNLINK"
                | b"EXISTS"
                | b"TYPE"
                | b"TOUCH"
                | b"RENAME"
                | b"RENAMENX"
                | b"COPY"
                | b"MOVE"
                | b"RANDOMKEY"
                | b"KEYS"
                | b"SWAPDB"
                | b"FLUSHDB"
                | b"FLUSHALL"
                | b"RPUSH"
                | b"LPOP"
                | b"LRANGE"
                | b"SADD"
                | b"SREM"
                | b"SCARD"
                | b"HSET"
                | b"HGET"
                | b"HDEL"
                | b"HLEN"
                | b"ZADD"
                | b"ZREM"
                | b"ZSCORE"
                | b"ZRANGE"
        )
}

fn is_sort(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"SORT") || name.eq_ignore_ascii_case(b"SORT_RO")
}

fn shown(replies: &Result<Replies>) -> String {
    match replies {
        Err(e) => format!("no reply: {e}"),
        Ok(replies) => {
            let shown: Vec<String> = replies
                .iter()
                .map(|(asked, reply)| {
                    format!("{}: {}", seeds::line(asked), reply.bytes.escape_ascii())
                })
                .collect();
            shown.join("\n           ")
        }
    }
}
