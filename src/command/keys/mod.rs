//! Keys, whatever they hold.

mod basic;
#[cfg(feature = "snapshot")]
mod dump;
mod expire;
mod object;
mod relocate;
mod scan;
mod sort;
mod ttl;

use super::row::Command;
pub(super) use expire::conditions;
pub(super) use ttl::seconds;

/// The family's rows.
pub(super) static ROWS: &[Command] = &[
    relocate::COPY,
    basic::DEL,
    #[cfg(feature = "snapshot")]
    dump::DUMP,
    basic::EXISTS,
    expire::EXPIRE,
    expire::EXPIREAT,
    ttl::EXPIRETIME,
    scan::KEYS,
    relocate::MOVE,
    object::OBJECT,
    expire::PERSIST,
    expire::PEXPIRE,
    expire::PEXPIREAT,
    ttl::PEXPIRETIME,
    ttl::PTTL,
    scan::RANDOMKEY,
    relocate::RENAME,
    relocate::RENAMENX,
    #[cfg(feature = "snapshot")]
    dump::RESTORE,
    scan::SCAN,
    sort::SORT,
    sort::SORT_RO,
    basic::TOUCH,
    ttl::TTL,
    basic::TYPE,
    basic::UNLINK,
];
