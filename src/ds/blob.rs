//! A long byte string behind one thin pointer, shared by readers and grown in place.
//!
//! ```text
//! Blob -> [ references | length | capacity | bytes ............ spare ]
//! ```
//!
//! One allocation. A reader takes a reference and keeps the bytes as they are, without a copy
//! and after the lock is gone; a writer that finds other references copies first, otherwise it
//! writes in place and grows by doubling. (`Arc<Vec<u8>>` would be two allocations, `Bytes`
//! four words in the entry, and neither knows its heap size.)
#![allow(unsafe_code)]

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error, realloc};
use std::fmt;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering, fence};

use super::blocks::block_size;

#[repr(C)]
struct Header {
    references: AtomicUsize,
    len: usize,
    capacity: usize,
}

const HEADER: usize = size_of::<Header>();

/// A shared byte string; see the [module](self).
pub(crate) struct Blob(NonNull<Header>);

// SAFETY: the bytes are changed only through `&mut Blob` with a single reference, and the
// references are counted atomically, as in `Arc<[u8]>`.
unsafe impl Send for Blob {}
// SAFETY: as above; `&Blob` only reads.
unsafe impl Sync for Blob {}

impl Blob {
    fn layout(capacity: usize) -> Layout {
        Layout::from_size_align(HEADER + capacity, align_of::<Header>())
            .expect("strings are far below isize::MAX")
    }

    /// An empty string with room for `capacity` bytes, zeroed.
    pub(crate) fn with_capacity(capacity: usize) -> Blob {
        let layout = Blob::layout(capacity);
        // SAFETY: the layout holds a header at least. Zeroed memory is asked for because long
        // strings are often sparse (SETRANGE, SETBIT): the system hands out zero pages lazily.
        let memory = unsafe { alloc_zeroed(layout) };
        let Some(header) = NonNull::new(memory.cast::<Header>()) else {
            handle_alloc_error(layout)
        };
        // SAFETY: fresh memory, aligned for a header.
        unsafe { header.write(Header { references: AtomicUsize::new(1), len: 0, capacity }) };
        Blob(header)
    }

    fn header(&self) -> &Header {
        // SAFETY: the header lives as long as any reference to it, such as this one.
        unsafe { self.0.as_ref() }
    }

    /// Bytes allocated.
    pub(crate) fn heap_size(&self) -> usize {
        block_size(HEADER + self.header().capacity)
    }

    /// Whether this is the only reference.
    fn is_unique(&self) -> bool {
        self.header().references.load(Ordering::Acquire) == 1
    }

    /// Makes this the only reference, with room for `capacity` bytes at least.
    fn own(&mut self, capacity: usize) {
        if !self.is_unique() {
            let mut copy = Blob::with_capacity(capacity.max(self.len()));
            copy.append(self);
            *self = copy;
        } else if capacity > self.header().capacity {
            let old = self.header().capacity;
            // SAFETY: allocated with this layout; we are the only reference, and `realloc`
            // keeps the header and the bytes.
            let memory =
                unsafe { realloc(self.0.as_ptr().cast(), Blob::layout(old), HEADER + capacity) };
            let Some(header) = NonNull::new(memory.cast::<Header>()) else {
                handle_alloc_error(Blob::layout(capacity))
            };
            self.0 = header;
            // SAFETY: the allocation is now of this capacity, and the part that is new is
            // written here before any slice over it is made.
            unsafe {
                self.0.as_mut().capacity = capacity;
                self.0.cast::<u8>().add(HEADER + old).write_bytes(0, capacity - old);
            }
        }
    }

    /// Room to ask for when `needed` bytes must fit: doubled up to a megabyte, then a megabyte
    /// more, as Redis's sds.
    fn roomy(needed: usize) -> usize {
        const MEGABYTE: usize = 1 << 20;
        if needed < MEGABYTE { needed * 2 } else { needed + MEGABYTE }
    }

    /// Adds `bytes` at the end. Amortised O(bytes) unless the string is shared.
    pub(crate) fn append(&mut self, bytes: &[u8]) {
        let len = self.len() + bytes.len();
        let room =
            if len > self.header().capacity { Blob::roomy(len) } else { self.header().capacity };
        self.own(if self.is_unique() && self.is_empty() {
            len.max(self.header().capacity)
        } else {
            room
        });
        // SAFETY: `own` left us alone with at least `len` bytes of room; `bytes` is borrowed
        // from elsewhere, since we are borrowed mutably.
        unsafe {
            let end = self.0.cast::<u8>().add(HEADER + self.header().len);
            end.copy_from_nonoverlapping(NonNull::from(bytes).cast(), bytes.len());
            self.0.as_mut().len = len;
        }
    }

    /// The bytes, to be changed in place, made `len` long first: zeros are added or the end cut.
    pub(crate) fn resized(&mut self, len: usize) -> &mut [u8] {
        let old = self.len();
        let room = if len > self.header().capacity && old > 0 {
            Blob::roomy(len)
        } else {
            len.max(self.header().capacity)
        };
        self.own(room);
        // SAFETY: alone, with `len` bytes of room, every one of which is initialised: the
        // allocation was zeroed and what an earlier, longer string left is zeroed here.
        unsafe {
            if len < old {
                self.0.cast::<u8>().add(HEADER + len).write_bytes(0, old - len);
            }
            self.0.as_mut().len = len;
            std::slice::from_raw_parts_mut(self.0.cast::<u8>().add(HEADER).as_ptr(), len)
        }
    }
}

impl From<&[u8]> for Blob {
    fn from(bytes: &[u8]) -> Blob {
        let mut blob = Blob::with_capacity(bytes.len());
        blob.append(bytes);
        blob
    }
}

impl Blob {
    /// Where it is, to be fetched.
    #[cfg(feature = "snapshot")]
    pub(crate) fn address(&self) -> *const u8 {
        self.0.as_ptr().cast()
    }
}

impl Deref for Blob {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: `len` bytes behind the header are initialised and stay as they are while
        // `self` is borrowed: a writer needs `&mut` and a single reference.
        unsafe {
            std::slice::from_raw_parts(self.0.cast::<u8>().add(HEADER).as_ptr(), self.header().len)
        }
    }
}

impl AsRef<[u8]> for Blob {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl Clone for Blob {
    /// Another reference to the same bytes.
    fn clone(&self) -> Blob {
        // As for `Arc`: a reference can only be made from one that is alive, so nothing need be
        // ordered; 2^63 references do not fit into memory.
        self.header().references.fetch_add(1, Ordering::Relaxed);
        Blob(self.0)
    }
}

impl Drop for Blob {
    fn drop(&mut self) {
        if self.header().references.fetch_sub(1, Ordering::Release) != 1 {
            return;
        }
        fence(Ordering::Acquire);
        let layout = Blob::layout(self.header().capacity);
        // SAFETY: the last reference is gone, and the fence orders every use before this.
        unsafe { dealloc(self.0.as_ptr().cast(), layout) };
    }
}

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blob")
            .field("len", &self.len())
            .field("capacity", &self.header().capacity)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Blob;

    proptest! {
        #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 4 } else { 256 }, ..ProptestConfig::default() })]

        #[test]
        fn is_a_vec(start in proptest::collection::vec(any::<u8>(), 0..100), steps in proptest::collection::vec((any::<bool>(), any::<bool>(), 0..300_usize), 0..30)) {
            let mut blob = Blob::from(&start[..]);
            let mut model = start;
            let mut readers = Vec::new();
            for (append, keep, n) in steps {
                if keep {
                    readers.push((blob.clone(), model.clone()));
                }
                if append {
                    let more = vec![n as u8; n];
                    blob.append(&more);
                    model.extend(more);
                } else {
                    blob.resized(n).iter_mut().take(3).for_each(|b| *b = b.wrapping_add(1));
                    model.resize(n, 0);
                    model.iter_mut().take(3).for_each(|b| *b = b.wrapping_add(1));
                }
                prop_assert_eq!(&blob[..], &model[..]);
                prop_assert!(blob.heap_size() >= model.len());
            }
            for (reader, then) in readers {
                prop_assert_eq!(&reader[..], &then[..], "a reader keeps what it saw");
            }
        }
    }

    #[test]
    fn a_new_string_has_no_spare_room() {
        assert_eq!(Blob::from(&[1_u8; 1000][..]).heap_size(), 1000 + 24);
    }
}
