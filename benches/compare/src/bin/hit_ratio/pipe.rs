//! Redis and Valkey, asked over a socket: a script gets a key and sets it if it is missing, so that
//! many requests can be on their way at once and each is still answered before the next.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::caches::Cache;

/// Requests on their way at once.
const BATCH: usize = 500;
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

    /// The same, but many at once.
    fn each(&mut self, commands: impl Iterator<Item = Vec<u8>>) -> Vec<String> {
        let (mut replies, mut waiting, mut bytes) = (Vec::new(), 0, Vec::new());
        for command in commands {
            bytes.extend(command);
            waiting += 1;
            if waiting == BATCH {
                self.send(&std::mem::take(&mut bytes));
                replies.extend((0..std::mem::take(&mut waiting)).map(|_| self.receive()));
            }
        }
        self.send(&bytes);
        replies.extend((0..waiting).map(|_| self.receive()));
        replies
    }

    fn used(&mut self) -> usize {
        let report = self.call(&["INFO", "memory"]);
        let line = report.lines().find_map(|line| line.strip_prefix("used_memory:"));
        line.and_then(|text| text.trim().parse().ok()).expect("a number")
    }

    fn keys(&mut self) -> usize {
        self.call(&["DBSIZE"]).parse().expect("a number")
    }

    fn fill(&mut self, keys: std::ops::Range<u64>) {
        self.each(keys.map(|i| encode(&["SET", &super::key(i), "v"])));
    }

    /// Limits the server to so many entries, as near as it comes and rather more.
    fn limit(&mut self, policy: &str, entries: usize) {
        self.call(&["CONFIG", "SET", "maxmemory", "0", "maxmemory-policy", policy]);
        self.call(&["FLUSHALL"]);
        let empty = self.used();
        let many = entries as u64;
        self.fill(0..many);
        let full = self.used();
        let (mut limit, each) = (full, (full - empty) / entries);
        for _ in 0..6 {
            self.call(&["CONFIG", "SET", "maxmemory", &limit.to_string()]);
            self.fill(many..many * 4);
            let keys = self.keys();
            if (entries..=entries + entries / 200).contains(&keys) {
                break;
            }
            limit = limit + entries * each - keys * each + each;
        }
        self.call(&["FLUSHALL"]);
    }

    /// Hits in a trace, how many entries there were at its end, and how long a request took.
    pub fn run(&mut self, policy: &str, entries: usize, keys: &[u64]) -> (usize, usize, Duration) {
        self.limit(policy, entries);
        let sha = self.sha.clone();
        let started = Instant::now();
        let replies =
            self.each(keys.iter().map(|key| encode(&["EVALSHA", &sha, "1", &super::key(*key)])));
        let pace = started.elapsed() / keys.len().max(1) as u32;
        (replies.iter().filter(|reply| *reply == "1").count(), self.keys(), pace)
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

/// Asks a cache for every key of a trace. Returns the hits.
pub fn hits(cache: &mut dyn Cache, keys: &[u64]) -> usize {
    keys.iter().filter(|key| cache.ask(**key)).count()
}
