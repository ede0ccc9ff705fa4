//! Who tracks; what becomes of a change.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::message::{Invalidation, What, redirection_broken};
use super::mode::{Own, Wish};
use super::prefixes::Prefixes;
use super::table::{Ids, Table};
use crate::command::client::{Client, Clients};
use crate::keyspace::observer::{Committed, Observer, Touch, wants};
use crate::keyspace::{Key, Keyspace};
use crate::rng::Rng;
use crate::sync::Mutex;

/// Client-side caching of one engine: follows changes while anybody tracks.
///
/// Locks, in this order: `switch`; those of the observers; a shard of the table or the prefixes;
/// `trackers`; the clients'.
#[derive(Debug)]
pub(in crate::command) struct Tracking {
    clients: Arc<Clients>,
    /// How many track; held while the first comes or the last goes.
    switch: Mutex<usize>,
    /// Those who do, by their numbers.
    trackers: Mutex<BTreeMap<u64, Arc<Client>>>,
    table: Table,
    prefixes: Prefixes,
    /// `tracking-table-max-keys`; 0 is any number.
    max_keys: AtomicUsize,
    rng: Rng,
}

impl Tracking {
    pub(in crate::command) fn new(clients: Arc<Clients>, seed: u64) -> Tracking {
        let rng = Rng::new(seed);
        Tracking {
            clients,
            switch: Mutex::new(0),
            trackers: Mutex::default(),
            table: Table::new(&rng),
            prefixes: Prefixes::default(),
            max_keys: AtomicUsize::new(0),
            rng,
        }
    }

    /// Has a client told what it wishes to know (`CLIENT TRACKING ON`), if `redirect` is not 0 by
    /// that other client.
    pub(in crate::command) fn enable(
        self: &Arc<Self>,
        client: &Arc<Client>,
        keyspace: &Keyspace,
        wish: Wish,
        redirect: u64,
        prefixes: &[&[u8]],
    ) {
        if !client.tracking.is_on() {
            let mut count = self.switch.lock();
            *count += 1;
            if *count == 1 {
                keyspace.observers.add(self.clone());
            }
            self.trackers.lock().insert(client.id, client.clone());
        }
        client.tracking.set(wish, redirect);
        if wish.contains(Wish::BCAST) {
            let all: &[&[u8]] = &[b""];
            for prefix in if prefixes.is_empty() { all } else { prefixes } {
                if client.tracking.add_prefix(prefix) {
                    self.prefixes.add(prefix, client);
                }
            }
        }
    }

    /// Ends what [`enable`](Tracking::enable) began. What the client has read stays in the table
    /// until it changes, as long as anybody tracks.
    pub(in crate::command) fn disable(self: &Arc<Self>, client: &Client, keyspace: &Keyspace) {
        if !client.tracking.is_on() {
            return;
        }
        for prefix in client.tracking.clear() {
            self.prefixes.remove(&prefix, client);
        }
        let mut count = self.switch.lock();
        self.trackers.lock().remove(&client.id);
        *count -= 1;
        if *count == 0 {
            let own: Arc<dyn Observer> = self.clone();
            keyspace.observers.remove(&own);
            self.table.clear();
        }
    }

    /// Notes that a client has read keys, whose stripes are held.
    #[cold]
    pub(in crate::command) fn remember(&self, client: &Client, keys: &[Key<'_>]) {
        for key in keys {
            self.remember_one(key.bytes, client.id);
        }
    }

    fn remember_one(&self, key: &[u8], id: u64) {
        self.table.remember(key, id, |id| self.trackers.lock().contains_key(&id));
        self.trim();
    }

    /// Sets how many keys the table may have; forgets those beyond, and says so.
    pub(in crate::command) fn set_max_keys(&self, most: usize) {
        self.max_keys.store(most, Relaxed);
        self.trim();
    }

    /// Takes keys out of the table while it has too many: their clients are told as if the keys had
    /// changed, because they would not be when they do.
    fn trim(&self) {
        let most = self.max_keys.load(Relaxed);
        while most != 0
            && self.table.keys() > most
            && let Some((key, ids)) = self.table.take_any(&self.rng)
        {
            self.tell(&key, &ids, 0);
        }
    }

    /// Tells of what was noted for prefixes. To be called when a session's batch of commands is done:
    /// as in Redis, all that a pipeline changes makes one message for each prefix.
    #[inline]
    pub(in crate::command) fn end_batch(&self) {
        if self.prefixes.has_news() {
            self.prefixes.tell(|client, message| self.send(client, message));
        }
    }

    /// Tells a client of what it has changed itself of what it had read. To be called when its command is over, and
    /// EXEC with all it runs: as in Redis, the others have been told by then.
    pub(in crate::command) fn end_command(&self, client: &Arc<Client>) {
        for own in client.tracking.take_own() {
            match own {
                Own::Key(key) => {
                    let keys = [&*key];
                    self.send(client, &Invalidation::new(What::Keys(&keys)));
                }
                Own::Everything => self.send(client, &Invalidation::new(What::Everything)),
            }
        }
    }

    /// A key has changed; `by` is the client that changed it, 0 if none did.
    fn changed(&self, key: &[u8], by: u64) {
        self.prefixes.note(key, by);
        if let Some(ids) = self.table.take(key) {
            self.tell(key, &ids, by);
        }
    }

    /// Tells clients of a key that they have read.
    fn tell(&self, key: &[u8], ids: &Ids, by: u64) {
        let keys = [key];
        let message = Invalidation::new(What::Keys(&keys));
        for id in ids {
            let Some(client) = self.trackers.lock().get(id).cloned() else { continue };
            let wish = client.tracking.wish();
            // Who has turned to BCAST since is told by prefix.
            if wish.contains(Wish::BCAST) || *id == by && wish.contains(Wish::NOLOOP) {
                continue;
            }
            if *id == by {
                client.tracking.keep_own(Own::Key(key.into()));
            } else {
                self.send(&client, &message);
            }
        }
    }

    /// All keys may have changed; `by` is the client that changed them.
    fn all_changed(&self, by: u64) {
        let message = Invalidation::new(What::Everything);
        let trackers: Vec<_> = self.trackers.lock().values().cloned().collect();
        for client in &trackers {
            match client.id == by {
                true => client.tracking.keep_own(Own::Everything),
                false => self.send(client, &message),
            }
        }
        self.table.clear();
    }

    /// Sends a message to a client that tracks, or to the one that it chose.
    fn send(&self, client: &Arc<Client>, message: &Invalidation<'_>) {
        let to = match client.tracking.redirect() {
            None => return,
            Some(0) if client.speaks_resp3() => return client.post(message.direct()),
            Some(0) => return,
            Some(to) => to,
        };
        match self.clients.get(to).filter(|other| !other.is_leaving()) {
            // In RESP2 only who listens to channels, whichever, can be told.
            Some(other) if other.speaks_resp3() || other.is_subscriber() => {
                other.post(message.redirected());
            }
            Some(_) => {}
            None => {
                client.tracking.set_broken();
                if client.speaks_resp3() {
                    client.post(redirection_broken(to));
                }
            }
        }
    }

    /// How many clients track.
    pub(in crate::command) fn clients(&self) -> usize {
        self.trackers.lock().len()
    }

    /// How many keys the table has, and clients of them all.
    pub(in crate::command) fn table_size(&self) -> (usize, usize) {
        (self.table.keys(), self.table.items())
    }

    /// How many prefixes are tracked.
    pub(in crate::command) fn prefixes(&self) -> usize {
        self.prefixes.len()
    }
}

impl Observer for Tracking {
    fn wants(&self) -> u8 {
        wants::KEYS
    }

    fn committed(&self, what: &Committed) {
        for touch in &what.touched {
            match touch {
                Touch::Changed(key) => self.changed(key, what.by),
                Touch::Gone(key) => self.changed(key, 0),
                Touch::Read(key) => self.remember_one(key, what.by),
                Touch::Everything => self.all_changed(what.by),
            }
        }
        // Nobody has a batch of commands that would end.
        if what.by == 0 {
            self.end_batch();
        }
    }
}
