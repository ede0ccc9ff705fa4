//! One engine at a time has the files.

use std::io::ErrorKind::ResourceBusy;
use std::path::PathBuf;
use std::sync::Arc;

use super::{config, db, disk, open};
use crate::api::Engine;
use crate::config::AppendFsync::Always;
use crate::config::Config;
use crate::disk::simulated::Simulated;
use crate::error::Error;

/// An engine that keeps nothing yet, on this disk.
fn open_off(disk: &Simulated) -> Engine {
    Engine::open(Config::new().stripes(4).disk(Arc::new(disk.clone()))).expect("opened")
}

fn is_refused<T>(result: Result<T, Error>) -> bool {
    match result {
        Err(Error::Io { kind, text }) => {
            assert!(text.contains("the append-only file in appendonlydir is in use"), "{text}");
            kind == ResourceBusy
        }
        _ => false,
    }
}

#[test]
fn a_second_engine_is_refused_until_the_first_has_let_go() {
    let disk = disk();
    let first = open(&disk, Always);
    db(&first).set("k", "1").expect("written");
    assert!(is_refused(Engine::open(config(&disk, Always))));
    assert!(is_refused(open_off(&disk).set_append_only(true)));
    assert!(is_refused(open_off(&disk).rewrite()), "it would replace the manifest");
    db(&first).set("k", "2").expect("the first goes on");
    drop(first);
    let second = open(&disk, Always);
    assert_eq!(db(&second).get("k").expect("read").as_deref(), Some(&b"2"[..]));
}

#[test]
fn who_turns_it_off_lets_go() {
    let disk = disk();
    let (first, second) = (open(&disk, Always), open_off(&disk));
    first.set_append_only(false).expect("turned off");
    second.rewrite().expect("nobody has them");
    second.set_append_only(true).expect("nobody has them");
    assert!(is_refused(first.set_append_only(true)));
    assert!(!first.is_append_only());
    drop(second);
    first.set_append_only(true).expect("nobody has them");
}

#[test]
fn other_names_in_the_same_folder_are_other_files() {
    let disk = disk();
    let _first = open(&disk, Always);
    let other = config(&disk, Always).append_filename("other.aof");
    let other = Engine::open(other).expect("these are its own");
    db(&other).set("k", "v").expect("written");
}

#[test]
fn who_cannot_read_them_lets_go() {
    let disk = disk();
    drop(open(&disk, Always));
    let manifest = "appendonlydir/appendonly.aof.manifest";
    let sound = disk.read(manifest).expect("is there");
    disk.put(manifest, b"nonsense\n");
    let deferred = config(&disk, Always).append_only_deferred();
    let deferred = Engine::open(deferred).expect("opened");
    assert!(deferred.open_append_only(|_, _| {}).is_err());
    disk.put(manifest, &sound);
    drop(open(&disk, Always));
    drop(deferred);
}

#[test]
fn it_ends_with_a_crash() {
    let disk = disk();
    let _first = open(&disk, Always);
    let after = disk.crash(|_| 0);
    drop(open(&after, Always));
}

#[test]
fn the_systems_lock_is_against_engines_of_this_process_too() {
    let folder = std::env::temp_dir().join(format!("danio-alone-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("made");
    let config = || Config::new().dir(&folder).append_only(true).append_fsync(Always);
    let first = Engine::open(config()).expect("opened");
    let refused = Engine::open(config()).expect_err("it is in use").to_string();
    let path: PathBuf = folder.join("appendonlydir");
    assert!(refused.contains(&path.display().to_string()), "{refused}");
    assert!(refused.contains(&format!("process {}", std::process::id())), "{refused}");
    drop(first);
    drop(Engine::open(config()).expect("it was let go"));
    std::fs::remove_dir_all(&folder).expect("removed");
}

#[test]
fn engines_that_save_in_one_folder_use_files_of_their_own_meanwhile() {
    let disk: Arc<dyn crate::disk::Disk> = Arc::new(disk());
    let [one, other] = [0; 2].map(|_| crate::disk::Files::new(disk.clone(), None));
    assert_ne!(one.temporary("temp", "rdb"), other.temporary("temp", "rdb"));
}
