//! Text as Redis reads and writes it: patterns, numbers, sizes and quoted words.
//!
//! Pure functions over bytes; nothing here knows of keys, connections or time.

mod big;
pub(crate) mod double;
pub(crate) mod extended;
pub(crate) mod glob;
mod grisu;
pub(crate) mod int;
pub(crate) mod memory;
mod scan;
pub(crate) mod split;
