//! A catalogue behind a typed cache: `cargo run --example typed_cache --features cache,json`.
//!
//! Products come from a slow source, once however many ask; a product that is looked at often is refreshed before it
//! expires. Then the type changes, as it does from one release to the next: values of the last release are read by a
//! closure and written back, and what cannot be read is dropped and loaded anew.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use danio::typed::{Json, Schema};
use danio::{Cache, Config, Db, Engine, EvictionPolicy, LoadError, ManualClock};
use serde::{Deserialize, Serialize};

/// A product, as the first release knew it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct ProductV0 {
    name: String,
    /// In euros.
    price: f64,
}

/// A product, as it is today.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Product {
    name: String,
    cents: u64,
    currency: String,
}

impl Product {
    /// What the old form says in today's words; nothing if it makes no sense.
    fn of(old: ProductV0) -> Option<Product> {
        let cents = (old.price * 100.0).round();
        (0.0..1e12).contains(&cents).then(|| Product {
            name: old.name,
            cents: cents as u64,
            currency: "EUR".into(),
        })
    }
}

/// Where products come from. It is slow, and counts how often it is asked.
#[derive(Default)]
struct Catalogue {
    asked: AtomicU64,
}

#[derive(Debug, thiserror::Error)]
#[error("there is no product {0}")]
struct NoSuchProduct(u64);

impl Catalogue {
    fn load(&self, id: u64) -> Result<Product, NoSuchProduct> {
        self.asked.fetch_add(1, Relaxed);
        thread::sleep(Duration::from_millis(5));
        match id {
            0..100 => Ok(Product {
                name: format!("product {id}"),
                cents: 100 + id,
                currency: "EUR".into(),
            }),
            _ => Err(NoSuchProduct(id)),
        }
    }
}

/// The service: a catalogue, and a cache in front of it.
#[derive(Clone)]
struct Shop {
    catalogue: Arc<Catalogue>,
    products: Cache<Product>,
}

impl Shop {
    fn open(db: &Db) -> Shop {
        // Version 1 of the type. Version 0 is read, and written back as it is today; anything else is loaded anew.
        let schema = Schema::json()
            .version(1)
            .reads::<Json, ProductV0>(0, Product::of)
            .writes_back()
            .drops_others();
        let products = Cache::builder()
            .name("products")
            .prefix("product:")
            .time_to_live(Duration::from_secs(600))
            .refresh_after(0.8)
            .build_with(db, schema);
        Shop { catalogue: Arc::default(), products }
    }

    fn product(&self, id: u64) -> Result<Product, LoadError<NoSuchProduct>> {
        self.products.try_get_or_insert_with(id.to_string(), || self.catalogue.load(id))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let clock = ManualClock::new();
    let config = Config::new()
        .clock(clock.clone())
        .maxmemory(64 << 20)
        .maxmemory_policy(EvictionPolicy::AllKeysS3Fifo);
    let db = Engine::open(config)?.db(0)?;

    // The last release ran on the same data.
    let old = db.family_with::<u64, ProductV0>("product:", Schema::json());
    old.insert(&1, &ProductV0 { name: "pear".into(), price: 0.4 })?;
    old.insert(&2, &ProductV0 { name: "nothing".into(), price: -1.0 })?;
    db.set("product:3", "no product at all")?;

    let shop = Shop::open(&db);
    assert_eq!(
        shop.product(1)?,
        Product { name: "pear".into(), cents: 40, currency: "EUR".into() }
    );
    assert_eq!(shop.catalogue.asked.load(Relaxed), 0, "it was read, and not loaded");
    let stored = db.get("product:1")?.unwrap_or_default();
    println!("product:1 is now {}", String::from_utf8_lossy(&stored));
    assert_eq!(&stored[..], br#"@1 {"name":"pear","cents":40,"currency":"EUR"}"#);
    assert_eq!(shop.product(2)?.name, "product 2", "it made no sense, and was loaded anew");
    // Text without a version is one of version 0; that it is no JSON is damage, and no other release's doing.
    assert!(matches!(shop.product(3), Err(LoadError::Cache(danio::Error::Codec(_)))));
    assert!(shop.products.invalidate("3"));

    // Eight threads ask for the same thirty products.
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let shop = shop.clone();
            thread::spawn(move || (10..40).all(|id| shop.product(id).is_ok()))
        })
        .collect();
    assert!(threads.into_iter().all(|thread| thread.join().expect("no panic")));
    let stats = shop.products.stats();
    println!(
        "{} loads for {} requests, {} waited",
        stats.loads,
        stats.hits + stats.misses,
        stats.waits
    );
    assert_eq!(shop.catalogue.asked.load(Relaxed), 31, "each was loaded once, and product 2");

    // What does not exist is an error, and not kept.
    assert!(matches!(shop.product(1000), Err(LoadError::Load(_))));

    // Most of its life is over: whoever asks first loads it anew, before it expires.
    clock.advance(Duration::from_secs(500));
    shop.product(10)?;
    assert_eq!(shop.products.stats().refreshes, 1);
    clock.advance(Duration::from_secs(200));
    let asked = shop.catalogue.asked.load(Relaxed);
    shop.product(10)?;
    assert_eq!(shop.catalogue.asked.load(Relaxed), asked, "it was there");

    println!("{} keys in {} bytes", db.len(), db.engine().used_memory());
    Ok(())
}
