//! Saving on a disk that fails at any step, or crashes.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use crate::disk::Disk;
use crate::disk::simulated::{Fault, Simulated, Step};
use crate::rng::Rng;
use crate::{Config, Engine, Error, ManualClock};

use super::SavePoint;

fn disk() -> Simulated {
    let disk = Simulated::new();
    disk.create_dir(Path::new("/data")).expect("a folder");
    disk
}

fn engine(disk: &Simulated, clock: &ManualClock) -> Engine {
    let config = Config::new().seed(1).clock(clock.clone()).dir("/data");
    Engine::open(config.disk(Arc::new(disk.clone()))).expect("valid")
}

/// What an engine that starts from this disk would hold under `k`.
fn found(disk: &Simulated) -> Option<String> {
    let other = engine(disk, &ManualClock::new());
    other.load().expect("a file that has its name is whole");
    let value = other.db(0).expect("exists").get("k").expect("a string");
    value.map(|value| String::from_utf8_lossy(&value).into_owned())
}

#[test]
fn whatever_fails_there_is_a_whole_file() {
    for incremental in [true, false] {
        let disk = disk();
        let engine = engine(&disk, &ManualClock::new());
        engine.saves().sync_often.store(incremental, Relaxed);
        let db = engine.db(0).expect("exists");
        // Of some megabytes that do not become less, so that it takes several writes.
        let rng = Rng::new(1);
        for i in 0..700 {
            let value: Vec<u8> = (0..3000).map(|_| rng.below(256) as u8).collect();
            db.set(format!("filler:{i}"), value).expect("set");
        }
        db.set("k", "0").expect("set");
        engine.save().expect("the disk is well");
        disk.fail(|_, _| None);
        engine.save().expect("the disk is well");
        let steps = disk.steps();
        assert!(steps > 5, "created, written, synced, renamed, and the folder synced: {steps}");
        let mut value = 0;
        for fault in [
            Fault::Error(io::ErrorKind::StorageFull),
            Fault::Error(io::ErrorKind::Other),
            Fault::Short(3),
        ] {
            for at in 0..steps {
                let before = value;
                value += 1;
                db.set("k", value.to_string()).expect("set");
                // How many writes there are depends on which thread is first: the step is known by what it does.
                let last = Arc::new(AtomicBool::new(false));
                let failed_last = last.clone();
                disk.fail(move |step, what| {
                    let fails = step == at;
                    if fails {
                        failed_last.store(matches!(what, Step::SyncDir(_)), Relaxed);
                    }
                    fails.then_some(fault)
                });
                let result = engine.save();
                disk.heal();
                let now = found(&disk).expect("there is a file");
                match result {
                    Ok(_) => assert_eq!(now, value.to_string(), "{fault:?} at {at}"),
                    // Should the folder's sync alone have failed, the new one is in place.
                    Err(error) => {
                        assert!(matches!(error, Error::Io { .. }), "{error}");
                        let old = now == before.to_string();
                        assert!(old || last.load(Relaxed), "{now} for {before}, {fault:?} at {at}");
                    }
                }
                assert_eq!(disk.names(), [Path::new("/data/dump.rdb")], "nothing lies about");
                engine.save().expect("the disk is well again");
                // Whenever it crashes now, what was saved is there.
                let rng = Rng::new(at as u64);
                let left = disk.crash(|below| rng.below(below));
                assert_eq!(found(&left), Some(value.to_string()));
            }
        }
    }
}

#[test]
fn a_crash_in_between_leaves_the_old_file_or_the_new() {
    let disk = disk();
    let engine = engine(&disk, &ManualClock::new());
    let db = engine.db(0).expect("exists");
    db.set("k", "old").expect("set");
    engine.save().expect("the disk is well");
    db.set("k", "new").expect("set");
    for i in 0..500 {
        db.set(format!("filler:{i}"), vec![b'x'; 300]).expect("set");
    }
    disk.fail(|_, _| None);
    engine.save().expect("the disk is well");
    let steps = disk.steps();
    let (mut olds, mut news) = (0, 0);
    for at in 0..=steps {
        db.set("k", "old").expect("set");
        engine.save().expect("the disk is well");
        db.set("k", "new").expect("set");
        // From here on nothing reaches the disk: that is the moment of the crash.
        disk.fail(move |step, _| (step >= at).then_some(Fault::Error(io::ErrorKind::Other)));
        let _ = engine.save();
        for seed in 0..40 {
            let rng = Rng::new(seed);
            match found(&disk.crash(|below| rng.below(below))).as_deref() {
                Some("old") => olds += 1,
                Some("new") => news += 1,
                other => panic!("{other:?} after a crash at step {at}"),
            }
        }
        disk.heal();
    }
    assert!(olds > 0 && news > 0);
}

#[test]
fn writes_stop_when_saving_fails_and_go_on_when_it_does_not() {
    let (disk, clock) = (disk(), ManualClock::new());
    let engine = engine(&disk, &clock);
    let db = engine.db(0).expect("exists");
    db.set("k", "v").expect("set");
    let full = |_, step: &Step| {
        matches!(step, Step::Write(..)).then_some(Fault::Error(io::ErrorKind::StorageFull))
    };
    disk.fail(full);
    assert!(matches!(engine.background_save().expect("begun").wait(), Err(Error::Io { .. })));
    assert!(!engine.save_status().ok);
    db.set("k", "without save points nobody relies on them").expect("set");
    engine.saves().set_points(vec![SavePoint { seconds: 60, changes: 3 }]);
    assert_eq!(db.set("k", "refused"), Err(Error::SaveFailing));
    assert!(db.exists("k"), "reading goes on");
    engine.saves().set_stop_writes(false);
    db.set("k", "allowed").expect("set");
    engine.saves().set_stop_writes(true);
    assert_eq!(db.set("k", "refused"), Err(Error::SaveFailing));
    disk.heal();
    engine.background_save().expect("begun").wait().expect("saved");
    db.set("k", "accepted").expect("set");
    assert!(engine.save_status().ok);
}

#[test]
fn it_is_saved_when_enough_has_changed() {
    let (disk, clock) = (disk(), ManualClock::new());
    let engine = engine(&disk, &clock);
    let db = engine.db(0).expect("exists");
    engine.saves().set_points(vec![
        SavePoint { seconds: 100, changes: 1 },
        SavePoint { seconds: 10, changes: 3 },
    ]);
    let saved = |changes: u64| {
        engine.tick(Duration::ZERO);
        while engine.save_status().running.is_some() {
            std::thread::yield_now();
        }
        assert_eq!(engine.save_status().changes, changes);
    };
    db.rpush("list", ["a", "b"]).expect("pushed");
    clock.advance(Duration::from_secs(11));
    saved(2);
    db.set("k", "third").expect("set");
    saved(0);
    db.set("k", "again").expect("set");
    saved(1);
    clock.advance(Duration::from_secs(101));
    saved(0);
    // After a failure it is not tried again at once.
    db.set("k", "again").expect("set");
    disk.fail(|_, _| Some(Fault::Error(io::ErrorKind::StorageFull)));
    clock.advance(Duration::from_secs(101));
    saved(1);
    assert_eq!(engine.save_status().begun, 3);
    clock.advance(Duration::from_secs(3));
    saved(1);
    assert_eq!(engine.save_status().begun, 3);
    disk.heal();
    clock.advance(Duration::from_secs(3));
    saved(0);
}

#[test]
fn one_is_saved_at_a_time_and_can_be_cancelled() {
    let disk = disk();
    let engine = engine(&disk, &ManualClock::new());
    let db = engine.db(0).expect("exists");
    for i in 0..1000 {
        db.set(format!("k{i}"), "v").expect("set");
    }
    let saves = engine.saves();
    saves.progress.delay.store(1_000_000, std::sync::atomic::Ordering::Relaxed);
    let first = engine.background_save().expect("begun");
    let in_progress = "ERR Background save already in progress";
    assert_eq!(engine.save().expect_err("refused").to_string(), in_progress);
    assert_eq!(engine.background_save().expect_err("refused").to_string(), in_progress);
    assert!(!first.is_done());
    assert!(saves.cancel().is_some());
    assert!(first.wait().is_err());
    assert!(engine.save_status().ok, "it did not fail: nobody wanted it");
    assert_eq!(saves.cancel(), None);
    assert!(disk.names().is_empty(), "nothing lies about");
    // The last handle ends what is being saved, and does not wait for it.
    let second = engine.background_save().expect("begun");
    let _ = (db, second);
    drop(engine);
}

#[test]
fn nothing_moves_while_the_last_one_is_saved() {
    let disk = disk();
    let engine = engine(&disk, &ManualClock::new());
    let db = engine.db(0).expect("exists");
    let mut last = 0;
    std::thread::scope(|scope| {
        let db = &db;
        let (say, told) = std::sync::mpsc::channel();
        scope.spawn(move || {
            for i in 1_u64.. {
                if db.set("k", i.to_string()).is_err() || say.send(i).is_err() {
                    return;
                }
            }
        });
        told.recv().expect("it writes");
        engine.saves().save_still(true, |saved, _| {
            saved.expect("the disk is well");
            // Whatever was acknowledged up to here is in the file: no write is, until this returns.
            std::thread::sleep(Duration::from_millis(20));
            last = told.try_iter().last().unwrap_or(1);
        });
        drop(told);
    });
    let saved: u64 = found(&disk).expect("there is a file").parse().expect("a number");
    assert!(saved >= last, "{saved} was saved, {last} acknowledged");
}
