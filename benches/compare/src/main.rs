//! Danio in process beside dashmap, moka, quick_cache and kevy-embedded, in one run.
//!
//! `cargo run --release --manifest-path benches/compare/Cargo.toml [-- keys rounds threads]`
//!
//! One million keys of 16 bytes, values of 32, looked up and overwritten in random order (the
//! keys themselves are read one after the other, as from a request just received), each
//! value taken out as the library gives it and its last byte read. Every library uses the same allocator and
//! the same keys; the figures are those of the best round, since noise only adds, and what counts is
//! their ratio.
//!
//! `--features mimalloc` has all of them on the allocator of danio-server, in place of the system's. The keys of
//! `mget` come out of the same row as those of single calls, a hundred at a time. `threads` (2) of them share the gets of
//! the last column.

#![forbid(unsafe_code)]

use std::hint::black_box;
use std::time::Instant;

use bytes::Bytes;

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: danio::Allocator = danio::Allocator;

type Key = [u8; 16];
const VALUE: [u8; 32] = [b'v'; 32];
const BATCH: usize = 100;

/// What is measured of each library.
trait Store: Sync {
    fn name(&self) -> &'static str;
    fn set(&self, key: &Key, value: &[u8]);
    fn get(&self, key: &Key) -> bool;

    /// Gets all keys, which are there. A loop of each library's own, compiled with it as in an application.
    fn get_all(&self, keys: &[Key]) {
        keys.iter().for_each(|key| assert!(self.get(key)));
    }
    /// Sets all keys.
    fn set_all(&self, keys: &[Key]) {
        keys.iter().for_each(|key| self.set(key, &VALUE));
    }
}

struct Danio(danio::Db);

impl Store for Danio {
    fn name(&self) -> &'static str {
        "danio"
    }
    fn set(&self, key: &Key, value: &[u8]) {
        self.0.set(key, value).expect("short");
    }
    fn get(&self, key: &Key) -> bool {
        self.0.get(key).expect("a string").is_some_and(|v| black_box(v)[31] == b'v')
    }
}

struct DanioView(danio::Db);

impl Store for DanioView {
    fn name(&self) -> &'static str {
        "danio get_with"
    }
    fn set(&self, key: &Key, value: &[u8]) {
        self.0.set(key, value).expect("short");
    }
    fn get(&self, key: &Key) -> bool {
        self.0.get_with(key, |v| black_box(v)[31] == b'v').expect("a string").is_some_and(|is| is)
    }
}

struct DashMap<S>(&'static str, dashmap::DashMap<Box<[u8]>, Bytes, S>);

impl<S: std::hash::BuildHasher + Clone + Send + Sync> Store for DashMap<S> {
    fn name(&self) -> &'static str {
        self.0
    }
    fn set(&self, key: &Key, value: &[u8]) {
        self.1.insert(key[..].into(), Bytes::copy_from_slice(value));
    }
    fn get(&self, key: &Key) -> bool {
        self.1.get(&key[..]).is_some_and(|v| black_box(v.value().clone())[31] == b'v')
    }
}

struct QuickCache(quick_cache::sync::Cache<Box<[u8]>, Bytes>);

impl Store for QuickCache {
    fn name(&self) -> &'static str {
        "quick_cache"
    }
    fn set(&self, key: &Key, value: &[u8]) {
        self.0.insert(key[..].into(), Bytes::copy_from_slice(value));
    }
    fn get(&self, key: &Key) -> bool {
        self.0.get(&key[..]).is_some_and(|v| black_box(v)[31] == b'v')
    }
}

struct Moka(moka::sync::Cache<Box<[u8]>, Bytes>);

impl Store for Moka {
    fn name(&self) -> &'static str {
        "moka"
    }
    fn set(&self, key: &Key, value: &[u8]) {
        self.0.insert(key[..].into(), Bytes::copy_from_slice(value));
    }
    fn get(&self, key: &Key) -> bool {
        self.0.get(&key[..]).is_some_and(|v| black_box(v)[31] == b'v')
    }
}

struct Kevy(kevy_embedded::Store);

impl Store for Kevy {
    fn name(&self) -> &'static str {
        "kevy-embedded"
    }
    fn set(&self, key: &Key, value: &[u8]) {
        self.0.set(key, value).expect("set");
    }
    fn get(&self, key: &Key) -> bool {
        self.0.get(key).expect("get").is_some_and(|v| black_box(v)[31] == b'v')
    }
}

/// Nanoseconds an operation, over all keys.
fn time(keys: &[Key], all: impl FnOnce(&[Key])) -> f64 {
    let start = Instant::now();
    all(keys);
    start.elapsed().as_nanos() as f64 / keys.len() as f64
}

/// The least disturbed round: noise only adds.
fn least(figures: Vec<f64>) -> f64 {
    figures.into_iter().fold(f64::INFINITY, f64::min)
}

/// The keys in a random order, the same in every run (Fisher and Yates, xorshift).
fn shuffled(keys: &[Key], seed: u64) -> Vec<Key> {
    let (mut keys, mut state) = (keys.to_vec(), seed);
    for i in (1..keys.len()).rev() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        keys.swap(i, (state % (i as u64 + 1)) as usize);
    }
    keys
}

/// Gets by so many threads at once, over the time of one, in operations a second.
fn scaling(store: &dyn Store, keys: &[Key], threads: usize) -> f64 {
    let parts: Vec<&[Key]> = keys.chunks(keys.len().div_ceil(threads)).collect();
    let start = Instant::now();
    parts.iter().for_each(|part| store.get_all(part));
    let one = start.elapsed();
    let start = Instant::now();
    std::thread::scope(|scope| {
        parts[1..].iter().for_each(|part| drop(scope.spawn(|| store.get_all(part))));
        store.get_all(parts[0]);
    });
    one.as_secs_f64() / start.elapsed().as_secs_f64()
}

fn main() {
    let argument = |i: usize, default: usize| std::env::args().nth(i).map_or(default, |a| a.parse().expect("a number"));
    let (count, rounds, threads) = (argument(1, 1_000_000), argument(2, 5), argument(3, 2));
    let keys: Vec<Key> = (0..count).map(|i| format!("key:{i:012}").into_bytes().try_into().expect("16 bytes")).collect();
    let db = danio::Db::in_memory();
    let stores: Vec<Box<dyn Store>> = vec![
        Box::new(Danio(db.clone())),
        Box::new(DanioView(danio::Db::in_memory())),
        Box::new(DashMap("dashmap", dashmap::DashMap::new())),
        Box::new(DashMap("dashmap, ahash", dashmap::DashMap::with_hasher(ahash::RandomState::new()))),
        Box::new(QuickCache(quick_cache::sync::Cache::new(count * 2))),
        Box::new(Moka(moka::sync::Cache::new(count as u64 * 2))),
        Box::new(Kevy(kevy_embedded::Store::open(kevy_embedded::Config::default()).expect("open"))),
    ];
    for store in &stores {
        store.set_all(&keys);
    }
    let mut figures = vec![[vec![], vec![], vec![]]; stores.len()];
    let mut batches = vec![];
    for round in 0..rounds as u64 {
        let (gets, sets) = (shuffled(&keys, 2 * round + 1), shuffled(&keys, 2 * round + 2));
        for (store, figures) in stores.iter().zip(&mut figures) {
            figures[0].push(time(&gets, |keys| store.get_all(keys)));
            figures[1].push(time(&sets, |keys| store.set_all(keys)));
            figures[2].push(scaling(&**store, &gets, threads));
        }
        let start = Instant::now();
        for batch in gets.chunks(BATCH) {
            let found = db.mget(batch);
            assert!(black_box(found).iter().all(Option::is_some));
        }
        batches.push(start.elapsed().as_nanos() as f64 / count as f64);
    }
    let rows: Vec<[f64; 3]> = figures.into_iter().map(|[get, set, scale]| [least(get), least(set), -least(scale.iter().map(|s| -s).collect())]).collect();
    let dashmap = rows[2];
    println!("{count} keys of 16 B, values of 32 B, one thread; ns an operation (ratio to dashmap)");
    println!("{:16}{:>18}{:>18}{:>22}", "", "GET", "SET", format!("GET, {threads} threads"));
    for (store, [get, set, scale]) in stores.iter().zip(&rows) {
        let cell = |ns: f64, base: f64| format!("{ns:.0} ({:.2})", ns / base);
        println!("{:16}{:>18}{:>18}{:>21.2}x", store.name(), cell(*get, dashmap[0]), cell(*set, dashmap[1]), scale);
    }
    let batch = least(batches);
    println!("danio, mget of {BATCH}: {batch:.0} ns a key, {:.2} of a GET", batch / rows[0][0]);
}
