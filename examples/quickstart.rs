//! What Danio is, in a minute: `cargo run --example quickstart`.
//!
//! Redis's data structures as a library: a handle that any thread may share, methods named
//! as Redis names its commands, Rust types for what Redis says with numbers and nulls.

use std::thread;
use std::time::Duration;

use danio::{Db, Error, ScanOptions, SetOptions, Ttl, ZRange};

fn main() -> danio::Result<()> {
    // An empty database in this process's memory: no server, no thread, no file.
    let db = Db::in_memory();

    // Strings are bytes; a missing key is `None`.
    db.set("greeting", "hello")?;
    assert_eq!(db.get("greeting")?.as_deref(), Some(&b"hello"[..]));
    assert_eq!(db.get("nothing")?, None);

    // Reading without a copy: the closure sees the bytes where they lie.
    let length = db.get_with("greeting", |bytes| bytes.len())?;
    println!("the greeting has {length:?} bytes");

    // A key that lives for a minute, and how long it has left.
    db.set_ex("code:ann", Duration::from_secs(60), "493817")?;
    match db.ttl("code:ann") {
        Ttl::Left(left) => println!("the code is good for {} s", left.as_secs_f32().ceil()),
        other => panic!("a key with an expiry says {other:?}"),
    }

    // Options are built up, not positional; the outcome has names.
    let options = SetOptions::new().if_equal("hello").previous();
    let outcome = db.set_with("greeting", "good morning", options)?;
    println!("replaced: {}, before: {:?}", outcome.set, outcome.previous);

    // Counters are atomic: eight threads, one number.
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..1000).try_for_each(|_| db.incr("visits").map(drop)));
        }
    });
    assert_eq!(db.get("visits")?.as_deref(), Some(&b"8000"[..]));
    println!("visits: 8000, none lost");

    // Several keys at once, in one step that nobody sees half of.
    db.mset([("user:1", "Ann"), ("user:2", "Bob"), ("user:3", "Cem")])?;
    let names = db.mget(["user:1", "user:9", "user:3"]);
    assert_eq!(names.iter().filter(|name| name.is_some()).count(), 2);

    // Collections under Redis's names, with Rust's types and ranges.
    db.rpush("jobs", ["resize", "upload", "notify"])?;
    assert_eq!(db.lpop("jobs")?.as_deref(), Some(&b"resize"[..]));
    db.hset("profile:ann", [("name", "Ann"), ("city", "Ankara")])?;
    db.hexpire("profile:ann", Duration::from_secs(60), ["city"])?;
    db.zadd_many("board", [("ann", 31), ("bob", 17), ("cem", 64)])?;
    for (place, (player, score)) in (1..).zip(db.zrange("board", ZRange::by_rank(..2).rev())?) {
        println!("{place}. {} with {score}", String::from_utf8_lossy(&player));
    }

    // Walking the keys a page at a time, without stopping anybody else.
    let mut users = Vec::new();
    let mut cursor = Some(0);
    while let Some(from) = cursor {
        let page = db.scan(from, &ScanOptions::new().matching("user:*").count(2));
        users.extend(page.items);
        cursor = page.cursor;
    }
    users.sort();
    println!("users: {users:?}");

    // A mistake is a value of a type, with the words a Redis client would see.
    let mistake = db.incr("user:1").expect_err("a name is no number");
    assert_eq!(mistake, Error::NotInteger);
    println!("incr user:1: {mistake}");

    println!("{} keys in {} bytes", db.len(), db.engine().used_memory());
    Ok(())
}
