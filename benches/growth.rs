//! How long single calls take while a database grows from nothing: the histogram of each, by the
//! clock on the wall and by the thread's own processor time (what the system does meanwhile, such
//! as running somebody else, is in the first only). Then it is emptied and grows again, on memory
//! that the allocator kept: what the first round has and the second has not is the system's doing,
//! which hands out and clears pages. Last, nothing is called at all: what takes long then is the
//! machine's.
//!
//! `MIMALLOC_PURGE_DELAY=-1 cargo bench --features server --bench growth [-- keys]`, with the server's
//! allocator told to keep what is freed.

mod support;

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use support::{histogram, measure, print};

#[cfg(feature = "server")]
#[global_allocator]
static ALLOCATOR: danio::Allocator = danio::Allocator;

fn main() {
    let keys: u64 = std::env::args().skip(1).find_map(|a| a.parse().ok()).unwrap_or(10_000_000);
    println!("from nothing to {keys} keys of 16 B with values of 32 B; one thread sets, one gets");
    let db = danio::Db::in_memory();
    println!("\nmemory fresh from the system");
    grow(&db, keys);
    db.flush();
    println!("\nmemory that the first round left");
    grow(&db, keys);
    println!("\nno call at all, for as long: what the machine itself takes away");
    idle(keys);
}

/// Measures nothing, on two threads as well, with the same keys made.
fn idle(count: u64) {
    let spin = || {
        let (mut wall, mut work) = (histogram(), histogram());
        for i in 0..count {
            std::hint::black_box(format!("key:{i:012}"));
            measure(&mut wall, &mut work, || ());
        }
        (wall, work)
    };
    let (other, (wall, work)) = std::thread::scope(|scope| {
        let other = scope.spawn(spin);
        let mine = spin();
        (other.join().expect("no panic"), mine)
    });
    print("nothing, wall", &wall);
    print("nothing, thread", &work);
    print("nothing, the other's thread", &other.1);
}

fn grow(db: &danio::Db, keys: u64) {
    let grown = AtomicU64::new(0);
    let (mut set_wall, mut set_work) = (histogram(), histogram());
    let (mut get_wall, mut get_work) = (histogram(), histogram());
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut i = 0_u64;
            while grown.load(Relaxed) < keys {
                i = i
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                let key = format!("key:{:012}", (i >> 16) % grown.load(Relaxed).max(1));
                measure(&mut get_wall, &mut get_work, || db.get(&key)).expect("a string");
            }
        });
        for i in 0..keys {
            let key = format!("key:{i:012}");
            measure(&mut set_wall, &mut set_work, || db.set(&key, [b'v'; 32])).expect("set");
            grown.store(i + 1, Relaxed);
        }
        reader.join().expect("no panic");
    });
    print("SET, wall", &set_wall);
    print("SET, thread", &set_work);
    print("GET, wall", &get_wall);
    print("GET, thread", &get_work);
    println!("{:.1} bytes a key counted", db.engine().used_memory() as f64 / keys as f64);
    println!("SET, thread: how many calls took up to how long");
    for step in set_work.iter_log(1_000, 2.0).filter(|step| step.count_since_last_iteration() > 0) {
        println!(
            "{:>10} µs {:>10}",
            step.value_iterated_to() / 1000,
            step.count_since_last_iteration()
        );
    }
}
