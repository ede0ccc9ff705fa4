//! Bases of commands: what the rewritten file says, and that it says all.

use super::{config, disk};
use crate::ManualClock;
use crate::api::Engine;
use crate::command::{Instance, Session, Value};
use crate::config::AppendFsync::{Always, EverySec};
use crate::config::Config;
use crate::disk::simulated::Simulated;

fn open(disk: &Simulated, rdb: bool) -> Engine {
    let config = config(disk, Always).aof_use_rdb_preamble(rdb).clock(ManualClock::new());
    let engine = Engine::open(config).expect("opened");
    Instance::of(&engine).parameters.load(b"enable-debug-command", &[b"yes"]).expect("known");
    engine
}

fn ask(engine: &Engine, lines: &[&str]) -> Vec<Value> {
    let mut session = Session::new(engine);
    let run = |line: &&str| {
        let answer = session.execute(line.split(' '));
        answer.unwrap_or_else(|error| panic!("{line}: {error}"))
    };
    lines.iter().map(run).collect()
}

/// All that can be asked about what there is, but for the times at which consumers were seen.
fn told(engine: &Engine) -> Vec<Value> {
    let mut told = ask(engine, &["DEBUG DIGEST"]);
    for key in ["s", "empty", "fresh", "gone"] {
        told.extend(ask(engine, &[&format!("XINFO STREAM {key}"), &format!("XINFO GROUPS {key}")]));
    }
    told.extend(ask(
        engine,
        &[
            "XPENDING s g - + 10",
            "XPENDING gone g - + 10",
            "XPENDING back g - + 10",
            "XPENDING without g - + 10",
            "XINFO STREAM without FULL",
            "PEXPIRETIME short",
            "HPEXPIRETIME hash FIELDS 2 f g",
            "HGETALL hash",
            "XADD idem IDMP p i * f v",
        ],
    ));
    told
}

#[test]
fn a_base_of_commands_holds_all() {
    let filled = disk();
    let engine = open(&filled, false);
    let long = "x".repeat(1000);
    let lines = [
        "SET k v",
        "SET n -17",
        "APPEND long-a b",
        "SET short v PXAT 99999999999999",
        "RPUSH list a 2 -3 a",
        "SADD set a b 3",
        "SADD ints 5 -6 70000",
        "ZADD zset 1.5 a inf b -0.1 c",
        "HSET hash f v g 1 h w",
        "HPEXPIREAT hash 99999999999999 FIELDS 1 f",
        "XADD s 1-1 f v",
        "XADD s 2-1 f v g 12",
        "XADD s 3-1 h v",
        "XDEL s 3-1",
        "XGROUP CREATE s g 0",
        "XGROUP CREATE s other 1-1",
        "XGROUP CREATECONSUMER s other idle",
        "XREADGROUP GROUP g c COUNT 1 STREAMS s >",
        "XREADGROUP GROUP g d COUNT 1 STREAMS s >",
        "XADD empty 5-5 f v",
        "XTRIM empty MAXLEN 0",
        "XGROUP CREATE fresh g $ MKSTREAM",
        "XADD gone 1-1 f v",
        "XADD gone 2-2 f v",
        "XGROUP CREATE gone g 0",
        "XREADGROUP GROUP g c STREAMS gone >",
        "XDEL gone 1-1",
        "XADD back 1-1 f v",
        "XADD back 2-1 f v",
        "XADD back 3-1 f v",
        "XADD back 4-1 f v",
        "XGROUP CREATE back g 0",
        "XGROUP CREATE back untouched 0",
        "XREADGROUP GROUP g c STREAMS back >",
        "XNACK back g FAIL IDS 1 3-1",
        "XNACK back g FATAL IDS 2 1-1 2-1",
        "COPY back without",
        "XDEL back 2-1",
        "XADD idem IDMP p i * f v",
        "SELECT 9",
        "SET k v9",
    ];
    ask(&engine, &lines);
    ask(&engine, &[&format!("SET large {long}")]);
    let mut session = Session::new(&engine);
    for n in 0..300 {
        for line in [
            format!("RPUSH biglist {n} {long}"),
            format!("SADD bigset m{n}"),
            format!("SADD bigints {}", n * 1000),
            format!("ZADD bigzset {n}.25 m{n}"),
            format!("HSET bighash f{n} {long}{n}"),
            format!("XADD bigstream {n}-1 f{n} v n {n}"),
        ] {
            session.execute(line.split(' ')).expect("written");
        }
    }
    let before = told(&engine);
    engine.rewrite().expect("rewritten");
    ask(&engine, &["INCR n"]);
    let digest = ask(&engine, &["DEBUG DIGEST"]);
    drop((session, engine));
    let manifest = filled.read("appendonlydir/appendonly.aof.manifest").expect("is there");
    let manifest = String::from_utf8(manifest).expect("text");
    assert!(manifest.contains("appendonly.aof.2.base.aof seq 2 type b"), "{manifest}");
    let base = filled.read("appendonlydir/appendonly.aof.2.base.aof").expect("is there");
    assert!(base.starts_with(b"*2\r\n$6\r\nSELECT\r\n"), "{}", base[..40].escape_ascii());

    // What was given back is so in commands, unless it was deleted; in the order in which it was.
    let base = base.escape_ascii().to_string().replace("\\r\\n", " ");
    for nack in [
        "$5 XNACK $7 without $1 g $4 FAIL $3 IDS $1 1 $3 3-1 $10 RETRYCOUNT $1 1 $5 FORCE *11 ",
        "*11 $5 XNACK $7 without $1 g $4 FAIL $3 IDS $1 2 $3 1-1 $3 2-1 $10 RETRYCOUNT $19 9223372036854775807 $5 FORCE *",
    ] {
        assert!(base.contains(nack), "{nack}");
    }
    assert!(!base.contains("XNACK $4 back") && base.contains("RESTORE $4 back"));

    // One that is asked to write snapshots reads commands, and the other way round.
    for rdb in [true, false] {
        let engine = open(&filled, rdb);
        assert_eq!(ask(&engine, &["DEBUG DIGEST"]), digest);
        ask(&engine, &["DECR n"]);
        for (now, then) in told(&engine).iter().zip(&before) {
            assert_eq!(now, then, "{rdb}");
        }
        ask(&engine, &["INCR n"]);
        engine.rewrite().expect("rewritten");
    }
    let engine = open(&filled, true);
    for key in ["back", "without"] {
        let claims = format!("XREADGROUP GROUP g d COUNT 2 CLAIM 999999999 STREAMS {key} >");
        let read = format!("{:?}", ask(&engine, &[&claims]));
        let at = |id: &str| read.find(id).unwrap_or_else(|| panic!("{id}: {read}"));
        assert!(at("3-1") < at("1-1"), "{read}");
    }
}

#[test]
fn the_first_base_is_of_commands_too_and_tells_the_time_if_asked_to() {
    let disk = disk();
    let off = Engine::open(
        Config::new().disk(std::sync::Arc::new(disk.clone())).clock(ManualClock::new()),
    );
    let engine = off.expect("opened");
    ask(&engine, &["SET k v"]);
    ask(&engine, &["CONFIG SET aof-use-rdb-preamble no aof-timestamp-enabled yes"]);
    engine.set_append_only(true).expect("begun");
    let base = disk.read("appendonlydir/appendonly.aof.1.base.aof").expect("is there");
    assert_eq!(
        base.escape_ascii().to_string().replace("\\r\\n", " "),
        "#TS:1577836800 *2 $6 SELECT $1 0 *3 $3 SET $1 k $1 v "
    );
    drop(engine);
    let engine = Engine::open(config(&disk, EverySec)).expect("opened");
    assert_eq!(ask(&engine, &["GET k"]), [Value::Bulk("v".into())]);
}

#[test]
fn what_is_written_meanwhile_is_in_the_file_behind() {
    let disk = disk();
    let engine = open(&disk, false);
    let db = engine.db(0).expect("there is one");
    for n in 0..2000 {
        db.set(format!("k{n}"), "old").expect("written");
    }
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for n in (0..2000).rev() {
                db.set(format!("k{n}"), "new").expect("written");
                db.incr("count").expect("a number");
            }
        });
        for _ in 0..3 {
            engine.rewrite().expect("rewritten");
        }
    });
    let digest = ask(&engine, &["DEBUG DIGEST"]);
    drop((db, engine));
    assert_eq!(ask(&open(&disk, false), &["DEBUG DIGEST"]), digest);
}
