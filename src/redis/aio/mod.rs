//! Connections for futures. They need no runtime: nothing but a command that waits is ever pending.

mod call;
mod connection;
mod monitor;
mod pubsub;

#[doc(no_inline)]
pub use ::redis::aio::*;

pub use connection::MultiplexedConnection;
pub use monitor::Monitor;
pub use pubsub::{PubSub, PubSubSink, PubSubStream};

pub use super::settings::ConnectionManagerConfig;

/// In the place of `redis::aio::ConnectionManager`, which opens lost connections
/// anew: what is in this process is not lost.
pub type ConnectionManager = MultiplexedConnection;
