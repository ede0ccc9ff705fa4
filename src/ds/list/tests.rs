//! The chunked list against a deque of byte strings, with nodes of every kind of limit.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Step {
    Push(End, Vec<u8>),
    Pop(End),
    Set(usize, Vec<u8>),
    Insert(usize, bool, Vec<u8>),
    RemoveRange(usize, usize),
    RemoveMatches(usize, End, usize),
    Clone,
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![Just(End::Front), Just(End::Back)]
}

fn string() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => "[ab]{0,2}".prop_map(String::into_bytes),
        2 => (-5..5_i64).prop_map(|n| n.to_string().into_bytes()),
        2 => (0..200_usize).prop_map(|n| vec![b'm'; n]),
        1 => (1000..9000_usize).prop_map(|n| vec![b'x'; n]),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (end(), string()).prop_map(|(end, s)| Step::Push(end, s)),
        3 => end().prop_map(Step::Pop),
        3 => (any::<usize>(), string()).prop_map(|(at, s)| Step::Set(at, s)),
        4 => (any::<usize>(), any::<bool>(), string()).prop_map(|(at, a, s)| Step::Insert(at, a, s)),
        1 => (any::<usize>(), 0..20_usize).prop_map(|(at, n)| Step::RemoveRange(at, n)),
        1 => (any::<usize>(), end(), 0..4_usize).prop_map(|(at, e, n)| Step::RemoveMatches(at, e, n)),
        1 => Just(Step::Clone),
    ]
}

fn fill() -> impl Strategy<Value = Fill> {
    (prop_oneof![-5..7_i64, Just(40)], prop_oneof![3 => Just(0), 1 => 1..200_u32])
        .prop_map(|(limit, apart)| Fill::new(limit, apart))
}

fn holds(list: &ChunkedList, model: &VecDeque<Vec<u8>>) {
    list.check();
    assert_eq!(list.len(), model.len());
    assert!(list.iter_from(0).map(Item::to_vec).eq(model.iter().cloned()));
    let middle = model.len() / 2;
    assert!(list.iter_from(middle).map(Item::to_vec).eq(model.iter().skip(middle).cloned()));
    let mut back = list.iter_from(middle);
    let back: Vec<_> = std::iter::from_fn(|| back.back().map(Item::to_vec)).collect();
    assert!(back.iter().eq(model.iter().take(middle).rev()));
    assert_eq!(list.get(middle).map(Item::to_vec).as_ref(), model.get(middle));
    assert_eq!(list.get(model.len()), None);
}

fn apply(list: &mut ChunkedList, model: &mut VecDeque<Vec<u8>>, step: Step) {
    let item = |s: &Vec<u8>| s.clone();
    match step {
        Step::Push(end, s) => {
            list.push(end, Item::from(&s));
            match end {
                End::Front => model.push_front(s),
                End::Back => model.push_back(s),
            }
        }
        Step::Pop(end) => {
            let expected = match end {
                End::Front => model.pop_front(),
                End::Back => model.pop_back(),
            };
            assert_eq!(list.pop_with(end, |item| item.to_vec()), expected);
        }
        Step::Set(at, s) => {
            let at = at % (model.len() + 1);
            assert_eq!(list.set(at, Item::from(&s)), at < model.len());
            if let Some(place) = model.get_mut(at) {
                *place = s;
            }
        }
        Step::Insert(at, after, s) if !model.is_empty() => {
            let at = at % model.len();
            list.insert(at, after, Item::from(&s));
            model.insert(at + usize::from(after), s);
        }
        Step::RemoveRange(at, n) => {
            let at = at % (model.len() + 1);
            list.remove_range(at, n);
            model.drain(at..(at + n).min(model.len()));
        }
        Step::RemoveMatches(at, from, limit) if !model.is_empty() => {
            let wanted = item(&model[at % model.len()]);
            let mut found: Vec<usize> = (0..model.len()).filter(|&i| model[i] == wanted).collect();
            if from == End::Back {
                found.reverse();
            }
            found.truncate(limit);
            assert_eq!(list.remove_matches(Item::from(&wanted), from, limit), found.len());
            found.sort_unstable();
            for i in found.into_iter().rev() {
                model.remove(i);
            }
        }
        Step::Insert(..) | Step::RemoveMatches(..) => {}
        Step::Clone => *list = list.clone(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 4 } else { 512 }, ..ProptestConfig::default() })]

    #[test]
    fn is_a_deque(fill in fill(), steps in proptest::collection::vec(step(), 0..80)) {
        let (mut list, mut model) = (ChunkedList::new(fill), VecDeque::new());
        for step in steps {
            apply(&mut list, &mut model, step);
            holds(&list, &model);
        }
    }

    #[test]
    fn stays_one_with_many_nodes(steps in proptest::collection::vec(step(), 0..40)) {
        // A node an element: segments are split and merged.
        let (mut list, mut model) = (ChunkedList::new(Fill::new(1, 0)), VecDeque::new());
        for i in 0..300_i64 {
            list.push(End::Back, Item::Int(i));
            model.push_back(i.to_string().into_bytes());
        }
        for step in steps {
            apply(&mut list, &mut model, step);
            holds(&list, &model);
        }
    }
}

/// A million strings of 17 bytes, pushed at either end, in at most 20 bytes each.
#[test]
fn wastes_little() {
    for end in [End::Front, End::Back] {
        let mut list = ChunkedList::new(Fill::new(-2, 0));
        for i in 0..100_000 {
            list.push(end, Item::from(format!("element:{i:09}").as_bytes()));
        }
        let each = list.heap_size() as f64 / list.len() as f64;
        assert!(each < 19.4, "{each} at {end:?}");
    }
}

#[test]
fn a_queue_keeps_no_more_than_a_few_nodes() {
    let mut list = ChunkedList::new(Fill::new(-2, 0));
    for i in 0..100_000_i64 {
        list.push(End::Back, Item::Int(i));
        if i >= 100 {
            assert_eq!(list.pop_with(End::Front, |item| item == Item::Int(i - 100)), Some(true));
        }
    }
    list.check();
    assert!(list.heap_size() < 25_000, "{}", list.heap_size());
}

#[test]
fn nodes_are_filled_as_redis_fills_them() {
    let mut list = ChunkedList::new(Fill::new(-2, 0));
    let element = [b'e'; 17];
    let pushed = |list: &ChunkedList| list.len();
    while list.nodes() < 2 {
        list.push(End::Back, Item::from(&element[..]));
    }
    // 7 + 19 n + 17 + 8 <= 8192 lets 429 take one more.
    assert_eq!(pushed(&list), 431);
    let mut list = ChunkedList::new(Fill::new(3, 0));
    (0..7).for_each(|i| list.push(End::Front, Item::Int(i)));
    assert_eq!(list.nodes(), 3);
    assert!(list.set(2, Item::from(&[b'x'; 9000][..])));
    assert_eq!(
        list.nodes(),
        4,
        "a large element splits its node, and what is left in front merges"
    );
}
