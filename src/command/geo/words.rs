//! Reading positions and lengths, and writing them.

use crate::command::args::Args;
use crate::command::parse::is;
use crate::command::reply::Reply;
use crate::error::{Error, Result};
use crate::text::double;
use crate::value::geo::{Position, Unit};

/// The position that words `at` and the one behind it give.
pub(super) fn position(args: Args<'_>, at: usize) -> Result<Position> {
    let number = |word: &[u8]| double::parse(word).ok_or(Error::NotFloat);
    Position::new(number(&args[at])?, number(&args[at + 1])?)
}

pub(super) fn unit(word: &[u8]) -> Result<Unit> {
    match word {
        word if is(word, "m") => Ok(Unit::Meters),
        word if is(word, "km") => Ok(Unit::Kilometers),
        word if is(word, "ft") => Ok(Unit::Feet),
        word if is(word, "mi") => Ok(Unit::Miles),
        _ => Err(Error::reply("ERR unsupported unit provided. please use M, KM, FT, MI")),
    }
}

/// The radius that word `at` gives, and the unit behind it.
pub(super) fn radius(args: Args<'_>, at: usize) -> Result<(f64, Unit)> {
    let radius = double::parse(&args[at]).ok_or(Error::reply("ERR need numeric radius"))?;
    if radius < 0.0 {
        return Err(Error::reply("ERR radius cannot be negative"));
    }
    Ok((radius, unit(&args[at + 1])?))
}

/// The width and height that word `at` and the one behind it give, and the unit behind them.
pub(super) fn sides(args: Args<'_>, at: usize) -> Result<(f64, f64, Unit)> {
    let width = double::parse(&args[at]).ok_or(Error::reply("ERR need numeric width"))?;
    let height = double::parse(&args[at + 1]).ok_or(Error::reply("ERR need numeric height"))?;
    if width < 0.0 || height < 0.0 {
        return Err(Error::reply("ERR height or width cannot be negative"));
    }
    Ok((width, height, unit(&args[at + 2])?))
}

/// Answers with a distance, to four places.
pub(super) fn distance(reply: &mut dyn Reply, distance: f64) {
    // As servers round: the number of ten-thousandths to even, not the decimal.
    let parts = (distance * 10_000.0).round_ties_even() as i64;
    let (whole, rest) = (parts / 10_000, parts % 10_000);
    reply.bulk(format!("{whole}.{rest:04}").as_bytes());
}

/// Answers with a position: longitude and latitude, each to seventeen places.
pub(super) fn coordinates(reply: &mut dyn Reply, position: Position) {
    reply.array(2);
    for degrees in [position.longitude(), position.latitude()] {
        let text = format!("{degrees:.17}");
        let text = text.trim_end_matches('0').trim_end_matches('.');
        reply.long_double(degrees, if text == "-0" { "0" } else { text });
    }
}
