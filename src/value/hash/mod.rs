//! Hashes: fields and their values, packed end to end while they are few, else a table.
//!
//! Readers get a [`HashRef`], which is a hash at a time: a field past its time is absent to all of its
//! methods. Operations that change a hash get a [`Hash`](enum@Hash); they [reclaim](Hash::reclaim) first what
//! is past its time among what they touch, and then know nothing of time.
//!
//! | form | when | `OBJECT ENCODING` |
//! |---|---|---|
//! | `Plain` | small, and no field ever had a time | `listpack` |
//! | `Timed` | small | `listpackex` |
//! | `Big` | more than Redis's thresholds | `hashtable` |
//! | `Big` | more than [`PACKED_BYTES`], but within Redis's thresholds | `listpack`, `listpackex` |
//!
//! The last row is there because a packed hash is copied out of its entry and back by each
//! change, and looked through from the start: what Redis still packs may be too long for that.

mod big;
mod packed;
mod read;
#[cfg(test)]
mod tests;

pub(crate) use big::BigHash;
use packed::Fields;
pub(crate) use read::{Field, HashRef, StoredHash, Value};

use crate::clock::Millis;
use crate::config::{EncodingLimit, Limits};
#[cfg(feature = "snapshot")]
use crate::ds::packed::Item;
use crate::ds::packed::{Packed, PackedRef};
use crate::value::{Collection, Encoding, Packing, SetExpiry, Stored, Type};

/// The most bytes that a hash is packed into.
const PACKED_BYTES: usize = 1024;
/// The most fields that are packed.
const PACKED_FIELDS: usize = 128;
/// About how many fields one reclaiming removes from a big hash.
const RECLAIMED: usize = 256;

/// A hash, to be changed.
#[derive(Debug)]
pub(crate) enum Hash {
    Plain(Packed),
    Timed(Packed),
    Big(Box<BigHash>),
}

impl Default for Hash {
    fn default() -> Hash {
        Hash::Plain(Packed::new())
    }
}

impl Hash {
    /// Reads it as it is at a time.
    pub(crate) fn at(&self, now: Millis) -> HashRef<'_> {
        match self {
            Hash::Plain(items) => HashRef::packed(Fields::new(items.as_ref(), false), now),
            Hash::Timed(items) => HashRef::packed(Fields::new(items.as_ref(), true), now),
            Hash::Big(big) => HashRef::big(big, now),
        }
    }

    /// Prepares for so many fields to be set, not necessarily different ones.
    ///
    /// Redis goes by the number of arguments, and so `OBJECT ENCODING` tells of it.
    pub(crate) fn expect(&mut self, fields: usize, limits: &Limits) {
        if fields > limits.size(EncodingLimit::HashMaxListpackEntries) {
            self.grow(Encoding::Hashtable, limits);
        }
    }

    /// An empty one with room for so many fields, and so many bytes if it is packed.
    #[cfg(feature = "snapshot")]
    pub(crate) fn with_room(fields: usize, bytes: usize, limits: &Limits) -> Hash {
        if fields <= PACKED_FIELDS && bytes <= PACKED_BYTES {
            return Hash::Plain(Packed::with_capacity(bytes));
        }
        let mut big = BigHash::new(limits.hasher.clone(), Encoding::Listpack);
        // Each field takes two bytes at least.
        big.reserve(fields.min(bytes / 2));
        Hash::Big(Box::new(big))
    }

    /// Adds a field behind all others, which is not there yet, if it is packed, without times, and stays so. Returns
    /// whether it did.
    #[cfg(feature = "snapshot")]
    pub(crate) fn append(&mut self, field: Item<'_>, value: Item<'_>, limits: &Limits) -> bool {
        let Hash::Plain(items) = self else { return false };
        let longest = field.len().max(value.len());
        let stays = longest <= limits.size(EncodingLimit::HashMaxListpackValue);
        if stays {
            items.push(field);
            items.push(value);
            self.fit(limits);
        }
        stays
    }

    /// Sets a field. Returns whether it was there. O(1), O(bytes) while packed.
    #[inline]
    pub(crate) fn set(
        &mut self,
        field: &[u8],
        value: &[u8],
        time: SetExpiry,
        limits: &Limits,
    ) -> bool {
        if matches!(time, SetExpiry::At(_)) {
            self.allow_times();
        }
        let longest = field.len().max(value.len());
        if longest > limits.size(EncodingLimit::HashMaxListpackValue) {
            self.grow(Encoding::Hashtable, limits);
        }
        let was_there = match self {
            Hash::Plain(items) => packed::set(items, false, field, value, time),
            Hash::Timed(items) => packed::set(items, true, field, value, time),
            Hash::Big(big) => big.set(field, value, time),
        };
        self.fit(limits);
        was_there
    }

    /// Sets a field where a packed hash lies, if that is all that would come of [`set`](Hash::set): it is there,
    /// and its value takes as much room as before. Returns whether it did.
    #[inline]
    pub(crate) fn overwrite(
        packing: Packing,
        bytes: &mut [u8],
        field: &[u8],
        value: &[u8],
        limits: &Limits,
    ) -> bool {
        packing == Packing::Hash
            && field.len().max(value.len()) <= limits.size(EncodingLimit::HashMaxListpackValue)
            && PackedRef::new(bytes).len() / 2 <= limits.size(EncodingLimit::HashMaxListpackEntries)
            && packed::overwrite(bytes, field, value)
    }

    /// Removes a field. Returns whether it was there.
    pub(crate) fn remove(&mut self, field: &[u8]) -> bool {
        match self {
            Hash::Plain(items) => packed::remove(items, false, field),
            Hash::Timed(items) => packed::remove(items, true, field),
            Hash::Big(big) => big.remove(field).is_some(),
        }
    }

    /// Lets a field that is there expire at a time, or live for ever.
    pub(crate) fn set_time(&mut self, field: &[u8], at: Option<Millis>) {
        if at.is_some() {
            self.allow_times();
        }
        match self {
            Hash::Plain(_) => {}
            Hash::Timed(items) => packed::set_time(items, field, at),
            Hash::Big(big) => big.set_time(field, at),
        }
    }

    /// Removes fields past their time, and returns their names: all of them, of a big hash some
    /// hundreds. O(1) if there are none.
    pub(crate) fn reclaim(&mut self, now: Millis) -> Vec<Box<[u8]>> {
        match self {
            Hash::Plain(_) => Vec::new(),
            Hash::Timed(items) => {
                let fields = Fields::new(items.as_ref(), true);
                let past = fields.iter().filter(|field| field.expiry.is_some_and(|at| at <= now));
                let past: Vec<Box<[u8]>> = past.map(|field| field.name.to_vec().into()).collect();
                for field in &past {
                    packed::remove(items, true, field);
                }
                past
            }
            Hash::Big(big) if big.soonest() > now => Vec::new(),
            Hash::Big(big) => {
                let past = big.reclaim(now, RECLAIMED);
                past.iter().map(|pair| pair.field().into()).collect()
            }
        }
    }

    /// Removes those of these fields that are past their time, and returns their names. Of a
    /// packed hash, all that are.
    pub(crate) fn reclaim_met<'f>(
        &mut self,
        now: Millis,
        fields: impl Iterator<Item = &'f [u8]>,
    ) -> Vec<Box<[u8]>> {
        match self {
            Hash::Plain(_) => Vec::new(),
            Hash::Timed(_) => self.reclaim(now),
            Hash::Big(big) if big.soonest() > now => Vec::new(),
            Hash::Big(big) => {
                let mut past = Vec::new();
                for field in fields {
                    if big.find(field).is_some_and(|pair| big.is_gone(pair, now)) {
                        big.remove(field);
                        past.push(field.into());
                    }
                }
                past
            }
        }
    }

    /// Changes into the form that can tell when fields expire.
    fn allow_times(&mut self) {
        match self {
            Hash::Plain(items) => *self = Hash::Timed(packed::with_times(items.as_ref())),
            Hash::Timed(_) => {}
            Hash::Big(big) if big.encoding() == Encoding::Listpack => {
                big.set_encoding(Encoding::ListpackEx);
            }
            Hash::Big(_) => {}
        }
    }

    /// Changes the form after a field was set, if there are too many now.
    #[inline]
    fn fit(&mut self, limits: &Limits) {
        let (len, encoding, bytes) = match self {
            Hash::Plain(items) => (items.len() / 2, Encoding::Listpack, items.as_bytes().len()),
            Hash::Timed(items) => (items.len() / 3, Encoding::ListpackEx, items.as_bytes().len()),
            Hash::Big(big) if big.encoding() == Encoding::Hashtable => return,
            Hash::Big(big) => (big.len(), big.encoding(), 0),
        };
        if len > limits.size(EncodingLimit::HashMaxListpackEntries) {
            self.grow(Encoding::Hashtable, limits);
        } else if bytes > PACKED_BYTES || len > PACKED_FIELDS {
            self.grow(encoding, limits);
        }
    }

    /// Makes it a table, if it is not one yet, to be called by this name.
    #[inline(never)]
    fn grow(&mut self, encoding: Encoding, limits: &Limits) {
        let (items, timed) = match self {
            Hash::Plain(items) => (items, false),
            Hash::Timed(items) => (items, true),
            Hash::Big(big) => return big.set_encoding(encoding),
        };
        let mut big = BigHash::new(limits.hasher.clone(), encoding);
        let mut name = itoa::Buffer::new();
        let mut value = itoa::Buffer::new();
        for field in Fields::new(items.as_ref(), timed).iter() {
            let time = field.expiry.map_or(SetExpiry::Clear, SetExpiry::At);
            big.set(field.name.bytes(&mut name), field.value.bytes(&mut value), time);
        }
        *self = Hash::Big(Box::new(big));
    }
}

impl Collection for Hash {
    const TYPE: Type = Type::Hash;

    fn is_empty(&self) -> bool {
        match self {
            Hash::Plain(items) | Hash::Timed(items) => items.is_empty(),
            Hash::Big(big) => big.len() == 0,
        }
    }

    fn restore(stored: Stored) -> Hash {
        match stored {
            Stored::Packed(Packing::TimedHash, bytes) => Hash::Timed(Packed::from_bytes(bytes)),
            Stored::Packed(_, bytes) => Hash::Plain(Packed::from_bytes(bytes)),
            Stored::Big(big) => Hash::Big(Stored::expect_big(big)),
        }
    }

    fn store(self) -> Stored {
        match self {
            Hash::Plain(items) => Stored::Packed(Packing::Hash, items.into_bytes()),
            Hash::Timed(items) => Stored::Packed(Packing::TimedHash, items.into_bytes()),
            Hash::Big(big) => Stored::Big(big),
        }
    }
}
