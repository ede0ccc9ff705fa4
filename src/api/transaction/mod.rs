//! Transactions of the typed face: several calls that take effect together, or not at all.

mod scope;
#[cfg(test)]
mod tests;
mod watch;

pub use scope::{Atomic, Transaction};
pub use watch::Watch;

use super::Db;
use crate::error::{Error, Result};
use crate::keyspace::Access;
use scope::{Declared, run};

/// Transactions.
impl Db {
    /// Calls `work` with exclusive access to `keys`: nobody sees them, or anything done to them, before it has
    /// returned. If it returns an error, or panics, all that it did is undone: data, times, memory, and what watchers,
    /// events and records would have told (`MULTI`, `EXEC`; O(keys) besides what `work` does, locks the
    /// stripes of the keys).
    ///
    /// `work` is given the methods of [`Db`] but for those that go through much a page at a time; see
    /// [`Transaction`] for what they may touch. Others wait meanwhile for every key that shares a stripe with
    /// one of these, so `work` should be quick, and it runs once: no conflict makes it start again.
    ///
    /// Time stands still in it. Room under `maxmemory` is made before it begins; if there is none, what may need
    /// memory is refused in it, and the rest works, as Redis decides it for a script.
    ///
    /// What it costs besides that changes may be undone: the first change of a key keeps what the key held. A packed
    /// collection is copied; what is removed or replaced is kept as it is; a long string is shared, and copied
    /// when it is edited in place. A big list, set, hash or sorted set keeps what undoes each change; a stream is
    /// copied when it is edited first, O(its bytes).
    ///
    /// # Errors
    /// What `work` returns; [`Error::UndeclaredKey`] if it named a key that is not among `keys`. All is undone then.
    ///
    /// # Panics
    /// If the thread is inside a transaction of this engine already.
    ///
    /// ```
    /// use danio::{Db, Error};
    ///
    /// let db = Db::in_memory();
    /// db.mset([("ann", "100"), ("bob", "20")])?;
    /// let transfer = |amount: i64| {
    ///     db.transaction(["ann", "bob"], |tx| {
    ///         tx.incr_by("bob", amount)?;
    ///         Ok(tx.incr_by("ann", -amount)? >= 0)
    ///     })
    /// };
    /// assert!(transfer(30)?);
    /// assert_eq!(db.mget(["ann", "bob"]), [Some("70".into()), Some("50".into())]);
    ///
    /// let undone = db.transaction(["ann"], |tx| {
    ///     tx.del("ann");
    ///     tx.incr("bob") // not declared
    /// });
    /// assert_eq!(undone, Err(Error::UndeclaredKey));
    /// assert!(db.exists("ann"));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn transaction<K: AsRef<[u8]>, R>(
        &self,
        keys: impl IntoIterator<Item = K>,
        work: impl FnOnce(&Transaction<'_>) -> Result<R>,
    ) -> Result<R> {
        self.try_transaction(keys, work)
    }

    /// As [`transaction`](Db::transaction), with an error type of the caller's own.
    ///
    /// # Errors
    /// As [`transaction`](Db::transaction).
    ///
    /// ```
    /// use danio::{Db, Error};
    ///
    /// #[derive(Debug, PartialEq)]
    /// enum Refused {
    ///     TooPoor,
    ///     Engine(Error),
    /// }
    ///
    /// impl From<Error> for Refused {
    ///     fn from(error: Error) -> Refused {
    ///         Refused::Engine(error)
    ///     }
    /// }
    ///
    /// fn transfer(db: &Db, from: &str, to: &str, amount: i64) -> Result<(), Refused> {
    ///     db.try_transaction([from, to], |tx| {
    ///         tx.incr_by(to, amount)?;
    ///         if tx.incr_by(from, -amount)? < 0 {
    ///             return Err(Refused::TooPoor);
    ///         }
    ///         Ok(())
    ///     })
    /// }
    ///
    /// let db = Db::in_memory();
    /// db.mset([("ann", "100"), ("bob", "20")])?;
    /// assert_eq!(transfer(&db, "bob", "ann", 50), Err(Refused::TooPoor));
    /// assert_eq!(db.mget(["ann", "bob"]), [Some("100".into()), Some("20".into())]);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn try_transaction<K: AsRef<[u8]>, R, E: From<Error>>(
        &self,
        keys: impl IntoIterator<Item = K>,
        work: impl FnOnce(&Transaction<'_>) -> Result<R, E>,
    ) -> Result<R, E> {
        let keys: Vec<K> = keys.into_iter().collect();
        let hashed = self.hashed(&keys);
        self.keyspace().refuse_inside();
        let room = self.make_room();
        let tx = self.keyspace().begin_many(self.number(), &hashed, Access::Exclusive);
        let result = run(tx, Declared::some(&hashed), room, work)?;
        self.engine().make_safe()?;
        Ok(result)
    }

    /// As [`transaction`](Db::transaction), over all keys of all databases: for what cannot name its keys. Everybody else
    /// waits (`MULTI`, `EXEC`; O(stripes) besides what `work` does, locks everything).
    ///
    /// # Errors
    /// What `work` returns; all is undone then.
    ///
    /// # Panics
    /// If the thread is inside a transaction of this engine already.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.mset([("job:1", "done"), ("job:2", "failed")])?;
    /// let kept = db.transaction_all(|tx| {
    ///     let done: Vec<_> = tx.keys("job:*").into_iter().filter(|job| {
    ///         tx.get(job).is_ok_and(|state| state.as_deref() == Some(&b"done"[..]))
    ///     }).collect();
    ///     tx.del_many(done);
    ///     Ok(tx.len())
    /// })?;
    /// assert_eq!(kept, 1);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn transaction_all<R>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<R>,
    ) -> Result<R> {
        self.try_transaction_all(work)
    }

    /// As [`transaction_all`](Db::transaction_all), with an error type of the caller's own.
    ///
    /// # Errors
    /// As [`transaction_all`](Db::transaction_all).
    ///
    /// ```
    /// #[derive(Debug)]
    /// struct Dry;
    /// impl From<danio::Error> for Dry {
    ///     fn from(_: danio::Error) -> Dry {
    ///         Dry
    ///     }
    /// }
    ///
    /// let db = danio::Db::in_memory();
    /// db.set("k", "v")?;
    /// // A rehearsal: what it would remove, without removing it.
    /// let rehearsed: Result<(), Dry> = db.try_transaction_all(|tx| {
    ///     tx.flush();
    ///     assert!(tx.is_empty());
    ///     Err(Dry)
    /// });
    /// assert!(rehearsed.is_err() && db.exists("k"));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn try_transaction_all<R, E: From<Error>>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<R, E>,
    ) -> Result<R, E> {
        self.keyspace().refuse_inside();
        let room = self.make_room();
        let tx = self.keyspace().begin_all(self.number(), Access::Exclusive);
        let result = run(tx, Declared::Everything, room, work)?;
        self.engine().make_safe()?;
        Ok(result)
    }
}
