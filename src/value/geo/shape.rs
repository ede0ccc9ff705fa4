//! Areas, and which of their cells may hold positions of theirs.

use super::hash::{Bounds, Cell, STEPS};
use super::{LATITUDE, LONGITUDE, Position};

/// The earth's mean radius in metres.
const RADIUS: f64 = 6_372_797.560_856;
/// Half the length of the equator in EPSG:900913.
const MERCATOR: f64 = 20_037_726.37;

/// Where to search. Lengths are in metres.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Area {
    Circle { center: Position, radius: f64 },
    Box { center: Position, width: f64, height: f64 },
    Polygon(Vec<Position>),
}

fn radians(degrees: f64) -> f64 {
    degrees * (std::f64::consts::PI / 180.0)
}

fn degrees(radians: f64) -> f64 {
    radians / (std::f64::consts::PI / 180.0)
}

/// The distance between two positions in metres (the haversine formula).
pub(crate) fn distance(a: Position, b: Position) -> f64 {
    let v = ((radians(b.longitude) - radians(a.longitude)) / 2.0).sin();
    // On one meridian, or as good as on one, the formula comes to less.
    if v.abs() <= 1e-15 {
        return along_meridian(a.latitude, b.latitude);
    }
    let (south, north) = (radians(a.latitude), radians(b.latitude));
    let u = ((north - south) / 2.0).sin();
    let a = u * u + south.cos() * north.cos() * v * v;
    2.0 * RADIUS * a.sqrt().asin()
}

fn along_meridian(a: f64, b: f64) -> f64 {
    RADIUS * (radians(b) - radians(a)).abs()
}

impl Area {
    /// The position from which distances are told: the centre, or the centroid of the vertices.
    pub(crate) fn center(&self) -> Position {
        match self {
            Area::Circle { center, .. } | Area::Box { center, .. } => *center,
            Area::Polygon(vertices) => {
                let (mut x, mut y, mut z) = (0.0, 0.0, 0.0);
                for vertex in vertices {
                    let (lon, lat) = (radians(vertex.longitude), radians(vertex.latitude));
                    x += lat.cos() * lon.cos();
                    y += lat.cos() * lon.sin();
                    z += lat.sin();
                }
                let longitude = degrees(f64::atan2(y, x));
                let latitude = degrees(f64::atan2(z, f64::sqrt(x * x + y * y)));
                Position { longitude, latitude }
            }
        }
    }

    /// How far a position in the area is from `center`, which is the area's; `None` if it lies outside.
    pub(super) fn distance(&self, center: Position, position: Position) -> Option<f64> {
        match self {
            Area::Circle { radius, .. } => {
                Some(distance(center, position)).filter(|far| far <= radius)
            }
            Area::Box { width, height, .. } => {
                if along_meridian(position.latitude, center.latitude) > height / 2.0 {
                    return None;
                }
                let level = Position { longitude: center.longitude, latitude: position.latitude };
                if distance(position, level) > width / 2.0 {
                    return None;
                }
                Some(distance(center, position))
            }
            Area::Polygon(vertices) => {
                // Point inclusion by ray casting (W. Randolph Franklin, PNPOLY).
                let mut inside = false;
                let mut b = vertices.last()?;
                for a in vertices {
                    let across = (b.longitude - a.longitude) * (position.latitude - a.latitude)
                        / (b.latitude - a.latitude)
                        + a.longitude;
                    if (a.latitude > position.latitude) != (b.latitude > position.latitude)
                        && position.longitude < across
                    {
                        inside = !inside;
                    }
                    b = a;
                }
                inside.then(|| distance(center, position))
            }
        }
    }

    /// The degrees that the area covers.
    fn bounds(&self, center: Position) -> Bounds {
        let (width, height) = match self {
            Area::Circle { radius, .. } => (*radius, *radius),
            Area::Box { width, height, .. } => (width / 2.0, height / 2.0),
            Area::Polygon(vertices) => {
                let least = |of: fn(&Position) -> f64, most: f64| {
                    vertices.iter().map(of).fold(most, f64::min)
                };
                let most = |of: fn(&Position) -> f64, least: f64| {
                    vertices.iter().map(of).fold(least, f64::max)
                };
                return Bounds {
                    west: least(|vertex| vertex.longitude, LONGITUDE),
                    east: most(|vertex| vertex.longitude, -LONGITUDE),
                    south: least(|vertex| vertex.latitude, LATITUDE),
                    north: most(|vertex| vertex.latitude, -LATITUDE),
                };
            }
        };
        let Position { longitude, latitude } = center;
        let up = degrees(height / RADIUS);
        // Circles of latitude are shorter towards the pole, on the side that is nearer to it.
        let nearer = if latitude < 0.0 { latitude - up } else { latitude + up };
        let aside = degrees(width / RADIUS / radians(nearer).cos());
        Bounds {
            west: longitude - aside,
            east: longitude + aside,
            south: latitude - up,
            north: latitude + up,
        }
    }

    /// The longest distance from the centre to the area's edge.
    fn reach(&self, center: Position, bounds: Bounds) -> f64 {
        match self {
            Area::Circle { radius, .. } => *radius,
            Area::Box { width, height, .. } => {
                let (width, height) = (width / 2.0, height / 2.0);
                (width * width + height * height).sqrt()
            }
            Area::Polygon(_) => [bounds.west, bounds.east]
                .into_iter()
                .flat_map(|longitude| {
                    [bounds.south, bounds.north].map(|latitude| Position { longitude, latitude })
                })
                .map(|corner| distance(center, corner))
                .fold(0.0, f64::max),
        }
    }

    /// The cells to look through: that of the centre, and those around it that the area may reach.
    pub(super) fn cells(&self, center: Position) -> Vec<Cell> {
        let bounds = self.bounds(center);
        let mut steps = steps(self.reach(center, bounds), center.latitude);
        let mut cell = Cell::of(center, steps);
        // Where the area is near an edge of the middle cell, the cells around may be too small.
        let (north, south) = (cell.beside(0, 1).bounds(), cell.beside(0, -1).bounds());
        let (east, west) = (cell.beside(1, 0).bounds(), cell.beside(-1, 0).bounds());
        let small = north.north < bounds.north
            || south.south > bounds.south
            || east.east < bounds.east
            || west.west > bounds.west;
        if steps > 1 && small {
            steps -= 1;
            cell = Cell::of(center, steps);
        }
        let middle = cell.bounds();
        let useless = |east: i8, north: i8| {
            steps >= 2
                && (north < 0 && middle.south < bounds.south
                    || north > 0 && middle.north > bounds.north
                    || east < 0 && middle.west < bounds.west
                    || east > 0 && middle.east > bounds.east)
        };
        // In this order results are found, and returned unless they are sorted.
        let around = [(0, 0), (0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1)];
        let mut cells = Vec::with_capacity(9);
        for (east, north) in around.into_iter().filter(|(east, north)| !useless(*east, *north)) {
            let next = cell.beside(east, north);
            // With very large areas neighbours may be the same. The middle cell does not count.
            if cells.len() < 2 || cells.last() != Some(&next) {
                cells.push(next);
            }
        }
        cells
    }
}

/// How many bits make cells of about that size.
fn steps(range: f64, latitude: f64) -> u32 {
    if range == 0.0 {
        return STEPS;
    }
    let (mut range, mut steps) = (range, 1_i32);
    while range < MERCATOR {
        range *= 2.0;
        steps += 1;
    }
    steps -= 2;
    // Cells are narrower towards the poles.
    if latitude.abs() > 66.0 {
        steps -= 1;
        if latitude.abs() > 80.0 {
            steps -= 1;
        }
    }
    steps.clamp(1, STEPS as i32) as u32
}
