//! Waiting for elements of lists: BLPOP, BRPOP, BLMPOP, BLMOVE, BRPOPLPUSH.

use std::time::Duration;

use bytes::Bytes;
use smallvec::SmallVec;

use super::pop::MoveCount;
use super::{ListEnd, ListMove};
use crate::api::Db;
#[cfg(feature = "async")]
use crate::api::Waiting;
use crate::blocking::Want;
use crate::error::{Error, Result};
use crate::keyspace::{Concern, Key, OwnedKey, Tx};
use crate::value::list::End;

/// Elements that were popped, outermost first.
pub(crate) type Elements = SmallVec<[Bytes; 1]>;

/// Elements of the first of some lists that is there.
#[derive(Debug)]
pub(crate) struct PopWant {
    keys: SmallVec<[OwnedKey; 1]>,
    end: End,
    count: usize,
}

impl PopWant {
    pub(crate) fn new(keys: &[Key<'_>], end: End, count: usize) -> PopWant {
        PopWant { keys: keys.iter().map(|key| key.keep()).collect(), end, count }
    }

    /// The key at a place.
    pub(crate) fn key(&self, place: usize) -> &[u8] {
        self.keys[place].get().bytes
    }
}

impl Tx<'_> {
    /// Pops up to `count` elements from an end of the first of some keys that holds a list (`LMPOP`). Returns which,
    /// by the number that came with it.
    pub(crate) fn pop_first<'a>(
        &mut self,
        keys: impl Iterator<Item = (usize, Key<'a>)>,
        end: End,
        count: usize,
    ) -> Result<Option<(usize, Elements)>> {
        for (place, key) in keys {
            if self.peek_list(key)?.is_some() {
                let mut elements = Elements::new();
                self.pop(key, end, count, |item| elements.push(super::db::owned(item)))?;
                return Ok(Some((place, elements)));
            }
        }
        Ok(None)
    }
}

impl Want for PopWant {
    type Out = (usize, Elements);

    fn keys(&self) -> &[OwnedKey] {
        &self.keys
    }

    fn concern(&self) -> Concern {
        Concern::List
    }

    fn attempt(&self, tx: &mut Tx<'_>, tried: &[usize]) -> Result<Option<Self::Out>> {
        let keys = tried.iter().map(|place| (*place, self.keys[*place].get()));
        tx.pop_first(keys, self.end, self.count)
    }

    fn put_back(&self, tx: &mut Tx<'_>, (place, elements): Self::Out) {
        let elements = elements.iter().rev().map(|element| &element[..]);
        // Where another type has come, the list and its elements were overwritten.
        let _ = tx.push(self.keys[place].get(), self.end, elements, false);
    }
}

/// An element to be moved from one list to another.
#[derive(Debug)]
pub(crate) struct MoveWant {
    source: [OwnedKey; 1],
    target: OwnedKey,
    from: End,
    to: End,
}

impl MoveWant {
    pub(crate) fn new(source: Key<'_>, target: Key<'_>, from: End, to: End) -> MoveWant {
        MoveWant { source: [source.keep()], target: target.keep(), from, to }
    }
}

impl Want for MoveWant {
    type Out = Bytes;

    fn keys(&self) -> &[OwnedKey] {
        &self.source
    }

    fn concern(&self) -> Concern {
        Concern::List
    }

    fn reach(&self) -> Option<Key<'_>> {
        Some(self.target.get())
    }

    fn grows(&self) -> bool {
        true
    }

    fn attempt(&self, tx: &mut Tx<'_>, tried: &[usize]) -> Result<Option<Bytes>> {
        let source = self.source[0].get();
        if tried.is_empty() || tx.peek_list(source)?.is_none() {
            return Ok(None);
        }
        if tx.keyspace().refuses_growth() {
            return Err(Error::OutOfMemory);
        }
        tx.list_move(source, self.target.get(), self.from, self.to)
    }

    /// The element is in the other list.
    fn put_back(&self, _: &mut Tx<'_>, _: Bytes) {}
}

/// Several elements to be moved from one list to another.
#[derive(Debug)]
pub(crate) struct MoveManyWant {
    one: MoveWant,
    how: MoveCount,
}

impl MoveManyWant {
    pub(crate) fn new(one: MoveWant, how: MoveCount) -> MoveManyWant {
        MoveManyWant { one, how }
    }
}

impl Want for MoveManyWant {
    type Out = Vec<Bytes>;

    fn keys(&self) -> &[OwnedKey] {
        self.one.keys()
    }

    fn concern(&self) -> Concern {
        self.one.concern()
    }

    fn reach(&self) -> Option<Key<'_>> {
        self.one.reach()
    }

    fn grows(&self) -> bool {
        true
    }

    fn attempt(&self, tx: &mut Tx<'_>, tried: &[usize]) -> Result<Option<Vec<Bytes>>> {
        let MoveWant { source: [source], target, from, to } = &self.one;
        let len = tx.peek_list(source.get())?.map_or(0, |list| list.len());
        if tried.is_empty() || self.how.of(len).is_none() {
            return Ok(None);
        }
        if tx.keyspace().refuses_growth() {
            return Err(Error::OutOfMemory);
        }
        tx.list_move_many(source.get(), target.get(), [*from, *to], self.how)
    }

    /// The elements are in the other list.
    fn put_back(&self, _: &mut Tx<'_>, _: Vec<Bytes>) {}
}

fn first(want: &PopWant, (place, mut elements): (usize, Elements)) -> (Bytes, Bytes) {
    let element = elements.pop().expect("what is popped is not empty");
    (Bytes::copy_from_slice(want.key(place)), element)
}

fn all(want: &PopWant, (place, elements): (usize, Elements)) -> (Bytes, Vec<Bytes>) {
    (Bytes::copy_from_slice(want.key(place)), elements.into_vec())
}

/// Waiting for elements of lists.
///
/// Whoever calls these first is served first, whichever way the elements come and whoever else waits: threads,
/// futures, Redis clients. Without a timeout they wait for ever; with one of zero not at all. Time is that of the
/// engine's clock.
impl Db {
    fn pop_want<K: AsRef<[u8]>>(
        &self,
        keys: impl IntoIterator<Item = K>,
        end: End,
        count: usize,
    ) -> PopWant {
        let keys = keys.into_iter().map(|key| self.key(key.as_ref()).keep()).collect();
        PopWant { keys, end, count }
    }

    fn move_want(&self, source: &[u8], target: &[u8], from: ListEnd, to: ListEnd) -> MoveWant {
        MoveWant::new(self.key(source), self.key(target), from.into(), to.into())
    }

    /// Takes the first element off the first of these lists that is there, and waits for one while none is (`BLPOP`,
    /// O(keys), locks the stripes of the keys, but not while it waits). Returns the list's key and
    /// the element; `None` if the timeout came first.
    ///
    /// # Errors
    /// [`Error::WrongType`] if a key before the first list holds something else.
    ///
    /// ```
    /// use std::thread;
    /// use std::time::Duration;
    ///
    /// let db = danio::Db::in_memory();
    /// let worker = {
    ///     let db = db.clone();
    ///     thread::spawn(move || db.blpop(["urgent", "jobs"], None))
    /// };
    /// db.rpush("jobs", ["resize"])?;
    /// let (key, job) = worker.join().expect("no panic")?.expect("it waits for ever");
    /// assert_eq!((&key[..], &job[..]), (&b"jobs"[..], &b"resize"[..]));
    /// assert_eq!(db.blpop(["jobs"], Duration::from_millis(1))?, None);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn blpop<K: AsRef<[u8]>>(
        &self,
        keys: impl IntoIterator<Item = K>,
        timeout: impl Into<Option<Duration>>,
    ) -> Result<Option<(Bytes, Bytes)>> {
        self.wait(self.pop_want(keys, End::Front, 1), timeout.into(), first)
    }

    /// As [`blpop`](Db::blpop), with the last element (`BRPOP`).
    ///
    /// # Errors
    /// As [`blpop`](Db::blpop).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.rpush("jobs", ["a", "b"])?;
    /// assert_eq!(db.brpop(["jobs"], None)?, Some(("jobs".into(), "b".into())));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn brpop<K: AsRef<[u8]>>(
        &self,
        keys: impl IntoIterator<Item = K>,
        timeout: impl Into<Option<Duration>>,
    ) -> Result<Option<(Bytes, Bytes)>> {
        self.wait(self.pop_want(keys, End::Back, 1), timeout.into(), first)
    }

    /// Takes up to `count` elements, but at least one, off an end of the first of these lists that is there, and
    /// waits for one while none is (`BLMPOP`, O(keys + count), locks the stripes of the keys, but not
    /// while it waits). Returns the list's key with them.
    ///
    /// # Errors
    /// As [`blpop`](Db::blpop).
    ///
    /// ```
    /// use danio::{Db, ListEnd};
    ///
    /// let db = Db::in_memory();
    /// db.rpush("jobs", ["a", "b", "c"])?;
    /// let (_, jobs) = db.blmpop(["urgent", "jobs"], ListEnd::Left, 2, None)?.expect("there are");
    /// assert_eq!(jobs, ["a", "b"]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn blmpop<K: AsRef<[u8]>>(
        &self,
        keys: impl IntoIterator<Item = K>,
        end: ListEnd,
        count: usize,
        timeout: impl Into<Option<Duration>>,
    ) -> Result<Option<(Bytes, Vec<Bytes>)>> {
        self.wait(self.pop_want(keys, end.into(), count.max(1)), timeout.into(), all)
    }

    /// Takes an element off an end of one list and adds it at an end of another, or of the same, and waits for
    /// one while there is none (`BLMOVE`, O(1), locks both stripes, but not while it waits). Returns it;
    /// `None` if the timeout came first.
    ///
    /// # Errors
    /// As [`lmove`](Db::lmove).
    ///
    /// ```
    /// use danio::{Db, ListEnd};
    ///
    /// let db = Db::in_memory();
    /// db.rpush("waiting", ["a"])?;
    /// let job = db.blmove("waiting", "running", ListEnd::Left, ListEnd::Right, None)?;
    /// assert_eq!(job.as_deref(), Some(&b"a"[..]));
    /// assert_eq!(db.lrange("running", ..)?, ["a"]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn blmove(
        &self,
        source: impl AsRef<[u8]>,
        target: impl AsRef<[u8]>,
        from: ListEnd,
        to: ListEnd,
        timeout: impl Into<Option<Duration>>,
    ) -> Result<Option<Bytes>> {
        let want = self.move_want(source.as_ref(), target.as_ref(), from, to);
        self.wait(want, timeout.into(), |_, element| element)
    }

    /// Moves several elements from an end of one list to an end of another, or of the same, as
    /// [`lmove_many`](Db::lmove_many) does, and waits while there are none, or not enough (`BLMOVEM` of Redis 8.10,
    /// O(elements), locks both stripes, but not while it waits). Returns them; none if the timeout came first.
    ///
    /// # Errors
    /// As [`lmove`](Db::lmove).
    ///
    /// ```
    /// use std::{thread, time::Duration};
    /// use danio::{Db, ListEnd, ListMove};
    ///
    /// let db = Db::in_memory();
    /// let (left, right) = (ListEnd::Left, ListEnd::Right);
    /// let worker = {
    ///     let db = db.clone();
    ///     thread::spawn(move || db.blmove_many("pairs", "taken", left, right, ListMove::exactly(2), None))
    /// };
    /// db.rpush("pairs", ["a"])?;
    /// db.rpush("pairs", ["b", "c"])?;
    /// assert_eq!(worker.join().expect("no panic")?, ["a", "b"]);
    /// let none = db.blmove_many("pairs", "taken", left, right, ListMove::exactly(2), Duration::ZERO)?;
    /// assert!(none.is_empty());
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn blmove_many(
        &self,
        source: impl AsRef<[u8]>,
        target: impl AsRef<[u8]>,
        from: ListEnd,
        to: ListEnd,
        how: ListMove,
        timeout: impl Into<Option<Duration>>,
    ) -> Result<Vec<Bytes>> {
        let one = self.move_want(source.as_ref(), target.as_ref(), from, to);
        let want = MoveManyWant::new(one, how.into());
        Ok(self.wait(want, timeout.into(), |_, elements| elements)?.unwrap_or_default())
    }

    /// A [`blmove`](Db::blmove) from right to left (`BRPOPLPUSH`).
    ///
    /// # Errors
    /// As [`lmove`](Db::lmove).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.rpush("k", ["a", "b"])?;
    /// assert_eq!(db.brpoplpush("k", "l", None)?.as_deref(), Some(&b"b"[..]));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn brpoplpush(
        &self,
        source: impl AsRef<[u8]>,
        target: impl AsRef<[u8]>,
        timeout: impl Into<Option<Duration>>,
    ) -> Result<Option<Bytes>> {
        self.blmove(source, target, ListEnd::Right, ListEnd::Left, timeout)
    }
}

/// Waiting for elements of lists, as futures.
#[cfg(feature = "async")]
impl Db {
    /// [`blpop`](Db::blpop) as a future.
    ///
    /// # Errors
    /// As [`blpop`](Db::blpop).
    ///
    /// ```
    /// # pollster::block_on(async {
    /// let db = danio::Db::in_memory();
    /// let job = db.blpop_async(["jobs"], None);
    /// db.rpush("jobs", ["resize"])?;
    /// assert_eq!(job.await?, Some(("jobs".into(), "resize".into())));
    /// # Ok::<(), danio::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn blpop_async<K: AsRef<[u8]>>(
        &self,
        keys: impl IntoIterator<Item = K>,
        timeout: impl Into<Option<Duration>>,
    ) -> Waiting<(Bytes, Bytes)> {
        self.later(self.pop_want(keys, End::Front, 1), timeout.into(), first)
    }

    /// [`brpop`](Db::brpop) as a future.
    ///
    /// # Errors
    /// As [`blpop`](Db::blpop).
    ///
    /// ```
    /// # pollster::block_on(async {
    /// let db = danio::Db::in_memory();
    /// db.rpush("jobs", ["a", "b"])?;
    /// assert_eq!(db.brpop_async(["jobs"], None).await?, Some(("jobs".into(), "b".into())));
    /// # Ok::<(), danio::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn brpop_async<K: AsRef<[u8]>>(
        &self,
        keys: impl IntoIterator<Item = K>,
        timeout: impl Into<Option<Duration>>,
    ) -> Waiting<(Bytes, Bytes)> {
        self.later(self.pop_want(keys, End::Back, 1), timeout.into(), first)
    }

    /// [`blmpop`](Db::blmpop) as a future.
    ///
    /// # Errors
    /// As [`blpop`](Db::blpop).
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use danio::{Db, ListEnd};
    ///
    /// let db = Db::in_memory();
    /// db.rpush("jobs", ["a", "b"])?;
    /// let (_, jobs) = db.blmpop_async(["jobs"], ListEnd::Right, 5, None).await?.expect("there are");
    /// assert_eq!(jobs, ["b", "a"]);
    /// # Ok::<(), danio::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn blmpop_async<K: AsRef<[u8]>>(
        &self,
        keys: impl IntoIterator<Item = K>,
        end: ListEnd,
        count: usize,
        timeout: impl Into<Option<Duration>>,
    ) -> Waiting<(Bytes, Vec<Bytes>)> {
        self.later(self.pop_want(keys, end.into(), count.max(1)), timeout.into(), all)
    }

    /// [`blmove`](Db::blmove) as a future.
    ///
    /// # Errors
    /// As [`lmove`](Db::lmove).
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use danio::{Db, ListEnd};
    ///
    /// let db = Db::in_memory();
    /// let job = db.blmove_async("waiting", "running", ListEnd::Left, ListEnd::Right, None);
    /// db.rpush("waiting", ["a"])?;
    /// assert_eq!(job.await?.as_deref(), Some(&b"a"[..]));
    /// # Ok::<(), danio::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn blmove_async(
        &self,
        source: impl AsRef<[u8]>,
        target: impl AsRef<[u8]>,
        from: ListEnd,
        to: ListEnd,
        timeout: impl Into<Option<Duration>>,
    ) -> Waiting<Bytes> {
        let want = self.move_want(source.as_ref(), target.as_ref(), from, to);
        self.later(want, timeout.into(), |_, element| element)
    }

    /// [`blmove_many`](Db::blmove_many) as a future, which is nothing if the timeout came first.
    ///
    /// # Errors
    /// As [`lmove`](Db::lmove).
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use danio::{Db, ListEnd, ListMove};
    ///
    /// let db = Db::in_memory();
    /// let (left, right) = (ListEnd::Left, ListEnd::Right);
    /// let jobs = db.blmove_many_async("waiting", "running", left, right, ListMove::up_to(5), None);
    /// db.rpush("waiting", ["a", "b"])?;
    /// assert_eq!(jobs.await?.expect("it waits for ever"), ["a", "b"]);
    /// # Ok::<(), danio::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn blmove_many_async(
        &self,
        source: impl AsRef<[u8]>,
        target: impl AsRef<[u8]>,
        from: ListEnd,
        to: ListEnd,
        how: ListMove,
        timeout: impl Into<Option<Duration>>,
    ) -> Waiting<Vec<Bytes>> {
        let one = self.move_want(source.as_ref(), target.as_ref(), from, to);
        self.later(MoveManyWant::new(one, how.into()), timeout.into(), |_, elements| elements)
    }

    /// [`brpoplpush`](Db::brpoplpush) as a future.
    ///
    /// # Errors
    /// As [`lmove`](Db::lmove).
    ///
    /// ```
    /// # pollster::block_on(async {
    /// let db = danio::Db::in_memory();
    /// db.rpush("k", ["a", "b"])?;
    /// assert_eq!(db.brpoplpush_async("k", "l", None).await?.as_deref(), Some(&b"b"[..]));
    /// # Ok::<(), danio::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn brpoplpush_async(
        &self,
        source: impl AsRef<[u8]>,
        target: impl AsRef<[u8]>,
        timeout: impl Into<Option<Duration>>,
    ) -> Waiting<Bytes> {
        self.blmove_async(source, target, ListEnd::Right, ListEnd::Left, timeout)
    }
}
