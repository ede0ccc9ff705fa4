//! What a command would have to mind of the server as a whole, gathered in one word: nearly always, nothing.

use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

/// Why the commands of all sessions are run with care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Cause {
    /// Data are being loaded: most commands are refused.
    Loading = 1,
    /// Somebody is shown all commands.
    Monitors = 2,
    /// Some commands are held back.
    Pause = 4,
    /// Every command is timed.
    Timing = 8,
    /// A fake server decides what becomes of them.
    #[cfg(feature = "fake")]
    Fake = 16,
}

/// The causes that hold. Each is kept here and nowhere else, so that one look is enough for all of them and
/// none can be forgotten.
#[derive(Debug, Default)]
pub(super) struct Attention(AtomicU8);

impl Attention {
    /// Begins or ends a cause.
    pub(super) fn set(&self, cause: Cause, holds: bool) {
        match holds {
            true => self.0.fetch_or(cause as u8, Relaxed),
            false => self.0.fetch_and(!(cause as u8), Relaxed),
        };
    }

    /// Whether a cause holds.
    #[inline]
    pub(super) fn holds(&self, cause: Cause) -> bool {
        self.0.load(Relaxed) & cause as u8 != 0
    }

    /// Whether any cause holds.
    #[inline]
    pub(super) fn is_needed(&self) -> bool {
        self.0.load(Relaxed) != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attention_is_needed_until_the_last_cause_ends() {
        let attention = Attention::default();
        attention.set(Cause::Pause, true);
        attention.set(Cause::Timing, true);
        attention.set(Cause::Pause, false);
        assert!(attention.is_needed() && attention.holds(Cause::Timing));
        assert!(!attention.holds(Cause::Pause));
        attention.set(Cause::Timing, false);
        assert!(!attention.is_needed());
    }
}
