//! When waits are over, or worth another try: their deadlines by the engine's clock, earliest first.
//!
//! A thread that waits by the system's clock looks after its time itself. All others leave their deadline
//! here, and so does whoever waits for what time alone may bring. On a clock that is moved by hand, whoever
//! moves it ends the waits that are over before the move returns. On the system's clock a thread does,
//! started when first somebody needs it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::clock::{Clock, Follower};
use crate::error::{Error, Result};
use crate::sync::{Condvar, Mutex, thread, wait_on};

/// Somebody who is told that a moment has come.
pub(super) trait Timed: Send + Sync {
    /// Does what is due, if the wait is not over yet; no stripe is locked, unless this thread runs a
    /// transaction.
    fn expire(self: Arc<Self>, due: Due);
}

/// What a moment is for. Of two that fall together, the try comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    /// What is wanted may be there.
    Try,
    /// The time is over.
    End,
}

/// A moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Deadline {
    /// Microseconds since 1970.
    pub(super) at: i64,
    pub(super) due: Due,
    /// Whose it is.
    pub(super) number: u64,
}

/// All deadlines of an engine. Dropping it ends its thread.
pub(super) struct Timers {
    inner: Arc<Inner>,
    thread: Mutex<Option<thread::JoinHandle<()>>>,
}

struct Inner {
    clock: Clock,
    state: Mutex<State>,
    /// Wakes the thread: there is an earlier deadline, or an end.
    news: Condvar,
}

#[derive(Default)]
struct State {
    due: BTreeMap<Deadline, Weak<dyn Timed>>,
    stop: bool,
}

impl Timers {
    pub(super) fn new(clock: &Clock) -> Timers {
        let inner = Arc::new(Inner {
            clock: clock.clone(),
            state: Mutex::new(State::default()),
            news: Condvar::new(),
        });
        let follower: Weak<Inner> = Arc::downgrade(&inner);
        clock.follow(follower);
        Timers { inner, thread: Mutex::new(None) }
    }

    /// Has `who` expire at a deadline, which may have come: see [`catch_up`](Timers::catch_up).
    ///
    /// # Errors
    /// `Config` if the thread could not be started that must look at the clock.
    pub(super) fn add(&self, deadline: Deadline, who: Weak<dyn Timed>) -> Result<()> {
        if !self.inner.clock.is_manual() {
            self.start()?;
        }
        let mut state = self.inner.state.lock();
        let first = state.due.first_key_value().is_none_or(|(first, _)| deadline < *first);
        state.due.insert(deadline, who);
        drop(state);
        if first {
            self.inner.news.notify_all();
        }
        Ok(())
    }

    /// Does what is due on a clock that is moved by hand, and that may have been moved since a deadline was
    /// worked out; no lock is held.
    pub(super) fn catch_up(&self) {
        if self.inner.clock.is_manual() {
            self.inner.expire_due();
        }
    }

    pub(super) fn remove(&self, deadline: Deadline) {
        self.inner.state.lock().due.remove(&deadline);
    }

    /// Has all try now who wait for what time may bring: the thread does so, and on a clock that is moved by
    /// hand whoever [catches up](Timers::catch_up).
    pub(super) fn try_all(&self) {
        let at = self.inner.clock.micros();
        let mut state = self.inner.state.lock();
        let tries = state.due.extract_if(.., |deadline, _| deadline.due == Due::Try);
        let now: Vec<_> = tries.map(|(old, who)| (Deadline { at, ..old }, who)).collect();
        state.due.extend(now);
        drop(state);
        self.inner.news.notify_all();
    }

    /// Starts the thread, if it does not run.
    fn start(&self) -> Result<()> {
        let mut running = self.thread.lock();
        if running.is_none() {
            let inner = self.inner.clone();
            let thread = thread::Builder::new().name("danio-timer".into());
            let spawned = thread.spawn(move || inner.run()).map_err(|e| {
                Error::Config(format!("the timer thread could not be started: {e}").into())
            })?;
            *running = Some(spawned);
        }
        Ok(())
    }
}

impl Inner {
    /// Does what is due.
    fn expire_due(&self) {
        loop {
            let mut state = self.state.lock();
            let now = self.clock.micros();
            let over = state.due.first_entry().filter(|first| first.key().at <= now);
            let Some((deadline, who)) = over.map(|first| first.remove_entry()) else { return };
            drop(state);
            if let Some(who) = who.upgrade() {
                who.expire(deadline.due);
            }
        }
    }

    fn run(&self) {
        loop {
            self.expire_due();
            let state = self.state.lock();
            if state.stop {
                return;
            }
            let next = state.due.first_key_value().map(|(first, _)| first.at);
            let left = next.map(|at| at.saturating_sub(self.clock.micros()));
            if left.is_none_or(|left| left > 0) {
                let limit = left.map(|left| Duration::from_micros(left.unsigned_abs()));
                drop(wait_on(&self.news, state, limit));
            }
        }
    }
}

impl Follower for Inner {
    fn moved(&self) {
        self.expire_due();
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timers").field("due", &self.state.lock().due.len()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Timers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl Drop for Timers {
    fn drop(&mut self) {
        self.inner.state.lock().stop = true;
        self.inner.news.notify_all();
        if let Some(thread) = self.thread.lock().take()
            && thread.thread().id() != thread::current().id()
        {
            // A panic of the thread has been printed; there is nobody else to tell.
            let _ = thread.join();
        }
    }
}
