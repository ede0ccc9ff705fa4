//! A message, stored once whoever takes it.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use super::frame;

/// What was published: a payload and the channel it was published to.
///
/// Its bytes are stored once and shared by all who received it: cloning is O(1), and what
/// [`channel`](Message::channel) and [`payload`](Message::payload) give are parts of them.
///
/// ```
/// let engine = danio::Engine::open(danio::Config::new())?;
/// let mut news = engine.subscribe(["news"]);
/// assert_eq!(engine.publish("news", "hello"), 1);
/// let message = news.try_recv().expect("it is there when publish returns");
/// assert_eq!(message.channel(), "news");
/// assert_eq!(message.payload(), "hello");
/// assert_eq!(message.pattern(), None);
/// # Ok::<(), danio::Error>(())
/// ```
#[derive(Clone)]
pub struct Message(Arc<Parts>);

/// How a message is sent: `head`, then `body`.
struct Parts {
    /// The array's length, the message's kind, and the pattern if there is one. It begins with
    /// RESP3's marker.
    head: Bytes,
    pattern: Option<Bytes>,
    /// The channel and the payload, as byte strings.
    body: Body,
}

/// A channel and a payload, as the messages to all who listen share them.
#[derive(Clone)]
pub(super) struct Body {
    bytes: Bytes,
    channel: Range<usize>,
    payload: Range<usize>,
}

impl Body {
    pub(super) fn new(channel: &[u8], payload: &[u8]) -> Body {
        // To the byte: what has room to spare takes a second block to be shared.
        let size = frame::bulk_size(channel.len()) + frame::bulk_size(payload.len());
        let mut bytes = Vec::with_capacity(size);
        let channel = frame::bulk(&mut bytes, channel);
        let payload = frame::bulk(&mut bytes, payload);
        Body { bytes: bytes.into(), channel, payload }
    }
}

/// The head of a message by what it was subscribed by.
pub(super) const MESSAGE: &[u8] = b">3\r\n$7\r\nmessage\r\n";
pub(super) const SHARD_MESSAGE: &[u8] = b">3\r\n$8\r\nsmessage\r\n";

/// The head of the messages of a pattern, and the pattern in it.
pub(super) fn pattern_head(pattern: &[u8]) -> (Bytes, Bytes) {
    let mut head = b">4\r\n$8\r\npmessage\r\n".to_vec();
    let place = frame::bulk(&mut head, pattern);
    let head = Bytes::from(head);
    let pattern = head.slice(place);
    (head, pattern)
}

impl Message {
    pub(super) fn new(head: Bytes, pattern: Option<Bytes>, body: Body) -> Message {
        Message(Arc::new(Parts { head, pattern, body }))
    }

    /// The channel it was published to.
    pub fn channel(&self) -> Bytes {
        self.0.body.bytes.slice(self.0.body.channel.clone())
    }

    /// What was published.
    pub fn payload(&self) -> Bytes {
        self.0.body.bytes.slice(self.0.body.payload.clone())
    }

    /// The pattern that it fits, if it was received for a pattern.
    pub fn pattern(&self) -> Option<Bytes> {
        self.0.pattern.clone()
    }

    /// Whether the channel is a shard channel (`SPUBLISH`).
    pub fn is_shard(&self) -> bool {
        self.0.head == SHARD_MESSAGE
    }

    /// Its bytes as they are sent in RESP3, in two parts.
    pub(crate) fn wire(&self) -> (&[u8], &[u8]) {
        (&self.0.head, &self.0.body.bytes)
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("channel", &self.channel())
            .field("payload", &self.payload())
            .field("pattern", &self.pattern())
            .finish()
    }
}

impl PartialEq for Message {
    fn eq(&self, other: &Message) -> bool {
        self.wire() == other.wire()
    }
}

impl Eq for Message {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_as_much_room_as_it_needs() {
        for len in [0, 1, 9, 10, 42, 99, 100, 999, 1000, 12_345] {
            let mut bytes = Vec::new();
            frame::bulk(&mut bytes, &vec![b'x'; len]);
            assert_eq!(frame::bulk_size(len), bytes.len());
            assert!(bytes.starts_with(format!("${len}\r\nx").as_bytes()) || len == 0);
        }
    }

    #[test]
    fn travels_as_redis_writes_it() {
        let body = Body::new(b"ch", b"hello\r\n");
        let plain = Message::new(Bytes::from_static(MESSAGE), None, body.clone());
        let (head, rest) = plain.wire();
        assert_eq!(
            [head, rest].concat(),
            b">3\r\n$7\r\nmessage\r\n$2\r\nch\r\n$7\r\nhello\r\n\r\n"
        );
        let (head, pattern) = pattern_head(b"c*");
        let fits = Message::new(head, Some(pattern), body.clone());
        let (head, rest) = fits.wire();
        assert_eq!(
            [head, rest].concat(),
            b">4\r\n$8\r\npmessage\r\n$2\r\nc*\r\n$2\r\nch\r\n$7\r\nhello\r\n\r\n"
        );
        assert_eq!(fits.pattern().as_deref(), Some(&b"c*"[..]));
        assert_eq!((fits.channel(), fits.payload()), ("ch".into(), "hello\r\n".into()));
        assert!(!fits.is_shard() && !plain.is_shard());
        assert!(Message::new(Bytes::from_static(SHARD_MESSAGE), None, body).is_shard());
    }
}
