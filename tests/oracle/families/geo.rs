//! Geo: places, distances, searches of every shape.

use super::Dialect;
use crate::dice::Dice;
use crate::words::{self, Line, Words};

pub(crate) fn next(dice: &mut Dice, dialect: Dialect) -> Words {
    let name = dice.weighted(&[
        (30, "GEOADD"),
        (8, "GEOPOS"),
        (8, "GEODIST"),
        (6, "GEOHASH"),
        (30, "GEOSEARCH"),
        (8, "GEOSEARCHSTORE"),
        (6, "GEORADIUS"),
        (6, "GEORADIUSBYMEMBER"),
        (3, "GEORADIUS_RO"),
        (3, "GEORADIUSBYMEMBER_RO"),
        (3, "ZREM"),
        (2, "ZRANGE"),
        (2, "ZUNIONSTORE"),
        (2, "SET"),
        (2, "DEL"),
    ]);
    let line = |dice| Line::new(dice, name);
    match name {
        "GEOADD" => geoadd(dice),
        "GEOPOS" | "GEOHASH" => members(key(line(dice))).end(),
        "GEODIST" => member(member(key(line(dice)))).maybe(2, unit).end(),
        "GEOSEARCH" => search(key(line(dice)), dialect).some(with).end(),
        "GEOSEARCHSTORE" => search(key(key(line(dice))), dialect)
            .maybe(3, |line| line.option("STOREDIST"))
            .maybe(30, with)
            .end(),
        "GEORADIUS" | "GEORADIUS_RO" => {
            radius(position(key(line(dice)))).some(with).some(order).maybe(3, store).end()
        }
        "GEORADIUSBYMEMBER" | "GEORADIUSBYMEMBER_RO" => {
            radius(member(key(line(dice)))).some(with).some(order).maybe(3, store).end()
        }
        "ZREM" => members(key(line(dice))).end(),
        "ZRANGE" => key(line(dice)).word("0").word("-1").option("WITHSCORES").end(),
        "ZUNIONSTORE" => key(key(key(line(dice)).word("2"))).end(),
        "SET" => line(dice).word("geo:string").value().end(),
        _ => key(line(dice)).end(),
    }
}

/// Keys of their own: positions that tie have no order. A string, now and then.
fn key(line: Line<'_>) -> Line<'_> {
    let key = *line.dice.pick(&[&"geo:1", &"geo:2", &"geo:3", &"geo:1", &"geo:2", &"geo:string"]);
    line.word(key)
}

fn member(line: Line<'_>) -> Line<'_> {
    let member = match line.dice.below(15) {
        0 => words::value(line.dice),
        n => format!("p{}", line.dice.below(4 * n)).into_bytes(),
    };
    line.word(member)
}

fn members(mut line: Line<'_>) -> Line<'_> {
    for _ in 0..1 + line.dice.below(4) {
        line = member(line);
    }
    line
}

/// A position, mostly of its own, so that no two are equally far from a third; in a few places that are
/// close together, all over the earth, at its edges, and off them.
fn position(line: Line<'_>) -> Line<'_> {
    let part = |dice: &mut Dice, around: f64, within: f64| {
        let offset = dice.below(2_000_001) as f64 / 1_000_000.0 - 1.0;
        format!("{:.7}", around + offset * within)
    };
    let (longitude, latitude) = match line.dice.below(20) {
        0 => {
            let edge = line.dice.pick(&["180", "-180", "181", "x", "", "inf", "-180.00001"]);
            (
                edge.to_owned(),
                line.dice.pick(&["85.05112878", "-85.05112878", "86", "y", "0"]).to_owned(),
            )
        }
        1..=5 => (part(line.dice, 0.0, 180.0), part(line.dice, 0.0, 85.0)),
        6 => (part(line.dice, 179.0, 0.9), part(line.dice, 80.0, 5.0)),
        7 => (part(line.dice, 0.0, 0.001), part(line.dice, 0.0, 0.001)),
        n if n < 14 => (part(line.dice, 15.0, 2.0), part(line.dice, 37.0, 2.0)),
        _ => (part(line.dice, 15.0, 0.02), part(line.dice, -37.0, 0.02)),
    };
    line.word(longitude).word(latitude)
}

fn geoadd(dice: &mut Dice) -> Words {
    let mut line = key(Line::new(dice, "GEOADD"));
    if line.dice.one_in(4) {
        line = line.some(|line| {
            let option = *line.dice.pick(&[&"NX", &"XX", &"CH"]);
            line.option(option)
        });
    }
    let places = line.dice.weighted(&[(8, 1), (6, 4), (2, 40)]);
    for _ in 0..places {
        line = member(position(line));
    }
    line.end()
}

fn unit(line: Line<'_>) -> Line<'_> {
    let unit = *line.dice.pick(&[&"m", &"km", &"ft", &"mi", &"M", &"KM", &"yd"]);
    line.word(unit)
}

/// A length and its unit.
fn radius(line: Line<'_>) -> Line<'_> {
    let line = length(line);
    known_unit(line)
}

fn known_unit(line: Line<'_>) -> Line<'_> {
    if line.dice.one_in(30) {
        return unit(line);
    }
    let unit = *line.dice.pick(&[&"m", &"km", &"km", &"ft", &"mi", &"KM"]);
    line.word(unit)
}

fn length(line: Line<'_>) -> Line<'_> {
    let length = match line.dice.below(16) {
        0 => line.dice.pick(&["0", "-1", "x", "", "1e10", "0.5"]).to_string(),
        n => format!("{}.{}", line.dice.below(10_usize.pow(1 + n as u32 % 5)), line.dice.below(10)),
    };
    line.word(length)
}

fn center(line: Line<'_>) -> Line<'_> {
    match line.dice.below(30) {
        0 => line,
        n if n < 16 => position(line.option("FROMLONLAT")),
        _ => member(line.option("FROMMEMBER")),
    }
}

fn shape(line: Line<'_>) -> Line<'_> {
    match line.dice.below(30) {
        0 => line,
        n if n < 16 => radius(line.option("BYRADIUS")),
        _ => known_unit(length(length(line.option("BYBOX")))),
    }
}

fn search(line: Line<'_>, dialect: Dialect) -> Line<'_> {
    if dialect >= Dialect::Valkey9 && line.dice.one_in(5) {
        return polygon(line).some(order);
    }
    let line = if line.dice.one_in(2) { shape(center(line)) } else { center(shape(line)) };
    line.some(order)
}

fn polygon(line: Line<'_>) -> Line<'_> {
    let vertices = 3 + line.dice.below(4);
    let number = match line.dice.below(20) {
        0 => line.dice.pick(&["2", "x", "0", "-3", "99"]).to_string(),
        _ => vertices.to_string(),
    };
    let mut line = line.option("BYPOLYGON").word(number);
    // Not all around the earth: where the centroid lies near a pole, Valkey searches nowhere.
    let (east, north) = *line.dice.pick(&[&(15.0, 37.0), &(15.0, -37.0), &(0.0, 0.0)]);
    for _ in 0..vertices {
        let mut part = |around: f64| {
            let offset = line.dice.below(2_000_001) as f64 / 1_000_000.0 - 1.0;
            format!("{:.7}", around + offset * 4.0)
        };
        let (longitude, latitude) = (part(east), part(north));
        line = line.word(longitude).word(latitude);
    }
    line.maybe(20, center)
}

/// What comes back, in which order, how much of it.
fn order(line: Line<'_>) -> Line<'_> {
    match line.dice.below(6) {
        0 | 1 => line.option("ASC"),
        2 => line.option("DESC"),
        n => {
            let count = *line.dice.pick(&[&"1", &"2", &"3", &"7", &"100", &"0", &"-1", &"x"]);
            let line = line.option("COUNT").word(count);
            if n == 5 { line.option("ANY") } else { line }
        }
    }
}

fn with(line: Line<'_>) -> Line<'_> {
    let what = *line.dice.pick(&[&"WITHDIST", &"WITHCOORD", &"WITHHASH"]);
    line.option(what)
}

fn store(line: Line<'_>) -> Line<'_> {
    let how = *line.dice.pick(&[&"STORE", &"STOREDIST"]);
    key(line.option(how))
}
