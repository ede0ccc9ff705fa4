//! Channels and events as a program uses them: bounds, waiting, order, ends.

#![allow(clippy::unwrap_used, reason = "a test says by failing what is wrong")]

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use danio::command::{Session, Value};
use danio::{
    Config, Db, Engine, EventClass, EventOptions, EvictionPolicy, ManualClock, Overflow,
    SubscribeOptions, Subscription,
};

fn engine() -> Engine {
    Engine::open(Config::new()).unwrap()
}

fn listener(engine: &Engine, capacity: usize, overflow: Overflow) -> Subscription {
    let options = SubscribeOptions::new().capacity(capacity).overflow(overflow);
    let mut subscription = engine.subscription(options);
    subscription.subscribe("ch");
    subscription
}

fn texts(messages: impl Iterator<Item = danio::Message>) -> Vec<String> {
    messages.map(|m| String::from_utf8_lossy(&m.payload()).into_owned()).collect()
}

#[test]
fn a_slow_subscriber_is_treated_as_it_asked() {
    let engine = engine();
    let mut last = listener(&engine, 3, Overflow::DropOldest);
    let mut strict = listener(&engine, 3, Overflow::Disconnect);
    for i in 0..5 {
        assert_eq!(engine.publish("ch", i.to_string()), 2);
    }
    assert_eq!(texts(std::iter::from_fn(|| last.try_recv())), ["2", "3", "4"]);
    let stats = last.stats();
    assert_eq!((stats.delivered, stats.dropped, stats.pending), (3, 2, 0));
    assert!(!last.is_ended() && strict.is_ended());
    assert_eq!(
        texts(strict.by_ref()),
        ["0", "1", "2"],
        "what was queued is read, and then it ends"
    );
    assert_eq!(strict.stats().dropped, 2);
    assert_eq!(strict.recv(), None);
}

#[test]
fn whoever_publishes_waits_if_a_subscriber_asked_for_it() {
    const MESSAGES: usize = 200;
    let engine = engine();
    let mut slow = listener(&engine, 4, Overflow::Wait);
    let published = AtomicUsize::new(0);
    thread::scope(|scope| {
        for thread in 0..2 {
            let (engine, published) = (&engine, &published);
            scope.spawn(move || {
                for i in 0..MESSAGES {
                    engine.publish("ch", format!("{thread} {i}"));
                    published.fetch_add(1, SeqCst);
                }
            });
        }
        let mut next = [0, 0];
        for taken in 0..2 * MESSAGES {
            let text = String::from_utf8_lossy(&slow.recv().unwrap().payload()).into_owned();
            let (thread, i) = text.split_once(' ').unwrap();
            let thread: usize = thread.parse().unwrap();
            assert_eq!(i.parse::<usize>().unwrap(), next[thread], "in the order of each");
            next[thread] += 1;
            // What was queued without room, one a publisher, is not yet published for it.
            assert!(published.load(SeqCst) <= taken + 1 + 4 + 2);
            assert!(slow.stats().pending <= 4 + 2);
        }
    });
    assert_eq!(slow.stats().dropped, 0);
}

#[test]
fn a_subscriber_that_goes_lets_those_who_wait_go_on() {
    let engine = engine();
    let slow = listener(&engine, 1, Overflow::Wait);
    thread::scope(|scope| {
        let publisher = scope.spawn(|| (0..5).map(|_| engine.publish("ch", "x")).sum::<usize>());
        thread::sleep(Duration::from_millis(20));
        drop(slow);
        assert!(publisher.join().unwrap() <= 5);
    });
    assert_eq!(engine.publish("ch", "x"), 0);
}

/// Nobody reads, and every publisher holds locks on data.
#[test]
fn nobody_is_waited_for_while_data_are_locked() {
    let config = Config::new().notify_keyspace_events("KEA");
    let engine = Engine::open(config).unwrap();
    let db = engine.db(0).unwrap();
    let mut slow = listener(&engine, 2, Overflow::Wait);
    slow.psubscribe("__key*");
    let events = db.events_with(EventOptions::new().capacity(2).overflow(Overflow::Wait));
    for i in 0..100 {
        db.set(format!("k{i}"), "v").unwrap();
    }
    let mut session = Session::new(&engine);
    for line in ["MULTI", "PUBLISH ch 1", "PUBLISH ch 2", "PUBLISH ch 3", "PUBLISH ch 4", "EXEC"] {
        session.execute(line.split(' ')).unwrap();
    }
    assert_eq!(slow.stats().pending, 2);
    assert_eq!(texts(std::iter::from_fn(|| slow.try_recv())), ["3", "4"]);
    assert_eq!(slow.stats().dropped, 202);
    assert_eq!((events.stats().pending, events.stats().dropped), (2, 198), "new and set of each");
}

/// Publishing locks no data: it ends while somebody holds all of them.
#[test]
fn who_publishes_waits_for_no_lock_on_data() {
    let engine = engine();
    let db = engine.db(0).unwrap();
    let mut listens = listener(&engine, 100, Overflow::Disconnect);
    db.transaction_all(|tx| {
        tx.set("k", "v")?;
        let (done, ended) = std::sync::mpsc::channel();
        let engine = engine.clone();
        let other = thread::spawn(move || {
            let mut late = listener(&engine, 100, Overflow::Wait);
            assert_eq!(engine.publish("ch", "typed"), 2);
            let mut session = Session::new(&engine);
            for words in [["PUBLISH", "ch", "command"], ["SPUBLISH", "shard", "command"]] {
                session.execute(words).unwrap();
            }
            session.execute(["PUBSUB", "NUMSUB", "ch"]).unwrap();
            late.psubscribe("c*");
            assert_eq!(engine.publish("ch", "both"), 3);
            late.unsubscribe("ch");
            drop(late);
            done.send(()).unwrap();
        });
        // Were it to wait, it would wait for this transaction, which fails instead.
        ended.recv_timeout(Duration::from_secs(20)).unwrap();
        other.join().unwrap();
        Ok(())
    })
    .unwrap();
    let heard = texts(std::iter::from_fn(|| listens.try_recv()));
    assert_eq!(heard, ["typed", "command", "both"]);
}

#[test]
fn waiting_ends_by_the_engines_clock() {
    let clock = ManualClock::new();
    let engine = Engine::open(Config::new().clock(clock.clone())).unwrap();
    let mut idle = listener(&engine, 1, Overflow::Disconnect);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| idle.recv_timeout(Duration::from_secs(3600)));
        thread::sleep(Duration::from_millis(20));
        assert!(!waiting.is_finished());
        clock.advance(Duration::from_secs(3600));
        assert_eq!(waiting.join().unwrap(), None);
    });
    engine.publish("ch", "now");
    assert!(idle.recv_timeout(Duration::ZERO).is_some(), "what is there needs no wait");
}

#[test]
fn the_end_of_the_engine_ends_who_listens() {
    let engine = engine();
    let mut listening = listener(&engine, 1, Overflow::Disconnect);
    let mut events = engine.events();
    thread::scope(|scope| {
        let one = scope.spawn(|| listening.recv());
        let other = scope.spawn(|| events.recv());
        thread::sleep(Duration::from_millis(20));
        drop(engine);
        assert_eq!(one.join().unwrap(), None);
        assert_eq!(other.join().unwrap(), None);
    });
}

#[test]
fn events_of_a_key_come_in_the_order_of_its_changes() {
    const EACH: usize = 500;
    let engine = engine();
    let mut events = engine.events_with(EventOptions::new().capacity(100_000));
    thread::scope(|scope| {
        for thread in 0..3 {
            let db = engine.db(thread).unwrap();
            scope.spawn(move || {
                for _ in 0..EACH {
                    db.rpush("k", ["x"]).unwrap();
                    db.lpop("k").unwrap();
                }
            });
        }
    });
    let mut seen = [const { Vec::new() }; 3];
    while let Some(event) = events.try_recv() {
        assert_eq!(event.key, "k");
        seen[event.db as usize].push(event.name);
    }
    for names in seen {
        assert_eq!(names, ["new", "rpush", "lpop", "del"].repeat(EACH));
    }
}

fn told(db: &Db, options: EventOptions, work: impl FnOnce()) -> Vec<String> {
    let mut events = db.events_with(options);
    work();
    let line = |e: danio::KeyEvent| format!("{} {}", e.name, String::from_utf8_lossy(&e.key));
    std::iter::from_fn(|| events.try_recv()).map(line).collect()
}

#[test]
fn what_happens_without_a_call_is_told_too() {
    let clock = ManualClock::new();
    let config = Config::new()
        .clock(clock.clone())
        .stripes(4)
        .maxmemory(100_000)
        .maxmemory_policy(EvictionPolicy::AllKeysRandom);
    let engine = Engine::open(config).unwrap();
    let db = engine.db(0).unwrap();
    let expired = told(&db, EventOptions::new(), || {
        db.set_ex("k", Duration::from_secs(1), "v").unwrap();
        clock.advance(Duration::from_secs(2));
        engine.tick(Duration::from_millis(10));
        engine.flush_all();
    });
    assert_eq!(expired, ["new k", "set k", "expire k", "expired k", "flushall "]);
    let missed = told(&db, EventOptions::new().classes([EventClass::Missed]), || {
        db.get("a").unwrap();
        db.mget(["b", "c"]);
        db.del("d");
    });
    assert_eq!(missed, ["keymiss a", "keymiss b", "keymiss c"]);
    let evicted = told(&db, EventOptions::new().classes([EventClass::Evicted]), || {
        for i in 0..2_000 {
            db.set(format!("k{i}"), [b'v'; 100]).unwrap();
        }
    });
    assert!(evicted.len() > 500 && evicted.iter().all(|line| line.starts_with("evicted k")));
}

/// A client that listens to both hears the order of the commands.
#[test]
fn a_transaction_tells_in_its_order() {
    let engine = Engine::open(Config::new().notify_keyspace_events("EA")).unwrap();
    let mut all = engine.subscription(SubscribeOptions::new());
    all.psubscribe("*");
    let mut session = Session::new(&engine);
    for line in ["MULTI", "SET k 1", "PUBLISH ch a", "DEL k", "PUBLISH ch b", "RPUSH k x", "EXEC"] {
        session.execute(line.split(' ')).unwrap();
    }
    let heard: Vec<String> = std::iter::from_fn(|| all.try_recv())
        .map(|m| String::from_utf8_lossy(&m.channel()).into_owned())
        .collect();
    let event = |name: &str| format!("__keyevent@0__:{name}");
    assert_eq!(heard, [event("set"), "ch".into(), event("del"), "ch".into(), event("rpush")]);
}

#[test]
fn letters_are_set_and_shown() {
    let engine = Engine::open(Config::new().notify_keyspace_events("KEA")).unwrap();
    let mut session = Session::new(&engine);
    let mut say = |words: &[&str]| session.execute(words).unwrap();
    let shown = |value: Value| match value {
        Value::Map(pairs) => pairs[0].1.as_bytes().unwrap().to_vec(),
        other => panic!("{other:?}"),
    };
    let get = ["CONFIG", "GET", "notify-keyspace-events"];
    assert_eq!(shown(say(&get)), b"AKE");
    say(&["CONFIG", "SET", "notify-keyspace-events", "KEg$m"]);
    assert_eq!(shown(say(&get)), b"g$KEm");
    let mut all = engine.subscribe(["__keyspace@0__:k"]);
    say(&["SET", "k", "v"]);
    say(&["RPUSH", "l", "x"]);
    say(&["CONFIG", "SET", "notify-keyspace-events", ""]);
    say(&["SET", "k", "w"]);
    assert_eq!(texts(std::iter::from_fn(|| all.try_recv())), ["set"]);
}

#[cfg(feature = "async")]
#[tokio::test(flavor = "current_thread")]
async fn a_wait_that_is_dropped_loses_nothing() {
    let engine = engine();
    let mut listening = listener(&engine, 16, Overflow::Disconnect);
    for i in 0..10 {
        tokio::select! {
            biased;
            _ = listening.recv_async() => panic!("nothing was published"),
            () = std::future::ready(()) => {}
        }
        let publisher = engine.clone();
        let other = thread::spawn(move || publisher.publish("ch", i.to_string()));
        let message = listening.recv_async().await.unwrap();
        assert_eq!(message.payload(), i.to_string());
        other.join().unwrap();
    }
    drop(engine);
    assert_eq!(listening.recv_async().await, None);
}
