//! Single flight with tasks, on two runtimes and none.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, Waker};
use std::thread;

use danio::{Cache, LoadError};

use crate::numbers;

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Is pending once, and lets others run.
async fn pause() {
    let mut paused = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut paused, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

async fn load(loads: Arc<AtomicUsize>) -> u64 {
    loads.fetch_add(1, SeqCst);
    for _ in 0..10 {
        pause().await;
    }
    7
}

#[test]
fn tasks_of_tokio_load_once() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (cache, _) = numbers(Cache::builder());
    let loads = Arc::new(AtomicUsize::new(0));
    runtime.block_on(async {
        let tasks: Vec<_> = (0..50)
            .map(|_| {
                let (cache, loads) = (cache.clone(), loads.clone());
                tokio::spawn(async move { cache.get_or_insert_async("k", load(loads)).await })
            })
            .collect();
        for task in tasks {
            assert_eq!(task.await.unwrap(), Ok(7));
        }
    });
    assert_eq!(loads.load(SeqCst), 1);
    assert_eq!(cache.stats().waits, 49);
}

#[test]
fn tasks_of_smol_and_threads_load_once_together() {
    let (cache, _) = numbers(Cache::builder());
    let loads = Arc::new(AtomicUsize::new(0));
    let executor = Arc::new(smol::Executor::new());
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let (cache, loads) = (cache.clone(), loads.clone());
            executor.spawn(async move { cache.get_or_insert_async("k", load(loads)).await })
        })
        .collect();
    let workers: Vec<_> = (0..2)
        .map(|_| {
            let executor = executor.clone();
            thread::spawn(move || {
                while !executor.is_empty() {
                    if !executor.try_tick() {
                        thread::yield_now();
                    }
                }
            })
        })
        .collect();
    let sleepers: Vec<_> = (0..4)
        .map(|_| {
            let (cache, loads) = (cache.clone(), loads.clone());
            thread::spawn(move || {
                cache.get_or_insert_with("k", || {
                    loads.fetch_add(1, SeqCst);
                    7
                })
            })
        })
        .collect();
    smol::block_on(async {
        for task in tasks {
            assert_eq!(task.await, Ok(7));
        }
    });
    workers.into_iter().for_each(|worker| worker.join().unwrap());
    assert!(sleepers.into_iter().all(|sleeper| sleeper.join().unwrap() == Ok(7)));
    assert_eq!(loads.load(SeqCst), 1);
}

#[test]
fn a_loader_that_is_dropped_lets_the_next_one_load() {
    let (cache, _) = numbers(Cache::builder());
    let mut first = Box::pin(cache.get_or_insert_async("k", std::future::pending()));
    assert!(poll(first.as_mut()).is_pending());
    let mut second = Box::pin(cache.get_or_insert_async("k", async { 2 }));
    let mut third = Box::pin(cache.get_or_insert_async("k", async { 3 }));
    let mut fourth = Box::pin(cache.get_or_insert_async("k", async { 4 }));
    assert!(poll(second.as_mut()).is_pending());
    assert!(poll(third.as_mut()).is_pending());
    assert!(poll(fourth.as_mut()).is_pending());
    let sleeper = {
        let cache = cache.clone();
        thread::spawn(move || cache.get_or_insert_with("k", || 5))
    };
    drop(second); // who waits may be dropped too
    drop(first);
    let value = sleeper.join().unwrap().unwrap();
    assert_eq!(poll(third.as_mut()), Poll::Ready(Ok(value)));
    assert_eq!(poll(fourth.as_mut()), Poll::Ready(Ok(value)));
    assert!((3..=5).contains(&value));
}

#[test]
fn a_future_that_is_never_polled_loads_nothing() {
    let (cache, _) = numbers(Cache::builder());
    drop(cache.get_or_insert_async("k", async { unreachable!() }));
    assert_eq!(cache.get_or_insert_with("k", || 1), Ok(1));
}

#[test]
fn a_future_that_panics_lets_the_next_one_load() {
    let (cache, _) = numbers(Cache::builder());
    let panics = || {
        let mut future = pin!(cache.get_or_insert_async("k", async { panic!("no luck") }));
        poll(future.as_mut()).is_ready()
    };
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(panics)).is_err());
    assert_eq!(cache.get_or_insert_with("k", || 1), Ok(1));
}

#[test]
fn an_error_goes_to_tasks_and_threads() {
    let (cache, _) = numbers(Cache::builder());
    let loading = async {
        pause().await;
        Err::<u64, &str>("no connection")
    };
    let mut first = Box::pin(cache.try_get_or_insert_async("k", loading));
    assert!(poll(first.as_mut()).is_pending());
    let sleeper = {
        let cache = cache.clone();
        thread::spawn(move || cache.try_get_or_insert_with("k", || Err::<u64, &str>("own")))
    };
    let mut second =
        Box::pin(cache.try_get_or_insert_async("k", async { Err::<u64, &str>("own") }));
    assert!(poll(second.as_mut()).is_pending());
    crate::until(|| cache.stats().misses == 3);
    thread::sleep(std::time::Duration::from_millis(20));
    let failed = |result: &Result<u64, LoadError<&str>>| matches!(result, Err(LoadError::Load(error)) if **error == "no connection");
    assert!(matches!(poll(first.as_mut()), Poll::Ready(result) if failed(&result)));
    assert!(matches!(poll(second.as_mut()), Poll::Ready(result) if failed(&result)));
    assert!(failed(&sleeper.join().unwrap()));
}

/// The futures may be moved between threads.
#[test]
fn they_are_send() {
    fn send<T: Send>(value: T) -> T {
        value
    }
    let (cache, _) = numbers(Cache::builder());
    let loading = send(cache.get_or_insert_async("k".to_owned(), async { 1 }));
    assert_eq!(pollster::block_on(loading), Ok(1));
}
