//! What a failed sync may have dropped and nobody kept.
//!
//! Under `appendfsync no` nothing that is written is kept, since nothing says when it is safe. A sync that fails then leaves a
//! **gap**: the kernel may have dropped bytes that nobody has any more but the data themselves. Nothing is called safe from
//! then on until a rewrite, which begins by itself, has put the data in the place of those bytes.

use std::sync::Arc;
use std::time::Duration;

use super::Aof;
use super::writer::State;
use crate::clock::Stopwatch;

/// How long the next attempt to rewrite waits.
const PAUSE: Duration = Duration::from_millis(if cfg!(test) { 1 } else { 1000 });

impl Aof {
    /// Notes that what was written and is neither safe nor kept may be lost: a sync has failed.
    pub(super) fn note_gap(&self, state: &mut State) {
        let good = state.good();
        if self.journal.safe() < good {
            state.gap = Some(good);
        }
    }

    /// Says that a rewrite has put the data in the place of all that was written before a position.
    pub(super) fn close_gap(&self, at: u64) {
        let mut state = self.state.lock();
        if state.gap.is_some_and(|gap| gap <= at) {
            state.gap = None;
            let safe = state.synced.max(at);
            self.set_safe(&mut state, safe);
        }
    }

    /// Has the file rewritten if there is a gap.
    pub(super) fn fill_gap(self: &Arc<Self>) {
        let mut state = self.state.lock();
        let waits = state.since_filling.as_ref().is_some_and(|since| since.elapsed() < PAUSE);
        if state.gap.is_none() || state.failure.is_some() || state.closing || waits {
            return;
        }
        if self.background.is_rewriting() || self.background.is_saving() {
            return;
        }
        state.since_filling = Some(Stopwatch::start());
        drop(state);
        tracing::warn!("What a sync of the AOF file may have lost is rewritten");
        self.rewrite_in_background();
    }
}
