//! Removing members: ZREM, ZREMRANGEBYRANK and its kin, ZPOPMIN, ZPOPMAX, ZMPOP.

use std::ops::Range;

use bytes::Bytes;

use super::range::{LexRange, RankRange, ScoreRange};
use super::read::owned;
use crate::api::{Db, Scope};
use crate::error::Result;
use crate::keyspace::event::{
    Event, ZPOPMAX, ZPOPMIN, ZREM, ZREMRANGEBYLEX, ZREMRANGEBYRANK, ZREMRANGEBYSCORE,
};
use crate::keyspace::{Access, Key, Tx};
use crate::value::zset::{Members, Score, Span, ZSet, ZSetRef};

/// Members with their scores that were removed, the outermost first.
pub(crate) type Popped = Vec<(Bytes, Score)>;

/// An end of a sorted set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ZEnd {
    /// The lowest scores.
    Min,
    /// The highest scores.
    Max,
}

impl Tx<'_> {
    /// Removes members (`ZREM`). Returns how many were there.
    pub(crate) fn zrem<'a>(
        &mut self,
        key: Key<'_>,
        members: impl Iterator<Item = &'a [u8]> + Clone,
    ) -> Result<usize> {
        self.change(key, |slot| {
            if slot.entry().is_none() {
                return Ok(slot.unchanged(0));
            }
            let removed = slot.edit::<ZSet, _>(|zset| {
                Ok(members.clone().filter(|member| zset.remove(member).is_some()).count())
            })?;
            if removed == 0 {
                return Ok(slot.unchanged(0));
            }
            slot.count_as(removed);
            Ok(slot.changed(removed, &[ZREM], |effect| {
                let mut words: Vec<&[u8]> = vec![b"ZREM", key.bytes];
                members.for_each(|member| words.push(member));
                effect.command(&words);
            }))
        })
    }

    /// Removes the members of a span (`ZREMRANGEBYRANK`, `ZREMRANGEBYSCORE`, `ZREMRANGEBYLEX`). Returns how many.
    pub(crate) fn zrem_span(&mut self, key: Key<'_>, span: Span<'_>) -> Result<usize> {
        let event = match span {
            Span::Rank(..) => ZREMRANGEBYRANK,
            Span::Score(..) => ZREMRANGEBYSCORE,
            Span::Lex(..) => ZREMRANGEBYLEX,
        };
        let (removed, ()) =
            self.zcut(key, event, |zset| zset.ranks(span), |_| ())?.unwrap_or_default();
        Ok(removed)
    }

    /// Removes up to `count` members from an end and returns them with their scores (`ZPOPMIN`, `ZPOPMAX`).
    pub(crate) fn zpop(
        &mut self,
        key: Key<'_>,
        end: ZEnd,
        count: usize,
    ) -> Result<Vec<(Bytes, Score)>> {
        let (event, back) = if end == ZEnd::Min { (ZPOPMIN, false) } else { (ZPOPMAX, true) };
        let choose = |zset: ZSetRef<'_>| {
            let count = count.min(zset.len());
            if back { zset.len() - count..zset.len() } else { 0..count }
        };
        let popped = self.zcut(key, event, choose, |members| members.map(owned).collect())?;
        Ok(popped.map(|(_, members)| members).unwrap_or_default())
    }

    /// Removes the members of the ranks that `choose` names, after `take` has seen them: from the top in the case
    /// of ZPOPMAX. Returns how many, and what `take` made of them; `None` if there are none.
    fn zcut<R>(
        &mut self,
        key: Key<'_>,
        event: Event,
        choose: impl FnOnce(ZSetRef<'_>) -> Range<usize>,
        take: impl FnOnce(Members<'_>) -> R,
    ) -> Result<Option<(usize, R)>> {
        self.change(key, |slot| {
            let Some(entry) = slot.entry() else { return Ok(slot.unchanged(None)) };
            let zset: ZSetRef<'_> = entry.view()?;
            let ranks = choose(zset);
            if ranks.is_empty() {
                return Ok(slot.unchanged(None));
            }
            let taken = take(zset.members(ranks.clone(), event == ZPOPMAX));
            slot.edit::<ZSet, _>(|zset| {
                zset.remove_ranks(ranks.clone());
                Ok(())
            })?;
            slot.count_as(ranks.len());
            Ok(slot.changed(Some((ranks.len(), taken)), &[event], |effect| {
                let [first, last] = [ranks.start, ranks.end - 1].map(|rank| rank.to_string());
                let words = [&b"ZREMRANGEBYRANK"[..], key.bytes, first.as_bytes(), last.as_bytes()];
                effect.command(&words);
            }))
        })
    }

    /// Pops from the first of several keys that holds a sorted set (`ZMPOP`). Returns which.
    pub(crate) fn zmpop(
        &mut self,
        keys: &[Key<'_>],
        end: ZEnd,
        count: usize,
    ) -> Result<Option<(usize, Popped)>> {
        self.zpop_first(keys.iter().copied().enumerate(), end, count)
    }

    /// As [`zmpop`](Tx::zmpop); which is told by the number that came with it.
    pub(crate) fn zpop_first<'a>(
        &mut self,
        keys: impl Iterator<Item = (usize, Key<'a>)>,
        end: ZEnd,
        count: usize,
    ) -> Result<Option<(usize, Popped)>> {
        for (place, key) in keys {
            if self.peek_zset(key)?.is_some() {
                return Ok(Some((place, self.zpop(key, end, count)?)));
            }
        }
        Ok(None)
    }
}

impl<S: Scope> Db<S> {
    /// Removes `member` (`ZREM`, O(log n), locks one stripe). Returns whether it was there. A sorted set that
    /// becomes empty goes with its key.
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if the key holds no sorted set.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.zadd("board", "ann", 1)?;
    /// assert!(db.zrem("board", "ann")?);
    /// assert!(!db.exists("board"));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn zrem(&self, key: impl AsRef<[u8]>, member: impl AsRef<[u8]>) -> Result<bool> {
        Ok(self.zrem_many(key, [member])? > 0)
    }

    /// Removes several members at one moment (`ZREM`, O(log n) each, locks one stripe). Returns how many were there.
    ///
    /// # Errors
    /// As [`zrem`](Db::zrem).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.zadd("board", "ann", 1)?;
    /// assert_eq!(db.zrem_many("board", ["ann", "bob"])?, 1);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn zrem_many<M: AsRef<[u8]>>(
        &self,
        key: impl AsRef<[u8]>,
        members: impl IntoIterator<Item = M>,
    ) -> Result<usize> {
        let members: Vec<M> = members.into_iter().collect();
        self.write(key.as_ref(), |tx, key| tx.zrem(key, members.iter().map(AsRef::as_ref)))
    }

    /// Removes the members of these ranks (`ZREMRANGEBYRANK`, O(log n + removed), locks one stripe). Returns how many.
    ///
    /// # Errors
    /// As [`zrem`](Db::zrem).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.zadd_many("board", [("ann", 10), ("bob", 7), ("cid", 3)])?;
    /// // Keeps the best two.
    /// assert_eq!(db.zrem_range_by_rank("board", ..-2)?, 1);
    /// assert_eq!(db.zscore("board", "cid")?, None);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn zrem_range_by_rank(
        &self,
        key: impl AsRef<[u8]>,
        ranks: impl RankRange,
    ) -> Result<usize> {
        let (start, end) = ranks.ranks();
        self.write(key.as_ref(), |tx, key| tx.zrem_span(key, Span::Rank(start, end)))
    }

    /// Removes the members with these scores (`ZREMRANGEBYSCORE`, O(log n + removed), locks one stripe). Returns how
    /// many.
    ///
    /// # Errors
    /// As [`zrem`](Db::zrem), and [`Error::NotFloat`](crate::Error::NotFloat) if an end is NaN.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.zadd_many("seen", [("a", 100), ("b", 200)])?;
    /// assert_eq!(db.zrem_range_by_score("seen", ..150)?, 1);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn zrem_range_by_score(
        &self,
        key: impl AsRef<[u8]>,
        scores: impl ScoreRange,
    ) -> Result<usize> {
        let (low, high) = scores.bounds()?;
        self.write(key.as_ref(), |tx, key| tx.zrem_span(key, Span::Score(low, high)))
    }

    /// Removes the members between these, of a sorted set whose members all have the same score
    /// (`ZREMRANGEBYLEX`, O(log n + removed), locks one stripe). Returns how many.
    ///
    /// # Errors
    /// As [`zrem`](Db::zrem).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.zadd_many("names", [("ann", 0), ("bob", 0)])?;
    /// assert_eq!(db.zrem_range_by_lex("names", .."b")?, 1);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn zrem_range_by_lex<'a>(
        &self,
        key: impl AsRef<[u8]>,
        members: impl LexRange<'a>,
    ) -> Result<usize> {
        let (low, high) = members.bounds();
        self.write(key.as_ref(), |tx, key| tx.zrem_span(key, Span::Lex(low, high)))
    }

    /// Removes the member with the lowest score and returns it (`ZPOPMIN`, O(log n), locks one stripe).
    ///
    /// # Errors
    /// As [`zrem`](Db::zrem).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.zadd_many("queue", [("later", 2), ("now", 1)])?;
    /// assert_eq!(db.zpop_min("queue")?, Some(("now".into(), 1.into())));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn zpop_min(&self, key: impl AsRef<[u8]>) -> Result<Option<(Bytes, Score)>> {
        Ok(self.zpop_many(key, ZEnd::Min, 1)?.pop())
    }

    /// Removes the member with the highest score and returns it (`ZPOPMAX`, O(log n), locks one stripe).
    ///
    /// # Errors
    /// As [`zrem`](Db::zrem).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// assert_eq!(db.zpop_max("queue")?, None);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn zpop_max(&self, key: impl AsRef<[u8]>) -> Result<Option<(Bytes, Score)>> {
        Ok(self.zpop_many(key, ZEnd::Max, 1)?.pop())
    }

    /// Removes up to `count` members from an end and returns them, the outermost first (`ZPOPMIN`, `ZPOPMAX`;
    /// O(log n + count), locks one stripe).
    ///
    /// # Errors
    /// As [`zrem`](Db::zrem).
    ///
    /// ```
    /// use danio::ZEnd;
    ///
    /// let db = danio::Db::in_memory();
    /// db.zadd_many("board", [("ann", 10), ("bob", 7), ("cid", 3)])?;
    /// let top = db.zpop_many("board", ZEnd::Max, 2)?;
    /// assert_eq!(top, [("ann".into(), 10.into()), ("bob".into(), 7.into())]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn zpop_many(
        &self,
        key: impl AsRef<[u8]>,
        end: ZEnd,
        count: usize,
    ) -> Result<Vec<(Bytes, Score)>> {
        self.write(key.as_ref(), |tx, key| tx.zpop(key, end, count))
    }

    /// Pops up to `count` members from an end of the first of several sorted sets that is there (`ZMPOP`,
    /// O(keys + log n + count), locks their stripes). Returns that key's place among `keys`, and the members.
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if a key before that one holds something else.
    ///
    /// ```
    /// use danio::ZEnd;
    ///
    /// let db = danio::Db::in_memory();
    /// db.zadd("low", "task", 1)?;
    /// let popped = db.zmpop(["high", "low"], ZEnd::Min, 1)?;
    /// assert_eq!(popped, Some((1, vec![("task".into(), 1.into())])));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn zmpop<K: AsRef<[u8]>>(
        &self,
        keys: impl IntoIterator<Item = K>,
        end: ZEnd,
        count: usize,
    ) -> Result<Option<(usize, Popped)>> {
        let keys: Vec<K> = keys.into_iter().collect();
        let keys = self.hashed(&keys);
        self.many(&keys, Access::Exclusive, |tx| tx.zmpop(&keys, end, count))
    }
}
