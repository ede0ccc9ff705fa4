//! Calls that wait, as futures: on any runtime, and dropped at any moment.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use danio::{Config, Db, Engine, GroupReadOptions, ListEnd, ManualClock, ReadFrom, ZEnd};

/// Counts how often it was woken.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

fn open() -> (Db, ManualClock) {
    let clock = ManualClock::new();
    let engine = Engine::open(Config::new().clock(clock.clone()).stripes(64)).expect("valid");
    (engine.db(0).expect("exists"), clock)
}

fn pair(key: &str, element: &str) -> Option<(Bytes, Bytes)> {
    Some((key.to_owned().into(), element.to_owned().into()))
}

/// Whether so many keys have somebody in line.
fn waited_for(db: &Db, keys: usize) -> bool {
    let info = db.execute(["INFO", "clients"]).expect("known");
    let text = info.as_bytes().expect("text").to_vec();
    String::from_utf8_lossy(&text).contains(&format!("total_blocking_keys:{keys}\r"))
}

/// Polls once with a waker that does nothing.
fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    std::pin::Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn a_future_has_its_place_among_threads() {
    let (db, _clock) = open();
    let mut first = db.blpop_async(["k"], None);
    assert!(poll(&mut first).is_pending());
    let second = thread::spawn({
        let db = db.clone();
        move || db.blpop(["own", "k"], None)
    });
    while !waited_for(&db, 2) {
        thread::yield_now();
    }
    let mut third = db.brpop_async(["k"], None);
    assert!(poll(&mut third).is_pending());
    db.rpush("k", ["1", "2", "3"]).expect("a list");
    assert!(!db.exists("k"), "all are served before the push returns");
    assert_eq!(poll(&mut first), Poll::Ready(Ok(pair("k", "1"))));
    assert_eq!(second.join().expect("no panic"), Ok(pair("k", "2")));
    assert_eq!(poll(&mut third), Poll::Ready(Ok(pair("k", "3"))));
}

#[test]
fn it_is_woken_once_and_by_the_latest_waker() {
    let (db, _clock) = open();
    let (early, late) = (Arc::new(Count::default()), Arc::new(Count::default()));
    let mut future = pin!(db.blpop_async(["a", "b"], None));
    for count in [&early, &late] {
        let waker = Waker::from(count.clone());
        assert!(future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    }
    db.rpush("b", ["1", "2"]).expect("a list");
    db.rpush("a", ["3"]).expect("a list");
    assert_eq!((early.0.load(Relaxed), late.0.load(Relaxed)), (0, 1));
    assert_eq!(poll(&mut future), Poll::Ready(Ok(pair("b", "1"))));
    assert_eq!((db.llen("a"), db.llen("b")), (Ok(1), Ok(1)));
}

#[test]
fn dropped_before_it_is_served_it_leaves_the_line() {
    let (db, _clock) = open();
    let mut gone = db.blpop_async(["k"], None);
    let mut stays = db.blpop_async(["k"], None);
    assert!(poll(&mut gone).is_pending() && poll(&mut stays).is_pending());
    drop(gone);
    drop(db.blpop_async(["k"], None));
    db.rpush("k", ["v"]).expect("a list");
    assert_eq!(poll(&mut stays), Poll::Ready(Ok(pair("k", "v"))));
}

#[test]
fn dropped_after_it_was_served_it_gives_back() {
    let (db, _clock) = open();
    let mut gone = db.blmpop_async(["j", "k"], ListEnd::Left, 2, None);
    assert!(poll(&mut gone).is_pending());
    db.rpush("k", ["1", "2", "3"]).expect("a list");
    assert_eq!(db.lrange("k", ..).expect("a list"), ["3"]);
    drop(gone);
    assert_eq!(db.lrange("k", ..).expect("a list"), ["1", "2", "3"]);

    let mut right = db.blmpop_async(["l"], ListEnd::Right, 2, None);
    assert!(poll(&mut right).is_pending());
    db.rpush("l", ["1", "2", "3"]).expect("a list");
    drop(right);
    assert_eq!(db.lrange("l", ..).expect("a list"), ["1", "2", "3"]);

    let mut members = db.bzmpop_async(["z"], ZEnd::Max, 2, None);
    assert!(poll(&mut members).is_pending());
    db.zadd_many("z", [("a", 1), ("b", 2), ("c", 3)]).expect("a sorted set");
    db.zadd("z", "c", 9).expect("a sorted set");
    drop(members);
    let all: Vec<_> = db.zpop_many("z", ZEnd::Min, 9).expect("a sorted set");
    assert_eq!(all, [("a".into(), 1.into()), ("b".into(), 2.into()), ("c".into(), 9.into())]);
}

#[test]
fn what_is_given_back_serves_the_next_in_line() {
    let (db, _clock) = open();
    let mut gone = db.blpop_async(["k"], None);
    let mut next = db.blpop_async(["k"], None);
    assert!(poll(&mut gone).is_pending() && poll(&mut next).is_pending());
    db.rpush("k", ["v"]).expect("a list");
    assert!(poll(&mut next).is_pending());
    drop(gone);
    assert_eq!(poll(&mut next), Poll::Ready(Ok(pair("k", "v"))));
    assert!(!db.exists("k"));
}

#[test]
fn one_that_is_dropped_inside_a_transaction_gives_back_after_it() {
    let (db, _clock) = open();
    let mut gone = db.blpop_async(["j", "k"], None);
    assert!(poll(&mut gone).is_pending());
    db.rpush("k", ["v"]).expect("a list");
    let seen = db.transaction(["k"], move |tx| {
        drop(gone);
        tx.llen("k")
    });
    assert_eq!((seen, db.llen("k")), (Ok(0), Ok(1)));
}

#[test]
fn what_was_moved_stays_moved() {
    let (db, _clock) = open();
    let mut gone = db.blmove_async("s", "d", ListEnd::Left, ListEnd::Left, None);
    assert!(poll(&mut gone).is_pending());
    db.rpush("s", ["v"]).expect("a list");
    drop(gone);
    assert_eq!(db.lrange("d", ..).expect("a list"), ["v"]);
}

#[test]
fn entries_read_for_nobody_are_pending() {
    let (db, _clock) = open();
    let group = db.consumer_group("s", "g");
    group.create_from_end().expect("new");
    let mut gone = group.read_async("ann", GroupReadOptions::new(), None);
    assert!(poll(&mut gone).is_pending());
    db.xadd("s", [("n", "1")]).expect("a stream");
    drop(gone);
    assert_eq!(group.history("ann", danio::StreamId::MIN, 10).expect("a group").len(), 1);
}

#[test]
fn moving_the_clock_ends_what_is_over() {
    let (db, clock) = open();
    let count = Arc::new(Count::default());
    let waker = Waker::from(count.clone());
    let mut future = pin!(db.bzpopmin_async(["z"], Duration::from_secs(5)));
    assert!(future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    clock.advance(Duration::from_millis(4_999));
    assert_eq!(count.0.load(Relaxed), 0);
    clock.advance(Duration::from_millis(1));
    assert_eq!(count.0.load(Relaxed), 1);
    db.zadd("z", "m", 1).expect("a sorted set");
    assert_eq!(poll(&mut future), Poll::Ready(Ok(None)));
    assert_eq!(db.zcard("z"), Ok(1));
}

#[test]
fn on_the_systems_clock_a_thread_looks_after_the_time() {
    let db = Db::in_memory();
    let slow = pollster::block_on(db.blpop_async(["k"], Duration::from_millis(20)));
    assert_eq!(slow, Ok(None));
    let none = pollster::block_on(db.blpop_async(["k"], Duration::ZERO));
    assert_eq!(none, Ok(None));
    assert_eq!(pollster::block_on(db.blpop_async([""; 0], None)), Ok(None));
}

#[test]
fn errors_come_out_of_futures() {
    let (db, _clock) = open();
    db.set("k", "string").expect("set");
    let mut wrong = db.blpop_async(["k"], None);
    assert_eq!(poll(&mut wrong), Poll::Ready(Err(danio::Error::WrongType)));
    let group = db.consumer_group("s", "g");
    group.create_from_end().expect("new");
    let mut read = group.read_async("ann", GroupReadOptions::new(), None);
    assert!(poll(&mut read).is_pending());
    group.destroy().expect("there");
    assert!(matches!(poll(&mut read), Poll::Ready(Err(error)) if error.code() == "NOGROUP"));
}

#[tokio::test]
async fn on_tokio() {
    let db = Db::in_memory();
    let workers: Vec<_> = (0..10)
        .map(|_| {
            let db = db.clone();
            tokio::spawn(async move {
                let mut done = 0;
                while let Some((_, job)) = db.blpop_async(["jobs"], None).await.expect("a list") {
                    if &job[..] == b"end" {
                        break;
                    }
                    done += 1;
                    // Others come to have their turn.
                    tokio::task::yield_now().await;
                }
                done
            })
        })
        .collect();
    for n in 0..1_000 {
        db.rpush("jobs", [n.to_string()]).expect("a list");
        if n % 100 == 0 {
            tokio::task::yield_now().await;
        }
    }
    db.rpush("jobs", ["end"; 10]).expect("a list");
    let mut done = 0;
    for worker in workers {
        done += worker.await.expect("no panic");
    }
    assert_eq!((done, db.len()), (1_000, 0));
}

#[tokio::test]
async fn select_loses_nothing() {
    let db = Db::in_memory();
    let producer = thread::spawn({
        let db = db.clone();
        move || {
            for n in 0..2_000 {
                db.rpush(if n % 2 == 0 { "even" } else { "odd" }, [n.to_string()]).expect("a list");
            }
        }
    });
    let mut seen = vec![0; 2_000];
    let mut left = seen.len();
    while left > 0 {
        let (key, job) = tokio::select! {
            job = db.blpop_async(["even"], None) => job,
            job = db.blpop_async(["odd"], None) => job,
            () = tokio::task::yield_now() => continue,
        }
        .expect("a list")
        .expect("for ever");
        let n: usize = std::str::from_utf8(&job).expect("text").parse().expect("a number");
        assert_eq!(&key[..], if n.is_multiple_of(2) { &b"even"[..] } else { b"odd" });
        seen[n] += 1;
        left -= 1;
    }
    producer.join().expect("no panic");
    assert!(seen.iter().all(|times| *times == 1));
    assert_eq!(db.len(), 0);
}

#[test]
fn on_smol() {
    let db = Db::in_memory();
    smol::block_on(async {
        let executor = smol::Executor::new();
        let reader = executor.spawn(db.xread_async([("s", ReadFrom::Now)], 10, None));
        let popper = executor.spawn(db.bzpopmax_async(["z"], Duration::from_secs(100)));
        let writer = executor.spawn({
            let db = db.clone();
            async move {
                smol::future::yield_now().await;
                db.zadd("z", "m", 1).expect("a sorted set");
                db.xadd("s", [("n", "1")]).expect("a stream")
            }
        });
        executor
            .run(async {
                let id = writer.await;
                let read = reader.await.expect("a stream").expect("for ever");
                assert_eq!(read[0].1[0].id, id);
                let popped = popper.await.expect("a sorted set").expect("in time");
                assert_eq!(&popped.1[..], b"m");
            })
            .await;
    });
}
