//! The log of a stream: entries in the order of their ids, packed in blocks.
//!
//! ```text
//! blocks: ordered by the id of their first entry
//!   [ 5-0: block of up to 100 entries ][ 9-3: … ] … [ the last one, which grows ]
//! ```
//!
//! An entry is found by two binary searches and a walk through its block. In a block ids are
//! counted from the first entry, and entries with that one's fields name none (Redis's macro
//! nodes, which is where the idea is from); a value equal to the first entry's takes a byte.
//! An entry of two small fields takes about 15 bytes, and its share of the index half of one.
//!
//! Deleting marks an entry; a block is freed when all of its entries are deleted. A block that is
//! full gives back the room behind its last entry; deleting and trimming never copy one.
//!
//! Costs: appending and removing from the front O(1); finding O(log n) and a block's length.

mod block;
mod id;
#[cfg(test)]
mod tests;

pub(crate) use self::block::Fields;
use self::block::{Block, Cursor};
pub(crate) use self::id::IdText;
pub use self::id::StreamId;
use crate::ds::blocks::block_size;
use crate::ds::ordered::{Ordered, Place};

/// When a block is full.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BlockLimits {
    /// Bytes; 0 means the most there may be.
    pub(crate) bytes: usize,
    /// Entries, deleted ones included; 0 means any number.
    pub(crate) entries: usize,
}

impl BlockLimits {
    /// The most bytes that a block takes, unless it holds one entry.
    const MOST: usize = 1 << 30;

    fn bytes(self) -> usize {
        if self.bytes == 0 { Self::MOST } else { self.bytes.min(Self::MOST) }
    }
}

/// The log; see the [module](self).
#[derive(Debug, Default)]
pub(crate) struct StreamLog {
    blocks: Ordered<StreamId, Block>,
    /// Entries that are not deleted.
    len: usize,
    /// Bytes that the blocks' entries have allocated.
    room: usize,
}

impl Clone for StreamLog {
    fn clone(&self) -> StreamLog {
        let blocks = self.blocks.clone();
        // A clone has less room.
        let room = blocks.iter().map(|(_, block)| block.heap_size()).sum();
        StreamLog { blocks, len: self.len, room }
    }
}

/// An entry, as long as the log is left alone.
#[derive(Debug, Clone)]
pub(crate) struct Entry<'a> {
    pub(crate) id: StreamId,
    pub(crate) fields: Fields<'a>,
}

/// What stays of a log that is trimmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// The newest entries, so many.
    Newest(usize),
    /// Entries whose id is not below this one.
    From(StreamId),
}

impl StreamLog {
    /// How many entries there are, without deleted ones.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// How many blocks there are.
    pub(crate) fn blocks(&self) -> usize {
        self.blocks.len()
    }

    /// Bytes allocated.
    pub(crate) fn heap_size(&self) -> usize {
        self.blocks.heap_size() + self.room
    }

    /// About how many allocations freeing the log gives back.
    pub(crate) fn effort(&self) -> usize {
        self.blocks.len() + self.blocks.effort()
    }

    /// Adds an entry, whose id must be above all ids that were ever added.
    pub(crate) fn append<'f>(
        &mut self,
        id: StreamId,
        fields: impl ExactSizeIterator<Item = (&'f [u8], &'f [u8])> + Clone,
        limits: BlockLimits,
    ) {
        let raw = fields.clone().map(|(field, value)| field.len() + value.len()).sum();
        self.len += 1;
        // A new block will grow about as large as the one before it.
        let mut capacity = 0;
        if let Some(last) = self.blocks.last() {
            let master = *self.blocks.at(last).expect("the last block").0;
            let block = self.blocks.at_mut(last).expect("the last block");
            let before = block.capacity();
            let full = block.len() + raw >= limits.bytes()
                || (limits.entries > 0 && block.total as usize >= limits.entries)
                || block.total == u32::MAX;
            if full {
                capacity = block.len();
                block.seal();
            } else {
                block.push(master, id, fields.clone(), raw);
            }
            // Mostly it is the same, of a size that is not looked up.
            if block.capacity() != before {
                self.room = self.room + block.heap_size() - block_size(before);
            }
            if !full {
                return;
            }
        }
        let block = Block::new(fields, raw, capacity.min(limits.bytes()));
        self.room += block.heap_size();
        self.blocks.insert(id, block);
    }

    /// The entry of this id.
    pub(crate) fn get(&self, id: StreamId) -> Option<Entry<'_>> {
        let (_, block, cursor) = self.find(id)?;
        Some(Entry { id, fields: block.fields(&cursor) })
    }

    /// Whether there is an entry of this id.
    pub(crate) fn contains(&self, id: StreamId) -> bool {
        self.find(id).is_some()
    }

    fn find(&self, id: StreamId) -> Option<(Place, &Block, Cursor)> {
        let place = self.blocks.floor(&id)?;
        let (master, block) = self.blocks.at(place).expect("a floor");
        let cursor = block.seek(id, *master)?;
        (cursor.id == id && !cursor.is_deleted()).then_some((place, block, cursor))
    }

    /// Deletes the entry of this id. Returns whether there was one.
    pub(crate) fn delete(&mut self, id: StreamId) -> bool {
        let Some((place, _, cursor)) = self.find(id) else { return false };
        self.delete_at(place, &cursor);
        true
    }

    fn delete_at(&mut self, place: Place, cursor: &Cursor) {
        let block = self.blocks.at_mut(place).expect("the entry's block");
        block.delete(cursor);
        self.len -= 1;
        if block.live == 0 {
            self.drop_block(place);
        }
    }

    fn drop_block(&mut self, place: Place) {
        let (_, block) = self.blocks.remove_at(place).expect("a block");
        self.len -= block.live as usize;
        self.room -= block.heap_size();
    }

    /// The id of the first entry, without deleted ones.
    pub(crate) fn first_id(&self) -> Option<StreamId> {
        self.range(StreamId::MIN, StreamId::MAX).next().map(|entry| entry.id)
    }

    /// The id of the last entry, without deleted ones.
    pub(crate) fn last_id(&self) -> Option<StreamId> {
        self.range_back(StreamId::MIN, StreamId::MAX).next().map(|entry| entry.id)
    }

    /// The entries from one id to another, both included, in ascending order.
    pub(crate) fn range(&self, from: StreamId, to: StreamId) -> Range<'_> {
        // Deleted entries included, the first one that is not below `from` lies in the block that
        // starts at or before it, or is the first of the block after that.
        let place = self.blocks.floor(&from).or_else(|| self.blocks.first());
        let at = place.map(|place| {
            let (master, block) = self.blocks.at(place).expect("a place");
            (place, *master, block, block.seek(from, *master))
        });
        Range { log: self, at, to }
    }

    /// The entries from one id to another, both included, in descending order.
    pub(crate) fn range_back(&self, from: StreamId, to: StreamId) -> RangeBack<'_> {
        let at = self.blocks.floor(&to).map(|place| {
            let (master, block) = self.blocks.at(place).expect("a floor");
            let mut cursor = block.last(*master);
            while cursor.id > to {
                cursor = block.before(&cursor, *master).expect("the first entry is not above `to`");
            }
            (place, *master, block, Some(cursor))
        });
        RangeBack { log: self, at, from }
    }

    /// Deletes entries from the front until only what is to be kept is left, or more: with
    /// `whole`, only whole blocks; with a `limit`, none that would make it more. Returns how many,
    /// and adds their ids to `gone`.
    pub(crate) fn trim(
        &mut self,
        keep: Keep,
        whole: bool,
        limit: usize,
        mut gone: Option<&mut Vec<StreamId>>,
    ) -> usize {
        let mut deleted = 0;
        while let Some(place) = self.blocks.first() {
            if matches!(keep, Keep::Newest(count) if self.len <= count) {
                break;
            }
            let (master, block) = self.blocks.at(place).expect("the first");
            let live = block.live as usize;
            if limit > 0 && deleted + live > limit {
                break;
            }
            let all = match keep {
                Keep::Newest(count) => self.len - live >= count,
                Keep::From(id) => block.last(*master).id < id,
            };
            if all {
                if let Some(gone) = &mut gone {
                    let last = block.last(*master).id;
                    gone.extend(self.range(*master, last).map(|entry| entry.id));
                }
                self.drop_block(place);
                deleted += live;
                continue;
            }
            if !whole {
                deleted += self.trim_block(place, keep, gone.as_deref_mut());
            }
            break;
        }
        deleted
    }

    /// Deletes the entries of the first block that are not to be kept; some are.
    fn trim_block(
        &mut self,
        place: Place,
        keep: Keep,
        mut gone: Option<&mut Vec<StreamId>>,
    ) -> usize {
        let mut deleted = 0;
        let (&master, block) = self.blocks.at(place).expect("the first");
        let mut next = Some(block.first(master));
        while let Some(cursor) = next {
            let kept = match keep {
                Keep::Newest(count) => self.len <= count,
                Keep::From(id) => cursor.id >= id,
            };
            if kept {
                break;
            }
            let block = self.blocks.at_mut(place).expect("not all of it is deleted");
            next = block.after(cursor.end, master);
            if !cursor.is_deleted() {
                self.delete_at(place, &cursor);
                deleted += 1;
                if let Some(gone) = &mut gone {
                    gone.push(cursor.id);
                }
                if self
                    .blocks
                    .first()
                    .and_then(|p| self.blocks.at(p))
                    .is_none_or(|(m, _)| *m != master)
                {
                    break;
                }
            }
        }
        deleted
    }
}

/// A block, read as a whole.
#[cfg(feature = "snapshot")]
#[derive(Debug, Clone, Copy)]
pub(crate) struct BlockRef<'a> {
    /// The id of its first entry.
    pub(crate) master: StreamId,
    /// Entries that are not deleted.
    pub(crate) live: u32,
    /// All entries.
    pub(crate) total: u32,
    block: &'a Block,
}

/// An entry of a block, deleted or not.
#[cfg(feature = "snapshot")]
#[derive(Debug, Clone)]
pub(crate) struct BlockEntry<'a> {
    pub(crate) id: StreamId,
    pub(crate) deleted: bool,
    /// Whether its fields are those of the block's first entry, which itself says no.
    pub(crate) same_fields: bool,
    pub(crate) fields: Fields<'a>,
}

#[cfg(feature = "snapshot")]
impl<'a> BlockRef<'a> {
    /// Its entries, deleted ones included.
    pub(crate) fn entries(self) -> impl Iterator<Item = BlockEntry<'a>> {
        let BlockRef { master, block, .. } = self;
        let first = Some(block.first(master));
        let cursors = std::iter::successors(first, move |cursor| block.after(cursor.end, master));
        cursors.map(move |cursor| BlockEntry {
            id: cursor.id,
            deleted: cursor.is_deleted(),
            same_fields: cursor.has_same_fields(),
            fields: block.fields(&cursor),
        })
    }
}

#[cfg(feature = "snapshot")]
impl StreamLog {
    /// Hints that it will be read from its start: at step 0 what it owns, then what that owns. Returns whether there
    /// is more.
    pub(crate) fn fetch(&self, step: usize) -> bool {
        match step {
            0 | 1 => self.blocks.fetch(step),
            _ => self.blocks.iter().take(1).for_each(|(_, block)| block.fetch()),
        }
        step < 2
    }

    /// The blocks, in order.
    pub(crate) fn each_block(&self) -> impl Iterator<Item = BlockRef<'_>> {
        self.blocks.iter().map(|(master, block)| BlockRef {
            master: *master,
            live: block.live,
            total: block.total,
            block,
        })
    }
}

type At<'a> = (Place, StreamId, &'a Block, Option<Cursor>);

/// Entries in ascending order; made by [`StreamLog::range`].
#[derive(Debug, Clone)]
pub(crate) struct Range<'a> {
    log: &'a StreamLog,
    /// The block, and its next entry, deleted or not.
    at: Option<At<'a>>,
    to: StreamId,
}

impl<'a> Iterator for Range<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        loop {
            let (place, master, block, next) = self.at.as_mut()?;
            let Some(cursor) = *next else {
                self.at = self.log.blocks.after(*place).map(|place| {
                    let (master, block) = self.log.blocks.at(place).expect("a place");
                    (place, *master, block, Some(block.first(*master)))
                });
                continue;
            };
            if cursor.id > self.to {
                self.at = None;
                return None;
            }
            *next = block.after(cursor.end, *master);
            if !cursor.is_deleted() {
                return Some(Entry { id: cursor.id, fields: block.fields(&cursor) });
            }
        }
    }
}

/// Entries in descending order; made by [`StreamLog::range_back`].
#[derive(Debug, Clone)]
pub(crate) struct RangeBack<'a> {
    log: &'a StreamLog,
    at: Option<At<'a>>,
    from: StreamId,
}

impl<'a> Iterator for RangeBack<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        loop {
            let (place, master, block, next) = self.at.as_mut()?;
            let Some(cursor) = *next else {
                self.at = self.log.blocks.before(*place).map(|place| {
                    let (master, block) = self.log.blocks.at(place).expect("a place");
                    (place, *master, block, Some(block.last(*master)))
                });
                continue;
            };
            if cursor.id < self.from {
                self.at = None;
                return None;
            }
            *next = block.before(&cursor, *master);
            if !cursor.is_deleted() {
                return Some(Entry { id: cursor.id, fields: block.fields(&cursor) });
            }
        }
    }
}
