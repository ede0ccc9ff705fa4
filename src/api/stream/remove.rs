//! XDEL, XDELEX, XTRIM, XSETID.

use super::{XTrim, id_words};
use crate::api::{Db, Scope};
use crate::ds::stream_log::StreamId;
use crate::error::{Error, Result};
use crate::keyspace::event::{XDEL, XSETID, XTRIM};
use crate::keyspace::{Key, Tx};
use crate::value::stream::{Deletion, References, Stream, Trim, Trimmed};

/// What [`Db::xdel_acknowledged`] did about one id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeleteOutcome {
    /// There was no such entry.
    Missing,
    /// The entry is gone.
    Deleted,
    /// A group still needs the entry, so it is there; or it was deleted before and a group has it pending still.
    Kept,
}

impl From<Deletion> for DeleteOutcome {
    fn from(deletion: Deletion) -> DeleteOutcome {
        match deletion {
            Deletion::Missing => DeleteOutcome::Missing,
            Deletion::Deleted => DeleteOutcome::Deleted,
            Deletion::Kept => DeleteOutcome::Kept,
        }
    }
}

impl Tx<'_> {
    /// Deletes entries (`XDEL`, `XDELEX`). Returns what came of each.
    pub(crate) fn xdel(
        &mut self,
        key: Key<'_>,
        ids: &[StreamId],
        references: References,
    ) -> Result<Vec<Deletion>> {
        self.change(key, |slot| {
            if slot.entry().is_none() {
                return Ok(slot.unchanged(vec![Deletion::Missing; ids.len()]));
            }
            let (outcomes, gone) = slot.edit::<Stream, _>(|stream| {
                let stream = stream.make();
                let mut gone = Vec::new();
                let delete = ids.iter().map(|id| {
                    let pending = references == References::Delete && stream.is_pending(*id);
                    let outcome = stream.delete(*id, references);
                    if pending || outcome == Deletion::Deleted {
                        gone.push(*id);
                    }
                    outcome
                });
                let outcomes: Vec<Deletion> = delete.collect();
                Ok((outcomes, gone))
            })?;
            if gone.is_empty() {
                return Ok(slot.unchanged(outcomes));
            }
            slot.count_as(gone.len());
            let events = if outcomes.contains(&Deletion::Deleted) { &[XDEL][..] } else { &[] };
            Ok(slot.changed(outcomes, events, |effect| {
                let (texts, count) = (id_words(&gone), gone.len().to_string());
                let mut words: Vec<&[u8]> = match references {
                    References::Delete => {
                        vec![b"XDELEX", key.bytes, b"DELREF", b"IDS", count.as_bytes()]
                    }
                    _ => vec![b"XDEL", key.bytes],
                };
                words.extend(texts.iter().map(String::as_bytes));
                effect.command(&words);
            }))
        })
    }

    /// Deletes the oldest entries (`XTRIM`). Returns how many.
    pub(crate) fn xtrim(&mut self, key: Key<'_>, trim: &Trim) -> Result<usize> {
        self.change(key, |slot| {
            if slot.entry().is_none() {
                return Ok(slot.unchanged(0));
            }
            let (trimmed, len) = slot.edit::<Stream, _>(|stream| {
                let stream = stream.make();
                Ok((stream.trim(trim), stream.len()))
            })?;
            if trimmed.len() == 0 {
                return Ok(slot.unchanged(0));
            }
            slot.count_as(trimmed.len());
            Ok(slot.changed(trimmed.len(), &[XTRIM], |effect| {
                let len = len.to_string();
                let (texts, mut words): (_, Vec<&[u8]>) = match &trimmed {
                    Trimmed::Oldest(_) => {
                        (vec![], vec![b"XTRIM", key.bytes, b"MAXLEN", b"=", len.as_bytes()])
                    }
                    Trimmed::Some(ids) => (id_words(ids), vec![b"XDEL", key.bytes]),
                };
                if texts.is_empty() && trim.references == References::Delete {
                    words.extend(trim.references.word());
                }
                words.extend(texts.iter().map(String::as_bytes));
                effect.command(&words);
            }))
        })
    }

    /// Sets what a stream knows of its ids (`XSETID`).
    pub(crate) fn xsetid(
        &mut self,
        key: Key<'_>,
        last_id: StreamId,
        entries_added: Option<i64>,
        max_deleted: Option<StreamId>,
    ) -> Result<()> {
        self.change(key, |slot| {
            if slot.entry().is_none() {
                return Err(Error::NoSuchKey);
            }
            slot.edit::<Stream, _>(|stream| {
                let stream = stream.make();
                if last_id < stream.position().max_deleted {
                    return Err(Error::reply(
                        "ERR The ID specified in XSETID is smaller than current max_deleted_entry_id",
                    ));
                }
                if stream.log().last_id().is_some_and(|top| last_id < top) {
                    return Err(Error::reply(
                        "ERR The ID specified in XSETID is smaller than the target stream top item",
                    ));
                }
                let len = i64::try_from(stream.len()).unwrap_or(i64::MAX);
                if entries_added.is_some_and(|added| len > 0 && added < len) {
                    return Err(Error::reply(
                        "ERR The entries_added specified in XSETID is smaller than the target stream length",
                    ));
                }
                stream.set_position(last_id, entries_added, max_deleted);
                Ok(())
            })?;
            slot.hide_from_watch();
            Ok(slot.changed((), &[XSETID], |effect| {
                let id = last_id.to_string();
                let added = entries_added.map(|added| added.to_string());
                let deleted = max_deleted.map(|id| id.to_string());
                let mut words: Vec<&[u8]> = vec![b"XSETID", key.bytes, id.as_bytes()];
                if let Some(added) = &added {
                    words.extend([&b"ENTRIESADDED"[..], added.as_bytes()]);
                }
                if let Some(deleted) = &deleted {
                    words.extend([&b"MAXDELETEDID"[..], deleted.as_bytes()]);
                }
                effect.command(&words);
            }))
        })
    }
}

impl<S: Scope> Db<S> {
    /// Deletes entries of a stream; what is pending in groups stays pending (`XDEL`, O(log n) an id, locks one
    /// stripe). Returns how many there were.
    ///
    /// # Errors
    /// [`Error::WrongType`] if `key` holds no stream.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let id = db.xadd("log", [("n", "1")])?;
    /// assert_eq!(db.xdel("log", [id, id])?, 1);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn xdel(
        &self,
        key: impl AsRef<[u8]>,
        ids: impl IntoIterator<Item = StreamId>,
    ) -> Result<usize> {
        let ids: Vec<StreamId> = ids.into_iter().collect();
        let outcomes = self.write(key.as_ref(), |tx, key| tx.xdel(key, &ids, References::Keep))?;
        Ok(outcomes.iter().filter(|outcome| **outcome == Deletion::Deleted).count())
    }

    /// Deletes entries of a stream, and takes them off the pending ones of all groups (`XDELEX` with `DELREF`,
    /// O(log n) an id and group, locks one stripe). Returns how many entries there were.
    ///
    /// # Errors
    /// [`Error::WrongType`] if `key` holds no stream.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let group = db.consumer_group("jobs", "workers");
    /// group.create_from_start()?;
    /// let id = db.xadd("jobs", [("n", "1")])?;
    /// group.read("ann", 10)?;
    /// assert_eq!(db.xdel_with_references("jobs", [id])?, 1);
    /// assert_eq!(group.pending()?.count, 0);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn xdel_with_references(
        &self,
        key: impl AsRef<[u8]>,
        ids: impl IntoIterator<Item = StreamId>,
    ) -> Result<usize> {
        let ids: Vec<StreamId> = ids.into_iter().collect();
        let outcomes =
            self.write(key.as_ref(), |tx, key| tx.xdel(key, &ids, References::Delete))?;
        Ok(outcomes.iter().filter(|outcome| **outcome == Deletion::Deleted).count())
    }

    /// Deletes entries of a stream that every group has read and acknowledged; without groups, none (`XDELEX`
    /// with `ACKED`, O(log n) an id and group, locks one stripe). Returns what came of each.
    ///
    /// # Errors
    /// [`Error::WrongType`] if `key` holds no stream.
    ///
    /// ```
    /// use danio::{Db, DeleteOutcome};
    ///
    /// let db = Db::in_memory();
    /// let group = db.consumer_group("jobs", "workers");
    /// group.create_from_start()?;
    /// let id = db.xadd("jobs", [("n", "1")])?;
    /// assert_eq!(db.xdel_acknowledged("jobs", [id])?, [DeleteOutcome::Kept]);
    /// group.read("ann", 10)?;
    /// group.ack([id])?;
    /// assert_eq!(db.xdel_acknowledged("jobs", [id])?, [DeleteOutcome::Deleted]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn xdel_acknowledged(
        &self,
        key: impl AsRef<[u8]>,
        ids: impl IntoIterator<Item = StreamId>,
    ) -> Result<Vec<DeleteOutcome>> {
        let ids: Vec<StreamId> = ids.into_iter().collect();
        let outcomes = self.write(key.as_ref(), |tx, key| tx.xdel(key, &ids, References::Acked))?;
        Ok(outcomes.into_iter().map(DeleteOutcome::from).collect())
    }

    /// Deletes the oldest entries of a stream (`XTRIM`, O(entries deleted), next to nothing for whole blocks,
    /// locks one stripe). Returns how many.
    ///
    /// # Errors
    /// [`Error::WrongType`] if `key` holds no stream.
    ///
    /// ```
    /// use danio::{Db, XTrim};
    /// let db = Db::in_memory();
    /// let first = db.xadd("log", [("n", "1")])?;
    /// let second = db.xadd("log", [("n", "2")])?;
    /// assert_eq!(db.xtrim("log", XTrim::min_id(second))?, 1);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn xtrim(&self, key: impl AsRef<[u8]>, trim: XTrim) -> Result<usize> {
        self.write(key.as_ref(), |tx, key| tx.xtrim(key, trim.trim()))
    }

    /// Sets the id above which a stream's next entry has to be (`XSETID`, O(1), locks one stripe).
    ///
    /// # Errors
    /// [`Error::NoSuchKey`] if there is no stream; [`Error::WrongType`] if `key` holds none;
    /// [`Error::Reply`] if an entry has, or a deleted one had, a greater id.
    ///
    /// ```
    /// use danio::{Db, StreamId};
    /// let db = Db::in_memory();
    /// db.xadd("log", [("n", "1")])?;
    /// db.xset_id("log", StreamId::new(u64::MAX, 0))?;
    /// assert_eq!(db.xadd("log", [("n", "2")])?, StreamId::new(u64::MAX, 1));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn xset_id(&self, key: impl AsRef<[u8]>, last_id: StreamId) -> Result<()> {
        self.write(key.as_ref(), |tx, key| tx.xsetid(key, last_id, None, None))
    }
}
