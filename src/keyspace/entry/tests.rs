//! What an entry holds, against what was put in.

use proptest::prelude::*;

use super::*;
use crate::error::Error;
use crate::value::string::{INLINE_MAX, StringValue};
use crate::value::{Collection, Packing, Stored, View};

#[derive(Debug, Clone)]
enum Step {
    Set(Vec<u8>, Option<i64>),
    SetInt(i64, Option<i64>),
    Expiry(Option<i64>),
    Append(Vec<u8>),
    Edit(usize),
    Rekey(Vec<u8>),
    Copy,
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let len = prop_oneof![
        0..60_usize,
        Just(44),
        Just(45),
        250..260_usize,
        Just(INLINE_MAX),
        Just(INLINE_MAX + 1),
        0..3000_usize
    ];
    len.prop_map(|n| (0..n).map(|i| i as u8).collect())
}

fn step() -> impl Strategy<Value = Step> {
    let expiry = || proptest::option::of(any::<i64>());
    prop_oneof![
        (bytes(), expiry()).prop_map(|(b, e)| Step::Set(b, e)),
        (any::<i64>(), expiry()).prop_map(|(n, e)| Step::SetInt(n, e)),
        expiry().prop_map(Step::Expiry),
        bytes().prop_map(Step::Append),
        (0..2000_usize).prop_map(Step::Edit),
        bytes().prop_map(Step::Rekey),
        Just(Step::Copy),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 4 } else { 400 }, ..ProptestConfig::default() })]

    #[test]
    fn holds_what_was_put_in(key in bytes(), steps in proptest::collection::vec(step(), 1..30)) {
        let mut key = key;
        let mut value = b"start".to_vec();
        let mut expiry = None;
        let mut entry = Entry::new(&key, StringValue::encode(&value), None, 77);
        for step in steps {
            let _old = entry.clone();
            match step {
                Step::Set(v, e) => {
                    entry.set(StringValue::encode(&v), e.map(Millis));
                    (value, expiry) = (v, e);
                }
                Step::SetInt(n, e) => {
                    entry.set(StringValue::Int(n), e.map(Millis));
                    (value, expiry) = (n.to_string().into_bytes(), e);
                    prop_assert_eq!(entry.encoding(), Encoding::Int);
                }
                Step::Expiry(e) => {
                    entry.set_expiry(e.map(Millis));
                    expiry = e;
                }
                Step::Append(more) => {
                    entry.append(&more);
                    value.extend(more);
                    prop_assert_eq!(entry.encoding(), Encoding::Raw);
                }
                Step::Edit(len) => {
                    entry.edit(len).iter_mut().take(2).for_each(|b| *b ^= 1);
                    value.resize(len, 0);
                    value.iter_mut().take(2).for_each(|b| *b ^= 1);
                }
                Step::Rekey(k) => {
                    entry = {
                        let expiry = entry.expiry();
                        entry.rekeyed(&k, expiry)
                    };
                    key = k;
                }
                Step::Copy => entry = entry.clone(),
            }
            prop_assert_eq!(entry.key(), &key[..]);
            let mut digits = itoa::Buffer::new();
            prop_assert_eq!(entry.string().expect("a string").bytes(&mut digits), &value[..]);
            prop_assert_eq!(entry.expiry(), expiry.map(Millis));
            prop_assert_eq!(entry.access(), 77);
            prop_assert!(entry.heap_size() >= HEADER + key.len());
        }
    }
}

#[test]
fn is_as_small_as_the_design_says() {
    let size = |value: &[u8], expiry| {
        Entry::new(&[b'k'; 16], StringValue::encode(value), expiry, 0).heap_size()
    };
    assert_eq!(size(&[b'v'; 32], None), 56);
    assert_eq!(size(&[b'v'; 32], Some(Millis(1))), 64);
    assert_eq!(size(b"123456", None), 32);
}

#[test]
fn a_value_of_the_same_size_is_written_in_place() {
    let mut entry = Entry::new(b"key", StringValue::Bytes(b"12345678"), Some(Millis(5)), 0);
    let address = entry.0;
    entry.set(StringValue::Bytes(b"abcdefg"), Some(Millis(6)));
    assert_eq!((entry.0, entry.expiry()), (address, Some(Millis(6))));
    assert_eq!(entry.string().expect("a string").bytes(&mut itoa::Buffer::new()), b"abcdefg");
}

/// Bytes that lie behind the key while they are few: a collection to test with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Bag {
    bytes: Vec<u8>,
    big: bool,
}

const PACKED_MAX: usize = 300;

impl Big for Bag {
    fn kind(&self) -> Type {
        Type::Set
    }

    fn encoding(&self) -> Encoding {
        Encoding::Hashtable
    }

    fn heap_size(&self) -> usize {
        size_of::<Bag>() + self.bytes.len()
    }

    fn effort(&self) -> usize {
        2
    }

    fn duplicate(&self) -> Box<dyn Big> {
        Box::new(self.clone())
    }
}

impl Collection for Bag {
    const TYPE: Type = Type::Set;

    fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    fn restore(stored: Stored) -> Bag {
        match stored {
            Stored::Packed(packing, bytes) => {
                assert_eq!(packing, Packing::Set);
                Bag { bytes, big: false }
            }
            Stored::Big(big) => *Stored::expect_big(big),
        }
    }

    fn store(self) -> Stored {
        match self.big {
            true => Stored::Big(Box::new(self)),
            false => Stored::Packed(Packing::Set, self.bytes),
        }
    }
}

#[derive(Clone, Copy)]
struct BagRef<'a>(&'a [u8]);

impl<'a> View<'a> for BagRef<'a> {
    const TYPE: Type = Type::Set;

    fn of(stored: StoredRef<'a>) -> BagRef<'a> {
        match stored {
            StoredRef::Packed(_, bytes) => BagRef(bytes),
            StoredRef::Big(big) => BagRef(&StoredRef::expect_big::<Bag>(big).bytes),
        }
    }
}

fn contents(entry: &Entry) -> &[u8] {
    entry.view::<BagRef<'_>>().expect("a bag").0
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 4 } else { 400 }, ..ProptestConfig::default() })]

    #[test]
    fn a_collection_is_taken_out_and_put_back(key in bytes(), steps in proptest::collection::vec((0..5_u8, 0..700_usize, any::<u8>()), 1..40)) {
        let mut key = key;
        let mut model = vec![1];
        let mut expiry = None;
        let mut entry = Entry::with(&key, Stored::Packed(Packing::Set, model.clone()), None, 5);
        for (step, n, byte) in steps {
            let copy = entry.clone();
            prop_assert_eq!(contents(&copy), &model[..]);
            match step {
                0 => {
                    expiry = (byte > 100).then_some(Millis(n as i64));
                    entry.set_expiry(expiry);
                }
                1 => {
                    key = vec![byte; n];
                    entry = entry.rekeyed(&key, expiry);
                }
                _ => {
                    model.resize(n, byte);
                    entry.change(|bag: &mut Bag| {
                        bag.bytes.resize(n, byte);
                        bag.big = n > PACKED_MAX;
                        Ok(())
                    }).expect("a bag");
                    prop_assert_eq!(copy.kind(), Type::Set);
                }
            }
            prop_assert_eq!(contents(&entry), &model[..]);
            prop_assert_eq!((entry.key(), entry.expiry(), entry.access()), (&key[..], expiry, 5));
            prop_assert_eq!(entry.string().err(), Some(Error::WrongType));
            prop_assert!(entry.heap_size() >= HEADER + key.len() + model.len());
        }
    }
}

#[test]
fn a_collection_survives_a_panic_while_it_is_out() {
    let big = Bag { bytes: vec![7; 400], big: true };
    let mut entry = Entry::with(b"k", big.store(), None, 0);
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _ = entry.change(|bag: &mut Bag| -> crate::Result<()> {
            bag.bytes.push(8);
            panic!("in the middle");
        });
    }));
    assert!(panic.is_err());
    assert_eq!(contents(&entry).len(), 401);
}

#[test]
fn another_type_is_refused() {
    let mut entry = Entry::new(b"k", StringValue::Int(1), None, 0);
    assert_eq!(entry.change(|_: &mut Bag| Ok(())), Err(Error::WrongType));
    assert!(entry.view::<BagRef<'_>>().is_err());
}
