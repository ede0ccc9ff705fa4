//! Connections as others reach them: kill, pause, shut down.

#![cfg(feature = "network")]
#![allow(clippy::disallowed_methods, reason = "the tests measure real time")]

#[path = "support/wire.rs"]
mod wire;

use std::time::{Duration, Instant};

use danio::{Config, ManualClock};
use wire::Fixture;

#[test]
fn a_client_can_be_killed() {
    let fixture = Fixture::new();
    let (mut victim, mut other) = (fixture.connect(), fixture.connect());
    victim.command(&["CLIENT", "ID"]);
    let id = victim.line()[1..].to_string();
    other.call(&["CLIENT", "KILL", "ID", &id], ":1\r\n");
    victim.expect_end();
    // A client that kills itself is answered first.
    other.command(&["CLIENT", "ID"]);
    let id = other.line()[1..].to_string();
    other.call(&["CLIENT", "KILL", "ID", &id, "SKIPME", "no"], ":1\r\n");
    other.expect_end();
}

#[test]
fn a_client_that_reads_nothing_can_be_killed() {
    let fixture = Fixture::new();
    let (mut victim, mut other) = (fixture.connect(), fixture.connect());
    victim.call(&["SET", "k", &"v".repeat(1 << 20)], "+OK\r\n");
    victim.call(&["CLIENT", "SETNAME", "victim"], "+OK\r\n");
    victim.push("GET k\r\n".repeat(50).as_bytes());
    std::thread::sleep(Duration::from_millis(200));
    let list = other.text(&["CLIENT", "LIST"]);
    let line = list.lines().find(|line| line.contains("name=victim")).expect("it is listed");
    let id =
        line.split(' ').next().and_then(|id| id.strip_prefix("id=")).expect("an id").to_string();
    other.call(&["CLIENT", "KILL", "ID", &id], ":1\r\n");
    for _ in 0..100 {
        if !other.text(&["CLIENT", "LIST"]).contains("name=victim") {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("the victim is still there");
}

#[test]
fn a_pause_holds_back_and_lets_go() {
    let fixture = Fixture::new();
    let (mut wire, mut other) = (fixture.connect(), fixture.connect());
    other.call(&["CLIENT", "PAUSE", "60000", "WRITE"], "+OK\r\n");
    wire.send("GET a\r\nSET \"a\" 'x y'\r\nGET a\r\nSET b 1\r\nGET b\r\n*1\r\n$4\r\nPI");
    wire.expect("$-1\r\n");
    assert!(wire.is_quiet(Duration::from_millis(150)));
    wire.send("NG\r\n");
    other.call(&["CLIENT", "UNPAUSE"], "+OK\r\n");
    wire.expect("+OK\r\n$3\r\nx y\r\n+OK\r\n$1\r\n1\r\n+PONG\r\n");
}

#[test]
fn a_pause_ends_by_itself() {
    let fixture = Fixture::new();
    let (mut wire, mut other) = (fixture.connect(), fixture.connect());
    let began = Instant::now();
    other.call(&["CLIENT", "PAUSE", "300"], "+OK\r\n");
    wire.send("PING\r\n".repeat(100));
    wire.expect("+PONG\r\n".repeat(100));
    let waited = began.elapsed();
    assert!(waited >= Duration::from_millis(290) && waited < Duration::from_secs(2), "{waited:?}");
}

#[test]
fn replies_can_be_turned_off() {
    let fixture = Fixture::new();
    let mut wire = fixture.connect();
    wire.send("CLIENT REPLY OFF\r\nSET a 1\r\nPING\r\nCLIENT REPLY ON\r\nCLIENT REPLY SKIP\r\nPING\r\nGET a\r\n");
    wire.expect("+OK\r\n$1\r\n1\r\n");
}

#[test]
fn whoever_asked_for_no_reply_gets_none_at_the_end_either() {
    let fixture = Fixture::new();
    for mode in ["OFF", "SKIP"] {
        for last in ["QUIT\r\n", "*1\r\n$x\r\n", "\"a\r\n"] {
            let mut wire = fixture.connect();
            wire.send(format!("CLIENT REPLY {mode}\r\n{last}"));
            wire.expect_end();
        }
    }
}

#[test]
fn a_transaction_is_answered_as_a_whole() {
    let fixture = Fixture::new();
    let mut wire = fixture.connect();
    wire.send("MULTI\r\nCLIENT REPLY OFF\r\nPING\r\nEXEC\r\nPING\r\n");
    wire.expect(
        "+OK\r\n-ERR Command not allowed inside a transaction\r\n+QUEUED\r\n\
         -EXECABORT Transaction discarded because of previous errors.\r\n+PONG\r\n",
    );
}

#[test]
fn whoever_is_sent_something_is_not_idle() {
    let clock = ManualClock::new();
    let fixture = Fixture::of(Config::new().clock(clock.clone()), &[]);
    let (mut monitor, mut listener, mut wire) =
        (fixture.connect(), fixture.connect(), fixture.connect());
    monitor.call(&["MONITOR"], "+OK\r\n");
    listener.call(&["SUBSCRIBE", "c"], "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n");
    clock.advance(Duration::from_secs(100));
    wire.call(&["PUBLISH", "c", "m"], ":1\r\n");
    listener.expect("*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nm\r\n");
    monitor.line();
    clock.advance(Duration::from_secs(7));
    let list = wire.text(&["CLIENT", "LIST"]);
    // The monitor may be shown this very command before it answers.
    let idle = |flags: &str| {
        let line = list.lines().find(|line| line.contains(flags)).expect("listed");
        let word = line.split(' ').find_map(|word| word.strip_prefix("idle=")).expect("told");
        word.parse::<u64>().expect("seconds")
    };
    assert_eq!(idle(" flags=P "), 7, "{list}");
    assert!(matches!(idle(" flags=O "), 0 | 7), "{list}");
}

#[test]
fn a_server_stops_and_its_engine_goes_on() {
    let fixture = Fixture::new();
    let mut wire = fixture.connect();
    wire.call(&["SET", "k", "v"], "+OK\r\n");
    let address = fixture.server.local_addrs()[0];
    fixture.server.shutdown();
    wire.expect_end();
    assert!(std::net::TcpStream::connect(address).is_err());
    let db = fixture.engine.db(0).expect("a database");
    assert_eq!(db.get("k").expect("a string").as_deref(), Some(&b"v"[..]));
    // The same engine, and the same address, can be served again.
    let again = danio::network::Server::bind(&fixture.engine, address).expect("a server");
    let mut wire = wire::Wire::connect(again.local_addrs()[0].port());
    wire.call(&["GET", "k"], "$1\r\nv\r\n");
}

#[test]
fn a_client_stops_the_server() {
    let fixture = Fixture::new();
    let mut wire = fixture.connect();
    wire.command(&["SHUTDOWN", "NOSAVE"]);
    fixture.server.wait();
    wire.expect_end();
}

#[test]
fn an_address_in_use_is_an_error() {
    let fixture = Fixture::new();
    let address = fixture.server.local_addrs()[0];
    let error = danio::network::Server::bind(&fixture.engine, address).expect_err("it is in use");
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
    assert!(error.to_string().contains(&address.to_string()), "{error}");
}

#[test]
fn typed_calls_and_clients_see_the_same_data() {
    let fixture = Fixture::new();
    let mut wire = fixture.connect();
    let db = fixture.engine.db(0).expect("a database");
    db.set("counter", "41").expect("a value");
    wire.call(&["INCR", "counter"], ":42\r\n");
    assert_eq!(db.get("counter").expect("a string").as_deref(), Some(&b"42"[..]));
}
