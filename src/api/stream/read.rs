//! XLEN, XRANGE, XREVRANGE, XREAD, and streams entry by entry.

use std::ops::{Bound, RangeBounds};

use super::StreamEntry;
use crate::api::{Db, Scope};
use crate::ds::stream_log::StreamId;
use crate::error::Result;

/// How many entries an iterator fetches at once.
const PAGE: usize = 100;

/// The least and the greatest id of a range; `None` if no id is in it.
pub(super) fn ends(range: &impl RangeBounds<StreamId>) -> Option<(StreamId, StreamId)> {
    let from = match range.start_bound() {
        Bound::Unbounded => StreamId::MIN,
        Bound::Included(id) => *id,
        Bound::Excluded(id) => id.next()?,
    };
    let to = match range.end_bound() {
        Bound::Unbounded => StreamId::MAX,
        Bound::Included(id) => *id,
        Bound::Excluded(id) => id.prev()?,
    };
    Some((from, to))
}

impl<S: Scope> Db<S> {
    /// Counts the entries of a stream, 0 if it is missing (`XLEN`, O(1), read-locks one stripe).
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if `key` holds no stream.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.xadd("log", [("n", "1")])?;
    /// assert_eq!(db.xlen("log")?, 1);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn xlen(&self, key: impl AsRef<[u8]>) -> Result<usize> {
        self.read(key.as_ref(), |tx, key| Ok(tx.stream(key)?.map_or(0, |stream| stream.len())))
    }

    /// Returns a stream's entries within a range of ids (`XRANGE`, O(log n + entries), read-locks one
    /// stripe). For many, see [`xrange_limit`](Db::xrange_limit) and [`iter_stream`](Db::iter_stream).
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if `key` holds no stream.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let ids = [db.xadd("log", [("n", "1")])?, db.xadd("log", [("n", "2")])?];
    /// assert_eq!(db.xrange("log", ..)?.len(), 2);
    /// assert_eq!(db.xrange("log", ids[1]..)?[0].id, ids[1]);
    /// assert_eq!(db.xrange("log", ids[0]..ids[1])?.len(), 1);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn xrange(
        &self,
        key: impl AsRef<[u8]>,
        range: impl RangeBounds<StreamId>,
    ) -> Result<Vec<StreamEntry>> {
        self.xrange_limit(key, range, usize::MAX)
    }

    /// Returns the first `limit` of a stream's entries within a range of ids (`XRANGE` with `COUNT`,
    /// O(log n + entries), read-locks one stripe).
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if `key` holds no stream.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let first = db.xadd("log", [("n", "1")])?;
    /// db.xadd("log", [("n", "2")])?;
    /// assert_eq!(db.xrange_limit("log", .., 1)?[0].id, first);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn xrange_limit(
        &self,
        key: impl AsRef<[u8]>,
        range: impl RangeBounds<StreamId>,
        limit: usize,
    ) -> Result<Vec<StreamEntry>> {
        self.read(key.as_ref(), |tx, key| {
            let (Some(stream), Some((from, to))) = (tx.stream(key)?, ends(&range)) else {
                return Ok(Vec::new());
            };
            Ok(stream.log().range(from, to).take(limit).map(StreamEntry::from).collect())
        })
    }

    /// Returns the last `limit` of a stream's entries within a range of ids, the last one first (`XREVRANGE`,
    /// O(log n + entries), read-locks one stripe).
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if `key` holds no stream.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.xadd("log", [("n", "1")])?;
    /// let last = db.xadd("log", [("n", "2")])?;
    /// assert_eq!(db.xrevrange("log", .., 1)?[0].id, last);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn xrevrange(
        &self,
        key: impl AsRef<[u8]>,
        range: impl RangeBounds<StreamId>,
        limit: usize,
    ) -> Result<Vec<StreamEntry>> {
        self.read(key.as_ref(), |tx, key| {
            let (Some(stream), Some((from, to))) = (tx.stream(key)?, ends(&range)) else {
                return Ok(Vec::new());
            };
            Ok(stream.log().range_back(from, to).take(limit).map(StreamEntry::from).collect())
        })
    }

    /// Returns the first `limit` of a stream's entries after an id (`XREAD`, O(log n + entries), read-locks one
    /// stripe).
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if `key` holds no stream.
    ///
    /// ```
    /// use danio::{Db, StreamId};
    ///
    /// let db = Db::in_memory();
    /// db.xadd("log", [("n", "1")])?;
    /// let mut seen = StreamId::MIN;
    /// for entry in db.xread("log", seen, 100)? {
    ///     seen = entry.id;
    /// }
    /// assert!(db.xread("log", seen, 100)?.is_empty());
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn xread(
        &self,
        key: impl AsRef<[u8]>,
        after: StreamId,
        limit: usize,
    ) -> Result<Vec<StreamEntry>> {
        self.xrange_limit(key, (Bound::Excluded(after), Bound::Unbounded), limit)
    }
}

impl Db {
    /// Returns a stream's entries within a range of ids, a page at a time: no lock is held between two
    /// items, and entries that are added meanwhile are seen too (`XRANGE`).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// for n in 0..1000 {
    ///     db.xadd("log", [("n", n.to_string())])?;
    /// }
    /// let sum = db.iter_stream("log", ..).try_fold(0, |sum, entry| {
    ///     let entry = entry?;
    ///     Ok::<usize, danio::Error>(sum + entry.fields.len())
    /// })?;
    /// assert_eq!(sum, 1000);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn iter_stream(
        &self,
        key: impl AsRef<[u8]>,
        range: impl RangeBounds<StreamId>,
    ) -> StreamEntries {
        StreamEntries {
            db: self.clone(),
            key: key.as_ref().into(),
            left: ends(&range),
            page: Vec::new().into_iter(),
        }
    }
}

/// The entries of a stream, fetched a page at a time; made by [`Db::iter_stream`].
#[derive(Debug)]
pub struct StreamEntries {
    db: Db,
    key: Box<[u8]>,
    /// What is still to be fetched.
    left: Option<(StreamId, StreamId)>,
    page: std::vec::IntoIter<StreamEntry>,
}

impl Iterator for StreamEntries {
    type Item = Result<StreamEntry>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(entry) = self.page.next() {
            return Some(Ok(entry));
        }
        let (from, to) = self.left.take()?;
        let page = match self.db.xrange_limit(&self.key, from..=to, PAGE) {
            Ok(page) => page,
            Err(error) => return Some(Err(error)),
        };
        let last = page.last().filter(|_| page.len() == PAGE);
        self.left = last.and_then(|last| last.id.next()).map(|next| (next, to));
        self.page = page.into_iter();
        self.page.next().map(Ok)
    }
}
