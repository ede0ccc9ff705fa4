//! WAIT and WAITAOF over a socket: who waits, for how long, and what ends it. What they answer is what Redis 7.0 (WAIT) and
//! Valkey 9.1 (both) without replicas answer; `tests/oracle` compares their words.

#![cfg(all(feature = "network", feature = "aof"))]
#![allow(clippy::disallowed_methods, reason = "the tests measure real time")]

#[path = "support/wire.rs"]
mod wire;

use std::time::{Duration, Instant};

use danio::{AppendFsync, Config};
use wire::{Fixture, Wire};

const NO_FILE: &str =
    "-ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.\r\n";
const UNBLOCKED: &str = "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n";
const THERE: &str = "*2\r\n:1\r\n:0\r\n";
const NOT_THERE: &str = "*2\r\n:0\r\n:0\r\n";

/// A server with a folder of its own, which is removed at the end.
struct Kept {
    fixture: Fixture,
    folder: std::path::PathBuf,
}

impl Kept {
    fn new(name: &str, fsync: AppendFsync) -> Kept {
        let name = format!("danio-network-waits-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).expect("a folder");
        let config = Config::new().dir(&folder).append_only(true).append_fsync(fsync);
        Kept { fixture: Fixture::of(config, &[]), folder }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn id(wire: &mut Wire) -> String {
    wire.command(&["CLIENT", "ID"]);
    wire.line()[1..].to_owned()
}

/// Waits until a number of connections wait.
fn until_blocked(fixture: &Fixture, count: usize) {
    let mut wire = fixture.connect();
    let line = format!("blocked_clients:{count}\r\n");
    let began = Instant::now();
    while !wire.text(&["INFO", "clients"]).contains(&line) {
        assert!(began.elapsed() < Duration::from_secs(20), "nobody waits");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn nobody_waits_for_no_replica() {
    let fixture = Fixture::new();
    let mut wire = fixture.connect();
    wire.send("SET k v\r\nWAIT 0 0\r\nWAIT -1 0\r\nWAITAOF 0 0 0\r\nPING\r\n");
    wire.expect(format!("+OK\r\n:0\r\n:0\r\n{NOT_THERE}+PONG\r\n"));
    for (line, answer) in [
        ("WAIT x 0", "-ERR value is not an integer or out of range\r\n"),
        ("WAIT 0 x", "-ERR timeout is not an integer or out of range\r\n"),
        ("WAIT 0 -1", "-ERR timeout is negative\r\n"),
        ("WAIT 0 9223372036854775807", "-ERR timeout is out of range\r\n"),
        ("WAIT 0", "-ERR wrong number of arguments for 'wait' command\r\n"),
        ("WAITAOF 2 -1 x", "-ERR value is out of range, value must between 0 and 1\r\n"),
        ("WAITAOF x -1 x", "-ERR value is not an integer or out of range\r\n"),
        ("WAITAOF 1 -1 x", "-ERR value is out of range, must be positive\r\n"),
        ("WAITAOF 1 x 0", "-ERR value is out of range, must be positive\r\n"),
        ("WAITAOF 1 0 x", "-ERR timeout is not an integer or out of range\r\n"),
        ("WAITAOF 1 0 -1", "-ERR timeout is negative\r\n"),
        ("WAITAOF 1 0 0", NO_FILE),
        ("WAITAOF 1 1 0", NO_FILE),
        ("WAITAOF 0 0 0 0", "-ERR wrong number of arguments for 'waitaof' command\r\n"),
    ] {
        wire.call(&line.split(' ').collect::<Vec<_>>(), answer);
    }
}

#[test]
fn a_wait_for_replicas_ends_with_its_time() {
    let fixture = Fixture::new();
    let mut wire = fixture.connect();
    for (line, answer) in [("WAIT 1 50", ":0\r\n"), ("WAITAOF 0 1 50", NOT_THERE)] {
        let began = Instant::now();
        wire.send(format!("{line}\r\nPING\r\n"));
        wire.expect(format!("{answer}+PONG\r\n"));
        let took = began.elapsed();
        assert!(took >= Duration::from_millis(50) && took < Duration::from_secs(10), "{took:?}");
    }
    // Time goes on while clients are paused.
    fixture.connect().call(&["CLIENT", "PAUSE", "100000", "WRITE"], "+OK\r\n");
    wire.call(&["WAIT", "1", "5"], ":0\r\n");
    wire.send("CLIENT REPLY SKIP\r\nWAIT 1 5\r\nPING\r\n");
    wire.expect("+PONG\r\n");
    wire.send(
        "CLIENT REPLY OFF\r\nWAIT 1 5\r\nWAITAOF 0 1 5\r\nWAITAOF 1 0 0\r\nCLIENT REPLY ON\r\n",
    );
    wire.expect("+OK\r\n");
}

#[test]
fn others_end_it() {
    let fixture = Fixture::new();
    let (mut waits, mut other) = (fixture.connect(), fixture.connect());
    let id = id(&mut waits);
    for (line, answer) in [("WAIT 1 0", ":0\r\n"), ("WAITAOF 0 1 0", NOT_THERE)] {
        waits.send(format!("{line}\r\n"));
        until_blocked(&fixture, 1);
        let list = other.text(&["CLIENT", "LIST", "ID", &id]);
        let name = line.split(' ').next().unwrap_or_default().to_lowercase();
        assert!(list.contains(" flags=b ") && list.contains(&format!(" cmd={name} ")), "{list}");
        other.call(&["CLIENT", "UNBLOCK", &id], ":1\r\n");
        waits.expect(answer);
        waits.send(format!("{line}\r\n"));
        until_blocked(&fixture, 1);
        other.call(&["CLIENT", "UNBLOCK", &id, "ERROR"], ":1\r\n");
        waits.expect(UNBLOCKED);
        other.call(&["CLIENT", "UNBLOCK", &id], ":0\r\n");
    }
    waits.send("WAIT 1 0\r\nPING\r\n");
    until_blocked(&fixture, 1);
    other.call(&["CLIENT", "KILL", "ID", &id], ":1\r\n");
    waits.expect_end();
    until_blocked(&fixture, 0);
}

#[test]
fn a_transaction_waits_for_nothing() {
    let kept = Kept::new("multi", AppendFsync::No);
    let mut wire = kept.fixture.connect();
    let queued = "+OK\r\n+QUEUED\r\n+QUEUED\r\n";
    wire.send("MULTI\r\nSET k v\r\nWAIT 1 0\r\nEXEC\r\n");
    wire.expect(format!("{queued}*2\r\n+OK\r\n:0\r\n"));
    wire.send("MULTI\r\nWAITAOF 0 1 0\r\nWAITAOF 1 0 0\r\nEXEC\r\n");
    wire.expect(format!("{queued}*2\r\n{NOT_THERE}{NOT_THERE}"));
    wire.call(&["CONFIG", "SET", "appendonly", "no"], "+OK\r\n");
    wire.send("MULTI\r\nWAITAOF 0 1 0\r\nWAITAOF 1 0 0\r\nEXEC\r\n");
    wire.expect(format!("{queued}*2\r\n{NOT_THERE}{NO_FILE}"));
    wire.send("MULTI\r\nWAIT x\r\n");
    wire.expect("+OK\r\n-ERR wrong number of arguments for 'wait' command\r\n");
}

#[test]
fn every_second_there_is_a_sync_to_wait_for() {
    let kept = Kept::new("everysec", AppendFsync::EverySec);
    let mut wire = kept.fixture.connect();
    wire.call(&["WAITAOF", "1", "0", "0"], THERE);
    wire.send("SET k v\r\nWAITAOF 1 0 0\r\nPING\r\n");
    wire.expect(format!("+OK\r\n{THERE}+PONG\r\n"));
    let began = Instant::now();
    wire.send("SET k v\r\nWAITAOF 0 0 0\r\nWAITAOF 1 0 1\r\n");
    wire.expect(format!("+OK\r\n{NOT_THERE}{NOT_THERE}"));
    assert!(began.elapsed() < Duration::from_millis(900), "a sync came in between");
    // Who wrote nothing has nothing to wait for.
    kept.fixture.connect().call(&["WAITAOF", "1", "0", "0"], THERE);
    wire.call(&["WAITAOF", "1", "0", "0"], THERE);
    // There is no replica; what is here is told all the same.
    wire.send("SET k v\r\nWAITAOF 1 1 2000\r\n");
    wire.expect(format!("+OK\r\n{THERE}"));
}

#[test]
fn what_is_answered_under_always_is_there() {
    let kept = Kept::new("always", AppendFsync::Always);
    let mut wire = kept.fixture.connect();
    for _ in 0..20 {
        wire.send("SET k v\r\nWAITAOF 1 0 0\r\nPING\r\n");
        wire.expect(format!("+OK\r\n{THERE}+PONG\r\n"));
        wire.call(&["WAITAOF", "0", "0", "0"], THERE);
    }
}

#[test]
fn without_syncs_it_lasts_until_the_file_is_turned_off() {
    let kept = Kept::new("no", AppendFsync::No);
    let (mut waits, mut other) = (kept.fixture.connect(), kept.fixture.connect());
    waits.call(&["SET", "k", "v"], "+OK\r\n");
    waits.call(&["WAITAOF", "1", "0", "50"], NOT_THERE);
    waits.send("WAITAOF 1 0 0\r\nPING\r\n");
    let mut both = kept.fixture.connect();
    both.send("WAITAOF 1 1 0\r\n");
    let mut replicas = kept.fixture.connect();
    replicas.send("WAITAOF 0 1 0\r\n");
    until_blocked(&kept.fixture, 3);
    other.call(&["CONFIG", "SET", "appendonly", "no"], "+OK\r\n");
    waits.expect(format!("{NO_FILE}+PONG\r\n"));
    both.expect(NO_FILE);
    until_blocked(&kept.fixture, 1);
    assert!(replicas.is_quiet(Duration::from_millis(20)));
    // The new file's base has it all.
    other.call(&["CONFIG", "SET", "appendonly", "yes"], "+OK\r\n");
    waits.call(&["WAITAOF", "1", "0", "0"], THERE);
}
