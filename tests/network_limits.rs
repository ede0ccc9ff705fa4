//! Who is turned away or cut off, and with which words.

#![cfg(feature = "network")]
#![allow(clippy::disallowed_methods, reason = "the tests measure real time")]

#[path = "support/wire.rs"]
mod wire;

use std::time::{Duration, Instant};

use wire::{Fixture, Wire};

#[test]
fn too_many_clients() {
    let fixture = Fixture::with(&[("maxclients", "2")]);
    let (mut a, mut b) = (fixture.connect(), fixture.connect());
    a.call(&["PING"], "+PONG\r\n");
    b.call(&["PING"], "+PONG\r\n");
    let mut c = fixture.connect();
    c.expect("-ERR max number of clients reached\r\n");
    c.expect_end();
    drop(b);
    // There is room again as soon as the server has noticed.
    let again = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        let mut d = fixture.connect();
        d.push(b"PING\r\n") && d.line() == "+PONG"
    });
    assert!(again);
    assert!(a.text(&["INFO", "stats"]).contains("rejected_connections:"));
}

#[test]
fn strangers_are_kept_short() {
    let fixture = Fixture::with(&[("requirepass", "secret")]);
    let mut wire = fixture.connect();
    wire.call(&["GET", "k"], "-NOAUTH Authentication required.\r\n");
    wire.send("*11\r\n");
    wire.expect("-ERR Protocol error: unauthenticated multibulk length\r\n");
    wire.expect_end();
    let mut wire = fixture.connect();
    wire.send("*2\r\n$16385\r\n");
    wire.expect("-ERR Protocol error: unauthenticated bulk length\r\n");
    wire.expect_end();
    // What the password allows is allowed from the next command on.
    let mut wire = fixture.connect();
    let long = "v".repeat(20_000);
    wire.send(format!("AUTH secret\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$20000\r\n{long}\r\n"));
    wire.expect("+OK\r\n+OK\r\n");
}

#[test]
fn a_query_buffer_has_a_limit() {
    let fixture = Fixture::with(&[("client-query-buffer-limit", "1mb")]);
    let mut wire = fixture.connect();
    let value = "v".repeat(900 << 10);
    wire.call(&["SET", "k", &value], "+OK\r\n");
    let value = vec![b'v'; 2 << 20];
    wire.send(format!("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n${}\r\n", value.len()));
    wire.push(&value);
    wire.expect_end();
    let mut other = fixture.connect();
    assert!(other.text(&["INFO", "stats"]).contains("client_query_buffer_limit_disconnections:1"));
}

#[test]
fn a_slow_reader_is_cut_off_at_the_hard_limit() {
    let fixture = Fixture::with(&[("client-output-buffer-limit", "normal 20mb 0 0")]);
    let mut wire = fixture.connect();
    wire.call(&["SET", "k", &"v".repeat(1 << 20)], "+OK\r\n");
    wire.push("GET k\r\n".repeat(100).as_bytes());
    let mut other = fixture.connect();
    assert!(eventually(|| {
        other.text(&["INFO", "stats"]).contains("client_output_buffer_limit_disconnections:1")
    }));
}

#[test]
fn a_slow_reader_is_cut_off_at_the_soft_limit_in_time() {
    let fixture = Fixture::with(&[("client-output-buffer-limit", "normal 0 10mb 1")]);
    let mut wire = fixture.connect();
    wire.call(&["SET", "k", &"v".repeat(1 << 20)], "+OK\r\n");
    let began = Instant::now();
    wire.push("GET k\r\n".repeat(40).as_bytes());
    let mut other = fixture.connect();
    assert!(eventually(|| {
        other.text(&["INFO", "stats"]).contains("client_output_buffer_limit_disconnections:1")
    }));
    assert!(began.elapsed() > Duration::from_secs(1), "not before its time");
}

#[test]
fn silence_has_a_limit() {
    let fixture = Fixture::with(&[("timeout", "1")]);
    let (mut silent, mut busy) = (fixture.connect(), fixture.connect());
    silent.call(&["PING"], "+PONG\r\n");
    let began = Instant::now();
    let watch = std::thread::spawn(move || {
        silent.expect_end();
        began.elapsed()
    });
    for _ in 0..8 {
        busy.call(&["PING"], "+PONG\r\n");
        std::thread::sleep(Duration::from_millis(250));
    }
    let silence = watch.join().expect("the silent client was cut off");
    assert!(silence > Duration::from_millis(900), "{silence:?}");
}

/// Who waits has nothing to say.
#[test]
fn silence_has_no_limit_for_who_listens() {
    let fixture = Fixture::with(&[("timeout", "1")]);
    let waits: [&[&str]; 6] = [
        &["SUBSCRIBE", "c"],
        &["PSUBSCRIBE", "c*"],
        &["SSUBSCRIBE", "c"],
        &["MONITOR"],
        &["BLPOP", "q", "0"],
        // Held back by the pause below.
        &["SET", "k", "v"],
    ];
    let mut busy = fixture.connect();
    let mut listeners = waits.map(|words| (fixture.connect(), words));
    busy.call(&["CLIENT", "PAUSE", "100000", "WRITE"], "+OK\r\n");
    for (wire, words) in &mut listeners {
        wire.command(words);
    }
    let mut silent = fixture.connect();
    silent.call(&["PING"], "+PONG\r\n");
    for _ in 0..12 {
        busy.call(&["PING"], "+PONG\r\n");
        std::thread::sleep(Duration::from_millis(250));
    }
    silent.expect_end();
    let clients = busy.text(&["CLIENT", "LIST"]);
    assert_eq!(clients.lines().filter(|line| line.starts_with("id=")).count(), 7, "{clients}");
    busy.call(&["CLIENT", "UNPAUSE"], "+OK\r\n");
    listeners[5].0.expect("+OK\r\n");
}

#[test]
fn an_idle_client_holds_no_buffer() {
    let fixture = Fixture::with(&[("hz", "100")]);
    let mut wire = fixture.connect();
    let mut other = fixture.connect();
    wire.call(&["CLIENT", "SETNAME", "it"], "+OK\r\n");
    assert_eq!(query_buffer(&mut other), 0);
    wire.send("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5000000\r\nx");
    assert!(eventually(|| query_buffer(&mut other) > 0));
    wire.send("x");
    assert!(
        eventually(|| query_buffer(&mut other) >= 1_000_000),
        "room is made as the value comes"
    );
    assert!(query_buffer(&mut other) < 5_000_000, "but not for all that was announced");
    assert!(eventually(|| query_buffer(&mut other) < 100), "and given back in silence");
    wire.send(format!("{}\r\n", "x".repeat(4_999_998)));
    wire.expect("+OK\r\n");
    assert!(eventually(|| query_buffer(&mut other) == 0));
}

#[test]
fn protected_mode_turns_others_away() {
    // An address of this machine that is not the loopback, if it has one.
    let probe = std::net::UdpSocket::bind("0.0.0.0:0").expect("a socket");
    if probe.connect("192.0.2.1:9").is_err() {
        return;
    }
    let address = probe.local_addr().expect("an address").ip();
    if address.is_loopback() || address.is_unspecified() {
        return;
    }
    let engine = danio::Engine::open(danio::Config::new()).expect("an engine");
    let Ok(server) = danio::network::Server::bind(&engine, (address, 0)) else { return };
    let port = server.local_addrs()[0].port();
    let mut stream = std::net::TcpStream::connect((address, port)).expect("a connection");
    let mut text = String::new();
    std::io::Read::read_to_string(&mut stream, &mut text).expect("a refusal");
    assert!(text.starts_with("-DENIED Redis is running in protected mode because"), "{text}");
    assert!(text.ends_with("to start accepting connections from the outside.\r\n"), "{text}");
}

/// The query buffer of the client called `it`.
fn query_buffer(wire: &mut Wire) -> usize {
    let list = wire.text(&["CLIENT", "LIST"]);
    let line = list.lines().find(|line| line.contains(" name=it ")).expect("it is listed");
    let field = |name: &str| -> usize {
        let value = line.split(' ').find_map(|field| field.strip_prefix(name));
        value.and_then(|value| value.parse().ok()).expect("a number")
    };
    field("qbuf=") + field("qbuf-free=")
}

fn eventually(mut check: impl FnMut() -> bool) -> bool {
    (0..500).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        check()
    })
}
