//! Reading hashes.

use std::time::{Duration, SystemTime};

use bytes::Bytes;

use crate::api::{Db, Scope, Ttl};
use crate::clock::Millis;
use crate::error::Result;
use crate::keyspace::{Key, Tx};
use crate::value::hash::{Field, HashRef, StoredHash, Value};

impl<'t> Tx<'_> {
    /// The hash under a key as it is now; a hit or a miss.
    #[inline]
    pub(crate) fn hash(&'t self, key: Key<'_>) -> Result<Option<HashRef<'t>>> {
        let Some(entry) = self.read(key)? else { return Ok(None) };
        Ok(Some(entry.view::<StoredHash<'_>>()?.at(|| self.time_of_expiries())))
    }

    /// The value of a field (`HGET`).
    #[inline]
    pub(crate) fn hash_field(&'t self, key: Key<'_>, field: &[u8]) -> Result<Option<Value<'t>>> {
        Ok(self.hash(key)?.and_then(|hash| hash.get(field)))
    }
}

/// A field that is to be kept: its name.
fn name(field: Field<'_>) -> Bytes {
    Bytes::from(field.name.to_vec())
}

fn pair(field: Field<'_>) -> (Bytes, Bytes) {
    (name(field), field.value.to_bytes())
}

impl<S: Scope> Db<S> {
    fn in_hash<R: Default>(&self, key: &[u8], look: impl FnOnce(HashRef<'_>) -> R) -> Result<R> {
        self.read(key, |tx, key| Ok(tx.hash(key)?.map(look).unwrap_or_default()))
    }

    /// Returns the value of a field (`HGET`, O(1), locks one stripe shared). A short value is copied, a
    /// long one (16 KB or more) shared.
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if the key holds no hash.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.hset("user:1", [("name", "ann")])?;
    /// assert_eq!(db.hget("user:1", "name")?.as_deref(), Some(&b"ann"[..]));
    /// assert_eq!(db.hget("user:1", "age")?, None);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn hget(&self, key: impl AsRef<[u8]>, field: impl AsRef<[u8]>) -> Result<Option<Bytes>> {
        self.in_hash(key.as_ref(), |hash| hash.get(field.as_ref()).map(Value::to_bytes))
    }

    /// Shows the value of a field to `look`, without a copy (`HGET`, O(1)). The key's stripe is locked shared
    /// while `look` runs: it must be quick, and must not call this engine, as of [`Db::get_with`].
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if the key holds no hash.
    ///
    /// # Panics
    /// As [`Db::get_with`].
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.hset("page", [("title", "Fish")])?;
    /// assert_eq!(db.hget_with("page", "title", |title| title.len())?, Some(4));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn hget_with<R>(
        &self,
        key: impl AsRef<[u8]>,
        field: impl AsRef<[u8]>,
        look: impl FnOnce(&[u8]) -> R,
    ) -> Result<Option<R>> {
        self.show(key.as_ref(), |tx, key| {
            let value = tx.hash(key)?.and_then(|hash| hash.get(field.as_ref()));
            Ok(value.map(|value| look(value.bytes(&mut itoa::Buffer::new()))))
        })
    }

    /// Returns the values of several fields (`HMGET`, O(fields), locks one stripe shared).
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if the key holds no hash.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.hset("user:1", [("name", "ann"), ("age", "30")])?;
    /// assert_eq!(db.hmget("user:1", ["age", "town"])?, [Some("30".into()), None]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn hmget<F: AsRef<[u8]>>(
        &self,
        key: impl AsRef<[u8]>,
        fields: impl IntoIterator<Item = F>,
    ) -> Result<Vec<Option<Bytes>>> {
        self.read(key.as_ref(), |tx, key| {
            let hash = tx.hash(key)?;
            let value = |field: F| hash?.get(field.as_ref()).map(Value::to_bytes);
            Ok(fields.into_iter().map(value).collect())
        })
    }

    /// Returns all fields and their values (`HGETALL`, O(fields), locks one stripe shared): those of a small
    /// hash in the order in which they came, else in no order. For a large hash see
    /// [`iter_hash`](Db::iter_hash).
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if the key holds no hash.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.hset("user:1", [("name", "ann"), ("age", "30")])?;
    /// let all = db.hget_all("user:1")?;
    /// assert_eq!(all, [("name".into(), "ann".into()), ("age".into(), "30".into())]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn hget_all(&self, key: impl AsRef<[u8]>) -> Result<Vec<(Bytes, Bytes)>> {
        self.in_hash(key.as_ref(), |hash| hash.iter().map(pair).collect())
    }

    /// Returns the names of all fields (`HKEYS`, O(fields), locks one stripe shared).
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if the key holds no hash.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.hset("user:1", [("name", "ann"), ("age", "30")])?;
    /// assert_eq!(db.hkeys("user:1")?, ["name", "age"]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn hkeys(&self, key: impl AsRef<[u8]>) -> Result<Vec<Bytes>> {
        self.in_hash(key.as_ref(), |hash| hash.iter().map(name).collect())
    }

    /// Returns the values of all fields (`HVALS`, O(fields), locks one stripe shared).
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if the key holds no hash.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.hset("user:1", [("name", "ann"), ("age", "30")])?;
    /// assert_eq!(db.hvals("user:1")?, ["ann", "30"]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn hvals(&self, key: impl AsRef<[u8]>) -> Result<Vec<Bytes>> {
        self.in_hash(key.as_ref(), |hash| hash.iter().map(|field| field.value.to_bytes()).collect())
    }

    /// Counts the fields (`HLEN`, O(1), or what is just expiring if anything is; locks one stripe shared).
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if the key holds no hash.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.hset("user:1", [("name", "ann"), ("age", "30")])?;
    /// assert_eq!((db.hlen("user:1")?, db.hlen("nobody")?), (2, 0));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn hlen(&self, key: impl AsRef<[u8]>) -> Result<usize> {
        self.in_hash(key.as_ref(), |hash| hash.len())
    }

    /// Tells whether there is such a field (`HEXISTS`, O(1), locks one stripe shared).
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if the key holds no hash.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.hset("user:1", [("name", "ann")])?;
    /// assert!(db.hexists("user:1", "name")? && !db.hexists("user:1", "age")?);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn hexists(&self, key: impl AsRef<[u8]>, field: impl AsRef<[u8]>) -> Result<bool> {
        self.in_hash(key.as_ref(), |hash| hash.contains(field.as_ref()))
    }

    /// Returns how long the value of a field is, 0 if it is missing (`HSTRLEN`, O(1), locks one stripe
    /// shared).
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if the key holds no hash.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.hset("user:1", [("name", "ann")])?;
    /// assert_eq!(db.hstrlen("user:1", "name")?, 3);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn hstrlen(&self, key: impl AsRef<[u8]>, field: impl AsRef<[u8]>) -> Result<usize> {
        self.in_hash(key.as_ref(), |hash| hash.get(field.as_ref()).map_or(0, Value::len))
    }

    /// Returns a field picked by chance, each as likely as any other, and its value (`HRANDFIELD`, O(1),
    /// O(fields) of a small hash, locks one stripe shared).
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if the key holds no hash.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.hset("coin", [("side", "heads")])?;
    /// assert_eq!(db.hrand_field("coin")?, Some(("side".into(), "heads".into())));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn hrand_field(&self, key: impl AsRef<[u8]>) -> Result<Option<(Bytes, Bytes)>> {
        let rng = &self.keyspace().rng;
        self.in_hash(key.as_ref(), |hash| hash.random(|n| rng.below(n)).map(pair))
    }

    /// Returns `count` different fields picked by chance with their values, all if there are not as many
    /// (`HRANDFIELD` with a count, O(count), O(fields) of a small hash or if `count` is a third of them;
    /// locks one stripe shared).
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if the key holds no hash.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.hset("dice", [("1", "one"), ("2", "two"), ("3", "three")])?;
    /// assert_eq!(db.hrand_fields("dice", 2)?.len(), 2);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn hrand_fields(&self, key: impl AsRef<[u8]>, count: usize) -> Result<Vec<(Bytes, Bytes)>> {
        let rng = &self.keyspace().rng;
        self.in_hash(key.as_ref(), |hash| {
            hash.sample(count, |n| rng.below(n)).into_iter().map(pair).collect()
        })
    }

    /// Tells how long a field will live (`HPTTL`, O(1), locks one stripe shared).
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if the key holds no hash.
    ///
    /// ```
    /// use danio::{Db, Ttl};
    /// let db = Db::in_memory();
    /// db.hset("user:1", [("name", "ann")])?;
    /// assert_eq!(db.httl("user:1", "name")?, Ttl::Forever);
    /// assert_eq!(db.httl("user:1", "age")?, Ttl::Missing);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn httl(&self, key: impl AsRef<[u8]>, field: impl AsRef<[u8]>) -> Result<Ttl> {
        self.read(key.as_ref(), |tx, key| {
            let found = tx.hash(key)?.and_then(|hash| hash.find(field.as_ref()));
            Ok(match found {
                None => Ttl::Missing,
                Some((_, None)) => Ttl::Forever,
                Some((_, Some(at))) => {
                    let left = at.0.saturating_sub(tx.now().0).max(0);
                    Ttl::Left(Duration::from_millis(left.unsigned_abs()))
                }
            })
        })
    }

    /// Tells when a field expires, if it does (`HPEXPIRETIME`, O(1), locks one stripe shared).
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if the key holds no hash.
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    /// let db = danio::Db::in_memory();
    /// db.hset("user:1", [("code", "1234")])?;
    /// db.hexpire("user:1", Duration::from_secs(60), ["code"])?;
    /// assert!(db.hexpire_time("user:1", "code")?.is_some_and(|at| at > SystemTime::now()));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn hexpire_time(
        &self,
        key: impl AsRef<[u8]>,
        field: impl AsRef<[u8]>,
    ) -> Result<Option<SystemTime>> {
        self.in_hash(key.as_ref(), |hash| hash.find(field.as_ref())?.1.map(Millis::to_system_time))
    }
}
