//! Writing replies: RESP2 or RESP3, straight into the output buffer.

use crate::command::{Protocol, Push, Reply};
use crate::error::Error;
use crate::pubsub::frame;
use crate::text::double;

/// A [`Reply`] that appends RESP to a buffer.
#[derive(Debug)]
pub(crate) struct RespWriter<'a> {
    out: &'a mut Vec<u8>,
    protocol: Protocol,
}

impl<'a> RespWriter<'a> {
    /// Appends to `out` in the version that the client speaks.
    pub(crate) fn new(out: &'a mut Vec<u8>, protocol: Protocol) -> RespWriter<'a> {
        RespWriter { out, protocol }
    }

    /// Where in the buffer the next reply begins.
    pub(crate) fn position(&self) -> usize {
        self.out.len()
    }

    fn is_resp3(&self) -> bool {
        self.protocol == Protocol::Resp3
    }

    /// A double's text: a byte string in RESP2.
    fn number(&mut self, text: &[u8]) {
        if self.is_resp3() {
            self.out.push(b',');
            self.out.extend_from_slice(text);
            self.out.extend_from_slice(b"\r\n");
        } else {
            self.bulk(text);
        }
    }

    /// A marker, a number and the line's end.
    #[inline(always)]
    fn header(&mut self, marker: u8, number: usize) {
        frame::header(self.out, marker, number);
    }

    /// `resp3` or `resp2`, by the client's version.
    fn either(&mut self, resp3: &[u8], resp2: &[u8]) {
        self.out.extend_from_slice(if self.is_resp3() { resp3 } else { resp2 });
    }

    fn aggregate(&mut self, resp3: u8, len: usize) {
        self.header(if self.is_resp3() { resp3 } else { b'*' }, len);
    }

    /// A line's text, with whatever would end the line made blank.
    fn line(&mut self, marker: u8, text: &[u8]) {
        self.out.reserve(text.len() + 3);
        self.out.push(marker);
        self.out.extend(text.iter().map(|b| if matches!(b, b'\r' | b'\n') { b' ' } else { *b }));
        self.out.extend_from_slice(b"\r\n");
    }
}

impl Reply for RespWriter<'_> {
    fn protocol(&self) -> Protocol {
        self.protocol
    }

    fn set_protocol(&mut self, protocol: Protocol) {
        self.protocol = protocol;
    }

    fn simple(&mut self, text: &str) {
        match text {
            "OK" => self.out.extend_from_slice(b"+OK\r\n"),
            "PONG" => self.out.extend_from_slice(b"+PONG\r\n"),
            _ => self.line(b'+', text.as_bytes()),
        }
    }

    fn error(&mut self, error: &Error) {
        match error {
            Error::Echo(bytes) => {
                let kept =
                    bytes.iter().rposition(|b| !matches!(b, b'\r' | b'\n')).map_or(0, |i| i + 1);
                self.line(b'-', &bytes[..kept]);
            }
            error => self.line(b'-', error.to_string().as_bytes()),
        }
    }

    fn integer(&mut self, value: i64) {
        match usize::try_from(value) {
            Ok(small @ 0..100) => self.header(b':', small),
            _ => {
                let mut digits = itoa::Buffer::new();
                let digits = digits.format(value).as_bytes();
                self.out.reserve(digits.len() + 3);
                self.out.push(b':');
                self.out.extend_from_slice(digits);
                self.out.extend_from_slice(b"\r\n");
            }
        }
    }

    fn bulk(&mut self, bytes: &[u8]) {
        self.out.reserve(bytes.len() + 24);
        self.header(b'$', bytes.len());
        self.out.extend_from_slice(bytes);
        self.out.extend_from_slice(b"\r\n");
    }

    fn null(&mut self) {
        self.either(b"_\r\n", b"$-1\r\n");
    }

    fn null_array(&mut self) {
        self.either(b"_\r\n", b"*-1\r\n");
    }

    fn array(&mut self, len: usize) {
        self.header(b'*', len);
    }

    fn map(&mut self, len: usize) {
        let items = if self.is_resp3() { len } else { 2 * len };
        self.aggregate(b'%', items);
    }

    fn set(&mut self, len: usize) {
        self.aggregate(b'~', len);
    }

    fn push(&mut self, len: usize) {
        self.aggregate(b'>', len);
    }

    fn pushed(&mut self, push: &Push) {
        push.write(self.protocol, self.out);
    }

    fn double(&mut self, value: f64) {
        // The longest is 24 bytes, so its length takes two digits at most.
        let mut text = Vec::with_capacity(32);
        double::write(value, &mut text);
        self.number(&text);
    }

    fn long_double(&mut self, _: f64, text: &str) {
        self.number(text.as_bytes());
    }

    fn boolean(&mut self, value: bool) {
        if value {
            self.either(b"#t\r\n", b":1\r\n");
        } else {
            self.either(b"#f\r\n", b":0\r\n");
        }
    }

    fn verbatim(&mut self, format: &str, text: &str) {
        if !self.is_resp3() {
            return self.bulk(text.as_bytes());
        }
        self.out.reserve(format.len() + text.len() + 24);
        self.header(b'=', format.len() + 1 + text.len());
        self.out.extend_from_slice(format.as_bytes());
        self.out.push(b':');
        self.out.extend_from_slice(text.as_bytes());
        self.out.extend_from_slice(b"\r\n");
    }

    fn big_number(&mut self, digits: &str) {
        if self.is_resp3() {
            self.line(b'(', digits.as_bytes())
        } else {
            self.bulk(digits.as_bytes())
        }
    }

    fn attribute(&mut self, len: usize) -> bool {
        if self.is_resp3() {
            self.header(b'|', len);
        }
        self.is_resp3()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(protocol: Protocol, write: impl Fn(&mut RespWriter<'_>)) -> String {
        let mut out = Vec::new();
        write(&mut RespWriter::new(&mut out, protocol));
        String::from_utf8(out).expect("text")
    }

    fn both(write: impl Fn(&mut RespWriter<'_>)) -> [String; 2] {
        [written(Protocol::Resp2, &write), written(Protocol::Resp3, &write)]
    }

    #[test]
    fn alike_in_both_versions() {
        let same = |write: &dyn Fn(&mut RespWriter<'_>), expected: &str| {
            assert_eq!(both(write), [expected, expected]);
        };
        same(&|w| w.simple("OK"), "+OK\r\n");
        same(&|w| w.simple("Background saving started"), "+Background saving started\r\n");
        same(&|w| w.error(&Error::Syntax), "-ERR syntax error\r\n");
        same(&|w| w.error(&Error::reply("ERR bad\r\nword")), "-ERR bad  word\r\n");
        for value in [0, 7, 10, 99, 100, -1, i64::MAX, i64::MIN] {
            same(&|w| w.integer(value), &format!(":{value}\r\n"));
        }
        for len in [0, 1, 9, 10, 99, 100, 12345] {
            let word = "x".repeat(len);
            same(&|w| w.bulk(word.as_bytes()), &format!("${len}\r\n{word}\r\n"));
            same(&|w| w.array(len), &format!("*{len}\r\n"));
        }
    }

    #[test]
    fn different_by_version() {
        let pair = |write: &dyn Fn(&mut RespWriter<'_>), resp2: &str, resp3: &str| {
            assert_eq!(both(write), [resp2, resp3]);
        };
        pair(&|w| w.null(), "$-1\r\n", "_\r\n");
        pair(&|w| w.null_array(), "*-1\r\n", "_\r\n");
        pair(&|w| w.map(6), "*12\r\n", "%6\r\n");
        pair(&|w| w.set(3), "*3\r\n", "~3\r\n");
        pair(&|w| w.push(3), "*3\r\n", ">3\r\n");
        pair(&|w| w.boolean(true), ":1\r\n", "#t\r\n");
        pair(&|w| w.boolean(false), ":0\r\n", "#f\r\n");
        pair(&|w| w.double(1.5), "$3\r\n1.5\r\n", ",1.5\r\n");
        pair(&|w| w.double(f64::NEG_INFINITY), "$4\r\n-inf\r\n", ",-inf\r\n");
        pair(&|w| w.verbatim("txt", "hi"), "$2\r\nhi\r\n", "=6\r\ntxt:hi\r\n");
    }
}
