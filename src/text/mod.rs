//! Text as Redis reads and writes it: patterns, numbers, sizes and quoted words.
//!
//! Pure functions over bytes; nothing here knows of keys, connections or time.

pub(crate) mod glob;
pub(crate) mod int;
pub(crate) mod memory;
pub(crate) mod split;
