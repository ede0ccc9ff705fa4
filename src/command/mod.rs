//! The dynamic face: one command table, and a handler for each row.
//!
//! | to find | look in |
//! |---|---|
//! | a command's row and handler | the folder of its family, such as `connection/` |
//! | what a row can say | `row.rs`, `keyspec.rs` |
//! | how a call gets to its handler | `dispatch.rs`, with `admit.rs`, `call.rs`, and `table.rs` for names; what makes it take the long way, `attention.rs` |
//! | what a handler is given | `context.rs`, `args.rs`, `reply.rs` |
//! | a connection's state | `session.rs`; as others see it, `client.rs`; what all take, `client_memory.rs` |
//! | what is sent to it besides answers | `push.rs`, `mailbox.rs` |
//! | what connections share | `instance.rs`, `stats.rs`, `config/` |
//! | loading, and the end of a server | `persistence/` |

mod admit;
mod args;
mod attention;
mod bitmap;
mod blocking;
mod call;
mod client;
mod client_memory;
mod cluster;
mod config;
mod connection;
mod context;
mod dispatch;
mod errors;
#[cfg(feature = "fake")]
mod gate;
mod geo;
mod hash;
mod help;
mod hyperloglog;
mod instance;
mod keys;
mod keyspec;
mod list;
mod mailbox;
mod monitors;
mod parse;
mod persistence;
mod pubsub;
mod push;
#[cfg(feature = "aof")]
pub(crate) mod replay;
mod reply;
mod row;
mod scan;
mod server;
mod session;
mod set;
mod shown;
mod stats;
mod stream;
mod string;
mod table;
#[cfg(test)]
mod tests;
mod timing;
mod tracking;
mod traffic;
mod transaction;
mod value;
mod zset;

#[cfg(any(feature = "network", feature = "redis"))]
pub(crate) use args::Words;
pub use args::{Args, Span};
pub use client::{Client, Clients, Link, Origin};
pub use config::{Canonical, Change, Hook, Kind, Limits, Parameter, Parameters, Refusal, Setting};
pub use context::{Context, Handler};
pub use dispatch::Flow;
#[cfg(feature = "fake")]
pub(crate) use errors::{unknown_command, unknown_subcommand};
#[cfg(feature = "fake")]
pub(crate) use gate::{Gate, Meeting};
pub use instance::{Instance, Listener};
pub use keyspec::{Begin, Find, KeyFlags, KeySpec, Positions};
pub use mailbox::OutputLimits;
pub use persistence::{Ending, Loading};
pub use push::Push;
pub use reply::{Protocol, Reply};
pub use row::{Arg, ArgKind, Categories, Command, Flags, Group, Locks};
pub use session::{Session, State};
pub use stats::Stats;
pub use table::{Node, Table};
pub use value::Value;

/// The rows of every family.
static FAMILIES: &[&[Command]] = &[
    bitmap::ROWS,
    cluster::ROWS,
    connection::ROWS,
    geo::ROWS,
    hash::ROWS,
    hyperloglog::ROWS,
    keys::ROWS,
    list::ROWS,
    pubsub::ROWS,
    server::ROWS,
    set::ROWS,
    stream::ROWS,
    string::ROWS,
    transaction::ROWS,
    zset::ROWS,
];
