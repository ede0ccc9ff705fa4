//! The threads that write and sync.
//!
//! There are two, and they do the same, so that one may write while the other syncs, and so that two syncs may
//! run at a time (`appendfsync always`): on most disks two that overlap take hardly longer than one.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::Aof;
use super::writer::State;
use crate::clock::Stopwatch;
use crate::config::AppendFsync;
use crate::sync::{thread, wait_on};

/// How many threads there are.
const THREADS: usize = 2;
/// How often they look round when nobody wakes them.
const ROUND: Duration = Duration::from_millis(if cfg!(test) { 1 } else { 100 });
/// For how long what is appended gathers before it is written, where nobody waits for it.
const GATHER: Duration = Duration::from_millis(2);
/// For how long what cannot be written is tried when the file is closed.
const LAST_TRIES: u32 = if cfg!(shuttle) { 2 } else { 20 };

/// What there is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Job {
    Write,
    Sync,
    Switch,
    Repair,
    Rest,
    End,
}

impl Aof {
    pub(super) fn start_threads(self: &Arc<Self>) -> io::Result<()> {
        // Those of before were told to end; these are not to take it for theirs.
        self.state.lock().closing = false;
        let mut threads = self.threads.lock();
        for number in 1..=THREADS {
            let aof = self.clone();
            let name = format!("danio-aof-{number}");
            let run = move || aof.run(number == 1);
            threads.push(thread::Builder::new().name(name).spawn(run)?);
        }
        Ok(())
    }

    /// Ends the threads, when all is written and safe or that has been tried for long.
    pub(super) fn end_threads(&self) {
        self.state.lock().closing = true;
        self.journal.poke();
        for thread in std::mem::take(&mut *self.threads.lock()) {
            // A panic of the thread has been printed; there is nobody else to tell.
            let _ = thread.join();
        }
    }

    /// Has what was appended made safe soon (`appendfsync always`). While a sync runs that began a moment ago, nobody is
    /// woken: whoever made it looks at its end what has come since.
    #[cfg(feature = "network")]
    pub(crate) fn call(&self) {
        let ends_soon = self.state.lock().syncs_since_a_moment();
        if !ends_soon {
            self.journal.nudge();
        }
    }

    fn run(self: Arc<Self>, first: bool) {
        let mut tries = 0;
        let mut looked = Stopwatch::start();
        loop {
            if first && looked.elapsed() >= ROUND {
                looked = Stopwatch::start();
                self.look_round();
                self.fill_gap();
                self.tick();
            }
            match self.job(first) {
                Job::Write => {
                    self.write();
                    if self.settings.fsync() != AppendFsync::Always {
                        thread::sleep(GATHER);
                    }
                }
                Job::Sync => drop(self.sync()),
                Job::Switch => self.switch(),
                Job::Repair => {
                    if !self.repair() && self.state.lock().closing {
                        tries += 1;
                        if tries > LAST_TRIES {
                            return self.journal.poke();
                        }
                        thread::sleep(ROUND);
                    }
                }
                Job::Rest => self.rest(),
                // The other one may sleep.
                Job::End => return self.journal.poke(),
            }
        }
    }

    /// Sleeps until there may be something to do. What was appended is no reason to wake for a thread that leaves it to
    /// another, or has to wait for one: it sleeps until something that was begun is done.
    fn rest(&self) {
        let state = self.state.lock();
        match self.journal.waiting_bytes() {
            0 => {
                drop(state);
                self.journal.sleep(Some(ROUND));
            }
            _ => drop(wait_on(&self.done, state, Some(ROUND))),
        }
    }

    /// What there is to do for a thread. The first alone does what must be done alone.
    fn job(&self, first: bool) -> Job {
        let state = self.state.lock();
        if state.failure.is_some() {
            return match first && state.wants_repair() {
                true => Job::Repair,
                // What fails when all ends is the first one's.
                false if state.closing && !first => Job::End,
                false => Job::Rest,
            };
        }
        let fsync = self.settings.fsync();
        if state.is_at_switch() && !state.busy {
            if first && state.syncs.is_empty() {
                return Job::Switch;
            }
        } else if !state.busy && self.journal.waiting_bytes() > 0 && state.has_room() {
            // Where the workers of a server write, only what they leave is written here.
            if fsync == AppendFsync::Always || first {
                return Job::Write;
            }
        }
        if state.wants_sync(fsync) && self.may_sync(&state, fsync) {
            return Job::Sync;
        }
        if state.closing && !state.busy && self.journal.waiting_bytes() == 0 {
            if state.claimed < state.written {
                return Job::Sync;
            }
            if state.syncs.is_empty() {
                return Job::End;
            }
        }
        Job::Rest
    }

    /// Whether a sync may begin while a rewrite runs.
    fn may_sync(&self, state: &State, fsync: AppendFsync) -> bool {
        let spared = fsync == AppendFsync::EverySec
            && self.settings.no_sync_on_rewrite.load(Relaxed)
            && self.background.is_rewriting();
        !spared || state.claimed < state.wanted
    }
}
