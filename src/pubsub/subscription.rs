//! Listening to channels, as a Rust program does it.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::Subscriber;
use super::hub::{Hub, Kind};
use super::message::Message;
use super::queue::{Overflow, Pace, Queue, QueueStats};
use crate::clock::Clock;

/// How a subscriber wants to be treated.
///
/// ```
/// use danio::{Config, Engine, Overflow, SubscribeOptions};
///
/// let engine = Engine::open(Config::new())?;
/// let options = SubscribeOptions::new().capacity(2).overflow(Overflow::DropOldest);
/// let mut last_two = engine.subscription(options);
/// last_two.subscribe("ticks");
/// for tick in ["1", "2", "3"] {
///     engine.publish("ticks", tick);
/// }
/// assert_eq!(last_two.try_recv().expect("queued").payload(), "2");
/// assert_eq!(last_two.stats().dropped, 1);
/// # Ok::<(), danio::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct SubscribeOptions {
    capacity: usize,
    overflow: Overflow,
}

impl SubscribeOptions {
    /// A queue of 1024 messages; whoever does not keep up is disconnected.
    pub fn new() -> SubscribeOptions {
        SubscribeOptions { capacity: 1024, overflow: Overflow::Disconnect }
    }

    /// How many messages are kept that were not yet read: one at least.
    pub fn capacity(mut self, messages: usize) -> SubscribeOptions {
        self.capacity = messages;
        self
    }

    /// What happens when there are more.
    pub fn overflow(mut self, overflow: Overflow) -> SubscribeOptions {
        self.overflow = overflow;
        self
    }

    pub(super) fn queue<T>(self) -> Queue<T> {
        Queue::new(self.capacity, self.overflow)
    }
}

impl Default for SubscribeOptions {
    fn default() -> SubscribeOptions {
        SubscribeOptions::new()
    }
}

/// Messages of the channels and patterns that a program listens to.
///
/// An iterator that waits, and with the feature `async` a stream. Dropping it ends its
/// subscriptions. It ends by itself when the last handle on the engine is dropped, or when it
/// was too slow and is to be [disconnected](Overflow::Disconnect).
///
/// ```
/// let engine = danio::Engine::open(danio::Config::new())?;
/// let mut news = engine.subscribe(["news"]);
/// news.psubscribe("weather:*");
/// assert_eq!(engine.publish("weather:rome", "sunny"), 1);
/// drop(engine);
/// let all: Vec<_> = news.map(|message| (message.channel(), message.payload())).collect();
/// assert_eq!(all, [("weather:rome".into(), "sunny".into())]);
/// # Ok::<(), danio::Error>(())
/// ```
pub struct Subscription {
    listener: Arc<Listener>,
    hub: Arc<Hub>,
    clock: Clock,
    names: [HashSet<Bytes>; 3],
}

/// The part that the hub knows.
struct Listener(Queue<Message>);

impl Subscriber for Listener {
    fn deliver(&self, message: &Message, pace: Pace) -> bool {
        self.0.push(message.clone(), pace)
    }

    fn wait_for_room(&self) {
        self.0.wait_for_room();
    }

    fn end(&self) {
        self.0.end();
    }
}

impl Subscription {
    pub(crate) fn new(hub: Arc<Hub>, clock: Clock, options: SubscribeOptions) -> Subscription {
        let listener = Arc::new(Listener(options.queue()));
        Subscription { listener, hub, clock, names: Default::default() }
    }

    /// Listens to a channel (`SUBSCRIBE`); false if it does already. O(1), locks no data.
    pub fn subscribe(&mut self, channel: impl AsRef<[u8]>) -> bool {
        self.add(Kind::Channel, channel.as_ref())
    }

    /// Listens to all channels that fit a glob pattern (`PSUBSCRIBE`); false if it does already.
    /// O(1), locks no data; whoever publishes tries every pattern.
    pub fn psubscribe(&mut self, pattern: impl AsRef<[u8]>) -> bool {
        self.add(Kind::Pattern, pattern.as_ref())
    }

    /// Listens to a shard channel (`SSUBSCRIBE`); false if it does already. O(1), locks no data.
    pub fn ssubscribe(&mut self, channel: impl AsRef<[u8]>) -> bool {
        self.add(Kind::Shard, channel.as_ref())
    }

    /// Listens to a channel no longer (`UNSUBSCRIBE`); false if it did not. What is queued stays.
    pub fn unsubscribe(&mut self, channel: impl AsRef<[u8]>) -> bool {
        self.remove(Kind::Channel, channel.as_ref())
    }

    /// Listens to a pattern no longer (`PUNSUBSCRIBE`); false if it did not. What is queued stays.
    pub fn punsubscribe(&mut self, pattern: impl AsRef<[u8]>) -> bool {
        self.remove(Kind::Pattern, pattern.as_ref())
    }

    /// Listens to a shard channel no longer (`SUNSUBSCRIBE`); false if it did not. What is queued
    /// stays.
    pub fn sunsubscribe(&mut self, channel: impl AsRef<[u8]>) -> bool {
        self.remove(Kind::Shard, channel.as_ref())
    }

    fn add(&mut self, kind: Kind, name: &[u8]) -> bool {
        let new = self.names[kind as usize].insert(Bytes::copy_from_slice(name));
        if new {
            self.hub.subscribe(kind, name, &(self.listener.clone() as Arc<dyn Subscriber>));
        }
        new
    }

    fn remove(&mut self, kind: Kind, name: &[u8]) -> bool {
        let was = self.names[kind as usize].remove(name);
        if was {
            self.hub.unsubscribe(kind, name, &(self.listener.clone() as Arc<dyn Subscriber>));
        }
        was
    }

    /// Takes the next message if there is one; does not wait.
    pub fn try_recv(&mut self) -> Option<Message> {
        self.listener.0.try_take()
    }

    /// Waits for the next message; `None` once the subscription [has ended](Subscription::is_ended)
    /// and all that was queued is read.
    pub fn recv(&mut self) -> Option<Message> {
        self.listener.0.take(&self.clock, None)
    }

    /// As [`recv`](Subscription::recv), for `limit` by the engine's clock at most.
    pub fn recv_timeout(&mut self, limit: Duration) -> Option<Message> {
        self.listener.0.take(&self.clock, Some(limit))
    }

    /// As [`recv`](Subscription::recv), as a future for any runtime. Dropping it before it is ready loses
    /// nothing.
    #[cfg(feature = "async")]
    pub async fn recv_async(&mut self) -> Option<Message> {
        std::future::poll_fn(|cx| self.listener.0.poll_take(cx)).await
    }

    /// Whether nothing more will come: it was too slow, or the engine is no more.
    pub fn is_ended(&self) -> bool {
        self.listener.0.is_over()
    }

    /// How many messages it was handed, missed, and has queued.
    pub fn stats(&self) -> QueueStats {
        self.listener.0.stats()
    }
}

impl Iterator for Subscription {
    type Item = Message;

    fn next(&mut self) -> Option<Message> {
        self.recv()
    }
}

#[cfg(feature = "async")]
impl futures_core::Stream for Subscription {
    type Item = Message;

    fn poll_next(
        self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Message>> {
        self.listener.0.poll_take(cx)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        // First, so that nobody waits for room any more.
        self.listener.0.end();
        let who = self.listener.clone() as Arc<dyn Subscriber>;
        for kind in [Kind::Channel, Kind::Pattern, Kind::Shard] {
            for name in &self.names[kind as usize] {
                self.hub.unsubscribe(kind, name, &who);
            }
        }
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("names", &self.names)
            .field("queue", &self.listener.0)
            .finish_non_exhaustive()
    }
}
