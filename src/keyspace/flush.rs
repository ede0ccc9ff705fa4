//! Emptying and exchanging whole databases; the transaction holds every stripe.

use super::change::tell;
use super::event::{FLUSHED, FLUSHED_ALL, SWAPPED};
use super::observer::{Touch, wants};
use super::tx::Tx;
use crate::error::Result;

impl Tx<'_> {
    /// Empties a database (`FLUSHDB`), or all (`FLUSHALL`). O(stripes); the memory, which takes time
    /// in proportion, is given back by this thread when the locks are released, or `later` by another.
    /// Watchers are marked of keys that were there.
    pub(crate) fn flush(&mut self, db: Option<u32>, later: bool) -> Result<()> {
        let mut emptied = Vec::new();
        let databases = db.map_or(0..self.keyspace.databases, |db| db..db + 1);
        let observers = &self.keyspace.observers;
        for stripe in self.held_stripes() {
            let mut parts = self.parts(stripe)?;
            let there = parts.data.spaces.len() as u32;
            for db in databases.start..databases.end.min(there) {
                if observers.want(wants::PRE_IMAGES) {
                    parts.data.spaces[db as usize]
                        .table
                        .for_each(|entry| observers.before(db, entry));
                }
                parts.mark_watched(db);
                parts.note_all(db);
                let space = std::mem::take(parts.data.space_mut(db));
                parts.data.bytes -= space.entry_bytes + space.overhead();
                match parts.undo {
                    Some(undo) => undo.keep_space(db, stripe, space, later),
                    None => emptied.push(space),
                }
            }
            parts.publish(stripe);
        }
        self.touch_everything();
        if observers.want(wants::EVENTS | wants::RECORDS) {
            let word: &[u8] = if db.is_some() { b"FLUSHDB" } else { b"FLUSHALL" };
            let event = if db.is_some() { FLUSHED } else { FLUSHED_ALL };
            tell(&mut self.told, observers, db.unwrap_or(0), b"", &[event], |effect| {
                effect.command(&[word])
            });
        }
        if later {
            self.keyspace.discard_spaces(emptied);
        } else {
            self.emptied.extend(emptied);
        }
        Ok(())
    }

    /// Exchanges two databases (`SWAPDB`): who is connected to the one sees the other's keys.
    /// O(stripes). Watchers are marked of keys that are in either.
    pub(crate) fn swap(&mut self, a: u32, b: u32) -> Result<()> {
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
        if let Some(undo) = &mut self.undo {
            undo.swapped(a, b);
        }
        self.touch_everything();
        if self.keyspace.observers.want(wants::EVENTS | wants::RECORDS) {
            let (a_text, b_text) = (a.to_string(), b.to_string());
            tell(&mut self.told, &self.keyspace.observers, a, b"", &[SWAPPED], |effect| {
                effect.command(&[b"SWAPDB", a_text.as_bytes(), b_text.as_bytes()]);
            });
            tell(&mut self.told, &self.keyspace.observers, b, b"", &[SWAPPED], |_| {});
        }
        Ok(())
    }

    /// Tells those who keep copies of keys that all may have changed.
    pub(super) fn touch_everything(&mut self) {
        if self.keyspace.observers.want(wants::KEYS) {
            self.told.get_or_insert_default().touched.push(Touch::Everything);
        }
    }
}

impl super::tx::Parts<'_, '_> {
    /// Marks the watchers of the keys that a database has, without those past their time, which are not there.
    pub(super) fn mark_watched(&mut self, db: u32) {
        let (Some(space), watch) = (self.data.space(db), &self.data.watch) else { return };
        for key in watch.keys(db) {
            let hash = self.keyspace.key(key).hash;
            let found = space.table.find(hash, |entry| entry.key() == key);
            if found.is_some_and(|entry| !self.time.is_past(entry)) {
                match &mut self.undo {
                    Some(undo) => undo.mark(db, key),
                    None => watch.touch(db, key),
                }
            }
        }
    }
}
