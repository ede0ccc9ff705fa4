//! Bits under one key.

use super::handle::{At, handle_traits, key_methods};
use crate::api::{Db, Engine, Scope};
use crate::ds::bits::BitOp;
use crate::error::Result;

/// A set of small numbers, a bit each: a Redis string used as a bitmap.
///
/// It takes as many bits as the greatest number in it.
///
/// ```
/// let db = danio::Db::in_memory();
/// let (monday, tuesday) = (db.bitmap("visits:mon"), db.bitmap("visits:tue"));
/// (monday.insert(7)?, monday.insert(9)?, tuesday.insert(7)?);
/// let both = db.bitmap("visits:both");
/// both.assign_and(&[&monday, &tuesday])?;
/// assert_eq!((both.len()?, both.contains(7)?), (1, true));
/// # Ok::<(), danio::Error>(())
/// ```
pub struct Bitmap<S = Engine> {
    at: At<S>,
}

key_methods!(Bitmap [] {} r#"db.bitmap("key")"#);

/// Bitmaps.
impl<S: Scope> Db<S> {
    /// A handle on the bitmap under `key`.
    ///
    /// ```
    /// assert!(!danio::Db::in_memory().bitmap("seen").contains(7)?);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn bitmap(&self, key: impl AsRef<[u8]>) -> Bitmap<S> {
        Bitmap { at: At::new(self, key) }
    }
}

impl<S: Scope> Bitmap<S> {
    /// Adds a number (`SETBIT`, O(1), O(number) where the bitmap grows; locks one stripe). Returns whether it was
    /// missing.
    ///
    /// # Errors
    /// [`Error::OffsetOutOfRange`](crate::Error::OffsetOutOfRange) if it is 2³² or more (as far as a string may reach);
    /// see the [module](super).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// assert!(db.bitmap("seen").insert(7)?);
    /// assert!(db.get_bit("seen", 7)?);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn insert(&self, number: u64) -> Result<bool> {
        Ok(!self.at.db.set_bit(&self.at.key, number, true)?)
    }

    /// Removes a number (`SETBIT`, O(1), locks one stripe). Returns whether it was there.
    ///
    /// # Errors
    /// As [`insert`](Bitmap::insert).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let seen = db.bitmap("seen");
    /// seen.insert(7)?;
    /// assert!(seen.remove(7)?);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn remove(&self, number: u64) -> Result<bool> {
        // A bit that is cleared beyond the end would make the string longer.
        if !self.contains(number)? {
            return Ok(false);
        }
        self.at.db.set_bit(&self.at.key, number, false)
    }

    /// Tells whether it has a number (`GETBIT`, O(1), locks one stripe shared).
    ///
    /// # Errors
    /// As [`insert`](Bitmap::insert).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// assert!(!db.bitmap("seen").contains(7)?);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn contains(&self, number: u64) -> Result<bool> {
        self.at.db.get_bit(&self.at.key, number)
    }

    /// Counts the numbers (`BITCOUNT`, O(bytes), locks one stripe shared).
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if the key holds no string.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let seen = db.bitmap("seen");
    /// seen.insert(7)?;
    /// assert_eq!(seen.len()?, 1);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn len(&self) -> Result<u64> {
        self.at.db.bit_count(&self.at.key)
    }

    /// Tells whether it has no number (`BITPOS`, O(bytes), locks one stripe shared).
    ///
    /// # Errors
    /// As [`len`](Bitmap::len).
    ///
    /// ```
    /// assert!(danio::Db::in_memory().bitmap("seen").is_empty()?);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn is_empty(&self) -> Result<bool> {
        Ok(self.first()?.is_none())
    }

    /// Returns the least number (`BITPOS`, O(bytes), locks one stripe shared).
    ///
    /// # Errors
    /// As [`len`](Bitmap::len).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let seen = db.bitmap("seen");
    /// (seen.insert(9)?, seen.insert(7)?);
    /// assert_eq!(seen.first()?, Some(7));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn first(&self) -> Result<Option<u64>> {
        self.at.db.bit_pos(&self.at.key, true)
    }

    /// Makes this bitmap what all of `sources` have (`BITOP AND`, O(bytes), locks their stripes).
    ///
    /// # Errors
    /// See the [module](super).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let (a, b) = (db.bitmap("a"), db.bitmap("b"));
    /// (a.insert(1)?, a.insert(2)?, b.insert(2)?);
    /// a.assign_and(&[&a, &b])?;
    /// assert_eq!(a.len()?, 1);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn assign_and(&self, sources: &[&Bitmap<S>]) -> Result<()> {
        self.assign(BitOp::And, sources)
    }

    /// Makes this bitmap what any of `sources` has (`BITOP OR`, O(bytes), locks their stripes).
    ///
    /// # Errors
    /// See the [module](super).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let (a, b) = (db.bitmap("a"), db.bitmap("b"));
    /// (a.insert(1)?, b.insert(2)?);
    /// a.assign_or(&[&a, &b])?;
    /// assert_eq!(a.len()?, 2);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn assign_or(&self, sources: &[&Bitmap<S>]) -> Result<()> {
        self.assign(BitOp::Or, sources)
    }

    /// Makes this bitmap what an odd number of `sources` have (`BITOP XOR`, O(bytes), locks their stripes).
    ///
    /// # Errors
    /// See the [module](super).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let (a, b) = (db.bitmap("a"), db.bitmap("b"));
    /// (a.insert(1)?, a.insert(2)?, b.insert(2)?);
    /// a.assign_xor(&[&a, &b])?;
    /// assert_eq!(a.first()?, Some(1));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn assign_xor(&self, sources: &[&Bitmap<S>]) -> Result<()> {
        self.assign(BitOp::Xor, sources)
    }

    fn assign(&self, op: BitOp, sources: &[&Bitmap<S>]) -> Result<()> {
        let keys = sources.iter().map(|source| source.key());
        self.at.db.bit_op(op, &self.at.key, keys).map(drop)
    }
}
