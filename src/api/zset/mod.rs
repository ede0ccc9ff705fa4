//! Sorted sets.

mod add;
mod block;
mod combine;
mod pages;
mod range;
mod read;
mod remove;

pub use add::{ZAddOptions, ZAddOutcome};
pub(crate) use block::ZPopWant;
pub use combine::{Aggregate, ZCombine};
pub(crate) use combine::{Combined, Operation, ZSource};
pub use range::{LexRange, RankRange, ScoreRange, ZRange};
pub(crate) use range::{Limit, Selection};
pub(crate) use read::Picks;
pub(crate) use remove::Popped;
pub use remove::ZEnd;

use crate::error::Result;
use crate::keyspace::{Key, Tx};
use crate::value::zset::ZSetRef;

impl Tx<'_> {
    /// The sorted set under a key; a hit or a miss.
    #[inline]
    pub(crate) fn zset(&self, key: Key<'_>) -> Result<Option<ZSetRef<'_>>> {
        self.read(key)?.map(|entry| entry.view()).transpose()
    }

    /// The sorted set under a key, looked at before it is changed, or once more.
    #[inline]
    pub(crate) fn peek_zset(&self, key: Key<'_>) -> Result<Option<ZSetRef<'_>>> {
        self.peek(key)?.map(|entry| entry.view()).transpose()
    }
}
