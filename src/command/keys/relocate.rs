//! RENAME, RENAMENX, COPY, MOVE.

use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::parse::{self, is};
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::error::{Error, Result};

pub(super) const RENAME: Command = Command::new("rename", 3, rename)
    .group(Group::Generic)
    .flags(&[Flags::WRITE])
    .categories(&[Categories::KEYSPACE])
    .keys(&[
        KeySpec::one(1, &[KeyFlags::RW, KeyFlags::ACCESS, KeyFlags::DELETE]),
        KeySpec::one(2, &[KeyFlags::OW, KeyFlags::UPDATE]),
    ])
    .summary("Moves a value to another key, replacing what was there.")
    .history(&[("3.2.0", "Source and destination may be the same.")])
    .args(&[Arg::key("key", 0), Arg::key("newkey", 1)]);

fn rename(ctx: &mut Context<'_, '_>) -> Result<()> {
    ctx.tx.rename(ctx.keys[0], ctx.keys[1], false)?;
    ctx.ok()
}

pub(super) const RENAMENX: Command = Command::new("renamenx", 3, renamenx)
    .group(Group::Generic)
    .flags(&[Flags::WRITE, Flags::FAST])
    .categories(&[Categories::KEYSPACE])
    .keys(&[
        KeySpec::one(1, &[KeyFlags::RW, KeyFlags::ACCESS, KeyFlags::DELETE]),
        KeySpec::one(2, &[KeyFlags::OW, KeyFlags::INSERT]),
    ])
    .summary("Moves a value to another key if that does not exist.")
    .history(&[("3.2.0", "Source and destination may be the same.")])
    .args(&[Arg::key("key", 0), Arg::key("newkey", 1)]);

fn renamenx(ctx: &mut Context<'_, '_>) -> Result<()> {
    let renamed = ctx.tx.rename(ctx.keys[0], ctx.keys[1], true)?;
    ctx.integer(i64::from(renamed))
}

pub(super) const COPY: Command = Command::new("copy", -3, copy)
    .group(Group::Generic)
    .flags(&[Flags::WRITE, Flags::DENYOOM])
    .categories(&[Categories::KEYSPACE])
    .keys(&[
        KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS]),
        KeySpec::one(2, &[KeyFlags::OW, KeyFlags::UPDATE]),
    ])
    .since("6.2.0")
    .complexity("O(1) for a string, O(N) for a collection of N elements")
    .summary("Copies a value to another key or database.")
    .args(&[
        Arg::key("source", 0),
        Arg::key("destination", 1),
        Arg::integer("destination-db").token("DB").optional(),
        Arg::word("replace", "REPLACE").optional(),
    ]);

fn copy(ctx: &mut Context<'_, '_>) -> Result<()> {
    let (mut db, mut replace) = (ctx.tx.db(), false);
    let mut words = ctx.args.iter_from(3);
    while let Some(word) = words.next() {
        match word {
            word if is(word, "replace") => replace = true,
            word if is(word, "db") => {
                db = parse::database(words.next().ok_or(Error::Syntax)?, ctx.engine, None)?;
            }
            _ => return Err(Error::Syntax),
        }
    }
    let copied = ctx.tx.copy(ctx.keys[0], ctx.keys[1], db, replace)?;
    ctx.integer(i64::from(copied))
}

pub(super) const MOVE: Command = Command::new("move", 3, move_key)
    .group(Group::Generic)
    .flags(&[Flags::WRITE, Flags::FAST])
    .categories(&[Categories::KEYSPACE])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::ACCESS, KeyFlags::UPDATE])])
    .summary("Moves a key to another database.")
    .args(&[Arg::key("key", 0), Arg::integer("db")]);

fn move_key(ctx: &mut Context<'_, '_>) -> Result<()> {
    let db = parse::database(&ctx.args[2], ctx.engine, None)?;
    let moved = ctx.tx.move_to(ctx.key(), db)?;
    ctx.integer(i64::from(moved))
}
