//! Streams as they are read.
//!
//! ```text
//! stream: nodes | (first id, listpack) ... | length | last id | [2] first id, greatest deleted, added |
//!         groups | group ... | [4] producers
//! group:  name | last id | [2] read | pending | (id, delivered, count) ... | consumers | consumer ... |
//!         [5] given back | id ...
//! consumer: name | seen | [3] active | pending | id ...
//!
//! listpack: live | deleted | fields | field ... | 0 | entry ...
//! entry:    flags | ms, seq, from the node's first id | [ fields | field, value ... ] or value ... | elements
//! ```
//!
//! `[2]` is there from the second form on. A node's entries become one block of the log, so that
//! trimming by blocks goes on as it would have there.

use std::collections::BTreeMap;
use std::ops::Range;

use super::super::input::Input;
use super::super::listpack::Listpack;
use super::{Result, kind, malformed};
use crate::clock::Millis;
use crate::ds::packed::Item;
use crate::ds::stream_log::{BlockLimits, StreamId};
use crate::value::stream::{BigStream, Group, Memory, Pending, Position, Stream};

const DELETED: i64 = 1;
const SAME_FIELDS: i64 = 2;

/// Every entry begins a block.
const NEW_BLOCK: BlockLimits = BlockLimits { bytes: 1, entries: 1 };
/// No entry does.
const SAME_BLOCK: BlockLimits = BlockLimits { bytes: 0, entries: 0 };

pub(super) fn stream(of: u8, input: &mut Input<'_>) -> Result<Stream> {
    let mut stream = Stream::default();
    let made = stream.make();
    let mut last = None;
    for _ in 0..input.number()? {
        let key = input.string()?;
        let Ok(key) = <[u8; 16]>::try_from(&*key) else {
            return malformed("a stream's node is not named by an id");
        };
        Node::new(id(key)).read(&input.string()?, made, &mut last)?;
    }
    position(of, input, made)?;
    for _ in 0..input.number()? {
        let name = input.string()?.into_owned();
        let group = group(of, input, made)?;
        if !made.add_group(&name, group) {
            return malformed("a stream has a group twice");
        }
    }
    if matches!(of, kind::STREAM_4 | kind::STREAM_5) {
        producers(of, input, made)?;
    }
    Ok(stream)
}

fn id(bytes: [u8; 16]) -> StreamId {
    let number = u128::from_be_bytes(bytes);
    StreamId::new((number >> 64) as u64, number as u64)
}

/// An id as two numbers.
fn id_in_numbers(input: &mut Input<'_>) -> Result<StreamId> {
    Ok(StreamId::new(input.number()?, input.number()?))
}

/// Fields and values of one entry, end to end.
#[derive(Default)]
struct Words {
    bytes: Vec<u8>,
    pairs: Vec<(Range<usize>, Range<usize>)>,
}

impl Words {
    fn add(&mut self, field: Item<'_>, value: Item<'_>) {
        let mut word = |item: Item<'_>| {
            let from = self.bytes.len();
            self.bytes.extend_from_slice(item.bytes(&mut itoa::Buffer::new()));
            from..self.bytes.len()
        };
        let pair = (word(field), word(value));
        self.pairs.push(pair);
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.pairs.clear();
    }
}

/// A node: entries in one listpack.
struct Node {
    master: StreamId,
    words: Words,
}

impl Node {
    fn new(master: StreamId) -> Node {
        Node { master, words: Words::default() }
    }

    /// Adds the node's entries; `last` is the id of the one before, and then of its last.
    fn read(
        mut self,
        bytes: &[u8],
        stream: &mut BigStream,
        last: &mut Option<StreamId>,
    ) -> Result<()> {
        let mut pack = Listpack::new(bytes)?;
        let (live, dead) = (pack.integer()?, pack.integer()?);
        let total = live.checked_add(dead).filter(|_| live >= 0 && dead >= 0);
        let Some(total) = total.filter(|total| *total > 0) else {
            return malformed("a stream's node has an impossible number of entries");
        };
        let mut fields = Vec::new();
        for _ in 0..pack.integer()? {
            fields.push(pack.expect()?);
        }
        if pack.integer()? != 0 {
            return malformed("the fields of a stream's node do not end");
        }
        let mut deleted = Vec::new();
        for i in 0..total {
            let flags = pack.integer()?;
            let (ms, seq) = (pack.integer()?, pack.integer()?);
            let master = self.master;
            let id = StreamId::new(
                master.ms.wrapping_add(ms.cast_unsigned()),
                master.seq.wrapping_add(seq.cast_unsigned()),
            );
            if last.is_some_and(|last| id <= last) {
                return malformed("a stream's entries are out of order");
            }
            *last = Some(id);
            self.fields(&mut pack, &fields, flags & SAME_FIELDS != 0)?;
            let Words { bytes, pairs } = &self.words;
            let pairs = pairs.iter().map(|(f, v)| (&bytes[f.clone()], &bytes[v.clone()]));
            stream.load_entry(id, pairs, if i == 0 { NEW_BLOCK } else { SAME_BLOCK });
            if flags & DELETED != 0 {
                deleted.push(id);
            }
        }
        if pack.next()?.is_some() {
            return malformed("a stream's node has too many elements");
        }
        if deleted.len() as i64 != dead {
            return malformed("a stream's deleted entries are miscounted");
        }
        // Only now: a block whose entries were all deleted would be gone before the next came.
        deleted.into_iter().for_each(|id| stream.load_deletion(id));
        Ok(())
    }

    /// Reads what an entry holds.
    fn fields(&mut self, pack: &mut Listpack<'_>, master: &[Item<'_>], same: bool) -> Result<()> {
        self.words.clear();
        let elements = if same {
            for field in master {
                let value = pack.expect()?;
                self.words.add(*field, value);
            }
            master.len() as i64 + 3
        } else {
            let count = pack.integer()?;
            for _ in 0..count {
                let field = pack.expect()?;
                let value = pack.expect()?;
                self.words.add(field, value);
            }
            count.saturating_mul(2).saturating_add(4)
        };
        if self.words.pairs.is_empty() {
            return malformed("an entry of a stream has no fields");
        }
        if pack.integer()? != elements {
            return malformed("an entry of a stream is miscounted");
        }
        Ok(())
    }
}

/// Reads what a stream knows of its ids.
fn position(of: u8, input: &mut Input<'_>, stream: &mut BigStream) -> Result<()> {
    let len = input.number()?;
    if len != stream.len() as u64 {
        return malformed("a stream's entries are miscounted");
    }
    let last_id = id_in_numbers(input)?;
    let first_id = stream.log().first_id().unwrap_or(StreamId::MIN);
    let (mut max_deleted, mut entries_added) = (StreamId::MIN, len.cast_signed());
    if of != kind::STREAM {
        // The first id is known.
        id_in_numbers(input)?;
        max_deleted = id_in_numbers(input)?;
        entries_added = input.number()?.cast_signed();
    }
    if stream.log().last_id().is_some_and(|last| last > last_id) {
        return malformed("a stream's last id is below that of an entry");
    }
    let len = stream.len();
    stream.load_position(Position { len, last_id, first_id, max_deleted, entries_added });
    Ok(())
}

/// A consumer as it is read.
struct Reader {
    name: Vec<u8>,
    seen: Millis,
    active: Option<Millis>,
    pending: Vec<StreamId>,
}

fn group(of: u8, input: &mut Input<'_>, stream: &BigStream) -> Result<Group> {
    let last_id = id_in_numbers(input)?;
    let read = match of {
        kind::STREAM => stream.position().distance(last_id),
        _ => Some(input.number()?.cast_signed()).filter(|read| *read != -1),
    };
    let mut pending = BTreeMap::new();
    for _ in 0..input.number()? {
        let id = id(input.array()?);
        let delivery = (Millis(input.i64()?), input.number()?.cast_signed());
        if pending.insert(id, delivery).is_some() {
            return malformed("a group has an entry pending twice");
        }
    }
    let mut readers = Vec::new();
    for _ in 0..input.number()? {
        readers.push(reader(of, input)?);
    }
    let mut given_back = Vec::new();
    if of == kind::STREAM_5 {
        for _ in 0..input.number()? {
            given_back.push(id(input.array()?));
        }
    }
    // In the order of their names, in which a group keeps them.
    readers.sort_by(|a, b| a.name.cmp(&b.name));
    let mut group = Group::new(last_id, read);
    for Reader { name, seen, active, pending: theirs } in readers {
        let (consumer, new) = group.ensure_consumer(&name, seen);
        if !new {
            return malformed("Duplicate stream consumer detected");
        }
        group.consumer_mut(consumer).active = active;
        for id in theirs {
            let Some((delivered, count)) = pending.remove(&id) else {
                return malformed("a consumer has an entry pending that its group has not");
            };
            group.assign(id, Pending { delivered, count, consumer: Some(consumer) });
        }
    }
    for id in given_back {
        let Some((_, count)) = pending.remove(&id) else {
            return malformed("an entry that was given back is not pending, or somebody's");
        };
        group.assign(id, Pending::given_back(count));
    }
    if !pending.is_empty() {
        return malformed("a pending entry is no consumer's, and was not given back");
    }
    Ok(group)
}

fn reader(of: u8, input: &mut Input<'_>) -> Result<Reader> {
    let name = input.string()?.into_owned();
    let seen = Millis(input.i64()?);
    let active = match of {
        kind::STREAM | kind::STREAM_2 => Some(seen),
        _ => Some(Millis(input.i64()?)).filter(|active| active.0 != -1),
    };
    let mut pending = Vec::new();
    for _ in 0..input.number()? {
        pending.push(id(input.array()?));
    }
    Ok(Reader { name, seen, active, pending })
}

/// Reads what is known of producers that may send a message twice.
fn producers(of: u8, input: &mut Input<'_>, stream: &mut BigStream) -> Result<()> {
    let within = |number: u64, most: u32| {
        u32::try_from(number).ok().filter(|number| (1..=most).contains(number))
    };
    let duration = within(input.number()?, 86_400);
    let (Some(duration), Some(max_size)) = (duration, within(input.number()?, 10_000)) else {
        return malformed("what a stream remembers of its producers is out of range");
    };
    let memory = Memory { duration, max_size };
    let count = input.number()?;
    if of == kind::STREAM_5 && count == 0 && memory == Memory::default() {
        // Written for want of a form without; the two numbers are 0 where nothing was ever named.
        let (added, duplicates) = (input.number()?, input.number()?);
        if (added, duplicates) != (0, 0) {
            let idempotency = stream.idempotency_mut(memory);
            (idempotency.added, idempotency.duplicates) = (added, duplicates);
        }
        return Ok(());
    }
    let idempotency = stream.idempotency_mut(memory);
    for _ in 0..count {
        let producer = input.string()?.into_owned();
        for _ in 0..input.number()? {
            let name = input.string()?.into_owned();
            let entry = id_in_numbers(input)?;
            let never = Millis(i64::MIN);
            if idempotency.find(&producer, &name, never).is_some() {
                return malformed("a producer's message comes twice");
            }
            // It was added when its entry was, as far as the id tells.
            let added = Millis(i64::try_from(entry.ms).unwrap_or(i64::MAX));
            idempotency.remember(&producer, &name, entry, added);
        }
    }
    idempotency.added = input.number()?;
    idempotency.duplicates = input.number()?;
    Ok(())
}
