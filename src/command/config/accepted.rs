//! Parameters of Redis that nothing here acts on.
//!
//! A `redis.conf` that tunes what Danio does not have, or what works of itself, is understood all the same, and
//! CONFIG GET shows what was set. Nothing stands here that would be a promise: where only one value is
//! true, no other is taken.

#[cfg(feature = "aof")]
use super::files;
use super::parameter::{Kind, Limits, Parameter, Refusal};
use super::rows::{ALLOWED, INT_MAX, int, one_of, size, text, yes_no};
use crate::text::int::parse_i64;

const NO: &[(&str, i64)] = &[("no", 0)];
const SUPERVISED: &[(&str, i64)] = &[("no", 0), ("auto", 1), ("systemd", 2), ("upstart", 3)];
const SYNCED: &[(&str, i64)] = &[("everysec", 0), ("always", 1), ("no", 2)];
const DISKLESS: &[(&str, i64)] =
    &[("disabled", 0), ("on-empty-db", 1), ("swapdb", 2), ("flush-before-load", 3)];
const ENDPOINTS: &[(&str, i64)] = &[("ip", 0), ("hostname", 1), ("unknown-endpoint", 2)];
const CHANNELS: &[(&str, i64)] = &[("allchannels", 0), ("resetchannels", 1)];
const NOTHING: &[(&str, i64)] = &[("", 0)];
const ON_ERROR: &[(&str, i64)] = &[("ignore", 0), ("panic", 1), ("panic-on-replicas", 2)];

/// What a configuration file may still name. There is nothing to show of it.
pub(super) const OBSOLETE: [&[u8]; 3] =
    [b"list-max-ziplist-entries", b"list-max-ziplist-value", b"lua-replicate-commands"];

/// The rows, by what they tune.
pub(super) static ROWS: &[Parameter] = &[
    // Memory is given back by whoever removes it, or by a thread made for it.
    yes_no("lazyfree-lazy-eviction", "no"),
    yes_no("lazyfree-lazy-expire", "no"),
    yes_no("lazyfree-lazy-server-del", "no"),
    yes_no("lazyfree-lazy-user-del", "no"),
    yes_no("replica-lazy-flush", "no").alias("slave-lazy-flush"),
    yes_no("activerehashing", "yes"),
    one_of("activedefrag", NO, "no"),
    int("active-defrag-cycle-min", 1, 99, "1"),
    int("active-defrag-cycle-max", 1, 99, "25"),
    int("active-defrag-cycle-us", 0, 100_000, "500"),
    int("active-defrag-threshold-lower", 0, 1000, "10"),
    int("active-defrag-threshold-upper", 0, 1000, "100"),
    size("active-defrag-ignore-bytes", 1, i64::MAX, "100mb"),
    int("active-defrag-max-scan-fields", 1, i64::MAX, "1000"),
    yes_no("jemalloc-bg-thread", "yes"),
    yes_no("dynamic-hz", "yes"),
    int("active-expire-effort", 1, 10, "1"),
    // The process.
    yes_no("set-proc-title", "yes").limits(Limits::IMMUTABLE),
    text("proc-title-template", "{title} {listen-addr} {server-mode}"),
    one_of("supervised", SUPERVISED, "no").limits(Limits::IMMUTABLE),
    one_of("syslog-enabled", NO, "no").limits(Limits::IMMUTABLE),
    one_of("server-cpulist", NOTHING, "").alias("server_cpulist").limits(Limits::IMMUTABLE),
    one_of("bio-cpulist", NOTHING, "").alias("bio_cpulist").limits(Limits::IMMUTABLE),
    one_of("bgsave-cpulist", NOTHING, "").alias("bgsave_cpulist").limits(Limits::IMMUTABLE),
    one_of("aof-rewrite-cpulist", NOTHING, "")
        .alias("aof_rewrite_cpulist")
        .limits(Limits::IMMUTABLE),
    one_of("log-format", &[("legacy", 0)], "legacy"),
    one_of("log-timestamp-format", &[("legacy", 0)], "legacy"),
    text("syslog-ident", "redis").limits(Limits::IMMUTABLE),
    text("syslog-facility", "local0").limits(Limits::IMMUTABLE),
    yes_no("crash-log-enabled", "yes"),
    yes_no("crash-memcheck-enabled", "yes"),
    yes_no("disable-thp", "yes").limits(Limits::IMMUTABLE),
    one_of("oom-score-adj", NO, "no"),
    Parameter::new("oom-score-adj-values", Kind::Words(oom_scores), "0 200 800"),
    text("ignore-warnings", ""),
    // Scripts.
    int("busy-reply-threshold", 0, i64::MAX, "5000").alias("lua-time-limit"),
    int("shutdown-timeout", 0, INT_MAX, "10"),
    yes_no("io-threads-do-reads", "no").limits(Limits::FIXED),
    int("max-new-connections-per-cycle", 1, 1000, "10"),
    int("prefetch-batch-max-size", 0, 128, "16"),
    text("bind-source-addr", ""),
    one_of("unixsocketgroup", NOTHING, "").limits(Limits::IMMUTABLE),
    one_of("mptcp", NO, "no").limits(Limits::IMMUTABLE),
    int("socket-mark-id", 0, u32::MAX as i64, "0").limits(Limits::IMMUTABLE),
    text("locale-collate", ""),
    one_of("hash-seed", NOTHING, "").limits(Limits::IMMUTABLE),
    // Danio says that it is Redis anyway.
    yes_no("extended-redis-compatibility", "no"),
    text("availability-zone", ""),
    // What is measured and shown.
    yes_no("hide-user-data-from-log", "yes"),
    // Files.
    #[cfg(not(feature = "snapshot"))]
    text("dir", ".").limits(Limits::PROTECTED),
    #[cfg(not(feature = "snapshot"))]
    text("dbfilename", "dump.rdb").limits(Limits::PROTECTED),
    #[cfg(not(feature = "snapshot"))]
    yes_no("rdbchecksum", "yes").limits(Limits::IMMUTABLE),
    #[cfg(not(feature = "snapshot"))]
    yes_no("rdb-save-incremental-fsync", "yes"),
    #[cfg(not(feature = "snapshot"))]
    yes_no("stop-writes-on-bgsave-error", "yes"),
    // What a replica was sent is not kept in a file; a value is not looked at as it is read, but always.
    yes_no("rdb-del-sync-files", "no"),
    one_of("rdb-version-check", &[("strict", 0), ("relaxed", 1)], "strict"),
    int("loading-process-events-interval-bytes", 1024, INT_MAX, "2097152").limits(Limits::HIDDEN),
    #[cfg(feature = "aof")]
    Parameter::new("appendfilename", Kind::Words(files::append_filename), "appendonly.aof")
        .limits(Limits::IMMUTABLE),
    #[cfg(feature = "aof")]
    Parameter::new("appenddirname", Kind::Words(files::append_dirname), "appendonlydir")
        .limits(Limits::IMMUTABLE),
    #[cfg(not(feature = "aof"))]
    text("appendfilename", "appendonly.aof").limits(Limits::IMMUTABLE),
    #[cfg(not(feature = "aof"))]
    text("appenddirname", "appendonlydir").limits(Limits::IMMUTABLE),
    one_of("appendfsync", SYNCED, "everysec"),
    yes_no("no-appendfsync-on-rewrite", "no"),
    int("auto-aof-rewrite-percentage", 0, INT_MAX, "100"),
    size("auto-aof-rewrite-min-size", 0, i64::MAX, "64mb"),
    yes_no("aof-load-truncated", "yes"),
    yes_no("aof-disable-auto-gc", "no").limits(Limits::HIDDEN),
    // Danio's own.
    yes_no("aof-fallback-to-rdb", "no"),
    yes_no("aof-use-rdb-preamble", "yes"),
    yes_no("aof-rewrite-incremental-fsync", "yes"),
    yes_no("aof-timestamp-enabled", "no"),
    // Other servers.
    Parameter::new("replicaof", Kind::Words(no_one), "").alias("slaveof").limits(Limits::IMMUTABLE),
    yes_no("replica-serve-stale-data", "yes").alias("slave-serve-stale-data"),
    yes_no("replica-read-only", "yes").alias("slave-read-only"),
    yes_no("replica-ignore-maxmemory", "yes").alias("slave-ignore-maxmemory"),
    int("replica-priority", 0, INT_MAX, "100").alias("slave-priority"),
    yes_no("replica-announced", "yes"),
    text("replica-announce-ip", "").alias("slave-announce-ip"),
    int("replica-announce-port", 0, 65535, "0").alias("slave-announce-port"),
    yes_no("replica-ignore-disk-write-errors", "no"),
    text("masterauth", "").alias("primaryauth"),
    text("masteruser", "").alias("primaryuser"),
    int("min-replicas-to-write", 0, 0, "0").alias("min-slaves-to-write"),
    int("min-replicas-max-lag", 0, INT_MAX, "10").alias("min-slaves-max-lag"),
    yes_no("repl-diskless-sync", "yes"),
    int("repl-diskless-sync-delay", 0, INT_MAX, "5"),
    int("repl-diskless-sync-max-replicas", 0, INT_MAX, "0"),
    one_of("repl-diskless-load", DISKLESS, "disabled"),
    one_of("dual-channel-replication-enabled", NO, "no"),
    yes_no("repl-disable-tcp-nodelay", "no"),
    size("repl-backlog-size", 1, i64::MAX, "1mb"),
    int("repl-backlog-ttl", 0, i64::MAX, "3600"),
    int("repl-timeout", 1, INT_MAX, "60"),
    int("repl-ping-replica-period", 1, INT_MAX, "10").alias("repl-ping-slave-period"),
    one_of("repl-mptcp", NO, "no").limits(Limits::IMMUTABLE),
    one_of("import-mode", NO, "no"),
    // What a cluster would be told.
    one_of("cluster-enabled", NO, "no").limits(Limits::IMMUTABLE),
    text("cluster-config-file", "nodes.conf").limits(Limits::IMMUTABLE),
    int("cluster-node-timeout", 0, i64::MAX, "15000"),
    int("cluster-port", 0, 65535, "0").limits(Limits::IMMUTABLE),
    int("cluster-databases", 1, INT_MAX, "1").limits(Limits::IMMUTABLE),
    int("cluster-replica-validity-factor", 0, INT_MAX, "10").alias("cluster-slave-validity-factor"),
    int("cluster-migration-barrier", 0, INT_MAX, "1"),
    yes_no("cluster-allow-replica-migration", "yes"),
    yes_no("cluster-require-full-coverage", "yes"),
    yes_no("cluster-replica-no-failover", "no").alias("cluster-slave-no-failover"),
    yes_no("cluster-allow-reads-when-down", "no"),
    yes_no("cluster-allow-pubsubshard-when-down", "yes"),
    size("cluster-link-sendbuf-limit", 0, i64::MAX, "0"),
    one_of("cluster-preferred-endpoint-type", ENDPOINTS, "ip"),
    text("cluster-announce-ip", ""),
    text("cluster-announce-hostname", ""),
    text("cluster-announce-human-nodename", ""),
    int("cluster-announce-port", 0, 65535, "0"),
    int("cluster-announce-bus-port", 0, 65535, "0"),
    int("cluster-announce-tls-port", 0, 65535, "0"),
    text("cluster-announce-client-ipv4", ""),
    text("cluster-announce-client-ipv6", ""),
    int("cluster-announce-client-port", 0, 65535, "0"),
    int("cluster-announce-client-tls-port", 0, 65535, "0"),
    int("cluster-blacklist-ttl", 0, INT_MAX, "60"),
    int("cluster-manual-failover-timeout", 1, INT_MAX, "5000"),
    one_of("cluster-config-save-behavior", &[("sync", 0), ("best-effort", 1)], "sync"),
    yes_no("cluster-slot-stats-enabled", "no"),
    int("cluster-slot-migration-log-max-len", 0, i64::MAX, "1000"),
    size("slot-migration-max-failover-repl-bytes", 0, i64::MAX, "0"),
    // No other transport, and no encryption.
    one_of("rdma-port", &[("0", 0)], "0"),
    one_of("rdma-bind", NOTHING, ""),
    size("rdma-rx-size", 64 * 1024, 16 * 1024 * 1024, "1mb").limits(Limits::IMMUTABLE),
    int("rdma-completion-vector", -1, 1024, "-1").limits(Limits::IMMUTABLE),
    one_of("tls-port", &[("0", 0)], "0"),
    one_of("tls-cluster", NO, "no"),
    one_of("tls-replication", NO, "no"),
    text("tls-cert-file", ""),
    text("tls-key-file", ""),
    text("tls-key-file-pass", ""),
    text("tls-client-cert-file", ""),
    text("tls-client-key-file", ""),
    text("tls-client-key-file-pass", ""),
    text("tls-dh-params-file", ""),
    text("tls-ca-cert-file", ""),
    text("tls-ca-cert-dir", ""),
    one_of("tls-auth-clients", &[("no", 0), ("yes", 1), ("optional", 2)], "yes"),
    one_of("tls-auth-clients-user", &[("CN", 0), ("URI", 1), ("off", 2)], "off"),
    text("tls-protocols", ""),
    text("tls-ciphers", ""),
    text("tls-ciphersuites", ""),
    yes_no("tls-prefer-server-ciphers", "no"),
    yes_no("tls-session-caching", "yes"),
    int("tls-session-cache-size", 0, INT_MAX, "20480"),
    int("tls-session-cache-timeout", 0, INT_MAX, "300"),
    int("tls-auto-reload-interval", 0, INT_MAX, "0"),
    int("max-new-tls-connections-per-cycle", 1, 1000, "1"),
    // Users, modules, and what test suites set.
    one_of("aclfile", NOTHING, "").limits(Limits::IMMUTABLE),
    one_of("acl-pubsub-default", CHANNELS, "resetchannels"),
    int("acllog-max-len", 0, i64::MAX, "128"),
    one_of("enable-module-command", ALLOWED, "no").limits(Limits::IMMUTABLE),
    yes_no("enable-debug-assert", "no").limits(Limits::FIXED.union(Limits::HIDDEN)),
    yes_no("use-exit-on-panic", "no").limits(Limits::HIDDEN),
    one_of("propagation-error-behavior", ON_ERROR, "ignore"),
];

/// Whose data this server has: its own.
fn no_one(words: &[&[u8]], _: &[u8]) -> Result<Vec<u8>, Refusal> {
    let joined = words.join(&b' ');
    let words: Vec<&[u8]> = joined.split(|byte| *byte == b' ').collect();
    match words[..] {
        [b""] => Ok(Vec::new()),
        [no, one] if no.eq_ignore_ascii_case(b"no") && one.eq_ignore_ascii_case(b"one") => {
            Ok(Vec::new())
        }
        [_, _] => Err("there is no replication, so that the only value is no one".into()),
        _ => Err("wrong number of arguments".into()),
    }
}

/// Three numbers, one for each of what a process can be to others.
fn oom_scores(words: &[&[u8]], _: &[u8]) -> Result<Vec<u8>, Refusal> {
    let joined = words.join(&b' ');
    let words: Vec<&[u8]> = joined.split(|byte| *byte == b' ').collect();
    if words.len() != 3 {
        return Err("wrong number of arguments".into());
    }
    let fits =
        |word: &&[u8]| parse_i64(word).is_some_and(|number| (-2000..=2000).contains(&number));
    if !words.iter().all(fits) {
        return Err("Invalid oom-score-adj-values, elements must be between -2000 and 2000.".into());
    }
    Ok(joined)
}
