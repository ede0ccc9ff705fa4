//! A cache in front of something slow: `cargo run --example cache`.
//!
//! The pattern is cache-aside: look in the cache; on a miss load from the source and keep the
//! answer for a while. What a cache in earnest needs besides:
//!
//! * a time to live with some scatter, so that keys filled together do not expire together;
//! * a guard against the stampede: when a popular key is missing, one caller loads it and the
//!   others wait for that one, instead of all of them falling on the source;
//! * an answer for "there is no such thing", so that asking for it again is cheap as well;
//! * figures, since a cache that nobody measures is a guess.

#![allow(
    clippy::disallowed_methods,
    reason = "an application reads the machine's clock as it likes"
)]

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use danio::{Config, Db, Engine, EvictionPolicy, SetOptions, Upkeep};

/// The database, the remote service, the page that takes long to render.
trait Source: Sync {
    /// `None` if there is no such thing.
    fn load(&self, key: &str) -> Option<String>;
}

/// What [`Cache::get`] has seen so far.
#[derive(Default)]
struct Figures {
    hits: AtomicU64,
    misses: AtomicU64,
    /// Calls that found another loading what they wanted, and waited.
    waits: AtomicU64,
}

struct Cache<S> {
    db: Db,
    source: S,
    /// How long an answer is kept.
    ttl: Duration,
    /// How long a load may take; after it another caller tries.
    patience: Duration,
    figures: Figures,
}

/// What stands in front of a kept answer: found, or known to be missing.
const FOUND: u8 = b'+';
const MISSING: u8 = b'-';

impl<S: Source> Cache<S> {
    /// The answer from the cache or the source.
    fn get(&self, key: &str) -> danio::Result<Option<String>> {
        let kept = format!("product:{key}");
        let lock = format!("loading:{key}");
        let token = RandomState::new().hash_one(key).to_string();
        let (mut locked, mut waited) = (false, false);
        loop {
            // `get_with` decodes in place: the value is copied once, into the String.
            if let Some(answer) = self.db.get_with(&kept, decode)? {
                if locked {
                    self.db.del_if_equal(&lock, &token)?;
                }
                let counter = if waited { &self.figures.waits } else { &self.figures.hits };
                counter.fetch_add(1, Relaxed);
                return Ok(answer);
            }
            if locked {
                break;
            }
            // Exactly one caller gets the lock. It expires, so that a caller that dies while
            // loading holds up the others for no longer than `patience`. With the lock in hand
            // one looks again: the last holder may have kept its answer a moment ago.
            let options = SetOptions::new().if_absent().expire_in(self.patience);
            locked = self.db.set_with(&lock, &token, options)?.set;
            if !locked {
                waited = true;
                thread::sleep(Duration::from_millis(1));
            }
        }
        self.figures.misses.fetch_add(1, Relaxed);
        let answer = self.source.load(key);
        let ttl = match answer {
            Some(_) => self.scattered(),
            // What is missing now may be there soon.
            None => self.ttl / 10,
        };
        self.db.set_ex(&kept, ttl, encode(answer.as_deref()))?;
        // Only the lock that is still ours: ours may have expired and be another's by now.
        self.db.del_if_equal(&lock, &token)?;
        Ok(answer)
    }

    /// Forgets an answer because the source has changed.
    fn invalidate(&self, key: &str) -> bool {
        self.db.del(format!("product:{key}"))
    }

    /// The time to live, up to a tenth longer.
    fn scattered(&self) -> Duration {
        let tenth = self.ttl.as_millis() as u64 / 10;
        self.ttl + Duration::from_millis(RandomState::new().hash_one(0) % tenth.max(1))
    }
}

fn encode(answer: Option<&str>) -> Vec<u8> {
    let (mark, text) = answer.map_or((MISSING, ""), |text| (FOUND, text));
    [&[mark], text.as_bytes()].concat()
}

fn decode(bytes: &[u8]) -> Option<String> {
    let (mark, text) = bytes.split_first()?;
    (*mark == FOUND).then(|| String::from_utf8_lossy(text).into_owned())
}

/// A catalogue that takes 20 ms to answer and counts how often it is asked.
#[derive(Default)]
struct SlowCatalogue {
    asked: AtomicU64,
}

impl Source for SlowCatalogue {
    fn load(&self, key: &str) -> Option<String> {
        self.asked.fetch_add(1, Relaxed);
        thread::sleep(Duration::from_millis(20));
        let number: u32 = key.parse().ok().filter(|number| *number < 1000)?;
        Some(format!("{{\"product\":{number},\"price\":{}}}", 100 + number * 7 % 90))
    }
}

fn main() -> danio::Result<()> {
    // At most 64 MB of data; beyond that the least recently used goes. A thread gives back
    // the memory of what has expired.
    let config = Config::new()
        .maxmemory(64 << 20)
        .maxmemory_policy(EvictionPolicy::AllKeysLru)
        .upkeep(Upkeep::Thread);
    let cache = Cache {
        db: Engine::open(config)?.db(0)?,
        source: SlowCatalogue::default(),
        ttl: Duration::from_secs(60),
        patience: Duration::from_secs(2),
        figures: Figures::default(),
    };

    // Eight threads ask for thirty products, all of them for the same ones at first, and now
    // and then for one that does not exist.
    let start = Instant::now();
    let threads = 8;
    let each = 2000;
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                for i in 0..each {
                    let key =
                        if i % 40 == 39 { "unknown".to_owned() } else { (i * 7 % 30).to_string() };
                    cache.get(&key).expect("the cache holds strings alone");
                }
            });
        }
    });
    let took = start.elapsed();

    let [hits, misses, waits] =
        [&cache.figures.hits, &cache.figures.misses, &cache.figures.waits].map(|n| n.load(Relaxed));
    let asked = cache.source.asked.load(Relaxed);
    println!("{} requests in {:.0?}", hits + misses + waits, took);
    println!("  {hits} hits, {misses} misses, {waits} that waited for another's load");
    println!("  hit rate {:.2} %", 100.0 * hits as f64 / (hits + misses + waits) as f64);
    println!("  the source was asked {asked} times, once for each thing wanted");
    assert_eq!((asked, misses), (31, 31), "a stampede got through");
    assert_eq!(hits + misses + waits, threads * each);

    // The source changes: forget, and the next call loads anew.
    assert!(cache.invalidate("4"));
    cache.get("4")?;
    assert_eq!(cache.source.asked.load(Relaxed), asked + 1);
    println!(
        "after a change: loaded again, {} keys in {} bytes",
        cache.db.len(),
        cache.db.engine().used_memory()
    );
    Ok(())
}
