//! What INFO's `commandstats` and `errorstats` count, without a cost on each call.
//!
//! A session adds up calls of one command on its own and hands them over when
//! the command changes or its batch ends ([`Tally`]); counters are spread over
//! shards, so that workers do not share cache lines. Commands that may take
//! long are timed each time; of the others one call in 64, which stands for
//! 64: no clock is read for the rest, unless somebody wants to know of short ones (`timing/`).

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use parking_lot::Mutex;

use super::table::Table;
use crate::clock::Stopwatch;
use crate::sync::{LANES, lane};

/// One call in this many is timed.
const SAMPLED: u32 = 64;

/// How many spans of time are told apart, each twice as long as the one before: the first ends at a microsecond.
pub(super) const SPANS: usize = 31;

/// The upper end of a span in nanoseconds, as Redis's histograms, of two digits, have it.
pub(super) fn end_of_span(span: usize) -> i64 {
    let nanos = 1024_i64 << span;
    nanos + nanos / 128 - 1
}

/// How many kinds of error are counted apart; a script could invent any number.
const ERROR_KINDS: usize = 128;

/// Counters since the start, or since `CONFIG RESETSTAT`.
#[derive(Debug)]
pub struct Stats {
    shards: Vec<Vec<Counter>>,
    /// How long calls took, by command.
    spans: Vec<[AtomicU64; SPANS]>,
    /// `latency-tracking`: whether the spans are counted.
    pub(super) counts_spans: AtomicBool,
    rejected: Vec<AtomicU64>,
    failed: Vec<AtomicU64>,
    errors: Mutex<BTreeMap<Box<str>, u64>>,
    /// Connections accepted.
    pub connections: AtomicU64,
    /// Connections refused because of `maxclients`.
    pub refused_connections: AtomicU64,
    /// Connections cut because a query buffer outgrew its limit.
    pub query_buffer_cuts: AtomicU64,
    /// Connections cut because an output buffer outgrew its limit.
    pub output_buffer_cuts: AtomicU64,
}

#[derive(Debug, Default)]
struct Counter {
    calls: AtomicU64,
    nanos: AtomicU64,
}

/// The counters of one command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CommandStats {
    pub(super) calls: u64,
    pub(super) micros: u64,
    pub(super) rejected: u64,
    pub(super) failed: u64,
}

impl Stats {
    pub(super) fn new() -> Stats {
        let rows = Table::get().ids();
        let zeros = || (0..rows).map(|_| AtomicU64::new(0)).collect();
        Stats {
            shards: (0..LANES).map(|_| (0..rows).map(|_| Counter::default()).collect()).collect(),
            spans: (0..rows).map(|_| [const { AtomicU64::new(0) }; SPANS]).collect(),
            counts_spans: AtomicBool::new(true),
            rejected: zeros(),
            failed: zeros(),
            errors: Mutex::default(),
            connections: AtomicU64::new(0),
            refused_connections: AtomicU64::new(0),
            query_buffer_cuts: AtomicU64::new(0),
            output_buffer_cuts: AtomicU64::new(0),
        }
    }

    /// The counters of command `id`.
    pub(super) fn of(&self, id: usize) -> CommandStats {
        let sum = |read: fn(&Counter) -> &AtomicU64| {
            self.shards.iter().map(|shard| read(&shard[id]).load(Relaxed)).sum::<u64>()
        };
        CommandStats {
            calls: sum(|c| &c.calls),
            micros: sum(|c| &c.nanos) / 1000,
            rejected: self.rejected[id].load(Relaxed),
            failed: self.failed[id].load(Relaxed),
        }
    }

    /// How long the calls of command `id` took: how many in each span.
    pub(super) fn histogram(&self, id: usize) -> [u64; SPANS] {
        std::array::from_fn(|span| self.spans[id][span].load(Relaxed))
    }

    /// Counts some calls of a command that took so long.
    fn count_span(&self, id: usize, nanos: u64, calls: u64) {
        let span = (nanos >> 10).checked_ilog2().map_or(0, |log| log as usize + 1);
        self.spans[id][span.min(SPANS - 1)].fetch_add(calls, Relaxed);
    }

    /// Calls of all commands.
    pub(super) fn calls(&self) -> u64 {
        self.shards.iter().flatten().map(|c| c.calls.load(Relaxed)).sum()
    }

    /// Counts an error reply by its code, and by its command if there was one.
    #[cold]
    pub(super) fn on_error(&self, code: &str, command: Option<usize>, rejected: bool) {
        if let Some(id) = command {
            let counters = if rejected { &self.rejected } else { &self.failed };
            counters[id].fetch_add(1, Relaxed);
        }
        let mut errors = self.errors.lock();
        let code =
            if errors.len() < ERROR_KINDS || errors.contains_key(code) { code } else { "OTHER" };
        match errors.get_mut(code) {
            Some(count) => *count += 1,
            None => drop(errors.insert(code.into(), 1)),
        }
    }

    /// Errors by their code.
    pub(super) fn errors(&self) -> BTreeMap<Box<str>, u64> {
        self.errors.lock().clone()
    }

    /// Starts all over (`CONFIG RESETSTAT`).
    pub(super) fn reset(&self) {
        for counter in self.shards.iter().flatten() {
            counter.calls.store(0, Relaxed);
            counter.nanos.store(0, Relaxed);
        }
        self.spans.iter().flatten().for_each(|count| count.store(0, Relaxed));
        let single = [
            &self.connections,
            &self.refused_connections,
            &self.query_buffer_cuts,
            &self.output_buffer_cuts,
        ];
        for counter in self.rejected.iter().chain(&self.failed).chain(single) {
            counter.store(0, Relaxed);
        }
        self.errors.lock().clear();
    }
}

/// A call that is timed.
#[derive(Debug)]
pub(super) struct Timed {
    watch: Stopwatch,
    /// How many calls it stands for.
    weight: u32,
}

/// Calls that a session has not handed over yet: all of one command.
#[derive(Debug)]
pub(super) struct Tally {
    command: usize,
    calls: u64,
    nanos: u64,
    until_timed: u32,
}

impl Tally {
    pub(super) fn new() -> Tally {
        Tally { command: 0, calls: 0, nanos: 0, until_timed: 0 }
    }

    /// Whether the next call is one of those that are not timed; it counts as begun then.
    #[inline(always)]
    pub(super) fn passes(&mut self) -> bool {
        match self.until_timed.checked_sub(1) {
            Some(left) => {
                self.until_timed = left;
                true
            }
            None => false,
        }
    }

    /// A call begins; what this returns is given back to [`Tally::after`].
    #[inline]
    pub(super) fn before(&mut self, always: bool) -> Option<Timed> {
        if always {
            return Some(Timed { watch: Stopwatch::start(), weight: 1 });
        }
        if self.passes() {
            return None;
        }
        self.until_timed = SAMPLED - 1;
        Some(Timed { watch: Stopwatch::start(), weight: SAMPLED })
    }

    /// A call of `command` is over. Returns how long it took, if it was timed.
    #[inline(always)]
    pub(super) fn after(
        &mut self,
        stats: &Stats,
        command: usize,
        timed: Option<Timed>,
    ) -> Option<Duration> {
        self.count(stats, command);
        timed.map(|timed| self.add(stats, timed))
    }

    /// A call of `command` that was not timed is over.
    #[inline(always)]
    pub(super) fn count(&mut self, stats: &Stats, command: usize) {
        if command != self.command {
            self.settle(stats);
            self.command = command;
        }
        self.calls += 1;
    }

    /// Adds a call that was timed.
    #[inline(never)]
    fn add(&mut self, stats: &Stats, Timed { watch, weight }: Timed) -> Duration {
        let took = watch.elapsed();
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.nanos += nanos.saturating_mul(u64::from(weight));
        if stats.counts_spans.load(Relaxed) {
            stats.count_span(self.command, nanos, u64::from(weight));
        }
        took
    }

    /// Hands everything over.
    pub(super) fn settle(&mut self, stats: &Stats) {
        if self.calls != 0 {
            let counter = &stats.shards[lane()][self.command];
            counter.calls.fetch_add(self.calls, Relaxed);
            if self.nanos != 0 {
                counter.nanos.fetch_add(self.nanos, Relaxed);
            }
            (self.calls, self.nanos) = (0, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_exactly_across_sessions() {
        let stats = Stats::new();
        let mut tallies = [Tally::new(), Tally::new()];
        for i in 0..100 {
            for tally in &mut tallies {
                let timed = tally.before(i % 5 == 0);
                assert_eq!(tally.after(&stats, i % 3, timed).is_some(), i % 5 == 0 || i % 80 == 1);
            }
        }
        tallies.iter_mut().for_each(|tally| tally.settle(&stats));
        assert_eq!([0, 1, 2].map(|id| stats.of(id).calls), [68, 66, 66]);
        assert_eq!(stats.calls(), 200);
        stats.reset();
        assert_eq!(stats.calls(), 0);
    }

    #[test]
    fn errors_are_counted_by_code() {
        let stats = Stats::new();
        stats.on_error("ERR", Some(1), false);
        stats.on_error("ERR", Some(1), true);
        stats.on_error("WRONGTYPE", None, false);
        let one = stats.of(1);
        assert_eq!((one.failed, one.rejected), (1, 1));
        assert_eq!(
            stats.errors().into_iter().collect::<Vec<_>>(),
            [("ERR".into(), 2), ("WRONGTYPE".into(), 1)]
        );
    }
}
