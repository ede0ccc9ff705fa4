//! A handle on one database: how its methods lock.

use std::fmt;

use super::Engine;
use super::scope::Scope;
use crate::config::Config;
use crate::error::Result;
use crate::keyspace::{Access, Key, Keyspace, Tx};

/// One numbered database of an [`Engine`].
///
/// Cheap to clone; `Send` and `Sync`. Every method is one atomic operation. A method on one key
/// locks the key's stripe, shared with other readers if it only reads; a method on several
/// keys locks their stripes in ascending order. No lock outlives the call, and no
/// method waits for anything but such a lock, except those whose documentation says that they wait for keys
/// ([`blpop`](Db::blpop) and its kin).
///
/// The parameter says where the methods take effect, and need not be written: `Db` is `Db<Engine>`, where each
/// call stands by itself.
#[derive(Clone)]
pub struct Db<S = Engine> {
    scope: S,
    number: u32,
}

impl Db {
    /// An empty database in memory, in an engine of its own with the default [`Config`].
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.set("answer", "42")?;
    /// assert_eq!(db.incr("answer")?, 43);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn in_memory() -> Db {
        let engine = Engine::bare(Config::new()).expect("the default configuration is valid");
        Db::new(engine, 0)
    }

    /// The engine that this database belongs to.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// assert_eq!(db.engine().databases(), 16);
    /// ```
    pub fn engine(&self) -> &Engine {
        &self.scope
    }
}

impl<S> Db<S> {
    pub(super) fn new(scope: S, number: u32) -> Db<S> {
        Db { scope, number }
    }

    /// The database's number.
    ///
    /// ```
    /// let engine = danio::Engine::open(danio::Config::new())?;
    /// assert_eq!(engine.db(2)?.number(), 2);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn number(&self) -> u32 {
        self.number
    }
}

/// How methods lock: as their scope does, in this database.
impl<S: Scope> Db<S> {
    #[inline(always)]
    pub(super) fn keyspace(&self) -> &Keyspace {
        self.scope.keyspace()
    }

    #[inline(always)]
    pub(super) fn key<'a>(&self, bytes: &'a [u8]) -> Key<'a> {
        self.keyspace().key(bytes)
    }

    pub(super) fn scope(&self) -> &S {
        &self.scope
    }

    /// Hashes keys that a caller gave as an iterator's items.
    pub(super) fn hashed<'a, K: AsRef<[u8]> + 'a>(
        &self,
        keys: impl IntoIterator<Item = &'a K>,
    ) -> Vec<Key<'a>> {
        keys.into_iter().map(|key| self.key(key.as_ref())).collect()
    }

    /// Makes room under `maxmemory` before something grows.
    #[inline(always)]
    pub(super) fn make_room(&self) -> Result<()> {
        self.scope.make_room()
    }

    /// Calls `look` in the scope of one key, shared.
    #[inline(always)]
    pub(super) fn read<R>(
        &self,
        key: &[u8],
        look: impl FnOnce(&Tx<'_>, Key<'_>) -> Result<R>,
    ) -> Result<R> {
        self.scope.read(self.number, key, look)
    }

    /// As [`read`](Db::read), where `look` calls code of the caller's.
    #[inline(always)]
    pub(super) fn show<R>(
        &self,
        key: &[u8],
        look: impl FnOnce(&Tx<'_>, Key<'_>) -> Result<R>,
    ) -> Result<R> {
        // Dropped when the locks are let go.
        let mut _lent = None;
        self.read(key, |tx, key| {
            _lent = self.scope.lend();
            look(tx, key)
        })
    }

    /// Calls `change` in the scope of one key, exclusive, unless no write is accepted; what it did is as safe as
    /// was asked for when this returns.
    #[inline(always)]
    pub(super) fn write<R>(
        &self,
        key: &[u8],
        change: impl FnOnce(&mut Tx<'_>, Key<'_>) -> Result<R>,
    ) -> Result<R> {
        self.scope.may_write()?;
        let result = self.scope.write(self.number, key, change);
        self.scope.make_safe()?;
        result
    }

    /// As [`write`](Db::write), for a call that has no way to say that it was refused: it takes effect in
    /// memory, and what cannot be written to a file now is when that can be.
    #[inline(always)]
    pub(super) fn write_anyway<R: Default>(
        &self,
        key: &[u8],
        change: impl FnOnce(&mut Tx<'_>, Key<'_>) -> Result<R>,
    ) -> R {
        let result = self.sure(self.scope.write(self.number, key, change));
        self.scope.wait_safe();
        result
    }

    /// Calls `change` in the scope of one key, exclusive, after making room under `maxmemory`.
    #[inline(always)]
    pub(super) fn grow<R>(
        &self,
        key: &[u8],
        change: impl FnOnce(&mut Tx<'_>, Key<'_>) -> Result<R>,
    ) -> Result<R> {
        self.make_room()?;
        self.write(key, change)
    }

    /// Calls `work` in the scope of several keys; if it is exclusive, as [`write`](Db::write).
    pub(super) fn many<R>(
        &self,
        keys: &[Key<'_>],
        access: Access,
        work: impl FnOnce(&mut Tx<'_>) -> Result<R>,
    ) -> Result<R> {
        self.as_access(access, || self.scope.many(self.number, keys, access, work))
    }

    /// As [`write_anyway`](Db::write_anyway), in the scope of several keys.
    pub(super) fn change_anyway<R: Default>(
        &self,
        keys: &[Key<'_>],
        work: impl FnOnce(&mut Tx<'_>) -> Result<R>,
    ) -> R {
        let result = self.sure(self.scope.many(self.number, keys, Access::Exclusive, work));
        self.scope.wait_safe();
        result
    }

    /// Calls `work` in the scope of everything; if it is exclusive, as [`write`](Db::write).
    pub(super) fn all<R>(
        &self,
        access: Access,
        work: impl FnOnce(&mut Tx<'_>) -> Result<R>,
    ) -> Result<R> {
        self.as_access(access, || self.scope.all(self.number, access, work))
    }

    /// As [`write_anyway`](Db::write_anyway), in the scope of everything.
    pub(super) fn change_all_anyway<R: Default>(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<R>,
    ) -> R {
        let result = self.sure(self.scope.all(self.number, Access::Exclusive, work));
        self.scope.wait_safe();
        result
    }

    fn as_access<R>(&self, access: Access, work: impl FnOnce() -> Result<R>) -> Result<R> {
        if access == Access::Shared {
            return work();
        }
        self.scope.may_write()?;
        let result = work();
        self.scope.make_safe()?;
        result
    }

    /// Calls `look` where every key can be visited: stripes are locked one at a time, unless all are.
    pub(super) fn each<R>(&self, look: impl FnOnce(&Tx<'_>) -> Result<R>) -> Result<R> {
        self.scope.each(self.number, look)
    }

    /// The result of a call that can only fail because its keys are not held.
    #[inline(always)]
    pub(super) fn sure<R: Default>(&self, result: Result<R>) -> R {
        self.scope.sure(result)
    }
}

impl<S> fmt::Debug for Db<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Db").field("number", &self.number).finish_non_exhaustive()
    }
}
