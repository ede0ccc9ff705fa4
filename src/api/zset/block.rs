//! Waiting for members of sorted sets: BZPOPMIN, BZPOPMAX, BZMPOP.

use std::time::Duration;

use bytes::Bytes;
use smallvec::SmallVec;

use super::ZEnd;
use super::remove::Popped;
use crate::api::Db;
#[cfg(feature = "async")]
use crate::api::Waiting;
use crate::blocking::Want;
use crate::error::Result;
use crate::keyspace::{Concern, Key, OwnedKey, Tx};
use crate::value::zset::{How, Score};

/// Members of the first of some sorted sets that is there.
#[derive(Debug)]
pub(crate) struct ZPopWant {
    keys: SmallVec<[OwnedKey; 1]>,
    end: ZEnd,
    count: usize,
}

impl ZPopWant {
    pub(crate) fn new(keys: &[Key<'_>], end: ZEnd, count: usize) -> ZPopWant {
        ZPopWant { keys: keys.iter().map(|key| key.keep()).collect(), end, count }
    }

    /// The key at a place.
    pub(crate) fn key(&self, place: usize) -> &[u8] {
        self.keys[place].get().bytes
    }
}

impl Want for ZPopWant {
    type Out = (usize, Popped);

    fn keys(&self) -> &[OwnedKey] {
        &self.keys
    }

    fn concern(&self) -> Concern {
        Concern::SortedSet
    }

    fn attempt(&self, tx: &mut Tx<'_>, tried: &[usize]) -> Result<Option<Self::Out>> {
        let keys = tried.iter().map(|place| (*place, self.keys[*place].get()));
        tx.zpop_first(keys, self.end, self.count)
    }

    /// A member that has come again meanwhile keeps the score that it came with.
    fn put_back(&self, tx: &mut Tx<'_>, (place, popped): Self::Out) {
        let pairs = popped.iter().map(|(member, score)| (score.get(), &member[..]));
        let how = How { absent: true, ..How::default() };
        // Where another type has come, the sorted set and its members were overwritten.
        let _ = tx.zadd(self.keys[place].get(), pairs, how);
    }
}

fn one(want: &ZPopWant, (place, mut popped): (usize, Popped)) -> (Bytes, Bytes, Score) {
    let (member, score) = popped.pop().expect("what is popped is not empty");
    (Bytes::copy_from_slice(want.key(place)), member, score)
}

/// Waiting for members of sorted sets.
///
/// Whoever calls these first is served first, whichever way the members come and whoever else waits: threads,
/// futures, Redis clients. Without a timeout they wait for ever; with one of zero not at all. Time is that of the
/// engine's clock.
impl Db {
    fn zpop_want<K: AsRef<[u8]>>(
        &self,
        keys: impl IntoIterator<Item = K>,
        end: ZEnd,
        count: usize,
    ) -> ZPopWant {
        let keys = keys.into_iter().map(|key| self.key(key.as_ref()).keep()).collect();
        ZPopWant { keys, end, count }
    }

    /// Removes the member with the lowest score from the first of these sorted sets that is there, and waits for
    /// one while none is (`BZPOPMIN`, O(keys + log n), locks the stripes of the keys, but not while it
    /// waits). Returns the key, the member and its score; `None` if the timeout came first.
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if a key before the first sorted set holds something else.
    ///
    /// ```
    /// use std::thread;
    ///
    /// let db = danio::Db::in_memory();
    /// let worker = {
    ///     let db = db.clone();
    ///     thread::spawn(move || db.bzpopmin(["tasks"], None))
    /// };
    /// db.zadd("tasks", "backup", 3)?;
    /// let (_, task, priority) = worker.join().expect("no panic")?.expect("it waits for ever");
    /// assert_eq!((&task[..], priority), (&b"backup"[..], 3.into()));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn bzpopmin<K: AsRef<[u8]>>(
        &self,
        keys: impl IntoIterator<Item = K>,
        timeout: impl Into<Option<Duration>>,
    ) -> Result<Option<(Bytes, Bytes, Score)>> {
        self.wait(self.zpop_want(keys, ZEnd::Min, 1), timeout.into(), one)
    }

    /// As [`bzpopmin`](Db::bzpopmin), with the highest score (`BZPOPMAX`).
    ///
    /// # Errors
    /// As [`bzpopmin`](Db::bzpopmin).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.zadd_many("board", [("ann", 10), ("bob", 7)])?;
    /// let top = db.bzpopmax(["board"], None)?;
    /// assert_eq!(top, Some(("board".into(), "ann".into(), 10.into())));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn bzpopmax<K: AsRef<[u8]>>(
        &self,
        keys: impl IntoIterator<Item = K>,
        timeout: impl Into<Option<Duration>>,
    ) -> Result<Option<(Bytes, Bytes, Score)>> {
        self.wait(self.zpop_want(keys, ZEnd::Max, 1), timeout.into(), one)
    }

    /// Pops up to `count` members, but at least one, from an end of the first of these sorted sets that is there, and
    /// waits for one while none is (`BZMPOP`, O(keys + log n + count), locks the stripes of the keys, but
    /// not while it waits). Returns that key's place among `keys`, and the members.
    ///
    /// # Errors
    /// As [`bzpopmin`](Db::bzpopmin).
    ///
    /// ```
    /// use danio::{Db, ZEnd};
    ///
    /// let db = Db::in_memory();
    /// db.zadd_many("low", [("task", 1), ("rest", 2)])?;
    /// let popped = db.bzmpop(["high", "low"], ZEnd::Min, 5, None)?;
    /// assert_eq!(popped, Some((1, vec![("task".into(), 1.into()), ("rest".into(), 2.into())])));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn bzmpop<K: AsRef<[u8]>>(
        &self,
        keys: impl IntoIterator<Item = K>,
        end: ZEnd,
        count: usize,
        timeout: impl Into<Option<Duration>>,
    ) -> Result<Option<(usize, Popped)>> {
        self.wait(self.zpop_want(keys, end, count.max(1)), timeout.into(), |_, popped| popped)
    }
}

/// Waiting for members of sorted sets, as futures.
#[cfg(feature = "async")]
impl Db {
    /// [`bzpopmin`](Db::bzpopmin) as a future.
    ///
    /// # Errors
    /// As [`bzpopmin`](Db::bzpopmin).
    ///
    /// ```
    /// # pollster::block_on(async {
    /// let db = danio::Db::in_memory();
    /// let task = db.bzpopmin_async(["tasks"], None);
    /// db.zadd("tasks", "backup", 3)?;
    /// assert_eq!(task.await?, Some(("tasks".into(), "backup".into(), 3.into())));
    /// # Ok::<(), danio::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn bzpopmin_async<K: AsRef<[u8]>>(
        &self,
        keys: impl IntoIterator<Item = K>,
        timeout: impl Into<Option<Duration>>,
    ) -> Waiting<(Bytes, Bytes, Score)> {
        self.later(self.zpop_want(keys, ZEnd::Min, 1), timeout.into(), one)
    }

    /// [`bzpopmax`](Db::bzpopmax) as a future.
    ///
    /// # Errors
    /// As [`bzpopmin`](Db::bzpopmin).
    ///
    /// ```
    /// # pollster::block_on(async {
    /// let db = danio::Db::in_memory();
    /// db.zadd_many("board", [("ann", 10), ("bob", 7)])?;
    /// let top = db.bzpopmax_async(["board"], None).await?;
    /// assert_eq!(top, Some(("board".into(), "ann".into(), 10.into())));
    /// # Ok::<(), danio::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn bzpopmax_async<K: AsRef<[u8]>>(
        &self,
        keys: impl IntoIterator<Item = K>,
        timeout: impl Into<Option<Duration>>,
    ) -> Waiting<(Bytes, Bytes, Score)> {
        self.later(self.zpop_want(keys, ZEnd::Max, 1), timeout.into(), one)
    }

    /// [`bzmpop`](Db::bzmpop) as a future.
    ///
    /// # Errors
    /// As [`bzpopmin`](Db::bzpopmin).
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use danio::{Db, ZEnd};
    ///
    /// let db = Db::in_memory();
    /// db.zadd("low", "task", 1)?;
    /// let popped = db.bzmpop_async(["high", "low"], ZEnd::Min, 5, None).await?;
    /// assert_eq!(popped, Some((1, vec![("task".into(), 1.into())])));
    /// # Ok::<(), danio::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn bzmpop_async<K: AsRef<[u8]>>(
        &self,
        keys: impl IntoIterator<Item = K>,
        end: ZEnd,
        count: usize,
        timeout: impl Into<Option<Duration>>,
    ) -> Waiting<(usize, Popped)> {
        self.later(self.zpop_want(keys, end, count.max(1)), timeout.into(), |_, popped| popped)
    }
}
