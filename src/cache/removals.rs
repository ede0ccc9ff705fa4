//! Which values went, and why.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;

use super::Cache;
use crate::keyspace::event::Class;
use crate::pubsub::{EventOptions, EventStream, KeyEvent, Overflow};
use crate::text::glob;

/// A value that is no longer in a cache.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Removal {
    /// Its key, without the cache's prefix; empty if all are gone.
    pub key: Bytes,
    /// Why.
    pub cause: RemovalCause,
}

/// Why a value is no longer in a cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RemovalCause {
    /// Its time to live or to idle was over. It is told when the memory is given back: by upkeep, or by a writer that
    /// meets it.
    Expired,
    /// It had to make room.
    Evicted,
    /// It was invalidated, or removed, renamed or moved by somebody.
    Removed,
    /// The whole database was emptied or exchanged.
    Cleared,
}

impl<V> Cache<V> {
    /// Follows which values go from now on: an iterator that waits, and with feature `async` a stream. It is built on
    /// [`Db::events`](crate::Db::events), so that it is told in the order of the changes, by whomever they are made; it
    /// holds no value, as they are gone.
    ///
    /// Up to `capacity` removals wait to be read; beyond that the oldest are dropped, and counted in
    /// [`missed`](Removals::missed).
    ///
    /// ```
    /// use danio::{Cache, Db, RemovalCause};
    ///
    /// let cache: Cache = Cache::builder().prefix("page:").build(&Db::in_memory());
    /// let mut removals = cache.removals(1000);
    /// cache.insert("home", &"<html>".into())?;
    /// cache.invalidate("home");
    /// let removal = removals.try_recv().expect("it was told before the call returned");
    /// assert_eq!((&removal.key[..], removal.cause), (&b"home"[..], RemovalCause::Removed));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn removals(&self, capacity: usize) -> Removals {
        let prefix = self.shared.options.prefix.clone();
        let options = EventOptions::new()
            .db(self.shared.db.number())
            .keys(glob::beginning_with(&prefix))
            .classes([Class::Expired, Class::Evicted, Class::Generic, Class::Database])
            .capacity(capacity)
            .overflow(Overflow::DropOldest);
        Removals { events: self.shared.db.events_with(options), prefix }
    }
}

/// The values that go, as they go; made by [`Cache::removals`].
pub struct Removals {
    events: EventStream,
    prefix: Bytes,
}

impl Removals {
    fn removal(&self, event: &KeyEvent) -> Option<Removal> {
        let cause = match (event.class, event.name) {
            (Class::Expired, _) => RemovalCause::Expired,
            (Class::Evicted, _) => RemovalCause::Evicted,
            (Class::Database, _) => RemovalCause::Cleared,
            (_, "del" | "rename_from" | "move_from") => RemovalCause::Removed,
            _ => return None,
        };
        let key = event.key.slice(self.prefix.len().min(event.key.len())..);
        Some(Removal { key, cause })
    }

    /// Takes the next removal if there is one; does not wait.
    pub fn try_recv(&mut self) -> Option<Removal> {
        while let Some(event) = self.events.try_recv() {
            if let Some(removal) = self.removal(&event) {
                return Some(removal);
            }
        }
        None
    }

    /// Waits for the next removal; `None` once the engine is no more.
    pub fn recv(&mut self) -> Option<Removal> {
        while let Some(event) = self.events.recv() {
            if let Some(removal) = self.removal(&event) {
                return Some(removal);
            }
        }
        None
    }

    /// As [`recv`](Removals::recv), for `limit` between two events at most.
    pub fn recv_timeout(&mut self, limit: Duration) -> Option<Removal> {
        while let Some(event) = self.events.recv_timeout(limit) {
            if let Some(removal) = self.removal(&event) {
                return Some(removal);
            }
        }
        None
    }

    /// As [`recv`](Removals::recv), as a future of any runtime; dropping it loses nothing.
    #[cfg(feature = "async")]
    pub async fn recv_async(&mut self) -> Option<Removal> {
        while let Some(event) = self.events.recv_async().await {
            if let Some(removal) = self.removal(&event) {
                return Some(removal);
            }
        }
        None
    }

    /// How many events were dropped because they were not read in time.
    pub fn missed(&self) -> u64 {
        self.events.stats().dropped
    }
}

impl Iterator for Removals {
    type Item = Removal;

    fn next(&mut self) -> Option<Removal> {
        self.recv()
    }
}

impl fmt::Debug for Removals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Removals").field("events", &self.events).finish_non_exhaustive()
    }
}
