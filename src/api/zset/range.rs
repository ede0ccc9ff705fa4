//! Ranges of members: ZRANGE and its kin, ZCOUNT, ZLEXCOUNT.

use std::ops::{
    Bound, Range, RangeBounds, RangeFrom, RangeFull, RangeInclusive, RangeTo, RangeToInclusive,
};

use bytes::Bytes;

use super::add::text;
use super::read::owned;
use crate::api::{Db, Scope};
use crate::error::Result;
use crate::keyspace::event::{DEL, Event, GEORADIUSSTORE, GEOSEARCHSTORE, ZRANGESTORE};
use crate::keyspace::observer::wants;
use crate::keyspace::{Access, Key, Tx};
use crate::value::zset::{IntoScore, LexBound, Members, Score, ScoreBound, Span, ZSet, ZSetRef};

/// How many members of a range are wanted (`LIMIT`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limit {
    /// How many are passed over.
    pub(crate) offset: usize,
    /// How many then follow.
    pub(crate) count: usize,
}

impl Limit {
    /// All.
    pub(crate) const ALL: Limit = Limit { offset: 0, count: usize::MAX };
    /// None at all.
    pub(crate) const NOTHING: Limit = Limit { offset: 0, count: 0 };
}

/// Members of a sorted set: which ones, and in which order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Selection<'a> {
    pub(crate) span: Span<'a>,
    /// From the last to the first.
    pub(crate) back: bool,
    pub(crate) limit: Limit,
}

impl Selection<'_> {
    /// The members that are meant.
    pub(crate) fn of<'z>(&self, zset: ZSetRef<'z>) -> Members<'z> {
        let mut ranks = zset.ranks(self.span);
        if self.back && matches!(self.span, Span::Rank(..)) {
            // Ranks are counted from the last.
            ranks = zset.len() - ranks.end..zset.len() - ranks.start;
        }
        let offset = self.limit.offset.min(ranks.len());
        let count = self.limit.count.min(ranks.len() - offset);
        let start = if self.back { ranks.end - offset - count } else { ranks.start + offset };
        zset.members(start..start + count, self.back)
    }
}

impl Tx<'_> {
    /// Stores members of `from` under `to`, whatever that held (`ZRANGESTORE`). Returns how many.
    pub(crate) fn zrange_store(
        &mut self,
        to: Key<'_>,
        from: Key<'_>,
        selection: &Selection<'_>,
    ) -> Result<usize> {
        let limits = &self.keyspace().settings.limits;
        let zset = match self.zset(from)? {
            Some(zset) => {
                let members = selection.of(zset).map(|(member, score)| (member.to_vec(), score));
                // How many there are servers know of ranks alone.
                let ranks = matches!(selection.span, Span::Rank(..));
                let count = if ranks { members.len() } else { 0 };
                ZSet::collect(members, (count, 0), limits)
            }
            None => ZSet::default(),
        };
        self.zstore(to, zset, ZRANGESTORE)
    }

    /// Makes a key hold a sorted set, whatever it held; removes it if the set is empty. Returns how many
    /// members it has.
    pub(crate) fn zstore(&mut self, key: Key<'_>, zset: ZSet, event: Event) -> Result<usize> {
        let count = zset.as_ref().len();
        let mut words = Vec::new();
        if self.keyspace().observers.want(wants::RECORDS) {
            words.extend([b"ZADD".to_vec(), key.bytes.to_vec()]);
            for (member, score) in zset.as_ref().iter() {
                words.extend([text(score), member.to_vec()]);
            }
        }
        self.change(key, |slot| {
            if count == 0 {
                if slot.entry().is_none() {
                    return Ok(slot.unchanged(0));
                }
                slot.discard();
                return Ok(slot.changed(0, &[DEL], |effect| effect.command(&[b"DEL", key.bytes])));
            }
            slot.put_collection(zset, None);
            if [GEOSEARCHSTORE, GEORADIUSSTORE].contains(&event) {
                slot.count_as(count);
            }
            Ok(slot.changed(count, &[event], |effect| {
                let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
                effect.command(&[b"DEL", key.bytes]);
                effect.command(&words);
            }))
        })
    }
}

/// Ranks, as a Rust range: of `isize`, where negative ones count from the last.
///
/// `0..10` are the first ten, `-3..` the last three, `..` all.
pub trait RankRange {
    /// The first and the last rank, both included.
    fn ranks(self) -> (i64, i64);
}

impl<R: RangeBounds<isize>> RankRange for R {
    fn ranks(self) -> (i64, i64) {
        let start = match self.start_bound() {
            Bound::Unbounded => 0,
            Bound::Included(start) => *start as i64,
            Bound::Excluded(before) => (*before as i64).saturating_add(1),
        };
        let end = match self.end_bound() {
            Bound::Unbounded => -1,
            Bound::Included(end) => *end as i64,
            // Before the first there is nothing; -1 would be the last.
            Bound::Excluded(0) => return (1, 0),
            Bound::Excluded(past) => (*past as i64).saturating_sub(1),
        };
        (start, end)
    }
}

/// Scores, as a Rust range or a pair of [`ScoreBound`]s.
///
/// `1.0..5.0`, `..=10`, `..`, or `(ScoreBound::Excluded(1.into()), ScoreBound::Unbounded)`.
pub trait ScoreRange {
    /// Where the range begins and ends.
    ///
    /// # Errors
    /// [`Error::NotFloat`](crate::Error::NotFloat) if an end is NaN.
    fn bounds(self) -> Result<(ScoreBound, ScoreBound)>;
}

impl ScoreRange for (ScoreBound, ScoreBound) {
    fn bounds(self) -> Result<(ScoreBound, ScoreBound)> {
        Ok(self)
    }
}

impl ScoreRange for RangeFull {
    fn bounds(self) -> Result<(ScoreBound, ScoreBound)> {
        Ok((ScoreBound::Unbounded, ScoreBound::Unbounded))
    }
}

macro_rules! score_ranges {
    ($($range:ident)*) => {
        $(impl<S: IntoScore + Clone> ScoreRange for $range<S> {
            fn bounds(self) -> Result<(ScoreBound, ScoreBound)> {
                let bound = |bound: Bound<&S>| -> Result<ScoreBound> {
                    Ok(match bound {
                        Bound::Included(score) => ScoreBound::Included(score.clone().into_score()?),
                        Bound::Excluded(score) => ScoreBound::Excluded(score.clone().into_score()?),
                        Bound::Unbounded => ScoreBound::Unbounded,
                    })
                };
                Ok((bound(self.start_bound())?, bound(self.end_bound())?))
            }
        })*
    };
}

score_ranges!(Range RangeInclusive RangeFrom RangeTo RangeToInclusive);

/// Members by their bytes, as a Rust range of references or a pair of [`LexBound`]s.
///
/// `"a".."c"`, `.."x"`, `..`, or `(LexBound::Excluded(b"a"), LexBound::Max)`.
pub trait LexRange<'a> {
    /// Where the range begins and ends.
    fn bounds(self) -> (LexBound<'a>, LexBound<'a>);
}

impl<'a> LexRange<'a> for (LexBound<'a>, LexBound<'a>) {
    fn bounds(self) -> (LexBound<'a>, LexBound<'a>) {
        self
    }
}

impl<'a> LexRange<'a> for RangeFull {
    fn bounds(self) -> (LexBound<'a>, LexBound<'a>) {
        (LexBound::Min, LexBound::Max)
    }
}

macro_rules! lex_ranges {
    ($($range:ident)*) => {
        $(impl<'a, M: AsRef<[u8]> + ?Sized> LexRange<'a> for $range<&'a M> {
            fn bounds(self) -> (LexBound<'a>, LexBound<'a>) {
                let bound = |bound: Bound<&&'a M>, unbounded| match bound {
                    Bound::Included(member) => LexBound::Included((*member).as_ref()),
                    Bound::Excluded(member) => LexBound::Excluded((*member).as_ref()),
                    Bound::Unbounded => unbounded,
                };
                (bound(self.start_bound(), LexBound::Min), bound(self.end_bound(), LexBound::Max))
            }
        })*
    };
}

lex_ranges!(Range RangeInclusive RangeFrom RangeTo RangeToInclusive);

/// Which members [`Db::zrange`] returns: by rank, by score or by their bytes; from either end; all or some.
///
/// ```
/// use danio::{Db, ZRange};
///
/// let db = Db::in_memory();
/// db.zadd_many("board", [("ann", 10), ("bob", 7), ("cid", 3)])?;
/// let top = db.zrange("board", ZRange::by_rank(..2).rev())?;
/// assert_eq!(top[0], ("ann".into(), 10.into()));
/// let low = db.zrange("board", ZRange::by_score(..10)?.limit(1, 5))?;
/// assert_eq!(low, [("bob".into(), 7.into())]);
/// # Ok::<(), danio::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct ZRange<'a>(Selection<'a>);

impl<'a> ZRange<'a> {
    fn new(span: Span<'a>) -> ZRange<'a> {
        ZRange(Selection { span, back: false, limit: Limit::ALL })
    }

    /// The members of these ranks, the first being 0; negative ones count from the last.
    pub fn by_rank(ranks: impl RankRange) -> ZRange<'a> {
        let (start, end) = ranks.ranks();
        ZRange::new(Span::Rank(start, end))
    }

    /// The members with these scores (`BYSCORE`).
    ///
    /// # Errors
    /// [`Error::NotFloat`](crate::Error::NotFloat) if an end is NaN.
    pub fn by_score(scores: impl ScoreRange) -> Result<ZRange<'a>> {
        let (low, high) = scores.bounds()?;
        Ok(ZRange::new(Span::Score(low, high)))
    }

    /// The members between these, of a sorted set whose members all have the same score (`BYLEX`).
    pub fn by_lex(members: impl LexRange<'a>) -> ZRange<'a> {
        let (low, high) = members.bounds();
        ZRange::new(Span::Lex(low, high))
    }

    /// From the last to the first (`REV`); ranks are counted from the last, too.
    pub fn rev(mut self) -> ZRange<'a> {
        self.0.back = true;
        self
    }

    /// Passes over `offset` members and returns at most `count` (`LIMIT`).
    pub fn limit(mut self, offset: usize, count: usize) -> ZRange<'a> {
        self.0.limit = Limit { offset, count };
        self
    }
}

impl<S: Scope> Db<S> {
    /// Returns the members of a range with their scores (`ZRANGE`, O(log n + members), locks one stripe shared).
    /// For large ranges see [`iter_zset`](Db::iter_zset).
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if the key holds no sorted set.
    ///
    /// ```
    /// use danio::{Db, ZRange};
    ///
    /// let db = Db::in_memory();
    /// db.zadd_many("board", [("ann", 10), ("bob", 7)])?;
    /// let all = db.zrange("board", ZRange::by_rank(..))?;
    /// assert_eq!(all, [("bob".into(), 7.into()), ("ann".into(), 10.into())]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn zrange(&self, key: impl AsRef<[u8]>, range: ZRange<'_>) -> Result<Vec<(Bytes, Score)>> {
        let found =
            self.with_zset(key.as_ref(), |_, zset| range.0.of(zset).map(owned).collect())?;
        Ok(found.unwrap_or_default())
    }

    /// Stores the members of a range of `from` under `to`, whatever that held (`ZRANGESTORE`, O(log n + members),
    /// locks two stripes). Returns how many.
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if `from` holds no sorted set; nothing is changed then.
    ///
    /// ```
    /// use danio::{Db, ZRange};
    ///
    /// let db = Db::in_memory();
    /// db.zadd_many("board", [("ann", 10), ("bob", 7), ("cid", 3)])?;
    /// assert_eq!(db.zrange_store("top", "board", ZRange::by_rank(..2).rev())?, 2);
    /// assert_eq!(db.zrank("top", "bob")?, Some(0));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn zrange_store(
        &self,
        to: impl AsRef<[u8]>,
        from: impl AsRef<[u8]>,
        range: ZRange<'_>,
    ) -> Result<usize> {
        self.make_room()?;
        let keys = [self.key(to.as_ref()), self.key(from.as_ref())];
        self.many(&keys, Access::Exclusive, |tx| tx.zrange_store(keys[0], keys[1], &range.0))
    }

    /// Counts the members with these scores (`ZCOUNT`, O(log n), locks one stripe shared).
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if the key holds no sorted set; [`Error::NotFloat`](crate::Error::NotFloat) if an end is NaN.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.zadd_many("board", [("ann", 10), ("bob", 7)])?;
    /// assert_eq!(db.zcount("board", 7.5..)?, 1);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn zcount(&self, key: impl AsRef<[u8]>, scores: impl ScoreRange) -> Result<usize> {
        let (low, high) = scores.bounds()?;
        self.counted(key.as_ref(), Span::Score(low, high))
    }

    /// Counts the members between these, of a sorted set whose members all have the same score (`ZLEXCOUNT`,
    /// O(log n), locks one stripe shared).
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if the key holds no sorted set.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.zadd_many("names", [("ann", 0), ("bob", 0), ("cid", 0)])?;
    /// assert_eq!(db.zlex_count("names", "b"..)?, 2);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn zlex_count<'a>(
        &self,
        key: impl AsRef<[u8]>,
        members: impl LexRange<'a>,
    ) -> Result<usize> {
        let (low, high) = members.bounds();
        self.counted(key.as_ref(), Span::Lex(low, high))
    }

    fn counted(&self, key: &[u8], span: Span<'_>) -> Result<usize> {
        Ok(self.with_zset(key, |_, zset| zset.ranks(span).len())?.unwrap_or(0))
    }
}
