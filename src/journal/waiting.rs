//! Up to where the stream is written and safe, and who waits for that.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{
    AtomicBool, AtomicU64,
    Ordering::{AcqRel, Acquire, Release, SeqCst},
};

use crate::sync::{Condvar, Mutex, wait_on};

/// What became of bytes that were to be made safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Safe,
    /// They cannot be written now. They are kept, and written when that can be.
    Failed,
}

/// What somebody waits for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wait {
    up_to: u64,
    /// How many failures there were before.
    failures: u64,
}

/// Somebody who is woken when something is known, rather than sleeping until then.
pub(crate) trait Woken: Send + Sync + fmt::Debug {
    /// May be called by any thread; must be quick.
    fn wake(&self);
}

/// How far the stream is, and who waits.
#[derive(Default)]
pub(super) struct Waiting {
    written: AtomicU64,
    safe: AtomicU64,
    /// How often what is not safe was given up for now.
    failures: AtomicU64,
    /// Whether threads may wait for room.
    full: AtomicBool,
    list: Mutex<List>,
    /// Wakes the threads that wait.
    bell: Condvar,
}

#[derive(Default)]
struct List {
    /// By position, and in the order in which they came.
    woken: BTreeMap<(u64, u64), Arc<dyn Woken>>,
    last: u64,
    /// Threads that sleep.
    sleepers: usize,
}

impl Waiting {
    pub(super) fn written(&self) -> u64 {
        self.written.load(Acquire)
    }

    pub(super) fn set_written(&self, up_to: u64) {
        self.written.fetch_max(up_to, AcqRel);
    }

    pub(super) fn safe(&self) -> u64 {
        self.safe.load(SeqCst)
    }

    pub(super) fn set_safe(&self, up_to: u64) {
        self.set_written(up_to);
        self.safe.fetch_max(up_to, SeqCst);
        let mut list = self.list.lock();
        let mut now = BTreeMap::new();
        if !list.woken.is_empty() {
            let later = list.woken.split_off(&(up_to + 1, 0));
            now = std::mem::replace(&mut list.woken, later);
        }
        self.wake(list.sleepers, now);
    }

    pub(super) fn fail(&self) {
        self.failures.fetch_add(1, SeqCst);
        let mut list = self.list.lock();
        let all = std::mem::take(&mut list.woken);
        self.wake(list.sleepers, all);
    }

    /// Wakes all threads, and these. The list is locked, so that nobody misses it who has looked before.
    fn wake(&self, sleepers: usize, woken: BTreeMap<(u64, u64), Arc<dyn Woken>>) {
        if sleepers > 0 {
            self.bell.notify_all();
        }
        woken.into_values().for_each(|woken| woken.wake());
    }

    pub(super) fn wait_safe(&self, up_to: u64) -> Outcome {
        if self.safe() >= up_to {
            return Outcome::Safe;
        }
        let mut list = self.list.lock();
        let failures = self.failures.load(SeqCst);
        list.sleepers += 1;
        let outcome = loop {
            if self.safe() >= up_to {
                break Outcome::Safe;
            }
            if self.failures.load(SeqCst) != failures {
                break Outcome::Failed;
            }
            list = wait_on(&self.bell, list, None);
        };
        list.sleepers -= 1;
        outcome
    }

    pub(super) fn wait_from_now(&self, up_to: u64) -> Wait {
        Wait { up_to, failures: self.failures.load(SeqCst) }
    }

    pub(super) fn when_safe(&self, up_to: u64, woken: &Arc<dyn Woken>) -> Wait {
        let mut list = self.list.lock();
        let failures = self.failures.load(SeqCst);
        if self.safe() < up_to {
            list.last += 1;
            let number = list.last;
            list.woken.insert((up_to, number), woken.clone());
        }
        Wait { up_to, failures }
    }

    pub(super) fn outcome(&self, wait: &Wait) -> Option<Outcome> {
        if self.safe() >= wait.up_to {
            Some(Outcome::Safe)
        } else if self.failures.load(SeqCst) != wait.failures {
            Some(Outcome::Failed)
        } else {
            None
        }
    }

    pub(super) fn is_crowded(&self) -> bool {
        self.full.load(Acquire)
    }

    pub(super) fn notice_full(&self) {
        self.full.store(true, Release);
    }

    pub(super) fn notice_room(&self) {
        if self.full.load(Acquire) && self.full.swap(false, AcqRel) {
            let _list = self.list.lock();
            self.bell.notify_all();
        }
    }

    pub(super) fn wait_for_room(&self, is_full: impl Fn() -> bool) {
        let mut list = self.list.lock();
        let failures = self.failures.load(SeqCst);
        list.sleepers += 1;
        // Who takes sets the flag back before it wakes, and who appends sets it before it comes here.
        while is_full() && self.failures.load(SeqCst) == failures {
            self.full.store(true, Release);
            if !is_full() {
                break;
            }
            list = wait_on(&self.bell, list, None);
        }
        list.sleepers -= 1;
    }
}
