//! Replies that the socket did not take at once.

use std::io;
use std::task::{Context, Poll};

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
            match stream.poll_write(cx, &self.bytes[self.sent..])? {
                Poll::Ready(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(n) => self.sent += n,
                Poll::Pending => {
                    self.trim();
                    return Poll::Pending;
                }
            }
        }
        self.sent = 0;
        Poll::Ready(Ok(std::mem::take(&mut self.bytes)))
    }

    /// Drops what is sent once it is most of the buffer: a peer that never reads all that
    /// waits would have it grow without end.
    fn trim(&mut self) {
        /// Below this it is not worth a move.
        const LARGE: usize = 64 * 1024;
        if self.sent >= LARGE && self.sent > self.waiting() {
            self.bytes.drain(..self.sent);
            self.sent = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_is_dropped_in_time() {
        let mut output = Output { bytes: vec![7; 200_000], sent: 90_000 };
        output.trim();
        assert_eq!((output.bytes.len(), output.waiting()), (200_000, 110_000));
        output.sent = 110_000;
        output.trim();
        assert_eq!((output.bytes.len(), output.waiting()), (90_000, 90_000));
    }
}
