//! A new base, in the place of all that was written so far, while the data go on changing.
//!
//! A snapshot is of one moment (`keyspace/cut.rs`). At that moment, every stripe being held, the journal begins a new part,
//! which goes to a new file; so base and new file together are the data. The base is written aside and then put in
//! place, and the manifest names it, and no longer what it replaces, in one step. If anything fails before that, the old
//! base and files are what counts, the new file among them.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};

use super::Aof;
use super::base::Commands;
use super::folder::Folder;
use super::manifest::{Manifest, Part};
use super::writer::Current;
use crate::clock::Stopwatch;
use crate::disk::DiskFile;
use crate::keyspace::CutSize;
use crate::persist::Failure;
use crate::persist::rdb::{self, Style};
use crate::persist::walk::{Makers, walk};
use crate::sync::thread;

/// How often in a row a rewrite may fail before it is put off.
const FAILURES: u64 = 3;

/// What became of a wish for a rewrite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    Started,
    /// It begins when what runs now has ended.
    Scheduled,
    /// One runs.
    Running,
    /// There is no thread to be had.
    Failed,
}

/// A file as a [`Write`].
struct Plain(Box<dyn DiskFile>);

impl Write for Plain {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Aof {
    /// Writes a new base. Returns when it is in place.
    ///
    /// # Errors
    /// If that fails; what was there before counts.
    pub(crate) fn rewrite(&self) -> io::Result<()> {
        self.rewrite_as(self.settings.is_rdb_base())
    }

    /// As [`rewrite`](Aof::rewrite): to a snapshot, or to commands.
    fn rewrite_as(&self, rdb: bool) -> io::Result<()> {
        let _alone = self.alone.lock();
        self.observe(|| {
            if !self.is_on() {
                // There is nothing to go on with: the files are as if it had been on until now.
                self.lock()?;
                let result = self.rewrite_only(rdb);
                self.unlock();
                return result;
            }
            let folder = self.folder();
            let (manifest, number) = {
                let state = self.state.lock();
                (state.manifest.clone(), state.manifest.last_increment)
            };
            let mut at = 0;
            let (base, beside) = self.write_base(&folder, &manifest, rdb, || {
                at = self.journal.part();
                self.switch_at(at);
            })?;
            let switched = self.wait_for_switch();
            let first = switched.inspect_err(|_| {
                let _ = folder.disk.remove(&beside);
            })?;
            debug_assert!(first > number);
            folder.disk.rename(&beside, &folder.file(&base)).inspect_err(|_| {
                let _ = folder.disk.remove(&beside);
            })?;
            self.adopt(&folder, base, first)?;
            self.close_gap(at);
            Ok(())
        })
    }

    /// Has the manifest name a new base, which is in place, and only the increments from number `first` on.
    fn adopt(&self, folder: &Folder, base: Part, first: u64) -> io::Result<()> {
        folder.sync()?;
        let next = {
            // Nobody else changes the manifest: whoever does is alone, or the thread that was told to by this one.
            let state = self.state.lock();
            state.manifest.with_base(base.clone(), first)
        };
        if let Err(error) = folder.put_manifest(&next) {
            let _ = folder.disk.remove(&folder.file(&base));
            return Err(error);
        }
        let mut state = self.state.lock();
        state.manifest = next;
        drop(state);
        folder.sync()?;
        self.clean(folder);
        self.measure(folder)
    }

    /// Removes files of no more use.
    fn clean(&self, folder: &Folder) {
        let mut manifest = self.state.lock().manifest.clone();
        self.tidy(folder, &mut manifest);
        self.state.lock().manifest = manifest;
    }

    /// Removes files of no more use, and has the manifest forget them; unless they are to be kept.
    pub(super) fn tidy(&self, folder: &Folder, manifest: &mut Manifest) {
        if !self.settings.keep_history.load(Relaxed) {
            folder.clean(manifest);
        }
    }

    /// Has files of no more use kept, or no longer (`aof-disable-auto-gc`).
    pub(crate) fn keep_history(&self, yes: bool) {
        self.settings.keep_history.store(yes, Relaxed);
        if !yes && self.is_on() {
            let _alone = self.alone.lock();
            self.clean(&self.folder());
        }
    }

    /// Begins with the data as they are: they become the base, and what happens from now on is written behind it.
    ///
    /// # Errors
    /// If the files cannot be made; nothing is written then.
    pub(crate) fn start(self: &Arc<Self>) -> io::Result<()> {
        let _alone = self.alone.lock();
        if self.is_on() {
            return Ok(());
        }
        self.lock()?;
        self.journal.set_beginning(true);
        let started = self.observe(|| self.start_alone()).inspect_err(|_| self.close_alone());
        self.journal.set_beginning(false);
        started
    }

    fn start_alone(self: &Arc<Self>) -> io::Result<()> {
        let folder = self.folder();
        folder.make()?;
        // Of older files the numbers alone count.
        let before = folder.manifest().unwrap_or_default();
        let (next, part) = before.with_increment(&self.settings.filename);
        let path = folder.file(&part);
        let mut writer = Some(folder.disk.create(&path)?);
        self.start_threads()?;
        let rdb = self.settings.is_rdb_base();
        let (base, beside) = self.write_base(&folder, &before, rdb, || {
            let start = self.journal.part();
            let (path, writer) = (path.clone(), writer.take());
            let current = Current { path, writer, syncers: Vec::new(), start, offset: 0 };
            self.begin(&mut self.state.lock(), before.clone(), current);
            self.record(true);
        })?;
        folder.disk.rename(&beside, &folder.file(&base)).inspect_err(|_| {
            let _ = folder.disk.remove(&beside);
        })?;
        self.state.lock().manifest = next;
        tracing::info!("Creating AOF base file {} on server start", base.name);
        tracing::info!("Creating AOF incr file {} on server start", part.name);
        self.adopt(&folder, base, part.number)
    }

    /// Writes a base, behind which there is nothing, while nothing is recorded.
    fn rewrite_only(&self, rdb: bool) -> io::Result<()> {
        let folder = self.folder();
        folder.make()?;
        let before = folder.manifest().unwrap_or_default();
        let (base, beside) = self.write_base(&folder, &before, rdb, || {})?;
        folder.disk.rename(&beside, &folder.file(&base))?;
        folder.sync()?;
        let mut manifest = before.with_base(base, before.last_increment + 1);
        folder.put_manifest(&manifest)?;
        folder.sync()?;
        self.tidy(&folder, &mut manifest);
        Ok(())
    }

    /// Writes all keys to a file beside the base that it is to become. `at_cut` is called at the moment that it is of.
    fn write_base(
        &self,
        folder: &Folder,
        manifest: &Manifest,
        rdb: bool,
        mut at_cut: impl FnMut(),
    ) -> io::Result<(Part, PathBuf)> {
        let base = manifest.next_base(&self.settings.filename, rdb);
        let beside = folder.path.join(self.files.temporary("temp-rewriteaof-bg", "aof"));
        let mut write = || -> io::Result<()> {
            let file = folder.disk.create(&beside)?;
            let mut file = BufWriter::with_capacity(1 << 20, Plain(file));
            self.write_keys(&mut file, rdb, &mut at_cut)?;
            let mut file = file.into_inner().map_err(|error| error.into_error())?;
            file.0.sync()
        };
        write().inspect_err(|_| {
            let _ = folder.disk.remove(&beside);
        })?;
        tracing::info!("Successfully created the temporary AOF base file {}", beside.display());
        Ok((base, beside))
    }

    fn write_keys(
        &self,
        file: &mut dyn Write,
        rdb: bool,
        at_cut: &mut dyn FnMut(),
    ) -> io::Result<()> {
        let (keyspace, progress) = (&self.keyspace, &self.progress);
        let compress = keyspace.settings.rdb_compression.load(Relaxed);
        let written = if rdb {
            let style = Style { target: None, compress, checksum: true, base: true };
            rdb::export(keyspace, file, style, Makers::Quiet, at_cut, progress)
        } else {
            let form = |_: &[CutSize]| {
                at_cut();
                Commands { timestamp: self.journal.timestamps.load(Relaxed), compress }
            };
            walk(keyspace, form, file, Makers::Quiet, progress)
        };
        match written {
            Ok(_) => Ok(()),
            Err(Failure::Io(error)) => Err(error),
            Err(Failure::Cancelled) => Err(io::ErrorKind::Interrupted.into()),
            Err(Failure::TimedFields) => Err(io::ErrorKind::InvalidInput.into()),
        }
    }

    /// Does a rewrite, and keeps what INFO tells of it.
    fn observe(&self, work: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        let (status, watch) = (&self.status, Stopwatch::start());
        status.rewrite_began.store(self.keyspace.clock.micros(), Relaxed);
        self.begin_rewriting();
        let result = work();
        let seconds = i64::try_from(watch.elapsed().as_secs()).unwrap_or(i64::MAX);
        status.last_rewrite_seconds.store(seconds, Relaxed);
        status.rewrite_began.store(-1, Relaxed);
        match &result {
            Ok(()) => {
                status.last_rewrite_ok.store(true, Relaxed);
                status.rewrites.fetch_add(1, Relaxed);
                status.failed_in_a_row.store(0, Relaxed);
                tracing::info!("Background AOF rewrite finished successfully");
            }
            // Whoever ended it knows: the one before is as good as it was.
            Err(_) if self.progress.cancelled.load(Relaxed) => {
                tracing::warn!("Background AOF rewrite terminated by signal 10");
            }
            Err(error) => {
                status.last_rewrite_ok.store(false, Relaxed);
                status.failed_in_a_row.fetch_add(1, Relaxed);
                tracing::warn!("Background AOF rewrite terminated with error: {error}");
            }
        }
        self.background.set_rewriting(false);
        result
    }

    /// Has a thread rewrite the file (`BGREWRITEAOF`): now, or `later`, or when what else writes all keys has ended.
    pub(crate) fn ask_rewrite(self: &Arc<Self>, later: bool) -> Asked {
        if self.background.is_rewriting() {
            return Asked::Running;
        }
        if later || self.background.is_saving() {
            self.status.failed_in_a_row.store(0, Relaxed);
            self.status.scheduled.store(true, SeqCst);
            return Asked::Scheduled;
        }
        if self.check_folder().is_err() {
            self.status.last_rewrite_ok.store(false, Relaxed);
            return Asked::Failed;
        }
        self.rewrite_in_background()
    }

    /// Begins what was put off, if it is time.
    pub(crate) fn tick(self: &Arc<Self>) {
        let busy = || self.background.is_rewriting() || self.background.is_saving();
        if !self.status.scheduled.load(Relaxed) || busy() {
            return;
        }
        if self.is_wanted() && !self.is_on() && !self.deferred.load(SeqCst) {
            self.status.scheduled.store(false, Relaxed);
            self.turn_in_background(true);
        } else {
            self.rewrite_in_background();
        }
    }

    pub(super) fn rewrite_in_background(self: &Arc<Self>) -> Asked {
        if !self.begin_rewriting() {
            return Asked::Running;
        }
        self.status.scheduled.store(false, Relaxed);
        // As it was said when it was asked for.
        let (aof, rdb) = (self.clone(), self.settings.is_rdb_base());
        let run = move || {
            // It has said why it failed.
            let _ = aof.rewrite_as(rdb);
        };
        tracing::info!("Background append only file rewriting started");
        let started = thread::Builder::new().name("danio-rewrite".into()).spawn(run);
        if let Err(error) = started {
            self.background.set_rewriting(false);
            tracing::warn!("Can't rewrite append only file in background: {error}");
            return Asked::Failed;
        }
        Asked::Started
    }

    /// Notes that one is under way; returns false if one was. Who [ends it](Aof::cancel_rewrite) from now on does end this one.
    fn begin_rewriting(&self) -> bool {
        let first = !self.background.set_rewriting(true);
        if first {
            self.progress.cancelled.store(false, Relaxed);
        }
        first
    }

    /// Ends a rewrite that is under way, and takes back one that was put off. Returns whether one is under way: it has
    /// ended when nobody is alone any more.
    pub(crate) fn cancel_rewrite(&self) -> bool {
        self.status.scheduled.store(false, Relaxed);
        let running = self.background.is_rewriting();
        if running {
            self.progress.cancelled.store(true, Relaxed);
        }
        running
    }

    /// Has changes kept or no longer (`CONFIG SET appendonly`): by a thread, since who asks may hold stripes.
    ///
    /// # Errors
    /// If it can be seen at once that no files can be made; nothing is kept then.
    pub(crate) fn want_on(self: &Arc<Self>, yes: bool) -> io::Result<()> {
        self.set_wanted(yes);
        if self.deferred.load(SeqCst) || (yes == self.is_on() && !self.turning.load(SeqCst)) {
            return Ok(());
        }
        if yes {
            self.check_folder().inspect_err(|_| self.set_wanted(false))?;
        }
        if yes && self.background.is_saving() {
            tracing::warn!(
                "AOF was enabled but there is already another background process. An AOF background was scheduled to \
                 start when possible."
            );
            self.status.scheduled.store(true, SeqCst);
            return Ok(());
        }
        self.turn_in_background(yes);
        Ok(())
    }

    /// Has a thread turn it on or off.
    fn turn_in_background(self: &Arc<Self>, yes: bool) {
        // Whoever looks sees from now on that it is on its way.
        if yes && self.begin_rewriting() {
            self.announced.store(true, SeqCst);
        }
        if self.turning.swap(true, SeqCst) {
            return;
        }
        let aof = self.clone();
        let run = move || aof.turn();
        if let Err(error) = thread::Builder::new().name("danio-aof-turn".into()).spawn(run) {
            self.turning.store(false, SeqCst);
            self.unannounce();
            tracing::warn!("Can't turn the append only file on or off: {error}");
        }
    }

    /// Turns it on or off until it is as was asked for last.
    fn turn(self: &Arc<Self>) {
        loop {
            let yes = self.wanted_on.load(SeqCst);
            if yes != self.is_on() {
                match yes {
                    // It has said why it failed, and is not tried again unasked.
                    true if self.start().is_err() => self.set_wanted(false),
                    true => {}
                    false => self.close(),
                }
                continue;
            }
            self.unannounce();
            self.turning.store(false, SeqCst);
            if self.wanted_on.load(SeqCst) == self.is_on() || self.turning.swap(true, SeqCst) {
                return;
            }
        }
    }

    /// It is on, or is not to be.
    fn unannounce(&self) {
        if self.announced.swap(false, SeqCst) {
            self.background.set_rewriting(false);
        }
    }

    /// Rewrites the file if it has grown enough.
    pub(super) fn look_round(self: &Arc<Self>) {
        let (status, settings) = (&self.status, &self.settings);
        let percentage = settings.rewrite_percentage.load(Relaxed);
        let (size, base) = (status.size.load(Relaxed), status.base_size.load(Relaxed).max(1));
        if percentage == 0
            || size <= settings.rewrite_min_size.load(Relaxed)
            || self.background.is_rewriting()
            || self.background.is_saving()
            || status.failed_in_a_row.load(Relaxed) >= FAILURES
        {
            return;
        }
        let growth = (size.saturating_mul(100) / base).saturating_sub(100);
        if growth >= percentage {
            tracing::info!("Starting automatic rewriting of AOF on {growth}% growth");
            self.rewrite_in_background();
        }
    }

    /// Looks how long the files are.
    fn measure(&self, folder: &Folder) -> io::Result<()> {
        let manifest = self.state.lock().manifest.clone();
        let mut size = 0;
        for part in manifest.base.iter().chain(&manifest.increments) {
            size += folder.disk.size(&folder.file(part))?.unwrap_or(0);
        }
        self.status.size.store(size, Relaxed);
        self.status.base_size.store(size, Relaxed);
        Ok(())
    }
}
