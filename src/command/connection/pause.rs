//! CLIENT PAUSE and UNPAUSE.

use std::sync::atomic::Ordering::Relaxed;

use crate::clock::Millis;
use crate::command::blocking::out_of_range;
use crate::command::context::Context;
use crate::command::instance::Held;
use crate::command::parse::{self, is};
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::error::{Error, Result};

pub(super) const PAUSE: Command = Command::new("pause", -3, pause)
    .group(Group::Connection)
    .flags(&[Flags::ADMIN, Flags::NOSCRIPT, Flags::LOADING, Flags::STALE])
    .categories(&[Categories::CONNECTION])
    .since("3.0.0")
    .summary("Holds back commands of all connections for a time.")
    .history(&[("6.2.0", "Mode `WRITE`.")])
    .args(&[
        Arg::integer("timeout"),
        Arg::one_of("mode", &[Arg::word("write", "WRITE"), Arg::word("all", "ALL")])
            .optional()
            .since("6.2.0"),
    ]);

fn pause(ctx: &mut Context<'_, '_>) -> Result<()> {
    let held = match ctx.args.get(3) {
        None => Held::All,
        Some(word) if ctx.args.len() == 4 && is(word, "all") => Held::All,
        Some(word) if ctx.args.len() == 4 && is(word, "write") => Held::Writes,
        Some(_) => return Err(Error::reply("ERR CLIENT PAUSE mode must be WRITE or ALL")),
    };
    let bad = Error::reply("ERR timeout is not an integer or out of range");
    let millis = parse::integer_or(&ctx.args[2], bad)?;
    if millis < 0 {
        return Err(Error::reply("ERR timeout is negative"));
    }
    let now = ctx.engine.clock().now();
    let until = now.0.checked_add(millis).map(Millis).ok_or_else(out_of_range)?;
    ctx.instance.pause.start(held, until, now);
    if let Some((_, until)) = ctx.instance.pause.at(now) {
        ctx.engine.keyspace().evictions.pause_until(until.0);
        ctx.engine.keyspace().settings.keep_expired_until.store(until.0, Relaxed);
    }
    ctx.ok()
}

pub(super) const UNPAUSE: Command = Command::new("unpause", 2, unpause)
    .group(Group::Connection)
    .flags(&[Flags::ADMIN, Flags::NOSCRIPT, Flags::LOADING, Flags::STALE])
    .categories(&[Categories::CONNECTION])
    .since("6.2.0")
    .complexity("O(N) where N is the number of connections")
    .summary("Ends a pause early.");

fn unpause(ctx: &mut Context<'_, '_>) -> Result<()> {
    ctx.instance.pause.end();
    ctx.engine.keyspace().evictions.pause_until(0);
    ctx.engine.keyspace().settings.keep_expired_until.store(0, Relaxed);
    ctx.instance.clients.wake_all();
    ctx.engine.waiting_room().go_on(ctx.session.executing);
    ctx.ok()
}
