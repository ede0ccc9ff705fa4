//! The append-only file: every change, on disk, in the order in which it happened.
//!
//! ```text
//! appendonlydir/appendonly.aof.manifest        which files there are, in which order (`manifest`)
//! appendonlydir/appendonly.aof.2.base.rdb      all keys as they were at one moment
//! appendonlydir/appendonly.aof.3.incr.aof      what happened since, as commands
//! ```
//!
//! The layout is that of Redis since 7.0, which reads it, as its tools do. Bytes come from the journal
//! (`crate::journal`), whose order is a serial order of the data.
//!
//! | file | what |
//! |---|---|
//! | `manifest`, `folder` | which files there are |
//! | `reader` | commands, as they are read from a file |
//! | `writer` | writing, syncing, what is safe |
//! | `repair` | going on after the disk has failed |
//! | `threads` | who does all that, and when |
//! | `rewrite`, `switch` | a new base, while the data go on changing |
//! | `base` | a base of commands |
//! | `lock` | one engine at a time |
//! | `settings`, `status` | what can be said about it, and what it says |
//!
//! Locks: `state` is held for moments, and never while a file is written or synced; the journal's buffer is locked
//! under it. Nothing here locks a stripe under `state`.

mod base;
pub(crate) mod folder;
mod gap;
mod lock;
pub(crate) mod manifest;
pub(crate) mod reader;
mod repair;
mod rewrite;
mod settings;
mod status;
mod switch;
mod threads;
mod writer;

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{
    AtomicBool, AtomicU64,
    Ordering::{Relaxed, SeqCst},
};
use std::time::Duration;

pub(crate) use folder::{Folder, Unreadable};
pub(crate) use manifest::Manifest;
pub(crate) use rewrite::Asked;
pub(crate) use settings::Settings;
pub(crate) use status::Status;

use crate::config::{AofConfig, AppendFsync, Reason};
use crate::disk::{Files, Lock};
use crate::journal::{Journal, Outcome};
use crate::keyspace::{Access, Keyspace};
use crate::persist::{Background, Progress};
use crate::sync::{Condvar, Mutex, thread, wait_on};
use writer::{Current, State};

/// The append-only file of an engine, written or not.
pub(crate) struct Aof {
    keyspace: Arc<Keyspace>,
    files: Arc<Files>,
    pub(crate) background: Arc<Background>,
    pub(crate) journal: Arc<Journal>,
    pub(crate) settings: Settings,
    pub(crate) status: Status,
    state: Mutex<State>,
    /// Tells that something which was begun is done.
    done: Condvar,
    /// An empty buffer to be used again.
    spare: Mutex<Vec<u8>>,
    sync_numbers: AtomicU64,
    threads: Mutex<Vec<thread::JoinHandle<()>>>,
    /// Whether it was asked to be on, last, and whether a thread sees to that.
    wanted_on: AtomicBool,
    turning: AtomicBool,
    /// It was told that a rewrite is under way, because that begins with one.
    announced: AtomicBool,
    /// Whether it is left alone until somebody opens it.
    pub(crate) deferred: AtomicBool,
    /// How far a rewrite is.
    pub(crate) progress: Progress,
    /// Where the files are that are written.
    pinned: Mutex<Option<Folder>>,
    /// Held by who begins, ends or rewrites it, from beginning to end.
    alone: Mutex<()>,
    /// Keeps other engines from its files, and where that is.
    lock: Mutex<Option<(PathBuf, Box<dyn Lock>)>>,
}

/// What is there to go on with.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) manifest: Manifest,
    /// Bytes of the last increment, and of all files, and of the base.
    pub(crate) last: u64,
    pub(crate) size: u64,
    pub(crate) base_size: u64,
}

impl Aof {
    pub(crate) fn new(
        keyspace: &Arc<Keyspace>,
        files: &Arc<Files>,
        background: &Arc<Background>,
        config: &AofConfig,
    ) -> Arc<Aof> {
        let journal = Journal::new(keyspace.clock.clone());
        journal.timestamps.store(config.timestamps, Relaxed);
        Arc::new(Aof {
            keyspace: keyspace.clone(),
            files: files.clone(),
            background: background.clone(),
            journal,
            settings: Settings::new(config),
            status: Status::default(),
            state: Mutex::new(State::new()),
            done: Condvar::new(),
            spare: Mutex::default(),
            sync_numbers: AtomicU64::new(0),
            threads: Mutex::default(),
            wanted_on: AtomicBool::new(config.on),
            turning: AtomicBool::new(false),
            announced: AtomicBool::new(false),
            deferred: AtomicBool::new(config.deferred),
            progress: Progress::default(),
            pinned: Mutex::default(),
            alone: Mutex::default(),
            lock: Mutex::default(),
        })
    }

    /// Where its files are: while it is written, where they were when that began.
    pub(crate) fn folder(&self) -> Folder {
        if let Some(folder) = &*self.pinned.lock() {
            return folder.clone();
        }
        Folder::new(&self.files, &self.settings.dirname, &self.settings.filename)
    }

    /// Whether changes are kept.
    pub(crate) fn is_on(&self) -> bool {
        self.journal.is_on()
    }

    /// Goes on with files whose data are in memory: what happens from now on is written behind them. If there are none, the
    /// data, whatever they are, become the first base.
    ///
    /// # Errors
    /// If the files cannot be opened or made.
    pub(crate) fn attach(self: &Arc<Self>, found: Option<Found>) -> io::Result<()> {
        let Some(found) = found else { return self.start() };
        let _alone = self.alone.lock();
        let folder = self.folder();
        let Found { mut manifest, last, size, base_size } = found;
        let (part, offset) = match manifest.increments.last() {
            Some(part) => (part.clone(), last),
            None => {
                let (next, part) = manifest.with_increment(&self.settings.filename);
                drop(folder.disk.create(&folder.file(&part))?);
                folder.sync()?;
                folder.put_manifest(&next)?;
                folder.sync()?;
                manifest = next;
                tracing::info!("Creating AOF incr file {} on server start", part.name);
                (part, 0)
            }
        };
        if offset > 0 {
            tracing::info!("Opening AOF incr file {} on server start", part.name);
        }
        self.tidy(&folder, &mut manifest);
        let path = folder.file(&part);
        let mut file = folder.disk.append(&path)?;
        // What was read may not be safe yet: what is acknowledged from now on rests on it.
        file.sync()?;
        self.status.size.store(size, Relaxed);
        self.status.base_size.store(base_size, Relaxed);
        {
            let mut state = self.state.lock();
            let start = self.journal.end();
            let writer = Some(file);
            let current = Current { path, writer, syncers: Vec::new(), start, offset };
            self.begin(&mut state, manifest, current);
        }
        self.start_threads()?;
        let tx = self.keyspace.begin_all(0, Access::Exclusive);
        self.record(true);
        drop(tx);
        Ok(())
    }

    /// Writes to `file` from the journal's position `start` on.
    fn begin(&self, state: &mut State, manifest: Manifest, file: Current) {
        let start = file.start;
        *self.pinned.lock() =
            Some(Folder::new(&self.files, &self.settings.dirname, &self.settings.filename));
        *state = State { manifest, file: Some(file), ..State::new() };
        (state.taken, state.written, state.claimed) = (start, start, start);
        self.journal.open(start);
    }

    /// Has effects recorded, or no longer; every stripe is held.
    fn record(self: &Arc<Self>, on: bool) {
        self.journal.set_on(on);
        if on {
            self.keyspace.settings.gate.set(Reason::Waits, true);
            self.keyspace.observers.add(self.journal.clone());
        } else {
            let journal: Arc<dyn crate::keyspace::observer::Observer> = self.journal.clone();
            self.keyspace.observers.remove(&journal);
        }
    }

    /// Does something while nobody begins, ends or rewrites it.
    pub(crate) fn alone<R>(&self, work: impl FnOnce() -> R) -> R {
        let _alone = self.alone.lock();
        work()
    }

    /// Makes changes that are in the files already, while every stripe is held and all that was recorded is safe.
    pub(crate) fn unrecorded(&self, change: impl FnOnce()) {
        /// Has changes recorded again, also after a panic.
        struct Again<'a>(&'a Aof, bool);
        impl Drop for Again<'_> {
            fn drop(&mut self) {
                self.0.listen(self.1);
            }
        }
        let again = Again(self, self.is_on());
        self.listen(false);
        change();
        drop(again);
    }

    /// Has the journal take what it is told of, or pass over it; every stripe is held.
    fn listen(&self, on: bool) {
        self.journal.set_on(on);
        self.keyspace.observers.reconsider();
    }

    /// Whether its first base is being written: what is in memory is nowhere else yet.
    pub(crate) fn is_beginning(&self) -> bool {
        self.turning.load(SeqCst) && self.is_wanted() && self.background.is_rewriting()
    }

    /// Writes and syncs what there is, and ends the threads. If the disk fails, that is tried for some seconds.
    pub(crate) fn close(self: &Arc<Self>) {
        let ended = self.cancel_rewrite();
        let _alone = self.alone.lock();
        if ended {
            tracing::warn!("Killing AOF child");
        }
        self.close_alone();
    }

    fn close_alone(self: &Arc<Self>) {
        if self.is_on() {
            let tx = self.keyspace.begin_all(0, Access::Exclusive);
            self.record(false);
            drop(tx);
        }
        self.end_threads();
        let mut state = self.state.lock();
        if state.failure.take().is_some() || state.gap.take().is_some() {
            tracing::warn!("The AOF ends before its time: what came last could not be written");
            self.keyspace.settings.gate.set(Reason::AofFails, false);
        }
        state.file = None;
        state.kept.clear();
        *self.pinned.lock() = None;
        drop(state);
        self.unlock();
        // Nobody writes any more: who still waits is told. Who wrote what is lost and has not asked yet still does.
        if !self.journal.close() {
            self.keyspace.settings.gate.set(Reason::Waits, false);
        }
    }

    /// Whether it was asked to be on, last.
    pub(crate) fn is_wanted(&self) -> bool {
        self.wanted_on.load(Relaxed)
    }

    /// Notes that it is to be on, or off, whatever it was asked before. Who waits for what it holds is told if it is to be off.
    pub(crate) fn set_wanted(&self, yes: bool) {
        self.wanted_on.store(yes, SeqCst);
        if !yes {
            self.journal.dismiss();
        }
    }

    /// Waits until what this thread appended is as safe as was asked for. Returns whether it is.
    pub(crate) fn make_safe(&self) -> Outcome {
        if self.journal.is_deferred() {
            return Outcome::Safe;
        }
        self.journal.take_appended().map_or(Outcome::Safe, |up_to| self.make_safe_up_to(up_to))
    }

    /// As [`make_safe`](Aof::make_safe), for what others did on behalf of this thread: all that was done so far.
    pub(crate) fn make_all_safe(&self) -> Outcome {
        let all = self.journal.all();
        if self.journal.is_deferred() {
            self.journal.set_appended(all);
            return Outcome::Safe;
        }
        self.make_safe_up_to(all)
    }

    /// As [`make_safe`](Aof::make_safe), for somebody who cannot say what came of it: who asks next is told.
    #[cold]
    pub(crate) fn wait_appended(&self) {
        if !self.journal.is_deferred()
            && let Some(up_to) = self.journal.appended_here()
        {
            let _ = self.make_safe_up_to(up_to);
        }
    }

    /// As [`make_safe`](Aof::make_safe), up to a position.
    pub(crate) fn make_safe_up_to(&self, up_to: u64) -> Outcome {
        if self.settings.fsync() == AppendFsync::Always {
            if self.journal.safe() < up_to {
                self.journal.nudge();
            }
            return self.journal.wait_safe(up_to);
        }
        self.journal.nudge();
        if self.journal.is_crowded() {
            self.journal.wait_for_room();
        }
        Outcome::Safe
    }

    /// Waits until all up to a position is on disk, whatever was asked for. Returns whether it is.
    pub(crate) fn sync_up_to(&self, up_to: u64) -> Outcome {
        self.want(up_to);
        self.journal.wait_safe(up_to)
    }

    /// Sees to it that whoever waits from now on for a position is woken, though what is synced when has changed since it
    /// was appended.
    #[cfg(feature = "async")]
    pub(crate) fn hurry(&self, up_to: u64) {
        match self.settings.fsync() {
            AppendFsync::Always => self.journal.nudge(),
            _ => self.want(up_to),
        }
    }

    /// Syncs as a policy says from now on (`appendfsync`). Who waits because of the one before is not forgotten.
    pub(crate) fn set_fsync(&self, fsync: AppendFsync) {
        self.settings.set_fsync(fsync);
        // Whoever appends behind this sees the new one.
        self.want(self.journal.settled_end());
    }

    /// Has all up to a position made safe soon.
    pub(crate) fn want(&self, up_to: u64) {
        let mut state = self.state.lock();
        state.wanted = state.wanted.max(up_to);
        drop(state);
        self.journal.poke();
    }

    /// Puts what was appended up to a position in the kernel's hands, which outlive the process, if the disk is not busy with
    /// a sync; if it has been for long, waits for it.
    #[cfg_attr(not(feature = "network"), expect(dead_code, reason = "only connections ask for it"))]
    pub(crate) fn write_through(&self, up_to: u64) {
        /// For so long a sync may hold writes up before they are waited for.
        const PATIENCE: Duration = Duration::from_secs(2);
        let mut delayed = false;
        while self.journal.written() < up_to {
            let mut state = self.state.lock();
            if state.file.is_none() || state.failure.is_some() || state.is_at_switch() {
                return;
            }
            let syncing = !state.syncs.is_empty();
            if syncing && state.since_sync.elapsed() < PATIENCE && !self.journal.is_crowded() {
                return;
            }
            if state.busy || state.kept_bytes() >= writer::KEPT {
                if syncing && !std::mem::replace(&mut delayed, true) {
                    self.status.delayed.fetch_add(1, Relaxed);
                    tracing::info!(
                        "Asynchronous AOF fsync is taking too long (disk is busy?). Writing the AOF buffer without \
                         waiting for fsync to complete, this may slow down the server."
                    );
                }
                state = wait_on(&self.done, state, Some(Duration::from_millis(10)));
                drop(state);
                continue;
            }
            drop(state);
            self.write();
        }
    }
}

/// What INFO tells of what is not written or not safe.
impl Aof {
    /// Bytes that were not written yet.
    pub(crate) fn buffered(&self) -> usize {
        self.journal.waiting_bytes()
    }

    /// Syncs that run.
    pub(crate) fn running_syncs(&self) -> usize {
        self.state.lock().running_syncs()
    }

    /// Whether nothing can be written now.
    pub(crate) fn is_failing(&self) -> bool {
        self.state.lock().failure.is_some()
    }
}

impl fmt::Debug for Aof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aof").field("journal", &self.journal).finish_non_exhaustive()
    }
}
