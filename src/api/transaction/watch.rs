//! Optimistic transactions: look first, without a lock, and commit if nothing has changed since.

use std::fmt;

use super::Transaction;
use super::scope::{Declared, run};
use crate::api::Db;
use crate::error::{Error, Result};
use crate::keyspace::{Access, Watched};
use crate::sync::thread;

/// Keys that are watched until they are [committed](Watch::commit) to or this is dropped; made by [`Db::watch`].
///
/// It holds no lock. As `WATCH` does, it sees every change of the keys in the database that they are watched in: by
/// any face, by expiry and eviction, by flushing or exchanging databases if the key is in one of them. That
/// a key is set to what it held already is a change; that it is looked at is none, nor that a stream's groups
/// change, which are no part of what it holds.
pub struct Watch {
    db: Db,
    keys: Watched,
}

impl Db {
    /// Watches keys from now on, to [commit](Watch::commit) only if none of them has changed meanwhile (`WATCH`,
    /// O(keys), locks their stripes for a moment).
    ///
    /// For what takes long between looking and changing, or is rarely in anybody's way:
    /// [`transaction`](Db::transaction) keeps others out instead, and never has to begin again.
    ///
    /// ```
    /// use danio::{Db, Error};
    ///
    /// let db = Db::in_memory();
    /// db.set("stock", "5")?;
    /// let watch = db.watch(["stock"]);
    /// let stock = db.get("stock")?;
    /// db.decr("stock")?; // somebody buys one
    /// assert_eq!(watch.commit(|tx| tx.set("stock", "4")), Err(Error::Conflict));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn watch<K: AsRef<[u8]>>(&self, keys: impl IntoIterator<Item = K>) -> Watch {
        let keys: Vec<K> = keys.into_iter().collect();
        let keys = self.hashed(&keys);
        let mut watched = Watched::default();
        let mut tx = self.keyspace().begin_many(self.number(), &keys, Access::Exclusive);
        // A key that is too long is never there, and never will be.
        for key in keys {
            // A key that is too long is not there, and never will be.
            if tx.check_length(key.bytes.len()).is_ok() {
                watched.add(&mut tx, key).expect("the stripes of all keys are held");
            }
        }
        drop(tx);
        Watch { db: self.clone(), keys: watched }
    }

    /// Watches `keys` and calls `work`, and again from the beginning while it ends in [`Error::Conflict`], `attempts`
    /// times at most. Between two attempts the thread lets others run.
    ///
    /// # Errors
    /// What `work` returns; [`Error::Conflict`] if every attempt met one, or there was none to make.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.set("stock", "5")?;
    /// let left = db.retry(10, ["stock"], |watch| {
    ///     let stock: u32 = db.get("stock")?.and_then(|n| std::str::from_utf8(&n).ok()?.parse().ok()).unwrap_or(0);
    ///     if stock == 0 {
    ///         return Ok(None);
    ///     }
    ///     watch.commit(|tx| tx.decr("stock")).map(Some)
    /// })?;
    /// assert_eq!(left, Some(4));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn retry<K: AsRef<[u8]>, R>(
        &self,
        attempts: usize,
        keys: impl IntoIterator<Item = K>,
        mut work: impl FnMut(Watch) -> Result<R>,
    ) -> Result<R> {
        let keys: Vec<K> = keys.into_iter().collect();
        for attempt in 0..attempts {
            if attempt > 0 {
                thread::yield_now();
            }
            match work(self.watch(&keys)) {
                Err(Error::Conflict) => {}
                result => return result,
            }
        }
        Err(Error::Conflict)
    }
}

impl Watch {
    /// Tells whether a key has changed, so that a commit would report a conflict (O(keys), locks their stripes
    /// shared).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let watch = db.watch(["k"]);
    /// assert!(!watch.has_changed());
    /// db.set("k", "v")?;
    /// assert!(watch.has_changed());
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn has_changed(&self) -> bool {
        let keyspace = self.db.keyspace();
        let keys = self.keys.keys(keyspace);
        let mut tx = keyspace.begin_many(self.db.number(), &keys, Access::Shared);
        self.keys.has_changed(&mut tx).expect("the stripes of all keys are held")
    }

    /// Runs a [transaction](Db::transaction) over the keys that are watched, unless one of them has changed. They are
    /// watched no more afterwards (`EXEC`).
    ///
    /// # Errors
    /// [`Error::Conflict`] if a key has changed: `work` was not called then. As [`Db::transaction`] besides.
    ///
    /// # Panics
    /// As [`Db::transaction`].
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let watch = db.watch(["k"]);
    /// watch.commit(|tx| tx.set("k", "v"))?;
    /// assert!(db.exists("k"));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn commit<R>(self, work: impl FnOnce(&Transaction<'_>) -> Result<R>) -> Result<R> {
        self.commit_with::<&[u8], R>([], work)
    }

    /// As [`commit`](Watch::commit), over other keys besides those that are watched.
    ///
    /// # Errors
    /// As [`commit`](Watch::commit).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let watch = db.watch(["stock"]);
    /// watch.commit_with(["orders"], |tx| {
    ///     tx.decr("stock")?;
    ///     tx.rpush("orders", ["one"])
    /// })?;
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn commit_with<K: AsRef<[u8]>, R>(
        mut self,
        keys: impl IntoIterator<Item = K>,
        work: impl FnOnce(&Transaction<'_>) -> Result<R>,
    ) -> Result<R> {
        let keys: Vec<K> = keys.into_iter().collect();
        let db = self.db.clone();
        let keyspace = db.keyspace();
        let mut all = db.hashed(&keys);
        all.extend(self.keys.keys(keyspace));
        let declared = Declared::some(&all);
        keyspace.refuse_inside();
        let room = db.make_room();
        let mut tx = keyspace.begin_many(db.number(), &all, Access::Exclusive);
        drop(all);
        let changed = self.keys.has_changed(&mut tx)?;
        self.keys.clear_in(&mut tx)?;
        if changed {
            return Err(Error::Conflict);
        }
        let result = run(tx, declared, room, work)?;
        db.engine().make_safe()?;
        Ok(result)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.keys.clear(self.db.keyspace());
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch")
            .field("db", &self.db)
            .field("keys", &self.keys.len())
            .finish_non_exhaustive()
    }
}
