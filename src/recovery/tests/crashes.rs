//! A machine that crashes at any moment: what was acknowledged is there, and nothing is there in part.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};

use super::{db, disk, open};
use crate::api::Engine;
use crate::config::AppendFsync::{self, Always, EverySec};
use crate::disk::simulated::Simulated;
use crate::rng::Rng;

const WRITERS: usize = 3;

/// How far a writer is.
#[derive(Default)]
struct Progress {
    acknowledged: AtomicU64,
    begun: AtomicU64,
}

/// Counts two keys up together, of which one is also appended to, so that each state tells its history.
fn count(engine: &Engine, writer: usize, progress: &Progress, stop: &AtomicBool, synced: bool) {
    let db = db(engine);
    let keys = [format!("a{writer}"), format!("b{writer}"), format!("log{writer}")];
    let mut n = 0;
    while !stop.load(SeqCst) {
        n += 1;
        progress.begun.store(n, SeqCst);
        db.transaction(&keys, |tx| {
            tx.set(&keys[0], n.to_string())?;
            tx.append(&keys[2], format!("{n},"))?;
            tx.set(&keys[1], n.to_string()).map(drop)
        })
        .expect("nothing fails here");
        if synced {
            engine.synced().expect("nothing fails here");
        }
        progress.acknowledged.store(n, SeqCst);
        // So that there is not more to look through than there is to see.
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}

/// What a writer's keys say of how far it was.
fn seen(engine: &Engine, writer: usize) -> u64 {
    let db = db(engine);
    let number = |key: String| -> u64 {
        let text = db.get(key).expect("a string");
        text.map_or(0, |text| std::str::from_utf8(&text).expect("text").parse().expect("a number"))
    };
    let (a, b) = (number(format!("a{writer}")), number(format!("b{writer}")));
    assert_eq!(a, b, "half a transaction");
    let log = db.get(format!("log{writer}")).expect("a string").unwrap_or_default();
    let expected: String = (1..=a).map(|n| format!("{n},")).collect();
    assert_eq!(log, expected, "each is there once, and in its order");
    a
}

/// Has the writers stop when it is dropped.
struct Stops<'a>(&'a AtomicBool);

impl Drop for Stops<'_> {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}

fn crash(disk: &Simulated, seed: u64) -> Simulated {
    let rng = Rng::new(seed);
    disk.crash(|below| rng.below(below))
}

fn crashes(fsync: AppendFsync, synced: bool) {
    let disk = disk();
    let engine = open(&disk, fsync);
    let progress: [Progress; WRITERS] = Default::default();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for (writer, progress) in progress.iter().enumerate() {
            let (engine, stop) = (&engine, &stop);
            scope.spawn(move || count(engine, writer, progress, stop, synced));
        }
        // If something is wrong, the writers end too.
        let stops = Stops(&stop);
        for seed in 0..40 {
            if seed % 10 == 5 {
                engine.rewrite().expect("nothing fails here");
            }
            let acknowledged: Vec<u64> =
                progress.iter().map(|p| p.acknowledged.load(SeqCst)).collect();
            let left = crash(&disk, seed);
            let begun: Vec<u64> = progress.iter().map(|p| p.begun.load(SeqCst)).collect();
            let engine = open(&left, fsync);
            for writer in 0..WRITERS {
                let seen = seen(&engine, writer);
                let (least, most) = (acknowledged[writer], begun[writer]);
                assert!(seen <= most, "seed {seed}: {seen} of {most} begun");
                if fsync == Always || synced {
                    assert!(seen >= least, "seed {seed}: {seen} of {least} acknowledged");
                }
            }
            // And it goes on from there.
            db(&engine).set("more", "v").expect("kept");
        }
        drop(stops);
    });
    assert!(progress.iter().all(|p| p.acknowledged.load(SeqCst) > 3));
}

#[test]
fn always_keeps_what_was_acknowledged() {
    crashes(Always, false);
}

#[test]
fn everysec_keeps_a_prefix_and_what_was_synced() {
    crashes(EverySec, false);
    crashes(EverySec, true);
}

#[test]
fn everysec_loses_a_second_at_most() {
    let disk = disk();
    let engine = open(&disk, EverySec);
    db(&engine).set("k", "v").expect("kept");
    // A second, and the rounds of the threads.
    for _ in 0..300 {
        std::thread::sleep(std::time::Duration::from_millis(10));
        if db(&open(&disk.crash(|_| 0), EverySec)).exists("k") {
            return;
        }
    }
    panic!("it is not safe after three seconds");
}
