//! Elements in a row under one key.

use std::ops::RangeBounds;
use std::time::Duration;

use bytes::Bytes;

#[cfg(feature = "async")]
use super::Later;
use super::Schema;
use super::handle::{At, handle_traits, key_methods};
use super::patience::Patience;
#[cfg(feature = "async")]
use crate::api::Waiting;
use crate::api::{Db, Engine, ListEnd, Scope};
use crate::error::Result;

/// Elements of type `T` in a row: a Redis list.
///
/// ```
/// use danio::typed::Schema;
///
/// let db = danio::Db::in_memory();
/// let jobs = db.list_with::<String>("jobs", Schema::plain());
/// jobs.push_back(&"resize".to_owned())?;
/// jobs.push_back(&"upload".to_owned())?;
/// assert_eq!(jobs.pop_front()?.as_deref(), Some("resize"));
/// assert_eq!(db.lrange("jobs", ..)?, ["upload"]);
/// # Ok::<(), danio::Error>(())
/// ```
///
/// An element that is popped and cannot be read is in the [`CodecError`](crate::CodecError), and no more in the
/// list: whoever takes elements from a queue goes on, and may put it aside.
pub struct List<T, S = Engine> {
    at: At<S>,
    schema: Schema<T>,
}

key_methods!(List [T] { schema } r#"db.list_with::<u32>("key", danio::typed::Schema::plain())"#);

/// Typed lists.
impl<S: Scope> Db<S> {
    /// A handle on the list under `key`, in [bincode](super::Bincode).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let jobs = db.list::<(u64, String)>("jobs");
    /// jobs.push_back(&(7, "resize".to_owned()))?;
    /// assert_eq!(jobs.get(0)?, Some((7, "resize".to_owned())));
    /// # Ok::<(), danio::Error>(())
    /// ```
    #[cfg(feature = "bincode")]
    pub fn list<T: serde::Serialize + serde::de::DeserializeOwned>(
        &self,
        key: impl AsRef<[u8]>,
    ) -> List<T, S> {
        self.list_with(key, Schema::bincode())
    }

    /// A handle on the list under `key`, as `schema` writes its elements.
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// db.rpush("numbers", ["1", "2"])?;
    /// assert_eq!(db.list_with::<u32>("numbers", Schema::plain()).range(..)?, [1, 2]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn list_with<T>(&self, key: impl AsRef<[u8]>, schema: Schema<T>) -> List<T, S> {
        List { at: At::new(self, key), schema }
    }
}

impl<T, S: Scope> List<T, S> {
    fn encode(&self, element: &T) -> Result<Vec<u8>> {
        self.schema.write(element, &self.at.key, b"")
    }

    fn encode_all<'e>(&self, elements: impl IntoIterator<Item = &'e T>) -> Result<Vec<Vec<u8>>>
    where
        T: 'e,
    {
        elements.into_iter().map(|element| self.encode(element)).collect()
    }

    fn decode(&self, bytes: &Bytes) -> Result<Option<T>> {
        self.schema.take(bytes, &self.at.key, b"")
    }

    fn decode_all(&self, elements: Vec<Bytes>) -> Result<Vec<T>> {
        elements.iter().filter_map(|bytes| self.decode(bytes).transpose()).collect()
    }

    /// Pops until there is an element that is not dropped.
    fn pop(&self, pop: impl Fn() -> Result<Option<Bytes>>) -> Result<Option<T>> {
        while let Some(bytes) = pop()? {
            if let Some(element) = self.decode(&bytes)? {
                return Ok(Some(element));
            }
        }
        Ok(None)
    }

    /// Counts the elements (`LLEN`, O(1), locks one stripe shared).
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if the key holds no list.
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// assert_eq!(db.list_with::<u32>("numbers", Schema::plain()).len()?, 0);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn len(&self) -> Result<usize> {
        self.at.db.llen(&self.at.key)
    }

    /// Tells whether there is no element (`LLEN`, O(1), locks one stripe shared).
    ///
    /// # Errors
    /// As [`len`](List::len).
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// assert!(db.list_with::<u32>("numbers", Schema::plain()).is_empty()?);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn is_empty(&self) -> Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Adds an element behind the last (`RPUSH`, O(1), locks one stripe). Returns how many there are.
    ///
    /// # Errors
    /// See the [module](super).
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// assert_eq!(db.list_with("numbers", Schema::plain()).push_back(&1)?, 1);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn push_back(&self, element: &T) -> Result<usize> {
        self.at.db.rpush(&self.at.key, [self.encode(element)?])
    }

    /// Adds an element before the first (`LPUSH`, O(1), locks one stripe). Returns how many there are.
    ///
    /// # Errors
    /// See the [module](super).
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let numbers = db.list_with("numbers", Schema::plain());
    /// (numbers.push_front(&1)?, numbers.push_front(&2)?);
    /// assert_eq!(numbers.range(..)?, [2, 1]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn push_front(&self, element: &T) -> Result<usize> {
        self.at.db.lpush(&self.at.key, [self.encode(element)?])
    }

    /// Adds several elements behind the last at one moment (`RPUSH`, O(elements), locks one stripe). Returns how many
    /// there are.
    ///
    /// # Errors
    /// See the [module](super); nothing is changed then.
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// assert_eq!(db.list_with("numbers", Schema::plain()).extend(&[1, 2])?, 2);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn extend<'e>(&self, elements: impl IntoIterator<Item = &'e T>) -> Result<usize>
    where
        T: 'e,
    {
        let elements = self.encode_all(elements)?;
        if elements.is_empty() { self.len() } else { self.at.db.rpush(&self.at.key, elements) }
    }

    /// Takes the first element off (`LPOP`, O(1), locks one stripe).
    ///
    /// # Errors
    /// See the [type](List).
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let numbers = db.list_with("numbers", Schema::plain());
    /// numbers.extend(&[1, 2])?;
    /// assert_eq!(numbers.pop_front()?, Some(1));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn pop_front(&self) -> Result<Option<T>> {
        self.pop(|| self.at.db.lpop(&self.at.key))
    }

    /// Takes the last element off (`RPOP`, O(1), locks one stripe).
    ///
    /// # Errors
    /// See the [type](List).
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let numbers = db.list_with("numbers", Schema::plain());
    /// numbers.extend(&[1, 2])?;
    /// assert_eq!(numbers.pop_back()?, Some(2));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn pop_back(&self) -> Result<Option<T>> {
        self.pop(|| self.at.db.rpop(&self.at.key))
    }

    /// Returns the element at an index, counted from the end if it is negative (`LINDEX`, O(segments), locks one stripe
    /// shared).
    ///
    /// # Errors
    /// See the [module](super).
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let numbers = db.list_with("numbers", Schema::plain());
    /// numbers.extend(&[1, 2])?;
    /// assert_eq!((numbers.get(0)?, numbers.get(-1)?, numbers.get(2)?), (Some(1), Some(2), None));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn get(&self, index: i64) -> Result<Option<T>> {
        let bytes = self.at.db.lindex(&self.at.key, index)?;
        bytes.map_or(Ok(None), |bytes| self.decode(&bytes))
    }

    /// Replaces the element at an index (`LSET`, O(segments), locks one stripe).
    ///
    /// # Errors
    /// [`Error::NoSuchKey`](crate::Error::NoSuchKey), [`Error::IndexOutOfRange`](crate::Error::IndexOutOfRange); see the
    /// [module](super) besides.
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let numbers = db.list_with("numbers", Schema::plain());
    /// numbers.extend(&[1, 2])?;
    /// numbers.set(-1, &3)?;
    /// assert_eq!(numbers.range(..)?, [1, 3]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn set(&self, index: i64, element: &T) -> Result<()> {
        self.at.db.lset(&self.at.key, index, self.encode(element)?)
    }

    /// Returns the elements at a range of indexes at one moment (`LRANGE`, O(elements), locks one stripe shared).
    ///
    /// # Errors
    /// See the [module](super).
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let numbers = db.list_with("numbers", Schema::plain());
    /// numbers.extend(&[1, 2, 3, 4])?;
    /// assert_eq!(numbers.range(1..3)?, [2, 3]);
    /// assert_eq!(numbers.range(-1..)?, [4]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn range(&self, range: impl RangeBounds<i64>) -> Result<Vec<T>> {
        self.decode_all(self.at.db.lrange(&self.at.key, range)?)
    }

    /// Removes all elements but those at a range of indexes (`LTRIM`, O(elements removed), locks one stripe).
    ///
    /// # Errors
    /// As [`len`](List::len).
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let recent = db.list_with("recent", Schema::plain());
    /// recent.extend(&[1, 2, 3])?;
    /// recent.retain_range(-2..)?;
    /// assert_eq!(recent.range(..)?, [2, 3]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn retain_range(&self, range: impl RangeBounds<i64>) -> Result<()> {
        self.at.db.ltrim(&self.at.key, range)
    }

    /// Removes all elements that have the same bytes as `element` (`LREM`, O(elements), locks one stripe). Returns how
    /// many there were.
    ///
    /// # Errors
    /// See the [module](super).
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let numbers = db.list_with("numbers", Schema::plain());
    /// numbers.extend(&[1, 2, 1])?;
    /// assert_eq!(numbers.remove(&1)?, 2);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn remove(&self, element: &T) -> Result<usize> {
        self.at.db.lrem(&self.at.key, self.encode(element)?)
    }

    /// Returns the index of the first element that has the same bytes as `element` (`LPOS`, O(elements), locks one stripe
    /// shared).
    ///
    /// # Errors
    /// See the [module](super).
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let numbers = db.list_with("numbers", Schema::plain());
    /// numbers.extend(&[1, 2])?;
    /// assert_eq!((numbers.position(&2)?, numbers.position(&3)?), (Some(1), None));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn position(&self, element: &T) -> Result<Option<usize>> {
        self.at.db.lpos(&self.at.key, self.encode(element)?)
    }

    /// Tells whether an element has the same bytes as `element` (`LPOS`, O(elements), locks one stripe shared).
    ///
    /// # Errors
    /// See the [module](super).
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// assert!(!db.list_with("numbers", Schema::plain()).contains(&2)?);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn contains(&self, element: &T) -> Result<bool> {
        Ok(self.position(element)?.is_some())
    }

    /// Moves an element from an end of this list to an end of another at one moment, and returns it (`LMOVE`, O(1), locks
    /// both stripes).
    ///
    /// # Errors
    /// See the [module](super). If it is [`Error::Codec`](crate::Error::Codec) the element was moved.
    ///
    /// ```
    /// use danio::{ListEnd, typed::Schema};
    ///
    /// let db = danio::Db::in_memory();
    /// let (todo, doing) = (db.list_with("todo", Schema::plain()), db.list_with("doing", Schema::plain()));
    /// todo.push_back(&7)?;
    /// assert_eq!(todo.move_to(&doing, ListEnd::Left, ListEnd::Right)?, Some(7));
    /// assert_eq!(doing.range(..)?, [7]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn move_to(&self, target: &List<T, S>, from: ListEnd, to: ListEnd) -> Result<Option<T>> {
        let bytes = self.at.db.lmove(&self.at.key, &target.at.key, from, to)?;
        bytes.map_or(Ok(None), |bytes| self.decode(&bytes))
    }
}

/// Going through a list, and waiting for its elements.
impl<T> List<T> {
    /// Returns all elements, a page at a time (`LRANGE`; O(elements), locks one stripe shared for a page, and no lock
    /// between two items). What is pushed or popped in front meanwhile shifts the rest.
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let numbers = db.list_with("numbers", Schema::plain());
    /// numbers.extend(&[1, 2])?;
    /// assert_eq!(numbers.iter().sum::<danio::Result<u32>>()?, 3);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = Result<T>> + use<T> {
        let list = self.clone();
        let elements = self.at.db.iter_list(&self.at.key);
        elements.filter_map(move |bytes| list.decode(&bytes).transpose())
    }

    /// Takes the first element off, and waits for one while there is none (`BLPOP`, O(1), locks one stripe, but not while
    /// it waits). Without a timeout it waits for ever, with one of zero not at all. Who came first is served first.
    ///
    /// # Errors
    /// See the [type](List).
    ///
    /// ```
    /// use std::{thread, time::Duration};
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let jobs = db.list_with::<u32>("jobs", Schema::plain());
    /// let worker = {
    ///     let jobs = jobs.clone();
    ///     thread::spawn(move || jobs.pop_front_wait(None))
    /// };
    /// jobs.push_back(&7)?;
    /// assert_eq!(worker.join().expect("no panic")?, Some(7));
    /// assert_eq!(jobs.pop_front_wait(Duration::from_millis(1))?, None);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn pop_front_wait(&self, timeout: impl Into<Option<Duration>>) -> Result<Option<T>> {
        self.popped(timeout.into(), |limit| self.at.db.blpop([&self.at.key], limit))
    }

    /// As [`pop_front_wait`](List::pop_front_wait), with the last element (`BRPOP`).
    ///
    /// # Errors
    /// See the [type](List).
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let jobs = db.list_with::<u32>("jobs", Schema::plain());
    /// jobs.extend(&[7, 8])?;
    /// assert_eq!(jobs.pop_back_wait(None)?, Some(8));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn pop_back_wait(&self, timeout: impl Into<Option<Duration>>) -> Result<Option<T>> {
        self.popped(timeout.into(), |limit| self.at.db.brpop([&self.at.key], limit))
    }

    fn popped(
        &self,
        timeout: Option<Duration>,
        pop: impl Fn(Option<Duration>) -> Result<Option<(Bytes, Bytes)>>,
    ) -> Result<Option<T>> {
        let patience = Patience::new(&self.at.db, timeout);
        self.pop(|| Ok(pop(patience.left())?.map(|(_, element)| element)))
    }

    /// As [`move_to`](List::move_to), and waits for an element while there is none (`BLMOVE`, O(1), locks both stripes,
    /// but not while it waits).
    ///
    /// # Errors
    /// As [`move_to`](List::move_to).
    ///
    /// ```
    /// use danio::{ListEnd, typed::Schema};
    ///
    /// let db = danio::Db::in_memory();
    /// let (todo, doing) = (db.list_with("todo", Schema::plain()), db.list_with("doing", Schema::plain()));
    /// todo.push_back(&7)?;
    /// assert_eq!(todo.move_to_wait(&doing, ListEnd::Left, ListEnd::Right, None)?, Some(7));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn move_to_wait(
        &self,
        target: &List<T>,
        from: ListEnd,
        to: ListEnd,
        timeout: impl Into<Option<Duration>>,
    ) -> Result<Option<T>> {
        let bytes = self.at.db.blmove(&self.at.key, &target.at.key, from, to, timeout)?;
        bytes.map_or(Ok(None), |bytes| self.decode(&bytes))
    }
}

/// Waiting for elements, as futures.
#[cfg(feature = "async")]
impl<T: 'static> List<T> {
    /// [`pop_front_wait`](List::pop_front_wait) as a future of any runtime. It may be dropped at any moment, and no
    /// element is lost; see [`Waiting`].
    ///
    /// # Errors
    /// See the [type](List).
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let jobs = db.list_with::<u32>("jobs", Schema::plain());
    /// let next = jobs.pop_front_async(None);
    /// jobs.push_back(&7)?;
    /// assert_eq!(next.await?, Some(7));
    /// # Ok::<(), danio::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn pop_front_async(&self, timeout: impl Into<Option<Duration>>) -> Later<Option<T>> {
        self.popped_async(timeout.into(), |at, limit| at.db.blpop_async([&at.key], limit))
    }

    /// [`pop_back_wait`](List::pop_back_wait) as a future; see [`pop_front_async`](List::pop_front_async).
    ///
    /// # Errors
    /// See the [type](List).
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let jobs = db.list_with::<u32>("jobs", Schema::plain());
    /// jobs.extend(&[7, 8])?;
    /// assert_eq!(jobs.pop_back_async(None).await?, Some(8));
    /// # Ok::<(), danio::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn pop_back_async(&self, timeout: impl Into<Option<Duration>>) -> Later<Option<T>> {
        self.popped_async(timeout.into(), |at, limit| at.db.brpop_async([&at.key], limit))
    }

    fn popped_async(
        &self,
        timeout: Option<Duration>,
        pop: impl Fn(&At<Engine>, Option<Duration>) -> Waiting<(Bytes, Bytes)> + Send + 'static,
    ) -> Later<Option<T>> {
        let list = self.clone();
        Later::new(async move {
            let patience = Patience::new(&list.at.db, timeout);
            while let Some((_, bytes)) = pop(&list.at, patience.left()).await? {
                if let Some(element) = list.decode(&bytes)? {
                    return Ok(Some(element));
                }
            }
            Ok(None)
        })
    }

    /// [`move_to_wait`](List::move_to_wait) as a future. If it is dropped, what was moved stays moved.
    ///
    /// # Errors
    /// As [`move_to`](List::move_to).
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use danio::{ListEnd, typed::Schema};
    ///
    /// let db = danio::Db::in_memory();
    /// let (todo, doing) = (db.list_with("todo", Schema::plain()), db.list_with("doing", Schema::plain()));
    /// todo.push_back(&7)?;
    /// assert_eq!(todo.move_to_async(&doing, ListEnd::Left, ListEnd::Right, None).await?, Some(7));
    /// # Ok::<(), danio::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn move_to_async(
        &self,
        target: &List<T>,
        from: ListEnd,
        to: ListEnd,
        timeout: impl Into<Option<Duration>>,
    ) -> Later<Option<T>> {
        let (list, key) = (self.clone(), target.at.key.clone());
        let moved = self.at.db.blmove_async(&self.at.key, key, from, to, timeout);
        Later::new(async move { moved.await?.map_or(Ok(None), |bytes| list.decode(&bytes)) })
    }
}
