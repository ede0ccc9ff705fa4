//! Channels: who listens, and what is said.
//!
//! | to find | look in |
//! |---|---|
//! | a message and the form in which it travels | `message.rs`, `frame.rs` |
//! | who listens to what, and how a message gets there | `hub.rs`, `audience.rs` |
//! | what happens to keys, over channels and as a stream | `notify.rs`, `events.rs` |
//! | a program that listens | `subscription.rs`; its queue, `queue.rs` |
//!
//! Nothing here knows commands or connections: whoever listens is a [`Subscriber`]. No data
//! is locked to publish or to subscribe.

mod audience;
mod events;
pub(crate) mod frame;
mod hub;
mod message;
mod notify;
mod queue;
mod subscription;

pub use events::{EventOptions, EventStream, KeyEvent};
pub(crate) use hub::{Hub, Kind};
pub use message::Message;
pub(crate) use notify::{Notified, Notifier};
pub(crate) use queue::Pace;
pub use queue::{Overflow, QueueStats};
pub use subscription::{SubscribeOptions, Subscription};

/// Somebody who listens.
pub(crate) trait Subscriber: Send + Sync {
    /// Takes a message. Called under the lock of the channel or pattern, and for keyspace
    /// notifications under the stripes concerned: it must be quick, must not wait and must not
    /// subscribe or publish. True if whoever publishes is to call
    /// [`wait_for_room`](Subscriber::wait_for_room) when it holds no lock any more, which it says it may.
    fn deliver(&self, message: &Message, pace: Pace) -> bool;

    /// Waits until it has caught up.
    fn wait_for_room(&self) {}

    /// There will be no more messages: the engine is no more.
    fn end(&self) {}
}
