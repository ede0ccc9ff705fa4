//! Reading and setting fields together with their times: HGETEX, HSETEX, HGETDEL.

use bytes::Bytes;

use super::options::{Expiry, Options, Taker, only_fields, options_and_fields};
use crate::api::{ExpiryChange, HashSetArgs, Presence};
use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::reply::Reply;
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::error::Result;
use crate::value::SetExpiry;
use crate::value::hash::StoredHash;

pub(super) const HGETEX: Command = Command::new("hgetex", -5, hgetex)
    .group(Group::Hash)
    .flags(&[Flags::WRITE, Flags::FAST])
    .categories(&[Categories::HASH])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::ACCESS, KeyFlags::UPDATE])])
    .since("8.0.0")
    .complexity("O(N) where N is the number of fields")
    .summary("Returns the values of a hash's fields and sets when they expire.")
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
        super::ttl::FIELDS,
    ]);

fn hgetex(ctx: &mut Context<'_, '_>) -> Result<()> {
    let key = ctx.key();
    let read = |words| Options::parse(words, Taker::GetEx);
    let (options, fields) = options_and_fields(ctx.args, 2, 1, read)?;
    // The key's type comes before the number.
    if let Some(entry) = ctx.tx.peek(key)? {
        entry.view::<StoredHash<'_>>()?;
    }
    let change = match options.expiry {
        Expiry::Given(unit, word) => ExpiryChange::Set(unit.read(word, ctx.tx, "hgetex")?),
        Expiry::Persist => ExpiryChange::Remove,
        Expiry::Unsaid | Expiry::Keep => ExpiryChange::Keep,
    };
    let values = ctx.tx.hget_ex(key, fields.iter(), change)?;
    list(ctx.reply, &values);
    Ok(())
}

fn list(reply: &mut dyn Reply, values: &[Option<Bytes>]) {
    reply.array(values.len());
    for value in values {
        match value {
            Some(value) => reply.bulk(value),
            None => reply.null(),
        }
    }
}

pub(super) const HSETEX: Command = Command::new("hsetex", -6, hsetex)
    .group(Group::Hash)
    .flags(&[Flags::WRITE, Flags::DENYOOM, Flags::FAST])
    .categories(&[Categories::HASH])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::INSERT])])
    .since("8.0.0")
    .complexity("O(N) where N is the number of fields")
    .summary("Sets fields of a hash and when they expire.")
    .args(&[
        Arg::key("key", 0),
        Arg::one_of("key-condition", &[Arg::word("nx", "NX"), Arg::word("xx", "XX")]).optional(),
        Arg::one_of("fields-condition", &[Arg::word("fnx", "FNX"), Arg::word("fxx", "FXX")])
            .optional(),
        Arg::one_of(
            "expiration",
            &[
                Arg::integer("seconds").token("EX"),
                Arg::integer("milliseconds").token("PX"),
                Arg::unix_time("unix-time-seconds").token("EXAT"),
                Arg::unix_time("unix-time-milliseconds").token("PXAT"),
                Arg::word("keepttl", "KEEPTTL"),
            ],
        )
        .optional(),
        Arg::block(
            "fields",
            &[
                super::ttl::NUMFIELDS,
                Arg::block("data", &[Arg::string("field"), Arg::string("value")]).multiple(),
            ],
        )
        .token("FIELDS"),
    ]);

fn hsetex(ctx: &mut Context<'_, '_>) -> Result<()> {
    let key = ctx.key();
    let read = |words| Options::parse(words, Taker::SetEx);
    let (options, fields) = options_and_fields(ctx.args, 2, 2, read)?;
    // The key's type comes before the number, and so does the condition on the key.
    let entry = ctx.tx.peek(key)?;
    if let Some(entry) = entry {
        entry.view::<StoredHash<'_>>()?;
    }
    if !options.key.holds(entry.is_some()) {
        return ctx.integer(0);
    }
    let time = match options.expiry {
        Expiry::Given(unit, word) => SetExpiry::At(unit.read(word, ctx.tx, "hsetex")?),
        Expiry::Keep => SetExpiry::Keep,
        Expiry::Unsaid | Expiry::Persist => SetExpiry::Clear,
    };
    let args = HashSetArgs { key: Presence::Any, fields: options.fields, time };
    let set = ctx.tx.hset_ex(key, fields.pairs(), args)?;
    ctx.integer(i64::from(set))
}

pub(super) const HGETDEL: Command = Command::new("hgetdel", -5, hgetdel)
    .group(Group::Hash)
    .flags(&[Flags::WRITE, Flags::FAST])
    .categories(&[Categories::HASH])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::ACCESS, KeyFlags::DELETE])])
    .since("8.0.0")
    .complexity("O(N) where N is the number of fields")
    .summary("Returns the values of a hash's fields and removes the fields.")
    .args(&[Arg::key("key", 0), super::ttl::FIELDS]);

fn hgetdel(ctx: &mut Context<'_, '_>) -> Result<()> {
    let fields = only_fields(ctx.args)?;
    let values = ctx.tx.hget_del(ctx.key(), fields.iter())?;
    list(ctx.reply, &values);
    Ok(())
}
