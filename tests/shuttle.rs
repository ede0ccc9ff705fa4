//! The places where locks and threads meet, run in many of the orders that they may run in.
//!
//! `RUSTFLAGS="--cfg shuttle" cargo test --release --test shuttle`: the engine's locks and its
//! upkeep thread are then shuttle's, which picks who runs next at every lock.
#![cfg(shuttle)]

use std::sync::Arc;
use std::time::Duration;

use danio::{Config, Db, Engine, ManualClock, Upkeep};
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
