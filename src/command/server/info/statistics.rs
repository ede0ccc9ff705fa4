//! The sections that count.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::line;
use crate::command::context::Context;
use crate::command::stats::{SPANS, end_of_span};
use crate::command::table::Table;
use crate::command::traffic::Net;
use crate::error::Result;
use crate::keyspace::Looks;
use crate::pubsub::Kind;
use crate::rng::Rng;

pub(super) fn stats(ctx: &mut Context<'_, '_>, report: &mut String) -> Result<()> {
    let (instance, keyspace) = (ctx.instance, ctx.engine.keyspace());
    let (stats, hub) = (&instance.stats, ctx.engine.hub());
    let Net { received, sent, reads, writes } = instance.clients.net();
    let denied = stats.errors().get("WRONGPASS").copied().unwrap_or(0);
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
    // Upkeep visits what is due, and nothing else: no share of what is left is guessed.
    line(report, "expired_stale_perc", "0.00");
    for (name, value) in [
        ("rejected_connections", stats.refused_connections.load(Relaxed)),
        ("sync_full", 0),
        ("sync_partial_ok", 0),
        ("sync_partial_err", 0),
        ("expired_subkeys", keyspace.expired_fields.load(Relaxed)),
        ("expired_fields", keyspace.expired_fields.load(Relaxed)),
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
        ("expired_time_cap_reached_count", keyspace.upkeep.cut_short.load(Relaxed)),
        ("expire_cycle_cpu_milliseconds", keyspace.upkeep.nanos.load(Relaxed) / 1_000_000),
        ("total_active_defrag_time", 0),
        ("current_active_defrag_time", 0),
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
        ("total_reads_processed", reads),
        ("total_writes_processed", writes),
        // Whoever reads also runs the commands.
        ("io_threaded_reads_processed", 0),
        ("io_threaded_writes_processed", 0),
        ("reply_buffer_shrinks", 0),
        ("reply_buffer_expands", 0),
        ("acl_access_denied_auth", denied),
        ("acl_access_denied_cmd", 0),
        ("acl_access_denied_key", 0),
        ("acl_access_denied_channel", 0),
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

/// How long calls took, by command: the percentiles of `latency-tracking-info-percentiles`.
pub(super) fn latencystats(ctx: &mut Context<'_, '_>, report: &mut String) -> Result<()> {
    let (instance, table) = (ctx.instance, Table::get());
    if instance.parameters.number("latency-tracking") == 0 {
        return Ok(());
    }
    let percentiles = instance.parameters.text("latency-tracking-info-percentiles");
    let percentiles = String::from_utf8_lossy(&percentiles).into_owned();
    for node in table.iter().flat_map(|node| std::iter::once(node).chain(&node.children)) {
        let buckets = instance.stats.histogram(node.id);
        if buckets.iter().all(|count| *count == 0) {
            continue;
        }
        let values: Vec<String> = percentiles
            .split_ascii_whitespace()
            .map(|percentile| {
                let share = percentile.parse().unwrap_or(100.0) / 100.0;
                format!("p{percentile}={:.3}", micros_at(&buckets, share))
            })
            .collect();
        line(report, &format!("latency_percentiles_usec_{}", node.full_name), values.join(","));
    }
    Ok(())
}

/// Microseconds that this share of the calls took at most, to the upper end of their bucket.
fn micros_at(buckets: &[u64; SPANS], share: f64) -> f64 {
    let calls: u64 = buckets.iter().sum();
    let wanted = ((calls as f64 * share).ceil() as u64).max(1);
    let mut counted = 0;
    let found = buckets.iter().position(|count| {
        counted += count;
        counted >= wanted
    });
    end_of_span(found.unwrap_or(SPANS - 1)) as f64 / 1_000.0
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
                "keys={},expires={},avg_ttl={},subexpiry={}",
                size.keys,
                size.volatile,
                if size.volatile == 0 { 0 } else { average_ttl(ctx)? },
                size.timed
            );
            line(report, &format!("db{db}"), values);
        }
    }
    ctx.tx.select(own);
    Ok(())
}

/// Milliseconds that keys of the database have left on an average, by a few of them that have a time; 0 if none
/// was met.
fn average_ttl(ctx: &Context<'_, '_>) -> Result<i64> {
    const LOOKS: usize = 32;
    let now = ctx.tx.now();
    // To look moves nothing on: what the engine draws next is the same.
    let rng = Rng::new(now.0.unsigned_abs());
    let (mut sum, mut count) = (0_i128, 0);
    for _ in 0..LOOKS {
        let left = ctx.tx.random_by(&rng, |entry| entry.expiry().map(|at| at.0 - now.0))?.flatten();
        if let Some(left) = left.filter(|left| *left > 0) {
            sum += i128::from(left);
            count += 1;
        }
    }
    Ok(i64::try_from(sum / count.max(1)).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_the_ends_of_their_buckets() {
        let mut buckets = [0; SPANS];
        assert_eq!(micros_at(&[1; SPANS], 0.0), 1.031);
        (buckets[0], buckets[1], buckets[10]) = (50, 49, 1);
        let at = [0.0, 0.5, 0.51, 0.99, 0.999, 1.0].map(|share| micros_at(&buckets, share));
        assert_eq!(at, [1.031, 1.031, 2.063, 2.063, 1_056.767, 1_056.767]);
    }
}
