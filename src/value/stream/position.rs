//! What a stream knows of its ids, and how far behind its groups are.

use super::Group;
use crate::ds::stream_log::StreamId;

/// Counters of a stream, and ids that stand for many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Position {
    /// How many entries there are.
    pub(crate) len: usize,
    /// The greatest id that an entry ever had, or that was set.
    pub(crate) last_id: StreamId,
    /// The id of the first entry; `MIN` if there is none.
    pub(crate) first_id: StreamId,
    /// The greatest id that was deleted, trimming not counted; `MIN` if none was.
    pub(crate) max_deleted: StreamId,
    /// How many entries were ever added, or what was set.
    pub(crate) entries_added: i64,
}

impl Position {
    /// Whether entries may have been deleted between others that are above `from`.
    fn has_gaps_from(&self, from: StreamId) -> bool {
        self.len > 0 && self.max_deleted != StreamId::MIN && from <= self.max_deleted
    }

    /// How many of all entries ever added come up to `id`, if that can be known.
    pub(crate) fn distance(&self, id: StreamId) -> Option<i64> {
        if self.entries_added == 0 {
            return Some(0);
        }
        if self.len == 0 && id <= self.last_id {
            return Some(self.entries_added);
        }
        if id > self.last_id || (id != StreamId::MIN && id < self.max_deleted) {
            return None;
        }
        if id == self.last_id {
            return Some(self.entries_added);
        }
        let gaps = self.max_deleted != StreamId::MIN && self.max_deleted >= self.first_id;
        let before_first = self.entries_added.wrapping_sub(self.len as i64);
        match id.cmp(&self.first_id) {
            _ if gaps => None,
            std::cmp::Ordering::Less => Some(before_first),
            std::cmp::Ordering::Equal => Some(before_first.wrapping_add(1)),
            std::cmp::Ordering::Greater => None,
        }
    }

    /// How many entries a group has not been given yet, if that can be known.
    pub(crate) fn lag(&self, group: &Group) -> Option<i64> {
        if self.entries_added == 0 {
            return Some(0);
        }
        let read = group.entries_read.filter(|_| !self.has_gaps_from(group.last_id));
        let read = read.or_else(|| self.distance(group.last_id))?;
        Some(self.entries_added.wrapping_sub(read))
    }

    /// Notes that a group was given the entry `id`, if that is a new one.
    pub(crate) fn advance(&self, group: &mut Group, id: StreamId) -> bool {
        if id <= group.last_id {
            return false;
        }
        let (first, last) = (self.first_id, group.last_id);
        let known = last >= first && !self.has_gaps_from(last);
        if let Some(read) = group.entries_read.filter(|_| known) {
            group.entries_read = Some(read.wrapping_add(1));
        } else if self.entries_added != 0 {
            group.entries_read = self.distance(id);
        }
        group.last_id = id;
        true
    }
}
