//! The sink that makes the `redis` crate's values, as its parser would from what a server sends.

use ::redis::{PushInfo, PushKind, ServerError, Value, VerbatimFormat};

use crate::command::{self, Protocol, Push, Reply};
use crate::error::Error;
use crate::text::double;

/// Takes one command's answer, and what is pushed beside it.
#[derive(Debug)]
pub(super) struct Sink {
    protocol: Protocol,
    pub(super) answer: Option<Value>,
    /// Whole messages, in order.
    pub(super) pushed: Vec<Value>,
    open: Vec<Open>,
}

/// An aggregate whose items are still coming.
#[derive(Debug)]
struct Open {
    kind: Kind,
    wanted: usize,
    items: Vec<Value>,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Array,
    Map,
    Set,
    Push,
    /// Pairs, and the value that they are about.
    Attribute,
}

/// Aggregates are given room for so many items before they come.
const ROOM: usize = 1 << 16;

impl Sink {
    pub(super) fn new(protocol: Protocol) -> Sink {
        Sink { protocol, answer: None, pushed: Vec::new(), open: Vec::new() }
    }

    fn is_resp3(&self) -> bool {
        self.protocol == Protocol::Resp3
    }

    #[inline]
    fn value(&mut self, value: Value) {
        if self.open.is_empty() {
            self.answer = Some(value);
        } else {
            self.item(value);
        }
    }

    /// Adds an item to the aggregate that is open, and closes those that it makes complete.
    fn item(&mut self, mut value: Value) {
        while let Some(open) = self.open.last_mut() {
            open.items.push(value);
            if open.items.len() < open.wanted {
                return;
            }
            let Some(open) = self.open.pop() else { return };
            value = open.close();
        }
        self.answer = Some(value);
    }

    fn start(&mut self, kind: Kind, wanted: usize) {
        let open = Open { kind, wanted, items: Vec::with_capacity(wanted.min(ROOM)) };
        if wanted == 0 {
            self.value(open.close());
        } else {
            self.open.push(open);
        }
    }
}

impl Open {
    fn close(self) -> Value {
        match self.kind {
            Kind::Array => Value::Array(self.items),
            Kind::Set => Value::Set(self.items),
            Kind::Push => push(self.items),
            Kind::Map => Value::Map(pairs(self.items)),
            Kind::Attribute => {
                let mut items = self.items;
                let data = Box::new(items.pop().unwrap_or(Value::Nil));
                Value::Attribute { data, attributes: pairs(items) }
            }
        }
    }
}

fn pairs(items: Vec<Value>) -> Vec<(Value, Value)> {
    let mut pairs = Vec::with_capacity(items.len() / 2);
    let mut items = items.into_iter();
    while let (Some(key), Some(value)) = (items.next(), items.next()) {
        pairs.push((key, value));
    }
    pairs
}

/// A message of RESP3.
fn push(items: Vec<Value>) -> Value {
    let mut items = items.into_iter();
    let kind = match items.next() {
        Some(Value::BulkString(kind)) => push_kind(&kind),
        _ => PushKind::Other(String::new()),
    };
    Value::Push { kind, data: items.collect() }
}

fn push_kind(name: &[u8]) -> PushKind {
    match name {
        b"invalidate" => PushKind::Invalidate,
        b"message" => PushKind::Message,
        b"pmessage" => PushKind::PMessage,
        b"smessage" => PushKind::SMessage,
        b"unsubscribe" => PushKind::Unsubscribe,
        b"punsubscribe" => PushKind::PUnsubscribe,
        b"sunsubscribe" => PushKind::SUnsubscribe,
        b"subscribe" => PushKind::Subscribe,
        b"psubscribe" => PushKind::PSubscribe,
        b"ssubscribe" => PushKind::SSubscribe,
        other => PushKind::Other(String::from_utf8_lossy(other).into_owned()),
    }
}

/// What is pushed, as the crate gives it to a push sender.
pub(super) fn push_info(value: Value) -> Option<PushInfo> {
    match value {
        Value::Push { kind, data } => Some(PushInfo { kind, data }),
        _ => None,
    }
}

/// A message as a value; nothing if there is none of the kind in the protocol.
pub(super) fn pushed(message: &Push, protocol: Protocol) -> Option<Value> {
    let bulk = |bytes: &[u8]| Value::BulkString(bytes.to_vec());
    let items = match message.message() {
        Some(message) => {
            let (kind, pattern) = match message.pattern() {
                Some(pattern) => (&b"pmessage"[..], Some(bulk(&pattern))),
                None if message.is_shard() => (&b"smessage"[..], None),
                None => (&b"message"[..], None),
            };
            let rest = [bulk(&message.channel()), bulk(&message.payload())];
            std::iter::once(bulk(kind)).chain(pattern).chain(rest).collect()
        }
        None => match message.value_in(protocol)? {
            command::Value::Push(items) | command::Value::Array(items) => {
                items.into_iter().map(plain).collect()
            }
            // A line, as MONITOR shows.
            line => return Some(plain(line)),
        },
    };
    Some(if protocol == Protocol::Resp3 { push(items) } else { Value::Array(items) })
}

/// What messages consist of.
fn plain(value: command::Value) -> Value {
    match value {
        command::Value::Bulk(bytes) => Value::BulkString(bytes.to_vec()),
        command::Value::Int(number) => Value::Int(number),
        command::Value::Status(text) => Value::SimpleString(text.into()),
        command::Value::Array(items) => Value::Array(items.into_iter().map(plain).collect()),
        _ => Value::Nil,
    }
}

/// An error as the crate reads it from a server's line.
#[cold]
pub(super) fn server_error(error: &Error) -> Value {
    let text = match error {
        Error::Echo(bytes) => {
            let end = bytes.iter().rposition(|b| !matches!(b, b'\r' | b'\n')).map_or(0, |i| i + 1);
            String::from_utf8_lossy(&bytes[..end]).into_owned()
        }
        error => error.to_string(),
    };
    read(&format!("-{}\r\n", text.replace(['\r', '\n'], " ")))
}

/// The error in a value that is one.
pub(super) fn as_error(value: &Value) -> Option<&ServerError> {
    match value {
        Value::ServerError(error) => Some(error),
        _ => None,
    }
}

/// What only the crate's own parser can make, or makes differently by its features.
fn read(line: &str) -> Value {
    ::redis::parse_redis_value(line.as_bytes()).unwrap_or(Value::Nil)
}

impl Reply for Sink {
    fn protocol(&self) -> Protocol {
        self.protocol
    }

    fn set_protocol(&mut self, protocol: Protocol) {
        self.protocol = protocol;
    }

    fn simple(&mut self, text: &str) {
        let value = match text {
            "OK" => Value::Okay,
            _ => Value::SimpleString(text.replace(['\r', '\n'], " ")),
        };
        self.value(value);
    }

    fn error(&mut self, error: &Error) {
        self.value(server_error(error));
    }

    fn integer(&mut self, value: i64) {
        self.value(Value::Int(value));
    }

    fn bulk(&mut self, bytes: &[u8]) {
        self.value(Value::BulkString(bytes.to_vec()));
    }

    fn null(&mut self) {
        self.value(Value::Nil);
    }

    fn null_array(&mut self) {
        self.value(Value::Nil);
    }

    fn array(&mut self, len: usize) {
        self.start(Kind::Array, len);
    }

    fn map(&mut self, len: usize) {
        let kind = if self.is_resp3() { Kind::Map } else { Kind::Array };
        self.start(kind, len * 2);
    }

    fn set(&mut self, len: usize) {
        let kind = if self.is_resp3() { Kind::Set } else { Kind::Array };
        self.start(kind, len);
    }

    fn push(&mut self, len: usize) {
        let kind = if self.is_resp3() { Kind::Push } else { Kind::Array };
        self.start(kind, len);
    }

    fn pushed(&mut self, push: &Push) {
        let Some(value) = pushed(push, self.protocol) else { return };
        // Inside of EXEC's answer it is one of the items.
        if self.open.is_empty() {
            self.pushed.push(value);
        } else {
            self.item(value);
        }
    }

    fn double(&mut self, value: f64) {
        if self.is_resp3() {
            return self.value(Value::Double(value));
        }
        let mut text = Vec::with_capacity(32);
        double::write(value, &mut text);
        self.value(Value::BulkString(text));
    }

    fn long_double(&mut self, value: f64, text: &str) {
        if self.is_resp3() {
            self.value(Value::Double(text.parse().unwrap_or(value)));
        } else {
            self.bulk(text.as_bytes());
        }
    }

    fn boolean(&mut self, value: bool) {
        self.value(if self.is_resp3() { Value::Boolean(value) } else { Value::Int(value.into()) });
    }

    fn verbatim(&mut self, format: &str, text: &str) {
        if !self.is_resp3() {
            return self.bulk(text.as_bytes());
        }
        let format = match format {
            "txt" => VerbatimFormat::Text,
            "mkd" => VerbatimFormat::Markdown,
            other => VerbatimFormat::Unknown(other.to_string()),
        };
        self.value(Value::VerbatimString { format, text: text.to_string() });
    }

    fn big_number(&mut self, digits: &str) {
        if self.is_resp3() {
            self.value(read(&format!("({digits}\r\n")));
        } else {
            self.bulk(digits.as_bytes());
        }
    }

    fn attribute(&mut self, len: usize) -> bool {
        if self.is_resp3() {
            self.start(Kind::Attribute, len * 2 + 1);
        }
        self.is_resp3()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the crate reads from the bytes that a server would write.
    fn of_wire(bytes: &str) -> Value {
        ::redis::parse_redis_value(bytes.as_bytes()).expect("RESP")
    }

    fn made(protocol: Protocol, write: impl Fn(&mut Sink)) -> Value {
        let mut sink = Sink::new(protocol);
        write(&mut sink);
        sink.answer.expect("an answer")
    }

    #[test]
    fn values_are_those_of_the_wire() {
        let same = |write: &dyn Fn(&mut Sink), resp2: &str, resp3: &str| {
            assert_eq!(made(Protocol::Resp2, write), of_wire(resp2));
            assert_eq!(made(Protocol::Resp3, write), of_wire(resp3));
        };
        same(&|s| s.simple("OK"), "+OK\r\n", "+OK\r\n");
        same(&|s| s.simple("PONG"), "+PONG\r\n", "+PONG\r\n");
        same(&|s| s.null(), "$-1\r\n", "_\r\n");
        same(&|s| s.null_array(), "*-1\r\n", "_\r\n");
        same(&|s| s.boolean(true), ":1\r\n", "#t\r\n");
        same(&|s| s.double(1.5), "$3\r\n1.5\r\n", ",1.5\r\n");
        same(&|s| s.double(f64::INFINITY), "$3\r\ninf\r\n", ",inf\r\n");
        same(&|s| s.verbatim("txt", "hi"), "$2\r\nhi\r\n", "=6\r\ntxt:hi\r\n");
        same(&|s| s.big_number("123"), "$3\r\n123\r\n", "(123\r\n");
        same(&|s| s.error(&Error::WrongType), &wrong_type(), &wrong_type());
        same(
            &|s| {
                s.map(1);
                s.bulk(b"k");
                s.set(2);
                s.array(0);
                s.integer(7);
            },
            "*2\r\n$1\r\nk\r\n*2\r\n*0\r\n:7\r\n",
            "%1\r\n$1\r\nk\r\n~2\r\n*0\r\n:7\r\n",
        );
        let attributed = |s: &mut Sink| {
            if s.attribute(1) {
                s.bulk(b"ttl");
                s.integer(3);
            }
            s.bulk(b"v");
        };
        let Value::Attribute { data, attributes } = made(Protocol::Resp3, attributed) else {
            panic!("attributes come with the value");
        };
        assert_eq!(*data, Value::BulkString(b"v".to_vec()));
        assert_eq!(attributes.len(), 1);
        assert_eq!(made(Protocol::Resp2, attributed), Value::BulkString(b"v".to_vec()));
    }

    fn wrong_type() -> String {
        format!("-{}\r\n", Error::WrongType)
    }

    #[test]
    fn errors_stay_on_their_line() {
        let Value::ServerError(error) = server_error(&Error::reply("ERR bad\r\nword")) else {
            panic!("an error");
        };
        assert_eq!((error.code(), error.details()), ("ERR", Some("bad  word")));
        let Value::ServerError(error) = server_error(&Error::Echo(b"ERR \xff\n".as_slice().into()))
        else {
            panic!("an error");
        };
        assert_eq!(error.details(), Some("\u{fffd}"));
    }
}
