//! Streams: entries, in the order of their ids, and the groups that read them.

mod add;
mod block;
mod budget;
mod claim;
mod consume;
mod group;
mod handle;
mod idempotency;
mod info;
mod nack;
mod read;
mod remove;

use bytes::Bytes;

pub(crate) use self::add::{AddArgs, Named, NewId};
pub use self::add::{XAddOptions, XTrim};
pub use self::block::ReadFrom;
pub(crate) use self::block::{GroupRead, GroupWant, Read, ReadWant};
pub(crate) use self::budget::Budget;
pub use self::budget::ReadLimit;
pub(crate) use self::claim::{AutoClaimArgs, ClaimArgs};
pub use self::claim::{AutoClaimed, ClaimOptions};
pub(crate) use self::consume::{Delivered, ReadArgs, Source};
pub use self::consume::{GroupReadOptions, Redelivered};
pub(crate) use self::group::Start;
pub use self::handle::ConsumerGroup;
pub use self::idempotency::{IdempotencyInfo, XCfgSet};
pub use self::info::{ConsumerInfo, GroupInfo, PendingEntry, PendingSummary, StreamInfo};
pub use self::nack::Nack;
pub(crate) use self::nack::NackMode;
pub use self::read::StreamEntries;
pub use self::remove::DeleteOutcome;
use crate::config::EncodingLimit;
use crate::ds::stream_log::{BlockLimits, Entry, StreamId};
use crate::error::Result;
use crate::keyspace::{Key, Tx};
use crate::value::stream::StreamRef;

/// An entry of a stream.
///
/// ```
/// let db = danio::Db::in_memory();
/// let id = db.xadd("events", [("type", "login"), ("user", "ann")])?;
/// let entries = db.xrange("events", ..)?;
/// assert_eq!(entries[0].id, id);
/// assert_eq!(entries[0].get("user").map(|user| &user[..]), Some(&b"ann"[..]));
/// # Ok::<(), danio::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StreamEntry {
    /// Its id.
    pub id: StreamId,
    /// Its fields and values, in the order in which they were given.
    pub fields: Vec<(Bytes, Bytes)>,
}

impl StreamEntry {
    /// The value of the first field of this name.
    pub fn get(&self, field: impl AsRef<[u8]>) -> Option<&Bytes> {
        let found = self.fields.iter().find(|(name, _)| name == field.as_ref());
        found.map(|(_, value)| value)
    }
}

impl From<Entry<'_>> for StreamEntry {
    fn from(entry: Entry<'_>) -> StreamEntry {
        let owned = |item: crate::ds::packed::Item<'_>| Bytes::from(item.to_vec());
        let fields = entry.fields.map(|(field, value)| (owned(field), owned(value))).collect();
        StreamEntry { id: entry.id, fields }
    }
}

impl Tx<'_> {
    /// The stream under a key, if there is a key.
    pub(crate) fn stream(&self, key: Key<'_>) -> Result<Option<StreamRef<'_>>> {
        self.read(key)?.map(|entry| entry.view()).transpose()
    }

    /// The stream under a key, looked at before it is changed.
    pub(crate) fn peek_stream(&self, key: Key<'_>) -> Result<Option<StreamRef<'_>>> {
        self.peek(key)?.map(|entry| entry.view()).transpose()
    }

    fn block_limits(&self) -> BlockLimits {
        let limits = &self.keyspace().settings.limits;
        BlockLimits {
            bytes: limits.size(EncodingLimit::StreamNodeMaxBytes),
            entries: limits.size(EncodingLimit::StreamNodeMaxEntries),
        }
    }
}

/// The text of ids, to be words of a command.
fn id_words(ids: &[StreamId]) -> Vec<String> {
    ids.iter().map(StreamId::to_string).collect()
}
