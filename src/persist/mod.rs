//! Files and other bytes that data are kept in, apart from memory.

#[cfg(feature = "aof")]
pub(crate) mod aof;
pub(crate) mod rdb;
