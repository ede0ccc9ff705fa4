//! Channels as sessions see them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use crate::command::client::{Link, Origin};
use crate::command::{Session, Value};
use crate::error::Error;
use crate::{Config, Engine};

fn engine() -> Engine {
    Engine::open(Config::new().stripes(8)).expect("valid")
}

fn say(session: &mut Session, line: &str) -> Result<Value, Error> {
    session.execute(line.split(' '))
}

fn push(words: &[&str]) -> Value {
    let item = |word: &&str| match word.parse::<i64>() {
        Ok(number) => Value::Int(number),
        Err(_) if *word == "~" => Value::Nil,
        Err(_) => Value::Bulk(word.to_string().into()),
    };
    Value::Push(words.iter().map(item).collect())
}

#[test]
fn messages_come_as_pushes() {
    let engine = engine();
    let (mut a, mut b) = (Session::new(&engine), Session::new(&engine));
    assert_eq!(say(&mut a, "SUBSCRIBE x y x"), Ok(push(&["subscribe", "x", "2"])));
    assert_eq!(a.take_pushes(), [push(&["subscribe", "x", "1"]), push(&["subscribe", "y", "2"])]);
    assert_eq!(say(&mut a, "PSUBSCRIBE x*"), Ok(push(&["psubscribe", "x*", "3"])));
    assert_eq!(say(&mut a, "SSUBSCRIBE s"), Ok(push(&["ssubscribe", "s", "1"])));
    assert_eq!(say(&mut b, "PUBLISH x one"), Ok(Value::Int(2)));
    assert_eq!(say(&mut b, "PUBLISH z one"), Ok(Value::Int(0)));
    assert_eq!(say(&mut b, "SPUBLISH s two"), Ok(Value::Int(1)));
    assert_eq!(
        a.take_pushes(),
        [
            push(&["message", "x", "one"]),
            push(&["pmessage", "x*", "x", "one"]),
            push(&["smessage", "s", "two"]),
        ]
    );
    // What it says itself comes behind the answer, what others said before it.
    say(&mut b, "PUBLISH y before").expect("a number");
    assert_eq!(say(&mut a, "UNSUBSCRIBE y"), Ok(push(&["unsubscribe", "y", "2"])));
    assert_eq!(say(&mut a, "PUBLISH y gone"), Ok(Value::Int(0)));
    assert_eq!(a.take_pushes(), [push(&["message", "y", "before"])]);
    assert_eq!(say(&mut a, "PUNSUBSCRIBE"), Ok(push(&["punsubscribe", "x*", "1"])));
    assert_eq!(say(&mut a, "UNSUBSCRIBE"), Ok(push(&["unsubscribe", "x", "0"])));
    assert_eq!(say(&mut a, "UNSUBSCRIBE"), Ok(push(&["unsubscribe", "~", "0"])));
    assert_eq!(say(&mut a, "SUNSUBSCRIBE s q"), Ok(push(&["sunsubscribe", "q", "0"])));
    assert_eq!(a.take_pushes(), [push(&["sunsubscribe", "s", "0"])]);
    assert_eq!(say(&mut b, "PUBSUB CHANNELS"), Ok(Value::Array(Vec::new())));
}

#[test]
fn whoever_leaves_listens_no_more() {
    let engine = engine();
    let mut a = Session::new(&engine);
    say(&mut a, "SUBSCRIBE x").expect("a confirmation");
    assert_eq!(engine.publish("x", "1"), 1);
    drop(a);
    assert_eq!(engine.publish("x", "1"), 0);
    let mut b = Session::new(&engine);
    say(&mut b, "PSUBSCRIBE *").expect("a confirmation");
    engine.publish("x", "two");
    assert_eq!(say(&mut b, "RESET"), Ok(Value::Status("RESET".into())));
    assert_eq!(b.take_pushes(), [push(&["pmessage", "*", "x", "two"])]);
    assert_eq!(engine.publish("x", "3"), 0);
}

#[test]
fn one_that_listens_in_resp2_may_do_little_else() {
    let engine = engine();
    let mut a = Session::connect(&engine, Origin::in_process());
    say(&mut a, "SUBSCRIBE x").expect("a confirmation");
    let refused = |name: &str| {
        let why = "only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context";
        Err(Error::reply(format!("ERR Can't execute '{name}': {why}")))
    };
    assert_eq!(say(&mut a, "GET k"), refused("get"));
    assert_eq!(say(&mut a, "CLIENT LIST"), refused("client|list"));
    assert_eq!(say(&mut a, "HELLO 3"), refused("hello"));
    assert_eq!(say(&mut a, "PUBLISH x y"), refused("publish"));
    assert_eq!(say(&mut a, "PUBSUB NUMPAT"), refused("pubsub|numpat"));
    assert_eq!(say(&mut a, "GET"), Err(Error::WrongArity("get".into())));
    let pong = |text: &'static str| {
        Ok(Value::Array(vec![Value::Bulk("pong".into()), Value::Bulk(text.into())]))
    };
    assert_eq!(say(&mut a, "PING"), pong(""));
    assert_eq!(say(&mut a, "PING hello"), pong("hello"));
    assert_eq!(say(&mut a, "PING a b"), Err(Error::WrongArity("ping".into())));
    for line in ["PSUBSCRIBE p", "PUNSUBSCRIBE", "SSUBSCRIBE s", "SUNSUBSCRIBE", "UNSUBSCRIBE"] {
        assert!(say(&mut a, line).is_ok(), "{line}");
    }
    assert_eq!(say(&mut a, "GET k"), Ok(Value::Nil));
    assert_eq!(say(&mut a, "PING"), Ok(Value::Status("PONG".into())));
}

#[test]
fn inside_of_a_transaction() {
    let engine = engine();
    let mut a = Session::new(&engine);
    for line in [
        "MULTI",
        "SUBSCRIBE x y",
        "PUBLISH x m",
        "SSUBSCRIBE s",
        "SET k v",
        "PUBLISH y n",
        "UNSUBSCRIBE x",
    ] {
        say(&mut a, line).expect("OK, or QUEUED");
    }
    let denied = Error::reply("ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client");
    assert_eq!(
        say(&mut a, "EXEC"),
        Ok(Value::Array(vec![
            push(&["subscribe", "y", "2"]),
            Value::Int(1),
            Value::Error(denied),
            Value::Status("OK".into()),
            Value::Int(1),
            push(&["unsubscribe", "x", "1"]),
        ]))
    );
    assert_eq!(
        a.take_pushes(),
        [
            push(&["subscribe", "x", "1"]),
            push(&["message", "x", "m"]),
            push(&["message", "y", "n"]),
        ]
    );
}

#[test]
fn introspection_counts_everyone() {
    let engine = engine();
    let (mut a, mut b) = (Session::new(&engine), Session::new(&engine));
    let _typed = engine.subscribe(["x"]);
    say(&mut a, "SUBSCRIBE x y").expect("a confirmation");
    say(&mut a, "PSUBSCRIBE x* y*").expect("a confirmation");
    say(&mut a, "SSUBSCRIBE z").expect("a confirmation");
    let names = |value: Value| {
        let mut names: Vec<_> = value
            .as_slice()
            .expect("names")
            .iter()
            .map(|v| v.as_bytes().map(<[u8]>::to_vec))
            .collect();
        names.sort();
        names
    };
    let all = say(&mut b, "PUBSUB CHANNELS").map(names);
    assert_eq!(all, Ok(vec![Some(b"x".to_vec()), Some(b"y".to_vec())]));
    assert_eq!(say(&mut b, "PUBSUB CHANNELS x*").map(names), Ok(vec![Some(b"x".to_vec())]));
    assert_eq!(say(&mut b, "PUBSUB SHARDCHANNELS").map(names), Ok(vec![Some(b"z".to_vec())]));
    assert_eq!(say(&mut b, "PUBSUB NUMPAT"), Ok(Value::Int(2)));
    let pair = |name: &'static str, n| [Value::Bulk(name.into()), Value::Int(n)];
    let pairs = [pair("x", 2), pair("q", 0), pair("x", 2)].concat();
    assert_eq!(say(&mut b, "PUBSUB NUMSUB x q x"), Ok(Value::Array(pairs)));
    assert_eq!(say(&mut b, "PUBSUB SHARDNUMSUB z"), Ok(Value::Array(pair("z", 1).to_vec())));
    let Ok(Value::Verbatim { text, .. }) = say(&mut b, "INFO stats") else { panic!("a text") };
    for line in ["pubsub_channels:2", "pubsub_patterns:2", "pubsubshard_channels:1"] {
        assert!(text.contains(line), "{line}");
    }
    let Ok(Value::Verbatim { text, .. }) = say(&mut a, "CLIENT INFO") else { panic!("a text") };
    assert!(text.contains("flags=P db=0 sub=2 psub=2 ssub=1 "), "{text}");
}

/// Counts how often it is asked to take what was pushed, and to look at its client.
#[derive(Default)]
struct Bell([AtomicUsize; 2]);

struct Cord(Arc<Bell>);

impl Link for Cord {
    fn wake(&self) {
        self.0.0[1].fetch_add(1, Relaxed);
    }

    fn mail(&self) {
        self.0.0[0].fetch_add(1, Relaxed);
    }
}

#[test]
fn a_connection_is_woken_once_for_many_and_cut_off_in_the_end() {
    let engine = engine();
    let bell = Arc::new(Bell::default());
    let link: Option<Box<dyn Link>> = Some(Box::new(Cord(bell.clone())));
    let origin = Origin { addr: "1.2.3.4:5".into(), link, ..Origin::default() };
    let mut slow = Session::connect(&engine, origin);
    say(&mut slow, "SUBSCRIBE x").expect("a confirmation");
    let mut other = Session::new(&engine);
    let limit = "CONFIG SET client-output-buffer-limit";
    let limit: Vec<&str> = limit.split(' ').chain(["pubsub 1000 0 0"]).collect();
    other.execute(limit).expect("OK");
    for _ in 0..3 {
        assert_eq!(engine.publish("x", [b'v'; 100]), 1);
    }
    assert_eq!(bell.0[0].load(Relaxed), 1);
    let Ok(Value::Verbatim { text, .. }) = say(&mut other, "CLIENT LIST TYPE pubsub") else {
        panic!("a text")
    };
    assert!(text.contains(" oll=3 omem=396 "), "{text}");
    assert_eq!(slow.take_pushes().len(), 3);
    assert_eq!(engine.publish("x", [b'v'; 100]), 1);
    assert_eq!(bell.0[0].load(Relaxed), 2);
    assert!(!slow.client().is_killed());
    assert_eq!(engine.publish("x", [b'v'; 2000]), 1);
    assert!(slow.client().is_killed() && slow.client().is_overrun());
    assert_eq!(slow.take_pushes(), [], "what waited is dropped");
    assert_eq!(engine.publish("x", "more"), 1);
    assert_eq!(slow.take_pushes(), []);
}

#[test]
fn a_session_of_this_process_can_be_woken() {
    let engine = engine();
    let mut session = Session::new(&engine);
    say(&mut session, "SUBSCRIBE x").expect("a confirmation");
    let (send, receive) = std::sync::mpsc::channel();
    session.on_push(move || send.send(()).expect("somebody waits"));
    let other = std::thread::spawn(move || engine.publish("x", "one"));
    receive.recv().expect("woken");
    assert_eq!(session.take_pushes(), [push(&["message", "x", "one"])]);
    assert_eq!(other.join().expect("no panic"), 1);
}
