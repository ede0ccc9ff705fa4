//! SSCAN.

use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::command::scan::{self, ScanWords, Scanned};
use crate::error::Result;
use crate::value::string::Digits;

pub(super) const SSCAN: Command = Command::new("sscan", -3, sscan)
    .group(Group::Set)
    .flags(&[Flags::READONLY])
    .categories(&[Categories::SET])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .since("2.8.0")
    .complexity("O(1) for each call, O(N) for all members")
    .summary("Goes through the members of a set step by step.")
    .tips(&["nondeterministic_output"])
    .args(&[
        Arg::key("key", 0),
        Arg::integer("cursor"),
        Arg::pattern("pattern").token("MATCH").optional(),
        Arg::integer("count").token("COUNT").optional(),
    ]);

fn sscan(ctx: &mut Context<'_, '_>) -> Result<()> {
    let cursor = scan::cursor(&ctx.args[2])?;
    let Some(set) = ctx.tx.set_at(ctx.key())? else {
        scan::begin(ctx.reply, 0, 0);
        return Ok(());
    };
    let words = ScanWords::parse(ctx.args, 3, Scanned::Members)?;
    let mut found: Vec<Vec<u8>> = Vec::new();
    let next = set.scan(cursor, words.count, |member| {
        if words.takes(member.bytes(&mut Digits::new())) {
            found.push(member.to_vec());
        }
    });
    scan::begin(ctx.reply, next, found.len());
    found.iter().for_each(|member| ctx.reply.bulk(member));
    Ok(())
}
