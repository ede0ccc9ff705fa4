//! WAIT and WAITAOF: until what this connection wrote is where it is to be. There are no replicas here.

use crate::command::blocking;
use crate::command::context::Context;
use crate::command::parse;
use crate::command::reply::Reply;
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::error::{Error, Result};

pub(super) const WAIT: Command = Command::new("wait", 3, wait)
    .group(Group::Generic)
    .flags(&[Flags::BLOCKING])
    .categories(&[Categories::CONNECTION])
    .since("3.0.0")
    .summary("Waits until replicas have what this connection wrote.")
    .tips(&["request_policy:all_shards", "response_policy:agg_min"])
    .args(&[Arg::integer("numreplicas"), Arg::integer("timeout")]);

fn wait(ctx: &mut Context<'_, '_>) -> Result<()> {
    let replicas = parse::integer(&ctx.args[1])?;
    let limit = blocking::millis(&ctx.args[2], ctx.engine.clock().now())?;
    if replicas <= 0 || !ctx.may_wait() {
        return ctx.integer(0);
    }
    let tell = |reply: &mut dyn Reply| {
        reply.integer(0);
        Ok(())
    };
    ctx.keep_vigil(None, limit, Box::new(tell))
}

pub(super) const WAITAOF: Command = Command::new("waitaof", 4, waitaof)
    .group(Group::Generic)
    .flags(&[Flags::BLOCKING])
    .categories(&[Categories::CONNECTION])
    .since("7.2.0")
    .summary("Waits until what this connection wrote is on disk, here or on replicas.")
    .tips(&["request_policy:all_shards", "response_policy:agg_min"])
    .args(&[Arg::integer("numlocal"), Arg::integer("numreplicas"), Arg::integer("timeout")]);

fn waitaof(ctx: &mut Context<'_, '_>) -> Result<()> {
    let local = match parse::integer(&ctx.args[1])? {
        0 => false,
        1 => true,
        _ => {
            return Err(Error::reply("ERR value is out of range, value must between 0 and 1"));
        }
    };
    let none = Error::reply("ERR value is out of range, must be positive");
    let replicas = parse::integer_or(&ctx.args[2], none.clone())?;
    if replicas < 0 {
        return Err(none);
    }
    let limit = blocking::millis(&ctx.args[3], ctx.engine.clock().now())?;
    let (engine, up_to) = (ctx.engine.clone(), ctx.session.wrote(ctx.engine));
    let tell = move |reply: &mut dyn Reply| {
        if local {
            engine.check_kept()?;
        }
        reply.array(2);
        reply.integer(engine.holds(up_to).into());
        reply.integer(0);
        Ok(())
    };
    if local {
        ctx.engine.check_kept()?;
    }
    let there = !local || ctx.engine.holds(up_to);
    if (there && replicas == 0) || !ctx.may_wait() {
        return tell(ctx.reply);
    }
    // With replicas to wait for only the end of the file is news.
    let up_to = local.then_some(if replicas == 0 { up_to } else { u64::MAX });
    ctx.keep_vigil(up_to, limit, Box::new(tell))
}
