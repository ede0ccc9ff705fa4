//! Pure data structures: no keys, no locks, no time.
//!
//! With `keyspace/entry/`, the only place in the crate where unsafe code is
//! allowed. Each structure is checked against `std` by a model test and has a
//! fuzz target.

#[cfg(feature = "server")]
pub(crate) mod allocator;
pub(crate) mod bits;
pub(crate) mod blob;
pub(crate) mod blocks;
pub(crate) mod hll;
pub(crate) mod intset;
pub(crate) mod list;
#[cfg(feature = "snapshot")]
pub(crate) mod mapped;
pub(crate) mod ordered;
pub(crate) mod packed;
pub(crate) mod pair;
pub(crate) mod prefetch;
pub(crate) mod rank_tree;
pub(crate) mod same;
pub(crate) mod stream_log;
pub(crate) mod table;
