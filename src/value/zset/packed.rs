//! The packed form: members and their scores in turn, in order, in one packed sequence.
//!
//! A whole score is an integer element. Any other is nine bytes: a mark, so that they are no
//! integer's spelling, and the number's own.

use std::cmp::Ordering;

use crate::ds::packed::{Item, Packed, PackedRef};
use crate::ds::rank_tree::Border;

/// Scores of so many units and less are exact integers.
const WHOLE: f64 = (1_u64 << 53) as f64;
const MARK: u8 = b'=';

/// A score as an element, in `buffer` if it is not whole.
fn element(score: f64, buffer: &mut [u8; 9]) -> Item<'_> {
    if score.trunc() == score && score.abs() < WHOLE {
        return Item::Int(score as i64);
    }
    buffer[0] = MARK;
    buffer[1..].copy_from_slice(&score.to_le_bytes());
    Item::Bytes(buffer)
}

fn score(item: Item<'_>) -> f64 {
    match item {
        Item::Int(whole) => whole as f64,
        Item::Bytes(bytes) => {
            f64::from_le_bytes(bytes[1..].try_into().expect("a mark and eight bytes"))
        }
    }
}

/// A score as it lies.
#[cfg(feature = "snapshot")]
#[derive(Debug, Clone, Copy)]
pub(crate) enum SpelledScore<'a> {
    /// The element of a whole number.
    Whole(&'a [u8]),
    Other(f64),
}

/// Calls `visit` with each member, as its element is spelled, and its score.
#[cfg(feature = "snapshot")]
pub(crate) fn each_spelled<'a>(
    packed: PackedRef<'a>,
    mut visit: impl FnMut(&'a [u8], SpelledScore<'a>),
) {
    let mut elements = packed.spelled();
    while let (Some(member), Some(element)) = (elements.next(), elements.next()) {
        let score = match element {
            [_, MARK, number @ ..] if let Ok(number) = number.try_into() => {
                SpelledScore::Other(f64::from_le_bytes(number))
            }
            whole => SpelledScore::Whole(whole),
        };
        visit(member, score);
    }
}

/// Members with their scores, in order, and where each starts.
#[derive(Debug, Clone)]
pub(crate) struct Pairs<'a> {
    packed: PackedRef<'a>,
    pos: usize,
}

impl<'a> Pairs<'a> {
    pub(super) fn new(packed: PackedRef<'a>) -> Pairs<'a> {
        Pairs { packed, pos: packed.start() }
    }

    /// Goes on behind `count` members.
    pub(super) fn skip_members(mut self, count: usize) -> Pairs<'a> {
        self.pos = self.packed.advance(self.pos, 2 * count);
        self
    }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (usize, Item<'a>, f64);

    #[inline]
    fn next(&mut self) -> Option<(usize, Item<'a>, f64)> {
        let start = self.pos;
        let (member, at) = self.packed.read(start)?;
        let (value, next) = self.packed.read(at).expect("a score follows each member");
        self.pos = next;
        Some((start, member, score(value)))
    }
}

/// Position, rank and score of a member.
pub(super) fn find(packed: PackedRef<'_>, member: &[u8]) -> Option<(usize, usize, f64)> {
    let wanted = Item::from(member);
    let mut pos = packed.start();
    let mut rank = 0;
    while let Some((item, next)) = packed.read(pos) {
        if item == wanted {
            return Some((pos, rank, score(packed.at(next).expect("a score follows"))));
        }
        pos = packed.advance(next, 1);
        rank += 1;
    }
    None
}

/// Puts a member that is not there in its place.
pub(super) fn insert(packed: &mut Packed, member: &[u8], score: f64) {
    let mut buffer = [0; 9];
    let place = Pairs::new(packed.as_ref()).find(|(_, other, their)| {
        *their > score || *their == score && compare(*other, member) == Ordering::Greater
    });
    let pos = place.map_or(packed.as_ref().end(), |(pos, ..)| pos);
    let behind = packed.insert(pos, member);
    packed.insert(behind, element(score, &mut buffer));
}

/// Puts a member that is not there behind all others.
#[cfg(feature = "snapshot")]
pub(super) fn push(packed: &mut Packed, member: Item<'_>, score: f64) {
    packed.push(member);
    packed.push(element(score, &mut [0; 9]));
}

/// Takes `count` members out, from position `pos` on.
pub(super) fn remove(packed: &mut Packed, pos: usize, count: usize) {
    packed.remove(pos, 2 * count);
}

/// How many members stand before a border.
pub(super) fn rank_of(packed: PackedRef<'_>, border: Border<'_>) -> usize {
    let pairs = Pairs::new(packed);
    match border {
        Border::Start => 0,
        Border::End => packed.len() / 2,
        Border::Before(score) => pairs.take_while(|(_, _, their)| *their < score).count(),
        Border::After(score) => pairs.take_while(|(_, _, their)| *their <= score).count(),
        Border::BeforeMember(member) => {
            pairs.take_while(|(_, other, _)| compare(*other, member).is_lt()).count()
        }
        Border::AfterMember(member) => {
            pairs.take_while(|(_, other, _)| compare(*other, member).is_le()).count()
        }
    }
}

/// How many members do not stand behind (`score`, `member`).
pub(super) fn rank_after(packed: PackedRef<'_>, score: f64, member: &[u8]) -> usize {
    let behind = |other: Item<'_>, their: f64| {
        their > score || their == score && compare(other, member).is_gt()
    };
    Pairs::new(packed).take_while(|(_, other, their)| !behind(*other, *their)).count()
}

fn compare(item: Item<'_>, member: &[u8]) -> Ordering {
    item.bytes(&mut itoa::Buffer::new()).cmp(member)
}
