//! Values as they are written.
//!
//! A value is written as Redis 7.2 writes one of the same encoding, and in an older form where the
//! [target](Target) asks for it. `decode` tells the layouts.

mod stream;

pub(crate) use stream::asks_for;

use super::listpack::Writer;
use super::output::Output;
use super::{Target, kind};
use crate::clock::Millis;
use crate::ds::list::Run;
use crate::ds::packed::Item;
use crate::keyspace::entry::Entry;
use crate::text::double;
use crate::value::hash::{Field, HashRef, StoredHash};
use crate::value::list::ListRef;
use crate::value::set::SetRef;
use crate::value::string::{Digits, StringRef};
use crate::value::zset::{SpelledScore, ZSetRef, each_spelled};
use crate::value::{Encoding, Type};

/// A node of a quicklist that is one large element.
const PLAIN: u64 = 1;
/// A node of a quicklist that is packed.
const PACKED: u64 = 2;

const KNOWN: &str = "the type is the entry's own";

/// The type as which an entry's value is written.
pub(super) fn kind_of(entry: &Entry, target: Target) -> u8 {
    match (entry.kind(), entry.encoding()) {
        (Type::String, _) => kind::STRING,
        (Type::List, _) => kind::LIST_QUICKLIST_2,
        (Type::Set, Encoding::Intset) => kind::SET_INTSET,
        (Type::Set, Encoding::Listpack) if target.has(kind::SET_LISTPACK) => kind::SET_LISTPACK,
        (Type::Set, _) => kind::SET,
        (Type::SortedSet, Encoding::Listpack) => kind::ZSET_LISTPACK,
        (Type::SortedSet, _) => kind::ZSET_2,
        (Type::Hash, encoding) => match entry.view::<StoredHash<'_>>() {
            Ok(hash) if hash.due().is_some() => target.timed_hash(),
            _ if encoding == Encoding::Hashtable => kind::HASH,
            _ => kind::HASH_LISTPACK,
        },
        (Type::Stream, _) => stream::kind_of(entry.view().expect(KNOWN), target),
    }
}

/// Writes an entry's value as one of [`kind_of`]; of a hash, the fields that there are at a time.
pub(super) fn value(entry: &Entry, of: u8, now: Millis, out: &mut Output<'_>) {
    match of {
        kind::STRING => match entry.string().expect(KNOWN) {
            StringRef::Int(number) => out.integer(number),
            string => out.string(string.bytes(&mut Digits::new())),
        },
        kind::LIST_QUICKLIST_2 => list(entry.view().expect(KNOWN), out),
        kind::SET | kind::SET_INTSET | kind::SET_LISTPACK => {
            set(entry.view().expect(KNOWN), of, out);
        }
        kind::ZSET_2 | kind::ZSET_LISTPACK => zset(entry.view().expect(KNOWN), of, out),
        kind::STREAM_2 | kind::STREAM_3 | kind::STREAM_4 | kind::STREAM_5 => {
            stream::write(entry.view().expect(KNOWN), of, out)
        }
        _ => {
            let stored = entry.view::<StoredHash<'_>>().expect(KNOWN);
            hash(stored.at(|| now), of, out);
        }
    }
}

fn list(list: ListRef<'_>, out: &mut Output<'_>) {
    out.count(list.nodes());
    for run in list.runs() {
        match run {
            Run::Pack(elements, count) => {
                out.number(PACKED);
                out.listpack(|pack| pack.push_chain(elements, count));
            }
            Run::Apart(element) => {
                out.number(PLAIN);
                out.string(element);
            }
        }
    }
}

fn set(set: SetRef<'_>, of: u8, out: &mut Output<'_>) {
    match (of, set) {
        (kind::SET_INTSET, SetRef::Ints(ints)) => {
            let (width, numbers) = ints.parts();
            let mut blob = Vec::with_capacity(8 + numbers.len());
            blob.extend_from_slice(&(width as u32).to_le_bytes());
            blob.extend_from_slice(&(ints.len() as u32).to_le_bytes());
            blob.extend_from_slice(numbers);
            out.string(&blob);
        }
        (kind::SET_LISTPACK, SetRef::Packed(members)) => {
            out.listpack(|pack| pack.push_sequence(members));
        }
        (kind::SET_LISTPACK, _) => out.listpack(|pack| {
            set.iter().for_each(|member| pack.push(member.bytes(&mut Digits::new())));
        }),
        _ => {
            out.count(set.len());
            set.iter().for_each(|member| out.string(member.bytes(&mut Digits::new())));
        }
    }
}

fn zset(zset: ZSetRef<'_>, of: u8, out: &mut Output<'_>) {
    let mut text = Vec::new();
    let mut spell = |pack: &mut Writer, score: f64| {
        text.clear();
        double::write(score, &mut text);
        pack.push(&text[..]);
    };
    match (of, zset) {
        (kind::ZSET_LISTPACK, ZSetRef::Packed(members)) => {
            return out.listpack(|pack| {
                each_spelled(members, |member, score| {
                    pack.push_spelled(member);
                    match score {
                        SpelledScore::Whole(spelled) => pack.push_spelled(spelled),
                        SpelledScore::Other(score) => spell(pack, score),
                    }
                });
            });
        }
        // One that Redis would pack, but that is kept as a tree, for its length.
        (kind::ZSET_LISTPACK, _) => {
            return out.listpack(|pack| {
                for (member, score) in zset.members(0..zset.len(), false) {
                    // A tree has every member as a string.
                    pack.push(member.bytes(&mut Digits::new()));
                    spell(pack, score);
                }
            });
        }
        _ => {}
    }
    out.count(zset.len());
    // The greatest first: to Redis each is then the new first one, which is the quickest to add.
    for (member, score) in zset.members(0..zset.len(), true) {
        out.item(member);
        out.raw(&score.to_le_bytes());
    }
}

fn hash(hash: HashRef<'_>, of: u8, out: &mut Output<'_>) {
    let (mut a, mut b) = (Digits::new(), Digits::new());
    match of {
        kind::HASH_LISTPACK => {
            return out.listpack(|pack| match hash.plain() {
                Some(fields) => pack.push_sequence(fields),
                None => sorted(hash, pack),
            });
        }
        kind::HASH_METADATA => {
            let first = hash.iter().filter_map(|field| field.expiry).min();
            out.i64(first.map_or(0, |at| at.0));
            out.count(hash.len());
            for field in hash.iter() {
                let first = first.map_or(0, |at| at.0);
                out.number(field.expiry.map_or(0, |at| (at.0 - first + 1).cast_unsigned()));
                out.string(field.name.bytes(&mut a));
                out.string(field.value.bytes(&mut b));
            }
            return;
        }
        _ => {}
    }
    out.count(hash.len());
    for field in hash.iter() {
        out.string(field.name.bytes(&mut a));
        out.string(field.value.bytes(&mut b));
        if of == kind::HASH_2 {
            out.i64(field.expiry.map_or(-1, |at| at.0));
        }
    }
}

/// Adds the fields of a hash that keeps them in no order; in theirs, next to which they are often alike, so that
/// they compress as well as in the order in which they came.
fn sorted(hash: HashRef<'_>, pack: &mut Writer) {
    let fields: Vec<_> = hash.iter().collect();
    fn name<'f>(field: &Field<'f>) -> &'f [u8] {
        match field.name {
            Item::Bytes(name) => name,
            Item::Int(_) => &[],
        }
    }
    let first = fields.first().map(name).unwrap_or_default();
    let common = fields.iter().fold(first.len(), |common, field| {
        let pairs = first[..common].iter().zip(name(field));
        pairs.take_while(|(a, b)| a == b).count()
    });
    // What follows what all have in common decides; no more than one word of it, which is quickly compared.
    let mut order: Vec<_> = (0..fields.len())
        .map(|at| {
            let rest = &name(&fields[at])[common..];
            let mut word = [0; 8];
            let len = rest.len().min(word.len());
            word[..len].copy_from_slice(&rest[..len]);
            (u64::from_be_bytes(word), at)
        })
        .collect();
    order.sort_unstable();
    let (mut a, mut b) = (Digits::new(), Digits::new());
    for (_, at) in order {
        pack.push(fields[at].name.bytes(&mut a));
        pack.push(fields[at].value.bytes(&mut b));
    }
}
