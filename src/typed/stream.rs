//! Entries in the order of their ids, under one key.

use std::ops::RangeBounds;
use std::time::Duration;

use bytes::Bytes;

#[cfg(feature = "async")]
use super::Later;
use super::handle::{At, handle_traits, key_methods};
use super::{Schema, StreamGroup};
use crate::api::{Db, Engine, ReadFrom, Scope, StreamEntry, XAddOptions, XTrim};
use crate::ds::stream_log::StreamId;
use crate::error::{CodecError, CodecProblem, Error, Result, Written};

/// The field of an entry that holds its value.
const FIELD: &str = "value";

/// Values of type `T` in the order of their ids: a Redis stream, each entry of which has one field, `value`.
///
/// ```
/// use danio::typed::Schema;
///
/// let db = danio::Db::in_memory();
/// let log = db.stream_with::<String>("log", Schema::plain());
/// let id = log.push(&"started".to_owned())?;
/// assert_eq!(log.range(..)?, [(id, "started".to_owned())]);
/// assert_eq!(db.xrange("log", ..)?[0].get("value").map(|v| &v[..]), Some(&b"started"[..]));
/// # Ok::<(), danio::Error>(())
/// ```
pub struct Stream<T, S = Engine> {
    pub(super) at: At<S>,
    pub(super) schema: Schema<T>,
}

key_methods!(Stream [T] { schema }
    r#"db.stream_with::<u32>("key", danio::typed::Schema::plain())"#);

/// Typed streams.
impl<S: Scope> Db<S> {
    /// A handle on the stream under `key`, in [bincode](super::Bincode).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let log = db.stream::<(u32, String)>("log");
    /// log.push(&(1, "started".to_owned()))?;
    /// assert_eq!(log.len()?, 1);
    /// # Ok::<(), danio::Error>(())
    /// ```
    #[cfg(feature = "bincode")]
    pub fn stream<T: serde::Serialize + serde::de::DeserializeOwned>(
        &self,
        key: impl AsRef<[u8]>,
    ) -> Stream<T, S> {
        self.stream_with(key, Schema::bincode())
    }

    /// A handle on the stream under `key`, as `schema` writes its values.
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// db.xadd("log", [("value", "7")])?;
    /// assert_eq!(db.stream_with::<u32>("log", Schema::plain()).range(..)?[0].1, 7);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn stream_with<T>(&self, key: impl AsRef<[u8]>, schema: Schema<T>) -> Stream<T, S> {
        Stream { at: At::new(self, key), schema }
    }
}

impl<T, S: Scope> Stream<T, S> {
    /// Counts the entries (`XLEN`, O(1), locks one stripe shared).
    ///
    /// # Errors
    /// [`Error::WrongType`] if the key holds no stream.
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// assert_eq!(db.stream_with::<u32>("log", Schema::plain()).len()?, 0);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn len(&self) -> Result<usize> {
        self.at.db.xlen(&self.at.key)
    }

    /// Tells whether there is no entry (`XLEN`, O(1), locks one stripe shared).
    ///
    /// # Errors
    /// As [`len`](Stream::len).
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// assert!(db.stream_with::<u32>("log", Schema::plain()).is_empty()?);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn is_empty(&self) -> Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Adds a value behind the last, and returns its id (`XADD`, O(1), locks one stripe).
    ///
    /// # Errors
    /// See the [module](super).
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let log = db.stream_with("log", Schema::plain());
    /// assert!(log.push(&1)? < log.push(&2)?);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn push(&self, value: &T) -> Result<StreamId> {
        let bytes = self.schema.write(value, &self.at.key, b"")?;
        self.at.db.xadd(&self.at.key, [(FIELD, bytes)])
    }

    /// Adds a value as `options` say, and returns its id if it was added (`XADD` with options, O(1) and what is trimmed,
    /// locks one stripe).
    ///
    /// # Errors
    /// See the [module](super), and as [`Db::xadd_with`].
    ///
    /// ```
    /// use danio::{XAddOptions, XTrim, typed::Schema};
    ///
    /// let db = danio::Db::in_memory();
    /// let log = db.stream_with("log", Schema::plain());
    /// for n in 0..10 {
    ///     log.push_with(&n, XAddOptions::new().trim(XTrim::max_len(3)))?;
    /// }
    /// assert_eq!(log.len()?, 3);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn push_with(&self, value: &T, options: XAddOptions<'_>) -> Result<Option<StreamId>> {
        let bytes = self.schema.write(value, &self.at.key, b"")?;
        self.at.db.xadd_with(&self.at.key, [(FIELD, bytes)], options)
    }

    /// Returns the entries at a range of ids (`XRANGE`, O(log entries + returned), locks one stripe shared).
    ///
    /// # Errors
    /// See the [module](super).
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let log = db.stream_with("log", Schema::plain());
    /// let (first, second) = (log.push(&1)?, log.push(&2)?);
    /// assert_eq!(log.range(..second)?, [(first, 1)]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn range(&self, range: impl RangeBounds<StreamId>) -> Result<Vec<(StreamId, T)>> {
        self.values(self.at.db.xrange(&self.at.key, range)?)
    }

    /// Returns the last entries at a range of ids, the last of all first, so many at most (`XREVRANGE`, O(log entries +
    /// returned), locks one stripe shared).
    ///
    /// # Errors
    /// See the [module](super).
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let log = db.stream_with("log", Schema::plain());
    /// (log.push(&1)?, log.push(&2)?);
    /// assert_eq!(log.rev_range(.., 1)?[0].1, 2);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn rev_range(
        &self,
        range: impl RangeBounds<StreamId>,
        limit: usize,
    ) -> Result<Vec<(StreamId, T)>> {
        self.values(self.at.db.xrevrange(&self.at.key, range, limit)?)
    }

    /// Returns the entries behind one, so many at most (`XREAD`, O(log entries + returned), locks one stripe shared).
    ///
    /// # Errors
    /// See the [module](super).
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let log = db.stream_with("log", Schema::plain());
    /// let (first, second) = (log.push(&1)?, log.push(&2)?);
    /// assert_eq!(log.read_after(first, 10)?, [(second, 2)]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn read_after(&self, id: StreamId, limit: usize) -> Result<Vec<(StreamId, T)>> {
        self.values(self.at.db.xread(&self.at.key, id, limit)?)
    }

    /// Removes entries (`XDEL`, O(ids), locks one stripe). Returns how many were there.
    ///
    /// # Errors
    /// As [`len`](Stream::len).
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let log = db.stream_with("log", Schema::plain());
    /// let id = log.push(&1)?;
    /// assert_eq!(log.remove([id])?, 1);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn remove(&self, ids: impl IntoIterator<Item = StreamId>) -> Result<usize> {
        self.at.db.xdel(&self.at.key, ids)
    }

    /// Removes the oldest entries (`XTRIM`, O(entries removed), locks one stripe). Returns how many there were.
    ///
    /// # Errors
    /// As [`len`](Stream::len).
    ///
    /// ```
    /// use danio::{XTrim, typed::Schema};
    ///
    /// let db = danio::Db::in_memory();
    /// let log = db.stream_with("log", Schema::plain());
    /// (log.push(&1)?, log.push(&2)?);
    /// assert_eq!(log.trim(XTrim::max_len(1))?, 1);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn trim(&self, trim: XTrim) -> Result<usize> {
        self.at.db.xtrim(&self.at.key, trim)
    }

    /// A handle on a group of consumers, which share the entries among them.
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let jobs = db.stream_with::<u32>("jobs", Schema::plain());
    /// let workers = jobs.group("workers");
    /// workers.create_from_start()?;
    /// jobs.push(&7)?;
    /// assert_eq!(workers.read("ann", 10)?[0].value, Ok(7));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn group(&self, name: impl AsRef<[u8]>) -> StreamGroup<T, S> {
        StreamGroup::new(self, name.as_ref())
    }

    /// The value of an entry; nothing if the schema drops it.
    pub(super) fn value(&self, entry: &StreamEntry) -> Result<Option<T>> {
        let id = entry.id.to_string();
        match entry.get(FIELD) {
            Some(bytes) => self.schema.take(bytes, &self.at.key, id.as_bytes()),
            None => Err(Error::Codec(Box::new(CodecError {
                key: self.at.key.clone(),
                entry: id.into(),
                expected: Written::new("entry of a typed stream", 0),
                problem: CodecProblem::Damaged("it has no field 'value'".into()),
                bytes: Bytes::new(),
            }))),
        }
    }

    fn values(&self, entries: Vec<StreamEntry>) -> Result<Vec<(StreamId, T)>> {
        let value = |entry: StreamEntry| Ok(self.value(&entry)?.map(|value| (entry.id, value)));
        entries.into_iter().filter_map(|entry| value(entry).transpose()).collect()
    }
}

/// Going through a stream, and waiting for its entries.
impl<T> Stream<T> {
    /// Returns the entries at a range of ids, a page at a time (`XRANGE`; O(entries), locks one stripe shared for a page,
    /// and no lock between two items).
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let log = db.stream_with("log", Schema::plain());
    /// (log.push(&1)?, log.push(&2)?);
    /// let sum: u32 = log.iter(..).map(|entry| Ok(entry?.1)).sum::<danio::Result<u32>>()?;
    /// assert_eq!(sum, 3);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn iter<R: RangeBounds<StreamId>>(
        &self,
        range: R,
    ) -> impl Iterator<Item = Result<(StreamId, T)>> + use<T, R> {
        let stream = self.clone();
        let entries = self.at.db.iter_stream(&self.at.key, range);
        let value = move |entry: Result<StreamEntry>| {
            let entry = entry?;
            Ok(stream.value(&entry)?.map(|value| (entry.id, value)))
        };
        entries.filter_map(move |entry| value(entry).transpose())
    }

    /// Returns entries that come after `from`, so many at most, and waits while there are none (`XREAD` with `BLOCK`, O(log
    /// entries + returned), locks one stripe, but not while it waits). None if the timeout came first. Without one it
    /// waits for ever, with one of zero not at all.
    ///
    /// # Errors
    /// See the [module](super).
    ///
    /// ```
    /// use std::time::Duration;
    /// use danio::{ReadFrom, StreamId, typed::Schema};
    ///
    /// let db = danio::Db::in_memory();
    /// let log = db.stream_with("log", Schema::plain());
    /// log.push(&1)?;
    /// assert_eq!(log.read_wait(StreamId::MIN, 10, None)?[0].1, 1);
    /// assert!(log.read_wait(ReadFrom::Now, 10, Duration::from_millis(1))?.is_empty());
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn read_wait(
        &self,
        from: impl Into<ReadFrom>,
        limit: usize,
        timeout: impl Into<Option<Duration>>,
    ) -> Result<Vec<(StreamId, T)>> {
        let read = self.at.db.xread_blocking([(&self.at.key, from)], limit, timeout)?;
        self.values(read.into_iter().flat_map(|(_, entries)| entries).collect())
    }

    /// [`read_wait`](Stream::read_wait) as a future of any runtime; what [`ReadFrom::Now`] means is settled when it is
    /// first polled.
    ///
    /// # Errors
    /// See the [module](super).
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use danio::{StreamId, typed::Schema};
    ///
    /// let db = danio::Db::in_memory();
    /// let log = db.stream_with("log", Schema::plain());
    /// let next = log.read_async(StreamId::MIN, 10, None);
    /// log.push(&1)?;
    /// assert_eq!(next.await?[0].1, 1);
    /// # Ok::<(), danio::Error>(())
    /// # }).unwrap();
    /// ```
    #[cfg(feature = "async")]
    pub fn read_async(
        &self,
        from: impl Into<ReadFrom>,
        limit: usize,
        timeout: impl Into<Option<Duration>>,
    ) -> Later<Vec<(StreamId, T)>>
    where
        T: 'static,
    {
        let stream = self.clone();
        let waiting = self.at.db.xread_async([(&self.at.key, from)], limit, timeout);
        Later::new(async move {
            let read = waiting.await?.unwrap_or_default();
            stream.values(read.into_iter().flat_map(|(_, entries)| entries).collect())
        })
    }
}
