//! Calls that wait, made by threads: who is served, by what, when, and what becomes of the rest.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use bytes::Bytes;
use danio::command::Value;
use danio::{
    Config, Db, Engine, Error, GroupReadOptions, ListEnd, ListMove, ManualClock, ReadFrom,
    ReadLimit, Result, SortOptions, StreamId, ZCombine, ZEnd,
};

fn open() -> (Engine, Db, ManualClock) {
    let clock = ManualClock::new();
    let engine = Engine::open(Config::new().clock(clock.clone()).stripes(64)).expect("valid");
    let db = engine.db(0).expect("exists");
    (engine, db, clock)
}

/// A line of INFO that is a number.
fn info(db: &Db, name: &str) -> usize {
    let Ok(Value::Verbatim { text, .. }) = db.execute(["INFO", "clients"]) else {
        panic!("INFO is text")
    };
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name}:")));
    line.expect("INFO has it").parse().expect("a number")
}

/// Waits until so many keys have somebody in line.
fn until_waited_for(db: &Db, keys: usize) {
    while info(db, "total_blocking_keys") != keys {
        thread::yield_now();
    }
}

/// Makes a call in a thread of its own, which stands in line for `keys` keys when this returns.
fn in_line<T: Send + 'static>(
    db: &Db,
    keys: usize,
    call: impl FnOnce(&Db) -> T + Send + 'static,
) -> JoinHandle<T> {
    let before = info(db, "total_blocking_keys");
    let thread = thread::spawn({
        let db = db.clone();
        move || call(&db)
    });
    until_waited_for(db, before + keys);
    thread
}

fn end<T>(thread: JoinHandle<T>) -> T {
    thread.join().expect("no panic")
}

fn pair(key: &str, element: &str) -> Result<Option<(Bytes, Bytes)>> {
    Ok(Some((key.to_owned().into(), element.to_owned().into())))
}

#[test]
fn whoever_waits_is_served_before_the_push_returns() {
    let (_engine, db, _clock) = open();
    let popper = in_line(&db, 1, |db| db.blpop(["k"], None));
    assert_eq!(db.rpush("k", ["a", "b"]), Ok(2), "the push counts what it pushed");
    assert_eq!(db.lrange("k", ..).expect("a list"), ["b"]);
    assert_eq!(end(popper), pair("k", "a"));
    assert_eq!(info(&db, "total_blocking_keys"), 0);
}

#[test]
fn all_ways_in_which_data_arrive_serve() {
    type Arrive = fn(&Engine, &Db);
    let ways: [(&str, Arrive); 10] = [
        ("push", |_, db| drop(db.lpush("k", ["v"]))),
        ("rename", |_, db| {
            db.rpush("other", ["v"]).expect("a list");
            db.rename("other", "k").expect("there");
        }),
        ("copy", |_, db| {
            db.rpush("other", ["v"]).expect("a list");
            assert!(db.copy("other", "k").expect("there"));
        }),
        ("sort", |_, db| {
            db.rpush("other", ["v"]).expect("a list");
            db.sort_store("other", "k", &SortOptions::new().alphabetic()).expect("sorts");
        }),
        ("move", |engine, _| {
            let one = engine.db(1).expect("exists");
            one.rpush("k", ["v"]).expect("a list");
            assert!(one.move_to("k", 0).expect("exists"));
        }),
        ("swapdb", |engine, _| {
            engine.db(1).expect("exists").rpush("k", ["v"]).expect("a list");
            engine.swap_db(0, 1).expect("both exist");
        }),
        ("lmove", |_, db| {
            db.rpush("other", ["v"]).expect("a list");
            db.lmove("other", "k", ListEnd::Left, ListEnd::Left).expect("lists");
        }),
        ("linsert", |_, db| {
            // What is pushed beside another type does not count.
            db.set("k", "string").expect("set");
            db.del("k");
            db.rpush("k", ["v"]).expect("a list");
        }),
        ("exec", |_, db| {
            let mut session = danio::command::Session::new(db.engine());
            for words in [&["MULTI"][..], &["RPUSH", "k", "x", "v"], &["LPOP", "k"], &["EXEC"]] {
                session.execute(words).expect("runs");
            }
        }),
        ("command", |_, db| drop(db.execute(["RPUSH", "k", "v"]).expect("runs"))),
    ];
    for (name, arrive) in ways {
        let (engine, db, _clock) = open();
        let popper = in_line(&db, 1, |db| db.brpop(["k"], None));
        arrive(&engine, &db);
        assert_eq!(end(popper), pair("k", "v"), "{name}");
        assert!(!db.exists("k"), "{name}");
    }
}

#[test]
fn the_first_to_come_is_the_first_to_be_served() {
    let (_engine, db, _clock) = open();
    // Each has a key of its own besides, by which it is seen to stand in line.
    let waiting: Vec<_> = (0..20)
        .map(|n| {
            let keys = if n == 0 { 2 } else { 1 };
            in_line(&db, keys, move |db| db.blpop([format!("own{n}"), "k".into()], None))
        })
        .collect();
    db.rpush("k", (0..20).map(|n| n.to_string())).expect("a list");
    for (n, thread) in waiting.into_iter().enumerate() {
        assert_eq!(end(thread), pair("k", &n.to_string()));
    }
}

#[test]
fn elements_pass_from_line_to_line_without_recursion() {
    let (_engine, db, _clock) = open();
    const LINKS: usize = 200;
    let links: Vec<_> = (0..LINKS)
        .map(|n| {
            in_line(&db, 1, move |db| {
                let (from, to) = (format!("l{n}"), format!("l{}", n + 1));
                db.blmove(from, to, ListEnd::Left, ListEnd::Right, None)
            })
        })
        .collect();
    let last = in_line(&db, 1, |db| db.blpop([format!("l{LINKS}")], None));
    db.rpush("l0", ["v"]).expect("a list");
    assert_eq!(db.len(), 0, "all links moved it before the push returned");
    for link in links {
        assert_eq!(end(link), Ok(Some("v".into())));
    }
    assert_eq!(end(last), pair(&format!("l{LINKS}"), "v"));
}

#[test]
fn rings_of_lists_come_to_rest() {
    let (_engine, db, _clock) = open();
    let there = in_line(&db, 1, |db| db.brpoplpush("a", "b", None));
    let back = in_line(&db, 1, |db| db.brpoplpush("b", "a", None));
    db.rpush("a", ["v"]).expect("a list");
    assert_eq!((end(there), end(back)), (Ok(Some("v".into())), Ok(Some("v".into()))));
    assert_eq!(db.lrange("a", ..).expect("a list"), ["v"]);

    let itself = in_line(&db, 1, |db| db.blmove("c", "c", ListEnd::Left, ListEnd::Right, None));
    db.rpush("c", ["1", "2"]).expect("a list");
    assert_eq!(end(itself), Ok(Some("1".into())));
    assert_eq!(db.lrange("c", ..).expect("a list"), ["2", "1"]);
}

#[test]
fn whom_the_other_list_fails_leaves_the_element_to_the_next() {
    let (_engine, db, _clock) = open();
    let mover = in_line(&db, 1, |db| db.blmove("s", "d", ListEnd::Left, ListEnd::Left, None));
    let popper = in_line(&db, 1, |db| db.blpop(["own", "s"], None));
    db.set("d", "string").expect("set");
    db.rpush("s", ["v"]).expect("a list");
    assert_eq!(end(mover), Err(Error::WrongType));
    assert_eq!(end(popper), pair("s", "v"));
}

#[test]
fn of_several_keys_the_first_that_changed_counts() {
    let (_engine, db, _clock) = open();
    let popper = in_line(&db, 2, |db| db.blpop(["a", "b"], None));
    let mut session = danio::command::Session::new(db.engine());
    for words in [&["MULTI"][..], &["RPUSH", "b", "1"], &["RPUSH", "a", "2"], &["EXEC"]] {
        session.execute(words).expect("runs");
    }
    assert_eq!(end(popper), pair("a", "2"));
    assert_eq!(db.llen("b"), Ok(1));
    until_waited_for(&db, 0);

    let popper = in_line(&db, 2, |db| db.blpop(["a", "c"], None));
    db.set("a", "string").expect("set");
    db.rpush("c", ["v"]).expect("a list");
    assert_eq!(end(popper), pair("c", "v"), "what another key holds by now is not looked at");
}

#[test]
fn a_transaction_serves_at_its_end_and_only_if_it_stands() {
    let (_engine, db, _clock) = open();
    let popper = in_line(&db, 1, |db| db.blpop(["k"], None));
    let undone = db.transaction(["k"], |tx| {
        tx.rpush("k", ["never"])?;
        Err::<(), Error>(Error::Syntax)
    });
    assert_eq!(undone, Err(Error::Syntax));
    assert!(!popper.is_finished() && !db.exists("k"));
    let left = db.transaction(["k"], |tx| {
        tx.rpush("k", ["a", "b", "c"])?;
        tx.lpop("k")?;
        assert_eq!(tx.llen("k")?, 2, "nobody comes in between");
        Ok(())
    });
    assert_eq!(left, Ok(()));
    assert_eq!(end(popper), pair("k", "b"));
    assert_eq!(db.lrange("k", ..).expect("a list"), ["c"]);
}

#[test]
fn other_types_wake_nobody() {
    let (_engine, db, _clock) = open();
    let lists = in_line(&db, 1, |db| db.blpop(["k"], None));
    db.zadd("k", "member", 1).expect("a sorted set");
    assert_eq!(db.zcard("k"), Ok(1));
    db.del("k");
    let members = in_line(&db, 1, |db| db.bzpopmax(["own", "k"], None));
    db.rpush("k", ["v"]).expect("a list");
    assert_eq!(end(lists), pair("k", "v"));
    db.zadd_many("k", [("low", 1), ("high", 2)]).expect("a sorted set");
    assert_eq!(end(members), Ok(Some(("k".into(), "high".into(), 2.into()))));
    assert_eq!(db.zcard("k"), Ok(1));
}

#[test]
fn members_of_sorted_sets_are_waited_for() {
    let (_engine, db, _clock) = open();
    let popper = in_line(&db, 2, |db| db.bzmpop(["y", "z"], ZEnd::Min, 2, None));
    db.zadd_many("x", [("a", 1), ("b", 2), ("c", 3)]).expect("a sorted set");
    db.zunion_store("z", ["x"], &ZCombine::new()).expect("a sorted set");
    let popped = Some((1, vec![("a".into(), 1.into()), ("b".into(), 2.into())]));
    assert_eq!(end(popper), Ok(popped));
    assert_eq!(db.zcard("z"), Ok(1));
    assert!(matches!(db.bzpopmin(["none", "z"], None), Ok(Some((_, member, _))) if member == "c"));
}

#[test]
fn time_is_the_engines() {
    let (_engine, db, clock) = open();
    let popper = in_line(&db, 2, |db| db.blpop(["a", "b"], Duration::from_millis(1500)));
    let forever = in_line(&db, 1, |db| db.bzpopmin(["z"], None));
    clock.advance(Duration::from_millis(1499));
    assert_eq!(info(&db, "total_blocking_keys"), 3);
    clock.advance(Duration::from_millis(1));
    assert_eq!(end(popper), Ok(None));
    assert_eq!(info(&db, "total_blocking_keys"), 1, "who gave up stands in no line");
    clock.advance(Duration::from_secs(1_000_000));
    assert!(!forever.is_finished());
    db.zadd("z", "m", 1).expect("a sorted set");
    assert!(end(forever).expect("a sorted set").is_some());
    assert_eq!(db.blpop(["a"], Duration::ZERO), Ok(None), "no time is no wait");
    assert_eq!(db.blpop([""; 0], None), Ok(None), "nothing comes to no key");

    let db = Db::in_memory();
    assert_eq!(db.brpop(["k"], Duration::from_millis(2)), Ok(None));
    assert_eq!(db.execute(["BLPOP", "k", "0.002"]), Ok(Value::Nil));
}

#[test]
fn keys_past_their_time_serve_nobody() {
    let (_engine, db, clock) = open();
    let popper = in_line(&db, 1, |db| db.blpop(["k"], None));
    let mut session = danio::command::Session::new(db.engine());
    let at = clock.now().duration_since(std::time::UNIX_EPOCH).expect("later").as_millis() - 1;
    let at = at.to_string();
    for words in [&["MULTI"][..], &["RPUSH", "k", "v"], &["PEXPIREAT", "k", &at], &["EXEC"]] {
        session.execute(words).expect("runs");
    }
    assert!(!popper.is_finished() && !db.exists("k"));
    db.rpush("k", ["w"]).expect("a list");
    assert_eq!(end(popper), pair("k", "w"));
}

#[test]
fn entries_of_streams_are_waited_for() {
    let (_engine, db, _clock) = open();
    let first = db.xadd("s", [("n", "1")]).expect("a stream");
    let new = in_line(&db, 2, |db| {
        db.xread_blocking([("s", ReadFrom::Now), ("t", ReadFrom::Now)], 10, None)
    });
    let after =
        in_line(&db, 1, move |db| db.xread_blocking([("u", first), ("s", first)], 10, None));
    let second = db.xadd("s", [("n", "2")]).expect("a stream");
    for reader in [new, after] {
        let read = end(reader).expect("streams");
        assert_eq!(read.len(), 1);
        assert_eq!((&read[0].0[..], read[0].1[0].id), (&b"s"[..], second));
    }
    until_waited_for(&db, 0);
    let last = db.xread_blocking([("s", ReadFrom::Last)], 10, None).expect("a stream");
    assert_eq!(last[0].1[0].id, second);
    let one = db.xread_blocking([("s", StreamId::MIN)], 1, None).expect("a stream");
    assert_eq!(one[0].1.len(), 1);
}

#[test]
fn several_elements_are_waited_for_until_there_are_enough() {
    let (_engine, db, clock) = open();
    let [left, right] = [ListEnd::Left, ListEnd::Right];
    let three = in_line(&db, 1, move |db| {
        db.blmove_many("k", "l", left, right, ListMove::exactly(3), None)
    });
    db.rpush("k", ["a"]).expect("a list");
    db.rpush("k", ["b"]).expect("a list");
    assert_eq!(info(&db, "total_blocking_keys"), 1, "two are not enough");
    // Who comes later and is content with less does not wait, and the first one waits for others.
    let some = ListMove::up_to(9).one_by_one();
    assert_eq!(db.blmove_many("k", "m", left, left, some, None), Ok(vec!["b".into(), "a".into()]));
    db.rpush("k", ["c", "d", "e", "f"]).expect("a list");
    assert_eq!(end(three), Ok(vec!["c".into(), "d".into(), "e".into()]));
    assert_eq!(db.lrange("k", ..).expect("a list"), ["f"]);
    assert_eq!(db.lrange("l", ..).expect("a list"), ["c", "d", "e"]);
    // In one list: what is moved does not make itself enough.
    let turn = in_line(&db, 1, move |db| {
        db.blmove_many("k", "k", left, left, ListMove::exactly(2).one_by_one(), None)
    });
    db.rpush("k", ["g", "h"]).expect("a list");
    assert_eq!(end(turn), Ok(vec!["g".into(), "f".into()]));
    assert_eq!(db.lrange("k", ..).expect("a list"), ["g", "f", "h"]);
    // What waits for the other list is served by it.
    let chained = in_line(&db, 1, move |db| db.blpop(["next"], None));
    let many = in_line(&db, 1, move |db| {
        db.blmove_many("none", "next", right, right, ListMove::up_to(2), None)
    });
    db.rpush("none", ["1", "2", "3"]).expect("a list");
    assert_eq!(end(many), Ok(vec!["2".into(), "3".into()]));
    assert_eq!(end(chained), pair("next", "2"));
    let late = in_line(&db, 1, move |db| {
        let limit = Duration::from_secs(1);
        db.blmove_many("k", "l", left, right, ListMove::exactly(4), limit)
    });
    clock.advance(Duration::from_secs(1));
    assert_eq!(end(late), Ok(vec![]));
    let wrong = in_line(&db, 1, move |db| {
        db.blmove_many("z", "text", left, right, ListMove::up_to(1), None)
    });
    db.set("text", "v").expect("set");
    db.rpush("z", ["a"]).expect("a list");
    assert_eq!(end(wrong).expect_err("no list").code(), "WRONGTYPE");
    assert_eq!(db.lrange("z", ..).expect("a list"), ["a"]);
}

#[test]
fn what_was_waited_for_is_within_bounds_too() {
    let (_engine, db, _clock) = open();
    let add_to_both = || {
        let filled = db.transaction(["s", "t"], |tx| {
            for key in ["s", "t", "s", "t", "s", "t"] {
                tx.xadd(key, [("n", "1")])?;
            }
            Ok(())
        });
        filled.expect("streams");
    };
    for (limit, sizes) in [
        (ReadLimit::new().count(2).max_count(3), &[2, 1][..]),
        (ReadLimit::new().max_count(3), &[3]),
        (ReadLimit::new().max_size(1), &[1]),
        (ReadLimit::new().max_size(100_000), &[3, 3]),
    ] {
        let reader = in_line(&db, 2, move |db| {
            db.xread_blocking([("s", ReadFrom::Now), ("t", ReadFrom::Now)], limit, None)
        });
        add_to_both();
        let read = end(reader).expect("streams");
        assert!(read.iter().map(|(_, entries)| entries.len()).eq(sizes.iter().copied()));
    }

    let groups = ["s", "t"].map(|key| db.consumer_group(key, "g"));
    for group in &groups {
        group.create_from_end().expect("new");
    }
    for (bounds, sizes) in [("COUNT 2 MAXCOUNT 3", [2, 1]), ("MAXSIZE 1", [1, 0])] {
        let line = format!("XREADGROUP GROUP g ann {bounds} BLOCK 0 STREAMS s t > >");
        let mut session = danio::command::Session::new(db.engine());
        let reader = in_line(&db, 2, move |_| session.execute(line.split(' ')));
        add_to_both();
        let Ok(Value::Map(read)) = end(reader) else { panic!("it was served") };
        let streams = sizes.iter().filter(|size| **size > 0).count();
        assert_eq!((read.len(), read[0].0.as_bytes()), (streams, Some(&b"s"[..])));
        // What there was no room for was not delivered.
        let pending = groups.each_ref().map(|group| group.pending().expect("a group").count);
        assert_eq!(pending, sizes);
        for group in &groups {
            group.destroy().expect("a stream");
            group.create_from_end().expect("new");
        }
    }
    // In the typed face a group reads one stream, within so many bytes.
    add_to_both();
    let read = groups[0].read_with("ann", GroupReadOptions::new().max_size(1)).expect("a group");
    assert_eq!((read.len(), groups[0].pending().expect("a group").count), (1, 1));
}

#[test]
fn consumers_wait_in_line_and_for_nothing_that_is_gone() {
    let (_engine, db, clock) = open();
    let group = db.consumer_group("s", "g");
    group.create_from_end().expect("new");
    let wait = |name: &'static str, keys| {
        let group = group.clone();
        in_line(&db, keys, move |_| group.read_blocking(name, GroupReadOptions::new(), None))
    };
    let ann = wait("ann", 1);
    assert_eq!(info(&db, "total_blocking_keys_on_nokey"), 1);
    let bob = wait("bob", 0);
    // Whoever waits is made a consumer in the same step.
    while group.consumers().expect("a group").len() < 2 {
        thread::yield_now();
    }
    db.xadd("s", [("n", "1")]).expect("a stream");
    assert_eq!(end(ann).expect("a group").len(), 1);
    db.xadd("s", [("n", "2")]).expect("a stream");
    assert_eq!(end(bob).expect("a group").len(), 1);
    assert_eq!(group.pending().expect("a group").count, 2);

    type EndIt = fn(&Db);
    let ends: [(&str, EndIt, &str); 5] = [
        ("del", |db| assert!(db.del("s")), "NOGROUP"),
        ("set", |db| db.set("s", "v").expect("set"), "WRONGTYPE"),
        ("destroy", |db| drop(db.consumer_group("s", "g").destroy()), "NOGROUP"),
        ("flush", |db| db.flush(), "NOGROUP"),
        ("rename", |db| db.rename("s", "t").expect("there"), "NOGROUP"),
    ];
    for (name, end_it, code) in ends {
        db.flush();
        group.create_from_end().expect("new");
        let waits = wait("ann", 1);
        end_it(&db);
        let error = end(waits).expect_err("the group is gone");
        assert_eq!(error.code(), code, "{name}: {error}");
    }

    db.flush();
    group.create_from_end().expect("new");
    let waits = wait("ann", 1);
    let mut session = danio::command::Session::new(db.engine());
    let again = ["XGROUP", "CREATE", "s", "g", "0", "MKSTREAM"];
    for words in [&["MULTI"][..], &["DEL", "s"], &again, &["EXEC"]] {
        session.execute(words).expect("runs");
    }
    assert!(!waits.is_finished(), "only what there is at the end counts");
    db.xadd("s", [("n", "1")]).expect("a stream");
    assert_eq!(end(waits).expect("a group").len(), 1);

    // A stream past its time is gone when it is reclaimed.
    let waits = wait("ann", 1);
    assert!(db.expire("s", Duration::from_secs(1)).expect("no error"));
    clock.advance(Duration::from_secs(2));
    db.engine().tick(Duration::from_secs(1));
    assert_eq!(end(waits).expect_err("it is gone").code(), "NOGROUP");
}

#[test]
fn a_move_that_would_need_memory_is_refused_when_it_is_due() {
    let (_engine, db, _clock) = open();
    db.rpush("other", ["v"]).expect("a list");
    let mover = in_line(&db, 1, |db| db.blmove("s", "d", ListEnd::Left, ListEnd::Left, None));
    let popper = in_line(&db, 1, |db| db.blpop(["own", "s"], None));
    db.execute(["CONFIG", "SET", "maxmemory", "1"]).expect("known");
    db.rename("other", "s").expect("there");
    assert_eq!(end(mover), Err(Error::OutOfMemory));
    assert_eq!(end(popper), pair("s", "v"), "to pop needs none");
}

#[test]
fn commands_in_process_wait_too() {
    let (_engine, db, clock) = open();
    let popper = in_line(&db, 1, |db| db.execute(["BLPOP", "k", "0"]));
    let mover = in_line(&db, 1, |db| db.execute(["BLMOVE", "l", "k", "LEFT", "LEFT", "0"]));
    db.rpush("l", ["v"]).expect("a list");
    assert_eq!(end(mover), Ok(Value::Bulk("v".into())));
    let popped = Value::Array(vec![Value::Bulk("k".into()), Value::Bulk("v".into())]);
    assert_eq!(end(popper), Ok(popped));
    let timed = in_line(&db, 1, |db| db.execute(["XREAD", "BLOCK", "50", "STREAMS", "s", "$"]));
    clock.advance(Duration::from_millis(50));
    assert_eq!(end(timed), Ok(Value::Nil));

    let mut session = danio::command::Session::new(db.engine());
    for words in [&["MULTI"][..], &["BLPOP", "k", "0"], &["BLMOVE", "k", "l", "LEFT", "LEFT", "0"]]
    {
        session.execute(words).expect("queues");
    }
    assert_eq!(session.execute(["EXEC"]), Ok(Value::Array(vec![Value::Nil, Value::Nil])));
}

/// Producers and consumers of all kinds at work on the same few keys: what goes in comes out once.
#[test]
fn nothing_is_lost_and_nothing_comes_twice() {
    const EACH: usize = 2_000;
    const PRODUCERS: usize = 3;
    let db = Db::in_memory();
    let seen = Mutex::new(HashMap::<Vec<u8>, usize>::new());
    let left = AtomicUsize::new(EACH * PRODUCERS);
    let patience = Duration::from_millis(20);
    thread::scope(|scope| {
        for producer in 0..PRODUCERS {
            let db = &db;
            scope.spawn(move || {
                for n in 0..EACH {
                    let element = format!("{producer}-{n}");
                    match n % 4 {
                        0 => drop(db.rpush("a", [element]).expect("a list")),
                        1 => drop(db.lpush("b", [element]).expect("a list")),
                        2 => drop(db.execute(["RPUSH", "c", &element]).expect("a list")),
                        _ => drop(db.zadd("z", element, n as i64).expect("a sorted set")),
                    }
                }
            });
        }
        let (db, seen, left) = (&db, &seen, &left);
        let note = move |element: &[u8]| {
            *seen.lock().expect("no panic").entry(element.to_vec()).or_default() += 1;
            left.fetch_sub(1, Relaxed);
        };
        for kind in 0..6 {
            scope.spawn(move || {
                while left.load(Relaxed) > 0 {
                    match kind {
                        0 => {
                            let got = db.blpop(["a", "b", "d"], patience).expect("lists");
                            got.iter().for_each(|(_, element)| note(element));
                        }
                        1 => {
                            let end = ListEnd::Right;
                            let got = db.blmpop(["b", "c", "d"], end, 3, patience).expect("lists");
                            got.iter().flat_map(|(_, all)| all).for_each(|element| note(element));
                        }
                        2 => {
                            let (from, to) = (ListEnd::Left, ListEnd::Right);
                            drop(db.blmove("c", "d", from, to, patience).expect("lists"));
                        }
                        3 => {
                            let got = db.bzpopmin(["y", "z"], patience).expect("sorted sets");
                            got.iter().for_each(|(_, member, _)| note(member));
                        }
                        4 => match db.execute(["BRPOP", "a", "c", "d", "0.02"]).expect("lists") {
                            Value::Array(words) => match &words[1] {
                                Value::Bulk(element) => note(element),
                                other => panic!("{other:?}"),
                            },
                            other => assert_eq!(other, Value::Nil),
                        },
                        _ => {
                            let got = db.bzmpop(["z"], ZEnd::Max, 2, patience);
                            let got = got.expect("sorted sets").into_iter();
                            got.flat_map(|(_, all)| all).for_each(|(member, _)| note(&member));
                        }
                    }
                }
            });
        }
    });
    let seen = seen.into_inner().expect("no panic");
    assert!(seen.values().all(|times| *times == 1));
    assert_eq!(seen.len(), EACH * PRODUCERS);
    assert_eq!(db.len(), 0);
    assert_eq!(info(&db, "total_blocking_keys"), 0);
}

/// Consumers of one queue take turns: none is passed over.
#[test]
fn turns_are_kept_under_load() {
    const JOBS: usize = 3_000;
    let db = Db::in_memory();
    let taken = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for worker in 0..4 {
            let (db, taken) = (&db, &taken);
            scope.spawn(move || {
                while let Some((_, job)) =
                    db.blpop(["q"], Duration::from_millis(500)).expect("a list")
                {
                    taken.lock().expect("no panic").push((worker, job));
                }
            });
        }
        for job in 0..JOBS {
            db.rpush("q", [job.to_string()]).expect("a list");
        }
    });
    let taken = taken.into_inner().expect("no panic");
    let jobs: HashSet<_> = taken.iter().map(|(_, job)| job).collect();
    assert_eq!((taken.len(), jobs.len()), (JOBS, JOBS));
    for worker in 0..4 {
        let own: Vec<usize> = taken
            .iter()
            .filter(|(by, _)| *by == worker)
            .map(|(_, job)| std::str::from_utf8(job).expect("text").parse().expect("a number"))
            .collect();
        assert!(own.is_sorted(), "each worker sees jobs in the order in which they were pushed");
    }
}
