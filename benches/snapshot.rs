//! Saving and loading, side by side with Valkey: time, size of the file, and what a save costs those who go
//! on reading and writing.
//!
//! `DANIO_VALKEY=… cargo bench --features server --bench snapshot [-- keys]`: ten million small strings, and a
//! mixed set of a tenth as many keys, unless told otherwise. The folder is `DANIO_BENCH_DIR`, or the system's for
//! temporary files. Without `DANIO_VALKEY` there is nobody beside.

#![allow(clippy::disallowed_methods, reason = "a benchmark measures the machine's own time")]

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use danio::{Config, Engine};
use support::{histogram, measure, print};

#[cfg(feature = "server")]
#[global_allocator]
static ALLOCATOR: danio::Allocator = danio::Allocator;

fn main() {
    let keys: u64 = std::env::args().skip(1).find_map(|a| a.parse().ok()).unwrap_or(10_000_000);
    let dir = std::env::var_os("DANIO_BENCH_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    let dir = dir.join(format!("danio-bench-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("a folder");
    println!("{keys} strings: keys of 16 B, values of 32 B");
    beside(&dir, |engine| strings(engine, keys));
    println!("\n{} hashes, sorted sets, lists and streams, of 10 to 200 elements", keys / 10);
    beside(&dir, |engine| mixed(engine, keys / 10));
    println!("\ncalls while {keys} strings are saved, and while not");
    meanwhile(&dir, keys);
    println!("\ncheckpoints of 1,000,000 keys");
    checkpoints();
    std::fs::remove_dir_all(&dir).expect("it is ours");
}

fn open(dir: &Path) -> Engine {
    Engine::open(Config::new().dir(dir)).expect("valid")
}

/// Saves and loads what `fill` makes, and has Valkey load and save the same.
fn beside(dir: &Path, fill: impl Fn(&Engine)) {
    let engine = open(dir);
    fill(&engine);
    let (save, saved) = timed(|| engine.save().expect("there is room"));
    drop(engine);
    let engine = open(dir);
    let (load, _) = timed(|| engine.load().expect("it is whole").expect("it is there"));
    drop(engine);
    println!("danio   save {save:6.2} s  load {load:6.2} s  {:11} bytes", saved.bytes);
    if let Some(valkey) = std::env::var_os("DANIO_VALKEY") {
        let (theirs, size) = valkey_times(Path::new(&valkey), dir);
        println!("valkey  save {:6.2} s  load {:6.2} s  {size:11} bytes", theirs.0, theirs.1);
        println!(
            "ratio   save {:6.2}    load {:6.2}    {:8.3}",
            save / theirs.0,
            load / theirs.1,
            saved.bytes as f64 / size as f64
        );
    }
}

fn timed<R>(work: impl FnOnce() -> R) -> (f64, R) {
    let start = Instant::now();
    let result = work();
    (start.elapsed().as_secs_f64(), result)
}

fn strings(engine: &Engine, keys: u64) {
    let db = engine.db(0).expect("exists");
    for i in 0..keys {
        // Of 32 letters and digits that do not repeat.
        let word = i.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let value = format!("{word:016x}{:016x}", word.rotate_left(29) ^ i);
        db.set(format!("key:{i:012}"), value).expect("set");
    }
}

fn mixed(engine: &Engine, keys: u64) {
    let db = engine.db(0).expect("exists");
    for i in 0..keys {
        let size = if i % 50 == 0 { 200 } else { 10 };
        let name = format!("key:{i:012}");
        let words = (0..size).map(|n| format!("element:{}", i * 31 + n));
        match i % 4 {
            0 => {
                db.hset(&name, words.map(|word| (word.clone(), word))).expect("a hash");
            }
            1 => {
                let scored = words.enumerate().map(|(n, word)| (word, n as f64 + 0.5));
                db.zadd_many(&name, scored).expect("a sorted set");
            }
            2 => {
                db.rpush(&name, words).expect("a list");
            }
            _ => {
                for word in words {
                    db.xadd(&name, [("field", word.as_str()), ("n", "1")]).expect("a stream");
                }
            }
        }
    }
}

/// Seconds to save and to load, and the size of its file.
fn valkey_times(program: &Path, dir: &Path) -> ((f64, f64), u64) {
    let port = 24_990;
    let mut child = start_valkey(program, dir, port);
    let mut stream = loop {
        if let Ok(stream) = TcpStream::connect(("127.0.0.1", port)) {
            break stream;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let mut ask = |line: &str| {
        stream.write_all(line.as_bytes()).expect("it listens");
        let mut reply = [0; 4096];
        let n = stream.read(&mut reply).expect("it answers");
        String::from_utf8_lossy(&reply[..n]).into_owned()
    };
    while !ask("PING\r\n").starts_with("+PONG") {
        std::thread::sleep(Duration::from_millis(50));
    }
    let (save, reply) = timed(|| ask("SAVE\r\n"));
    assert!(reply.starts_with("+OK"), "{reply}");
    let _ = child.kill();
    let _ = child.wait();
    let log = std::fs::read_to_string(dir.join("valkey.log")).expect("it writes a log");
    let load = log.split("DB loaded from disk: ").nth(1).and_then(|rest| rest.split(' ').next());
    let load: f64 = load.and_then(|seconds| seconds.parse().ok()).expect("it tells the time");
    let _ = std::fs::remove_file(dir.join("valkey.log"));
    ((save, load), std::fs::metadata(dir.join("dump.rdb")).expect("it saved").len())
}

fn start_valkey(program: &Path, dir: &Path, port: u16) -> Child {
    Command::new(program)
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""])
        .arg("--dir")
        .arg(dir)
        .arg("--logfile")
        .arg(dir.join("valkey.log"))
        .stdout(Stdio::null())
        .spawn()
        .expect("the program that DANIO_VALKEY names")
}

/// Calls of one thread that sets and gets keys of a few, while all are saved by another and while not.
fn meanwhile(dir: &Path, keys: u64) {
    let engine = open(dir);
    strings(&engine, keys);
    let data = engine.used_memory();
    let rss = || {
        let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok()).unwrap_or(0) * 1024
    };
    for saving in [false, true] {
        let stop = AtomicBool::new(false);
        let (before, mut most) = (rss(), 0);
        let (mut set_wall, mut set_work) = (histogram(), histogram());
        let (mut get_wall, mut get_work) = (histogram(), histogram());
        std::thread::scope(|scope| {
            scope.spawn(|| {
                if saving {
                    engine.save().expect("there is room");
                } else {
                    std::thread::sleep(Duration::from_secs(3));
                }
                stop.store(true, Relaxed);
            });
            let db = engine.db(0).expect("exists");
            let mut i = 0_u64;
            while !stop.load(Relaxed) {
                i += 1;
                let few = i.wrapping_mul(0x9E37_79B9) % 10_000 * (keys / 10_000).max(1);
                let key = format!("key:{few:012}");
                measure(&mut set_wall, &mut set_work, || db.set(&key, [b'x'; 32]).expect("set"));
                measure(&mut get_wall, &mut get_work, || db.get(&key).expect("a string"));
                if i.is_multiple_of(1 << 16) {
                    most = most.max(rss());
                }
            }
        });
        println!("{}", if saving { "while it is saved" } else { "while nothing is" });
        print("SET, wall", &set_wall);
        print("SET, thread", &set_work);
        print("GET, wall", &get_wall);
        print("GET, thread", &get_work);
        let more = most.saturating_sub(before) as f64 * 100.0 / data as f64;
        println!("memory grew by {more:.1} % of the data");
    }
}

fn checkpoints() {
    let engine = Engine::open(Config::new()).expect("valid");
    strings(&engine, 1_000_000);
    let db = engine.db(0).expect("exists");
    let (make, checkpoint) = timed(|| engine.checkpoint());
    for i in 0..100 {
        db.set(format!("key:{i:012}"), "changed").expect("set");
        db.set(format!("new:{i}"), "added").expect("set");
        db.del(format!("key:{:012}", i + 1000));
    }
    let (few, ()) = timed(|| checkpoint.restore());
    let (flush, ()) = timed(|| engine.flush_all());
    let (all, ()) = timed(|| checkpoint.restore());
    assert_eq!(db.len(), 1_000_000);
    println!(
        "made {:.3} ms, restored after 300 changes {:.3} ms, flushed {:.3} ms, restored after that {:.3} ms",
        make * 1e3,
        few * 1e3,
        flush * 1e3,
        all * 1e3
    );
}
