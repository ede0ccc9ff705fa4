//! Pipelines, transactions, errors, messages, waiting, and the ends of connections.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use danio::redis::aio::ConnectionManagerConfig;
use danio::redis::{AsyncConnectionConfig, Client, Connection};
use danio::{Config, Engine, ManualClock};
use redis::{
    AsyncCommands, Commands, ControlFlow, ErrorKind, ProtocolVersion, PubSubCommands, PushKind,
    RedisResult, ServerErrorKind, Value, cmd, pipe,
};
use smol::stream::StreamExt as _;

fn engine() -> Engine {
    Engine::open(Config::new()).unwrap()
}

fn connection(engine: &Engine) -> Connection {
    Client::open(engine).unwrap().get_connection().unwrap()
}

#[test]
fn pipelines_and_transactions() {
    let engine = engine();
    let mut c = connection(&engine);
    let (a, b): (i64, i64) = pipe().atomic().incr("n", 1).incr("n", 1).query(&mut c).unwrap();
    assert_eq!((a, b), (1, 2));
    let mut large = pipe();
    for i in 0..5000 {
        large.set("k", i).ignore().get("k");
    }
    let values: Vec<i64> = large.query(&mut c).unwrap();
    assert!(values.into_iter().eq(0..5000));
    // One command fails: the others are done, and the error names its place.
    let failed: RedisResult<Vec<Value>> =
        pipe().incr("n", 1).hget("n", "f").incr("n", 1).query(&mut c);
    let errors = failed.unwrap_err().into_server_errors().unwrap();
    assert_eq!((errors.len(), errors[0].0), (1, 1));
    assert_eq!(c.get::<_, i64>("n").unwrap(), 4);
    let kept: Vec<RedisResult<Value>> =
        pipe().incr("n", 1).hget("n", "f").ignore_errors().query(&mut c).unwrap();
    assert!(kept[0].is_ok() && kept[1].is_err());
    // A transaction that is refused does nothing.
    let refused: RedisResult<Vec<Value>> = pipe().atomic().incr("n", 1).cmd("NOSUCH").query(&mut c);
    let error = refused.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Server(ServerErrorKind::ExecAbort));
    assert!(error.to_string().contains("(Index 1, error: "), "{error}");
    assert_eq!(c.get::<_, i64>("n").unwrap(), 5);
    // One whose keys have changed is nil, which the crate's `transaction` tries anew.
    let mut other = connection(&engine);
    let mut tries = 0;
    let (new,): (i64,) = redis::transaction(&mut c, &["n"], |c, pipe| {
        tries += 1;
        let old: i64 = c.get("n")?;
        if tries == 1 {
            let _: () = other.set("n", 100)?;
        }
        pipe.set("n", old + 1).ignore().get("n").query(c)
    })
    .unwrap();
    assert_eq!((new, tries), (101, 2));
}

#[test]
fn errors_have_kinds_codes_and_details() {
    let engine = engine();
    let mut c = connection(&engine);
    let _: () = c.set("word", "abc").unwrap();
    let error = c.incr::<_, _, i64>("word", 1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Server(ServerErrorKind::ResponseError));
    assert_eq!(error.detail(), Some("value is not an integer or out of range"));
    let error = c.hget::<_, _, Value>("word", "f").unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Extension, Some("WRONGTYPE")));
    let error = cmd("EVAL").arg("return 1").arg(0).query::<Value>(&mut c);
    let over_words = engine.db(0).unwrap().execute(["EVAL", "return 1", "0"]);
    assert_eq!(error.is_err(), over_words.is_err());
    assert!(cmd("").query::<Value>(&mut c).is_err());
    assert!(redis::Cmd::new().query::<Value>(&mut c).is_err());
    assert!(redis::ConnectionLike::req_packed_command(&mut c, b"*1\r\n$4\r\nPI").is_err());
    assert_eq!(c.get::<_, String>("word").unwrap(), "abc");
}

#[test]
fn a_connection_is_a_client_like_others() {
    let engine = engine();
    let client = Client::open(engine.db(3).unwrap()).unwrap();
    let (mut c, mut other) = (client.get_connection().unwrap(), client.get_connection().unwrap());
    let _: () = c.set("k", "v").unwrap();
    assert!(engine.db(3).unwrap().exists("k"));
    let _: () = c.client_setname("worker").unwrap();
    let list: String = cmd("CLIENT").arg("LIST").query(&mut other).unwrap();
    assert!(list.contains("name=worker") && list.contains(" db=3 "), "{list}");
    let _: () = cmd("SELECT").arg(1).query(&mut c).unwrap();
    assert!(!c.exists::<_, bool>("k").unwrap());
    let id: i64 = c.client_id().unwrap();
    assert_eq!(cmd("CLIENT").arg("KILL").arg("ID").arg(id).query::<i64>(&mut other).unwrap(), 1);
    let error = c.get::<_, Value>("k").unwrap_err();
    assert!(error.is_connection_dropped(), "{error}");
    assert!(!redis::ConnectionLike::is_open(&c));
    let list: String = cmd("CLIENT").arg("LIST").query(&mut other).unwrap();
    assert!(!list.contains("name=worker"), "{list}");
    let _: () = cmd("QUIT").query(&mut other).unwrap();
    assert!(other.ping::<String>().unwrap_err().is_connection_dropped());
    // Neither a password nor a pause concerns a caller in this process.
    engine.db(0).unwrap().execute(["CONFIG", "SET", "requirepass", "secret"]).unwrap();
    engine.db(0).unwrap().execute(["CLIENT", "PAUSE", "100000"]).unwrap();
    let mut third = client.get_connection().unwrap();
    let _: () = cmd("RESET").query(&mut third).unwrap();
    assert_eq!(third.ping::<String>().unwrap(), "PONG");
}

#[test]
fn blocking_calls_sleep_and_are_woken_in_order() {
    let engine = engine();
    let (first, second) = (engine.clone(), engine.clone());
    let (told, news) = mpsc::channel();
    let begun = told.clone();
    let one = thread::spawn(move || {
        let mut c = connection(&first);
        let id: i64 = c.client_id().unwrap();
        begun.send(id).unwrap();
        c.blpop::<_, Option<(String, i64)>>("jobs", 0.0).unwrap()
    });
    let id = news.recv().unwrap();
    until_blocked(&engine, 1);
    let two = thread::spawn(move || {
        let mut c = connection(&second);
        c.blpop::<_, Option<(String, i64)>>("jobs", 60.0).unwrap()
    });
    until_blocked(&engine, 2);
    let _: i64 = connection(&engine).rpush("jobs", 1).unwrap();
    assert_eq!(one.join().unwrap(), Some(("jobs".into(), 1)));
    let _: i64 = connection(&engine).rpush("jobs", 2).unwrap();
    assert_eq!(two.join().unwrap(), Some(("jobs".into(), 2)));
    // Others may end a wait, or the connection.
    let third = engine.clone();
    let three = thread::spawn(move || {
        let mut c = connection(&third);
        c.blpop::<_, Value>("jobs", 0.0).map_err(|error| error.code().map(str::to_string))
    });
    until_blocked(&engine, 1);
    let unblocked: i64 =
        cmd("CLIENT").arg("UNBLOCK").arg(id + 100).query(&mut connection(&engine)).unwrap();
    assert_eq!(unblocked, 0);
    let list: String = cmd("CLIENT").arg("LIST").query(&mut connection(&engine)).unwrap();
    let line = list.lines().find(|line| line.contains(" flags=b ")).unwrap();
    let blocked: i64 = line[3..line.find(' ').unwrap()].parse().unwrap();
    let ended: i64 = cmd("CLIENT")
        .arg("UNBLOCK")
        .arg(blocked)
        .arg("ERROR")
        .query(&mut connection(&engine))
        .unwrap();
    assert_eq!(ended, 1);
    assert_eq!(three.join().unwrap(), Err(Some("UNBLOCKED".to_string())));
}

/// Waits until so many clients wait.
fn until_blocked(engine: &Engine, count: usize) {
    let wanted = format!("blocked_clients:{count}\r");
    let mut c = connection(engine);
    while !cmd("INFO").arg("clients").query::<String>(&mut c).unwrap().contains(&wanted) {
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_wait_ends_by_the_engines_clock() {
    let clock = ManualClock::new();
    let engine = Engine::open(Config::new().clock(clock.clone())).unwrap();
    let waiting = engine.clone();
    let waits =
        thread::spawn(move || connection(&waiting).blpop::<_, Value>("jobs", 60.0).unwrap());
    until_blocked(&engine, 1);
    clock.advance(Duration::from_secs(61));
    assert_eq!(waits.join().unwrap(), Value::Nil);
}

#[test]
fn futures_that_wait_keep_their_order_and_lose_nothing() {
    let engine = engine();
    let client = Client::open(&engine).unwrap();
    smol::block_on(async {
        let mut c = client.get_multiplexed_async_connection().await.unwrap();
        let (mut one, mut two) = (c.clone(), c.clone());
        let mut waits = Box::pin(one.blpop::<_, (String, i64)>("jobs", 0.0));
        assert!(smol::future::poll_once(&mut waits).await.is_none());
        // What comes behind a command that waits waits too, as on one connection.
        let mut behind = Box::pin(two.set::<_, _, ()>("k", "v"));
        assert!(smol::future::poll_once(&mut behind).await.is_none());
        assert!(!engine.db(0).unwrap().exists("k"));
        engine.db(0).unwrap().rpush("jobs", ["7"]).unwrap();
        assert_eq!(waits.await.unwrap(), ("jobs".into(), 7));
        behind.await.unwrap();
        assert!(engine.db(0).unwrap().exists("k"));
        // A future that is dropped leaves the line, and what it waited for stays.
        let mut three = c.clone();
        let mut dropped = Box::pin(three.blpop::<_, Value>("jobs", 0.0));
        assert!(smol::future::poll_once(&mut dropped).await.is_none());
        let mut four = c.clone();
        let mut behind = Box::pin(four.ping::<String>());
        assert!(smol::future::poll_once(&mut behind).await.is_none());
        drop(dropped);
        assert_eq!(behind.await.unwrap(), "PONG");
        engine.db(0).unwrap().rpush("jobs", ["8"]).unwrap();
        assert_eq!(c.llen::<_, i64>("jobs").await.unwrap(), 1);
        let popped: Vec<Value> = pipe()
            .atomic()
            .lpop("jobs", None)
            .blpop("jobs", 0.0)
            .query_async(&mut c)
            .await
            .unwrap();
        assert_eq!(popped, [Value::BulkString(b"8".to_vec()), Value::Nil]);
        // In a pipeline, what stands behind a command that waits waits with it.
        let mut jobs = pipe();
        jobs.blpop("jobs", 0.0).set("after", 1);
        let mut five = c.clone();
        let mut pending = Box::pin(jobs.query_async::<Vec<Value>>(&mut five));
        assert!(smol::future::poll_once(&mut pending).await.is_none());
        engine.db(0).unwrap().rpush("jobs", ["9"]).unwrap();
        assert_eq!(pending.await.unwrap().len(), 2);
    });
}

#[test]
fn many_tasks_share_one_connection() {
    let engine = engine();
    let client = Client::open(&engine).unwrap();
    let connection = smol::block_on(client.get_multiplexed_async_connection()).unwrap();
    thread::scope(|scope| {
        for thread in 0..4 {
            let connection = connection.clone();
            scope.spawn(move || {
                smol::block_on(async {
                    let executor = smol::LocalExecutor::new();
                    let tasks: Vec<_> = (0..16)
                        .map(|i| {
                            let mut own = connection.clone();
                            executor.spawn(async move {
                                for _ in 0..50 {
                                    let _: i64 = own.incr("n", 1).await.unwrap();
                                    if i % 8 == thread {
                                        let _: Value = own.blpop("none", 0.001).await.unwrap();
                                    }
                                }
                            })
                        })
                        .collect();
                    executor
                        .run(async {
                            for task in tasks {
                                task.await
                            }
                        })
                        .await;
                });
            });
        }
    });
    assert_eq!(smol::block_on(connection.clone().get::<_, i64>("n")).unwrap(), 64 * 50);
}

#[test]
fn messages_on_a_blocking_connection() {
    for protocol in [ProtocolVersion::RESP2, ProtocolVersion::RESP3] {
        let engine = engine();
        let mut c =
            Client::open(&engine).unwrap().with_protocol(protocol).get_connection().unwrap();
        let mut pubsub = c.as_pubsub();
        pubsub.subscribe(&["a", "b"]).unwrap();
        pubsub.psubscribe("p.*").unwrap();
        assert_eq!(engine.publish("b", "1"), 1);
        engine.publish("p.q", "2");
        let message = pubsub.get_message().unwrap();
        assert_eq!((message.get_channel_name(), message.get_payload_bytes()), ("b", &b"1"[..]));
        let message = pubsub.get_message().unwrap();
        assert_eq!(message.get_pattern::<String>().unwrap(), "p.*");
        let publisher = engine.clone();
        let later = thread::spawn(move || {
            thread::sleep(Duration::from_millis(20));
            publisher.publish("a", "3");
        });
        assert_eq!(pubsub.get_message().unwrap().get_payload::<i64>().unwrap(), 3);
        later.join().unwrap();
        engine.publish("a", "4");
        pubsub.unsubscribe("a").unwrap();
        assert_eq!(engine.publish("a", "5"), 0);
        // What was said before stays said.
        assert_eq!(pubsub.get_message().unwrap().get_payload::<i64>().unwrap(), 4);
        pubsub.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
        assert!(pubsub.get_message().unwrap_err().is_timeout());
        drop(pubsub);
        assert_eq!(engine.publish("b", "6"), 0);
        assert_eq!(c.incr::<_, _, i64>("n", 1).unwrap(), 1);
    }
}

#[test]
fn a_closure_listens_until_it_has_enough() {
    let engine = engine();
    let publisher = engine.clone();
    let publishes = thread::spawn(move || {
        while publisher.publish("news", "1") == 0 {
            thread::yield_now();
        }
        publisher.publish("news", "2");
    });
    let mut sum = 0;
    let total = connection(&engine)
        .subscribe("news", |message| {
            sum += message.get_payload::<i64>().unwrap();
            if sum == 3 { ControlFlow::Break(sum) } else { ControlFlow::Continue }
        })
        .unwrap();
    assert_eq!(total, 3);
    publishes.join().unwrap();
}

#[test]
fn messages_are_pushed_to_senders() {
    let engine = engine();
    let client = Client::open(&engine).unwrap().with_protocol(ProtocolVersion::RESP3);
    let mut c = client.get_connection().unwrap();
    let (sender, pushes) = mpsc::channel();
    c.set_push_sender(sender);
    c.subscribe_resp3("news").unwrap();
    engine.publish("news", "hello");
    let _: String = c.ping().unwrap();
    let kinds: Vec<PushKind> = pushes.try_iter().map(|push| push.kind).collect();
    assert_eq!(kinds, [PushKind::Subscribe, PushKind::Message]);
    let resp2 = Client::open(&engine).unwrap();
    assert!(resp2.get_connection().unwrap().subscribe_resp3("news").is_err());
    smol::block_on(async {
        let (sender, pushes) = mpsc::channel();
        let config = AsyncConnectionConfig::new().set_push_sender(sender);
        assert!(resp2.get_multiplexed_async_connection_with_config(&config).await.is_err());
        let mut c = client.get_multiplexed_async_connection_with_config(&config).await.unwrap();
        c.subscribe(&["one", "two"]).await.unwrap();
        for i in 0..100 {
            engine.publish("two", i.to_string());
        }
        let limit = Duration::from_secs(10);
        let seen: Vec<_> = (0..102).map(|_| pushes.recv_timeout(limit).unwrap()).collect();
        assert_eq!((&seen[0].kind, &seen[1].kind), (&PushKind::Subscribe, &PushKind::Subscribe));
        for (i, push) in seen[2..].iter().enumerate() {
            assert_eq!(push.data[1], Value::BulkString(i.to_string().into_bytes()));
        }
        // What is cached here is told of: RESP3's invalidation messages.
        let _: () = cmd("CLIENT").arg("TRACKING").arg("ON").query_async(&mut c).await.unwrap();
        let _: Value = c.get("cached").await.unwrap();
        engine.db(0).unwrap().set("cached", "new").unwrap();
        assert_eq!(pushes.recv_timeout(limit).unwrap().kind, PushKind::Invalidate);
        let _: () = cmd("QUIT").query_async(&mut c).await.unwrap();
        assert_eq!(pushes.recv_timeout(limit).unwrap().kind, PushKind::Disconnection);
        assert!(c.ping::<String>().await.unwrap_err().is_connection_dropped());
    });
}

#[test]
fn messages_are_streams() {
    let engine = engine();
    let client = Client::open(&engine).unwrap();
    smol::block_on(async {
        let (mut sink, mut stream) = client.get_async_pubsub().await.unwrap().split();
        sink.subscribe("a").await.unwrap();
        sink.psubscribe("p*").await.unwrap();
        assert_eq!(sink.ping_message::<Vec<String>>("hi").await.unwrap(), ["pong", "hi"]);
        engine.publish("a", "1");
        engine.publish("a", "2");
        sink.unsubscribe("a").await.unwrap();
        engine.publish("a", "3");
        engine.publish("pq", "4");
        for expected in [1, 2, 4] {
            assert_eq!(stream.next().await.unwrap().get_payload::<i64>().unwrap(), expected);
        }
        let publisher = engine.clone();
        let later = thread::spawn(move || {
            thread::sleep(Duration::from_millis(20));
            publisher.publish("px", "5")
        });
        assert_eq!(stream.next().await.unwrap().get_channel_name(), "px");
        assert_eq!(later.join().unwrap(), 1);
        drop(stream);
        assert_eq!(engine.publish("px", "6"), 0);
        assert!(sink.subscribe("b").await.unwrap_err().is_connection_dropped());
    });
}

#[test]
fn settings_of_the_wire_may_be_said() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let engine = engine();
        let client = Client::open(&engine).unwrap();
        let config = ConnectionManagerConfig::new()
            .set_response_timeout(Some(Duration::from_millis(1)))
            .set_number_of_retries(1);
        let mut manager = client.get_connection_manager_with_config(config.clone()).await.unwrap();
        // A command that waits is not cut short: what it waited for comes to it.
        let waiting =
            AsyncCommands::blpop::<_, Option<(String, String)>>(&mut manager, "jobs", 10.0);
        let pushed = async {
            std::thread::sleep(Duration::from_millis(5));
            engine.db(0).unwrap().rpush("jobs", ["resize"]).unwrap();
        };
        let (popped, ()) = smol::future::zip(waiting, pushed).await;
        assert_eq!(popped.unwrap(), Some(("jobs".into(), "resize".into())));
        // As by the crate: what comes would go nowhere.
        let refused = client.get_connection_manager_lazy(config.set_automatic_resubscription());
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::Client);
    });
}

#[test]
fn a_read_time_out_takes_the_command_back() {
    let engine = engine();
    let mut con = connection(&engine);
    con.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    let popped: RedisResult<Option<(String, String)>> = con.blpop("jobs", 0.0);
    assert!(popped.unwrap_err().is_timeout());
    assert!(redis::ConnectionLike::is_open(&con));
    // Nobody is in the line any more, and the connection is of use.
    engine.db(0).unwrap().rpush("jobs", ["resize"]).unwrap();
    assert_eq!(con.llen::<_, u32>("jobs").unwrap(), 1);
    let both: RedisResult<(i64, Option<(String, String)>)> =
        pipe().incr("n", 1).blpop("nothing", 0.0).query(&mut con);
    assert!(both.unwrap_err().is_timeout());
    assert_eq!(con.get::<_, i64>("n").unwrap(), 1, "what stood before it is done");
}
