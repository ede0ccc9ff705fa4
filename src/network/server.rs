//! A running server.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
#[cfg(unix)]
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;

use tokio::runtime::Builder;

use super::control;
use super::listen::{self, Listener};
use super::options::ServerOptions;
use super::shared::Shared;
use super::worker::Worker;
use crate::api::Engine;
use crate::command;

/// A RESP server on an engine, that runs until it is told to stop or dropped.
///
/// It has threads of its own and needs no async runtime around it. The engine stays the
/// application's: what clients write is there for typed calls at once, and the other way
/// round.
///
/// ```
/// use std::io::{Read, Write};
/// use danio::{Config, Engine};
/// use danio::network::Server;
///
/// let engine = Engine::open(Config::new())?;
/// let server = Server::bind(&engine, "127.0.0.1:0")?;
///
/// let mut client = std::net::TcpStream::connect(server.local_addrs()[0])?;
/// client.write_all(b"SET greeting hello\r\n")?;
/// let mut reply = [0; 5];
/// client.read_exact(&mut reply)?;
/// assert_eq!(&reply, b"+OK\r\n");
/// assert_eq!(engine.db(0)?.get("greeting")?.as_deref(), Some(&b"hello"[..]));
///
/// server.shutdown();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Server {
    shared: Arc<Shared>,
    addresses: Vec<SocketAddr>,
    #[cfg(unix)]
    socket: Option<PathBuf>,
    control: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts a server on the first of the addresses that can be listened on, with a
    /// worker for each core.
    ///
    /// # Errors
    /// If none of the addresses can be listened on, or a thread cannot be started.
    pub fn bind(engine: &Engine, address: impl ToSocketAddrs) -> io::Result<Server> {
        let mut last = io::Error::new(io::ErrorKind::InvalidInput, "no address to listen on");
        for address in address.to_socket_addrs()? {
            match ServerOptions::new().tcp(address).serve(engine) {
                Ok(server) => return Ok(server),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    pub(super) fn start(engine: &Engine, options: ServerOptions) -> io::Result<Server> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let (mut listeners, mut addresses) = (Vec::new(), Vec::new());
        let inside = runtime.enter();
        for &(address, optional) in &options.tcp {
            let listener = match listen::tcp(address, options.backlog) {
                Ok(listener) => listener,
                Err(error) if optional && listen::is_unavailable(&error) => continue,
                Err(error) => {
                    return Err(io::Error::new(error.kind(), format!("{address}: {error}")));
                }
            };
            addresses.push(listener.local_addr()?);
            listeners.push(Listener::Tcp(tokio::net::TcpListener::from_std(listener)?));
        }
        #[cfg(unix)]
        if let Some((path, permissions)) = &options.unix {
            let path = path.to_string_lossy().into_owned();
            let listener = listen::unix(&path, *permissions, options.backlog)
                .map_err(|error| io::Error::new(error.kind(), format!("{path}: {error}")))?;
            listeners.push(Listener::Unix(tokio::net::UnixListener::from_std(listener)?, path));
        }
        drop(inside);
        let shared = Shared::new(engine.clone());
        let workers: io::Result<Vec<Worker>> =
            (0..options.workers).map(|number| Worker::start(number, shared.clone())).collect();
        let workers = workers?;
        shared.instance.set_listener(Arc::new(Face {
            shared: Arc::downgrade(&shared),
            addresses: addresses.clone(),
        }));
        let for_control = shared.clone();
        let control = std::thread::Builder::new()
            .name("danio-control".to_string())
            .spawn(move || control::run(&runtime, listeners, workers, &for_control))?;
        Ok(Server {
            shared,
            addresses,
            #[cfg(unix)]
            socket: options.unix.map(|(path, _)| path),
            control: Some(control),
        })
    }

    /// The TCP addresses that the server listens on, the ports that were chosen included.
    pub fn local_addrs(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Stops: no more connections are accepted, the commands that run are finished and
    /// answered, and all connections end. Returns when the server's threads have.
    pub fn shutdown(self) {
        drop(self);
    }

    /// Waits until a client stops the server (`SHUTDOWN`).
    pub fn wait(mut self) {
        self.join();
    }

    /// Gives something that stops the server from another thread, as a signal handler may.
    pub fn stopper(&self) -> Stopper {
        Stopper { shared: self.shared.clone() }
    }

    fn join(&mut self) {
        if let Some(thread) = self.control.take() {
            // A thread that panicked has said so already.
            let _ = thread.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stop();
        self.join();
        #[cfg(unix)]
        if let Some(path) = &self.socket {
            // Someone may have removed it before; then there is nothing to do.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Stops a [`Server`] from elsewhere.
#[derive(Debug, Clone)]
pub struct Stopper {
    shared: Arc<Shared>,
}

impl Stopper {
    /// Has the server stop, and returns at once; [`Server::wait`] returns when it has.
    pub fn stop(&self) {
        self.shared.stop();
    }
}

/// The server as commands see it.
#[derive(Debug)]
struct Face {
    /// The engine's registry holds this, and must not hold the engine.
    shared: Weak<Shared>,
    addresses: Vec<SocketAddr>,
}

impl command::Listener for Face {
    fn shutdown(&self) {
        if let Some(shared) = self.shared.upgrade() {
            shared.stop();
        }
    }

    fn describe(&self) -> Vec<(&'static str, String)> {
        let port = self.addresses.first().map_or(0, SocketAddr::port);
        let mut lines = vec![("tcp_port", port.to_string())];
        if !self.addresses.is_empty() {
            let bound: String =
                self.addresses.iter().map(|address| format!("bind={},", address.ip())).collect();
            lines.push(("listener0", format!("name=tcp,{bound}port={port}")));
        }
        lines
    }
}
