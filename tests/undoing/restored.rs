//! Checkpoints over the same states and calls: what was restored was never changed, for all who look on.

use std::time::Duration;

use danio::{AppendFsync, Db, Engine, ReadFrom};

use super::calls::CALLS;
use super::seen::{Picture, config, make, picture, poll, waited_for};
use super::states::{K, N, O, STATES};
use super::wire::Fixture;
use super::{engine, folder};

/// Runs a call for good.
fn run(db: &Db, call: &super::Call) {
    let work = |tx: &danio::Transaction<'_>| {
        (call.run)(tx);
        Ok(())
    };
    db.transaction_all(work).expect("it stands");
}

/// What is accounted beyond what keys hold.
fn tables(engine: &Engine) -> usize {
    let usage = |number| {
        let db = engine.db(number).expect("exists");
        [K, O, N].map(|key| db.memory_usage(key).unwrap_or(0)).iter().sum::<usize>()
    };
    engine.used_memory() - usage(0) - usage(1)
}

#[test]
fn whatever_was_changed_comes_back_time_after_time() {
    for (number, (name, state)) in STATES.iter().enumerate() {
        let engine = engine(4);
        let db = engine.db(0).expect("exists");
        make(&db, *state, (number % 2 == 0).then_some(Duration::from_secs(1000)));
        let before = picture(&engine);
        let checkpoint = engine.checkpoint();
        for call in CALLS {
            run(&db, call);
            checkpoint.restore();
            assert!(picture(&engine) == before, "{}, {name}", call.text);
        }
        // What was emptied and comes back is accounted as it was.
        let accounted = || {
            engine.flush_all();
            checkpoint.restore();
            (tables(&engine), engine.used_memory())
        };
        assert_eq!(accounted(), accounted(), "{name}");
        // And after several changes at once.
        CALLS.iter().rev().for_each(|call| run(&db, call));
        engine.swap_db(0, 1).expect("both");
        db.set("more", "v").expect("set");
        engine.flush_all();
        checkpoint.restore();
        assert!(picture(&engine) == before, "{name}");
        drop(checkpoint);
        engine.flush_all();
        let nothing = engine.used_memory();
        assert!(nothing < 10_000, "{nothing} bytes of nothing, {name}");
    }
}

/// An engine that begins with what the file says.
fn again(folder: &std::path::Path) -> Picture {
    let config = config().dir(folder).append_only(true);
    let engine = Engine::open(config).expect("the file is whole");
    let parameters = &danio::command::Instance::of(&engine).parameters;
    parameters.load(b"enable-debug-command", &[b"yes"]).expect("a parameter");
    picture(&engine)
}

#[test]
fn the_append_only_file_has_what_was_restored() {
    for (number, (name, state)) in STATES.iter().enumerate() {
        let folder = folder(&format!("restored-{number}"));
        let config = config().dir(&folder).append_only(true).append_fsync(AppendFsync::Always);
        let engine = Engine::open(config).expect("valid");
        let parameters = &danio::command::Instance::of(&engine).parameters;
        parameters.load(b"enable-debug-command", &[b"yes"]).expect("a parameter");
        let db = engine.db(0).expect("exists");
        make(&db, *state, Some(Duration::from_secs(1000)));
        let before = picture(&engine);
        let checkpoint = engine.checkpoint();
        for (turn, call) in CALLS.iter().enumerate() {
            run(&db, call);
            match turn % 20 {
                5 => engine.swap_db(0, 1).expect("both"),
                10 => engine.flush_all(),
                _ => {}
            }
            if turn % 3 == 0 {
                checkpoint.restore();
            }
        }
        checkpoint.restore();
        assert!(picture(&engine) == before, "{name}");
        drop((checkpoint, db, engine));
        assert!(again(&folder) == before, "{name}");
        std::fs::remove_dir_all(&folder).expect("it is there");
    }
}

/// Who waits, watches and tracks keys when a checkpoint is restored, again and again, whatever took the keys away.
#[test]
fn who_waits_is_served_in_line_from_what_is_restored() {
    type Loss = fn(&Engine, &Db);
    let losses: [(&str, Loss); 4] = [
        ("DEL", |_, db| assert_eq!(db.del_many(["l", "z", "s"]), 3)),
        ("FLUSHDB", |_, db| db.flush()),
        ("FLUSHALL", |engine, _| engine.flush_all()),
        ("SWAPDB", |engine, _| engine.swap_db(0, 1).expect("both")),
    ];
    for (name, lose) in losses {
        let fixture = Fixture::of(config(), &[]);
        let engine = &fixture.engine;
        let db = engine.db(0).expect("exists");
        db.rpush("l", ["1"]).expect("a list");
        db.zadd("z", "m", 1).expect("a sorted set");
        let id = db.xadd("s", [("n", "1")]).expect("a stream");
        db.set("stays", "v").expect("set");
        let checkpoint = engine.checkpoint();
        lose(engine, &db);

        let mut future = db.blpop_async(["l"], None);
        assert!(poll(&mut future).is_none());
        let mut wire = fixture.connect();
        wire.command(&["BLPOP", "other", "l", "0"]);
        while waited_for(&db) != Some(2) {
            std::thread::yield_now();
        }
        let thread = std::thread::spawn({
            let db = db.clone();
            move || db.blpop(["own", "l"], None)
        });
        while waited_for(&db) != Some(3) {
            std::thread::yield_now();
        }
        let mut ranked = db.bzpopmax_async(["z"], None);
        let mut read = db.xread_async([("s", ReadFrom::After(danio::StreamId::MIN))], 10, None);
        assert!(poll(&mut ranked).is_none() && poll(&mut read).is_none());
        let mut tracks = fixture.connect();
        tracks.send("HELLO 3\r\nECHO hello-is-over\r\n");
        while tracks.line() != "hello-is-over" {}
        tracks.call(&["CLIENT", "TRACKING", "ON"], "+OK\r\n");
        tracks.call(&["EXISTS", "l"], ":0\r\n");
        let mut watches = fixture.connect();
        watches.call(&["WATCH", "l"], "+OK\r\n");
        let watch = db.watch(["s"]);

        checkpoint.restore();
        assert_eq!(poll(&mut future), Some(Some(("l".into(), "1".into()))), "{name}");
        let (_, member, _) = poll(&mut ranked).flatten().expect("served");
        assert_eq!(member, "m", "{name}");
        let entries = poll(&mut read).flatten().expect("served");
        assert_eq!(entries[0].1[0].id, id, "{name}");
        assert!(watch.has_changed(), "{name}");
        watches.call(&["MULTI"], "+OK\r\n");
        watches.call(&["PING"], "+QUEUED\r\n");
        watches.call(&["EXEC"], "*-1\r\n");
        // Where databases were exchanged or emptied, all that was cached is out of date.
        let push = tracks.line();
        assert_eq!(push, ">2", "{name}");
        assert_eq!(db.exists_many(["l", "z", "s"]), 1, "{name}: two were popped");
        assert!(!thread.is_finished());

        // Each time the next.
        checkpoint.restore();
        wire.expect("*2\r\n$1\r\nl\r\n$1\r\n1\r\n");
        checkpoint.restore();
        assert_eq!(thread.join().expect("no panic"), Ok(Some(("l".into(), "1".into()))), "{name}");
        checkpoint.restore();
        assert_eq!(db.exists_many(["l", "z", "s", "stays"]), 4, "{name}");
        assert_eq!(waited_for(&db), Some(0), "{name}");
    }
}
