//! Listening sockets.

use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};

use super::stream::Accepted;

/// A socket that listens.
#[derive(Debug)]
pub(super) enum Listener {
    /// On a TCP address.
    Tcp(tokio::net::TcpListener),
    /// On a Unix socket at a path.
    #[cfg(unix)]
    Unix(tokio::net::UnixListener, String),
}

/// Listens on a TCP address; needs a runtime around it.
pub(super) fn tcp(address: SocketAddr, backlog: u32) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // On Windows this option would let two servers share the port.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// Whether the machine has no such address, or nothing of its kind.
pub(super) fn is_unavailable(error: &io::Error) -> bool {
    use io::ErrorKind::{AddrNotAvailable, Unsupported};
    // Some systems say "address family not supported", for which there is no kind.
    matches!(error.kind(), AddrNotAvailable | Unsupported | io::ErrorKind::NetworkUnreachable)
        || cfg!(target_os = "linux") && matches!(error.raw_os_error(), Some(93 | 94 | 97))
}

/// Listens on a Unix socket; a stale one at that path is replaced.
#[cfg(unix)]
pub(super) fn unix(
    path: &str,
    permissions: u32,
    backlog: u32,
) -> io::Result<std::os::unix::net::UnixListener> {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{FileTypeExt, PermissionsExt};

    if fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket()) {
        fs::remove_file(path)?;
    }
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.bind(&socket2::SockAddr::unix(path)?)?;
    if permissions != 0 {
        fs::set_permissions(path, Permissions::from_mode(permissions))?;
    }
    socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

impl Listener {
    /// Waits for the next connection. Cancelling loses none.
    pub(super) async fn accept(&self) -> io::Result<Accepted> {
        match self {
            Listener::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                stream.into_std().map(Accepted::Tcp)
            }
            #[cfg(unix)]
            Listener::Unix(listener, path) => {
                let (stream, _) = listener.accept().await?;
                stream.into_std().map(|stream| Accepted::Unix(stream, path.clone()))
            }
        }
    }
}

/// Sets what every TCP connection has: no delay, and probes after `keepalive` seconds of
/// silence (0: none), so that a dead peer is noticed within about twice that.
pub(super) fn tune(accepted: &Accepted, keepalive: u32) -> io::Result<()> {
    let stream = match accepted {
        Accepted::Tcp(stream) => stream,
        #[cfg(unix)]
        Accepted::Unix(..) => return Ok(()),
    };
    stream.set_nodelay(true)?;
    if keepalive == 0 {
        return Ok(());
    }
    let seconds = |n: u32| std::time::Duration::from_secs(u64::from(n.max(1)));
    let probes =
        TcpKeepalive::new().with_time(seconds(keepalive)).with_interval(seconds(keepalive / 3));
    #[cfg(not(windows))]
    let probes = probes.with_retries(3);
    SockRef::from(stream).set_tcp_keepalive(&probes)
}
