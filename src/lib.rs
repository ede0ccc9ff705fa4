//! Danio: an embeddable, in-process engine with the data structures and commands of Redis.

pub mod command;
mod ds;
mod error;
mod text;

pub use error::{Error, Result};
