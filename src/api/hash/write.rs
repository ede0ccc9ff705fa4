//! Setting, removing and counting fields.

use bytes::Bytes;

use super::edit;
use crate::api::{Db, Scope};
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::keyspace::change::{Effect, Slot};
use crate::keyspace::event::{HDEL, HINCRBY, HINCRBYFLOAT, HSET};
use crate::keyspace::{Key, Tx};
use crate::text::extended::Extended;
use crate::value::SetExpiry;
use crate::value::hash::{Hash, StoredHash, Value};

/// The value that a slot's hash has at a field, and the field's time.
fn look<'s>(slot: &'s Slot<'_>, field: &[u8]) -> Result<Option<(Value<'s>, Option<Millis>)>> {
    let Some(entry) = slot.entry() else { return Ok(None) };
    Ok(entry.view::<StoredHash<'_>>()?.at(|| slot.time_of_fields()).find(field))
}

impl Tx<'_> {
    /// Sets fields of a hash (`HSET`, `HMSET`); their times go. Returns how many are new.
    pub(crate) fn hset<'a>(
        &mut self,
        key: Key<'_>,
        pairs: impl Iterator<Item = (&'a [u8], &'a [u8])> + Clone,
    ) -> Result<usize> {
        let mut count = 0;
        for (field, value) in pairs.clone() {
            self.check_length(field.len())?;
            self.check_length(value.len())?;
            count += 1;
        }
        let limits = &self.keyspace().settings.limits;
        let record = |effect: &mut Effect<'_>| {
            effect.command_of(&[b"HSET", key.bytes], pairs.clone().flat_map(|(f, v)| [f, v]));
        };
        self.change(key, |slot| {
            // What becomes neither more nor less is set where it lies, without a copy.
            if slot.overwrite(|packing, bytes| {
                pairs.clone().all(|(f, v)| Hash::overwrite(packing, bytes, f, v, limits))
            }) {
                slot.count_as(count);
                return Ok(slot.changed(0, &[HSET], record));
            }
            let names = pairs.clone().map(|(field, _)| field);
            let (created, met) = edit(slot, names, |hash| {
                hash.expect(count, limits);
                let set = |(field, value)| hash.set(field, value, SetExpiry::Clear, limits);
                pairs.clone().map(set).filter(|was_there| !was_there).count()
            })?;
            slot.count_as(count);
            Ok(met.changed(slot, created, &[HSET], record))
        })
    }

    /// Sets a field that is missing (`HSETNX`). Returns whether it was.
    pub(crate) fn hset_nx(&mut self, key: Key<'_>, field: &[u8], value: &[u8]) -> Result<bool> {
        self.check_length(field.len())?;
        self.check_length(value.len())?;
        let limits = &self.keyspace().settings.limits;
        self.change(key, |slot| {
            if look(slot, field)?.is_some() {
                return Ok(slot.unchanged(false));
            }
            let ((), met) = edit(slot, [field].into_iter(), |hash| {
                hash.set(field, value, SetExpiry::Clear, limits);
            })?;
            Ok(met.changed(slot, true, &[HSET], |effect| {
                effect.command(&[b"HSET", key.bytes, field, value])
            }))
        })
    }

    /// Removes fields (`HDEL`). Returns how many were there.
    pub(crate) fn hdel<'a>(
        &mut self,
        key: Key<'_>,
        fields: impl Iterator<Item = &'a [u8]> + Clone,
    ) -> Result<usize> {
        self.change(key, |slot| {
            if slot.entry().is_none() {
                return Ok(slot.unchanged(0));
            }
            let (removed, met) = edit(slot, fields.clone(), |hash| {
                fields.clone().filter(|field| hash.remove(field)).count()
            })?;
            if removed == 0 {
                return Ok(met.unchanged(slot, 0));
            }
            slot.count_as(removed);
            Ok(met.changed(slot, removed, &[HDEL], |effect| {
                effect.command_of(&[b"HDEL", key.bytes], fields)
            }))
        })
    }

    /// Removes fields and returns their values (`HGETDEL`).
    pub(crate) fn hget_del<'a>(
        &mut self,
        key: Key<'_>,
        fields: impl Iterator<Item = &'a [u8]> + Clone,
    ) -> Result<Vec<Option<Bytes>>> {
        self.change(key, |slot| {
            if slot.entry().is_none() {
                return Ok(slot.unchanged(fields.map(|_| None).collect()));
            }
            let (values, met) = edit(slot, fields.clone(), |hash| {
                let take = |field| {
                    let value = hash.at(Millis(i64::MIN)).get(field).map(Value::to_bytes);
                    hash.remove(field);
                    value
                };
                fields.clone().map(take).collect::<Vec<_>>()
            })?;
            if values.iter().all(Option::is_none) {
                return Ok(met.unchanged(slot, values));
            }
            slot.count_as(values.iter().flatten().count());
            Ok(met.changed(slot, values, &[HDEL], |effect| {
                effect.command_of(&[b"HDEL", key.bytes], fields)
            }))
        })
    }

    /// Adds to the integer in a field, 0 if it is missing (`HINCRBY`); its time stays.
    pub(crate) fn hincr_by(&mut self, key: Key<'_>, field: &[u8], by: i64) -> Result<i64> {
        self.check_length(field.len())?;
        let limits = &self.keyspace().settings.limits;
        self.change(key, |slot| {
            let old = match look(slot, field)? {
                Some((value, _)) => value.as_int().ok_or(Error::HashNotInteger)?,
                None => 0,
            };
            let sum = old.checked_add(by).ok_or(Error::Overflow)?;
            let ((), met) = edit(slot, [field].into_iter(), |hash| {
                hash.set(
                    field,
                    itoa::Buffer::new().format(sum).as_bytes(),
                    SetExpiry::Keep,
                    limits,
                );
            })?;
            Ok(met.changed(slot, sum, &[HINCRBY], |effect| {
                effect.command(&[b"HINCRBY", key.bytes, field, by.to_string().as_bytes()])
            }))
        })
    }

    /// Adds to the floating-point number in a field, 0 if it is missing (`HINCRBYFLOAT`); its time
    /// stays. Returns the sum as it is stored.
    pub(crate) fn hincr_by_float(
        &mut self,
        key: Key<'_>,
        field: &[u8],
        by: Extended,
    ) -> Result<Vec<u8>> {
        self.check_length(field.len())?;
        let limits = &self.keyspace().settings.limits;
        self.change(key, |slot| {
            let found = look(slot, field)?;
            let timed = found.is_some_and(|(_, expiry)| expiry.is_some());
            let old = match found {
                Some((value, _)) => Extended::parse(value.bytes(&mut itoa::Buffer::new()))
                    .ok_or(Error::HashNotFloat)?,
                None => Extended::from(0),
            };
            let sum = old
                .add(by)
                .filter(|sum| !matches!(sum, Extended::Infinite(_)))
                .ok_or(Error::NotFinite)?;
            let mut text = Vec::with_capacity(32);
            sum.write(&mut text);
            let ((), met) = edit(slot, [field].into_iter(), |hash: &mut Hash| {
                hash.set(field, &text, SetExpiry::Keep, limits);
            })?;
            Ok(met.changed(slot, text.clone(), &[HINCRBYFLOAT], |effect| match timed {
                false => effect.command(&[b"HSET", key.bytes, field, &text]),
                true => effect
                    .command(&[b"HSETEX", key.bytes, b"KEEPTTL", b"FIELDS", b"1", field, &text]),
            }))
        })
    }
}

impl<S: Scope> Db<S> {
    /// Sets fields of the hash under `key`, which is made if it is missing (`HSET`, O(fields), locks one
    /// stripe). A field that is set lives for ever. Returns how many fields are new.
    ///
    /// # Errors
    /// [`Error::WrongType`] if the key holds no hash; [`Error::StringTooLong`] if a field or value is longer
    /// than [`Config::max_string`](crate::Config::max_string). Nothing is changed then.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// assert_eq!(db.hset("user:1", [("name", "ann"), ("age", "30")])?, 2);
    /// assert_eq!(db.hset("user:1", [("age", "31")])?, 0);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn hset<F: AsRef<[u8]>, V: AsRef<[u8]>>(
        &self,
        key: impl AsRef<[u8]>,
        pairs: impl IntoIterator<Item = (F, V)>,
    ) -> Result<usize> {
        let pairs: Vec<(F, V)> = pairs.into_iter().collect();
        if pairs.is_empty() {
            return Ok(0);
        }
        let pairs = pairs.iter().map(|(field, value)| (field.as_ref(), value.as_ref()));
        self.grow(key.as_ref(), |tx, key| tx.hset(key, pairs))
    }

    /// Sets a field that is missing (`HSETNX`, O(1), locks one stripe). Returns whether it was.
    ///
    /// # Errors
    /// As [`hset`](Db::hset).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// assert!(db.hset_nx("job", "owner", "ann")?);
    /// assert!(!db.hset_nx("job", "owner", "bob")?);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn hset_nx(
        &self,
        key: impl AsRef<[u8]>,
        field: impl AsRef<[u8]>,
        value: impl AsRef<[u8]>,
    ) -> Result<bool> {
        self.grow(key.as_ref(), |tx, key| tx.hset_nx(key, field.as_ref(), value.as_ref()))
    }

    /// Removes fields; with the last one the key goes (`HDEL`, O(fields), locks one stripe). Returns how many
    /// were there.
    ///
    /// # Errors
    /// [`Error::WrongType`] if the key holds no hash.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.hset("user:1", [("name", "ann"), ("age", "30")])?;
    /// assert_eq!(db.hdel("user:1", ["name", "age", "town"])?, 2);
    /// assert!(!db.exists("user:1"));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn hdel<F: AsRef<[u8]>>(
        &self,
        key: impl AsRef<[u8]>,
        fields: impl IntoIterator<Item = F>,
    ) -> Result<usize> {
        let fields: Vec<F> = fields.into_iter().collect();
        self.write(key.as_ref(), |tx, key| tx.hdel(key, fields.iter().map(AsRef::as_ref)))
    }

    /// Removes fields and returns their values; with the last one the key goes (`HGETDEL`, O(fields), locks
    /// one stripe).
    ///
    /// # Errors
    /// [`Error::WrongType`] if the key holds no hash.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.hset("codes", [("ann", "1234")])?;
    /// assert_eq!(db.hget_del("codes", ["ann", "bob"])?, [Some("1234".into()), None]);
    /// assert!(!db.exists("codes"));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn hget_del<F: AsRef<[u8]>>(
        &self,
        key: impl AsRef<[u8]>,
        fields: impl IntoIterator<Item = F>,
    ) -> Result<Vec<Option<Bytes>>> {
        let fields: Vec<F> = fields.into_iter().collect();
        self.write(key.as_ref(), |tx, key| tx.hget_del(key, fields.iter().map(AsRef::as_ref)))
    }

    /// Adds `by`, which may be negative, to the integer in a field, 0 if it is missing (`HINCRBY`, O(1), locks
    /// one stripe). Returns the sum; the field's time to live stays.
    ///
    /// # Errors
    /// [`Error::HashNotInteger`] if the value is no integer, [`Error::Overflow`] if the sum does not fit,
    /// [`Error::WrongType`] if the key holds no hash. Nothing is changed then.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// assert_eq!(db.hincr_by("page", "views", 10)?, 10);
    /// assert_eq!(db.hincr_by("page", "views", -3)?, 7);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn hincr_by(&self, key: impl AsRef<[u8]>, field: impl AsRef<[u8]>, by: i64) -> Result<i64> {
        self.grow(key.as_ref(), |tx, key| tx.hincr_by(key, field.as_ref(), by))
    }

    /// Adds `by` to the floating-point number in a field, 0 if it is missing (`HINCRBYFLOAT`, O(1), locks one
    /// stripe). Calculates as Redis does, with 64 bits of mantissa; returns the sum rounded to `f64`.
    ///
    /// # Errors
    /// [`Error::HashNotFloat`] if the value is no number, [`Error::NotFloat`] if `by` is NaN,
    /// [`Error::NotFinite`] if the sum is infinite, [`Error::WrongType`] if the key holds no hash. Nothing is
    /// changed then.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// assert_eq!(db.hincr_by_float("fish", "weight", 10.5)?, 10.5);
    /// assert_eq!(db.hincr_by_float("fish", "weight", 0.1)?, 10.6);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn hincr_by_float(
        &self,
        key: impl AsRef<[u8]>,
        field: impl AsRef<[u8]>,
        by: f64,
    ) -> Result<f64> {
        let by = Extended::from_f64(by).ok_or(Error::NotFloat)?;
        let text = self.grow(key.as_ref(), |tx, key| tx.hincr_by_float(key, field.as_ref(), by))?;
        Extended::parse(&text).map(Extended::to_f64).ok_or(Error::NotFloat)
    }
}
