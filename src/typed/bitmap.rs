//! Bits under one key.

use std::iter;

use bytes::Bytes;

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
        self.at.db.clear_bit(&self.at.key, number)
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

    /// Makes this bitmap what the first of `sources` has and no other of them (`BITOP DIFF` of Redis 8.2, O(bytes), locks
    /// their stripes).
    ///
    /// # Errors
    /// See the [module](super), and if there are not two sources at least.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let (a, b) = (db.bitmap("a"), db.bitmap("b"));
    /// (a.insert(1)?, a.insert(2)?, b.insert(2)?);
    /// a.assign_difference(&[&a, &b])?;
    /// assert_eq!((a.len()?, a.first()?), (1, Some(1)));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn assign_difference(&self, sources: &[&Bitmap<S>]) -> Result<()> {
        self.assign(BitOp::Diff, sources)
    }

    fn assign(&self, op: BitOp, sources: &[&Bitmap<S>]) -> Result<()> {
        let keys = sources.iter().map(|source| source.key());
        self.at.db.bit_op(op, &self.at.key, keys).map(drop)
    }
}

/// Going through a bitmap.
impl Bitmap {
    /// Returns all numbers in ascending order, a page of 4 KB at a time (`GETRANGE`, O(bytes) in all, locks one stripe
    /// shared for a page, and no lock between two items). A number that comes or goes meanwhile may be missed or come,
    /// and no other.
    ///
    /// # Errors
    /// Of an item: [`Error::WrongType`](crate::Error::WrongType) if the key holds no string; nothing comes behind it.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let seen = db.bitmap("seen");
    /// (seen.insert(9)?, seen.insert(7)?, seen.insert(100_000)?);
    /// assert_eq!(seen.iter().collect::<danio::Result<Vec<_>>>()?, [7, 9, 100_000]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = Result<u64>> + use<> {
        let at = self.at.clone();
        let mut start = Some(0_i64);
        let pages = iter::from_fn(move || {
            let from = start?;
            let page = at.db.get_range(&at.key, from, from + PAGE - 1);
            let whole = page.as_ref().is_ok_and(|bytes| bytes.len() as i64 == PAGE);
            start = whole.then_some(from + PAGE);
            Some(page.map(|bytes| (from as u64 * 8, bytes)))
        });
        pages.flat_map(|page| {
            let (error, page) = match page {
                Ok(page) => (None, Some(page)),
                Err(error) => (Some(Err(error)), None),
            };
            error.into_iter().chain(page.into_iter().flat_map(numbers).map(Ok))
        })
    }
}

/// Bytes that are looked at under one lock.
const PAGE: i64 = 4096;

/// The numbers whose bits are set in bytes of which the first bit is that of `first`.
fn numbers((first, bytes): (u64, Bytes)) -> impl Iterator<Item = u64> {
    let some = bytes.into_iter().enumerate().filter(|(_, byte)| *byte != 0);
    some.flat_map(move |(at, byte)| {
        // The first of a byte is its highest bit.
        let set = (0..8_u64).filter(move |bit| byte & (0x80 >> bit) != 0);
        set.map(move |bit| first + at as u64 * 8 + bit)
    })
}
