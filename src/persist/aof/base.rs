//! A base of commands (`aof-use-rdb-preamble no`): each key as the commands that make it, those that Redis writes.
//!
//! | key | commands |
//! |---|---|
//! | string | `SET` |
//! | list, set, sorted set | `RPUSH`, `SADD`, `ZADD`, each of 64 elements at most |
//! | hash | `HMSET`, and `HPEXPIREAT` for each field with a time |
//! | stream | `XADD` for each entry, `XSETID`; `XGROUP CREATE` for each group, and for what its consumers have not acknowledged `XCLAIM`, for what they gave back `XNACK` |
//! | a stream that no such commands make | `RESTORE` |
//! | what expires | `PEXPIREAT` behind it |
//!
//! What no command makes is not kept, as it is not in Redis: when a key was used, and when a consumer was seen.

use crate::clock::Millis;
use crate::ds::stream_log::{IdText, StreamId};
use crate::journal::spell::{begin, command, select, timestamp, word};
use crate::keyspace::entry::Entry;
use crate::keyspace::{CutSize, Keyspace};
use crate::persist::rdb::{self, Target};
use crate::persist::walk::Form;
use crate::text::double;
use crate::value::Type;
use crate::value::hash::StoredHash;
use crate::value::list::ListRef;
use crate::value::set::SetRef;
use crate::value::stream::{Consumer, Group, StreamRef};
use crate::value::string::Digits;
use crate::value::zset::ZSetRef;

/// Elements in one command, at most.
const BATCH: usize = 64;
const KNOWN: &str = "the type is the entry's own";

/// Keys as commands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Commands {
    /// `aof-timestamp-enabled`: whether the file says at its beginning what time it is.
    pub(super) timestamp: bool,
    /// `rdbcompression`, of streams that are written as payloads.
    pub(super) compress: bool,
}

impl Form for Commands {
    type Scratch = ();

    fn begin(&self, keyspace: &Keyspace, to: &mut Vec<u8>) {
        if self.timestamp {
            timestamp(to, keyspace.clock.now().0.div_euclid(1000));
        }
    }

    fn select(&self, db: u32, _: Option<CutSize>, to: &mut Vec<u8>) {
        select(to, db);
    }

    fn key(&self, entry: &Entry, (): &mut (), to: &mut Vec<u8>) {
        let key = entry.key();
        match entry.kind() {
            Type::String => {
                let mut digits = Digits::new();
                let value = entry.string().expect(KNOWN);
                command(to, 3, [b"SET", key, value.bytes(&mut digits)].into_iter());
            }
            Type::List => list(key, entry.view().expect(KNOWN), to),
            Type::Set => set(key, entry.view().expect(KNOWN), to),
            Type::SortedSet => zset(key, entry.view().expect(KNOWN), to),
            Type::Hash => hash(key, entry.view().expect(KNOWN), to),
            Type::Stream => match entry.view::<StreamRef<'_>>().expect(KNOWN) {
                its if needs_payload(its) => self.restore(key, entry, to),
                its => stream(key, its, to),
            },
        }
        if let Some(at) = entry.expiry() {
            let mut digits = Digits::new();
            command(to, 3, [b"PEXPIREAT", key, digits.format(at.0).as_bytes()].into_iter());
        }
    }

    fn end(&self, _: &mut Vec<u8>) {}
}

impl Commands {
    fn restore(self, key: &[u8], entry: &Entry, to: &mut Vec<u8>) {
        let target = rdb::asks_for(entry).unwrap_or(Target::REDIS_7_0);
        let payload = rdb::dump_for(entry, target, Millis(i64::MIN), self.compress);
        command(to, 4, [b"RESTORE", key, b"0", &payload].into_iter());
    }
}

/// Begins the command that adds the next elements of `left`, `width` words each, if it is time for one.
fn batch(name: &[u8], key: &[u8], at: usize, len: usize, width: usize, to: &mut Vec<u8>) {
    if at.is_multiple_of(BATCH) {
        begin(to, 2 + width * (len - at).min(BATCH));
        word(to, name);
        word(to, key);
    }
}

fn list(key: &[u8], list: ListRef<'_>, to: &mut Vec<u8>) {
    let mut digits = Digits::new();
    for (at, element) in list.iter_from(0).enumerate() {
        batch(b"RPUSH", key, at, list.len(), 1, to);
        word(to, element.bytes(&mut digits));
    }
}

fn set(key: &[u8], set: SetRef<'_>, to: &mut Vec<u8>) {
    let mut digits = Digits::new();
    for (at, member) in set.iter().enumerate() {
        batch(b"SADD", key, at, set.len(), 1, to);
        word(to, member.bytes(&mut digits));
    }
}

fn zset(key: &[u8], zset: ZSetRef<'_>, to: &mut Vec<u8>) {
    let (mut digits, mut text) = (Digits::new(), Vec::new());
    for (at, (member, score)) in zset.iter().enumerate() {
        batch(b"ZADD", key, at, zset.len(), 2, to);
        text.clear();
        double::write(score, &mut text);
        word(to, &text);
        word(to, member.bytes(&mut digits));
    }
}

fn hash(key: &[u8], stored: StoredHash<'_>, to: &mut Vec<u8>) {
    let (mut digits, mut time) = (Digits::new(), Digits::new());
    // All fields, those past their time but not yet reclaimed among them: they keep it.
    let hash = stored.at(|| Millis(i64::MIN));
    for (at, field) in hash.iter().enumerate() {
        batch(b"HMSET", key, at, hash.len(), 2, to);
        word(to, field.name.bytes(&mut digits));
        word(to, field.value.bytes(&mut digits));
    }
    if stored.due().is_none() {
        return;
    }
    for field in hash.iter() {
        let Some(at) = field.expiry else { continue };
        let (at, name) = (time.format(at.0).as_bytes(), field.name.bytes(&mut digits));
        command(to, 6, [b"HPEXPIREAT", key, at, b"FIELDS", b"1", name].into_iter());
    }
}

/// Whether a stream knows of producers, or of pending entries that were deleted: no command says so.
fn needs_payload(stream: StreamRef<'_>) -> bool {
    let is_there = |id: &StreamId| stream.log().contains(*id);
    stream.idempotency().is_some()
        || stream.groups().any(|(_, group)| !group.pending().iter().all(|(id, _)| is_there(id)))
}

fn stream(key: &[u8], stream: StreamRef<'_>, to: &mut Vec<u8>) {
    let (mut id, mut other, mut digits) = (IdText::new(), IdText::new(), Digits::new());
    let position = stream.position();
    for entry in stream.log().range(StreamId::MIN, StreamId::MAX) {
        begin(to, 3 + 2 * entry.fields.len());
        [b"XADD", key, entry.id.format(&mut id)].into_iter().for_each(|of| word(to, of));
        for (field, value) in entry.fields {
            word(to, field.bytes(&mut digits));
            word(to, value.bytes(&mut digits));
        }
    }
    if position.len == 0 {
        // An entry that makes the stream, and does not stay.
        command(to, 7, [b"XADD", key, b"MAXLEN", b"0", b"0-1", b"x", b"y"].into_iter());
    }
    let words: [&[u8]; 7] = [
        b"XSETID",
        key,
        position.last_id.format(&mut id),
        b"ENTRIESADDED",
        digits.format(position.entries_added).as_bytes(),
        b"MAXDELETEDID",
        position.max_deleted.format(&mut other),
    ];
    command(to, words.len(), words.into_iter());
    for (name, its) in stream.groups() {
        group(key, name, its, to);
    }
}

fn group(key: &[u8], name: &[u8], group: &Group, to: &mut Vec<u8>) {
    let (mut id, mut read) = (IdText::new(), Digits::new());
    let words: [&[u8]; 7] = [
        b"XGROUP",
        b"CREATE",
        key,
        name,
        group.last_id.format(&mut id),
        b"ENTRIESREAD",
        read.format(group.entries_read.unwrap_or(-1)).as_bytes(),
    ];
    command(to, words.len(), words.into_iter());
    for its in group.consumers() {
        if its.pending() == 0 {
            let words: [&[u8]; 5] = [b"XGROUP", b"CREATECONSUMER", key, name, its.name()];
            command(to, words.len(), words.into_iter());
        }
        consumer(key, name, group, its, to);
    }
    given_back(key, name, group, to);
}

fn given_back(key: &[u8], name: &[u8], group: &Group, to: &mut Vec<u8>) {
    let (mut text, mut digits) = (IdText::new(), Digits::new());
    let count = |id: &StreamId| group.pending().get(id).expect("it is pending").count;
    let ids = group.in_turn();
    for run in ids.chunk_by(|a, b| count(a) == count(b)).flat_map(|run| run.chunks(BATCH)) {
        begin(to, 9 + run.len());
        let words: [&[u8]; 5] = [b"XNACK", key, name, b"FAIL", b"IDS"];
        words.into_iter().for_each(|of| word(to, of));
        word(to, digits.format(run.len() as i64).as_bytes());
        run.iter().for_each(|id| word(to, id.format(&mut text)));
        let words: [&[u8]; 3] = [b"RETRYCOUNT", digits.format(count(&run[0])).as_bytes(), b"FORCE"];
        words.into_iter().for_each(|of| word(to, of));
    }
}

fn consumer(key: &[u8], name: &[u8], group: &Group, consumer: &Consumer, to: &mut Vec<u8>) {
    let (mut text, mut time, mut count) = (IdText::new(), Digits::new(), Digits::new());
    for id in consumer.pending_from(StreamId::MIN) {
        let pending = group.pending().get(&id).expect("what is a consumer's is its group's");
        let words: [&[u8]; 12] = [
            b"XCLAIM",
            key,
            name,
            consumer.name(),
            b"0",
            id.format(&mut text),
            b"TIME",
            time.format(pending.delivered.0).as_bytes(),
            b"RETRYCOUNT",
            count.format(pending.count).as_bytes(),
            b"JUSTID",
            b"FORCE",
        ];
        command(to, words.len(), words.into_iter());
    }
}
