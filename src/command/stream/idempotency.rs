//! XCFGSET and XIDMPRECORD.

use super::ids::id;
use crate::api::XCfgSet;
use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::parse::{self, is};
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::error::{Error, Result};

pub(super) const XCFGSET: Command = Command::new("xcfgset", -2, xcfgset)
    .group(Group::Stream)
    .flags(&[Flags::WRITE, Flags::FAST])
    .categories(&[Categories::STREAM])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::UPDATE])])
    .since("8.6.0")
    .summary("Sets how much a stream remembers of what producers add.")
    .args(&[
        Arg::key("key", 0),
        Arg::integer("idmp-duration").token("IDMP-DURATION").optional(),
        Arg::integer("idmp-maxsize").token("IDMP-MAXSIZE").optional(),
    ]);

fn xcfgset(ctx: &mut Context<'_, '_>) -> Result<()> {
    let mut set = XCfgSet::new();
    let mut at = 2;
    while let Some(word) = ctx.args.get(at) {
        let value = || parse::integer(ctx.args.get(at + 1).ok_or(Error::Syntax)?);
        set = match word {
            word if is(word, "idmp-duration") => set.seconds(value()?),
            word if is(word, "idmp-maxsize") => set.size(value()?),
            _ => return Err(Error::Syntax),
        };
        at += 2;
    }
    ctx.tx.xcfgset(ctx.key(), set)?;
    ctx.ok()
}

pub(super) const XIDMPRECORD: Command = Command::new("xidmprecord", 5, xidmprecord)
    .group(Group::Stream)
    .flags(&[Flags::WRITE, Flags::DENYOOM, Flags::FAST])
    .categories(&[Categories::STREAM])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::UPDATE])])
    .since("8.8.0")
    .summary("Notes which entry a producer's message became; for replaying a journal.")
    .args(&[Arg::key("key", 0), Arg::string("pid"), Arg::string("iid"), Arg::string("stream-id")]);

fn xidmprecord(ctx: &mut Context<'_, '_>) -> Result<()> {
    let entry = id(ctx.args.at(4), 0)?;
    ctx.tx.xidmprecord(ctx.key(), ctx.args.at(2), ctx.args.at(3), entry)?;
    ctx.ok()
}
