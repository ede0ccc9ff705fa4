//! Lists, sets, sorted sets and hashes as they are read.
//!
//! Each is built by the operations that commands build it by, which choose its encoding by the
//! thresholds in force. A member or field that comes twice is refused.

use smallvec::SmallVec;

use super::super::input::Input;
use super::super::listpack::Listpack;
use super::{Fault, Result, Sequence, count, malformed};
use crate::clock::Millis;
use crate::config::Limits;
use crate::ds::packed::{Item, Packed};
use crate::text::double;
use crate::value::SetExpiry;
use crate::value::hash::Hash;
use crate::value::list::{List, ListBuilder};
use crate::value::set::{Member, Set};
use crate::value::string::Digits;
use crate::value::zset::{Added, How, ZSet};

/// A node of a quicklist that is one large element.
const PLAIN: u64 = 1;
/// A node of a quicklist that is packed.
const PACKED: u64 = 2;

/// A list, element by element.
pub(super) fn list(input: &mut Input<'_>, limits: &Limits) -> Result<List> {
    let mut list = ListBuilder::new(limits);
    for _ in 0..count(input)? {
        list.push(Item::from(&*input.string()?));
    }
    Ok(list.finish(limits))
}

/// A list in one packed sequence.
pub(super) fn list_of(elements: Sequence<'_>, limits: &Limits) -> Result<List> {
    let mut list = ListBuilder::new(limits);
    add(&mut list, elements)?;
    finish(list, limits)
}

/// A list in several packed sequences: ziplists, or with `tagged` listpacks and large elements.
pub(super) fn quicklist(input: &mut Input<'_>, tagged: bool, limits: &Limits) -> Result<List> {
    let mut list = ListBuilder::new(limits);
    for _ in 0..count(input)? {
        let container = if tagged { input.number()? } else { PACKED };
        let bytes = input.string()?;
        match container {
            PLAIN if !bytes.is_empty() => list.push_apart(&bytes),
            PACKED if tagged => {
                let pack = Listpack::new(&bytes)?;
                match pack.chain()? {
                    Some((elements, count)) if list.push_chain(elements, count) => {}
                    // As it came, element by element.
                    _ => add(&mut list, Sequence::Listpack(pack))?,
                }
            }
            PACKED => add(&mut list, Sequence::ziplist(&bytes)?)?,
            _ => return malformed("a node of a list is of an unknown kind"),
        }
    }
    finish(list, limits)
}

/// Adds a node, which stays one if the limit of nodes allows it.
fn add(list: &mut ListBuilder, mut elements: Sequence<'_>) -> Result<()> {
    if let Some(element) = elements.next()? {
        list.push_node(element);
    }
    while let Some(element) = elements.next()? {
        list.push(element);
    }
    Ok(())
}

fn finish(list: ListBuilder, limits: &Limits) -> Result<List> {
    if list.is_empty() { Err(Fault::Empty) } else { Ok(list.finish(limits)) }
}

/// A set, member by member.
pub(super) fn set(input: &mut Input<'_>, limits: &Limits) -> Result<Set> {
    let count = count(input)?;
    let mut set = Set::default();
    for i in 0..count {
        let member = input.string()?;
        if i == 0 {
            set.expect(&member, usize::try_from(count).unwrap_or(usize::MAX), limits);
        }
        insert(&mut set, &member, limits)?;
    }
    Ok(set)
}

/// A set in one packed sequence.
pub(super) fn set_of(mut members: Sequence<'_>, limits: &Limits) -> Result<Set> {
    let mut set = Set::Packed(Packed::new());
    while let Some(member) = members.next()? {
        insert(&mut set, member.bytes(&mut Digits::new()), limits)?;
    }
    if set.len() == 0 { Err(Fault::Empty) } else { Ok(set) }
}

fn insert(set: &mut Set, member: &[u8], limits: &Limits) -> Result<()> {
    if set.insert(member, limits) { Ok(()) } else { malformed("a set has a member twice") }
}

/// A set as an array of numbers, in ascending order:
///
/// ```text
/// [ width u32 | numbers u32 ][ number ] ... [ number ]
/// ```
pub(super) fn set_of_numbers(bytes: &[u8], limits: &Limits) -> Result<Set> {
    let Some((&[a, b, c, d, e, f, g, h], numbers)) = bytes.split_first_chunk::<8>() else {
        return malformed("a set of numbers is too short");
    };
    let width = u32::from_le_bytes([a, b, c, d]) as usize;
    let count = u32::from_le_bytes([e, f, g, h]) as usize;
    if !matches!(width, 2 | 4 | 8) || count.checked_mul(width) != Some(numbers.len()) {
        return malformed("a set of numbers is not as long as it says");
    }
    if count == 0 {
        return Err(Fault::Empty);
    }
    let mut set = Set::default();
    let mut before = None;
    for bytes in numbers.chunks_exact(width) {
        let mut word = [0; 8];
        word[8 - width..].copy_from_slice(bytes);
        let number = i64::from_le_bytes(word) >> (64 - 8 * width);
        if before.is_some_and(|before| before >= number) {
            return malformed("a set of numbers is out of order");
        }
        before = Some(number);
        set.insert_member(Member::Int(number), limits);
    }
    Ok(set)
}

/// A sorted set, member by member; with `text` scores are spelled out.
///
/// All are read before the first is added: the encoding depends on the longest, and what becomes of a
/// negative zero on the encoding.
pub(super) fn zset(input: &mut Input<'_>, text: bool, limits: &Limits) -> Result<ZSet> {
    let (mut bytes, mut members, mut longest) = (Vec::new(), Vec::new(), 0);
    for _ in 0..count(input)? {
        let member = input.string()?;
        longest = longest.max(member.len());
        let from = bytes.len();
        bytes.extend_from_slice(&member);
        let score = if text { spelled(input)? } else { input.f64()? };
        if score.is_nan() {
            return malformed("a score is not a number");
        }
        members.push((from..bytes.len(), score));
    }
    let count = members.len();
    let members = members.into_iter().map(|(range, score)| (&bytes[range], score));
    let zset = ZSet::collect(members, (count, longest), limits);
    if zset.as_ref().len() == count {
        Ok(zset)
    } else {
        malformed("a sorted set has a member twice")
    }
}

/// A score as text, its length in one byte, where three lengths stand for what is no number.
fn spelled(input: &mut Input<'_>) -> Result<f64> {
    match input.byte()? {
        253 => Ok(f64::NAN),
        254 => Ok(f64::INFINITY),
        255 => Ok(f64::NEG_INFINITY),
        len => parse(input.bytes(len.into())?),
    }
}

fn parse(text: &[u8]) -> Result<f64> {
    double::parse(text).ok_or(Fault::Malformed("a score is not a number"))
}

/// A sorted set in one packed sequence.
pub(super) fn zset_of(mut pairs: Sequence<'_>, limits: &Limits) -> Result<ZSet> {
    let mut zset = ZSet::with_capacity(pairs.size().1);
    let (mut distinct, mut last) = (Distinct::default(), None);
    // As a rule they come in order, and none twice: then each is put behind the others, without a look at those.
    let mut in_order = true;
    while let Some(member) = pairs.next()? {
        let score = match pairs.expect()? {
            Item::Int(whole) => whole as f64,
            Item::Bytes(text) => parse(text)?,
        };
        in_order = in_order
            && !score.is_nan()
            && last.is_none_or(|(before, its)| {
                before < score || before == score && ascends(its, member)
            })
            && distinct.is_new(member)
            && zset.append(member, score, limits);
        if !in_order {
            rank(&mut zset, member.bytes(&mut Digits::new()), score, limits)?;
        }
        last = Some((score, member));
    }
    if zset.as_ref().len() == 0 { Err(Fault::Empty) } else { Ok(zset) }
}

/// Whether two members of the same score are in order.
fn ascends(a: Item<'_>, b: Item<'_>) -> bool {
    a.bytes(&mut Digits::new()) < b.bytes(&mut Digits::new())
}

/// Elements of a packed sequence that came so far, to see that none comes twice without comparing each with all.
#[derive(Default)]
struct Distinct(SmallVec<[u64; 32]>);

impl Distinct {
    /// More elements than this are better looked up.
    const MOST: usize = 128;

    /// Whether an element certainly did not come yet. It has come from now on.
    fn is_new(&mut self, element: Item<'_>) -> bool {
        let hash = match element {
            Item::Int(number) => number.cast_unsigned(),
            Item::Bytes(bytes) => {
                let word =
                    |word: Option<&[u8; 8]>| word.map_or(0, |word| u64::from_le_bytes(*word));
                let (first, last) = (word(bytes.first_chunk()), word(bytes.last_chunk()));
                let short = match bytes.len() {
                    0..8 => bytes.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)),
                    len => len as u64,
                };
                const ODD: u64 = 0x9E37_79B9_7F4A_7C15;
                (first.wrapping_mul(ODD) ^ last).wrapping_mul(ODD).rotate_left(29) ^ short
            }
        };
        let is_new = self.0.len() < Self::MOST && !self.0.contains(&hash);
        self.0.push(hash);
        is_new
    }
}

fn rank(zset: &mut ZSet, member: &[u8], score: f64, limits: &Limits) -> Result<()> {
    if score.is_nan() {
        return malformed("a score is not a number");
    }
    match zset.add(member, score, How::default(), limits) {
        Added::New(_) => Ok(()),
        _ => malformed("a sorted set has a member twice"),
    }
}

/// Where the times of a hash's fields stand.
#[derive(Debug, Clone, Copy)]
pub(super) enum Times {
    /// There are none.
    None,
    /// Behind each pair, eight bytes; -1 is none.
    Behind,
    /// Before each pair, as a number; 0 is none, and with `since` 1 is that time.
    Before { since: Option<i64> },
}

/// A hash, field by field.
pub(super) fn hash(input: &mut Input<'_>, times: Times, limits: &Limits) -> Result<Hash> {
    let count = count(input)?;
    let mut hash = Hash::default();
    hash.expect(usize::try_from(count).unwrap_or(usize::MAX), limits);
    let mut field = Vec::new();
    for _ in 0..count {
        let early = match times {
            Times::Before { since } => before(input.number()?, since)?,
            Times::None | Times::Behind => None,
        };
        field.clear();
        field.extend_from_slice(&input.string()?);
        // A value is written before its time is known, and may be long: the time is set behind it.
        let value = input.string()?;
        put(&mut hash, &field, &value, early, limits)?;
        if let Times::Behind = times {
            match input.i64()? {
                -1 => {}
                at if at >= 0 => hash.set_time(&field, Some(Millis(at))),
                _ => return malformed("a field's time is negative"),
            }
        }
    }
    Ok(hash)
}

/// The time of a field that is counted from the first of all, or stands for itself.
fn before(number: u64, since: Option<i64>) -> Result<Option<Millis>> {
    let at = match (i64::try_from(number), since) {
        (Ok(0), _) => return Ok(None),
        (Ok(number), None) => Some(number),
        (Ok(number), Some(since)) => since.checked_add(number - 1),
        (Err(_), _) => None,
    };
    match at {
        Some(at) if at >= 0 => Ok(Some(Millis(at))),
        _ => malformed("a field's time is out of range"),
    }
}

/// A hash in one packed sequence; with `timed` a time, perhaps 0, follows each pair.
pub(super) fn hash_of(mut pairs: Sequence<'_>, timed: bool, limits: &Limits) -> Result<Hash> {
    let (count, bytes) = pairs.size();
    // Without the lengths behind them.
    let bytes = bytes.saturating_sub(count.unwrap_or(0));
    let fields = count.map_or(0, |count| count / if timed { 3 } else { 2 });
    let mut hash = Hash::with_room(fields, bytes, limits);
    let mut distinct = Distinct::default();
    let mut some = false;
    while let Some(field) = pairs.next()? {
        let value = pairs.expect()?;
        let at = match timed.then(|| pairs.expect()).transpose()? {
            None | Some(Item::Int(0)) => None,
            Some(Item::Int(at)) if at > 0 => Some(Millis(at)),
            Some(_) => return malformed("a field's time is out of range"),
        };
        some = true;
        // As a rule none comes twice: then each is put behind the others, without a look at those.
        if !timed && distinct.is_new(field) && hash.append(field, value, limits) {
            continue;
        }
        let (mut a, mut b) = (Digits::new(), Digits::new());
        put(&mut hash, field.bytes(&mut a), value.bytes(&mut b), at, limits)?;
    }
    if some { Ok(hash) } else { Err(Fault::Empty) }
}

fn put(
    hash: &mut Hash,
    field: &[u8],
    value: &[u8],
    at: Option<Millis>,
    limits: &Limits,
) -> Result<()> {
    let time = at.map_or(SetExpiry::Clear, SetExpiry::At);
    if hash.set(field, value, time, limits) {
        return malformed("a hash has a field twice");
    }
    Ok(())
}
