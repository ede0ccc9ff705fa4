//! The server: its commands, configuration, statistics and databases as wholes.

mod command;
mod config;
mod debug;
mod describe;
mod digest;
mod docs;
mod flush;
mod function;
mod getkeys;
mod info;
mod inspect;
mod lolwut;
mod memory;
mod monitor;
mod shutdown;
mod time;

use super::row::Command;

/// The family's rows.
pub(super) static ROWS: &[Command] = &[
    command::COMMAND,
    config::CONFIG,
    debug::DEBUG,
    flush::DBSIZE,
    flush::FLUSHALL,
    flush::FLUSHDB,
    flush::SWAPDB,
    function::FUNCTION,
    info::INFO,
    lolwut::LOLWUT,
    memory::MEMORY,
    monitor::MONITOR,
    shutdown::SHUTDOWN,
    time::TIME,
];
