//! Sorted sets of a million members beside `std`'s ordered set with a hash map, and kevy-embedded; a million
//! places beside the R*-tree of `rstar`; in one run.
//!
//! `cargo run --release --features mimalloc --manifest-path benches/compare/Cargo.toml --bin zsets [-- members rounds]`
//!
//! Members of 17 bytes with scores in no order. What `std` is made of here, a `BTreeSet` of scores and members and
//! a `HashMap` of members' scores, nobody else may use meanwhile, and it knows no ranks: what locks and keys cost
//! is on Danio's side alone. Places lie on half the earth; a search finds about ten of them, the nearest first.
//! Times are those of the best round, since noise only adds. Memory is what the process grows by.

#![forbid(unsafe_code)]

use std::collections::{BTreeSet, HashMap};
use std::hint::black_box;
use std::time::Instant;

use danio::{Db, GeoSearch, Position, Score, Unit, ZRange};
use rstar::RTree;
use rstar::primitives::GeomWithData;

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: danio::Allocator = danio::Allocator;

type Member = [u8; 17];

/// The memory of the process, in bytes, where the system tells.
fn resident() -> f64 {
    let pages = std::fs::read_to_string("/proc/self/statm").ok();
    let pages = pages.and_then(|text| text.split(' ').nth(1)?.parse::<f64>().ok());
    pages.map_or(f64::NAN, |pages| pages * 4096.0)
}

#[derive(Default)]
struct Std {
    order: BTreeSet<(Score, Member)>,
    scores: HashMap<Member, Score, ahash::RandomState>,
}

impl Std {
    fn add(&mut self, member: Member, score: Score) {
        if let Some(old) = self.scores.insert(member, score) {
            self.order.remove(&(old, member));
        }
        self.order.insert((score, member));
    }
}

/// The nanoseconds an item, the least of `rounds`.
fn best(rounds: usize, items: usize, mut op: impl FnMut()) -> f64 {
    let time = |op: &mut dyn FnMut()| {
        let start = Instant::now();
        op();
        start.elapsed().as_nanos() as f64 / items as f64
    };
    (0..rounds).map(|_| time(&mut op)).fold(f64::INFINITY, f64::min)
}

fn row(name: &str, danio: f64, others: [Option<f64>; 2]) {
    let shown = others.map(|other| {
        other.map_or("-".to_owned(), |other| format!("{other:.1} ({:.2})", danio / other))
    });
    println!("{name:34}{danio:>10.1}{:>20}{:>20}", shown[0], shown[1]);
}

fn main() -> danio::Result<()> {
    let argument = |i: usize, default: usize| {
        std::env::args().nth(i).map_or(default, |a| a.parse().expect("a number"))
    };
    let (count, rounds) = (argument(1, 1_000_000), argument(2, 3));
    let member =
        |n: usize| -> Member { format!("member:{n:010}").into_bytes().try_into().expect("17") };
    let items: Vec<(Member, f64)> =
        (0..count).map(|n| (member(n), (n * 7919 % 1_000_003) as f64)).collect();
    let asked: Vec<Member> = (0..count).map(|n| member(n * 7_368_787 % count)).collect();

    println!("{count} members of 17 B, one thread; ns each (Danio's time over the other's)");
    println!("{:34}{:>10}{:>20}{:>20}", "", "danio", "BTreeSet+HashMap", "kevy-embedded");
    let mut bytes = [f64::NAN; 3];
    let mut times = [f64::INFINITY; 3];
    let (mut db, mut std) = (Db::in_memory(), Std::default());
    let open = || kevy_embedded::Store::open(kevy_embedded::Config::default()).expect("open");
    let mut kevy = open();
    for _ in 0..rounds {
        db = Db::in_memory();
        let before = resident();
        times[0] = times[0].min(best(1, count, || {
            items.iter().for_each(|(m, s)| _ = db.zadd("z", m, *s).expect("a sorted set"));
        }));
        bytes[0] = bytes[0].max((resident() - before) / count as f64);
        std = Std::default();
        let before = resident();
        times[1] = times[1].min(best(1, count, || {
            items.iter().for_each(|(m, s)| std.add(*m, Score::new(*s).expect("a number")));
        }));
        bytes[1] = bytes[1].max((resident() - before) / count as f64);
        kevy = open();
        let before = resident();
        times[2] = times[2].min(best(1, count, || {
            items.iter().for_each(|(m, s)| _ = kevy.zadd(b"z", &[(*s, m)]).expect("a sorted set"));
        }));
        bytes[2] = bytes[2].max((resident() - before) / count as f64);
    }
    row("ZADD a new member", times[0], [Some(times[1]), Some(times[2])]);
    row("bytes a member", bytes[0], [Some(bytes[1]), Some(bytes[2])]);

    let danio = best(rounds, count, || {
        asked.iter().for_each(|m| _ = black_box(db.zscore("z", m).expect("a sorted set")));
    });
    let mine = best(rounds, count, || {
        asked.iter().for_each(|m| _ = black_box(std.scores.get(m)));
    });
    let other = best(rounds, count, || {
        asked.iter().for_each(|m| _ = black_box(kevy.zscore(b"z", m).expect("a sorted set")));
    });
    row("ZSCORE", danio, [Some(mine), Some(other)]);

    let danio = best(rounds, count, || {
        asked.iter().for_each(|m| _ = black_box(db.zrank("z", m).expect("a sorted set")));
    });
    row("ZRANK", danio, [None, None]);

    let tops = 100_000;
    let danio = best(rounds, tops, || {
        for _ in 0..tops {
            black_box(db.zrange("z", ZRange::by_rank(..10).rev()).expect("a sorted set"));
        }
    });
    let mine = best(rounds, tops, || {
        for _ in 0..tops {
            let top: Vec<(Vec<u8>, Score)> =
                std.order.iter().rev().take(10).map(|(s, m)| (m.to_vec(), *s)).collect();
            black_box(top);
        }
    });
    row("the top ten", danio, [Some(mine), None]);

    let danio = best(rounds, count, || {
        for (i, m) in asked.iter().enumerate() {
            _ = db.zadd("z", m, (i * 31 % 1_000_003) as f64).expect("a sorted set");
        }
    });
    let mine = best(rounds, count, || {
        for (i, m) in asked.iter().enumerate() {
            std.add(*m, Score::from(i * 31 % 1_000_003));
        }
    });
    row("ZADD another score", danio, [Some(mine), None]);

    let mut state = 88172645463325252_u64;
    let mut draw = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let places: Vec<(f64, f64)> =
        (0..count).map(|_| (draw() * 180.0 - 90.0, draw() * 120.0 - 60.0)).collect();
    let position = |(lon, lat): (f64, f64)| Position::new(lon, lat).expect("on earth");
    db.flush();
    db.geoadd_many("places", places.iter().enumerate().map(|(n, p)| (member(n), position(*p))))?;
    let tree = RTree::bulk_load(
        places.iter().enumerate().map(|(n, p)| GeomWithData::new([p.0, p.1], member(n))).collect(),
    );
    let searches: Vec<(f64, f64)> =
        (0..20_000).map(|_| (draw() * 160.0 - 80.0, draw() * 100.0 - 50.0)).collect();
    // So wide that ten places lie within, on average, at the equator.
    let degrees = (10.0 * 180.0 * 120.0 / (count as f64 * std::f64::consts::PI)).sqrt();
    let meters = degrees * 111_226.0;
    let danio = best(rounds, searches.len(), || {
        for center in &searches {
            let near = GeoSearch::circle(position(*center), meters, Unit::Meters).nearest_first();
            black_box(db.geosearch("places", &near).expect("a sorted set"));
        }
    });
    let mine = best(rounds, searches.len(), || {
        for center in &searches {
            let near = tree.nearest_neighbor_iter_with_distance_2(&[center.0, center.1]);
            let found: Vec<(Vec<u8>, f64)> = near
                .take_while(|(_, far)| *far <= degrees * degrees)
                .map(|(place, far)| (place.data.to_vec(), far))
                .collect();
            black_box(found);
        }
    });
    println!("\n{count} places; ns a search for about ten of them{:>14}{:>20}", "danio", "rstar (plane)");
    println!("{:47}{danio:>14.1}{:>20}", "GEOSEARCH", format!("{mine:.1} ({:.2})", danio / mine));
    Ok(())
}
