//! The log against an ordered map of lists of pairs.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

type Pairs = Vec<(Vec<u8>, Vec<u8>)>;
type Model = BTreeMap<StreamId, Pairs>;

fn read(entry: Entry<'_>) -> (StreamId, Pairs) {
    (entry.id, entry.fields.map(|(f, v)| (f.to_vec(), v.to_vec())).collect())
}

fn append(log: &mut StreamLog, id: StreamId, pairs: &Pairs, limits: BlockLimits) {
    log.append(id, pairs.iter().map(|(f, v)| (&f[..], &v[..])), limits);
}

fn check(log: &StreamLog, model: &Model) {
    assert_eq!(log.len(), model.len());
    let all = model.iter().map(|(id, pairs)| (*id, pairs.clone()));
    assert!(log.range(StreamId::MIN, StreamId::MAX).map(read).eq(all.clone()));
    assert!(log.range_back(StreamId::MIN, StreamId::MAX).map(read).eq(all.rev()));
    assert_eq!(log.first_id(), model.keys().next().copied());
    assert_eq!(log.last_id(), model.keys().next_back().copied());
    let room: usize = log.blocks.iter().map(|(_, block)| block.capacity()).sum();
    assert_eq!(log.room, room);
    assert_eq!(log.len, log.blocks.iter().map(|(_, block)| block.live as usize).sum::<usize>());
    assert!(log.blocks.iter().all(|(_, block)| block.live > 0));
    let mut sealed = log.blocks.iter().rev().skip(1);
    assert!(sealed.all(|(_, block)| block.capacity() == block.len()));
}

#[derive(Debug, Clone)]
enum Step {
    Append { ms: u64, seq: u64, pairs: Pairs },
    Delete(usize),
    DeleteMissing(u64),
    Trim { newest: bool, at: usize, whole: bool, limit: usize },
    Range { from: usize, to: usize, shift: bool },
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => prop_oneof![Just("type"), Just("user"), Just("7"), Just("login"), Just("")].prop_map(|s| s.into()),
        2 => any::<i64>().prop_map(|n| n.to_string().into()),
        2 => (-300..300_i64).prop_map(|n| n.to_string().into()),
        1 => proptest::collection::vec(any::<u8>(), 0..70),
        1 => (0..9000_usize).prop_map(|n| vec![b'x'; n]),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let usual = || {
        (0..3_usize, 0..100_u32).prop_map(|(n, user)| {
            let pairs = [("type", "login".into()), ("user", format!("{user:08}"))];
            let pairs = pairs
                .iter()
                .take(n.max(1))
                .map(|(f, v): &(&str, String)| (f.as_bytes().to_vec(), v.as_bytes().to_vec()));
            pairs.collect::<Pairs>()
        })
    };
    let other = || proptest::collection::vec((text(), text()), 1..5);
    let later = || prop_oneof![6 => Just(0), 2 => 1..5_u64, 1 => any::<u32>().prop_map(u64::from)];
    prop_oneof![
        8 => (later(), later(), usual()).prop_map(|(ms, seq, pairs)| Step::Append { ms, seq, pairs }),
        4 => (later(), later(), other()).prop_map(|(ms, seq, pairs)| Step::Append { ms, seq, pairs }),
        3 => any::<usize>().prop_map(Step::Delete),
        1 => (0..50_u64).prop_map(Step::DeleteMissing),
        1 => (any::<bool>(), any::<usize>(), any::<bool>(), 0..20_usize)
            .prop_map(|(newest, at, whole, limit)| Step::Trim { newest, at, whole, limit: limit.saturating_sub(5) }),
        2 => (any::<usize>(), any::<usize>(), any::<bool>()).prop_map(|(from, to, shift)| Step::Range { from, to, shift }),
    ]
}

/// An id of the model's, or near one.
fn some_id(model: &Model, at: usize) -> StreamId {
    model.keys().nth(at % (model.len() + 1)).copied().unwrap_or(StreamId::new(3, 3))
}

fn play(steps: Vec<Step>, limits: BlockLimits) {
    let (mut log, mut model) = (StreamLog::default(), Model::new());
    let mut last = StreamId::MIN;
    for step in steps {
        match step {
            Step::Append { ms, seq, pairs } => {
                let seq = if ms == 0 { last.seq.saturating_add(1 + seq) } else { seq };
                last = StreamId::new(last.ms + ms, seq);
                append(&mut log, last, &pairs, limits);
                model.insert(last, pairs);
            }
            Step::Delete(at) => {
                let id = some_id(&model, at);
                assert_eq!(log.contains(id), model.contains_key(&id));
                assert_eq!(log.get(id).map(|e| read(e).1).as_ref(), model.get(&id));
                assert_eq!(log.delete(id), model.remove(&id).is_some());
                assert!(!log.delete(id));
            }
            Step::DeleteMissing(ms) => {
                let id = StreamId::new(ms, 77);
                assert_eq!(log.delete(id), model.remove(&id).is_some());
            }
            Step::Trim { newest, at, whole, limit } => {
                let keep = if newest {
                    Keep::Newest(at % (model.len() + 2))
                } else {
                    Keep::From(some_id(&model, at))
                };
                let before = model.len();
                let mut gone = Vec::new();
                let deleted = log.trim(keep, whole, limit, Some(&mut gone));
                assert!(gone.iter().eq(model.keys().take(deleted)));
                let wanted = match keep {
                    Keep::Newest(count) => before.saturating_sub(count),
                    Keep::From(id) => model.range(..id).count(),
                };
                assert!(deleted <= wanted);
                assert!(deleted == wanted || whole || limit > 0);
                assert!(limit == 0 || deleted <= limit || !whole);
                (0..deleted).for_each(|_| drop(model.pop_first()));
            }
            Step::Range { from, to, shift } => {
                let (mut from, to) = (some_id(&model, from), some_id(&model, to));
                if shift {
                    from = from.next().expect("ids of the model are small");
                }
                let wanted = || (from <= to).then(|| model.range(from..=to)).into_iter().flatten();
                let wanted = wanted().map(|(id, pairs)| (*id, pairs.clone())).collect::<Vec<_>>();
                assert!(log.range(from, to).map(read).eq(wanted.iter().cloned()));
                assert!(log.range_back(from, to).map(read).eq(wanted.into_iter().rev()));
            }
        }
    }
    check(&log, &model);
    check(&log.clone(), &model);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 2 } else { 96 }, ..ProptestConfig::default() })]

    #[test]
    fn does_what_an_ordered_map_does(
        steps in proptest::collection::vec(step(), 0..400),
        entries in prop_oneof![Just(0), Just(1), Just(3), Just(10), Just(100)],
        bytes in prop_oneof![Just(0), Just(1), Just(60), Just(500), Just(4096)],
    ) {
        play(steps, BlockLimits { bytes, entries });
    }
}

#[test]
fn ids_at_the_edges() {
    let pairs = vec![(b"f".to_vec(), b"v".to_vec())];
    let limits = BlockLimits { bytes: 4096, entries: 100 };
    let ids = [
        StreamId::new(0, 1),
        StreamId::new(0, u64::MAX),
        StreamId::new(u64::MAX, 0),
        StreamId::MAX,
    ];
    let (mut log, mut model) = (StreamLog::default(), Model::new());
    for id in ids {
        append(&mut log, id, &pairs, limits);
        model.insert(id, pairs.clone());
    }
    check(&log, &model);
    assert_eq!(log.blocks(), 1);
}

#[test]
fn small_entries_take_few_bytes() {
    let mut log = StreamLog::default();
    let limits = BlockLimits { bytes: 4096, entries: 100 };
    let count = 100_000;
    for i in 0..count {
        let pairs = vec![
            (b"type".to_vec(), b"login".to_vec()),
            (b"user".to_vec(), format!("{i:08}").into_bytes()),
        ];
        append(&mut log, StreamId::new(1_700_000_000_000 + i / 50, i % 50), &pairs, limits);
    }
    let each = log.heap_size() as f64 / count as f64;
    assert!(each < 16.5, "{each}");
}
