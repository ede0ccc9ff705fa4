//! Loads that are under way: who loads what, and who waits for it.
//!
//! A key that is being loaded has a *flight*. Who finds none leads one, and everybody else waits for it, as a thread or
//! as a future. It ends when its leader has a result, or is gone without one: by a panic, or because its future was
//! dropped; then those who waited begin anew, and the first of them leads.
//!
//! A flight that is *outdated* (its key was invalidated, or set by somebody, after it had begun) is no longer found,
//! and its result is not stored: it goes only to those who waited for it already.
//!
//! Each thread that waits has a *seat*, a lock of its own, and is handed the result there. With one condition for all they
//! would be woken one behind the other, each by who was before it, since all need the lock of the state again; sixty-four
//! threads on two cores took twice as long.
//!
//! Locks: the list of flights, the state of one, a seat; never one under another. While a result is stored the state
//! of its flight is locked, and stripes under it; no lock is held while anybody loads.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
#[cfg(feature = "async")]
use std::task::{Context, Poll, Waker};

use bytes::Bytes;

use crate::sync::{Condvar, Mutex, thread, wait_on};

/// The loads that are under way.
#[derive(Default)]
pub(super) struct Flights {
    list: Mutex<BTreeMap<Bytes, Arc<Flight>>>,
}

/// How a load ended.
#[derive(Clone)]
pub(super) enum Landing {
    /// With a value, as the schema writes it.
    Loaded(Bytes),
    /// With an error of the loader's.
    Failed(Arc<dyn Any + Send + Sync>),
    /// Without a result.
    Abandoned,
}

/// What a caller is to a flight.
pub(super) enum Boarding {
    /// It loads.
    Lead(Lead),
    /// It waits for who does.
    Wait(Arc<Flight>),
}

/// One load.
pub(super) struct Flight {
    state: Mutex<State>,
    /// The thread that leads it; nobody's if a future does.
    leader: Option<thread::ThreadId>,
}

#[derive(Default)]
struct State {
    landing: Option<Landing>,
    outdated: bool,
    /// The threads that wait.
    seats: Vec<Arc<Seat>>,
    /// The futures that wait; an empty place was left by one that was dropped.
    #[cfg(feature = "async")]
    wakers: Vec<Option<Waker>>,
}

/// One thread's wait for a flight.
#[derive(Default)]
struct Seat {
    landing: Mutex<Option<Landing>>,
    landed: Condvar,
}

impl Flights {
    /// Leads the load of `key`, or waits for who does.
    pub(super) fn board(self: &Arc<Flights>, key: &Bytes, leader: Leader) -> Boarding {
        let mut list = self.list.lock();
        if let Some(flight) = list.get(key) {
            return Boarding::Wait(flight.clone());
        }
        let leader = match leader {
            Leader::Thread => Some(thread::current().id()),
            Leader::Anybody => None,
        };
        let flight = Arc::new(Flight { state: Mutex::default(), leader });
        list.insert(key.clone(), flight.clone());
        Boarding::Lead(Lead { flights: self.clone(), key: key.clone(), flight, over: false })
    }

    /// Has what is being loaded for `key` not be stored.
    pub(super) fn outdate(&self, key: &[u8]) {
        let flight = self.list.lock().remove(key);
        if let Some(flight) = flight {
            flight.state.lock().outdated = true;
        }
    }

    /// Has what is being loaded for keys that begin with `prefix` not be stored.
    pub(super) fn outdate_all(&self, prefix: &[u8]) {
        let mut list = self.list.lock();
        let keys = list.range(Bytes::copy_from_slice(prefix)..).map(|(key, _)| key.clone());
        let keys: Vec<Bytes> = keys.take_while(|key| key.starts_with(prefix)).collect();
        let flights: Vec<_> = keys.iter().filter_map(|key| list.remove(key)).collect();
        drop(list);
        for flight in flights {
            flight.state.lock().outdated = true;
        }
    }
}

/// Who leads a flight.
#[derive(Clone, Copy)]
pub(super) enum Leader {
    /// This thread, until the load is over.
    Thread,
    /// A future, or whoever is given the lead.
    Anybody,
}

/// The lead of one load. Dropped without a result, it leaves the lead to another.
pub(super) struct Lead {
    flights: Arc<Flights>,
    key: Bytes,
    flight: Arc<Flight>,
    over: bool,
}

impl Lead {
    pub(super) fn key(&self) -> &Bytes {
        &self.key
    }

    /// Calls `store` unless what was loaded is outdated: it was begun before its key was invalidated or set.
    pub(super) fn store<R>(&self, store: impl FnOnce() -> R) -> Option<R> {
        let state = self.flight.state.lock();
        (!state.outdated).then(store)
    }

    /// Ends the flight.
    pub(super) fn land(mut self, landing: Landing) {
        self.end(landing);
    }

    fn end(&mut self, landing: Landing) {
        self.over = true;
        let mut list = self.flights.list.lock();
        // An outdated flight may have been followed by another.
        if list.get(&self.key).is_some_and(|flight| Arc::ptr_eq(flight, &self.flight)) {
            list.remove(&self.key);
        }
        drop(list);
        let mut state = self.flight.state.lock();
        let seats = std::mem::take(&mut state.seats);
        #[cfg(feature = "async")]
        let wakers = std::mem::take(&mut state.wakers);
        state.landing = Some(landing.clone());
        drop(state);
        seats.iter().for_each(|seat| seat.give(landing.clone()));
        #[cfg(feature = "async")]
        wakers.into_iter().flatten().for_each(Waker::wake);
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        if !self.over {
            self.end(Landing::Abandoned);
        }
    }
}

impl Flight {
    /// Waits until the flight has landed; this thread sleeps.
    ///
    /// # Panics
    /// If this thread leads it: it would wait for itself.
    pub(super) fn wait(&self) -> Landing {
        assert!(
            self.leader.is_none_or(|leader| leader != thread::current().id()),
            "a loader asked for the key that it loads"
        );
        let mut state = self.state.lock();
        if let Some(landing) = &state.landing {
            return landing.clone();
        }
        let seat = Arc::new(Seat::default());
        state.seats.push(seat.clone());
        drop(state);
        seat.wait()
    }

    /// Waits until the flight has landed, as a future.
    #[cfg(feature = "async")]
    pub(super) fn landing(self: Arc<Flight>) -> Waiter {
        Waiter { flight: self, place: None }
    }
}

impl Seat {
    fn give(&self, landing: Landing) {
        *self.landing.lock() = Some(landing);
        self.landed.notify_one();
    }

    fn wait(&self) -> Landing {
        let mut landing = self.landing.lock();
        loop {
            match landing.take() {
                Some(landing) => return landing,
                None => landing = wait_on(&self.landed, landing, None),
            }
        }
    }
}

/// One future's wait for a flight.
#[cfg(feature = "async")]
pub(super) struct Waiter {
    flight: Arc<Flight>,
    /// Where its waker is.
    place: Option<usize>,
}

#[cfg(feature = "async")]
impl Future for Waiter {
    type Output = Landing;

    fn poll(mut self: std::pin::Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Landing> {
        let flight = self.flight.clone();
        let mut state = flight.state.lock();
        if let Some(landing) = &state.landing {
            self.place = None;
            return Poll::Ready(landing.clone());
        }
        let free = || state.wakers.iter().position(Option::is_none);
        let place = self.place.or_else(free).unwrap_or(state.wakers.len());
        if place == state.wakers.len() {
            state.wakers.push(None);
        }
        state.wakers[place] = Some(cx.waker().clone());
        self.place = Some(place);
        Poll::Pending
    }
}

#[cfg(feature = "async")]
impl Drop for Waiter {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            let mut state = self.flight.state.lock();
            if let Some(waker) = state.wakers.get_mut(place) {
                *waker = None;
            }
        }
    }
}

impl fmt::Debug for Lead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lead").field("key", &self.key).finish_non_exhaustive()
    }
}
