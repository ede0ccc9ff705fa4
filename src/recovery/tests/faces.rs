//! What stands on an engine with `appendfsync always`: whatever it answered is there after a crash that leaves nothing
//! but what was synced.

#![cfg(any(feature = "cache", feature = "tower-sessions"))]

use super::{db, disk, open};
use crate::api::Engine;
use crate::config::AppendFsync::Always;
use crate::disk::simulated::Simulated;

/// The engine as it is opened again after a crash at this moment.
fn crashed(disk: &Simulated) -> Engine {
    open(&disk.crash(|_| 0), Always)
}

#[cfg(feature = "cache")]
#[test]
fn a_cache_keeps_what_it_answered() {
    use crate::cache::Cache;

    let disk = disk();
    let engine = open(&disk, Always);
    let pages: Cache = Cache::builder().prefix("page:").build(&db(&engine));
    let there = |key: &str| {
        let again: Cache = Cache::builder().prefix("page:").build(&db(&crashed(&disk)));
        again.get(key).expect("a string")
    };
    pages.insert("home", &"<html>".into()).expect("stored");
    assert_eq!(there("home").as_deref(), Some(&b"<html>"[..]));
    let loaded = pages.get_or_insert_with("news", || "<p>".into()).expect("loaded");
    assert_eq!(there("news"), Some(loaded));
    assert!(pages.invalidate("home"));
    assert_eq!(there("home"), None, "what was outdated does not come back");
    assert_eq!(pages.clear(), 1);
    assert_eq!(there("news"), None);
}

#[cfg(feature = "tower-sessions")]
#[test]
fn a_session_that_was_answered_for_is_there() {
    use std::time::Duration;
    use tower_sessions::SessionStore as _;
    use tower_sessions::session::{Id, Record};

    use crate::sessions::SessionStore;

    let disk = disk();
    let engine = open(&disk, Always);
    let store = SessionStore::new(db(&engine));
    let there = |id: Id| {
        let again = SessionStore::new(db(&crashed(&disk)));
        pollster::block_on(again.load(&id)).expect("a session's record")
    };
    let expiry_date = (engine.time() + Duration::from_secs(600)).into();
    let mut record = Record { id: Id::default(), data: Default::default(), expiry_date };
    pollster::block_on(store.create(&mut record)).expect("created");
    assert_eq!(there(record.id).as_ref(), Some(&record));
    record.data.insert("user".to_owned(), "ann".into());
    pollster::block_on(store.save(&record)).expect("saved");
    assert_eq!(there(record.id).as_ref(), Some(&record));
    let mut other = Record { id: Id::default(), ..record.clone() };
    pollster::block_on(store.create(&mut other)).expect("created");
    pollster::block_on(store.delete(&record.id)).expect("deleted");
    assert_eq!(there(record.id), None, "who has logged out stays logged out");

    // A disk that fails is told of, and nobody is told that he is logged in or out who may not be.
    disk.fail(|_, _| Some(crate::disk::simulated::Fault::Error(std::io::ErrorKind::StorageFull)));
    assert!(pollster::block_on(store.delete(&other.id)).is_err());
    assert_eq!(pollster::block_on(store.load(&other.id)).expect("read"), None);
    assert!(pollster::block_on(store.save(&record)).is_err());
    disk.heal();
}
