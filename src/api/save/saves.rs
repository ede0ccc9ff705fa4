//! What is known of saving: the file, when to save, what came of it.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::api::snapshot::Exported;
use crate::clock::Stopwatch;
use crate::config::Reason;
use crate::disk::Files;
use crate::error::{Error, Result, words_of};
use crate::keyspace::{Keyspace, Still};
use crate::persist::rdb::{self, How, Loaded, Place, Style};
use crate::persist::{Background, Failure, Makers, Progress, Written};
use crate::sync::{Condvar, Mutex, RwLock, thread};

/// Seconds after which a save that failed is tried again.
const RETRY: i64 = 5;

/// When to save by itself: so many changes, and so many seconds since the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SavePoint {
    pub(crate) seconds: i64,
    pub(crate) changes: u64,
}

/// Saving for one engine.
#[derive(Debug)]
pub(crate) struct Saves {
    keyspace: Arc<Keyspace>,
    files: Arc<Files>,
    /// `dbfilename`.
    name: RwLock<String>,
    points: RwLock<Vec<SavePoint>>,
    /// `rdbchecksum`, `rdb-save-incremental-fsync`, `stop-writes-on-bgsave-error`.
    pub(crate) checksum: AtomicBool,
    pub(crate) sync_often: AtomicBool,
    stop_writes: AtomicBool,
    pub(crate) progress: Progress,
    /// While the append-only file is rewritten nothing is begun here.
    pub(crate) background: Arc<Background>,
    /// `key-load-delay`: microseconds.
    pub(crate) load_delay: AtomicU64,
    /// Keys that the last load found, and whose time was over.
    pub(crate) loaded: AtomicU64,
    pub(crate) load_expired: AtomicU64,
    /// Held while a file is written: both ways write under the same name until it is whole.
    writing: Mutex<()>,
    state: Mutex<State>,
    /// Rung when one has ended.
    ended: Condvar,
}

#[derive(Debug)]
struct State {
    /// When the last was complete, in seconds.
    last: i64,
    /// When the last in the background was begun, in seconds.
    tried: i64,
    /// How many changes there had been at the moment that it is of.
    saved: u64,
    ok: bool,
    took: Option<Duration>,
    /// The one in the background.
    running: Option<Stopwatch>,
    thread: Option<thread::JoinHandle<()>>,
    /// Whether somebody waits for the present one to end, and saves then.
    exclusive: bool,
    /// Whether one is to be begun when the append-only file was rewritten.
    scheduled: bool,
    begun: u64,
    /// The number of the last that has ended in the background, and what came of it.
    outcome: (u64, Result<Exported>),
}

/// How saving stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Told {
    pub(crate) last: i64,
    pub(crate) changes: u64,
    pub(crate) ok: bool,
    pub(crate) running: Option<Duration>,
    pub(crate) took: Option<Duration>,
    pub(crate) progress: (u64, u64),
    pub(crate) begun: u64,
}

impl Saves {
    pub(crate) fn new(
        keyspace: Arc<Keyspace>,
        files: Arc<Files>,
        background: Arc<Background>,
        name: String,
    ) -> Saves {
        let last = seconds(&keyspace);
        let written = Exported { keys: 0, bytes: 0 };
        Saves {
            keyspace,
            files,
            name: RwLock::new(name),
            points: RwLock::new(Vec::new()),
            checksum: AtomicBool::new(true),
            sync_often: AtomicBool::new(true),
            stop_writes: AtomicBool::new(true),
            progress: Progress::default(),
            background,
            load_delay: AtomicU64::new(0),
            loaded: AtomicU64::new(0),
            load_expired: AtomicU64::new(0),
            writing: Mutex::default(),
            state: Mutex::new(State {
                last,
                tried: 0,
                saved: 0,
                ok: true,
                took: None,
                running: None,
                thread: None,
                exclusive: false,
                scheduled: false,
                begun: 0,
                outcome: (0, Ok(written)),
            }),
            ended: Condvar::new(),
        }
    }

    /// Saves now, on this thread.
    pub(crate) fn save(&self) -> Result<Exported> {
        if self.state.lock().running.is_some() {
            return Err(in_progress());
        }
        self.state.lock().begun += 1;
        let result = self.write(Makers::Threads);
        if let Ok((_, at)) = result {
            let mut state = self.state.lock();
            state.saved = at;
            state.last = seconds(&self.keyspace);
            state.ok = true;
            self.refuse_or_accept(&state);
        }
        result.map(|(exported, _)| exported)
    }

    /// Begins to save in the background. Returns the number by which to ask for it.
    pub(crate) fn start(self: &Arc<Saves>) -> Result<u64> {
        let mut state = self.state.lock();
        if state.running.is_some() || state.exclusive {
            return Err(in_progress());
        }
        let number = state.outcome.0 + 1;
        state.tried = seconds(&self.keyspace);
        self.progress.cancelled.store(false, Relaxed);
        let this = self.clone();
        let run = move || {
            let result = this.write(Makers::Quiet);
            this.finish(number, result);
        };
        match thread::Builder::new().name("danio-save".into()).spawn(run) {
            Ok(thread) => {
                tracing::info!("Background saving started by pid {}", std::process::id());
                state.begun += 1;
                state.scheduled = false;
                state.running = Some(Stopwatch::start());
                self.background.set_saving(true);
                state.thread = Some(thread);
                Ok(number)
            }
            Err(error) => {
                tracing::warn!("Can't save in background: {error}");
                state.ok = false;
                self.refuse_or_accept(&state);
                Err(Error::io(&error))
            }
        }
    }

    /// Has one begun as soon as the append-only file was rewritten.
    pub(crate) fn schedule(&self) {
        self.state.lock().scheduled = true;
    }

    /// Takes back what was scheduled, or ends the one in the background. Returns what it did, `None` if there
    /// was neither.
    pub(crate) fn cancel(&self) -> Option<&'static str> {
        let mut state = self.state.lock();
        if std::mem::take(&mut state.scheduled) {
            return Some("Scheduled background saving cancelled");
        }
        state.running.as_ref()?;
        self.progress.cancelled.store(true, Relaxed);
        Some("Background saving cancelled")
    }

    /// Ends the one in the background, if there is one.
    pub(crate) fn abort(&self) {
        if self.state.lock().running.is_some() {
            self.progress.cancelled.store(true, Relaxed);
        }
    }

    /// Begins one in the background if it is time.
    pub(crate) fn tick(self: &Arc<Saves>) {
        let Some(mut state) = self.state.try_lock() else { return };
        if state.running.is_some() || state.exclusive || self.background.is_rewriting() {
            return;
        }
        if state.scheduled {
            drop(state);
            // What goes wrong is in the log.
            let _ = self.start();
            return;
        }
        let points = self.points.read();
        if points.is_empty() {
            return;
        }
        let (now, changes) = (seconds(&self.keyspace), self.keyspace.changes());
        let changed = changes.saturating_sub(state.saved);
        let due = |point: &&SavePoint| changed >= point.changes && now - state.last > point.seconds;
        let may = state.ok || now - state.tried > RETRY;
        let Some(point) = points.iter().find(due).copied().filter(|_| may) else { return };
        drop(points);
        state.tried = now;
        drop(state);
        tracing::info!("{} changes in {} seconds. Saving...", point.changes, point.seconds);
        let _ = self.start();
    }

    /// Saves while nothing moves, if that is asked for, and calls `then` before anything moves again; with what
    /// came of it.
    pub(crate) fn save_still<R>(
        &self,
        save: bool,
        then: impl FnOnce(Result<()>, &mut Still<'_>) -> R,
    ) -> R {
        self.stop();
        let _alone = self.writing.lock();
        let mut still = self.keyspace.still();
        let result = if save {
            let (path, beside) = self.paths();
            let place = self.place(&path, &beside);
            let written = rdb::save_still(&still, place, self.style(), &self.progress);
            let at = self.keyspace.changes();
            self.note(written).map(|_| {
                let mut state = self.state.lock();
                (state.saved, state.last, state.ok) = (at, seconds(&self.keyspace), true);
                self.refuse_or_accept(&state);
            })
        } else {
            Ok(())
        };
        let answer = then(result, &mut still);
        drop(still);
        self.state.lock().exclusive = false;
        answer
    }

    /// Ends the one in the background, and lets no other begin.
    fn stop(&self) {
        let mut state = self.state.lock();
        state.exclusive = true;
        state.scheduled = false;
        if state.running.is_some() {
            tracing::warn!("There is a child saving an .rdb. Killing it!");
        }
        self.progress.cancelled.store(true, Relaxed);
        let thread = state.thread.take();
        drop(state);
        if let Some(thread) = thread {
            let _ = thread.join();
        }
        self.progress.cancelled.store(false, Relaxed);
    }

    /// Has nothing saved any more: the engine ends.
    pub(crate) fn end(&self) {
        let mut state = self.state.lock();
        state.exclusive = true;
        self.progress.cancelled.store(true, Relaxed);
        let thread = state.thread.take();
        drop(state);
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }

    /// Writes the file. Returns how many changes there had been at the moment that it is of.
    fn write(&self, makers: Makers) -> Result<(Exported, u64)> {
        let _alone = self.writing.lock();
        let (path, beside) = self.paths();
        let mut at = 0;
        let mut at_cut = || at = self.keyspace.changes();
        let place = self.place(&path, &beside);
        let written =
            rdb::save(&self.keyspace, place, self.style(), makers, &mut at_cut, &self.progress);
        self.note(written).map(|exported| (exported, at))
    }

    /// Says in the log what came of writing.
    fn note(&self, written: Result<Written, Failure>) -> Result<Exported> {
        match written {
            Ok(Written { keys, bytes }) => {
                tracing::info!("DB saved on disk");
                Ok(Exported { keys, bytes })
            }
            Err(Failure::Cancelled) => Err(Error::reply("ERR Background saving cancelled")),
            Err(Failure::Io(error)) => {
                let path = self.path();
                let (name, words) = (path.display(), words_of(&error));
                tracing::warn!("Write error while saving DB to the disk({name}): {words}");
                Err(Error::file(&path, &error))
            }
            Err(failure) => {
                let error = Error::from(failure);
                tracing::warn!("Write error while saving DB to the disk: {error}");
                Err(error)
            }
        }
    }

    fn finish(&self, number: u64, result: Result<(Exported, u64)>) {
        let cancelled = self.progress.cancelled.load(Relaxed);
        let mut state = self.state.lock();
        state.took = state.running.take().map(|began| began.elapsed());
        self.background.set_saving(false);
        match &result {
            Ok((_, at)) => {
                tracing::info!("Background saving terminated with success");
                (state.saved, state.last, state.ok) = (*at, seconds(&self.keyspace), true);
            }
            // Whoever ended it knows: what was saved last is as good as it was.
            Err(_) if cancelled => tracing::warn!("Background saving terminated by signal 10"),
            Err(_) => {
                tracing::warn!("Background saving error");
                state.ok = false;
            }
        }
        state.outcome = (number, result.map(|(exported, _)| exported));
        self.refuse_or_accept(&state);
        self.ended.notify_all();
    }

    /// Waits for one in the background.
    pub(crate) fn wait_for(&self, number: u64) -> Result<Exported> {
        let mut state = self.state.lock();
        while state.outcome.0 < number {
            state = crate::sync::wait_on(&self.ended, state, None);
        }
        state.outcome.1.clone()
    }

    pub(crate) fn is_done(&self, number: u64) -> bool {
        self.state.lock().outcome.0 >= number
    }

    /// How saving stands.
    pub(crate) fn told(&self) -> Told {
        let state = self.state.lock();
        let Progress { keys, total, .. } = &self.progress;
        let running = state.running.as_ref().map(Stopwatch::elapsed);
        Told {
            last: state.last,
            changes: self.keyspace.changes().saturating_sub(state.saved),
            ok: state.ok,
            running,
            took: state.took,
            progress: running.map_or((0, 0), |_| (keys.load(Relaxed), total.load(Relaxed))),
            begun: state.begun,
        }
    }

    /// Reads the file and puts its keys in the place of all there are. Returns what was read, `None` if there is no
    /// file.
    ///
    /// # Errors
    /// As `Engine::import`.
    pub(crate) fn load(
        &self,
        how: How,
        progress: &mut dyn FnMut(&Loaded),
    ) -> Result<Option<Loaded>> {
        let read = rdb::read_file(&self.keyspace, &*self.files.disk, &self.path(), how, progress);
        let Some((loading, loaded)) = read? else { return Ok(None) };
        loading.commit(rdb::payload_of);
        self.note_loaded(loaded.keys, loaded.expired);
        Ok(Some(loaded))
    }

    /// How long the file is.
    pub(crate) fn size(&self) -> Result<u64> {
        let path = self.path();
        let size = self.files.disk.size(&path).map_err(|error| Error::file(&path, &error))?;
        Ok(size.unwrap_or(0))
    }

    /// How files are read, as parameters say.
    pub(crate) fn how(&self) -> How {
        How { delay: self.load_delay.load(Relaxed), ..How::default() }
    }

    /// Saves unless told otherwise, and reads the file again, while nothing moves (`DEBUG RELOAD`). What it holds
    /// takes the place of all there is; or with `merged` is added to it, a key that is there being an error or
    /// with `replaced` not.
    pub(crate) fn reload(&self, save: bool, merged: bool, replaced: bool) -> Result<()> {
        self.save_still(save, |saved, still| {
            saved?;
            let (disk, path) = (&*self.files.disk, self.path());
            let read = rdb::read_file(&self.keyspace, disk, &path, self.how(), &mut |_| {})?;
            let (loading, loaded) =
                read.ok_or(Error::file(&self.path(), &io::ErrorKind::NotFound.into()))?;
            if !merged {
                still.replace(loading, rdb::payload_of);
            } else if let Some(key) = still.merge(loading, replaced) {
                let key = key.escape_ascii();
                return Err(Error::reply(format!("ERR the key '{key}' is there already")));
            }
            self.note_loaded(loaded.keys, loaded.expired);
            Ok(())
        })
    }

    /// Nothing has changed since a file was read.
    pub(crate) fn note_loaded(&self, keys: u64, expired: u64) {
        self.loaded.store(keys, Relaxed);
        self.load_expired.store(expired, Relaxed);
        self.state.lock().saved = self.keyspace.changes();
    }

    /// `CONFIG RESETSTAT` starts some counts anew.
    pub(crate) fn reset_statistics(&self) {
        self.state.lock().begun = 0;
    }

    /// Where the file is.
    pub(crate) fn path(&self) -> PathBuf {
        self.paths().0
    }

    /// Where the file is, and where it is until it is whole.
    fn paths(&self) -> (PathBuf, PathBuf) {
        let dir = self.files.dir();
        let beside = self.files.temporary("temp", "rdb");
        (dir.join(self.name()), dir.join(beside))
    }

    fn place<'p>(&'p self, path: &'p PathBuf, beside: &'p PathBuf) -> Place<'p> {
        let sync_often = self.sync_often.load(Relaxed);
        Place { disk: &*self.files.disk, path, beside, sync_often }
    }

    fn style(&self) -> Style {
        let compress = self.keyspace.settings.rdb_compression.load(Relaxed);
        Style { target: None, compress, checksum: self.checksum.load(Relaxed), base: false }
    }

    pub(crate) fn name(&self) -> String {
        self.name.read().clone()
    }

    pub(crate) fn set_name(&self, name: &str) {
        *self.name.write() = name.to_string();
    }

    pub(crate) fn has_points(&self) -> bool {
        !self.points.read().is_empty()
    }

    pub(crate) fn set_points(&self, points: Vec<SavePoint>) {
        *self.points.write() = points;
        self.refuse_or_accept(&self.state.lock());
    }

    pub(crate) fn set_stop_writes(&self, stop: bool) {
        self.stop_writes.store(stop, Relaxed);
        self.refuse_or_accept(&self.state.lock());
    }

    /// Has writes refused as long as snapshots are wanted and the last could not be saved.
    fn refuse_or_accept(&self, state: &State) {
        let fails = !state.ok && self.stop_writes.load(Relaxed) && self.has_points();
        self.keyspace.settings.gate.set(Reason::SaveFails, fails);
    }
}

fn seconds(keyspace: &Keyspace) -> i64 {
    keyspace.clock.micros().div_euclid(1_000_000)
}

fn in_progress() -> Error {
    Error::reply("ERR Background save already in progress")
}
