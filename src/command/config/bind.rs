//! The parameters that the engine itself acts on.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::{Parameters, Refusal, Setting};
use crate::command::client::Clients;
use crate::command::client_memory;
use crate::command::instance::Password;
use crate::command::mailbox::OutputLimits;
use crate::command::stats::Stats;
use crate::command::timing::Timing;
use crate::command::tracking::Tracking;
use crate::config::{EncodingLimit, EvictionPolicy};
use crate::keyspace::Keyspace;
use crate::pubsub::{Notified, Notifier};

/// Shows the engine's settings as parameters, and has it follow them from now on.
pub(in crate::command) fn bind(
    parameters: &Parameters,
    keyspace: &Arc<Keyspace>,
    password: &Arc<Password>,
    limits: &Arc<OutputLimits>,
    notifier: &Arc<Notifier>,
    tracking: &Arc<Tracking>,
) {
    let settings = &keyspace.settings;
    let size = |bytes: usize| i64::try_from(bytes).unwrap_or(i64::MAX);
    parameters.put("databases", i64::from(keyspace.databases()));
    parameters.put("maxmemory", size(settings.maxmemory.load(Relaxed)));
    parameters.put("maxmemory-policy", settings.policy() as i64);
    parameters.put("maxmemory-samples", i64::from(settings.samples.load(Relaxed)));
    parameters.put("maxmemory-eviction-tenacity", i64::from(settings.tenacity.load(Relaxed)));
    parameters.put("lfu-log-factor", i64::from(settings.lfu_log_factor.load(Relaxed)));
    parameters.put("lfu-decay-time", i64::from(settings.lfu_decay_time.load(Relaxed)));
    parameters.put("proto-max-bulk-len", size(settings.max_string.load(Relaxed)));
    parameters.put("hz", settings.hz.load(Relaxed).cast_signed());

    follow(parameters, "maxmemory", keyspace, |keyspace, bytes| {
        keyspace.set_maxmemory(usize::try_from(bytes).unwrap_or(usize::MAX));
    });
    follow(parameters, "maxmemory-policy", keyspace, |keyspace, number| {
        let policy = EvictionPolicy::ALL.into_iter().find(|policy| *policy as i64 == number);
        keyspace.settings.set_policy(policy.unwrap_or_default());
    });
    follow(parameters, "maxmemory-samples", keyspace, |keyspace, samples| {
        keyspace.settings.samples.store(u32::try_from(samples).unwrap_or(u32::MAX), Relaxed);
    });
    follow(parameters, "maxmemory-eviction-tenacity", keyspace, |keyspace, tenacity| {
        keyspace.settings.tenacity.store(u32::try_from(tenacity).unwrap_or(u32::MAX), Relaxed);
    });
    follow(parameters, "lfu-log-factor", keyspace, |keyspace, factor| {
        keyspace.settings.lfu_log_factor.store(u32::try_from(factor).unwrap_or(u32::MAX), Relaxed);
    });
    follow(parameters, "lfu-decay-time", keyspace, |keyspace, minutes| {
        keyspace.settings.lfu_decay_time.store(u32::try_from(minutes).unwrap_or(u32::MAX), Relaxed);
    });
    follow(parameters, "proto-max-bulk-len", keyspace, |keyspace, bytes| {
        keyspace.settings.max_string.store(usize::try_from(bytes).unwrap_or(usize::MAX), Relaxed);
    });
    follow(parameters, "stream-idmp-duration", keyspace, |keyspace, seconds| {
        keyspace.settings.stream_idmp_duration.store(seconds as u32, Relaxed);
    });
    follow(parameters, "stream-idmp-maxsize", keyspace, |keyspace, names| {
        keyspace.settings.stream_idmp_maxsize.store(names as u32, Relaxed);
    });
    follow(parameters, "hz", keyspace, |keyspace, hz| {
        keyspace.settings.hz.store(hz.unsigned_abs(), Relaxed);
    });
    #[cfg(feature = "snapshot")]
    follow(parameters, "rdbcompression", keyspace, |keyspace, on| {
        keyspace.settings.rdb_compression.store(on != 0, Relaxed);
    });
    for limit in EncodingLimit::ALL {
        parameters.put(limit.name(), settings.limits.get(limit));
        let keyspace = keyspace.clone();
        on_change(parameters, limit.name(), move |value| {
            keyspace.settings.limits.set(limit, value.number());
        });
    }
    let text = notifier.notified().letters();
    *parameters.known("notify-keyspace-events").value.write() = Setting::Text(text.into());
    let (notifier, observed) = (notifier.clone(), keyspace.clone());
    on_change(parameters, "notify-keyspace-events", move |value| {
        notifier.set(Notified::parse(value.text()).unwrap_or_default());
        observed.observers.reconsider();
    });
    let limits = limits.clone();
    on_change(parameters, "client-output-buffer-limit", move |value| limits.set(value.text()));
    let tracking = tracking.clone();
    on_change(parameters, "tracking-table-max-keys", move |value| {
        tracking.set_max_keys(usize::try_from(value.number()).unwrap_or(usize::MAX));
    });
    let password = password.clone();
    on_change(parameters, "requirepass", move |value| password.set(value.text()));
}

/// Has the limit of what connections take follow its parameters.
pub(in crate::command) fn bind_clients(
    parameters: &Parameters,
    keyspace: &Arc<Keyspace>,
    clients: &Arc<Clients>,
) {
    let (limited, data) = (clients.clone(), keyspace.clone());
    on_change(parameters, "maxmemory-clients", move |value| {
        let wanted = client_memory::parse(value.text()).unwrap_or_default();
        limited.limit_to(wanted, data.settings.maxmemory.load(Relaxed));
    });
    let clients = clients.clone();
    // The engine's own hook came first: it is set by now.
    follow_with(parameters, "maxmemory", keyspace, move |keyspace, _| {
        clients.limit_anew(keyspace.settings.maxmemory.load(Relaxed));
    });
}

/// Has slow commands, spikes and spans of time noted as parameters say.
pub(in crate::command) fn bind_timing(
    parameters: &Parameters,
    timing: &Arc<Timing>,
    stats: &Arc<Stats>,
) {
    let act = |name: &str, act: fn(&Timing, i64)| {
        let timing = timing.clone();
        on_change(parameters, name, move |value| act(&timing, value.number()));
    };
    act("slowlog-log-slower-than", Timing::set_slower_than);
    act("slowlog-max-len", |timing, most| timing.slow.set_most(usize::try_from(most).unwrap_or(0)));
    act("commandlog-request-larger-than", Timing::set_request_larger_than);
    act("commandlog-large-request-max-len", |timing, most| {
        timing.requests.set_most(usize::try_from(most).unwrap_or(0));
    });
    act("commandlog-reply-larger-than", Timing::set_reply_larger_than);
    act("commandlog-large-reply-max-len", |timing, most| {
        timing.replies.set_most(usize::try_from(most).unwrap_or(0));
    });
    act("latency-monitor-threshold", Timing::set_latency_threshold);
    let stats = stats.clone();
    on_change(parameters, "latency-tracking", move |value| {
        stats.counts_spans.store(value.number() != 0, Relaxed);
    });
}

/// Calls `set` with each number of a parameter.
fn follow(parameters: &Parameters, name: &str, keyspace: &Arc<Keyspace>, set: fn(&Keyspace, i64)) {
    follow_with(parameters, name, keyspace, set);
}

fn follow_with(
    parameters: &Parameters,
    name: &str,
    keyspace: &Arc<Keyspace>,
    set: impl Fn(&Keyspace, i64) + Send + Sync + 'static,
) {
    let keyspace = keyspace.clone();
    on_change(parameters, name, move |value| set(&keyspace, value.number()));
}

pub(super) fn on_change(
    parameters: &Parameters,
    name: &str,
    act: impl Fn(&Setting) + Send + Sync + 'static,
) {
    let hook = move |value: &Setting| -> Result<(), Refusal> {
        act(value);
        Ok(())
    };
    parameters.on_change(name, hook).expect("this hook refuses nothing");
}
