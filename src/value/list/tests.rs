//! Lists against a vector, with conversions at low limits, kept and taken out between steps.

use proptest::prelude::*;

use super::*;
use crate::value::{StoredRef, View};

#[derive(Debug, Clone)]
enum Step {
    Push(End, Vec<Vec<u8>>),
    Pop(End, usize),
    Set(usize, Vec<u8>),
    Insert(usize, bool, Vec<u8>),
    RemoveRange(usize, usize),
    RemoveMatches(usize, End, usize),
    Limit(i64, u32),
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
    let strings = || proptest::collection::vec(string(), 1..6);
    prop_oneof![
        6 => (end(), strings()).prop_map(|(end, s)| Step::Push(end, s)),
        4 => (end(), 1..8_usize).prop_map(|(end, n)| Step::Pop(end, n)),
        3 => (any::<usize>(), string()).prop_map(|(at, s)| Step::Set(at, s)),
        3 => (any::<usize>(), any::<bool>(), string()).prop_map(|(at, a, s)| Step::Insert(at, a, s)),
        2 => (any::<usize>(), 0..20_usize).prop_map(|(at, n)| Step::RemoveRange(at, n)),
        1 => (any::<usize>(), end(), 0..4_usize).prop_map(|(at, e, n)| Step::RemoveMatches(at, e, n)),
        1 => (-5..7_i64, prop_oneof![Just(0), 1..100_u32]).prop_map(|(n, apart)| Step::Limit(n, apart)),
    ]
}

fn view(stored: &Stored) -> ListRef<'_> {
    match stored {
        Stored::Packed(packing, bytes) => ListRef::of(StoredRef::Packed(*packing, bytes)),
        Stored::Big(big) => ListRef::of(StoredRef::Big(&**big)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 4 } else { 512 }, ..ProptestConfig::default() })]

    #[test]
    fn is_a_vec(steps in proptest::collection::vec(step(), 0..60)) {
        let limits = Limits::default();
        let (mut list, mut model) = (List::default(), Vec::<Vec<u8>>::new());
        for step in steps {
            match step {
                Step::Push(end, strings) => {
                    list.expect(strings.len(), strings.iter().map(Vec::len).sum(), &limits);
                    for s in strings {
                        list.push(end, Item::from(&s), &limits);
                        model.insert(if end == End::Front { 0 } else { model.len() }, s);
                    }
                }
                Step::Pop(end, n) => {
                    for _ in 0..n {
                        let expected = match end {
                            End::Front if model.is_empty() => None,
                            End::Front => Some(model.remove(0)),
                            End::Back => model.pop(),
                        };
                        prop_assert_eq!(list.pop_with(end, |item| item.to_vec()), expected);
                    }
                    list.shrunk(&limits);
                }
                Step::Set(at, s) => {
                    let at = at % (model.len() + 1);
                    list.expect(1, s.len(), &limits);
                    prop_assert_eq!(list.set(at, Item::from(&s)), at < model.len());
                    if at < model.len() {
                        model[at] = s;
                    }
                    list.shrunk(&limits);
                }
                Step::Insert(at, after, s) if !model.is_empty() => {
                    let at = at % model.len();
                    list.expect(1, s.len(), &limits);
                    list.insert(at, after, Item::from(&s));
                    model.insert(at + usize::from(after), s);
                }
                Step::RemoveRange(at, n) => {
                    let at = at % (model.len() + 1);
                    list.remove_range(at, n);
                    model.drain(at..(at + n).min(model.len()));
                    list.shrunk(&limits);
                }
                Step::RemoveMatches(at, from, limit) if !model.is_empty() => {
                    let wanted = model[at % model.len()].clone();
                    let mut found: Vec<usize> =
                        (0..model.len()).filter(|&i| model[i] == wanted).collect();
                    if from == End::Back {
                        found.reverse();
                    }
                    found.truncate(limit);
                    let removed = list.remove_matches(Item::from(&wanted), from, limit);
                    prop_assert_eq!(removed, found.len());
                    found.sort_unstable();
                    found.into_iter().rev().for_each(|i| drop(model.remove(i)));
                    list.shrunk(&limits);
                }
                Step::Limit(size, apart) => {
                    limits.set(EncodingLimit::ListMaxListpackSize, size);
                    limits.set_apart(apart);
                }
                Step::Insert(..) | Step::RemoveMatches(..) => {}
            }
            prop_assert_eq!(list.len(), model.len());
            prop_assert_eq!(list.is_empty(), model.is_empty());
            if let List::Big(big) = &list && let BigList::Chunks(chunks, _) = &**big {
                chunks.check();
            }
            if !model.is_empty() {
                let stored = list.store();
                let view = view(&stored);
                prop_assert!(view.iter_from(0).map(Item::to_vec).eq(model.iter().cloned()));
                let middle = model.len() / 2;
                let mut back = view.iter_from(middle);
                let back: Vec<_> = std::iter::from_fn(|| back.back().map(Item::to_vec)).collect();
                prop_assert!(back.iter().eq(model.iter().take(middle).rev()));
                prop_assert_eq!(view.get(middle).map(Item::to_vec), model.get(middle).cloned());
                prop_assert_eq!(view.get(model.len()), None);
                list = List::restore(stored);
            }
        }
    }
}

fn encoding(list: List) -> (Encoding, List) {
    let stored = list.store();
    let encoding = match &stored {
        Stored::Packed(packing, _) => packing.encoding(),
        Stored::Big(big) => big.encoding(),
    };
    (encoding, List::restore(stored))
}

#[test]
fn turns_at_the_limit_and_back_at_half_of_it() {
    let limits = Limits::default();
    limits.set(EncodingLimit::ListMaxListpackSize, 4);
    let mut list = List::default();
    let mut expected = vec![Encoding::Listpack; 4];
    expected.extend([Encoding::Quicklist; 3]);
    for encoding_then in expected {
        list.expect(1, 1, &limits);
        list.push(End::Back, Item::Int(1), &limits);
        let now;
        (now, list) = encoding(list);
        assert_eq!(now, encoding_then);
    }
    for left in (1..7).rev() {
        assert_eq!(list.pop_with(End::Front, |item| item == Item::Int(1)), Some(true));
        list.shrunk(&limits);
        let now;
        (now, list) = encoding(list);
        assert_eq!(now == Encoding::Listpack, left <= 2, "{left}");
    }
}

#[test]
fn a_list_moves_out_of_its_entry_and_back() {
    let limits = Limits::default();
    let mut list = List::default();
    (0..100).for_each(|_| list.push(End::Back, Item::Bytes(b"five5"), &limits));
    let stored = list.store();
    assert!(matches!(&stored, Stored::Big(big) if big.encoding() == Encoding::Listpack));
    let mut list = List::restore(stored);
    list.remove_range(0, 70);
    assert!(matches!(list.store(), Stored::Packed(Packing::List, _)));
}
