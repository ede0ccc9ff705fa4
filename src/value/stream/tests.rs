//! Groups against plain maps, and the count of bytes against a new count.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const LIMITS: BlockLimits = BlockLimits { bytes: 4096, entries: 4 };
const NAMES: [&[u8]; 3] = [b"ann", b"bob", b"cid"];

#[derive(Debug, Clone)]
enum Step {
    Add,
    Deliver { group: usize, consumer: usize, count: usize },
    Acknowledge { group: usize, id: u64 },
    Reassign { group: usize, id: u64, consumer: usize },
    GiveBack { group: usize, id: u64 },
    RemoveConsumer { group: usize, consumer: usize },
    AddGroup(usize),
    RemoveGroup(usize),
    Delete { id: u64, references: References },
    Trim { count: usize, references: References, whole: bool },
    Clone,
}

fn step() -> impl Strategy<Value = Step> {
    let references =
        || prop_oneof![Just(References::Keep), Just(References::Delete), Just(References::Acked)];
    let (group, consumer, id) = (|| 0..2_usize, || 0..3_usize, || 1..40_u64);
    prop_oneof![
        6 => Just(Step::Add),
        5 => (group(), consumer(), 1..5_usize)
            .prop_map(|(group, consumer, count)| Step::Deliver { group, consumer, count }),
        4 => (group(), id()).prop_map(|(group, id)| Step::Acknowledge { group, id }),
        2 => (group(), id(), consumer())
            .prop_map(|(group, id, consumer)| Step::Reassign { group, id, consumer }),
        3 => (group(), id()).prop_map(|(group, id)| Step::GiveBack { group, id }),
        1 => (group(), consumer())
            .prop_map(|(group, consumer)| Step::RemoveConsumer { group, consumer }),
        2 => group().prop_map(Step::AddGroup),
        1 => group().prop_map(Step::RemoveGroup),
        2 => (id(), references()).prop_map(|(id, references)| Step::Delete { id, references }),
        1 => (0..9_usize, references(), any::<bool>())
            .prop_map(|(count, references, whole)| Step::Trim { count, references, whole }),
        1 => Just(Step::Clone),
    ]
}

/// From this number on it is not a consumer that has an entry, but a turn in which it was given back.
const TURNS: usize = 100;

/// For each group, who has which entry; and the last id that it was given.
type Model = BTreeMap<usize, (u64, BTreeMap<u64, usize>)>;

fn id(n: u64) -> StreamId {
    StreamId::new(n, 0)
}

fn check(stream: &BigStream, model: &Model, entries: &[u64]) {
    let ids: Vec<u64> = stream.log().range(id(0), StreamId::MAX).map(|e| e.id.ms).collect();
    assert_eq!(ids, entries);
    assert_eq!(stream.position().len, entries.len());
    assert_eq!(stream.position().first_id.ms, entries.first().copied().unwrap_or(0));
    assert_eq!(stream.group_count(), model.len());
    let mut heap = 0;
    for (name, group) in stream.groups() {
        let (last, pending) = &model[&NAMES.iter().position(|n| *n == name).expect("one of them")];
        assert_eq!(group.last_id.ms, *last);
        let held = group.pending().iter();
        let held = held.map(|(id, p)| (id.ms, p.consumer.map(|c| group.consumer(c).name())));
        assert!(held.eq(pending.iter().map(|(id, has)| (*id, NAMES.get(*has).copied()))));
        let mut turns: Vec<(usize, u64)> =
            pending.iter().filter(|(_, has)| **has >= TURNS).map(|(id, has)| (*has, *id)).collect();
        turns.sort_unstable();
        assert!(group.in_turn().into_iter().eq(turns.into_iter().map(|(_, n)| id(n))));
        for consumer in group.consumers() {
            let theirs: Vec<u64> = consumer.pending_from(id(0)).map(|id| id.ms).collect();
            let wanted = pending.iter().filter(|(_, c)| NAMES.get(**c) == Some(&consumer.name()));
            assert!(wanted.map(|(id, _)| *id).eq(theirs.iter().copied()));
            assert_eq!(consumer.pending(), theirs.len());
        }
        let mut recounted = group.clone();
        // A clone has less room; what it owns is counted anew, and the original must agree with itself.
        recounted.recount();
        assert!(recounted.heap_size() <= group.heap_size());
        heap += name.len() + group.heap_size();
    }
    assert_eq!(stream.groups_heap, heap);
}

fn play(steps: Vec<Step>) {
    let (mut stream, mut model, mut entries) = (BigStream::default(), Model::new(), Vec::new());
    let mut last = 0;
    let mut turn = TURNS;
    let now = Millis(1);
    for step in steps {
        match step {
            Step::Add => {
                last += 1;
                stream.add(id(last), [(&b"f"[..], &b"v"[..])].into_iter(), LIMITS);
                entries.push(last);
            }
            Step::Deliver { group, consumer, count } => {
                let delivered = stream.edit_group(NAMES[group], |g, log, position| {
                    let (to, _) = g.ensure_consumer(NAMES[consumer], now);
                    let new = log.range(g.last_id.next().expect("small"), StreamId::MAX);
                    let new: Vec<StreamId> = new.take(count).map(|e| e.id).collect();
                    for id in &new {
                        assert!(position.advance(g, *id));
                        g.assign(*id, Pending { delivered: now, count: 1, consumer: Some(to) });
                    }
                    new
                });
                assert_eq!(delivered.is_some(), model.contains_key(&group));
                if let Some((at, pending)) = model.get_mut(&group) {
                    let new = entries.iter().filter(|id| **id > *at).take(count);
                    pending.extend(new.map(|id| (*id, consumer)));
                    *at = delivered.and_then(|d| d.last().map(|id| id.ms)).unwrap_or(*at);
                }
            }
            Step::Acknowledge { group, id: n } => {
                let done = stream.edit_group(NAMES[group], |g, _, _| g.acknowledge(id(n)));
                let wanted = model.get_mut(&group).map(|(_, p)| p.remove(&n).is_some());
                assert_eq!(done, wanted);
            }
            Step::Reassign { group, id: n, consumer } => {
                stream.edit_group(NAMES[group], |g, _, _| {
                    let Some(pending) = g.pending().get(&id(n)).copied() else { return };
                    let (to, _) = g.ensure_consumer(NAMES[consumer], now);
                    g.assign(id(n), Pending { consumer: Some(to), ..pending });
                });
                if let Some((_, pending)) = model.get_mut(&group) {
                    pending.entry(n).and_modify(|c| *c = consumer);
                }
            }
            Step::GiveBack { group, id: n } => {
                stream.edit_group(NAMES[group], |g, _, _| {
                    if g.pending().contains(&id(n)) {
                        g.assign(id(n), Pending::given_back(1));
                    }
                });
                turn += 1;
                if let Some((_, pending)) = model.get_mut(&group) {
                    pending.entry(n).and_modify(|has| *has = turn);
                }
            }
            Step::RemoveConsumer { group, consumer } => {
                stream.edit_group(NAMES[group], |g, _, _| g.remove_consumer(NAMES[consumer]));
                if let Some((_, pending)) = model.get_mut(&group) {
                    pending.retain(|_, c| *c != consumer);
                }
            }
            Step::AddGroup(group) => {
                let added = stream.add_group(NAMES[group], Group::new(id(0), Some(0)));
                assert_eq!(added, !model.contains_key(&group));
                model.entry(group).or_default();
            }
            Step::RemoveGroup(group) => {
                assert_eq!(stream.remove_group(NAMES[group]), model.remove(&group).is_some());
            }
            Step::Delete { id: n, references } => {
                let needed = model.values().any(|(at, p)| n > *at || p.contains_key(&n));
                let there = entries.contains(&n);
                let pending = model.values().any(|(_, pending)| pending.contains_key(&n));
                let wanted = match references {
                    References::Acked if !there && pending => Deletion::Kept,
                    _ if !there => Deletion::Missing,
                    References::Acked if needed || model.is_empty() => Deletion::Kept,
                    _ => Deletion::Deleted,
                };
                assert_eq!(stream.delete(id(n), references), wanted);
                if wanted == Deletion::Deleted {
                    entries.retain(|id| *id != n);
                }
                if references == References::Delete {
                    for (_, pending) in model.values_mut() {
                        pending.remove(&n);
                    }
                }
            }
            Step::Trim { count, references, whole } => {
                let keep = Keep::Newest(count);
                let trimmed = stream.trim(&Trim { keep, whole, limit: 0, references });
                let gone = match &trimmed {
                    Trimmed::Oldest(n) => entries[..*n].to_vec(),
                    Trimmed::Some(ids) => ids.iter().map(|id| id.ms).collect(),
                };
                let needed = |n: &u64| model.values().any(|(at, p)| n > at || p.contains_key(n));
                if references == References::Acked && !model.is_empty() {
                    let excess = entries.len().saturating_sub(count);
                    let free = entries.iter().filter(|n| !needed(n)).take(excess);
                    assert!(free.eq(&gone));
                } else {
                    assert!(whole || gone.len() == entries.len().saturating_sub(count));
                }
                entries.retain(|id| !gone.contains(id));
                if references == References::Delete {
                    for (_, pending) in model.values_mut() {
                        pending.retain(|id, _| !gone.contains(id));
                    }
                }
            }
            Step::Clone => stream = stream.clone(),
        }
        check(&stream, &model, &entries);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 2 } else { 128 }, ..ProptestConfig::default() })]

    #[test]
    fn groups_are_maps(steps in proptest::collection::vec(step(), 0..120)) {
        play(steps);
    }
}
