//! The engine at its edges: settings that none can have, databases that are not there, lengths beyond the limit, clocks
//! that go wrong, and runs that repeat themselves.

#![allow(clippy::unwrap_used, reason = "a test says by failing what is wrong")]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use danio::command::{Session, Value};
use danio::{
    BitRange, Clock, Config, CopyOptions, Db, EncodingLimit, Engine, Error, EventStream,
    EvictionPolicy, ManualClock, SetOptions, StreamId, Subscription, Ttl, Watch,
};

/// What may go from thread to thread, and what several may share.
#[test]
fn handles_may_go_anywhere() {
    fn shared<T: Send + Sync + 'static>() {}
    fn sent<T: Send + 'static>() {}
    shared::<Engine>();
    shared::<Db>();
    shared::<Config>();
    shared::<Clock>();
    shared::<ManualClock>();
    shared::<Error>();
    shared::<Value>();
    shared::<StreamId>();
    shared::<danio::ConsumerGroup>();
    shared::<danio::Message>();
    shared::<danio::KeyEvent>();
    sent::<Watch>();
    sent::<Session>();
    sent::<Subscription>();
    sent::<EventStream>();
    #[cfg(feature = "snapshot")]
    shared::<danio::Checkpoint>();
    #[cfg(feature = "async")]
    sent::<danio::Waiting<()>>();
    #[cfg(feature = "network")]
    sent::<danio::network::Server>();
    #[cfg(feature = "cache")]
    shared::<danio::Cache<String>>();
}

#[test]
fn settings_that_no_engine_can_have_are_refused_by_name() {
    let limits = EncodingLimit::ALL.into_iter().flat_map(|limit| {
        let range = limit.range();
        let beyond = [range.start().checked_sub(1), range.end().checked_add(1)];
        let refused = beyond.into_iter().flatten();
        refused.map(move |value| (Config::new().encoding_limit(limit, value), limit.name()))
    });
    let settings = [
        (Config::new().stripes(0), "stripes"),
        (Config::new().stripes(3), "stripes"),
        (Config::new().stripes(usize::MAX), "stripes"),
        (Config::new().stripes(1 << 20), "stripes"),
        (Config::new().databases(0), "databases"),
        (Config::new().databases(65_537), "databases"),
        (Config::new().databases(u32::MAX), "databases"),
        (Config::new().max_string(0), "max_string"),
        (Config::new().max_string(danio::MAX_STRING + 1), "max_string"),
        (Config::new().max_string(usize::MAX), "max_string"),
        (Config::new().maxmemory_samples(0), "maxmemory_samples"),
        (Config::new().maxmemory_samples(u32::MAX), "maxmemory_samples"),
        (Config::new().maxmemory_eviction_tenacity(101), "maxmemory_eviction_tenacity"),
        (Config::new().notify_keyspace_events("KEA?"), "notify-keyspace-events"),
        #[cfg(feature = "snapshot")]
        (Config::new().dbfilename(""), "dbfilename"),
        #[cfg(feature = "snapshot")]
        (Config::new().dbfilename("../x"), "dbfilename"),
        #[cfg(feature = "aof")]
        (Config::new().append_filename(""), "appendfilename"),
        #[cfg(feature = "aof")]
        (Config::new().append_filename("a/b"), "appendfilename"),
        #[cfg(feature = "aof")]
        (Config::new().append_dirname(".."), "appenddirname"),
    ];
    for (config, name) in settings.into_iter().chain(limits) {
        match Engine::open(config) {
            Err(Error::Config(text)) => assert!(text.contains(name), "{name}: {text}"),
            other => panic!("{name}: {other:?}"),
        }
    }
    // The greatest that are possible are possible, all together.
    let most = EncodingLimit::ALL
        .into_iter()
        .fold(Config::new(), |config, limit| config.encoding_limit(limit, *limit.range().end()))
        .stripes(1024)
        .databases(65_536)
        .maxmemory(usize::MAX)
        .maxmemory_policy(EvictionPolicy::AllKeysLfu)
        .maxmemory_samples(64)
        .maxmemory_eviction_tenacity(100)
        .lfu_log_factor(u32::MAX)
        .lfu_decay_time(u32::MAX)
        .max_string(danio::MAX_STRING);
    let engine = Engine::open(most).unwrap();
    let last = engine.db(65_535).unwrap();
    last.set("k", "v").unwrap();
    last.get("k").unwrap();
    assert_eq!((last.len(), engine.db(0).unwrap().len()), (1, 0));
    // The least, too: a byte of memory holds nothing.
    let least = Config::new().stripes(1).databases(1).maxmemory(1).max_string(1 << 20);
    let db = Engine::open(least).unwrap().db(0).unwrap();
    // Room is looked for by what is in use, and nothing is yet.
    let _ = db.set("k", "v");
    assert_eq!(db.set("k", "v"), Err(Error::OutOfMemory));
    // A folder that is not there is an error with its name, and not an engine without files.
    #[cfg(feature = "aof")]
    {
        let nowhere = std::env::temp_dir().join("danio-no-such-folder");
        let error = Engine::open(Config::new().dir(&nowhere).append_only(true)).unwrap_err();
        assert_eq!(error.to_string().matches("danio-no-such-folder").count(), 1, "{error}");
    }
}

#[test]
fn databases_that_are_not_there_are_out_of_range() {
    let engine = Engine::open(Config::new().databases(2)).unwrap();
    let db = engine.db(1).unwrap();
    db.set("k", "v").unwrap();
    for number in [2, 3, u32::MAX] {
        assert_eq!(engine.db(number).err(), Some(Error::DbOutOfRange));
        assert_eq!(engine.swap_db(0, number), Err(Error::DbOutOfRange));
        assert_eq!(engine.swap_db(number, 0), Err(Error::DbOutOfRange));
        assert_eq!(db.move_to("k", number), Err(Error::DbOutOfRange));
        let far = CopyOptions::new().db(number);
        assert_eq!(db.copy_with("k", "k", far), Err(Error::DbOutOfRange));
        let select = |tx: &danio::Transaction<'_>| tx.select(number).map(drop);
        assert_eq!(db.transaction(["k"], select), Err(Error::DbOutOfRange));
    }
    assert!(db.exists("k"));
}

/// What is longer than `max_string` is refused by whatever would store it, and changes nothing.
#[test]
fn what_is_too_long_is_refused() {
    const LIMIT: usize = 1 << 20;
    let engine = Engine::open(Config::new().max_string(LIMIT)).unwrap();
    let db = engine.db(0).unwrap();
    let (fits, long) = (vec![b'x'; LIMIT], vec![b'x'; LIMIT + 1]);
    type Write = fn(&Db, &str, &[u8]) -> danio::Result<()>;
    let writes: [(&str, Write); 25] = [
        ("set", |db, k, v| db.set(k, v)),
        ("set_with", |db, k, v| db.set_with(k, v, SetOptions::new().previous()).map(drop)),
        ("set_ex", |db, k, v| db.set_ex(k, Duration::from_secs(9), v)),
        ("set_nx", |db, k, v| db.set_nx(k, v).map(drop)),
        ("get_set", |db, k, v| db.get_set(k, v).map(drop)),
        ("mset", |db, k, v| db.mset([("other", &b"v"[..]), (k, v)])),
        ("mset_nx", |db, k, v| db.mset_nx([(k, v)]).map(drop)),
        ("append", |db, k, v| db.append(k, v).map(drop)),
        ("set_range", |db, k, v| db.set_range(k, 0, v).map(drop)),
        ("lpush", |db, k, v| db.lpush(k, [v]).map(drop)),
        ("rpush", |db, k, v| db.rpush(k, [v]).map(drop)),
        ("sadd", |db, k, v| db.sadd(k, [v]).map(drop)),
        ("hset field", |db, k, v| db.hset(k, [(v, b"v")]).map(drop)),
        ("hset value", |db, k, v| db.hset(k, [(b"f", v)]).map(drop)),
        ("hset_nx", |db, k, v| db.hset_nx(k, "f", v).map(drop)),
        ("zadd", |db, k, v| db.zadd(k, v, 1).map(drop)),
        ("zincr_by", |db, k, v| db.zincr_by(k, v, 1).map(drop)),
        ("geoadd", |db, k, v| db.geoadd(k, v, danio::Position::new(1.0, 1.0).unwrap()).map(drop)),
        ("xadd field", |db, k, v| db.xadd(k, [(v, b"v")]).map(drop)),
        ("xadd value", |db, k, v| db.xadd(k, [(b"f", v)]).map(drop)),
        ("group", |db, k, v| db.consumer_group(k, v).create_from_end()),
        ("group's key", |db, k, v| {
            db.consumer_group(if v.len() > LIMIT { v } else { k.as_bytes() }, "g").create_from_end()
        }),
        ("incr, by its key", |db, k, v| {
            if v.len() > LIMIT { db.incr(v).map(drop) } else { db.incr(k).map(drop) }
        }),
        ("sadd, by its key", |db, k, v| {
            db.sadd(if v.len() > LIMIT { v } else { k.as_bytes() }, ["m"]).map(drop)
        }),
        ("rename, to a key", |db, k, v| {
            db.set("from", "v")?;
            db.rename("from", if v.len() > LIMIT { v } else { k.as_bytes() })
        }),
    ];
    for (name, write) in writes {
        db.flush();
        let error = write(&db, "k", &long).expect_err(name);
        assert_eq!(error, Error::StringTooLong, "{name}");
        db.del("from");
        assert!(db.is_empty(), "{name}: nothing was written");
        write(&db, "k", &fits).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(db.del("k"), "{name}");
    }
    let group = db.consumer_group("k", "g");
    group.create_from_start().unwrap();
    let id = db.xadd("k", [("f", "v")]).unwrap();
    assert_eq!(group.create_consumer(&long), Err(Error::StringTooLong));
    assert_eq!(group.read(&long, 1), Err(Error::StringTooLong));
    assert_eq!(group.claim(&long, Duration::ZERO, [id]), Err(Error::StringTooLong));
    assert!(group.consumers().unwrap().is_empty());
    assert_eq!(group.read(&fits, 1).unwrap().len(), 1);
    db.flush();
    // By places behind the end, and no byte is allocated for them.
    let before = engine.used_memory();
    db.flush();
    assert_eq!(db.set_range("k", LIMIT, "x"), Err(Error::StringTooLong));
    assert_eq!(db.set_range("k", usize::MAX, "x"), Err(Error::StringTooLong));
    assert!(db.set_bit("k", 8 * LIMIT as u64, true).is_err());
    assert!(db.set_bit("k", u64::MAX, true).is_err());
    db.set("k", &fits).unwrap();
    assert_eq!(db.append("k", "x"), Err(Error::StringTooLong));
    assert_eq!(db.append("k", ""), Ok(LIMIT));
    db.flush();
    assert!(engine.used_memory() <= before);
    // Keys that no engine has are not there, and nobody minds.
    assert_eq!((db.exists(&long), db.del(&long), db.ttl(&long)), (false, false, Ttl::Missing));
    assert_eq!(db.get(&long), Ok(None));
    assert_eq!(db.bit_count_in("k", BitRange::bytes(..)), Ok(0));
    // Without a limit of one's own it is Redis's.
    let db = Db::in_memory();
    assert_eq!(db.set_range("k", danio::MAX_STRING, "x"), Err(Error::StringTooLong));
    assert!(db.set_bit("k", 8 * danio::MAX_STRING as u64, true).is_err());
    assert!(db.is_empty());
}

fn year(years: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(years * 31_556_952)
}

#[test]
fn clocks_that_go_back_and_far_ahead_do_no_harm() {
    let clock = ManualClock::new();
    let engine = Engine::open(Config::new().clock(clock.clone()).seed(1)).unwrap();
    let db = engine.db(0).unwrap();
    let hour = Duration::from_secs(3600);
    let expiring = || {
        db.set_ex("k", hour, "v").unwrap();
        db.hset("h", [("f", "v")]).unwrap();
        db.hexpire("h", hour, ["f"]).unwrap();
    };
    expiring();
    let first = db.xadd("s", [("n", "1")]).unwrap();
    // Back: what has a time lives for longer, and ids of streams go on.
    clock.set(year(1));
    assert!(matches!(db.ttl("k"), Ttl::Left(left) if left > hour));
    assert!(db.hexists("h", "f").unwrap());
    let second = db.xadd("s", [("n", "2")]).unwrap();
    assert!(second > first && second.ms == first.ms, "{second:?}");
    assert!(matches!(db.idle_time("k"), Ok(Some(_))));
    clock.set(UNIX_EPOCH - Duration::from_secs(9));
    assert_eq!(clock.now(), UNIX_EPOCH);
    assert!(db.exists("k") && db.set_ex("early", hour, "v").is_ok());
    // Far ahead: what has a time is gone, and everything else works, up to the last moment that there is.
    for far in [year(10_000), year(290_000), year(100_000_000_000)] {
        clock.set(far);
        engine.tick(Duration::from_millis(1));
        assert!(db.exists_many(["k", "early", "h"]) == 0);
        db.set("k", "v").unwrap();
        assert_eq!(db.ttl("k"), Ttl::Forever);
        // A time that has no number is refused; one that has is kept.
        match db.set_ex("k", Duration::MAX, "w") {
            Err(Error::InvalidExpire(_)) => assert_eq!(db.get("k").unwrap().unwrap(), "v"),
            other => panic!("{other:?}"),
        }
        db.set_ex("k", hour, "w").unwrap();
        assert!(matches!(db.ttl("k"), Ttl::Left(left) if left <= hour), "{:?}", db.ttl("k"));
        assert!(db.expire("k", hour).unwrap() && db.persist("k"));
        db.hset("h", [("f", "v")]).unwrap();
        // Fields have fewer bits for a time, as in Redis.
        let _ = db.hexpire("h", hour, ["f"]);
        db.hpersist("h", ["f"]).unwrap();
        db.del("h");
        let id = db.xadd("s", [("n", "3")]).unwrap();
        assert!(id > second);
        assert_eq!(db.idle_time("k").unwrap(), Some(Duration::ZERO));
        for command in [["TIME"].as_slice(), &["INFO"], &["PEXPIRETIME", "k"], &["CLIENT", "LIST"]]
        {
            db.execute(command.iter().copied()).unwrap();
        }
        assert_eq!(db.blpop(["none"], Duration::ZERO).unwrap(), None);
        clock.advance(Duration::MAX);
        assert!(db.exists("k"), "it has no time");
        clock.set(year(60));
        expiring();
    }
}

/// A number of a simple generator, so that the calls do not depend on what they draw from.
fn dice(state: &mut u64) -> usize {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    (*state >> 11) as usize
}

/// Calls that draw, and calls that make something to draw from.
fn lines(count: usize) -> Vec<String> {
    let mut state = 88_172_645_463_325_252;
    let mut line = || {
        let (what, n, m) = (dice(&mut state) % 22, dice(&mut state) % 40, dice(&mut state) % 300);
        match what {
            0 => format!("SET key:{m} {}", "v".repeat(m)),
            1 => format!("SET key:{m} {} PX 100000", "w".repeat(m)),
            2 => format!("SADD set:{} {m} m{m} {n}", n % 3),
            3 => format!("ZADD zset:{} {m} m{m} {n} n{n}", n % 3),
            4 => format!("HSET hash:{} f{m} {n} g{n} {m}", n % 3),
            5 => format!("SPOP set:{}", n % 3),
            6 => format!("SPOP set:{} {}", n % 3, n % 5),
            7 => format!("SRANDMEMBER set:{} {}", n % 3, m as i64 - 150),
            8 => format!("ZRANDMEMBER zset:{} {}", n % 3, m as i64 - 150),
            9 => format!("HRANDFIELD hash:{} {} WITHVALUES", n % 3, m as i64 - 150),
            10 | 11 => "RANDOMKEY".into(),
            12 => format!("PEXPIRE key:{m} {}", 1 + n * 10),
            13 => format!("XADD stream * n {n}"),
            14 => format!("SCAN {n} COUNT 5"),
            15 => format!("SSCAN set:{} 0 COUNT 3", n % 3),
            16 => format!("GET key:{m}"),
            17 => format!("OBJECT FREQ key:{m}"),
            18 => format!("OBJECT IDLETIME key:{m}"),
            19 => "DBSIZE".into(),
            20 => "KEYS *".into(),
            _ => format!("PTTL key:{m}"),
        }
    };
    (0..count).map(|_| line()).collect()
}

#[test]
fn with_a_seed_and_a_manual_clock_a_run_repeats_itself() {
    let lines = lines(4_000);
    for policy in EvictionPolicy::ALL {
        let run = |seed: u64, curious: bool| {
            let clock = ManualClock::new();
            let config = Config::new().clock(clock.clone()).seed(seed).stripes(8);
            let config = config.maxmemory(30_000).maxmemory_policy(policy);
            let engine = Engine::open(config).unwrap();
            let mut session = Session::new(&engine);
            let mut replies = Vec::new();
            for (turn, line) in lines.iter().enumerate() {
                replies.push(format!("{line}: {:?}", session.execute(line.split(' '))));
                if turn % 7 == 0 {
                    clock.advance(Duration::from_millis(3));
                }
                if turn % 100 == 0 {
                    engine.tick(Duration::MAX);
                }
                // Who asks how an engine is does not change how it goes on.
                if curious && turn % 10 == 0 {
                    session.execute(["INFO"]).unwrap();
                    session.execute(["INFO", "keyspace"]).unwrap();
                }
            }
            let evicted = session.execute(["INFO", "stats"]).unwrap();
            let evicted = String::from_utf8_lossy(evicted.as_bytes().unwrap()).into_owned();
            let evicted = evicted.lines().find_map(|line| line.strip_prefix("evicted_keys:"));
            (replies, evicted.unwrap().parse::<u64>().unwrap(), engine.used_memory())
        };
        let first = run(7, false);
        for curious in [false, true] {
            let again = run(7, curious);
            let differs = first.0.iter().zip(&again.0).find(|(a, b)| a != b);
            assert_eq!(differs, None, "{policy:?}, {curious}");
            assert_eq!((first.1, first.2), (again.1, again.2), "{policy:?}, {curious}");
        }
        assert_eq!(first.1 > 0, policy != EvictionPolicy::NoEviction, "{policy:?}: {}", first.1);
        assert_ne!(first.0, run(8, false).0, "{policy:?}");
    }
}
