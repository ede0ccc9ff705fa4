//! SET, with all it can be told.

use std::time::{Duration, SystemTime};

use bytes::Bytes;

use super::expiry::ExpiryOption;
use super::string::digest;
use super::{Db, Scope};
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::keyspace::entry::Entry;
use crate::keyspace::event::{DEL, EXPIRE, SET};
use crate::keyspace::{Key, Tx};
use crate::value::SetExpiry;
use crate::value::string::{Digits, StringValue};

/// A condition on what a key holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Compare<'a> {
    #[default]
    Always,
    /// `NX`
    Absent,
    /// `XX`
    Present,
    /// `IFEQ`: the key holds these bytes.
    Equal(&'a [u8]),
    /// `IFNE`: the key is missing or holds other bytes.
    NotEqual(&'a [u8]),
    /// `IFDEQ`: the key holds bytes with this digest.
    DigestEqual(u64),
    /// `IFDNE`: the key is missing or holds bytes with another digest.
    DigestNotEqual(u64),
}

impl Compare<'_> {
    /// # Errors
    /// `WrongType` if bytes are to be compared with something that is no string.
    pub(super) fn holds(self, entry: Option<&Entry>) -> Result<bool> {
        let is = |bytes: &[u8]| {
            entry.map_or(Ok(false), |e| {
                Ok::<_, Error>(e.string()?.bytes(&mut Digits::new()) == bytes)
            })
        };
        let has = |wanted: u64| {
            entry.map_or(Ok(false), |e| Ok::<_, Error>(digest(e.string()?) == wanted))
        };
        Ok(match self {
            Compare::Always => true,
            Compare::Absent => entry.is_none(),
            Compare::Present => entry.is_some(),
            Compare::Equal(bytes) => is(bytes)?,
            Compare::NotEqual(bytes) => !is(bytes)?,
            Compare::DigestEqual(digest) => has(digest)?,
            Compare::DigestNotEqual(digest) => !has(digest)?,
        })
    }
}

/// All that SET can be told.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SetArgs<'a> {
    pub(crate) expiry: SetExpiry,
    pub(crate) condition: Compare<'a>,
    /// `GET`: also return what the key held, which must be a string.
    pub(crate) previous: bool,
}

/// What [`Db::set_with`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SetOutcome {
    /// Whether the value was set: the condition held.
    pub set: bool,
    /// What the key held before, if that was [asked for](SetOptions::previous).
    pub previous: Option<Bytes>,
}

impl Tx<'_> {
    /// Makes a key hold a string (`SET`).
    #[inline]
    pub(crate) fn set(
        &mut self,
        key: Key<'_>,
        value: &[u8],
        args: &SetArgs<'_>,
    ) -> Result<SetOutcome> {
        self.check_length(value.len())?;
        if args.previous {
            // To be told what it held counts as reading it.
            self.look(key)?;
        }
        let past = matches!(args.expiry, SetExpiry::At(at) if at <= self.time_of_expiries());
        self.change(key, |slot| {
            let old = slot.entry();
            let previous = match old {
                Some(entry) if args.previous => Some(entry.string()?.to_bytes()),
                _ => None,
            };
            if args.condition != Compare::Always && !args.condition.holds(old)? {
                return Ok(slot.unchanged(SetOutcome { set: false, previous }));
            }
            let outcome = SetOutcome { set: true, previous };
            if past {
                return Ok(match slot.entry().is_some() {
                    false => slot.unchanged(outcome),
                    true => {
                        slot.discard();
                        slot.changed(outcome, &[DEL], |effect| effect.command(&[b"DEL", key.bytes]))
                    }
                });
            }
            let (expiry, events) = match args.expiry {
                SetExpiry::Clear => (None, &[SET][..]),
                SetExpiry::Keep => (old.and_then(Entry::expiry), &[SET][..]),
                SetExpiry::At(at) => (Some(at), &[SET, EXPIRE][..]),
            };
            slot.put_string(StringValue::encode(value), expiry);
            Ok(slot.changed(outcome, events, |effect| match expiry {
                None => effect.command(&[b"SET", key.bytes, value]),
                Some(at) => effect.command(&[
                    b"SET",
                    key.bytes,
                    value,
                    b"PXAT",
                    at.0.to_string().as_bytes(),
                ]),
            }))
        })
    }
}

/// When and how long [`Db::set_with`] sets a value; made by methods named after SET's options.
///
/// ```
/// use std::time::Duration;
/// use danio::{Db, SetOptions};
///
/// let db = Db::in_memory();
/// let lock = SetOptions::new().if_absent().expire_in(Duration::from_secs(30));
/// assert!(db.set_with("lock", "me", lock.clone())?.set);
/// assert!(!db.set_with("lock", "you", lock)?.set);
/// # Ok::<(), danio::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct SetOptions {
    expiry: ExpiryOption,
    condition: ConditionOption,
    previous: bool,
}

#[derive(Debug, Clone, Default)]
enum ConditionOption {
    #[default]
    Always,
    Absent,
    Present,
    Equal(Bytes),
    NotEqual(Bytes),
    DigestEqual(u64),
    DigestNotEqual(u64),
}

impl SetOptions {
    /// Sets in any case, for ever.
    pub fn new() -> SetOptions {
        SetOptions::default()
    }

    /// Lets the key live for so long (`PX`): more than zero.
    pub fn expire_in(mut self, ttl: Duration) -> SetOptions {
        self.expiry = ExpiryOption::In(ttl);
        self
    }

    /// Lets the key live until then (`PXAT`); a time that is past removes the key.
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    /// use danio::{Db, SetOptions};
    ///
    /// let db = Db::in_memory();
    /// let at = |time| SetOptions::new().expire_at(time);
    /// let midnight = SystemTime::now() + Duration::from_secs(3600);
    /// db.set_with("k", "v", at(midnight))?;
    /// assert!(db.expire_time("k").is_some());
    /// assert!(db.set_with("k", "v", at(SystemTime::UNIX_EPOCH))?.set);
    /// assert!(!db.exists("k"));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn expire_at(mut self, at: SystemTime) -> SetOptions {
        self.expiry = ExpiryOption::At(at);
        self
    }

    /// Leaves the key's expiry as it is (`KEEPTTL`).
    ///
    /// ```
    /// use std::time::Duration;
    /// use danio::{Db, SetOptions, Ttl};
    ///
    /// let db = Db::in_memory();
    /// db.set_ex("session", Duration::from_secs(60), "v1")?;
    /// db.set_with("session", "v2", SetOptions::new().keep_ttl())?;
    /// assert!(matches!(db.ttl("session"), Ttl::Left(_)));
    /// db.set("session", "v3")?;
    /// assert_eq!(db.ttl("session"), Ttl::Forever);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn keep_ttl(mut self) -> SetOptions {
        self.expiry = ExpiryOption::Keep;
        self
    }

    /// Sets only if the key is missing (`NX`).
    pub fn if_absent(mut self) -> SetOptions {
        self.condition = ConditionOption::Absent;
        self
    }

    /// Sets only if the key is there (`XX`).
    pub fn if_present(mut self) -> SetOptions {
        self.condition = ConditionOption::Present;
        self
    }

    /// Sets only if the key holds exactly these bytes (`IFEQ`).
    ///
    /// ```
    /// use danio::{Db, SetOptions};
    ///
    /// // Only from the state that was seen.
    /// let db = Db::in_memory();
    /// db.set("state", "open")?;
    /// let close = SetOptions::new().if_equal("open");
    /// assert!(db.set_with("state", "closed", close.clone())?.set);
    /// assert!(!db.set_with("state", "closed", close)?.set);
    /// assert!(!db.set_with("missing", "v", SetOptions::new().if_equal(""))?.set);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn if_equal(mut self, value: impl Into<Bytes>) -> SetOptions {
        self.condition = ConditionOption::Equal(value.into());
        self
    }

    /// Sets only if the key does not hold exactly these bytes, or is missing (`IFNE`).
    ///
    /// ```
    /// use danio::{Db, SetOptions};
    ///
    /// let db = Db::in_memory();
    /// let unless_done = SetOptions::new().if_not_equal("done");
    /// assert!(db.set_with("job", "done", unless_done.clone())?.set, "it was missing");
    /// assert!(!db.set_with("job", "failed", unless_done)?.set);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn if_not_equal(mut self, value: impl Into<Bytes>) -> SetOptions {
        self.condition = ConditionOption::NotEqual(value.into());
        self
    }

    /// Sets only if the key holds bytes with this [digest](Db::digest) (`IFDEQ`).
    ///
    /// ```
    /// use danio::{Db, SetOptions};
    ///
    /// // As if_equal, without keeping or sending what may be long.
    /// let db = Db::in_memory();
    /// db.set("page", vec![b'x'; 100_000])?;
    /// let seen = db.digest("page")?.expect("it is there");
    /// let if_same = SetOptions::new().if_digest_equal(seen);
    /// assert!(db.set_with("page", "new", if_same.clone())?.set);
    /// assert!(!db.set_with("page", "newer", if_same)?.set);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn if_digest_equal(mut self, digest: u64) -> SetOptions {
        self.condition = ConditionOption::DigestEqual(digest);
        self
    }

    /// Sets only if the key does not hold bytes with this [digest](Db::digest), or is missing (`IFDNE`).
    pub fn if_digest_not_equal(mut self, digest: u64) -> SetOptions {
        self.condition = ConditionOption::DigestNotEqual(digest);
        self
    }

    /// Also returns what the key held, which must be a string if it is there (`GET`).
    ///
    /// ```
    /// use danio::{Db, SetOptions};
    ///
    /// let db = Db::in_memory();
    /// let first = SetOptions::new().if_absent().previous();
    /// assert_eq!(db.set_with("leader", "ann", first.clone())?.previous, None);
    /// let second = db.set_with("leader", "bob", first)?;
    /// assert!(!second.set);
    /// assert_eq!(second.previous, Some("ann".into()));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn previous(mut self) -> SetOptions {
        self.previous = true;
        self
    }

    pub(super) fn args(&self, now: impl FnOnce() -> Millis) -> Result<SetArgs<'_>> {
        let expiry = self.expiry.resolve(now, "set")?;
        let condition = match &self.condition {
            ConditionOption::Always => Compare::Always,
            ConditionOption::Absent => Compare::Absent,
            ConditionOption::Present => Compare::Present,
            ConditionOption::Equal(bytes) => Compare::Equal(bytes),
            ConditionOption::NotEqual(bytes) => Compare::NotEqual(bytes),
            ConditionOption::DigestEqual(digest) => Compare::DigestEqual(*digest),
            ConditionOption::DigestNotEqual(digest) => Compare::DigestNotEqual(*digest),
        };
        Ok(SetArgs { expiry, condition, previous: self.previous })
    }
}

impl<S: Scope> Db<S> {
    /// Makes `key` hold `value`, whatever it held, for ever (`SET`, O(1), locks one stripe).
    ///
    /// # Errors
    /// [`Error::StringTooLong`] if key or value is longer than [`Config::max_string`](crate::Config::max_string).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.set("k", "v")?;
    /// assert_eq!(db.get("k")?.as_deref(), Some(&b"v"[..]));
    /// # Ok::<(), danio::Error>(())
    /// ```
    #[inline]
    pub fn set(&self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Result<()> {
        self.grow(key.as_ref(), |tx, key| tx.set(key, value.as_ref(), &SetArgs::default()))
            .map(drop)
    }

    /// Makes `key` hold `value`, when and for as long as `options` say (`SET` with options, O(1), locks one
    /// stripe).
    ///
    /// # Errors
    /// [`Error::WrongType`] if the previous value is asked for, or bytes are compared, and the key holds no
    /// string; [`Error::InvalidExpire`] if the time to live is zero or does not fit;
    /// [`Error::StringTooLong`] as [`set`](Db::set). Nothing is changed then.
    ///
    /// ```
    /// use danio::{Db, SetOptions};
    ///
    /// let db = Db::in_memory();
    /// db.set("k", "old")?;
    /// let outcome = db.set_with("k", "new", SetOptions::new().if_equal("old").previous())?;
    /// assert!(outcome.set && outcome.previous.as_deref() == Some(b"old"));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn set_with(
        &self,
        key: impl AsRef<[u8]>,
        value: impl AsRef<[u8]>,
        options: SetOptions,
    ) -> Result<SetOutcome> {
        self.grow(key.as_ref(), |tx, key| {
            let args = options.args(|| tx.now())?;
            tx.set(key, value.as_ref(), &args)
        })
    }

    /// Makes `key` hold `value` for `ttl` (`PSETEX`, O(1), locks one stripe).
    ///
    /// # Errors
    /// [`Error::InvalidExpire`] if `ttl` is zero or does not fit; [`Error::StringTooLong`] as [`set`](Db::set).
    ///
    /// ```
    /// use std::time::Duration;
    /// let db = danio::Db::in_memory();
    /// db.set_ex("session:7", Duration::from_secs(1800), "ann")?;
    /// assert!(db.exists("session:7"));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn set_ex(
        &self,
        key: impl AsRef<[u8]>,
        ttl: Duration,
        value: impl AsRef<[u8]>,
    ) -> Result<()> {
        self.set_with(key, value, SetOptions::new().expire_in(ttl)).map(drop)
    }

    /// Makes `key` hold `value` if it is missing (`SETNX`, O(1), locks one stripe). Returns whether it was.
    ///
    /// # Errors
    /// [`Error::StringTooLong`] as [`set`](Db::set).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// assert!(db.set_nx("leader", "a")?);
    /// assert!(!db.set_nx("leader", "b")?);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn set_nx(&self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Result<bool> {
        self.set_with(key, value, SetOptions::new().if_absent()).map(|outcome| outcome.set)
    }

    /// Makes `key` hold `value` and returns the string that it held (`GETSET`, O(1), locks one stripe).
    ///
    /// # Errors
    /// [`Error::WrongType`] if it held something else; [`Error::StringTooLong`] as [`set`](Db::set).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// assert_eq!(db.get_set("k", "1")?, None);
    /// assert_eq!(db.get_set("k", "2")?.as_deref(), Some(&b"1"[..]));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn get_set(&self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Result<Option<Bytes>> {
        self.set_with(key, value, SetOptions::new().previous()).map(|outcome| outcome.previous)
    }
}
