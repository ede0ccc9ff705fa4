//! Values that come as payloads or in a snapshot: what is recorded of them gives the same data, and the
//! counts are right.

use super::{check_counts, contents, engine, execute, register};
use crate::command::Session;

const LINES: &[&str] = &[
    "SET string value",
    "SET number 42 PX 5000",
    "RPUSH list a b c",
    "SADD set a b 3",
    "HSET hash f v",
    "HEXPIRE hash 100 FIELDS 1 f",
    "ZADD zset 1 a 2 b",
    "XADD stream 1-1 f v",
    "XGROUP CREATE stream g 0",
    "XREADGROUP GROUP g c STREAMS stream >",
];

#[test]
fn the_record_of_what_was_restored_gives_the_same_data() {
    let (engine, clock) = engine();
    let (copy, copy_clock) = super::engine();
    let mut session = Session::new(&engine);
    for line in LINES {
        session.execute(line.split(' ')).expect(line);
    }
    let spy = register(engine.keyspace());
    for key in ["string", "number", "list", "set", "hash", "zset", "stream"] {
        let payload = engine.db(0).expect("there is one").dump(key).expect("a value");
        for (name, ttl, option) in [("a", &b"0"[..], "REPLACE"), ("b", b"2000", "REPLACE")] {
            let name = format!("{name} {key}");
            let words = [b"RESTORE", name.as_bytes(), ttl, &payload, option.as_bytes()];
            session.execute(words).expect("it is sound");
        }
        let name = format!("b {key}");
        let words = [b"RESTORE", name.as_bytes(), b"1", &payload, b"REPLACE", b"ABSTTL"];
        if key == "list" {
            session.execute(words).expect("its time is over: it is removed");
        }
        session.execute([&b"DEL"[..], key.as_bytes()]).expect("it is there");
    }
    let mut replay = Session::new(&copy);
    copy_clock.set(clock.now());
    for (db, words) in spy.commands.lock().drain(..) {
        execute(&mut replay, db, &words);
    }
    assert_eq!(contents(copy.keyspace()), contents(engine.keyspace()));
    assert_eq!(copy.db(0).expect("there is one").len(), 13);
    check_counts(engine.keyspace());
    check_counts(copy.keyspace());
}

#[test]
fn the_record_of_an_import_gives_the_same_data() {
    let (engine, clock) = engine();
    let (other, _) = super::engine();
    let (copy, copy_clock) = super::engine();
    let mut session = Session::new(&other);
    for line in LINES {
        session.execute(line.split(' ')).expect(line);
    }
    let mut file = Vec::new();
    other.export(&mut file).expect("memory takes it");
    engine.db(3).expect("there is one").set("old", "x").expect("room");
    copy.db(3).expect("there is one").set("old", "x").expect("room");
    let spy = register(engine.keyspace());
    engine.import(&file[..]).expect("it is sound");
    copy_clock.set(clock.now());
    let mut replay = Session::new(&copy);
    for (db, words) in spy.commands.lock().drain(..) {
        execute(&mut replay, db, &words);
    }
    assert_eq!(contents(engine.keyspace()), contents(other.keyspace()));
    assert_eq!(contents(copy.keyspace()), contents(engine.keyspace()));
    check_counts(engine.keyspace());
    check_counts(copy.keyspace());
}
