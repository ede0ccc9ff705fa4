//! SUBSCRIBE and UNSUBSCRIBE, of channels, patterns and shard channels.

use bytes::Bytes;

use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::push::Push;
use crate::command::row::{Arg, Command, Flags, Group};
use crate::error::{Error, Result};
use crate::pubsub::{Kind, frame};

const FLAGS: &[Flags] = &[Flags::PUBSUB, Flags::NOSCRIPT, Flags::LOADING, Flags::STALE];

/// Shard channels are routed as keys are.
const SHARDS: &[KeySpec] = &[KeySpec::range(1, -1, 1, &[KeyFlags::NOT_KEY])];

pub(super) const SUBSCRIBE: Command =
    Command::new("subscribe", -2, |ctx| subscribe(ctx, Kind::Channel))
        .group(Group::PubSub)
        .flags(FLAGS)
        .since("2.0.0")
        .complexity("O(N) where N is the number of channels")
        .summary("Listens to channels.")
        .args(&[Arg::string("channel").multiple()]);

pub(super) const PSUBSCRIBE: Command =
    Command::new("psubscribe", -2, |ctx| subscribe(ctx, Kind::Pattern))
        .group(Group::PubSub)
        .flags(FLAGS)
        .since("2.0.0")
        .complexity("O(N) where N is the number of patterns")
        .summary("Listens to all channels that fit patterns.")
        .args(&[Arg::pattern("pattern").multiple()]);

pub(super) const SSUBSCRIBE: Command =
    Command::new("ssubscribe", -2, |ctx| subscribe(ctx, Kind::Shard))
        .group(Group::PubSub)
        .flags(FLAGS)
        .keys(SHARDS)
        .since("7.0.0")
        .complexity("O(N) where N is the number of channels")
        .summary("Listens to shard channels.")
        .args(&[Arg::string("shardchannel").multiple()]);

pub(super) const UNSUBSCRIBE: Command =
    Command::new("unsubscribe", -1, |ctx| unsubscribe(ctx, Kind::Channel))
        .group(Group::PubSub)
        .flags(FLAGS)
        .since("2.0.0")
        .complexity("O(N) where N is the number of channels")
        .summary("Listens to channels no longer, to none of them if none is named.")
        .args(&[Arg::string("channel").optional().multiple()]);

pub(super) const PUNSUBSCRIBE: Command =
    Command::new("punsubscribe", -1, |ctx| unsubscribe(ctx, Kind::Pattern))
        .group(Group::PubSub)
        .flags(FLAGS)
        .since("2.0.0")
        .complexity("O(N) where N is the number of patterns")
        .summary("Listens to what fits patterns no longer, to none of them if none is named.")
        .args(&[Arg::pattern("pattern").optional().multiple()]);

pub(super) const SUNSUBSCRIBE: Command =
    Command::new("sunsubscribe", -1, |ctx| unsubscribe(ctx, Kind::Shard))
        .group(Group::PubSub)
        .flags(FLAGS)
        .keys(SHARDS)
        .since("7.0.0")
        .complexity("O(N) where N is the number of channels")
        .summary("Listens to shard channels no longer, to none of them if none is named.")
        .args(&[Arg::string("shardchannel").optional().multiple()]);

fn subscribe(ctx: &mut Context<'_, '_>, kind: Kind) -> Result<()> {
    if kind == Kind::Shard && ctx.session.executing {
        return Err(Error::reply("ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client"));
    }
    for (at, name) in ctx.args.iter_from(1).enumerate() {
        let session = &mut *ctx.session;
        let subscriptions = session.subscriptions.get_or_insert_default();
        subscriptions.add(ctx.engine.hub(), &session.client, kind, name);
        let count = subscriptions.count(kind);
        let last = at + 2 == ctx.args.len();
        answer(ctx, confirmation(verb(kind, true), Some(name), count), last);
    }
    Ok(())
}

fn unsubscribe(ctx: &mut Context<'_, '_>, kind: Kind) -> Result<()> {
    let names: Vec<Bytes> = match ctx.args.len() {
        1 => ctx.session.subscriptions.as_mut().map_or(Vec::new(), |all| all.names(kind)),
        _ => ctx.args.iter_from(1).map(Bytes::copy_from_slice).collect(),
    };
    for (at, name) in names.iter().enumerate() {
        if let Some(subscriptions) = &mut ctx.session.subscriptions {
            subscriptions.remove(ctx.engine.hub(), &ctx.session.client, kind, name);
        }
        // What was said until then comes before the confirmation, unless this is inside of a reply.
        if ctx.session.client.has_mail() && !ctx.session.executing {
            let (client, reply) = (&ctx.session.client, &mut *ctx.reply);
            client.mailbox.take(usize::MAX, |push| reply.pushed(push));
        }
        let push = confirmation(verb(kind, false), Some(name), count(ctx, kind));
        answer(ctx, push, at + 1 == names.len());
    }
    if names.is_empty() {
        let push = confirmation(verb(kind, false), None, count(ctx, kind));
        answer(ctx, push, true);
    }
    if ctx.session.subscriptions.as_ref().is_some_and(|all| all.is_empty()) {
        ctx.session.subscriptions = None;
    }
    Ok(())
}

fn count(ctx: &Context<'_, '_>, kind: Kind) -> usize {
    ctx.session.subscriptions.as_ref().map_or(0, |all| all.count(kind))
}

/// Writes a confirmation. Inside of EXEC's array there is room for one a command, so that a session
/// of this process gets the others beside it; connections get them all, as from Redis.
fn answer(ctx: &mut Context<'_, '_>, push: Push, last: bool) {
    if ctx.session.executing && !last && ctx.session.client.origin.trusted {
        ctx.session.client.post(push);
    } else {
        ctx.reply.pushed(&push);
    }
}

/// The first two items of a confirmation.
fn verb(kind: Kind, on: bool) -> &'static [u8] {
    match (kind, on) {
        (Kind::Channel, true) => b">3\r\n$9\r\nsubscribe\r\n",
        (Kind::Channel, false) => b">3\r\n$11\r\nunsubscribe\r\n",
        (Kind::Pattern, true) => b">3\r\n$10\r\npsubscribe\r\n",
        (Kind::Pattern, false) => b">3\r\n$12\r\npunsubscribe\r\n",
        (Kind::Shard, true) => b">3\r\n$10\r\nssubscribe\r\n",
        (Kind::Shard, false) => b">3\r\n$12\r\nsunsubscribe\r\n",
    }
}

/// Says that a name is listened to now, or no longer, and to how many the session listens.
fn confirmation(verb: &'static [u8], name: Option<&[u8]>, count: usize) -> Push {
    let mut rest = Vec::new();
    if let Some(name) = name {
        frame::bulk(&mut rest, name);
    }
    frame::header(&mut rest, b':', count);
    match name {
        Some(_) => Push::new(verb, rest),
        None => Push::new([verb, b"_\r\n"].concat(), rest).with_resp2([verb, b"$-1\r\n"].concat()),
    }
}
