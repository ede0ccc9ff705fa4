//! Reading lists.

use super::{BigList, COUNT};
use crate::ds::list::{ChunkedList, Iter, Pack};
use crate::ds::packed::Item;
use crate::ds::packed::chain::{Chain, Links};
use crate::value::{StoredRef, Type, View};

/// A list as a reader sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ListRef<'a> {
    /// `count` elements end to end.
    Pack {
        elements: &'a [u8],
        count: usize,
    },
    Chunks(&'a ChunkedList),
}

impl<'a> ListRef<'a> {
    #[inline]
    pub(super) fn of_pack(pack: &'a Pack) -> ListRef<'a> {
        ListRef::Pack { elements: pack.bytes(), count: pack.count() }
    }

    #[inline]
    pub(crate) fn len(self) -> usize {
        match self {
            ListRef::Pack { count, .. } => count,
            ListRef::Chunks(chunks) => chunks.len(),
        }
    }

    /// How many runs of elements it is kept in.
    pub(crate) fn nodes(self) -> usize {
        match self {
            ListRef::Pack { .. } => 1,
            ListRef::Chunks(chunks) => chunks.nodes(),
        }
    }

    /// The elements as they are kept.
    #[cfg(feature = "snapshot")]
    pub(crate) fn runs(self) -> impl Iterator<Item = crate::ds::list::Run<'a>> {
        let (pack, chunks) = match self {
            ListRef::Pack { elements, count } => {
                (Some(crate::ds::list::Run::Pack(elements, count)), None)
            }
            ListRef::Chunks(chunks) => (None, Some(chunks.runs())),
        };
        pack.into_iter().chain(chunks.into_iter().flatten())
    }

    /// The element of this index.
    #[inline]
    pub(crate) fn get(self, index: usize) -> Option<Item<'a>> {
        match self {
            ListRef::Pack { elements, count } if index < count => {
                let chain = Chain::new(elements);
                chain.read(chain.seek(index, count)).map(|(item, _)| item)
            }
            ListRef::Pack { .. } => None,
            ListRef::Chunks(chunks) => chunks.get(index),
        }
    }

    /// The elements from the one with this index on; [`ListIter::back`] walks those before it.
    #[inline]
    pub(crate) fn iter_from(self, index: usize) -> ListIter<'a> {
        match self {
            ListRef::Pack { elements, count } => {
                let at = Chain::new(elements).seek(index.min(count), count);
                let (behind, ahead) = elements.split_at(at);
                ListIter::Pack { ahead: Links::new(ahead), behind: Links::new(behind) }
            }
            ListRef::Chunks(chunks) => ListIter::Chunks(chunks.iter_from(index)),
        }
    }
}

impl<'a> View<'a> for ListRef<'a> {
    const TYPE: Type = Type::List;

    #[inline]
    fn of(stored: StoredRef<'a>) -> ListRef<'a> {
        match stored {
            StoredRef::Packed(_, bytes) => {
                let (count, elements) = bytes.split_first_chunk::<COUNT>().expect("not empty");
                ListRef::Pack { elements, count: u16::from_le_bytes(*count).into() }
            }
            StoredRef::Big(big) => StoredRef::expect_big::<BigList>(big).view(),
        }
    }
}

/// The elements of a list, from a place in it on and back from there.
#[derive(Debug, Clone)]
pub(crate) enum ListIter<'a> {
    Pack { ahead: Links<'a>, behind: Links<'a> },
    Chunks(Iter<'a>),
}

impl<'a> ListIter<'a> {
    /// The element before all that this has shown.
    #[inline]
    pub(crate) fn back(&mut self) -> Option<Item<'a>> {
        match self {
            ListIter::Pack { behind, .. } => behind.next_back(),
            ListIter::Chunks(iter) => iter.back(),
        }
    }
}

impl<'a> Iterator for ListIter<'a> {
    type Item = Item<'a>;

    #[inline]
    fn next(&mut self) -> Option<Item<'a>> {
        match self {
            ListIter::Pack { ahead, .. } => ahead.next(),
            ListIter::Chunks(iter) => iter.next(),
        }
    }
}
