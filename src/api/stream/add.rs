//! XADD, and how streams are trimmed.

use super::id_words;
use crate::api::{Db, Scope};
use crate::clock::Millis;
use crate::ds::stream_log::{Keep, StreamId};
use crate::error::{Error, Result};
use crate::keyspace::event::{XADD, XTRIM};
use crate::keyspace::{Key, Tx};
use crate::value::stream::{BigStream, References, Stream, Trim, Trimmed, name_of};

/// The most bytes that an entry's fields and values take together.
const MAX_ENTRY: usize = 1 << 30;

/// Which id a new entry gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum NewId {
    /// `*`: from the clock.
    #[default]
    Auto,
    /// `ms-*`: the next one of this millisecond.
    Within(u64),
    /// This one.
    Given(StreamId),
}

/// What a producer calls a message, so that it is not added again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Named<'a> {
    pub(crate) producer: &'a [u8],
    /// `None`: what follows from the fields and values.
    pub(crate) name: Option<&'a [u8]>,
}

/// All that XADD can be told.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct AddArgs<'a> {
    pub(crate) id: NewId,
    /// `NOMKSTREAM`: adds to a stream that is there, and makes none.
    pub(crate) only_existing: bool,
    pub(crate) trim: Option<Trim>,
    /// `IDMP`, `IDMPAUTO`.
    pub(crate) named: Option<Named<'a>>,
}

impl AddArgs<'_> {
    /// Refuses what does not go together, and producers and names that are none.
    pub(crate) fn check(&self) -> Result<()> {
        let Some(Named { producer, name }) = self.named else { return Ok(()) };
        let refusal = match (self.id, producer, name) {
            (NewId::Auto, [], Some(_)) => "ERR IDMP requires a non-empty producer ID",
            (NewId::Auto, [], None) => "ERR IDMPAUTO requires a non-empty producer ID",
            (NewId::Auto, _, Some([])) => "ERR IDMP requires a non-empty idempotent ID",
            (NewId::Auto, ..) => return Ok(()),
            _ => "ERR IDMP/IDMPAUTO can be used only with auto-generated IDs",
        };
        Err(Error::reply(refusal))
    }
}

/// What XADD came to.
enum Outcome {
    /// The message was there already, or had been.
    Known(StreamId),
    Added {
        id: StreamId,
        trimmed: Option<Trimmed>,
        len: usize,
        /// Whether the message has a name and its entry survived its own trim.
        stayed: bool,
    },
}

impl Tx<'_> {
    /// Adds an entry to a stream, and trims it if asked to (`XADD`). `None` if there is no stream and
    /// none is to be made.
    pub(crate) fn xadd<'f>(
        &mut self,
        key: Key<'_>,
        fields: impl ExactSizeIterator<Item = (&'f [u8], &'f [u8])> + Clone,
        args: &AddArgs<'_>,
    ) -> Result<Option<StreamId>> {
        let asked = args.id == NewId::Auto || args.named.is_some();
        let now = if asked { self.now() } else { Millis(0) };
        let (limits, memory) = (self.block_limits(), self.usual_memory());
        let made;
        let named = match args.named {
            Some(Named { producer, name: Some(name) }) => Some((producer, name)),
            Some(Named { producer, name: None }) => {
                made = name_of(fields.clone());
                Some((producer, &made[..]))
            }
            None => None,
        };
        let longer = |(a, b): (&[u8], &[u8])| a.len().max(b.len());
        let longest = fields.clone().map(longer).chain(named.map(longer)).max();
        self.check_length(longest.unwrap_or(0))?;
        self.change(key, |slot| {
            if args.only_existing && slot.entry().is_none() {
                return Ok(slot.unchanged(None));
            }
            let outcome = slot.edit::<Stream, _>(|stream| {
                let stream = stream.make();
                if let Some((producer, name)) = named
                    && let Some(id) = stream.known(producer, name, now)
                {
                    return Ok(Outcome::Known(id));
                }
                let auto = (args.id == NewId::Auto).then(|| stream.next_id(now));
                let id = choose(stream, args.id, auto)?;
                let size = fields.clone().map(|(f, v)| f.len().saturating_add(v.len()));
                if size.fold(0, usize::saturating_add) > MAX_ENTRY {
                    return Err(Error::reply("ERR Elements are too large to be stored"));
                }
                stream.add(id, fields.clone(), limits);
                if let Some((producer, name)) = named {
                    stream.idempotency_mut(memory).add(producer, name, id, now);
                }
                let trimmed = args.trim.as_ref().map(|trim| stream.trim(trim));
                let stayed = named.is_some() && stream.log().last_id() == Some(id);
                let len = stream.len();
                Ok(Outcome::Added { id, trimmed, len, stayed })
            })?;
            let (id, trimmed, len, stayed) = match outcome {
                Outcome::Known(id) => return Ok(slot.same(Some(id))),
                Outcome::Added { id, trimmed, len, stayed } => (id, trimmed, len, stayed),
            };
            let cut = trimmed.as_ref().is_some_and(|trimmed| trimmed.len() > 0);
            let events = if cut { &[XADD, XTRIM][..] } else { &[XADD] };
            Ok(slot.changed(Some(id), events, |effect| {
                let (id, len) = (id.to_string(), len.to_string());
                let mut words: Vec<&[u8]> = vec![b"XADD", key.bytes];
                if let Some(Trimmed::Oldest(1..)) = &trimmed {
                    words.extend([&b"MAXLEN"[..], b"=", len.as_bytes()]);
                    words.extend(args.trim.and_then(|trim| trim.references.word()));
                }
                words.push(id.as_bytes());
                words.extend(fields.flat_map(|(field, value)| [field, value]));
                effect.command(&words);
                if let Some(Trimmed::Some(ids)) = &trimmed {
                    let ids = id_words(ids);
                    let mut words: Vec<&[u8]> = vec![b"XDEL", key.bytes];
                    words.extend(ids.iter().map(String::as_bytes));
                    effect.command(&words);
                }
                if let Some((producer, name)) = named.filter(|_| stayed) {
                    effect.command(&[b"XIDMPRECORD", key.bytes, producer, name, id.as_bytes()]);
                }
            }))
        })
    }
}

/// The id that an entry gets; `auto` is that of the clock, if it is to be asked.
fn choose(stream: &BigStream, id: NewId, auto: Option<Option<StreamId>>) -> Result<StreamId> {
    let last = stream.position().last_id;
    if last == StreamId::MAX {
        return Err(Error::reply(
            "ERR The stream has exhausted the last possible ID, unable to add more items",
        ));
    }
    let id = match id {
        NewId::Auto => auto.flatten(),
        NewId::Within(ms) if ms == last.ms => last.next().filter(|id| id.ms == ms),
        NewId::Within(ms) => Some(StreamId::new(ms, 0)),
        NewId::Given(id) => Some(id),
    };
    id.filter(|id| *id > last).ok_or(Error::reply(
        "ERR The ID specified in XADD is equal or smaller than the target stream top item",
    ))
}

impl References {
    /// The word that asks for this, if it is not what happens anyway.
    pub(super) fn word(self) -> Option<&'static [u8]> {
        match self {
            References::Keep => None,
            References::Delete => Some(b"DELREF"),
            References::Acked => Some(b"ACKED"),
        }
    }
}

/// What is to be left of a stream that is trimmed; made by functions named after XTRIM's options.
///
/// ```
/// use danio::{Db, XTrim};
///
/// let db = Db::in_memory();
/// for i in 0..10 {
///     db.xadd("log", [("n", i.to_string())])?;
/// }
/// assert_eq!(db.xtrim("log", XTrim::max_len(4))?, 6);
/// assert_eq!(db.xlen("log")?, 4);
/// # Ok::<(), danio::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct XTrim(Trim);

impl XTrim {
    fn new(keep: Keep) -> XTrim {
        XTrim(Trim { keep, whole: false, limit: 0, references: References::Keep })
    }

    /// Leaves the newest entries, so many (`MAXLEN`).
    pub fn max_len(len: usize) -> XTrim {
        XTrim::new(Keep::Newest(len))
    }

    /// Leaves entries whose id is not below `id` (`MINID`).
    ///
    /// ```
    /// use danio::{Db, StreamId, XAddOptions, XTrim};
    ///
    /// // What is older than so many milliseconds.
    /// let db = Db::in_memory();
    /// for ms in [1_000, 2_000, 3_000] {
    ///     db.xadd_with("log", [("n", "1")], XAddOptions::new().millisecond(ms))?;
    /// }
    /// assert_eq!(db.xtrim("log", XTrim::min_id(StreamId::new(2_000, 0)))?, 1);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn min_id(id: StreamId) -> XTrim {
        XTrim::new(Keep::From(id))
    }

    /// Removes only what costs next to nothing: whole blocks of entries (`~`).
    ///
    /// ```
    /// use danio::{Db, XAddOptions, XTrim};
    ///
    /// // Some more than a thousand may be left, and adding an entry costs the same whether any goes.
    /// let db = Db::in_memory();
    /// let bounded = XAddOptions::new().trim(XTrim::max_len(1_000).approximately());
    /// for n in 0..2_000 {
    ///     db.xadd_with("log", [("n", n.to_string())], bounded)?;
    /// }
    /// assert!((1_000..1_200).contains(&db.xlen("log")?));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn approximately(mut self) -> XTrim {
        self.0.whole = true;
        self
    }

    /// Removes no more than so many entries, and only whole blocks of them (`LIMIT`); 0 is no limit.
    pub fn limit(mut self, entries: usize) -> XTrim {
        self.0.whole = true;
        self.0.limit = entries;
        self
    }

    /// Takes removed entries off the pending ones of all groups (`DELREF`).
    pub fn delete_references(mut self) -> XTrim {
        self.0.references = References::Delete;
        self
    }

    /// Leaves entries that a group has not read and acknowledged (`ACKED`).
    ///
    /// ```
    /// use danio::{Db, XTrim};
    ///
    /// let db = Db::in_memory();
    /// let ids = [db.xadd("jobs", [("n", "1")])?, db.xadd("jobs", [("n", "2")])?];
    /// let group = db.consumer_group("jobs", "workers");
    /// group.create_from_start()?;
    /// group.read("ann", 2)?;
    /// group.ack([ids[0]])?;
    /// assert_eq!(db.xtrim("jobs", XTrim::max_len(0).acknowledged_only())?, 1);
    /// assert_eq!(db.xrange("jobs", ..)?[0].id, ids[1]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn acknowledged_only(mut self) -> XTrim {
        self.0.references = References::Acked;
        self
    }

    pub(super) fn trim(&self) -> &Trim {
        &self.0
    }
}

/// How [`Db::xadd_with`] adds an entry; made by methods named after XADD's options.
#[derive(Debug, Clone, Copy, Default)]
pub struct XAddOptions<'a>(AddArgs<'a>);

impl<'a> XAddOptions<'a> {
    /// Takes the id from the clock, makes the stream if there is none, and trims nothing.
    pub fn new() -> Self {
        XAddOptions::default()
    }

    /// Gives the entry this id, which must be above the stream's last one.
    pub fn id(mut self, id: StreamId) -> Self {
        self.0.id = NewId::Given(id);
        self
    }

    /// Gives the entry the next id of this millisecond (`ms-*`).
    pub fn millisecond(mut self, ms: u64) -> Self {
        self.0.id = NewId::Within(ms);
        self
    }

    /// Adds nothing if there is no stream (`NOMKSTREAM`).
    pub fn only_existing(mut self) -> Self {
        self.0.only_existing = true;
        self
    }

    /// Trims the stream afterwards (`MAXLEN`, `MINID`).
    pub fn trim(mut self, trim: XTrim) -> Self {
        self.0.trim = Some(trim.0);
        self
    }

    /// Adds nothing if the producer has added a message of this name lately, and returns the id of that
    /// one's entry (`IDMP`). How many names are remembered, and how long, says
    /// [`xcfg_set`](Db::xcfg_set).
    ///
    /// ```
    /// use danio::{Db, XAddOptions};
    ///
    /// let db = Db::in_memory();
    /// let once = XAddOptions::new().idmp("till-7", "payment-1");
    /// let first = db.xadd_with("payments", [("amount", "10")], once)?;
    /// assert_eq!(db.xadd_with("payments", [("amount", "10")], once)?, first);
    /// assert_eq!(db.xlen("payments")?, 1);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn idmp<N: AsRef<[u8]> + ?Sized>(mut self, producer: &'a N, name: &'a N) -> Self {
        let (producer, name) = (producer.as_ref(), Some(name.as_ref()));
        self.0.named = Some(Named { producer, name });
        self
    }

    /// As [`idmp`](XAddOptions::idmp), with a name that follows from the fields and values, whatever their
    /// order (`IDMPAUTO`).
    pub fn idmp_auto<N: AsRef<[u8]> + ?Sized>(mut self, producer: &'a N) -> Self {
        self.0.named = Some(Named { producer: producer.as_ref(), name: None });
        self
    }
}

impl<S: Scope> Db<S> {
    /// Adds an entry with an id from the clock to a stream, made if it is missing (`XADD`, O(1), locks one
    /// stripe). Returns the id.
    ///
    /// # Errors
    /// [`Error::WrongType`] if `key` holds no stream; [`Error::WrongArity`] if there are no fields;
    /// [`Error::Reply`] if the stream has no ids left, or the entry takes more than a gigabyte.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let first = db.xadd("log", [("event", "start")])?;
    /// let second = db.xadd("log", [("event", "stop"), ("code", "0")])?;
    /// assert!(first < second);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn xadd<F: AsRef<[u8]>, V: AsRef<[u8]>>(
        &self,
        key: impl AsRef<[u8]>,
        fields: impl IntoIterator<Item = (F, V)>,
    ) -> Result<StreamId> {
        let id = self.xadd_with(key, fields, XAddOptions::new())?;
        Ok(id.expect("a stream is made if there is none"))
    }

    /// Adds an entry to a stream as `options` say (`XADD`, O(1) beside the entries trimmed, locks one
    /// stripe). Returns its id; `None` if there is no stream and [none is to be made](XAddOptions::only_existing).
    ///
    /// # Errors
    /// As [`xadd`](Db::xadd); [`Error::Reply`] if the id is not above the stream's last one, or is given to
    /// a message that has a name, or if a producer or name is empty. Nothing is changed then.
    ///
    /// ```
    /// use danio::{Db, StreamId, XAddOptions, XTrim};
    ///
    /// let db = Db::in_memory();
    /// let options = XAddOptions::new().trim(XTrim::max_len(1000).approximately());
    /// db.xadd_with("log", [("n", "1")], options.id(StreamId::new(5, 0)))?;
    /// let next = db.xadd_with("log", [("n", "2")], options.millisecond(5))?;
    /// assert_eq!(next, Some(StreamId::new(5, 1)));
    /// assert!(db.xadd_with("log", [("n", "3")], options.id(StreamId::new(5, 1))).is_err());
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn xadd_with<F: AsRef<[u8]>, V: AsRef<[u8]>>(
        &self,
        key: impl AsRef<[u8]>,
        fields: impl IntoIterator<Item = (F, V)>,
        options: XAddOptions<'_>,
    ) -> Result<Option<StreamId>> {
        let fields: Vec<(F, V)> = fields.into_iter().collect();
        if fields.is_empty() {
            return Err(Error::WrongArity("xadd".into()));
        }
        let fields = fields.iter().map(|(field, value)| (field.as_ref(), value.as_ref()));
        options.0.check()?;
        self.grow(key.as_ref(), |tx, key| tx.xadd(key, fields, &options.0))
    }
}
