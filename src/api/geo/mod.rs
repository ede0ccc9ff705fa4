//! Places: sorted sets whose scores are positions.

mod place;
mod search;

pub use search::{GeoMatch, GeoSearch};
pub(crate) use search::{Near, Order};
