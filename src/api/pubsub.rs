//! Channels, of the engine: they belong to no database.

use super::{Db, Engine};
use crate::pubsub::{EventOptions, EventStream, Pace, SubscribeOptions, Subscription};

impl Engine {
    /// Sends a message to all who listen to a channel, in this program or connected, and to patterns
    /// that it fits; says to how many (`PUBLISH`). O(subscribers + patterns). Locks no data; waits only
    /// for subscribers of this program that [ask for it](crate::Overflow::Wait).
    ///
    /// When it returns, the message is queued for each of them.
    ///
    /// ```
    /// let engine = danio::Engine::open(danio::Config::new())?;
    /// assert_eq!(engine.publish("news", "nobody listens"), 0);
    /// let mut news = engine.subscribe(["news", "sport"]);
    /// assert_eq!(engine.publish("news", "hello"), 1);
    /// assert_eq!(news.recv().expect("it is queued").payload(), "hello");
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn publish(&self, channel: impl AsRef<[u8]>, message: impl AsRef<[u8]>) -> usize {
        self.hub().publish(channel.as_ref(), message.as_ref(), Pace::MayWait)
    }

    /// As [`publish`](Engine::publish), to a shard channel (`SPUBLISH`). O(subscribers).
    ///
    /// ```
    /// let engine = danio::Engine::open(danio::Config::new())?;
    /// let mut shard = engine.subscribe([] as [&str; 0]);
    /// shard.ssubscribe("orders");
    /// assert_eq!(engine.publish("orders", "another kind of channel"), 0);
    /// assert_eq!(engine.spublish("orders", "7"), 1);
    /// assert!(shard.try_recv().expect("it is queued").is_shard());
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn spublish(&self, channel: impl AsRef<[u8]>, message: impl AsRef<[u8]>) -> usize {
        self.hub().publish_shard(channel.as_ref(), message.as_ref(), Pace::MayWait)
    }

    /// Listens to channels (`SUBSCRIBE`), with a queue of 1024 messages; whoever does not keep up is
    /// disconnected. [`subscription`](Engine::subscription) chooses otherwise. Locks no data.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let engine = danio::Engine::open(danio::Config::new())?;
    /// let mut news = engine.subscribe(["news"]);
    /// std::thread::scope(|scope| {
    ///     scope.spawn(|| engine.publish("news", "hello"));
    ///     assert_eq!(news.recv().expect("it comes").payload(), "hello");
    /// });
    /// assert!(news.recv_timeout(Duration::from_millis(1)).is_none());
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn subscribe<C: AsRef<[u8]>>(&self, channels: impl IntoIterator<Item = C>) -> Subscription {
        let mut subscription = self.subscription(SubscribeOptions::new());
        for channel in channels {
            subscription.subscribe(channel);
        }
        subscription
    }

    /// Makes a subscriber that listens to nothing yet.
    ///
    /// ```
    /// use danio::{Config, Engine, Overflow, SubscribeOptions};
    ///
    /// let engine = Engine::open(Config::new())?;
    /// let mut slow = engine.subscription(SubscribeOptions::new().capacity(1));
    /// slow.psubscribe("news:*");
    /// engine.publish("news:a", "1");
    /// engine.publish("news:b", "2");
    /// assert!(slow.is_ended(), "a queue of one was full");
    /// assert_eq!(slow.count(), 1, "what was queued is still there");
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn subscription(&self, options: SubscribeOptions) -> Subscription {
        Subscription::new(self.hub().clone(), self.clock().clone(), options)
    }
}

impl Engine {
    /// Follows what happens to keys, in all databases: everything but look-ups in vain, with a queue of
    /// 1024 events; whoever does not keep up is disconnected. Independent of `notify-keyspace-events`.
    ///
    /// While anybody follows, each change costs telling; with nobody, one load of a flag. Events of one
    /// key come in the order of its changes, and are queued before the call that caused them returns.
    pub fn events(&self) -> EventStream {
        self.events_with(EventOptions::new())
    }

    /// As [`events`](Engine::events), with a choice of events and of what happens to slow followers.
    ///
    /// ```
    /// use danio::{Config, Engine, EventClass, EventOptions};
    ///
    /// let engine = Engine::open(Config::new())?;
    /// let mut misses = engine.events_with(EventOptions::new().classes([EventClass::Missed]));
    /// engine.db(3)?.get("missing")?;
    /// let event = misses.try_recv().expect("it is queued");
    /// assert_eq!((event.db, &event.key[..], event.name), (3, &b"missing"[..], "keymiss"));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn events_with(&self, options: EventOptions) -> EventStream {
        EventStream::new(self.notifier().clone(), &self.shared_keyspace(), options)
    }
}

impl Db {
    /// Follows what happens to this database's keys; otherwise as [`Engine::events`].
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let mut events = db.events();
    /// db.rpush("queue", ["a", "b"])?;
    /// db.lpop("queue")?;
    /// db.lpop("queue")?;
    /// let told: Vec<_> = std::iter::from_fn(|| events.try_recv()).map(|event| event.name).collect();
    /// assert_eq!(told, ["new", "rpush", "lpop", "lpop", "del"]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn events(&self) -> EventStream {
        self.events_with(EventOptions::new())
    }

    /// As [`events`](Db::events), with a choice of events and of what happens to slow followers; the
    /// database is this one.
    pub fn events_with(&self, options: EventOptions) -> EventStream {
        self.engine().events_with(options.db(self.number()))
    }
}
