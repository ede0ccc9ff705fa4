//! The dynamic face: one command table, and a handler for each row.

mod args;
mod reply;

pub use args::{Args, Span};
pub use reply::{Protocol, Reply};
