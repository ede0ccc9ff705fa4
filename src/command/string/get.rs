//! GET, GETDEL, GETEX.

use bytes::Bytes;

use super::options::{Expiry, Options, Taker};
use crate::api::ExpiryChange;
use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::reply::Reply;
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::error::Result;
use crate::value::string::Digits;

pub(super) const GET: Command = Command::new("get", 2, get)
    .group(Group::String)
    .flags(&[Flags::READONLY, Flags::FAST])
    .categories(&[Categories::STRING])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .summary("Returns the string at a key.")
    .args(&[Arg::key("key", 0)]);

fn get(ctx: &mut Context<'_, '_>) -> Result<()> {
    match ctx.tx.string(ctx.key())? {
        Some(string) => ctx.reply.bulk(string.bytes(&mut Digits::new())),
        None => ctx.reply.null(),
    }
    Ok(())
}

/// Answers with bytes that may be missing.
pub(super) fn optional(reply: &mut dyn Reply, bytes: Option<Bytes>) {
    match bytes {
        Some(bytes) => reply.bulk(&bytes),
        None => reply.null(),
    }
}

pub(super) const GETDEL: Command = Command::new("getdel", 2, getdel)
    .group(Group::String)
    .flags(&[Flags::WRITE, Flags::FAST])
    .categories(&[Categories::STRING])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::ACCESS, KeyFlags::DELETE])])
    .since("6.2.0")
    .summary("Returns the string at a key and removes the key.")
    .args(&[Arg::key("key", 0)]);

fn getdel(ctx: &mut Context<'_, '_>) -> Result<()> {
    let value = ctx.tx.get_del(ctx.key())?;
    optional(ctx.reply, value);
    Ok(())
}

pub(super) const GETEX: Command = Command::new("getex", -2, getex)
    .group(Group::String)
    .flags(&[Flags::WRITE, Flags::FAST])
    .categories(&[Categories::STRING])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::ACCESS, KeyFlags::UPDATE])
        .notes("RW and UPDATE because it changes the TTL")])
    .since("6.2.0")
    .summary("Returns the string at a key and sets when it expires.")
    .args(&[
        Arg::key("key", 0),
        Arg::one_of(
            "expiration",
            &[
                Arg::integer("seconds").token("EX"),
                Arg::integer("milliseconds").token("PX"),
                Arg::unix_time("unix-time-seconds").token("EXAT"),
                Arg::unix_time("unix-time-milliseconds").token("PXAT"),
                Arg::word("persist", "PERSIST"),
            ],
        )
        .optional(),
    ]);

fn getex(ctx: &mut Context<'_, '_>) -> Result<()> {
    let key = ctx.key();
    let options = Options::parse(ctx.args, 2, Taker::GetEx)?;
    // The key's type comes before the number: a missing key is no error.
    let change = match options.expiry {
        Expiry::Given(unit, word) => match ctx.tx.peek(key)? {
            Some(entry) => {
                entry.string()?;
                ExpiryChange::Set(unit.read(word, ctx.tx, "getex")?)
            }
            None => ExpiryChange::Keep,
        },
        Expiry::Persist => ExpiryChange::Remove,
        Expiry::Unsaid | Expiry::Keep => ExpiryChange::Keep,
    };
    let value = ctx.tx.get_ex(key, change)?;
    optional(ctx.reply, value);
    Ok(())
}
