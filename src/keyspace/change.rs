//! The one door: every change to a key passes [`Tx::change`].
//!
//! An operation finds its key's [`Slot`], changes it, and says what it did: which events, and
//! the effect as a canonical command. It cannot return without saying so, because only
//! [`Slot::changed`] and [`Slot::unchanged`] make a [`Done`]. All the rest happens here and
//! nowhere else: reclaiming what has expired, pre-images for snapshots, undo, the count of
//! bytes and of expiring keys, when they are due, WATCH, who waits, events and the record.

use std::sync::atomic::Ordering;

use super::entry::Entry;
use super::event::{DEL, EXPIRED, Event, HEXPIRED, NEW};
use super::observer::{Committed, KeyEvent, Observers, Touch, wants};
use super::pending::Pending;
use super::record::Record;
use super::stripe::{DueFrom, Space};
use super::tx::{Parts, Tx, TxTime};
use super::watch::WatchSet;
use super::{Key, Keyspace, access, serve};
use crate::clock::Millis;
use crate::config::Words;
use crate::ds::blocks::block_size;
use crate::ds::table;
use crate::error::{Error, Result};
use crate::value::hash::StoredHash;
use crate::value::string::StringValue;
use crate::value::{Collection, Packing, Type};

type Place<'s> = table::Entry<'s, Entry, DueFrom>;

/// A key's place, held exclusively: what is there, or that nothing is.
///
/// What it shows is alive: a key past its time was reclaimed before.
pub(crate) struct Slot<'s> {
    /// `Some` but within a method.
    place: Option<Place<'s>>,
    key: Key<'s>,
    db: u32,
    keyspace: &'s Keyspace,
    pending: &'s mut Pending,
    time: &'s TxTime<'s>,
    was_there: bool,
    /// Whether the entry may have been changed.
    touched: bool,
    /// Whether the operation says that it has.
    changed: bool,
    /// Whether WATCH sees the change.
    seen: bool,
    /// Whether a collection that became empty was removed.
    emptied: bool,
    /// Whether the key counts as new though it was there.
    anew: bool,
    /// How many changes it counts as, if it is changed.
    changes: u64,
}

/// What an operation on a slot came to; made by [`Slot::changed`] or [`Slot::unchanged`].
pub(crate) struct Done<R>(R);

impl<'s> Slot<'s> {
    /// What the key holds.
    #[inline]
    pub(crate) fn entry(&self) -> Option<&Entry> {
        match self.place.as_ref().expect("held between methods") {
            Place::Occupied(place) => Some(place.get()),
            Place::Vacant(_) => None,
        }
    }

    /// Where the key is.
    pub(crate) fn keyspace(&self) -> &'s Keyspace {
        self.keyspace
    }

    /// The key.
    pub(crate) fn key(&self) -> Key<'s> {
        self.key
    }

    /// The time of the transaction, if the key holds a hash with fields that expire; else any, for
    /// nothing depends on it.
    #[inline]
    pub(crate) fn time_of_fields(&self) -> Millis {
        let timed = self.entry().is_some_and(Entry::is_timed);
        if timed { self.time.of_expiries() } else { Millis(i64::MIN) }
    }

    /// Counts fields that were removed because their time was over.
    pub(crate) fn count_expired_fields(&self, fields: usize) {
        self.keyspace.expired_fields.fetch_add(fields as u64, Ordering::Relaxed);
    }

    /// What the key holds, to be changed.
    #[inline]
    pub(crate) fn entry_mut(&mut self) -> Option<&mut Entry> {
        self.touched = true;
        self.keep();
        match self.place.as_mut().expect("held between methods") {
            Place::Occupied(place) => Some(place.get_mut()),
            Place::Vacant(_) => None,
        }
    }

    /// Calls `op` with the bytes of a small collection where they lie, if the key holds one. Returns what it returns:
    /// whether the change is done. If it is not, it may be done in part.
    #[inline]
    pub(crate) fn overwrite(&mut self, op: impl FnOnce(Packing, &mut [u8]) -> bool) -> bool {
        let small = self.entry().is_some_and(Entry::is_packed);
        small
            && self
                .entry_mut()
                .and_then(Entry::packed_mut)
                .is_some_and(|(packing, bytes)| op(packing, bytes))
    }

    /// Makes the key hold a string, whatever it held.
    #[inline]
    pub(crate) fn put_string(&mut self, value: StringValue<'_>, expiry: Option<Millis>) {
        match self.entry_mut() {
            Some(entry) if entry.kind() == Type::String => return entry.set(value, expiry),
            Some(entry) => {
                let entry = Entry::new(entry.key(), value, expiry, entry.access());
                return self.put(entry);
            }
            None => {}
        }
        let access = access::fresh(&self.keyspace.settings, self.keyspace.clock.second());
        self.put(Entry::new(self.key.bytes, value, expiry, access));
    }

    /// Calls `op` with the collection that the key holds, an empty one if it is missing, to be changed.
    /// A key whose collection is empty afterwards is removed, unless its type stays. `op` must not put
    /// another in the place of a big collection, which may keep what undoes its changes: see [`replace`](Slot::replace).
    ///
    /// # Errors
    /// `WrongType` if the key holds something else; what `op` returns, which must then have
    /// changed nothing.
    pub(crate) fn edit<T: Collection, R>(
        &mut self,
        op: impl FnOnce(&mut T) -> Result<R>,
    ) -> Result<R> {
        self.keep();
        match self.place.as_mut().expect("held between methods") {
            Place::Occupied(place) => {
                let (result, empty) = place.get_mut().change(|value: &mut T| {
                    let result = op(value);
                    Ok((result, value.is_empty()))
                })?;
                if empty && !T::STAYS_EMPTY {
                    self.discard();
                    self.emptied = true;
                }
                result
            }
            Place::Vacant(_) => {
                let mut value = T::default();
                let result = op(&mut value)?;
                if !value.is_empty() || T::STAYS_EMPTY {
                    self.put_collection(value, None);
                }
                Ok(result)
            }
        }
    }

    /// Makes the key hold a collection, whatever it held; an empty one that does not stay is the
    /// same as none.
    pub(crate) fn put_collection<T: Collection>(&mut self, value: T, expiry: Option<Millis>) {
        if value.is_empty() && !T::STAYS_EMPTY {
            return self.discard();
        }
        let access = match self.entry() {
            Some(entry) => entry.access(),
            None => access::fresh(&self.keyspace.settings, self.keyspace.clock.second()),
        };
        self.put(Entry::with(self.key.bytes, value.store(), expiry, access));
    }

    /// Makes the key hold another collection of the type that it holds. It is as an [edit](Slot::edit) that leaves
    /// nothing of what was there.
    pub(crate) fn replace<T: Collection>(&mut self, value: T) {
        self.emptied = value.is_empty() && !T::STAYS_EMPTY;
        let expiry = self.entry().and_then(Entry::expiry);
        self.put_collection(value, expiry);
    }

    /// Makes the key hold what `entry`, an entry of this very key, holds.
    pub(crate) fn put(&mut self, entry: Entry) {
        debug_assert_eq!(entry.key(), self.key.bytes);
        self.touched = true;
        // What was taken from another key is given back there, by way of this step.
        let given = self.pending.keeps_undo() && entry.keeps_undo();
        match self.place.take().expect("held between methods") {
            Place::Occupied(mut place) => {
                let old = std::mem::replace(place.get_mut(), entry);
                self.place = Some(Place::Occupied(place));
                self.displaced(old, given);
            }
            Place::Vacant(place) => {
                if let Some(undo) = self.pending.undo()
                    && (given || !undo.has(self.db, self.key))
                {
                    undo.keep(self.db, self.key, None);
                }
                self.place = Some(Place::Occupied(place.insert(entry, self.keyspace)));
            }
        }
    }

    /// As [`put`](Slot::put), and the key counts as new though it held something before.
    pub(crate) fn put_anew(&mut self, entry: Entry) {
        self.put(entry);
        self.anew = true;
    }

    /// Takes what the key holds away from it.
    pub(crate) fn take(&mut self) -> Option<Entry> {
        self.keep();
        let entry = self.remove();
        if let Some(undo) = self.pending.undo()
            && entry.as_ref().is_some_and(Entry::keeps_undo)
        {
            undo.taken(self.db, self.key);
        }
        entry
    }

    /// Makes the key hold what it held. Returns what it holds until then.
    pub(super) fn exchange(&mut self, entry: Option<Entry>) -> Option<Entry> {
        let old = self.remove();
        if let Some(entry) = entry {
            self.put(entry);
        }
        old
    }

    fn remove(&mut self) -> Option<Entry> {
        self.touched = true;
        match self.place.take().expect("held between methods") {
            Place::Occupied(place) => {
                let (entry, place) = place.remove();
                self.place = Some(Place::Vacant(place));
                Some(entry)
            }
            vacant @ Place::Vacant(_) => {
                self.place = Some(vacant);
                None
            }
        }
    }

    /// Removes what the key holds, if it holds anything.
    pub(crate) fn discard(&mut self) {
        if let Some(entry) = self.remove() {
            self.displaced(entry, false);
        }
    }

    /// Keeps what the key holds, if the change may be undone and this is the key's first.
    #[inline(always)]
    fn keep(&mut self) {
        if self.pending.keeps_undo() {
            self.keep_image();
        }
    }

    #[cold]
    fn keep_image(&mut self) {
        if let Some(undo) = self.pending.undo()
            && !undo.has(self.db, self.key)
        {
            match self.place.as_mut().expect("held between methods") {
                Place::Occupied(place) => {
                    let entry = place.get_mut();
                    if entry.keep_undo() {
                        undo.keep_part(self.db, self.key, entry.expiry());
                    } else {
                        undo.keep(self.db, self.key, Some(entry.clone()));
                    }
                }
                Place::Vacant(_) => undo.keep(self.db, self.key, None),
            }
        }
    }

    /// Keeps what the key held, if that is asked for or is not kept yet, or frees it.
    #[inline(always)]
    fn displaced(&mut self, entry: Entry, keep: bool) {
        match self.pending.undo() {
            Some(undo) if keep || entry.keeps_undo() || !undo.has(self.db, self.key) => {
                undo.keep(self.db, self.key, Some(entry));
            }
            _ => self.keyspace.discard(entry),
        }
    }

    /// Ends an operation that left the key as it was.
    #[inline]
    pub(crate) fn unchanged<R>(&self, result: R) -> Done<R> {
        debug_assert!(!self.touched, "a changed slot must say what changed");
        Done(result)
    }

    /// Ends an operation after which the key holds the same value, perhaps kept in another way.
    #[inline]
    pub(crate) fn same<R>(&self, result: R) -> Done<R> {
        Done(result)
    }

    /// Ends putting back what the key held before a change, which nobody has seen.
    pub(super) fn restored<R>(&mut self, result: R) -> Done<R> {
        self.changed = true;
        self.seen = false;
        self.changes = 0;
        Done(result)
    }

    /// Keeps the change from WATCH, which sees what a key holds and not who reads it: a stream's groups
    /// are no part of it. That a key comes or goes is always seen.
    pub(crate) fn hide_from_watch(&mut self) {
        self.seen = !self.was_there || self.entry().is_none();
    }

    /// Says how many changes it counts as, if not one: Redis counts elements, and what is stored elsewhere not.
    pub(crate) fn count_as(&mut self, changes: usize) {
        self.changes = changes as u64;
    }

    /// Ends an operation that changed the key: `events` in the order they happened, and the
    /// effect, which is asked for only if somebody records it.
    #[inline]
    pub(crate) fn changed<R>(
        &mut self,
        result: R,
        events: &[Event],
        effect: impl FnOnce(&mut Effect<'_>),
    ) -> Done<R> {
        self.changed = true;
        if self.keyspace.observers.want(wants::EVENTS | wants::RECORDS) {
            let new = if self.anew || !self.was_there && self.entry().is_some() {
                &[NEW][..]
            } else {
                &[]
            };
            let gone = if self.emptied { &[DEL][..] } else { &[] };
            tell(
                self.pending.told(),
                &self.keyspace.observers,
                self.db,
                self.key.bytes,
                // They are put together only for who wants them.
                &match self.keyspace.observers.want(wants::EVENTS) {
                    true => [new, events, gone].concat(),
                    false => Vec::new(),
                },
                effect,
            );
        }
        Done(result)
    }
}

/// Where an operation writes its effect.
pub(crate) struct Effect<'r> {
    record: &'r mut Record,
    db: u32,
}

impl Effect<'_> {
    /// One command, in the transaction's database.
    pub(crate) fn command(&mut self, words: &[&[u8]]) {
        self.record.push(self.db, words);
    }

    /// One command, whose last words are several.
    pub(crate) fn command_of<'w>(
        &mut self,
        first: &[&[u8]],
        more: impl IntoIterator<Item = &'w [u8], IntoIter: Clone>,
    ) {
        self.record.push_all(self.db, first, more.into_iter());
    }

    /// A key holds what a payload spells.
    #[cfg(feature = "snapshot")]
    pub(crate) fn restore(&mut self, key: &[u8], expiry: Option<Millis>, payload: &[u8]) {
        let at = expiry.map_or(0, |at| at.0).to_string();
        self.command(&[b"RESTORE", key, at.as_bytes(), payload, b"REPLACE", b"ABSTTL"]);
    }

    /// Fields were removed from a hash because their time was over.
    pub(crate) fn expired_fields(&mut self, key: &[u8], fields: &[Box<[u8]>]) {
        if !fields.is_empty() {
            self.command_of(&[b"HDEL", key], fields.iter().map(|field| &**field));
        }
    }

    /// One command, in any database.
    pub(crate) fn command_in(&mut self, db: u32, words: &[&[u8]]) {
        self.record.push(db, words);
    }
}

/// Notes what observers want to be told of a change.
#[cold]
pub(super) fn tell(
    told: &mut Committed,
    observers: &Observers,
    db: u32,
    key: &[u8],
    events: &[Event],
    effect: impl FnOnce(&mut Effect<'_>),
) {
    if observers.want(wants::EVENTS) {
        told.events.extend(events.iter().map(|&event| KeyEvent { db, key: key.into(), event }));
    }
    if observers.want(wants::RECORDS) {
        effect(&mut Effect { record: &mut told.record, db });
    }
}

/// Marks a key that changed for those who watch it, when it is sure that the change stands, and for those
/// who keep copies of it.
#[inline(always)]
fn mark(pending: &mut Pending, observers: &Observers, watch: &WatchSet, db: u32, key: &[u8]) {
    if !watch.is_empty() {
        match pending.undo() {
            Some(undo) => undo.mark(db, key),
            None => watch.touch(db, key),
        }
    }
    if observers.want(wants::KEYS) {
        pending.told().touched.push(Touch::Changed(key.into()));
    }
}

/// What a place adds to the counts of its space.
#[derive(Clone, Copy, Default)]
struct Weight {
    /// What all of it follows from, unless something lies apart.
    head: Option<u32>,
    /// Bytes asked for, for the entry itself.
    own: usize,
    /// Bytes allocated for what it holds apart.
    apart: usize,
    volatile: bool,
    timed: bool,
}

impl Weight {
    #[inline(always)]
    fn of(entry: &Entry) -> Weight {
        Weight {
            head: entry.head(),
            own: entry.own_size(),
            apart: entry.apart_size(),
            volatile: entry.expiry().is_some(),
            timed: entry.is_timed(),
        }
    }

    /// That of an entry which had this one before it was changed, perhaps in nothing that counts.
    #[inline(always)]
    fn anew(self, entry: &Entry) -> Weight {
        let same = self.apart == 0 && self.head.is_some() && self.head == entry.head();
        if same { self } else { Weight::of(entry) }
    }

    /// By how many bytes this is more than `before`, modulo 2^64.
    #[inline(always)]
    fn more_than(self, before: Weight) -> usize {
        let apart = self.apart.wrapping_sub(before.apart);
        // Mostly an entry is of the size that it was: then its block need not be known.
        if self.own == before.own {
            return apart;
        }
        apart.wrapping_add(block_size(self.own)).wrapping_sub(block_size(before.own))
    }
}

impl Parts<'_, '_> {
    /// The space of the transaction's database, made if there is none.
    pub(super) fn space(&mut self) -> &mut Space {
        self.data.space_mut(self.db)
    }

    /// Tells whom it concerns that a key was reclaimed: its time is over, or that of all its fields.
    pub(super) fn announce_expired(&mut self, entry: &Entry) {
        let key = entry.key();
        // What has fields that expire, and no time of its own, went with the last of them.
        let keyspace = self.keyspace;
        let events: &[Event] = match entry.expiry().is_none().then(|| entry.view::<StoredHash>()) {
            Some(Ok(hash)) => {
                keyspace.expired_fields.fetch_add(hash.fields() as u64, Ordering::Relaxed);
                &[HEXPIRED, DEL]
            }
            _ => {
                keyspace.expired.fetch_add(1, Ordering::Relaxed);
                &[EXPIRED]
            }
        };
        self.note(key);
        if !self.data.watch.is_empty() {
            self.data.watch.touch(self.db, key);
        }
        let observers = &keyspace.observers;
        if observers.want(wants::KEYS | wants::EVENTS | wants::RECORDS) {
            for told in self.pending.told_for_good() {
                if observers.want(wants::KEYS) {
                    told.touched.push(Touch::Gone(key.into()));
                }
                tell(told, observers, self.db, key, events, |effect| {
                    effect.command(&[b"DEL", key])
                });
            }
        }
    }
}

impl Tx<'_> {
    /// Runs `op` on the slot of `key`; every change to a key goes through here.
    ///
    /// # Errors
    /// What `op` returns, which must then have changed nothing; `UndeclaredKey` if the
    /// transaction does not hold the key's stripe exclusively; `StringTooLong` if the key is.
    #[inline]
    pub(crate) fn change<R>(
        &mut self,
        key: Key<'_>,
        op: impl FnOnce(&mut Slot<'_>) -> Result<Done<R>>,
    ) -> Result<R> {
        self.check_length(key.bytes.len())?;
        self.change_held(key, op)
    }

    /// As [`change`](Tx::change), whatever the key's length.
    #[inline(always)]
    pub(super) fn change_held<R>(
        &mut self,
        key: Key<'_>,
        op: impl FnOnce(&mut Slot<'_>) -> Result<Done<R>>,
    ) -> Result<R> {
        let stripe = key.stripe;
        let home = &self.keyspace.stripes[stripe];
        loop {
            let Tx { keyspace, held, time, pending, db, touches, .. } = self;
            let (keyspace, db, pending) = (*keyspace, *db, pending.get_mut());
            let Some(data) = held.get_mut(stripe) else { return Err(Error::UndeclaredKey) };
            let (space, watch, waiting, bytes) = data.split(db);
            let Space { table, entry_bytes, volatile, timed, resist, .. } = space;
            let table_before = table.heap_size();
            let place = table.entry(key.hash, |entry| entry.has_key(key.bytes));
            let mut before = Weight::default();
            if let Place::Occupied(place) = &place {
                if time.is_past(place.get()) {
                    self.parts(stripe)?.reclaim(key);
                    continue;
                }
                before = Weight::of(place.get());
                if *touches {
                    keyspace.touch(place.get(), keyspace.clock.second());
                }
                if keyspace.observers.want(wants::PRE_IMAGES) {
                    keyspace.observers.before(db, stripe, place.get());
                }
            }
            let was_there = matches!(place, Place::Occupied(_));
            let mut slot = Slot {
                place: Some(place),
                key,
                db,
                keyspace,
                pending,
                time,
                was_there,
                touched: false,
                changed: false,
                seen: true,
                emptied: false,
                anew: false,
                changes: 1,
            };
            let result = op(&mut slot);
            let (changed, seen, changes) = (slot.changed, slot.seen, slot.changes);
            let anew = slot.anew;
            let mut after = Weight::default();
            let mut is_there = false;
            if let Some(Place::Occupied(mut place)) = slot.place {
                is_there = true;
                #[cfg(feature = "snapshot")]
                if keyspace.observers.want(wants::PRE_IMAGES) {
                    place.get().set_stamp(keyspace.settings.stamp.load(Ordering::Relaxed));
                }
                match keyspace.settings.words() {
                    Words::UsesByTick if !was_there => {
                        keyspace.admit(resist, db, key.hash, place.get());
                    }
                    Words::LastChange if changed && !anew && *touches => {
                        let (entry, now) = (place.get(), keyspace.clock.second());
                        entry.set_access(access::modified(entry.access(), now));
                    }
                    _ => {}
                }
                after = before.anew(place.get());
                // The bound of a hash may have come closer though nothing changed: it was loose.
                let again = changed || place.get().is_timed();
                if let Some(at) = place.get().due().filter(|_| again) {
                    let due = place.summary_mut();
                    *due = (*due).min(DueFrom(at));
                    if at < home.due.get() {
                        home.due.set(at);
                    }
                }
            }
            let more = after.more_than(before);
            *entry_bytes = entry_bytes.wrapping_add(more);
            *volatile = *volatile + usize::from(after.volatile) - usize::from(before.volatile);
            *timed = *timed + usize::from(after.timed) - usize::from(before.timed);
            *bytes = bytes.wrapping_add(more) + table.heap_size() - table_before;
            keyspace.account.settle(home, *bytes);
            if was_there != is_there {
                home.count_keys(was_there, is_there);
                if is_there && keyspace.observers.want(wants::NEW_KEYS) {
                    keyspace.observers.appeared(db, stripe, key.bytes);
                }
            }
            if changed {
                home.count_changes(changes);
            }
            if changed && seen {
                mark(pending, &keyspace.observers, watch, db, key.bytes);
            }
            if changed && let Some(lines) = waiting {
                serve::note(lines, pending, db, key);
            }
            return result.map(|done| done.0);
        }
    }

    /// Tells of a change to a key that was made before.
    pub(crate) fn tell(&mut self, key: Key<'_>, event: Event) {
        if self.keyspace.observers.want(wants::EVENTS) {
            let db = self.db();
            tell(
                self.pending.get_mut().told(),
                &self.keyspace.observers,
                db,
                key.bytes,
                &[event],
                |_| {},
            );
        }
    }

    /// Removes a key. Returns whether it was there.
    pub(crate) fn remove(&mut self, key: Key<'_>) -> Result<bool> {
        if self.check_length(key.bytes.len()).is_err() {
            return Ok(false);
        }
        self.change(key, |slot| {
            if slot.entry().is_none() {
                return Ok(slot.unchanged(false));
            }
            slot.discard();
            Ok(slot.changed(true, &[DEL], |effect| effect.command(&[b"DEL", key.bytes])))
        })
    }
}
