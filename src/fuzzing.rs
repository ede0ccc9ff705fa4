//! What the fuzz targets drive: parsers and structures that no caller reaches directly.
//!
//! Built under `cfg(fuzzing)` alone, so that nothing of it is part of the crate. Each
//! function takes a fuzzer's bytes and panics when a promise is broken.

#[cfg(feature = "aof")]
mod files;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use crate::clock::Millis;
use crate::ds::hll::{self, Hll, HllRef, Rank, Registers};
use crate::ds::list::{ChunkedList, End, Fill};
use crate::ds::packed::{Item, Packed, PackedRef};
use crate::ds::rank_tree::{Border, RankTree};
use crate::ds::stream_log::{BlockLimits, Keep, StreamId, StreamLog};
use crate::ds::table::{self, Rehash, Table};
use crate::keyspace::entry::Entry;
use crate::rng::FieldHasher;
use crate::text::{double, extended::Extended, glob, int, memory, split};
use crate::value::string::{Digits, StringValue};

#[cfg(feature = "aof")]
pub use files::{aof, manifest, rdb_file};

/// Patterns: no input makes matching fail or take forever, and a pattern whose special
/// bytes are escaped matches its own text and nothing else.
pub fn glob(data: &[u8]) {
    let (pattern, text) =
        data.split_at(data.first().map_or(0, |&at| usize::from(at).min(data.len())));
    glob::matches(pattern, text);
    glob::matches_nocase(pattern, text);
    let literal: Vec<u8> = text.iter().flat_map(|&byte| [b'\\', byte]).collect();
    assert!(glob::matches(&literal, text));
    assert_eq!(glob::matches(&literal, pattern), pattern == text);
    if glob::shape(pattern) == glob::Shape::Literal {
        assert_eq!(glob::matches(pattern, text), pattern == text);
    }
}

/// Numbers and words: what is written reads back as it was.
pub fn numbers(data: &[u8]) {
    let text = std::str::from_utf8(data).ok();
    let exact =
        text.and_then(|text| text.parse::<i64>().ok()).filter(|n| n.to_string().as_bytes() == data);
    assert_eq!(int::parse_i64(data), exact);
    assert_eq!(int::parse_u64(data), text.and_then(|text| text.parse().ok()));
    memory::parse_size(data);

    let mut out = Vec::new();
    if let Some(value) = double::parse(data) {
        double::write(value, &mut out);
        assert_eq!(double::parse(&out).map(f64::to_bits), Some(value.to_bits()));
    }
    if let Some(bytes) = data.first_chunk() {
        let value = f64::from_le_bytes(*bytes);
        out.clear();
        double::write(value, &mut out);
        // Subnormals read as zero, which Redis refuses; all else reads back.
        assert!(value.is_nan() || !value.is_normal() || double::parse(&out) == Some(value));
    }
    let (left, right) = data.split_at(data.len() / 2);
    if let (Some(a), Some(b)) = (Extended::parse(left), Extended::parse(right)) {
        let [sum, mirrored] = [a.add(b), b.add(a)].map(|sum| {
            sum.map(|sum| {
                let mut out = Vec::new();
                sum.write(&mut out);
                out
            })
        });
        assert_eq!(sum, mirrored);
    }

    split::split_words(data);
    let mut quoted = Vec::new();
    split::quote_into(data, &mut quoted);
    assert_eq!(split::split_words(&quoted), Some(vec![data.to_vec()]));
}

/// Numbers in a table, their own keys; few hashes, so that chains grow.
struct Numbers;

impl Rehash<Box<u16>> for Numbers {
    fn rehash(&self, item: &Box<u16>) -> u64 {
        spread(**item)
    }
}

fn spread(key: u16) -> u64 {
    u64::from(key % 4096).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// The hash table: a map, whatever is inserted and removed in whatever order, and a scan
/// that sees at least once whatever stays.
pub fn table(data: &[u8]) {
    let mut table: Table<Box<u16>> = Table::new();
    let mut model: HashMap<u16, ()> = HashMap::new();
    let mut scan: Option<(u64, HashMap<u16, bool>)> = None;
    for step in data.chunks_exact(3) {
        // A run of neighbours, so that a short input makes a table grow.
        let first = u16::from_le_bytes([step[1], step[2]]);
        let run = (0..u16::from(step[0] >> 3)).map(|i| first.wrapping_add(i));
        match step[0] % 8 {
            0..4 => {
                for key in run {
                    match table.entry(spread(key), |item| **item == key) {
                        table::Entry::Occupied(_) => assert!(model.contains_key(&key)),
                        table::Entry::Vacant(place) => {
                            place.insert(Box::new(key), &Numbers);
                            assert!(model.insert(key, ()).is_none());
                        }
                    }
                }
            }
            4..7 => {
                for key in run {
                    if let table::Entry::Occupied(place) =
                        table.entry(spread(key), |item| **item == key)
                    {
                        place.remove();
                        assert!(model.remove(&key).is_some());
                    } else {
                        assert!(!model.contains_key(&key));
                    }
                    if let Some((_, seen)) = &mut scan {
                        seen.remove(&key);
                    }
                }
            }
            _ => {
                let (cursor, mut seen) = scan
                    .take()
                    .unwrap_or_else(|| (0, model.keys().map(|&key| (key, false)).collect()));
                let next = table.scan(cursor, |item| {
                    assert!(model.contains_key(item));
                    seen.entry(**item).and_modify(|seen| *seen = true);
                });
                match next {
                    0 => assert!(
                        seen.values().all(|&seen| seen),
                        "the scan missed what was there throughout"
                    ),
                    next => scan = Some((next, seen)),
                }
            }
        }
    }
    assert_eq!(table.len(), model.len());
    let mut left = model.len();
    table.for_each(|item| {
        assert!(model.contains_key(item));
        left -= 1;
    });
    assert_eq!(left, 0);
}

/// The packed sequence: what is refused or read back to the byte if it comes from elsewhere, and a
/// vector otherwise.
pub fn packed(data: &[u8]) {
    if let Some(view) = PackedRef::checked(data) {
        let again: Packed = view.iter().map(|(_, item)| item).collect();
        assert!(view.is_empty() || again.as_bytes() == data);
    }
    let (mut packed, mut model) = (Packed::new(), Vec::<Vec<u8>>::new());
    let mut steps = data;
    while let [what, at, size, rest @ ..] = steps {
        // Short strings are the fuzzer's own bytes, so that it finds numbers; long ones are runs.
        let (text, rest) = match what & 0xC0 {
            0 => (vec![b'x'; usize::from(*size) * 40], rest),
            _ => {
                let (text, rest) = rest.split_at(usize::from(*size % 24).min(rest.len()));
                (text.to_vec(), rest)
            }
        };
        steps = rest;
        let at = usize::from(*at) % (model.len() + 1);
        let pos = packed.as_ref().nth(at).unwrap_or(packed.as_ref().end());
        match what % 8 {
            0..3 => {
                packed.insert(pos, &text);
                model.insert(at, text);
            }
            3 => {
                packed.push(&text);
                model.push(text);
            }
            4 if at < model.len() => {
                packed.replace(pos, &text);
                model[at] = text;
            }
            5 => {
                let n = usize::from(*size % 4).min(model.len() - at);
                assert_eq!(packed.remove(pos, n), n);
                model.drain(at..at + n);
            }
            6 => {
                let found = packed.as_ref().find(Item::from(&text), 0);
                let index = model.iter().position(|s| *s == text);
                assert_eq!(found, index.and_then(|index| packed.as_ref().nth(index)));
            }
            _ => {}
        }
        assert_eq!(packed.len(), model.len());
    }
    assert!(packed.as_ref().iter().map(|(_, item)| item.to_vec()).eq(model));
    assert_eq!(PackedRef::checked(packed.as_bytes()), Some(packed.as_ref()));
}

/// The chunked list: a deque, with nodes of whatever limit.
pub fn list(data: &[u8]) {
    let [limit, apart, steps @ ..] = data else { return };
    let fill = Fill::new(i64::from(*limit % 12) - 5, u32::from(apart / 2) * u32::from(apart % 2));
    let (mut list, mut model) = (ChunkedList::new(fill), VecDeque::<Vec<u8>>::new());
    let mut steps = steps;
    while let [what, at, size, rest @ ..] = steps {
        let (text, rest) = match what & 0xC0 {
            0 => (vec![b'x'; usize::from(*size) * 40], rest),
            _ => {
                let (text, rest) = rest.split_at(usize::from(*size % 24).min(rest.len()));
                (text.to_vec(), rest)
            }
        };
        steps = rest;
        let end = if at % 2 == 0 { End::Front } else { End::Back };
        let at = usize::from(*at) % (model.len() + 1);
        let item = Item::from(&text);
        match what % 8 {
            0 | 1 => {
                list.push(end, item);
                match end {
                    End::Front => model.push_front(text),
                    End::Back => model.push_back(text),
                }
            }
            2 => {
                let expected = match end {
                    End::Front => model.pop_front(),
                    End::Back => model.pop_back(),
                };
                assert_eq!(list.pop_with(end, |item| item.to_vec()), expected);
            }
            3 => {
                assert_eq!(list.set(at, item), at < model.len());
                model.get_mut(at).into_iter().for_each(|place| *place = text.clone());
            }
            4 | 5 if at < model.len() => {
                let after = what % 8 == 5;
                list.insert(at, after, item);
                model.insert(at + usize::from(after), text);
            }
            6 => {
                let n = usize::from(*size % 4);
                list.remove_range(at, n);
                model.drain(at..(at + n).min(model.len()));
            }
            7 => {
                let left: VecDeque<_> = model.iter().filter(|s| **s != text).cloned().collect();
                let removed = list.remove_matches(item, end, usize::MAX);
                assert_eq!(removed, model.len() - left.len());
                model = left;
            }
            _ => {}
        }
        list.check();
        assert_eq!(list.get(at).map(Item::to_vec).as_ref(), model.get(at));
    }
    assert!(list.iter_from(0).map(Item::to_vec).eq(model));
}

/// Requests: they read alike in one piece and in many, whatever they are, and words stay
/// within the buffer.
#[cfg(feature = "network")]
pub fn resp(data: &[u8]) {
    let Some((&size, data)) = data.split_first() else { return };
    let whole = read_requests(std::iter::once(data), usize::MAX);
    assert_eq!(whole, read_requests(data.chunks(usize::from(size).max(1)), usize::MAX));
    assert_eq!(whole, read_requests(std::iter::once(data), 1));
}

/// The words of each command, and the error that ends the connection.
#[cfg(feature = "network")]
type Requests = (Vec<Vec<Vec<u8>>>, Option<crate::network::resp::ProtocolError>);

#[cfg(feature = "network")]
fn read_requests<'a>(pieces: impl Iterator<Item = &'a [u8]>, commands: usize) -> Requests {
    use crate::command::Words;
    use crate::network::resp::{Batch, Limits, Parser};

    let limits = Limits { max_bulk: 1 << 20, unauthenticated: false, commands };
    let (mut parser, mut batch, mut buffer) = (Parser::default(), Batch::default(), Vec::new());
    let mut read = Vec::new();
    for piece in pieces {
        buffer.extend_from_slice(piece);
        loop {
            batch.clear();
            let parsed = parser.parse(&mut buffer, limits, &mut batch);
            let mut words = Words::new();
            batch.add_words(&mut words, &buffer);
            for (args, _) in batch.commands(&words) {
                read.push(args.iter_from(0).map(<[u8]>::to_vec).collect());
            }
            drop(words);
            if let Err(error) = parsed {
                return (read, Some(error));
            }
            let done = parser.needed_from();
            buffer.drain(..done);
            parser.discard(done);
            if batch.len() < commands {
                break;
            }
        }
    }
    (read, None)
}

/// A key's entry: holds what was put in, however it is set, edited, moved and copied, and readers
/// that took a reference to a long value keep what they saw.
pub fn entry(data: &[u8]) {
    let Some((&first, mut steps)) = data.split_first() else { return };
    let mut key = vec![b'k'; usize::from(first) * 3];
    let (mut value, mut expiry) = (Vec::new(), None);
    let mut entry = Entry::new(&key, StringValue::Bytes(b""), None, 7);
    let mut readers = Vec::new();
    while let [what, size, fill, rest @ ..] = steps {
        steps = rest;
        // Lengths around every boundary: 44, 255, 1024, and a few long ones.
        let len = usize::from(*size) * [1, 1, 5, 70][usize::from(fill % 4)];
        let bytes = vec![*fill; len];
        match what % 8 {
            0 => {
                expiry = (fill % 2 == 0).then_some(Millis(i64::from(*fill)));
                entry.set(StringValue::encode(&bytes), expiry);
                value = bytes;
            }
            1 => {
                entry.set(StringValue::Int(i64::from(*fill) << (size % 56)), expiry);
                value = (i64::from(*fill) << (size % 56)).to_string().into_bytes();
            }
            2 => {
                entry.append(&bytes);
                value.extend(bytes);
            }
            3 => {
                entry.edit(len).iter_mut().for_each(|byte| *byte ^= fill);
                value.resize(len, 0);
                value.iter_mut().for_each(|byte| *byte ^= fill);
            }
            4 => {
                expiry = (fill % 2 == 0).then_some(Millis(i64::from(*size)));
                entry.set_expiry(expiry);
            }
            5 => {
                key = bytes;
                entry = entry.rekeyed(&key, expiry);
            }
            6 => entry = entry.clone(),
            _ => readers.push((entry.string().expect("a string").to_bytes(), value.clone())),
        }
        assert_eq!(entry.key(), key);
        assert_eq!(entry.string().expect("a string").bytes(&mut Digits::new()), value);
        assert_eq!((entry.expiry(), entry.access()), (expiry, 7));
    }
    readers.into_iter().for_each(|(seen, then)| assert_eq!(seen, then));
}

/// A stream's log: an ordered map, whatever is added and deleted, in blocks of any size.
pub fn stream_log(data: &[u8]) {
    type Pairs<'d> = Vec<(&'d [u8], &'d [u8])>;
    let Some(([sizes, rounds], mut data)) = data.split_first_chunk() else { return };
    let limits = BlockLimits {
        bytes: usize::from(sizes >> 4) * 64,
        entries: usize::from(sizes & 0xF) * usize::from(*rounds),
    };
    let mut log = StreamLog::default();
    let mut model: BTreeMap<StreamId, Pairs<'_>> = BTreeMap::new();
    let mut last = StreamId::MIN;
    while let Some(([step, a, b], rest)) = data.split_first_chunk() {
        data = rest;
        let some =
            || model.keys().nth(usize::from(*a) % model.len().max(1)).copied().unwrap_or(last);
        match step % 8 {
            0..5 => {
                let next = match step >> 6 {
                    0 => StreamId::new(
                        last.ms.saturating_add((*a).into()),
                        last.seq.saturating_add(1),
                    ),
                    1 => StreamId::new(last.ms.saturating_add(1 << (a % 64)), (*b).into()),
                    _ => last.next().unwrap_or(StreamId::MAX),
                };
                // Ids rise, until there are none left.
                if next <= last {
                    break;
                }
                last = next;
                let mut pairs = Vec::new();
                for _ in 0..1 + (step >> 3) % 3 {
                    let mut take = |length: u8| {
                        let (word, rest) = data.split_at(usize::from(length).min(data.len()));
                        data = rest;
                        word
                    };
                    pairs.push((take(*a % 12), take(*b % 80)));
                }
                log.append(last, pairs.iter().copied(), limits);
                model.insert(last, pairs);
            }
            5 | 6 => {
                let id = some();
                assert_eq!(log.delete(id), model.remove(&id).is_some());
            }
            _ => {
                let id = some();
                let keep = if b & 1 == 0 { Keep::From(id) } else { Keep::Newest((*a).into()) };
                let count = log.trim(keep, b & 2 != 0, (b >> 4).into(), None);
                (0..count).for_each(|_| drop(model.pop_first()));
            }
        }
    }
    assert_eq!(log.len(), model.len());
    let owned = |entry: crate::ds::stream_log::Entry<'_>| {
        let fields = entry.fields.map(|(field, value)| (field.to_vec(), value.to_vec()));
        (entry.id, fields.collect::<Vec<_>>())
    };
    let known = |(id, pairs): (&StreamId, &Pairs<'_>)| {
        (*id, pairs.iter().map(|(f, v)| (f.to_vec(), v.to_vec())).collect::<Vec<_>>())
    };
    let (least, most) = (StreamId::MIN, StreamId::MAX);
    assert!(log.range(least, most).map(owned).eq(model.iter().map(known)));
    assert!(log.range_back(least, most).map(owned).eq(model.iter().rev().map(known)));
    for id in model.keys() {
        assert!(log.get(*id).is_some_and(|entry| entry.id == *id));
    }
}

/// A HyperLogLog from a client: whatever its registers are said to be, reading, adding and merging
/// end without a panic, and a sketch that can be read counts alike in both forms and merged.
pub fn hyperloglog(data: &[u8]) {
    let (elements, rest) =
        data.split_at(data.first().map_or(0, |&n| usize::from(n).min(data.len())));
    let mut bytes = Hll::new().bytes().to_vec();
    let (whole, registers) =
        rest.split_first().map_or((true, rest), |(n, rest)| (n % 2 == 0, rest));
    if whole {
        bytes.truncate(16);
        bytes.extend_from_slice(registers);
    } else {
        bytes = registers.to_vec();
    }
    let Some(sketch) = HllRef::new(&bytes) else { return };
    let _ = sketch.runs();
    let mut hll = Hll::from(sketch);
    for element in elements.chunks(2) {
        let limit = usize::from(element[0]) * 16;
        let before = hll.bytes().to_vec();
        match hll.add(Rank::of(element), limit) {
            Ok(true) => assert_ne!(hll.bytes(), before),
            Ok(false) | Err(hll::Corrupted) => assert_eq!(hll.bytes(), before),
        }
    }
    let view = HllRef::new(hll.bytes()).expect("the header was left alone");
    let (count, mut union) = (view.count(), Registers::new());
    let merged = union.add(view).map(|()| union.count());
    assert_eq!(merged.is_ok(), count.is_ok());
    let mut dense = hll.clone();
    assert_eq!(dense.make_dense().is_ok(), count.is_ok());
    if let Ok(count) = count {
        let view = HllRef::new(dense.bytes()).expect("the header was left alone");
        assert_eq!((view.count(), merged), (Ok(count), Ok(count)));
        hll.replace(&union, false, 3000).expect("readable");
        let view = HllRef::new(hll.bytes()).expect("the header was left alone");
        assert_eq!(view.count(), Ok(count));
    }
}

/// Strings combined and searched bit by bit, and integers at any bit, against single bits.
pub fn bits(data: &[u8]) {
    use crate::ds::bits::{self, BitOp};
    let [a, b, c, rest @ ..] = data else { return };
    let len = rest.len() as u64 * 8;
    let set = (0..len).filter(|at| bits::bit(rest, *at)).count() as u64;
    assert_eq!(bits::count(rest), set);
    if len > 0 {
        let (first, last) = (u64::from(*a) % len, len - 1 - u64::from(*b) % len);
        if first <= last {
            let set = (first..=last).filter(|at| bits::bit(rest, *at)).count() as u64;
            assert_eq!(bits::count_in(rest, first, last), set);
            for wanted in [false, true] {
                let found = (first..=last).find(|at| bits::bit(rest, *at) == wanted);
                assert_eq!(bits::find_in(rest, wanted, first, last), found);
            }
        }
    }
    let sources: Vec<&[u8]> = rest.chunks(usize::from(*c).max(1)).collect();
    let longest = sources.iter().map(|source| source.len()).max().unwrap_or(0);
    let mut one = vec![0; longest];
    bits::combine(BitOp::One, &mut one, &sources);
    for at in 0..longest as u64 * 8 {
        let set = sources.iter().filter(|source| bits::bit(source, at)).count();
        assert_eq!(bits::bit(&one, at), set == 1);
    }
}

/// Bytes taken for a set of integers are refused or are one; and the set against the standard
/// library's, whatever is inserted and removed.
pub fn intset(data: &[u8]) {
    use crate::ds::intset::{IntSet, IntSetRef};
    if let Some(set) = IntSetRef::checked(data) {
        assert!(set.iter().enumerate().all(|(at, number)| set.find(number) == Ok(at)));
    }
    let (mut set, mut model) = (IntSet::default(), std::collections::BTreeSet::new());
    for step in data.chunks_exact(4) {
        // Few numbers of every width, so that they meet.
        let number = i64::from(step[1] as i8) << (step[2] % 57);
        if step[0] % 3 > 0 {
            assert_eq!(set.insert(number), model.insert(number));
        } else {
            assert_eq!(set.remove(number), model.remove(&number));
        }
        let from = usize::from(step[3]).min(set.len());
        if from < set.len() && set.as_ref().get(from) <= number {
            assert_eq!(set.as_ref().find_from(from, number), set.as_ref().find(number));
        }
    }
    assert!(set.as_ref().iter().eq(model.iter().copied()));
    assert!(IntSetRef::checked(set.as_bytes()).is_some());
}

/// The rank tree against an ordered set and a map: what is added, changed and removed, by member and by
/// range, is there in order and with its rank.
pub fn rank_tree(data: &[u8]) {
    let mut tree = RankTree::new(FieldHasher::new([1, 2, 3, 4]));
    let mut scores: BTreeMap<Vec<u8>, i8> = BTreeMap::new();
    let mut order: BTreeSet<(i8, Vec<u8>)> = BTreeSet::new();
    for step in data.chunks_exact(4) {
        let number = u16::from_le_bytes([step[1], step[2]]);
        // Runs of neighbours, so that a short input splits and joins leaves; a few long members.
        let run = (0..u16::from(step[0] >> 2)).map(|i| number.wrapping_add(i) % 4096);
        let member = |n: u16| match n % 29 {
            0 => vec![n as u8; 200 + usize::from(n % 128)],
            _ => format!("member:{n}").into_bytes(),
        };
        let score = step[3] as i8;
        match step[0] % 4 {
            0 | 1 => {
                for member in run.map(member) {
                    let hash = tree.hash(&member);
                    match tree.find(hash, &member) {
                        Some(place) => tree.set_score(hash, place, score.into()),
                        None => _ = tree.insert(hash, score.into(), &member),
                    }
                    if let Some(old) = scores.insert(member.clone(), score) {
                        order.remove(&(old, member.clone()));
                    }
                    order.insert((score, member));
                }
            }
            2 => {
                for member in run.map(member) {
                    let hash = tree.hash(&member);
                    let place = tree.find(hash, &member);
                    let old = scores.remove(&member);
                    assert_eq!(place.map(|place| tree.score(place)), old.map(f64::from));
                    if let (Some(place), Some(old)) = (place, old) {
                        assert!(order.remove(&(old, member)));
                        tree.remove(hash, place);
                    }
                }
            }
            _ => {
                let start = usize::from(number) % (tree.len() + 1);
                let end = (start + usize::from(step[3])).min(tree.len());
                tree.remove_range(start..end);
                let gone: Vec<_> = order.iter().skip(start).take(end - start).cloned().collect();
                for item in gone {
                    order.remove(&item);
                    scores.remove(&item.1);
                }
            }
        }
        assert_eq!(tree.len(), order.len());
        let below = order.iter().filter(|(other, _)| *other < score).count();
        assert_eq!(tree.rank_of(Border::Before(score.into())), below);
    }
    let all = tree.walk(0..tree.len()).map(|(score, member)| (score, member.to_vec()));
    assert!(all.eq(order.iter().map(|(score, member)| (f64::from(*score), member.clone()))));
    for (rank, (_, member)) in order.iter().enumerate() {
        let place = tree.find(tree.hash(member), member).expect("in the model");
        assert_eq!((tree.rank(place), tree.at(rank)), (rank, place));
    }
}

/// Payloads of every type and version, and whole snapshots, without their checksums: any bytes are refused or
/// become a value that goes out and comes back the same.
#[cfg(feature = "snapshot")]
pub fn rdb(data: &[u8]) {
    use crate::persist::rdb;
    use crate::value::{Encoding, Type};
    let Some((&[version, whole], body)) = data.split_first_chunk::<2>() else { return };
    if whole == 0 {
        let engine = crate::Engine::open(crate::Config::new().stripes(1)).expect("valid");
        let _ = engine.import(body);
        return;
    }
    let limits = crate::config::Limits::default();
    let Some(content) = rdb::restore_unsealed(body, version.into(), &limits) else { return };
    let entry = content.into_entry(b"k", None, 0);
    let payload = rdb::dump(&entry, Millis(i64::MIN), true);
    let again = rdb::restore(&payload, &limits, false).expect("our own").into_entry(b"k", None, 0);
    assert_eq!(again.kind(), entry.kind());
    let ordered = match entry.kind() {
        Type::Set | Type::Hash => entry.encoding() != Encoding::Hashtable,
        _ => true,
    };
    if ordered && entry.big().is_none() {
        assert_eq!(rdb::dump(&again, Millis(i64::MIN), true), payload);
    }
}

/// Stored values and keys, whoever wrote them: any bytes are refused, or are a value that is written and read as the
/// same again, in bounded time and memory.
#[cfg(all(feature = "bincode", feature = "postcard", feature = "json"))]
pub fn codecs(data: &[u8]) {
    use std::collections::HashMap;

    use bytes::Bytes;
    use serde::{Deserialize, Serialize};

    use crate::typed::{Json, Schema};

    /// A type that contains itself, and elements that take no bytes.
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Value {
        Nothing,
        Number(i64),
        Text { text: String, unit: () },
        Many(Vec<Value>),
        Units(Vec<()>),
        Next(Option<Box<Value>>),
        Pairs(std::collections::BTreeMap<String, u16>),
    }

    let Some((which, data)) = data.split_first() else { return };
    let bytes = Bytes::copy_from_slice(data);
    let schema = match which % 5 {
        0 => Schema::<Value>::bincode(),
        1 => Schema::postcard(),
        2 => Schema::json(),
        3 => Schema::postcard().version(7).reads::<Json, Value>(0, Some),
        _ => Schema::json().version(7).drops_others(),
    };
    if let Ok(Some(value)) = schema.take(&bytes, b"key", b"") {
        let again = Bytes::from(schema.write(&value, b"key", b"").expect("it was read"));
        assert_eq!(schema.take(&again, b"key", b""), Ok(Some(value)));
    }
    let _ = Schema::<HashMap<String, Vec<Vec<u64>>>>::bincode().take(&bytes, b"key", b"");
    let _ = Schema::<String>::plain().take(&bytes, b"key", b"");
    let db = crate::Db::in_memory();
    db.sadd("set", [data]).expect("a set");
    // Keys have one form: whatever is read from these bytes is found under them.
    let owners = db.set_of::<(Vec<Option<u8>>, String, Option<(bool, char)>)>("set");
    for owner in owners.members().unwrap_or_default() {
        assert_eq!(owners.contains(&owner), Ok(true));
    }
}
