//! The `redis` crate as an application has it that has switched to connections in process.

#![forbid(unsafe_code)]

pub use danio::redis::*;
