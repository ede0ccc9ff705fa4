//! Streams that are put together from what a snapshot holds.

use super::{BigStream, Position};
use crate::ds::stream_log::{BlockLimits, StreamId};

impl BigStream {
    /// Adds an entry behind the others.
    pub(crate) fn load_entry<'f>(
        &mut self,
        id: StreamId,
        fields: impl ExactSizeIterator<Item = (&'f [u8], &'f [u8])> + Clone,
        limits: BlockLimits,
    ) {
        self.log.append(id, fields, limits);
    }

    /// Marks an entry as one that was deleted.
    pub(crate) fn load_deletion(&mut self, id: StreamId) {
        self.log.delete(id);
    }

    /// Sets what is known of the ids, when all entries are there.
    pub(crate) fn load_position(&mut self, position: Position) {
        debug_assert_eq!(position.len, self.len());
        self.position = position;
    }
}
