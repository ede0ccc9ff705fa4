//! Hit ratios: Danio's eviction policies beside moka, quick_cache, Redis and Valkey, on the same
//! requests and with room for the same number of entries.
//!
//! ```sh
//! cargo run --release --manifest-path benches/compare/Cargo.toml --bin hit_ratio -- \
//!     [--only NAME] [--redis redis-server] [--valkey valkey-server] [--svg docs/eviction] [--trace FILE]...
//! ```
//!
//! Every cache is asked for a key and is given it if it was missing. A trace is a file with a number
//! on each line. The servers are started here, on sockets of their own; under a policy Danio's clock runs as fast as
//! the requests came to Redis under it, so that what a policy knows of time is the same.

#![forbid(unsafe_code)]

mod caches;
mod pipe;
mod plot;
mod traces;

use std::time::Duration;

use caches::{Danio, Moka, QuickCache};
use danio::EvictionPolicy;
use pipe::Server;
use plot::Line;
use traces::Trace;

/// What keys look like.
fn key(number: u64) -> String {
    format!("key:{number:016x}")
}

#[derive(Default)]
struct Options {
    only: Option<String>,
    servers: Vec<(&'static str, String)>,
    svg: Option<std::path::PathBuf>,
    traces: Vec<String>,
}

fn options() -> Options {
    let (mut options, mut words) = (Options::default(), std::env::args().skip(1));
    while let Some(word) = words.next() {
        let mut value = || words.next().expect("an option has a value");
        match word.as_str() {
            "--only" => options.only = Some(value()),
            "--redis" => options.servers.push(("redis", value())),
            "--valkey" => options.servers.push(("valkey", value())),
            "--svg" => options.svg = Some(value().into()),
            "--trace" => options.traces.push(value()),
            _ => panic!("{word} is no option"),
        }
    }
    options
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = options();
    let mut servers: Vec<(&str, Server)> = options
        .servers
        .iter()
        .enumerate()
        .map(|(number, (name, program))| (*name, Server::start(program, number)))
        .collect();
    let mut traces = traces::generated();
    for path in &options.traces {
        traces.push(traces::read(path)?);
    }
    if let Some(only) = &options.only {
        traces.retain(|trace| trace.name.starts_with(only));
    }
    for trace in traces {
        let lines = compare(&trace, &mut servers);
        if let Some(folder) = &options.svg {
            std::fs::create_dir_all(folder)?;
            plot::draw(&folder.join(format!("{}.svg", trace.name)), &trace.name, &lines)?;
        }
    }
    Ok(())
}

/// Asks every cache of every size, and prints a table of the hits in percent.
fn compare(trace: &Trace, servers: &mut [(&str, Server)]) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut note = |name: &str, size: usize, hits: usize, entries: usize| {
        let ratio = hits as f64 * 100.0 / trace.keys.len() as f64;
        // Some of a trace's entries are all there are.
        if entries > size || (size - entries) * 100 > size {
            eprintln!("{}: {name} holds {entries} where {size} were meant", trace.name);
        }
        match lines.iter_mut().find(|line| line.name == name) {
            Some(line) => line.points.push((size, ratio)),
            None => lines.push(Line { name: name.into(), points: vec![(size, ratio)] }),
        }
    };
    for &size in &trace.sizes {
        let mut paces = [Duration::from_micros(4); 2];
        let mut theirs = Vec::new();
        for (name, server) in servers.iter_mut() {
            for (policy, pace) in ["lru", "lfu"].into_iter().zip(&mut paces) {
                let (hits, entries, took) =
                    server.run(&format!("allkeys-{policy}"), size, &trace.keys);
                theirs.push((format!("{name} {policy}"), hits, entries));
                *pace = took;
            }
        }
        let [lru, lfu] = paces;
        let ours = [
            ("danio s3fifo", EvictionPolicy::AllKeysS3Fifo, lru),
            ("danio lru", EvictionPolicy::AllKeysLru, lru),
            ("danio lfu", EvictionPolicy::AllKeysLfu, lfu),
        ];
        for (name, policy, pace) in ours {
            let (hits, entries) = Danio::measure(policy, size, pace, &trace.keys);
            note(name, size, hits, entries);
        }
        let mut moka = Moka::new(size);
        let (hits, entries) = pipe::hits(&mut moka, &trace.keys);
        note("moka", size, hits, entries);
        let mut quick = QuickCache::new(size);
        let (hits, entries) = pipe::hits(&mut quick, &trace.keys);
        note("quick_cache", size, hits, entries);
        for (name, hits, entries) in theirs {
            note(&name, size, hits, entries);
        }
    }
    print(trace, &lines);
    lines
}

fn print(trace: &Trace, lines: &[Line]) {
    println!("\n{}: {} requests\n", trace.name, trace.keys.len());
    print!("| entries |");
    lines.iter().for_each(|line| print!(" {} |", line.name));
    print!("\n|---:|");
    lines.iter().for_each(|_| print!("---:|"));
    println!();
    for (row, size) in trace.sizes.iter().enumerate() {
        print!("| {size} |");
        lines.iter().for_each(|line| print!(" {:.2} |", line.points[row].1));
        println!();
    }
}
