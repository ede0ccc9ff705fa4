//! Hashes: fields and their values under one key, some of which may expire.
//!
//! What all changes share is here: which of the fields that they name are past their time is
//! found before anything else, and told before what the change itself did.

mod expire;
mod expire_set;
mod read;
#[cfg(feature = "serde")]
mod replace;
mod scan;
mod write;

use std::collections::BTreeSet;

pub use expire::{FieldExpired, FieldPersisted};
pub use expire_set::HashSetOptions;
pub(crate) use expire_set::{HashSetArgs, Presence};

use crate::error::Result;
use crate::keyspace::change::{Done, Effect, Slot};
use crate::keyspace::event::{Event, HEXPIRED};
use crate::value::hash::Hash;

/// Fields that a change met past their time, and removed.
struct Met(Vec<Box<[u8]>>);

/// Calls `op` with the hash of a slot; those of `fields` that are past their time are gone
/// already.
#[inline]
fn edit<'f, R>(
    slot: &mut Slot<'_>,
    fields: impl Iterator<Item = &'f [u8]>,
    op: impl FnOnce(&mut Hash) -> R,
) -> Result<(R, Met)> {
    let now = slot.time_of_fields();
    slot.edit(|hash: &mut Hash| {
        let met = Met(hash.reclaim_met(now, fields));
        Ok((op(hash), met))
    })
}

impl Met {
    /// Ends a change that did something.
    #[inline]
    fn changed<R>(
        self,
        slot: &mut Slot<'_>,
        result: R,
        events: &[Event],
        effect: impl FnOnce(&mut Effect<'_>),
    ) -> Done<R> {
        if self.0.is_empty() {
            return slot.changed(result, events, effect);
        }
        slot.count_expired_fields(self.0.len());
        let key = slot.key();
        slot.changed(result, &[&[HEXPIRED], events].concat(), |record| {
            record.expired_fields(key.bytes, &self.0);
            effect(record);
        })
    }

    /// Ends a change that came to nothing.
    fn unchanged<R>(self, slot: &mut Slot<'_>, result: R) -> Done<R> {
        if self.0.is_empty() {
            return slot.unchanged(result);
        }
        self.changed(slot, result, &[], |_| {})
    }
}

/// The words `FIELDS`, how many, and the fields, behind others; each field once.
fn record_fields<'a>(
    record: &mut Effect<'_>,
    first: &[&'a [u8]],
    fields: impl Iterator<Item = &'a [u8]>,
) {
    let fields: BTreeSet<&[u8]> = fields.collect();
    let count = fields.len().to_string();
    let words = [first, &[b"FIELDS", count.as_bytes()]].concat();
    record.command_of(&words, fields.iter().copied());
}
