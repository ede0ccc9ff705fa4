//! A disk that fails at any step, and then does no longer.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::time::Duration;

use super::{config, db, disk, keys, open};
use crate::api::{Db, Engine};
use crate::command::Session;
use crate::config::AppendFsync::{self, Always, EverySec, No};
use crate::disk::simulated::{Fault, Simulated, Step};
use crate::error::Error;
use crate::rng::Rng;

/// Writes until that is accepted.
fn resume(db: &Db) {
    for _ in 0..5000 {
        match db.set("resumed", "yes") {
            Ok(()) => return,
            Err(Error::AofFailing(_)) => std::thread::sleep(Duration::from_millis(1)),
            Err(other) => panic!("{other:?}"),
        }
    }
    panic!("writes are refused though the disk does its part");
}

/// Twelve transactions, and a rewrite in the middle. Gives the numbers of those that were acknowledged.
fn work(engine: &Engine) -> BTreeSet<u32> {
    let mut acknowledged = BTreeSet::new();
    for n in 0..12 {
        if n == 6 {
            let _ = engine.rewrite();
        }
        let written = db(engine).transaction_all(|tx| {
            tx.set(format!("a{n}"), "1")?;
            tx.set(format!("b{n}"), "1")
        });
        match written {
            Ok(()) => drop(acknowledged.insert(n)),
            Err(Error::AofFailing(_)) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    acknowledged
}

/// Which transactions there are; none is there in part.
fn whole(engine: &Engine, story: &str) -> BTreeSet<u32> {
    let db = db(engine);
    let there = |n: &u32| {
        let both = (db.exists(format!("a{n}")), db.exists(format!("b{n}")));
        assert_eq!(both.0, both.1, "{story}: half a transaction");
        both.0
    };
    (0..12).filter(there).collect()
}

fn fails_at(step: usize, times: usize, fault: Fault) -> impl FnMut(usize, &Step) -> Option<Fault> {
    move |n, what| {
        let fits = matches!(fault, Fault::Error(_)) || matches!(what, Step::Write(..));
        ((step..step + times).contains(&n) && fits).then_some(fault)
    }
}

fn every_step(fsync: AppendFsync) {
    let steps = {
        let disk = disk();
        let engine = open(&disk, fsync);
        work(&engine);
        drop(engine);
        disk.steps()
    };
    assert!(steps > 30, "{steps}");
    let faults = [
        (1, Fault::Error(ErrorKind::StorageFull)),
        (4, Fault::Error(ErrorKind::Other)),
        (1, Fault::Short(3)),
    ];
    for step in 0..steps {
        for (times, fault) in faults {
            let story = format!("{fsync:?}: step {step}, {times} times {fault:?}");
            let disk = disk();
            disk.fail(fails_at(step, times, fault));
            let Ok(engine) = Engine::open(config(&disk, fsync)) else {
                // Nothing was acknowledged, and the next time it works.
                disk.heal();
                work(&open(&disk, fsync));
                continue;
            };
            let acknowledged = work(&engine);
            if fsync == Always {
                for seed in 0..4 {
                    let rng = Rng::new(seed);
                    let left = open(&disk.crash(|below| rng.below(below)), fsync);
                    let there = whole(&left, &story);
                    let lost: Vec<_> = acknowledged.difference(&there).collect();
                    assert!(lost.is_empty(), "{story}: {lost:?} acknowledged and lost");
                }
            }
            disk.heal();
            resume(&db(&engine));
            let memory = keys(&engine);
            // What failed before may be noticed now.
            let synced = (0..1000).any(|_| {
                let synced = engine.synced().is_ok();
                if !synced {
                    resume(&db(&engine));
                }
                synced
            });
            assert!(synced, "{story}: the disk does its part");
            assert_eq!(keys(&open(&disk.crash(|_| 0), fsync)), memory, "{story}");
            drop(engine);
            let engine = open(&disk, fsync);
            assert_eq!(keys(&engine), memory, "{story}");
            assert!(whole(&engine, &story).is_superset(&acknowledged), "{story}");
        }
    }
}

#[test]
fn always_loses_nothing_acknowledged_whatever_step_fails() {
    every_step(Always);
}

#[test]
fn everysec_goes_on_whatever_step_fails() {
    every_step(EverySec);
}

#[test]
fn no_goes_on_whatever_step_fails() {
    every_step(No);
}

fn full(disk: &Simulated) {
    disk.fail(|_, step| {
        matches!(step, Step::Write(..)).then_some(Fault::Error(ErrorKind::StorageFull))
    });
}

#[test]
fn writes_are_refused_in_rediss_words_and_reads_are_not() {
    let disk = disk();
    let engine = open(&disk, Always);
    let db = db(&engine);
    db.mset([("k", "v"), ("gone", "v")]).expect("kept");
    full(&disk);
    let refused = db.set("k", "w").expect_err("it cannot be kept");
    assert!(matches!(refused, Error::AofFailing(_)), "{refused:?}");
    assert!(refused.to_string().starts_with("MISCONF Errors writing to the AOF file: "));
    // What was refused before it ran did nothing.
    assert!(matches!(db.set("n", "1"), Err(Error::AofFailing(_))));
    assert!(!db.exists("n"));
    assert!(matches!(db.rpush("list", ["x"]), Err(Error::AofFailing(_))));
    let in_transaction = db.transaction(["k"], |tx| {
        tx.del("k");
        Ok(())
    });
    assert!(matches!(in_transaction, Err(Error::AofFailing(_))) && db.exists("k"));
    assert!(matches!(db.blpop(["list"], Some(Duration::ZERO)), Err(Error::AofFailing(_))));
    let mut session = Session::new(&engine);
    for line in ["SET n 1", "PING", "DEL k"] {
        let error = session.execute(line.split(' ')).expect_err("refused").to_string();
        assert!(error.starts_with("MISCONF Errors writing to the AOF file: "), "{line}: {error}");
    }
    session.execute(["MULTI"]).expect("queues");
    session.execute(["SET", "n", "1"]).expect_err("refused");
    let aborted = session.execute(["EXEC"]).expect_err("refused").to_string();
    assert!(aborted.starts_with("EXECABORT"), "{aborted}");
    session.execute(["MULTI"]).expect("queues");
    session.execute(["GET", "k"]).expect("queues");
    session.execute(["EXEC"]).expect("reads only");
    assert!(db.exists("k") && db.get("k").is_ok());
    // It has no way to say so, and is done when the disk is.
    assert!(db.del("gone"));
    assert!(engine.synced().is_err());
    disk.heal();
    resume(&db);
    drop((session, db, engine));
    let engine = open(&disk, Always);
    assert_eq!(engine.db(0).expect("one").keys("*").len(), 2);
}

#[test]
fn a_closed_engine_lets_a_dead_disk_go() {
    let disk = disk();
    let engine = open(&disk, EverySec);
    db(&engine).set("k", "v").expect("kept");
    engine.synced().expect("on disk");
    full(&disk);
    let _ = db(&engine).set("lost", "v");
    drop(engine);
    disk.heal();
    assert_eq!(db(&open(&disk, EverySec)).len(), 1);
}
