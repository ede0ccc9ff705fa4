//! Places.

mod arguments;
mod place;
mod query;
mod radius;
mod search;
mod words;

use super::row::Command;

/// The family's rows.
pub(super) static ROWS: &[Command] = &[
    place::GEOADD,
    place::GEODIST,
    place::GEOHASH,
    place::GEOPOS,
    radius::GEORADIUS,
    radius::GEORADIUSBYMEMBER,
    radius::GEORADIUSBYMEMBER_RO,
    radius::GEORADIUS_RO,
    search::GEOSEARCH,
    search::GEOSEARCHSTORE,
];
