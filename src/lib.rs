//! Danio: an embeddable, in-process engine with the data structures and commands of Redis.
//!
//! It is Redis as a library: a handle that any thread may share, methods named as Redis names
//! its commands, and the same data for Redis clients if the application listens. It is not
//! a client of Redis and needs no server. In this version it holds every core type of Redis, in
//! memory, and keeps it in Redis's own files if it is asked to; scripts, ACL users, replication and cluster are not
//! there. What there is, command by command, is in `features.md`.
//!
//! ```
//! use std::time::Duration;
//! use danio::{Db, SetOptions, Ttl};
//!
//! let db = Db::in_memory();
//! db.set("greeting", "hello")?;
//! assert_eq!(db.get("greeting")?.as_deref(), Some(&b"hello"[..]));
//!
//! // A lock that its holder cannot keep for ever.
//! let lock = SetOptions::new().if_absent().expire_in(Duration::from_secs(10));
//! assert!(db.set_with("lock", "token", lock)?.set);
//! assert!(matches!(db.ttl("lock"), Ttl::Left(_)));
//!
//! // Redis's collections, with Rust's types.
//! db.zadd_many("board", [("ann", 31), ("bob", 17), ("cem", 64)])?;
//! assert_eq!(db.zrev_rank("board", "cem")?, Some(0));
//! db.hset("user:ann", [("name", "Ann"), ("city", "Ankara")])?;
//! db.hexpire("user:ann", Duration::from_secs(60), ["city"])?;
//!
//! // The same data in words, as a script or a tool speaks.
//! db.execute(["INCRBY", "visits", "41"])?;
//! assert_eq!(db.incr("visits")?, 42);
//! # Ok::<(), danio::Error>(())
//! ```
//!
//! # Where to start
//!
//! [`Db`] has the methods; [`Engine`] opens an engine with a [`Config`] and hands out its databases;
//! [`SetOptions`], [`ScanOptions`] and [`CopyOptions`] are what methods may be told besides;
//! [`ManualClock`] is time for tests; [`command::Session`] runs commands given as words; the module `guide` of this
//! documentation has a page a theme: caches, sessions, queues, leaderboards, testing, async code, and moving from Redis, moka,
//! miniredis or fakeredis (with all features, as some pages need some);
#![cfg_attr(feature = "network", doc = "[`network::Server`] lets Redis clients in.")]
#![cfg_attr(
    not(feature = "network"),
    doc = "`network::Server` (feature `network`) lets Redis clients in."
)]
//!
//! # What holds
//!
//! - **Consistency.** Every call is atomic, whatever the number of keys it names, and calls are
//!   linearizable: once a call has returned, whoever calls later sees what it did. Looks at
//!   all keys ([`Db::scan`], [`Db::keys`], [`Db::len`]) go part by part and promise what their pages say.
//! - **Locks.** Keys are spread over stripes, each behind a lock of its own. A call locks the
//!   stripes of its keys, reads shared and writes exclusively, and lets go before it returns. No
//!   code of the caller runs under a lock but the closures of [`Db::get_with`] and of transactions.
//! - **Transactions.** [`Db::transaction`] runs several calls as one, alone on its keys, and undoes all of them if it
//!   fails; [`Db::watch`] commits if nothing has changed. All that happens, by whatever face, is strictly serialisable.
//! - **Waiting and cancellation.** No call waits for anything but such a lock, so that every one may be made from async
//!   code; there is nothing to cancel half-way. Except those that are there to wait ([`Db::blpop`] and its kin): they let
//!   their thread sleep, or are futures, which may be dropped at any moment: they leave the line, and what they were
//!   served with and nobody took goes back. Whoever came first is served first, before the call that made it
//!   possible returns. And except writes with `appendfsync always`, which let their thread wait for the disk, no lock being held.
//! - **Durability.** An engine is in memory alone unless its [`Config`] says otherwise. With an append-only file (feature
//!   `aof`) and `always`, a call that has returned is on disk: neither the end of the process nor a crash of the machine takes it
//!   back. With `everysec`, the default, a crash may cost the last second, and `Engine::synced` waits for what must not be
//!   lost; what is there again is what was there at one moment, no call in part. A disk that fails has writes refused, and loses nothing
//!   that was acknowledged. Snapshots (feature `snapshot`) are of one moment too, and cost what came after them.
//! - **Time.** A key past its time is absent at once; its memory is given back by
//!   [`Engine::tick`], or by a thread if [`Upkeep::Thread`] asks for one.
//! - **Errors.** A call that returns an error has changed nothing. An [`Error`]'s text is what a Redis client
//!   would see. Absence is `None` and no error.
//! - **Repeatability.** With a [`ManualClock`], a [`seed`](Config::seed) and one thread, a run is the same to the byte
//!   each time.
//!
//! # Features
//!
//! All are off by default, and only add.
//!
//! | feature | adds | brings in |
//! |---|---|---|
//! | (none) | the engine, typed calls, commands in-process | no runtime, no thread, no socket |
//! | `async` | calls that wait as futures of any runtime, `Db::blpop_async` and its kin; [`Subscription`] and [`EventStream`] as streams | futures-core |
//! | `serde` | typed handles over every type (module `typed`), with plain text, bytes or a codec of one's own | serde |
//! | `bincode` | `Bincode`, the codec of `Db::map` and its kin | bincode 1.3 (complete, unmaintained) |
//! | `postcard` | `Postcard`, a maintained compact codec | postcard |
//! | `json` | `Json`, a codec that redis-cli shows | serde_json |
//! | `cache` | `Cache`: values that are loaded once, kept for a time, refreshed ahead, and counted | |
//! | `metrics`, `tracing` | what a `Cache` counts, and spans about its loads | metrics |
//! | `aof` | every change kept in Redis's append-only file, and there again after a restart or a crash; `snapshot` | |
//! | `snapshot` | Redis's RDB format: `DUMP` and `RESTORE`, snapshots to and from any stream, and in files; checkpoints in memory | crc-fast, memmap2, on Linux rustix |
//! | `network` | `network::Server`: RESP2 and RESP3 over TCP and Unix sockets | tokio, socket2 |
//! | `redis` | `danio::redis`: connections of the `redis` crate to an engine in this process | redis, tokio |
//! | `bb8`, `deadpool`, `r2d2` | pools of those; each implies `redis` | the pool |
//! | `fake` | `danio::fake::Fake`: a server for tests, with a clock to move and faults to order; `network`, `snapshot` | |
//! | `tower-sessions` | `danio::sessions::SessionStore`: sessions of axum and all that is made of tower | tower-sessions-core, serde_json |
//! | `server` | the binary `danio-server`: redis.conf, command line, log, signals; `Allocator`, the one that it uses | mimalloc |

mod api;
mod blocking;
#[cfg(feature = "cache")]
mod cache;
mod clock;
pub mod command;
mod config;
#[cfg(feature = "snapshot")]
#[cfg_attr(
    not(feature = "aof"),
    allow(dead_code, reason = "snapshots are written once, journals are written on and cut off")
)]
mod disk;
mod ds;
mod error;
#[cfg(feature = "fake")]
pub mod fake;
#[cfg(fuzzing)]
pub mod fuzzing;
#[cfg(any(doc, doctest))]
pub mod guide;
#[cfg(feature = "aof")]
#[cfg_attr(
    not(feature = "network"),
    allow(dead_code, reason = "connections wait without a thread of their own")
)]
mod journal;
mod keyspace;
#[cfg(all(shuttle, feature = "aof"))]
#[doc(hidden)]
pub mod model;
#[cfg(feature = "network")]
pub mod network;
#[cfg(feature = "snapshot")]
mod persist;
#[cfg(feature = "snapshot")]
mod priority;
mod pubsub;
mod recovery;
#[cfg(feature = "redis")]
pub mod redis;
mod rng;
#[cfg(feature = "tower-sessions")]
pub mod sessions;
mod sync;
mod text;
#[cfg(any(feature = "serde", feature = "cache"))]
pub mod typed;
mod value;

#[cfg(all(feature = "aof", feature = "async"))]
pub use api::Synced;
#[cfg(feature = "async")]
pub use api::Waiting;
pub use api::{
    Aggregate, LexRange, RankRange, ScoreRange, ZAddOptions, ZAddOutcome, ZCombine, ZEnd, ZRange,
};
pub use api::{Atomic, Transaction, Watch};
pub use api::{
    AutoClaimed, ClaimOptions, ConsumerGroup, ConsumerInfo, DeleteOutcome, GroupInfo,
    GroupReadOptions, IdempotencyInfo, Nack, PendingEntry, PendingSummary, ReadFrom, ReadLimit,
    Redelivered, StreamEntries, StreamEntry, StreamInfo, XAddOptions, XCfgSet, XTrim,
};
#[cfg(feature = "snapshot")]
pub use api::{BackgroundSave, Checkpoint, LoadProgress, SaveStatus};
pub use api::{
    BitInt, BitRange, Bitfield, CopyOptions, Db, Engine, ExpireCondition, Lcs, ListElements,
    ListEnd, ListMove, LposOptions, Page, ScanOptions, Scope, SetOptions, SetOutcome, SortOptions,
    Tick, Ttl,
};
pub use api::{CountOptions, Counted, Counting};
#[cfg(feature = "snapshot")]
pub use api::{ExportOptions, Exported, Imported, RdbVersion, RestoreOptions};
pub use api::{FieldExpired, FieldPersisted, HashSetOptions};
pub use api::{GeoMatch, GeoSearch};
#[cfg(feature = "cache")]
pub use cache::{
    Cache, CacheBuilder, CacheStats, Hit, LoadError, Refresh, Removal, RemovalCause, Removals,
};
pub use clock::{Clock, ManualClock};
#[cfg(feature = "aof")]
pub use config::AppendFsync;
pub use config::{Config, EncodingLimit, EvictionPolicy, MAX_STRING, Upkeep};
#[cfg(feature = "server")]
pub use ds::allocator::Allocator;
pub use ds::bits::{BitOp, BitOverflow};
pub use ds::stream_log::StreamId;
pub use error::{CodecError, CodecProblem, Error, Result, Written};
pub use keyspace::event::Class as EventClass;
pub use pubsub::{EventOptions, EventStream, KeyEvent};
pub use pubsub::{Message, Overflow, QueueStats, SubscribeOptions, Subscription};
pub use value::geo::{Position, Unit};
pub use value::zset::{IntoScore, LexBound, Score, ScoreBound};
pub use value::{Encoding, Type};

/// The code in README.md, as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
