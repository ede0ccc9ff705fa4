//! Checkpoints: all keys as they were at one moment, to go back to.
//!
//! Nothing is copied when one is made. From then on the door of changes shows it each entry before its
//! first change, of which it keeps an image, and tells it each key that comes to be; a database that is emptied
//! is kept as a whole. To restore is to put back what was kept: O(keys changed), however many there
//! are. What was put back need not be kept any longer, so that a checkpoint costs what has changed since it was
//! made or last restored.
//!
//! Restoring is a change like any other: watchers are marked, events and records are told, who waits is
//! served, and a snapshot that is being written is of the moment at which it began.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

use super::change::tell;
use super::detached::Detached;
use super::entry::Entry;
use super::event::{DEL, FLUSHED, RESTORE};
use super::observer::{Observer, wants};
use super::stripe::Space;
use super::tx::Access;
use super::{Keyspace, Tx};
use crate::sync::Mutex;

const HELD: &str = "every stripe is held";

/// A moment to go back to. Whoever drops it needs it no longer.
pub(crate) struct Checkpoint {
    keyspace: Arc<Keyspace>,
    kept: Arc<Kept>,
    /// The same, as it is registered.
    observer: Arc<dyn Observer>,
}

/// What has changed since then, as it was.
struct Kept {
    /// By stripe, and then by the number that the database had then; none of what did not change.
    parts: Box<[Mutex<Vec<Images>>]>,
    /// For each database, the number that it had then.
    origin: Box<[AtomicU32]>,
    /// While it is restored, what happens is no change to be kept.
    restoring: AtomicBool,
}

/// What one stripe held of one database.
#[derive(Default)]
struct Images {
    /// All there was when the database was emptied, since when nothing else need be known.
    whole: Option<Arc<Detached>>,
    /// What keys held before they were changed, before that.
    keys: BTreeMap<Box<[u8]>, Option<Entry>>,
}

impl Keyspace {
    /// Makes a checkpoint. O(stripes and databases), locks everything for that long.
    pub(crate) fn checkpoint(self: &Arc<Keyspace>) -> Checkpoint {
        let kept = Arc::new(Kept {
            parts: self.stripes.iter().map(|_| Mutex::default()).collect(),
            origin: (0..self.databases).map(AtomicU32::new).collect(),
            restoring: AtomicBool::new(false),
        });
        let observer: Arc<dyn Observer> = kept.clone();
        let tx = self.begin_all(0, Access::Exclusive);
        self.observers.add(observer.clone());
        drop(tx);
        Checkpoint { keyspace: self.clone(), kept, observer }
    }
}

impl Checkpoint {
    /// Makes everything as it was. If changes are recorded, `payload` spells each value.
    pub(crate) fn restore(&self, payload: impl Fn(&Entry) -> Vec<u8>) {
        let (keyspace, kept) = (&*self.keyspace, &*self.kept);
        let mut tx = keyspace.begin_all(0, Access::Exclusive);
        kept.restoring.store(true, Relaxed);
        for db in 0..keyspace.databases {
            if kept.origin(db) != db as usize {
                let now = (db..keyspace.databases).find(|now| kept.origin(*now) == db as usize);
                // Told of as any other exchange, which sets the numbers right.
                tx.swap(db, now.expect("databases only change places")).expect(HELD);
            }
        }
        let mut parts: Vec<Vec<Images>> =
            kept.parts.iter().map(|part| std::mem::take(&mut *part.lock())).collect();
        for db in 0..keyspace.databases {
            tx.put_back_spaces(db, &mut parts, &payload);
        }
        for (db, images) in parts.into_iter().flat_map(|part| (0_u32..).zip(part)) {
            tx.select(db);
            for (key, image) in images.keys {
                tx.put_back_key(&key, image, &payload);
            }
        }
        // Who is served now changes what was restored.
        kept.restoring.store(false, Relaxed);
        drop(tx);
    }
}

impl Tx<'_> {
    /// Puts back what was there when a database was emptied, in the stripes where it was.
    fn put_back_spaces(
        &mut self,
        db: u32,
        parts: &mut [Vec<Images>],
        payload: &impl Fn(&Entry) -> Vec<u8>,
    ) {
        let keyspace = self.keyspace;
        let observers = &keyspace.observers;
        let mut first = true;
        for (stripe, images) in parts.iter_mut().enumerate() {
            let whole = images.get_mut(db as usize).and_then(|images| images.whole.take());
            let Some(whole) = whole else { continue };
            if std::mem::take(&mut first) {
                self.touch_everything();
                if observers.want(wants::EVENTS | wants::RECORDS) {
                    tell(self.pending.get_mut().told(), observers, db, b"", &[FLUSHED], |effect| {
                        effect.command(&[b"FLUSHDB"]);
                    });
                }
            }
            let space = keyspace.attach(whole);
            if observers.want(wants::RECORDS) {
                space.table.for_each(|entry| {
                    let payload = payload(entry);
                    tell(self.pending.get_mut().told(), observers, db, b"", &[], |effect| {
                        effect.restore(entry.key(), entry.expiry(), &payload);
                    });
                });
            }
            let mut parts = self.parts(stripe).expect(HELD);
            let filled = parts.exchange(db, stripe, space);
            parts.publish(stripe);
            self.pending.get_mut().emptied().push(filled);
        }
    }

    /// Makes a key hold what it held; nothing, if its time is over by now.
    fn put_back_key(
        &mut self,
        key: &[u8],
        image: Option<Entry>,
        payload: &impl Fn(&Entry) -> Vec<u8>,
    ) {
        let (key, now) = (self.key(key), self.now());
        let image = image.filter(|entry| !(entry.may_be_past() && entry.is_past(now)));
        let recorded = self.keyspace.observers.want(wants::RECORDS);
        let changed = self.change_held(key, |slot| match image {
            None if slot.entry().is_none() => Ok(slot.unchanged(())),
            None => {
                slot.discard();
                Ok(slot.changed((), &[DEL], |effect| effect.command(&[b"DEL", key.bytes])))
            }
            Some(entry) => {
                let payload = if recorded { payload(&entry) } else { Vec::new() };
                let expiry = entry.expiry();
                slot.put(entry);
                Ok(slot.changed((), &[RESTORE], |effect| {
                    effect.restore(key.bytes, expiry, &payload);
                }))
            }
        });
        changed.expect(HELD);
    }
}

impl Keyspace {
    /// Makes what was taken away fit to be put back: the thing itself, or a copy if a snapshot that is being
    /// written has yet to show it.
    fn attach(&self, whole: Arc<Detached>) -> Space {
        let (mut space, stamp) = match Arc::try_unwrap(whole) {
            Ok(Detached { space, stamp }) => (space, stamp),
            Err(shared) => {
                let mut copy = Space::default();
                for entry in shared.entries() {
                    let first = copy.insert(self.hash(entry.key()), entry.clone(), self);
                    debug_assert!(first.is_ok(), "a table has each key once");
                }
                (copy, None)
            }
        };
        // It is no part of a snapshot that has begun by now.
        space.walk = None;
        let now = self.settings.stamp.load(Relaxed);
        if stamp != Some(now) {
            space.table.for_each(|entry| entry.set_stamp(now));
        }
        space
    }
}

impl Observer for Kept {
    fn wants(&self) -> u8 {
        wants::PRE_IMAGES | wants::NEW_KEYS
    }

    fn before(&self, db: u32, stripe: usize, entry: &Entry) {
        self.keep(db, stripe, entry.key(), || Some(entry.clone()));
    }

    fn appeared(&self, db: u32, stripe: usize, key: &[u8]) {
        self.keep(db, stripe, key, || None);
    }

    fn emptied(&self, db: u32, stripe: usize, what: &Arc<Detached>) {
        if !self.restoring.load(Relaxed) {
            let mut part = self.parts[stripe].lock();
            let images = images(&mut part, self.origin(db));
            images.whole.get_or_insert_with(|| what.clone());
        }
    }

    fn swapped(&self, a: u32, b: u32) {
        // Every stripe is held: nobody looks meanwhile.
        let (a, b) = (&self.origin[a as usize], &self.origin[b as usize]);
        b.store(a.swap(b.load(Relaxed), Relaxed), Relaxed);
    }
}

impl Kept {
    fn origin(&self, db: u32) -> usize {
        self.origin[db as usize].load(Relaxed) as usize
    }

    /// Keeps what a key held, if that is not known yet.
    fn keep(&self, db: u32, stripe: usize, key: &[u8], image: impl FnOnce() -> Option<Entry>) {
        if self.restoring.load(Relaxed) {
            return;
        }
        let mut part = self.parts[stripe].lock();
        let images = images(&mut part, self.origin(db));
        if images.whole.is_none() && !images.keys.contains_key(key) {
            images.keys.insert(key.into(), image());
        }
    }
}

/// What is kept of a database.
fn images(part: &mut Vec<Images>, origin: usize) -> &mut Images {
    if part.len() <= origin {
        part.resize_with(origin + 1, Images::default);
    }
    &mut part[origin]
}

impl Drop for Checkpoint {
    fn drop(&mut self) {
        self.keyspace.observers.remove(&self.observer);
    }
}

impl std::fmt::Debug for Checkpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Checkpoint").finish_non_exhaustive()
    }
}
