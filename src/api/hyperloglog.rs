//! HyperLogLog: PFADD, PFCOUNT, PFMERGE, PFDEBUG.

use super::bitmap::{edited, keep_as_raw};
use super::{Db, Scope};
use crate::config::EncodingLimit;
use crate::ds::hll::{self, Corrupted, Form, Hll, HllRef, Rank, Registers};
use crate::error::{Error, Result};
use crate::keyspace::entry::Entry;
use crate::keyspace::event::PFADD;
use crate::keyspace::{Access, Key, Slot, Tx};
use crate::value::string::{StringRef, StringValue};

impl From<Corrupted> for Error {
    fn from(_: Corrupted) -> Error {
        Error::reply("INVALIDOBJ Corrupted HLL object detected")
    }
}

/// The sketch that an entry holds.
///
/// # Errors
/// `WrongType`, or Redis's words for a string that is no sketch.
fn sketch(entry: &Entry) -> Result<HllRef<'_>> {
    let hll = match entry.string()? {
        StringRef::Int(_) => None,
        StringRef::Bytes(bytes) => HllRef::new(bytes),
        StringRef::Long(blob) => HllRef::new(blob),
    };
    hll.ok_or(Error::reply("WRONGTYPE Key is not a valid HyperLogLog string value."))
}

/// Keeps a sketch under the slot's key.
fn keep(slot: &mut Slot<'_>, hll: &Hll) {
    let expiry = slot.entry().and_then(|entry| entry.expiry());
    slot.put_string(StringValue::Edited(hll.bytes()), expiry);
}

impl Tx<'_> {
    fn hll_limit(&self) -> usize {
        self.keyspace().settings.limits.size(EncodingLimit::HllSparseMaxBytes)
    }

    fn sketch(&self, key: Key<'_>) -> Result<Option<HllRef<'_>>> {
        self.read(key)?.map(sketch).transpose()
    }

    /// Adds elements to a sketch, which is made if it is missing (`PFADD`). True if that changed it.
    pub(crate) fn pf_add<'a>(
        &mut self,
        key: Key<'_>,
        elements: impl Iterator<Item = &'a [u8]> + Clone,
    ) -> Result<bool> {
        let limit = self.hll_limit();
        self.change(key, |slot| {
            let mut changes = 0;
            let dense = match slot.entry() {
                Some(entry) => {
                    let hll = sketch(entry)?;
                    match hll.form() {
                        // In place: most elements of a large sketch change nothing.
                        Form::Dense => {
                            let lacks = |e| hll.dense_lacks(Rank::of(e));
                            if !elements.clone().any(lacks) {
                                let len = entry.string()?.len();
                                keep_as_raw(slot, len);
                                return Ok(slot.same(false));
                            }
                            Ok(entry.string()?.len())
                        }
                        Form::Sparse => Err(Hll::from(hll)),
                    }
                }
                None => {
                    changes = 1;
                    let mut hll = Hll::new();
                    hll.uncache();
                    Err(hll)
                }
            };
            match dense {
                Ok(len) => {
                    let bytes = edited(slot, len);
                    for element in elements.clone() {
                        changes += usize::from(hll::add_to_dense(bytes, Rank::of(element)));
                    }
                    hll::uncache(bytes);
                }
                Err(mut hll) => {
                    for element in elements.clone() {
                        changes += usize::from(hll.add(Rank::of(element), limit)?);
                    }
                    if changes == 0 {
                        keep_as_raw(slot, hll.bytes().len());
                        return Ok(slot.same(false));
                    }
                    keep(slot, &hll);
                }
            }
            slot.count_as(changes);
            Ok(slot.changed(true, &[PFADD], |effect| {
                let mut words = vec![&b"PFADD"[..], key.bytes];
                for element in elements {
                    words.push(element);
                }
                effect.command(&words);
            }))
        })
    }

    /// How many elements a sketch was given, as far as it can tell without being changed: `None` if it has
    /// to be counted anew.
    fn pf_cached(&self, key: Key<'_>) -> Result<Option<u64>> {
        self.sketch(key)?.map_or(Ok(Some(0)), |hll| Ok(hll.cached()))
    }

    /// About how many different elements a sketch was given (`PFCOUNT` of one key). Keeps the count in it.
    pub(crate) fn pf_count(&mut self, key: Key<'_>) -> Result<u64> {
        if self.read(key)?.is_none() {
            return Ok(0);
        }
        self.change(key, |slot| {
            let Some(entry) = slot.entry() else { return Ok(slot.unchanged(0)) };
            let (hll, len) = (sketch(entry)?, entry.string()?.len());
            if let Some(count) = hll.cached() {
                keep_as_raw(slot, len);
                return Ok(slot.same(count));
            }
            let count = hll.count()?;
            hll::cache(edited(slot, len), count);
            Ok(slot.changed(count, &[], |effect| effect.command(&[b"PFCOUNT", key.bytes])))
        })
    }

    /// About how many different elements several sketches were given together (`PFCOUNT` of several keys).
    pub(crate) fn pf_count_union(&self, keys: &[Key<'_>]) -> Result<u64> {
        Ok(self.pf_union(keys)?.0.count())
    }

    /// The registers of several sketches together, and whether one of them is dense.
    fn pf_union(&self, keys: &[Key<'_>]) -> Result<(Registers, bool)> {
        let (mut union, mut dense) = (Registers::new(), false);
        for key in keys {
            if let Some(hll) = self.sketch(*key)? {
                union.add(hll)?;
                dense |= hll.form() == Form::Dense;
            }
        }
        Ok((union, dense))
    }

    /// Adds all elements of the sketches under `keys` to the first of them, which is made if it is
    /// missing (`PFMERGE`).
    pub(crate) fn pf_merge(&mut self, keys: &[Key<'_>]) -> Result<()> {
        let Some(target) = keys.first() else { return Ok(()) };
        let limit = self.hll_limit();
        let (union, dense) = self.pf_union(keys)?;
        self.change(*target, |slot| {
            let mut hll =
                slot.entry().map_or(Ok(Hll::new()), |entry| sketch(entry).map(Hll::from))?;
            hll.replace(&union, dense, limit)?;
            keep(slot, &hll);
            Ok(slot.changed((), &[PFADD], |effect| {
                let words: Vec<&[u8]> = std::iter::once(&b"PFMERGE"[..])
                    .chain(keys.iter().map(|key| key.bytes))
                    .collect();
                effect.command(&words);
            }))
        })
    }

    /// How a sketch is kept (`PFDEBUG`).
    ///
    /// # Errors
    /// Redis's words for a key that is missing or holds no sketch.
    pub(crate) fn pf_form(&mut self, key: Key<'_>) -> Result<Form> {
        self.change(key, |slot| {
            let entry = slot.entry();
            let entry = entry.ok_or(Error::reply("ERR The specified key does not exist"))?;
            let (form, len) = (sketch(entry)?.form(), entry.string()?.len());
            keep_as_raw(slot, len);
            Ok(slot.same(form))
        })
    }

    /// The runs of a sparse sketch (`PFDEBUG DECODE`).
    pub(crate) fn pf_runs(&self, key: Key<'_>) -> Result<String> {
        Ok(self.sketch(key)?.map(HllRef::runs).unwrap_or_default())
    }

    /// Makes a sketch dense (`PFDEBUG TODENSE`). True if it was not.
    pub(crate) fn pf_make_dense(&mut self, key: Key<'_>) -> Result<bool> {
        self.change(key, |slot| {
            let Some(entry) = slot.entry() else { return Ok(slot.unchanged(false)) };
            let hll = sketch(entry)?;
            if hll.form() == Form::Dense {
                return Ok(slot.unchanged(false));
            }
            let mut hll = Hll::from(hll);
            hll.make_dense()?;
            keep(slot, &hll);
            Ok(slot.changed(true, &[], |effect| {
                effect.command(&[b"PFDEBUG", b"TODENSE", key.bytes]);
            }))
        })
    }

    /// The rank of each register, after making the sketch dense (`PFDEBUG GETREG`).
    pub(crate) fn pf_registers(&mut self, key: Key<'_>) -> Result<Registers> {
        self.pf_make_dense(key)?;
        let mut registers = Registers::new();
        if let Some(hll) = self.sketch(key)? {
            registers.add(hll)?;
        }
        Ok(registers)
    }

    /// Tests the sketches on this machine (`PFSELFTEST`).
    pub(crate) fn pf_self_test(&self) -> Result<()> {
        hll::self_test(|| self.keyspace().rng.next(), self.hll_limit())
            .map_err(|what| Error::reply(format!("ERR {what}")))
    }
}

impl<S: Scope> Db<S> {
    /// Adds elements to the HyperLogLog under `key`, which is made if it is missing (`PFADD`, O(elements),
    /// locks one stripe). Returns whether its count may have changed.
    ///
    /// A HyperLogLog counts different elements in at most 12 KB, to 0.81 % on average. It is a string in
    /// Redis's own format.
    ///
    /// # Errors
    /// [`Error::Reply`] with the code `WRONGTYPE` or `INVALIDOBJ` if the key holds a string that is no
    /// HyperLogLog; [`Error::WrongType`] if it holds no string. Nothing is changed then.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// assert!(db.pf_add("visitors", ["ann", "bob", "cem"])?);
    /// assert!(!db.pf_add("visitors", ["bob"])?);
    /// assert_eq!(db.pf_count("visitors")?, 3);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn pf_add<E: AsRef<[u8]>>(
        &self,
        key: impl AsRef<[u8]>,
        elements: impl IntoIterator<Item = E>,
    ) -> Result<bool> {
        let elements: Vec<E> = elements.into_iter().collect();
        self.grow(key.as_ref(), |tx, key| tx.pf_add(key, elements.iter().map(AsRef::as_ref)))
    }

    /// Tells about how many different elements were added to the HyperLogLog under `key` (`PFCOUNT`, O(1)
    /// and locks one stripe shared if it was not changed since it was last counted; else exclusively for a
    /// few microseconds).
    ///
    /// # Errors
    /// As [`pf_add`](Db::pf_add).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.pf_add("words", ["to", "be", "or", "not", "to", "be"])?;
    /// assert_eq!(db.pf_count("words")?, 4);
    /// assert_eq!(db.pf_count("nothing")?, 0);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn pf_count(&self, key: impl AsRef<[u8]>) -> Result<u64> {
        let key = key.as_ref();
        match self.read(key, |tx, key| tx.pf_cached(key))? {
            Some(count) => Ok(count),
            None => self.write(key, |tx, key| tx.pf_count(key)),
        }
    }

    /// Tells about how many different elements were added to the HyperLogLogs under `keys` together
    /// (`PFCOUNT` of several keys, O(keys), locks their stripes shared).
    ///
    /// # Errors
    /// As [`pf_add`](Db::pf_add).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.pf_add("monday", ["ann", "bob"])?;
    /// db.pf_add("tuesday", ["bob", "cem"])?;
    /// assert_eq!(db.pf_count_union(["monday", "tuesday"])?, 3);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn pf_count_union<K: AsRef<[u8]>>(&self, keys: impl IntoIterator<Item = K>) -> Result<u64> {
        let keys: Vec<K> = keys.into_iter().collect();
        let keys = self.hashed(&keys);
        self.many(&keys, Access::Shared, |tx| tx.pf_count_union(&keys))
    }

    /// Adds what the HyperLogLogs under `sources` have seen to that under `target`, which is made if it is
    /// missing (`PFMERGE`, O(sources), locks all their stripes).
    ///
    /// # Errors
    /// As [`pf_add`](Db::pf_add).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.pf_add("monday", ["ann", "bob"])?;
    /// db.pf_add("tuesday", ["bob", "cem"])?;
    /// db.pf_merge("week", ["monday", "tuesday"])?;
    /// assert_eq!(db.pf_count("week")?, 3);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn pf_merge<K: AsRef<[u8]>>(
        &self,
        target: impl AsRef<[u8]>,
        sources: impl IntoIterator<Item = K>,
    ) -> Result<()> {
        let sources: Vec<K> = sources.into_iter().collect();
        let mut keys = vec![self.key(target.as_ref())];
        keys.extend(self.hashed(&sources));
        self.make_room()?;
        self.many(&keys, Access::Exclusive, |tx| tx.pf_merge(&keys))
    }
}
