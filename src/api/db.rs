//! A handle on one database: how its methods lock.

use std::fmt;

use super::Engine;
use crate::config::Config;
use crate::error::Result;
use crate::keyspace::{Access, Key, Tx};

/// One numbered database of an [`Engine`].
///
/// Cheap to clone; `Send` and `Sync`. Every method is one atomic operation. A method on one key
/// locks the key's stripe, shared with other readers if it only reads; a method on several
/// keys locks their stripes in ascending order. No lock outlives the call, and no
/// method waits for anything but such a lock.
#[derive(Clone)]
pub struct Db {
    engine: Engine,
    number: u32,
}

impl Db {
    pub(super) fn new(engine: Engine, number: u32) -> Db {
        Db { engine, number }
    }

    /// An empty database in memory, in an engine of its own with the default [`Config`].
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.set("answer", "42")?;
    /// assert_eq!(db.incr("answer")?, 43);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn in_memory() -> Db {
        let engine = Engine::open(Config::new()).expect("the default configuration is valid");
        Db::new(engine, 0)
    }

    /// The engine that this database belongs to.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The database's number.
    pub fn number(&self) -> u32 {
        self.number
    }

    #[inline(always)]
    pub(super) fn key<'a>(&self, bytes: &'a [u8]) -> Key<'a> {
        self.engine.keyspace().key(bytes)
    }

    /// Calls `look` in the scope of one key, shared.
    #[inline(always)]
    pub(super) fn read<R>(&self, key: &[u8], look: impl FnOnce(&Tx<'_>, Key<'_>) -> R) -> R {
        let key = self.key(key);
        look(&self.engine.keyspace().begin_one(self.number, key, Access::Shared), key)
    }

    /// Calls `change` in the scope of one key, exclusive.
    #[inline(always)]
    pub(super) fn write<R>(&self, key: &[u8], change: impl FnOnce(&mut Tx<'_>, Key<'_>) -> R) -> R {
        let key = self.key(key);
        change(&mut self.engine.keyspace().begin_one(self.number, key, Access::Exclusive), key)
    }

    /// Calls `change` in the scope of one key, exclusive, after making room under `maxmemory`.
    #[inline(always)]
    pub(super) fn grow<R>(
        &self,
        key: &[u8],
        change: impl FnOnce(&mut Tx<'_>, Key<'_>) -> Result<R>,
    ) -> Result<R> {
        self.engine.keyspace().make_room()?;
        self.write(key, change)
    }

    /// Calls `work` in the scope of several keys.
    pub(super) fn many<R>(
        &self,
        keys: &[Key<'_>],
        access: Access,
        work: impl FnOnce(&mut Tx<'_>) -> R,
    ) -> R {
        work(&mut self.engine.keyspace().begin_many(self.number, keys, access))
    }

    /// Calls `look` in a scope that locks stripes one at a time.
    pub(super) fn each<R>(&self, look: impl FnOnce(&Tx<'_>) -> R) -> R {
        look(&self.engine.keyspace().begin_none(self.number))
    }

    /// Hashes keys that a caller gave as an iterator's items.
    pub(super) fn hashed<'a, K: AsRef<[u8]> + 'a>(
        &self,
        keys: impl IntoIterator<Item = &'a K>,
    ) -> Vec<Key<'a>> {
        keys.into_iter().map(|key| self.key(key.as_ref())).collect()
    }
}

impl fmt::Debug for Db {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Db").field("number", &self.number).finish_non_exhaustive()
    }
}
