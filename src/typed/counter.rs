//! A number under one key.

use super::handle::{At, handle_traits, key_methods};
use crate::api::{Db, Engine, Scope};
use crate::error::{Error, Result};

/// A number that is counted up and down: a Redis string in decimal, 0 while the key is missing.
///
/// ```
/// let db = danio::Db::in_memory();
/// let visits = db.counter("visits");
/// assert_eq!(visits.increment()?, 1);
/// assert_eq!(visits.add(41)?, 42);
/// assert_eq!(db.get("visits")?.as_deref(), Some(&b"42"[..]));
/// # Ok::<(), danio::Error>(())
/// ```
pub struct Counter<S = Engine> {
    at: At<S>,
}

key_methods!(Counter [] {} r#"db.counter("key")"#);

/// Counters.
impl<S: Scope> Db<S> {
    /// A handle on the number under `key`.
    ///
    /// ```
    /// assert_eq!(danio::Db::in_memory().counter("visits").get()?, 0);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn counter(&self, key: impl AsRef<[u8]>) -> Counter<S> {
        Counter { at: At::new(self, key) }
    }
}

impl<S: Scope> Counter<S> {
    /// Returns the number (`GET`, O(1), locks one stripe shared).
    ///
    /// # Errors
    /// [`Error::WrongType`] if the key holds no string, [`Error::NotInteger`] if that is no number.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.set("n", "7")?;
    /// assert_eq!(db.counter("n").get()?, 7);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn get(&self) -> Result<i64> {
        let number = |bytes: &[u8]| std::str::from_utf8(bytes).ok()?.parse().ok();
        match self.at.db.get(&self.at.key)? {
            Some(bytes) => number(&bytes).ok_or(Error::NotInteger),
            None => Ok(0),
        }
    }

    /// Sets the number, for ever (`SET`, O(1), locks one stripe).
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] if it needs room that there is not.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.counter("n").set(7)?;
    /// assert_eq!(db.incr("n")?, 8);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn set(&self, number: i64) -> Result<()> {
        self.at.db.set(&self.at.key, itoa::Buffer::new().format(number))
    }

    /// Adds to the number (`INCRBY`, O(1), locks one stripe). Returns the sum.
    ///
    /// # Errors
    /// As [`get`](Counter::get); [`Error::Overflow`] if the sum would not fit. Nothing is changed then.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// assert_eq!(db.counter("n").add(-7)?, -7);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn add(&self, by: i64) -> Result<i64> {
        self.at.db.incr_by(&self.at.key, by)
    }

    /// Adds one (`INCR`, O(1), locks one stripe). Returns the sum.
    ///
    /// # Errors
    /// As [`add`](Counter::add).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// assert_eq!(db.counter("n").increment()?, 1);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn increment(&self) -> Result<i64> {
        self.add(1)
    }

    /// Takes one away (`DECR`, O(1), locks one stripe). Returns the difference.
    ///
    /// # Errors
    /// As [`add`](Counter::add).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// assert_eq!(db.counter("n").decrement()?, -1);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn decrement(&self) -> Result<i64> {
        self.add(-1)
    }

    /// Returns the number and begins at 0 again (`GETDEL`, O(1), locks one stripe).
    ///
    /// # Errors
    /// As [`get`](Counter::get). The key is gone if it held a string.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let requests = db.counter("requests");
    /// requests.add(7)?;
    /// assert_eq!((requests.take()?, requests.get()?), (7, 0));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn take(&self) -> Result<i64> {
        match self.at.db.get_del(&self.at.key)? {
            Some(bytes) => {
                let text = std::str::from_utf8(&bytes).map_err(|_| Error::NotInteger)?;
                text.parse().map_err(|_| Error::NotInteger)
            }
            None => Ok(0),
        }
    }
}
