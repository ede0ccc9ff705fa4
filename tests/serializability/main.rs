//! Transactions of all faces at once are strictly serialisable: random ones from many threads are recorded, and the
//! record is checked for an order that explains it.
//!
//! `DANIO_TRANSACTIONS=1000000 cargo test --release --test serializability` runs so many a thread.

mod history;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};

use danio::command::{Session, Value as Reply};
use danio::{Config, Db, Engine, Error, Scope, Transaction};

use history::{Done, Key, Value};

const KEYS: usize = 8;
const THREADS: u64 = 6;

/// How many transactions a thread runs.
fn rounds() -> u64 {
    std::env::var("DANIO_TRANSACTIONS").ok().and_then(|n| n.parse().ok()).unwrap_or(2_000)
}

/// Numbers that look random, the same for each seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % sides as u64) as usize
    }

    /// Some keys, each once.
    fn keys(&mut self) -> Vec<Key> {
        let mut keys: Vec<Key> = (0..=self.roll(4)).map(|_| self.roll(KEYS)).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }
}

fn name(key: Key) -> String {
    format!("key:{key}")
}

fn value(bytes: Option<impl AsRef<[u8]>>) -> Value {
    let Some(bytes) = bytes else { return 0 };
    std::str::from_utf8(bytes.as_ref()).expect("digits").parse().expect("a number")
}

/// What a transaction is to do.
struct Plan {
    keys: Vec<Key>,
    /// For each key the value to be written, or `None` to read it.
    writes: Vec<Option<Value>>,
}

impl Plan {
    fn new(dice: &mut Dice, fresh: &mut u64) -> Plan {
        let keys = dice.keys();
        let writes = keys.iter().map(|_| {
            (dice.roll(2) == 0).then(|| {
                *fresh += 1;
                *fresh
            })
        });
        Plan { writes: writes.collect(), keys }
    }

    fn names(&self) -> Vec<String> {
        self.keys.iter().copied().map(name).collect()
    }

    fn steps(&self) -> impl Iterator<Item = (Key, Option<Value>)> {
        self.keys.iter().copied().zip(self.writes.iter().copied())
    }

    /// Does it, and tells what was seen.
    fn run<S: Scope>(&self, db: &Db<S>) -> Result<Done, Error> {
        let mut done = Done::default();
        for (key, write) in self.steps() {
            match write {
                None => done.reads.push((key, value(db.get(name(key))?))),
                Some(new) => {
                    let before = value(db.get_set(name(key), new.to_string())?);
                    assert_eq!(value(db.get(name(key))?), new, "it sees what it did");
                    done.writes.push((key, before, new));
                }
            }
        }
        Ok(done)
    }

    /// Sorts what the commands answered, one for each step.
    fn done(&self, seen: impl IntoIterator<Item = Value>) -> Done {
        let mut done = Done::default();
        for ((key, write), seen) in self.steps().zip(seen) {
            match write {
                None => done.reads.push((key, seen)),
                Some(new) => done.writes.push((key, seen, new)),
            }
        }
        done
    }
}

/// One thread: its handles, and what took place.
struct Worker<'c> {
    db: Db,
    session: Session,
    dice: Dice,
    /// The last value that this thread has written.
    fresh: u64,
    clock: &'c AtomicU64,
    history: Vec<Done>,
    undone: usize,
}

impl Worker<'_> {
    fn tick(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::SeqCst)
    }

    fn round(&mut self) {
        let plan = Plan::new(&mut self.dice, &mut self.fresh);
        let called = self.tick();
        let done = match self.dice.roll(20) {
            0..5 => self.transaction(&plan),
            5 => self.db.transaction_all(|tx| plan.run(tx)).ok(),
            6..9 => self.watched(&plan),
            9..12 => self.exec(&plan),
            12..15 => self.watched_exec(&plan),
            15 => self.failing(&plan),
            16 => self.panicking(&plan),
            17..19 => {
                let seen = self.db.mget(plan.names()).into_iter().map(value);
                let reads = plan.keys.iter().copied().zip(seen).collect();
                Some(Done { reads, ..Done::default() })
            }
            // Alone, a call is a transaction.
            _ => {
                let alone = Plan { keys: vec![plan.keys[0]], writes: vec![plan.writes[0]] };
                let (key, write) = alone.steps().next().expect("one step");
                let seen = match write {
                    None => self.db.get(name(key)),
                    Some(new) => self.db.get_set(name(key), new.to_string()),
                };
                Some(alone.done([value(seen.expect("a string"))]))
            }
        };
        match done {
            Some(done) => {
                let returned = self.tick();
                self.history.push(Done { called, returned, ..done });
            }
            None => self.undone += 1,
        }
    }

    fn transaction(&mut self, plan: &Plan) -> Option<Done> {
        Some(self.db.transaction(plan.names(), |tx| plan.run(tx)).expect("nothing fails"))
    }

    fn failing(&mut self, plan: &Plan) -> Option<Done> {
        let failed = self.db.transaction(plan.names(), |tx| {
            plan.run(tx)?;
            Err::<(), _>(Error::Syntax)
        });
        assert_eq!(failed, Err(Error::Syntax));
        None
    }

    fn panicking(&mut self, plan: &Plan) -> Option<Done> {
        let work = |tx: &Transaction<'_>| -> Result<(), Error> {
            plan.run(tx)?;
            std::panic::resume_unwind(Box::new("half-way"))
        };
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            self.db.transaction(plan.names(), work).expect("it does not return")
        }));
        assert!(panicked.is_err());
        None
    }

    fn watched(&mut self, plan: &Plan) -> Option<Done> {
        let watch = self.db.watch(plan.names());
        // One key at a time, and yet all at one moment if nothing changes until the commit.
        let get = |key: &Key| value(self.db.get(name(*key)).expect("a string"));
        let seen: Vec<Value> = plan.keys.iter().map(get).collect();
        let written = watch.commit(|tx| {
            for (key, write) in plan.steps() {
                if let Some(new) = write {
                    tx.set(name(key), new.to_string())?;
                }
            }
            Ok(())
        });
        match written {
            Ok(()) => Some(plan.done(seen)),
            Err(error) => {
                assert_eq!(error, Error::Conflict);
                None
            }
        }
    }

    fn say(&mut self, words: &[&str]) -> Reply {
        self.session.execute(words).expect("no error")
    }

    fn queue(&mut self, plan: &Plan) {
        self.say(&["MULTI"]);
        for (key, write) in plan.steps() {
            match write {
                None => self.say(&["GET", &name(key)]),
                Some(new) => self.say(&["SET", &name(key), &new.to_string(), "GET"]),
            };
        }
    }

    fn reply(reply: &Reply) -> Value {
        match reply {
            Reply::Bulk(bytes) => value(Some(bytes)),
            Reply::Nil => 0,
            other => panic!("{other:?}"),
        }
    }

    fn exec(&mut self, plan: &Plan) -> Option<Done> {
        self.queue(plan);
        let Reply::Array(replies) = self.say(&["EXEC"]) else { panic!("nothing was watched") };
        Some(plan.done(replies.iter().map(Self::reply)))
    }

    fn watched_exec(&mut self, plan: &Plan) -> Option<Done> {
        let names = plan.names();
        let words: Vec<&str> =
            ["WATCH"].into_iter().chain(names.iter().map(String::as_str)).collect();
        self.say(&words);
        let get = |name: &String| Self::reply(&self.session.execute(["GET", name]).expect("one"));
        let before: Vec<Value> = names.iter().map(get).collect();
        self.queue(plan);
        let Reply::Array(replies) = self.say(&["EXEC"]) else { return None };
        let seen: Vec<Value> = replies.iter().map(Self::reply).collect();
        assert_eq!(seen, before, "nothing changed since the keys were watched");
        Some(plan.done(seen))
    }
}

#[test]
fn transactions_of_all_faces_are_strictly_serialisable() {
    for stripes in [1, 4, 64] {
        let engine = Engine::open(Config::new().stripes(stripes).seed(7)).expect("valid");
        let clock = AtomicU64::new(0);
        let run = |thread: u64| {
            let mut worker = Worker {
                db: engine.db(0).expect("exists"),
                session: Session::new(&engine),
                dice: Dice(thread ^ stripes as u64),
                fresh: (thread + 1) << 40,
                clock: &clock,
                history: Vec::new(),
                undone: 0,
            };
            (0..rounds()).for_each(|_| worker.round());
            (worker.history, worker.undone)
        };
        let (mut history, mut undone) = (Vec::new(), 0);
        std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..THREADS).map(|thread| scope.spawn(move || run(thread))).collect();
            for thread in threads {
                let (took_place, not) = thread.join().expect("no panic");
                history.extend(took_place);
                undone += not;
            }
        });
        assert!(undone > 0 && history.len() > undone, "{undone} of {}", history.len());
        if let Err(why) = history::check(&history) {
            panic!("{stripes} stripes: {why}");
        }
        // The last values written are what is there.
        let db = engine.db(0).expect("exists");
        for key in 0..KEYS {
            let last = value(db.get(name(key)).expect("a string"));
            let overwritten =
                |done: &Done| done.writes.iter().any(|(k, old, _)| (*k, *old) == (key, last));
            assert!(!history.iter().any(overwritten));
        }
    }
}

/// Amounts move between accounts, some moves are undone half-way; nobody ever sees money come or go.
#[test]
fn transfers_keep_the_total() {
    const ACCOUNTS: usize = 10;
    const TOTAL: i64 = 1000;
    let engine = Engine::open(Config::new().stripes(8).seed(1)).expect("valid");
    let db = engine.db(0).expect("exists");
    let account = |i: usize| format!("account:{i}");
    let names: Vec<String> = (0..ACCOUNTS).map(account).collect();
    for name in &names {
        db.set(name, "100").expect("set");
    }
    let total = |values: Vec<Option<bytes::Bytes>>| -> i64 {
        let number = |bytes: bytes::Bytes| -> i64 {
            std::str::from_utf8(&bytes).expect("digits").parse().expect("a number")
        };
        values.into_iter().flatten().map(number).sum()
    };
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (db, names) = (db.clone(), &names);
            scope.spawn(move || {
                let mut dice = Dice(thread);
                for _ in 0..rounds() {
                    let (from, to) = (account(dice.roll(ACCOUNTS)), account(dice.roll(ACCOUNTS)));
                    let amount = dice.roll(60) as i64;
                    let fate = dice.roll(4);
                    let moved = catch_unwind(AssertUnwindSafe(|| {
                        db.transaction([&from, &to], |tx| {
                            tx.incr_by(&to, amount)?;
                            if fate == 0 {
                                std::panic::resume_unwind(Box::new("half-way"));
                            }
                            match tx.incr_by(&from, -amount)? {
                                0.. => Ok(()),
                                _ => Err(Error::OutOfMemory),
                            }
                        })
                    }));
                    assert_eq!(moved.is_err(), fate == 0);
                    assert_eq!(total(db.mget(names)), TOTAL);
                    let inside = db.transaction(names, |tx| Ok(total(tx.mget(names))));
                    assert_eq!(inside, Ok(TOTAL));
                }
            });
        }
    });
    let poorest = names.iter().map(|name| total(vec![db.get(name).expect("a string")])).min();
    assert!(poorest >= Some(0), "no transfer that would overdraw took place");
}
