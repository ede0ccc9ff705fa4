//! A command's answer as an owned value, for callers in the same process.

use bytes::Bytes;

use super::push::Push;
use super::reply::{Protocol, Reply};
use crate::error::Error;

/// What a command answered.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// The absent value.
    Nil,
    /// A status such as `OK`.
    Status(Box<str>),
    /// A signed integer.
    Int(i64),
    /// A byte string.
    Bulk(Bytes),
    /// Items in order.
    Array(Vec<Value>),
    /// Pairs, in the order in which they were sent.
    Map(Vec<(Value, Value)>),
    /// Items without order.
    Set(Vec<Value>),
    /// An out-of-band message.
    Push(Vec<Value>),
    /// A double.
    Double(f64),
    /// A truth value.
    Bool(bool),
    /// Text for people.
    Verbatim {
        /// `txt` or `mkd`.
        format: Box<str>,
        /// The text.
        text: Box<str>,
    },
    /// An error among the items of an aggregate.
    Error(Error),
}

impl Value {
    /// The bytes of a byte string, status or text.
    ///
    /// ```
    /// use danio::command::Value;
    /// assert_eq!(Value::Bulk("v".into()).as_bytes(), Some(&b"v"[..]));
    /// assert_eq!(Value::Nil.as_bytes(), None);
    /// ```
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Value::Bulk(bytes) => Some(bytes),
            Value::Status(text) | Value::Verbatim { text, .. } => Some(text.as_bytes()),
            _ => None,
        }
    }

    /// The integer, if it is one.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Value::Int(value) => Some(*value),
            _ => None,
        }
    }

    /// Whether it is the absent value.
    pub fn is_nil(&self) -> bool {
        matches!(self, Value::Nil)
    }

    /// The items of an array, set or push.
    pub fn as_slice(&self) -> Option<&[Value]> {
        match self {
            Value::Array(items) | Value::Set(items) | Value::Push(items) => Some(items),
            _ => None,
        }
    }
}

/// The sink that makes a [`Value`].
#[derive(Debug)]
pub(crate) struct ValueSink {
    protocol: Protocol,
    done: Option<Value>,
    open: Vec<Open>,
    /// Out-of-band messages that came before the answer.
    pub(super) pushed: Vec<Value>,
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
}

impl Open {
    fn close(self) -> Value {
        match self.kind {
            Kind::Array => Value::Array(self.items),
            Kind::Set => Value::Set(self.items),
            Kind::Push => Value::Push(self.items),
            Kind::Map => {
                let mut items = self.items.into_iter();
                let mut pairs = Vec::with_capacity(items.len() / 2);
                while let (Some(key), Some(value)) = (items.next(), items.next()) {
                    pairs.push((key, value));
                }
                Value::Map(pairs)
            }
        }
    }
}

impl ValueSink {
    /// A sink that nothing was written to yet.
    pub(crate) fn new() -> ValueSink {
        ValueSink { protocol: Protocol::Resp3, done: None, open: Vec::new(), pushed: Vec::new() }
    }

    /// The answer; `Err` when all of it is an error.
    pub(crate) fn finish(self) -> Result<Value, Error> {
        match self.done {
            Some(Value::Error(error)) => Err(error),
            Some(value) => Ok(value),
            None => Ok(Value::Nil),
        }
    }

    /// What was written, if anything was; an error is a value here.
    #[cfg(test)]
    pub(super) fn answer(self) -> Option<Value> {
        self.done
    }

    fn push_value(&mut self, value: Value) {
        let mut value = value;
        while let Some(open) = self.open.last_mut() {
            open.items.push(value);
            if open.items.len() < open.wanted {
                return;
            }
            value = self.open.pop().expect("an aggregate is open").close();
        }
        // Only messages come one after the other: the last is the answer.
        self.pushed.extend(self.done.replace(value));
    }

    fn start(&mut self, kind: Kind, wanted: usize) {
        let open = Open { kind, wanted, items: Vec::with_capacity(wanted) };
        if wanted == 0 {
            self.push_value(open.close());
        } else {
            self.open.push(open);
        }
    }
}

impl Reply for ValueSink {
    fn protocol(&self) -> Protocol {
        self.protocol
    }
    fn set_protocol(&mut self, protocol: Protocol) {
        self.protocol = protocol;
    }
    fn simple(&mut self, text: &str) {
        self.push_value(Value::Status(text.into()));
    }
    fn error(&mut self, error: &Error) {
        self.push_value(Value::Error(error.clone()));
    }
    fn integer(&mut self, value: i64) {
        self.push_value(Value::Int(value));
    }
    fn bulk(&mut self, bytes: &[u8]) {
        self.push_value(Value::Bulk(Bytes::copy_from_slice(bytes)));
    }
    fn null(&mut self) {
        self.push_value(Value::Nil);
    }
    fn null_array(&mut self) {
        self.push_value(Value::Nil);
    }
    fn array(&mut self, len: usize) {
        self.start(Kind::Array, len);
    }
    fn map(&mut self, len: usize) {
        self.start(Kind::Map, len * 2);
    }
    fn set(&mut self, len: usize) {
        self.start(Kind::Set, len);
    }
    fn push(&mut self, len: usize) {
        self.start(Kind::Push, len);
    }
    fn pushed(&mut self, push: &Push) {
        self.push_value(push.value());
    }
    fn double(&mut self, value: f64) {
        self.push_value(Value::Double(value));
    }
    fn boolean(&mut self, value: bool) {
        self.push_value(Value::Bool(value));
    }
    fn verbatim(&mut self, format: &str, text: &str) {
        self.push_value(Value::Verbatim { format: format.into(), text: text.into() });
    }
}

/// The sink of a connection that asked for no replies: lets out-of-band messages through.
pub(super) struct Silent<'r>(pub(super) &'r mut dyn Reply);

impl Reply for Silent<'_> {
    fn protocol(&self) -> Protocol {
        self.0.protocol()
    }
    fn set_protocol(&mut self, protocol: Protocol) {
        self.0.set_protocol(protocol);
    }
    fn pushed(&mut self, push: &Push) {
        self.0.pushed(push);
    }
    fn simple(&mut self, _: &str) {}
    fn error(&mut self, _: &Error) {}
    fn integer(&mut self, _: i64) {}
    fn bulk(&mut self, _: &[u8]) {}
    fn null(&mut self) {}
    fn null_array(&mut self) {}
    fn array(&mut self, _: usize) {}
    fn map(&mut self, _: usize) {}
    fn set(&mut self, _: usize) {}
    fn push(&mut self, _: usize) {}
    fn double(&mut self, _: f64) {}
    fn boolean(&mut self, _: bool) {}
    fn verbatim(&mut self, _: &str, _: &str) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aggregates_nest() {
        let mut sink = ValueSink::new();
        sink.map(1);
        sink.bulk(b"k");
        sink.array(3);
        sink.array(0);
        sink.integer(1);
        sink.error(&Error::Syntax);
        let inner = vec![Value::Array(vec![]), Value::Int(1), Value::Error(Error::Syntax)];
        assert_eq!(
            sink.finish(),
            Ok(Value::Map(vec![(Value::Bulk("k".into()), Value::Array(inner))]))
        );
    }

    #[test]
    fn an_error_alone_is_an_err() {
        let mut sink = ValueSink::new();
        sink.error(&Error::WrongType);
        assert_eq!(sink.finish(), Err(Error::WrongType));
    }
}
