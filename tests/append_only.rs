//! `danio-server` with an append-only file: killed at any moment, and the other way round with Redis.
//!
//! `DANIO_KILLS` says how many rounds of killing there are; a few unless it is set.

#![cfg(all(feature = "server", unix))]
#![allow(clippy::disallowed_methods, reason = "the tests wait on real processes")]
#![allow(clippy::unwrap_used, reason = "a test says by failing what is wrong")]

#[path = "support/folder.rs"]
mod folder;
#[path = "support/server.rs"]
mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant};

use folder::Folder;
use support::{Kind, Server};

/// Starts a server that keeps an append-only file in a folder, or says on stderr that it is skipped.
fn start(kind: Kind, folder: &Path, fsync: &str) -> Option<Server> {
    let dir = folder.to_str().unwrap();
    kind.start_with(&["--dir", dir, "--appendonly", "yes", "--appendfsync", fsync])
}

struct Client(BufReader<TcpStream>);

impl Client {
    fn new(server: &Server) -> Client {
        let stream = TcpStream::connect(server.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        Client(BufReader::new(stream))
    }

    /// The answer's first line, and behind a length the bytes.
    fn try_call(&mut self, words: &[&str]) -> std::io::Result<String> {
        let mut bytes = format!("*{}\r\n", words.len());
        words.iter().for_each(|word| bytes += &format!("${}\r\n{word}\r\n", word.len()));
        self.0.get_mut().write_all(bytes.as_bytes())?;
        self.answer()
    }

    /// An answer's next line, and behind a length the bytes.
    fn answer(&mut self) -> std::io::Result<String> {
        let mut line = String::new();
        if self.0.read_line(&mut line)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let line = line.trim_end().to_owned();
        let Some(length) = line.strip_prefix('$') else { return Ok(line) };
        let Ok(length) = length.parse::<usize>() else { return Ok(line) };
        let mut text = vec![0; length + 2];
        self.0.read_exact(&mut text)?;
        Ok(String::from_utf8_lossy(&text[..length]).into_owned())
    }

    /// The whole answer, as it comes, with a line for each part.
    fn whole(&mut self, line: &str) -> String {
        let mut answer = self.call(line);
        let (mut shown, mut left) = (answer.clone(), 0_usize);
        loop {
            if let Some(count) = answer.strip_prefix('*') {
                left += count.parse().unwrap_or(0);
            }
            if left == 0 {
                return shown;
            }
            left -= 1;
            answer = self.answer().unwrap();
            shown += &format!("\n{answer}");
        }
    }

    fn call(&mut self, line: &str) -> String {
        self.try_call(&line.split(' ').collect::<Vec<_>>()).unwrap()
    }
}

#[test]
fn what_was_answered_is_there_after_a_kill() {
    let rounds = std::env::var("DANIO_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(4_u64);
    for fsync in ["always", "everysec"] {
        let folder = Folder::new(&format!("aof-{fsync}"));
        let acknowledged: Arc<[AtomicU64; 4]> = Arc::default();
        // What has to be there: under `everysec` all but the last second's, as writes are held back while a sync runs.
        let mut due = [0; 4];
        for round in 0..rounds {
            let server = start(Kind::Danio, &folder, fsync).unwrap();
            let mut client = Client::new(&server);
            for (writer, acknowledged) in acknowledged.iter().enumerate() {
                let least = due[writer];
                let [a, b] = ["a", "b"].map(|name| client.call(&format!("GET {name}{writer}")));
                let value = a.parse().unwrap_or(0_u64);
                assert_eq!(a, b, "{fsync}, round {round}: half a transaction");
                assert!(value >= least, "{fsync}, round {round}: {value} of {least} acknowledged");
                acknowledged.store(value, SeqCst);
            }
            let writers: Vec<_> = (0..4)
                .map(|writer| {
                    let (acknowledged, mut client) = (acknowledged.clone(), Client::new(&server));
                    std::thread::spawn(move || {
                        let mut n = acknowledged[writer].load(SeqCst);
                        loop {
                            n += 1;
                            for line in [
                                "MULTI".to_owned(),
                                format!("SET a{writer} {n}"),
                                format!("SET b{writer} {n}"),
                                "EXEC".to_owned(),
                            ] {
                                let words: Vec<&str> = line.split(' ').collect();
                                let Ok(answer) = client.try_call(&words) else { return };
                                if answer == "*2" {
                                    // The two answers that EXEC's consists of.
                                    for _ in 0..2 {
                                        if client.0.read_line(&mut String::new()).is_err() {
                                            return;
                                        }
                                    }
                                    acknowledged[writer].store(n, SeqCst);
                                }
                            }
                        }
                    })
                })
                .collect();
            std::thread::sleep(Duration::from_millis(60 + round * 37 % 140));
            if round % 3 == 1 {
                client.call("BGREWRITEAOF");
                std::thread::sleep(Duration::from_millis(round % 20));
            }
            let acknowledged_now = || [0, 1, 2, 3].map(|i| acknowledged[i].load(SeqCst));
            due = acknowledged_now();
            if fsync == "everysec" {
                std::thread::sleep(Duration::from_secs(1));
            }
            drop(server); // SIGKILL
            writers.into_iter().for_each(|writer| writer.join().unwrap());
            if fsync == "always" {
                due = acknowledged_now();
            }
        }
        assert!(acknowledged.iter().all(|n| n.load(SeqCst) > 0));
    }
}

const LINES: &[&str] = &[
    "SET k v",
    "RPUSH list a b c d",
    "SADD set x y z",
    "SADD ints 1 2 3",
    "HSET hash f v g w",
    "ZADD zset 1.5 m 2 n",
    "SET short v EX 10000",
    "INCRBY n 41",
    "LPOP list",
    "ZINCRBY zset 1 m",
    "HDEL hash g",
    "APPEND k more",
    "XADD s 1-1 f v",
    "XADD s 2-1 f w",
    "XADD s 3-1 f w",
    "XDEL s 3-1",
    "XGROUP CREATE s g 0",
    "XREADGROUP GROUP g c COUNT 1 STREAMS s >",
    "XGROUP CREATE void g $ MKSTREAM",
    "XGROUP CREATECONSUMER void g c",
    "SETBIT bits 7 1",
    "GETSET k w",
];

/// What is told of all that there is.
fn told(client: &mut Client) -> Vec<String> {
    let mut told: Vec<String> = [
        "DEBUG DIGEST",
        "DBSIZE",
        "PEXPIRETIME short",
        "ZSCORE zset m",
        "LLEN list",
        "HGET hash f",
    ]
    .map(|line| client.call(line))
    .into();
    for line in ["XINFO STREAM s", "XINFO GROUPS s", "XPENDING s g", "XINFO GROUPS void"] {
        told.push(client.whole(line));
    }
    told
}

/// Has one server keep data and another read them, as they were written and rewritten in both forms of a base.
fn handed_over(name: &str, writes: Kind, reads: Kind, check: &Path, lines: &[&str]) {
    for base in ["no", "rdb", "commands"] {
        let folder = Folder::new(&format!("aof-{name}"));
        let server = start(writes, &folder, "always").unwrap();
        let mut client = Client::new(&server);
        for line in lines {
            let answer = client.whole(line);
            assert!(!answer.starts_with('-'), "{line}: {answer}");
        }
        for n in 0..200 {
            client.call(&format!("RPUSH biglist {n} {}", "x".repeat(100)));
            client.call(&format!("HSET bighash f{n} {}", "x".repeat(100)));
            client.call(&format!("ZADD bigzset {n}.5 m{n}"));
            client.call(&format!("SADD bigset m{n}"));
        }
        if base != "no" {
            let preamble = if base == "rdb" { "yes" } else { "no" };
            client.call(&format!("CONFIG SET aof-use-rdb-preamble {preamble}"));
            client.call("BGREWRITEAOF");
            let began = Instant::now();
            while client.call("INFO persistence").contains("aof_rewrite_in_progress:1") {
                assert!(began.elapsed() < Duration::from_secs(20), "the rewrite does not end");
                std::thread::sleep(Duration::from_millis(20));
            }
            client.call("INCR n");
        }
        let before = told(&mut client);
        drop(server);
        if check.exists() {
            let manifest = folder.join("appendonlydir/appendonly.aof.manifest");
            let checked = Command::new(check).arg(manifest).output().unwrap();
            let said = String::from_utf8_lossy(&checked.stdout).into_owned();
            assert!(said.contains("All AOF files and manifest are valid"), "{said}");
        }
        let server = start(reads, &folder, "always").unwrap();
        assert_eq!(told(&mut Client::new(&server)), before, "{name}, base {base}");
        drop(server);
    }
}

/// Both ways with one other server, if there is that.
fn both_ways(name: &str, peer: Kind, check: &str, lines: &[&str]) {
    let Some(program) = peer.program_or_skip() else { return };
    let check = program.with_file_name(check);
    handed_over(&format!("to-{name}"), Kind::Danio, peer, &check, lines);
    handed_over(&format!("from-{name}"), peer, Kind::Danio, &check, lines);
}

#[test]
fn redis_reads_what_danio_keeps_and_danio_what_redis_keeps() {
    both_ways("redis", Kind::Redis, "redis-check-aof", LINES);
}

#[test]
fn valkey_reads_what_danio_keeps_and_danio_what_valkey_keeps() {
    let timed: Vec<&str> = LINES
        .iter()
        .copied()
        .chain(["HSET timed f v g w h x", "HPEXPIREAT timed 99999999999999 FIELDS 2 f h"])
        .collect();
    both_ways("valkey", Kind::Valkey, "valkey-check-aof", LINES);
    both_ways("valkey-timed", Kind::Valkey, "valkey-check-aof", &timed);
}

#[test]
fn a_second_process_is_refused_and_the_next_one_after_a_kill_is_not() {
    let folder = Folder::new("aof-alone");
    let first = start(Kind::Danio, &folder, "always").unwrap();
    let mut client = Client::new(&first);
    assert_eq!(client.call("SET k v"), "+OK");

    let dir = folder.to_str().unwrap();
    let second = Command::new(env!("CARGO_BIN_EXE_danio-server"))
        .args(["--port", "0", "--unixsocket", folder.join("socket").to_str().unwrap()])
        .args(["--save", "", "--dir", dir, "--appendonly", "yes"])
        .output()
        .unwrap();
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8_lossy(&[second.stdout, second.stderr].concat()).into_owned();
    let place = folder.join("appendonlydir");
    let words = format!("the append-only file in {} is in use by another engine", place.display());
    assert!(said.contains(&words), "{said}");

    let here = danio::Config::new().dir(&*folder).append_only(true);
    let here = danio::Engine::open(here).unwrap_err().to_string();
    assert!(here.contains(&words), "{here}");
    assert_eq!(client.call("SET k w"), "+OK");

    drop((client, first)); // it is killed
    let next = start(Kind::Danio, &folder, "always").unwrap();
    assert_eq!(Client::new(&next).call("GET k"), "w");
    drop(next);
}
