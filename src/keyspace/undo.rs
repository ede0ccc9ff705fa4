//! Taking back: what a transaction keeps until it is known whether its changes stand.
//!
//! A key's first change keeps an image of what the key held: packed values are copied, what is
//! replaced or removed is moved, and long strings are shared. Big collections that can keep themselves
//! what undoes their changes do so; the others are copied. Watchers are not marked, and observers
//! not told, before the changes stand; what has expired is gone either way, and told of either way.

use std::collections::HashMap;
#[cfg(feature = "snapshot")]
use std::sync::atomic::Ordering;

use super::detached::Detached;
use super::entry::Entry;
use super::observer::Committed;
#[cfg(feature = "snapshot")]
use super::observer::wants;
use super::stripe::Space;
use super::tx::Tx;
use super::{Key, OwnedKey, Slot};
use crate::clock::Millis;
use crate::ds::table;

/// How many steps are looked through one by one.
const FEW: usize = 16;

const HELD: &str = "what was changed is held exclusively";

/// What it takes to undo a transaction, and what is held back until it stands.
#[derive(Debug, Default)]
pub(super) struct Undoing {
    /// What to put back, the newest first.
    steps: Vec<Step>,
    /// Where the images begin that still are such: behind the last exchange of databases.
    since: usize,
    /// Of more than a few steps, where the images are: by database and the key's hash.
    images: HashMap<(u32, u64), usize>,
    /// Keys whose watchers are to be marked.
    marks: Vec<(u32, Box<[u8]>)>,
    /// What observers are told even if all is undone: keys that were reclaimed.
    pub(super) stands: Option<Box<Committed>>,
    /// Whether the changes stand: what is left is to be freed.
    settled: bool,
}

/// Something to put back.
#[derive(Debug)]
enum Step {
    /// What a key held.
    Key(Place, Option<Entry>),
    /// A key holds what keeps what undoes its changes; the key's expiry.
    Part(Place, Option<Millis>),
    /// A key held what now another holds, and which keeps what undoes its changes.
    Taken(Place),
    /// What a stripe held of a database that was emptied, and whether another thread is to free it.
    Space { db: u32, stripe: usize, space: Space, later: bool },
    /// Two databases were exchanged.
    Swap(u32, u32),
}

/// A key of a database.
#[derive(Debug)]
struct Place {
    db: u32,
    key: OwnedKey,
}

impl Place {
    fn new(db: u32, key: Key<'_>) -> Place {
        Place { db, key: key.keep() }
    }

    fn key(&self) -> Key<'_> {
        self.key.get()
    }
}

impl Step {
    /// The key that it is about, if it is about one.
    fn place(&self) -> Option<&Place> {
        match self {
            Step::Key(place, _) | Step::Part(place, _) | Step::Taken(place) => Some(place),
            Step::Space { .. } | Step::Swap(..) => None,
        }
    }

    /// Whether it is about this key.
    fn is_about(&self, db: u32, key: &[u8]) -> bool {
        self.place().is_some_and(|place| place.db == db && *place.key().bytes == *key)
    }
}

impl Undoing {
    /// Whether it is known already what a key held.
    pub(super) fn has(&self, db: u32, key: Key<'_>) -> bool {
        if self.images.is_empty() {
            return self.steps[self.since..].iter().any(|step| step.is_about(db, key.bytes));
        }
        let at = self.images.get(&(db, key.hash));
        at.is_some_and(|at| self.steps[*at].is_about(db, key.bytes))
    }

    /// Keeps what a key held. Of several images of a key the oldest counts.
    pub(super) fn keep(&mut self, db: u32, key: Key<'_>, entry: Option<Entry>) {
        self.push(Step::Key(Place::new(db, key), entry));
    }

    /// Notes that a key holds what keeps itself what undoes its changes, and keeps the key's expiry.
    pub(super) fn keep_part(&mut self, db: u32, key: Key<'_>, expiry: Option<Millis>) {
        self.push(Step::Part(Place::new(db, key), expiry));
    }

    /// Notes that a key held what is now to be held by another, and keeps itself what undoes its changes.
    pub(super) fn taken(&mut self, db: u32, key: Key<'_>) {
        self.push(Step::Taken(Place::new(db, key)));
    }

    fn push(&mut self, step: Step) {
        self.steps.push(step);
        // The last alone, or all if this is the first time.
        let from = match self.images.is_empty() {
            true if self.steps.len() - self.since > FEW => self.since,
            true => return,
            false => self.steps.len() - 1,
        };
        for (at, step) in self.steps.iter().enumerate().skip(from) {
            if let Some(place) = step.place() {
                self.images.entry((place.db, place.key().hash)).or_insert(at);
            }
        }
    }

    /// Keeps what a stripe held of a database.
    pub(super) fn keep_space(&mut self, db: u32, stripe: usize, space: Space, later: bool) {
        self.steps.push(Step::Space { db, stripe, space, later });
    }

    /// Notes that two databases were exchanged: what keys held before is no image of what they hold now.
    pub(super) fn swapped(&mut self, a: u32, b: u32) {
        self.images.clear();
        self.steps.push(Step::Swap(a, b));
        self.since = self.steps.len();
    }

    /// Marks a key's watchers when the changes stand.
    pub(super) fn mark(&mut self, db: u32, key: &[u8]) {
        self.marks.push((db, key.into()));
    }
}

#[cfg(test)]
impl super::Keyspace {
    /// Whether any key holds what keeps what undoes its changes.
    pub(crate) fn keeps_undo(&self) -> bool {
        let mut keeps = false;
        for db in 0..self.databases {
            let look = |entry: &Entry| keeps |= entry.keeps_undo();
            self.begin_none(db).for_each(look).expect("stripes are locked one at a time");
        }
        keeps
    }
}

impl Tx<'_> {
    /// From now on keeps what it needs to be undone: it is, unless it is [settled](Tx::settle) before it ends.
    pub(crate) fn keep_undo(&mut self) {
        self.pending.get_mut().keep_undo();
    }

    /// Lets the changes stand. O(keys changed); what they replaced is freed after the locks are let go.
    pub(crate) fn settle(&mut self) {
        let Some(mut undo) = self.pending.get_mut().take_undo() else { return };
        for (db, key) in undo.marks.drain(..) {
            let stripe = self.keyspace.key(&key).stripe;
            self.parts(stripe).expect(HELD).data.watch.touch(db, &key);
        }
        let swapped = undo.steps.iter().any(|step| matches!(step, Step::Swap(..)));
        for step in std::mem::take(&mut undo.steps) {
            if let Some(place) = step.place() {
                // What was exchanged with its database may be anywhere.
                let databases =
                    if swapped { 0..self.keyspace.databases } else { place.db..place.db + 1 };
                databases.for_each(|db| self.settle_at(db, place.key()));
            }
            match step {
                Step::Key(_, Some(entry)) => self.keyspace.discard(entry),
                Step::Space { space, later: true, .. } => {
                    self.keyspace.discard_spaces(vec![Detached::of(space)]);
                }
                Step::Space { space, .. } => {
                    self.pending.get_mut().emptied().push(Detached::of(space))
                }
                Step::Key(..) | Step::Part(..) | Step::Taken(_) | Step::Swap(..) => {}
            }
        }
        undo.settled = true;
        self.pending.get_mut().set_undo(undo);
    }

    /// Lets the changes stand of what a key holds.
    fn settle_at(&mut self, db: u32, key: Key<'_>) {
        let stripe = key.stripe;
        let parts = self.parts(stripe).expect(HELD);
        if let Some(space) = parts.data.spaces.get_mut(db as usize)
            && let table::Entry::Occupied(mut place) =
                space.table.entry(key.hash, |entry| entry.has_key(key.bytes))
        {
            place.get_mut().settle();
        }
    }

    /// Puts everything back that was changed since [`Tx::keep_undo`]. Nobody is told of it, but of
    /// keys that were reclaimed. O(keys changed).
    pub(crate) fn roll_back(&mut self) {
        let Some(undo) = self.pending.get_mut().take_undo() else { return };
        if undo.settled {
            return;
        }
        let home = self.db();
        if std::thread::panicking() {
            // An operation may have been left half-way, its bytes not counted.
            self.recount();
        }
        // What a key holds that it took from another.
        let mut taken = None;
        for step in undo.steps.into_iter().rev() {
            match step {
                Step::Key(place, entry) => taken = self.put_back(&place, entry).or(taken),
                Step::Taken(place) => {
                    let entry = taken.take().expect("what was taken was given to a key");
                    let expiry = entry.expiry();
                    self.put_back(&place, Some(entry.rekeyed(place.key().bytes, expiry)));
                }
                Step::Part(place, expiry) => self.undo_part(&place, expiry),
                Step::Space { db, stripe, space, .. } => {
                    // What a cut is to hold was shown to it when the database was emptied.
                    #[cfg(feature = "snapshot")]
                    if self.keyspace.observers.want(wants::PRE_IMAGES) {
                        let stamp = self.keyspace.settings.stamp.load(Ordering::Relaxed);
                        space.table.for_each(|entry| entry.set_stamp(stamp));
                    }
                    let mut parts = self.parts(stripe).expect(HELD);
                    parts.data.bytes += space.weight();
                    let filled = std::mem::replace(parts.data.space_mut(db), space);
                    parts.data.bytes -= filled.weight();
                    parts.publish(stripe);
                    self.pending.get_mut().emptied().push(Detached::of(filled));
                }
                Step::Swap(a, b) => {
                    for stripe in self.held_stripes() {
                        let mut parts = self.parts(stripe).expect(HELD);
                        parts.data.spaces.swap(a as usize, b as usize);
                        parts.publish(stripe);
                    }
                    self.keyspace.observers.swapped(a, b);
                }
            }
        }
        self.pending.get_mut().set_told(undo.stands);
        drop(self.take_missed());
        self.select(home);
    }

    /// Makes a key hold what it held. Returns what it held until now, if that was taken from another key.
    fn put_back(&mut self, place: &Place, entry: Option<Entry>) -> Option<Entry> {
        self.select(place.db);
        let change = |slot: &mut Slot<'_>| {
            let old = slot.exchange(entry);
            Ok(slot.restored(old))
        };
        let old = self.change_held(place.key(), change).expect(HELD)?;
        if old.keeps_undo() {
            return Some(old);
        }
        self.keyspace.discard(old);
        None
    }

    /// Undoes the changes of what a key holds.
    fn undo_part(&mut self, place: &Place, expiry: Option<Millis>) {
        self.select(place.db);
        let change = |slot: &mut Slot<'_>| {
            if let Some(entry) = slot.entry_mut() {
                entry.set_expiry(expiry);
                entry.undo();
            }
            Ok(slot.restored(()))
        };
        self.change_held(place.key(), change).expect(HELD);
    }

    /// Counts anew what the stripes that are held exclusively hold. O(keys in them).
    #[cold]
    fn recount(&mut self) {
        for stripe in self.held_stripes() {
            if let Ok(mut parts) = self.parts(stripe) {
                parts.data.recount();
                parts.publish(stripe);
            }
        }
    }
}
