//! Going through a sorted set bit by bit: ZSCAN, and an iterator that holds no lock.

use bytes::Bytes;

use super::read::owned;
use crate::api::page::Page;
use crate::api::{Db, ScanOptions};
use crate::error::Result;
use crate::value::zset::Score;

/// Members that [`Db::iter_zset`] fetches at a time.
const PAGE: usize = 128;

impl Db {
    /// Returns some members with their scores, from `cursor` on, 0 at first (`ZSCAN`, O(count), locks one stripe
    /// shared). Over all calls, a member that is there from first to last is returned at least once, however
    /// the sorted set changes meanwhile. A small sorted set is returned whole.
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if the key holds no sorted set.
    ///
    /// ```
    /// use danio::{Db, ScanOptions};
    ///
    /// let db = Db::in_memory();
    /// db.zadd_many("board", [("ann", 10), ("bob", 7)])?;
    /// let page = db.zscan("board", 0, &ScanOptions::new().matching("a*"))?;
    /// assert_eq!(page.items, [("ann".into(), 10.into())]);
    /// assert_eq!(page.cursor, None);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn zscan(
        &self,
        key: impl AsRef<[u8]>,
        cursor: u64,
        options: &ScanOptions,
    ) -> Result<Page<(Bytes, Score)>> {
        let mut members = Vec::new();
        let next = self.with_zset(key.as_ref(), |_, zset| {
            zset.scan(cursor, options.look_at(), |member, score| {
                if options.matches(member) {
                    members.push((Bytes::copy_from_slice(member), Score::known(score)));
                }
            })
        })?;
        Ok(Page::until(next.unwrap_or(0), members))
    }

    /// Returns all members with their scores, in order, a page at a time: no lock is held between two items. Each
    /// page goes on behind the last member of the one before, so that a member whose score changes meanwhile
    /// may be missed or come twice, and no other.
    ///
    /// An error ends the iteration: [`Error::WrongType`](crate::Error::WrongType) if the key holds no
    /// sorted set.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.zadd_many("numbers", (0..1000).map(|n| (n.to_string(), n)))?;
    /// let members = db.iter_zset("numbers").collect::<Result<Vec<_>, _>>()?;
    /// assert_eq!(members.len(), 1000);
    /// assert_eq!(members[7], ("7".into(), 7.into()));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn iter_zset<K: AsRef<[u8]>>(
        &self,
        key: K,
    ) -> impl Iterator<Item = Result<(Bytes, Score)>> + use<K> {
        let (db, key) = (self.clone(), key.as_ref().to_vec());
        let mut last: Option<(Bytes, Score)> = None;
        let mut over = false;
        let pages = std::iter::from_fn(move || {
            if over {
                return None;
            }
            let page = db.with_zset(&key, |_, zset| {
                let start =
                    last.as_ref().map_or(0, |(member, score)| zset.rank_after(*score, member));
                let end = zset.len().min(start + PAGE);
                zset.members(start..end, false).map(owned).collect::<Vec<_>>()
            });
            match page {
                Ok(page) => {
                    let page = page.unwrap_or_default();
                    over = page.len() < PAGE;
                    last = page.last().cloned();
                    Some(page.into_iter().map(Ok).collect::<Vec<_>>())
                }
                Err(error) => {
                    over = true;
                    Some(vec![Err(error)])
                }
            }
        });
        pages.flatten()
    }
}
