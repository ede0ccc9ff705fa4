//! Who is near: `cargo run --example nearby`.
//!
//! Taxis in a sorted set of places: the nearest free ones, those in a district, how far they are, and which of them
//! have not been heard of for a while.

use danio::{Db, GeoSearch, Position, Unit};

/// Taxis of one town.
struct Town {
    db: Db,
}

impl Town {
    /// A taxi says where it is, and when.
    fn report(&self, taxi: &str, position: Position, second: u64) -> danio::Result<()> {
        self.db.geoadd("taxis", taxi, position)?;
        self.db.zadd("heard", taxi, second)?;
        Ok(())
    }

    /// The nearest taxis within a few kilometres, with their distances in metres.
    fn nearest(&self, from: Position, count: usize) -> danio::Result<Vec<(String, f64)>> {
        let search = GeoSearch::circle(from, 5_000.0, Unit::Meters).nearest_first().count(count);
        let found = self.db.geosearch("taxis", &search)?;
        let named = found
            .into_iter()
            .map(|taxi| (String::from_utf8_lossy(&taxi.member).into_owned(), taxi.distance));
        Ok(named.collect())
    }

    /// Forgets taxis that were last heard of before `second`.
    fn forget_before(&self, second: u64) -> danio::Result<usize> {
        let silent = danio::ZRange::by_score(..second)?;
        let gone = self.db.zrange("heard", silent)?;
        self.db.zrem_many("taxis", gone.iter().map(|(taxi, _)| taxi))?;
        self.db.zrem_range_by_score("heard", ..second)
    }
}

fn main() -> danio::Result<()> {
    let town = Town { db: Db::in_memory() };

    // A grid of taxis over Palermo, one every 200 metres or so.
    for row in 0..40_u32 {
        for column in 0..40_u32 {
            let (east, north) = (f64::from(column) * 0.0023, f64::from(row) * 0.0018);
            let position = Position::new(13.30 + east, 38.08 + north)?;
            town.report(&format!("taxi {row}/{column}"), position, u64::from(row) * 10)?;
        }
    }
    let station = Position::new(13.3668, 38.1097)?;

    let nearest = town.nearest(station, 3)?;
    for (taxi, meters) in &nearest {
        println!("{taxi} is {meters:.0} m away");
    }
    assert_eq!(nearest.len(), 3);
    assert!(nearest.is_sorted_by(|a, b| a.1 <= b.1));
    assert!(nearest[0].1 < 200.0, "there is one every 200 metres");

    // The same from a taxi's own place: it is the nearest to itself.
    let around = GeoSearch::circle_around("taxi 20/20", 1.0, Unit::Kilometers).nearest_first();
    let colleagues = town.db.geosearch("taxis", &around)?;
    assert_eq!(colleagues[0].member, "taxi 20/20");
    assert!(colleagues.iter().all(|taxi| taxi.distance <= 1.0));

    // In a district: a polygon of its corners.
    let corners = [(13.34, 38.10), (13.38, 38.10), (13.38, 38.13), (13.34, 38.13)];
    let corners = corners.map(|(east, north)| Position::new(east, north).expect("on earth"));
    let district = town.db.geosearch("taxis", &GeoSearch::polygon(corners))?;
    println!("{} taxis are in the district", district.len());
    assert!(district.iter().all(|taxi| (38.10..38.13).contains(&taxi.position.latitude())));
    // A box that covers the district has them, too.
    let middle = Position::new(13.36, 38.115)?;
    let cover = GeoSearch::rectangle(middle, 4.0, 4.0, Unit::Kilometers);
    assert!(town.db.geosearch("taxis", &cover)?.len() >= district.len());

    // A list of their own for those in the district, with how far each is from its middle.
    let stored =
        town.db.geosearch_store_distances("district", "taxis", &GeoSearch::polygon(corners))?;
    assert_eq!(stored, district.len());

    let far = town.db.geodist("taxis", "taxi 0/0", "taxi 39/39", Unit::Kilometers)?;
    assert!(far.is_some_and(|far| (10.0..12.0).contains(&far)));
    println!("the first and the last are {:.1} km apart", far.expect("both are there"));

    // Half of them have fallen silent.
    assert_eq!(town.forget_before(200)?, 800);
    assert_eq!(town.db.zcard("taxis")?, 800);
    assert_eq!(town.db.geopos("taxis", "taxi 0/0")?, None);
    Ok(())
}
