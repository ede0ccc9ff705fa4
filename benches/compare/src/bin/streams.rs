//! A stream beside `std`'s ordered map and kevy-store, in one run: XADD, XREADGROUP with XACK, XRANGE.
//!
//! `cargo run --release --features mimalloc --manifest-path benches/compare/Cargo.toml --bin streams [-- entries rounds name]`
//!
//! Entries of two small fields. `BTreeMap` is one of id to vectors of fields, with another for what is pending, which
//! nobody else may use meanwhile and which copies what it reads as the others do; kevy-store is what kevy keeps
//! streams in, called with `&mut`, so that what locks and keys cost is on Danio's side. Times are those of the best
//! round, since noise only adds. Memory is what the process grows by.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Instant;

use danio::{Db, StreamId};
use kevy_store::{GroupCreateMode, ReadGroupId, Store, XAddIdSpec};

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: danio::Allocator = danio::Allocator;

/// How many entries a consumer reads at once.
const BATCH: usize = 100;

type Fields = Vec<(Vec<u8>, Vec<u8>)>;

/// What is measured of each, on a stream of its own.
trait Log {
    fn name(&self) -> &'static str;
    fn add(&mut self, user: &str);
    /// Reads a batch as a consumer, and acknowledges each entry by itself. Returns how many there were.
    fn consume(&mut self) -> usize;
    /// Reads all entries, a batch at a time. Returns how many fields there were.
    fn scan(&self) -> usize;
}

struct Danio(Db);

impl Log for Danio {
    fn name(&self) -> &'static str {
        "danio"
    }

    fn add(&mut self, user: &str) {
        self.0.xadd("s", [("type", "login"), ("user", user)]).expect("a stream");
    }

    fn consume(&mut self) -> usize {
        let group = self.0.consumer_group("s", "g");
        let entries = black_box(group.read("c", BATCH).expect("a group"));
        for entry in &entries {
            assert_eq!(group.ack([entry.id]), Ok(1));
        }
        entries.len()
    }

    fn scan(&self) -> usize {
        let entries = self.0.iter_stream("s", ..);
        entries.map(|entry| black_box(entry.expect("a stream")).fields.len()).sum()
    }
}

#[derive(Default)]
struct Std {
    entries: BTreeMap<StreamId, Fields>,
    pending: BTreeMap<StreamId, (u64, u64)>,
    last: StreamId,
}

impl Log for Std {
    fn name(&self) -> &'static str {
        "BTreeMap"
    }

    fn add(&mut self, user: &str) {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("now");
        let now = StreamId::new(now.as_millis() as u64, 0);
        let last = self.entries.last_key_value().map_or(StreamId::MIN, |(id, _)| *id);
        let id = if now > last { now } else { last.next().expect("ids are left") };
        let fields = [("type", "login"), ("user", user)];
        let owned = fields.map(|(field, value)| (field.as_bytes().to_vec(), value.as_bytes().to_vec()));
        self.entries.insert(id, owned.to_vec());
    }

    fn consume(&mut self) -> usize {
        let from = self.last.next().expect("ids are left");
        let read = self.entries.range(from..).take(BATCH).map(|(id, fields)| (*id, fields.clone()));
        let read: Vec<(StreamId, Fields)> = black_box(read.collect());
        for (id, _) in &read {
            self.pending.insert(*id, (0, 1));
            self.last = *id;
        }
        for (id, _) in &read {
            assert!(self.pending.remove(id).is_some());
        }
        read.len()
    }

    fn scan(&self) -> usize {
        self.entries.iter().map(|(id, fields)| black_box((*id, fields.clone())).1.len()).sum()
    }
}

struct Kevy(std::cell::RefCell<Store>);

impl Kevy {
    fn now() -> u64 {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        now.expect("now").as_millis() as u64
    }
}

impl Log for Kevy {
    fn name(&self) -> &'static str {
        "kevy-store"
    }

    fn add(&mut self, user: &str) {
        let fields = [("type", "login"), ("user", user)];
        let owned = fields.map(|(field, value)| (field.as_bytes().to_vec(), value.as_bytes().to_vec()));
        let store = self.0.get_mut();
        store.xadd(b"s", XAddIdSpec::AutoAll, owned.to_vec(), false, Kevy::now()).expect("a stream");
    }

    fn consume(&mut self) -> usize {
        let store = self.0.get_mut();
        let read = store.xreadgroup(b"s", b"g", b"c", ReadGroupId::New, Some(BATCH), false, Kevy::now());
        let read = black_box(read.expect("a group"));
        for (id, _) in &read {
            assert_eq!(store.xack(b"s", b"g", &[*id]), Ok(1));
        }
        read.len()
    }

    fn scan(&self) -> usize {
        let mut store = self.0.borrow_mut();
        let (mut from, end) = (kevy_store::StreamId { ms: 0, seq: 0 }, kevy_store::StreamId { ms: u64::MAX, seq: u64::MAX });
        let mut fields = 0;
        loop {
            let page = black_box(store.xrange(b"s", from, end, Some(BATCH)).expect("a stream"));
            let Some((last, _)) = page.last() else { return fields };
            from = kevy_store::StreamId { ms: last.ms, seq: last.seq + 1 };
            fields += page.iter().map(|(_, fields)| fields.len()).sum::<usize>();
        }
    }
}

/// The memory of the process, in bytes, where the system tells.
fn resident() -> f64 {
    let pages = std::fs::read_to_string("/proc/self/statm").ok();
    let pages = pages.and_then(|text| text.split(' ').nth(1)?.parse::<f64>().ok());
    pages.map_or(f64::NAN, |pages| pages * 4096.0)
}

fn main() {
    let argument = |i: usize, default: usize| {
        std::env::args().nth(i).map_or(default, |a| a.parse().expect("a number"))
    };
    let (count, rounds) = (argument(1, 1_000_000), argument(2, 5));
    let users: Vec<String> = (0..count).map(|i| format!("{i:08}")).collect();
    println!("{count} entries of two small fields, one thread; ns an entry");
    println!("{:14}{:>10}{:>18}{:>20}{:>14}", "", "XADD", "XREADGROUP, XACK", "XRANGE, copied out", "bytes");
    let makers: [fn() -> Box<dyn Log>; 3] = [
        || {
            let db = Db::in_memory();
            db.consumer_group("s", "g").create_from_start().expect("new");
            Box::new(Danio(db))
        },
        || Box::new(Std::default()),
        || {
            let mut store = Store::new();
            let zero = kevy_store::StreamId { ms: 0, seq: 0 };
            store.xgroup_create(b"s", b"g", GroupCreateMode::AtId(zero), true).expect("new");
            Box::new(Kevy(store.into()))
        },
    ];
    let only = std::env::args().nth(3).unwrap_or_default();
    for make in makers {
        let mut best = [f64::INFINITY; 3];
        let (mut name, mut bytes) = ("", f64::NAN);
        for round in 0..rounds {
            let before = resident();
            let mut log = make();
            name = log.name();
            if !name.contains(&only) {
                break;
            }
            let mut time = |i: usize, work: &mut dyn FnMut(&mut dyn Log)| {
                let start = Instant::now();
                work(&mut *log);
                best[i] = best[i].min(start.elapsed().as_nanos() as f64 / count as f64);
            };
            time(0, &mut |log| users.iter().for_each(|user| log.add(user)));
            if round == 0 {
                bytes = (resident() - before) / count as f64;
            }
            time(1, &mut |log| {
                let mut read = 0;
                while read < count {
                    read += log.consume();
                }
            });
            time(2, &mut |log| assert_eq!(log.scan(), 2 * count));
        }
        if best[0].is_infinite() {
            continue;
        }
        let [add, consume, scan] = best;
        println!("{name:14}{add:>10.0}{consume:>18.0}{scan:>20.0}{bytes:>14.1}");
    }
}
