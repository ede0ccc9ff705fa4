//! A cache as applications use one: loaded once, kept for a time, counted.

mod builder;
mod entry;
mod flight;
mod load;
mod removals;
mod span;
mod stats;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

pub use builder::CacheBuilder;
use entry::Found;
use flight::Flights;
pub use load::{Hit, LoadError, Refresh};
pub use removals::{Removal, RemovalCause, Removals};
pub use stats::CacheStats;
use stats::{Counters, Event};

use crate::api::{Db, ScanOptions};
use crate::error::Result;
use crate::text::glob;
use crate::typed::Schema;

/// Values of type `V` that are loaded when they are missing, in a [`Db`]: a handle, cheap to clone.
///
/// What `moka` or a hand-written cache-aside over Redis does:
///
/// - [`get_or_insert_with`](Cache::get_or_insert_with) and its kin load a missing value **once**, however many threads
///   and tasks ask for it; the others wait for the result. A loader that panics, or whose future is dropped, lets the
///   next one load. Nothing of the engine is locked meanwhile, and keys have nothing to do with one another.
/// - [time to live](CacheBuilder::time_to_live), [time to idle](CacheBuilder::time_to_idle), and
///   [refreshing ahead](CacheBuilder::refresh_after).
/// - memory is bounded by the engine, exactly and without a weigher; see [`CacheBuilder::build_bounded`].
/// - [`stats`](Cache::stats), [metrics and spans](#metrics-and-spans), and a stream of [removals](Cache::removals).
///
/// All clones are one cache: they load once together. A second cache that is built over the same keys
/// shares their values and not their loads. Values are Redis strings under `prefix` and key, which other clients
/// and [`Family`](crate::typed) handles read too.
///
/// ```
/// use danio::{Cache, Db};
///
/// let pages: Cache = Cache::builder().prefix("page:").build(&Db::in_memory());
/// let page = pages.get_or_insert_with("home", || "<html>".into())?;
/// assert_eq!(page, "<html>");
/// assert_eq!(pages.get_or_insert_with("home", || unreachable!())?, page);
/// assert_eq!((pages.stats().hits, pages.stats().misses), (1, 1));
/// # Ok::<(), danio::Error>(())
/// ```
///
/// # What outlives the process
///
/// A cache is as durable as the engine that it is in. In memory alone it begins empty; with an append-only file it begins
/// with what it had, as long as that has not expired meanwhile, and writes wait as `appendfsync` says. With `always`,
/// [`insert`](Cache::insert), a load and [`invalidate`](Cache::invalidate) return when what they did is on disk, and
/// nothing that was outdated comes back; that is seldom worth its price for a cache, and `everysec` or a second engine in
/// memory are the usual choice.
///
/// # Metrics and spans
///
/// With feature `metrics`, the counters `danio_cache_hits_total`, `_misses_total`, `_loads_total`, `_failed_loads_total`,
/// `_refreshes_total`, `_rejected_total` and the histogram `danio_cache_load_seconds`, labelled with the cache's name, go
/// to the recorder that is installed when the cache is built. With feature `tracing` each load runs in a span
/// `cache_load` with the cache's name and the key.
///
/// # Errors
///
/// Methods fail with [`Error::WrongType`](crate::Error::WrongType) if a key holds something else than a string, and with
/// [`Error::Codec`](crate::Error::Codec) if its bytes are none of the schema's, unless
/// [`Schema::drops_others`] takes those for missing. A value that was loaded and does not fit under `maxmemory`
/// is returned all the same, and counted as rejected.
pub struct Cache<V = Bytes> {
    shared: Arc<Shared<V>>,
}

struct Shared<V> {
    db: Db,
    schema: Schema<V>,
    flights: Arc<Flights>,
    counters: Counters,
    options: CacheBuilder,
}

impl Cache {
    /// Begins to describe a cache, of whatever type.
    ///
    /// ```
    /// use danio::{Cache, Db};
    ///
    /// let cache: Cache = Cache::builder().name("pages").build(&Db::in_memory());
    /// assert_eq!(cache.get("home")?, None);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn builder() -> CacheBuilder {
        CacheBuilder::default()
    }
}

impl<V> Cache<V> {
    /// The database that it is in.
    ///
    /// ```
    /// use danio::{Cache, Db};
    ///
    /// let cache: Cache = Cache::builder().prefix("page:").build(&Db::in_memory());
    /// cache.insert("home", &"<html>".into())?;
    /// assert!(cache.db().exists("page:home"));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn db(&self) -> &Db {
        &self.shared.db
    }

    fn key(&self, key: &[u8]) -> Bytes {
        [&self.shared.options.prefix[..], key].concat().into()
    }

    /// Returns a value (`GET`, or `GETEX` with a time to idle; O(1), locks one stripe; reading the value is done
    /// without a lock). Counts a hit or a miss.
    ///
    /// # Errors
    /// See the [type](Cache).
    ///
    /// ```
    /// use danio::{Cache, Db};
    ///
    /// let cache: Cache = Cache::builder().build(&Db::in_memory());
    /// assert_eq!(cache.get("home")?, None);
    /// assert_eq!(cache.stats().misses, 1);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn get(&self, key: impl AsRef<[u8]>) -> Result<Option<V>> {
        let found = self.look(&self.key(key.as_ref()))?;
        self.shared.counters.count(if found.is_some() { Event::Hit } else { Event::Miss });
        Ok(found.map(|Found { value, .. }| value))
    }

    /// Stores a value (`SET`, O(1), locks one stripe). A load of this key that is under way does not overwrite it.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`](crate::Error::OutOfMemory) if it does not fit; see the [type](Cache) besides.
    ///
    /// ```
    /// use danio::{Cache, Db};
    ///
    /// let cache: Cache = Cache::builder().build(&Db::in_memory());
    /// cache.insert("home", &"<html>".into())?;
    /// assert!(cache.get("home")?.is_some());
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn insert(&self, key: impl AsRef<[u8]>, value: &V) -> Result<()> {
        self.put(key.as_ref(), value, self.shared.options.ttl)
    }

    /// As [`insert`](Cache::insert), with a time to live of its own. When it is [due to be
    /// refreshed](CacheBuilder::refresh_after) is still counted by the cache's. In a cache that has a time to idle and no time
    /// to live it is the time until the first read.
    ///
    /// # Errors
    /// As [`insert`](Cache::insert); [`Error::InvalidExpire`](crate::Error::InvalidExpire) if the time is zero or does not
    /// fit.
    ///
    /// ```
    /// use std::time::Duration;
    /// use danio::{Cache, Db, Ttl};
    ///
    /// let cache: Cache = Cache::builder().build(&Db::in_memory());
    /// cache.insert_for("home", &"<html>".into(), Duration::from_secs(60))?;
    /// assert!(matches!(cache.db().ttl("home"), Ttl::Left(_)));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn insert_for(&self, key: impl AsRef<[u8]>, value: &V, ttl: Duration) -> Result<()> {
        self.put(key.as_ref(), value, Some(ttl))
    }

    fn put(&self, key: &[u8], value: &V, ttl: Option<Duration>) -> Result<()> {
        let key = self.key(key);
        let bytes = self.shared.schema.write(value, &key, b"")?;
        self.shared.flights.outdate(&key);
        self.store(&key, &bytes, ttl)
    }

    /// Removes a value (`DEL`, O(1), locks one stripe). Returns whether it was there. What is being loaded for it goes to
    /// those who wait for it already, and is not stored; whoever comes later loads anew.
    ///
    /// ```
    /// use danio::{Cache, Db};
    ///
    /// let cache: Cache = Cache::builder().build(&Db::in_memory());
    /// cache.insert("home", &"<html>".into())?;
    /// assert!(cache.invalidate("home"));
    /// assert_eq!(cache.get("home")?, None);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn invalidate(&self, key: impl AsRef<[u8]>) -> bool {
        let key = self.key(key.as_ref());
        self.shared.flights.outdate(&key);
        self.shared.db.del(&key)
    }

    /// Removes all values whose keys begin with `prefix`, and those that are being loaded (`SCAN` and `DEL`; O(all keys of
    /// the database), locks a page's stripes at a time). Returns how many there were. What is inserted meanwhile may
    /// stay.
    ///
    /// ```
    /// use danio::{Cache, Db};
    ///
    /// let cache: Cache = Cache::builder().build(&Db::in_memory());
    /// for key in ["user:7:name", "user:7:age", "user:8:name"] {
    ///     cache.insert(key, &"x".into())?;
    /// }
    /// assert_eq!(cache.invalidate_prefix("user:7:"), 2);
    /// assert!(cache.get("user:8:name")?.is_some());
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn invalidate_prefix(&self, prefix: impl AsRef<[u8]>) -> usize {
        let (prefix, db) = (self.key(prefix.as_ref()), &self.shared.db);
        self.shared.flights.outdate_all(&prefix);
        let options = ScanOptions::new().count(100).matching(glob::beginning_with(&prefix));
        let (mut cursor, mut removed) = (Some(0), 0);
        while let Some(from) = cursor {
            let page = db.scan(from, &options);
            removed += db.del_many(page.items);
            cursor = page.cursor;
        }
        removed
    }

    /// Removes all values, as [`invalidate_prefix`](Cache::invalidate_prefix) does.
    ///
    /// ```
    /// use danio::{Cache, Db};
    ///
    /// let cache: Cache = Cache::builder().prefix("page:").build(&Db::in_memory());
    /// cache.insert("home", &"<html>".into())?;
    /// assert_eq!(cache.clear(), 1);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn clear(&self) -> usize {
        self.invalidate_prefix(b"")
    }

    /// What was counted since it was built; O(1), locks nothing.
    ///
    /// ```
    /// use danio::{Cache, Db};
    ///
    /// let cache: Cache = Cache::builder().build(&Db::in_memory());
    /// cache.get_or_insert_with("home", || "<html>".into())?;
    /// cache.get("home")?;
    /// let stats = cache.stats();
    /// assert_eq!((stats.hits, stats.misses, stats.loads), (1, 1, 1));
    /// assert_eq!(stats.hit_rate(), 0.5);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn stats(&self) -> CacheStats {
        self.shared.counters.read()
    }
}

impl<V> Clone for Cache<V> {
    fn clone(&self) -> Cache<V> {
        Cache { shared: self.shared.clone() }
    }
}

impl<V> fmt::Debug for Cache<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("options", &self.shared.options)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
