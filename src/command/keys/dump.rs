//! DUMP and RESTORE.

use crate::api::RestoreArgs;
use crate::clock::Millis;
use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::parse::{self, is};
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::error::{Error, Result};

pub(super) const DUMP: Command = Command::new("dump", 2, dump)
    .group(Group::Generic)
    .flags(&[Flags::READONLY])
    .categories(&[Categories::KEYSPACE])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .since("2.6.0")
    .complexity("O(N) where N is the size of the value in bytes")
    .summary("Returns a value in a form that RESTORE takes.")
    .tips(&["nondeterministic_output"])
    .args(&[Arg::key("key", 0)]);

fn dump(ctx: &mut Context<'_, '_>) -> Result<()> {
    match ctx.tx.dump(ctx.key())? {
        Some(payload) => ctx.reply.bulk(&payload),
        None => ctx.reply.null(),
    }
    Ok(())
}

pub(super) const RESTORE: Command = Command::new("restore", -4, restore)
    .group(Group::Generic)
    .flags(&[Flags::WRITE, Flags::DENYOOM])
    .categories(&[Categories::KEYSPACE, Categories::DANGEROUS])
    .keys(&[KeySpec::one(1, &[KeyFlags::OW, KeyFlags::UPDATE])])
    .since("2.6.0")
    .complexity("O(N) where N is the size of the value in bytes; O(N*log(N)) for a sorted set")
    .summary("Makes a key hold a value that DUMP gave.")
    .history(&[
        ("3.0.0", "Takes `REPLACE`."),
        ("5.0.0", "Takes `ABSTTL`."),
        ("5.0.0", "Takes `IDLETIME` and `FREQ`."),
    ])
    .args(&[
        Arg::key("key", 0),
        Arg::integer("ttl"),
        Arg::string("serialized-value"),
        Arg::word("replace", "REPLACE").since("3.0.0").optional(),
        Arg::word("absttl", "ABSTTL").since("5.0.0").optional(),
        Arg::integer("seconds").token("IDLETIME").since("5.0.0").optional(),
        Arg::integer("frequency").token("FREQ").since("5.0.0").optional(),
    ]);

fn restore(ctx: &mut Context<'_, '_>) -> Result<()> {
    let (mut args, mut absolute) = (RestoreArgs::default(), false);
    let mut words = ctx.args.iter_from(4).peekable();
    while let Some(word) = words.next() {
        let more = words.peek().is_some();
        if is(word, "replace") {
            args.replace = true;
        } else if is(word, "absttl") {
            absolute = true;
        } else if is(word, "idletime") && more && args.frequency.is_none() {
            let seconds = parse::integer(words.next().unwrap_or_default())?;
            let seconds = u64::try_from(seconds)
                .map_err(|_| Error::reply("ERR Invalid IDLETIME value, must be >= 0"))?;
            args.idle = Some(seconds);
        } else if is(word, "freq") && more && args.idle.is_none() {
            let frequency = parse::integer(words.next().unwrap_or_default())?;
            let frequency = u8::try_from(frequency)
                .map_err(|_| Error::reply("ERR Invalid FREQ value, must be >= 0 and <= 255"))?;
            args.frequency = Some(frequency);
        } else {
            return Err(Error::Syntax);
        }
    }
    let key = ctx.key();
    if !args.replace {
        ctx.tx.check_free(key)?;
    }
    let ttl = parse::integer(&ctx.args[2])?;
    if ttl < 0 {
        return Err(Error::reply("ERR Invalid TTL value, must be >= 0"));
    }
    args.expiry = (ttl > 0).then(|| {
        let since = if absolute { 0 } else { ctx.tx.now().0 };
        // As there, a time beyond all times is one long past.
        Millis(since.wrapping_add(ttl))
    });
    ctx.tx.restore(key, &ctx.args[3], args)?;
    ctx.ok()
}
