//! The section of files.

use super::line;
use crate::command::context::Context;
use crate::error::Result;

pub(super) fn persistence(ctx: &mut Context<'_, '_>, report: &mut String) -> Result<()> {
    let loading = &ctx.instance.loading;
    line(report, "loading", u8::from(loading.is_on()));
    line(report, "async_loading", 0);
    // There is no second process whose memory would grow apart.
    for name in ["current_cow_peak", "current_cow_size", "current_cow_size_age"] {
        line(report, name, 0);
    }
    line(report, "current_fork_perc", "0.00");
    snapshots(ctx, report);
    aof(ctx, report);
    line(report, "module_fork_in_progress", 0);
    line(report, "module_fork_last_cow_size", 0);
    if loading.is_on() {
        let told = loading.told();
        line(report, "loading_start_time", told.started);
        line(report, "loading_total_bytes", told.total);
        line(report, "loading_rdb_used_mem", told.used_memory);
        line(report, "loading_loaded_bytes", told.loaded);
        let share = told.loaded as f64 * 100.0 / told.total.max(1) as f64;
        line(report, "loading_loaded_perc", format_args!("{share:.2}"));
        let passed = ctx.engine.clock().micros() / 1_000_000 - told.started;
        let left = told.total.saturating_sub(told.loaded) as f64;
        let eta = if told.loaded == 0 { 1.0 } else { passed as f64 * left / told.loaded as f64 };
        line(report, "loading_eta_seconds", eta as i64);
    }
    Ok(())
}

#[cfg(feature = "snapshot")]
fn snapshots(ctx: &Context<'_, '_>, report: &mut String) {
    use std::sync::atomic::Ordering::Relaxed;
    use std::time::Duration;

    let saves = ctx.engine.saves();
    let told = saves.told();
    let seconds = |time: Option<Duration>| {
        time.map_or(-1, |time| i64::try_from(time.as_secs()).unwrap_or(i64::MAX))
    };
    let (written, total) = told.progress;
    line(report, "current_save_keys_processed", written);
    line(report, "current_save_keys_total", total);
    line(report, "rdb_changes_since_last_save", told.changes);
    line(report, "rdb_bgsave_in_progress", u8::from(told.running.is_some()));
    line(report, "rdb_last_save_time", told.last);
    line(report, "rdb_last_bgsave_status", if told.ok { "ok" } else { "err" });
    line(report, "rdb_last_bgsave_time_sec", seconds(told.took));
    line(report, "rdb_current_bgsave_time_sec", seconds(told.running));
    line(report, "rdb_saves", told.begun);
    line(report, "rdb_last_cow_size", 0);
    line(report, "rdb_last_load_keys_expired", saves.load_expired.load(Relaxed));
    line(report, "rdb_last_load_keys_loaded", saves.loaded.load(Relaxed));
}

/// Without snapshots nothing is ever saved.
#[cfg(not(feature = "snapshot"))]
fn snapshots(ctx: &Context<'_, '_>, report: &mut String) {
    line(report, "current_save_keys_processed", 0);
    line(report, "current_save_keys_total", 0);
    line(report, "rdb_changes_since_last_save", ctx.engine.keyspace().changes());
    line(report, "rdb_bgsave_in_progress", 0);
    let passed = i64::try_from(ctx.instance.started.elapsed().as_secs()).unwrap_or(i64::MAX);
    line(report, "rdb_last_save_time", ctx.engine.clock().micros() / 1_000_000 - passed);
    line(report, "rdb_last_bgsave_status", "ok");
    line(report, "rdb_last_bgsave_time_sec", -1);
    line(report, "rdb_current_bgsave_time_sec", -1);
    for name in [
        "rdb_saves",
        "rdb_last_cow_size",
        "rdb_last_load_keys_expired",
        "rdb_last_load_keys_loaded",
    ] {
        line(report, name, 0);
    }
}

#[cfg(not(feature = "aof"))]
fn aof(_: &Context<'_, '_>, report: &mut String) {
    for name in ["aof_enabled", "aof_rewrite_in_progress", "aof_rewrite_scheduled"] {
        line(report, name, 0);
    }
    line(report, "aof_last_rewrite_time_sec", -1);
    line(report, "aof_current_rewrite_time_sec", -1);
    line(report, "aof_last_bgrewrite_status", "ok");
    line(report, "aof_rewrites", 0);
    line(report, "aof_rewrites_consecutive_failures", 0);
    line(report, "aof_last_write_status", "ok");
    line(report, "aof_last_cow_size", 0);
}

#[cfg(feature = "aof")]
fn aof(ctx: &Context<'_, '_>, report: &mut String) {
    use std::sync::atomic::Ordering::Relaxed;

    let aof = ctx.engine.aof();
    let status = &aof.status;
    let ok = |ok: bool| if ok { "ok" } else { "err" };
    line(report, "aof_enabled", u8::from(aof.is_on()));
    line(report, "aof_rewrite_in_progress", u8::from(aof.background.is_rewriting()));
    let scheduled = u8::from(status.scheduled.load(Relaxed));
    line(report, "aof_rewrite_scheduled", scheduled);
    line(report, "aof_last_rewrite_time_sec", status.last_rewrite_seconds.load(Relaxed));
    let began = status.rewrite_began.load(Relaxed);
    let seconds = if began < 0 { -1 } else { (ctx.engine.clock().micros() - began) / 1_000_000 };
    line(report, "aof_current_rewrite_time_sec", seconds);
    line(report, "aof_last_bgrewrite_status", ok(status.last_rewrite_ok.load(Relaxed)));
    line(report, "aof_rewrites", status.rewrites.load(Relaxed));
    let failures = status.failed_in_a_row.load(Relaxed);
    line(report, "aof_rewrites_consecutive_failures", failures);
    line(report, "aof_last_write_status", ok(!aof.is_failing()));
    line(report, "aof_last_cow_size", 0);
    if aof.is_on() {
        line(report, "aof_current_size", status.size.load(Relaxed));
        line(report, "aof_base_size", status.base_size.load(Relaxed));
        line(report, "aof_pending_rewrite", scheduled);
        line(report, "aof_buffer_length", aof.buffered());
        line(report, "aof_pending_bio_fsync", aof.running_syncs());
        line(report, "aof_delayed_fsync", status.delayed.load(Relaxed));
    }
}
