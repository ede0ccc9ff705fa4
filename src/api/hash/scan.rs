//! Going through a hash page by page.

use bytes::Bytes;

use crate::api::Db;
use crate::error::Result;
use crate::text::glob;

/// Which fields [`Db::hscan`] returns, and how many at a time.
#[derive(Debug, Clone, Default)]
pub struct HashScanOptions {
    pattern: Option<Bytes>,
    count: Option<usize>,
}

impl HashScanOptions {
    /// Every field, about ten at a time.
    pub fn new() -> HashScanOptions {
        HashScanOptions::default()
    }

    /// Only fields that match a glob-style pattern (`MATCH`).
    pub fn matching(mut self, pattern: impl Into<Bytes>) -> HashScanOptions {
        self.pattern = Some(pattern.into());
        self
    }

    /// Looks at about this many fields a call, at least one (`COUNT`).
    pub fn count(mut self, count: usize) -> HashScanOptions {
        self.count = Some(count);
        self
    }
}

/// What one call of [`Db::hscan`] found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct HashPage {
    /// Where to go on; `None` when all fields have been looked at.
    pub cursor: Option<u64>,
    /// Fields and their values, perhaps none.
    pub fields: Vec<(Bytes, Bytes)>,
}

impl Db {
    /// Returns some fields of a hash, from `cursor` on, 0 at first (`HSCAN`, O(count), locks one stripe shared).
    /// Over all calls, a field that is there from first to last is returned at least once; one that
    /// comes or goes meanwhile may be missed or returned twice. A small hash comes at once.
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if the key holds no hash.
    ///
    /// ```
    /// use danio::{Db, HashScanOptions};
    ///
    /// let db = Db::in_memory();
    /// db.hset("stock", [("apple:red", "3"), ("apple:green", "5"), ("pear", "2")])?;
    /// let page = db.hscan("stock", 0, &HashScanOptions::new().matching("apple:*"))?;
    /// assert_eq!((page.cursor, page.fields.len()), (None, 2));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn hscan(
        &self,
        key: impl AsRef<[u8]>,
        cursor: u64,
        options: &HashScanOptions,
    ) -> Result<HashPage> {
        self.read(key.as_ref(), |tx, key| {
            let Some(hash) = tx.hash(key)? else { return Ok(HashPage::default()) };
            let mut fields = Vec::new();
            let next = hash.scan(cursor, options.count.unwrap_or(10).max(1), |field| {
                let name = Bytes::from(field.name.to_vec());
                if options.pattern.as_ref().is_none_or(|pattern| glob::matches(pattern, &name)) {
                    fields.push((name, field.value.to_bytes()));
                }
            });
            Ok(HashPage { cursor: (next != 0).then_some(next), fields })
        })
    }

    /// Returns every field and its value, a [`hscan`](Db::hscan) at a time: no lock is held between two items,
    /// and a field may come twice if the hash changes meanwhile. After an error nothing more comes.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.hset("h", (0..1000).map(|n| (format!("field {n}"), n.to_string())))?;
    /// let all = db.iter_hash("h").collect::<danio::Result<Vec<_>>>()?;
    /// assert_eq!(all.len(), 1000);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn iter_hash<K: AsRef<[u8]>>(
        &self,
        key: K,
    ) -> impl Iterator<Item = Result<(Bytes, Bytes)>> + use<K> {
        let (db, key) = (self.clone(), Bytes::copy_from_slice(key.as_ref()));
        let options = HashScanOptions::new().count(100);
        let mut cursor = Some(0);
        let pages = std::iter::from_fn(move || {
            let page = db.hscan(&key, cursor?, &options);
            cursor = page.as_ref().ok().and_then(|page| page.cursor);
            Some(match page {
                Ok(page) => page.fields.into_iter().map(Ok).collect(),
                Err(error) => vec![Err(error)],
            })
        });
        pages.flatten()
    }
}
