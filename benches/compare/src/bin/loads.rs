//! What a hit costs in a cache that loads: `danio::Cache` beside `moka::sync::Cache`.
//!
//! `cargo run --release --manifest-path benches/compare/Cargo.toml --bin loads [-- keys rounds]`
//!
//! Keys of 16 bytes, values of 32, all of them there, asked for in random order with a loader that never runs; moka's
//! values are `Bytes`, whose clones copy nothing. The figures are those of the best round; what counts is
//! their ratio.

use std::hint::black_box;
use std::time::{Duration, Instant};

use bytes::Bytes;
use danio::{Cache, Config, Engine, typed::Schema};

type Key = [u8; 16];

const HOUR: Duration = Duration::from_secs(3600);

fn main() {
    let mut arguments = std::env::args().skip(1).filter_map(|word| word.parse().ok());
    let keys: usize = arguments.next().unwrap_or(100_000);
    let rounds: usize = arguments.next().unwrap_or(7);
    let names: Vec<Key> = (0..keys)
        .map(|n| format!("key:{n:012}").into_bytes().try_into().expect("16 bytes"))
        .collect();
    let mut seed = 1_u64;
    let mut order: Vec<usize> = (0..keys).collect();
    for i in (1..keys).rev() {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        order.swap(i, (seed >> 33) as usize % (i + 1));
    }
    let value = Bytes::from_static(&[b'v'; 32]);

    let db = || Engine::open(Config::new()).and_then(|engine| engine.db(0)).expect("valid");
    let danio = |builder: danio::CacheBuilder| -> Cache { builder.build(&db()) };
    let caches = [
        ("danio, no times", danio(Cache::builder())),
        ("danio, time to live", danio(Cache::builder().time_to_live(HOUR))),
        ("danio, refresh ahead", danio(Cache::builder().time_to_live(HOUR).refresh_after(0.8))),
        ("danio, time to idle", danio(Cache::builder().time_to_idle(HOUR))),
    ];
    let typed = Cache::builder().build_with(&db(), Schema::<String>::plain());
    let moka = || moka::sync::Cache::<Key, Bytes>::builder().max_capacity(2 * keys as u64);
    let mokas = [
        ("moka get_with", moka().build()),
        ("moka get_with, time to live", moka().time_to_live(HOUR).build()),
        ("moka get_with, time to idle", moka().time_to_idle(HOUR).build()),
    ];
    for name in &names {
        for (_, cache) in &caches {
            cache.insert(name, &value).expect("it fits");
        }
        typed.insert(name, &"v".repeat(32)).expect("it fits");
        for (_, cache) in &mokas {
            cache.insert(*name, value.clone());
        }
    }

    let best = |ask: &dyn Fn(&Key)| {
        let round = || {
            let start = Instant::now();
            order.iter().for_each(|at| ask(&names[*at]));
            start.elapsed().as_nanos() as f64 / keys as f64
        };
        (0..rounds).map(|_| round()).fold(f64::INFINITY, f64::min)
    };
    println!("{keys} keys, best of {rounds} rounds, ns a hit");
    for (name, cache) in &caches {
        let ns = best(&|key| {
            black_box(cache.get_or_insert_with(key, || unreachable!()).expect("bytes"));
        });
        println!("{name:30} {ns:7.0}");
    }
    let ns = best(&|key| {
        black_box(typed.get_or_insert_with(key, || unreachable!()).expect("text"));
    });
    println!("{:30} {ns:7.0}", "danio, String values");
    for (name, cache) in &mokas {
        let ns = best(&|key| {
            black_box(cache.get_with(*key, || unreachable!()));
        });
        println!("{name:30} {ns:7.0}");
    }
}
