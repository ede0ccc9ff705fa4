//! Sets: a sorted array of integers, a packed sequence, or a hash table.
//!
//! Which of them is Redis's choice, at Redis's thresholds: integers alone are an array up to
//! `set-max-intset-entries`; few short members of any kind are packed, up to
//! `set-max-listpack-entries` and `set-max-listpack-value`; all others lie in a table. A set that has
//! become larger does not go back when it shrinks.

mod algebra;
mod members;
mod pick;
#[cfg(test)]
mod tests;

pub(crate) use algebra::{Combination, combine, combined_len, union_estimate};
pub(crate) use members::Members;

use crate::config::{EncodingLimit, Limits};
use crate::ds::blocks::block_size;
use crate::ds::intset::{IntSet, IntSetRef};
use crate::ds::packed::{self, Item, Packed, PackedRef};
use crate::ds::pair::Pair;
use crate::ds::table::{self, Dense, Step};
use crate::text::int;
use crate::value::string::Digits;
use crate::value::{Big, Collection, Encoding, Packing, Stored, StoredRef, Type, View};

/// The most bytes that lie behind the key: those are copied whenever the set changes.
const INLINE_MAX: usize = 1024;
/// The most integers that Redis keeps in an array, whatever the threshold says.
const INTS_MAX: usize = 1 << 30;

/// A member, as it is stored.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Member<'a> {
    Int(i64),
    /// Bytes, which may spell an integer.
    Bytes(&'a [u8]),
}

impl<'a> Member<'a> {
    /// The bytes, written into `digits` if it is stored as a number.
    #[inline]
    pub(crate) fn bytes<'b>(self, digits: &'b mut Digits) -> &'b [u8]
    where
        'a: 'b,
    {
        match self {
            Member::Int(number) => digits.format(number).as_bytes(),
            Member::Bytes(bytes) => bytes,
        }
    }

    /// The bytes, owned.
    pub(crate) fn to_vec(self) -> Vec<u8> {
        self.bytes(&mut Digits::new()).to_vec()
    }

    /// The integer that it is or spells.
    #[inline]
    fn as_int(self) -> Option<i64> {
        match self.item() {
            Item::Int(number) => Some(number),
            Item::Bytes(_) => None,
        }
    }

    /// The one spelling of it: equal members are equal items.
    #[inline]
    fn item(self) -> Item<'a> {
        match self {
            Member::Int(number) => Item::Int(number),
            Member::Bytes(bytes) => Item::from(bytes),
        }
    }
}

impl<'a> From<Item<'a>> for Member<'a> {
    fn from(item: Item<'a>) -> Member<'a> {
        match item {
            Item::Int(number) => Member::Int(number),
            Item::Bytes(bytes) => Member::Bytes(bytes),
        }
    }
}

/// A set, to be changed.
#[derive(Debug)]
pub(crate) enum Set {
    Ints(IntSet),
    Packed(Packed),
    Table(Box<Members>),
}

impl Default for Set {
    fn default() -> Set {
        Set::Ints(IntSet::default())
    }
}

impl Set {
    /// Gets ready for `count` members to be added, the first of which is known: an empty set takes the
    /// encoding that suits them, and a small one becomes a table if that is where it will end.
    #[inline]
    pub(crate) fn expect(&mut self, first: &[u8], count: usize, limits: &Limits) {
        if !matches!(self, Set::Table(_)) {
            self.expect_small(first, count, limits);
        }
    }

    fn expect_small(&mut self, first: &[u8], count: usize, limits: &Limits) {
        let ints = count <= limits.size(EncodingLimit::SetMaxIntsetEntries);
        let packed = count <= limits.size(EncodingLimit::SetMaxListpackEntries);
        let stays = match self {
            Set::Ints(set) if set.len() == 0 => {
                if ints && int::parse_i64(first).is_some() {
                    return;
                }
                if packed {
                    *self = Set::Packed(Packed::new());
                }
                packed
            }
            Set::Ints(_) => ints,
            Set::Packed(_) => packed,
            Set::Table(_) => true,
        };
        if !stays {
            self.become_table(limits);
        }
    }

    /// Adds a member, and converts the set if a threshold is passed. Returns whether it is new.
    #[inline]
    pub(crate) fn insert(&mut self, member: &[u8], limits: &Limits) -> bool {
        match self {
            Set::Table(members) => members.insert(member),
            _ => self.insert_small(member, limits),
        }
    }

    fn insert_small(&mut self, member: &[u8], limits: &Limits) -> bool {
        match self {
            Set::Table(members) => return members.insert(member),
            Set::Packed(packed) => {
                let item = Item::from(member);
                if packed.as_ref().find(item, 0).is_some() {
                    return false;
                }
                if may_be_packed(packed.len(), member.len(), limits) {
                    packed.push(item);
                    return true;
                }
            }
            Set::Ints(ints) => match int::parse_i64(member) {
                Some(number) => return self.insert_int(number, limits),
                None => {
                    let view = ints.as_ref();
                    let longest = [0, view.len().saturating_sub(1)]
                        .into_iter()
                        .filter(|_| view.len() > 0)
                        .map(|end| Member::Int(view.get(end)).bytes(&mut Digits::new()).len())
                        .fold(member.len(), usize::max);
                    if may_be_packed(view.len(), longest, limits) {
                        let mut packed: Packed = view.iter().collect();
                        packed.push(member);
                        *self = Set::Packed(packed);
                        return true;
                    }
                }
            },
        }
        self.become_table(limits).insert(member)
    }

    fn insert_int(&mut self, number: i64, limits: &Limits) -> bool {
        let Set::Ints(ints) = self else {
            return self.insert(Member::Int(number).bytes(&mut Digits::new()), limits);
        };
        let new = ints.insert(number);
        if new && ints.len() > max_ints(limits) {
            self.become_table(limits);
        }
        new
    }

    /// As [`insert`](Set::insert).
    pub(crate) fn insert_member(&mut self, member: Member<'_>, limits: &Limits) -> bool {
        match member {
            Member::Int(number) => self.insert_int(number, limits),
            Member::Bytes(bytes) => self.insert(bytes, limits),
        }
    }

    /// Removes a member. Returns whether it was there.
    pub(crate) fn remove(&mut self, member: &[u8]) -> bool {
        match self {
            Set::Table(members) => members.remove(member),
            Set::Packed(packed) => match packed.as_ref().find(Item::from(member), 0) {
                Some(pos) => packed.remove(pos, 1) == 1,
                None => false,
            },
            Set::Ints(ints) => int::parse_i64(member).is_some_and(|number| ints.remove(number)),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.as_ref().len()
    }

    /// Reads it.
    pub(crate) fn as_ref(&self) -> SetRef<'_> {
        match self {
            Set::Ints(ints) => SetRef::Ints(ints.as_ref()),
            Set::Packed(packed) => SetRef::Packed(packed.as_ref()),
            Set::Table(members) => SetRef::Table(members),
        }
    }

    /// Keeps the members in a table from now on.
    fn become_table(&mut self, limits: &Limits) -> &mut Members {
        if !matches!(self, Set::Table(_)) {
            let mut members = Box::new(Members::new(limits.hasher.clone()));
            for member in self.as_ref().iter() {
                members.insert(member.bytes(&mut Digits::new()));
            }
            *self = Set::Table(members);
        }
        match self {
            Set::Table(members) => members,
            Set::Ints(_) | Set::Packed(_) => unreachable!("just made a table"),
        }
    }
}

fn max_ints(limits: &Limits) -> usize {
    limits.size(EncodingLimit::SetMaxIntsetEntries).min(INTS_MAX)
}

/// Whether a packed set of `len` members may take one more, of `bytes` bytes.
fn may_be_packed(len: usize, bytes: usize, limits: &Limits) -> bool {
    len < limits.size(EncodingLimit::SetMaxListpackEntries)
        && bytes <= limits.size(EncodingLimit::SetMaxListpackValue)
}

impl Collection for Set {
    const TYPE: Type = Type::Set;

    fn is_empty(&self) -> bool {
        match self {
            Set::Ints(ints) => ints.len() == 0,
            Set::Packed(packed) => packed.is_empty(),
            Set::Table(members) => members.len() == 0,
        }
    }

    #[inline]
    fn restore(stored: Stored) -> Set {
        match stored {
            Stored::Packed(Packing::Integers, bytes) => Set::Ints(IntSet::from_bytes(bytes)),
            Stored::Packed(_, bytes) => Set::Packed(Packed::from_bytes(bytes)),
            Stored::Big(big) => match big.encoding() {
                Encoding::Hashtable => Set::Table(Stored::expect_big(big)),
                _ => restore_long(big),
            },
        }
    }

    #[inline]
    fn store(self) -> Stored {
        match self {
            Set::Ints(ints) if ints.as_bytes().len() > INLINE_MAX => {
                Stored::Big(Box::new(LongInts(ints)))
            }
            Set::Ints(ints) => Stored::Packed(Packing::Integers, ints.into_bytes()),
            Set::Packed(packed) if packed.as_bytes().len() > INLINE_MAX => {
                Stored::Big(Box::new(LongPacked(packed)))
            }
            Set::Packed(packed) => Stored::Packed(Packing::Set, packed.into_bytes()),
            Set::Table(members) => Stored::Big(members),
        }
    }
}

/// As [`Set::restore`], of a small set that is kept apart.
fn restore_long(big: Box<dyn Big>) -> Set {
    match big.encoding() {
        Encoding::Intset => Set::Ints(Stored::expect_big::<LongInts>(big).0),
        _ => Set::Packed(Stored::expect_big::<LongPacked>(big).0),
    }
}

/// A set as a reader sees it while its stripe is locked.
#[derive(Debug, Clone, Copy)]
pub(crate) enum SetRef<'a> {
    Ints(IntSetRef<'a>),
    Packed(PackedRef<'a>),
    Table(&'a Members),
}

impl<'a> View<'a> for SetRef<'a> {
    const TYPE: Type = Type::Set;

    #[inline]
    fn of(stored: StoredRef<'a>) -> SetRef<'a> {
        match stored {
            StoredRef::Packed(Packing::Integers, bytes) => SetRef::Ints(IntSetRef::new(bytes)),
            StoredRef::Packed(_, bytes) => SetRef::Packed(PackedRef::new(bytes)),
            StoredRef::Big(big) => match big.encoding() {
                Encoding::Intset => SetRef::Ints(StoredRef::expect_big::<LongInts>(big).0.as_ref()),
                Encoding::Listpack => {
                    SetRef::Packed(StoredRef::expect_big::<LongPacked>(big).0.as_ref())
                }
                _ => SetRef::Table(StoredRef::expect_big(big)),
            },
        }
    }
}

impl<'a> SetRef<'a> {
    /// The set without members.
    pub(crate) const EMPTY: SetRef<'static> = SetRef::Ints(IntSetRef::EMPTY);

    pub(crate) fn len(self) -> usize {
        match self {
            SetRef::Ints(ints) => ints.len(),
            SetRef::Packed(packed) => packed.len(),
            SetRef::Table(members) => members.len(),
        }
    }

    #[inline]
    pub(crate) fn contains(self, member: &[u8]) -> bool {
        match self {
            SetRef::Ints(ints) => int::parse_i64(member).is_some_and(|n| ints.contains(n)),
            SetRef::Packed(packed) => packed.find(Item::from(member), 0).is_some(),
            SetRef::Table(members) => members.contains(member),
        }
    }

    /// Tells for each of several members whether it is one. A table is asked for all of them before the
    /// first is compared.
    pub(crate) fn contains_each<'m, M: Iterator<Item = &'m [u8]> + Clone>(
        self,
        members: M,
    ) -> impl Iterator<Item = bool> + use<'a, 'm, M> {
        if let SetRef::Table(table) = self {
            members.clone().for_each(|member| table.fetch(table.hash(member), Step::Bucket));
        }
        members.map(move |member| self.contains(member))
    }

    #[inline]
    fn contains_member(self, member: Member<'_>) -> bool {
        match self {
            SetRef::Ints(ints) => member.as_int().is_some_and(|number| ints.contains(number)),
            SetRef::Packed(packed) => packed.find(member.item(), 0).is_some(),
            SetRef::Table(members) => members.contains(member.bytes(&mut Digits::new())),
        }
    }

    /// The members, in no order.
    pub(crate) fn iter(self) -> Iter<'a> {
        match self {
            SetRef::Ints(ints) => Iter::Ints(ints, 0),
            SetRef::Packed(packed) => Iter::Packed(packed.iter()),
            SetRef::Table(members) => Iter::Table(members.iter()),
        }
    }

    /// Shows about `count` members from `cursor` on, or all of a small set; returns the next cursor, 0 at the
    /// end. Whatever is a member from the first call to the last is shown at least once.
    pub(crate) fn scan(self, cursor: u64, count: usize, mut visit: impl FnMut(Member<'_>)) -> u64 {
        match self {
            SetRef::Table(members) => {
                members.scan(cursor, count, |bytes| visit(Member::Bytes(bytes)))
            }
            SetRef::Ints(_) | SetRef::Packed(_) => {
                self.iter().for_each(visit);
                0
            }
        }
    }
}

/// The members of a set.
pub(crate) enum Iter<'a> {
    Ints(IntSetRef<'a>, usize),
    Packed(packed::Iter<'a>),
    Table(table::Iter<'a, Pair, Dense>),
}

impl<'a> Iterator for Iter<'a> {
    type Item = Member<'a>;

    #[inline]
    fn next(&mut self) -> Option<Member<'a>> {
        match self {
            Iter::Ints(ints, at) => {
                let number = (*at < ints.len()).then(|| ints.get(*at))?;
                *at += 1;
                Some(Member::Int(number))
            }
            Iter::Packed(items) => items.next().map(|(_, item)| Member::from(item)),
            Iter::Table(pairs) => pairs.next().map(|pair| Member::Bytes(pair.field())),
        }
    }
}

/// An array of integers that is too long to lie behind its key.
#[derive(Debug, Clone)]
struct LongInts(IntSet);

impl Big for LongInts {
    fn kind(&self) -> Type {
        Type::Set
    }

    fn encoding(&self) -> Encoding {
        Encoding::Intset
    }

    fn heap_size(&self) -> usize {
        block_size(size_of::<LongInts>()) + self.0.heap_size()
    }

    fn effort(&self) -> usize {
        1
    }

    fn duplicate(&self) -> Box<dyn Big> {
        Box::new(self.clone())
    }
}

/// A packed set that is too long to lie behind its key.
#[derive(Debug, Clone)]
struct LongPacked(Packed);

impl Big for LongPacked {
    fn kind(&self) -> Type {
        Type::Set
    }

    fn encoding(&self) -> Encoding {
        Encoding::Listpack
    }

    fn heap_size(&self) -> usize {
        block_size(size_of::<LongPacked>()) + self.0.heap_size()
    }

    fn effort(&self) -> usize {
        1
    }

    fn duplicate(&self) -> Box<dyn Big> {
        Box::new(self.clone())
    }
}
