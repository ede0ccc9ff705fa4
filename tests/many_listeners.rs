//! A hundred thousand who listen: what a message costs, what they cost, and that their memory comes back.

#![allow(clippy::unwrap_used, reason = "a test says by failing what is wrong")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use danio::{Config, Engine, Overflow, SubscribeOptions, Subscription};

/// The system's allocator, with a count of the bytes that are in use; so there is one test in this file.
struct Counting;

static ALLOCATED: AtomicUsize = AtomicUsize::new(0);

#[expect(unsafe_code, reason = "an allocator cannot be written without; this one only counts")]
// SAFETY: every call is passed on unchanged to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(layout.size(), Relaxed);
        // SAFETY: the caller's promises are the callee's conditions.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        ALLOCATED.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const MANY: usize = 100_000;
const BIG: usize = 1 << 20;

/// How many bytes more are in use after this than before, and what it gives.
fn grows<R>(work: impl FnOnce() -> R) -> (isize, R) {
    let before = ALLOCATED.load(Relaxed);
    let result = work();
    (ALLOCATED.load(Relaxed).wrapping_sub(before).cast_signed(), result)
}

#[test]
fn a_hundred_thousand_listen() {
    let engine = Engine::open(Config::new()).unwrap();
    let listener = |capacity: usize| {
        let options = SubscribeOptions::new().capacity(capacity).overflow(Overflow::DropOldest);
        engine.subscription(options)
    };
    // What is made once, whoever listens, is there before anything is counted.
    listener(1).subscribe("warm");
    let start = ALLOCATED.load(Relaxed);

    // To one channel.
    let (bytes, mut crowd) = grows(|| {
        let listens = |_| {
            let mut subscription = listener(2);
            assert!(subscription.subscribe("news"));
            subscription
        };
        (0..MANY).map(listens).collect::<Vec<Subscription>>()
    });
    let each = bytes / MANY.cast_signed();
    println!("a subscription: {each} bytes");
    assert!(each < 800, "{each}");
    let (bytes, reached) = grows(|| engine.publish("news", vec![b'm'; BIG]));
    assert_eq!(reached, MANY);
    let each = (bytes - BIG.cast_signed()) / MANY.cast_signed();
    println!("a message in a queue: {each} bytes");
    assert!(each < 300, "{each} bytes for each of those that are to read the one message");
    for number in 0..3 {
        assert_eq!(engine.publish("news", number.to_string()), MANY);
    }
    let freed = -grows(|| {
        for subscription in &mut crowd {
            let stats = subscription.stats();
            assert_eq!((stats.dropped, stats.pending), (2, 2), "the big one was the first to go");
            assert_eq!(subscription.try_recv().unwrap().payload(), "1");
        }
    })
    .0;
    assert!(freed >= 0, "{freed}");
    assert!(crowd.iter().all(|subscription| subscription.stats().delivered == 1));
    // Every second goes; the others hear on.
    let mut turn = false;
    crowd.retain(|_| {
        turn = !turn;
        turn
    });
    assert_eq!(engine.publish("news", "half"), MANY / 2);
    drop(crowd);
    assert_eq!(engine.publish("news", "nobody"), 0);
    let kept = ALLOCATED.load(Relaxed).saturating_sub(start);
    println!("kept of one channel's: {kept} bytes");
    assert!(kept < 10_000, "{kept}");

    // To a channel each, and to all of them at once.
    let name = |n: usize| format!("channel:{n}");
    let (bytes, crowd) = grows(|| {
        let listens = |n| {
            let mut subscription = listener(2);
            assert!(subscription.subscribe(name(n)));
            subscription
        };
        (0..MANY).map(listens).collect::<Vec<Subscription>>()
    });
    let each = bytes / MANY.cast_signed();
    println!("a subscription with a channel of its own: {each} bytes");
    assert!(each < 1500, "{each}");
    let mut all = listener(MANY);
    assert!((0..MANY).all(|n| all.subscribe(name(n))));
    assert!((0..MANY).all(|n| engine.publish(name(n), "m") == 2));
    assert_eq!(engine.publish("channel:none", "m"), 0);
    assert_eq!(all.stats().pending, MANY);
    for n in 0..MANY {
        assert_eq!(all.try_recv().unwrap().channel(), name(n).as_bytes());
    }
    drop(all);
    assert!(crowd.iter().all(|subscription| subscription.stats().pending == 1));
    drop(crowd);
    assert_eq!(engine.publish(name(7), "m"), 0);
    let kept = ALLOCATED.load(Relaxed).saturating_sub(start);
    println!("kept of {MANY} channels: {kept} bytes");
    assert!(kept < 30_000, "{kept}");

    // Patterns, each of which every message is compared with.
    let mut all = listener(10);
    assert!((0..MANY / 10).all(|n| all.psubscribe(format!("{n}:*"))));
    assert_eq!(engine.publish("7:m", "m"), 1);
    drop(all);
    let kept = ALLOCATED.load(Relaxed).saturating_sub(start);
    println!("kept of {} patterns: {kept} bytes", MANY / 10);
    assert!(kept < 60_000, "{kept}");
}
