//! The locks and threads, in one place, so that a model checker can take their part.
//!
//! Built with `--cfg shuttle` these are shuttle's, which explores the orders in which
//! threads may run (`tests/shuttle.rs`); otherwise parking_lot's.

#[cfg(shuttle)]
pub(crate) use model::{Condvar, Mutex, RwLock, RwLockReadGuard, RwLockWriteGuard};
#[cfg(shuttle)]
pub(crate) use shuttle::{thread, thread_local};
#[cfg(not(shuttle))]
pub(crate) use std::{thread, thread_local};

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

    pub(crate) use shuttle::sync::{MutexGuard, RwLockReadGuard, RwLockWriteGuard};

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
            self.0.lock().expect("not poisoned")
        }

        #[cfg(feature = "snapshot")]
        pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
            self.0.try_lock().ok()
        }

        #[cfg(feature = "snapshot")]
        pub(crate) fn into_inner(self) -> T {
            self.0.into_inner().expect("not poisoned")
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
        pub(crate) fn wait_for<T>(&self, _guard: &mut MutexGuard<'_, T>, _limit: Duration) {
            shuttle::thread::yield_now();
        }
    }

    /// As [`wait_for`](Condvar::wait_for) where there is a limit; a wait without one ends only by a
    /// notice, so that the checker finds those that never come.
    pub(crate) fn wait_on<'a, T>(
        bell: &Condvar,
        guard: MutexGuard<'a, T>,
        limit: Option<Duration>,
    ) -> MutexGuard<'a, T> {
        match limit {
            Some(limit) => bell.0.wait_timeout(guard, limit).expect("not poisoned").0,
            None => bell.0.wait(guard).expect("not poisoned"),
        }
    }
}
