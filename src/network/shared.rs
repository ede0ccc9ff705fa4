//! What the threads of one server share.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering::Relaxed};

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::seat::Seat;
use crate::api::Engine;
use crate::clock::Millis;
use crate::command::{Instance, Refusal, Setting};

/// One server, as its control thread, workers and connections see it.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) engine: Engine,
    pub(super) instance: Arc<Instance>,
    pub(super) limits: Limits,
    /// By client id.
    seats: Mutex<BTreeMap<u64, Arc<Seat>>>,
    /// How many connections there are, those on their way to a worker included.
    pub(super) connections: AtomicUsize,
    /// The earliest end of a hold that the control thread must ring for.
    held_until: AtomicI64,
    /// Tells the control thread to look at `held_until` and `stopping`.
    pub(super) news: Notify,
    /// Whether the server is to end.
    pub(super) stopping: AtomicBool,
}

/// Parameters that connections look at, as numbers.
#[derive(Debug, Default)]
pub(super) struct Limits {
    /// `proto-max-bulk-len`.
    pub(super) max_bulk: AtomicUsize,
    /// `client-query-buffer-limit`.
    pub(super) query: AtomicUsize,
    /// `maxclients`.
    pub(super) clients: AtomicUsize,
    /// `timeout`, in milliseconds; 0 is never.
    pub(super) idle_millis: AtomicI64,
    /// `tcp-keepalive`, in seconds; 0 is off.
    pub(super) keepalive: AtomicUsize,
    /// `protected-mode`.
    pub(super) protected: AtomicBool,
    /// How often a second the control thread looks round.
    pub(super) hz: AtomicUsize,
}

impl Shared {
    /// A server that keeps up with the instance's parameters.
    pub(super) fn new(engine: Engine) -> Arc<Shared> {
        let instance = Instance::of(&engine);
        let shared = Arc::new(Shared {
            engine,
            instance,
            limits: Limits::default(),
            seats: Mutex::default(),
            connections: AtomicUsize::new(0),
            held_until: AtomicI64::new(i64::MAX),
            news: Notify::new(),
            stopping: AtomicBool::new(false),
        });
        shared.follow("proto-max-bulk-len", |limits, value| store(&limits.max_bulk, value));
        shared.follow("client-query-buffer-limit", |limits, value| store(&limits.query, value));
        shared.follow("maxclients", |limits, value| store(&limits.clients, value));
        shared.follow("timeout", |limits, value| {
            limits.idle_millis.store(value.number() * 1000, Relaxed)
        });
        shared.follow("tcp-keepalive", |limits, value| store(&limits.keepalive, value));
        shared.follow("protected-mode", |limits, value| {
            limits.protected.store(value.number() != 0, Relaxed)
        });
        shared.follow("hz", |limits, value| store(&limits.hz, value));
        shared
    }

    /// Has `set` called with a parameter's value now and whenever it changes. The
    /// registry may outlive the server, so it holds the server weakly.
    fn follow(self: &Arc<Shared>, name: &str, set: fn(&Limits, &Setting)) {
        let shared = Arc::downgrade(self);
        let hook = move |value: &Setting| -> Result<(), Refusal> {
            if let Some(shared) = shared.upgrade() {
                set(&shared.limits, value);
            }
            Ok(())
        };
        self.instance.parameters.on_change(name, hook).expect("the hook refuses nothing");
    }

    pub(super) fn seat(&self, seat: Arc<Seat>) {
        self.seats.lock().insert(seat.client.id, seat);
    }

    pub(super) fn unseat(&self, id: u64) {
        self.seats.lock().remove(&id);
        self.leave();
    }

    /// Counts a connection out.
    pub(super) fn leave(&self) {
        self.connections.fetch_sub(1, Relaxed);
    }

    /// Up to `count` connections with ids above `id`.
    pub(super) fn seats_above(&self, id: u64, count: usize) -> Vec<Arc<Seat>> {
        self.seats.lock().range(id + 1..).take(count).map(|(_, seat)| seat.clone()).collect()
    }

    /// All connections.
    pub(super) fn seats(&self) -> Vec<Arc<Seat>> {
        self.seats.lock().values().cloned().collect()
    }

    /// Has the control thread ring for held connections at `until`.
    pub(super) fn hold(&self, until: Millis) {
        self.held_until.fetch_min(until.0, Relaxed);
        self.news.notify_one();
    }

    /// When the control thread must ring for held connections.
    pub(super) fn held_until(&self) -> Millis {
        Millis(self.held_until.load(Relaxed))
    }

    /// Rings for the connections whose hold is over.
    pub(super) fn release(&self, now: Millis) {
        self.held_until.store(i64::MAX, Relaxed);
        let later = self.seats().iter().filter_map(|seat| seat.release(now)).min();
        if let Some(later) = later {
            self.held_until.fetch_min(later.0, Relaxed);
        }
    }

    /// Asks every thread to end.
    pub(super) fn stop(&self) {
        self.stopping.store(true, Relaxed);
        self.news.notify_one();
    }
}

fn store(limit: &AtomicUsize, value: &Setting) {
    limit.store(usize::try_from(value.number()).unwrap_or(usize::MAX), Relaxed);
}
