//! Places under one key.

use std::borrow::Borrow;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::handle::{At, Of, handle_traits, key_methods};
use crate::api::{Db, Engine, GeoSearch, Scope};
use crate::error::Result;
use crate::value::geo::{self, Position, Unit};

/// Places with names of type `T`: a Redis sorted set of positions, whose members are written as [keys](super) are.
///
/// ```
/// use danio::{Position, Unit};
///
/// let db = danio::Db::in_memory();
/// let shops = db.geo_index::<u64>("shops");
/// shops.insert(&1, Position::new(13.361389, 38.115556)?)?;
/// shops.insert(&2, Position::new(15.087269, 37.502669)?)?;
/// let near = shops.near(Position::new(15.0, 37.0)?, 100.0, Unit::Kilometers)?;
/// assert_eq!(near.iter().map(|(shop, _)| *shop).collect::<Vec<_>>(), [2]);
/// # Ok::<(), danio::Error>(())
/// ```
pub struct GeoIndex<T, S = Engine> {
    at: At<S>,
    of: Of<T>,
}

key_methods!(GeoIndex [T] { of } r#"db.geo_index::<u32>("key")"#);

/// Typed places.
impl<S: Scope> Db<S> {
    /// A handle on the places under `key`.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// assert_eq!(db.geo_index::<u64>("shops").len()?, 0);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn geo_index<T>(&self, key: impl AsRef<[u8]>) -> GeoIndex<T, S> {
        GeoIndex { at: At::new(self, key), of: PhantomData }
    }
}

impl<T, S: Scope> GeoIndex<T, S> {
    /// Counts the places (`ZCARD`, O(1), locks one stripe shared).
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if the key holds no sorted set.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// assert_eq!(db.geo_index::<u64>("shops").len()?, 0);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn len(&self) -> Result<usize> {
        self.at.db.zcard(&self.at.key)
    }

    /// Tells whether there is no place (`ZCARD`, O(1), locks one stripe shared).
    ///
    /// # Errors
    /// As [`len`](GeoIndex::len).
    ///
    /// ```
    /// assert!(danio::Db::in_memory().geo_index::<u64>("shops").is_empty()?);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn is_empty(&self) -> Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Puts a place where it is (`GEOADD`, O(log places), locks one stripe). Returns whether it was missing.
    ///
    /// # Errors
    /// See the [module](super).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let shops = db.geo_index::<u64>("shops");
    /// assert!(shops.insert(&1, danio::Position::new(13.36, 38.12)?)?);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn insert<Q>(&self, place: &Q, position: Position) -> Result<bool>
    where
        T: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        self.at.db.geoadd(&self.at.key, self.at.member(place)?, position)
    }

    /// Removes a place (`ZREM`, O(log places), locks one stripe). Returns whether it was there.
    ///
    /// # Errors
    /// See the [module](super).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// assert!(!db.geo_index::<u64>("shops").remove(&1)?);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn remove<Q>(&self, place: &Q) -> Result<bool>
    where
        T: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        self.at.db.zrem(&self.at.key, self.at.member(place)?)
    }

    /// Returns where a place is, to some centimetres (`GEOPOS`, O(1), locks one stripe shared).
    ///
    /// # Errors
    /// See the [module](super).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// assert_eq!(db.geo_index::<u64>("shops").position(&1)?, None);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn position<Q>(&self, place: &Q) -> Result<Option<Position>>
    where
        T: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        self.at.db.geopos(&self.at.key, self.at.member(place)?)
    }

    /// Tells whether a place is there (`ZSCORE`, O(1), locks one stripe shared).
    ///
    /// # Errors
    /// See the [module](super).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// assert!(!db.geo_index::<u64>("shops").contains(&1)?);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn contains<Q>(&self, place: &Q) -> Result<bool>
    where
        T: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        Ok(self.at.db.zscore(&self.at.key, self.at.member(place)?)?.is_some())
    }

    /// Returns how far two places are from one another, if both are there (`GEODIST`, O(1), locks one stripe shared).
    ///
    /// # Errors
    /// See the [module](super).
    ///
    /// ```
    /// use danio::{Position, Unit};
    ///
    /// let db = danio::Db::in_memory();
    /// let shops = db.geo_index::<u64>("shops");
    /// shops.insert(&1, Position::new(13.361389, 38.115556)?)?;
    /// shops.insert(&2, Position::new(15.087269, 37.502669)?)?;
    /// assert_eq!(shops.distance(&1, &2, Unit::Kilometers)?.map(f64::round), Some(166.0));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn distance<Q>(&self, a: &Q, b: &Q, unit: Unit) -> Result<Option<f64>>
    where
        T: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        self.at.db.geodist(&self.at.key, self.at.member(a)?, self.at.member(b)?, unit)
    }
}

impl<T: DeserializeOwned, S: Scope> GeoIndex<T, S> {
    /// Returns what a search finds, with the distances (`GEOSEARCH`, O(places in and about the area), locks one stripe
    /// shared).
    ///
    /// # Errors
    /// See the [module](super), and as [`Db::geosearch`].
    ///
    /// ```
    /// use danio::{GeoSearch, Position, Unit};
    ///
    /// let db = danio::Db::in_memory();
    /// let shops = db.geo_index::<u64>("shops");
    /// shops.insert(&1, Position::new(13.361389, 38.115556)?)?;
    /// let area = GeoSearch::rectangle(Position::new(13.0, 38.0)?, 100.0, 100.0, Unit::Kilometers);
    /// assert_eq!(shops.search(&area.nearest_first().count(1))?[0].0, 1);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn search(&self, search: &GeoSearch) -> Result<Vec<(T, f64)>> {
        let found = self.at.db.geosearch(&self.at.key, search)?;
        found.into_iter().map(|hit| Ok((self.at.member_of(&hit.member)?, hit.distance))).collect()
    }

    /// Returns the places within a distance of a position, nearest first (`GEOSEARCH`, O(places in and about the area),
    /// locks one stripe shared).
    ///
    /// # Errors
    /// See the [module](super).
    ///
    /// ```
    /// use danio::{Position, Unit};
    ///
    /// let db = danio::Db::in_memory();
    /// let shops = db.geo_index::<u64>("shops");
    /// assert!(shops.near(Position::new(13.0, 38.0)?, 1.0, Unit::Kilometers)?.is_empty());
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn near(&self, center: Position, radius: f64, unit: Unit) -> Result<Vec<(T, f64)>> {
        self.search(&GeoSearch::circle(center, radius, unit).nearest_first())
    }

    /// Returns the places within a distance of one of them, itself included, nearest first (`GEOSEARCH` with
    /// `FROMMEMBER`, O(places in and about the area), locks one stripe shared).
    ///
    /// # Errors
    /// See the [module](super), and if the place is not there.
    ///
    /// ```
    /// use danio::{Position, Unit};
    ///
    /// let db = danio::Db::in_memory();
    /// let shops = db.geo_index::<u64>("shops");
    /// shops.insert(&1, Position::new(13.361389, 38.115556)?)?;
    /// assert_eq!(shops.near_place(&1, 1.0, Unit::Kilometers)?.len(), 1);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn near_place<Q>(&self, place: &Q, radius: f64, unit: Unit) -> Result<Vec<(T, f64)>>
    where
        T: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        let place = self.at.member(place)?.to_vec();
        self.search(&GeoSearch::circle_around(place, radius, unit).nearest_first())
    }
}

/// Going through the places.
impl<T: DeserializeOwned> GeoIndex<T> {
    /// Returns all places with their positions, a page at a time, those that are near one another mostly side by side
    /// (O(places), locks one stripe shared for a page, and no lock between two items). A place that is moved meanwhile may
    /// be missed or come twice, and no other.
    ///
    /// # Errors
    /// Of an item: see the [module](super).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let shops = db.geo_index::<u64>("shops");
    /// shops.insert(&1, danio::Position::new(13.361389, 38.115556)?)?;
    /// let all = shops.iter().collect::<danio::Result<Vec<_>>>()?;
    /// assert_eq!((all.len(), all[0].0, all[0].1.latitude().round()), (1, 1, 38.0));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = Result<(T, Position)>> + use<T> {
        let index = self.clone();
        self.at.db.iter_zset(self.at.key.clone()).map(move |pair| {
            let (place, score) = pair?;
            Ok((index.at.member_of(&place)?, geo::decode(score.get())))
        })
    }
}
