//! BGREWRITEAOF.

use crate::command::context::Context;
use crate::command::row::{Command, Flags, Group};
use crate::error::{Error, Result};
use crate::persist::aof::Asked;

pub(super) const BGREWRITEAOF: Command = Command::new("bgrewriteaof", 1, bgrewriteaof)
    .group(Group::Server)
    .flags(&[Flags::ADMIN, Flags::NOSCRIPT, Flags::NO_ASYNC_LOADING])
    .since("1.0.0")
    .summary("Has the append-only file written anew, as short as the data allow.");

fn bgrewriteaof(ctx: &mut Context<'_, '_>) -> Result<()> {
    match ctx.engine.aof().ask_rewrite(ctx.session.executing) {
        Asked::Started => ctx.reply.simple("Background append only file rewriting started"),
        Asked::Scheduled => ctx.reply.simple("Background append only file rewriting scheduled"),
        Asked::Running => {
            return Err(Error::reply(
                "ERR Background append only file rewriting already in progress",
            ));
        }
        Asked::Failed => {
            return Err(Error::reply(
                "ERR Can't execute an AOF background rewriting. Please check the server logs for more information.",
            ));
        }
    }
    Ok(())
}
