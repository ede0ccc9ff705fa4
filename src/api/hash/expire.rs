//! When fields expire: HEXPIRE and its like, HPERSIST, HGETEX.

use std::time::{Duration, SystemTime};

use bytes::Bytes;

use super::{edit, record_fields};
use crate::api::expiry::time_after;
use crate::api::{Db, ExpireCondition, ExpiryChange, Scope};
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::keyspace::change::Effect;
use crate::keyspace::event::{Event, HEXPIRE, HEXPIRED, HPERSIST};
use crate::keyspace::{Key, Tx};
use crate::value::hash::{Hash, Value};

/// What became of a field's time to live ([`Db::hexpire`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldExpired {
    /// There is no such field or no such key (-2 on the wire).
    Missing,
    /// The condition does not hold (0 on the wire).
    Refused,
    /// It is set (1 on the wire).
    Set,
    /// The time is past, and the field was removed (2 on the wire).
    Removed,
}

/// What became of a field that is to live for ever ([`Db::hpersist`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldPersisted {
    /// There is no such field or no such key (-2 on the wire).
    Missing,
    /// It did so already (-1 on the wire).
    Forever,
    /// Now it does (1 on the wire).
    Set,
}

/// Reads a hash from which what was past its time is gone.
const ANY_TIME: Millis = Millis(i64::MIN);

/// Sets when fields of one change expire, and keeps account of it.
struct Expiring<'a> {
    at: Millis,
    now: Millis,
    /// The fields that it set or removed.
    done: Vec<&'a [u8]>,
}

impl<'a> Expiring<'a> {
    fn new(at: Millis, now: Millis) -> Expiring<'a> {
        Expiring { at, now, done: Vec::new() }
    }

    fn is_past(&self) -> bool {
        self.at <= self.now
    }

    /// Lets a field that is there expire.
    fn expire(&mut self, hash: &mut Hash, field: &'a [u8]) -> FieldExpired {
        self.done.push(field);
        if self.is_past() {
            hash.remove(field);
            return FieldExpired::Removed;
        }
        hash.set_time(field, Some(self.at));
        FieldExpired::Set
    }

    fn event(&self) -> Event {
        if self.is_past() { HEXPIRED } else { HEXPIRE }
    }

    fn record(&self, effect: &mut Effect<'_>, key: &[u8]) {
        let fields = self.done.iter().copied();
        if self.is_past() {
            effect.command_of(&[b"HDEL", key], fields);
        } else {
            let at = self.at.0.to_string();
            record_fields(effect, &[b"HPEXPIREAT", key, at.as_bytes()], fields);
        }
    }
}

impl Tx<'_> {
    /// Sets when fields expire (`HPEXPIREAT`), each if all conditions hold for it; a time that is
    /// past removes them.
    pub(crate) fn hexpire_at<'a>(
        &mut self,
        key: Key<'_>,
        at: Millis,
        fields: impl Iterator<Item = &'a [u8]> + Clone,
        conditions: &[ExpireCondition],
    ) -> Result<Vec<FieldExpired>> {
        let mut expiring = Expiring::new(at, self.time_of_expiries());
        self.change(key, |slot| {
            if slot.entry().is_none() {
                return Ok(slot.unchanged(fields.map(|_| FieldExpired::Missing).collect()));
            }
            let (outcomes, met) = edit(slot, fields.clone(), |hash| {
                let expire = |field| match hash.at(ANY_TIME).find(field) {
                    None => FieldExpired::Missing,
                    Some((_, old)) if !conditions.iter().all(|c| c.holds(old, at)) => {
                        FieldExpired::Refused
                    }
                    Some(_) => expiring.expire(hash, field),
                };
                fields.map(expire).collect::<Vec<_>>()
            })?;
            if expiring.done.is_empty() {
                return Ok(met.unchanged(slot, outcomes));
            }
            slot.count_as(expiring.done.len());
            Ok(met.changed(slot, outcomes, &[expiring.event()], |effect| {
                expiring.record(effect, key.bytes)
            }))
        })
    }

    /// Makes fields live for ever (`HPERSIST`).
    pub(crate) fn hpersist<'a>(
        &mut self,
        key: Key<'_>,
        fields: impl Iterator<Item = &'a [u8]> + Clone,
    ) -> Result<Vec<FieldPersisted>> {
        self.change(key, |slot| {
            if slot.entry().is_none() {
                return Ok(slot.unchanged(fields.map(|_| FieldPersisted::Missing).collect()));
            }
            let mut done = Vec::new();
            let (outcomes, met) = edit(slot, fields.clone(), |hash| {
                let persist = |field| match hash.at(ANY_TIME).find(field) {
                    None => FieldPersisted::Missing,
                    Some((_, None)) => FieldPersisted::Forever,
                    Some((_, Some(_))) => {
                        hash.set_time(field, None);
                        done.push(field);
                        FieldPersisted::Set
                    }
                };
                fields.map(persist).collect::<Vec<_>>()
            })?;
            if done.is_empty() {
                return Ok(met.unchanged(slot, outcomes));
            }
            slot.count_as(done.len());
            Ok(met.changed(slot, outcomes, &[HPERSIST], |effect| {
                record_fields(effect, &[b"HPERSIST", key.bytes], done.into_iter())
            }))
        })
    }

    /// Returns fields' values and changes when they expire (`HGETEX`).
    pub(crate) fn hget_ex<'a>(
        &mut self,
        key: Key<'_>,
        fields: impl Iterator<Item = &'a [u8]> + Clone,
        expiry: ExpiryChange,
    ) -> Result<Vec<Option<Bytes>>> {
        let hash = self.hash(key)?;
        let value = |field| hash?.get(field).map(Value::to_bytes);
        let mut values: Vec<Option<Bytes>> = fields.clone().map(value).collect();
        match expiry {
            ExpiryChange::Keep => {}
            ExpiryChange::Remove => drop(self.hpersist(key, fields)?),
            ExpiryChange::Set(at) => {
                // A field that is named twice and removed is not there the second time.
                let outcomes = self.hexpire_at(key, at, fields, &[])?;
                for (value, outcome) in values.iter_mut().zip(outcomes) {
                    if outcome == FieldExpired::Missing {
                        *value = None;
                    }
                }
            }
        }
        Ok(values)
    }
}

impl<S: Scope> Db<S> {
    /// Lets fields live for another `ttl`, at least a millisecond (`HPEXPIRE`, O(fields), locks one stripe).
    /// Returns what became of each, in order. A field that is set anew lives for ever again.
    ///
    /// # Errors
    /// [`Error::InvalidExpire`] if `ttl` is zero or does not fit 64 bits of milliseconds;
    /// [`Error::WrongType`] if the key holds no hash.
    ///
    /// ```
    /// use std::time::Duration;
    /// use danio::{Db, FieldExpired};
    ///
    /// let db = Db::in_memory();
    /// db.hset("user:1", [("name", "ann"), ("code", "1234")])?;
    /// let minute = Duration::from_secs(60);
    /// let outcomes = db.hexpire("user:1", minute, ["code", "town"])?;
    /// assert_eq!(outcomes, [FieldExpired::Set, FieldExpired::Missing]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn hexpire<F: AsRef<[u8]>>(
        &self,
        key: impl AsRef<[u8]>,
        ttl: Duration,
        fields: impl IntoIterator<Item = F>,
    ) -> Result<Vec<FieldExpired>> {
        self.hexpire_with(key, ttl, fields, ExpireCondition::Always)
    }

    /// As [`hexpire`](Db::hexpire), for those fields for which `condition` holds (`HPEXPIRE` with `NX`, `XX`,
    /// `GT`, `LT`).
    ///
    /// # Errors
    /// As [`hexpire`](Db::hexpire).
    ///
    /// ```
    /// use std::time::Duration;
    /// use danio::{Db, ExpireCondition, FieldExpired};
    ///
    /// let db = Db::in_memory();
    /// db.hset("h", [("f", "v")])?;
    /// let (short, long) = (Duration::from_secs(5), Duration::from_secs(60));
    /// db.hexpire("h", long, ["f"])?;
    /// let outcomes = db.hexpire_with("h", short, ["f"], ExpireCondition::IfLater)?;
    /// assert_eq!(outcomes, [FieldExpired::Refused]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn hexpire_with<F: AsRef<[u8]>>(
        &self,
        key: impl AsRef<[u8]>,
        ttl: Duration,
        fields: impl IntoIterator<Item = F>,
        condition: ExpireCondition,
    ) -> Result<Vec<FieldExpired>> {
        let fields: Vec<F> = fields.into_iter().collect();
        self.write(key.as_ref(), |tx, key| {
            let at = time_after(tx.now(), ttl).ok_or(Error::InvalidExpire("hpexpire"))?;
            tx.hexpire_at(key, at, fields.iter().map(AsRef::as_ref), &[condition])
        })
    }

    /// Lets fields expire at `at` (`HPEXPIREAT`, O(fields), locks one stripe); a time that is past removes
    /// them at once. Returns what became of each, in order.
    ///
    /// # Errors
    /// [`Error::WrongType`] if the key holds no hash.
    ///
    /// ```
    /// use std::time::UNIX_EPOCH;
    /// use danio::{Db, FieldExpired};
    ///
    /// let db = Db::in_memory();
    /// db.hset("h", [("f", "v")])?;
    /// assert_eq!(db.hexpire_at("h", UNIX_EPOCH, ["f"])?, [FieldExpired::Removed]);
    /// assert!(!db.exists("h"), "it was the last field");
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn hexpire_at<F: AsRef<[u8]>>(
        &self,
        key: impl AsRef<[u8]>,
        at: SystemTime,
        fields: impl IntoIterator<Item = F>,
    ) -> Result<Vec<FieldExpired>> {
        let fields: Vec<F> = fields.into_iter().collect();
        self.write(key.as_ref(), |tx, key| {
            let at = Millis::from_system_time(at);
            tx.hexpire_at(key, at, fields.iter().map(AsRef::as_ref), &[])
        })
    }

    /// Makes fields live for ever (`HPERSIST`, O(fields), locks one stripe). Returns what became of each, in
    /// order.
    ///
    /// # Errors
    /// [`Error::WrongType`] if the key holds no hash.
    ///
    /// ```
    /// use std::time::Duration;
    /// use danio::{Db, FieldPersisted};
    ///
    /// let db = Db::in_memory();
    /// db.hset("h", [("f", "v")])?;
    /// db.hexpire("h", Duration::from_secs(60), ["f"])?;
    /// assert_eq!(db.hpersist("h", ["f", "f"])?, [FieldPersisted::Set, FieldPersisted::Forever]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn hpersist<F: AsRef<[u8]>>(
        &self,
        key: impl AsRef<[u8]>,
        fields: impl IntoIterator<Item = F>,
    ) -> Result<Vec<FieldPersisted>> {
        let fields: Vec<F> = fields.into_iter().collect();
        self.write(key.as_ref(), |tx, key| tx.hpersist(key, fields.iter().map(AsRef::as_ref)))
    }

    /// Returns fields' values and lets the fields live for another `ttl` (`HGETEX` with `PX`, O(fields), locks
    /// one stripe).
    ///
    /// # Errors
    /// [`Error::InvalidExpire`] if `ttl` is zero or does not fit; [`Error::WrongType`] if the key holds no
    /// hash.
    ///
    /// ```
    /// use std::time::Duration;
    /// let db = danio::Db::in_memory();
    /// db.hset("sessions", [("ann", "token")])?;
    /// let values = db.hget_ex("sessions", Duration::from_secs(60), ["ann", "bob"])?;
    /// assert_eq!(values, [Some("token".into()), None]);
    /// assert_ne!(db.httl("sessions", "ann")?, danio::Ttl::Forever);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn hget_ex<F: AsRef<[u8]>>(
        &self,
        key: impl AsRef<[u8]>,
        ttl: Duration,
        fields: impl IntoIterator<Item = F>,
    ) -> Result<Vec<Option<Bytes>>> {
        self.hget_change(key.as_ref(), fields, |now| {
            time_after(now, ttl).map(ExpiryChange::Set).ok_or(Error::InvalidExpire("hgetex"))
        })
    }

    /// Returns fields' values and lets the fields expire at `at` (`HGETEX` with `PXAT`, O(fields), locks one
    /// stripe).
    ///
    /// # Errors
    /// [`Error::WrongType`] if the key holds no hash.
    ///
    /// ```
    /// use std::time::UNIX_EPOCH;
    /// let db = danio::Db::in_memory();
    /// db.hset("h", [("f", "v")])?;
    /// assert_eq!(db.hget_ex_at("h", UNIX_EPOCH, ["f"])?, [Some("v".into())]);
    /// assert!(!db.hexists("h", "f")?, "the time was past");
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn hget_ex_at<F: AsRef<[u8]>>(
        &self,
        key: impl AsRef<[u8]>,
        at: SystemTime,
        fields: impl IntoIterator<Item = F>,
    ) -> Result<Vec<Option<Bytes>>> {
        let change = ExpiryChange::Set(Millis::from_system_time(at));
        self.hget_change(key.as_ref(), fields, |_| Ok(change))
    }

    /// Returns fields' values and makes the fields live for ever (`HGETEX` with `PERSIST`, O(fields), locks one
    /// stripe).
    ///
    /// # Errors
    /// [`Error::WrongType`] if the key holds no hash.
    ///
    /// ```
    /// use std::time::Duration;
    /// let db = danio::Db::in_memory();
    /// db.hset("h", [("f", "v")])?;
    /// db.hexpire("h", Duration::from_secs(60), ["f"])?;
    /// assert_eq!(db.hget_persist("h", ["f"])?, [Some("v".into())]);
    /// assert_eq!(db.httl("h", "f")?, danio::Ttl::Forever);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn hget_persist<F: AsRef<[u8]>>(
        &self,
        key: impl AsRef<[u8]>,
        fields: impl IntoIterator<Item = F>,
    ) -> Result<Vec<Option<Bytes>>> {
        self.hget_change(key.as_ref(), fields, |_| Ok(ExpiryChange::Remove))
    }

    fn hget_change<F: AsRef<[u8]>>(
        &self,
        key: &[u8],
        fields: impl IntoIterator<Item = F>,
        change: impl FnOnce(Millis) -> Result<ExpiryChange>,
    ) -> Result<Vec<Option<Bytes>>> {
        let fields: Vec<F> = fields.into_iter().collect();
        self.write(key, |tx, key| {
            let change = change(tx.now())?;
            tx.hget_ex(key, fields.iter().map(AsRef::as_ref), change)
        })
    }
}
