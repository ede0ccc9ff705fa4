//! What all handles have: a key, its scope, and the time it lives.

use std::marker::PhantomData;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::key::{self, KeyBytes};
use crate::api::{Db, Scope};
use crate::error::{CodecError, CodecProblem, Error, Result, Written};

/// Which types a handle reads and writes, without holding any.
pub(super) type Of<T> = PhantomData<fn(T) -> T>;

/// A key in a scope.
#[derive(Clone)]
pub(super) struct At<S> {
    pub(super) db: Db<S>,
    pub(super) key: Bytes,
}

impl<S: Scope> At<S> {
    pub(super) fn new(db: &Db<S>, key: impl AsRef<[u8]>) -> At<S> {
        At { db: db.clone(), key: Bytes::copy_from_slice(key.as_ref()) }
    }

    pub(super) fn on<U: Scope>(&self, db: &Db<U>) -> At<U> {
        At { db: db.clone(), key: self.key.clone() }
    }

    /// The bytes of a member of this key.
    pub(super) fn member<K: Serialize + ?Sized>(&self, member: &K) -> Result<KeyBytes> {
        key::write(member).map_err(|unfit| {
            let problem = CodecProblem::Unwritable(unfit.to_string().into());
            unfit_member(&self.key, Bytes::new(), problem)
        })
    }

    /// The member of this key that has these bytes.
    pub(super) fn member_of<K: DeserializeOwned>(&self, bytes: &Bytes) -> Result<K> {
        key::read(bytes).map_err(|unfit| {
            let problem = CodecProblem::Damaged(unfit.to_string().into());
            unfit_member(&self.key, bytes.clone(), problem)
        })
    }

    /// The members of this key that have these bytes.
    pub(super) fn members_of<K: DeserializeOwned>(
        &self,
        bytes: impl IntoIterator<Item = Bytes>,
    ) -> Result<Vec<K>> {
        bytes.into_iter().map(|bytes| self.member_of(&bytes)).collect()
    }
}

fn unfit_member(key: &Bytes, bytes: Bytes, problem: CodecProblem) -> Error {
    Error::Codec(Box::new(CodecError {
        key: key.clone(),
        entry: bytes.clone(),
        expected: Written::new("key", 0),
        problem,
        bytes,
    }))
}

/// The methods of a handle on one key that concern the key as a whole.
macro_rules! key_methods {
    ($handle:ident [$($of:ident),*] { $($field:ident),* } $make:literal) => {
        impl<$($of,)* S: Scope> $handle<$($of,)* S> {
            /// Its key: what a transaction or a watch declares.
            ///
            /// ```
            /// # let db = danio::Db::in_memory();
            #[doc = concat!("let handle = ", $make, ";")]
            /// assert_eq!(handle.key(), b"key");
            /// # Ok::<(), danio::Error>(())
            /// ```
            pub fn key(&self) -> &[u8] {
                &self.at.key
            }

            /// The same handle in another scope: within a transaction that declared its key, or in another database.
            ///
            /// ```
            /// # let db = danio::Db::in_memory();
            #[doc = concat!("let handle = ", $make, ";")]
            /// let there = db.transaction([handle.key()], |tx| Ok(handle.on(tx).exists()))?;
            /// assert!(!there);
            /// # Ok::<(), danio::Error>(())
            /// ```
            pub fn on<U: Scope>(&self, db: &Db<U>) -> $handle<$($of,)* U> {
                $handle { at: self.at.on(db), $($field: self.$field.clone(),)* }
            }

            /// Tells whether the key is there (`EXISTS`, O(1), locks one stripe shared).
            ///
            /// ```
            /// # let db = danio::Db::in_memory();
            #[doc = concat!("let handle = ", $make, ";")]
            /// assert!(!handle.exists());
            /// # Ok::<(), danio::Error>(())
            /// ```
            pub fn exists(&self) -> bool {
                self.at.db.exists(&self.at.key)
            }

            /// Removes the key with all that it holds (`DEL`, O(1) but for what is freed, locks one stripe). Returns
            /// whether it was there.
            ///
            /// ```
            /// # let db = danio::Db::in_memory();
            #[doc = concat!("let handle = ", $make, ";")]
            /// assert!(!handle.delete());
            /// # Ok::<(), danio::Error>(())
            /// ```
            pub fn delete(&self) -> bool {
                self.at.db.del(&self.at.key)
            }

            /// Lets the key live for `ttl` from now on (`PEXPIRE`, O(1), locks one stripe). Returns whether it is there.
            ///
            /// # Errors
            /// [`Error::InvalidExpire`](crate::Error::InvalidExpire) if the time does not fit.
            ///
            /// ```
            /// # let db = danio::Db::in_memory();
            #[doc = concat!("let handle = ", $make, ";")]
            /// assert!(!handle.expire(std::time::Duration::from_secs(60))?);
            /// # Ok::<(), danio::Error>(())
            /// ```
            pub fn expire(&self, ttl: std::time::Duration) -> Result<bool> {
                self.at.db.expire(&self.at.key, ttl)
            }

            /// Lets the key live until then (`PEXPIREAT`, O(1), locks one stripe). Returns whether it is there.
            ///
            /// # Errors
            /// [`Error::InvalidExpire`](crate::Error::InvalidExpire) if the time does not fit.
            ///
            /// ```
            /// # let db = danio::Db::in_memory();
            #[doc = concat!("let handle = ", $make, ";")]
            /// let tomorrow = db.engine().time() + std::time::Duration::from_secs(86_400);
            /// assert!(!handle.expire_at(tomorrow)?);
            /// # Ok::<(), danio::Error>(())
            /// ```
            pub fn expire_at(&self, at: std::time::SystemTime) -> Result<bool> {
                self.at.db.expire_at(&self.at.key, at)
            }

            /// Lets the key live for ever (`PERSIST`, O(1), locks one stripe). Returns whether it would have expired.
            ///
            /// ```
            /// # let db = danio::Db::in_memory();
            #[doc = concat!("let handle = ", $make, ";")]
            /// assert!(!handle.persist());
            /// # Ok::<(), danio::Error>(())
            /// ```
            pub fn persist(&self) -> bool {
                self.at.db.persist(&self.at.key)
            }

            /// Reports how long the key will live (`PTTL`, O(1), locks one stripe shared).
            ///
            /// ```
            /// # let db = danio::Db::in_memory();
            #[doc = concat!("let handle = ", $make, ";")]
            /// assert_eq!(handle.ttl(), danio::Ttl::Missing);
            /// # Ok::<(), danio::Error>(())
            /// ```
            pub fn ttl(&self) -> crate::api::Ttl {
                self.at.db.ttl(&self.at.key)
            }
        }

        handle_traits!($handle [$($of),*] { $($field),* } at.key);
    };
}

/// Clone and Debug, whatever the types.
macro_rules! handle_traits {
    ($handle:ident [$($of:ident),*] { $($field:ident),* } $($key:ident).+) => {
        impl<$($of,)* S: Clone> Clone for $handle<$($of,)* S> {
            fn clone(&self) -> Self {
                $handle { at: self.at.clone(), $($field: self.$field.clone(),)* }
            }
        }

        impl<$($of,)* S> std::fmt::Debug for $handle<$($of,)* S> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($handle))
                    .field("key", &self.$($key).+)
                    .finish_non_exhaustive()
            }
        }
    };
}

pub(super) use {handle_traits, key_methods};
