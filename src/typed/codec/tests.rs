//! What all codecs promise: what is written is read, and any bytes are refused or read at a bounded cost.

use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::*;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Shape {
    Point,
    Circle(f32),
    Polygon { points: Vec<(i32, i32)>, name: Option<String> },
    Many(Vec<Shape>),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Value {
    shape: Shape,
    tags: BTreeMap<String, u64>,
    big: i128,
    unit: (),
    array: [u16; 3],
    letter: char,
}

fn shape() -> impl Strategy<Value = Shape> {
    let leaf = prop_oneof![
        Just(Shape::Point),
        (-1e30_f32..1e30).prop_map(Shape::Circle),
        (any::<Vec<(i32, i32)>>(), any::<Option<String>>())
            .prop_map(|(points, name)| Shape::Polygon { points, name }),
    ];
    leaf.prop_recursive(4, 16, 4, |inner| {
        proptest::collection::vec(inner, 0..4).prop_map(Shape::Many)
    })
}

fn value() -> impl Strategy<Value = Value> {
    let tags = proptest::collection::btree_map(".{0,3}", any::<u64>(), 0..3);
    (shape(), tags, any::<i128>(), any::<[u16; 3]>(), any::<char>()).prop_map(
        |(shape, tags, big, array, letter)| Value { shape, tags, big, unit: (), array, letter },
    )
}

fn bytes<C: Codec>(value: &(impl Serialize + ?Sized)) -> Vec<u8> {
    let mut bytes = Vec::new();
    C::encode(value, &mut bytes).unwrap();
    bytes
}

fn round<C: Codec>(value: &Value) {
    let bytes = bytes::<C>(value);
    assert_eq!(C::decode::<Value>(&bytes).unwrap(), *value, "{}", C::NAME);
    for end in 0..bytes.len() {
        assert!(C::decode::<Value>(&bytes[..end]).is_err(), "{} was cut at {end}", C::NAME);
    }
    let longer = [&bytes[..], b"0"].concat();
    assert!(C::decode::<Value>(&longer).is_err(), "{} ended early", C::NAME);
}

fn hostile<C: Codec>(data: &[u8]) {
    let _ = C::decode::<Value>(data);
    let _ = C::decode::<Shape>(data);
    let _ = C::decode::<HashMap<String, Vec<Vec<u64>>>>(data);
    let _ = C::decode::<Vec<()>>(data);
    let _ = C::decode::<Option<String>>(data);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_is_read(value in value()) {
        round::<Bincode>(&value);
        round::<Postcard>(&value);
        round::<Json>(&value);
    }

    #[test]
    fn any_bytes_are_refused_or_read(data: Vec<u8>) {
        hostile::<Bincode>(&data);
        hostile::<Postcard>(&data);
        hostile::<Json>(&data);
    }
}

/// Values that nest once a byte would use up the stack.
#[test]
fn nesting_is_bounded() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Chain {
        End,
        Link(Box<Chain>),
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Maybe(Option<Box<Maybe>>);
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Tree(Vec<Tree>);

    fn check<C: Codec>() {
        for data in [vec![1; 1 << 20], [1, 0, 0, 0].repeat(1 << 18)] {
            assert!(C::decode::<Chain>(&data).is_err(), "{}", C::NAME);
            assert!(C::decode::<Maybe>(&data).is_err(), "{}", C::NAME);
            assert!(C::decode::<Tree>(&data).is_err(), "{}", C::NAME);
        }
        let chain = Chain::Link(Box::new(Chain::Link(Box::new(Chain::End))));
        assert_eq!(C::decode::<Chain>(&bytes::<C>(&chain)).unwrap(), chain);
    }
    check::<Bincode>();
    check::<Postcard>();
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(Json::decode::<Tree>(deep.as_bytes()).is_err());
}

/// A length that nothing stands behind is refused before memory is taken or time spent.
#[test]
fn lengths_are_bounded() {
    fn check<C: Codec>(huge: &[u8]) {
        assert!(C::decode::<Vec<u64>>(huge).is_err(), "{}", C::NAME);
        assert!(C::decode::<String>(huge).is_err(), "{}", C::NAME);
        assert!(C::decode::<Vec<()>>(huge).is_err(), "{}", C::NAME);
        assert!(C::decode::<Vec<Vec<()>>>(&[&[1], huge].concat()).is_err(), "{}", C::NAME);
        assert!(C::decode::<HashMap<(), ()>>(huge).is_err(), "{}", C::NAME);
        assert!(C::decode::<bytes::Bytes>(huge).is_err(), "{}", C::NAME);
    }
    check::<Bincode>(&[&[253][..], &[0xFF; 8]].concat());
    check::<Postcard>(&[&[0xFF; 9][..], &[1]].concat());
    // What takes no bytes is read while there is not too much of it.
    for length in [0, 1000] {
        let nothing = vec![(); length];
        assert_eq!(Postcard::decode::<Vec<()>>(&bytes::<Postcard>(&nothing)).unwrap(), nothing);
        assert_eq!(Bincode::decode::<Vec<()>>(&bytes::<Bincode>(&nothing)).unwrap(), nothing);
    }
}

/// The forms themselves: what is stored must be readable by the releases to come.
#[test]
fn forms_stay() {
    #[derive(Serialize)]
    struct Profile {
        name: &'static str,
        age: u32,
        admin: bool,
    }
    let ann = Profile { name: "Ann", age: 300, admin: true };
    assert_eq!(bytes::<Bincode>(&ann), b"\x03Ann\xFB\x2C\x01\x01");
    assert_eq!(bytes::<Postcard>(&ann), b"\x03Ann\xAC\x02\x01");
    assert_eq!(bytes::<Json>(&ann), br#"{"name":"Ann","age":300,"admin":true}"#);
}
