//! Adding places, and where they are: GEOADD, GEOPOS, GEODIST, GEOHASH.

use crate::api::{Db, Scope, ZAddOptions, ZAddOutcome};
use crate::error::Result;
use crate::value::geo::{self, Position, Unit};
use crate::value::zset::Score;

impl<S: Scope> Db<S> {
    /// Adds `member` at a position to the sorted set under `key`, or moves it there (`GEOADD`, O(log n), locks one
    /// stripe). Returns whether it is new.
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if the key holds no sorted set.
    ///
    /// ```
    /// use danio::{Db, Position};
    ///
    /// let db = Db::in_memory();
    /// assert!(db.geoadd("sicily", "Palermo", Position::new(13.361389, 38.115556)?)?);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn geoadd(
        &self,
        key: impl AsRef<[u8]>,
        member: impl AsRef<[u8]>,
        position: Position,
    ) -> Result<bool> {
        self.zadd(key, member, Score::known(geo::score(position)))
    }

    /// Adds places, as [`geoadd`](Db::geoadd) does, at one moment (`GEOADD`, O(log n) each, locks one stripe). Returns
    /// how many are new.
    ///
    /// # Errors
    /// As [`geoadd`](Db::geoadd).
    ///
    /// ```
    /// use danio::{Db, Position};
    ///
    /// let db = Db::in_memory();
    /// let places = [("Palermo", Position::new(13.36, 38.12)?), ("Catania", Position::new(15.09, 37.5)?)];
    /// assert_eq!(db.geoadd_many("sicily", places)?, 2);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn geoadd_many<M: AsRef<[u8]>>(
        &self,
        key: impl AsRef<[u8]>,
        places: impl IntoIterator<Item = (M, Position)>,
    ) -> Result<usize> {
        Ok(self.geoadd_with(key, places, ZAddOptions::new())?.added)
    }

    /// Adds places as `options` say (`GEOADD` with `NX` or `XX`, O(log n) each, locks one stripe).
    ///
    /// # Errors
    /// As [`zadd_with`](Db::zadd_with).
    ///
    /// ```
    /// use danio::{Db, Position, ZAddOptions};
    ///
    /// let db = Db::in_memory();
    /// let known = ZAddOptions::new().if_present();
    /// let outcome = db.geoadd_with("taxis", [("7", Position::new(0.0, 51.5)?)], known)?;
    /// assert_eq!((outcome.added, outcome.changed), (0, 0));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn geoadd_with<M: AsRef<[u8]>>(
        &self,
        key: impl AsRef<[u8]>,
        places: impl IntoIterator<Item = (M, Position)>,
        options: ZAddOptions,
    ) -> Result<ZAddOutcome> {
        let places = places.into_iter();
        let scored = places.map(|(member, position)| (member, Score::known(geo::score(position))));
        self.zadd_with(key, scored, options)
    }

    /// Tells where `member` is, to within half a metre of where it was said to be (`GEOPOS`, O(1), locks one
    /// stripe shared).
    ///
    /// # Errors
    /// As [`geoadd`](Db::geoadd).
    ///
    /// ```
    /// use danio::{Db, Position};
    ///
    /// let db = Db::in_memory();
    /// db.geoadd("sicily", "Palermo", Position::new(13.361389, 38.115556)?)?;
    /// let position = db.geopos("sicily", "Palermo")?.expect("added above");
    /// assert!((position.longitude() - 13.361389).abs() < 1e-5);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn geopos(
        &self,
        key: impl AsRef<[u8]>,
        member: impl AsRef<[u8]>,
    ) -> Result<Option<Position>> {
        Ok(self.zscore(key, member)?.map(|score| geo::decode(score.get())))
    }

    /// Tells how far two members are apart, in that unit (`GEODIST`, O(1), locks one stripe shared); `None` if one is
    /// missing.
    ///
    /// # Errors
    /// As [`geoadd`](Db::geoadd).
    ///
    /// ```
    /// use danio::{Db, Position, Unit};
    ///
    /// let db = Db::in_memory();
    /// db.geoadd("sicily", "Palermo", Position::new(13.361389, 38.115556)?)?;
    /// db.geoadd("sicily", "Catania", Position::new(15.087269, 37.502669)?)?;
    /// let far = db.geodist("sicily", "Palermo", "Catania", Unit::Kilometers)?;
    /// assert_eq!(far.map(f64::round), Some(166.0));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn geodist(
        &self,
        key: impl AsRef<[u8]>,
        a: impl AsRef<[u8]>,
        b: impl AsRef<[u8]>,
        unit: Unit,
    ) -> Result<Option<f64>> {
        let scores = self.zmscore(key, [a.as_ref(), b.as_ref()])?;
        let [Some(a), Some(b)] = scores[..] else { return Ok(None) };
        let meters = geo::distance(geo::decode(a.get()), geo::decode(b.get()));
        Ok(Some(meters / unit.meters()))
    }

    /// Returns the geohash of eleven letters of where `member` is, as other systems know it (`GEOHASH`, O(1), locks one
    /// stripe shared).
    ///
    /// # Errors
    /// As [`geoadd`](Db::geoadd).
    ///
    /// ```
    /// use danio::{Db, Position};
    ///
    /// let db = Db::in_memory();
    /// db.geoadd("sicily", "Palermo", Position::new(13.361389, 38.115556)?)?;
    /// assert_eq!(db.geohash("sicily", "Palermo")?.as_deref(), Some("sqc8b49rny0"));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn geohash(
        &self,
        key: impl AsRef<[u8]>,
        member: impl AsRef<[u8]>,
    ) -> Result<Option<String>> {
        let letters = self.zscore(key, member)?.map(|score| geo::geohash(score.get()));
        Ok(letters.map(|letters| letters.iter().map(|letter| char::from(*letter)).collect()))
    }
}
