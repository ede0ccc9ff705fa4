//! Hashes beside `std`'s hash map, in one run: one of a million fields, and many of ten.
//!
//! `cargo run --release --features mimalloc --manifest-path benches/compare/Cargo.toml --bin hashes [-- fields rounds]`
//!
//! Fields of 16 bytes with values of 12, set in one order and asked for in another. The map is one of
//! `Vec<u8>` with ahash, and for many hashes one of such maps, which nobody else may use meanwhile:
//! what locks, keys and thresholds cost is on Danio's side alone. Times are those of the best
//! round, since noise only adds. Memory is what the process grows by.

#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::hint::black_box;
use std::time::Instant;

use danio::Db;

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: danio::Allocator = danio::Allocator;

type Std = HashMap<Vec<u8>, Vec<u8>, ahash::RandomState>;

/// Fields of a small hash.
const FEW: usize = 10;
const VALUE: &[u8] = b"value 012345";

/// The memory of the process, in bytes, where the system tells.
fn resident() -> f64 {
    let pages = std::fs::read_to_string("/proc/self/statm").ok();
    let pages = pages.and_then(|text| text.split(' ').nth(1)?.parse::<f64>().ok());
    pages.map_or(f64::NAN, |pages| pages * 4096.0)
}

fn names(word: &str, count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|n| format!("{word}:{n:010}").into_bytes()).collect()
}

/// The same in another order, the same in every run (Fisher and Yates, xorshift).
fn shuffled(items: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let (mut items, mut state) = (items.to_vec(), 88172645463325252_u64);
    for i in (1..items.len()).rev() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        items.swap(i, (state % (i as u64 + 1)) as usize);
    }
    items
}

/// The least nanoseconds an item of `rounds`.
fn best(rounds: usize, items: usize, mut op: impl FnMut()) -> f64 {
    let time = |op: &mut dyn FnMut()| {
        let start = Instant::now();
        op();
        start.elapsed().as_nanos() as f64 / items as f64
    };
    (0..rounds).map(|_| time(&mut op)).fold(f64::INFINITY, f64::min)
}

fn row(name: &str, danio: f64, std: f64) {
    println!("{name:38}{danio:>10.1}{std:>12.1} ({:.2})", danio / std);
}

fn main() -> danio::Result<()> {
    let argument = |i: usize, default: usize| {
        std::env::args().nth(i).map_or(default, |a| a.parse().expect("a number"))
    };
    let (count, rounds) = (argument(1, 1_000_000), argument(2, 5));
    println!("one thread; ns a field (Danio's time over the other's)");
    println!("{:38}{:>10}{:>19}", "", "danio", "HashMap");

    let keys = names("user", count / FEW);
    let few = names("f", FEW);
    let (db, mut maps) = (Db::in_memory(), HashMap::<Vec<u8>, Std, ahash::RandomState>::default());
    let before = resident();
    let set = best(1, count, || {
        for key in &keys {
            assert_eq!(db.hset(key, few.iter().map(|f| (f, VALUE))), Ok(FEW));
        }
    });
    let danio_bytes = (resident() - before) / keys.len() as f64;
    let before = resident();
    let insert = best(1, count, || {
        for key in &keys {
            let map = few.iter().map(|f| (f.clone(), VALUE.to_vec())).collect();
            assert!(maps.insert(key.clone(), map).is_none());
        }
    });
    let std_bytes = (resident() - before) / keys.len() as f64;
    row(&format!("HSET of {FEW} fields at once"), set, insert);
    row(&format!("bytes of memory a hash of {FEW}"), danio_bytes, std_bytes);
    let asked = shuffled(&keys);
    let field = |i: usize| &few[i % FEW];
    row(
        &format!("HSET of one of {FEW}"),
        best(rounds, keys.len(), || {
            asked.iter().enumerate().for_each(|(i, key)| {
                assert_eq!(db.hset(key, [(field(i), VALUE)]), Ok(0));
            });
        }),
        best(rounds, keys.len(), || {
            asked.iter().enumerate().for_each(|(i, key)| {
                let map = maps.get_mut(key).expect("it was set");
                map.get_mut(field(i)).expect("it was set").copy_from_slice(VALUE);
            });
        }),
    );
    row(
        &format!("HGET of one of {FEW}"),
        best(rounds, keys.len(), || {
            asked.iter().enumerate().for_each(|(i, key)| {
                black_box(db.hget_with(key, field(i), |value| value[0]).expect("a hash"));
            });
        }),
        best(rounds, keys.len(), || {
            asked.iter().enumerate().for_each(|(i, key)| {
                black_box(maps.get(key).and_then(|map| map.get(field(i))).map(|value| value[0]));
            });
        }),
    );

    let fields = names("field", count);
    let asked = shuffled(&fields);
    let (db, mut map) = (Db::in_memory(), Std::default());
    let before = resident();
    let set = best(1, count, || {
        fields.iter().for_each(|f| assert_eq!(db.hset("h", [(f, VALUE)]), Ok(1)));
    });
    let danio_bytes = (resident() - before) / count as f64;
    let before = resident();
    let insert = best(1, count, || {
        fields.iter().for_each(|f| assert!(map.insert(f.clone(), VALUE.to_vec()).is_none()));
    });
    let std_bytes = (resident() - before) / count as f64;
    row(&format!("HSET into one of {count} fields"), set, insert);
    row("bytes of memory a field", danio_bytes, std_bytes);
    row(
        "HSET over it",
        best(rounds, count, || {
            asked.iter().for_each(|f| assert_eq!(db.hset("h", [(f, VALUE)]), Ok(0)));
        }),
        best(rounds, count, || {
            asked.iter().for_each(|f| {
                map.get_mut(f).expect("it was set").copy_from_slice(VALUE);
            });
        }),
    );
    row(
        "HGET",
        best(rounds, count, || {
            asked.iter().for_each(|f| {
                black_box(db.hget_with("h", f, |value| value[0]).expect("a hash"));
            });
        }),
        best(rounds, count, || {
            asked.iter().for_each(|f| {
                black_box(map.get(f).map(|value| value[0]));
            });
        }),
    );
    Ok(())
}
