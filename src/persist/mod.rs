//! Files and other bytes that data are kept in, apart from memory.

#[cfg(feature = "aof")]
pub(crate) mod aof;
mod background;
mod progress;
pub(crate) mod rdb;
mod walk;

pub(crate) use background::Background;
pub(crate) use progress::Progress;
pub(crate) use walk::{Failure, Makers, Written};
