//! The set of integers against `std`, with numbers at every border of its widths.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{IntSet, IntSetRef};

const BORDERS: [i64; 13] = [
    0,
    1,
    -1,
    i16::MAX as i64,
    i16::MIN as i64,
    i16::MAX as i64 + 1,
    i16::MIN as i64 - 1,
    i32::MAX as i64,
    i32::MIN as i64,
    i32::MAX as i64 + 1,
    i32::MIN as i64 - 1,
    i64::MAX,
    i64::MIN,
];

/// Mostly narrow, so that sets stay in each width for a while.
fn number() -> impl Strategy<Value = i64> {
    prop_oneof![
        40 => -60..60_i64,
        2 => any::<i16>().prop_map(i64::from),
        1 => any::<i32>().prop_map(i64::from),
        1 => prop::sample::select(&BORDERS[..]),
    ]
}

#[derive(Debug, Clone)]
enum Step {
    Insert(i64),
    Remove(i64),
    RemoveAt(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => number().prop_map(Step::Insert),
        3 => number().prop_map(Step::Remove),
        1 => any::<usize>().prop_map(Step::RemoveAt),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 4 } else { 256 }, ..ProptestConfig::default() })]

    #[test]
    fn is_a_btree_set(steps in prop::collection::vec(step(), 0..200), probes in prop::collection::vec(number(), 20)) {
        let (mut set, mut model) = (IntSet::default(), BTreeSet::new());
        for step in steps {
            match step {
                Step::Insert(number) => prop_assert_eq!(set.insert(number), model.insert(number)),
                Step::Remove(number) => prop_assert_eq!(set.remove(number), model.remove(&number)),
                Step::RemoveAt(pick) if !model.is_empty() => {
                    let index = pick % model.len();
                    let number = set.as_ref().get(index);
                    set.remove_at(index);
                    prop_assert!(model.remove(&number));
                }
                Step::RemoveAt(_) => {}
            }
            prop_assert_eq!(set.len(), model.len());
        }
        let view = set.as_ref();
        prop_assert!(view.iter().eq(model.iter().copied()));
        prop_assert!(view.iter().rev().eq(model.iter().rev().copied()));
        for probe in &probes {
            for from in [0, view.len() / 2] {
                let before = model.iter().take(from).any(|number| number >= probe);
                prop_assert!(before || view.find_from(from, *probe) == view.find(*probe));
            }
        }
        for probe in probes {
            prop_assert_eq!(view.contains(probe), model.contains(&probe));
        }
        prop_assert!(IntSetRef::checked(&set.bytes).is_some());
        prop_assert_eq!(IntSet::from_bytes(set.clone().into_bytes()), set);
    }

    #[test]
    fn bytes_from_outside_are_a_set_or_refused(bytes in prop::collection::vec(prop_oneof![Just(2_u8), Just(0), any::<u8>()], 0..40)) {
        if let Some(set) = IntSetRef::checked(&bytes) {
            prop_assert_eq!(set.iter().collect::<BTreeSet<_>>().len(), set.len());
            prop_assert!(set.iter().enumerate().all(|(i, number)| set.find(number) == Ok(i)));
        }
    }
}

#[test]
fn widens_for_every_border_and_finds_them_all() {
    let mut set = IntSet::default();
    for (i, number) in BORDERS.into_iter().enumerate() {
        assert!(set.insert(number));
        assert!(!set.insert(number));
        assert!(BORDERS[..=i].iter().all(|n| set.as_ref().contains(*n)), "after {number}");
        assert!(BORDERS[i + 1..].iter().all(|n| !set.as_ref().contains(*n)), "after {number}");
    }
}

#[test]
fn takes_a_byte_and_the_numbers() {
    let sizes = [(1, 2), (40_000, 4), (1 << 40, 8)];
    for (start, width) in sizes {
        let set: IntSet = (start..start + 10).collect();
        assert_eq!(set.into_bytes().len(), 1 + 10 * width);
    }
}

#[test]
fn refuses_what_is_no_set() {
    let bad: [&[u8]; 7] = [
        &[0],
        &[2],
        &[3, 0, 0, 0],
        &[2, 1],
        &[2, 1, 0, 1, 0],
        &[2, 2, 0, 1, 0],
        &[8, 0, 0, 0, 0, 0, 0, 0],
    ];
    for bytes in bad {
        assert!(IntSetRef::checked(bytes).is_none(), "{bytes:?}");
    }
    assert_eq!(IntSetRef::checked(&[]).map(IntSetRef::len), Some(0));
}
