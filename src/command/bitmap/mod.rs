//! Strings as arrays of bits.

mod bit;
mod count;
mod field;
mod op;

use super::row::Command;

/// The family's rows.
pub(super) static ROWS: &[Command] = &[
    count::BITCOUNT,
    field::BITFIELD,
    field::BITFIELD_RO,
    op::BITOP,
    count::BITPOS,
    bit::GETBIT,
    bit::SETBIT,
];
