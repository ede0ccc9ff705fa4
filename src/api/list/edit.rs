//! Changing lists in the middle.

use std::ops::RangeBounds;

use super::{index_of, index_range};
use crate::error::{Error, Result};
use crate::keyspace::event::{LINSERT, LREM, LSET, LTRIM};
use crate::keyspace::{Key, Tx};
use crate::value::list::{End, List};

impl Tx<'_> {
    /// Puts another element in the place of the one with this index (`LSET`).
    pub(crate) fn list_set(&mut self, key: Key<'_>, index: i64, element: &[u8]) -> Result<()> {
        self.check_length(element.len())?;
        let limits = &self.keyspace().settings.limits;
        self.change(key, |slot| {
            if slot.entry().is_none() {
                return Err(Error::NoSuchKey);
            }
            slot.edit(|list: &mut List| {
                list.expect(1, element.len(), limits);
                let place = index_of(index, list.len()).ok_or(Error::IndexOutOfRange)?;
                list.set(place, element.into());
                list.shrunk(limits);
                Ok(())
            })?;
            Ok(slot.changed((), &[LSET], |effect| {
                let index = index.to_string();
                effect.command(&[b"LSET", key.bytes, index.as_bytes(), element]);
            }))
        })
    }

    /// Adds an element beside the first that is `pivot` (`LINSERT`). Returns how many there are
    /// then: 0 if there is no list, `None` if nothing in it is `pivot`.
    pub(crate) fn list_insert(
        &mut self,
        key: Key<'_>,
        after: bool,
        pivot: &[u8],
        element: &[u8],
    ) -> Result<Option<usize>> {
        self.check_length(element.len())?;
        let limits = &self.keyspace().settings.limits;
        self.change(key, |slot| {
            if slot.entry().is_none() {
                return Ok(slot.unchanged(Some(0)));
            }
            let len = slot.edit(|list: &mut List| {
                // As Redis, before it looks for the pivot: a list may be kept otherwise after an
                // insertion that found none.
                list.expect(1, element.len(), limits);
                let wanted = pivot.into();
                let place = list.as_ref().iter_from(0).position(|item| item == wanted);
                Ok(place.map(|place| {
                    list.insert(place, after, element.into());
                    list.len()
                }))
            })?;
            if len.is_none() {
                return Ok(slot.unchanged(None));
            }
            Ok(slot.changed(len, &[LINSERT], |effect| {
                let side: &[u8] = if after { b"AFTER" } else { b"BEFORE" };
                effect.command(&[b"LINSERT", key.bytes, side, pivot, element]);
            }))
        })
    }

    /// Removes elements that are `element`, at most `limit`, from an end on (`LREM`). Returns how many.
    pub(crate) fn list_remove(
        &mut self,
        key: Key<'_>,
        element: &[u8],
        from: End,
        limit: Option<usize>,
    ) -> Result<usize> {
        let limits = &self.keyspace().settings.limits;
        self.change(key, |slot| {
            if slot.entry().is_none() {
                return Ok(slot.unchanged(0));
            }
            let removed = slot.edit(|list: &mut List| {
                let limit = limit.unwrap_or(usize::MAX);
                let removed = list.remove_matches(element.into(), from, limit);
                if removed > 0 {
                    list.shrunk(limits);
                }
                Ok(removed)
            })?;
            if removed == 0 {
                return Ok(slot.unchanged(0));
            }
            slot.count_as(removed);
            Ok(slot.changed(removed, &[LREM], |effect| {
                let sign = if from == End::Back { "-" } else { "" };
                let count = format!("{sign}{removed}");
                effect.command(&[b"LREM", key.bytes, count.as_bytes(), element]);
            }))
        })
    }

    /// Removes all elements outside a range (`LTRIM`).
    pub(crate) fn list_trim(&mut self, key: Key<'_>, range: impl RangeBounds<i64>) -> Result<()> {
        let limits = &self.keyspace().settings.limits;
        self.change(key, |slot| {
            if slot.entry().is_none() {
                return Ok(slot.unchanged(()));
            }
            let (kept, len) = slot.edit(|list: &mut List| {
                let len = list.len();
                let kept = match index_range(range, len) {
                    kept if kept.is_empty() => len..len,
                    kept => kept,
                };
                list.remove_range(0, kept.start);
                list.remove_range(kept.len(), len - kept.end);
                list.shrunk(limits);
                Ok((kept, len))
            })?;
            slot.count_as(len - kept.len());
            Ok(slot.changed((), &[LTRIM], |effect| {
                // What is kept none of: from behind the last element on.
                let start = kept.start.to_string();
                let last = kept.end as i64 - i64::from(!kept.is_empty());
                let last = last.to_string();
                effect.command(&[b"LTRIM", key.bytes, start.as_bytes(), last.as_bytes()]);
            }))
        })
    }
}
