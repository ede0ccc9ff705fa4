//! Sorted sets: members, each with a score, in the order of scores, and of bytes where scores tie.
//!
//! A small one is packed, and lies behind its key; a big one is a rank tree. It is packed up to
//! [`PACKED_MAX`] bytes, because changing it copies them; what `OBJECT ENCODING` says follows
//! Redis's thresholds all the same.

mod big;
mod bound;
mod packed;
mod score;
#[cfg(test)]
mod tests;
mod view;

use std::ops::Range;

pub(crate) use big::BigZSet;
pub(crate) use bound::Span;
pub use bound::{LexBound, ScoreBound};
#[cfg(feature = "snapshot")]
pub(crate) use packed::{SpelledScore, each_spelled};
pub use score::{IntoScore, Score};
pub(crate) use view::{Members, ZSetRef};

use super::{Collection, Packing, Stored, Type};
use crate::config::{EncodingLimit, Limits};
#[cfg(feature = "snapshot")]
use crate::ds::packed::Item;
use crate::ds::packed::Packed;
use crate::ds::rank_tree::RankTree;
use packed::Pairs;

/// Bytes beyond which a sorted set is no longer packed.
const PACKED_MAX: usize = 512;

/// A sorted set, to be changed.
#[derive(Debug)]
pub(crate) enum ZSet {
    Packed(Packed),
    Big(Box<BigZSet>),
}

/// What adding a member came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Added {
    /// It is new.
    New(f64),
    /// It was there, with another score.
    Changed(f64),
    /// It was there, with this very score.
    Same(f64),
    /// The conditions do not hold; nothing was done.
    Refused,
    /// The sum would be no number; nothing was done.
    NotANumber,
}

/// How a member is added.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct How {
    /// Only a new member (`NX`).
    pub(crate) absent: bool,
    /// Only a member that is there (`XX`).
    pub(crate) present: bool,
    /// Of a member that is there, only to a greater score (`GT`).
    pub(crate) greater: bool,
    /// Of a member that is there, only to a smaller score (`LT`).
    pub(crate) less: bool,
    /// The score is added to the one that is there (`INCR`).
    pub(crate) increment: bool,
}

impl How {
    /// What becomes of a member with an old score, or none, and a number given for it.
    fn decide(self, old: Option<f64>, given: f64) -> Added {
        let Some(old) = old else {
            return if self.present { Added::Refused } else { Added::New(given) };
        };
        if self.absent {
            return Added::Refused;
        }
        let score = if self.increment { old + given } else { given };
        if score.is_nan() {
            Added::NotANumber
        } else if self.less && score >= old || self.greater && score <= old {
            Added::Refused
        } else if score == old {
            Added::Same(score)
        } else {
            Added::Changed(score)
        }
    }
}

impl Default for ZSet {
    fn default() -> ZSet {
        ZSet::Packed(Packed::new())
    }
}

impl ZSet {
    /// Reads it.
    #[inline]
    pub(crate) fn as_ref(&self) -> ZSetRef<'_> {
        match self {
            ZSet::Packed(packed) => ZSetRef::Packed(packed.as_ref()),
            ZSet::Big(big) => ZSetRef::Big(big),
        }
    }

    /// A sorted set of members, none of them twice, whose encoding is chosen for `count` members, the longest
    /// of so many bytes, and then as they come.
    pub(crate) fn collect<M: AsRef<[u8]>>(
        members: impl Iterator<Item = (M, f64)>,
        (count, longest): (usize, usize),
        limits: &Limits,
    ) -> ZSet {
        let mut zset = ZSet::default();
        zset.announce(count, longest, limits);
        for (member, score) in members {
            zset.add(member.as_ref(), score, How::default(), limits);
        }
        zset
    }

    /// Chooses the encoding before as many members are added, the longest of so many bytes.
    pub(crate) fn announce(&mut self, count: usize, longest: usize, limits: &Limits) {
        let small = count <= limits.size(EncodingLimit::ZsetMaxListpackEntries)
            && longest <= limits.size(EncodingLimit::ZsetMaxListpackValue);
        if !small {
            self.big(limits).set_small(false);
        }
    }

    /// An empty one with room for so many bytes if it is packed.
    #[cfg(feature = "snapshot")]
    pub(crate) fn with_capacity(bytes: usize) -> ZSet {
        ZSet::Packed(Packed::with_capacity(bytes.min(PACKED_MAX)))
    }

    /// Adds a member behind all others, where it belongs and is not yet, if it is packed and stays so. Returns whether it
    /// did.
    #[cfg(feature = "snapshot")]
    pub(crate) fn append(&mut self, member: Item<'_>, score: f64, limits: &Limits) -> bool {
        let ZSet::Packed(packed) = self else { return false };
        let len = member.len();
        let stays =
            fits(packed.len() / 2 + 1, len, limits) && packed.as_bytes().len() + len <= PACKED_MAX;
        if stays {
            packed::push(packed, member, stored(score, true));
        }
        stays
    }

    /// Adds a member, or changes its score.
    #[inline]
    pub(crate) fn add(&mut self, member: &[u8], score: f64, how: How, limits: &Limits) -> Added {
        debug_assert!(!score.is_nan());
        match self {
            ZSet::Big(big) => {
                let tree = &big.tree;
                let hash = tree.hash(member);
                let place = tree.find(hash, member);
                let added = how.decide(place.map(|place| tree.score(place)), score);
                match (added, place) {
                    (Added::New(score), _) => {
                        big.set_small(fits(tree.len() + 1, member.len(), limits));
                        big.insert(hash, stored(score, big.small), member);
                    }
                    (Added::Changed(score), Some(place)) => {
                        big.set_score(hash, place, stored(score, big.small));
                    }
                    _ => {}
                }
                added
            }
            ZSet::Packed(bytes) => {
                let place = packed::find(bytes.as_ref(), member);
                let added = how.decide(place.map(|(_, _, score)| score), score);
                match added {
                    Added::New(score) => {
                        let small = fits(bytes.len() / 2 + 1, member.len(), limits);
                        if !small || bytes.as_bytes().len() + member.len() > PACKED_MAX {
                            let big = self.big(limits);
                            big.set_small(small);
                            big.insert(big.tree.hash(member), stored(score, small), member);
                        } else {
                            packed::insert(bytes, member, stored(score, true));
                        }
                    }
                    Added::Changed(score) => {
                        let (pos, ..) = place.expect("a score that changes was there");
                        packed::remove(bytes, pos, 1);
                        packed::insert(bytes, member, stored(score, true));
                    }
                    _ => {}
                }
                added
            }
        }
    }

    /// Removes a member. Returns its score, if it was there.
    pub(crate) fn remove(&mut self, member: &[u8]) -> Option<f64> {
        match self {
            ZSet::Packed(bytes) => {
                let (pos, _, score) = packed::find(bytes.as_ref(), member)?;
                packed::remove(bytes, pos, 1);
                Some(score)
            }
            ZSet::Big(big) => {
                let hash = big.tree.hash(member);
                let place = big.tree.find(hash, member)?;
                let score = big.tree.score(place);
                big.remove(hash, place);
                Some(score)
            }
        }
    }

    /// Removes the members of these ranks, which must be in range.
    pub(crate) fn remove_ranks(&mut self, ranks: Range<usize>) {
        match self {
            ZSet::Packed(bytes) => {
                let first = Pairs::new(bytes.as_ref()).skip_members(ranks.start).next();
                if let Some((pos, ..)) = first {
                    packed::remove(bytes, pos, ranks.len());
                }
            }
            ZSet::Big(big) => big.remove_range(ranks),
        }
    }

    /// The big form, made if there is none.
    fn big(&mut self, limits: &Limits) -> &mut BigZSet {
        if let ZSet::Packed(bytes) = self {
            let mut tree = RankTree::new(limits.hasher.clone());
            let mut digits = itoa::Buffer::new();
            for (_, member, score) in Pairs::new(bytes.as_ref()) {
                let member = member.bytes(&mut digits);
                tree.insert(tree.hash(member), score, member);
            }
            *self = ZSet::Big(Box::new(BigZSet::new(tree)));
        }
        match self {
            ZSet::Big(big) => big,
            ZSet::Packed(_) => unreachable!("made above"),
        }
    }
}

/// A score as it is stored: Redis's packed form, in which whole scores are integers, has one zero.
fn stored(score: f64, small: bool) -> f64 {
    if small && score == 0.0 { 0.0 } else { score }
}

/// Whether Redis keeps so many members packed, the last of so many bytes.
fn fits(count: usize, bytes: usize, limits: &Limits) -> bool {
    count <= limits.size(EncodingLimit::ZsetMaxListpackEntries)
        && bytes <= limits.size(EncodingLimit::ZsetMaxListpackValue)
}

impl Collection for ZSet {
    const TYPE: Type = Type::SortedSet;

    fn is_empty(&self) -> bool {
        self.as_ref().len() == 0
    }

    fn restore(stored: Stored) -> ZSet {
        match stored {
            Stored::Packed(_, bytes) => ZSet::Packed(Packed::from_bytes(bytes)),
            Stored::Big(big) => ZSet::Big(Stored::expect_big(big)),
        }
    }

    fn store(self) -> Stored {
        match self {
            ZSet::Packed(packed) => Stored::Packed(Packing::SortedSet, packed.into_bytes()),
            ZSet::Big(big) => Stored::Big(big),
        }
    }
}
