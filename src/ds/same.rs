//! Whether two byte strings are the same, without a call where they are short.

/// From so many bytes on the C library's comparison is worth a call.
const LONG: usize = 64;

/// As `a == b`: words of eight bytes are compared in place, the last of them perhaps overlapping.
#[inline(always)]
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    if a.len() >= LONG || a.len() < 8 {
        return a == b;
    }
    let words = a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0);
    words.fold(true, |all, (x, y)| all & (x == y)) && a.last_chunk::<8>() == b.last_chunk::<8>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_counts_at_every_length() {
        for len in 0..100_usize {
            let a: Vec<u8> = (0..len).map(|i| i as u8).collect();
            assert!(same(&a, &a.clone()));
            assert!(!same(&a, &[&a[..], b"x"].concat()));
            for at in 0..len {
                let mut b = a.clone();
                b[at] ^= 0x80;
                assert!(!same(&a, &b), "byte {at} of {len}");
            }
        }
    }
}
