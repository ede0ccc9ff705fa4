//! Transactions of a session: commands queued and run back to back, keys watched until then.

mod exec;
mod queue;
#[cfg(test)]
mod tests;
mod watch;

pub(super) use queue::Queue;
pub(super) use watch::Watched;

use super::row::Command;

/// The family's rows.
pub(super) static ROWS: &[Command] =
    &[exec::DISCARD, exec::EXEC, exec::MULTI, watch::UNWATCH, watch::WATCH];
