//! When keys expire: EXPIRE and its like, TTL and its like, PERSIST.

use std::time::{Duration, SystemTime};

use super::{Db, Scope};
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::keyspace::event::{DEL, EXPIRE, PERSIST};
use crate::keyspace::{Key, Tx};
use crate::value::SetExpiry;

/// How long a key will live ([`Db::ttl`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ttl {
    /// There is no such key (-2 on the wire).
    #[default]
    Missing,
    /// The key does not expire (-1 on the wire).
    Forever,
    /// The key expires after this long, to the millisecond.
    Left(Duration),
}

/// When [`Db::expire_with`] is to set an expiry; a key without one counts as one that lives for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ExpireCondition {
    /// In any case.
    #[default]
    Always,
    /// If the key has none (`NX`).
    IfNone,
    /// If the key has one (`XX`).
    IfAny,
    /// If the new one is later (`GT`); never for a key without one.
    IfLater,
    /// If the new one is earlier (`LT`); always for a key without one.
    IfEarlier,
}

impl ExpireCondition {
    pub(super) fn holds(self, old: Option<Millis>, new: Millis) -> bool {
        match self {
            ExpireCondition::Always => true,
            ExpireCondition::IfNone => old.is_none(),
            ExpireCondition::IfAny => old.is_some(),
            ExpireCondition::IfLater => old.is_some_and(|old| new > old),
            ExpireCondition::IfEarlier => old.is_none_or(|old| new < old),
        }
    }
}

/// What to do with the expiry of a key that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExpiryChange {
    Keep,
    Remove,
    Set(Millis),
}

impl Tx<'_> {
    /// Sets when a key expires (`PEXPIREAT`); a time that is past removes the key. Returns whether
    /// anything was done: not if the key is missing or one of the conditions does not hold.
    pub(crate) fn expire_at(
        &mut self,
        key: Key<'_>,
        at: Millis,
        conditions: &[ExpireCondition],
    ) -> Result<bool> {
        let now = self.time_of_expiries();
        self.change(key, |slot| {
            let Some(entry) = slot.entry() else { return Ok(slot.unchanged(false)) };
            let old = entry.expiry();
            if !conditions.iter().all(|condition| condition.holds(old, at)) {
                return Ok(slot.unchanged(false));
            }
            if at <= now {
                slot.discard();
                return Ok(
                    slot.changed(true, &[DEL], |effect| effect.command(&[b"DEL", key.bytes]))
                );
            }
            slot.entry_mut().expect("looked at above").set_expiry(Some(at));
            Ok(slot.changed(true, &[EXPIRE], |effect| {
                effect.command(&[b"PEXPIREAT", key.bytes, at.0.to_string().as_bytes()]);
            }))
        })
    }

    /// Makes a key live for ever (`PERSIST`). Returns whether it had an expiry.
    pub(crate) fn persist(&mut self, key: Key<'_>) -> Result<bool> {
        self.change(key, |slot| {
            if slot.entry().is_none_or(|entry| entry.expiry().is_none()) {
                return Ok(slot.unchanged(false));
            }
            slot.entry_mut().expect("looked at above").set_expiry(None);
            Ok(slot.changed(true, &[PERSIST], |effect| effect.command(&[b"PERSIST", key.bytes])))
        })
    }

    /// When a key expires: `None` if it is missing, `Some(None)` if it does not expire.
    pub(crate) fn expiry(&self, key: Key<'_>) -> Result<Option<Option<Millis>>> {
        Ok(self.look(key)?.map(|entry| entry.expiry()))
    }

    /// How long a key will live (`PTTL`).
    pub(crate) fn ttl(&self, key: Key<'_>) -> Result<Ttl> {
        Ok(match self.expiry(key)? {
            None => Ttl::Missing,
            Some(None) => Ttl::Forever,
            Some(Some(at)) => {
                Ttl::Left(Duration::from_millis((at.0 - self.now().0).max(0).unsigned_abs()))
            }
        })
    }
}

/// What the options of a setter say of the expiry.
#[derive(Debug, Clone, Default)]
pub(super) enum ExpiryOption {
    #[default]
    Clear,
    Keep,
    In(Duration),
    At(SystemTime),
}

impl ExpiryOption {
    /// The same with a time on the engine's clock.
    ///
    /// # Errors
    /// `InvalidExpire` of this command if the time does not fit.
    pub(super) fn resolve(
        &self,
        now: impl FnOnce() -> Millis,
        command: &'static str,
    ) -> Result<SetExpiry> {
        Ok(match self {
            ExpiryOption::Clear => SetExpiry::Clear,
            ExpiryOption::Keep => SetExpiry::Keep,
            ExpiryOption::At(at) => SetExpiry::At(Millis::from_system_time(*at)),
            ExpiryOption::In(ttl) => {
                SetExpiry::At(time_after(now(), *ttl).ok_or(Error::InvalidExpire(command))?)
            }
        })
    }
}

/// The time `after` from `now`, in whole milliseconds, a started one counting as whole; `None` if it
/// does not fit, or `after` is zero.
pub(super) fn time_after(now: Millis, after: Duration) -> Option<Millis> {
    let millis = i64::try_from(after.as_micros().div_ceil(1000)).ok()?;
    (millis > 0).then(|| now.0.checked_add(millis).map(Millis))?
}

impl<S: Scope> Db<S> {
    /// Lets `key` live for another `ttl`, at least a millisecond (`PEXPIRE`, O(1), locks one stripe).
    /// Returns whether the key is there.
    ///
    /// # Errors
    /// [`Error::InvalidExpire`] if `ttl` is zero or does not fit 64 bits of milliseconds.
    ///
    /// ```
    /// use std::time::Duration;
    /// use danio::{Db, Ttl};
    ///
    /// let db = Db::in_memory();
    /// db.set("k", "v")?;
    /// assert!(db.expire("k", Duration::from_secs(10))?);
    /// assert!(matches!(db.ttl("k"), Ttl::Left(left) if left <= Duration::from_secs(10)));
    /// assert!(!db.expire("nobody", Duration::from_secs(10))?);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn expire(&self, key: impl AsRef<[u8]>, ttl: Duration) -> Result<bool> {
        self.expire_with(key, ttl, ExpireCondition::Always)
    }

    /// As [`expire`](Db::expire), if `condition` holds (`PEXPIRE` with `NX`, `XX`, `GT`, `LT`). Returns whether
    /// the expiry was set.
    ///
    /// # Errors
    /// As [`expire`](Db::expire).
    ///
    /// ```
    /// use std::time::Duration;
    /// use danio::{Db, ExpireCondition};
    ///
    /// let db = Db::in_memory();
    /// db.set_ex("k", Duration::from_secs(60), "v")?;
    /// assert!(!db.expire_with("k", Duration::from_secs(5), ExpireCondition::IfLater)?);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn expire_with(
        &self,
        key: impl AsRef<[u8]>,
        ttl: Duration,
        condition: ExpireCondition,
    ) -> Result<bool> {
        self.write(key.as_ref(), |tx, key| {
            let at = time_after(tx.now(), ttl).ok_or(Error::InvalidExpire("pexpire"))?;
            tx.expire_at(key, at, &[condition])
        })
    }

    /// Lets `key` expire at `at` (`PEXPIREAT`, O(1), locks one stripe); a time that is past removes it at
    /// once. Returns whether the key was there.
    ///
    /// # Errors
    /// None so far: every time fits.
    ///
    /// ```
    /// use std::time::{Duration, UNIX_EPOCH};
    /// let db = danio::Db::in_memory();
    /// db.set("k", "v")?;
    /// assert!(db.expire_at("k", UNIX_EPOCH)?);
    /// assert!(!db.exists("k"));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn expire_at(&self, key: impl AsRef<[u8]>, at: SystemTime) -> Result<bool> {
        self.write(key.as_ref(), |tx, key| tx.expire_at(key, Millis::from_system_time(at), &[]))
    }

    /// Makes `key` live for ever (`PERSIST`, O(1), locks one stripe). Returns whether it had an expiry.
    ///
    /// ```
    /// use std::time::Duration;
    /// let db = danio::Db::in_memory();
    /// db.set_ex("k", Duration::from_secs(60), "v")?;
    /// assert!(db.persist("k"));
    /// assert_eq!(db.ttl("k"), danio::Ttl::Forever);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn persist(&self, key: impl AsRef<[u8]>) -> bool {
        self.write_anyway(key.as_ref(), |tx, key| tx.persist(key))
    }

    /// Tells how long `key` will live (`PTTL`, O(1), locks one stripe shared).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// assert_eq!(db.ttl("nobody"), danio::Ttl::Missing);
    /// ```
    pub fn ttl(&self, key: impl AsRef<[u8]>) -> Ttl {
        self.sure(self.read(key.as_ref(), |tx, key| tx.ttl(key)))
    }

    /// Tells when `key` expires, if it does (`PEXPIRETIME`, O(1), locks one stripe shared).
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    /// let db = danio::Db::in_memory();
    /// db.set_ex("k", Duration::from_secs(60), "v")?;
    /// assert!(db.expire_time("k").is_some_and(|at| at > SystemTime::now()));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn expire_time(&self, key: impl AsRef<[u8]>) -> Option<SystemTime> {
        let at = self.sure(self.read(key.as_ref(), |tx, key| tx.expiry(key)));
        at.flatten().map(Millis::to_system_time)
    }
}
