//! A bounded queue with one reader, and what happens when the reader is slow.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::Waker;
#[cfg(feature = "async")]
use std::task::{Context, Poll};
use std::time::Duration;

use crate::clock::Clock;
use crate::sync::{Condvar, Mutex};

/// What happens to a subscriber that does not keep up, once its queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Overflow {
    /// It is cut off, as Redis cuts off a slow client: what is queued can still be read, and
    /// then it ends.
    #[default]
    Disconnect,
    /// What was queued first is dropped to make room for what is new.
    DropOldest,
    /// Whoever publishes waits until the subscriber has caught up. It waits after the message
    /// was queued and with nothing locked, so that nobody else's message overtakes it.
    ///
    /// What is published while data are locked never waits: keyspace notifications, and PUBLISH
    /// between MULTI and EXEC. They drop the oldest.
    Wait,
}

/// Whether whoever publishes may wait for slow subscribers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// It holds no lock.
    MayWait,
    /// Data are locked.
    Never,
}

/// How a queue has fared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct QueueStats {
    /// What the subscriber was handed.
    pub delivered: u64,
    /// What it missed because it was slow.
    pub dropped: u64,
    /// What is queued now.
    pub pending: usize,
}

/// Items on their way to one reader.
pub(super) struct Queue<T> {
    capacity: usize,
    overflow: Overflow,
    state: Mutex<State<T>>,
    /// Rung when something came, or the end.
    came: Condvar,
    /// Rung when there is room again.
    room: Condvar,
    delivered: AtomicU64,
    dropped: AtomicU64,
}

struct State<T> {
    items: VecDeque<T>,
    /// Whether nothing more comes in: the reader was cut off, or has gone.
    over: bool,
    /// How many publishers wait for room.
    waiting: usize,
    /// Wakes the reader's task.
    waker: Option<Waker>,
}

impl<T> Queue<T> {
    /// A queue of `capacity` items, one at least.
    pub(super) fn new(capacity: usize, overflow: Overflow) -> Queue<T> {
        Queue {
            capacity: capacity.max(1),
            overflow,
            state: Mutex::new(State {
                items: VecDeque::new(),
                over: false,
                waiting: 0,
                waker: None,
            }),
            came: Condvar::new(),
            room: Condvar::new(),
            delivered: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
        }
    }

    /// Adds an item. True if whoever adds it is to [wait for room](Queue::wait_for_room), when it
    /// has let go of its locks.
    pub(super) fn push(&self, item: T, pace: Pace) -> bool {
        let mut state = self.state.lock();
        if state.over {
            self.dropped.fetch_add(1, Relaxed);
            return false;
        }
        let mut wait = false;
        if state.items.len() >= self.capacity {
            match (self.overflow, pace) {
                (Overflow::Disconnect, _) => {
                    self.dropped.fetch_add(1, Relaxed);
                    state.over = true;
                    let waker = state.waker.take();
                    drop(state);
                    self.tell(waker);
                    return false;
                }
                (Overflow::Wait, Pace::MayWait) => wait = true,
                (Overflow::DropOldest, _) | (Overflow::Wait, Pace::Never) => {
                    state.items.pop_front();
                    self.dropped.fetch_add(1, Relaxed);
                }
            }
        }
        state.items.push_back(item);
        let waker = state.waker.take();
        drop(state);
        self.tell(waker);
        wait
    }

    /// Wakes the reader; called with the state unlocked.
    fn tell(&self, waker: Option<Waker>) {
        self.came.notify_all();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Waits until no more is queued than fits, or the reader has gone.
    pub(super) fn wait_for_room(&self) {
        let mut state = self.state.lock();
        state.waiting += 1;
        while state.items.len() > self.capacity && !state.over {
            self.room.wait_for(&mut state, LONG);
        }
        state.waiting -= 1;
    }

    /// Takes the oldest item, if there is one.
    pub(super) fn try_take(&self) -> Option<T> {
        self.take_from(&mut self.state.lock())
    }

    fn take_from(&self, state: &mut State<T>) -> Option<T> {
        let item = state.items.pop_front()?;
        self.delivered.fetch_add(1, Relaxed);
        if state.waiting > 0 && state.items.len() <= self.capacity {
            self.room.notify_all();
        }
        if state.items.is_empty() && state.items.capacity() > KEPT {
            state.items = VecDeque::new();
        }
        Some(item)
    }

    /// Takes the oldest item; waits for one up to `limit` by the clock, or for ever. `None` when
    /// the time or the queue is over.
    pub(super) fn take(&self, clock: &Clock, limit: Option<Duration>) -> Option<T> {
        let now = || clock.micros();
        let until = limit.map(|limit| {
            now().saturating_add(i64::try_from(limit.as_micros()).unwrap_or(i64::MAX))
        });
        let mut state = self.state.lock();
        loop {
            if let Some(item) = self.take_from(&mut state) {
                return Some(item);
            }
            if state.over {
                return None;
            }
            match until {
                None => {
                    self.came.wait_for(&mut state, LONG);
                }
                Some(until) => {
                    let left = until.saturating_sub(now());
                    if left <= 0 {
                        return None;
                    }
                    let mut left = Duration::from_micros(left.unsigned_abs());
                    // Nobody says when a clock is moved by hand.
                    if clock.is_manual() {
                        left = left.min(LOOK);
                    }
                    self.came.wait_for(&mut state, left);
                }
            }
        }
    }

    /// Takes the oldest item, or has the task woken when there is one.
    #[cfg(feature = "async")]
    pub(super) fn poll_take(&self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let mut state = self.state.lock();
        match self.take_from(&mut state) {
            Some(item) => Poll::Ready(Some(item)),
            None if state.over => Poll::Ready(None),
            None => {
                if !state.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
                    state.waker = Some(cx.waker().clone());
                }
                Poll::Pending
            }
        }
    }

    /// Takes nothing more in; what is queued can still be read.
    pub(super) fn end(&self) {
        let mut state = self.state.lock();
        state.over = true;
        let waker = state.waker.take();
        drop(state);
        self.room.notify_all();
        self.tell(waker);
    }

    /// Whether nothing more comes in.
    pub(super) fn is_over(&self) -> bool {
        self.state.lock().over
    }

    pub(super) fn stats(&self) -> QueueStats {
        QueueStats {
            delivered: self.delivered.load(Relaxed),
            dropped: self.dropped.load(Relaxed),
            pending: self.state.lock().items.len(),
        }
    }
}

/// How long whoever waits sleeps at most before it looks again; it is woken when there is something.
const LONG: Duration = Duration::from_secs(3600);
/// How often whoever waits by a clock that is moved by hand looks at it.
const LOOK: Duration = Duration::from_millis(1);
/// A queue that held more than so many keeps no room for them once it is empty.
const KEPT: usize = 256;

impl<T> fmt::Debug for Queue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue")
            .field("capacity", &self.capacity)
            .field("overflow", &self.overflow)
            .field("stats", &self.stats())
            .finish()
    }
}
