//! Replies that the socket did not take at once.

use std::io;
use std::task::{Context, Poll, ready};

use super::stream::Stream;

/// Bytes that wait for the peer to read.
#[derive(Debug, Default)]
pub(super) struct Output {
    bytes: Vec<u8>,
    /// How many of them are sent.
    sent: usize,
}

impl Output {
    /// How many bytes wait.
    pub(super) fn waiting(&self) -> usize {
        self.bytes.len() - self.sent
    }

    /// Where to append while something waits.
    pub(super) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Takes over what is left of `bytes` behind `sent`; `bytes` is empty afterwards.
    pub(super) fn take_rest(&mut self, bytes: &mut Vec<u8>, sent: usize) {
        /// From here on the buffer itself changes hands rather than be copied.
        const LARGE: usize = 64 * 1024;
        debug_assert_eq!(self.waiting(), 0, "what waits goes first");
        if bytes.len() - sent >= LARGE {
            *self = Output { bytes: std::mem::take(bytes), sent };
        } else {
            *self = Output { bytes: bytes[sent..].to_vec(), sent: 0 };
            bytes.clear();
        }
    }

    /// Sends what waits; gives how many bytes went out.
    pub(super) fn poll_flush(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut Stream,
    ) -> Poll<io::Result<usize>> {
        let before = self.sent;
        while self.waiting() > 0 {
            match ready!(stream.poll_write(cx, &self.bytes[self.sent..]))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                n => self.sent += n,
            }
        }
        let sent = self.sent - before;
        *self = Output::default();
        Poll::Ready(Ok(sent))
    }
}
