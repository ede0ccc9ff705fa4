//! MONITOR.

use crate::command::context::Context;
use crate::command::row::{Command, Flags, Group};
use crate::error::{Error, Result};

pub(super) const MONITOR: Command = Command::new("monitor", 1, monitor)
    .group(Group::Server)
    .flags(&[Flags::ADMIN, Flags::NOSCRIPT, Flags::LOADING, Flags::STALE])
    .summary("Shows the connection every command that is run.");

fn monitor(ctx: &mut Context<'_, '_>) -> Result<()> {
    if ctx.session.executing {
        return Err(Error::reply("ERR MONITOR isn't allowed for DENY BLOCKING client"));
    }
    // Who asks again is not answered.
    if !ctx.session.client.is_monitor() {
        ctx.instance.monitors.add(&ctx.session.client);
        return ctx.ok();
    }
    Ok(())
}
