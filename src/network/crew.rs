//! The connections of one worker whose answers wait for the disk (`appendfsync always`), as one.
//!
//! The journal is told of them when the worker has nothing else to do, so that one sync serves all that were ready
//! together; and it wakes the worker once, which wakes them: to wake a task from another thread costs a system call.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::Poll;

use super::seat::Bell;
use crate::api::Engine;
use crate::journal::{Wait, Woken};

/// So many batches run before the journal is told, if the worker does not pause.
const BATCHES: u32 = 64;

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
}

impl Woken for Bell {
    fn wake(&self) {
        Bell::wake(self);
    }
}

impl Crew {
    /// Tells the journal of who waits.
    fn tell(&mut self) {
        let Some(up_to) = self.untold.take() else { return };
        self.batches = 0;
        let (journal, bell) = (&self.engine.aof().journal, self.bell.clone() as Arc<dyn Woken>);
        journal.when_safe(up_to, &bell);
        journal.nudge();
        // What was known before wakes nobody.
        self.wake();
    }

    /// Wakes those of whom it is known what came of what they wait for.
    fn wake(&mut self) {
        let journal = &self.engine.aof().journal;
        self.waiting.retain(|(wait, bell)| {
            let known = journal.outcome(wait).is_some();
            if known {
                bell.wake();
            }
            !known
        });
    }
}

/// From now on this thread says when it [pauses](on_pause). What it returns is to run on it for as long as its connections do.
pub(super) fn muster(engine: &Engine) -> impl Future<Output = ()> + Send + use<> {
    let (engine, bell) = (engine.clone(), Arc::new(Bell::default()));
    let (waiting, untold) = (Vec::new(), None);
    CREW.set(Some(Crew { engine, bell: bell.clone(), waiting, untold, batches: 0 }));
    poll_fn(move |cx| {
        bell.hang(cx.waker());
        CREW.with_borrow_mut(|crew| crew.as_mut().map(Crew::wake));
        Poll::Pending
    })
}

/// The thread's connections are over.
pub(super) fn disband() {
    CREW.set(None);
}

/// The thread has nothing to do but to wait for input.
pub(super) fn on_pause() {
    CREW.with_borrow_mut(|crew| crew.as_mut().map(Crew::tell));
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
