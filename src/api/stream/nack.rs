//! XNACK: what consumers give back to their group.

use super::{ConsumerGroup, id_words};
use crate::api::Scope;
use crate::ds::stream_log::StreamId;
use crate::error::{Error, Result};
use crate::keyspace::{Effect, Key, Tx};
use crate::value::stream::{Pending, Stream};

/// What a delivery that was given back counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NackMode {
    /// None.
    Silent,
    /// One.
    Fail,
    /// The last: the entry counts as delivered as often as can be.
    Fatal,
}

/// How [`ConsumerGroup::nack`] gives entries back: why, and what is to be told of them.
#[derive(Debug, Clone, Copy)]
pub struct Nack {
    pub(crate) mode: NackMode,
    /// How often the entries count as delivered, whatever the mode.
    pub(crate) count: Option<i64>,
    /// Whether entries that are not pending become so.
    pub(crate) force: bool,
}

impl Nack {
    pub(crate) fn of(mode: NackMode) -> Nack {
        Nack { mode, count: None, force: false }
    }

    /// The delivery does not count, as if it had not been (`SILENT`): the consumer ends, or fails by itself.
    pub fn silent() -> Nack {
        Nack::of(NackMode::Silent)
    }

    /// The delivery counts (`FAIL`): the consumer could not do it, another may.
    pub fn fail() -> Nack {
        Nack::of(NackMode::Fail)
    }

    /// No delivery will do (`FATAL`): the entries count as delivered `i64::MAX` times from now on.
    pub fn fatal() -> Nack {
        Nack::of(NackMode::Fatal)
    }

    /// Lets the entries count as delivered so often (`RETRYCOUNT`).
    pub fn deliveries(mut self, count: u64) -> Nack {
        self.count = Some(i64::try_from(count).unwrap_or(i64::MAX));
        self
    }

    /// Makes entries of the stream pending with nobody that are not pending (`FORCE`), as delivered not once.
    pub fn force(mut self) -> Nack {
        self.force = true;
        self
    }

    /// How often an entry counts as delivered that was so often before.
    fn count(&self, before: i64) -> i64 {
        self.count.unwrap_or(match self.mode {
            NackMode::Silent => before.saturating_sub(1).max(0),
            NackMode::Fail => before,
            NackMode::Fatal => i64::MAX,
        })
    }
}

impl Tx<'_> {
    /// Takes pending entries from whoever has them, to be anybody's (`XNACK`). Returns how many were pending.
    pub(crate) fn xnack(
        &mut self,
        key: Key<'_>,
        group: &[u8],
        ids: &[StreamId],
        how: &Nack,
    ) -> Result<usize> {
        let missing = || Error::no_group(key.bytes, group, "");
        self.change(key, |slot| {
            if slot.entry().is_none() {
                return Err(missing());
            }
            let given_back = slot.edit::<Stream, _>(|stream| {
                let given_back = stream.make().edit_group(group, |group, log, _| {
                    let mut given_back = Vec::new();
                    for &id in ids {
                        let before = match group.pending().get(&id) {
                            Some(before) => before.count,
                            None if how.force && log.contains(id) => 0,
                            None => continue,
                        };
                        let pending = Pending::given_back(how.count(before));
                        group.assign(id, pending);
                        given_back.push((id, pending.count));
                    }
                    given_back
                });
                given_back.ok_or_else(missing)
            })?;
            if given_back.is_empty() {
                return Ok(slot.unchanged(0));
            }
            slot.hide_from_watch();
            slot.count_as(given_back.len());
            Ok(slot.changed(given_back.len(), &[], |effect| {
                nack_effect(effect, key, group, &given_back);
            }))
        })
    }
}

/// Writes what was given back as XNACK commands: one for a run of equal counts.
fn nack_effect(effect: &mut Effect<'_>, key: Key<'_>, group: &[u8], given: &[(StreamId, i64)]) {
    for run in given.chunk_by(|a, b| a.1 == b.1) {
        let ids: Vec<StreamId> = run.iter().map(|(id, _)| *id).collect();
        let (texts, len) = (id_words(&ids), ids.len().to_string());
        let count = run[0].1.to_string();
        let mut words: Vec<&[u8]> = vec![b"XNACK", key.bytes, group, b"FAIL", b"IDS"];
        words.push(len.as_bytes());
        words.extend(texts.iter().map(String::as_bytes));
        words.extend([&b"RETRYCOUNT"[..], count.as_bytes(), b"FORCE"]);
        effect.command(&words);
    }
}

impl<S: Scope> ConsumerGroup<S> {
    /// Gives pending entries back to the group, whoever has them: nobody has them then, and any consumer may claim
    /// them at once, those that were given back first before others and before what is idle (`XNACK` of Redis 8.8,
    /// O(log n) an id). Returns how many were pending. Who waits with [`claim_idle`](super::GroupReadOptions::claim_idle)
    /// is served.
    ///
    /// # Errors
    /// If there is no such group; see the [type](ConsumerGroup).
    ///
    /// ```
    /// use std::time::Duration;
    /// use danio::{Db, GroupReadOptions, Nack};
    ///
    /// let db = Db::in_memory();
    /// let group = db.consumer_group("jobs", "workers");
    /// group.create_from_end()?;
    /// let id = db.xadd("jobs", [("n", "1")])?;
    /// group.read("ann", 1)?;
    ///
    /// // Ann ends, and does not let others wait until she is known to have done so.
    /// assert_eq!(group.nack([id], Nack::silent())?, 1);
    /// assert_eq!(group.pending_range(.., 1)?[0].consumer, None);
    /// let claiming = GroupReadOptions::new().claim_idle(Duration::from_secs(3600));
    /// let read = group.read_with("bob", claiming)?;
    /// assert_eq!((read[0].entry.id, read[0].deliveries), (id, 0));
    ///
    /// // Nobody will ever do it.
    /// group.nack([id], Nack::fatal())?;
    /// assert_eq!(group.pending_range(.., 1)?[0].deliveries, i64::MAX as u64);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn nack(&self, ids: impl IntoIterator<Item = StreamId>, how: Nack) -> Result<usize> {
        let ids: Vec<StreamId> = ids.into_iter().collect();
        self.db().write(self.key(), |tx, key| tx.xnack(key, self.name(), &ids, &how))
    }
}
