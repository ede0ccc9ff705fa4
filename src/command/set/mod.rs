//! Sets.

mod algebra;
mod basic;
mod random;
mod scan;

use super::reply::Reply;
use super::row::Command;
use crate::value::set::Member;
use crate::value::string::Digits;

/// The family's rows.
pub(super) static ROWS: &[Command] = &[
    basic::SADD,
    basic::SCARD,
    algebra::SDIFF,
    algebra::SDIFFCARD,
    algebra::SDIFFSTORE,
    algebra::SINTER,
    algebra::SINTERCARD,
    algebra::SINTERSTORE,
    basic::SISMEMBER,
    basic::SMEMBERS,
    basic::SMISMEMBER,
    basic::SMOVE,
    random::SPOP,
    random::SRANDMEMBER,
    basic::SREM,
    scan::SSCAN,
    algebra::SUNION,
    algebra::SUNIONCARD,
    algebra::SUNIONSTORE,
];

/// Answers with members whose number was announced.
fn write<'m>(reply: &mut dyn Reply, members: impl IntoIterator<Item = Member<'m>>) {
    let mut digits = Digits::new();
    for member in members {
        reply.bulk(member.bytes(&mut digits));
    }
}
