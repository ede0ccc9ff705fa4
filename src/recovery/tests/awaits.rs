//! Futures that write under `appendfsync always`: they are ready when what they wrote is on disk, no thread waits for
//! that, and they may be dropped.

use std::future::{Future, poll_fn};
use std::io::ErrorKind;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::{db, disk, open};
use crate::api::{Db, Engine};
#[cfg(feature = "cache")]
use crate::cache::Cache;
use crate::config::AppendFsync::{self, Always, No};
use crate::disk::simulated::{Fault, Simulated, Step};
use crate::error::Error;

/// An engine on a disk whose syncs are held, until this is dropped or somebody has waited for so long that something must
/// be wrong.
struct Held {
    disk: Simulated,
    engine: Engine,
    over: Arc<AtomicBool>,
}

impl Held {
    fn new(fsync: AppendFsync) -> Held {
        let disk = disk();
        let engine = open(&disk, fsync);
        disk.hold(|step| matches!(step, Step::Sync(_)));
        let over = Arc::new(AtomicBool::new(false));
        let (watched, held) = (over.clone(), disk.clone());
        std::thread::spawn(move || {
            for _ in 0..1000 {
                std::thread::sleep(Duration::from_millis(10));
                if watched.load(SeqCst) {
                    return;
                }
            }
            watched.store(true, SeqCst);
            held.release();
        });
        Held { disk, engine, over }
    }

    fn db(&self) -> Db {
        db(&self.engine)
    }

    /// Lets the syncs go on. Fails if that has been done because nothing else went on.
    fn release(&self) {
        assert!(!self.over.swap(true, SeqCst), "a thread was held by a sync");
        self.disk.release();
    }

    /// What there is after a crash now.
    fn crashed(&self) -> Db {
        db(&open(&self.disk.crash(|_| 0), Always))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.over.store(true, SeqCst);
        self.disk.release();
    }
}

async fn give_way() {
    let mut given = false;
    poll_fn(|cx| {
        cx.waker().wake_by_ref();
        match std::mem::replace(&mut given, true) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    })
    .await;
}

/// Runs both as tasks of one thread of tokio's.
fn on_tokio(write: impl Future<Output = ()> + Send + 'static, other: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let write = tokio::spawn(write);
        other.await;
        write.await.expect("no panic");
    });
}

/// Runs both as tasks of one thread of smol's.
fn on_smol(write: impl Future<Output = ()> + Send + 'static, other: impl Future<Output = ()>) {
    let executor = smol::LocalExecutor::new();
    smol::block_on(executor.run(async {
        let write = executor.spawn(write);
        other.await;
        write.await;
    }));
}

/// Goes on beside a write that waits for a sync, and lets that end.
async fn beside(held: &Held, wrote: Arc<AtomicBool>, key: &str) {
    for _ in 0..100 {
        give_way().await;
    }
    assert!(!held.over.load(SeqCst), "a thread was held by a sync");
    held.disk.wait_until_held();
    assert!(held.db().exists(key), "it is in memory");
    assert!(!wrote.load(SeqCst), "it is not on disk, and so not told");
    assert!(!held.crashed().exists(key));
    held.release();
}

type Run = fn(
    std::pin::Pin<Box<dyn Future<Output = ()> + Send>>,
    std::pin::Pin<Box<dyn Future<Output = ()> + '_>>,
);

fn runs() -> [Run; 2] {
    [|write, other| on_tokio(write, other), |write, other| on_smol(write, other)]
}

/// Has what writes run beside something else, on each runtime. Whatever it writes must make `key` exist.
fn goes_on_beside<F>(key: &'static str, write: impl Fn(Db) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    for run in runs() {
        let held = Held::new(Always);
        let wrote = Arc::new(AtomicBool::new(false));
        let (work, told) = (write(held.db()), wrote.clone());
        let write = Box::pin(async move {
            work.await;
            told.store(true, SeqCst);
        });
        run(write, Box::pin(beside(&held, wrote.clone(), key)));
        assert!(wrote.load(SeqCst));
        assert!(held.crashed().exists(key), "what was told is on disk");
    }
}

#[test]
fn a_typed_write_holds_no_thread() {
    goes_on_beside("k", |db| async move {
        let work = || {
            db.del("none");
            db.transaction(["a"], |tx| tx.set("a", "1"))?;
            assert!(db.blpop(["list"], Some(Duration::ZERO))?.is_none());
            db.set("k", "v")
        };
        db.engine().write_async(work).await.expect("written");
    });
}

#[cfg(feature = "cache")]
#[test]
fn what_a_cache_loads_is_awaited() {
    goes_on_beside("page:home", |db| async move {
        let pages: Cache = Cache::builder().prefix("page:").build(&db);
        let page = pages.get_or_insert_async("home", async { "<html>".into() }).await;
        assert_eq!(page.expect("written"), "<html>");
    });
}

#[test]
fn what_a_call_that_waits_takes_is_awaited() {
    goes_on_beside("to", |db| async move {
        let taken = db.brpoplpush_async("from", "to", None);
        let engine = db.engine().clone();
        let give = || db.rpush("from", ["job"]);
        // Nobody waits for that it was given.
        drop(pin!(engine.write_async(give)).poll(&mut Context::from_waker(Waker::noop())));
        assert_eq!(taken.await.expect("lists").as_deref(), Some(&b"job"[..]));
    });
}

#[cfg(feature = "redis")]
#[test]
fn a_call_of_the_redis_crate_holds_no_thread() {
    use crate::redis::{AsyncCommands, Client, pipe};

    goes_on_beside("k", |db| async move {
        let client = Client::open(db).expect("opened");
        let mut con = client.get_multiplexed_async_connection().await.expect("opened");
        con.set::<_, _, ()>("k", "v").await.expect("written");
    });
    goes_on_beside("k", |db| async move {
        let client = Client::open(db).expect("opened");
        let mut con = client.get_multiplexed_async_connection().await.expect("opened");
        let set = pipe().atomic().set("a", "1").set("k", "v").exec_async(&mut con).await;
        set.expect("written");
    });
}

/// While a call of a clone is made safe, others have their turn.
#[cfg(feature = "redis")]
#[test]
fn a_connection_goes_on_while_a_call_is_made_safe() {
    use crate::redis::{AsyncCommands, Client};

    let held = Held::new(Always);
    pollster::block_on(async {
        let client = Client::open(held.db()).expect("opened");
        let mut con = client.get_multiplexed_async_connection().await.expect("opened");
        let mut other = con.clone();
        let mut set = pin!(con.set::<_, _, ()>("k", "v"));
        assert!(polled(set.as_mut()).is_none());
        let read: String = other.get("k").await.expect("reads go on");
        assert_eq!(read, "v");
        let mut dropped = Box::pin(other.set::<_, _, ()>("dropped", "v"));
        assert!(polled(dropped.as_mut()).is_none());
        drop(dropped);
        held.release();
        set.await.expect("written");
        held.engine.synced_async().await.expect("on disk");
    });
    assert_eq!(held.crashed().exists_many(["k", "dropped"]), 2, "what has run stands");
}

fn polled<F: Future>(future: std::pin::Pin<&mut F>) -> Option<F::Output> {
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

#[test]
fn a_write_that_is_dropped_stands() {
    let held = Held::new(Always);
    let db = held.db();
    let never = held.engine.write_async(|| db.set("never", "v"));
    drop(never);
    let mut write = Box::pin(held.engine.write_async(|| db.set("k", "v")));
    assert!(polled(write.as_mut()).is_none() && polled(write.as_mut()).is_none());
    drop(write);
    assert_eq!((db.exists("k"), db.exists("never")), (true, false));
    held.release();
    db.set("next", "v").expect("on disk, and so what was before");
    assert_eq!(held.crashed().len(), 2);
}

#[test]
fn what_was_taken_goes_back_if_nobody_is_told() {
    let held = Held::new(Always);
    let db = held.db();
    let (mut waits, mut now);
    {
        waits = Box::pin(db.blpop_async(["a"], None));
        assert!(polled(waits.as_mut()).is_none(), "there is nothing");
        let give = held.engine.write_async(|| {
            db.rpush("a", ["1", "2"])?;
            db.rpush("b", ["1", "2"])
        });
        assert!(polled(pin!(give)).is_none());
        now = Box::pin(db.blpop_async(["b"], None));
        assert!(polled(waits.as_mut()).is_none() && polled(now.as_mut()).is_none());
        assert_eq!((db.llen("a"), db.llen("b")), (Ok(1), Ok(1)), "they have it");
    }
    // To put it back is a write, which waits for nothing here.
    drop((waits, now));
    for key in ["a", "b"] {
        assert_eq!(db.lrange(key, ..).expect("a list"), [&b"1"[..], b"2"], "{key}");
    }
    held.release();
}

#[test]
fn what_cannot_be_made_safe_fails_at_once() {
    let disk = disk();
    let engine = open(&disk, Always);
    let db = db(&engine);
    db.rpush("list", ["1"]).expect("on disk");
    fail_syncs(&disk);
    // What it did before that is known, it did.
    let failed: Result<i64, Error> = pollster::block_on(engine.write_async(|| db.incr("n")));
    assert!(matches!(failed, Err(Error::AofFailing(_))), "{failed:?}");
    assert_eq!(db.get("n").expect("a number").as_deref(), Some(&b"1"[..]));
    // What is refused before it runs, and what cannot say so.
    let refused = pollster::block_on(engine.write_async(|| db.incr("n")));
    assert!(matches!(refused, Err(Error::AofFailing(_))), "{refused:?}");
    let gone: Result<bool, Error> = pollster::block_on(engine.write_async(|| Ok(db.del("n"))));
    assert!(matches!(gone, Err(Error::AofFailing(_))), "{gone:?}");
    assert!(matches!(pollster::block_on(engine.synced_async()), Err(Error::AofFailing(_))));
    disk.heal();
}

/// Has no sync succeed.
fn fail_syncs(disk: &Simulated) {
    disk.fail(|_, step| {
        matches!(step, Step::Sync(_)).then_some(Fault::Error(ErrorKind::StorageFull))
    });
}

#[test]
fn what_is_taken_and_cannot_be_made_safe_goes_back() {
    let disk = disk();
    let engine = open(&disk, Always);
    let db = db(&engine);
    let mut waits = Box::pin(db.blpop_async(["list"], None));
    assert!(polled(waits.as_mut()).is_none());
    fail_syncs(&disk);
    assert!(matches!(db.rpush("list", ["1"]), Err(Error::AofFailing(_))));
    assert!(matches!(pollster::block_on(waits), Err(Error::AofFailing(_))));
    assert_eq!(db.llen("list"), Ok(1));
    disk.heal();
}

#[test]
fn what_a_thread_takes_and_cannot_be_made_safe_goes_back() {
    let disk = disk();
    let engine = open(&disk, Always);
    let db = db(&engine);
    db.rpush("list", ["1"]).expect("on disk");
    fail_syncs(&disk);
    let taken = db.blpop(["list"], None);
    assert!(matches!(taken, Err(Error::AofFailing(_))), "{taken:?}");
    assert_eq!(db.llen("list"), Ok(1));
    disk.heal();
}

#[test]
fn what_a_thread_waits_for_and_cannot_be_made_safe_goes_back() {
    let disk = disk();
    let engine = open(&disk, Always);
    let db = db(&engine);
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| db.blpop(["list"], None));
        // Should it not wait by then, it is refused, and takes nothing.
        std::thread::sleep(std::time::Duration::from_millis(100));
        fail_syncs(&disk);
        assert!(matches!(db.rpush("list", ["1"]), Err(Error::AofFailing(_))));
        let taken = waits.join().expect("no panic");
        assert!(matches!(taken, Err(Error::AofFailing(_))), "{taken:?}");
    });
    assert_eq!(db.llen("list"), Ok(1));
    disk.heal();
}

/// A thread and a future that wait for a sync which the policy no longer asks for.
#[test]
fn who_waits_is_told_though_the_policy_changes() {
    let held = Held::new(Always);
    let db = held.db();
    let mut write = Box::pin(held.engine.write_async(|| db.set("k", "v")));
    assert!(polled(write.as_mut()).is_none());
    held.disk.wait_until_held();
    std::thread::scope(|scope| {
        // Behind the sync that is held already.
        let thread = scope.spawn(|| db.set("later", "v"));
        while !db.exists("later") {
            std::thread::yield_now();
        }
        held.engine.aof().set_fsync(No);
        held.release();
        thread.join().expect("no panic").expect("on disk");
    });
    pollster::block_on(write).expect("on disk");
    assert_eq!(held.crashed().len(), 2);
}

#[test]
fn other_policies_wait_for_nothing() {
    let held = Held::new(No);
    let db = held.db();
    let mut write = pin!(held.engine.write_async(|| db.incr("n")));
    assert_eq!(polled(write.as_mut()), Some(Ok(1)));
    let mut synced = pin!(held.engine.synced_async());
    assert!(polled(synced.as_mut()).is_none());
    held.disk.wait_until_held();
    held.release();
    pollster::block_on(synced).expect("on disk");
    assert!(held.crashed().exists("n"));
}
