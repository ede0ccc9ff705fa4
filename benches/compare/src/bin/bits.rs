//! Bitmaps and HyperLogLog beside a plain read of memory and the nearest crates, in one run.
//!
//! `cargo run --release --manifest-path benches/compare/Cargo.toml --bin bits [-- rounds]`
//!
//! Bitmaps are strings of 64 MB of random bits, far more than caches hold. "Plain read" adds up the
//! same bytes as 64-bit words, which is what memory gives; the rest is measured against it. The
//! figures are those of the best round, since noise only adds.

#![forbid(unsafe_code)]

use std::hint::black_box;
use std::time::Instant;

use danio::{BitOp, Db};
use hyperloglogplus::{HyperLogLog, HyperLogLogPF};

const MB: usize = 1 << 20;
const LEN: usize = 64 * MB;

/// The least time of `rounds`, in seconds.
fn best(rounds: usize, mut op: impl FnMut()) -> f64 {
    let time = |op: &mut dyn FnMut()| {
        let start = Instant::now();
        op();
        start.elapsed().as_secs_f64()
    };
    (0..rounds).map(|_| time(&mut op)).fold(f64::INFINITY, f64::min)
}

/// Uses a result, so that it has to be worked out.
fn keep<T>(result: T) {
    black_box(result);
}

/// Random bytes, the same in every run (SplitMix64).
fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed;
    let words = (0..len / 8).map(|_| {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (state ^ state >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB)
    });
    words.flat_map(u64::to_le_bytes).collect()
}

fn plain_read(bytes: &[u8]) -> u64 {
    let (words, _) = bytes.as_chunks::<8>();
    words.iter().fold(0, |sum, word| u64::from_le_bytes(*word).wrapping_add(sum))
}

fn bitmaps(rounds: usize) -> danio::Result<()> {
    let db = Db::in_memory();
    for (seed, key) in ["a", "b", "c"].into_iter().enumerate() {
        db.set(key, noise(seed as u64, LEN))?;
    }
    db.set("zeros", vec![0; LEN])?;
    db.set_bit("zeros", LEN as u64 * 8 - 1, true)?;
    let bytes = db.get("a")?.expect("just set");
    let words = bitvec::vec::BitVec::<u8, bitvec::order::Msb0>::from_slice(&bytes);
    let base = best(rounds, || keep(plain_read(black_box(&bytes))));
    let row = |name: &str, bytes: usize, seconds: f64| {
        let rate = bytes as f64 / seconds / 1e9;
        let plain = LEN as f64 / base / 1e9;
        println!("{name:34}{rate:>8.2} GB/s   {:>5.2} of a plain read", rate / plain);
    };
    println!("strings of 64 MB");
    row("plain read", LEN, base);
    row("BITCOUNT", LEN, best(rounds, || keep(db.bit_count("a"))));
    row("bitvec, count_ones", LEN, best(rounds.min(2), || keep(words.count_ones())));
    row("BITPOS to the last bit", LEN, best(rounds, || {
        assert_eq!(db.bit_pos("zeros", true), Ok(Some(LEN as u64 * 8 - 1)));
    }));
    for (name, op, sources) in [
        ("BITOP NOT", BitOp::Not, &["a"][..]),
        ("BITOP AND of two", BitOp::And, &["a", "b"]),
        ("BITOP OR of three", BitOp::Or, &["a", "b", "c"]),
        ("BITOP ONE of three", BitOp::One, &["a", "b", "c"]),
    ] {
        // What is read, and what is written.
        let moved = (sources.len() + 1) * LEN;
        row(name, moved, best(rounds, || drop(db.bit_op(op, "out", sources.iter().copied()))));
    }
    let mut out = vec![0; LEN];
    let copy = best(rounds, || black_box(&mut out).copy_from_slice(black_box(&bytes)));
    row("copy", 2 * LEN, copy);
    row("copy to memory from the system", 2 * LEN, best(rounds, || {
        black_box(bytes.to_vec());
    }));
    Ok(())
}

fn sketches(rounds: usize) -> danio::Result<()> {
    let elements: Vec<[u8; 16]> = (0..1_000_000_u64)
        .map(|i| format!("{:016x}", i.wrapping_mul(0x9E37_79B9_7F4A_7C15)).into_bytes().try_into().expect("16 digits"))
        .collect();
    let db = Db::in_memory();
    let each = |seconds: f64| seconds / elements.len() as f64 * 1e9;
    println!("\na million elements of 16 B");
    let add = best(rounds, || {
        db.del("hll");
        elements.iter().for_each(|element| drop(db.pf_add("hll", [element])));
    });
    println!("{:34}{:>8.1} ns an element", "PFADD, one at a time", each(add));
    let add = best(rounds, || {
        db.del("hll");
        elements.chunks(100).for_each(|elements| drop(db.pf_add("hll", elements)));
    });
    println!("{:34}{:>8.1} ns an element", "PFADD, a hundred at a time", each(add));
    let mut theirs = HyperLogLogPF::<[u8; 16], _>::new(14, std::hash::RandomState::new()).expect("14 bits");
    let add = best(rounds, || elements.iter().for_each(|element| theirs.insert(element)));
    println!("{:34}{:>8.1} ns an element", "hyperloglogplus, insert", each(add));
    let error = |count: f64| (count / elements.len() as f64 - 1.0) * 100.0;
    println!("error: danio {:.2} %, hyperloglogplus {:.2} %", error(db.pf_count("hll")? as f64), error(theirs.count()));

    for key in ["other", "third"] {
        let half = elements.iter().skip(key.len()).step_by(2);
        db.pf_add(key, half)?;
    }
    let raw = db.get("hll")?.expect("just counted");
    // A cached count is dropped by marking it so, as a change would.
    let mut stale = raw.to_vec();
    stale[15] |= 0x80;
    let set = best(rounds * 100, || drop(db.set("hll", &stale)));
    let count = best(rounds * 100, || {
        db.set("hll", &stale).expect("short");
        black_box(db.pf_count("hll").expect("a sketch"));
    });
    println!("{:34}{:>8.2} µs", "PFCOUNT after a change", (count - set) * 1e6);
    let count = best(rounds * 100, || keep(db.pf_count("hll")));
    println!("{:34}{:>8.2} µs", "PFCOUNT again", count * 1e6);
    let count = best(rounds * 100, || keep(theirs.count()));
    println!("{:34}{:>8.2} µs", "hyperloglogplus, count", count * 1e6);
    let count = best(rounds * 100, || keep(db.pf_count_union(["hll", "other", "third"])));
    println!("{:34}{:>8.2} µs", "PFCOUNT of three keys", count * 1e6);
    let merge = best(rounds * 100, || keep(db.pf_merge("all", ["hll", "other", "third"])));
    println!("{:34}{:>8.2} µs", "PFMERGE of three keys", merge * 1e6);
    Ok(())
}

fn main() -> danio::Result<()> {
    let rounds = std::env::args().nth(1).map_or(5, |rounds| rounds.parse().expect("a number"));
    bitmaps(rounds)?;
    sketches(rounds)
}
