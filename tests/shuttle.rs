//! The places where locks and threads meet, run in many of the orders that they may run in.
//!
//! `RUSTFLAGS="--cfg shuttle" cargo test --release --test shuttle`: the engine's locks and its
//! upkeep thread are then shuttle's, which picks who runs next at every lock.
#![cfg(shuttle)]

use std::sync::Arc;
use std::time::Duration;

use danio::{Config, Db, Engine, Error, ManualClock, Upkeep};
use shuttle::thread;

const RUNS: usize = 2_000;

/// Few stripes, so that keys share them; no more databases than needed.
fn open(upkeep: Upkeep) -> (Engine, ManualClock) {
    let clock = ManualClock::new();
    let config = Config::new().stripes(4).databases(2).seed(1).clock(clock.clone()).upkeep(upkeep);
    (Engine::open(config).expect("valid"), clock)
}

/// Runs a test in random orders and in orders with few switches, which find other faults.
fn explore(test: fn()) {
    shuttle::check_random(test, RUNS);
    shuttle::check_pct(test, RUNS, 3);
}

fn together(work: Vec<Box<dyn FnOnce() + Send>>) {
    let threads: Vec<_> = work.into_iter().map(|w| thread::spawn(w)).collect();
    threads.into_iter().for_each(|t| t.join().expect("no panic"));
}

fn with(db: &Db, work: impl FnOnce(&Db) + Send + 'static) -> Box<dyn FnOnce() + Send> {
    let db = db.clone();
    Box::new(move || work(&db))
}

#[test]
fn keys_named_in_any_order_never_deadlock() {
    explore(|| {
        let (engine, _) = open(Upkeep::ByHand);
        let db = engine.db(0).expect("exists");
        db.mset([("a", "1"), ("b", "1"), ("c", "1")]).expect("set");
        together(vec![
            with(&db, |db| db.mset([("a", "2"), ("b", "2"), ("c", "2")]).expect("set")),
            with(&db, |db| db.mset([("c", "3"), ("b", "3"), ("a", "3")]).expect("set")),
            with(&db, |db| {
                let seen = db.mget(["b", "c", "a"]);
                assert!(seen.iter().all(|v| v == &seen[0]), "half of a write was seen: {seen:?}");
            }),
        ]);
    });
}

#[test]
fn whole_databases_change_at_one_moment() {
    explore(|| {
        let (engine, _) = open(Upkeep::ByHand);
        let (zero, one) = (engine.db(0).expect("exists"), engine.db(1).expect("exists"));
        zero.mset([("a", "1"), ("b", "1")]).expect("set");
        let swap = {
            let engine = engine.clone();
            Box::new(move || engine.swap_db(0, 1).expect("both exist")) as Box<dyn FnOnce() + Send>
        };
        together(vec![
            swap,
            with(&zero, |db| {
                let seen = db.exists_many(["a", "b"]);
                assert!(seen == 0 || seen == 2, "half a database was seen: {seen}");
            }),
            with(&one, |db| db.flush()),
        ]);
        assert!(zero.len() + one.len() == 0 || zero.len() + one.len() == 2);
    });
}

#[test]
fn increments_and_renames_keep_their_sum() {
    explore(|| {
        let (engine, _) = open(Upkeep::ByHand);
        let db = engine.db(0).expect("exists");
        db.set("x", "0").expect("set");
        together(vec![
            with(&db, |db| drop(db.incr("x"))),
            with(&db, |db| drop(db.incr("x"))),
            with(&db, |db| {
                // Whoever counts while the key is away makes a new one, which the second rename replaces.
                db.rename("x", "y").expect("there");
                assert!(db.get("y").expect("a number").is_some());
            }),
        ]);
        let count = |key| {
            db.get(key)
                .expect("a number")
                .map_or(0, |v| String::from_utf8_lossy(&v).parse::<i64>().expect("a number"))
        };
        assert_eq!(count("x") + count("y"), 2);
    });
}

#[test]
fn upkeep_and_callers_meet() {
    explore(|| {
        let (engine, clock) = open(Upkeep::ByHand);
        let db = engine.db(0).expect("exists");
        db.set_ex("short", Duration::from_millis(1), "v").expect("set");
        db.set("long", "v").expect("set");
        clock.advance(Duration::from_millis(1));
        let tick = {
            let engine = engine.clone();
            Box::new(move || drop(engine.tick(Duration::from_secs(1)))) as Box<dyn FnOnce() + Send>
        };
        together(vec![
            tick,
            with(&db, |db| {
                assert_ne!(db.get("short").expect("a string").as_deref(), Some(&b"v"[..]))
            }),
            with(&db, |db| assert!(db.set_nx("short", "new").expect("set"))),
        ]);
        assert_eq!(
            db.get("short").expect("a string").as_deref(),
            Some(&b"new"[..]),
            "upkeep takes what is due, not what came after"
        );
        assert_eq!(db.len(), 2);
    });
}

#[test]
fn the_last_handle_stops_the_upkeep_thread() {
    explore(|| {
        let (engine, clock) = open(Upkeep::Thread);
        let db = engine.db(0).expect("exists");
        drop(engine);
        let witness = Arc::new(());
        let held = witness.clone();
        together(vec![
            with(&db, move |db| {
                db.set_ex("k", Duration::from_millis(1), "v").expect("set");
                drop(held);
            }),
            Box::new(move || clock.advance(Duration::from_millis(1))),
        ]);
        // shuttle fails the test if the thread does not end with this.
        drop(db);
        assert_eq!(Arc::strong_count(&witness), 1);
    });
}

/// Waits are model-checked with keys of different stripes; a lost wake-up is a deadlock, which shuttle reports.
#[test]
fn a_push_and_a_wait_never_miss_each_other() {
    explore(|| {
        let (engine, _) = open(Upkeep::ByHand);
        let db = engine.db(0).expect("exists");
        together(vec![
            with(&db, |db| drop(db.rpush("a", ["1"]).expect("a list"))),
            with(&db, |db| drop(db.rpush("b", ["2"]).expect("a list"))),
            with(&db, |db| assert!(db.blpop(["a", "b"], None).expect("lists").is_some())),
            with(&db, |db| assert!(db.brpop(["b", "a"], None).expect("lists").is_some())),
        ]);
        assert_eq!(db.len(), 0, "both are served, once each");
    });
}

#[test]
fn a_chain_of_moves_arrives_whoever_comes_first() {
    explore(|| {
        let (engine, _) = open(Upkeep::ByHand);
        let db = engine.db(0).expect("exists");
        together(vec![
            with(&db, |db| drop(db.brpoplpush("a", "b", None).expect("lists"))),
            with(&db, |db| drop(db.brpoplpush("b", "c", None).expect("lists"))),
            with(&db, |db| {
                let popped = db.blpop(["c"], None).expect("a list").expect("for ever");
                assert_eq!(&popped.1[..], b"v");
            }),
            with(&db, |db| drop(db.rpush("a", ["v"]).expect("a list"))),
        ]);
        assert_eq!(db.len(), 0);
    });
}

#[test]
fn a_timeout_and_a_push_settle_who_was_first() {
    explore(|| {
        let (engine, clock) = open(Upkeep::ByHand);
        let db = engine.db(0).expect("exists");
        let served = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let count = served.clone();
        together(vec![
            with(&db, move |db| {
                let popped = db.blpop(["a", "b"], Duration::from_millis(1)).expect("lists");
                count.store(popped.iter().count(), std::sync::atomic::Ordering::Relaxed);
            }),
            with(&db, |db| drop(db.rpush("b", ["v"]).expect("a list"))),
            Box::new(move || clock.advance(Duration::from_millis(1))),
        ]);
        let left = db.llen("b").expect("a list");
        let served = served.load(std::sync::atomic::Ordering::Relaxed);
        assert_eq!(served + left, 1, "it is popped or there, and not both");
    });
}

#[cfg(feature = "async")]
#[test]
fn a_future_that_is_dropped_loses_nothing() {
    use std::future::Future;
    use std::pin::Pin;
    use std::task::{Context, Waker};

    explore(|| {
        let (engine, _) = open(Upkeep::ByHand);
        let db = engine.db(0).expect("exists");
        together(vec![
            with(&db, |db| {
                let mut future = db.blpop_async(["a", "b"], None);
                let _ =
                    Pin::new(&mut future).poll(&mut Context::from_waker(Waker::noop())).is_ready()
                        && db.rpush("a", ["again"]).is_ok();
            }),
            with(&db, |db| drop(db.rpush("a", ["v"]).expect("a list"))),
            with(&db, |db| assert!(db.blpop(["a"], None).expect("a list").is_some())),
        ]);
        assert_eq!(db.len(), 0, "what the future had went to the one that waits");
    });
}

#[cfg(feature = "async")]
#[test]
fn a_future_is_woken_whoever_pushes() {
    explore(|| {
        let (engine, _) = open(Upkeep::ByHand);
        let db = engine.db(0).expect("exists");
        together(vec![
            with(&db, |db| {
                let popped = shuttle::future::block_on(db.blpop_async(["a", "b"], None));
                assert!(popped.expect("lists").is_some());
            }),
            with(&db, |db| drop(db.rpush("b", ["v"]).expect("a list"))),
        ]);
        assert_eq!(db.len(), 0);
    });
}

fn number(db: &Db, key: &str) -> i64 {
    db.incr_by(key, 0).expect("a number")
}

/// Transactions, some of them undone, beside calls on one key: nobody sees a part of one, and nothing that was undone.
#[test]
fn transactions_are_seen_whole_or_not_at_all() {
    explore(|| {
        let (engine, _) = open(Upkeep::ByHand);
        let db = engine.db(0).expect("exists");
        db.mset([("a", "50"), ("b", "50")]).expect("set");
        let transfer = |from: &'static str, to: &'static str, fails: bool| {
            with(&db, move |db| {
                let done = db.transaction([from, to], |tx| {
                    tx.incr_by(from, -10)?;
                    tx.incr_by(to, 10)?;
                    if fails { Err(Error::Syntax) } else { Ok(()) }
                });
                assert_eq!(done.is_err(), fails);
            })
        };
        together(vec![
            transfer("a", "b", false),
            transfer("b", "a", true),
            with(&db, |db| _ = db.incr("a").expect("a number")),
            with(&db, |db| {
                let seen = db.mget(["a", "b"]).into_iter().flatten();
                let numbers =
                    seen.map(|n| String::from_utf8_lossy(&n).parse::<i64>().expect("one"));
                assert!((100..=101).contains(&numbers.sum::<i64>()));
            }),
        ]);
        assert_eq!((number(&db, "a"), number(&db, "b")), (41, 60));
    });
}

/// A commit that goes through saw everything that came before it, and one that does not met a change.
#[test]
fn a_commit_overlooks_no_change() {
    explore(|| {
        let (engine, _) = open(Upkeep::ByHand);
        let db = engine.db(0).expect("exists");
        db.set("n", "0").expect("set");
        let add = |db: &Db| {
            let added = db.retry(8, ["n"], |watch| {
                let n: i64 = String::from_utf8_lossy(&db.get("n")?.expect("it is there"))
                    .parse()
                    .expect("one");
                watch.commit(|tx| tx.set("n", (n + 1).to_string()))
            });
            added.expect("others change it four times");
        };
        together(vec![
            with(&db, add),
            with(&db, add),
            with(&db, |db| _ = db.incr("n").expect("a number")),
            with(&db, |db| {
                let undone: Result<(), Error> = db.transaction(["n"], |tx| {
                    tx.set("n", "1000")?;
                    Err(Error::Syntax)
                });
                assert!(undone.is_err());
            }),
        ]);
        assert_eq!(number(&db, "n"), 3);
    });
}

/// Keys that are named in any order, by transactions, watches and commits, never deadlock.
#[test]
fn transactions_and_watches_never_deadlock() {
    explore(|| {
        let (engine, _) = open(Upkeep::ByHand);
        let db = engine.db(0).expect("exists");
        together(vec![
            with(&db, |db| db.transaction(["a", "b", "c"], |tx| tx.set("a", "1")).expect("set")),
            with(&db, |db| db.transaction_all(|tx| tx.set("b", "1")).expect("set")),
            with(&db, |db| {
                let watch = db.watch(["c", "a"]);
                let done = watch.commit_with(["b"], |tx| tx.set("b", "2"));
                assert!(matches!(done, Ok(()) | Err(Error::Conflict)));
            }),
            with(&db, |db| drop(db.watch(["b", "c"]))),
        ]);
    });
}

/// However many ask, one loads; who waits is woken, whoever comes first.
#[cfg(feature = "cache")]
#[test]
fn a_value_is_loaded_once_and_all_are_given_it() {
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

    explore(|| {
        let (engine, _) = open(Upkeep::ByHand);
        let db = engine.db(0).expect("exists");
        let cache = danio::Cache::builder().build_with(&db, danio::typed::Schema::<u64>::plain());
        let loads = Arc::new(AtomicU64::new(0));
        let ask = || {
            let (cache, loads) = (cache.clone(), loads.clone());
            Box::new(move || {
                let load = || {
                    thread::yield_now();
                    loads.fetch_add(1, Relaxed)
                };
                assert_eq!(cache.get_or_insert_with("k", load), Ok(0));
            }) as Box<dyn FnOnce() + Send>
        };
        together(vec![ask(), ask(), ask()]);
        assert_eq!(loads.load(Relaxed), 1);
    });
}

/// A load that was invalidated, or overtaken by a value that somebody set, is not what stays.
#[cfg(feature = "cache")]
#[test]
fn what_is_outdated_does_not_stay() {
    use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

    explore(|| {
        let (engine, _) = open(Upkeep::ByHand);
        let db = engine.db(0).expect("exists");
        let cache = danio::Cache::builder().build_with(&db, danio::typed::Schema::<u64>::plain());
        let truth = Arc::new(AtomicU64::new(1));
        let ask = || {
            let (cache, truth) = (cache.clone(), truth.clone());
            Box::new(move || {
                cache.get_or_insert_with("k", || truth.load(SeqCst)).expect("numbers");
            }) as Box<dyn FnOnce() + Send>
        };
        let change = {
            let (cache, truth) = (cache.clone(), truth.clone());
            Box::new(move || {
                truth.store(2, SeqCst);
                cache.invalidate("k");
            }) as Box<dyn FnOnce() + Send>
        };
        together(vec![ask(), ask(), change]);
        assert_ne!(cache.get("k"), Ok(Some(1)), "the old truth was kept");
    });
}

/// A loader that panics, and a future that is dropped while it loads, leave nobody waiting.
#[cfg(all(feature = "cache", feature = "async"))]
#[test]
fn a_load_that_is_given_up_is_taken_over() {
    use std::future::Future;
    use std::task::{Context, Waker};

    explore(|| {
        let (engine, _) = open(Upkeep::ByHand);
        let db = engine.db(0).expect("exists");
        let cache = danio::Cache::builder().build_with(&db, danio::typed::Schema::<u64>::plain());
        let dropped = {
            let cache = cache.clone();
            Box::new(move || {
                let mut load =
                    Box::pin(cache.get_or_insert_async("k", std::future::pending::<u64>()));
                _ = load.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready();
                thread::yield_now();
                drop(load);
            }) as Box<dyn FnOnce() + Send>
        };
        let asks = {
            let cache = cache.clone();
            Box::new(move || assert_eq!(cache.get_or_insert_with("k", || 7), Ok(7)))
                as Box<dyn FnOnce() + Send>
        };
        let awaits = {
            let cache = cache.clone();
            Box::new(move || {
                let value = shuttle::future::block_on(cache.get_or_insert_async("k", async { 7 }));
                assert_eq!(value, Ok(7));
            }) as Box<dyn FnOnce() + Send>
        };
        together(vec![dropped, asks, awaits]);
        assert_eq!(cache.get("k"), Ok(Some(7)));
    });
}

/// Writes that are acknowledged when they are on disk (`appendfsync always`), the threads that write and sync, and a disk
/// that fails. A thread that is not told what came of its write is a deadlock, which shuttle reports.
#[cfg(feature = "aof")]
mod append_only {
    use danio::model::{FailingDisk, recorded};
    use shuttle::rand::{Rng, thread_rng};

    use super::*;

    fn open(disk: &FailingDisk) -> (Engine, Db) {
        let config = Config::new().stripes(4).databases(1).seed(1).upkeep(Upkeep::ByHand);
        let engine = Engine::open(disk.config(config)).expect("the disk works");
        let db = engine.db(0).expect("exists");
        (engine, db)
    }

    /// Writes something that can be told from all else on the disk, which must be safe if that is what is said.
    fn write(db: &Db, disk: &FailingDisk, what: &str) -> bool {
        let value = format!("<{what}>");
        match db.set(what, &value) {
            Ok(()) => {
                assert!(disk.has_safe(value.as_bytes()), "{what} is acknowledged and not safe")
            }
            Err(Error::AofFailing(_)) => return false,
            Err(other) => panic!("{other:?}"),
        }
        true
    }

    fn writer(db: &Db, disk: &FailingDisk, names: [&'static str; 2]) -> Box<dyn FnOnce() + Send> {
        let disk = disk.clone();
        with(db, move |db| {
            for name in names {
                write(db, &disk, name);
            }
        })
    }

    #[test]
    fn what_is_acknowledged_is_safe_whichever_syncs_fail() {
        explore(|| {
            let disk = FailingDisk::new();
            let (engine, db) = open(&disk);
            db.set("gone", "v").expect("the disk works");
            disk.fail_syncs((0..4).map(|_| thread_rng().r#gen()).collect());
            let synced = {
                let (engine, db, disk) = (engine.clone(), db.clone(), disk.clone());
                Box::new(move || {
                    // It has no way to say what became of it.
                    db.del("gone");
                    if engine.synced().is_ok() {
                        assert!(disk.has_safe(b"DEL"), "the key comes back");
                    }
                }) as Box<dyn FnOnce() + Send>
            };
            together(vec![
                writer(&db, &disk, ["a1", "a2"]),
                writer(&db, &disk, ["b1", "b2"]),
                synced,
            ]);
            disk.heal();
            while !write(&db, &disk, "resumed") {
                thread::yield_now();
            }
            let before = db.mget(["a1", "a2", "b1", "b2"]);
            drop((db, engine));
            let (_engine, db) = open(&disk);
            assert_eq!(db.mget(["a1", "a2", "b1", "b2"]), before, "what failed was made good");
        });
    }

    #[test]
    fn who_waits_and_who_comes_is_told_of_a_failure_at_once() {
        explore(|| {
            let disk = FailingDisk::new();
            let (engine, db) = open(&disk);
            disk.fail_syncs(vec![true]);
            // The failure lasts until everybody has been told.
            disk.hold_repairs();
            let synced = {
                let (engine, db) = (engine.clone(), db.clone());
                Box::new(move || {
                    db.del("none");
                    let _ = engine.synced();
                    #[cfg(feature = "async")]
                    let _ = shuttle::future::block_on(engine.synced_async());
                }) as Box<dyn FnOnce() + Send>
            };
            together(vec![
                writer(&db, &disk, ["a1", "a2"]),
                writer(&db, &disk, ["b1", "b2"]),
                synced,
            ]);
            disk.release();
        });
    }

    #[test]
    fn who_waits_on_is_told_when_it_is_safe_or_never_will_be() {
        explore(|| {
            let disk = FailingDisk::new();
            let (engine, db) = open(&disk);
            disk.fail_syncs((0..2).map(|_| thread_rng().r#gen()).collect());
            let waits = |limit: Option<Duration>| {
                let (engine, db, disk) = (engine.clone(), db.clone(), disk.clone());
                Box::new(move || {
                    db.del("gone");
                    match engine.wait_aof(limit) {
                        Ok(there) => assert!(!there || disk.has_safe(b"DEL"), "it comes back"),
                        Err(error) => assert!(matches!(error, Error::Reply(_)), "{error}"),
                    }
                }) as Box<dyn FnOnce() + Send>
            };
            db.set("gone", "v").ok();
            let ends = {
                let (engine, turned_off) = (engine.clone(), thread_rng().r#gen::<bool>());
                Box::new(move || {
                    if turned_off {
                        engine.set_append_only(false).expect("it can always be ended");
                    }
                }) as Box<dyn FnOnce() + Send>
            };
            together(vec![waits(None), waits(Some(Duration::ZERO)), ends]);
        });
    }

    #[test]
    fn nobody_is_misled_when_the_file_is_turned_off_and_on() {
        explore(|| {
            let disk = FailingDisk::new();
            let (engine, db) = open(&disk);
            if thread_rng().r#gen() {
                disk.fail();
            }
            let turn = {
                let (engine, disk) = (engine.clone(), disk.clone());
                Box::new(move || {
                    engine.set_append_only(false).expect("it can always be ended");
                    disk.heal();
                    engine.set_append_only(true).expect("the disk works");
                }) as Box<dyn FnOnce() + Send>
            };
            let writer = {
                let (engine, disk) = (engine.clone(), disk.clone());
                with(&db, move |db| {
                    for value in ["<first>", "<second>", "<third>"] {
                        let before = recorded(&engine);
                        let told = db.set("k", value);
                        // Only this thread writes; what it writes while the file is off is kept by nobody.
                        if recorded(&engine) > before + 1 && told.is_ok() {
                            assert!(disk.has_safe(value.as_bytes()), "{value} is not safe");
                        }
                    }
                })
            };
            let waits = {
                let engine = engine.clone();
                Box::new(move || drop(engine.synced())) as Box<dyn FnOnce() + Send>
            };
            together(vec![turn, writer, waits]);
            assert!(write(&db, &disk, "last"), "the disk works");
        });
    }
}
