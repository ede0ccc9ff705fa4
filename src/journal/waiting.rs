//! Up to where the stream is written and safe, and who waits for that.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::sync::atomic::{
    AtomicBool, AtomicU64,
    Ordering::{AcqRel, Acquire, Release, SeqCst},
};
use crate::sync::{Condvar, Mutex, wait_on};

/// What became of bytes that were to be made safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Safe,
    /// They cannot be written now. They are kept, and written when that can be; unless the file was closed before.
    Failed,
}

/// What somebody waits for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wait {
    up_to: u64,
    /// Which [spell](Waiting::spell) it was when the wait began.
    spell: u64,
}

impl Wait {
    /// The position that is to be safe.
    #[cfg(feature = "network")]
    pub(crate) fn up_to(&self) -> u64 {
        self.up_to
    }
}

/// Among whom somebody stands who [waits on](Waiting::wait_on) when the disk fails.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    up_to: u64,
    number: u64,
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
    /// Rises whenever it comes to be that nothing can be made safe, or can again: odd while nothing can. Who waits is told
    /// of a failure that was there when he came, or has been since.
    spell: AtomicU64,
    /// Whether somebody keeps the stream.
    kept: AtomicBool,
    /// Whether what the stream goes on from is not in place yet.
    beginning: AtomicBool,
    /// What was appended behind the one position, up to the other, may never have become safe: the stream was closed.
    lost_from: AtomicU64,
    lost_to: AtomicU64,
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
    /// Those who wait on when the disk fails, likewise.
    patient: BTreeMap<(u64, u64), Arc<dyn Woken>>,
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
        self.tell_patient(&mut list);
    }

    pub(super) fn fail(&self) {
        self.give_up(&mut self.list.lock());
    }

    /// Tells all who wait, and who comes until that [is over](Waiting::mend).
    fn give_up(&self, list: &mut List) {
        if self.spell.load(SeqCst).is_multiple_of(2) {
            self.spell.fetch_add(1, SeqCst);
        }
        let all = std::mem::take(&mut list.woken);
        self.wake(list.sleepers, all);
    }

    pub(super) fn mend(&self) {
        let _list = self.list.lock();
        if !self.spell.load(SeqCst).is_multiple_of(2) {
            self.spell.fetch_add(1, SeqCst);
        }
    }

    pub(super) fn open(&self, at: u64) {
        self.set_safe(at);
        self.mend();
        self.kept.store(true, SeqCst);
        self.tell_patient(&mut self.list.lock());
    }

    pub(super) fn close(&self, end: u64) {
        let mut list = self.list.lock();
        let safe = self.safe();
        if safe < end {
            // What lies between two losses counts as lost too, for whoever has not asked by now.
            if self.lost_to.load(SeqCst) == 0 {
                self.lost_from.store(safe, SeqCst);
            }
            self.lost_to.store(end, SeqCst);
        }
        self.kept.store(false, SeqCst);
        self.give_up(&mut list);
    }

    pub(super) fn is_kept(&self) -> bool {
        self.kept.load(SeqCst)
    }

    fn is_lost(&self, position: u64) -> bool {
        position <= self.lost_to.load(SeqCst) && position > self.lost_from.load(SeqCst)
    }

    /// Wakes all threads, and these. The list is locked, so that nobody misses it who has looked before.
    fn wake(&self, sleepers: usize, woken: BTreeMap<(u64, u64), Arc<dyn Woken>>) {
        if sleepers > 0 {
            self.bell.notify_all();
        }
        woken.into_values().for_each(|woken| woken.wake());
    }

    pub(super) fn wait_safe(&self, up_to: u64) -> Outcome {
        let wait = self.wait_from_now(up_to);
        if let Some(outcome) = self.outcome(&wait) {
            return outcome;
        }
        let mut list = self.list.lock();
        list.sleepers += 1;
        let outcome = loop {
            match self.outcome(&wait) {
                Some(outcome) => break outcome,
                None => list = wait_on(&self.bell, list, None),
            }
        };
        list.sleepers -= 1;
        outcome
    }

    pub(super) fn wait_from_now(&self, up_to: u64) -> Wait {
        Wait { up_to, spell: self.spell.load(SeqCst) }
    }

    pub(super) fn when_safe(&self, up_to: u64, woken: &Arc<dyn Woken>) -> Wait {
        let mut list = self.list.lock();
        let wait = self.wait_from_now(up_to);
        if self.outcome(&wait).is_none() {
            list.last += 1;
            let number = list.last;
            list.woken.insert((up_to, number), woken.clone());
        }
        wait
    }

    pub(super) fn outcome(&self, wait: &Wait) -> Option<Outcome> {
        // In this order: what is lost is known to be before a later stream's beginning is said to be safe.
        let safe = self.safe();
        if self.is_lost(wait.up_to) {
            Some(Outcome::Failed)
        } else if safe >= wait.up_to {
            Some(Outcome::Safe)
        } else if !wait.spell.is_multiple_of(2) || self.spell.load(SeqCst) != wait.spell {
            Some(Outcome::Failed)
        } else {
            None
        }
    }

    /// Whether all up to a position would be there after a crash of the machine, and what came before.
    pub(super) fn holds(&self, up_to: u64) -> bool {
        self.is_kept() && !self.beginning.load(SeqCst) && self.safe() >= up_to
    }

    pub(super) fn set_beginning(&self, yes: bool) {
        let mut list = self.list.lock();
        self.beginning.store(yes, SeqCst);
        self.tell_patient(&mut list);
    }

    /// Wakes those who have what they wait for, whatever failed meanwhile.
    fn tell_patient(&self, list: &mut List) {
        while let Some(first) = list.patient.first_entry()
            && self.holds(first.key().0)
        {
            first.remove().wake();
        }
    }

    pub(super) fn wait_on(&self, up_to: u64, woken: &Arc<dyn Woken>) -> Option<Place> {
        let mut list = self.list.lock();
        if self.holds(up_to) {
            return None;
        }
        list.last += 1;
        let number = list.last;
        list.patient.insert((up_to, number), woken.clone());
        Some(Place { up_to, number })
    }

    pub(super) fn leave(&self, place: Place) {
        let left = self.list.lock().patient.remove(&(place.up_to, place.number));
        drop(left);
    }

    #[cfg(test)]
    pub(super) fn patient(&self) -> usize {
        self.list.lock().patient.len()
    }

    pub(super) fn dismiss(&self) {
        let mut list = self.list.lock();
        std::mem::take(&mut list.patient).into_values().for_each(|woken| woken.wake());
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
        let spell = self.spell.load(SeqCst);
        list.sleepers += 1;
        // Who takes sets the flag back before it wakes, and who appends sets it before it comes here.
        while spell.is_multiple_of(2) && is_full() && self.spell.load(SeqCst) == spell {
            self.full.store(true, Release);
            if !is_full() {
                break;
            }
            list = wait_on(&self.bell, list, None);
        }
        list.sleepers -= 1;
    }
}
