//! Danio and real servers, side by side: the same generated commands, the same bytes back.
//!
//! Sequences are drawn from a seed, one generator a family of commands (`families/`), and
//! played over TCP on Danio and on a real server, from empty databases. Replies are compared
//! to the byte, in RESP2 and RESP3, except for what is time, chance or identity
//! (`compare.rs`) and what is known to differ (`differences.rs`). A sequence that fails is
//! made small and kept in `tests/seeds/`, from where it is replayed ever after.
//!
//! A run by hand:
//!
//! ```text
//! DANIO_ORACLE_COMMANDS=200000 DANIO_ORACLE_SEED=7 cargo test --all-features --test oracle
//! ```
//!
//! `DANIO_ORACLE_FAMILY=lists` draws three commands of four from that family.
//!
//! Without `redis-server` or Valkey the tests say so and pass; `DANIO_REQUIRE_ORACLES=1` makes
//! that a failure.

mod changes;
mod channels;
mod compare;
mod conversation;
mod dice;
mod differences;
mod dumps;
mod episode;
mod events;
mod families;
mod info;
mod monitor;
mod protocol;
mod scripts;
mod seeds;
#[path = "../support/server.rs"]
mod support;
mod table;
mod tracking;
mod waits;
mod wire;
mod words;

use dice::Dice;
use differences::Pair;
use episode::Stage;
use families::Dialect;
use support::Kind;

/// How many commands a sequence has.
const LENGTH: usize = 200;

#[test]
fn danio_answers_as_redis_in_resp2() {
    compare_generated(Pair::DanioRedis7, 2);
}

#[test]
fn danio_answers_as_redis_in_resp3() {
    compare_generated(Pair::DanioRedis7, 3);
}

#[test]
fn danio_answers_as_valkey_in_resp2() {
    compare_generated(Pair::DanioValkey9, 2);
}

#[test]
fn danio_answers_as_valkey_in_resp3() {
    compare_generated(Pair::DanioValkey9, 3);
}

/// The harness tested on itself: what it reports here is a difference between the two, which
/// belongs into the table, or a mistake of its own.
#[test]
fn the_real_servers_differ_as_known_and_no_more() {
    compare_generated(Pair::Valkey9Redis7, 2);
    compare_generated(Pair::Valkey9Redis7, 3);
}

#[test]
fn sequences_that_once_failed_pass() {
    let (Some(danio), Some(redis), Some(valkey)) =
        (Kind::Danio.start_or_skip(), Kind::Redis.start_or_skip(), Kind::Valkey.start_or_skip())
    else {
        return;
    };
    for seed in seeds::all() {
        let (theirs, pair) = match seed.name.starts_with("redis") {
            true => (&redis, Pair::DanioRedis7),
            false => (&valkey, Pair::DanioValkey9),
        };
        let stage =
            Stage { ours: &danio, theirs, pair, protocol: seed.protocol, events: seed.events };
        if let Some(mismatch) = stage.play(&seed.sequence) {
            panic!("{}: {}", seed.name, report(&seed.sequence, &mismatch));
        }
    }
}

/// What is told of keys over channels, command by command.
#[test]
fn danio_tells_of_keys_as_redis() {
    compare_events(Pair::DanioRedis7);
}

#[test]
fn danio_tells_of_keys_as_valkey() {
    compare_events(Pair::DanioValkey9);
}

fn compare_events(pair: Pair) {
    compare_sequences(pair, 2, true);
}

fn compare_generated(pair: Pair, protocol: u8) {
    compare_sequences(pair, protocol, false);
}

fn compare_sequences(pair: Pair, protocol: u8, events: bool) {
    let (ours, theirs, dialect, name) = match pair {
        Pair::DanioRedis7 => (Kind::Danio, Kind::Redis, Dialect::Redis7, "redis"),
        Pair::DanioValkey9 => (Kind::Danio, Kind::Valkey, Dialect::Valkey9, "valkey"),
        Pair::Valkey9Redis7 => (Kind::Valkey, Kind::Redis, Dialect::Redis7, "peers"),
    };
    let (Some(ours), Some(theirs)) = (ours.start_or_skip(), theirs.start_or_skip()) else { return };
    let stage = Stage { ours: &ours, theirs: &theirs, pair, protocol, events };
    let commands = variable("DANIO_ORACLE_COMMANDS").unwrap_or(20_000);
    let first = variable("DANIO_ORACLE_SEED").unwrap_or(1);
    let mut failures = Vec::new();
    for seed in (first..).take((commands as usize).div_ceil(LENGTH)) {
        // Each run has sequences of its own: the numbers of neighbouring runs do not overlap.
        let sequence =
            families::sequence(Dice::new(seed ^ u64::from(protocol) << 56).next(), LENGTH, dialect);
        let Some(mismatch) = stage.play(&sequence) else { continue };
        let (sequence, mismatch) = stage.shrink(&sequence, mismatch);
        let mut text = format!("seed {seed}: {}", report(&sequence, &mismatch));
        if pair != Pair::Valkey9Redis7 {
            let path = seeds::keep(name, (protocol, events), seed, &sequence, &mismatch);
            text.push_str(&format!("\nkept in {}", path.display()));
        }
        failures.push(text);
        // A few at once tell more than one; more than a few tell the same.
        if failures.len() == 5 {
            break;
        }
    }
    assert!(failures.is_empty(), "{pair:?} in RESP{protocol}\n{}", failures.join("\n\n"));
}

fn report(sequence: &[words::Words], mismatch: &episode::Mismatch) -> String {
    let mut text = String::new();
    for (at, words) in sequence.iter().enumerate() {
        let mark = if at == mismatch.at { ">" } else { " " };
        text.push_str(&format!("\n {mark} {}", seeds::line(words)));
    }
    if mismatch.at == sequence.len() {
        text.push_str("\n > what all keys hold at the end");
    }
    text + &format!("\n   ours:   {}\n   theirs: {}", mismatch.ours, mismatch.theirs)
}

fn variable(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok().filter(|value| !value.is_empty())?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} is not a number: {value}")))
}
