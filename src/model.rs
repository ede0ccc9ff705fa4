//! What the model checker's tests see besides the crate's face (`tests/shuttle.rs`): a disk that fails and takes long when
//! it is told to, and how far an engine's stream of effects is.

use std::io::ErrorKind;
use std::sync::Arc;

use crate::api::Engine;
use crate::config::{AppendFsync, Config};
use crate::disk::simulated::{Fault, Simulated, Step};

/// A disk in memory. Clones are the same disk.
#[derive(Debug, Clone)]
pub struct FailingDisk(Simulated);

impl FailingDisk {
    /// A disk that works.
    #[expect(clippy::new_without_default, reason = "a test says what it begins with")]
    pub fn new() -> FailingDisk {
        FailingDisk(Simulated::new())
    }

    /// An engine's configuration that keeps every write here before it is acknowledged.
    pub fn config(&self, config: Config) -> Config {
        config.append_only(true).append_fsync(AppendFsync::Always).disk(Arc::new(self.0.clone()))
    }

    /// Has the syncs that come fail where this says so; those behind do not.
    pub fn fail_syncs(&self, fails: Vec<bool>) {
        let mut fails = fails.into_iter();
        self.0.fail(move |_, step| {
            let fails = matches!(step, Step::Sync(_)) && fails.next().unwrap_or_default();
            fails.then_some(Fault::Error(ErrorKind::Other))
        });
    }

    /// Has every write to an append-only file and every sync fail.
    pub fn fail(&self) {
        self.0.fail(|_, step| {
            let fails = matches!(step, Step::Sync(_) | Step::Write(..));
            fails.then_some(Fault::Error(ErrorKind::StorageFull))
        });
    }

    /// Has nothing fail any more.
    pub fn heal(&self) {
        self.0.heal();
    }

    /// Has every attempt to go on after a failure take until it is released.
    pub fn hold_repairs(&self) {
        self.0.hold(|step| matches!(step, Step::Truncate(..)));
    }

    /// Has all that is held go on.
    pub fn release(&self) {
        self.0.release();
    }

    /// Whether these bytes outlive any crash.
    pub fn has_safe(&self, bytes: &[u8]) -> bool {
        self.0.has_safe(bytes)
    }
}

/// How many bytes of effects were recorded so far.
pub fn recorded(engine: &Engine) -> u64 {
    engine.aof().journal.end()
}
