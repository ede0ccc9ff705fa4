//! Freeing what keys held.
//!
//! Most entries are freed where they are dropped. One that owns many allocations, a set of
//! millions, would hold its stripe's lock for as long as that takes: it is handed to a thread that
//! is started for it, frees what has gathered meanwhile too, and ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::Keyspace;
use super::entry::Entry;
use crate::sync::{Mutex, thread};

/// Allocations that are freed on the spot: some tens of microseconds.
const AT_ONCE: usize = 1024;

/// What waits to be freed.
#[derive(Debug, Default)]
pub(crate) struct Discarded {
    /// `None` while no thread is at work.
    waiting: Mutex<Option<Vec<Entry>>>,
    /// Entries handed over and not freed yet.
    pending: AtomicUsize,
    /// Entries freed by the thread so far.
    freed: AtomicU64,
}

/// How far freeing in the background is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Entries that wait or are being freed.
    pub(crate) pending: usize,
    /// Entries that have been freed.
    pub(crate) freed: u64,
}

impl Keyspace {
    /// Frees an entry, in the background if that takes long. O(1).
    #[inline]
    pub(crate) fn discard(&self, entry: Entry) {
        if entry.effort() > AT_ONCE {
            self.discarded.hand_over(entry);
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
    fn hand_over(self: &Arc<Self>, entry: Entry) {
        self.pending.fetch_add(1, Ordering::Relaxed);
        let mut waiting = self.waiting.lock();
        if let Some(entries) = waiting.as_mut() {
            return entries.push(entry);
        }
        let this = self.clone();
        let started =
            thread::Builder::new().name("danio-free".into()).spawn(move || this.free_all()).is_ok();
        if started {
            *waiting = Some(vec![entry]);
        } else {
            // No thread is to be had: here and now, then.
            self.count(1);
        }
    }

    /// Frees what waits, until nothing does.
    fn free_all(&self) {
        loop {
            let mut waiting = self.waiting.lock();
            let entries = waiting.as_mut().map(std::mem::take).unwrap_or_default();
            if entries.is_empty() {
                *waiting = None;
                return;
            }
            drop(waiting);
            for entry in entries {
                drop(entry);
                self.count(1);
            }
        }
    }

    /// Starts the count of what was freed again (`CONFIG RESETSTAT`).
    pub(super) fn reset(&self) {
        self.freed.store(0, Ordering::Relaxed);
    }

    fn count(&self, entries: usize) {
        self.pending.fetch_sub(entries, Ordering::Relaxed);
        self.freed.fetch_add(entries as u64, Ordering::Relaxed);
    }
}
