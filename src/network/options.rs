//! How a server is made.

use std::io;
use std::net::SocketAddr;
#[cfg(unix)]
use std::path::{Path, PathBuf};

use super::server::Server;
use crate::api::Engine;

/// Where a server listens and how it works, set one by one.
///
/// What `CONFIG SET` can change at run time (`maxclients`, `timeout`, `requirepass`, the
/// buffers' limits) is not here: it belongs to the engine's configuration.
///
/// ```
/// use std::io::{Read, Write};
/// use danio::{Config, Engine};
/// use danio::network::ServerOptions;
///
/// let engine = Engine::open(Config::new())?;
/// let server = ServerOptions::new().tcp(([127, 0, 0, 1], 0).into()).workers(1).serve(&engine)?;
/// let mut client = std::net::TcpStream::connect(server.local_addrs()[0])?;
/// client.write_all(b"PING\r\n")?;
/// let mut reply = [0; 7];
/// client.read_exact(&mut reply)?;
/// assert_eq!(&reply, b"+PONG\r\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// Addresses, and whether the server starts without one that this machine lacks.
    pub(super) tcp: Vec<(SocketAddr, bool)>,
    #[cfg(unix)]
    pub(super) unix: Option<(PathBuf, u32)>,
    pub(super) backlog: u32,
    pub(super) workers: usize,
}

impl ServerOptions {
    /// A server with a worker for each core, that listens nowhere yet.
    pub fn new() -> ServerOptions {
        ServerOptions {
            tcp: Vec::new(),
            #[cfg(unix)]
            unix: None,
            backlog: 511,
            workers: std::thread::available_parallelism().map_or(1, usize::from),
        }
    }

    /// Listens on this address too (`bind`, `port`); port 0 is any free one.
    pub fn tcp(mut self, address: SocketAddr) -> ServerOptions {
        self.tcp.push((address, false));
        self
    }

    /// Listens on this address too if the machine has it: an IPv6 address where there may
    /// be no IPv6 (`bind` with a `-` in front).
    pub fn tcp_if_available(mut self, address: SocketAddr) -> ServerOptions {
        self.tcp.push((address, true));
        self
    }

    /// Listens on a Unix socket too (`unixsocket`), whose file gets these permissions
    /// (`unixsocketperm`; 0 leaves them to the umask).
    #[cfg(unix)]
    pub fn unix(mut self, path: impl AsRef<Path>, permissions: u32) -> ServerOptions {
        self.unix = Some((path.as_ref().to_path_buf(), permissions));
        self
    }

    /// How many connections may wait to be accepted (`tcp-backlog`); 511 unless set.
    pub fn backlog(mut self, connections: u32) -> ServerOptions {
        self.backlog = connections;
        self
    }

    /// How many threads run commands (`io-threads`); at least one.
    pub fn workers(mut self, workers: usize) -> ServerOptions {
        self.workers = workers.max(1);
        self
    }

    /// Starts the server.
    ///
    /// # Errors
    /// That of the first address that cannot be listened on, or of a thread that cannot
    /// be started; nothing is left running then.
    pub fn serve(self, engine: &Engine) -> io::Result<Server> {
        Server::start(engine, self)
    }
}

impl Default for ServerOptions {
    fn default() -> ServerOptions {
        ServerOptions::new()
    }
}
