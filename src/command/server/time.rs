//! TIME.

use crate::command::context::Context;
use crate::command::row::{Command, Flags, Group};
use crate::error::Result;

pub(super) const TIME: Command = Command::new("time", 1, time)
    .group(Group::Server)
    .flags(&[Flags::LOADING, Flags::STALE, Flags::FAST])
    .since("2.6.0")
    .summary("Tells the server's time.")
    .tips(&["nondeterministic_output"]);

fn time(ctx: &mut Context<'_, '_>) -> Result<()> {
    let micros = ctx.engine.clock().micros();
    ctx.reply.array(2);
    for part in [micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000)] {
        ctx.reply.bulk(itoa::Buffer::new().format(part).as_bytes());
    }
    Ok(())
}
