//! Members in the order of their scores, under one key.

use std::borrow::Borrow;
use std::marker::PhantomData;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

#[cfg(feature = "async")]
use super::Later;
use super::handle::{At, Of, handle_traits, key_methods};
use crate::api::{Db, Engine, RankRange, Scope, ScoreRange, ZAddOptions, ZAddOutcome, ZRange};
use crate::error::Result;
use crate::value::zset::{IntoScore, Score};

/// Members of type `T`, each with a score, in the order of their scores: a Redis sorted set, whose members are written
/// as [keys](super) are. Members of one score are in the order of their bytes.
///
/// ```
/// let db = danio::Db::in_memory();
/// let board = db.sorted_set::<String>("board");
/// board.insert("ann", 31)?;
/// board.insert("bob", 17)?;
/// assert_eq!(board.add("bob", 20)?, 37.into());
/// assert_eq!(board.rev_range(..1)?, [("bob".to_owned(), 37.into())]);
/// assert_eq!(db.zscore("board", "ann")?, Some(31.into()));
/// # Ok::<(), danio::Error>(())
/// ```
pub struct SortedSet<T, S = Engine> {
    at: At<S>,
    of: Of<T>,
}

key_methods!(SortedSet [T] { of } r#"db.sorted_set::<u32>("key")"#);

/// Typed sorted sets.
impl<S: Scope> Db<S> {
    /// A handle on the sorted set under `key`.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// assert_eq!(db.sorted_set::<String>("board").len()?, 0);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn sorted_set<T>(&self, key: impl AsRef<[u8]>) -> SortedSet<T, S> {
        SortedSet { at: At::new(self, key), of: PhantomData }
    }
}

impl<T, S: Scope> SortedSet<T, S> {
    /// Counts the members (`ZCARD`, O(1), locks one stripe shared).
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if the key holds no sorted set.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let board = db.sorted_set::<String>("board");
    /// board.insert("ann", 31)?;
    /// assert_eq!(board.len()?, 1);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn len(&self) -> Result<usize> {
        self.at.db.zcard(&self.at.key)
    }

    /// Tells whether there is no member (`ZCARD`, O(1), locks one stripe shared).
    ///
    /// # Errors
    /// As [`len`](SortedSet::len).
    ///
    /// ```
    /// assert!(danio::Db::in_memory().sorted_set::<String>("board").is_empty()?);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn is_empty(&self) -> Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Counts the members whose scores are in a range (`ZCOUNT`, O(log members), locks one stripe shared).
    ///
    /// # Errors
    /// As [`len`](SortedSet::len); [`Error::NotFloat`](crate::Error::NotFloat) if an end of the range is NaN.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let board = db.sorted_set::<String>("board");
    /// (board.insert("ann", 31)?, board.insert("bob", 17)?);
    /// assert_eq!(board.count(20..)?, 1);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn count(&self, scores: impl ScoreRange) -> Result<usize> {
        self.at.db.zcount(&self.at.key, scores)
    }

    /// Gives a member a score (`ZADD`, O(log members), locks one stripe). Returns whether it was missing.
    ///
    /// # Errors
    /// See the [module](super); [`Error::NotFloat`](crate::Error::NotFloat) if the score is NaN.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// assert!(db.sorted_set::<String>("board").insert("ann", 31)?);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn insert<Q>(&self, member: &Q, score: impl IntoScore) -> Result<bool>
    where
        T: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        self.at.db.zadd(&self.at.key, self.at.member(member)?, score)
    }

    /// Gives several members scores at one moment, as `options` say (`ZADD` with options, O(members · log members), locks
    /// one stripe).
    ///
    /// # Errors
    /// As [`insert`](SortedSet::insert); nothing is changed then.
    ///
    /// ```
    /// use danio::ZAddOptions;
    ///
    /// let db = danio::Db::in_memory();
    /// let best = db.sorted_set::<String>("best");
    /// best.insert("ann", 31)?;
    /// let outcome = best.extend_with([("ann", 30), ("bob", 17)], ZAddOptions::new().if_greater())?;
    /// assert_eq!((outcome.added, outcome.changed), (1, 0));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn extend_with<'m, Q, N: IntoScore>(
        &self,
        members: impl IntoIterator<Item = (&'m Q, N)>,
        options: ZAddOptions,
    ) -> Result<ZAddOutcome>
    where
        T: Borrow<Q>,
        Q: Serialize + ?Sized + 'm,
    {
        let member = |(member, score)| Ok((self.at.member(member)?, score));
        let members = members.into_iter().map(member).collect::<Result<Vec<_>>>()?;
        self.at.db.zadd_with(&self.at.key, members, options)
    }

    /// Adds to a member's score, 0 if it is missing (`ZINCRBY`, O(log members), locks one stripe). Returns the sum.
    ///
    /// # Errors
    /// As [`insert`](SortedSet::insert).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let board = db.sorted_set::<String>("board");
    /// board.add("ann", 1.5)?;
    /// assert_eq!(f64::from(board.add("ann", 1)?), 2.5);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn add<Q>(&self, member: &Q, by: impl IntoScore) -> Result<Score>
    where
        T: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        self.at.db.zincr_by(&self.at.key, self.at.member(member)?, by)
    }

    /// Removes a member (`ZREM`, O(log members), locks one stripe). Returns whether it was there.
    ///
    /// # Errors
    /// See the [module](super).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// assert!(!db.sorted_set::<String>("board").remove("ann")?);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn remove<Q>(&self, member: &Q) -> Result<bool>
    where
        T: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        self.at.db.zrem(&self.at.key, self.at.member(member)?)
    }

    /// Removes the members at a range of ranks (`ZREMRANGEBYRANK`, O(log members + removed), locks one stripe). Returns
    /// how many there were.
    ///
    /// # Errors
    /// As [`len`](SortedSet::len).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let top = db.sorted_set::<u32>("top");
    /// for n in 0..10 {
    ///     top.insert(&n, n)?;
    /// }
    /// assert_eq!(top.remove_ranks(..-3)?, 7); // the greatest three stay
    /// assert_eq!(top.len()?, 3);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn remove_ranks(&self, ranks: impl RankRange) -> Result<usize> {
        self.at.db.zrem_range_by_rank(&self.at.key, ranks)
    }

    /// Removes the members whose scores are in a range (`ZREMRANGEBYSCORE`, O(log members + removed), locks one stripe).
    /// Returns how many there were.
    ///
    /// # Errors
    /// As [`count`](SortedSet::count).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let seen = db.sorted_set::<String>("seen");
    /// seen.insert("ann", 1000)?;
    /// assert_eq!(seen.remove_scores(..2000)?, 1);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn remove_scores(&self, scores: impl ScoreRange) -> Result<usize> {
        self.at.db.zrem_range_by_score(&self.at.key, scores)
    }

    /// Tells whether there is a member (`ZSCORE`, O(1), locks one stripe shared).
    ///
    /// # Errors
    /// See the [module](super).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// assert!(!db.sorted_set::<String>("board").contains("ann")?);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn contains<Q>(&self, member: &Q) -> Result<bool>
    where
        T: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        Ok(self.score(member)?.is_some())
    }

    /// Returns a member's score (`ZSCORE`, O(1), locks one stripe shared).
    ///
    /// # Errors
    /// See the [module](super).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let board = db.sorted_set::<String>("board");
    /// board.insert("ann", 31)?;
    /// assert_eq!(board.score("ann")?, Some(31.into()));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn score<Q>(&self, member: &Q) -> Result<Option<Score>>
    where
        T: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        self.at.db.zscore(&self.at.key, self.at.member(member)?)
    }

    /// Returns a member's rank, 0 for the least score (`ZRANK`, O(log members), locks one stripe shared).
    ///
    /// # Errors
    /// See the [module](super).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let board = db.sorted_set::<String>("board");
    /// (board.insert("ann", 31)?, board.insert("bob", 17)?);
    /// assert_eq!(board.rank("ann")?, Some(1));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn rank<Q>(&self, member: &Q) -> Result<Option<usize>>
    where
        T: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        self.at.db.zrank(&self.at.key, self.at.member(member)?)
    }

    /// Returns a member's rank, 0 for the greatest score (`ZREVRANK`, O(log members), locks one stripe shared).
    ///
    /// # Errors
    /// See the [module](super).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let board = db.sorted_set::<String>("board");
    /// (board.insert("ann", 31)?, board.insert("bob", 17)?);
    /// assert_eq!(board.rev_rank("ann")?, Some(0));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn rev_rank<Q>(&self, member: &Q) -> Result<Option<usize>>
    where
        T: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        self.at.db.zrev_rank(&self.at.key, self.at.member(member)?)
    }
}

impl<T: DeserializeOwned, S: Scope> SortedSet<T, S> {
    fn member(&self, (member, score): (Bytes, Score)) -> Result<(T, Score)> {
        Ok((self.at.member_of(&member)?, score))
    }

    fn members(&self, range: ZRange<'_>) -> Result<Vec<(T, Score)>> {
        let members = self.at.db.zrange(&self.at.key, range)?;
        members.into_iter().map(|pair| self.member(pair)).collect()
    }

    /// Returns the members at a range of ranks, least scores first (`ZRANGE`, O(log members + returned), locks one stripe
    /// shared).
    ///
    /// # Errors
    /// See the [module](super).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let board = db.sorted_set::<String>("board");
    /// (board.insert("ann", 31)?, board.insert("bob", 17)?);
    /// assert_eq!(board.range(..1)?, [("bob".to_owned(), 17.into())]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn range(&self, ranks: impl RankRange) -> Result<Vec<(T, Score)>> {
        self.members(ZRange::by_rank(ranks))
    }

    /// Returns the members at a range of ranks, greatest scores first, 0 being the greatest (`ZRANGE` with `REV`, O(log
    /// members + returned), locks one stripe shared).
    ///
    /// # Errors
    /// See the [module](super).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let board = db.sorted_set::<String>("board");
    /// (board.insert("ann", 31)?, board.insert("bob", 17)?);
    /// assert_eq!(board.rev_range(..10)?[0].0, "ann");
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn rev_range(&self, ranks: impl RankRange) -> Result<Vec<(T, Score)>> {
        self.members(ZRange::by_rank(ranks).rev())
    }

    /// Returns the members whose scores are in a range, least first (`ZRANGE` with `BYSCORE`, O(log members +
    /// returned), locks one stripe shared).
    ///
    /// # Errors
    /// See the [module](super); [`Error::NotFloat`](crate::Error::NotFloat) if an end of the range is NaN.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let due = db.sorted_set::<String>("due");
    /// (due.insert("now", 1000)?, due.insert("later", 2000)?);
    /// assert_eq!(due.range_by_score(..=1500)?[0].0, "now");
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn range_by_score(&self, scores: impl ScoreRange) -> Result<Vec<(T, Score)>> {
        self.members(ZRange::by_score(scores)?)
    }

    /// Takes off the member with the least score (`ZPOPMIN`, O(log members), locks one stripe).
    ///
    /// # Errors
    /// See the [module](super). If it is [`Error::Codec`](crate::Error::Codec) the member is gone; the error has its bytes.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let due = db.sorted_set::<String>("due");
    /// due.insert("now", 1000)?;
    /// assert_eq!(due.pop_min()?, Some(("now".to_owned(), 1000.into())));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn pop_min(&self) -> Result<Option<(T, Score)>> {
        self.at.db.zpop_min(&self.at.key)?.map(|pair| self.member(pair)).transpose()
    }

    /// Takes off the member with the greatest score (`ZPOPMAX`, O(log members), locks one stripe).
    ///
    /// # Errors
    /// As [`pop_min`](SortedSet::pop_min).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let urgent = db.sorted_set::<String>("urgent");
    /// (urgent.insert("a", 1)?, urgent.insert("b", 2)?);
    /// assert_eq!(urgent.pop_max()?, Some(("b".to_owned(), 2.into())));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn pop_max(&self) -> Result<Option<(T, Score)>> {
        self.at.db.zpop_max(&self.at.key)?.map(|pair| self.member(pair)).transpose()
    }
}

/// Going through a sorted set, and waiting for its members.
impl<T: DeserializeOwned> SortedSet<T> {
    /// Returns all members in order, a page at a time (O(members), locks one stripe shared for a page, and no lock between
    /// two items). A member whose score changes meanwhile may be missed or come twice, and no other.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let board = db.sorted_set::<String>("board");
    /// (board.insert("ann", 31)?, board.insert("bob", 17)?);
    /// let names: Vec<String> = board.iter().map(|member| Ok(member?.0)).collect::<danio::Result<_>>()?;
    /// assert_eq!(names, ["bob", "ann"]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = Result<(T, Score)>> + use<T> {
        let set = self.clone();
        self.at.db.iter_zset(self.at.key.clone()).map(move |pair| set.member(pair?))
    }

    /// Takes off the member with the least score, and waits for one while there is none (`BZPOPMIN`, O(log members), locks
    /// one stripe, but not while it waits). Without a timeout it waits for ever, with one of zero not at all.
    ///
    /// # Errors
    /// As [`pop_min`](SortedSet::pop_min).
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let db = danio::Db::in_memory();
    /// let due = db.sorted_set::<String>("due");
    /// due.insert("now", 1000)?;
    /// assert_eq!(due.pop_min_wait(None)?, Some(("now".to_owned(), 1000.into())));
    /// assert_eq!(due.pop_min_wait(Duration::from_millis(1))?, None);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn pop_min_wait(&self, timeout: impl Into<Option<Duration>>) -> Result<Option<(T, Score)>> {
        let popped = self.at.db.bzpopmin([&self.at.key], timeout)?;
        popped.map(|(_, member, score)| self.member((member, score))).transpose()
    }

    /// As [`pop_min_wait`](SortedSet::pop_min_wait), with the greatest score (`BZPOPMAX`).
    ///
    /// # Errors
    /// As [`pop_min`](SortedSet::pop_min).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let urgent = db.sorted_set::<String>("urgent");
    /// (urgent.insert("a", 1)?, urgent.insert("b", 2)?);
    /// assert_eq!(urgent.pop_max_wait(None)?, Some(("b".to_owned(), 2.into())));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn pop_max_wait(&self, timeout: impl Into<Option<Duration>>) -> Result<Option<(T, Score)>> {
        let popped = self.at.db.bzpopmax([&self.at.key], timeout)?;
        popped.map(|(_, member, score)| self.member((member, score))).transpose()
    }
}

/// Waiting for members, as futures.
#[cfg(feature = "async")]
impl<T: DeserializeOwned + 'static> SortedSet<T> {
    /// [`pop_min_wait`](SortedSet::pop_min_wait) as a future of any runtime. It may be dropped at any moment, and no
    /// member is lost; see [`Waiting`](crate::Waiting).
    ///
    /// # Errors
    /// As [`pop_min`](SortedSet::pop_min).
    ///
    /// ```
    /// # pollster::block_on(async {
    /// let db = danio::Db::in_memory();
    /// let due = db.sorted_set::<String>("due");
    /// let next = due.pop_min_async(None);
    /// due.insert("now", 1000)?;
    /// assert_eq!(next.await?, Some(("now".to_owned(), 1000.into())));
    /// # Ok::<(), danio::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn pop_min_async(&self, timeout: impl Into<Option<Duration>>) -> Later<Option<(T, Score)>> {
        self.popped(self.at.db.bzpopmin_async([&self.at.key], timeout))
    }

    /// [`pop_max_wait`](SortedSet::pop_max_wait) as a future; see [`pop_min_async`](SortedSet::pop_min_async).
    ///
    /// # Errors
    /// As [`pop_min`](SortedSet::pop_min).
    ///
    /// ```
    /// # pollster::block_on(async {
    /// let db = danio::Db::in_memory();
    /// let urgent = db.sorted_set::<String>("urgent");
    /// urgent.insert("a", 1)?;
    /// assert_eq!(urgent.pop_max_async(None).await?, Some(("a".to_owned(), 1.into())));
    /// # Ok::<(), danio::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn pop_max_async(&self, timeout: impl Into<Option<Duration>>) -> Later<Option<(T, Score)>> {
        self.popped(self.at.db.bzpopmax_async([&self.at.key], timeout))
    }

    fn popped(
        &self,
        waiting: crate::api::Waiting<(Bytes, Bytes, Score)>,
    ) -> Later<Option<(T, Score)>> {
        let set = self.clone();
        Later::new(async move {
            let popped = waiting.await?;
            popped.map(|(_, member, score)| set.member((member, score))).transpose()
        })
    }
}
