//! Strings, and the numbers they spell.

mod compare;
mod get;
mod increx;
mod lcs;
mod multi;
mod number;
mod options;
mod part;
mod set;

use super::row::Command;

/// The family's rows.
pub(super) static ROWS: &[Command] = &[
    part::APPEND,
    number::DECR,
    number::DECRBY,
    compare::DELEX,
    compare::DELIFEQ,
    compare::DIGEST,
    get::GET,
    get::GETDEL,
    get::GETEX,
    part::GETRANGE,
    set::GETSET,
    number::INCR,
    number::INCRBY,
    number::INCRBYFLOAT,
    increx::INCREX,
    lcs::LCS,
    multi::MGET,
    multi::MSET,
    multi::MSETEX,
    multi::MSETNX,
    set::PSETEX,
    set::SET,
    set::SETEX,
    set::SETNX,
    part::SETRANGE,
    part::STRLEN,
    part::SUBSTR,
];
