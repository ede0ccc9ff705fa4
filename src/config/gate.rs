//! Whether writes are accepted: one word that each write looks at.

use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

use parking_lot::Mutex;

use crate::error::{Error, Result};

/// What each write looks at before it begins, and again when it is done.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    /// Bits of [`Reason`].
    reasons: AtomicU8,
    /// The system's words for why the append-only file cannot be written.
    words: Mutex<Box<str>>,
}

/// Why a write is more than a change in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Reason {
    /// The append-only file cannot be written: writes are refused.
    AofFails = 1,
    /// The last snapshot could not be saved, and writes are to stop then: they are refused.
    SaveFails = 2,
    /// A write is acknowledged only when it is on disk (`appendfsync always`), or has to wait because too much is not written
    /// yet: whoever wrote asks the journal.
    Waits = 4,
}

impl Gate {
    /// Sets or clears a reason.
    pub(crate) fn set(&self, reason: Reason, holds: bool) {
        match holds {
            true => self.reasons.fetch_or(reason as u8, Relaxed),
            false => self.reasons.fetch_and(!(reason as u8), Relaxed),
        };
    }

    /// Refuses writes because the append-only file cannot be written, for what the system says.
    #[cfg_attr(
        not(any(test, feature = "aof")),
        expect(dead_code, reason = "for append-only files")
    )]
    pub(crate) fn fail_aof(&self, words: &str) {
        *self.words.lock() = words.into();
        self.set(Reason::AofFails, true);
    }

    /// Whether a reason holds.
    #[inline(always)]
    pub(crate) fn has(&self, reason: Reason) -> bool {
        self.reasons.load(Relaxed) & reason as u8 != 0
    }

    /// Refuses a write, if none is accepted; one load if they are.
    ///
    /// # Errors
    /// `AofFailing`, `SaveFailing`.
    #[inline(always)]
    pub(crate) fn check(&self) -> Result<()> {
        match self.is_open() {
            true => Ok(()),
            false => Err(self.why()),
        }
    }

    /// Whether writes are accepted.
    #[inline(always)]
    pub(crate) fn is_open(&self) -> bool {
        const CLOSED: u8 = Reason::AofFails as u8 | Reason::SaveFails as u8;
        self.reasons.load(Relaxed) & CLOSED == 0
    }

    /// Why writes are refused. Of two reasons the snapshot's is told, as in Redis.
    #[cold]
    fn why(&self) -> Error {
        match self.has(Reason::SaveFails) {
            true => Error::SaveFailing,
            false => self.aof_error(),
        }
    }

    /// What is said of an append-only file that cannot be written.
    pub(crate) fn aof_error(&self) -> Error {
        Error::AofFailing(self.words.lock().clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_are_refused_for_as_long_as_a_reason_holds() {
        let gate = Gate::default();
        assert_eq!(gate.check(), Ok(()));
        gate.set(Reason::Waits, true);
        assert_eq!(gate.check(), Ok(()));
        gate.fail_aof("No space left on device");
        let text = gate.check().expect_err("refused").to_string();
        assert_eq!(text, "MISCONF Errors writing to the AOF file: No space left on device");
        gate.set(Reason::SaveFails, true);
        assert_eq!(gate.check(), Err(Error::SaveFailing));
        gate.set(Reason::AofFails, false);
        gate.set(Reason::SaveFails, false);
        assert_eq!(gate.check(), Ok(()));
        assert!(gate.has(Reason::Waits));
    }
}
