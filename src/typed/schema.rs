//! How the values of one handle are written, and what is done with those that were written otherwise.

use std::fmt::{self, Display};
use std::str::FromStr;
use std::sync::Arc;

use bytes::Bytes;

use super::mark::{Author, Mark};
use crate::error::{CodecError, CodecProblem, Error, Result, Written};
#[cfg(feature = "serde")]
use {
    super::codec::Codec,
    serde::{Serialize, de::DeserializeOwned},
};

/// How values of type `V` become bytes, and how bytes that an older program wrote become values of type `V`.
///
/// A handle is made with one: [`Schema::bincode`], [`Schema::postcard`] and [`Schema::json`] write any type that serde
/// knows, [`Schema::of`] does with any [`Codec`]; [`Schema::plain`] writes text and numbers, and
/// [`Schema::bytes`] bytes, as any Redis client does.
///
/// # When a type changes
///
/// A new version of a type gets a new [`version`](Schema::version), which is written in front of each value. Values
/// of other versions, and of other codecs, are then refused with [`Error::Codec`], unless the schema is told what
/// to make of them: [`reads`](Schema::reads) gives a closure for one older version, and
/// [`drops_others`](Schema::drops_others) forgets what nothing else reads.
///
/// ```
/// use danio::typed::{Json, Schema};
/// use serde::{Deserialize, Serialize};
///
/// /// What the last release wrote.
/// #[derive(Serialize, Deserialize)]
/// struct UserV0 {
///     name: String,
/// }
///
/// #[derive(Debug, PartialEq, Serialize, Deserialize)]
/// struct User {
///     first: String,
///     last: String,
/// }
///
/// let db = danio::Db::in_memory();
/// db.value_with("user", Schema::json()).set(&UserV0 { name: "Ann Lee".into() })?;
///
/// let schema = Schema::json().version(1).reads::<Json, UserV0>(0, |old| {
///     let (first, last) = old.name.split_once(' ')?;
///     Some(User { first: first.into(), last: last.into() })
/// });
/// let user = db.value_with("user", schema.clone());
/// assert_eq!(user.get()?, Some(User { first: "Ann".into(), last: "Lee".into() }));
/// // It stays as it was written until it is set, or the schema is told to.
/// assert_eq!(db.get("user")?.as_deref(), Some(&br#"{"name":"Ann Lee"}"#[..]));
/// db.value_with("user", schema.writes_back()).get()?;
/// assert_eq!(db.get("user")?.as_deref(), Some(&br#"@1 {"first":"Ann","last":"Lee"}"#[..]));
/// # Ok::<(), danio::Error>(())
/// ```
pub struct Schema<V> {
    form: Arc<Form<V>>,
}

struct Form<V> {
    name: &'static str,
    /// `None` for what is written without a mark whatever it is.
    author: Option<Author>,
    version: u32,
    write: fn(&V, &mut Vec<u8>) -> Result<(), Box<str>>,
    read: fn(&Bytes, usize) -> Result<V, Box<str>>,
    older: Vec<Older<V>>,
    drops_others: bool,
    writes_back: bool,
}

/// What is done with values of one older mark.
struct Older<V> {
    mark: Mark,
    read: Arc<Migrate<V>>,
}

/// Makes a value of today's of an older one's bytes, or nothing.
type Migrate<V> = dyn Fn(&[u8]) -> Result<Option<V>, Box<str>> + Send + Sync;

/// What became of stored bytes.
#[derive(Debug, PartialEq)]
pub(crate) enum Seen<V> {
    /// They are a value as it is written today.
    Current(V),
    /// An older value was made one of today's.
    Migrated(V),
    /// They are to be taken for nothing.
    Dropped,
}

impl<V> Schema<V> {
    fn new(
        name: &'static str,
        author: Option<Author>,
        write: fn(&V, &mut Vec<u8>) -> Result<(), Box<str>>,
        read: fn(&Bytes, usize) -> Result<V, Box<str>>,
    ) -> Schema<V> {
        let form = Form {
            name,
            author,
            version: 0,
            write,
            read,
            older: Vec::new(),
            drops_others: false,
            writes_back: false,
        };
        Schema { form: Arc::new(form) }
    }

    /// Text as it is, numbers in decimal: what [`Display`] writes, and [`FromStr`] reads again. As any Redis client
    /// writes it, and without a mark or a version.
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let visits = db.value_with("visits", Schema::plain());
    /// visits.set(&41_u32)?;
    /// assert_eq!(db.incr("visits")?, 42);
    /// assert_eq!(visits.get()?, Some(42));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn plain() -> Schema<V>
    where
        V: Display + FromStr<Err: Display>,
    {
        fn write<V: Display>(value: &V, into: &mut Vec<u8>) -> Result<(), Box<str>> {
            use std::io::Write;
            write!(into, "{value}").map_err(|error| error.to_string().into())
        }
        fn read<V: FromStr<Err: Display>>(bytes: &Bytes, _: usize) -> Result<V, Box<str>> {
            let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
            text.parse().map_err(|error: V::Err| error.to_string().into())
        }
        Schema::new("plain text", None, write::<V>, read::<V>)
    }

    /// Bytes as they are: `Bytes`, `Vec<u8>`, `Box<[u8]>`. Without a mark or a version.
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// let page = db.value_with("page", Schema::bytes());
    /// page.set(&vec![0xFF, 0x00])?;
    /// assert_eq!(db.get("page")?.as_deref(), Some(&[0xFF, 0x00][..]));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn bytes() -> Schema<V>
    where
        V: AsRef<[u8]> + From<Bytes>,
    {
        fn write<V: AsRef<[u8]>>(value: &V, into: &mut Vec<u8>) -> Result<(), Box<str>> {
            into.extend_from_slice(value.as_ref());
            Ok(())
        }
        fn read<V: From<Bytes>>(bytes: &Bytes, _: usize) -> Result<V, Box<str>> {
            Ok(V::from(bytes.clone()))
        }
        Schema::new("bytes", None, write::<V>, read::<V>)
    }

    /// How it is called in messages.
    fn written(&self) -> Written {
        Written::new(self.form.name, self.form.version)
    }

    fn mark(&self) -> Option<Mark> {
        self.form.author.map(|author| Mark { author, version: self.form.version })
    }

    fn change(mut self, change: impl FnOnce(&mut Form<V>)) -> Schema<V> {
        let form = Arc::make_mut(&mut self.form);
        change(form);
        self
    }

    /// The same, and what is stored in another form, or in a version that nothing reads, is taken for missing: reads
    /// remove it, and lists pass over it. What carries the right mark and is damaged is still an error.
    ///
    /// Values without a mark ([`plain`](Schema::plain)) that cannot be read are dropped too.
    ///
    /// ```
    /// use danio::typed::Schema;
    ///
    /// let db = danio::Db::in_memory();
    /// db.value_with("n", Schema::json()).set(&"of an old release".to_owned())?;
    /// let n = db.value_with("n", Schema::<u32>::json().version(2).drops_others());
    /// assert_eq!(n.get()?, None);
    /// assert!(!db.exists("n"));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn drops_others(self) -> Schema<V> {
        self.change(|form| form.drops_others = true)
    }

    /// The same, and a value that was read with the help of [`reads`](Schema::reads) is written anew as it is today, with
    /// the time that it had left, unless it has changed meanwhile. Elements of lists and entries of streams
    /// stay as they are.
    ///
    /// For an example see the [type](Schema).
    pub fn writes_back(self) -> Schema<V> {
        self.change(|form| form.writes_back = true)
    }

    /// Writes a value for what stands at `key`, within it at `entry`.
    ///
    /// # Errors
    /// [`Error::Codec`] if it has no form.
    pub(crate) fn write(&self, value: &V, key: &[u8], entry: &[u8]) -> Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(64);
        if let Some(mark) = self.mark() {
            mark.write(&mut bytes);
        }
        match (self.form.write)(value, &mut bytes) {
            Ok(()) => Ok(bytes),
            Err(reason) => {
                Err(self.error(CodecProblem::Unwritable(reason), key, entry, Bytes::new()))
            }
        }
    }

    /// Reads what stood at `key`, within it at `entry`.
    ///
    /// # Errors
    /// [`Error::Codec`].
    pub(crate) fn read(&self, bytes: &Bytes, key: &[u8], entry: &[u8]) -> Result<Seen<V>> {
        let form = &*self.form;
        let damaged = |reason| self.error(CodecProblem::Damaged(reason), key, entry, bytes.clone());
        let Some(expected) = self.mark() else {
            return match (form.read)(bytes, 0) {
                Ok(value) => Ok(Seen::Current(value)),
                Err(_) if form.drops_others => Ok(Seen::Dropped),
                Err(reason) => Err(damaged(reason)),
            };
        };
        let found = Mark::read(bytes);
        if let Some((mark, rest)) = found {
            if mark == expected {
                let from = bytes.len() - rest.len();
                return (form.read)(bytes, from).map(Seen::Current).map_err(damaged);
            }
            if let Some(older) = form.older.iter().find(|older| older.mark == mark) {
                return match (older.read)(rest) {
                    Ok(Some(value)) => Ok(Seen::Migrated(value)),
                    Ok(None) => Ok(Seen::Dropped),
                    Err(reason) => Err(damaged(reason)),
                };
            }
        }
        if form.drops_others {
            return Ok(Seen::Dropped);
        }
        Err(match found {
            Some((mark, _)) => {
                let found = CodecProblem::Found(mark.describe());
                self.error(found, key, entry, bytes.clone())
            }
            None => damaged("its mark is cut short".into()),
        })
    }

    /// As [`read`](Schema::read), with `replace` called to store in place of these bytes what should stand
    /// there, or nothing.
    pub(crate) fn settle(
        &self,
        bytes: &Bytes,
        key: &[u8],
        entry: &[u8],
        replace: impl FnOnce(Option<&[u8]>) -> Result<()>,
    ) -> Result<Option<V>> {
        match self.read(bytes, key, entry)? {
            Seen::Current(value) => Ok(Some(value)),
            Seen::Migrated(value) => {
                if self.form.writes_back {
                    replace(Some(&self.write(&value, key, entry)?))?;
                }
                Ok(Some(value))
            }
            Seen::Dropped => {
                replace(None)?;
                Ok(None)
            }
        }
    }

    /// Reads what is not replaced where it stands.
    pub(crate) fn take(&self, bytes: &Bytes, key: &[u8], entry: &[u8]) -> Result<Option<V>> {
        Ok(match self.read(bytes, key, entry)? {
            Seen::Current(value) | Seen::Migrated(value) => Some(value),
            Seen::Dropped => None,
        })
    }

    fn error(&self, problem: CodecProblem, key: &[u8], entry: &[u8], bytes: Bytes) -> Error {
        Error::Codec(Box::new(CodecError {
            key: Bytes::copy_from_slice(key),
            entry: Bytes::copy_from_slice(entry),
            expected: self.written(),
            problem,
            bytes,
        }))
    }
}

/// Schemas of types that serde knows.
#[cfg(feature = "serde")]
impl<V: Serialize + DeserializeOwned> Schema<V> {
    /// Values as a codec writes them, behind its mark.
    ///
    /// # Panics
    /// If the codec's [number](Codec::NUMBER) is not between 1 and 31.
    pub fn of<C: Codec>() -> Schema<V> {
        fn write<C: Codec, V: Serialize>(value: &V, into: &mut Vec<u8>) -> Result<(), Box<str>> {
            C::encode(value, into).map_err(|fault| fault.to_string().into())
        }
        fn read<C: Codec, V: DeserializeOwned>(bytes: &Bytes, from: usize) -> Result<V, Box<str>> {
            C::decode(&bytes[from..]).map_err(|fault| fault.to_string().into())
        }
        Schema::new(C::NAME, Some(author::<C>()), write::<C, V>, read::<C, V>)
    }

    /// Values in [bincode](super::Bincode).
    #[cfg(feature = "bincode")]
    pub fn bincode() -> Schema<V> {
        Schema::of::<super::Bincode>()
    }

    /// Values in [postcard](super::Postcard).
    #[cfg(feature = "postcard")]
    pub fn postcard() -> Schema<V> {
        Schema::of::<super::Postcard>()
    }

    /// Values in [JSON](super::Json).
    #[cfg(feature = "json")]
    pub fn json() -> Schema<V> {
        Schema::of::<super::Json>()
    }

    /// The same, in this version of the type. 0, which is that of a schema without this, is not written down.
    ///
    /// For an example see the [type](Schema).
    ///
    /// # Panics
    /// If it is a schema without marks: [`plain`](Schema::plain), [`bytes`](Schema::bytes).
    pub fn version(self, version: u32) -> Schema<V> {
        self.marked().change(|form| form.version = version)
    }

    /// The same, and values that codec `C` wrote in `version` are read as an `Old`, of which `migrate` makes a `V`, or
    /// nothing to drop it.
    ///
    /// `Old` and `C` may be any: a cache goes from one codec to another in this way too.
    ///
    /// For an example see the [type](Schema).
    ///
    /// # Panics
    /// If the codec's [number](Codec::NUMBER) is not between 1 and 31, or this is a schema without marks.
    pub fn reads<C: Codec, Old: DeserializeOwned>(
        self,
        version: u32,
        migrate: impl Fn(Old) -> Option<V> + Send + Sync + 'static,
    ) -> Schema<V> {
        let read = move |bytes: &[u8]| match C::decode::<Old>(bytes) {
            Ok(old) => Ok(migrate(old)),
            Err(fault) => Err(fault.to_string().into()),
        };
        let mark = Mark { author: author::<C>(), version };
        self.marked().change(|form| form.older.push(Older { mark, read: Arc::new(read) }))
    }
}

#[cfg(feature = "serde")]
impl<V> Schema<V> {
    fn marked(self) -> Schema<V> {
        assert!(
            self.form.author.is_some(),
            "{} has no marks to write a version in",
            self.form.name
        );
        self
    }
}

#[cfg(feature = "serde")]
fn author<C: Codec>() -> Author {
    assert!((1..32).contains(&C::NUMBER), "a codec's number is between 1 and 31");
    if C::TEXT { Author::Text } else { Author::Binary(C::NUMBER) }
}

impl<V> Clone for Schema<V> {
    fn clone(&self) -> Schema<V> {
        Schema { form: self.form.clone() }
    }
}

impl<V> Clone for Form<V> {
    fn clone(&self) -> Form<V> {
        let older = self.older.iter();
        let older = older.map(|older| Older { mark: older.mark, read: older.read.clone() });
        Form { older: older.collect(), ..*self }
    }
}

impl<V> fmt::Debug for Schema<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Schema")
            .field("codec", &self.form.name)
            .field("version", &self.form.version)
            .finish_non_exhaustive()
    }
}
