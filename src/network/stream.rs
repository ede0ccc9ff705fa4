//! TCP and Unix sockets behind one face.

use std::future::Future as _;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use tokio::io::{AsyncReadExt, AsyncWrite};
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;

/// A connected socket.
#[derive(Debug)]
pub(super) enum Stream {
    /// Over TCP.
    Tcp(TcpStream),
    /// Over a Unix socket.
    #[cfg(unix)]
    Unix(UnixStream),
}

/// A connected socket on its way from the thread that accepted it to its worker.
#[derive(Debug)]
pub(super) enum Accepted {
    /// Over TCP.
    Tcp(std::net::TcpStream),
    /// Over the Unix socket at this path.
    #[cfg(unix)]
    Unix(std::os::unix::net::UnixStream, String),
}

impl Accepted {
    /// Makes the socket a worker's own.
    pub(super) fn into_stream(self) -> io::Result<Stream> {
        match self {
            Accepted::Tcp(stream) => TcpStream::from_std(stream).map(Stream::Tcp),
            #[cfg(unix)]
            Accepted::Unix(stream, _) => UnixStream::from_std(stream).map(Stream::Unix),
        }
    }

    /// The peer's address and the local one, as `CLIENT LIST` shows them.
    pub(super) fn addresses(&self) -> (String, String) {
        match self {
            Accepted::Tcp(stream) => {
                let text = |address: io::Result<SocketAddr>| {
                    address.map_or_else(|_| "?:0".to_string(), |a| unmapped(a).to_string())
                };
                (text(stream.peer_addr()), text(stream.local_addr()))
            }
            #[cfg(unix)]
            Accepted::Unix(_, path) => (format!("{path}:0"), format!("{path}:0")),
        }
    }

    /// Whether the peer is on this machine.
    pub(super) fn is_local(&self) -> bool {
        match self {
            Accepted::Tcp(stream) => {
                stream.peer_addr().is_ok_and(|a| unmapped(a).ip().is_loopback())
            }
            #[cfg(unix)]
            Accepted::Unix(..) => true,
        }
    }

    /// The descriptor's number; -1 where there are none.
    pub(super) fn descriptor(&self) -> i32 {
        #[cfg(unix)]
        {
            use std::os::fd::AsRawFd;
            match self {
                Accepted::Tcp(stream) => stream.as_raw_fd(),
                Accepted::Unix(stream, _) => stream.as_raw_fd(),
            }
        }
        #[cfg(not(unix))]
        {
            -1
        }
    }

    /// Ends the connection at once, with a reset where there is such a thing.
    #[cfg(feature = "fake")]
    pub(super) fn reset(self) {
        if let Accepted::Tcp(stream) = &self {
            // Without it the peer sees an end in place of a reset, which is as good.
            let _ = socket2::SockRef::from(stream).set_linger(Some(std::time::Duration::ZERO));
        }
    }

    /// Writes a refusal as far as the socket takes it.
    pub(super) fn refuse(self, text: &str) {
        use std::io::Write;
        // The peer may be gone already; it is not told then.
        let _ = match self {
            Accepted::Tcp(mut stream) => stream.write(text.as_bytes()),
            #[cfg(unix)]
            Accepted::Unix(mut stream, _) => stream.write(text.as_bytes()),
        };
    }
}

/// An IPv4 peer of a dual-stack socket, as IPv4.
fn unmapped(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

impl Stream {
    /// Reads what there is into the free room of `buffer`, which must have some.
    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut Vec<u8>,
    ) -> Poll<io::Result<usize>> {
        // The future holds no state of its own: dropping it when it waits loses nothing.
        match self {
            Stream::Tcp(stream) => pin!(stream.read_buf(buffer)).poll(cx),
            #[cfg(unix)]
            Stream::Unix(stream) => pin!(stream.read_buf(buffer)).poll(cx),
        }
    }

    /// Writes what the socket takes at once.
    pub(super) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => stream.try_write(bytes),
            #[cfg(unix)]
            Stream::Unix(stream) => stream.try_write(bytes),
        }
    }

    /// Writes what the socket takes, or has `cx` woken when it takes something.
    pub(super) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self {
            Stream::Tcp(stream) => Pin::new(stream).poll_write(cx, bytes),
            #[cfg(unix)]
            Stream::Unix(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }
}
