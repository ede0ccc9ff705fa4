//! HSCAN.

use super::all::{name, value};
use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::command::scan::{self, ScanWords, Scanned};
use crate::error::Result;

pub(super) const HSCAN: Command = Command::new("hscan", -3, hscan)
    .group(Group::Hash)
    .flags(&[Flags::READONLY])
    .categories(&[Categories::HASH])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .since("2.8.0")
    .complexity("O(1) for each call, O(N) for all fields")
    .summary("Goes through the fields of a hash step by step.")
    .tips(&["nondeterministic_output"])
    .args(&[
        Arg::key("key", 0),
        Arg::integer("cursor"),
        Arg::pattern("pattern").token("MATCH").optional(),
        Arg::integer("count").token("COUNT").optional(),
        Arg::word("novalues", "NOVALUES").optional(),
    ]);

fn hscan(ctx: &mut Context<'_, '_>) -> Result<()> {
    let cursor = scan::cursor(&ctx.args[2])?;
    // The options of a missing key are not looked at.
    let Some(hash) = ctx.tx.hash(ctx.key())? else {
        scan::begin(ctx.reply, 0, 0);
        return Ok(());
    };
    let words = ScanWords::parse(ctx.args, 3, Scanned::Fields)?;
    let (mut found, mut digits) = (Vec::new(), itoa::Buffer::new());
    let next = hash.scan(cursor, words.count, |field| {
        if words.takes(field.name.bytes(&mut digits)) {
            found.push(field);
        }
    });
    scan::begin(ctx.reply, next, if words.bare { found.len() } else { found.len() * 2 });
    for field in found {
        name(ctx.reply, field);
        if !words.bare {
            value(ctx.reply, field);
        }
    }
    Ok(())
}
