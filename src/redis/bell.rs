//! What wakes whoever holds a connection of this process.

use std::sync::{Arc, OnceLock, Weak};
use std::task::Waker;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::clock::Stopwatch;
use crate::command::{Client, Link};

/// Rings when the connection has something to look at: an answer, a message, or its end.
#[derive(Debug, Default)]
pub(super) struct Bell {
    state: Mutex<State>,
    /// Wakes threads.
    news: Condvar,
    /// The connection, once there is one.
    client: OnceLock<Weak<Client>>,
    /// Whether messages go to nobody.
    deaf: bool,
}

#[derive(Debug, Default)]
struct State {
    /// How often it rang.
    rung: u64,
    /// Wakes a future.
    waker: Option<Waker>,
}

impl Bell {
    /// A bell; if it is `deaf`, messages are dropped as they come.
    pub(super) fn new(deaf: bool) -> Arc<Bell> {
        Arc::new(Bell { deaf, ..Bell::default() })
    }

    /// Says whose bell it is.
    pub(super) fn hang(&self, client: &Arc<Client>) {
        let _ = self.client.set(Arc::downgrade(client));
    }

    pub(super) fn ring(&self) {
        let mut state = self.state.lock();
        state.rung += 1;
        let waker = state.waker.take();
        drop(state);
        self.news.notify_all();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// How often it rang so far, to wait for the next time.
    pub(super) fn count(&self) -> u64 {
        self.state.lock().rung
    }

    /// Has a future woken the next time.
    pub(super) fn wake_next(&self, waker: &Waker) {
        let mut state = self.state.lock();
        let old = match &state.waker {
            Some(kept) if kept.will_wake(waker) => None,
            _ => state.waker.replace(waker.clone()),
        };
        drop(state);
        // Dropping a waker may run anything.
        drop(old);
    }

    /// Lets the thread sleep until it has rung more than `seen` times; false if it has not after `limit`.
    pub(super) fn wait(&self, seen: u64, limit: Option<Duration>) -> bool {
        let watch = Stopwatch::start();
        let mut state = self.state.lock();
        while state.rung <= seen {
            match limit {
                None => self.news.wait(&mut state),
                Some(limit) => {
                    let left = limit.saturating_sub(watch.elapsed());
                    if left.is_zero() {
                        return false;
                    }
                    self.news.wait_for(&mut state, left);
                }
            }
        }
        true
    }
}

/// The session's end of a bell.
#[derive(Debug)]
pub(super) struct Cord(pub(super) Arc<Bell>);

impl Link for Cord {
    fn wake(&self) {
        self.0.ring();
    }

    fn mail(&self) {
        if !self.0.deaf {
            return self.0.ring();
        }
        if let Some(client) = self.0.client.get().and_then(Weak::upgrade) {
            client.take_mail(|_| ());
        }
    }
}
