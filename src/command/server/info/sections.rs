//! Who serves, in what, and with what: the sections that hold no counters.

use std::sync::atomic::Ordering::Relaxed;

use super::{human, line, system};
use crate::command::client::Mark;
use crate::command::context::Context;
use crate::command::instance::Held;
use crate::error::Result;

pub(super) fn server(ctx: &mut Context<'_, '_>, report: &mut String) -> Result<()> {
    let instance = ctx.instance;
    let micros = ctx.engine.clock().micros();
    let uptime = uptime(ctx);
    let hz = ctx.engine.keyspace().settings.hz.load(Relaxed);
    line(
        report,
        "redis_version",
        String::from_utf8_lossy(&instance.parameters.text("imitated-version")),
    );
    if let Some((server, version)) = instance.answers_as() {
        line(report, "server_name", server);
        line(report, &format!("{server}_version"), version);
    }
    line(report, "danio_version", env!("CARGO_PKG_VERSION"));
    line(report, "redis_git_sha1", "00000000");
    line(report, "redis_git_dirty", 0);
    line(report, "redis_build_id", "0000000000000000");
    line(report, "redis_mode", "standalone");
    line(report, "os", system::os());
    line(report, "arch_bits", usize::BITS);
    line(report, "monotonic_clock", "POSIX clock_gettime");
    line(report, "multiplexing_api", system::multiplexing_api());
    line(report, "atomicvar_api", "rust-std");
    // As of a compiler that is not GCC.
    line(report, "gcc_version", "0.0.0");
    line(report, "process_id", std::process::id());
    line(report, "process_supervised", "no");
    line(report, "run_id", &instance.run_id);
    line(report, "server_time_usec", micros);
    line(report, "uptime_in_seconds", uptime);
    line(report, "uptime_in_days", uptime / 86400);
    line(report, "hz", hz);
    line(report, "configured_hz", hz);
    line(report, "lru_clock", (micros / 1_000_000) & 0xFF_FFFF);
    let executable = std::env::current_exe().unwrap_or_default();
    line(report, "executable", executable.display());
    let threads = instance.parameters.number("io-threads");
    line(report, "io_threads_active", u8::from(threads > 1));
    let config_file = instance.config_file.lock().clone().unwrap_or_default();
    line(report, "config_file", config_file.display());
    if let Some(listener) = instance.listener.lock().clone() {
        for (name, value) in listener.describe() {
            line(report, name, value);
        }
    }
    Ok(())
}

pub(super) fn clients(ctx: &mut Context<'_, '_>, report: &mut String) -> Result<()> {
    let instance = ctx.instance;
    let now = ctx.engine.clock().now();
    line(report, "connected_clients", instance.clients.count());
    line(report, "cluster_connections", 0);
    line(report, "maxclients", instance.parameters.number("maxclients"));
    let (input, output) = instance.clients.largest_buffers();
    line(report, "client_recent_max_input_buffer", input);
    line(report, "client_recent_max_output_buffer", output);
    let clients = instance.clients.all();
    let held = clients.iter().filter(|client| client.has(Mark::HELD)).count();
    line(report, "blocked_clients", held + instance.blocked.load(Relaxed));
    line(report, "tracking_clients", instance.tracking.clients());
    let listening = clients.iter().filter(|client| client.is_subscriber()).count();
    line(report, "pubsub_clients", listening);
    let watched: Vec<usize> = clients.iter().map(|client| client.watched()).collect();
    line(report, "watching_clients", watched.iter().filter(|keys| **keys > 0).count());
    line(report, "clients_in_timeout_table", instance.blocked_with_limit.load(Relaxed));
    line(report, "total_watched_keys", watched.iter().sum::<usize>());
    let (keys, on_nokey) = ctx.engine.keyspace().waited_for();
    line(report, "total_blocking_keys", keys);
    line(report, "total_blocking_keys_on_nokey", on_nokey);
    let pause = instance.pause.at(now);
    line(report, "paused_reason", if pause.is_some() { "client_pause" } else { "none" });
    let actions = match pause {
        None => "none",
        Some((Held::Writes, _)) => "write",
        Some((Held::All, _)) => "all",
    };
    line(report, "paused_actions", actions);
    line(report, "paused_timeout_milliseconds", pause.map_or(0, |(_, until)| until.0 - now.0));
    Ok(())
}

pub(super) fn memory(ctx: &mut Context<'_, '_>, report: &mut String) -> Result<()> {
    let keyspace = ctx.engine.keyspace();
    let used = keyspace.used_memory() as u64;
    let peak = ctx.instance.peak_memory.fetch_max(used, Relaxed).max(used);
    let (rss, total) = (system::resident(), system::total_memory());
    let limit = keyspace.settings.maxmemory.load(Relaxed) as u64;
    let pair = |report: &mut String, name: &str, bytes: u64| {
        line(report, name, bytes);
        line(report, &format!("{name}_human"), human(bytes));
    };
    pair(report, "used_memory", used);
    pair(report, "used_memory_rss", rss);
    pair(report, "used_memory_peak", peak);
    let share = if peak == 0 { 100.0 } else { used as f64 * 100.0 / peak as f64 };
    line(report, "used_memory_peak_perc", format_args!("{share:.2}%"));
    // Only data is counted, so all of it is the data set.
    line(report, "used_memory_overhead", 0);
    line(report, "used_memory_startup", 0);
    line(report, "used_memory_dataset", used);
    line(report, "used_memory_dataset_perc", "100.00%");
    pair(report, "total_system_memory", total);
    pair(report, "maxmemory", limit);
    line(report, "maxmemory_policy", keyspace.settings.policy().name());
    let ratio = if used == 0 { 0.0 } else { rss as f64 / used as f64 };
    line(report, "mem_fragmentation_ratio", format_args!("{ratio:.2}"));
    line(report, "mem_fragmentation_bytes", rss.cast_signed() - used.cast_signed());
    // The allocator belongs to the program and is asked for no sums: what it holds is what the process does.
    line(report, "allocator_allocated", used);
    for name in ["allocator_active", "allocator_resident"] {
        line(report, name, rss);
    }
    line(report, "allocator_frag_ratio", format_args!("{ratio:.2}"));
    line(report, "allocator_frag_bytes", rss.saturating_sub(used));
    for (ratio, bytes) in [
        ("allocator_rss_ratio", "allocator_rss_bytes"),
        ("rss_overhead_ratio", "rss_overhead_bytes"),
    ] {
        line(report, ratio, "1.00");
        line(report, bytes, 0);
    }
    let own = ctx.instance.exit.lock().is_some();
    line(report, "mem_allocator", if own { "mimalloc" } else { "unknown" });
    line(report, "mem_not_counted_for_evict", 0);
    line(report, "mem_clients_normal", ctx.instance.clients.memory());
    // There are no scripts, replicas or files, and nothing is moved in the background.
    for name in [
        "used_memory_lua",
        "used_memory_vm_eval",
        "used_memory_vm_functions",
        "used_memory_vm_total",
        "used_memory_functions",
        "used_memory_scripts",
        "used_memory_scripts_eval",
        "number_of_cached_scripts",
        "number_of_functions",
        "number_of_libraries",
        "mem_replication_backlog",
        "mem_total_replication_buffers",
        "mem_clients_slaves",
        "mem_cluster_links",
        "mem_aof_buffer",
        "active_defrag_running",
    ] {
        line(report, name, 0);
    }
    for name in ["used_memory_lua", "used_memory_vm_total", "used_memory_scripts"] {
        line(report, &format!("{name}_human"), human(0));
    }
    let discarded = ctx.engine.keyspace().discarded();
    line(report, "lazyfree_pending_objects", discarded.pending);
    line(report, "lazyfreed_objects", discarded.freed);
    Ok(())
}

/// Seconds since the engine was first spoken to.
fn uptime(ctx: &Context<'_, '_>) -> u64 {
    ctx.instance.started.elapsed().as_secs()
}

pub(super) fn replication(ctx: &mut Context<'_, '_>, report: &mut String) -> Result<()> {
    line(report, "role", "master");
    line(report, "connected_slaves", 0);
    line(report, "master_failover_state", "no-failover");
    line(report, "master_replid", &ctx.instance.run_id);
    line(report, "master_replid2", "0".repeat(40));
    line(report, "master_repl_offset", 0);
    line(report, "second_repl_offset", -1);
    for name in [
        "repl_backlog_active",
        "repl_backlog_size",
        "repl_backlog_first_byte_offset",
        "repl_backlog_histlen",
    ] {
        line(report, name, 0);
    }
    Ok(())
}

pub(super) fn cpu(_: &mut Context<'_, '_>, report: &mut String) -> Result<()> {
    let (system, user) = system::cpu_seconds();
    line(report, "used_cpu_sys", format_args!("{system:.6}"));
    line(report, "used_cpu_user", format_args!("{user:.6}"));
    line(report, "used_cpu_sys_children", "0.000000");
    line(report, "used_cpu_user_children", "0.000000");
    let (system, user) = system::cpu_seconds_of_main();
    line(report, "used_cpu_sys_main_thread", format_args!("{system:.6}"));
    line(report, "used_cpu_user_main_thread", format_args!("{user:.6}"));
    Ok(())
}

pub(super) fn modules(_: &mut Context<'_, '_>, _: &mut String) -> Result<()> {
    Ok(())
}

pub(super) fn cluster(_: &mut Context<'_, '_>, report: &mut String) -> Result<()> {
    line(report, "cluster_enabled", 0);
    Ok(())
}
