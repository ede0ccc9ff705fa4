//! Clients that track all keys of a prefix (`BCAST`), and the keys that they are to be told of.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use super::message::{Invalidation, What};
use super::mode::Wish;
use crate::command::client::Client;
use crate::sync::Mutex;

/// Everybody in BCAST mode.
#[derive(Debug, Default)]
pub(super) struct Prefixes {
    audiences: Mutex<Audiences>,
    /// How many prefixes there are: all that a change asks when there are none.
    count: AtomicUsize,
    /// Whether keys wait to be told.
    waiting: AtomicBool,
}

#[derive(Debug, Default)]
struct Audiences {
    by_prefix: BTreeMap<Box<[u8]>, Audience>,
    /// How many prefixes there are of each length.
    lengths: BTreeMap<usize, usize>,
    /// The prefixes that have keys to tell of.
    waiting: BTreeSet<Box<[u8]>>,
}

/// Who tracks one prefix.
#[derive(Debug, Default)]
struct Audience {
    /// By their numbers; never empty.
    clients: BTreeMap<u64, Arc<Client>>,
    /// Keys that have changed, each with the client that changed it last; 0 if none did.
    changed: BTreeMap<Box<[u8]>, u64>,
}

impl Prefixes {
    pub(super) fn len(&self) -> usize {
        self.count.load(Relaxed)
    }

    /// Has a client told of all keys with that prefix.
    pub(super) fn add(&self, prefix: &[u8], client: &Arc<Client>) {
        let mut audiences = self.audiences.lock();
        let Audiences { by_prefix, lengths, .. } = &mut *audiences;
        let audience = by_prefix.entry(prefix.into()).or_insert_with(|| {
            *lengths.entry(prefix.len()).or_default() += 1;
            Audience::default()
        });
        audience.clients.insert(client.id, client.clone());
        self.count.store(by_prefix.len(), Relaxed);
    }

    /// Ends what [`add`](Prefixes::add) began.
    pub(super) fn remove(&self, prefix: &[u8], client: &Client) {
        let mut audiences = self.audiences.lock();
        let Audiences { by_prefix, lengths, waiting } = &mut *audiences;
        let Some(audience) = by_prefix.get_mut(prefix) else { return };
        audience.clients.remove(&client.id);
        if !audience.clients.is_empty() {
            return;
        }
        by_prefix.remove(prefix);
        waiting.remove(prefix);
        if let Some(count) = lengths.get_mut(&prefix.len()) {
            *count -= 1;
            if *count == 0 {
                lengths.remove(&prefix.len());
            }
        }
        self.count.store(by_prefix.len(), Relaxed);
    }

    /// Notes that a key has changed: [`tell`](Prefixes::tell) will say so. O(L log P) where L is
    /// the number of lengths that prefixes have, and P that of prefixes.
    pub(super) fn note(&self, key: &[u8], by: u64) {
        if self.len() == 0 {
            return;
        }
        let mut audiences = self.audiences.lock();
        let Audiences { by_prefix, lengths, waiting } = &mut *audiences;
        for (length, _) in lengths.range(..=key.len()) {
            let prefix = &key[..*length];
            let Some(audience) = by_prefix.get_mut(prefix) else { continue };
            if audience.changed.is_empty() {
                waiting.insert(prefix.into());
            }
            match audience.changed.get_mut(key) {
                Some(last) => *last = by,
                None => drop(audience.changed.insert(key.into(), by)),
            }
        }
        if !waiting.is_empty() {
            self.waiting.store(true, Relaxed);
        }
    }

    /// Whether [`tell`](Prefixes::tell) has something to say.
    #[inline]
    pub(super) fn has_news(&self) -> bool {
        self.waiting.load(Relaxed)
    }

    /// Tells of the keys that were noted, each client once for each of its prefixes; `send` gets the
    /// messages. Whoever calls at the same time waits, so that a client's messages keep their order.
    pub(super) fn tell(&self, send: impl Fn(&Arc<Client>, &Invalidation<'_>)) {
        let mut audiences = self.audiences.lock();
        self.waiting.store(false, Relaxed);
        for prefix in std::mem::take(&mut audiences.waiting) {
            let Some(audience) = audiences.by_prefix.get_mut(&prefix) else { continue };
            let changed = std::mem::take(&mut audience.changed);
            let keys: Vec<&[u8]> = changed.keys().map(|key| &**key).collect();
            let all = Invalidation::new(What::Keys(&keys));
            for client in audience.clients.values() {
                let own = |by: &u64| *by == client.id;
                if !client.tracking.wish().contains(Wish::NOLOOP) || !changed.values().any(own) {
                    send(client, &all);
                    continue;
                }
                let others: Vec<&[u8]> =
                    changed.iter().filter(|(_, by)| !own(by)).map(|(key, _)| &**key).collect();
                if !others.is_empty() {
                    send(client, &Invalidation::new(What::Keys(&others)));
                }
            }
        }
    }
}
