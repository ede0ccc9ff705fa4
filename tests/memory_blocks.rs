//! `used_memory` against the server's allocator: the blocks that it gave, within 2 %, though another stands before it.

#[path = "support/accounting.rs"]
mod accounting;

use std::alloc::Layout;
use std::ffi::c_void;

use accounting::Counting;
use danio::Allocator;

#[expect(unsafe_code, reason = "mimalloc's own word on what it gave")]
unsafe extern "C" {
    fn mi_usable_size(block: *const c_void) -> usize;
}

#[expect(unsafe_code, reason = "mimalloc is C")]
unsafe fn given(block: *mut u8, _: Layout) -> usize {
    // SAFETY: the caller's promise: a block in use, and all are mimalloc's.
    unsafe { mi_usable_size(block.cast()) }
}

#[global_allocator]
static ALLOCATOR: Counting<Allocator> = Counting { allocator: Allocator, weigh: given };

#[test]
fn every_block_is_counted() {
    accounting::check_all();
}
