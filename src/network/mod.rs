//! The RESP server: an engine that Redis clients can connect to.
//!
//! [`Server::bind`] listens on an address and answers for an [`Engine`](crate::Engine)
//! that the application goes on using itself; [`ServerOptions`] sets the rest. Commands
//! see and change the same data as the engine's typed methods.
//!
//! One thread accepts connections and spreads them over the workers. A worker runs all
//! its connections on one single-threaded runtime: what a connection sent is parsed where
//! it was read, executed at once, and answered with one write.

mod conf;
mod connection;
mod control;
#[cfg(feature = "aof")]
mod crew;
#[cfg(feature = "fake")]
mod guest;
mod listen;
mod options;
mod output;
mod query;
pub(crate) mod resp;
mod seat;
mod server;
mod shared;
mod stream;
mod worker;

#[cfg(feature = "fake")]
pub(crate) use guest::{Guest, Host};

pub use conf::{ConfError, RedisConf};
pub use options::ServerOptions;
pub use server::{Server, Stopper};
