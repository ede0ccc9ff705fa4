//! Where a handle's methods take effect, and how they lock there.

use std::fmt;
use std::mem::forget;

use super::Engine;
use crate::error::Result;
use crate::keyspace::{Access, Inside, Key, Keyspace, Tx};

/// Where the methods of a [`Db`](super::Db) take effect: in the [`Engine`], each call by itself, or in one
/// transaction, all calls together.
///
/// A function that takes `&Db<S>` for any `S: Scope` works in both. Nobody else implements this trait.
#[expect(private_bounds, reason = "sealed: how a scope locks concerns the crate alone")]
pub trait Scope: Locks + Clone + fmt::Debug {}

/// How methods lock; all of them go through these few.
///
/// Closures are handed the keys that were asked for, hashed.
pub(crate) trait Locks {
    fn keyspace(&self) -> &Keyspace;

    /// Makes room under `maxmemory` before something grows.
    ///
    /// # Errors
    /// `OutOfMemory` if there is none to be made.
    fn make_room(&self) -> Result<()>;

    /// Refuses a write if none is accepted.
    ///
    /// # Errors
    /// `AofFailing`, `SaveFailing`.
    fn may_write(&self) -> Result<()>;

    /// Waits until what this thread wrote is as safe as was asked for; no lock is held.
    ///
    /// # Errors
    /// `AofFailing` if that cannot be.
    fn make_safe(&self) -> Result<()>;

    /// As [`make_safe`](Locks::make_safe), for a call that has no way to say that it cannot be: who asks next on this thread
    /// is told.
    fn wait_safe(&self);

    /// Notes that code of the caller's runs while something is locked, until what is returned is dropped: a call of the
    /// engine from there might wait for ever, for a writer that waits for this very thread. Only where it costs nothing.
    fn lend(&self) -> Option<Inside<'_>>;

    /// Calls `look` in the scope of one key, shared.
    fn read<R>(
        &self,
        db: u32,
        key: &[u8],
        look: impl FnOnce(&Tx<'_>, Key<'_>) -> Result<R>,
    ) -> Result<R>;

    /// Calls `change` in the scope of one key, exclusive.
    fn write<R>(
        &self,
        db: u32,
        key: &[u8],
        change: impl FnOnce(&mut Tx<'_>, Key<'_>) -> Result<R>,
    ) -> Result<R>;

    /// Calls `work` in the scope of several keys.
    fn many<R>(
        &self,
        db: u32,
        keys: &[Key<'_>],
        access: Access,
        work: impl FnOnce(&mut Tx<'_>) -> Result<R>,
    ) -> Result<R>;

    /// Calls `work` in the scope of everything.
    fn all<R>(
        &self,
        db: u32,
        access: Access,
        work: impl FnOnce(&mut Tx<'_>) -> Result<R>,
    ) -> Result<R>;

    /// Calls `look` where every key can be visited, no two perhaps at one moment.
    fn each<R>(&self, db: u32, look: impl FnOnce(&Tx<'_>) -> Result<R>) -> Result<R>;

    /// The result of a call that can only fail because its keys are not held.
    fn sure<R: Default>(&self, result: Result<R>) -> R;
}

impl Scope for Engine {}

impl Locks for Engine {
    #[inline(always)]
    fn keyspace(&self) -> &Keyspace {
        Engine::keyspace(self)
    }

    #[inline(always)]
    fn make_room(&self) -> Result<()> {
        self.keyspace().make_room()
    }

    #[inline(always)]
    fn may_write(&self) -> Result<()> {
        self.keyspace().settings.gate.check()
    }

    #[inline(always)]
    fn make_safe(&self) -> Result<()> {
        Engine::make_safe(self)
    }

    #[inline(always)]
    fn wait_safe(&self) {
        Engine::wait_safe(self);
    }

    #[inline(always)]
    fn lend(&self) -> Option<Inside<'_>> {
        cfg!(debug_assertions).then(|| self.keyspace().enter())
    }

    #[inline(always)]
    fn read<R>(
        &self,
        db: u32,
        key: &[u8],
        look: impl FnOnce(&Tx<'_>, Key<'_>) -> Result<R>,
    ) -> Result<R> {
        let key = self.keyspace().key(key);
        let mut tx = self.keyspace().begin_one(db, key, Access::Shared);
        let result = look(&tx, key);
        if tx.end() {
            forget(tx);
        }
        result
    }

    #[inline(always)]
    fn write<R>(
        &self,
        db: u32,
        key: &[u8],
        change: impl FnOnce(&mut Tx<'_>, Key<'_>) -> Result<R>,
    ) -> Result<R> {
        let key = self.keyspace().key(key);
        let mut tx = self.keyspace().begin_one(db, key, Access::Exclusive);
        let result = change(&mut tx, key);
        if tx.end() {
            forget(tx);
        }
        result
    }

    fn many<R>(
        &self,
        db: u32,
        keys: &[Key<'_>],
        access: Access,
        work: impl FnOnce(&mut Tx<'_>) -> Result<R>,
    ) -> Result<R> {
        work(&mut self.keyspace().begin_many(db, keys, access))
    }

    fn all<R>(
        &self,
        db: u32,
        access: Access,
        work: impl FnOnce(&mut Tx<'_>) -> Result<R>,
    ) -> Result<R> {
        work(&mut self.keyspace().begin_all(db, access))
    }

    fn each<R>(&self, db: u32, look: impl FnOnce(&Tx<'_>) -> Result<R>) -> Result<R> {
        look(&self.keyspace().begin_none(db))
    }

    #[inline(always)]
    fn sure<R: Default>(&self, result: Result<R>) -> R {
        result.expect("a call holds the stripes of its keys")
    }
}
