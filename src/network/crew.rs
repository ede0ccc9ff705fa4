//! The connections of one worker whose answers wait for the disk (`appendfsync always`), as one.
//!
//! The journal is told of them when the worker has nothing else to do, so that one sync serves all that were ready
//! together; and it wakes the worker once, which wakes them: to wake a task from another thread costs a system call. Where
//! several wait, more are on their way: the worker looks for input again, as long as each look brings more.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::Poll;

use super::connection::gather::wait_for_input;
use super::seat::Bell;
use crate::api::Engine;
use crate::journal::{Wait, Woken};

/// So many batches run before the journal is told, if the worker does not pause.
const BATCHES: u32 = 64;
/// For so many looks for input those wait who came first.
const LOOKS: u32 = 4;

thread_local! {
    /// Nothing on a thread that does not say when it pauses.
    static CREW: RefCell<Option<Crew>> = const { RefCell::new(None) };
}

#[derive(Debug)]
struct Crew {
    engine: Engine,
    /// Wakes the worker's task that wakes the connections.
    bell: Arc<Bell>,
    waiting: Vec<(Wait, Arc<Bell>)>,
    /// Up to where those wait of whom the journal does not know.
    untold: Option<u64>,
    /// How many batches have run since the first of those.
    batches: u32,
    /// What the journal wakes the worker for.
    told: Option<Wait>,
    /// How often the worker has looked for more input for them, and how many waited then.
    looks: u32,
    seen: usize,
    /// Whether it is to look.
    looking: bool,
}

impl Woken for Bell {
    fn wake(&self) {
        Bell::wake(self);
    }
}

impl Crew {
    /// The worker has nothing to do but to look for input.
    fn pause(&mut self) {
        if self.untold.is_some() && !self.looking {
            self.looking = self.waiting.len() > 1;
            match self.looking {
                true => self.bell.wake(),
                false => self.tell(),
            }
        }
    }

    /// What the worker's own task does: it looks for input, or wakes whom it can. Returns whether it is to have another turn
    /// when the worker has looked.
    fn turn(&mut self) -> bool {
        self.wake();
        if !self.looking {
            return false;
        }
        if self.looks < LOOKS && self.waiting.len() > self.seen {
            self.looks += 1;
            self.seen = self.waiting.len();
            return true;
        }
        self.tell();
        false
    }

    /// Tells the journal of who waits.
    fn tell(&mut self) {
        (self.looks, self.seen, self.looking) = (0, 0, false);
        if self.untold.take().is_none() {
            return;
        }
        self.batches = 0;
        // What was known before wakes nobody.
        self.wake();
        if !self.waiting.is_empty() {
            self.engine.aof().call();
        }
    }

    /// Wakes those of whom it is known what came of what they wait for, and has the journal wake the worker for the rest: once
    /// at a time, for whom it has waited longest.
    fn wake(&mut self) {
        let journal = &self.engine.aof().journal;
        loop {
            self.waiting.retain(|(wait, bell)| {
                let known = journal.outcome(wait).is_some();
                if known {
                    bell.wake();
                }
                !known
            });
            let Some((first, _)) = self.waiting.first() else {
                self.told = None;
                return;
            };
            if self.told.as_ref().is_some_and(|told| journal.outcome(told).is_none()) {
                return;
            }
            let told = journal.when_safe(first.up_to(), &(self.bell.clone() as Arc<dyn Woken>));
            self.told = Some(told);
            if journal.outcome(&told).is_none() {
                return;
            }
        }
    }
}

/// From now on this thread says when it [pauses](on_pause). What it returns is to run on it for as long as its connections do.
pub(super) fn muster(engine: &Engine) -> impl Future<Output = ()> + Send + use<> {
    let (engine, bell) = (engine.clone(), Arc::new(Bell::default()));
    CREW.set(Some(Crew {
        engine,
        bell: bell.clone(),
        waiting: Vec::new(),
        untold: None,
        batches: 0,
        told: None,
        looks: 0,
        seen: 0,
        looking: false,
    }));
    poll_fn(move |cx| {
        bell.hang(cx.waker());
        if CREW.with_borrow_mut(|crew| crew.as_mut().is_some_and(Crew::turn)) {
            wait_for_input(cx);
        }
        Poll::Pending
    })
}

/// The thread's connections are over.
pub(super) fn disband() {
    CREW.set(None);
}

/// The thread has nothing to do but to wait for input.
pub(super) fn on_pause() {
    CREW.with_borrow_mut(|crew| crew.as_mut().map(Crew::pause));
}

/// A batch begins.
pub(super) fn on_batch() {
    CREW.with_borrow_mut(|crew| {
        if let Some(crew) = crew
            && crew.untold.is_some()
        {
            crew.batches += 1;
            if crew.batches > BATCHES {
                crew.tell();
            }
        }
    });
}

/// Has a connection woken when all up to a position is safe or cannot be made so.
pub(super) fn wait(engine: &Engine, up_to: u64, connection: &Arc<Bell>) -> Wait {
    let journal = &engine.aof().journal;
    CREW.with_borrow_mut(|crew| match crew {
        Some(crew) => {
            let wait = journal.wait_from_now(up_to);
            crew.waiting.push((wait, connection.clone()));
            crew.untold = crew.untold.max(Some(up_to));
            wait
        }
        None => {
            let wait = journal.when_safe(up_to, &(connection.clone() as Arc<dyn Woken>));
            journal.nudge();
            wait
        }
    })
}
