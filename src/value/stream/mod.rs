//! Streams: a log of entries, and the consumer groups that read it.
//!
//! A stream has one form, apart from its key, and stays when its last entry goes: it remembers
//! the last id, and its groups.

mod group;
mod idempotency;
#[cfg(feature = "snapshot")]
mod load;
mod position;
#[cfg(test)]
mod tests;

pub(crate) use self::group::{Consumer, ConsumerId, Group, Pending};
pub(crate) use self::idempotency::{Idempotency, Memory, name_of};
pub(crate) use self::position::Position;
use super::{Big, Collection, Encoding, Stored, StoredRef, Type, View};
use crate::clock::Millis;
use crate::ds::blocks::block_size;
use crate::ds::ordered::Ordered;
use crate::ds::stream_log::{BlockLimits, Keep, StreamId, StreamLog};

/// A stream taken out of its entry to be changed; by default there is none yet.
#[derive(Debug, Default)]
pub(crate) struct Stream(Option<Box<BigStream>>);

/// A stream, as a reader sees it.
pub(crate) type StreamRef<'a> = &'a BigStream;

/// A stream and its groups.
#[derive(Debug, Default)]
pub(crate) struct BigStream {
    log: StreamLog,
    position: Position,
    groups: Ordered<Box<[u8]>, Group>,
    /// What the groups and their names own.
    groups_heap: usize,
    /// What producers have added lately, if they name their messages.
    idempotency: Option<Box<Idempotency>>,
}

/// What happens to the groups' pending entries when entries are deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum References {
    /// They stay, and point to nothing.
    #[default]
    Keep,
    /// They are removed with the entries.
    Delete,
    /// Entries that a group still needs are not deleted.
    Acked,
}

/// What came of deleting one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deletion {
    Missing,
    Deleted,
    /// A group still needs it.
    Kept,
}

/// How a stream is trimmed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Trim {
    pub(crate) keep: Keep,
    /// Only whole blocks are removed.
    pub(crate) whole: bool,
    /// How many entries are looked at; 0 means all.
    pub(crate) limit: usize,
    pub(crate) references: References,
}

/// What a trim removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trimmed {
    /// So many entries, the oldest.
    Oldest(usize),
    /// These entries, with others between them that a group needs.
    Some(Vec<StreamId>),
}

impl Trimmed {
    pub(crate) fn len(&self) -> usize {
        match self {
            Trimmed::Oldest(count) => *count,
            Trimmed::Some(ids) => ids.len(),
        }
    }
}

impl Stream {
    /// The stream, made if there is none.
    pub(crate) fn make(&mut self) -> &mut BigStream {
        self.0.get_or_insert_default()
    }
}

impl Clone for BigStream {
    fn clone(&self) -> BigStream {
        let mut groups = self.groups.clone();
        let mut groups_heap = 0;
        let mut next = groups.first();
        while let Some(place) = next {
            let name = groups.at(place).expect("a place").0.len();
            let group = groups.at_mut(place).expect("a place");
            group.recount();
            groups_heap += block_size(name) + group.heap_size();
            next = groups.after(place);
        }
        let mut idempotency = self.idempotency.clone();
        if let Some(idempotency) = &mut idempotency {
            idempotency.recount();
        }
        BigStream {
            log: self.log.clone(),
            position: self.position,
            groups,
            groups_heap,
            idempotency,
        }
    }
}

impl BigStream {
    /// The entries.
    pub(crate) fn log(&self) -> &StreamLog {
        &self.log
    }

    /// How many entries there are.
    pub(crate) fn len(&self) -> usize {
        self.log.len()
    }

    /// What is known of the ids.
    pub(crate) fn position(&self) -> &Position {
        &self.position
    }

    /// What producers have added lately, if any names its messages.
    pub(crate) fn idempotency(&self) -> Option<&Idempotency> {
        self.idempotency.as_deref()
    }

    /// As [`idempotency`](BigStream::idempotency), to be changed; `usual` is what is remembered if nothing was set.
    pub(crate) fn idempotency_mut(&mut self, usual: Memory) -> &mut Idempotency {
        self.idempotency.get_or_insert_with(|| {
            let mut fresh = Box::<Idempotency>::default();
            fresh.set_memory(usual);
            fresh
        })
    }

    /// The entry that a producer's message became before, if that is remembered; counts it as sent again.
    pub(crate) fn known(&mut self, producer: &[u8], name: &[u8], now: Millis) -> Option<StreamId> {
        let idempotency = self.idempotency.as_mut()?;
        let id = idempotency.find(producer, name, now)?;
        idempotency.duplicates += 1;
        Some(id)
    }

    /// The groups, in the order of their names.
    pub(crate) fn groups(&self) -> impl Iterator<Item = (&[u8], &Group)> {
        self.groups.iter().map(|(name, group)| (&**name, group))
    }

    /// How many groups there are.
    pub(crate) fn group_count(&self) -> usize {
        self.groups.len()
    }

    pub(crate) fn group(&self, name: &[u8]) -> Option<&Group> {
        self.groups.get(name)
    }

    /// Adds an entry, whose id is above the last one.
    pub(crate) fn add<'f>(
        &mut self,
        id: StreamId,
        fields: impl ExactSizeIterator<Item = (&'f [u8], &'f [u8])> + Clone,
        limits: BlockLimits,
    ) {
        debug_assert!(id > self.position.last_id);
        self.log.append(id, fields, limits);
        let position = &mut self.position;
        if position.len == 0 {
            position.first_id = id;
        }
        position.len += 1;
        position.last_id = id;
        position.entries_added = position.entries_added.wrapping_add(1);
    }

    /// The id that an entry gets if none is given; `None` if no id is left.
    pub(crate) fn next_id(&self, now: Millis) -> Option<StreamId> {
        let ms = now.0.max(0).unsigned_abs();
        let last = self.position.last_id;
        if ms > last.ms { Some(StreamId::new(ms, 0)) } else { last.next() }
    }

    /// Sets what XSETID sets.
    pub(crate) fn set_position(
        &mut self,
        last_id: StreamId,
        entries_added: Option<i64>,
        max_deleted: Option<StreamId>,
    ) {
        self.position.last_id = last_id;
        if let Some(added) = entries_added {
            self.position.entries_added = added;
        }
        if let Some(id) = max_deleted {
            self.position.max_deleted = id;
        }
    }

    /// Deletes an entry.
    pub(crate) fn delete(&mut self, id: StreamId, references: References) -> Deletion {
        let there = self.log.contains(id);
        match references {
            // What is pending somewhere is still needed, though it is gone.
            References::Acked if !there && !self.is_pending(id) => return Deletion::Missing,
            References::Acked if !there => return Deletion::Kept,
            References::Acked if self.group_count() == 0 || self.needed(id) => {
                return Deletion::Kept;
            }
            References::Delete => self.forget(id),
            _ => {}
        }
        if !self.log.delete(id) {
            return Deletion::Missing;
        }
        self.position.max_deleted = self.position.max_deleted.max(id);
        self.after_removal(id == self.position.first_id);
        Deletion::Deleted
    }

    /// Whether a group has not done with an entry.
    fn needed(&self, id: StreamId) -> bool {
        self.groups.iter().any(|(_, group)| group.needs(id))
    }

    /// Whether any group has an entry of this id pending.
    pub(crate) fn is_pending(&self, id: StreamId) -> bool {
        self.groups.iter().any(|(_, group)| group.pending().contains(&id))
    }

    /// Takes an id off the pending entries of all groups.
    fn forget(&mut self, id: StreamId) {
        self.each_group(|group| {
            group.acknowledge(id);
        });
    }

    fn after_removal(&mut self, first: bool) {
        self.position.len = self.log.len();
        if self.log.len() == 0 {
            self.position.first_id = StreamId::MIN;
        } else if first {
            self.position.first_id = self.log.first_id().expect("it has entries");
        }
    }

    /// Deletes the oldest entries.
    pub(crate) fn trim(&mut self, trim: &Trim) -> Trimmed {
        let trimmed = match trim.references {
            References::Acked if self.group_count() > 0 => self.trim_acked(trim),
            References::Delete if self.group_count() > 0 => {
                let mut gone = Vec::new();
                let (keep, limit) = (trim.keep, trim.limit);
                let count = self.log.trim(keep, trim.whole, limit, Some(&mut gone));
                gone.into_iter().for_each(|id| self.forget(id));
                Trimmed::Oldest(count)
            }
            _ => Trimmed::Oldest(self.log.trim(trim.keep, trim.whole, trim.limit, None)),
        };
        if trimmed.len() > 0 {
            self.after_removal(true);
        }
        trimmed
    }

    /// Deletes, of the oldest entries, those that no group needs.
    fn trim_acked(&mut self, trim: &Trim) -> Trimmed {
        let (mut excess, end) = match trim.keep {
            Keep::Newest(count) => (self.len().saturating_sub(count), None),
            Keep::From(id) => (usize::MAX, Some(id)),
        };
        let mut ids = Vec::new();
        let mut skipped = false;
        let mut oldest = true;
        let looked_at = if trim.limit == 0 { usize::MAX } else { trim.limit };
        for entry in self.log.range(StreamId::MIN, StreamId::MAX).take(looked_at) {
            if excess == 0 || end.is_some_and(|end| entry.id >= end) {
                break;
            }
            if self.needed(entry.id) {
                skipped = true;
            } else {
                oldest &= !skipped;
                ids.push(entry.id);
                excess -= 1;
            }
        }
        for id in &ids {
            self.log.delete(*id);
        }
        if oldest {
            return Trimmed::Oldest(ids.len());
        }
        // Entries are missing between others, as after XDEL.
        self.position.max_deleted =
            self.position.max_deleted.max(*ids.last().expect("one is behind another"));
        Trimmed::Some(ids)
    }

    /// Adds a group. Returns false if there is one of that name.
    pub(crate) fn add_group(&mut self, name: &[u8], group: Group) -> bool {
        if self.groups.contains(name) {
            return false;
        }
        self.groups_heap += block_size(name.len()) + group.heap_size();
        self.groups.insert(name.into(), group);
        true
    }

    /// Removes a group. Returns whether there was one.
    pub(crate) fn remove_group(&mut self, name: &[u8]) -> bool {
        let Some(group) = self.groups.remove(name) else { return false };
        self.groups_heap -= block_size(name.len()) + group.heap_size();
        true
    }

    /// Calls `edit` with a group, the entries and what is known of the ids.
    pub(crate) fn edit_group<R>(
        &mut self,
        name: &[u8],
        edit: impl FnOnce(&mut Group, &StreamLog, &Position) -> R,
    ) -> Option<R> {
        let group = self.groups.get_mut(name)?;
        let before = group.heap_size();
        let result = edit(group, &self.log, &self.position);
        self.groups_heap = self.groups_heap + group.heap_size() - before;
        Some(result)
    }

    fn each_group(&mut self, mut edit: impl FnMut(&mut Group)) {
        let mut next = self.groups.first();
        while let Some(place) = next {
            let group = self.groups.at_mut(place).expect("a place");
            let before = group.heap_size();
            edit(group);
            self.groups_heap = self.groups_heap + group.heap_size() - before;
            next = self.groups.after(place);
        }
    }
}

impl Big for BigStream {
    #[cfg(feature = "snapshot")]
    fn fetch(&self, step: usize) -> bool {
        self.log.fetch(step)
    }

    fn kind(&self) -> Type {
        Type::Stream
    }

    fn encoding(&self) -> Encoding {
        Encoding::Stream
    }

    fn heap_size(&self) -> usize {
        let idempotency = self.idempotency.as_ref().map_or(0, |seen| seen.heap_size());
        let groups = self.groups.heap_size() + self.groups_heap;
        block_size(size_of::<BigStream>()) + self.log.heap_size() + groups + idempotency
    }

    fn effort(&self) -> usize {
        let idempotency = self.idempotency.as_ref().map_or(0, |seen| seen.effort());
        let groups = self.groups().map(|(_, group)| group.effort()).sum::<usize>();
        self.log.effort() + groups + idempotency
    }

    fn duplicate(&self) -> Box<dyn Big> {
        Box::new(self.clone())
    }
}

impl<'a> View<'a> for StreamRef<'a> {
    const TYPE: Type = Type::Stream;

    fn of(stored: StoredRef<'a>) -> Self {
        match stored {
            StoredRef::Big(big) => StoredRef::expect_big(big),
            StoredRef::Packed(..) => unreachable!("no stream is packed"),
        }
    }
}

impl Collection for Stream {
    const TYPE: Type = Type::Stream;
    const STAYS_EMPTY: bool = true;

    fn is_empty(&self) -> bool {
        self.0.as_ref().is_none_or(|stream| stream.len() == 0)
    }

    fn restore(stored: Stored) -> Self {
        match stored {
            Stored::Big(big) => Stream(Some(Stored::expect_big(big))),
            Stored::Packed(..) => unreachable!("no stream is packed"),
        }
    }

    fn store(self) -> Stored {
        Stored::Big(self.0.unwrap_or_default())
    }
}
