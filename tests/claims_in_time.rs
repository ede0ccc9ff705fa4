//! Consumers that wait and claim (XREADGROUP with BLOCK and CLAIM): what is pending comes to them when it has been
//! so for long enough, though nobody changes anything. As threads, futures and connections.

#![cfg(all(feature = "async", feature = "network"))]
#![allow(clippy::disallowed_methods, reason = "one test measures real time")]

#[path = "support/wire.rs"]
mod wire;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use danio::command::{Session, Value};
use danio::{
    Config, ConsumerGroup, Db, Engine, GroupReadOptions, ManualClock, Nack, Redelivered, Result,
    Waiting,
};
use wire::Fixture;

const IDLE: Duration = Duration::from_secs(5);
const MOMENT: Duration = Duration::from_millis(1);

/// Counts how often it was woken.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

/// A group with one entry that has just been delivered to `slow`.
fn open() -> (Db, ConsumerGroup, ManualClock) {
    let clock = ManualClock::new();
    let engine = Engine::open(Config::new().clock(clock.clone()).stripes(64)).expect("valid");
    let db = engine.db(0).expect("exists");
    let group = db.consumer_group("s", "g");
    group.create_from_end().expect("new");
    db.xadd("s", [("n", "1")]).expect("a stream");
    assert_eq!(group.read("slow", 10).expect("a group").len(), 1);
    (db, group, clock)
}

fn claiming() -> GroupReadOptions {
    GroupReadOptions::new().claim_idle(IDLE)
}

fn until(mut holds: impl FnMut() -> bool) {
    while !holds() {
        thread::yield_now();
    }
}

/// How many clients or threads stand in line for some key of the database.
fn keys_waited_for(db: &Db) -> usize {
    let Ok(Value::Verbatim { text, .. }) = db.execute(["INFO", "clients"]) else {
        panic!("INFO is text")
    };
    let line = text.lines().find_map(|line| line.strip_prefix("total_blocking_keys:"));
    line.expect("INFO has it").parse().expect("a number")
}

/// A thread that waits; it stands in line, behind whoever does already, when this returns.
fn thread_in_line(
    group: &ConsumerGroup,
    consumer: &'static str,
    limit: Option<Duration>,
) -> JoinHandle<Result<Vec<Redelivered>>> {
    let reader = thread::spawn({
        let group = group.clone();
        move || group.read_blocking(consumer, claiming(), limit)
    });
    // Whoever waits is made a consumer in the same step.
    until(|| group.consumers().expect("a group").iter().any(|c| c.name == consumer));
    reader
}

fn end<T>(thread: JoinHandle<Result<T>>) -> T {
    thread.join().expect("no panic").expect("no error")
}

#[test]
fn a_thread_is_given_what_has_been_pending_for_long_enough() {
    let (db, group, clock) = open();
    let reader = thread_in_line(&group, "ann", None);
    clock.advance(IDLE - MOMENT);
    assert_eq!(keys_waited_for(&db), 1);
    clock.advance(MOMENT);
    let read = end(reader);
    assert_eq!((read.len(), read[0].idle, read[0].deliveries), (1, IDLE, 1));
    let consumers = group.consumers().expect("a group");
    let pending = |name: &str| consumers.iter().find(|c| c.name == name).map(|c| c.pending);
    assert_eq!((pending("slow"), pending("ann")), (Some(0), Some(1)));
}

#[test]
fn the_moment_moves_with_what_is_pending() {
    let (db, group, clock) = open();
    let reader = thread_in_line(&group, "ann", None);
    clock.advance(IDLE - MOMENT);
    // It is delivered once more, and is pending anew.
    let again = group.history("slow", danio::StreamId::MIN, 1).expect("a group");
    assert_eq!(again.len(), 1);
    clock.advance(IDLE - MOMENT);
    assert_eq!(keys_waited_for(&db), 1);
    // It is acknowledged: there is nothing to wait for but new entries.
    assert_eq!(group.ack([again[0].0]).expect("a group"), 1);
    clock.advance(IDLE * 10);
    assert_eq!(keys_waited_for(&db), 1);
    // What another reads while the first waits is waited for from then on.
    let slow = thread_in_line(&group, "bob", None);
    db.xadd("s", [("n", "2")]).expect("a stream");
    assert_eq!(end(reader).len(), 1);
    clock.advance(IDLE - MOMENT);
    assert_eq!(keys_waited_for(&db), 1);
    clock.advance(MOMENT);
    assert_eq!(end(slow)[0].deliveries, 1);
}

#[test]
fn the_first_in_line_is_served_and_the_others_wait_on() {
    let (db, group, clock) = open();
    let first = thread_in_line(&group, "ann", None);
    let second = thread_in_line(&group, "bob", None);
    clock.advance(IDLE);
    assert_eq!(end(first).len(), 1);
    assert_eq!(keys_waited_for(&db), 1);
    clock.advance(IDLE - MOMENT);
    assert_eq!(keys_waited_for(&db), 1);
    clock.advance(MOMENT);
    assert_eq!(end(second)[0].deliveries, 2);
}

#[test]
fn at_the_last_moment_of_the_wait_it_still_comes() {
    let (db, group, clock) = open();
    let reader = thread_in_line(&group, "ann", Some(IDLE));
    let early = thread_in_line(&group, "bob", Some(IDLE - MOMENT));
    // Both moments are over when the clock stands still again: the earlier one counts.
    clock.advance(IDLE * 2);
    assert_eq!((end(reader).len(), end(early).len()), (1, 0));
    assert_eq!(keys_waited_for(&db), 0);
}

#[test]
fn deleted_entries_and_times_without_end_bring_nothing() {
    let (db, group, clock) = open();
    let reader = thread_in_line(&group, "ann", Some(IDLE * 2));
    let id = group.history("slow", danio::StreamId::MIN, 1).expect("a group")[0].0;
    assert_eq!(db.xdel("s", [id]), Ok(1));
    clock.advance(IDLE * 2);
    assert_eq!(end(reader), []);

    let (db, _, clock) = open();
    let mut session = Session::new(db.engine());
    let forever = i64::MAX.to_string();
    let waits = thread::spawn(move || {
        let words = ["XREADGROUP", "GROUP", "g", "ann", "BLOCK", "50", "CLAIM", &forever];
        session.execute(words.into_iter().chain(["STREAMS", "s", ">"]))
    });
    until(|| keys_waited_for(&db) == 1);
    clock.advance(Duration::from_millis(50));
    assert_eq!(waits.join().expect("no panic"), Ok(Value::Nil));
}

#[test]
fn what_is_given_back_is_claimed_before_the_call_returns() {
    let (db, group, clock) = open();
    let id = db.xadd("s", [("n", "2")]).expect("a stream");
    assert_eq!(group.read("slow", 1).expect("a group").len(), 1);
    let reader = thread_in_line(&group, "ann", None);
    let next = thread_in_line(&group, "bob", None);
    assert_eq!(keys_waited_for(&db), 1);
    // Nobody else can come in between: it is not there to be claimed once the call has returned.
    assert_eq!(group.nack([id], Nack::silent()), Ok(1));
    let given_back = group.pending_range(.., 9).expect("a group");
    assert_eq!(given_back[1].consumer.as_deref(), Some(&b"ann"[..]));
    let read = end(reader);
    assert_eq!((read.len(), read[0].entry.id, read[0].deliveries), (1, id, 0));
    // The other goes on waiting, and is woken by time as it would have been.
    clock.advance(IDLE - MOMENT);
    assert_eq!(keys_waited_for(&db), 1);
    clock.advance(MOMENT);
    assert_eq!(end(next).len(), 2);

    // Who does not claim is not concerned.
    let waits = thread::spawn({
        let group = group.clone();
        move || group.read_blocking("eve", GroupReadOptions::new(), None)
    });
    until(|| keys_waited_for(&db) == 1);
    assert_eq!(group.nack([id], Nack::fail()), Ok(1));
    assert_eq!(keys_waited_for(&db), 1);
    db.xadd("s", [("n", "3")]).expect("a stream");
    assert_eq!(end(waits).len(), 1);
    // Within a transaction it is served when that has ended, and not at all if it is undone.
    assert_eq!(group.ack([id]), Ok(1));
    let reader = thread_in_line(&group, "fay", None);
    let others: Vec<_> =
        group.pending_range(.., 9).expect("a group").iter().map(|entry| entry.id).collect();
    let undone = db.transaction(["s"], |tx| {
        tx.consumer_group("s", "g").nack(others.clone(), Nack::fatal())?;
        Err::<(), _>(danio::Error::NoSuchKey)
    });
    assert!(undone.is_err() && !reader.is_finished());
    let pending = group.pending_range(.., 9).expect("a group");
    assert!(pending.iter().all(|entry| entry.consumer.is_some()));
    let done = db.transaction(["s"], |tx| {
        let done = tx.consumer_group("s", "g").nack(others.clone(), Nack::fatal());
        assert!(!reader.is_finished());
        done
    });
    assert_eq!(done, Ok(others.len()));
    let read = end(reader);
    assert_eq!(read.len(), others.len());
    assert!(read.iter().all(|read| read.deliveries == i64::MAX as u64));
}

#[test]
fn of_several_streams_the_one_whose_time_has_come_is_read() {
    let (db, _, clock) = open();
    let other = db.consumer_group("t", "g");
    other.create_from_end().expect("new");
    clock.advance(MOMENT);
    let id = db.xadd("t", [("n", "1")]).expect("a stream");
    assert_eq!(other.read("slow", 1).expect("a group").len(), 1);
    let mut session = Session::new(db.engine());
    let waits = thread::spawn(move || {
        let words =
            ["XREADGROUP", "GROUP", "g", "ann", "COUNT", "1", "BLOCK", "0", "CLAIM", "5000"];
        session.execute(words.into_iter().chain(["STREAMS", "t", "s", ">", ">"]))
    });
    until(|| keys_waited_for(&db) == 2);
    clock.advance(IDLE - MOMENT);
    let read = waits.join().expect("no panic").expect("no error");
    let Value::Map(streams) = &read else { panic!("{read:?}") };
    assert_eq!((streams.len(), streams[0].0.as_bytes()), (1, Some(&b"s"[..])));
    assert!(!format!("{read:?}").contains(&id.to_string()));
}

#[test]
fn a_future_is_woken_by_time_once() {
    let (db, group, clock) = open();
    let count = Arc::new(Count::default());
    let waker = Waker::from(count.clone());
    let mut future = group.read_async("ann", claiming(), None);
    let poll = |future: &mut Waiting<_>| Pin::new(future).poll(&mut Context::from_waker(&waker));
    assert!(poll(&mut future).is_pending());
    clock.advance(IDLE - MOMENT);
    assert_eq!(count.0.load(Relaxed), 0);
    clock.advance(MOMENT);
    assert_eq!(count.0.load(Relaxed), 1);
    let Poll::Ready(Ok(Some(read))) = poll(&mut future) else { panic!("it was served") };
    assert_eq!(read.len(), 1);

    // One that was dropped takes nothing.
    let mut gone = group.read_async("bob", claiming(), None);
    assert!(poll(&mut gone).is_pending());
    drop(gone);
    clock.advance(IDLE * 2);
    let consumers = group.consumers().expect("a group");
    assert!(consumers.iter().any(|c| c.name == "ann" && c.pending == 1));
    assert_eq!(keys_waited_for(&db), 0);
}

#[test]
fn a_clock_moved_inside_a_transaction_serves_when_it_has_ended() {
    let (db, group, clock) = open();
    let reader = thread_in_line(&group, "ann", None);
    let moved = db.transaction(["s"], |tx| {
        clock.advance(IDLE);
        assert!(!reader.is_finished());
        tx.xlen("s")
    });
    assert_eq!(moved, Ok(1));
    assert_eq!(end(reader).len(), 1);
}

#[test]
fn on_the_systems_clock_the_engine_looks_after_the_time() {
    let db = Db::in_memory();
    let group = db.consumer_group("s", "g");
    group.create_from_end().expect("new");
    db.xadd("s", [("n", "1")]).expect("a stream");
    assert_eq!(group.read("slow", 10).expect("a group").len(), 1);
    let began = Instant::now();
    let options = GroupReadOptions::new().claim_idle(Duration::from_millis(60));
    let read = group.read_blocking("ann", options, Duration::from_secs(60)).expect("a group");
    assert_eq!(read.len(), 1);
    assert!(read[0].idle >= Duration::from_millis(60) && began.elapsed() < Duration::from_secs(30));
    let read = pollster::block_on(group.read_async("bob", options, None)).expect("a group");
    assert_eq!(read.expect("it waits for ever")[0].deliveries, 2);
}

#[test]
fn a_connection_is_answered_when_time_has_come() {
    let clock = ManualClock::new();
    let fixture = Fixture::of(Config::new().clock(clock.clone()), &[]);
    let (mut reader, mut other) = (fixture.connect(), fixture.connect());
    other.call(&["XADD", "s", "1-1", "n", "1"], "$3\r\n1-1\r\n");
    other.call(&["XGROUP", "CREATE", "s", "g", "0"], "+OK\r\n");
    let first = "*1\r\n*2\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\nn\r\n$1\r\n1\r\n";
    other.call(&["XREADGROUP", "GROUP", "g", "slow", "STREAMS", "s", ">"], first);
    let words = ["XREADGROUP", "GROUP", "g", "ann", "BLOCK", "0", "CLAIM", "5000"];
    reader.command(&[&words[..], &["STREAMS", "s", ">"]].concat());
    let db = fixture.engine.db(0).expect("exists");
    until(|| keys_waited_for(&db) == 1);
    clock.advance(IDLE - MOMENT);
    assert!(reader.is_quiet(Duration::from_millis(50)));
    clock.advance(MOMENT);
    reader.expect(
        "*1\r\n*2\r\n$1\r\ns\r\n*1\r\n*4\r\n$3\r\n1-1\r\n*2\r\n$1\r\nn\r\n$1\r\n1\r\n:5000\r\n:1\r\n",
    );

    // On the system's clock, and with a limit that comes later.
    let fixture = Fixture::new();
    let (mut reader, mut other) = (fixture.connect(), fixture.connect());
    other.call(&["XADD", "s", "1-1", "n", "1"], "$3\r\n1-1\r\n");
    other.call(&["XGROUP", "CREATE", "s", "g", "0"], "+OK\r\n");
    other.call(&["XREADGROUP", "GROUP", "g", "slow", "STREAMS", "s", ">"], first);
    let words = ["XREADGROUP", "GROUP", "g", "ann", "BLOCK", "60000", "CLAIM", "60"];
    reader.call(&[&words[..], &["NOACK", "STREAMS", "s", ">"]].concat(), "*1\r\n");
}

#[test]
fn while_writes_are_paused_nothing_is_claimed() {
    let (db, group, clock) = open();
    let mut session = Session::new(db.engine());
    let mut call = |line: &str| session.execute(line.split(' ')).expect("no error");
    let pending = |name: &str| {
        let consumers = group.consumers().expect("a group");
        consumers.iter().find(|consumer| consumer.name == name).map_or(0, |c| c.pending)
    };
    // The pause ends by itself.
    let reader = thread_in_line(&group, "ann", None);
    call("CLIENT PAUSE 8000 WRITE");
    clock.advance(IDLE);
    assert_eq!((pending("slow"), keys_waited_for(&db)), (1, 1), "it is due, and stays");
    call("CLIENT PAUSE 9000 WRITE");
    clock.advance(Duration::from_millis(8999));
    assert_eq!((pending("slow"), keys_waited_for(&db)), (1, 1), "the pause was made longer");
    clock.advance(MOMENT);
    assert_eq!(end(reader).len(), 1);

    // It is ended early, in its own right and by EXEC.
    let reader = thread_in_line(&group, "bob", None);
    call("CLIENT PAUSE 60000 WRITE");
    clock.advance(IDLE);
    assert_eq!((pending("ann"), keys_waited_for(&db)), (1, 1));
    call("CLIENT UNPAUSE");
    assert_eq!(end(reader).len(), 1);
    let reader = thread_in_line(&group, "eve", None);
    call("CLIENT PAUSE 60000 WRITE");
    clock.advance(IDLE);
    for line in ["MULTI", "XLEN s", "CLIENT UNPAUSE", "EXEC"] {
        call(line);
    }
    clock.advance(MOMENT);
    assert_eq!((end(reader).len(), pending("eve")), (1, 1));
}
