//! FUNCTION FLUSH. There are no functions; test suites flush them before they begin.

use crate::command::context::Context;
use crate::command::help;
use crate::command::parse::is;
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::error::{Error, Result};

pub(super) const FUNCTION: Command = Command::new("function", -2, help::container)
    .group(Group::Scripting)
    .since("7.0.0")
    .complexity("That of the subcommand")
    .summary("Holds the commands about functions.")
    .subcommands(&[FLUSH]);

const FLUSH: Command = Command::new("flush", -2, flush)
    .group(Group::Scripting)
    .flags(&[Flags::NOSCRIPT, Flags::WRITE])
    .categories(&[Categories::SCRIPTING])
    .since("7.0.0")
    .complexity("O(N) where N is the number of functions deleted")
    .summary("Removes all functions.")
    .tips(&["request_policy:all_shards", "response_policy:all_succeeded"])
    .args(&[Arg::one_of("flush-type", &[Arg::word("async", "ASYNC"), Arg::word("sync", "SYNC")])
        .optional()]);

fn flush(ctx: &mut Context<'_, '_>) -> Result<()> {
    match (ctx.args.len(), ctx.args.get(2)) {
        (2, _) => ctx.ok(),
        (3, Some(mode)) if is(mode, "sync") || is(mode, "async") => ctx.ok(),
        _ => Err(Error::reply("ERR FUNCTION FLUSH only supports SYNC|ASYNC option")),
    }
}
