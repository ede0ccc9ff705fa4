//! Redis and Valkey, asked over a socket: a script gets a key and sets it if it is missing, so that
//! many requests can be on their way at once and each is still answered before the next.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::caches::Cache;

/// Requests on their way at once: so few that the servers' buffers, which count, do not grow.
const BATCH: usize = 100;
/// How often a limit is tried, and by what part the entries may be fewer than meant.
const TRIES: usize = 12;
const FEWER: usize = 250;
const SCRIPT: &str =
    "if redis.call('GET',KEYS[1]) then return 1 end redis.call('SET',KEYS[1],'v') return 0";

/// A server of its own, ended with this.
pub struct Server {
    child: Child,
    socket: PathBuf,
    wire: BufReader<UnixStream>,
    sha: String,
}

impl Server {
    pub fn start(program: &str, number: usize) -> Server {
        let socket =
            std::env::temp_dir().join(format!("hit-ratio-{}-{number}", std::process::id()));
        let child = Command::new(program)
            .args(["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket"])
            .arg(&socket)
            .stdout(Stdio::null())
            .spawn()
            .expect("the server starts");
        let started = Instant::now();
        let stream = loop {
            match UnixStream::connect(&socket) {
                Ok(stream) => break stream,
                Err(error) => assert!(started.elapsed().as_secs() < 10, "{error}"),
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        let mut server = Server { child, socket, wire: BufReader::new(stream), sha: String::new() };
        server.sha = server.call(&["SCRIPT", "LOAD", SCRIPT]);
        server
    }

    fn send(&mut self, bytes: &[u8]) {
        self.wire.get_mut().write_all(bytes).expect("the server reads");
    }

    /// One reply: a line, or the bytes that a line announces.
    fn receive(&mut self) -> String {
        let mut line = String::new();
        self.wire.read_line(&mut line).expect("the server answers");
        let line = line.trim_end();
        assert!(!line.starts_with('-'), "{line}");
        match line.strip_prefix('$') {
            Some(length) => {
                let mut bytes = vec![0; length.parse::<usize>().expect("a length") + 2];
                self.wire.read_exact(&mut bytes).expect("the server answers");
                bytes.truncate(bytes.len() - 2);
                String::from_utf8_lossy(&bytes).into_owned()
            }
            None => line[1..].into(),
        }
    }

    fn call(&mut self, words: &[&str]) -> String {
        self.send(&encode(words));
        self.receive()
    }

    /// Asks for each key. Returns the hits, and how many entries there were on an average of the second half.
    fn ask(&mut self, keys: &[u64]) -> (usize, usize) {
        let (sha, mut hits, mut sizes) = (self.sha.clone(), 0, Vec::new());
        for batch in keys.chunks(BATCH) {
            let mut bytes = Vec::new();
            batch.iter().for_each(|key| {
                bytes.extend(encode(&["EVALSHA", &sha, "1", &super::key(*key)]));
            });
            bytes.extend(encode(&["DBSIZE"]));
            self.send(&bytes);
            hits += batch.iter().filter(|_| self.receive() == "1").count();
            sizes.push(self.receive().parse().expect("a number"));
        }
        (hits, average(&sizes))
    }

    fn used(&mut self) -> usize {
        let report = self.call(&["INFO", "memory"]);
        let line = report.lines().find_map(|line| line.strip_prefix("used_memory:"));
        line.and_then(|text| text.trim().parse().ok()).expect("a number")
    }

    /// Hits in a trace with room for so many entries, how many there were on an average of its second half,
    /// and how long a request took.
    pub fn run(&mut self, policy: &str, entries: usize, keys: &[u64]) -> (usize, usize, Duration) {
        self.call(&["CONFIG", "SET", "maxmemory", "0", "maxmemory-policy", policy]);
        self.call(&["FLUSHALL"]);
        let strangers: Vec<u64> = (0..entries as u64).map(|i| 1 << 40 | i).collect();
        self.ask(&strangers);
        let (full, mut pace) = (self.used(), Duration::ZERO);
        let (hits, held) = calibrate(full, entries, |limit| {
            self.call(&["FLUSHALL"]);
            self.call(&["CONFIG", "SET", "maxmemory", &limit.to_string()]);
            let started = Instant::now();
            let found = self.ask(keys);
            pace = started.elapsed() / keys.len().max(1) as u32;
            found
        });
        (hits, held, pace)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(&self.socket);
    }
}

fn encode(words: &[&str]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend(format!("${}\r\n{word}\r\n", word.len()).into_bytes());
    }
    bytes
}

/// Asks a cache for every key of a trace. Returns the hits, and how many entries there were on an average
/// of the second half.
pub fn hits(cache: &mut dyn Cache, keys: &[u64]) -> (usize, usize) {
    let (mut hits, mut sizes) = (0, Vec::new());
    for batch in keys.chunks(BATCH) {
        hits += batch.iter().filter(|key| cache.ask(**key)).count();
        sizes.push(cache.len());
    }
    (hits, average(&sizes))
}

fn average(sizes: &[usize]) -> usize {
    let late = &sizes[sizes.len() / 2..];
    late.iter().sum::<usize>().div_ceil(late.len().max(1))
}

/// Tries limits until a trace, which `run` asks for, leaves room for so many entries, and few less. Returns the
/// hits and entries of the best try: the most of those that were not too many.
pub fn calibrate(
    mut limit: usize,
    entries: usize,
    mut run: impl FnMut(usize) -> (usize, usize),
) -> (usize, usize) {
    // Limits that left room for too few, and for too many; and the best try.
    let (mut low, mut high, mut best) = (0, usize::MAX, (0, 0));
    for _ in 0..TRIES {
        let (hits, held) = run(limit);
        if held <= entries {
            low = low.max(limit);
            if held > best.1 {
                best = (hits, held);
            }
            if (entries - held) * FEWER <= entries {
                break;
            }
        } else {
            high = high.min(limit);
        }
        // In proportion to what was missed, or in the middle if that was tried.
        let aim = entries - entries / (2 * FEWER);
        let next = (limit as u128 * aim as u128 / held.max(1) as u128) as usize;
        limit = if next > low && next < high {
            next
        } else if high == usize::MAX {
            low + low / 50
        } else {
            low + (high - low) / 2
        };
    }
    best
}
