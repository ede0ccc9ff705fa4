//! Going through a hash page by page.

use bytes::Bytes;

use crate::api::page::{Page, items_of};
use crate::api::{Db, ScanOptions};
use crate::error::Result;

impl Db {
    /// Returns some fields of a hash, from `cursor` on, 0 at first (`HSCAN`, O(count), locks one stripe shared).
    /// Over all calls, a field that is there from first to last is returned at least once; one that
    /// comes or goes meanwhile may be missed or returned twice. A small hash comes at once.
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if the key holds no hash.
    ///
    /// ```
    /// use danio::{Db, ScanOptions};
    ///
    /// let db = Db::in_memory();
    /// db.hset("stock", [("apple:red", "3"), ("apple:green", "5"), ("pear", "2")])?;
    /// let page = db.hscan("stock", 0, &ScanOptions::new().matching("apple:*"))?;
    /// assert_eq!((page.cursor, page.items.len()), (None, 2));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn hscan(
        &self,
        key: impl AsRef<[u8]>,
        cursor: u64,
        options: &ScanOptions,
    ) -> Result<Page<(Bytes, Bytes)>> {
        self.read(key.as_ref(), |tx, key| {
            let Some(hash) = tx.hash(key)? else { return Ok(Page::until(0, Vec::new())) };
            let mut fields = Vec::new();
            let next = hash.scan(cursor, options.look_at(), |field| {
                let name = Bytes::from(field.name.to_vec());
                if options.matches(&name) {
                    fields.push((name, field.value.to_bytes()));
                }
            });
            Ok(Page::until(next, fields))
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
        let options = ScanOptions::new().count(100);
        items_of(move |cursor| db.hscan(&key, cursor, &options))
    }
}
