//! A transaction that is undone never was, whatever it did; one that is not did what the same calls do alone.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use proptest::prelude::*;

use super::{Contents, KeyEvent, Spy, check_counts, contents, engine, register};
use crate::api::*;
use crate::ds::bits::{BitOp, BitOverflow};
use crate::ds::stream_log::StreamId;
use crate::error::{Error, Result};
use crate::keyspace::{Access, Keyspace, Watcher};
use crate::value::geo::{Position, Unit};
use crate::{Engine, ManualClock};

const KEYS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

/// Numbers that decide what one step does.
type Draws = [usize; 6];

/// Does one thing of all that can be done to keys. Errors are part of the game.
fn step<S: Scope>(db: &Db<S>, now: SystemTime, draws: Draws) -> Result<()> {
    let [what, k, l, m, n, o] = draws;
    let (key, other, third) = (KEYS[k % 6], KEYS[l % 6], KEYS[m % 6]);
    let word = |n: usize| format!("word:{}", n % 12);
    let (x, y) = (word(n), word(o));
    let long = || "l".repeat(n % 90);
    let soon = Duration::from_millis(1 + (o % 40) as u64);
    let many = || (0..o % 150).map(word_of(n));
    let two = [other, third];
    let group = || db.consumer_group(key, ["g", "h"][n % 2]);
    let id = |n: usize| StreamId::new(1 + (n % 9) as u64, 0);
    match what % 90 {
        0 => db.set(key, long())?,
        1 => done(db.set_with(key, &x, SetOptions::new().keep_ttl().previous())?),
        2 => db.set_ex(key, soon, n.to_string())?,
        3 => done(db.set_with(key, "v", SetOptions::new().expire_at(now))?),
        4 => done(db.append(key, long())?),
        5 => done(db.set_range(key, o % 99, &x)?),
        6 => done(db.incr_by(key, n as i64)?),
        7 => done(db.incr_by_float(key, 0.5)?),
        8 => done(db.get_del(key)?),
        9 => done(db.get_ex(key, soon)?),
        10 => done(db.get_persist(key)?),
        11 => db.mset([(key, &x), (other, &y)])?,
        12 => done(db.mset_nx([(key, &x), (other, &y)])?),
        13 => done(db.del(key)),
        14 => done(db.del_many(two)),
        15 => done(db.expire(key, soon)?),
        16 => done(db.expire_at(key, now)?),
        17 => done(db.persist(key)),
        18 => db.rename(key, other)?,
        19 => done(db.rename_nx(key, other)?),
        20 => done(db.copy(key, other)?),
        21 => done(db.copy_with(key, other, CopyOptions::new().db(1).replace())?),
        22 => done(db.move_to(key, 1)?),
        23 => done(db.set_bit(key, (o % 999) as u64, n % 2 == 0)?),
        24 => {
            let bits = BitInt::unsigned(5).at((o % 40) as u64);
            let steps = Bitfield::new().overflow(BitOverflow::Fail).incr_by(bits, n as i64);
            done(db.bitfield(key, &steps)?);
        }
        25 => done(db.bit_op(BitOp::Xor, key, two)?),
        26 => done(db.pf_add(key, many())?),
        27 => db.pf_merge(key, two)?,
        28 => done(db.pf_count(key)?),
        29 => done(db.del_if_equal(key, &x)?),
        30 => done(db.lpush(key, [&x, &y])?),
        31 => done(db.rpush(key, many())?),
        32 => done(db.lpushx(key, [long()])?),
        33 => done(db.lpop(key)?),
        34 => done(db.rpop_many(key, o % 60)?),
        35 => done(db.lmpop(&two, ListEnd::Left, o % 9)?),
        88 => {
            let how = ListMove::up_to(o % 20);
            let how = if n % 2 == 0 { how.one_by_one() } else { how };
            let ends = [ListEnd::Left, ListEnd::Right];
            done(db.lmove_many(key, other, ends[m % 2], ends[l % 2], how)?)
        }
        36 => done(db.lmove(key, other, ListEnd::Right, ListEnd::Left)?),
        37 => db.lset(key, (o % 40) as i64 - 20, long())?,
        38 => done(db.linsert_before(key, &x, &y)?),
        39 => done(db.lrem(key, &x)?),
        40 => db.ltrim(key, 2..(o % 90) as i64)?,
        41 => done(db.sadd(key, many())?),
        42 => done(db.sadd(key, (0..o % 9).map(|i| (n + i).to_string()))?),
        43 => done(db.srem(key, [&x, &y])?),
        44 => done(db.smove(key, other, &x)?),
        45 => done(db.spop_count(key, o % 20)?),
        46 => done(db.sinter_store(key, two)?),
        47 => done(db.sunion_store(key, two)?),
        48 => done(db.sdiff_store(key, two)?),
        49 => done(db.hset(key, many().map(|word| (word, "v")))?),
        50 => done(db.hset(key, [(&x, long())])?),
        51 => done(db.hset_nx(key, &x, &y)?),
        52 => done(db.hdel(key, [&x, &y])?),
        53 => done(db.hget_del(key, [&x])?),
        54 => done(db.hincr_by(key, "n", n as i64)?),
        55 => done(db.hincr_by_float(key, "n", 0.25)?),
        56 => done(db.hexpire(key, soon, [&x, &y])?),
        57 => done(db.hexpire_at(key, now, [&x])?),
        58 => done(db.hpersist(key, [&x, &y])?),
        59 => done(db.hget_ex(key, soon, [&x])?),
        60 => done(db.hset_ex(key, [(&x, &y)], HashSetOptions::new().expire_in(soon))?),
        61 => done(db.zadd_many(key, many().map(|word| (word, (o % 7) as i64)))?),
        62 => done(db.zadd(key, &x, n as i64)?),
        63 => done(db.zincr_by(key, &x, 1.5)?),
        64 => done(db.zrem(key, &x)?),
        65 => done(db.zrem_range_by_rank(key, 1..(o % 30) as isize)?),
        66 => done(db.zrem_range_by_score(key, 1..=3)?),
        67 => done(db.zpop_many(key, ZEnd::Max, o % 9)?),
        68 => done(db.zmpop(two, ZEnd::Min, 2)?),
        69 => done(db.zunion_store(key, two, &ZCombine::new())?),
        70 => done(db.zinter_store(key, two, &ZCombine::new())?),
        71 => done(db.zdiff_store(key, two)?),
        72 => done(db.zrange_store(key, other, ZRange::by_rank(0..(o % 30) as isize))?),
        73 => {
            let place = Position::new((n % 90) as f64, (o % 80) as f64)?;
            done(db.geoadd(key, &x, place)?);
        }
        74 => {
            let center = Position::new(40.0, 40.0)?;
            let search = GeoSearch::circle(center, (o % 5000) as f64, Unit::Kilometers);
            done(db.geosearch_store(key, other, &search)?);
        }
        75 => done(db.xadd(key, [(&x, &y)])?),
        76 => {
            done(db.xadd_with(key, [(&x, &y)], XAddOptions::new().trim(XTrim::max_len(o % 5)))?)
        }
        77 => done(db.xdel(key, [id(n), id(o)])?),
        78 => done(db.xtrim(key, XTrim::max_len(o % 5))?),
        79 => db.xset_id(key, StreamId::new(u64::MAX - 5, (o % 9) as u64))?,
        80 => group().create_from_start()?,
        81 => done(group().read(&x, 1 + o % 5)?),
        82 => {
            let pending = group().pending_range(.., 3)?;
            done(group().ack(pending.iter().map(|entry| entry.id))?);
        }
        87 => {
            let pending = group().pending_range(.., 3)?;
            let how = if o % 2 == 0 { Nack::silent() } else { Nack::fatal().force() };
            done(group().nack(pending.iter().map(|entry| entry.id).chain([id(o)]), how)?);
        }
        83 => done(group().auto_claim(&x, Duration::ZERO, StreamId::MIN, 4)?),
        84 => done(if o % 2 == 0 { group().destroy()? } else { group().create_consumer(&x)? }),
        86 => done(db.clear_bit(key, (o % 99) as u64)?),
        85 => {
            let options = CountOptions::new().at_most(o as i64).saturating();
            let options = match n % 3 {
                0 => options.persist(),
                1 => options.expire_in(soon).if_no_expiry(),
                _ => options.expire_at(now),
            };
            done(db.incr_ex(key, n as i64 - 50, &options)?)
        }
        _ => done(db.sort_store(key, other, &SortOptions::new().alphabetic())?),
    }
    Ok(())
}

fn done<R>(_: R) {}

fn word_of(n: usize) -> impl Fn(usize) -> String {
    move |i| format!("word:{}", n % 7 + i)
}

fn steps(most: usize) -> impl Strategy<Value = Vec<Draws>> {
    proptest::collection::vec(proptest::array::uniform6(0..10_000_usize), 0..most)
}

/// Events, and commands with their databases.
type Told = (Vec<KeyEvent>, Vec<(u32, Vec<Vec<u8>>)>);

/// An engine and its observer.
struct Twin {
    engine: Engine,
    db: Db,
    clock: ManualClock,
    spy: Arc<Spy>,
}

impl Twin {
    fn after(first: &[Draws]) -> Twin {
        let (engine, clock) = engine();
        let db = engine.db(0).expect("exists");
        for draws in first {
            let _ = step(&db, engine.time(), *draws);
        }
        let spy = register(engine.keyspace());
        Twin { engine, db, clock, spy }
    }

    fn keyspace(&self) -> &Keyspace {
        self.engine.keyspace()
    }

    fn contents(&self) -> Contents {
        contents(self.keyspace())
    }

    /// A watcher of each key, whose mark tells whether it has changed.
    fn watch(&self) -> Vec<Arc<Watcher>> {
        let keys = KEYS.map(|key| self.keyspace().key(key.as_bytes()));
        let mut tx = self.keyspace().begin_many(0, &keys, Access::Exclusive);
        let watch = |key| {
            let watcher = Arc::new(Watcher::default());
            tx.watch(key, &watcher).expect("held");
            watcher
        };
        keys.into_iter().map(watch).collect()
    }

    /// What observers were told since the last time.
    fn told(&self) -> Told {
        (
            std::mem::take(&mut *self.spy.events.lock()),
            std::mem::take(&mut *self.spy.commands.lock()),
        )
    }
}

fn run<S: Scope>(db: &Db<S>, now: SystemTime, then: &[Draws]) {
    for draws in then {
        let _ = step(db, now, *draws);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 2 } else { 300 }, ..ProptestConfig::default() })]

    #[test]
    fn what_is_undone_never_was(first in steps(60), then in steps(40), all in any::<bool>(), panics in any::<bool>()) {
        let twin = Twin::after(&first);
        let (before, now) = (twin.contents(), twin.engine.time());
        let watchers = twin.watch();
        twin.told();
        let fails = |tx: &Transaction<'_>| -> Result<()> {
            run(tx, now, &then);
            if all && then.len() % 3 == 0 {
                tx.flush();
                run(tx, now, &then);
            }
            if panics {
                std::panic::resume_unwind(Box::new("half-way"));
            }
            Err(Error::Syntax)
        };
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            if all { twin.db.transaction_all(fails) } else { twin.db.transaction(KEYS, fails) }
        }));
        match result {
            Ok(result) => prop_assert_eq!(result, Err(Error::Syntax)),
            Err(_) => prop_assert!(panics),
        }
        prop_assert_eq!(twin.contents(), before);
        prop_assert_eq!(twin.told(), (Vec::new(), Vec::new()));
        prop_assert!(watchers.iter().all(|watcher| !watcher.has_changed()));
        check_counts(twin.keyspace());
    }

    #[test]
    fn what_stands_is_what_calls_do_alone(first in steps(60), then in steps(40)) {
        let (alone, together) = (Twin::after(&first), Twin::after(&first));
        let now = alone.engine.time();
        let watchers = [alone.watch(), together.watch()];
        run(&alone.db, now, &then);
        together.db.transaction(KEYS, |tx| {
            run(tx, now, &then);
            Ok(())
        }).expect("nothing else is touched");
        prop_assert_eq!(alone.contents(), together.contents());
        prop_assert_eq!(alone.told(), together.told());
        let marks = watchers.map(|list| list.iter().map(|w| w.has_changed()).collect::<Vec<_>>());
        prop_assert_eq!(&marks[0], &marks[1]);
        check_counts(together.keyspace());
    }

    /// Keys that expired are gone whether the transaction that met them stands or not, and are told of once.
    #[test]
    fn what_expired_is_told_of_although_undone(first in steps(60), then in steps(20)) {
        let twin = Twin::after(&first);
        twin.clock.advance(Duration::from_millis(20));
        let (before, now) = (twin.contents(), twin.engine.time());
        twin.told();
        let _ = twin.db.transaction(KEYS, |tx| -> Result<()> {
            run(tx, now, &then);
            Err(Error::Syntax)
        });
        prop_assert_eq!(twin.contents(), before.clone());
        let (events, commands) = twin.told();
        prop_assert!(events.iter().all(|event| matches!(event.event.name, "expired" | "hexpired" | "del")));
        prop_assert!(commands.iter().all(|(_, words)| words[0] == b"DEL"));
        // What was told is true: those keys are not there.
        for (db, words) in commands {
            prop_assert!(!before.iter().any(|(d, key, ..)| (*d, key) == (db, &words[1])));
        }
        check_counts(twin.keyspace());
    }
}
