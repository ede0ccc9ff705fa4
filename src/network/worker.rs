//! Workers: threads that each run a share of the connections.

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::connection::Connection;
use super::shared::Shared;
use super::stream::Accepted;

/// How many turns of connections there are between two looks for new input: so few that, while a message goes
/// to a thousand subscribers, the next ones come in and go to many of them together.
const ROUND: u32 = 128;

/// Rounds after the server was told to stop.
pub(super) const LAST_ROUNDS: u32 = 32;

/// A running worker. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Worker {
    /// Nothing once it is to end.
    inbox: Option<UnboundedSender<Accepted>>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Starts worker number `number`.
    pub(super) fn start(number: usize, shared: Arc<Shared>) -> io::Result<Worker> {
        let (inbox, outbox) = unbounded_channel();
        // No timers: the control thread watches over time for all.
        let mut runtime = Builder::new_current_thread();
        runtime.enable_io().event_interval(ROUND);
        #[cfg(feature = "aof")]
        runtime.on_thread_park(super::crew::on_pause);
        let runtime = runtime.build()?;
        let thread = std::thread::Builder::new()
            .name(format!("danio-worker-{number}"))
            .spawn(move || run(&runtime, outbox, &shared))?;
        Ok(Worker { inbox: Some(inbox), thread: Some(thread) })
    }

    /// A worker that is somebody else's task; it ends when this is dropped.
    #[cfg(feature = "fake")]
    pub(super) fn elsewhere() -> (Worker, UnboundedReceiver<Accepted>) {
        let (inbox, outbox) = unbounded_channel();
        (Worker { inbox: Some(inbox), thread: None }, outbox)
    }

    /// Hands a connection to the worker.
    pub(super) fn give(&self, accepted: Accepted) {
        if let Some(inbox) = &self.inbox {
            // Fails only when the worker has ended, and the connection ends with it.
            let _ = inbox.send(accepted);
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.inbox = None;
        if let Some(thread) = self.thread.take() {
            // A worker that panicked has said so already.
            let _ = thread.join();
        }
    }
}

/// Runs connections until the inbox closes and what they have run is answered; they end
/// with the runtime.
fn run(runtime: &Runtime, mut inbox: UnboundedReceiver<Accepted>, shared: &Arc<Shared>) {
    runtime.block_on(async {
        #[cfg(feature = "aof")]
        tokio::spawn(super::crew::muster(&shared.engine));
        while let Some(accepted) = inbox.recv().await {
            match Connection::open(accepted, shared.clone()) {
                Ok(connection) => drop(tokio::spawn(connection)),
                Err(error) => {
                    shared.leave();
                    tracing::warn!("Could not take a connection: {error}");
                }
            }
        }
        // Each yield lets a round of connections that are ready have their turn.
        for _ in 0..LAST_ROUNDS {
            #[cfg(feature = "aof")]
            super::crew::on_pause();
            tokio::task::yield_now().await;
        }
    });
    #[cfg(feature = "aof")]
    super::crew::disband();
}
