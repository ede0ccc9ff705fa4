//! How long values live, and refreshing them ahead.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use danio::{Cache, Error, LoadError, Ttl};

use crate::numbers;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_time_to_live_is_from_when_it_was_stored() {
    let (cache, clock) = numbers(Cache::builder().time_to_live(10 * SECOND));
    assert_eq!(cache.get_or_insert_with("k", || 1), Ok(1));
    cache.insert_for("own", &1, 20 * SECOND).unwrap();
    clock.advance(9 * SECOND);
    assert_eq!(cache.get_or_insert_with("k", || 2), Ok(1));
    clock.advance(SECOND);
    assert_eq!(cache.get_or_insert_with("k", || 2), Ok(2));
    assert_eq!(cache.get("own"), Ok(Some(1)));
    clock.advance(10 * SECOND);
    assert_eq!(cache.get("own"), Ok(None));
}

#[test]
fn a_time_to_idle_is_from_when_it_was_read() {
    let (cache, clock) = numbers(Cache::builder().time_to_idle(10 * SECOND));
    cache.insert("k", &1).unwrap();
    for _ in 0..5 {
        clock.advance(9 * SECOND);
        assert_eq!(cache.get("k"), Ok(Some(1)));
    }
    assert_eq!(cache.db().ttl("k"), Ttl::Left(10 * SECOND));
    clock.advance(10 * SECOND);
    assert_eq!(cache.get("k"), Ok(None));
}

#[test]
fn with_both_whichever_is_over_first_counts() {
    let builder = Cache::builder().time_to_live(25 * SECOND).time_to_idle(10 * SECOND);
    let (cache, clock) = numbers(builder);
    cache.insert("read", &1).unwrap();
    cache.insert("idle", &2).unwrap();
    cache.insert_for("long", &3, 100 * SECOND).unwrap();
    for _ in 0..2 {
        clock.advance(9 * SECOND);
        assert_eq!(cache.get("read"), Ok(Some(1)));
        assert_eq!(cache.get("long"), Ok(Some(3)));
    }
    assert_eq!(cache.get("idle"), Ok(None), "nobody read it for ten seconds");
    assert_eq!(cache.db().ttl("read"), Ttl::Left(7 * SECOND), "25 seconds after it was stored");
    clock.advance(7 * SECOND);
    assert_eq!((cache.get("read"), cache.get("long")), (Ok(None), Ok(Some(3))));
    // What another cache, without a deadline, has stored is not taken for a value.
    cache.db().set("plain", "7").unwrap();
    assert!(matches!(cache.get("plain"), Err(Error::Codec(_))));
    assert_eq!(cache.db().ttl("plain"), Ttl::Forever);
}

#[test]
fn one_caller_refreshes_and_the_others_are_served_the_old_value() {
    let (cache, clock) = numbers(Cache::builder().time_to_live(10 * SECOND).refresh_after(0.8));
    assert_eq!(cache.get_or_insert_with("k", || 1), Ok(1));
    clock.advance(Duration::from_millis(7999));
    assert_eq!(cache.get_or_insert_with("k", || unreachable!()), Ok(1));
    clock.advance(Duration::from_millis(1));
    let (began, begins) = mpsc::channel();
    let (end, told) = mpsc::channel();
    let refresher = {
        let cache = cache.clone();
        thread::spawn(move || {
            cache.get_or_insert_with("k", || {
                began.send(()).unwrap();
                told.recv().unwrap()
            })
        })
    };
    begins.recv().unwrap();
    for _ in 0..10 {
        assert_eq!(cache.get_or_insert_with("k", || unreachable!()), Ok(1));
        assert_eq!(
            pollster::block_on(cache.get_or_insert_async("k", async { unreachable!() })),
            Ok(1)
        );
    }
    // When its time is over before the refresh ends, others wait for that.
    clock.advance(2 * SECOND);
    let late = {
        let cache = cache.clone();
        thread::spawn(move || cache.get_or_insert_with("k", || unreachable!()))
    };
    crate::until(|| cache.stats().misses == 2);
    end.send(2).unwrap();
    assert_eq!((refresher.join().unwrap(), late.join().unwrap()), (Ok(2), Ok(2)));
    assert_eq!(cache.db().ttl("k"), Ttl::Left(10 * SECOND));
    let stats = cache.stats();
    assert_eq!((stats.loads, stats.refreshes), (2, 1));
}

#[test]
fn a_refresh_that_fails_leaves_the_old_value() {
    let (cache, clock) = numbers(Cache::builder().time_to_live(10 * SECOND).refresh_after(0.5));
    cache.insert("k", &1).unwrap();
    clock.advance(5 * SECOND);
    for _ in 0..2 {
        let kept: Result<u64, LoadError<&str>> =
            cache.try_get_or_insert_with("k", || Err("no connection"));
        assert_eq!(kept.unwrap(), 1);
    }
    assert_eq!(cache.stats().failed_loads, 2);
    clock.advance(5 * SECOND);
    assert!(cache.try_get_or_insert_with("k", || Err("no connection")).is_err());
}

#[test]
fn the_right_to_refresh_is_one_and_may_be_handed_on() {
    let builder =
        Cache::builder().time_to_live(10 * SECOND).time_to_idle(8 * SECOND).refresh_after(0.5);
    let (cache, clock) = numbers(builder);
    cache.insert("k", &1).unwrap();
    assert!(cache.lookup("k").unwrap().unwrap().refresh.is_none());
    clock.advance(5 * SECOND);
    let hit = cache.lookup("k").unwrap().unwrap();
    assert_eq!(hit.value, 1);
    assert!(cache.lookup("k").unwrap().unwrap().refresh.is_none());
    drop(hit); // nobody refreshes
    let refresh = cache.lookup("k").unwrap().unwrap().refresh.expect("it is due, and free again");
    // Invalidated before the new value comes: that is an old one too.
    cache.invalidate("k");
    refresh.insert(&2).unwrap();
    assert_eq!(cache.get("k"), Ok(None));
    cache.insert("k", &3).unwrap();
    clock.advance(5 * SECOND);
    let refresh = cache.lookup("k").unwrap().unwrap().refresh.expect("it is due");
    thread::spawn(move || refresh.insert(&4)).join().unwrap().unwrap();
    assert_eq!(cache.get("k"), Ok(Some(4)));
}
