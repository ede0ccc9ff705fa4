//! Files and other bytes that data are kept in, apart from memory.

pub(crate) mod rdb;
