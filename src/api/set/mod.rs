//! Sets: adding, removing, asking, going through.

mod algebra;
mod random;
mod scan;

use bytes::Bytes;

use super::{Db, Scope};
use crate::error::Result;
use crate::keyspace::event::{SADD, SREM};
use crate::keyspace::{Access, Key, Tx};
use crate::value::set::{Member, Set, SetRef};
use crate::value::string::Digits;

/// A member, to keep.
fn to_bytes(member: Member<'_>) -> Bytes {
    Bytes::copy_from_slice(member.bytes(&mut Digits::new()))
}

/// The words of a command on a key.
fn words<'a>(name: &'a [u8], key: Key<'a>, rest: impl Iterator<Item = &'a [u8]>) -> Vec<&'a [u8]> {
    [name, key.bytes].into_iter().chain(rest).collect()
}

impl Tx<'_> {
    /// The set under a key; a hit or a miss.
    #[inline]
    pub(crate) fn set_at(&self, key: Key<'_>) -> Result<Option<SetRef<'_>>> {
        self.read(key)?.map(|entry| entry.view()).transpose()
    }

    /// Adds members (`SADD`). Returns how many are new.
    #[inline]
    pub(crate) fn sadd<'a>(
        &mut self,
        key: Key<'a>,
        members: impl ExactSizeIterator<Item = &'a [u8]> + Clone,
    ) -> Result<usize> {
        self.add(key, members, true)
    }

    /// As [`sadd`](Tx::sadd). A set that is there converts ahead of so many members, as Redis's SADD does, only if
    /// they are `announced`.
    #[inline(always)]
    fn add<'a>(
        &mut self,
        key: Key<'a>,
        members: impl ExactSizeIterator<Item = &'a [u8]> + Clone,
        announced: bool,
    ) -> Result<usize> {
        for member in members.clone() {
            self.check_length(member.len())?;
        }
        let limits = &self.keyspace().settings.limits;
        self.change(key, |slot| {
            let added = slot.edit(|set: &mut Set| {
                if let Some(first) = members.clone().next()
                    && (announced || set.len() == 0)
                {
                    set.expect(first, members.len(), limits);
                }
                Ok(members.clone().filter(|member| set.insert(member, limits)).count())
            })?;
            if added == 0 {
                return Ok(slot.unchanged(0));
            }
            slot.count_as(added);
            Ok(slot.changed(added, &[SADD], |effect| {
                effect.command(&words(b"SADD", key, members));
            }))
        })
    }

    /// Removes members (`SREM`). Returns how many were there.
    #[inline]
    pub(crate) fn srem<'a>(
        &mut self,
        key: Key<'a>,
        members: impl Iterator<Item = &'a [u8]> + Clone,
    ) -> Result<usize> {
        self.change(key, |slot| {
            let removed = slot.edit(|set: &mut Set| {
                Ok(members.clone().filter(|member| set.remove(member)).count())
            })?;
            if removed == 0 {
                return Ok(slot.unchanged(0));
            }
            slot.count_as(removed);
            Ok(slot.changed(removed, &[SREM], |effect| {
                effect.command(&words(b"SREM", key, members));
            }))
        })
    }

    /// Moves a member from one set to another (`SMOVE`). Returns whether it was in the first.
    pub(crate) fn smove(&mut self, from: Key<'_>, to: Key<'_>, member: &[u8]) -> Result<bool> {
        let Some(entry) = self.peek(from)? else { return Ok(false) };
        let source = entry.view::<SetRef<'_>>()?;
        let there = source.contains(member);
        self.peek(to)?.map(|entry| entry.view::<SetRef<'_>>()).transpose()?;
        if there && from.bytes != to.bytes {
            self.srem(from, std::iter::once(member))?;
            self.add(to, std::iter::once(member), false)?;
        }
        Ok(there)
    }
}

impl<S: Scope> Db<S> {
    /// Adds members to the set under `key`, which is made if it is missing (`SADD`, O(members), locks one
    /// stripe). Returns how many are new.
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if the key holds no set,
    /// [`Error::StringTooLong`](crate::Error::StringTooLong) if a member is longer than a string may be,
    /// [`Error::OutOfMemory`](crate::Error::OutOfMemory) under `maxmemory`; nothing is added then.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// assert_eq!(db.sadd("colours", ["red", "blue", "red"])?, 2);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn sadd<M: AsRef<[u8]>>(
        &self,
        key: impl AsRef<[u8]>,
        members: impl IntoIterator<Item = M>,
    ) -> Result<usize> {
        let members: Vec<M> = members.into_iter().collect();
        self.grow(key.as_ref(), |tx, key| tx.sadd(key, members.iter().map(AsRef::as_ref)))
    }

    /// Removes members from the set under `key` (`SREM`, O(members), locks one stripe). Returns how many
    /// were there. A set without members is removed.
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if the key holds no set.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.sadd("colours", ["red", "blue"])?;
    /// assert_eq!(db.srem("colours", ["red", "green"])?, 1);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn srem<M: AsRef<[u8]>>(
        &self,
        key: impl AsRef<[u8]>,
        members: impl IntoIterator<Item = M>,
    ) -> Result<usize> {
        let members: Vec<M> = members.into_iter().collect();
        self.write(key.as_ref(), |tx, key| tx.srem(key, members.iter().map(AsRef::as_ref)))
    }

    /// Tells whether the set under `key` has a member (`SISMEMBER`, O(1), locks one stripe shared).
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if the key holds no set.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.sadd("colours", ["red"])?;
    /// assert!(db.sismember("colours", "red")?);
    /// assert!(!db.sismember("shapes", "red")?);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn sismember(&self, key: impl AsRef<[u8]>, member: impl AsRef<[u8]>) -> Result<bool> {
        self.read(key.as_ref(), |tx, key| {
            Ok(tx.set_at(key)?.is_some_and(|set| set.contains(member.as_ref())))
        })
    }

    /// Tells for each of several members whether the set under `key` has it (`SMISMEMBER`, O(members), locks
    /// one stripe shared).
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if the key holds no set.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.sadd("colours", ["red", "blue"])?;
    /// assert_eq!(db.smismember("colours", ["red", "green"])?, [true, false]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn smismember<M: AsRef<[u8]>>(
        &self,
        key: impl AsRef<[u8]>,
        members: impl IntoIterator<Item = M>,
    ) -> Result<Vec<bool>> {
        let members: Vec<M> = members.into_iter().collect();
        self.read(key.as_ref(), |tx, key| {
            let set = tx.set_at(key)?.unwrap_or(SetRef::EMPTY);
            let members = members.iter().map(AsRef::as_ref);
            Ok(set.contains_each(members).collect())
        })
    }

    /// Returns all members of the set under `key`, in no order (`SMEMBERS`, O(members), locks one stripe
    /// shared for as long). A large set is better gone through by [`iter_set`](Db::iter_set).
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if the key holds no set.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.sadd("colours", ["red", "blue"])?;
    /// let mut colours = db.smembers("colours")?;
    /// colours.sort();
    /// assert_eq!(colours, ["blue", "red"]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn smembers(&self, key: impl AsRef<[u8]>) -> Result<Vec<Bytes>> {
        self.read(key.as_ref(), |tx, key| {
            Ok(tx.set_at(key)?.unwrap_or(SetRef::EMPTY).iter().map(to_bytes).collect())
        })
    }

    /// Returns how many members the set under `key` has, 0 if it is missing (`SCARD`, O(1), locks one stripe
    /// shared).
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if the key holds no set.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.sadd("colours", ["red", "blue"])?;
    /// assert_eq!((db.scard("colours")?, db.scard("shapes")?), (2, 0));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn scard(&self, key: impl AsRef<[u8]>) -> Result<usize> {
        self.read(key.as_ref(), |tx, key| Ok(tx.set_at(key)?.map_or(0, SetRef::len)))
    }

    /// Moves a member from one set to another, at one moment (`SMOVE`, O(1), locks two stripes). Returns
    /// whether it was in the first; if not, nothing changes.
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if a key holds no set, and the first is there;
    /// [`Error::OutOfMemory`](crate::Error::OutOfMemory) under `maxmemory`.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.sadd("todo", ["write"])?;
    /// assert!(db.smove("todo", "done", "write")?);
    /// assert!(db.sismember("done", "write")?);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn smove(
        &self,
        from: impl AsRef<[u8]>,
        to: impl AsRef<[u8]>,
        member: impl AsRef<[u8]>,
    ) -> Result<bool> {
        self.make_room()?;
        let keys = [self.key(from.as_ref()), self.key(to.as_ref())];
        self.many(&keys, Access::Exclusive, |tx| tx.smove(keys[0], keys[1], member.as_ref()))
    }
}
