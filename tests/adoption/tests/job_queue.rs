//! `redis-work-queue`, a job queue for several workers, on an engine in this process.

use std::time::Duration;

use danio::redis::Client;
use danio::{Config, Engine, ManualClock};
use danio_adoption::Redis026;
use redis_work_queue::{Item, KeyPrefix, WorkQueue};

#[tokio::test(flavor = "current_thread")]
async fn jobs_are_leased_and_completed_once() {
    let clock = ManualClock::new();
    let engine = Engine::open(Config::new().clock(clock.clone())).unwrap();
    let client = Client::open(&engine).unwrap();
    let mut db = Redis026::open(&client).await.unwrap();
    let queue = WorkQueue::new(KeyPrefix::from("jobs"));
    for n in 0..3 {
        queue.add_item(&mut db, &Item::from_json_data(&n).unwrap()).await.unwrap();
    }
    assert_eq!(queue.queue_len(&mut db).await.unwrap(), 3);
    let lease = Duration::from_secs(60);
    for n in 0..3 {
        let job = queue.lease(&mut db, Some(Duration::ZERO), lease).await.unwrap().unwrap();
        assert_eq!(job.data_json::<i32>().unwrap(), n);
        assert_eq!(queue.processing(&mut db).await.unwrap(), 1);
        // What the crate keeps is there for everybody.
        assert!(engine.db(0).unwrap().keys("jobs:*").len() >= 2);
        assert!(queue.complete(&mut db, &job).await.unwrap());
        assert!(!queue.complete(&mut db, &job).await.unwrap());
    }
    assert!(queue.lease(&mut db, Some(Duration::ZERO), lease).await.unwrap().is_none());
    // A worker that waits is woken by whoever adds a job, and waits no longer than it wants to.
    let mut worker = Redis026::open(&client).await.unwrap();
    let waits = async {
        let job = queue.lease(&mut worker, Some(Duration::from_secs(30)), lease).await.unwrap();
        assert_eq!(job.unwrap().data_json::<String>().unwrap(), "late");
        queue.lease(&mut worker, Some(Duration::from_secs(30)), lease).await.unwrap()
    };
    let adds = async {
        tokio::task::yield_now().await;
        queue.add_item(&mut db, &Item::from_json_data(&"late").unwrap()).await.unwrap();
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        clock.advance(Duration::from_secs(31));
    };
    let (none, ()) = tokio::join!(waits, adds);
    assert!(none.is_none());
}
