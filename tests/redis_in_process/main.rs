//! The `redis` crate in process (`danio::redis`) against the same crate over TCP: each method of `Commands` must come to the
//! same, on Danio's server to the letter, and on Redis and Valkey wherever they have the command.

#![allow(clippy::unwrap_used, reason = "a test says by failing what is wrong")]

mod behaviour;
mod families;
#[path = "../support/server.rs"]
mod support;

use danio::redis::{Client, ProtocolVersion};
use families::Log;
use support::{Kind, Server};

const PROTOCOLS: [(&str, ProtocolVersion); 2] =
    [("resp2", ProtocolVersion::RESP2), ("resp3", ProtocolVersion::RESP3)];

/// What those servers do not know yet though they know the command: operations of BITOP, a field of XINFO.
const NEWER: &[&str] = &["bit_diff", "bit_diff1", "bit_and_or", "bit_one", "xinfo_consumers"];

fn in_process(protocol: ProtocolVersion) -> Client {
    let engine = danio::Engine::open(danio::Config::new()).unwrap();
    Client::open(engine).unwrap().with_protocol(protocol)
}

fn over_tcp(server: &Server, protocol: &str) -> Log {
    let url = format!("redis://{}/?protocol={protocol}", server.address());
    let mut connection = redis::Client::open(url).unwrap().get_connection().unwrap();
    let mut log = Log::default();
    families::blocking(&mut connection, &mut log);
    log
}

fn here(protocol: ProtocolVersion) -> Log {
    let mut log = Log::default();
    families::blocking(&mut in_process(protocol).get_connection().unwrap(), &mut log);
    log
}

#[test]
fn each_method_comes_to_the_same_as_over_a_socket() {
    let Some(server) = Kind::Danio.start_or_skip() else { return };
    for (name, protocol) in PROTOCOLS {
        let (here, there) = (here(protocol), over_tcp(&server, name));
        assert_eq!(here.0.len(), there.0.len());
        let both = here.0.iter().zip(&there.0);
        let wrong: Vec<String> = both
            .filter(|(mine, theirs)| mine != theirs)
            .map(|(mine, theirs)| format!("{mine:?}\n  and there {:?}", theirs.1))
            .collect();
        assert!(wrong.is_empty(), "in {name}:\n{}", wrong.join("\n"));
    }
}

#[test]
fn each_method_comes_to_the_same_as_on_redis_and_valkey() {
    for kind in [Kind::Redis, Kind::Valkey] {
        let Some(server) = kind.start_or_skip() else { continue };
        for (name, protocol) in PROTOCOLS {
            let (here, there) = (here(protocol), over_tcp(&server, name));
            let mut compared = 0;
            let mut wrong = Vec::new();
            for (mine, theirs) in here.0.iter().zip(&there.0) {
                if theirs.1.contains("unknown command") || NEWER.contains(&mine.0) {
                    continue;
                }
                compared += 1;
                if mine != theirs {
                    wrong.push(format!("{mine:?}\n  and there {:?}", theirs.1));
                }
            }
            assert!(wrong.is_empty(), "on {kind:?} in {name}:\n{}", wrong.join("\n"));
            assert!(compared > 200, "{compared} calls were compared with {kind:?}");
        }
    }
}

#[test]
fn futures_come_to_the_same_as_blocking_calls() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for (name, protocol) in PROTOCOLS {
        let mut log = Log::default();
        let client = in_process(protocol);
        runtime.block_on(async {
            let mut connection = client.get_multiplexed_async_connection().await.unwrap();
            families::asynchronous(&mut connection, &mut log).await;
        });
        for (future, blocking) in log.0.iter().zip(&here(protocol).0) {
            assert_eq!(future, blocking, "in {name}");
        }
        // Nor do they need a runtime.
        let mut log = Log::default();
        smol::block_on(async {
            let mut connection = client.get_multiplexed_async_connection().await.unwrap();
            families::asynchronous(&mut connection, &mut log).await;
        });
        assert!(log.0.len() > 200);
    }
}
