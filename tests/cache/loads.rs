//! Single flight, with threads.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier, mpsc};
use std::thread;

use danio::{Cache, Db, EvictionPolicy, LoadError, typed::Schema};

use crate::{numbers, until};

#[test]
fn many_threads_load_each_key_once() {
    let (cache, _) = numbers(Cache::builder());
    let (threads, keys) = (16, 20);
    let loads: Arc<Vec<AtomicUsize>> = Arc::new((0..keys).map(|_| AtomicUsize::new(0)).collect());
    let barrier = Arc::new(Barrier::new(threads));
    let threads: Vec<_> = (0..threads)
        .map(|_| {
            let (cache, loads, barrier) = (cache.clone(), loads.clone(), barrier.clone());
            thread::spawn(move || {
                for key in 0..keys {
                    barrier.wait();
                    let value = cache.get_or_insert_with(key.to_string(), || {
                        loads[key].fetch_add(1, SeqCst);
                        thread::yield_now();
                        key as u64
                    });
                    assert_eq!(value, Ok(key as u64));
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert!(loads.iter().all(|loads| loads.load(SeqCst) == 1), "{loads:?}");
    let stats = cache.stats();
    assert_eq!((stats.loads, stats.hits + stats.misses), (20, 16 * 20));
    // A miss loads, waits, or finds that a load ended just before it would have begun one.
    assert!(stats.misses >= stats.loads + stats.waits);
}

/// A load that has begun, and ends when it is told how.
fn begin(cache: &Cache<u64>, key: &'static str) -> (mpsc::Sender<u64>, thread::JoinHandle<u64>) {
    let (end, told) = mpsc::channel();
    let (began, begins) = mpsc::channel();
    let cache = cache.clone();
    let load = thread::spawn(move || {
        let load = || {
            began.send(()).unwrap();
            told.recv().expect("the load is told how to end")
        };
        cache.get_or_insert_with(key, load).unwrap()
    });
    begins.recv().unwrap();
    (end, load)
}

#[test]
fn keys_have_nothing_to_do_with_one_another_and_nothing_is_locked() {
    let (cache, _) = numbers(Cache::builder());
    let (end, load) = begin(&cache, "slow");
    assert_eq!(cache.get_or_insert_with("fast", || 1), Ok(1));
    // The key itself can be read and written meanwhile, by everybody.
    assert_eq!(cache.get("slow"), Ok(None));
    cache.db().transaction_all(|tx| tx.set("slow:other", "1")).unwrap();
    end.send(7).unwrap();
    assert_eq!((load.join().unwrap(), cache.get("slow")), (7, Ok(Some(7))));
}

#[test]
fn a_loader_that_panics_lets_the_next_one_load() {
    let (cache, _) = numbers(Cache::builder());
    let (end, load) = begin(&cache, "k");
    let waits = Arc::new(AtomicU64::new(0));
    let others: Vec<_> = (0..4)
        .map(|n| {
            let (cache, waits) = (cache.clone(), waits.clone());
            thread::spawn(move || {
                waits.fetch_add(1, SeqCst);
                cache.get_or_insert_with("k", || 10 + n)
            })
        })
        .collect();
    until(|| waits.load(SeqCst) == 4);
    drop(end); // its channel is gone, and it panics
    assert!(load.join().is_err());
    let values: Vec<u64> = others.into_iter().map(|other| other.join().unwrap().unwrap()).collect();
    assert!((10..14).contains(&values[0]) && values.iter().all(|value| *value == values[0]));
    assert_eq!(cache.stats().loads, 1);
}

#[test]
fn an_error_goes_to_all_who_wait_and_is_not_kept() {
    let (cache, _) = numbers(Cache::builder());
    let (began, begins) = mpsc::channel();
    let (end, told) = mpsc::channel::<()>();
    let first = {
        let cache = cache.clone();
        thread::spawn(move || {
            cache.try_get_or_insert_with("k", || {
                began.send(()).unwrap();
                told.recv().unwrap();
                Err("no connection".to_owned())
            })
        })
    };
    begins.recv().unwrap();
    let tried = Arc::new(AtomicUsize::new(0));
    let second = {
        let (cache, tried) = (cache.clone(), tried.clone());
        thread::spawn(move || {
            cache.try_get_or_insert_with("k", || {
                tried.fetch_add(1, SeqCst);
                Err::<u64, String>("again".to_owned())
            })
        })
    };
    until(|| cache.stats().misses == 2);
    thread::sleep(std::time::Duration::from_millis(20));
    end.send(()).unwrap();
    let words = |result: Result<u64, LoadError<String>>| match result {
        Err(LoadError::Load(error)) => (*error).clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(words(first.join().unwrap()), "no connection");
    assert_eq!(words(second.join().unwrap()), "no connection");
    assert_eq!(tried.load(SeqCst), 0);
    assert_eq!(cache.stats().failed_loads, 1);
    let fine: Result<u64, LoadError<String>> = cache.try_get_or_insert_with("k", || Ok(1));
    assert_eq!(fine.unwrap(), 1);
}

#[test]
fn what_is_outdated_is_not_stored() {
    let (cache, _) = numbers(Cache::builder().prefix("p:"));
    // Invalidated while it is loaded: whoever asks afterwards loads anew.
    for invalidate in [
        (|cache: &Cache<u64>| _ = cache.invalidate("k")) as fn(&Cache<u64>),
        |cache| _ = cache.invalidate_prefix("k"),
        |cache| _ = cache.clear(),
    ] {
        let (end, load) = begin(&cache, "k");
        invalidate(&cache);
        assert_eq!(cache.get_or_insert_with("k", || 2), Ok(2), "it does not wait for the old one");
        end.send(1).unwrap();
        assert_eq!(load.join().unwrap(), 1, "who asked before is given what was loaded");
        assert_eq!(cache.get("k"), Ok(Some(2)));
        cache.clear();
    }
    // Set by somebody while it is loaded.
    let (end, load) = begin(&cache, "k");
    cache.insert("k", &3).unwrap();
    end.send(1).unwrap();
    assert_eq!((load.join().unwrap(), cache.get("k")), (1, Ok(Some(3))));
    // Prefixes that are no beginning of the key's leave it alone.
    cache.clear();
    let (end, load) = begin(&cache, "k");
    cache.invalidate_prefix("l");
    end.send(1).unwrap();
    assert_eq!((load.join().unwrap(), cache.get("k")), (1, Ok(Some(1))));
}

#[test]
fn a_loader_may_ask_for_another_key_and_not_for_its_own() {
    let (cache, _) = numbers(Cache::builder());
    let both = cache.get_or_insert_with("a", || cache.get_or_insert_with("b", || 1).unwrap() + 1);
    assert_eq!(both, Ok(2));
    let own = catch_unwind(AssertUnwindSafe(|| {
        cache.get_or_insert_with("c", || cache.get_or_insert_with("c", || 1).unwrap())
    }));
    let words = *own.unwrap_err().downcast::<&str>().unwrap();
    assert_eq!(words, "a loader asked for the key that it loads");
    assert_eq!(cache.get_or_insert_with("c", || 3), Ok(3));
}

#[test]
fn a_cache_that_is_full_still_returns_what_was_loaded() {
    let schema = Schema::<String>::plain();
    let cache =
        Cache::builder().build_bounded(1 << 20, EvictionPolicy::NoEviction, schema).unwrap();
    let big = "x".repeat(10_000);
    for key in 0..200 {
        let value = cache.get_or_insert_with(key.to_string(), || big.clone()).unwrap();
        assert_eq!(value, big);
    }
    let stats = cache.stats();
    assert!(stats.rejected > 0 && stats.loads == 200, "{stats:?}");
    let full = (0..10).map(|key| cache.insert(format!("more{key}"), &big)).find(Result::is_err);
    assert_eq!(full, Some(Err(danio::Error::OutOfMemory)));
}

#[test]
fn memory_is_bounded_exactly() {
    let limit = 4 << 20;
    let schema = Schema::<String>::plain();
    let cache =
        Cache::builder().build_bounded(limit, EvictionPolicy::AllKeysS3Fifo, schema).unwrap();
    for key in 0..40_000_u64 {
        // Sizes that differ, which nobody weighs.
        let value = "x".repeat((key % 37 * 29) as usize);
        cache.insert(key.to_string(), &value).unwrap();
    }
    let used = cache.db().engine().used_memory();
    assert!(used <= limit + limit / 100 && used > limit / 2, "{used} of {limit}");
}

#[test]
fn values_that_another_program_wrote_are_errors_or_missing() {
    let db = Db::in_memory();
    db.set("k", "not JSON").unwrap();
    let strict = Cache::builder().build_with(&db, Schema::<u64>::json());
    assert!(matches!(strict.get_or_insert_with("k", || 1), Err(danio::Error::Codec(_))));
    // An old release's cache, dropped on purpose.
    Cache::builder()
        .build_with(&db, Schema::json().version(1))
        .insert("k", &"old".to_owned())
        .unwrap();
    let schema = Schema::<u64>::json().version(2).drops_others();
    let lenient = Cache::builder().build_with(&db, schema);
    assert_eq!(lenient.get_or_insert_with("k", || 1), Ok(1));
    assert_eq!(db.get("k").unwrap().as_deref(), Some(&b"@2 1"[..]));
    db.rpush("list", ["x"]).unwrap();
    assert_eq!(lenient.get_or_insert_with("list", || 1), Err(danio::Error::WrongType));
}
