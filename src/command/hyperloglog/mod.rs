//! HyperLogLog: PFADD, PFCOUNT, PFMERGE.

mod debug;

use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::error::Result;

/// The family's rows.
pub(super) static ROWS: &[Command] = &[PFADD, PFCOUNT, debug::PFDEBUG, PFMERGE, debug::PFSELFTEST];

const PFADD: Command = Command::new("pfadd", -2, pfadd)
    .group(Group::HyperLogLog)
    .flags(&[Flags::WRITE, Flags::DENYOOM, Flags::FAST])
    .categories(&[Categories::HYPERLOGLOG])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::INSERT])])
    .since("2.8.9")
    .complexity("O(1) for each element")
    .summary("Adds elements to a HyperLogLog, which is made if there is none.")
    .args(&[Arg::key("key", 0), Arg::string("element").optional().multiple()]);

fn pfadd(ctx: &mut Context<'_, '_>) -> Result<()> {
    let changed = ctx.tx.pf_add(ctx.key(), Elements { args: ctx.args, next: 2 })?;
    ctx.integer(i64::from(changed))
}

/// The words from one on, as often as they are wanted.
#[derive(Clone)]
struct Elements<'a> {
    args: super::args::Args<'a>,
    next: usize,
}

impl<'a> Iterator for Elements<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let word = self.args.get(self.next);
        self.next += 1;
        word
    }
}

/// It keeps the count with the registers, and so locks its keys like a writer.
const PFCOUNT: Command = Command::new("pfcount", -2, pfcount)
    .group(Group::HyperLogLog)
    .flags(&[Flags::READONLY, Flags::MAY_REPLICATE])
    .categories(&[Categories::HYPERLOGLOG])
    .keys(&[KeySpec::range(1, -1, 1, &[KeyFlags::RW, KeyFlags::ACCESS]).notes(
        "RW because it may change the internal representation of the key, and propagate to replicas",
    )])
    .since("2.8.9")
    .complexity("O(1) for one key that was counted before, else O(N) where N is the number of keys")
    .summary("Tells about how many different elements HyperLogLogs were given together.")
    .args(&[Arg::key("key", 0).multiple()]);

fn pfcount(ctx: &mut Context<'_, '_>) -> Result<()> {
    let count = match ctx.keys {
        [key] => ctx.tx.pf_count(*key)?,
        keys => ctx.tx.pf_count_union(keys)?,
    };
    ctx.integer(count.cast_signed())
}

const PFMERGE: Command = Command::new("pfmerge", -2, pfmerge)
    .group(Group::HyperLogLog)
    .flags(&[Flags::WRITE, Flags::DENYOOM])
    .categories(&[Categories::HYPERLOGLOG])
    .keys(&[
        KeySpec::one(1, &[KeyFlags::RW, KeyFlags::ACCESS, KeyFlags::INSERT]),
        KeySpec::range(2, -1, 1, &[KeyFlags::RO, KeyFlags::ACCESS]),
    ])
    .since("2.8.9")
    .complexity("O(N) where N is the number of keys")
    .summary("Adds HyperLogLogs to another one.")
    .args(&[Arg::key("destkey", 0), Arg::key("sourcekey", 1).optional().multiple()]);

fn pfmerge(ctx: &mut Context<'_, '_>) -> Result<()> {
    ctx.tx.pf_merge(ctx.keys)?;
    ctx.ok()
}
