//! Lists of a million elements beside `std`'s deque and kevy-embedded, in one run.
//!
//! `cargo run --release --features mimalloc --manifest-path benches/compare/Cargo.toml --bin lists [-- elements rounds]`
//!
//! Elements of 17 bytes. `VecDeque` is one of `Vec<u8>`, which nobody else may use meanwhile: what locks, keys
//! and nodes cost is on Danio's side alone. What a library returns is owned by the caller in each.
//! Times are those of the best round, since noise only adds. Memory is what the process grows by.

#![forbid(unsafe_code)]

use std::collections::VecDeque;
use std::hint::black_box;
use std::time::Instant;

use danio::Db;

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: danio::Allocator = danio::Allocator;

/// Ranges and indexes asked for in one round.
const LOOKS: usize = 10_000;

/// The memory of the process, in bytes, where the system tells.
fn resident() -> f64 {
    let pages = std::fs::read_to_string("/proc/self/statm").ok();
    let pages = pages.and_then(|text| text.split(' ').nth(1)?.parse::<f64>().ok());
    pages.map_or(f64::NAN, |pages| pages * 4096.0)
}

/// What is measured of each library.
trait Lists {
    fn name(&self) -> &'static str;
    fn push(&mut self, left: bool, element: &[u8]);
    fn pop(&mut self, left: bool) -> bool;
    /// The bytes of a hundred elements.
    fn range(&self, from: usize) -> usize;
    fn index(&self, at: usize) -> bool;
}

struct Danio(Db);

impl Lists for Danio {
    fn name(&self) -> &'static str {
        "danio"
    }
    fn push(&mut self, left: bool, element: &[u8]) {
        let pushed = if left { self.0.lpush("l", [element]) } else { self.0.rpush("l", [element]) };
        pushed.expect("a list");
    }
    fn pop(&mut self, left: bool) -> bool {
        let popped = if left { self.0.lpop("l") } else { self.0.rpop("l") };
        black_box(popped.expect("a list")).is_some()
    }
    fn range(&self, from: usize) -> usize {
        let from = from as i64;
        let range = self.0.lrange("l", from..from + 100).expect("a list");
        range.iter().map(|element| element.len()).sum()
    }
    fn index(&self, at: usize) -> bool {
        black_box(self.0.lindex("l", at as i64).expect("a list")).is_some()
    }
}

struct Deque(VecDeque<Vec<u8>>);

impl Lists for Deque {
    fn name(&self) -> &'static str {
        "VecDeque<Vec<u8>>"
    }
    fn push(&mut self, left: bool, element: &[u8]) {
        if left {
            self.0.push_front(element.to_vec());
        } else {
            self.0.push_back(element.to_vec());
        }
    }
    fn pop(&mut self, left: bool) -> bool {
        let popped = if left { self.0.pop_front() } else { self.0.pop_back() };
        black_box(popped).is_some()
    }
    fn range(&self, from: usize) -> usize {
        let range: Vec<Vec<u8>> = self.0.range(from..from + 100).cloned().collect();
        range.iter().map(Vec::len).sum()
    }
    fn index(&self, at: usize) -> bool {
        black_box(self.0.get(at).cloned()).is_some()
    }
}

struct Kevy(kevy_embedded::Store);

impl Lists for Kevy {
    fn name(&self) -> &'static str {
        "kevy-embedded"
    }
    fn push(&mut self, left: bool, element: &[u8]) {
        let pushed =
            if left { self.0.lpush(b"l", &[element]) } else { self.0.rpush(b"l", &[element]) };
        pushed.expect("a list");
    }
    fn pop(&mut self, left: bool) -> bool {
        let popped = if left { self.0.lpop(b"l", 1) } else { self.0.rpop(b"l", 1) };
        !black_box(popped.expect("a list")).is_empty()
    }
    fn range(&self, from: usize) -> usize {
        let from = from as i64;
        let range = self.0.lrange(b"l", from, from + 99).expect("a list");
        range.iter().map(Vec::len).sum()
    }
    fn index(&self, at: usize) -> bool {
        black_box(self.0.lindex(b"l", at as i64).expect("a list")).is_some()
    }
}

/// Nanoseconds an operation.
fn timed(operations: usize, mut op: impl FnMut(usize)) -> f64 {
    let start = Instant::now();
    (0..operations).for_each(&mut op);
    start.elapsed().as_secs_f64() * 1e9 / operations as f64
}

fn measure(mut lists: impl Lists, elements: &[Vec<u8>], rounds: usize) {
    let mut best = [f64::INFINITY; 6];
    let mut bytes = f64::NAN;
    let n = elements.len();
    for round in 0..rounds {
        let before = resident();
        let push = timed(n, |i| lists.push(false, &elements[i]));
        if round == 0 {
            bytes = (resident() - before) / n as f64;
        }
        let middle = |i: usize| n / 2 + (i * 7919) % (n / 100);
        let row = [
            push,
            timed(LOOKS, |i| assert_eq!(lists.range(i % 1000), 1700)),
            timed(LOOKS, |i| assert!(lists.index(middle(i)))),
            timed(n / 2, |_| assert!(lists.pop(false))),
            timed(n - n / 2, |_| assert!(lists.pop(true))),
            timed(n, |i| lists.push(true, &elements[i])),
        ];
        for (best, now) in best.iter_mut().zip(row) {
            *best = best.min(now);
        }
        while lists.pop(true) {}
    }
    let [push_right, range, index, pop_right, pop_left, push_left] = best;
    println!(
        "{:<20}{push_right:>9.0}{push_left:>9.0}{pop_right:>9.0}{pop_left:>9.0}{range:>11.0}{index:>11.0}{bytes:>10.1}",
        lists.name()
    );
}

fn main() {
    let mut words = std::env::args().skip(1);
    let mut number = |default| words.next().and_then(|word| word.parse().ok()).unwrap_or(default);
    let (count, rounds, library) = (number(1_000_000), number(5), number(0));
    let elements: Vec<Vec<u8>> =
        (0..count).map(|n| format!("element:{n:09}").into_bytes()).collect();
    match library {
        0 => {
            println!("{count} elements, nanoseconds an operation; bytes an element");
            println!(
                "{:<20}{:>9}{:>9}{:>9}{:>9}{:>11}{:>11}{:>10}",
                "", "RPUSH", "LPUSH", "RPOP", "LPOP", "LRANGE 100", "middle", "memory"
            );
            // Each in a process of its own, so that none grows into what another gave back.
            let this = std::env::current_exe().expect("a program has a path");
            for library in 1..=3 {
                let words = [count, rounds, library].map(|n: usize| n.to_string());
                let status = std::process::Command::new(&this).args(words).status();
                assert!(status.expect("it runs").success());
            }
        }
        1 => measure(Danio(Db::in_memory()), &elements, rounds),
        2 => measure(Deque(VecDeque::new()), &elements, rounds),
        _ => {
            let store = kevy_embedded::Store::open(kevy_embedded::Config::default());
            measure(Kevy(store.expect("in memory")), &elements, rounds);
        }
    }
}
