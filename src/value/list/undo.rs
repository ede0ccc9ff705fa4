//! What undoes the changes of a chunked list.

use crate::ds::list::{ChunkedList, End};
use crate::ds::packed::Item;
use crate::value::undo::UndoLog;

/// Elements that are kept one by one when they are removed from the middle; of more, the whole list is.
const FEW: usize = 64;

/// A change that may be undone.
#[derive(Debug)]
pub(crate) enum Change {
    Pushed(End),
    Popped(End, Box<[u8]>),
    /// The element of this index was another.
    Set(usize, Box<[u8]>),
    Inserted(usize),
    /// From this index on, these elements are missing.
    Removed(usize, Vec<Box<[u8]>>),
    /// More was changed than is worth telling apart; this is the list before.
    Was(Box<ChunkedList>),
}

fn owned(item: Item<'_>) -> Box<[u8]> {
    item.bytes(&mut itoa::Buffer::new()).into()
}

/// A chunked list to be changed, and where its changes are kept.
pub(super) struct Logged<'l> {
    pub(super) chunks: &'l mut ChunkedList,
    pub(super) log: &'l mut UndoLog<Change>,
}

impl Logged<'_> {
    #[inline]
    pub(super) fn push(&mut self, end: End, item: Item<'_>) {
        self.chunks.push(end, item);
        self.log.push(|| Change::Pushed(end));
    }

    #[inline]
    pub(super) fn pop_with<R>(&mut self, end: End, show: impl FnOnce(Item<'_>) -> R) -> Option<R> {
        let Logged { chunks, log } = self;
        chunks.pop_with(end, |item| {
            log.push(|| Change::Popped(end, owned(item)));
            show(item)
        })
    }

    pub(super) fn set(&mut self, index: usize, item: Item<'_>) -> bool {
        if self.log.is_on()
            && let Some(old) = self.chunks.get(index)
        {
            self.log.push(|| Change::Set(index, owned(old)));
        }
        self.chunks.set(index, item)
    }

    pub(super) fn insert(&mut self, index: usize, after: bool, item: Item<'_>) {
        let place = (index + usize::from(after)).min(self.chunks.len());
        self.chunks.insert(index, after, item);
        self.log.push(|| Change::Inserted(place));
    }

    pub(super) fn remove_range(&mut self, index: usize, n: usize) {
        if self.log.is_on() {
            let n = n.min(self.chunks.len().saturating_sub(index));
            if n <= FEW {
                let gone = (index..index + n).filter_map(|i| self.chunks.get(i)).map(owned);
                let gone = gone.collect();
                self.log.push(|| Change::Removed(index, gone));
            } else {
                self.keep_whole();
            }
        }
        self.chunks.remove_range(index, n);
    }

    pub(super) fn remove_matches(&mut self, wanted: Item<'_>, from: End, limit: usize) -> usize {
        self.keep_whole();
        self.chunks.remove_matches(wanted, from, limit)
    }

    fn keep_whole(&mut self) {
        let chunks = &self.chunks;
        self.log.push(|| Change::Was(Box::new((**chunks).clone())));
    }

    /// Undoes all that was kept.
    pub(super) fn undo(&mut self) {
        for change in self.log.end() {
            match change {
                Change::Pushed(end) => _ = self.chunks.pop_with(end, |_| {}),
                Change::Popped(end, element) => self.chunks.push(end, Item::from(&element[..])),
                Change::Set(index, element) => {
                    self.chunks.set(index, Item::from(&element[..]));
                }
                Change::Inserted(index) => self.chunks.remove_range(index, 1),
                Change::Removed(index, elements) => {
                    for (i, element) in elements.iter().enumerate() {
                        self.chunks.insert(index + i, false, Item::from(&element[..]));
                    }
                }
                Change::Was(chunks) => *self.chunks = *chunks,
            }
        }
    }
}
