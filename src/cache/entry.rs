//! What stands under a key of a cache, and how long.
//!
//! With a time to live or a time to idle, or neither, the key's own expiry says all there is to know, and what stands
//! there is the value alone. With both, the expiry is the next time at which the value may be over, and the time at
//! which it must go stands in front: 0xFE, which begins no text and is no codec's mark, and eight bytes of
//! milliseconds since 1970.

use std::time::Duration;

use bytes::Bytes;

use super::Cache;
use crate::api::SetOptions;
use crate::error::{CodecError, CodecProblem, Error, Result, Written};

const MARK: u8 = 0xFE;
const HEAD: usize = 9;

/// A value that was found.
pub(super) struct Found<V> {
    pub(super) value: V,
    /// Whether it is time to refresh it.
    pub(super) due: bool,
}

impl<V> Cache<V> {
    fn has_head(&self) -> bool {
        self.shared.options.ttl.is_some() && self.shared.options.idle.is_some()
    }

    /// Looks for a value, which then counts as read. Counts nothing.
    pub(super) fn look(&self, key: &Bytes) -> Result<Option<Found<V>>> {
        let (options, db) = (&self.shared.options, &self.shared.db);
        // How much of its life is left when it is time to refresh.
        let refresh = options.ttl.zip(options.refresh);
        let due = |left: Option<Duration>| {
            refresh.zip(left).is_some_and(|((ttl, share), left)| left <= ttl.mul_f64(1.0 - share))
        };
        let found = match (options.idle, refresh) {
            (None, None) => db.get(key)?.map(|bytes| (bytes, false)),
            (None, Some(_)) => db.get_and_left(key)?.map(|(bytes, left)| (bytes, due(left))),
            (Some(idle), _) if !self.has_head() => {
                db.get_ex(key, idle)?.map(|bytes| (bytes, false))
            }
            (Some(idle), _) => {
                let slid = db.get_and_slide(key, idle, deadline)?;
                match slid {
                    Some((bytes, Some(left))) => Some((bytes.slice(HEAD..), due(Some(left)))),
                    Some((bytes, None)) => return Err(self.headless(key, bytes)),
                    None => None,
                }
            }
        };
        let Some((bytes, due)) = found else { return Ok(None) };
        let value = self.shared.schema.settle(&bytes, key, b"", |new| {
            let head = if self.has_head() { db.get(key)? } else { None };
            let head = head.as_ref().and_then(|now| now.get(..HEAD)).unwrap_or_default();
            let whole = |value: &[u8]| [head, value].concat();
            let old = whole(&bytes);
            match new {
                Some(new) => {
                    let options = SetOptions::new().if_equal(old).keep_ttl();
                    db.set_with(key, whole(new), options).map(drop)
                }
                None => db.del_if_equal(key, old).map(drop),
            }
        })?;
        Ok(value.map(|value| Found { value, due }))
    }

    /// Stores what the schema wrote.
    pub(super) fn store(&self, key: &Bytes, value: &[u8], ttl: Option<Duration>) -> Result<()> {
        let (db, idle) = (&self.shared.db, self.shared.options.idle);
        let least = match (ttl, idle) {
            (Some(ttl), Some(idle)) => Some(ttl.min(idle)),
            (ttl, idle) => ttl.or(idle),
        };
        let options = match least {
            Some(least) => SetOptions::new().expire_in(least),
            None => SetOptions::new(),
        };
        if !self.has_head() {
            return db.set_with(key, value, options).map(drop);
        }
        let ttl = ttl.or(self.shared.options.ttl).unwrap_or_default();
        let now = db.engine().time().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let until = now.saturating_add(ttl).as_millis().try_into().unwrap_or(u64::MAX);
        let whole = [&[MARK][..], &u64::to_be_bytes(until), value].concat();
        db.set_with(key, whole, options).map(drop)
    }

    fn headless(&self, key: &Bytes, bytes: Bytes) -> Error {
        Error::Codec(Box::new(CodecError {
            key: key.clone(),
            entry: Bytes::new(),
            expected: Written::new("cache entry with a deadline", 0),
            problem: CodecProblem::Damaged("it does not begin with one".into()),
            bytes,
        }))
    }
}

/// The time at which an entry must go, in milliseconds since 1970.
fn deadline(bytes: &[u8]) -> Option<u64> {
    let (mark, rest) = bytes.split_first()?;
    let (until, _) = rest.split_first_chunk()?;
    (*mark == MARK).then(|| u64::from_be_bytes(*until))
}
