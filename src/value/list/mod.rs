//! Lists: one pack of elements while they are small, a chunked list beyond that.
//!
//! | form | when | `OBJECT ENCODING` |
//! |---|---|---|
//! | `Small`: behind the key | up to [`SMALL`] bytes | `listpack` |
//! | `Big`: one pack apart | within `list-max-listpack-size` | `listpack` |
//! | `Big`: a chunked list | beyond it | `quicklist` |
//!
//! When a list turns into a quicklist and back is decided as Redis decides it, with the same
//! arithmetic: before it grows, by the bytes of the words that are to be added; after it shrank, when one
//! node is left and that is within half of the limit. The small form is ours: a change copies it
//! out of its entry and back, so that it must stay short.

mod read;
#[cfg(test)]
mod tests;
mod undo;

pub(crate) use read::ListRef;
use undo::{Change, Logged};

use crate::config::{EncodingLimit, Limits};
use crate::ds::blocks::block_size;
use crate::ds::list::{ChunkedList, FRAME, Fill, Pack};
use crate::ds::packed::Item;
use crate::value::undo::UndoLog;
use crate::value::{Big, Collection, Encoding, Packing, Stored, Type};

pub(crate) use crate::ds::list::End;

/// The most bytes of a list that is kept behind its key.
const SMALL: usize = 512;
/// What a list apart shrinks to before it goes back there.
const SMALL_AGAIN: usize = 256;
/// Bytes in front of the elements behind a key: how many elements.
const COUNT: usize = 2;

/// A list, to be changed.
#[derive(Debug)]
pub(crate) enum List {
    Small(Pack),
    Big(Box<BigList>),
}

/// A list apart from its key.
#[derive(Debug, Clone)]
pub(crate) enum BigList {
    Pack(Pack),
    Chunks(ChunkedList, UndoLog<Change>),
}

/// Where the elements are, to be changed.
enum Form<'l> {
    Pack(&'l mut Pack),
    Chunks(Logged<'l>),
}

/// A list that is put together from its first element on.
#[derive(Debug)]
pub(crate) struct ListBuilder(ChunkedList);

impl ListBuilder {
    pub(crate) fn new(limits: &Limits) -> ListBuilder {
        ListBuilder(ChunkedList::new(List::fill(limits)))
    }

    /// Adds an element behind the others.
    pub(crate) fn push(&mut self, item: Item<'_>) {
        self.0.push(End::Back, item);
    }

    /// Adds an element behind the others that begins a node.
    #[cfg(feature = "snapshot")]
    pub(crate) fn push_node(&mut self, item: Item<'_>) {
        self.0.push_node(item);
    }

    /// Adds an element behind the others that is kept apart, however small it is.
    #[cfg(feature = "snapshot")]
    pub(crate) fn push_apart(&mut self, bytes: &[u8]) {
        self.0.push_apart(bytes);
    }

    /// Adds `count` elements, end to end with their lengths behind them, as one node, if that may be as large. Returns
    /// whether it may.
    #[cfg(feature = "snapshot")]
    pub(crate) fn push_chain(&mut self, elements: &[u8], count: usize) -> bool {
        self.0.push_chain(elements, count)
    }

    #[cfg(feature = "snapshot")]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.len() == 0
    }

    /// The list, in the form that suits it.
    pub(crate) fn finish(mut self, limits: &Limits) -> List {
        let chunks = &mut self.0;
        let fits = |pack: &Pack| !List::fill(limits).exceeded(pack.size(), pack.count());
        match chunks.single_pack().is_some_and(fits).then(|| chunks.take_pack()).flatten() {
            Some(pack) => List::Small(pack),
            None if chunks.len() == 0 => List::default(),
            None => List::Big(Box::new(BigList::chunks(self.0))),
        }
    }
}

impl Default for List {
    fn default() -> List {
        List::Small(Pack::default())
    }
}

impl List {
    /// A list of these elements, as the result of a command (`SORT` `STORE`).
    pub(crate) fn of<'a>(elements: impl Iterator<Item = Item<'a>>, limits: &Limits) -> List {
        let mut list = ListBuilder::new(limits);
        elements.for_each(|item| list.push(item));
        list.finish(limits)
    }

    /// Reads it.
    pub(crate) fn as_ref(&self) -> ListRef<'_> {
        match self {
            List::Small(pack) => ListRef::of_pack(pack),
            List::Big(big) => big.view(),
        }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.as_ref().len()
    }

    /// How nodes are filled at present.
    #[inline]
    pub(crate) fn fill(limits: &Limits) -> Fill {
        Fill::new(limits.get(EncodingLimit::ListMaxListpackSize), limits.apart())
    }

    /// Prepares for `n` elements of `bytes` in all to be added.
    #[inline]
    pub(crate) fn expect(&mut self, n: usize, bytes: usize, limits: &Limits) {
        let Form::Pack(pack) = self.form() else { return };
        let fill = List::fill(limits);
        if fill.exceeded(pack.size() + bytes, pack.count() + n) {
            let pack = std::mem::take(pack);
            let chunks = ChunkedList::from_pack(pack, fill);
            *self = List::Big(Box::new(BigList::chunks(chunks)));
        }
    }

    /// Ends a change that may have made it smaller.
    #[inline]
    pub(crate) fn shrunk(&mut self, limits: &Limits) {
        let Form::Chunks(Logged { chunks, log }) = self.form() else { return };
        if log.is_on() {
            // What undoes its changes would be lost: it waits until they stand.
            return;
        }
        let fits = |pack: &Pack| List::fill(limits).is_half(pack.size(), pack.count());
        if chunks.single_pack().is_some_and(fits)
            && let Some(mut pack) = chunks.take_pack()
        {
            pack.settle();
            *self = List::Big(Box::new(BigList::Pack(pack)));
        }
    }

    /// Adds an element at an end. Amortised O(its bytes).
    #[inline]
    pub(crate) fn push(&mut self, end: End, item: Item<'_>, limits: &Limits) {
        match self.form() {
            Form::Pack(pack) => {
                let max = List::fill(limits).max_size() - FRAME;
                match end {
                    End::Front => pack.push_front(item, max),
                    End::Back => pack.push_back(item, max),
                }
            }
            Form::Chunks(mut chunks) => chunks.push(end, item),
        }
    }

    /// Shows the element at an end and removes it.
    #[inline]
    pub(crate) fn pop_with<R>(&mut self, end: End, show: impl FnOnce(Item<'_>) -> R) -> Option<R> {
        match self.form() {
            Form::Pack(pack) => {
                let item = match end {
                    End::Front => pack.front(),
                    End::Back => pack.back(),
                };
                let result = show(item?);
                match end {
                    End::Front => pack.drop_front(),
                    End::Back => pack.drop_back(),
                }
                Some(result)
            }
            Form::Chunks(mut chunks) => chunks.pop_with(end, show),
        }
    }

    /// Puts another element in the place of the one with this index; false if there is none.
    pub(crate) fn set(&mut self, index: usize, item: Item<'_>) -> bool {
        match self.form() {
            Form::Pack(pack) => {
                let there = index < pack.count();
                if there {
                    pack.replace(pack.seek(index), item);
                }
                there
            }
            Form::Chunks(mut chunks) => chunks.set(index, item),
        }
    }

    /// Adds an element in front of the one with this index, or behind it.
    pub(crate) fn insert(&mut self, index: usize, after: bool, item: Item<'_>) {
        match self.form() {
            Form::Pack(pack) => {
                let index = (index + usize::from(after)).min(pack.count());
                pack.insert(pack.seek(index), item);
            }
            Form::Chunks(mut chunks) => chunks.insert(index, after, item),
        }
    }

    /// Removes `n` elements from an index on, or as many as there are.
    pub(crate) fn remove_range(&mut self, index: usize, n: usize) {
        match self.form() {
            Form::Pack(pack) => {
                let from = index.min(pack.count());
                let to = index.saturating_add(n).min(pack.count());
                pack.remove(pack.seek(from), pack.seek(to), to - from);
            }
            Form::Chunks(mut chunks) => chunks.remove_range(index, n),
        }
    }

    /// Removes elements that are `wanted`, at most `limit`, from an end on. Returns how many.
    pub(crate) fn remove_matches(&mut self, wanted: Item<'_>, from: End, limit: usize) -> usize {
        match self.form() {
            Form::Pack(pack) => {
                let found = pack.find_all(wanted);
                let most = found.len().min(limit);
                pack.remove_each(match from {
                    End::Front => &found[..most],
                    End::Back => &found[found.len() - most..],
                });
                most
            }
            Form::Chunks(mut chunks) => chunks.remove_matches(wanted, from, limit),
        }
    }

    #[inline]
    fn form(&mut self) -> Form<'_> {
        match self {
            List::Small(pack) => Form::Pack(pack),
            List::Big(big) => match &mut **big {
                BigList::Pack(pack) => Form::Pack(pack),
                BigList::Chunks(chunks, log) => Form::Chunks(Logged { chunks, log }),
            },
        }
    }
}

impl Collection for List {
    const TYPE: Type = Type::List;

    #[inline]
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn restore(stored: Stored) -> List {
        match stored {
            Stored::Packed(_, bytes) => {
                let count = bytes.first_chunk().map_or(0, |count| u16::from_le_bytes(*count));
                List::Small(Pack::from_parts(bytes, COUNT, count.into()))
            }
            Stored::Big(big) => List::Big(Stored::expect_big(big)),
        }
    }

    fn store(self) -> Stored {
        let pack = match self {
            List::Small(pack) if pack.bytes().len() > SMALL => {
                let mut pack = pack;
                pack.settle();
                return Stored::Big(Box::new(BigList::Pack(pack)));
            }
            List::Small(pack) => pack,
            List::Big(mut big) => match &mut *big {
                BigList::Pack(pack) if pack.bytes().len() <= SMALL_AGAIN => std::mem::take(pack),
                _ => return Stored::Big(big),
            },
        };
        let count = u16::try_from(pack.count()).expect("no element takes less than two bytes");
        let mut bytes = pack.into_buffer(COUNT);
        bytes[..COUNT].copy_from_slice(&count.to_le_bytes());
        Stored::Packed(Packing::List, bytes)
    }
}

impl BigList {
    fn chunks(chunks: ChunkedList) -> BigList {
        BigList::Chunks(chunks, UndoLog::default())
    }

    #[inline]
    fn view(&self) -> ListRef<'_> {
        match self {
            BigList::Pack(pack) => ListRef::of_pack(pack),
            BigList::Chunks(chunks, _) => ListRef::Chunks(chunks),
        }
    }
}

impl Big for BigList {
    #[cfg(feature = "snapshot")]
    fn fetch(&self, step: usize) -> bool {
        match self {
            BigList::Pack(pack) => {
                pack.fetch();
                false
            }
            BigList::Chunks(chunks, _) => chunks.fetch(step),
        }
    }

    fn kind(&self) -> Type {
        Type::List
    }

    fn encoding(&self) -> Encoding {
        match self {
            BigList::Pack(_) => Encoding::Listpack,
            BigList::Chunks(..) => Encoding::Quicklist,
        }
    }

    fn heap_size(&self) -> usize {
        block_size(size_of::<BigList>())
            + match self {
                BigList::Pack(pack) => pack.heap_size(),
                BigList::Chunks(chunks, _) => chunks.heap_size(),
            }
    }

    fn effort(&self) -> usize {
        match self {
            BigList::Pack(_) => 2,
            BigList::Chunks(chunks, _) => 1 + chunks.effort(),
        }
    }

    fn keep_undo(&mut self) -> bool {
        match self {
            // Of no more than a few kilobytes.
            BigList::Pack(_) => false,
            BigList::Chunks(_, log) => {
                log.begin();
                true
            }
        }
    }

    fn keeps_undo(&self) -> bool {
        matches!(self, BigList::Chunks(_, log) if log.is_on())
    }

    fn undo(&mut self) {
        if let BigList::Chunks(chunks, log) = self {
            Logged { chunks, log }.undo();
        }
    }

    fn settle(&mut self) {
        let BigList::Chunks(chunks, log) = self else { return };
        drop(log.end());
        if chunks.single_pack().is_some_and(|pack| chunks.fill().is_half(pack.size(), pack.count()))
            && let Some(mut pack) = chunks.take_pack()
        {
            pack.settle();
            *self = BigList::Pack(pack);
        }
    }

    fn duplicate(&self) -> Box<dyn Big> {
        Box::new(self.clone())
    }
}
