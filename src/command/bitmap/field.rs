//! BITFIELD, BITFIELD_RO.

use crate::api::{BAD_TYPE, BIT_OFFSET, BitInt, Bitfield};
use crate::command::args::Args;
use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::parse::{self, is};
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::ds::bits::BitOverflow;
use crate::error::{Error, Result};

/// `GET encoding offset`
const GET: Arg =
    Arg::block("get-block", &[Arg::string("encoding"), Arg::integer("offset")]).token("GET");

pub(super) const BITFIELD: Command = Command::new("bitfield", -2, bitfield)
    .group(Group::Bitmap)
    .flags(&[Flags::WRITE, Flags::DENYOOM])
    .categories(&[Categories::BITMAP])
    .keys(&[KeySpec::one(
        1,
        &[KeyFlags::RW, KeyFlags::ACCESS, KeyFlags::UPDATE, KeyFlags::VARIABLE_FLAGS],
    )
    .notes("This command allows both access and modification of the key")
    .refined(key_flags)])
    .since("3.2.0")
    .complexity("O(1) for each operation")
    .summary("Reads and writes integers of any width in the string at a key.")
    .args(&[
        Arg::key("key", 0),
        Arg::one_of(
            "operation",
            &[
                GET,
                Arg::block(
                    "write",
                    &[
                        Arg::one_of(
                            "overflow-block",
                            &[
                                Arg::word("wrap", "WRAP"),
                                Arg::word("sat", "SAT"),
                                Arg::word("fail", "FAIL"),
                            ],
                        )
                        .token("OVERFLOW")
                        .optional(),
                        Arg::one_of(
                            "write-operation",
                            &[
                                Arg::block(
                                    "set-block",
                                    &[
                                        Arg::string("encoding"),
                                        Arg::integer("offset"),
                                        Arg::integer("value"),
                                    ],
                                )
                                .token("SET"),
                                Arg::block(
                                    "incrby-block",
                                    &[
                                        Arg::string("encoding"),
                                        Arg::integer("offset"),
                                        Arg::integer("increment"),
                                    ],
                                )
                                .token("INCRBY"),
                            ],
                        ),
                    ],
                ),
            ],
        )
        .optional()
        .multiple(),
    ]);

/// Nothing but GETs only reads.
fn key_flags(args: &Args<'_>) -> KeyFlags {
    let only_gets = (2..args.len()).step_by(3).all(|at| is(args.at(at), "get"));
    if only_gets {
        KeyFlags::RO | KeyFlags::ACCESS
    } else {
        KeyFlags::RW | KeyFlags::ACCESS | KeyFlags::UPDATE
    }
}

fn bitfield(ctx: &mut Context<'_, '_>) -> Result<()> {
    let steps = parse_steps(ctx)?;
    answer(ctx, &steps)
}

pub(super) const BITFIELD_RO: Command = Command::new("bitfield_ro", -2, bitfield_ro)
    .group(Group::Bitmap)
    .flags(&[Flags::READONLY, Flags::FAST])
    .categories(&[Categories::BITMAP])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .since("6.0.0")
    .complexity("O(1) for each operation")
    .summary("Reads integers of any width in the string at a key.")
    .args(&[Arg::key("key", 0), GET.optional().multiple().multiple_token()]);

fn bitfield_ro(ctx: &mut Context<'_, '_>) -> Result<()> {
    let steps = parse_steps(ctx)?;
    if !steps.only_reads() {
        return Err(Error::reply("ERR BITFIELD_RO only supports the GET subcommand"));
    }
    answer(ctx, &steps)
}

fn answer(ctx: &mut Context<'_, '_>, steps: &Bitfield) -> Result<()> {
    let answers = ctx.tx.bitfield(ctx.key(), steps)?;
    ctx.reply.array(answers.len());
    for answer in answers {
        match answer {
            Some(number) => ctx.reply.integer(number),
            None => ctx.reply.null(),
        }
    }
    Ok(())
}

/// Reads all steps, one after the other, and complains of the first that is wrong.
fn parse_steps(ctx: &Context<'_, '_>) -> Result<Bitfield> {
    let (mut steps, mut at) = (Bitfield::new(), 2);
    while let Some(word) = ctx.args.get(at) {
        let left = ctx.args.len() - at - 1;
        let (kind, size): (fn(Bitfield, BitInt, i64) -> Bitfield, usize) = match word {
            word if is(word, "get") && left >= 2 => (|steps, field, _| steps.get(field), 3),
            word if is(word, "set") && left >= 3 => (Bitfield::set, 4),
            word if is(word, "incrby") && left >= 3 => (Bitfield::incr_by, 4),
            word if is(word, "overflow") && left >= 1 => {
                steps = steps.overflow(overflow(ctx.args.at(at + 1))?);
                at += 2;
                continue;
            }
            _ => return Err(Error::Syntax),
        };
        let field = field(ctx.args.at(at + 1), ctx.args.at(at + 2))?;
        ctx.tx.check_field(field)?;
        let number = if size == 4 { parse::integer(ctx.args.at(at + 3))? } else { 0 };
        steps = kind(steps, field, number);
        at += size;
    }
    Ok(steps)
}

fn overflow(word: &[u8]) -> Result<BitOverflow> {
    match word {
        word if is(word, "wrap") => Ok(BitOverflow::Wrap),
        word if is(word, "sat") => Ok(BitOverflow::Saturate),
        word if is(word, "fail") => Ok(BitOverflow::Fail),
        _ => Err(Error::reply("ERR Invalid OVERFLOW type specified")),
    }
}

/// A type such as `u8` or `i16`, and an offset in bits or, with `#`, in integers of that type.
fn field(kind: &[u8], offset: &[u8]) -> Result<BitInt> {
    // Redis reads the type as a C string.
    let kind = kind.split(|byte| *byte == 0).next().unwrap_or_default();
    let (sign, bits) = kind.split_first().ok_or(BAD_TYPE)?;
    let bits = u8::try_from(parse::integer_or(bits, BAD_TYPE)?).map_err(|_| BAD_TYPE)?;
    let field = match sign {
        b'u' if (1..=63).contains(&bits) => BitInt::unsigned(bits),
        b'i' if (1..=64).contains(&bits) => BitInt::signed(bits),
        _ => return Err(BAD_TYPE),
    };
    let number = |word| {
        let number = parse::integer_or(word, BIT_OFFSET)?;
        u64::try_from(number).map_err(|_| BIT_OFFSET)
    };
    match offset.strip_prefix(b"#") {
        Some(row) => Ok(field.nth(number(row)?)),
        None => Ok(field.at(number(offset)?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_as_redis_reads_them() {
        let read = |kind: &str, offset: &str| field(kind.as_bytes(), offset.as_bytes());
        assert_eq!(read("u8", "#3"), Ok(BitInt::unsigned(8).at(24)));
        assert_eq!(read("i64\0x", "0"), Ok(BitInt::signed(64)));
        for (kind, offset, error) in [
            ("u64", "0", BAD_TYPE),
            ("i65", "0", BAD_TYPE),
            ("i0", "0", BAD_TYPE),
            ("U8", "0", BAD_TYPE),
            ("", "x", BAD_TYPE),
            ("u", "0", BAD_TYPE),
            ("u8", "-1", BIT_OFFSET),
            ("u8", "##1", BIT_OFFSET),
            ("u8", "", BIT_OFFSET),
        ] {
            assert_eq!(read(kind, offset), Err(error), "{kind} {offset}");
        }
    }
}
