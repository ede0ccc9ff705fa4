//! Bytes on their way from the journal to the file, and the file's to the disk.
//!
//! One thread at a time writes: it takes what the journal has and writes it at the end of the present file. What was
//! written is made safe by syncs, of which two may run at a time, so that what comes while one runs need not wait
//! for its end. Positions are published as safe in the order of the syncs, and only when all before have succeeded.
//!
//! What is written and not known to be safe is **kept**. When a write or a sync fails, nothing more is written: the kernel may
//! have dropped what it could not write, and says so once. Writes are refused, who waits is told, and what was
//! kept is written again from the last safe byte on (`repair.rs`): the file is cut off there first, so that nothing is there
//! twice.
//!
//! Under `appendfsync no` nothing is kept: see `gap.rs`.

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::Aof;
use super::manifest::Manifest;
use crate::clock::Stopwatch;
use crate::config::AppendFsync;
use crate::disk::{self, DiskFile};
use crate::error::words_of;

/// How much may be written and not safe before nothing more is written.
pub(super) const KEPT: usize = 64 << 20;
/// How much of it has a sync begin before its time.
const EARLY: usize = 16 << 20;
/// How many syncs run at a time.
const SYNCS: usize = 2;
/// From when on a sync is slow: what comes while it runs need not wait for its end.
const SLOW: Duration = Duration::from_micros(500);
/// How often what was written is made safe (`appendfsync everysec`).
const EVERY: Duration = Duration::from_secs(1);

/// The file that is written, and how far that is.
#[derive(Debug)]
pub(super) struct State {
    pub(super) manifest: Manifest,
    pub(super) file: Option<Current>,
    /// Somebody writes, or does what must be done alone.
    pub(super) busy: bool,
    /// Syncs that run, and those behind them that have ended, in the order in which they began.
    pub(super) syncs: VecDeque<Sync>,
    /// What was written and is not safe, in its order.
    pub(super) kept: VecDeque<Chunk>,
    /// The position behind what was taken from the journal.
    pub(super) taken: u64,
    /// Up to where it is written.
    pub(super) written: u64,
    /// Up to where a sync was begun.
    pub(super) claimed: u64,
    /// Up to where somebody wants it safe now.
    pub(super) wanted: u64,
    /// Why nothing can be written now.
    pub(super) failure: Option<Failure>,
    /// A new file is to be begun.
    pub(super) switch: Option<Switch>,
    /// Up to where bytes that nobody kept may be lost, until they are rewritten.
    pub(super) gap: Option<u64>,
    /// Up to where syncs have succeeded: safe, if there is no gap.
    pub(super) synced: u64,
    /// Since when the last rewrite was begun because of a gap.
    pub(super) since_filling: Option<Stopwatch>,
    /// The names in the folder may not be safe.
    pub(super) names_unsafe: bool,
    /// Since when the last sync was begun.
    pub(super) since_sync: Stopwatch,
    /// The threads are to end.
    pub(super) closing: bool,
}

/// The file that is written.
#[derive(Debug)]
pub(super) struct Current {
    pub(super) path: PathBuf,
    /// Written with; nothing while somebody does.
    pub(super) writer: Option<Box<dyn DiskFile>>,
    /// Synced with. Each says by itself if something could not be written since it was last asked.
    pub(super) syncers: Vec<Box<dyn DiskFile>>,
    /// A position, and where in the file it is.
    pub(super) start: u64,
    pub(super) offset: u64,
}

/// Bytes that are kept until they are safe.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) start: u64,
    pub(super) bytes: Vec<u8>,
}

impl Chunk {
    pub(super) fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }
}

/// A sync that was begun.
#[derive(Debug)]
pub(super) struct Sync {
    up_to: u64,
    done: bool,
    number: u64,
}

/// That nothing can be written, and until when that is not tried again.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) since: Stopwatch,
    pub(super) pause: Duration,
}

/// A new file that is to be begun at a position.
#[derive(Debug)]
pub(super) struct Switch {
    pub(super) at: u64,
    /// What came of it: the new file's number.
    pub(super) done: Option<io::Result<u64>>,
}

impl State {
    pub(super) fn new() -> State {
        State {
            manifest: Manifest::default(),
            file: None,
            busy: false,
            syncs: VecDeque::new(),
            kept: VecDeque::new(),
            taken: 0,
            written: 0,
            claimed: 0,
            wanted: 0,
            failure: None,
            switch: None,
            gap: None,
            synced: 0,
            since_filling: None,
            names_unsafe: false,
            since_sync: Stopwatch::start(),
            closing: false,
        }
    }

    /// Up to where bytes may be taken from the journal now: a new file begins behind.
    pub(super) fn limit(&self) -> u64 {
        match &self.switch {
            Some(Switch { at, done: None }) => *at,
            _ => u64::MAX,
        }
    }

    /// Whether a new file is to be begun, all before being written.
    pub(super) fn is_at_switch(&self) -> bool {
        self.written == self.limit()
    }

    /// How much that is. The chunks follow on one another, so that the ends tell.
    pub(super) fn kept_bytes(&self) -> usize {
        match (self.kept.front(), self.kept.back()) {
            (Some(first), Some(last)) => (last.end() - first.start) as usize,
            _ => 0,
        }
    }

    /// Where the file is good up to, whatever failed since: the first byte that is kept.
    pub(super) fn good(&self) -> u64 {
        self.kept.front().map_or(self.taken, |chunk| chunk.start)
    }

    pub(super) fn running_syncs(&self) -> usize {
        self.syncs.iter().filter(|sync| !sync.done).count()
    }

    /// Whether a sync runs that began a moment ago.
    #[cfg(feature = "network")]
    pub(super) fn syncs_since_a_moment(&self) -> bool {
        self.running_syncs() > 0 && self.since_sync.elapsed() < SLOW
    }

    /// Whether more may be written before something is safe.
    pub(super) fn has_room(&self) -> bool {
        self.file.is_some() && self.kept_bytes() < KEPT
    }

    /// Whether something may be written now.
    fn may_write(&self) -> bool {
        self.file.is_some()
            && !self.busy
            && self.failure.is_none()
            && !self.is_at_switch()
            && self.kept_bytes() < KEPT
    }

    /// Whether there is something to sync, and that can be.
    fn may_sync(&self) -> bool {
        self.file.is_some() && self.failure.is_none() && self.claimed < self.written
    }

    /// Whether a sync should begin now.
    pub(super) fn wants_sync(&self, fsync: AppendFsync) -> bool {
        if !self.may_sync() {
            return false;
        }
        if self.claimed < self.wanted {
            return self.syncs.len() < SYNCS;
        }
        match fsync {
            AppendFsync::Always => match self.syncs.len() {
                0 => true,
                // What is quick is not worth two threads' work for half as much each.
                running => running < SYNCS && self.since_sync.elapsed() >= SLOW,
            },
            AppendFsync::EverySec => {
                let due = self.since_sync.elapsed() >= EVERY || self.kept_bytes() >= EARLY;
                due && self.syncs.is_empty()
            }
            AppendFsync::No => false,
        }
    }
}

impl Current {
    /// The offset of a position.
    pub(super) fn offset_of(&self, position: u64) -> u64 {
        self.offset + (position - self.start)
    }
}

impl Aof {
    /// Writes what the journal has. Returns whether there was something, and it is written.
    pub(crate) fn write(&self) -> bool {
        let mut state = self.state.lock();
        if !state.may_write() {
            return false;
        }
        let mut bytes = std::mem::take(&mut *self.spare.lock());
        let start = self.journal.take(&mut bytes, state.limit());
        if bytes.is_empty() {
            return false;
        }
        let end = start + bytes.len() as u64;
        state.taken = end;
        state.busy = true;
        let mut writer = state.file.as_mut().and_then(|file| file.writer.take());
        drop(state);
        match self.settings.flush_sleep.load(Relaxed) {
            0 => {}
            micros => std::thread::sleep(Duration::from_micros(micros)),
        }
        let result = match &mut writer {
            Some(writer) => disk::write_all(&mut **writer, &bytes).map_err(|(_, error)| error),
            None => Err(io::ErrorKind::NotFound.into()),
        };
        let mut state = self.state.lock();
        state.busy = false;
        if let Some(file) = &mut state.file {
            file.writer = writer;
        }
        let wrote = match result {
            Ok(()) => {
                state.written = end;
                self.status.size.fetch_add(bytes.len() as u64, Relaxed);
                self.keep(&mut state, Chunk { start, bytes });
                self.journal.set_written(end);
                true
            }
            Err(error) => {
                state.kept.push_back(Chunk { start, bytes });
                self.fail(&mut state, &error);
                false
            }
        };
        self.done.notify_all();
        wrote
    }

    /// Keeps what was written until it is safe, if it ever is to be.
    fn keep(&self, state: &mut State, chunk: Chunk) {
        if self.settings.fsync() == AppendFsync::No && state.kept.is_empty() {
            self.recycle(chunk.bytes);
            return;
        }
        state.kept.push_back(chunk);
    }

    /// Gives a buffer back to be used again.
    pub(super) fn recycle(&self, mut bytes: Vec<u8>) {
        const LARGE: usize = 1 << 20;
        if bytes.capacity() <= LARGE {
            bytes.clear();
            *self.spare.lock() = bytes;
        }
    }

    /// Makes what is written safe. Returns whether there was something to be done.
    pub(super) fn sync(&self) -> bool {
        let mut state = self.state.lock();
        if !state.may_sync() {
            return false;
        }
        let Some(file) = state.file.as_mut() else { return false };
        let (syncer, path) = (file.syncers.pop(), file.path.clone());
        let mut syncer = match syncer {
            Some(syncer) => syncer,
            None => {
                drop(state);
                // Opened before it is settled what it is to make safe: a failure that comes in between is told it, one that
                // was before is known to all.
                let opened = self.files.disk.append(&path);
                state = self.state.lock();
                if state.file.as_ref().is_none_or(|file| file.path != path) {
                    return false;
                }
                match opened {
                    Ok(syncer) => syncer,
                    Err(error) => {
                        self.fail(&mut state, &error);
                        self.done.notify_all();
                        return true;
                    }
                }
            }
        };
        if !state.may_sync() {
            return false;
        }
        let up_to = state.written;
        let number = self.sync_numbers.fetch_add(1, Relaxed);
        state.claimed = up_to;
        state.since_sync = Stopwatch::start();
        state.syncs.push_back(Sync { up_to, done: false, number });
        drop(state);
        let result = syncer.sync();
        let mut state = self.state.lock();
        match result {
            Ok(()) => {
                if let Some(file) = &mut state.file {
                    file.syncers.push(syncer);
                }
                if let Some(sync) = state.syncs.iter_mut().find(|sync| sync.number == number) {
                    sync.done = true;
                }
                self.publish(&mut state);
            }
            Err(error) => {
                state.syncs.retain(|sync| sync.number != number);
                self.note_gap(&mut state);
                self.fail(&mut state, &error);
            }
        }
        self.done.notify_all();
        true
    }

    /// Says what is safe: all that syncs have made so, those before them having succeeded too.
    fn publish(&self, state: &mut State) {
        if state.failure.is_some() {
            // What ended well may rest on what did not.
            state.syncs.retain(|sync| !sync.done);
            return;
        }
        let mut safe = None;
        while let Some(sync) = state.syncs.front().filter(|sync| sync.done) {
            safe = Some(sync.up_to);
            state.syncs.pop_front();
        }
        if let Some(safe) = safe {
            self.set_safe(state, safe);
        }
    }

    /// Forgets what is safe, and tells who waits for it.
    pub(super) fn set_safe(&self, state: &mut State, up_to: u64) {
        while state.kept.front().is_some_and(|chunk| chunk.end() <= up_to) {
            if let Some(chunk) = state.kept.pop_front() {
                self.recycle(chunk.bytes);
            }
        }
        state.synced = state.synced.max(up_to);
        match state.gap {
            None => self.journal.set_safe(up_to),
            Some(_) => self.journal.set_written(up_to),
        }
    }

    /// Refuses writes from now on, and tells who waits.
    pub(super) fn fail(&self, state: &mut State, error: &io::Error) {
        const PAUSE: Duration = Duration::from_millis(if cfg!(test) { 1 } else { 100 });
        if state.failure.is_none() {
            tracing::warn!("Error writing to the AOF file: {}", words_of(error));
        }
        let (since, pause) = (Stopwatch::start(), PAUSE);
        state.failure = Some(Failure { since, pause });
        state.syncs.retain(|sync| !sync.done);
        self.keyspace.settings.gate.fail_aof(&words_of(error));
        self.journal.fail();
    }
}
