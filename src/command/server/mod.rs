//! The server: its commands, configuration, statistics and databases as wholes.

#[cfg(feature = "aof")]
mod aof;
mod command;
mod commandlog;
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
mod latency;
mod lolwut;
mod memory;
mod monitor;
mod replication;
#[cfg(feature = "snapshot")]
mod save;
mod shutdown;
mod slowlog;
mod time;

use super::row::Command;

/// The family's rows.
pub(super) static ROWS: &[Command] = &[
    #[cfg(feature = "snapshot")]
    save::BGSAVE,
    #[cfg(feature = "aof")]
    aof::BGREWRITEAOF,
    command::COMMAND,
    commandlog::COMMANDLOG,
    config::CONFIG,
    debug::DEBUG,
    flush::DBSIZE,
    flush::FLUSHALL,
    flush::FLUSHDB,
    flush::SWAPDB,
    replication::FAILOVER,
    function::FUNCTION,
    info::INFO,
    #[cfg(feature = "snapshot")]
    save::LASTSAVE,
    latency::LATENCY,
    lolwut::LOLWUT,
    memory::MEMORY,
    monitor::MONITOR,
    replication::REPLICAOF,
    replication::ROLE,
    #[cfg(feature = "snapshot")]
    save::SAVE,
    shutdown::SHUTDOWN,
    replication::SLAVEOF,
    slowlog::SLOWLOG,
    time::TIME,
];
