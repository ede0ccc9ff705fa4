//! How a handler answers: one trait, and a sink for each who reads the answer.

use super::push::Push;
use crate::error::Error;

/// The version of RESP that a connection speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Protocol {
    /// RESP2, what a connection starts with.
    #[default]
    Resp2,
    /// RESP3, after `HELLO 3`.
    Resp3,
}

/// A sink for one command's answer.
///
/// A handler announces an aggregate with its length and then writes that many
/// items (twice as many for a map). What RESP2 lacks is written the way Redis
/// writes it to a RESP2 client: a map as a flat array, a double as a bulk
/// string, a boolean as 0 or 1.
pub trait Reply {
    /// The version that the reader speaks.
    fn protocol(&self) -> Protocol;
    /// Changes the version, from this reply on (`HELLO`, `RESET`).
    fn set_protocol(&mut self, protocol: Protocol);
    /// A status such as `OK`; holds no CR or LF.
    fn simple(&mut self, text: &str);
    /// An error; its words are the error's `Display`.
    fn error(&mut self, error: &Error);
    /// A signed integer.
    fn integer(&mut self, value: i64);
    /// A byte string.
    fn bulk(&mut self, bytes: &[u8]);
    /// The absent value.
    fn null(&mut self);
    /// The absent array: `*-1` in RESP2, null in RESP3.
    fn null_array(&mut self);
    /// The start of `len` items.
    fn array(&mut self, len: usize);
    /// The start of `len` pairs.
    fn map(&mut self, len: usize);
    /// The start of `len` items without order.
    fn set(&mut self, len: usize);
    /// The start of an out-of-band message of `len` items.
    fn push(&mut self, len: usize);
    /// A whole out-of-band message. It is written even if replies are turned off.
    fn pushed(&mut self, push: &Push);
    /// A double, in Redis's shortest form.
    fn double(&mut self, value: f64);
    /// A truth value.
    fn boolean(&mut self, value: bool);
    /// Text for people, `format` being `txt` or `mkd`.
    fn verbatim(&mut self, format: &str, text: &str);

    /// A double with a text of its own, more precise than the shortest.
    fn long_double(&mut self, value: f64, text: &str) {
        let _ = text;
        self.double(value);
    }

    /// An integer of any size, in decimal; a byte string for a reader that knows none.
    fn big_number(&mut self, digits: &str) {
        self.bulk(digits.as_bytes());
    }

    /// The start of `len` pairs about the reply that follows them. False for a reader
    /// that knows no attributes: nothing was written, and no pairs are to follow.
    fn attribute(&mut self, len: usize) -> bool {
        let _ = len;
        false
    }
}
