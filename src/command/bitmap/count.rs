//! Bits in a part of a string: BITCOUNT, BITPOS.

use crate::api::BitRange;
use crate::command::args::Args;
use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::parse::{self, is};
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::error::{Error, Result};

/// `start [end [BYTE|BIT]]`
const RANGE: Arg = Arg::block(
    "range",
    &[
        Arg::integer("start"),
        Arg::block(
            "end-unit-block",
            &[
                Arg::integer("end"),
                Arg::one_of("unit", &[Arg::word("byte", "BYTE"), Arg::word("bit", "BIT")])
                    .optional()
                    .since("7.0.0"),
            ],
        )
        .optional(),
    ],
)
.optional();

pub(super) const BITCOUNT: Command = Command::new("bitcount", -2, bitcount)
    .group(Group::Bitmap)
    .flags(&[Flags::READONLY])
    .categories(&[Categories::BITMAP])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .since("2.6.0")
    .complexity("O(N) where N is the length of the part")
    .summary("Counts the bits that are set in the string at a key.")
    .history(&[("7.0.0", "Options `BYTE` and `BIT`."), ("8.0.0", "A start without an end.")])
    .args(&[Arg::key("key", 0), RANGE]);

fn bitcount(ctx: &mut Context<'_, '_>) -> Result<()> {
    let range = range(ctx.args, 2)?;
    let count = ctx.tx.bit_count(ctx.key(), range)?;
    ctx.integer(count.cast_signed())
}

/// Reads a range from word `at` on, if there is one, in the order in which Redis complains.
fn range(args: Args<'_>, at: usize) -> Result<Option<BitRange>> {
    if args.len() > at + 3 {
        return Err(Error::Syntax);
    }
    let Some(start) = args.get(at) else { return Ok(None) };
    let start = parse::integer(start)?;
    let in_bits = match args.get(at + 2) {
        None => false,
        Some(unit) if is(unit, "byte") => false,
        Some(unit) if is(unit, "bit") => true,
        Some(_) => return Err(Error::Syntax),
    };
    let end = args.get(at + 1).map(parse::integer).transpose()?;
    Ok(Some(BitRange::given(start, end, in_bits)))
}

pub(super) const BITPOS: Command = Command::new("bitpos", -3, bitpos)
    .group(Group::Bitmap)
    .flags(&[Flags::READONLY])
    .categories(&[Categories::BITMAP])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .since("2.8.7")
    .complexity("O(N) where N is the length of the part")
    .summary("Finds the first bit that is set, or clear, in the string at a key.")
    .history(&[("7.0.0", "Options `BYTE` and `BIT`.")])
    .args(&[Arg::key("key", 0), Arg::integer("bit"), RANGE]);

fn bitpos(ctx: &mut Context<'_, '_>) -> Result<()> {
    let wanted = match parse::integer(&ctx.args[2])? {
        0 => false,
        1 => true,
        _ => return Err(Error::reply("ERR The bit argument must be 1 or 0.")),
    };
    let range = range(ctx.args, 3)?.unwrap_or(BitRange::bytes(..));
    let found = ctx.tx.bit_pos(ctx.key(), wanted, range)?;
    ctx.integer(found.map_or(-1, u64::cast_signed))
}
