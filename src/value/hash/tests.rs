//! Hashes against a `BTreeMap`, on both sides of every threshold.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use proptest::prelude::*;

use super::{Hash, HashRef, StoredHash};
use crate::clock::Millis;
use crate::config::{EncodingLimit, Limits};
use crate::rng::Rng;
use crate::value::{Collection, Encoding, Packing, SetExpiry, Stored, StoredRef, View};

type Model = BTreeMap<Vec<u8>, (Vec<u8>, Option<i64>)>;

#[derive(Debug, Clone)]
enum Step {
    Set(Vec<u8>, Vec<u8>, Option<i64>),
    Keep(Vec<u8>, Vec<u8>),
    Expire(Vec<u8>, Option<i64>),
    Remove(Vec<u8>),
    Many(u8, u8),
    Later(i64),
    Reclaim,
    Limits(i64, i64),
}

fn field() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        6 => (0..40_u8).prop_map(|n| format!("f{n}").into_bytes()),
        2 => (-3..300_i64).prop_map(|n| n.to_string().into_bytes()),
        1 => proptest::collection::vec(any::<u8>(), 0..100),
    ]
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        3 => "[a-z]{0,12}".prop_map(String::into_bytes),
        2 => any::<i64>().prop_map(|n| n.to_string().into_bytes()),
        1 => (0..2000_usize).prop_map(|n| vec![b'v'; n]),
    ]
}

fn time() -> impl Strategy<Value = Option<i64>> {
    proptest::option::of(1..100_i64)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (field(), value(), time()).prop_map(|(f, v, t)| Step::Set(f, v, t)),
        3 => (field(), value()).prop_map(|(f, v)| Step::Keep(f, v)),
        4 => (field(), time()).prop_map(|(f, t)| Step::Expire(f, t)),
        5 => field().prop_map(Step::Remove),
        1 => (any::<u8>(), any::<u8>()).prop_map(|(from, n)| Step::Many(from, n)),
        3 => (1..30_i64).prop_map(Step::Later),
        2 => Just(Step::Reclaim),
        1 => (0..50_i64, 0..70_i64).prop_map(|(n, size)| Step::Limits(n, size)),
    ]
}

/// A hash and what it should be.
struct Pair {
    hash: Hash,
    model: Model,
    now: i64,
    limits: Limits,
    /// Whether Redis would have made it a table by now.
    table: bool,
    timed: bool,
}

impl Pair {
    fn new() -> Pair {
        let limits = Limits::default();
        Pair {
            hash: Hash::default(),
            model: Model::new(),
            now: 0,
            limits,
            table: false,
            timed: false,
        }
    }

    fn set(&mut self, field: &[u8], value: &[u8], time: SetExpiry) {
        self.meet(field);
        // What is overwritten in place is what would have been set.
        let packed = match &self.hash {
            Hash::Plain(items) if time == SetExpiry::Clear => Some(items.as_bytes().to_vec()),
            _ => None,
        };
        let overwritten = packed.filter(|_| !self.hash.is_empty()).and_then(|mut bytes| {
            let limits = &self.limits;
            Hash::overwrite(Packing::Hash, &mut bytes, field, value, limits).then_some(bytes)
        });
        let was_there = self.hash.set(field, value, time, &self.limits);
        if let Some(bytes) = overwritten {
            assert!(was_there);
            assert!(matches!(&self.hash, Hash::Plain(items) if *items.as_bytes() == *bytes));
        }
        let old = self.model.get(field).map(|(_, at)| *at);
        let at = match time {
            SetExpiry::Clear => None,
            SetExpiry::Keep => old.flatten(),
            SetExpiry::At(at) => Some(at.0),
        };
        self.timed |= matches!(time, SetExpiry::At(_));
        assert_eq!(was_there, old.is_some());
        self.model.insert(field.to_vec(), (value.to_vec(), at));
        let long = self.limits.size(EncodingLimit::HashMaxListpackValue);
        self.table |= field.len().max(value.len()) > long
            || self.all() > self.limits.size(EncodingLimit::HashMaxListpackEntries);
    }

    /// How many fields the hash has, those past their time included.
    fn all(&self) -> usize {
        self.hash.at(Millis(i64::MIN)).len()
    }

    fn meet(&mut self, field: &[u8]) {
        let met = self.hash.reclaim_met(Millis(self.now), [field].into_iter());
        for field in &met {
            assert!(
                !self.model.contains_key(&field[..]),
                "only what is past its time is reclaimed"
            );
        }
    }

    fn step(&mut self, step: Step) {
        let from_now = |now: i64, left: i64| Millis(now + left);
        match step {
            Step::Set(f, v, None) => self.set(&f, &v, SetExpiry::Clear),
            Step::Set(f, v, Some(left)) => {
                self.set(&f, &v, SetExpiry::At(from_now(self.now, left)))
            }
            Step::Keep(f, v) => self.set(&f, &v, SetExpiry::Keep),
            Step::Expire(f, left) => {
                self.meet(&f);
                let Some((_, at)) = self.model.get_mut(&f) else { return };
                *at = left.map(|left| self.now + left);
                self.timed |= at.is_some();
                self.hash.set_time(&f, at.map(Millis));
            }
            Step::Remove(f) => {
                self.meet(&f);
                assert_eq!(self.hash.remove(&f), self.model.remove(&f).is_some());
            }
            Step::Many(from, n) => (0..n).for_each(|i| {
                let field = format!("m{}", from.wrapping_add(i));
                let time = if i % 3 == 0 {
                    SetExpiry::At(from_now(self.now, 1 + i64::from(i)))
                } else {
                    SetExpiry::Clear
                };
                self.set(field.as_bytes(), b"v", time);
            }),
            Step::Later(ms) => {
                self.now += ms;
                self.model.retain(|_, (_, at)| at.is_none_or(|at| at > self.now));
            }
            Step::Reclaim => {
                self.hash.reclaim(Millis(self.now));
                assert!(self.all() < self.model.len() + 256 * 8);
            }
            Step::Limits(entries, size) => {
                self.limits.set(EncodingLimit::HashMaxListpackEntries, entries);
                self.limits.set(EncodingLimit::HashMaxListpackValue, size);
            }
        }
    }

    fn check(&mut self) {
        read(self.hash.at(Millis(self.now)), &self.model);
        // Through what an entry keeps of it, and back.
        let stored = std::mem::take(&mut self.hash).store();
        let (view, encoding) = match &stored {
            Stored::Packed(packing, bytes) => {
                assert!(bytes.len() <= 2 * super::PACKED_BYTES + 200, "{}", bytes.len());
                (StoredHash::of(StoredRef::Packed(*packing, bytes)), packing.encoding())
            }
            Stored::Big(big) => (StoredHash::of(StoredRef::Big(&**big)), big.encoding()),
        };
        read(view.at(|| Millis(self.now)), &self.model);
        if let Some((at, due)) = self.model.values().filter_map(|(_, at)| *at).min().zip(view.due())
        {
            assert!(due <= Millis(at), "the bound holds");
        }
        if view.at(|| Millis(i64::MIN)).len() > 0 {
            assert_eq!(view.is_past(Millis(self.now)), self.model.is_empty());
        }
        let wanted = match (self.table, self.timed) {
            (true, _) => Encoding::Hashtable,
            (false, true) => Encoding::ListpackEx,
            (false, false) => Encoding::Listpack,
        };
        assert_eq!(encoding, wanted);
        self.hash = Hash::restore(stored);
        if let Hash::Big(big) = &self.hash {
            big.check();
            let copy = big.clone();
            copy.check();
            read(HashRef::big(&copy, Millis(self.now)), &self.model);
        }
        if self.hash.is_empty() {
            // A key would be removed now.
            *self = Pair { model: std::mem::take(&mut self.model), now: self.now, ..Pair::new() };
        }
    }
}

/// Compares all that can be read.
fn read(hash: HashRef<'_>, model: &Model) {
    assert_eq!(hash.len(), model.len());
    let mut all = Model::new();
    for field in hash.iter() {
        let value = field.value.to_bytes().to_vec();
        let at = field.expiry.map(|at| at.0);
        assert!(all.insert(field.name.to_vec(), (value, at)).is_none(), "a field came twice");
    }
    assert_eq!(&all, model);
    for (name, (value, at)) in model {
        let (found, expiry) = hash.find(name).expect("it is in the model");
        assert_eq!((&found.to_bytes()[..], expiry.map(|at| at.0)), (&value[..], *at));
        assert_eq!(found.len(), value.len());
        assert_eq!(found.as_int(), crate::text::int::parse_i64(value));
    }
    assert!(!hash.contains(b"never there"));
    let mut seen = BTreeSet::new();
    let mut cursor = 0;
    loop {
        cursor = hash.scan(cursor, 10, |field| {
            seen.insert(field.name.to_vec());
        });
        if cursor == 0 {
            break;
        }
    }
    assert!(seen.iter().eq(model.keys()));
    let rng = Rng::new(3);
    for count in [0, 1, model.len() / 5, model.len() / 2, model.len(), model.len() + 9] {
        let picked = hash.sample(count, |n| rng.below(n));
        let different: BTreeSet<_> = picked.iter().map(|field| field.name.to_vec()).collect();
        assert_eq!((picked.len(), different.len()), (count.min(model.len()), picked.len()));
        assert!(different.iter().all(|name| model.contains_key(name)));
    }
    let wanted = if model.is_empty() { 0 } else { 7 };
    assert_eq!(hash.randoms(7, |n| rng.below(n)).count(), wanted);
    assert_eq!(hash.random(|n| rng.below(n)).is_some(), !model.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 4 } else { 100 }, ..ProptestConfig::default() })]

    #[test]
    fn is_a_map_with_times(steps in proptest::collection::vec(step(), 0..60)) {
        let mut pair = Pair::new();
        for step in steps {
            pair.step(step);
            pair.check();
        }
    }
}

fn filled(fields: usize, limits: &Limits) -> Hash {
    let mut hash = Hash::default();
    for i in 0..fields {
        hash.set(format!("field {i}").as_bytes(), b"v", SetExpiry::Clear, limits);
    }
    hash
}

#[test]
fn every_pick_is_as_likely_as_any_other() {
    let limits = Limits::default();
    for fields in [20, 300] {
        let mut hash = filled(fields, &limits);
        // A quarter is past its time, and none of the picks.
        for i in (0..fields).step_by(4) {
            hash.set_time(format!("field {i}").as_bytes(), Some(Millis(5)));
        }
        let (view, live, rng) = (hash.at(Millis(9)), fields - fields / 4, Rng::new(1));
        let rounds = 200;
        let mut counts = [HashMap::new(), HashMap::new(), HashMap::new(), HashMap::new()];
        for _ in 0..rounds {
            let below = |n| rng.below(n);
            for _ in 0..live {
                *counts[0].entry(view.random(below).unwrap().name.to_vec()).or_insert(0) += 1;
            }
            let picks = [
                view.randoms(live, below).collect::<Vec<_>>(),
                (0..10).flat_map(|_| view.sample(live / 10, below)).collect(),
                (0..2).flat_map(|_| view.sample(live / 2, below)).collect(),
            ];
            for (count, picks) in counts[1..].iter_mut().zip(picks) {
                for field in picks {
                    *count.entry(field.name.to_vec()).or_insert(0) += 1;
                }
            }
        }
        for count in counts {
            assert_eq!(count.len(), live);
            let mean = f64::from(count.values().sum::<i32>()) / live as f64;
            let far = count.values().map(|n| (f64::from(*n) - mean).abs()).fold(0.0, f64::max);
            assert!(far < 5.5 * mean.sqrt(), "{far} from {mean}");
        }
    }
}

#[test]
fn a_small_hash_stays_in_order_and_small() {
    let mut hash = Hash::default();
    let limits = Limits::default();
    for i in 0..10 {
        hash.set(
            format!("f{i}").as_bytes(),
            format!("value{i}").as_bytes(),
            SetExpiry::Clear,
            &limits,
        );
    }
    let names: Vec<_> = hash.at(Millis(0)).iter().map(|field| field.name.to_vec()).collect();
    assert!(names.iter().enumerate().all(|(i, name)| *name == format!("f{i}").into_bytes()));
    let Stored::Packed(_, bytes) = hash.store() else { panic!("packed") };
    assert_eq!(bytes.len(), 2 + 10 * (3 + 7));
}

#[test]
fn what_redis_packs_is_called_so_though_it_is_a_table() {
    let limits = Limits::default();
    let mut hash = filled(200, &limits);
    assert!(matches!(&hash, Hash::Big(big) if big.encoding() == Encoding::Listpack));
    hash.set_time(b"field 1", Some(Millis(5)));
    assert!(matches!(&hash, Hash::Big(big) if big.encoding() == Encoding::ListpackEx));
    assert_eq!(hash.at(Millis(0)).scan(0, 10, |_| {}), 0, "Redis shows it at once");
    for i in 200..513 {
        hash.set(format!("field {i}").as_bytes(), b"v", SetExpiry::Clear, &limits);
    }
    assert!(matches!(&hash, Hash::Big(big) if big.encoding() == Encoding::Hashtable));
}

#[test]
fn reclaiming_is_done_in_steps() {
    let limits = Limits::default();
    let mut hash = filled(20_000, &limits);
    for i in 0..20_000 {
        hash.set_time(format!("field {i}").as_bytes(), Some(Millis(5)));
    }
    assert_eq!(hash.at(Millis(5)).len(), 0);
    let (mut steps, mut all) = (0, 0);
    while !hash.is_empty() {
        let step = hash.reclaim(Millis(5)).len();
        assert!((1..2000).contains(&step));
        (steps, all) = (steps + 1, all + step);
    }
    assert_eq!(all, 20_000);
    assert!(steps > 20);
}
