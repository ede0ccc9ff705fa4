//! Many threads on few keys, against a sequential model: what each call returned must be what it
//! would have returned if all calls had been made one after the other, in an order that
//! agrees with when they ran.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Barrier, Mutex};

use danio::{Db, SetOptions};

/// What a thread asked of the key, and what it was told.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Call {
    Get(Option<String>),
    Set(String),
    SetNx(String, bool),
    /// The value, if it was this, is replaced by that.
    CompareAndSet(String, String, bool),
    GetSet(String, Option<String>),
    Append(String, usize),
    Del(bool),
}

/// A call and when it ran, on a clock that all threads share.
#[derive(Debug, Clone)]
struct Timed {
    call: Call,
    from: u64,
    to: u64,
}

/// The value after `call` on `value`, if the call would have been answered as it was.
fn apply(value: &Option<String>, call: &Call) -> Option<Option<String>> {
    match call {
        Call::Get(seen) => (seen == value).then(|| value.clone()),
        Call::Set(new) => Some(Some(new.clone())),
        Call::SetNx(new, set) => {
            (*set == value.is_none()).then(|| if *set { Some(new.clone()) } else { value.clone() })
        }
        Call::CompareAndSet(old, new, set) => (*set == (value.as_ref() == Some(old)))
            .then(|| if *set { Some(new.clone()) } else { value.clone() }),
        Call::GetSet(new, seen) => (seen == value).then(|| Some(new.clone())),
        Call::Append(more, len) => {
            let new = value.clone().unwrap_or_default() + more;
            (new.len() == *len).then_some(Some(new))
        }
        Call::Del(was) => (*was == value.is_some()).then_some(None),
    }
}

/// Whether the calls can be put into one order (the search of Wing and Gong 1993, with the
/// memory of Lowe 2017 for what has been tried).
fn is_linearizable(calls: &[Timed]) -> bool {
    fn search(
        calls: &[Timed],
        done: u32,
        value: &Option<String>,
        tried: &mut HashSet<(u32, Option<String>)>,
    ) -> bool {
        if done.count_ones() as usize == calls.len() {
            return true;
        }
        if !tried.insert((done, value.clone())) {
            return false;
        }
        let left = || (0..calls.len()).filter(|i| done & 1 << i == 0);
        // Nothing that began after another call ended can come before it.
        let first_end = left().map(|i| calls[i].to).min().expect("some are left");
        left().filter(|&i| calls[i].from <= first_end).any(|i| {
            apply(value, &calls[i].call)
                .is_some_and(|value| search(calls, done | 1 << i, &value, tried))
        })
    }
    search(calls, 0, &None, &mut HashSet::new())
}

/// A small generator for each thread (SplitMix64).
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z ^ (z >> 29)
}

fn call(db: &Db, key: &str, thread: usize, step: usize, state: &mut u64) -> Call {
    let mine = format!("{thread}.{step}");
    let text = |bytes: bytes::Bytes| String::from_utf8(bytes.to_vec()).expect("ASCII");
    match random(state) % 7 {
        0 => Call::Get(db.get(key).expect("a string").map(text)),
        1 => {
            db.set(key, &mine).expect("set");
            Call::Set(mine)
        }
        2 => {
            let set = db.set_nx(key, &mine).expect("set");
            Call::SetNx(mine, set)
        }
        3 => {
            let old = db.get(key).expect("a string").map(text).unwrap_or_default();
            let set =
                db.set_with(key, &mine, SetOptions::new().if_equal(old.clone())).expect("set").set;
            // The GET before it is part of another call, which is not recorded.
            Call::CompareAndSet(old, mine, set)
        }
        4 => {
            let seen = db.get_set(key, &mine).expect("a string").map(text);
            Call::GetSet(mine, seen)
        }
        5 => {
            let len = db.append(key, &mine).expect("a string");
            Call::Append(mine, len)
        }
        _ => Call::Del(db.del(key)),
    }
}

#[test]
fn calls_on_a_key_are_linearizable() {
    const THREADS: usize = 4;
    const STEPS: usize = 6;
    const KEYS: usize = 2;
    let rounds = if cfg!(debug_assertions) { 1_500 } else { 10_000 };
    let db = Db::in_memory();
    let now = AtomicU64::new(0);
    for round in 0..rounds {
        let history: Mutex<BTreeMap<usize, Vec<Timed>>> = Mutex::default();
        let start = Barrier::new(THREADS);
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                let (db, now, history, start) = (&db, &now, &history, &start);
                scope.spawn(move || {
                    let mut state = (round * THREADS + thread) as u64;
                    let mut mine = Vec::new();
                    start.wait();
                    for step in 0..STEPS {
                        let key = random(&mut state) as usize % KEYS;
                        let from = now.fetch_add(1, SeqCst);
                        let call = call(db, &format!("{round}:{key}"), thread, step, &mut state);
                        mine.push((key, Timed { call, from, to: now.fetch_add(1, SeqCst) }));
                    }
                    let mut history = history.lock().expect("no thread panicked");
                    mine.into_iter()
                        .for_each(|(key, timed)| history.entry(key).or_default().push(timed));
                });
            }
        });
        for calls in history.into_inner().expect("no thread panicked").values() {
            assert!(is_linearizable(calls), "round {round}: {calls:#?}");
        }
        db.flush();
    }
}

#[test]
fn the_checker_finds_what_is_wrong() {
    let timed = |call, from, to| Timed { call, from, to };
    let set = |v: &str, from, to| timed(Call::Set(v.into()), from, to);
    let get = |v: Option<&str>, from, to| timed(Call::Get(v.map(String::from)), from, to);
    assert!(is_linearizable(&[set("a", 0, 3), get(None, 1, 2), get(Some("a"), 4, 5)]));
    assert!(!is_linearizable(&[set("a", 0, 1), get(None, 2, 3)]), "a lost write");
    assert!(
        !is_linearizable(&[set("a", 0, 5), get(Some("a"), 1, 2), get(None, 3, 4)]),
        "a write undone"
    );
    let add = |more: &str, len| timed(Call::Append(more.into(), len), 0, 9);
    assert!(!is_linearizable(&[add("x", 1), add("y", 1)]), "two appends that saw the same");
}

#[test]
fn several_keys_change_at_one_moment() {
    let db = Db::in_memory();
    let keys: Vec<String> = (0..16).map(|i| format!("key:{i}")).collect();
    let write = |round: usize| db.mset(keys.iter().map(|k| (k, round.to_string()))).expect("set");
    write(0);
    std::thread::scope(|scope| {
        for writer in [1, 2] {
            let write = &write;
            scope.spawn(move || (0..2_000).for_each(|round| write(round * 2 + writer)));
        }
        scope.spawn(|| {
            for _ in 0..2_000 {
                let seen: HashSet<_> = db.mget(&keys).into_iter().collect();
                assert_eq!(seen.len(), 1, "half of a write was seen: {seen:?}");
            }
        });
    });
}

#[test]
fn no_increment_is_lost() {
    let db = Db::in_memory();
    let sums: Vec<i64> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    (0..5_000).map(|_| db.incr("n").expect("a number")).collect::<Vec<_>>()
                })
            })
            .collect();
        threads.into_iter().flat_map(|t| t.join().expect("no panic")).collect()
    });
    assert_eq!(sums.iter().collect::<HashSet<_>>().len(), 40_000, "each sum once");
    assert_eq!(db.incr("n"), Ok(40_001));
}
