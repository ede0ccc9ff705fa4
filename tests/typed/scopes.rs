//! Handles in transactions and watches, whose changes are undone and refused like any others; and times to live.

use std::time::Duration;

use danio::typed::Schema;
use danio::{Config, Db, Engine, Error, ManualClock, Position, Ttl};

use crate::{Id, Item};

#[test]
fn what_any_handle_did_in_a_transaction_is_undone() {
    let db = Db::in_memory();
    let value = db.value::<Item>("value");
    let map = db.map::<Id, Item>("map");
    let family = db.family::<Id, Item>("family:");
    let list = db.list::<Item>("list");
    let set = db.set_of::<Id>("set");
    let board = db.sorted_set::<Id>("board");
    let stream = db.stream::<Item>("stream");
    let (counter, bits) = (db.counter("counter"), db.bitmap("bits"));
    let (hll, geo) = (db.hyperloglog::<Id>("hll"), db.geo_index::<Id>("geo"));
    let (old, new) = (Id(1, "old".into()), Id(2, "new".into()));
    let (one, two) = (Item::Number(1), Item::Number(2));
    let place = Position::new(1.0, 2.0).unwrap();

    value.set(&one).unwrap();
    map.insert(&old, &one).unwrap();
    family.insert(&old, &one).unwrap();
    list.push_back(&one).unwrap();
    set.insert(&old).unwrap();
    board.insert(&old, 1).unwrap();
    stream.push(&one).unwrap();
    counter.add(1).unwrap();
    bits.insert(1).unwrap();
    hll.insert(&old).unwrap();
    geo.insert(&old, place).unwrap();

    let mut keys: Vec<Vec<u8>> = [
        value.key(),
        map.key(),
        list.key(),
        set.key(),
        board.key(),
        stream.key(),
        counter.key(),
        bits.key(),
        hll.key(),
        geo.key(),
    ]
    .map(<[u8]>::to_vec)
    .to_vec();
    keys.push(family.key(&old).unwrap().to_vec());
    keys.push(family.key(&new).unwrap().to_vec());

    let dumps = || keys.iter().map(|key| db.dump(key)).collect::<Vec<_>>();
    let before = dumps();
    let undone: Result<(), Error> = db.transaction(&keys, |tx| {
        value.on(tx).update(|_| two.clone())?;
        map.on(tx).insert(&new, &two)?;
        map.on(tx).remove(&old)?;
        family.on(tx).insert(&new, &two)?;
        family.on(tx).entry(&old)?.take()?;
        list.on(tx).push_front(&two)?;
        set.on(tx).insert(&new)?;
        board.on(tx).add(&old, 5)?;
        stream.on(tx).push(&two)?;
        counter.on(tx).increment()?;
        bits.on(tx).insert(2)?;
        hll.on(tx).insert(&new)?;
        geo.on(tx).insert(&new, place)?;
        value.on(tx).expire(Duration::from_secs(1))?;
        // It sees its own changes.
        assert_eq!(list.on(tx).range(..)?, [two.clone(), one.clone()]);
        assert_eq!(tx.map::<Id, Item>("map").get(&new)?, Some(two.clone()));
        Err(Error::Syntax)
    });
    assert_eq!(undone, Err(Error::Syntax));
    assert_eq!(dumps(), before);
    assert_eq!((value.get(), map.len(), list.len()), (Ok(Some(one)), Ok(1), Ok(1)));
    assert_eq!(value.ttl(), Ttl::Forever);
}

#[test]
fn an_unreadable_value_undoes_a_transaction() {
    let db = Db::in_memory();
    let (stock, orders) = (db.value::<u32>("stock"), db.list::<u32>("orders"));
    db.set("stock", "not ours").unwrap();
    let failed = db.transaction([stock.key(), orders.key()], |tx| {
        orders.on(tx).push_back(&1)?;
        stock.on(tx).update(|left| left.unwrap_or(1) - 1)
    });
    assert!(matches!(failed, Err(Error::Codec(_))));
    assert!(orders.is_empty().unwrap());
}

#[test]
fn a_commit_meets_the_change_of_a_handle() {
    let db = Db::in_memory();
    let stock = db.value::<u32>("stock");
    stock.set(&5).unwrap();
    let watch = db.watch([stock.key()]);
    stock.update(|left| left.unwrap() - 1).unwrap();
    assert_eq!(watch.commit(|tx| stock.on(tx).set(&9)), Err(Error::Conflict));
    let left = db.retry(3, [stock.key()], |watch| {
        let left = stock.get()?.unwrap();
        watch.commit(|tx| stock.on(tx).set(&(left - 1)))
    });
    assert_eq!((left, stock.get()), (Ok(()), Ok(Some(3))));
}

#[test]
fn times_to_live_are_of_keys_and_of_entries() {
    let clock = ManualClock::new();
    let engine = Engine::open(Config::new().clock(clock.clone())).unwrap();
    let db = engine.db(0).unwrap();
    let minute = Duration::from_secs(60);

    let map = db.map_with::<u32, u32>("map", Schema::plain()).with_entry_ttl(minute);
    map.insert(&1, &1).unwrap();
    map.extend([(&2, &2)]).unwrap();
    map.update(&3, |_| 3).unwrap();
    assert!(map.insert_if_absent(&4, &4).unwrap());
    let family = db.family_with::<u32, u32>("family:", Schema::plain()).with_ttl(minute);
    family.insert(&1, &1).unwrap();
    family.insert_for(&2, &2, minute * 2).unwrap();
    let list = db.list::<u32>("list");
    list.push_back(&1).unwrap();
    assert!(list.expire(minute).unwrap());
    assert_eq!(list.ttl(), Ttl::Left(minute));

    clock.advance(minute / 2);
    // A change by `update` leaves what there is its time.
    map.update(&1, |old| old.unwrap() + 1).unwrap();
    assert_eq!(map.entry_ttl(&1).unwrap(), Ttl::Left(minute / 2));
    assert!(map.expire_entry(&2, minute).unwrap() && list.persist());

    clock.advance(minute / 2);
    assert_eq!(
        (map.get(&1).unwrap(), map.get(&2).unwrap(), map.get(&4).unwrap()),
        (None, Some(2), None)
    );
    assert_eq!((family.get(&1).unwrap(), family.get(&2).unwrap()), (None, Some(2)));
    assert_eq!((list.len().unwrap(), list.ttl()), (1, Ttl::Forever));
}

#[test]
fn counting_apart_and_together_agrees() {
    let db = Db::in_memory();
    let mon = db.hyperloglog::<u32>("mon");
    let tue = db.hyperloglog::<u32>("tue");
    let (first, second): (Vec<u32>, Vec<u32>) = ((0..1000).collect(), (500..1500).collect());
    mon.extend(&first).unwrap();
    for number in &second {
        tue.insert(number).unwrap();
    }
    let week = db.hyperloglog::<u32>("week");
    week.merge(&[&mon, &tue]).unwrap();
    assert_eq!(week.estimate().unwrap(), mon.estimate_union(&[&tue]).unwrap());
    assert!((1400..1600).contains(&week.estimate().unwrap()));
}

#[test]
fn pages_of_bits_and_places_tell_of_another_type_once() {
    let db = Db::in_memory();
    db.rpush("list", ["a"]).unwrap();
    let bits: Vec<_> = db.bitmap("list").iter().take(5).collect();
    assert_eq!(bits, [Err(Error::WrongType)]);
    let places: Vec<_> = db.geo_index::<u32>("list").iter().take(5).collect();
    assert_eq!(places.len(), 1);
    assert_eq!(places[0].as_ref().unwrap_err(), &Error::WrongType);
    assert_eq!(db.bitmap("none").iter().count() + db.geo_index::<u32>("none").iter().count(), 0);
}
