//! Sets against `std`, with thresholds so low that every conversion happens often.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{Combination, Member, Set, SetRef, combine, combined_len, union_estimate};
use crate::config::{EncodingLimit, Limits};
use crate::rng::Rng;
use crate::value::{Collection, Stored, StoredRef, View};

type Model = BTreeSet<Vec<u8>>;

/// Integers of every width, words short and long, and what only looks like a number.
fn member() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        6 => (0..40_i64).prop_map(|n| n.to_string().into_bytes()),
        1 => any::<i64>().prop_map(|n| n.to_string().into_bytes()),
        1 => any::<i16>().prop_map(|n| n.to_string().into_bytes()),
        4 => "[a-e]{0,2}".prop_map(String::into_bytes),
        1 => "[x]{6,9}".prop_map(String::into_bytes),
        1 => prop::sample::select(&["", "01", "-0", "+1", "1.0", "9223372036854775808"][..])
            .prop_map(|s| s.as_bytes().to_vec()),
        1 => any::<[u8; 3]>().prop_map(Vec::from),
    ]
}

fn limits() -> impl Strategy<Value = (i64, i64, i64)> {
    let entries = || prop::sample::select(&[0, 1, 3, 8, 512][..]);
    (entries(), entries(), prop::sample::select(&[0, 1, 2, 7, 64][..]))
}

fn limited((ints, entries, value): (i64, i64, i64)) -> Limits {
    let limits = Limits::default();
    limits.set(EncodingLimit::SetMaxIntsetEntries, ints);
    limits.set(EncodingLimit::SetMaxListpackEntries, entries);
    limits.set(EncodingLimit::SetMaxListpackValue, value);
    limits
}

fn members(set: SetRef<'_>) -> Model {
    let listed: Vec<Vec<u8>> = set.iter().map(Member::to_vec).collect();
    let model: Model = listed.iter().cloned().collect();
    assert_eq!((listed.len(), set.len()), (model.len(), model.len()), "each member once");
    model
}

/// A set of these members, as if they had been added in one command or one by one.
fn set_of(list: &[Vec<u8>], at_once: bool, limits: &Limits) -> Set {
    let mut set = Set::default();
    for (i, member) in list.iter().enumerate() {
        if i == 0 || !at_once {
            set.expect(member, if at_once { list.len() } else { 1 }, limits);
        }
        set.insert(member, limits);
    }
    set
}

#[derive(Debug, Clone)]
enum Step {
    Insert(Vec<u8>),
    Expect(Vec<u8>, usize),
    Remove(Vec<u8>),
    Pop(usize),
    Store,
    Limit(i64, i64, i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        20 => member().prop_map(Step::Insert),
        2 => (member(), 0..12_usize).prop_map(|(m, n)| Step::Expect(m, n)),
        10 => member().prop_map(Step::Remove),
        1 => (0..12_usize).prop_map(Step::Pop),
        3 => Just(Step::Store),
        1 => limits().prop_map(|(a, b, c)| Step::Limit(a, b, c)),
    ]
}

/// Takes members out as SPOP does.
fn pop(
    set: &mut Set,
    count: usize,
    limits: &Limits,
    below: impl Fn(usize) -> usize,
) -> Vec<Vec<u8>> {
    match set.as_ref().split(count, limits, &below) {
        Some((popped, kept)) => {
            *set = kept;
            popped
        }
        None => set.pop(count, below),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 4 } else { 256 }, ..ProptestConfig::default() })]

    #[test]
    fn is_a_btree_set(first in limits(), steps in prop::collection::vec(step(), 0..120), probes in prop::collection::vec(member(), 20)) {
        let rng = Rng::new(1);
        let mut limits = limited(first);
        let (mut set, mut model) = (Set::default(), Model::new());
        for step in steps {
            match step {
                Step::Insert(m) => prop_assert_eq!(set.insert(&m, &limits), model.insert(m)),
                Step::Expect(m, count) => set.expect(&m, count, &limits),
                Step::Remove(m) => prop_assert_eq!(set.remove(&m), model.remove(&m)),
                Step::Pop(count) => {
                    let popped = pop(&mut set, count, &limits, |n| rng.below(n));
                    prop_assert_eq!(popped.len(), count.min(model.len()));
                    prop_assert!(popped.iter().all(|m| model.remove(m)));
                }
                Step::Store => {
                    let stored = std::mem::take(&mut set).store();
                    let view = match &stored {
                        Stored::Packed(packing, bytes) => SetRef::of(StoredRef::Packed(*packing, bytes)),
                        Stored::Big(big) => SetRef::of(StoredRef::Big(&**big)),
                    };
                    prop_assert_eq!(members(view), model.clone());
                    if let Stored::Big(big) = &stored {
                        let copy = big.duplicate();
                        prop_assert_eq!(members(SetRef::of(StoredRef::Big(&*copy))), model.clone());
                        prop_assert!(copy.heap_size() > model.iter().map(Vec::len).sum());
                    }
                    set = Set::restore(stored);
                }
                Step::Limit(a, b, c) => limits = limited((a, b, c)),
            }
            prop_assert_eq!(set.len(), model.len());
            prop_assert_eq!(set.is_empty(), model.is_empty());
        }
        prop_assert_eq!(members(set.as_ref()), model.clone());
        for probe in probes {
            prop_assert_eq!(set.as_ref().contains(&probe), model.contains(&probe));
        }
        for count in [0, 1, 2, 5, model.len(), 200] {
            let picked: Vec<Vec<u8>> =
                set.as_ref().pick(count, |n| rng.below(n)).into_iter().map(Member::to_vec).collect();
            prop_assert_eq!(picked.len(), count.min(model.len()));
            prop_assert_eq!(picked.iter().collect::<BTreeSet<_>>().len(), picked.len());
            prop_assert!(picked.iter().all(|m| model.contains(m)));
        }
        let mut scanned = Model::new();
        let mut cursor = 0;
        loop {
            cursor = set.as_ref().scan(cursor, 2, |m| _ = scanned.insert(m.to_vec()));
            if cursor == 0 {
                break;
            }
        }
        prop_assert_eq!(scanned, model);
    }

    #[test]
    fn combines_as_btree_sets_do(lists in prop::collection::vec((prop::collection::vec(member(), 0..60), limits(), any::<bool>()), 1..8), same in any::<bool>(), store in limits()) {
        let mut models: Vec<Model> = lists.iter().map(|(list, ..)| list.iter().cloned().collect()).collect();
        let sets: Vec<Set> = lists
            .iter()
            .map(|(list, limits, at_once)| set_of(list, *at_once, &limited(*limits)))
            .collect();
        let mut views: Vec<SetRef<'_>> = sets.iter().map(Set::as_ref).collect();
        if same {
            views.push(views[0]);
            models.push(models[0].clone());
        }
        let limits = limited(store);
        let first = models[0].clone();
        for (how, expected) in [
            (Combination::Intersection, models.iter().fold(first.clone(), |a, b| &a & b)),
            (Combination::Union, models.iter().fold(first.clone(), |a, b| &a | b)),
            (Combination::Difference, models[1..].iter().fold(first, |a, b| &a - b)),
        ] {
            let found = combine(how, &views, &limits.hasher);
            let found: Vec<Vec<u8>> = found.into_iter().map(Member::to_vec).collect();
            prop_assert_eq!(found.len(), expected.len());
            prop_assert_eq!(found.into_iter().collect::<Model>(), expected.clone());
            let stored = Set::combined(how, &views, &limits);
            prop_assert_eq!(members(stored.as_ref()), expected.clone());
            for limit in [1, 2, 1000] {
                let len = combined_len(how, &views, &limits.hasher, limit);
                prop_assert_eq!(len, expected.len().min(limit));
            }
            if how == Combination::Union {
                let wrong = union_estimate(&views).abs_diff(expected.len() as u64);
                prop_assert!(wrong as usize <= 1 + expected.len() / 20, "{wrong}");
            }
        }
    }
}

fn kind(set: &Set) -> &'static str {
    match set {
        Set::Ints(_) => "intset",
        Set::Packed(_) => "listpack",
        Set::Table(_) => "hashtable",
    }
}

#[test]
fn converts_at_the_thresholds() {
    let limits = limited((4, 3, 5));
    let list = |words: &str| -> Vec<Vec<u8>> {
        words.split(' ').map(|word| word.as_bytes().to_vec()).collect()
    };
    for (words, one_by_one, at_once) in [
        ("1 2 3 4", "intset", "intset"),
        ("1 2 3 4 5", "hashtable", "hashtable"),
        ("1 2 a", "listpack", "listpack"),
        ("1 2 3 a", "hashtable", "hashtable"),
        ("a 1 2", "listpack", "listpack"),
        ("a 1 2 3", "hashtable", "hashtable"),
        ("a a a a", "listpack", "hashtable"),
        ("1 1 1 1 1", "intset", "hashtable"),
        ("a bcdef", "listpack", "listpack"),
        ("a bcdefg", "hashtable", "hashtable"),
        ("123456", "intset", "intset"),
        ("123456 a", "hashtable", "hashtable"),
        ("-12345 a", "hashtable", "hashtable"),
    ] {
        assert_eq!(kind(&set_of(&list(words), false, &limits)), one_by_one, "{words}");
        assert_eq!(kind(&set_of(&list(words), true, &limits)), at_once, "{words} at once");
    }
}

#[test]
fn what_grows_long_lies_apart_and_keeps_its_name() {
    let limits = Limits::default();
    let mut set = Set::default();
    for n in 0..512_i64 {
        set.insert(n.wrapping_mul(1 << 40).to_string().as_bytes(), &limits);
    }
    let stored = set.store();
    let Stored::Big(big) = &stored else { panic!("4 KB are too much to copy") };
    assert_eq!(big.encoding().name(), "intset");
    let mut set = Set::restore(stored);
    assert_eq!(kind(&set), "intset");
    set.insert(b"one more than fits", &limits);
    assert_eq!((kind(&set), set.len()), ("hashtable", 513));
}

#[test]
fn popping_nearly_all_packs_the_rest() {
    let (limits, rng) = (Limits::default(), Rng::new(3));
    let list: Vec<Vec<u8>> = (0..1000).map(|n| format!("m{n}").into_bytes()).collect();
    let mut set = set_of(&list, true, &limits);
    assert_eq!(kind(&set), "hashtable");
    assert_eq!(pop(&mut set, 990, &limits, |n| rng.below(n)).len(), 990);
    assert_eq!((kind(&set), set.len()), ("listpack", 10));
}

/// Pearson's chi-squared statistic of fair picks stays near its mean, in each encoding.
#[test]
#[cfg_attr(miri, ignore = "a statistical test of many samples")]
fn picks_are_fair() {
    let rng = Rng::new(11);
    let list: Vec<Vec<u8>> = (0..40).map(|n| n.to_string().into_bytes()).collect();
    for at in [(512, 512, 64), (0, 512, 64), (0, 0, 0)] {
        let set = set_of(&list, true, &limited(at));
        for count in [1, 7, 30] {
            let rounds = 8000 / count;
            let mut hits = vec![0_f64; list.len()];
            for _ in 0..rounds {
                for member in set.as_ref().pick(count, |n| rng.below(n)) {
                    hits[member.as_int().expect("a number") as usize] += 1.0;
                }
            }
            let mean = (rounds * count) as f64 / list.len() as f64;
            let chi2: f64 = hits.iter().map(|h| (h - mean).powi(2) / mean).sum();
            assert!(chi2 < 39.0 + 5.0 * 78_f64.sqrt(), "{chi2} picking {count} of {}", kind(&set));
        }
        let sampled = (0..200).filter_map(|_| set.as_ref().sample(|n| rng.below(n))).count();
        assert_eq!(sampled, 200);
    }
    assert!(SetRef::EMPTY.sample(|_| 0).is_none());
}
