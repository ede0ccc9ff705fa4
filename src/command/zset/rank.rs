//! ZRANK, ZREVRANK.

use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::parse::is;
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::error::{Error, Result};
pub(super) const ZRANK: Command = Command::new("zrank", -3, zrank)
    .group(Group::SortedSet)
    .flags(&[Flags::READONLY, Flags::FAST])
    .categories(&[Categories::SORTEDSET])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .since("2.0.0")
    .complexity("O(log(N)) with N the number of members")
    .summary("Tells the place of a member, from the lowest score.")
    .history(&[("7.2.0", "Option `WITHSCORE`.")])
    .args(&[
        Arg::key("key", 0),
        Arg::string("member"),
        Arg::word("withscore", "WITHSCORE").optional(),
    ]);

fn zrank(ctx: &mut Context<'_, '_>) -> Result<()> {
    rank(ctx, "zrank", |_, rank| rank)
}

pub(super) const ZREVRANK: Command = Command::new("zrevrank", -3, zrevrank)
    .group(Group::SortedSet)
    .flags(&[Flags::READONLY, Flags::FAST])
    .categories(&[Categories::SORTEDSET])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .since("2.0.0")
    .complexity("O(log(N)) with N the number of members")
    .summary("Tells the place of a member, from the highest score.")
    .history(&[("7.2.0", "Option `WITHSCORE`.")])
    .args(&[
        Arg::key("key", 0),
        Arg::string("member"),
        Arg::word("withscore", "WITHSCORE").optional(),
    ]);

fn zrevrank(ctx: &mut Context<'_, '_>) -> Result<()> {
    rank(ctx, "zrevrank", |len, rank| len - 1 - rank)
}

fn rank(
    ctx: &mut Context<'_, '_>,
    command: &'static str,
    counted: fn(usize, usize) -> usize,
) -> Result<()> {
    let with_score = match (ctx.args.len(), ctx.args.get(3)) {
        (3, _) => false,
        (4, Some(word)) if is(word, "withscore") => true,
        (4, _) => return Err(Error::Syntax),
        _ => return Err(Error::WrongArity(command.into())),
    };
    let zset = ctx.tx.zset(ctx.key())?;
    let found = zset.and_then(|zset| Some((zset.len(), zset.rank(&ctx.args[2])?)));
    match found {
        Some((len, (rank, score))) => {
            if with_score {
                ctx.reply.array(2);
            }
            ctx.reply.integer(counted(len, rank) as i64);
            if with_score {
                ctx.reply.double(score);
            }
        }
        None if with_score => ctx.reply.null_array(),
        None => ctx.reply.null(),
    }
    Ok(())
}
