//! What a wait was given at once, as whoever waits holds it.

use std::fmt;
use std::sync::Arc;

use super::room::{WaitingRoom, keys};
use super::want::Want;
use crate::keyspace::Access;

/// What was wanted, done, and nobody has taken yet. Dropping it puts it back.
pub(crate) struct Got<W: Want> {
    room: Arc<WaitingRoom>,
    db: u32,
    /// Shared with who puts it back.
    want: Arc<W>,
    /// Nothing once it is taken.
    out: Option<W::Out>,
}

impl<W: Want> Got<W> {
    pub(crate) fn new(room: &Arc<WaitingRoom>, db: u32, want: W, out: W::Out) -> Got<W> {
        Got { room: room.clone(), db, want: Arc::new(want), out: Some(out) }
    }

    /// Takes it and gives it to `show`; nothing if it was taken before.
    pub(crate) fn take<T>(&mut self, show: impl FnOnce(&W, W::Out) -> T) -> Option<T> {
        self.out.take().map(|out| show(&self.want, out))
    }
}

impl<W: Want> Drop for Got<W> {
    fn drop(&mut self) {
        let Some(out) = self.out.take() else { return };
        let (db, want) = (self.db, self.want.clone());
        self.room.keyspace.do_outside(move |keyspace| {
            let mut tx = keyspace.begin_many(db, &keys(&*want), Access::Exclusive);
            want.put_back(&mut tx, out);
        });
    }
}

impl<W: Want> fmt::Debug for Got<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Got").field("want", &self.want).finish_non_exhaustive()
    }
}
