//! How many different ones, in a few kilobytes.

use std::borrow::Borrow;
use std::marker::PhantomData;

use serde::Serialize;

use super::handle::{At, Of, handle_traits, key_methods};
use crate::api::{Db, Engine, Scope};
use crate::error::Result;

/// An estimate of how many different `T` were inserted: a Redis HyperLogLog, 12 KB at most, off by 0.81 % as a rule.
///
/// ```
/// let db = danio::Db::in_memory();
/// let visitors = db.hyperloglog::<u64>("visitors");
/// visitors.extend(&[7, 8, 7])?;
/// assert_eq!(visitors.estimate()?, 2);
/// # Ok::<(), danio::Error>(())
/// ```
pub struct HyperLogLog<T, S = Engine> {
    at: At<S>,
    of: Of<T>,
}

key_methods!(HyperLogLog [T] { of } r#"db.hyperloglog::<u32>("key")"#);

/// Typed HyperLogLogs.
impl<S: Scope> Db<S> {
    /// A handle on the HyperLogLog under `key`.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// assert_eq!(db.hyperloglog::<u64>("visitors").estimate()?, 0);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn hyperloglog<T>(&self, key: impl AsRef<[u8]>) -> HyperLogLog<T, S> {
        HyperLogLog { at: At::new(self, key), of: PhantomData }
    }
}

impl<T, S: Scope> HyperLogLog<T, S> {
    /// Counts one (`PFADD`, O(1), locks one stripe). Returns whether the estimate may have changed.
    ///
    /// # Errors
    /// See the [module](super).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// assert!(db.hyperloglog::<String>("visitors").insert("ann")?);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn insert<Q>(&self, element: &Q) -> Result<bool>
    where
        T: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        self.at.db.pf_add(&self.at.key, [self.at.member(element)?])
    }

    /// Counts several (`PFADD`, O(elements), locks one stripe). Returns whether the estimate may have changed.
    ///
    /// # Errors
    /// See the [module](super); nothing is changed then.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// assert!(db.hyperloglog::<u64>("visitors").extend(&[7, 8])?);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn extend<'e, Q>(&self, elements: impl IntoIterator<Item = &'e Q>) -> Result<bool>
    where
        T: Borrow<Q>,
        Q: Serialize + ?Sized + 'e,
    {
        let elements = elements.into_iter().map(|element| self.at.member(element));
        let elements = elements.collect::<Result<Vec<_>>>()?;
        self.at.db.pf_add(&self.at.key, elements)
    }

    /// Estimates how many different ones were counted (`PFCOUNT`, O(1), locks one stripe).
    ///
    /// # Errors
    /// See the [module](super).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let visitors = db.hyperloglog::<u64>("visitors");
    /// visitors.insert(&7)?;
    /// assert_eq!(visitors.estimate()?, 1);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn estimate(&self) -> Result<u64> {
        self.at.db.pf_count(&self.at.key)
    }

    /// Estimates how many different ones were counted here or by one of the others (`PFCOUNT`, O(others), locks their
    /// stripes).
    ///
    /// # Errors
    /// See the [module](super).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let (mon, tue) = (db.hyperloglog::<u64>("mon"), db.hyperloglog::<u64>("tue"));
    /// (mon.extend(&[7, 8])?, tue.extend(&[8, 9])?);
    /// assert_eq!(mon.estimate_union(&[&tue])?, 3);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn estimate_union(&self, others: &[&HyperLogLog<T, S>]) -> Result<u64> {
        let keys = std::iter::once(self).chain(others.iter().copied()).map(|hll| hll.key());
        self.at.db.pf_count_union(keys)
    }

    /// Counts here what the others have counted (`PFMERGE`, O(others), locks their stripes).
    ///
    /// # Errors
    /// See the [module](super).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let (week, mon) = (db.hyperloglog::<u64>("week"), db.hyperloglog::<u64>("mon"));
    /// mon.extend(&[7, 8])?;
    /// week.merge(&[&mon])?;
    /// assert_eq!(week.estimate()?, 2);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn merge(&self, others: &[&HyperLogLog<T, S>]) -> Result<()> {
        self.at.db.pf_merge(&self.at.key, others.iter().map(|other| other.key()))
    }
}
