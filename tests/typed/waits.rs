//! Typed calls that wait: threads, and futures on tokio, smol and none.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use danio::typed::Schema;
use danio::{Config, Db, Engine, Error, ListEnd, ManualClock, ReadFrom, StreamId};

use crate::{Id, Item};

fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// Waits for one of each kind, while another task fills them.
async fn wait_for_each(db: Db) -> danio::Result<()> {
    let (list, board) = (db.list::<Item>("list"), db.sorted_set::<Id>("board"));
    let (log, done) = (db.stream::<Item>("log"), db.list::<Item>("done"));
    let group = log.group("workers");
    let id = Id(7, "a:b".into());
    let mut last = StreamId::MIN;
    for n in 0..10 {
        let number = Item::Number(n);
        assert_eq!(list.pop_front_async(None).await?, Some(number.clone()));
        assert_eq!(board.pop_min_async(None).await?, Some((id.clone(), n.into())));
        let (id_of, item) = log.read_async(last, 10, None).await?.remove(0);
        assert_eq!(item, number);
        last = id_of;
        let job = group.read_async("ann", 1, None).await?.remove(0);
        assert_eq!(job.value, Ok(number.clone()));
        group.ack([job.id])?;
        let moved = list.move_to_async(&done, ListEnd::Left, ListEnd::Right, None).await?;
        assert_eq!(moved, Some(number));
    }
    assert_eq!(done.len()?, 10);
    Ok(())
}

/// Puts one of each there, when what was there is taken.
async fn fill_each(db: Db, mut pause: impl AsyncFnMut()) -> danio::Result<()> {
    let (list, board) = (db.list::<Item>("list"), db.sorted_set::<Id>("board"));
    let (log, done) = (db.stream::<Item>("log"), db.list::<Item>("done"));
    for n in 0..10 {
        let number = Item::Number(n);
        pause().await;
        list.push_back(&number)?;
        pause().await;
        board.insert(&Id(7, "a:b".into()), n)?;
        pause().await;
        log.push(&number)?;
        pause().await;
        list.push_back(&number)?;
        let mut pauses = 0;
        while done.len()? <= n as usize {
            pauses += 1;
            assert!(pauses < 10_000_000, "nobody takes it");
            pause().await;
        }
    }
    Ok(())
}

fn filled() -> Db {
    let db = Db::in_memory();
    db.stream::<Item>("log").group("workers").create_from_start().unwrap();
    db
}

#[test]
fn they_are_futures_of_tokio() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let db = filled();
        let waits = tokio::spawn(wait_for_each(db.clone()));
        fill_each(db, async || tokio::task::yield_now().await).await.unwrap();
        waits.await.unwrap().unwrap();
    });
}

#[test]
fn they_are_futures_of_smol() {
    smol::block_on(async {
        let db = filled();
        let waits = smol::spawn(wait_for_each(db.clone()));
        fill_each(db, async || smol::future::yield_now().await).await.unwrap();
        waits.await.unwrap();
    });
}

#[test]
fn a_future_that_is_dropped_loses_no_element() {
    let db = Db::in_memory();
    let list = db.list::<Item>("list");
    let mut gone = list.pop_front_async(None);
    assert!(poll(&mut gone).is_pending());
    list.push_back(&Item::Number(1)).unwrap();
    drop(gone); // it was served, and nobody took it
    assert_eq!(list.range(..).unwrap(), [Item::Number(1)]);
    drop(list.pop_front_async(None)); // never polled
    let mut next = list.pop_back_async(None);
    assert_eq!(poll(&mut next), Poll::Ready(Ok(Some(Item::Number(1)))));
}

#[test]
fn a_timeout_is_the_engines_and_covers_what_is_dropped_meanwhile() {
    let clock = ManualClock::new();
    let engine = Engine::open(Config::new().clock(clock.clone())).unwrap();
    let db = engine.db(0).unwrap();
    let second = Duration::from_secs(1);
    let old = db.list_with("list", Schema::<String>::json().version(1));
    let list = db.list_with("list", Schema::<u32>::json().version(2).drops_others());

    let mut waits = list.pop_front_async(2 * second);
    assert!(poll(&mut waits).is_pending());
    clock.advance(second);
    old.push_back(&"of an old release".to_owned()).unwrap();
    assert!(poll(&mut waits).is_pending(), "it was dropped, and the wait goes on");
    assert_eq!(list.len(), Ok(0));
    clock.advance(second);
    assert_eq!(poll(&mut waits), Poll::Ready(Ok(None)));

    // The same as a thread, which is served behind what it drops.
    let sleeper = {
        let list = list.clone();
        thread::spawn(move || list.pop_back_wait(None))
    };
    old.push_back(&"of an old release".to_owned()).unwrap();
    list.push_back(&7).unwrap();
    assert_eq!(sleeper.join().unwrap(), Ok(Some(7)));
    assert_eq!(list.pop_front_wait(Duration::ZERO), Ok(None));
}

#[test]
fn an_element_that_is_not_understood_ends_a_wait_with_its_bytes() {
    let db = Db::in_memory();
    let list = db.list::<Item>("list");
    let mut waits = list.pop_front_async(None);
    assert!(poll(&mut waits).is_pending());
    db.rpush("list", ["poison"]).unwrap();
    let Poll::Ready(Err(Error::Codec(error))) = poll(&mut waits) else { panic!("it is no item") };
    assert_eq!(error.bytes, "poison");
    assert!(!list.exists());
}

#[test]
fn threads_wait_for_members_and_entries() {
    let db = filled();
    let (board, log) = (db.sorted_set::<Id>("board"), db.stream::<Item>("log"));
    let group = log.group("workers");
    let waits: Vec<thread::JoinHandle<()>> = vec![
        {
            let board = board.clone();
            thread::spawn(move || {
                let (id, score) = board.pop_max_wait(None).unwrap().unwrap();
                assert_eq!((id, score), (Id(1, String::new()), 5.into()));
            })
        },
        {
            let log = log.clone();
            thread::spawn(move || {
                let read = log.read_wait(StreamId::MIN, 1, None).unwrap();
                assert_eq!(read[0].1, Item::Nothing);
            })
        },
        {
            let group = group.clone();
            thread::spawn(move || {
                let jobs = group.read_wait("ann", 1, None).unwrap();
                assert_eq!(jobs[0].value, Ok(Item::Nothing));
            })
        },
    ];
    board.insert(&Id(1, String::new()), 5).unwrap();
    log.push(&Item::Nothing).unwrap();
    waits.into_iter().for_each(|wait| wait.join().unwrap());
    assert!(log.read_wait(ReadFrom::Now, 1, Duration::ZERO).unwrap().is_empty());
}
