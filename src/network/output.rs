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

    /// Takes over `bytes`, of which `sent` are sent; an empty buffer is left in its place.
    pub(super) fn take_rest(&mut self, bytes: &mut Vec<u8>, sent: usize) {
        debug_assert_eq!(self.waiting(), 0, "what waits goes first");
        *self = Output { bytes: std::mem::take(bytes), sent };
    }

    /// Sends what waits; gives the buffer back when all of it is sent.
    pub(super) fn poll_flush(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut Stream,
    ) -> Poll<io::Result<Vec<u8>>> {
        while self.waiting() > 0 {
            match ready!(stream.poll_write(cx, &self.bytes[self.sent..]))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                n => self.sent += n,
            }
        }
        self.sent = 0;
        Poll::Ready(Ok(std::mem::take(&mut self.bytes)))
    }
}
