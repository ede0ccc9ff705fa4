//! The tree against `std`, and what it promises besides.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use proptest::prelude::*;

use super::run::{CAPACITY, NONE};
use super::{Border, RankTree};
use crate::rng::FieldHasher;

fn empty() -> RankTree {
    RankTree::new(FieldHasher::new([1, 2, 3, 4]))
}

/// A score in the order of the tree, as a key of `std`'s maps.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Score(f64);

impl Eq for Score {}

impl PartialOrd for Score {
    fn partial_cmp(&self, other: &Score) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Score {
    fn cmp(&self, other: &Score) -> std::cmp::Ordering {
        self.0.partial_cmp(&other.0).expect("no NaN")
    }
}

#[derive(Default)]
struct Model {
    scores: HashMap<Vec<u8>, f64>,
    order: BTreeSet<(Score, Vec<u8>)>,
}

impl Model {
    fn set(&mut self, member: &[u8], score: f64) -> Option<f64> {
        let old = self.scores.insert(member.to_vec(), score);
        if let Some(old) = old {
            self.order.remove(&(Score(old), member.to_vec()));
        }
        self.order.insert((Score(score), member.to_vec()));
        old
    }

    fn remove(&mut self, member: &[u8]) -> Option<f64> {
        let old = self.scores.remove(member)?;
        self.order.remove(&(Score(old), member.to_vec()));
        Some(old)
    }
}

fn set(tree: &mut RankTree, member: &[u8], score: f64) -> Option<f64> {
    let hash = tree.hash(member);
    match tree.find(hash, member) {
        Some(place) => {
            let old = tree.score(place);
            tree.set_score(hash, place, score);
            Some(old)
        }
        None => {
            let place = tree.insert(hash, score, member);
            assert_eq!(tree.get(place), (score, member));
            None
        }
    }
}

fn remove(tree: &mut RankTree, member: &[u8]) -> Option<f64> {
    let hash = tree.hash(member);
    let place = tree.find(hash, member)?;
    let old = tree.score(place);
    tree.remove(hash, place);
    Some(old)
}

/// Every invariant of the [module](super).
fn validate(tree: &RankTree) {
    let mut bytes = 0;
    let mut leaves = Vec::new();
    if tree.root != NONE {
        let total =
            descend(tree, tree.root, tree.height, NONE, None, None, &mut leaves, &mut bytes);
        assert_eq!(total, tree.len);
        assert_eq!((tree.first, tree.last), (leaves[0], leaves[leaves.len() - 1]));
        if tree.height > 0 {
            assert!(tree.inner(tree.root).len() > 1);
        }
    } else {
        assert_eq!((tree.len, tree.height, tree.first, tree.last), (0, 0, NONE, NONE));
    }
    assert_eq!(tree.run_bytes, bytes);
    assert_eq!(leaves.len() + tree.free_leaves.len(), tree.leaves.len());
    for (i, &leaf) in leaves.iter().enumerate() {
        let run = tree.leaf(leaf);
        assert_eq!(run.prev(), if i == 0 { NONE } else { leaves[i - 1] });
        assert_eq!(run.next(), leaves.get(i + 1).copied().unwrap_or(NONE));
        for at in 0..run.len() {
            let hash = tree.hash(run.member(at));
            assert_eq!(run.tag(at), super::index::tag(hash));
            let place = tree.find(hash, run.member(at)).expect("each member has an item");
            assert_eq!((place.leaf, place.at as usize), (leaf, at));
        }
    }
    assert_eq!(tree.index.len(), tree.len);
}

#[expect(clippy::too_many_arguments, reason = "a recursion's state")]
fn descend(
    tree: &RankTree,
    node: u32,
    height: usize,
    parent: u32,
    low: Option<(f64, &[u8])>,
    high: Option<(f64, &[u8])>,
    leaves: &mut Vec<u32>,
    bytes: &mut usize,
) -> usize {
    if height == 0 {
        let run = tree.leaf(node);
        assert_eq!(run.parent(), parent);
        assert!(run.len() > 0);
        *bytes += run.heap_size();
        leaves.push(node);
        for i in 0..run.len() {
            let item = (run.score(i), run.member(i));
            assert!(i == 0 || (run.score(i - 1), run.member(i - 1)) < item);
            assert!(low.is_none_or(|low| low <= item) && high.is_none_or(|high| item < high));
        }
        return run.len();
    }
    let inner = tree.inner(node);
    assert_eq!(inner.parent, parent);
    assert_eq!(inner.separators.len() + 1, inner.len());
    *bytes += inner.separators.heap_size();
    for slot in 0..inner.len() {
        let separator = |i: usize| (inner.separators.score(i), inner.separators.member(i));
        let low = if slot == 0 { low } else { Some(separator(slot - 1)) };
        let high = if slot == inner.len() - 1 { high } else { Some(separator(slot)) };
        let child = inner.child(slot);
        let total = descend(tree, child, height - 1, node, low, high, leaves, bytes);
        assert_eq!(inner.count(slot), total);
    }
    inner.total()
}

fn same(tree: &RankTree, model: &Model) {
    assert_eq!(tree.len(), model.order.len());
    let all: Vec<(f64, Vec<u8>)> = tree.walk(0..tree.len()).map(|(s, m)| (s, m.to_vec())).collect();
    let want: Vec<(f64, Vec<u8>)> = model.order.iter().map(|(s, m)| (s.0, m.clone())).collect();
    assert_eq!(all, want);
    let mut back: Vec<_> = tree.walk_back(0..tree.len()).map(|(s, m)| (s, m.to_vec())).collect();
    back.reverse();
    assert_eq!(back, want);
    for (rank, (score, member)) in want.iter().enumerate() {
        let place = tree.find(tree.hash(member), member).expect("is in the model");
        assert_eq!(tree.rank(place), rank);
        assert_eq!(tree.at(rank), place);
        assert_eq!(tree.score_of(member), Some(*score));
    }
}

#[derive(Debug, Clone)]
enum Op {
    Set(u32, f64),
    Remove(u32),
    RemoveRange(usize, usize),
    Score(f64),
}

/// Members of all lengths, some of them apart, some with a long common beginning.
fn member(number: u32) -> Vec<u8> {
    match number % 13 {
        0 => vec![b'a'; (number % 700) as usize].into_iter().chain(number.to_be_bytes()).collect(),
        1 => number.to_be_bytes().to_vec(),
        _ => format!("member:{number:010}").into_bytes(),
    }
}

fn ops(members: u32, scores: i32) -> impl Strategy<Value = Vec<Op>> {
    let score = move || {
        prop_oneof![
            20 => (-scores..=scores).prop_map(|n| f64::from(n) / 2.0),
            1 => Just(f64::INFINITY),
            1 => Just(f64::NEG_INFINITY),
            1 => Just(-0.0),
        ]
    };
    let op = prop_oneof![
        70 => (0..members, score()).prop_map(|(m, s)| Op::Set(m, s)),
        40 => (0..members).prop_map(Op::Remove),
        1 => (any::<usize>(), 0_usize..400).prop_map(|(a, n)| Op::RemoveRange(a, n)),
        5 => score().prop_map(Op::Score),
    ];
    proptest::collection::vec(op, 0..3000)
}

fn run(ops: Vec<Op>) {
    let mut tree = empty();
    let mut model = Model::default();
    for (step, op) in ops.into_iter().enumerate() {
        match op {
            Op::Set(m, score) => {
                let m = member(m);
                assert_eq!(set(&mut tree, &m, score), model.set(&m, score));
            }
            Op::Remove(m) => {
                let m = member(m);
                assert_eq!(remove(&mut tree, &m), model.remove(&m));
            }
            Op::RemoveRange(start, count) => {
                let start = start % (tree.len() + 1);
                let end = (start + count).min(tree.len());
                tree.remove_range(start..end);
                let gone: Vec<_> =
                    model.order.iter().skip(start).take(end - start).cloned().collect();
                gone.iter().for_each(|(_, m)| _ = model.remove(m));
            }
            Op::Score(score) => {
                let below = model.order.iter().filter(|(s, _)| s.0 < score).count();
                let upto = model.order.iter().filter(|(s, _)| s.0 <= score).count();
                assert_eq!(tree.rank_of(Border::Before(score)), below);
                assert_eq!(tree.rank_of(Border::After(score)), upto);
                let first = tree.walk_from(Border::Before(score)).next().map(|(s, _)| s);
                assert_eq!(first, model.order.iter().nth(below).map(|(s, _)| s.0));
            }
        }
        if step % 500 == 0 {
            validate(&tree);
        }
    }
    validate(&tree);
    same(&tree, &model);
    let copy = tree.clone();
    validate(&copy);
    same(&copy, &model);
    tree.remove_range(0..tree.len());
    validate(&tree);
    assert_eq!(tree.index.heap_size(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 2 } else { 48 }, ..ProptestConfig::default() })]

    #[test]
    fn is_an_ordered_map(ops in ops(3000, 1000)) {
        run(ops);
    }

    #[test]
    fn is_an_ordered_map_where_scores_tie(ops in ops(2000, 1)) {
        run(ops);
    }

    #[test]
    fn is_an_ordered_map_of_few(ops in ops(90, 20)) {
        run(ops);
    }
}

#[test]
fn finds_borders_among_members_of_one_score() {
    let mut tree = empty();
    let names: Vec<String> = (0..5000).map(|i| format!("{:05}", i * 2)).collect();
    for i in 0..names.len() {
        let name = &names[i * 2237 % names.len()];
        set(&mut tree, name.as_bytes(), 7.0);
    }
    validate(&tree);
    for i in 0..5000 {
        let (there, between) = (format!("{:05}", i * 2), format!("{:05}", i * 2 + 1));
        assert_eq!(tree.rank_of(Border::BeforeMember(there.as_bytes())), i);
        assert_eq!(tree.rank_of(Border::AfterMember(there.as_bytes())), i + 1);
        assert_eq!(tree.rank_of(Border::BeforeMember(between.as_bytes())), i + 1);
        assert_eq!(tree.rank_of(Border::AfterMember(between.as_bytes())), i + 1);
    }
    assert_eq!((tree.rank_of(Border::Start), tree.rank_of(Border::End)), (0, 5000));
}

#[test]
fn members_in_order_fill_leaves() {
    let mut tree = empty();
    let count = if cfg!(miri) { 2_000 } else { 100_000 };
    for i in 0..count {
        set(&mut tree, format!("member:{i:010}").as_bytes(), f64::from(i));
    }
    assert!(tree.leaves.len() <= count as usize / CAPACITY + 1);
    let each = tree.heap_size() as f64 / f64::from(count);
    assert!(each < 50.0, "{each} bytes a member");
    for i in 0..count {
        let first = tree.get(tree.at(0)).1;
        assert_eq!(tree.find(tree.hash(first), first), Some(tree.at(0)));
        assert_eq!(remove(&mut tree, format!("member:{i:010}").as_bytes()), Some(f64::from(i)));
    }
    validate(&tree);
    assert_eq!(tree.heap_size(), 0);
}

#[test]
fn members_in_any_order_take_little_memory() {
    let mut tree = empty();
    let count = if cfg!(miri) { 2_000_u64 } else { 200_000 };
    for i in 0..count {
        let score = (i * 7919 % 1_000_003) as f64;
        set(&mut tree, format!("member:{i:010}").as_bytes(), score);
    }
    let each = tree.heap_size() as f64 / count as f64;
    assert!(each < 54.0, "{each} bytes a member");
}

#[test]
fn a_scan_shows_whatever_stays() {
    let mut tree = empty();
    let name = |i: u32| format!("member:{i}").into_bytes();
    (0..3000).for_each(|i| _ = set(&mut tree, &name(i), f64::from(i % 7)));
    let mut seen = HashSet::new();
    let (mut cursor, mut next) = (0, 3000);
    loop {
        cursor = tree.scan(cursor, |_, member| _ = seen.insert(member.to_vec()));
        if cursor == 0 {
            break;
        }
        for _ in 0..5 {
            set(&mut tree, &name(next), 1.0);
            remove(&mut tree, &name(100 + next % 2900));
            next += 1;
        }
    }
    assert!((0..100).all(|i| seen.contains(&name(i))));
}

#[test]
fn members_whose_hashes_agree_are_told_apart() {
    // The same low 32 bits: items in one leaf are equal.
    let mut tree = empty();
    let mut by_low = BTreeMap::new();
    let mut pair = None;
    for i in 0..400_000_u32 {
        let name = i.to_string();
        if let Some(other) = by_low.insert(tree.hash(name.as_bytes()) as u32, name.clone()) {
            pair = Some((other, name));
            break;
        }
    }
    let (a, b) = pair.expect("a birthday among 400,000");
    set(&mut tree, a.as_bytes(), 1.0);
    set(&mut tree, b.as_bytes(), 2.0);
    for i in 0..1000 {
        set(&mut tree, format!("x{i}").as_bytes(), f64::from(i) / 300.0);
    }
    assert_eq!((tree.score_of(a.as_bytes()), tree.score_of(b.as_bytes())), (Some(1.0), Some(2.0)));
    set(&mut tree, a.as_bytes(), 9.0);
    assert_eq!(remove(&mut tree, b.as_bytes()), Some(2.0));
    assert_eq!(tree.score_of(a.as_bytes()), Some(9.0));
    validate(&tree);
}
