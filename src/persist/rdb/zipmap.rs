//! Zipmaps: the small hashes of Redis before 2.6.
//!
//! ```text
//! [ pairs u8 ][ length | field ][ length | unused u8 | value, unused bytes ] ... [ 0xFF ]
//!
//! length: u8 below 254, else 0xFE u32
//! ```

use super::{Result, malformed};
use crate::ds::packed::Item;

const END: u8 = 0xFF;
const LONG: u8 = 0xFE;
/// The number of pairs that says nothing, and those above it.
const UNCOUNTED: u8 = 254;

/// A zipmap, read from its first pair on: fields and values in turn.
#[derive(Debug)]
pub(super) struct Zipmap<'a> {
    /// With the end.
    rest: &'a [u8],
    pairs: u8,
    read: usize,
}

impl<'a> Zipmap<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Result<Zipmap<'a>> {
        match bytes.split_first() {
            Some((&pairs, rest)) if !rest.is_empty() => Ok(Zipmap { rest, pairs, read: 0 }),
            _ => malformed("a zipmap is too short"),
        }
    }

    /// The next field or value; `None` behind the last.
    pub(super) fn next(&mut self) -> Result<Option<Item<'a>>> {
        if *self.rest == [END] {
            let counted = self.pairs < UNCOUNTED && self.read != 2 * usize::from(self.pairs);
            return if counted || !self.read.is_multiple_of(2) {
                malformed("a zipmap's pairs are miscounted")
            } else {
                Ok(None)
            };
        }
        let Some((item, rest)) = self.element() else {
            return malformed("a pair of a zipmap is damaged");
        };
        self.rest = rest;
        self.read += 1;
        Ok(Some(item))
    }

    fn element(&self) -> Option<(Item<'a>, &'a [u8])> {
        let (&first, rest) = self.rest.split_first()?;
        let (len, rest) = match first {
            LONG => {
                let (len, rest) = rest.split_first_chunk()?;
                (u32::from_le_bytes(*len) as usize, rest)
            }
            END => return None,
            len => (usize::from(len), rest),
        };
        if self.read.is_multiple_of(2) {
            let (field, rest) = rest.split_at_checked(len)?;
            return (!rest.is_empty()).then(|| (Item::from(field), rest));
        }
        let (&unused, rest) = rest.split_first()?;
        let (value, rest) = rest.split_at_checked(len)?;
        let rest = rest.get(usize::from(unused)..).filter(|rest| !rest.is_empty())?;
        Some((Item::from(value), rest))
    }
}
