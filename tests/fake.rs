//! Fakes: the clock, faults, the log, versions, checkpoints, and three hundred at a time.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test says by failing what is wrong, and waits on real sockets"
)]

#[path = "support/server.rs"]
mod support;

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant, UNIX_EPOCH};

use danio::fake::{Fake, Fault, Version};
use redis::{Commands, Connection, ErrorKind, ServerErrorKind, Value, cmd, pipe};
use support::Kind;

fn connect(fake: &Fake) -> Connection {
    redis::Client::open(fake.url()).unwrap().get_connection().unwrap()
}

fn frozen() -> Fake {
    Fake::builder().frozen().start().unwrap()
}

#[test]
fn a_fake_serves_and_stops() {
    let fake = Fake::start().unwrap();
    let address = fake.address();
    let mut c = connect(&fake);
    let _: () = c.set("k", "v").unwrap();
    assert_eq!(fake.db(0).unwrap().get("k").unwrap().as_deref(), Some(&b"v"[..]));
    fake.db(0).unwrap().set("k", "w").unwrap();
    assert_eq!(c.get::<_, String>("k").unwrap(), "w");
    drop(fake);
    assert!(c.get::<_, String>("k").is_err());
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn three_hundred_at_a_time_share_one_thread() {
    let before = threads();
    let start = Instant::now();
    let fakes: Vec<Fake> = (0..300).map(|_| Fake::builder().frozen().start().unwrap()).collect();
    let started = start.elapsed();
    let ports: BTreeSet<u16> = fakes.iter().map(Fake::port).collect();
    assert_eq!(ports.len(), 300);
    thread::scope(|scope| {
        for part in fakes.chunks(75) {
            scope.spawn(move || {
                for fake in part {
                    let mut c = connect(fake);
                    let _: () = c.set("port", fake.port()).unwrap();
                    let _: () = c.set_ex("gone", 1, 60).unwrap();
                    fake.advance(Duration::from_secs(61));
                    assert_eq!(c.exists::<_, i64>(&["port", "gone"]).unwrap(), 1);
                }
            });
        }
    });
    for fake in &fakes {
        let port = fake.db(0).unwrap().get("port").unwrap().unwrap();
        assert_eq!(port, fake.port().to_string().as_bytes());
    }
    if let (Some(before), Some(now)) = (before, threads()) {
        // Other tests run beside this one.
        assert!(now < before + 30, "{before} threads before, {now} with 300 fakes");
    }
    let start = Instant::now();
    drop(fakes);
    eprintln!("300 fakes: started in {started:?}, stopped in {:?}", start.elapsed());
}

/// How many threads this process has, where that can be asked.
fn threads() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("Threads:"))?;
    line.trim().parse().ok()
}

#[test]
fn the_clock_moves_everything_that_has_to_do_with_time() {
    let start = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let fake = Fake::builder().frozen_at(start).start().unwrap();
    let mut c = connect(&fake);
    let time = |c: &mut Connection| cmd("TIME").query::<(i64, i64)>(c).unwrap();
    assert_eq!(time(&mut c), (1_700_000_000, 0));
    let id: String = c.xadd("x", "*", &[("f", "v")]).unwrap();
    assert_eq!(id, "1700000000000-0");
    let _: () = c.set_ex("k", "v", 100).unwrap();
    let _: () = c.set("idle", "v").unwrap();
    fake.advance(Duration::from_millis(40_500));
    assert_eq!(time(&mut c), (1_700_000_040, 500_000));
    assert_eq!(c.pttl::<_, i64>("k").unwrap(), 59_500);
    assert_eq!(c.object_idletime::<_, i64>("idle").unwrap(), 40);
    assert_eq!(c.xadd::<_, _, _, _, String>("x", "*", &[("f", "v")]).unwrap(), "1700000040500-0");
    fake.advance(Duration::from_millis(59_500));
    assert!(!c.exists::<_, bool>("k").unwrap());
    // A wait ends by it too, before `advance` returns to whoever looks.
    let waiting = fake.url();
    let waits = thread::spawn(move || {
        let mut c = redis::Client::open(waiting).unwrap().get_connection().unwrap();
        c.blpop::<_, Value>("none", 30.0).unwrap()
    });
    until(|| fake.received("BLPOP").len() == 1 && info(&fake, "blocked_clients") == 1);
    fake.advance(Duration::from_secs(29));
    assert_eq!(info(&fake, "blocked_clients"), 1);
    fake.advance(Duration::from_secs(1));
    assert_eq!(waits.join().unwrap(), Value::Nil);
    // Back again, as clocks sometimes go.
    fake.set(start);
    assert_eq!((time(&mut c), fake.now()), ((1_700_000_000, 0), start));
    let other = connect(&fake);
    let _: () = cmd("CLIENT").arg("PAUSE").arg(1000).query(&mut c).unwrap();
    let mut paused = other;
    let held = thread::spawn(move || paused.set::<_, _, ()>("after", "pause").unwrap());
    until(|| !fake.received("SET").iter().all(|set| set.words[1] != "after"));
    assert!(!fake.db(0).unwrap().exists("after"));
    fake.advance(Duration::from_secs(2));
    held.join().unwrap();
    assert!(fake.db(0).unwrap().exists("after"));
}

/// A number of INFO, asked without a client.
fn info(fake: &Fake, field: &str) -> i64 {
    let text = fake.db(0).unwrap().execute(["INFO"]).unwrap();
    let text = String::from_utf8(text.as_bytes().unwrap().to_vec()).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("{field}:")));
    line.unwrap().parse().unwrap()
}

fn until(holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(20), "it never came to be");
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn faults_strike_whom_they_are_meant_for() {
    let fake = frozen();
    let mut c = connect(&fake);
    // By command, key and count.
    let id = fake.inject(Fault::error("ERR boom").on("get").key("user:*").after(1).times(2));
    let mut get = |key: &str| c.get::<_, Option<String>>(key).map_err(|e| e.to_string());
    assert!(get("other").is_ok() && get("user:1").is_ok());
    assert!(get("user:1").unwrap_err().contains("boom") && get("user:2").is_err());
    assert!(get("user:3").is_ok());
    assert_eq!(fake.struck(id), 2);
    assert!(fake.remove_fault(id) && !fake.remove_fault(id));
    // By what commands are.
    fake.inject(Fault::read_only());
    assert!(c.get::<_, Value>("k").is_ok());
    let error = c.set::<_, _, ()>("k", "v").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Server(ServerErrorKind::ReadOnly));
    fake.clear_faults();
    fake.inject(Fault::oom());
    assert_eq!(c.set::<_, _, ()>("k", "v").unwrap_err().code(), Some("OOM"));
    assert!(c.del::<_, i64>("k").is_ok());
    fake.clear_faults();
    fake.inject(Fault::loading());
    let error = c.get::<_, Value>("k").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Server(ServerErrorKind::BusyLoading));
    assert!(cmd("INFO").exec(&mut c).is_ok());
    fake.clear_faults();
    // A command that is refused spoils its transaction, as on a server.
    fake.inject(Fault::oom().on("set").times(1));
    let error = pipe().atomic().set("k", "v").query::<()>(&mut c).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Server(ServerErrorKind::ExecAbort));
    assert!(pipe().atomic().set("k", "v").query::<()>(&mut c).is_ok());
    // What the test itself does is not met.
    fake.inject(Fault::error("ERR all"));
    assert!(fake.db(0).unwrap().execute(["GET", "k"]).is_ok());
    assert!(c.get::<_, Value>("k").is_err());
}

#[test]
fn connections_break_on_demand() {
    let fake = frozen();
    let mut c = connect(&fake);
    fake.inject(Fault::disconnect().on("incr").after(2).per_connection());
    for wanted in 1..=2 {
        assert_eq!(cmd("INCR").arg("n").query::<i64>(&mut c).unwrap(), wanted);
    }
    let broken = cmd("INCR").arg("n").query::<i64>(&mut c).unwrap_err();
    assert!(broken.is_connection_dropped(), "{broken}");
    // Every connection has two of its own, and the third command never ran.
    let mut second = connect(&fake);
    assert_eq!(cmd("INCR").arg("n").query::<i64>(&mut second).unwrap(), 3);
    assert_eq!(cmd("INCR").arg("n").query::<i64>(&mut second).unwrap(), 4);
    assert!(cmd("INCR").arg("n").query::<i64>(&mut second).is_err());
    assert_eq!(fake.db(0).unwrap().get("n").unwrap().as_deref(), Some(&b"4"[..]));
    fake.clear_faults();
    fake.inject(Fault::refuse_connections().times(2));
    for _ in 0..2 {
        assert!(redis::Client::open(fake.url()).unwrap().get_connection().is_err());
    }
    assert_eq!(connect(&fake).incr::<_, _, i64>("n", 1).unwrap(), 5);
}

#[test]
fn delays_hold_back_what_comes_behind_them_and_nobody_else() {
    let fake = frozen();
    let (mut slow, mut other) = (connect(&fake), connect(&fake));
    fake.inject(Fault::delay(Duration::from_millis(200)).on("get").times(1));
    let start = Instant::now();
    let slow = thread::spawn(move || {
        let all: (Value, String) = pipe().get("k").ping().query(&mut slow).unwrap();
        assert_eq!(all.1, "PONG");
    });
    until(|| !fake.received("GET").is_empty());
    let _: () = other.set("k", "v").unwrap();
    assert!(start.elapsed() < Duration::from_millis(200), "others go on");
    slow.join().unwrap();
    assert!(start.elapsed() >= Duration::from_millis(200));
    assert_eq!(fake.received("GET").len(), 1, "it is received once");
}

#[test]
fn the_log_tells_what_was_sent() {
    let fake = frozen();
    let mut c = connect(&fake);
    fake.clear_log();
    let _: () = cmd("SELECT").arg(3).query(&mut c).unwrap();
    let _: () = c.set("k", "v").unwrap();
    fake.advance(Duration::from_secs(5));
    let _: redis::RedisResult<Value> = cmd("nosuch").arg("x").query(&mut c);
    let log = fake.log();
    let texts: Vec<String> = log.iter().map(|received| received.text()).collect();
    assert_eq!(texts, ["SELECT 3", "SET k v", "nosuch x"]);
    assert_eq!((log[0].db, log[1].db), (0, 3));
    assert_eq!(log[2].at.duration_since(log[1].at).unwrap(), Duration::from_secs(5));
    assert_eq!(log[1].client, c.client_id::<u64>().unwrap());
    let few = Fake::builder().log_limit(2).start().unwrap();
    let mut c = connect(&few);
    for i in 0..5 {
        let _: () = c.set("k", i).unwrap();
    }
    assert_eq!(few.log().len(), 2);
    assert_eq!(few.log()[1].text(), "SET k 4");
}

#[test]
fn a_seed_repeats_a_run() {
    let run = || {
        let start = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let fake = Fake::builder().frozen_at(start).seed(42).start().unwrap();
        let mut c = connect(&fake);
        let _: () = c.sadd("s", (0..100).collect::<Vec<_>>()).unwrap();
        let popped: Vec<i64> = (0..20).map(|_| c.spop("s").unwrap()).collect();
        let _: () = c.hset_multiple("h", &[("a", 1), ("b", 2)]).unwrap();
        (popped, cmd("HRANDFIELD").arg("h").query::<String>(&mut c).unwrap())
    };
    assert_eq!(run(), run());
}

#[test]
fn checkpoints_bring_back_data_and_time() {
    let fake = frozen();
    let mut c = connect(&fake);
    assert!(!fake.restore());
    let _: () = c.set_ex("session", "ann", 100).unwrap();
    let _: () = c.rpush("list", &["a", "b"]).unwrap();
    let before = fake.now();
    fake.checkpoint();
    for _ in 0..3 {
        let _: () = c.flushall().unwrap();
        let _: () = c.set("other", 1).unwrap();
        fake.advance(Duration::from_secs(1000));
        fake.inject(Fault::error("ERR x").on("get"));
        assert!(fake.restore());
        assert_eq!(fake.now(), before);
        assert_eq!(c.ttl::<_, i64>("session").unwrap(), 100);
        assert_eq!(c.get::<_, String>("session").unwrap(), "ann");
        assert_eq!(c.lrange::<_, Vec<String>>("list", 0, -1).unwrap(), ["a", "b"]);
        assert!(!c.exists::<_, bool>("other").unwrap());
    }
}

/// Every command that came after Redis 7.0, and options, asked of fakes and of the servers that they imitate.
#[test]
fn versions_know_what_those_servers_know() {
    let servers =
        [(Kind::Redis, "7.0.", Version::Redis7_0), (Kind::Valkey, "9.1.", Version::Valkey9)];
    for (kind, wanted, version) in servers {
        let Some(server) = kind.start_or_skip() else { continue };
        let url = format!("redis://{}/", server.address());
        let mut real = redis::Client::open(url).unwrap().get_connection().unwrap();
        let hello: redis::InfoDict = cmd("INFO").arg("server").query(&mut real).unwrap();
        let field = if kind == Kind::Redis { "redis_version" } else { "valkey_version" };
        let found = hello.get::<String>(field).unwrap();
        if !found.starts_with(wanted) {
            eprintln!("skipped: this is {found}");
            continue;
        }
        let fake = Fake::builder().version(version).start().unwrap();
        let mut fake = connect(&fake);
        for c in [&mut fake, &mut real] {
            // Options of commands that find nothing are not looked at.
            let _: () = c.hset("h", "f", "v").unwrap();
            let _: () = c.sadd("s", "a").unwrap();
            let _: () = c.zadd("z", "a", 1).unwrap();
            let _: () = c.geo_add("g", (0.0, 0.0, "a")).unwrap();
            let _: () = c.xgroup_create_mkstream("x", "g", "0").unwrap();
        }
        for words in NEWER {
            let ask = |c: &mut Connection, multi: bool| {
                let mut command = redis::Cmd::new();
                for word in words.split(' ') {
                    command.arg(word);
                }
                let mut answers = Vec::new();
                if multi {
                    cmd("MULTI").exec(c).unwrap();
                }
                answers.push(command.query::<Value>(c));
                if multi {
                    let done = cmd("EXEC").query::<Vec<Value>>(c);
                    answers.push(done.map(|mut answers| answers.swap_remove(0)));
                }
                let told = |answer: redis::RedisResult<Value>| match answer {
                    Err(error) => Some(error.to_string()),
                    Ok(Value::ServerError(error)) => Some(error.to_string()),
                    Ok(_) => None,
                };
                answers.into_iter().map(told).collect::<Vec<_>>()
            };
            assert_eq!(ask(&mut fake, false), ask(&mut real, false), "{words} on {version}");
            if !words.starts_with("BGSAVE") {
                // In a transaction what the table of commands knows is refused at once, and all else when it runs.
                assert_eq!(ask(&mut fake, true), ask(&mut real, true), "{words} on {version}");
            }
        }
        let parameters = |c: &mut Connection| -> BTreeSet<String> {
            let all: Vec<(String, String)> = cmd("CONFIG").arg("GET").arg("*").query(c).unwrap();
            all.into_iter().map(|(name, _)| name).collect()
        };
        let (mine, theirs) = (parameters(&mut fake), parameters(&mut real));
        let invented: Vec<_> = mine.difference(&theirs).collect();
        assert!(
            invented.iter().all(|name| GONE.contains(&name.as_str())),
            "{version} has no {invented:?}"
        );
        let known = |c: &mut Connection| -> BTreeSet<String> {
            let rows: Vec<Vec<Value>> = cmd("COMMAND").query(c).unwrap();
            let name = |row: &[Value]| redis::from_redis_value::<String>(row[0].clone()).unwrap();
            let mut names: BTreeSet<String> = rows.iter().map(|row| name(row)).collect();
            for row in &rows {
                let children: Vec<Vec<Value>> = redis::from_redis_value(row[9].clone()).unwrap();
                names.extend(children.iter().map(|child| name(child)));
            }
            let listed: Vec<String> = cmd("COMMAND").arg("LIST").query(c).unwrap();
            assert!(listed.iter().all(|name| names.contains(name)));
            names
        };
        let (mine, theirs) = (known(&mut fake), known(&mut real));
        let invented: Vec<_> = mine.difference(&theirs).collect();
        assert!(invented.is_empty(), "{version} has no {invented:?}");
        for field in ["redis_version", "server_name"] {
            let says = |c: &mut Connection| {
                let info: redis::InfoDict = cmd("INFO").arg("server").query(c).unwrap();
                let text = info.get::<String>(field);
                text.map(|text| text.rsplit_once('.').map_or(text.clone(), |(v, _)| v.to_string()))
            };
            assert_eq!(says(&mut fake), says(&mut real), "{field} of {version}");
        }
        let says = |c: &mut Connection| {
            let hello: Vec<Value> = cmd("HELLO").query(c).unwrap();
            hello[1].clone()
        };
        assert_eq!(says(&mut fake), says(&mut real));
    }
}

/// Parameters that the newest servers have no more, and do not show, but take.
const GONE: &[&str] = &["dynamic-hz", "io-threads-do-reads", "sanitize-dump-payload"];

const NEWER: &[&str] = &[
    "HEXPIRE h 10 FIELDS 1 f",
    "HTTL h FIELDS 1 f",
    "HPERSIST h FIELDS 1 f",
    "HPEXPIRETIME h FIELDS 1 f",
    "HGETDEL h FIELDS 1 nosuch",
    "HGETEX h FIELDS 1 f",
    "HSETEX h FIELDS 1 f v",
    "DELIFEQ k v",
    "DELEX k",
    "DIGEST k",
    "INCREX n",
    "MSETEX 1 k v",
    "LMOVEM s s LEFT LEFT",
    "BLMOVEM s s LEFT LEFT 1 COUNT 1 OBO",
    "SDIFFCARD 1 s",
    "SUNIONCARD 1 s",
    "XDELEX x IDS 1 1-1",
    "XACKDEL x g IDS 1 1-1",
    "XCFGSET x",
    "XNACK x g FAIL IDS 1 1-1",
    "COMMANDLOG",
    "COMMANDLOG LEN slow",
    "COMMANDLOG NOSUCH",
    "CLIENT NO-TOUCH off",
    "CLIENT NO-TOUCH",
    "CLIENT SETINFO lib-name x",
    "CLIENT CAPA x",
    "CLIENT LIST MAXAGE 10",
    "CLIENT LIST USER x",
    "CLIENT LIST SKIPME yes",
    "CLIENT LIST NAME x",
    "CLIENT LIST NOT-ID 1",
    "CLIENT LIST TYPE primary",
    "CLIENT LIST TYPE normal ADDR x:1",
    "CLIENT LIST ID 1 2",
    "CLIENT LIST ID 1 MAXAGE 3",
    "CLIENT KILL MAXAGE 100000",
    "CLIENT KILL MAXAGE",
    "CLIENT KILL TYPE primary",
    "CLIENT KILL ID 99998 99999",
    "CLIENT KILL ID 99998 NAME x",
    "CLIENT KILL NAME x",
    "CLIENT KILL NOT-USER x",
    "SET k v IFEQ x",
    "SET k v IFNE x",
    "SET k IFEQ",
    "BITCOUNT k 1",
    "BITCOUNT k 1 2 BIT",
    "BITOP DIFF d a b",
    "BITOP AND d one one",
    "BITOP ONE d a b",
    "GEOSEARCH g BYPOLYGON 3 0 0 0 1 1 1",
    "GEOSEARCH g FROMMEMBER a BYRADIUS 1 km BYPOLYGON 3 0 0 0 1 1 1",
    "HSCAN h 0 NOVALUES",
    "HSCAN h 0 MATCH NOVALUES",
    "SSCAN s 0 NOVALUES",
    "SCAN 0 NOVALUES",
    "ZSCAN z 0 NOSCORES",
    "ZSCAN z 0 NOVALUES",
    "ZRANK z a WITHSCORE",
    "ZREVRANK z a WITHSCORES",
    "ZUNION 1 z AGGREGATE COUNT",
    "ZINTERSTORE d 1 z WEIGHTS 1 AGGREGATE COUNT",
    "ZUNION 1 z AGGREGATE MAX",
    "XADD x KEEPREF MAXLEN = 10 * f v",
    "XADD x * KEEPREF v",
    "XTRIM x MAXLEN 10 ACKED",
    "XREAD STREAMS nosuch +",
    "XREADGROUP GROUP g c STREAMS x +",
    "XREADGROUP GROUP g c CLAIM 10 STREAMS x >",
    "XREADGROUP GROUP g c MAXCOUNT 10 STREAMS x >",
    "XREADGROUP GROUP g c COUNT 1 MAXSIZE 10 STREAMS x >",
    "XREAD MAXCOUNT 10 STREAMS x 0",
    "XREAD COUNT 1 MAXSIZE 10 STREAMS x 0",
    "XREADGROUP GROUP g c STREAMS CLAIM >",
    "BGSAVE CANCEL",
    "COMMAND GETKEYS DIGEST k",
    "COMMAND GETKEYS MSETEX 1 k v",
    "COMMAND GETKEYSANDFLAGS HGETDEL h FIELDS 1 f",
    "CONFIG SET maxmemory-policy allkeys-lrm",
    "CONFIG SET maxmemory-policy volatile-lrm",
    "CONFIG SET maxmemory-policy allkeys-s3fifo",
    "CONFIG SET maxmemory-policy nosuch",
    "CONFIG SET commandlog-execution-slower-than 10000",
    "CONFIG SET set-max-listpack-entries 128",
    "CONFIG SET stream-idmp-duration 100",
    "CONFIG SET imitated-version 1",
];

#[test]
fn a_steered_fake_is_a_program_of_its_own() {
    let Some(server) = Kind::Danio.start_with(&[
        "--fake",
        "--fake-clock",
        "1700000000000",
        "--fake-version",
        "redis-7.0",
    ]) else {
        return;
    };
    let url = format!("redis://{}/", server.address());
    let client = redis::Client::open(url).unwrap();
    let mut c = client.get_connection().unwrap();
    let fake = |words: &str| {
        let mut command = cmd("FAKE");
        for word in words.split(' ') {
            command.arg(word);
        }
        command.query::<Value>(&mut client.get_connection().unwrap())
    };
    assert_eq!(fake("NOW").unwrap(), Value::Int(1_700_000_000_000));
    let _: () = c.set_ex("k", "v", 60).unwrap();
    fake("CHECKPOINT").unwrap();
    fake("ADVANCE 60000").unwrap();
    assert!(!c.exists::<_, bool>("k").unwrap());
    fake("RESTORE").unwrap();
    assert!(c.exists::<_, bool>("k").unwrap());
    let Value::Int(id) = fake("FAULT ADD LOADING ON get KEY k* TIMES 1").unwrap() else { panic!() };
    assert!(c.get::<_, Value>("k").is_err() && c.get::<_, Value>("k").is_ok());
    let struck = Value::Array(vec![Value::Array(vec![Value::Int(id), Value::Int(1)])]);
    assert_eq!(fake("FAULT LIST").unwrap(), struck);
    assert_eq!(fake(&format!("FAULT DEL {id}")).unwrap(), Value::Int(1));
    fake("FAULT ADD DELAY 1 ON set").unwrap();
    let _: () = c.set("k", "w").unwrap();
    fake("FAULT CLEAR").unwrap();
    let Value::Array(log) = fake("LOG get").unwrap() else { panic!() };
    assert_eq!(log.len(), 2);
    for wrong in [
        "",
        "NOSUCH",
        "ADVANCE x",
        "FAULT ADD",
        "FAULT ADD DELAY",
        "FAULT ADD OOM TIMES x",
        "SET -1",
    ] {
        let error = fake(wrong).unwrap_err();
        assert!(error.to_string().contains("FAKE HELP"), "{wrong}: {error}");
    }
    let help: Vec<String> = redis::from_redis_value(fake("HELP").unwrap()).unwrap();
    assert!(help.iter().any(|line| line.starts_with("FAULT ADD")));
    assert!(
        cmd("DIGEST").arg("k").exec(&mut c).unwrap_err().to_string().contains("unknown command")
    );
    fake("RESET").unwrap();
    assert_eq!(cmd("DBSIZE").query::<i64>(&mut c).unwrap(), 0);
}

#[test]
fn without_the_flag_there_is_no_such_command() {
    let Some(server) = Kind::Danio.start_or_skip() else { return };
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.write_all(b"FAKE NOW\r\nQUIT\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("-ERR unknown command 'FAKE'"), "{answer}");
}
