//! Serving those who wait for keys, at the end of the transaction that changed them.

use std::sync::Arc;

use smallvec::SmallVec;

use super::line::{Lines, Served, Waiter, leave};
use super::pending::Pending;
use super::tx::{Parts, Tx};
use super::{Key, Keyspace, OwnedKey};

/// Keys that a transaction changed and somebody waits for, and who is to be woken.
#[derive(Debug, Default)]
pub(super) struct Waking {
    /// In the order in which they were first changed.
    changed: SmallVec<[ChangedKey; 1]>,
    woken: SmallVec<[Arc<dyn Waiter>; 1]>,
}

#[derive(Debug)]
struct ChangedKey {
    db: u32,
    key: OwnedKey,
}

impl Waking {
    fn add(&mut self, db: u32, key: OwnedKey) {
        self.changed.push(ChangedKey { db, key });
    }

    /// Has a waiter woken when the locks are released.
    pub(super) fn wake(&mut self, waiter: Arc<dyn Waiter>) {
        self.woken.push(waiter);
    }
}

/// Wakes whom the transaction has served, or found to be served by time alone: its locks are released by now.
impl Drop for Waking {
    fn drop(&mut self) {
        self.woken.iter().for_each(|waiter| waiter.wake());
    }
}

/// Notes that a key has changed, if somebody waits for it.
#[cold]
pub(super) fn note(lines: &mut Lines, pending: &mut Pending, db: u32, key: Key<'_>) {
    if lines.note(db, key) {
        pending.waking().add(db, key.keep());
    }
}

impl Parts<'_, '_> {
    /// Notes that all keys of a database may have changed.
    pub(super) fn note_all(&mut self, db: u32) {
        if let Some(lines) = &mut self.data.waiting {
            for (key, hash) in lines.note_all(db) {
                let key = OwnedKey::new(key, hash, self.keyspace.stripe_of(hash));
                self.pending.waking().add(db, key);
            }
        }
    }

    /// Notes that a key has changed.
    pub(super) fn note(&mut self, key: &[u8]) {
        if let Some(lines) = &mut self.data.waiting {
            note(lines, self.pending, self.db, self.keyspace.key(key));
        }
    }
}

impl Tx<'_> {
    /// Serves whoever waits for a key that has changed, until nobody is left whom it helps. Whom a
    /// waiter's own changes help is served in the same way: there is no recursion.
    pub(super) fn serve_waiters(&mut self) {
        if self.pending.get_mut().waking_so_far().is_none() {
            return;
        }
        let db = self.db();
        // What expired while the transaction ran serves nobody.
        self.time.forget();
        let mut next = 0;
        while let Some(changed) =
            self.pending.get_mut().waking_so_far().and_then(|w| w.changed.get_mut(next))
        {
            let (db, key) = (changed.db, changed.key.take());
            self.serve_line(db, key.get());
            next += 1;
        }
        self.select(db);
    }

    fn serve_line(&mut self, db: u32, key: Key<'_>) {
        let keyspace: &Keyspace = self.keyspace();
        let stripe = key.stripe;
        let mut behind = 0;
        loop {
            self.select(db);
            let kind = self.peek(key).expect("a changed key's stripe is held").map(|e| e.kind());
            let lines = &self.stripe(key).expect("a changed key's stripe is held").waiting;
            let next = lines.as_ref().and_then(|lines| lines.next(db, key, kind, behind));
            let Some((ticket, waiter)) = next else { break };
            behind = ticket;
            let served = waiter.serve(self, key);
            let parts = self.parts(stripe).expect("a changed key's stripe is held exclusively");
            if served == Served::Ripens {
                parts.pending.waking().wake(waiter);
                continue;
            }
            if served == Served::Waits {
                continue;
            }
            leave(&mut parts.data.waiting, db, key, ticket, &keyspace.waiting);
            if served == Served::Done {
                parts.pending.waking().wake(waiter);
            }
        }
        let parts = self.parts(stripe).expect("a changed key's stripe is held exclusively");
        if let Some(lines) = &mut parts.data.waiting {
            lines.settle(db, key);
        }
    }
}
