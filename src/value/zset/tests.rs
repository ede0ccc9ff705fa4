//! A sorted set in whatever form, against a plain list that is sorted.

use proptest::prelude::*;

use super::*;
use crate::value::Encoding;

fn limits(entries: i64, value: i64) -> Limits {
    let limits = Limits::default();
    limits.set(EncodingLimit::ZsetMaxListpackEntries, entries);
    limits.set(EncodingLimit::ZsetMaxListpackValue, value);
    limits
}

#[derive(Debug, Clone)]
enum Op {
    Add(Vec<u8>, f64, How),
    Remove(Vec<u8>),
    RemoveRanks(usize, usize),
    Store,
}

fn member() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        (-50_i64..200).prop_map(|n| n.to_string().into_bytes()),
        (0..40_u32).prop_map(|n| format!("member {n}").into_bytes()),
        (0..9_usize).prop_map(|n| vec![b'x'; n * 11]),
        proptest::collection::vec(any::<u8>(), 0..3),
    ]
}

fn score() -> impl Strategy<Value = f64> {
    prop_oneof![
        10 => (-5_i32..5).prop_map(f64::from),
        4 => (-20_i32..20).prop_map(|n| f64::from(n) / 8.0),
        2 => prop_oneof![Just(f64::INFINITY), Just(f64::NEG_INFINITY), Just(-0.0), Just(1e300)],
        1 => any::<f64>().prop_filter("no NaN", |n| !n.is_nan()),
        1 => Just(f64::from_le_bytes(*b"12345678")),
    ]
}

fn how() -> impl Strategy<Value = How> {
    let usual = Just(How::default());
    let any = any::<[bool; 4]>().prop_map(|[a, b, c, d]| How {
        absent: a && !b,
        present: b,
        greater: c && !a,
        less: d && !c && !a,
        increment: c != d,
    });
    prop_oneof![3 => usual, 1 => any]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        12 => (member(), score(), how()).prop_map(|(m, s, h)| Op::Add(m, s, h)),
        4 => member().prop_map(Op::Remove),
        1 => (any::<usize>(), 0..9_usize).prop_map(|(a, n)| Op::RemoveRanks(a, n)),
        3 => Just(Op::Store),
    ]
}

fn sorted(model: &mut [(f64, Vec<u8>)]) {
    model.sort_by(|a, b| (Score::known(a.0), &a.1).cmp(&(Score::known(b.0), &b.1)));
}

fn list(members: Members<'_>) -> Vec<(f64, Vec<u8>)> {
    members.map(|(member, score)| (score, member.to_vec())).collect()
}

fn same(zset: &ZSet, model: &[(f64, Vec<u8>)]) {
    let view = zset.as_ref();
    assert_eq!(view.len(), model.len());
    let all = list(view.iter());
    assert_eq!(all, model);
    // The sign of zero counts, too.
    assert!(all.iter().zip(model).all(|(a, b)| a.0.to_bits() == b.0.to_bits()));
    let mut back = list(view.members(0..model.len(), true));
    back.reverse();
    assert_eq!(back, model);
    for (rank, (score, member)) in model.iter().enumerate() {
        assert_eq!(view.rank(member), Some((rank, *score)));
        assert_eq!(view.score(member), Some(*score));
        let bound = Score::known(*score);
        for (low, high) in [
            (ScoreBound::Included(bound), ScoreBound::Unbounded),
            (ScoreBound::Excluded(bound), ScoreBound::Included(Score::known(3.0))),
            (ScoreBound::Unbounded, ScoreBound::Excluded(bound)),
        ] {
            let inside = |s: f64| {
                let s = Score::known(s);
                let above = match low {
                    ScoreBound::Included(b) => s >= b,
                    ScoreBound::Excluded(b) => s > b,
                    ScoreBound::Unbounded => true,
                };
                above
                    && match high {
                        ScoreBound::Included(b) => s <= b,
                        ScoreBound::Excluded(b) => s < b,
                        ScoreBound::Unbounded => true,
                    }
            };
            let want: Vec<_> = model.iter().filter(|(s, _)| inside(*s)).cloned().collect();
            let ranks = view.ranks(Span::Score(low, high));
            assert_eq!(list(view.members(ranks, false)), want);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 2 } else { 150 }, ..ProptestConfig::default() })]

    #[test]
    fn is_a_sorted_list(
        ops in proptest::collection::vec(op(), 0..200),
        entries in prop_oneof![Just(0_i64), Just(3), Just(128)],
        value in prop_oneof![Just(0_i64), Just(20), Just(64)],
    ) {
        let limits = limits(entries, value);
        let mut zset = ZSet::default();
        let mut model: Vec<(f64, Vec<u8>)> = Vec::new();
        let mut packed = true;
        for op in ops {
            match op {
                Op::Add(member, given, how) => {
                    let old = model.iter().position(|(_, m)| *m == member);
                    let added = zset.add(&member, given, how, &limits);
                    prop_assert_eq!(added, how.decide(old.map(|i| model[i].0), given));
                    match added {
                        Added::New(score) => {
                            packed &= model.len() < entries as usize && member.len() <= value as usize;
                            model.push((stored(score, packed), member));
                        }
                        Added::Changed(score) => {
                            model[old.expect("was there")].0 = stored(score, packed);
                        }
                        _ => {}
                    }
                }
                Op::Remove(member) => {
                    let old = model.iter().position(|(_, m)| *m == member);
                    prop_assert_eq!(zset.remove(&member), old.map(|i| model[i].0));
                    old.map(|i| model.remove(i));
                }
                Op::RemoveRanks(start, count) => {
                    let start = start % (model.len() + 1);
                    let end = (start + count).min(model.len());
                    zset.remove_ranks(start..end);
                    model.drain(start..end);
                }
                Op::Store => zset = ZSet::restore(zset.store()),
            }
            sorted(&mut model);
            if !model.is_empty() {
                let want = if packed { Encoding::Listpack } else { Encoding::Skiplist };
                prop_assert_eq!(zset.as_ref().encoding(), want);
            }
        }
        same(&zset, &model);
    }
}

#[test]
fn members_of_one_score_are_found_by_their_bytes() {
    for count in [5, 400] {
        let limits = Limits::default();
        let mut zset = ZSet::default();
        for i in 0..count {
            zset.add(format!("{:04}", i * 2).as_bytes(), 3.5, How::default(), &limits);
        }
        let view = zset.as_ref();
        let ranks = |low, high| view.ranks(Span::Lex(low, high));
        assert_eq!(ranks(LexBound::Min, LexBound::Max), 0..count);
        assert_eq!(ranks(LexBound::Max, LexBound::Min).len(), 0);
        assert_eq!(ranks(LexBound::Included(b"0002"), LexBound::Included(b"0006")), 1..4);
        assert_eq!(ranks(LexBound::Excluded(b"0002"), LexBound::Excluded(b"0006")), 2..3);
        assert_eq!(ranks(LexBound::Excluded(b"0001"), LexBound::Excluded(b"0005")), 1..3);
        assert_eq!(ranks(LexBound::Included(b"0006"), LexBound::Included(b"0002")).len(), 0);
    }
}

#[test]
fn a_scan_shows_all() {
    for count in [3, 100, 3000] {
        let limits = Limits::default();
        let mut zset = ZSet::default();
        for i in 0..count {
            zset.add(i.to_string().as_bytes(), f64::from(i), How::default(), &limits);
        }
        let mut seen = std::collections::HashSet::new();
        let mut cursor = 0;
        loop {
            cursor = zset.as_ref().scan(cursor, 10, |member, score| {
                assert_eq!(member, score.to_string().as_bytes());
                seen.insert(member.to_vec());
            });
            if cursor == 0 {
                break;
            }
        }
        assert_eq!(seen.len(), count as usize);
    }
}

#[test]
fn a_result_is_packed_if_it_is_small() {
    let limits = limits(4, 8);
    let of = |count: usize, len: usize| {
        let members = (0..count).map(|i| (vec![b'a' + i as u8; len], i as f64));
        ZSet::collect(members, (count, len), &limits).as_ref().encoding()
    };
    assert_eq!(of(4, 8), Encoding::Listpack);
    assert_eq!(of(5, 8), Encoding::Skiplist);
    assert_eq!(of(2, 9), Encoding::Skiplist);
}
