//! Typed handles: against the standard library's collections, in transactions, and what becomes of values that
//! were written otherwise.

#![allow(clippy::unwrap_used, reason = "a test says by failing what is wrong")]

mod changes;
mod foreign;
mod models;
mod scopes;
mod waits;

use serde::{Deserialize, Serialize};

/// A key of two parts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
struct Id(u8, String);

/// A value with something of everything.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Item {
    Nothing,
    Number(i64),
    Named { name: String, tags: Vec<String>, parent: Option<Box<Item>> },
}
