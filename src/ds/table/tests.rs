//! The table against `std`, and the promises that no `std` map makes.

use std::collections::{BTreeMap, HashMap, HashSet};

use proptest::prelude::*;

use super::bucket::LINE;
use super::{Dense, Entry, Rehash, Summary, Table};

/// Spreads small numbers over 64 bits, so that tags and buckets vary.
fn hash(key: u64) -> u64 {
    let mut z = key.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB)
}

type Item = Box<(u64, u64)>;

/// Hashes by `hash`, or by a function that makes every key collide.
struct By(fn(u64) -> u64);

impl Rehash<Item> for By {
    fn rehash(&self, item: &Item) -> u64 {
        self.0(item.0)
    }
}

#[derive(Clone, Copy, Default, PartialEq, Debug)]
struct Max(u64);

impl Summary for Max {
    fn absorb(&mut self, other: Max) {
        self.0 = self.0.max(other.0);
    }
}

fn set(table: &mut Table<Item, Max>, by: &By, key: u64, value: u64) -> Option<u64> {
    let mut place;
    let old = match table.entry(by.0(key), |i| i.0 == key) {
        Entry::Occupied(mut o) => {
            let old = std::mem::replace(&mut o.get_mut().1, value);
            place = o;
            Some(old)
        }
        Entry::Vacant(v) => {
            place = v.insert(Box::new((key, value)), by);
            None
        }
    };
    let summary = place.summary_mut();
    summary.0 = summary.0.max(value);
    old
}

fn remove(table: &mut Table<Item, Max>, by: &By, key: u64) -> Option<u64> {
    match table.entry(by.0(key), |i| i.0 == key) {
        Entry::Occupied(o) => Some(o.remove().0.1),
        Entry::Vacant(_) => None,
    }
}

/// Every invariant that can be seen from outside.
fn check(table: &Table<Item, Max>, by: &By, model: &HashMap<u64, u64>) {
    assert_eq!(table.len(), model.len());
    let mut seen = BTreeMap::new();
    table.for_each(|i| assert!(seen.insert(i.0, i.1).is_none(), "twice: {}", i.0));
    assert_eq!(seen, model.iter().map(|(k, v)| (*k, *v)).collect());
    assert_eq!(table.iter(|_| {}).len(), model.len());
    for (&key, &value) in model {
        assert_eq!(table.find(by.0(key), |i| i.0 == key).map(|i| i.1), Some(value));
        let segment = table.home(by.0(key)) / super::SEGMENT;
        assert!(table.summary(segment).0 >= value, "the summary covers every item of its segment");
    }
    let mut walk = table.iter(|_| {});
    let walked: BTreeMap<u64, u64> = walk.by_ref().map(|i| (i.0, i.1)).collect();
    assert_eq!((walked, walk.len()), (seen, 0));
    let mut chained = 0;
    for index in 0..table.buckets() {
        let mut length = 1;
        let mut bucket = table.bucket(index);
        while let Some(next) = bucket.next() {
            let whole = size_of_val(next) == LINE;
            let least = if whole && next.next().is_none() { 3 } else { 1 };
            assert!(next.count() >= least, "{} items in {} bytes", next.count(), size_of_val(next));
            assert!(whole || next.next().is_none(), "half a line is the last of its chain");
            length += 1;
            chained += size_of_val(next);
            bucket = next;
        }
        assert!(length <= table.longest);
    }
    assert_eq!(chained, table.chained);
}

#[derive(Debug, Clone)]
enum Op {
    Set(u64, u64),
    Remove(u64),
    ExtractEven(usize),
}

fn ops(keys: u64) -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        6 => (0..keys, any::<u64>()).prop_map(|(k, v)| Op::Set(k, v)),
        5 => (0..keys).prop_map(Op::Remove),
        1 => any::<usize>().prop_map(Op::ExtractEven),
    ];
    proptest::collection::vec(op, 0..1500)
}

fn run(by: &By, ops: Vec<Op>) {
    let mut table = Table::new();
    let mut model = HashMap::new();
    for op in ops {
        match op {
            Op::Set(k, v) => assert_eq!(set(&mut table, by, k, v), model.insert(k, v)),
            Op::Remove(k) => assert_eq!(remove(&mut table, by, k), model.remove(&k)),
            Op::ExtractEven(pick) if table.segments() > 0 => {
                let mut out = Vec::new();
                table.extract(pick % table.segments(), by, |i| i.0 % 2 == 0, &mut out);
                table.shrink(out.len());
                for item in out {
                    assert_eq!(model.remove(&item.0), Some(item.1));
                }
            }
            Op::ExtractEven(_) => {}
        }
    }
    check(&table, by, &model);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 2 } else { 64 }, ..ProptestConfig::default() })]

    #[test]
    fn is_a_map(ops in ops(900)) {
        run(&By(hash), ops);
    }

    #[test]
    fn is_a_map_when_every_hash_is_the_same(ops in ops(60)) {
        run(&By(|_| 7), ops);
    }

    #[test]
    fn is_a_map_when_hashes_differ_in_the_tag_only(ops in ops(200)) {
        run(&By(|k| k << 40), ops);
    }
}

#[test]
fn grows_and_shrinks_a_bucket_at_a_time() {
    let by = By(hash);
    let mut table = Table::new();
    let count = if cfg!(miri) { 2_000 } else { 100_000 };
    let mut before = 0;
    for key in 0..count {
        set(&mut table, &by, key, key);
        assert!(table.buckets() - before <= 1);
        before = table.buckets();
    }
    assert!(
        table.heap_size() < count as usize * if cfg!(miri) { 18 } else { 16 },
        "{} bytes an item",
        table.heap_size() as f64 / count as f64
    );
    for key in 0..count {
        remove(&mut table, &by, key);
        assert!(before - table.buckets() <= 1);
        before = table.buckets();
    }
    assert_eq!((table.len(), table.buckets(), table.heap_size()), (0, 0, 0));
}

#[test]
fn a_dense_table_is_a_set_in_less_memory() {
    let by = By(hash);
    let mut table: Table<Item, Dense> = Table::new();
    let count = if cfg!(miri) { 2_000 } else { 100_000 };
    for key in 0..count {
        let Entry::Vacant(place) = table.entry(hash(key), |i| i.0 == key) else { panic!("{key}") };
        place.insert(Box::new((key, key)), &by);
    }
    assert!((0..count).all(|key| table.find(hash(key), |i| i.0 == key).is_some()));
    assert!(table.find(hash(count), |i| i.0 == count).is_none());
    let each = table.heap_size() as f64 / count as f64;
    assert!(each < if cfg!(miri) { 15.0 } else { 13.5 }, "{each} bytes an item");
    for key in 0..count {
        let Entry::Occupied(place) = table.entry(hash(key), |i| i.0 == key) else {
            panic!("{key}")
        };
        assert_eq!(place.remove().0.0, key);
    }
    assert_eq!((table.len(), table.heap_size()), (0, 0));
}

#[test]
fn a_scan_shows_whatever_stays_however_the_table_changes() {
    let by = By(hash);
    for (first, then) in [(50, 5_000), (5_000, 50), (300, 300), (1, 2_000)] {
        let mut table = Table::new();
        (0..first).for_each(|k| _ = set(&mut table, &by, k, 0));
        let stays = first.min(then).min(50);
        let mut seen = HashSet::new();
        let (mut cursor, mut calls) = (0, 0);
        let mut next = first;
        loop {
            cursor = table.scan(cursor, |i| _ = seen.insert(i.0));
            calls += 1;
            if cursor == 0 {
                break;
            }
            // A few changes between two calls: towards `then` keys, the stayers kept.
            for _ in 0..7 {
                if next < then {
                    set(&mut table, &by, next, 0);
                    next += 1;
                } else if next > then {
                    next -= 1;
                    remove(&mut table, &by, next);
                }
            }
            assert!(calls < 100_000, "the walk ends");
        }
        assert!((0..stays).all(|k| seen.contains(&k)), "{first} to {then}");
    }
}

#[test]
fn a_scan_of_a_table_at_rest_shows_each_item_once() {
    let by = By(hash);
    for count in [1, 5, 6, 63, 64, 65, 1_000, 3_333] {
        let mut table = Table::new();
        (0..count).for_each(|k| _ = set(&mut table, &by, k, 0));
        let mut seen = Vec::new();
        let mut cursor = table.scan(0, |i| seen.push(i.0));
        while cursor != 0 {
            cursor = table.scan(cursor, |i| seen.push(i.0));
        }
        seen.sort_unstable();
        assert_eq!(seen, (0..count).collect::<Vec<_>>());
    }
}

#[test]
fn any_number_is_safe_as_a_cursor() {
    let by = By(hash);
    let mut table = Table::new();
    (0..1_000).for_each(|k| _ = set(&mut table, &by, k, 0));
    for start in [u64::MAX, 1 << 63, 12_345_678_901, 4_096] {
        let mut cursor = table.scan(start, |_| {});
        let mut calls = 0;
        while cursor != 0 {
            cursor = table.scan(cursor, |_| {});
            calls += 1;
            assert!(calls <= table.buckets() * 2);
        }
    }
}

/// Pearson's chi-squared statistic of fair picks from `count` items stays near its mean.
#[test]
#[cfg_attr(miri, ignore = "a statistical test of many samples")]
fn samples_are_fair() {
    let by = By(hash);
    for count in [3_u64, 40, 777] {
        let mut table = Table::new();
        (0..count).for_each(|k| _ = set(&mut table, &by, k, 0));
        let mut state = 1;
        let mut below = |n: usize| {
            state += 1;
            (hash(state) % n as u64) as usize
        };
        let picks = count * 200;
        let mut hits = vec![0_f64; count as usize];
        for _ in 0..picks {
            hits[table.sample(&mut below).expect("not empty").0 as usize] += 1.0;
        }
        let chi2: f64 = hits.iter().map(|h| (h - 200.0).powi(2) / 200.0).sum();
        let freedom = (count - 1) as f64;
        assert!(chi2 < freedom + 5.0 * (2.0 * freedom).sqrt(), "{chi2} for {freedom} degrees");
    }
}

#[test]
fn a_run_shows_whole_buckets_until_there_are_as_many_as_asked() {
    let by = By(hash);
    let mut table = Table::new();
    (0..100).for_each(|k| _ = set(&mut table, &by, k, 0));
    for (ask, least) in [(5, 5), (100, 100), (1_000, 100)] {
        let mut shown = HashSet::new();
        table.sample_run(ask, |n| n - 1, |i| _ = shown.insert(i.0));
        assert!((least..=100).contains(&shown.len()), "{} where {ask} were asked for", shown.len());
    }
    // Wherever an item stands in its bucket, a run that begins there shows it.
    let mut shown = HashSet::new();
    for start in 0..table.buckets() {
        table.sample_run(1, |_| start, |i| _ = shown.insert(i.0));
    }
    assert_eq!(shown.len(), 100);
}

#[test]
fn dropping_a_table_drops_its_items() {
    let witness = std::sync::Arc::new(());
    struct Same;
    impl Rehash<std::sync::Arc<()>> for Same {
        fn rehash(&self, _: &std::sync::Arc<()>) -> u64 {
            3
        }
    }
    let mut table: Table<_> = Table::new();
    for _ in 0..100 {
        let Entry::Vacant(place) = table.entry(3, |_| false) else { panic!("nothing is equal") };
        place.insert(witness.clone(), &Same);
    }
    assert_eq!(std::sync::Arc::strong_count(&witness), 101);
    drop(table);
    assert_eq!(std::sync::Arc::strong_count(&witness), 1);
}
