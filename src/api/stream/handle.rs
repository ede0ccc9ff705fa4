//! A handle on one consumer group.

use std::fmt;
use std::ops::RangeBounds;
use std::time::Duration;

use super::claim::{AutoClaimArgs, AutoClaimed, ClaimArgs, ClaimOptions};
use super::consume::{GroupReadOptions, ReadArgs, Redelivered, Source};
use super::group::Start;
use super::info::{ConsumerInfo, PendingEntry, PendingSummary};
use super::read::ends;
use super::{Budget, DeleteOutcome, Delivered, StreamEntry};
use crate::api::{Db, Engine, Scope};
use crate::clock::Millis;
use crate::ds::stream_log::StreamId;
use crate::error::Result;
use crate::value::stream::References;

/// One consumer group of one stream; made by [`Db::consumer_group`].
///
/// Cheap to clone; holds no lock. Entries that [`read`](ConsumerGroup::read) delivers are pending with their
/// consumer until it [acknowledges](ConsumerGroup::ack) them; what a consumer leaves behind, others
/// [claim](ConsumerGroup::auto_claim).
///
/// Every method locks the stream's stripe, and fails with [`Error::WrongType`](crate::Error::WrongType) if the key holds no
/// stream. Unless it says otherwise, it also fails if there is no such stream or group, with an error whose
/// [`code`](crate::Error::code) is `NOGROUP` or `ERR`; nothing is changed then.
///
/// ```
/// let db = danio::Db::in_memory();
/// let group = db.consumer_group("jobs", "workers");
/// group.create_from_start()?;
/// db.xadd("jobs", [("task", "resize")])?;
/// for job in group.read("worker-1", 10)? {
///     assert_eq!(job.get("task").map(|task| &task[..]), Some(&b"resize"[..]));
///     group.ack([job.id])?;
/// }
/// assert_eq!(group.pending()?.count, 0);
/// # Ok::<(), danio::Error>(())
/// ```
#[derive(Clone)]
pub struct ConsumerGroup<S = Engine> {
    db: Db<S>,
    key: Box<[u8]>,
    name: Box<[u8]>,
}

impl<S: Scope> Db<S> {
    /// A handle on a consumer group of a stream, neither of which needs to be there yet.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let group = db.consumer_group("jobs", "workers");
    /// group.create_from_start()?;
    /// assert!(group.read("worker-1", 10)?.is_empty());
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn consumer_group(
        &self,
        key: impl AsRef<[u8]>,
        group: impl AsRef<[u8]>,
    ) -> ConsumerGroup<S> {
        ConsumerGroup { db: self.clone(), key: key.as_ref().into(), name: group.as_ref().into() }
    }
}

impl<S: Scope> ConsumerGroup<S> {
    /// The stream's key.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// assert_eq!(db.consumer_group("jobs", "workers").key(), b"jobs");
    /// ```
    pub fn key(&self) -> &[u8] {
        &self.key
    }

    /// The stream's database.
    pub(super) fn db(&self) -> &Db<S> {
        &self.db
    }

    /// The group's name.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// assert_eq!(db.consumer_group("jobs", "workers").name(), b"workers");
    /// ```
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// Makes the group, and the stream if it is missing, to read all that is there and all that comes
    /// (`XGROUP CREATE` with `0`).
    ///
    /// # Errors
    /// [`Error::Reply`](crate::Error::Reply) with code `BUSYGROUP` if there is one of that name;
    /// [`Error::StringTooLong`](crate::Error::StringTooLong) if the name is longer than [`Config::max_string`](crate::Config::max_string).
    ///
    /// ```
    /// # let db = danio::Db::in_memory();
    /// # let group = db.consumer_group("jobs", "workers");
    /// db.xadd("jobs", [("n", "1")])?;
    /// group.create_from_start()?;
    /// assert_eq!(group.read("ann", 10)?.len(), 1);
    /// assert!(group.create_from_start().is_err(), "there is one");
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn create_from_start(&self) -> Result<()> {
        self.create_after(StreamId::MIN)
    }

    /// Makes the group, and the stream if it is missing, to read what comes from now on (`XGROUP CREATE` with
    /// `$`).
    ///
    /// # Errors
    /// As [`create_from_start`](ConsumerGroup::create_from_start).
    ///
    /// ```
    /// # let db = danio::Db::in_memory();
    /// # let group = db.consumer_group("jobs", "workers");
    /// db.xadd("jobs", [("n", "1")])?;
    /// group.create_from_end()?;
    /// assert!(group.read("ann", 10)?.is_empty());
    /// let id = db.xadd("jobs", [("n", "2")])?;
    /// assert_eq!(group.read("ann", 10)?[0].id, id);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn create_from_end(&self) -> Result<()> {
        self.create(Start::End)
    }

    /// Makes the group, and the stream if it is missing, to read what comes after an id (`XGROUP CREATE`).
    ///
    /// # Errors
    /// As [`create_from_start`](ConsumerGroup::create_from_start).
    ///
    /// ```
    /// # let db = danio::Db::in_memory();
    /// # let group = db.consumer_group("jobs", "workers");
    /// let first = db.xadd("jobs", [("n", "1")])?;
    /// let second = db.xadd("jobs", [("n", "2")])?;
    /// group.create_after(first)?;
    /// assert_eq!(group.read("ann", 10)?[0].id, second);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn create_after(&self, id: StreamId) -> Result<()> {
        self.create(Start::After(id))
    }

    fn create(&self, start: Start) -> Result<()> {
        self.db.grow(&self.key, |tx, key| tx.xgroup_create(key, &self.name, start, true, None))
    }

    /// Goes on reading after an id (`XGROUP SETID`); what is pending stays so.
    ///
    /// # Errors
    /// If there is no such group; see the [type](ConsumerGroup).
    ///
    /// ```
    /// # let db = danio::Db::in_memory();
    /// # let group = db.consumer_group("jobs", "workers");
    /// group.create_from_end()?;
    /// db.xadd("jobs", [("n", "1")])?;
    /// group.read("ann", 10)?;
    /// group.set_id(danio::StreamId::MIN)?;
    /// assert_eq!(group.read("bob", 10)?.len(), 1);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn set_id(&self, id: StreamId) -> Result<()> {
        let start = Start::After(id);
        self.db.write(&self.key, |tx, key| tx.xgroup_setid(key, &self.name, start, None))
    }

    /// Removes the group with all that is pending (`XGROUP DESTROY`). Returns whether there was one.
    ///
    /// # Errors
    /// If there is no stream; see the [type](ConsumerGroup).
    ///
    /// ```
    /// # let db = danio::Db::in_memory();
    /// # let group = db.consumer_group("jobs", "workers");
    /// group.create_from_end()?;
    /// assert!(group.destroy()?);
    /// assert!(!group.destroy()?);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn destroy(&self) -> Result<bool> {
        self.db.write(&self.key, |tx, key| tx.xgroup_destroy(key, &self.name))
    }

    /// Makes a consumer, which reading and claiming do too (`XGROUP CREATECONSUMER`). Returns false if there is one
    /// of that name.
    ///
    /// # Errors
    /// If there is no such group; see the [type](ConsumerGroup).
    ///
    /// ```
    /// # let db = danio::Db::in_memory();
    /// # let group = db.consumer_group("jobs", "workers");
    /// group.create_from_end()?;
    /// assert!(group.create_consumer("ann")?);
    /// assert!(!group.create_consumer("ann")?);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn create_consumer(&self, consumer: impl AsRef<[u8]>) -> Result<bool> {
        let consumer = consumer.as_ref();
        self.db.grow(&self.key, |tx, key| tx.xgroup_create_consumer(key, &self.name, consumer))
    }

    /// Removes a consumer; what is pending with it counts as acknowledged (`XGROUP DELCONSUMER`). Returns how
    /// much that was.
    ///
    /// # Errors
    /// If there is no such group; see the [type](ConsumerGroup).
    ///
    /// ```
    /// # let db = danio::Db::in_memory();
    /// # let group = db.consumer_group("jobs", "workers");
    /// group.create_from_end()?;
    /// db.xadd("jobs", [("n", "1")])?;
    /// group.read("ann", 10)?;
    /// assert_eq!(group.remove_consumer("ann")?, 1);
    /// assert_eq!(group.pending()?.count, 0);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn remove_consumer(&self, consumer: impl AsRef<[u8]>) -> Result<usize> {
        let consumer = consumer.as_ref();
        self.db.write(&self.key, |tx, key| tx.xgroup_delete_consumer(key, &self.name, consumer))
    }

    /// Delivers at most `count` entries that are new to the group to a consumer (`XREADGROUP` with `>`,
    /// O(entries)). They are pending until it [acknowledges](ConsumerGroup::ack) them.
    ///
    /// # Errors
    /// If there is no such group; see the [type](ConsumerGroup).
    ///
    /// ```
    /// # let db = danio::Db::in_memory();
    /// # let group = db.consumer_group("jobs", "workers");
    /// group.create_from_end()?;
    /// let id = db.xadd("jobs", [("n", "1")])?;
    /// assert_eq!(group.read("ann", 10)?[0].id, id);
    /// assert!(group.read("bob", 10)?.is_empty(), "it is with ann");
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn read(&self, consumer: impl AsRef<[u8]>, count: usize) -> Result<Vec<StreamEntry>> {
        let options = GroupReadOptions::new().count(count);
        let entries = self.read_with(consumer, options)?;
        Ok(entries.into_iter().map(|read| read.entry).collect())
    }

    /// Delivers entries that are new to the group to a consumer as `options` say (`XREADGROUP` with `>`,
    /// O(entries); claiming also looks at all that is pending).
    ///
    /// # Errors
    /// If there is no such group; see the [type](ConsumerGroup).
    ///
    /// ```
    /// # let db = danio::Db::in_memory();
    /// # let group = db.consumer_group("jobs", "workers");
    /// # group.create_from_end()?;
    /// use std::time::Duration;
    /// use danio::GroupReadOptions;
    ///
    /// db.xadd("jobs", [("n", "1")])?;
    /// group.read("ann", 10)?;
    /// let options = GroupReadOptions::new().count(10).claim_idle(Duration::ZERO);
    /// let read = group.read_with("bob", options)?;
    /// assert_eq!((read.len(), read[0].deliveries), (1, 1));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn read_with(
        &self,
        consumer: impl AsRef<[u8]>,
        options: GroupReadOptions,
    ) -> Result<Vec<Redelivered>> {
        let args = options.args(&self.name, consumer.as_ref());
        let own = |read: Delivered<'_>| Redelivered::of((read.to_owned(), read.claimed));
        let mut budget = Budget::new(args.limit);
        self.db.grow(&self.key, |tx, key| {
            tx.xreadgroup(key, &args, Source::New, &mut budget, |read| {
                read.into_iter().filter_map(own).collect()
            })
        })
    }

    /// Delivers entries that are pending with a consumer to it once more, those after an id (`XREADGROUP` with
    /// an id, O(entries)). One that was deleted meanwhile comes without fields.
    ///
    /// # Errors
    /// If there is no such group; see the [type](ConsumerGroup).
    ///
    /// ```
    /// # let db = danio::Db::in_memory();
    /// # let group = db.consumer_group("jobs", "workers");
    /// # group.create_from_end()?;
    /// use danio::StreamId;
    ///
    /// let id = db.xadd("jobs", [("n", "1")])?;
    /// group.read("ann", 10)?;
    /// // Ann starts again, and begins with what she had not finished.
    /// let (unfinished, entry) = &group.history("ann", StreamId::MIN, 10)?[0];
    /// assert!(*unfinished == id && entry.is_some());
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn history(
        &self,
        consumer: impl AsRef<[u8]>,
        after: StreamId,
        count: usize,
    ) -> Result<Vec<(StreamId, Option<StreamEntry>)>> {
        let args = ReadArgs {
            group: &self.name,
            consumer: consumer.as_ref(),
            limit: count.into(),
            noack: false,
            claim: None,
        };
        let own = |read: Vec<Delivered<'_>>| read.iter().map(Delivered::to_owned).collect();
        let mut budget = Budget::new(args.limit);
        self.db.grow(&self.key, |tx, key| {
            tx.xreadgroup(key, &args, Source::History(after), &mut budget, own)
        })
    }

    /// Acknowledges entries: they are pending no more (`XACK`, O(log n) an id). Returns how many were; 0 if there is
    /// no such group.
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if the key holds no stream.
    ///
    /// ```
    /// # let db = danio::Db::in_memory();
    /// # let group = db.consumer_group("jobs", "workers");
    /// group.create_from_end()?;
    /// let id = db.xadd("jobs", [("n", "1")])?;
    /// group.read("ann", 10)?;
    /// assert_eq!(group.ack([id])?, 1);
    /// assert_eq!(group.ack([id])?, 0);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn ack(&self, ids: impl IntoIterator<Item = StreamId>) -> Result<usize> {
        let ids: Vec<StreamId> = ids.into_iter().collect();
        self.db.write(&self.key, |tx, key| tx.xack(key, &self.name, &ids))
    }

    /// Acknowledges entries and deletes those that no other group needs (`XACKDEL` with `ACKED`, O(log n) an id
    /// and group). Returns what came of each; one that was not pending is missing.
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if the key holds no stream.
    ///
    /// ```
    /// # let db = danio::Db::in_memory();
    /// # let group = db.consumer_group("jobs", "workers");
    /// # group.create_from_end()?;
    /// let id = db.xadd("jobs", [("n", "1")])?;
    /// group.read("ann", 10)?;
    /// assert_eq!(group.ack_and_delete([id])?, [danio::DeleteOutcome::Deleted]);
    /// assert_eq!(db.xlen("jobs")?, 0);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn ack_and_delete(
        &self,
        ids: impl IntoIterator<Item = StreamId>,
    ) -> Result<Vec<DeleteOutcome>> {
        let ids: Vec<StreamId> = ids.into_iter().collect();
        let outcomes = self
            .db
            .write(&self.key, |tx, key| tx.xackdel(key, &self.name, &ids, References::Acked))?;
        Ok(outcomes.into_iter().map(DeleteOutcome::from).collect())
    }

    /// Counts what is pending, in all and with each consumer (`XPENDING`, O(consumers)).
    ///
    /// # Errors
    /// If there is no such group; see the [type](ConsumerGroup).
    ///
    /// ```
    /// # let db = danio::Db::in_memory();
    /// # let group = db.consumer_group("jobs", "workers");
    /// group.create_from_end()?;
    /// db.xadd("jobs", [("n", "1")])?;
    /// group.read("ann", 10)?;
    /// assert_eq!(group.pending()?.count, 1);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn pending(&self) -> Result<PendingSummary> {
        self.db.read(&self.key, |tx, key| tx.xpending(key, &self.name))
    }

    /// Returns the first `limit` of what is pending within a range of ids (`XPENDING` with a range, O(log n +
    /// entries)).
    ///
    /// # Errors
    /// If there is no such group; see the [type](ConsumerGroup).
    ///
    /// ```
    /// # let db = danio::Db::in_memory();
    /// # let group = db.consumer_group("jobs", "workers");
    /// # group.create_from_end()?;
    /// let id = db.xadd("jobs", [("n", "1")])?;
    /// group.read("ann", 10)?;
    /// let pending = group.pending_range(.., 10)?;
    /// assert_eq!((pending[0].id, pending[0].deliveries), (id, 1));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn pending_range(
        &self,
        range: impl RangeBounds<StreamId>,
        limit: usize,
    ) -> Result<Vec<PendingEntry>> {
        let ends = ends(&range);
        self.db.read(&self.key, |tx, key| tx.xpending_range(key, &self.name, ends, limit))
    }

    /// Gives entries that are pending for at least `min_idle` to a consumer (`XCLAIM`, O(log n) an id). Returns
    /// those that it got.
    ///
    /// # Errors
    /// If there is no such group; see the [type](ConsumerGroup).
    ///
    /// ```
    /// # let db = danio::Db::in_memory();
    /// # let group = db.consumer_group("jobs", "workers");
    /// group.create_from_end()?;
    /// let id = db.xadd("jobs", [("n", "1")])?;
    /// group.read("ann", 10)?;
    /// let claimed = group.claim("bob", std::time::Duration::ZERO, [id])?;
    /// assert_eq!(claimed[0].id, id);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn claim(
        &self,
        consumer: impl AsRef<[u8]>,
        min_idle: Duration,
        ids: impl IntoIterator<Item = StreamId>,
    ) -> Result<Vec<StreamEntry>> {
        self.claim_with(consumer, min_idle, ids, ClaimOptions::new())
    }

    /// Gives entries to a consumer as `options` say (`XCLAIM` with options, O(log n) an id). Returns those that it got.
    ///
    /// # Errors
    /// If there is no such group; see the [type](ConsumerGroup).
    ///
    /// ```
    /// # let db = danio::Db::in_memory();
    /// # let group = db.consumer_group("jobs", "workers");
    /// # group.create_from_end()?;
    /// use std::time::Duration;
    /// use danio::ClaimOptions;
    ///
    /// let id = db.xadd("jobs", [("n", "1")])?;
    /// let options = ClaimOptions::new().force().deliveries(7);
    /// assert_eq!(group.claim_with("bob", Duration::ZERO, [id], options)?.len(), 1);
    /// assert_eq!(group.pending_range(.., 1)?[0].deliveries, 7);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn claim_with(
        &self,
        consumer: impl AsRef<[u8]>,
        min_idle: Duration,
        ids: impl IntoIterator<Item = StreamId>,
        options: ClaimOptions,
    ) -> Result<Vec<StreamEntry>> {
        let ids: Vec<StreamId> = ids.into_iter().collect();
        self.db.grow(&self.key, |tx, key| {
            let delivered = options.idle.map(|idle| Millis(tx.now().0 - millis(idle)));
            let args = ClaimArgs {
                group: &self.name,
                consumer: consumer.as_ref(),
                min_idle: millis(min_idle),
                delivered,
                count: options.count.map(|count| i64::try_from(count).unwrap_or(i64::MAX)),
                force: options.force,
                just_id: false,
                last_id: StreamId::MIN,
            };
            tx.look(key)?;
            tx.xclaim(key, &ids, &args, |claimed| {
                claimed.iter().filter_map(|entry| entry.to_owned().1).collect()
            })
        })
    }

    /// Looks at pending entries from an id on and gives at most `count` that are pending for at least
    /// `min_idle` to a consumer (`XAUTOCLAIM`, O(count)).
    ///
    /// # Errors
    /// If there is no such group; see the [type](ConsumerGroup).
    ///
    /// ```
    /// # let db = danio::Db::in_memory();
    /// # let group = db.consumer_group("jobs", "workers");
    /// # group.create_from_end()?;
    /// use std::time::Duration;
    /// use danio::StreamId;
    ///
    /// db.xadd("jobs", [("n", "1")])?;
    /// group.read("ann", 10)?;
    /// let claimed = group.auto_claim("bob", Duration::ZERO, StreamId::MIN, 10)?;
    /// assert_eq!((claimed.entries.len(), claimed.next), (1, None));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn auto_claim(
        &self,
        consumer: impl AsRef<[u8]>,
        min_idle: Duration,
        from: StreamId,
        count: usize,
    ) -> Result<AutoClaimed> {
        let args = AutoClaimArgs {
            group: &self.name,
            consumer: consumer.as_ref(),
            min_idle: millis(min_idle),
            from,
            count,
            just_id: false,
        };
        self.db.grow(&self.key, |tx, key| {
            tx.look(key)?;
            tx.xautoclaim(key, &args, |next, claimed, deleted| AutoClaimed {
                next: (next != StreamId::MIN).then_some(next),
                entries: claimed.iter().filter_map(|entry| entry.to_owned().1).collect(),
                deleted: deleted.to_vec(),
            })
        })
    }

    /// Tells about each consumer (`XINFO CONSUMERS`, O(consumers)).
    ///
    /// # Errors
    /// If there is no such group; see the [type](ConsumerGroup).
    ///
    /// ```
    /// # let db = danio::Db::in_memory();
    /// # let group = db.consumer_group("jobs", "workers");
    /// group.create_from_end()?;
    /// group.create_consumer("ann")?;
    /// assert_eq!(group.consumers()?[0].name, "ann");
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn consumers(&self) -> Result<Vec<ConsumerInfo>> {
        self.db.read(&self.key, |tx, key| tx.xinfo_consumers(key, &self.name))
    }
}

impl<S> fmt::Debug for ConsumerGroup<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        f.debug_struct("ConsumerGroup")
            .field("db", &self.db)
            .field("key", &text(&self.key))
            .field("name", &text(&self.name))
            .finish()
    }
}

pub(super) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
