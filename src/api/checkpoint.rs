//! Checkpoints in memory, to go back to.

use super::Engine;
use crate::clock::Millis;
use crate::keyspace;
use crate::persist::rdb;

/// All keys of all databases as they were at one moment; made by [`Engine::checkpoint`].
///
/// Keeps what has changed since then, as it was: an image of each key that was changed, and of what was emptied
/// the whole of it, which is then not counted in [`Engine::used_memory`]. A key's first change copies what
/// it holds: O(its size); further changes, and changes of new keys, cost a look-up. Dropping it frees
/// that, and costs nothing else.
#[derive(Debug)]
pub struct Checkpoint(keyspace::Checkpoint);

impl Checkpoint {
    /// Makes all keys of all databases as they were at the checkpoint: those changed or removed since then are put
    /// back, those added are removed, emptied databases are filled and exchanged ones exchanged again. O(keys that
    /// have changed), however many there are; locks everything for that long. It can be done again and again.
    ///
    /// Time goes on: keys whose time is over by now are not there. To everybody else it is a change as by commands:
    /// watches of keys that are put back or removed conflict, [`Db::events`](crate::Db::events) and keyspace
    /// notifications tell of `restore` and `del` (of `flushdb` and `swapdb` where databases were emptied or
    /// exchanged), clients that cache keys are told, who waits for what comes back is served, from what was
    /// restored. A snapshot that is being written is not affected, and other checkpoints stay what they are.
    ///
    /// ```
    /// use danio::{Config, Engine};
    ///
    /// let engine = Engine::open(Config::new())?;
    /// let db = engine.db(0)?;
    /// db.set("user:1", "Ada")?;
    /// let filled = engine.checkpoint();
    /// for _ in 0..3 {
    ///     db.set("user:1", "Grace")?;
    ///     db.set("user:2", "Joan")?;
    ///     engine.flush_all();
    ///     filled.restore();
    ///     assert_eq!(db.get("user:1")?.as_deref(), Some(&b"Ada"[..]));
    ///     assert_eq!(db.len(), 1);
    /// }
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn restore(&self) {
        self.0.restore(|entry| rdb::dump(entry, Millis(i64::MIN), true));
    }
}

impl Engine {
    /// Remembers all keys of all databases as they are at this moment, to go back to: to reset a filled fake
    /// between tests, or to try something out. O(stripes and databases), however many keys there are; locks
    /// everything for that long. Nothing is copied before it changes.
    ///
    /// There may be several at a time, and each can be restored in any order. It is of keys alone: the clock, parameters,
    /// subscriptions and statistics are not taken back.
    ///
    /// ```
    /// use danio::{Config, Engine};
    ///
    /// let engine = Engine::open(Config::new())?;
    /// let db = engine.db(0)?;
    /// db.set("k", "before")?;
    /// let checkpoint = engine.checkpoint();
    /// db.set("k", "after")?;
    /// checkpoint.restore();
    /// assert_eq!(db.get("k")?.as_deref(), Some(&b"before"[..]));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint(self.shared_keyspace().checkpoint())
    }
}
