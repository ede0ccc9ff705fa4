//! What happens to keys, as a Rust program follows it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use bytes::Bytes;

use super::notify::Notifier;
use super::queue::{Overflow, Pace, Queue, QueueStats};
use super::subscription::SubscribeOptions;
use crate::clock::Clock;
use crate::keyspace::Keyspace;
use crate::keyspace::event::Class;
use crate::keyspace::observer::{self, wants};
use crate::sync::RwLock;
use crate::text::glob;

/// One thing that happened to a key.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyEvent {
    /// The key's database.
    pub db: u32,
    /// The key; empty for what happens to a whole [database](Class::Database).
    pub key: Bytes,
    /// The event's kind.
    pub class: Class,
    /// What happened, in the words of Redis's keyspace notifications: `set`, `lpush`, `expired`.
    pub name: &'static str,
}

/// Which events are wanted, and how many may wait.
///
/// ```
/// use danio::{Db, EventClass, EventOptions};
///
/// let db = Db::in_memory();
/// let users = EventOptions::new().keys("user:*").classes([EventClass::Hash, EventClass::Generic]);
/// let mut events = db.events_with(users);
/// db.hset("user:1", [("name", "Ann")])?;
/// db.set("other", "thing")?;
/// db.del("user:1");
/// let told: Vec<_> = std::iter::from_fn(|| events.try_recv()).map(|event| event.name).collect();
/// assert_eq!(told, ["hset", "del"]);
/// # Ok::<(), danio::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct EventOptions {
    queue: SubscribeOptions,
    db: Option<u32>,
    classes: u32,
    pattern: Option<Bytes>,
}

impl EventOptions {
    /// All events but [look-ups in vain](Class::Missed), in a queue of 1024; whoever does not keep up is
    /// disconnected.
    pub fn new() -> EventOptions {
        EventOptions {
            queue: SubscribeOptions::new(),
            db: None,
            classes: !bit(Class::Missed),
            pattern: None,
        }
    }

    /// Only events of one database.
    pub fn db(mut self, db: u32) -> EventOptions {
        self.db = Some(db);
        self
    }

    /// Only events of these kinds.
    pub fn classes(mut self, classes: impl IntoIterator<Item = Class>) -> EventOptions {
        self.classes = classes.into_iter().fold(0, |all, class| all | bit(class));
        self
    }

    /// Only events of keys that fit a glob pattern, and of whole databases.
    pub fn keys(mut self, pattern: impl AsRef<[u8]>) -> EventOptions {
        self.pattern = Some(Bytes::copy_from_slice(pattern.as_ref()));
        self
    }

    /// How many events are kept that were not yet read: one at least.
    pub fn capacity(mut self, events: usize) -> EventOptions {
        self.queue = self.queue.capacity(events);
        self
    }

    /// What happens when there are more. Data are locked while events are told, so that nobody is
    /// waited for: [`Overflow::Wait`] drops the oldest.
    pub fn overflow(mut self, overflow: Overflow) -> EventOptions {
        self.queue = self.queue.overflow(overflow);
        self
    }

    fn wants(&self, event: &observer::KeyEvent) -> bool {
        let class = event.event.class;
        self.classes & bit(class) != 0
            && self.db.is_none_or(|db| db == event.db)
            && (self.pattern.as_ref())
                .is_none_or(|p| class == Class::Database || glob::matches(p, &event.key))
    }
}

impl Default for EventOptions {
    fn default() -> EventOptions {
        EventOptions::new()
    }
}

const fn bit(class: Class) -> u32 {
    1 << class as u32
}

/// Events of an engine, in the order in which they happened to each key.
///
/// An iterator that waits, and with the feature `async` a stream. Dropping it ends it. It ends by
/// itself when the last handle on the engine is dropped, or when it was too slow and is to be
/// [disconnected](Overflow::Disconnect).
pub struct EventStream {
    sink: Arc<Sink>,
    notifier: Arc<Notifier>,
    keyspace: std::sync::Weak<Keyspace>,
    clock: Clock,
}

struct Sink {
    options: EventOptions,
    queue: Queue<KeyEvent>,
}

/// All who follow events.
#[derive(Default)]
pub(super) struct Streams {
    count: AtomicUsize,
    list: RwLock<Vec<Arc<Sink>>>,
}

impl Streams {
    /// What observers must be told.
    pub(super) fn wants(&self) -> u8 {
        let list = self.list.read();
        let misses = list.iter().any(|sink| sink.options.classes & bit(Class::Missed) != 0);
        let events = if list.is_empty() { 0 } else { wants::EVENTS };
        events | if misses { wants::MISSES } else { 0 }
    }

    pub(super) fn tell(&self, event: &observer::KeyEvent) {
        if self.count.load(Relaxed) == 0 {
            return;
        }
        let mut told = None;
        for sink in self.list.read().iter().filter(|sink| sink.options.wants(event)) {
            let told = told.get_or_insert_with(|| KeyEvent {
                db: event.db,
                key: Bytes::copy_from_slice(&event.key),
                class: event.event.class,
                name: event.event.name,
            });
            sink.queue.push(told.clone(), Pace::Never);
        }
    }

    /// Tells all that there will be no more events.
    pub(super) fn end(&self) {
        self.list.read().iter().for_each(|sink| sink.queue.end());
    }
}

impl EventStream {
    pub(crate) fn new(
        notifier: Arc<Notifier>,
        keyspace: &Arc<Keyspace>,
        options: EventOptions,
    ) -> EventStream {
        let sink = Arc::new(Sink { queue: options.queue.queue(), options });
        let streams = &notifier.streams;
        streams.list.write().push(sink.clone());
        streams.count.fetch_add(1, Relaxed);
        keyspace.observers.reconsider();
        let (clock, keyspace) = (keyspace.clock.clone(), Arc::downgrade(keyspace));
        EventStream { sink, notifier, keyspace, clock }
    }

    /// Takes the next event if there is one; does not wait.
    pub fn try_recv(&mut self) -> Option<KeyEvent> {
        self.sink.queue.try_take()
    }

    /// Waits for the next event; `None` once the stream [has ended](EventStream::is_ended) and all
    /// that was queued is read.
    pub fn recv(&mut self) -> Option<KeyEvent> {
        self.sink.queue.take(&self.clock, None)
    }

    /// As [`recv`](EventStream::recv), for `limit` by the engine's clock at most.
    pub fn recv_timeout(&mut self, limit: Duration) -> Option<KeyEvent> {
        self.sink.queue.take(&self.clock, Some(limit))
    }

    /// As [`recv`](EventStream::recv), as a future for any runtime. Dropping it before it is ready loses
    /// nothing.
    #[cfg(feature = "async")]
    pub async fn recv_async(&mut self) -> Option<KeyEvent> {
        std::future::poll_fn(|cx| self.sink.queue.poll_take(cx)).await
    }

    /// Whether nothing more will come: it was too slow, or the engine is no more.
    pub fn is_ended(&self) -> bool {
        self.sink.queue.is_over()
    }

    /// How many events it was handed, missed, and has queued.
    pub fn stats(&self) -> QueueStats {
        self.sink.queue.stats()
    }
}

impl Iterator for EventStream {
    type Item = KeyEvent;

    fn next(&mut self) -> Option<KeyEvent> {
        self.recv()
    }
}

#[cfg(feature = "async")]
impl futures_core::Stream for EventStream {
    type Item = KeyEvent;

    fn poll_next(
        self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<KeyEvent>> {
        self.sink.queue.poll_take(cx)
    }
}

impl Drop for EventStream {
    fn drop(&mut self) {
        let streams = &self.notifier.streams;
        streams.list.write().retain(|sink| !Arc::ptr_eq(sink, &self.sink));
        streams.count.fetch_sub(1, Relaxed);
        if let Some(keyspace) = self.keyspace.upgrade() {
            keyspace.observers.reconsider();
        }
    }
}

impl fmt::Debug for EventStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStream")
            .field("options", &self.sink.options)
            .field("queue", &self.sink.queue)
            .finish_non_exhaustive()
    }
}
