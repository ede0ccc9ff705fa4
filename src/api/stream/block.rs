//! Waiting for entries of streams: XREAD and XREADGROUP with BLOCK.

use std::time::Duration;

use bytes::Bytes;
use smallvec::SmallVec;

use super::consume::{Delivered, GroupReadOptions, ReadArgs, Redelivered, Source};
use super::{Budget, ConsumerGroup, ReadLimit, StreamEntry};
use crate::api::Db;
#[cfg(feature = "async")]
use crate::api::Waiting;
use crate::blocking::Want;
use crate::clock::Millis;
use crate::ds::stream_log::StreamId;
use crate::error::{Error, Result};
use crate::keyspace::{Concern, Key, OwnedKey, Tx};
use crate::value::stream::StreamRef;

/// Which entries of a stream [`Db::xread_blocking`] returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReadFrom {
    /// Those after an id.
    After(StreamId),
    /// Those that come from now on (`$`).
    Now,
    /// The last one, and those that come from now on (`+`).
    Last,
}

impl From<StreamId> for ReadFrom {
    fn from(id: StreamId) -> ReadFrom {
        ReadFrom::After(id)
    }
}

/// Entries of streams, by the places of their keys.
pub(crate) type Read = Vec<(usize, Vec<StreamEntry>)>;

/// Entries of any of some streams.
#[derive(Debug)]
pub(crate) struct ReadWant {
    keys: SmallVec<[OwnedKey; 1]>,
    /// For each key; ids once the wait has begun.
    from: SmallVec<[ReadFrom; 1]>,
    limit: ReadLimit,
}

impl ReadWant {
    /// Entries after ids.
    pub(crate) fn new(streams: &[(Key<'_>, StreamId)], limit: ReadLimit) -> ReadWant {
        let keys = streams.iter().map(|(key, _)| key.keep()).collect();
        ReadWant { keys, from: streams.iter().map(|(_, id)| (*id).into()).collect(), limit }
    }

    /// The key at a place.
    pub(crate) fn key(&self, place: usize) -> &[u8] {
        self.keys[place].get().bytes
    }
}

impl Want for ReadWant {
    fn changes(&self) -> bool {
        false
    }

    type Out = Read;

    fn keys(&self) -> &[OwnedKey] {
        &self.keys
    }

    fn concern(&self) -> Concern {
        Concern::Stream
    }

    fn prepare(&mut self, tx: &mut Tx<'_>) -> Result<()> {
        for (key, from) in self.keys.iter().zip(&mut self.from) {
            let stream = tx.stream(key.get())?;
            let last = stream.map(|stream| stream.position().last_id);
            *from = ReadFrom::After(match *from {
                ReadFrom::After(id) => id,
                ReadFrom::Now => last.unwrap_or_default(),
                ReadFrom::Last => last.and_then(StreamId::prev).unwrap_or_default(),
            });
        }
        Ok(())
    }

    fn attempt(&self, tx: &mut Tx<'_>, tried: &[usize]) -> Result<Option<Read>> {
        let mut read = Read::new();
        let mut budget = Budget::new(self.limit);
        for place in tried {
            if budget.is_spent() {
                break;
            }
            let ReadFrom::After(after) = self.from[*place] else { continue };
            let Some(stream) = tx.stream(self.keys[*place].get())? else { continue };
            let newer = stream.log().last_id().filter(|last| *last > after);
            if let (Some(_), Some(first)) = (newer, after.next()) {
                let entries = stream.log().range(first, StreamId::MAX);
                let count = budget.share(self.key(*place), entries.clone());
                read.push((*place, entries.take(count).map(StreamEntry::from).collect()));
            }
        }
        Ok((!read.is_empty()).then_some(read))
    }

    /// Reading takes nothing away.
    fn put_back(&self, _: &mut Tx<'_>, _: Read) {}
}

/// An entry as a group delivers it: with its share in earlier deliveries, if it was claimed.
pub(crate) type GroupRead = ((StreamId, Option<StreamEntry>), Option<(i64, i64)>);

/// Entries of any of some streams that are new to a group.
#[derive(Debug)]
pub(crate) struct GroupWant {
    keys: SmallVec<[OwnedKey; 1]>,
    group: Box<[u8]>,
    consumer: Box<[u8]>,
    limit: ReadLimit,
    noack: bool,
    claim: Option<i64>,
}

impl GroupWant {
    pub(crate) fn new<'k>(keys: impl Iterator<Item = Key<'k>>, args: &ReadArgs<'_>) -> GroupWant {
        GroupWant {
            keys: keys.map(|key| key.keep()).collect(),
            group: args.group.into(),
            consumer: args.consumer.into(),
            limit: args.limit,
            noack: args.noack,
            claim: args.claim,
        }
    }

    /// The key at a place.
    pub(crate) fn key(&self, place: usize) -> &[u8] {
        self.keys[place].get().bytes
    }

    fn args(&self) -> ReadArgs<'_> {
        ReadArgs {
            group: &self.group,
            consumer: &self.consumer,
            limit: self.limit,
            noack: self.noack,
            claim: self.claim,
        }
    }

    /// Whether a key's stream has something for the group.
    fn serves(&self, tx: &Tx<'_>, key: Key<'_>) -> Result<bool> {
        let stream: Option<StreamRef<'_>> = tx.peek(key)?.map(|e| e.view()).transpose()?;
        let group = stream.and_then(|stream| Some((stream, stream.group(&self.group)?)));
        match group {
            Some((stream, group)) => Ok(stream.serves(group, Source::New, self.claim, || tx.now())),
            None => {
                Err(Error::no_group(key.bytes, &self.group, " in XREADGROUP with GROUP option"))
            }
        }
    }
}

impl Want for GroupWant {
    type Out = Vec<(usize, Vec<GroupRead>)>;

    fn keys(&self) -> &[OwnedKey] {
        &self.keys
    }

    /// That a stream or its group is gone ends the wait.
    fn concern(&self) -> Concern {
        Concern::Any
    }

    fn grows(&self) -> bool {
        true
    }

    /// Makes the consumer, as reading does whether there is something to read or not.
    fn prepare(&mut self, tx: &mut Tx<'_>) -> Result<()> {
        for key in &self.keys {
            self.serves(tx, key.get())?;
        }
        for key in &self.keys {
            tx.xgroup_create_consumer(key.get(), &self.group, &self.consumer)?;
        }
        Ok(())
    }

    fn attempt(&self, tx: &mut Tx<'_>, tried: &[usize]) -> Result<Option<Self::Out>> {
        let mut serving: SmallVec<[usize; 4]> = SmallVec::new();
        for place in tried {
            if self.serves(tx, self.keys[*place].get())? {
                serving.push(*place);
            }
        }
        let mut read = Vec::with_capacity(serving.len());
        let mut budget = Budget::new(self.limit);
        for place in serving {
            if budget.is_spent() {
                break;
            }
            let key = self.keys[place].get();
            // A key may be named twice.
            if read.is_empty() || self.serves(tx, key)? {
                let own = |entries: Vec<Delivered<'_>>| {
                    entries.iter().map(|read| (read.to_owned(), read.claimed)).collect()
                };
                let entries = tx.xreadgroup(key, &self.args(), Source::New, &mut budget, own)?;
                read.push((place, entries));
            }
        }
        Ok((!read.is_empty()).then_some(read))
    }

    /// With `CLAIM`, when the next of what is pending has been so for long enough.
    fn ripens(&self, tx: &Tx<'_>) -> Option<Millis> {
        let min_idle = self.claim?;
        let ripens = |key: &OwnedKey| {
            let stream: StreamRef<'_> = tx.peek(key.get()).ok()??.view().ok()?;
            stream.ripens(stream.group(&self.group)?, min_idle)
        };
        self.keys.iter().filter_map(ripens).min()
    }

    /// What was delivered is pending with the consumer, who may read it again.
    fn put_back(&self, _: &mut Tx<'_>, _: Self::Out) {}
}

fn by_key(want: &ReadWant, read: Read) -> Vec<(Bytes, Vec<StreamEntry>)> {
    let named = |(place, entries)| (Bytes::copy_from_slice(want.key(place)), entries);
    read.into_iter().map(named).collect()
}

fn only(_: &GroupWant, read: Vec<(usize, Vec<GroupRead>)>) -> Vec<Redelivered> {
    read.into_iter().flat_map(|(_, entries)| entries).filter_map(Redelivered::of).collect()
}

/// Waiting for entries of streams.
impl Db {
    fn read_want<K: AsRef<[u8]>>(
        &self,
        streams: impl IntoIterator<Item = (K, impl Into<ReadFrom>)>,
        limit: ReadLimit,
    ) -> ReadWant {
        let own = |(key, from): (K, _)| (self.key(key.as_ref()).keep(), Into::into(from));
        let (keys, from) = streams.into_iter().map(own).unzip();
        ReadWant { keys, from, limit: limit.at_least_one() }
    }

    /// Returns entries of streams that come after given ones, up to `limit` of each stream or as [`ReadLimit`] says, and
    /// waits while there are none (`XREAD` with `BLOCK`, O(streams + entries), locks the stripes of the keys, but not while
    /// it waits). Returns the keys of the streams that have some, with these; none if the timeout
    /// came first. Without one it waits for ever, with one of zero not at all.
    ///
    /// # Errors
    /// [`Error::WrongType`] if a key holds something else at the beginning. What is no stream later
    /// is passed over.
    ///
    /// ```
    /// use std::thread;
    /// use danio::{Db, ReadFrom};
    ///
    /// let db = Db::in_memory();
    /// let first = db.xadd("log", [("n", "1")])?;
    /// let reader = {
    ///     let db = db.clone();
    ///     thread::spawn(move || db.xread_blocking([("log", first)], 10, None))
    /// };
    /// let second = db.xadd("log", [("n", "2")])?;
    /// let read = reader.join().expect("no panic")?;
    /// assert_eq!((&read[0].0[..], read[0].1[0].id), (&b"log"[..], second));
    ///
    /// // What is there is passed over.
    /// let none = db.xread_blocking([("log", ReadFrom::Now)], 10, std::time::Duration::ZERO)?;
    /// assert!(none.is_empty());
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn xread_blocking<K: AsRef<[u8]>>(
        &self,
        streams: impl IntoIterator<Item = (K, impl Into<ReadFrom>)>,
        limit: impl Into<ReadLimit>,
        timeout: impl Into<Option<Duration>>,
    ) -> Result<Vec<(Bytes, Vec<StreamEntry>)>> {
        let read = self.wait(self.read_want(streams, limit.into()), timeout.into(), by_key)?;
        Ok(read.unwrap_or_default())
    }

    /// [`xread_blocking`](Db::xread_blocking) as a future, which is nothing if the timeout came first. What [`ReadFrom::Now`] means is settled when it is
    /// first polled.
    ///
    /// # Errors
    /// As [`xread_blocking`](Db::xread_blocking).
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use danio::{Db, StreamId};
    ///
    /// let db = Db::in_memory();
    /// let next = db.xread_async([("log", StreamId::MIN)], 10, None);
    /// db.xadd("log", [("n", "1")])?;
    /// assert_eq!(next.await?.expect("it waits for ever")[0].1.len(), 1);
    /// # Ok::<(), danio::Error>(())
    /// # }).unwrap();
    /// ```
    #[cfg(feature = "async")]
    pub fn xread_async<K: AsRef<[u8]>>(
        &self,
        streams: impl IntoIterator<Item = (K, impl Into<ReadFrom>)>,
        limit: impl Into<ReadLimit>,
        timeout: impl Into<Option<Duration>>,
    ) -> Waiting<Vec<(Bytes, Vec<StreamEntry>)>> {
        self.later(self.read_want(streams, limit.into()), timeout.into(), by_key)
    }
}

/// Waiting for entries that are new to the group.
impl ConsumerGroup {
    fn want(&self, consumer: &[u8], options: GroupReadOptions) -> GroupWant {
        let key = self.db().engine().keyspace().key(self.key());
        GroupWant::new(std::iter::once(key), &options.args(self.name(), consumer))
    }

    /// As [`read_with`](ConsumerGroup::read_with), and waits while there is nothing to read (`XREADGROUP` with
    /// `BLOCK`). Empty if the timeout came first. Without one it waits for ever, with one of zero not at all.
    /// Consumers that wait are served in the order in which they came; with
    /// [`claim_idle`](GroupReadOptions::claim_idle) also when an entry has been pending for long enough meanwhile.
    ///
    /// # Errors
    /// If there is no such group, at the beginning or later; see the [type](ConsumerGroup).
    ///
    /// ```
    /// # let db = danio::Db::in_memory();
    /// # let group = db.consumer_group("jobs", "workers");
    /// # group.create_from_end()?;
    /// use std::thread;
    /// use danio::GroupReadOptions;
    ///
    /// let worker = {
    ///     let group = group.clone();
    ///     thread::spawn(move || group.read_blocking("ann", GroupReadOptions::new().count(1), None))
    /// };
    /// db.xadd("jobs", [("n", "1")])?;
    /// let jobs = worker.join().expect("no panic")?;
    /// assert_eq!((jobs.len(), group.pending()?.count), (1, 1));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn read_blocking(
        &self,
        consumer: impl AsRef<[u8]>,
        options: GroupReadOptions,
        timeout: impl Into<Option<Duration>>,
    ) -> Result<Vec<Redelivered>> {
        let want = self.want(consumer.as_ref(), options);
        Ok(self.db().wait(want, timeout.into(), only)?.unwrap_or_default())
    }

    /// [`read_blocking`](ConsumerGroup::read_blocking) as a future; nothing if the timeout came first.
    ///
    /// # Errors
    /// As [`read_blocking`](ConsumerGroup::read_blocking).
    ///
    /// ```
    /// # pollster::block_on(async {
    /// # let db = danio::Db::in_memory();
    /// # let group = db.consumer_group("jobs", "workers");
    /// # group.create_from_end()?;
    /// let jobs = group.read_async("ann", danio::GroupReadOptions::new(), None);
    /// db.xadd("jobs", [("n", "1")])?;
    /// assert_eq!(jobs.await?.expect("it waits for ever").len(), 1);
    /// # Ok::<(), danio::Error>(())
    /// # }).unwrap();
    /// ```
    #[cfg(feature = "async")]
    pub fn read_async(
        &self,
        consumer: impl AsRef<[u8]>,
        options: GroupReadOptions,
        timeout: impl Into<Option<Duration>>,
    ) -> Waiting<Vec<Redelivered>> {
        self.db().later(self.want(consumer.as_ref(), options), timeout.into(), only)
    }
}
