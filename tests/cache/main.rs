//! `Cache`: one load however many ask, times, refreshing, what is counted and told.

#![allow(clippy::unwrap_used, reason = "a test says by failing what is wrong")]

mod loads;
mod seen;
mod tasks;
mod times;

use std::time::Duration;

use danio::typed::Schema;
use danio::{Cache, CacheBuilder, Config, Engine, ManualClock};

/// A cache of numbers in an engine whose clock is moved by hand.
fn numbers(builder: CacheBuilder) -> (Cache<u64>, ManualClock) {
    let clock = ManualClock::new();
    let engine = Engine::open(Config::new().clock(clock.clone())).unwrap();
    (builder.build_with(&engine.db(0).unwrap(), Schema::plain()), clock)
}

/// Waits until something is so that other threads are about to make so.
fn until(what: impl Fn() -> bool) {
    for _ in 0..20_000 {
        if what() {
            return;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("it never came to be");
}
