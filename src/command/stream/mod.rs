//! Streams and their consumer groups.

mod add;
mod claim;
mod group;
mod idempotency;
mod ids;
mod info;
mod nack;
mod pending;
mod range;
mod read;
mod remove;

use super::row::Command;

/// The family's rows.
pub(super) static ROWS: &[Command] = &[
    pending::XACK,
    remove::XACKDEL,
    add::XADD,
    claim::XAUTOCLAIM,
    idempotency::XCFGSET,
    claim::XCLAIM,
    remove::XDEL,
    remove::XDELEX,
    group::XGROUP,
    idempotency::XIDMPRECORD,
    info::XINFO,
    range::XLEN,
    nack::XNACK,
    pending::XPENDING,
    range::XRANGE,
    read::XREAD,
    read::XREADGROUP,
    range::XREVRANGE,
    remove::XSETID,
    add::XTRIM,
];
