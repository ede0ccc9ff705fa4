//! Danio: an embeddable, in-process engine with the data structures and commands of Redis.

mod api;
mod clock;
pub mod command;
mod config;
mod ds;
mod error;
#[cfg(fuzzing)]
pub mod fuzzing;
mod keyspace;
#[cfg(feature = "network")]
pub mod network;
mod rng;
mod sync;
mod text;
mod value;

pub use api::{
    CopyOptions, Db, Engine, ExpireCondition, Lcs, ScanOptions, ScanPage, SetOptions, SetOutcome,
    Tick, Ttl,
};
pub use clock::{Clock, ManualClock};
pub use config::{Config, EvictionPolicy, MAX_STRING, Upkeep};
pub use error::{Error, Result};
pub use value::{Encoding, Type};
