//! Collections that many threads use at once: nothing is lost, nothing is seen twice, and a walk over
//! one that changes meets all that stays.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

use danio::{Config, Db, Engine};

const THREADS: usize = 4;

fn db() -> Db {
    Engine::open(Config::new().seed(5)).expect("valid").db(0).expect("exists")
}

#[test]
fn a_queue_gives_each_job_once_and_in_the_order_of_its_producer() {
    const JOBS: usize = 4_000;
    let db = db();
    let producing = AtomicBool::new(true);
    let taken: Vec<Vec<(usize, usize)>> = thread::scope(|scope| {
        let consumers: Vec<_> = (0..THREADS)
            .map(|_| {
                scope.spawn(|| {
                    let mut taken = Vec::new();
                    loop {
                        let last_look = !producing.load(Relaxed);
                        match db.lpop("jobs").expect("a list") {
                            Some(job) => {
                                let text = std::str::from_utf8(&job).expect("ours");
                                let (producer, n) = text.split_once(':').expect("ours");
                                let number = |s: &str| s.parse().expect("ours");
                                taken.push((number(producer), number(n)));
                            }
                            None if last_look => return taken,
                            None => thread::yield_now(),
                        }
                    }
                })
            })
            .collect();
        let producers: Vec<_> = (0..THREADS)
            .map(|producer| {
                let db = &db;
                scope.spawn(move || {
                    for n in 0..JOBS {
                        db.rpush("jobs", [format!("{producer}:{n}")]).expect("a list");
                    }
                })
            })
            .collect();
        producers.into_iter().for_each(|thread| thread.join().expect("no panic"));
        producing.store(false, Relaxed);
        consumers.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    let mut seen = HashSet::new();
    for one in &taken {
        let mut last = BTreeMap::new();
        for &(producer, n) in one {
            assert!(seen.insert((producer, n)), "taken twice");
            assert!(last.insert(producer, n).is_none_or(|before| before < n), "out of order");
        }
    }
    assert_eq!(seen.len(), THREADS * JOBS);
    assert!(!db.exists("jobs"));
}

#[test]
fn what_moves_between_sets_is_always_in_one_of_them() {
    const TOKENS: usize = 500;
    let db = db();
    let sets = ["red", "green", "blue"];
    db.sadd("red", (0..TOKENS).map(|i| format!("token:{i}"))).expect("a set");
    thread::scope(|scope| {
        for t in 0..THREADS {
            let db = &db;
            scope.spawn(move || {
                for i in 0..3_000 {
                    let (from, to) = (sets[(i + t) % 3], sets[(i * 7 + t + 1) % 3]);
                    if let Some(token) = db.srand_member(from).expect("a set") {
                        db.smove(from, to, token).expect("sets");
                    }
                    if i % 50 == 0 {
                        assert_eq!(db.sunion(sets).expect("sets").len(), TOKENS);
                    }
                }
            });
        }
    });
    let left: usize = sets.iter().map(|set| db.scard(set).expect("a set")).sum();
    assert_eq!(left, TOKENS, "no token is in two sets");
}

#[test]
fn scores_add_up_and_ranks_are_always_in_order() {
    const ROUNDS: usize = 3_000;
    let db = db();
    thread::scope(|scope| {
        for t in 0..THREADS {
            let db = &db;
            scope.spawn(move || {
                for i in 0..ROUNDS {
                    let player = format!("player:{}", (i * 31 + t) % 200);
                    db.zincr_by("board", player, 1.0).expect("a sorted set");
                    if i % 100 == 0 {
                        let board = db.zrange("board", danio::ZRange::by_rank(..)).expect("one");
                        assert!(board.windows(2).all(|w| (w[0].1, &w[0].0) < (w[1].1, &w[1].0)));
                    }
                }
            });
        }
    });
    let board = db.zrange("board", danio::ZRange::by_rank(..)).expect("a sorted set");
    let total: f64 = board.iter().map(|(_, score)| f64::from(*score)).sum();
    assert_eq!(total as usize, THREADS * ROUNDS);
}

#[test]
fn a_walk_meets_all_that_stays() {
    const STAY: usize = 5_000;
    let db = db();
    for i in 0..STAY {
        db.sadd("set", [format!("stays:{i}")]).expect("a set");
        db.hset("hash", [(format!("stays:{i}"), "v")]).expect("a hash");
    }
    let walking = AtomicBool::new(true);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut i = 0;
            while walking.load(Relaxed) {
                // Grows and shrinks the tables, back and forth, while they are walked over.
                for j in 0..20_000 {
                    if i / 20_000 % 2 == 0 {
                        db.sadd("set", [format!("comes:{j}")]).expect("a set");
                        db.hset("hash", [(format!("comes:{j}"), "v")]).expect("a hash");
                    } else {
                        db.srem("set", [format!("comes:{j}")]).expect("a set");
                        db.hdel("hash", [format!("comes:{j}")]).expect("a hash");
                    }
                    i += 1;
                }
            }
        });
        for _ in 0..20 {
            let stays = |name: &[u8]| name.starts_with(b"stays:");
            let members: HashSet<_> = db
                .iter_set("set")
                .map(|member| member.expect("a set"))
                .filter(|member| stays(member))
                .collect();
            assert_eq!(members.len(), STAY);
            let fields: HashSet<_> = db
                .iter_hash("hash")
                .map(|pair| pair.expect("a hash").0)
                .filter(|field| stays(field))
                .collect();
            assert_eq!(fields.len(), STAY);
        }
        walking.store(false, Relaxed);
    });
}
