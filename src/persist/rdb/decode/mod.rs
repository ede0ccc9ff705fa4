//! Values as they are read: of every type, in each form that any version has written.

mod collection;
pub(super) mod skip;
mod stream;

use super::input::Input;
use super::listpack::Listpack;
use super::ziplist::Ziplist;
use super::zipmap::Zipmap;
use super::{Fault, Result, VALKEY, kind, malformed};
use crate::clock::Millis;
use crate::config::Limits;
use crate::ds::packed::Item;
use crate::keyspace::entry::Entry;
use crate::value::string::StringValue;
use crate::value::{Collection, Stored};
use collection::Times;

/// What a key holds, read.
#[derive(Debug)]
pub(crate) enum Content {
    String(Vec<u8>),
    Collection(Stored),
}

impl Content {
    /// An entry that holds it.
    pub(crate) fn into_entry(self, key: &[u8], expiry: Option<Millis>, access: u32) -> Entry {
        match self {
            Content::String(bytes) => Entry::new(key, StringValue::encode(&bytes), expiry, access),
            Content::Collection(stored) => Entry::with(key, stored, expiry, access),
        }
    }
}

impl<C: Collection> From<C> for Content {
    fn from(collection: C) -> Content {
        Content::Collection(collection.store())
    }
}

/// Reads a value of a type, in a file or payload of a version.
pub(super) fn decode(
    of: u8,
    version: u16,
    input: &mut Input<'_>,
    limits: &Limits,
) -> Result<Content> {
    // As in Redis, what comes packed stays so whatever the length of its elements, but for zipmaps.
    let packed = matches!(
        of,
        kind::SET_LISTPACK
            | kind::ZSET_ZIPLIST
            | kind::ZSET_LISTPACK
            | kind::HASH_ZIPLIST
            | kind::HASH_LISTPACK
            | kind::HASH_LISTPACK_EX_EARLY
            | kind::HASH_LISTPACK_EX
    );
    let packed = packed.then(|| limits.for_packed());
    let limits = packed.as_ref().unwrap_or(limits);
    Ok(match of {
        kind::STRING => Content::String(input.string()?.into_owned()),
        kind::LIST => collection::list(input, limits)?.into(),
        kind::LIST_ZIPLIST => {
            collection::list_of(Sequence::ziplist(&input.string()?)?, limits)?.into()
        }
        kind::LIST_QUICKLIST => collection::quicklist(input, false, limits)?.into(),
        kind::LIST_QUICKLIST_2 => collection::quicklist(input, true, limits)?.into(),
        kind::SET => collection::set(input, limits)?.into(),
        kind::SET_INTSET => collection::set_of_numbers(&input.string()?, limits)?.into(),
        kind::SET_LISTPACK => {
            collection::set_of(Sequence::listpack(&input.string()?)?, limits)?.into()
        }
        kind::ZSET => collection::zset(input, true, limits)?.into(),
        kind::ZSET_2 => collection::zset(input, false, limits)?.into(),
        kind::ZSET_ZIPLIST => {
            collection::zset_of(Sequence::ziplist(&input.string()?)?, limits)?.into()
        }
        kind::ZSET_LISTPACK => {
            collection::zset_of(Sequence::listpack(&input.string()?)?, limits)?.into()
        }
        kind::HASH => collection::hash(input, Times::None, limits)?.into(),
        kind::HASH_2 if version >= VALKEY => collection::hash(input, Times::Behind, limits)?.into(),
        kind::HASH_2 => collection::hash(input, Times::Before { since: None }, limits)?.into(),
        kind::HASH_METADATA if version < VALKEY => {
            let since = Some(input.i64()?);
            collection::hash(input, Times::Before { since }, limits)?.into()
        }
        kind::HASH_ZIPMAP => {
            let bytes = input.string()?;
            collection::hash_of(Sequence::Zipmap(Zipmap::new(&bytes)?), false, limits)?.into()
        }
        kind::HASH_ZIPLIST => {
            collection::hash_of(Sequence::ziplist(&input.string()?)?, false, limits)?.into()
        }
        kind::HASH_LISTPACK => {
            collection::hash_of(Sequence::listpack(&input.string()?)?, false, limits)?.into()
        }
        kind::HASH_LISTPACK_EX_EARLY | kind::HASH_LISTPACK_EX if version < VALKEY => {
            if of == kind::HASH_LISTPACK_EX {
                // The first time of a field, which the fields tell themselves.
                input.i64()?;
            }
            collection::hash_of(Sequence::listpack(&input.string()?)?, true, limits)?.into()
        }
        kind::STREAM | kind::STREAM_2 | kind::STREAM_3 | kind::STREAM_4 | kind::STREAM_5 => {
            stream::stream(of, input)?.into()
        }
        _ => return malformed("a value of an unknown type"),
    })
}

/// A packed sequence of any kind.
enum Sequence<'a> {
    Listpack(Listpack<'a>),
    Ziplist(Ziplist<'a>),
    Zipmap(Zipmap<'a>),
}

impl<'a> Sequence<'a> {
    fn listpack(bytes: &'a [u8]) -> Result<Sequence<'a>> {
        Listpack::new(bytes).map(Sequence::Listpack)
    }

    fn ziplist(bytes: &'a [u8]) -> Result<Sequence<'a>> {
        Ziplist::new(bytes).map(Sequence::Ziplist)
    }

    /// The next element; `None` behind the last.
    fn next(&mut self) -> Result<Option<Item<'a>>> {
        match self {
            Sequence::Listpack(listpack) => listpack.next(),
            Sequence::Ziplist(ziplist) => ziplist.next(),
            Sequence::Zipmap(zipmap) => zipmap.next(),
        }
    }

    /// How many elements there are, if that is told, and how many bytes they take at most.
    fn size(&self) -> (Option<usize>, usize) {
        match self {
            Sequence::Listpack(listpack) => listpack.size(),
            Sequence::Ziplist(_) | Sequence::Zipmap(_) => (None, 0),
        }
    }

    /// The next element, of a group that has begun.
    fn expect(&mut self) -> Result<Item<'a>> {
        self.next()?.ok_or(Fault::Malformed("a packed collection ends within a pair"))
    }
}

/// How many elements follow.
fn count(input: &mut Input<'_>) -> Result<u64> {
    match input.number()? {
        0 => Err(Fault::Empty),
        count => Ok(count),
    }
}
