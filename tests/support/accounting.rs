//! `used_memory` against an allocator that counts: within 2 %, whatever is stored.

use std::alloc::{GlobalAlloc, Layout};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use danio::command::Value;
use danio::{Config, Db, Engine};

/// An allocator, with a count of the bytes that are in use. All threads count together, since large collections are
/// freed by a thread of their own; so there is one test in a file that uses this.
pub(crate) struct Counting<A> {
    pub(crate) allocator: A,
    /// What a block counts for, which was asked for by this layout.
    pub(crate) weigh: unsafe fn(*mut u8, Layout) -> usize,
}

static ALLOCATED: AtomicUsize = AtomicUsize::new(0);

fn allocated() -> usize {
    ALLOCATED.load(Relaxed)
}

impl<A> Counting<A> {
    #[expect(unsafe_code, reason = "an allocator cannot be written without")]
    /// # Safety
    /// As for [`Counting::weigh`]: the block is null or in use, of this layout.
    unsafe fn weight(&self, block: *mut u8, layout: Layout) -> usize {
        // SAFETY: the caller's promise.
        if block.is_null() { 0 } else { unsafe { (self.weigh)(block, layout) } }
    }

    #[expect(unsafe_code, reason = "an allocator cannot be written without")]
    /// # Safety
    /// As for [`Counting::weight`].
    unsafe fn counted(&self, block: *mut u8, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        ALLOCATED.fetch_add(unsafe { self.weight(block, layout) }, Relaxed);
        block
    }
}

#[expect(unsafe_code, reason = "an allocator cannot be written without; this one only counts")]
// SAFETY: every call is passed on unchanged to the allocator.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Counting<A> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are the callee's conditions.
        unsafe { self.counted(self.allocator.alloc(layout), layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        unsafe { self.counted(self.allocator.alloc_zeroed(layout), layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe {
            ALLOCATED.fetch_sub(self.weight(block, layout), Relaxed);
            self.allocator.dealloc(block, layout);
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above; the block is counted as long as it is there, and the new one from then on.
        unsafe {
            let before = self.weight(block, layout);
            let new = self.allocator.realloc(block, layout, size);
            if !new.is_null() {
                ALLOCATED.fetch_sub(before, Relaxed);
                self.counted(new, Layout::from_size_align_unchecked(size, layout.align()));
            }
            new
        }
    }
}

/// Has what is allocated looked at until it is `right`, and gives what it is then or after ten seconds: a thread that has
/// freed something has some allocations of its own until it has ended.
fn allocated_when(right: impl Fn(usize) -> bool) -> usize {
    for _ in 0..10_000 {
        if right(allocated()) {
            break;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    allocated()
}

/// Has several threads wait for a lock: the table of those who wait is the process's, and grows with the threads.
fn wait_for_locks() {
    let db = Db::in_memory();
    std::thread::scope(|scope| {
        let held = db.transaction_all(|_| {
            for _ in 0..8 {
                scope.spawn(|| db.get("key"));
            }
            std::thread::sleep(Duration::from_millis(200));
            Ok(())
        });
        held.expect("nothing fails");
    });
}

/// Waits until the harness, which goes on when it has started a test, rests.
fn wait_for_harness() {
    let mut last = usize::MAX;
    while last != allocated() {
        last = allocated();
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn check(db: &Db, before: usize, what: &str) {
    let counted = db.engine().used_memory();
    let off = |allocated| counted.abs_diff(allocated) as f64 / allocated.max(1) as f64;
    let allocated = allocated_when(|now| off(now - before) <= 0.02) - before;
    assert!(
        off(allocated) <= 0.02,
        "{what}: {counted} counted, {allocated} allocated, {:.2} % off",
        off(allocated) * 100.0
    );
}

/// Waits until what was removed has been freed.
fn settle(db: &Db) {
    loop {
        let Ok(Value::Verbatim { text, .. }) = db.execute(["INFO", "memory"]) else {
            panic!("INFO answers with text")
        };
        if text.contains("lazyfree_pending_objects:0\r\n") {
            return;
        }
        std::thread::yield_now();
    }
}

/// Fills `keys` keys with `size` elements each, `element` giving the command that adds number `i` to a key.
fn fill(db: &Db, keys: usize, size: usize, element: impl Fn(&str, usize) -> Vec<String>) {
    for key in 0..keys {
        let key = format!("collection:{key}");
        for i in 0..size {
            db.execute(element(&key, i)).expect("no error");
        }
    }
}

fn words(line: String) -> Vec<String> {
    line.split(' ').map(String::from).collect()
}

/// Collections of one kind: filled, thinned out, removed.
fn check_collections(
    what: &str,
    add: impl Fn(&str, usize) -> Vec<String>,
    remove: impl Fn(&str, usize) -> Vec<String>,
) {
    let engine = Engine::open(Config::new().stripes(64).seed(1)).expect("valid");
    let db = engine.db(0).expect("exists");
    db.execute(["PING"]).expect("what commands need beside data is there");
    let before = allocated();
    fill(&db, 1_000, 10, &add);
    check(&db, before, &format!("{what}, small"));
    db.flush();
    for size in [1_000, 10_000] {
        fill(&db, 20_000 / size, size, &add);
        check(&db, before, &format!("{what} of {size}"));
        for key in 0..20_000 / size {
            let key = format!("collection:{key}");
            (0..size).filter(|i| i % 10 != 0).for_each(|i| {
                db.execute(remove(&key, i)).expect("no error");
            });
        }
        check(&db, before, &format!("{what} of {size}, of which a tenth is left"));
        db.flush();
        settle(&db);
    }
    fill(&db, 1, 10_000, &add);
    assert!(db.del("collection:0"));
    settle(&db);
    let left = allocated() - before;
    let counted = engine.used_memory();
    assert!(left.abs_diff(counted) < 16_384, "{what}: {left} left, {counted} counted");
}

/// Strings and collections of each kind: filled, thinned out, removed.
pub(crate) fn check_all() {
    wait_for_locks();
    wait_for_harness();
    strings();
    check_collections(
        "hashes",
        |key, i| words(format!("HSET {key} field:{i} value:{}", i * 7)),
        |key, i| words(format!("HDEL {key} field:{i}")),
    );
    check_collections(
        "hashes whose fields expire",
        |key, i| words(format!("HSETEX {key} EX 1000 FIELDS 1 field:{i} value:{}", i * 7)),
        |key, i| words(format!("HDEL {key} field:{i}")),
    );
    check_collections(
        "sets of integers",
        |key, i| words(format!("SADD {key} {}", i * 31)),
        |key, i| words(format!("SREM {key} {}", i * 31)),
    );
    check_collections(
        "sets",
        |key, i| words(format!("SADD {key} member:{i}:{}", "x".repeat(i % 70))),
        |key, i| words(format!("SREM {key} member:{i}:{}", "x".repeat(i % 70))),
    );
    check_collections(
        "sorted sets",
        |key, i| words(format!("ZADD {key} {} member:{i}:{}", i * 7919 % 1009, "x".repeat(i % 70))),
        |key, i| words(format!("ZREM {key} member:{i}:{}", "x".repeat(i % 70))),
    );
    check_collections(
        "lists",
        |key, i| words(format!("RPUSH {key} element:{i}:{}", "x".repeat(i % 70))),
        |key, _| words(format!("LPOP {key}")),
    );
    check_collections(
        "lists with large elements",
        |key, i| {
            words(format!("RPUSH {key} {}", "x".repeat(if i % 500 == 0 { 10_000 } else { 9 })))
        },
        |key, _| words(format!("RPOP {key}")),
    );
    check_collections(
        "streams",
        |key, i| words(format!("XADD {key} {}-0 kind login user {i}", i + 1)),
        |key, i| words(format!("XDEL {key} {}-0", i + 1)),
    );
    check_collections(
        "bitmaps",
        |key, i| words(format!("SETBIT {key} {} 1", i * 3)),
        |key, i| words(format!("SETBIT {key} {} 0", i * 3)),
    );
    check_collections(
        "HyperLogLogs",
        |key, i| words(format!("PFADD {key} element:{i}")),
        |key, i| words(format!("PFADD {key} element:{i}")),
    );
}

fn strings() {
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
    for i in 0..20_000_usize {
        db.set(format!("any:{i}"), vec![b'x'; i * 7919 % 2_000]).expect("set");
    }
    check(&db, before, "values of all sizes");
    for i in 0..20_000_i64 {
        // Not so large that another thread frees them, whose count is its own.
        db.sadd(format!("members:{}", i / 900), [format!("member:{i:010}")]).expect("a set");
        db.sadd(format!("words:{}", i / 50), [format!("word {i}")]).expect("a set");
        db.sadd(format!("numbers:{}", i / 400), [(i * i * i).to_string()]).expect("a set");
    }
    check(&db, before, "sets");
    db.sunion_store("united", (0..20).map(|i| format!("words:{i}"))).expect("sets");
    db.spop_count("united", 500).expect("a set");
    check(&db, before, "sets, combined and popped");
    for i in 0..90_000 {
        db.del(format!("key:{i:012}"));
        db.rename(format!("number:{i}"), format!("renamed:{i}")).expect("there");
    }
    check(&db, before, "after deletions");
    db.flush();
    let counted = engine.used_memory();
    let left = allocated_when(|now| (now - before).abs_diff(counted) < 1024) - before;
    assert!(left.abs_diff(counted) < 1024, "{left} left, {counted} counted, in empty tables");
    assert!(left < 64 * 200, "{left} bytes are left");
}
