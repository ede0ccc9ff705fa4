//! GEOSEARCH, GEOSEARCHSTORE.

use super::arguments::{BY, COUNT, FROM, ORDER, WITHCOORD, WITHDIST, WITHHASH};
use super::query::{Query, Taker};
use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::error::Result;

pub(super) const GEOSEARCH: Command = Command::new("geosearch", -7, geosearch)
    .group(Group::Geo)
    .flags(&[Flags::READONLY])
    .categories(&[Categories::GEO])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .since("6.2.0")
    .complexity("O(N+log(M)) with M members, N of them about the area")
    .summary("Finds members in an area.")
    .history(&[("7.0.0", "Upper-case units."), ("9.0.0", "Valkey: `BYPOLYGON`.")])
    .args(&[Arg::key("key", 0), FROM, BY, ORDER, COUNT, WITHCOORD, WITHDIST, WITHHASH]);

fn geosearch(ctx: &mut Context<'_, '_>) -> Result<()> {
    let query = Query::parse(ctx, Taker::Search, ctx.key(), 2, None, None)?;
    query.answer(ctx, ctx.key())
}

pub(super) const GEOSEARCHSTORE: Command = Command::new("geosearchstore", -8, geosearchstore)
    .group(Group::Geo)
    .flags(&[Flags::WRITE, Flags::DENYOOM])
    .categories(&[Categories::GEO])
    .keys(&[
        KeySpec::one(1, &[KeyFlags::OW, KeyFlags::UPDATE]),
        KeySpec::one(2, &[KeyFlags::RO, KeyFlags::ACCESS]),
    ])
    .since("6.2.0")
    .complexity("O(N+log(M)) with M members, N of them about the area")
    .summary("Stores the members in an area.")
    .history(&[("7.0.0", "Upper-case units."), ("9.0.0", "Valkey: `BYPOLYGON`.")])
    .args(&[
        Arg::key("destination", 0),
        Arg::key("source", 1),
        FROM,
        BY,
        ORDER,
        COUNT,
        Arg::word("storedist", "STOREDIST").optional(),
    ]);

fn geosearchstore(ctx: &mut Context<'_, '_>) -> Result<()> {
    let [to, from] = [ctx.keys[0], ctx.keys[1]];
    let mut query = Query::parse(ctx, Taker::SearchStore, from, 3, None, None)?;
    query.store_under(to.bytes);
    query.answer(ctx, from)
}
