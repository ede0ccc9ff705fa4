//! What is begun beside a rewrite, put off, or ended; and loading the files again.

use std::time::Duration;

use super::{config, db, disk};
use crate::api::Engine;
use crate::command::{Instance, Session, Value};
use crate::config::AppendFsync::Always;
use crate::disk::simulated::Simulated;
use crate::error::Error;

fn open(disk: &Simulated) -> Engine {
    let engine = Engine::open(config(disk, Always)).expect("opened");
    Instance::of(&engine).parameters.load(b"enable-debug-command", &[b"yes"]).expect("known");
    engine
}

fn ask(session: &mut Session, line: &str) -> Result<String, Error> {
    session.execute(line.split(' ')).map(|answer| match answer {
        Value::Status(text) => text.to_string(),
        Value::Verbatim { text, .. } => text.to_string(),
        Value::Bulk(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        other => format!("{other:?}"),
    })
}

fn info(session: &mut Session, field: &str) -> String {
    let all = ask(session, "INFO persistence").expect("answered");
    let line = all.lines().find_map(|line| line.strip_prefix(&format!("{field}:")));
    line.unwrap_or_else(|| panic!("no {field}")).to_owned()
}

/// Waits until a field is as it should be; upkeep is done meanwhile.
fn until(engine: &Engine, session: &mut Session, field: &str, value: &str) {
    for _ in 0..2000 {
        if info(session, field) == value {
            return;
        }
        engine.tick(Duration::from_millis(1));
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("{field} does not come to be {value}");
}

const SLOWLY: &str = "CONFIG SET rdb-key-save-delay 10000000";
const AT_ONCE: &str = "CONFIG SET rdb-key-save-delay 0";

#[test]
fn a_rewrite_waits_for_a_save_and_a_save_for_a_rewrite() {
    let engine = open(&disk());
    db(&engine).set("k", "v").expect("written");
    let mut session = Session::new(&engine);
    let session = &mut session;

    ask(session, SLOWLY).expect("set");
    assert_eq!(ask(session, "BGSAVE"), Ok("Background saving started".into()));
    let scheduled = "Background append only file rewriting scheduled";
    assert_eq!(ask(session, "BGREWRITEAOF"), Ok(scheduled.into()));
    assert_eq!(info(session, "aof_rewrite_scheduled"), "1");
    assert_eq!(info(session, "aof_pending_rewrite"), "1");
    assert_eq!(info(session, "aof_rewrite_in_progress"), "0");
    assert_eq!(info(session, "aof_rewrites"), "1");
    ask(session, AT_ONCE).expect("set");
    until(&engine, session, "rdb_bgsave_in_progress", "0");
    until(&engine, session, "aof_rewrites", "2");
    until(&engine, session, "aof_rewrite_in_progress", "0");
    assert_eq!(info(session, "aof_rewrite_scheduled"), "0");

    ask(session, SLOWLY).expect("set");
    assert_eq!(
        ask(session, "BGREWRITEAOF"),
        Ok("Background append only file rewriting started".into())
    );
    assert_eq!(
        ask(session, "BGREWRITEAOF").map_err(|error| error.to_string()),
        Err("ERR Background append only file rewriting already in progress".into())
    );
    assert_eq!(
        ask(session, "BGSAVE").map_err(|error| error.to_string()),
        Err("ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to \
             schedule a BGSAVE whenever possible."
            .into())
    );
    let scheduled = "Background saving scheduled";
    assert_eq!(ask(session, "BGSAVE SCHEDULE"), Ok(scheduled.into()));
    assert_eq!(info(session, "rdb_bgsave_in_progress"), "0");
    let before = info(session, "rdb_saves");
    ask(session, AT_ONCE).expect("set");
    until(&engine, session, "aof_rewrite_in_progress", "0");
    let after = (before.parse::<u64>().expect("a number") + 1).to_string();
    until(&engine, session, "rdb_saves", &after);
}

#[test]
fn a_rewrite_in_a_transaction_is_put_off() {
    let engine = open(&disk());
    let mut session = Session::new(&engine);
    for line in ["MULTI", "BGREWRITEAOF"] {
        ask(&mut session, line).expect("queued");
    }
    let answers = ask(&mut session, "EXEC").expect("run");
    assert!(answers.contains("rewriting scheduled"), "{answers}");
    until(&engine, &mut session, "aof_rewrites", "2");
}

#[test]
fn it_is_turned_on_when_a_save_has_ended() {
    let disk = disk();
    let config = crate::Config::new().disk(std::sync::Arc::new(disk.clone()));
    let engine = Engine::open(config).expect("opened");
    db(&engine).set("k", "v").expect("written");
    let mut session = Session::new(&engine);
    ask(&mut session, SLOWLY).expect("set");
    ask(&mut session, "BGSAVE").expect("begun");
    ask(&mut session, "CONFIG SET appendonly yes").expect("set");
    assert_eq!(info(&mut session, "aof_rewrite_scheduled"), "1");
    assert_eq!(info(&mut session, "aof_enabled"), "0");
    engine.tick(Duration::from_millis(1));
    assert_eq!(info(&mut session, "aof_rewrite_scheduled"), "1");
    ask(&mut session, AT_ONCE).expect("set");
    until(&engine, &mut session, "aof_enabled", "1");
    until(&engine, &mut session, "aof_rewrite_in_progress", "0");
    drop((session, engine));
    assert!(db(&open(&disk)).exists("k"));
}

#[test]
fn turning_it_off_ends_a_rewrite() {
    let engine = open(&disk());
    db(&engine).set("k", "v").expect("written");
    let mut session = Session::new(&engine);
    ask(&mut session, SLOWLY).expect("set");
    ask(&mut session, "BGREWRITEAOF").expect("begun");
    engine.set_append_only(false).expect("ended");
    until(&engine, &mut session, "aof_rewrite_in_progress", "0");
    assert_eq!(info(&mut session, "aof_rewrites"), "1", "only the first was done");
    assert_eq!(info(&mut session, "aof_last_bgrewrite_status"), "ok");
}

#[test]
fn the_files_are_loaded_again() {
    let disk = disk();
    let engine = open(&disk);
    let mut session = Session::new(&engine);
    for line in [
        "SET k v",
        "SET short v PX 100000",
        "RPUSH list a b",
        "HSET hash f v",
        "HPEXPIRE hash 100000 FIELDS 1 f",
        "XADD s 1-1 f v",
        "XGROUP CREATE s g 0",
        "SELECT 3",
        "SADD set a b c",
    ] {
        ask(&mut session, line).expect("run");
    }
    let digest = ask(&mut session, "DEBUG DIGEST");
    let size = info(&mut session, "aof_current_size");
    assert_eq!(ask(&mut session, "DEBUG LOADAOF"), Ok("OK".into()));
    assert_eq!(ask(&mut session, "DEBUG DIGEST"), digest);
    assert_eq!(info(&mut session, "aof_current_size"), size, "it is not recorded again");

    // What is in the files takes the place of what is not.
    engine.set_append_only(false).expect("ended");
    ask(&mut session, "FLUSHALL").expect("run");
    ask(&mut session, "SET other v").expect("run");
    assert_eq!(ask(&mut session, "DEBUG LOADAOF"), Ok("OK".into()));
    assert_eq!(ask(&mut session, "DEBUG DIGEST"), digest);

    // A rewrite while nothing is kept leaves a base alone.
    engine.rewrite().expect("rewritten");
    let manifest = disk.read("appendonlydir/appendonly.aof.manifest").expect("is there");
    assert_eq!(manifest, b"file appendonly.aof.2.base.rdb seq 2 type b\n");
    ask(&mut session, "FLUSHALL").expect("run");
    assert_eq!(ask(&mut session, "DEBUG LOADAOF"), Ok("OK".into()));
    assert_eq!(ask(&mut session, "DEBUG DIGEST"), digest);

    // What follows is kept behind it.
    engine.set_append_only(true).expect("begun");
    ask(&mut session, "SET k w").expect("run");
    ask(&mut session, "DEBUG LOADAOF").expect("run");
    ask(&mut session, "SET k x").expect("run");
    let digest = ask(&mut session, "DEBUG DIGEST");
    drop((session, engine));
    let engine = open(&disk);
    assert_eq!(ask(&mut Session::new(&engine), "DEBUG DIGEST"), digest);
}

#[test]
fn files_that_cannot_be_loaded_again_change_nothing() {
    let engine =
        Engine::open(crate::Config::new().disk(std::sync::Arc::new(disk()))).expect("opened");
    Instance::of(&engine).parameters.load(b"enable-debug-command", &[b"yes"]).expect("known");
    db(&engine).set("k", "v").expect("written");
    let mut session = Session::new(&engine);
    assert_eq!(
        ask(&mut session, "DEBUG LOADAOF").map_err(|error| error.to_string()),
        Err("ERR Error trying to load the AOF files, check server logs.".into())
    );
    assert!(db(&engine).exists("k"));
}
