//! Places on earth as scores of sorted sets, and searches among them.
//!
//! A position is 26 bits of latitude and 26 of longitude, interleaved: an integer that a score holds
//! exactly, and that is close to those of most places nearby. The algorithms, and every step of
//! their arithmetic, are those of Valkey's geohash.c, geohash_helper.c and geo.c (BSD), so that results
//! are equal to the last digit.

mod hash;
mod search;
mod shape;
#[cfg(test)]
mod tests;

pub(crate) use hash::{decode, geohash, score, whole};
pub(crate) use search::{Found, search};
pub(crate) use shape::{Area, distance};

use crate::error::{Error, Result};

/// The greatest longitude, east of Greenwich; the lowest is its opposite.
const LONGITUDE: f64 = 180.0;
/// The greatest latitude, that of EPSG:900913: the poles cannot be told.
const LATITUDE: f64 = 85.051_128_78;

/// A position on earth, in degrees.
///
/// ```
/// use danio::Position;
///
/// let rome = Position::new(12.4964, 41.9028)?;
/// assert_eq!(rome.latitude(), 41.9028);
/// assert!(Position::new(12.0, 89.0).is_err());
/// # Ok::<(), danio::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Position {
    longitude: f64,
    latitude: f64,
}

impl Position {
    /// A position: the longitude first, -180 to 180, then the latitude, about -85.05 to 85.05.
    ///
    /// # Errors
    /// Redis's words for one that lies outside.
    pub fn new(longitude: f64, latitude: f64) -> Result<Position> {
        // A NaN is refused, too.
        if longitude.abs() <= LONGITUDE && latitude.abs() <= LATITUDE {
            return Ok(Position { longitude, latitude });
        }
        let text = format!("ERR invalid longitude,latitude pair {longitude:.6},{latitude:.6}");
        Err(Error::reply(text))
    }

    /// Degrees east of Greenwich.
    pub fn longitude(self) -> f64 {
        self.longitude
    }

    /// Degrees north of the equator.
    pub fn latitude(self) -> f64 {
        self.latitude
    }

    /// The distance to another position, in metres, on a sphere.
    ///
    /// ```
    /// use danio::Position;
    ///
    /// let (palermo, catania) = (Position::new(13.361389, 38.115556)?, Position::new(15.087269, 37.502669)?);
    /// assert_eq!(palermo.distance(catania).round(), 166274.0);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn distance(self, other: Position) -> f64 {
        distance(self, other)
    }
}

/// A unit of length.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Metres.
    #[default]
    Meters,
    /// Kilometres.
    Kilometers,
    /// Feet.
    Feet,
    /// Miles.
    Miles,
}

impl Unit {
    /// How many metres the unit is long; a mile as Redis has it.
    ///
    /// ```
    /// assert_eq!(danio::Unit::Miles.meters(), 1609.34);
    /// ```
    pub fn meters(self) -> f64 {
        match self {
            Unit::Meters => 1.0,
            Unit::Kilometers => 1000.0,
            Unit::Feet => 0.3048,
            Unit::Miles => 1609.34,
        }
    }
}
