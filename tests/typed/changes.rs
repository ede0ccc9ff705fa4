//! Values that another release wrote: refused with words, migrated, written back, or dropped.

use std::time::Duration;

use bytes::Bytes;
use danio::typed::{Bincode, Json, Postcard, Schema};
use danio::{CodecProblem, Config, Db, Engine, Error, ManualClock, Ttl};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
struct OldUser {
    name: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct User {
    first: String,
    last: String,
}

fn ann() -> User {
    User { first: "Ann".into(), last: "Lee".into() }
}

fn split(old: OldUser) -> Option<User> {
    let (first, last) = old.name.split_once(' ')?;
    Some(User { first: first.into(), last: last.into() })
}

/// The words of an error.
fn said<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn codecs_do_not_read_one_another() {
    let db = Db::in_memory();
    let schemas: [(&str, Schema<User>); 6] = [
        ("bincode", Schema::bincode()),
        ("postcard", Schema::postcard()),
        ("JSON", Schema::json()),
        ("bincode of version 3", Schema::bincode().version(3)),
        ("postcard of version 200", Schema::postcard().version(200)),
        ("JSON of version 3", Schema::json().version(3)),
    ];
    for (written, writer) in &schemas {
        let value = db.value_with("users:7", writer.clone());
        value.set(&ann()).unwrap();
        let map = db.map_with::<u32, User>("users", writer.clone());
        map.insert(&7, &ann()).unwrap();
        for (expected, reader) in &schemas {
            let read = db.value_with("users:7", reader.clone()).get();
            let field = db.map_with::<u32, User>("users", reader.clone()).get(&7);
            if expected == written {
                assert_eq!((read, field), (Ok(Some(ann())), Ok(Some(ann()))));
                continue;
            }
            let found = written.replace("JSON", "text");
            assert_eq!(
                said(read),
                format!("ERR expected {expected} at 'users:7', and found {found}")
            );
            assert_eq!(
                said(field),
                format!("ERR expected {expected} at '7' in 'users', and found {found}")
            );
        }
    }
}

#[test]
fn an_error_has_all_there_is_to_know() {
    let db = Db::in_memory();
    db.set("k", b"\x81abc").unwrap();
    let Err(Error::Codec(error)) = db.value_with("k", Schema::<u32>::postcard()).get() else {
        panic!("it was written in bincode");
    };
    assert_eq!((&error.key[..], &error.bytes[..]), (&b"k"[..], &b"\x81abc"[..]));
    assert_eq!((&*error.expected.codec, error.expected.version), ("postcard", 0));
    assert!(matches!(&error.problem, CodecProblem::Found(found) if found.codec == "bincode"));
    assert_eq!(Error::Codec(error).code(), "ERR");
}

#[test]
fn damage_is_told_from_another_codec() {
    let db = Db::in_memory();
    let value = db.value_with("k", Schema::<User>::postcard());
    value.set(&ann()).unwrap();
    let whole = db.get("k").unwrap().unwrap();
    for end in 1..whole.len() {
        db.set("k", &whole[..end]).unwrap();
        let text = said(value.get());
        assert!(text.starts_with("ERR what stands at 'k' is no sound postcard: "), "{text}");
    }
    for (bytes, reason) in [
        (&b""[..], "expected postcard at 'k', and found text"),
        (b"{\"first\":1}", "expected postcard at 'k', and found text"),
        (b"\xA2", "no sound postcard: its mark is cut short"),
        (b"\xA2\x80\x00", "no sound postcard: its mark is cut short"),
        (b"@x y", "no sound postcard: its mark is cut short"),
        (b"\x91\x00", "found codec number 17"),
    ] {
        db.set("k", bytes).unwrap();
        let text = said(value.get());
        assert!(text.contains(reason), "{bytes:?}: {text}");
    }
    let json = db.value_with("k", Schema::<User>::json());
    db.set("k", "hello").unwrap();
    assert!(said(json.get()).contains("is no sound JSON: expected value"));
    db.rpush("list", ["x"]).unwrap();
    assert_eq!(db.value_with("list", Schema::<User>::json()).get(), Err(Error::WrongType));
}

#[test]
fn what_cannot_be_written_changes_nothing() {
    let db = Db::in_memory();
    db.set("k", "old").unwrap();
    let odd = db.value_with("k", Schema::<std::collections::HashMap<(u8, u8), u8>>::json());
    let text = said(odd.set(&[((1, 2), 3)].into()));
    assert!(text.starts_with("ERR JSON cannot be written to 'k': "), "{text}");
    assert_eq!(db.get("k").unwrap().as_deref(), Some(&b"old"[..]));
    let set = db.set_of::<Vec<f64>>("s");
    assert!(said(set.insert(&vec![f64::NAN])).contains("NaN"));
    assert!(!set.exists());
}

#[test]
fn older_versions_are_read_and_written_back_once() {
    let clock = ManualClock::new();
    let engine = Engine::open(Config::new().clock(clock.clone())).unwrap();
    let db = engine.db(0).unwrap();
    let minute = Duration::from_secs(60);
    let old = Schema::<OldUser>::bincode();
    let name = |name: &str| OldUser { name: name.into() };
    let reader = || {
        Schema::<User>::postcard()
            .version(2)
            .reads::<Bincode, OldUser>(0, split)
            .reads::<Json, User>(1, Some)
    };

    let users = db.family_with::<u32, OldUser>("user:", old.clone()).with_ttl(minute);
    users.insert(&7, &name("Ann Lee")).unwrap();
    let map = db.map_with::<u32, OldUser>("users", old.clone()).with_entry_ttl(minute);
    map.insert(&7, &name("Ann Lee")).unwrap();
    let before = (db.get("user:7").unwrap(), db.hget("users", "7").unwrap());

    // Read, and left as they are.
    assert_eq!(db.family_with::<u32, User>("user:", reader()).get(&7), Ok(Some(ann())));
    assert_eq!(db.map_with::<u32, User>("users", reader()).get(&7), Ok(Some(ann())));
    assert_eq!((db.get("user:7").unwrap(), db.hget("users", "7").unwrap()), before);

    // Read and written back, with what is left of their time.
    clock.advance(minute / 2);
    let users = db.family_with::<u32, User>("user:", reader().writes_back());
    let map = db.map_with::<u32, User>("users", reader().writes_back());
    assert_eq!((users.get(&7), map.get(&7)), (Ok(Some(ann())), Ok(Some(ann()))));
    let new = db.value_with("new", Schema::<User>::postcard().version(2));
    new.set(&ann()).unwrap();
    let written = db.get("new").unwrap();
    assert_eq!(
        (db.get("user:7").unwrap(), db.hget("users", "7").unwrap()),
        (written.clone(), written)
    );
    assert_eq!(users.ttl(&7), Ok(Ttl::Left(minute / 2)));
    assert_eq!(map.entry_ttl(&7), Ok(Ttl::Left(minute / 2)));

    // The version between, which another codec wrote, in a list and a stream.
    let between = Schema::<User>::json().version(1);
    db.list_with("list", between.clone()).push_back(&ann()).unwrap();
    db.stream_with("stream", between).push(&ann()).unwrap();
    assert_eq!(db.list_with("list", reader()).range(..), Ok(vec![ann()]));
    assert_eq!(db.stream_with("stream", reader()).range(..).unwrap()[0].1, ann());

    // A migration that finds nothing in a value drops it.
    let users = db.family_with::<u32, OldUser>("user:", old);
    users.insert(&8, &name("Cher")).unwrap();
    assert_eq!(db.family_with::<u32, User>("user:", reader()).get(&8), Ok(None));
    assert!(!db.exists("user:8"));
}

#[test]
fn what_nobody_reads_is_dropped_on_purpose() {
    let db = Db::in_memory();
    let writer = Schema::<String>::json().version(1);
    let reader = Schema::<User>::json().version(2).drops_others();
    let old = "of an old release".to_owned();

    db.value_with("value", writer.clone()).set(&old).unwrap();
    db.map_with::<u32, String>("map", writer.clone()).insert(&1, &old).unwrap();
    let map = db.map_with::<u32, User>("map", reader.clone());
    map.insert(&2, &ann()).unwrap();
    let list = db.list_with("list", reader.clone());
    db.list_with("list", writer.clone()).extend(&[old.clone(), old.clone()]).unwrap();
    list.push_back(&ann()).unwrap();
    db.list_with("list", writer.clone()).push_back(&old).unwrap();
    let stream = db.stream_with("stream", reader.clone());
    let workers = stream.group("workers");
    workers.create_from_start().unwrap();
    db.stream_with("stream", writer).push(&old).unwrap();
    stream.push(&ann()).unwrap();

    assert_eq!(db.value_with("value", reader).get(), Ok(None));
    assert!(!db.exists("value"));
    assert_eq!(map.entries(), Ok(vec![(2, ann())]));
    assert_eq!(map.len(), Ok(1));
    assert_eq!(list.range(..), Ok(vec![ann()]));
    assert_eq!((list.pop_front(), list.pop_front()), (Ok(Some(ann())), Ok(None)));
    let read = workers.read("ann", 10).unwrap();
    assert_eq!(read.iter().map(|job| job.value.clone()).collect::<Vec<_>>(), [Ok(ann())]);
    assert_eq!(workers.untyped().pending().unwrap().count, 1, "what was dropped is acknowledged");

    // Damage is no other version.
    db.set("value", b"@2 {").unwrap();
    let reader = Schema::<User>::json().version(2).drops_others();
    assert!(matches!(db.value_with("value", reader).get(), Err(Error::Codec(_))));
}

#[test]
fn a_popped_element_that_is_not_understood_is_in_the_error() {
    let db = Db::in_memory();
    let jobs = db.list_with::<User>("jobs", Schema::postcard());
    db.rpush("jobs", ["poison"]).unwrap();
    jobs.push_back(&ann()).unwrap();
    let Err(Error::Codec(error)) = jobs.pop_front() else { panic!("it is no job") };
    assert_eq!(error.bytes, "poison");
    assert_eq!(jobs.pop_front(), Ok(Some(ann())), "it is in nobody's way");

    // In a group it is delivered as an error, and the others with it.
    let stream = db.stream_with::<User>("stream", Schema::postcard());
    let group = stream.group("workers");
    group.create_from_start().unwrap();
    db.xadd("stream", [("value", "poison")]).unwrap();
    db.xadd("stream", [("other", "field")]).unwrap();
    stream.push(&ann()).unwrap();
    let read = group.read("ann", 10).unwrap();
    assert!(read[0].value.is_err() && read[1].value.is_err());
    assert_eq!(read[2].value, Ok(ann()));
    assert_eq!(group.ack(read.iter().map(|job| job.id)), Ok(3));
}

#[test]
fn schemas_without_marks_have_no_versions() {
    let refused = std::panic::catch_unwind(|| Schema::<String>::plain().version(1));
    assert!(refused.is_err());
    let refused =
        std::panic::catch_unwind(|| Schema::<Bytes>::bytes().reads::<Postcard, u8>(1, |_| None));
    assert!(refused.is_err());
}
