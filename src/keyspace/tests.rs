//! What the one door promises: whoever registers is told, and nothing else changes keys.

mod fields;
mod lists;
#[cfg(feature = "snapshot")]
mod payloads;
mod streams;
mod undo;

use std::sync::Arc;

use proptest::prelude::*;

use super::entry::Entry;
use super::event::{DEL, EXPIRE, EXPIRED, Event, NEW, SET};
use super::observer::{Committed, KeyEvent, Observer, wants};
use super::watch::Watcher;
use super::{Access, Keyspace};
use crate::api::{Compare, SetArgs};
use crate::clock::{ManualClock, Millis};
use crate::command::Session;
use crate::config::{Config, EncodingLimit};
use crate::error::Error;
use crate::sync::Mutex;
use crate::value::Type;
use crate::value::hash::StoredHash;
use crate::value::list::ListRef;
use crate::value::set::{Member, SetRef};
use crate::value::string::{Digits, StringRef};
use crate::value::zset::ZSetRef;
use crate::{Engine, clock};

/// Remembers all that it is told.
#[derive(Default)]
struct Spy {
    before: Mutex<Vec<(u32, Entry)>>,
    events: Mutex<Vec<KeyEvent>>,
    commands: Mutex<Vec<(u32, Vec<Vec<u8>>)>>,
}

impl Observer for Spy {
    fn wants(&self) -> u8 {
        wants::PRE_IMAGES | wants::EVENTS | wants::RECORDS
    }

    fn before(&self, db: u32, _: usize, entry: &Entry) {
        self.before.lock().push((db, entry.clone()));
    }

    fn committed(&self, what: &Committed) {
        self.events.lock().extend(what.events.iter().cloned());
        let commands = what.record.commands();
        let owned = commands.map(|(db, spelled)| (db, super::record::words(spelled)));
        self.commands.lock().extend(owned);
    }
}

fn register(keyspace: &Keyspace) -> Arc<Spy> {
    let spy = Arc::new(Spy::default());
    let _all = keyspace.begin_all(0, Access::Exclusive);
    keyspace.observers.add(spy.clone());
    spy
}

fn engine() -> (Engine, ManualClock) {
    let clock = ManualClock::new();
    // Few members are many here, so that each encoding comes up.
    let config = (Config::new().stripes(8).seed(1).clock(clock.clone()))
        .encoding_limit(EncodingLimit::SetMaxIntsetEntries, 4)
        .encoding_limit(EncodingLimit::SetMaxListpackEntries, 6)
        .encoding_limit(EncodingLimit::StreamNodeMaxEntries, 3);
    (Engine::open(config).expect("valid"), clock)
}

/// What an entry holds, in a form that does not depend on how it is kept.
fn dump(entry: &Entry, now: Millis) -> Vec<u8> {
    match entry.kind() {
        Type::String => {
            let string = entry.string().expect("its type");
            string.bytes(&mut Digits::new()).to_vec()
        }
        Type::SortedSet => {
            let zset: ZSetRef<'_> = entry.view().expect("its type");
            let members = zset.iter().map(|(member, score)| (member.to_vec(), score.to_bits()));
            format!("{:?}", members.collect::<Vec<_>>()).into_bytes()
        }
        Type::Hash => {
            let hash = entry.view::<StoredHash<'_>>().expect("its type").at(|| now);
            let mut fields: Vec<_> = hash
                .iter()
                .map(|field| (field.name.to_vec(), field.value.to_bytes(), field.expiry))
                .collect();
            fields.sort();
            format!("{fields:?}").into_bytes()
        }
        Type::Set => {
            let set = entry.view::<SetRef<'_>>().expect("its type");
            let mut members: Vec<Vec<u8>> = set.iter().map(Member::to_vec).collect();
            members.sort();
            members.join(&b"\0"[..])
        }
        Type::List => {
            let list = entry.view::<ListRef<'_>>().expect("its type");
            let elements: Vec<_> = list.iter_from(0).map(|item| item.to_vec()).collect();
            format!("{elements:?}").into_bytes()
        }
        Type::Stream => streams::dump(entry.view().expect("its type")).into_bytes(),
    }
}

type Contents = Vec<(u32, Vec<u8>, Vec<u8>, Option<Millis>)>;

/// Everything an engine holds, in order.
fn contents(keyspace: &Keyspace) -> Contents {
    let (mut all, now) = (Vec::new(), keyspace.clock.now());
    for db in 0..keyspace.databases() {
        keyspace
            .begin_none(db)
            .for_each(|entry| {
                all.push((db, entry.key().to_vec(), dump(entry, now), entry.expiry()));
            })
            .expect("stripes are locked one at a time");
    }
    all.sort();
    all
}

/// The running counts of every stripe against a new count.
fn check_counts(keyspace: &Keyspace) {
    for stripe in &keyspace.stripes {
        let data = stripe.data.read();
        assert_eq!(data.bytes, data.count_bytes());
        assert_eq!(stripe.bytes.load(std::sync::atomic::Ordering::Relaxed), data.bytes);
        let keys: usize = data.spaces.iter().map(|space| space.table.len()).sum();
        assert_eq!(stripe.keys.load(std::sync::atomic::Ordering::Relaxed), keys);
        for space in &data.spaces {
            let (mut bytes, mut volatile, mut timed) = (0, 0, 0);
            space.table.for_each(|entry| {
                bytes += entry.heap_size();
                volatile += usize::from(entry.expiry().is_some());
                timed += usize::from(entry.is_timed());
                let latest = stripe.due.get().0.saturating_sub(super::expire::LONGEST_REST);
                assert!(entry.due().is_none_or(|at| at.0 >= latest), "due in time");
            });
            let counts = (space.entry_bytes, space.volatile, space.timed);
            assert_eq!(counts, (bytes, volatile, timed));
        }
    }
}

/// One command of few keys and databases, in its words.
fn command() -> impl Strategy<Value = (u32, Vec<String>)> {
    let key = || prop_oneof![Just("a"), Just("b"), Just("c"), Just("d")].prop_map(String::from);
    let number = || (-3..60_i64).prop_map(|n| n.to_string());
    let value =
        || prop_oneof![number(), "[a-z]{0,50}", (1000..1100_usize).prop_map(|n| "x".repeat(n))];
    let member = || prop_oneof![(0..9_i64).prop_map(|n| n.to_string()), "[a-g]"];
    let words = |words: Vec<String>| words;
    let two = move |name: &'static str| {
        (key(), value()).prop_map(move |(k, v)| words(vec![name.into(), k, v]))
    };
    let command = prop_oneof![
        two("SET"),
        two("APPEND"),
        two("SETNX"),
        (key(), value(), number()).prop_map(|(k, v, n)| vec!["SET".into(), k, v, "PX".into(), n]),
        (key(), value()).prop_map(|(k, v)| vec!["SET".into(), k, v, "KEEPTTL".into()]),
        (key(), number(), value()).prop_map(|(k, n, v)| vec!["SETRANGE".into(), k, n, v]),
        (key(), number()).prop_map(|(k, n)| vec!["INCRBY".into(), k, n]),
        (key(), number()).prop_map(|(k, n)| vec!["INCRBYFLOAT".into(), k, n]),
        (key(), number()).prop_map(|(k, n)| vec!["PEXPIRE".into(), k, n]),
        (key(), number()).prop_map(|(k, n)| vec!["GETEX".into(), k, "PX".into(), n]),
        key().prop_map(|k| vec!["PERSIST".into(), k]),
        key().prop_map(|k| vec!["GETDEL".into(), k]),
        (key(), key()).prop_map(|(a, b)| vec!["DEL".into(), a, b]),
        (key(), key()).prop_map(|(a, b)| vec!["RENAME".into(), a, b]),
        (key(), key()).prop_map(|(a, b)| vec!["COPY".into(), a, b, "DB".into(), "1".into()]),
        (key(), key()).prop_map(|(a, b)| vec!["COPY".into(), a, b, "REPLACE".into()]),
        key().prop_map(|k| vec!["MOVE".into(), k, "1".into()]),
        (key(), value(), key(), value()).prop_map(|(a, v, b, w)| vec!["MSET".into(), a, v, b, w]),
        (key(), value(), key(), value()).prop_map(|(a, v, b, w)| vec!["MSETNX".into(), a, v, b, w]),
        (key(), number(), 0..2_u8).prop_map(|(k, n, bit)| vec![
            "SETBIT".into(),
            k,
            n,
            bit.to_string()
        ]),
        (key(), number(), number()).prop_map(|(k, at, by)| {
            let words = "OVERFLOW FAIL INCRBY u4 AT BY SET i9 #AT BY";
            let word = |w: &str| w.replace("AT", &at).replace("BY", &by);
            ["BITFIELD", &k]
                .into_iter()
                .map(String::from)
                .chain(words.split(' ').map(word))
                .collect()
        }),
        (0..8_usize, key(), key(), key()).prop_map(|(op, a, b, c)| {
            let op = ["AND", "OR", "XOR", "DIFF", "DIFF1", "ANDOR", "ONE", "NOT"][op];
            let mut words = vec!["BITOP".into(), op.into(), a, b];
            words.extend((op != "NOT").then_some(c));
            words
        }),
        two("PFADD"),
        key().prop_map(|k| vec!["PFCOUNT".into(), k]),
        key().prop_map(|k| vec!["PFDEBUG".into(), "TODENSE".into(), k]),
        (key(), key(), key()).prop_map(|(a, b, c)| vec!["PFMERGE".into(), a, b, c]),
        hash_command(),
        hash_command(),
        (key(), proptest::collection::vec(member(), 1..6))
            .prop_map(|(k, members)| { ["SADD".into(), k].into_iter().chain(members).collect() }),
        (key(), member(), member()).prop_map(|(k, a, b)| vec!["SREM".into(), k, a, b]),
        (key(), key(), member()).prop_map(|(a, b, m)| vec!["SMOVE".into(), a, b, m]),
        key().prop_map(|k| vec!["SPOP".into(), k]),
        (key(), 0..9_u8).prop_map(|(k, n)| vec!["SPOP".into(), k, n.to_string()]),
        (0..3_usize, key(), key(), key()).prop_map(|(how, to, a, b)| {
            let name = ["SINTERSTORE", "SUNIONSTORE", "SDIFFSTORE"][how];
            vec![name.into(), to, a, b]
        }),
        sorted_set_command(),
        sorted_set_command(),
        lists::command(),
        lists::command(),
        streams::command(),
        streams::command(),
        streams::command(),
        Just(vec!["SWAPDB".into(), "0".into(), "1".into()]),
        Just(vec!["FLUSHDB".into()]),
        Just(vec!["WAIT A MOMENT".into()]),
    ];
    (0..2_u32, command)
}

/// A command on a hash, of few fields.
fn hash_command() -> impl Strategy<Value = Vec<String>> {
    const LINES: [&str; 24] = [
        "HSET k f v",
        "HSET k f v f v f v",
        "HSET k long v",
        "HSETNX k f v",
        "HDEL k f f",
        "HINCRBY k f n",
        "HINCRBYFLOAT k f n",
        "HPEXPIRE k n FIELDS 2 f f",
        "HPEXPIRE k n NX FIELDS 2 f f",
        "HPEXPIRE k n GT FIELDS 1 f",
        "HEXPIRE k 0 FIELDS 1 f",
        "HPERSIST k FIELDS 2 f f",
        "HGETEX k FIELDS 1 f",
        "HGETEX k PX n FIELDS 2 f f",
        "HGETEX k PERSIST FIELDS 1 f",
        "HSETEX k PX n FIELDS 2 f v f v",
        "HSETEX k KEEPTTL FIELDS 1 f v",
        "HSETEX k FNX FIELDS 1 f v",
        "HSETEX k NX PX n FIELDS 1 f v",
        "HGETDEL k FIELDS 2 f f",
        "HGETALL k",
        "COPY k k REPLACE",
        "RENAME k k",
        "MOVE k 1",
    ];
    let draws = proptest::collection::vec(0..1000_usize, 16);
    (0..LINES.len(), draws).prop_map(|(line, draws)| {
        let mut draws = draws.into_iter();
        let mut draw = |n: usize| draws.next().map_or(0, |draw| draw % n);
        let word = |word: &str| match word {
            "k" => ["h", "h", "h", "i", "a"][draw(5)].to_owned(),
            "f" => format!("f{}", draw(6)),
            "v" => ["1", "x", "", "10.5"][draw(4)].to_owned(),
            "n" => (draw(60) as i64 - 3).to_string(),
            // Makes a table of it.
            "long" => "l".repeat(60 + draw(10)),
            other => other.to_owned(),
        };
        LINES[line].split(' ').map(word).collect()
    })
}

/// One command of sorted sets: few keys and members, scores that tie.
fn sorted_set_command() -> impl Strategy<Value = Vec<String>> {
    let words = |text: String| text.split(' ').map(String::from).collect::<Vec<_>>();
    let key = || prop_oneof![Just("a"), Just("b"), Just("c"), Just("d")];
    let how = prop_oneof![Just(""), Just("NX "), Just("XX GT "), Just("CH "), Just("LT ")];
    let score = || prop_oneof![Just("-0"), Just("inf"), Just("1"), Just("2.5"), Just("-7")];
    let many = proptest::collection::vec((score(), 0..300_u32), 1..150);
    prop_oneof![
        (key(), how, many).prop_map(move |(k, how, pairs)| {
            let pairs: Vec<_> = pairs.iter().map(|(s, m)| format!("{s} member:{m}")).collect();
            words(format!("ZADD {k} {how}{}", pairs.join(" ")))
        }),
        (key(), score(), 0..9_u32)
            .prop_map(move |(k, s, m)| words(format!("ZADD {k} INCR {s} member:{m}"))),
        (key(), 0..300_u32, 0..9_u32)
            .prop_map(move |(k, m, n)| words(format!("ZREM {k} member:{m} member:{n}"))),
        (key(), -9..9_i32, -9..9_i32)
            .prop_map(move |(k, a, b)| words(format!("ZREMRANGEBYRANK {k} {a} {b}"))),
        (key(), 0..9_u32).prop_map(move |(k, n)| words(format!("ZPOPMAX {k} {n}"))),
        (key(), key()).prop_map(move |(a, b)| words(format!("ZMPOP 2 {a} {b} MIN COUNT 2"))),
        (key(), key(), key(), 0..3_usize).prop_map(move |(a, b, c, how)| {
            let how = ["ZUNIONSTORE", "ZINTERSTORE", "ZDIFFSTORE"][how];
            words(format!("{how} {a} 2 {b} {c}"))
        }),
        (key(), key(), 0..200_u32)
            .prop_map(move |(a, b, n)| words(format!("ZRANGESTORE {a} {b} 3 {n}"))),
        (key(), 0..90_u32, 0..80_u32, 0..20_u32)
            .prop_map(move |(k, x, y, m)| words(format!("GEOADD {k} {x} {y} member:{m}"))),
        (key(), key(), 1..9000_u32).prop_map(move |(a, b, km)| {
            let search = format!("FROMLONLAT 40 40 BYRADIUS {km} km STOREDIST");
            words(format!("GEOSEARCHSTORE {a} {b} {search}"))
        }),
    ]
}

fn execute(session: &mut Session, db: u32, words: &[impl AsRef<[u8]>]) {
    session.execute(["SELECT", &db.to_string()]).expect("a database that exists");
    // Errors are part of the game: a command that fails changes nothing.
    let _ = session.execute(words.iter().map(AsRef::as_ref));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 2 } else { 200 }, ..ProptestConfig::default() })]

    /// The record is enough: replayed on another engine it gives the same data. And whatever
    /// runs, the counts are right.
    #[test]
    fn the_record_gives_the_same_data(commands in proptest::collection::vec(command(), 1..60)) {
        let (engine, clock) = engine();
        let (copy, copy_clock) = super::tests::engine();
        let spy = register(engine.keyspace());
        let (mut session, mut replay) = (Session::new(&engine), Session::new(&copy));
        for (db, words) in commands {
            if words[0].starts_with("WAIT") {
                clock.advance(std::time::Duration::from_millis(20));
                engine.tick(std::time::Duration::from_secs(1));
            } else {
                execute(&mut session, db, &words);
            }
        }
        // The copy's clock stands at the start: what expired is gone because the record says so.
        prop_assert!(copy_clock.now() <= clock.now());
        for (db, words) in spy.commands.lock().drain(..) {
            execute(&mut replay, db, &words);
        }
        copy_clock.set(clock.now());
        prop_assert_eq!(contents(copy.keyspace()), contents(engine.keyspace()));
        check_counts(engine.keyspace());
        check_counts(copy.keyspace());
    }
}

fn names(events: &[KeyEvent]) -> Vec<(&str, Event)> {
    events.iter().map(|e| (std::str::from_utf8(&e.key).expect("ASCII"), e.event)).collect()
}

#[test]
fn observers_are_told_in_order_and_once() {
    let (engine, clock) = engine();
    let db = engine.db(0).expect("exists");
    db.set("old", "1").expect("set");
    let spy = register(engine.keyspace());
    db.set("old", "2").expect("set");
    db.set_ex("new", std::time::Duration::from_millis(5), "v").expect("set");
    assert!(!db.set_nx("old", "3").expect("refused"));
    assert!(db.del("old"));
    assert!(!db.del("old"));
    clock.advance(std::time::Duration::from_millis(5));
    db.set("new", "again").expect("set");
    let events = std::mem::take(&mut *spy.events.lock());
    let want = [
        ("old", SET),
        ("new", NEW),
        ("new", SET),
        ("new", EXPIRE),
        ("old", DEL),
        ("new", EXPIRED),
        ("new", NEW),
        ("new", SET),
    ];
    assert_eq!(names(&events), want);
    let before: Vec<_> = spy
        .before
        .lock()
        .iter()
        .map(|(db, e)| (*db, e.key().to_vec(), format!("{:?}", value(e))))
        .collect();
    let was = |key: &str, value: &str| (0, key.as_bytes().to_vec(), value.to_string());
    // SETNX looks, and may have changed it, so that it shows "2" too.
    assert_eq!(
        before,
        [was("old", "\"1\""), was("old", "\"2\""), was("old", "\"2\""), was("new", "\"v\"")]
    );
    let removed: Arc<dyn Observer> = spy.clone();
    engine.keyspace().observers.remove(&removed);
    db.set("old", "4").expect("set");
    assert!(spy.events.lock().is_empty());
}

fn value(entry: &Entry) -> String {
    String::from_utf8_lossy(&dump(entry, Millis(0))).into_owned()
}

#[test]
fn a_watched_key_is_marked_by_whatever_changes_it() {
    let (engine, clock) = engine();
    let db = engine.db(0).expect("exists");
    let changes: [(&str, &dyn Fn()); 8] = [
        ("set", &|| db.set("k", "w").expect("set")),
        ("del", &|| assert!(db.del("k"))),
        ("expire", &|| drop(db.expire("k", std::time::Duration::from_secs(9)))),
        ("rename", &|| db.rename("k", "l").expect("there")),
        ("flush", &|| db.flush()),
        ("flush all", &|| engine.flush_all()),
        ("swap", &|| engine.swap_db(0, 1).expect("both exist")),
        ("upkeep", &|| {
            db.set_ex("k", std::time::Duration::from_millis(1), "v").expect("set");
            clock.advance(std::time::Duration::from_millis(1));
            engine.tick(std::time::Duration::from_secs(1));
        }),
    ];
    let keyspace = engine.keyspace();
    for (name, change) in changes {
        engine.flush_all();
        db.set("k", "v").expect("set");
        let watcher = Arc::new(Watcher::default());
        let key = keyspace.key(b"k");
        keyspace.begin_one(0, key, Access::Exclusive).watch(key, &watcher).expect("held");
        db.get("k").expect("a string");
        db.set("other", "v").expect("set");
        assert!(!watcher.has_changed());
        change();
        assert!(watcher.has_changed(), "{name}");
        keyspace.unwatch(0, b"k", &watcher);
        assert!(keyspace.stripes.iter().all(|s| s.data.read().watch.is_empty()));
    }
}

#[test]
fn upkeep_reclaims_what_is_due_and_nothing_else() {
    let (engine, clock) = engine();
    let db = engine.db(3).expect("exists");
    for i in 0..5_000_u64 {
        db.set_ex(format!("short:{i}"), std::time::Duration::from_millis(1 + i % 100), "v")
            .expect("set");
        db.set_ex(format!("long:{i}"), std::time::Duration::from_secs(1000), "v").expect("set");
        db.set(format!("ever:{i}"), "v").expect("set");
    }
    let mut reclaimed = 0;
    for _ in 0..50 {
        clock.advance(std::time::Duration::from_millis(100));
        reclaimed += engine.tick(std::time::Duration::from_secs(9)).expired;
        check_counts(engine.keyspace());
    }
    assert_eq!((reclaimed, db.len()), (5_000, 10_000));
    // Nothing is due for a long time: upkeep has nothing to do, and knows it without a lock.
    let due = engine.keyspace().stripes.iter().map(|s| s.due.get()).min().expect("stripes");
    assert!(due > engine.now());
    clock.advance(std::time::Duration::from_secs(1000));
    assert_eq!(engine.tick(std::time::Duration::from_secs(9)).expired, 5_000);
    assert_eq!(db.len(), 5_000);
}

#[test]
fn a_transaction_refuses_keys_that_it_did_not_declare() {
    let (engine, _clock) = engine();
    let keyspace = engine.keyspace();
    let declared = keyspace.key(b"declared");
    let other = (0..)
        .map(|i: u32| i.to_string())
        .find(|k| keyspace.key(k.as_bytes()).stripe != declared.stripe)
        .expect("eight stripes");
    let other = keyspace.key(other.as_bytes());
    let mut tx = keyspace.begin_one(0, declared, Access::Exclusive);
    assert_eq!(tx.set(other, b"v", &SetArgs::default()).err(), Some(Error::UndeclaredKey));
    assert_eq!(tx.read(other).err(), Some(Error::UndeclaredKey));
    let mut tx = keyspace.begin_one(0, other, Access::Shared);
    assert_eq!(
        tx.set(other, b"v", &SetArgs::default()).err(),
        Some(Error::UndeclaredKey),
        "held for reading only"
    );
}

#[test]
fn long_strings_are_shared_with_readers_and_copied_when_changed() {
    let (engine, _clock) = engine();
    let db = engine.db(0).expect("exists");
    let long = vec![b'x'; 100_000];
    db.set("long", &long).expect("set");
    let seen = db.get("long").expect("a string").expect("there");
    let again = db.get("long").expect("a string").expect("there");
    assert_eq!(seen.as_ptr(), again.as_ptr(), "not copied");
    db.set_range("long", 0, "abc").expect("set");
    assert!(db.copy("long", "copy").expect("copied"));
    db.append("copy", "tail").expect("appended");
    assert_eq!(seen, long, "a reader keeps what it saw");
    assert_eq!(db.get_range("long", 0, 4).expect("a string"), "abcxx");
    assert_eq!((db.strlen("long"), db.strlen("copy")), (Ok(100_000), Ok(100_004)));
    check_counts(engine.keyspace());
}

#[test]
fn conditions_compare_what_is_there() {
    let (engine, _clock) = engine();
    let keyspace = engine.keyspace();
    let key = keyspace.key(b"k");
    let mut tx = keyspace.begin_one(0, key, Access::Exclusive);
    let mut set = |value: &[u8], condition| {
        tx.set(key, value, &SetArgs { condition, ..Default::default() }).expect("short").set
    };
    let digest = |bytes: &[u8]| crate::api::digest(StringRef::Bytes(bytes));
    assert!(!set(b"1", Compare::Equal(b"")));
    assert!(!set(b"1", Compare::Present));
    assert!(!set(b"1", Compare::DigestEqual(digest(b"1"))));
    assert!(set(b"1", Compare::NotEqual(b"1")));
    assert!(!set(b"2", Compare::NotEqual(b"1")));
    assert!(!set(b"2", Compare::Absent));
    assert!(set(b"2", Compare::Equal(b"1")));
    assert!(!set(b"3", Compare::DigestNotEqual(digest(b"2"))));
    assert!(set(b"3", Compare::DigestEqual(digest(b"2"))));
    assert!(set(b"4", Compare::DigestNotEqual(digest(b"2"))));
}

#[test]
fn a_run_with_seed_and_manual_clock_is_the_same_each_time() {
    let run = || {
        let (engine, clock) = engine();
        let db = engine.db(0).expect("exists");
        let mut trace = Vec::new();
        for i in 0..2_000_u64 {
            db.set_ex(
                format!("k{}", i % 700),
                std::time::Duration::from_millis(1 + i % 50),
                i.to_string(),
            )
            .expect("set");
            clock.advance(std::time::Duration::from_micros(300));
            if i % 100 == 0 {
                trace.push(format!(
                    "{:?} {:?}",
                    db.random_key(),
                    engine.tick(std::time::Duration::from_secs(1)).expired
                ));
            }
        }
        trace.extend(db.iter_keys().map(|k| format!("{k:?}")));
        trace
    };
    assert_eq!(run(), run());
    let _ = clock::Clock::system();
}
