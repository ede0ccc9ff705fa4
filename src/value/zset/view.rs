//! Reading a sorted set, however it is kept.

use std::ops::Range;

use super::Score;
use super::big::BigZSet;
use super::bound::Span;
use super::packed::{self, Pairs};
use crate::ds::packed::{Item, PackedRef};
use crate::ds::rank_tree::{Border, Walk};
use crate::value::{Big, Encoding, StoredRef, Type, View};

/// A sorted set, as a reader sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ZSetRef<'a> {
    Packed(PackedRef<'a>),
    Big(&'a BigZSet),
}

impl<'a> View<'a> for ZSetRef<'a> {
    const TYPE: Type = Type::SortedSet;

    fn of(stored: StoredRef<'a>) -> ZSetRef<'a> {
        match stored {
            StoredRef::Packed(_, bytes) => ZSetRef::Packed(PackedRef::new(bytes)),
            StoredRef::Big(big) => ZSetRef::Big(StoredRef::expect_big(big)),
        }
    }
}

impl<'a> ZSetRef<'a> {
    /// How many members.
    #[inline]
    pub(crate) fn len(self) -> usize {
        match self {
            ZSetRef::Packed(packed) => packed.len() / 2,
            ZSetRef::Big(big) => big.tree.len(),
        }
    }

    /// What `OBJECT ENCODING` says of it.
    pub(crate) fn encoding(self) -> Encoding {
        match self {
            ZSetRef::Packed(_) => Encoding::Listpack,
            ZSetRef::Big(big) => big.encoding(),
        }
    }

    /// The score of a member.
    #[inline]
    pub(crate) fn score(self, member: &[u8]) -> Option<f64> {
        match self {
            ZSetRef::Packed(packed) => packed::find(packed, member).map(|(_, _, score)| score),
            ZSetRef::Big(big) => big.tree.score_of(member),
        }
    }

    /// How many members stand before this one, and its score.
    #[inline]
    pub(crate) fn rank(self, member: &[u8]) -> Option<(usize, f64)> {
        match self {
            ZSetRef::Packed(packed) => {
                packed::find(packed, member).map(|(_, rank, score)| (rank, score))
            }
            ZSetRef::Big(big) => {
                let place = big.tree.find(big.tree.hash(member), member)?;
                Some((big.tree.rank(place), big.tree.score(place)))
            }
        }
    }

    /// The ranks of the members in a span.
    pub(crate) fn ranks(self, span: Span<'_>) -> Range<usize> {
        let len = self.len();
        let (start, end) = match span {
            Span::Rank(start, end) => return ranks(len, start, end),
            Span::Score(low, high) => (low.start(), high.end()),
            Span::Lex(low, high) => (low.start(), high.end()),
        };
        let start = self.rank_of(start);
        start..self.rank_of(end).max(start)
    }

    fn rank_of(self, border: Border<'_>) -> usize {
        match self {
            ZSetRef::Packed(packed) => packed::rank_of(packed, border),
            ZSetRef::Big(big) => big.tree.rank_of(border),
        }
    }

    /// How many members do not stand behind this one, were it there with that score.
    pub(crate) fn rank_after(self, score: Score, member: &[u8]) -> usize {
        match self {
            ZSetRef::Packed(packed) => packed::rank_after(packed, score.get(), member),
            ZSetRef::Big(big) => big.tree.rank_after(score.get(), member),
        }
    }

    /// The members of these ranks, in order, or the last first if `back`.
    pub(crate) fn members(self, ranks: Range<usize>, back: bool) -> Members<'a> {
        match self {
            ZSetRef::Packed(packed) => {
                let pairs = Pairs::new(packed).skip_members(ranks.start);
                if back {
                    let mut all: Vec<_> =
                        pairs.take(ranks.len()).map(|(_, member, score)| (member, score)).collect();
                    all.reverse();
                    return Members::Listed(all.into_iter());
                }
                Members::Packed(pairs, ranks.len())
            }
            ZSetRef::Big(big) if back => Members::Tree(big.tree.walk_back(ranks)),
            ZSetRef::Big(big) => Members::Tree(big.tree.walk(ranks)),
        }
    }

    /// All members, in order.
    pub(crate) fn iter(self) -> Members<'a> {
        self.members(0..self.len(), false)
    }

    /// The members from a border on, in order; for callers that know when to stop.
    pub(crate) fn members_from(self, border: Border<'_>) -> Members<'a> {
        match self {
            ZSetRef::Big(big) => Members::Tree(big.tree.walk_from(border)),
            packed @ ZSetRef::Packed(_) => {
                packed.members(packed.rank_of(border)..packed.len(), false)
            }
        }
    }

    /// Shows some members, from `cursor` on; returns the next cursor, 0 at the end. A sorted set that is
    /// packed as Redis sees it is shown whole.
    pub(crate) fn scan(self, cursor: u64, count: usize, mut show: impl FnMut(&[u8], f64)) -> u64 {
        let mut digits = itoa::Buffer::new();
        match self {
            ZSetRef::Big(big) if !big.small => {
                let (mut next, mut shown) = (cursor, 0);
                // Nearly empty buckets do not keep a call going for ever.
                for _ in 0..count.saturating_mul(10) {
                    next = big.tree.scan(next, |score, member| {
                        shown += 1;
                        show(member, score);
                    });
                    if next == 0 || shown >= count {
                        break;
                    }
                }
                next
            }
            all => {
                all.iter().for_each(|(member, score)| show(member.bytes(&mut digits), score));
                0
            }
        }
    }
}

/// Ranks from `start` to `end`, both included, negative ones counted from the last, as far as there are
/// members (ZRANGE).
fn ranks(len: usize, start: i64, end: i64) -> Range<usize> {
    let from_end = |i: i64| if i < 0 { i.saturating_add_unsigned(len as u64) } else { i };
    let (start, end) = (from_end(start).max(0), from_end(end).min(len as i64 - 1));
    if start > end { 0..0 } else { start as usize..end as usize + 1 }
}

/// Members with their scores.
#[derive(Clone)]
pub(crate) enum Members<'a> {
    Packed(Pairs<'a>, usize),
    Listed(std::vec::IntoIter<(Item<'a>, f64)>),
    Tree(Walk<'a>),
}

impl<'a> Iterator for Members<'a> {
    type Item = (Item<'a>, f64);

    #[inline]
    fn next(&mut self) -> Option<(Item<'a>, f64)> {
        match self {
            Members::Packed(_, 0) => None,
            Members::Packed(pairs, left) => {
                *left -= 1;
                pairs.next().map(|(_, member, score)| (member, score))
            }
            Members::Listed(list) => list.next(),
            Members::Tree(walk) => walk.next().map(|(score, member)| (Item::Bytes(member), score)),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = match self {
            Members::Packed(_, left) => *left,
            Members::Listed(list) => list.len(),
            Members::Tree(walk) => walk.len(),
        };
        (left, Some(left))
    }
}

impl ExactSizeIterator for Members<'_> {}
