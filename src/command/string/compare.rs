//! Acting on what a key holds: DELEX, DELIFEQ, DIGEST.

use super::options::comparison;
use crate::api::{Compare, digest as digest_of};
use crate::command::args::Args;
use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::error::{Error, Result};

pub(super) const DELEX: Command = Command::new("delex", -2, delex)
    .group(Group::String)
    .flags(&[Flags::WRITE, Flags::FAST])
    .categories(&[Categories::STRING])
    .keys(&[KeySpec::one(1, &[KeyFlags::RM, KeyFlags::DELETE, KeyFlags::VARIABLE_FLAGS])
        .refined(delex_flags)])
    .since("8.4.0")
    .complexity(
        "O(1) for IFEQ and IFNE, O(N) for IFDEQ and IFDNE where N is the length of the string",
    )
    .summary("Removes a key if what it holds, or the digest of that, fits.")
    .args(&[
        Arg::key("key", 0),
        Arg::one_of(
            "condition",
            &[
                Arg::string("ifeq-value").token("IFEQ"),
                Arg::string("ifne-value").token("IFNE"),
                Arg::string("ifdeq-digest").token("IFDEQ"),
                Arg::string("ifdne-digest").token("IFDNE"),
            ],
        )
        .optional(),
    ]);

/// To compare is to read.
fn delex_flags(args: &Args<'_>) -> KeyFlags {
    if args.len() > 2 {
        KeyFlags::RW | KeyFlags::ACCESS | KeyFlags::DELETE
    } else {
        KeyFlags::RM | KeyFlags::DELETE
    }
}

fn delex(ctx: &mut Context<'_, '_>) -> Result<()> {
    let condition = match ctx.args.len() {
        2 => Compare::Always,
        4 => comparison(&ctx.args[2], ctx.args.at(3))?,
        _ => return Err(Error::WrongArity("delex".into())),
    };
    remove(ctx, condition)
}

/// Removes the key if it is there and `condition` holds; bytes are compared with a string only.
fn remove(ctx: &mut Context<'_, '_>, condition: Compare<'_>) -> Result<()> {
    let removed = ctx.tx.remove_if(ctx.key(), condition)?;
    ctx.integer(i64::from(removed))
}

pub(super) const DELIFEQ: Command = Command::new("delifeq", 3, delifeq)
    .group(Group::String)
    .flags(&[Flags::WRITE, Flags::FAST])
    .categories(&[Categories::STRING])
    .keys(&[KeySpec::one(1, &[KeyFlags::RM, KeyFlags::DELETE])])
    .since("9.0.0")
    .summary("Removes a key if it holds a given string.")
    .args(&[Arg::key("key", 0), Arg::string("value")]);

fn delifeq(ctx: &mut Context<'_, '_>) -> Result<()> {
    remove(ctx, Compare::Equal(ctx.args.at(2)))
}

pub(super) const DIGEST: Command = Command::new("digest", 2, digest)
    .group(Group::String)
    .flags(&[Flags::READONLY, Flags::FAST])
    .categories(&[Categories::STRING])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO])])
    .since("8.4.0")
    .complexity("O(N) where N is the length of the string")
    .summary("Tells the XXH3 digest of a string, in hexadecimal.")
    .args(&[Arg::key("key", 0)]);

fn digest(ctx: &mut Context<'_, '_>) -> Result<()> {
    match ctx.tx.string(ctx.key())? {
        Some(string) => ctx.reply.bulk(format!("{:016x}", digest_of(string)).as_bytes()),
        None => ctx.reply.null(),
    }
    Ok(())
}
