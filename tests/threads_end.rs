//! The last handle ends every thread that an engine started; so there is one test in this file.

#![cfg(all(feature = "network", feature = "async", feature = "aof", target_os = "linux"))]
#![allow(clippy::unwrap_used, reason = "a test says by failing what is wrong")]
#![allow(clippy::disallowed_methods, reason = "the test waits for real threads")]

#[path = "support/wire.rs"]
mod wire;

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use danio::{Config, Engine, Upkeep};
use wire::Fixture;

/// The names of the process's threads that are an engine's.
fn threads() -> BTreeSet<String> {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let name = |task: std::io::Result<std::fs::DirEntry>| {
        // One that has ended meanwhile has no name.
        let name = std::fs::read_to_string(task.unwrap().path().join("comm")).unwrap_or_default();
        name.trim().to_owned()
    };
    tasks.map(name).filter(|name| name.starts_with("danio")).collect()
}

/// Waits until the engine's threads are these.
#[track_caller]
fn until(wanted: &[&str]) {
    let wanted: BTreeSet<String> = wanted.iter().map(|name| (*name).to_owned()).collect();
    for _ in 0..2_000 {
        if threads() == wanted {
            return;
        }
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(threads(), wanted);
}

#[test]
fn the_last_handle_ends_all_threads() {
    until(&[]);
    // The bare engine has none, whoever waits.
    let engine = Engine::open(Config::new()).unwrap();
    let db = engine.db(0).unwrap();
    let waits = thread::spawn({
        let db = db.clone();
        move || db.blpop(["k"], None)
    });
    db.set("other", "v").unwrap();
    until(&[]);
    db.rpush("k", ["v"]).unwrap();
    assert!(waits.join().unwrap().unwrap().is_some());
    drop((db, engine));

    // With everything that has a thread, and everybody who can wait.
    let folder = std::env::temp_dir().join(format!("danio-threads-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    for round in 0..3 {
        let config = Config::new().upkeep(Upkeep::Thread).dir(&folder).append_only(true);
        let fixture = Fixture::of(config, &[]);
        let db = fixture.engine.db(0).unwrap();
        let mut timed = db.blpop_async(["none"], Duration::from_secs(3600));
        assert!(Pin::new(&mut timed).poll(&mut Context::from_waker(Waker::noop())).is_pending());
        let mut blocked = fixture.connect();
        blocked.command(&["BLPOP", "none", "0"]);
        let mut messages = fixture.engine.subscribe(["ch"]);
        let mut events = db.events();
        let listeners = [
            thread::spawn(move || messages.recv().is_none()),
            thread::spawn(move || {
                // Of the one key, and then the end.
                events.recv().is_some_and(|event| event.key == "k") && events.all(|e| e.key == "k")
            }),
        ];
        db.set("k", round.to_string()).unwrap();
        // One that begins gives itself its name.
        for name in ["danio-upkeep", "danio-control", "danio-worker-0", "danio-timer"] {
            while !threads().contains(name) {
                thread::sleep(Duration::from_millis(1));
            }
        }
        if round == 1 {
            // The server first, with a connection that is blocked.
            drop(fixture.server);
            blocked.expect_end();
            assert!(!threads().iter().any(|name| name.contains("worker")), "{:?}", threads());
            drop(fixture.engine);
        } else {
            drop(fixture);
        }
        assert!(threads().contains("danio-upkeep"), "a handle is left, and a future has one");
        drop(db);
        drop(timed);
        until(&[]);
        for listener in listeners {
            assert!(listener.join().unwrap());
        }
    }

    // A thread that waits has a handle: the engine lives until it has ended.
    let engine = Engine::open(Config::new().upkeep(Upkeep::Thread)).unwrap();
    let db = engine.db(0).unwrap();
    let waits = thread::spawn(move || db.blpop(["none"], Duration::from_millis(200)));
    drop(engine);
    until(&["danio-upkeep"]);
    assert_eq!(waits.join().unwrap(), Ok(None));
    until(&[]);
    std::fs::remove_dir_all(&folder).unwrap();
}
