//! The packed sequence against a vector of byte strings, and each spelling at its bounds.

use proptest::prelude::*;

use super::element::{self, Item};
use super::{Packed, PackedRef, overwrite};

/// Strings and numbers around every change of spelling.
fn string() -> impl Strategy<Value = Vec<u8>> {
    let near = |size: usize| (size.saturating_sub(2)..size + 3).prop_map(|n| vec![b'x'; n]);
    prop_oneof![
        4 => "[a-c]{0,3}".prop_map(String::into_bytes),
        2 => "[-0-9]{0,21}".prop_map(String::into_bytes),
        2 => any::<i64>().prop_map(|n| n.to_string().into_bytes()),
        2 => (0..64_u32, -2..3_i64, any::<bool>()).prop_map(|(bits, off, minus)| {
            let bound = (1_i128 << bits) * if minus { -1 } else { 1 } + i128::from(off);
            bound.to_string().into_bytes()
        }),
        1 => near(64),
        1 => near(4096),
    ]
}

#[derive(Debug, Clone)]
enum Step {
    Push(Vec<u8>),
    Insert(usize, Vec<u8>),
    Replace(usize, Vec<u8>),
    Remove(usize, usize),
    Find(usize, usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => string().prop_map(Step::Push),
        3 => (any::<usize>(), string()).prop_map(|(at, s)| Step::Insert(at, s)),
        3 => (any::<usize>(), string()).prop_map(|(at, s)| Step::Replace(at, s)),
        2 => (any::<usize>(), 0..5_usize).prop_map(|(at, n)| Step::Remove(at, n)),
        3 => (any::<usize>(), 0..3_usize).prop_map(|(at, skip)| Step::Find(at, skip)),
    ]
}

fn holds(packed: &Packed, model: &[Vec<u8>]) {
    let view = packed.as_ref();
    assert_eq!((view.len(), view.is_empty()), (model.len(), model.is_empty()));
    let read: Vec<Vec<u8>> = view.iter().map(|(_, item)| item.to_vec()).collect();
    assert_eq!(read, model);
    assert_eq!(PackedRef::checked(packed.as_bytes()), Some(view), "each in its one spelling");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 4 } else { 512 }, ..ProptestConfig::default() })]

    #[test]
    fn is_a_vec(steps in proptest::collection::vec(step(), 0..60)) {
        let (mut packed, mut model) = (Packed::new(), Vec::<Vec<u8>>::new());
        for step in steps {
            match step {
                Step::Push(s) => {
                    packed.push(&s);
                    model.push(s);
                }
                Step::Insert(at, s) => {
                    let at = at % (model.len() + 1);
                    let pos = packed.as_ref().nth(at).unwrap_or(packed.as_ref().end());
                    let behind = packed.insert(pos, &s);
                    prop_assert_eq!(behind, packed.as_ref().advance(pos, 1));
                    model.insert(at, s);
                }
                Step::Replace(at, s) if !model.is_empty() => {
                    let at = at % model.len();
                    let pos = packed.as_ref().nth(at).unwrap();
                    let before = packed.as_bytes().to_vec();
                    let mut in_place = before.clone();
                    let fits = overwrite(&mut in_place, pos, &s);
                    let behind = packed.replace(pos, &s);
                    prop_assert_eq!(fits, before.len() == packed.as_bytes().len());
                    prop_assert_eq!(&in_place[..], if fits { packed.as_bytes() } else { &before });
                    prop_assert_eq!(behind, packed.as_ref().advance(pos, 1));
                    model[at] = s;
                }
                Step::Remove(at, n) => {
                    let at = at % (model.len() + 1);
                    let pos = packed.as_ref().nth(at).unwrap_or(packed.as_ref().end());
                    let n_there = n.min(model.len() - at);
                    prop_assert_eq!(packed.remove(pos, n), n_there);
                    model.drain(at..at + n_there);
                }
                Step::Find(at, skip) if !model.is_empty() => {
                    let wanted = &model[at % model.len()];
                    let index = model.iter().step_by(skip + 1).position(|s| s == wanted);
                    let pos = packed.as_ref().find(Item::from(wanted), skip);
                    prop_assert_eq!(pos, index.and_then(|i| packed.as_ref().nth(i * (skip + 1))));
                    if let Some(pos) = pos {
                        prop_assert_eq!(packed.as_ref().at(pos).unwrap().to_vec(), &wanted[..]);
                    }
                    prop_assert_eq!(packed.as_ref().find(Item::Bytes(b"absent"), skip), None);
                }
                Step::Replace(..) | Step::Find(..) => {}
            }
            holds(&packed, &model);
        }
        holds(&Packed::from(packed.as_ref()), &model);
        holds(&model.iter().collect(), &model);
    }

    #[test]
    fn an_element_reads_back(bytes in string()) {
        let item = Item::from(&bytes);
        let mut out = Vec::new();
        item.write(&mut out);
        prop_assert_eq!(out.len(), item.size());
        prop_assert_eq!(element::skip(&out), out.len());
        prop_assert_eq!(element::read(&out), (item, out.len()));
        prop_assert_eq!(element::check(&out), Some(out.len()));
        prop_assert_eq!((item.to_vec(), item.len()), (bytes.clone(), bytes.len()));
        let mut placed = vec![0; item.size()];
        item.write_into(&mut placed);
        prop_assert_eq!(placed, out);
    }

    #[test]
    fn a_length_reads_back(size in prop_oneof![0..300_usize, 16_000..17_000_usize, any::<u32>().prop_map(|n| n as usize)]) {
        let mut out = vec![0x80; 3];
        let bytes = element::back_len_size(size);
        out.resize(3 + bytes, 0);
        element::write_back_len(size, &mut out[3..]);
        prop_assert_eq!(element::read_back_len(&out), (size, bytes));
    }

    #[test]
    fn what_comes_from_elsewhere_is_checked(bytes in proptest::collection::vec(prop_oneof![Just(0_u8), 0..4_u8, any::<u8>()], 0..40)) {
        if let Some(view) = PackedRef::checked(&bytes) {
            let again: Packed = view.iter().map(|(_, item)| item).collect();
            prop_assert_eq!(again.len(), view.len());
            if !view.is_empty() {
                prop_assert_eq!(again.as_bytes(), &bytes[..]);
            }
        }
    }
}

#[test]
fn elements_are_as_small_as_they_can_be() {
    for (text, size) in [
        ("", 1),
        ("0", 1),
        ("127", 1),
        ("128", 2),
        ("-1", 2),
        ("-4096", 2),
        ("4095", 2),
        ("4096", 3),
        ("-32768", 3),
        ("32768", 4),
        ("8388608", 5),
        ("-2147483648", 5),
        ("2147483648", 9),
        ("9223372036854775807", 9),
        ("9223372036854775808", 20),
        ("-0", 3),
        ("01", 3),
    ] {
        assert_eq!(Item::from(text.as_bytes()).size(), size, "{text}");
    }
    for (len, size) in [(63, 64), (64, 66), (4095, 4097), (4096, 4101)] {
        assert_eq!(Item::from(&vec![b'x'; len]).size(), size, "{len}");
    }
}

#[test]
fn many_elements_are_counted_by_walking() {
    let mut packed: Packed = (0..65_534).map(|_| 1_i64).collect();
    for more in 65_535..65_540 {
        packed.push(2);
        assert_eq!(packed.len(), more);
    }
    assert!(PackedRef::checked(packed.as_bytes()).is_some());
    assert_eq!(packed.remove(packed.as_ref().start(), 4), 4);
    assert_eq!(packed.len(), 65_535);
    assert_eq!(packed.remove(packed.as_ref().start(), 1), 1);
    assert_eq!(packed.len(), 65_534);
    assert!(PackedRef::checked(packed.as_bytes()).is_some());
    packed.push(3);
    assert_eq!(packed.len(), 65_535);
}

#[test]
fn an_empty_sequence_allocates_nothing() {
    let mut packed = Packed::new();
    assert_eq!((packed.heap_size(), packed.len(), packed.is_empty()), (0, 0, true));
    assert_eq!(packed.remove(packed.as_ref().start(), 1), 0);
    assert_eq!(packed.as_ref().nth(0), None);
    assert_eq!(packed.insert(packed.as_ref().end(), 5), 3);
    assert_eq!(packed.as_bytes(), [1, 0, 5]);
}
