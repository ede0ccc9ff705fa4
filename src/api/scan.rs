//! Looking over all keys: SCAN, KEYS, DBSIZE.

use bytes::Bytes;

use super::page::{Page, items_of};
use super::{Db, Scope};
use crate::error::Result;
use crate::keyspace::Tx;
use crate::keyspace::entry::Entry;
use crate::text::glob;
use crate::value::Type;

impl Tx<'_> {
    /// The keys that match a pattern (`KEYS`).
    pub(crate) fn keys(&self, pattern: &[u8]) -> Result<Vec<Bytes>> {
        let mut keys = Vec::new();
        match glob::shape(pattern) {
            glob::Shape::Literal => {
                let key = self.key(pattern);
                let found = self.with_key(key, |entry| Bytes::copy_from_slice(entry.key()))?;
                keys.extend(found);
            }
            shape => self.for_each(|entry| {
                if shape == glob::Shape::All || glob::matches(pattern, entry.key()) {
                    keys.push(Bytes::copy_from_slice(entry.key()));
                }
            })?,
        }
        Ok(keys)
    }
}

/// What [`Db::scan`] and its kin for sets, hashes and sorted sets return, and how many at a time.
#[derive(Debug, Clone, Default)]
pub struct ScanOptions {
    pattern: Option<Bytes>,
    count: Option<usize>,
    kind: Option<Type>,
}

impl ScanOptions {
    /// Everything, about ten at a time.
    pub fn new() -> ScanOptions {
        ScanOptions::default()
    }

    /// Only keys, members or fields that match a glob-style pattern (`MATCH`).
    pub fn matching(mut self, pattern: impl Into<Bytes>) -> ScanOptions {
        self.pattern = Some(pattern.into());
        self
    }

    /// Looks at about this many a call, at least one (`COUNT`).
    pub fn count(mut self, count: usize) -> ScanOptions {
        self.count = Some(count);
        self
    }

    /// Only keys that hold this type (`TYPE`); without effect where it is not keys that are gone through.
    pub fn of_type(mut self, kind: Type) -> ScanOptions {
        self.kind = Some(kind);
        self
    }

    /// How many items a call looks at.
    pub(super) fn look_at(&self) -> usize {
        self.count.unwrap_or(10).max(1)
    }

    /// Whether what is named so is asked for.
    pub(super) fn matches(&self, name: &[u8]) -> bool {
        self.pattern.as_ref().is_none_or(|pattern| glob::matches(pattern, name))
    }

    fn takes(&self, entry: &Entry) -> bool {
        self.kind.is_none_or(|kind| entry.kind() == kind) && self.matches(entry.key())
    }
}

impl Db {
    /// Returns some keys, from `cursor` on, 0 at first (`SCAN`, O(count), locks one stripe shared at a time). Over
    /// all calls, a key that is there from first to last is returned at least once; one that comes
    /// or goes meanwhile, or when the tables change, may be missed or returned twice.
    ///
    /// ```
    /// use danio::{Db, ScanOptions};
    ///
    /// let db = Db::in_memory();
    /// db.mset([("user:1", "ann"), ("user:2", "bob"), ("page", "text")])?;
    /// let mut users = Vec::new();
    /// let mut cursor = Some(0);
    /// while let Some(from) = cursor {
    ///     let page = db.scan(from, &ScanOptions::new().matching("user:*"));
    ///     users.extend(page.items);
    ///     cursor = page.cursor;
    /// }
    /// users.sort();
    /// assert_eq!(users, ["user:1", "user:2"]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn scan(&self, cursor: u64, options: &ScanOptions) -> Page<Bytes> {
        let mut keys = Vec::new();
        let next = self.sure(self.each(|tx| {
            tx.scan(
                cursor,
                options.look_at(),
                |entry| options.takes(entry),
                |entry| keys.push(Bytes::copy_from_slice(entry.key())),
            )
        }));
        Page::until(next, keys)
    }

    /// Returns every key, a [`scan`](Db::scan) at a time: no lock is held between two items, and an item may
    /// come twice if the tables change meanwhile.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.mset([("a", "1"), ("b", "2")])?;
    /// assert_eq!(db.iter_keys().count(), 2);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn iter_keys(&self) -> impl Iterator<Item = Bytes> + use<> {
        let db = self.clone();
        let options = ScanOptions::new().count(100);
        // No page is an error, so that every item is a key.
        items_of(move |cursor| Ok(db.scan(cursor, &options))).flatten()
    }
}

impl<S: Scope> Db<S> {
    /// Returns the keys that match a glob-style pattern (`KEYS`, O(all keys), locks stripes shared one at a
    /// time). For looking at, not for production: use [`scan`](Db::scan) there.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.mset([("one", "1"), ("two", "2")])?;
    /// assert_eq!(db.keys("t*"), ["two"]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn keys(&self, pattern: impl AsRef<[u8]>) -> Vec<Bytes> {
        self.sure(self.each(|tx| tx.keys(pattern.as_ref())))
    }

    /// Counts the keys, those past their time but not yet reclaimed included (`DBSIZE`, O(stripes), locks
    /// stripes shared one at a time).
    ///
    /// ```
    /// assert_eq!(danio::Db::in_memory().len(), 0);
    /// ```
    pub fn len(&self) -> usize {
        self.sure(self.each(|tx| tx.size())).keys
    }

    /// Tells whether there is no key ([`len`](Db::len) is 0).
    ///
    /// ```
    /// assert!(danio::Db::in_memory().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
