//! The typed face of lists.

use std::ops::{Range, RangeBounds};

use bytes::Bytes;

use super::{ListEnd, ListMove, LposOptions, index_of, index_range};
use crate::api::{Db, Scope};
use crate::ds::packed::Item;
use crate::error::Result;
use crate::keyspace::Access;
use crate::value::list::{End, ListRef};

/// Elements that [`Db::iter_list`] reads at a time.
const PAGE: usize = 100;

pub(super) fn owned(item: Item<'_>) -> Bytes {
    Bytes::copy_from_slice(item.bytes(&mut itoa::Buffer::new()))
}

/// The elements of a list, read page by page; made by [`Db::iter_list`].
#[derive(Debug)]
pub struct ListElements {
    db: Db,
    key: Bytes,
    page: std::vec::IntoIter<Bytes>,
    /// Where the next page starts, if there may be one.
    next: Option<i64>,
}

impl Iterator for ListElements {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        if let Some(element) = self.page.next() {
            return Some(element);
        }
        let (from, behind) = (self.next?, self.next? + PAGE as i64);
        let page = self.db.lrange(&self.key, from..behind).unwrap_or_default();
        self.next = (page.len() == PAGE).then_some(behind);
        self.page = page.into_iter();
        self.page.next()
    }
}

/// Lists.
impl<S: Scope> Db<S> {
    /// Adds elements at the left end, one after the other, so that the last of them comes first
    /// (`LPUSH`, O(1) each, locks one stripe). Returns how many there are then.
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if the key holds no list; `StringTooLong` for an element beyond the limit;
    /// `OutOfMemory` if `maxmemory` is reached. Nothing is changed then.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// assert_eq!(db.lpush("k", ["a", "b"])?, 2);
    /// assert_eq!(db.lrange("k", ..)?, ["b", "a"]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn lpush<V: AsRef<[u8]>>(
        &self,
        key: impl AsRef<[u8]>,
        elements: impl IntoIterator<Item = V>,
    ) -> Result<usize> {
        self.push(key.as_ref(), End::Front, elements, false)
    }

    /// Adds elements at the right end, one after the other (`RPUSH`, O(1) each, locks one stripe).
    /// Returns how many there are then.
    ///
    /// # Errors
    /// As [`lpush`](Db::lpush).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.rpush("jobs", ["first", "second"])?;
    /// assert_eq!(db.lpop("jobs")?.as_deref(), Some(&b"first"[..]));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn rpush<V: AsRef<[u8]>>(
        &self,
        key: impl AsRef<[u8]>,
        elements: impl IntoIterator<Item = V>,
    ) -> Result<usize> {
        self.push(key.as_ref(), End::Back, elements, false)
    }

    /// As [`lpush`](Db::lpush), but only to a list that is there (`LPUSHX`). Returns 0 if there is none.
    ///
    /// # Errors
    /// As [`lpush`](Db::lpush).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// assert_eq!(db.lpushx("k", ["a"])?, 0);
    /// assert_eq!(db.llen("k")?, 0);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn lpushx<V: AsRef<[u8]>>(
        &self,
        key: impl AsRef<[u8]>,
        elements: impl IntoIterator<Item = V>,
    ) -> Result<usize> {
        self.push(key.as_ref(), End::Front, elements, true)
    }

    /// As [`rpush`](Db::rpush), but only to a list that is there (`RPUSHX`). Returns 0 if there is none.
    ///
    /// # Errors
    /// As [`lpush`](Db::lpush).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.rpush("k", ["a"])?;
    /// assert_eq!(db.rpushx("k", ["b"])?, 2);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn rpushx<V: AsRef<[u8]>>(
        &self,
        key: impl AsRef<[u8]>,
        elements: impl IntoIterator<Item = V>,
    ) -> Result<usize> {
        self.push(key.as_ref(), End::Back, elements, true)
    }

    fn push<V: AsRef<[u8]>>(
        &self,
        key: &[u8],
        end: End,
        elements: impl IntoIterator<Item = V>,
        only_existing: bool,
    ) -> Result<usize> {
        // The caller's iterator runs before anything is locked.
        let elements: Vec<V> = elements.into_iter().collect();
        let elements = elements.iter().map(AsRef::as_ref);
        self.grow(key, |tx, key| tx.push(key, end, elements, only_existing))
    }

    /// Takes the first element off a list (`LPOP`, O(1), locks one stripe); `None` if there is no list.
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if the key holds no list.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.rpush("k", ["a", "b"])?;
    /// assert_eq!(db.lpop("k")?.as_deref(), Some(&b"a"[..]));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn lpop(&self, key: impl AsRef<[u8]>) -> Result<Option<Bytes>> {
        self.pop_one(key.as_ref(), End::Front)
    }

    /// Takes the last element off a list (`RPOP`, O(1), locks one stripe); `None` if there is no list.
    ///
    /// # Errors
    /// As [`lpop`](Db::lpop).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.rpush("k", ["a", "b"])?;
    /// assert_eq!(db.rpop("k")?.as_deref(), Some(&b"b"[..]));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn rpop(&self, key: impl AsRef<[u8]>) -> Result<Option<Bytes>> {
        self.pop_one(key.as_ref(), End::Back)
    }

    /// Takes up to `count` elements off the left end, the first one first (`LPOP` with a count, O(count), locks
    /// one stripe).
    ///
    /// # Errors
    /// As [`lpop`](Db::lpop).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.rpush("k", ["a", "b", "c"])?;
    /// assert_eq!(db.lpop_many("k", 2)?, ["a", "b"]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn lpop_many(&self, key: impl AsRef<[u8]>, count: usize) -> Result<Vec<Bytes>> {
        self.pop(key.as_ref(), End::Front, count)
    }

    /// Takes up to `count` elements off the right end, the last one first (`RPOP` with a count, O(count), locks
    /// one stripe).
    ///
    /// # Errors
    /// As [`lpop`](Db::lpop).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.rpush("k", ["a", "b", "c"])?;
    /// assert_eq!(db.rpop_many("k", 2)?, ["c", "b"]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn rpop_many(&self, key: impl AsRef<[u8]>, count: usize) -> Result<Vec<Bytes>> {
        self.pop(key.as_ref(), End::Back, count)
    }

    fn pop_one(&self, key: &[u8], end: End) -> Result<Option<Bytes>> {
        let mut popped = None;
        self.write(key, |tx, key| tx.pop(key, end, 1, |item| popped = Some(owned(item))))?;
        Ok(popped)
    }

    fn pop(&self, key: &[u8], end: End, count: usize) -> Result<Vec<Bytes>> {
        let mut popped = Vec::new();
        self.write(key, |tx, key| tx.pop(key, end, count, |item| popped.push(owned(item))))?;
        Ok(popped)
    }

    /// Takes up to `count` elements off an end of the first of these lists that is there (`LMPOP`, O(keys +
    /// count), locks the stripes of the keys). Returns the list's key with them.
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if a key before the first list holds something else.
    ///
    /// ```
    /// use danio::{Db, ListEnd};
    ///
    /// let db = Db::in_memory();
    /// db.rpush("low", ["a", "b"])?;
    /// let (key, elements) = db.lmpop(&["high", "low"], ListEnd::Left, 5)?.expect("there is one");
    /// assert_eq!((&key[..], elements.len()), (&b"low"[..], 2));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn lmpop(
        &self,
        keys: &[impl AsRef<[u8]>],
        end: ListEnd,
        count: usize,
    ) -> Result<Option<(Bytes, Vec<Bytes>)>> {
        let keys = self.hashed(keys);
        let mut popped = Vec::new();
        self.many(&keys, Access::Exclusive, |tx| {
            let Some((key, _)) = tx.first_list(&keys)? else { return Ok(None) };
            tx.pop(key, end.into(), count, |item| popped.push(owned(item)))?;
            Ok(Some((Bytes::copy_from_slice(key.bytes), popped)))
        })
    }

    /// Takes an element off an end of one list and adds it at an end of another, or of the same (`LMOVE`,
    /// O(1), locks both stripes). Returns it; `None` if there is no list to take it off.
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if a key holds no list; `OutOfMemory` if `maxmemory` is reached. Nothing is
    /// changed then.
    ///
    /// ```
    /// use danio::{Db, ListEnd};
    ///
    /// let db = Db::in_memory();
    /// db.rpush("waiting", ["a", "b"])?;
    /// let job = db.lmove("waiting", "running", ListEnd::Left, ListEnd::Right)?;
    /// assert_eq!(job.as_deref(), Some(&b"a"[..]));
    /// assert_eq!(db.lrange("running", ..)?, ["a"]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn lmove(
        &self,
        source: impl AsRef<[u8]>,
        target: impl AsRef<[u8]>,
        from: ListEnd,
        to: ListEnd,
    ) -> Result<Option<Bytes>> {
        self.make_room()?;
        let keys = [self.key(source.as_ref()), self.key(target.as_ref())];
        self.many(&keys, Access::Exclusive, |tx| {
            tx.list_move(keys[0], keys[1], from.into(), to.into())
        })
    }

    /// Moves several elements from an end of one list to an end of another, or of the same (`LMOVEM` of Redis 8.10,
    /// O(elements), locks both stripes). Returns them in the order in which they lie there; none if there is no list to
    /// take them off, or not enough.
    ///
    /// # Errors
    /// As [`lmove`](Db::lmove).
    ///
    /// ```
    /// use danio::{Db, ListEnd, ListMove};
    ///
    /// let db = Db::in_memory();
    /// db.rpush("waiting", ["a", "b", "c", "d", "e"])?;
    /// let (left, right) = (ListEnd::Left, ListEnd::Right);
    /// assert_eq!(db.lmove_many("waiting", "running", left, right, ListMove::up_to(2))?, ["a", "b"]);
    /// let one_by_one = ListMove::up_to(2).one_by_one();
    /// assert_eq!(db.lmove_many("waiting", "running", left, left, one_by_one)?, ["d", "c"]);
    /// assert!(db.lmove_many("waiting", "running", left, right, ListMove::exactly(2))?.is_empty());
    /// assert_eq!(db.lrange("running", ..)?, ["d", "c", "a", "b"]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn lmove_many(
        &self,
        source: impl AsRef<[u8]>,
        target: impl AsRef<[u8]>,
        from: ListEnd,
        to: ListEnd,
        how: ListMove,
    ) -> Result<Vec<Bytes>> {
        self.make_room()?;
        let keys = [self.key(source.as_ref()), self.key(target.as_ref())];
        let ends = [from.into(), to.into()];
        let moved = self.many(&keys, Access::Exclusive, |tx| {
            tx.list_move_many(keys[0], keys[1], ends, how.into())
        })?;
        Ok(moved.unwrap_or_default())
    }

    /// Takes the last element off one list and adds it at the left end of another, or of the same
    /// (`RPOPLPUSH`): an [`lmove`](Db::lmove) from right to left.
    ///
    /// # Errors
    /// As [`lmove`](Db::lmove).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.rpush("k", ["a", "b"])?;
    /// assert_eq!(db.rpoplpush("k", "k")?.as_deref(), Some(&b"b"[..]));
    /// assert_eq!(db.lrange("k", ..)?, ["b", "a"]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn rpoplpush(
        &self,
        source: impl AsRef<[u8]>,
        target: impl AsRef<[u8]>,
    ) -> Result<Option<Bytes>> {
        self.lmove(source, target, ListEnd::Right, ListEnd::Left)
    }

    /// Counts the elements of a list, 0 if it is missing (`LLEN`, O(1), locks one stripe shared).
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if the key holds no list.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.rpush("k", ["a", "b"])?;
    /// assert_eq!(db.llen("k")?, 2);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn llen(&self, key: impl AsRef<[u8]>) -> Result<usize> {
        self.read(key.as_ref(), |tx, key| Ok(tx.list(key)?.map_or(0, ListRef::len)))
    }

    /// Returns the element with an index, negative ones counted from the end (`LINDEX`, O(nodes / 128 +
    /// elements of a node), locks one stripe shared).
    ///
    /// # Errors
    /// As [`llen`](Db::llen).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.rpush("k", ["a", "b"])?;
    /// assert_eq!(db.lindex("k", -1)?.as_deref(), Some(&b"b"[..]));
    /// assert_eq!(db.lindex("k", 2)?, None);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn lindex(&self, key: impl AsRef<[u8]>, index: i64) -> Result<Option<Bytes>> {
        self.read(key.as_ref(), |tx, key| {
            let Some(list) = tx.list(key)? else { return Ok(None) };
            Ok(index_of(index, list.len()).and_then(|index| list.get(index)).map(owned))
        })
    }

    /// Returns the elements with these indexes, negative ones counted from the end (`LRANGE`, O(nodes / 128 +
    /// elements), locks one stripe shared).
    ///
    /// # Errors
    /// As [`llen`](Db::llen).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.rpush("k", ["a", "b", "c", "d"])?;
    /// assert_eq!(db.lrange("k", ..2)?, ["a", "b"]);
    /// assert_eq!(db.lrange("k", -2..)?, ["c", "d"]);
    /// assert_eq!(db.lrange("k", 1..=-2)?, ["b", "c"]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn lrange(
        &self,
        key: impl AsRef<[u8]>,
        range: impl RangeBounds<i64>,
    ) -> Result<Vec<Bytes>> {
        self.read(key.as_ref(), |tx, key| {
            let Some(list) = tx.list(key)? else { return Ok(Vec::new()) };
            let Range { start, end } = index_range(range, list.len());
            Ok(list.iter_from(start).take(end - start).map(owned).collect())
        })
    }

    /// Puts another element in the place of the one with an index, negative ones counted from the end
    /// (`LSET`, O(nodes / 128 + bytes of a node), locks one stripe).
    ///
    /// # Errors
    /// [`Error::NoSuchKey`](crate::Error::NoSuchKey) if there is no list; `IndexOutOfRange`; `WrongType` if the key holds something
    /// else; as [`lpush`](Db::lpush) besides. Nothing is changed then.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.rpush("k", ["a", "b"])?;
    /// db.lset("k", -1, "z")?;
    /// assert_eq!(db.lrange("k", ..)?, ["a", "z"]);
    /// assert_eq!(db.lset("k", 5, "z"), Err(danio::Error::IndexOutOfRange));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn lset(&self, key: impl AsRef<[u8]>, index: i64, element: impl AsRef<[u8]>) -> Result<()> {
        self.grow(key.as_ref(), |tx, key| tx.list_set(key, index, element.as_ref()))
    }

    /// Adds an element in front of the first that is `pivot` (`LINSERT` `BEFORE`, O(elements up to there), locks
    /// one stripe). Returns how many there are then; `None` if nothing is `pivot`.
    ///
    /// # Errors
    /// As [`lpush`](Db::lpush).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.rpush("k", ["a", "c"])?;
    /// assert_eq!(db.linsert_before("k", "c", "b")?, Some(3));
    /// assert_eq!(db.linsert_before("k", "x", "b")?, None);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn linsert_before(
        &self,
        key: impl AsRef<[u8]>,
        pivot: impl AsRef<[u8]>,
        element: impl AsRef<[u8]>,
    ) -> Result<Option<usize>> {
        self.insert(key.as_ref(), false, pivot.as_ref(), element.as_ref())
    }

    /// Adds an element behind the first that is `pivot` (`LINSERT` `AFTER`); as [`linsert_before`](Db::linsert_before).
    ///
    /// # Errors
    /// As [`lpush`](Db::lpush).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.rpush("k", ["a", "c"])?;
    /// db.linsert_after("k", "a", "b")?;
    /// assert_eq!(db.lrange("k", ..)?, ["a", "b", "c"]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn linsert_after(
        &self,
        key: impl AsRef<[u8]>,
        pivot: impl AsRef<[u8]>,
        element: impl AsRef<[u8]>,
    ) -> Result<Option<usize>> {
        self.insert(key.as_ref(), true, pivot.as_ref(), element.as_ref())
    }

    fn insert(
        &self,
        key: &[u8],
        after: bool,
        pivot: &[u8],
        element: &[u8],
    ) -> Result<Option<usize>> {
        let len = self.grow(key, |tx, key| tx.list_insert(key, after, pivot, element))?;
        Ok(len.filter(|len| *len > 0))
    }

    /// Removes every element that is `element` (`LREM`, O(elements), locks one stripe). Returns how many
    /// there were.
    ///
    /// # Errors
    /// As [`lpop`](Db::lpop).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.rpush("k", ["a", "b", "a"])?;
    /// assert_eq!(db.lrem("k", "a")?, 2);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn lrem(&self, key: impl AsRef<[u8]>, element: impl AsRef<[u8]>) -> Result<usize> {
        let element = element.as_ref();
        self.write(key.as_ref(), |tx, key| tx.list_remove(key, element, End::Front, None))
    }

    /// Removes up to `count` elements that are `element`, from an end on (`LREM` with a count, O(elements),
    /// locks one stripe). Returns how many.
    ///
    /// # Errors
    /// As [`lpop`](Db::lpop).
    ///
    /// ```
    /// use danio::{Db, ListEnd};
    ///
    /// let db = Db::in_memory();
    /// db.rpush("k", ["a", "b", "a"])?;
    /// assert_eq!(db.lrem_from("k", ListEnd::Right, 1, "a")?, 1);
    /// assert_eq!(db.lrange("k", ..)?, ["a", "b"]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn lrem_from(
        &self,
        key: impl AsRef<[u8]>,
        end: ListEnd,
        count: usize,
        element: impl AsRef<[u8]>,
    ) -> Result<usize> {
        let element = element.as_ref();
        self.write(key.as_ref(), |tx, key| tx.list_remove(key, element, end.into(), Some(count)))
    }

    /// Removes all elements but those with these indexes (`LTRIM`, O(bytes removed), locks one stripe).
    ///
    /// # Errors
    /// As [`lpop`](Db::lpop).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.lpush("latest", ["1", "2", "3", "4"])?;
    /// db.ltrim("latest", ..2)?;
    /// assert_eq!(db.lrange("latest", ..)?, ["4", "3"]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn ltrim(&self, key: impl AsRef<[u8]>, range: impl RangeBounds<i64>) -> Result<()> {
        self.write(key.as_ref(), |tx, key| tx.list_trim(key, range))
    }

    /// Returns the index of the first element that is `element` (`LPOS`, O(elements up to there), locks one
    /// stripe shared).
    ///
    /// # Errors
    /// As [`llen`](Db::llen).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.rpush("k", ["a", "b", "a"])?;
    /// assert_eq!(db.lpos("k", "b")?, Some(1));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn lpos(&self, key: impl AsRef<[u8]>, element: impl AsRef<[u8]>) -> Result<Option<usize>> {
        Ok(self.lpos_with(key, element, &LposOptions::new().count(1))?.pop())
    }

    /// Returns the indexes of elements that are `element`, as the options say (`LPOS`, O(elements compared),
    /// locks one stripe shared).
    ///
    /// # Errors
    /// As [`llen`](Db::llen).
    ///
    /// ```
    /// use danio::{Db, LposOptions};
    ///
    /// let db = Db::in_memory();
    /// db.rpush("k", ["a", "b", "a", "a"])?;
    /// assert_eq!(db.lpos_with("k", "a", &LposOptions::new().from_right().skip(1))?, [2, 0]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn lpos_with(
        &self,
        key: impl AsRef<[u8]>,
        element: impl AsRef<[u8]>,
        options: &LposOptions,
    ) -> Result<Vec<usize>> {
        self.read(key.as_ref(), |tx, key| {
            let mut found = Vec::new();
            if let Some(list) = tx.list(key)? {
                options.search(list, element.as_ref(), |index| found.push(index));
            }
            Ok(found)
        })
    }
}

impl Db {
    /// Returns every element, a hundred at a time: no lock is held between two items. What is pushed or
    /// popped on the left meanwhile shifts the rest, so that elements may be missed or come twice.
    /// Ends when the key holds no list any more.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.rpush("k", (0..250).map(|n| n.to_string()))?;
    /// assert_eq!(db.iter_list("k").count(), 250);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn iter_list(&self, key: impl AsRef<[u8]>) -> ListElements {
        ListElements {
            db: self.clone(),
            key: Bytes::copy_from_slice(key.as_ref()),
            page: Vec::new().into_iter(),
            next: Some(0),
        }
    }
}
