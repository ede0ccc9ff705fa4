//! Going on after a failure: what was kept is written again, from the last good byte on.

use std::io;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::Aof;
use super::writer::{Chunk, Current, Failure, State};
use crate::clock::Stopwatch;
use crate::config::Reason;
use crate::disk;
use crate::error::words_of;

/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

impl State {
    /// Whether a repair is to be tried now.
    pub(super) fn wants_repair(&self) -> bool {
        let failure = self.failure.as_ref().filter(|_| self.file.is_some());
        failure.is_some_and(|failure| {
            !self.busy
                && self.syncs.is_empty()
                && (self.closing || failure.since.elapsed() >= failure.pause)
        })
    }
}

impl Aof {
    /// Writes what was kept, and all that has come since, and makes it safe. Returns whether that could be done.
    pub(super) fn repair(&self) -> bool {
        let mut state = self.state.lock();
        if !state.wants_repair() {
            return false;
        }
        let mut bytes = Vec::new();
        let start = self.journal.take(&mut bytes, state.limit());
        if !bytes.is_empty() {
            state.taken = start + bytes.len() as u64;
            state.kept.push_back(Chunk { start, bytes });
        }
        let good = state.good();
        let mut kept = std::mem::take(&mut state.kept);
        let names_unsafe = state.names_unsafe;
        let mut file = state.file.take();
        state.busy = true;
        drop(state);
        let result = match &mut file {
            Some(file) => self.write_again(file, good, kept.make_contiguous(), names_unsafe),
            None => Ok(()),
        };
        let mut state = self.state.lock();
        state.busy = false;
        state.file = file;
        let repaired = result.is_ok();
        match result {
            Ok(()) => {
                state.failure = None;
                state.names_unsafe = false;
                state.written = state.taken;
                state.claimed = state.taken;
                let size: u64 = kept.iter().map(|chunk| chunk.bytes.len() as u64).sum();
                self.status.size.fetch_add(size, Relaxed);
                let taken = state.taken;
                self.set_safe(&mut state, taken);
                // Who is let through finds that it can be made safe.
                self.journal.mend();
                self.keyspace.settings.gate.set(Reason::AofFails, false);
                tracing::info!("AOF write error looks solved. The server can write again.");
            }
            Err(error) => {
                state.kept = kept;
                self.note_gap(&mut state);
                let pause =
                    state.failure.as_ref().map_or(LONGEST_PAUSE, |failure| failure.pause * 2);
                self.keyspace.settings.gate.fail_aof(&words_of(&error));
                let (since, pause) = (Stopwatch::start(), pause.min(LONGEST_PAUSE));
                state.failure = Some(Failure { since, pause });
                self.journal.fail();
            }
        }
        self.done.notify_all();
        repaired
    }

    fn write_again(
        &self,
        file: &mut Current,
        good: u64,
        kept: &[Chunk],
        names_unsafe: bool,
    ) -> io::Result<()> {
        if names_unsafe {
            self.folder().sync()?;
        }
        // What was opened before may go on failing.
        file.syncers.clear();
        file.writer = None;
        let mut writer = self.files.disk.append(&file.path)?;
        writer.truncate(file.offset_of(good))?;
        for chunk in kept {
            disk::write_all(&mut *writer, &chunk.bytes).map_err(|(_, error)| error)?;
        }
        writer.sync()?;
        file.writer = Some(writer);
        Ok(())
    }
}
