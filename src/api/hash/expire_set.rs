//! HSETEX: setting fields, with all that it can be told.

use std::time::{Duration, SystemTime};

use super::edit;
use crate::api::expiry::ExpiryOption;
use crate::api::{Db, Scope};
use crate::clock::Millis;
use crate::error::Result;
use crate::keyspace::event::{HEXPIRE, HEXPIRED, HSET};
use crate::keyspace::{Key, Tx};
use crate::value::SetExpiry;
use crate::value::hash::StoredHash;

/// A condition on whether something is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Presence {
    #[default]
    Any,
    Absent,
    Present,
}

impl Presence {
    pub(crate) fn holds(self, is_there: bool) -> bool {
        match self {
            Presence::Any => true,
            Presence::Absent => !is_there,
            Presence::Present => is_there,
        }
    }
}

/// All that HSETEX can be told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HashSetArgs {
    /// `NX`, `XX`: whether the key must be missing or there.
    pub(crate) key: Presence,
    /// `FNX`, `FXX`: whether all fields must be missing, or all there.
    pub(crate) fields: Presence,
    /// `EX`, `PX`, `EXAT`, `PXAT`, `KEEPTTL`
    pub(crate) time: SetExpiry,
}

impl Tx<'_> {
    /// Sets fields of a hash if the conditions hold (`HSETEX`). Returns whether they did.
    pub(crate) fn hset_ex<'a>(
        &mut self,
        key: Key<'_>,
        pairs: impl Iterator<Item = (&'a [u8], &'a [u8])> + Clone,
        args: HashSetArgs,
    ) -> Result<bool> {
        for (field, value) in pairs.clone() {
            self.check_length(field.len())?;
            self.check_length(value.len())?;
        }
        let past = matches!(args.time, SetExpiry::At(at) if at <= self.time_of_expiries());
        let limits = &self.keyspace().settings.limits;
        self.change(key, |slot| {
            let mut holds = args.key.holds(slot.entry().is_some());
            let hash = match slot.entry() {
                Some(entry) => Some(entry.view::<StoredHash<'_>>()?.at(|| slot.time_of_fields())),
                None => None,
            };
            holds &= args.fields == Presence::Any
                || pairs.clone().all(|(field, _)| {
                    args.fields.holds(hash.is_some_and(|hash| hash.contains(field)))
                });
            if !holds {
                return Ok(slot.unchanged(false));
            }
            let names = pairs.clone().map(|(field, _)| field);
            if past {
                // They would be there for no time at all.
                if slot.entry().is_none() {
                    return Ok(slot.unchanged(true));
                }
                let (removed, met) = edit(slot, names.clone(), |hash| {
                    names.clone().filter(|field| hash.remove(field)).count()
                })?;
                if removed == 0 {
                    return Ok(met.unchanged(slot, true));
                }
                slot.count_as(removed);
                return Ok(met.changed(slot, true, &[HSET, HEXPIRED], |effect| {
                    effect.command_of(&[b"HDEL", key.bytes], names)
                }));
            }
            let ((), met) = edit(slot, names, |hash| {
                pairs.clone().for_each(|(field, value)| {
                    hash.set(field, value, args.time, limits);
                });
            })?;
            let events = match args.time {
                SetExpiry::At(_) => &[HSET, HEXPIRE][..],
                SetExpiry::Clear | SetExpiry::Keep => &[HSET],
            };
            slot.count_as(pairs.clone().count());
            Ok(met.changed(slot, true, events, |effect| {
                let count = pairs.clone().count().to_string();
                let at;
                let mut first: Vec<&[u8]> = vec![b"HSETEX", key.bytes];
                match args.time {
                    SetExpiry::Clear => {}
                    SetExpiry::Keep => first.push(b"KEEPTTL"),
                    SetExpiry::At(Millis(millis)) => {
                        at = millis.to_string();
                        first.extend([&b"PXAT"[..], at.as_bytes()]);
                    }
                }
                first.extend([&b"FIELDS"[..], count.as_bytes()]);
                effect.command_of(&first, pairs.flat_map(|(field, value)| [field, value]));
            }))
        })
    }
}

/// When and how long [`Db::hset_ex`] sets fields; made by methods named after HSETEX's options.
///
/// ```
/// use std::time::Duration;
/// use danio::{Db, HashSetOptions};
///
/// let db = Db::in_memory();
/// let claim = HashSetOptions::new().if_absent().expire_in(Duration::from_secs(30));
/// assert!(db.hset_ex("jobs", [("7", "ann")], claim.clone())?);
/// assert!(!db.hset_ex("jobs", [("7", "bob")], claim)?);
/// # Ok::<(), danio::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct HashSetOptions {
    key: Presence,
    fields: Presence,
    expiry: ExpiryOption,
}

impl HashSetOptions {
    /// Sets in any case, for ever.
    pub fn new() -> HashSetOptions {
        HashSetOptions::default()
    }

    /// Lets the fields live for so long (`PX`): more than zero.
    pub fn expire_in(mut self, ttl: Duration) -> HashSetOptions {
        self.expiry = ExpiryOption::In(ttl);
        self
    }

    /// Lets the fields live until then (`PXAT`); a time that is past removes them.
    pub fn expire_at(mut self, at: SystemTime) -> HashSetOptions {
        self.expiry = ExpiryOption::At(at);
        self
    }

    /// Leaves each field's time to live as it is (`KEEPTTL`).
    ///
    /// ```
    /// use std::time::Duration;
    /// use danio::{Db, HashSetOptions, Ttl};
    ///
    /// let db = Db::in_memory();
    /// db.hset_ex("h", [("f", "1")], HashSetOptions::new().expire_in(Duration::from_secs(60)))?;
    /// db.hset_ex("h", [("f", "2")], HashSetOptions::new().keep_ttl())?;
    /// assert!(matches!(db.httl("h", "f")?, Ttl::Left(_)));
    /// db.hset("h", [("f", "3")])?;
    /// assert_eq!(db.httl("h", "f")?, Ttl::Forever);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn keep_ttl(mut self) -> HashSetOptions {
        self.expiry = ExpiryOption::Keep;
        self
    }

    /// Sets only if all the fields are missing (`FNX`).
    ///
    /// ```
    /// use danio::{Db, HashSetOptions};
    ///
    /// let db = Db::in_memory();
    /// db.hset("h", [("a", "1")])?;
    /// let absent = HashSetOptions::new().if_absent();
    /// assert!(!db.hset_ex("h", [("a", "2"), ("b", "2")], absent)?, "one of them is there");
    /// assert!(!db.hexists("h", "b")?);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn if_absent(mut self) -> HashSetOptions {
        self.fields = Presence::Absent;
        self
    }

    /// Sets only if all the fields are there (`FXX`).
    pub fn if_present(mut self) -> HashSetOptions {
        self.fields = Presence::Present;
        self
    }

    /// Sets only if the key is missing (`NX`).
    pub fn if_key_absent(mut self) -> HashSetOptions {
        self.key = Presence::Absent;
        self
    }

    /// Sets only if the key is there (`XX`).
    pub fn if_key_present(mut self) -> HashSetOptions {
        self.key = Presence::Present;
        self
    }
}

impl<S: Scope> Db<S> {
    /// Sets fields of the hash under `key`, when and for as long as `options` say (`HSETEX`, O(fields), locks
    /// one stripe). Returns whether they were set: the conditions held.
    ///
    /// # Errors
    /// [`Error::InvalidExpire`](crate::Error::InvalidExpire) if the time to live is zero or does not fit;
    /// [`Error::WrongType`](crate::Error::WrongType) and
    /// [`Error::StringTooLong`](crate::Error::StringTooLong) as [`hset`](Db::hset). Nothing is changed then.
    ///
    /// ```
    /// use std::time::Duration;
    /// use danio::{Db, HashSetOptions};
    ///
    /// let db = Db::in_memory();
    /// let hour = HashSetOptions::new().expire_in(Duration::from_secs(3600));
    /// assert!(db.hset_ex("sessions", [("ann", "token")], hour)?);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn hset_ex<F: AsRef<[u8]>, V: AsRef<[u8]>>(
        &self,
        key: impl AsRef<[u8]>,
        pairs: impl IntoIterator<Item = (F, V)>,
        options: HashSetOptions,
    ) -> Result<bool> {
        let pairs: Vec<(F, V)> = pairs.into_iter().collect();
        let pairs = pairs.iter().map(|(field, value)| (field.as_ref(), value.as_ref()));
        self.grow(key.as_ref(), |tx, key| {
            let time = options.expiry.resolve(|| tx.now(), "hsetex")?;
            tx.hset_ex(key, pairs, HashSetArgs { key: options.key, fields: options.fields, time })
        })
    }
}
