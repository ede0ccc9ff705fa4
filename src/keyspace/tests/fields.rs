//! Fields of hashes that expire: who sees what when, and what is told of it.

use std::sync::Arc;
use std::time::Duration;

use super::super::Keyspace;
use super::super::event::{DEL, HDEL, HEXPIRE, HEXPIRED, HSET, NEW};
use super::{Spy, check_counts, engine, register};
use crate::{Db, Engine, ManualClock, Ttl};

const MINUTE: Duration = Duration::from_secs(60);
const ENOUGH: Duration = Duration::from_secs(10);

fn start() -> (Engine, Db, ManualClock, Arc<Spy>) {
    let (engine, clock) = engine();
    let db = engine.db(0).expect("exists");
    let spy = register(engine.keyspace());
    (engine, db, clock, spy)
}

/// The events since the last call, and the commands.
fn told(spy: &Spy) -> (Vec<&'static str>, Vec<String>) {
    let events = spy.events.lock().drain(..).map(|event| event.event.name).collect();
    let line = |(_, words): (u32, Vec<Vec<u8>>)| String::from_utf8_lossy(&words.join(&b' ')).into();
    (events, spy.commands.lock().drain(..).map(line).collect())
}

fn due_now(keyspace: &Keyspace) -> bool {
    keyspace.stripes.iter().any(|stripe| stripe.due.get() <= keyspace.clock.now())
}

#[test]
fn a_field_past_its_time_is_absent_and_then_reclaimed() {
    let (engine, db, clock, spy) = start();
    db.hset("h", [("stays", "1"), ("goes", "2")]).unwrap();
    db.hexpire("h", MINUTE, ["goes"]).unwrap();
    told(&spy);
    clock.advance(MINUTE);
    // No reader sees it, though nobody has reclaimed it.
    assert_eq!(db.hget("h", "goes").unwrap(), None);
    assert_eq!(db.hget_all("h").unwrap(), [("stays".into(), "1".into())]);
    assert_eq!((db.hlen("h").unwrap(), db.httl("h", "goes").unwrap()), (1, Ttl::Missing));
    assert!(due_now(engine.keyspace()));
    engine.tick(ENOUGH);
    assert!(!due_now(engine.keyspace()));
    assert_eq!(told(&spy), (vec![HEXPIRED.name], vec!["HDEL h goes".into()]));
    check_counts(engine.keyspace());
}

#[test]
fn with_its_last_field_a_key_goes() {
    let (engine, db, clock, spy) = start();
    for key in ["by upkeep", "by a writer"] {
        db.hset(key, [("f", "v")]).unwrap();
        db.hexpire(key, MINUTE, ["f"]).unwrap();
        assert_eq!(
            told(&spy).0,
            [NEW.name, HSET.name, HEXPIRE.name],
            "it came, and has a time now"
        );
        clock.advance(MINUTE);
        assert!(!db.exists(key) && db.type_of(key).is_none() && db.random_key().is_none());
        assert_eq!(db.iter_keys().count(), 0);
        if key == "by upkeep" {
            engine.tick(ENOUGH);
            assert_eq!(told(&spy), (vec![HEXPIRED.name, DEL.name], vec![format!("DEL {key}")]));
            assert!(db.is_empty());
        } else {
            db.set(key, "a string").unwrap();
            assert_eq!(told(&spy).1, [format!("DEL {key}"), format!("SET {key} a string")]);
        }
        db.flush();
        told(&spy);
        check_counts(engine.keyspace());
    }
    assert_eq!(engine.keyspace().expired_fields.load(std::sync::atomic::Ordering::Relaxed), 2);
}

#[test]
fn a_writer_tells_first_of_what_it_meets() {
    let (engine, db, clock, spy) = start();
    db.hset("h", [("a", "1"), ("b", "2"), ("n", "5")]).unwrap();
    db.hexpire("h", MINUTE, ["a", "n"]).unwrap();
    clock.advance(MINUTE);
    told(&spy);
    // A field that is past its time counts from nothing, and has no time any more.
    assert_eq!(db.hincr_by("h", "n", 1).unwrap(), 1);
    assert_eq!(db.httl("h", "n").unwrap(), Ttl::Forever);
    let (events, commands) = told(&spy);
    assert_eq!(events, [HEXPIRED.name, "hincrby"]);
    assert_eq!(commands, ["HDEL h a n", "HINCRBY h n 1"]);
    // Nothing to remove, and nothing to tell.
    assert_eq!(db.hdel("h", ["a"]).unwrap(), 0);
    assert_eq!(told(&spy), (vec![], vec![]));
    assert_eq!(db.hdel("h", ["b", "n"]).unwrap(), 2);
    assert_eq!(told(&spy), (vec![HDEL.name, DEL.name], vec!["HDEL h b n".into()]));
    check_counts(engine.keyspace());
}

#[test]
fn a_key_takes_its_fields_times_along() {
    let (_engine, db, clock, _spy) = start();
    db.hset("h", [("f", "v"), ("g", "v")]).unwrap();
    db.hexpire("h", MINUTE, ["f"]).unwrap();
    db.copy("h", "copy").unwrap();
    db.rename("h", "new").unwrap();
    assert!(db.move_to("copy", 1).unwrap());
    let other = db.engine().db(1).unwrap();
    for (db, key) in [(&db, "new"), (&other, "copy")] {
        assert_eq!(db.httl(key, "f").unwrap(), Ttl::Left(MINUTE));
        assert_eq!(db.httl(key, "g").unwrap(), Ttl::Forever);
    }
    clock.advance(MINUTE);
    db.engine().tick(ENOUGH);
    for (db, key) in [(&db, "new"), (&other, "copy")] {
        assert_eq!(db.hkeys(key).unwrap(), ["g"]);
    }
}

#[test]
fn a_big_hash_is_reclaimed_in_steps_and_wholly() {
    let (engine, db, clock, spy) = start();
    let field = |i: usize| format!("field {i}");
    db.hset("h", (0..10_000).map(|i| (field(i), "v"))).unwrap();
    db.hexpire("h", MINUTE, (0..9_000).map(field)).unwrap();
    db.hexpire("h", 2 * MINUTE, [field(9_000)]).unwrap();
    told(&spy);
    let before = engine.used_memory();
    clock.advance(MINUTE);
    assert_eq!((db.hlen("h").unwrap(), db.hget_all("h").unwrap().len()), (1000, 1000));
    assert_eq!(db.hrand_fields("h", 5000).unwrap().len(), 1000);
    assert_eq!(db.iter_hash("h").count(), 1000);
    // A writer reclaims what it meets and no more.
    assert_eq!(db.hdel("h", [field(1)]).unwrap(), 0);
    assert_eq!(told(&spy).1, ["HDEL h field 1"]);
    engine.tick(ENOUGH);
    let (events, commands) = told(&spy);
    assert!(events.len() > 9 && commands.len() == events.len(), "{} steps", events.len());
    let reclaimed: usize = commands.iter().map(|line| line.matches("field").count()).sum();
    assert_eq!((reclaimed, db.hlen("h").unwrap()), (8_999, 1000));
    assert!(!due_now(engine.keyspace()) && engine.used_memory() < before / 2);
    check_counts(engine.keyspace());
    clock.advance(MINUTE);
    engine.tick(ENOUGH);
    assert_eq!(told(&spy).1, ["HDEL h field 9000"]);
    check_counts(engine.keyspace());
}

#[test]
fn a_bound_that_was_loose_is_tightened() {
    let (engine, db, clock, spy) = start();
    for fields in [2, 2000] {
        db.hset("h", (0..fields).map(|i| (i.to_string(), "v"))).unwrap();
        db.hexpire("h", MINUTE, ["0"]).unwrap();
        db.hexpire("h", 3 * MINUTE, ["1"]).unwrap();
        // Set anew, it lives for ever.
        db.hset("h", [("0", "v")]).unwrap();
        told(&spy);
        clock.advance(MINUTE);
        engine.tick(ENOUGH);
        assert!(!due_now(engine.keyspace()));
        assert_eq!(told(&spy).1, Vec::<String>::new());
        clock.advance(2 * MINUTE);
        engine.tick(ENOUGH);
        assert_eq!(told(&spy).1, ["HDEL h 1"]);
        db.del("h");
    }
}
