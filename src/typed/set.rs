//! Members under one key.

use std::borrow::Borrow;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::handle::{At, Of, handle_traits, key_methods};
use crate::api::{Db, Engine, Scope};
use crate::error::Result;

/// A set of `T`: a Redis set, whose members are written as [keys](super) are.
///
/// ```
/// let db = danio::Db::in_memory();
/// let online = db.set_of::<u64>("online");
/// assert!(online.insert(&7)?);
/// assert!(!online.insert(&7)?);
/// assert!(online.contains(&7)?);
/// assert!(db.sismember("online", "7")?);
/// # Ok::<(), danio::Error>(())
/// ```
pub struct Set<T, S = Engine> {
    at: At<S>,
    of: Of<T>,
}

key_methods!(Set [T] { of } r#"db.set_of::<u32>("key")"#);

/// Typed sets.
impl<S: Scope> Db<S> {
    /// A handle on the set under `key`.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let tags = db.set_of::<String>("tags");
    /// tags.insert("rust")?;
    /// assert_eq!(tags.members()?, ["rust"]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn set_of<T>(&self, key: impl AsRef<[u8]>) -> Set<T, S> {
        Set { at: At::new(self, key), of: PhantomData }
    }
}

impl<T, S: Scope> Set<T, S> {
    /// Counts the members (`SCARD`, O(1), locks one stripe shared).
    ///
    /// # Errors
    /// [`Error::WrongType`](crate::Error::WrongType) if the key holds no set.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// assert_eq!(db.set_of::<u64>("online").len()?, 0);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn len(&self) -> Result<usize> {
        self.at.db.scard(&self.at.key)
    }

    /// Tells whether there is no member (`SCARD`, O(1), locks one stripe shared).
    ///
    /// # Errors
    /// As [`len`](Set::len).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// assert!(db.set_of::<u64>("online").is_empty()?);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn is_empty(&self) -> Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Adds a member (`SADD`, O(1), locks one stripe). Returns whether it was missing.
    ///
    /// # Errors
    /// See the [module](super).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// assert!(db.set_of::<u64>("online").insert(&7)?);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn insert<Q>(&self, member: &Q) -> Result<bool>
    where
        T: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        Ok(self.at.db.sadd(&self.at.key, [self.at.member(member)?])? == 1)
    }

    /// Adds several members at one moment (`SADD`, O(members), locks one stripe). Returns how many were missing.
    ///
    /// # Errors
    /// See the [module](super); nothing is changed then.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let online = db.set_of::<u64>("online");
    /// assert_eq!(online.extend(&[7, 8, 7])?, 2);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn extend<'m, Q>(&self, members: impl IntoIterator<Item = &'m Q>) -> Result<usize>
    where
        T: Borrow<Q>,
        Q: Serialize + ?Sized + 'm,
    {
        let members = members.into_iter().map(|member| self.at.member(member));
        let members = members.collect::<Result<Vec<_>>>()?;
        if members.is_empty() { Ok(0) } else { self.at.db.sadd(&self.at.key, members) }
    }

    /// Removes a member (`SREM`, O(1), locks one stripe). Returns whether it was there.
    ///
    /// # Errors
    /// See the [module](super).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// assert!(!db.set_of::<u64>("online").remove(&7)?);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn remove<Q>(&self, member: &Q) -> Result<bool>
    where
        T: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        Ok(self.at.db.srem(&self.at.key, [self.at.member(member)?])? == 1)
    }

    /// Tells whether it has a member (`SISMEMBER`, O(1), locks one stripe shared).
    ///
    /// # Errors
    /// See the [module](super).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// assert!(!db.set_of::<u64>("online").contains(&7)?);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn contains<Q>(&self, member: &Q) -> Result<bool>
    where
        T: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        self.at.db.sismember(&self.at.key, self.at.member(member)?)
    }

    /// Moves a member to another set at one moment (`SMOVE`, O(1), locks both stripes). Returns whether it was there.
    ///
    /// # Errors
    /// See the [module](super).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let (todo, done) = (db.set_of::<u64>("todo"), db.set_of::<u64>("done"));
    /// todo.insert(&7)?;
    /// assert!(todo.move_to(&done, &7)?);
    /// assert!(done.contains(&7)?);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn move_to<Q>(&self, target: &Set<T, S>, member: &Q) -> Result<bool>
    where
        T: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        self.at.db.smove(&self.at.key, &target.at.key, self.at.member(member)?)
    }

    /// The keys of this set and others.
    fn with<'s>(&'s self, others: &'s [&Set<T, S>]) -> impl Iterator<Item = &'s [u8]> {
        std::iter::once(self.key()).chain(others.iter().map(|other| other.key()))
    }
}

impl<T: DeserializeOwned, S: Scope> Set<T, S> {
    /// Returns all members at one moment, in no order (`SMEMBERS`, O(members), locks one stripe shared). For big
    /// sets there is [`iter`](Set::iter).
    ///
    /// # Errors
    /// See the [module](super).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let online = db.set_of::<u64>("online");
    /// online.insert(&7)?;
    /// assert_eq!(online.members()?, [7]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn members(&self) -> Result<Vec<T>> {
        self.at.members_of(self.at.db.smembers(&self.at.key)?)
    }

    /// Removes a member at random and returns it (`SPOP`, O(1), locks one stripe).
    ///
    /// # Errors
    /// See the [module](super). If it is [`Error::Codec`](crate::Error::Codec) the member is gone; the error has its bytes.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let pool = db.set_of::<u64>("pool");
    /// pool.insert(&7)?;
    /// assert_eq!((pool.pop()?, pool.pop()?), (Some(7), None));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn pop(&self) -> Result<Option<T>> {
        let member = self.at.db.spop(&self.at.key)?;
        member.map(|member| self.at.member_of(&member)).transpose()
    }

    /// Returns a member at random (`SRANDMEMBER`, O(1), locks one stripe shared).
    ///
    /// # Errors
    /// See the [module](super).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let pool = db.set_of::<u64>("pool");
    /// pool.insert(&7)?;
    /// assert_eq!(pool.choose()?, Some(7));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn choose(&self) -> Result<Option<T>> {
        let member = self.at.db.srand_member(&self.at.key)?;
        member.map(|member| self.at.member_of(&member)).transpose()
    }

    /// Returns the members that this set and all the others have (`SINTER`, O(smallest set · sets), locks their stripes
    /// shared).
    ///
    /// # Errors
    /// See the [module](super).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let (a, b) = (db.set_of::<u64>("a"), db.set_of::<u64>("b"));
    /// (a.extend(&[1, 2])?, b.extend(&[2, 3])?);
    /// assert_eq!(a.intersection(&[&b])?, [2]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn intersection(&self, others: &[&Set<T, S>]) -> Result<Vec<T>> {
        self.at.members_of(self.at.db.sinter(self.with(others))?)
    }

    /// Returns the members that this set or one of the others has (`SUNION`, O(members), locks their stripes shared).
    ///
    /// # Errors
    /// See the [module](super).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let (a, b) = (db.set_of::<u64>("a"), db.set_of::<u64>("b"));
    /// (a.extend(&[1, 2])?, b.extend(&[2, 3])?);
    /// assert_eq!(a.union(&[&b])?.len(), 3);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn union(&self, others: &[&Set<T, S>]) -> Result<Vec<T>> {
        self.at.members_of(self.at.db.sunion(self.with(others))?)
    }

    /// Returns the members of this set that none of the others has (`SDIFF`, O(members), locks their stripes shared).
    ///
    /// # Errors
    /// See the [module](super).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let (a, b) = (db.set_of::<u64>("a"), db.set_of::<u64>("b"));
    /// (a.extend(&[1, 2])?, b.extend(&[2, 3])?);
    /// assert_eq!(a.difference(&[&b])?, [1]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn difference(&self, others: &[&Set<T, S>]) -> Result<Vec<T>> {
        self.at.members_of(self.at.db.sdiff(self.with(others))?)
    }
}

impl<T: DeserializeOwned> Set<T> {
    /// Returns all members, a page at a time (`SSCAN`; O(members), locks one stripe shared for a page, and no lock
    /// between two items). A member may come twice if the set changes meanwhile.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let online = db.set_of::<u64>("online");
    /// online.extend(&[7, 8])?;
    /// assert_eq!(online.iter().sum::<danio::Result<u64>>()?, 15);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = Result<T>> + use<T> {
        let at = self.at.clone();
        self.at.db.iter_set(self.at.key.clone()).map(move |member| at.member_of(&member?))
    }
}
