//! Values under keys of one prefix.

use std::borrow::Borrow;
use std::marker::PhantomData;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::handle::{At, Of, handle_traits};
use super::value::settle_string;
use super::{Schema, Value};
use crate::api::{Db, Engine, ScanOptions, Scope, SetOptions, Ttl};
use crate::error::Result;
use crate::text::glob;

/// Values of type `V`, each under a key of its own that is a prefix and a `K`: Redis strings.
///
/// Each entry expires and is evicted by itself, and lies in a stripe of its own. For values that belong together, and
/// that are counted and gone through, there is [`Map`](super::Map).
///
/// ```
/// use std::time::Duration;
/// use danio::typed::Schema;
///
/// let db = danio::Db::in_memory();
/// let sessions = db
///     .family_with::<u64, String>("session:", Schema::plain())
///     .with_ttl(Duration::from_secs(1800));
/// sessions.insert(&7, &"ann".to_owned())?;
/// assert_eq!(sessions.get(&7)?.as_deref(), Some("ann"));
/// assert_eq!(db.get("session:7")?.as_deref(), Some(&b"ann"[..]));
/// # Ok::<(), danio::Error>(())
/// ```
pub struct Family<K, V, S = Engine> {
    /// The key is the prefix.
    at: At<S>,
    schema: Schema<V>,
    ttl: Option<Duration>,
    of: Of<K>,
}

handle_traits!(Family [K, V] { schema, ttl, of } at.key);

/// Typed values under keys of one prefix.
impl<S: Scope> Db<S> {
    /// A handle on the values under keys that begin with `prefix`, in [bincode](super::Bincode).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let users = db.family::<u64, (String, u32)>("user:");
    /// users.insert(&7, &("Ann".to_owned(), 31))?;
    /// assert_eq!(users.get(&7)?, Some(("Ann".to_owned(), 31)));
    /// # Ok::<(), danio::Error>(())
    /// ```
    #[cfg(feature = "bincode")]
    pub fn family<K, V: Serialize + DeserializeOwned>(
        &self,
        prefix: impl AsRef<[u8]>,
    ) -> Family<K, V, S> {
        self.family_with(prefix, Schema::bincode())
    }

    /// A handle on the values under keys that begin with `prefix`, as `schema` writes them.
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let pages = db.family_with::<(String, u32), String>("page:", Schema::plain());
    /// pages.insert(&("news".to_owned(), 2), &"<html>".to_owned())?;
    /// assert!(db.exists("page:news:2"));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn family_with<K, V>(
        &self,
        prefix: impl AsRef<[u8]>,
        schema: Schema<V>,
    ) -> Family<K, V, S> {
        Family { at: At::new(self, prefix), schema, ttl: None, of: PhantomData }
    }
}

impl<K, V, S: Scope> Family<K, V, S> {
    /// What all keys begin with.
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let pages = db.family_with::<u32, String>("page:", Schema::plain());
    /// assert_eq!(pages.prefix(), b"page:");
    /// ```
    pub fn prefix(&self) -> &[u8] {
        &self.at.key
    }

    /// The same handle in another scope: within a transaction, or in another database.
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let stock = db.family_with::<u32, u32>("stock:", Schema::plain());
    /// db.transaction([stock.key(&7)?], |tx| stock.on(tx).insert(&7, &1))?;
    /// assert_eq!(stock.get(&7)?, Some(1));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn on<U: Scope>(&self, db: &Db<U>) -> Family<K, V, U> {
        Family { at: self.at.on(db), schema: self.schema.clone(), ttl: self.ttl, of: PhantomData }
    }

    /// The same handle, whose writes let an entry live for `ttl`.
    ///
    /// ```
    /// use std::time::Duration;
    /// use danio::{Ttl, typed::Schema};
    ///
    /// let db = danio::Db::in_memory();
    /// let tokens = db.family_with("token:", Schema::plain()).with_ttl(Duration::from_secs(60));
    /// tokens.insert("ann", &7)?;
    /// assert!(matches!(tokens.ttl("ann")?, Ttl::Left(_)));
    /// # let _: danio::typed::Family<String, u32> = tokens;
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn with_ttl(mut self, ttl: Duration) -> Family<K, V, S> {
        self.ttl = Some(ttl);
        self
    }

    fn options(&self) -> SetOptions {
        match self.ttl {
            Some(ttl) => SetOptions::new().expire_in(ttl),
            None => SetOptions::new(),
        }
    }
}

impl<K, V, S: Scope> Family<K, V, S> {
    /// The key of an entry: what a transaction or a watch declares.
    ///
    /// # Errors
    /// [`Error::Codec`](crate::Error::Codec) if `key` has no form as a key.
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let pages = db.family_with::<u32, String>("page:", Schema::plain());
    /// assert_eq!(pages.key(&7)?, "page:7");
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn key<Q>(&self, key: &Q) -> Result<Bytes>
    where
        K: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        let suffix = self.at.member(key)?;
        Ok([&self.at.key[..], &suffix].concat().into())
    }

    /// A handle on one entry.
    ///
    /// # Errors
    /// As [`key`](Family::key).
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let hits = db.family_with::<String, u32>("hits:", Schema::plain());
    /// hits.entry("home")?.update(|hits| hits.unwrap_or(0) + 1)?;
    /// assert_eq!(hits.get("home")?, Some(1));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn entry<Q>(&self, key: &Q) -> Result<Value<V, S>>
    where
        K: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        let value = self.at.db.value_with(self.key(key)?, self.schema.clone());
        Ok(match self.ttl {
            Some(ttl) => value.with_ttl(ttl),
            None => value,
        })
    }

    /// Returns the value under `key` (`GET`, O(1), locks one stripe shared; reading it is done without a lock).
    ///
    /// # Errors
    /// See the [module](super).
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let pages = db.family_with::<String, String>("page:", Schema::plain());
    /// assert_eq!(pages.get("home")?, None);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn get<Q>(&self, key: &Q) -> Result<Option<V>>
    where
        K: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        let key = self.key(key)?;
        let bytes = self.at.db.get(&key)?;
        bytes.map_or(Ok(None), |bytes| settle_string(&self.at.db, &key, &self.schema, &bytes))
    }

    /// Returns the values under several keys at one moment (`MGET`, O(keys), locks their stripes shared), far
    /// cheaper than one [`get`](Family::get) each.
    ///
    /// # Errors
    /// See the [module](super), but that a key with another of Redis's types counts as missing.
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let squares = db.family_with::<u32, u32>("square:", Schema::plain());
    /// squares.insert(&2, &4)?;
    /// assert_eq!(squares.get_many([&1, &2])?, [None, Some(4)]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn get_many<'q, Q>(&self, keys: impl IntoIterator<Item = &'q Q>) -> Result<Vec<Option<V>>>
    where
        K: Borrow<Q>,
        Q: Serialize + ?Sized + 'q,
    {
        let keys: Vec<Bytes> = keys.into_iter().map(|key| self.key(key)).collect::<Result<_>>()?;
        let values = self.at.db.mget(&keys);
        let settle = |(key, bytes): (&Bytes, Option<Bytes>)| match bytes {
            Some(bytes) => settle_string(&self.at.db, key, &self.schema, &bytes),
            None => Ok(None),
        };
        keys.iter().zip(values).map(settle).collect()
    }

    /// Sets the value under `key` (`SET`, O(1), locks one stripe).
    ///
    /// # Errors
    /// See the [module](super); [`Error::InvalidExpire`](crate::Error::InvalidExpire) if the handle's time to live is
    /// zero or does not fit.
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let pages = db.family_with::<String, String>("page:", Schema::plain());
    /// pages.insert("home", &"<html>".to_owned())?;
    /// assert!(pages.contains_key("home")?);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn insert<Q>(&self, key: &Q, value: &V) -> Result<()>
    where
        K: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        self.set(key, value, self.options()).map(drop)
    }

    /// As [`insert`](Family::insert), for `ttl` (`SET` with `PX`).
    ///
    /// # Errors
    /// As [`insert`](Family::insert).
    ///
    /// ```
    /// use std::time::Duration;
    /// use danio::{Ttl, typed::Schema};
    ///
    /// let db = danio::Db::in_memory();
    /// let codes = db.family_with::<String, u32>("code:", Schema::plain());
    /// codes.insert_for("ann", &1234, Duration::from_secs(300))?;
    /// assert!(matches!(codes.ttl("ann")?, Ttl::Left(_)));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn insert_for<Q>(&self, key: &Q, value: &V, ttl: Duration) -> Result<()>
    where
        K: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        self.set(key, value, SetOptions::new().expire_in(ttl)).map(drop)
    }

    /// Sets the value under `key` if it is missing (`SET` with `NX`, O(1), locks one stripe). Returns whether it was.
    ///
    /// # Errors
    /// As [`insert`](Family::insert).
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let owners = db.family_with::<u32, String>("owner:", Schema::plain());
    /// assert!(owners.insert_if_absent(&7, &"ann".to_owned())?);
    /// assert!(!owners.insert_if_absent(&7, &"bob".to_owned())?);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn insert_if_absent<Q>(&self, key: &Q, value: &V) -> Result<bool>
    where
        K: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        self.set(key, value, self.options().if_absent())
    }

    fn set<Q: Serialize + ?Sized>(&self, key: &Q, value: &V, options: SetOptions) -> Result<bool>
    where
        K: Borrow<Q>,
    {
        let key = self.key(key)?;
        let bytes = self.schema.write(value, &key, b"")?;
        Ok(self.at.db.set_with(&key, bytes, options)?.set)
    }

    /// Removes the value under `key` and returns it (`GETDEL`, O(1), locks one stripe).
    ///
    /// # Errors
    /// See the [module](super). If it is [`Error::Codec`](crate::Error::Codec) the key is gone; the error has its bytes.
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let codes = db.family_with::<String, u32>("code:", Schema::plain());
    /// codes.insert("ann", &1234)?;
    /// assert_eq!((codes.remove("ann")?, codes.remove("ann")?), (Some(1234), None));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn remove<Q>(&self, key: &Q) -> Result<Option<V>>
    where
        K: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        let key = self.key(key)?;
        let bytes = self.at.db.get_del(&key)?;
        bytes.map_or(Ok(None), |bytes| self.schema.take(&bytes, &key, b""))
    }

    /// Tells whether there is a value under `key` (`EXISTS`, O(1), locks one stripe shared).
    ///
    /// # Errors
    /// As [`key`](Family::key).
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let pages = db.family_with::<String, String>("page:", Schema::plain());
    /// assert!(!pages.contains_key("home")?);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn contains_key<Q>(&self, key: &Q) -> Result<bool>
    where
        K: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        Ok(self.at.db.exists(self.key(key)?))
    }

    /// Lets an entry live for `ttl` from now on (`PEXPIRE`, O(1), locks one stripe). Returns whether it is there.
    ///
    /// # Errors
    /// As [`key`](Family::key); [`Error::InvalidExpire`](crate::Error::InvalidExpire) if the time does not fit.
    ///
    /// ```
    /// use std::time::Duration;
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let pages = db.family_with::<String, String>("page:", Schema::plain());
    /// assert!(!pages.expire("home", Duration::from_secs(1))?);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn expire<Q>(&self, key: &Q, ttl: Duration) -> Result<bool>
    where
        K: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        self.at.db.expire(self.key(key)?, ttl)
    }

    /// Reports how long an entry will live (`PTTL`, O(1), locks one stripe shared).
    ///
    /// # Errors
    /// As [`key`](Family::key).
    ///
    /// ```
    /// use danio::{Ttl, typed::Schema};
    ///
    /// let db = danio::Db::in_memory();
    /// let pages = db.family_with::<String, String>("page:", Schema::plain());
    /// assert_eq!(pages.ttl("home")?, Ttl::Missing);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn ttl<Q>(&self, key: &Q) -> Result<Ttl>
    where
        K: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        Ok(self.at.db.ttl(self.key(key)?))
    }
}

impl<K: DeserializeOwned, V> Family<K, V> {
    /// Returns the keys of all entries, a page at a time (`SCAN` with `MATCH`; O(all keys of the database), locks one
    /// stripe shared at a time, and none between two items). A key may come twice if the tables change
    /// meanwhile.
    ///
    /// An item is [`Error::Codec`](crate::Error::Codec) if what stands behind the prefix is no `K`.
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let pages = db.family_with::<u32, String>("page:", Schema::plain());
    /// pages.insert(&7, &"<html>".to_owned())?;
    /// assert_eq!(pages.keys().collect::<Result<Vec<_>, _>>()?, [7]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn keys(&self) -> impl Iterator<Item = Result<K>> + use<K, V> {
        let (at, pages) = (self.at.clone(), pages(&self.at.db, &self.at.key));
        pages.flatten().map(move |key| at.member_of(&key.slice(at.key.len()..)))
    }

    /// Returns all entries, a page at a time (`SCAN` with `MATCH` and `MGET`; O(all keys of the database), locks a
    /// page's stripes shared, and none between two items). An entry may come twice if the tables change meanwhile.
    ///
    /// An item is an error if a key or value is not of the family's types. What holds another of Redis's
    /// types is passed over.
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let pages = db.family_with::<u32, String>("page:", Schema::plain());
    /// pages.insert(&7, &"<html>".to_owned())?;
    /// assert_eq!(pages.iter().collect::<Result<Vec<_>, _>>()?, [(7, "<html>".to_owned())]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = Result<(K, V)>> + use<K, V> {
        let (family, pages) = (self.clone(), pages(&self.at.db, &self.at.key));
        pages.flat_map(move |keys| {
            let entry = |(key, bytes): (&Bytes, Option<Bytes>)| {
                let value =
                    settle_string(&family.at.db, key, &family.schema, &bytes?).transpose()?;
                let name = || family.at.member_of(&key.slice(family.at.key.len()..));
                Some(value.and_then(|value| Ok((name()?, value))))
            };
            let values = family.at.db.mget(&keys);
            keys.iter().zip(values).filter_map(entry).collect::<Vec<_>>()
        })
    }

    /// Removes all entries (`SCAN` with `MATCH` and `DEL`; O(all keys of the database), locks a page's stripes at a
    /// time). Returns how many there were. What is inserted meanwhile may stay.
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let pages = db.family_with::<u32, String>("page:", Schema::plain());
    /// pages.insert(&7, &"<html>".to_owned())?;
    /// assert_eq!(pages.clear(), 1);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn clear(&self) -> usize {
        pages(&self.at.db, &self.at.key).map(|keys| self.at.db.del_many(keys)).sum()
    }
}

/// The keys that begin with a prefix, a page at a time.
fn pages(db: &Db, prefix: &[u8]) -> impl Iterator<Item = Vec<Bytes>> + use<> {
    let db = db.clone();
    let options = ScanOptions::new().count(100).matching(glob::beginning_with(prefix));
    let mut cursor = Some(0);
    std::iter::from_fn(move || {
        let page = db.scan(cursor?, &options);
        cursor = page.cursor;
        Some(page.items)
    })
}
