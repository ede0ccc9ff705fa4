//! Channels: who listens, what is said, and what a connection that listens may still do.

mod introspect;
mod listen;
mod publish;
mod subscriptions;
#[cfg(test)]
mod tests;

pub(super) use subscriptions::Subscriptions;

use super::row::Command;

/// The family's rows.
pub(super) static ROWS: &[Command] = &[
    publish::PUBLISH,
    introspect::PUBSUB,
    listen::PSUBSCRIBE,
    listen::PUNSUBSCRIBE,
    publish::SPUBLISH,
    listen::SSUBSCRIBE,
    listen::SUBSCRIBE,
    listen::SUNSUBSCRIBE,
    listen::UNSUBSCRIBE,
];
