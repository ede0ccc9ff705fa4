//! What one session listens to.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;

use crate::command::client::Client;
use crate::pubsub::{Hub, Kind, Subscriber};

type Names = HashSet<Bytes>;

/// The channels, patterns and shard channels that a session listens to.
#[derive(Debug, Default)]
pub(in crate::command) struct Subscriptions {
    channels: Names,
    patterns: Names,
    shards: Names,
}

impl Subscriptions {
    fn of(&mut self, kind: Kind) -> &mut Names {
        match kind {
            Kind::Channel => &mut self.channels,
            Kind::Pattern => &mut self.patterns,
            Kind::Shard => &mut self.shards,
        }
    }

    /// Adds a subscription, if it is new.
    pub(super) fn add(&mut self, hub: &Hub, client: &Arc<Client>, kind: Kind, name: &[u8]) {
        if self.of(kind).insert(Bytes::copy_from_slice(name)) {
            self.show(client);
            hub.subscribe(kind, name, &(client.clone() as Arc<dyn Subscriber>));
        }
    }

    /// Ends a subscription, if there is one: nothing is delivered for it any more.
    pub(super) fn remove(&mut self, hub: &Hub, client: &Arc<Client>, kind: Kind, name: &[u8]) {
        if self.of(kind).remove(name) {
            hub.unsubscribe(kind, name, &(client.clone() as Arc<dyn Subscriber>));
            self.show(client);
        }
    }

    /// Ends them all.
    pub(in crate::command) fn clear(&mut self, hub: &Hub, client: &Arc<Client>) {
        let who = client.clone() as Arc<dyn Subscriber>;
        for kind in [Kind::Channel, Kind::Pattern, Kind::Shard] {
            for name in self.of(kind).drain() {
                hub.unsubscribe(kind, &name, &who);
            }
        }
        self.show(client);
    }

    /// The names of one kind.
    pub(super) fn names(&mut self, kind: Kind) -> Vec<Bytes> {
        self.of(kind).iter().cloned().collect()
    }

    /// The number that confirmations tell: shard channels are counted by themselves.
    pub(super) fn count(&self, kind: Kind) -> usize {
        match kind {
            Kind::Shard => self.shards.len(),
            Kind::Channel | Kind::Pattern => self.channels.len() + self.patterns.len(),
        }
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.channels.is_empty() && self.patterns.is_empty() && self.shards.is_empty()
    }

    /// Shows others how many there are.
    fn show(&self, client: &Client) {
        client.set_subscribed([self.channels.len(), self.patterns.len(), self.shards.len()]);
    }
}
