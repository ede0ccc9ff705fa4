//! WATCH and UNWATCH: keys whose change makes EXEC do nothing.

use std::sync::Arc;

use crate::command::client::Client;
use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::error::{Error, Result};
use crate::keyspace::{self, Key, Keyspace, Tx};

pub(super) const WATCH: Command = Command::new("watch", -2, watch)
    .group(Group::Transactions)
    .flags(&[
        Flags::NOSCRIPT,
        Flags::LOADING,
        Flags::STALE,
        Flags::FAST,
        Flags::ALLOW_BUSY,
        Flags::AT_ONCE,
    ])
    .categories(&[Categories::TRANSACTION])
    .keys(&[KeySpec::range(1, -1, 1, &[KeyFlags::RO])])
    .since("2.2.0")
    .complexity("O(1) for every key.")
    .summary("Makes the next EXEC do nothing if one of the keys changes before it.")
    .args(&[Arg::key("key", 0).multiple()])
    .locks_alone();

fn watch(ctx: &mut Context<'_, '_>) -> Result<()> {
    if let Some(queue) = &mut ctx.session.queue {
        queue.aborted = true;
        return Err(Error::reply("ERR WATCH inside MULTI is not allowed"));
    }
    for key in ctx.keys {
        ctx.session.watched.add(ctx.tx, *key)?;
    }
    ctx.ok()
}

pub(super) const UNWATCH: Command = Command::new("unwatch", 1, unwatch)
    .group(Group::Transactions)
    .flags(&[Flags::NOSCRIPT, Flags::LOADING, Flags::STALE, Flags::FAST, Flags::ALLOW_BUSY])
    .categories(&[Categories::TRANSACTION])
    .since("2.2.0")
    .summary("Forgets the keys that are watched.");

fn unwatch(ctx: &mut Context<'_, '_>) -> Result<()> {
    ctx.session.watched.clear(ctx.engine.keyspace());
    ctx.ok()
}

/// The keys that a session watches.
#[derive(Debug)]
pub(in crate::command) struct Watched {
    client: Arc<Client>,
    keys: keyspace::Watched,
}

impl Watched {
    pub(in crate::command) fn new(client: Arc<Client>) -> Watched {
        Watched { keys: keyspace::Watched::new(client.watcher.clone()), client }
    }

    /// Watches a key of the transaction's database, whose stripe it holds exclusively.
    fn add(&mut self, tx: &mut Tx<'_>, key: Key<'_>) -> Result<()> {
        self.keys.add(tx, key)?;
        self.show();
        Ok(())
    }

    /// Shows others how many keys there are, and what they take.
    fn show(&self) {
        self.client.set_watched(self.keys.len(), self.keys.heap_size());
    }

    /// The keys, hashed.
    pub(in crate::command) fn keys(&self, keyspace: &Keyspace) -> Vec<Key<'_>> {
        self.keys.keys(keyspace)
    }

    /// Whether one of the keys has changed, be it that its time is over; `tx` holds them.
    pub(super) fn has_changed(&self, tx: &mut Tx<'_>) -> Result<bool> {
        self.keys.has_changed(tx)
    }

    /// Forgets all keys; `tx` holds them.
    pub(super) fn clear_in(&mut self, tx: &mut Tx<'_>) -> Result<()> {
        self.keys.clear_in(tx)?;
        self.show();
        Ok(())
    }

    /// Forgets all keys; no stripe is held.
    pub(in crate::command) fn clear(&mut self, keyspace: &Keyspace) {
        self.keys.clear(keyspace);
        self.show();
    }
}
