//! The parameters of the append-only file.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::bind::on_change;
use super::{Parameters, Refusal, Setting};
use crate::config::AppendFsync;
use crate::persist::aof::Aof;

/// `appendfsync`'s values, numbered as the rows do.
const POLICIES: [AppendFsync; 3] = [AppendFsync::EverySec, AppendFsync::Always, AppendFsync::No];

/// Shows what the append-only file is told, and has it follow the parameters from now on.
pub(in crate::command) fn bind_aof(parameters: &Parameters, aof: &Arc<Aof>) {
    let settings = &aof.settings;
    let fsync = POLICIES.iter().position(|policy| *policy == settings.fsync()).unwrap_or(0);
    parameters.put("appendonly", aof.is_on().into());
    parameters.put("appendfsync", fsync as i64);
    for (name, yes) in [
        ("no-appendfsync-on-rewrite", &settings.no_sync_on_rewrite),
        ("aof-use-rdb-preamble", &settings.rdb_base),
        ("aof-load-truncated", &settings.load_truncated),
        ("aof-fallback-to-rdb", &settings.fallback),
        ("aof-timestamp-enabled", &aof.journal.timestamps),
    ] {
        parameters.put(name, yes.load(Relaxed).into());
    }
    for (name, number) in [
        ("auto-aof-rewrite-percentage", &settings.rewrite_percentage),
        ("auto-aof-rewrite-min-size", &settings.rewrite_min_size),
    ] {
        parameters.put(name, i64::try_from(number.load(Relaxed)).unwrap_or(i64::MAX));
    }
    for (name, text) in
        [("appendfilename", &settings.filename), ("appenddirname", &settings.dirname)]
    {
        *parameters.known(name).value.write() = Setting::Text(text.clone().into_bytes().into());
    }

    let turned = aof.clone();
    let turn = move |value: &Setting| -> Result<(), Refusal> {
        turned
            .want_on(value.number() != 0)
            .map_err(|_| "Unable to turn on AOF. Check server logs.".into())
    };
    parameters.on_change("appendonly", turn).expect("it is as it is");
    follow(parameters, "appendfsync", aof, |aof, number| {
        let policy = usize::try_from(number).ok().and_then(|number| POLICIES.get(number));
        aof.set_fsync(policy.copied().unwrap_or_default());
    });
    follow(parameters, "no-appendfsync-on-rewrite", aof, |aof, yes| {
        aof.settings.no_sync_on_rewrite.store(yes != 0, Relaxed);
    });
    follow(parameters, "aof-use-rdb-preamble", aof, |aof, yes| {
        aof.settings.rdb_base.store(yes != 0, Relaxed);
    });
    follow(parameters, "aof-load-truncated", aof, |aof, yes| {
        aof.settings.load_truncated.store(yes != 0, Relaxed);
    });
    follow(parameters, "aof-disable-auto-gc", aof, |aof, yes| aof.keep_history(yes != 0));
    follow(parameters, "aof-fallback-to-rdb", aof, |aof, yes| {
        aof.settings.fallback.store(yes != 0, Relaxed);
    });
    follow(parameters, "aof-timestamp-enabled", aof, |aof, yes| {
        aof.journal.timestamps.store(yes != 0, Relaxed);
    });
    follow(parameters, "auto-aof-rewrite-percentage", aof, |aof, percentage| {
        aof.settings.rewrite_percentage.store(percentage.unsigned_abs(), Relaxed);
    });
    follow(parameters, "auto-aof-rewrite-min-size", aof, |aof, bytes| {
        aof.settings.rewrite_min_size.store(bytes.unsigned_abs(), Relaxed);
    });
}

fn follow(parameters: &Parameters, name: &str, aof: &Arc<Aof>, set: fn(&Arc<Aof>, i64)) {
    let aof = aof.clone();
    on_change(parameters, name, move |value| set(&aof, value.number()));
}
