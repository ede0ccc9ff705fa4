//! The Redis serialisation protocol: requests in place, replies straight into a buffer.

mod batch;
mod inline;
mod parser;
#[cfg(test)]
mod tests;
mod writer;

pub(crate) use batch::Batch;
pub(crate) use parser::{Limits, Parser, ProtocolError};
pub(crate) use writer::RespWriter;
