//! Eviction under fire: writers of keys that do not fit, under a limit of memory.
//!
//! `cargo bench --features server --bench eviction [-- seconds [policy]]` (the feature for the server's allocator)
//!
//! As many writers as cores, then eight, each in a process of its own; values of 16 to 1,000 bytes, the limit
//! 256 MB. Meanwhile the bytes in use and the process's resident memory are looked at all the time. Then the
//! limit is lowered to a quarter, at once, under the same fire.

#![allow(clippy::disallowed_methods, reason = "a benchmark measures the machine's own time")]

mod support;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use danio::command::Session;
use danio::{Config, Engine, EvictionPolicy, Upkeep};
use hdrhistogram::Histogram;
use support::{histogram, measure, print};

#[cfg(feature = "server")]
#[global_allocator]
static ALLOCATOR: danio::Allocator = danio::Allocator;

const LIMIT: usize = 256 << 20;
const KEYS: u64 = 4_000_000;
/// Says how many writers one fire has: `writers=8`.
const WRITERS: &str = "writers=";

fn main() {
    #[cfg(feature = "server")]
    danio::Allocator::share_pages();
    let words: Vec<String> = std::env::args().skip(1).collect();
    let seconds: u64 = words.iter().find_map(|word| word.parse().ok()).unwrap_or(10);
    let chosen = words.iter().find(|word| word.contains('-') && !word.starts_with('-'));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let writers = words.iter().find_map(|word| word.strip_prefix(WRITERS)?.parse().ok());
    for policy in EvictionPolicy::ALL {
        let wanted =
            chosen.map_or(policy == EvictionPolicy::AllKeysLru, |name| policy.name() == name);
        match writers {
            _ if !wanted => {}
            Some(writers) => fire(policy, writers, seconds),
            None => [cores, 8].into_iter().for_each(|n| fire_apart(policy, n, seconds)),
        }
    }
}

/// Fires in a process of its own: what one fire has freed is resident for a while, and not the next one's.
fn fire_apart(policy: EvictionPolicy, writers: usize, seconds: u64) {
    let program = std::env::current_exe().expect("this program");
    let words = [seconds.to_string(), policy.name().into(), format!("{WRITERS}{writers}")];
    let ended = std::process::Command::new(program).args(words).status().expect("it starts");
    assert!(ended.success(), "{ended}");
}

/// What was seen of memory, in bytes.
#[derive(Default)]
struct Seen {
    used: AtomicU64,
    resident: AtomicU64,
}

fn fire(policy: EvictionPolicy, writers: usize, seconds: u64) {
    let config =
        Config::new().maxmemory(LIMIT).maxmemory_policy(policy).upkeep(Upkeep::Thread).databases(1);
    let engine = Engine::open(config).expect("valid");
    let db = engine.db(0).expect("exists");
    let mut session = Session::new(&engine);
    println!("\n{} with {writers} writers, limit {} MB", policy.name(), LIMIT >> 20);
    for i in 0.. {
        if engine.used_memory() > LIMIT / 100 * 99 {
            break;
        }
        db.set_ex(key(mix(i) % KEYS), Duration::from_secs(100_000), value(mix(i))).expect("room");
    }
    let (done, lowered, seen) = (AtomicBool::new(false), AtomicBool::new(false), Seen::default());
    let before = resident();
    std::thread::scope(|scope| {
        let writing: Vec<_> = (0..writers as u64)
            .map(|writer| {
                let (db, done, lowered) = (db.clone(), &done, &lowered);
                scope.spawn(move || {
                    let mut parts = [(); 4].map(|()| histogram());
                    for i in 0_u64.. {
                        if done.load(Relaxed) {
                            break;
                        }
                        let at = mix(i << 8 | writer);
                        let (key, value) = (key(at % KEYS), value(at));
                        let [wall, work, wall_lowered, work_lowered] = &mut parts;
                        let (wall, work) = match lowered.load(Relaxed) {
                            true => (wall_lowered, work_lowered),
                            false => (wall, work),
                        };
                        let expiry = Duration::from_secs(100_000);
                        measure(wall, work, || db.set_ex(&key, expiry, value))
                            .expect("room is made");
                    }
                    parts
                })
            })
            .collect();
        let watch = |until: Instant| {
            while Instant::now() < until {
                seen.used.fetch_max(engine.used_memory() as u64, Relaxed);
                seen.resident.fetch_max(resident(), Relaxed);
                std::thread::sleep(Duration::from_millis(1));
            }
        };
        watch(Instant::now() + Duration::from_secs(seconds));
        let over = |bytes: u64| bytes as f64 / LIMIT as f64;
        println!(
            "in use at most {:.4} of the limit; resident at most {:.3} of it ({:.3} before)",
            over(seen.used.load(Relaxed)),
            over(seen.resident.load(Relaxed)),
            over(before)
        );
        lowered.store(true, Relaxed);
        let low = LIMIT / 4;
        let set = ["CONFIG", "SET", "maxmemory", &low.to_string()];
        session.execute(set).expect("a good value");
        let start = Instant::now();
        while engine.used_memory() > low + low / 100 && start.elapsed() < Duration::from_secs(30) {
            std::thread::sleep(Duration::from_micros(100));
        }
        println!("a quarter of the limit was kept {:?} after it was set", start.elapsed());
        std::thread::sleep(Duration::from_millis(500));
        done.store(true, Relaxed);
        let mut all = [(); 4].map(|()| histogram());
        for parts in writing {
            let parts = parts.join().expect("no panic");
            all.iter_mut().zip(parts).for_each(|(all, part)| all.add(part).expect("alike"));
        }
        report(&all);
    });
}

fn report([wall, work, wall_lowered, work_lowered]: &[Histogram<u64>; 4]) {
    print("SET, wall", wall);
    print("SET, thread", work);
    print("after lowering, wall", wall_lowered);
    print("after lowering, thread", work_lowered);
}

fn key(number: u64) -> String {
    format!("key:{number:012}")
}

fn value(number: u64) -> Vec<u8> {
    vec![b'v'; 16 + (number >> 40) as usize % 985]
}

/// SplitMix64 (Steele, Lea, Flood 2014).
fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The process's resident memory, in bytes, where Linux tells.
fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    pages.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4096
}
