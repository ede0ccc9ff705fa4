//! mimalloc, asked for no more alignment than its blocks have anyway.
//!
//! Asked for 48 bytes aligned to a word, mimalloc 3 takes a block of 64 from its slow path: it counts
//! on alignment only for sizes that are powers of two. Yet all its blocks are aligned to a word. Not
//! asking costs half the time (4 ns an allocation and its free in place of 8; 20 instructions fewer by its plain
//! functions than by those for an alignment of one) and, with the
//! blocks of `.cargo/config.toml`, up to a third of the memory of entries and members.
//!
//! Where it is the program's allocator, what it gives is what `used_memory` counts (`blocks.rs`).
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout};
use std::ffi::{c_int, c_long, c_void};

use mimalloc::MiMalloc;

unsafe extern "C" {
    fn mi_malloc(size: usize) -> *mut c_void;
    fn mi_zalloc(size: usize) -> *mut c_void;
    fn mi_realloc(block: *mut c_void, size: usize) -> *mut c_void;
    /// What an option stands at. Part of mimalloc, whose crate names neither it nor the options.
    safe fn mi_option_get(option: c_int) -> c_long;
    /// Sets an option, unless the environment has.
    fn mi_option_set_default(option: c_int, value: c_long);
}

/// mimalloc 3's number of what becomes of a page when a block in it is freed that was full; it stands at 0.
const RECLAIM_ON_FREE: c_int = 35;
/// The option before it, by which it is known again, and what that stands at.
const GENERIC_COLLECT: (c_int, c_long) = (34, 10_000);

/// The allocator of `danio-server`; as good a choice for an application that holds much in Danio.
///
/// ```
/// #[global_allocator]
/// static ALLOCATOR: danio::Allocator = danio::Allocator;
///
/// let db = danio::Db::in_memory();
/// db.set("k", "v")?;
/// assert_eq!(db.len(), 1);
/// # Ok::<(), danio::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Allocator;

impl Allocator {
    /// Has threads share the memory that is partly free. Call it first in `main`, before there are threads;
    /// `danio-server` does. Returns whether it is so from now on.
    ///
    /// A page of 64 KB holds blocks of one size. Unless told otherwise the thread that filled a page takes it back
    /// when any block in it is freed, and keeps it, though others look for such blocks: where several threads
    /// write and keys are evicted, resident memory grows for as long as they do. With eight writers, two
    /// cores and a limit of 256 MB it is 1.28 of the limit after 14 seconds; shared, it stays at
    /// 1.17, or 1.21 under `allkeys-s3fifo`. `MIMALLOC_PAGE_RECLAIM_ON_FREE` in the environment has the last word.
    ///
    /// ```
    /// #[global_allocator]
    /// static ALLOCATOR: danio::Allocator = danio::Allocator;
    ///
    /// assert!(danio::Allocator::share_pages());
    /// ```
    pub fn share_pages() -> bool {
        // Another version may have other options under these numbers.
        if mi_option_get(RECLAIM_ON_FREE) == 0
            && mi_option_get(GENERIC_COLLECT.0) == GENERIC_COLLECT.1
        {
            // SAFETY: a number that mimalloc knows, as was just seen. It writes one word, which its threads
            // read at any time, as they do while it reads the environment itself.
            unsafe { mi_option_set_default(RECLAIM_ON_FREE, -1) };
        }
        mi_option_get(RECLAIM_ON_FREE) == -1
    }
}

/// The alignment that every block has: mimalloc's sizes are multiples of a word.
const GIVEN: usize = size_of::<usize>();

/// Whether its alignment need not be asked for.
#[inline(always)]
fn is_plain(layout: Layout) -> bool {
    layout.align() <= GIVEN
}

// SAFETY: mimalloc is an allocator; its blocks are aligned to a word whether or not that is asked
// for, so that each layout is met. Each call passes on what its caller promises.
unsafe impl GlobalAlloc for Allocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        unsafe {
            if is_plain(layout) {
                return mi_malloc(layout.size()).cast();
            }
            MiMalloc.alloc(layout)
        }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        unsafe {
            if is_plain(layout) {
                return mi_zalloc(layout.size()).cast();
            }
            MiMalloc.alloc_zeroed(layout)
        }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { MiMalloc.dealloc(block, layout) }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's promise.
        unsafe {
            if is_plain(layout) {
                return mi_realloc(block.cast(), size).cast();
            }
            MiMalloc.realloc(block, layout, size)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_options_are_those_that_are_meant() {
        // What stands beside it, in mimalloc's own order: how many full pages are kept, and how many are tried.
        let beside = [GENERIC_COLLECT.0, RECLAIM_ON_FREE + 1, RECLAIM_ON_FREE + 2];
        assert_eq!(beside.map(|option| mi_option_get(option)), [GENERIC_COLLECT.1, 2, 4]);
        assert!(Allocator::share_pages() && Allocator::share_pages(), "the second time as well");
        assert_eq!(
            beside.map(|option| mi_option_get(option)),
            [GENERIC_COLLECT.1, 2, 4],
            "nothing else changed"
        );
    }

    #[test]
    fn every_block_is_aligned_as_asked() {
        let mut blocks = Vec::new();
        for size in (1..300).chain([1 << 12, 100_000, 1 << 20]) {
            for align in [1, 2, 4, 8, 16, 64, 4096] {
                let layout = Layout::from_size_align(size, align).expect("small");
                // SAFETY: the size is not zero.
                let block = unsafe { Allocator.alloc_zeroed(layout) };
                assert!(!block.is_null() && block.addr().is_multiple_of(align), "{layout:?}");
                blocks.push((block, layout));
            }
        }
        for (block, layout) in blocks {
            // SAFETY: allocated above with this layout; the new one is freed, and not used again.
            unsafe {
                let moved = Allocator.realloc(block, layout, layout.size() + 9);
                assert!(moved.addr().is_multiple_of(layout.align()) && *moved == 0);
                let grown = Layout::from_size_align_unchecked(layout.size() + 9, layout.align());
                Allocator.dealloc(moved, grown);
            }
        }
    }
}
