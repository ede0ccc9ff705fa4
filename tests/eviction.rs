//! `maxmemory`: how well the limit is kept, and what a run depends on.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use danio::command::{Session, Value};
use danio::{Config, Db, Engine, Error, EvictionPolicy, ManualClock, Upkeep};

const EVICTING: fn() -> Vec<EvictionPolicy> =
    || EvictionPolicy::ALL.into_iter().filter(|p| *p != EvictionPolicy::NoEviction).collect();

fn config_set(session: &mut Session, name: &str, value: &str) {
    assert_eq!(session.execute(["CONFIG", "SET", name, value]), Ok(Value::Status("OK".into())));
}

/// A number of the report that INFO gives.
fn info(session: &mut Session, name: &str) -> u64 {
    let report = match session.execute(["INFO", "everything"]).expect("a report") {
        Value::Verbatim { text, .. } => text.to_string(),
        other => panic!("{other:?}"),
    };
    let line = report.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.unwrap_or_else(|| panic!("{name} in {report}")).trim().parse().expect("a number")
}

#[test]
fn eight_writers_keep_the_limit_within_one_percent() {
    const LIMIT: usize = 16 << 20;
    const KEYS: usize = 100_000;
    for policy in
        [EvictionPolicy::AllKeysLru, EvictionPolicy::AllKeysS3Fifo, EvictionPolicy::VolatileTtl]
    {
        let config = Config::new().maxmemory(LIMIT).maxmemory_policy(policy).upkeep(Upkeep::Thread);
        let engine = Engine::open(config).expect("valid");
        let (most, done) = (AtomicUsize::new(0), AtomicBool::new(false));
        std::thread::scope(|scope| {
            let writing: Vec<_> = (0..8_usize)
                .map(|writer| {
                    let (db, most) = (engine.db(writer as u32 % 2).expect("exists"), &most);
                    scope.spawn(move || {
                        for i in 0..15_000_usize {
                            let at = (i * 8 + writer).wrapping_mul(0x9E37_79B9) % KEYS;
                            let value = vec![b'v'; at % 1_000];
                            let expiry = Duration::from_secs(1_000 + at as u64);
                            db.set_ex(format!("key:{at}"), expiry, value).expect("room is made");
                            if i % 16 == 0 {
                                most.fetch_max(db.engine().used_memory(), Relaxed);
                            }
                        }
                    })
                })
                .collect();
            let (watched, done) = (&engine, &done);
            let most = &most;
            scope.spawn(move || {
                while !done.load(Relaxed) {
                    most.fetch_max(watched.used_memory(), Relaxed);
                    std::thread::yield_now();
                }
            });
            writing.into_iter().for_each(|thread| thread.join().expect("no panic"));
            done.store(true, Relaxed);
        });
        let most = most.load(Relaxed);
        assert!(most > LIMIT / 100 * 99, "{policy:?}: the limit was not reached: {most}");
        assert!(most <= LIMIT / 100 * 101, "{policy:?}: {most} of {LIMIT}");
    }
}

/// What is left in the databases after a run that is the same each time.
fn run(policy: EvictionPolicy) -> Vec<String> {
    let clock = ManualClock::new();
    let config = Config::new()
        .seed(7)
        .stripes(16)
        .clock(clock.clone())
        .maxmemory(300_000)
        .maxmemory_policy(policy);
    let engine = Engine::open(config).expect("valid");
    let mut left = Vec::new();
    for i in 0..20_000_u64 {
        let db = engine.db((i % 3) as u32).expect("exists");
        let at = i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 50;
        clock.advance(Duration::from_millis(at % 50));
        if db.get(format!("k{}", at % 3_000)).expect("a string").is_none() {
            db.set_ex(
                format!("k{at}"),
                Duration::from_secs(9_000 + at),
                vec![b'v'; at as usize % 300],
            )
            .expect("room is made");
        }
    }
    for number in 0..3 {
        let db = engine.db(number).expect("exists");
        left.extend(
            (0..16_384).filter(|i| db.exists(format!("k{i}"))).map(|i| format!("{number} {i}")),
        );
    }
    left
}

#[test]
fn a_seed_and_a_manual_clock_decide_who_goes() {
    for policy in EVICTING() {
        let first = run(policy);
        assert!(first.len() > 500, "{policy:?}: {}", first.len());
        assert_eq!(first, run(policy), "{policy:?}");
    }
}

/// An engine that holds much, as a call after the limit was lowered finds it.
fn lowered(policy: EvictionPolicy) -> (Db, Session) {
    let config = Config::new().seed(1).clock(ManualClock::new()).maxmemory_policy(policy);
    let engine = Engine::open(config).expect("valid");
    let db = engine.db(0).expect("exists");
    let expiry = Duration::from_secs(1_000);
    (0..50_000).for_each(|i| db.set_ex(format!("k{i}"), expiry, [b'v'; 100]).expect("no limit"));
    let mut session = Session::new(&engine);
    config_set(&mut session, "maxmemory", "1mb");
    (db, session)
}

#[test]
fn a_limit_lowered_by_far_stalls_nobody_and_is_reached() {
    for policy in EVICTING() {
        let (db, mut session) = lowered(policy);
        let before = db.len();
        db.set("one more", "v").expect("it goes on");
        let gone = before + 1 - db.len();
        assert!(
            (100..=600).contains(&gone),
            "{policy:?}: a call evicts for a bounded time: {gone}"
        );
        // Every command makes room first, as far as it gets.
        assert!(info(&mut session, "evicted_keys") > gone as u64);
        config_set(&mut session, "maxmemory-eviction-tenacity", "0");
        let before = db.len();
        db.set("another", "v").expect("it goes on");
        assert!(
            (1..=16).contains(&(before + 1 - db.len())),
            "{policy:?}: and is told for how long"
        );
        // Upkeep goes on though nobody writes.
        let mut rounds = 0;
        while db.engine().tick(Duration::from_millis(5)).more {
            rounds += 1;
        }
        assert!((2..100).contains(&rounds), "{rounds}");
        assert!(db.engine().used_memory() <= 1 << 20, "{policy:?}");
        assert!(db.len() > 1_000, "{policy:?}: and no more than that: {}", db.len());
        config_set(&mut session, "maxmemory-eviction-tenacity", "100");
        config_set(&mut session, "maxmemory", "200kb");
        db.set("a third", "v").expect("it takes the time that it takes");
        // Room is made before a call, which then takes some.
        let used = db.engine().used_memory();
        assert!(used <= (200 << 10) / 100 * 101, "{policy:?}: {used}");
    }
}

#[test]
fn who_asks_for_memory_is_refused_and_who_does_not_is_served() {
    let oom = || Err(Error::OutOfMemory);
    for policy in ["noeviction", "volatile-lru"] {
        let engine = Engine::open(Config::new()).expect("valid");
        let mut session = Session::new(&engine);
        let mut say = |line: &str| session.execute(line.split(' '));
        say("SET stays 1").expect("OK");
        say("RPUSH list a").expect("1");
        say(&format!("CONFIG SET maxmemory 1 maxmemory-policy {policy}")).expect("OK");
        for line in
            ["SET k v", "INCR stays", "LPUSH list b", "COPY stays other", "SORT list ALPHA STORE s"]
        {
            assert_eq!(say(line), oom(), "{line}");
        }
        let words = say("SETNX k v").expect_err("refused").to_string();
        assert_eq!(words, "OOM command not allowed when used memory > 'maxmemory'.");
        assert_eq!(say("GET stays"), Ok(Value::Bulk("1".into())));
        assert_eq!(say("LPOP list"), Ok(Value::Bulk("a".into())));
        say("MULTI").expect("OK");
        assert_eq!(say("GET stays"), Ok(Value::Status("QUEUED".into())));
        assert_eq!(say("SET k v"), oom());
        let aborted = say("EXEC").expect_err("aborted").to_string();
        assert!(aborted.starts_with("EXECABORT"), "{aborted}");
        // What was queued while there was room is refused as a whole when there is none.
        say("CONFIG SET maxmemory 0").expect("OK");
        say("MULTI").expect("OK");
        say("SET k v").expect("QUEUED");
        let mut other = Session::new(&engine);
        config_set(&mut other, "maxmemory", "1");
        let aborted = session.execute(["EXEC"]).expect_err("aborted").to_string();
        assert_eq!(
            aborted,
            "EXECABORT Transaction discarded because of: OOM command not allowed when used memory > 'maxmemory'."
        );
        let db = engine.db(0).expect("exists");
        assert_eq!(db.set("k", "v"), Err(Error::OutOfMemory));
        assert!(db.del("stays"));
        assert!(info(&mut other, "current_eviction_exceeded_time") < 60_000);
    }
}

#[test]
fn eviction_is_seen_by_those_who_watch() {
    let config =
        Config::new().maxmemory_policy(EvictionPolicy::AllKeysRandom).clock(ManualClock::new());
    let engine = Engine::open(config).expect("valid");
    let (mut watcher, mut other) = (Session::new(&engine), Session::new(&engine));
    watcher.execute(["SET", "k", "v"]).expect("OK");
    watcher.execute(["WATCH", "k"]).expect("OK");
    watcher.execute(["MULTI"]).expect("OK");
    watcher.execute(["PING"]).expect("QUEUED");
    config_set(&mut other, "maxmemory", "1");
    assert_eq!(
        other.execute(["EXISTS", "k"]),
        Ok(Value::Int(0)),
        "evicted before the command runs"
    );
    config_set(&mut other, "maxmemory", "0");
    assert_eq!(watcher.execute(["EXEC"]), Ok(Value::Nil));
}

#[test]
fn a_pause_keeps_keys_from_being_evicted() {
    let clock = ManualClock::new();
    let config = Config::new().maxmemory_policy(EvictionPolicy::AllKeysLru).clock(clock.clone());
    let engine = Engine::open(config).expect("valid");
    let mut session = Session::new(&engine);
    session.execute(["SET", "k", "v"]).expect("OK");
    session.execute(["CLIENT", "PAUSE", "1000", "WRITE"]).expect("OK");
    config_set(&mut session, "maxmemory", "1");
    assert_eq!(session.execute(["EXISTS", "k"]), Ok(Value::Int(1)));
    clock.advance(Duration::from_secs(2));
    assert_eq!(session.execute(["EXISTS", "k"]), Ok(Value::Int(0)));
}

#[test]
fn frequencies_and_idle_times_are_those_of_the_clock() {
    let clock = ManualClock::new();
    let config = Config::new()
        .maxmemory_policy(EvictionPolicy::AllKeysLfu)
        .clock(clock.clone())
        .lfu_log_factor(0);
    let db = Engine::open(config).expect("valid").db(0).expect("exists");
    db.set("k", "v").expect("room");
    assert_eq!(db.frequency("k"), Ok(Some(5)));
    (0..20).for_each(|_| drop(db.get("k")));
    assert_eq!(db.frequency("k"), Ok(Some(25)), "each use counts");
    clock.advance(Duration::from_secs(7 * 60));
    assert_eq!(db.frequency("k"), Ok(Some(18)), "and each minute without one");
    let mut session = Session::new(db.engine());
    config_set(&mut session, "lfu-decay-time", "7");
    assert_eq!(db.frequency("k"), Ok(Some(24)));
    config_set(&mut session, "lfu-decay-time", "0");
    assert_eq!(db.frequency("k"), Ok(Some(25)));
    assert!(db.idle_time("k").is_err());
    config_set(&mut session, "maxmemory-policy", "allkeys-lru");
    assert!(db.frequency("k").is_err());
    db.touch("k");
    clock.advance(Duration::from_millis(61_500));
    assert_eq!(db.idle_time("k"), Ok(Some(Duration::from_secs(61))));
}

#[test]
fn under_lrm_a_change_counts_and_a_use_does_not() {
    let clock = ManualClock::new();
    let config = Config::new().maxmemory_policy(EvictionPolicy::AllKeysLrm).clock(clock.clone());
    let db = Engine::open(config).expect("valid").db(0).expect("exists");
    let mut session = Session::new(db.engine());
    let mut idle_after = |command: &str| {
        db.del("k");
        db.rpush("k", ["a", "b"]).expect("a list");
        clock.advance(Duration::from_secs(9));
        session.execute(command.split(' ')).expect(command);
        db.idle_time("k").expect("not counted").expect("there").as_secs()
    };
    for uses in
        ["LRANGE k 0 -1", "TOUCH k", "TYPE k", "LPUSHX other v", "PERSIST k", "LREM k 0 none"]
    {
        assert_eq!(idle_after(uses), 9, "{uses}");
    }
    for changes in ["LPUSH k v", "LSET k 0 v", "LPOP k", "EXPIRE k 100", "SET k v", "COPY k k2"] {
        assert_eq!(idle_after(changes), if changes == "COPY k k2" { 9 } else { 0 }, "{changes}");
    }
    assert_eq!(db.idle_time("k2"), Ok(Some(Duration::ZERO)), "a copy is new");
    clock.advance(Duration::from_secs(5));
    session.execute(["RENAME", "k2", "k3"]).expect("there");
    assert_eq!(
        db.idle_time("k3"),
        Ok(Some(Duration::from_secs(5))),
        "a name is no part of a value"
    );
    session.execute(["CLIENT", "NO-TOUCH", "ON"]).expect("on");
    session.execute(["RPUSH", "k3", "c"]).expect("a list");
    assert_eq!(db.idle_time("k3"), Ok(Some(Duration::from_secs(5))), "unless it is not to count");
    config_set(&mut session, "maxmemory-policy", "volatile-lru");
    assert!(db.touch("k3"));
    assert_eq!(db.idle_time("k3"), Ok(Some(Duration::ZERO)), "the clock is that of LRU");
    config_set(&mut session, "maxmemory-policy", "volatile-lrm");
    assert_eq!(session.execute(["OBJECT", "FREQ", "k3"]).expect_err("not counted").code(), "ERR");
}

#[cfg(feature = "snapshot")]
#[test]
fn the_time_of_the_last_change_is_restored_and_kept_in_snapshots() {
    let open = || {
        let clock = ManualClock::new();
        let config =
            Config::new().maxmemory_policy(EvictionPolicy::VolatileLrm).clock(clock.clone());
        (Engine::open(config).expect("valid"), clock)
    };
    let (engine, clock) = open();
    let db = engine.db(0).expect("exists");
    db.set("k", "v").expect("room");
    let payload = db.dump("k").expect("a key");
    let mut session = Session::new(&engine);
    let words = [&b"RESTORE"[..], b"again", b"0", &payload, b"IDLETIME", b"40"];
    session.execute(words).expect("a good payload");
    clock.advance(Duration::from_secs(2));
    assert_eq!(db.get("again").expect("a string").as_deref(), Some(&b"v"[..]));
    let mut file = Vec::new();
    engine.export(&mut file).expect("written");
    let (loaded, _) = open();
    loaded.import(&file[..]).expect("read");
    for engine in [&engine, &loaded] {
        let idle = |key| engine.db(0).expect("exists").idle_time(key).expect("not counted");
        assert_eq!(idle("again"), Some(Duration::from_secs(42)));
        assert_eq!(idle("k"), Some(Duration::from_secs(2)));
    }
}

#[test]
fn what_is_modified_stays_longer_than_what_is_read() {
    for policy in [EvictionPolicy::AllKeysLrm, EvictionPolicy::VolatileLrm] {
        let clock = ManualClock::new();
        let config = Config::new().stripes(4).seed(1).clock(clock.clone()).maxmemory(200_000);
        let engine = Engine::open(config.maxmemory_policy(policy)).expect("valid");
        let db = engine.db(0).expect("exists");
        let expiry = Duration::from_secs(100_000);
        let key = |i: usize| format!("k{i}");
        (0..1_000).for_each(|i| db.set_ex(key(i), expiry, [b'v'; 50]).expect("room"));
        let modified = |i: usize| i.is_multiple_of(10);
        for _ in 0..20 {
            clock.advance(Duration::from_secs(10));
            for i in 0..1_000 {
                match modified(i) {
                    true => drop(db.set_range(key(i), 0, "w").expect("a string")),
                    false => drop(db.get(key(i)).expect("a string")),
                }
            }
        }
        (0..2_000).for_each(|i| {
            db.set_ex(format!("new{i}"), expiry, [b'v'; 50]).expect("room is made");
        });
        let left = |which: &dyn Fn(usize) -> bool| {
            (0..1_000).filter(|i| which(*i) && db.exists(key(*i))).count()
        };
        let (kept, others) = (left(&modified), left(&|i| !modified(i)));
        assert!(kept > 75 && others < 500, "{policy:?}: {kept} of 100, {others} of 900 others");
    }
}

/// A small cache under LFU: of a thousand keys, spread thinly over the stripes, those that were popular once must not
/// keep out for ever what is asked for now.
#[test]
fn lfu_lets_new_keys_live_until_they_are_used_again() {
    let config = Config::new()
        .stripes(64)
        .seed(1)
        .clock(ManualClock::new())
        .maxmemory_policy(EvictionPolicy::AllKeysLfu);
    let db = Engine::open(config).expect("valid").db(0).expect("exists");
    let ask = |key: usize| {
        let found = db.get(format!("key:{key:08}")).expect("a string").is_some();
        if !found {
            db.set(format!("key:{key:08}"), "v").expect("room is made");
        }
        found
    };
    // Each of a thousand was used thirty times.
    let uses = (0..30).flat_map(|_| 0..1_000);
    assert_eq!(uses.filter(|key| ask(*key)).count(), 29_000);
    let mut session = Session::new(db.engine());
    config_set(&mut session, "maxmemory", &db.engine().used_memory().to_string());
    // Now others are popular, each for a while: they are asked for four times.
    let (mut asked, mut hits) = (0, 0);
    for step in 30..20_000 {
        for again in 0..4 {
            asked += 1;
            hits += usize::from(ask(1_000_000 + step - 10 * again));
        }
    }
    assert!(hits * 100 >= asked * 40, "{hits} of {asked}");
}
