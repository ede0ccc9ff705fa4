//! Every configuration parameter there is.

#[cfg(feature = "snapshot")]
use super::files;
use super::parameter::{Kind, Limits, Parameter, Refusal};
use crate::command::client_memory;
use crate::config::{EncodingLimit, EvictionPolicy, MAX_SAMPLES};
use crate::pubsub::Notified;
use crate::text::{double, memory};

pub(super) const INT_MAX: i64 = i32::MAX as i64;

/// The eviction policies, in the order of Redis 8.4 and behind them those of 8.6 and the one that Redis has not, numbered as
/// the engine numbers them.
const POLICIES: &[(&str, i64)] = &[
    ("volatile-lru", EvictionPolicy::VolatileLru as i64),
    ("volatile-lfu", EvictionPolicy::VolatileLfu as i64),
    ("volatile-random", EvictionPolicy::VolatileRandom as i64),
    ("volatile-ttl", EvictionPolicy::VolatileTtl as i64),
    ("allkeys-lru", EvictionPolicy::AllKeysLru as i64),
    ("allkeys-lfu", EvictionPolicy::AllKeysLfu as i64),
    ("allkeys-random", EvictionPolicy::AllKeysRandom as i64),
    ("noeviction", EvictionPolicy::NoEviction as i64),
    ("volatile-lrm", EvictionPolicy::VolatileLrm as i64),
    ("allkeys-lrm", EvictionPolicy::AllKeysLrm as i64),
    ("allkeys-s3fifo", EvictionPolicy::AllKeysS3Fifo as i64),
];

/// Who may call a guarded command.
pub(super) const ALLOWED: &[(&str, i64)] = &[("no", 0), ("yes", 1), ("local", 2)];

/// Whose payloads are looked at in full: here everybody's, whatever is chosen.
#[cfg(feature = "snapshot")]
const SANITIZED: &[(&str, i64)] = &[("no", 0), ("yes", 1), ("clients", 2)];

const LOG_LEVELS: &[(&str, i64)] =
    &[("debug", 0), ("verbose", 1), ("notice", 2), ("warning", 3), ("nothing", 4)];

pub(super) const fn int(
    name: &'static str,
    min: i64,
    max: i64,
    default: &'static str,
) -> Parameter {
    Parameter::new(name, Kind::Int { min, max }, default)
}

pub(super) const fn size(
    name: &'static str,
    min: i64,
    max: i64,
    default: &'static str,
) -> Parameter {
    Parameter::new(name, Kind::Memory { min, max }, default)
}

pub(super) const fn yes_no(name: &'static str, default: &'static str) -> Parameter {
    Parameter::new(name, Kind::Bool, default)
}

pub(super) const fn text(name: &'static str, default: &'static str) -> Parameter {
    Parameter::new(name, Kind::Text, default)
}

pub(super) const fn one_of(
    name: &'static str,
    choices: &'static [(&'static str, i64)],
    default: &'static str,
) -> Parameter {
    Parameter::new(name, Kind::Enum(choices), default)
}

const fn threshold(limit: EncodingLimit, default: &'static str) -> Parameter {
    let range = limit.range();
    int(limit.name(), *range.start(), *range.end(), default)
}

const fn in_bytes(limit: EncodingLimit, default: &'static str) -> Parameter {
    let range = limit.range();
    size(limit.name(), *range.start(), *range.end(), default)
}

/// The rows, in the order in which `CONFIG GET *` lists them.
pub(super) static ROWS: &[Parameter] = &[
    // The engine.
    int("databases", 1, INT_MAX, "16").limits(Limits::IMMUTABLE),
    size("maxmemory", 0, i64::MAX, "0"),
    one_of("maxmemory-policy", POLICIES, "noeviction"),
    int("maxmemory-samples", 1, MAX_SAMPLES as i64, "5"),
    int("maxmemory-eviction-tenacity", 0, 100, "10"),
    int("lfu-log-factor", 0, INT_MAX, "10"),
    int("lfu-decay-time", 0, INT_MAX, "1"),
    Parameter::new("hz", Kind::Clamped { min: 1, max: 500 }, "10"),
    size("proto-max-bulk-len", 1024 * 1024, i64::MAX, "512mb"),
    yes_no("lazyfree-lazy-user-flush", "no"),
    Parameter::new("notify-keyspace-events", Kind::Words(notified), ""),
    int("tracking-table-max-keys", 0, i64::MAX, "1000000"),
    // When collections change their encoding.
    threshold(EncodingLimit::HashMaxListpackEntries, "512").alias("hash-max-ziplist-entries"),
    in_bytes(EncodingLimit::HashMaxListpackValue, "64").alias("hash-max-ziplist-value"),
    threshold(EncodingLimit::SetMaxIntsetEntries, "512"),
    threshold(EncodingLimit::SetMaxListpackEntries, "128"),
    threshold(EncodingLimit::SetMaxListpackValue, "64"),
    threshold(EncodingLimit::ZsetMaxListpackEntries, "128").alias("zset-max-ziplist-entries"),
    in_bytes(EncodingLimit::ZsetMaxListpackValue, "64").alias("zset-max-ziplist-value"),
    threshold(EncodingLimit::ListMaxListpackSize, "-2").alias("list-max-ziplist-size"),
    threshold(EncodingLimit::ListCompressDepth, "0"),
    in_bytes(EncodingLimit::HllSparseMaxBytes, "3000"),
    in_bytes(EncodingLimit::StreamNodeMaxBytes, "4096"),
    threshold(EncodingLimit::StreamNodeMaxEntries, "100"),
    int("stream-idmp-duration", 1, 86_400, "100"),
    int("stream-idmp-maxsize", 1, 10_000, "100"),
    // What took long.
    int("slowlog-log-slower-than", -1, i64::MAX, "10000").alias("commandlog-execution-slower-than"),
    int("slowlog-max-len", 0, i64::MAX, "128").alias("commandlog-slow-execution-max-len"),
    int("commandlog-request-larger-than", -1, i64::MAX, "1048576"),
    int("commandlog-large-request-max-len", 0, i64::MAX, "128"),
    int("commandlog-reply-larger-than", -1, i64::MAX, "1048576"),
    int("commandlog-large-reply-max-len", 0, i64::MAX, "128"),
    int("latency-monitor-threshold", 0, i64::MAX, "0"),
    yes_no("latency-tracking", "yes"),
    Parameter::new("latency-tracking-info-percentiles", Kind::Words(percentiles), "50 99 99.9"),
    // Snapshots and payloads.
    #[cfg(feature = "snapshot")]
    yes_no("rdbcompression", "yes"),
    #[cfg(feature = "snapshot")]
    one_of("sanitize-dump-payload", SANITIZED, "no"),
    // Who may do what.
    text("requirepass", ""),
    one_of("enable-debug-command", ALLOWED, "no").limits(Limits::IMMUTABLE),
    one_of("enable-protected-configs", ALLOWED, "no").limits(Limits::IMMUTABLE),
    // The server.
    text("imitated-version", "8.0.0").limits(Limits::FIXED),
    int("port", 0, 65535, "6379").limits(Limits::FIXED),
    Parameter::new("bind", Kind::Words(joined), "* -::*").limits(Limits::FIXED),
    yes_no("protected-mode", "yes"),
    text("unixsocket", "").limits(Limits::IMMUTABLE),
    Parameter::new("unixsocketperm", Kind::Octal { min: 0, max: 0o777 }, "0")
        .limits(Limits::IMMUTABLE),
    int("tcp-backlog", 0, INT_MAX, "511").limits(Limits::IMMUTABLE),
    int("tcp-keepalive", 0, INT_MAX, "300"),
    int("timeout", 0, INT_MAX, "0"),
    int("maxclients", 1, u32::MAX as i64, "10000"),
    int("io-threads", 1, 128, "1").limits(Limits::IMMUTABLE),
    Parameter::new("maxmemory-clients", Kind::Words(client_memory::canonical), "0"),
    size("client-query-buffer-limit", 1024 * 1024, i64::MAX, "1gb"),
    Parameter::new("client-output-buffer-limit", Kind::Words(buffer_limits), BUFFER_LIMITS),
    one_of("loglevel", LOG_LEVELS, "notice"),
    text("logfile", "").limits(Limits::IMMUTABLE),
    yes_no("always-show-logo", "no").limits(Limits::IMMUTABLE),
    yes_no("daemonize", "no").limits(Limits::IMMUTABLE),
    text("pidfile", "").limits(Limits::IMMUTABLE),
    // Files.
    #[cfg(feature = "snapshot")]
    Parameter::new("save", Kind::Words(files::save_points), ""),
    #[cfg(not(feature = "snapshot"))]
    Parameter::new("save", Kind::Words(never_saved), ""),
    #[cfg(feature = "snapshot")]
    Parameter::new("dir", Kind::Words(files::folder), ".").limits(Limits::PROTECTED),
    #[cfg(feature = "snapshot")]
    Parameter::new("dbfilename", Kind::Words(files::file_name), "dump.rdb")
        .limits(Limits::PROTECTED),
    #[cfg(feature = "snapshot")]
    yes_no("rdbchecksum", "yes").limits(Limits::IMMUTABLE),
    #[cfg(feature = "snapshot")]
    yes_no("rdb-save-incremental-fsync", "yes"),
    #[cfg(feature = "snapshot")]
    yes_no("stop-writes-on-bgsave-error", "yes"),
    #[cfg(feature = "snapshot")]
    int("rdb-key-save-delay", i32::MIN as i64, INT_MAX, "0").limits(Limits::HIDDEN),
    #[cfg(feature = "snapshot")]
    int("key-load-delay", i32::MIN as i64, INT_MAX, "0").limits(Limits::HIDDEN),
    Parameter::new("shutdown-on-sigint", Kind::Words(on_signal), "default"),
    Parameter::new("shutdown-on-sigterm", Kind::Words(on_signal), "default"),
    #[cfg(feature = "aof")]
    yes_no("appendonly", "no"),
    #[cfg(not(feature = "aof"))]
    one_of("appendonly", &[("no", 0)], "no"),
];

#[cfg(not(feature = "snapshot"))]
fn never_saved(words: &[&[u8]], _: &[u8]) -> Result<Vec<u8>, Refusal> {
    match words {
        [b""] => Ok(Vec::new()),
        _ => Err("data are in memory only, so that the only value is \"\"".into()),
    }
}

const ON_SIGNAL: [&str; 4] = ["save", "nosave", "now", "force"];

/// How a signal ends the server: words of SHUTDOWN, in one order, or `default`.
fn on_signal(words: &[&[u8]], _: &[u8]) -> Result<Vec<u8>, Refusal> {
    let joined = words.join(&b' ');
    let mut given = [false; ON_SIGNAL.len()];
    for word in joined.split(|byte| *byte == b' ') {
        let place = ON_SIGNAL.iter().position(|n| n.as_bytes().eq_ignore_ascii_case(word));
        match place {
            Some(place) => given[place] = true,
            None if word.eq_ignore_ascii_case(b"default") => {}
            None => {
                let names = ON_SIGNAL.join(", ");
                return Err(
                    format!("argument(s) must be one of the following: default, {names}").into()
                );
            }
        }
    }
    if given[0] && given[1] {
        return Err("shutdown options SAVE and NOSAVE can't be used simultaneously".into());
    }
    let names = ON_SIGNAL.iter().zip(given).filter(|(_, given)| *given);
    let names: Vec<&str> = names.map(|(name, _)| *name).collect();
    Ok(if names.is_empty() { b"default".to_vec() } else { names.join(" ").into_bytes() })
}

/// Brings the letters of event classes to one order.
fn notified(words: &[&[u8]], _: &[u8]) -> Result<Vec<u8>, Refusal> {
    let [letters] = words else { return Err("wrong number of arguments".into()) };
    match Notified::parse(letters) {
        Some(notified) => Ok(notified.letters().into_bytes()),
        None => Err("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.".into()),
    }
}

/// Reads shares of a hundred.
fn percentiles(words: &[&[u8]], _: &[u8]) -> Result<Vec<u8>, Refusal> {
    let joined = words.join(&b' ');
    if joined.is_empty() {
        return Ok(joined);
    }
    let mut shown = Vec::new();
    for word in joined.split(|byte| *byte == b' ') {
        let value = double::parse(word).filter(|value| !value.is_nan());
        let value = value.ok_or("Invalid latency-tracking-info-percentiles parameters")?;
        if !(0.0..=100.0).contains(&value) {
            return Err(
                "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]"
                    .into(),
            );
        }
        let digits = format!("{value:.6}");
        shown.push(digits.trim_end_matches('0').trim_end_matches('.').to_owned());
    }
    Ok(shown.join(" ").into_bytes())
}

fn joined(words: &[&[u8]], _: &[u8]) -> Result<Vec<u8>, Refusal> {
    Ok(words.join(&b' '))
}

const BUFFER_LIMITS: &str = "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60";

const CLASSES: [&str; 3] = ["normal", "slave", "pubsub"];

/// Reads `class hard soft seconds` groups and merges them into the present ones.
fn buffer_limits(words: &[&[u8]], present: &[u8]) -> Result<Vec<u8>, Refusal> {
    let joined = words.join(&b' ');
    // No group changes nothing.
    let words: Vec<&[u8]> =
        if joined.is_empty() { Vec::new() } else { joined.split(|b| *b == b' ').collect() };
    if !words.len().is_multiple_of(4) {
        return Err("Wrong number of arguments in buffer limit configuration.".into());
    }
    let present = if present.is_empty() { BUFFER_LIMITS.as_bytes() } else { present };
    let present: Vec<&[u8]> = present.split(|b| *b == b' ').collect();
    let mut limits: Vec<[u64; 3]> = Vec::with_capacity(CLASSES.len());
    for group in present.chunks_exact(4) {
        limits.push(three(&group[1..]).unwrap_or_default());
    }
    for group in words.chunks_exact(4) {
        let replica = group[0].eq_ignore_ascii_case(b"replica");
        let class =
            CLASSES.iter().position(|class| class.as_bytes().eq_ignore_ascii_case(group[0]));
        let Some(class) = class.or(replica.then_some(1)) else {
            return Err("Invalid client class specified in buffer limit configuration.".into());
        };
        limits[class] = three(&group[1..])
            .ok_or("Error in hard, soft or soft_seconds setting in buffer limit configuration.")?;
    }
    let groups: Vec<String> = CLASSES
        .iter()
        .zip(limits)
        .map(|(class, [hard, soft, seconds])| format!("{class} {hard} {soft} {seconds}"))
        .collect();
    Ok(groups.join(" ").into_bytes())
}

/// A hard limit, a soft limit and its seconds.
fn three(words: &[&[u8]]) -> Option<[u64; 3]> {
    let [hard, soft, seconds] = words else {
        return None;
    };
    let seconds = match seconds {
        [] => 0,
        digits => std::str::from_utf8(digits).ok()?.parse::<u32>().ok()?,
    };
    Some([memory::parse_size(hard)?, memory::parse_size(soft)?, u64::from(seconds)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_may_say_several_words() {
        let read = |text: &str| {
            on_signal(&[text.as_bytes()], b"").map(|text| String::from_utf8(text).expect("text"))
        };
        assert_eq!(read("now SAVE").as_deref(), Ok("save now"));
        assert_eq!(read("default force now").as_deref(), Ok("now force"));
        assert_eq!(read("default").as_deref(), Ok("default"));
        assert_eq!(on_signal(&[b"nosave", b"now"], b"").as_deref(), Ok(&b"nosave now"[..]));
        let both = "shutdown options SAVE and NOSAVE can't be used simultaneously";
        assert_eq!(read("nosave save"), Err(both.into()));
        for wrong in ["", " now", "save  now", "abort"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn buffer_limits_merge() {
        let merged = buffer_limits(&[b"replica", b"1mb", b"2", b"3"], b"");
        let expected = "normal 0 0 0 slave 1048576 2 3 pubsub 33554432 8388608 60";
        assert_eq!(merged.as_deref(), Ok(expected.as_bytes()));
        let both = buffer_limits(&[b"normal 1 2 3 pubsub 4 5 6"], expected.as_bytes());
        assert_eq!(both.as_deref(), Ok(&b"normal 1 2 3 slave 1048576 2 3 pubsub 4 5 6"[..]));
        assert_eq!(buffer_limits(&[b""], expected.as_bytes()).as_deref(), Ok(expected.as_bytes()));
        let none = buffer_limits(&[b"normal kb   pubsub 4 5 6"], expected.as_bytes());
        assert_eq!(none.as_deref(), Ok(&b"normal 0 0 0 slave 1048576 2 3 pubsub 4 5 6"[..]));
        assert!(buffer_limits(&[b" normal 1 2 3"], b"").is_err());
        assert!(buffer_limits(&[b"normal", b"1", b"2"], b"").is_err());
        assert!(buffer_limits(&[b"other", b"1", b"2", b"3"], b"").is_err());
        assert!(buffer_limits(&[b"normal", b"-1", b"2", b"3"], b"").is_err());
    }
}
