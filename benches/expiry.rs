//! Keys that all expire in the same second: how fast upkeep gives their memory back, and how
//! long GETs of other keys take meanwhile.
//!
//! `cargo bench --bench expiry [-- keys]`; run it under `taskset -c 0` to see it on one core.

#![allow(clippy::disallowed_methods, reason = "a benchmark measures the machine's own time")]

mod support;

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant, SystemTime};

use danio::{Config, Engine, SetOptions, Upkeep};
use support::{histogram, measure, print};

fn main() {
    let keys: u64 = std::env::args().skip(1).find_map(|a| a.parse().ok()).unwrap_or(1_000_000);
    let engine = Engine::open(Config::new().upkeep(Upkeep::Thread)).expect("valid");
    let db = engine.db(0).expect("exists");
    let stay = 100_000;
    (0..stay).for_each(|i| db.set(format!("stay:{i}"), [b'v'; 32]).expect("set"));
    // All at times spread over one second, which begins when the last of them is surely set.
    let start = SystemTime::now() + Duration::from_secs(5 + keys / 500_000);
    for i in 0..keys {
        let at = start + Duration::from_millis(i % 1000);
        let options = SetOptions::new().expire_at(at);
        db.set_with(format!("key:{i:012}"), [b'v'; 32], options).expect("set");
    }
    assert!(SystemTime::now() < start, "setting took too long: give fewer keys");
    println!(
        "{keys} keys expire within one second, {stay} stay; {} MB",
        engine.used_memory() >> 20
    );
    let done = AtomicBool::new(false);
    let (mut wall, mut work) = (histogram(), histogram());
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            while !done.load(Relaxed) {
                for i in (0..stay).step_by(97) {
                    let key = format!("stay:{i}");
                    measure(&mut wall, &mut work, || db.get(&key)).expect("a string");
                }
            }
        });
        std::thread::sleep(start.duration_since(SystemTime::now()).unwrap_or_default());
        let (begin, mut report) = (Instant::now(), Duration::from_millis(500));
        while db.len() > stay {
            std::thread::sleep(Duration::from_millis(1));
            if begin.elapsed() > report {
                println!("after {report:?}: {} of them left", db.len() - stay);
                report += Duration::from_millis(500);
            }
        }
        let all = begin.elapsed();
        println!(
            "all reclaimed {all:?} after the second began, {:?} after it ended",
            all.saturating_sub(Duration::from_secs(1))
        );
        done.store(true, Relaxed);
        reader.join().expect("no panic");
    });
    println!("{} MB left", engine.used_memory() >> 20);
    print("GET meanwhile, wall", &wall);
    print("GET meanwhile, thread", &work);
}
