//! Values that go out and come back, old forms that come in, and bytes that are refused.

use proptest::prelude::*;

use super::crc::checksum;
use super::input::Input;
use super::listpack::Listpack;
use super::{kind, payload};
use crate::command::{Instance, Value};
use crate::config::Limits;
use crate::{Config, Db, Engine, ManualClock};

fn run(db: &Db, words: &[&[u8]]) -> Value {
    db.execute(words.iter().copied()).unwrap()
}

fn text(db: &Db, line: &str) -> Value {
    db.execute(line.split(' ')).unwrap()
}

fn bulks(words: &[&str]) -> Value {
    Value::Array(words.iter().map(|w| Value::Bulk(w.as_bytes().to_vec().into())).collect())
}

fn fresh() -> Db {
    let engine = Engine::open(Config::new().clock(ManualClock::new()).seed(1)).unwrap();
    Instance::of(&engine).parameters.load(b"enable-debug-command", &[b"yes"]).unwrap();
    engine.db(0).unwrap()
}

/// A payload of a body.
fn sealed(body: &[u8], version: u16) -> Vec<u8> {
    let mut bytes = body.to_vec();
    bytes.extend_from_slice(&version.to_le_bytes());
    let sum = checksum(&bytes);
    bytes.extend_from_slice(&sum.to_le_bytes());
    bytes
}

/// Asserts that what a key holds, dumped and restored, is the same to every reader.
fn comes_back(db: &Db, key: &str) {
    let Some(payload) = db.dump(key) else { return };
    let _ = db.del("copy of it");
    db.restore("copy of it", &payload).unwrap();
    // As in Redis, a table or a list of nodes that is small enough by now comes back packed.
    use crate::Encoding::{Int, Intset, Listpack, Stream};
    let stays = matches!(db.encoding(key), Some(Int | Intset | Listpack | Stream));
    if stays {
        assert_eq!(db.encoding("copy of it"), db.encoding(key), "{key}");
    }
    let digest = |key: &str| run(db, &[b"DEBUG", b"DIGEST-VALUE", key.as_bytes()]);
    assert_eq!(digest("copy of it"), digest(key), "{key}");
    // A second time around the bytes are the same, but for long hashes, which have no order.
    if stays && (payload.len() < 500 || !matches!(key, "hash" | "k")) {
        assert!(db.dump("copy of it") == Some(payload), "{key}");
    }
    assert!(db.del("copy of it"));
}

#[derive(Debug, Clone)]
enum Step {
    Set(Vec<u8>),
    Push(Vec<u8>, bool),
    Add(Vec<u8>),
    Field(Vec<u8>, Vec<u8>, bool),
    Score(Vec<u8>, f64),
    Entry(Vec<(Vec<u8>, Vec<u8>)>),
    Delete(u64),
    Group(u8),
    Read(u8, u8),
    GiveBack(u8, u64, bool),
}

fn word() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => prop::collection::vec(any::<u8>(), 0..12),
        3 => any::<i64>().prop_map(|n| n.to_string().into_bytes()),
        3 => (0_i64..40).prop_map(|n| n.to_string().into_bytes()),
        1 => prop::collection::vec(0_u8..3, 20..200),
        1 => (1_usize..30_000).prop_map(|n| vec![b'x'; n]),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => word().prop_map(Step::Set),
        4 => (word(), any::<bool>()).prop_map(|(w, left)| Step::Push(w, left)),
        4 => word().prop_map(Step::Add),
        4 => (word(), word(), any::<bool>()).prop_map(|(f, v, t)| Step::Field(f, v, t)),
        4 => (word(), prop_oneof![any::<i16>().prop_map(f64::from), any::<f64>()])
            .prop_filter("a number", |(_, s)| !s.is_nan())
            .prop_map(|(m, s)| Step::Score(m, s)),
        4 => prop::collection::vec((word(), word()), 1..4).prop_map(Step::Entry),
        1 => (1_u64..60).prop_map(Step::Delete),
        1 => (0_u8..3).prop_map(Step::Group),
        2 => (0_u8..3, 0_u8..3).prop_map(|(g, c)| Step::Read(g, c)),
        2 => (0_u8..3, 1_u64..60, any::<bool>()).prop_map(|(g, id, f)| Step::GiveBack(g, id, f)),
    ]
}

fn take(db: &Db, step: Step, id: u64) {
    match step {
        Step::Set(value) => drop(run(db, &[b"SET", b"string", &value])),
        Step::Push(value, true) => drop(run(db, &[b"LPUSH", b"list", &value])),
        Step::Push(value, false) => drop(run(db, &[b"RPUSH", b"list", &value])),
        Step::Add(member) => drop(run(db, &[b"SADD", b"set", &member])),
        Step::Field(field, value, timed) => {
            let key: &[u8] = if timed { b"timed hash" } else { b"hash" };
            run(db, &[b"HSET", key, &field, &value]);
            if timed && value.len() % 2 == 0 {
                run(db, &[b"HEXPIRE", key, b"1000", b"FIELDS", b"1", &field]);
            }
        }
        Step::Score(member, score) => {
            run(db, &[b"ZADD", b"zset", format!("{score:e}").as_bytes(), &member]);
        }
        Step::Entry(fields) => {
            let id = format!("{}-{id}", id / 7);
            let mut words: Vec<&[u8]> = vec![b"XADD", b"stream", id.as_bytes()];
            fields.iter().for_each(|(field, value)| words.extend([&field[..], value]));
            run(db, &words);
        }
        Step::Delete(id) => {
            let id = format!("{}-{id}", id / 7);
            run(db, &[b"XDEL", b"stream", id.as_bytes()]);
        }
        Step::Group(group) => {
            let _ =
                db.execute(["XGROUP", "CREATE", "stream", &format!("g{group}"), "0", "MKSTREAM"]);
        }
        Step::GiveBack(group, id, force) => {
            let line = format!("XNACK stream g{group} FAIL IDS 1 {}-{id}", id / 7);
            let line = if force { line + " FORCE" } else { line };
            let _ = db.execute(line.split(' '));
        }
        Step::Read(group, consumer) => {
            let (group, consumer) = (format!("g{group}"), format!("c{consumer}"));
            let _ = db.execute([
                "XREADGROUP",
                "GROUP",
                &group,
                &consumer,
                "COUNT",
                "2",
                "STREAMS",
                "stream",
                ">",
            ]);
        }
    }
}

/// What is short enough for Redis to pack it, and too long for Danio to keep it packed, is written as packed.
#[test]
fn collections_of_each_length_come_back() {
    let db = fresh();
    for count in (1_usize..140).step_by(21).chain([128, 129, 512, 513]) {
        for width in [2, 9, 40] {
            let _ = db.del_many(["set", "ints", "zset", "floats", "long hash", "list"]);
            for n in 0..count {
                let word = format!("{n:0width$}x");
                let (score, number) = ((n as f64).sqrt().to_string(), (n * 9999).to_string());
                let [word, score, number] = [&word, &score, &number].map(|word| word.as_bytes());
                run(&db, &[b"SADD", b"set", word]);
                run(&db, &[b"SADD", b"ints", number]);
                run(&db, &[b"ZADD", b"zset", number, word]);
                run(&db, &[b"ZADD", b"floats", score, number]);
                run(&db, &[b"HSET", b"long hash", word, score]);
                run(&db, &[b"RPUSH", b"list", word]);
            }
            for key in ["set", "ints", "zset", "floats", "long hash", "list"] {
                let before = run(&db, &[b"DEBUG", b"DIGEST-VALUE", key.as_bytes()]);
                let encoding = db.encoding(key);
                let payload = db.dump(key).unwrap();
                if matches!(
                    payload[0],
                    kind::SET_LISTPACK | kind::ZSET_LISTPACK | kind::HASH_LISTPACK
                ) {
                    let mut packed = Input::memory(&payload[1..]);
                    let spelled = Listpack::new(&packed.string().unwrap())
                        .unwrap()
                        .chain()
                        .unwrap()
                        .is_some();
                    assert!(spelled, "{key} of {count} has numbers as strings");
                }
                db.restore("copy of it", &payload).unwrap();
                let after = run(&db, &[b"DEBUG", b"DIGEST-VALUE", b"copy of it"]);
                assert_eq!(after, before, "{key} of {count}, {width} wide");
                assert_eq!(db.encoding("copy of it"), encoding, "{key} of {count}");
                assert!(db.del("copy of it"));
            }
            let before = text(&db, "DEBUG DIGEST");
            let mut file = Vec::new();
            db.engine().export(&mut file).unwrap();
            db.engine().import(&file[..]).unwrap();
            assert_eq!(text(&db, "DEBUG DIGEST"), before, "{count}, {width} wide");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 64 }))]

    #[test]
    fn every_value_comes_back(steps in prop::collection::vec(step(), 1..300)) {
        let db = fresh();
        for (i, step) in steps.into_iter().enumerate() {
            take(&db, step, i as u64 + 1);
        }
        for key in ["string", "list", "set", "hash", "timed hash", "zset", "stream"] {
            comes_back(&db, key);
        }
    }

    #[test]
    fn any_bytes_may_be_restored(
        of in 0_u8..30, version in prop_oneof![Just(11_u16), Just(80), Just(12)],
        body in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut bytes = vec![of];
        bytes.extend(body);
        let _ = payload::value(&bytes, version, &Limits::default());
    }

    #[test]
    fn no_damage_is_harmful(
        steps in prop::collection::vec(step(), 1..60),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let db = fresh();
        for (i, step) in steps.into_iter().enumerate() {
            take(&db, step, i as u64 + 1);
        }
        for key in ["list", "set", "hash", "timed hash", "zset", "stream"] {
            let Some(whole) = db.dump(key) else { continue };
            let mut body = whole[..whole.len() - 10].to_vec();
            let version = u16::from_le_bytes([whole[body.len()], whole[body.len() + 1]]);
            for (at, byte) in &damage {
                let at = at.index(body.len());
                body[at] = *byte;
            }
            let other = fresh();
            if other.restore("k", sealed(&body, version)).is_ok() {
                comes_back(&other, "k");
                for line in [
                    "LRANGE k 0 -1", "SMEMBERS k", "HGETALL k", "ZRANGE k 0 -1 WITHSCORES",
                    "XRANGE k - +", "XINFO STREAM k FULL", "LPOP k", "SPOP k", "ZPOPMIN k",
                    "XTRIM k MAXLEN 1",
                ] {
                    let _ = other.execute(line.split(' '));
                }
            }
        }
    }
}

#[test]
fn payloads_are_those_of_redis() {
    let db = fresh();
    for line in [
        "SET int 12345",
        "SET large 123456789012",
        "SET short hello",
        "RPUSH list a b 300",
        "SADD ints 1 2 3",
        "SADD words a 7",
        "HSET hash a 1 b xx",
        "ZADD zset 1 a 2.5 b -inf c",
    ] {
        text(&db, line);
    }
    // As Redis 7.0 and Valkey 9.1 dump the same, less version and checksum.
    for (key, body) in [
        ("int", &b"\x00\xC1\x39\x30"[..]),
        ("large", b"\x00\x0c123456789012"),
        ("short", b"\x00\x05hello"),
        ("list", b"\x12\x01\x02\x10\x10\0\0\0\x03\0\x81a\x02\x81b\x02\xC1\x2C\x02\xFF"),
        ("ints", b"\x0b\x0e\x02\0\0\0\x03\0\0\0\x01\0\x02\0\x03\0"),
        ("words", b"\x14\x0c\x0c\0\0\0\x02\0\x81a\x02\x07\x01\xFF"),
        ("hash", b"\x10\x13\x13\0\0\0\x04\0\x81a\x02\x01\x01\x81b\x02\x82xx\x03\xFF"),
        (
            "zset",
            b"\x11\x1d\x1d\0\0\0\x06\0\x81c\x02\x84-inf\x05\x81a\x02\x01\x01\x81b\x02\x832.5\x04\xFF",
        ),
    ] {
        let payload = db.dump(key).unwrap();
        let (found, footer) = payload.split_at(payload.len() - 10);
        assert_eq!(found.escape_ascii().to_string(), body.escape_ascii().to_string(), "{key}");
        let version = if key == "words" { 11 } else { 10 };
        assert_eq!(footer[..2], [version, 0], "{key}");
    }
}

/// A ziplist of strings and numbers, spelled as Redis 6 would.
fn ziplist(elements: &[&str]) -> Vec<u8> {
    let mut bytes = vec![0; 10];
    let (mut before, mut last) = (0, 10);
    for element in elements {
        last = bytes.len();
        if before < 254 {
            bytes.push(before as u8);
        } else {
            bytes.push(0xFE);
            bytes.extend_from_slice(&(before as u32).to_le_bytes());
        }
        match element.parse::<i64>() {
            Ok(small @ 0..=12) => bytes.push(0xF1 + small as u8),
            Ok(number) if i8::try_from(number).is_ok() => {
                bytes.extend_from_slice(&[0xFE, number as u8]);
            }
            Ok(number) if i16::try_from(number).is_ok() => {
                bytes.push(0xC0);
                bytes.extend_from_slice(&(number as i16).to_le_bytes());
            }
            Ok(number) if (-(1 << 23)..1 << 23).contains(&number) => {
                bytes.push(0xF0);
                bytes.extend_from_slice(&number.to_le_bytes()[..3]);
            }
            Ok(number) if i32::try_from(number).is_ok() => {
                bytes.push(0xD0);
                bytes.extend_from_slice(&(number as i32).to_le_bytes());
            }
            Ok(number) => {
                bytes.push(0xE0);
                bytes.extend_from_slice(&number.to_le_bytes());
            }
            Err(_) if element.len() < 64 => bytes.push(element.len() as u8),
            Err(_) => {
                bytes.extend_from_slice(&[0x40 | (element.len() >> 8) as u8, element.len() as u8])
            }
        }
        if element.parse::<i64>().is_err() {
            bytes.extend_from_slice(element.as_bytes());
        }
        before = bytes.len() - last;
    }
    bytes.push(0xFF);
    let len = bytes.len() as u32;
    bytes[..4].copy_from_slice(&len.to_le_bytes());
    bytes[4..8].copy_from_slice(&(last as u32).to_le_bytes());
    bytes[8..10].copy_from_slice(&(elements.len() as u16).to_le_bytes());
    bytes
}

/// A body: the type, and one string.
fn blob(of: u8, bytes: &[u8]) -> Vec<u8> {
    let mut body = vec![of, 0x80];
    body.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
    body.extend_from_slice(bytes);
    body
}

#[test]
fn the_forms_of_older_versions_are_read() {
    let db = fresh();
    let long = "y".repeat(300);
    let elements = [
        "a",
        "0",
        "12",
        "-1",
        "300",
        "70000",
        "-8388608",
        "2000000000",
        "-9000000000",
        &long,
        "b",
        "",
    ];
    db.restore("list", sealed(&blob(kind::LIST_ZIPLIST, &ziplist(&elements)), 6)).unwrap();
    assert_eq!(text(&db, "LRANGE list 0 -1"), bulks(&elements));
    let two = [blob(1, &ziplist(&["a", "1"])), blob(1, &ziplist(&["b"]))];
    let body = [&[kind::LIST_QUICKLIST, 2][..], &two[0][1..], &two[1][1..]].concat();
    db.restore("quicklist", sealed(&body, 7)).unwrap();
    assert_eq!(text(&db, "LRANGE quicklist 0 -1"), bulks(&["a", "1", "b"]));
    let pairs = ["a", "1", "b", "2.5", "c", "inf"];
    db.restore("zset", sealed(&blob(kind::ZSET_ZIPLIST, &ziplist(&pairs)), 6)).unwrap();
    assert_eq!(db.zscore("zset", "b").unwrap().map(|s| s.get()), Some(2.5));
    db.restore("hash", sealed(&blob(kind::HASH_ZIPLIST, &ziplist(&pairs)), 6)).unwrap();
    assert_eq!(db.hget("hash", "c").unwrap().as_deref(), Some(&b"inf"[..]));
    let zipmap = b"\x02\x03foo\x03\x02barxx\x05hello\xFE\x05\0\0\0\0world\xFF";
    db.restore("zipmap", sealed(&blob(kind::HASH_ZIPMAP, zipmap), 2)).unwrap();
    assert_eq!(db.hget("zipmap", "foo").unwrap().as_deref(), Some(&b"bar"[..]));
    assert_eq!(db.hget("zipmap", "hello").unwrap().as_deref(), Some(&b"world"[..]));
    db.restore("text", sealed(b"\x03\x03\x01a\x032.5\x01b\xFE\x01c\xFF", 6)).unwrap();
    assert_eq!(text(&db, "ZRANGE text 0 -1"), bulks(&["c", "a", "b"]));
    assert_eq!(db.zscore("text", "a").unwrap().map(|s| s.get()), Some(2.5));
    db.restore("members", sealed(b"\x02\x02\xC0\x05\x01x", 6)).unwrap();
    assert_eq!(db.scard("members").unwrap(), 2);
    db.restore("elements", sealed(b"\x01\x02\xC0\x05\x01x", 6)).unwrap();
    assert_eq!(db.llen("elements").unwrap(), 2);
}

#[test]
fn fields_with_times_are_read_as_redis_and_valkey_write_them() {
    let db = fresh();
    let at = (db.engine().now().0 + 5000) as u64;
    let ttl = |db: &Db, key: &str| text(db, &format!("HPEXPIRETIME {key} FIELDS 2 a b"));
    let expected = Value::Array(vec![Value::Int(at as i64), Value::Int(-1)]);
    let number = |n: u64| [&[0x81][..], &n.to_be_bytes()].concat();
    // Valkey 9: behind the pair.
    let behind =
        [&b"\x16\x02\x01a\x01x"[..], &at.to_le_bytes(), b"\x01b\x01y", &(-1_i64).to_le_bytes()]
            .concat();
    db.restore("valkey", sealed(&behind, 80)).unwrap();
    assert_eq!(ttl(&db, "valkey"), expected);
    // Redis 7.4: before the field, counted from the first.
    let before = [&b"\x18"[..], &at.to_le_bytes(), b"\x02\x01\x01a\x01x\x00\x01b\x01y"].concat();
    db.restore("redis", sealed(&before, 12)).unwrap();
    assert_eq!(ttl(&db, "redis"), expected);
    let early = [&b"\x16\x02"[..], &number(at), b"\x01a\x01x\x00\x01b\x01y"].concat();
    db.restore("early", sealed(&early, 12)).unwrap();
    assert_eq!(ttl(&db, "early"), expected);
    let mut pack = super::listpack::Writer::default();
    pack.begin();
    for word in [&b"a"[..], b"x", at.to_string().as_bytes(), b"b", b"y", b"0"] {
        pack.push(word);
    }
    let pack = pack.finish();
    let body = [&b"\x19"[..], &at.to_le_bytes(), &blob(0, pack)[1..]].concat();
    db.restore("packed", sealed(&body, 12)).unwrap();
    assert_eq!(ttl(&db, "packed"), expected);
    // The types of the one mean nothing to the other.
    assert!(db.restore("no", sealed(&before, 80)).is_err());
}

#[test]
fn producers_are_remembered() {
    let db = fresh();
    text(&db, "XADD s IDMP p one * f v");
    text(&db, "XADD s IDMP p two * f v");
    text(&db, "XADD s IDMP q one * f v");
    let payload = db.dump("s").unwrap();
    assert_eq!((payload[0], payload[payload.len() - 10]), (kind::STREAM_4, 13));
    db.restore("t", &payload).unwrap();
    assert_eq!(db.dump("t"), Some(payload.clone()));
    assert_eq!(text(&db, "XINFO STREAM t"), text(&db, "XINFO STREAM s"));
    // A message that comes twice in the payload is refused.
    let mut body = payload[..payload.len() - 10].to_vec();
    let at = body.windows(3).position(|w| w == b"two").unwrap();
    body[at..at + 3].copy_from_slice(b"one");
    assert!(db.restore("u", sealed(&body, 13)).is_err());
}

/// A stream of which two entries were given back, the second first; one more is pending, and one was not read.
fn given_back() -> Db {
    let db = fresh();
    for id in 1..=4 {
        text(&db, &format!("XADD s {id}-0 f v"));
    }
    text(&db, "XGROUP CREATE s g 0");
    text(&db, "XGROUP CREATE s h 0");
    text(&db, "XREADGROUP GROUP g ann COUNT 3 STREAMS s >");
    text(&db, "XNACK s g FAIL IDS 1 2-0");
    text(&db, "XNACK s g FATAL IDS 1 1-0");
    db
}

#[test]
fn what_was_given_back_is_nobodys_there_too() {
    let db = given_back();
    let payload = db.dump("s").unwrap();
    assert_eq!((payload[0], payload[payload.len() - 10]), (kind::STREAM_5, 14));
    db.restore("t", &payload).unwrap();
    assert_eq!(db.dump("t"), Some(payload.clone()));
    // Of producers nothing was said, though the form has room for it.
    assert_eq!(text(&db, "XINFO STREAM t FULL"), text(&db, "XINFO STREAM s FULL"));
    let claim = |key: &str| {
        let read = text(&db, &format!("XREADGROUP GROUP g bob CLAIM 1000 STREAMS {key} >"));
        format!("{read:?}").replace(&format!("b\"{key}\""), "key")
    };
    let claimed = claim("t");
    assert_eq!(claimed, claim("s"));
    assert!(claimed.find("2-0").unwrap() < claimed.find("1-0").unwrap(), "{claimed}");

    // With producers too.
    let db = given_back();
    text(&db, "XADD s IDMP p one * f v");
    let payload = db.dump("s").unwrap();
    db.restore("t", &payload).unwrap();
    assert_eq!(text(&db, "XINFO STREAM t FULL"), text(&db, "XINFO STREAM s FULL"));
    assert_eq!(db.dump("t"), Some(payload));

    // When nothing is given back any more, older servers can have it again.
    let db = given_back();
    text(&db, "XCLAIM s g bob 0 1-0 2-0");
    assert_eq!(db.dump("s").unwrap()[0], kind::STREAM_3);
}

#[test]
fn what_was_given_back_has_to_be_pending_and_nobodys() {
    let db = given_back();
    let payload = db.dump("s").unwrap();
    let body = &payload[..payload.len() - 10];
    let raw = |ms: u64| (u128::from(ms) << 64).to_be_bytes();
    // Its first group's, behind its consumers: two ids, the later one first.
    let zone = [&[2][..], &raw(2), &raw(1)].concat();
    let at = body.windows(zone.len()).position(|w| w == zone).unwrap();
    let with = |zone: &[u8]| sealed(&[&body[..at], zone, &body[at + 33..]].concat(), 14);
    assert!(db.restore("same", with(&zone)).is_ok());
    let ann_has_it = [&[2][..], &raw(3), &raw(1)].concat();
    let nobody_read_it = [&[3][..], &raw(2), &raw(1), &raw(4)].concat();
    let twice = [&[3][..], &raw(2), &raw(1), &raw(1)].concat();
    let one_missing = [&[1][..], &raw(2)].concat();
    for wrong in [ann_has_it, nobody_read_it, twice, one_missing] {
        assert!(db.restore("wrong", with(&wrong)).is_err());
    }
}

#[test]
fn older_readers_find_what_was_given_back_with_a_consumer_without_a_name() {
    use crate::RdbVersion::{Redis7_0, Redis7_2, Redis7_4, Redis8_6, Redis8_8, Valkey9};
    let export = |db: &Db, version| {
        let mut file = Vec::new();
        let options = crate::ExportOptions::new().version(version);
        db.engine().export_with(&mut file, options).unwrap();
        let other = fresh();
        other.engine().import(&file[..]).unwrap();
        other
    };
    let full = |db: &Db| format!("{:?}", text(db, "XINFO STREAM s FULL"));
    for is_there in [false, true] {
        let db = given_back();
        if is_there {
            db.execute(["XREADGROUP", "GROUP", "g", "", "STREAMS", "s", ">"]).unwrap();
        }
        assert_eq!(full(&export(&db, Redis8_8)), full(&db));
        for version in [Redis7_0, Redis7_2, Redis7_4, Redis8_6, Valkey9] {
            let db = export(&db, version);
            let number = |n: &str| Value::Bulk(n.to_owned().into());
            let consumers = match is_there {
                false => [[number(""), number("2")], [number("ann"), number("1")]],
                true => [[number(""), number("3")], [number("ann"), number("1")]],
            };
            let Value::Array(told) = text(&db, "XPENDING s g") else { panic!("a summary") };
            assert_eq!(told[3], Value::Array(consumers.map(|c| Value::Array(c.into())).into()));
            let deliveries = text(&db, "XPENDING s g - + 1");
            assert!(format!("{deliveries:?}").contains(&i64::MAX.to_string()), "{deliveries:?}");
            // Whoever claims what is idle comes by it, however long it is to have been so.
            let claimed = format!("{:?}", text(&db, "XAUTOCLAIM s g bob 999999999 0 JUSTID"));
            assert!(claimed.contains("1-0") && claimed.contains("2-0"), "{claimed}");
            assert!(!claimed.contains("3-0") && !claimed.contains("4-0"), "{claimed}");
        }
    }
}

#[test]
fn what_is_wrong_is_told_in_redis_words() {
    let db = fresh();
    text(&db, "SET k v");
    let payload = db.dump("k").unwrap();
    let told = |words: &[&[u8]]| match db.execute(words.iter().copied()) {
        Err(error) => error.to_string(),
        Ok(value) => format!("{value:?}"),
    };
    let wrong = "ERR DUMP payload version or checksum are wrong";
    assert_eq!(
        told(&[b"RESTORE", b"k", b"0", &payload]),
        "BUSYKEY Target key name already exists."
    );
    assert_eq!(told(&[b"RESTORE", b"n", b"-1", &payload]), "ERR Invalid TTL value, must be >= 0");
    assert_eq!(told(&[b"RESTORE", b"n", b"0", b""]), wrong);
    assert_eq!(told(&[b"RESTORE", b"n", b"0", &payload[..payload.len() - 1]]), wrong);
    assert_eq!(told(&[b"RESTORE", b"n", b"0", &sealed(b"\0\x01v", 15)]), wrong);
    assert_eq!(told(&[b"RESTORE", b"n", b"0", &sealed(b"\x04\0", 11)]), "ERR Bad data format");
    assert_eq!(told(&[b"RESTORE", b"n", b"0", &sealed(b"\0\x01vv", 11)]), "ERR Bad data format");
    assert_eq!(
        told(&[b"RESTORE", b"n", b"0", &payload, b"IDLETIME", b"1", b"FREQ", b"1"]),
        "ERR syntax error"
    );
    assert_eq!(
        told(&[b"RESTORE", b"n", b"0", &payload, b"FREQ", b"256"]),
        "ERR Invalid FREQ value, must be >= 0 and <= 255"
    );
    assert_eq!(
        told(&[b"RESTORE", b"n", b"0", &payload, b"IDLETIME", b"-1"]),
        "ERR Invalid IDLETIME value, must be >= 0"
    );
    assert_eq!(db.get("n").unwrap(), None);
}

#[test]
fn lengths_that_nothing_stands_behind_allocate_nothing() {
    let limits = Limits::default();
    for body in [
        &b"\0\x81\xff\xff\xff\xff\xff\xff\xff\xff"[..],
        b"\0\x80\x1f\xff\xff\xff",
        b"\0\xC3\x01\x80\x1f\xff\xff\xffa",
        b"\x01\x81\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x04\x80\xff\xff\xff\xff",
        b"\x15\x81\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x0b\x08\x08\0\0\0\xff\xff\xff\x1f",
    ] {
        assert!(payload::value(body, 11, &limits).is_err(), "{body:?}");
    }
}
