//! GEOADD, GEOPOS, GEODIST, GEOHASH.

use super::arguments::UNIT;
use smallvec::SmallVec;

use super::words::{self, position};
use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::parse::is;
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::command::zset::add;
use crate::error::{Error, Result};
use crate::value::geo::{self, Unit};
use crate::value::zset::How;

pub(super) const GEOADD: Command = Command::new("geoadd", -5, geoadd)
    .group(Group::Geo)
    .flags(&[Flags::WRITE, Flags::DENYOOM])
    .categories(&[Categories::GEO])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::UPDATE])])
    .since("3.2.0")
    .complexity("O(log(N)) for each place, with N the number of members")
    .summary("Adds places to a sorted set.")
    .history(&[("6.2.0", "Options `CH`, `NX` and `XX`.")])
    .args(&[
        Arg::key("key", 0),
        Arg::one_of("condition", &[Arg::word("nx", "NX"), Arg::word("xx", "XX")])
            .optional()
            .since("6.2.0"),
        Arg::word("change", "CH").optional().since("6.2.0"),
        Arg::block(
            "data",
            &[Arg::double("longitude"), Arg::double("latitude"), Arg::string("member")],
        )
        .multiple(),
    ]);

fn geoadd(ctx: &mut Context<'_, '_>) -> Result<()> {
    let mut how = How::default();
    let (mut first, mut both) = (2, false);
    while let Some(word) = ctx.args.get(first) {
        match word {
            word if is(word, "nx") => how.absent = true,
            word if is(word, "xx") => how.present = true,
            word if is(word, "ch") => both = true,
            _ => break,
        }
        first += 1;
    }
    let words = ctx.args.len() - first;
    if words == 0 || !words.is_multiple_of(3) || how.absent && how.present {
        return Err(Error::Syntax);
    }
    let mut scores = SmallVec::<[f64; 8]>::new();
    for place in 0..words / 3 {
        scores.push(geo::score(position(ctx.args, first + 3 * place)?));
    }
    add(ctx, how, &scores, |i| first + 3 * i + 2, both)
}

pub(super) const GEOPOS: Command = Command::new("geopos", -2, geopos)
    .group(Group::Geo)
    .flags(&[Flags::READONLY])
    .categories(&[Categories::GEO])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .since("3.2.0")
    .complexity("O(1) for each member")
    .summary("Returns the positions of members.")
    .args(&[Arg::key("key", 0), Arg::string("member").optional().multiple()]);

fn geopos(ctx: &mut Context<'_, '_>) -> Result<()> {
    let zset = ctx.tx.zset(ctx.key())?;
    ctx.reply.array(ctx.args.len() - 2);
    for member in ctx.args.iter_from(2) {
        match zset.and_then(|zset| zset.score(member)) {
            Some(score) => words::coordinates(ctx.reply, geo::decode(score)),
            None => ctx.reply.null_array(),
        }
    }
    Ok(())
}

pub(super) const GEODIST: Command = Command::new("geodist", -4, geodist)
    .group(Group::Geo)
    .flags(&[Flags::READONLY])
    .categories(&[Categories::GEO])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .since("3.2.0")
    .complexity("O(1)")
    .summary("Returns the distance between two members.")
    .args(&[Arg::key("key", 0), Arg::string("member1"), Arg::string("member2"), UNIT.optional()]);

fn geodist(ctx: &mut Context<'_, '_>) -> Result<()> {
    let unit = match (ctx.args.len(), ctx.args.get(4)) {
        (5, Some(word)) => words::unit(word)?,
        (4, _) => Unit::Meters,
        _ => return Err(Error::Syntax),
    };
    let zset = ctx.tx.zset(ctx.key())?;
    let scores = zset.and_then(|zset| Some((zset.score(&ctx.args[2])?, zset.score(&ctx.args[3])?)));
    match scores {
        Some((a, b)) => {
            let meters = geo::distance(geo::decode(a), geo::decode(b));
            words::distance(ctx.reply, meters / unit.meters());
        }
        None => ctx.reply.null(),
    }
    Ok(())
}

pub(super) const GEOHASH: Command = Command::new("geohash", -2, geohash)
    .group(Group::Geo)
    .flags(&[Flags::READONLY])
    .categories(&[Categories::GEO])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .since("3.2.0")
    .complexity("O(1) for each member")
    .summary("Returns the positions of members as geohashes.")
    .args(&[Arg::key("key", 0), Arg::string("member").optional().multiple()]);

fn geohash(ctx: &mut Context<'_, '_>) -> Result<()> {
    let zset = ctx.tx.zset(ctx.key())?;
    ctx.reply.array(ctx.args.len() - 2);
    for member in ctx.args.iter_from(2) {
        match zset.and_then(|zset| zset.score(member)) {
            Some(score) => ctx.reply.bulk(&geo::geohash(score)),
            None => ctx.reply.null(),
        }
    }
    Ok(())
}
