//! Consumers that share the entries of a stream.

use std::fmt;
use std::time::Duration;

#[cfg(feature = "async")]
use super::Later;
use super::Stream;
use crate::api::{ConsumerGroup, Engine, GroupReadOptions, Nack, Scope, StreamEntry};
use crate::ds::stream_log::StreamId;
use crate::error::Result;

/// A group of consumers of a [`Stream`], each of whose entries is delivered to one of them; made by [`Stream::group`].
///
/// What is not about values is in [`untyped`](StreamGroup::untyped): who is there, what is pending, claims by id.
///
/// Methods fail as those of [`ConsumerGroup`]. An entry whose value cannot be read does not keep others back: it
/// is delivered with the error in place of its value, to be acknowledged or put aside. One that the schema
/// [drops](super::Schema::drops_others) is acknowledged and passed over.
pub struct StreamGroup<T, S = Engine> {
    stream: Stream<T, S>,
    group: ConsumerGroup<S>,
}

/// An entry that was delivered to a consumer.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Delivery<T> {
    /// Its id, to [acknowledge](StreamGroup::ack) it by.
    pub id: StreamId,
    /// Its value.
    pub value: Result<T>,
    /// How often it was delivered before; 0 for a new one.
    pub deliveries: u64,
}

impl<T, S: Scope> StreamGroup<T, S> {
    pub(super) fn new(stream: &Stream<T, S>, name: &[u8]) -> StreamGroup<T, S> {
        let group = stream.at.db.consumer_group(stream.key(), name);
        StreamGroup { stream: stream.clone(), group }
    }

    /// The same group without types.
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let workers = db.stream_with::<u32>("jobs", Schema::plain()).group("workers");
    /// workers.create_from_start()?;
    /// assert_eq!(workers.untyped().pending()?.count, 0);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn untyped(&self) -> &ConsumerGroup<S> {
        &self.group
    }

    /// Makes the group, which is given all entries that there are, and the stream if it is missing (`XGROUP CREATE` with
    /// `MKSTREAM`, O(1), locks one stripe).
    ///
    /// # Errors
    /// If there is such a group; its [`code`](crate::Error::code) is `BUSYGROUP`.
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let workers = db.stream_with::<u32>("jobs", Schema::plain()).group("workers");
    /// workers.create_from_start()?;
    /// assert!(workers.create_from_start().is_err_and(|error| error.code() == "BUSYGROUP"));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn create_from_start(&self) -> Result<()> {
        self.group.create_from_start()
    }

    /// As [`create_from_start`](StreamGroup::create_from_start), but only entries that come from now on are delivered.
    ///
    /// # Errors
    /// As [`create_from_start`](StreamGroup::create_from_start).
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let jobs = db.stream_with::<u32>("jobs", Schema::plain());
    /// jobs.push(&7)?;
    /// jobs.group("workers").create_from_end()?;
    /// assert!(jobs.group("workers").read("ann", 10)?.is_empty());
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn create_from_end(&self) -> Result<()> {
        self.group.create_from_end()
    }

    /// Delivers entries to a consumer that nobody of the group was given, so many at most (`XREADGROUP`, O(returned), locks
    /// one stripe). They are pending with it until they are acknowledged.
    ///
    /// # Errors
    /// If there is no such group.
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let jobs = db.stream_with::<u32>("jobs", Schema::plain());
    /// let workers = jobs.group("workers");
    /// workers.create_from_start()?;
    /// jobs.push(&7)?;
    /// for job in workers.read("ann", 10)? {
    ///     assert_eq!(job.value, Ok(7));
    ///     workers.ack([job.id])?;
    /// }
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn read(&self, consumer: impl AsRef<[u8]>, count: usize) -> Result<Vec<Delivery<T>>> {
        let read = self.group.read(consumer, count)?;
        self.deliver(read.into_iter().map(|entry| (entry, 0)))
    }

    /// Tells that entries are done with (`XACK`, O(ids), locks one stripe). Returns how many were pending.
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if the key holds no stream.
    ///
    /// ```
    /// use danio::{StreamId, typed::Schema};
    ///
    /// let db = danio::Db::in_memory();
    /// let workers = db.stream_with::<u32>("jobs", Schema::plain()).group("workers");
    /// assert_eq!(workers.ack([StreamId::MIN])?, 0);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn ack(&self, ids: impl IntoIterator<Item = StreamId>) -> Result<usize> {
        self.group.ack(ids)
    }

    /// Gives entries back to the group: nobody has them then, and whoever [claims](StreamGroup::claim_idle) next gets
    /// them, however long they are to have been idle (`XNACK`, O(ids), locks one stripe). Returns how many were pending.
    ///
    /// # Errors
    /// If there is no such group.
    ///
    /// ```
    /// use std::time::Duration;
    /// use danio::{Nack, typed::Schema};
    ///
    /// let db = danio::Db::in_memory();
    /// let jobs = db.stream_with::<u32>("jobs", Schema::plain());
    /// let workers = jobs.group("workers");
    /// workers.create_from_start()?;
    /// jobs.push(&7)?;
    /// let job = &workers.read("ann", 1)?[0]; // and ann has no time for it
    /// assert_eq!(workers.nack([job.id], Nack::silent())?, 1);
    /// assert_eq!(workers.claim_idle("bob", Duration::from_secs(60), 10)?[0].value, Ok(7));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn nack(&self, ids: impl IntoIterator<Item = StreamId>, how: Nack) -> Result<usize> {
        self.group.nack(ids, how)
    }

    /// Takes over entries that have been pending with others for `min_idle`, so many at most (`XAUTOCLAIM`, O(looked at),
    /// locks one stripe).
    ///
    /// # Errors
    /// If there is no such group.
    ///
    /// ```
    /// use std::time::Duration;
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let jobs = db.stream_with::<u32>("jobs", Schema::plain());
    /// let workers = jobs.group("workers");
    /// workers.create_from_start()?;
    /// jobs.push(&7)?;
    /// workers.read("ann", 10)?; // and ann is never heard of again
    /// assert_eq!(workers.claim_idle("bob", Duration::ZERO, 10)?[0].value, Ok(7));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn claim_idle(
        &self,
        consumer: impl AsRef<[u8]>,
        min_idle: Duration,
        count: usize,
    ) -> Result<Vec<Delivery<T>>> {
        let mut claimed = Vec::new();
        let mut from = Some(StreamId::MIN);
        while let Some(start) = from.filter(|_| claimed.len() < count) {
            let some = self.group.auto_claim(&consumer, min_idle, start, count - claimed.len())?;
            claimed.extend(some.entries);
            from = some.next;
        }
        self.deliver(claimed.into_iter().map(|entry| (entry, 1)))
    }

    fn deliver(
        &self,
        entries: impl Iterator<Item = (StreamEntry, u64)>,
    ) -> Result<Vec<Delivery<T>>> {
        let mut delivered = Vec::new();
        for (entry, deliveries) in entries {
            let id = entry.id;
            match self.stream.value(&entry).transpose() {
                Some(value) => delivered.push(Delivery { id, value, deliveries }),
                None => drop(self.group.ack([id])?),
            }
        }
        Ok(delivered)
    }
}

/// Waiting for entries.
impl<T> StreamGroup<T> {
    /// As [`read`](StreamGroup::read), and waits while there are none (`XREADGROUP` with `BLOCK`). Empty if the timeout came
    /// first. Without one it waits for ever, with one of zero not at all.
    ///
    /// # Errors
    /// If there is no such group, at the beginning or later.
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let jobs = db.stream_with::<u32>("jobs", Schema::plain());
    /// let workers = jobs.group("workers");
    /// workers.create_from_start()?;
    /// jobs.push(&7)?;
    /// assert_eq!(workers.read_wait("ann", 10, None)?[0].value, Ok(7));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn read_wait(
        &self,
        consumer: impl AsRef<[u8]>,
        count: usize,
        timeout: impl Into<Option<Duration>>,
    ) -> Result<Vec<Delivery<T>>> {
        let options = GroupReadOptions::new().count(count);
        let read = self.group.read_blocking(consumer, options, timeout)?;
        self.deliver(read.into_iter().map(|read| (read.entry, read.deliveries)))
    }

    /// [`read_wait`](StreamGroup::read_wait) as a future of any runtime. If it is dropped after it was served, the
    /// entries are pending with the consumer.
    ///
    /// # Errors
    /// As [`read_wait`](StreamGroup::read_wait).
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let jobs = db.stream_with::<u32>("jobs", Schema::plain());
    /// let workers = jobs.group("workers");
    /// workers.create_from_start()?;
    /// let next = workers.read_async("ann", 10, None);
    /// jobs.push(&7)?;
    /// assert_eq!(next.await?[0].value, Ok(7));
    /// # Ok::<(), danio::Error>(())
    /// # }).unwrap();
    /// ```
    #[cfg(feature = "async")]
    pub fn read_async(
        &self,
        consumer: impl AsRef<[u8]>,
        count: usize,
        timeout: impl Into<Option<Duration>>,
    ) -> Later<Vec<Delivery<T>>>
    where
        T: 'static,
    {
        let group = self.clone();
        let options = GroupReadOptions::new().count(count);
        let waiting = self.group.read_async(consumer, options, timeout);
        Later::new(async move {
            let read = waiting.await?.unwrap_or_default();
            group.deliver(read.into_iter().map(|read| (read.entry, read.deliveries)))
        })
    }
}

impl<T, S: Scope> Clone for StreamGroup<T, S> {
    fn clone(&self) -> StreamGroup<T, S> {
        StreamGroup { stream: self.stream.clone(), group: self.group.clone() }
    }
}

impl<T, S> fmt::Debug for StreamGroup<T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamGroup").field("group", &self.group).finish_non_exhaustive()
    }
}
