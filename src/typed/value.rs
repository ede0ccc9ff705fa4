//! One value under a key.

use std::time::Duration;

use bytes::Bytes;

use super::Schema;
use super::handle::{At, handle_traits, key_methods};
use crate::api::{Db, Engine, Scope, SetOptions};
use crate::error::Result;

/// A value of type `T` under one key: a Redis string.
///
/// ```
/// use danio::typed::Schema;
///
/// let db = danio::Db::in_memory();
/// let motd = db.value_with("motd", Schema::json());
/// motd.set(&("hello".to_owned(), 1))?;
/// assert_eq!(motd.get()?, Some(("hello".to_owned(), 1)));
/// assert_eq!(db.get("motd")?.as_deref(), Some(&br#"["hello",1]"#[..]));
/// # Ok::<(), danio::Error>(())
/// ```
pub struct Value<T, S = Engine> {
    at: At<S>,
    schema: Schema<T>,
    ttl: Option<Duration>,
}

key_methods!(Value [T] { schema, ttl }
    r#"db.value_with::<u32>("key", danio::typed::Schema::plain())"#);

/// Typed values.
impl<S: Scope> Db<S> {
    /// A handle on a value of type `T` under `key`, in [bincode](super::Bincode).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let limits = db.value::<(u32, u32)>("limits");
    /// limits.set(&(10, 20))?;
    /// assert_eq!(limits.get()?, Some((10, 20)));
    /// # Ok::<(), danio::Error>(())
    /// ```
    #[cfg(feature = "bincode")]
    pub fn value<T: serde::Serialize + serde::de::DeserializeOwned>(
        &self,
        key: impl AsRef<[u8]>,
    ) -> Value<T, S> {
        self.value_with(key, Schema::bincode())
    }

    /// A handle on a value of type `T` under `key`, as `schema` writes it.
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// db.set("motd", "hello")?;
    /// assert_eq!(db.value_with("motd", Schema::<String>::plain()).get()?, Some("hello".into()));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn value_with<T>(&self, key: impl AsRef<[u8]>, schema: Schema<T>) -> Value<T, S> {
        Value { at: At::new(self, key), schema, ttl: None }
    }
}

impl<T, S: Scope> Value<T, S> {
    /// The same handle, whose writes let the value live for `ttl`.
    ///
    /// ```
    /// use std::time::Duration;
    /// use danio::{Ttl, typed::Schema};
    ///
    /// let db = danio::Db::in_memory();
    /// let token = db.value_with("token", Schema::plain()).with_ttl(Duration::from_secs(60));
    /// token.set(&"secret".to_owned())?;
    /// assert!(matches!(token.ttl(), Ttl::Left(_)));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn with_ttl(mut self, ttl: Duration) -> Value<T, S> {
        self.ttl = Some(ttl);
        self
    }

    fn options(&self) -> SetOptions {
        match self.ttl {
            Some(ttl) => SetOptions::new().expire_in(ttl),
            None => SetOptions::new(),
        }
    }

    fn encode(&self, value: &T) -> Result<Vec<u8>> {
        self.schema.write(value, &self.at.key, b"")
    }

    fn decode(&self, bytes: &Bytes) -> Result<Option<T>> {
        settle_string(&self.at.db, &self.at.key, &self.schema, bytes)
    }

    /// Returns the value (`GET`, O(1), locks one stripe shared; reading it is done without a lock).
    ///
    /// # Errors
    /// See the [module](super).
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let n = db.value_with("n", Schema::<u32>::json());
    /// assert_eq!(n.get()?, None);
    /// db.set("n", "not a number")?;
    /// assert!(matches!(n.get(), Err(danio::Error::Codec(_))));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn get(&self) -> Result<Option<T>> {
        let bytes = self.at.db.get(&self.at.key)?;
        bytes.map_or(Ok(None), |bytes| self.decode(&bytes))
    }

    /// Sets the value, whatever the key held (`SET`, O(1), locks one stripe).
    ///
    /// # Errors
    /// See the [module](super); [`Error::InvalidExpire`](crate::Error::InvalidExpire) if the handle's time to live is
    /// zero or does not fit.
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// db.value_with("n", Schema::plain()).set(&7)?;
    /// assert_eq!(db.get("n")?.as_deref(), Some(&b"7"[..]));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn set(&self, value: &T) -> Result<()> {
        let bytes = self.encode(value)?;
        self.at.db.set_with(&self.at.key, bytes, self.options()).map(drop)
    }

    /// Sets the value if the key is missing (`SET` with `NX`, O(1), locks one stripe). Returns whether it was.
    ///
    /// # Errors
    /// As [`set`](Value::set).
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let leader = db.value_with("leader", Schema::plain());
    /// assert!(leader.set_if_absent(&"a".to_owned())?);
    /// assert!(!leader.set_if_absent(&"b".to_owned())?);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn set_if_absent(&self, value: &T) -> Result<bool> {
        let bytes = self.encode(value)?;
        let outcome = self.at.db.set_with(&self.at.key, bytes, self.options().if_absent())?;
        Ok(outcome.set)
    }

    /// Sets the value and returns the one that was there (`SET` with `GET`, O(1), locks one stripe).
    ///
    /// # Errors
    /// As [`set`](Value::set). If it is [`Error::Codec`](crate::Error::Codec) about what was there, the new value
    /// is set.
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let n = db.value_with("n", Schema::plain());
    /// assert_eq!(n.replace(&1)?, None);
    /// assert_eq!(n.replace(&2)?, Some(1));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn replace(&self, value: &T) -> Result<Option<T>> {
        let bytes = self.encode(value)?;
        let outcome = self.at.db.set_with(&self.at.key, bytes, self.options().previous())?;
        outcome.previous.map_or(Ok(None), |old| self.schema.take(&old, &self.at.key, b""))
    }

    /// Removes the value and returns it (`GETDEL`, O(1), locks one stripe).
    ///
    /// # Errors
    /// See the [module](super). If it is [`Error::Codec`](crate::Error::Codec) the key is gone; the error has its bytes.
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let n = db.value_with("n", Schema::plain());
    /// n.set(&1)?;
    /// assert_eq!((n.take()?, n.take()?), (Some(1), None));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn take(&self) -> Result<Option<T>> {
        let bytes = self.at.db.get_del(&self.at.key)?;
        bytes.map_or(Ok(None), |bytes| self.schema.take(&bytes, &self.at.key, b""))
    }

    /// Has the value be what `change` makes of it (`GET`, and `SET` with `IFEQ` or `NX`; O(1), locks one stripe each
    /// time, and none while `change` runs). If it was changed meanwhile, `change` is called again. The time to live
    /// stays, unless the handle has one. Returns what it is now.
    ///
    /// # Errors
    /// As [`set`](Value::set).
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let scores = db.value_with("scores", Schema::<Vec<u32>>::json());
    /// scores.update(|old| {
    ///     let mut scores = old.unwrap_or_default();
    ///     scores.push(7);
    ///     scores
    /// })?;
    /// assert_eq!(scores.get()?, Some(vec![7]));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn update(&self, mut change: impl FnMut(Option<T>) -> T) -> Result<T> {
        loop {
            let old = self.at.db.get(&self.at.key)?;
            let value = match &old {
                Some(bytes) => self.schema.take(bytes, &self.at.key, b"")?,
                None => None,
            };
            let new = change(value);
            let options = match (self.ttl, old) {
                (None, Some(old)) => SetOptions::new().keep_ttl().if_equal(old),
                (Some(_), Some(old)) => self.options().if_equal(old),
                (_, None) => self.options().if_absent(),
            };
            if self.at.db.set_with(&self.at.key, self.encode(&new)?, options)?.set {
                return Ok(new);
            }
        }
    }
}

/// Reads a string, and replaces it where the schema says so.
pub(super) fn settle_string<T, S: Scope>(
    db: &Db<S>,
    key: &[u8],
    schema: &Schema<T>,
    bytes: &Bytes,
) -> Result<Option<T>> {
    schema.settle(bytes, key, b"", |new| match new {
        Some(new) => {
            let options = SetOptions::new().if_equal(bytes.clone()).keep_ttl();
            db.set_with(key, new, options).map(drop)
        }
        None => db.del_if_equal(key, bytes).map(drop),
    })
}
