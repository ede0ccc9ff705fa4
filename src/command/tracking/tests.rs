//! Client-side caching as sessions of this process see it; `tests/oracle/tracking.rs` compares
//! connections with real servers.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use crate::command::{Session, Value};
use crate::error::Error;
use crate::rng::Rng;
use crate::{Config, Engine, EvictionPolicy, ManualClock};

fn engine() -> (Engine, ManualClock) {
    let clock = ManualClock::new();
    let config = Config::new().stripes(8).seed(3).clock(clock.clone());
    (Engine::open(config).expect("valid"), clock)
}

fn say(session: &mut Session, line: &str) -> Value {
    session.execute(line.split(' ')).unwrap_or_else(|error| panic!("{line}: {error}"))
}

/// Who is told: a session that tracks, with the given options.
fn tracker(engine: &Engine, options: &str) -> Session {
    let mut session = Session::new(engine);
    say(&mut session, format!("CLIENT TRACKING ON {options}").trim());
    session
}

/// The keys of the messages that came, one message in each item; `*` for all keys.
fn told(session: &mut Session) -> Vec<String> {
    let text =
        |value: &Value| String::from_utf8_lossy(value.as_bytes().expect("bytes")).into_owned();
    let pushes = session.take_pushes();
    let messages = pushes.iter().map(|push| push.as_slice().expect("a push"));
    messages
        .map(|message| match (text(&message[0]).as_str(), &message[1]) {
            ("invalidate", Value::Nil) => "*".to_string(),
            ("invalidate", Value::Array(keys)) => {
                keys.iter().map(text).collect::<Vec<_>>().join(" ")
            }
            other => panic!("{other:?}"),
        })
        .collect()
}

#[test]
fn what_was_read_is_told_once() {
    let (engine, _) = engine();
    let db = engine.db(0).expect("exists");
    let (mut a, mut b) = (tracker(&engine, ""), Session::new(&engine));
    say(&mut a, "MGET x y");
    say(&mut b, "GET z");
    db.set("x", "1").expect("room");
    db.set("x", "2").expect("room");
    db.set("z", "1").expect("room");
    assert_eq!(told(&mut a), ["x"], "a typed change, once");
    say(&mut b, "SELECT 1");
    say(&mut b, "SET y 1");
    assert_eq!(told(&mut a), ["y"], "of whichever database");
    assert!(told(&mut b).is_empty(), "who does not track hears nothing");
    say(&mut a, "GET x");
    say(&mut a, "CLIENT TRACKING OFF");
    db.del("x");
    assert!(told(&mut a).is_empty());
}

#[test]
fn expiry_eviction_and_emptying_are_told() {
    let clock = ManualClock::new();
    let config = Config::new().stripes(4).seed(1).clock(clock.clone()).maxmemory(100_000);
    let engine =
        Engine::open(config.maxmemory_policy(EvictionPolicy::AllKeysRandom)).expect("valid");
    let db = engine.db(0).expect("exists");
    let (mut a, mut all) = (tracker(&engine, ""), tracker(&engine, "BCAST"));
    say(&mut a, "SET k v PX 100");
    say(&mut a, "GET k");
    assert_eq!(told(&mut all), ["k"]);
    clock.advance(Duration::from_millis(200));
    assert_eq!(say(&mut a, "GET k"), Value::Nil);
    assert_eq!(told(&mut a), ["k"], "met by a reader");
    assert_eq!(told(&mut all), ["k"]);
    say(&mut a, "SET k v PX 100");
    assert_eq!(told(&mut a), ["k"], "a missing key was read: that it comes back is told");
    say(&mut a, "GET k");
    clock.advance(Duration::from_secs(2));
    engine.tick(Duration::from_secs(1));
    assert_eq!(told(&mut a), ["k"], "by upkeep");

    db.set("victim", "v").expect("room");
    say(&mut a, "GET victim");
    for i in 0.. {
        if !db.exists("victim") {
            break;
        }
        db.set(format!("k{i}"), [b'v'; 1000]).expect("room is made");
    }
    assert!(told(&mut a).contains(&"victim".to_string()), "evicted");
    say(&mut a, "GET x");
    told(&mut all);
    engine.flush_all();
    assert_eq!((told(&mut a), told(&mut all)), (vec!["*".into()], vec!["*".to_string()]));
    db.set("x", "1").expect("room");
    assert!(told(&mut a).is_empty(), "all was forgotten");
}

#[test]
fn a_transaction_is_told_in_its_order() {
    let (engine, _) = engine();
    let mut a = tracker(&engine, "");
    for (lines, expected, then) in [
        // What it reads and then changes is told, and nothing is left to tell.
        (&["GET k", "SET k 1"][..], &["k"][..], &[][..]),
        // What it changes and then reads is not, and is told when it changes again.
        (&["SET k 1", "GET k"], &[], &["k"]),
        (&["GET k", "SET k 1", "GET k"], &["k"], &["k"]),
        (&["GET k", "FLUSHALL", "GET l"], &["*"], &[]),
    ] {
        say(&mut a, "MULTI");
        lines.iter().for_each(|line| drop(say(&mut a, line)));
        say(&mut a, "EXEC");
        assert_eq!(told(&mut a), expected, "{lines:?}");
        engine.db(0).expect("exists").set("k", "2").expect("room");
        assert_eq!(told(&mut a), then, "{lines:?} and then SET k");
        say(&mut a, "FLUSHALL");
        told(&mut a);
    }
}

#[test]
fn prefixes_are_told_once_a_batch() {
    let (engine, _) = engine();
    let db = engine.db(0).expect("exists");
    let mut a = tracker(&engine, "BCAST PREFIX user: PREFIX b");
    let mut quiet = tracker(&engine, "BCAST NOLOOP");
    say(&mut quiet, "MSET user:1 x b1 x other x");
    assert_eq!(told(&mut a), ["b1", "user:1"], "each prefix by itself");
    assert!(told(&mut quiet).is_empty(), "its own changes");
    db.set("user:2", "x").expect("room");
    assert_eq!(
        (told(&mut a), told(&mut quiet)),
        (vec!["user:2".into()], vec!["user:2".to_string()])
    );
    let refused = a.execute("CLIENT TRACKING ON BCAST PREFIX user".split(' '));
    let words = "ERR Prefix 'user' overlaps with an existing prefix 'user:'. \
                 Prefixes for a single client must not overlap.";
    assert_eq!(refused, Err(Error::reply(words)));
    let refused = a.execute("CLIENT TRACKING ON BCAST PREFIX x PREFIX y PREFIX yy".split(' '));
    assert!(refused.is_err(), "Redis looks at the first alone");
}

#[test]
fn the_table_keeps_to_its_limit() {
    let (engine, _) = engine();
    let mut a = tracker(&engine, "");
    say(&mut a, "CONFIG SET tracking-table-max-keys 10");
    (0..15).for_each(|i| drop(say(&mut a, &format!("GET k{i}"))));
    let forgotten = told(&mut a);
    assert_eq!(forgotten.len(), 5, "what is forgotten is told: {forgotten:?}");
    assert_eq!(a.instance().tracking.table_size(), (10, 10));
    say(&mut a, "CONFIG SET tracking-table-max-keys 3");
    assert_eq!(told(&mut a).len(), 7);
    say(&mut a, "CONFIG SET tracking-table-max-keys 0");
    (0..100).for_each(|i| drop(say(&mut a, &format!("GET k{i}"))));
    assert!(told(&mut a).is_empty());
    assert_eq!(a.instance().tracking.table_size(), (100, 100));
}

#[test]
fn nobody_tracking_leaves_nothing_behind() {
    let (engine, _) = engine();
    let observers = &engine.keyspace().observers;
    let wants_keys = || observers.want(crate::keyspace::observer::wants::KEYS);
    assert!(!wants_keys());
    let mut a = tracker(&engine, "");
    let b = tracker(&engine, "BCAST PREFIX x");
    say(&mut a, "GET k");
    let tracking = a.instance().tracking.clone();
    assert!(wants_keys());
    assert_eq!((tracking.clients(), tracking.table_size(), tracking.prefixes()), (2, (1, 1), 1));
    drop(b);
    say(&mut a, "RESET");
    assert!(!wants_keys());
    assert_eq!((tracking.clients(), tracking.table_size(), tracking.prefixes()), (0, (0, 0), 0));
}

/// Threads that keep caches, and others that write: in the end no cache holds what is no longer so.
#[test]
fn no_cache_is_left_with_what_is_no_longer_so() {
    const KEYS: usize = 12;
    let (engine, clock) = engine();
    let writing = AtomicUsize::new(2);
    let caches: Vec<HashMap<String, Value>> = std::thread::scope(|scope| {
        for seed in 0..2 {
            let (engine, writing, clock) = (&engine, &writing, &clock);
            scope.spawn(move || {
                let rng = Rng::new(seed);
                let mut session = Session::new(engine);
                for i in 0..6_000 {
                    let (a, b) = (rng.below(KEYS), rng.below(KEYS));
                    drop(match rng.below(400) {
                        0 => session.execute(["FLUSHALL"]),
                        1 => {
                            clock.advance(Duration::from_millis(1));
                            Ok(Value::Nil)
                        }
                        2..40 => session.execute(["DEL", &format!("k{a}"), &format!("k{b}")]),
                        40..80 => session.execute(["RENAME", &format!("k{a}"), &format!("k{b}")]),
                        80..120 => {
                            session.execute(["SET", &format!("k{a}"), &i.to_string(), "PX", "1"])
                        }
                        _ => session.execute(["SET", &format!("k{a}"), &format!("{seed}-{i}")]),
                    });
                }
                writing.fetch_sub(1, Relaxed);
            });
        }
        let readers: Vec<_> = ["", "NOLOOP", "BCAST", "OPTOUT"]
            .map(|options| {
                let (engine, writing) = (&engine, &writing);
                scope.spawn(move || {
                    let rng = Rng::new(9);
                    let mut session = tracker(engine, options);
                    let mut cache = HashMap::new();
                    let mut over = 0;
                    while over < 2 {
                        over += usize::from(writing.load(Relaxed) == 0);
                        let key = format!("k{}", rng.below(KEYS));
                        let value = session.execute(["GET", &key]).expect("a string");
                        cache.insert(key, value);
                        for told in told(&mut session) {
                            match told.as_str() {
                                "*" => cache.clear(),
                                keys => keys.split(' ').for_each(|key| drop(cache.remove(key))),
                            }
                        }
                    }
                    cache
                })
            })
            .into_iter()
            .collect();
        readers.into_iter().map(|reader| reader.join().expect("no panic")).collect()
    });
    // No time passes any more. What has expired may still be in a cache, as it may in a client's: nobody
    // has met it yet.
    let mut session = Session::new(&engine);
    for (i, cache) in caches.iter().enumerate() {
        for (key, cached) in cache {
            let value = session.execute(["GET", key]).expect("a string");
            assert!(
                value == *cached || value.is_nil(),
                "cache {i}: {key} is {value:?}, not {cached:?}"
            );
        }
    }
}
