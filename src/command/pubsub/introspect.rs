//! PUBSUB: who listens to what.

use crate::command::context::Context;
use crate::command::row::{Arg, Command, Flags, Group};
use crate::command::{errors, help};
use crate::error::Result;
use crate::pubsub::Kind;

const FLAGS: &[Flags] = &[Flags::PUBSUB, Flags::LOADING, Flags::STALE];

pub(super) const PUBSUB: Command = Command::new("pubsub", -2, help::container)
    .group(Group::PubSub)
    .since("2.8.0")
    .complexity("That of the subcommand")
    .summary("Holds the commands that tell who listens to what.")
    .subcommands(&[CHANNELS, HELP, NUMPAT, NUMSUB, SHARDCHANNELS, SHARDNUMSUB]);

const CHANNELS: Command = Command::new("channels", -2, |ctx| channels(ctx, Kind::Channel))
    .group(Group::PubSub)
    .flags(FLAGS)
    .since("2.8.0")
    .complexity("O(N) where N is the number of channels that are listened to")
    .summary("Lists the channels that are listened to.")
    .args(&[Arg::pattern("pattern").optional()]);

const SHARDCHANNELS: Command = Command::new("shardchannels", -2, |ctx| channels(ctx, Kind::Shard))
    .group(Group::PubSub)
    .flags(FLAGS)
    .since("7.0.0")
    .complexity("O(N) where N is the number of shard channels that are listened to")
    .summary("Lists the shard channels that are listened to.")
    .args(&[Arg::pattern("pattern").optional()]);

fn channels(ctx: &mut Context<'_, '_>, kind: Kind) -> Result<()> {
    if ctx.args.len() > 3 {
        return Err(errors::refused_subcommand("pubsub", ctx.args.at(1)));
    }
    let names = ctx.engine.hub().names(kind, ctx.args.get(2));
    ctx.reply.array(names.len());
    names.iter().for_each(|name| ctx.reply.bulk(name));
    Ok(())
}

const NUMPAT: Command = Command::new("numpat", 2, numpat)
    .group(Group::PubSub)
    .flags(FLAGS)
    .since("2.8.0")
    .summary("Counts the patterns that are listened to.");

fn numpat(ctx: &mut Context<'_, '_>) -> Result<()> {
    ctx.count(ctx.engine.hub().len(Kind::Pattern))
}

const NUMSUB: Command = Command::new("numsub", -2, |ctx| numsub(ctx, Kind::Channel))
    .group(Group::PubSub)
    .flags(FLAGS)
    .since("2.8.0")
    .complexity("O(N) where N is the number of channels named")
    .summary("Counts who listens to channels.")
    .args(&[Arg::string("channel").optional().multiple()]);

const SHARDNUMSUB: Command = Command::new("shardnumsub", -2, |ctx| numsub(ctx, Kind::Shard))
    .group(Group::PubSub)
    .flags(FLAGS)
    .since("7.0.0")
    .complexity("O(N) where N is the number of shard channels named")
    .summary("Counts who listens to shard channels.")
    .args(&[Arg::string("shardchannel").optional().multiple()]);

fn numsub(ctx: &mut Context<'_, '_>, kind: Kind) -> Result<()> {
    ctx.reply.array(2 * (ctx.args.len() - 2));
    for name in ctx.args.iter_from(2) {
        ctx.reply.bulk(name);
        let count = ctx.engine.hub().listeners(kind, name);
        ctx.reply.integer(i64::try_from(count).unwrap_or(i64::MAX));
    }
    Ok(())
}

const HELP: Command = Command::new("help", 2, help_text)
    .group(Group::PubSub)
    .flags(&[Flags::LOADING, Flags::STALE])
    .since("6.2.0")
    .summary("Explains the subcommands.");

fn help_text(ctx: &mut Context<'_, '_>) -> Result<()> {
    help::write(
        ctx,
        &[
            ("CHANNELS [<pattern>]", "List the channels that are listened to and fit the pattern."),
            ("NUMPAT", "Count the patterns that are listened to."),
            ("NUMSUB [<channel> ...]", "Count who listens to these channels, patterns left out."),
            (
                "SHARDCHANNELS [<pattern>]",
                "List the shard channels that are listened to and fit the pattern.",
            ),
            ("SHARDNUMSUB [<shardchannel> ...]", "Count who listens to these shard channels."),
        ],
    )
}
