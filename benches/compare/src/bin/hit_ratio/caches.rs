//! The caches that are asked.

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

/// Danio under a policy, limited to what so many entries take.
pub struct Danio {
    db: Db,
    clock: ManualClock,
    /// How long a request takes by the engine's clock.
    pace: std::time::Duration,
}

impl Danio {
    pub fn new(policy: EvictionPolicy, entries: usize, pace: std::time::Duration) -> Danio {
        let open = |limit| {
            let clock = ManualClock::new();
            let config = Config::new()
                .seed(1)
                .databases(1)
                .clock(clock.clone())
                .maxmemory(limit)
                .maxmemory_policy(policy);
            (Engine::open(config).expect("valid").db(0).expect("exists"), clock)
        };
        // What eviction remembers counts too: the limit is found by filling, as the servers' is.
        let set = |db: &Db, i: u64| db.set(super::key(1 << 40 | i), "v").expect("room is made");
        let (full, _) = open(0);
        let many = entries as u64;
        (0..many).for_each(|i| set(&full, i));
        let mut limit = full.engine().used_memory();
        for _ in 0..6 {
            let (db, _) = open(limit);
            (0..many * 3).for_each(|i| set(&db, i));
            let held = db.len();
            if held.abs_diff(entries) * 500 <= entries {
                break;
            }
            limit = (limit as u128 * entries as u128 / held as u128) as usize;
        }
        let (db, clock) = open(limit);
        Danio { db, clock, pace }
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
