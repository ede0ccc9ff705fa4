//! Every call that waits as a future, dropped at every moment of its life: nothing is lost, and nobody is left in line.

#![allow(clippy::unwrap_used, reason = "a test says by failing what is wrong")]

use std::collections::BTreeSet;
use std::future::{Future, poll_fn};
use std::path::Path;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use danio::{
    Config, ConsumerGroup, Db, Engine, GroupReadOptions, ListEnd, ListMove, ManualClock, ReadFrom,
    StreamId, Waiting, ZEnd,
};

/// A call, whether it was served, without what it brought.
type Served = Pin<Box<dyn Future<Output = bool>>>;

fn served<T: 'static>(future: Waiting<T>) -> Served {
    Box::pin(async { future.await.unwrap().is_some() })
}

/// What remains of what a future was served that is dropped before it could tell.
#[derive(PartialEq, Clone, Copy)]
enum Left {
    /// It goes back to where it was.
    All,
    /// It was moved, and stays so.
    Moved,
    /// It is pending with the consumer.
    Pending,
}

struct Call {
    method: &'static str,
    wait: fn(&Db, Option<Duration>) -> Served,
    left: Left,
}

const CALLS: &[Call] = &[
    Call {
        method: "blpop_async",
        wait: |db, t| served(db.blpop_async(["x", "l"], t)),
        left: Left::All,
    },
    Call {
        method: "brpop_async",
        wait: |db, t| served(db.brpop_async(["x", "l"], t)),
        left: Left::All,
    },
    Call {
        method: "blmpop_async",
        wait: |db, t| served(db.blmpop_async(["x", "l"], ListEnd::Right, 2, t)),
        left: Left::All,
    },
    Call {
        method: "blmove_async",
        wait: |db, t| served(db.blmove_async("l", "to", ListEnd::Left, ListEnd::Right, t)),
        left: Left::Moved,
    },
    Call {
        method: "blmove_many_async",
        wait: |db, t| {
            let how = ListMove::up_to(2);
            served(db.blmove_many_async("l", "to", ListEnd::Left, ListEnd::Right, how, t))
        },
        left: Left::Moved,
    },
    Call {
        method: "brpoplpush_async",
        wait: |db, t| served(db.brpoplpush_async("l", "to", t)),
        left: Left::Moved,
    },
    Call {
        method: "bzpopmin_async",
        wait: |db, t| served(db.bzpopmin_async(["x", "z"], t)),
        left: Left::All,
    },
    Call {
        method: "bzpopmax_async",
        wait: |db, t| served(db.bzpopmax_async(["x", "z"], t)),
        left: Left::All,
    },
    Call {
        method: "bzmpop_async",
        wait: |db, t| served(db.bzmpop_async(["x", "z"], ZEnd::Max, 2, t)),
        left: Left::All,
    },
    Call {
        method: "xread_async",
        wait: |db, t| served(db.xread_async([("x", ReadFrom::Now), ("s", ReadFrom::Now)], 9, t)),
        left: Left::All,
    },
    Call {
        method: "read_async",
        wait: |db, t| served(group(db).read_async("ann", GroupReadOptions::new(), t)),
        left: Left::Pending,
    },
];

fn group(db: &Db) -> ConsumerGroup {
    db.consumer_group("s", "g")
}

fn open() -> (Db, ManualClock) {
    let clock = ManualClock::new();
    let engine = Engine::open(Config::new().clock(clock.clone()).stripes(4).seed(1)).unwrap();
    let db = engine.db(0).unwrap();
    group(&db).create_from_end().unwrap();
    (db, clock)
}

/// Brings what every call waits for.
fn feed(db: &Db) {
    db.rpush("l", ["1", "2", "3"]).unwrap();
    db.zadd_many("z", [("a", 1), ("b", 2), ("c", 3)]).unwrap();
    db.xadd("s", [("n", "1")]).unwrap();
}

/// All that lists, sorted sets and streams hold, and how many entries are pending.
fn data(db: &Db) -> String {
    let entries = db.xlen("s").unwrap();
    let ranked = db.zrange("z", danio::ZRange::by_rank(..)).unwrap();
    let lists = ["l", "to"].map(|key| db.lrange(key, ..).unwrap());
    format!("{lists:?} {ranked:?} {entries} {}", group(db).pending().unwrap().count)
}

/// For how many keys somebody stands in line.
fn in_line(db: &Db) -> usize {
    let info = db.execute(["INFO", "clients"]).unwrap();
    let text = String::from_utf8_lossy(info.as_bytes().unwrap()).into_owned();
    let keys = text.lines().find_map(|line| line.strip_prefix("total_blocking_keys:"));
    keys.unwrap().parse().unwrap()
}

fn poll(future: &mut Served) -> Poll<bool> {
    future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

/// What there is when a future is dropped after it was served and before it was polled.
fn after_drop(left: Left) -> String {
    let (db, _clock) = open();
    feed(&db);
    if left == Left::Pending {
        group(&db).read("ann", 9).unwrap();
    }
    data(&db)
}

#[test]
fn dropped_at_every_moment_nothing_is_lost() {
    for Call { method, wait, left } in CALLS {
        let untouched = after_drop(Left::All);
        // Before it was polled.
        let (db, _clock) = open();
        drop(wait(&db, None));
        feed(&db);
        assert_eq!((data(&db), in_line(&db)), (untouched.clone(), 0), "{method}");

        // While it waits.
        let (db, clock) = open();
        for timeout in [None, Some(Duration::from_secs(5))] {
            let mut future = wait(&db, timeout);
            assert!(poll(&mut future).is_pending() && poll(&mut future).is_pending(), "{method}");
            assert!(in_line(&db) > 0, "{method}");
            drop(future);
            assert_eq!(in_line(&db), 0, "{method}");
        }
        clock.advance(Duration::from_secs(9));
        feed(&db);
        assert_eq!(data(&db), untouched, "{method}");

        // When it has been served, and nobody has looked.
        let (db, _clock) = open();
        let mut future = wait(&db, None);
        assert!(poll(&mut future).is_pending());
        feed(&db);
        let taken = data(&db);
        drop(future);
        match left {
            Left::All | Left::Pending => assert_eq!(data(&db), after_drop(*left), "{method}"),
            Left::Moved => assert_eq!(data(&db), taken, "{method}"),
        }
        assert_eq!(in_line(&db), 0, "{method}");

        // When its time was over, and nobody has looked.
        let (db, clock) = open();
        let mut future = wait(&db, Some(Duration::from_secs(5)));
        assert!(poll(&mut future).is_pending());
        clock.advance(Duration::from_secs(6));
        feed(&db);
        drop(future);
        assert_eq!((data(&db), in_line(&db)), (untouched.clone(), 0), "{method}");

        // When it has told.
        let (db, _clock) = open();
        let mut future = wait(&db, None);
        assert!(poll(&mut future).is_pending());
        feed(&db);
        let taken = data(&db);
        assert_eq!(poll(&mut future), Poll::Ready(true), "{method}");
        drop(future);
        assert_eq!((data(&db), in_line(&db)), (taken, 0), "{method}");
        assert_eq!(data(&db) == untouched, *method == "xread_async", "{method}");

        // When it did not have to wait: XREAD alone, which waits for what is new, does.
        let (db, _clock) = open();
        feed(&db);
        let mut future = wait(&db, None);
        assert_eq!(poll(&mut future).is_ready(), *method != "xread_async", "{method}");
    }
}

/// One that is dropped when it was served leaves what it had to the next, and does not keep the next from being served.
#[test]
fn what_one_leaves_the_next_in_line_is_given() {
    for Call { method, wait, left } in CALLS {
        if *left != Left::All {
            continue;
        }
        let (db, _clock) = open();
        let mut line: Vec<Served> = (0..4).map(|_| wait(&db, None)).collect();
        assert!(line.iter_mut().all(|future| poll(future).is_pending()));
        // One element for four.
        db.rpush("l", ["1"]).unwrap();
        db.zadd("z", "a", 1).unwrap();
        db.xadd("s", [("n", "1")]).unwrap();
        let last = line.pop().unwrap();
        drop(line.remove(1));
        drop(line.remove(0));
        let mut last = [line.remove(0), last];
        let ready = last.each_mut().map(|future| poll(future).is_ready());
        let all = *method == "xread_async";
        assert_eq!(ready, [true, all], "{method}");
        drop(last);
        assert_eq!(in_line(&db), 0, "{method}");
    }
}

#[test]
fn every_call_that_waits_is_known_here() {
    fn find(folder: &Path, found: &mut BTreeSet<String>) {
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            if path.is_dir() {
                find(&path, found);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let names = text.lines().filter_map(|line| line.strip_prefix("    pub fn "));
            let names = names.filter_map(|rest| rest.split(['(', '<']).next());
            found.extend(names.filter(|name| name.ends_with("_async")).map(str::to_owned));
        }
    }
    let mut found = BTreeSet::new();
    find(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/api"), &mut found);
    let known: BTreeSet<String> = CALLS.iter().map(|call| call.method.to_owned()).collect();
    assert_eq!(found, known);
}

const JOBS: usize = 1_000;

/// Takes jobs of three kinds until there are no more, by whichever comes first; the other calls are dropped again and again.
async fn worker(db: Db, done: Arc<AtomicUsize>) {
    while done.load(SeqCst) < 3 * JOBS {
        let mut list = pin!(db.blpop_async(["jobs"], Duration::from_millis(5)));
        let mut ranked = pin!(db.bzmpop_async(["ranked"], ZEnd::Min, 2, None));
        let mut several = pin!(db.blmpop_async(["several"], ListEnd::Left, 2, None));
        let taken = poll_fn(|cx| {
            if let Poll::Ready(job) = list.as_mut().poll(cx) {
                return Poll::Ready(usize::from(job.unwrap().is_some()));
            }
            if let Poll::Ready(job) = ranked.as_mut().poll(cx) {
                return Poll::Ready(job.unwrap().unwrap().1.len());
            }
            several.as_mut().poll(cx).map(|job| job.unwrap().unwrap().1.len())
        });
        done.fetch_add(taken.await, SeqCst);
    }
}

fn produce(db: &Db) {
    for n in 0..JOBS {
        db.rpush("jobs", [n.to_string()]).unwrap();
        db.zadd("ranked", n.to_string(), 1).unwrap();
        if n % 2 == 0 {
            db.rpush("several", ["one", "two"]).unwrap();
        }
    }
}

/// Workers that lose races all the time, on whatever `run` has them run by.
fn nothing_is_lost_by(run: impl FnOnce(Vec<Pin<Box<dyn Future<Output = ()> + Send>>>)) {
    let db = Db::in_memory();
    let done = Arc::new(AtomicUsize::new(0));
    let producer = thread::spawn({
        let db = db.clone();
        move || produce(&db)
    });
    run((0..6).map(|_| Box::pin(worker(db.clone(), done.clone())) as _).collect());
    producer.join().unwrap();
    assert_eq!((done.load(SeqCst), db.len(), in_line(&db)), (3 * JOBS, 0, 0));
}

async fn all_on_tokio(workers: Vec<Pin<Box<dyn Future<Output = ()> + Send>>>) {
    let tasks: Vec<_> = workers.into_iter().map(tokio::spawn).collect();
    for task in tasks {
        task.await.unwrap();
    }
}

#[test]
fn races_lose_nothing_on_one_thread_of_tokio() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    nothing_is_lost_by(|workers| runtime.block_on(all_on_tokio(workers)));
}

#[test]
fn races_lose_nothing_on_many_threads_of_tokio() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).build().unwrap();
    nothing_is_lost_by(|workers| runtime.block_on(all_on_tokio(workers)));
}

#[test]
fn races_lose_nothing_without_a_runtime() {
    nothing_is_lost_by(|workers| {
        thread::scope(|scope| {
            for worker in workers {
                scope.spawn(|| pollster::block_on(worker));
            }
        });
    });
}

/// Entries that a group was given are each with one consumer, however many reads were dropped.
#[test]
fn a_group_loses_no_entry_to_reads_that_are_dropped() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).build().unwrap();
    let db = Db::in_memory();
    group(&db).create_from_end().unwrap();
    let producer = thread::spawn({
        let db = db.clone();
        move || {
            for n in 0..JOBS {
                db.xadd("s", [("n", n.to_string())]).unwrap();
            }
        }
    });
    runtime.block_on(async {
        let group = group(&db);
        let mut seen = BTreeSet::new();
        let mut after = StreamId::MIN;
        while seen.len() < JOBS {
            tokio::select! {
                read = group.read_async("ann", GroupReadOptions::new().count(3), None) => {
                    seen.extend(read.unwrap().unwrap().into_iter().map(|entry| entry.entry.id));
                }
                () = tokio::task::yield_now() => {
                    // What a read that was dropped was given is pending.
                    let pending = group.history("ann", after, 100).unwrap();
                    after = pending.last().map_or(StreamId::MIN, |(id, _)| *id);
                    seen.extend(pending.into_iter().map(|(id, _)| id));
                }
            }
        }
    });
    producer.join().unwrap();
    assert_eq!((group(&db).pending().unwrap().count, in_line(&db)), (JOBS, 0));
}
