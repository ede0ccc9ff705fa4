//! Strings, but for SET itself: reading, counting, editing.

use std::time::{Duration, SystemTime};

use bytes::Bytes;

use super::expiry::{ExpiryChange, time_after};
use super::range::byte_range;
use super::string_set::{Compare, SetArgs};
use super::{Db, Scope, SetOptions};
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::keyspace::event::{APPEND, DEL, INCRBY, INCRBYFLOAT, SETRANGE};
use crate::keyspace::{Access, Key, Tx};
use crate::text::extended::Extended;
use crate::value::copies::copies;
use crate::value::lcs::{LcsTable, Match};
use crate::value::string::{Digits, StringRef, StringValue};

/// The digest that DIGEST and the `IFD..` conditions compare: XXH3 of 64 bits.
pub(crate) fn digest(string: StringRef<'_>) -> u64 {
    xxhash_rust::xxh3::xxh3_64(string.bytes(&mut Digits::new()))
}

impl Tx<'_> {
    /// The string under a key (`GET`); a hit or a miss.
    #[inline(always)]
    pub(crate) fn string(&self, key: Key<'_>) -> Result<Option<StringRef<'_>>> {
        self.read(key)?.map(|entry| entry.string()).transpose()
    }

    /// The strings under keys, `None` for what is missing or no string (`MGET`).
    pub(crate) fn strings<'t>(
        &'t self,
        keys: &'t [Key<'t>],
    ) -> Result<impl ExactSizeIterator<Item = Option<StringRef<'t>>>> {
        Ok(self.entries(keys)?.map(|entry| {
            let entry = entry?;
            self.touch(entry);
            entry.string().ok()
        }))
    }

    /// Removes a key that holds a string, and returns it (`GETDEL`).
    pub(crate) fn get_del(&mut self, key: Key<'_>) -> Result<Option<Bytes>> {
        let Some(value) = self.string(key)?.map(StringRef::to_bytes) else { return Ok(None) };
        self.remove(key)?;
        Ok(Some(value))
    }

    /// Returns the string under a key and changes its expiry (`GETEX`).
    pub(crate) fn get_ex(&mut self, key: Key<'_>, expiry: ExpiryChange) -> Result<Option<Bytes>> {
        let Some(value) = self.string(key)?.map(StringRef::to_bytes) else { return Ok(None) };
        match expiry {
            ExpiryChange::Keep => {}
            ExpiryChange::Remove => drop(self.persist(key)?),
            ExpiryChange::Set(at) => drop(self.expire_at(key, at, &[])?),
        }
        Ok(Some(value))
    }

    /// Sets several keys, if the condition (`NX`: none of them is there, `XX`: all are) holds (`MSET`,
    /// `MSETNX`, `MSETEX`). Returns whether it did.
    pub(crate) fn set_many<'a>(
        &mut self,
        keys: &[Key<'_>],
        values: impl Iterator<Item = &'a [u8]> + Clone,
        args: &SetArgs<'_>,
    ) -> Result<bool> {
        for value in values.clone() {
            self.check_length(value.len())?;
        }
        if args.condition != Compare::Always {
            for (i, key) in keys.iter().enumerate() {
                self.fetch_ahead(keys, i);
                if !args.condition.holds(self.peek(*key)?)? {
                    return Ok(false);
                }
            }
        }
        let each = SetArgs { condition: Compare::Always, ..*args };
        for (i, (key, value)) in keys.iter().zip(values).enumerate() {
            self.fetch_ahead(keys, i);
            self.set(*key, value, &each)?;
        }
        Ok(true)
    }

    /// Adds to the integer under a key, 0 if it is missing (`INCRBY` and its like).
    #[inline]
    pub(crate) fn incr_by(&mut self, key: Key<'_>, by: i64) -> Result<i64> {
        self.change(key, |slot| {
            let old = slot.entry();
            let number = old.map_or(Ok(Some(0)), |entry| entry.string().map(StringRef::as_int))?;
            let sum = number.ok_or(Error::NotInteger)?.checked_add(by).ok_or(Error::Overflow)?;
            let expiry = old.and_then(|entry| entry.expiry());
            slot.put_string(StringValue::Int(sum), expiry);
            Ok(slot.changed(sum, &[INCRBY], |effect| {
                effect.command(&[b"INCRBY", key.bytes, by.to_string().as_bytes()])
            }))
        })
    }

    /// Adds to the floating-point number under a key, 0 if it is missing (`INCRBYFLOAT`). Returns the
    /// sum as it is stored.
    pub(crate) fn incr_by_float(&mut self, key: Key<'_>, by: Extended) -> Result<Vec<u8>> {
        self.change(key, |slot| {
            let old = slot.entry();
            let number = match old {
                Some(entry) => Extended::parse(entry.string()?.bytes(&mut Digits::new()))
                    .ok_or(Error::NotFloat)?,
                None => Extended::from(0),
            };
            let expiry = old.and_then(|entry| entry.expiry());
            let sum = number
                .add(by)
                .filter(|sum| !matches!(sum, Extended::Infinite(_)))
                .ok_or(Error::NotFinite)?;
            let mut text = Vec::with_capacity(32);
            sum.write(&mut text);
            slot.put_string(StringValue::Bytes(&text), expiry);
            Ok(slot.changed(text.clone(), &[INCRBYFLOAT], |effect| {
                effect.command(&[b"SET", key.bytes, &text, b"KEEPTTL"])
            }))
        })
    }

    /// Adds bytes at the end of a string, which is made if it is missing (`APPEND`). Returns its length.
    pub(crate) fn append(&mut self, key: Key<'_>, bytes: &[u8]) -> Result<usize> {
        let limit = self.max_string();
        self.change(key, |slot| {
            let old = slot.entry().map_or(Ok(0), |entry| entry.string().map(StringRef::len))?;
            let len = old
                .checked_add(bytes.len())
                .filter(|len| *len <= limit)
                .ok_or(Error::StringTooLong)?;
            match slot.entry_mut() {
                Some(entry) => entry.append(bytes),
                None => slot.put_string(StringValue::encode(bytes), None),
            }
            Ok(slot
                .changed(len, &[APPEND], |effect| effect.command(&[b"APPEND", key.bytes, bytes])))
        })
    }

    /// Writes bytes over a string from `offset` on, with zeros in between if it is shorter (`SETRANGE`).
    /// Returns its length.
    pub(crate) fn set_range(&mut self, key: Key<'_>, offset: usize, bytes: &[u8]) -> Result<usize> {
        let limit = self.max_string();
        self.change(key, |slot| {
            let old = slot.entry().map_or(Ok(0), |entry| entry.string().map(StringRef::len))?;
            if bytes.is_empty() {
                return Ok(slot.unchanged(old));
            }
            let end = offset
                .checked_add(bytes.len())
                .filter(|end| *end <= limit)
                .ok_or(Error::StringTooLong)?;
            let len = end.max(old);
            if slot.entry().is_none() {
                slot.put_string(StringValue::Edited(&[]), None);
            }
            slot.entry_mut().expect("made above").edit(len)[offset..end].copy_from_slice(bytes);
            Ok(slot.changed(len, &[SETRANGE], |effect| {
                effect.command(&[b"SETRANGE", key.bytes, offset.to_string().as_bytes(), bytes]);
            }))
        })
    }

    /// Removes a key if it holds a string and the condition holds (`DELEX`).
    pub(crate) fn remove_if(&mut self, key: Key<'_>, condition: Compare<'_>) -> Result<bool> {
        self.change(key, |slot| {
            if slot.entry().is_none() || !condition.holds(slot.entry())? {
                return Ok(slot.unchanged(false));
            }
            slot.discard();
            Ok(slot.changed(true, &[DEL], |effect| effect.command(&[b"DEL", key.bytes])))
        })
    }

    /// Fills the table of LCS for two strings, empty if they are missing, and shows it with the options.
    ///
    /// # Errors
    /// In this order: the words of LCS for keys of another type, what is wrong with the options, and the words for
    /// strings that are too long.
    pub(crate) fn lcs<O, R>(
        &self,
        a: Key<'_>,
        b: Key<'_>,
        options: Result<O>,
        show: impl FnOnce(&LcsTable<'_>, O) -> R,
    ) -> Result<R> {
        let not_strings = |_| Error::reply("ERR The specified keys must contain string values");
        let empty = StringRef::Bytes(&[]);
        // Both count as looked up, whatever the first holds.
        let (a, b) = (self.string(a), self.string(b));
        let a = a.map_err(not_strings)?.unwrap_or(empty);
        let b = b.map_err(not_strings)?.unwrap_or(empty);
        let options = options?;
        let (mut a_digits, mut b_digits) = (Digits::new(), Digits::new());
        let table =
            LcsTable::new(a.bytes(&mut a_digits), b.bytes(&mut b_digits), self.max_string());
        let failed = "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len";
        Ok(show(&table.ok_or(Error::reply(failed))?, options))
    }

    /// Bytes of the longest string.
    pub(crate) fn max_string(&self) -> usize {
        self.keyspace().settings.max_string.load(std::sync::atomic::Ordering::Relaxed)
    }
}

/// What two strings have in common, in order ([`Db::lcs`]).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lcs {
    /// The longest common subsequence.
    pub bytes: Bytes,
    /// The parts of both strings that match, the last first: where in the first and where in the second.
    pub matches: Vec<(std::ops::Range<usize>, std::ops::Range<usize>)>,
}

impl<S: Scope> Db<S> {
    /// Returns the string under `key` (`GET`, O(1), locks one stripe shared). A short string is copied, a
    /// long one (16 KB or more) shared.
    ///
    /// # Errors
    /// [`Error::WrongType`] if the key holds no string.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// assert_eq!(db.get("nobody")?, None);
    /// # Ok::<(), danio::Error>(())
    /// ```
    #[inline]
    pub fn get(&self, key: impl AsRef<[u8]>) -> Result<Option<Bytes>> {
        // Past the results, not through them: each would copy it.
        let mut value = None;
        self.read(key.as_ref(), |tx, key| {
            value = tx.string(key)?.map(StringRef::to_bytes);
            Ok(())
        })?;
        Ok(value)
    }

    /// Shows the string under `key` to `look`, without a copy (`GET`, O(1)). The key's stripe is locked shared
    /// while `look` runs: it must be quick, and must not call this engine, not to read either, for it could wait for
    /// a writer that waits for it. In a transaction it may call the transaction's handle, to read.
    ///
    /// # Errors
    /// [`Error::WrongType`] if the key holds no string.
    ///
    /// # Panics
    /// In builds with debug assertions, when `look` calls this engine.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.set("k", "some bytes")?;
    /// assert_eq!(db.get_with("k", |bytes| bytes.len())?, Some(10));
    /// # Ok::<(), danio::Error>(())
    /// ```
    #[inline]
    pub fn get_with<R>(
        &self,
        key: impl AsRef<[u8]>,
        look: impl FnOnce(&[u8]) -> R,
    ) -> Result<Option<R>> {
        self.show(key.as_ref(), |tx, key| {
            Ok(tx.string(key)?.map(|string| look(string.bytes(&mut Digits::new()))))
        })
    }

    /// Returns the strings under several keys at one moment, `None` for a key that is missing or holds no
    /// string (`MGET`, O(keys), locks their stripes shared). Fetches the keys from memory side by
    /// side: far cheaper than one [`get`](Db::get) each.
    ///
    /// Short values share an allocation with up to 63 others, 16 KB at most, which lives as long as any of
    /// them: copy what is to be kept for long.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.mset([("a", "1"), ("b", "2")])?;
    /// let values = db.mget(["a", "x", "b"]);
    /// assert_eq!(values, [Some("1".into()), None, Some("2".into())]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn mget<K: AsRef<[u8]>>(&self, keys: impl IntoIterator<Item = K>) -> Vec<Option<Bytes>> {
        let keys: Vec<K> = keys.into_iter().collect();
        let keys = self.hashed(&keys);
        let mut values =
            self.sure(self.many(&keys, Access::Shared, |tx| Ok(copies(tx.strings(&keys)?))));
        values.resize(keys.len(), None);
        values
    }

    /// Sets several keys at one moment (`MSET`, O(keys), locks their stripes).
    ///
    /// # Errors
    /// [`Error::StringTooLong`] as [`set`](Db::set); nothing is set then.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.mset([("a", "1"), ("b", "2")])?;
    /// assert_eq!(db.len(), 2);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn mset<K: AsRef<[u8]>, V: AsRef<[u8]>>(
        &self,
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Result<()> {
        self.mset_with(pairs, SetOptions::new()).map(drop)
    }

    /// Sets several keys at one moment if none of them is there (`MSETNX`, O(keys), locks their stripes).
    /// Returns whether it did.
    ///
    /// # Errors
    /// As [`mset`](Db::mset).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// assert!(db.mset_nx([("a", "1"), ("b", "2")])?);
    /// assert!(!db.mset_nx([("b", "3"), ("c", "4")])?);
    /// assert!(!db.exists("c"));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn mset_nx<K: AsRef<[u8]>, V: AsRef<[u8]>>(
        &self,
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Result<bool> {
        self.mset_with(pairs, SetOptions::new().if_absent())
    }

    /// Sets several keys at one moment with a common expiry, if none of them is there or all are, as
    /// `options` say (`MSETEX`, O(keys), locks their stripes). Returns whether it did.
    ///
    /// # Errors
    /// [`Error::Syntax`] for an option that is about one value (`IFEQ` and its like, `GET`);
    /// [`Error::InvalidExpire`] and [`Error::StringTooLong`] as [`set_with`](Db::set_with). Nothing is set then.
    ///
    /// ```
    /// use std::time::Duration;
    /// use danio::{Db, SetOptions};
    ///
    /// let db = Db::in_memory();
    /// let minute = SetOptions::new().expire_in(Duration::from_secs(60));
    /// assert!(db.mset_with([("a", "1"), ("b", "2")], minute.if_absent())?);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn mset_with<K: AsRef<[u8]>, V: AsRef<[u8]>>(
        &self,
        pairs: impl IntoIterator<Item = (K, V)>,
        options: SetOptions,
    ) -> Result<bool> {
        let pairs: Vec<(K, V)> = pairs.into_iter().collect();
        let keys = self.hashed(pairs.iter().map(|(key, _)| key));
        self.make_room()?;
        self.many(&keys, Access::Exclusive, |tx| {
            let args = options.args(|| tx.now())?;
            if args.previous
                || !matches!(args.condition, Compare::Always | Compare::Absent | Compare::Present)
            {
                return Err(Error::Syntax);
            }
            tx.set_many(&keys, pairs.iter().map(|(_, value)| value.as_ref()), &args)
        })
    }

    /// Removes `key` and returns the string that it held (`GETDEL`, O(1), locks one stripe).
    ///
    /// # Errors
    /// [`Error::WrongType`] if it holds no string; it stays then.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.set("once", "secret")?;
    /// assert_eq!(db.get_del("once")?.as_deref(), Some(&b"secret"[..]));
    /// assert_eq!(db.get_del("once")?, None);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn get_del(&self, key: impl AsRef<[u8]>) -> Result<Option<Bytes>> {
        self.write(key.as_ref(), |tx, key| tx.get_del(key))
    }

    /// Returns the string under `key` and lets it live for another `ttl` (`GETEX` with `PX`, O(1), locks one
    /// stripe): a session that slides.
    ///
    /// # Errors
    /// [`Error::WrongType`] if the key holds no string; [`Error::InvalidExpire`] if `ttl` is zero or does not
    /// fit.
    ///
    /// ```
    /// use std::time::Duration;
    /// let db = danio::Db::in_memory();
    /// db.set("session", "ann")?;
    /// db.get_ex("session", Duration::from_secs(60))?;
    /// assert_ne!(db.ttl("session"), danio::Ttl::Forever);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn get_ex(&self, key: impl AsRef<[u8]>, ttl: Duration) -> Result<Option<Bytes>> {
        self.write(key.as_ref(), |tx, key| {
            let at = time_after(tx.now(), ttl).ok_or(Error::InvalidExpire("getex"))?;
            tx.get_ex(key, ExpiryChange::Set(at))
        })
    }

    /// Returns the string under `key` and lets it expire at `at` (`GETEX` with `PXAT`, O(1), locks one stripe).
    ///
    /// # Errors
    /// [`Error::WrongType`] if the key holds no string.
    ///
    /// ```
    /// use std::time::UNIX_EPOCH;
    /// let db = danio::Db::in_memory();
    /// db.set("k", "v")?;
    /// assert_eq!(db.get_ex_at("k", UNIX_EPOCH)?.as_deref(), Some(&b"v"[..]));
    /// assert!(!db.exists("k"), "the time was past");
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn get_ex_at(&self, key: impl AsRef<[u8]>, at: SystemTime) -> Result<Option<Bytes>> {
        self.write(key.as_ref(), |tx, key| {
            tx.get_ex(key, ExpiryChange::Set(Millis::from_system_time(at)))
        })
    }

    /// Returns the string under `key` and makes it live for ever (`GETEX` with `PERSIST`, O(1), locks one
    /// stripe).
    ///
    /// # Errors
    /// [`Error::WrongType`] if the key holds no string.
    ///
    /// ```
    /// use std::time::Duration;
    /// let db = danio::Db::in_memory();
    /// db.set_ex("k", Duration::from_secs(9), "v")?;
    /// db.get_persist("k")?;
    /// assert_eq!(db.ttl("k"), danio::Ttl::Forever);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn get_persist(&self, key: impl AsRef<[u8]>) -> Result<Option<Bytes>> {
        self.write(key.as_ref(), |tx, key| tx.get_ex(key, ExpiryChange::Remove))
    }

    /// Adds 1 to the integer under `key`, 0 if it is missing (`INCR`, O(1), locks one stripe). Returns the sum.
    ///
    /// # Errors
    /// As [`incr_by`](Db::incr_by).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// assert_eq!((db.incr("n")?, db.incr("n")?), (1, 2));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn incr(&self, key: impl AsRef<[u8]>) -> Result<i64> {
        self.incr_by(key, 1)
    }

    /// Takes 1 from the integer under `key`, 0 if it is missing (`DECR`, O(1), locks one stripe). Returns the
    /// difference.
    ///
    /// # Errors
    /// As [`incr_by`](Db::incr_by).
    ///
    /// ```
    /// assert_eq!(danio::Db::in_memory().decr("n")?, -1);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn decr(&self, key: impl AsRef<[u8]>) -> Result<i64> {
        self.incr_by(key, -1)
    }

    /// Adds `by`, which may be negative, to the integer under `key`, 0 if it is missing (`INCRBY`, `DECRBY`,
    /// O(1), locks one stripe). Returns the sum; the expiry stays.
    ///
    /// # Errors
    /// [`Error::NotInteger`] if the string is no integer, [`Error::Overflow`] if the sum does not fit,
    /// [`Error::WrongType`] if the key holds no string. Nothing is changed then.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// assert_eq!(db.incr_by("n", 10)?, 10);
    /// assert_eq!(db.incr_by("n", i64::MAX), Err(danio::Error::Overflow));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn incr_by(&self, key: impl AsRef<[u8]>, by: i64) -> Result<i64> {
        self.grow(key.as_ref(), |tx, key| tx.incr_by(key, by))
    }

    /// Adds `by` to the floating-point number under `key`, 0 if it is missing (`INCRBYFLOAT`, O(1), locks one
    /// stripe). Calculates as Redis does, with 64 bits of mantissa; returns the sum rounded to `f64`.
    ///
    /// # Errors
    /// [`Error::NotFloat`] if the string is no number or `by` is NaN, [`Error::NotFinite`] if the sum is
    /// infinite, [`Error::WrongType`] if the key holds no string. Nothing is changed then.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.set("x", "10.5")?;
    /// assert_eq!(db.incr_by_float("x", 0.1)?, 10.6);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn incr_by_float(&self, key: impl AsRef<[u8]>, by: f64) -> Result<f64> {
        let by = Extended::from_f64(by).ok_or(Error::NotFloat)?;
        let text = self.grow(key.as_ref(), |tx, key| tx.incr_by_float(key, by))?;
        Extended::parse(&text).map(Extended::to_f64).ok_or(Error::NotFloat)
    }

    /// Adds `bytes` at the end of the string under `key`, which is made if it is missing (`APPEND`, amortised
    /// O(bytes), locks one stripe). Returns its length.
    ///
    /// # Errors
    /// [`Error::StringTooLong`] if it would be longer than [`Config::max_string`](crate::Config::max_string),
    /// [`Error::WrongType`] if the key holds no string.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// assert_eq!((db.append("log", "one,")?, db.append("log", "two")?), (4, 7));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn append(&self, key: impl AsRef<[u8]>, bytes: impl AsRef<[u8]>) -> Result<usize> {
        self.grow(key.as_ref(), |tx, key| tx.append(key, bytes.as_ref()))
    }

    /// Returns how long the string under `key` is, 0 if it is missing (`STRLEN`, O(1), locks one stripe shared).
    ///
    /// # Errors
    /// [`Error::WrongType`] if the key holds no string.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.set("n", "12345")?;
    /// assert_eq!(db.strlen("n")?, 5);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn strlen(&self, key: impl AsRef<[u8]>) -> Result<usize> {
        self.read(key.as_ref(), |tx, key| Ok(tx.string(key)?.map_or(0, StringRef::len)))
    }

    /// Returns the part of the string under `key` from `start` to `end`, both included, negative ones counted
    /// from the end (`GETRANGE`, O(bytes), locks one stripe shared).
    ///
    /// # Errors
    /// [`Error::WrongType`] if the key holds no string.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.set("k", "This is a string")?;
    /// assert_eq!(db.get_range("k", -3, -1)?, "ing");
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn get_range(&self, key: impl AsRef<[u8]>, start: i64, end: i64) -> Result<Bytes> {
        let part = self.get_with(key, |bytes| {
            Bytes::copy_from_slice(&bytes[byte_range(bytes.len(), start, end)])
        })?;
        Ok(part.unwrap_or_default())
    }

    /// Writes `bytes` over the string under `key` from `offset` on, with zeros in between if it is shorter or
    /// missing (`SETRANGE`, O(bytes), locks one stripe). Returns its length.
    ///
    /// # Errors
    /// [`Error::StringTooLong`] as [`append`](Db::append); [`Error::WrongType`] if the key holds no string.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.set("k", "Hello World")?;
    /// db.set_range("k", 6, "Redis")?;
    /// assert_eq!(db.get("k")?.as_deref(), Some(&b"Hello Redis"[..]));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn set_range(
        &self,
        key: impl AsRef<[u8]>,
        offset: usize,
        bytes: impl AsRef<[u8]>,
    ) -> Result<usize> {
        self.grow(key.as_ref(), |tx, key| tx.set_range(key, offset, bytes.as_ref()))
    }

    /// Returns the digest of the string under `key`, XXH3 of 64 bits (`DIGEST`, O(bytes), locks one stripe
    /// shared): cheap to send where the string is long, for `if_digest_equal` and its like.
    ///
    /// # Errors
    /// [`Error::WrongType`] if the key holds no string.
    ///
    /// ```
    /// use danio::{Db, SetOptions};
    /// let db = Db::in_memory();
    /// db.set("page", "a long text")?;
    /// let digest = db.digest("page")?.expect("just set");
    /// assert!(db.set_with("page", "edited", SetOptions::new().if_digest_equal(digest))?.set);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn digest(&self, key: impl AsRef<[u8]>) -> Result<Option<u64>> {
        self.read(key.as_ref(), |tx, key| Ok(tx.string(key)?.map(digest)))
    }

    /// Removes `key` if it holds exactly `value` (`DELEX` with `IFEQ`, `DELIFEQ`, O(bytes), locks one stripe):
    /// gives a lock back that is still one's own. Returns whether it did.
    ///
    /// # Errors
    /// [`Error::WrongType`] if the key holds no string.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.set("lock", "mine")?;
    /// assert!(!db.del_if_equal("lock", "yours")?);
    /// assert!(db.del_if_equal("lock", "mine")?);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn del_if_equal(&self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Result<bool> {
        self.write(key.as_ref(), |tx, key| tx.remove_if(key, Compare::Equal(value.as_ref())))
    }

    /// Removes `key` if it holds a string with this [digest](Db::digest) (`DELEX` with `IFDEQ`, O(bytes), locks
    /// one stripe). Returns whether it did.
    ///
    /// # Errors
    /// [`Error::WrongType`] if the key holds no string.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.set("k", "v")?;
    /// let digest = db.digest("k")?.expect("just set");
    /// assert!(db.del_if_digest_equal("k", digest)?);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn del_if_digest_equal(&self, key: impl AsRef<[u8]>, digest: u64) -> Result<bool> {
        self.write(key.as_ref(), |tx, key| tx.remove_if(key, Compare::DigestEqual(digest)))
    }

    /// Finds the longest common subsequence of the strings under two keys, empty if they are missing (`LCS`
    /// with `IDX`, O(a·b) time and memory, locks two stripes shared for as long).
    ///
    /// # Errors
    /// [`Error::Reply`] if a key holds no string, or if four times the lengths multiplied exceed the longest string (512 MB
    /// unless configured).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.mset([("a", "ohmytext"), ("b", "mynewtext")])?;
    /// let lcs = db.lcs("a", "b")?;
    /// assert_eq!(lcs.bytes, "mytext");
    /// assert_eq!(lcs.matches, [(4..8, 5..9), (2..4, 0..2)]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn lcs(&self, a: impl AsRef<[u8]>, b: impl AsRef<[u8]>) -> Result<Lcs> {
        let keys = [self.key(a.as_ref()), self.key(b.as_ref())];
        let range = |(first, last): (usize, usize)| first..last + 1;
        self.many(&keys, Access::Shared, |tx| {
            tx.lcs(keys[0], keys[1], Ok(()), |table, ()| {
                let (bytes, matches) = table.walk();
                Lcs {
                    bytes: bytes.into(),
                    matches: matches.iter().map(|m: &Match| (range(m.a), range(m.b))).collect(),
                }
            })
        })
    }
}
