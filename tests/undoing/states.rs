//! What keys may hold before a call: every type in every encoding, with times and without.

use std::time::Duration;

use danio::{Db, Position, Score, StreamId, XAddOptions};

/// The key that calls are about, one of the same state, and one that is missing.
pub(crate) const K: &str = "k";
pub(crate) const O: &str = "o";
pub(crate) const N: &str = "n";

/// How a state is made under a key; the number tells two keys of one state apart.
pub(crate) type Make = fn(&Db, &str, usize) -> danio::Result<()>;

/// How many elements are too many for the compact encodings of the engines that are tested here.
const BIG: usize = 60;

pub(crate) fn id(n: u64) -> StreamId {
    StreamId::new(n, 1)
}

/// Three that calls name, and others.
fn words(salt: usize, others: usize) -> impl Iterator<Item = String> {
    let others = (0..others).map(move |n| format!("{}", n * (salt + 1) + 7) + "w");
    ["a", "b", "c"].into_iter().map(str::to_owned).chain(others)
}

fn scored(salt: usize, others: usize) -> impl Iterator<Item = (String, Score)> {
    words(salt, others).enumerate().map(|(n, word)| (word, Score::from(n as i64 + 1)))
}

fn pairs(salt: usize, others: usize) -> impl Iterator<Item = (String, String)> {
    words(salt, others).enumerate().map(|(n, word)| (word, n.to_string()))
}

fn entries(db: &Db, key: &str, count: u64) -> danio::Result<()> {
    for n in 1..=count {
        db.xadd_with(key, [("field", n.to_string())], XAddOptions::new().id(id(n)))?;
    }
    Ok(())
}

/// Two groups, of which one has entries pending with two consumers, and some that were deleted.
fn groups(db: &Db, key: &str) -> danio::Result<()> {
    let group = db.consumer_group(key, "g");
    group.create_from_start()?;
    db.consumer_group(key, "idle").create_from_end()?;
    group.read("ann", 2)?;
    group.read("bob", 1)?;
    group.ack([id(1)])?;
    db.xdel(key, [id(3)]).map(drop)
}

fn times(db: &Db, key: &str) -> danio::Result<()> {
    db.hexpire(key, Duration::from_secs(500), ["a"])?;
    db.hexpire(key, Duration::from_secs(900), ["b"]).map(drop)
}

pub(crate) const STATES: &[(&str, Make)] = &[
    ("missing", |_, _, _| Ok(())),
    ("a number", |db, key, salt| db.set(key, (42 + salt).to_string())),
    ("a short string", |db, key, salt| db.set(key, ["abc", "xyz"][salt])),
    ("a string of its own allocation", |db, key, salt| db.set(key, vec![b'v'; 100 + salt])),
    ("a long string", |db, key, salt| db.set(key, vec![b'v'; 9_000 + salt])),
    ("a sparse HyperLogLog", |db, key, salt| db.pf_add(key, words(salt, 10)).map(drop)),
    ("a dense HyperLogLog", |db, key, salt| db.pf_add(key, words(salt, 300)).map(drop)),
    ("a packed list", |db, key, salt| db.rpush(key, words(salt, 3)).map(drop)),
    ("a big list", |db, key, salt| {
        db.rpush(key, words(salt, 500))?;
        db.rpush(key, [vec![b'e'; 9_000 + salt]]).map(drop)
    }),
    ("a set of integers", |db, key, salt| {
        db.sadd(key, (1..5).map(|n| (n * (salt + 1)).to_string())).map(drop)
    }),
    ("a packed set", |db, key, salt| db.sadd(key, words(salt, 3)).map(drop)),
    ("a big set", |db, key, salt| db.sadd(key, words(salt, BIG)).map(drop)),
    ("a packed hash", |db, key, salt| db.hset(key, pairs(salt, 3)).map(drop)),
    ("a packed hash whose fields expire", |db, key, salt| {
        db.hset(key, pairs(salt, 3))?;
        times(db, key)
    }),
    ("a big hash", |db, key, salt| db.hset(key, pairs(salt, BIG)).map(drop)),
    ("a big hash whose fields expire", |db, key, salt| {
        db.hset(key, pairs(salt, BIG))?;
        times(db, key)
    }),
    ("a packed sorted set", |db, key, salt| db.zadd_many(key, scored(salt, 3)).map(drop)),
    ("a big sorted set", |db, key, salt| db.zadd_many(key, scored(salt, BIG)).map(drop)),
    ("places", |db, key, salt| {
        let at = |n: usize| Position::new(n as f64, salt as f64);
        let places = words(salt, 2).enumerate().map(|(n, word)| Ok((word, at(n)?)));
        db.geoadd_many(key, places.collect::<danio::Result<Vec<_>>>()?).map(drop)
    }),
    ("a stream", |db, key, salt| entries(db, key, 5 + salt as u64)),
    ("an emptied stream", |db, key, _| {
        entries(db, key, 1)?;
        db.xdel(key, [id(1)]).map(drop)
    }),
    ("a stream with groups", |db, key, salt| {
        entries(db, key, 6 + salt as u64)?;
        groups(db, key)
    }),
    ("a big stream with groups", |db, key, salt| {
        entries(db, key, 350 + salt as u64)?;
        groups(db, key)?;
        db.consumer_group(key, "g").read("ann", 200).map(drop)
    }),
    ("a stream that knows its producers", |db, key, _| {
        let once = XAddOptions::new().idmp("producer", "zero");
        db.xadd_with(key, [("f", "v")], once).map(drop)
    }),
];
