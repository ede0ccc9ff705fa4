//! What took long, or much: logs of slow commands and of large ones (`SLOWLOG`, `COMMANDLOG`), and spikes by the second
//! (`LATENCY`).
//!
//! A command whose cost does not grow with the data is timed once in 64 calls (`stats.rs`), so that it costs no
//! look at a clock; all others are timed each time. Whoever asks for more than the usual log of what
//! takes ten milliseconds has every command timed.

mod command_log;
mod latency;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

pub(super) use command_log::{CommandLog, Entry};
pub(super) use latency::Latency;

use super::args::Args;
use super::attention::{Attention, Cause};
use super::client::Client;
use super::row::Flags;
use super::table::Node;
use crate::clock::Clock;

/// From here on the commands that are timed anyway are enough: `slowlog-log-slower-than` unless set.
const USUAL_MICROS: i64 = 10_000;

/// What sessions tell of commands that took long.
#[derive(Debug)]
pub(super) struct Timing {
    /// Nanoseconds from which on somebody wants to know.
    floor: AtomicU64,
    /// Whether every command is timed.
    attention: Arc<Attention>,
    /// Commands by their microseconds, and by the bytes of request and reply, those of connections.
    pub(super) slow: CommandLog,
    pub(super) requests: CommandLog,
    pub(super) replies: CommandLog,
    /// Bytes of a request or a reply from which on somebody wants to know.
    large: AtomicU64,
    pub(super) latency: Latency,
}

impl Timing {
    pub(super) fn new(attention: Arc<Attention>) -> Timing {
        Timing {
            floor: AtomicU64::new(0),
            attention,
            slow: CommandLog::default(),
            requests: CommandLog::default(),
            replies: CommandLog::default(),
            large: AtomicU64::new(0),
            latency: Latency::default(),
        }
    }

    /// Whether every command is to be timed.
    #[inline]
    pub(super) fn every(&self) -> bool {
        self.attention.holds(Cause::Timing)
    }

    /// `slowlog-log-slower-than`, in microseconds; negative for never.
    pub(super) fn set_slower_than(&self, micros: i64) {
        self.slow.set_threshold(micros);
        self.fit();
    }

    /// `latency-monitor-threshold`, in milliseconds; 0 for never.
    pub(super) fn set_latency_threshold(&self, millis: i64) {
        self.latency.set_threshold(millis);
        self.fit();
    }

    /// `commandlog-request-larger-than`, in bytes; negative for never.
    pub(super) fn set_request_larger_than(&self, bytes: i64) {
        self.requests.set_threshold(bytes);
        self.fit();
    }

    /// `commandlog-reply-larger-than`, in bytes; negative for never.
    pub(super) fn set_reply_larger_than(&self, bytes: i64) {
        self.replies.set_threshold(bytes);
        self.fit();
    }

    fn fit(&self) {
        // A negative threshold is more than anything takes.
        let [request, reply] =
            [&self.requests, &self.replies].map(|log| log.threshold().cast_unsigned());
        self.large.store(request.min(reply), Relaxed);
        let (slow, spikes) = (self.slow.threshold(), self.latency.threshold());
        let nanos = |micros: i64| micros.unsigned_abs().saturating_mul(1_000);
        let slow_nanos = if slow < 0 { u64::MAX } else { nanos(slow) };
        let spike_nanos = if spikes == 0 { u64::MAX } else { nanos(spikes.saturating_mul(1_000)) };
        self.floor.store(slow_nanos.min(spike_nanos), Relaxed);
        let every = spikes != 0 || (0..USUAL_MICROS).contains(&slow);
        self.attention.set(Cause::Timing, every);
    }

    /// Notes how long a command took, if anybody wants to know.
    #[inline]
    pub(super) fn note(
        &self,
        took: Option<Duration>,
        node: &'static Node,
        args: Args<'_>,
        client: &Client,
        clock: &Clock,
    ) {
        if let Some(took) = took
            && took.as_nanos() >= u128::from(self.floor.load(Relaxed))
        {
            self.note_long(took, node, args, client, clock);
        }
    }

    #[cold]
    fn note_long(
        &self,
        took: Duration,
        node: &'static Node,
        args: Args<'_>,
        client: &Client,
        clock: &Clock,
    ) {
        let flags = node.row.flags;
        let seconds = clock.now().0.div_euclid(1_000);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.slow.offer(micros, seconds, node, args, client);
        let event = if flags.contains(Flags::FAST) { "fast-command" } else { "command" };
        self.latency.offer(event, took, seconds);
    }

    /// Whether somebody may want to know of a command with so many bytes of request, and of reply.
    #[cfg(feature = "network")]
    #[inline(always)]
    pub(super) fn is_large(&self, request: usize, reply: usize) -> bool {
        request.max(reply) as u64 >= self.large.load(Relaxed)
    }
}
