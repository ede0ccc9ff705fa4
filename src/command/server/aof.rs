//! BGREWRITEAOF.

use crate::command::context::Context;
use crate::command::row::{Command, Flags, Group};
use crate::error::{Error, Result};

pub(super) const BGREWRITEAOF: Command = Command::new("bgrewriteaof", 1, bgrewriteaof)
    .group(Group::Server)
    .flags(&[Flags::ADMIN, Flags::NOSCRIPT, Flags::NO_ASYNC_LOADING])
    .since("1.0.0")
    .summary("Has the append-only file written anew, as short as the data allow.");

fn bgrewriteaof(ctx: &mut Context<'_, '_>) -> Result<()> {
    if !ctx.engine.aof().rewrite_in_background() {
        return Err(Error::reply("ERR Background append only file rewriting already in progress"));
    }
    ctx.reply.simple("Background append only file rewriting started");
    Ok(())
}
