//! The control thread: accepts connections, spreads them over the workers, and watches
//! over whatever needs time.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use super::listen::{self, Listener};
use super::seat::Seat;
use super::shared::Shared;
use super::stream::Accepted;
use super::worker::Worker;
use crate::clock::Millis;

/// What Redis tells a client that has to be turned away.
const FULL: &str = "-ERR max number of clients reached\r\n";
const PROTECTED: &str = "-DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the default user. In this mode connections are only accepted from the loopback interface. If you want to connect from external computers to Redis you may adopt one of the following solutions: 1) Just disable protected mode sending the command 'CONFIG SET protected-mode no' from the loopback interface by connecting to Redis from the same host the server is running, however MAKE SURE Redis is not publicly accessible from internet if you do so. Use CONFIG REWRITE to make this change permanent. 2) Alternatively you can just disable the protected mode by editing the Redis configuration file, and setting the protected mode option to 'no', and then restarting the server. 3) If you started the server manually just for testing, restart it with the '--protected-mode no' option. 4) Set up an authentication password for the default user. NOTE: You only need to do one of the above things in order for the server to start accepting connections from the outside.\r\n";

/// How long to wait when no connection can be accepted, as when descriptors run out.
const BACK_OFF: Duration = Duration::from_millis(100);

/// Runs until the server is to stop; then the workers end, and with them all connections.
pub(super) fn run(
    runtime: &Runtime,
    listeners: Vec<Listener>,
    workers: Vec<Worker>,
    shared: &Arc<Shared>,
) {
    runtime.block_on(serve(listeners, workers, shared));
}

/// As [`run`], as a future of whatever runtime.
pub(super) async fn serve(listeners: Vec<Listener>, workers: Vec<Worker>, shared: &Arc<Shared>) {
    let workers: Arc<[Worker]> = workers.into();
    let mut tasks = JoinSet::new();
    for listener in listeners {
        tasks.spawn(accept(listener, workers.clone(), shared.clone()));
    }
    watch(shared).await;
    tasks.shutdown().await;
}

/// Accepts connections for ever.
async fn accept(listener: Listener, workers: Arc<[Worker]>, shared: Arc<Shared>) {
    let mut turn = 0;
    loop {
        match listener.accept().await {
            Ok(accepted) => {
                if let Some(accepted) = admit(accepted, &shared) {
                    shared.connections.fetch_add(1, Relaxed);
                    workers[turn % workers.len()].give(accepted);
                    turn += 1;
                }
            }
            Err(error) if is_peers_fault(&error) => {}
            Err(error) => {
                tracing::warn!("Accepting client connection: {error}");
                tokio::time::sleep(BACK_OFF).await;
            }
        }
    }
}

/// Whether the peer went away before it was accepted.
fn is_peers_fault(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted)
}

/// Turns away who may not connect.
fn admit(accepted: Accepted, shared: &Shared) -> Option<Accepted> {
    let stats = &shared.instance.stats;
    stats.connections.fetch_add(1, Relaxed);
    let limits = &shared.limits;
    #[cfg(feature = "fake")]
    if shared.instance.gate.get().is_some_and(|gate| gate.refuses_connections()) {
        stats.refused_connections.fetch_add(1, Relaxed);
        accepted.reset();
        return None;
    }
    let refusal = if shared.connections.load(Relaxed) >= limits.clients.load(Relaxed) {
        FULL
    } else if limits.protected.load(Relaxed)
        && !shared.instance.needs_password()
        && !accepted.is_local()
    {
        PROTECTED
    } else {
        let keepalive = u32::try_from(limits.keepalive.load(Relaxed)).unwrap_or(u32::MAX);
        if let Err(error) = listen::tune(&accepted, keepalive) {
            // The connection works without it.
            tracing::debug!("Could not set a connection's options: {error}");
        }
        return Some(accepted);
    };
    stats.refused_connections.fetch_add(1, Relaxed);
    accepted.refuse(refusal);
    None
}

/// Looks after the connections until the server is to stop.
async fn watch(shared: &Shared) {
    let mut last_id = 0;
    while !shared.stopping.load(Relaxed) {
        let now = shared.engine.clock().now();
        let hz = shared.limits.hz.load(Relaxed);
        let tick = Duration::from_millis(1000 / hz as u64);
        let held = shared.held_until().0.saturating_sub(now.0).max(0);
        let pause = tick.min(Duration::from_millis(held.unsigned_abs()));
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = shared.news.notified() => continue,
        }
        let now = shared.engine.clock().now();
        if shared.held_until() <= now {
            shared.release(now);
        }
        last_id = look_round(shared, last_id, hz, now);
    }
}

/// Looks at a share of the connections, such that all have their turn within a second.
fn look_round(shared: &Shared, last_id: u64, hz: usize, now: Millis) -> u64 {
    /// However few there are, so many at a time.
    const AT_LEAST: usize = 5;
    let share = (shared.connections.load(Relaxed) / hz).max(AT_LEAST);
    let seats = shared.seats_above(last_id, share);
    for seat in &seats {
        look_at(seat, shared, now);
    }
    if seats.len() < share { 0 } else { seats.last().map_or(0, |seat| seat.client.id) }
}

fn look_at(seat: &Seat, shared: &Shared, now: Millis) {
    let allowed = shared.limits.idle_millis.load(Relaxed);
    let idle = now.0 - seat.client.last_seen().0;
    if allowed > 0 && idle > allowed && !seat.client.listens() {
        tracing::trace!("Closing idle client");
        seat.client.kill();
    } else if seat.query.load(Relaxed) > 0 || seat.output.load(Relaxed) > 0 {
        seat.ring();
    }
}
