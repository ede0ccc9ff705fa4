//! Freeing what keys held.
//!
//! Most entries are freed where they are dropped. One that owns many allocations, a set of
//! millions, would hold its stripe's lock for as long as that takes: it is handed to a thread that
//! is started for it, frees what has gathered meanwhile too, and ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::Keyspace;
use super::detached::Detached;
use super::entry::Entry;
use crate::sync::{Mutex, thread};

/// Allocations that are freed on the spot: some tens of microseconds.
const AT_ONCE: usize = 1024;

/// What takes long to free.
#[derive(Debug)]
pub(super) enum Garbage {
    /// What a key held.
    Entry(#[expect(dead_code, reason = "kept to be dropped")] Entry),
    /// All keys of a database in one stripe.
    Space(Arc<Detached>),
}

impl Garbage {
    /// How many keys it is.
    fn keys(&self) -> usize {
        match self {
            Garbage::Entry(_) => 1,
            Garbage::Space(detached) => detached.space.table.len(),
        }
    }
}

/// What waits to be freed.
#[derive(Debug, Default)]
pub(crate) struct Discarded {
    /// `None` while no thread is at work.
    waiting: Mutex<Option<Vec<Garbage>>>,
    /// Keys handed over and not freed yet.
    pending: AtomicUsize,
    /// Keys freed by the thread so far.
    freed: AtomicU64,
}

/// How far freeing in the background is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Keys that wait or are being freed.
    pub(crate) pending: usize,
    /// Keys that have been freed.
    pub(crate) freed: u64,
}

impl Keyspace {
    /// Frees an entry, in the background if that takes long. O(1).
    #[inline]
    pub(crate) fn discard(&self, entry: Entry) {
        if entry.effort() > AT_ONCE {
            self.discarded.hand_over(vec![Garbage::Entry(entry)]);
        }
    }

    /// Frees the keys of emptied databases in the background.
    pub(super) fn discard_spaces(&self, spaces: Vec<Arc<Detached>>) {
        let spaces = spaces.into_iter().filter(|detached| detached.space.table.len() > 0);
        let garbage: Vec<Garbage> = spaces.map(Garbage::Space).collect();
        if !garbage.is_empty() {
            self.discarded.hand_over(garbage);
        }
    }

    /// How far freeing in the background is.
    pub(crate) fn discarded(&self) -> Progress {
        let Discarded { pending, freed, .. } = &*self.discarded;
        Progress { pending: pending.load(Ordering::Relaxed), freed: freed.load(Ordering::Relaxed) }
    }
}

impl Discarded {
    #[cold]
    fn hand_over(self: &Arc<Self>, garbage: Vec<Garbage>) {
        let keys = garbage.iter().map(Garbage::keys).sum();
        self.pending.fetch_add(keys, Ordering::Relaxed);
        let mut waiting = self.waiting.lock();
        if let Some(waiting) = waiting.as_mut() {
            return waiting.extend(garbage);
        }
        let this = self.clone();
        let thread = thread::Builder::new().name("danio-free".into());
        if thread.spawn(move || this.free_all()).is_ok() {
            *waiting = Some(garbage);
        } else {
            // No thread is to be had: here and now, then.
            drop(waiting);
            self.free(garbage);
        }
    }

    /// Frees what waits, until nothing does.
    fn free_all(&self) {
        loop {
            let mut waiting = self.waiting.lock();
            let garbage = waiting.as_mut().map(std::mem::take).unwrap_or_default();
            if garbage.is_empty() {
                *waiting = None;
                return;
            }
            drop(waiting);
            self.free(garbage);
        }
    }

    fn free(&self, garbage: Vec<Garbage>) {
        for one in garbage {
            let keys = one.keys();
            drop(one);
            self.pending.fetch_sub(keys, Ordering::Relaxed);
            self.freed.fetch_add(keys as u64, Ordering::Relaxed);
        }
    }

    /// Starts the count of what was freed again (`CONFIG RESETSTAT`).
    pub(super) fn reset(&self) {
        self.freed.store(0, Ordering::Relaxed);
    }
}
