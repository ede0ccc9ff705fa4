//! What a client asked for with `CLIENT TRACKING`.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering::Relaxed};

use bitflags::bitflags;
use parking_lot::Mutex;

bitflags! {
    /// Whether a client tracks, and how.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(in crate::command) struct Wish: u8 {
        /// It tracks.
        const ON = 1;
        /// All keys that begin with its prefixes rather than those that it reads.
        const BCAST = 1 << 1;
        /// Only what it reads with the command behind `CLIENT CACHING YES`.
        const OPTIN = 1 << 2;
        /// All but what it reads with the command behind `CLIENT CACHING NO`.
        const OPTOUT = 1 << 3;
        /// Its own changes are not told.
        const NOLOOP = 1 << 4;
        /// `CLIENT CACHING` was said for the next command.
        const CACHING = 1 << 5;
        /// The client that it chose to get the messages is gone.
        const BROKEN = 1 << 6;
    }
}

/// What `CLIENT CACHING` says of the next command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::command) enum Caching {
    Yes,
    No,
}

/// One client's tracking, as others see it.
#[derive(Debug, Default)]
pub(in crate::command) struct Mode {
    wish: AtomicU8,
    /// The client that gets the messages instead; 0 if none does.
    redirect: AtomicU64,
    /// The prefixes that it tracks; empty but in BCAST mode.
    prefixes: Mutex<BTreeSet<Box<[u8]>>>,
    /// What its own command changed of what it has read, to be told of when that is over.
    own: Mutex<Vec<Own>>,
}

/// What a client is told of that it changed itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Own {
    Key(Box<[u8]>),
    Everything,
}

impl Mode {
    #[inline]
    pub(in crate::command) fn wish(&self) -> Wish {
        Wish::from_bits_retain(self.wish.load(Relaxed))
    }

    #[inline]
    pub(in crate::command) fn is_on(&self) -> bool {
        self.wish().contains(Wish::ON)
    }

    /// Whether what it reads now is remembered: all that a read needs to ask.
    #[inline]
    pub(in crate::command) fn remembers(&self) -> bool {
        let wish = self.wish();
        if wish.is_empty() {
            return false;
        }
        let caching = wish.contains(Wish::CACHING);
        wish.contains(Wish::ON)
            && !wish.contains(Wish::BCAST)
            && (caching || !wish.contains(Wish::OPTIN))
            && !(caching && wish.contains(Wish::OPTOUT))
    }

    /// Where the messages go: 0 to itself; `None` while it does not track.
    pub(in crate::command) fn redirect(&self) -> Option<u64> {
        self.is_on().then(|| self.redirect.load(Relaxed))
    }

    /// Its prefixes, in their order.
    pub(in crate::command) fn prefixes(&self) -> Vec<Box<[u8]>> {
        self.prefixes.lock().iter().cloned().collect()
    }

    /// Begins to track, or tracks otherwise from now on; what `CLIENT CACHING` said stays.
    pub(super) fn set(&self, wish: Wish, redirect: u64) {
        let caching = self.wish() & Wish::CACHING;
        self.redirect.store(redirect, Relaxed);
        self.wish.store((wish | Wish::ON | caching).bits(), Relaxed);
    }

    /// Ends tracking; gives the prefixes that it had.
    pub(super) fn clear(&self) -> BTreeSet<Box<[u8]>> {
        self.wish.store(0, Relaxed);
        std::mem::take(&mut *self.prefixes.lock())
    }

    /// Keeps what its own command changed.
    pub(super) fn keep_own(&self, own: Own) {
        self.own.lock().push(own);
    }

    /// Takes what its own command changed, in the order of the changes.
    pub(super) fn take_own(&self) -> Vec<Own> {
        std::mem::take(&mut *self.own.lock())
    }

    /// Adds a prefix. False if it is one already.
    pub(super) fn add_prefix(&self, prefix: &[u8]) -> bool {
        self.prefixes.lock().insert(prefix.into())
    }

    /// Notes that the client which gets the messages is gone.
    pub(super) fn set_broken(&self) {
        self.wish.fetch_or(Wish::BROKEN.bits(), Relaxed);
    }

    /// Notes `CLIENT CACHING`, which counts for one command or transaction.
    pub(in crate::command) fn say_caching(&self) {
        self.wish.fetch_or(Wish::CACHING.bits(), Relaxed);
    }

    /// Ends what [`say_caching`](Mode::say_caching) began.
    #[inline]
    pub(in crate::command) fn forget_caching(&self) {
        if self.wish().contains(Wish::CACHING) {
            self.wish.fetch_and(!Wish::CACHING.bits(), Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered() {
        let mode = Mode::default();
        assert!(!mode.remembers() && mode.redirect().is_none());
        for (wish, alone, with_caching) in [
            (Wish::empty(), true, true),
            (Wish::NOLOOP, true, true),
            (Wish::OPTIN, false, true),
            (Wish::OPTOUT, true, false),
            (Wish::BCAST, false, false),
        ] {
            mode.set(wish, 0);
            assert_eq!(mode.remembers(), alone, "{wish:?}");
            mode.say_caching();
            assert_eq!(mode.remembers(), with_caching, "{wish:?}");
            mode.set(wish, 0);
            assert_eq!(mode.remembers(), with_caching, "{wish:?} said again");
            mode.forget_caching();
            assert_eq!(mode.remembers(), alone, "{wish:?}");
        }
        mode.set(Wish::empty(), 9);
        mode.set_broken();
        assert_eq!((mode.redirect(), mode.wish()), (Some(9), Wish::ON | Wish::BROKEN));
        mode.set(Wish::empty(), 0);
        assert_eq!((mode.redirect(), mode.wish()), (Some(0), Wish::ON));
        assert!(mode.clear().is_empty() && !mode.is_on());
    }
}
