//! The caches that are asked.

use std::time::Duration;

use danio::{Config, Db, Engine, EvictionPolicy, ManualClock};

/// A cache of a number of entries.
pub trait Cache {
    /// Asks for a key, and puts it in if it is missing. Returns whether it was there.
    fn ask(&mut self, key: u64) -> bool;
    /// How many entries it holds.
    fn len(&mut self) -> usize;
}

pub struct Moka(moka::sync::Cache<u64, ()>);

impl Moka {
    pub fn new(entries: usize) -> Moka {
        Moka(moka::sync::Cache::new(entries as u64))
    }
}

impl Cache for Moka {
    fn ask(&mut self, key: u64) -> bool {
        if self.0.get(&key).is_some() {
            return true;
        }
        self.0.insert(key, ());
        // It decides on its own time who stays; here that is at once, which only helps it.
        self.0.run_pending_tasks();
        false
    }

    fn len(&mut self) -> usize {
        self.0.run_pending_tasks();
        self.0.entry_count() as usize
    }
}

pub struct QuickCache(quick_cache::sync::Cache<u64, ()>);

impl QuickCache {
    pub fn new(entries: usize) -> QuickCache {
        QuickCache(quick_cache::sync::Cache::new(entries))
    }
}

impl Cache for QuickCache {
    fn ask(&mut self, key: u64) -> bool {
        if self.0.get(&key).is_some() {
            return true;
        }
        self.0.insert(key, ());
        false
    }

    fn len(&mut self) -> usize {
        self.0.len()
    }
}

/// Danio under a policy, limited by bytes.
pub struct Danio {
    db: Db,
    clock: ManualClock,
    /// How long a request takes by the engine's clock.
    pace: Duration,
}

impl Danio {
    fn new(policy: EvictionPolicy, limit: usize, pace: Duration) -> Danio {
        let clock = ManualClock::new();
        let config = Config::new()
            .seed(1)
            .databases(1)
            .clock(clock.clone())
            .maxmemory(limit)
            .maxmemory_policy(policy);
        Danio { db: Engine::open(config).expect("valid").db(0).expect("exists"), clock, pace }
    }

    /// Asks for a trace under the limit that leaves room for `entries`, on an average of its second half:
    /// what eviction remembers counts too, and tables grow in steps, so that the limit is found by trying.
    /// Returns the hits, and the average.
    pub fn measure(
        policy: EvictionPolicy,
        entries: usize,
        pace: Duration,
        keys: &[u64],
    ) -> (usize, usize) {
        let mut full = Danio::new(policy, 0, pace);
        (0..entries as u64).for_each(|i| {
            full.ask(1 << 40 | i);
        });
        super::pipe::calibrate(full.db.engine().used_memory(), entries, |limit| {
            super::pipe::hits(&mut Danio::new(policy, limit, pace), keys)
        })
    }
}

impl Cache for Danio {
    fn ask(&mut self, key: u64) -> bool {
        self.clock.advance(self.pace);
        let key = super::key(key);
        if self.db.get_with(&key, |_| ()).expect("a string").is_some() {
            return true;
        }
        self.db.set(&key, "v").expect("room is made");
        false
    }

    fn len(&mut self) -> usize {
        self.db.len()
    }
}
