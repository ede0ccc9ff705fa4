//! What is in the files, and what is made of files of others.

use std::path::Path;

use super::{config, db, disk, keys, open};
use crate::api::Engine;
use crate::command::Session;
use crate::config::AppendFsync::{Always, EverySec, No};
use crate::config::Config;
use crate::disk::simulated::Simulated;
use crate::error::Error;

const FOLDER: &str = "appendonlydir";

fn file(name: &str) -> String {
    format!("{FOLDER}/appendonly.aof.{name}")
}

fn text(disk: &Simulated, name: &str) -> String {
    let bytes = disk.read(file(name)).unwrap_or_else(|| panic!("{name}: {:?}", disk.names()));
    bytes.escape_ascii().to_string().replace("\\r\\n", " ")
}

/// RESP of commands, each given as its words between blanks.
fn commands(lines: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for line in lines {
        let words: Vec<&str> = line.split(' ').collect();
        bytes.extend(format!("*{}\r\n", words.len()).bytes());
        for word in words {
            bytes.extend(format!("${}\r\n{word}\r\n", word.len()).bytes());
        }
    }
    bytes
}

/// A disk that has these files in the folder.
fn with(files: &[(&str, &[u8])]) -> Simulated {
    let disk = disk();
    crate::disk::Disk::create_dir(&disk, Path::new(FOLDER)).expect("made");
    files.iter().for_each(|(name, bytes)| disk.put(file(name), bytes));
    disk
}

#[test]
fn what_was_written_is_there_again() {
    for fsync in [Always, EverySec, No] {
        let disk = disk();
        let engine = open(&disk, fsync);
        let before = {
            let mut session = Session::new(&engine);
            for line in [
                "SET k v",
                "SELECT 3",
                "RPUSH list a b c",
                "HSET hash f 1",
                "ZADD zset 1.5 m",
                "XADD s 1-1 f v",
                "SADD set 1 2 3",
                "SPOP set",
                "SELECT 0",
                "EXPIRE k 1000",
                "INCR n",
                "APPEND text abc",
            ] {
                session.execute(line.split(' ')).expect("runs");
            }
            keys(&engine)
        };
        drop(engine);
        let engine = open(&disk, fsync);
        assert_eq!(keys(&engine), before, "{fsync:?}");
        db(&engine).incr("n").expect("counts");
        drop(engine);
        let engine = open(&disk, fsync);
        assert_eq!(db(&engine).get("n").expect("a string").as_deref(), Some(&b"2"[..]));
    }
}

#[test]
fn files_are_named_and_spelled_as_redis_does() {
    let disk = disk();
    let engine = open(&disk, Always);
    db(&engine).set("k", "v").expect("kept");
    db(&engine)
        .transaction(["a", "b"], |tx| {
            tx.set("a", "1")?;
            tx.set("b", "2")
        })
        .expect("kept");
    assert_eq!(
        text(&disk, "1.incr.aof"),
        "*2 $6 SELECT $1 0 *3 $3 SET $1 k $1 v *1 $5 MULTI *3 $3 SET $1 a $1 1 *3 $3 SET $1 b $1 2 *1 $4 EXEC "
    );
    assert_eq!(
        text(&disk, "manifest"),
        "file appendonly.aof.1.base.rdb seq 1 type b\\nfile appendonly.aof.1.incr.aof seq 1 type i\\n"
    );
    assert!(text(&disk, "1.base.rdb").contains("aof-base\\xc0\\x01"));
    engine.rewrite().expect("rewritten");
    db(&engine).del("a");
    engine.synced().expect("on disk");
    assert_eq!(
        text(&disk, "manifest"),
        "file appendonly.aof.2.base.rdb seq 2 type b\\nfile appendonly.aof.2.incr.aof seq 2 type i\\n"
    );
    assert_eq!(text(&disk, "2.incr.aof"), "*2 $6 SELECT $1 0 *2 $3 DEL $1 a ");
    let names = disk.names();
    assert_eq!(names.len(), 3, "{names:?}");
    drop(engine);
    let engine = open(&disk, Always);
    assert_eq!(db(&engine).len(), 2);
}

#[test]
fn a_torn_end_is_cut_off_or_refused() {
    let whole = commands(&["SET a 1", "INCR a"]);
    let begun = commands(&["MULTI", "SET b 1", "SET c 1"]);
    let manifest = b"file appendonly.aof.1.incr.aof seq 1 type i\n";
    for torn in [&b"*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$1\r\n2"[..], &begun, &[0; 100]] {
        let bytes = [&whole, torn].concat();
        let disk = with(&[("manifest", manifest), ("1.incr.aof", &bytes)]);
        let refused =
            Engine::open(config(&disk, Always).aof_load_truncated(false)).expect_err("refused");
        let Error::AppendOnlyFile { file: name, offset, .. } = refused else {
            panic!("{refused:?}")
        };
        assert_eq!((&*name, offset), ("appendonly.aof.1.incr.aof", whole.len() as u64));
        assert_eq!(disk.read(file("1.incr.aof")).expect("there"), bytes, "left as it was");
        let engine = open(&disk, Always);
        assert_eq!(db(&engine).get("a").expect("a string").as_deref(), Some(&b"2"[..]));
        assert_eq!(db(&engine).len(), 1);
        assert_eq!(disk.read(file("1.incr.aof")).expect("there"), whole);
        db(&engine).incr("a").expect("counts");
        drop(engine);
        assert_eq!(
            db(&open(&disk, Always)).get("a").expect("a string").as_deref(),
            Some(&b"3"[..])
        );
    }
}

#[test]
fn damage_is_refused_and_says_where() {
    let manifest = b"file appendonly.aof.1.incr.aof seq 1 type i\nfile appendonly.aof.2.incr.aof seq 2 type i\n";
    let good = commands(&["SET a 1"]);
    let at = good.len() as u64;
    let reason = |first: &[u8], second: &[u8]| {
        let disk = with(&[("manifest", manifest), ("1.incr.aof", first), ("2.incr.aof", second)]);
        match Engine::open(config(&disk, Always)) {
            Err(Error::AppendOnlyFile { file, offset, reason }) => {
                (file.replace("appendonly.aof.", ""), offset, reason.into_owned())
            }
            other => panic!("{other:?}"),
        }
    };
    let damaged = [&good, &b"!!!"[..], &good].concat();
    assert_eq!(reason(&good, &damaged).1, at);
    assert_eq!(reason(&damaged, &good).0, "1.incr.aof");
    let (name, offset, why) = reason(&[&good, &b"*1\r\n"[..]].concat(), &good);
    assert_eq!((&*name, offset), ("1.incr.aof", at));
    assert!(why.ends_with("is not the last file"), "{why}");
    let (_, offset, why) = reason(&good, &[&good[..], &commands(&["BLA x"])].concat());
    assert_eq!((offset, &*why), (at, "unknown command 'BLA'"));
    // As in Redis, one with other arguments is none.
    let wrong = [&good[..], &commands(&["SET a", "SET b 1"])].concat();
    let (_, offset, why) = reason(&good, &wrong);
    assert_eq!((offset, &*why), (at, "unknown command 'SET'"));
    let disk = with(&[("manifest", manifest), ("1.incr.aof", &good)]);
    let missing = Engine::open(config(&disk, Always)).expect_err("refused").to_string();
    assert!(missing.contains("appendonly.aof.2.incr.aof"), "{missing}");
    let disk = with(&[("manifest", b"")]);
    let empty = Engine::open(config(&disk, Always)).expect_err("refused").to_string();
    assert!(empty.contains("Found an empty AOF manifest"), "{empty}");
}

#[test]
fn what_no_server_writes_harms_nothing() {
    let manifest = b"file appendonly.aof.1.incr.aof seq 1 type i\n";
    let lines = [
        "SET a 1",
        "MULTI",
        "SET b 1",
        "MULTI",
        "WATCH a",
        "SET c 1",
        "SHUTDOWN",
        "EXEC",
        "SHUTDOWN NOSAVE",
        "CONFIG SET maxmemory 1",
        "EXEC",
        "BLPOP none 0",
        "SUBSCRIBE channel",
        "LPUSH a x",
        "SELECT 99",
        "SET d 1",
    ];
    let disk = with(&[("manifest", manifest), ("1.incr.aof", &commands(&lines))]);
    let engine = open(&disk, Always);
    let db = db(&engine);
    for key in ["a", "b", "c", "d"] {
        assert_eq!(db.get(key).expect("a string").as_deref(), Some(&b"1"[..]), "{key}");
    }
    let limit = db.execute(["CONFIG", "GET", "maxmemory"]).expect("a parameter");
    assert!(format!("{limit:?}").contains("b\"0\""), "{limit:?}");
}

#[test]
fn a_single_file_of_an_older_redis_becomes_the_base() {
    let mut snapshot = Vec::new();
    let source = Engine::open(Config::new()).expect("opened");
    db(&source).set("old", "one").expect("set");
    source.export(&mut snapshot).expect("written");
    for (preamble, keys) in [(&[][..], 1), (&snapshot, 2)] {
        let disk = disk();
        disk.put("appendonly.aof", &[preamble, &commands(&["SELECT 0", "SET k v"])].concat());
        let engine = open(&disk, Always);
        assert_eq!(db(&engine).len(), keys);
        db(&engine).set("more", "v").expect("kept");
        drop(engine);
        assert!(disk.read("appendonly.aof").is_none());
        assert_eq!(
            text(&disk, "manifest"),
            "file appendonly.aof seq 1 type b\\nfile appendonly.aof.1.incr.aof seq 1 type i\\n"
        );
        let engine = open(&disk, Always);
        assert_eq!(db(&engine).len(), keys + 1);
        engine.rewrite().expect("rewritten");
        drop(engine);
        assert_eq!(db(&open(&disk, Always)).len(), keys + 1);
        assert_eq!(disk.names().len(), 3);
    }
}

#[test]
fn what_was_done_before_a_key_expired_is_done_again() {
    let manifest = b"file appendonly.aof.1.incr.aof seq 1 type i\n";
    let lines = [
        "RPUSH list foo",
        "PEXPIREAT list 1000",
        "RPUSH list bar",
        "SET s v PXAT 1000",
        "APPEND s w",
        "SET kept v PXAT 1000",
        "PERSIST kept",
        "HSET h f v g w",
        "HPEXPIREAT h 1000 FIELDS 1 f",
        "HINCRBY h n 1",
        "SET later v",
        "PEXPIREAT later 99999999999999",
    ];
    let disk = with(&[("manifest", manifest), ("1.incr.aof", &commands(&lines))]);
    let engine = open(&disk, Always);
    let db = db(&engine);
    assert!(!db.exists("list") && !db.exists("s") && db.exists("kept"));
    assert_eq!(db.hkeys("h").expect("a hash").len(), 2);
    assert!(db.exists("later"));
    // And they are gone for good.
    while engine.tick(std::time::Duration::from_millis(10)).more {}
    drop((db, engine));
    assert!(text(&disk, "1.incr.aof").contains("DEL $4 list"), "{}", text(&disk, "1.incr.aof"));
}

#[test]
fn what_ran_before_turning_it_on_is_in_the_base() {
    let disk = disk();
    let engine = Engine::open(config(&disk, EverySec).append_only(false)).expect("opened");
    db(&engine).set("before", "v").expect("set");
    assert!(!engine.is_append_only() && disk.names().is_empty());
    engine.set_append_only(true).expect("begun");
    db(&engine).set("behind", "v").expect("kept");
    engine.set_append_only(false).expect("ended");
    db(&engine).set("after", "v").expect("set");
    drop(engine);
    let engine = open(&disk, EverySec);
    assert_eq!(keys(&engine).iter().map(|key| &*key.1).collect::<Vec<_>>(), ["before", "behind"]);
    engine.set_append_only(false).expect("ended");
    engine.set_append_only(true).expect("begun again");
    drop(engine);
    assert_eq!(keys(&open(&disk, EverySec)).len(), 2);
}

#[test]
fn what_cannot_be_read_falls_back_to_the_snapshot_only_when_told_to() {
    let dir = std::env::temp_dir().join(format!("danio-fallback-{}", std::process::id()));
    let name = |name: &str| dir.join(file(name));
    let config = |told: bool| {
        let config = Config::new().dir(&dir).append_only(true).append_fsync(Always);
        config.aof_load_truncated(false).aof_fallback_to_rdb(told)
    };
    type Spoil<'s> = &'s dyn Fn();
    let append = |to: &str, bytes: &[u8]| {
        let mut all = std::fs::read(name(to)).expect("is there");
        all.extend_from_slice(bytes);
        std::fs::write(name(to), all).expect("written");
    };
    let ways: [Spoil<'_>; 5] = [
        &|| append("1.incr.aof", b"no command"),
        &|| append("1.incr.aof", b"*1\r\n$5\r\nMU"),
        &|| append("manifest", b"file\n"),
        &|| std::fs::remove_file(name("1.incr.aof")).expect("removed"),
        &|| std::fs::write(name("1.base.rdb"), b"REDIS0011\xff").expect("written"),
    ];
    for spoil in ways {
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).expect("made");
        let engine = Engine::open(config(false)).expect("opened");
        db(&engine).set("saved", "v").expect("written");
        engine.save().expect("saved");
        db(&engine).set("lost", "v").expect("written");
        drop(engine);
        spoil();
        let snapshot = std::fs::read(dir.join("dump.rdb")).expect("is there");
        assert!(Engine::open(config(false)).is_err());

        // Without a snapshot there is nothing to fall back to, and all stays as it is.
        std::fs::remove_file(dir.join("dump.rdb")).expect("removed");
        assert!(Engine::open(config(true)).is_err());
        std::fs::write(dir.join("dump.rdb"), b"REDIS0011 what").expect("written");
        assert!(Engine::open(config(true)).is_err());
        assert!(!dir.join("appendonlydir.unreadable-1").exists());

        std::fs::write(dir.join("dump.rdb"), snapshot).expect("written");
        let engine = Engine::open(config(true)).expect("opened");
        assert_eq!(db(&engine).keys("*"), ["saved"]);
        db(&engine).set("after", "v").expect("written");
        drop(engine);
        assert!(dir.join("appendonlydir.unreadable-1/appendonly.aof.manifest").exists());
        let engine = Engine::open(config(false)).expect("opened");
        assert_eq!(db(&engine).len(), 2);
    }
    std::fs::remove_dir_all(&dir).expect("removed");
}
