//! Strings that are read together with how long they live, for caches.

use std::time::Duration;

use bytes::Bytes;

use super::expiry::{ExpiryChange, Ttl, time_after};
use super::{Db, Scope};
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::value::string::StringRef;

impl<S: Scope> Db<S> {
    /// The string under a key, and what is left of its time, if that is bounded (`GET` and `PTTL`).
    ///
    /// # Errors
    /// `WrongType` if the key holds no string.
    pub(crate) fn get_and_left(&self, key: &[u8]) -> Result<Option<(Bytes, Option<Duration>)>> {
        self.read(key, |tx, key| {
            let Some(bytes) = tx.string(key)?.map(StringRef::to_bytes) else { return Ok(None) };
            let left = match tx.ttl(key)? {
                Ttl::Left(left) => Some(left),
                Ttl::Missing | Ttl::Forever => None,
            };
            Ok(Some((bytes, left)))
        })
    }

    /// The string under a key, which lives for `idle` from now on, but not beyond the deadline that `read` reads from it, in
    /// milliseconds since 1970 (`GETEX`). With what is left until then; nothing if there is none, in which case
    /// nothing is changed.
    ///
    /// # Errors
    /// `WrongType` if the key holds no string; `InvalidExpire` if the time does not fit.
    pub(crate) fn get_and_slide(
        &self,
        key: &[u8],
        idle: Duration,
        read: fn(&[u8]) -> Option<u64>,
    ) -> Result<Option<(Bytes, Option<Duration>)>> {
        self.write(key, |tx, key| {
            let Some(bytes) = tx.get_ex(key, ExpiryChange::Keep)? else { return Ok(None) };
            let Some(until) = read(&bytes) else { return Ok(Some((bytes, None))) };
            let until = Millis(until.try_into().unwrap_or(i64::MAX));
            let now = tx.now();
            let at = time_after(now, idle).ok_or(Error::InvalidExpire("getex"))?;
            tx.expire_at(key, at.min(until), &[])?;
            let left = (until.0 - now.0).max(0).unsigned_abs();
            Ok(Some((bytes, Some(Duration::from_millis(left)))))
        })
    }
}
