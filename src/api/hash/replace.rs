//! Setting a field if nobody has since it was read.

use super::{HashSetArgs, Presence};
use crate::api::{Db, Scope};
use crate::error::Result;
use crate::value::SetExpiry;
use crate::value::hash::Value;

impl<S: Scope> Db<S> {
    /// Has a field hold `new`, or removes it, if its value is `old` (or it is missing); its time stays. Returns whether it
    /// was. No command does so; it is recorded as HSETEX or HDEL.
    ///
    /// # Errors
    /// As [`hset`](Db::hset).
    pub(crate) fn hreplace(
        &self,
        key: &[u8],
        field: &[u8],
        old: Option<&[u8]>,
        new: Option<&[u8]>,
    ) -> Result<bool> {
        self.grow(key, |tx, key| {
            let now = tx.hash(key)?.and_then(|hash| hash.get(field)).map(Value::to_bytes);
            if now.as_deref() != old {
                return Ok(false);
            }
            match new {
                Some(new) => {
                    let (key_must, fields_must) = (Presence::default(), Presence::default());
                    let args =
                        HashSetArgs { key: key_must, fields: fields_must, time: SetExpiry::Keep };
                    tx.hset_ex(key, [(field, new)].into_iter(), args)
                }
                None => Ok(tx.hdel(key, [field].into_iter())? == 1 || old.is_none()),
            }
        })
    }
}
