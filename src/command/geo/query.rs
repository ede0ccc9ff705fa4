//! The options of searches, and their answers: what GEOSEARCH and GEORADIUS share.

use super::words;
use crate::api::{Near, Order};
use crate::command::context::Context;
use crate::command::parse::{self, is};
use crate::error::{Error, Result};
use crate::keyspace::Key;
use crate::keyspace::event::{GEORADIUSSTORE, GEOSEARCHSTORE};
use crate::value::geo::{self, Area, Position, Unit};

/// Whose options are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taker {
    Search,
    SearchStore,
    Radius,
    RadiusReadOnly,
}

/// A circle or a box, around a centre that another option gives.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    Circle(f64, Unit),
    Box(f64, f64, Unit),
}

/// A search as it was asked for.
#[derive(Debug)]
pub(super) struct Query<'a> {
    /// `None` if the key is missing: there is nothing to find.
    near: Option<Near>,
    distances: bool,
    hashes: bool,
    positions: bool,
    /// The key under which the result is stored.
    store: Option<&'a [u8]>,
    store_distances: bool,
    taker: Taker,
}

impl<'a> Query<'a> {
    /// Reads the options from word `at` on of a search among the members of `key`. The older commands have
    /// a shape and a centre already, unless the key is missing.
    pub(super) fn parse(
        ctx: &Context<'a, '_>,
        taker: Taker,
        key: Key<'_>,
        at: usize,
        mut center: Option<Position>,
        mut shape: Option<Shape>,
    ) -> Result<Query<'a>> {
        let searches = matches!(taker, Taker::Search | Taker::SearchStore);
        // The older commands have looked before.
        let zset = if searches { ctx.tx.zset(key)? } else { ctx.tx.peek_zset(key)? };
        let args = ctx.args;
        let mut query = Query {
            near: None,
            distances: false,
            hashes: false,
            positions: false,
            store: None,
            store_distances: false,
            taker,
        };
        let (mut from_member, mut from_position) = (false, false);
        let mut polygon = None;
        let (mut order, mut count, mut any) = (Order::Any, None, false);
        let mut at = at;
        while let Some(word) = args.get(at) {
            let left = args.len() - at - 1;
            match word {
                word if is(word, "withdist") => query.distances = true,
                word if is(word, "withhash") => query.hashes = true,
                word if is(word, "withcoord") => query.positions = true,
                word if is(word, "any") => any = true,
                word if is(word, "asc") => order = Order::Nearest,
                word if is(word, "desc") => order = Order::Farthest,
                word if is(word, "count") && left >= 1 => {
                    let number = parse::integer(&args[at + 1])?;
                    let positive = usize::try_from(number).ok().filter(|number| *number > 0);
                    count = Some(positive.ok_or(Error::reply("ERR COUNT must be > 0"))?);
                    at += 1;
                }
                word if taker == Taker::Radius
                    && left >= 1
                    && (is(word, "store") || is(word, "storedist")) =>
                {
                    query.store = Some(args.at(at + 1));
                    query.store_distances = is(word, "storedist");
                    at += 1;
                }
                word if taker == Taker::SearchStore && is(word, "storedist") => {
                    query.store_distances = true;
                }
                word if searches
                    && left >= 1
                    && is(word, "frommember")
                    && !from_position
                    && polygon.is_none() =>
                {
                    if let Some(zset) = zset {
                        center = Some(member(zset.score(&args[at + 1]))?);
                    }
                    from_member = true;
                    at += 1;
                }
                word if searches
                    && left >= 2
                    && is(word, "fromlonlat")
                    && !from_member
                    && polygon.is_none() =>
                {
                    center = Some(words::position(args, at + 1)?);
                    from_position = true;
                    at += 2;
                }
                word if searches
                    && left >= 2
                    && is(word, "byradius")
                    && !matches!(shape, Some(Shape::Box(..)))
                    && polygon.is_none() =>
                {
                    let (radius, unit) = words::radius(args, at + 1)?;
                    shape = Some(Shape::Circle(radius, unit));
                    at += 2;
                }
                word if searches
                    && left >= 3
                    && is(word, "bybox")
                    && !matches!(shape, Some(Shape::Circle(..)))
                    && polygon.is_none() =>
                {
                    let (width, height, unit) = words::sides(args, at + 1)?;
                    shape = Some(Shape::Box(width, height, unit));
                    at += 3;
                }
                word if searches
                    && left >= 2
                    && is(word, "bypolygon")
                    && shape.is_none()
                    && !from_member
                    && !from_position =>
                {
                    let bad = Error::reply("ERR invalid number of vertices");
                    let number = parse::small_integer(&args[at + 1], Some(bad))?;
                    let vertices = usize::try_from(number).unwrap_or(0);
                    if vertices < 3 || vertices > (left - 1) / 2 {
                        let text = "ERR GEOSEARCH BYPOLYGON must have at least 3 vertices";
                        return Err(Error::reply(text));
                    }
                    let vertex = |i: usize| words::position(args, at + 2 + 2 * i);
                    polygon = Some((0..vertices).map(vertex).collect::<Result<Vec<_>>>()?);
                    at += 1 + 2 * vertices;
                }
                _ => return Err(Error::Syntax),
            }
            at += 1;
        }
        let stores = query.store.is_some() || taker == Taker::SearchStore;
        if stores && (query.distances || query.hashes || query.positions) {
            let who = if searches { "GEOSEARCHSTORE" } else { "STORE option in GEORADIUS" };
            return Err(Error::reply(format!(
                "ERR {who} is not compatible with WITHDIST, WITHHASH and WITHCOORD options"
            )));
        }
        if searches && polygon.is_none() {
            let command = args.at(0);
            if !from_member && !from_position {
                let text = "ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for ";
                return Err(Error::echo(text, command, ""));
            }
            if shape.is_none() {
                let text = "ERR exactly one of BYRADIUS and BYBOX can be specified for ";
                return Err(Error::echo(text, command, ""));
            }
        }
        if any && count.is_none() {
            return Err(Error::reply("ERR the ANY argument requires COUNT argument"));
        }
        if zset.is_some() {
            let (area, unit) = match (polygon, shape, center) {
                (Some(vertices), ..) => (Area::Polygon(vertices), 1.0),
                (None, Some(Shape::Circle(radius, unit)), Some(center)) => {
                    let unit = unit.meters();
                    (Area::Circle { center, radius: radius * unit }, unit)
                }
                (None, Some(Shape::Box(width, height, unit)), Some(center)) => {
                    let unit = unit.meters();
                    (Area::Box { center, width: width * unit, height: height * unit }, unit)
                }
                _ => return Err(Error::Syntax),
            };
            query.near = Some(Near { area, unit, order, count, any });
        }
        Ok(query)
    }

    /// Has the result stored.
    pub(super) fn store_under(&mut self, key: &'a [u8]) {
        self.store = Some(key);
    }

    /// Searches among the members of `from`, and answers with what is found, or stores it.
    pub(super) fn answer(&self, ctx: &mut Context<'_, '_>, from: Key<'_>) -> Result<()> {
        if let Some(to) = self.store {
            let key = ctx.keys.iter().find(|key| key.bytes == to).ok_or(Error::Syntax)?;
            let event = match self.taker {
                Taker::SearchStore => GEOSEARCHSTORE,
                _ => GEORADIUSSTORE,
            };
            let near = self.near.as_ref();
            let count = ctx.tx.geo_store(*key, from, near, self.store_distances, event)?;
            return ctx.count(count);
        }
        let hits = match (ctx.tx.peek_zset(from)?, &self.near) {
            (Some(zset), Some(near)) => near.of(zset),
            _ => Vec::new(),
        };
        ctx.reply.array(hits.len());
        let more =
            [self.distances, self.hashes, self.positions].iter().filter(|with| **with).count();
        for hit in hits {
            if more > 0 {
                ctx.reply.array(1 + more);
            }
            ctx.reply.bulk(hit.member.bytes(&mut itoa::Buffer::new()));
            if self.distances {
                words::distance(ctx.reply, hit.distance);
            }
            if self.hashes {
                ctx.reply.integer(geo::whole(hit.score));
            }
            if self.positions {
                words::coordinates(ctx.reply, hit.position);
            }
        }
        Ok(())
    }
}

/// The position of a member with that score, if it is there.
pub(super) fn member(score: Option<f64>) -> Result<Position> {
    let missing = Error::reply("ERR could not decode requested zset member");
    score.map(geo::decode).ok_or(missing)
}
