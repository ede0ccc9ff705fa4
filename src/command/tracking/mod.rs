//! Client-side caching: who may hold which keys in a cache of its own, and is told when they change.
//!
//! | to find | look in |
//! |---|---|
//! | what a client asked for (`CLIENT TRACKING`), as others see it | `mode.rs` |
//! | which clients read which keys: the invalidation table | `table.rs` |
//! | clients in BCAST mode, by prefix | `prefixes.rs` |
//! | the messages | `message.rs` |
//! | who is told of a change, and through which connection | `registry.rs` |
//! | CLIENT TRACKING, CACHING, TRACKINGINFO, GETREDIR | `../connection/tracking.rs` |
//!
//! The algorithm is Redis's (Valkey's `tracking.c`, BSD): the table maps keys, whatever their
//! database, to the numbers of clients; a change takes its key out of the table and tells those
//! clients; a client that went away is found out about then. Keys enter the table while their
//! stripes are held by the command that reads them, and leave it, and are told of, while their stripes
//! are held by the transaction that changed them: no change slips through in between.
//!
//! Nobody who does not track pays for it: a change looks at one flag, a read at one byte.

mod message;
mod mode;
mod prefixes;
mod registry;
mod table;
#[cfg(test)]
mod tests;

pub(super) use mode::{Caching, Mode, Wish};
pub(super) use registry::Tracking;
