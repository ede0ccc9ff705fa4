//! One block of a stream's log: entries end to end in one allocation.
//!
//! ```text
//! block: [ entry ][ entry ] …          the first one is the master of the others
//! entry: [ head ][ size ][ seq ][ ms, unless SAME_MS ][ count, unless SAME_FIELDS ][ elements ][ back ]
//! ```
//!
//! - `head`: DELETED, SAME_FIELDS, SAME_MS.
//! - `size`: bytes between itself and `back`; `back` the bytes before itself, read backwards.
//! - `ms` is counted from the master's; `seq` too where that is the same, else it stands for itself.
//! - `elements`: fields and values in turn; of an entry with the master's fields the values alone,
//!   and of those one byte, [`SAME`], where the master has the same value.
//!
//! `size`, `seq`, `ms` and `count` take seven bits a byte, the lowest first, the high bit on all but
//! the last. Elements are those of the packed sequence.

use super::StreamId;
use crate::ds::blocks::block_size;
use crate::ds::packed::element::{self, Item};
#[cfg(feature = "snapshot")]
use crate::ds::prefetch::prefetch_bytes;

const DELETED: u8 = 1;
const SAME_FIELDS: u8 = 2;
const SAME_MS: u8 = 4;

/// In the place of a value: the one of the master. No element starts with this byte.
const SAME: u8 = 0xFF;

/// Entries end to end; see the [module](self). Never empty.
#[derive(Debug, Clone)]
pub(super) struct Block {
    bytes: Vec<u8>,
    /// Entries that are not deleted.
    pub(super) live: u32,
    /// All entries.
    pub(super) total: u32,
}

/// Where an entry lies in its block, and its id.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor {
    /// Offset of the head.
    start: usize,
    /// Offset of the count or of the elements.
    body: usize,
    /// Offset past the entry.
    pub(super) end: usize,
    head: u8,
    pub(super) id: StreamId,
}

impl Cursor {
    pub(super) fn is_deleted(&self) -> bool {
        self.head & DELETED != 0
    }

    #[cfg(feature = "snapshot")]
    pub(super) fn has_same_fields(&self) -> bool {
        self.head & SAME_FIELDS != 0
    }
}

impl Block {
    /// A block of one entry, with room for `capacity` bytes.
    pub(super) fn new<'f>(
        fields: impl ExactSizeIterator<Item = (&'f [u8], &'f [u8])>,
        raw: usize,
        capacity: usize,
    ) -> Block {
        let count = fields.len();
        let mut bytes = Vec::with_capacity(capacity.max(16));
        let start = Self::begin(&mut bytes, SAME_MS, raw, count);
        // The master's id is the block's key; what is counted from it is zero.
        bytes.push(0);
        push_all(&mut bytes, fields);
        Self::finish(&mut bytes, start);
        Block { bytes, live: 1, total: 1 }
    }

    /// Adds an entry; `raw` is the length of its fields and values together.
    pub(super) fn push<'f>(
        &mut self,
        master: StreamId,
        id: StreamId,
        fields: impl ExactSizeIterator<Item = (&'f [u8], &'f [u8])> + Clone,
        raw: usize,
    ) {
        let bytes = &mut self.bytes;
        let count = fields.len();
        let same_ms = if id.ms == master.ms { SAME_MS } else { 0 };
        let from = bytes.len();
        let start = Self::begin(bytes, SAME_FIELDS | same_ms, raw, count);
        push_id(bytes, master, id);
        if !push_values(bytes, fields.clone()) {
            bytes.truncate(from);
            Self::begin(bytes, same_ms, raw, count);
            push_id(bytes, master, id);
            push_all(bytes, fields);
        }
        Self::finish(bytes, start);
        self.live += 1;
        self.total += 1;
    }

    /// Writes a head and room for the size; what [`finish`](Self::finish) has to know.
    fn begin(bytes: &mut Vec<u8>, head: u8, raw: usize, count: usize) -> (usize, usize) {
        let start = bytes.len();
        // What precedes the elements takes 30 bytes at most, what precedes each string 5.
        let bound = 30 + raw + 10 * count;
        let width = match bound {
            0..0x80 => 1,
            0x80..0x4000 => 2,
            _ => 5,
        };
        bytes.push(head);
        bytes.resize(bytes.len() + width, 0);
        (start, width)
    }

    fn finish(bytes: &mut Vec<u8>, (start, width): (usize, usize)) {
        let mut rest = bytes.len() - start - 1 - width;
        for (i, byte) in bytes[start + 1..start + 1 + width].iter_mut().enumerate() {
            *byte = (rest & 0x7F) as u8 | if i + 1 == width { 0 } else { 0x80 };
            rest >>= 7;
        }
        let size = bytes.len() - start;
        let back = element::back_len_size(size);
        let at = bytes.len();
        bytes.resize(at + back, 0);
        element::write_back_len(size, &mut bytes[at..]);
    }

    /// Hints that its entries will be read.
    #[cfg(feature = "snapshot")]
    pub(super) fn fetch(&self) {
        prefetch_bytes(&self.bytes);
    }

    /// How many bytes of entries there are.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Bytes allocated.
    pub(super) fn heap_size(&self) -> usize {
        block_size(self.bytes.capacity())
    }

    /// Gives back the room behind the last entry.
    pub(super) fn seal(&mut self) {
        if self.bytes.capacity() > self.bytes.len() {
            // Allocators leave memory that shrinks a little as it is, so it is copied.
            self.bytes = self.bytes.as_slice().to_vec();
        }
    }

    /// The first entry.
    pub(super) fn first(&self, master: StreamId) -> Cursor {
        self.cursor(0, master)
    }

    /// The entry behind one that ends at `end`.
    pub(super) fn after(&self, end: usize, master: StreamId) -> Option<Cursor> {
        (end < self.bytes.len()).then(|| self.cursor(end, master))
    }

    /// The last entry.
    pub(super) fn last(&self, master: StreamId) -> Cursor {
        self.ending(self.bytes.len(), master)
    }

    /// The entry before this one.
    pub(super) fn before(&self, cursor: &Cursor, master: StreamId) -> Option<Cursor> {
        (cursor.start > 0).then(|| self.ending(cursor.start, master))
    }

    fn ending(&self, end: usize, master: StreamId) -> Cursor {
        let (size, back) = element::read_back_len(&self.bytes[..end]);
        self.cursor(end - back - size, master)
    }

    fn cursor(&self, start: usize, master: StreamId) -> Cursor {
        let head = self.bytes[start];
        let mut at = start + 1;
        let size = number(&self.bytes, &mut at) as usize;
        let size_before_back = at + size - start;
        let end = start + size_before_back + element::back_len_size(size_before_back);
        let seq = number(&self.bytes, &mut at);
        let id = if head & SAME_MS != 0 {
            StreamId::new(master.ms, master.seq.wrapping_add(seq))
        } else {
            let ms = number(&self.bytes, &mut at);
            StreamId::new(master.ms.wrapping_add(ms), seq)
        };
        Cursor { start, body: at, end, head, id }
    }

    /// The first entry from `at` on whose id is not below `id`.
    pub(super) fn seek(&self, id: StreamId, master: StreamId) -> Option<Cursor> {
        let mut cursor = self.first(master);
        while cursor.id < id {
            cursor = self.after(cursor.end, master)?;
        }
        Some(cursor)
    }

    /// Marks an entry as deleted, which it must not be yet.
    pub(super) fn delete(&mut self, cursor: &Cursor) {
        debug_assert!(self.bytes[cursor.start] & DELETED == 0);
        self.bytes[cursor.start] |= DELETED;
        self.live -= 1;
    }

    /// An entry's fields and values.
    pub(super) fn fields(&self, cursor: &Cursor) -> Fields<'_> {
        let bytes = &self.bytes[..];
        let mut body = cursor.body;
        if cursor.head & SAME_FIELDS == 0 {
            let left = number(bytes, &mut body) as usize;
            return Fields { bytes, own: body, master: None, left };
        }
        let (left, master) = master_elements(bytes);
        Fields { bytes, own: body, master: Some(master), left }
    }
}

/// The number of fields of a block's first entry, and where its elements begin.
fn master_elements(bytes: &[u8]) -> (usize, usize) {
    let mut at = 1;
    number(bytes, &mut at);
    // Its seq, counted from itself.
    at += 1;
    let count = number(bytes, &mut at) as usize;
    (count, at)
}

/// Writes fields and values, how many there are before them.
fn push_all<'f>(bytes: &mut Vec<u8>, fields: impl ExactSizeIterator<Item = (&'f [u8], &'f [u8])>) {
    push_number(bytes, fields.len() as u64);
    for (field, value) in fields {
        Item::from(field).write(bytes);
        Item::from(value).write(bytes);
    }
}

/// Writes the values of an entry that has the master's fields; false if it has others.
fn push_values<'f>(
    bytes: &mut Vec<u8>,
    fields: impl ExactSizeIterator<Item = (&'f [u8], &'f [u8])>,
) -> bool {
    let (count, mut at) = master_elements(bytes);
    if count != fields.len() {
        return false;
    }
    for (field, value) in fields {
        let (theirs, size) = element::read(&bytes[at..]);
        if !is(theirs, field) {
            return false;
        }
        at += size;
        let value = Item::from(value);
        let (theirs, size) = element::read(&bytes[at..]);
        at += size;
        if theirs == value {
            bytes.push(SAME);
        } else {
            value.write(bytes);
        }
    }
    true
}

#[inline]
fn is(item: Item<'_>, bytes: &[u8]) -> bool {
    match item {
        Item::Bytes(own) => own == bytes,
        Item::Int(_) => item == Item::from(bytes),
    }
}

fn push_id(bytes: &mut Vec<u8>, master: StreamId, id: StreamId) {
    if id.ms == master.ms {
        push_number(bytes, id.seq - master.seq);
    } else {
        push_number(bytes, id.seq);
        push_number(bytes, id.ms - master.ms);
    }
}

fn push_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

#[inline]
fn number(bytes: &[u8], at: &mut usize) -> u64 {
    let (mut number, mut shift) = (0, 0);
    loop {
        let byte = bytes[*at];
        *at += 1;
        number |= u64::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return number;
        }
        shift += 7;
    }
}

/// The fields of one entry with their values, in the order in which they were given.
#[derive(Debug, Clone)]
pub(crate) struct Fields<'a> {
    bytes: &'a [u8],
    /// Offset of the entry's next element.
    own: usize,
    /// Offset of the master's next element, if the entry has its fields.
    master: Option<usize>,
    left: usize,
}

impl<'a> Fields<'a> {
    /// The next field and its value, each as `read` reads it from the start of bytes, with the bytes it takes.
    #[inline]
    fn step<T>(&mut self, read: impl Fn(&'a [u8]) -> (T, usize)) -> Option<(T, T)> {
        self.left = self.left.checked_sub(1)?;
        let bytes = self.bytes;
        let next = |at: &mut usize| {
            let (element, size) = read(&bytes[*at..]);
            *at += size;
            element
        };
        let Some(master) = &mut self.master else {
            return Some((next(&mut self.own), next(&mut self.own)));
        };
        let field = next(master);
        let value = if bytes[self.own] == SAME {
            self.own += 1;
            next(master)
        } else {
            *master += element::skip(&bytes[*master..]);
            next(&mut self.own)
        };
        Some((field, value))
    }

    /// The next field and its value, as the elements are spelled.
    #[cfg(feature = "snapshot")]
    #[inline]
    pub(crate) fn next_spelled(&mut self) -> Option<(&'a [u8], &'a [u8])> {
        self.step(|bytes| {
            let size = element::skip(bytes);
            (&bytes[..size], size)
        })
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (Item<'a>, Item<'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.step(element::read)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Fields<'_> {}
