//! `appendfsync always`: a connection in this process answers what is on disk, and says what is not.

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use super::{AsyncCommands, Client, Commands, RedisResult, pipe};
use crate::Engine;
use crate::config::{AppendFsync, Config};
use crate::disk::simulated::{Fault, Simulated, Step};

fn open(disk: &Simulated) -> Engine {
    let config = Config::new().stripes(4).seed(7).disk(Arc::new(disk.clone()));
    Engine::open(config.append_only(true).append_fsync(AppendFsync::Always)).expect("opened")
}

/// That a machine which crashes now, whatever its disk then leaves, has this key.
fn outlives_a_crash(disk: &Simulated, key: &str) {
    // The two ends of what may be left, and what lies between.
    for seed in 0..8_usize {
        let mut n = seed;
        let crashed = disk.crash(|below| {
            n = n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            match seed {
                0 => 0,
                1 => below - 1,
                _ => (n >> 33) % below,
            }
        });
        let engine = open(&crashed);
        assert!(engine.db(0).expect("there is one").exists(key), "{key}, seed {seed}");
    }
}

#[test]
fn what_was_answered_outlives_a_crash() {
    let disk = Simulated::new();
    let engine = open(&disk);
    let client = Client::open(&engine).expect("opened");
    let mut con = client.get_connection().expect("opened");
    let _: () = con.set("one", "v").expect("written");
    outlives_a_crash(&disk, "one");
    let _: () = pipe().set("two", "v").set("three", "v").query(&mut con).expect("written");
    outlives_a_crash(&disk, "three");
    let _: () = pipe().atomic().set("four", "v").query(&mut con).expect("written");
    outlives_a_crash(&disk, "four");
    pollster::block_on(async {
        let mut con = client.get_multiplexed_async_connection().await.expect("opened");
        let _: () = con.set("five", "v").await.expect("written");
        outlives_a_crash(&disk, "five");
        let _: () = pipe().set("six", "v").query_async(&mut con).await.expect("written");
        outlives_a_crash(&disk, "six");
    });
}

#[test]
fn nothing_is_answered_before_the_sync_has_ended() {
    let disk = Simulated::new();
    let engine = open(&disk);
    let (may_sync, answered) = (Arc::new(AtomicBool::new(false)), AtomicBool::new(false));
    let held = may_sync.clone();
    disk.fail(move |_, step| {
        while matches!(step, Step::Sync(_)) && !held.load(SeqCst) {
            std::thread::sleep(Duration::from_millis(1));
        }
        None
    });
    let mut con = Client::open(&engine).expect("opened").get_connection().expect("opened");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let _: () = con.set("k", "v").expect("written");
            answered.store(true, SeqCst);
        });
        std::thread::sleep(Duration::from_millis(100));
        assert!(!answered.load(SeqCst), "answered before it is safe");
        assert!(engine.db(0).expect("there is one").exists("k"), "it is in memory by now");
        may_sync.store(true, SeqCst);
    });
    assert!(answered.load(SeqCst));
}

#[test]
fn what_cannot_be_made_safe_is_told() {
    let disk = Simulated::new();
    let engine = open(&disk);
    let client = Client::open(&engine).expect("opened");
    let mut con = client.get_connection().expect("opened");
    disk.fail(|_, step| {
        matches!(step, Step::Sync(_)).then_some(Fault::Error(ErrorKind::StorageFull))
    });
    let told: RedisResult<()> = con.set("k", "v");
    assert_eq!(told.expect_err("not safe").code(), Some("MISCONF"));
    let read: Option<String> = con.get("k").expect("reads go on");
    assert_eq!(read.as_deref(), Some("v"));
    pollster::block_on(async {
        let mut con = client.get_multiplexed_async_connection().await.expect("opened");
        let told: RedisResult<()> = con.set("k", "w").await;
        assert_eq!(told.expect_err("refused").code(), Some("MISCONF"));
    });
    disk.heal();
    let again = || -> RedisResult<()> {
        let mut con = client.get_connection()?;
        con.set("again", "v")
    };
    assert!((0..5000).any(|_| {
        std::thread::sleep(Duration::from_millis(1));
        again().is_ok()
    }));
    outlives_a_crash(&disk, "again");
}
