//! `used_memory` against an allocator that counts: within 2 %, whatever is stored.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Duration;

use danio::{Config, Db, Engine};

/// The system's allocator, with a count of the bytes that this thread asked for: the test
/// harness allocates on another.
struct Counting;

thread_local! {
    static ALLOCATED: Cell<usize> = const { Cell::new(0) };
}

fn allocated() -> usize {
    ALLOCATED.get()
}

fn count(more: usize, less: usize) {
    ALLOCATED.set(ALLOCATED.get().wrapping_add(more).wrapping_sub(less));
}

#[expect(unsafe_code, reason = "an allocator cannot be written without; this one only counts")]
// SAFETY: every call is passed on unchanged to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        // SAFETY: the caller's promises are the callee's conditions.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        count(0, layout.size());
        // SAFETY: as above.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size, layout.size());
        // SAFETY: as above.
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn check(db: &Db, before: usize, what: &str) {
    let (allocated, counted) = (allocated() - before, db.engine().used_memory());
    let off = counted.abs_diff(allocated) as f64 / allocated.max(1) as f64;
    assert!(
        off <= 0.02,
        "{what}: {counted} counted, {allocated} allocated, {:.2} % off",
        off * 100.0
    );
}

#[test]
fn every_byte_is_counted() {
    let engine = Engine::open(Config::new().stripes(64).seed(1)).expect("valid");
    let db = engine.db(0).expect("exists");
    let before = allocated();
    assert_eq!(engine.used_memory(), 0);

    for i in 0..100_000 {
        db.set(format!("key:{i:012}"), [b'v'; 32]).expect("set");
    }
    check(&db, before, "short strings");
    for i in 0..100_000 {
        db.set(format!("number:{i}"), i.to_string()).expect("set");
    }
    check(&db, before, "numbers");
    for i in 0..100_000 {
        db.expire(format!("key:{i:012}"), Duration::from_secs(1000)).expect("set");
    }
    check(&db, before, "expiries");
    for i in 0..2_000_usize {
        db.set(format!("long:{i}"), vec![b'x'; i * 10]).expect("set");
        db.append(format!("long:{i}"), b"some more").expect("appended");
        db.set_range(format!("sparse:{i}"), i * 5, "end").expect("set");
    }
    check(&db, before, "long strings");
    for i in 0..90_000 {
        db.del(format!("key:{i:012}"));
        db.rename(format!("number:{i}"), format!("renamed:{i}")).expect("there");
    }
    check(&db, before, "after deletions");
    db.flush();
    let left = allocated() - before;
    assert_eq!(engine.used_memory(), left, "an empty database: what is left are its empty tables");
    assert!(left < 64 * 200, "{left} bytes are left");
}
