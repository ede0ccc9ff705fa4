//! Scores: floating-point numbers with an order, hence without NaN.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use crate::error::{Error, Result};
use crate::text::double;

/// The score of a member of a sorted set: a floating-point number that is not NaN, so that scores have
/// an order.
///
/// Infinities are scores. The two zeros are equal, and each is printed as what it is. `Display` prints
/// as Redis does. Integers become scores by themselves, floating-point numbers by
/// [`new`](Score::new) or `try_into`.
///
/// ```
/// use danio::Score;
///
/// assert!(Score::new(1.5)? > Score::from(1));
/// assert_eq!(Score::new(f64::INFINITY)?.to_string(), "inf");
/// assert!(Score::new(f64::NAN).is_err());
/// # Ok::<(), danio::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Score(f64);

impl Score {
    /// Above all finite scores.
    pub const INFINITY: Score = Score(f64::INFINITY);
    /// Below all finite scores.
    pub const NEG_INFINITY: Score = Score(f64::NEG_INFINITY);
    /// 0.
    pub const ZERO: Score = Score(0.0);

    /// Makes a score of a number.
    ///
    /// # Errors
    /// [`Error::NotFloat`] for NaN.
    pub fn new(value: f64) -> Result<Score> {
        if value.is_nan() { Err(Error::NotFloat) } else { Ok(Score(value)) }
    }

    /// A score that is known not to be NaN.
    #[inline]
    pub(crate) fn known(value: f64) -> Score {
        debug_assert!(!value.is_nan());
        Score(value)
    }

    /// The number.
    ///
    /// ```
    /// assert_eq!(danio::Score::from(7).get(), 7.0);
    /// ```
    #[inline]
    pub fn get(self) -> f64 {
        self.0
    }
}

impl PartialEq for Score {
    fn eq(&self, other: &Score) -> bool {
        self.0 == other.0
    }
}

impl Eq for Score {}

impl PartialOrd for Score {
    fn partial_cmp(&self, other: &Score) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Score {
    fn cmp(&self, other: &Score) -> Ordering {
        self.0.partial_cmp(&other.0).expect("a score is not NaN")
    }
}

impl Hash for Score {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // The zeros are equal.
        (if self.0 == 0.0 { 0.0 } else { self.0 }).to_bits().hash(state);
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::with_capacity(24);
        double::write(self.0, &mut text);
        f.write_str(&String::from_utf8_lossy(&text))
    }
}

impl From<Score> for f64 {
    fn from(score: Score) -> f64 {
        score.0
    }
}

impl TryFrom<f64> for Score {
    type Error = Error;

    fn try_from(value: f64) -> Result<Score> {
        Score::new(value)
    }
}

impl TryFrom<f32> for Score {
    type Error = Error;

    fn try_from(value: f32) -> Result<Score> {
        Score::new(value.into())
    }
}

macro_rules! from_integers {
    ($($integer:ty)*) => {
        $(impl From<$integer> for Score {
            /// Exact up to 2^53, beyond to the nearest that there is.
            fn from(value: $integer) -> Score {
                Score(value as f64)
            }
        }

        impl IntoScore for $integer {
            fn into_score(self) -> Result<Score> {
                Ok(self.into())
            }
        })*
    };
}

from_integers!(i8 u8 i16 u16 i32 u32 i64 u64 usize);

/// What can be a score: a [`Score`], an integer, or a floating-point number, which may turn out not to be one.
///
/// ```
/// let db = danio::Db::in_memory();
/// db.zadd("board", "ann", 10)?;
/// db.zadd("board", "bob", 9.5)?;
/// db.zadd("board", "cid", danio::Score::INFINITY)?;
/// assert_eq!(db.zadd("board", "dan", f64::NAN), Err(danio::Error::NotFloat));
/// # Ok::<(), danio::Error>(())
/// ```
pub trait IntoScore {
    /// The score.
    ///
    /// # Errors
    /// [`Error::NotFloat`] for NaN.
    fn into_score(self) -> Result<Score>;
}

impl IntoScore for f64 {
    fn into_score(self) -> Result<Score> {
        Score::new(self)
    }
}

impl IntoScore for f32 {
    fn into_score(self) -> Result<Score> {
        Score::new(self.into())
    }
}

impl IntoScore for Score {
    fn into_score(self) -> Result<Score> {
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_have_an_order() {
        let ascending = [
            Score::NEG_INFINITY,
            Score::from(-1),
            Score::ZERO,
            Score::new(5e-324).expect("a number"),
            Score::from(u64::MAX),
            Score::INFINITY,
        ];
        assert!(ascending.is_sorted_by(|a, b| a < b));
        assert_eq!(Score::new(-0.0), Ok(Score::ZERO));
        assert_eq!(Score::new(f64::NAN), Err(Error::NotFloat));
        assert_eq!(Score::new(-0.0).expect("a number").to_string(), "-0");
    }
}
