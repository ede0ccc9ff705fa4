//! Transactions that fail: every method that changes something, over every state that keys can be in.
//!
//! What is compared is all there is to see from outside: data, encodings, times, memory, the append-only file,
//! events, watchers, clients that track keys, and those who wait. Beside the keyspace, `tests/undo.rs` does the same for
//! long random sequences and what only the inside shows.

#![allow(clippy::disallowed_methods, reason = "the tests wait on real sockets")]

mod calls;
mod restored;
mod seen;
mod states;
#[path = "../support/wire.rs"]
mod wire;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use calls::{CALLS, Call, READS};
use danio::command::Instance;
use danio::{Db, Engine, Error, Result, Transaction};
use seen::{Seen, Stage, config, make, picture};
use states::{K, N, O, STATES};

/// How a transaction fails, and over what.
#[derive(Debug, Clone, Copy)]
struct Way {
    panics: bool,
    all: bool,
}

/// Runs a call in a transaction that fails in this way.
fn fail(db: &Db, call: &Call, way: Way) {
    let work = |tx: &Transaction<'_>| -> Result<()> {
        (call.run)(tx);
        if way.panics {
            resume_unwind(Box::new("on purpose"));
        }
        Err(Error::Syntax)
    };
    let result = catch_unwind(AssertUnwindSafe(|| match way.all {
        true => db.transaction_all(work),
        false => db.transaction([K, O, N], work),
    }));
    match result {
        Ok(result) => assert!(result == Err(Error::Syntax) && !way.panics),
        Err(panic) => assert!(panic.downcast_ref() == Some(&"on purpose") && way.panics),
    }
}

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("danio-undoing-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// An engine whose keys are in a state.
fn engine(stripes: usize) -> Engine {
    let engine = Engine::open(config().stripes(stripes)).expect("valid");
    let parameters = &Instance::of(&engine).parameters;
    parameters.load(b"enable-debug-command", &[b"yes"]).expect("a parameter");
    engine
}

fn nothing_is_left_of_what_was_undone(ttl: Option<Duration>) {
    for (number, (name, state)) in STATES.iter().enumerate() {
        let folder = folder(&format!("{number}-{}", ttl.is_some()));
        let mut stage = Stage::new(*state, ttl, folder);
        // Once in advance: what tables have grown by they keep.
        let before = stage.seen();
        CALLS.iter().for_each(|call| fail(&stage.db, call, Way { panics: false, all: true }));
        let before = Seen { tables: stage.tables(), ..before };
        let used = stage.engine.used_memory();
        for (turn, call) in CALLS.iter().enumerate() {
            // Both ways to fail and both ways to lock, each pair in one of two neighbours.
            let all = (turn + number) % 2 == 0;
            for way in [Way { panics: false, all }, Way { panics: true, all: !all }] {
                fail(&stage.db, call, way);
                let what = || format!("{}, {way:?}, {name}", call.text);
                let after = stage.seen();
                assert!(after == before, "{}: {}", what(), before.difference(&after));
                assert!(stage.engine.used_memory() < used + 20_000, "{}: {used}", what());
                let told = catch_unwind(AssertUnwindSafe(|| stage.nobody_was_told()));
                told.unwrap_or_else(|_| panic!("{}: somebody was told", what()));
            }
        }
        stage.everybody_is_told();
    }
}

#[test]
fn nothing_is_left_of_what_was_undone_of_keys_that_stay() {
    nothing_is_left_of_what_was_undone(None);
}

#[test]
fn nothing_is_left_of_what_was_undone_of_keys_that_expire() {
    nothing_is_left_of_what_was_undone(Some(Duration::from_secs(1000)));
}

/// The calls above would change something if they were not undone.
#[test]
fn each_call_changes_something_somewhere() {
    for call in CALLS {
        let changes = STATES.iter().any(|(_, state)| {
            let engine = engine(4);
            let db = engine.db(0).expect("exists");
            make(&db, *state, Some(Duration::from_secs(1000)));
            let before = picture(&engine);
            let work = |tx: &Transaction<'_>| {
                (call.run)(tx);
                Ok(())
            };
            db.transaction_all(work).expect("it stands");
            picture(&engine) != before
        });
        assert!(changes, "{}", call.text);
    }
}

#[test]
fn a_key_that_was_not_declared_is_an_error_and_no_deadlock() {
    for (number, (name, state)) in STATES.iter().enumerate() {
        // Its stripe is locked by the transaction, or is not.
        let engine = engine([1, 64][number % 2]);
        let db = engine.db(0).expect("exists");
        make(&db, *state, None);
        db.set("mine", "x").expect("set");
        let before = (picture(&engine), engine.used_memory());
        for call in CALLS {
            let work = |tx: &Transaction<'_>| {
                tx.append("mine", "x")?;
                (call.run)(tx);
                Ok(())
            };
            let result = db.transaction(["mine"], work);
            assert_eq!(result, Err(Error::UndeclaredKey), "{}, {name}", call.text);
            let after = (picture(&engine), engine.used_memory());
            assert!(after == before, "{}, {name}: {} {}", call.text, before.1, after.1);
        }
    }
}

/// Nobody sees or changes a key of a transaction before it has ended, whatever way it ends.
#[test]
fn others_wait_until_a_transaction_has_ended() {
    type Touch = fn(&Db) -> bool;
    let touches: [(&str, Touch); 5] = [
        ("get", |db| db.get(K) == Ok(Some("before".into()))),
        ("set", |db| db.set(K, "theirs").is_ok()),
        ("execute", |db| {
            let value = db.execute(["GETRANGE", K, "0", "-1"]).expect("a string");
            value.as_bytes() == Some(&b"before"[..])
        }),
        ("transaction", |db| db.transaction([K], |tx| tx.get(K)) == Ok(Some("before".into()))),
        ("transaction_all", |db| db.transaction_all(|tx| Ok(tx.len())) == Ok(1)),
    ];
    for all in [false, true] {
        for (name, touch) in touches {
            let db = engine(4).db(0).expect("exists");
            db.set(K, "before").expect("set");
            std::thread::scope(|scope| {
                let work = |tx: &Transaction<'_>| -> Result<()> {
                    tx.set(K, "half-way")?;
                    tx.set(N, "half-way")?;
                    let other = scope.spawn(|| assert!(touch(&db), "{name}"));
                    std::thread::sleep(Duration::from_millis(20));
                    assert!(!other.is_finished(), "{name}");
                    Err(Error::Syntax)
                };
                let result =
                    if all { db.transaction_all(work) } else { db.transaction([K, N], work) };
                assert_eq!(result, Err(Error::Syntax));
            });
        }
    }
}

/// The names of the methods that work in a transaction, from the sources.
fn methods(folder: &Path, found: &mut BTreeSet<String>) {
    for file in std::fs::read_dir(folder).expect("a folder") {
        let path = file.expect("a file").path();
        if path.is_dir() {
            methods(&path, found);
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("text");
        let mut of_scopes = false;
        for line in text.lines() {
            if line.starts_with("impl") {
                of_scopes = ["Db<S>", "ConsumerGroup<S>"]
                    .iter()
                    .any(|of| line.starts_with(&format!("impl<S: Scope> {of}")));
            }
            if let Some(rest) = line.strip_prefix("    pub fn ")
                && of_scopes
            {
                found.extend(rest.split(['(', '<']).next().map(str::to_owned));
            }
        }
    }
}

#[test]
fn every_method_is_known_here() {
    let mut found = BTreeSet::new();
    methods(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/api"), &mut found);
    assert!(found.len() > 200, "{found:?}");
    let known = CALLS.iter().map(|call| call.method).chain(READS.iter().copied());
    let known: BTreeSet<String> = known.map(str::to_owned).collect();
    assert_eq!(found.difference(&known).collect::<Vec<_>>(), Vec::<&String>::new(), "not here");
    assert_eq!(known.difference(&found).collect::<Vec<_>>(), Vec::<&String>::new(), "not there");
}
