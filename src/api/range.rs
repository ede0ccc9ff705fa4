//! Byte ranges as Redis counts them.

/// The part of `len` bytes from `start` to `end`, both included; negative ones count from the end,
/// what lies outside is left out (GETRANGE).
pub(crate) fn byte_range(len: usize, start: i64, end: i64) -> std::ops::Range<usize> {
    if start < 0 && end < 0 && start > end {
        return 0..0;
    }
    let from_end = |i: i64| if i < 0 { i.saturating_add_unsigned(len as u64).max(0) } else { i };
    let (start, end) = (from_end(start), from_end(end).min(len as i64 - 1));
    if len == 0 || start > end { 0..0 } else { start as usize..end as usize + 1 }
}

#[cfg(test)]
mod tests {
    use super::byte_range;

    #[test]
    fn ranges_are_those_of_getrange() {
        for (len, start, end, want) in [
            (11, 0, 3, 0..4),
            (11, 0, -1, 0..11),
            (11, -4, -1, 7..11),
            (11, 5, 3, 0..0),
            (11, 5, 5000, 5..11),
            (11, -5000, 10000, 0..11),
            (11, -1, -5, 0..0),
            (11, 11, 12, 0..0),
            (0, 0, -1, 0..0),
            (3, -100, -50, 0..1),
            (3, i64::MIN, i64::MAX, 0..3),
        ] {
            assert_eq!(byte_range(len, start, end), want, "{len} {start} {end}");
        }
    }
}
