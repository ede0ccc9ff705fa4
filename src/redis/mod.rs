//! The `redis` crate without a server: connections that call the engine in this process.
//!
//! Code that was written for the [`redis`](https://docs.rs/redis) crate goes on as it is. A [`Client`] is made from an
//! engine and not from an address; what it hands out has the names and methods of the crate's own types, and implements
//! its traits, so that `Commands`, `AsyncCommands`, `Cmd::query`, pipelines, transactions, iterators and every crate that
//! is generic over these traits work on it.
//!
//! ```
//! use danio::redis::{Client, Commands};
//!
//! let engine = danio::Engine::open(danio::Config::new())?;
//! let client = Client::open(&engine)?;
//! let mut con = client.get_connection()?;
//! let _: () = con.set("visits", 41)?;
//! assert_eq!(con.incr::<_, _, i64>("visits", 1)?, 42);
//! let (a, b): (i64, bool) = danio::redis::pipe().atomic().incr("visits", 1).exists("visits").query(&mut con)?;
//! assert_eq!((a, b), (43, true));
//! // The same data by the engine's own methods.
//! assert_eq!(engine.db(0)?.get("visits")?.as_deref(), Some(&b"43"[..]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # To switch
//!
//! This module has everything that the crate has, with [`Client`], [`Connection`], [`PubSub`],
//! [`AsyncConnectionConfig`] and what [`aio`] holds in the place of the crate's own. So `use danio::redis;` in the place
//! of `use redis;` changes the types that a program names, and `Client::open(&engine)` where it had an address is
//! the line that is left.
//!
//! # What a call costs
//!
//! A command's words are handed to its handler as they lie in the `Cmd`, and its answer is built as the crate's `Value` at
//! once: nothing is encoded, sent or parsed. The crate's pipelines on blocking connections, and its iterators (`scan`),
//! hand over packed bytes, which are read in place. A blocking connection is not shared and locks nothing of its own; a
//! [`MultiplexedConnection`](aio::MultiplexedConnection) is a lock that is held for one command or one pipeline.
//!
//! # What is as with a server
//!
//! * Each connection is a client: it has an id, a name, a database, a protocol, and is there in `CLIENT LIST`;
//!   `CLIENT KILL` and `QUIT` end it, after which calls fail as on a connection that was dropped.
//! * Both protocols. In RESP2, which the crate and this module begin with, maps are flat arrays and doubles are strings;
//!   with [`Client::with_protocol`] `RESP3` values come as they are, and messages are pushed to the sender that was set.
//! * Errors have the kinds, codes and details that the crate gives to a server's.
//! * What is written is as safe as the engine was asked to make it before a call returns (`appendfsync always`); a future
//!   is pending for that long, and holds no thread.
//! * Commands that wait let the thread sleep, or are pending futures that need no runtime. Commands behind them on
//!   the same connection wait too.
//!
//! # What is not
//!
//! * Nobody needs a password, and `CLIENT PAUSE` holds nobody back.
//! * There are no time-outs of connecting and answering, for there is no wire; those of commands and of
//!   [`Connection::set_read_timeout`] are kept. What a command waited for in vain is not popped later.
//! * A future that is dropped takes its command back, if that waits: nothing is popped for nobody.
//! * A transaction that was refused as a whole is an error of the kind `ExecAbort` whose text names the commands that were
//!   refused; [`RedisError::into_server_errors`](https://docs.rs/redis/1/redis/struct.RedisError.html#method.into_server_errors) gives nothing for it, as only
//!   the crate itself can make such a list.
//! * Options of [`AsyncConnectionConfig`] and [`aio::ConnectionManagerConfig`] that concern the wire may be said and change
//!   nothing. So the crate's response time-out, half a second unless it is said, does not cut a `BLPOP` short.

pub mod aio;
mod bell;
mod client;
mod connection;
mod packed;
#[cfg(any(feature = "bb8", feature = "deadpool", feature = "r2d2"))]
mod pool;
mod pubsub;
mod settings;
mod sink;
mod talk;
#[cfg(all(test, feature = "aof"))]
mod tests;

#[doc(no_inline)]
pub use ::redis::*;

pub use client::{Client, IntoClient};
pub use connection::Connection;
pub use pubsub::PubSub;
pub use settings::AsyncConnectionConfig;
