use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::*;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Id(u64);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Place {
    city: String,
    zip: Option<String>,
    floor: i8,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Owner {
    Nobody,
    User(Id),
    Team(String, u8),
    Company {
        name: String,
        place: Place,
    },
    #[serde(rename = "odd:name%")]
    Odd,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Everything {
    owner: Owner,
    names: Vec<String>,
    nested: Vec<(char, Option<Vec<bool>>)>,
    unit: (),
    number: f64,
    bytes: bytes::Bytes,
}

fn owner() -> impl Strategy<Value = Owner> {
    prop_oneof![
        Just(Owner::Nobody),
        Just(Owner::Odd),
        any::<u64>().prop_map(|id| Owner::User(Id(id))),
        ("[a:%]{0,3}", any::<u8>()).prop_map(|(name, n)| Owner::Team(name, n)),
        (".{0,4}", place()).prop_map(|(name, place)| Owner::Company { name, place }),
    ]
}

fn place() -> impl Strategy<Value = Place> {
    let zip = proptest::option::of("[0:%]{0,2}");
    (".{0,4}", zip, any::<i8>()).prop_map(|(city, zip, floor)| Place { city, zip, floor })
}

fn everything() -> impl Strategy<Value = Everything> {
    let nested = proptest::option::of(proptest::collection::vec(any::<bool>(), 0..3));
    let nested = proptest::collection::vec((any::<char>(), nested), 0..3);
    let names = proptest::collection::vec("[a:%0]{0,2}", 0..3);
    let number = any::<f64>().prop_filter("a number", |n| !n.is_nan());
    (owner(), names, nested, number, any::<Vec<u8>>()).prop_map(
        |(owner, names, nested, number, bytes)| Everything {
            owner,
            names,
            nested,
            unit: (),
            number,
            bytes: bytes.into(),
        },
    )
}

fn text<K: Serialize + ?Sized>(key: &K) -> String {
    String::from_utf8(write(key).unwrap().to_vec()).unwrap()
}

#[test]
fn they_are_read_by_people() {
    assert_eq!(text("a:b 100%"), "a:b 100%");
    assert_eq!(text(&42_u8), "42");
    assert_eq!(text(&-7_i64), "-7");
    assert_eq!(text(&Id(7)), "7");
    assert_eq!(text(&true), "true");
    assert_eq!(text(&'é'), "é");
    assert_eq!((text(&1.5), text(&-0.0), text(&1_f32)), ("1.5".into(), "0.0".into(), "1.0".into()));
    assert_eq!(text(&("ann", 7)), "ann:7");
    assert_eq!(text(&("a:b", "100%")), "a%3Ab:100%25");
    assert_eq!(text(&Owner::Nobody), "Nobody");
    assert_eq!(text(&Owner::User(Id(7))), "User:7");
    assert_eq!(text(&["x", "y"][..]), "2:x:y");
    assert_eq!((text(&Some(1)), text(&None::<u8>)), ("1".into(), "%0".into()));
    let address: std::net::IpAddr = [127, 0, 0, 1].into();
    assert_eq!(text(&address), "127.0.0.1");
}

#[test]
fn what_has_no_order_or_no_equal_is_none() {
    assert!(write(&HashMap::from([(1, 2)])).is_err());
    assert!(write(&BTreeMap::from([(1, 2)])).is_err());
    assert!(write(&f64::NAN).is_err());
    assert!(write(&Some(None::<u8>)).is_err());
    assert!(write(&Some((None::<u8>, 1))).is_err(), "it would begin as nothing does");
}

#[test]
fn other_forms_are_refused() {
    assert!(read::<u64>(b"07").is_err(), "nobody would find it under 7");
    assert!(read::<u64>(b"+7").is_err());
    assert!(read::<u8>(b"256").is_err());
    assert!(read::<u8>(b"").is_err());
    assert!(read::<(u8, u8)>(b"1").is_err());
    assert!(read::<(u8, u8)>(b"1:2:3").is_err());
    assert!(read::<(String, u8)>(b"a%3:1").is_err());
    assert!(read::<String>(&[0xFF]).is_err());
    assert!(read::<Vec<u8>>(b"18446744073709551615:1").is_err());
    assert!(read::<Vec<()>>(b"3:").is_err());
    assert!(read::<Owner>(b"Somebody").is_err());
    assert!(read::<bool>(b"TRUE").is_err());
    assert_eq!(read::<String>(b""), Ok(String::new()));
}

/// A type that contains itself is written, and what claims to be one that is endless is refused.
#[test]
fn nesting_is_bounded() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Chain {
        End,
        Link(Box<Chain>),
    }
    let chain = Chain::Link(Box::new(Chain::Link(Box::new(Chain::End))));
    assert_eq!(text(&chain), "Link:Link:End");
    assert_eq!(read::<Chain>(b"Link:Link:End"), Ok(chain));
    assert!(read::<Chain>("Link:".repeat(100_000).as_bytes()).is_err());
}

proptest! {
    #[test]
    fn what_is_written_is_read(key in everything()) {
        prop_assert_eq!(read::<Everything>(&write(&key).unwrap()).unwrap(), key);
    }

    #[test]
    fn different_keys_have_different_bytes(a in owner(), b in owner(), c in place(), d in place()) {
        prop_assert_eq!(write(&a).unwrap() == write(&b).unwrap(), a == b);
        prop_assert_eq!(write(&(&a, &c)).unwrap() == write(&(&b, &d)).unwrap(), (a, c) == (b, d));
    }

    /// What is read from any bytes is what those bytes are written for, or -0.0 and its like.
    #[test]
    fn any_bytes_are_refused_or_a_key(bytes: Vec<u8>, text in "[a-zA-Z0-9:%]{0,12}") {
        for bytes in [&bytes[..], text.as_bytes()] {
            let _ = read::<Everything>(bytes);
            if let Ok(key) = read::<Owner>(bytes) {
                prop_assert_eq!(&write(&key).unwrap()[..], bytes);
            }
            if let Ok(key) = read::<(Vec<Option<u8>>, String)>(bytes) {
                prop_assert_eq!(&write(&key).unwrap()[..], bytes);
            }
        }
    }
}
