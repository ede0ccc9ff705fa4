//! Waiting until what was written is on disk, by the syncs that are made anyway (`WAITAOF`).

#[cfg(feature = "aof")]
use std::sync::{Arc, Weak};

use super::Engine;
use crate::blocking::{Ticket, Word};
use crate::error::{Error, Result};
#[cfg(feature = "aof")]
use crate::{
    blocking::Cancel,
    config::AppendFsync,
    journal::{Place, Woken},
    persist::aof::Aof,
};

/// A wait that is over when a position is on disk, however often the disk fails before; or when nothing is to be kept on
/// disk any more, or its time is over, or somebody ends it. Which of those it was is asked afterwards.
#[derive(Debug)]
pub(crate) struct Vigil {
    pub(crate) ticket: Ticket<Word>,
    #[cfg(feature = "aof")]
    _seat: Option<Seat>,
}

impl Vigil {
    /// Begins it, up to a position; nothing on disk ends it if there is none. No stripe is held, and none is needed.
    ///
    /// # Errors
    /// None: it has no keys.
    pub(crate) fn begin(engine: &Engine, up_to: Option<u64>) -> Result<Vigil> {
        let mut tx = engine.keyspace().begin_none(0);
        let ticket = engine.waiting_room().stand_in_line(&mut tx, Word)?;
        drop(tx);
        #[cfg(feature = "aof")]
        let _seat = up_to.and_then(|up_to| Seat::take(engine, up_to, &ticket));
        #[cfg(not(feature = "aof"))]
        let _ = up_to;
        Ok(Vigil {
            ticket,
            #[cfg(feature = "aof")]
            _seat,
        })
    }
}

/// Its place among those whom the journal tells.
#[cfg(feature = "aof")]
#[derive(Debug)]
struct Seat {
    aof: Arc<Aof>,
    place: Place,
}

#[cfg(feature = "aof")]
impl Seat {
    /// Has the wait ended when all up to a position is on disk, or never will be. It is ended at once if that is known.
    fn take(engine: &Engine, up_to: u64, ticket: &Ticket<Word>) -> Option<Seat> {
        let (aof, ends) = (engine.aof().clone(), Ends(ticket.canceller()));
        let woken: Arc<dyn Woken> = Arc::new(ends);
        let place = aof.journal.wait_on(up_to, &woken);
        // In this order: whoever is seated is told when the file is turned off.
        if place.is_none() || !aof.is_wanted() {
            woken.wake();
        } else if aof.settings.fsync() == AppendFsync::Always {
            aof.journal.nudge();
        }
        Some(Seat { place: place?, aof })
    }
}

#[cfg(feature = "aof")]
impl Drop for Seat {
    fn drop(&mut self) {
        self.aof.journal.leave(self.place);
    }
}

/// Ends a wait.
#[cfg(feature = "aof")]
struct Ends(Weak<dyn Cancel>);

#[cfg(feature = "aof")]
impl Woken for Ends {
    fn wake(&self) {
        if let Some(wait) = self.0.upgrade() {
            wait.cancel(Ok(()));
        }
    }
}

#[cfg(feature = "aof")]
impl std::fmt::Debug for Ends {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ends")
    }
}

impl Engine {
    /// Whether all up to a position of the journal is on disk, and what the file goes on from.
    pub(crate) fn holds(&self, up_to: u64) -> bool {
        #[cfg(feature = "aof")]
        return self.aof().journal.holds(up_to);
        #[cfg(not(feature = "aof"))]
        {
            let _ = up_to;
            false
        }
    }

    /// Makes sure that changes are kept in a file, or are to be.
    ///
    /// # Errors
    /// Redis's words for a WAITAOF that nothing could end.
    pub(crate) fn check_kept(&self) -> Result<()> {
        #[cfg(feature = "aof")]
        if self.aof().is_wanted() {
            return Ok(());
        }
        Err(Error::reply(
            "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.",
        ))
    }
}
