//! A hint to the processor that memory will be read soon.
#![allow(unsafe_code)]

/// Asks for the cache line at `address`. Never faults, whatever the address;
/// does nothing where the processor's hint is not to be had from stable Rust.
#[inline(always)]
pub(crate) fn prefetch_read<T: ?Sized>(address: *const T) {
    #[cfg(target_arch = "x86_64")]
    {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch is a hint; it reads nothing the program can observe and
        // does not fault. SSE is part of the x86-64 baseline.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) };
    }
    #[cfg(all(target_arch = "aarch64", not(miri)))]
    {
        // SAFETY: as above; PRFM neither faults nor changes memory or flags.
        unsafe {
            core::arch::asm!("prfm pldl1keep, [{0}]", in(reg) address.cast::<u8>(), options(nostack, preserves_flags, readonly));
        }
    }
    #[cfg(not(any(target_arch = "x86_64", all(target_arch = "aarch64", not(miri)))))]
    let _ = address;
}

#[cfg(feature = "snapshot")]
const LINE: usize = 64;

/// Asks for all of a value, or much of it.
#[cfg(feature = "snapshot")]
pub(crate) fn prefetch_whole<T: ?Sized>(value: &T) {
    const MOST: usize = 256;
    let (start, last) =
        (std::ptr::from_ref(value).cast::<u8>(), size_of_val(value).saturating_sub(1));
    (0..last.min(MOST)).step_by(LINE).for_each(|at| prefetch_read(start.wrapping_add(at)));
    prefetch_read(start.wrapping_add(last));
}

/// Asks for the first of these bytes, as many as are likely to be read before the processor has seen where that leads.
#[cfg(feature = "snapshot")]
pub(crate) fn prefetch_bytes(bytes: &[u8]) {
    const MOST: usize = 1024;
    bytes.chunks(LINE).take(MOST / LINE).for_each(|line| prefetch_read(line.as_ptr()));
}
