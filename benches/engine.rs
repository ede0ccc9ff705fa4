//! The typed face, call by call, on a database of a million keys.
//!
//! `cargo bench --bench engine [-- filter]`. For Danio beside other libraries see `benches/compare`.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use danio::{Db, ScanOptions, SetOptions};

const KEYS: u64 = 1_000_000;

fn key(i: u64) -> String {
    format!("key:{i:012}")
}

fn filled() -> Db {
    let db = Db::in_memory();
    (0..KEYS).for_each(|i| db.set(key(i), [b'v'; 32]).expect("short"));
    db
}

/// Keys in an order that no prefetcher guesses; the same each time.
fn random_keys() -> impl FnMut() -> String {
    let mut state = 1_u64;
    move || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        key((state >> 20) % KEYS)
    }
}

fn one_key(c: &mut Criterion) {
    let db = filled();
    let mut group = c.benchmark_group("one key");
    let mut next = random_keys();
    group.bench_function("only making the key", |b| b.iter(|| black_box(next())));
    group.bench_function("get", |b| b.iter(|| db.get(next()).expect("a string")));
    group.bench_function("get_with", |b| {
        b.iter(|| db.get_with(next(), |v| v[0]).expect("a string"))
    });
    group.bench_function("get, missing", |b| b.iter(|| db.get(next() + "x").expect("nothing")));
    group.bench_function("set", |b| b.iter(|| db.set(next(), [b'w'; 32]).expect("short")));
    group.bench_function("set, with a time to live", |b| {
        let options = SetOptions::new().expire_in(Duration::from_secs(1000));
        b.iter(|| db.set_with(next(), [b'w'; 32], options.clone()).expect("short"))
    });
    group.bench_function("set, back to none", |b| {
        b.iter(|| db.set(next(), [b'w'; 32]).expect("short"))
    });
    group.bench_function("exists", |b| b.iter(|| db.exists(next())));
    group.bench_function("expire and persist", |b| {
        b.iter(|| {
            let key = next();
            db.expire(&key, Duration::from_secs(1000)).expect("in range") && db.persist(&key)
        })
    });
    group.bench_function("del and set", |b| {
        b.iter(|| {
            let key = next();
            db.del(&key);
            db.set(&key, [b'v'; 32]).expect("short");
        })
    });
    group.bench_function("execute GET", |b| {
        let mut session = danio::command::Session::new(db.engine());
        b.iter(|| session.execute(["GET", &next()]).expect("a string"))
    });
    group.finish();
    let counters = Db::in_memory();
    c.bench_function("one key/incr, of 1000 counters", |b| {
        let mut i = 0;
        b.iter(|| {
            i = (i + 1) % 1000;
            counters.incr(format!("counter:{i}")).expect("a number")
        })
    });
}

fn many_keys(c: &mut Criterion) {
    let db = filled();
    let mut next = random_keys();
    let mut group = c.benchmark_group("100 keys");
    group.throughput(Throughput::Elements(100));
    group.bench_function("mget", |b| {
        b.iter_batched(
            || (0..100).map(|_| next()).collect::<Vec<_>>(),
            |keys| db.mget(&keys),
            criterion::BatchSize::SmallInput,
        )
    });
    let mut next = random_keys();
    group.bench_function("get, one by one", |b| {
        b.iter_batched(
            || (0..100).map(|_| next()).collect::<Vec<_>>(),
            |keys| keys.iter().map(|k| db.get(k).expect("a string")).collect::<Vec<_>>(),
            criterion::BatchSize::SmallInput,
        )
    });
    let mut next = random_keys();
    group.bench_function("mset", |b| {
        b.iter_batched(
            || (0..100).map(|_| (next(), [b'x'; 32])).collect::<Vec<_>>(),
            |pairs| db.mset(pairs).expect("short"),
            criterion::BatchSize::SmallInput,
        )
    });
    group.bench_function("scan", |b| {
        let (mut cursor, options) = (0, ScanOptions::new().count(100));
        b.iter(|| {
            let page = db.scan(cursor, &options);
            cursor = page.cursor.unwrap_or(0);
            page.items
        })
    });
    group.finish();
    c.bench_function("all keys/random_key", |b| b.iter(|| db.random_key()));
    c.bench_function("all keys/len", |b| b.iter(|| db.len()));
}

/// What a transaction costs beside the calls that it is made of.
fn transactions(c: &mut Criterion) {
    let db = filled();
    let mut group = c.benchmark_group("two keys");
    let mut next = random_keys();
    group.bench_function("set, one by one", |b| {
        b.iter(|| {
            db.set(next(), [b'w'; 32]).expect("short");
            db.set(next(), [b'w'; 32]).expect("short");
        })
    });
    group.bench_function("mset", |b| {
        b.iter(|| db.mset([(next(), [b'w'; 32]), (next(), [b'w'; 32])]).expect("short"))
    });
    group.bench_function("set in a transaction", |b| {
        b.iter(|| {
            let keys = [next(), next()];
            db.transaction(&keys, |tx| {
                tx.set(&keys[0], [b'w'; 32])?;
                tx.set(&keys[1], [b'w'; 32])
            })
        })
    });
    group.bench_function("set in a transaction that is undone", |b| {
        b.iter(|| {
            let keys = [next(), next()];
            db.transaction(&keys, |tx| {
                tx.set(&keys[0], [b'w'; 32])?;
                tx.set(&keys[1], [b'w'; 32])?;
                Err::<(), _>(danio::Error::Syntax)
            })
        })
    });
    group.bench_function("watched and committed", |b| {
        b.iter(|| {
            let keys = [next(), next()];
            let watch = db.watch(&keys);
            watch.commit(|tx| {
                tx.set(&keys[0], [b'w'; 32])?;
                tx.set(&keys[1], [b'w'; 32])
            })
        })
    });
    group.finish();
}

criterion_group!(benches, one_key, many_keys, transactions);
criterion_main!(benches);
