//! What streams remember of producers: XCFGSET, XIDMPRECORD.

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::api::{Db, Scope};
use crate::ds::stream_log::StreamId;
use crate::error::{Error, Result};
use crate::keyspace::{Key, Tx};
use crate::value::stream::{Idempotency, Memory, Stream};

/// The most seconds that a stream remembers a message.
pub(crate) const MAX_DURATION: i64 = 86_400;
/// The most messages of one producer that a stream remembers.
pub(crate) const MAX_SIZE: i64 = 10_000;

/// How much a stream remembers of the messages that producers have added under a name
/// ([`XAddOptions::idmp`](crate::XAddOptions::idmp)).
///
/// ```
/// use std::time::Duration;
/// use danio::{Db, XCfgSet};
///
/// let db = Db::in_memory();
/// db.xadd("payments", [("amount", "10")])?;
/// db.xcfg_set("payments", XCfgSet::new().duration(Duration::from_secs(300)).max_size(1000))?;
/// let remembered = db.xinfo("payments")?.expect("a stream").idempotency.expect("it was set");
/// assert_eq!((remembered.duration.as_secs(), remembered.max_size), (300, 1000));
/// # Ok::<(), danio::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct XCfgSet {
    duration: Option<i64>,
    max_size: Option<i64>,
}

impl XCfgSet {
    /// Leaves everything as it is.
    pub fn new() -> XCfgSet {
        XCfgSet::default()
    }

    /// Remembers a message so long (`IDMP-DURATION`): whole seconds, 1 to 86,400.
    pub fn duration(self, duration: Duration) -> XCfgSet {
        self.seconds(i64::try_from(duration.as_secs()).unwrap_or(i64::MAX))
    }

    /// Remembers so many messages of each producer (`IDMP-MAXSIZE`): 1 to 10,000.
    pub fn max_size(self, messages: usize) -> XCfgSet {
        self.size(i64::try_from(messages).unwrap_or(i64::MAX))
    }

    pub(crate) fn seconds(mut self, seconds: i64) -> XCfgSet {
        self.duration = Some(seconds);
        self
    }

    pub(crate) fn size(mut self, messages: i64) -> XCfgSet {
        self.max_size = Some(messages);
        self
    }

    /// The settings, with what they are now for what is left as it is.
    fn over(self, now: Memory) -> Result<Memory> {
        let within = |name, value: Option<i64>, most, now| match value {
            None => Ok(now),
            Some(value) if (1..=most).contains(&value) => Ok(value as u32),
            Some(_) => Err(Error::reply(format!("ERR {name} must be between 1 and {most}"))),
        };
        if self == XCfgSet::default() {
            return Err(Error::reply("ERR At least one parameter must be specified"));
        }
        Ok(Memory {
            duration: within("IDMP-DURATION", self.duration, MAX_DURATION, now.duration)?,
            max_size: within("IDMP-MAXSIZE", self.max_size, MAX_SIZE, now.max_size)?,
        })
    }
}

/// What a stream remembers of producers (`XINFO STREAM`).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct IdempotencyInfo {
    /// For how long a message is remembered.
    pub duration: Duration,
    /// How many messages of each producer are.
    pub max_size: usize,
    /// How many producers are remembered.
    pub producers: usize,
    /// How many messages of all producers are.
    pub messages: usize,
    /// How many messages were added under a name, ever.
    pub added: u64,
    /// How many were not added since they had been before, ever.
    pub duplicates: u64,
}

impl IdempotencyInfo {
    pub(crate) fn of(seen: &Idempotency, tx: &Tx<'_>) -> IdempotencyInfo {
        let (producers, messages) = seen.counts(tx.now());
        IdempotencyInfo {
            duration: Duration::from_secs(seen.memory.duration.into()),
            max_size: seen.memory.max_size as usize,
            producers,
            messages,
            added: seen.added,
            duplicates: seen.duplicates,
        }
    }
}

impl Tx<'_> {
    /// What a stream remembers unless it was told.
    pub(super) fn usual_memory(&self) -> Memory {
        let settings = &self.keyspace().settings;
        Memory {
            duration: settings.stream_idmp_duration.load(Ordering::Relaxed),
            max_size: settings.stream_idmp_maxsize.load(Ordering::Relaxed),
        }
    }

    /// Sets how much a stream remembers of producers (`XCFGSET`). What it remembers goes if that is
    /// something else than before.
    pub(crate) fn xcfgset(&mut self, key: Key<'_>, set: XCfgSet) -> Result<()> {
        let usual = self.usual_memory();
        self.change(key, |slot| {
            if slot.entry().is_none() {
                return Err(Error::NoSuchKey);
            }
            let memory = slot.edit::<Stream, _>(|stream| {
                let stream = stream.make();
                let now = stream.idempotency().map_or(usual, |seen| seen.memory);
                let memory = set.over(now)?;
                stream.idempotency_mut(usual).set_memory(memory);
                Ok(memory)
            })?;
            Ok(slot.changed((), &[], |effect| {
                let (seconds, size) = (memory.duration.to_string(), memory.max_size.to_string());
                let duration = [&b"IDMP-DURATION"[..], seconds.as_bytes()];
                let max_size = [&b"IDMP-MAXSIZE"[..], size.as_bytes()];
                let words = duration.into_iter().chain(max_size);
                effect.command_of(&[b"XCFGSET", key.bytes], words);
            }))
        })
    }

    /// Notes which entry a producer's message became (`XIDMPRECORD`).
    pub(crate) fn xidmprecord(
        &mut self,
        key: Key<'_>,
        producer: &[u8],
        name: &[u8],
        id: StreamId,
    ) -> Result<()> {
        let (now, usual) = (self.now(), self.usual_memory());
        self.change(key, |slot| {
            if slot.entry().is_none() {
                return Err(Error::NoSuchKey);
            }
            let known = slot.edit::<Stream, _>(|stream| {
                let stream = stream.make();
                if producer.is_empty() || name.is_empty() {
                    return Err(Error::reply(
                        "ERR XIDMPRECORD requires a non-empty producer ID and idempotent ID",
                    ));
                }
                if !stream.log().contains(id) {
                    return Err(Error::reply("ERR The stream has no entry of this ID"));
                }
                let seen = stream.idempotency_mut(usual);
                match seen.find(producer, name, now) {
                    Some(known) if known == id => Ok(true),
                    Some(_) => Err(Error::reply(
                        "ERR The idempotent ID is that of another entry of the stream",
                    )),
                    None => {
                        seen.add(producer, name, id, now);
                        Ok(false)
                    }
                }
            })?;
            if known {
                return Ok(slot.same(()));
            }
            Ok(slot.changed((), &[], |effect| {
                let id = id.to_string();
                effect.command(&[b"XIDMPRECORD", key.bytes, producer, name, id.as_bytes()]);
            }))
        })
    }
}

impl<S: Scope> Db<S> {
    /// Sets how much a stream remembers of the messages that producers add under a name (`XCFGSET`, O(what is
    /// remembered) if that changes, locks one stripe). What it remembers goes if that is something else than before.
    ///
    /// # Errors
    /// [`Error::WrongType`] if `key` holds no stream; [`Error::NoSuchKey`] if there is none; [`Error::Reply`] if
    /// nothing is set, or something beyond its range.
    ///
    /// ```
    /// use danio::{Db, XAddOptions, XCfgSet};
    ///
    /// let db = Db::in_memory();
    /// let named = |name| XAddOptions::new().idmp("p", name);
    /// let first = db.xadd_with("log", [("n", "1")], named("a"))?;
    /// db.xcfg_set("log", XCfgSet::new().max_size(1))?;
    /// assert_ne!(db.xadd_with("log", [("n", "1")], named("a"))?, first, "all was forgotten");
    /// assert!(db.xcfg_set("log", XCfgSet::new().max_size(0)).is_err());
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn xcfg_set(&self, key: impl AsRef<[u8]>, set: XCfgSet) -> Result<()> {
        self.write(key.as_ref(), |tx, key| tx.xcfgset(key, set))
    }
}
