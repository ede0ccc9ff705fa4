//! LPUSH, RPUSH, LPUSHX, RPUSHX.

use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::error::Result;
use crate::value::list::End;

pub(super) const LPUSH: Command = Command::new("lpush", -3, |ctx| push(ctx, End::Front, false))
    .group(Group::List)
    .flags(&[Flags::WRITE, Flags::DENYOOM, Flags::FAST])
    .categories(&[Categories::LIST])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::INSERT])])
    .complexity("O(N) where N is the number of elements")
    .summary("Adds elements at the left end of a list.")
    .history(&[("2.4.0", "Takes several elements.")])
    .args(&[Arg::key("key", 0), Arg::string("element").multiple()]);

pub(super) const RPUSH: Command = Command::new("rpush", -3, |ctx| push(ctx, End::Back, false))
    .group(Group::List)
    .flags(&[Flags::WRITE, Flags::DENYOOM, Flags::FAST])
    .categories(&[Categories::LIST])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::INSERT])])
    .complexity("O(N) where N is the number of elements")
    .summary("Adds elements at the right end of a list.")
    .history(&[("2.4.0", "Takes several elements.")])
    .args(&[Arg::key("key", 0), Arg::string("element").multiple()]);

pub(super) const LPUSHX: Command = Command::new("lpushx", -3, |ctx| push(ctx, End::Front, true))
    .group(Group::List)
    .flags(&[Flags::WRITE, Flags::DENYOOM, Flags::FAST])
    .categories(&[Categories::LIST])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::INSERT])])
    .since("2.2.0")
    .complexity("O(N) where N is the number of elements")
    .summary("Adds elements at the left end of a list that is there.")
    .history(&[("4.0.0", "Takes several elements.")])
    .args(&[Arg::key("key", 0), Arg::string("element").multiple()]);

pub(super) const RPUSHX: Command = Command::new("rpushx", -3, |ctx| push(ctx, End::Back, true))
    .group(Group::List)
    .flags(&[Flags::WRITE, Flags::DENYOOM, Flags::FAST])
    .categories(&[Categories::LIST])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::INSERT])])
    .since("2.2.0")
    .complexity("O(N) where N is the number of elements")
    .summary("Adds elements at the right end of a list that is there.")
    .history(&[("4.0.0", "Takes several elements.")])
    .args(&[Arg::key("key", 0), Arg::string("element").multiple()]);

fn push(ctx: &mut Context<'_, '_>, end: End, only_existing: bool) -> Result<()> {
    let words = ctx.args;
    let elements = (2..words.len()).map(|i| words.at(i));
    let len = ctx.tx.push(ctx.key(), end, elements, only_existing)?;
    ctx.count(len)
}
