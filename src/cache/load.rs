//! Loading what is missing, once.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;

use super::flight::{Boarding, Flight, Landing, Lead, Leader};
use super::stats::Event;
use super::{Cache, Found, span};
use crate::error::{Error, Result};

/// Why [`Cache::try_get_or_insert_with`] returned no value.
#[derive(Debug)]
pub enum LoadError<E> {
    /// The loader failed; everybody who waited for it is given the same error.
    Load(Arc<E>),
    /// The cache failed: see [`Cache`].
    Cache(Error),
}

impl<E> Clone for LoadError<E> {
    fn clone(&self) -> LoadError<E> {
        match self {
            LoadError::Load(error) => LoadError::Load(error.clone()),
            LoadError::Cache(error) => LoadError::Cache(error.clone()),
        }
    }
}

impl<E> From<Error> for LoadError<E> {
    fn from(error: Error) -> LoadError<E> {
        LoadError::Cache(error)
    }
}

impl<E: fmt::Display> fmt::Display for LoadError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadError::Load(error) => write!(f, "the value could not be loaded: {error}"),
            LoadError::Cache(error) => error.fmt(f),
        }
    }
}

impl<E: std::error::Error + 'static> std::error::Error for LoadError<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            LoadError::Load(error) => Some(&**error),
            LoadError::Cache(error) => Some(error),
        }
    }
}

/// Only the cache can fail.
fn sure<V>(result: Result<V, LoadError<Infallible>>) -> Result<V> {
    result.map_err(|error| match error {
        LoadError::Cache(error) => error,
        LoadError::Load(never) => match *never {},
    })
}

/// What a caller has to do.
enum Course<V> {
    /// Nothing: there is a value.
    Done(V),
    /// Load; or, with an old value in hand, refresh it.
    Load(Lead, Option<V>),
    /// Wait for somebody's load.
    Wait(Arc<Flight>),
}

impl<V> Cache<V> {
    /// Finds a value, or out what to do about it. `counted` is set once a hit or miss was counted.
    fn course(&self, key: &Bytes, leader: Leader, counted: &mut bool) -> Result<Course<V>> {
        let mut count = |event| {
            if !std::mem::replace(counted, true) {
                self.shared.counters.count(event);
            }
        };
        let found = self.look(key)?;
        count(if found.is_some() { Event::Hit } else { Event::Miss });
        match found {
            Some(Found { value, due: false }) => Ok(Course::Done(value)),
            Some(Found { value, due: true }) => Ok(match self.shared.flights.board(key, leader) {
                Boarding::Lead(lead) => Course::Load(lead, Some(value)),
                // Somebody refreshes it already.
                Boarding::Wait(_) => Course::Done(value),
            }),
            None => match self.shared.flights.board(key, leader) {
                Boarding::Wait(flight) => Ok(Course::Wait(flight)),
                // Another load may have ended between the look and the lead.
                Boarding::Lead(lead) => Ok(match self.look(key)? {
                    Some(Found { value, .. }) => Course::Done(value),
                    None => Course::Load(lead, None),
                }),
            },
        }
    }

    /// Stores what was loaded, and gives it to those who wait.
    fn loaded(&self, lead: Lead, value: V, since: SystemTime, refresh: bool) -> Result<V> {
        let shared = &self.shared;
        let bytes = Bytes::from(shared.schema.write(&value, lead.key(), b"")?);
        let took = shared.db.engine().time().duration_since(since).unwrap_or_default();
        shared.counters.count(Event::Loaded { refresh, took });
        match lead.store(|| self.store(lead.key(), &bytes, shared.options.ttl)) {
            // A cache that is full is no reason to fail.
            Some(Err(Error::OutOfMemory)) => shared.counters.count(Event::Rejected),
            Some(Err(error)) => return Err(error),
            Some(Ok(())) | None => {}
        }
        lead.land(Landing::Loaded(bytes));
        Ok(value)
    }

    /// What a load came to, for who led it: a refresh that failed leaves the old value.
    fn ended<E: Send + Sync + 'static>(
        &self,
        lead: Lead,
        result: Result<V, E>,
        since: SystemTime,
        old: Option<V>,
    ) -> Result<V, LoadError<E>> {
        match result {
            Ok(value) => Ok(self.loaded(lead, value, since, old.is_some())?),
            Err(error) => {
                self.shared.counters.count(Event::Failed);
                let error = Arc::new(error);
                lead.land(Landing::Failed(error.clone()));
                old.ok_or(LoadError::Load(error))
            }
        }
    }

    /// What somebody's load came to, for who waited; nothing if that is to be looked after again.
    fn landed<E: Send + Sync + 'static>(
        &self,
        key: &Bytes,
        landing: Landing,
    ) -> Option<Result<V, LoadError<E>>> {
        match landing {
            Landing::Loaded(bytes) => {
                self.shared.counters.count(Event::Wait);
                let value = self.shared.schema.take(&bytes, key, b"").transpose()?;
                Some(value.map_err(LoadError::Cache))
            }
            // An error of another type is another loader's, of which nothing is known here.
            Landing::Failed(error) => Some(Err(LoadError::Load(error.downcast().ok()?))),
            Landing::Abandoned => None,
        }
    }

    /// Returns a value, and calls `load` for it if it is missing; what it returns is stored, and goes to all who ask for
    /// the same key meanwhile (`GET` and `SET`; O(1) besides the load, locks one stripe, but not while it loads).
    ///
    /// A value that is [due to be refreshed](super::CacheBuilder::refresh_after) is loaded by the caller who finds it so;
    /// all others get the old one.
    ///
    /// # Errors
    /// See the [type](Cache).
    ///
    /// # Panics
    /// If `load` does, in which case the next caller loads; or if it asks the same cache for the same key.
    ///
    /// ```
    /// use danio::{Cache, Db, typed::Schema};
    ///
    /// let users = Cache::builder().prefix("user:").build_with(&Db::in_memory(), Schema::plain());
    /// let load = || "Ann".to_owned(); // from a database far away
    /// let threads: Vec<_> = (0..4)
    ///     .map(|_| {
    ///         let users = users.clone();
    ///         std::thread::spawn(move || users.get_or_insert_with("7", load))
    ///     })
    ///     .collect();
    /// for thread in threads {
    ///     assert_eq!(thread.join().expect("no panic")?, "Ann");
    /// }
    /// assert_eq!(users.stats().loads, 1);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn get_or_insert_with(&self, key: impl AsRef<[u8]>, load: impl FnOnce() -> V) -> Result<V> {
        sure(self.try_get_or_insert_with(key, || Ok(load())))
    }

    /// As [`get_or_insert_with`](Cache::get_or_insert_with), with a loader that may fail. Its error goes to all who wait for
    /// it, and nothing is stored; whoever asks next loads again. If a refresh fails, the old value is returned.
    ///
    /// # Errors
    /// [`LoadError::Load`] with the loader's error, [`LoadError::Cache`]; see the [type](Cache).
    ///
    /// # Panics
    /// As [`get_or_insert_with`](Cache::get_or_insert_with).
    ///
    /// ```
    /// use danio::{Cache, Db, LoadError};
    ///
    /// let pages: Cache = Cache::builder().build(&Db::in_memory());
    /// let failed = pages.try_get_or_insert_with("home", || Err("no connection"));
    /// assert!(matches!(failed, Err(LoadError::Load(error)) if *error == "no connection"));
    /// let loaded = pages.try_get_or_insert_with("home", || Ok::<_, &str>("<html>".into()));
    /// assert_eq!(loaded.expect("it is there"), "<html>");
    /// ```
    pub fn try_get_or_insert_with<E: Send + Sync + 'static>(
        &self,
        key: impl AsRef<[u8]>,
        load: impl FnOnce() -> Result<V, E>,
    ) -> Result<V, LoadError<E>> {
        let key = self.key(key.as_ref());
        let mut counted = false;
        loop {
            match self.course(&key, Leader::Thread, &mut counted)? {
                Course::Done(value) => return Ok(value),
                Course::Load(lead, old) => {
                    let since = self.shared.db.engine().time();
                    let result = span::within(&self.shared.options.name, &key, load);
                    return self.ended(lead, result, since, old);
                }
                Course::Wait(flight) => {
                    if let Some(result) = self.landed(&key, flight.wait()) {
                        return result;
                    }
                }
            }
        }
    }

    /// Returns a value, and with it the right to refresh it if that is [due](super::CacheBuilder::refresh_after) and
    /// nobody has it already. Whoever has it may serve the value and refresh it elsewhere: on a thread, in a task.
    ///
    /// # Errors
    /// See the [type](Cache).
    ///
    /// ```
    /// use std::{thread, time::Duration};
    /// use danio::{Cache, Config, Engine, ManualClock, typed::Schema};
    ///
    /// let clock = ManualClock::new();
    /// let db = Engine::open(Config::new().clock(clock.clone()))?.db(0)?;
    /// let prices = Cache::builder()
    ///     .time_to_live(Duration::from_secs(60))
    ///     .refresh_after(0.5)
    ///     .build_with(&db, Schema::<u32>::plain());
    /// prices.insert("apple", &3)?;
    /// clock.advance(Duration::from_secs(30));
    ///
    /// let hit = prices.lookup("apple")?.expect("it lives for another half minute");
    /// assert_eq!(hit.value, 3); // serve this at once
    /// let refresh = hit.refresh.expect("it is due");
    /// assert!(prices.lookup("apple")?.is_some_and(|hit| hit.refresh.is_none()), "one does it");
    /// thread::spawn(move || refresh.insert(&4)).join().expect("no panic")?;
    /// assert_eq!(prices.get("apple")?, Some(4));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn lookup(&self, key: impl AsRef<[u8]>) -> Result<Option<Hit<V>>> {
        let key = self.key(key.as_ref());
        let found = self.look(&key)?;
        self.shared.counters.count(if found.is_some() { Event::Hit } else { Event::Miss });
        let Some(Found { value, due }) = found else { return Ok(None) };
        let lead = match due.then(|| self.shared.flights.board(&key, Leader::Anybody)) {
            Some(Boarding::Lead(lead)) => Some(lead),
            _ => None,
        };
        let refresh = lead.map(|lead| Refresh {
            cache: self.clone(),
            lead,
            since: self.shared.db.engine().time(),
        });
        Ok(Some(Hit { value, refresh }))
    }
}

/// Loading in async code.
#[cfg(feature = "async")]
impl<V> Cache<V> {
    /// [`get_or_insert_with`](Cache::get_or_insert_with) with a loader that is a future, on any runtime. It is polled only if
    /// the value is missing and nobody loads it. Tasks and threads wait for the same loads.
    ///
    /// It may be dropped at any moment: if it was loading, the next one who waits begins to.
    ///
    /// # Errors
    /// See the [type](Cache).
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use danio::{Cache, Db};
    ///
    /// let pages: Cache = Cache::builder().build(&Db::in_memory());
    /// let page = pages.get_or_insert_async("home", async { "<html>".into() }).await?;
    /// assert_eq!(page, "<html>");
    /// # Ok::<(), danio::Error>(())
    /// # }).unwrap();
    /// ```
    pub async fn get_or_insert_async(
        &self,
        key: impl AsRef<[u8]>,
        load: impl Future<Output = V>,
    ) -> Result<V> {
        sure(self.try_get_or_insert_async(key, async { Ok(load.await) }).await)
    }

    /// [`try_get_or_insert_with`](Cache::try_get_or_insert_with) with a loader that is a future; see
    /// [`get_or_insert_async`](Cache::get_or_insert_async).
    ///
    /// # Errors
    /// As [`try_get_or_insert_with`](Cache::try_get_or_insert_with).
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use danio::{Cache, Db};
    ///
    /// let pages: Cache = Cache::builder().build(&Db::in_memory());
    /// let failed = pages.try_get_or_insert_async("home", async { Err("no connection") }).await;
    /// assert!(failed.is_err());
    /// # });
    /// ```
    pub async fn try_get_or_insert_async<E: Send + Sync + 'static>(
        &self,
        key: impl AsRef<[u8]>,
        load: impl Future<Output = Result<V, E>>,
    ) -> Result<V, LoadError<E>> {
        let key = self.key(key.as_ref());
        let mut counted = false;
        loop {
            match self.course(&key, Leader::Anybody, &mut counted)? {
                Course::Done(value) => return Ok(value),
                Course::Load(lead, old) => {
                    let since = self.shared.db.engine().time();
                    let result = span::within_future(&self.shared.options.name, &key, load).await;
                    // Who waits has the value at once; that it is kept is told to who loaded it.
                    let engine = self.shared.db.engine();
                    let (ended, safety) = engine.unawaited(|| self.ended(lead, result, since, old));
                    safety.await?;
                    return ended;
                }
                Course::Wait(flight) => {
                    if let Some(result) = self.landed(&key, flight.landing().await) {
                        return result;
                    }
                }
            }
        }
    }
}

/// A value that [`Cache::lookup`] found.
#[derive(Debug)]
#[non_exhaustive]
pub struct Hit<V> {
    /// The value.
    pub value: V,
    /// The right to refresh it, if that is due and nobody else has it.
    pub refresh: Option<Refresh<V>>,
}

/// The right to refresh a value: while somebody has it, nobody else is given it. Dropped, it goes to who asks next.
pub struct Refresh<V> {
    cache: Cache<V>,
    lead: Lead,
    since: SystemTime,
}

impl<V> Refresh<V> {
    /// Stores the new value, unless the key was invalidated or set meanwhile.
    ///
    /// # Errors
    /// See [`Cache`].
    pub fn insert(self, value: &V) -> Result<()> {
        let (shared, lead) = (&self.cache.shared, self.lead);
        let bytes = Bytes::from(shared.schema.write(value, lead.key(), b"")?);
        let took = shared.db.engine().time().duration_since(self.since).unwrap_or_default();
        shared.counters.count(Event::Loaded { refresh: true, took });
        lead.store(|| self.cache.store(lead.key(), &bytes, shared.options.ttl)).transpose()?;
        lead.land(Landing::Loaded(bytes));
        Ok(())
    }
}

impl<V> fmt::Debug for Refresh<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refresh").field("lead", &self.lead).finish_non_exhaustive()
    }
}
