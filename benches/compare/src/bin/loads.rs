//! What a hit, a miss and a load that many wait for cost: `danio::Cache` beside `moka::sync::Cache`.
//!
//! `cargo run --release --manifest-path benches/compare/Cargo.toml --bin loads [-- keys rounds]`
//!
//! Keys of 16 bytes, values of 32; moka's values are `Bytes`, whose clones copy nothing. For hits all are there, asked for in
//! random order with a loader that never runs. For misses none is there, and the loader has its value at hand. For single
//! flight so many threads as are named ask for one key, over and over for another one, and whoever loads sleeps for a
//! millisecond: what is shown is how long it took beyond that until all were served, and that each key was
//! loaded once. The figures are those of the best round; what counts is their ratio.

use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Barrier, Mutex};
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
    println!("{keys} keys, best of {rounds} rounds\nns a hit");
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
    println!("ns a miss, with its load");
    // A cache for each round, so that nothing is there.
    let missed = |ask: &dyn Fn() -> Box<dyn Fn(&Key)>| {
        let round = || {
            let ask = ask();
            let start = Instant::now();
            order.iter().for_each(|at| ask(&names[*at]));
            start.elapsed().as_nanos() as f64 / keys as f64
        };
        (0..rounds).map(|_| round()).fold(f64::INFINITY, f64::min)
    };
    for (name, builder) in [
        ("danio, no times", Cache::builder()),
        ("danio, time to live", Cache::builder().time_to_live(HOUR)),
    ] {
        let ns = missed(&|| {
            let (cache, value) = (danio(builder.clone()), value.clone());
            Box::new(move |key| {
                black_box(cache.get_or_insert_with(key, || value.clone()).expect("bytes"));
            })
        });
        println!("{name:30} {ns:7.0}");
    }
    for (name, timed) in [("moka get_with", false), ("moka get_with, time to live", true)] {
        let ns = missed(&|| {
            let cache = if timed { moka().time_to_live(HOUR) } else { moka() }.build();
            let value = value.clone();
            Box::new(move |key| {
                black_box(cache.get_with(*key, || value.clone()));
            })
        });
        println!("{name:30} {ns:7.0}");
    }
    println!("single flight: us beyond the load until all were served, median of 200 flights");
    for threads in [2, 8, 64] {
        let cache = danio(Cache::builder());
        let ours = flights(threads, &names, |key, load| {
            cache.get_or_insert_with(key, || load(&value)).expect("bytes");
        });
        let cache = moka().build();
        let theirs = flights(threads, &names, |key, load| {
            cache.get_with(*key, || load(&value));
        });
        println!("{threads:3} threads: danio {ours:6.0}, moka {theirs:6.0}");
    }
}

/// Has all threads ask for one key after the other, at the same time; gives how long that took beyond the load.
fn flights(
    threads: usize,
    names: &[Key],
    ask: impl Fn(&Key, &dyn Fn(&Bytes) -> Bytes) + Sync,
) -> f64 {
    const FLIGHTS: usize = 200;
    const LOAD: Duration = Duration::from_millis(1);
    let (barrier, loads) = (Barrier::new(threads), AtomicUsize::new(0));
    let load = |value: &Bytes| {
        loads.fetch_add(1, Relaxed);
        std::thread::sleep(LOAD);
        value.clone()
    };
    let took = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for first in 0..threads {
            let (barrier, load, took, ask) = (&barrier, &load, &took, &ask);
            scope.spawn(move || {
                for key in &names[..FLIGHTS] {
                    barrier.wait();
                    let start = Instant::now();
                    ask(key, load);
                    barrier.wait();
                    if first == 0 {
                        took.lock().expect("no panic").push(start.elapsed().saturating_sub(LOAD));
                    }
                }
            });
        }
    });
    assert_eq!(loads.into_inner(), FLIGHTS, "each key is loaded once");
    let mut took = took.into_inner().expect("no panic");
    took.sort();
    took[FLIGHTS / 2].as_nanos() as f64 / 1000.0
}
