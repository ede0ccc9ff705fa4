//! KEYS, SCAN, RANDOMKEY.

use bytes::Bytes;

use crate::command::context::Context;
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::command::scan::{self, ScanWords, Scanned};
use crate::error::Result;

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

fn scan(ctx: &mut Context<'_, '_>) -> Result<()> {
    let cursor = scan::cursor(&ctx.args[1])?;
    let words = ScanWords::parse(ctx.args, 2, Scanned::Keys)?;
    let mut found: Vec<Bytes> = Vec::new();
    let next = ctx.tx.scan(
        cursor,
        words.count,
        |entry| {
            words.kind.is_none_or(|kind| entry.kind().name() == kind) && words.takes(entry.key())
        },
        |entry| found.push(Bytes::copy_from_slice(entry.key())),
    )?;
    scan::begin(ctx.reply, next, found.len());
    found.iter().for_each(|key| ctx.reply.bulk(key));
    Ok(())
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
