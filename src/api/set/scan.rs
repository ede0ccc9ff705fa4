//! Going through a set piece by piece: SSCAN.

use bytes::Bytes;

use super::to_bytes;
use crate::api::{Db, ScanOptions};
use crate::error::Result;
use crate::value::set::SetRef;
use crate::value::string::Digits;

/// What one call of [`Db::sscan`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MembersPage {
    /// Where to go on; `None` when all members have been looked at.
    pub cursor: Option<u64>,
    /// Members, perhaps none, in no order.
    pub members: Vec<Bytes>,
}

impl Db {
    /// Returns some members of the set under `key`, from `cursor` on, 0 at first (`SSCAN`, O(count), locks one
    /// stripe shared); all of a small set. Over all calls, a member that is there from first to last is
    /// returned at least once. What the options say of types is about keys and without effect here.
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
    /// assert_eq!((page.members.len(), page.cursor), (2, None));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn sscan(
        &self,
        key: impl AsRef<[u8]>,
        cursor: u64,
        options: &ScanOptions,
    ) -> Result<MembersPage> {
        self.read(key.as_ref(), |tx, key| {
            let set = tx.set_at(key)?.unwrap_or(SetRef::EMPTY);
            let mut members = Vec::new();
            let next = set.scan(cursor, options.look_at(), |member| {
                if options.matches(member.bytes(&mut Digits::new())) {
                    members.push(to_bytes(member));
                }
            });
            Ok(MembersPage { cursor: (next != 0).then_some(next), members })
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
        let mut cursor = Some(0);
        let pages = std::iter::from_fn(move || match db.sscan(&key, cursor?, &options) {
            Ok(page) => {
                cursor = page.cursor;
                Some(page.members.into_iter().map(Ok).collect::<Vec<_>>())
            }
            Err(error) => {
                cursor = None;
                Some(vec![Err(error)])
            }
        });
        pages.flatten()
    }
}
