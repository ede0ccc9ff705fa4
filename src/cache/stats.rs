//! What a cache counts.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::sync::{LANES, lane};

/// How a cache fares; see [`Cache::stats`](super::Cache::stats).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheStats {
    /// Look-ups that found a value.
    pub hits: u64,
    /// Look-ups that found none, those that waited for another's load included.
    pub misses: u64,
    /// Of the misses, those that waited for another's load.
    pub waits: u64,
    /// Loads that ended with a value, refreshes included.
    pub loads: u64,
    /// Loads that ended with an error, or without a result.
    pub failed_loads: u64,
    /// Of the loads, those of values that were still served meanwhile.
    pub refreshes: u64,
    /// Values that were loaded and not stored, because memory was short.
    pub rejected: u64,
    /// How long all loads took together, by the engine's clock.
    pub load_time: Duration,
}

impl CacheStats {
    /// The share of look-ups that found a value: 0 to 1, and 0 if there was none.
    pub fn hit_rate(&self) -> f64 {
        match self.hits + self.misses {
            0 => 0.0,
            all => self.hits as f64 / all as f64,
        }
    }
}

/// Threads that count at the same time do so on different cache lines.
#[derive(Default)]
#[repr(align(128))]
struct Lane {
    hits: AtomicU64,
    misses: AtomicU64,
}

/// The counters of one cache.
#[derive(Default)]
pub(super) struct Counters {
    lanes: [Lane; LANES],
    waits: AtomicU64,
    loads: AtomicU64,
    failed_loads: AtomicU64,
    refreshes: AtomicU64,
    rejected: AtomicU64,
    load_micros: AtomicU64,
    #[cfg(feature = "metrics")]
    metrics: Option<Box<Metrics>>,
}

/// The same for a recorder of the crate `metrics`.
#[cfg(feature = "metrics")]
struct Metrics {
    hits: metrics::Counter,
    misses: metrics::Counter,
    loads: metrics::Counter,
    failed_loads: metrics::Counter,
    refreshes: metrics::Counter,
    rejected: metrics::Counter,
    load_seconds: metrics::Histogram,
}

/// Something that is counted.
#[derive(Clone, Copy)]
pub(super) enum Event {
    Hit,
    Miss,
    Wait,
    Loaded { refresh: bool, took: Duration },
    Failed,
    Rejected,
}

impl Counters {
    /// Counters of a cache of this name.
    pub(super) fn new(name: &str) -> Counters {
        #[cfg(not(feature = "metrics"))]
        let _ = name;
        Counters {
            #[cfg(feature = "metrics")]
            metrics: Some(Box::new(Metrics::new(name))),
            ..Counters::default()
        }
    }

    #[inline]
    pub(super) fn count(&self, event: Event) {
        let lane = || &self.lanes[lane()];
        match event {
            Event::Hit => drop(lane().hits.fetch_add(1, Relaxed)),
            Event::Miss => drop(lane().misses.fetch_add(1, Relaxed)),
            Event::Wait => drop(self.waits.fetch_add(1, Relaxed)),
            Event::Loaded { refresh, took } => {
                self.loads.fetch_add(1, Relaxed);
                self.refreshes.fetch_add(refresh.into(), Relaxed);
                let micros = took.as_micros().try_into().unwrap_or(u64::MAX);
                self.load_micros.fetch_add(micros, Relaxed);
            }
            Event::Failed => drop(self.failed_loads.fetch_add(1, Relaxed)),
            Event::Rejected => drop(self.rejected.fetch_add(1, Relaxed)),
        }
        #[cfg(feature = "metrics")]
        if let Some(metrics) = &self.metrics {
            metrics.count(event);
        }
    }

    pub(super) fn read(&self) -> CacheStats {
        let sum = |of: fn(&Lane) -> &AtomicU64| {
            self.lanes.iter().map(|lane| of(lane).load(Relaxed)).sum::<u64>()
        };
        CacheStats {
            hits: sum(|lane| &lane.hits),
            misses: sum(|lane| &lane.misses),
            waits: self.waits.load(Relaxed),
            loads: self.loads.load(Relaxed),
            failed_loads: self.failed_loads.load(Relaxed),
            refreshes: self.refreshes.load(Relaxed),
            rejected: self.rejected.load(Relaxed),
            load_time: Duration::from_micros(self.load_micros.load(Relaxed)),
        }
    }
}

#[cfg(feature = "metrics")]
impl Metrics {
    fn new(name: &str) -> Metrics {
        let labels = [("cache", name.to_owned())];
        Metrics {
            hits: metrics::counter!("danio_cache_hits_total", &labels),
            misses: metrics::counter!("danio_cache_misses_total", &labels),
            loads: metrics::counter!("danio_cache_loads_total", &labels),
            failed_loads: metrics::counter!("danio_cache_failed_loads_total", &labels),
            refreshes: metrics::counter!("danio_cache_refreshes_total", &labels),
            rejected: metrics::counter!("danio_cache_rejected_total", &labels),
            load_seconds: metrics::histogram!("danio_cache_load_seconds", &labels),
        }
    }

    fn count(&self, event: Event) {
        match event {
            Event::Hit => self.hits.increment(1),
            Event::Miss => self.misses.increment(1),
            Event::Wait => {}
            Event::Loaded { refresh, took } => {
                self.loads.increment(1);
                self.refreshes.increment(refresh.into());
                self.load_seconds.record(took.as_secs_f64());
            }
            Event::Failed => self.failed_loads.increment(1),
            Event::Rejected => self.rejected.increment(1),
        }
    }
}
