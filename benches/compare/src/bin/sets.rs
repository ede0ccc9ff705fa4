//! Sets of a million members beside `std`'s hash set and kevy-embedded, in one run.
//!
//! `cargo run --release --features mimalloc --manifest-path benches/compare/Cargo.toml --bin sets [-- members rounds]`
//!
//! Members of 17 bytes, added in one order and asked for in another (they themselves are read one after the
//! other, as from a request just received). `HashSet` is one of `Vec<u8>` with ahash,
//! which nobody else may use meanwhile: what locks, keys and thresholds cost is on Danio's side alone.
//! Times are those of the best round, since noise only adds. Memory is what the process grows by.

#![forbid(unsafe_code)]

use std::collections::HashSet;
use std::hint::black_box;
use std::time::Instant;

use danio::Db;

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: danio::Allocator = danio::Allocator;

type Std = HashSet<Vec<u8>, ahash::RandomState>;
type Member = [u8; 17];

/// The memory of the process, in bytes, where the system tells.
fn resident() -> f64 {
    let pages = std::fs::read_to_string("/proc/self/statm").ok();
    let pages = pages.and_then(|text| text.split(' ').nth(1)?.parse::<f64>().ok());
    pages.map_or(f64::NAN, |pages| pages * 4096.0)
}

fn members(from: usize, count: usize) -> Vec<Member> {
    let member = |n| format!("member:{n:010}").into_bytes().try_into().expect("17 bytes");
    (from..from + count).map(member).collect()
}

/// The same in another order, the same in every run (Fisher and Yates, xorshift).
fn shuffled(items: &[Member]) -> Vec<Member> {
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

fn row(name: &str, danio: f64, std: f64, kevy: Option<f64>) {
    let kevy = kevy.map_or(String::new(), |kevy| format!("{kevy:>10.1} ({:.2})", danio / kevy));
    println!("{name:34}{danio:>10.1}{std:>12.1} ({:.2}){kevy:>18}", danio / std);
}

fn main() -> danio::Result<()> {
    let argument = |i: usize, default: usize| {
        std::env::args().nth(i).map_or(default, |a| a.parse().expect("a number"))
    };
    let (count, rounds) = (argument(1, 1_000_000), argument(2, 5));
    let (first, second) = (members(0, count), members(count / 2, count));
    let asked = shuffled(&first);
    let kevy = || kevy_embedded::Store::open(kevy_embedded::Config::default()).expect("open");
    println!(
        "sets of {count} members of 17 B, one thread; ns a member (Danio's time over the other's)"
    );
    println!("{:34}{:>10}{:>19}{:>18}", "", "danio", "HashSet", "kevy-embedded");

    let (mut danio_ns, mut std_ns, mut kevy_ns) = (f64::INFINITY, f64::INFINITY, f64::INFINITY);
    let mut bytes = [f64::NAN; 2];
    let db = Db::in_memory();
    let (mut a, mut b) = (Std::default(), Std::default());
    let store = kevy();
    for round in 0..rounds {
        let before = resident();
        let fresh = Db::in_memory();
        danio_ns = danio_ns.min(best(1, count, || {
            first.iter().for_each(|m| assert_eq!(fresh.sadd("a", [m]), Ok(1)));
        }));
        if round == 0 {
            bytes[0] = (resident() - before) / count as f64;
        }
        let before = resident();
        let mut set = Std::default();
        std_ns = std_ns.min(best(1, count, || {
            first.iter().for_each(|m| assert!(set.insert(m.to_vec())));
        }));
        if round == 0 {
            bytes[1] = (resident() - before) / count as f64;
        }
        let store = kevy();
        kevy_ns = kevy_ns.min(best(1, count, || {
            first.iter().for_each(|m| assert_eq!(store.sadd(b"a", &[m]).expect("a set"), 1));
        }));
    }
    row("SADD, one at a time", danio_ns, std_ns, Some(kevy_ns));
    row("bytes of memory a member", bytes[0], bytes[1], None);

    for (key, members) in [("a", &first), ("b", &second)] {
        db.sadd(key, members)?;
        members.chunks(1000).for_each(|some| {
            let some: Vec<&[u8]> = some.iter().map(|m| &m[..]).collect();
            store.sadd(key.as_bytes(), &some).expect("a set");
        });
    }
    a.extend(first.iter().map(|m| m.to_vec()));
    b.extend(second.iter().map(|m| m.to_vec()));

    row(
        "SISMEMBER",
        best(rounds, count, || {
            asked.iter().for_each(|m| assert_eq!(db.sismember("a", m), Ok(true)))
        }),
        best(rounds, count, || asked.iter().for_each(|m| assert!(a.contains(&m[..])))),
        Some(best(rounds, count, || {
            asked.iter().for_each(|m| assert!(store.sismember(b"a", m).expect("a set")));
        })),
    );
    let hits = |found: Vec<bool>| assert!(black_box(found).iter().all(|is| *is));
    row(
        "SMISMEMBER of 100",
        best(rounds, count, || {
            asked.chunks(100).for_each(|m| hits(db.smismember("a", m).expect("a set")));
        }),
        best(rounds, count, || {
            asked
                .chunks(100)
                .for_each(|some| hits(some.iter().map(|m| a.contains(&m[..])).collect()));
        }),
        None,
    );
    let both = count - count / 2;
    row(
        "SINTERCARD of two, half in common",
        best(rounds, count, || assert_eq!(db.sinter_card(["a", "b"], None), Ok(both))),
        best(rounds, count, || assert_eq!(a.intersection(&b).count(), both)),
        None,
    );
    row(
        "SINTER of two",
        best(rounds, count, || assert_eq!(db.sinter(["a", "b"]).expect("sets").len(), both)),
        best(rounds, count, || assert_eq!((&a & &b).len(), both)),
        Some(best(rounds, count, || {
            assert_eq!(store.sinter(&[b"a", b"b"]).expect("sets").len(), both);
        })),
    );
    row(
        "SINTERSTORE of two",
        best(rounds, count, || assert_eq!(db.sinter_store("c", ["a", "b"]), Ok(both))),
        best(rounds, count, || assert_eq!((&a & &b).len(), both)),
        None,
    );
    row(
        "SUNION of two",
        best(rounds, count, || {
            assert_eq!(db.sunion(["a", "b"]).expect("sets").len(), count + count / 2)
        }),
        best(rounds, count, || assert_eq!((&a | &b).len(), count + count / 2)),
        None,
    );
    row(
        "SDIFF of two",
        best(rounds, count, || assert_eq!(db.sdiff(["a", "b"]).expect("sets").len(), count / 2)),
        best(rounds, count, || assert_eq!((&a - &b).len(), count / 2)),
        None,
    );
    Ok(())
}
