//! What can be known of streams, groups, consumers and pending entries: XINFO, XPENDING.

use std::time::{Duration, SystemTime};

use bytes::Bytes;

use super::{IdempotencyInfo, StreamEntry};
use crate::api::{Db, Scope};
use crate::clock::Millis;
use crate::ds::stream_log::StreamId;
use crate::error::{Error, Result};
use crate::keyspace::{Key, Tx};
use crate::value::stream::{Consumer, Group};

/// What is known of a stream (`XINFO STREAM`).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StreamInfo {
    /// How many entries it has.
    pub len: usize,
    /// The greatest id that an entry ever had, or that was set.
    pub last_id: StreamId,
    /// The greatest id that was deleted, trimming not counted; [`StreamId::MIN`] if none was.
    pub max_deleted_id: StreamId,
    /// How many entries were ever added.
    pub entries_added: u64,
    /// The first entry.
    pub first: Option<StreamEntry>,
    /// The last entry.
    pub last: Option<StreamEntry>,
    /// How many consumer groups there are.
    pub groups: usize,
    /// What it remembers of producers, if any ever named its messages or that was set.
    pub idempotency: Option<IdempotencyInfo>,
}

/// What is known of a consumer group (`XINFO GROUPS`).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GroupInfo {
    /// Its name.
    pub name: Bytes,
    /// How many consumers it has.
    pub consumers: usize,
    /// How many entries are pending.
    pub pending: usize,
    /// The greatest id that was delivered.
    pub last_delivered_id: StreamId,
    /// How many entries were read, if that can be known.
    pub entries_read: Option<u64>,
    /// How many entries are still to be read, if that can be known.
    pub lag: Option<u64>,
}

/// What is known of a consumer (`XINFO CONSUMERS`).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConsumerInfo {
    /// Its name.
    pub name: Bytes,
    /// How many entries are pending with it.
    pub pending: usize,
    /// How long ago it tried to read or claim.
    pub idle: Duration,
    /// How long ago it was given an entry, if it ever was.
    pub inactive: Option<Duration>,
}

/// What is pending in a group (`XPENDING`).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PendingSummary {
    /// How many entries.
    pub count: usize,
    /// The least and the greatest of their ids.
    pub ids: Option<(StreamId, StreamId)>,
    /// How many with each consumer that has any.
    pub consumers: Vec<(Bytes, usize)>,
}

/// An entry that is pending (`XPENDING` with a range).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PendingEntry {
    /// Its id.
    pub id: StreamId,
    /// Who is to acknowledge it; nobody has what was [given back](super::ConsumerGroup::nack).
    pub consumer: Option<Bytes>,
    /// When it was last delivered; at the beginning of the Unix epoch, if it was given back.
    pub delivered: SystemTime,
    /// How long ago that was.
    pub idle: Duration,
    /// How often it was delivered.
    pub deliveries: u64,
}

impl Tx<'_> {
    /// A group of a stream.
    ///
    /// # Errors
    /// XPENDING's and XCLAIM's words if there is none.
    pub(crate) fn stream_group(&self, key: Key<'_>, group: &[u8]) -> Result<&Group> {
        let found = self.stream(key)?.and_then(|stream| stream.group(group));
        found.ok_or_else(|| Error::no_group(key.bytes, group, ""))
    }

    pub(super) fn xpending(&self, key: Key<'_>, group: &[u8]) -> Result<PendingSummary> {
        let group = self.stream_group(key, group)?;
        let pending = group.pending();
        let id = |place| pending.at(place).map(|(id, _)| *id);
        let consumers = group.consumers().filter(|consumer| consumer.pending() > 0);
        Ok(PendingSummary {
            count: pending.len(),
            ids: pending.first().and_then(id).zip(pending.last().and_then(id)),
            consumers: consumers.map(|c| (name(c), c.pending())).collect(),
        })
    }

    pub(super) fn xpending_range(
        &self,
        key: Key<'_>,
        group: &[u8],
        ends: Option<(StreamId, StreamId)>,
        limit: usize,
    ) -> Result<Vec<PendingEntry>> {
        let group = self.stream_group(key, group)?;
        let Some((from, to)) = ends else { return Ok(Vec::new()) };
        let now = self.now();
        let pending = group.pending();
        let range = pending.iter_from(pending.ceiling(&from)).take_while(|(id, _)| **id <= to);
        let entries = range.take(limit).map(|(id, pending)| PendingEntry {
            id: *id,
            consumer: pending.consumer.map(|consumer| name(group.consumer(consumer))),
            delivered: pending.delivered.to_system_time(),
            idle: ago(pending.delivered, now),
            deliveries: pending.count.max(0).unsigned_abs(),
        });
        Ok(entries.collect())
    }

    pub(super) fn xinfo_consumers(&self, key: Key<'_>, group: &[u8]) -> Result<Vec<ConsumerInfo>> {
        let stream = self.stream(key)?.ok_or(Error::NoSuchKey)?;
        let group = stream.group(group).ok_or_else(|| Error::no_group_of_key(key.bytes, group))?;
        let now = self.now();
        let consumers = group.consumers().map(|consumer| ConsumerInfo {
            name: name(consumer),
            pending: consumer.pending(),
            idle: ago(consumer.seen, now),
            inactive: consumer.active.map(|at| ago(at, now)),
        });
        Ok(consumers.collect())
    }
}

fn name(consumer: &Consumer) -> Bytes {
    Bytes::copy_from_slice(consumer.name())
}

fn ago(then: Millis, now: Millis) -> Duration {
    Duration::from_millis(now.0.saturating_sub(then.0).max(0).unsigned_abs())
}

impl<S: Scope> Db<S> {
    /// Tells about a stream, if there is one (`XINFO STREAM`, O(1), read-locks one stripe).
    ///
    /// # Errors
    /// [`Error::WrongType`] if `key` holds no stream.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let id = db.xadd("log", [("n", "1")])?;
    /// db.xdel("log", [id])?;
    /// let info = db.xinfo("log")?.expect("it stays though it is empty");
    /// assert_eq!((info.len, info.entries_added, info.last_id), (0, 1, id));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn xinfo(&self, key: impl AsRef<[u8]>) -> Result<Option<StreamInfo>> {
        self.read(key.as_ref(), |tx, key| {
            let Some(stream) = tx.stream(key)? else { return Ok(None) };
            let (position, log) = (stream.position(), stream.log());
            Ok(Some(StreamInfo {
                len: stream.len(),
                last_id: position.last_id,
                max_deleted_id: position.max_deleted,
                entries_added: position.entries_added.max(0).unsigned_abs(),
                first: log.range(StreamId::MIN, StreamId::MAX).next().map(StreamEntry::from),
                last: log.range_back(StreamId::MIN, StreamId::MAX).next().map(StreamEntry::from),
                groups: stream.group_count(),
                idempotency: stream.idempotency().map(|seen| IdempotencyInfo::of(seen, tx)),
            }))
        })
    }

    /// Tells about the consumer groups of a stream, in the order of their names (`XINFO GROUPS`, O(groups),
    /// read-locks one stripe).
    ///
    /// # Errors
    /// [`Error::WrongType`] if `key` holds no stream.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.xadd("log", [("n", "1")])?;
    /// db.consumer_group("log", "readers").create_from_start()?;
    /// let groups = db.xinfo_groups("log")?;
    /// assert_eq!((&groups[0].name[..], groups[0].lag), (&b"readers"[..], Some(1)));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn xinfo_groups(&self, key: impl AsRef<[u8]>) -> Result<Vec<GroupInfo>> {
        self.read(key.as_ref(), |tx, key| {
            let Some(stream) = tx.stream(key)? else { return Ok(Vec::new()) };
            let count = |count: Option<i64>| count.map(|count| count.max(0).unsigned_abs());
            let groups = stream.groups().map(|(name, group)| GroupInfo {
                name: Bytes::copy_from_slice(name),
                consumers: group.consumers().len(),
                pending: group.pending().len(),
                last_delivered_id: group.last_id,
                entries_read: count(group.entries_read),
                lag: count(stream.position().lag(group)),
            });
            Ok(groups.collect())
        })
    }
}
