//! The sections that count.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::line;
use crate::command::context::Context;
use crate::command::table::Table;
use crate::error::Result;
use crate::keyspace::Looks;
use crate::pubsub::Kind;

pub(super) fn stats(ctx: &mut Context<'_, '_>, report: &mut String) -> Result<()> {
    let (instance, keyspace) = (ctx.instance, ctx.engine.keyspace());
    let (stats, hub) = (&instance.stats, ctx.engine.hub());
    let (received, sent) = instance.clients.net_bytes();
    let Looks { hits, misses } = keyspace.looks();
    let errors: u64 = stats.errors().values().sum();
    let rates = instance.rates();
    let (tracked_keys, tracked_items) = instance.tracking.table_size();
    let (exceeded, exceeded_now) = keyspace.evictions.exceeded(&keyspace.clock);
    let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    for (name, value) in [
        ("total_connections_received", stats.connections.load(Relaxed)),
        ("total_commands_processed", stats.calls()),
        ("instantaneous_ops_per_sec", rates.calls),
        ("total_net_input_bytes", received),
        ("total_net_output_bytes", sent),
        ("total_net_repl_input_bytes", 0),
        ("total_net_repl_output_bytes", 0),
    ] {
        line(report, name, value);
    }
    line(report, "instantaneous_input_kbps", format_args!("{:.2}", rates.received_kb));
    line(report, "instantaneous_output_kbps", format_args!("{:.2}", rates.sent_kb));
    line(report, "instantaneous_input_repl_kbps", "0.00");
    line(report, "instantaneous_output_repl_kbps", "0.00");
    for (name, value) in [
        ("rejected_connections", stats.refused_connections.load(Relaxed)),
        ("sync_full", 0),
        ("sync_partial_ok", 0),
        ("sync_partial_err", 0),
        ("expired_subkeys", keyspace.expired_fields.load(Relaxed)),
        ("expired_keys", keyspace.expired.load(Relaxed)),
        ("evicted_keys", keyspace.evictions.keys.load(Relaxed)),
        ("evicted_clients", instance.clients.total.cut.load(Relaxed)),
        ("evicted_scripts", 0),
        ("total_eviction_exceeded_time", millis(exceeded)),
        ("current_eviction_exceeded_time", millis(exceeded_now)),
        ("keyspace_hits", hits),
        ("keyspace_misses", misses),
        ("pubsub_channels", hub.len(Kind::Channel) as u64),
        ("pubsub_patterns", hub.len(Kind::Pattern) as u64),
        ("pubsubshard_channels", hub.len(Kind::Shard) as u64),
        ("latest_fork_usec", 0),
        ("total_forks", 0),
        ("migrate_cached_sockets", 0),
        ("slave_expires_tracked_keys", 0),
        ("active_defrag_hits", 0),
        ("active_defrag_misses", 0),
        ("active_defrag_key_hits", 0),
        ("active_defrag_key_misses", 0),
        ("tracking_total_keys", tracked_keys as u64),
        ("tracking_total_items", tracked_items as u64),
        ("tracking_total_prefixes", instance.tracking.prefixes() as u64),
        ("unexpected_error_replies", 0),
        ("total_error_replies", errors),
        ("dump_payload_sanitizations", 0),
        ("client_query_buffer_limit_disconnections", stats.query_buffer_cuts.load(Relaxed)),
        ("client_output_buffer_limit_disconnections", stats.output_buffer_cuts.load(Relaxed)),
    ] {
        line(report, name, value);
    }
    Ok(())
}

pub(super) fn commandstats(ctx: &mut Context<'_, '_>, report: &mut String) -> Result<()> {
    let table = Table::get();
    for node in table.iter().flat_map(|node| std::iter::once(node).chain(&node.children)) {
        let stats = ctx.instance.stats.of(node.id);
        if stats.calls + stats.rejected + stats.failed == 0 {
            continue;
        }
        let each = if stats.calls == 0 { 0.0 } else { stats.micros as f64 / stats.calls as f64 };
        let values = format_args!(
            "calls={},usec={},usec_per_call={each:.2},rejected_calls={},failed_calls={}",
            stats.calls, stats.micros, stats.rejected, stats.failed
        );
        line(report, &format!("cmdstat_{}", node.full_name), values);
    }
    Ok(())
}

pub(super) fn errorstats(ctx: &mut Context<'_, '_>, report: &mut String) -> Result<()> {
    for (code, count) in ctx.instance.stats.errors() {
        line(report, &format!("errorstat_{code}"), format_args!("count={count}"));
    }
    Ok(())
}

pub(super) fn keyspace(ctx: &mut Context<'_, '_>, report: &mut String) -> Result<()> {
    let own = ctx.tx.db();
    for db in 0..ctx.engine.keyspace().databases() {
        ctx.tx.select(db);
        let size = ctx.tx.size()?;
        if size.keys > 0 {
            let values = format_args!(
                "keys={},expires={},avg_ttl=0,subexpiry={}",
                size.keys, size.volatile, size.timed
            );
            line(report, &format!("db{db}"), values);
        }
    }
    ctx.tx.select(own);
    Ok(())
}
