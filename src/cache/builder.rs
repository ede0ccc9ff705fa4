//! How a cache is to be.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::flight::Flights;
use super::stats::Counters;
use super::{Cache, Shared};
use crate::api::{Db, Engine};
use crate::config::{Config, EvictionPolicy, Upkeep};
use crate::error::Result;
use crate::typed::Schema;

/// What a [`Cache`] is made with; [`Cache::builder`] begins.
///
/// ```
/// use std::time::Duration;
/// use danio::{Cache, Db};
///
/// let pages: Cache = Cache::builder()
///     .name("pages")
///     .prefix("page:")
///     .time_to_live(Duration::from_secs(600))
///     .time_to_idle(Duration::from_secs(60))
///     .build(&Db::in_memory());
/// pages.insert("home", &"<html>".into())?;
/// assert_eq!(pages.get("home")?.as_deref(), Some(&b"<html>"[..]));
/// # Ok::<(), danio::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "it does nothing until it is built"]
pub struct CacheBuilder {
    pub(super) name: Box<str>,
    pub(super) prefix: Bytes,
    pub(super) ttl: Option<Duration>,
    pub(super) idle: Option<Duration>,
    /// The share of its life after which a value is refreshed.
    pub(super) refresh: Option<f64>,
}

impl CacheBuilder {
    /// What it is called in metrics and spans; its prefix if nothing is said.
    pub fn name(mut self, name: impl Into<Box<str>>) -> CacheBuilder {
        self.name = name.into();
        self
    }

    /// What its keys begin with in the database; nothing if nothing is said. Caches in one database have different
    /// prefixes, none of them the beginning of another's.
    pub fn prefix(mut self, prefix: impl Into<Bytes>) -> CacheBuilder {
        self.prefix = prefix.into();
        self
    }

    /// How long a value lives from when it was stored; for ever if nothing is said. More than a millisecond.
    pub fn time_to_live(mut self, ttl: Duration) -> CacheBuilder {
        self.ttl = Some(ttl);
        self
    }

    /// How long a value lives from when it was last read (sliding expiry). Each hit then writes (`GETEX`) and takes its
    /// stripe exclusively. With a [time to live](CacheBuilder::time_to_live) besides, whichever is over first
    /// counts, and nine bytes in front of each value say when it must go.
    pub fn time_to_idle(mut self, idle: Duration) -> CacheBuilder {
        self.idle = Some(idle);
        self
    }

    /// After which share of its [time to live](CacheBuilder::time_to_live) a value is refreshed, 0 to 1: whoever asks
    /// for it first from then on loads it anew, and all others are served the old value meanwhile. Without a time
    /// to live nothing is refreshed.
    pub fn refresh_after(mut self, share: f64) -> CacheBuilder {
        self.refresh = Some(share.clamp(0.0, 1.0));
        self
    }

    /// A cache of bytes in a database. What memory it may take, and what goes when there is more, is the engine's:
    /// [`Config::maxmemory`] and [`Config::maxmemory_policy`] hold for all that the engine keeps.
    pub fn build(self, db: &Db) -> Cache {
        self.build_with(db, Schema::bytes())
    }

    /// A cache of values as `schema` writes them, in a database.
    ///
    /// ```
    /// use danio::{Cache, Db, typed::Schema};
    ///
    /// let squares = Cache::builder().prefix("square:").build_with(&Db::in_memory(), Schema::<u64>::plain());
    /// assert_eq!(squares.get_or_insert_with("7", || 49)?, 49);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn build_with<V>(self, db: &Db, schema: Schema<V>) -> Cache<V> {
        let name = if self.name.is_empty() {
            String::from_utf8_lossy(&self.prefix).into()
        } else {
            self.name.clone()
        };
        let shared = Shared {
            db: db.clone(),
            schema,
            flights: Arc::new(Flights::default()),
            counters: Counters::new(&name),
            options: CacheBuilder { name, ..self },
        };
        Cache { shared: Arc::new(shared) }
    }

    /// A cache of values in an engine of its own, with a bound of its own: at most `bytes` are used for keys, values and
    /// tables, counted exactly and without a weigher, and beyond that `policy` decides what goes. A thread of the
    /// engine gives back what has expired.
    ///
    /// # Errors
    /// As [`Engine::open`].
    ///
    /// ```
    /// use danio::{Cache, EvictionPolicy, typed::Schema};
    ///
    /// let cache = Cache::builder().build_bounded(1 << 20, EvictionPolicy::AllKeysLru, Schema::<String>::plain())?;
    /// for n in 0..20_000 {
    ///     cache.insert(n.to_string(), &"x".repeat(100))?;
    /// }
    /// assert!(cache.db().engine().used_memory() <= (1 << 20) + (1 << 20) / 100);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn build_bounded<V>(
        self,
        bytes: usize,
        policy: EvictionPolicy,
        schema: Schema<V>,
    ) -> Result<Cache<V>> {
        let config = Config::new()
            .databases(1)
            .maxmemory(bytes)
            .maxmemory_policy(policy)
            .upkeep(Upkeep::Thread);
        Ok(self.build_with(&Engine::open(config)?.db(0)?, schema))
    }
}
