//! What reaches a connection from outside its worker.

use std::sync::atomic::{
    AtomicBool, AtomicI64, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst, fence,
};
use std::sync::{Arc, OnceLock};
use std::task::Waker;

use crate::clock::Millis;
use crate::command::{Client, Link};

/// A connection as the control thread sees it.
#[derive(Debug)]
pub(super) struct Seat {
    bell: Arc<Bell>,
    /// The same connection, as the command layer sees it.
    pub(super) client: Arc<Client>,
    /// The capacity of its own query buffer.
    pub(super) query: AtomicUsize,
    /// Replies that wait for the peer to read.
    pub(super) output: AtomicUsize,
    /// Until when `CLIENT PAUSE` holds it back.
    held_until: AtomicI64,
}

/// Wakes a connection's task.
#[derive(Debug, Default)]
pub(super) struct Bell {
    waker: OnceLock<Waker>,
    /// Whether there is more to do than to look for input.
    rung: AtomicBool,
}

impl Bell {
    /// Has the connection look after itself.
    fn ring(&self) {
        self.rung.store(true, SeqCst);
        self.wake();
    }

    /// Has the connection's task run.
    pub(super) fn wake(&self) {
        // Before the task has run for the first time there is nobody to wake, and it will look.
        fence(SeqCst);
        if let Some(waker) = self.waker.get() {
            waker.wake_by_ref();
        }
    }

    /// Says whom to wake; a task's waker stays the same for its life. What was done before and woke
    /// nobody is seen after this.
    pub(super) fn hang(&self, waker: &Waker) {
        let _ = self.waker.set(waker.clone());
        fence(SeqCst);
    }

    /// Whether it rang since the last time.
    #[inline]
    pub(super) fn take(&self) -> bool {
        self.rung.load(Relaxed) && self.rung.swap(false, Relaxed)
    }
}

/// The command layer's end of a bell.
#[derive(Debug)]
pub(super) struct Cord(pub(super) Arc<Bell>);

impl Link for Cord {
    fn wake(&self) {
        self.0.ring();
    }

    fn mail(&self) {
        self.0.wake();
    }
}

impl Seat {
    pub(super) fn new(bell: Arc<Bell>, client: Arc<Client>) -> Seat {
        Seat {
            bell,
            client,
            query: AtomicUsize::new(0),
            output: AtomicUsize::new(0),
            held_until: AtomicI64::new(i64::MAX),
        }
    }

    /// Has the connection look after itself.
    pub(super) fn ring(&self) {
        self.bell.ring();
    }

    /// What wakes the connection, for others to keep.
    #[cfg(feature = "aof")]
    pub(super) fn shared_bell(&self) -> Arc<Bell> {
        self.bell.clone()
    }

    /// Whom the control thread rings for.
    pub(super) fn bell(&self) -> &Bell {
        &self.bell
    }

    /// Notes until when the connection is held back; `None` when it no longer is.
    pub(super) fn hold(&self, until: Option<Millis>) {
        self.held_until.store(until.map_or(i64::MAX, |u| u.0), Relaxed);
    }

    /// Rings if the connection need not be held any longer; gives the time if it must.
    pub(super) fn release(&self, now: Millis) -> Option<Millis> {
        match self.held_until.load(Relaxed) {
            i64::MAX => None,
            until if until > now.0 => Some(Millis(until)),
            _ => {
                self.ring();
                None
            }
        }
    }
}
