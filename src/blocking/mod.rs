//! Waiting for keys: one mechanism for threads, futures and connections.
//!
//! What is waited for is a [`Want`]: an operation that is tried at once, and, if there is nothing for it yet,
//! again by every transaction that changes one of its keys, at the transaction's end and under its locks.
//! So whoever waits is served before the call that made it possible returns, in the order of the
//! lines that the keyspace keeps (`keyspace/line.rs`), and nobody else can come in between.
//!
//! The wait itself is a [`Ticket`]. A thread sleeps on it, a future or a connection leaves its `Waker` there.
//! Dropping it ends the wait at any moment: it leaves the lines, and what it was served
//! with and nobody took goes back to where it came from. Who waits for something else than keys bring waits for a [`Word`],
//! which whoever knows of it gives.

mod got;
mod room;
mod ticket;
mod timer;
mod want;
mod word;

pub(crate) use got::Got;
pub(crate) use room::{Entered, WaitingRoom};
pub(crate) use ticket::{Cancel, Ticket};
pub(crate) use want::Want;
pub(crate) use word::Word;
