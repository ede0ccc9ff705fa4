//! PUBLISH, SPUBLISH.

use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::row::{Arg, Command, Flags, Group};
use crate::error::Result;
use crate::pubsub::Pace;

pub(super) const PUBLISH: Command = Command::new("publish", 3, publish)
    .group(Group::PubSub)
    .flags(&[Flags::PUBSUB, Flags::LOADING, Flags::STALE, Flags::FAST, Flags::MAY_REPLICATE])
    .since("2.0.0")
    .complexity(
        "O(N+M) where N is the number of subscribers of the channel and M that of all patterns",
    )
    .summary("Sends a message to whoever listens to a channel.")
    .args(&[Arg::string("channel"), Arg::string("message")]);

fn publish(ctx: &mut Context<'_, '_>) -> Result<()> {
    let told = ctx.engine.hub().publish(ctx.args.at(1), ctx.args.at(2), pace(ctx));
    ctx.count(told)
}

/// Nobody is waited for while EXEC holds locks.
fn pace(ctx: &Context<'_, '_>) -> Pace {
    if ctx.session.executing { Pace::Never } else { Pace::MayWait }
}

pub(super) const SPUBLISH: Command = Command::new("spublish", 3, spublish)
    .group(Group::PubSub)
    .flags(&[Flags::PUBSUB, Flags::LOADING, Flags::STALE, Flags::FAST, Flags::MAY_REPLICATE])
    .keys(&[KeySpec::one(1, &[KeyFlags::NOT_KEY])])
    .since("7.0.0")
    .complexity("O(N) where N is the number of subscribers of the channel")
    .summary("Sends a message to whoever listens to a shard channel.")
    .args(&[Arg::string("shardchannel"), Arg::string("message")]);

fn spublish(ctx: &mut Context<'_, '_>) -> Result<()> {
    let told = ctx.engine.hub().publish_shard(ctx.args.at(1), ctx.args.at(2), pace(ctx));
    ctx.count(told)
}
