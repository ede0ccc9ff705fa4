//! Going through a set piece by piece: SSCAN.

use bytes::Bytes;

use super::to_bytes;
use crate::api::page::{Page, items_of};
use crate::api::{Db, ScanOptions};
use crate::error::Result;
use crate::value::set::SetRef;
use crate::value::string::Digits;

impl Db {
    /// Returns some members of the set under `key`, from `cursor` on, 0 at first (`SSCAN`, O(count), locks one
    /// stripe shared); all of a small set. Over all calls, a member that is there from first to last is
    /// returned at least once.
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if the key holds no set.
    ///
    /// ```
    /// use danio::{Db, ScanOptions};
    ///
    /// let db = Db::in_memory();
    /// db.sadd("words", ["apple", "ape", "pear"])?;
    /// let page = db.sscan("words", 0, &ScanOptions::new().matching("ap*"))?;
    /// assert_eq!((page.items.len(), page.cursor), (2, None));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn sscan(
        &self,
        key: impl AsRef<[u8]>,
        cursor: u64,
        options: &ScanOptions,
    ) -> Result<Page<Bytes>> {
        self.read(key.as_ref(), |tx, key| {
            let set = tx.set_at(key)?.unwrap_or(SetRef::EMPTY);
            let mut members = Vec::new();
            let next = set.scan(cursor, options.look_at(), |member| {
                if options.matches(member.bytes(&mut Digits::new())) {
                    members.push(to_bytes(member));
                }
            });
            Ok(Page::until(next, members))
        })
    }

    /// Returns every member of the set under `key`, an [`sscan`](Db::sscan) at a time: no lock is held between
    /// two items, and a member may come twice if the set changes meanwhile.
    ///
    /// # Errors
    /// An item is [`Error::WrongType`](crate::Error::WrongType), and the last, if the key holds no set.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.sadd("many", (0..1000).map(|n| format!("member {n}")))?;
    /// let members = db.iter_set("many").collect::<danio::Result<Vec<_>>>()?;
    /// assert_eq!(members.len(), 1000);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn iter_set<K: AsRef<[u8]>>(&self, key: K) -> impl Iterator<Item = Result<Bytes>> + use<K> {
        let db = self.clone();
        let options = ScanOptions::new().count(100);
        items_of(move |cursor| db.sscan(&key, cursor, &options))
    }
}
