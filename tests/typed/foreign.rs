//! What a typed handle writes, other clients read, and the other way round.

use std::net::{IpAddr, Ipv4Addr};

use bytes::Bytes;
use danio::command::Value;
use danio::typed::Schema;
use danio::{Db, Position};

use crate::{Id, Item};

/// What redis-cli would show.
fn shown(db: &Db, words: &[&str]) -> String {
    fn text(value: &Value) -> String {
        match value {
            Value::Array(items) | Value::Set(items) => {
                items.iter().map(text).collect::<Vec<_>>().join(" ")
            }
            Value::Map(pairs) => {
                pairs.iter().flat_map(|(a, b)| [text(a), text(b)]).collect::<Vec<_>>().join(" ")
            }
            Value::Double(number) => number.to_string(),
            Value::Int(number) => number.to_string(),
            other => {
                other.as_bytes().map_or("nil".into(), |bytes| bytes.escape_ascii().to_string())
            }
        }
    }
    text(&db.execute(words).unwrap())
}

#[test]
fn json_and_keys_are_read_by_people() {
    let db = Db::in_memory();
    let named = Item::Named { name: "x".into(), tags: vec!["t".into()], parent: None };
    let json = r#"{\"Named\":{\"name\":\"x\",\"tags\":[\"t\"],\"parent\":null}}"#;

    db.value_with("value", Schema::json()).set(&named).unwrap();
    assert_eq!(shown(&db, &["GET", "value"]), json);
    db.value_with("value", Schema::json().version(2)).set(&named).unwrap();
    assert_eq!(shown(&db, &["GET", "value"]), format!("@2 {json}"));
    db.map_with::<Id, Item>("map", Schema::json()).insert(&Id(7, "a:b".into()), &named).unwrap();
    assert_eq!(shown(&db, &["HGETALL", "map"]), format!("7:a%3Ab {json}"));
    db.family_with::<u32, Item>("user:", Schema::json()).insert(&7, &named).unwrap();
    assert_eq!(shown(&db, &["GET", "user:7"]), json);
    db.list_with("list", Schema::json()).extend(&[named, Item::Nothing]).unwrap();
    assert_eq!(shown(&db, &["LRANGE", "list", "0", "-1"]), format!("{json} \\\"Nothing\\\""));
    db.set_of::<IpAddr>("set").insert(&IpAddr::V4(Ipv4Addr::LOCALHOST)).unwrap();
    assert_eq!(shown(&db, &["SMEMBERS", "set"]), "127.0.0.1");
    db.sorted_set::<(String, u32)>("board").insert(&("ann".to_owned(), 7), 1.5).unwrap();
    assert_eq!(shown(&db, &["ZRANGE", "board", "0", "-1", "WITHSCORES"]), "ann:7 1.5");
    db.geo_index::<u32>("geo").insert(&7, Position::new(0.0, 0.0).unwrap()).unwrap();
    assert_eq!(shown(&db, &["ZRANGE", "geo", "0", "-1"]), "7");
    db.stream_with("stream", Schema::json()).push(&Item::Number(1)).unwrap();
    let entry = shown(&db, &["XRANGE", "stream", "-", "+"]);
    assert!(entry.ends_with(r#" value {\"Number\":1}"#), "{entry}");
    db.counter("counter").add(42).unwrap();
    assert_eq!(shown(&db, &["GET", "counter"]), "42");
    db.bitmap("bits").insert(7).unwrap();
    assert_eq!(shown(&db, &["GET", "bits"]), "\\x01");
    db.hyperloglog::<u32>("hll").insert(&7).unwrap();
    assert_eq!(shown(&db, &["PFADD", "hll", "7"]), "0", "the same element in the same bytes");
}

#[test]
fn binary_codecs_have_one_byte_in_front() {
    let db = Db::in_memory();
    for (schema, bytes) in [
        (Schema::bincode(), &b"\x81\x07"[..]),
        (Schema::postcard(), b"\x82\x07"),
        (Schema::bincode().version(1), b"\xA1\x01\x07"),
        (Schema::postcard().version(300), b"\xA2\xAC\x02\x07"),
    ] {
        db.value_with("k", schema).set(&7_u8).unwrap();
        assert_eq!(db.get("k").unwrap().as_deref(), Some(bytes));
    }
    db.value::<u8>("k").set(&7).unwrap();
    assert_eq!(db.get("k").unwrap().as_deref(), Some(&b"\x81\x07"[..]), "bincode is the default");
}

#[test]
fn what_clients_write_is_read() {
    let db = Db::in_memory();
    for words in [
        &["HSET", "ages", "ann", "31", "bob", "17"][..],
        &["RPUSH", "jobs", "resize", "upload"],
        &["SADD", "online", "7", "8"],
        &["ZADD", "board", "31", "ann"],
        &["SET", "user:7", r#"{"Number": 7}"#],
        &["XADD", "log", "1-0", "value", "text"],
    ] {
        db.execute(words).unwrap();
    }
    let ages = db.map_with::<String, u32>("ages", Schema::plain());
    assert_eq!((ages.get("ann"), ages.add("bob", 1)), (Ok(Some(31)), Ok(18)));
    let jobs = db.list_with::<String>("jobs", Schema::plain());
    assert_eq!(jobs.range(..).unwrap(), ["resize", "upload"]);
    assert_eq!(db.set_of::<u64>("online").iter().sum::<danio::Result<u64>>(), Ok(15));
    assert_eq!(db.sorted_set::<String>("board").rank("ann"), Ok(Some(0)));
    let users = db.family_with::<u32, Item>("user:", Schema::json());
    assert_eq!(users.get(&7), Ok(Some(Item::Number(7))));
    let log = db.stream_with::<Bytes>("log", Schema::bytes());
    assert_eq!(log.range(..).unwrap()[0].1, "text");
    // A member that is none of the type is named.
    db.sadd("online", ["ann"]).unwrap();
    let error = db.set_of::<u64>("online").members().unwrap_err().to_string();
    assert_eq!(
        error,
        "ERR what stands at 'ann' in 'online' is no sound key: \"ann\" is no number that fits"
    );
}
