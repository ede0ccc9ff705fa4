//! Streams as they are written; `decode/stream.rs` tells the layout.

use super::super::listpack::Writer;
use super::super::output::Output;
use super::super::{Target, kind};
use crate::clock::Millis;
use crate::ds::stream_log::{BlockRef, StreamId};
use crate::keyspace::entry::Entry;
use crate::value::stream::{Consumer, Group, Idempotency, Memory, StreamRef};

const DELETED: i64 = 1;
const SAME_FIELDS: i64 = 2;
/// Whose what was given back is, for older readers.
const NAMELESS: &[u8] = b"";

/// The first reader that knows all of an entry, if that is a stream that only late ones do.
pub(crate) fn asks_for(entry: &Entry) -> Option<Target> {
    let stream = entry.view::<StreamRef<'_>>().ok()?;
    let producers = stream.idempotency().map(|_| Target::REDIS_8_6);
    if has_given_back(stream) { Some(Target::REDIS_8_8) } else { producers }
}

fn has_given_back(stream: StreamRef<'_>) -> bool {
    stream.groups().any(|(_, group)| group.given_back().len() > 0)
}

/// The type as which a stream is written: the first that holds all of it, as far as the reader knows them.
pub(super) fn kind_of(stream: StreamRef<'_>, target: Target) -> u8 {
    match stream.idempotency() {
        _ if target.has(kind::STREAM_5) && has_given_back(stream) => kind::STREAM_5,
        Some(_) if target.has(kind::STREAM_4) => kind::STREAM_4,
        _ if target.has(kind::STREAM_3) => kind::STREAM_3,
        _ => kind::STREAM_2,
    }
}

pub(super) fn write(stream: StreamRef<'_>, of: u8, out: &mut Output<'_>) {
    out.count(stream.log().blocks());
    for block in stream.log().each_block() {
        out.string(&raw(block.master));
        out.listpack(|pack| node(block, pack));
    }
    let position = stream.position();
    out.count(position.len);
    id(position.last_id, out);
    id(position.first_id, out);
    id(position.max_deleted, out);
    out.number(position.entries_added.cast_unsigned());
    out.count(stream.group_count());
    for (name, its) in stream.groups() {
        out.string(name);
        group(its, of, out);
    }
    if matches!(of, kind::STREAM_4 | kind::STREAM_5) {
        // What knows of no producers is as it is where nothing was set.
        producers(stream.idempotency().unwrap_or(&Idempotency::default()), out);
    }
}

fn producers(idempotency: &Idempotency, out: &mut Output<'_>) {
    let Memory { duration, max_size } = idempotency.memory;
    out.number(duration.into());
    out.number(max_size.into());
    out.count(idempotency.producers().len());
    for (name, messages) in idempotency.producers() {
        out.string(name);
        out.count(messages.len());
        for (message, entry) in messages {
            out.string(message);
            id(entry, out);
        }
    }
    out.number(idempotency.added);
    out.number(idempotency.duplicates);
}

fn raw(id: StreamId) -> [u8; 16] {
    (u128::from(id.ms) << 64 | u128::from(id.seq)).to_be_bytes()
}

fn id(id: StreamId, out: &mut Output<'_>) {
    out.number(id.ms);
    out.number(id.seq);
}

/// One block as a listpack.
fn node(block: BlockRef<'_>, pack: &mut Writer) {
    pack.push_small(block.live.into());
    pack.push_small((block.total - block.live).into());
    let mut first = true;
    for mut entry in block.entries() {
        let count = entry.fields.len() as i64;
        if first {
            pack.push_small(count);
            let mut fields = entry.fields.clone();
            while let Some((field, _)) = fields.next_spelled() {
                pack.push_spelled(field);
            }
            pack.push_small(0);
        }
        // The first entry has the fields of the node, being where they come from.
        let same = first || entry.same_fields;
        first = false;
        let deleted = if entry.deleted { DELETED } else { 0 };
        pack.push_small(deleted | if same { SAME_FIELDS } else { 0 });
        pack.push_small(entry.id.ms.wrapping_sub(block.master.ms).cast_signed());
        pack.push_small(entry.id.seq.wrapping_sub(block.master.seq).cast_signed());
        if !same {
            pack.push_small(count);
        }
        while let Some((field, value)) = entry.fields.next_spelled() {
            if !same {
                pack.push_spelled(field);
            }
            pack.push_spelled(value);
        }
        pack.push_small(if same { count + 3 } else { 2 * count + 4 });
    }
}

fn group(group: &Group, of: u8, out: &mut Output<'_>) {
    id(group.last_id, out);
    out.number(group.entries_read.unwrap_or(-1).cast_unsigned());
    out.count(group.pending().len());
    for (id, pending) in group.pending().iter() {
        out.raw(&raw(*id));
        out.i64(pending.delivered.0);
        out.number(pending.count.cast_unsigned());
    }
    let given_back = group.in_turn();
    if of == kind::STREAM_5 {
        out.count(group.consumers().len());
        group.consumers().for_each(|its| consumer(its, &[], of, out));
        out.count(given_back.len());
        given_back.into_iter().for_each(|id| out.raw(&raw(id)));
        return;
    }
    // Older readers know of no entry that is nobody's. It is that of a consumer without a name, and idle for ever, so
    // that whoever claims what is idle comes by it.
    let nameless = group.find_consumer(NAMELESS).is_none() && !given_back.is_empty();
    out.count(group.consumers().len() + usize::from(nameless));
    if nameless {
        consumer(&Consumer::new(NAMELESS, Millis(0)), &given_back, of, out);
    }
    for its in group.consumers() {
        let more = if its.name() == NAMELESS { &given_back[..] } else { &[] };
        consumer(its, more, of, out);
    }
}

/// Writes a consumer, with `more` pending than it has.
fn consumer(consumer: &Consumer, more: &[StreamId], of: u8, out: &mut Output<'_>) {
    out.string(consumer.name());
    out.i64(consumer.seen.0);
    if of != kind::STREAM_2 {
        out.i64(consumer.active.map_or(-1, |at| at.0));
    }
    out.count(consumer.pending() + more.len());
    let pending = consumer.pending_from(StreamId::MIN).chain(more.iter().copied());
    pending.for_each(|id| out.raw(&raw(id)));
}
