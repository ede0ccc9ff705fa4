//! What the allocator gives for what is asked of it.
//!
//! An allocator has blocks of some sizes and gives the smallest that is large enough: mimalloc has four sizes each
//! time they double, so that what is asked for is rounded up by a twelfth on an average. Where it is the program's
//! allocator, `used_memory` counts blocks, as Redis does, and so `maxmemory` limits what data takes and not
//! what it asked for: with values of 16 to 1,000 bytes that is a twelfth more.
//!
//! Of any other allocator it isn't known, and what is asked for counts. Which one there is, is found out once, before
//! there is any data, from where a block lies: a program need say nothing, and may put an allocator of its own
//! before mimalloc, one that counts for example.
#![cfg_attr(all(feature = "server", not(miri)), allow(unsafe_code))]

use std::sync::atomic::{AtomicU8, Ordering};

/// Sizes below this one are looked up.
const SMALL: usize = 2048;

/// By how much the block of each size is larger; nothing until [`learn`] says otherwise, and for good if the
/// allocator isn't known.
static SLACK: [AtomicU8; SMALL] = [const { AtomicU8::new(0) }; SMALL];

/// How many bytes the allocator gives when it is asked for so many, aligned to a word at most; none for none. What
/// counts as memory passes here, unless it is asked for in sizes that are blocks: powers of two, and
/// four steps from one to the next.
///
/// A load, up to 2 KB; beyond, a call of some twenty instructions.
#[inline(always)]
pub(crate) fn block_size(size: usize) -> usize {
    match SLACK.get(size) {
        Some(slack) => size + usize::from(slack.load(Ordering::Relaxed)),
        None => large(size),
    }
}

#[cfg(any(not(feature = "server"), miri))]
fn large(size: usize) -> usize {
    size
}

/// Finds out which allocator there is. Called before there is data, as often as one likes: what it is stays, so that
/// what is added to an account is what is taken off later.
#[cfg(any(not(feature = "server"), miri))]
pub(crate) fn learn() {}

#[cfg(all(feature = "server", not(miri)))]
use mimalloc::large;
#[cfg(all(feature = "server", not(miri)))]
pub(crate) use mimalloc::learn;

#[cfg(all(feature = "server", not(miri)))]
mod mimalloc {
    use std::ffi::c_void;
    use std::sync::OnceLock;

    use super::{Ordering, SLACK};

    unsafe extern "C" {
        /// The size of the block that is given for a size.
        safe fn mi_good_size(size: usize) -> usize;
        /// Whether a block is one of mimalloc's; looks at the address alone.
        safe fn mi_is_in_heap_region(block: *const c_void) -> bool;
    }

    /// Whether mimalloc is the program's allocator.
    static KNOWN: OnceLock<bool> = OnceLock::new();

    #[inline(never)]
    pub(super) fn large(size: usize) -> usize {
        if KNOWN.get() == Some(&true) { mi_good_size(size) } else { size }
    }

    pub(crate) fn learn() {
        KNOWN.get_or_init(|| {
            let block = std::hint::black_box(Box::new([0_u64; 8]));
            let known = mi_is_in_heap_region(std::ptr::from_ref(&*block).cast());
            if known {
                for (size, slack) in SLACK.iter().enumerate().skip(1) {
                    // A build of mimalloc that pads its blocks gives more than a byte can tell for some sizes.
                    let more = u8::try_from(mi_good_size(size) - size).unwrap_or(u8::MAX);
                    slack.store(more, Ordering::Relaxed);
                }
            }
            known
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_added_for_an_allocator_that_is_not_known() {
        learn();
        for size in (0..3000).chain([1 << 20, 1 << 30]) {
            assert_eq!(block_size(size), size);
        }
    }
}
