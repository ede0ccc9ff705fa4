//! Keys and values under one key.

use std::borrow::Borrow;
use std::marker::PhantomData;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Schema;
use super::handle::{At, Of, handle_traits, key_methods};
use crate::api::{Db, Engine, HashSetOptions, Scope, Ttl};
use crate::error::Result;

/// Values of type `V` by keys of type `K`, all under one key: a Redis hash.
///
/// It is counted and gone through by itself, and lies in one stripe. For entries that are evicted each by itself there
/// is [`Family`](super::Family).
///
/// ```
/// use danio::typed::Schema;
///
/// let db = danio::Db::in_memory();
/// let ages = db.map_with::<String, u32>("ages", Schema::plain());
/// assert!(ages.insert("ann", &31)?);
/// assert!(!ages.insert("ann", &32)?);
/// assert_eq!(ages.get("ann")?, Some(32));
/// assert_eq!(db.hget("ages", "ann")?.as_deref(), Some(&b"32"[..]));
/// # Ok::<(), danio::Error>(())
/// ```
pub struct Map<K, V, S = Engine> {
    at: At<S>,
    schema: Schema<V>,
    ttl: Option<Duration>,
    of: Of<K>,
}

key_methods!(Map [K, V] { schema, ttl, of }
    r#"db.map_with::<u32, u32>("key", danio::typed::Schema::plain())"#);

/// Typed maps.
impl<S: Scope> Db<S> {
    /// A handle on the map under `key`, with values in [bincode](super::Bincode).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let users = db.map::<u64, (String, u32)>("users");
    /// users.insert(&7, &("Ann".to_owned(), 31))?;
    /// assert_eq!(users.get(&7)?, Some(("Ann".to_owned(), 31)));
    /// # Ok::<(), danio::Error>(())
    /// ```
    #[cfg(feature = "bincode")]
    pub fn map<K, V: Serialize + DeserializeOwned>(&self, key: impl AsRef<[u8]>) -> Map<K, V, S> {
        self.map_with(key, Schema::bincode())
    }

    /// A handle on the map under `key`, with values as `schema` writes them.
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// db.hset("ages", [("ann", "31")])?;
    /// let ages = db.map_with::<String, u32>("ages", Schema::plain());
    /// assert_eq!(ages.get("ann")?, Some(31));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn map_with<K, V>(&self, key: impl AsRef<[u8]>, schema: Schema<V>) -> Map<K, V, S> {
        Map { at: At::new(self, key), schema, ttl: None, of: PhantomData }
    }
}

impl<K, V, S: Scope> Map<K, V, S> {
    /// The same handle, whose writes let an entry live for `ttl`.
    ///
    /// ```
    /// use std::time::Duration;
    /// use danio::{Ttl, typed::Schema};
    ///
    /// let db = danio::Db::in_memory();
    /// let codes = db
    ///     .map_with::<String, u32>("codes", Schema::plain())
    ///     .with_entry_ttl(Duration::from_secs(60));
    /// codes.insert("ann", &1234)?;
    /// assert!(matches!(codes.entry_ttl("ann")?, Ttl::Left(_)));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn with_entry_ttl(mut self, ttl: Duration) -> Map<K, V, S> {
        self.ttl = Some(ttl);
        self
    }

    fn value(&self, field: &[u8], bytes: &Bytes) -> Result<Option<V>> {
        let At { db, key } = &self.at;
        self.schema
            .settle(bytes, key, field, |new| db.hreplace(key, field, Some(bytes), new).map(drop))
    }

    /// Counts the entries (`HLEN`, O(1), locks one stripe shared).
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if the key holds no hash.
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let ages = db.map_with::<String, u32>("ages", Schema::plain());
    /// ages.insert("ann", &31)?;
    /// assert_eq!(ages.len()?, 1);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn len(&self) -> Result<usize> {
        self.at.db.hlen(&self.at.key)
    }

    /// Tells whether there is no entry (`HLEN`, O(1), locks one stripe shared).
    ///
    /// # Errors
    /// As [`len`](Map::len).
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// assert!(db.map_with::<String, u32>("ages", Schema::plain()).is_empty()?);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn is_empty(&self) -> Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Returns the value of a key (`HGET`, O(1), locks one stripe shared; reading it is done without a lock).
    ///
    /// # Errors
    /// See the [module](super).
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let ages = db.map_with::<String, u32>("ages", Schema::plain());
    /// assert_eq!(ages.get("ann")?, None);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn get<Q>(&self, key: &Q) -> Result<Option<V>>
    where
        K: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        let field = self.at.member(key)?;
        let bytes = self.at.db.hget(&self.at.key, &field)?;
        bytes.map_or(Ok(None), |bytes| self.value(&field, &bytes))
    }

    /// Returns the values of several keys at one moment (`HMGET`, O(keys), locks one stripe shared).
    ///
    /// # Errors
    /// See the [module](super).
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let ages = db.map_with::<String, u32>("ages", Schema::plain());
    /// ages.insert("ann", &31)?;
    /// assert_eq!(ages.get_many(["ann", "bob"])?, [Some(31), None]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn get_many<'q, Q>(&self, keys: impl IntoIterator<Item = &'q Q>) -> Result<Vec<Option<V>>>
    where
        K: Borrow<Q>,
        Q: Serialize + ?Sized + 'q,
    {
        let fields = keys.into_iter().map(|key| self.at.member(key));
        let fields = fields.collect::<Result<Vec<_>>>()?;
        let values = self.at.db.hmget(&self.at.key, &fields)?;
        let value = |(field, bytes): (_, Option<Bytes>)| match bytes {
            Some(bytes) => self.value(field, &bytes),
            None => Ok(None),
        };
        fields.iter().map(|field| &field[..]).zip(values).map(value).collect()
    }

    /// Tells whether a key has a value (`HEXISTS`, O(1), locks one stripe shared).
    ///
    /// # Errors
    /// See the [module](super).
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let ages = db.map_with::<String, u32>("ages", Schema::plain());
    /// assert!(!ages.contains_key("ann")?);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn contains_key<Q>(&self, key: &Q) -> Result<bool>
    where
        K: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        self.at.db.hexists(&self.at.key, self.at.member(key)?)
    }

    /// Gives a key a value (`HSET`, or `HSETEX` if the handle's [entries expire](Map::with_entry_ttl); O(1), locks one
    /// stripe). Returns whether it had none; true if entries expire.
    ///
    /// # Errors
    /// See the [module](super); [`Error::InvalidExpire`](crate::Error::InvalidExpire) if the time to live is zero or
    /// does not fit.
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let ages = db.map_with::<String, u32>("ages", Schema::plain());
    /// assert!(ages.insert("ann", &31)?);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn insert<Q>(&self, key: &Q, value: &V) -> Result<bool>
    where
        K: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        if let Some(ttl) = self.ttl {
            return self.insert_for(key, value, ttl).map(|()| true);
        }
        let field = self.at.member(key)?;
        let bytes = self.schema.write(value, &self.at.key, &field)?;
        Ok(self.at.db.hset(&self.at.key, [(field, bytes)])? == 1)
    }

    /// Gives a key a value for `ttl` (`HSETEX`, O(1), locks one stripe).
    ///
    /// # Errors
    /// As [`insert`](Map::insert).
    ///
    /// ```
    /// use std::time::Duration;
    /// use danio::{Ttl, typed::Schema};
    ///
    /// let db = danio::Db::in_memory();
    /// let codes = db.map_with::<String, u32>("codes", Schema::plain());
    /// codes.insert_for("ann", &1234, Duration::from_secs(60))?;
    /// assert!(matches!(codes.entry_ttl("ann")?, Ttl::Left(_)));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn insert_for<Q>(&self, key: &Q, value: &V, ttl: Duration) -> Result<()>
    where
        K: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        let field = self.at.member(key)?;
        let bytes = self.schema.write(value, &self.at.key, &field)?;
        let options = HashSetOptions::new().expire_in(ttl);
        self.at.db.hset_ex(&self.at.key, [(field, bytes)], options).map(drop)
    }

    /// Gives a key a value if it has none (`HSETNX`, or `HSETEX` with `FNX`; O(1), locks one stripe). Returns whether it
    /// had none.
    ///
    /// # Errors
    /// As [`insert`](Map::insert).
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let owners = db.map_with::<u32, String>("owners", Schema::plain());
    /// assert!(owners.insert_if_absent(&7, &"ann".to_owned())?);
    /// assert!(!owners.insert_if_absent(&7, &"bob".to_owned())?);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn insert_if_absent<Q>(&self, key: &Q, value: &V) -> Result<bool>
    where
        K: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        let field = self.at.member(key)?;
        let bytes = self.schema.write(value, &self.at.key, &field)?;
        let At { db, key } = &self.at;
        match self.ttl {
            Some(ttl) => {
                let options = HashSetOptions::new().if_absent().expire_in(ttl);
                db.hset_ex(key, [(field, bytes)], options)
            }
            None => db.hset_nx(key, field, bytes),
        }
    }

    /// Gives several keys values at one moment (`HSET` or `HSETEX`, O(pairs), locks one stripe). Returns how many had
    /// none; all of them if entries expire.
    ///
    /// # Errors
    /// As [`insert`](Map::insert); nothing is changed then.
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let ages = db.map_with::<String, u32>("ages", Schema::plain());
    /// assert_eq!(ages.extend([("ann", &31), ("bob", &17)])?, 2);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn extend<'p, Q>(&self, pairs: impl IntoIterator<Item = (&'p Q, &'p V)>) -> Result<usize>
    where
        K: Borrow<Q>,
        Q: Serialize + ?Sized + 'p,
        V: 'p,
    {
        let pair = |(key, value)| {
            let field = self.at.member(key)?;
            let bytes = self.schema.write(value, &self.at.key, &field)?;
            Ok((field, bytes))
        };
        let pairs = pairs.into_iter().map(pair).collect::<Result<Vec<_>>>()?;
        match self.ttl {
            _ if pairs.is_empty() => Ok(0),
            None => self.at.db.hset(&self.at.key, pairs),
            Some(ttl) => {
                let (count, options) = (pairs.len(), HashSetOptions::new().expire_in(ttl));
                self.at.db.hset_ex(&self.at.key, pairs, options)?;
                Ok(count)
            }
        }
    }

    /// Removes a key and returns its value (`HGETDEL`, O(1), locks one stripe).
    ///
    /// # Errors
    /// See the [module](super). If it is [`Error::Codec`](crate::Error::Codec) the entry is gone; the error has its bytes.
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let ages = db.map_with::<String, u32>("ages", Schema::plain());
    /// ages.insert("ann", &31)?;
    /// assert_eq!((ages.remove("ann")?, ages.remove("ann")?), (Some(31), None));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn remove<Q>(&self, key: &Q) -> Result<Option<V>>
    where
        K: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        let field = self.at.member(key)?;
        let removed = self.at.db.hget_del(&self.at.key, [&field])?.pop().flatten();
        removed.map_or(Ok(None), |bytes| self.schema.take(&bytes, &self.at.key, &field))
    }

    /// Has a key's value be what `change` makes of it (O(1), locks one stripe each time, and none while `change` runs).
    /// If it was changed meanwhile, `change` is called again. The entry's time to live stays. Returns what it is now.
    ///
    /// # Errors
    /// As [`insert`](Map::insert).
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let baskets = db.map_with::<String, Vec<u32>>("baskets", Schema::json());
    /// baskets.update("ann", |basket| {
    ///     let mut basket = basket.unwrap_or_default();
    ///     basket.push(7);
    ///     basket
    /// })?;
    /// assert_eq!(baskets.get("ann")?, Some(vec![7]));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn update<Q>(&self, key: &Q, mut change: impl FnMut(Option<V>) -> V) -> Result<V>
    where
        K: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        let field = self.at.member(key)?;
        let At { db, key } = &self.at;
        loop {
            let old = db.hget(key, &field)?;
            let value = match &old {
                Some(bytes) => self.schema.take(bytes, key, &field)?,
                None => None,
            };
            let new = change(value);
            let bytes = self.schema.write(&new, key, &field)?;
            let done = match (&old, self.ttl) {
                (None, Some(ttl)) => {
                    let options = HashSetOptions::new().if_absent().expire_in(ttl);
                    db.hset_ex(key, [(&field, bytes)], options)?
                }
                _ => db.hreplace(key, &field, old.as_deref(), Some(&bytes))?,
            };
            if done {
                return Ok(new);
            }
        }
    }

    /// Adds to a number (`HINCRBY`, O(1), locks one stripe). Returns the sum. Numbers must be written as
    /// [plain text](Schema::plain).
    ///
    /// # Errors
    /// [`Error::HashNotInteger`](crate::Error::HashNotInteger) if the value is no number in plain text,
    /// [`Error::Overflow`](crate::Error::Overflow); see the [module](super) besides.
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let votes = db.map_with::<String, i64>("votes", Schema::plain());
    /// votes.add("ann", 2)?;
    /// assert_eq!(votes.add("ann", 1)?, 3);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn add<Q>(&self, key: &Q, by: i64) -> Result<i64>
    where
        K: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        self.at.db.hincr_by(&self.at.key, self.at.member(key)?, by)
    }

    /// Lets an entry live for `ttl` from now on (`HPEXPIRE`, O(1), locks one stripe). Returns whether it is there.
    ///
    /// # Errors
    /// See the [module](super); [`Error::InvalidExpire`](crate::Error::InvalidExpire) if the time does not fit.
    ///
    /// ```
    /// use std::time::Duration;
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let ages = db.map_with::<String, u32>("ages", Schema::plain());
    /// assert!(!ages.expire_entry("ann", Duration::from_secs(1))?);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn expire_entry<Q>(&self, key: &Q, ttl: Duration) -> Result<bool>
    where
        K: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        let done = self.at.db.hexpire(&self.at.key, ttl, [self.at.member(key)?])?;
        Ok(done.first().is_some_and(|done| *done != crate::api::FieldExpired::Missing))
    }

    /// Reports how long an entry will live (`HPTTL`, O(1), locks one stripe shared).
    ///
    /// # Errors
    /// See the [module](super).
    ///
    /// ```
    /// use danio::{Ttl, typed::Schema};
    ///
    /// let db = danio::Db::in_memory();
    /// let ages = db.map_with::<String, u32>("ages", Schema::plain());
    /// assert_eq!(ages.entry_ttl("ann")?, Ttl::Missing);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn entry_ttl<Q>(&self, key: &Q) -> Result<Ttl>
    where
        K: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        self.at.db.httl(&self.at.key, self.at.member(key)?)
    }
}

impl<K: DeserializeOwned, V, S: Scope> Map<K, V, S> {
    /// Returns all entries at one moment, in no order (`HGETALL`, O(entries), locks one stripe shared). For big
    /// maps there is [`iter`](Map::iter).
    ///
    /// # Errors
    /// See the [module](super).
    ///
    /// ```
    /// use std::collections::HashMap;
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let ages = db.map_with::<String, u32>("ages", Schema::plain());
    /// ages.insert("ann", &31)?;
    /// let all: HashMap<_, _> = ages.entries()?.into_iter().collect();
    /// assert_eq!(all["ann"], 31);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn entries(&self) -> Result<Vec<(K, V)>> {
        let all = self.at.db.hget_all(&self.at.key)?;
        all.into_iter().filter_map(|pair| self.pair(pair).transpose()).collect()
    }

    fn pair(&self, (field, bytes): (Bytes, Bytes)) -> Result<Option<(K, V)>> {
        let Some(value) = self.value(&field, &bytes)? else { return Ok(None) };
        Ok(Some((self.at.member_of(&field)?, value)))
    }
}

impl<K: DeserializeOwned, V> Map<K, V> {
    /// Returns all entries, a page at a time (`HSCAN`; O(entries), locks one stripe shared for a page, and no lock
    /// between two items). An entry may come twice if the map changes meanwhile. After an error of the map itself
    /// nothing more comes.
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let ages = db.map_with::<String, u32>("ages", Schema::plain());
    /// ages.extend([("ann", &31), ("bob", &17)])?;
    /// let sum: u32 = ages.iter().map(|entry| Ok(entry?.1)).sum::<danio::Result<u32>>()?;
    /// assert_eq!(sum, 48);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = Result<(K, V)>> + use<K, V> {
        let map = self.clone();
        let pairs = self.at.db.iter_hash(self.at.key.clone());
        pairs.filter_map(move |pair| pair.and_then(|pair| map.pair(pair)).transpose())
    }

    /// Returns all keys, a page at a time (`HSCAN`): as [`iter`](Map::iter), without reading values.
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let ages = db.map_with::<String, u32>("ages", Schema::plain());
    /// ages.insert("ann", &31)?;
    /// assert_eq!(ages.keys().collect::<danio::Result<Vec<_>>>()?, ["ann"]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn keys(&self) -> impl Iterator<Item = Result<K>> + use<K, V> {
        let at = self.at.clone();
        self.at.db.iter_hash(self.at.key.clone()).map(move |pair| at.member_of(&pair?.0))
    }
}
