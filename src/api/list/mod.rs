//! Lists: pushing, popping, reading by index, editing in the middle.

mod block;
mod db;
mod edit;
mod options;
mod pop;

pub(crate) use block::{Elements, MoveManyWant, MoveWant, PopWant};
pub use db::ListElements;
pub use options::{ListEnd, ListMove, LposOptions};
pub(crate) use pop::MoveCount;

use std::ops::{Bound, Range, RangeBounds};

use crate::error::Result;
use crate::keyspace::event::{LPUSH, RPUSH};
use crate::keyspace::{Key, Tx};
use crate::value::list::{End, List, ListRef};

/// The part of `len` elements that a range of indexes means; negative ones count from the end,
/// what lies outside is left out.
pub(crate) fn index_range(range: impl RangeBounds<i64>, len: usize) -> Range<usize> {
    let from_start = |index: i64| match usize::try_from(index) {
        Ok(index) => index.min(len),
        Err(_) => len.saturating_sub(usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX)),
    };
    // Behind an index that lies in front of the list there is still nothing of it.
    let behind = |index: i64| match index {
        i64::MIN..0 if index.unsigned_abs() > len as u64 => 0,
        _ => (from_start(index) + 1).min(len),
    };
    let start = match range.start_bound() {
        Bound::Included(&start) => from_start(start),
        Bound::Excluded(&start) => behind(start),
        Bound::Unbounded => 0,
    };
    let end = match range.end_bound() {
        Bound::Included(&end) => behind(end),
        Bound::Excluded(&end) => from_start(end),
        Bound::Unbounded => len,
    };
    start..end.max(start)
}

/// The place of an index, negative ones counted from the end.
pub(crate) fn index_of(index: i64, len: usize) -> Option<usize> {
    let index = match usize::try_from(index) {
        Ok(index) => index,
        Err(_) => len.checked_sub(usize::try_from(index.unsigned_abs()).ok()?)?,
    };
    (index < len).then_some(index)
}

impl Tx<'_> {
    /// The list under a key (`LLEN`, `LRANGE`, `LINDEX`, `LPOS`); a hit or a miss.
    #[inline]
    pub(crate) fn list(&self, key: Key<'_>) -> Result<Option<ListRef<'_>>> {
        self.read(key)?.map(|entry| entry.view()).transpose()
    }

    /// The list under a key, looked at before it is changed.
    #[inline]
    pub(crate) fn peek_list(&self, key: Key<'_>) -> Result<Option<ListRef<'_>>> {
        self.peek(key)?.map(|entry| entry.view()).transpose()
    }

    /// Adds elements at an end, one after the other (`LPUSH`, `RPUSH`); only to a list that is there if
    /// `only_existing` (`LPUSHX`, `RPUSHX`). Returns how many there are then.
    #[inline]
    pub(crate) fn push<'a>(
        &mut self,
        key: Key<'_>,
        end: End,
        elements: impl Iterator<Item = &'a [u8]> + Clone,
        only_existing: bool,
    ) -> Result<usize> {
        let (mut count, mut bytes) = (0, 0);
        for element in elements.clone() {
            self.check_length(element.len())?;
            count += 1;
            bytes += element.len();
        }
        if count == 0 {
            return Ok(self.peek_list(key)?.map_or(0, ListRef::len));
        }
        let limits = &self.keyspace().settings.limits;
        self.change(key, |slot| {
            if only_existing && slot.entry().is_none() {
                return Ok(slot.unchanged(0));
            }
            let len = slot.edit(|list: &mut List| {
                list.expect(count, bytes, limits);
                for element in elements.clone() {
                    list.push(end, element.into(), limits);
                }
                Ok(list.len())
            })?;
            slot.count_as(count);
            let (event, verb): (_, &[u8]) = match end {
                End::Front => (LPUSH, b"LPUSH"),
                End::Back => (RPUSH, b"RPUSH"),
            };
            Ok(slot.changed(len, &[event], |effect| {
                effect.command_of(&[verb, key.bytes], elements);
            }))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::reversed_empty_ranges, reason = "what callers may write has a meaning")]
    fn ranges_are_those_of_rust_and_of_lrange() {
        assert_eq!(index_range(.., 5), 0..5);
        assert_eq!(index_range(1..3, 5), 1..3);
        assert_eq!(index_range(1..=3, 5), 1..4);
        assert_eq!(index_range(-2.., 5), 3..5);
        assert_eq!(index_range(..-1, 5), 0..4);
        assert_eq!(index_range(..=-2, 5), 0..4);
        assert_eq!(index_range(0..0, 5), 0..0);
        assert_eq!(index_range(0..=-1, 5), 0..5);
        assert_eq!(index_range(0..=-6, 5), 0..0);
        assert_eq!(index_range(-100..=100, 5), 0..5);
        assert_eq!(index_range(3..=1, 5), 3..3);
        assert_eq!(index_range(7..=9, 5), 5..5);
        assert_eq!(index_range(i64::MIN..=i64::MAX, 5), 0..5);
        assert_eq!(index_range((Bound::Excluded(-2), Bound::Unbounded), 5), 4..5);
        assert_eq!(index_range(.., 0), 0..0);
    }

    #[test]
    fn indexes_count_from_either_end() {
        for (index, place) in [(0, Some(0)), (4, Some(4)), (5, None), (-1, Some(4)), (-5, Some(0))]
        {
            assert_eq!(index_of(index, 5), place, "{index}");
        }
        for index in [-6, i64::MIN, i64::MAX] {
            assert_eq!(index_of(index, 5), None, "{index}");
        }
    }
}
