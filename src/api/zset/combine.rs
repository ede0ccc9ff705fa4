//! Unions, intersections and differences, of sets as well as sorted sets: ZUNION and its kin.

use std::collections::HashMap;

use bytes::Bytes;
use smallvec::SmallVec;

use crate::api::{Db, Scope};
use crate::error::{Error, Result};
use crate::keyspace::event::{ZDIFFSTORE, ZINTERSTORE, ZUNIONSTORE};
use crate::keyspace::{Access, Key, Tx};
use crate::value::Type;
use crate::value::set::SetRef;
use crate::value::zset::{Score, ZSet, ZSetRef};

/// How scores of one member in several sorted sets become one (`AGGREGATE`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Aggregate {
    /// Their sum; infinity and its opposite come to 0.
    #[default]
    Sum,
    /// The lowest.
    Min,
    /// The highest.
    Max,
    /// In place of scores, the weights of the sets that have the member: how many have it, if all
    /// weights are 1.
    Count,
}

impl Aggregate {
    /// What a score in a set of that weight counts for.
    fn weighted(self, score: f64, weight: f64) -> f64 {
        if self == Aggregate::Count { weight } else { weight * score }
    }

    fn join(self, sum: &mut f64, score: f64) {
        match self {
            Aggregate::Sum | Aggregate::Count => {
                *sum += score;
                if sum.is_nan() {
                    *sum = 0.0;
                }
            }
            // A score that is no number, of infinity weighted with 0, is passed over.
            Aggregate::Min => *sum = if score < *sum { score } else { *sum },
            Aggregate::Max => *sum = if score > *sum { score } else { *sum },
        }
    }
}

/// What several sets are made into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Union,
    Intersection,
    Difference,
}

/// A member's bytes, copied.
type Bytes24 = SmallVec<[u8; 24]>;

/// Different members with their scores, in order.
pub(crate) type Combined = Vec<(Bytes24, f64)>;

/// A set or a sorted set that goes into a combination.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ZSource<'a> {
    Missing,
    Set(SetRef<'a>),
    ZSet(ZSetRef<'a>),
}

impl ZSource<'_> {
    fn len(self) -> usize {
        match self {
            ZSource::Missing => 0,
            ZSource::Set(set) => set.len(),
            ZSource::ZSet(zset) => zset.len(),
        }
    }

    /// The score of a member; in a plain set each member has 1.
    fn score(self, member: &[u8]) -> Option<f64> {
        match self {
            ZSource::Missing => None,
            ZSource::Set(set) => set.contains(member).then_some(1.0),
            ZSource::ZSet(zset) => zset.score(member),
        }
    }

    /// Shows the members with their scores until `show` says no.
    fn each(self, mut show: impl FnMut(&[u8], f64) -> bool) {
        let mut digits = itoa::Buffer::new();
        match self {
            ZSource::Missing => {}
            ZSource::Set(set) => {
                set.iter().all(|member| show(member.bytes(&mut digits), 1.0));
            }
            ZSource::ZSet(zset) => {
                zset.iter().all(|(member, score)| show(member.bytes(&mut digits), score));
            }
        }
    }
}

impl<'a> ZSource<'a> {
    /// The combination of sets and sorted sets (`ZUNION`, `ZINTER`, `ZDIFF`). Those without a weight weigh 1.
    pub(crate) fn combine(
        sources: Vec<ZSource<'a>>,
        operation: Operation,
        weights: &[f64],
        aggregate: Aggregate,
    ) -> Combined {
        let weights = weights.iter().copied().chain(std::iter::repeat(1.0));
        let sources = Sources(sources.into_iter().zip(weights).collect());
        let mut combined = match operation {
            Operation::Union => sources.by_size().union(aggregate),
            Operation::Intersection => {
                let mut members = Combined::new();
                sources.by_size().intersect(aggregate, |member, score| {
                    members.push((Bytes24::from_slice(member), score));
                    true
                });
                members
            }
            Operation::Difference => sources.difference(),
        };
        combined.sort_unstable_by(|a, b| {
            let scores = Score::known(a.1).cmp(&Score::known(b.1));
            scores.then_with(|| a.0.cmp(&b.0))
        });
        combined
    }

    /// How many members all have, up to `limit` (`ZINTERCARD`).
    pub(crate) fn common(sources: Vec<ZSource<'a>>, limit: Option<usize>) -> usize {
        let sources = Sources(sources.into_iter().map(|source| (source, 1.0)).collect());
        let mut count = 0;
        sources.by_size().intersect(Aggregate::Sum, |_, _| {
            count += 1;
            limit.is_none_or(|limit| count < limit)
        });
        count
    }
}

/// Sets with their weights, to be combined.
struct Sources<'a>(Vec<(ZSource<'a>, f64)>);

impl<'a> Sources<'a> {
    /// The smallest first.
    fn by_size(mut self) -> Sources<'a> {
        self.0.sort_by_key(|(source, _)| source.len());
        self
    }

    fn union(self, aggregate: Aggregate) -> Combined {
        let most = self.0.last().map_or(0, |(source, _)| source.len());
        let hasher = ahash::RandomState::with_seeds(1, 2, 3, 4);
        let mut sums: HashMap<Bytes24, f64, _> = HashMap::with_capacity_and_hasher(most, hasher);
        for (source, weight) in &self.0 {
            source.each(|member, score| {
                let mut score = aggregate.weighted(score, *weight);
                if score.is_nan() {
                    score = 0.0;
                }
                match sums.get_mut(member) {
                    Some(sum) => aggregate.join(sum, score),
                    None => drop(sums.insert(Bytes24::from_slice(member), score)),
                }
                true
            });
        }
        sums.into_iter().collect()
    }

    /// Shows the members that all sets have until `show` says no.
    fn intersect(&self, aggregate: Aggregate, mut show: impl FnMut(&[u8], f64) -> bool) {
        let Some(((first, weight), others)) = self.0.split_first() else { return };
        first.each(|member, score| {
            let mut sum = aggregate.weighted(score, *weight);
            if sum.is_nan() {
                sum = 0.0;
            }
            for (other, weight) in others {
                match other.score(member) {
                    Some(score) => aggregate.join(&mut sum, aggregate.weighted(score, *weight)),
                    None => return true,
                }
            }
            show(member, sum)
        });
    }

    fn difference(&self) -> Combined {
        let mut members = Combined::new();
        let Some(((first, _), others)) = self.0.split_first() else { return members };
        first.each(|member, score| {
            if !others.iter().any(|(other, _)| other.score(member).is_some()) {
                members.push((Bytes24::from_slice(member), score));
            }
            true
        });
        members
    }
}

impl Tx<'_> {
    /// The sets and sorted sets under keys, each weighing 1.
    ///
    /// # Errors
    /// `WrongType` if one of them holds something else.
    pub(crate) fn zsources<'t>(&'t self, keys: &'t [Key<'t>]) -> Result<Vec<ZSource<'t>>> {
        self.entries(keys)?
            .map(|entry| {
                let Some(entry) = entry else { return Ok(ZSource::Missing) };
                self.touch(entry);
                match entry.kind() {
                    Type::Set => entry.view().map(ZSource::Set),
                    Type::SortedSet => entry.view().map(ZSource::ZSet),
                    _ => Err(Error::WrongType),
                }
            })
            .collect()
    }

    /// Stores a combination under `to`, whatever that held (`ZUNIONSTORE`, `ZINTERSTORE`, `ZDIFFSTORE`). Returns how
    /// many members it has.
    pub(crate) fn zcombined_store(
        &mut self,
        to: Key<'_>,
        combined: Combined,
        operation: Operation,
    ) -> Result<usize> {
        let longest = combined.iter().map(|(member, _)| member.len()).max().unwrap_or(0);
        let size = (combined.len(), longest);
        let zset = ZSet::collect(combined.into_iter(), size, &self.keyspace().settings.limits);
        let event = match operation {
            Operation::Union => ZUNIONSTORE,
            Operation::Intersection => ZINTERSTORE,
            Operation::Difference => ZDIFFSTORE,
        };
        self.zstore(to, zset, event)
    }
}

/// How sorted sets are combined: what each weighs, and what becomes of several scores.
///
/// ```
/// use danio::{Aggregate, Db, ZCombine};
///
/// let db = Db::in_memory();
/// db.zadd_many("week 1", [("ann", 10), ("bob", 5)])?;
/// db.zadd_many("week 2", [("bob", 7)])?;
/// let best = ZCombine::new().weights([1, 2]).aggregate(Aggregate::Max);
/// let all = db.zunion(["week 1", "week 2"], &best)?;
/// assert_eq!(all, [("ann".into(), 10.into()), ("bob".into(), 14.into())]);
/// # Ok::<(), danio::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct ZCombine {
    weights: Vec<f64>,
    aggregate: Aggregate,
}

impl ZCombine {
    /// Scores are added, and each sorted set weighs 1.
    pub fn new() -> ZCombine {
        ZCombine::default()
    }

    /// Multiplies the scores of each sorted set, in the order of the keys (`WEIGHTS`). Where weights are
    /// missing, they are 1.
    pub fn weights<S: Into<Score>>(mut self, weights: impl IntoIterator<Item = S>) -> ZCombine {
        self.weights = weights.into_iter().map(|weight| weight.into().get()).collect();
        self
    }

    /// What becomes of the scores of a member that several have (`AGGREGATE`).
    pub fn aggregate(mut self, aggregate: Aggregate) -> ZCombine {
        self.aggregate = aggregate;
        self
    }
}

impl<S: Scope> Db<S> {
    /// Returns the members of any of several sorted sets (`ZUNION`, O(n log n) for n members in all, locks their
    /// stripes shared). A plain set counts as one whose members have the score 1.
    ///
    /// # Errors
    /// [`Error::WrongType`] if a key holds anything else.
    ///
    /// ```
    /// use danio::{Db, ZCombine};
    ///
    /// let db = Db::in_memory();
    /// db.zadd_many("a", [("x", 1), ("y", 2)])?;
    /// db.zadd_many("b", [("y", 3)])?;
    /// let all = db.zunion(["a", "b"], &ZCombine::new())?;
    /// assert_eq!(all, [("x".into(), 1.into()), ("y".into(), 5.into())]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn zunion<K: AsRef<[u8]>>(
        &self,
        keys: impl IntoIterator<Item = K>,
        how: &ZCombine,
    ) -> Result<Vec<(Bytes, Score)>> {
        self.zcombined(keys, Operation::Union, how)
    }

    /// Returns the members that several sorted sets all have (`ZINTER`, O(n) look-ups for the smallest of n
    /// members, locks their stripes shared). A plain set counts as one whose members have the score 1.
    ///
    /// # Errors
    /// [`Error::WrongType`] if a key holds anything else.
    ///
    /// ```
    /// use danio::{Db, ZCombine};
    ///
    /// let db = Db::in_memory();
    /// db.zadd_many("a", [("x", 1), ("y", 2)])?;
    /// db.zadd_many("b", [("y", 3)])?;
    /// assert_eq!(db.zinter(["a", "b"], &ZCombine::new())?, [("y".into(), 5.into())]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn zinter<K: AsRef<[u8]>>(
        &self,
        keys: impl IntoIterator<Item = K>,
        how: &ZCombine,
    ) -> Result<Vec<(Bytes, Score)>> {
        self.zcombined(keys, Operation::Intersection, how)
    }

    /// Returns the members of the first of several sorted sets that no other has (`ZDIFF`, O(n) look-ups for the
    /// n members of the first, locks their stripes shared).
    ///
    /// # Errors
    /// [`Error::WrongType`] if a key holds neither a sorted set nor a set.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.zadd_many("a", [("x", 1), ("y", 2)])?;
    /// db.zadd_many("b", [("y", 3)])?;
    /// assert_eq!(db.zdiff(["a", "b"])?, [("x".into(), 1.into())]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn zdiff<K: AsRef<[u8]>>(
        &self,
        keys: impl IntoIterator<Item = K>,
    ) -> Result<Vec<(Bytes, Score)>> {
        self.zcombined(keys, Operation::Difference, &ZCombine::new())
    }

    /// Stores what [`zunion`](Db::zunion) returns under `to`, whatever that held (`ZUNIONSTORE`, as it, and locks the
    /// stripes exclusively). Returns how many members that is.
    ///
    /// # Errors
    /// As [`zunion`](Db::zunion); nothing is changed then.
    ///
    /// ```
    /// use danio::{Db, ZCombine};
    ///
    /// let db = Db::in_memory();
    /// db.zadd("a", "x", 1)?;
    /// assert_eq!(db.zunion_store("all", ["a", "b"], &ZCombine::new())?, 1);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn zunion_store<K: AsRef<[u8]>>(
        &self,
        to: impl AsRef<[u8]>,
        keys: impl IntoIterator<Item = K>,
        how: &ZCombine,
    ) -> Result<usize> {
        self.zcombined_to(to.as_ref(), keys, Operation::Union, how)
    }

    /// Stores what [`zinter`](Db::zinter) returns under `to`, whatever that held (`ZINTERSTORE`, as it, and locks the
    /// stripes exclusively). Returns how many members that is.
    ///
    /// # Errors
    /// As [`zinter`](Db::zinter); nothing is changed then.
    ///
    /// ```
    /// use danio::{Db, ZCombine};
    ///
    /// let db = Db::in_memory();
    /// db.zadd("a", "x", 1)?;
    /// assert_eq!(db.zinter_store("both", ["a", "b"], &ZCombine::new())?, 0);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn zinter_store<K: AsRef<[u8]>>(
        &self,
        to: impl AsRef<[u8]>,
        keys: impl IntoIterator<Item = K>,
        how: &ZCombine,
    ) -> Result<usize> {
        self.zcombined_to(to.as_ref(), keys, Operation::Intersection, how)
    }

    /// Stores what [`zdiff`](Db::zdiff) returns under `to`, whatever that held (`ZDIFFSTORE`, as it, and locks the
    /// stripes exclusively). Returns how many members that is.
    ///
    /// # Errors
    /// As [`zdiff`](Db::zdiff); nothing is changed then.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.zadd("a", "x", 1)?;
    /// assert_eq!(db.zdiff_store("only", ["a", "b"])?, 1);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn zdiff_store<K: AsRef<[u8]>>(
        &self,
        to: impl AsRef<[u8]>,
        keys: impl IntoIterator<Item = K>,
    ) -> Result<usize> {
        self.zcombined_to(to.as_ref(), keys, Operation::Difference, &ZCombine::new())
    }

    /// Counts the members that several sorted sets all have, up to `limit` if there is one (`ZINTERCARD`, O(n)
    /// look-ups for the smallest of n members, locks their stripes shared).
    ///
    /// # Errors
    /// As [`zinter`](Db::zinter).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.zadd_many("a", [("x", 1), ("y", 2)])?;
    /// db.zadd_many("b", [("y", 3)])?;
    /// assert_eq!(db.zinter_card(["a", "b"], None)?, 1);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn zinter_card<K: AsRef<[u8]>>(
        &self,
        keys: impl IntoIterator<Item = K>,
        limit: Option<usize>,
    ) -> Result<usize> {
        if limit == Some(0) {
            return Ok(0);
        }
        let keys: Vec<K> = keys.into_iter().collect();
        let keys = self.hashed(&keys);
        self.many(&keys, Access::Shared, |tx| Ok(ZSource::common(tx.zsources(&keys)?, limit)))
    }

    fn zcombined<K: AsRef<[u8]>>(
        &self,
        keys: impl IntoIterator<Item = K>,
        operation: Operation,
        how: &ZCombine,
    ) -> Result<Vec<(Bytes, Score)>> {
        let keys: Vec<K> = keys.into_iter().collect();
        let keys = self.hashed(&keys);
        let combined = self.many(&keys, Access::Shared, |tx| {
            let sources = tx.zsources(&keys)?;
            Ok::<_, Error>(ZSource::combine(sources, operation, &how.weights, how.aggregate))
        })?;
        let owned = combined
            .into_iter()
            .map(|(member, score)| (Bytes::copy_from_slice(&member), Score::known(score)));
        Ok(owned.collect())
    }

    fn zcombined_to<K: AsRef<[u8]>>(
        &self,
        to: &[u8],
        keys: impl IntoIterator<Item = K>,
        operation: Operation,
        how: &ZCombine,
    ) -> Result<usize> {
        self.make_room()?;
        let keys: Vec<K> = keys.into_iter().collect();
        let mut all = vec![self.key(to)];
        all.extend(self.hashed(&keys));
        self.many(&all, Access::Exclusive, |tx| {
            let sources = tx.zsources(&all[1..])?;
            let combined = ZSource::combine(sources, operation, &how.weights, how.aggregate);
            tx.zcombined_store(all[0], combined, operation)
        })
    }
}
