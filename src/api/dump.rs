//! Values as Redis's payloads: DUMP and RESTORE.

use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use bytes::Bytes;

use super::{Db, Scope};
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::keyspace::event::RESTORE;
use crate::keyspace::{Key, Tx, access};
use crate::persist::rdb;

/// How a payload is restored.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RestoreArgs {
    /// When the key expires.
    pub(crate) expiry: Option<Millis>,
    /// Whatever the key holds is replaced.
    pub(crate) replace: bool,
    /// For how many seconds it was not used.
    pub(crate) idle: Option<u64>,
    /// How often it is used, on the scale of `OBJECT FREQ`.
    pub(crate) frequency: Option<u8>,
}

impl Tx<'_> {
    /// What a key holds, as a payload (`DUMP`).
    pub(crate) fn dump(&self, key: Key<'_>) -> Result<Option<Vec<u8>>> {
        let Some(entry) = self.read(key)? else { return Ok(None) };
        let compress = self.keyspace().settings.rdb_compression.load(Ordering::Relaxed);
        let now = if entry.is_timed() { self.now() } else { Millis(i64::MIN) };
        Ok(Some(rdb::dump(entry, now, compress)))
    }

    /// Refuses a key that holds something.
    ///
    /// # Errors
    /// `BUSYKEY`.
    pub(crate) fn check_free(&self, key: Key<'_>) -> Result<()> {
        match self.peek(key)? {
            Some(_) => Err(Error::reply("BUSYKEY Target key name already exists.")),
            None => Ok(()),
        }
    }

    /// Makes a key hold the value of a payload (`RESTORE`); removes it if its time would be over.
    ///
    /// # Errors
    /// `BUSYKEY` if it holds something that is not to be replaced; what is wrong with the payload.
    pub(crate) fn restore(
        &mut self,
        key: Key<'_>,
        payload: &[u8],
        args: RestoreArgs,
    ) -> Result<()> {
        let RestoreArgs { expiry, replace, idle, frequency } = args;
        if !replace {
            self.check_free(key)?;
        }
        self.check_length(key.bytes.len())?;
        let keyspace = self.keyspace();
        let (settings, now) = (&keyspace.settings, keyspace.clock.second());
        let skip = settings.skip_checksums.load(Ordering::Relaxed);
        let content = rdb::restore(payload, &settings.limits, skip)?;
        let access = match (idle, frequency) {
            (Some(seconds), _) => access::idle_since(settings, now, seconds),
            (_, Some(frequency)) => access::counted(settings, now, frequency),
            _ => access::fresh(settings, now),
        };
        let entry = content.into_entry(key.bytes, expiry, access);
        if entry.may_be_past() && entry.is_past(self.time_of_expiries()) {
            self.remove(key)?;
            return Ok(());
        }
        self.change(key, |slot| {
            slot.put_anew(entry);
            Ok(slot.changed((), &[RESTORE], |effect| {
                let at = expiry.map_or(0, |at| at.0).to_string();
                let (seconds, frequency) =
                    (idle.map(|seconds| seconds.to_string()), frequency.map(|n| n.to_string()));
                let mut words: Vec<&[u8]> =
                    vec![b"RESTORE", key.bytes, at.as_bytes(), payload, b"REPLACE", b"ABSTTL"];
                if let Some(seconds) = &seconds {
                    words.extend([&b"IDLETIME"[..], seconds.as_bytes()]);
                } else if let Some(frequency) = &frequency {
                    words.extend([&b"FREQ"[..], frequency.as_bytes()]);
                }
                effect.command(&words);
            }))
        })
    }
}

/// What [`Db::restore_with`] does beside giving a key its value.
#[derive(Debug, Clone, Default)]
pub struct RestoreOptions {
    expiry: Option<Expiry>,
    replace: bool,
    idle: Option<Duration>,
    frequency: Option<u8>,
}

#[derive(Debug, Clone, Copy)]
enum Expiry {
    In(Duration),
    At(SystemTime),
}

impl RestoreOptions {
    /// A key that is missing, to live for ever.
    pub fn new() -> RestoreOptions {
        RestoreOptions::default()
    }

    /// It lives for so long.
    pub fn expire_in(mut self, ttl: Duration) -> RestoreOptions {
        self.expiry = Some(Expiry::In(ttl));
        self
    }

    /// It lives until then (`ABSTTL`).
    pub fn expire_at(mut self, at: SystemTime) -> RestoreOptions {
        self.expiry = Some(Expiry::At(at));
        self
    }

    /// Also a key that is there (`REPLACE`).
    pub fn replace(mut self) -> RestoreOptions {
        self.replace = true;
        self
    }

    /// It was not used for so long (`IDLETIME`); counts only while eviction goes by the last use.
    pub fn idle(mut self, time: Duration) -> RestoreOptions {
        (self.idle, self.frequency) = (Some(time), None);
        self
    }

    /// How often it is used, on the scale of [`Db::frequency`] (`FREQ`); counts only while eviction goes
    /// by frequency.
    pub fn frequency(mut self, frequency: u8) -> RestoreOptions {
        (self.idle, self.frequency) = (None, Some(frequency));
        self
    }
}

impl<S: Scope> Db<S> {
    /// What `key` holds, as bytes that [`restore`](Db::restore) takes, and Redis and Valkey too (`DUMP`, O(bytes),
    /// read-locks one stripe). The expiry of the key is no part of it.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.set("a", "hello")?;
    /// let payload = db.dump("a").expect("it is there");
    /// db.restore("b", &payload)?;
    /// assert_eq!(db.get("b")?.as_deref(), Some(&b"hello"[..]));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn dump(&self, key: impl AsRef<[u8]>) -> Option<Bytes> {
        self.sure(self.read(key.as_ref(), |tx, key| tx.dump(key))).map(Bytes::from)
    }

    /// Makes `key`, which must be missing, hold the value of a payload, of [`dump`](Db::dump) or of `DUMP` of any
    /// Redis from 2.6 to 8 or Valkey (`RESTORE`, O(bytes), locks one stripe).
    ///
    /// Payloads are not trusted: whatever the bytes, they are restored as a sound value or refused.
    ///
    /// # Errors
    /// [`Error::Reply`] with Redis's words: `BUSYKEY` if the key is there, `ERR DUMP payload version or checksum
    /// are wrong`, or `ERR Bad data format`; [`Error::OutOfMemory`]. Nothing is changed.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// assert_eq!(
    ///     db.restore("k", b"no payload").unwrap_err().to_string(),
    ///     "ERR DUMP payload version or checksum are wrong",
    /// );
    /// ```
    pub fn restore(&self, key: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> Result<()> {
        self.restore_with(key, payload, RestoreOptions::new())
    }

    /// As [`restore`](Db::restore), with an expiry, over what is there, or with a use in the past (`RESTORE` with
    /// a time, `ABSTTL`, `REPLACE`, `IDLETIME`, `FREQ`). If the time is over, the key is missing afterwards.
    ///
    /// # Errors
    /// As [`restore`](Db::restore).
    ///
    /// ```
    /// use std::time::Duration;
    /// use danio::{RestoreOptions, Ttl};
    ///
    /// let db = danio::Db::in_memory();
    /// db.set("a", "hello")?;
    /// let payload = db.dump("a").expect("it is there");
    /// let options = RestoreOptions::new().replace().expire_in(Duration::from_secs(60));
    /// db.restore_with("a", &payload, options)?;
    /// assert!(matches!(db.ttl("a"), Ttl::Left(_)));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn restore_with(
        &self,
        key: impl AsRef<[u8]>,
        payload: impl AsRef<[u8]>,
        options: RestoreOptions,
    ) -> Result<()> {
        let RestoreOptions { expiry, replace, idle, frequency } = options;
        self.grow(key.as_ref(), |tx, key| {
            let expiry = expiry.map(|expiry| match expiry {
                Expiry::At(at) => Millis::from_system_time(at),
                Expiry::In(ttl) => {
                    let ttl = i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX);
                    Millis(tx.now().0.saturating_add(ttl))
                }
            });
            let idle = idle.map(|idle| idle.as_secs());
            tx.restore(key, payload.as_ref(), RestoreArgs { expiry, replace, idle, frequency })
        })
    }
}
