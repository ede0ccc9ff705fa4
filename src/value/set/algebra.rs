//! Intersection, union and difference.
//!
//! Where integers meet integers, sorted arrays are walked side by side. Where a table is asked, it
//! is asked for a batch of members at a time: buckets and members are fetched for all of them
//! before the first is compared, so that a batch waits for memory twice and not twice a member.

use std::collections::HashSet;

use super::{Iter, Member, Set, SetRef};
use crate::config::Limits;
use crate::ds::hll::{Rank, Registers};
use crate::ds::intset::IntSetRef;
use crate::ds::packed::{Item, Packed};
use crate::ds::table::Step;
use crate::rng::FieldHasher;
use crate::value::string::Digits;

/// Members that are looked up together.
const BATCH: usize = 32;
/// Up to so many sets are asked one by one whether they have a member; the members of more are
/// gathered first.
const ASK_EACH: usize = 4;

/// How sets are combined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Combination {
    /// What all have in common.
    Intersection,
    /// What any has.
    Union,
    /// What the first has and no other.
    Difference,
}

/// The members that come of combining sets, each once, in no order.
///
/// Intersecting is O(smallest · sets), uniting O(all members), the difference the lesser of O(first ·
/// sets) and O(all members).
pub(crate) fn combine<'a>(
    how: Combination,
    sets: &[SetRef<'a>],
    hasher: &FieldHasher,
) -> Vec<Member<'a>> {
    let mut found = Vec::new();
    each(how, sets, hasher, &mut |member| {
        found.push(member);
        true
    });
    found
}

/// How many members sets come to when they are combined; stops after `limit` of them, which is at least 1.
pub(crate) fn combined_len(
    how: Combination,
    sets: &[SetRef<'_>],
    hasher: &FieldHasher,
    limit: usize,
) -> usize {
    let mut count = 0;
    each(how, sets, hasher, &mut |_| {
        count += 1;
        count < limit
    });
    count
}

/// About how many members any of several sets has, by a HyperLogLog: none of them is kept.
pub(crate) fn union_estimate(sets: &[SetRef<'_>]) -> u64 {
    let mut registers = Registers::new();
    let mut digits = Digits::new();
    for member in sets.iter().flat_map(|set| set.iter()) {
        registers.note(Rank::of(member.bytes(&mut digits)));
    }
    registers.count()
}

fn each<'a>(how: Combination, sets: &[SetRef<'a>], hasher: &FieldHasher, emit: Emit<'_, 'a>) {
    match how {
        Combination::Intersection => intersect(sets, emit),
        Combination::Union => unite(sets, hasher, emit),
        Combination::Difference => subtract(sets, hasher, emit),
    }
}

impl Set {
    /// The set that a command stores, in the encoding that it has in Redis.
    pub(crate) fn combined(how: Combination, sets: &[SetRef<'_>], limits: &Limits) -> Set {
        let mut set = Set::default();
        if how == Combination::Union {
            // In the order of the keys: where few integers fit an array, what comes first decides.
            let members = sets.iter().flat_map(|set| set.iter());
            members.for_each(|member| _ = set.insert_member(member, limits));
            return set;
        }
        let members = combine(how, sets, &limits.hasher);
        let from = match how {
            Combination::Intersection => {
                let smallest = sets.iter().min_by_key(|set| set.len());
                let ints = matches!(smallest, Some(SetRef::Ints(_)));
                let only_ints = || members.iter().all(|member| member.as_int().is_some());
                if !ints && (members.len() > super::max_ints(limits) || !only_ints()) {
                    set = Set::Packed(Packed::new());
                }
                None
            }
            // Redis removes members one by one from a copy of the first set.
            Combination::Difference if removes(sets) => sets.first(),
            _ => None,
        };
        if let Some(first) = from.filter(|_| !members.is_empty()) {
            first.iter().for_each(|member| _ = set.insert_member(member, limits));
            let kept: HashSet<Item<'_>, _> =
                hashed(members.into_iter().map(Member::item), &limits.hasher);
            for item in first.iter().map(Member::item).filter(|item| !kept.contains(item)) {
                set.remove(item.bytes(&mut Digits::new()));
            }
            return set;
        }
        members.into_iter().for_each(|member| _ = set.insert_member(member, limits));
        set
    }
}

/// Takes a member; false to stop.
type Emit<'e, 'a> = &'e mut dyn FnMut(Member<'a>) -> bool;

fn intersect<'a>(sets: &[SetRef<'a>], emit: Emit<'_, 'a>) {
    let mut sets = sets.to_vec();
    sets.sort_by_key(|set| set.len());
    let Some((smallest, others)) = sets.split_first() else { return };
    let ints: Option<Vec<IntSetRef<'_>>> = sets.iter().map(|set| set.ints()).collect();
    match ints {
        Some(ints) => intersect_ints(&ints, emit),
        None => _ = sift(smallest.iter(), others, true, emit),
    }
}

fn intersect_ints<'a>(sets: &[IntSetRef<'_>], emit: Emit<'_, 'a>) {
    let (smallest, others) = sets.split_first().expect("some sets");
    // Where each of the others goes on: what is before is less than the number at hand.
    let mut places = vec![0; others.len()];
    for number in smallest.iter() {
        let in_all = others.iter().zip(&mut places).all(|(other, place)| {
            let found = other.find_from(*place, number);
            *place = found.unwrap_or_else(|place| place);
            found.is_ok()
        });
        if in_all && !emit(Member::Int(number)) {
            return;
        }
    }
}

fn unite<'a>(sets: &[SetRef<'a>], hasher: &FieldHasher, emit: Emit<'_, 'a>) {
    let mut sets: Vec<SetRef<'_>> = sets.iter().filter(|set| set.len() > 0).copied().collect();
    if let Some(ints) = sets.iter().map(|set| set.ints()).collect::<Option<Vec<_>>>() {
        let mut numbers: Vec<i64> = ints.into_iter().flat_map(IntSetRef::iter).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers.into_iter().all(|number| emit(Member::Int(number)));
        return;
    }
    if sets.len() > ASK_EACH {
        let mut seen = hashed(std::iter::empty(), hasher);
        let members = sets.into_iter().flat_map(SetRef::iter);
        members.filter(|member| seen.insert(member.item())).all(emit);
        return;
    }
    // The largest first: what it has is asked for, and it is asked for nothing.
    sets.sort_by_key(|set| std::cmp::Reverse(set.len()));
    for (i, set) in sets.iter().enumerate() {
        if !sift(set.iter(), &sets[..i], false, &mut *emit) {
            return;
        }
    }
}

fn subtract<'a>(sets: &[SetRef<'a>], hasher: &FieldHasher, emit: Emit<'_, 'a>) {
    let Some((first, others)) = sets.split_first() else { return };
    if others.iter().any(|other| other.is(*first)) {
        return;
    }
    if removes(sets) {
        let excluded = others.iter().flat_map(|set| set.iter()).map(Member::item);
        let excluded = hashed(excluded, hasher);
        first.iter().filter(|member| !excluded.contains(&member.item())).all(emit);
        return;
    }
    let mut others: Vec<SetRef<'_>> = others.iter().filter(|set| set.len() > 0).copied().collect();
    // The larger a set, the likelier it has a member, and then the others need not be asked.
    others.sort_by_key(|set| std::cmp::Reverse(set.len()));
    sift(first.iter(), &others, false, emit);
}

/// Redis's choice for a difference (`t_set.c` of Valkey): whether it is less work to remove the members of
/// all other sets than to ask each of them for each member of the first.
fn removes(sets: &[SetRef<'_>]) -> bool {
    let Some(first) = sets.first() else { return false };
    if sets[1..].iter().any(|other| other.is(*first)) {
        return false;
    }
    let there = sets.iter().filter(|set| set.len() > 0);
    first.len() * there.clone().count() / 2 > there.map(|set| set.len()).sum()
}

fn hashed<'a>(
    items: impl Iterator<Item = Item<'a>>,
    hasher: &FieldHasher,
) -> HashSet<Item<'a>, FieldHasher> {
    let mut set = HashSet::with_hasher(hasher.clone());
    set.extend(items);
    set
}

/// Emits the members that all of `sets` have (`wanted`), or that none has (not `wanted`); false
/// if it was told to stop.
fn sift<'a>(mut members: Iter<'a>, sets: &[SetRef<'_>], wanted: bool, emit: Emit<'_, 'a>) -> bool {
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        batch.clear();
        batch.extend(members.by_ref().take(BATCH).map(|member| (member, 0)));
        if batch.is_empty() {
            return true;
        }
        for set in sets {
            retain(&mut batch, *set, wanted);
        }
        if !batch.iter().all(|(member, _)| emit(*member)) {
            return false;
        }
    }
}

/// Keeps the members that a set has, or those that it has not. The number beside a member is room for
/// its hash.
fn retain(batch: &mut Vec<(Member<'_>, u64)>, set: SetRef<'_>, wanted: bool) {
    let SetRef::Table(table) = set else {
        return batch.retain(|(member, _)| set.contains_member(*member) == wanted);
    };
    let mut digits = Digits::new();
    for (member, hash) in &mut *batch {
        *hash = table.hash(member.bytes(&mut digits));
        table.fetch(*hash, Step::Bucket);
    }
    for step in [Step::Items, Step::Beyond] {
        batch.iter().for_each(|(_, hash)| table.fetch(*hash, step));
    }
    batch
        .retain(|(member, hash)| table.contains_hashed(*hash, member.bytes(&mut digits)) == wanted);
}

impl<'a> SetRef<'a> {
    fn ints(self) -> Option<IntSetRef<'a>> {
        match self {
            SetRef::Ints(ints) => Some(ints),
            SetRef::Packed(_) | SetRef::Table(_) => None,
        }
    }

    /// Whether both are the same set in the same place.
    fn is(self, other: SetRef<'_>) -> bool {
        match (self, other) {
            (SetRef::Ints(a), SetRef::Ints(b)) => a.len() > 0 && a.is(b),
            (SetRef::Packed(a), SetRef::Packed(b)) => std::ptr::eq(a.as_bytes(), b.as_bytes()),
            (SetRef::Table(a), SetRef::Table(b)) => std::ptr::eq(a, b),
            _ => false,
        }
    }
}
