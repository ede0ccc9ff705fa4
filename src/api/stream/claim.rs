//! XACK, XACKDEL, XCLAIM, XAUTOCLAIM: what becomes of pending entries.

use std::time::Duration;

use super::consume::claim_effect;
use super::group::{create_consumer_words, read_word, set_id_words};
use super::{Delivered, StreamEntry, id_words};
use crate::clock::Millis;
use crate::ds::stream_log::{StreamId, StreamLog};
use crate::error::{Error, Result};
use crate::keyspace::event::{XDEL, XGROUP_CREATECONSUMER};
use crate::keyspace::{Key, Tx};
use crate::value::stream::{ConsumerId, Deletion, Group, Pending, References, Stream};

/// All that XCLAIM can be told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClaimArgs<'a> {
    pub(crate) group: &'a [u8],
    pub(crate) consumer: &'a [u8],
    /// Milliseconds since the last delivery; less stays where it is.
    pub(crate) min_idle: i64,
    /// When the entries count as delivered, if not now.
    pub(crate) delivered: Option<Millis>,
    /// How often they count as delivered.
    pub(crate) count: Option<i64>,
    /// `FORCE`: entries that are not pending become so.
    pub(crate) force: bool,
    /// `JUSTID`: this is no delivery.
    pub(crate) just_id: bool,
    /// `LASTID`: the group's last id is at least this one.
    pub(crate) last_id: StreamId,
}

/// All that XAUTOCLAIM can be told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AutoClaimArgs<'a> {
    pub(crate) group: &'a [u8],
    pub(crate) consumer: &'a [u8],
    pub(crate) min_idle: i64,
    /// Where to begin.
    pub(crate) from: StreamId,
    /// How many entries at most.
    pub(crate) count: usize,
    pub(crate) just_id: bool,
}

/// How many pending entries XAUTOCLAIM looks at for each that it may claim.
const ATTEMPTS: usize = 10;

/// What a claim changed.
struct Change {
    created: bool,
    pending: Vec<(StreamId, Pending)>,
    /// What is pending no more because the entries were deleted.
    dropped: Vec<StreamId>,
    /// The group's last id was set, and is now with this count.
    moved: bool,
    last_id: StreamId,
    entries_read: Option<i64>,
}

impl Change {
    fn new(group: &Group, created: bool) -> Change {
        let (last_id, entries_read) = (group.last_id, group.entries_read);
        Change { created, pending: vec![], dropped: vec![], moved: false, last_id, entries_read }
    }
}

impl Tx<'_> {
    /// Takes entries off the pending ones of a group (`XACK`). Returns how many were.
    pub(crate) fn xack(&mut self, key: Key<'_>, group: &[u8], ids: &[StreamId]) -> Result<usize> {
        self.change(key, |slot| {
            if slot.entry().is_none() {
                return Ok(slot.unchanged(0));
            }
            let acknowledged = slot.edit::<Stream, _>(|stream| {
                let acknowledged = stream.make().edit_group(group, |group, _, _| {
                    let ids = ids.iter().copied();
                    ids.filter(|id| group.acknowledge(*id)).collect::<Vec<_>>()
                });
                Ok(acknowledged.unwrap_or_default())
            })?;
            if acknowledged.is_empty() {
                return Ok(slot.unchanged(0));
            }
            slot.hide_from_watch();
            slot.count_as(acknowledged.len());
            Ok(slot.changed(acknowledged.len(), &[], |effect| {
                let ids = id_words(&acknowledged);
                let mut words: Vec<&[u8]> = vec![b"XACK", key.bytes, group];
                words.extend(ids.iter().map(String::as_bytes));
                effect.command(&words);
            }))
        })
    }

    /// Takes entries off the pending ones of a group and deletes them (`XACKDEL`). Returns what came
    /// of each; an entry that was not pending is missing, and one that was has been deleted, if not now then before.
    pub(crate) fn xackdel(
        &mut self,
        key: Key<'_>,
        group: &[u8],
        ids: &[StreamId],
        references: References,
    ) -> Result<Vec<Deletion>> {
        let missing = vec![Deletion::Missing; ids.len()];
        let known = self.stream(key)?.and_then(|stream| stream.group(group)).is_some();
        if !known {
            return Ok(missing);
        }
        self.change(key, |slot| {
            let (outcomes, acknowledged, removed) = slot.edit::<Stream, _>(|stream| {
                let stream = stream.make();
                let (mut acknowledged, mut removed) = (Vec::new(), false);
                let each = ids.iter().map(|id| {
                    let dangling = references == References::Delete
                        && !stream.log().contains(*id)
                        && stream.is_pending(*id);
                    let edit = |group: &mut Group, _: &_, _: &_| group.acknowledge(*id);
                    let was = stream.edit_group(group, edit).expect("known");
                    if was || dangling {
                        acknowledged.push(*id);
                        let outcome = stream.delete(*id, references);
                        removed |= outcome == Deletion::Deleted;
                        return match outcome {
                            Deletion::Missing if was => Deletion::Deleted,
                            outcome => outcome,
                        };
                    }
                    Deletion::Missing
                });
                let outcomes: Vec<Deletion> = each.collect();
                Ok((outcomes, acknowledged, removed))
            })?;
            if acknowledged.is_empty() {
                return Ok(slot.unchanged(outcomes));
            }
            slot.count_as(acknowledged.len());
            let events = if removed { &[XDEL][..] } else { &[] };
            Ok(slot.changed(outcomes, events, |effect| {
                let (texts, count) = (id_words(&acknowledged), acknowledged.len().to_string());
                let mut words: Vec<&[u8]> = vec![b"XACKDEL", key.bytes, group];
                words.extend(references.word());
                words.extend([&b"IDS"[..], count.as_bytes()]);
                words.extend(texts.iter().map(String::as_bytes));
                effect.command(&words);
            }))
        })
    }

    /// Gives pending entries to a consumer (`XCLAIM`), and calls `show` with them.
    pub(crate) fn xclaim<R>(
        &mut self,
        key: Key<'_>,
        ids: &[StreamId],
        args: &ClaimArgs<'_>,
        show: impl FnOnce(Vec<Delivered<'_>>) -> R,
    ) -> Result<R> {
        let now = self.now();
        self.claim(key, args.group, args.consumer, |group, log, consumer, change| {
            if args.last_id > group.last_id {
                group.last_id = args.last_id;
                change.moved = true;
            }
            let delivered = args.delivered.filter(|at| (0..=now.0).contains(&at.0)).unwrap_or(now);
            let mut claimed = Vec::new();
            for &id in ids {
                let before = group.pending().get(&id).copied();
                let Some(entry) = log.get(id) else {
                    if group.acknowledge(id) {
                        change.dropped.push(id);
                    }
                    continue;
                };
                let before = match before {
                    Some(before)
                        if args.min_idle > 0 && !before.is_idle_for(args.min_idle, now) =>
                    {
                        continue;
                    }
                    Some(before) => before,
                    None if args.force => Pending { delivered, count: 1, consumer: None },
                    None => continue,
                };
                let next = if args.just_id { before.count } else { before.once_more() };
                let count = args.count.unwrap_or(next);
                let pending = Pending { delivered, count, consumer: Some(consumer) };
                group.assign(id, pending);
                change.pending.push((id, pending));
                claimed.push(Delivered { id, fields: Some(entry.fields), claimed: None });
            }
            if !claimed.is_empty() {
                group.consumer_mut(consumer).active = Some(now);
            }
            show(claimed)
        })
    }

    /// Gives entries that are pending for long to a consumer (`XAUTOCLAIM`), and calls `show` with where
    /// to go on, the entries, and the ids that are pending no more because there are no such entries.
    pub(crate) fn xautoclaim<R>(
        &mut self,
        key: Key<'_>,
        args: &AutoClaimArgs<'_>,
        show: impl FnOnce(StreamId, Vec<Delivered<'_>>, &[StreamId]) -> R,
    ) -> Result<R> {
        let now = self.now();
        self.claim(key, args.group, args.consumer, |group, log, consumer, change| {
            let mut claimed = Vec::new();
            let mut next = first_pending(group, Some(args.from));
            let mut attempts = args.count.saturating_mul(ATTEMPTS);
            while let Some((id, before)) = next {
                let taken = claimed.len() + change.dropped.len();
                if attempts == 0 || taken == args.count {
                    break;
                }
                attempts -= 1;
                match log.get(id) {
                    None => {
                        group.acknowledge(id);
                        change.dropped.push(id);
                    }
                    Some(_) if args.min_idle > 0 && !before.is_idle_for(args.min_idle, now) => {}
                    Some(entry) => {
                        let count = if args.just_id { before.count } else { before.once_more() };
                        let pending = Pending { delivered: now, count, consumer: Some(consumer) };
                        group.assign(id, pending);
                        change.pending.push((id, pending));
                        claimed.push(Delivered { id, fields: Some(entry.fields), claimed: None });
                    }
                }
                next = first_pending(group, id.next());
            }
            if !claimed.is_empty() {
                group.consumer_mut(consumer).active = Some(now);
            }
            let cursor = next.map_or(StreamId::MIN, |(id, _)| id);
            show(cursor, claimed, &change.dropped)
        })
    }

    /// Calls `take` for a consumer, made if it is missing, and tells what it changed.
    fn claim<R>(
        &mut self,
        key: Key<'_>,
        name: &[u8],
        consumer: &[u8],
        take: impl FnOnce(&mut Group, &StreamLog, ConsumerId, &mut Change) -> R,
    ) -> Result<R> {
        self.check_length(consumer.len())?;
        let missing = || Error::no_group(key.bytes, name, "");
        let now = self.now();
        self.change(key, |slot| {
            if slot.entry().is_none() {
                return Err(missing());
            }
            let (result, change) = slot.edit::<Stream, _>(|stream| {
                let claimed = stream.make().edit_group(name, |group, log, _| {
                    let (id, created) = group.ensure_consumer(consumer, now);
                    group.consumer_mut(id).seen = now;
                    let mut change = Change::new(group, created);
                    let result = take(group, log, id, &mut change);
                    (change.last_id, change.entries_read) = (group.last_id, group.entries_read);
                    (result, change)
                });
                claimed.ok_or_else(missing)
            })?;
            let Change { created, pending, dropped, moved, last_id, entries_read } = change;
            if !created && !moved && pending.is_empty() && dropped.is_empty() {
                return Ok(slot.unchanged(result));
            }
            slot.count_as((usize::from(created) + pending.len() + dropped.len()).max(1));
            let events = if created { &[XGROUP_CREATECONSUMER][..] } else { &[] };
            slot.hide_from_watch();
            Ok(slot.changed(result, events, |effect| {
                if created {
                    effect.command(&create_consumer_words(key, name, consumer));
                }
                claim_effect(effect, key, name, consumer, &pending, last_id);
                if !dropped.is_empty() {
                    let ids = id_words(&dropped);
                    let mut words: Vec<&[u8]> = vec![b"XACK", key.bytes, name];
                    words.extend(ids.iter().map(String::as_bytes));
                    effect.command(&words);
                }
                if moved && pending.is_empty() {
                    let (id, read) = (last_id.to_string(), read_word(entries_read));
                    effect.command(&set_id_words(key, name, &id, &read));
                }
            }))
        })
    }
}

/// The first pending entry from an id on.
fn first_pending(group: &Group, from: Option<StreamId>) -> Option<(StreamId, Pending)> {
    let place = group.pending().ceiling(&from?)?;
    group.pending().at(place).map(|(id, pending)| (*id, *pending))
}

/// How [`ConsumerGroup::claim_with`](super::ConsumerGroup::claim_with) claims; made by methods named after
/// XCLAIM's options.
#[derive(Debug, Clone, Copy, Default)]
pub struct ClaimOptions {
    pub(super) idle: Option<Duration>,
    pub(super) count: Option<u64>,
    pub(super) force: bool,
}

impl ClaimOptions {
    /// Claims pending entries, which count as delivered now and once more than before.
    pub fn new() -> ClaimOptions {
        ClaimOptions::default()
    }

    /// Lets the entries count as delivered so long ago (`IDLE`).
    pub fn idle(mut self, idle: Duration) -> ClaimOptions {
        self.idle = Some(idle);
        self
    }

    /// Lets the entries count as delivered so often (`RETRYCOUNT`).
    pub fn deliveries(mut self, count: u64) -> ClaimOptions {
        self.count = Some(count);
        self
    }

    /// Makes entries pending that are not (`FORCE`).
    pub fn force(mut self) -> ClaimOptions {
        self.force = true;
        self
    }
}

/// What [`ConsumerGroup::auto_claim`](super::ConsumerGroup::auto_claim) found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AutoClaimed {
    /// Where to go on; `None` when all pending entries were looked at.
    pub next: Option<StreamId>,
    /// The entries that are the consumer's now.
    pub entries: Vec<StreamEntry>,
    /// Ids that are pending no more, because their entries were deleted.
    pub deleted: Vec<StreamId>,
}
