//! What a key can hold: one file per Redis type, without keys, locks or time.

pub(crate) mod copies;
pub(crate) mod geo;
pub(crate) mod hash;
pub(crate) mod lcs;
pub(crate) mod list;
pub(crate) mod set;
pub(crate) mod stream;
pub(crate) mod string;
pub(crate) mod undo;
pub(crate) mod zset;

use std::any::Any;
use std::fmt;

use crate::clock::Millis;
use crate::ds::table::Step;

/// The type of a value, as `TYPE` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Type {
    /// A byte string or a number.
    String,
    /// Strings in a row.
    List,
    /// Different strings, in no order.
    Set,
    /// Fields and their values.
    Hash,
    /// Different strings, each with a score, in the order of the scores.
    SortedSet,
    /// A log of entries.
    Stream,
}

impl Type {
    /// Redis's name for the type.
    ///
    /// ```
    /// assert_eq!(danio::Type::SortedSet.name(), "zset");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Type::String => "string",
            Type::List => "list",
            Type::Set => "set",
            Type::Hash => "hash",
            Type::SortedSet => "zset",
            Type::Stream => "stream",
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How a value is stored, as `OBJECT ENCODING` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Encoding {
    /// A 64-bit integer.
    Int,
    /// A string of at most 44 bytes that was set whole.
    Embstr,
    /// Any other string.
    Raw,
    /// A small collection, packed into one run of bytes.
    Listpack,
    /// A small hash with fields that expire, packed into one run of bytes.
    ListpackEx,
    /// A small set of integers, as a sorted array.
    Intset,
    /// A list of packed nodes.
    Quicklist,
    /// A hash table.
    Hashtable,
    /// A sorted set that is found by member and by rank.
    Skiplist,
    /// A stream.
    Stream,
}

impl Encoding {
    /// Redis's name for the encoding.
    ///
    /// ```
    /// assert_eq!(danio::Encoding::Embstr.name(), "embstr");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Encoding::Int => "int",
            Encoding::Embstr => "embstr",
            Encoding::Raw => "raw",
            Encoding::Listpack => "listpack",
            Encoding::ListpackEx => "listpackex",
            Encoding::Intset => "intset",
            Encoding::Quicklist => "quicklist",
            Encoding::Hashtable => "hashtable",
            Encoding::Skiplist => "skiplist",
            Encoding::Stream => "stream",
        }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What happens to the expiry of what is set: of a key, or of a hash's field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum SetExpiry {
    /// It lives for ever.
    #[default]
    Clear,
    /// Its time stays (`KEEPTTL`).
    Keep,
    /// Its time is this (`EX`, `PX`, `EXAT`, `PXAT`).
    At(Millis),
}

/// How the bytes of a small collection, which lie behind its key, are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Packing {
    /// A list's elements.
    List,
    /// A set's members.
    Set,
    /// A set's members, as a sorted array of integers.
    Integers,
    /// A hash's fields and values.
    Hash,
    /// A hash's fields, values and times.
    TimedHash,
    /// A sorted set's members and scores.
    SortedSet,
}

impl Packing {
    /// The type of what is packed.
    #[inline(always)]
    pub(crate) fn kind(self) -> Type {
        match self {
            Packing::List => Type::List,
            Packing::Set | Packing::Integers => Type::Set,
            Packing::Hash | Packing::TimedHash => Type::Hash,
            Packing::SortedSet => Type::SortedSet,
        }
    }

    /// What `OBJECT ENCODING` says of it.
    pub(crate) fn encoding(self) -> Encoding {
        match self {
            Packing::Integers => Encoding::Intset,
            Packing::TimedHash => Encoding::ListpackEx,
            _ => Encoding::Listpack,
        }
    }
}

/// A collection that lies apart from its key. Each type has one, beside its packed forms.
pub(crate) trait Big: Any + fmt::Debug + Send + Sync {
    fn kind(&self) -> Type;
    fn encoding(&self) -> Encoding;
    /// Bytes allocated for it, itself included. O(1).
    fn heap_size(&self) -> usize;
    /// About how many allocations are freed with it: what takes long is freed by another thread.
    fn effort(&self) -> usize;
    /// When the first of its parts expires, or a while before: a bound. O(1).
    fn due(&self) -> Option<Millis> {
        None
    }
    /// Whether all its parts are past their time.
    fn is_past(&self, _now: Millis) -> bool {
        false
    }
    /// Keeps from now on what it takes to [undo](Big::undo) its changes. Returns whether it can: one that cannot
    /// is copied before it is changed.
    fn keep_undo(&mut self) -> bool {
        false
    }
    /// Whether it keeps that.
    fn keeps_undo(&self) -> bool {
        false
    }
    /// Has the contents again that it had when it began to keep that, and keeps it no longer. O(changes).
    fn undo(&mut self) {}
    /// Keeps that no longer: the changes stand.
    fn settle(&mut self) {}
    /// A copy of it.
    fn duplicate(&self) -> Box<dyn Big>;
    /// The hash by which a member or field is looked for.
    fn hash_of(&self, _name: &[u8]) -> u64 {
        0
    }
    /// Hints that all of it will be read soon: at step 0 what it owns itself, then what that owns, when it has come.
    /// Returns whether there is more.
    #[cfg(feature = "snapshot")]
    fn fetch(&self, _step: usize) -> bool {
        false
    }
    /// Hints that what has these hashes will be looked for.
    fn prefetch(&self, _hashes: &[u64], _step: Step) {}
}

/// A stored collection, as a reader sees it while its stripe is locked.
#[derive(Debug, Clone, Copy)]
pub(crate) enum StoredRef<'a> {
    Packed(Packing, &'a [u8]),
    Big(&'a dyn Big),
}

impl<'a> StoredRef<'a> {
    /// The big collection, which is known to be of this type.
    #[inline]
    pub(crate) fn expect_big<B: Big>(big: &'a dyn Big) -> &'a B {
        (big as &dyn Any).downcast_ref().expect("a type has one big form")
    }
}

/// A collection to be stored.
#[derive(Debug)]
pub(crate) enum Stored {
    Packed(Packing, Vec<u8>),
    Big(Box<dyn Big>),
}

impl Stored {
    /// The big collection, which is known to be of this type.
    #[inline]
    pub(crate) fn expect_big<B: Big>(big: Box<dyn Big>) -> Box<B> {
        (big as Box<dyn Any>).downcast().expect("a type has one big form")
    }
}

/// The view of a collection that its type's readers use.
pub(crate) trait View<'a>: Copy {
    /// The type whose view it is.
    const TYPE: Type;
    /// The view of a collection that is of this type.
    fn of(stored: StoredRef<'a>) -> Self;
}

/// A collection taken out of its entry to be changed. The default is the empty one.
pub(crate) trait Collection: Default {
    /// Its type.
    const TYPE: Type;
    /// Whether a key keeps it when it is empty.
    const STAYS_EMPTY: bool = false;
    fn is_empty(&self) -> bool;
    /// Takes it out: packed bytes with `Stored::Packed`'s vector a copy of them.
    fn restore(stored: Stored) -> Self;
    /// The form in which it is kept from now on.
    fn store(self) -> Stored;
}
