//! XREADGROUP: entries for one consumer, new ones or those it was given before.

use super::block::GroupRead;
use super::group::{create_consumer_words, read_word, set_id_words};
use super::handle::millis;
use super::{Budget, ReadLimit, StreamEntry};
use crate::clock::Millis;
use crate::ds::stream_log::{Fields, StreamId, StreamLog};
use crate::error::{Error, Result};
use crate::keyspace::event::XGROUP_CREATECONSUMER;
use crate::keyspace::{Effect, Key, Tx};
use crate::value::stream::{BigStream, ConsumerId, Group, Pending, Position, Stream};

/// Who reads, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReadArgs<'a> {
    pub(crate) group: &'a [u8],
    pub(crate) consumer: &'a [u8],
    pub(crate) limit: ReadLimit,
    /// `NOACK`: what is delivered counts as acknowledged.
    pub(crate) noack: bool,
    /// `CLAIM`: before new entries, those that are pending with anyone for so many milliseconds.
    pub(crate) claim: Option<i64>,
}

/// Which entries are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// `>`: those that the group was not given yet.
    New,
    /// Those that are pending with the consumer and whose id is above this one.
    History(StreamId),
}

/// An entry that is delivered.
#[derive(Debug, Clone)]
pub(crate) struct Delivered<'a> {
    pub(crate) id: StreamId,
    /// `None` if the entry was deleted while it was pending.
    pub(crate) fields: Option<Fields<'a>>,
    /// How many milliseconds it was idle, and how often it was delivered before, if it was claimed.
    pub(crate) claimed: Option<(i64, i64)>,
}

impl Delivered<'_> {
    pub(crate) fn to_owned(&self) -> (StreamId, Option<StreamEntry>) {
        let entry = |fields| crate::ds::stream_log::Entry { id: self.id, fields };
        (self.id, self.fields.clone().map(|fields| StreamEntry::from(entry(fields))))
    }
}

/// An entry that was read with its share in earlier deliveries; see [`GroupReadOptions::claim_idle`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Redelivered {
    /// The entry.
    pub entry: StreamEntry,
    /// How long ago it was delivered to someone else; zero for a new one.
    pub idle: std::time::Duration,
    /// How often it was delivered before; 0 for a new one.
    pub deliveries: u64,
}

impl Redelivered {
    /// Nothing if the entry was deleted while it was pending.
    pub(super) fn of(((_, entry), claimed): GroupRead) -> Option<Redelivered> {
        let (idle, deliveries) = claimed.unwrap_or_default();
        let idle = std::time::Duration::from_millis(idle.max(0).unsigned_abs());
        Some(Redelivered { entry: entry?, idle, deliveries: deliveries.max(0).unsigned_abs() })
    }
}

/// How [`ConsumerGroup::read_with`](super::ConsumerGroup::read_with) reads; made by methods named after
/// XREADGROUP's options.
#[derive(Debug, Clone, Copy, Default)]
pub struct GroupReadOptions {
    pub(super) limit: ReadLimit,
    pub(super) noack: bool,
    pub(super) claim: Option<std::time::Duration>,
}

impl GroupReadOptions {
    /// Reads all entries that are new to the group.
    pub fn new() -> GroupReadOptions {
        GroupReadOptions::default()
    }

    /// The same for the operation.
    pub(super) fn args<'a>(self, group: &'a [u8], consumer: &'a [u8]) -> ReadArgs<'a> {
        ReadArgs {
            group,
            consumer,
            limit: self.limit,
            noack: self.noack,
            claim: self.claim.map(millis),
        }
    }

    /// Reads at most so many entries (`COUNT`).
    pub fn count(mut self, count: usize) -> GroupReadOptions {
        self.limit = self.limit.count(count);
        self
    }

    /// Reads no more once what was read takes so many bytes, one entry at least; as
    /// [`ReadLimit::max_size`](super::ReadLimit::max_size) (`MAXSIZE`). What is not read is not delivered.
    pub fn max_size(mut self, bytes: usize) -> GroupReadOptions {
        self.limit = self.limit.max_size(bytes);
        self
    }

    /// Counts entries as acknowledged when they are read (`NOACK`).
    pub fn without_ack(mut self) -> GroupReadOptions {
        self.noack = true;
        self
    }

    /// Before new entries, takes over those that are pending with any consumer for at least so long, longest
    /// first (`CLAIM`).
    pub fn claim_idle(mut self, min_idle: std::time::Duration) -> GroupReadOptions {
        self.claim = Some(min_idle);
        self
    }
}

impl BigStream {
    /// Whether XREADGROUP has something to say of a stream.
    pub(crate) fn serves(
        &self,
        group: &Group,
        source: Source,
        claim: Option<i64>,
        now: impl FnOnce() -> Millis,
    ) -> bool {
        let has_new = || self.log().last_id().is_some_and(|last| last > group.last_id);
        source != Source::New
            || has_new()
            || claim.is_some_and(|idle| !claimable(group, self.log(), idle, now(), 1).is_empty())
    }
}

impl BigStream {
    /// When the first of the entries that are pending will have been idle for so long.
    pub(crate) fn ripens(&self, group: &Group, min_idle: i64) -> Option<Millis> {
        // What was given back and is there is ripe already.
        let owned = group.pending().iter().filter(|(_, pending)| pending.consumer.is_some());
        let there = owned.filter(|(id, _)| self.log().contains(**id));
        let first = there.map(|(_, pending)| pending.delivered.0).min()?;
        first.checked_add(min_idle).map(Millis)
    }
}

/// Pending entries that were given back, in the order in which they were, and then those that were idle for so long,
/// the longest first; if they are still there.
fn claimable(
    group: &Group,
    log: &StreamLog,
    min_idle: i64,
    now: Millis,
    count: usize,
) -> Vec<(StreamId, Pending)> {
    let pending = group.pending();
    let given_back = group.in_turn().into_iter().filter_map(|id| Some((id, *pending.get(&id)?)));
    let idle = pending
        .iter()
        .filter(|(_, pending)| pending.consumer.is_some() && pending.is_idle_for(min_idle, now));
    let mut idle: Vec<(StreamId, Pending)> = idle.map(|(id, pending)| (*id, *pending)).collect();
    idle.sort_by_key(|(id, pending)| (pending.delivered, *id));
    given_back.chain(idle).filter(|(id, _)| log.contains(*id)).take(count).collect()
}

/// A delivery in the making: of what, to whom, and how much.
struct Delivery<'g, 'l> {
    group: &'g mut Group,
    log: &'l StreamLog,
    consumer: ConsumerId,
    now: Millis,
    budget: &'g mut Budget,
}

/// What a delivery changed.
struct Change {
    created: bool,
    /// The group's last id moved on.
    advanced: bool,
    /// What is pending now that was not, or not in this way.
    pending: Vec<(StreamId, Pending)>,
}

impl Tx<'_> {
    /// Delivers entries to a consumer, made if it is missing (`XREADGROUP`), as many as the budget has room for,
    /// and calls `show` with them.
    pub(crate) fn xreadgroup<R>(
        &mut self,
        key: Key<'_>,
        args: &ReadArgs<'_>,
        source: Source,
        budget: &mut Budget,
        show: impl FnOnce(Vec<Delivered<'_>>) -> R,
    ) -> Result<R> {
        self.check_length(args.consumer.len())?;
        let missing = || Error::no_group(key.bytes, args.group, " in XREADGROUP with GROUP option");
        let now = self.now();
        self.change(key, |slot| {
            if slot.entry().is_none() {
                return Err(missing());
            }
            let (result, change, last_id, entries_read) = slot.edit::<Stream, _>(|stream| {
                let read = stream.make().edit_group(args.group, |group, log, position| {
                    let (consumer, created) = group.ensure_consumer(args.consumer, now);
                    group.consumer_mut(consumer).seen = now;
                    let mut change = Change { created, advanced: false, pending: Vec::new() };
                    budget.begin(key.bytes);
                    let mut delivery = Delivery { group, log, consumer, now, budget };
                    let delivered = match source {
                        Source::New => delivery.deliver(position, args, &mut change),
                        Source::History(after) => delivery.history(after, &mut change),
                    };
                    (show(delivered), change, group.last_id, group.entries_read)
                });
                read.ok_or_else(missing)
            })?;
            if !change.created && !change.advanced && change.pending.is_empty() {
                return Ok(slot.unchanged(result));
            }
            let events = if change.created { &[XGROUP_CREATECONSUMER][..] } else { &[] };
            slot.hide_from_watch();
            Ok(slot.changed(result, events, |effect| {
                if change.created {
                    effect.command(&create_consumer_words(key, args.group, args.consumer));
                }
                claim_effect(effect, key, args.group, args.consumer, &change.pending, last_id);
                if change.advanced {
                    let (id, read) = (last_id.to_string(), read_word(entries_read));
                    effect.command(&set_id_words(key, args.group, &id, &read));
                }
            }))
        })
    }
}

impl<'l> Delivery<'_, 'l> {
    /// Delivers what is new to the group, and before it what is claimed.
    fn deliver(
        &mut self,
        position: &Position,
        args: &ReadArgs<'_>,
        change: &mut Change,
    ) -> Vec<Delivered<'l>> {
        let Delivery { group, log, consumer, now, budget } = self;
        let (log, now, consumer) = (*log, *now, *consumer);
        let pending = |count| Pending { delivered: now, count, consumer: Some(consumer) };
        let mut delivered = Vec::new();
        let room = budget.room();
        if let Some(min_idle) = args.claim {
            for (id, before) in claimable(group, log, min_idle, now, room) {
                if budget.is_spent() {
                    break;
                }
                let pending = pending(before.once_more());
                group.assign(id, pending);
                change.pending.push((id, pending));
                let fields = log.get(id).map(|entry| entry.fields);
                let claimed = Some((before.idle(now), before.count));
                budget.take(id, fields.as_ref(), claimed);
                delivered.push(Delivered { id, fields, claimed });
            }
        }
        let new = group.last_id.next().map(|from| log.range(from, StreamId::MAX));
        for entry in new.into_iter().flatten().take(room - delivered.len()) {
            if budget.is_spent() {
                break;
            }
            change.advanced |= position.advance(group, entry.id);
            if !args.noack {
                let pending = pending(1);
                group.assign(entry.id, pending);
                change.pending.push((entry.id, pending));
            }
            let claimed = args.claim.map(|_| (0, 0));
            budget.take(entry.id, Some(&entry.fields), claimed);
            delivered.push(Delivered { id: entry.id, fields: Some(entry.fields), claimed });
        }
        if !change.pending.is_empty() {
            group.consumer_mut(consumer).active = Some(now);
        }
        delivered
    }

    /// Delivers once more what is pending with the consumer.
    fn history(&mut self, after: StreamId, change: &mut Change) -> Vec<Delivered<'l>> {
        let Delivery { group, log, consumer, now, budget } = self;
        // After the greatest id comes the first one, as where Redis counts on.
        let from = after.next().unwrap_or(StreamId::MIN);
        let ids = group.consumer(*consumer).pending_from(from).take(budget.room());
        let ids: Vec<StreamId> = ids.collect();
        let mut delivered = Vec::with_capacity(ids.len());
        for id in ids {
            if budget.is_spent() {
                break;
            }
            let fields = log.get(id).map(|entry| entry.fields);
            if fields.is_some() {
                let before = group.pending().get(&id).expect("its consumers have what it has");
                let pending = Pending { delivered: *now, count: before.once_more(), ..*before };
                group.assign(id, pending);
                change.pending.push((id, pending));
            }
            budget.take(id, fields.as_ref(), None);
            delivered.push(Delivered { id, fields, claimed: None });
        }
        delivered
    }
}

/// Writes what is pending as XCLAIM commands: one for a run of equal times and counts.
pub(super) fn claim_effect(
    effect: &mut Effect<'_>,
    key: Key<'_>,
    group: &[u8],
    consumer: &[u8],
    pending: &[(StreamId, Pending)],
    last_id: StreamId,
) {
    let same = |a: &(StreamId, Pending), b: &(StreamId, Pending)| {
        (a.1.count, a.1.delivered) == (b.1.count, b.1.delivered)
    };
    for run in pending.chunk_by(same) {
        let ids: Vec<String> = run.iter().map(|(id, _)| id.to_string()).collect();
        let (time, count) = (run[0].1.delivered.0.to_string(), run[0].1.count.to_string());
        let last = last_id.to_string();
        let mut words: Vec<&[u8]> = vec![b"XCLAIM", key.bytes, group, consumer, b"0"];
        words.extend(ids.iter().map(String::as_bytes));
        words.extend([&b"TIME"[..], time.as_bytes(), b"RETRYCOUNT", count.as_bytes()]);
        words.extend([&b"FORCE"[..], b"JUSTID", b"LASTID", last.as_bytes()]);
        effect.command(&words);
    }
}
