//! The `redis` crate in process beside itself over a Unix socket and loopback TCP, to the same engine, in one run.
//!
//! `cargo run --release --manifest-path benches/compare/Cargo.toml --features redis --bin redis_crate [-- rounds]`
//!
//! The server runs in this process, one worker; `danio::redis` calls the same engine. Keys are 10,000 of 16 bytes,
//! values have 32. A figure is the time of one call, of the best round, since noise only adds; beside it, how many
//! times of the call in process it is.

#![forbid(unsafe_code)]

use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

use danio::network::ServerOptions;
use danio::{Config, Engine};
use redis::{AsyncCommands, Commands, ConnectionLike, Pipeline, aio};

const KEYS: usize = 10_000;
const CALLS: usize = 20_000;
const PIPELINE: usize = 100;

/// One row: what is called, and the nanoseconds of one call.
type Row = (&'static str, f64);

fn key(i: usize) -> String {
    format!("key:{:012}", i * 7919 % KEYS)
}

/// The least time of `rounds` rounds, in nanoseconds a call.
fn best(rounds: usize, calls: usize, mut round: impl FnMut()) -> f64 {
    let time = |round: &mut dyn FnMut()| {
        let start = Instant::now();
        round();
        start.elapsed().as_secs_f64()
    };
    (0..rounds).map(|_| time(&mut round)).fold(f64::INFINITY, f64::min) * 1e9 / calls as f64
}

fn blocking(rounds: usize, calls: usize, c: &mut impl ConnectionLike) -> Vec<Row> {
    let keys: Vec<String> = (0..calls).map(key).collect();
    let value = "v".repeat(32);
    let set = best(rounds, calls, || {
        keys.iter().for_each(|key| c.set::<_, _, ()>(key, &value).expect("SET"));
    });
    let get = best(rounds, calls, || {
        keys.iter().for_each(|key| drop(black_box(c.get::<_, Vec<u8>>(key).expect("GET"))));
    });
    let incr = best(rounds, calls, || {
        for _ in &keys {
            black_box(c.incr::<_, _, i64>("counter", 1).expect("INCR"));
        }
    });
    let hset = best(rounds, calls, || {
        for key in &keys {
            black_box(c.hset::<_, _, _, i64>("hash", key, 1).expect("HSET"));
        }
    });
    let mut pipe = Pipeline::new();
    for key in keys.iter().take(PIPELINE) {
        pipe.get(key);
    }
    let turns = (calls / PIPELINE).max(1);
    let pipelined = best(rounds, turns * PIPELINE, || {
        for _ in 0..turns {
            black_box(pipe.query::<Vec<Vec<u8>>>(c).expect("a pipeline"));
        }
    });
    let mut multi = Pipeline::new();
    multi.atomic().incr("a", 1).incr("b", 1).ignore();
    let atomic = best(rounds, calls / 4, || {
        for _ in 0..calls / 4 {
            black_box(multi.query::<(i64,)>(c).expect("a transaction"));
        }
    });
    vec![
        ("SET", set),
        ("GET", get),
        ("INCR", incr),
        ("HSET", hset),
        ("GET, of a pipeline of 100", pipelined),
        ("MULTI, 2 × INCR, EXEC", atomic),
    ]
}

async fn asynchronous<C>(rounds: usize, calls: usize, c: &mut C) -> Vec<Row>
where
    C: aio::ConnectionLike + Send + Sync,
{
    let keys: Vec<String> = (0..calls).map(key).collect();
    let (mut set, mut get) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..rounds {
        let start = Instant::now();
        for key in &keys {
            c.set::<_, _, ()>(key, "v").await.expect("SET");
        }
        set = set.min(start.elapsed().as_secs_f64());
        let start = Instant::now();
        for key in &keys {
            black_box(c.get::<_, Vec<u8>>(key).await.expect("GET"));
        }
        get = get.min(start.elapsed().as_secs_f64());
    }
    let a_call = |seconds: f64| seconds * 1e9 / calls as f64;
    vec![("SET, async", a_call(set)), ("GET, async", a_call(get))]
}

fn main() -> Result<(), Box<dyn Error>> {
    let rounds = std::env::args().nth(1).and_then(|word| word.parse().ok()).unwrap_or(5);
    let engine = Engine::open(Config::new())?;
    let socket = std::env::temp_dir().join(format!("danio-compare-{}.sock", std::process::id()));
    let server = ServerOptions::new()
        .tcp(([127, 0, 0, 1], 0).into())
        .unix(&socket, 0)
        .workers(1)
        .serve(&engine)?;
    let urls = [
        format!("redis+unix://{}", socket.display()),
        format!("redis://{}", server.local_addrs()[0]),
    ];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;

    let here = danio::redis::Client::open(&engine)?;
    // A round here is so short that there may be more of them.
    let mut columns = vec![blocking(rounds * 4, CALLS, &mut here.get_connection()?)];
    columns[0].extend(runtime.block_on(async {
        let mut c = here.get_multiplexed_async_connection().await?;
        redis::RedisResult::Ok(asynchronous(rounds * 4, CALLS, &mut c).await)
    })?);
    for url in &urls {
        let client = redis::Client::open(url.as_str())?;
        let mut column = blocking(rounds, CALLS, &mut client.get_connection()?);
        column.extend(runtime.block_on(async {
            let mut c = client.get_multiplexed_async_connection().await?;
            redis::RedisResult::Ok(asynchronous(rounds, CALLS, &mut c).await)
        })?);
        columns.push(column);
    }
    println!("{:28} {:>12} {:>20} {:>20}", "ns a call", "in process", "Unix socket", "loopback TCP");
    for (i, (name, own)) in columns[0].iter().enumerate() {
        let beside = |column: &Vec<Row>| format!("{:.0} ({:.1}x)", column[i].1, column[i].1 / own);
        println!("{name:28} {own:>12.0} {:>20} {:>20}", beside(&columns[1]), beside(&columns[2]));
    }
    Ok(())
}
