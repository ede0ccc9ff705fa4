//! BITOP.

use crate::api::check_sources;
use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::parse::is;
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::ds::bits::BitOp;
use crate::error::{Error, Result};

pub(super) const BITOP: Command = Command::new("bitop", -4, bitop)
    .group(Group::Bitmap)
    .flags(&[Flags::WRITE, Flags::DENYOOM])
    .categories(&[Categories::BITMAP])
    .keys(&[
        KeySpec::one(2, &[KeyFlags::OW, KeyFlags::UPDATE]),
        KeySpec::range(3, -1, 1, &[KeyFlags::RO, KeyFlags::ACCESS]),
    ])
    .since("2.6.0")
    .complexity("O(N) where N is the length of the longest string")
    .summary("Combines strings bit by bit and stores the result.")
    .history(&[("8.2.0", "Operations `DIFF`, `DIFF1`, `ANDOR` and `ONE`.")])
    .args(&[
        Arg::one_of(
            "operation",
            &[
                Arg::word("and", "AND"),
                Arg::word("or", "OR"),
                Arg::word("xor", "XOR"),
                Arg::word("not", "NOT"),
                Arg::word("diff", "DIFF"),
                Arg::word("diff1", "DIFF1"),
                Arg::word("andor", "ANDOR"),
                Arg::word("one", "ONE"),
            ],
        ),
        Arg::key("destkey", 0),
        Arg::key("key", 1).multiple(),
    ]);

const OPS: [(&str, BitOp); 8] = [
    ("and", BitOp::And),
    ("or", BitOp::Or),
    ("xor", BitOp::Xor),
    ("not", BitOp::Not),
    ("diff", BitOp::Diff),
    ("diff1", BitOp::Diff1),
    ("andor", BitOp::AndOr),
    ("one", BitOp::One),
];

fn bitop(ctx: &mut Context<'_, '_>) -> Result<()> {
    let op = OPS.into_iter().find(|(name, _)| is(&ctx.args[1], name));
    let (_, op) = op.ok_or(Error::Syntax)?;
    let (target, sources) = ctx.keys.split_first().ok_or(Error::Syntax)?;
    check_sources(op, sources.len())?;
    let len = ctx.tx.bit_op(op, *target, sources)?;
    ctx.count(len)
}
