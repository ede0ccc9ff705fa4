//! What the codecs of typed values cost, and how many bytes they write: bincode, postcard and JSON, side by side.
//!
//! `cargo bench --features bincode,postcard,json --bench codecs [-- filter]`
//!
//! Three values: a profile of seven fields; two hundred measurements of numbers alone; an article that is mostly text.
//! Writing goes to a buffer that is used again, so that what is measured is the codec. The sizes are of what is
//! stored, the codec's mark included.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use danio::Db;
use danio::typed::{Bincode, Codec, Json, Postcard, Schema};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
struct Profile {
    id: u64,
    name: String,
    email: String,
    born: Option<(u16, u8, u8)>,
    roles: Vec<Role>,
    karma: i32,
    active: bool,
}

#[derive(Debug, Serialize, Deserialize)]
enum Role {
    Reader,
    Author { since: u32 },
}

#[derive(Debug, Serialize, Deserialize)]
struct Measurement {
    at: u64,
    sensor: u16,
    celsius: f32,
    humidity: u8,
}

#[derive(Debug, Serialize, Deserialize)]
struct Article {
    id: u64,
    title: String,
    body: String,
    tags: Vec<String>,
}

fn profile() -> Profile {
    Profile {
        id: 1_234_567,
        name: "Ann Example".into(),
        email: "ann@example.com".into(),
        born: Some((1990, 4, 1)),
        roles: vec![Role::Reader, Role::Author { since: 2019 }],
        karma: -3,
        active: true,
    }
}

fn measurements() -> Vec<Measurement> {
    let one = |n: u16| Measurement {
        at: 1_700_000_000_000 + u64::from(n) * 1000,
        sensor: n % 7,
        celsius: 20.0 + f32::from(n) / 64.0,
        humidity: (n % 100) as u8,
    };
    (0..200).map(one).collect()
}

fn article() -> Article {
    Article {
        id: 42,
        title: "On the keeping of small fish".into(),
        body: "They school by day, and rest at night near the bottom.\n".repeat(70),
        tags: vec!["fish".into(), "aquaria".into()],
    }
}

fn one<C: Codec, T: Serialize + DeserializeOwned>(c: &mut Criterion, value: &T, what: &str) {
    let db = Db::in_memory();
    db.value_with("v", Schema::of::<C>()).set(value).expect("it can be written");
    println!("{what}, {}: {} bytes", C::NAME, db.strlen("v").expect("a string"));
    let mut bytes = Vec::new();
    C::encode(value, &mut bytes).expect("it can be written");
    let mut group = c.benchmark_group(what);
    group.bench_function(format!("write, {}", C::NAME), |b| {
        let mut buffer = Vec::with_capacity(bytes.len());
        b.iter(|| {
            buffer.clear();
            C::encode(black_box(value), &mut buffer).expect("it can be written");
            black_box(&buffer);
        });
    });
    group.bench_function(format!("read, {}", C::NAME), |b| {
        b.iter(|| C::decode::<T>(black_box(&bytes)).expect("it was written"));
    });
    group.finish();
}

fn all<T: Serialize + DeserializeOwned>(c: &mut Criterion, value: &T, what: &str) {
    one::<Bincode, T>(c, value, what);
    one::<Postcard, T>(c, value, what);
    one::<Json, T>(c, value, what);
}

fn codecs(c: &mut Criterion) {
    all(c, &profile(), "profile");
    all(c, &measurements(), "measurements");
    all(c, &article(), "article");
}

criterion_group!(benches, codecs);
criterion_main!(benches);
