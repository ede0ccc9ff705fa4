//! The locks and threads, in one place, so that a model checker can take their part.
//!
//! Built with `--cfg shuttle` these are shuttle's, which explores the orders in which
//! threads may run (`tests/shuttle.rs`); otherwise parking_lot's.

#[cfg(shuttle)]
pub(crate) use model::{Condvar, Mutex, RwLock, RwLockReadGuard, RwLockWriteGuard};
#[cfg(all(shuttle, feature = "aof"))]
pub(crate) use shuttle::sync::atomic;
#[cfg(shuttle)]
pub(crate) use shuttle::{thread, thread_local};
#[cfg(all(not(shuttle), feature = "aof"))]
pub(crate) use std::sync::atomic;
#[cfg(not(shuttle))]
pub(crate) use std::{thread, thread_local};

/// How many lanes there are for what threads share but in the sum, such as counters: so many do without a word to each other.
pub(crate) const LANES: usize = 16;

/// The lane of the calling thread, below [`LANES`]; threads are dealt them in turn.
#[inline]
pub(crate) fn lane() -> usize {
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    std::thread_local! {
        static LANE: usize = NEXT.fetch_add(1, Relaxed) % LANES;
    }
    LANE.with(|lane| *lane)
}

#[cfg(shuttle)]
pub(crate) use model::{MutexGuard, wait_on};
#[cfg(not(shuttle))]
pub(crate) use parking_lot::{
    Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard,
};

/// Waits until `bell` is notified, for `limit` at most; it may also end for no reason.
#[cfg(not(shuttle))]
pub(crate) fn wait_on<'a, T>(
    bell: &Condvar,
    mut guard: MutexGuard<'a, T>,
    limit: Option<std::time::Duration>,
) -> MutexGuard<'a, T> {
    match limit {
        Some(limit) => drop(bell.wait_for(&mut guard, limit)),
        None => bell.wait(&mut guard),
    }
    guard
}

/// shuttle's locks in the shape of parking_lot's: no poisoning.
#[cfg(shuttle)]
mod model {
    use std::time::Duration;

    use std::ops::{Deref, DerefMut};

    pub(crate) use shuttle::sync::{RwLockReadGuard, RwLockWriteGuard};

    #[derive(Debug, Default)]
    pub(crate) struct RwLock<T>(shuttle::sync::RwLock<T>);

    impl<T> RwLock<T> {
        pub(crate) fn new(value: T) -> RwLock<T> {
            RwLock(shuttle::sync::RwLock::new(value))
        }

        pub(crate) fn read(&self) -> RwLockReadGuard<'_, T> {
            self.0.read().expect("not poisoned")
        }

        pub(crate) fn try_read(&self) -> Option<RwLockReadGuard<'_, T>> {
            self.0.try_read().ok()
        }

        pub(crate) fn write(&self) -> RwLockWriteGuard<'_, T> {
            self.0.write().expect("not poisoned")
        }

        pub(crate) fn try_write(&self) -> Option<RwLockWriteGuard<'_, T>> {
            self.0.try_write().ok()
        }
    }

    #[derive(Debug, Default)]
    pub(crate) struct Mutex<T>(shuttle::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Mutex<T> {
            Mutex(shuttle::sync::Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
            let held = Some(self.0.lock().expect(NOT_POISONED));
            MutexGuard { of: self, held }
        }

        #[cfg(feature = "snapshot")]
        pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
            self.0.try_lock().ok().map(|held| MutexGuard { of: self, held: Some(held) })
        }

        #[cfg(feature = "snapshot")]
        pub(crate) fn into_inner(self) -> T {
            self.0.into_inner().expect("not poisoned")
        }
    }

    const NOT_POISONED: &str = "not poisoned";
    const HELD: &str = "held but while somebody waits with it";

    /// Knows its lock, so that it can be let go and taken again.
    #[derive(Debug)]
    pub(crate) struct MutexGuard<'a, T> {
        of: &'a Mutex<T>,
        held: Option<shuttle::sync::MutexGuard<'a, T>>,
    }

    impl<T> MutexGuard<'_, T> {
        /// Lets others have the lock.
        fn give_way(&mut self) {
            self.held = None;
            shuttle::thread::yield_now();
            self.held = Some(self.of.0.lock().expect(NOT_POISONED));
        }
    }

    impl<T> Deref for MutexGuard<'_, T> {
        type Target = T;

        fn deref(&self) -> &T {
            self.held.as_ref().expect(HELD)
        }
    }

    impl<T> DerefMut for MutexGuard<'_, T> {
        fn deref_mut(&mut self) -> &mut T {
            self.held.as_mut().expect(HELD)
        }
    }

    #[derive(Debug, Default)]
    pub(crate) struct Condvar(shuttle::sync::Condvar);

    impl Condvar {
        pub(crate) fn new() -> Condvar {
            Condvar(shuttle::sync::Condvar::new())
        }

        pub(crate) fn notify_all(&self) {
            self.0.notify_all();
        }

        pub(crate) fn notify_one(&self) {
            self.0.notify_one();
        }

        /// shuttle has no time: a wait with a limit may end at once, which a caller that looks
        /// again must bear anyway.
        pub(crate) fn wait_for<T>(&self, guard: &mut MutexGuard<'_, T>, _limit: Duration) {
            guard.give_way();
        }
    }

    /// Where there is a limit it is over at once; a wait without one ends only by a notice, so that the checker
    /// finds those that never come.
    pub(crate) fn wait_on<'a, T>(
        bell: &Condvar,
        mut guard: MutexGuard<'a, T>,
        limit: Option<Duration>,
    ) -> MutexGuard<'a, T> {
        if limit.is_some() {
            guard.give_way();
        } else {
            let held = guard.held.take().expect(HELD);
            guard.held = Some(bell.0.wait(held).expect(NOT_POISONED));
        }
        guard
    }
}
