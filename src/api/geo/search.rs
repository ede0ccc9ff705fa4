//! Finding places: GEOSEARCH, GEOSEARCHSTORE.

use bytes::Bytes;

use crate::api::{Db, Scope};
use crate::error::{Error, Result};
use crate::keyspace::event::{Event, GEOSEARCHSTORE};
use crate::keyspace::{Access, Key, Tx};
use crate::value::geo::{self, Area, Found, Position, Unit};
use crate::value::zset::{ZSet, ZSetRef};

/// In which order places are wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Order {
    /// As they are found.
    #[default]
    Any,
    /// The nearest first.
    Nearest,
    /// The farthest first.
    Farthest,
}

/// A search: where, and how much of what there is.
#[derive(Debug, Clone)]
pub(crate) struct Near {
    pub(crate) area: Area,
    /// Metres in the unit of distances.
    pub(crate) unit: f64,
    pub(crate) order: Order,
    pub(crate) count: Option<usize>,
    /// Whether the first `count` that are found will do.
    pub(crate) any: bool,
}

/// A place that was found; the distance is in the unit of the search.
pub(crate) type Hit<'a> = Found<'a>;

impl Near {
    /// The places in the area, in the order that is wanted.
    pub(crate) fn of<'z>(&self, zset: ZSetRef<'z>) -> Vec<Hit<'z>> {
        let most = self.count.filter(|_| self.any).unwrap_or(usize::MAX);
        let mut found = geo::search(zset, &self.area, most);
        let wanted = self.count.unwrap_or(usize::MAX).min(found.len());
        let order = match self.order {
            // The first so many of no order would be anybody's.
            Order::Any if self.count.is_some() && !self.any => Order::Nearest,
            order => order,
        };
        let compare = |a: &Hit<'_>, b: &Hit<'_>| match order {
            Order::Farthest => b.distance.total_cmp(&a.distance),
            _ => a.distance.total_cmp(&b.distance),
        };
        if order != Order::Any {
            if wanted < found.len() {
                if wanted > 0 {
                    found.select_nth_unstable_by(wanted - 1, compare);
                }
                found.truncate(wanted);
            }
            found.sort_by(compare);
        }
        found.truncate(wanted);
        found.iter_mut().for_each(|hit| hit.distance /= self.unit);
        found
    }
}

impl Tx<'_> {
    /// Stores the places that a search finds among those of `from` under `to`, whatever that held, with their
    /// distances for scores if `distances` (`GEOSEARCHSTORE`). Returns how many. There is no search if `from` is
    /// missing.
    pub(crate) fn geo_store(
        &mut self,
        to: Key<'_>,
        from: Key<'_>,
        near: Option<&Near>,
        distances: bool,
        event: Event,
    ) -> Result<usize> {
        let limits = &self.keyspace().settings.limits;
        let zset = match (self.peek_zset(from)?, near) {
            (Some(zset), Some(near)) => {
                let mut hits: Vec<(Vec<u8>, f64)> = near
                    .of(zset)
                    .into_iter()
                    .map(|hit| {
                        (hit.member.to_vec(), if distances { hit.distance } else { hit.score })
                    })
                    .collect();
                // In order they are stored faster. A cell may have been looked through twice.
                hits.sort_by(|a, b| a.1.total_cmp(&b.1).then_with(|| a.0.cmp(&b.0)));
                hits.dedup_by(|a, b| a.0 == b.0);
                let longest = hits.iter().map(|(member, _)| member.len()).max().unwrap_or(0);
                let size = (hits.len(), longest);
                ZSet::collect(hits.into_iter(), size, limits)
            }
            _ => ZSet::default(),
        };
        self.zstore(to, zset, event)
    }
}

/// A place that [`Db::geosearch`] found.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct GeoMatch {
    /// Its name.
    pub member: Bytes,
    /// How far it is from the centre of the area, in the unit of the search.
    pub distance: f64,
    /// Where it is.
    pub position: Position,
    /// The 52 bits of its position: its score.
    pub hash: i64,
}

/// Where the centre of a search is.
#[derive(Debug, Clone)]
enum Center {
    Position(Position),
    Member(Bytes),
}

/// The shape of a search's area; lengths are in the search's unit.
#[derive(Debug, Clone)]
enum Shape {
    Circle(Center, f64),
    Box(Center, f64, f64),
    Polygon(Vec<Position>),
}

/// A search for places: in which area, in which order, how many.
///
/// ```
/// use danio::{Db, GeoSearch, Position, Unit};
///
/// let db = Db::in_memory();
/// db.geoadd("sicily", "Palermo", Position::new(13.361389, 38.115556)?)?;
/// db.geoadd("sicily", "Catania", Position::new(15.087269, 37.502669)?)?;
/// let here = Position::new(15.0, 37.0)?;
/// let near = GeoSearch::circle(here, 100.0, Unit::Kilometers).nearest_first().count(3);
/// let found = db.geosearch("sicily", &near)?;
/// assert_eq!(found.len(), 1);
/// assert_eq!(found[0].member, "Catania");
/// assert_eq!(found[0].distance.round(), 56.0);
/// # Ok::<(), danio::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct GeoSearch {
    shape: Shape,
    unit: Unit,
    order: Order,
    count: Option<usize>,
    any: bool,
}

impl GeoSearch {
    fn new(shape: Shape, unit: Unit) -> GeoSearch {
        GeoSearch { shape, unit, order: Order::Any, count: None, any: false }
    }

    /// Within a distance of a position (`FROMLONLAT`, `BYRADIUS`).
    pub fn circle(center: Position, radius: f64, unit: Unit) -> GeoSearch {
        GeoSearch::new(Shape::Circle(Center::Position(center), radius), unit)
    }

    /// Within a distance of a member (`FROMMEMBER`, `BYRADIUS`).
    pub fn circle_around(member: impl Into<Bytes>, radius: f64, unit: Unit) -> GeoSearch {
        GeoSearch::new(Shape::Circle(Center::Member(member.into()), radius), unit)
    }

    /// In a box with a position in its middle (`FROMLONLAT`, `BYBOX`).
    pub fn rectangle(center: Position, width: f64, height: f64, unit: Unit) -> GeoSearch {
        GeoSearch::new(Shape::Box(Center::Position(center), width, height), unit)
    }

    /// In a box with a member in its middle (`FROMMEMBER`, `BYBOX`).
    pub fn rectangle_around(
        member: impl Into<Bytes>,
        width: f64,
        height: f64,
        unit: Unit,
    ) -> GeoSearch {
        GeoSearch::new(Shape::Box(Center::Member(member.into()), width, height), unit)
    }

    /// In a polygon of at least three vertices; distances are from its centroid, in metres (Valkey's `BYPOLYGON`).
    pub fn polygon(vertices: impl IntoIterator<Item = Position>) -> GeoSearch {
        GeoSearch::new(Shape::Polygon(vertices.into_iter().collect()), Unit::Meters)
    }

    /// The nearest first (`ASC`).
    pub fn nearest_first(mut self) -> GeoSearch {
        self.order = Order::Nearest;
        self
    }

    /// The farthest first (`DESC`).
    pub fn farthest_first(mut self) -> GeoSearch {
        self.order = Order::Farthest;
        self
    }

    /// At most so many, the nearest unless another order is asked for (`COUNT`).
    pub fn count(mut self, count: usize) -> GeoSearch {
        (self.count, self.any) = (Some(count), false);
        self
    }

    /// At most so many, whichever are found first (`COUNT` with `ANY`): quicker where many are there.
    pub fn any(mut self, count: usize) -> GeoSearch {
        (self.count, self.any) = (Some(count), true);
        self
    }

    /// The search in a sorted set, in metres.
    fn within(&self, zset: ZSetRef<'_>) -> Result<Near> {
        let unit = self.unit.meters();
        let length = |length: f64, negative: &'static str| {
            if length >= 0.0 { Ok(length * unit) } else { Err(Error::reply(negative)) }
        };
        let place = |center: &Center| match center {
            Center::Position(position) => Ok(*position),
            Center::Member(member) => zset
                .score(member)
                .map(geo::decode)
                .ok_or(Error::reply("ERR could not decode requested zset member")),
        };
        let area = match &self.shape {
            Shape::Circle(center, radius) => Area::Circle {
                center: place(center)?,
                radius: length(*radius, "ERR radius cannot be negative")?,
            },
            Shape::Box(center, width, height) => Area::Box {
                center: place(center)?,
                width: length(*width, "ERR height or width cannot be negative")?,
                height: length(*height, "ERR height or width cannot be negative")?,
            },
            Shape::Polygon(vertices) if vertices.len() < 3 => {
                return Err(Error::reply("ERR GEOSEARCH BYPOLYGON must have at least 3 vertices"));
            }
            Shape::Polygon(vertices) => Area::Polygon(vertices.clone()),
        };
        Ok(Near { area, unit, order: self.order, count: self.count, any: self.any })
    }
}

impl<S: Scope> Db<S> {
    /// Finds the places in an area (`GEOSEARCH`, O(log n + places about the area), locks one stripe shared).
    ///
    /// # Errors
    /// [`Error::WrongType`] if the key holds no sorted set; Redis's words for a member that is not there, a length
    /// that is negative, and a polygon of two vertices.
    ///
    /// ```
    /// use danio::{Db, GeoSearch, Position};
    ///
    /// let db = Db::in_memory();
    /// db.geoadd("sicily", "Palermo", Position::new(13.361389, 38.115556)?)?;
    /// let west = [(12.0, 37.0), (14.0, 37.0), (14.0, 39.0), (12.0, 39.0)];
    /// let corners = west.map(|(lon, lat)| Position::new(lon, lat).expect("on earth"));
    /// assert_eq!(db.geosearch("sicily", &GeoSearch::polygon(corners))?.len(), 1);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn geosearch(&self, key: impl AsRef<[u8]>, search: &GeoSearch) -> Result<Vec<GeoMatch>> {
        let found = self.with_zset(key.as_ref(), |_, zset| {
            let hits = search.within(zset)?.of(zset).into_iter();
            let owned = hits.map(|hit| GeoMatch {
                member: hit.member.to_vec().into(),
                distance: hit.distance,
                position: hit.position,
                hash: geo::whole(hit.score),
            });
            Ok(owned.collect())
        })?;
        found.unwrap_or(Ok(Vec::new()))
    }

    /// Stores the places in an area under `to`, whatever that held (`GEOSEARCHSTORE`, as [`geosearch`](Db::geosearch),
    /// locks two stripes). Returns how many.
    ///
    /// # Errors
    /// As [`geosearch`](Db::geosearch); nothing is changed then.
    ///
    /// ```
    /// use danio::{Db, GeoSearch, Position, Unit};
    ///
    /// let db = Db::in_memory();
    /// db.geoadd("sicily", "Palermo", Position::new(13.361389, 38.115556)?)?;
    /// let near = GeoSearch::circle_around("Palermo", 1.0, Unit::Miles);
    /// assert_eq!(db.geosearch_store("near", "sicily", &near)?, 1);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn geosearch_store(
        &self,
        to: impl AsRef<[u8]>,
        from: impl AsRef<[u8]>,
        search: &GeoSearch,
    ) -> Result<usize> {
        self.searched_to(to.as_ref(), from.as_ref(), search, false)
    }

    /// Stores the places in an area under `to` with their distances for scores (`GEOSEARCHSTORE` with `STOREDIST`, as
    /// [`geosearch_store`](Db::geosearch_store)).
    ///
    /// # Errors
    /// As [`geosearch`](Db::geosearch); nothing is changed then.
    ///
    /// ```
    /// use danio::{Db, GeoSearch, Position, Unit};
    ///
    /// let db = Db::in_memory();
    /// db.geoadd("sicily", "Palermo", Position::new(13.361389, 38.115556)?)?;
    /// let near = GeoSearch::circle_around("Palermo", 1.0, Unit::Miles);
    /// assert_eq!(db.geosearch_store_distances("near", "sicily", &near)?, 1);
    /// assert_eq!(db.zscore("near", "Palermo")?, Some(0.into()));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn geosearch_store_distances(
        &self,
        to: impl AsRef<[u8]>,
        from: impl AsRef<[u8]>,
        search: &GeoSearch,
    ) -> Result<usize> {
        self.searched_to(to.as_ref(), from.as_ref(), search, true)
    }

    fn searched_to(
        &self,
        to: &[u8],
        from: &[u8],
        search: &GeoSearch,
        distances: bool,
    ) -> Result<usize> {
        self.make_room()?;
        let keys = [self.key(to), self.key(from)];
        self.many(&keys, Access::Exclusive, |tx| {
            let near = tx.zset(keys[1])?.map(|zset| search.within(zset)).transpose()?;
            tx.geo_store(keys[0], keys[1], near.as_ref(), distances, GEOSEARCHSTORE)
        })
    }
}
