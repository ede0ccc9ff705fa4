//! Where all waits of an engine begin.

use std::sync::Arc;

use smallvec::SmallVec;

use super::ticket::Ticket;
use super::timer::Timers;
use super::want::{Tried, Want};
use crate::clock::Millis;
use crate::error::Result;
use crate::keyspace::{Access, Key, Keyspace, Tx};

/// The waits of one engine.
#[derive(Debug)]
pub(crate) struct WaitingRoom {
    pub(super) keyspace: Arc<Keyspace>,
    pub(super) timers: Timers,
}

/// What became of a want.
#[derive(Debug)]
pub(crate) enum Entered<W: Want> {
    /// It was had at once.
    Now(W, W::Out),
    /// It has to be waited for.
    Waits(Ticket<W>),
}

impl WaitingRoom {
    pub(crate) fn new(keyspace: Arc<Keyspace>) -> Arc<WaitingRoom> {
        let timers = Timers::new(&keyspace.clock);
        Arc::new(WaitingRoom { keyspace, timers })
    }

    /// Tries what is wanted, and stands in line if there is nothing for it.
    ///
    /// # Errors
    /// What the operation says, and `OutOfMemory` for one that may need memory.
    pub(crate) fn enter<W: Want>(self: &Arc<Self>, db: u32, mut want: W) -> Result<Entered<W>> {
        let mut tx = self.begin(db, &want)?;
        let had = attempt(&mut want, &mut tx)?;
        let waits = match had {
            Some(out) => {
                drop(tx);
                return Ok(Entered::Now(want, out));
            }
            None => self.stand_in_line(&mut tx, want)?,
        };
        Ok(Entered::Waits(waits))
    }

    /// Tries what is wanted, and does not wait.
    ///
    /// # Errors
    /// As [`enter`](WaitingRoom::enter).
    pub(crate) fn attempt<W: Want>(&self, db: u32, mut want: W) -> Result<Option<(W, W::Out)>> {
        let mut tx = self.begin(db, &want)?;
        let had = attempt(&mut want, &mut tx)?;
        drop(tx);
        Ok(had.map(|out| (want, out)))
    }

    /// Begins a transaction that what is wanted can be tried in.
    ///
    /// # Errors
    /// Why it may not be.
    pub(super) fn begin<W: Want>(&self, db: u32, want: &W) -> Result<Tx<'_>> {
        if want.changes() {
            self.keyspace.settings.gate.check()?;
        }
        if want.grows() {
            self.keyspace.make_room()?;
        }
        Ok(self.keyspace.begin_many(db, &keys(want), Access::Exclusive))
    }

    /// Until when clients are paused (`CLIENT PAUSE`), if they are.
    pub(super) fn pause_ends(&self) -> Option<Millis> {
        let end = self.keyspace.evictions.paused_until();
        (self.keyspace.clock.now() < end).then_some(end)
    }

    /// Has those try again whose time came in a pause that was ended early. On a clock that is moved by hand this
    /// thread does so, unless it is `inside` of EXEC and holds stripes: then whoever moves the clock next.
    pub(crate) fn go_on(&self, inside: bool) {
        self.timers.try_all();
        if !inside {
            self.timers.catch_up();
        }
    }

    /// Has what is wanted waited for from now on; `tx` has tried it in vain.
    ///
    /// # Errors
    /// `UndeclaredKey` if `tx` does not hold the keys exclusively.
    pub(crate) fn stand_in_line<W: Want>(
        self: &Arc<Self>,
        tx: &mut Tx<'_>,
        want: W,
    ) -> Result<Ticket<W>> {
        Ticket::draw(self.clone(), tx, want)
    }
}

/// All keys of a want.
pub(super) fn keys<W: Want>(want: &W) -> SmallVec<[Key<'_>; 4]> {
    want.keys().iter().map(|key| key.get()).chain(want.reach()).collect()
}

fn attempt<W: Want>(want: &mut W, tx: &mut Tx<'_>) -> Result<Option<W::Out>> {
    want.prepare(tx)?;
    let all: Tried = (0..want.keys().len()).collect();
    want.attempt(tx, &all)
}
