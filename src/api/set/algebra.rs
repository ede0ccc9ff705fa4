//! Intersection, union and difference of sets.

use bytes::Bytes;

use super::{to_bytes, words};
use crate::api::{Db, Scope};
use crate::error::Result;
use crate::keyspace::event::{DEL, Event, SDIFFSTORE, SINTERSTORE, SUNIONSTORE};
use crate::keyspace::{Access, Key, Tx};
use crate::value::set::{Combination, Member, Set, SetRef, combine, combined_len, union_estimate};

impl Tx<'_> {
    /// The sets under keys, empty where one is missing; hits or misses.
    fn sets<'t>(&'t self, keys: &'t [Key<'t>]) -> Result<Vec<SetRef<'t>>> {
        let mut sets = Vec::with_capacity(keys.len());
        for entry in self.entries(keys)? {
            sets.push(match entry {
                Some(entry) => {
                    self.touch(entry);
                    entry.view()?
                }
                None => SetRef::EMPTY,
            });
        }
        Ok(sets)
    }

    /// What sets come to when they are combined (`SINTER`, `SUNION`, `SDIFF`).
    pub(crate) fn combine_sets<'t>(
        &'t self,
        how: Combination,
        keys: &'t [Key<'t>],
    ) -> Result<Vec<Member<'t>>> {
        Ok(combine(how, &self.sets(keys)?, &self.keyspace().settings.limits.hasher))
    }

    /// How many members sets come to when they are combined, at most `limit` (`SINTERCARD`, `SUNIONCARD`,
    /// `SDIFFCARD`).
    pub(crate) fn count_sets(
        &self,
        how: Combination,
        keys: &[Key<'_>],
        limit: usize,
    ) -> Result<usize> {
        let hasher = &self.keyspace().settings.limits.hasher;
        Ok(combined_len(how, &self.sets(keys)?, hasher, limit))
    }

    /// About how many members any of several sets has (`SUNIONCARD` with `APPROX`).
    pub(crate) fn estimate_union(&self, keys: &[Key<'_>]) -> Result<u64> {
        Ok(union_estimate(&self.sets(keys)?))
    }

    /// Makes a key hold what sets come to when they are combined, whatever it held; nothing if that
    /// has no members (`SINTERSTORE` and its like). Returns how many it has.
    pub(crate) fn store_sets(
        &mut self,
        how: Combination,
        destination: Key<'_>,
        keys: &[Key<'_>],
    ) -> Result<usize> {
        let limits = &self.keyspace().settings.limits;
        let set = Set::combined(how, &self.sets(keys)?, limits);
        let count = set.len();
        let (name, event): (&[u8], Event) = match how {
            Combination::Intersection => (b"SINTERSTORE", SINTERSTORE),
            Combination::Union => (b"SUNIONSTORE", SUNIONSTORE),
            Combination::Difference => (b"SDIFFSTORE", SDIFFSTORE),
        };
        self.change(destination, |slot| {
            if count > 0 {
                slot.put_collection(set, None);
                return Ok(slot.changed(count, &[event], |effect| {
                    effect.command(&words(name, destination, keys.iter().map(|key| key.bytes)));
                }));
            }
            if slot.entry().is_none() {
                return Ok(slot.unchanged(0));
            }
            slot.discard();
            Ok(slot.changed(0, &[DEL], |effect| effect.command(&[b"DEL", destination.bytes])))
        })
    }
}

impl<S: Scope> Db<S> {
    fn combined<K: AsRef<[u8]>>(
        &self,
        how: Combination,
        keys: impl IntoIterator<Item = K>,
    ) -> Result<Vec<Bytes>> {
        let keys: Vec<K> = keys.into_iter().collect();
        let keys = self.hashed(&keys);
        self.many(&keys, Access::Shared, |tx| {
            Ok(tx.combine_sets(how, &keys)?.into_iter().map(to_bytes).collect())
        })
    }

    fn count_combined<K: AsRef<[u8]>>(
        &self,
        how: Combination,
        keys: impl IntoIterator<Item = K>,
        limit: Option<usize>,
    ) -> Result<usize> {
        let keys: Vec<K> = keys.into_iter().collect();
        let keys = self.hashed(&keys);
        if limit == Some(0) {
            return Ok(0);
        }
        let limit = limit.unwrap_or(usize::MAX);
        self.many(&keys, Access::Shared, |tx| tx.count_sets(how, &keys, limit))
    }

    fn store_combined<K: AsRef<[u8]>>(
        &self,
        how: Combination,
        destination: &[u8],
        keys: impl IntoIterator<Item = K>,
    ) -> Result<usize> {
        self.make_room()?;
        let keys: Vec<K> = keys.into_iter().collect();
        let mut all = vec![self.key(destination)];
        all.extend(self.hashed(&keys));
        self.many(&all, Access::Exclusive, |tx| tx.store_sets(how, all[0], &all[1..]))
    }

    /// Returns the members that all of several sets have, a missing one having none (`SINTER`, O(smallest set ·
    /// sets), locks their stripes shared).
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if a key holds no set.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.sadd("rust", ["ann", "bob"])?;
    /// db.sadd("c", ["bob", "cid"])?;
    /// assert_eq!(db.sinter(["rust", "c"])?, ["bob"]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn sinter<K: AsRef<[u8]>>(&self, keys: impl IntoIterator<Item = K>) -> Result<Vec<Bytes>> {
        self.combined(Combination::Intersection, keys)
    }

    /// Counts the members that all of several sets have, and stops at `limit` if there is one (`SINTERCARD`,
    /// O(smallest set · sets), locks their stripes shared).
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if a key holds no set.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.sadd("a", ["1", "2", "3"])?;
    /// db.sadd("b", ["2", "3", "4"])?;
    /// assert_eq!(db.sinter_card(["a", "b"], None)?, 2);
    /// assert_eq!(db.sinter_card(["a", "b"], Some(1))?, 1);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn sinter_card<K: AsRef<[u8]>>(
        &self,
        keys: impl IntoIterator<Item = K>,
        limit: Option<usize>,
    ) -> Result<usize> {
        self.count_combined(Combination::Intersection, keys, limit)
    }

    /// Counts the members that any of several sets has, and stops at `limit` if there is one (`SUNIONCARD` of Redis
    /// 8.10, O(all members), locks their stripes shared).
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if a key holds no set.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.sadd("a", ["1", "2", "3"])?;
    /// db.sadd("b", ["2", "3", "4"])?;
    /// assert_eq!(db.sunion_card(["a", "b"], None)?, 4);
    /// assert_eq!(db.sunion_card(["a", "b"], Some(2))?, 2);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn sunion_card<K: AsRef<[u8]>>(
        &self,
        keys: impl IntoIterator<Item = K>,
        limit: Option<usize>,
    ) -> Result<usize> {
        self.count_combined(Combination::Union, keys, limit)
    }

    /// Estimates how many members any of several sets has, within about 0.81 % and in 16 KB whatever their sizes
    /// (`SUNIONCARD` with `APPROX`, O(all members), locks their stripes shared).
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if a key holds no set.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.sadd("a", (0..6000).map(|n| n.to_string()))?;
    /// db.sadd("b", (4000..10_000).map(|n| n.to_string()))?;
    /// assert!((9500..10_500).contains(&db.sunion_card_estimate(["a", "b"])?));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn sunion_card_estimate<K: AsRef<[u8]>>(
        &self,
        keys: impl IntoIterator<Item = K>,
    ) -> Result<u64> {
        let keys: Vec<K> = keys.into_iter().collect();
        let keys = self.hashed(&keys);
        self.many(&keys, Access::Shared, |tx| tx.estimate_union(&keys))
    }

    /// Counts the members that the first of several sets has and no other, and stops at `limit` if there is one
    /// (`SDIFFCARD` of Redis 8.10, cost as [`sdiff`](Db::sdiff), locks their stripes shared).
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if a key holds no set.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.sadd("invited", ["ann", "bob", "cid"])?;
    /// db.sadd("came", ["bob"])?;
    /// assert_eq!(db.sdiff_card(["invited", "came"], None)?, 2);
    /// assert_eq!(db.sdiff_card(["invited", "came"], Some(1))?, 1);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn sdiff_card<K: AsRef<[u8]>>(
        &self,
        keys: impl IntoIterator<Item = K>,
        limit: Option<usize>,
    ) -> Result<usize> {
        self.count_combined(Combination::Difference, keys, limit)
    }

    /// Makes `destination` hold the members that all of several sets have, whatever it held (`SINTERSTORE`, cost as
    /// [`sinter`](Db::sinter), locks their stripes). Returns how many they are; without any the key is
    /// removed.
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if one of `keys` holds no set,
    /// [`Error::OutOfMemory`](crate::Error::OutOfMemory) under `maxmemory`; nothing changes then.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.sadd("a", ["1", "2", "3"])?;
    /// db.sadd("b", ["2", "3", "4"])?;
    /// assert_eq!(db.sinter_store("both", ["a", "b"])?, 2);
    /// assert_eq!(db.scard("both")?, 2);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn sinter_store<K: AsRef<[u8]>>(
        &self,
        destination: impl AsRef<[u8]>,
        keys: impl IntoIterator<Item = K>,
    ) -> Result<usize> {
        self.store_combined(Combination::Intersection, destination.as_ref(), keys)
    }

    /// Returns the members that any of several sets has (`SUNION`, O(all members), locks their stripes shared).
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if a key holds no set.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.sadd("a", ["1", "2"])?;
    /// db.sadd("b", ["2", "3"])?;
    /// assert_eq!(db.sunion(["a", "b"])?.len(), 3);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn sunion<K: AsRef<[u8]>>(&self, keys: impl IntoIterator<Item = K>) -> Result<Vec<Bytes>> {
        self.combined(Combination::Union, keys)
    }

    /// Makes `destination` hold the members that any of several sets has, whatever it held (`SUNIONSTORE`, O(all
    /// members), locks their stripes). Returns how many they are; without any the key is removed.
    ///
    /// # Errors
    /// As [`sinter_store`](Db::sinter_store).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.sadd("a", ["1", "2"])?;
    /// db.sadd("b", ["2", "3"])?;
    /// assert_eq!(db.sunion_store("a", ["a", "b"])?, 3);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn sunion_store<K: AsRef<[u8]>>(
        &self,
        destination: impl AsRef<[u8]>,
        keys: impl IntoIterator<Item = K>,
    ) -> Result<usize> {
        self.store_combined(Combination::Union, destination.as_ref(), keys)
    }

    /// Returns the members that the first of several sets has and no other (`SDIFF`, the lesser of O(first set ·
    /// sets) and O(all members), locks their stripes shared).
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if a key holds no set.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.sadd("invited", ["ann", "bob"])?;
    /// db.sadd("came", ["bob"])?;
    /// assert_eq!(db.sdiff(["invited", "came"])?, ["ann"]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn sdiff<K: AsRef<[u8]>>(&self, keys: impl IntoIterator<Item = K>) -> Result<Vec<Bytes>> {
        self.combined(Combination::Difference, keys)
    }

    /// Makes `destination` hold the members that the first of several sets has and no other, whatever it held
    /// (`SDIFFSTORE`, cost as [`sdiff`](Db::sdiff), locks their stripes). Returns how many they are; without
    /// any the key is removed.
    ///
    /// # Errors
    /// As [`sinter_store`](Db::sinter_store).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.sadd("invited", ["ann", "bob"])?;
    /// db.sadd("came", ["bob"])?;
    /// assert_eq!(db.sdiff_store("missed", ["invited", "came"])?, 1);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn sdiff_store<K: AsRef<[u8]>>(
        &self,
        destination: impl AsRef<[u8]>,
        keys: impl IntoIterator<Item = K>,
    ) -> Result<usize> {
        self.store_combined(Combination::Difference, destination.as_ref(), keys)
    }
}
