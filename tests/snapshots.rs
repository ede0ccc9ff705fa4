//! Snapshots: what goes out comes back, is of one moment, and is what Redis and Valkey load.

#![cfg(feature = "snapshot")]
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test says by failing what is wrong, and waits on real processes"
)]

#[path = "support/server.rs"]
mod support;

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use danio::command::{Instance, Session, Value};
use danio::{Config, Engine, Error, ExportOptions, ManualClock, RdbVersion};
use support::Kind;

fn engine() -> Engine {
    let engine = Engine::open(Config::new().seed(1)).unwrap();
    Instance::of(&engine).parameters.load(b"enable-debug-command", &[b"yes"]).unwrap();
    engine
}

fn run(session: &mut Session, line: &str) -> Value {
    session.execute(line.split(' ')).unwrap_or_else(|error| panic!("{line}: {error}"))
}

/// A value of each type and encoding, in two databases.
const EVERYTHING: &[&str] = &[
    "SET int 12345",
    "SET large 123456789012345",
    "SET short hello",
    "SET expires soon PX 100000000",
    "RPUSH list a b 300 -5",
    "SADD ints 1 2 70000",
    "SADD words a 7 b",
    "HSET hash a 1 b xx",
    "ZADD zset 1 a 2.5 b -inf c",
    "XADD stream 1-1 a 1 b 2",
    "XADD stream 1-2 a 1 b 3",
    "XADD stream 2-1 c x",
    "XADD stream 3-1 c x",
    "XDEL stream 1-2",
    "XGROUP CREATE stream g 0",
    "XREADGROUP GROUP g me COUNT 2 STREAMS stream >",
    "XGROUP CREATECONSUMER stream g idle",
    "XGROUP CREATE stream late $",
    "XADD emptied 5-5 a b",
    "XDEL emptied 5-5",
    "PFADD hll a b c d",
    "SELECT 9",
    "SET other database",
];

/// Big collections, and what compresses.
fn fill(session: &mut Session) {
    EVERYTHING.iter().for_each(|line| drop(run(session, line)));
    run(session, "SELECT 0");
    for i in 0..1200 {
        run(session, &format!("RPUSH biglist element:{i}"));
        run(session, &format!("SADD bigset member:{i}"));
        run(session, &format!("SADD bigints {i}"));
        run(session, &format!("HSET bighash field:{i} {i}"));
        run(session, &format!("ZADD bigzset {i}.25 member:{i}"));
        run(session, &format!("XADD bigstream {i}-1 n {i} text something"));
    }
    run(session, &format!("SET text {}", "again and again".replace(' ', "_").repeat(500)));
    run(session, &format!("RPUSH plain {} small {}", "x".repeat(20_000), "y".repeat(9000)));
}

fn digest(session: &mut Session) -> String {
    format!("{:?}", run(session, "DEBUG DIGEST"))
}

#[test]
fn what_goes_out_comes_back() {
    let engine = engine();
    let mut session = Session::new(&engine);
    fill(&mut session);
    run(&mut session, "HSET timed a 1 b 2");
    run(&mut session, "HEXPIRE timed 100000 FIELDS 1 a");
    let plain = ExportOptions::new();
    let versions = [RdbVersion::Redis7_4, RdbVersion::Valkey9].map(|v| plain.clone().version(v));
    for options in
        [plain.clone(), plain.compress(false).checksum(false)].into_iter().chain(versions)
    {
        let mut file = Vec::new();
        let exported = engine.export_with(&mut file, options).unwrap();
        assert_eq!(exported.bytes, file.len() as u64);
        let other = self::engine();
        other.db(3).unwrap().set("gone", "afterwards").unwrap();
        let imported = other.import(&file[..]).unwrap();
        assert_eq!((imported.keys, imported.bytes), (exported.keys, exported.bytes));
        assert!(other.db(3).unwrap().is_empty());
        let mut theirs = Session::new(&other);
        assert_eq!(digest(&mut theirs), digest(&mut session));
        for key in ["stream", "emptied", "timed", "words", "biglist", "plain", "zset", "bigzset"] {
            let line = format!("OBJECT ENCODING {key}");
            assert_eq!(run(&mut theirs, &line), run(&mut session, &line), "{key}");
        }
        assert_eq!(
            run(&mut theirs, "XINFO STREAM emptied"),
            run(&mut session, "XINFO STREAM emptied")
        );
        let ttl = "HEXPIRETIME timed FIELDS 2 a b";
        assert_eq!(run(&mut theirs, ttl), run(&mut session, ttl));
    }
    let refused = ExportOptions::new().version(RdbVersion::Redis7_2);
    assert!(matches!(engine.export_with(Vec::new(), refused), Err(Error::Config(_))));
    // After a failure the next one is whole again.
    let mut file = Vec::new();
    let exported = engine.export(&mut file).unwrap();
    assert_eq!(self::engine().import(&file[..]).unwrap().keys, exported.keys);
}

#[test]
fn damage_is_refused_and_changes_nothing() {
    let engine = engine();
    fill(&mut Session::new(&engine));
    let mut file = Vec::new();
    engine.export(&mut file).unwrap();
    let other = self::engine();
    other.db(0).unwrap().set("k", "v").unwrap();
    for cut in (0..file.len()).step_by(97) {
        let refused = other.import(&file[..cut]).unwrap_err();
        assert!(matches!(refused, Error::Snapshot { .. }), "{cut}: {refused}");
    }
    for at in (9..file.len()).step_by(53) {
        let mut damaged = file.clone();
        damaged[at] ^= 0x10;
        assert!(other.import(&damaged[..]).is_err(), "{at}");
    }
    assert_eq!(other.db(0).unwrap().len(), 1);
    let mut newer = file.clone();
    newer[5..9].copy_from_slice(b"0079");
    assert!(other.import(&newer[..]).unwrap_err().to_string().contains("version 79"));
    let few = Engine::open(Config::new().databases(2)).unwrap();
    assert!(few.import(&file[..]).unwrap_err().to_string().contains("database 9"));
}

#[test]
fn keys_past_their_time_are_left_out() {
    let clock = ManualClock::new();
    let engine = Engine::open(Config::new().clock(clock.clone())).unwrap();
    let mut session = Session::new(&engine);
    run(&mut session, "SET a x PX 1000");
    run(&mut session, "SET b x PX 9000");
    let mut file = Vec::new();
    assert_eq!(engine.export(&mut file).unwrap().keys, 2);
    clock.advance(std::time::Duration::from_secs(2));
    let imported = engine.import(&file[..]).unwrap();
    assert_eq!((imported.keys, imported.expired), (1, 1));
    assert_eq!(run(&mut session, "PTTL b"), Value::Int(7000));
}

/// What every snapshot must show, whatever goes on: money that only changes hands, elements that only
/// change lists, and two keys of different databases that say the same.
fn is_consistent(file: &[u8], accounts: usize) {
    let engine = engine();
    engine.import(file).unwrap();
    let mut session = Session::new(&engine);
    let mut sum = 0;
    for i in 0..accounts {
        match run(&mut session, &format!("GET account:{i}")) {
            Value::Bulk(text) => sum += std::str::from_utf8(&text).unwrap().parse::<i64>().unwrap(),
            other => panic!("account:{i}: {other:?}"),
        }
    }
    assert_eq!(sum, accounts as i64 * 1000);
    let (Value::Int(a), Value::Int(b)) =
        (run(&mut session, "LLEN left"), run(&mut session, "LLEN right"))
    else {
        panic!("lists");
    };
    assert_eq!(a + b, 500);
    let Value::Int(hash) = run(&mut session, "HLEN hash") else { panic!("a hash") };
    assert_eq!(run(&mut session, "SCARD set"), Value::Int(hash));
    // One of the databases 1 and 2 has the key "here"; and both have the same word under "pair".
    let mut here = 0;
    let mut pairs = Vec::new();
    for db in [1, 2] {
        run(&mut session, &format!("SELECT {db}"));
        here += usize::from(run(&mut session, "EXISTS here") == Value::Int(1));
        pairs.push(run(&mut session, "GET pair"));
    }
    assert_eq!(here, 1);
    assert_eq!(pairs[0], pairs[1]);
}

#[test]
fn a_snapshot_is_of_one_moment() {
    const ACCOUNTS: usize = 3000;
    let engine = Engine::open(Config::new().stripes(16)).unwrap();
    let mut session = Session::new(&engine);
    for i in 0..ACCOUNTS {
        run(&mut session, &format!("SET account:{i} 1000"));
    }
    for i in 0..500 {
        run(&mut session, &format!("RPUSH left element:{i}"));
    }
    run(&mut session, "HSET hash first 1");
    run(&mut session, "SADD set first");
    run(&mut session, "SELECT 1");
    run(&mut session, "MSET here yes pair 0");
    run(&mut session, "SELECT 2");
    run(&mut session, "SET pair 0");
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        for thread in 0..3_usize {
            let (engine, stop) = (&engine, &stop);
            scope.spawn(move || {
                let mut session = Session::new(engine);
                let mut dice = 0x9E37_79B9_u64.wrapping_mul(thread as u64 + 1);
                let mut below = |n: usize| {
                    dice ^= dice << 13;
                    dice ^= dice >> 7;
                    dice ^= dice << 17;
                    (dice % n as u64) as usize
                };
                let mut n = 0_u64;
                while !stop.load(Ordering::Relaxed) {
                    n += 1;
                    match below(12) {
                        0 => {
                            run(&mut session, "LMOVE left right LEFT RIGHT");
                        }
                        1 => {
                            run(&mut session, "LMOVE right left LEFT RIGHT");
                        }
                        2 => {
                            run(&mut session, "MULTI");
                            run(&mut session, &format!("HSET hash {thread}:{n} 1"));
                            run(&mut session, &format!("SADD set {thread}:{n}"));
                            run(&mut session, "EXEC");
                        }
                        3 if thread == 0 => {
                            run(&mut session, "SWAPDB 1 2");
                        }
                        4 if thread == 0 => {
                            // In both databases at once, and back to 0.
                            for line in ["MULTI", "SELECT 1"] {
                                run(&mut session, line);
                            }
                            run(&mut session, &format!("SET pair {n}"));
                            run(&mut session, "SELECT 2");
                            run(&mut session, &format!("SET pair {n}"));
                            run(&mut session, "SELECT 0");
                            run(&mut session, "EXEC");
                        }
                        5 => {
                            // Comes and goes, so that tables split and merge.
                            let (a, b) = (below(50_000), below(50_000));
                            run(&mut session, &format!("SET noise:{a} x"));
                            run(&mut session, &format!("DEL noise:{b}"));
                        }
                        6 => {
                            // The sum stays where the account is named otherwise for a moment.
                            let a = below(ACCOUNTS);
                            run(&mut session, "MULTI");
                            run(&mut session, &format!("RENAME account:{a} moved:{thread}"));
                            run(&mut session, &format!("RENAME moved:{thread} account:{a}"));
                            run(&mut session, "EXEC");
                        }
                        _ => {
                            let (a, b, sum) = (below(ACCOUNTS), below(ACCOUNTS), below(100));
                            run(&mut session, "MULTI");
                            run(&mut session, &format!("DECRBY account:{a} {sum}"));
                            run(&mut session, &format!("INCRBY account:{b} {sum}"));
                            run(&mut session, "EXEC");
                        }
                    }
                }
            });
        }
        let rounds = if cfg!(debug_assertions) { 12 } else { 60 };
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for _ in 0..rounds {
                let mut file = Vec::new();
                engine.export(&mut file).unwrap();
                is_consistent(&file, ACCOUNTS);
            }
        }));
        stop.store(true, Ordering::Relaxed);
        if let Err(panic) = result {
            std::panic::resume_unwind(panic);
        }
    });
}

/// One bulk string, integer or status as text.
fn ask(stream: &mut BufReader<TcpStream>, line: &str) -> String {
    stream.get_mut().write_all(format!("{line}\r\n").as_bytes()).unwrap();
    let mut reply = String::new();
    stream.read_line(&mut reply).unwrap();
    if let Some(len) = reply.strip_prefix('$').filter(|len| !len.starts_with('-')) {
        let mut bytes = vec![0; len.trim().parse::<usize>().unwrap() + 2];
        std::io::Read::read_exact(stream, &mut bytes).unwrap();
        return String::from_utf8_lossy(&bytes[..bytes.len() - 2]).into_owned();
    }
    reply.trim().to_owned()
}

/// What we export, a real server starts from; what it saves from there, we import.
fn both_ways(kind: Kind, options: ExportOptions, timed: bool) {
    let dir = std::env::temp_dir().join(format!("danio-snapshot-{kind:?}-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let engine = engine();
    let mut session = Session::new(&engine);
    fill(&mut session);
    if timed {
        run(&mut session, "HSET timed a 1 b 2");
        run(&mut session, "HEXPIRE timed 100000 FIELDS 1 a");
    }
    let file = std::fs::File::create(dir.join("dump.rdb")).unwrap();
    let exported = engine.export_with(file, options).unwrap();
    let dir_text = dir.to_str().unwrap();
    let options = ["--dir", dir_text, "--dbfilename", "dump.rdb", "--enable-debug-command", "yes"];
    if let Some(server) = kind.start_with(&options) {
        let mut stream = BufReader::new(TcpStream::connect(server.address()).unwrap());
        let ours = match run(&mut session, "DEBUG DIGEST") {
            Value::Status(text) => text.into_string(),
            other => format!("{other:?}"),
        };
        assert_eq!(ask(&mut stream, "DEBUG DIGEST").trim_start_matches('+'), ours);
        for key in ["stream", "bigstream"] {
            let line = format!("XLEN {key}");
            let Value::Int(len) = run(&mut session, &line) else { panic!("a length") };
            assert_eq!(ask(&mut stream, &line), format!(":{len}"));
        }
        assert_eq!(ask(&mut stream, "SAVE"), "+OK");
        let other = self::engine();
        let saved = std::fs::File::open(dir.join("dump.rdb")).unwrap();
        assert_eq!(other.import(saved).unwrap().keys, exported.keys);
        let mut theirs = Session::new(&other);
        assert_eq!(digest(&mut theirs), digest(&mut session));
        for line in ["XINFO STREAM emptied", "XINFO GROUPS stream", "XPENDING stream g"] {
            assert_eq!(run(&mut theirs, line), run(&mut session, line), "{line}");
        }
    }
    std::fs::remove_dir_all(&dir).unwrap();
}

/// What consumers gave back, which no older server knows, is a consumer's without a name there.
fn given_back(kind: Kind, version: RdbVersion) {
    let dir = std::env::temp_dir().join(format!("danio-given-{kind:?}-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let engine = engine();
    let mut session = Session::new(&engine);
    for line in [
        "XADD s 1-0 f v",
        "XADD s 2-0 f v",
        "XADD s 3-0 f v",
        "XGROUP CREATE s g 0",
        "XREADGROUP GROUP g ann STREAMS s >",
        "XNACK s g FATAL IDS 2 3-0 1-0",
    ] {
        run(&mut session, line);
    }
    let file = std::fs::File::create(dir.join("dump.rdb")).unwrap();
    engine.export_with(file, ExportOptions::new().version(version)).unwrap();
    let options = ["--dir", dir.to_str().unwrap(), "--dbfilename", "dump.rdb"];
    if let Some(server) = kind.start_with(&options) {
        let mut stream = BufReader::new(TcpStream::connect(server.address()).unwrap());
        assert_eq!(ask(&mut stream, "XGROUP DELCONSUMER s g ann"), ":1");
        assert_eq!(ask(&mut stream, "XCLAIM s g bob 999999999 3-0 RETRYCOUNT 1 JUSTID"), "*1");
        let mut claimed = String::new();
        stream.read_line(&mut claimed).unwrap();
        stream.read_line(&mut claimed).unwrap();
        assert_eq!(claimed, "$3\r\n3-0\r\n");
        assert_eq!(ask(&mut stream, "XGROUP DELCONSUMER s g \"\""), ":1");
        assert_eq!(ask(&mut stream, "XGROUP DELCONSUMER s g bob"), ":1");
    }
    std::fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn older_servers_have_what_was_given_back_for_whoever_claims_it() {
    given_back(Kind::Redis, RdbVersion::Redis7_0);
    given_back(Kind::Valkey, RdbVersion::Redis7_2);
    given_back(Kind::Valkey, RdbVersion::Valkey9);
}

#[test]
fn redis_7_starts_from_our_files_and_we_from_its() {
    both_ways(Kind::Redis, ExportOptions::new().version(RdbVersion::Redis7_0), false);
}

#[test]
fn valkey_9_starts_from_our_files_and_we_from_its() {
    both_ways(Kind::Valkey, ExportOptions::new(), false);
    both_ways(Kind::Valkey, ExportOptions::new(), true);
}
