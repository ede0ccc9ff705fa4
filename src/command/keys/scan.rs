//! KEYS, SCAN, RANDOMKEY.

use bytes::Bytes;

use crate::command::context::Context;
use crate::command::parse::{self, is};
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::error::{Error, Result};
use crate::text::{glob, int};

pub(super) const KEYS: Command = Command::new("keys", 2, keys)
    .group(Group::Generic)
    .flags(&[Flags::READONLY])
    .categories(&[Categories::KEYSPACE, Categories::DANGEROUS])
    .complexity("O(N) where N is the number of keys in the database")
    .summary("Lists the keys that fit a pattern.")
    .tips(&["request_policy:all_shards", "nondeterministic_output_order"])
    .args(&[Arg::pattern("pattern")]);

fn keys(ctx: &mut Context<'_, '_>) -> Result<()> {
    let keys = ctx.tx.keys(&ctx.args[1])?;
    ctx.reply.array(keys.len());
    keys.iter().for_each(|key| ctx.reply.bulk(key));
    Ok(())
}

pub(super) const SCAN: Command = Command::new("scan", -2, scan)
    .group(Group::Generic)
    .flags(&[Flags::READONLY, Flags::TOUCHES_ARBITRARY_KEYS])
    .categories(&[Categories::KEYSPACE])
    .since("2.8.0")
    .complexity("O(1) for each call, O(N) for all keys")
    .summary("Goes through the keys step by step.")
    .history(&[("6.0.0", "Option `TYPE`.")])
    .tips(&["nondeterministic_output", "request_policy:special", "response_policy:special"])
    .args(&[
        Arg::integer("cursor"),
        Arg::pattern("pattern").token("MATCH").optional(),
        Arg::integer("count").token("COUNT").optional(),
        Arg::string("type").token("TYPE").optional().since("6.0.0"),
    ]);

/// How many keys SCAN looks at unless it is told.
const COUNT: usize = 10;

/// What a key can hold, by Redis's names.
const TYPES: [&str; 6] = ["string", "list", "set", "zset", "hash", "stream"];

fn scan(ctx: &mut Context<'_, '_>) -> Result<()> {
    let cursor = int::parse_u64(&ctx.args[1]).ok_or(Error::reply("ERR invalid cursor"))?;
    let (mut pattern, mut count, mut kind) = (None, COUNT, None);
    let mut words = ctx.args.iter_from(2);
    while let Some(option) = words.next() {
        let value = words.next().ok_or(Error::Syntax)?;
        match option {
            option if is(option, "match") => pattern = Some(value).filter(|p| *p != b"*"),
            option if is(option, "count") => {
                let least = parse::integer(value)?;
                count =
                    usize::try_from(least).ok().filter(|count| *count > 0).ok_or(Error::Syntax)?;
            }
            option if is(option, "type") => kind = Some(known_type(value)?),
            _ => return Err(Error::Syntax),
        }
    }
    let mut found: Vec<Bytes> = Vec::new();
    let next = ctx.tx.scan(cursor, count, |entry| {
        let key = entry.key();
        if kind.is_none_or(|kind| entry.kind().name() == kind)
            && pattern.is_none_or(|p| glob::matches(p, key))
        {
            found.push(Bytes::copy_from_slice(key));
        }
    })?;
    ctx.reply.array(2);
    ctx.reply.bulk(itoa::Buffer::new().format(next).as_bytes());
    ctx.reply.array(found.len());
    found.iter().for_each(|key| ctx.reply.bulk(key));
    Ok(())
}

fn known_type(name: &[u8]) -> Result<&'static str> {
    let known = TYPES.into_iter().find(|known| is(name, known));
    known.ok_or_else(|| Error::echo("ERR unknown type name '", name, "'"))
}

pub(super) const RANDOMKEY: Command = Command::new("randomkey", 1, randomkey)
    .group(Group::Generic)
    .flags(&[Flags::READONLY, Flags::TOUCHES_ARBITRARY_KEYS])
    .categories(&[Categories::KEYSPACE])
    .summary("Picks a key by chance.")
    .tips(&["request_policy:all_shards", "response_policy:special", "nondeterministic_output"]);

fn randomkey(ctx: &mut Context<'_, '_>) -> Result<()> {
    match ctx.tx.random(|entry| Bytes::copy_from_slice(entry.key()))? {
        Some(key) => ctx.reply.bulk(&key),
        None => ctx.reply.null(),
    }
    Ok(())
}
