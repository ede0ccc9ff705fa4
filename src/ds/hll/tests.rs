//! Sparse and dense against a plain array of registers, and the bytes of each.

use proptest::prelude::*;

use super::*;

fn cases() -> ProptestConfig {
    ProptestConfig { cases: if cfg!(miri) { 2 } else { 128 }, ..ProptestConfig::default() }
}

fn ranks(hll: &Hll) -> Result<Vec<u8>, Corrupted> {
    let mut registers = Registers::new();
    registers.add(HllRef::new(hll.bytes()).expect("a header"))?;
    Ok(registers.ranks().to_vec())
}

/// Ranks in neighbouring registers, so that runs split and join.
fn rank() -> impl Strategy<Value = Rank> {
    let register = prop_oneof![0..40_usize, 100..300_usize, 0..REGISTERS, REGISTERS - 9..REGISTERS];
    let rank = prop_oneof![1..4_u8, 1..52_u8, Just(1)];
    (register, rank).prop_map(|(register, rank)| Rank { register, rank })
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn both_forms_are_an_array_of_registers(
        added in proptest::collection::vec(rank(), 0..400),
        limit in prop_oneof![Just(3000_usize), 20..300_usize],
    ) {
        let mut model = vec![0; REGISTERS];
        let mut hll = Hll::new();
        for rank in added {
            let changed = hll.add(rank, limit).expect("made here");
            prop_assert_eq!(changed, model[rank.register] < rank.rank);
            model[rank.register] = rank.rank.max(model[rank.register]);
            if hll.form == Form::Sparse {
                prop_assert!(hll.bytes().len() <= limit);
            }
        }
        prop_assert_eq!(ranks(&hll), Ok(model.clone()));
        let count = HllRef::new(hll.bytes()).expect("a header").count();
        hll.make_dense().expect("made here");
        prop_assert_eq!(ranks(&hll), Ok(model.clone()));
        let view = HllRef::new(hll.bytes()).expect("a header");
        prop_assert_eq!((view.form(), view.count()), (Form::Dense, count));
    }

    /// Replacing keeps its place between changes; that gives the bytes that single changes give.
    #[test]
    fn merging_makes_the_same_changes_one_by_one(
        ours in proptest::collection::vec(rank(), 0..100),
        theirs in proptest::collection::vec(rank(), 0..300),
        limit in prop_oneof![Just(3000_usize), 20..600_usize],
    ) {
        let fill = |added: &[Rank]| {
            let mut hll = Hll::new();
            for rank in added {
                hll.add(*rank, limit).expect("made here");
            }
            hll
        };
        let (mut merged, other) = (fill(&ours), fill(&theirs));
        let mut registers = Registers::new();
        for hll in [&merged, &other] {
            registers.add(HllRef::new(hll.bytes()).expect("a header")).expect("made here");
        }
        let dense = [&merged, &other].iter().any(|hll| hll.form == Form::Dense);
        let mut one_by_one = merged.clone();
        if dense {
            one_by_one.make_dense().expect("made here");
        }
        for (register, rank) in registers.ranks().iter().enumerate().filter(|(_, rank)| **rank > 0) {
            one_by_one.add(Rank { register, rank: *rank }, limit).expect("made here");
        }
        uncache(&mut one_by_one.bytes);
        merged.replace(&registers, dense, limit).expect("made here");
        prop_assert_eq!(merged.bytes(), one_by_one.bytes());
        prop_assert_eq!(ranks(&merged), Ok(registers.ranks().to_vec()));
        prop_assert_eq!(HllRef::new(merged.bytes()).expect("a header").count(), Ok(registers.count()));
    }

    #[test]
    fn no_bytes_are_too_strange(
        runs in proptest::collection::vec(any::<u8>(), 0..60),
        added in proptest::collection::vec(rank(), 0..30),
    ) {
        let mut hll = Hll::new();
        hll.bytes.truncate(HEADER);
        hll.bytes.extend(runs);
        let view = HllRef::new(hll.bytes()).expect("a header");
        let _ = (view.count(), view.runs(), ranks(&hll));
        for rank in added {
            let _ = hll.add(rank, 3000);
        }
        let _ = hll.replace(&Registers::new(), true, 3000);
    }
}

#[test]
fn elements_hash_as_in_redis() {
    // The registers that PFADD of these words sets in a real server.
    let mut hll = Hll::new();
    for element in ["a", "b", "c", "Hello World", "123456789"] {
        hll.add(Rank::of(element.as_bytes()), 3000).expect("made here");
    }
    assert_eq!(HllRef::new(hll.bytes()).expect("a header").runs(), REDIS);
}

const REDIS: &str = "Z:7641 v:1,1 Z:794 v:1,1 Z:856 v:2,1 Z:3417 v:2,1 Z:3068 v:1,1 Z:603";

#[test]
fn the_count_is_cached_until_a_change() {
    let mut hll = Hll::new();
    let cached = |hll: &Hll| HllRef::new(hll.bytes()).expect("a header").cached();
    assert_eq!(cached(&hll), Some(0));
    assert!(hll.add(Rank::of(b"a"), 3000).expect("made here"));
    assert_eq!(cached(&hll), None);
    cache(&mut hll.bytes, 1);
    assert_eq!(cached(&hll), Some(1));
    assert!(!hll.add(Rank::of(b"a"), 3000).expect("made here"));
    assert_eq!(cached(&hll), Some(1));
}

#[test]
fn what_is_no_sketch_is_refused() {
    let good = Hll::new();
    let spoilt = |at: usize, byte: u8| {
        let mut bytes = good.bytes().to_vec();
        bytes[at] = byte;
        HllRef::new(&bytes).is_none()
    };
    assert!(spoilt(0, b'h') && spoilt(3, 0) && spoilt(4, 2) && spoilt(4, 0));
    assert!(!spoilt(5, 7) && !spoilt(15, 255));
    assert!(HllRef::new(&good.bytes()[..15]).is_none());
    assert!(HllRef::new(&good.bytes()[..16]).is_some_and(|hll| hll.count() == Err(Corrupted)));
}

#[test]
fn the_self_test_passes() {
    let rng = crate::rng::Rng::new(1);
    if !cfg!(miri) {
        assert_eq!(self_test(|| rng.next(), 3000), Ok(()));
    }
}
