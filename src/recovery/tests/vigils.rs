//! Waits for what is on disk, by the syncs that are made anyway: who is told what, and when.

use std::io::ErrorKind;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::Duration;

use super::{config, db, disk, open};
use crate::api::Engine;
use crate::command::{Session, Value};
use crate::config::AppendFsync::{Always, EverySec, No};
use crate::config::Config;
use crate::disk::simulated::{Fault, Step};
use crate::error::{Error, Result};

/// A thread that waits for the disk, and what it is told.
struct Waits(Receiver<Result<bool>>);

impl Waits {
    fn begin(engine: &Engine) -> Waits {
        let (engine, (tell, told)) = (engine.clone(), channel());
        std::thread::spawn(move || tell.send(engine.wait_aof(None)));
        Waits(told)
    }

    #[track_caller]
    fn is_told_nothing(&self) {
        std::thread::sleep(Duration::from_millis(50));
        assert_eq!(self.0.try_recv(), Err(TryRecvError::Empty));
    }

    #[track_caller]
    fn is_told(&self) -> Result<bool> {
        self.0.recv_timeout(Duration::from_secs(20)).expect("told")
    }
}

fn is_sync(step: &Step) -> bool {
    matches!(step, Step::Sync(_))
}

fn no_file() -> Error {
    let words = "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.";
    Error::reply(words)
}

#[test]
fn the_next_sync_ends_it_and_none_is_asked_for() {
    let disk = disk();
    let engine = open(&disk, EverySec);
    assert_eq!(engine.wait_aof(None), Ok(true), "nothing was written");
    disk.hold(is_sync);
    db(&engine).set("k", "v").expect("in memory");
    assert_eq!(engine.wait_aof(Some(Duration::ZERO)), Ok(false));
    assert_eq!(engine.wait_aof(Some(Duration::from_millis(5))), Ok(false));
    let waits = Waits::begin(&engine);
    disk.wait_until_held();
    waits.is_told_nothing();
    disk.release();
    assert_eq!(waits.is_told(), Ok(true));
    assert!(db(&open(&disk.crash(|_| 0), Always)).exists("k"));
    assert_eq!(engine.wait_aof(Some(Duration::ZERO)), Ok(true));
}

#[test]
fn without_syncs_it_ends_when_somebody_asks_for_one() {
    let disk = disk();
    let engine = open(&disk, No);
    db(&engine).set("k", "v").expect("in memory");
    assert_eq!(engine.wait_aof(Some(Duration::from_millis(50))), Ok(false));
    let waits = Waits::begin(&engine);
    waits.is_told_nothing();
    engine.synced().expect("the disk works");
    assert_eq!(waits.is_told(), Ok(true));
}

#[test]
fn it_goes_on_while_the_disk_fails() {
    let disk = disk();
    let engine = open(&disk, Always);
    disk.fail(|_, step| is_sync(step).then_some(Fault::Error(ErrorKind::StorageFull)));
    assert!(matches!(db(&engine).set("k", "v"), Err(Error::AofFailing(_))));
    let waits = Waits::begin(&engine);
    waits.is_told_nothing();
    assert_eq!(engine.wait_aof(Some(Duration::from_millis(5))), Ok(false));
    disk.heal();
    assert_eq!(waits.is_told(), Ok(true));
    assert!(db(&open(&disk.crash(|_| 0), Always)).exists("k"));
}

#[test]
fn it_ends_with_the_file() {
    let disk = disk();
    let engine = open(&disk, No);
    db(&engine).set("k", "v").expect("in memory");
    let waits = Waits::begin(&engine);
    waits.is_told_nothing();
    engine.set_append_only(false).expect("turned off");
    assert_eq!(waits.is_told(), Err(no_file()));
    assert_eq!(engine.wait_aof(None), Err(no_file()));
    // A file that cannot be begun is none.
    disk.fail(|_, step| {
        matches!(step, Step::Create(_)).then_some(Fault::Error(ErrorKind::StorageFull))
    });
    assert!(engine.set_append_only(true).is_err());
    assert_eq!(engine.wait_aof(None), Err(no_file()));
    disk.heal();
    engine.set_append_only(true).expect("turned on");
    assert_eq!(engine.wait_aof(Some(Duration::ZERO)), Ok(true), "it is in the base");
}

#[test]
fn a_file_that_begins_holds_nothing_until_its_base_is_there() {
    let disk = disk();
    let config = Config::new().stripes(4).disk(std::sync::Arc::new(disk.clone()));
    let engine = Engine::open(config.append_fsync(Always)).expect("opened");
    let mut session = Session::new(&engine);
    db(&engine).set("before", "v").expect("in memory");
    disk.hold(|step| matches!(step, Step::Rename(..)));
    session.execute(["CONFIG", "SET", "appendonly", "yes"]).expect("begun");
    let waits = Waits::begin(&engine);
    disk.wait_until_held();
    // What is written by now has its place behind the base, and is as safe as that.
    session.execute(["SET", "after", "v"]).expect("on disk");
    waits.is_told_nothing();
    let state = session.execute(["WAITAOF", "1", "0", "10"]);
    assert_eq!(state, Ok(Value::Array(vec![Value::Int(0), Value::Int(0)])));
    disk.release();
    assert_eq!(waits.is_told(), Ok(true));
    let state = session.execute(["WAITAOF", "1", "0", "0"]);
    assert_eq!(state, Ok(Value::Array(vec![Value::Int(1), Value::Int(0)])));
}

#[test]
fn a_session_waits_for_what_it_wrote_itself() {
    let disk = disk();
    let engine = open(&disk, No);
    let (mut writes, mut reads) = (Session::new(&engine), Session::new(&engine));
    writes.execute(["SET", "k", "v"]).expect("in memory");
    reads.execute(["GET", "k"]).expect("a string");
    let pair = |local| Ok(Value::Array(vec![Value::Int(local), Value::Int(0)]));
    assert_eq!(reads.execute(["WAITAOF", "1", "0", "0"]), pair(1));
    assert_eq!(writes.execute(["WAITAOF", "1", "0", "10"]), pair(0));
    // What is refused, or changes nothing, is nothing to wait for.
    assert!(reads.execute(["LPUSH", "k", "v"]).is_err());
    assert_eq!(reads.execute(["DEL", "none"]), Ok(Value::Int(0)));
    assert_eq!(reads.execute(["WAITAOF", "1", "0", "0"]), pair(1));
    // What somebody else did for it is.
    let pops = std::thread::spawn(move || {
        reads.execute(["BLPOP", "list", "0"]).expect("served");
        reads.execute(["WAITAOF", "1", "0", "10"])
    });
    std::thread::sleep(Duration::from_millis(20));
    db(&engine).rpush("list", ["v"]).expect("in memory");
    assert_eq!(pops.join().expect("no panic"), pair(0));
    engine.synced().expect("the disk works");
    assert_eq!(writes.execute(["WAITAOF", "1", "0", "0"]), pair(1));
}

#[test]
fn who_gives_up_leaves_no_trace() {
    let disk = disk();
    let engine = Engine::open(config(&disk, No)).expect("opened");
    db(&engine).set("k", "v").expect("in memory");
    for _ in 0..1000 {
        assert_eq!(engine.wait_aof(Some(Duration::ZERO)), Ok(false));
    }
    assert_eq!(engine.aof().journal.patient(), 0);
}
