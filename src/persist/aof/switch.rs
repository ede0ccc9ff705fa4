//! A new file to write, from a position on.

use std::io;

use super::Aof;
use super::manifest::{Manifest, Part};
use super::writer::{Current, Switch};
use crate::disk::DiskFile;
use crate::sync::wait_on;

/// Why a new file was not begun.
enum Failed {
    /// What was written before cannot be made safe.
    Old(io::Error),
    /// The new one cannot be made.
    New(io::Error),
}

impl Aof {
    /// Has a new file begun at a position, when all before is written and safe.
    pub(super) fn switch_at(&self, at: u64) {
        self.state.lock().switch = Some(Switch { at, done: None });
    }

    /// Waits until that is done. Gives the number of the new file.
    ///
    /// # Errors
    /// If it could not be begun: what comes is written to the old one.
    pub(super) fn wait_for_switch(&self) -> io::Result<u64> {
        self.journal.poke();
        let mut state = self.state.lock();
        loop {
            match &mut state.switch {
                Some(switch) => {
                    if let Some(done) = switch.done.take() {
                        state.switch = None;
                        return done;
                    }
                }
                None => return Err(io::ErrorKind::Interrupted.into()),
            }
            // Whoever does something alone has the file meanwhile.
            let ended = state.file.is_none() && !state.busy;
            if ended || state.closing {
                state.switch = None;
                return Err(io::ErrorKind::Interrupted.into());
            }
            state = wait_on(&self.done, state, Some(std::time::Duration::from_millis(100)));
        }
    }

    /// Begins the new file.
    pub(super) fn switch(&self) {
        let mut state = self.state.lock();
        if state.busy || !state.syncs.is_empty() || !state.is_at_switch() {
            return;
        }
        let mut file = state.file.take();
        let manifest = state.manifest.clone();
        state.busy = true;
        drop(state);
        let result = match file.as_mut().and_then(|file| file.writer.as_mut()) {
            Some(writer) => self.begin_next(&mut **writer, &manifest),
            None => Err(Failed::New(io::ErrorKind::NotFound.into())),
        };
        let mut state = self.state.lock();
        state.busy = false;
        let at = state.written;
        let done = match result {
            Ok((manifest, part, writer, synced)) => {
                state.claimed = at;
                self.set_safe(&mut state, at);
                let (path, number) = (self.folder().file(&part), part.number);
                let (writer, syncers) = (Some(writer), Vec::new());
                state.file = Some(Current { path, writer, syncers, start: at, offset: 0 });
                state.manifest = manifest;
                if let Err(error) = synced {
                    // It is in place: what is written goes there, and is safe when its name is.
                    state.names_unsafe = true;
                    self.fail(&mut state, &error);
                }
                Some(Ok(number))
            }
            Err(Failed::Old(error)) => {
                state.file = file;
                self.note_gap(&mut state);
                self.fail(&mut state, &error);
                // It is tried again when the disk does.
                None
            }
            Err(Failed::New(error)) => {
                state.file = file;
                tracing::warn!("Can't begin a new append-only file: {error}");
                Some(Err(error))
            }
        };
        if let Some(switch) = &mut state.switch {
            switch.done = done;
        }
        self.done.notify_all();
    }

    /// Makes the old file safe, and the new one, and has the manifest name it.
    #[expect(clippy::type_complexity, reason = "what the caller puts in its place")]
    fn begin_next(
        &self,
        old: &mut dyn DiskFile,
        manifest: &Manifest,
    ) -> Result<(Manifest, Part, Box<dyn DiskFile>, io::Result<()>), Failed> {
        old.sync().map_err(Failed::Old)?;
        let folder = self.folder();
        let (next, part) = manifest.with_increment(&self.settings.filename);
        let file = folder.disk.create(&folder.file(&part)).map_err(Failed::New)?;
        // Its name is safe before the manifest names it.
        if let Err(error) = folder.sync().and_then(|()| folder.put_manifest(&next)) {
            let _ = folder.disk.remove(&folder.file(&part));
            return Err(Failed::New(error));
        }
        tracing::info!("Creating AOF incr file {} on background rewrite", part.name);
        Ok((next, part, file, folder.sync()))
    }
}
