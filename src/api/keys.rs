//! Keys whatever they hold: DEL, EXISTS, RENAME, COPY, MOVE, OBJECT and their like.

use std::time::Duration;

use bytes::Bytes;

use super::{Db, Scope};
use crate::error::{Error, Result};
use crate::keyspace::event::{COPY_TO, MOVE_FROM, MOVE_TO, RENAME_FROM, RENAME_TO};
use crate::keyspace::{Access, Key, Tx, access};
use crate::value::{Encoding, Type};

impl Tx<'_> {
    /// Removes keys (`DEL`, `UNLINK`). Returns how many were there.
    pub(crate) fn remove_all(&mut self, keys: &[Key<'_>]) -> Result<usize> {
        let mut removed = 0;
        for (i, key) in keys.iter().enumerate() {
            self.fetch_ahead(keys, i);
            removed += usize::from(self.remove(*key)?);
        }
        Ok(removed)
    }

    /// How many of the keys are there, a key given twice twice (`EXISTS`); no use of them.
    pub(crate) fn count(&self, keys: &[Key<'_>]) -> Result<usize> {
        Ok(self.entries(keys)?.flatten().count())
    }

    /// As [`count`](Tx::count), and counts as a use of them (`TOUCH`).
    pub(crate) fn touch_all(&self, keys: &[Key<'_>]) -> Result<usize> {
        Ok(self.entries(keys)?.flatten().inspect(|entry| self.touch(entry)).count())
    }

    /// What a key holds (`TYPE`).
    pub(crate) fn kind(&self, key: Key<'_>) -> Result<Option<Type>> {
        Ok(self.look(key)?.map(|entry| entry.kind()))
    }

    /// How a key's value is stored (`OBJECT ENCODING`).
    pub(crate) fn encoding(&self, key: Key<'_>) -> Result<Option<Encoding>> {
        Ok(self.peek(key)?.map(|entry| entry.encoding()))
    }

    /// How many bytes a key and its value take (`MEMORY USAGE`).
    pub(crate) fn memory_usage(&self, key: Key<'_>) -> Result<Option<usize>> {
        Ok(self.peek(key)?.map(|entry| entry.heap_size()))
    }

    /// How long ago a key was used, to the second (`OBJECT IDLETIME`).
    ///
    /// # Errors
    /// The words of OBJECT IDLETIME if a least-frequently-used policy is set.
    pub(crate) fn idle_time(&self, key: Key<'_>) -> Result<Option<Duration>> {
        let Some(entry) = self.peek(key)? else { return Ok(None) };
        if self.keyspace().settings.counts_frequency() {
            return Err(Error::reply(
                "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.",
            ));
        }
        Ok(Some(access::idle(entry.access(), self.keyspace().clock.second())))
    }

    /// How often a key is used, on Redis's logarithmic scale (`OBJECT FREQ`).
    ///
    /// # Errors
    /// The words of OBJECT FREQ unless a least-frequently-used policy is set.
    pub(crate) fn frequency(&self, key: Key<'_>) -> Result<Option<u32>> {
        let Some(entry) = self.peek(key)? else { return Ok(None) };
        let keyspace = self.keyspace();
        let settings = &keyspace.settings;
        if !settings.counts_frequency() {
            return Err(Error::reply(
                "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.",
            ));
        }
        Ok(Some(access::frequency(
            entry.access(),
            settings,
            keyspace.clock.second(),
            &keyspace.age,
        )))
    }

    /// Gives what `from` holds, expiry included, to `to`, whatever that held; with `if_absent` only if it
    /// held nothing (`RENAME`, `RENAMENX`). Returns whether it did.
    ///
    /// # Errors
    /// `NoSuchKey` if `from` is missing.
    pub(crate) fn rename(&mut self, from: Key<'_>, to: Key<'_>, if_absent: bool) -> Result<bool> {
        if self.peek(from)?.is_none() {
            return Err(Error::NoSuchKey);
        }
        if from.bytes == to.bytes {
            return Ok(!if_absent);
        }
        if if_absent && self.peek(to)?.is_some() {
            return Ok(false);
        }
        self.check_length(to.bytes.len())?;
        let entry = self.change(from, |slot| {
            let entry = slot.take();
            // Told below, in Redis's order.
            slot.count_as(0);
            Ok(slot.changed(entry, &[], |_| {}))
        })?;
        let entry = entry.expect("looked at above");
        self.change(to, |slot| {
            let expiry = entry.expiry();
            slot.put_anew(entry.rekeyed(to.bytes, expiry));
            Ok(slot.changed((), &[], |effect| effect.command(&[b"RENAME", from.bytes, to.bytes])))
        })?;
        self.tell(from, RENAME_FROM);
        self.tell(to, RENAME_TO);
        Ok(true)
    }

    /// Gives a copy of what `from` holds, expiry included, to `to` in database `db`; with `replace`
    /// whatever that held (`COPY`). Returns whether it did.
    ///
    /// # Errors
    /// `SameObject` if both are the same.
    pub(crate) fn copy(
        &mut self,
        from: Key<'_>,
        to: Key<'_>,
        db: u32,
        replace: bool,
    ) -> Result<bool> {
        let home = self.db();
        if home == db && from.bytes == to.bytes {
            return Err(Error::SameObject);
        }
        self.check_length(to.bytes.len())?;
        let Some(entry) = self.read(from)?.map(|entry| entry.copied(to.bytes, entry.expiry()))
        else {
            return Ok(false);
        };
        self.in_db(db, |tx| {
            tx.change(to, |slot| {
                if slot.entry().is_some() && !replace {
                    return Ok(slot.unchanged(false));
                }
                // The copy has not been used yet.
                let (keyspace, now) = (slot.keyspace(), slot.keyspace().clock.second());
                entry.set_access(access::fresh(&keyspace.settings, now));
                slot.put_anew(entry);
                Ok(slot.changed(true, &[COPY_TO], |effect| {
                    effect.command_in(
                        home,
                        &[
                            b"COPY",
                            from.bytes,
                            to.bytes,
                            b"DB",
                            db.to_string().as_bytes(),
                            b"REPLACE",
                        ],
                    );
                }))
            })
        })
    }

    /// Moves a key to database `db`, unless it is missing or there is one of this name (`MOVE`). Returns
    /// whether it did.
    ///
    /// # Errors
    /// `SameObject` if the key is in that database already.
    pub(crate) fn move_to(&mut self, key: Key<'_>, db: u32) -> Result<bool> {
        let home = self.db();
        if home == db {
            return Err(Error::SameObject);
        }
        let is_there = |tx: &Self| tx.peek(key).map(|entry| entry.is_some());
        if !is_there(self)? || self.in_db(db, |tx| is_there(tx))? {
            return Ok(false);
        }
        let entry = self.change(key, |slot| {
            let entry = slot.take();
            slot.count_as(0);
            Ok(slot.changed(entry, &[], |_| {}))
        })?;
        self.in_db(db, |tx| {
            tx.change(key, |slot| {
                slot.put(entry.expect("looked at above"));
                Ok(slot.changed((), &[], |effect| {
                    effect.command_in(home, &[b"MOVE", key.bytes, db.to_string().as_bytes()]);
                }))
            })
        })?;
        self.tell(key, MOVE_FROM);
        self.in_db(db, |tx| tx.tell(key, MOVE_TO));
        Ok(true)
    }

    /// Runs `work` with keys belonging to another database.
    fn in_db<R>(&mut self, db: u32, work: impl FnOnce(&mut Self) -> R) -> R {
        let home = self.db();
        self.select(db);
        let result = work(self);
        self.select(home);
        result
    }
}

/// What [`Db::copy_with`] copies to.
#[derive(Debug, Clone, Default)]
pub struct CopyOptions {
    db: Option<u32>,
    replace: bool,
}

impl CopyOptions {
    /// Copies within the database, to a key that is missing.
    pub fn new() -> CopyOptions {
        CopyOptions::default()
    }

    /// Copies to this database (`DB`).
    pub fn db(mut self, number: u32) -> CopyOptions {
        self.db = Some(number);
        self
    }

    /// Copies also to a key that is there (`REPLACE`).
    pub fn replace(mut self) -> CopyOptions {
        self.replace = true;
        self
    }
}

impl<S: Scope> Db<S> {
    /// Removes `key` (`DEL`, O(1), locks one stripe). Returns whether it was there.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.set("k", "v")?;
    /// assert!(db.del("k"));
    /// assert!(!db.del("k"));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn del(&self, key: impl AsRef<[u8]>) -> bool {
        self.write_anyway(key.as_ref(), |tx, key| tx.remove(key))
    }

    /// Removes several keys at one moment (`DEL`, O(keys), locks their stripes). Returns how many were there.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.mset([("a", "1"), ("b", "2")])?;
    /// assert_eq!(db.del_many(["a", "b", "c"]), 2);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn del_many<K: AsRef<[u8]>>(&self, keys: impl IntoIterator<Item = K>) -> usize {
        let keys: Vec<K> = keys.into_iter().collect();
        let keys = self.hashed(&keys);
        self.change_anyway(&keys, |tx| tx.remove_all(&keys))
    }

    /// Tells whether `key` is there (`EXISTS`, O(1), locks one stripe shared).
    ///
    /// ```
    /// assert!(!danio::Db::in_memory().exists("nobody"));
    /// ```
    pub fn exists(&self, key: impl AsRef<[u8]>) -> bool {
        self.sure(self.read(key.as_ref(), |tx, key| Ok(tx.look(key)?.is_some())))
    }

    /// Counts those of `keys` that are there at one moment, a key given twice twice (`EXISTS`, O(keys), locks
    /// their stripes shared).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.set("a", "1")?;
    /// assert_eq!(db.exists_many(["a", "a", "b"]), 2);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn exists_many<K: AsRef<[u8]>>(&self, keys: impl IntoIterator<Item = K>) -> usize {
        let keys: Vec<K> = keys.into_iter().collect();
        let keys = self.hashed(&keys);
        self.sure(self.many(&keys, Access::Shared, |tx| tx.count(&keys)))
    }

    /// Counts as a use of `key` for eviction and idle time, and does nothing else (`TOUCH`, O(1), locks one
    /// stripe shared). Returns whether it is there.
    ///
    /// ```
    /// assert!(!danio::Db::in_memory().touch("nobody"));
    /// ```
    pub fn touch(&self, key: impl AsRef<[u8]>) -> bool {
        self.sure(self.read(key.as_ref(), |tx, key| Ok(tx.read(key)?.is_some())))
    }

    /// Tells what `key` holds (`TYPE`, O(1), locks one stripe shared).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.set("k", "v")?;
    /// assert_eq!(db.type_of("k"), Some(danio::Type::String));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn type_of(&self, key: impl AsRef<[u8]>) -> Option<Type> {
        self.sure(self.read(key.as_ref(), |tx, key| tx.kind(key)))
    }

    /// Tells how the value of `key` is stored (`OBJECT ENCODING`, O(1), locks one stripe shared).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.set("n", "42")?;
    /// assert_eq!(db.encoding("n"), Some(danio::Encoding::Int));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn encoding(&self, key: impl AsRef<[u8]>) -> Option<Encoding> {
        self.sure(self.read(key.as_ref(), |tx, key| tx.encoding(key)))
    }

    /// Tells how many bytes `key` and its value take (`MEMORY USAGE`, O(1), locks one stripe shared), counted as in
    /// [`Engine::used_memory`](crate::Engine::used_memory), without the key's share of its table, 8 to 16 bytes.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.set("k", "x".repeat(1000))?;
    /// assert!(db.memory_usage("k").is_some_and(|bytes| (1000..1100).contains(&bytes)));
    /// assert_eq!(db.memory_usage("nothing"), None);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn memory_usage(&self, key: impl AsRef<[u8]>) -> Option<usize> {
        self.sure(self.read(key.as_ref(), |tx, key| tx.memory_usage(key)))
    }

    /// Tells how long ago `key` was used, to the second (`OBJECT IDLETIME`, O(1), locks one stripe shared).
    ///
    /// # Errors
    /// [`Error::Reply`] if a least-frequently-used policy is set: times are not kept then.
    ///
    /// ```
    /// use std::time::Duration;
    /// let db = danio::Db::in_memory();
    /// db.set("k", "v")?;
    /// assert!(db.idle_time("k")?.is_some_and(|idle| idle < Duration::from_secs(5)));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn idle_time(&self, key: impl AsRef<[u8]>) -> Result<Option<Duration>> {
        self.read(key.as_ref(), |tx, key| tx.idle_time(key))
    }

    /// Tells how often `key` is used, from 0 to 255 on Redis's logarithmic scale (`OBJECT FREQ`, O(1), locks one
    /// stripe shared).
    ///
    /// # Errors
    /// [`Error::Reply`] unless a least-frequently-used policy is set.
    ///
    /// ```
    /// use danio::{Config, Engine, EvictionPolicy};
    /// let engine = Engine::open(Config::new().maxmemory_policy(EvictionPolicy::AllKeysLfu))?;
    /// let db = engine.db(0)?;
    /// db.set("k", "v")?;
    /// assert_eq!(db.frequency("k")?, Some(5));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn frequency(&self, key: impl AsRef<[u8]>) -> Result<Option<u32>> {
        self.read(key.as_ref(), |tx, key| tx.frequency(key))
    }

    /// Gives what `from` holds, expiry included, to `to`, whatever that held (`RENAME`, O(1), locks two stripes).
    ///
    /// # Errors
    /// [`Error::NoSuchKey`] if `from` is missing; [`Error::StringTooLong`] if `to` is longer than
    /// [`Config::max_string`](crate::Config::max_string).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.set("draft", "text")?;
    /// db.rename("draft", "page")?;
    /// assert!(db.exists("page") && !db.exists("draft"));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn rename(&self, from: impl AsRef<[u8]>, to: impl AsRef<[u8]>) -> Result<()> {
        let keys = [self.key(from.as_ref()), self.key(to.as_ref())];
        self.many(&keys, Access::Exclusive, |tx| tx.rename(keys[0], keys[1], false)).map(drop)
    }

    /// As [`rename`](Db::rename), unless `to` is there (`RENAMENX`). Returns whether it did.
    ///
    /// # Errors
    /// As [`rename`](Db::rename).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.mset([("a", "1"), ("b", "2")])?;
    /// assert!(!db.rename_nx("a", "b")?);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn rename_nx(&self, from: impl AsRef<[u8]>, to: impl AsRef<[u8]>) -> Result<bool> {
        let keys = [self.key(from.as_ref()), self.key(to.as_ref())];
        self.many(&keys, Access::Exclusive, |tx| tx.rename(keys[0], keys[1], true))
    }

    /// Gives a copy of what `from` holds, expiry included, to `to`, which must be missing (`COPY`, O(value), locks
    /// two stripes). Returns whether it did. Long strings are shared until one of the two changes.
    ///
    /// # Errors
    /// [`Error::SameObject`] if both are the same; [`Error::StringTooLong`] as [`rename`](Db::rename).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.set("a", "1")?;
    /// assert!(db.copy("a", "b")?);
    /// assert!(!db.copy("a", "b")?);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn copy(&self, from: impl AsRef<[u8]>, to: impl AsRef<[u8]>) -> Result<bool> {
        self.copy_with(from, to, CopyOptions::new())
    }

    /// As [`copy`](Db::copy), to where and over what `options` say (`COPY` with `DB`, `REPLACE`).
    ///
    /// # Errors
    /// As [`copy`](Db::copy), and [`Error::DbOutOfRange`].
    ///
    /// ```
    /// use danio::{Config, CopyOptions, Engine};
    /// let engine = Engine::open(Config::new())?;
    /// engine.db(0)?.set("k", "v")?;
    /// assert!(engine.db(0)?.copy_with("k", "k", CopyOptions::new().db(1))?);
    /// assert!(engine.db(1)?.exists("k"));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn copy_with(
        &self,
        from: impl AsRef<[u8]>,
        to: impl AsRef<[u8]>,
        options: CopyOptions,
    ) -> Result<bool> {
        let keys = [self.key(from.as_ref()), self.key(to.as_ref())];
        let db = self.check_db(options.db.unwrap_or(self.number()))?;
        self.make_room()?;
        self.many(&keys, Access::Exclusive, |tx| tx.copy(keys[0], keys[1], db, options.replace))
    }

    /// Moves `key` to database `db`, unless it is missing here or there is one there (`MOVE`, O(1), locks one
    /// stripe). Returns whether it did.
    ///
    /// # Errors
    /// [`Error::DbOutOfRange`]; [`Error::SameObject`] if that is this database.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.set("k", "v")?;
    /// assert!(db.move_to("k", 1)?);
    /// assert!(!db.exists("k"));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn move_to(&self, key: impl AsRef<[u8]>, db: u32) -> Result<bool> {
        let db = self.check_db(db)?;
        self.write(key.as_ref(), |tx, key| tx.move_to(key, db))
    }

    /// Returns a key, each as likely as any other; `None` if there is none (`RANDOMKEY`, O(stripes), locks stripes
    /// shared one at a time).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// assert_eq!(db.random_key(), None);
    /// db.set("only", "one")?;
    /// assert_eq!(db.random_key().as_deref(), Some(&b"only"[..]));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn random_key(&self) -> Option<Bytes> {
        self.sure(self.each(|tx| tx.random(|entry| Bytes::copy_from_slice(entry.key()))))
    }

    /// Removes every key of this database (`FLUSHDB`). Locks everything for microseconds; the memory is given
    /// back after that, before the call returns.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.set("k", "v")?;
    /// db.flush();
    /// assert!(db.is_empty());
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn flush(&self) {
        self.change_all_anyway(|tx| tx.flush(Some(tx.db()), false));
    }

    fn check_db(&self, number: u32) -> Result<u32> {
        if number < self.keyspace().databases() { Ok(number) } else { Err(Error::DbOutOfRange) }
    }
}
