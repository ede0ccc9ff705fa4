//! What clients send and what comes back: framing, pipelines, errors, large values.

#![cfg(feature = "network")]

#[path = "support/wire.rs"]
mod wire;

use std::time::Duration;

use wire::Fixture;

#[test]
fn a_pipeline_is_answered_in_order() {
    let fixture = Fixture::new();
    let mut wire = fixture.connect();
    let mut sent = String::new();
    let mut expected = String::new();
    for i in 0..5000 {
        sent.push_str(&format!("*3\r\n$3\r\nSET\r\n$4\r\n{i:04}\r\n$1\r\nv\r\nGET {i:04}\r\n"));
        expected.push_str("+OK\r\n$1\r\nv\r\n");
    }
    wire.send(sent);
    wire.expect(expected);
    assert_eq!(fixture.engine.db(0).expect("a database").len(), 5000);
}

#[test]
fn every_byte_may_come_alone() {
    let fixture = Fixture::new();
    let mut wire = fixture.connect();
    let message = b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nv\r\n\x00v\r\nGET k\r\nECHO \"a b\"\r\n";
    for byte in message {
        wire.send([*byte]);
        std::thread::sleep(Duration::from_micros(300));
    }
    wire.expect(b"+OK\r\n$5\r\nv\r\n\x00v\r\n$3\r\na b\r\n");
    for cut in 1..message.len() {
        wire.send(&message[..cut]);
        std::thread::sleep(Duration::from_micros(300));
        wire.send(&message[cut..]);
        wire.expect(b"+OK\r\n$5\r\nv\r\n\x00v\r\n$3\r\na b\r\n");
    }
}

#[test]
fn a_breach_is_answered_and_ends_the_connection() {
    let fixture = Fixture::new();
    for (sent, reply) in [
        (
            "*1\r\n$4\r\nPING\r\n*3000000000\r\nPING\r\n",
            "+PONG\r\n-ERR Protocol error: invalid multibulk length\r\n",
        ),
        ("*1\r\nfoo\r\n", "-ERR Protocol error: expected '$', got 'f'\r\n"),
        ("*1\r\n$-10\r\n", "-ERR Protocol error: invalid bulk length\r\n"),
        (
            "PING\nset \"\"\"a\"\"\" b\r\nPING\r\n",
            "+PONG\r\n-ERR Protocol error: unbalanced quotes in request\r\n",
        ),
    ] {
        let mut wire = fixture.connect();
        wire.send(sent);
        wire.expect(reply);
        wire.expect_end();
    }
}

#[test]
fn quitting_leaves_the_rest_undone() {
    let fixture = Fixture::new();
    let mut wire = fixture.connect();
    wire.send("SET a 1\r\nQUIT\r\nSET b 2\r\n");
    wire.expect("+OK\r\n+OK\r\n");
    wire.expect_end();
    let db = fixture.engine.db(0).expect("a database");
    assert!(db.exists("a") && !db.exists("b"));
}

#[test]
fn large_values_go_both_ways() {
    const SIZE: usize = 64 << 20;
    let fixture = Fixture::new();
    let mut wire = fixture.connect();
    let value: Vec<u8> = (0..SIZE).map(|i| ((i * 31) >> 8) as u8).collect();
    wire.send(format!("*3\r\n$3\r\nSET\r\n$3\r\nbig\r\n${SIZE}\r\n"));
    wire.send(&value);
    wire.send("\r\nSTRLEN big\r\n");
    wire.expect(format!("+OK\r\n:{SIZE}\r\n"));
    // The reply fills the socket's buffers: the rest waits until it is read.
    wire.send("GET big\r\nPING\r\nGET big\r\nPING\r\n");
    for _ in 0..2 {
        wire.expect(format!("${SIZE}\r\n"));
        wire.expect(&value);
        wire.expect("\r\n+PONG\r\n");
    }
}

#[test]
fn a_client_that_only_writes_does_not_stand_still() {
    let fixture = Fixture::new();
    let mut wire = fixture.connect();
    let value = "v".repeat(1 << 20);
    wire.call(&["SET", "k", &value], "+OK\r\n");
    // Far more replies than sockets hold, before the first is read.
    for _ in 0..200 {
        wire.send("GET k\r\n".repeat(2));
    }
    for _ in 0..400 {
        wire.expect(format!("${}\r\n{value}\r\n", value.len()));
    }
}

#[test]
fn many_words_make_one_command() {
    let fixture = Fixture::new();
    let mut wire = fixture.connect();
    let mut sent = "*200001\r\n$4\r\nMSET\r\n".to_string();
    for i in 0..100_000 {
        sent.push_str(&format!("$6\r\n{i:06}\r\n$1\r\nv\r\n"));
    }
    wire.send(sent);
    wire.expect("+OK\r\n");
    wire.call(&["DBSIZE"], ":100000\r\n");
}

#[test]
fn protocol_versions_are_per_connection() {
    let fixture = Fixture::new();
    let (mut old, mut new) = (fixture.connect(), fixture.connect());
    new.command(&["HELLO", "3"]);
    assert!(new.line().starts_with('%'));
    while new.line() != "modules" {}
    new.expect("*0\r\n");
    new.call(&["GET", "none"], "_\r\n");
    old.call(&["GET", "none"], "$-1\r\n");
    // Both in one batch: the version changes between replies.
    old.send("GET none\r\nHELLO 3\r\nGET none\r\n");
    old.expect("$-1\r\n%");
    while old.line() != "modules" {}
    old.expect("*0\r\n_\r\n");
}

#[cfg(unix)]
#[test]
fn a_unix_socket_serves_too() {
    use std::io::{Read, Write};
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::net::UnixStream;

    let path = std::env::temp_dir().join(format!("danio-test-{}.sock", std::process::id()));
    let engine = danio::Engine::open(danio::Config::new()).expect("an engine");
    let options = danio::network::ServerOptions::new().unix(&path, 0o700).workers(1);
    let server = options.clone().serve(&engine).expect("a server");
    let mode = std::fs::metadata(&path).expect("a socket").permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    let mut stream = UnixStream::connect(&path).expect("a connection");
    stream.write_all(b"SET k v\r\nCLIENT INFO\r\n").expect("the server takes it");
    let mut reply = vec![0; 400];
    let mut read = 0;
    while !reply[..read].ends_with(b"\r\n") || read < 10 {
        read += stream.read(&mut reply[read..]).expect("a reply");
    }
    let reply = String::from_utf8_lossy(&reply[..read]).into_owned();
    assert!(reply.starts_with("+OK\r\n$"), "{reply}");
    assert!(
        reply.contains(&format!(" addr={}:0 ", path.display())) && reply.contains(" flags=U "),
        "{reply}"
    );
    server.shutdown();
    assert!(!path.exists());
    // A socket that a crash left behind is replaced.
    drop(std::os::unix::net::UnixListener::bind(&path).expect("a socket"));
    drop(options.serve(&engine).expect("a server"));
}

/// A key or value beyond the limit is refused by its length, before a byte of it comes; what would grow beyond it, by
/// the command.
#[test]
fn what_is_too_long_is_refused_by_its_length() {
    let breach = "-ERR Protocol error: invalid bulk length\r\n";
    let long = "-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n";
    for limit in [1 << 20, danio::MAX_STRING] {
        let fixture = Fixture::of(danio::Config::new().max_string(limit), &[]);
        for before in ["*3\r\n$3\r\nSET\r\n", "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n"] {
            let mut wire = fixture.connect();
            wire.send(format!("{before}${}\r\n", limit + 1));
            wire.expect(breach);
            wire.expect_end();
        }
        let mut wire = fixture.connect();
        wire.call(&["SETRANGE", "k", &limit.to_string(), "x"], long);
        wire.call(&["EXISTS", "k"], ":0\r\n");
    }
    let fixture = Fixture::of(danio::Config::new().max_string(1 << 20), &[]);
    let mut wire = fixture.connect();
    wire.call(&["SET", "k", &"v".repeat(1 << 20)], "+OK\r\n");
    wire.call(&["APPEND", "k", "x"], long);
    wire.call(&["STRLEN", "k"], ":1048576\r\n");
}
