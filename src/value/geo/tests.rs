//! Positions and searches; what real servers answer is compared by the oracle.

use super::*;
use crate::config::Limits;
use crate::value::zset::{How, ZSet};

fn at(longitude: f64, latitude: f64) -> Position {
    Position::new(longitude, latitude).expect("on earth")
}

#[test]
fn positions_come_back_within_half_a_metre() {
    for (longitude, latitude) in
        [(13.361389, 38.115556), (-122.4, 37.8), (0.0, 0.0), (180.0, 85.0), (-180.0, -85.0)]
    {
        let position = at(longitude, latitude);
        let back = decode(score(position));
        assert!(distance(position, back) < 0.6, "{position:?} {back:?}");
    }
    assert_eq!(score(at(13.361389, 38.115556)), 3479099956230698.0);
    assert_eq!(&geohash(3479099956230698.0), b"sqc8b49rny0");
}

#[test]
fn any_score_is_some_position() {
    for score in [f64::INFINITY, f64::NEG_INFINITY, 1e300, -5.0, 0.5, -0.0, 4503599627370496.0] {
        let position = decode(score);
        assert!(position.longitude.abs() <= 180.0 && position.latitude.abs() <= LATITUDE);
        assert_eq!(geohash(score).len(), 11);
        whole(score);
    }
}

#[test]
fn a_search_finds_what_looking_at_all_finds() {
    let limits = Limits::default();
    let mut state = 7_u64;
    let mut draw = |low: f64, high: f64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        low + (state >> 11) as f64 / (1_u64 << 53) as f64 * (high - low)
    };
    let mut zset = ZSet::default();
    let count = if cfg!(miri) { 100 } else { 5000 };
    for i in 0..count {
        let position = at(draw(-30.0, 30.0), draw(-70.0, 70.0));
        zset.add(format!("p{i}").as_bytes(), score(position), How::default(), &limits);
    }
    for _ in 0..200 {
        let center = at(draw(-25.0, 25.0), draw(-60.0, 60.0));
        let radius = 10_f64.powf(draw(2.0, 6.2));
        let polygon: Vec<Position> = (0..4)
            .map(|_| at(center.longitude() + draw(-4.0, 4.0), center.latitude() + draw(-4.0, 4.0)))
            .collect();
        let areas = [
            Area::Circle { center, radius },
            Area::Box { center, width: radius, height: radius * draw(0.2, 3.0) },
            Area::Polygon(polygon),
        ];
        for area in areas {
            let mut found: Vec<Vec<u8>> = search(zset.as_ref(), &area, usize::MAX)
                .into_iter()
                .map(|found| found.member.to_vec())
                .collect();
            let mut all: Vec<Vec<u8>> = zset
                .as_ref()
                .iter()
                .filter(|(_, score)| area.distance(area.center(), decode(*score)).is_some())
                .map(|(member, _)| member.to_vec())
                .collect();
            found.sort();
            all.sort();
            assert_eq!(found, all, "{area:?}");
        }
    }
}
