//! The `redis` crate against `danio-server`: blocking, asynchronous, pipelined, RESP2 and RESP3.
//!
//! `DANIO_CLIENTS_SERVER=redis` (or `valkey`) runs it against that server instead.

#![allow(clippy::unwrap_used, reason = "a test says by failing what is wrong")]

#[path = "support/server.rs"]
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::Duration;

use redis::{
    AsyncCommands, Commands, Connection, ErrorKind, ExistenceCheck, Expiry, RedisResult,
    ServerErrorKind, SetExpiry, SetOptions, Value,
};
use support::Server;

/// Runs `test` on a blocking connection in RESP2 and in RESP3.
fn in_both_protocols(test: impl Fn(&mut Connection, &Server)) {
    let Some(server) = support::under_test() else { return };
    for protocol in ["resp2", "resp3"] {
        let mut connection = client(&server, protocol).get_connection().unwrap();
        let _: () = redis::cmd("FLUSHALL").query(&mut connection).unwrap();
        test(&mut connection, &server);
    }
}

fn client(server: &Server, protocol: &str) -> redis::Client {
    redis::Client::open(format!("redis://{}/?protocol={protocol}", server.address())).unwrap()
}

#[test]
fn strings() {
    in_both_protocols(|c, _| {
        let _: () = c.set("name", "Ada").unwrap();
        assert_eq!(c.get::<_, String>("name").unwrap(), "Ada");
        assert_eq!(c.get::<_, Option<String>>("missing").unwrap(), None);
        assert!(!c.set_nx::<_, _, bool>("name", "Bob").unwrap());
        let options = SetOptions::default()
            .conditional_set(ExistenceCheck::XX)
            .get(true)
            .with_expiration(SetExpiry::EX(100));
        assert_eq!(c.set_options::<_, _, String>("name", "Bob", options).unwrap(), "Ada");
        assert!((90..=100).contains(&c.ttl::<_, i64>("name").unwrap()));
        assert_eq!(c.incr::<_, _, i64>("n", 42).unwrap(), 42);
        assert_eq!(c.incr::<_, _, f64>("f", 0.5).unwrap(), 0.5);
        assert_eq!(c.append::<_, _, usize>("name", "by").unwrap(), 5);
        assert_eq!(c.getrange::<_, String>("name", 1, -2).unwrap(), "obb");
        let _: () = c.mset(&[("a", 1), ("b", 2)]).unwrap();
        assert_eq!(
            c.mget::<_, Vec<Option<i64>>>(&["a", "missing", "b"]).unwrap(),
            [Some(1), None, Some(2)]
        );
        let bytes: Vec<u8> = (0..=255).collect();
        let _: () = c.set("bytes", &bytes).unwrap();
        assert_eq!(c.get::<_, Vec<u8>>("bytes").unwrap(), bytes);
        assert_eq!(c.get_ex::<_, String>("a", Expiry::PX(1)).unwrap(), "1");
        thread::sleep(Duration::from_millis(50));
        assert!(!c.exists::<_, bool>("a").unwrap());
        assert_eq!(c.get_del::<_, i64>("b").unwrap(), 2);
    });
}

#[test]
fn keys() {
    in_both_protocols(|c, _| {
        let mut pipe = redis::pipe();
        for i in 0..1000 {
            pipe.set(format!("user:{i}"), i).ignore();
        }
        let _: () = pipe.query(c).unwrap();
        let seen: BTreeSet<String> = c.scan_match("user:*").unwrap().map(Result::unwrap).collect();
        assert_eq!(seen.len(), 1000);
        assert_eq!(c.keys::<_, Vec<String>>("user:99?").unwrap().len(), 10);
        assert_eq!(c.del::<_, i64>(&["user:1", "user:2", "missing"]).unwrap(), 2);
        let _: () = c.rename("user:3", "renamed").unwrap();
        assert_eq!(c.key_type::<_, String>("renamed").unwrap(), "string");
        assert!(c.expire::<_, bool>("renamed", 100).unwrap());
        assert!(c.persist::<_, bool>("renamed").unwrap());
        assert_eq!(c.object_encoding::<_, String>("renamed").unwrap(), "int");
        assert_eq!(redis::cmd("DBSIZE").query::<i64>(c).unwrap(), 998);
    });
}

#[test]
fn errors_have_the_kinds_that_applications_match() {
    in_both_protocols(|c, _| {
        let _: () = c.set("word", "abc").unwrap();
        let error = c.incr::<_, _, i64>("word", 1).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Server(ServerErrorKind::ResponseError));
        assert_eq!(error.detail(), Some("value is not an integer or out of range"));
        let unknown: RedisResult<Value> = redis::cmd("NOSUCH").arg("x").query(c);
        assert!(unknown.unwrap_err().to_string().contains("unknown command"));
        // The connection is as good as before.
        assert_eq!(c.get::<_, String>("word").unwrap(), "abc");
    });
}

#[test]
fn the_server_describes_itself() {
    in_both_protocols(|c, _| {
        assert_eq!(redis::cmd("PING").query::<String>(c).unwrap(), "PONG");
        let info: redis::InfoDict = redis::cmd("INFO").query(c).unwrap();
        assert!(info.get::<String>("redis_version").unwrap().split('.').count() == 3);
        assert!(info.get::<i64>("connected_clients").unwrap() >= 1);
        let config: BTreeMap<String, String> =
            redis::cmd("CONFIG").arg("GET").arg("databases").query(c).unwrap();
        assert_eq!(config["databases"], "16");
        let commands: usize = redis::cmd("COMMAND").arg("COUNT").query(c).unwrap();
        assert!(commands > 60, "{commands} commands");
        let (seconds, _): (u64, u64) = redis::cmd("TIME").query(c).unwrap();
        assert!(seconds > 1_700_000_000);
    });
}

#[test]
fn a_large_pipeline_is_answered_in_order() {
    in_both_protocols(|c, _| {
        let mut pipe = redis::pipe();
        for i in 0..20_000 {
            pipe.set("k", i).ignore().get("k");
        }
        let values: Vec<i64> = pipe.query(c).unwrap();
        assert!(values.into_iter().eq(0..20_000));
    });
}

#[test]
fn many_connections_share_one_counter() {
    in_both_protocols(|c, server| {
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let mut own = client(server, "resp2").get_connection().unwrap();
                    for _ in 0..500 {
                        let _: i64 = own.incr("counter", 1).unwrap();
                    }
                });
            }
        });
        assert_eq!(c.get::<_, i64>("counter").unwrap(), 4000);
    });
}

#[test]
fn one_asynchronous_connection_serves_many_tasks() {
    let Some(server) = support::under_test() else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for protocol in ["resp2", "resp3"] {
        runtime.block_on(async {
            let connection =
                client(&server, protocol).get_multiplexed_async_connection().await.unwrap();
            let tasks: Vec<_> = (0..200)
                .map(|i| {
                    let mut own = connection.clone();
                    tokio::spawn(async move {
                        let _: () = own.set(format!("task:{i}"), i).await.unwrap();
                        own.get::<_, i64>(format!("task:{i}")).await.unwrap()
                    })
                })
                .collect();
            for (i, task) in tasks.into_iter().enumerate() {
                assert_eq!(task.await.unwrap(), i as i64);
            }
            let mut own = connection.clone();
            let mut keys = own.scan_match::<_, String>("task:*").await.unwrap();
            let mut seen = BTreeSet::new();
            while let Some(key) = keys.next_item().await {
                seen.insert(key.unwrap());
            }
            assert_eq!(seen.len(), 200);
        });
    }
}
