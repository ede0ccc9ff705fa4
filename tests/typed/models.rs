//! Each handle does what the collection of the standard library does that its methods are named after.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use danio::typed::Schema;
use danio::{Db, Position, Score};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::{Id, Item};

fn id() -> impl Strategy<Value = Id> {
    (0..3_u8, "[a:%]{0,1}").prop_map(|(number, name)| Id(number, name))
}

fn item() -> impl Strategy<Value = Item> {
    let leaf = prop_oneof![
        Just(Item::Nothing),
        any::<i64>().prop_map(Item::Number),
        (".{0,4}", vec(".{0,2}", 0..3)).prop_map(|(name, tags)| Item::Named {
            name,
            tags,
            parent: None
        }),
    ];
    leaf.prop_recursive(2, 3, 1, |inner| {
        (".{0,4}", inner).prop_map(|(name, parent)| Item::Named {
            name,
            tags: Vec::new(),
            parent: Some(Box::new(parent)),
        })
    })
}

/// Every codec, and one of them with a version.
fn schemas() -> [Schema<Item>; 4] {
    [Schema::bincode(), Schema::postcard(), Schema::json(), Schema::postcard().version(300)]
}

#[derive(Debug, Clone)]
enum MapStep {
    Insert(Id, Item),
    InsertIfAbsent(Id, Item),
    Extend(Vec<(Id, Item)>),
    Remove(Id),
    Get(Id),
    Update(Id, i64),
    All,
}

fn map_step() -> impl Strategy<Value = MapStep> {
    prop_oneof![
        (id(), item()).prop_map(|(key, value)| MapStep::Insert(key, value)),
        (id(), item()).prop_map(|(key, value)| MapStep::InsertIfAbsent(key, value)),
        vec((id(), item()), 0..4).prop_map(MapStep::Extend),
        id().prop_map(MapStep::Remove),
        id().prop_map(MapStep::Get),
        (id(), any::<i64>()).prop_map(|(key, by)| MapStep::Update(key, by)),
        Just(MapStep::All),
    ]
}

fn updated(old: Option<Item>, by: i64) -> Item {
    match old {
        Some(Item::Number(number)) => Item::Number(number.wrapping_add(by)),
        _ => Item::Number(by),
    }
}

#[derive(Debug, Clone)]
enum ListStep {
    PushBack(Item),
    PushFront(Item),
    Extend(Vec<Item>),
    PopBack,
    PopFront,
    Set(i64, Item),
    Get(i64),
    Range(i64, i64),
    Retain(i64, i64),
    Remove(Item),
    All,
}

fn list_step() -> impl Strategy<Value = ListStep> {
    let few = prop_oneof![Just(Item::Nothing), (0..3_i64).prop_map(Item::Number), item()];
    let few = few.boxed();
    prop_oneof![
        few.clone().prop_map(ListStep::PushBack),
        few.clone().prop_map(ListStep::PushFront),
        vec(few.clone(), 0..4).prop_map(ListStep::Extend),
        Just(ListStep::PopBack),
        Just(ListStep::PopFront),
        (-5..5_i64, few.clone()).prop_map(|(index, item)| ListStep::Set(index, item)),
        (-5..5_i64).prop_map(ListStep::Get),
        (-6..6_i64, -6..6_i64).prop_map(|(a, b)| ListStep::Range(a, b)),
        (-6..6_i64, -6..6_i64).prop_map(|(a, b)| ListStep::Retain(a, b)),
        few.prop_map(ListStep::Remove),
        Just(ListStep::All),
    ]
}

/// The indexes that an inclusive range of Redis's means.
fn places(a: i64, b: i64, len: usize) -> std::ops::Range<usize> {
    let len = len as i64;
    let from = if a < 0 { (a + len).max(0) } else { a };
    let to = if b < 0 { b + len } else { b.min(len - 1) };
    if from > to || from >= len { 0..0 } else { from as usize..to as usize + 1 }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_map_is_a_hash_map(steps in vec(map_step(), 1..40), which in 0..4_usize) {
        let db = Db::in_memory();
        let map = db.map_with::<Id, Item>("m", schemas()[which].clone());
        let mut model: HashMap<Id, Item> = HashMap::new();
        for step in steps {
            match step {
                MapStep::Insert(key, value) => {
                    let new = model.insert(key.clone(), value.clone()).is_none();
                    prop_assert_eq!(map.insert(&key, &value).unwrap(), new);
                }
                MapStep::InsertIfAbsent(key, value) => {
                    let new = !model.contains_key(&key);
                    model.entry(key.clone()).or_insert(value.clone());
                    prop_assert_eq!(map.insert_if_absent(&key, &value).unwrap(), new);
                }
                MapStep::Extend(pairs) => {
                    let before = model.len();
                    model.extend(pairs.iter().cloned());
                    let added = map.extend(pairs.iter().map(|(key, value)| (key, value))).unwrap();
                    prop_assert_eq!(added, model.len() - before);
                }
                MapStep::Remove(key) => {
                    prop_assert_eq!(map.remove(&key).unwrap(), model.remove(&key));
                }
                MapStep::Get(key) => {
                    prop_assert_eq!(map.get(&key).unwrap(), model.get(&key).cloned());
                    prop_assert_eq!(map.contains_key(&key).unwrap(), model.contains_key(&key));
                }
                MapStep::Update(key, by) => {
                    let new = updated(model.get(&key).cloned(), by);
                    model.insert(key.clone(), new.clone());
                    prop_assert_eq!(map.update(&key, |old| updated(old, by)).unwrap(), new);
                }
                MapStep::All => {
                    let all: HashMap<Id, Item> = map.iter().collect::<Result<_, _>>().unwrap();
                    prop_assert_eq!(&all, &model);
                    let keys: Vec<Id> = map.keys().collect::<Result<_, _>>().unwrap();
                    prop_assert_eq!(keys.len(), model.len());
                    let many = map.get_many(keys.iter()).unwrap();
                    prop_assert!(keys.iter().zip(&many).all(|(k, v)| model.get(k) == v.as_ref()));
                }
            }
            prop_assert_eq!(map.len().unwrap(), model.len());
        }
        prop_assert_eq!(map.entries().unwrap().into_iter().collect::<HashMap<_, _>>(), model);
    }

    #[test]
    fn a_family_is_a_hash_map(steps in vec(map_step(), 1..40), which in 0..4_usize) {
        let db = Db::in_memory();
        // A prefix that a pattern would take for something else, and keys beside it.
        let family = db.family_with::<Id, Item>("f[*]:", schemas()[which].clone());
        db.set("fx:", "no entry").unwrap();
        let mut model: HashMap<Id, Item> = HashMap::new();
        for step in steps {
            match step {
                MapStep::Insert(key, value) => {
                    family.insert(&key, &value).unwrap();
                    model.insert(key, value);
                }
                MapStep::InsertIfAbsent(key, value) => {
                    let new = !model.contains_key(&key);
                    prop_assert_eq!(family.insert_if_absent(&key, &value).unwrap(), new);
                    model.entry(key).or_insert(value);
                }
                MapStep::Extend(pairs) => {
                    for (key, value) in pairs {
                        family.entry(&key).unwrap().set(&value).unwrap();
                        model.insert(key, value);
                    }
                }
                MapStep::Remove(key) => {
                    prop_assert_eq!(family.remove(&key).unwrap(), model.remove(&key));
                }
                MapStep::Get(key) => {
                    prop_assert_eq!(family.get(&key).unwrap(), model.get(&key).cloned());
                    prop_assert_eq!(family.contains_key(&key).unwrap(), model.contains_key(&key));
                }
                MapStep::Update(key, by) => {
                    let new = updated(model.get(&key).cloned(), by);
                    let entry = family.entry(&key).unwrap();
                    prop_assert_eq!(entry.update(|old| updated(old, by)).unwrap(), new.clone());
                    let replaced = entry.replace(&new).unwrap();
                    prop_assert_eq!(replaced, Some(new.clone()));
                    model.insert(key, new);
                }
                MapStep::All => {
                    let keys: Vec<Id> = family.keys().collect::<Result<_, _>>().unwrap();
                    let many = family.get_many(keys.iter()).unwrap();
                    prop_assert!(keys.iter().zip(&many).all(|(k, v)| model.get(k) == v.as_ref()));
                }
            }
        }
        let all: HashMap<Id, Item> = family.iter().collect::<Result<_, _>>().unwrap();
        prop_assert_eq!(&all, &model);
        prop_assert_eq!(family.clear(), model.len());
        prop_assert_eq!(db.len(), 1);
    }

    #[test]
    fn a_list_is_a_deque(steps in vec(list_step(), 1..40), which in 0..4_usize) {
        let db = Db::in_memory();
        let list = db.list_with::<Item>("l", schemas()[which].clone());
        let mut model: VecDeque<Item> = VecDeque::new();
        for step in steps {
            match step {
                ListStep::PushBack(item) => {
                    model.push_back(item.clone());
                    prop_assert_eq!(list.push_back(&item).unwrap(), model.len());
                }
                ListStep::PushFront(item) => {
                    model.push_front(item.clone());
                    prop_assert_eq!(list.push_front(&item).unwrap(), model.len());
                }
                ListStep::Extend(items) => {
                    model.extend(items.iter().cloned());
                    prop_assert_eq!(list.extend(&items).unwrap(), model.len());
                }
                ListStep::PopBack => {
                    prop_assert_eq!(list.pop_back().unwrap(), model.pop_back());
                }
                ListStep::PopFront => {
                    prop_assert_eq!(list.pop_front().unwrap(), model.pop_front());
                }
                ListStep::Set(index, item) => {
                    let place = places(index, index, model.len());
                    let done = list.set(index, &item).is_ok();
                    let there = model.len() as i64 > index && index >= -(model.len() as i64);
                    prop_assert_eq!(done, there);
                    if there {
                        model[place.start] = item;
                    }
                }
                ListStep::Get(index) => {
                    let there = index >= -(model.len() as i64) && index < model.len() as i64;
                    let item = there.then(|| &model[places(index, index, model.len()).start]);
                    prop_assert_eq!(list.get(index).unwrap(), item.cloned());
                }
                ListStep::Range(a, b) => {
                    let range = places(a, b, model.len());
                    let items: Vec<Item> = model.range(range).cloned().collect();
                    prop_assert_eq!(list.range(a..=b).unwrap(), items);
                }
                ListStep::Retain(a, b) => {
                    let range = places(a, b, model.len());
                    model = model.range(range).cloned().collect();
                    list.retain_range(a..=b).unwrap();
                }
                ListStep::Remove(item) => {
                    let before = model.len();
                    prop_assert_eq!(list.position(&item).unwrap(), model.iter().position(|i| *i == item));
                    prop_assert_eq!(list.contains(&item).unwrap(), model.contains(&item));
                    model.retain(|other| *other != item);
                    prop_assert_eq!(list.remove(&item).unwrap(), before - model.len());
                }
                ListStep::All => {
                    let all: VecDeque<Item> = list.iter().collect::<Result<_, _>>().unwrap();
                    prop_assert_eq!(&all, &model);
                }
            }
            prop_assert_eq!(list.len().unwrap(), model.len());
        }
    }

    #[test]
    fn a_set_is_a_set(steps in vec((0..4_u8, id()), 1..60), other in vec(id(), 0..6)) {
        let db = Db::in_memory();
        let (set, second) = (db.set_of::<Id>("s"), db.set_of::<Id>("t"));
        second.extend(&other).unwrap();
        let other: BTreeSet<Id> = other.into_iter().collect();
        let mut model: BTreeSet<Id> = BTreeSet::new();
        let sorted = |members: Vec<Id>| members.into_iter().collect::<BTreeSet<Id>>();
        for (step, id) in steps {
            match step {
                0 | 1 => prop_assert_eq!(set.insert(&id).unwrap(), model.insert(id)),
                2 => prop_assert_eq!(set.remove(&id).unwrap(), model.remove(&id)),
                _ => {
                    prop_assert_eq!(set.contains(&id).unwrap(), model.contains(&id));
                    let some = set.choose().unwrap();
                    prop_assert_eq!(some.is_none(), model.is_empty());
                    prop_assert!(some.is_none_or(|id| model.contains(&id)));
                    prop_assert_eq!(sorted(set.union(&[&second]).unwrap()), &model | &other);
                    prop_assert_eq!(sorted(set.intersection(&[&second]).unwrap()), &model & &other);
                    prop_assert_eq!(sorted(set.difference(&[&second]).unwrap()), &model - &other);
                }
            }
            prop_assert_eq!(set.len().unwrap(), model.len());
        }
        prop_assert_eq!(&sorted(set.iter().collect::<Result<_, _>>().unwrap()), &model);
        while let Some(member) = set.pop().unwrap() {
            prop_assert!(model.remove(&member));
        }
        prop_assert!(model.is_empty());
    }

    #[test]
    fn a_sorted_set_is_ordered_by_score_and_bytes(steps in vec((0..6_u8, id(), -4..4_i32), 1..60)) {
        let db = Db::in_memory();
        let set = db.sorted_set::<Id>("z");
        let mut model: BTreeMap<Id, i32> = BTreeMap::new();
        let ordered = |model: &BTreeMap<Id, i32>| {
            let mut all: Vec<(Id, Score)> =
                model.iter().map(|(id, score)| (id.clone(), (*score).into())).collect();
            let bytes = |id: &Id| {
                let name = id.1.replace('%', "%25").replace(':', "%3A");
                format!("{}:{name}", id.0).into_bytes()
            };
            all.sort_by_key(|(id, score)| (*score, bytes(id)));
            all
        };
        for (step, id, score) in steps {
            match step {
                0 | 1 => {
                    let new = model.insert(id.clone(), score).is_none();
                    prop_assert_eq!(set.insert(&id, score).unwrap(), new);
                }
                2 => {
                    let sum = model.entry(id.clone()).or_default();
                    *sum += score;
                    prop_assert_eq!(set.add(&id, score).unwrap(), (*sum).into());
                }
                3 => prop_assert_eq!(set.remove(&id).unwrap(), model.remove(&id).is_some()),
                4 => {
                    let least = ordered(&model).into_iter().next();
                    prop_assert_eq!(set.pop_min().unwrap(), least.clone());
                    least.map(|(id, _)| model.remove(&id));
                }
                _ => {
                    let all = ordered(&model);
                    let rank = all.iter().position(|(other, _)| *other == id);
                    prop_assert_eq!(set.rank(&id).unwrap(), rank);
                    let back = rank.map(|rank| all.len() - 1 - rank);
                    prop_assert_eq!(set.rev_rank(&id).unwrap(), back);
                    let own = model.get(&id).map(|score| Score::from(*score));
                    prop_assert_eq!(set.score(&id).unwrap(), own);
                    let above: Vec<_> =
                        all.iter().filter(|(_, s)| *s >= Score::from(score)).cloned().collect();
                    prop_assert_eq!(set.count(score..).unwrap(), above.len());
                    prop_assert_eq!(set.range_by_score(score..).unwrap(), above);
                    prop_assert_eq!(set.range(..2).unwrap(), all[..all.len().min(2)].to_vec());
                    prop_assert_eq!(set.rev_range(..1).unwrap(), all.last().cloned().into_iter().collect::<Vec<_>>());
                }
            }
            prop_assert_eq!(set.len().unwrap(), model.len());
        }
        let all: Vec<_> = set.iter().collect::<Result<_, _>>().unwrap();
        prop_assert_eq!(all, ordered(&model));
    }

    #[test]
    fn a_stream_is_a_row_of_ids(items in vec(item(), 0..20), cut in 0..20_usize, which in 0..4_usize) {
        let db = Db::in_memory();
        let stream = db.stream_with::<Item>("x", schemas()[which].clone());
        let pushed: Vec<_> = items.into_iter().map(|item| (stream.push(&item).unwrap(), item)).collect();
        prop_assert_eq!(&stream.range(..).unwrap(), &pushed);
        prop_assert_eq!(&stream.iter(..).collect::<Result<Vec<_>, _>>().unwrap(), &pushed);
        let back: Vec<_> = pushed.iter().rev().take(3).cloned().collect();
        prop_assert_eq!(stream.rev_range(.., 3).unwrap(), back);
        if let Some((id, _)) = pushed.get(cut) {
            prop_assert_eq!(stream.read_after(*id, 100).unwrap(), pushed[cut + 1..].to_vec());
            prop_assert_eq!(stream.remove([*id]).unwrap(), 1);
            prop_assert_eq!(stream.len().unwrap(), pushed.len() - 1);
        }
    }

    #[test]
    fn a_bitmap_is_a_set_of_numbers(
        // Around the ends of pages, too: one is 32,768 bits.
        steps in vec((any::<bool>(), prop_oneof![0..200_u64, 32_700..32_800_u64, 65_530..65_540_u64]), 1..60)
    ) {
        let db = Db::in_memory();
        let bits = db.bitmap("b");
        let mut model: BTreeSet<u64> = BTreeSet::new();
        for (add, number) in steps {
            match add {
                true => prop_assert_eq!(bits.insert(number).unwrap(), model.insert(number)),
                false => prop_assert_eq!(bits.remove(number).unwrap(), model.remove(&number)),
            }
            prop_assert_eq!(bits.contains(number).unwrap(), model.contains(&number));
            prop_assert_eq!(bits.len().unwrap(), model.len() as u64);
            prop_assert_eq!(bits.first().unwrap(), model.first().copied());
        }
        let all: Vec<u64> = bits.iter().collect::<Result<_, _>>().unwrap();
        prop_assert!(all.iter().eq(&model));
        let odd = db.bitmap("odd");
        for number in model.iter().filter(|number| *number % 2 == 1) {
            odd.insert(*number).unwrap();
        }
        odd.assign_difference(&[&bits, &odd]).unwrap();
        let even: Vec<u64> = odd.iter().collect::<Result<_, _>>().unwrap();
        prop_assert!(even.iter().eq(model.iter().filter(|n| *n % 2 == 0)));
    }

    #[test]
    fn a_geo_index_is_a_map_of_positions(
        steps in vec((any::<bool>(), 0..300_u32, -179..179_i32, -84..84_i32), 1..200)
    ) {
        let db = Db::in_memory();
        let index = db.geo_index::<u32>("geo");
        let mut model: HashMap<u32, Position> = HashMap::new();
        for (add, place, longitude, latitude) in steps {
            let position = Position::new(f64::from(longitude), f64::from(latitude)).unwrap();
            match add {
                true => {
                    let missing = model.insert(place, position).is_none();
                    prop_assert_eq!(index.insert(&place, position).unwrap(), missing);
                }
                false => {
                    let there = model.remove(&place).is_some();
                    prop_assert_eq!(index.remove(&place).unwrap(), there);
                }
            }
            prop_assert_eq!(index.contains(&place).unwrap(), model.contains_key(&place));
            prop_assert_eq!(index.len().unwrap(), model.len());
        }
        let all: HashMap<u32, Position> = index.iter().collect::<Result<_, _>>().unwrap();
        prop_assert_eq!(all.len(), model.len());
        for (place, position) in all {
            prop_assert!(position.distance(model[&place]) < 1.0, "{place}: {position:?}");
        }
    }

    #[test]
    fn a_counter_is_a_number(steps in vec(-100..100_i64, 0..20)) {
        let db = Db::in_memory();
        let counter = db.counter("n");
        let mut model = 0;
        for step in steps {
            model += step;
            prop_assert_eq!(counter.add(step).unwrap(), model);
            prop_assert_eq!(counter.get().unwrap(), model);
        }
        prop_assert_eq!(counter.take().unwrap(), model);
        prop_assert_eq!(counter.get().unwrap(), 0);
    }
}
