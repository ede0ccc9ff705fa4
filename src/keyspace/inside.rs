//! Which keyspaces this thread runs a caller's transaction in, or shows a value to a caller's closure: a lock asked for
//! besides could wait for ever, for this thread itself or for one that waits for it.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Keyspace;
use crate::sync::Mutex;

crate::sync::thread_local! {
    /// The addresses of the keyspaces, those entered last behind.
    static INSIDE: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

/// What is to be done when a transaction of this thread has ended.
type Task = Box<dyn FnOnce(&Keyspace) + Send>;

/// What waits for the end of transactions.
#[derive(Default)]
pub(super) struct Later {
    /// Whether there may be anything.
    any: AtomicBool,
    list: Mutex<Vec<Task>>,
}

impl std::fmt::Debug for Later {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Later").field("any", &self.any).finish_non_exhaustive()
    }
}

/// This thread is inside a transaction of a keyspace, until this is dropped.
#[derive(Debug)]
pub(crate) struct Inside<'k>(&'k Keyspace);

impl Keyspace {
    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// Whether this thread runs a transaction here.
    pub(crate) fn is_inside(&self) -> bool {
        INSIDE.with(|inside| inside.borrow().contains(&self.address()))
    }

    /// Notes that this thread runs a transaction here from now on, whose locks it holds.
    pub(crate) fn enter(&self) -> Inside<'_> {
        INSIDE.with(|inside| inside.borrow_mut().push(self.address()));
        Inside(self)
    }

    /// Does what locks stripes; if this thread runs a transaction here, as soon as it has ended.
    pub(crate) fn do_outside(&self, task: impl FnOnce(&Keyspace) + Send + 'static) {
        if !self.is_inside() {
            return task(self);
        }
        self.later.list.lock().push(Box::new(task));
        self.later.any.store(true, Ordering::Release);
    }

    fn do_now(&self) {
        let any = &self.later.any;
        if any.load(Ordering::Acquire) && any.swap(false, Ordering::AcqRel) {
            let list = std::mem::take(&mut *self.later.list.lock());
            list.into_iter().for_each(|task| task(self));
        }
    }

    /// Ends a call that would lock something while this thread runs a transaction here.
    ///
    /// # Panics
    /// If it does.
    pub(crate) fn refuse_inside(&self) {
        assert!(
            !self.is_inside(),
            "inside a transaction its engine was called other than through the transaction's handle, or from a closure that is \
             shown a value"
        );
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        INSIDE.with(|inside| {
            let mut inside = inside.borrow_mut();
            if let Some(at) = inside.iter().rposition(|address| *address == self.0.address()) {
                inside.remove(at);
            }
        });
        self.0.unwatch_now();
        self.0.do_now();
    }
}
