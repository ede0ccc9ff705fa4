//! GEORADIUS, GEORADIUSBYMEMBER and their read-only forms.

use super::arguments::{COUNT, COUNT_SINCE, ORDER, STORE, UNIT, WITHCOORD, WITHDIST, WITHHASH};
use super::query::{Query, Shape, Taker, member};
use super::words;
use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::error::Result;

pub(super) const GEORADIUS: Command = Command::new("georadius", -6, georadius)
    .group(Group::Geo)
    .flags(&[Flags::WRITE, Flags::DENYOOM, Flags::MOVABLE_KEYS])
    .categories(&[Categories::GEO])
    .keys(&[
        KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS]),
        KeySpec::option("STORE", 6, &[KeyFlags::OW, KeyFlags::UPDATE, KeyFlags::VARIABLE_FLAGS]),
        KeySpec::option(
            "STOREDIST",
            6,
            &[KeyFlags::OW, KeyFlags::UPDATE, KeyFlags::VARIABLE_FLAGS],
        ),
    ])
    .since("3.2.0")
    .complexity("O(N+log(M)) with M members, N of them about the area")
    .summary("Finds members around a position, and may store them.")
    .history(&[("6.2.0", "Option `ANY`."), ("7.0.0", "Upper-case units.")])
    .args(&[
        Arg::key("key", 0),
        Arg::double("longitude"),
        Arg::double("latitude"),
        Arg::double("radius"),
        UNIT,
        WITHCOORD,
        WITHDIST,
        WITHHASH,
        COUNT_SINCE,
        ORDER,
        STORE,
    ]);

fn georadius(ctx: &mut Context<'_, '_>) -> Result<()> {
    around_position(ctx, Taker::Radius)
}

pub(super) const GEORADIUS_RO: Command = Command::new("georadius_ro", -6, georadius_ro)
    .group(Group::Geo)
    .flags(&[Flags::READONLY])
    .categories(&[Categories::GEO])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .since("3.2.10")
    .complexity("O(N+log(M)) with M members, N of them about the area")
    .summary("Finds members around a position.")
    .history(&[("6.2.0", "Option `ANY`."), ("7.0.0", "Upper-case units.")])
    .args(&[
        Arg::key("key", 0),
        Arg::double("longitude"),
        Arg::double("latitude"),
        Arg::double("radius"),
        UNIT,
        WITHCOORD,
        WITHDIST,
        WITHHASH,
        COUNT_SINCE,
        ORDER,
    ]);

fn georadius_ro(ctx: &mut Context<'_, '_>) -> Result<()> {
    around_position(ctx, Taker::RadiusReadOnly)
}

pub(super) const GEORADIUSBYMEMBER: Command =
    Command::new("georadiusbymember", -5, georadiusbymember)
        .group(Group::Geo)
        .flags(&[Flags::WRITE, Flags::DENYOOM, Flags::MOVABLE_KEYS])
        .categories(&[Categories::GEO])
        .keys(&[
            KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS]),
            KeySpec::option(
                "STORE",
                5,
                &[KeyFlags::OW, KeyFlags::UPDATE, KeyFlags::VARIABLE_FLAGS],
            ),
            KeySpec::option(
                "STOREDIST",
                5,
                &[KeyFlags::OW, KeyFlags::UPDATE, KeyFlags::VARIABLE_FLAGS],
            ),
        ])
        .since("3.2.0")
        .complexity("O(N+log(M)) with M members, N of them about the area")
        .summary("Finds members around a member, and may store them.")
        .history(&[("6.2.0", "Option `ANY`."), ("7.0.0", "Upper-case units.")])
        .args(&[
            Arg::key("key", 0),
            Arg::string("member"),
            Arg::double("radius"),
            UNIT,
            WITHCOORD,
            WITHDIST,
            WITHHASH,
            COUNT,
            ORDER,
            STORE,
        ]);

fn georadiusbymember(ctx: &mut Context<'_, '_>) -> Result<()> {
    around_member(ctx, Taker::Radius)
}

pub(super) const GEORADIUSBYMEMBER_RO: Command =
    Command::new("georadiusbymember_ro", -5, georadiusbymember_ro)
        .group(Group::Geo)
        .flags(&[Flags::READONLY])
        .categories(&[Categories::GEO])
        .keys(&[KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS])])
        .since("3.2.10")
        .complexity("O(N+log(M)) with M members, N of them about the area")
        .summary("Finds members around a member.")
        .history(&[("6.2.0", "Option `ANY`."), ("7.0.0", "Upper-case units.")])
        .args(&[
            Arg::key("key", 0),
            Arg::string("member"),
            Arg::double("radius"),
            UNIT,
            WITHCOORD,
            WITHDIST,
            WITHHASH,
            COUNT,
            ORDER,
        ]);

fn georadiusbymember_ro(ctx: &mut Context<'_, '_>) -> Result<()> {
    around_member(ctx, Taker::RadiusReadOnly)
}

fn around_position(ctx: &mut Context<'_, '_>, taker: Taker) -> Result<()> {
    let key = ctx.key();
    // The key's type comes before the numbers.
    ctx.tx.zset(key)?;
    let center = words::position(ctx.args, 2)?;
    let (radius, unit) = words::radius(ctx.args, 4)?;
    let shape = Some(Shape::Circle(radius, unit));
    Query::parse(ctx, taker, key, 6, Some(center), shape)?.answer(ctx, key)
}

fn around_member(ctx: &mut Context<'_, '_>, taker: Taker) -> Result<()> {
    let key = ctx.key();
    let (mut center, mut shape) = (None, None);
    // Numbers are read only if there is a key to search.
    if let Some(zset) = ctx.tx.zset(key)? {
        center = Some(member(zset.score(&ctx.args[2]))?);
        let (radius, unit) = words::radius(ctx.args, 3)?;
        shape = Some(Shape::Circle(radius, unit));
    }
    Query::parse(ctx, taker, key, 5, center, shape)?.answer(ctx, key)
}
