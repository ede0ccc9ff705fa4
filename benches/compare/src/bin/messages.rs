//! What a server pays for each message that it delivers, and for each push that it hands to a blocked client.
//!
//! `taskset -c 1 cargo run --release --manifest-path benches/compare/Cargo.toml --bin messages --
//! NAME=COMMAND ... [--subscribers 1,10,1000] [--publishers 50] [--pipeline 1,16] [--blocked 10000] [--rounds 3]`
//!
//! Each COMMAND starts a server, `{port}` being filled in; it runs on processor 0, this program on the one that
//! `taskset` gives it. Publishers send PUBLISH, so many at a time, and wait for the answers; subscribers
//! read what comes. For the hand-over each of the blocked clients waits in BLPOP, all for one list, and one client
//! pushes as many elements, one at a time. What is counted is the time that the server's threads ran
//! (`/proc/PID/task/*/schedstat`, Linux alone), by message delivered or element handed over: the median of the rounds,
//! the servers taking turns.

#![forbid(unsafe_code)]

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Messages that are delivered for a figure, about.
const DELIVERED: usize = 300_000;
const PAYLOAD: [u8; 32] = [b'm'; 32];

struct Server {
    name: String,
    port: u16,
    child: Child,
}

impl Server {
    fn start(spec: &str, port: u16) -> Server {
        let (name, command) = spec.split_once('=').expect("NAME=COMMAND");
        let command = command.replace("{port}", &port.to_string());
        let child = Command::new("taskset")
            .args(["-c", "0"])
            .args(command.split_whitespace())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server starts");
        let started = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(started.elapsed().as_secs() < 10, "{name} did not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        Server { name: name.to_string(), port, child }
    }

    /// How long its threads have run.
    fn worked(&self) -> Duration {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).expect("Linux");
        let nanos = tasks.filter_map(|task| {
            let line = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
            line.split_whitespace().next()?.parse::<u64>().ok()
        });
        Duration::from_nanos(nanos.sum())
    }

    async fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await.expect("it listens");
        stream.set_nodelay(true).expect("a socket");
        stream
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(words: &[&[u8]]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        bytes.extend_from_slice(word);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

/// Reads so many bytes, whatever they are.
async fn skip(stream: &mut TcpStream, mut bytes: usize) {
    let mut buffer = [0; 16 * 1024];
    while bytes > 0 {
        let room = bytes.min(buffer.len());
        let read = stream.read(&mut buffer[..room]).await.expect("it answers");
        assert!(read > 0, "the server closed the connection");
        bytes -= read;
    }
}

/// Reads so many lines.
async fn lines(stream: &mut TcpStream, mut count: usize) {
    let mut buffer = [0; 4096];
    while count > 0 {
        let read = stream.read(&mut buffer).await.expect("it answers");
        assert!(read > 0, "the server closed the connection");
        assert_ne!(buffer[0], b'-', "{}", String::from_utf8_lossy(&buffer[..read]));
        count -= buffer[..read].iter().filter(|byte| **byte == b'\n').count();
    }
}

/// Nanoseconds for each message that is delivered.
async fn publish(server: &Server, subscribers: usize, publishers: usize, pipeline: usize) -> f64 {
    let batches = (DELIVERED / subscribers / publishers / pipeline).max(4);
    let messages = batches * pipeline * publishers;
    let each = command(&[b"message", b"news", &PAYLOAD]).len();
    let mut readers = JoinSet::new();
    for _ in 0..subscribers {
        let mut stream = server.connect().await;
        stream.write_all(&command(&[b"SUBSCRIBE", b"news"])).await.expect("sent");
        lines(&mut stream, 6).await;
        readers.spawn(async move { skip(&mut stream, messages * each).await });
    }
    let mut writers = JoinSet::new();
    let batch = command(&[b"PUBLISH", b"news", &PAYLOAD]).repeat(pipeline);
    let before = server.worked();
    for _ in 0..publishers {
        let (mut stream, batch) = (server.connect().await, batch.clone());
        writers.spawn(async move {
            for _ in 0..batches {
                stream.write_all(&batch).await.expect("sent");
                lines(&mut stream, pipeline).await;
            }
        });
    }
    writers.join_all().await;
    readers.join_all().await;
    (server.worked() - before).as_nanos() as f64 / (messages * subscribers) as f64
}

/// Nanoseconds for each element that is handed to a blocked client.
async fn hand_over(server: &Server, blocked: usize) -> f64 {
    let mut waiting = JoinSet::new();
    for _ in 0..blocked {
        let mut stream = server.connect().await;
        stream.write_all(&command(&[b"BLPOP", b"queue", b"0"])).await.expect("sent");
        waiting.spawn(async move { lines(&mut stream, 5).await });
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let mut pusher = server.connect().await;
    let push = command(&[b"LPUSH", b"queue", &PAYLOAD]);
    let before = server.worked();
    for _ in 0..blocked {
        pusher.write_all(&push).await.expect("sent");
        lines(&mut pusher, 1).await;
    }
    waiting.join_all().await;
    (server.worked() - before).as_nanos() as f64 / blocked as f64
}

/// What was asked for on the command line.
struct Asked {
    servers: Vec<String>,
    subscribers: Vec<usize>,
    publishers: Vec<usize>,
    pipeline: Vec<usize>,
    blocked: Vec<usize>,
    rounds: usize,
}

fn asked() -> Asked {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let numbers = |name: &str, default: &[usize]| {
        words.iter().position(|word| word == name).map_or(default.to_vec(), |at| {
            words[at + 1].split(',').map(|number| number.parse().expect("numbers")).collect()
        })
    };
    Asked {
        servers: words.iter().filter(|word| word.contains('=')).cloned().collect(),
        subscribers: numbers("--subscribers", &[1, 10, 1000]),
        publishers: numbers("--publishers", &[50]),
        pipeline: numbers("--pipeline", &[1, 16]),
        blocked: numbers("--blocked", &[10_000]),
        rounds: numbers("--rounds", &[3])[0],
    }
}

/// Prints one row: each server's median, and its ratio to that of the last.
fn row(what: &str, mut figures: Vec<Vec<f64>>) {
    figures.iter_mut().for_each(|rounds| rounds.sort_by(f64::total_cmp));
    let medians: Vec<f64> = figures.iter().map(|rounds| rounds[rounds.len() / 2]).collect();
    let last = medians.last().copied().unwrap_or(f64::NAN);
    let cells = medians.iter().map(|ns| format!("{:>9.3} µs ({:.2})", ns / 1000.0, ns / last));
    println!("{what:44}{}", cells.collect::<Vec<_>>().join("  "));
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let asked = asked();
    let servers: Vec<Server> =
        asked.servers.iter().zip(21_800..).map(|(spec, port)| Server::start(spec, port)).collect();
    let names: Vec<_> = servers.iter().map(|s| format!("{:>19}", s.name)).collect();
    println!("{:44}{}", "server's time for each (to the last)", names.join("  "));
    for &publishers in &asked.publishers {
        for &pipeline in &asked.pipeline {
            for &subscribers in &asked.subscribers {
                let mut figures = vec![Vec::new(); servers.len()];
                for _ in 0..asked.rounds {
                    for (server, figures) in servers.iter().zip(&mut figures) {
                        figures.push(publish(server, subscribers, publishers, pipeline).await);
                    }
                }
                let what = format!("PUBLISH by {publishers} x {pipeline}, {subscribers} subscribers");
                row(&what, figures);
            }
        }
    }
    for &blocked in asked.blocked.iter().filter(|blocked| **blocked > 0) {
        let mut figures = vec![Vec::new(); servers.len()];
        for _ in 0..asked.rounds {
            for (server, figures) in servers.iter().zip(&mut figures) {
                figures.push(hand_over(server, blocked).await);
            }
        }
        row(&format!("hand-over to {blocked} blocked clients"), figures);
    }
}
