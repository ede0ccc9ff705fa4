//! The scope of one transaction: how the methods of [`Db`] work in it, and how it ends.

use std::cell::{Cell, Ref, RefCell, RefMut};
use std::fmt;
use std::rc::Rc;

use crate::api::Db;
use crate::api::scope::{Locks, Scope};
use crate::error::{Error, Result};
use crate::keyspace::{Access, Inside, Key, Keyspace, Tx};

/// What [`Db::transaction`] hands to its closure: the methods of [`Db`], all within the one transaction.
///
/// They may touch the keys that the transaction declared, in any database of the engine, and no others: a
/// method that names another key fails with [`Error::UndeclaredKey`], or returns nothing (`false`, `None`, 0) if
/// it cannot fail, and in either case the transaction as a whole is undone and fails with that error. The same is
/// true of methods that look at all keys ([`keys`](Db::keys), [`len`](Db::len), [`flush`](Db::flush), a
/// [`sort`](Db::sort) by other keys), which [`Db::transaction_all`] is for.
///
/// While the closure runs, its thread calls this engine through this handle alone. A call through any other, which
/// would wait for the transaction's own locks, panics: always in a debug build, and in a release build when it would
/// have to wait. A thread that the closure starts and waits for must not call the engine at all.
pub type Transaction<'t> = Db<Atomic<'t>>;

/// Where the methods of a [`Transaction`] take effect.
#[derive(Clone)]
pub struct Atomic<'t>(Rc<Work<'t>>);

/// A transaction while its closure runs.
struct Work<'t> {
    keyspace: &'t Keyspace,
    /// `None` once it has ended.
    tx: RefCell<Option<Tx<'t>>>,
    declared: Declared,
    /// Whether there was room under `maxmemory` when it began.
    room: Result<()>,
    /// Whether writes were accepted when it began.
    writable: Result<()>,
    /// Why it will be undone whatever the closure returns.
    doomed: Cell<Option<Error>>,
}

/// The keys that a transaction may touch.
pub(super) enum Declared {
    Everything,
    /// In the order of their hashes.
    Some(Vec<(u64, Box<[u8]>)>),
}

impl Declared {
    pub(super) fn some(keys: &[Key<'_>]) -> Declared {
        let mut keys: Vec<_> = keys.iter().map(|key| (key.hash, Box::from(key.bytes))).collect();
        keys.sort_unstable_by_key(|(hash, _)| *hash);
        Declared::Some(keys)
    }

    fn contains(&self, key: Key<'_>) -> bool {
        match self {
            Declared::Everything => true,
            Declared::Some(keys) => {
                let first = keys.partition_point(|(hash, _)| *hash < key.hash);
                let alike = keys[first..].iter().take_while(|(hash, _)| *hash == key.hash);
                alike.into_iter().any(|(_, bytes)| **bytes == *key.bytes)
            }
        }
    }
}

/// Runs a transaction whose stripes are locked by `tx`.
pub(super) fn run<R, E: From<Error>>(
    mut tx: Tx<'_>,
    declared: Declared,
    room: Result<()>,
    work: impl FnOnce(&Transaction<'_>) -> Result<R, E>,
) -> Result<R, E> {
    tx.keep_undo();
    let (keyspace, db) = (tx.keyspace(), tx.db());
    // Dropped last, when the locks are let go.
    let _inside = keyspace.enter();
    let tx = RefCell::new(Some(tx));
    let (writable, doomed) = (keyspace.settings.gate.check(), Cell::new(None));
    let atomic = Atomic(Rc::new(Work { keyspace, tx, declared, room, writable, doomed }));
    // However the closure ends, and whatever it made of handles, the locks are let go.
    let ends = Ends(&atomic);
    let result = work(&Db::new(atomic.clone(), db));
    let result = match atomic.0.doomed.take() {
        Some(error) => result.and(Err(E::from(error))),
        None => result,
    };
    if result.is_ok() {
        atomic.change().settle();
    }
    drop(ends);
    result
}

/// Ends a transaction: it is undone unless it was settled, and its locks are released.
struct Ends<'a, 't>(&'a Atomic<'t>);

impl Drop for Ends<'_, '_> {
    fn drop(&mut self) {
        drop(self.0.0.tx.take());
    }
}

impl<'t> Atomic<'t> {
    fn look(&self) -> Ref<'_, Tx<'t>> {
        let tx = self.0.tx.try_borrow().ok();
        let tx = tx.and_then(|tx| Ref::filter_map(tx, Option::as_ref).ok());
        tx.expect("a method of a transaction was called while another changes something")
    }

    fn change(&self) -> RefMut<'_, Tx<'t>> {
        let tx = self.0.tx.try_borrow_mut().ok();
        let tx = tx.and_then(|tx| RefMut::filter_map(tx, Option::as_mut).ok());
        tx.expect("a method of a transaction that changes something was called within another")
    }

    fn select(&self, db: u32) {
        if self.look().db() != db {
            self.change().select(db);
        }
    }

    /// Refuses what touches other keys than were declared, and the transaction with it.
    fn check(&self, declared: bool) -> Result<()> {
        if declared { Ok(()) } else { Err(self.doom(Error::UndeclaredKey)) }
    }

    /// Refuses a write if none was accepted when the transaction began.
    fn check_access(&self, access: Access) -> Result<()> {
        if access == Access::Exclusive { self.0.writable.clone() } else { Ok(()) }
    }

    fn doom(&self, error: Error) -> Error {
        let first = self.0.doomed.take().unwrap_or_else(|| error.clone());
        self.0.doomed.set(Some(first));
        error
    }
}

impl<'t> Transaction<'t> {
    /// The same transaction in database `number` (`SELECT`): the keys that were declared are the same.
    ///
    /// # Errors
    /// [`Error::DbOutOfRange`] if there are not so many.
    ///
    /// ```
    /// use danio::{Config, Engine};
    ///
    /// let engine = Engine::open(Config::new())?;
    /// engine.db(0)?.transaction(["k"], |tx| {
    ///     tx.set("k", "here")?;
    ///     tx.select(1)?.set("k", "there")
    /// })?;
    /// assert_eq!(engine.db(1)?.get("k")?.as_deref(), Some(&b"there"[..]));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn select(&self, number: u32) -> Result<Transaction<'t>> {
        if number >= self.keyspace().databases() {
            return Err(Error::DbOutOfRange);
        }
        Ok(Db::new(self.scope().clone(), number))
    }
}

impl Scope for Atomic<'_> {}

impl Locks for Atomic<'_> {
    fn keyspace(&self) -> &Keyspace {
        self.0.keyspace
    }

    fn make_room(&self) -> Result<()> {
        self.0.room.clone()
    }

    // Each write asks by itself, so that one that cannot say so takes the transaction with it.
    fn may_write(&self) -> Result<()> {
        Ok(())
    }

    // Done when the transaction has ended.
    fn make_safe(&self) -> Result<()> {
        Ok(())
    }

    fn wait_safe(&self) {}

    fn lend(&self) -> Option<Inside<'_>> {
        // The transaction has noted it.
        None
    }

    fn read<R>(
        &self,
        db: u32,
        key: &[u8],
        look: impl FnOnce(&Tx<'_>, Key<'_>) -> Result<R>,
    ) -> Result<R> {
        let key = self.keyspace().key(key);
        self.check(self.0.declared.contains(key))?;
        self.select(db);
        look(&self.look(), key)
    }

    fn write<R>(
        &self,
        db: u32,
        key: &[u8],
        change: impl FnOnce(&mut Tx<'_>, Key<'_>) -> Result<R>,
    ) -> Result<R> {
        let key = self.keyspace().key(key);
        self.check(self.0.declared.contains(key))?;
        self.0.writable.clone()?;
        self.select(db);
        change(&mut self.change(), key)
    }

    fn many<R>(
        &self,
        db: u32,
        keys: &[Key<'_>],
        access: Access,
        work: impl FnOnce(&mut Tx<'_>) -> Result<R>,
    ) -> Result<R> {
        self.check(keys.iter().all(|key| self.0.declared.contains(*key)))?;
        self.check_access(access)?;
        self.select(db);
        work(&mut self.change())
    }

    fn all<R>(
        &self,
        db: u32,
        access: Access,
        work: impl FnOnce(&mut Tx<'_>) -> Result<R>,
    ) -> Result<R> {
        self.check(matches!(self.0.declared, Declared::Everything))?;
        self.check_access(access)?;
        self.select(db);
        work(&mut self.change())
    }

    fn each<R>(&self, db: u32, look: impl FnOnce(&Tx<'_>) -> Result<R>) -> Result<R> {
        self.check(matches!(self.0.declared, Declared::Everything))?;
        self.select(db);
        look(&self.look())
    }

    fn sure<R: Default>(&self, result: Result<R>) -> R {
        result.unwrap_or_else(|error| {
            self.doom(error);
            R::default()
        })
    }
}

impl fmt::Debug for Atomic<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Atomic").finish_non_exhaustive()
    }
}
