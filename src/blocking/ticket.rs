//! One wait, as whoever waits holds it.

use std::fmt;
use std::sync::{Arc, Weak};
use std::task::Waker;
use std::time::Duration;

use super::room::{WaitingRoom, keys};
use super::timer::{Deadline, Due, Timed};
use super::want::{Tried, Want};
use crate::error::Result;
use crate::keyspace::{Access, Key, Keyspace, Served, Tx, Waiter};
use crate::sync::{Condvar, Mutex, MutexGuard, wait_on};

/// A place in line. Dropping it gives the place up; what it was served with goes back.
pub(crate) struct Ticket<W: Want> {
    place: Arc<Place<W>>,
    room: Arc<WaitingRoom>,
    /// When the wait began, in microseconds since 1970.
    since: i64,
    /// What the timers have of it.
    deadline: Option<Deadline>,
    /// Whether the outcome was taken.
    over: bool,
}

/// A wait, as lines and timers hold it.
///
/// `state` is locked behind stripes: under it none is locked but those that are held already, and the list of
/// deadlines.
struct Place<W: Want> {
    db: u32,
    number: u64,
    want: W,
    room: Weak<WaitingRoom>,
    /// What others are given of it.
    me: Weak<Place<W>>,
    state: Mutex<State<W::Out>>,
    /// Wakes a thread.
    bell: Condvar,
}

struct State<O> {
    phase: Phase<O>,
    /// Wakes a future or a connection.
    waker: Option<Waker>,
    /// When to try again though nothing has changed, in microseconds since 1970.
    ripens: Option<i64>,
    /// What the timers have of that.
    alarm: Option<Deadline>,
}

enum Phase<O> {
    Waiting,
    Over {
        /// Nothing if there was nothing in time.
        outcome: Result<Option<O>>,
        /// Whether somebody's change brought it, who took the wait out of the line of the key.
        served: bool,
    },
    Taken,
}

/// Ends somebody else's wait.
pub(crate) trait Cancel: Send + Sync {
    /// Ends the wait as if its time were over, or with an error. Returns false if it is over.
    fn cancel(&self, outcome: Result<()>) -> bool;
}

impl<W: Want> Place<W> {
    /// Ends the wait, unless it is over.
    fn end(&self, outcome: Result<Option<W::Out>>) -> bool {
        let mut state = self.state.lock();
        if !matches!(state.phase, Phase::Waiting) {
            return false;
        }
        state.phase = Phase::Over { outcome, served: false };
        drop(state);
        self.wake();
        true
    }
}

impl<W: Want> Waiter for Place<W> {
    fn serve(&self, tx: &mut Tx<'_>, _: Key<'_>) -> Served {
        let mut state = self.state.lock();
        if !matches!(state.phase, Phase::Waiting) {
            return Served::Gone;
        }
        let keys = self.want.keys();
        let mut tried = Tried::new();
        tried.extend((0..keys.len()).filter(|i| keys.len() == 1 || tx.is_noted(keys[*i].get())));
        match self.want.attempt(tx, &tried).transpose() {
            None => {
                state.ripens = ripens(&self.want, tx);
                match state.ripens == state.alarm.map(|alarm| alarm.at) {
                    true => Served::Waits,
                    false => Served::Ripens,
                }
            }
            Some(outcome) => {
                state.phase = Phase::Over { outcome: outcome.map(Some), served: true };
                Served::Done
            }
        }
    }

    fn wake(&self) {
        let mut state = self.state.lock();
        if matches!(state.phase, Phase::Waiting) {
            return self.set_alarm(state);
        }
        let waker = state.waker.take();
        drop(state);
        self.bell.notify_one();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<W: Want> Timed for Place<W> {
    fn expire(self: Arc<Self>, due: Due) {
        match due {
            Due::End => drop(self.end(Ok(None))),
            Due::Try => self.try_again(),
        }
    }
}

impl<W: Want> Place<W> {
    /// Has the wait tried again at the moment that is noted, if one is.
    fn set_alarm(&self, mut state: MutexGuard<'_, State<W::Out>>) {
        let Some(room) = self.room.upgrade() else { return };
        let alarm = state.ripens.map(|at| Deadline { at, due: Due::Try, number: self.number });
        let old = std::mem::replace(&mut state.alarm, alarm);
        if alarm == old {
            return;
        }
        if let Some(old) = old {
            room.timers.remove(old);
        }
        let Some(alarm) = alarm else { return };
        let added = room.timers.add(alarm, self.me.clone() as Weak<dyn Timed>);
        drop(state);
        match added {
            Ok(()) => room.timers.catch_up(),
            Err(error) => drop(self.end(Err(error))),
        }
    }

    /// Tries what is wanted though nothing has changed, and with it what all want who stand in line before. While
    /// clients are paused that has to wait: nothing is written by itself then.
    fn try_again(self: Arc<Self>) {
        let Some(room) = self.room.upgrade() else { return };
        let mut state = self.state.lock();
        if let Some(old) = state.alarm.take() {
            room.timers.remove(old);
        }
        if let Some(end) = room.pause_ends() {
            state.ripens = end.0.checked_mul(1000);
            return self.set_alarm(state);
        }
        drop(state);
        let keyspace = room.keyspace.clone();
        keyspace.do_outside(move |_| match room.begin(self.db, &self.want) {
            Ok(mut tx) => tx.note_lines(self.want.keys().iter().map(|key| key.get())),
            Err(error) => drop(self.end(Err(error))),
        });
    }
}

/// When to try again though nothing has changed, in microseconds since 1970.
fn ripens<W: Want>(want: &W, tx: &Tx<'_>) -> Option<i64> {
    want.ripens(tx)?.0.checked_mul(1000)
}

impl<W: Want> Cancel for Place<W> {
    fn cancel(&self, outcome: Result<()>) -> bool {
        self.end(outcome.map(|()| None))
    }
}

impl<W: Want> Ticket<W> {
    pub(super) fn draw(room: Arc<WaitingRoom>, tx: &mut Tx<'_>, want: W) -> Result<Ticket<W>> {
        let number = room.keyspace.next_ticket();
        // Before anybody can see that it waits, and move the clock.
        let since = room.keyspace.clock.micros();
        let ripens = ripens(&want, tx);
        let state = State { phase: Phase::Waiting, waker: None, ripens, alarm: None };
        let place = Arc::new_cyclic(|me| Place {
            db: tx.db(),
            number,
            want,
            room: Arc::downgrade(&room),
            me: me.clone(),
            state: Mutex::new(state),
            bell: Condvar::new(),
        });
        let waiter: Arc<dyn Waiter> = place.clone();
        let want = &place.want;
        let keys = want.keys().iter().map(|key| key.get());
        tx.stand_in_line(keys, want.reach(), number, want.concern(), &waiter)?;
        if ripens.is_some() {
            tx.wake_at_end(waiter);
        }
        Ok(Ticket { place, room, since, deadline: None, over: false })
    }

    /// Has the wait end `limit` after it began by the engine's clock, whoever waits; no stripe is held.
    ///
    /// # Errors
    /// `Config` if nobody can look at the clock.
    pub(crate) fn end_after(&mut self, limit: Duration) -> Result<()> {
        let (at, number) = (self.moment(limit), self.place.number);
        let deadline = Deadline { at, due: Due::End, number };
        self.deadline = Some(deadline);
        self.room.timers.add(deadline, self.place.me.clone() as Weak<dyn Timed>)?;
        self.room.timers.catch_up();
        Ok(())
    }

    /// What another may end the wait by.
    pub(crate) fn canceller(&self) -> Weak<dyn Cancel> {
        self.place.me.clone() as Weak<dyn Cancel>
    }

    /// Whether there is an outcome to be taken; if not yet, `waker` will be woken when there is. What was brought stays
    /// here: if this is dropped, it goes back.
    #[cfg(feature = "async")]
    pub(crate) fn is_settled(&self, waker: &Waker) -> bool {
        let mut state = self.place.state.lock();
        let settled = !matches!(state.phase, Phase::Waiting);
        let mut old = None;
        if !settled && !state.waker.as_ref().is_some_and(|kept| kept.will_wake(waker)) {
            old = state.waker.replace(waker.clone());
        }
        drop(state);
        // Dropping a waker may run anything.
        drop(old);
        settled
    }

    /// Takes the outcome and gives it to `show`; if there is none yet, `waker` will be woken when there is.
    pub(crate) fn take<T>(
        &mut self,
        waker: Option<&Waker>,
        show: impl FnOnce(&W, W::Out) -> T,
    ) -> Option<Result<Option<T>>> {
        let mut state = self.place.state.lock();
        match std::mem::replace(&mut state.phase, Phase::Taken) {
            Phase::Over { outcome, served } => {
                drop(state);
                self.leave(served, None);
                Some(outcome.map(|out| out.map(|out| show(&self.place.want, out))))
            }
            phase => {
                state.phase = phase;
                let mut old = None;
                if let Some(waker) = waker
                    && !state.waker.as_ref().is_some_and(|kept| kept.will_wake(waker))
                {
                    old = state.waker.replace(waker.clone());
                }
                drop(state);
                // Dropping a waker may run anything.
                drop(old);
                None
            }
        }
    }

    /// As [`sleep`](Ticket::sleep), and gives the outcome to `show`.
    ///
    /// # Errors
    /// What ends the wait without result.
    #[cfg_attr(not(feature = "network"), allow(dead_code, reason = "for connections"))]
    pub(crate) fn wait<T>(
        mut self,
        limit: Option<Duration>,
        show: impl FnOnce(&W, W::Out) -> T,
    ) -> Result<Option<T>> {
        self.sleep(limit)?;
        self.take(None, show).expect("the wait is over")
    }

    /// Has the thread sleep until the wait is over, or `limit` after it began by the engine's clock. What was brought stays
    /// here: if this is dropped, it goes back.
    ///
    /// # Errors
    /// If the time cannot be kept.
    pub(crate) fn sleep(&mut self, limit: Option<Duration>) -> Result<()> {
        let clock = self.room.keyspace.clock.clone();
        let mut until = limit.map(|limit| self.moment(limit));
        if let Some(limit) = limit
            && clock.is_manual()
        {
            self.end_after(limit)?;
            until = None;
        }
        let place = self.place.clone();
        let mut state = place.state.lock();
        while matches!(state.phase, Phase::Waiting) {
            let left = until.map(|until| until.saturating_sub(clock.micros()));
            if left.is_some_and(|left| left <= 0) {
                state.phase = Phase::Over { outcome: Ok(None), served: false };
                break;
            }
            let left = left.map(|left| Duration::from_micros(left.unsigned_abs()));
            state = wait_on(&place.bell, state, left);
        }
        drop(state);
        Ok(())
    }

    /// A time after the wait began, in microseconds since 1970.
    fn moment(&self, limit: Duration) -> i64 {
        let limit = i64::try_from(limit.as_micros()).unwrap_or(i64::MAX);
        self.since.saturating_add(limit)
    }

    /// Leaves the timers and the lines, and puts back what nobody took.
    fn leave(&mut self, served: bool, back: Option<W::Out>) {
        self.over = true;
        let alarm = self.place.state.lock().alarm.take();
        for deadline in self.deadline.take().into_iter().chain(alarm) {
            self.room.timers.remove(deadline);
        }
        // Who was served was taken out of one line.
        if served && self.place.want.keys().len() == 1 && back.is_none() {
            return;
        }
        let place = self.place.clone();
        self.room.keyspace.do_outside(move |keyspace| place.leave(keyspace, back));
    }
}

impl<W: Want> Place<W> {
    fn leave(&self, keyspace: &Keyspace, back: Option<W::Out>) {
        let keys_of_lines = self.want.keys().iter().map(|key| key.get());
        keyspace.leave_lines(self.db, keys_of_lines, self.number);
        if let Some(out) = back {
            let mut tx = keyspace.begin_many(self.db, &keys(&self.want), Access::Exclusive);
            self.want.put_back(&mut tx, out);
        }
    }
}

impl<W: Want> Drop for Ticket<W> {
    fn drop(&mut self) {
        if self.over {
            return;
        }
        let phase = std::mem::replace(&mut self.place.state.lock().phase, Phase::Taken);
        let served = matches!(phase, Phase::Over { served: true, .. });
        let back = match phase {
            Phase::Over { outcome: Ok(out), .. } => out,
            _ => None,
        };
        self.leave(served, back);
    }
}

impl<W: Want> fmt::Debug for Ticket<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.place.fmt(f)
    }
}

impl<W: Want> fmt::Debug for Place<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place")
            .field("number", &self.number)
            .field("want", &self.want)
            .finish_non_exhaustive()
    }
}
