//! Sessions of `tower-sessions`, and so of axum and whatever else is made of tower, in an engine.

use std::fmt;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use tower_sessions_core::session::{Id, Record};
use tower_sessions_core::session_store::{Error, ExpiredDeletion, Result};

use crate::api::{Db, SetOptions};

/// What keys begin with unless it is said.
const PREFIX: &str = "session:";

/// A store for the session layer of [`tower-sessions`](https://docs.rs/tower-sessions).
///
/// A session is one string, `session:<id>` unless another prefix is set, which holds the session's record as JSON, so that
/// `redis-cli` shows it, and expires when the session does, by the engine's clock. Each call is one of the engine's:
/// it takes microseconds, waits for nothing but a lock and needs no pool. Cheap to clone.
///
/// What becomes of sessions when the process ends is what becomes of the engine's data: they are gone, unless the engine
/// keeps them in files. With an append-only file and `appendfsync always`, a session is on disk before `create`, `save` or
/// `delete` returns, and so before the visitor is answered; no thread waits for that, and they are errors if it cannot be
/// written.
///
/// ```
/// use danio::sessions::SessionStore;
/// use tower_sessions::cookie::time::Duration;
/// use tower_sessions::{Expiry, SessionManagerLayer};
///
/// let store = SessionStore::new(danio::Db::in_memory());
/// let layer = SessionManagerLayer::new(store).with_expiry(Expiry::OnInactivity(Duration::minutes(30)));
/// let app: axum::Router = axum::Router::new().layer(layer);
/// # drop(app);
/// ```
#[derive(Clone)]
pub struct SessionStore {
    db: Db,
    prefix: String,
}

impl SessionStore {
    /// Keeps sessions in this database, under `session:`.
    pub fn new(db: Db) -> SessionStore {
        SessionStore { db, prefix: PREFIX.to_string() }
    }

    /// Keeps them under keys that begin with `prefix`.
    ///
    /// ```
    /// use danio::sessions::SessionStore;
    /// let store = SessionStore::new(danio::Db::in_memory()).with_prefix("shop:session:");
    /// assert_eq!(store.prefix(), "shop:session:");
    /// ```
    pub fn with_prefix(mut self, prefix: impl Into<String>) -> SessionStore {
        self.prefix = prefix.into();
        self
    }

    /// What the keys of sessions begin with.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    fn key(&self, id: &Id) -> String {
        format!("{}{id}", self.prefix)
    }

    /// Writes a record; false if `options` kept it from being written.
    async fn write(&self, record: &Record, options: SetOptions) -> Result<bool> {
        let bytes = serde_json::to_vec(record).map_err(|error| Error::Encode(error.to_string()))?;
        let expires = SystemTime::from(record.expiry_date);
        let key = self.key(&record.id);
        let set = || self.db.set_with(key, bytes, options.expire_at(expires));
        let (outcome, safety) = self.db.engine().unawaited(set);
        safety.await.map_err(backend)?;
        Ok(outcome.map_err(backend)?.set)
    }
}

#[async_trait]
impl tower_sessions_core::SessionStore for SessionStore {
    /// An id that is taken already is replaced by another.
    async fn create(&self, record: &mut Record) -> Result<()> {
        while !self.write(record, SetOptions::new().if_absent()).await? {
            record.id = Id::default();
        }
        Ok(())
    }

    async fn save(&self, record: &Record) -> Result<()> {
        self.write(record, SetOptions::new()).await.map(drop)
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let Some(bytes) = self.db.get(self.key(id)).map_err(backend)? else { return Ok(None) };
        let record = serde_json::from_slice(&bytes);
        record.map(Some).map_err(|error| Error::Decode(error.to_string()))
    }

    /// It is gone at once. An error says that it could not be made safe that it is.
    async fn delete(&self, id: &Id) -> Result<()> {
        let (_, safety) = self.db.engine().unawaited(|| self.db.del(self.key(id)));
        safety.await.map_err(backend)
    }
}

/// Sessions whose time is over are gone by themselves; what is left to do is to give their memory back, which an engine
/// with [`Upkeep::Thread`](crate::Upkeep::Thread) does too.
#[async_trait]
impl ExpiredDeletion for SessionStore {
    async fn delete_expired(&self) -> Result<()> {
        /// A look of so long keeps no runtime waiting.
        const BUDGET: Duration = Duration::from_millis(1);
        self.db.engine().tick(BUDGET);
        Ok(())
    }
}

fn backend(error: crate::error::Error) -> Error {
    Error::Backend(error.to_string())
}

impl fmt::Debug for SessionStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionStore")
            .field("db", &self.db.number())
            .field("prefix", &self.prefix)
            .finish()
    }
}
