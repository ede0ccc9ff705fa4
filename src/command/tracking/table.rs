//! The invalidation table: which clients may hold which keys in caches of their own.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use parking_lot::Mutex;
use smallvec::SmallVec;

use crate::rng::Rng;

/// Parts of the table, each behind a lock of its own.
const SHARDS: usize = 64;
/// From so many clients of one key on, those that are gone are looked for when the list grows.
const MANY: usize = 8;

/// The numbers of clients, ascending.
pub(super) type Ids = SmallVec<[u64; 2]>;

/// Keys, whatever their database, and for each the clients that read it since it last changed.
pub(super) struct Table {
    shards: Box<[Mutex<Shard>]>,
    hasher: ahash::RandomState,
    keys: AtomicUsize,
    /// Clients of all keys.
    items: AtomicUsize,
}

struct Shard {
    rows: HashMap<Arc<[u8]>, Row, ahash::RandomState>,
    /// The keys of `rows`, for one to be picked by chance.
    list: Vec<Arc<[u8]>>,
}

struct Row {
    /// Its place in `list`.
    place: usize,
    /// Never empty.
    ids: Ids,
}

impl Table {
    pub(super) fn new(rng: &Rng) -> Table {
        let hasher = rng.hasher();
        let shard = || Shard { rows: HashMap::with_hasher(hasher.clone()), list: Vec::new() };
        Table {
            shards: (0..SHARDS).map(|_| Mutex::new(shard())).collect(),
            hasher,
            keys: AtomicUsize::new(0),
            items: AtomicUsize::new(0),
        }
    }

    fn shard(&self, key: &[u8]) -> &Mutex<Shard> {
        // The low bits choose the place within the shard's map.
        &self.shards[(self.hasher.hash_one(key) >> 48) as usize % SHARDS]
    }

    /// Notes that a client has read a key. Where a key has many, those are dropped of which `lives`
    /// says no. O(log N) where N is the number of the key's clients.
    pub(super) fn remember(&self, key: &[u8], id: u64, lives: impl Fn(u64) -> bool) {
        let mut shard = self.shard(key).lock();
        if let Some(row) = shard.rows.get_mut(key) {
            let Err(mut at) = row.ids.binary_search(&id) else { return };
            if row.ids.len() >= MANY && row.ids.len() == row.ids.capacity() {
                let before = row.ids.len();
                row.ids.retain(|id| lives(*id));
                self.items.fetch_sub(before - row.ids.len(), Relaxed);
                at = row.ids.partition_point(|other| *other < id);
            }
            row.ids.insert(at, id);
        } else {
            let key: Arc<[u8]> = key.into();
            let row = Row { place: shard.list.len(), ids: smallvec::smallvec![id] };
            shard.list.push(key.clone());
            shard.rows.insert(key, row);
            self.keys.fetch_add(1, Relaxed);
        }
        self.items.fetch_add(1, Relaxed);
    }

    /// Takes a key out; gives its clients.
    pub(super) fn take(&self, key: &[u8]) -> Option<Ids> {
        if self.keys() == 0 {
            return None;
        }
        let ids = self.shard(key).lock().take(key)?;
        self.note_taken(&ids);
        Some(ids)
    }

    /// Takes a key out that chance picks; `None` if there is none left.
    pub(super) fn take_any(&self, rng: &Rng) -> Option<(Arc<[u8]>, Ids)> {
        let first = rng.below(SHARDS);
        (0..SHARDS).find_map(|i| {
            let mut shard = self.shards[(first + i) % SHARDS].lock();
            if shard.list.is_empty() {
                return None;
            }
            let key = shard.list[rng.below(shard.list.len())].clone();
            let ids = shard.take(&key)?;
            self.note_taken(&ids);
            Some((key, ids))
        })
    }

    fn note_taken(&self, ids: &Ids) {
        self.keys.fetch_sub(1, Relaxed);
        self.items.fetch_sub(ids.len(), Relaxed);
    }

    /// Takes all keys out.
    pub(super) fn clear(&self) {
        for shard in &self.shards {
            let mut shard = shard.lock();
            let items = shard.rows.values().map(|row| row.ids.len()).sum();
            self.keys.fetch_sub(shard.list.len(), Relaxed);
            self.items.fetch_sub(items, Relaxed);
            shard.list = Vec::new();
            shard.rows = HashMap::with_hasher(self.hasher.clone());
        }
    }

    pub(super) fn keys(&self) -> usize {
        self.keys.load(Relaxed)
    }

    pub(super) fn items(&self) -> usize {
        self.items.load(Relaxed)
    }
}

impl Shard {
    fn take(&mut self, key: &[u8]) -> Option<Ids> {
        let Row { place, ids } = self.rows.remove(key)?;
        self.list.swap_remove(place);
        if let Some(moved) = self.list.get(place) {
            self.rows.get_mut(moved).expect("each key of the list has a row").place = place;
        }
        Some(ids)
    }
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table").field("keys", &self.keys()).field("items", &self.items()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    #[test]
    fn agrees_with_a_map_of_sets() {
        let rng = Rng::new(5);
        let table = Table::new(&rng);
        let mut model: BTreeMap<Vec<u8>, BTreeSet<u64>> = BTreeMap::new();
        for _ in 0..20_000 {
            let key = format!("k{}", rng.below(50)).into_bytes();
            match rng.below(10) {
                0 => {
                    let taken = table.take(&key).map(|ids| ids.to_vec());
                    assert_eq!(taken, model.remove(&key).map(|ids| ids.into_iter().collect()));
                }
                1 => match table.take_any(&rng) {
                    Some((key, ids)) => {
                        let expected = model.remove(&key[..]).expect("it was there");
                        assert_eq!(ids.to_vec(), expected.into_iter().collect::<Vec<_>>());
                    }
                    None => assert!(model.is_empty()),
                },
                2 if rng.below(100) == 0 => {
                    table.clear();
                    model.clear();
                }
                _ => {
                    let id = rng.below(30) as u64;
                    table.remember(&key, id, |_| true);
                    model.entry(key).or_default().insert(id);
                }
            }
            assert_eq!(table.keys(), model.len());
            assert_eq!(table.items(), model.values().map(BTreeSet::len).sum::<usize>());
        }
    }

    #[test]
    fn clients_that_are_gone_do_not_pile_up() {
        let rng = Rng::new(1);
        let table = Table::new(&rng);
        for id in 0..100_000 {
            table.remember(b"k", id, |other| other + 10 > id);
            assert!(table.items() < 64, "{}", table.items());
        }
        let ids = table.take(b"k").expect("remembered");
        assert!(ids.contains(&99_999) && ids.is_sorted());
        assert_eq!((table.keys(), table.items()), (0, 0));
    }
}
