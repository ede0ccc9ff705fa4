//! An ordered map in two levels: chunks of pairs, in a deque of chunks.
//!
//! ```text
//! chunks: [ (k v)(k v)… ][ (k v)(k v)… ] … [ (k v)…   ]   each a deque of at most 128 pairs
//! ```
//!
//! For what is mostly added at one end and removed at the other: the blocks of a stream, the
//! entries that wait for an acknowledgement. Both ends cost O(1); looking up is two binary
//! searches; adding or removing in the middle moves at most half a chunk, and now and then
//! half the list of chunks, 32 bytes for every hundred pairs.
//!
//! Invariants: no chunk is empty; keys ascend within a chunk and from chunk to chunk.
//!
//! Rejected: `BTreeMap`, which does not tell how much it allocated and keeps its nodes half full
//! when keys ascend; one sorted vector, whose growth copies it as a whole.

use std::borrow::Borrow;
use std::collections::VecDeque;
use std::mem::size_of;

#[cfg(feature = "snapshot")]
use super::prefetch::prefetch_whole;

/// How many pairs a chunk holds at most.
const CHUNK: usize = 128;

type Chunk<K, V> = VecDeque<(K, V)>;

/// The map; see the [module](self).
#[derive(Debug)]
pub(crate) struct Ordered<K, V> {
    chunks: VecDeque<Chunk<K, V>>,
    len: usize,
    /// How many pairs the chunks have room for together.
    room: usize,
}

/// A place in a map, valid until the map is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    chunk: usize,
    at: usize,
}

impl<K, V> Default for Ordered<K, V> {
    fn default() -> Self {
        Ordered { chunks: VecDeque::new(), len: 0, room: 0 }
    }
}

impl<K: Clone, V: Clone> Clone for Ordered<K, V> {
    fn clone(&self) -> Self {
        let chunks = self.chunks.clone();
        // A clone has less room.
        let room = chunks.iter().map(VecDeque::capacity).sum();
        Ordered { chunks, len: self.len, room }
    }
}

impl<K: Ord, V> Ordered<K, V> {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Bytes allocated, without what keys and values own themselves.
    pub(crate) fn heap_size(&self) -> usize {
        self.chunks.capacity() * size_of::<Chunk<K, V>>() + self.room * size_of::<(K, V)>()
    }

    /// About how many allocations freeing the map gives back.
    pub(crate) fn effort(&self) -> usize {
        self.chunks.len()
    }

    /// Hints that it will be read from its start: at step 0 what it owns, at step 1 the first pair.
    #[cfg(feature = "snapshot")]
    pub(crate) fn fetch(&self, step: usize) {
        let Some(first) = self.chunks.front() else { return };
        match step {
            0 => prefetch_whole(first),
            _ => first.front().into_iter().for_each(prefetch_whole),
        }
    }

    /// The pair at a place.
    pub(crate) fn at(&self, place: Place) -> Option<(&K, &V)> {
        let (key, value) = self.chunks.get(place.chunk)?.get(place.at)?;
        Some((key, value))
    }

    /// The value at a place, to be changed.
    pub(crate) fn at_mut(&mut self, place: Place) -> Option<&mut V> {
        self.chunks.get_mut(place.chunk)?.get_mut(place.at).map(|(_, value)| value)
    }

    /// The first place, if the map is not empty.
    pub(crate) fn first(&self) -> Option<Place> {
        (self.len > 0).then_some(Place { chunk: 0, at: 0 })
    }

    /// The last place, if the map is not empty.
    pub(crate) fn last(&self) -> Option<Place> {
        let chunk = self.chunks.len().checked_sub(1)?;
        Some(Place { chunk, at: self.chunks[chunk].len() - 1 })
    }

    /// The place after this one.
    pub(crate) fn after(&self, place: Place) -> Option<Place> {
        let Place { chunk, at } = place;
        if at + 1 < self.chunks.get(chunk)?.len() {
            Some(Place { chunk, at: at + 1 })
        } else {
            (chunk + 1 < self.chunks.len()).then_some(Place { chunk: chunk + 1, at: 0 })
        }
    }

    /// The place before this one.
    pub(crate) fn before(&self, place: Place) -> Option<Place> {
        let Place { chunk, at } = place;
        if at > 0 {
            return Some(Place { chunk, at: at - 1 });
        }
        let chunk = chunk.checked_sub(1)?;
        Some(Place { chunk, at: self.chunks[chunk].len() - 1 })
    }

    /// The place of the greatest key that is not above `key`.
    pub(crate) fn floor<Q: Ord + ?Sized>(&self, key: &Q) -> Option<Place>
    where
        K: Borrow<Q>,
    {
        let chunk = self.chunk_of(key)?;
        let past = self.chunks[chunk].partition_point(|(k, _)| k.borrow() <= key);
        // The chunk's first key is not above `key`.
        Some(Place { chunk, at: past - 1 })
    }

    /// The place of the least key that is not below `key`.
    pub(crate) fn ceiling<Q: Ord + ?Sized>(&self, key: &Q) -> Option<Place>
    where
        K: Borrow<Q>,
    {
        let Some(floor) = self.floor(key) else { return self.first() };
        let (found, _) = self.at(floor).expect("a floor is a place");
        if found.borrow() == key { Some(floor) } else { self.after(floor) }
    }

    fn find<Q: Ord + ?Sized>(&self, key: &Q) -> Option<Place>
    where
        K: Borrow<Q>,
    {
        // What was added first is mostly removed first.
        if self.chunks.front().is_some_and(|chunk| chunk[0].0.borrow() == key) {
            return self.first();
        }
        let floor = self.floor(key)?;
        (self.chunks[floor.chunk][floor.at].0.borrow() == key).then_some(floor)
    }

    pub(crate) fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let Place { chunk, at } = self.find(key)?;
        Some(&self.chunks[chunk][at].1)
    }

    pub(crate) fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let Place { chunk, at } = self.find(key)?;
        Some(&mut self.chunks[chunk][at].1)
    }

    pub(crate) fn contains<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.find(key).is_some()
    }

    /// Adds a pair; returns the value that the key had.
    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        let place = match self.last() {
            // The usual case: the key is the greatest.
            Some(last) if self.chunks[last.chunk][last.at].0 < key => Some(last),
            _ => self.floor(&key),
        };
        let Some(Place { chunk, at }) = place else {
            self.insert_at(0, 0, (key, value));
            return None;
        };
        if self.chunks[chunk][at].0 == key {
            return Some(std::mem::replace(&mut self.chunks[chunk][at].1, value));
        }
        self.insert_at(chunk, at + 1, (key, value));
        None
    }

    pub(crate) fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let place = self.find(key)?;
        self.remove_at(place).map(|(_, value)| value)
    }

    /// Removes and returns the pair at a place.
    pub(crate) fn remove_at(&mut self, place: Place) -> Option<(K, V)> {
        let chunk = self.chunks.get_mut(place.chunk)?;
        let pair = chunk.remove(place.at)?;
        self.len -= 1;
        if chunk.is_empty() {
            self.drop_chunk(place.chunk);
        } else if chunk.len() < CHUNK / 8 {
            self.merge(place.chunk);
        }
        Some(pair)
    }

    /// All pairs, in order.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (&K, &V)> {
        self.chunks.iter().flatten().map(|(key, value)| (key, value))
    }

    /// The pairs from a place on.
    pub(crate) fn iter_from(&self, place: Option<Place>) -> impl Iterator<Item = (&K, &V)> {
        let Place { chunk, at } = place.unwrap_or(Place { chunk: self.chunks.len(), at: 0 });
        let head = self.chunks.range(chunk..).take(1).flat_map(move |c| c.range(at..));
        let rest = self.chunks.range((chunk + 1).min(self.chunks.len())..).flatten();
        head.chain(rest).map(|(key, value)| (key, value))
    }

    /// The last chunk whose first key is not above `key`.
    fn chunk_of<Q: Ord + ?Sized>(&self, key: &Q) -> Option<usize>
    where
        K: Borrow<Q>,
    {
        self.chunks.partition_point(|chunk| chunk[0].0.borrow() <= key).checked_sub(1)
    }

    fn insert_at(&mut self, chunk: usize, at: usize, pair: (K, V)) {
        self.len += 1;
        let Some(full) = self.chunks.get_mut(chunk) else {
            return self.add_chunk(chunk, VecDeque::from([pair]));
        };
        if full.len() < CHUNK {
            let before = full.capacity();
            full.insert(at, pair);
            self.room += full.capacity() - before;
        } else if at == CHUNK {
            // Keys that ascend leave full chunks behind.
            let mut next =
                VecDeque::with_capacity(if chunk + 1 == self.chunks.len() { CHUNK } else { 4 });
            next.push_back(pair);
            self.add_chunk(chunk + 1, next);
        } else {
            let mut upper = VecDeque::with_capacity(CHUNK);
            upper.extend(full.drain(CHUNK / 2..));
            match at.checked_sub(CHUNK / 2) {
                Some(at) => upper.insert(at, pair),
                None => full.insert(at, pair),
            }
            self.add_chunk(chunk + 1, upper);
        }
    }

    fn add_chunk(&mut self, at: usize, chunk: Chunk<K, V>) {
        self.room += chunk.capacity();
        self.chunks.insert(at, chunk);
    }

    fn drop_chunk(&mut self, at: usize) {
        let chunk = self.chunks.remove(at).expect("the caller's chunk");
        self.room -= chunk.capacity();
        if self.chunks.len() < self.chunks.capacity() / 4 {
            self.chunks.shrink_to(self.chunks.len() * 2);
        }
    }

    /// Joins a small chunk to a neighbour that has room, so that removals leave no husks.
    fn merge(&mut self, at: usize) {
        let len = self.chunks[at].len();
        let fits = |i: usize| self.chunks.get(i).is_some_and(|c| c.len() + len <= CHUNK / 2);
        let left = if fits(at + 1) {
            at
        } else if at > 0 && fits(at - 1) {
            at - 1
        } else {
            return;
        };
        let mut right = self.chunks.remove(left + 1).expect("a neighbour");
        self.room -= right.capacity();
        let into = &mut self.chunks[left];
        let before = into.capacity();
        into.append(&mut right);
        self.room += into.capacity() - before;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn check(map: &Ordered<u16, u32>, model: &BTreeMap<u16, u32>) {
        assert_eq!(map.len(), model.len());
        assert!(map.iter().eq(model.iter()));
        assert!(map.iter().rev().eq(model.iter().rev()));
        assert!(map.chunks.iter().all(|chunk| !chunk.is_empty() && chunk.len() <= CHUNK));
        assert_eq!(map.room, map.chunks.iter().map(VecDeque::capacity).sum::<usize>());
    }

    #[derive(Debug, Clone)]
    enum Step {
        Insert(u16, u32),
        Append(u32),
        Remove(u16),
        RemoveFirst,
        RemoveLast,
        RemoveMany(u16, u16),
    }

    fn step() -> impl Strategy<Value = Step> {
        let key = || 0..3000_u16;
        prop_oneof![
            6 => (key(), any::<u32>()).prop_map(|(k, v)| Step::Insert(k, v)),
            8 => any::<u32>().prop_map(Step::Append),
            3 => key().prop_map(Step::Remove),
            2 => Just(Step::RemoveFirst),
            2 => Just(Step::RemoveLast),
            1 => (key(), 0..400_u16).prop_map(|(k, n)| Step::RemoveMany(k, n)),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 2 } else { 64 }, ..ProptestConfig::default() })]

        #[test]
        fn does_what_a_btree_map_does(steps in proptest::collection::vec(step(), 0..1200), probe in 0..3100_u16) {
            let (mut map, mut model) = (Ordered::default(), BTreeMap::new());
            for step in steps {
                match step {
                    Step::Insert(k, v) => prop_assert_eq!(map.insert(k, v), model.insert(k, v)),
                    Step::Append(v) => {
                        let k = model.last_key_value().map_or(0, |(k, _)| k + 1);
                        prop_assert_eq!(map.insert(k, v), model.insert(k, v));
                    }
                    Step::Remove(k) => prop_assert_eq!(map.remove(&k), model.remove(&k)),
                    Step::RemoveFirst => {
                        let first = map.first();
                        prop_assert_eq!(first.and_then(|p| map.remove_at(p)), model.pop_first());
                    }
                    Step::RemoveLast => {
                        let last = map.last();
                        prop_assert_eq!(last.and_then(|p| map.remove_at(p)), model.pop_last());
                    }
                    Step::RemoveMany(from, n) => {
                        for k in from..from + n {
                            prop_assert_eq!(map.remove(&k), model.remove(&k));
                        }
                    }
                }
            }
            check(&map, &model);
            check(&map.clone(), &model);
            prop_assert_eq!(map.get(&probe), model.get(&probe));
            prop_assert_eq!(map.contains(&probe), model.contains_key(&probe));
            let floor = map.floor(&probe);
            prop_assert_eq!(floor.and_then(|p| map.at(p)), model.range(..=probe).next_back());
            let ceiling = map.ceiling(&probe);
            prop_assert_eq!(ceiling.and_then(|p| map.at(p)), model.range(probe..).next());
            prop_assert!(map.iter_from(ceiling).eq(model.range(probe..)));
            let mut backwards = Vec::new();
            let mut at = floor;
            while let Some(place) = at {
                backwards.push(map.at(place).expect("a place"));
                at = map.before(place);
            }
            prop_assert!(backwards.into_iter().eq(model.range(..=probe).rev()));
            let mut forwards = Vec::new();
            let mut at = map.first();
            while let Some(place) = at {
                forwards.push(map.at(place).expect("a place"));
                at = map.after(place);
            }
            prop_assert!(forwards.into_iter().eq(model.iter()));
        }
    }

    #[test]
    fn keys_that_ascend_fill_their_chunks() {
        let mut map = Ordered::default();
        for k in 0..100_000_u32 {
            map.insert(k, ());
        }
        assert!(map.heap_size() < 100_000 * 4 * 102 / 100 + 1024 * 64, "{}", map.heap_size());
        while map.len() > 1 {
            map.remove_at(map.first().expect("not empty"));
        }
        assert!(map.heap_size() < 4096, "{}", map.heap_size());
    }
}
