//! What is sent to a client besides answers, and where it waits until the connection has its turn.
//!
//! Any thread posts a [`Push`] to a [`Client`](super::Client) with `Client::post`; the post wakes the
//! connection if nothing waited before. The connection writes what waits between the replies of
//! its commands, never inside one, in the order in which it was posted: what came before a command ran
//! is written before its reply, what the command itself caused is written behind it. A session of this
//! process takes it with [`Session::take_pushes`](super::Session::take_pushes).
//!
//! Bytes that wait count against `client-output-buffer-limit`, in the class `pubsub` for a client that has
//! subscriptions and `normal` for any other. Whoever posts beyond the hard limit has the connection ended, so
//! that what waits is bounded however slowly a client reads. A message's bytes are shared by all clients
//! that it waits for, and copied only when the socket has room.

use std::sync::Arc;

use bytes::Bytes;

use super::reply::Protocol;
use super::value::Value;
use crate::pubsub::{Message, frame};

/// An out-of-band message. Its bytes are written once, whatever the number of clients that take
/// it and the protocols that they speak; cloning is O(1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Push(Form);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    Message(Message),
    Frame(Arc<Frame>),
    Line(Bytes),
}

#[derive(Debug, PartialEq, Eq)]
struct Frame {
    /// Beginning with RESP3's marker.
    resp3: Bytes,
    /// As it begins in RESP2, with RESP3's marker all the same, where that is otherwise; empty if RESP2
    /// has no such message.
    resp2: Option<Bytes>,
    body: Bytes,
}

impl Push {
    /// A message of `head`, which holds RESP3's marker, the number of items and the first of them, and
    /// `body`, the rest of them; see [`frame`]. RESP2 gets the same as an array.
    pub(crate) fn new(head: impl Into<Bytes>, body: impl Into<Bytes>) -> Push {
        let frame = Frame { resp3: head.into(), resp2: None, body: body.into() };
        Push(Form::Frame(Arc::new(frame)))
    }

    /// A line, which is the same in both protocols and looks like an answer (`MONITOR`).
    pub(crate) fn line(line: impl Into<Bytes>) -> Push {
        Push(Form::Line(line.into()))
    }

    /// Has it begin with `head` for a client that speaks RESP2.
    pub(crate) fn with_resp2(self, head: impl Into<Bytes>) -> Push {
        let Form::Frame(frame) = &self.0 else { return self };
        let frame = Frame {
            resp3: frame.resp3.clone(),
            resp2: Some(head.into()),
            body: frame.body.clone(),
        };
        Push(Form::Frame(Arc::new(frame)))
    }

    /// Has it left out for a client that speaks RESP2.
    pub(crate) fn not_in_resp2(self) -> Push {
        self.with_resp2(Bytes::new())
    }

    /// The two parts, with RESP3's marker; empty if there is no such message in the protocol.
    fn parts(&self, protocol: Protocol) -> (&[u8], &[u8]) {
        match &self.0 {
            Form::Message(message) => message.wire(),
            Form::Line(line) => (line, b""),
            Form::Frame(frame) => match (&frame.resp2, protocol) {
                (Some(head), Protocol::Resp2) if head.is_empty() => (b"", b""),
                (Some(head), Protocol::Resp2) => (head, &frame.body),
                _ => (&frame.resp3, &frame.body),
            },
        }
    }

    /// How many bytes it takes on the wire.
    pub(crate) fn size(&self) -> usize {
        let (head, body) = self.parts(Protocol::Resp3);
        head.len() + body.len()
    }

    /// Appends it to what is sent to a client.
    #[cfg_attr(
        not(any(test, feature = "network")),
        expect(dead_code, reason = "without a server nothing is sent")
    )]
    pub(crate) fn write(&self, protocol: Protocol, out: &mut Vec<u8>) {
        let (head, body) = self.parts(protocol);
        out.reserve(head.len() + body.len());
        let start = out.len();
        out.extend_from_slice(head);
        out.extend_from_slice(body);
        if protocol == Protocol::Resp2 && head.first() == Some(&frame::PUSH) {
            out[start] = b'*';
        }
    }

    /// It as a value, for callers in this process.
    pub(crate) fn value(&self) -> Value {
        self.value_in(Protocol::Resp3).unwrap_or(Value::Nil)
    }

    /// It as a value that looks as in RESP3, of what is sent in `protocol`; nothing if that has no such message.
    pub(crate) fn value_in(&self, protocol: Protocol) -> Option<Value> {
        let (head, body) = self.parts(protocol);
        let bytes = [head, body].concat();
        read(&mut &bytes[..])
    }

    /// The message that it is, if it is one of a channel.
    #[cfg(feature = "redis")]
    pub(crate) fn message(&self) -> Option<&Message> {
        match &self.0 {
            Form::Message(message) => Some(message),
            _ => None,
        }
    }
}

impl From<Message> for Push {
    fn from(message: Message) -> Push {
        Push(Form::Message(message))
    }
}

/// Reads one value of a frame, which holds strings, integers, nulls and arrays; or a line.
fn read(left: &mut &[u8]) -> Option<Value> {
    let end = memchr::memchr(b'\r', left)?;
    let (line, rest) = (&left[..end], left.get(end + 2..)?);
    *left = rest;
    let (marker, number) = line.split_first()?;
    if *marker == b'_' {
        return Some(Value::Nil);
    }
    if *marker == b'+' {
        return Some(Value::Status(String::from_utf8_lossy(number).into()));
    }
    let number = crate::text::int::parse_i64(number)?;
    match marker {
        b':' => Some(Value::Int(number)),
        b'$' => {
            let len = usize::try_from(number).ok()?;
            let bytes = Bytes::copy_from_slice(left.get(..len)?);
            *left = left.get(len + 2..)?;
            Some(Value::Bulk(bytes))
        }
        b'*' | &frame::PUSH => {
            let items = (0..number).map(|_| read(left)).collect::<Option<Vec<Value>>>()?;
            Some(if *marker == b'*' { Value::Array(items) } else { Value::Push(items) })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invalidate() -> Push {
        let mut body = Vec::new();
        frame::header(&mut body, b'*', 1);
        frame::bulk(&mut body, b"key");
        Push::new(&b">2\r\n$10\r\ninvalidate\r\n"[..], body)
    }

    fn written(push: &Push, protocol: Protocol) -> String {
        let mut out = b"+OK\r\n".to_vec();
        push.write(protocol, &mut out);
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn written_once_for_both_versions() {
        let push = invalidate();
        let rest = "2\r\n$10\r\ninvalidate\r\n*1\r\n$3\r\nkey\r\n";
        assert_eq!(written(&push, Protocol::Resp3), format!("+OK\r\n>{rest}"));
        assert_eq!(written(&push, Protocol::Resp2), format!("+OK\r\n*{rest}"));
        let redirected = push.with_resp2(&b">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n"[..]);
        assert_eq!(written(&redirected, Protocol::Resp3), format!("+OK\r\n>{rest}"));
        assert_eq!(
            written(&redirected, Protocol::Resp2),
            "+OK\r\n*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n*1\r\n$3\r\nkey\r\n"
        );
        let key = Value::Array(vec![Value::Bulk("key".into())]);
        assert_eq!(redirected.value(), Value::Push(vec![Value::Bulk("invalidate".into()), key]));
        let none = Push::new(&b">2\r\n:-7\r\n"[..], &b"_\r\n"[..]);
        assert_eq!(none.value(), Value::Push(vec![Value::Int(-7), Value::Nil]));
    }
}
