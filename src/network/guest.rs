//! Servers that share one thread: a host, and the guests that run on it.
//!
//! A guest accepts and serves as any server does, but as tasks of its host's runtime. It takes no thread and no
//! runtime of its own, so that a process may have hundreds; its commands run one after the other with those of all
//! others.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::runtime::{Builder, Handle};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::connection::Connection;
use super::control;
use super::listen::{self, Listener};
use super::shared::Shared;
use super::stream::Accepted;
use super::worker::{LAST_ROUNDS, Worker};
use crate::api::Engine;

/// One thread, with one runtime, for any number of guests. It ends when this is dropped, after all of them.
#[derive(Debug)]
pub(crate) struct Host {
    handle: Handle,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Host {
    /// Starts the thread.
    ///
    /// # Errors
    /// If that, or the runtime, cannot be had.
    pub(crate) fn start() -> io::Result<Arc<Host>> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread =
            std::thread::Builder::new().name("danio-fakes".to_string()).spawn(move || {
                // An error says that nobody is left to stop it, which stops it too.
                let _ = runtime.block_on(stopped);
            })?;
        Ok(Arc::new(Host { handle, stop: Some(stop), thread: Some(thread) }))
    }

    /// Does something when some time has passed.
    pub(crate) fn after(&self, time: Duration, act: impl FnOnce() + Send + 'static) {
        self.handle.spawn(async move {
            tokio::time::sleep(time).await;
            act();
        });
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != std::thread::current().id()
        {
            // A thread that panicked has said so already.
            let _ = thread.join();
        }
    }
}

/// A server on a host. Dropping it stops it, and returns when all its connections have ended.
#[derive(Debug)]
pub(crate) struct Guest {
    shared: Arc<Shared>,
    address: SocketAddr,
    ended: Mutex<mpsc::Receiver<()>>,
    /// Outlives it.
    _host: Arc<Host>,
}

impl Guest {
    /// Serves an engine on an address; port 0 is any free one.
    ///
    /// # Errors
    /// If the address cannot be listened on.
    pub(crate) fn serve(
        host: Arc<Host>,
        engine: &Engine,
        address: SocketAddr,
    ) -> io::Result<Guest> {
        /// Connections that may wait to be accepted.
        const BACKLOG: u32 = 128;
        let inside = host.handle.enter();
        let listener = listen::tcp(address, BACKLOG)?;
        let address = listener.local_addr()?;
        let listener = Listener::Tcp(tokio::net::TcpListener::from_std(listener)?);
        drop(inside);
        let shared = Shared::new(engine.clone());
        let (end, ended) = mpsc::channel();
        let serving = shared.clone();
        host.handle.spawn(async move {
            let (worker, outbox) = Worker::elsewhere();
            let work = tokio::spawn(work(outbox, serving.clone()));
            control::serve(vec![listener], vec![worker], &serving).await;
            // It has seen to its connections when it ends; one that panicked has said so.
            let _ = work.await;
            drop(end);
        });
        Ok(Guest { shared, address, ended: Mutex::new(ended), _host: host })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.shared.stop();
        // It tells by hanging up.
        let _ = self.ended.get_mut().recv();
    }
}

/// Runs connections until the inbox closes and what they have run is answered.
async fn work(mut inbox: UnboundedReceiver<Accepted>, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = inbox.recv() => {
                let Some(accepted) = accepted else { break };
                match Connection::open(accepted, shared.clone()) {
                    Ok(connection) => drop(connections.spawn(connection)),
                    Err(error) => {
                        shared.leave();
                        tracing::warn!("Could not take a connection: {error}");
                    }
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
    for _ in 0..LAST_ROUNDS {
        tokio::task::yield_now().await;
    }
    connections.shutdown().await;
}
