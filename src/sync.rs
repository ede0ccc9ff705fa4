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

#[cfg(all(shuttle, feature = "snapshot"))]
pub(crate) use model::MutexGuard;
#[cfg(all(not(shuttle), feature = "snapshot"))]
pub(crate) use parking_lot::MutexGuard;
#[cfg(not(shuttle))]
pub(crate) use parking_lot::{Condvar, Mutex, RwLock, RwLockReadGuard, RwLockWriteGuard};

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

        /// shuttle has no time: a wait with a limit may end at once, which a caller that looks
        /// again must bear anyway.
        pub(crate) fn wait_for<T>(&self, _guard: &mut MutexGuard<'_, T>, _limit: Duration) {
            shuttle::thread::yield_now();
        }
    }
}
