//! Looking at members: scores, ranks, counts, picks by chance.

use std::collections::HashSet;

use bytes::Bytes;

use crate::api::{Db, Scope};
use crate::error::Result;
use crate::keyspace::{Key, Tx};
use crate::value::zset::{Score, ZSetRef};

/// How members are picked by chance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Picks {
    /// As many different ones, or all if there are fewer.
    Different(usize),
    /// As many, each as likely as any other each time.
    Any(usize),
}

impl Tx<'_> {
    /// The ranks of members picked by chance (`ZRANDMEMBER`), in the order in which they were picked.
    pub(crate) fn zpick<'t>(
        &'t self,
        zset: ZSetRef<'_>,
        picks: Picks,
    ) -> Box<dyn Iterator<Item = usize> + 't> {
        let (len, rng) = (zset.len(), &self.keyspace().rng);
        match picks {
            Picks::Any(count) => Box::new((0..count).map(move |_| rng.below(len))),
            Picks::Different(count) if count >= len => Box::new(0..len),
            // Floyd's algorithm (Bentley 1987): `count` different numbers below `len`.
            Picks::Different(count) => {
                let mut seen = HashSet::with_capacity(count);
                Box::new((len - count..len).map(move |upto| {
                    let pick = rng.below(upto + 1);
                    let rank = if seen.contains(&pick) { upto } else { pick };
                    seen.insert(rank);
                    rank
                }))
            }
        }
    }
}

impl<S: Scope> Db<S> {
    /// Returns the score of `member` (`ZSCORE`, O(1), locks one stripe shared).
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if the key holds no sorted set.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.zadd("board", "ann", 10)?;
    /// assert_eq!(db.zscore("board", "ann")?, Some(10.into()));
    /// assert_eq!(db.zscore("board", "bob")?, None);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn zscore(&self, key: impl AsRef<[u8]>, member: impl AsRef<[u8]>) -> Result<Option<Score>> {
        self.with_zset(key.as_ref(), |_, zset| zset.score(member.as_ref()).map(Score::known))
            .map(Option::flatten)
    }

    /// Returns the scores of several members at one moment (`ZMSCORE`, O(1) each, locks one stripe shared).
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if the key holds no sorted set.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.zadd("board", "ann", 10)?;
    /// assert_eq!(db.zmscore("board", ["bob", "ann"])?, [None, Some(10.into())]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn zmscore<M: AsRef<[u8]>>(
        &self,
        key: impl AsRef<[u8]>,
        members: impl IntoIterator<Item = M>,
    ) -> Result<Vec<Option<Score>>> {
        let members: Vec<M> = members.into_iter().collect();
        let scores = self.with_zset(key.as_ref(), |_, zset| {
            members.iter().map(|member| zset.score(member.as_ref()).map(Score::known)).collect()
        })?;
        Ok(scores.unwrap_or_else(|| vec![None; members.len()]))
    }

    /// Counts the members (`ZCARD`, O(1), locks one stripe shared); 0 if the key is missing.
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if the key holds no sorted set.
    ///
    /// ```
    /// assert_eq!(danio::Db::in_memory().zcard("board")?, 0);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn zcard(&self, key: impl AsRef<[u8]>) -> Result<usize> {
        Ok(self.with_zset(key.as_ref(), |_, zset| zset.len())?.unwrap_or(0))
    }

    /// Returns how many members have a lower score than `member`, or the same and lower bytes (`ZRANK`,
    /// O(log n), locks one stripe shared): its place from the bottom, beginning with 0.
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if the key holds no sorted set.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.zadd_many("board", [("ann", 10), ("bob", 7)])?;
    /// assert_eq!(db.zrank("board", "ann")?, Some(1));
    /// assert_eq!(db.zrank("board", "nobody")?, None);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn zrank(&self, key: impl AsRef<[u8]>, member: impl AsRef<[u8]>) -> Result<Option<usize>> {
        Ok(self.zrank_with_score(key, member)?.map(|(rank, _)| rank))
    }

    /// As [`zrank`](Db::zrank), with the member's score (`ZRANK` with `WITHSCORE`).
    ///
    /// # Errors
    /// As [`zrank`](Db::zrank).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.zadd_many("board", [("ann", 10), ("bob", 7)])?;
    /// assert_eq!(db.zrank_with_score("board", "ann")?, Some((1, 10.into())));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn zrank_with_score(
        &self,
        key: impl AsRef<[u8]>,
        member: impl AsRef<[u8]>,
    ) -> Result<Option<(usize, Score)>> {
        let found = self.with_zset(key.as_ref(), |_, zset| zset.rank(member.as_ref()))?;
        Ok(found.flatten().map(|(rank, score)| (rank, Score::known(score))))
    }

    /// Returns how many members stand above `member` (`ZREVRANK`, O(log n), locks one stripe shared): its place
    /// from the top, beginning with 0.
    ///
    /// # Errors
    /// As [`zrank`](Db::zrank).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.zadd_many("board", [("ann", 10), ("bob", 7)])?;
    /// assert_eq!(db.zrev_rank("board", "ann")?, Some(0));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn zrev_rank(
        &self,
        key: impl AsRef<[u8]>,
        member: impl AsRef<[u8]>,
    ) -> Result<Option<usize>> {
        Ok(self.zrev_rank_with_score(key, member)?.map(|(rank, _)| rank))
    }

    /// As [`zrev_rank`](Db::zrev_rank), with the member's score (`ZREVRANK` with `WITHSCORE`).
    ///
    /// # Errors
    /// As [`zrank`](Db::zrank).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.zadd_many("board", [("ann", 10), ("bob", 7)])?;
    /// assert_eq!(db.zrev_rank_with_score("board", "bob")?, Some((1, 7.into())));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn zrev_rank_with_score(
        &self,
        key: impl AsRef<[u8]>,
        member: impl AsRef<[u8]>,
    ) -> Result<Option<(usize, Score)>> {
        let found = self.with_zset(key.as_ref(), |_, zset| {
            let (rank, score) = zset.rank(member.as_ref())?;
            Some((zset.len() - 1 - rank, Score::known(score)))
        })?;
        Ok(found.flatten())
    }

    /// Returns one member by chance (`ZRANDMEMBER`, O(log n), locks one stripe shared).
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if the key holds no sorted set.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.zadd("board", "ann", 10)?;
    /// assert_eq!(db.zrand_member("board")?.as_deref(), Some(&b"ann"[..]));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn zrand_member(&self, key: impl AsRef<[u8]>) -> Result<Option<Bytes>> {
        Ok(self.picked(key.as_ref(), Picks::Any(1))?.pop().map(|(member, _)| member))
    }

    /// Returns `count` different members by chance, all if there are fewer (`ZRANDMEMBER`, O(count * log n), locks
    /// one stripe shared).
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if the key holds no sorted set.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.zadd_many("board", [("ann", 10), ("bob", 7)])?;
    /// assert_eq!(db.zrand_members("board", 5)?.len(), 2);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn zrand_members(
        &self,
        key: impl AsRef<[u8]>,
        count: usize,
    ) -> Result<Vec<(Bytes, Score)>> {
        self.picked(key.as_ref(), Picks::Different(count))
    }

    /// Returns `count` members by chance, one perhaps several times (`ZRANDMEMBER` with a negative number,
    /// O(count * log n), locks one stripe shared).
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if the key holds no sorted set.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.zadd_many("board", [("ann", 10), ("bob", 7)])?;
    /// assert_eq!(db.zrand_repeating("board", 5)?.len(), 5);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn zrand_repeating(
        &self,
        key: impl AsRef<[u8]>,
        count: usize,
    ) -> Result<Vec<(Bytes, Score)>> {
        self.picked(key.as_ref(), Picks::Any(count))
    }

    fn picked(&self, key: &[u8], picks: Picks) -> Result<Vec<(Bytes, Score)>> {
        let picked = self.with_zset(key, |tx, zset| {
            let ranks = tx.zpick(zset, picks);
            ranks.filter_map(|rank| zset.members(rank..rank + 1, false).next()).map(owned).collect()
        })?;
        Ok(picked.unwrap_or_default())
    }

    /// Calls `look` with the sorted set under a key, if there is one.
    pub(in crate::api) fn with_zset<R>(
        &self,
        key: &[u8],
        look: impl FnOnce(&Tx<'_>, ZSetRef<'_>) -> R,
    ) -> Result<Option<R>> {
        self.read(key, |tx, key: Key<'_>| Ok(tx.zset(key)?.map(|zset| look(tx, zset))))
    }
}

/// A member and its score, to be kept.
pub(super) fn owned((member, score): (crate::ds::packed::Item<'_>, f64)) -> (Bytes, Score) {
    (member.to_vec().into(), Score::known(score))
}
