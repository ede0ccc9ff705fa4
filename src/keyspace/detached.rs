//! What a stripe held of a database, taken away as a whole by FLUSHALL and its like.
//!
//! Nobody changes it any more, so that it can be shared without a lock: with the walk of a cut that
//! has yet to show it, and with checkpoints that may want it back. Whoever lets go of it last frees it.

use std::sync::Arc;

#[cfg(feature = "snapshot")]
use super::entry::Entry;
use super::stripe::Space;

/// The keys of one database in one stripe, as they were.
#[derive(Debug)]
pub(crate) struct Detached {
    pub(super) space: Space,
    /// The stamp of all its entries, if they have the same (see `cut.rs`).
    #[cfg_attr(
        not(feature = "snapshot"),
        expect(dead_code, reason = "snapshots alone look at it")
    )]
    pub(super) stamp: Option<u8>,
}

impl Detached {
    /// What is only to be freed.
    pub(super) fn of(space: Space) -> Arc<Detached> {
        Arc::new(Detached { space, stamp: None })
    }

    /// What was there while `stamp` was the engine's.
    pub(super) fn stamped(space: Space, stamp: u8) -> Detached {
        #[cfg(feature = "snapshot")]
        let stamp = space.walk.is_none().then_some(stamp);
        #[cfg(not(feature = "snapshot"))]
        let stamp = Some(stamp);
        Detached { space, stamp }
    }
}

#[cfg(feature = "snapshot")]
impl Detached {
    /// Whether a cut was being walked that has not shown all of it.
    pub(crate) fn is_unseen(&self) -> bool {
        self.space.walk.is_some()
    }

    /// Every entry.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.space.table.iter(Entry::prefetch)
    }
}
