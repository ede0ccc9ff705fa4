//! A node: elements packed end to end, or one large element apart.

use super::fill::{FRAME, Fill};
use crate::ds::blocks::block_size;
use crate::ds::packed::Item;
use crate::ds::packed::chain::{self, Chain, Links};
#[cfg(feature = "snapshot")]
use crate::ds::prefetch::prefetch_bytes;

/// What a pack may waste before it is made to fit.
const WASTE: usize = 32;
/// Up to here bytes are moved rather than room kept in front of them.
const SHORT: usize = 512;
/// The first room of a pack that grows.
const FIRST: usize = 64;

/// Part of a list, never empty.
#[derive(Debug, Clone)]
pub(super) enum Node {
    Pack(Pack),
    Apart(Box<[u8]>),
}

impl Node {
    /// Hints that its elements will be read.
    #[cfg(feature = "snapshot")]
    pub(super) fn fetch(&self) {
        match self {
            Node::Pack(pack) => pack.fetch(),
            Node::Apart(bytes) => prefetch_bytes(bytes),
        }
    }

    /// A node of one element.
    pub(super) fn of(item: Item<'_>, fill: Fill) -> Node {
        if fill.is_large(item.len()) {
            return Node::Apart(item.to_vec().into());
        }
        let mut pack = Pack::default();
        pack.insert(0, item);
        Node::Pack(pack)
    }

    #[inline]
    pub(super) fn count(&self) -> usize {
        match self {
            Node::Pack(pack) => pack.count(),
            Node::Apart(_) => 1,
        }
    }

    /// Bytes asked for.
    #[inline]
    pub(super) fn room(&self) -> usize {
        match self {
            Node::Pack(pack) => pack.buffer.capacity(),
            Node::Apart(bytes) => bytes.len(),
        }
    }

    /// Bytes allocated.
    #[inline]
    pub(super) fn heap_size(&self) -> usize {
        block_size(self.room())
    }

    /// Whether there is room for a string of `len` bytes.
    #[inline]
    pub(super) fn admits(&self, fill: Fill, len: usize) -> bool {
        match self {
            Node::Pack(pack) => fill.admits(pack.size(), pack.count(), len),
            Node::Apart(_) => false,
        }
    }

    /// The elements.
    #[inline]
    pub(super) fn items(&self) -> Items<'_> {
        match self {
            Node::Pack(pack) => Items { links: Links::new(pack.bytes()), apart: None },
            Node::Apart(bytes) => Items { links: Links::default(), apart: Some(bytes) },
        }
    }

    /// The elements from the one with this index on, and those before it.
    #[inline]
    pub(super) fn items_from(&self, index: usize) -> (Items<'_>, Items<'_>) {
        match self {
            Node::Pack(pack) => {
                let (before, from) = pack.bytes().split_at(pack.seek(index));
                let items = |part| Items { links: Links::new(part), apart: None };
                (items(from), items(before))
            }
            Node::Apart(_) if index == 0 => (self.items(), Items::default()),
            Node::Apart(_) => (Items::default(), self.items()),
        }
    }

    /// Gives back the room that it has for more, unless that is little.
    pub(super) fn settle(&mut self) {
        if let Node::Pack(pack) = self {
            pack.settle();
        }
    }
}

/// The elements of a node, from both ends.
#[derive(Debug, Clone, Default)]
pub(super) struct Items<'a> {
    links: Links<'a>,
    apart: Option<&'a [u8]>,
}

impl<'a> Iterator for Items<'a> {
    type Item = Item<'a>;

    #[inline]
    fn next(&mut self) -> Option<Item<'a>> {
        self.links.next().or_else(|| self.apart.take().map(Item::from))
    }
}

impl<'a> DoubleEndedIterator for Items<'a> {
    #[inline]
    fn next_back(&mut self) -> Option<Item<'a>> {
        self.links.next_back().or_else(|| self.apart.take().map(Item::from))
    }
}

/// Elements in one buffer, with room before them, behind them, or neither.
///
/// ```text
/// buffer: [ room, `start` bytes ][ chain of `count` elements ][ spare capacity ]
/// ```
#[derive(Debug, Clone, Default)]
pub(crate) struct Pack {
    buffer: Vec<u8>,
    start: u32,
    count: u32,
}

impl Pack {
    /// Hints that its elements will be read.
    #[cfg(feature = "snapshot")]
    pub(crate) fn fetch(&self) {
        prefetch_bytes(self.bytes());
    }

    /// The elements in `buffer` from `start` on, `count` of them.
    pub(crate) fn from_parts(buffer: Vec<u8>, start: usize, count: usize) -> Pack {
        let narrow = |n: usize| u32::try_from(n).expect("a pack is far below 4 GB");
        Pack { start: narrow(start), count: narrow(count), buffer }
    }

    /// The buffer with `room` bytes in front of the elements.
    pub(crate) fn into_buffer(mut self, room: usize) -> Vec<u8> {
        let start = self.start as usize;
        if start > room {
            self.buffer.drain(..start - room);
        } else if start < room {
            let missing = room - start;
            self.buffer.splice(..0, std::iter::repeat_n(0, missing));
        }
        self.buffer
    }

    /// Bytes allocated.
    #[inline]
    pub(crate) fn heap_size(&self) -> usize {
        block_size(self.buffer.capacity())
    }

    /// The elements' bytes.
    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.buffer[self.start as usize..]
    }

    #[inline]
    pub(crate) fn count(&self) -> usize {
        self.count as usize
    }

    /// Bytes that the elements would take as a listpack.
    #[inline]
    pub(crate) fn size(&self) -> usize {
        self.buffer.len() - self.start as usize + FRAME
    }

    #[inline]
    fn chain(&self) -> Chain<'_> {
        Chain::new(self.bytes())
    }

    /// The offset of the element with this index, the end for `count`.
    #[inline]
    pub(crate) fn seek(&self, index: usize) -> usize {
        self.chain().seek(index, self.count())
    }

    /// The element at an offset.
    #[inline]
    pub(crate) fn at(&self, offset: usize) -> Option<Item<'_>> {
        self.chain().read(offset).map(|(item, _)| item)
    }

    /// Adds an element at the end; the room grows to `max` bytes if it must.
    #[inline]
    pub(crate) fn push_back(&mut self, item: Item<'_>, max: usize) {
        let (size, len) = (chain::size(item), self.buffer.len());
        if self.buffer.capacity() - len < size {
            self.make_room_behind(size, max);
        }
        let len = self.buffer.len();
        self.buffer.resize(len + size, 0);
        chain::write(item, &mut self.buffer[len..]);
        self.count += 1;
    }

    /// Adds an element at the front; the room grows to `max` bytes if it must.
    #[inline]
    pub(crate) fn push_front(&mut self, item: Item<'_>, max: usize) {
        let size = chain::size(item);
        if (self.start as usize) < size {
            let spare = self.buffer.capacity() - self.buffer.len();
            if spare >= size && self.bytes().len() <= SHORT {
                return self.insert(0, item);
            }
            self.make_room_in_front(size, max);
        }
        let start = self.start as usize;
        chain::write(item, &mut self.buffer[start - size..start]);
        self.start -= size as u32;
        self.count += 1;
    }

    /// Removes the first element; it must not be empty.
    #[inline]
    pub(crate) fn drop_front(&mut self) {
        self.start += self.chain().after(0) as u32;
        self.count -= 1;
    }

    /// Removes the last element; it must not be empty.
    #[inline]
    pub(crate) fn drop_back(&mut self) {
        let end = self.chain().before(self.bytes().len());
        self.buffer.truncate(self.start as usize + end);
        self.count -= 1;
    }

    /// The first element.
    #[inline]
    pub(crate) fn front(&self) -> Option<Item<'_>> {
        self.at(0)
    }

    /// The last element.
    #[inline]
    pub(crate) fn back(&self) -> Option<Item<'_>> {
        self.chain().read_back(self.bytes().len()).map(|(item, _)| item)
    }

    /// Adds an element at an offset.
    pub(crate) fn insert(&mut self, offset: usize, item: Item<'_>) {
        self.open(offset, 0, item);
        self.count += 1;
    }

    /// Puts another element in the place of the one at an offset.
    pub(crate) fn replace(&mut self, offset: usize, item: Item<'_>) {
        self.open(offset, self.chain().after(offset) - offset, item);
    }

    /// Removes the `n` elements between two offsets.
    pub(crate) fn remove(&mut self, from: usize, to: usize, n: usize) {
        if from == 0 {
            self.start += to as u32;
        } else {
            let start = self.start as usize;
            self.buffer.drain(start + from..start + to);
        }
        self.count -= n as u32;
    }

    /// Removes the elements at these offsets, ascending.
    pub(crate) fn remove_each(&mut self, offsets: &[usize]) {
        let Some(&first) = offsets.first() else { return };
        let start = self.start as usize;
        let mut into = start + first;
        for (i, &at) in offsets.iter().enumerate() {
            let from = start + self.chain_after(at);
            let to = offsets.get(i + 1).map_or(self.buffer.len(), |&next| start + next);
            self.buffer.copy_within(from..to, into);
            into += to - from;
        }
        self.buffer.truncate(into);
        self.count -= offsets.len() as u32;
    }

    /// Where the element ends that starts at `at`. What lies before may have been moved: nothing
    /// behind `at` has.
    fn chain_after(&self, at: usize) -> usize {
        self.chain().after(at)
    }

    /// The offsets of the elements that are `wanted`.
    pub(crate) fn find_all(&self, wanted: Item<'_>) -> Vec<usize> {
        let (chain, mut at, mut found) = (self.chain(), 0, Vec::new());
        while let Some((item, next)) = chain.read(at) {
            if item == wanted {
                found.push(at);
            }
            at = next;
        }
        found
    }

    /// Splits off the elements from the one with this index on.
    pub(crate) fn split_off(&mut self, index: usize) -> Pack {
        let at = self.start as usize + self.seek(index);
        let rest = self.buffer[at..].to_vec();
        let rest = Pack::from_parts(rest, 0, self.count() - index);
        self.buffer.truncate(at);
        self.count = index as u32;
        self.settle();
        rest
    }

    /// Adds the elements of another at the end.
    pub(crate) fn append(&mut self, other: &Pack) {
        self.buffer.reserve_exact(other.bytes().len());
        self.buffer.extend_from_slice(other.bytes());
        self.count += other.count;
        self.settle();
    }

    /// Gives back the room around the elements, unless it is little.
    pub(crate) fn settle(&mut self) {
        let len = self.bytes().len();
        if self.buffer.capacity() - len > WASTE + len / 64 {
            self.buffer = self.bytes().to_vec();
            self.start = 0;
        }
    }

    /// Writes `item` where `old` bytes are, moving what is behind.
    fn open(&mut self, offset: usize, old: usize, item: Item<'_>) {
        let (at, len, new) = (self.start as usize + offset, self.buffer.len(), chain::size(item));
        if new > old {
            if self.buffer.capacity() < len + new - old {
                self.buffer.reserve_exact(new - old);
            }
            self.buffer.resize(len + new - old, 0);
        }
        self.buffer.copy_within(at + old..len, at + new);
        if new < old {
            self.buffer.truncate(len + new - old);
        }
        chain::write(item, &mut self.buffer[at..at + new]);
    }

    /// The capacity to grow to, so that `size` more bytes fit.
    fn roomy(&self, size: usize, max: usize) -> usize {
        let len = self.bytes().len();
        (2 * len).clamp(FIRST, max.max(FIRST)).max(len + size)
    }

    /// Makes room for `size` bytes behind the elements: that in front of them if it is worth
    /// moving them, more memory otherwise.
    #[cold]
    fn make_room_behind(&mut self, size: usize, max: usize) {
        let (start, len) = (self.start as usize, self.bytes().len());
        if start >= size.max(len / 4) {
            self.buffer.drain(..start);
        } else {
            let mut buffer = Vec::with_capacity(self.roomy(size, max));
            buffer.extend_from_slice(self.bytes());
            self.buffer = buffer;
        }
        self.start = 0;
    }

    /// Makes room for `size` bytes in front of the elements, as above.
    #[cold]
    fn make_room_in_front(&mut self, size: usize, max: usize) {
        let (start, len) = (self.start as usize, self.bytes().len());
        let room = self.buffer.capacity() - len;
        if room >= size.max(len / 4) {
            self.buffer.resize(len + room, 0);
            self.buffer.copy_within(start..start + len, room);
            self.start = room as u32;
        } else {
            let capacity = self.roomy(size, max);
            let mut buffer = Vec::with_capacity(capacity);
            buffer.resize(capacity - len, 0);
            buffer.extend_from_slice(self.bytes());
            self.start = (capacity - len) as u32;
            self.buffer = buffer;
        }
    }
}
