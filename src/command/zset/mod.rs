//! Sorted sets.

mod add;
mod block;
mod combine;
mod range;
mod rank;
mod read;
mod remove;
mod span;

pub(super) use add::add;

use super::reply::{Protocol, Reply};
use super::row::Command;
use crate::ds::packed::Item;
use crate::value::string::Digits;

/// The family's rows.
pub(super) static ROWS: &[Command] = &[
    block::BZMPOP,
    block::BZPOPMAX,
    block::BZPOPMIN,
    add::ZADD,
    read::ZCARD,
    read::ZCOUNT,
    combine::ZDIFF,
    combine::ZDIFFSTORE,
    add::ZINCRBY,
    combine::ZINTER,
    combine::ZINTERCARD,
    combine::ZINTERSTORE,
    read::ZLEXCOUNT,
    remove::ZMPOP,
    read::ZMSCORE,
    remove::ZPOPMAX,
    remove::ZPOPMIN,
    read::ZRANDMEMBER,
    range::ZRANGE,
    range::ZRANGEBYLEX,
    range::ZRANGEBYSCORE,
    range::ZRANGESTORE,
    rank::ZRANK,
    remove::ZREM,
    remove::ZREMRANGEBYLEX,
    remove::ZREMRANGEBYRANK,
    remove::ZREMRANGEBYSCORE,
    range::ZREVRANGE,
    range::ZREVRANGEBYLEX,
    range::ZREVRANGEBYSCORE,
    rank::ZREVRANK,
    read::ZSCAN,
    read::ZSCORE,
    combine::ZUNION,
    combine::ZUNIONSTORE,
];

/// Begins an array of `len` members, each with its score in a RESP3 array of its own.
fn begin(reply: &mut dyn Reply, len: usize, scores: bool) {
    let flat = scores && reply.protocol() == Protocol::Resp2;
    reply.array(if flat { 2 * len } else { len });
}

/// One member of such an array.
#[inline]
fn one(reply: &mut dyn Reply, member: &[u8], score: f64, scores: bool) {
    if scores && reply.protocol() == Protocol::Resp3 {
        reply.array(2);
    }
    reply.bulk(member);
    if scores {
        reply.double(score);
    }
}

/// Answers with members, and their scores if they are asked for.
fn members<'a>(
    reply: &mut dyn Reply,
    members: impl ExactSizeIterator<Item = (Item<'a>, f64)>,
    scores: bool,
) {
    begin(reply, members.len(), scores);
    let mut digits = Digits::new();
    for (member, score) in members {
        one(reply, member.bytes(&mut digits), score, scores);
    }
}
