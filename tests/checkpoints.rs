//! Checkpoints: to restore one is to have been there all the time, whatever happened meanwhile.

#![cfg(feature = "snapshot")]
#![allow(clippy::unwrap_used, reason = "a test says by failing what is wrong")]

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

use danio::command::{Instance, Session, Value};
use danio::{Config, Db, Engine, Error, ManualClock};
use proptest::prelude::*;

/// A key's digest, encoding, and when it expires.
type Picture = BTreeMap<(u32, Vec<u8>), (String, String, String)>;

const DATABASES: u32 = 3;

fn engine(clock: &ManualClock) -> Engine {
    let config = Config::new().clock(clock.clone()).seed(7).databases(DATABASES).stripes(4);
    let engine = Engine::open(config).unwrap();
    let parameters = &Instance::of(&engine).parameters;
    parameters.load(b"enable-debug-command", &[b"yes"]).unwrap();
    for small in
        ["hash-max-listpack-entries", "set-max-intset-entries", "zset-max-listpack-entries"]
    {
        parameters.load(small.as_bytes(), &[b"3"]).unwrap();
    }
    engine
}

/// All there is to see, by one who reads each key.
fn picture(engine: &Engine) -> Picture {
    let mut session = Session::new(engine);
    let mut picture = Picture::new();
    for db in 0..DATABASES {
        session.execute(["SELECT", &db.to_string()]).unwrap();
        let Value::Array(keys) = session.execute(["KEYS", "*"]).unwrap() else { panic!("keys") };
        for key in keys {
            let Value::Bulk(key) = key else { panic!("a key") };
            let mut tell = |words: &[&[u8]]| {
                let words = words.iter().copied().chain([&key[..]]);
                format!("{:?}", session.execute(words).unwrap())
            };
            let seen = (
                tell(&[b"DEBUG", b"DIGEST-VALUE"]),
                tell(&[b"OBJECT", b"ENCODING"]),
                tell(&[b"PEXPIRETIME"]),
            );
            picture.insert((db, key.to_vec()), seen);
        }
    }
    picture
}

fn millis(clock: &ManualClock) -> i64 {
    let since = clock.now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

fn info(db: &Db, section: &str) -> String {
    match db.execute(["INFO", section]) {
        Ok(Value::Verbatim { text, .. }) => text.to_string(),
        other => panic!("INFO: {other:?}"),
    }
}

/// A command of some that change every type in every way; `k` and `v` choose keys and values.
fn line(which: usize, k: u8, v: u8) -> String {
    let (key, other) = (k % 6, v % 6);
    let lines = [
        format!("SET s{key} {v}"),
        format!("SET s{key} {} PX {}", "x".repeat(usize::from(v) * 3), 1 + u32::from(v) * 7),
        format!("APPEND s{key} {}", "y".repeat(usize::from(v))),
        format!("INCR n{key}"),
        format!("RPUSH l{key} a{v} {v} {}", "z".repeat(usize::from(v))),
        format!("LPOP l{key} 2"),
        format!("SADD S{key} {v} m{k}"),
        format!("SREM S{key} {v} m{k}"),
        format!("SPOP S{key}"),
        format!("HSET h{key} f{v} {v} g{k} x"),
        format!("HDEL h{key} f{v}"),
        format!("HPEXPIRE h{key} {} FIELDS 1 f{v}", 1 + u32::from(v) * 5),
        format!("ZADD z{key} {v} m{v} {k} m{k}"),
        format!("ZPOPMIN z{key}"),
        format!("XADD t{key} * f {v}"),
        format!("XTRIM t{key} MAXLEN {}", v % 4),
        format!("XGROUP CREATE t{key} g{v} 0 MKSTREAM"),
        format!("DEL s{key} l{other} h{key} S{key} z{other}"),
        format!("RENAME s{key} s{other}"),
        format!("RENAME h{key} h{other}"),
        format!("COPY z{key} z{other} REPLACE"),
        format!("MOVE s{key} {}", v % 3),
        format!("PEXPIRE l{key} {}", 1 + u32::from(v) * 9),
        format!("PERSIST s{key}"),
        format!("SELECT {}", v % 3),
        format!("SELECT {}", k % 3),
        "FLUSHDB".into(),
        "FLUSHALL".into(),
        format!("SWAPDB {} {}", k % 3, v % 3),
        format!("SWAPDB {} {}", v % 3, k % 3),
        format!("SUNIONSTORE S{key} S{other} S{}", k % 3),
        format!("MSET s{key} {v} s{other} {k}"),
    ];
    lines[which % lines.len()].clone()
}

#[derive(Debug, Clone)]
enum Step {
    Command(usize, u8, u8),
    Wait(u8),
    /// A transaction that fails, with these commands' like inside.
    Undone(Vec<(u8, u8)>, bool),
    Import,
    Export,
    Checkpoint,
    Restore(usize),
    Drop(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        60 => (any::<usize>(), any::<u8>(), any::<u8>()).prop_map(|(w, k, v)| Step::Command(w, k, v)),
        3 => any::<u8>().prop_map(Step::Wait),
        3 => (prop::collection::vec((any::<u8>(), any::<u8>()), 1..4), any::<bool>())
            .prop_map(|(keys, flush)| Step::Undone(keys, flush)),
        1 => Just(Step::Import),
        1 => Just(Step::Export),
        4 => Just(Step::Checkpoint),
        4 => any::<usize>().prop_map(Step::Restore),
        1 => any::<usize>().prop_map(Step::Drop),
    ]
}

/// What of a picture is still there: the time of the others is over. Fields expire, too, so that of
/// hashes with such nothing can be told but by making them anew.
fn at(picture: &Picture, now: i64) -> Picture {
    let lives = |(_, _, at): &&(String, String, String)| {
        let at = at.trim_start_matches("Int(").trim_end_matches(')').parse::<i64>().unwrap();
        at < 0 || at > now
    };
    picture.iter().filter(|(_, seen)| lives(seen)).map(|(k, v)| (k.clone(), v.clone())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 200 } else { 2000 }))]

    #[test]
    fn what_was_restored_was_never_changed(steps in prop::collection::vec(step(), 1..120)) {
        let clock = ManualClock::new();
        let engine = engine(&clock);
        let mut session = Session::new(&engine);
        let mut kept = Vec::new();
        for step in steps {
            match step {
                Step::Command(which, k, v) => {
                    let _ = session.execute(line(which, k, v).split(' '));
                }
                Step::Wait(millis) => {
                    // Only while no hash has fields that expire: their digests change by time alone.
                    clock.advance(Duration::from_millis(millis.into()));
                    engine.tick(Duration::from_millis(1));
                    kept.retain(|(_, picture): &(_, Picture)| {
                        !picture.keys().any(|(_, key)| key[0] == b'h')
                    });
                }
                Step::Undone(keys, flush) => {
                    let db = engine.db(0).unwrap();
                    let result = db.transaction_all(|tx| -> Result<(), Error> {
                        for (k, v) in &keys {
                            tx.set(format!("s{}", k % 6), &[*v][..])?;
                            let _ = tx.rpush(format!("l{}", k % 6), [[*v]]);
                            let _ = tx.del(format!("h{}", v % 6));
                        }
                        if flush {
                            tx.flush();
                            tx.set("s1", "after")?;
                        }
                        Err(Error::Syntax)
                    });
                    prop_assert!(result.is_err());
                }
                Step::Import => {
                    let mut file = Vec::new();
                    let other = self::engine(&clock);
                    other.db(0).unwrap().set("s2", "imported").unwrap();
                    other.db(2).unwrap().rpush("l2", ["imported"]).unwrap();
                    other.export(&mut file).unwrap();
                    engine.import(&file[..]).unwrap();
                }
                Step::Export => {
                    engine.export(io::sink()).unwrap();
                }
                Step::Checkpoint => kept.push((engine.checkpoint(), picture(&engine))),
                Step::Restore(which) if !kept.is_empty() => {
                    let (checkpoint, before) = &kept[which % kept.len()];
                    checkpoint.restore();
                    let now = millis(&clock);
                    prop_assert_eq!(picture(&engine), at(before, now));
                }
                Step::Drop(which) if !kept.is_empty() => {
                    kept.swap_remove(which % kept.len());
                }
                Step::Restore(_) | Step::Drop(_) => {}
            }
        }
        // The account of bytes is right, too: an empty engine has none.
        drop(kept);
        engine.flush_all();
        prop_assert!(engine.used_memory() < 20_000, "{} bytes of nothing", engine.used_memory());
    }
}

/// Calls something when the first bytes come.
struct Meanwhile<F: FnMut()> {
    act: Option<F>,
    bytes: Vec<u8>,
}

impl<F: FnMut()> Write for Meanwhile<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(mut act) = self.act.take() {
            act();
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A file of what there is when it begins, `act` being done when the first piece is written.
fn export_while(engine: &Engine, act: impl FnMut()) -> Vec<u8> {
    let mut writer = Meanwhile { act: Some(act), bytes: Vec::new() };
    engine.export(&mut writer).unwrap();
    assert!(writer.act.is_none(), "something was done");
    writer.bytes
}

fn filled(clock: &ManualClock) -> Engine {
    let engine = engine(clock);
    for db in 0..DATABASES {
        let db = engine.db(db).unwrap();
        for i in 0..6000 {
            db.set(format!("key:{i}"), format!("value:{i}").repeat(4)).unwrap();
            db.hset(format!("hash:{}", i % 100), [(format!("f{i}"), "x")]).unwrap();
        }
    }
    engine
}

#[test]
fn a_snapshot_under_way_sees_neither_flushes_nor_restored_keys() {
    let clock = ManualClock::new();
    let engine = filled(&clock);
    let before = picture(&engine);
    let db = engine.db(0).unwrap();
    let is_before = |file: &[u8]| {
        let other = self::engine(&clock);
        other.import(file).unwrap();
        assert!(picture(&other) == before);
    };
    let flush = || {
        db.set("key:1", "changed").unwrap();
        engine.flush_all();
        db.set("key:2", "new").unwrap();
        db.set("another", "new").unwrap();
    };
    let checkpoint = engine.checkpoint();
    is_before(&export_while(&engine, flush));
    checkpoint.restore();
    assert!(picture(&engine) == before);
    // While it is walked, all is taken away, put back, exchanged, and replaced.
    let file = export_while(&engine, || {
        engine.swap_db(0, 1).unwrap();
        flush();
        checkpoint.restore();
        db.del("key:3");
        db.set("key:4", "changed").unwrap();
        engine.db(2).unwrap().flush();
    });
    is_before(&file);
    checkpoint.restore();
    assert!(picture(&engine) == before);
    let replaced = export_while(&engine, || {
        let mut small = Vec::new();
        self::engine(&clock).export(&mut small).unwrap();
        engine.import(&small[..]).unwrap();
    });
    is_before(&replaced);
    assert!(db.is_empty());
    checkpoint.restore();
    // And the next snapshot is whole again: no entry has a stamp that is not the engine's.
    is_before(&export_while(&engine, || checkpoint.restore()));
    is_before(&export_while(&engine, flush));
}

#[test]
fn a_failed_snapshot_lets_go_of_what_was_flushed() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let clock = ManualClock::new();
    let engine = filled(&clock);
    let before = picture(&engine);
    let checkpoint = engine.checkpoint();
    assert!(matches!(engine.export(Full), Err(Error::Io { .. })));
    engine.flush_all();
    assert!(matches!(engine.export(Full), Err(Error::Io { .. })));
    checkpoint.restore();
    assert!(picture(&engine) == before);
    let file = export_while(&engine, || engine.flush_all());
    let other = self::engine(&clock);
    other.import(&file[..]).unwrap();
    assert!(picture(&other) == before);
}

#[test]
fn to_restore_is_a_change_that_all_are_told_of() {
    let clock = ManualClock::new();
    let engine = engine(&clock);
    let db = engine.db(0).unwrap();
    db.set("a", "1").unwrap();
    db.rpush("list", ["x"]).unwrap();
    let checkpoint = engine.checkpoint();
    db.set("a", "2").unwrap();
    db.set("b", "2").unwrap();
    let mut events = db.events();
    let watch = db.watch(["a"]);
    checkpoint.restore();
    assert!(watch.commit(|_| Ok::<(), Error>(())).is_err());
    let mut told = Vec::new();
    while let Some(event) = events.try_recv() {
        told.push(format!("{} {}", event.name, String::from_utf8_lossy(&event.key)));
    }
    told.sort();
    assert_eq!(told, ["del b", "restore a"]);
    // Who waits for what comes back is served.
    db.del("list");
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| db.blpop(["list"], None).unwrap());
        while !info(&db, "clients").contains("total_blocking_keys:1") {
            std::thread::yield_now();
        }
        checkpoint.restore();
        assert!(waits.join().unwrap().is_some());
    });
    assert!(!db.exists("list"));
    checkpoint.restore();
    assert_eq!(db.llen("list").unwrap(), 1);
}
