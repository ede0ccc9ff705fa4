//! Transactions as an application meets them. That undoing leaves no trace is shown beside the keyspace.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use super::*;
use crate::api::{ListEnd, SortOptions, ZCombine, ZRange};
use crate::command::Session;
use crate::{Config, Encoding, Engine, EvictionPolicy, ManualClock, StreamId, Ttl, Type};

fn open(config: Config) -> (Engine, Db, ManualClock) {
    let clock = ManualClock::new();
    let engine = Engine::open(config.stripes(4).seed(1).clock(clock.clone())).expect("valid");
    let db = engine.db(0).expect("exists");
    (engine, db, clock)
}

fn text(db: &Db, key: &str) -> Option<String> {
    let bytes = db.get(key).expect("a string");
    bytes.map(|bytes| String::from_utf8(bytes.to_vec()).expect("text"))
}

fn panics(work: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(work)).expect_err("it panics");
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).expect("words")
}

#[test]
fn keys_that_were_not_declared_are_refused_wherever_their_stripe_is() {
    // With one stripe every key's stripe is locked.
    let engine = Engine::open(Config::new().stripes(1)).expect("valid");
    let db = engine.db(0).expect("exists");
    db.mset([("a", "1"), ("b", "1")]).expect("set");
    type Work = fn(&Transaction<'_>);
    let touches: [Work; 12] = [
        |tx| drop(tx.get("b")),
        |tx| drop(tx.set("b", "2")),
        |tx| assert!(!tx.exists("b")),
        |tx| assert!(!tx.del("b")),
        |tx| assert_eq!(tx.ttl("b"), Ttl::Missing),
        |tx| assert_eq!(tx.mget(["a", "b", "b"]), [None, None, None]),
        |tx| drop(tx.rename("a", "b")),
        |tx| assert!(tx.keys("*").is_empty()),
        |tx| assert_eq!(tx.len(), 0),
        |tx| tx.flush(),
        |tx| drop(tx.sort("a", &SortOptions::new().by("weight:*"))),
        |tx| drop(tx.consumer_group("b", "g").create_from_start()),
    ];
    for (number, touch) in touches.into_iter().enumerate() {
        let result = db.transaction(["a"], |tx| {
            tx.set("a", "2")?;
            touch(tx);
            // What came of it is not looked at: the transaction fails all the same.
            Ok(())
        });
        assert_eq!(result, Err(Error::UndeclaredKey), "{number}");
        assert_eq!(db.mget(["a", "b"]), [Some("1".into()), Some("1".into())], "{number}");
    }
    // The caller's own error says more.
    let result: Result<()> = db.transaction(["a"], |tx| {
        tx.del("b");
        Err(Error::Syntax)
    });
    assert_eq!(result, Err(Error::Syntax));
}

#[test]
fn other_databases_are_within_reach_and_undone_too() {
    let (engine, db, _) = open(Config::new());
    db.set("k", "v").expect("set");
    let moved: Result<()> = db.transaction(["k"], |tx| {
        assert!(tx.move_to("k", 3)?);
        assert!(tx.select(3)?.exists("k") && !tx.exists("k"));
        tx.select(3)?.append("k", "w")?;
        assert_eq!(tx.select(99).err(), Some(Error::DbOutOfRange));
        Err(Error::Syntax)
    });
    assert_eq!(moved, Err(Error::Syntax));
    assert_eq!(text(&db, "k").as_deref(), Some("v"));
    assert!(engine.db(3).expect("exists").is_empty());
}

#[test]
fn handles_made_in_a_transaction_are_part_of_it() {
    let (_, db, _) = open(Config::new());
    let group = db.consumer_group("jobs", "workers");
    group.create_from_start().expect("made");
    db.xadd("jobs", [("n", "1")]).expect("added");
    let work = |fails: bool| {
        db.transaction(["jobs", "done"], |tx| {
            let group = tx.consumer_group("jobs", "workers");
            let jobs = group.read("ann", 10)?;
            group.ack(jobs.iter().map(|job| job.id))?;
            tx.incr_by("done", jobs.len() as i64)?;
            if fails { Err(Error::Syntax) } else { Ok(jobs.len()) }
        })
    };
    assert_eq!(work(true), Err(Error::Syntax));
    assert_eq!(group.pending().expect("there").count, 0);
    assert_eq!(work(false), Ok(1), "the job was not lost");
    assert_eq!(text(&db, "done").as_deref(), Some("1"));
    assert!(group.history("ann", StreamId::MIN, 9).expect("there").is_empty());
}

#[test]
fn the_engine_is_called_through_the_handle_alone() {
    let (engine, db, _) = open(Config::new());
    let inside = |work: &dyn Fn()| {
        let words = panics(|| {
            db.transaction(["k"], |tx| {
                tx.set("k", "v")?;
                work();
                Ok(())
            })
            .expect("it panics");
        });
        assert!(words.contains("inside a transaction"), "{words}");
        assert!(!db.exists("k"), "it was undone, and its locks are released");
    };
    inside(&|| drop(db.get("k")));
    inside(&|| drop(db.set("k", "w")));
    inside(&|| drop(db.transaction(["k"], |_| Ok(()))));
    inside(&|| drop(db.transaction_all(|_| Ok(()))));
    inside(&|| drop(db.watch(["k"])));
    inside(&|| engine.flush_all());
    inside(&|| drop(Session::new(&engine).execute(["GET", "k"])));
    // Another engine is another matter, and so is this one afterwards.
    let other = Db::in_memory();
    db.transaction(["k"], |_| other.transaction(["k"], |tx| tx.set("k", "v"))).expect("both");
    assert!(other.exists("k"));
    db.set("k", "v").expect("set");
}

#[test]
fn a_look_may_look_but_not_change() {
    let (_, db, _) = open(Config::new());
    db.mset([("a", "1"), ("b", "2")]).expect("set");
    let both = db.transaction(["a", "b"], |tx| {
        tx.get_with("a", |a| tx.get("b").map(|b| (a.to_vec(), b)))?.transpose()
    });
    assert_eq!(both, Ok(Some((b"1".to_vec(), Some("2".into())))));
    let words = panics(|| {
        let set = |tx: &Transaction<'_>| tx.get_with("a", |_| tx.set("b", "3"))?.transpose();
        db.transaction(["a", "b"], set).expect("it panics");
    });
    assert!(words.contains("within another"), "{words}");
    assert_eq!(text(&db, "b").as_deref(), Some("2"));
}

/// It could wait for a writer that waits for the look.
#[test]
#[cfg(debug_assertions)]
fn a_look_that_calls_the_engine_is_told() {
    let (_, db, _) = open(Config::new());
    db.set("a", "1").expect("set");
    db.hset("h", [("f", "1")]).expect("set");
    let looks: [&dyn Fn(); 3] = [
        &|| drop(db.get_with("a", |_| db.get("b"))),
        &|| drop(db.get_with("a", |_| db.set("a", "2"))),
        &|| drop(db.hget_with("h", "f", |_| db.hlen("h"))),
    ];
    for look in looks {
        let words = panics(look);
        assert!(words.contains("shown a value"), "{words}");
    }
    // Another engine is another matter, and so is this one afterwards.
    let other = Db::in_memory();
    assert!(db.get_with("a", |a| other.append("a", a)).expect("a string").is_some());
    db.set("a", "2").expect("set");
    assert_eq!(other.get("a").expect("a string").as_deref(), Some(&b"1"[..]));
}

/// A panic in the caller's code while a collection is half changed.
#[test]
fn a_panic_half_way_through_a_change_is_undone_too() {
    struct Trap(u32);
    impl AsRef<[u8]> for Trap {
        fn as_ref(&self) -> &[u8] {
            assert!(self.0 < 150, "trap");
            b"member"
        }
    }
    let (engine, db, _) = open(Config::new());
    for key in ["small", "big"] {
        db.sadd(key, ["a", "b"]).expect("added");
    }
    db.sadd("big", (0..1000).map(|n| n.to_string() + "x")).expect("added");
    for key in ["small", "big", "new"] {
        let before = (db.scard(key), engine.used_memory());
        let words = panics(|| {
            let add = |tx: &Transaction<'_>| tx.sadd(key, (0..200).map(Trap));
            db.transaction([key], add).expect("it panics");
        });
        assert_eq!(words, "trap");
        assert_eq!((db.scard(key), db.sismember(key, "member")), (before.0, Ok(false)));
        assert!(engine.used_memory() <= before.1 + 2000, "{key}");
    }
    db.flush();
}

#[test]
fn a_full_memory_refuses_what_grows_and_lets_the_rest_go_on() {
    let config = Config::new().maxmemory(100_000).maxmemory_policy(EvictionPolicy::NoEviction);
    let (_, db, _) = open(config);
    (0..).find_map(|i| db.set(format!("k{i}"), [b'v'; 100]).err()).expect("full at some time");
    let grows = db.transaction(["k0", "new"], |tx| {
        tx.del("k0");
        tx.set("new", "v")
    });
    assert_eq!(grows, Err(Error::OutOfMemory), "room is looked for once, before it begins");
    assert!(db.exists("k0"));
    assert_eq!(db.transaction(["k0"], |tx| Ok(tx.del("k0"))), Ok(true));
}

#[test]
fn room_is_made_before_a_transaction_begins() {
    let config = Config::new().maxmemory(100_000).maxmemory_policy(EvictionPolicy::AllKeysRandom);
    let (engine, db, _) = open(config);
    for round in 0..300 {
        let keys: Vec<String> = (0..5).map(|i| format!("{round}:{i}")).collect();
        let set = |tx: &Transaction<'_>| keys.iter().try_for_each(|key| tx.set(key, [b'v'; 200]));
        db.transaction(&keys, set).expect("there is room");
        assert!(engine.used_memory() < 103_000);
    }
}

#[test]
fn time_stands_still_inside() {
    let (_, db, clock) = open(Config::new());
    db.set_ex("k", Duration::from_secs(1), "v").expect("set");
    db.transaction(["k"], |tx| {
        assert!(tx.exists("k"));
        clock.advance(Duration::from_secs(2));
        assert!(tx.exists("k"), "what was there stays");
        Ok(())
    })
    .expect("nothing fails");
    assert!(!db.exists("k"));
}

#[test]
fn what_watch_sees_and_what_not() {
    /// What happens to the watched key.
    type Meanwhile = fn(&Engine, &Db, &ManualClock);
    let cases: [(&str, Meanwhile, bool); 16] = [
        ("nothing", |_, _, _| {}, false),
        ("it is read", |_, db, _| drop(db.get("k")), false),
        ("another is set", |_, db, _| drop(db.set("other", "v")), false),
        ("it is set", |_, db, _| drop(db.set("k", "v")), true),
        ("it is removed", |_, db, _| assert!(db.del("k")), true),
        ("it gets a time", |_, db, _| drop(db.expire("k", Duration::from_secs(9))), true),
        ("one that is missing comes", |_, db, _| drop(db.set("missing", "v")), true),
        (
            "it expires",
            |_, db, clock| {
                db.expire("soon", Duration::from_secs(1)).expect("in range");
                clock.advance(Duration::from_secs(2));
            },
            true,
        ),
        ("its database is emptied", |_, db, _| db.flush(), true),
        (
            "another database is emptied",
            |engine, _, _| engine.db(1).expect("exists").flush(),
            false,
        ),
        ("all are emptied", |engine, _, _| engine.flush_all(), true),
        ("databases are exchanged", |engine, _, _| engine.swap_db(0, 1).expect("both"), true),
        ("others are exchanged", |engine, _, _| engine.swap_db(2, 1).expect("both"), false),
        (
            "a connection changes it",
            |engine, _, _| {
                Session::new(engine).execute(["APPEND", "k", "w"]).expect("a length");
            },
            true,
        ),
        (
            "a transaction changes it",
            |_, db, _| {
                db.transaction(["k"], |tx| tx.set("k", "w")).expect("set");
            },
            true,
        ),
        (
            "a transaction is undone",
            |_, db, _| {
                let undone: Result<()> = db.transaction(["k"], |tx| {
                    tx.set("k", "w")?;
                    tx.del("k");
                    Err(Error::Syntax)
                });
                assert!(undone.is_err());
            },
            false,
        ),
    ];
    for (what, happens, counts) in cases {
        let (engine, db, clock) = open(Config::new());
        db.mset([("k", "v"), ("soon", "v")]).expect("set");
        let watch = db.watch(["k", "k", "missing", "soon"]);
        happens(&engine, &db, &clock);
        assert_eq!(watch.has_changed(), counts, "{what}");
        let mut ran = false;
        let result = watch.commit(|tx| {
            ran = true;
            tx.set("k", "mine")
        });
        assert_eq!(result, if counts { Err(Error::Conflict) } else { Ok(()) }, "{what}");
        assert_eq!(ran, !counts, "{what}");
    }
}

#[test]
fn an_evicted_key_has_changed() {
    let config = Config::new().maxmemory(50_000).maxmemory_policy(EvictionPolicy::AllKeysRandom);
    let (_, db, _) = open(config);
    db.set("k", "v").expect("set");
    let watch = db.watch(["k"]);
    for i in 0.. {
        db.set(i.to_string(), [b'v'; 100]).expect("room is made");
        if !db.exists("k") {
            break;
        }
    }
    assert_eq!(watch.commit(|_| Ok(())), Err(Error::Conflict));
}

#[test]
fn a_key_that_had_expired_when_it_was_watched_was_not_there() {
    let (_, db, clock) = open(Config::new());
    db.set_ex("k", Duration::from_secs(1), "v").expect("set");
    clock.advance(Duration::from_secs(2));
    let watch = db.watch(["k"]);
    assert_eq!(db.get("k"), Ok(None));
    assert_eq!(watch.commit(|_| Ok(())), Ok(()));
}

#[test]
fn stale_keys_do_not_count_when_databases_are_exchanged() {
    let (engine, db, clock) = open(Config::new());
    let one = engine.db(1).expect("exists");
    one.set_ex("k", Duration::from_secs(1), "v").expect("set");
    clock.advance(Duration::from_secs(2));
    let watch = db.watch(["k"]);
    engine.swap_db(0, 1).expect("both");
    assert!(!db.exists("k"));
    assert_eq!(watch.commit(|_| Ok(())), Ok(()), "nothing was there, and nothing is");
}

#[test]
fn a_watch_that_is_over_leaves_nothing_behind() {
    let (engine, db, _) = open(Config::new());
    let watchers = || engine.keyspace().watchers();
    let watch = db.watch(["a", "b"]);
    assert_eq!(watchers(), 2);
    drop(watch);
    assert_eq!(watchers(), 0);
    let (first, second) = (db.watch(["a"]), db.watch(["a"]));
    first.commit(|tx| tx.set("a", "v")).expect("no conflict");
    assert_eq!(second.commit(|_| Ok(())), Err(Error::Conflict));
    assert_eq!(watchers(), 0);
    // Dropped where its stripe is locked, it is forgotten when that is over.
    let watch = db.watch(["a"]);
    db.transaction(["a"], |_| {
        drop(watch);
        Ok(())
    })
    .expect("nothing fails");
    assert_eq!(watchers(), 0);
}

#[test]
fn a_commit_reaches_watched_keys_and_those_besides() {
    let (_, db, _) = open(Config::new());
    let watch = db.watch(["a"]);
    watch.commit_with(["b"], |tx| tx.mset([("a", "1"), ("b", "2")])).expect("both declared");
    let watch = db.watch(["a"]);
    assert_eq!(watch.commit_with(["b"], |tx| tx.set("c", "3")), Err(Error::UndeclaredKey));
    // What fails does not keep the keys watched.
    let watch = db.watch(["a"]);
    assert_eq!(watch.commit(|_| Err::<(), _>(Error::Syntax)), Err(Error::Syntax));
    assert!(db.watch([[b'k'; 9]]).commit(|_| Ok(())).is_ok());
}

#[test]
fn a_retry_ends() {
    let (_, db, _) = open(Config::new());
    let mut calls = 0;
    let result: Result<()> = db.retry(3, ["k"], |watch| {
        calls += 1;
        db.incr("k")?;
        watch.commit(|_| Ok(()))
    });
    assert_eq!((result, calls), (Err(Error::Conflict), 3));
    assert_eq!(db.retry(0, ["k"], |_| Ok(())), Err(Error::Conflict));
    let mut calls = 0;
    let result = db.retry(9, ["k"], |watch| {
        calls += 1;
        if calls < 3 {
            db.incr("k")?;
        }
        watch.commit(|tx| tx.incr("k"))
    });
    assert_eq!((result, calls), (Ok(6), 3));
    let stopped: Result<()> = db.retry(9, ["k"], |_| Err(Error::Syntax));
    assert_eq!(stopped, Err(Error::Syntax));
}

/// Everything in two databases.
fn contents(engine: &Engine) -> Vec<String> {
    let mut all = Vec::new();
    for number in 0..2 {
        let db = engine.db(number).expect("exists");
        for key in db.keys("*") {
            let mut parts = match db.type_of(&key).expect("it is there") {
                Type::Set => {
                    db.smembers(&key).map(|m| m.iter().map(|m| format!("{m:?}")).collect())
                }
                Type::Hash => {
                    db.hget_all(&key).map(|f| f.iter().map(|f| format!("{f:?}")).collect())
                }
                Type::SortedSet => {
                    let range = db.zrange(&key, ZRange::by_rank(..));
                    range.map(|m| m.iter().map(|m| format!("{m:?}")).collect())
                }
                Type::List => db.lrange(&key, ..).map(|e| vec![format!("{e:?}")]),
                _ => db.get(&key).map(|value| vec![format!("{value:?}")]),
            }
            .expect("its type");
            parts.sort();
            all.push(format!("{number} {key:?} {:?} {parts:?}", db.ttl(&key)));
        }
    }
    all.sort();
    all
}

/// Every change of a chunked list, one after the other, undone and not.
#[test]
fn a_long_list_undoes_its_changes() {
    type Work = fn(&Transaction<'_>) -> Result<()>;
    let ways: [Work; 10] = [
        |tx| tx.lpush("l", ["x", "y"]).map(drop),
        |tx| {
            tx.rpop_many("l", 50)?;
            tx.lpop("l")?;
            tx.rpush("l", ["1", "x".repeat(9000).as_str()]).map(drop)
        },
        |tx| tx.lset("l", 700, "other").and_then(|()| tx.lset("l", 700, "x".repeat(9000))),
        |tx| {
            tx.linsert_before("l", "e500", "new")
                .and_then(|_| tx.linsert_after("l", "e999", "end"))
                .map(drop)
        },
        |tx| tx.lrem("l", "same").map(drop),
        |tx| tx.ltrim("l", 10..990).and_then(|()| tx.lpush("l", ["a"])).map(drop),
        |tx| tx.ltrim("l", 400..410).and_then(|()| tx.rpush("l", ["a"])).map(drop),
        |tx| tx.lpop_many("l", 5000).and_then(|_| tx.rpush("l", ["again"])).map(drop),
        |tx| {
            tx.rename("l", "m")?;
            (0..100)
                .try_for_each(|_| tx.lmove("m", "m", ListEnd::Left, ListEnd::Right).map(drop))?;
            tx.lmove("m", "l", ListEnd::Left, ListEnd::Right).map(drop)
        },
        |tx| tx.ltrim("l", 0..3),
    ];
    for (number, work) in ways.into_iter().enumerate() {
        let fill = |db: &Db| {
            let element = |n| if n % 7 == 0 { "same".to_owned() } else { format!("e{n}") };
            db.rpush("l", (0..1000).map(element)).expect("added");
        };
        let (engine, db, _) = open(Config::new());
        fill(&db);
        let before = contents(&engine);
        let undone: Result<()> = db.transaction(["l", "m"], |tx| {
            work(tx)?;
            work(tx).ok();
            Err(Error::Syntax)
        });
        assert_eq!(undone, Err(Error::Syntax), "{number}");
        assert!(contents(&engine) == before, "{number}");
        assert!(!engine.keyspace().keeps_undo(), "{number}");
        db.transaction(["l", "m"], work).expect("it stands");
        assert!(!engine.keyspace().keeps_undo(), "{number}");
    }
    // What three elements are kept in is decided when the change stands.
    let (_, db, _) = open(Config::new());
    db.rpush("l", (0..5000).map(|n| n.to_string())).expect("added");
    db.transaction(["l"], |tx| tx.ltrim("l", 0..3)).expect("it stands");
    assert_eq!(db.encoding("l"), Some(Encoding::Listpack));
    assert_eq!(db.lrange("l", ..), Ok(vec!["0".into(), "1".into(), "2".into()]));
}

/// Moving, giving away and losing a big collection, which undoes its own changes, in every order that matters.
#[test]
fn a_big_collection_comes_back_whatever_way_it_went() {
    type Work = fn(&Transaction<'_>) -> Result<()>;
    let ways: [Work; 12] = [
        |tx| tx.rename("a", "b"),
        |tx| {
            tx.sadd("a", ["x"])?;
            tx.rename("a", "b")?;
            tx.srem("b", ["1m", "x"])?;
            tx.rename("b", "c")?;
            tx.expire("c", Duration::from_secs(9)).map(drop)
        },
        |tx| {
            tx.del("b");
            tx.rename("a", "b")?;
            tx.del("b");
            tx.set("b", "other")
        },
        |tx| {
            tx.rename("a", "b")?;
            tx.rename("b", "a")?;
            tx.sadd("a", ["x"]).map(drop)
        },
        |tx| {
            tx.srem("a", ["2m"])?;
            tx.set("a", "string")?;
            tx.del("a");
            tx.sadd("a", ["new"]).map(drop)
        },
        |tx| tx.spop_count("a", 5000).map(drop),
        |tx| {
            tx.move_to("a", 1)?;
            tx.select(1)?.sadd("a", ["x"])?;
            tx.select(1)?.rename("a", "c")
        },
        |tx| {
            tx.copy("a", "c")?;
            tx.sadd("c", ["x"])?;
            tx.rename("c", "a")
        },
        |tx| tx.sdiff_store("a", ["a", "a"]).map(drop),
        |tx| {
            tx.expire("a", Duration::from_secs(5))?;
            tx.sadd("a", ["x"])?;
            tx.persist("a");
            tx.rename("z", "a")
        },
        |tx| {
            // Both are big, and change places by way of a third.
            tx.zadd("z", "x", 1)?;
            tx.rename("a", "t")?;
            tx.rename("z", "a")?;
            tx.rename("t", "z")?;
            tx.sadd("z", ["x"])?;
            tx.zadd("a", "y", 1)?;
            tx.del_many(["a", "z"]);
            Ok(())
        },
        |tx| tx.zunion_store("a", ["z", "a"], &ZCombine::new()).map(drop),
    ];
    let (engine, db, _) = open(Config::new());
    db.sadd("a", (0..500).map(|n| format!("{n}m"))).expect("added");
    db.zadd_many("z", (0..500).map(|n| (format!("{n}m"), n))).expect("added");
    db.hset("h", (0..500).map(|n| (format!("{n}m"), "v"))).expect("set");
    let digest = || contents(&engine);
    for (number, work) in ways.into_iter().enumerate() {
        for all in [false, true] {
            let before = digest();
            let run = |tx: &Transaction<'_>| -> Result<()> {
                work(tx)?;
                if all {
                    tx.flush();
                    work(tx).ok();
                }
                Err(Error::Syntax)
            };
            let keys = ["a", "b", "c", "t", "z"];
            let undone = if all { db.transaction_all(run) } else { db.transaction(keys, run) };
            assert_eq!(undone, Err(Error::Syntax), "{number}");
            assert!(digest() == before, "{number}, {all}");
            assert!(!engine.keyspace().keeps_undo(), "{number}");
        }
        let copy =
            Engine::open(Config::new().stripes(4).seed(1)).expect("valid").db(0).expect("one");
        copy.sadd("a", (0..500).map(|n| format!("{n}m"))).expect("added");
        copy.zadd_many("z", (0..500).map(|n| (format!("{n}m"), n))).expect("added");
        copy.transaction(["a", "b", "c", "t", "z"], work).expect("it stands");
        assert!(!copy.engine().keyspace().keeps_undo(), "{number}");
    }
}
