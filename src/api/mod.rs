//! The typed face: methods on handles, Rust types in and out.
//!
//! Each file holds one family twice over: the operation itself, a method of the transaction scope
//! `Tx` that the command handlers call too, and the method of [`Db`] that locks and calls it.
//! How it locks is up to the [`Scope`].

#[cfg(feature = "aof")]
mod aof;
mod bitfield;
mod bitmap;
mod blocking;
#[cfg(feature = "cache")]
mod cached;
#[cfg(feature = "snapshot")]
mod checkpoint;
mod db;
#[cfg(feature = "snapshot")]
mod dump;
mod engine;
mod expiry;
mod geo;
mod hash;
mod hyperloglog;
mod incr_ex;
mod keys;
mod list;
mod page;
mod pubsub;
mod range;
#[cfg(feature = "async")]
mod safety;
#[cfg(feature = "snapshot")]
mod save;
mod scan;
mod scope;
mod set;
#[cfg(feature = "snapshot")]
mod snapshot;
mod sort;
mod stream;
mod string;
mod string_set;
mod transaction;
mod vigil;
mod zset;

#[cfg(all(feature = "aof", feature = "async"))]
pub use aof::Synced;
pub(crate) use bitfield::BAD_TYPE;
pub use bitfield::{BitInt, Bitfield};
pub use bitmap::BitRange;
pub(crate) use bitmap::{BIT_OFFSET, check_sources};
#[cfg(feature = "async")]
pub use blocking::Waiting;
#[cfg(feature = "snapshot")]
pub use checkpoint::Checkpoint;
pub use db::Db;
#[cfg(feature = "snapshot")]
pub(crate) use dump::RestoreArgs;
#[cfg(feature = "snapshot")]
pub use dump::RestoreOptions;
pub use engine::{Engine, Tick};
pub(crate) use expiry::ExpiryChange;
pub use expiry::{ExpireCondition, Ttl};
pub use geo::{GeoMatch, GeoSearch};
pub(crate) use geo::{Near, Order};
pub use hash::{FieldExpired, FieldPersisted, HashSetOptions};
pub(crate) use hash::{HashSetArgs, Presence};
pub(crate) use incr_ex::{CountExpiry, Number, Step};
pub use incr_ex::{CountOptions, Counted, Counting};
pub use keys::CopyOptions;
pub(crate) use list::{
    Elements, MoveCount, MoveManyWant, MoveWant, PopWant, index_of, index_range,
};
pub use list::{ListElements, ListEnd, ListMove, LposOptions};
pub use page::Page;
pub(crate) use range::byte_range;
#[cfg(feature = "redis")]
pub(crate) use safety::Safety;
#[cfg(feature = "snapshot")]
pub use save::{BackgroundSave, LoadProgress, SaveStatus};
#[cfg(feature = "snapshot")]
pub(crate) use save::{SavePoint, Saves};
pub use scan::ScanOptions;
pub use scope::Scope;
#[cfg(feature = "snapshot")]
pub use snapshot::{ExportOptions, Exported, Imported, RdbVersion};
pub use sort::SortOptions;
pub(crate) use sort::reaches;
pub(crate) use stream::{
    AddArgs, AutoClaimArgs, Budget, ClaimArgs, Delivered, GroupRead, GroupWant, NackMode, Named,
    NewId, Read, ReadArgs, ReadWant, Source, Start,
};
pub use stream::{
    AutoClaimed, ClaimOptions, ConsumerGroup, ConsumerInfo, DeleteOutcome, GroupInfo,
    GroupReadOptions, IdempotencyInfo, Nack, PendingEntry, PendingSummary, ReadFrom, ReadLimit,
    Redelivered, StreamEntries, StreamEntry, StreamInfo, XAddOptions, XCfgSet, XTrim,
};
pub use string::Lcs;
pub(crate) use string::digest;
pub(crate) use string_set::{Compare, SetArgs};
pub use string_set::{SetOptions, SetOutcome};
pub use transaction::{Atomic, Transaction, Watch};
pub(crate) use vigil::Vigil;
pub use zset::{
    Aggregate, LexRange, RankRange, ScoreRange, ZAddOptions, ZAddOutcome, ZCombine, ZEnd, ZRange,
};
pub(crate) use zset::{Combined, Limit, Operation, Picks, Popped, Selection, ZPopWant, ZSource};
