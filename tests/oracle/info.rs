//! INFO: monitors read its fields by their names, so that those of real servers are there.

use std::collections::BTreeSet;

use crate::support::{Kind, Server};
use crate::wire::Client;

/// What Valkey 9.1 tells beside that is of Valkey alone, with the reason.
const VALKEYS: &[(&str, &str)] = &[
    ("server_name", "clients choose their commands by it; a fake that answers as Valkey says it"),
    ("valkey_", "likewise"),
    ("server_mode", "its name for redis_mode, which is there"),
    ("clients_hz", "there is no timer of clients"),
    ("availability_zone", "clusters and replicas"),
    ("allocator_muzzy", "of jemalloc"),
    ("mem_replicas_repl_buffer", "replicas"),
    ("mem_cluster_", "a cluster"),
    ("mem_overhead_db_hashtable_rehashing", "tables grow a bucket at a time, in place"),
    ("slot_migration_", "a cluster"),
    ("total_net_cluster_", "a cluster"),
    ("expired_keys_with_volatile_items_stale_perc", "nothing is guessed of what is left"),
    ("io_threaded_", "whoever reads runs the commands, so that nothing is handed over"),
    ("eventloop_", "each worker's runtime has a loop of its own"),
    ("instantaneous_eventloop_", "likewise"),
    ("acl_access_denied_", "users"),
    ("replicas_waiting_psync", "replicas"),
    ("used_active_time_main_thread", "no thread is the main one"),
    ("module", "modules"),
];

#[test]
fn info_has_the_fields_of_real_servers() {
    let servers = [Kind::Danio, Kind::Redis, Kind::Valkey].map(Kind::start_or_skip);
    let [Some(danio), Some(redis), Some(valkey)] = servers else { return };
    let [ours, redis, valkey] = [&danio, &redis, &valkey].map(fields);
    let missing: Vec<&String> = redis.difference(&ours).collect();
    assert!(missing.is_empty(), "of Redis's: {missing:?}");
    let missing = valkey.difference(&ours);
    let missing: Vec<&String> =
        missing.filter(|name| !VALKEYS.iter().any(|(of, _)| name.starts_with(of))).collect();
    assert!(missing.is_empty(), "of Valkey's: {missing:?}");
    for section in ["latency_percentiles_usec_set", "cmdstat_set", "errorstat_ERR", "db0"] {
        assert!(ours.contains(section), "{section}");
    }
}

/// The names of all fields, once a few commands have run.
fn fields(server: &Server) -> BTreeSet<String> {
    let mut client = Client::connect(server.address()).expect("a server that was started accepts");
    let mut ask = |line: &str| {
        let words = line.split(' ').map(|word| word.as_bytes().to_vec()).collect();
        client.call(&words).expect("a server that was started answers").tree
    };
    for line in ["FLUSHALL", "SET k v EX 100", "NOSUCH"] {
        ask(line);
    }
    let report = ask("INFO everything");
    let report = String::from_utf8_lossy(report.text().expect("a text")).into_owned();
    let lines = report.lines().filter(|line| !line.starts_with('#'));
    // Commands of others, or of tests that ran before, are not all there are.
    lines
        .filter_map(|line| Some(line.split_once(':')?.0.to_owned()))
        .filter(|name| {
            let counted = ["cmdstat_", "latency_percentiles_", "errorstat_"];
            !counted.iter().any(|of| name.starts_with(of))
                || ["_set", "_ERR"].iter().any(|end| name.ends_with(end))
        })
        .filter(|name| !["engine", "tls_"].iter().any(|of| name.starts_with(of)))
        .collect()
}
