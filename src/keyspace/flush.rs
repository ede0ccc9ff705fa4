//! Emptying and exchanging whole databases; the transaction holds every stripe.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::change::tell;
use super::detached::Detached;
use super::event::{FLUSHED, FLUSHED_ALL, SWAPPED};
use super::observer::{Touch, wants};
use super::stripe::Space;
use super::tx::Tx;
use crate::error::Result;

impl Tx<'_> {
    /// Empties a database (`FLUSHDB`), or all (`FLUSHALL`). O(stripes); the memory, which takes time
    /// in proportion, is given back by this thread when the locks are released, or `later` by another.
    /// Watchers are marked of keys that were there.
    pub(crate) fn flush(&mut self, db: Option<u32>, later: bool) -> Result<()> {
        let mut emptied = Vec::new();
        let mut kept = Vec::new();
        let databases = db.map_or(0..self.keyspace.databases, |db| db..db + 1);
        let observers = &self.keyspace.observers;
        for stripe in self.held_stripes() {
            let mut parts = self.parts(stripe)?;
            let there = parts.data.spaces.len() as u32;
            for db in databases.start..databases.end.min(there) {
                let keys = parts.data.spaces[db as usize].table.len();
                parts.keyspace.stripes[stripe].count_changes(keys as u64);
                if parts.pending.keeps_undo() {
                    parts.empty_for_now(db, stripe, later);
                    continue;
                }
                let what = parts.exchange(db, stripe, Space::default());
                // What somebody keeps is not to be freed, nor held longer than the locks are.
                let whose = if Arc::strong_count(&what) > 1 { &mut kept } else { &mut emptied };
                whose.push(what);
            }
            parts.publish(stripe);
        }
        self.touch_everything();
        if observers.want(wants::EVENTS | wants::RECORDS) {
            let word: &[u8] = if db.is_some() { b"FLUSHDB" } else { b"FLUSHALL" };
            let event = if db.is_some() { FLUSHED } else { FLUSHED_ALL };
            // What empties all says so in whatever database is selected.
            let db = db.unwrap_or_else(|| self.db());
            tell(self.pending.get_mut().told(), observers, db, b"", &[event], |effect| {
                effect.command(&[word])
            });
        }
        if later {
            self.keyspace.discard_spaces(emptied);
        } else {
            self.pending.get_mut().emptied().extend(emptied);
        }
        self.pending.get_mut().emptied().extend(kept);
        Ok(())
    }

    /// Exchanges two databases (`SWAPDB`): who is connected to the one sees the other's keys.
    /// O(stripes). Watchers are marked of keys that are in either.
    pub(crate) fn swap(&mut self, a: u32, b: u32) -> Result<()> {
        // Redis counts it even if nothing is exchanged.
        self.keyspace.stripes[0].count_changes(1);
        if a == b {
            return Ok(());
        }
        for stripe in self.held_stripes() {
            let mut parts = self.parts(stripe)?;
            parts.data.space_mut(a.max(b));
            parts.mark_watched(a);
            parts.mark_watched(b);
            parts.data.spaces.swap(a as usize, b as usize);
            parts.mark_watched(a);
            parts.mark_watched(b);
            parts.note_all(a);
            parts.note_all(b);
            parts.publish(stripe);
        }
        self.keyspace.observers.swapped(a, b);
        if let Some(undo) = self.pending.get_mut().undo() {
            undo.swapped(a, b);
        }
        self.touch_everything();
        if self.keyspace.observers.want(wants::EVENTS | wants::RECORDS) {
            let (a_text, b_text) = (a.to_string(), b.to_string());
            tell(
                self.pending.get_mut().told(),
                &self.keyspace.observers,
                a,
                b"",
                &[SWAPPED],
                |effect| {
                    effect.command(&[b"SWAPDB", a_text.as_bytes(), b_text.as_bytes()]);
                },
            );
            tell(
                self.pending.get_mut().told(),
                &self.keyspace.observers,
                b,
                b"",
                &[SWAPPED],
                |_| {},
            );
        }
        Ok(())
    }

    /// Tells those who keep copies of keys that all may have changed.
    pub(super) fn touch_everything(&mut self) {
        if self.keyspace.observers.want(wants::KEYS) {
            self.pending.get_mut().told().touched.push(Touch::Everything);
        }
    }
}

impl super::tx::Parts<'_, '_> {
    /// Puts `with` in the place of all that the stripe holds of a database, for good. Watchers are marked of
    /// the keys that were there or are now. The caller then [publishes](Self::publish) the stripe.
    pub(super) fn exchange(&mut self, db: u32, stripe: usize, with: Space) -> Arc<Detached> {
        self.mark_watched(db);
        let space = self.data.space_mut(db);
        let old = std::mem::replace(space, with);
        let (less, more) = (old.weight(), space.weight());
        self.data.bytes = self.data.bytes + more - less;
        self.mark_watched(db);
        self.note_all(db);
        let observers = &self.keyspace.observers;
        let stamp = self.keyspace.settings.stamp.load(Ordering::Relaxed);
        let old = Arc::new(Detached::stamped(old, stamp));
        if observers.want(wants::PRE_IMAGES) {
            observers.emptied(db, stripe, &old);
        }
        old
    }

    /// Empties what the stripe holds of a database, which may yet be put back: those who want pre-images
    /// are shown each key.
    #[cold]
    fn empty_for_now(&mut self, db: u32, stripe: usize, later: bool) {
        let observers = &self.keyspace.observers;
        if observers.want(wants::PRE_IMAGES) {
            let space = self.data.space_mut(db);
            space.table.for_each(|entry| observers.before(db, stripe, entry));
        }
        self.mark_watched(db);
        self.note_all(db);
        let space = std::mem::take(self.data.space_mut(db));
        self.data.bytes -= space.weight();
        if let Some(undo) = self.pending.undo() {
            undo.keep_space(db, stripe, space, later);
        }
    }

    /// Marks the watchers of the keys that a database has, without those past their time, which are not there.
    pub(super) fn mark_watched(&mut self, db: u32) {
        let (Some(space), watch) = (self.data.space(db), &self.data.watch) else { return };
        for key in watch.keys(db) {
            let hash = self.keyspace.key(key).hash;
            let found = space.table.find(hash, |entry| entry.has_key(key));
            if found.is_some_and(|entry| !self.time.is_past(entry)) {
                match self.pending.undo() {
                    Some(undo) => undo.mark(db, key),
                    None => watch.touch(db, key),
                }
            }
        }
    }
}
