//! XGROUP: making, setting and removing groups and consumers.

use crate::ds::stream_log::StreamId;
use crate::error::{Error, Result};
use crate::keyspace::event::{
    XGROUP_CREATE, XGROUP_CREATECONSUMER, XGROUP_DELCONSUMER, XGROUP_DESTROY, XGROUP_SETID,
};
use crate::keyspace::{Key, Tx};
use crate::value::stream::{Group, Stream};

/// Where a group starts to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// `$`: after the stream's last id.
    End,
    After(StreamId),
}

const NO_STREAM: &str = "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to \
     use the MKSTREAM option to create an empty stream automatically.";

impl Tx<'_> {
    /// Makes a consumer group (`XGROUP CREATE`), with `make` also the stream.
    pub(crate) fn xgroup_create(
        &mut self,
        key: Key<'_>,
        group: &[u8],
        start: Start,
        make: bool,
        entries_read: Option<i64>,
    ) -> Result<()> {
        self.check_length(group.len())?;
        self.change(key, |slot| {
            if slot.entry().is_none() && !make {
                return Err(Error::reply(NO_STREAM));
            }
            let id = slot.edit::<Stream, _>(|stream| {
                let stream = stream.make();
                let id = match start {
                    Start::End => stream.position().last_id,
                    Start::After(id) => id,
                };
                if !stream.add_group(group, Group::new(id, entries_read)) {
                    return Err(Error::reply("BUSYGROUP Consumer Group name already exists"));
                }
                Ok(id)
            })?;
            slot.hide_from_watch();
            Ok(slot.changed((), &[XGROUP_CREATE], |effect| {
                let (id, read) = (id.to_string(), entries_read.unwrap_or(-1).to_string());
                let words: [&[u8]; 8] = [
                    b"XGROUP",
                    b"CREATE",
                    key.bytes,
                    group,
                    id.as_bytes(),
                    b"MKSTREAM",
                    b"ENTRIESREAD",
                    read.as_bytes(),
                ];
                effect.command(&words);
            }))
        })
    }

    /// Sets where a group goes on reading (`XGROUP SETID`).
    pub(crate) fn xgroup_setid(
        &mut self,
        key: Key<'_>,
        group: &[u8],
        start: Start,
        entries_read: Option<i64>,
    ) -> Result<()> {
        self.check_group(key, group)?;
        self.change(key, |slot| {
            let id = slot.edit::<Stream, _>(|stream| {
                let set = stream.make().edit_group(group, |group, _, position| {
                    group.last_id = match start {
                        Start::End => position.last_id,
                        Start::After(id) => id,
                    };
                    group.entries_read = entries_read;
                    group.last_id
                });
                Ok(set.expect("checked"))
            })?;
            slot.hide_from_watch();
            Ok(slot.changed((), &[XGROUP_SETID], |effect| {
                effect.command(&set_id_words(key, group, &id.to_string(), &read_word(entries_read)))
            }))
        })
    }

    /// Removes a group (`XGROUP DESTROY`). Returns whether there was one.
    pub(crate) fn xgroup_destroy(&mut self, key: Key<'_>, group: &[u8]) -> Result<bool> {
        if self.peek_stream(key)?.is_none() {
            return Err(Error::reply(NO_STREAM));
        }
        self.change(key, |slot| {
            if !slot.edit::<Stream, _>(|stream| Ok(stream.make().remove_group(group)))? {
                return Ok(slot.unchanged(false));
            }
            slot.hide_from_watch();
            Ok(slot.changed(true, &[XGROUP_DESTROY], |effect| {
                effect.command(&[b"XGROUP", b"DESTROY", key.bytes, group])
            }))
        })
    }

    /// Makes a consumer (`XGROUP CREATECONSUMER`). Returns false if there is one of that name.
    pub(crate) fn xgroup_create_consumer(
        &mut self,
        key: Key<'_>,
        group: &[u8],
        consumer: &[u8],
    ) -> Result<bool> {
        self.check_length(consumer.len())?;
        self.check_group(key, group)?;
        let now = self.now();
        self.change(key, |slot| {
            let made = slot.edit::<Stream, _>(|stream| {
                let stream = stream.make();
                let made =
                    stream.edit_group(group, |group, _, _| group.ensure_consumer(consumer, now).1);
                Ok(made.expect("checked"))
            })?;
            if !made {
                return Ok(slot.unchanged(false));
            }
            slot.hide_from_watch();
            Ok(slot.changed(true, &[XGROUP_CREATECONSUMER], |effect| {
                effect.command(&create_consumer_words(key, group, consumer))
            }))
        })
    }

    /// Removes a consumer with what is pending for it (`XGROUP DELCONSUMER`). Returns how much that
    /// was.
    pub(crate) fn xgroup_delete_consumer(
        &mut self,
        key: Key<'_>,
        group: &[u8],
        consumer: &[u8],
    ) -> Result<usize> {
        self.check_group(key, group)?;
        self.change(key, |slot| {
            let removed = slot.edit::<Stream, _>(|stream| {
                let edit = |group: &mut Group, _: &_, _: &_| group.remove_consumer(consumer);
                Ok(stream.make().edit_group(group, edit).expect("checked"))
            })?;
            let Some(pending) = removed else { return Ok(slot.unchanged(0)) };
            slot.hide_from_watch();
            Ok(slot.changed(pending, &[XGROUP_DELCONSUMER], |effect| {
                effect.command(&[b"XGROUP", b"DELCONSUMER", key.bytes, group, consumer])
            }))
        })
    }

    /// # Errors
    /// Redis's words, if there is no such group.
    pub(crate) fn check_group(&self, key: Key<'_>, group: &[u8]) -> Result<()> {
        let stream = self.peek_stream(key)?.ok_or(Error::reply(NO_STREAM))?;
        match stream.group(group) {
            Some(_) => Ok(()),
            None => Err(Error::no_group_of_key(key.bytes, group)),
        }
    }
}

pub(super) fn read_word(entries_read: Option<i64>) -> String {
    entries_read.unwrap_or(-1).to_string()
}

pub(super) fn set_id_words<'w>(
    key: Key<'w>,
    group: &'w [u8],
    id: &'w str,
    read: &'w str,
) -> [&'w [u8]; 7] {
    [b"XGROUP", b"SETID", key.bytes, group, id.as_bytes(), b"ENTRIESREAD", read.as_bytes()]
}

pub(super) fn create_consumer_words<'w>(
    key: Key<'w>,
    group: &'w [u8],
    consumer: &'w [u8],
) -> [&'w [u8]; 5] {
    [b"XGROUP", b"CREATECONSUMER", key.bytes, group, consumer]
}
