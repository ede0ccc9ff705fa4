//! The index: which leaf a member is in.
//!
//! An item does not say which member of the leaf it stands for: its leaf and 32 bits of the hash are
//! all it has. Two members of one leaf whose hashes agree in these bits have equal items, and
//! either serves for both.

use super::RankTree;
use super::run::Run;
use crate::ds::table::{Dense, Entry, Rehash, Table};

/// One member: its leaf and the low bits of its hash, which is all that the table asks for
/// below 2^32 buckets.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item {
    pub(super) leaf: u32,
    pub(super) hash: u32,
}

/// Tells the table an item's hash.
pub(super) struct Stored;

impl Rehash<Item> for Stored {
    #[inline]
    fn rehash(&self, item: &Item) -> u64 {
        item.hash.into()
    }
}

/// The part of a hash by which a leaf knows its members: among the bits that items store, and not
/// those that choose the bucket, nor the table's tag.
#[inline(always)]
pub(super) fn tag(hash: u64) -> u8 {
    (hash >> 24) as u8
}

/// Adds an item for a member of this hash.
#[inline]
pub(super) fn add(index: &mut Table<Item, Dense>, hash: u64, leaf: u32) {
    match index.entry(hash, |_| false) {
        Entry::Vacant(place) => drop(place.insert(Item { leaf, hash: hash as u32 }, &Stored)),
        Entry::Occupied(_) => unreachable!("nothing was equal"),
    }
}

fn entry(index: &mut Table<Item, Dense>, hash: u64, leaf: u32) -> Entry<'_, Item, Dense> {
    index.entry(hash, |item| item.leaf == leaf && item.hash == hash as u32)
}

/// Removes the item of a member of this hash in that leaf.
pub(super) fn remove(index: &mut Table<Item, Dense>, hash: u64, leaf: u32) {
    match entry(index, hash, leaf) {
        Entry::Occupied(item) => drop(item.remove()),
        Entry::Vacant(_) => unreachable!("each member has an item"),
    }
}

/// Writes the item of a member of this hash anew, as the member went from one leaf to another.
pub(super) fn moved(index: &mut Table<Item, Dense>, hash: u64, from: u32, to: u32) {
    match entry(index, hash, from) {
        Entry::Occupied(mut item) => item.get_mut().leaf = to,
        Entry::Vacant(_) => unreachable!("each member has an item"),
    }
}

impl RankTree {
    /// The hashes of members of a run, their buckets being fetched from memory meanwhile.
    pub(super) fn hashes(&self, run: &Run, range: std::ops::Range<usize>) -> Hashes {
        let hashes: Hashes = range.map(|i| self.hash(run.member(i))).collect();
        hashes.iter().for_each(|hash| self.index.prefetch(*hash));
        hashes
    }
}

/// Hashes of members of one run.
pub(super) type Hashes = smallvec::SmallVec<[u64; super::run::CAPACITY]>;
