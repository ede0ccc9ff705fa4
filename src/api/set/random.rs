//! Members by chance: SPOP, SRANDMEMBER.

use bytes::Bytes;

use super::{to_bytes, words};
use crate::api::{Db, Scope};
use crate::error::Result;
use crate::keyspace::event::SPOP;
use crate::keyspace::{Key, Tx};
use crate::value::set::{Member, Set, SetRef};

/// Members that one SREM of the record removes.
const BATCH: usize = 1024;

impl Tx<'_> {
    /// Takes up to `count` members out of a set, picked by chance (`SPOP`).
    pub(crate) fn spop(&mut self, key: Key<'_>, count: usize) -> Result<Vec<Vec<u8>>> {
        let keyspace = self.keyspace();
        let mut popped = Vec::new();
        self.change(key, |slot| {
            let Some(entry) = slot.entry() else { return Ok(slot.unchanged(())) };
            let set = entry.view::<SetRef<'_>>()?;
            if count == 0 {
                return Ok(slot.unchanged(()));
            }
            let below = |n| keyspace.rng.below(n);
            popped = match set.split(count, &keyspace.settings.limits, below) {
                Some((popped, kept)) => {
                    slot.replace(kept);
                    popped
                }
                None => slot.edit(|set: &mut Set| Ok(set.pop(count, below)))?,
            };
            let all = slot.entry().is_none();
            slot.count_as(popped.len());
            Ok(slot.changed((), &[SPOP], |effect| {
                if all {
                    return effect.command(&[b"DEL", key.bytes]);
                }
                for batch in popped.chunks(BATCH) {
                    effect.command(&words(b"SREM", key, batch.iter().map(|m| &m[..])));
                }
            }))
        })?;
        Ok(popped)
    }

    /// A member of a set, picked by chance (`SRANDMEMBER`).
    pub(crate) fn srandmember(&self, key: Key<'_>) -> Result<Option<Member<'_>>> {
        let below = |n| self.keyspace().rng.below(n);
        Ok(self.set_at(key)?.and_then(|set| set.sample(below)))
    }

    /// Up to `count` different members of a set, picked by chance.
    pub(crate) fn srandmembers(&self, key: Key<'_>, count: usize) -> Result<Vec<Member<'_>>> {
        let below = |n| self.keyspace().rng.below(n);
        Ok(self.set_at(key)?.map_or_else(Vec::new, |set| set.pick(count, below)))
    }
}

impl<S: Scope> Db<S> {
    /// Takes a member out of the set under `key`, each as likely as any other (`SPOP`, O(1), locks one
    /// stripe). `None` if the key is missing.
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if the key holds no set.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.sadd("lots", ["ann"])?;
    /// assert_eq!(db.spop("lots")?.as_deref(), Some(&b"ann"[..]));
    /// assert_eq!(db.spop("lots")?, None);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn spop(&self, key: impl AsRef<[u8]>) -> Result<Option<Bytes>> {
        Ok(self.spop_count(key, 1)?.pop())
    }

    /// Takes up to `count` members out of the set under `key`, picked by chance (`SPOP` with a count,
    /// O(count), locks one stripe).
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if the key holds no set.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.sadd("lots", ["ann", "bob", "cid"])?;
    /// assert_eq!(db.spop_count("lots", 2)?.len(), 2);
    /// assert_eq!(db.scard("lots")?, 1);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn spop_count(&self, key: impl AsRef<[u8]>, count: usize) -> Result<Vec<Bytes>> {
        let popped = self.write(key.as_ref(), |tx, key| tx.spop(key, count))?;
        Ok(popped.into_iter().map(Bytes::from).collect())
    }

    /// Returns a member of the set under `key`, each as likely as any other (`SRANDMEMBER`, O(1), locks one
    /// stripe shared). `None` if the key is missing.
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if the key holds no set.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.sadd("lots", ["ann", "bob"])?;
    /// let drawn = db.srand_member("lots")?.expect("there are two");
    /// assert!(drawn == "ann" || drawn == "bob");
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn srand_member(&self, key: impl AsRef<[u8]>) -> Result<Option<Bytes>> {
        self.read(key.as_ref(), |tx, key| Ok(tx.srandmember(key)?.map(to_bytes)))
    }

    /// Returns up to `count` different members of the set under `key`, picked by chance, in no order
    /// (`SRANDMEMBER` with a count, O(count), O(members) if a third or more is asked for; locks one stripe
    /// shared).
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if the key holds no set.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.sadd("lots", ["ann", "bob", "cid"])?;
    /// assert_eq!(db.srand_members("lots", 2)?.len(), 2);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn srand_members(&self, key: impl AsRef<[u8]>, count: usize) -> Result<Vec<Bytes>> {
        self.read(key.as_ref(), |tx, key| {
            Ok(tx.srandmembers(key, count)?.into_iter().map(to_bytes).collect())
        })
    }

    /// Draws `count` members of the set under `key`, each time from all of them, so that one may come again
    /// (`SRANDMEMBER` with a negative count, O(count), locks one stripe shared). Empty if the key is missing.
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if the key holds no set.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.sadd("coin", ["heads", "tails"])?;
    /// assert_eq!(db.srand_members_repeating("coin", 10)?.len(), 10);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn srand_members_repeating(
        &self,
        key: impl AsRef<[u8]>,
        count: usize,
    ) -> Result<Vec<Bytes>> {
        self.read(key.as_ref(), |tx, key| {
            let set = tx.set_at(key)?.unwrap_or(SetRef::EMPTY);
            let draw = || set.sample(|n| tx.keyspace().rng.below(n)).map(to_bytes);
            Ok((0..count).map_while(|_| draw()).collect())
        })
    }
}
